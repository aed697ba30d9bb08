/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* What interrupted recordings leave, and what becomes of it. */
#include <string.h>

#include "bench.h"
#include "scribe/error.h"
#include "scribe/json.h"

#define FOR_EVER G_MAXUINT

/* --- the usual ---------------------------------------------------------- */

static void
test_the_rest_goes_to_the_same_session (Bench        *b,
                                        gconstpointer data)
{
  g_autofree gchar *name = NULL;

  b->settings->wait_for_results = TRUE;
  bench_record_until (b, 5, 2);
  name = bench_find (b);
  g_assert_true (bench_deliver (b, name, FOR_EVER));
  bench_assert_delivered (b);
  g_assert_cmpstr (b->delivered_to, ==, b->session_id);
  g_assert_cmpuint (g_hash_table_size (b->service->sessions), ==, 1);
  g_assert_cmpuint (bench_count (b, "warning"), ==, 0);
  g_assert_cmpuint (bench_count (b, "session"), ==, 1);
  g_assert_cmpuint (b->chunks_done, ==, 5);
}

static void
test_a_second_delivery_finds_nothing (Bench        *b,
                                      gconstpointer data)
{
  g_autofree gchar *name = NULL;
  g_autoptr (GError) error = NULL;

  bench_record_until (b, 3, 1);
  name = bench_find (b);
  g_assert_true (bench_deliver (b, name, FOR_EVER));
  bench_assert_delivered (b);
  error = bench_fail_to_start (b, name);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
}

/* What was in nobody's hands when the power went: the session was never made. */
static void
test_a_recording_without_a_network (Bench        *b,
                                    gconstpointer data)
{
  g_autofree gchar *name = NULL;
  g_autoptr (EkaDescriptor) descriptor = NULL;
  guint i;

  b->service->down = TRUE;
  bench_begin (b);
  for (i = 0; i < 4; i++)
    {
      bench_put (b);
      bench_settle (b);
    }
  bench_drop (b);
  descriptor = bench_read_description (b);
  g_assert_false (descriptor->created);
  name = bench_find (b);
  g_assert_true (bench_deliver (b, name, FOR_EVER));
  bench_assert_delivered (b);
  g_assert_cmpstr (b->delivered_to, ==, b->session_id);
  g_assert_cmpstr (b->delivered_to, ==, descriptor->session_id);
}

/* Nothing is sent to a session that the disk does not know of. */
static void
test_the_session_is_on_disk_before_its_audio (Bench        *b,
                                              gconstpointer data)
{
  FakeSession *session;
  guint uploads = 0;

  b->settings->patient_details = g_strdup ("{\"oid\": 12345678901234567890}");
  bench_begin (b);
  bench_put (b);
  do
    {
      bench_step (b);
      session = fake_service_find (b->service, b->session_id);
      if (session == NULL || g_hash_table_size (session->files) == 0)
        continue;
      {
        g_autoptr (EkaDescriptor) descriptor = bench_read_description (b);

        g_assert_true (descriptor->created);
        g_assert_false (descriptor->ended);
        g_assert_cmpstr (descriptor->session_id, ==, b->session_id);
        g_assert_cmpstr (descriptor->language, ==, "en");
        g_assert_cmpuint (strlen (descriptor->started_at), ==, 20);
        g_assert_cmpstr (descriptor->settings->patient_details, ==,
                         "{\"oid\": 12345678901234567890}");
      }
      uploads++;
    }
  while (uploads < 2);
  bench_drop (b);
}

static void
test_it_is_known_that_it_was_ended (Bench        *b,
                                    gconstpointer data)
{
  g_autofree gchar *name = NULL;
  g_autoptr (EkaDescriptor) descriptor = NULL;
  FakeSession *session = NULL;

  bench_begin (b);
  bench_put (b);
  bench_settle (b);
  eka_session_finish (b->session);
  session = fake_service_find (b->service, b->session_id);
  session->polls = 1000;
  bench_settle (b);
  bench_drop (b);
  g_assert_true (session->ended);
  descriptor = bench_read_description (b);
  g_assert_true (descriptor->ended);
  session->polls = 2;
  name = bench_find (b);
  g_assert_true (bench_deliver (b, name, FOR_EVER));
  bench_assert_delivered (b);
  g_assert_cmpuint (b->service->n_of[EKA_CALL_UPLOAD], ==, 1);
  g_assert_cmpuint (b->service->n_of[EKA_CALL_END], ==, 1);
}

static void
test_completed_meanwhile (Bench        *b,
                          gconstpointer data)
{
  g_autofree gchar *name = NULL;

  bench_record_until (b, 3, 3);
  fake_service_find (b->service, b->session_id)->ended = TRUE;
  fake_service_find (b->service, b->session_id)->polls = 0;
  name = bench_find (b);
  g_assert_true (bench_deliver (b, name, FOR_EVER));
  bench_assert_delivered (b);
  g_assert_cmpuint (b->service->n_of[EKA_CALL_UPLOAD], ==, 3);
  g_assert_cmpuint (b->service->n_of[EKA_CALL_END], ==, 0);
}

/* --- a session that is of no use ---------------------------------------- */

static void
test_ended_without_the_rest (Bench        *b,
                             gconstpointer data)
{
  g_autofree gchar *name = NULL;
  FakeSession *old;

  bench_record_until (b, 4, 2);
  old = fake_service_find (b->service, b->session_id);
  old->ended = TRUE;
  name = bench_find (b);
  g_assert_true (bench_deliver (b, name, FOR_EVER));
  g_assert_error (b->warning, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_GONE);
  old->ended = FALSE;
  bench_assert_delivered (b);
  g_assert_cmpstr (b->delivered_to, !=, b->session_id);
}

static void
test_gone (Bench        *b,
           gconstpointer data)
{
  g_autofree gchar *name = NULL;

  bench_record_until (b, 4, 2);
  if (data != NULL)
    fake_service_find (b->service, b->session_id)->expired = TRUE;
  else
    fake_service_find (b->service, b->session_id)->forgotten = TRUE;
  name = bench_find (b);
  g_assert_true (bench_deliver (b, name, FOR_EVER));
  bench_assert_delivered (b);
  g_assert_cmpstr (b->delivered_to, !=, b->session_id);
  g_assert_error (b->warning, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_GONE);
}

/* Who comes after us goes on with that one, and not with the one that is gone. */
static void
test_the_disk_hears_of_another_session (Bench        *b,
                                        gconstpointer data)
{
  g_autofree gchar *name = NULL;
  g_autoptr (EkaDescriptor) descriptor = NULL;
  g_autoptr (EkaDescriptor) later = NULL;

  bench_record_until (b, 4, 2);
  fake_service_find (b->service, b->session_id)->forgotten = TRUE;
  name = bench_find (b);
  bench_start (b, name);
  while (b->service->n_of[EKA_CALL_CREATE] < 2)
    if (!bench_step (b))
      eka_clock_advance (b->clock, eka_clock_next (b->clock));
  bench_wait_for_disk (b);
  descriptor = bench_read_description (b);
  g_assert_false (descriptor->created);
  g_assert_false (descriptor->ended);
  g_assert_cmpstr (descriptor->session_id, !=, b->session_id);
  g_assert_cmpstr (descriptor->replaced_id, ==, b->session_id);
  bench_step (b);
  bench_wait_for_disk (b);
  later = bench_read_description (b);
  g_assert_true (later->created);
  g_assert_cmpstr (later->session_id, ==, descriptor->session_id);
  eka_delivery_cancel (b->delivery);
  bench_settle (b);
  g_assert_cmpuint (b->done, ==, 1);
}

/* The ended session that is this part of the recording.
 *
 * Returns: (nullable): the session, or %NULL where there is none */
static FakeSession *
find_part (Bench *b,
           guint  part)
{
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, b->service->sessions);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      FakeSession *session = value;
      g_autoptr (JsonObject) body =
          eka_json_parse_object (session->request, -1, NULL);
      JsonObject *more = eka_json_get_object (body, "additional_data");
      const guint its = MAX (eka_json_get_count (more, "part"), 1);

      if (!session->ended || its != part)
        continue;
      g_assert_cmpint (part > 1, ==, eka_json_get_string (
                                         more, "previous_session_id") != NULL);
      return session;
    }
  return NULL;
}

/* Sessions that take two files each: several, one after the other. What the
 * first one has by then stays there. */
static void
test_a_session_that_takes_no_more_has_a_next_one (Bench        *b,
                                                  gconstpointer data)
{
  g_autofree gchar *name = NULL;
  FakeSession *session;
  guint parts, found = 0;
  guint i;

  bench_record_until (b, 8, 2);
  b->service->max_files = 2;
  name = bench_find (b);
  g_assert_true (bench_deliver (b, name, FOR_EVER));
  g_assert_no_error (b->error);
  bench_assert_gone (b);
  for (parts = 0; (session = find_part (b, parts + 1)) != NULL; parts++)
    for (i = 0; i < g_hash_table_size (session->files); i++)
      {
        g_autoptr (EkaChunk) chunk = bench_make_chunk (found++);

        g_assert_true (g_bytes_equal (
            chunk->bytes,
            g_hash_table_lookup (session->files, GUINT_TO_POINTER (i))));
      }
  g_assert_cmpuint (found, ==, 8);
  g_assert_cmpuint (parts, >=, 3);
}

/* --- who uses it -------------------------------------------------------- */

static void
test_two_deliveries_of_one_leftover (Bench        *b,
                                     gconstpointer data)
{
  g_autoptr (EkaDelivery) second = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree gchar *name = NULL;

  bench_record_until (b, 3, 1);
  name = bench_find (b);
  bench_start (b, name);
  second = eka_delivery_new (b->worker, EKA_TRANSPORT (b->service), b->store,
                             b->settings, NULL, NULL, NULL);
  g_assert_false (eka_delivery_start (second, name, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_BUSY);
  g_clear_error (&error);
  g_assert_false (eka_delivery_start (b->delivery, name, &error));
  g_assert_error (error, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_FAILED);
  while (b->done == 0)
    if (!bench_step (b))
      eka_clock_advance (b->clock, eka_clock_next (b->clock));
  bench_settle (b);
  bench_assert_delivered (b);
}

static void
test_what_is_recorded_is_not_delivered (Bench        *b,
                                        gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree gchar *name = NULL;

  bench_begin (b);
  bench_put (b);
  bench_settle (b);
  name = bench_find (b);
  error = bench_fail_to_start (b, name);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_BUSY);
  bench_drop (b);
}

static void
test_names_that_are_none (Bench        *b,
                          gconstpointer data)
{
  static const gchar *const names[] = { "", ".", "..", "../x", "nothing",
                                        "20260606T142107Z-0123abcd" };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autoptr (GError) error = bench_fail_to_start (b, names[i]);
    }
}

/* --- what goes wrong on the way ----------------------------------------- */

static void
test_without_a_network_it_stays (Bench        *b,
                                 gconstpointer data)
{
  g_autofree gchar *name = NULL;
  g_autofree gchar *still = NULL;

  b->settings->retry_time = 30 * G_TIME_SPAN_SECOND;
  bench_record_until (b, 3, 1);
  name = bench_find (b);
  b->service->down = TRUE;
  g_assert_true (bench_deliver (b, name, FOR_EVER));
  g_assert_error (b->error, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_NETWORK);
  still = bench_find (b);
  g_assert_cmpstr (name, ==, still);
  b->service->down = FALSE;
  g_assert_true (bench_deliver (b, name, FOR_EVER));
  bench_assert_delivered (b);
}

static void
test_one_delivery_after_the_other (Bench        *b,
                                   gconstpointer data)
{
  g_autofree gchar *name = NULL;
  g_autofree gchar *first = NULL;

  bench_record_until (b, 2, 1);
  name = bench_find (b);
  b->settings->retry_time = 0;
  b->service->down = TRUE;
  bench_start (b, name);
  while (b->done == 0)
    bench_step (b);
  bench_settle (b);
  b->service->down = FALSE;
  g_assert_nonnull (b->error);
  g_clear_error (&b->error);
  b->done = 0;
  g_assert_true (eka_delivery_start (b->delivery, name, NULL));
  while (b->done == 0)
    if (!bench_step (b))
      eka_clock_advance (b->clock, eka_clock_next (b->clock));
  bench_settle (b);
  bench_assert_delivered (b);
}

static void
test_cancelled_at_once (Bench        *b,
                        gconstpointer data)
{
  g_autofree gchar *name = NULL;
  g_autofree gchar *still = NULL;

  bench_record_until (b, 3, 1);
  name = bench_find (b);
  g_assert_false (bench_deliver (b, name, 0));
  g_assert_error (b->error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  still = bench_find (b);
  g_assert_cmpstr (name, ==, still);
}

static void
test_what_is_not_proven_stays (Bench        *b,
                               gconstpointer data)
{
  g_autofree gchar *name = NULL;
  g_autofree gchar *still = NULL;
  FakeSession *session;

  bench_record_until (b, 3, 3);
  b->settings->wait_for_results = FALSE;
  b->service->no_list = b->service->no_count = TRUE;
  session = fake_service_find (b->service, b->session_id);
  session->polls = 100;
  name = bench_find (b);
  g_assert_true (bench_deliver (b, name, FOR_EVER));
  g_assert_no_error (b->error);
  g_assert_error (b->warning, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_LOST);
  still = bench_find (b);
  g_assert_cmpstr (name, ==, still);
}

/* --- with threads ------------------------------------------------------- */

typedef struct
{
  GMutex lock;
  GCond cond;
  guint done;
  gboolean cancelled;
} Watch;

static void
watch_done (const EkaDeliveryEvent *event,
            gpointer                user_data)
{
  Watch *watch = user_data;

  if (event->type != EKA_DELIVERY_DONE)
    return;
  g_mutex_lock (&watch->lock);
  watch->done++;
  watch->cancelled = g_error_matches (event->error, G_IO_ERROR,
                                      G_IO_ERROR_CANCELLED);
  g_cond_broadcast (&watch->cond);
  g_mutex_unlock (&watch->lock);
}

static void
wait_for_done (Watch *watch,
               guint  done)
{
  gint64 end = g_get_monotonic_time () + G_TIME_SPAN_MINUTE;

  g_mutex_lock (&watch->lock);
  while (watch->done < done)
    if (!g_cond_wait_until (&watch->cond, &watch->lock, end))
      g_error ("no delivery came to its end");
  g_mutex_unlock (&watch->lock);
}

/* Who was in the way may take a moment to close. */
static void
start_soon (EkaDelivery *delivery,
            const gchar *name)
{
  gint64 end = g_get_monotonic_time () + G_TIME_SPAN_MINUTE;
  g_autoptr (GError) error = NULL;

  while (!eka_delivery_start (delivery, name, &error))
    {
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_BUSY);
      g_assert_cmpint (g_get_monotonic_time (), <, end);
      g_clear_error (&error);
      g_thread_yield ();
    }
}

/* From this thread, while the worker is at it. */
static void
test_started_and_cancelled_from_another_thread (Bench        *b,
                                                gconstpointer data)
{
  g_autoptr (EkaWorker) worker = eka_worker_acquire ();
  g_autoptr (EkaDelivery) delivery = NULL;
  g_autofree gchar *name = NULL;
  FakeSession *session;
  Watch watch = { .done = 0 };
  guint i, n;

  g_mutex_init (&watch.lock);
  g_cond_init (&watch.cond);
  b->settings->poll_interval = G_TIME_SPAN_MILLISECOND;
  bench_record_until (b, 6, 2);
  name = bench_find (b);
  delivery = eka_delivery_new (worker, EKA_TRANSPORT (b->service), b->store,
                               b->settings, watch_done, &watch, NULL);
  for (i = 1; i <= 20; i++)
    {
      start_soon (delivery, name);
      eka_delivery_cancel (delivery);
      wait_for_done (&watch, i);
      if (!watch.cancelled)
        break;
    }
  if (watch.cancelled)
    {
      start_soon (delivery, name);
      wait_for_done (&watch, i);
    }
  g_clear_pointer (&delivery, eka_delivery_unref);
  g_clear_pointer (&worker, eka_worker_release);
  g_assert_true (eka_worker_wait_gone (G_TIME_SPAN_MINUTE));
  bench_settle (b);
  session = bench_find_ended (b, &n);
  g_assert_cmpuint (n, ==, 1);
  g_assert_true (bench_has_all (b, session));
  bench_assert_gone (b);
  g_mutex_clear (&watch.lock);
  g_cond_clear (&watch.cond);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add_bench ("/delivery/the-rest-goes-to-the-same-session",
             test_the_rest_goes_to_the_same_session);
  add_bench ("/delivery/a-second-delivery-finds-nothing",
             test_a_second_delivery_finds_nothing);
  add_bench ("/delivery/a-recording-without-a-network",
             test_a_recording_without_a_network);
  add_bench ("/delivery/the-session-is-on-disk-before-its-audio",
             test_the_session_is_on_disk_before_its_audio);
  add_bench ("/delivery/it-is-known-that-it-was-ended",
             test_it_is_known_that_it_was_ended);
  add_bench ("/delivery/completed-meanwhile", test_completed_meanwhile);
  add_bench ("/delivery/ended-without-the-rest", test_ended_without_the_rest);
  add_bench ("/delivery/gone/404", test_gone);
  g_test_add ("/delivery/gone/410", Bench, "410", bench_set_up, test_gone,
              bench_tear_down);
  add_bench ("/delivery/the-disk-hears-of-another-session",
             test_the_disk_hears_of_another_session);
  add_bench ("/delivery/a-session-that-takes-no-more-has-a-next-one",
             test_a_session_that_takes_no_more_has_a_next_one);
  add_bench ("/delivery/two-deliveries-of-one-leftover",
             test_two_deliveries_of_one_leftover);
  add_bench ("/delivery/what-is-recorded-is-not-delivered",
             test_what_is_recorded_is_not_delivered);
  add_bench ("/delivery/names-that-are-none", test_names_that_are_none);
  add_bench ("/delivery/without-a-network-it-stays",
             test_without_a_network_it_stays);
  add_bench ("/delivery/one-delivery-after-the-other",
             test_one_delivery_after_the_other);
  add_bench ("/delivery/cancelled-at-once", test_cancelled_at_once);
  add_bench ("/delivery/what-is-not-proven-stays",
             test_what_is_not_proven_stays);
  add_bench ("/delivery/started-and-cancelled-from-another-thread",
             test_started_and_cancelled_from_another_thread);
  return g_test_run ();
}
