/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "chunk/webm.h"
#include "chunk/webmfile.h"

#include "synth.h"
#include "take.h"

#include <string.h>

/* Opus in WebM: what is in a file, by a reader that shares nothing with the
 * library. */

#define MAX_DEPTH 5

/* One element of a file */
typedef struct
{
  guint32 id;
  guint depth;
  const guint8 *data;
  gsize size;
} Element;

/* One frame of a block, with its time as a demuxer finds it */
typedef struct
{
  const guint8 *data;
  gsize size;
  guint64 nanoseconds;
  guint64 padding; /* of its block */
  guint lace;      /* frames of its block */
} Frame;

static gboolean
is_master (guint32 id)
{
  return id == 0x1a45dfa3 || id == 0x18538067 || id == 0x1549a966 ||
         id == 0x1654ae6b || id == 0xae || id == 0xe1 || id == 0x1f43b675 ||
         id == 0xa0;
}

static guint
vint_length (guint8 first)
{
  guint n;

  for (n = 1; n <= 8; n++)
    {
      if ((first & 1 << (8 - n)) != 0)
        return n;
    }
  g_assert_not_reached ();
}

static guint64
big_endian (const guint8 *data,
            gsize         size)
{
  guint64 value = 0;

  g_assert_cmpuint (size, <=, 8);
  while (size-- > 0)
    value = value << 8 | *data++;
  return value;
}

/* Every element lies in its parent, and its parent is full. */
static void
walk (GArray       *elements,
      const guint8 *data,
      gsize         size,
      guint         depth)
{
  g_assert_cmpuint (depth, <, MAX_DEPTH);
  while (size > 0)
    {
      Element element = { .depth = depth };
      const guint id_length = vint_length (data[0]);
      guint length;

      g_assert_cmpuint (id_length, <=, 4);
      g_assert_cmpuint (id_length + 1, <=, size);
      element.id = (guint32) big_endian (data, id_length);
      length = vint_length (data[id_length]);
      g_assert_cmpuint (id_length + length, <=, size);
      element.size = big_endian (data + id_length, length) ^
                     G_GUINT64_CONSTANT (1) << (7 * length);
      data += id_length + length;
      size -= id_length + length;
      g_assert_cmpuint (element.size, <=, size);
      element.data = data;
      g_array_append_val (elements, element);
      if (is_master (element.id))
        walk (elements, data, element.size, depth + 1);
      data += element.size;
      size -= element.size;
    }
}

static GArray *
walk_file (GBytes *file)
{
  GArray *elements = g_array_new (FALSE, FALSE, sizeof (Element));

  walk (elements, g_bytes_get_data (file, NULL), g_bytes_get_size (file), 0);
  return elements;
}

static const Element *
find (GArray *elements,
      guint32 id)
{
  guint i;

  for (i = 0; i < elements->len; i++)
    {
      if (g_array_index (elements, Element, i).id == id)
        return &g_array_index (elements, Element, i);
    }
  return NULL;
}

static guint64
find_uint (GArray *elements,
           guint32 id)
{
  const Element *element = find (elements, id);

  return element != NULL ? big_endian (element->data, element->size) : 0;
}

static gdouble
find_duration (GArray *elements)
{
  const guint64 bits = find_uint (elements, 0x4489);
  gdouble value;

  memcpy (&value, &bits, sizeof value);
  return value;
}

/* Takes a lace apart. */
static void
add_frames (GArray        *frames,
            const Element *block,
            guint64        cluster,
            guint64        default_duration)
{
  const guint8 *data = block->data + 4, *end = block->data + block->size;
  const guint64 start =
      cluster + (gint16) big_endian (block->data + 1, 2);
  gsize sizes[256], sum = 0;
  guint n = 1, i;

  g_assert_cmpuint (block->size, >, 4);
  g_assert_cmpuint (block->data[0], ==, 0x81);
  g_assert_cmpuint (block->data[3] & ~0x02, ==, block->id == 0xa3 ? 0x80 : 0);
  if ((block->data[3] & 0x02) != 0)
    n = *data++ + 1;
  for (i = 0; i + 1 < n; i++)
    {
      for (sizes[i] = 0; *data == 255; data++)
        sizes[i] += 255;
      sizes[i] += *data++;
      sum += sizes[i];
    }
  g_assert_cmpuint (sum, <, end - data);
  sizes[n - 1] = end - data - sum;
  for (i = 0; i < n; i++)
    {
      const Frame frame = {
        .data = data,
        .size = sizes[i],
        .nanoseconds = start * 1000000 + i * default_duration,
        .lace = n,
      };

      g_array_append_val (frames, frame);
      data += sizes[i];
    }
}

static GArray *
find_frames (GArray *elements)
{
  GArray *frames = g_array_new (FALSE, FALSE, sizeof (Frame));
  const guint64 default_duration = find_uint (elements, 0x23e383);
  guint64 cluster = 0;
  guint i;

  for (i = 0; i < elements->len; i++)
    {
      const Element *element = &g_array_index (elements, Element, i);

      if (element->id == 0xe7)
        cluster = big_endian (element->data, element->size);
      if (element->id == 0xa3 || element->id == 0xa1)
        add_frames (frames, element, cluster, default_duration);
      /* it follows its block */
      if (element->id == 0x75a2)
        {
          g_assert_cmpuint (element->data[0], <, 0x80);
          g_array_index (frames, Frame, frames->len - 1).padding =
              big_endian (element->data, element->size);
        }
    }
  return frames;
}

/* A file has the packets of @stream, at their times. */
static void
check_frames (const EkaStream *stream,
              GArray          *elements,
              guint            n_packets)
{
  g_autoptr (GArray) frames = find_frames (elements);
  const guint64 delay = find_uint (elements, 0x56aa);
  const guint8 *data = stream->data;
  guint64 samples = 0;
  guint i;

  g_assert_cmpuint (frames->len, ==, n_packets);
  for (i = 0; i < n_packets; i++)
    {
      const Frame *frame = &g_array_index (frames, Frame, i);
      const guint64 exact = samples * 62500 / 3;

      g_assert_cmpmem (frame->data, frame->size, data, stream->packets[i].size);
      g_assert_cmpuint (frame->nanoseconds, >=, exact);
      g_assert_cmpuint (frame->nanoseconds, <, exact + 1000000);
      /* what matroskademux takes for hidden */
      if (stream->skip > 0)
        g_assert_cmpint (frame->nanoseconds <= delay, ==,
                         samples < stream->skip);
      g_assert_true (frame->padding == 0 || frame->lace == 1);
      data += stream->packets[i].size;
      samples += stream->packets[i].samples;
    }
}

static gsize
largest_size (const EkaStream *stream)
{
  gsize size = eka_webm_header_size (stream->codec);
  guint i;

  for (i = 0; i < stream->n_packets; i++)
    size += eka_webm_packet_cost (stream->packets[i].size);
  return size;
}

static void
read_again (GBytes *file)
{
  g_auto (EkaFile) read = { 0 };
  g_autoptr (GBytes) again = NULL;
  EkaStream stream;

  eka_file_init (&read);
  g_assert_true (eka_webmfile_read (&read, file));
  stream = (EkaStream) {
    .codec = &read.codec,
    .serial = read.serial,
    .skip = read.skip,
    .trim_end = read.trim_end,
    .packets = &g_array_index (read.packets, EkaPacketInfo, 0),
    .n_packets = read.packets->len,
    .data = read.data->data,
  };
  again = eka_webm_write (&stream);
  g_assert_cmpmem (g_bytes_get_data (again, NULL), g_bytes_get_size (again),
                   g_bytes_get_data (file, NULL), g_bytes_get_size (file));
}

static void
test_elements (void)
{
  static const guint32 ids[] = {
    0x1a45dfa3, 0x4286, 0x42f7, 0x42f2, 0x42f3, 0x4282, 0x4287, 0x4285,
    0x18538067, 0x1549a966, 0x2ad7b1, 0x4489, 0x4d80, 0x5741, 0x1654ae6b, 0xae,
    0xd7, 0x73c5, 0x83, 0x23e383, 0x22b59c, 0x86, 0x63a2, 0x56aa, 0x56bb, 0xe1,
    0xb5, 0x9f, 0x1f43b675, 0xe7, 0xa3, 0xa0, 0xa1, 0x75a2,
  };
  static const guint8 head[] =
      "OpusHead\1\2\x38\1\x80\xbb\0\0\0\1"; /* and the last 0 */
  g_autoptr (Take) take = take_new (2);
  g_autoptr (GBytes) file = NULL;
  g_autoptr (GArray) elements = NULL;
  EkaStream stream;
  guint i;

  take->codec.rate = 48000;
  take->codec.output_gain = 256;
  for (i = 0; i < 3; i++)
    take_add_frame (take, 1, 10 + 300 * i);
  stream = take_get_all (take, 312, 48);
  file = eka_webm_write (&stream);
  elements = walk_file (file);

  g_assert_cmpuint (elements->len, ==, G_N_ELEMENTS (ids));
  for (i = 0; i < elements->len; i++)
    g_assert_cmphex (g_array_index (elements, Element, i).id, ==, ids[i]);
  g_assert_cmpuint (find_uint (elements, 0x4286), ==, 1);
  g_assert_cmpuint (find_uint (elements, 0x4282), ==, 0x7765626d);
  g_assert_cmpuint (find_uint (elements, 0x4287), ==, 4);
  g_assert_cmpuint (find_uint (elements, 0x4285), ==, 2);
  g_assert_cmpuint (find_uint (elements, 0x2ad7b1), ==, 1000000);
  g_assert_cmpfloat (find_duration (elements), ==, 59);
  g_assert_cmpuint (find_uint (elements, 0xd7), ==, 1);
  g_assert_cmpuint (find_uint (elements, 0x73c5), !=, 0);
  g_assert_cmpuint (find_uint (elements, 0x83), ==, 2);
  g_assert_cmpuint (find_uint (elements, 0x23e383), ==, 20000000);
  g_assert_cmpmem (find (elements, 0x86)->data, find (elements, 0x86)->size,
                   "A_OPUS", 6);
  g_assert_cmpmem (find (elements, 0x63a2)->data, find (elements, 0x63a2)->size,
                   head, 19);
  g_assert_cmpuint (find_uint (elements, 0x56aa), ==, 6500000);
  g_assert_cmpuint (find_uint (elements, 0x56bb), ==, 80000000);
  g_assert_cmphex (find_uint (elements, 0xb5), ==, 0x473b8000);
  g_assert_cmpuint (find_uint (elements, 0x9f), ==, 2);
  g_assert_cmpuint (find_uint (elements, 0x75a2), ==, 1000000);
  check_frames (&stream, elements, 3);
}

/* CodecDelay is less than the first time that is heard, by a nanosecond. */
static void
test_delay (void)
{
  static const struct
  {
    guint config;
    guint skip;
    guint64 delay;
  } cases[] = {
    { 1, 0, 0 },           { 1, 312, 6500000 },   { 1, 960, 19999999 },
    { 1, 3840, 79999999 }, { 1, 961, 20020833 },  { 16, 600, 12499999 },
    { 3, 3840, 80000000 }, { 3, 2880, 59999999 }, { 16, 1, 20833 },
  };
  guint i, n;

  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (Take) take = take_new (1);
      g_autoptr (GBytes) file = NULL;
      g_autoptr (GArray) elements = NULL;
      EkaStream stream;

      for (n = 0; n < 50; n++)
        take_add_frame (take, cases[i].config, 20);
      stream = take_get_all (take, cases[i].skip, 0);
      file = eka_webm_write (&stream);
      elements = walk_file (file);
      g_assert_cmpuint (find_uint (elements, 0x56aa), ==, cases[i].delay);
      g_assert_cmpint (find (elements, 0x56aa) == NULL, ==, cases[i].skip == 0);
      check_frames (&stream, elements, 50);
      read_again (file);
    }
}

/* The padding of the last packet, and nothing of those behind it */
static void
test_trimming (void)
{
  static const struct
  {
    guint trim_end;
    guint n_packets;
    guint padding;
  } cases[] = {
    { 0, 4, 0 },           { 1, 4, 20833 },       { 404, 4, 8416667 },
    { 959, 4, 19979167 },  { 960, 3, 0 },         { 1000, 3, 833333 },
    { 2880, 1, 0 },        { 3839, 1, 19979167 }, { 3840, 1, 20000000 },
  };
  guint i, n;

  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (Take) take = take_new (1);
      g_autoptr (GBytes) file = NULL;
      g_autoptr (GArray) elements = NULL;
      EkaStream stream;

      for (n = 0; n < 4; n++)
        take_add_frame (take, 1, 20 + n);
      stream = take_get_all (take, 0, cases[i].trim_end);
      file = eka_webm_write (&stream);
      elements = walk_file (file);
      g_assert_cmpuint (find_uint (elements, 0x75a2), ==, cases[i].padding);
      g_assert_cmpfloat_with_epsilon (
          find_duration (elements), (3840 - cases[i].trim_end) / 48., 1e-9);
      check_frames (&stream, elements, cases[i].n_packets);
      read_again (file);
    }
}

/* Any packets: each comes back at its place and time, and no file is larger
 * than was told before. */
static void
test_random (void)
{
  guint i, n;

  for (i = 0; i < 300; i++)
    {
      g_autoptr (GRand) rand = g_rand_new_with_seed (i);
      g_autoptr (Take) take = take_new (1 + i % 2);
      const guint n_packets = g_rand_int_range (rand, 1, 200);
      const guint steady = g_rand_int_range (rand, 1, 100);
      const gsize max_frame = i % 4 == 0 ? 1275 : 80;
      guint config = 1, hidden;
      guint64 skip = 0, total;
      g_autoptr (GBytes) file = NULL;
      g_autoptr (GBytes) again = NULL;
      g_autoptr (GArray) elements = NULL;
      EkaStream stream;

      for (n = 0; n < n_packets; n++)
        {
          g_autoptr (GBytes) packet = NULL;

          if (n % steady == 0)
            config = g_rand_int_range (rand, 0, 32);
          packet = steady == 1 ? synth_random_opus_packet (rand, max_frame)
                               : synth_opus_packet (rand, config, 0, max_frame);
          take_add_bytes (take, packet);
        }
      stream = take_get_all (take, 0, 0);
      total = eka_stream_count_samples (&stream);
      hidden = g_rand_int_range (rand, 0, MIN (n_packets, 9));
      for (n = 0; n < hidden; n++)
        skip += stream.packets[n].samples;
      stream.skip = MIN (skip, G_MAXUINT16);
      stream.trim_end = MIN (total - stream.skip, i % 3 * 59);

      file = eka_webm_write (&stream);
      again = eka_webm_write (&stream);
      g_assert_true (g_bytes_equal (file, again));
      g_assert_cmpuint (g_bytes_get_size (file), <=, largest_size (&stream));
      elements = walk_file (file);
      for (n = stream.n_packets, total = stream.trim_end;
           n > 1 && total >= stream.packets[n - 1].samples; n--)
        total -= stream.packets[n - 1].samples;
      check_frames (&stream, elements, n);
      read_again (file);
    }
}

static void
test_read (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (5);
  g_autoptr (Take) take = take_new (2);
  g_auto (EkaFile) read = { 0 };
  g_autoptr (GBytes) file = NULL;
  EkaStream stream;
  guint i;

  take->codec.rate = 16000;
  take->codec.output_gain = -300;
  for (i = 0; i < 90; i++)
    {
      g_autoptr (GBytes) packet = synth_random_opus_packet (rand, 1275);

      take_add_bytes (take, packet);
    }
  stream = take_get_all (take, 4321, 77);
  take->codec.pre_skip = 4321;
  file = eka_webm_write (&stream);

  eka_file_init (&read);
  g_assert_true (eka_webmfile_read (&read, file));
  g_assert_true (eka_codec_is_equal (&read.codec, &take->codec));
  g_assert_cmpuint (read.serial, ==, 0);
  g_assert_cmpuint (read.skip, ==, 4321);
  g_assert_cmpuint (read.trim_end, ==, 77);
  g_assert_cmpmem (read.data->data, read.data->len, take->data->data,
                   take->data->len);
  g_assert_cmpuint (read.packets->len, ==, stream.n_packets);
  for (i = 0; i < stream.n_packets; i++)
    {
      const EkaPacketInfo *info =
          &g_array_index (read.packets, EkaPacketInfo, i);

      g_assert_cmpuint (info->size, ==, stream.packets[i].size);
      g_assert_cmpuint (info->samples, ==, stream.packets[i].samples);
    }
}

/* Three hours: no cluster is longer than a block can tell. */
static void
test_hours (void)
{
  g_autoptr (Take) take = take_new (1);
  g_autoptr (GBytes) file = NULL;
  g_autoptr (GArray) elements = NULL;
  EkaStream stream;
  guint i, n_clusters = 0;

  for (i = 0; i < 3 * 3600 * 50; i++)
    take_add_frame (take, 1, i % 100 == 0 ? 30 : 1);
  stream = take_get_all (take, 3840, 5);
  file = eka_webm_write (&stream);
  elements = walk_file (file);
  for (i = 0; i < elements->len; i++)
    n_clusters += g_array_index (elements, Element, i).id == 0x1f43b675;
  g_assert_cmpuint (n_clusters, >=, 3 * 120 - 10);
  g_assert_cmpuint (n_clusters, <=, 3 * 120 + 1);
  check_frames (&stream, elements, stream.n_packets);
  read_again (file);
}

/* 32 kbit/s in packets of 20 ms */
static void
test_overhead (void)
{
  g_autoptr (Take) take = take_new (1);
  g_autoptr (GBytes) file = NULL;
  EkaStream stream;
  gsize overhead;
  guint i;

  for (i = 0; i < 1000; i++)
    take_add_frame (take, 1, 80);
  stream = take_get_all (take, 24000, 5);
  file = eka_webm_write (&stream);
  overhead = g_bytes_get_size (file) - 80000;
  g_test_message ("%" G_GSIZE_FORMAT " bytes of 80000", overhead);
  g_assert_cmpuint (overhead, <=, 80000 * 2 / 100);
}

/* Memory that ends where the file ends, so that a sanitizer sees a byte more */
static void
read_damaged (const guint8 *data,
              gsize         size)
{
  g_autoptr (GBytes) file = g_bytes_new (data, size);
  g_auto (EkaFile) read = { 0 };

  eka_file_init (&read);
  if (eka_webmfile_read (&read, file))
    read_again (file);
}

static GBytes *
make_small_file (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (7);
  g_autoptr (Take) take = take_new (1);
  EkaStream stream;
  guint i;

  for (i = 0; i < 30; i++)
    take_add_frame (take, i == 9 ? 16 : 1, i == 3 ? 600 : 1 + i % 9);
  stream = take_get_all (take, 960, 48);
  return eka_webm_write (&stream);
}

static void
test_truncated (void)
{
  g_autoptr (GBytes) file = make_small_file ();
  gsize size, i;
  const guint8 *data = g_bytes_get_data (file, &size);

  read_again (file);
  for (i = 0; i < size; i++)
    {
      g_autoptr (GBytes) part = g_bytes_new (data, i);
      g_auto (EkaFile) read = { 0 };

      eka_file_init (&read);
      g_assert_false (eka_webmfile_read (&read, part));
    }
}

static void
test_damaged (void)
{
  static const guint8 masks[] = { 1, 2, 4, 8, 16, 32, 64, 128, 255 };
  g_autoptr (GBytes) file = make_small_file ();
  gsize size, i;
  const guint8 *data = g_bytes_get_data (file, &size);
  g_autofree guint8 *copy = g_memdup2 (data, size);
  guint n;

  for (i = 0; i < size; i++)
    {
      for (n = 0; n < G_N_ELEMENTS (masks); n++)
        {
          copy[i] = data[i] ^ masks[n];
          read_damaged (copy, size);
        }
      copy[i] = data[i];
    }
}

/* Something before, behind and between */
static void
test_foreign (void)
{
  static const guint8 empty_void[] = { 0xec, 0x80 };
  g_autoptr (GBytes) file = make_small_file ();
  g_autoptr (GByteArray) longer = g_byte_array_new ();
  gsize size;
  const guint8 *data = g_bytes_get_data (file, &size);
  guint i;

  for (i = 0; i < 2; i++)
    {
      g_auto (EkaFile) read = { 0 };
      g_autoptr (GBytes) bytes = NULL;

      g_byte_array_set_size (longer, 0);
      if (i == 0)
        g_byte_array_append (longer, empty_void, sizeof empty_void);
      g_byte_array_append (longer, data, (guint) size);
      if (i == 1)
        g_byte_array_append (longer, empty_void, sizeof empty_void);
      bytes = g_bytes_new (longer->data, longer->len);
      eka_file_init (&read);
      g_assert_false (eka_webmfile_read (&read, bytes));
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/webm/elements-and-their-values", test_elements);
  g_test_add_func ("/webm/delay-ends-before-what-is-heard", test_delay);
  g_test_add_func ("/webm/trimming-is-padding-of-the-last", test_trimming);
  g_test_add_func ("/webm/any-packets-come-back", test_random);
  g_test_add_func ("/webm/reader-finds-what-was-written", test_read);
  g_test_add_func ("/webm/hours-in-clusters", test_hours);
  g_test_add_func ("/webm/overhead-is-under-two-percent", test_overhead);
  g_test_add_func ("/webm/part-of-a-file-is-refused", test_truncated);
  g_test_add_func ("/webm/damage-does-no-harm", test_damaged);
  g_test_add_func ("/webm/foreign-elements-are-refused", test_foreign);
  return g_test_run ();
}
