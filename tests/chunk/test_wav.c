/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "chunk/wav.h"

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

  eka_codec_init_pcm (&codec, 44100, 2);
  file = eka_wav_write (&codec, expected + EKA_WAV_HEADER_SIZE, 8);
  g_assert_cmpmem (g_bytes_get_data (file, NULL), g_bytes_get_size (file),
                   expected, sizeof expected);
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
  eka_codec_init_pcm (&codec, 48000, 2);
  file = eka_wav_write (&codec, samples, size);
  data = g_bytes_get_data (file, &length);
  g_assert_cmpmem (data + EKA_WAV_HEADER_SIZE, length - EKA_WAV_HEADER_SIZE,
                   samples, size);
  /* 3,840,000 and 36 more */
  g_assert_cmpmem (data + 40, 4, "\x00\x98\x3a\x00", 4);
  g_assert_cmpmem (data + 4, 4, "\x24\x98\x3a\x00", 4);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/wav/every-byte", test_bytes);
  g_test_add_func ("/wav/twenty-seconds-of-stereo", test_large);
  return g_test_run ();
}
