/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "chunk/stream.h"

/**
 * Take:
 * @codec: what @packets are
 * @packets: (element-type EkaPacketInfo): sizes and samples
 * @data: their bytes, back to back
 *
 * Packets to be written.
 */
typedef struct
{
  EkaCodec codec;
  GArray *packets;
  GByteArray *data;
} Take;

Take     *take_new       (guint         channels);
void      take_free      (Take         *take);
void      take_add       (Take         *take,
                          const guint8 *data,
                          gsize         size);
void      take_add_bytes (Take         *take,
                          GBytes       *packet);
void      take_add_frame (Take         *take,
                          guint         config,
                          gsize         size);
EkaStream take_get       (const Take   *take,
                          guint         first,
                          guint         n,
                          guint64       skip,
                          guint64       trim_end);
EkaStream take_get_all   (const Take   *take,
                          guint64       skip,
                          guint64       trim_end);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Take, take_free)
