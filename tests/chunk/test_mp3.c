/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "chunk/mp3.h"

#include "mp3source.h"

#include <string.h>

/* MPEG-1, -2 and -2.5, each at 44,100 Hz or a part of it, without padding */
#define MPEG1 0xfffb9040u  /* 128 kbit/s, joint stereo */
#define MPEG2 0xfff380c0u  /* 64 kbit/s, mono */
#define MPEG25 0xffe340c0u /* 32 kbit/s, mono */

static void
put_header (guint8 *to,
            guint32 header)
{
  to[0] = header >> 24;
  to[1] = header >> 16 & 0xff;
  to[2] = header >> 8 & 0xff;
  to[3] = header & 0xff;
}

static gboolean
read_header (EkaMp3Header *header,
             guint32       bits)
{
  guint8 data[4];

  put_header (data, bits);
  return eka_mp3_read_header (header, data, sizeof data);
}

static void
test_lengths (void)
{
  static const struct
  {
    guint32 bits;
    guint rate;
    guint channels;
    guint size;
    guint main_data;
  } frames[] = {
    { MPEG1, 44100, 2, 417, 36 },       { MPEG1 | 0x200, 44100, 2, 418, 36 },
    { 0xfffb90c0, 44100, 1, 417, 21 },  { 0xfffa9040, 44100, 2, 417, 38 },
    { 0xfffbe800, 32000, 2, 1440, 36 }, { 0xfffbea00, 32000, 2, 1441, 36 },
    { 0xfffb14c0, 48000, 1, 96, 21 },   { MPEG2, 22050, 1, 208, 13 },
    { 0xfff314c0, 24000, 1, 24, 13 },   { 0xfff31400, 24000, 2, 24, 21 },
    { 0xfff3e8c0, 16000, 1, 720, 13 },  { MPEG25, 11025, 1, 208, 13 },
    { 0xffe3eac0, 8000, 1, 1441, 13 },  { 0xffe214c0, 12000, 1, 48, 15 },
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (frames); i++)
    {
      EkaMp3Header header;

      g_assert_true (read_header (&header, frames[i].bits));
      g_assert_cmpuint (header.rate, ==, frames[i].rate);
      g_assert_cmpuint (header.channels, ==, frames[i].channels);
      g_assert_cmpuint (header.size, ==, frames[i].size);
      g_assert_cmpuint (header.main_data, ==, frames[i].main_data);
      g_assert_cmpint (header.lsf, ==, frames[i].rate < 32000);
    }
}

static void
test_no_headers (void)
{
  static const guint32 refused[] = {
    0xfefb9040, /* no sync */
    0xffdb9040, /* a bit of it missing */
    0xffeb9040, /* version that is reserved */
    0xfffd9040, /* layer II */
    0xffff9040, /* layer I */
    0xfff99040, /* no layer: AAC */
    0xfffb0040, /* free format */
    0xfffbf040, /* no bit rate */
    0xfffb9c40, /* no rate */
    0xfffb9042, /* emphasis that is reserved */
  };
  guint8 data[4];
  EkaMp3Header header;
  guint i;

  for (i = 0; i < G_N_ELEMENTS (refused); i++)
    g_assert_false (read_header (&header, refused[i]));
  put_header (data, MPEG1);
  g_assert_false (eka_mp3_read_header (&header, data, 3));
}

static void
test_frames_of_a_stream (void)
{
  guint8 frame[EKA_MP3_MAX_FRAME + 1] = { 0 };
  EkaCodec codec;

  put_header (frame, MPEG1);
  g_assert_true (eka_mp3_init_codec (&codec, frame, 4));
  g_assert_cmpint (codec.type, ==, EKA_CODEC_MP3);
  g_assert_cmpuint (codec.rate, ==, 44100);
  g_assert_cmpuint (codec.channels, ==, 2);
  g_assert_true (eka_mp3_is_frame (&codec, frame, 417));
  g_assert_false (eka_mp3_is_frame (&codec, frame, 416));
  g_assert_false (eka_mp3_is_frame (&codec, frame, 418));
  /* one more byte, another bit rate, a CRC */
  put_header (frame, MPEG1 | 0x200);
  g_assert_true (eka_mp3_is_frame (&codec, frame, 418));
  put_header (frame, 0xfffb5040);
  g_assert_true (eka_mp3_is_frame (&codec, frame, 208));
  put_header (frame, 0xfffa9040);
  g_assert_true (eka_mp3_is_frame (&codec, frame, 417));
  /* mono, another rate, another version of the same */
  put_header (frame, 0xfffb90c0);
  g_assert_false (eka_mp3_is_frame (&codec, frame, 417));
  put_header (frame, 0xfffb9440);
  g_assert_false (eka_mp3_is_frame (&codec, frame, 384));
  put_header (frame, 0xfff3d040);
  g_assert_false (eka_mp3_is_frame (&codec, frame, 470));
}

static void
test_samples (void)
{
  static const guint rates[] = { 8000, 11025, 12000, 16000, 22050,
                                 24000, 32000, 44100, 48000 };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (rates); i++)
    {
      const EkaCodec codec = { .type = EKA_CODEC_MP3, .rate = rates[i] };
      const gboolean mpeg1 = i >= 6;

      g_assert_cmpuint (eka_mp3_frame_samples (&codec), ==,
                        mpeg1 ? 1152 : 576);
      g_assert_cmpuint (eka_mp3_pre_roll (&codec), ==, mpeg1 ? 1 : 2);
    }
}

static void
test_reservoir (void)
{
  guint8 frame[EKA_MP3_MAX_FRAME] = { 0 };
  EkaMp3Header header;

  put_header (frame, MPEG1);
  frame[4] = 0x96;
  frame[5] = 0x80;
  g_assert_true (eka_mp3_read_header (&header, frame, sizeof frame));
  g_assert_cmpuint (eka_mp3_main_data_begin (&header, frame), ==, 0x12d);
  put_header (frame, MPEG2);
  g_assert_true (eka_mp3_read_header (&header, frame, sizeof frame));
  g_assert_cmpuint (eka_mp3_main_data_begin (&header, frame), ==, 0x96);
  /* behind the CRC */
  put_header (frame, MPEG2 & ~0x10000u);
  frame[6] = 0x51;
  g_assert_true (eka_mp3_read_header (&header, frame, sizeof frame));
  g_assert_cmpuint (eka_mp3_main_data_begin (&header, frame), ==, 0x51);
}

/* Every kind of frame there is, but for its padding. */
static void
for_all_headers (void (*func) (guint32 bits))
{
  static const guint32 versions[] = { 0xfffa0000, 0xfff20000, 0xffe20000 };
  guint version, protected, bitrate, rate, mode;

  for (version = 0; version < G_N_ELEMENTS (versions); version++)
    for (protected = 0; protected < 2; protected++)
      for (bitrate = 1; bitrate < 15; bitrate++)
        for (rate = 0; rate < 3; rate++)
          for (mode = 0; mode < 4; mode++)
            func (versions[version] | protected << 16 | bitrate << 12 |
                  rate << 10 | mode << 6);
}

static void
check_silence (guint32 bits)
{
  guint8 like[EKA_MP3_MAX_FRAME], frame[EKA_MP3_MAX_FRAME];
  EkaMp3Header header;
  EkaCodec codec;
  gsize size, i;

  memset (like, 0x5a, sizeof like);
  /* the padding byte is not taken over */
  put_header (like, bits | 0x200);
  g_assert_true (eka_mp3_init_codec (&codec, like, sizeof like));
  size = eka_mp3_write_silence (&codec, like, frame);
  g_assert_true (eka_mp3_is_frame (&codec, frame, size));
  g_assert_true (eka_mp3_read_header (&header, frame, size));
  put_header (like, bits);
  g_assert_cmpmem (frame, 4, like, 4);
  g_assert_cmpuint (eka_mp3_frame_effort (&codec, frame, size), ==, 1);
  for (i = header.protected ? 6 : 4; i < size; i++)
    g_assert_cmpuint (frame[i], ==, 0);
}

static void
test_silence (void)
{
  static const guint8 protected[] = { 0xff, 0xfa, 0x90, 0x40, 0x5b, 0x5f };
  guint8 frame[EKA_MP3_MAX_FRAME];
  EkaCodec codec;

  for_all_headers (check_silence);
  /* FFmpeg accepts it with "-err_detect crccheck+explode" */
  g_assert_true (eka_mp3_init_codec (&codec, protected, 4));
  g_assert_cmpuint (eka_mp3_write_silence (&codec, protected, frame), ==, 417);
  g_assert_cmpmem (frame, sizeof protected, protected, sizeof protected);
}

static void
check_filler (guint32 bits)
{
  guint8 like[4], frame[EKA_MP3_MAX_FRAME];
  EkaMp3Header header;
  EkaCodec codec;
  guint room;
  gsize last = 0;

  put_header (like, bits);
  g_assert_true (eka_mp3_init_codec (&codec, like, 4));
  for (room = 0; room <= (codec.rate >= 32000 ? 511 : 255); room++)
    {
      const gsize size = eka_mp3_write_filler (&codec, like, room, frame);

      g_assert_true (eka_mp3_is_frame (&codec, frame, size));
      g_assert_true (eka_mp3_read_header (&header, frame, size));
      g_assert_cmpuint (header.size - header.main_data, >=, room);
      g_assert_cmpuint (size, >=, last);
      g_assert_cmpuint (size, <=, 626);
      last = size;
    }
}

static void
test_filler (void)
{
  for_all_headers (check_filler);
}

/* Gain and length are those of all granules, one channel after the other. */
static void
set_granules (guint8       *frame,
              guint         first,
              guint         bits,
              guint         n,
              const guint8 *gains)
{
  guint i, k;

  for (i = 0; i < n; i++)
    {
      /* part2_3_length 1 where there is a gain */
      const guint at = first + i * bits;

      if (gains[i] > 0)
        frame[(at + 11) / 8] |= 0x80 >> (at + 11) % 8;
      for (k = 0; k < 8; k++)
        {
          if ((gains[i] >> (7 - k) & 1) != 0)
            frame[(at + 21 + k) / 8] |= 0x80 >> (at + 21 + k) % 8;
        }
    }
}

static guint
get_effort (guint32       bits,
            guint         first,
            guint         length,
            guint         n,
            const guint8 *gains)
{
  guint8 frame[EKA_MP3_MAX_FRAME] = { 0 };
  EkaMp3Header header;
  EkaCodec codec;

  put_header (frame, bits);
  set_granules (frame, first, length, n, gains);
  g_assert_true (eka_mp3_init_codec (&codec, frame, 4));
  g_assert_true (eka_mp3_read_header (&header, frame, 4));
  return eka_mp3_frame_effort (&codec, frame, header.size);
}

static void
test_effort (void)
{
  static const guint8 gains[][4] = {
    { 160, 0, 144, 176 }, { 255, 255, 255, 255 }, { 144, 0, 0, 255 },
  };
  guint8 frame[417] = { 0 };
  EkaCodec codec;

  /* the quieter granule, in it the louder channel */
  g_assert_cmpuint (get_effort (MPEG1, 32 + 20, 59, 4, gains[0]), ==, 1024);
  g_assert_cmpuint (get_effort (0xfffa9040, 48 + 20, 59, 4, gains[0]), ==,
                    1024);
  g_assert_cmpuint (get_effort (0xfffb90c0, 32 + 18, 59, 2, gains[0]), ==, 1);
  g_assert_cmpuint (get_effort (MPEG2, 32 + 9, 63, 1, gains[2]), ==, 512);
  g_assert_cmpuint (get_effort (0xfff38000, 32 + 10, 63, 2, gains[0]), ==,
                    1024);
  g_assert_cmpuint (get_effort (MPEG1, 32 + 20, 59, 4, gains[1]), ==, 62757);
  put_header (frame, MPEG1);
  g_assert_true (eka_mp3_init_codec (&codec, frame, 4));
  g_assert_cmpuint (eka_mp3_frame_effort (&codec, frame, 416), ==, 0);
}

/* A frame of a variable bit rate tells by its bits what the gain does not. */
static void
test_effort_of_bits (void)
{
  static const guint8 gain[] = { 144 };
  const guint first = 32 + 9;
  guint8 frame[EKA_MP3_MAX_FRAME] = { 0 };
  EkaMp3Header header;
  EkaCodec codec;

  put_header (frame, MPEG2);
  set_granules (frame, first, 63, 1, gain);
  g_assert_true (eka_mp3_init_codec (&codec, frame, 4));
  g_assert_true (eka_mp3_read_header (&header, frame, 4));
  g_assert_cmpuint (eka_mp3_frame_effort (&codec, frame, header.size), ==, 512);
  /* 1024 bits more are 9 steps: 2 to the power of 153/16 */
  frame[(first + 1) / 8] |= 0x80 >> (first + 1) % 8;
  g_assert_cmpuint (eka_mp3_frame_effort (&codec, frame, header.size), ==, 756);
}

static const guint8 lame_tag[] = {
  'I', 'n', 'f', 'o', 0, 0, 0, 3, 0, 0, 0, 9, 0, 0, 1, 0,
  'L', 'A', 'M', 'E', '3', '.', '1', '0', '0', 0, 0, 0, 0, 0, 0, 0,
  0, 0, 0, 0, 0, 0x24, 0x05, 0x7b,
};

static void
test_info (void)
{
  static const guint32 headers[] = { MPEG1, 0xfffa9040, 0xfffb90c0, MPEG2,
                                     MPEG25, 0xfff38000 };
  static const guint places[] = { 36, 36, 21, 13, 13, 21 };
  guint i, skip, trim_end;

  for (i = 0; i < G_N_ELEMENTS (headers); i++)
    {
      guint8 frame[EKA_MP3_MAX_FRAME] = { 0 };

      put_header (frame, headers[i]);
      g_assert_false (eka_mp3_read_info (frame, sizeof frame, &skip,
                                         &trim_end));
      memcpy (frame + places[i], lame_tag, sizeof lame_tag);
      g_assert_true (eka_mp3_read_info (frame, sizeof frame, &skip, &trim_end));
      g_assert_cmpuint (skip, ==, 576 + 529);
      g_assert_cmpuint (trim_end, ==, 1403 - 529);
      /* not all of it there */
      g_assert_false (eka_mp3_read_info (frame, 60, &skip, &trim_end));
      /* less padding than a decoder is late; no LAME, no delays */
      memset (frame + places[i] + 38, 1, 2);
      g_assert_true (eka_mp3_read_info (frame, sizeof frame, &skip, &trim_end));
      g_assert_cmpuint (trim_end, ==, 0);
      frame[places[i] + 16] = 'X';
      g_assert_true (eka_mp3_read_info (frame, sizeof frame, &skip, &trim_end));
      g_assert_cmpuint (skip, ==, 0);
    }
}

static void
test_vbri (void)
{
  guint8 frame[417] = { 0 };
  guint skip = 1, trim_end = 1;

  put_header (frame, 0xfffb90c0);
  memcpy (frame + 36, "VBRI", 4);
  g_assert_true (eka_mp3_read_info (frame, sizeof frame, &skip, &trim_end));
  g_assert_cmpuint (skip, ==, 0);
  g_assert_cmpuint (trim_end, ==, 0);
}

/* Room of exactly their size, so that a sanitizer sees what is read beyond. */
static void
test_random_bytes (void)
{
  guint n;

  for (n = 0; n < 100000; n++)
    {
      const gsize size = (gsize) g_test_rand_int_range (0, 100);
      g_autofree guint8 *data = g_malloc (size);
      EkaMp3Header header;
      EkaCodec codec;
      guint skip, trim_end;
      gsize i;

      for (i = 0; i < size; i++)
        data[i] = (guint8) g_test_rand_int ();
      if (size >= 4)
        put_header (data, n % 2 == 0 ? 0xfff31400 : 0xfff214c0);
      if (size >= 60)
        memcpy (data + (n % 2 == 0 ? 21 : 13), "Xing", 4);
      eka_mp3_read_info (data, size, &skip, &trim_end);
      if (!eka_mp3_init_codec (&codec, data, size) ||
          !eka_mp3_read_header (&header, data, size))
        continue;
      eka_mp3_frame_effort (&codec, data, size);
      if (header.size <= size)
        eka_mp3_frame_effort (&codec, data, header.size);
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/mp3/lengths-of-frames", test_lengths);
  g_test_add_func ("/mp3/what-is-no-header", test_no_headers);
  g_test_add_func ("/mp3/frames-of-a-stream", test_frames_of_a_stream);
  g_test_add_func ("/mp3/samples-and-pre-roll", test_samples);
  g_test_add_func ("/mp3/reach-of-the-reservoir", test_reservoir);
  g_test_add_func ("/mp3/silence-of-every-kind", test_silence);
  g_test_add_func ("/mp3/filler-of-every-kind", test_filler);
  g_test_add_func ("/mp3/effort-by-gain", test_effort);
  g_test_add_func ("/mp3/effort-by-bits", test_effort_of_bits);
  g_test_add_func ("/mp3/delays-of-a-file", test_info);
  g_test_add_func ("/mp3/vbri-tells-no-delay", test_vbri);
  g_test_add_func ("/mp3/random-bytes", test_random_bytes);
  return g_test_run ();
}
