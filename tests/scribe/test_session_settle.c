/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* A single file is never sent again before the service has told that it does
 * not have it. */
#include <string.h>

#include "scribe/error.h"
#include "single.h"

/* --- answers that are none ---------------------------------------------- */

typedef struct
{
  const gchar *name;
  guint status;      /* 0: no answer */
  const gchar *body;
  gint code;         /* without an answer */
} Doubt;

#define OURS(name) "{\"success\":true,\"original_filename\":\"" name "\"}"

static const Doubt doubts[] = {
  { "reset", 0, NULL, EKA_SCRIBE_ERROR_NETWORK },
  { "redirected", 0, NULL, EKA_SCRIBE_ERROR_REDIRECTED },
  { "too-long-an-answer", 0, NULL, EKA_SCRIBE_ERROR_TOO_LARGE },
  { "408", 408, "", 0 },
  { "500", 500, "{\"error\":{\"code\":\"internal_error\"}}", 0 },
  { "502", 502, "<html>", 0 },
  { "503-of-a-gateway", 503, "<html><title>Unavailable</title></html>", 0 },
  { "504", 504, "{\"error\":{\"code\":\"timeout\"}}", 0 },
  { "200-without-a-body", 200, "", 0 },
  { "200-cut-off", 200, "{\"success\":true,\"original_fi", 0 },
  { "200-of-another-file", 200, OURS ("audio_1.wav"), 0 },
  { "200-without-success", 200, "{\"original_filename\":\"audio_0.wav\"}", 0 },
};

static void
push_doubt (Fixture     *f,
            const Doubt *doubt)
{
  if (doubt->status != 0)
    eka_liar_push (f->liar, EKA_CALL_UPLOAD, doubt->status, doubt->body);
  else
    single_push_error (f, EKA_CALL_UPLOAD, doubt->code, "upload", FALSE);
}

static void
test_what_is_listed_is_not_sent_again (Fixture      *f,
                                       gconstpointer data)
{
  push_doubt (f, data);
  single_open (f);
  g_ptr_array_add (f->liar->files, g_strdup ("audio_0.wav"));
  fixture_add_chunk (f);
  eka_session_finish (f->session);
  fixture_run (f);
  single_assert_completed (f, 1);
  single_assert_calls (f, "dcuggeg");
  g_assert_cmpuint (fixture_count (f, "chunk audio_0.wav 1"), ==, 1);
  g_assert_cmpuint (fixture_count (f, "warning"), ==, 0);
}

/* And that is looked at again right before: lists lag. What can't pass ends a
 * recording that is over, so it is not. */
static void
test_what_is_not_listed_is_sent_again (Fixture      *f,
                                       gconstpointer data)
{
  push_doubt (f, data);
  single_push_list (f, LACKING);
  single_push_list (f, LACKING);
  single_open (f);
  fixture_add_chunk (f);
  single_run_until (f, "chunk");
  eka_session_finish (f->session);
  fixture_run (f);
  single_assert_completed (f, 2);
  single_assert_calls (f, "dcuggugeg");
  g_assert_cmpuint (fixture_count (f, "chunk audio_0.wav 2"), ==, 1);
  g_assert_cmpuint (fixture_count (f, "recovered"), ==, 1);
}

static void
test_a_list_that_lags_is_waited_for (Fixture      *f,
                                     gconstpointer data)
{
  single_push_reset (f, EKA_CALL_UPLOAD);
  single_push_list (f, LACKING);
  single_push_list (f, LISTED);
  single_push_list (f, LISTED);
  single_record (f);
  single_assert_completed (f, 1);
  single_assert_calls (f, "dcugggeg");
}

static void
test_pauses_grow (Fixture      *f,
                  gconstpointer data)
{
  EkaSessionStats stats;
  guint i;

  for (i = 0; i < 8; i++)
    {
      single_push_reset (f, EKA_CALL_UPLOAD);
      single_push_list (f, LACKING);
      single_push_list (f, LACKING);
    }
  g_random_set_seed (7);
  single_record (f);
  single_assert_completed (f, 9);
  eka_session_get_stats (f->session, &stats);
  g_assert_cmpuint (stats.retries, ==, 8);
  g_assert_cmpint (eka_clock_now (f->clock), >, 20 * G_TIME_SPAN_SECOND);
  g_assert_cmpuint (fixture_count (f, "warning"), ==, 1);
}

typedef struct
{
  const gchar *name;
  guint status;
  const gchar *body;
  const gchar *retry_after;
  gint code;
  const gchar *request;
} Refusal;

static const Refusal refusals[] = {
  { "no-connection", 0, NULL, NULL, EKA_SCRIBE_ERROR_NETWORK, "upload" },
  { "no-token", 0, NULL, NULL, EKA_SCRIBE_ERROR_NETWORK, "login" },
  { "certificate", 0, NULL, NULL, EKA_SCRIBE_ERROR_TLS, "upload" },
  { "425", 425, "", NULL, 0, NULL },
  { "429", 429, "", "2", 0, NULL },
  { "503-of-the-service", 503, "{\"error\":{\"code\":\"busy\"}}", NULL, 0,
    NULL },
  { "503-that-names-a-time", 503, "", "2", 0, NULL },
  { "401", 401, "", NULL, 0, NULL },
};

static void
test_what_was_not_taken_is_sent_again (Fixture      *f,
                                       gconstpointer data)
{
  const Refusal *refusal = data;

  if (refusal->status != 0)
    eka_liar_push (f->liar, EKA_CALL_UPLOAD, refusal->status, refusal->body)
        ->retry_after = g_strdup (refusal->retry_after);
  else
    single_push_error (f, EKA_CALL_UPLOAD, refusal->code, refusal->request,
                       !g_str_equal (refusal->request, "login"));
  single_open (f);
  fixture_add_chunk (f);
  single_run_until (f, "chunk");
  single_assert_calls (f, "dcuu");
  eka_session_finish (f->session);
  fixture_run (f);
  single_assert_completed (f, 2);
}

/* --- a question without an answer --------------------------------------- */

static void
test_the_question_is_repeated (Fixture      *f,
                               gconstpointer data)
{
  single_push_reset (f, EKA_CALL_UPLOAD);
  single_push_reset (f, EKA_CALL_GET);
  eka_liar_push (f->liar, EKA_CALL_GET, 503, "");
  eka_liar_push (f->liar, EKA_CALL_GET, 200, "{\"session_id\":\"another\"}");
  single_push_reset (f, EKA_CALL_GET);
  eka_liar_push (f->liar, EKA_CALL_GET, 405, "");
  single_push_list (f, LISTED);
  single_push_list (f, LISTED);
  single_record (f);
  single_assert_completed (f, 1);
  single_assert_calls (f, "dcugggggggeg");
}

static void
test_it_is_repeated_for_retry_time_only (Fixture      *f,
                                         gconstpointer data)
{
  guint i;

  single_push_reset (f, EKA_CALL_UPLOAD);
  for (i = 0; i < 200; i++)
    single_push_reset (f, EKA_CALL_GET);
  single_record (f);
  g_assert_error (f->error, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_NETWORK);
  g_assert_cmpint (f->state, ==, EKA_SESSION_FAILED);
  g_assert_cmpuint (eka_liar_count (f->liar, EKA_CALL_UPLOAD), ==, 1);
  single_assert_kept (f, 1);
}

/* A last try that was heard after all is not called a failure. */
static void
test_the_last_try_is_asked_for_too (Fixture      *f,
                                    gconstpointer data)
{
  f->settings->retry_time = 0;
  single_push_reset (f, EKA_CALL_UPLOAD);
  single_push_list (f, data != NULL ? LISTED : LACKING);
  single_push_list (f, LISTED);
  single_record (f);
  if (data != NULL)
    single_assert_completed (f, 1);
  else
    {
      g_assert_error (f->error, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_NETWORK);
      single_assert_calls (f, "dcug");
      single_assert_kept (f, 1);
    }
}

/* --- lists -------------------------------------------------------------- */

typedef struct
{
  const gchar *name;
  const gchar *members;
  guint uploads;
} List;

static const List lists[] = {
  { "another-name", ",\"audio_files\":[\"s3://b/recording.wav\"]", 1 },
  { "twice", ",\"audio_files\":[\"audio_0.wav\",\"audio_0.wav\"]", 1 },
  { "count-of-one", ",\"audio_files_received\":1", 1 },
  { "count-of-none", ",\"audio_files_received\":0", 2 },
};

static void
test_lists_are_read (Fixture      *f,
                     gconstpointer data)
{
  const List *list = data;

  single_push_reset (f, EKA_CALL_UPLOAD);
  single_push_list (f, list->members);
  if (list->uploads > 1)
    single_push_list (f, list->members);
  single_push_list (f, LISTED);
  single_record (f);
  single_assert_completed (f, list->uploads);
}

/* Answers that tell nothing: more than was sent, names that are none, no answer
 * at all. */
static const gchar *const silences[] = {
  "", ",\"audio_files_received\":7",
  ",\"audio_files\":[{\"name\":\"audio_0.wav\"}]",
  LACKING ",\"audio_files_received\":1", NULL,
};

/* Neither lost nor there twice: another session gets it. */
static void
test_without_a_list_another_session_gets_it (Fixture      *f,
                                             gconstpointer data)
{
  g_autofree gchar *first = NULL;
  guint i;

  single_push_reset (f, EKA_CALL_UPLOAD);
  for (i = 0; data == NULL && i < 3; i++)
    eka_liar_push (f->liar, EKA_CALL_GET, 405, "");
  if (data != NULL)
    single_push_list (f, data);
  single_open (f);
  first = g_strdup (f->session_id);
  fixture_add_chunk (f);
  eka_session_finish (f->session);
  fixture_run (f);
  single_assert_completed (f, 2);
  g_assert_cmpstr (f->previous_id, ==, first);
  g_assert_cmpstr (f->session_id, !=, first);
  g_assert_cmpuint (eka_liar_count (f->liar, EKA_CALL_CREATE), ==, 2);
  g_assert_true (g_str_has_suffix (
      eka_liar_nth (f->liar, EKA_CALL_PATCH, 0)->uri, first));
  g_assert_cmpuint (eka_liar_count (f->liar, EKA_CALL_PATCH), ==, 1);
  single_assert_calls (f, data != NULL ? "dcugpcugeg" : "dcugggpcugeg");
  g_assert_nonnull (strstr (f->warning->message, "does not list its audio"));
  g_assert_cmpuint (fixture_count (f, "warning"), ==, 1);
}

/* At last the file may be there twice, which is told once. */
static void
test_there_is_an_end_to_sessions (Fixture      *f,
                                  gconstpointer data)
{
  guint i;

  for (i = 0; i < 6; i++)
    single_push_reset (f, EKA_CALL_UPLOAD);
  for (i = 0; i < 4; i++)
    single_push_list (f, "");
  single_record (f);
  single_assert_completed (f, 7);
  g_assert_cmpuint (eka_liar_count (f->liar, EKA_CALL_CREATE), ==, 4);
  /* Before a 4th session is asked for nothing: that was settled. */
  g_assert_cmpuint (eka_liar_count (f->liar, EKA_CALL_GET), ==, 4 + 2);
  g_assert_cmpuint (fixture_count (f, "warning 13"), ==, 1);
}

/* --- the list after all ------------------------------------------------- */

static void
test_a_short_list_is_asked_for_again (Fixture      *f,
                                      gconstpointer data)
{
  gboolean lags = data != NULL;

  single_push_list (f, LACKING);
  single_push_list (f, lags ? LISTED : LACKING);
  single_push_list (f, LISTED);
  single_record (f);
  single_assert_completed (f, lags ? 1 : 2);
  single_assert_calls (f, lags ? "dcugggeg" : "dcuggugeg");
}

#define add_data_test(path, data, func) \
  add_single_test ("/session-settle/" path, data, func)
#define add_table(table, path, func) \
  add_single_table (table, "/session-settle/" path, func)

int
main (int    argc,
      char **argv)
{
  guint i;

  g_test_init (&argc, &argv, NULL);
  add_table (doubts, "what-is-listed-is-not-sent-again",
             test_what_is_listed_is_not_sent_again);
  add_table (doubts, "what-is-not-listed-is-sent-again",
             test_what_is_not_listed_is_sent_again);
  add_data_test ("a-list-that-lags-is-waited-for", NULL,
                 test_a_list_that_lags_is_waited_for);
  add_data_test ("pauses-grow", NULL, test_pauses_grow);
  add_table (refusals, "what-was-not-taken-is-sent-again",
             test_what_was_not_taken_is_sent_again);
  add_data_test ("the-question-is-repeated", NULL,
                 test_the_question_is_repeated);
  add_data_test ("it-is-repeated-for-retry-time-only", NULL,
                 test_it_is_repeated_for_retry_time_only);
  add_data_test ("the-last-try-is-asked-for-too/listed", "listed",
                 test_the_last_try_is_asked_for_too);
  add_data_test ("the-last-try-is-asked-for-too/lacking", NULL,
                 test_the_last_try_is_asked_for_too);
  add_table (lists, "lists-are-read", test_lists_are_read);
  for (i = 0; i < G_N_ELEMENTS (silences); i++)
    {
      g_autofree gchar *path = g_strdup_printf (
          "/session-settle/without-a-list-another-session-gets-it/%u", i);

      add_single_test (path, silences[i],
                       test_without_a_list_another_session_gets_it);
    }
  add_data_test ("there-is-an-end-to-sessions", NULL,
                 test_there_is_an_end_to_sessions);
  add_data_test ("a-short-list-is-asked-for-again/lags", "lags",
                 test_a_short_list_is_asked_for_again);
  add_data_test ("a-short-list-is-asked-for-again/lacks", NULL,
                 test_a_short_list_is_asked_for_again);
  return g_test_run ();
}
