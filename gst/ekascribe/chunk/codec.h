/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * EkaCodecType:
 * @EKA_CODEC_OPUS: Opus packets (RFC 6716), channel mapping family 0
 * @EKA_CODEC_PCM: interleaved signed 16 bit little endian samples
 *
 * What the packets of a recording hold.
 */
typedef enum
{
  EKA_CODEC_OPUS,
  EKA_CODEC_PCM,
} EkaCodecType;

/**
 * EkaCodec:
 * @type: what the packets hold
 * @rate: samples a second. PCM: the true rate. Opus: the rate of the
 *   original input as OpusHead tells it, for information (0: unknown); packet
 *   times always count in 48 kHz
 * @channels: 1 or 2
 * @pre_skip: Opus: samples at 48 kHz that a decoder drops at the start of the
 *   recording (RFC 7845 section 4.2); 0 where no header told one (RTP)
 * @output_gain: Opus: gain of the header in 1/256 dB
 *
 * Everything a chunk writer must know about a stream beside its packets.
 */
typedef struct
{
  EkaCodecType type;
  guint rate;
  guint channels;
  guint pre_skip;
  gint output_gain;
} EkaCodec;

void     eka_codec_init_pcm            (EkaCodec     *codec,
                                        guint         rate,
                                        guint         channels);
void     eka_codec_init_opus           (EkaCodec     *codec,
                                        guint         channels);
gboolean eka_codec_init_opus_from_head (EkaCodec     *codec,
                                        const guint8 *head,
                                        gsize         size);
guint    eka_codec_sample_rate         (const EkaCodec *codec);
guint64  eka_codec_samples_from_time   (const EkaCodec *codec,
                                        guint64         time);
guint64  eka_codec_time_from_samples   (const EkaCodec *codec,
                                        guint64         samples);
guint    eka_codec_packet_samples      (const EkaCodec *codec,
                                        const guint8   *data,
                                        gsize           size);

G_END_DECLS
