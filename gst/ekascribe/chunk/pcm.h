/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "chunk/codec.h"

G_BEGIN_DECLS

gsize  eka_pcm_block_size  (const EkaCodec *codec);
guint8 eka_pcm_measure     (const EkaCodec *codec,
                            const guint8   *data,
                            gsize           size);
guint8 eka_pcm_get_silence (const EkaCodec *codec);

G_END_DECLS
