/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* A week without a network, on a clock that is moved by hand: the audio waits on
 * disk, memory stays within its bound, and all of it gets to the service, from
 * the process that has recorded it or from another one. */
#include "fakeservice.h"
#include "outbox/outbox.h"
#include "scratch.h"
#include "scribe/delivery.h"
#include "scribe/descriptor.h"
#include "scribe/session.h"

#include <string.h>

#define WEEK (7 * G_TIME_SPAN_DAY)
#define CHUNK_TIME (5 * G_TIME_SPAN_MINUTE)
#define N_CHUNKS ((guint) (WEEK / CHUNK_TIME))
#define CHUNK_SIZE 1000

/* Of memory, in bytes: sixty of the chunks. A source that can't wait may take
 * twice as much. */
#define BOUND (60 * CHUNK_SIZE)

/* Of the disk, in µs, unless it hangs. */
#define PATIENCE (60 * G_TIME_SPAN_SECOND)

/* Moves of the clock that a delivery may take before it counts as endless. */
#define MAX_MOVES 100000

#define SESSION_ID "ses_of_a_long_week"

typedef struct
{
  Scratch scratch;
  EkaDisk *disk;
  EkaStore *store;
  EkaClock *clock;
  EkaWorker *worker;
  FakeService *service;
  EkaBudget *budget;
  EkaOutbox *outbox;
  EkaSession *session;
  guint recorded;
  guint warnings;
  guint recovered;
  guint done;
  GError *error; /* of DONE */
} Fixture;

static void
listen (const EkaSessionEvent *event,
        gpointer               user_data)
{
  Fixture *f = user_data;

  f->warnings += event->type == EKA_SESSION_EVENT_WARNING;
  f->recovered += event->type == EKA_SESSION_EVENT_RECOVERED;
  if (event->type != EKA_SESSION_EVENT_DONE)
    return;
  f->done++;
  if (event->error != NULL)
    f->error = g_error_copy (event->error);
}

static EkaSettings *
make_settings (void)
{
  EkaSettings *settings = eka_settings_new ();

  settings->base_url = g_strdup ("https://scribe.test/voice/v1");
  settings->session_id = g_strdup (SESSION_ID);
  settings->token = eka_token_new ();
  eka_token_set_value (settings->token, "secret-token");
  settings->result_timeout = 0;
  return settings;
}

static void
describe (Fixture *f)
{
  g_autoptr (GBytes) bytes = NULL;
  EkaDescriptor descriptor = {
    .settings = make_settings (),
    .session_id = (gchar *) SESSION_ID,
    .started_at = (gchar *) "2026-01-05T08:00:00Z",
  };

  bytes = eka_descriptor_print (&descriptor);
  eka_outbox_describe (f->outbox, bytes);
  eka_settings_free (descriptor.settings);
}

static void
set_up (Fixture      *f,
        gconstpointer data)
{
  const guint32 seed = g_test_rand_int ();
  g_autofree gchar *location = NULL;
  g_autoptr (EkaSpool) spool = NULL;

  eka_discovery_cache_clear ();
  g_test_message ("seed of the service: %u", seed);
  scratch_set_up_fast (&f->scratch, NULL);
  location = scratch_path (&f->scratch, "outbox");
  f->disk = eka_disk_new_test (eka_files_new ());
  f->store = eka_store_new (f->disk, location, 0);
  g_assert_true (eka_store_prepare (f->store, NULL));
  f->clock = eka_clock_new_test ();
  f->worker = eka_worker_new_test (f->clock);
  f->service = fake_service_new (seed);
  f->service->calm = TRUE;
  f->service->discovery = "{\"models\":[{\"id\":\"lite\"}]}";
  f->budget = eka_budget_new (BOUND, 0);
  f->outbox = eka_outbox_new (f->budget);
  spool = eka_spool_new (f->store);
  eka_outbox_set_spool (f->outbox, spool, GPOINTER_TO_INT (data));
  describe (f);
  f->session = eka_session_new (f->worker, EKA_TRANSPORT (f->service),
                                f->outbox, make_settings (), listen, f, NULL);
}

/* Until nobody has anything to do but wait for the clock. */
static void
spin (Fixture *f)
{
  do
    {
      while (g_main_context_iteration (NULL, FALSE))
        ;
      g_assert_true (
          eka_disk_wait (f->disk, g_get_monotonic_time () + PATIENCE));
    }
  while (g_main_context_pending (NULL));
}

static void
drop_session (Fixture *f)
{
  g_clear_pointer (&f->session, eka_session_unref);
  spin (f);
  g_clear_pointer (&f->outbox, eka_outbox_unref);
}

static void
tear_down (Fixture      *f,
           gconstpointer data)
{
  drop_session (f);
  eka_budget_unref (f->budget);
  eka_worker_release (f->worker);
  eka_clock_unref (f->clock);
  eka_store_unref (f->store);
  eka_disk_release (f->disk);
  g_clear_error (&f->error);
  g_assert_finalize_object (f->service);
  eka_discovery_cache_clear ();
  scratch_tear_down (&f->scratch, NULL);
}

/* Audio that tells its place. */
static GBytes *
make_audio (guint i)
{
  gchar *text = g_malloc (CHUNK_SIZE);

  memset (text, ' ', CHUNK_SIZE);
  g_snprintf (text, CHUNK_SIZE, "chunk %u", i);
  return g_bytes_new_take (text, CHUNK_SIZE);
}

/* As the element does in a live pipeline. */
static void
record_chunk (Fixture *f)
{
  const guint i = f->recorded++;
  g_autoptr (GBytes) bytes = make_audio (i);
  g_autoptr (EkaChunk) chunk = eka_chunk_new (
      i, bytes, "audio/wav", "wav", i * (guint64) CHUNK_TIME * 1000,
      CHUNK_TIME * 1000, 4800000);
  EkaBudgetLoss loss = { 0 };

  if (!eka_budget_make_room (f->budget, chunk))
    eka_budget_force_room (f->budget, chunk, &loss);
  g_assert_cmpuint (loss.chunks, ==, 0);
  eka_outbox_put (f->outbox, chunk);
  eka_session_chunk_added (f->session);
}

static void
pass_time (Fixture *f,
           gint64   span)
{
  const gint64 end = eka_clock_now (f->clock) + span;

  spin (f);
  while (eka_clock_now (f->clock) < end)
    {
      const gint64 next = eka_clock_next (f->clock);
      const gint64 left = end - eka_clock_now (f->clock);

      eka_clock_advance (f->clock, next < 0 ? left : MIN (next, left));
      while (g_main_context_iteration (NULL, FALSE))
        ;
    }
}

static void
record_a_week (Fixture *f)
{
  guint64 most = 0;

  g_atomic_int_set (&f->service->down, TRUE);
  eka_session_open (f->session);
  spin (f);
  eka_session_start (f->session, NULL);
  while (f->recorded < N_CHUNKS)
    {
      EkaOutboxStats stats;

      record_chunk (f);
      pass_time (f, CHUNK_TIME);
      eka_outbox_get_stats (f->outbox, &stats);
      most = MAX (most, stats.kept_bytes);
      g_assert_cmpuint (stats.kept_bytes, <=, 2 * BOUND);
      g_assert_cmpuint (stats.chunks, ==, f->recorded);
      g_assert_cmpuint (stats.dropped_chunks, ==, 0);
      g_assert_cmpuint (stats.let_go, ==, 0);
    }
  g_test_message ("%u chunks of %u bytes; at most %" G_GUINT64_FORMAT
                  " bytes in memory",
                  N_CHUNKS, CHUNK_SIZE, most);
  g_assert_cmpuint (f->done, ==, 0);
  g_assert_cmpuint (f->warnings, ==, 1);
}

static void
run_to_the_end (Fixture *f)
{
  guint moves;

  for (moves = 0; spin (f), f->done == 0; moves++)
    {
      g_assert_cmpuint (moves, <, MAX_MOVES);
      if (f->outbox != NULL && eka_outbox_is_busy (f->outbox))
        continue;
      g_assert_cmpint (eka_clock_next (f->clock), >=, 0);
      eka_clock_advance (f->clock, eka_clock_next (f->clock));
    }
}

/* All of it, once, and nothing is left on disk. */
static void
check_delivery (Fixture *f)
{
  FakeSession *session = fake_service_find (f->service, SESSION_ID);
  g_autoptr (GPtrArray) left = NULL;
  guint i;

  g_assert_no_error (f->error);
  g_assert_cmpuint (f->done, ==, 1);
  g_assert_cmpuint (g_hash_table_size (f->service->sessions), ==, 1);
  g_assert_nonnull (session);
  g_assert_true (session->ended);
  g_assert_cmpuint (g_hash_table_size (session->files), ==, N_CHUNKS);
  for (i = 0; i < N_CHUNKS; i++)
    {
      g_autoptr (GBytes) expected = make_audio (i);
      GBytes *file = g_hash_table_lookup (session->files, GUINT_TO_POINTER (i));

      g_assert_nonnull (file);
      g_assert_true (g_bytes_equal (file, expected));
    }
  left = eka_leftover_list (eka_store_get_location (f->store), NULL);
  g_assert_cmpuint (left->len, ==, 0);
}

/* --- tests ---------------------------------------------------------------- */

static void
test_the_network_comes_back (Fixture      *f,
                             gconstpointer data)
{
  record_a_week (f);
  g_atomic_int_set (&f->service->down, FALSE);
  eka_session_finish (f->session);
  run_to_the_end (f);
  g_assert_cmpuint (f->warnings, ==, 1);
  g_assert_cmpuint (f->recovered, ==, 1);
  drop_session (f);
  spin (f);
  check_delivery (f);
}

static void
watch_delivery (const EkaDeliveryEvent *event,
                gpointer                user_data)
{
  Fixture *f = user_data;

  if (event->type != EKA_DELIVERY_DONE)
    return;
  f->done++;
  if (event->error != NULL)
    f->error = g_error_copy (event->error);
}

/* The machine is switched off at the end of the week; what was in memory is
 * saved before. */
static void
test_it_is_sent_later (Fixture      *f,
                       gconstpointer data)
{
  EkaSettings *settings = make_settings ();
  g_autoptr (EkaDelivery) delivery = NULL;
  g_autofree gchar *folder = NULL;
  g_autofree gchar *name = NULL;
  g_autoptr (GError) error = NULL;

  record_a_week (f);
  eka_session_abort (f->session);
  spin (f);
  eka_outbox_save (f->outbox);
  g_assert_true (eka_outbox_wait_saved (f->outbox, g_get_monotonic_time () +
                                                       PATIENCE));
  folder = eka_outbox_dup_folder (f->outbox);
  drop_session (f);
  spin (f);
  f->done = 0;
  g_clear_error (&f->error);

  g_atomic_int_set (&f->service->down, FALSE);
  name = g_path_get_basename (folder);
  delivery = eka_delivery_new (f->worker, EKA_TRANSPORT (f->service), f->store,
                               settings, watch_delivery, f, NULL);
  eka_settings_free (settings);
  g_assert_true (eka_delivery_start (delivery, name, &error));
  g_assert_no_error (error);
  run_to_the_end (f);
  check_delivery (f);
}

/* A week of calls without an answer fills a log. */
static void
say_nothing (const gchar   *domain,
             GLogLevelFlags level,
             const gchar   *message,
             gpointer       user_data)
{
}

int
main (int    argc,
      char **argv)
{
  static const struct
  {
    const gchar *name;
    EkaOutboxPolicy policy;
  } policies[] = {
    { "on-failure", EKA_OUTBOX_ON_FAILURE },
    { "always", EKA_OUTBOX_ALWAYS },
  };
  guint i;

  g_test_init (&argc, &argv, NULL);
  g_log_set_handler (NULL, G_LOG_LEVEL_DEBUG, say_nothing, NULL);
  for (i = 0; i < G_N_ELEMENTS (policies); i++)
    {
      gconstpointer policy = GINT_TO_POINTER (policies[i].policy);
      g_autofree gchar *back = g_strdup_printf (
          "/week/%s/the-network-comes-back", policies[i].name);
      g_autofree gchar *later =
          g_strdup_printf ("/week/%s/it-is-sent-later", policies[i].name);

      g_test_add (back, Fixture, policy, set_up, test_the_network_comes_back,
                  tear_down);
      g_test_add (later, Fixture, policy, set_up, test_it_is_sent_later,
                  tear_down);
    }
  return g_test_run ();
}
