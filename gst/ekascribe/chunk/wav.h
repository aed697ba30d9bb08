/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "chunk/stream.h"

G_BEGIN_DECLS

/* Bytes of a PCM file before its samples */
#define EKA_WAV_HEADER_SIZE 44

gsize    eka_wav_header_size (const EkaCodec *codec);
GBytes  *eka_wav_write       (const EkaCodec *codec,
                              const guint8   *samples,
                              gsize           size);
gboolean eka_wav_read        (EkaFile        *file,
                              GBytes         *bytes);

G_END_DECLS
