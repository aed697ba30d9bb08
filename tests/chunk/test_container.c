/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "chunk/container.h"

#define N_TYPES (EKA_CODEC_VORBIS + 1)
#define N_CONTAINERS (EKA_CONTAINER_WAV + 1)

/* What a service lists, by codec and container */
static const gchar *const media_types[N_TYPES][N_CONTAINERS] = {
  [EKA_CODEC_OPUS] = {
    [EKA_CONTAINER_OGG] = "audio/ogg;codecs=opus",
    [EKA_CONTAINER_WEBM] = "audio/webm;codecs=opus",
  },
  [EKA_CODEC_VORBIS] = { [EKA_CONTAINER_OGG] = "audio/ogg" },
  [EKA_CODEC_AAC] = {
    [EKA_CONTAINER_M4A] = "audio/m4a",
    [EKA_CONTAINER_MP4] = "audio/mp4",
  },
  [EKA_CODEC_MP3] = { [EKA_CONTAINER_MP3] = "audio/mp3" },
  [EKA_CODEC_PCM] = { [EKA_CONTAINER_WAV] = "audio/wav" },
  [EKA_CODEC_MULAW] = { [EKA_CONTAINER_WAV] = "audio/wav" },
  [EKA_CODEC_ALAW] = { [EKA_CONTAINER_WAV] = "audio/wav" },
};

static void
test_media_types (void)
{
  guint type, container;

  for (type = 0; type < N_TYPES; type++)
    for (container = 0; container < N_CONTAINERS; container++)
      {
        const gchar *expected = media_types[type][container];
        EkaContainer back;

        g_assert_cmpstr (eka_container_get_media_type (container, type), ==,
                         expected);
        g_assert_true (eka_container_holds (container, type) ==
                       (expected != NULL));
        if (expected == NULL)
          continue;
        g_assert_true (eka_container_from_media_type (expected, &back));
        g_assert_cmpint (back, ==, container);
      }
}

static void
test_unknown (void)
{
  static const gchar *const unknown[] = {
    "", "audio/", "audio/flac", "video/webm", "text/audio/ogg",
  };
  EkaContainer container;
  guint i;

  for (i = 0; i < G_N_ELEMENTS (unknown); i++)
    g_assert_false (eka_container_from_media_type (unknown[i], &container));
}

static void
test_extensions (void)
{
  static const gchar *const extensions[N_CONTAINERS] = {
    "ogg", "webm", "m4a", "mp4", "mp3", "wav",
  };
  guint i;

  for (i = 0; i < N_CONTAINERS; i++)
    g_assert_cmpstr (eka_container_get_extension (i), ==, extensions[i]);
}

/* Noise is no file of any kind. */
static void
test_noise (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (1);
  guint8 noise[4000];
  guint container, size, i;

  for (i = 0; i < sizeof noise; i++)
    noise[i] = (guint8) g_rand_int (rand);
  for (container = 0; container < N_CONTAINERS; container++)
    for (size = 0; size < sizeof noise; size += 61)
      {
        g_autoptr (GBytes) bytes = g_bytes_new (noise, size);
        g_auto (EkaFile) file = { 0, };

        eka_file_init (&file);
        g_assert_false (eka_container_read (container, &file, bytes));
      }
}

/* Samples at both ends are left out of WAV, which can hide none. */
static void
test_wav_ends (void)
{
  static const guint8 data[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 };
  const EkaPacketInfo packets[] = {
    { .size = 8, .samples = 4 }, { .size = 4, .samples = 2 },
  };
  EkaCodec codec;
  const EkaStream stream = {
    .codec = &codec,
    .skip = 1,
    .trim_end = 3,
    .packets = packets,
    .n_packets = G_N_ELEMENTS (packets),
    .data = data,
  };
  g_autoptr (GBytes) file = NULL;
  const guint8 *written;
  gsize size;

  eka_codec_init_samples (&codec, EKA_CODEC_PCM, 8000, 1);
  file = eka_container_write (EKA_CONTAINER_WAV, &stream);
  written = g_bytes_get_data (file, &size);
  g_assert_cmpuint (size, >, 4);
  g_assert_cmpmem (written + size - 4, 4, data + 2, 4);
  g_assert_cmpuint (size, ==,
                    eka_container_header_size (EKA_CONTAINER_WAV, &codec) + 4);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/container/exact-media-types", test_media_types);
  g_test_add_func ("/container/other-types-are-unknown", test_unknown);
  g_test_add_func ("/container/extensions", test_extensions);
  g_test_add_func ("/container/noise-is-no-file", test_noise);
  g_test_add_func ("/container/ends-are-left-out-of-wav", test_wav_ends);
  return g_test_run ();
}
