/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "chunk/stream.h"

G_BEGIN_DECLS

gsize   eka_webm_header_size (const EkaCodec  *codec);
gsize   eka_webm_packet_cost (gsize            size);
GBytes *eka_webm_write       (const EkaStream *stream);

G_END_DECLS
