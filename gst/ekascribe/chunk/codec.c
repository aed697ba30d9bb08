/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "chunk/codec.h"

#include <string.h>

#include "chunk/aac.h"
#include "chunk/mp3.h"
#include "chunk/opus.h"
#include "chunk/pcm.h"
#include "chunk/vorbis.h"

#define SECOND G_GUINT64_CONSTANT (1000000000)

/* What is spent is counted in bytes for so many samples. */
#define EFFORT_SPAN 4096

/**
 * eka_codec_init_samples:
 * @codec: (out caller-allocates): the codec
 * @type: %EKA_CODEC_PCM, %EKA_CODEC_MULAW or %EKA_CODEC_ALAW
 * @rate: samples a second, over 0
 * @channels: 1 or 2
 */
void
eka_codec_init_samples (EkaCodec    *codec,
                        EkaCodecType type,
                        guint        rate,
                        guint        channels)
{
  g_return_if_fail (rate > 0);
  g_return_if_fail (channels == 1 || channels == 2);

  *codec = (EkaCodec) {
    .type = type,
    .rate = rate,
    .channels = channels,
  };
}

/**
 * eka_codec_copy:
 * @codec: (out caller-allocates): a copy, to be cleared
 * @from: a codec
 */
void
eka_codec_copy (EkaCodec       *codec,
                const EkaCodec *from)
{
  *codec = *from;
  if (codec->config != NULL)
    g_bytes_ref (codec->config);
}

/**
 * eka_codec_clear:
 * @codec: a codec, or zeros
 */
void
eka_codec_clear (EkaCodec *codec)
{
  g_clear_pointer (&codec->config, g_bytes_unref);
}

/**
 * eka_codec_is_equal:
 * @codec: a codec
 * @other: a codec
 *
 * Returns: whether packets of both can be in one file
 */
gboolean
eka_codec_is_equal (const EkaCodec *codec,
                    const EkaCodec *other)
{
  if ((codec->config == NULL) != (other->config == NULL))
    return FALSE;
  return codec->type == other->type && codec->rate == other->rate &&
         codec->channels == other->channels &&
         codec->pre_skip == other->pre_skip &&
         codec->output_gain == other->output_gain &&
         (codec->config == NULL ||
          g_bytes_equal (codec->config, other->config));
}

/**
 * eka_codec_sample_rate:
 * @codec: a codec
 *
 * Returns: samples a second in which all counts of this codec are given
 */
guint
eka_codec_sample_rate (const EkaCodec *codec)
{
  return codec->type == EKA_CODEC_OPUS ? EKA_OPUS_RATE : codec->rate;
}

/**
 * eka_codec_frame_size:
 * @codec: a codec
 *
 * Returns: bytes of one sample of all channels where packets are samples, else 0
 */
guint
eka_codec_frame_size (const EkaCodec *codec)
{
  switch (codec->type)
    {
    case EKA_CODEC_PCM:
      return 2 * codec->channels;
    case EKA_CODEC_MULAW:
    case EKA_CODEC_ALAW:
      return codec->channels;
    default:
      return 0;
    }
}

/**
 * eka_codec_samples_from_time:
 * @codec: a codec
 * @time: in ns
 *
 * Returns: samples of eka_codec_sample_rate() in that time, rounded down
 */
guint64
eka_codec_samples_from_time (const EkaCodec *codec,
                             guint64         time)
{
  const guint64 rate = eka_codec_sample_rate (codec);

  return time / SECOND * rate + time % SECOND * rate / SECOND;
}

/**
 * eka_codec_time_from_samples:
 * @codec: a codec
 * @samples: in eka_codec_sample_rate()
 *
 * Returns: how long they last, in ns, rounded down
 */
guint64
eka_codec_time_from_samples (const EkaCodec *codec,
                             guint64         samples)
{
  const guint64 rate = eka_codec_sample_rate (codec);

  return samples / rate * SECOND + samples % rate * SECOND / rate;
}

/**
 * eka_codec_measure_packet:
 * @codec: a codec
 * @data: (array length=size): one packet
 * @size: length of @data
 * @previous: (inout): what this function keeps from one packet of a stream to
 *   the next; 0 before the first
 * @samples: (out): samples that the packet adds to what a decoder returns, in
 *   eka_codec_sample_rate(); 0 for the first one of Vorbis
 *
 * Returns: %FALSE where no decoder would take the packet; nothing is changed
 *   then
 */
gboolean
eka_codec_measure_packet (const EkaCodec *codec,
                          const guint8   *data,
                          gsize           size,
                          guint          *previous,
                          guint          *samples)
{
  guint count = 0;

  switch (codec->type)
    {
    case EKA_CODEC_OPUS:
      count = eka_opus_packet_samples (data, size);
      break;
    case EKA_CODEC_AAC:
      count = eka_aac_is_packet (codec, data, size) ? EKA_AAC_SAMPLES : 0;
      break;
    case EKA_CODEC_MP3:
      if (eka_mp3_is_frame (codec, data, size))
        count = eka_mp3_frame_samples (codec);
      break;
    case EKA_CODEC_VORBIS:
      return eka_vorbis_measure_packet (codec, data, size, previous, samples);
    default:
      count = MIN (size / eka_codec_frame_size (codec), G_MAXUINT);
      break;
    }
  if (count == 0)
    return FALSE;
  *samples = count;
  return TRUE;
}

/**
 * eka_codec_judge_packet:
 * @codec: a codec whose packets are no bare samples
 * @celt: (inout): what this function keeps from one packet of a stream to the
 *   next; zeros before the first
 * @data: one packet
 * @info: (inout): its entry; size and samples are known
 *
 * Notes how loud the packet is, as far as that shows without decoding it.
 */
void
eka_codec_judge_packet (const EkaCodec *codec,
                        EkaCelt        *celt,
                        const guint8   *data,
                        EkaPacketInfo  *info)
{
  guint effort = 0;

  switch (codec->type)
    {
    case EKA_CODEC_OPUS:
      info->voice = eka_opus_packet_voice (data, info->size);
      if (info->loudness == 0)
        info->loudness = eka_opus_packet_loudness (celt, data, info->size);
      effort = (guint) ((guint64) info->size * EFFORT_SPAN / info->samples);
      break;
    case EKA_CODEC_VORBIS:
      if (info->samples > 0)
        effort = (guint) ((guint64) info->size * EFFORT_SPAN / info->samples);
      break;
    case EKA_CODEC_AAC:
      effort = eka_aac_packet_effort (codec, data, info->size);
      break;
    case EKA_CODEC_MP3:
      effort = eka_mp3_frame_effort (codec, data, info->size);
      break;
    default:
      break;
    }
  info->effort = (guint16) MIN (effort, G_MAXUINT16);
}

/**
 * eka_codec_inspect_packet:
 * @codec: a codec
 * @celt: (inout): what this function keeps from one packet of a stream to the
 *   next; zeros before the first
 * @previous: (inout): likewise; 0 before the first
 * @packet: a packet
 * @info: (out caller-allocates): what a chunker would note of it; of samples it
 *   makes blocks of 10 ms, and here is one entry for all
 *
 * Returns: %FALSE where no decoder would take the packet
 */
gboolean
eka_codec_inspect_packet (const EkaCodec  *codec,
                          EkaCelt         *celt,
                          guint           *previous,
                          const EkaPacket *packet,
                          EkaPacketInfo   *info)
{
  *info = (EkaPacketInfo) {
    .running_time = packet->running_time,
    .utc = packet->utc,
    .size = (guint) packet->size,
    .discont = packet->discont,
    .loudness = packet->loudness,
  };
  if (!eka_codec_measure_packet (codec, packet->data, packet->size, previous,
                                 &info->samples))
    return FALSE;
  info->trim_end = MIN (packet->trim_end, info->samples);
  if (eka_codec_frame_size (codec) == 0)
    eka_codec_judge_packet (codec, celt, packet->data, info);
  else if (info->loudness == 0)
    info->loudness = eka_pcm_measure (codec, packet->data, packet->size);
  return TRUE;
}
