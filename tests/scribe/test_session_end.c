/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* How a session comes to its end: results that are not the last word, and
 * sessions that nobody wants. */
#include "scribe/error.h"
#include "scribe/sessionprivate.h"
#include "sessionfixture.h"

#define SECOND G_TIME_SPAN_SECOND

static void
push_result (Fixture     *f,
             guint        status,
             const gchar *body,
             guint        count)
{
  while (count-- > 0)
    eka_liar_push (f->liar, EKA_CALL_GET, status, body);
}

/* One that differs from all others. */
static void
push_failed (Fixture *f,
             guint    nth)
{
  g_autofree gchar *body = g_strdup_printf (
      "{\"status\":\"failed\",\"error\":{\"code\":\"n%u\"}}", nth);

  push_result (f, 200, body, 1);
}

/* Up to the first poll for results.
 *
 * Returns: when End was accepted */
static gint64
end_session (Fixture *f)
{
  fixture_start (f);
  fixture_add_chunk (f);
  eka_session_finish (f->session);
  fixture_spin (f);
  g_assert_cmpuint (eka_liar_count (f->liar, EKA_CALL_END), ==, 1);
  return eka_clock_now (f->clock);
}

/* --- results that may change -------------------------------------------- */

static const gchar *const provisional[] = {
  "{\"status\":\"failed\",\"error\":{\"code\":\"too_early\"}}",
  "{\"status\":\"partial\",\"transcript\":\"half\"}",
};

static void
test_a_bad_result_may_become_good (Fixture      *f,
                                   gconstpointer data)
{
  gint64 began;

  push_result (f, 200, data, 4);
  began = end_session (f);
  g_assert_cmpuint (f->done, ==, 0);
  /* It is looked at again every five seconds. */
  g_assert_cmpint (eka_clock_next (f->clock), ==, 5 * SECOND);
  fixture_run (f);
  g_assert_no_error (f->error);
  g_assert_cmpint (f->state, ==, EKA_SESSION_COMPLETED);
  g_assert_cmpint (eka_clock_now (f->clock) - began, ==, 20 * SECOND);
  g_assert_cmpuint (fixture_count (f, "warning"), ==, 0);
}

static void
test_a_bad_result_that_stays_is_meant (Fixture      *f,
                                       gconstpointer data)
{
  gboolean bad = data == provisional[0];
  gint64 began;

  push_result (f, 200, data, 99);
  began = end_session (f);
  fixture_run (f);
  g_assert_cmpint (f->state, ==,
                   bad ? EKA_SESSION_FAILED : EKA_SESSION_PARTIAL);
  g_assert_cmpint (eka_clock_now (f->clock) - began, ==, 30 * SECOND);
  g_assert_nonnull (f->result);
  if (bad)
    g_assert_cmpstr (eka_scribe_error_get_info (f->error)->code, ==,
                     "too_early");
}

static void
test_a_change_begins_anew (Fixture      *f,
                           gconstpointer data)
{
  gint64 began;
  guint i;

  for (i = 0; i < 4; i++)
    push_failed (f, i);
  push_result (f, 200, provisional[0], 99);
  began = end_session (f);
  fixture_run (f);
  g_assert_cmpint (eka_clock_now (f->clock) - began, ==, 50 * SECOND);
}

/* Who works on it again has not failed. */
static void
test_work_in_between_begins_anew (Fixture      *f,
                                  gconstpointer data)
{
  gint64 began;

  f->settings->poll_interval = 5 * SECOND;
  push_result (f, 200, provisional[0], 5);
  push_result (f, 202, "{\"status\":\"processing\"}", 1);
  push_result (f, 200, provisional[0], 99);
  began = end_session (f);
  fixture_run (f);
  g_assert_cmpint (f->state, ==, EKA_SESSION_FAILED);
  g_assert_cmpint (eka_clock_now (f->clock) - began, ==, 60 * SECOND);
}

static void
test_changes_have_an_end (Fixture      *f,
                          gconstpointer data)
{
  gint64 began;
  guint i;

  for (i = 0; i < 99; i++)
    push_failed (f, i);
  began = end_session (f);
  fixture_run (f);
  g_assert_cmpint (f->state, ==, EKA_SESSION_FAILED);
  g_assert_cmpint (eka_clock_now (f->clock) - began, ==, 180 * SECOND);
}

static void
test_without_settle_time_it_is_meant_at_once (Fixture      *f,
                                              gconstpointer data)
{
  f->settings->settle_time = 0;
  push_result (f, 200, provisional[0], 1);
  end_session (f);
  g_assert_cmpuint (f->done, ==, 1);
  g_assert_cmpint (f->state, ==, EKA_SESSION_FAILED);
}

/* Never as success. */
static void
test_the_time_limit_is_told_as_such (Fixture      *f,
                                     gconstpointer data)
{
  f->settings->result_timeout = 12 * SECOND;
  push_result (f, 200, data, 99);
  end_session (f);
  fixture_run (f);
  g_assert_cmpint (f->state, ==, EKA_SESSION_FAILED);
  g_assert_error (f->error, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_TIMEOUT);
  g_assert_nonnull (f->result);
  g_assert_cmpuint (fixture_count (f, "completed"), ==, 0);
  g_assert_cmpuint (fixture_count (f, "partial"), ==, 0);
}

/* --- discard ------------------------------------------------------------ */

static const EkaCall calls[] = { EKA_CALL_CREATE, EKA_CALL_UPLOAD,
                                 EKA_CALL_END };

static void
assert_forgotten (Fixture *f)
{
  EkaOutboxStats left;

  g_assert_cmpint (f->state, ==, EKA_SESSION_DISCARDED);
  g_assert_no_error (f->error);
  g_assert_cmpuint (f->done, ==, 1);
  eka_outbox_get_stats (f->outbox, &left);
  g_assert_cmpuint (left.kept, ==, 0);
  g_assert_cmpint (eka_clock_next (f->clock), ==, -1);
}

/* @call stands still. */
static void
start_stalled (Fixture *f,
               EkaCall  call)
{
  eka_liar_push_stall (f->liar, call);
  fixture_start (f);
  fixture_add_chunk (f);
  if (call == EKA_CALL_END || call == EKA_CALL_GET)
    eka_session_finish (f->session);
  fixture_spin (f);
}

static void
test_discard_cancels_in_every_state (Fixture      *f,
                                     gconstpointer data)
{
  start_stalled (f, GPOINTER_TO_UINT (data));
  eka_session_discard (f->session);
  fixture_spin (f);
  assert_forgotten (f);
  g_assert_cmpuint (eka_liar_count (f->liar, EKA_CALL_PATCH), ==, 1);
  g_assert_cmpuint (fixture_count (f, "warning"), ==, 0);
}

static void
test_discard_while_audited (Fixture      *f,
                            gconstpointer data)
{
  f->liar->any_get = TRUE;
  start_stalled (f, EKA_CALL_GET);
  g_assert_cmpint (f->state, ==, EKA_SESSION_AUDITING);
  eka_session_discard (f->session);
  fixture_spin (f);
  assert_forgotten (f);
  g_assert_cmpuint (eka_liar_count (f->liar, EKA_CALL_PATCH), ==, 1);
  g_assert_cmpuint (eka_liar_count (f->liar, EKA_CALL_END), ==, 0);
}

/* Nothing is there yet to be cancelled. */
static void
test_discard_before_anything_is_created (Fixture      *f,
                                         gconstpointer data)
{
  if (data != NULL)
    eka_liar_push_stall (f->liar, EKA_CALL_DISCOVER);
  fixture_open (f);
  eka_session_discard (f->session);
  fixture_spin (f);
  assert_forgotten (f);
  g_assert_cmpuint (eka_liar_count (f->liar, EKA_CALL_PATCH), ==, 0);
}

static void
test_discard_after_the_end_is_too_late (Fixture      *f,
                                        gconstpointer data)
{
  start_stalled (f, EKA_CALL_GET);
  g_assert_cmpint (f->state, ==, EKA_SESSION_PROCESSING);
  eka_session_discard (f->session);
  fixture_spin (f);
  assert_forgotten (f);
  g_assert_cmpuint (eka_liar_count (f->liar, EKA_CALL_PATCH), ==, 0);
  g_assert_cmpuint (fixture_count (f, "warning"), ==, 1);
  g_assert_nonnull (strstr (f->warning->message, f->session_id));
}

static void
test_discard_drops_a_pause (Fixture      *f,
                            gconstpointer data)
{
  eka_liar_push (f->liar, EKA_CALL_UPLOAD, 503, "")->retry_after =
      g_strdup ("200");
  fixture_start (f);
  fixture_add_chunk (f);
  fixture_spin (f);
  eka_session_discard (f->session);
  eka_session_discard (f->session);
  fixture_spin (f);
  assert_forgotten (f);
  g_assert_cmpuint (eka_liar_count (f->liar, EKA_CALL_PATCH), ==, 1);
}

static void
test_discard_is_tried_again (Fixture      *f,
                             gconstpointer data)
{
  guint i;

  for (i = 0; i < 5; i++)
    eka_liar_push (f->liar, EKA_CALL_PATCH, 503, "");
  fixture_start (f);
  fixture_add_chunk (f);
  fixture_spin (f);
  eka_session_discard (f->session);
  fixture_run (f);
  assert_forgotten (f);
  g_assert_cmpuint (eka_liar_count (f->liar, EKA_CALL_PATCH), ==, 6);
  g_assert_cmpuint (fixture_count (f, "warning"), ==, 0);
}

static void
test_discard_ends_after_its_time (Fixture      *f,
                                  gconstpointer data)
{
  gint64 began;
  guint i;

  f->settings->retry_time = G_TIME_SPAN_MINUTE;
  for (i = 0; i < 999; i++)
    eka_liar_push (f->liar, EKA_CALL_PATCH, 503, "");
  fixture_start (f);
  fixture_add_chunk (f);
  fixture_spin (f);
  began = eka_clock_now (f->clock);
  eka_session_discard (f->session);
  fixture_run (f);
  assert_forgotten (f);
  g_assert_cmpint (eka_clock_now (f->clock) - began, ==, G_TIME_SPAN_MINUTE);
  g_assert_cmpuint (fixture_count (f, "warning"), ==, 1);
  g_assert_nonnull (strstr (f->warning->message, f->session_id));
}

typedef struct
{
  guint status;
  guint warnings;
} Answer;

static const Answer answers[] = { { 204, 0 }, { 404, 0 }, { 410, 0 },
                                  { 400, 1 }, { 401, 1 }, { 405, 1 },
                                  { 409, 1 } };

static void
test_discard_takes_every_answer (Fixture      *f,
                                 gconstpointer data)
{
  const Answer *answer = data;

  eka_liar_push (f->liar, EKA_CALL_PATCH, answer->status, "");
  fixture_start (f);
  fixture_add_chunk (f);
  fixture_spin (f);
  eka_session_discard (f->session);
  fixture_spin (f);
  assert_forgotten (f);
  g_assert_cmpuint (eka_liar_count (f->liar, EKA_CALL_PATCH), ==, 1);
  g_assert_cmpuint (fixture_count (f, "warning"), ==, answer->warnings);
}

static void
test_discard_of_a_refused_recording (Fixture      *f,
                                     gconstpointer data)
{
  guint i;

  for (i = 0; i < 99; i++)
    eka_liar_push (f->liar, EKA_CALL_UPLOAD, 413, "");
  fixture_start (f);
  fixture_add_chunk (f);
  while (fixture_count (f, "fatal") == 0)
    {
      fixture_spin (f);
      eka_clock_advance (f->clock, MAX (eka_clock_next (f->clock), 0));
    }
  eka_session_discard (f->session);
  fixture_spin (f);
  assert_forgotten (f);
}

/* --- abort -------------------------------------------------------------- */

static void
test_abort_cancels_what_is_discarded (Fixture      *f,
                                      gconstpointer data)
{
  eka_liar_push_stall (f->liar, EKA_CALL_PATCH);
  fixture_start (f);
  fixture_add_chunk (f);
  fixture_spin (f);
  eka_session_discard (f->session);
  fixture_spin (f);
  eka_session_abort (f->session);
  fixture_spin (f);
  g_assert_cmpuint (eka_liar_count (f->liar, EKA_CALL_PATCH), ==, 2);
  g_assert_true (g_str_has_suffix (
      eka_liar_nth (f->liar, EKA_CALL_PATCH, 1)->uri, f->session_id));
  g_assert_cmpuint (f->freed, ==, 1);
}

/* --- retry -------------------------------------------------------------- */

static void
test_retry_hastens (Fixture      *f,
                    gconstpointer data)
{
  guint i;

  for (i = 0; i < 8; i++)
    eka_liar_push (f->liar, EKA_CALL_UPLOAD, 503, "");
  fixture_start (f);
  fixture_add_chunk (f);
  for (i = 0; i < 8; i++)
    {
      fixture_spin (f);
      g_assert_cmpuint (eka_liar_count (f->liar, EKA_CALL_UPLOAD), ==, i + 1);
      eka_session_retry (f->session);
    }
  fixture_spin (f);
  g_assert_cmpuint (fixture_count (f, "chunk"), ==, 1);
  g_assert_cmpint (eka_clock_now (f->clock), ==, 0);
  eka_session_abort (f->session);
}

static void
test_retry_keeps_a_pause_that_was_asked_for (Fixture      *f,
                                             gconstpointer data)
{
  eka_liar_push (f->liar, EKA_CALL_UPLOAD, 503, "")->retry_after =
      g_strdup ("20");
  fixture_start (f);
  fixture_add_chunk (f);
  fixture_spin (f);
  eka_session_retry (f->session);
  fixture_spin (f);
  g_assert_cmpuint (eka_liar_count (f->liar, EKA_CALL_UPLOAD), ==, 1);
  g_assert_cmpint (eka_clock_next (f->clock), >=, 20 * SECOND);
  eka_session_abort (f->session);
}

static void
test_retry_keeps_polls_apart (Fixture      *f,
                              gconstpointer data)
{
  push_result (f, 202, "{\"status\":\"processing\"}", 9);
  end_session (f);
  eka_session_retry (f->session);
  fixture_spin (f);
  g_assert_cmpuint (eka_liar_count (f->liar, EKA_CALL_GET), ==, 2);
  eka_session_abort (f->session);
}

static void
test_retry_of_nothing_does_nothing (Fixture      *f,
                                    gconstpointer data)
{
  fixture_open (f);
  eka_session_retry (f->session);
  fixture_spin (f);
  eka_session_start (f->session, NULL);
  fixture_spin (f);
  eka_session_retry (f->session);
  fixture_add_chunk (f);
  eka_session_retry (f->session);
  eka_session_finish (f->session);
  fixture_run (f);
  g_assert_cmpint (f->state, ==, EKA_SESSION_COMPLETED);
  eka_session_retry (f->session);
}

#define add_data_test(path, data, func) \
  g_test_add ("/session-end/" path, Fixture, data, fixture_set_up, func, \
              fixture_tear_down)

static void
add_number_test (const gchar  *path,
                 guint         number,
                 gconstpointer data,
                 void        (*func) (Fixture *, gconstpointer))
{
  g_autofree gchar *full = g_strdup_printf ("/session-end/%s/%u", path, number);

  g_test_add (full, Fixture, data, fixture_set_up, func, fixture_tear_down);
}

static void
add_result_tests (void)
{
  guint i;

  for (i = 0; i < G_N_ELEMENTS (provisional); i++)
    {
      add_number_test ("a-bad-result-may-become-good", i, provisional[i],
                       test_a_bad_result_may_become_good);
      add_number_test ("a-bad-result-that-stays-is-meant", i, provisional[i],
                       test_a_bad_result_that_stays_is_meant);
      add_number_test ("the-time-limit-is-told-as-such", i, provisional[i],
                       test_the_time_limit_is_told_as_such);
    }
  add_data_test ("a-change-begins-anew", NULL, test_a_change_begins_anew);
  add_data_test ("work-in-between-begins-anew", NULL,
                 test_work_in_between_begins_anew);
  add_data_test ("changes-have-an-end", NULL, test_changes_have_an_end);
  add_data_test ("without-settle-time-it-is-meant-at-once", NULL,
                 test_without_settle_time_it_is_meant_at_once);
}

static void
add_discard_tests (void)
{
  guint i;

  for (i = 0; i < G_N_ELEMENTS (calls); i++)
    add_number_test ("discard-cancels-in-every-state", calls[i],
                     GUINT_TO_POINTER (calls[i]),
                     test_discard_cancels_in_every_state);
  for (i = 0; i < G_N_ELEMENTS (answers); i++)
    add_number_test ("discard-takes-every-answer", answers[i].status,
                     &answers[i], test_discard_takes_every_answer);
  add_data_test ("discard-while-audited", NULL, test_discard_while_audited);
  add_data_test ("discard-before-anything-is-created/discovering", "stall",
                 test_discard_before_anything_is_created);
  add_data_test ("discard-before-anything-is-created/ready", NULL,
                 test_discard_before_anything_is_created);
  add_data_test ("discard-after-the-end-is-too-late", NULL,
                 test_discard_after_the_end_is_too_late);
  add_data_test ("discard-drops-a-pause", NULL, test_discard_drops_a_pause);
  add_data_test ("discard-is-tried-again", NULL, test_discard_is_tried_again);
  add_data_test ("discard-ends-after-its-time", NULL,
                 test_discard_ends_after_its_time);
  add_data_test ("discard-of-a-refused-recording", NULL,
                 test_discard_of_a_refused_recording);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add_result_tests ();
  add_discard_tests ();
  add_data_test ("abort-cancels-what-is-discarded", NULL,
                 test_abort_cancels_what_is_discarded);
  add_data_test ("retry-hastens", NULL, test_retry_hastens);
  add_data_test ("retry-keeps-a-pause-that-was-asked-for", NULL,
                 test_retry_keeps_a_pause_that_was_asked_for);
  add_data_test ("retry-keeps-polls-apart", NULL,
                 test_retry_keeps_polls_apart);
  add_data_test ("retry-of-nothing-does-nothing", NULL,
                 test_retry_of_nothing_does_nothing);
  return g_test_run ();
}
