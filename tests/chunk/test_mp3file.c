/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "chunk/mp3.h"
#include "chunk/mp3file.h"

#include "mp3source.h"

#include <string.h>

#define CBR 0xfffb50c0u  /* MPEG-1, 44,100 Hz, 64 kbit/s, mono: 208 bytes */
#define LOW 0xfffb10c0u  /* the same with 32 kbit/s: 104 bytes */
#define DEEP 0xfff314c0u /* MPEG-2, 24,000 Hz, 8 kbit/s, mono: 24 bytes */
#define SAMPLES 1152
#define TAG_SIZE 182

static GBytes *
write_cut (const Mp3Source *source,
           guint            begin,
           guint            end)
{
  EkaStream stream;

  mp3_source_cut (source, begin, end, &stream);
  return eka_mp3file_write (&stream);
}

/* @header: of @n frames; frame i is filled with i + 1, and reaches back as far
 * as a steady encoder lets it */
static Mp3Source *
make_source (guint32 header,
             guint   n,
             guint   main_data_begin)
{
  Mp3Source *source = mp3_source_new_empty ();
  guint i;

  for (i = 0; i < n; i++)
    mp3_source_add_made (source, header, i == 0 ? 0 : main_data_begin,
                         (guint8) (i + 1));
  return source;
}

static guint
get_be32 (const guint8 *data)
{
  return (guint) data[0] << 24 | data[1] << 16 | data[2] << 8 | data[3];
}

/* Bit by bit, as the tag of LAME is specified */
static guint
get_crc (const guint8 *data,
         gsize         size)
{
  guint crc = 0, bit;
  gsize i;

  for (i = 0; i < size; i++)
    {
      crc ^= data[i];
      for (bit = 0; bit < 8; bit++)
        crc = crc >> 1 ^ ((crc & 1) != 0 ? 0xa001 : 0);
    }
  return crc;
}

/* Checks all that a tag in a file of frames says; @at: where it lies */
static void
check_tag (GBytes *file,
           guint   at,
           guint   n_frames,
           guint   skip,
           guint   trim_end)
{
  EkaMp3Header header;
  gsize size;
  const guint8 *data = g_bytes_get_data (file, &size);
  const guint8 *tag = data + at;
  guint i;

  g_assert_true (eka_mp3_read_header (&header, data, size));
  g_assert_false (header.protected);
  for (i = 4; i < at; i++)
    g_assert_cmpuint (data[i], ==, 0);
  g_assert_cmpmem (tag, 4, "Xing", 4);
  g_assert_cmpuint (get_be32 (tag + 4), ==, 15);
  g_assert_cmpuint (get_be32 (tag + 8), ==, n_frames);
  g_assert_cmpuint (get_be32 (tag + 12), ==, size);
  for (i = 1; i < 100; i++)
    g_assert_cmpuint (tag[16 + i], >=, tag[15 + i]);
  g_assert_cmpuint (tag[16], ==, header.size * 256 / size);
  g_assert_cmpmem (tag + 120, 4, "LAME", 4);
  g_assert_cmphex (get_be32 (tag + 141) >> 8, ==,
                   (skip - 529) << 12 | (trim_end + 529));
  g_assert_cmpuint (get_be32 (tag + 148), ==, size);
  g_assert_cmphex (get_be32 (tag + 152), ==,
                   get_crc (data + header.size, size - header.size) << 16 |
                       get_crc (data, at + 154));
}

/* A file, taken apart and written again, is the same. */
static void
check_law (GBytes *bytes,
           guint   n_packets,
           guint64 skip,
           guint64 trim_end)
{
  g_auto (EkaFile) file = { 0, };
  g_autoptr (GBytes) again = NULL;
  EkaStream stream;

  eka_file_init (&file);
  g_assert_true (eka_mp3file_read (&file, bytes));
  g_assert_cmpuint (file.packets->len, ==, n_packets);
  g_assert_cmpuint (file.skip, ==, skip);
  g_assert_cmpuint (file.trim_end, ==, trim_end);
  stream = (EkaStream) {
    .codec = &file.codec,
    .skip = file.skip,
    .trim_end = file.trim_end,
    .packets = (EkaPacketInfo *) (gpointer) file.packets->data,
    .n_packets = file.packets->len,
    .data = file.data->data,
  };
  again = eka_mp3file_write (&stream);
  g_assert_true (g_bytes_equal (bytes, again));
}

static void
test_bare (void)
{
  g_autoptr (Mp3Source) source = make_source (CBR, 20, 30);
  g_autoptr (GBytes) file = write_cut (source, 0, 20);
  gsize size;
  const guint8 *data = g_bytes_get_data (file, &size);

  g_assert_cmpmem (data, size, source->data->data, source->data->len);
  check_law (file, 20, 0, 0);
}

static void
test_skip (void)
{
  g_autoptr (Mp3Source) source = make_source (CBR, 20, 0);
  g_autoptr (GBytes) file = NULL;
  gsize size;
  const guint8 *data;

  source->skip = 1105;
  source->trim_end = 700;
  file = write_cut (source, 0, 20);
  data = g_bytes_get_data (file, &size);
  check_tag (file, 21, 20, 1105, 700);
  g_assert_cmpmem (data + TAG_SIZE, size - TAG_SIZE, source->data->data,
                   source->data->len);
  check_law (file, 20, 1105, 700);
}

/* Nothing before the pre-roll is needed where it does not reach back. */
static void
test_pre_roll (void)
{
  g_autoptr (Mp3Source) source = make_source (CBR, 20, 0);
  g_autoptr (GBytes) file = write_cut (source, 5, 20);

  check_tag (file, 21, 16, SAMPLES, 0);
  check_law (file, 16, SAMPLES, 0);
}

/* The last bytes of the frames before, in a frame that is just large enough. */
static void
test_reservoir (void)
{
  g_autoptr (Mp3Source) source = make_source (CBR, 20, 200);
  g_autoptr (GBytes) file = write_cut (source, 5, 20);
  gsize size;
  const guint8 *data = g_bytes_get_data (file, &size);
  const guint8 *filler = data + TAG_SIZE;
  EkaMp3Header header;
  guint i;

  check_tag (file, 21, 17, 2 * SAMPLES, 0);
  check_law (file, 17, 2 * SAMPLES, 0);
  /* 200 bytes of main data: not 208, but 261 */
  g_assert_true (eka_mp3_read_header (&header, filler, size));
  g_assert_cmpuint (header.size, ==, 261);
  for (i = 4; i < header.main_data; i++)
    g_assert_cmpuint (filler[i], ==, 0);
  /* the frame before the pre-roll has 187 of them, the one before it the rest */
  for (i = 0; i < 187; i++)
    g_assert_cmpuint (filler[260 - i], ==, 4);
  for (i = 187; i < 200; i++)
    g_assert_cmpuint (filler[260 - i], ==, 3);
  g_assert_cmpuint (filler[60], ==, 0);
  g_assert_cmpmem (filler + 261, size - TAG_SIZE - 261,
                   source->data->data + 4 * 208, 16 * 208);
}

/* 11 bytes of main data a frame: 255 of them reach back 24 frames. */
static void
test_deep_reservoir (void)
{
  g_autoptr (Mp3Source) source = make_source (DEEP, 100, 255);
  g_autoptr (GBytes) file = write_cut (source, 60, 100);
  gsize size;
  const guint8 *data = g_bytes_get_data (file, &size);
  guint i;

  check_tag (file, 13, 43, 3 * 576, 0);
  check_law (file, 43, 3 * 576, 0);
  for (i = 0; i < 255; i++)
    g_assert_cmpuint (data[size - 42 * 24 - 1 - i], ==, 58 - i / 11);
}

/* As much as there is, at the very end, and zeros before it. */
static void
test_short_history (void)
{
  g_autoptr (Mp3Source) source = make_source (DEEP, 60, 255);
  g_autoptr (GBytes) file = write_cut (source, 4, 60);
  gsize size;
  const guint8 *data = g_bytes_get_data (file, &size);
  const guint8 *end = data + size - 58 * 24;
  guint i;

  check_tag (file, 13, 59, 3 * 576, 0);
  for (i = 0; i < 255; i++)
    g_assert_cmpuint (end[-1 - (gint) i], ==, i < 11 ? 2 : i < 22 ? 1 : 0);
}

/* A frame of the pre-roll that needs nothing does not hide what the next needs:
 * as it is behind a splice. */
static void
test_second_frame_reaches_further (void)
{
  g_autoptr (Mp3Source) source = make_source (DEEP, 10, 0);
  g_autoptr (GBytes) file = NULL;
  guint i;

  mp3_source_add_made (source, DEEP, 0, 100);
  mp3_source_add_made (source, DEEP, 44, 101);
  for (i = 0; i < 10; i++)
    mp3_source_add_made (source, DEEP, 0, 102);
  /* frame 10 is the first of the pre-roll */
  file = write_cut (source, 12, 22);
  check_tag (file, 13, 13, 3 * 576, 0);
  /* 44 less the 11 of frame 10: more than 24 bytes have room for, not than 48 */
  g_assert_cmpuint (g_bytes_get_size (file), ==, 192 + 48 + 12 * 24);
}

/* No frame alone tells how long a recording of many bit rates is. */
static void
test_variable (void)
{
  g_autoptr (Mp3Source) source = make_source (LOW, 10, 0);
  g_autoptr (GBytes) file = NULL;
  guint i;

  for (i = 0; i < 10; i++)
    mp3_source_add_made (source, CBR, 0, 7);
  file = write_cut (source, 0, 20);
  check_tag (file, 21, 21, SAMPLES, 0);
  check_law (file, 21, SAMPLES, 0);
}

/* A frame of the recording that looks like a tag is none of ours. */
static void
test_foreign_tag (void)
{
  g_autoptr (Mp3Source) source = make_source (CBR, 10, 0);
  g_autoptr (GBytes) file = NULL;

  memcpy (source->data->data + 21, "Info", 4);
  file = write_cut (source, 0, 10);
  check_tag (file, 21, 11, SAMPLES, 0);
  check_law (file, 11, SAMPLES, 0);
}

/* Fewer than 529 samples cannot be skipped, so that silence is put before. */
static void
test_odd_skip (void)
{
  static const guint skips[] = { 1, 100, 528, 529 };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (skips); i++)
    {
      g_autoptr (Mp3Source) source = make_source (CBR, 20, 0);
      const gboolean odd = skips[i] < 529;
      const guint skip = skips[i] + (odd ? SAMPLES : 0);
      g_autoptr (GBytes) file = NULL;

      source->skip = skips[i];
      file = write_cut (source, 0, 20);
      check_tag (file, 21, 20 + odd, skip, 0);
      check_law (file, 20 + odd, skip, 0);
    }
}

static void
test_trim_only (void)
{
  g_autoptr (Mp3Source) source = make_source (CBR, 20, 0);
  g_autoptr (GBytes) file = NULL;

  source->trim_end = 100;
  file = write_cut (source, 0, 20);
  check_tag (file, 21, 21, SAMPLES, 100);
  check_law (file, 21, SAMPLES, 100);
}

/* More than the tag can count is left out, as far as nothing of it is heard. */
static void
test_large_numbers (void)
{
  g_autoptr (Mp3Source) source = make_source (CBR, 40, 100);
  g_autoptr (GBytes) most = NULL;
  g_autoptr (GBytes) more = NULL;

  source->skip = 4624;
  source->trim_end = 3566;
  most = write_cut (source, 0, 40);
  check_tag (most, 21, 40, 4624, 3566);
  check_law (most, 40, 4624, 3566);

  /* two frames less at the start, and a filler for the first that is left */
  source->skip = 4625;
  source->trim_end = 3567;
  more = write_cut (source, 0, 40);
  check_tag (more, 21, 40 - 2 - 1 + 1, 4625 - SAMPLES, 3567 - SAMPLES);
  check_law (more, 38, 4625 - SAMPLES, 3567 - SAMPLES);
}

/* FFmpeg wants to see eight frames. */
static void
test_short (void)
{
  guint n;

  for (n = 1; n <= 8; n++)
    {
      g_autoptr (Mp3Source) source = make_source (CBR, n, 0);
      g_autoptr (GBytes) file = write_cut (source, 0, n);
      /* skipped samples are at most 4624: four frames */
      const guint silences = n < 8 ? CLAMP (7 - (gint) n, 1, 4) : 0;

      if (n < 8)
        check_tag (file, 21, n + silences, silences * SAMPLES, 0);
      check_law (file, n + silences, silences * SAMPLES, 0);
    }
}

static void
test_header_size (void)
{
  static const guint32 versions[] = { 0xfffa0000, 0xfff20000, 0xffe20000 };
  guint version, protected, bitrate, rate, mode;

  for (version = 0; version < 3; version++)
    for (protected = 0; protected < 2; protected++)
      for (bitrate = 1; bitrate < 15; bitrate++)
        for (rate = 0; rate < 3; rate++)
          for (mode = 0; mode < 4; mode++)
            {
              const guint32 header = versions[version] | protected << 16 |
                                     bitrate << 12 | rate << 10 | mode << 6;
              g_autoptr (Mp3Source) source =
                  make_source (header, 80, version == 0 ? 511 : 255);
              g_autoptr (GBytes) file = write_cut (source, 70, 80);
              const guint n = 10 + eka_mp3_pre_roll (&source->codec);
              gsize cost = eka_mp3file_header_size (&source->codec);

              cost += n * eka_mp3file_packet_cost (
                  g_array_index (source->packets, EkaPacketInfo, 0).size);
              g_assert_cmpuint (g_bytes_get_size (file), <=, cost);
              check_law (file, n + 1,
                         (n - 9) * eka_mp3_frame_samples (&source->codec), 0);
            }
}

/* Whatever is done to a file, it is read as what it would be written from, or
 * not at all. Each copy has exactly its size, for sanitizers. */
static void
read_copy (const guint8 *data,
           gsize         size)
{
  g_autofree guint8 *copy = g_memdup2 (data, size);
  g_autoptr (GBytes) bytes = g_bytes_new_static (copy, size);
  g_auto (EkaFile) file = { 0, };

  eka_file_init (&file);
  if (eka_mp3file_read (&file, bytes))
    check_law (bytes, file.packets->len, file.skip, file.trim_end);
}

static void
check_damage (GBytes *file)
{
  gsize size, i;
  const guint8 *data = g_bytes_get_data (file, &size);
  g_autofree guint8 *damaged = g_memdup2 (data, size);
  guint bit;

  for (i = 0; i < size; i++)
    {
      read_copy (data, i);
      for (bit = 0; bit < 8; bit++)
        {
          damaged[i] ^= 1 << bit;
          read_copy (damaged, size);
          damaged[i] ^= 1 << bit;
        }
      damaged[i] ^= 0xff;
      read_copy (damaged, size);
      damaged[i] ^= 0xff;
    }
}

static void
test_damage (void)
{
  g_autoptr (Mp3Source) source = make_source (DEEP, 60, 255);
  g_autoptr (Mp3Source) large = make_source (LOW, 20, 300);
  g_autoptr (GBytes) first = write_cut (source, 0, 20);
  g_autoptr (GBytes) second = write_cut (source, 40, 60);
  g_autoptr (GBytes) third = write_cut (large, 10, 16);

  check_damage (first);
  check_damage (second);
  check_damage (third);
}

/* What a service would hear otherwise: what LAME's part says is checked. */
static void
test_strict (void)
{
  g_autoptr (Mp3Source) source = make_source (CBR, 20, 100);
  g_autoptr (GBytes) file = write_cut (source, 5, 20);
  gsize size, i;
  const guint8 *data = g_bytes_get_data (file, &size);
  g_autofree guint8 *damaged = g_memdup2 (data, size);

  for (i = 0; i < size; i++)
    {
      g_auto (EkaFile) read = { 0, };
      g_autoptr (GBytes) bytes = NULL;

      damaged[i] ^= 0x10;
      bytes = g_bytes_new_static (damaged, size);
      eka_file_init (&read);
      g_assert_false (eka_mp3file_read (&read, bytes));
      damaged[i] ^= 0x10;
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/mp3file/bare-frames", test_bare);
  g_test_add_func ("/mp3file/what-is-skipped", test_skip);
  g_test_add_func ("/mp3file/pre-roll", test_pre_roll);
  g_test_add_func ("/mp3file/reservoir", test_reservoir);
  g_test_add_func ("/mp3file/deep-reservoir", test_deep_reservoir);
  g_test_add_func ("/mp3file/short-history", test_short_history);
  g_test_add_func ("/mp3file/second-frame-reaches-further",
                   test_second_frame_reaches_further);
  g_test_add_func ("/mp3file/many-bit-rates", test_variable);
  g_test_add_func ("/mp3file/foreign-tag", test_foreign_tag);
  g_test_add_func ("/mp3file/odd-skip", test_odd_skip);
  g_test_add_func ("/mp3file/trim-only", test_trim_only);
  g_test_add_func ("/mp3file/large-numbers", test_large_numbers);
  g_test_add_func ("/mp3file/short-files", test_short);
  g_test_add_func ("/mp3file/header-size-is-a-bound", test_header_size);
  g_test_add_func ("/mp3file/damage-does-no-harm", test_damage);
  g_test_add_func ("/mp3file/every-byte-counts", test_strict);
  return g_test_run ();
}
