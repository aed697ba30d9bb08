/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "chunk/ogg.h"

#include "oggreader.h"
#include "synth.h"

#include <string.h>

typedef struct
{
  EkaCodec codec;
  GArray *infos;
  GByteArray *data;
  EkaStream stream;
} Fixture;

static void
set_up (Fixture      *self,
        gconstpointer user_data)
{
  eka_opus_init_codec (&self->codec, 1);
  self->infos = g_array_new (FALSE, FALSE, sizeof (EkaPacketInfo));
  self->data = g_byte_array_new ();
  self->stream = (EkaStream) { .codec = &self->codec, .serial = 1 };
}

static void
tear_down (Fixture      *self,
           gconstpointer user_data)
{
  g_array_unref (self->infos);
  g_byte_array_unref (self->data);
}

static void
add (Fixture *self,
     GBytes  *packet)
{
  EkaPacketInfo info = { 0, };
  gsize size;
  const guint8 *data = g_bytes_get_data (packet, &size);

  info.size = size;
  info.samples = eka_opus_packet_samples (data, size);
  g_assert_cmpuint (info.samples, >, 0);
  g_array_append_val (self->infos, info);
  g_byte_array_append (self->data, data, size);
  self->stream.packets = (EkaPacketInfo *) self->infos->data;
  self->stream.n_packets = self->infos->len;
  self->stream.data = self->data->data;
}

static void
add_random (Fixture *self,
            guint    seed,
            guint    n,
            gsize    max_frame)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (seed);
  guint i;

  for (i = 0; i < n; i++)
    {
      g_autoptr (GBytes) packet = synth_random_opus_packet (rand, max_frame);

      add (self, packet);
    }
}

/* Returns: (transfer full): the file read again, its packets compared */
static OggFile *
write_and_read (Fixture *self)
{
  g_autoptr (GBytes) bytes = eka_ogg_write (&self->stream);
  OggFile *file = ogg_file_new (bytes);
  const guint8 *expected = self->data->data;
  gsize cost = eka_ogg_header_size (&self->codec);
  guint i;

  g_assert_cmpuint (file->packets->len, ==, self->infos->len);
  for (i = 0; i < file->packets->len; i++)
    {
      gsize size;
      const guint8 *data = g_bytes_get_data (file->packets->pdata[i], &size);

      g_assert_cmpmem (data, size, expected,
                       g_array_index (self->infos, EkaPacketInfo, i).size);
      expected += size;
      cost += eka_ogg_packet_cost (&self->codec, size,
                                   eka_opus_packet_samples (data, size));
    }
  g_assert_cmpuint (g_bytes_get_size (bytes), <=, cost);
  return file;
}

static void
test_header (Fixture      *self,
             gconstpointer user_data)
{
  g_autoptr (OggFile) file = NULL;

  self->codec.channels = 2;
  self->codec.rate = 44100;
  self->codec.output_gain = -300;
  self->codec.pre_skip = 99;
  self->stream.serial = 0x87654321;
  self->stream.skip = 1000;
  add_random (self, 1, 100, 50);
  file = write_and_read (self);
  g_assert_cmpuint (file->codec.channels, ==, 2);
  g_assert_cmpuint (file->codec.rate, ==, 44100);
  g_assert_cmpint (file->codec.output_gain, ==, -300);
  g_assert_cmpuint (file->codec.pre_skip, ==, 1000);
  g_assert_cmphex (file->serial, ==, 0x87654321);
}

static void
test_random (Fixture      *self,
             gconstpointer user_data)
{
  static const gsize max_frames[] = { 0, 1, 80, 254, 300, 1275 };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (max_frames); i++)
    {
      g_autoptr (OggFile) file = NULL;

      g_array_set_size (self->infos, 0);
      g_byte_array_set_size (self->data, 0);
      add_random (self, 7845 + i, 600, max_frames[i]);
      file = write_and_read (self);
      g_assert_cmpuint (file->max_page_samples, <=, 48000);
    }
}

static void
test_largest_packet (Fixture      *self,
                     gconstpointer user_data)
{
  g_autofree guint8 *data = g_malloc0 (61440);
  g_autoptr (GBytes) packet = NULL;
  g_autoptr (OggFile) file = NULL;
  guint i;

  data[0] = 0x0b;
  data[1] = 0x41;
  /* 241 bytes tell 240 * 254 + 237 bytes of padding, around an empty frame */
  memset (data + 2, 255, 240);
  data[242] = 237;
  packet = g_bytes_new (data, 61440);
  for (i = 0; i < 5; i++)
    add (self, packet);
  file = write_and_read (self);
  g_assert_cmpuint (file->total, ==, 5 * 960);
}

static void
test_trim (Fixture      *self,
           gconstpointer user_data)
{
  g_autoptr (OggFile) file = NULL;

  add_random (self, 3, 200, 80);
  self->stream.skip = 312;
  self->stream.trim_end = 100;
  file = write_and_read (self);
  g_assert_cmpuint (file->trim_end, ==, 100);
  g_assert_cmpuint (file->samples, ==, file->total - 412);
}

static void
test_single (Fixture      *self,
             gconstpointer user_data)
{
  g_autoptr (GBytes) packet = g_bytes_new ("\x08", 1);
  g_autoptr (OggFile) file = NULL;

  add (self, packet);
  file = write_and_read (self);
  g_assert_cmpuint (file->samples, ==, 960);
}

static void
test_same_bytes (Fixture      *self,
                 gconstpointer user_data)
{
  g_autoptr (GBytes) first = NULL;
  g_autoptr (GBytes) second = NULL;

  add_random (self, 4, 500, 100);
  first = eka_ogg_write (&self->stream);
  second = eka_ogg_write (&self->stream);
  g_assert_true (g_bytes_equal (first, second));
}

/* Header and page overhead at 32 kbit/s stays under the 3 % that we allow. */
static void
test_overhead (Fixture      *self,
               gconstpointer user_data)
{
  g_autofree guint8 *data = g_malloc0 (80);
  g_autoptr (GBytes) packet = NULL;
  g_autoptr (GBytes) bytes = NULL;
  guint i;

  data[0] = 0x08;
  packet = g_bytes_new (data, 80);
  for (i = 0; i < 1000; i++)
    add (self, packet);
  bytes = eka_ogg_write (&self->stream);
  g_assert_cmpuint (g_bytes_get_size (bytes), <=, 82400);
}

int
main (int    argc,
      char **argv)
{
#define ADD(name, func) \
  g_test_add ("/ogg/" name, Fixture, NULL, set_up, func, tear_down)

  g_test_init (&argc, &argv, NULL);
  ADD ("header-tells-codec-and-pre-skip", test_header);
  ADD ("packets-come-back-unchanged", test_random);
  ADD ("largest-packets", test_largest_packet);
  ADD ("last-granule-position-trims", test_trim);
  ADD ("single-packet-without-frame", test_single);
  ADD ("same-stream-same-bytes", test_same_bytes);
  ADD ("overhead-under-3-percent", test_overhead);
  return g_test_run ();
}
