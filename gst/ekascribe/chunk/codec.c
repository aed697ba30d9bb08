/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "chunk/codec.h"

#include <string.h>

#define SECOND G_GUINT64_CONSTANT (1000000000)

#define OPUS_RATE 48000
#define OPUS_HEAD_SIZE 19
#define OPUS_MAX_FRAME 1275
/* 120 ms, RFC 6716 section 3.2.5, rule R5 */
#define OPUS_MAX_SAMPLES 5760
/* RFC 7845 section 6: no packet of one stream needs more; only padding does */
#define OPUS_MAX_PACKET 61440

/**
 * eka_codec_init_pcm:
 * @codec: (out caller-allocates): the codec
 * @rate: samples a second, over 0
 * @channels: 1 or 2
 */
void
eka_codec_init_pcm (EkaCodec *codec,
                    guint     rate,
                    guint     channels)
{
  g_return_if_fail (rate > 0);
  g_return_if_fail (channels == 1 || channels == 2);

  *codec = (EkaCodec) {
    .type = EKA_CODEC_PCM,
    .rate = rate,
    .channels = channels,
  };
}

/**
 * eka_codec_init_opus:
 * @codec: (out caller-allocates): the codec
 * @channels: 1 or 2
 *
 * For Opus without a header (RTP): nothing to skip, no gain.
 */
void
eka_codec_init_opus (EkaCodec *codec,
                     guint     channels)
{
  g_return_if_fail (channels == 1 || channels == 2);

  *codec = (EkaCodec) {
    .type = EKA_CODEC_OPUS,
    .channels = channels,
  };
}

/**
 * eka_codec_init_opus_from_head:
 * @codec: (out caller-allocates): the codec; untouched on failure
 * @head: (array length=size): an OpusHead packet (RFC 7845 section 5.1)
 * @size: length of @head
 *
 * Returns: %FALSE where @head is damaged or its channel mapping family is not 0
 */
gboolean
eka_codec_init_opus_from_head (EkaCodec     *codec,
                               const guint8 *head,
                               gsize         size)
{
  if (size < OPUS_HEAD_SIZE || memcmp (head, "OpusHead", 8) != 0)
    return FALSE;
  /* the upper half is the major version, and 0 is the only one */
  if ((head[8] & 0xf0) != 0)
    return FALSE;
  if ((head[9] != 1 && head[9] != 2) || head[18] != 0)
    return FALSE;

  *codec = (EkaCodec) {
    .type = EKA_CODEC_OPUS,
    .rate = head[12] | head[13] << 8 | head[14] << 16 | (guint) head[15] << 24,
    .channels = head[9],
    .pre_skip = head[10] | head[11] << 8,
    .output_gain = (gint16) (head[16] | head[17] << 8),
  };
  return TRUE;
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
  return codec->type == EKA_CODEC_OPUS ? OPUS_RATE : codec->rate;
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

/* RFC 6716 section 3.1, table 2 */
static guint
opus_frame_samples (guint8 toc)
{
  guint config = toc >> 3;

  if (config < 12)
    return (config & 3) == 3 ? 2880 : 480 << (config & 3);
  if (config < 16)
    return 480 << (config & 1);
  return 120 << (config & 3);
}

/* Length of one frame, RFC 6716 section 3.2.1; moves on behind it. */
static gboolean
opus_read_length (const guint8 **data,
                  gsize         *size,
                  gsize         *length)
{
  if (*size < 1)
    return FALSE;
  *length = (*data)[0];
  if (*length < 252)
    {
      *data += 1;
      *size -= 1;
      return TRUE;
    }
  if (*size < 2)
    return FALSE;
  *length += 4 * (gsize) (*data)[1];
  *data += 2;
  *size -= 2;
  return TRUE;
}

/* RFC 6716 section 3.2.5: takes the padding off the end of the packet. */
static gboolean
opus_drop_padding (const guint8 **data,
                   gsize         *size)
{
  gsize padding = 0;
  guint8 byte;

  do
    {
      if (*size < 1)
        return FALSE;
      byte = (*data)[0];
      padding += byte == 255 ? 254 : byte;
      *data += 1;
      *size -= 1;
    }
  while (byte == 255);

  if (padding > *size)
    return FALSE;
  *size -= padding;
  return TRUE;
}

/* Are there lengths for all frames but the last, and bytes for all of them? */
static gboolean
opus_check_vbr (const guint8 *data,
                gsize         size,
                guint         frames)
{
  gsize sum = 0;
  guint i;

  for (i = 1; i < frames; i++)
    {
      gsize length;

      if (!opus_read_length (&data, &size, &length))
        return FALSE;
      sum += length;
    }
  return sum <= size && size - sum <= OPUS_MAX_FRAME;
}

/* Frames of a code 3 packet behind its TOC, or 0 where it is damaged. */
static guint
opus_count_code3 (const guint8 *data,
                  gsize         size)
{
  guint frames;
  guint8 head;
  gboolean good;

  if (size < 1)
    return 0;
  head = *data++;
  size--;
  frames = head & 0x3f;
  if (frames == 0)
    return 0;
  if ((head & 0x40) != 0 && !opus_drop_padding (&data, &size))
    return 0;
  if ((head & 0x80) != 0)
    good = opus_check_vbr (data, size, frames);
  else
    good = size % frames == 0 && size / frames <= OPUS_MAX_FRAME;
  return good ? frames : 0;
}

/* RFC 6716 section 3.2 with its rules R1 to R7. A decoder refuses a packet that
 * breaks one of them, and with it perhaps the chunk around it. */
static guint
opus_packet_samples (const guint8 *data,
                     gsize         size)
{
  guint frames = 0, samples;

  if (size < 1 || size > OPUS_MAX_PACKET)
    return 0;

  switch (data[0] & 3)
    {
    case 0:
      frames = size - 1 <= OPUS_MAX_FRAME ? 1 : 0;
      break;
    case 1:
      frames = size % 2 == 1 && (size - 1) / 2 <= OPUS_MAX_FRAME ? 2 : 0;
      break;
    case 2:
      frames = opus_check_vbr (data + 1, size - 1, 2) ? 2 : 0;
      break;
    default:
      frames = opus_count_code3 (data + 1, size - 1);
      break;
    }

  samples = frames * opus_frame_samples (data[0]);
  return samples <= OPUS_MAX_SAMPLES ? samples : 0;
}

/**
 * eka_codec_packet_samples:
 * @codec: a codec
 * @data: (array length=size): one packet
 * @size: length of @data
 *
 * Returns: samples that the packet decodes to, in eka_codec_sample_rate(); 0
 *   where no decoder would take it
 */
guint
eka_codec_packet_samples (const EkaCodec *codec,
                          const guint8   *data,
                          gsize           size)
{
  if (codec->type == EKA_CODEC_OPUS)
    return opus_packet_samples (data, size);
  return (guint) MIN (size / (2 * codec->channels), G_MAXUINT);
}
