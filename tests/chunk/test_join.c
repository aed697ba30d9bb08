/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "chunk/join.h"

#include "chunk/split.h"

#include "packets.h"

#include <gio/gio.h>
#include <string.h>

#define SECOND G_GUINT64_CONSTANT (1000000000)
#define N_SEEDS 6

static GPtrArray *
cut_up (Packets *packets)
{
  GPtrArray *chunks = packets_new_chunks ();
  g_autoptr (EkaChunker) chunker = packets_start (packets);
  guint i;

  for (i = 0; i < packets->packets->len; i++)
    {
      packets_push (packets, i, chunker);
      packets_pop_all (chunker, chunks);
    }
  eka_chunker_close (chunker);
  packets_pop_all (chunker, chunks);
  return chunks;
}

static GBytes *
join (GPtrArray *chunks)
{
  g_autoptr (EkaJoin) join = eka_join_new ();
  g_autoptr (GError) error = NULL;
  const gchar *extension = NULL;
  GBytes *file;
  guint i;

  for (i = 0; i < chunks->len; i++)
    {
      eka_join_add (join, chunks->pdata[i], &error);
      g_assert_no_error (error);
    }
  file = eka_join_finish (join, &extension, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (extension, ==, ((EkaChunk *) chunks->pdata[0])->extension);
  return file;
}

static void
end_plain (Packets *packets)
{
  EkaPacket *last = &g_array_index (packets->packets, EkaPacket,
                                    packets->packets->len - 1);

  last->trim_end = 50;
}

/* As one file holds it that was never cut: byte for byte. */
static void
test_same_file (void)
{
  guint n_chunks = 0, kind, seed;

  for (kind = 0; kind < PACKETS_N_KINDS; kind++)
    {
      for (seed = 0; seed < N_SEEDS; seed++)
        {
          g_autoptr (Packets) packets =
              packets_new_plain (kind, seed, 100 + 150 * seed);
          g_autoptr (GPtrArray) chunks = NULL;
          g_autoptr (GPtrArray) whole = NULL;
          g_autoptr (GBytes) file = NULL;

          if (seed % 2 == 1)
            end_plain (packets);
          chunks = cut_up (packets);
          packets->limits.whole = TRUE;
          packets->limits.max_bytes = G_MAXINT;
          whole = cut_up (packets);
          g_assert_cmpuint (whole->len, ==, 1);
          file = join (chunks);
          g_assert_true (
              g_bytes_equal (file, ((EkaChunk *) whole->pdata[0])->bytes));
          n_chunks += chunks->len;
        }
    }
  g_assert_cmpuint (n_chunks, >, 3 * PACKETS_N_KINDS * N_SEEDS);
}

/* Halves of chunks join like chunks. */
static void
test_halves (void)
{
  guint kind;

  for (kind = 0; kind < PACKETS_N_KINDS; kind++)
    {
      g_autoptr (Packets) packets = packets_new_plain (kind, 2, 500);
      g_autoptr (GPtrArray) chunks = cut_up (packets);
      g_autoptr (GPtrArray) pieces = packets_new_chunks ();
      g_autoptr (GBytes) file = join (chunks);
      g_autoptr (GBytes) other = NULL;
      guint i;

      for (i = 0; i < chunks->len; i++)
        {
          EkaChunk *first, *second;

          if (!eka_split_chunk (chunks->pdata[i], &first, &second))
            {
              g_ptr_array_add (pieces, eka_chunk_ref (chunks->pdata[i]));
              continue;
            }
          g_ptr_array_add (pieces, first);
          g_ptr_array_add (pieces, second);
        }
      g_assert_cmpuint (pieces->len, >, chunks->len);
      other = join (pieces);
      g_assert_true (g_bytes_equal (file, other));
    }
}

static void
read_file (const Packets *packets,
           GBytes        *bytes,
           EkaFile       *file)
{
  eka_file_init (file);
  g_assert_true (eka_container_read (packets->container, file, bytes));
}

/* Of which something is heard; how many packets these are is added to @n. */
static void
add_heard (const EkaFile *file,
           GByteArray    *heard,
           guint         *n)
{
  const guint64 total = eka_file_count_samples (file);
  const guint8 *data = file->data->data;
  guint64 before = 0;
  guint i;

  for (i = 0; i < file->packets->len; i++)
    {
      const EkaPacketInfo *info =
          &g_array_index (file->packets, EkaPacketInfo, i);

      if (before + info->samples > file->skip &&
          before < total - file->trim_end)
        {
          g_byte_array_append (heard, data, info->size);
          (*n)++;
        }
      before += info->samples;
      data += info->size;
    }
}

static guint
find_longest (const EkaFile *file)
{
  guint longest = 0, i;

  for (i = 0; i < file->packets->len; i++)
    longest = MAX (longest, g_array_index (file->packets, EkaPacketInfo, i)
                                .samples);
  return longest;
}

/* With gaps, ends and damaged packets: every packet of which something is heard
 * is in the file, once and in order, and nothing else is. */
static void
test_gaps (void)
{
  guint kind, seed;

  for (kind = 0; kind < PACKETS_N_KINDS; kind++)
    {
      for (seed = 0; seed < N_SEEDS; seed++)
        {
          g_autoptr (Packets) packets = packets_new (kind, seed, 400);
          g_autoptr (GPtrArray) chunks = cut_up (packets);
          g_autoptr (GBytes) bytes = join (chunks);
          g_autoptr (GByteArray) parts = g_byte_array_new ();
          g_autoptr (GByteArray) all = g_byte_array_new ();
          g_auto (EkaFile) file = { 0, };
          guint n_parts = 0, n_all = 0, i;
          guint64 sum = 0, heard;

          for (i = 0; i < chunks->len; i++)
            {
              const EkaChunk *chunk = chunks->pdata[i];
              g_auto (EkaFile) part = { 0, };

              read_file (packets, chunk->bytes, &part);
              add_heard (&part, parts, &n_parts);
              sum += chunk->samples;
            }
          read_file (packets, bytes, &file);
          add_heard (&file, all, &n_all);
          heard = eka_file_count_samples (&file) - file.skip - file.trim_end;
          g_assert_cmpuint (heard, >=, sum);
          g_assert_cmpuint (heard, <=,
                            sum + 2 * chunks->len * find_longest (&file));
          if (eka_codec_frame_size (&packets->codec) > 0)
            g_assert_cmpuint (heard, ==, sum);
          /* the first packet of a stretch is not heard alone */
          if (packets->codec.type == EKA_CODEC_VORBIS)
            {
              g_assert_cmpuint (n_all, >=, n_parts);
              continue;
            }
          g_assert_cmpmem (all->data, all->len, parts->data, parts->len);
        }
    }
}

/* Any chunk can be the first: what opens it is hidden as it was. */
static void
test_from_the_middle (void)
{
  guint kind;

  for (kind = 0; kind < PACKETS_N_KINDS; kind++)
    {
      g_autoptr (Packets) packets = packets_new_plain (kind, 3, 900);
      g_autoptr (GPtrArray) chunks = cut_up (packets);
      g_autoptr (GBytes) bytes = NULL;
      g_auto (EkaFile) file = { 0, };
      guint64 sum = 0;
      guint i;

      g_assert_cmpuint (chunks->len, >, 2);
      g_ptr_array_remove_index (chunks, 0);
      for (i = 0; i < chunks->len; i++)
        sum += ((EkaChunk *) chunks->pdata[i])->samples;
      bytes = join (chunks);
      read_file (packets, bytes, &file);
      g_assert_cmpuint (eka_file_count_samples (&file) - file.skip -
                            file.trim_end,
                        ==, sum);
    }
}

static void
test_one (void)
{
  guint kind;

  for (kind = 0; kind < PACKETS_N_KINDS; kind++)
    {
      g_autoptr (Packets) packets = packets_new (kind, 5, 400);
      g_autoptr (GPtrArray) chunks = cut_up (packets);
      guint i;

      for (i = 0; i < chunks->len; i++)
        {
          g_autoptr (GPtrArray) one = packets_new_chunks ();
          g_autoptr (GBytes) bytes = NULL;

          g_ptr_array_add (one, eka_chunk_ref (chunks->pdata[i]));
          bytes = join (one);
          g_assert_true (
              g_bytes_equal (bytes, ((EkaChunk *) one->pdata[0])->bytes));
        }
    }
}

/* What does not fit is refused, and what was joined goes on as if it had not
 * been there. */
static void
test_other_formats (void)
{
  g_autoptr (GPtrArray) firsts = packets_new_chunks ();
  guint kind, other;

  for (kind = 0; kind < PACKETS_N_KINDS; kind++)
    {
      g_autoptr (Packets) packets = packets_new_plain (kind, 3, 500);
      g_autoptr (GPtrArray) chunks = cut_up (packets);

      g_ptr_array_add (firsts, eka_chunk_ref (chunks->pdata[0]));
    }
  for (kind = 0; kind < PACKETS_N_KINDS; kind++)
    {
      for (other = 0; other < PACKETS_N_KINDS; other++)
        {
          EkaChunk *chunk = firsts->pdata[kind];
          g_autoptr (EkaJoin) join = eka_join_new ();
          g_autoptr (GError) error = NULL;
          g_autoptr (GBytes) file = NULL;

          if (other == kind)
            continue;
          g_assert_true (eka_join_add (join, chunk, NULL));
          g_assert_false (eka_join_add (join, firsts->pdata[other], &error));
          g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
          file = eka_join_finish (join, NULL, NULL);
          g_assert_true (g_bytes_equal (file, chunk->bytes));
        }
    }
}

static void
try_bytes (const EkaChunk *chunk,
           const guint8   *data,
           gsize           size,
           gboolean        good)
{
  g_autoptr (GBytes) bytes = g_bytes_new (data, size);
  g_autoptr (EkaChunk) copy =
      eka_chunk_new (chunk->index, bytes, chunk->media_type, chunk->extension,
                     EKA_TIME_NONE, chunk->duration, chunk->samples);
  g_autoptr (EkaJoin) join = eka_join_new ();
  g_autoptr (GError) error = NULL;

  g_assert_true (eka_join_add (join, copy, &error) == good);
  if (!good)
    {
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
      g_assert_null (eka_join_finish (join, NULL, NULL));
    }
}

static void
test_damage (void)
{
  guint kind;

  for (kind = 0; kind < PACKETS_N_KINDS; kind++)
    {
      g_autoptr (Packets) packets = packets_new_plain (kind, 3, 40);
      g_autoptr (GPtrArray) chunks = cut_up (packets);
      const EkaChunk *chunk = chunks->pdata[0];
      gsize size, i;
      const guint8 *good = g_bytes_get_data (chunk->bytes, &size);
      g_autofree guint8 *bad = g_memdup2 (good, size);

      try_bytes (chunk, good, size, TRUE);
      for (i = 0; i < size; i += 11)
        {
          try_bytes (chunk, good, i, FALSE);
          bad[i] ^= 0xff;
          /* where a page has a checksum; else in what every file begins with */
          if (packets->container == EKA_CONTAINER_OGG || i == 0)
            try_bytes (chunk, bad, size, FALSE);
          bad[i] = good[i];
        }
    }
}

static void
test_lies (void)
{
  g_autoptr (Packets) packets = packets_new_plain (0, 3, 40);
  g_autoptr (GPtrArray) chunks = cut_up (packets);
  EkaChunk chunk = *(EkaChunk *) chunks->pdata[0];
  g_autoptr (EkaJoin) join = eka_join_new ();
  g_autoptr (GError) error = NULL;

  chunk.samples++;
  g_assert_false (eka_join_add (join, &chunk, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
  g_clear_error (&error);
  chunk.samples--;
  chunk.media_type = "text/plain";
  g_assert_false (eka_join_add (join, &chunk, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
  g_clear_error (&error);
  chunk.media_type = "audio/ogg";
  chunk.bytes = NULL;
  g_assert_false (eka_join_add (join, &chunk, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
  g_clear_error (&error);
  g_assert_null (eka_join_finish (join, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
}

/* A chunk without a sample changes nothing. */
static void
test_nothing (void)
{
  g_autoptr (Packets) packets = packets_new_plain (7, 3, 40);
  g_autoptr (GPtrArray) chunks = cut_up (packets);
  EkaChunk *chunk = chunks->pdata[0];
  const EkaStream stream = { .codec = &packets->codec,
                             .data = (const guint8 *) "" };
  g_autoptr (GBytes) none = eka_container_write (EKA_CONTAINER_WAV, &stream);
  g_autoptr (EkaChunk) empty = eka_chunk_new (
      5, none, chunk->media_type, chunk->extension, EKA_TIME_NONE, 0, 0);
  g_autoptr (EkaJoin) join = eka_join_new ();
  g_autoptr (GBytes) file = NULL;

  g_assert_true (eka_join_add (join, empty, NULL));
  g_assert_true (eka_join_add (join, chunk, NULL));
  g_assert_true (eka_join_add (join, empty, NULL));
  file = eka_join_finish (join, NULL, NULL);
  g_assert_true (g_bytes_equal (file, chunk->bytes));
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/join/chunks-are-the-uncut-file", test_same_file);
  g_test_add_func ("/join/halves-are-the-uncut-file", test_halves);
  g_test_add_func ("/join/all-that-is-heard-once", test_gaps);
  g_test_add_func ("/join/any-chunk-can-be-first", test_from_the_middle);
  g_test_add_func ("/join/one-chunk-is-itself", test_one);
  g_test_add_func ("/join/other-formats-are-refused", test_other_formats);
  g_test_add_func ("/join/damage-is-told", test_damage);
  g_test_add_func ("/join/lies-are-told", test_lies);
  g_test_add_func ("/join/empty-chunks-change-nothing", test_nothing);
  return g_test_run ();
}
