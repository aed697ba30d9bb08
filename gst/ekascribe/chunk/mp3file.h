/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "chunk/stream.h"

G_BEGIN_DECLS

gsize    eka_mp3file_header_size (const EkaCodec  *codec);
gsize    eka_mp3file_packet_cost (gsize            size);
GBytes  *eka_mp3file_write       (const EkaStream *stream);
gboolean eka_mp3file_read        (EkaFile         *file,
                                  GBytes          *bytes);

G_END_DECLS
