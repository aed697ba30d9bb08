/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "chunk/celt.h"
#include "chunk/codec.h"
#include "chunk/packet.h"

G_BEGIN_DECLS

/* All times of Opus count in this rate, RFC 7845 section 4 */
#define EKA_OPUS_RATE 48000
/* Bytes of an OpusHead of channel mapping family 0 */
#define EKA_OPUS_HEAD_SIZE 19

void     eka_opus_init_codec           (EkaCodec       *codec,
                                        guint           channels);
gboolean eka_opus_init_codec_from_head (EkaCodec       *codec,
                                        const guint8   *head,
                                        gsize           size);
void     eka_opus_write_head           (const EkaCodec *codec,
                                        guint           pre_skip,
                                        guint8         *head);
guint    eka_opus_packet_samples       (const guint8   *data,
                                        gsize           size);
EkaVoice eka_opus_packet_voice         (const guint8   *data,
                                        gsize           size);
guint8   eka_opus_packet_loudness      (EkaCelt      *celt,
                                        const guint8 *data,
                                        gsize         size);

G_END_DECLS
