/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "chunk/aac.h"

#include <string.h>

/* Configurations, ADTS, raw data blocks. */

/* Writes bits, as the standard lists them. */
typedef struct
{
  guint8 data[1024];
  gsize size; /* in bits */
} Block;

static void
put (Block *self,
     guint  n,
     guint  value)
{
  for (; n > 0; n--, self->size++)
    {
      if (value >> (n - 1) & 1)
        self->data[self->size / 8] |= 0x80 >> self->size % 8;
    }
}

static gsize
bytes_of (const Block *self)
{
  return (self->size + 7) / 8;
}

static void
init_codec (EkaCodec *codec,
            guint     channels)
{
  const guint8 config[] = { 0x14, channels << 3 }; /* 16 kHz */

  g_assert_true (eka_aac_init_codec (codec, config, sizeof config));
}

static void
test_config (void)
{
  static const struct
  {
    guint8 config[12];
    gsize size;
    guint rate, channels; /* 0: refused */
  } tests[] = {
    { { 0x12, 0x10 }, 2, 44100, 2 },
    { { 0x14, 0x08 }, 2, 16000, 1 },
    { { 0x15, 0x88 }, 2, 8000, 1 },
    { { 0x16, 0x08 }, 2, 7350, 1 },
    { { 0x10, 0x10 }, 2, 96000, 2 },
    /* 16,000 in 24 bits */
    { { 0x17, 0x80, 0x1f, 0x40, 0x08 }, 5, 16000, 1 },
    /* reserved rates, a rate of 0 */
    { { 0x16, 0x88 }, 2, 0, 0 },
    { { 0x17, 0x08 }, 2, 0, 0 },
    { { 0x17, 0x80, 0x00, 0x00, 0x08 }, 5, 0, 0 },
    /* no channels told, three */
    { { 0x12, 0x00 }, 2, 0, 0 },
    { { 0x12, 0x18 }, 2, 0, 0 },
    /* Main, SSR, LTP, SBR, PS */
    { { 0x0a, 0x10 }, 2, 0, 0 },
    { { 0x1a, 0x10 }, 2, 0, 0 },
    { { 0x22, 0x10 }, 2, 0, 0 },
    { { 0x2b, 0x11, 0x88, 0x00 }, 4, 0, 0 },
    { { 0xeb, 0x09, 0x88, 0x00 }, 4, 0, 0 },
    /* 960 samples, a core coder, an extension */
    { { 0x12, 0x14 }, 2, 0, 0 },
    { { 0x12, 0x12, 0x00, 0x00 }, 4, 0, 0 },
    { { 0x12, 0x11 }, 2, 0, 0 },
    /* SBR told behind: there is none, there is, it is further behind */
    { { 0x12, 0x10, 0x56, 0xe5, 0x00 }, 5, 44100, 2 },
    { { 0x13, 0x10, 0x56, 0xe5, 0xa0 }, 5, 0, 0 },
    { { 0x13, 0x10, 0x00, 0x0a, 0xdc, 0xb4 }, 6, 0, 0 },
    /* cut short */
    { { 0x12 }, 1, 0, 0 },
    { { 0 }, 0, 0, 0 },
    { { 0x17, 0x80, 0x1f, 0x40 }, 4, 0, 0 },
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (tests); i++)
    {
      g_auto (EkaCodec) codec = { 0 };
      const gboolean good =
          eka_aac_init_codec (&codec, tests[i].config, tests[i].size);

      g_test_message ("%u", i);
      g_assert_cmpint (good, ==, tests[i].rate > 0);
      g_assert_cmpuint (codec.rate, ==, tests[i].rate);
      g_assert_cmpuint (codec.channels, ==, tests[i].channels);
      if (!good)
        continue;
      g_assert_cmpint (codec.type, ==, EKA_CODEC_AAC);
      g_assert_cmpuint (codec.pre_skip, ==, 0);
      g_assert_cmpmem (g_bytes_get_data (codec.config, NULL),
                       g_bytes_get_size (codec.config), tests[i].config,
                       tests[i].size);
    }
}

static void
test_long_config (void)
{
  guint8 config[65] = { 0x12, 0x10 };
  g_auto (EkaCodec) codec = { 0 };

  g_assert_false (eka_aac_init_codec (&codec, config, sizeof config));
  g_assert_true (eka_aac_init_codec (&codec, config, sizeof config - 1));
}

/* A frame of a header and 4 bytes */
static gsize
make_adts (Block   *self,
           gboolean mpeg2,
           gboolean crc,
           guint    profile,
           guint    channels,
           guint    blocks)
{
  const gsize size = crc ? 13 : 11;

  *self = (Block) { .size = 0 };
  put (self, 12, 0xfff);
  put (self, 1, mpeg2);
  put (self, 2, 0);
  put (self, 1, !crc);
  put (self, 2, profile);
  put (self, 4, 8);
  put (self, 1, 0);
  put (self, 3, channels);
  put (self, 4, 0);
  put (self, 13, size);
  put (self, 11, 0x7ff);
  put (self, 2, blocks);
  return size;
}

static void
test_adts (void)
{
  guint i;

  for (i = 0; i < 8; i++)
    {
      const gboolean crc = (i & 2) != 0;
      const guint channels = 1 + (i >> 2);
      const guint8 config[] = { 0x14, channels << 3 };
      g_auto (EkaCodec) codec = { 0 };
      Block frame;
      const gsize size = make_adts (&frame, i & 1, crc, 1, channels, 0);

      g_assert_cmpuint (eka_aac_adts_header_size (frame.data, size), ==,
                        crc ? 9 : 7);
      g_assert_true (eka_aac_init_codec_from_adts (&codec, frame.data, size));
      g_assert_cmpuint (codec.rate, ==, 16000);
      g_assert_cmpuint (codec.channels, ==, channels);
      g_assert_cmpmem (g_bytes_get_data (codec.config, NULL),
                       g_bytes_get_size (codec.config), config, sizeof config);
    }
}

static void
test_bad_adts (void)
{
  EkaCodec codec;
  Block frame;
  gsize size = make_adts (&frame, FALSE, FALSE, 1, 1, 0), i;

  /* not exactly one frame */
  for (i = 0; i <= size + 1; i++)
    g_assert_cmpuint (eka_aac_adts_header_size (frame.data, i), ==,
                      i == size ? 7 : 0);
  /* every bit of the syncword and the layer */
  for (i = 0; i < 15; i++)
    {
      make_adts (&frame, FALSE, FALSE, 1, 1, 0);
      if (i == 12)
        continue;
      frame.data[i / 8] ^= 0x80 >> i % 8;
      g_assert_cmpuint (eka_aac_adts_header_size (frame.data, size), ==, 0);
    }
  /* two blocks */
  size = make_adts (&frame, FALSE, FALSE, 1, 1, 1);
  g_assert_cmpuint (eka_aac_adts_header_size (frame.data, size), ==, 0);
  /* Main; channels as a program tells */
  size = make_adts (&frame, FALSE, FALSE, 0, 1, 0);
  g_assert_false (eka_aac_init_codec_from_adts (&codec, frame.data, size));
  size = make_adts (&frame, FALSE, FALSE, 1, 0, 0);
  g_assert_false (eka_aac_init_codec_from_adts (&codec, frame.data, size));
}

/* fill_element() of zeros behind the type */
static void
put_fill (Block *self,
          guint  count,
          guint  type)
{
  put (self, 3, 6);
  put (self, 4, MIN (count, 15));
  if (count >= 15)
    put (self, 8, count - 14);
  if (count > 0)
    {
      put (self, 4, type);
      self->size += 8 * count - 4;
    }
}

/* data_stream_element() of bytes of ones */
static void
put_data (Block   *self,
          gboolean align,
          guint    count)
{
  put (self, 3, 4);
  put (self, 4, 0);
  put (self, 1, align);
  put (self, 8, MIN (count, 255));
  if (count >= 255)
    put (self, 8, count - 255);
  if (align)
    self->size = (self->size + 7) / 8 * 8;
  for (; count > 0; count--)
    put (self, 8, 0xff);
}

static void
test_packets (void)
{
  g_auto (EkaCodec) mono = { 0 };
  g_auto (EkaCodec) stereo = { 0 };
  guint8 large[8192] = { 0 };
  Block block = { .size = 0 };

  init_codec (&mono, 1);
  init_codec (&stereo, 2);
  g_assert_false (eka_aac_is_packet (&mono, block.data, 0));
  g_assert_true (eka_aac_is_packet (&mono, large, 8191));
  g_assert_false (eka_aac_is_packet (&mono, large, 8192));

  put_fill (&block, 0, 0);
  put_fill (&block, 3, 1);
  put_fill (&block, 15, 1);
  put_fill (&block, 269, 1);
  put_data (&block, FALSE, 2);
  put_data (&block, TRUE, 7);
  put_data (&block, TRUE, 300);
  put (&block, 3, 1);
  g_assert_true (eka_aac_is_packet (&stereo, block.data, bytes_of (&block)));
  g_assert_false (eka_aac_is_packet (&mono, block.data, bytes_of (&block)));
  g_assert_false (eka_aac_is_packet (&stereo, block.data, 500));
  /* nothing but an end */
  large[0] = 0xe0;
  g_assert_false (eka_aac_is_packet (&mono, large, 1));
}

/* A mono block of two bands, with one codebook */
static void
make_bands (Block *self,
            guint  gain,
            guint  book)
{
  put (self, 3, 0);
  put (self, 4, 0);
  put (self, 8, gain);
  put (self, 4, 0);
  put (self, 6, 2);
  put (self, 1, 0);
  put (self, 4, book);
  put (self, 5, 2);
  /* differences 0 and, in table 4.A.1, 6 */
  put (self, 1, 0);
  put (self, 7, 0x78);
  put (self, 16, 0);
}

static guint
effort_of (guint gain,
           guint book)
{
  g_auto (EkaCodec) codec = { 0 };
  Block block = { .size = 0 };

  init_codec (&codec, 1);
  make_bands (&block, gain, book);
  return eka_aac_packet_effort (&codec, block.data, bytes_of (&block));
}

static void
test_effort (void)
{
  g_auto (EkaCodec) codec = { 0 };
  Block block = { .size = 0 };
  guint gain;

  for (gain = 120; gain < 200; gain++)
    g_assert_cmpuint (effort_of (gain, 1), <, effort_of (gain + 1, 1));
  /* 24 dB are 16 steps, and twice as much here */
  g_assert_cmpuint (effort_of (160, 1), ==, 2 * effort_of (144, 1));
  /* 166, 177 and 193 steps: the second band, and its codebook */
  g_assert_cmpuint (effort_of (160, 1), ==, 83 << 10 >> 4);
  g_assert_cmpuint (effort_of (160, 5), ==, 67 << 11 >> 4);
  g_assert_cmpuint (effort_of (160, 11), ==, 67 << 12 >> 4);
  /* larger numbers of a band are louder; silence says nothing of its gain */
  g_assert_cmpuint (effort_of (160, 1), <, effort_of (160, 5));
  g_assert_cmpuint (effort_of (160, 5), <, effort_of (160, 11));
  g_assert_cmpuint (effort_of (160, 0), ==, effort_of (100, 0));
  g_assert_cmpuint (effort_of (160, 0), <, effort_of (100, 1));
  g_assert_cmpuint (effort_of (160, 0), >, 0);
  /* a reserved codebook, a block that ends too early */
  g_assert_cmpuint (effort_of (160, 12), ==, 0);
  init_codec (&codec, 1);
  make_bands (&block, 160, 1);
  g_assert_cmpuint (eka_aac_packet_effort (&codec, block.data, 4), ==, 0);
}

/* As test_effort(), but of two channels with one window of eight short ones in
 * two groups, and a mask. */
static void
test_effort_of_pair (void)
{
  g_auto (EkaCodec) codec = { 0 };
  Block block = { .size = 0 };
  guint i;

  init_codec (&codec, 2);
  put (&block, 3, 1);
  put (&block, 4, 0);
  put (&block, 1, 1);
  put (&block, 1, 0);
  put (&block, 2, 2); /* eight short */
  put (&block, 1, 0);
  put (&block, 4, 2);    /* bands */
  put (&block, 7, 0x77); /* one group ends after the fourth */
  put (&block, 2, 1);
  put (&block, 4, 0xf);
  put (&block, 8, 160);
  for (i = 0; i < 2; i++)
    {
      put (&block, 4, 1);
      put (&block, 3, 2);
    }
  put (&block, 4, 0); /* four differences of 0 */
  put (&block, 16, 0);
  g_assert_cmpuint (eka_aac_packet_effort (&codec, block.data,
                                           bytes_of (&block)),
                    ==, 64 << 10 >> 4);
}

static gboolean
ends_with (guint count,
           guint type,
           guint n_trailers)
{
  Block block = { .size = 0 };

  put (&block, 29, 0x12345);
  put_fill (&block, count, type);
  for (; n_trailers > 0; n_trailers--)
    put_fill (&block, 20, 0);
  put (&block, 3, 7);
  return eka_aac_has_sbr (block.data, bytes_of (&block));
}

static void
test_sbr (void)
{
  guint count;

  for (count = 3; count < 270; count++)
    {
      g_assert_true (ends_with (count, 13, 0));
      g_assert_true (ends_with (count, 14, 0));
      g_assert_false (ends_with (count, 0, 0));
      g_assert_false (ends_with (count, 1, 0));
    }
  g_assert_true (ends_with (40, 13, 1));
  g_assert_true (ends_with (40, 13, 3));
  g_assert_false (ends_with (40, 0, 3));
  g_assert_false (ends_with (2, 13, 0));
}

static void
test_damage (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (1);
  EkaCodec codecs[2];
  guint i, j, sbr = 0;

  init_codec (&codecs[0], 1);
  init_codec (&codecs[1], 2);
  for (i = 0; i < 20000; i++)
    {
      const gsize size = g_rand_int_range (rand, 1, 300);
      g_autofree guint8 *data = g_malloc (size);
      g_auto (EkaCodec) codec = { 0 };

      for (j = 0; j < size; j++)
        data[j] = g_rand_int (rand);
      eka_aac_is_packet (&codecs[i % 2], data, size);
      eka_aac_packet_effort (&codecs[i % 2], data, size);
      data[0] = i % 2 << 5;
      eka_aac_packet_effort (&codecs[i % 2], data, size);
      data[size - 1] |= 7;
      sbr += eka_aac_has_sbr (data, size);
      eka_aac_init_codec (&codec, data, size);
    }
  g_test_message ("%u of %u look like SBR", sbr, i);
  g_assert_cmpuint (sbr, <, i / 50);
  g_assert_false (eka_aac_has_sbr ((const guint8 *) "\0\0", 2));
  g_assert_false (eka_aac_has_sbr (NULL, 0));
  eka_codec_clear (&codecs[0]);
  eka_codec_clear (&codecs[1]);
}

/* A packet of one channel behind its length, as LATM writes it. */
static gsize
measure_latm (gsize    length,
              gsize    size,
              gboolean sound)
{
  g_auto (EkaCodec) mono = { 0 };
  g_autofree guint8 *data = g_malloc0 (size + 1);
  gsize at = 0;

  init_codec (&mono, 1);
  memset (data, sound ? 0 : 0xff, size);
  for (; length >= 255; length -= 255)
    data[at++] = 255;
  data[at] = length;
  return eka_aac_latm_header_size (&mono, data, size);
}

static void
test_latm (void)
{
  g_assert_cmpuint (measure_latm (1, 2, TRUE), ==, 1);
  g_assert_cmpuint (measure_latm (254, 255, TRUE), ==, 1);
  g_assert_cmpuint (measure_latm (255, 257, TRUE), ==, 2);
  g_assert_cmpuint (measure_latm (507, 509, TRUE), ==, 2);
  g_assert_cmpuint (measure_latm (510, 513, TRUE), ==, 3);
  g_assert_cmpuint (measure_latm (507, 510, TRUE), ==, 0);
  g_assert_cmpuint (measure_latm (507, 508, TRUE), ==, 0);
  g_assert_cmpuint (measure_latm (507, 509, FALSE), ==, 0);
  g_assert_cmpuint (measure_latm (0, 1, TRUE), ==, 0);
  g_assert_cmpuint (measure_latm (0, 0, TRUE), ==, 0);
  g_assert_cmpuint (measure_latm (255, 1, TRUE), ==, 0);
}

static void
test_silence (void)
{
  guint channels;

  for (channels = 1; channels <= 2; channels++)
    {
      g_auto (EkaCodec) codec = { 0 };
      guint8 data[EKA_AAC_MAX_SILENCE];
      gsize size;

      init_codec (&codec, channels);
      size = eka_aac_write_silence (&codec, data);
      g_assert_cmpuint (size, <=, sizeof data);
      g_assert_true (eka_aac_is_packet (&codec, data, size));
      g_assert_false (eka_aac_has_sbr (data, size));
      g_assert_cmpuint (eka_aac_packet_effort (&codec, data, size), ==, 4);
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/aac/configurations-of-lc-and-others", test_config);
  g_test_add_func ("/aac/configurations-have-bounds", test_long_config);
  g_test_add_func ("/aac/configuration-from-adts", test_adts);
  g_test_add_func ("/aac/only-one-whole-adts-frame-is-taken", test_bad_adts);
  g_test_add_func ("/aac/packets-begin-with-their-channels", test_packets);
  g_test_add_func ("/aac/effort-grows-with-the-loudest-band", test_effort);
  g_test_add_func ("/aac/effort-of-short-windows-of-a-pair",
                   test_effort_of_pair);
  g_test_add_func ("/aac/sbr-lies-before-the-end", test_sbr);
  g_test_add_func ("/aac/noise-does-no-harm", test_damage);
  g_test_add_func ("/aac/silence-is-a-packet", test_silence);
  g_test_add_func ("/aac/latm-writes-the-length-first", test_latm);
  return g_test_run ();
}
