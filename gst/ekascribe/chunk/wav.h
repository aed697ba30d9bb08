/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "chunk/codec.h"

G_BEGIN_DECLS

/* Bytes of a file before its samples */
#define EKA_WAV_HEADER_SIZE 44

GBytes *eka_wav_write (const EkaCodec *codec,
                       const guint8   *samples,
                       gsize           size);

G_END_DECLS
