/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Half an hour without a service, which begins in each state: no network, or a
 * gateway that says 503. All audio gets there, one warning tells of it, and the
 * tries are few. */
#include "fakeservice.h"
#include "scribe/retry.h"
#include "scribe/session.h"

#include <string.h>

#define OUTAGE (30 * G_TIME_SPAN_MINUTE)

/* Tries in half an hour: a pause is a random part of 30 s, 15 s on the average,
 * so that 120 are expected, with a deviation of 7. A gateway that asks for
 * shorter pauses now and then gets some more. */
#define FEWEST_TRIES 80
#define MOST_TRIES 170
#define MOST_TRIES_ASKED 220

/* Moves of the clock that a run may take before it counts as endless. */
#define MAX_MOVES 10000

typedef enum
{
  NO_NETWORK,
  NO_SERVICE, /* 429 and 5xx */
} Kind;

typedef struct
{
  EkaSessionState state; /* in which it begins */
  Kind kind;
} Outage;

typedef struct
{
  EkaClock *clock;
  EkaWorker *worker;
  FakeService *service;
  EkaBudget *budget;
  EkaOutbox *outbox;
  EkaSession *session;
  GPtrArray *chunks; /* that were recorded */
  const Outage *outage;
  gboolean over;     /* it was */
  EkaSessionState state;
  gchar *session_id;
  GError *error;     /* of DONE */
  guint warnings;
  guint fatal;
  guint recovered;
  guint acknowledged;
  guint done;
  gint64 longest;    /* pause, in µs */
} Fixture;

/* --- the wall clock ------------------------------------------------------- */

gint64 g_get_real_time (void);

/* What our code gets that asks for the time of day: it jumps, a year ahead or
 * ten back, as of a machine without a battery. */
gint64
g_get_real_time (void)
{
  static gint64 now = G_GINT64_CONSTANT (1780000000) * G_USEC_PER_SEC;
  static guint calls;

  now += calls++ % 2 == 0 ? -3650 * G_TIME_SPAN_DAY : 365 * G_TIME_SPAN_DAY;
  return now;
}

/* --- fixture -------------------------------------------------------------- */

static void
set_outage (Fixture *f,
            gboolean on)
{
  if (f->outage->kind == NO_NETWORK)
    g_atomic_int_set (&f->service->down, on);
  else
    f->service->calm = !on;
}

static void
listen (const EkaSessionEvent *event,
        gpointer               user_data)
{
  Fixture *f = user_data;

  g_assert_cmpuint (f->done, ==, 0);
  f->state = event->state;
  g_free (f->session_id);
  f->session_id = g_strdup (event->session_id);
  if (event->type == EKA_SESSION_EVENT_STATE && f->outage != NULL &&
      event->state == f->outage->state && !f->over)
    set_outage (f, TRUE);
  f->warnings += event->type == EKA_SESSION_EVENT_WARNING;
  f->fatal += event->type == EKA_SESSION_EVENT_WARNING && event->fatal;
  f->recovered += event->type == EKA_SESSION_EVENT_RECOVERED;
  f->acknowledged += event->type == EKA_SESSION_EVENT_CHUNK;
  f->done += event->type == EKA_SESSION_EVENT_DONE;
  if (event->type == EKA_SESSION_EVENT_DONE && event->error != NULL)
    f->error = g_error_copy (event->error);
}

static void
spin (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

static EkaSettings *
make_settings (void)
{
  EkaSettings *settings = eka_settings_new ();

  settings->base_url = g_strdup ("https://scribe.test/voice/v1");
  settings->token = eka_token_new ();
  eka_token_set_value (settings->token, "secret-token");
  /* People wait after the end; these have the patience. */
  settings->retry_time = 2 * OUTAGE;
  settings->result_timeout = 0;
  return settings;
}

static void
set_up (Fixture      *f,
        gconstpointer data)
{
  const guint32 seed = g_test_rand_int ();

  eka_discovery_cache_clear ();
  g_test_message ("seed of the service: %u", seed);
  f->outage = data;
  f->clock = eka_clock_new_test ();
  f->worker = eka_worker_new_test (f->clock);
  f->service = fake_service_new (seed);
  f->service->faults[FAKE_FAULT_BUSY] = 1;
  f->service->rate = 1;
  f->service->calm = TRUE;
  f->service->discovery = "{\"models\":[{\"id\":\"lite\"}]}";
  f->budget = eka_budget_new (0, 0);
  f->outbox = eka_outbox_new (f->budget);
  f->chunks =
      g_ptr_array_new_with_free_func ((GDestroyNotify) eka_chunk_unref);
  f->session = eka_session_new (f->worker, EKA_TRANSPORT (f->service),
                                f->outbox, make_settings (), listen, f, NULL);
}

static void
tear_down (Fixture      *f,
           gconstpointer data)
{
  eka_session_unref (f->session);
  spin ();
  eka_outbox_unref (f->outbox);
  eka_budget_unref (f->budget);
  eka_worker_release (f->worker);
  eka_clock_unref (f->clock);
  g_ptr_array_unref (f->chunks);
  g_free (f->session_id);
  g_clear_error (&f->error);
  g_assert_finalize_object (f->service);
  eka_discovery_cache_clear ();
}

/* A minute of audio. */
static void
add_chunk (Fixture *f)
{
  g_autofree gchar *text = g_strdup_printf ("chunk %u", f->chunks->len);
  g_autoptr (GBytes) bytes = g_bytes_new (text, strlen (text));
  EkaChunk *chunk = eka_chunk_new (
      f->chunks->len, bytes, "audio/wav", "wav",
      f->chunks->len * G_GUINT64_CONSTANT (60000000000),
      G_GUINT64_CONSTANT (60000000000), 960000);

  g_ptr_array_add (f->chunks, chunk);
  eka_outbox_put (f->outbox, chunk);
  eka_session_chunk_added (f->session);
  spin ();
}

/* Moves the clock on to the next timer, by @span at most. */
static void
move (Fixture *f,
      gint64   span)
{
  gint64 next = eka_clock_next (f->clock);

  eka_clock_advance (f->clock, next < 0 ? span : MIN (next, span));
  spin ();
}

static void
wait_for (Fixture *f,
          gint64   span)
{
  gint64 end = eka_clock_now (f->clock) + span;

  while (eka_clock_now (f->clock) < end)
    {
      f->longest = MAX (f->longest, eka_clock_next (f->clock));
      move (f, end - eka_clock_now (f->clock));
    }
}

static void
run_to_the_end (Fixture *f)
{
  guint moves;

  for (moves = 0; f->done == 0; moves++)
    {
      g_assert_cmpuint (moves, <, MAX_MOVES);
      g_assert_cmpint (eka_clock_next (f->clock), >=, 0);
      move (f, G_MAXINT64);
    }
}

static void
check_delivery (Fixture *f)
{
  FakeSession *session = fake_service_find (f->service, f->session_id);
  EkaSessionStats stats;
  guint i;

  g_assert_no_error (f->error);
  g_assert_cmpint (f->state, ==, EKA_SESSION_COMPLETED);
  g_assert_cmpuint (f->acknowledged, ==, f->chunks->len);
  g_assert_cmpuint (g_hash_table_size (f->service->sessions), ==, 1);
  g_assert_cmpuint (g_hash_table_size (session->files), ==, f->chunks->len);
  for (i = 0; i < f->chunks->len; i++)
    {
      EkaChunk *chunk = g_ptr_array_index (f->chunks, i);
      GBytes *file = g_hash_table_lookup (session->files,
                                          GUINT_TO_POINTER (i));

      g_assert_nonnull (file);
      g_assert_true (g_bytes_equal (file, chunk->bytes));
    }
  eka_session_get_stats (f->session, &stats);
  g_assert_cmpuint (stats.replaced, ==, 0);
  g_assert_cmpuint (stats.lost, ==, 0);
}

/* --- tests ---------------------------------------------------------------- */

static void
test_an_outage_of_half_an_hour (Fixture      *f,
                                gconstpointer data)
{
  const gboolean records = f->outage->state <= EKA_SESSION_RECORDING;
  guint before, tries, i;

  eka_session_open (f->session);
  spin ();
  eka_session_start (f->session, NULL);
  add_chunk (f);
  add_chunk (f);
  if (!records)
    eka_session_finish (f->session);
  spin ();
  before = f->service->n_calls;
  for (i = 0; i < OUTAGE / G_TIME_SPAN_MINUTE; i++)
    {
      if (records)
        add_chunk (f);
      wait_for (f, G_TIME_SPAN_MINUTE);
    }
  tries = f->service->n_calls - before;
  g_test_message ("%u tries, at least one in %.1f s", tries, f->longest / 1e6);
  g_assert_cmpuint (f->done, ==, 0);
  g_assert_cmpuint (f->warnings, ==, 1);
  g_assert_cmpuint (f->fatal, ==, 0);
  g_assert_cmpuint (f->recovered, ==, 0);
  g_assert_cmpint (f->longest, <=, EKA_RETRY_CAP);
  g_assert_cmpuint (tries, >=, FEWEST_TRIES);
  g_assert_cmpuint (tries, <=, f->outage->kind == NO_NETWORK
                                   ? MOST_TRIES
                                   : MOST_TRIES_ASKED);

  set_outage (f, FALSE);
  f->over = TRUE;
  eka_session_finish (f->session);
  run_to_the_end (f);
  g_assert_cmpuint (f->warnings, ==, 1);
  g_assert_cmpuint (f->recovered, ==, 1);
  check_delivery (f);
}

/* The next outage finds short pauses again, and is told again. */
static void
test_pauses_begin_anew_after_a_success (Fixture      *f,
                                        gconstpointer data)
{
  guint i;

  eka_session_open (f->session);
  eka_session_start (f->session, NULL);
  spin ();
  for (i = 0; i < 3; i++)
    {
      g_atomic_int_set (&f->service->down, TRUE);
      add_chunk (f);
      g_assert_cmpint (eka_clock_next (f->clock), <=, EKA_RETRY_BASE);
      wait_for (f, 5 * G_TIME_SPAN_MINUTE);
      g_atomic_int_set (&f->service->down, FALSE);
      wait_for (f, G_TIME_SPAN_MINUTE);
      g_assert_cmpuint (f->acknowledged, ==, i + 1);
      g_assert_cmpuint (f->warnings, ==, i + 1);
      g_assert_cmpuint (f->recovered, ==, i + 1);
    }
  eka_session_finish (f->session);
  run_to_the_end (f);
  check_delivery (f);
}

static const EkaSessionState states[] = {
  EKA_SESSION_DISCOVERING, EKA_SESSION_READY,    EKA_SESSION_CREATING,
  EKA_SESSION_RECORDING,   EKA_SESSION_DRAINING, EKA_SESSION_AUDITING,
  EKA_SESSION_ENDING,      EKA_SESSION_PROCESSING,
};

int
main (int    argc,
      char **argv)
{
  static Outage outages[G_N_ELEMENTS (states) * 2];
  guint i;

  g_test_init (&argc, &argv, NULL);
  for (i = 0; i < G_N_ELEMENTS (outages); i++)
    {
      Outage *outage = &outages[i];
      g_autofree gchar *path = NULL;

      outage->state = states[i / 2];
      outage->kind = i % 2 == 0 ? NO_NETWORK : NO_SERVICE;
      path = g_strdup_printf (
          "/outage/%s/begins-in/%s",
          outage->kind == NO_NETWORK ? "no-network" : "no-service",
          eka_session_state_to_string (outage->state));
      g_test_add (path, Fixture, outage, set_up,
                  test_an_outage_of_half_an_hour, tear_down);
    }
  g_test_add ("/outage/pauses-begin-anew-after-a-success", Fixture, NULL,
              set_up, test_pauses_begin_anew_after_a_success, tear_down);
  return g_test_run ();
}
