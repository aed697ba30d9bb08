/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "chunk/celt.h"
#include "chunk/packet.h"

G_BEGIN_DECLS

/**
 * EkaCodecType:
 * @EKA_CODEC_OPUS: Opus packets (RFC 6716), channel mapping family 0
 * @EKA_CODEC_PCM: interleaved signed 16 bit little endian samples
 * @EKA_CODEC_MULAW: interleaved µ-law samples (ITU-T G.711)
 * @EKA_CODEC_ALAW: interleaved A-law samples (ITU-T G.711)
 * @EKA_CODEC_AAC: raw data blocks of AAC-LC, 1024 samples each
 *   (ISO/IEC 14496-3)
 * @EKA_CODEC_MP3: frames of MPEG-1, -2 or -2.5 audio, layer III
 *   (ISO/IEC 11172-3 and 13818-3)
 * @EKA_CODEC_VORBIS: audio packets of Vorbis I
 *
 * What the packets of a recording hold.
 */
typedef enum
{
  EKA_CODEC_OPUS,
  EKA_CODEC_PCM,
  EKA_CODEC_MULAW,
  EKA_CODEC_ALAW,
  EKA_CODEC_AAC,
  EKA_CODEC_MP3,
  EKA_CODEC_VORBIS,
} EkaCodecType;

/* The first byte of a Vorbis packet without its type bit tells the mode, and
 * with it the length of the block. */
#define EKA_CODEC_N_BLOCKS 128

/**
 * EkaCodec:
 * @type: what the packets hold
 * @rate: samples a second. Opus: the rate of the original input as OpusHead
 *   tells it, for information (0: unknown); packet times always count in 48 kHz
 * @channels: 1 or 2
 * @pre_skip: samples that a decoder drops at the start of the recording (Opus:
 *   RFC 7845 section 4.2, at 48 kHz; AAC and MP3: priming); 0 where nothing
 *   told them (RTP, ADTS)
 * @output_gain: Opus: gain of the header in 1/256 dB
 * @config: (nullable): AAC: AudioSpecificConfig; Vorbis: the three header
 *   packets, as a Matroska CodecPrivate; else %NULL
 * @blocks: Vorbis: binary logarithm of a block's length by the first byte of
 *   its packet; 0: no such mode
 *
 * Everything a chunk writer must know about a stream beside its packets. Made
 * by one of the init functions, ended by eka_codec_clear().
 */
typedef struct
{
  EkaCodecType type;
  guint rate;
  guint channels;
  guint pre_skip;
  gint output_gain;
  GBytes *config;
  guint8 blocks[EKA_CODEC_N_BLOCKS];
} EkaCodec;

void     eka_codec_init_samples      (EkaCodec       *codec,
                                      EkaCodecType    type,
                                      guint           rate,
                                      guint           channels);
void     eka_codec_copy              (EkaCodec       *codec,
                                      const EkaCodec *from);
void     eka_codec_clear             (EkaCodec       *codec);
gboolean eka_codec_is_equal          (const EkaCodec *codec,
                                      const EkaCodec *other);
guint    eka_codec_sample_rate       (const EkaCodec *codec);
guint    eka_codec_frame_size        (const EkaCodec *codec);
guint64  eka_codec_samples_from_time (const EkaCodec *codec,
                                      guint64         time);
guint64  eka_codec_time_from_samples (const EkaCodec *codec,
                                      guint64         samples);
gboolean eka_codec_measure_packet    (const EkaCodec *codec,
                                      const guint8   *data,
                                      gsize           size,
                                      guint          *previous,
                                      guint          *samples);
void     eka_codec_judge_packet      (const EkaCodec *codec,
                                      EkaCelt        *celt,
                                      const guint8   *data,
                                      EkaPacketInfo  *info);
gboolean eka_codec_inspect_packet    (const EkaCodec  *codec,
                                      EkaCelt         *celt,
                                      guint           *previous,
                                      const EkaPacket *packet,
                                      EkaPacketInfo   *info);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (EkaCodec, eka_codec_clear)

G_END_DECLS
