/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* A recording whose every step on disk is written down, and then the power is
 * cut behind each of them, with all that a disk may make of what was not synced:
 * what is left holds everything but the last second, and what may have been sent
 * lies there as it was sent. */
#include "outbox/outbox.h"

#include <string.h>

#include "chunk/split.h"
#include "chunk/wav.h"
#include "scratch.h"
#include "trace.h"

#define RATE 16000
#define PACKET_SAMPLES 320
#define PACKET_SIZE (PACKET_SAMPLES * sizeof (gint16))
#define PACKET_TIME (20 * G_TIME_SPAN_MILLISECOND)

/* As many as come in 4 s. */
#define N_PACKETS 200

/* µs. What is pushed is synced by then; on a machine that has better things to do,
 * some times of what a thread that only sleeps is late. */
#define MAX_LOSS G_TIME_SPAN_SECOND
#define LATE 4

/* µs that the disk is given, unless it hangs. */
#define PATIENCE G_TIME_SPAN_MINUTE

/* Marks */
#define PUSHED "pushed"   /* a packet */
#define GIVEN "given out" /* a chunk, to be sent */
#define CLEARED "cleared" /* the folder is not needed any more */

/* A chunk that may have been sent; @until: so many steps were done when the service
 * had refused it, which makes its number free for other bytes. */
typedef struct
{
  guint number;
  GBytes *bytes;
  guint until;
} Given;

/* @times: (element-type gint64): when each packet had been pushed
 * @given: (element-type Given): all that was given out, in order */
typedef struct
{
  Scratch scratch;
  gchar *location;
  Trace *trace;
  EkaDisk *disk;
  EkaStore *store;
  EkaBudget *budget;
  EkaOutbox *outbox;
  EkaChunker *chunker;
  GRand *rand;
  GBytes *samples;
  GArray *times;
  GPtrArray *given;
  gint64 late; /* µs that a packet was pushed too late, at most */
  EkaChunk *sending; /* (nullable) */
  guint number;      /* of it */
  gboolean refuses;  /* some chunks are too large for the service */
} Fixture;

static void
given_free (gpointer data)
{
  Given *given = data;

  g_bytes_unref (given->bytes);
  g_free (given);
}

/* No packet is like another, and none is silent. */
static GBytes *
make_samples (GRand *rand)
{
  const gsize n = N_PACKETS * PACKET_SAMPLES;
  gint16 *samples = g_new (gint16, n);
  gsize i;

  for (i = 0; i < n; i++)
    samples[i] = (gint16) g_rand_int_range (rand, -20000, 20000);
  return g_bytes_new_take (samples, n * sizeof (gint16));
}

static EkaChunker *
make_chunker (void)
{
  const EkaChunkLimits limits = {
    .min_duration = 200 * G_GUINT64_CONSTANT (1000000),
    .max_duration = 500 * G_GUINT64_CONSTANT (1000000),
    .max_bytes = 1000000,
  };
  g_auto (EkaCodec) codec = { 0 };

  eka_codec_init_samples (&codec, EKA_CODEC_PCM, RATE, 1);
  return eka_chunker_new (&codec, EKA_CONTAINER_WAV, &limits);
}

static void
refuse_fault (const GError *error,
              gpointer      user_data)
{
  g_assert_no_error (error);
}

static void
set_up (Fixture      *f,
        gconstpointer data)
{
  const guint32 seed = g_test_rand_int ();
  g_autoptr (EkaSpool) spool = NULL;

  g_test_message ("seed: %u", seed);
  scratch_set_up_fast (&f->scratch, NULL);
  scratch_make_folder (&f->scratch, "outbox", 0700);
  f->location = scratch_path (&f->scratch, "outbox");
  f->trace = trace_new (f->location);
  f->disk = eka_disk_new_test (trace_files_new (f->trace, eka_files_new ()));
  f->store = eka_store_new (f->disk, f->location, 0);
  eka_store_set_fault_func (f->store, refuse_fault, NULL, NULL);
  f->budget = eka_budget_new (0, 0);
  f->outbox = eka_outbox_new (f->budget);
  spool = eka_spool_new (f->store);
  eka_outbox_set_spool (f->outbox, spool, EKA_OUTBOX_ALWAYS);
  f->chunker = make_chunker ();
  f->rand = g_rand_new_with_seed (seed);
  f->samples = make_samples (f->rand);
  f->times = g_array_new (FALSE, FALSE, sizeof (gint64));
  f->given = g_ptr_array_new_with_free_func (given_free);
}

static void
tear_down (Fixture      *f,
           gconstpointer data)
{
  g_ptr_array_unref (f->given);
  g_array_unref (f->times);
  g_bytes_unref (f->samples);
  g_rand_free (f->rand);
  g_clear_pointer (&f->chunker, eka_chunker_free);
  g_clear_pointer (&f->sending, eka_chunk_unref);
  g_clear_pointer (&f->outbox, eka_outbox_unref);
  eka_budget_unref (f->budget);
  eka_store_unref (f->store);
  g_clear_pointer (&f->disk, eka_disk_release);
  trace_unref (f->trace);
  g_free (f->location);
  scratch_tear_down (&f->scratch, NULL);
}

/* --- the recording -------------------------------------------------------- */

/* The service finds the chunk too large: its halves take its place.
 *
 * Returns: FALSE where it is too short for that */
static gboolean
cut_in_two (Fixture *f)
{
  g_autoptr (EkaChunk) first = NULL;
  g_autoptr (EkaChunk) second = NULL;
  Given *last = g_ptr_array_index (f->given, f->given->len - 1);

  if (!eka_split_chunk (f->sending, &first, &second))
    return FALSE;
  last->until = trace_get_length (f->trace);
  eka_outbox_replace (f->outbox, first, second);
  g_clear_pointer (&f->sending, eka_chunk_unref);
  return TRUE;
}

/* As a session does: one after the other; some acknowledgements come late. */
static void
send_some (Fixture *f)
{
  Given *given;

  if (f->sending != NULL)
    {
      if (g_rand_int_range (f->rand, 0, 5) != 0)
        return;
      if (f->refuses && g_rand_int_range (f->rand, 0, 2) == 0 && cut_in_two (f))
        return;
      g_clear_pointer (&f->sending, eka_chunk_unref);
      eka_outbox_acknowledge (f->outbox, f->number);
    }
  f->sending = eka_outbox_try (f->outbox, &f->number);
  if (f->sending == NULL)
    return;
  given = g_new0 (Given, 1);
  given->number = f->number;
  given->bytes = g_bytes_ref (f->sending->bytes);
  given->until = G_MAXUINT;
  g_ptr_array_add (f->given, given);
  trace_mark (f->trace, GIVEN);
}

static void
put_chunks (Fixture *f)
{
  EkaChunk *chunk;

  while ((chunk = eka_chunker_pop (f->chunker)) != NULL)
    {
      eka_outbox_put_with_state (f->outbox, chunk,
                                 eka_chunker_save (f->chunker));
      eka_chunk_unref (chunk);
    }
}

static void
push (Fixture *f,
      guint    i)
{
  const guint8 *data = g_bytes_get_data (f->samples, NULL);
  const EkaPacket packet = {
    .data = data + i * PACKET_SIZE,
    .size = PACKET_SIZE,
    .running_time = i * PACKET_TIME * 1000,
  };
  gint64 now;

  g_assert_true (eka_chunker_push (f->chunker, &packet));
  if (i == 0)
    eka_outbox_begin (f->outbox, eka_chunker_save (f->chunker));
  else
    eka_outbox_add_packet (f->outbox, &packet);
  put_chunks (f);
  now = g_get_monotonic_time ();
  g_array_append_val (f->times, now);
  trace_mark (f->trace, PUSHED);
}

/* In real time. The description changes on the way, as when the session is
 * created. */
static void
record (Fixture *f)
{
  const gint64 start = g_get_monotonic_time ();
  g_autoptr (GBytes) first = g_bytes_new_static ("{\"format\":1}", 12);
  g_autoptr (GBytes) second = g_bytes_new_static ("{\"format\": 1}", 13);
  guint i;

  eka_outbox_describe (f->outbox, first);
  for (i = 0; i < N_PACKETS; i++)
    {
      const gint64 due = start + i * PACKET_TIME;
      const gint64 now = g_get_monotonic_time ();

      if (due > now)
        g_usleep (due - now);
      f->late = MAX (f->late, g_get_monotonic_time () - due);
      push (f, i);
      if (i == N_PACKETS / 3)
        eka_outbox_describe (f->outbox, second);
      send_some (f);
    }
}

/* The last chunk, and all that is waiting, until nothing is left. */
static void
finish (Fixture *f)
{
  const gint64 end = g_get_monotonic_time () + PATIENCE;

  eka_chunker_close (f->chunker);
  put_chunks (f);
  g_assert_true (eka_outbox_wait_saved (f->outbox, end));
  for (;;)
    {
      EkaOutboxStats stats;

      eka_outbox_get_stats (f->outbox, &stats);
      if (stats.chunks == 0)
        break;
      g_assert_true (eka_disk_wait (f->disk, end));
      send_some (f);
    }
  g_test_message ("packets were up to %.0f ms late", f->late / 1e3);
  trace_mark (f->trace, CLEARED);
  eka_outbox_clear (f->outbox);
  g_clear_pointer (&f->outbox, eka_outbox_unref);
  g_assert_true (eka_disk_wait (f->disk, end));
}

/* --- what is left --------------------------------------------------------- */

static void
append_samples (GByteArray *out,
                GBytes     *wav)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (wav, &size);

  g_assert_cmpuint (size, >, EKA_WAV_HEADER_SIZE);
  g_byte_array_append (out, data + EKA_WAV_HEADER_SIZE,
                       size - EKA_WAV_HEADER_SIZE);
}

static void
append_journal (GByteArray        *out,
                const EkaLeftover *leftover)
{
  EkaJournalDamage damage = { 0 };
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) chunks = NULL;
  guint i;

  if (leftover->journal == NULL)
    return;
  chunks = eka_journal_rebuild (leftover->journal, &damage, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (damage.packets, ==, 0);
  g_assert_cmpuint (damage.bytes, ==, 0);
  for (i = 0; i < chunks->len; i++)
    append_samples (out,
                    ((EkaChunk *) g_ptr_array_index (chunks, i))->bytes);
}

static void
assert_given_is_there (const Given       *given,
                       const EkaLeftover *leftover)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (EkaChunk) chunk = NULL;

  g_assert_cmpuint (leftover->index->entries->len, >, given->number);
  chunk = eka_leftover_read (leftover, given->number, &error);
  g_assert_no_error (error);
  g_assert_true (g_bytes_equal (chunk->bytes, given->bytes));
}

/* All that can be had of @leftover. */
static GByteArray *
collect (Fixture           *f,
         const EkaLeftover *leftover)
{
  GByteArray *out = g_byte_array_new ();
  guint i;

  for (i = 0; i < leftover->index->entries->len; i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (EkaChunk) chunk = eka_leftover_read (leftover, i, &error);

      g_assert_no_error (error);
      append_samples (out, chunk->bytes);
    }
  append_journal (out, leftover);
  return out;
}

/* Returns: packets that had to be there for sure when step @n was the last */
static guint
count_owed (Fixture *f,
            guint    n)
{
  const guint pushed = trace_count_marks (f->trace, n, PUSHED);
  /* Before that one was pushed the power was cut. */
  const gint64 cut =
      g_array_index (f->times, gint64, MIN (pushed, N_PACKETS - 1));
  const gint64 synced = cut - MAX_LOSS - LATE * f->late;
  guint owed;

  for (owed = 0; owed < pushed; owed++)
    if (g_array_index (f->times, gint64, owed) > synced)
      break;
  return owed;
}

/* @n: steps that were done when the power was cut */
static void
check_leftover (Fixture           *f,
                guint              n,
                const EkaLeftover *leftover)
{
  const guint begun = MIN (trace_count_marks (f->trace, n, PUSHED) + 1,
                           N_PACKETS);
  const guint n_given = trace_count_marks (f->trace, n, GIVEN);
  g_autoptr (GByteArray) found = NULL;
  guint i;

  g_assert_cmpint (leftover->state, ==, EKA_LEFTOVER_READY);
  g_assert_nonnull (leftover->index);
  g_assert_nonnull (leftover->description);
  found = collect (f, leftover);
  g_assert_cmpuint (found->len, >=, count_owed (f, n) * PACKET_SIZE);
  g_assert_cmpuint (found->len, <=, begun * PACKET_SIZE);
  g_assert_cmpmem (found->data, found->len,
                   g_bytes_get_data (f->samples, NULL), found->len);
  for (i = 0; i < n_given; i++)
    {
      const Given *given = g_ptr_array_index (f->given, i);

      if (n <= given->until)
        assert_given_is_there (given, leftover);
    }
}

/* Returns: whether the session was there */
static gboolean
check_folder (Fixture     *f,
              guint        n,
              const gchar *location)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) leftovers = eka_leftover_list (location, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (leftovers->len, <=, 1);
  if (leftovers->len == 0)
    {
      if (trace_count_marks (f->trace, n, CLEARED) == 0)
        {
          g_assert_cmpuint (count_owed (f, n), ==, 0);
          g_assert_cmpuint (trace_count_marks (f->trace, n, GIVEN), ==, 0);
        }
      return FALSE;
    }
  check_leftover (f, n, g_ptr_array_index (leftovers, 0));
  return TRUE;
}

/* Cuts the power after @n steps.
 *
 * Returns: whether the session was there */
static gboolean
cut (Fixture   *f,
     guint      n,
     TraceNames names,
     TraceData  data,
     guint32    seed)
{
  g_autofree gchar *target = scratch_path (&f->scratch, "after");
  g_autofree gchar *last = trace_describe (f->trace, n - 1);
  gboolean there;

  g_test_message ("step %u, %s; names %d, data %d, seed %u", n, last, names,
                  data, seed);
  trace_build (f->trace, n, names, data, seed, target);
  there = check_folder (f, n, target);
  double_remove_tree (target);
  return there;
}

/* Checkers of memory are slow, and see as much in some of the steps. */
static guint
choose_stride (void)
{
  return g_getenv ("EKASCRIBE_TEST_CHECKED") != NULL ? 7 : 1;
}

static gboolean
is_sync (Fixture *f,
         guint    step)
{
  g_autofree gchar *text = trace_describe (f->trace, step);

  return g_str_has_prefix (text, "sync");
}

/* --- tests ---------------------------------------------------------------- */

/* Before each of them and behind it, where most is at stake. */
static void
test_at_every_sync (Fixture      *f,
                    gconstpointer data)
{
  guint i, syncs = 0, there = 0;

  record (f);
  finish (f);
  for (i = 1; i < trace_get_length (f->trace); i++)
    {
      guint n, d;

      if (!is_sync (f, i) || syncs++ % choose_stride () != 0)
        continue;
      for (n = TRACE_NAMES_DROPPED; n <= TRACE_NAMES_KEPT; n++)
        for (d = TRACE_DATA_DROPPED; d <= TRACE_DATA_KEPT; d++)
          {
            there += cut (f, i, n, d, 0);
            there += cut (f, i + 1, n, d, 0);
          }
    }
  g_test_message ("%u syncs; a session was there after %u cuts", syncs, there);
  g_assert_cmpuint (syncs, >=, 20);
  g_assert_cmpuint (there, >=, syncs / choose_stride ());
}

static void
test_at_every_step (Fixture      *f,
                    gconstpointer data)
{
  const guint rounds = g_test_slow () ? 8 : 2;
  guint i, j, there = 0;

  record (f);
  finish (f);
  for (i = 1; i <= trace_get_length (f->trace); i += choose_stride ())
    for (j = 0; j < rounds; j++)
      there += cut (f, i, TRACE_NAMES_RANDOM, TRACE_DATA_RANDOM,
                    g_rand_int (f->rand));
  g_test_message ("%u steps; a session was there after %u cuts",
                  trace_get_length (f->trace), there);
  g_assert_cmpuint (there, >=,
                    trace_get_length (f->trace) / choose_stride ());
}

/* What changes the order, or the bytes, is there before anything behind it is
 * sent. */
static void
test_with_chunks_that_are_refused (Fixture      *f,
                                   gconstpointer data)
{
  guint i, refused = 0;

  f->refuses = TRUE;
  record (f);
  finish (f);
  for (i = 0; i < f->given->len; i++)
    refused += ((Given *) g_ptr_array_index (f->given, i))->until != G_MAXUINT;
  g_test_message ("%u of %u were refused", refused, f->given->len);
  for (i = 1; i <= trace_get_length (f->trace); i += choose_stride ())
    {
      cut (f, i, TRACE_NAMES_DROPPED, TRACE_DATA_DROPPED, 0);
      cut (f, i, TRACE_NAMES_RANDOM, TRACE_DATA_RANDOM, g_rand_int (f->rand));
    }
}

/* kill -9: nothing is lost that was handed to the system. */
static void
test_only_the_process_dies (Fixture      *f,
                            gconstpointer data)
{
  guint i;

  record (f);
  finish (f);
  for (i = 1; i <= trace_get_length (f->trace); i += choose_stride ())
    cut (f, i, TRACE_NAMES_KEPT, TRACE_DATA_KEPT, 0);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/powercut/at-every-sync", Fixture, NULL, set_up,
              test_at_every_sync, tear_down);
  g_test_add ("/powercut/at-every-step", Fixture, NULL, set_up,
              test_at_every_step, tear_down);
  g_test_add ("/powercut/with-chunks-that-are-refused", Fixture, NULL, set_up,
              test_with_chunks_that_are_refused, tear_down);
  g_test_add ("/powercut/only-the-process-dies", Fixture, NULL, set_up,
              test_only_the_process_dies, tear_down);
  return g_test_run ();
}
