/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* A session that is paused is one that records, in all but its name. */
#include "scribe/sessionprivate.h"
#include "sessionfixture.h"

static void
set_paused (Fixture *f,
            gboolean paused)
{
  eka_session_pause (f->session, paused);
  fixture_spin (f);
}

static void
add_chunks (Fixture *f,
            guint    n)
{
  while (n-- > 0)
    fixture_add_chunk (f);
  fixture_spin (f);
}

/* The recording ends, and everything is on the service. */
static void
assert_delivered (Fixture *f,
                  guint    chunks)
{
  eka_session_finish (f->session);
  fixture_run (f);
  g_assert_no_error (f->error);
  g_assert_cmpint (f->state, ==, EKA_SESSION_COMPLETED);
  g_assert_cmpuint (f->liar->files->len, ==, chunks);
}

static void
test_a_pause_is_told_and_over (Fixture      *f,
                               gconstpointer data)
{
  fixture_start (f);
  set_paused (f, TRUE);
  g_assert_cmpint (f->state, ==, EKA_SESSION_PAUSED);
  set_paused (f, TRUE);
  g_assert_cmpuint (fixture_count (f, "paused"), ==, 1);
  set_paused (f, FALSE);
  g_assert_cmpint (f->state, ==, EKA_SESSION_RECORDING);
  set_paused (f, FALSE);
  g_assert_cmpuint (fixture_count (f, "recording"), ==, 2);
  add_chunks (f, 1);
  assert_delivered (f, 1);
}

static void
test_chunks_of_before_go_up (Fixture      *f,
                             gconstpointer data)
{
  fixture_start (f);
  fixture_add_chunk (f);
  fixture_add_chunk (f);
  set_paused (f, TRUE);
  g_assert_cmpint (f->state, ==, EKA_SESSION_PAUSED);
  g_assert_cmpuint (f->liar->files->len, ==, 2);
  assert_delivered (f, 2);
  g_assert_cmpuint (fixture_count (f, "draining"), ==, 1);
  g_assert_cmpuint (fixture_count (f, "recording"), ==, 1);
}

/* In each state before: it shows once the session is there. */
static void
test_a_pause_before_it_is_created (Fixture      *f,
                                   gconstpointer data)
{
  static const EkaCall calls[] = { EKA_CALL_DISCOVER, EKA_CALL_CREATE };
  const guint when = GPOINTER_TO_UINT (data);

  fixture_make (f);
  if (when == 0)
    set_paused (f, TRUE);
  else
    eka_liar_push (f->liar, calls[when - 1], 503, "");
  eka_session_open (f->session);
  eka_session_start (f->session, NULL);
  fixture_spin (f);
  if (when > 0)
    {
      g_assert_cmpint (f->state, <, EKA_SESSION_RECORDING);
      set_paused (f, TRUE);
      eka_clock_advance (f->clock, eka_clock_next (f->clock));
      fixture_spin (f);
    }
  g_assert_cmpint (f->state, ==, EKA_SESSION_PAUSED);
  g_assert_cmpuint (fixture_count (f, "recording"), ==, 1);
  set_paused (f, FALSE);
  g_assert_cmpint (f->state, ==, EKA_SESSION_RECORDING);
  add_chunks (f, 1);
  assert_delivered (f, 1);
}

/* Both before the session is there: nothing is told. */
static void
test_a_pause_that_is_over_before_it_shows (Fixture      *f,
                                           gconstpointer data)
{
  fixture_open (f);
  set_paused (f, TRUE);
  set_paused (f, FALSE);
  eka_session_start (f->session, NULL);
  fixture_spin (f);
  g_assert_cmpint (f->state, ==, EKA_SESSION_RECORDING);
  g_assert_cmpuint (fixture_count (f, "paused"), ==, 0);
  eka_session_abort (f->session);
}

static void
test_one_that_drains_is_not_paused (Fixture      *f,
                                    gconstpointer data)
{
  eka_liar_push_stall (f->liar, EKA_CALL_UPLOAD);
  fixture_start (f);
  add_chunks (f, 1);
  eka_session_finish (f->session);
  set_paused (f, TRUE);
  g_assert_cmpint (f->state, ==, EKA_SESSION_DRAINING);
  set_paused (f, FALSE);
  g_assert_cmpint (f->state, ==, EKA_SESSION_DRAINING);
  g_assert_cmpuint (fixture_count (f, "paused"), ==, 0);
  eka_session_abort (f->session);
}

/* It is created after the recording has ended: there is nothing to pause. */
static void
test_one_that_ended_early_is_not_paused (Fixture      *f,
                                         gconstpointer data)
{
  fixture_open (f);
  fixture_add_chunk (f);
  eka_session_start (f->session, NULL);
  eka_session_pause (f->session, TRUE);
  eka_session_finish (f->session);
  fixture_run (f);
  g_assert_cmpint (f->state, ==, EKA_SESSION_COMPLETED);
  g_assert_cmpuint (fixture_count (f, "paused"), ==, 0);
  g_assert_cmpuint (f->liar->files->len, ==, 1);
}

static void
test_one_that_is_over_is_not_paused (Fixture      *f,
                                     gconstpointer data)
{
  guint said;

  fixture_record (f, 1);
  said = f->said->len;
  set_paused (f, TRUE);
  set_paused (f, FALSE);
  g_assert_cmpint (f->state, ==, EKA_SESSION_COMPLETED);
  g_assert_cmpuint (f->said->len, ==, said);
}

/* The lost answer of an upload is in doubt, whatever the state is called. */
static void
test_doubt_outlasts_a_pause (Fixture      *f,
                             gconstpointer data)
{
  fixture_start (f);
  f->session->unanswered = TRUE;
  set_paused (f, TRUE);
  g_assert_true (f->session->unanswered);
  set_paused (f, FALSE);
  g_assert_true (f->session->unanswered);
  eka_session_finish (f->session);
  fixture_run (f);
  g_assert_cmpint (f->state, ==, EKA_SESSION_DISCARDED);
}

static void
test_an_uplink_that_is_down_is_waited_for (Fixture      *f,
                                           gconstpointer data)
{
  guint i;

  for (i = 0; i < 4; i++)
    eka_liar_push_error (f->liar, EKA_CALL_UPLOAD,
                         g_error_new_literal (EKA_SCRIBE_ERROR,
                                              EKA_SCRIBE_ERROR_NETWORK,
                                              "no route"));
  fixture_start (f);
  fixture_add_chunk (f);
  set_paused (f, TRUE);
  g_assert_cmpuint (fixture_count (f, "warning"), ==, 1);
  while (f->liar->files->len == 0)
    {
      eka_clock_advance (f->clock, eka_clock_next (f->clock));
      fixture_spin (f);
    }
  g_assert_cmpint (f->state, ==, EKA_SESSION_PAUSED);
  g_assert_cmpuint (fixture_count (f, "recovered"), ==, 1);
  assert_delivered (f, 1);
}

/* Another one takes its place, and is paused as well. */
static void
test_one_that_is_lost_is_paused_again (Fixture      *f,
                                       gconstpointer data)
{
  static const gchar gone[] =
      "{\"status\":\"expired\",\"message\":\"gone\",\"expired_at\":\"2026\"}";
  guint before;

  fixture_start (f);
  add_chunks (f, 2);
  f->liar->any_get = TRUE;
  eka_liar_push (f->liar, EKA_CALL_UPLOAD, 410, gone);
  eka_liar_push (f->liar, EKA_CALL_GET, 410, gone);
  set_paused (f, TRUE);
  before = f->said->len;
  add_chunks (f, 1);
  g_assert_cmpuint (f->said->len, >, before + 3);
  g_assert_cmpuint (fixture_count (f, "creating"), ==, 2);
  g_assert_cmpuint (fixture_count (f, "paused"), ==, 2);
  g_assert_cmpint (f->state, ==, EKA_SESSION_PAUSED);
  g_assert_nonnull (f->previous_id);
  set_paused (f, FALSE);
  add_chunks (f, 1);
  assert_delivered (f, 4);
}

/* Nobody can make another one where nothing is kept. */
static void
test_one_that_can_not_be_replaced_expires (Fixture      *f,
                                           gconstpointer data)
{
  static const gchar gone[] =
      "{\"status\":\"expired\",\"message\":\"gone\",\"expired_at\":\"2026\"}";
  guint i;

  f->settings->retry_time = 0;
  for (i = 0; i < 10; i++)
    {
      eka_liar_push (f->liar, EKA_CALL_UPLOAD, 410, gone);
      eka_liar_push (f->liar, EKA_CALL_GET, 410, gone);
    }
  f->liar->any_get = TRUE;
  fixture_start (f);
  set_paused (f, TRUE);
  fixture_add_chunk (f);
  eka_session_finish (f->session);
  fixture_run (f);
  g_assert_nonnull (f->error);
  g_assert_cmpint (f->state, ==, EKA_SESSION_EXPIRED);
}

static void
test_a_refusal_fails_when_it_ends (Fixture      *f,
                                   gconstpointer data)
{
  guint i;

  for (i = 0; i < 50; i++)
    eka_liar_push (f->liar, EKA_CALL_UPLOAD, 401,
                   "{\"error\":{\"code\":\"invalid_api_key\"}}");
  fixture_start (f);
  set_paused (f, TRUE);
  fixture_add_chunk (f);
  fixture_spin (f);
  g_assert_cmpint (f->state, ==, EKA_SESSION_PAUSED);
  g_assert_cmpuint (fixture_count (f, "fatal"), ==, 1);
  eka_session_finish (f->session);
  fixture_run (f);
  g_assert_cmpint (f->state, ==, EKA_SESSION_FAILED);
}

/* It grows old as any other, and the recording goes on in the next one. */
static void
test_one_grows_old_and_is_filled (Fixture      *f,
                                  gconstpointer data)
{
  fixture_start (f);
  add_chunks (f, 1);
  set_paused (f, TRUE);
  while (fixture_count (f, "full") == 0)
    {
      g_assert_cmpint (eka_clock_next (f->clock), >=, 0);
      eka_clock_advance (f->clock, eka_clock_next (f->clock));
      fixture_spin (f);
    }
  g_assert_cmpint (f->state, ==, EKA_SESSION_PAUSED);
  eka_session_fill (f->session);
  fixture_run (f);
  g_assert_cmpint (f->state, ==, EKA_SESSION_COMPLETED);
  g_assert_cmpuint (fixture_count (f, "draining"), ==, 1);
}

static void
test_discard_cancels_it (Fixture      *f,
                         gconstpointer data)
{
  fixture_start (f);
  add_chunks (f, 1);
  set_paused (f, TRUE);
  eka_session_discard (f->session);
  fixture_run (f);
  g_assert_cmpint (f->state, ==, EKA_SESSION_DISCARDED);
  g_assert_cmpuint (eka_liar_count (f->liar, EKA_CALL_PATCH), ==, 1);
}

static void
test_abort_cancels_one_without_audio (Fixture      *f,
                                      gconstpointer data)
{
  const guint chunks = GPOINTER_TO_UINT (data);

  fixture_start (f);
  add_chunks (f, chunks);
  set_paused (f, TRUE);
  eka_session_abort (f->session);
  fixture_spin (f);
  g_assert_cmpuint (eka_liar_count (f->liar, EKA_CALL_PATCH), ==,
                    chunks == 0 ? 1 : 0);
}

int
main (int    argc,
      char **argv)
{
  static const gchar *const times[] = { "made", "discovery", "creation" };
  guint i;

  g_test_init (&argc, &argv, NULL);
  add_test ("/session-pause/a-pause-is-told-and-over",
            test_a_pause_is_told_and_over);
  add_test ("/session-pause/chunks-of-before-go-up",
            test_chunks_of_before_go_up);
  for (i = 0; i < G_N_ELEMENTS (times); i++)
    {
      g_autofree gchar *path = g_strdup_printf (
          "/session-pause/a-pause-before-it-is-created/%s", times[i]);

      g_test_add (path, Fixture, GUINT_TO_POINTER (i), fixture_set_up,
                  test_a_pause_before_it_is_created, fixture_tear_down);
    }
  add_test ("/session-pause/a-pause-that-is-over-before-it-shows",
            test_a_pause_that_is_over_before_it_shows);
  add_test ("/session-pause/one-that-drains-is-not-paused",
            test_one_that_drains_is_not_paused);
  add_test ("/session-pause/one-that-ended-early-is-not-paused",
            test_one_that_ended_early_is_not_paused);
  add_test ("/session-pause/one-that-is-over-is-not-paused",
            test_one_that_is_over_is_not_paused);
  add_test ("/session-pause/doubt-outlasts-a-pause",
            test_doubt_outlasts_a_pause);
  add_test ("/session-pause/an-uplink-that-is-down-is-waited-for",
            test_an_uplink_that_is_down_is_waited_for);
  add_test ("/session-pause/one-that-is-lost-is-paused-again",
            test_one_that_is_lost_is_paused_again);
  add_test ("/session-pause/one-that-can-not-be-replaced-expires",
            test_one_that_can_not_be_replaced_expires);
  add_test ("/session-pause/a-refusal-fails-when-it-ends",
            test_a_refusal_fails_when_it_ends);
  add_test ("/session-pause/one-grows-old-and-is-filled",
            test_one_grows_old_and_is_filled);
  add_test ("/session-pause/discard-cancels-it", test_discard_cancels_it);
  g_test_add ("/session-pause/abort-cancels-one-without-audio", Fixture,
              GUINT_TO_POINTER (0), fixture_set_up,
              test_abort_cancels_one_without_audio, fixture_tear_down);
  g_test_add ("/session-pause/abort-leaves-one-with-audio", Fixture,
              GUINT_TO_POINTER (1), fixture_set_up,
              test_abort_cancels_one_without_audio, fixture_tear_down);
  return g_test_run ();
}
