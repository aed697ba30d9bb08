/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "chunk/codec.h"

G_BEGIN_DECLS

/* Headers of a stream: identification, comment, setup */
#define EKA_VORBIS_N_HEADERS 3

gboolean eka_vorbis_init_codec     (EkaCodec       *codec,
                                    GBytes *const  *headers);
gboolean eka_vorbis_get_header     (const EkaCodec *codec,
                                    guint           i,
                                    const guint8  **data,
                                    gsize          *size);
gboolean eka_vorbis_measure_packet (const EkaCodec *codec,
                                    const guint8   *data,
                                    gsize           size,
                                    guint          *previous,
                                    guint          *samples);

G_END_DECLS
