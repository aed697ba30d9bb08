/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "chunk/codec.h"

G_BEGIN_DECLS

/* Samples of a raw data block of AAC-LC */
#define EKA_AAC_SAMPLES 1024
/* No eka_aac_write_silence() is longer */
#define EKA_AAC_MAX_SILENCE 8

gboolean eka_aac_init_codec           (EkaCodec       *codec,
                                       const guint8   *config,
                                       gsize           size);
gboolean eka_aac_init_codec_from_adts (EkaCodec       *codec,
                                       const guint8   *frame,
                                       gsize           size);
gsize    eka_aac_adts_header_size     (const guint8   *frame,
                                       gsize           size);
gboolean eka_aac_is_packet            (const EkaCodec *codec,
                                       const guint8   *data,
                                       gsize           size);
gsize    eka_aac_latm_header_size     (const EkaCodec *codec,
                                       const guint8   *data,
                                       gsize           size);
guint    eka_aac_packet_effort        (const EkaCodec *codec,
                                       const guint8   *data,
                                       gsize           size);
gboolean eka_aac_has_sbr              (const guint8   *data,
                                       gsize           size);
gsize    eka_aac_write_silence        (const EkaCodec *codec,
                                       guint8         *data);

G_END_DECLS
