/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "chunk/opus.h"

#include <string.h>

static const guint8 good_head[19] = {
  'O', 'p', 'u', 's', 'H', 'e', 'a', 'd', 1, 2, 0x38, 0x01,
  0x80, 0x3e, 0, 0, 0xfe, 0xff, 0,
};

static void
test_head (void)
{
  EkaCodec codec;

  g_assert_true (eka_opus_init_codec_from_head (&codec, good_head, 19));
  g_assert_cmpint (codec.type, ==, EKA_CODEC_OPUS);
  g_assert_cmpuint (codec.channels, ==, 2);
  g_assert_cmpuint (codec.pre_skip, ==, 312);
  g_assert_cmpuint (codec.rate, ==, 16000);
  g_assert_cmpint (codec.output_gain, ==, -2);
  g_assert_cmpuint (eka_codec_sample_rate (&codec), ==, 48000);
}

static void
assert_bad_head (gsize  place,
                 guint8 value)
{
  guint8 head[19];
  EkaCodec codec;

  memcpy (head, good_head, sizeof head);
  head[place] = value;
  g_assert_false (eka_opus_init_codec_from_head (&codec, head, sizeof head));
}

static void
test_damaged_head (void)
{
  EkaCodec codec;
  gsize size;

  for (size = 0; size < sizeof good_head; size++)
    g_assert_false (eka_opus_init_codec_from_head (&codec, good_head, size));
  assert_bad_head (0, 'o');
  assert_bad_head (7, 'D');
  assert_bad_head (8, 0x10);
  assert_bad_head (9, 0);
  assert_bad_head (9, 3);
  assert_bad_head (18, 1);
  assert_bad_head (18, 255);
}

static void
test_plain (void)
{
  EkaCodec codec;

  eka_opus_init_codec (&codec, 1);
  g_assert_cmpuint (codec.channels, ==, 1);
  g_assert_cmpuint (codec.pre_skip, ==, 0);
  g_assert_cmpuint (eka_codec_sample_rate (&codec), ==, 48000);
}

static void
test_write_head (void)
{
  EkaCodec codec;
  guint8 head[EKA_OPUS_HEAD_SIZE];

  g_assert_true (eka_opus_init_codec_from_head (&codec, good_head, 19));
  eka_opus_write_head (&codec, 312, head);
  g_assert_cmpmem (head, sizeof head, good_head, sizeof good_head);
  eka_opus_write_head (&codec, 0xfedc, head);
  g_assert_cmphex (head[10], ==, 0xdc);
  g_assert_cmphex (head[11], ==, 0xfe);
}

/* RFC 6716 section 3.1, table 2, in tenths of a millisecond */
static const guint frame_lengths[32] = {
  100, 200, 400, 600, 100, 200, 400, 600, 100, 200, 400, 600,
  100, 200, 100, 200,
  25, 50, 100, 200, 25, 50, 100, 200, 25, 50, 100, 200, 25, 50, 100, 200,
};

static guint
samples_of (const guint8 *data,
            gsize         size)
{
  /* a copy of the very size lets the sanitizer see reads past the end */
  g_autofree guint8 *copy = size > 0 ? g_memdup2 (data, size) : NULL;

  return eka_opus_packet_samples (copy, size);
}

static void
test_configs (void)
{
  guint config, stereo, frames;

  for (config = 0; config < 32; config++)
    for (stereo = 0; stereo < 2; stereo++)
      {
        const guint samples = frame_lengths[config] * 48 / 10;
        const guint8 toc = config << 3 | stereo << 2;
        guint8 packet[64] = { toc, 1 };

        g_assert_cmpuint (samples_of (packet, 10), ==, samples);
        g_assert_cmpuint (samples_of (packet, 1), ==, samples);
        packet[0] = toc | 1;
        g_assert_cmpuint (samples_of (packet, 11), ==, 2 * samples);
        packet[0] = toc | 2;
        g_assert_cmpuint (samples_of (packet, 5), ==, 2 * samples);
        packet[0] = toc | 3;
        for (frames = 0; frames < 64; frames++)
          {
            guint expected = frames * samples > 5760 ? 0 : frames * samples;

            packet[1] = frames;
            g_assert_cmpuint (samples_of (packet, 2), ==, expected);
          }
      }
}

static void
test_code_sizes (void)
{
  guint8 packet[3000] = { 0x08 };

  g_assert_cmpuint (samples_of (packet, 0), ==, 0);
  g_assert_cmpuint (samples_of (packet, 1276), ==, 960);
  g_assert_cmpuint (samples_of (packet, 1277), ==, 0);
  packet[0] = 0x09;
  g_assert_cmpuint (samples_of (packet, 1), ==, 1920);
  g_assert_cmpuint (samples_of (packet, 2), ==, 0);
  g_assert_cmpuint (samples_of (packet, 2551), ==, 1920);
  g_assert_cmpuint (samples_of (packet, 2553), ==, 0);
  packet[0] = 0x0a;
  g_assert_cmpuint (samples_of (packet, 1), ==, 0);
  packet[1] = 4;
  g_assert_cmpuint (samples_of (packet, 5), ==, 0);
  g_assert_cmpuint (samples_of (packet, 6), ==, 1920);
  g_assert_cmpuint (samples_of (packet, 6 + 1275), ==, 1920);
  g_assert_cmpuint (samples_of (packet, 6 + 1276), ==, 0);
  packet[1] = 253;
  packet[2] = 10; /* 253 + 4 * 10 */
  g_assert_cmpuint (samples_of (packet, 2), ==, 0);
  g_assert_cmpuint (samples_of (packet, 3 + 292), ==, 0);
  g_assert_cmpuint (samples_of (packet, 3 + 293), ==, 1920);
}

static void
test_code3 (void)
{
  const guint8 cbr[] = { 0x0b, 3, 1, 2, 3, 4, 5, 6 };
  const guint8 uneven[] = { 0x0b, 3, 1, 2, 3, 4, 5 };
  const guint8 vbr[] = { 0x0b, 0x83, 1, 2, 9, 9, 9, 9 };
  const guint8 vbr_short[] = { 0x0b, 0x83, 1, 2, 9, 9 };
  const guint8 vbr_cut[] = { 0x0b, 0x83, 1 };
  const guint8 padded[] = { 0x0b, 0x42, 3, 1, 2, 0, 0, 0 };
  const guint8 padded_over[] = { 0x0b, 0x42, 6, 1, 2, 0, 0, 0 };
  const guint8 padded_cut[] = { 0x0b, 0x42, 255 };
  const guint8 padded_vbr[] = { 0x0b, 0xc2, 2, 1, 7, 8, 0, 0 };
  guint8 padded_long[600] = { 0x0b, 0x42, 255, 1 };

  g_assert_cmpuint (samples_of (cbr, 1), ==, 0);
  g_assert_cmpuint (samples_of (cbr, sizeof cbr), ==, 2880);
  g_assert_cmpuint (samples_of (uneven, sizeof uneven), ==, 0);
  g_assert_cmpuint (samples_of (vbr, sizeof vbr), ==, 2880);
  g_assert_cmpuint (samples_of (vbr_short, sizeof vbr_short), ==, 0);
  g_assert_cmpuint (samples_of (vbr_cut, sizeof vbr_cut), ==, 0);
  g_assert_cmpuint (samples_of (padded, sizeof padded), ==, 1920);
  g_assert_cmpuint (samples_of (padded_over, sizeof padded_over), ==, 0);
  g_assert_cmpuint (samples_of (padded_cut, sizeof padded_cut), ==, 0);
  g_assert_cmpuint (samples_of (padded_vbr, sizeof padded_vbr), ==, 1920);
  /* 255 stands for 254 bytes and goes on */
  g_assert_cmpuint (samples_of (padded_long, 4 + 255), ==, 1920);
  g_assert_cmpuint (samples_of (padded_long, 4 + 254), ==, 0);
}

static void
test_random (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (6716);
  guint round;

  for (round = 0; round < 20000; round++)
    {
      guint8 data[48];
      const gsize size = g_rand_int_range (rand, 0, sizeof data);
      EkaCodec codec;
      gsize i;

      for (i = 0; i < size; i++)
        data[i] = g_rand_int (rand);
      g_assert_cmpuint (samples_of (data, size), <=, 5760);
      if (g_rand_boolean (rand) && size >= 19)
        memcpy (data, "OpusHead", 8);
      if (eka_opus_init_codec_from_head (&codec, data, size))
        g_assert_cmpuint (codec.channels, <=, 2);
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/opus/reads-opus-head", test_head);
  g_test_add_func ("/opus/refuses-damaged-opus-head", test_damaged_head);
  g_test_add_func ("/opus/without-header", test_plain);
  g_test_add_func ("/opus/writes-the-head-that-it-read", test_write_head);
  g_test_add_func ("/opus/all-configs-and-frame-codes", test_configs);
  g_test_add_func ("/opus/frame-sizes-of-codes-0-to-2", test_code_sizes);
  g_test_add_func ("/opus/code-3-lengths-and-padding", test_code3);
  g_test_add_func ("/opus/random-bytes-do-no-harm", test_random);
  return g_test_run ();
}
