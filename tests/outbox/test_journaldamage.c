/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "../checked.h"
#include "journalfixture.h"

#include "chunk/pcm.h"

#include <string.h>

/* Bytes between two that are damaged, where not each one is */
#define STRIDE checked_count (5, 23)
#define FINE_STRIDE checked_count (1, 5) /* where all else is the same */

static GBytes *
concat (GPtrArray *heard)
{
  GByteArray *all = g_byte_array_new ();
  guint i;

  for (i = 0; i < heard->len; i++)
    {
      gsize size;
      const guint8 *data = g_bytes_get_data (heard->pdata[i], &size);

      g_byte_array_append (all, data, size);
    }
  return g_byte_array_free_to_bytes (all);
}

/* Samples have no packets in a file: they are all there but those of @record,
 * where there is silence. */
static void
check_samples (const Journal *self,
               GPtrArray     *heard,
               guint          record)
{
  g_autoptr (GPtrArray) all = journal_get_heard (self, self->chunks);
  g_autoptr (GBytes) before = concat (all);
  g_autoptr (GBytes) after = concat (heard);
  const guint8 *old = g_bytes_get_data (before, NULL);
  const guint8 *new = g_bytes_get_data (after, NULL);
  const gsize n = journal_sum_sizes (all);
  const gsize lost = journal_get_packet (self, record)->size;
  const guint8 silence = eka_pcm_get_silence (&self->packets->codec);
  gsize from = 0, i;
  guint k;

  for (k = journal_get_first_pending (self); k < record; k++)
    from += journal_get_packet (self, k)->size;
  g_assert_cmpmem (old, from, new, from);
  if (journal_sum_sizes (heard) < n)
    {
      /* the last one, or nothing told that there was anything before */
      g_assert_cmpuint (journal_sum_sizes (heard), ==, n - lost);
      g_assert_true (record + 1 == journal_count_records (self) ||
                     record == journal_get_first_pending (self));
      g_assert_cmpmem (old + from + lost, n - from - lost, new + from,
                       n - from - lost);
      return;
    }
  g_assert_cmpuint (journal_sum_sizes (heard), ==, n);
  for (i = from; i < from + lost; i++)
    g_assert_cmpuint (new[i], ==, silence);
  g_assert_cmpmem (old + i, n - i, new + i, n - i);
}

/* All packets are heard but that of @record, where there is another one, or
 * none at the end or where the codec knows no silence. */
static void
check_heard (const Journal *self,
             GPtrArray     *chunks,
             guint          record)
{
  g_autoptr (GPtrArray) heard = journal_get_heard (self, chunks);
  g_autoptr (GPtrArray) all = journal_get_heard (self, self->chunks);
  const gboolean last = record + 1 == journal_count_records (self);
  const guint lost = record - journal_get_first_pending (self);
  guint shift = 0, i;

  if (journal_has_samples (self))
    {
      check_samples (self, heard, record);
      return;
    }
  /* it takes two packets to be heard */
  if (self->packets->codec.type == EKA_CODEC_VORBIS)
    {
      g_assert_cmpuint (heard->len, <, all->len);
      g_assert_cmpuint (heard->len + 2, >=, all->len);
      return;
    }
  if (heard->len < all->len)
    {
      g_assert_true (last);
      shift = 1;
    }
  g_assert_cmpuint (heard->len + shift, ==, all->len);
  for (i = 0; i < all->len; i++)
    {
      if (i != lost)
        g_assert_true (g_bytes_equal (all->pdata[i],
                                      heard->pdata[i < lost ? i : i - shift]));
      /* of other codecs some packets are silence themselves */
      else if (shift == 0 && self->packets->codec.type == EKA_CODEC_OPUS &&
               g_bytes_get_size (all->pdata[i]) > 1)
        g_assert_false (g_bytes_equal (all->pdata[i], heard->pdata[i]));
    }
}

/* Where history is damaged, what is left of it is the end of what was there. MP3
 * and samples have none as it was. */
static void
check_history (const Journal *self,
               EkaChunk      *chunk,
               guint          record)
{
  g_auto (EkaFile) file = { 0, };
  g_auto (EkaFile) whole = { 0, };
  const guint left = journal_get_first_pending (self) - record - 1;

  if (journal_has_samples (self) || self->packets->codec.type == EKA_CODEC_MP3)
    return;
  eka_file_init (&file);
  eka_file_init (&whole);
  g_assert_true (
      eka_container_read (self->packets->container, &file, chunk->bytes));
  g_assert_true (
      eka_container_read (self->packets->container, &whole,
                          ((EkaChunk *) self->chunks->pdata[0])->bytes));
  g_assert_cmpuint (file.data->len, <=, whole.data->len);
  g_assert_cmpmem (file.data->data, file.data->len,
                   whole.data->data + whole.data->len - file.data->len,
                   file.data->len);
  g_assert_cmpuint (file.packets->len, <=,
                    left + journal_count_records (self) -
                        journal_get_first_pending (self));
}

/* What must hold where one record is damaged, whichever it is. */
static void
check_damaged (const Journal          *self,
               GPtrArray              *chunks,
               const EkaJournalDamage *damage,
               guint                   record)
{
  const EkaChunk *whole = self->chunks->pdata[0];

  g_assert_nonnull (chunks);
  g_assert_cmpuint (damage->bytes, >, 0);
  g_assert_cmpuint (damage->bytes, <=,
                    journal_get_start (self, record + 1) -
                        journal_get_start (self, record));
  if (record < 2)
    {
      g_assert_cmpuint (damage->packets, ==, 0);
      packets_assert_same_chunks (self->chunks, chunks);
      return;
    }
  g_assert_cmpuint (damage->packets, ==, 1);
  if (record >= journal_get_first_pending (self))
    {
      /* silence too has its time */
      if (journal_count_samples (chunks) == whole->samples)
        {
          const EkaChunk *chunk = chunks->pdata[0];

          g_assert_cmpuint (chunk->running_time, ==, whole->running_time);
          g_assert_cmpuint (chunk->utc, ==, whole->utc);
        }
      check_heard (self, chunks, record);
      return;
    }
  /* only pre-roll is missing */
  g_assert_cmpuint (chunks->len, ==, 1);
  check_history (self, chunks->pdata[0], record);
  g_assert_cmpuint (journal_count_samples (chunks), <=, whole->samples);
  if (self->packets->codec.type != EKA_CODEC_VORBIS)
    g_assert_cmpuint (journal_count_samples (chunks), ==, whole->samples);
}

/* Returns: records that are whole in the first @size bytes */
static guint
count_whole (const Journal *self,
             gsize          size)
{
  guint n = 0;

  while (n < journal_count_records (self) &&
         journal_get_start (self, n + 1) <= size)
    n++;
  return n;
}

/* What is left of the first records is all there. */
static void
check_cut (const Journal *self,
           gsize          size)
{
  const guint n = count_whole (self, size);
  EkaJournalDamage damage;
  g_autoptr (GPtrArray) chunks =
      journal_rebuild (self->bytes->data, size, &damage);
  g_autoptr (GPtrArray) heard = NULL;
  g_autoptr (GPtrArray) all = NULL;
  guint i;

  if (n == 0)
    {
      g_assert_null (chunks);
      return;
    }
  g_assert_nonnull (chunks);
  g_assert_cmpuint (damage.packets, ==, 0);
  g_assert_cmpuint (damage.bytes, ==, 0);
  if (n <= journal_get_first_pending (self))
    {
      g_assert_cmpuint (chunks->len, ==, 0);
      return;
    }
  heard = journal_get_heard (self, chunks);
  all = journal_get_heard (self, self->chunks);
  if (journal_has_samples (self))
    {
      guint64 expected = 0;

      for (i = journal_get_first_pending (self); i < n; i++)
        expected += journal_get_packet (self, i)->size;
      g_assert_cmpuint (journal_sum_sizes (heard), ==, expected);
      return;
    }
  g_assert_cmpuint (heard->len, ==, n - journal_get_first_pending (self));
  for (i = 0; i < heard->len; i++)
    g_assert_true (g_bytes_equal (heard->pdata[i], all->pdata[i]));
}

static void
test_cut (void)
{
  guint kind;

  for (kind = 0; kind < PACKETS_N_KINDS; kind++)
    {
      g_autoptr (Journal) journal = journal_new (kind, 4, 6, FALSE);
      gsize size;

      for (size = 0; size <= journal->bytes->len;
           size += kind == 0 ? FINE_STRIDE : STRIDE)
        check_cut (journal, size);
    }
}

static void
flip (Journal *journal,
      gsize    place,
      guint8   mask)
{
  EkaJournalDamage damage;
  g_autoptr (GPtrArray) chunks = NULL;
  gboolean torn;

  journal->bytes->data[place] ^= mask;
  chunks = journal_rebuild (journal->bytes->data, journal->bytes->len, &damage);
  torn = journal_find_record (journal, place) + 1 ==
             journal_count_records (journal) &&
         journal->bytes->data[journal->bytes->len - 1] == 0;
  journal->bytes->data[place] ^= mask;
  /* the last one may look as if power had failed */
  if (torn && damage.bytes == 0)
    {
      g_assert_cmpuint (damage.packets, ==, 0);
      check_heard (journal, chunks, journal_count_records (journal) - 1);
      return;
    }
  check_damaged (journal, chunks, &damage,
                 journal_find_record (journal, place));
}

static void
test_flip (void)
{
  guint kind;

  for (kind = 0; kind < PACKETS_N_KINDS; kind++)
    {
      g_autoptr (Journal) journal = journal_new (kind, 4, 6, FALSE);
      gsize i;

      for (i = 0; i < journal->bytes->len; i += kind == 0 ? FINE_STRIDE : STRIDE)
        flip (journal, i, i % 2 == 0 ? 0xff : 1 << i % 8);
    }
}

/* The journal of the first chunk has no history, but samples to hide. */
static void
test_flip_first (void)
{
  guint kind;

  for (kind = 0; kind < PACKETS_N_KINDS; kind++)
    {
      g_autoptr (Journal) journal = journal_new (kind, 0, 8, TRUE);
      EkaJournalDamage damage;
      g_autoptr (GPtrArray) chunks = NULL;
      gsize i;

      chunks = journal_rebuild (journal->bytes->data, journal->bytes->len,
                                &damage);
      packets_assert_same_chunks (journal->chunks, chunks);
      for (i = 0; i < journal_get_start (journal, 2); i++)
        flip (journal, i, 0x10);
      for (i = journal_get_start (journal, 3); i < journal->bytes->len;
           i += STRIDE)
        if (journal_has_samples (journal))
          flip (journal, i, 0x80);
    }
}

/* Without the first packet at all, what it had to hide is not hidden later. */
static void
test_first_lost (void)
{
  guint kind;

  for (kind = 0; kind < PACKETS_N_KINDS; kind++)
    {
      g_autoptr (Journal) journal = journal_new (kind, 5, 5, TRUE);
      const EkaCodec *codec = &journal->packets->codec;
      const EkaPacket *packet = journal_get_packet (journal, 2);
      EkaJournalDamage damage;
      g_autoptr (GPtrArray) chunks = NULL;
      guint previous = 0, samples;
      guint64 all, whole;

      if (codec->type == EKA_CODEC_VORBIS)
        continue;
      journal->bytes->data[journal_get_start (journal, 2)] ^= 1;
      chunks = journal_rebuild (journal->bytes->data, journal->bytes->len,
                                &damage);
      g_assert_cmpuint (damage.packets, ==, 1);
      g_assert_true (eka_codec_measure_packet (
          codec, packet->data, packet->size, &previous, &samples));
      whole = journal_count_samples (journal->chunks) + codec->pre_skip;
      all = whole - samples;
      g_assert_cmpuint (journal_count_samples (chunks), ==,
                        all - (codec->pre_skip -
                               MIN (codec->pre_skip, samples)));
    }
}

/* Two records that are not beside each other: both holes are filled. */
static void
test_two (void)
{
  static const guint kinds[] = { 0, 3, 5, 7 };
  guint k, i, n;

  for (k = 0; k < G_N_ELEMENTS (kinds); k++)
    {
      g_autoptr (Journal) journal = journal_new (kinds[k], 4, 6, FALSE);
      const guint first = journal_get_first_pending (journal);

      for (i = first; i + 1 < journal_count_records (journal); i++)
        {
          for (n = i + 1; n + 1 < journal_count_records (journal); n++)
            {
              g_autoptr (GByteArray) bad = g_byte_array_new ();
              EkaJournalDamage damage;
              g_autoptr (GPtrArray) chunks = NULL;

              g_byte_array_append (bad, journal->bytes->data,
                                   journal->bytes->len);
              bad->data[journal_get_start (journal, i) + RECORD_HEADER] ^= 4;
              bad->data[journal_get_start (journal, n) + 8] ^= 4;
              chunks = journal_rebuild (bad->data, bad->len, &damage);
              g_assert_nonnull (chunks);
              g_assert_cmpuint (damage.packets, ==, 2);
              if (i > first || journal->n_history > 0)
                g_assert_cmpuint (journal_count_samples (chunks), ==,
                                  journal_count_samples (journal->chunks));
            }
        }
    }
}

static void
test_garbage (void)
{
  g_autoptr (Journal) journal = journal_new (0, 4, 6, FALSE);
  g_autoptr (GRand) rand = g_rand_new_with_seed (1);
  const gsize last =
      journal_get_start (journal, journal_count_records (journal) - 1);
  gsize at;

  for (at = 0; at <= journal->bytes->len; at += 3)
    {
      g_autoptr (GByteArray) bad = g_byte_array_new ();
      EkaJournalDamage damage;
      g_autoptr (GPtrArray) chunks = NULL;
      guint8 noise[200];
      guint i;

      /* with pieces of records in it */
      for (i = 0; i < sizeof noise; i++)
        noise[i] = g_rand_int (rand);
      memcpy (noise + 40, journal->bytes->data, 30);
      noise[sizeof noise - 1] |= 1;
      g_byte_array_append (bad, journal->bytes->data, at);
      g_byte_array_append (bad, noise, sizeof noise);
      g_byte_array_append (bad, journal->bytes->data + at,
                           journal->bytes->len - at);
      chunks = journal_rebuild (bad->data, bad->len, &damage);
      g_assert_nonnull (chunks);
      g_assert_cmpuint (damage.packets, <=, 1);
      g_assert_cmpuint (damage.bytes, >, 0);
      g_assert_cmpuint (damage.bytes, <=, sizeof noise + RECORD_HEADER + 500);
      if (damage.packets == 0)
        packets_assert_same_chunks (journal->chunks, chunks);
      else if (at < last)
        g_assert_cmpuint (journal_count_samples (chunks), ==,
                          journal_count_samples (journal->chunks));
    }
}

/* A sector that was never written: of records of more than 60 bytes it meets three
 * at most, and all others are there. */
static void
test_zeroed (void)
{
  static const guint kinds[] = { 3, 5, 7 };
  guint k;

  for (k = 0; k < G_N_ELEMENTS (kinds); k++)
    {
      g_autoptr (Journal) journal = journal_new (kinds[k], 4, 6, FALSE);
      const gsize end =
          journal_get_start (journal, journal_count_records (journal) - 1);
      const gsize second = journal_get_start (
          journal, journal_get_first_pending (journal) + 1);
      gsize at;

      for (at = journal_get_start (journal, 1); at + 100 <= end; at += 3)
        {
          g_autoptr (GByteArray) bad = g_byte_array_new ();
          EkaJournalDamage damage;
          g_autoptr (GPtrArray) chunks = NULL;

          g_byte_array_append (bad, journal->bytes->data, journal->bytes->len);
          memset (bad->data + at, 0, 100);
          /* packets have zeros too */
          if (memcmp (bad->data, journal->bytes->data, bad->len) == 0)
            continue;
          chunks = journal_rebuild (bad->data, bad->len, &damage);
          g_assert_nonnull (chunks);
          g_assert_cmpuint (damage.bytes, >, 0);
          g_assert_cmpuint (damage.packets, <=, 3);
          if (at >= second)
            g_assert_cmpuint (journal_count_samples (chunks), ==,
                              journal_count_samples (journal->chunks));
        }
    }
}

/* A file may have grown before what was written came. */
static void
test_zeros (void)
{
  g_autoptr (Journal) journal = journal_new (0, 4, 6, FALSE);
  const guint last = journal_count_records (journal) - 1;
  const gsize size = journal->bytes->len;
  gsize from;

  for (from = journal_get_start (journal, last); from <= size; from++)
    {
      g_autoptr (GByteArray) torn = g_byte_array_new ();
      EkaJournalDamage damage;
      g_autoptr (GPtrArray) chunks = NULL;
      guint n_lost;

      g_byte_array_append (torn, journal->bytes->data, from);
      g_byte_array_set_size (torn, size + 5000);
      memset (torn->data + from, 0, torn->len - from);
      n_lost = memcmp (torn->data, journal->bytes->data, size) != 0;
      chunks = journal_rebuild (torn->data, torn->len, &damage);
      g_assert_cmpuint (damage.packets, ==, 0);
      g_assert_cmpuint (damage.bytes, ==, 0);
      g_assert_cmpuint (journal_count_samples (chunks) + n_lost * 2880, ==,
                        journal_count_samples (journal->chunks));
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/journal/cut-at-every-byte", test_cut);
  g_test_add_func ("/journal/every-byte-damaged", test_flip);
  g_test_add_func ("/journal/every-byte-of-the-first-damaged",
                   test_flip_first);
  g_test_add_func ("/journal/first-packet-lost", test_first_lost);
  g_test_add_func ("/journal/two-records-damaged", test_two);
  g_test_add_func ("/journal/garbage-between", test_garbage);
  g_test_add_func ("/journal/zeros-between", test_zeroed);
  g_test_add_func ("/journal/zeros-at-the-end", test_zeros);
  return g_test_run ();
}
