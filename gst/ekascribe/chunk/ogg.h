/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "chunk/stream.h"

G_BEGIN_DECLS

gsize   eka_ogg_header_size (const EkaCodec  *codec);
gsize   eka_ogg_packet_cost (const EkaCodec  *codec,
                             gsize            size,
                             guint            samples);
GBytes *eka_ogg_write       (const EkaStream *stream);

G_END_DECLS
