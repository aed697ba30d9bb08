/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Recordings against a service that has accidents: whatever happens, what ends
 * well is exactly the recording, and what does not was told and is kept. */
#include <string.h>

#include "chunk/wav.h"
#include "../checked.h"
#include "fakeservice.h"
#include "scribe/sessionprivate.h"

#define RATE 16000
#define NS_PER_SAMPLE 62500
#define MAX_CHUNKS 14
#define MAX_SAMPLES 4000 /* of a chunk; all of them count up to 65535 */

/* Moves of the clock before a run counts as endless. */
#define MAX_MOVES 20000

typedef struct _Run Run;

/* One session of a run, and what was put into its outbox. */
typedef struct
{
  Run *run;
  EkaOutbox *outbox;
  EkaSession *session;
  EkaSessionState state;
  gchar *session_id;
  GError *error;
  gboolean done;
  gboolean full;
  gboolean opened;
  guint64 begin;    /* of its first chunk */
  gboolean finished;
  guint told_lost;  /* warnings of it */
  guint put;        /* samples, those that moved on left out */
  GPtrArray *rest;
} Part;

struct _Run
{
  guint32 seed;
  GRand *rand;
  EkaClock *clock;
  EkaWorker *worker;
  FakeService *service;
  EkaBudget *budget;
  EkaSettings *settings;
  GPtrArray *parts;
  gboolean live;
  gboolean bounded;
  gboolean ogg;
  gboolean ended;
  guint16 next_sample;
};

/* --- chunks that count -------------------------------------------------- */

static EkaChunk *
make_chunk (const gchar *media_type,
            guint64      running_time,
            const gchar *pcm,
            gsize        size)
{
  const EkaCodec codec = { .type = EKA_CODEC_PCM, .rate = RATE,
                           .channels = 1 };
  g_autoptr (GBytes) bytes = NULL;
  g_autofree gchar *file = NULL;

  if (g_str_equal (media_type, "audio/wav"))
    bytes = eka_wav_write (&codec, (const guint8 *) pcm, size);
  else
    {
      file = g_malloc (size + EKA_WAV_HEADER_SIZE);
      memset (file, 'O', EKA_WAV_HEADER_SIZE);
      memcpy (file + EKA_WAV_HEADER_SIZE, pcm, size);
      bytes = g_bytes_new_take (g_steal_pointer (&file),
                                size + EKA_WAV_HEADER_SIZE);
    }
  return eka_chunk_new (0, bytes, media_type,
                        g_str_equal (media_type, "audio/wav") ? "wav" : "ogg",
                        running_time, size / 2 * NS_PER_SAMPLE, size / 2);
}

/* Each sample is one more than the one before it. */
static EkaChunk *
record_chunk (Run *run)
{
  guint n = g_rand_int_range (run->rand, 100, MAX_SAMPLES);
  g_autofree guint16 *pcm = g_new (guint16, n);
  guint64 running_time = (guint64) run->next_sample * NS_PER_SAMPLE;
  guint i;

  for (i = 0; i < n; i++)
    pcm[i] = GUINT16_TO_LE (run->next_sample++);
  return make_chunk (run->ogg ? "audio/ogg;codecs=opus" : "audio/wav",
                     running_time, (const gchar *) pcm, n * 2);
}

static EkaChunk *
recode (EkaChunk *chunk,
        gboolean  last,
        gpointer  user_data,
        GError  **error)
{
  gsize size;
  const gchar *data = g_bytes_get_data (chunk->bytes, &size);

  return make_chunk ("audio/wav", chunk->running_time, data + EKA_WAV_HEADER_SIZE,
                     size - EKA_WAV_HEADER_SIZE);
}

/* --- parts -------------------------------------------------------------- */

static gint
compare_times (gconstpointer a,
               gconstpointer b)
{
  const EkaChunk *one = *(EkaChunk *const *) a;
  const EkaChunk *other = *(EkaChunk *const *) b;

  return one->running_time < other->running_time ? -1 : 1;
}

/* A session that was lost may hand on what is older than what it handed on
 * before. */
static void
take_rest (Part      *part,
           GPtrArray *rest)
{
  guint i;

  if (part->rest == NULL)
    part->rest =
        g_ptr_array_new_with_free_func ((GDestroyNotify) eka_chunk_unref);
  for (i = 0; i < rest->len; i++)
    {
      EkaChunk *chunk = g_ptr_array_index (rest, i);

      g_ptr_array_add (part->rest, eka_chunk_ref (chunk));
      part->put -= chunk->samples;
    }
  g_ptr_array_sort (part->rest, compare_times);
}

static void
listen (const EkaSessionEvent *event,
        gpointer               user_data)
{
  Part *part = user_data;

  g_assert_false (part->done);
  part->state = event->state;
  g_free (part->session_id);
  part->session_id = g_strdup (event->session_id);
  if (event->type == EKA_SESSION_EVENT_FULL)
    {
      part->full = TRUE;
      if (event->rest != NULL)
        take_rest (part, event->rest);
    }
  if (event->type == EKA_SESSION_EVENT_WARNING &&
      event->error->code == EKA_SCRIBE_ERROR_LOST)
    part->told_lost++;
  if (event->type == EKA_SESSION_EVENT_DONE)
    {
      part->done = TRUE;
      if (event->error != NULL)
        part->error = g_error_copy (event->error);
    }
}

static void
part_free (gpointer data)
{
  Part *part = data;

  eka_session_unref (part->session);
  eka_outbox_unref (part->outbox);
  g_clear_pointer (&part->rest, g_ptr_array_unref);
  g_clear_error (&part->error);
  g_free (part->session_id);
  g_free (part);
}

/* @at: its place among the parts */
static Part *
add_part (Run  *run,
          guint at)
{
  Part *part = g_new0 (Part, 1);
  EkaSettings *settings = eka_settings_copy (run->settings);

  part->run = run;
  part->begin = G_MAXUINT64;
  part->outbox = eka_outbox_new (run->budget);
  part->session = eka_session_new (run->worker, EKA_TRANSPORT (run->service),
                                   part->outbox, settings, listen, part, NULL);
  if (run->ogg)
    eka_session_set_recode_func (part->session, recode, NULL, NULL);
  g_ptr_array_insert (run->parts, at, part);
  return part;
}

static void
put (Part     *part,
     EkaChunk *chunk)
{
  eka_outbox_put (part->outbox, chunk);
  if (!part->opened)
    {
      eka_session_open (part->session);
      eka_session_start (part->session, NULL);
    }
  if (!part->opened)
    part->begin = chunk->running_time;
  part->opened = TRUE;
  part->put += chunk->samples;
  eka_session_chunk_added (part->session);
}

static gboolean
is_recoding (Run *run)
{
  guint i;

  for (i = 0; run->ogg && i < run->parts->len; i++)
    {
      Part *part = g_ptr_array_index (run->parts, i);

      if (!part->done && part->session->calling && run->service->pending == 0)
        return TRUE;
    }
  return FALSE;
}

static void
spin (Run *run)
{
  do
    while (g_main_context_iteration (NULL, is_recoding (run)))
      ;
  while (is_recoding (run));
}

/* Where a part that begins with @chunk has its place. */
static guint
find_place (Run      *run,
            EkaChunk *chunk)
{
  guint at = run->parts->len;

  while (at > 0 && ((Part *) g_ptr_array_index (run->parts, at - 1))->begin >
                       chunk->running_time)
    at--;
  return at;
}

/* Goes on with another part where the one at @at is full; what is left of one
 * that others have followed already goes between them. */
static Part *
roll_over (Run  *run,
           guint at)
{
  Part *part = g_ptr_array_index (run->parts, at);
  g_autoptr (GPtrArray) rest = g_steal_pointer (&part->rest);
  Part *next;
  guint i;

  if (!part->full || (rest == NULL && at + 1 < run->parts->len))
    return part;
  next = add_part (run, rest != NULL ? find_place (run, rest->pdata[0])
                                     : at + 1);
  for (i = 0; rest != NULL && i < rest->len; i++)
    put (next, g_ptr_array_index (rest, i));
  if (run->ended)
    eka_session_finish (part->session);
  else
    eka_session_fill (part->session);
  part->finished = run->ended;
  spin (run);
  return next;
}

/* --- a run -------------------------------------------------------------- */

static void
move (Run *run)
{
  gint64 next = eka_clock_next (run->clock);

  eka_clock_advance (run->clock, next >= 0 ? next : G_TIME_SPAN_SECOND);
  spin (run);
}

static void
find_room (Run      *run,
           EkaChunk *chunk)
{
  EkaBudgetLoss loss;
  guint moves, i;

  for (moves = 0; !eka_budget_make_room (run->budget, chunk); moves++)
    {
      for (i = 0; i < run->parts->len; i++)
        eka_session_make_room (
            ((Part *) g_ptr_array_index (run->parts, i))->session);
      spin (run);
      if (run->live || moves == 200)
        {
          eka_budget_force_room (run->budget, chunk, &loss);
          return;
        }
      move (run);
    }
}

static void
wander (Run *run)
{
  Part *part = g_ptr_array_index (run->parts, run->parts->len - 1);
  guint moves = g_rand_int_range (run->rand, 0, 6);

  if (g_rand_int_range (run->rand, 0, 10) == 0)
    eka_session_retry (part->session);
  if (g_rand_int_range (run->rand, 0, 6) == 0)
    eka_session_pause (part->session, g_rand_boolean (run->rand));
  spin (run);
  if (g_rand_boolean (run->rand))
    while (moves-- > 0)
      move (run);
}

static void
record (Run *run)
{
  guint n = run->service->appends
                ? 1
                : g_rand_int_range (run->rand, 1, MAX_CHUNKS + 1);
  Part *part = add_part (run, 0);

  while (n-- > 0)
    {
      g_autoptr (EkaChunk) chunk = record_chunk (run);

      if (run->bounded)
        find_room (run, chunk);
      while ((part = g_ptr_array_index (run->parts, run->parts->len - 1)) !=
             roll_over (run, run->parts->len - 1))
        ;
      put (part, chunk);
      wander (run);
      g_assert_false (part->done); /* while it runs, it goes on */
    }
}

static gboolean
end (Run *run)
{
  gboolean done = TRUE;
  guint i;

  run->ended = TRUE;
  for (i = 0; i < run->parts->len; i++)
    {
      Part *part = g_ptr_array_index (run->parts, i);

      if (part->rest != NULL)
        roll_over (run, i);
      if (!part->finished)
        eka_session_finish (part->session);
      part->finished = TRUE;
      spin (run);
    }
  for (i = 0; i < run->parts->len; i++)
    {
      Part *part = g_ptr_array_index (run->parts, i);

      done = done && part->done && part->rest == NULL;
    }
  return done;
}

/* --- what came of it ---------------------------------------------------- */

static gint
compare_numbers (gconstpointer a,
                 gconstpointer b)
{
  return GPOINTER_TO_INT (a) - GPOINTER_TO_INT (b);
}

/* Goes on at *@next: all samples are greater than those before.
 *
 * Returns: how many there are */
static guint
count_samples (FakeSession *session,
               gint        *next)
{
  g_autoptr (GList) numbers = g_hash_table_get_keys (session->files);
  guint count = 0, expected = 0;
  GList *l;

  numbers = g_list_sort (numbers, compare_numbers);
  for (l = numbers; l != NULL; l = l->next)
    {
      gsize size, i;
      const guint8 *data = g_bytes_get_data (
          g_hash_table_lookup (session->files, l->data), &size);

      if (!session->lied_to)
        g_assert_cmpuint (GPOINTER_TO_UINT (l->data), ==, expected);
      expected++;
      for (i = EKA_WAV_HEADER_SIZE; i < size; i += 2)
        {
          gint sample = data[i] | data[i + 1] << 8;

          g_assert_cmpint (sample, >=, *next);
          *next = sample + 1;
          count++;
        }
    }
  return count;
}

static guint
to_samples (guint64 duration)
{
  return duration / NS_PER_SAMPLE;
}

static void
check_part (Run  *run,
            Part *part,
            gint *next)
{
  FakeSession *session = fake_service_find (run->service, part->session_id);
  EkaSessionStats stats;
  EkaOutboxStats left;
  guint missing;

  /* Who asks before it sends again is to blame for nothing else. */
  if (session != NULL && session->doubled > 0)
    g_assert_true (session->misled ||
                   (run->service->no_list && run->service->no_count));
  eka_session_get_stats (part->session, &stats);
  eka_outbox_get_stats (part->outbox, &left);
  missing = to_samples (left.dropped) + to_samples (stats.lost);
  if (part->state == EKA_SESSION_COMPLETED && left.kept == 0)
    {
      g_assert_nonnull (session);
      if (session->lied_to && part->told_lost > 0)
        return; /* and was let go, for twice the service said that it has it */
      g_assert_no_error (part->error);
      g_assert_cmpuint (count_samples (session, next) + missing, ==,
                        part->put);
      return;
    }
  /* Told, and kept as long as it was to be kept. */
  if (part->state == EKA_SESSION_COMPLETED)
    g_assert_cmpuint (part->told_lost, >, 0);
  else if (part->state == EKA_SESSION_DISCARDED)
    g_assert_cmpuint (part->put, ==, 0);
  else if (part->state != EKA_SESSION_PARTIAL)
    g_assert_nonnull (part->error);
  g_assert_cmpuint (to_samples (left.kept_duration) + missing +
                        to_samples (left.let_go), ==, part->put);
}

static void
check (Run   *run,
       guint *ends)
{
  gint next = 0;
  guint put = 0;
  guint i;

  for (i = 0; i < run->parts->len; i++)
    {
      Part *part = g_ptr_array_index (run->parts, i);

      g_assert_null (part->rest);
      put += part->put;
      check_part (run, part, &next);
      ends[part->state]++;
    }
  g_assert_cmpuint (put, <=, run->next_sample);
}

/* --- kinds of runs ------------------------------------------------------ */

/* Accidents that an honest service may have. */
static void
be_unlucky (FakeService *service,
            GRand       *rand)
{
  static const guint weights[FAKE_N_FAULTS] = {
    [FAKE_FAULT_RESET_BEFORE] = 4, [FAKE_FAULT_RESET_AFTER] = 6,
    [FAKE_FAULT_STATUS] = 4,       [FAKE_FAULT_STATUS_AFTER] = 4,
    [FAKE_FAULT_GARBAGE] = 3,      [FAKE_FAULT_FORGET] = 1,
    [FAKE_FAULT_END] = 1,          [FAKE_FAULT_CANCEL] = 1,
    [FAKE_FAULT_EXPIRE] = 1,       [FAKE_FAULT_SHORT_LIST] = 3,
    [FAKE_FAULT_WRONG_COUNT] = 2,  [FAKE_FAULT_OTHER_ID] = 1,
    [FAKE_FAULT_NO_URL] = 2,       [FAKE_FAULT_DOUBT] = 2,
  };
  static const gchar *const formats[] = { "audio_%u.%s", "%u.%s",
                                          "s3://bucket/a_b/%u.%s",
                                          "audio_%u.%s?sig=a/b_1.c" };
  guint i;

  for (i = 0; i < FAKE_N_FAULTS; i++)
    service->faults[i] = g_rand_boolean (rand) ? weights[i] : 0;
  service->rate = g_rand_double_range (rand, 0, 0.5);
  service->no_list = g_rand_int_range (rand, 0, 6) == 0;
  service->no_count = g_rand_int_range (rand, 0, 6) == 0;
  service->strict = g_rand_boolean (rand);
  service->refuses_again = g_rand_boolean (rand);
  service->gone = g_rand_boolean (rand);
  service->name_format =
      formats[g_rand_int_range (rand, 0, G_N_ELEMENTS (formats))];
  if (g_rand_int_range (rand, 0, 3) == 0)
    service->max_bytes = g_rand_int_range (rand, 3000, 9000);
  if (g_rand_int_range (rand, 0, 4) == 0)
    service->max_files = g_rand_int_range (rand, 2, 8);
  service->refuses_ogg = g_rand_boolean (rand);
}

/* And one that throws away what it said that it has. */
static void
be_false (FakeService *service,
          GRand       *rand)
{
  be_unlucky (service, rand);
  service->faults[FAKE_FAULT_DROP] = 5;
}

/* And one that keeps twice what comes twice. */
static void
be_greedy (FakeService *service,
           GRand       *rand)
{
  be_unlucky (service, rand);
  service->max_bytes = 0; /* one file can't be cut */
  service->appends = TRUE;
}

/* It is told that the recording comes as one file. */
static void
make_single (Run *run)
{
  static const gchar document[] =
      "{\"capabilities\":{\"upload_methods\":[\"single\"]},\"models\":[]}";
  g_autoptr (GBytes) json = g_bytes_new_static (document, strlen (document));
  g_autoptr (EkaDiscovery) discovery = eka_discovery_new_from_json (json, NULL);

  eka_discovery_cache_put (run->settings->base_url, discovery, G_MAXINT64);
  run->settings->discovery = EKA_DISCOVERY_AUTO;
  run->settings->upload_type = EKA_UPLOAD_SINGLE;
}

static void
run_clear (Run *run)
{
  g_ptr_array_unref (run->parts);
  eka_settings_free (run->settings);
  eka_budget_unref (run->budget);
  g_object_unref (run->service);
  eka_worker_release (run->worker);
  eka_clock_unref (run->clock);
  g_rand_free (run->rand);
}

static void
run_init (Run    *run,
          guint32 seed)
{
  g_random_set_seed (seed);
  run->seed = seed;
  run->rand = g_rand_new_with_seed (seed);
  run->clock = eka_clock_new_test ();
  run->worker = eka_worker_new_test (run->clock);
  run->service = fake_service_new (seed);
  run->parts = g_ptr_array_new_with_free_func (part_free);
  run->bounded = g_rand_int_range (run->rand, 0, 3) == 0;
  run->live = g_rand_boolean (run->rand);
  run->ogg = g_rand_int_range (run->rand, 0, 4) == 0;
  run->budget = eka_budget_new (
      run->bounded ? g_rand_int_range (run->rand, 10000, 60000) : 0, 0);
  run->settings = eka_settings_new ();
  run->settings->base_url = g_strdup ("https://scribe.test/voice/v1");
  run->settings->discovery = EKA_DISCOVERY_OFF;
  if (g_rand_int_range (run->rand, 0, 3) == 0)
    run->settings->on_chunk_error = EKA_CHUNK_ERROR_SKIP;
  if (g_rand_int_range (run->rand, 0, 8) == 0)
    run->settings->retry_time = 0;
  if (g_rand_int_range (run->rand, 0, 3) == 0)
    run->settings->preview_interval = 3 * G_TIME_SPAN_SECOND;
}

typedef void (*Kind) (FakeService *service,
                      GRand       *rand);

static void
run_once (guint32 seed,
          Kind    kind,
          guint  *ends)
{
  Run run = { 0 };
  guint moves = 0;

  g_test_message ("seed %u", seed);
  run_init (&run, seed);
  kind (run.service, run.rand);
  if (run.service->appends)
    make_single (&run);
  record (&run);
  while (!end (&run))
    {
      g_assert_cmpuint (++moves, <, MAX_MOVES);
      move (&run);
    }
  check (&run, ends);
  spin (&run);
  run_clear (&run);
}

static guint
count_runs (void)
{
  const gchar *runs = g_getenv ("EKA_TEST_RUNS");

  return runs != NULL ? g_ascii_strtoull (runs, NULL, 10)
                      : checked_count (3000, 600);
}

static void
run_all (Kind kind)
{
  const gchar *first = g_getenv ("EKA_TEST_SEED");
  guint seed = first != NULL ? g_ascii_strtoull (first, NULL, 10) : 0;
  guint ends[EKA_SESSION_DISCARDED + 1] = { 0 };
  guint i;

  for (i = 0; i < count_runs (); i++)
    run_once (seed + i, kind, ends);
  for (i = 0; i < G_N_ELEMENTS (ends); i++)
    if (ends[i] > 0)
      g_test_message ("%s: %u", eka_session_state_to_string (i), ends[i]);
  if (count_runs () > 1)
    g_assert_cmpuint (ends[EKA_SESSION_COMPLETED], >, count_runs () / 2);
}

static void
test_what_ends_well_is_the_recording (void)
{
  run_all (be_unlucky);
}

static void
test_what_was_thrown_away_is_kept_here (void)
{
  run_all (be_false);
}

static void
test_nothing_is_said_twice (void)
{
  run_all (be_greedy);
}

static void
drop (const gchar   *domain,
      GLogLevelFlags level,
      const gchar   *message,
      gpointer       user_data)
{
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  /* One run may be looked at, of thousands nobody can. */
  if (count_runs () > 1)
    {
      g_log_set_handler (NULL, G_LOG_LEVEL_DEBUG, drop, NULL);
      g_log_set_handler ("ekascribe", G_LOG_LEVEL_DEBUG, drop, NULL);
    }
  g_test_add_func ("/session-random/what-ends-well-is-the-recording",
                   test_what_ends_well_is_the_recording);
  g_test_add_func ("/session-random/what-was-thrown-away-is-kept-here",
                   test_what_was_thrown_away_is_kept_here);
  g_test_add_func ("/session-random/nothing-is-said-twice",
                   test_nothing_is_said_twice);
  return g_test_run ();
}
