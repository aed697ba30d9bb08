/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "chunk/pcm.h"

#include <math.h>
#include <string.h>

#define FULL_SCALE 32768.0

/* Of #EkaPacket */
#define SILENCE 1
#define LOUDEST 128

/* ITU-T G.711, table 2a: sign, segment and step, all inverted */
static gint
expand_mulaw (guint8 byte)
{
  const guint code = byte ^ 0xff;
  const gint value = (((code & 0x0f) << 3) + 132) << (code >> 4 & 7);

  return (code & 0x80) != 0 ? 132 - value : value - 132;
}

/* ITU-T G.711, table 1a: the same, with every other bit inverted */
static gint
expand_alaw (guint8 byte)
{
  const guint code = byte ^ 0x55;
  const guint segment = code >> 4 & 7;
  gint value = ((code & 0x0f) << 4) + 8;

  if (segment > 0)
    value = (value + 256) << (segment - 1);
  return (code & 0x80) != 0 ? value : -value;
}

typedef struct
{
  gint64 sum;
  gint64 squares;
} Sums;

static void
add_up_pcm (Sums         *sums,
            const guint8 *data,
            gsize         n)
{
  gint64 sum = 0, squares = 0;
  gsize i;

  for (i = 0; i < n; i++)
    {
      gint16 sample;

      memcpy (&sample, data + 2 * i, sizeof sample);
      sample = GINT16_FROM_LE (sample);
      sum += sample;
      squares += (guint32) (sample * sample);
    }
  sums->sum = sum;
  sums->squares = squares;
}

static void
add_up_law (Sums         *sums,
            EkaCodecType  type,
            const guint8 *data,
            gsize         n)
{
  gint64 sum = 0, squares = 0;
  gsize i;

  for (i = 0; i < n; i++)
    {
      const gint sample = type == EKA_CODEC_MULAW ? expand_mulaw (data[i])
                                                  : expand_alaw (data[i]);

      sum += sample;
      squares += sample * sample;
    }
  sums->sum = sum;
  sums->squares = squares;
}

/**
 * eka_pcm_block_size:
 * @codec: a codec whose packets are samples
 *
 * Returns: bytes of 10 ms, which is what a cut can be placed by
 */
gsize
eka_pcm_block_size (const EkaCodec *codec)
{
  return (gsize) MAX (codec->rate / 100, 1) * eka_codec_frame_size (codec);
}

/**
 * eka_pcm_measure:
 * @codec: a codec whose packets are samples
 * @data: (array length=size): samples
 * @size: length of @data
 *
 * An offset of the zero line counts for nothing.
 *
 * Returns: their loudness as in #EkaPacket
 */
guint8
eka_pcm_measure (const EkaCodec *codec,
                 const guint8   *data,
                 gsize           size)
{
  const gsize n = codec->type == EKA_CODEC_PCM ? size / 2 : size;
  Sums sums = { 0 };
  gdouble variance;

  if (n == 0)
    return 0;
  if (codec->type == EKA_CODEC_PCM)
    add_up_pcm (&sums, data, n);
  else
    add_up_law (&sums, codec->type, data, n);
  variance = ((gdouble) sums.squares - (gdouble) sums.sum * sums.sum / n) / n;
  if (variance < 1e-3)
    return SILENCE;
  return (guint8) CLAMP (
      LOUDEST + 10 * log10 (variance / (FULL_SCALE * FULL_SCALE)), SILENCE,
      LOUDEST);
}

/**
 * eka_pcm_get_silence:
 * @codec: a codec whose packets are samples
 *
 * Returns: the byte that silence is made of
 */
guint8
eka_pcm_get_silence (const EkaCodec *codec)
{
  switch (codec->type)
    {
    case EKA_CODEC_MULAW:
      return 0xff;
    case EKA_CODEC_ALAW:
      return 0xd5;
    default:
      return 0;
    }
}
