/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* The transcript while it is recorded: it comes, and nothing waits for it. */
#include "sessionfixture.h"

#define INTERVAL (5 * G_TIME_SPAN_SECOND)
#define SAYS(text) \
  "{\"status\":\"initialized\",\"transcript\":\"" text "\"}"

static void
pass (Fixture *f,
      gint64   time)
{
  eka_clock_advance (f->clock, time);
  fixture_spin (f);
}

static guint
count_looks (Fixture *f)
{
  return eka_liar_count (f->liar, EKA_CALL_GET);
}

/* It records, and its first chunk is there. */
static void
begin (Fixture *f)
{
  f->settings->preview_interval = INTERVAL;
  f->liar->any_get = TRUE;
  fixture_start (f);
  fixture_add_chunk (f);
  fixture_spin (f);
  g_assert_cmpuint (f->liar->files->len, ==, 1);
  g_assert_cmpuint (count_looks (f), ==, 0);
}

static void
assert_delivered (Fixture *f,
                  guint    chunks)
{
  eka_session_finish (f->session);
  fixture_run (f);
  g_assert_no_error (f->error);
  g_assert_cmpint (f->state, ==, EKA_SESSION_COMPLETED);
  g_assert_cmpuint (f->liar->files->len, ==, chunks);
  g_assert_cmpuint (fixture_count (f, "fatal"), ==, 0);
}

static void
test_new_text_is_told (Fixture      *f,
                       gconstpointer data)
{
  static const gchar *const bodies[] = {
    "{\"status\":\"initialized\",\"transcript\":null}", SAYS (""),
    SAYS ("one"), SAYS ("one"), SAYS ("one two"),
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (bodies); i++)
    eka_liar_push (f->liar, EKA_CALL_GET, 202, bodies[i]);
  begin (f);
  for (i = 0; i < G_N_ELEMENTS (bodies); i++)
    {
      pass (f, INTERVAL - 1);
      g_assert_cmpuint (count_looks (f), ==, i);
      pass (f, 1);
      g_assert_cmpuint (count_looks (f), ==, i + 1);
    }
  g_assert_cmpuint (fixture_count (f, "transcript"), ==, 2);
  g_assert_cmpuint (fixture_count (f, "transcript one two"), ==, 1);
  g_assert_null (strchr (eka_liar_nth (f->liar, EKA_CALL_GET, 0)->uri, '?'));
  assert_delivered (f, 1);
}

static void
test_nothing_is_asked_unless_it_is_wanted (Fixture      *f,
                                           gconstpointer data)
{
  fixture_start (f);
  fixture_add_chunk (f);
  fixture_spin (f);
  pass (f, 10 * INTERVAL);
  g_assert_cmpuint (count_looks (f), ==, 0);
  eka_session_abort (f->session);
}

static void
test_nothing_is_asked_without_audio (Fixture      *f,
                                     gconstpointer data)
{
  f->settings->preview_interval = INTERVAL;
  fixture_start (f);
  pass (f, INTERVAL);
  pass (f, INTERVAL);
  g_assert_cmpuint (count_looks (f), ==, 0);
  fixture_add_chunk (f);
  fixture_spin (f);
  pass (f, INTERVAL);
  g_assert_cmpuint (count_looks (f), ==, 1);
  eka_session_abort (f->session);
}

static void
test_a_pause_goes_on_asking (Fixture      *f,
                             gconstpointer data)
{
  begin (f);
  eka_session_pause (f->session, TRUE);
  fixture_spin (f);
  pass (f, INTERVAL);
  g_assert_cmpint (f->state, ==, EKA_SESSION_PAUSED);
  g_assert_cmpuint (count_looks (f), ==, 1);
  eka_session_pause (f->session, FALSE);
  fixture_spin (f);
  pass (f, INTERVAL);
  g_assert_cmpuint (count_looks (f), ==, 2);
  eka_session_abort (f->session);
}

/* The service holds the answer; only one question is asked at a time. */
static void
test_uploads_do_not_wait (Fixture      *f,
                          gconstpointer data)
{
  begin (f);
  eka_liar_push_stall (f->liar, EKA_CALL_GET);
  pass (f, INTERVAL);
  fixture_add_chunk (f);
  fixture_spin (f);
  g_assert_cmpuint (f->liar->files->len, ==, 2);
  pass (f, 5 * INTERVAL);
  g_assert_cmpuint (count_looks (f), ==, 1);
  assert_delivered (f, 2);
}

static void
test_the_end_does_not_wait (Fixture      *f,
                            gconstpointer data)
{
  gint64 before;

  begin (f);
  eka_liar_push_stall (f->liar, EKA_CALL_GET);
  pass (f, INTERVAL);
  before = eka_clock_now (f->clock);
  eka_session_finish (f->session);
  fixture_spin (f);
  g_assert_cmpuint (eka_liar_count (f->liar, EKA_CALL_END), ==, 1);
  g_assert_cmpint (f->state, ==, EKA_SESSION_COMPLETED);
  g_assert_cmpint (eka_clock_now (f->clock), ==, before);
}

static void
test_abort_does_not_wait (Fixture      *f,
                          gconstpointer data)
{
  guint said;

  begin (f);
  eka_liar_push_stall (f->liar, EKA_CALL_GET);
  pass (f, INTERVAL);
  said = f->said->len;
  eka_session_abort (f->session);
  fixture_spin (f);
  g_assert_cmpuint (f->freed, ==, 1);
  g_assert_cmpuint (f->said->len, ==, said);
  g_assert_cmpint (eka_clock_next (f->clock), ==, -1);
}

static void
test_discard_does_not_wait (Fixture      *f,
                            gconstpointer data)
{
  begin (f);
  eka_liar_push_stall (f->liar, EKA_CALL_GET);
  pass (f, INTERVAL);
  eka_session_discard (f->session);
  fixture_spin (f);
  g_assert_cmpint (f->state, ==, EKA_SESSION_DISCARDED);
  g_assert_cmpint (eka_clock_next (f->clock), ==, -1);
}

/* The answer and the end meet: what was said so far is of no use any more. */
static void
test_a_late_answer_is_dropped (Fixture      *f,
                               gconstpointer data)
{
  begin (f);
  eka_liar_push (f->liar, EKA_CALL_GET, 202, SAYS ("late"));
  eka_session_finish (f->session);
  eka_clock_advance (f->clock, INTERVAL);
  g_assert_cmpuint (count_looks (f), ==, 1);
  fixture_run (f);
  g_assert_cmpuint (fixture_count (f, "transcript late"), ==, 0);
  g_assert_cmpint (f->state, ==, EKA_SESSION_COMPLETED);
}

/* No poll of the draining session is one. */
static void
test_nothing_is_asked_while_it_drains (Fixture      *f,
                                       gconstpointer data)
{
  begin (f);
  eka_liar_push_stall (f->liar, EKA_CALL_UPLOAD);
  fixture_add_chunk (f);
  eka_session_finish (f->session);
  fixture_spin (f);
  g_assert_cmpint (f->state, ==, EKA_SESSION_DRAINING);
  pass (f, 3 * INTERVAL);
  g_assert_cmpuint (count_looks (f), ==, 0);
  eka_session_abort (f->session);
}

typedef struct
{
  const gchar *name;
  guint status;
  const gchar *body;
} Failure;

static const Failure failures[] = {
  { "no-answer", 0, NULL },
  { "nonsense", 200, "<html>" },
  { "another-session", 202,
    "{\"session_id\":\"ses_other\",\"status\":\"initialized\","
    "\"transcript\":\"of another patient\"}" },
  { "gateway", 200, "{\"status\":\"ok\",\"transcript\":\"ok\"}" },
  { "forbidden", 403, "{}" },
  { "unknown", 404, "{\"error\":{\"code\":\"session_not_found\"}}" },
  { "gone", 410, "{\"status\":\"expired\",\"transcript\":\"\"}" },
  { "broken", 500, "{}" },
};

/* Not a word of it, and the recording goes on as if nothing had been asked. */
static void
test_failures_are_silent (Fixture      *f,
                          gconstpointer data)
{
  const Failure *failure = data;
  EkaSessionStats stats;
  guint said, i;

  begin (f);
  said = f->said->len;
  for (i = 0; i < 6; i++)
    if (failure->status == 0)
      eka_liar_push_error (f->liar, EKA_CALL_GET,
                           g_error_new_literal (EKA_SCRIBE_ERROR,
                                                EKA_SCRIBE_ERROR_NETWORK,
                                                "no route"));
    else
      eka_liar_push (f->liar, EKA_CALL_GET, failure->status, failure->body);
  while (count_looks (f) < 6)
    pass (f, G_TIME_SPAN_SECOND);
  g_assert_cmpuint (f->said->len, ==, said);
  eka_session_get_stats (f->session, &stats);
  g_assert_cmpuint (stats.retries, ==, 0);
  fixture_add_chunk (f);
  fixture_spin (f);
  g_assert_cmpuint (f->liar->files->len, ==, 2);
  assert_delivered (f, 2);
  g_assert_null (f->warning);
  g_assert_null (f->previous_id);
}

static void
test_a_service_that_asks_for_a_pause_gets_it (Fixture      *f,
                                              gconstpointer data)
{
  EkaReply *reply;

  begin (f);
  reply = eka_liar_push (f->liar, EKA_CALL_GET, 429, "{}");
  reply->retry_after = g_strdup ("60");
  pass (f, INTERVAL);
  g_assert_cmpuint (count_looks (f), ==, 1);
  pass (f, 59 * G_TIME_SPAN_SECOND);
  g_assert_cmpuint (count_looks (f), ==, 1);
  pass (f, 30 * G_TIME_SPAN_SECOND);
  g_assert_cmpuint (count_looks (f), ==, 2);
  eka_session_abort (f->session);
}

static void
test_nothing_is_asked_in_trouble (Fixture      *f,
                                  gconstpointer data)
{
  guint i;

  begin (f);
  for (i = 0; i < 200; i++)
    eka_liar_push (f->liar, EKA_CALL_UPLOAD, 503, "{}");
  fixture_add_chunk (f);
  fixture_spin (f);
  for (i = 0; i < 100; i++)
    pass (f, G_TIME_SPAN_SECOND);
  g_assert_cmpuint (count_looks (f), ==, 0);
  eka_session_abort (f->session);
}

/* The new one is asked, and has all of it to tell. */
static void
test_a_session_that_replaces_another_is_asked (Fixture      *f,
                                               gconstpointer data)
{
  begin (f);
  eka_liar_push (f->liar, EKA_CALL_GET, 202, SAYS ("one"));
  pass (f, INTERVAL);
  eka_liar_push (f->liar, EKA_CALL_UPLOAD, 410, "{\"status\":\"expired\"}");
  eka_liar_push (f->liar, EKA_CALL_GET, 410, "{\"status\":\"expired\"}");
  fixture_add_chunk (f);
  fixture_spin (f);
  g_assert_nonnull (f->previous_id);
  g_assert_cmpuint (f->liar->files->len, ==, 2);
  eka_liar_push (f->liar, EKA_CALL_GET, 202, SAYS ("one"));
  pass (f, INTERVAL);
  g_assert_cmpuint (fixture_count (f, "transcript one"), ==, 2);
  g_assert_nonnull (strstr (
      eka_liar_nth (f->liar, EKA_CALL_GET, count_looks (f) - 1)->uri,
      f->session_id));
  eka_session_abort (f->session);
}

int
main (int    argc,
      char **argv)
{
  guint i;

  g_test_init (&argc, &argv, NULL);
  add_test ("/session-preview/new-text-is-told", test_new_text_is_told);
  add_test ("/session-preview/nothing-is-asked-unless-it-is-wanted",
            test_nothing_is_asked_unless_it_is_wanted);
  add_test ("/session-preview/nothing-is-asked-without-audio",
            test_nothing_is_asked_without_audio);
  add_test ("/session-preview/a-pause-goes-on-asking",
            test_a_pause_goes_on_asking);
  add_test ("/session-preview/uploads-do-not-wait", test_uploads_do_not_wait);
  add_test ("/session-preview/the-end-does-not-wait",
            test_the_end_does_not_wait);
  add_test ("/session-preview/abort-does-not-wait", test_abort_does_not_wait);
  add_test ("/session-preview/discard-does-not-wait",
            test_discard_does_not_wait);
  add_test ("/session-preview/a-late-answer-is-dropped",
            test_a_late_answer_is_dropped);
  add_test ("/session-preview/nothing-is-asked-while-it-drains",
            test_nothing_is_asked_while_it_drains);
  for (i = 0; i < G_N_ELEMENTS (failures); i++)
    {
      g_autofree gchar *path = g_strdup_printf (
          "/session-preview/failures-are-silent/%s", failures[i].name);

      g_test_add (path, Fixture, &failures[i], fixture_set_up,
                  test_failures_are_silent, fixture_tear_down);
    }
  add_test ("/session-preview/a-service-that-asks-for-a-pause-gets-it",
            test_a_service_that_asks_for_a_pause_gets_it);
  add_test ("/session-preview/nothing-is-asked-in-trouble",
            test_nothing_is_asked_in_trouble);
  add_test ("/session-preview/a-session-that-replaces-another-is-asked",
            test_a_session_that_replaces_another_is_asked);
  return g_test_run ();
}
