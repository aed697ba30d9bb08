/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "chunk/oggfile.h"

#include <ogg/ogg.h>
#include <string.h>

#include "chunk/chunker.h"
#include "chunk/ogg.h"
#include "chunk/opus.h"
#include "chunk/split.h"
#include "chunk/vorbis.h"
#include "encode.h"
#include "synth.h"

#define SECOND G_GUINT64_CONSTANT (1000000000)

static void
pop_all (EkaChunker *chunker,
         GPtrArray  *chunks)
{
  EkaChunk *chunk;

  while ((chunk = eka_chunker_pop (chunker)) != NULL)
    g_ptr_array_add (chunks, chunk);
}

static GPtrArray *
new_chunks (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify) eka_chunk_unref);
}

/* --- recordings ----------------------------------------------------------- */

static GPtrArray *
record_opus (GRand *rand,
             guint  n_packets,
             gsize  max_frame)
{
  const EkaChunkLimits limits = {
    .min_duration = 2 * SECOND,
    .max_duration = 4 * SECOND,
    .max_bytes = 10000000,
  };
  GPtrArray *chunks = new_chunks ();
  g_autoptr (EkaChunker) chunker = NULL;
  EkaCodec codec;
  guint i;

  eka_opus_init_codec (&codec, 1 + n_packets % 2);
  codec.pre_skip = (guint) g_rand_int_range (rand, 0, 4000);
  codec.rate = 44100;
  codec.output_gain = -300;
  chunker = eka_chunker_new (&codec, EKA_CONTAINER_OGG, &limits);
  for (i = 0; i < n_packets; i++)
    {
      g_autoptr (GBytes) bytes = synth_random_opus_packet (rand, max_frame);
      EkaPacket packet = { .running_time = EKA_TIME_NONE };

      packet.data = g_bytes_get_data (bytes, &packet.size);
      if (i + 1 == n_packets)
        packet.trim_end = 100;
      g_assert_true (eka_chunker_push (chunker, &packet));
    }
  eka_chunker_close (chunker);
  pop_all (chunker, chunks);
  return chunks;
}

/* What an encoder made, and the chunks of it.
 *
 * @packets: (element-type GBytes): its audio
 * @samples: what a decoder returns */
typedef struct
{
  GBytes *file;
  EkaCodec codec;
  GPtrArray *packets;
  guint64 samples;
  GPtrArray *chunks;
} Vorbis;

/* Any Ogg file, by libogg alone: headers make the codec. */
static void
read_source (Vorbis *self)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (self->file, &size);
  GBytes *headers[EKA_VORBIS_N_HEADERS];
  guint number = 0, i;
  ogg_stream_state stream;
  ogg_sync_state sync;
  ogg_packet packet;
  ogg_page page;

  ogg_sync_init (&sync);
  memcpy (ogg_sync_buffer (&sync, (glong) size), data, size);
  ogg_sync_wrote (&sync, (glong) size);
  while (ogg_sync_pageout (&sync, &page) == 1)
    {
      if (number == 0)
        ogg_stream_init (&stream, ogg_page_serialno (&page));
      ogg_stream_pagein (&stream, &page);
      self->samples = (guint64) ogg_page_granulepos (&page);
      for (; ogg_stream_packetout (&stream, &packet) == 1; number++)
        {
          GBytes *bytes = g_bytes_new (packet.packet, (gsize) packet.bytes);

          if (number < EKA_VORBIS_N_HEADERS)
            headers[number] = bytes;
          else
            g_ptr_array_add (self->packets, bytes);
        }
    }
  ogg_stream_clear (&stream);
  ogg_sync_clear (&sync);
  g_assert_true (eka_vorbis_init_codec (&self->codec, headers));
  for (i = 0; i < EKA_VORBIS_N_HEADERS; i++)
    g_bytes_unref (headers[i]);
}

static void
push_vorbis (EkaChunker   *chunker,
             const Vorbis *vorbis,
             guint         from,
             guint         to,
             guint         trim_end)
{
  for (; from < to; from++)
    {
      EkaPacket packet = { .running_time = EKA_TIME_NONE };

      packet.data =
          g_bytes_get_data (vorbis->packets->pdata[from], &packet.size);
      packet.trim_end = from + 1 == to ? trim_end : 0;
      g_assert_true (eka_chunker_push (chunker, &packet));
    }
}

/* Samples that all packets complete: more than are heard, by what is trimmed */
static guint64
count_samples (const Vorbis *vorbis)
{
  guint64 total = 0;
  guint previous = 0, i;

  for (i = 0; i < vorbis->packets->len; i++)
    {
      guint samples;
      gsize size;
      const guint8 *data = g_bytes_get_data (vorbis->packets->pdata[i], &size);

      g_assert_true (eka_vorbis_measure_packet (&vorbis->codec, data, size,
                                                &previous, &samples));
      total += samples;
    }
  return total;
}

static void
set_up (Vorbis       *self,
        gconstpointer user_data)
{
  const EkaChunkLimits limits = {
    .min_duration = 2 * SECOND,
    .max_duration = 4 * SECOND,
    .max_bytes = 10000000,
  };
  g_autoptr (Speech) speech = encode_speech (8);
  g_autoptr (EkaChunker) chunker = NULL;

  *self = (Vorbis) {
    .file = encode_vorbis (speech, "44100", "1", "3"),
    .packets = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref),
    .chunks = new_chunks (),
  };
  read_source (self);
  g_assert_cmpuint (self->samples, ==, speech->samples->len);
  chunker = eka_chunker_new (&self->codec, EKA_CONTAINER_OGG, &limits);
  push_vorbis (chunker, self, 0, self->packets->len,
               (guint) (count_samples (self) - self->samples));
  eka_chunker_close (chunker);
  pop_all (chunker, self->chunks);
  g_assert_cmpuint (self->chunks->len, >=, 3);
}

static void
tear_down (Vorbis       *self,
           gconstpointer user_data)
{
  g_bytes_unref (self->file);
  eka_codec_clear (&self->codec);
  g_ptr_array_unref (self->packets);
  g_ptr_array_unref (self->chunks);
}

/* --- tests ---------------------------------------------------------------- */

static GBytes *
write_again (const EkaFile *file)
{
  const EkaStream stream = {
    .codec = &file->codec,
    .serial = file->serial,
    .skip = file->skip,
    .trim_end = file->trim_end,
    .packets = (const EkaPacketInfo *) (gconstpointer) file->packets->data,
    .n_packets = file->packets->len,
    .data = file->data->data,
  };

  return eka_ogg_write (&stream);
}

static void
check_law (const EkaChunk *chunk,
           const EkaCodec *codec)
{
  g_auto (EkaFile) file = { 0, };
  g_autoptr (GBytes) again = NULL;

  eka_file_init (&file);
  g_assert_true (eka_oggfile_read (&file, chunk->bytes));
  again = write_again (&file);
  g_assert_true (g_bytes_equal (again, chunk->bytes));
  g_assert_cmpuint (eka_file_count_samples (&file) - file.skip -
                        file.trim_end,
                    ==, chunk->samples);
  g_assert_cmphex (file.serial, ==, 0x656b6100 + chunk->index);
  if (codec != NULL)
    g_assert_true (eka_codec_is_equal (&file.codec, codec));
}

static void
test_opus_law (void)
{
  static const gsize max_frames[] = { 0, 1, 80, 300, 1275 };
  g_autoptr (GRand) rand = g_rand_new_with_seed (3533);
  guint i, k;

  for (i = 0; i < G_N_ELEMENTS (max_frames); i++)
    for (k = 0; k < 4; k++)
      {
        g_autoptr (GPtrArray) chunks = record_opus (
            rand, (guint) g_rand_int_range (rand, 40, 600), max_frames[i]);
        guint n;

        for (n = 0; n < chunks->len; n++)
          check_law (chunks->pdata[n], NULL);
      }
}

static void
test_vorbis_law (Vorbis       *self,
                 gconstpointer user_data)
{
  guint i;

  for (i = 0; i < self->chunks->len; i++)
    check_law (self->chunks->pdata[i], &self->codec);
}

/* Appends what oggdec, an independent decoder, makes of a file. */
static void
decode (GBytes     *file,
        GByteArray *out)
{
  const gchar *argv[] = {
    "oggdec", "--quiet", "--raw", "--output", ENCODE_OUT, ENCODE_IN, NULL,
  };
  gsize size;
  gconstpointer data = g_bytes_get_data (file, &size);
  g_autoptr (GBytes) samples = encode_run (data, size, argv);

  data = g_bytes_get_data (samples, &size);
  g_byte_array_append (out, data, (guint) size);
}

static void
assert_joined (Vorbis    *self,
               GPtrArray *chunks)
{
  g_autoptr (GByteArray) uncut = g_byte_array_new ();
  g_autoptr (GByteArray) joined = g_byte_array_new ();
  guint i;

  decode (self->file, uncut);
  for (i = 0; i < chunks->len; i++)
    {
      const EkaChunk *chunk = chunks->pdata[i];
      const guint before = joined->len;

      decode (chunk->bytes, joined);
      g_assert_cmpuint ((joined->len - before) / 2, ==, chunk->samples);
    }
  g_assert_cmpmem (joined->data, joined->len, uncut->data, uncut->len);
}

static void
test_vorbis_joined (Vorbis       *self,
                    gconstpointer user_data)
{
  assert_joined (self, self->chunks);
}

static void
test_vorbis_halves (Vorbis       *self,
                    gconstpointer user_data)
{
  g_autoptr (GPtrArray) halves = new_chunks ();
  guint i;

  for (i = 0; i < self->chunks->len; i++)
    {
      EkaChunk *first, *second;

      g_assert_true (
          eka_split_chunk (self->chunks->pdata[i], &first, &second));
      g_ptr_array_add (halves, first);
      g_ptr_array_add (halves, second);
    }
  assert_joined (self, halves);
}

/* Packets that follow an end open a stream, whether the end was taken before
 * they came or not. */
static void
test_vorbis_after_close (Vorbis       *self,
                         gconstpointer user_data)
{
  const EkaChunkLimits limits = {
    .min_duration = 10 * SECOND,
    .max_duration = 20 * SECOND,
    .max_bytes = 10000000,
  };
  guint late;

  for (late = 0; late < 2; late++)
    {
      g_autoptr (EkaChunker) chunker =
          eka_chunker_new (&self->codec, EKA_CONTAINER_OGG, &limits);
      g_autoptr (GPtrArray) chunks = new_chunks ();
      guint i;

      push_vorbis (chunker, self, 0, 50, 0);
      eka_chunker_close (chunker);
      if (!late)
        pop_all (chunker, chunks);
      push_vorbis (chunker, self, 60, 110, 0);
      eka_chunker_close (chunker);
      pop_all (chunker, chunks);
      g_assert_cmpuint (chunks->len, ==, 2);
      for (i = 0; i < chunks->len; i++)
        {
          const EkaChunk *chunk = chunks->pdata[i];
          g_autoptr (GByteArray) out = g_byte_array_new ();

          check_law (chunk, &self->codec);
          decode (chunk->bytes, out);
          g_assert_cmpuint (out->len / 2, ==, chunk->samples);
        }
    }
}

/* Vorbis has no way to hide a start. */
static void
test_vorbis_skip (Vorbis       *self,
                  gconstpointer user_data)
{
  const EkaChunkLimits limits = { 0, 20 * SECOND, 10000000, FALSE };
  g_autoptr (EkaChunker) chunker =
      eka_chunker_new (&self->codec, EKA_CONTAINER_OGG, &limits);
  g_autoptr (GPtrArray) chunks = new_chunks ();
  EkaPacket packet = { .running_time = EKA_TIME_NONE, .skip = 100 };

  packet.data = g_bytes_get_data (self->packets->pdata[0], &packet.size);
  g_assert_true (eka_chunker_push (chunker, &packet));
  push_vorbis (chunker, self, 1, 50, 0);
  eka_chunker_close (chunker);
  pop_all (chunker, chunks);
  g_assert_cmpuint (chunks->len, ==, 1);
  check_law (chunks->pdata[0], &self->codec);
}

/* --- damage --------------------------------------------------------------- */

/* Reads a file that is in a block of just its size, so that the sanitizer and
 * valgrind see who reads on. */
static gboolean
try_bytes (gconstpointer data,
           gsize         size)
{
  g_autoptr (GBytes) bytes = g_bytes_new (data, size);
  g_auto (EkaFile) file = { 0, };

  eka_file_init (&file);
  return eka_oggfile_read (&file, bytes);
}

static void
check_damage (const EkaChunk *chunk)
{
  gsize size, i;
  const guint8 *good = g_bytes_get_data (chunk->bytes, &size);
  g_autofree guint8 *bad = g_memdup2 (good, size);
  g_autofree guint8 *more = g_malloc0 (size + 1);

  g_assert_true (try_bytes (good, size));
  for (i = 0; i < size; i++)
    {
      g_assert_false (try_bytes (good, i));
      bad[i] ^= 0xff;
      g_assert_false (try_bytes (bad, size));
      bad[i] ^= 0xfe;
      g_assert_false (try_bytes (bad, size));
      bad[i] = good[i];
    }
  memcpy (more, good, size);
  g_assert_false (try_bytes (more, size + 1));
}

static void
test_opus_damage (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (1);
  g_autoptr (GPtrArray) chunks = record_opus (rand, 60, 20);

  check_damage (chunks->pdata[0]);
}

/* Packets enough for a second: the file is mostly headers. */
static void
test_vorbis_damage (Vorbis       *self,
                    gconstpointer user_data)
{
  const EkaChunkLimits limits = { 0, 20 * SECOND, 10000000, FALSE };
  g_autoptr (EkaChunker) chunker =
      eka_chunker_new (&self->codec, EKA_CONTAINER_OGG, &limits);
  g_autoptr (GPtrArray) chunks = new_chunks ();

  push_vorbis (chunker, self, 0, 10, 20);
  eka_chunker_close (chunker);
  pop_all (chunker, chunks);
  check_damage (chunks->pdata[0]);
}

/* Damage that whoever made it has signed: all checksums are right. */
static void
sign_pages (guint8 *file,
            gsize   size)
{
  gsize at = 0;

  while (at + 27 < size && memcmp (file + at, "OggS", 4) == 0)
    {
      const gsize segments = file[at + 26];
      ogg_page page = {
        .header = file + at,
        .header_len = (glong) (27 + segments),
        .body = file + at + 27 + segments,
      };
      gsize i;

      for (i = 0; i < segments && at + 27 + i < size; i++)
        page.body_len += file[at + 27 + i];
      at += (gsize) (page.header_len + page.body_len);
      if (at <= size)
        ogg_page_checksum_set (&page);
    }
}

/* What was read in spite of it would be written so again. */
static void
try_signed (const EkaChunk *chunk,
            GRand          *rand)
{
  gsize size;
  const guint8 *good = g_bytes_get_data (chunk->bytes, &size);
  g_autofree guint8 *bad = g_memdup2 (good, size);
  g_autoptr (GBytes) bytes = NULL;
  g_auto (EkaFile) file = { 0, };
  gint n = g_rand_int_range (rand, 1, 4);

  while (n-- > 0)
    bad[g_rand_int_range (rand, 0, n == 0 ? 300 : (gint) size)] =
        (guint8) g_rand_int (rand);
  sign_pages (bad, size);
  bytes = g_bytes_new (bad, size);
  eka_file_init (&file);
  if (eka_oggfile_read (&file, bytes))
    {
      g_autoptr (GBytes) again = write_again (&file);

      g_assert_true (g_bytes_equal (again, bytes));
    }
}

static void
test_signed_opus (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (4711);
  g_autoptr (GPtrArray) chunks = record_opus (rand, 60, 80);
  guint round;

  for (round = 0; round < 3000; round++)
    try_signed (chunks->pdata[round % chunks->len], rand);
}

static void
test_signed_vorbis (Vorbis       *self,
                    gconstpointer user_data)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (4712);
  guint round;

  for (round = 0; round < 1000; round++)
    try_signed (self->chunks->pdata[round % self->chunks->len], rand);
}

/* The source is Ogg too, but not ours. */
static void
test_foreign (Vorbis       *self,
              gconstpointer user_data)
{
  gsize size;
  gconstpointer data = g_bytes_get_data (self->file, &size);

  g_assert_false (try_bytes (data, size));
}

int
main (int    argc,
      char **argv)
{
#define ADD(name, func) \
  g_test_add ("/oggfile/" name, Vorbis, NULL, set_up, func, tear_down)

  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/oggfile/opus-read-and-written-is-the-same",
                   test_opus_law);
  ADD ("vorbis-read-and-written-is-the-same", test_vorbis_law);
  ADD ("vorbis-joined-is-the-uncut-recording", test_vorbis_joined);
  ADD ("vorbis-in-halves-is-the-uncut-recording", test_vorbis_halves);
  ADD ("vorbis-after-an-end-opens-a-stream", test_vorbis_after_close);
  ADD ("vorbis-hides-no-start", test_vorbis_skip);
  g_test_add_func ("/oggfile/every-damaged-byte-of-opus", test_opus_damage);
  ADD ("every-damaged-byte-of-vorbis", test_vorbis_damage);
  g_test_add_func ("/oggfile/signed-damage-of-opus", test_signed_opus);
  ADD ("signed-damage-of-vorbis", test_signed_vorbis);
  ADD ("foreign-files-are-refused", test_foreign);
  return g_test_run ();
}
