/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "journalfixture.h"

#include "outbox/journalhead.h"
#include "outbox/record.h"

#include <gio/gio.h>
#include <string.h>

/* The chunks of a chunker that went on from @state with the packets from @from to
 * before @to */
static GPtrArray *
go_on (const Packets         *packets,
       const EkaChunkerState *state,
       guint                  from,
       guint                  to)
{
  g_autoptr (EkaChunker) chunker = eka_chunker_restore (state);
  GPtrArray *chunks = packets_new_chunks ();

  for (; from < to; from++)
    {
      eka_chunker_push (chunker, packets_get (packets, from));
      packets_pop_all (chunker, chunks);
    }
  eka_chunker_close (chunker);
  packets_pop_all (chunker, chunks);
  return chunks;
}

/* A journal is begun where the chunker is closed, where a chunk was cut, where a
 * packet was none, and now and then, with what is complete or without.
 *
 * Returns: chunks that were rebuilt */
static guint
check_recording (const Packets *packets)
{
  g_autoptr (GByteArray) journal = g_byte_array_new ();
  g_autoptr (EkaChunker) chunker = packets_start (packets);
  g_autoptr (EkaChunkerState) state = eka_chunker_save (chunker);
  guint64 number = 17;
  guint from = 0, n = 0, i;

  eka_journal_begin (journal, state, &number);
  for (i = 0; i < packets->packets->len; i++)
    {
      g_autoptr (GPtrArray) cut = packets_new_chunks ();
      g_autoptr (GPtrArray) expected = NULL;
      g_autoptr (GPtrArray) chunks = NULL;
      EkaJournalDamage damage;
      const gboolean closes = g_array_index (packets->closes, gboolean, i);

      packets_push (packets, i, chunker);
      eka_journal_add_packet (journal, number++, packets_get (packets, i));
      if (i % 3 == 0 && !closes)
        packets_pop_all (chunker, cut);
      if (closes || cut->len > 0 || i % 50 == 49 ||
          packets_get (packets, i)->size == 0)
        {
          eka_chunker_state_free (state);
          state = eka_chunker_save (chunker);
          g_byte_array_set_size (journal, 0);
          eka_journal_begin (journal, state, &number);
          from = i + 1;
        }
      if (i % 4 != 0)
        continue;
      expected = go_on (packets, state, from, i + 1);
      chunks = journal_rebuild (journal->data, journal->len, &damage);
      packets_assert_same_chunks (expected, chunks);
      g_assert_cmpuint (damage.packets, ==, 0);
      g_assert_cmpuint (damage.bytes, ==, 0);
      n += chunks->len;
    }
  return n;
}

static void
test_same_chunks (void)
{
  guint n = 0, kind, seed;

  for (kind = 0; kind < PACKETS_N_KINDS; kind++)
    {
      for (seed = 0; seed < 8; seed++)
        {
          g_autoptr (Packets) packets = packets_new (kind, seed, 300);

          n += check_recording (packets);
        }
    }
  g_assert_cmpuint (n, >, 1000);
}

/* What no chunk shows at once */
static void
test_head (void)
{
  guint kind, i;

  for (kind = 0; kind < PACKETS_N_KINDS; kind++)
    {
      g_autoptr (Packets) packets = packets_new_plain (kind, 1, 10);
      g_autoptr (EkaChunker) chunker = packets_start (packets);
      g_autoptr (EkaChunkerState) state = NULL;
      g_autoptr (EkaChunkerState) same = NULL;
      g_autoptr (GByteArray) bytes = NULL;
      g_autoptr (GError) error = NULL;
      EkaJournalHead head;

      for (i = 0; i < 10; i++)
        packets_push (packets, i, chunker);
      state = eka_chunker_save (chunker);
      state->codec.pre_skip = 77;
      state->limits = (EkaChunkLimits) { 1, 2, 3, kind % 2 };
      state->index = 4;
      state->skip = kind == 2 ? 0 : 5;
      state->n_history = 6;
      state->closed = kind % 3 == 0;
      state->gap = kind % 3 == 1;
      state->base_time = 7;
      state->base_utc = 8;
      state->base_samples = 9;
      for (i = 0; i < EKA_CELT_N_BANDS; i++)
        {
          state->celt.energies[0][i] = (gfloat) i / 3;
          state->celt.energies[1][i] = -(gfloat) i / 7;
        }
      bytes = eka_journal_head_write (state);
      eka_journal_head_read (&head, bytes->data, bytes->len, &error);
      g_assert_no_error (error);
      same = head.state;
      g_assert_cmpuint (head.n_packets, ==, 10);
      g_assert_cmpuint (same->packets->len, ==, 0);
      g_assert_true (eka_codec_is_equal (&same->codec, &state->codec));
      g_assert_cmpmem (same->codec.blocks, sizeof same->codec.blocks,
                       state->codec.blocks, sizeof state->codec.blocks);
      g_assert_cmpuint (same->container, ==, state->container);
      g_assert_cmpstr (same->media_type, ==, state->media_type);
      g_assert_cmpuint (same->limits.min_duration, ==, 1);
      g_assert_cmpuint (same->limits.max_duration, ==, 2);
      g_assert_cmpuint (same->limits.max_bytes, ==, 3);
      g_assert_cmpuint (same->limits.whole, ==, kind % 2);
      g_assert_cmpuint (same->index, ==, 4);
      g_assert_cmpuint (same->skip, ==, state->skip);
      g_assert_cmpuint (same->n_history, ==, 6);
      g_assert_cmpuint (same->closed, ==, state->closed);
      g_assert_cmpuint (same->gap, ==, state->gap);
      g_assert_cmpuint (same->base_time, ==, 7);
      g_assert_cmpuint (same->base_utc, ==, 8);
      g_assert_cmpuint (same->base_samples, ==, 9);
      g_assert_cmpmem (&same->celt, sizeof same->celt, &state->celt,
                       sizeof state->celt);
    }
}

static void
test_no_head (void)
{
  g_autoptr (Journal) journal = journal_new (0, 4, 6, FALSE);
  static const guint8 zeros[1000];
  EkaJournalDamage damage;

  g_assert_null (journal_rebuild (NULL, 0, &damage));
  g_assert_null (journal_rebuild (zeros, sizeof zeros, &damage));
  journal->bytes->data[journal_get_start (journal, 0) + 70] ^= 1;
  journal->bytes->data[journal_get_start (journal, 1) + 70] ^= 1;
  g_assert_null (
      journal_rebuild (journal->bytes->data, journal->bytes->len, &damage));
}

/* What a later version writes is left alone, and said so. */
static void
test_later_version (void)
{
  static const guint8 head[] = { 0, 2, 'n', 'e', 'w' };
  const EkaRecord record = { .type = EKA_RECORD_HEAD, .data = head,
                             .size = sizeof head };
  g_autoptr (GByteArray) journal = g_byte_array_new ();
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GError) error = NULL;

  eka_record_append (journal, &record);
  eka_record_append (journal, &record);
  bytes = g_bytes_new (journal->data, journal->len);
  g_assert_null (eka_journal_rebuild (bytes, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
  g_assert_nonnull (strstr (error->message, "format 2"));
}

/* A head that is signed but makes no sense: shorter than it says, or with a
 * byte that is wrong. */
static void
test_wrong_heads (void)
{
  guint kind;

  for (kind = 0; kind < PACKETS_N_KINDS; kind++)
    {
      g_autoptr (Journal) journal = journal_new (kind, 4, 6, FALSE);
      const guint8 *data = journal->bytes->data + RECORD_HEADER;
      const gsize size = journal_get_start (journal, 1) - RECORD_HEADER;
      g_autofree guint8 *head = g_memdup2 (data, size);
      const gsize step = kind == 2 ? 31 : 1;
      gsize i;

      for (i = 0; i < size; i += step)
        {
          g_autofree guint8 *part = g_memdup2 (data, i);
          g_autoptr (GError) error = NULL;
          EkaJournalHead read;

          g_assert_false (eka_journal_head_read (&read, part, i, &error));
          g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
        }
      for (i = 2; i < size; i += step)
        {
          const EkaRecord record = {
            .type = EKA_RECORD_HEAD,
            .number = FIRST_NUMBER,
            .data = head,
            .size = size,
          };
          g_autoptr (GByteArray) bad = g_byte_array_new ();
          EkaJournalDamage damage;
          g_autoptr (GPtrArray) chunks = NULL;

          head[i] ^= 0xff;
          eka_record_append (bad, &record);
          head[i] ^= 0xff;
          g_byte_array_append (
              bad, journal->bytes->data + journal_get_start (journal, 2),
              journal->bytes->len - journal_get_start (journal, 2));
          chunks = journal_rebuild (bad->data, bad->len, &damage);
        }
    }
}

/* @n: so many records of the middle are left out */
static GPtrArray *
rebuild_without (Journal          *journal,
                 guint             from,
                 guint             n,
                 EkaJournalDamage *damage)
{
  g_autoptr (GByteArray) rest = g_byte_array_new ();
  const gsize before = journal_get_start (journal, from);
  const gsize after = journal_get_start (journal, from + n);

  g_byte_array_append (rest, journal->bytes->data, before);
  g_byte_array_append (rest, journal->bytes->data + after,
                       journal->bytes->len - after);
  return journal_rebuild (rest->data, rest->len, damage);
}

/* Packets of 60 ms: 16 of them are filled, 17 are a gap. */
static void
test_long_hole (void)
{
  g_autoptr (Journal) journal = journal_new (0, 4, 60, FALSE);
  const EkaChunk *whole = journal->chunks->pdata[0];
  const guint from = journal_get_first_pending (journal) + 20;
  EkaJournalDamage damage;
  g_autoptr (GPtrArray) filled = rebuild_without (journal, from, 16, &damage);
  g_autoptr (GPtrArray) split = NULL;
  g_autoptr (GPtrArray) late = NULL;
  const EkaChunk *second;

  g_assert_cmpuint (damage.packets, ==, 16);
  g_assert_cmpuint (damage.bytes, ==, 0);
  g_assert_cmpuint (filled->len, ==, 1);
  g_assert_cmpuint (journal_count_samples (filled), ==, whole->samples);

  split = rebuild_without (journal, from, 17, &damage);
  g_assert_cmpuint (damage.packets, ==, 17);
  g_assert_cmpuint (split->len, ==, 2);
  g_assert_cmpuint (journal_count_samples (split), ==,
                    whole->samples - 17 * 2880);
  second = split->pdata[1];
  g_assert_cmpuint (second->running_time, ==,
                    journal_get_packet (journal, from + 17)->running_time);
  g_assert_cmpuint (second->pre_roll, ==, 0);

  /* history from before a gap is no pre-roll */
  late = rebuild_without (journal, journal_get_first_pending (journal), 17,
                          &damage);
  g_assert_cmpuint (late->len, ==, 1);
  g_assert_cmpuint (whole->pre_roll, >, 0);
  g_assert_cmpuint (((EkaChunk *) late->pdata[0])->pre_roll, ==, 0);
}

/* No damage makes more silence than there was audio. */
static void
test_made_up_holes (void)
{
  g_autoptr (Packets) packets = packets_new_plain (7, 1, 60);
  g_autoptr (EkaChunker) chunker = packets_start (packets);
  g_autoptr (EkaChunkerState) state = eka_chunker_save (chunker);
  g_autoptr (GByteArray) journal = g_byte_array_new ();
  g_autoptr (GPtrArray) chunks = NULL;
  EkaJournalDamage damage;
  guint64 number = 0;
  gsize bytes = 0;
  guint i;

  eka_journal_begin (journal, state, &number);
  for (i = 0; i < 60; i++)
    {
      EkaPacket packet = *packets_get (packets, i);

      packet.running_time = i * SECOND / 10;
      eka_journal_add_packet (journal, 2 * i, &packet);
    }
  chunks = journal_rebuild (journal->data, journal->len, &damage);
  g_assert_cmpuint (damage.packets, ==, 59);
  for (i = 0; i < chunks->len; i++)
    bytes += g_bytes_get_size (((EkaChunk *) chunks->pdata[i])->bytes);
  g_assert_cmpuint (bytes, >, journal->len);
  g_assert_cmpuint (bytes, <, 3 * journal->len);
}

/* Where no time tells how much is missing, a chunk ends. */
static void
test_hole_without_times (void)
{
  g_autoptr (Packets) packets = packets_new_plain (0, 1, 40);
  g_autoptr (EkaChunker) chunker = NULL;
  g_autoptr (EkaChunkerState) state = NULL;
  g_autoptr (GByteArray) journal = g_byte_array_new ();
  g_autoptr (GPtrArray) chunks = NULL;
  EkaJournalDamage damage;
  guint64 number = 0;
  guint i;

  packets->limits.max_duration = 20 * SECOND;
  chunker = packets_start (packets);
  state = eka_chunker_save (chunker);
  eka_journal_begin (journal, state, &number);
  for (i = 0; i < 40; i++)
    {
      EkaPacket packet = *packets_get (packets, i);

      packet.running_time = EKA_TIME_NONE;
      if (i != 20)
        eka_journal_add_packet (journal, i, &packet);
    }
  chunks = journal_rebuild (journal->data, journal->len, &damage);
  g_assert_cmpuint (damage.packets, ==, 1);
  g_assert_cmpuint (chunks->len, ==, 2);
  g_assert_cmpuint (journal_count_samples (chunks), ==,
                    39 * 2880 - packets->codec.pre_skip);
}

/* Records that come twice, or are of a kind that nobody knows. */
static void
test_odd_records (void)
{
  g_autoptr (Journal) journal = journal_new (0, 4, 6, FALSE);
  const gsize middle = journal_get_start (
      journal, journal_get_first_pending (journal) + 2);
  const EkaRecord unknown = { .type = 77, .number = 5,
                              .data = (const guint8 *) "new", .size = 3 };
  const EkaRecord last = { .type = EKA_RECORD_PACKET, .number = G_MAXUINT64,
                           .data = (const guint8 *) "x", .size = 1 };
  g_autoptr (GByteArray) odd = g_byte_array_new ();
  EkaJournalDamage damage;
  g_autoptr (GPtrArray) chunks = NULL;

  g_byte_array_append (odd, journal->bytes->data, middle);
  eka_record_append (odd, &unknown);
  eka_record_append (odd, &last);
  g_byte_array_append (odd, journal->bytes->data, journal->bytes->len);
  chunks = journal_rebuild (odd->data, odd->len, &damage);
  packets_assert_same_chunks (journal->chunks, chunks);
  g_assert_cmpuint (damage.packets, ==, 0);
  g_assert_cmpuint (damage.bytes, ==, 0);
}

/* What is on disk must be read by versions to come. */
static void
test_bytes (void)
{
  static const guint8 samples[] = { 1, 2, 3, 4 };
  static const gchar expected[] =
      "ec6b6a9d" "02" "01" "63" "00" "00000004" "0000000000000007"
      "0000000000000102" "0000000000000304" "00000005" "00000006"
      "b63cfbcd" "9a2d29fd" "01020304";
  const EkaPacket packet = {
    .data = samples,
    .size = sizeof samples,
    .running_time = 0x102,
    .utc = 0x304,
    .skip = 5,
    .trim_end = 6,
    .loudness = 0x63,
    .discont = TRUE,
  };
  g_autoptr (GByteArray) out = g_byte_array_new ();
  g_autoptr (GString) hex = g_string_new (NULL);
  guint i;

  eka_journal_add_packet (out, 7, &packet);
  for (i = 0; i < out->len; i++)
    g_string_append_printf (hex, "%02x", out->data[i]);
  g_assert_cmpstr (hex->str, ==, expected);
}

/* The numbers of codecs and containers are on disk too. */
static void
test_numbers (void)
{
  static const guint8 codecs[PACKETS_N_KINDS] = { 0, 0, 6, 4, 4,
                                                  5, 5, 1, 2, 3 };
  static const guint8 containers[PACKETS_N_KINDS] = { 0, 1, 0, 2, 3,
                                                      4, 4, 5, 5, 5 };
  guint kind;

  for (kind = 0; kind < PACKETS_N_KINDS; kind++)
    {
      g_autoptr (Journal) journal = journal_new (kind, 0, 8, TRUE);
      const guint8 *head = journal->bytes->data + RECORD_HEADER;

      g_assert_cmpuint (head[0] << 8 | head[1], ==, 1);
      g_assert_cmpuint (head[2], ==, codecs[kind]);
      g_assert_cmpuint (head[3], ==, containers[kind]);
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/journal/chunks-are-those-of-the-chunker",
                   test_same_chunks);
  g_test_add_func ("/journal/head-is-the-state", test_head);
  g_test_add_func ("/journal/no-head-is-told", test_no_head);
  g_test_add_func ("/journal/later-version-is-told", test_later_version);
  g_test_add_func ("/journal/signed-damage-does-no-harm", test_wrong_heads);
  g_test_add_func ("/journal/hole-over-a-second-is-a-gap", test_long_hole);
  g_test_add_func ("/journal/silence-has-an-end", test_made_up_holes);
  g_test_add_func ("/journal/hole-without-times-is-a-gap",
                   test_hole_without_times);
  g_test_add_func ("/journal/odd-records-are-passed-over", test_odd_records);
  g_test_add_func ("/journal/bytes-of-a-record", test_bytes);
  g_test_add_func ("/journal/numbers-of-codecs", test_numbers);
  return g_test_run ();
}
