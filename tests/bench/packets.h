/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "chunk/chunker.h"

/* What encode.c wrote: caps, and packets behind their level and length. */
typedef struct
{
  gchar *contents;
  gsize size;
  gsize offset; /* of the next packet */
  EkaCodec codec;
} Packets;

gboolean packets_open  (Packets     *self,
                        const gchar *path);
void     packets_rewind (Packets    *self);
gboolean packets_next  (Packets     *self,
                        EkaPacket   *packet);
void     packets_clear (Packets     *self);
