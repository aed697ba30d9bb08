/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "packets.h"

/**
 * sandbox_packets_new:
 *
 * Returns: (transfer full): no packets, all of which are heard
 */
SandboxPackets *
sandbox_packets_new (void)
{
  SandboxPackets *self = g_new0 (SandboxPackets, 1);

  self->data = g_ptr_array_new_with_free_func ((GDestroyNotify)g_bytes_unref);
  self->keep = G_MAXUINT64;
  return self;
}

/**
 * sandbox_packets_free:
 * @self: (transfer full): to be freed
 */
void
sandbox_packets_free (SandboxPackets *self)
{
  g_ptr_array_unref (self->data);
  g_clear_pointer (&self->caps, gst_caps_unref);
  g_free (self);
}

/**
 * sandbox_packets_add:
 * @self: packets
 * @file: that holds the next one
 * @offset: where it begins
 * @size: its bytes; all within @file
 */
void
sandbox_packets_add (SandboxPackets *self,
                     GBytes *file,
                     gsize offset,
                     gsize size)
{
  g_ptr_array_add (self->data, g_bytes_new_from_bytes (file, offset, size));
}
