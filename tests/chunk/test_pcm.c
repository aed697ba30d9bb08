/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "chunk/pcm.h"

#include <math.h>

#define N_SAMPLES 160

static const EkaCodecType types[] = {
  EKA_CODEC_PCM, EKA_CODEC_MULAW, EKA_CODEC_ALAW,
};

static guint8
measure (EkaCodecType  type,
         const guint8 *data,
         gsize         size)
{
  /* a copy of the very size lets the sanitizer see reads past the end */
  g_autofree guint8 *copy = g_memdup2 (data, size);
  EkaCodec codec;

  eka_codec_init_samples (&codec, type, 8000, 1);
  return eka_pcm_measure (&codec, copy, size);
}

/* The formula of ITU-T G.711: 14 bits at the decoder, brought to 16. A segment
 * begins at 33 * 2^s - 33, and each of its 16 steps is 2 * 2^s wide. */
static gdouble
decode_mulaw (guint byte)
{
  const guint magnitude = 127 - (byte & 0x7f);
  const gdouble segment = pow (2, magnitude / 16);
  const gdouble value = segment * (2 * (magnitude % 16) + 33) - 33;

  return ((byte & 0x80) != 0 ? 4 : -4) * value;
}

/* 13 bits; the first two segments have steps of 2, each further one twice that.
 * Every other bit is inverted on the line. */
static gdouble
decode_alaw (guint byte)
{
  const guint magnitude = (byte ^ 0x55) & 0x7f;
  const guint segment = magnitude / 16;
  const gdouble value = segment == 0
                            ? 2 * (magnitude % 16) + 1
                            : pow (2, segment - 1) *
                                  (2 * (magnitude % 16) + 33);

  return ((byte & 0x80) != 0 ? 8 : -8) * value;
}

static gdouble
decode (EkaCodecType  type,
        const guint8 *data,
        gsize         i)
{
  if (type == EKA_CODEC_MULAW)
    return decode_mulaw (data[i]);
  if (type == EKA_CODEC_ALAW)
    return decode_alaw (data[i]);
  return (gint16) (data[2 * i] | data[2 * i + 1] << 8);
}

/* Loudness as #EkaPacket has it: 128 for what has the power of full scale */
static gdouble
expected (EkaCodecType  type,
          const guint8 *data,
          gsize         n)
{
  gdouble mean = 0, power = 0;
  gsize i;

  for (i = 0; i < n; i++)
    mean += decode (type, data, i) / n;
  for (i = 0; i < n; i++)
    power += pow ((decode (type, data, i) - mean) / 32768, 2) / n;
  return power > 0 ? CLAMP (128 + 10 * log10 (power), 1, 128) : 1;
}

static void
assert_loudness (EkaCodecType  type,
                 const guint8 *data,
                 gsize         n)
{
  const gsize width = type == EKA_CODEC_PCM ? 2 : 1;

  g_assert_cmpfloat_with_epsilon (measure (type, data, n * width),
                                  expected (type, data, n), 1.001);
}

/* A block of two values: their distance is all that is heard. That of each
 * value to the next tells of every value. */
static void
test_every_byte (void)
{
  guint t, byte;

  for (t = 1; t < G_N_ELEMENTS (types); t++)
    for (byte = 0; byte < 256; byte++)
      {
        guint8 data[4];
        guint other;

        for (other = 0; other < 256; other++)
          {
            data[0] = data[2] = (guint8) byte;
            data[1] = data[3] = (guint8) other;
            assert_loudness (types[t], data, sizeof data);
          }
      }
}

/* What the standard's tables tell at a few places. */
static void
test_anchors (void)
{
  g_assert_cmpfloat (decode_mulaw (0xff), ==, 0);
  g_assert_cmpfloat (decode_mulaw (0x80), ==, 32124);
  g_assert_cmpfloat (decode_mulaw (0x00), ==, -32124);
  g_assert_cmpfloat (decode_mulaw (0xfe), ==, 8);
  g_assert_cmpfloat (decode_alaw (0xd5), ==, 8);
  g_assert_cmpfloat (decode_alaw (0x55), ==, -8);
  g_assert_cmpfloat (decode_alaw (0xaa), ==, 32256);
  g_assert_cmpfloat (decode_alaw (0x2a), ==, -32256);
}

static void
test_random (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (711);
  guint8 data[2 * N_SAMPLES];
  guint round, t, i;

  for (round = 0; round < 2000; round++)
    for (t = 0; t < G_N_ELEMENTS (types); t++)
      {
        const guint bits = (guint) g_rand_int_range (rand, 1, 17);
        const gint offset = g_rand_int_range (rand, -200, 200);

        for (i = 0; i < N_SAMPLES; i++)
          {
            const gint sample =
                CLAMP ((gint) (g_rand_int (rand) >> (32 - bits)) -
                           (1 << bits) / 2 + offset,
                       G_MININT16, G_MAXINT16);

            data[2 * i] = sample & 0xff;
            data[2 * i + 1] = sample >> 8 & 0xff;
          }
        assert_loudness (types[t], data,
                         (guint) g_rand_int_range (rand, 1, N_SAMPLES + 1));
      }
}

static void
test_ends (void)
{
  guint8 data[2 * N_SAMPLES];
  guint i;

  /* a square wave of full scale, and one of one step */
  for (i = 0; i < N_SAMPLES; i++)
    {
      data[2 * i] = i % 2 == 0 ? 0x00 : 0xff;
      data[2 * i + 1] = i % 2 == 0 ? 0x80 : 0x7f;
    }
  g_assert_cmpuint (measure (EKA_CODEC_PCM, data, sizeof data), >=, 127);
  for (i = 0; i < N_SAMPLES; i++)
    {
      data[2 * i] = i % 2;
      data[2 * i + 1] = 0;
    }
  g_assert_cmpuint (measure (EKA_CODEC_PCM, data, sizeof data), >, 1);
  g_assert_cmpuint (measure (EKA_CODEC_PCM, data, sizeof data), <, 40);
  /* nothing is not known, not silent */
  g_assert_cmpuint (measure (EKA_CODEC_PCM, data, 1), ==, 0);
}

/* What silence is made of is silent, and the codec's smallest value. */
static void
test_silence (void)
{
  guint t;

  for (t = 0; t < G_N_ELEMENTS (types); t++)
    {
      guint8 data[2 * N_SAMPLES];
      EkaCodec codec;
      guint i;

      eka_codec_init_samples (&codec, types[t], 8000, 1);
      for (i = 0; i < sizeof data; i++)
        data[i] = eka_pcm_get_silence (&codec);
      g_assert_cmpuint (measure (types[t], data, sizeof data), ==, 1);
      g_assert_cmpfloat (fabs (decode (types[t], data, 0)), <=, 8);
    }
}

static void
test_offset (void)
{
  guint8 data[2 * N_SAMPLES];
  guint i;

  for (i = 0; i < N_SAMPLES; i++)
    {
      data[2 * i] = i % 2 == 0 ? 10 : 14;
      data[2 * i + 1] = 0x30;
    }
  g_assert_cmpuint (measure (EKA_CODEC_PCM, data, sizeof data), <, 50);
}

static void
test_blocks (void)
{
  EkaCodec codec;

  eka_codec_init_samples (&codec, EKA_CODEC_PCM, 16000, 1);
  g_assert_cmpuint (eka_pcm_block_size (&codec), ==, 320);
  eka_codec_init_samples (&codec, EKA_CODEC_PCM, 44100, 2);
  g_assert_cmpuint (eka_pcm_block_size (&codec), ==, 1764);
  eka_codec_init_samples (&codec, EKA_CODEC_ALAW, 8000, 2);
  g_assert_cmpuint (eka_pcm_block_size (&codec), ==, 160);
  /* never none */
  eka_codec_init_samples (&codec, EKA_CODEC_PCM, 50, 1);
  g_assert_cmpuint (eka_pcm_block_size (&codec), ==, 2);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/pcm/formula-of-the-laws-at-known-places", test_anchors);
  g_test_add_func ("/pcm/every-byte-of-both-laws", test_every_byte);
  g_test_add_func ("/pcm/random-samples-against-a-float-sum", test_random);
  g_test_add_func ("/pcm/loudest-and-faintest", test_ends);
  g_test_add_func ("/pcm/silence-is-silent", test_silence);
  g_test_add_func ("/pcm/offset-counts-for-nothing", test_offset);
  g_test_add_func ("/pcm/blocks-of-10-ms", test_blocks);
  return g_test_run ();
}
