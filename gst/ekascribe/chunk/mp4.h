/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "chunk/stream.h"

G_BEGIN_DECLS

gsize   eka_mp4_header_size (const EkaCodec  *codec);
gsize   eka_mp4_packet_cost (gsize            size);
guint   eka_mp4_pre_roll    (const EkaCodec  *codec);
GBytes *eka_mp4_write       (const EkaStream *stream,
                             gboolean         m4a);

G_END_DECLS
