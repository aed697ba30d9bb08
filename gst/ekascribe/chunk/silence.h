/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "chunk/codec.h"

G_BEGIN_DECLS

/* So much of the last packet tells how the next one of silence must look. */
#define EKA_SILENCE_LIKE 4

gboolean eka_silence_write (const EkaCodec *codec,
                            const guint8   *like,
                            guint64         samples,
                            GByteArray     *packet);

G_END_DECLS
