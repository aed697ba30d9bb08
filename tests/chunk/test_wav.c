/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "chunk/wav.h"

#include <string.h>

#define LAW_HEADER_SIZE 58

static const EkaCodecType types[] = {
  EKA_CODEC_PCM, EKA_CODEC_MULAW, EKA_CODEC_ALAW,
};

static void
test_bytes (void)
{
  const guint8 expected[] = {
    'R', 'I', 'F', 'F', 44, 0, 0, 0, 'W', 'A', 'V', 'E',
    'f', 'm', 't', ' ', 16, 0, 0, 0, 1, 0, 2, 0,
    0x44, 0xac, 0, 0, 0x10, 0xb1, 2, 0, 4, 0, 16, 0,
    'd', 'a', 't', 'a', 8, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8,
  };
  g_autoptr (GBytes) file = NULL;
  EkaCodec codec;

  eka_codec_init_samples (&codec, EKA_CODEC_PCM, 44100, 2);
  file = eka_wav_write (&codec, expected + EKA_WAV_HEADER_SIZE, 8);
  g_assert_cmpmem (g_bytes_get_data (file, NULL), g_bytes_get_size (file),
                   expected, sizeof expected);
  g_assert_cmpuint (eka_wav_header_size (&codec), ==, EKA_WAV_HEADER_SIZE);
}

static void
test_law_bytes (void)
{
  guint8 expected[] = {
    'R', 'I', 'F', 'F', 54, 0, 0, 0, 'W', 'A', 'V', 'E',
    'f', 'm', 't', ' ', 18, 0, 0, 0, 7, 0, 1, 0,
    0x40, 0x1f, 0, 0, 0x40, 0x1f, 0, 0, 1, 0, 8, 0, 0, 0,
    'f', 'a', 'c', 't', 4, 0, 0, 0, 4, 0, 0, 0,
    'd', 'a', 't', 'a', 4, 0, 0, 0, 0x80, 0, 0xff, 0x7f,
  };
  guint i;

  for (i = 1; i < G_N_ELEMENTS (types); i++)
    {
      g_autoptr (GBytes) file = NULL;
      EkaCodec codec;

      expected[20] = types[i] == EKA_CODEC_ALAW ? 6 : 7;
      eka_codec_init_samples (&codec, types[i], 8000, 1);
      file = eka_wav_write (&codec, expected + LAW_HEADER_SIZE, 4);
      g_assert_cmpmem (g_bytes_get_data (file, NULL), g_bytes_get_size (file),
                       expected, sizeof expected);
      g_assert_cmpuint (eka_wav_header_size (&codec), ==, LAW_HEADER_SIZE);
    }
}

static void
test_large (void)
{
  const gsize size = 20 * 48000 * 4;
  g_autofree guint8 *samples = g_malloc (size);
  g_autoptr (GBytes) file = NULL;
  const guint8 *data;
  EkaCodec codec;
  gsize i, length;

  for (i = 0; i < size; i++)
    samples[i] = i * 7;
  eka_codec_init_samples (&codec, EKA_CODEC_PCM, 48000, 2);
  file = eka_wav_write (&codec, samples, size);
  data = g_bytes_get_data (file, &length);
  g_assert_cmpmem (data + EKA_WAV_HEADER_SIZE, length - EKA_WAV_HEADER_SIZE,
                   samples, size);
  /* 3,840,000 and 36 more */
  g_assert_cmpmem (data + 40, 4, "\x00\x98\x3a\x00", 4);
  g_assert_cmpmem (data + 4, 4, "\x24\x98\x3a\x00", 4);
}

/* --- read again ----------------------------------------------------------- */

/* What was written comes back, in packets of 10 ms. */
static void
check_law (EkaCodecType type,
           guint        rate,
           guint        channels,
           guint        samples)
{
  g_autofree guint8 *data = NULL;
  g_autoptr (GBytes) written = NULL;
  g_autoptr (GBytes) again = NULL;
  g_auto (EkaFile) file = { 0, };
  EkaCodec codec;
  gsize size;
  guint i;

  eka_codec_init_samples (&codec, type, rate, channels);
  size = samples * eka_codec_frame_size (&codec);
  data = g_malloc (size + 1);
  for (i = 0; i < size; i++)
    data[i] = (guint8) (i * 7 + i / 256);
  written = eka_wav_write (&codec, data, size);

  eka_file_init (&file);
  g_assert_true (eka_wav_read (&file, written));
  g_assert_true (eka_codec_is_equal (&file.codec, &codec));
  g_assert_cmpmem (file.data->data, file.data->len, data, size);
  g_assert_cmpuint (eka_file_count_samples (&file), ==, samples);
  g_assert_cmpuint (file.skip + file.trim_end, ==, 0);
  g_assert_cmpuint (file.packets->len, ==,
                    (samples + rate / 100 - 1) / (rate / 100));
  again = eka_wav_write (&file.codec, file.data->data, file.data->len);
  g_assert_true (g_bytes_equal (again, written));
}

static void
test_law (void)
{
  static const guint counts[] = { 1, 79, 80, 81, 1600, 8001 };
  guint i, k, channels;

  for (i = 0; i < G_N_ELEMENTS (types); i++)
    for (k = 0; k < G_N_ELEMENTS (counts); k++)
      for (channels = 1; channels <= 2; channels++)
        {
          check_law (types[i], 8000, channels, counts[k]);
          check_law (types[i], 44100, channels, counts[k]);
        }
}

/* Reads a file that is in a block of just its size, so that the sanitizer and
 * valgrind see who reads on. */
static gboolean
try_bytes (gconstpointer data,
           gsize         size)
{
  g_autoptr (GBytes) bytes = g_bytes_new (data, size);
  g_auto (EkaFile) file = { 0, };

  eka_file_init (&file);
  return eka_wav_read (&file, bytes);
}

/* Samples are whatever they are; the header is as it was or refused, but for a
 * rate or kind that goes with the rest. */
static void
test_damage (void)
{
  guint i;

  for (i = 0; i < G_N_ELEMENTS (types); i++)
    {
      static const guint8 samples[40] = { 0 };
      g_autoptr (GBytes) file = NULL;
      g_autofree guint8 *bad = NULL;
      const guint8 *good;
      EkaCodec codec;
      gsize size, at;
      guint flip;

      eka_codec_init_samples (&codec, types[i], 8000, 1);
      file = eka_wav_write (&codec, samples, sizeof samples);
      good = g_bytes_get_data (file, &size);
      bad = g_memdup2 (good, size);
      for (at = 0; at < size; at++)
        {
          g_assert_false (try_bytes (good, at));
          for (flip = 1; flip < 256; flip++)
            {
              bad[at] = good[at] ^ flip;
              /* 7 is one bit from 6 */
              g_assert_true (
                  try_bytes (bad, size) ==
                  (at >= eka_wav_header_size (&codec) ||
                   (at == 20 && types[i] != EKA_CODEC_PCM && flip == 1)));
            }
          bad[at] = good[at];
        }
    }
}

static void
test_trailing (void)
{
  static const guint8 samples[41] = { 0 };
  guint8 more[200] = { 0 };
  g_autoptr (GBytes) file = NULL;
  EkaCodec codec;

  eka_codec_init_samples (&codec, EKA_CODEC_ALAW, 8000, 1);
  file = eka_wav_write (&codec, samples, sizeof samples);
  memcpy (more, g_bytes_get_data (file, NULL), g_bytes_get_size (file));
  g_assert_true (try_bytes (more, g_bytes_get_size (file)));
  g_assert_false (try_bytes (more, g_bytes_get_size (file) + 1));
  g_assert_false (try_bytes (more, sizeof more));
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/wav/every-byte", test_bytes);
  g_test_add_func ("/wav/every-byte-of-both-laws", test_law_bytes);
  g_test_add_func ("/wav/twenty-seconds-of-stereo", test_large);
  g_test_add_func ("/wav/read-is-what-was-written", test_law);
  g_test_add_func ("/wav/every-damaged-byte", test_damage);
  g_test_add_func ("/wav/trailing-bytes-are-refused", test_trailing);
  return g_test_run ();
}
