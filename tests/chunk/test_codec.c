/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "chunk/codec.h"

#include "chunk/opus.h"

#define SECOND G_GUINT64_CONSTANT (1000000000)
#define DAYS_48 (48 * 3600 * SECOND)

static void
test_samples (void)
{
  EkaCodec pcm, mulaw, alaw;
  guint previous = 7, samples = 99;

  eka_codec_init_samples (&pcm, EKA_CODEC_PCM, 16000, 2);
  eka_codec_init_samples (&mulaw, EKA_CODEC_MULAW, 8000, 2);
  eka_codec_init_samples (&alaw, EKA_CODEC_ALAW, 8000, 1);
  g_assert_cmpuint (eka_codec_sample_rate (&pcm), ==, 16000);
  g_assert_cmpuint (eka_codec_frame_size (&pcm), ==, 4);
  g_assert_cmpuint (eka_codec_frame_size (&mulaw), ==, 2);
  g_assert_cmpuint (eka_codec_frame_size (&alaw), ==, 1);

  g_assert_false (
      eka_codec_measure_packet (&pcm, NULL, 0, &previous, &samples));
  g_assert_false (eka_codec_measure_packet (&pcm, (const guint8 *) "123", 3,
                                            &previous, &samples));
  g_assert_cmpuint (samples, ==, 99);
  g_assert_true (eka_codec_measure_packet (&pcm, (const guint8 *) "1234567", 7,
                                           &previous, &samples));
  g_assert_cmpuint (samples, ==, 1);
  g_assert_true (eka_codec_measure_packet (&alaw, (const guint8 *) "1234567",
                                           7, &previous, &samples));
  g_assert_cmpuint (samples, ==, 7);
  g_assert_cmpuint (previous, ==, 7);
}

static void
test_opus (void)
{
  EkaCodec codec;
  guint previous = 0, samples = 0;

  eka_opus_init_codec (&codec, 1);
  g_assert_cmpuint (eka_codec_sample_rate (&codec), ==, 48000);
  g_assert_cmpuint (eka_codec_frame_size (&codec), ==, 0);
  g_assert_true (eka_codec_measure_packet (&codec, (const guint8 *) "\x09",
                                           1, &previous, &samples));
  g_assert_cmpuint (samples, ==, 1920);
  g_assert_false (eka_codec_measure_packet (&codec, (const guint8 *) "\x0b",
                                            1, &previous, &samples));
  g_assert_cmpuint (samples, ==, 1920);
}

static void
test_times (void)
{
  EkaCodec codec;

  eka_codec_init_samples (&codec, EKA_CODEC_PCM, 44100, 1);
  g_assert_cmpuint (eka_codec_samples_from_time (&codec, 0), ==, 0);
  g_assert_cmpuint (eka_codec_samples_from_time (&codec, 22675), ==, 0);
  g_assert_cmpuint (eka_codec_samples_from_time (&codec, 22676), ==, 1);
  g_assert_cmpuint (eka_codec_time_from_samples (&codec, 1), ==, 22675);
  g_assert_cmpuint (eka_codec_time_from_samples (&codec, 44101), ==,
                    SECOND + 22675);
  /* two days, and all that 64 bits hold */
  g_assert_cmpuint (eka_codec_samples_from_time (&codec, DAYS_48), ==,
                    G_GUINT64_CONSTANT (48) * 3600 * 44100);
  g_assert_cmpuint (eka_codec_time_from_samples (
                        &codec, G_GUINT64_CONSTANT (48) * 3600 * 44100),
                    ==, DAYS_48);
  g_assert_cmpuint (eka_codec_samples_from_time (&codec, G_MAXUINT64), ==,
                    G_GUINT64_CONSTANT (813501413650591));
}

static void
test_copy (void)
{
  static const guint8 config[] = { 0x12, 0x10 };
  g_auto (EkaCodec) codec = {
    .type = EKA_CODEC_AAC,
    .rate = 44100,
    .channels = 2,
    .pre_skip = 1024,
  };
  g_auto (EkaCodec) copy = { 0, };
  g_auto (EkaCodec) none = { 0, };

  codec.config = g_bytes_new (config, sizeof config);
  eka_codec_copy (&copy, &codec);
  g_assert_true (eka_codec_is_equal (&copy, &codec));
  eka_codec_clear (&codec);
  /* it has a reference of its own */
  g_assert_null (codec.config);
  g_assert_cmpmem (g_bytes_get_data (copy.config, NULL),
                   g_bytes_get_size (copy.config), config, sizeof config);
  eka_codec_clear (&copy);
  eka_codec_clear (&copy);

  eka_opus_init_codec (&codec, 1);
  eka_codec_copy (&none, &codec);
  g_assert_true (eka_codec_is_equal (&none, &codec));
}

/* @change: what makes another codec of it */
static void
assert_differs (void (*change) (EkaCodec *codec))
{
  g_auto (EkaCodec) codec = {
    .type = EKA_CODEC_AAC,
    .rate = 44100,
    .channels = 2,
  };
  g_auto (EkaCodec) other = { 0, };

  codec.config = g_bytes_new_static ("\x12\x10", 2);
  eka_codec_copy (&other, &codec);
  change (&other);
  g_assert_false (eka_codec_is_equal (&codec, &other));
  g_assert_false (eka_codec_is_equal (&other, &codec));
}

static void
change_type (EkaCodec *codec)
{
  codec->type = EKA_CODEC_VORBIS;
}

static void
change_rate (EkaCodec *codec)
{
  codec->rate++;
}

static void
change_channels (EkaCodec *codec)
{
  codec->channels = 1;
}

static void
change_pre_skip (EkaCodec *codec)
{
  codec->pre_skip++;
}

static void
change_gain (EkaCodec *codec)
{
  codec->output_gain--;
}

static void
change_config (EkaCodec *codec)
{
  g_bytes_unref (codec->config);
  codec->config = g_bytes_new_static ("\x12\x11", 2);
}

static void
drop_config (EkaCodec *codec)
{
  eka_codec_clear (codec);
}

static void
test_differ (void)
{
  assert_differs (change_type);
  assert_differs (change_rate);
  assert_differs (change_channels);
  assert_differs (change_pre_skip);
  assert_differs (change_gain);
  assert_differs (change_config);
  assert_differs (drop_config);
}

/* What was spent counts by the time that it lasts. */
static void
test_effort (void)
{
  static guint8 packet[1276] = { 0xe0 }, silent[] = { 0x08, 0 };
  EkaPacketInfo info = { .size = 120, .samples = 960 };
  EkaPacketInfo half = { .size = 60, .samples = 480 };
  EkaPacketInfo huge = { .size = 1276, .samples = 120 };
  EkaPacketInfo small = { .size = sizeof silent, .samples = 960 };
  EkaCelt celt = { 0 };
  EkaCodec codec;

  eka_opus_init_codec (&codec, 1);
  eka_codec_judge_packet (&codec, &celt, packet, &info);
  eka_codec_judge_packet (&codec, &celt, packet, &half);
  eka_codec_judge_packet (&codec, &celt, packet, &huge);
  eka_codec_judge_packet (&codec, &celt, silent, &small);
  g_assert_cmpuint (info.effort, ==, half.effort);
  g_assert_cmpuint (huge.effort, >, info.effort);
  g_assert_cmpuint (small.effort, <, info.effort);
  g_assert_cmpuint (small.effort, >, 0);
  g_assert_cmpint (info.voice, ==, EKA_VOICE_UNKNOWN);
  g_assert_cmpint (small.voice, ==, EKA_VOICE_NONE);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/codec/samples", test_samples);
  g_test_add_func ("/codec/opus-counts-in-48-khz", test_opus);
  g_test_add_func ("/codec/times-of-two-days", test_times);
  g_test_add_func ("/codec/copy-lives-alone", test_copy);
  g_test_add_func ("/codec/each-field-makes-it-another", test_differ);
  g_test_add_func ("/codec/effort-is-by-time", test_effort);
  return g_test_run ();
}
