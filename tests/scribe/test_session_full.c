/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Sessions that take no more audio: too long, or soon too old. */
#include "scribe/error.h"
#include "sessionfixture.h"

static void
push_code (Fixture     *f,
           EkaCall      call,
           guint        status,
           const gchar *code,
           guint        count)
{
  g_autofree gchar *body =
      g_strdup_printf ("{\"error\":{\"code\":\"%s\"}}", code);

  while (count-- > 0)
    eka_liar_push (f->liar, call, status, body);
}

static void
push_reset (Fixture *f,
            EkaCall  call)
{
  eka_liar_push_error (f->liar, call,
                       g_error_new_literal (EKA_SCRIBE_ERROR,
                                            EKA_SCRIBE_ERROR_NETWORK, "reset"));
}

static gchar *
get_body (EkaRequest *request)
{
  gsize size;
  const gchar *data = g_bytes_get_data (request->body, &size);

  return g_strndup (data, size);
}

static void
test_a_session_that_is_full_hands_on (Fixture      *f,
                                      gconstpointer data)
{
  g_autofree gchar *end = NULL;
  guint i;

  fixture_start (f);
  for (i = 0; i < 2; i++)
    fixture_add_chunk (f);
  fixture_spin (f);
  push_code (f, EKA_CALL_UPLOAD, 400, "session_duration_exceeded", 1);
  for (i = 0; i < 2; i++)
    fixture_add_chunk (f);
  fixture_spin (f);
  g_assert_cmpuint (fixture_count (f, "full 2"), ==, 1);
  for (i = 0; i < 2; i++)
    g_assert_cmpuint (((EkaChunk *) f->rest->pdata[i])->index, ==, 2 + i);
  g_assert_cmpint (f->state, ==, EKA_SESSION_RECORDING);
  eka_session_finish (f->session);
  fixture_run (f);
  g_assert_no_error (f->error);
  g_assert_cmpint (f->state, ==, EKA_SESSION_COMPLETED);
  g_assert_cmpuint (fixture_count (f, "full"), ==, 1);
  g_assert_cmpuint (fixture_count (f, "warning"), ==, 0);
  g_assert_cmpuint (eka_liar_count (f->liar, EKA_CALL_UPLOAD), ==, 3);
  end = get_body (eka_liar_nth (f->liar, EKA_CALL_END, 0));
  g_assert_nonnull (strstr (end, "sent\":2"));
}

/* Another session would not have room either. */
static void
test_a_session_that_is_full_at_once_is_refused (Fixture      *f,
                                                gconstpointer data)
{
  fixture_start (f);
  push_code (f, EKA_CALL_UPLOAD, 400, "session_duration_exceeded", 99);
  fixture_add_chunk (f);
  eka_session_finish (f->session);
  fixture_run (f);
  g_assert_cmpint (f->state, ==, EKA_SESSION_FAILED);
  g_assert_cmpuint (fixture_count (f, "full"), ==, 0);
}

typedef struct
{
  const gchar *name;
  const gchar *times; /* members of Create's answer */
  gint64 full;        /* µs until FULL */
} Age;

#define MINUTE G_TIME_SPAN_MINUTE

static const Age ages[] = {
  { "an-hour", "\"created_at\":\"2026-06-06T14:21:07Z\","
               "\"expires_at\":\"2026-06-06T15:21:07Z\"", 57 * MINUTE },
  { "long-ago", "\"created_at\":\"1970-01-01T00:00:00Z\","
                "\"expires_at\":\"1970-01-01T01:00:00Z\"", 57 * MINUTE },
  { "far-ahead", "\"created_at\":\"2999-12-31T23:30:00Z\","
                 "\"expires_at\":\"3000-01-01T00:30:00Z\"", 57 * MINUTE },
  { "zones", "\"created_at\":\"2026-06-06T14:21:07+05:30\","
             "\"expires_at\":\"2026-06-06T09:51:07Z\"", 57 * MINUTE },
  { "no-zone", "\"created_at\":\"2026-06-06T14:21:07.123456\","
               "\"expires_at\":\"2026-06-06T15:21:07.123456\"", 57 * MINUTE },
  { "ten-minutes", "\"created_at\":\"2026-06-06T14:20:00Z\","
                   "\"expires_at\":\"2026-06-06T14:30:00Z\"", 9 * MINUTE },
  { "ten-seconds", "\"created_at\":\"2026-06-06T14:20:00Z\","
                   "\"expires_at\":\"2026-06-06T14:20:10Z\"",
    5 * G_TIME_SPAN_SECOND },
  { "not-told", "\"a\":1", 57 * MINUTE },
  { "half-told", "\"expires_at\":\"2026-06-06T15:21:07Z\"", 57 * MINUTE },
  { "no-times", "\"created_at\":\"soon\",\"expires_at\":7", 57 * MINUTE },
  { "backwards", "\"created_at\":\"2026-06-06T15:21:07Z\","
                 "\"expires_at\":\"2026-06-06T14:21:07Z\"", 57 * MINUTE },
  { "at-once", "\"created_at\":\"2026-06-06T14:21:07Z\","
               "\"expires_at\":\"2026-06-06T14:21:07Z\"", 57 * MINUTE },
  { "for-ever", "\"created_at\":\"0001-01-01T00:00:00Z\","
                "\"expires_at\":\"9999-12-31T23:59:59Z\"", -1 },
};

static EkaReply *
push_times (Fixture     *f,
            const gchar *times)
{
  g_autofree gchar *body = g_strdup_printf (
      "{\"session_id\":\"ses_server_gave_this\",\"upload_url\":"
      "\"https://scribe.test/up\",%s}", times);

  return eka_liar_push (f->liar, EKA_CALL_CREATE, 201, body);
}

/* By the service's clock, whatever ours says. */
static void
test_a_session_is_full_before_it_expires (Fixture      *f,
                                          gconstpointer data)
{
  const Age *age = data;

  push_times (f, age->times);
  fixture_start (f);
  fixture_add_chunk (f);
  fixture_spin (f);
  eka_clock_advance (f->clock, age->full > 0 ? age->full - 1
                                             : 100 * 365 * G_TIME_SPAN_DAY);
  fixture_spin (f);
  g_assert_cmpuint (fixture_count (f, "full"), ==, 0);
  eka_clock_advance (f->clock, 1);
  fixture_spin (f);
  g_assert_cmpuint (fixture_count (f, "full 0"), ==, age->full > 0 ? 1 : 0);
  eka_clock_advance (f->clock, 24 * G_TIME_SPAN_HOUR);
  fixture_add_chunk (f); /* it comes late, and is taken */
  eka_session_finish (f->session);
  fixture_run (f);
  g_assert_cmpint (f->state, ==, EKA_SESSION_COMPLETED);
  g_assert_cmpuint (fixture_count (f, "full"), ==, age->full > 0 ? 1 : 0);
}

/* A session that was created at the end of an outage is not as old as that. */
static void
test_an_outage_before_it_does_not_age_a_session (Fixture      *f,
                                                 gconstpointer data)
{
  EkaReply *reply;
  guint i;

  for (i = 0; i < 500; i++)
    push_reset (f, EKA_CALL_CREATE);
  reply = push_times (f, ages[0].times);
  reply->date = 1780755667 + 60; /* a minute after created_at */
  fixture_start (f);
  fixture_add_chunk (f);
  fixture_spin (f);
  while (fixture_count (f, "recording") == 0)
    {
      eka_clock_advance (f->clock, eka_clock_next (f->clock));
      fixture_spin (f);
    }
  eka_clock_advance (f->clock, 59 * MINUTE * 19 / 20 - 1);
  fixture_spin (f);
  g_assert_cmpuint (fixture_count (f, "full"), ==, 0);
  eka_clock_advance (f->clock, 1);
  fixture_spin (f);
  g_assert_cmpuint (fixture_count (f, "full"), ==, 1);
  eka_session_abort (f->session);
}

static void
test_nobody_is_told_after_the_end (Fixture      *f,
                                   gconstpointer data)
{
  guint i;

  for (i = 0; i < 999; i++)
    push_reset (f, EKA_CALL_UPLOAD);
  f->settings->retry_time = 3 * G_TIME_SPAN_HOUR;
  fixture_start (f);
  fixture_add_chunk (f);
  eka_session_finish (f->session);
  fixture_run (f);
  g_assert_cmpint (eka_clock_now (f->clock), >, G_TIME_SPAN_HOUR);
  g_assert_cmpuint (fixture_count (f, "full"), ==, 0);
}

#define add_data_test(path, data, func) \
  g_test_add ("/session-full/" path, Fixture, data, fixture_set_up, func, \
              fixture_tear_down)

int
main (int    argc,
      char **argv)
{
  guint i;

  g_test_init (&argc, &argv, NULL);
  add_data_test ("a-session-that-is-full-hands-on", NULL,
                 test_a_session_that_is_full_hands_on);
  add_data_test ("a-session-that-is-full-at-once-is-refused", NULL,
                 test_a_session_that_is_full_at_once_is_refused);
  for (i = 0; i < G_N_ELEMENTS (ages); i++)
    {
      g_autofree gchar *path = g_strdup_printf (
          "/session-full/a-session-is-full-before-it-expires/%s",
          ages[i].name);

      g_test_add (path, Fixture, &ages[i], fixture_set_up,
                  test_a_session_is_full_before_it_expires, fixture_tear_down);
    }
  add_data_test ("an-outage-before-it-does-not-age-a-session", NULL,
                 test_an_outage_before_it_does_not_age_a_session);
  add_data_test ("nobody-is-told-after-the-end", NULL,
                 test_nobody_is_told_after_the_end);
  return g_test_run ();
}
