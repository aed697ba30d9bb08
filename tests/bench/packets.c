/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "packets.h"

#include <gst/gst.h>
#include <string.h>

#include "chunk/mp3.h"
#include "gstekascribecaps.h"

#define MAX_LEVEL 127
#define HEAD 5

gboolean
packets_next (Packets *self, EkaPacket *packet)
{
  const guint8 *head = (const guint8 *) self->contents + self->offset;

  if (self->size - self->offset < HEAD)
    return FALSE;
  *packet = (EkaPacket) {
    .data = head + HEAD,
    .size = GST_READ_UINT32_BE (head + 1),
    .running_time = EKA_TIME_NONE,
    .loudness = head[0] <= MAX_LEVEL ? 128 - head[0] : 0,
  };
  self->offset += HEAD + packet->size;
  return self->offset <= self->size;
}

void
packets_rewind (Packets *self)
{
  self->offset = strlen (self->contents) + 1;
}

static gboolean
init_codec (Packets *self)
{
  g_autoptr (GstCaps) caps = gst_caps_from_string (self->contents);
  EkaPacket first;

  if (caps == NULL)
    return FALSE;
  if (gst_ekascribe_caps_init_codec (gst_caps_get_structure (caps, 0),
                                     &self->codec))
    return TRUE;
  packets_rewind (self);
  return packets_next (self, &first) &&
         eka_mp3_init_codec (&self->codec, first.data, first.size);
}

/* Says what is wrong. */
gboolean
packets_open (Packets *self, const gchar *path)
{
  g_autoptr (GError) error = NULL;

  if (!g_file_get_contents (path, &self->contents, &self->size, &error)) {
    g_printerr ("%s\n", error->message);
    return FALSE;
  }
  if (!init_codec (self)) {
    g_printerr ("%s: not a codec of ours\n", path);
    return FALSE;
  }
  packets_rewind (self);
  return TRUE;
}

void
packets_clear (Packets *self)
{
  eka_codec_clear (&self->codec);
  g_clear_pointer (&self->contents, g_free);
}
