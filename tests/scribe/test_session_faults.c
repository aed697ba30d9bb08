/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* What a session does when service or network misbehave. */
#include "scribe/error.h"
#include "scribe/retry.h"
#include "sessionfixture.h"

static const EkaCall calls[] = { EKA_CALL_DISCOVER, EKA_CALL_CREATE,
                                 EKA_CALL_UPLOAD, EKA_CALL_END, EKA_CALL_GET };
static const guint passing[] = { 0, 408, 425, 429, 500, 502, 503, 504 };

/* What a call gets once in every cell of calls × passing. */
typedef struct
{
  EkaCall call;
  guint status; /* 0: no answer */
} Cell;

static void
push_failure (Fixture *f,
              EkaCall  call,
              guint    status)
{
  if (status != 0)
    eka_liar_push (f->liar, call, status, "");
  else
    eka_liar_push_error (f->liar, call,
                         g_error_new_literal (EKA_SCRIBE_ERROR,
                                              EKA_SCRIBE_ERROR_NETWORK,
                                              "connection reset"));
}

static void
test_passing_faults_are_repeated (Fixture      *f,
                                  gconstpointer data)
{
  const Cell *cell = data;
  EkaSessionStats stats;

  push_failure (f, cell->call, cell->status);
  fixture_record (f, 2);
  g_assert_no_error (f->error);
  g_assert_cmpint (f->state, ==, EKA_SESSION_COMPLETED);
  g_assert_cmpuint (fixture_count (f, "chunk"), ==, 2);
  g_assert_cmpuint (fixture_count (f, "warning"), ==, 1);
  g_assert_cmpuint (fixture_count (f, "recovered"), ==, 1);
  g_assert_cmpuint (fixture_count (f, "fatal"), ==, 0);
  eka_session_get_stats (f->session, &stats);
  g_assert_cmpuint (stats.retries, ==, 1);
}

static void
test_a_cause_is_told_once (Fixture      *f,
                           gconstpointer data)
{
  guint i;

  for (i = 0; i < 20; i++)
    push_failure (f, EKA_CALL_UPLOAD, 503);
  fixture_record (f, 1);
  g_assert_cmpint (f->state, ==, EKA_SESSION_COMPLETED);
  g_assert_cmpuint (fixture_count (f, "warning"), ==, 1);
  g_assert_cmpuint (fixture_count (f, "recovered"), ==, 1);
  g_assert_cmpuint (fixture_count (f, "chunk audio_0.wav 21"), ==, 1);
}

static void
test_chunks_stay_in_order_behind_an_outage (Fixture      *f,
                                            gconstpointer data)
{
  guint i;

  for (i = 0; i < 5; i++)
    push_failure (f, EKA_CALL_CREATE, 0);
  fixture_record (f, 4);
  g_assert_cmpint (f->state, ==, EKA_SESSION_COMPLETED);
  for (i = 0; i < 4; i++)
    {
      g_autofree gchar *name = g_strdup_printf ("/audio_%u.wav", i);

      g_assert_true (g_str_has_suffix (
          eka_liar_nth (f->liar, EKA_CALL_UPLOAD, i)->uri, name));
    }
}

static void
test_the_service_may_ask_for_a_pause (Fixture      *f,
                                      gconstpointer data)
{
  eka_liar_push (f->liar, EKA_CALL_CREATE, 429, "")->retry_after =
      g_strdup ("20");
  fixture_start (f);
  g_assert_cmpint (eka_clock_next (f->clock), >=, 20 * G_TIME_SPAN_SECOND);
  g_assert_cmpint (eka_clock_next (f->clock), <=, 21 * G_TIME_SPAN_SECOND);
  fixture_add_chunk (f);
  eka_session_finish (f->session);
  fixture_spin (f);
  g_assert_cmpuint (eka_liar_count (f->liar, EKA_CALL_CREATE), ==, 1);
  fixture_run (f);
  g_assert_cmpint (f->state, ==, EKA_SESSION_COMPLETED);
}

static void
test_the_end_cuts_our_own_pause_short (Fixture      *f,
                                       gconstpointer data)
{
  guint i;

  for (i = 0; i < 3; i++)
    push_failure (f, EKA_CALL_CREATE, 0);
  fixture_start (f);
  for (i = 0; i < 2; i++)
    {
      eka_clock_advance (f->clock, eka_clock_next (f->clock));
      fixture_spin (f);
    }
  g_assert_cmpuint (eka_liar_count (f->liar, EKA_CALL_CREATE), ==, 3);
  fixture_add_chunk (f);
  eka_session_finish (f->session);
  fixture_spin (f);
  eka_clock_advance (f->clock, 0);
  fixture_spin (f);
  g_assert_cmpuint (eka_liar_count (f->liar, EKA_CALL_CREATE), ==, 4);
}

static void
test_retries_end_after_their_time (Fixture      *f,
                                   gconstpointer data)
{
  guint i;

  f->settings->retry_time = G_TIME_SPAN_MINUTE;
  for (i = 0; i < 1000; i++)
    push_failure (f, EKA_CALL_UPLOAD, 503);
  fixture_record (f, 2);
  g_assert_cmpint (f->state, ==, EKA_SESSION_FAILED);
  g_assert_error (f->error, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_UNAVAILABLE);
  g_assert_nonnull (strstr (f->error->message, "2.0 s of audio"));
  g_assert_nonnull (strstr (f->error->message, f->session_id));
  g_assert_cmpint (eka_clock_now (f->clock), >=, G_TIME_SPAN_MINUTE);
  g_assert_cmpint (eka_clock_now (f->clock), <=, 2 * G_TIME_SPAN_MINUTE);
}

static void
test_no_second_try_without_retry_time (Fixture      *f,
                                       gconstpointer data)
{
  f->settings->retry_time = 0;
  push_failure (f, EKA_CALL_END, 503);
  fixture_record (f, 1);
  g_assert_cmpint (f->state, ==, EKA_SESSION_FAILED);
  g_assert_cmpuint (eka_liar_count (f->liar, EKA_CALL_END), ==, 1);
}

static void
test_a_recording_outlives_any_outage (Fixture      *f,
                                      gconstpointer data)
{
  guint i;

  f->settings->retry_time = 0;
  for (i = 0; i < 500; i++)
    push_failure (f, EKA_CALL_UPLOAD, 0);
  fixture_start (f);
  fixture_add_chunk (f);
  fixture_spin (f);
  while (fixture_count (f, "chunk") == 0)
    {
      eka_clock_advance (f->clock, eka_clock_next (f->clock));
      fixture_spin (f);
    }
  g_assert_cmpint (eka_clock_now (f->clock), >, G_TIME_SPAN_HOUR);
  g_assert_cmpuint (f->done, ==, 0);
  eka_session_finish (f->session);
  fixture_run (f);
  g_assert_cmpint (f->state, ==, EKA_SESSION_COMPLETED);
}

/* It has all its audio, but the recording goes on in another session: there is
 * no end to its patience until that is over, too. */
static void
test_a_full_session_outlives_any_outage (Fixture      *f,
                                         gconstpointer data)
{
  guint i;

  f->settings->retry_time = G_TIME_SPAN_MINUTE;
  for (i = 0; i < 200; i++)
    push_failure (f, EKA_CALL_UPLOAD, 0);
  fixture_start (f);
  fixture_add_chunk (f);
  eka_session_fill (f->session);
  fixture_spin (f);
  while (eka_liar_count (f->liar, EKA_CALL_UPLOAD) < 150)
    {
      g_assert_cmpuint (f->done, ==, 0);
      eka_clock_advance (f->clock, eka_clock_next (f->clock));
      fixture_spin (f);
    }
  g_assert_cmpint (eka_clock_now (f->clock), >, 10 * G_TIME_SPAN_MINUTE);
  if (data != NULL)
    while (fixture_count (f, "chunk") == 0)
      {
        eka_clock_advance (f->clock, eka_clock_next (f->clock));
        fixture_spin (f);
      }
  eka_session_finish (f->session);
  fixture_run (f);
  g_assert_cmpint (f->state, ==,
                   data != NULL ? EKA_SESSION_COMPLETED : EKA_SESSION_FAILED);
}

/* --- refusals ----------------------------------------------------------- */

static const guint refusals[] = { 400, 401, 403, 422 };

static void
test_a_refusal_before_audio_ends_at_once (Fixture      *f,
                                          gconstpointer data)
{
  eka_liar_push (f->liar, EKA_CALL_CREATE, GPOINTER_TO_UINT (data),
                 "{\"error\":{\"code\":\"some_code\",\"message\":\"no\","
                 "\"details\":{\"a\":1}}}");
  fixture_start (f);
  g_assert_cmpint (f->state, ==, EKA_SESSION_FAILED);
  g_assert_cmpuint (f->done, ==, 1);
  g_assert_cmpuint (eka_scribe_error_get_info (f->error)->http_status, ==,
                    GPOINTER_TO_UINT (data));
  g_assert_cmpstr (eka_scribe_error_get_info (f->error)->code, ==,
                   "some_code");
  g_assert_cmpstr (eka_scribe_error_get_info (f->error)->details, ==,
                   "{\"a\":1}");
}

static void
push_refusals (Fixture     *f,
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
test_a_refusal_of_audio_does_not_stop_the_capture (Fixture      *f,
                                                   gconstpointer data)
{
  guint i;

  push_refusals (f, EKA_CALL_UPLOAD, 422, "audio_quality_poor", 100);
  fixture_start (f);
  fixture_add_chunk (f);
  fixture_spin (f);
  g_assert_cmpint (f->state, ==, EKA_SESSION_RECORDING);
  g_assert_cmpuint (fixture_count (f, "warning"), ==, 1);
  for (i = 0; i < 5; i++)
    {
      eka_clock_advance (f->clock, eka_clock_next (f->clock));
      fixture_spin (f);
    }
  g_assert_cmpuint (fixture_count (f, "fatal"), ==, 1);
  fixture_add_chunk (f);
  fixture_spin (f);
  g_assert_cmpuint (f->done, ==, 0);
  eka_session_finish (f->session);
  fixture_run (f);
  g_assert_cmpint (f->state, ==, EKA_SESSION_FAILED);
  g_assert_cmpstr (eka_scribe_error_get_info (f->error)->code, ==,
                   "audio_quality_poor");
  g_assert_nonnull (strstr (f->error->message, "2.0 s of audio"));
  g_assert_cmpuint (eka_liar_count (f->liar, EKA_CALL_END), ==, 0);
}

static void
test_a_chunk_that_is_refused_may_be_skipped (Fixture      *f,
                                             gconstpointer data)
{
  EkaOutboxStats left;

  f->settings->on_chunk_error = EKA_CHUNK_ERROR_SKIP;
  push_refusals (f, EKA_CALL_UPLOAD, 422, "audio_quality_poor", 3);
  fixture_record (f, 2);
  g_assert_cmpint (f->state, ==, EKA_SESSION_COMPLETED);
  g_assert_error (f->warning, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_LOST);
  g_assert_nonnull (strstr (f->warning->message, "1.0 s of audio"));
  eka_outbox_get_stats (f->outbox, &left);
  g_assert_cmpuint (left.dropped_chunks, ==, 1);
  /* The next chunk has the number that was not taken. */
  g_assert_cmpuint (f->liar->files->len, ==, 1);
  g_assert_cmpstr (g_ptr_array_index (f->liar->files, 0), ==, "audio_0.wav");
}

static void
test_a_recording_of_skipped_chunks_has_failed (Fixture      *f,
                                               gconstpointer data)
{
  f->settings->on_chunk_error = EKA_CHUNK_ERROR_SKIP;
  push_refusals (f, EKA_CALL_UPLOAD, 422, "audio_quality_poor", 3);
  fixture_record (f, 1);
  g_assert_cmpint (f->state, ==, EKA_SESSION_FAILED);
  g_assert_error (f->error, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_LOST);
}

/* One of many machines has got something wrong. */
static void
test_a_refusal_is_no_last_word (Fixture      *f,
                                gconstpointer data)
{
  push_refusals (f, EKA_CALL_UPLOAD, 400, "invalid_request", 2);
  push_refusals (f, EKA_CALL_END, 400, "invalid_request", 2);
  push_refusals (f, EKA_CALL_GET, 400, "invalid_request", 2);
  fixture_record (f, 1);
  g_assert_cmpint (f->state, ==, EKA_SESSION_COMPLETED);
  g_assert_cmpuint (fixture_count (f, "fatal"), ==, 0);
}

static void
test_a_refused_token_may_be_mended (Fixture      *f,
                                    gconstpointer data)
{
  guint i;

  for (i = 0; i < 3; i++)
    eka_liar_push (f->liar, EKA_CALL_UPLOAD, 401, "");
  fixture_start (f);
  fixture_add_chunk (f);
  fixture_spin (f);
  g_assert_cmpuint (fixture_count (f, "fatal"), ==, 1);
  while (fixture_count (f, "chunk") == 0)
    {
      eka_clock_advance (f->clock, eka_clock_next (f->clock));
      fixture_spin (f);
    }
  g_assert_cmpuint (fixture_count (f, "recovered"), ==, 1);
  eka_session_finish (f->session);
  fixture_run (f);
  g_assert_cmpint (f->state, ==, EKA_SESSION_COMPLETED);
}

static void
test_a_refused_token_is_final_at_the_end (Fixture      *f,
                                          gconstpointer data)
{
  guint i;

  for (i = 0; i < 10; i++)
    eka_liar_push (f->liar, EKA_CALL_UPLOAD, 401, "");
  fixture_record (f, 1);
  g_assert_cmpint (f->state, ==, EKA_SESSION_FAILED);
  g_assert_error (f->error, EKA_SCRIBE_ERROR,
                  EKA_SCRIBE_ERROR_NOT_AUTHORIZED);
}

/* --- lies --------------------------------------------------------------- */

static const gchar *const lies[] = {
  "{\"session_id\":\"x\",\"success\":true,\"original_filename\":\"audio",
  "{\"success\":false,\"original_filename\":\"audio_0.wav\"}",
  "{\"success\":true,\"original_filename\":\"audio_1.wav\"}",
  "{\"success\":true}",
  "{\"success\":\"true\",\"original_filename\":\"audio_0.wav\"}",
  "<html><title>Login</title></html>",
  "[]",
  "",
};

static void
test_a_lie_is_no_acknowledgement (Fixture      *f,
                                  gconstpointer data)
{
  eka_liar_push (f->liar, EKA_CALL_UPLOAD, 200, data);
  eka_liar_push (f->liar, EKA_CALL_UPLOAD, 200, data);
  fixture_record (f, 1);
  g_assert_cmpint (f->state, ==, EKA_SESSION_COMPLETED);
  g_assert_cmpuint (eka_liar_count (f->liar, EKA_CALL_UPLOAD), ==, 3);
}

/* The service's own list settles what its answers leave open. */
static void
test_a_liar_is_held_against_its_list (Fixture      *f,
                                      gconstpointer data)
{
  guint i;

  for (i = 0; i < 3; i++)
    eka_liar_push (f->liar, EKA_CALL_UPLOAD, 200, data);
  fixture_record (f, 1);
  g_assert_cmpint (f->state, ==, EKA_SESSION_COMPLETED);
  g_assert_cmpuint (eka_liar_count (f->liar, EKA_CALL_UPLOAD), ==, 3);
  g_assert_cmpuint (fixture_count (f, "chunk audio_0.wav 3"), ==, 1);
}

static void
test_a_liar_is_not_believed_for_ever (Fixture      *f,
                                      gconstpointer data)
{
  guint i;

  f->liar->any_get = TRUE;
  for (i = 0; i < 10; i++)
    {
      eka_liar_push (f->liar, EKA_CALL_UPLOAD, 200, data);
      eka_liar_push (f->liar, EKA_CALL_GET, 202,
                     "{\"status\":\"initialized\",\"audio_files\":[]}");
    }
  fixture_record (f, 1);
  g_assert_cmpint (f->state, ==, EKA_SESSION_FAILED);
  g_assert_error (f->error, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_PROTOCOL);
  g_assert_cmpuint (eka_scribe_error_get_info (f->error)->http_status, ==,
                    200);
  g_assert_cmpuint (eka_liar_count (f->liar, EKA_CALL_UPLOAD), <=, 5);
}

static void
test_half_a_result_is_asked_for_again (Fixture      *f,
                                       gconstpointer data)
{
  eka_liar_push (f->liar, EKA_CALL_GET, 200, "{\"status\":\"compl");
  fixture_record (f, 1);
  g_assert_cmpint (f->state, ==, EKA_SESSION_COMPLETED);
}

/* --- lost answers ------------------------------------------------------- */

static void
test_a_create_whose_answer_was_lost_is_found (Fixture      *f,
                                              gconstpointer data)
{
  f->liar->any_get = TRUE;
  push_failure (f, EKA_CALL_CREATE, 0);
  eka_liar_push (f->liar, EKA_CALL_CREATE, 409,
                 "{\"error\":{\"code\":\"txn_already_initialized\"}}");
  eka_liar_push (f->liar, EKA_CALL_GET, 202,
                 "{\"status\":\"initialized\",\"audio_files\":[],"
                 "\"upload_url\":\"https://scribe.test/up\"}");
  fixture_record (f, 1);
  g_assert_cmpint (f->state, ==, EKA_SESSION_COMPLETED);
  g_assert_cmpstr (eka_liar_nth (f->liar, EKA_CALL_UPLOAD, 0)->uri, ==,
                   "https://scribe.test/up/audio_0.wav");
}

/* The transport sent it twice, for the kept connection broke under it. */
static void
test_a_create_that_was_repeated_below_is_found (Fixture      *f,
                                                gconstpointer data)
{
  f->liar->any_get = TRUE;
  eka_liar_push (f->liar, EKA_CALL_CREATE, 409, "")->repeated = TRUE;
  eka_liar_push (f->liar, EKA_CALL_GET, 202,
                 "{\"status\":\"initialized\",\"audio_files\":[],"
                 "\"upload_url\":\"https://scribe.test/up\"}");
  fixture_record (f, 1);
  g_assert_cmpint (f->state, ==, EKA_SESSION_COMPLETED);
  g_assert_cmpuint (eka_liar_count (f->liar, EKA_CALL_UPLOAD), ==, 1);
}

static void
test_an_id_with_audio_is_somebody_elses (Fixture      *f,
                                         gconstpointer data)
{
  f->liar->any_get = TRUE;
  f->settings->session_id = g_strdup ("ses_of_my_own_making");
  push_failure (f, EKA_CALL_CREATE, 0);
  eka_liar_push (f->liar, EKA_CALL_CREATE, 409, "");
  eka_liar_push (f->liar, EKA_CALL_GET, 202,
                 "{\"status\":\"initialized\",\"audio_files\":[\"0.wav\"]}");
  fixture_record (f, 1);
  g_assert_cmpint (f->state, ==, EKA_SESSION_FAILED);
  g_assert_cmpstr (eka_scribe_error_get_info (f->error)->property, ==,
                   "session-id");
  g_assert_cmpuint (eka_liar_count (f->liar, EKA_CALL_UPLOAD), ==, 0);
}

static void
test_an_id_that_is_taken_is_an_error (Fixture      *f,
                                      gconstpointer data)
{
  f->settings->session_id = g_strdup ("ses_of_my_own_making");
  eka_liar_push (f->liar, EKA_CALL_CREATE, 409, "");
  fixture_start (f);
  g_assert_cmpint (f->state, ==, EKA_SESSION_FAILED);
  g_assert_cmpstr (eka_scribe_error_get_info (f->error)->property, ==,
                   "session-id");
  g_assert_cmpuint (eka_liar_count (f->liar, EKA_CALL_GET), ==, 0);
}

static void
test_an_id_of_ours_that_is_taken_is_made_anew (Fixture      *f,
                                               gconstpointer data)
{
  eka_liar_push (f->liar, EKA_CALL_CREATE, 409, "");
  fixture_record (f, 1);
  g_assert_cmpint (f->state, ==, EKA_SESSION_COMPLETED);
  g_assert_cmpuint (eka_liar_count (f->liar, EKA_CALL_CREATE), ==, 2);
  g_assert_cmpuint (fixture_count (f, "warning"), ==, 0);
}

/* What services say to a second End. */
static const guint ended[] = { 400, 404, 409, 410, 422 };

/* The service has heard End, and nobody knows. */
static void
test_an_end_whose_answer_was_lost_has_ended (Fixture      *f,
                                             gconstpointer data)
{
  f->liar->lose_end = TRUE;
  push_failure (f, EKA_CALL_END, 0);
  eka_liar_push (f->liar, EKA_CALL_END, GPOINTER_TO_UINT (data),
                 "{\"error\":{\"code\":\"strange_words\"}}");
  fixture_record (f, 1);
  g_assert_cmpint (f->state, ==, EKA_SESSION_COMPLETED);
  g_assert_cmpuint (eka_liar_count (f->liar, EKA_CALL_END), ==, 2);
}

/* A login page that answers 200 has not ended anything. */
static void
test_an_end_that_something_else_answers_is_repeated (Fixture      *f,
                                                     gconstpointer data)
{
  f->settings->wait_for_results = FALSE;
  eka_liar_push (f->liar, EKA_CALL_END, 200, "<html>Log in</html>");
  eka_liar_push (f->liar, EKA_CALL_END, 200, "{\"error\":\"text\"}");
  fixture_record (f, 1);
  g_assert_cmpint (f->state, ==, EKA_SESSION_PROCESSING);
  g_assert_no_error (f->error);
  g_assert_cmpuint (eka_liar_count (f->liar, EKA_CALL_END), ==, 3);
  g_assert_cmpuint (fixture_count (f, "recovered"), ==, 1);
}

static void
test_an_end_that_nobody_understands_is_a_failure (Fixture      *f,
                                                  gconstpointer data)
{
  guint i;

  f->settings->wait_for_results = FALSE;
  for (i = 0; i < 10; i++)
    eka_liar_push (f->liar, EKA_CALL_END, 200, "<html>Log in</html>");
  fixture_record (f, 1);
  g_assert_cmpint (f->state, ==, EKA_SESSION_FAILED);
  g_assert_error (f->error, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_PROTOCOL);
}

static void
test_an_end_that_keeps_being_refused_is_a_failure (Fixture      *f,
                                                  gconstpointer data)
{
  push_refusals (f, EKA_CALL_END, 400, "session_ended", 3);
  fixture_record (f, 1);
  g_assert_cmpint (f->state, ==, EKA_SESSION_FAILED);
  g_assert_error (f->error, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_REFUSED);
}

/* --- places ------------------------------------------------------------- */

static void
push_upload_url (Fixture     *f,
                 const gchar *url)
{
  g_autofree gchar *body =
      g_strdup_printf ("{\"session_id\":\"ses_server_gave_this\","
                       "\"upload_url\":\"%s\"}", url);

  eka_liar_push (f->liar, EKA_CALL_CREATE, 201, body);
}

static void
test_audio_does_not_go_to_a_strange_host (Fixture      *f,
                                          gconstpointer data)
{
  push_upload_url (f, "https://evil.test/up?key=1");
  fixture_record (f, 1);
  g_assert_cmpint (f->state, ==, EKA_SESSION_FAILED);
  g_assert_error (f->error, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_UNTRUSTED);
  g_assert_nonnull (strstr (f->error->message, "evil.test"));
  g_assert_null (strstr (f->error->message, "key"));
  g_assert_cmpstr (eka_scribe_error_get_info (f->error)->property, ==,
                   "trusted-hosts");
  g_assert_cmpuint (eka_liar_count (f->liar, EKA_CALL_UPLOAD), ==, 0);
}

static void
test_audio_goes_to_a_listed_host (Fixture      *f,
                                  gconstpointer data)
{
  push_upload_url (f, "https://cdn.test/up?key=1");
  f->settings->trusted_hosts = g_strsplit ("cdn.test", ",", -1);
  fixture_record (f, 1);
  g_assert_cmpint (f->state, ==, EKA_SESSION_COMPLETED);
  g_assert_cmpstr (eka_liar_nth (f->liar, EKA_CALL_UPLOAD, 0)->uri, ==,
                   "https://cdn.test/up/audio_0.wav?key=1");
  g_assert_cmpstr (f->session_id, ==, "ses_server_gave_this");
}

static void
test_patient_and_token_stay_out_of_errors (Fixture      *f,
                                           gconstpointer data)
{
  f->settings->patient_details = g_strdup ("{\"name\":\"Jane Roe\"}");
  eka_liar_push (f->liar, EKA_CALL_CREATE, 400,
                 "{\"error\":{\"code\":\"Jane Roe\",\"message\":"
                 "\"Jane Roe sent secret-token\",\"details\":"
                 "{\"sent\":\"Jane Roe secret-token\"}}}");
  fixture_start (f);
  g_assert_nonnull (f->error);
  g_assert_null (strstr (f->error->message, "Jane"));
  g_assert_null (strstr (f->error->message, "secret"));
  g_assert_null (strstr (eka_scribe_error_get_info (f->error)->details,
                         "Jane"));
  g_assert_null (strstr (eka_scribe_error_get_info (f->error)->details,
                         "secret"));
  g_assert_null (strstr (eka_scribe_error_get_info (f->error)->code, "Jane"));
}

static void
add_data_test (const gchar  *path,
               guint         number,
               gconstpointer data,
               void        (*func) (Fixture *, gconstpointer))
{
  g_autofree gchar *full = g_strdup_printf ("%s/%u", path, number);

  g_test_add (full, Fixture, data, fixture_set_up, func, fixture_tear_down);
}

static void
add_tables (void)
{
  static Cell cells[G_N_ELEMENTS (calls)][G_N_ELEMENTS (passing)];
  guint i, j;

  for (i = 0; i < G_N_ELEMENTS (calls); i++)
    for (j = 0; j < G_N_ELEMENTS (passing); j++)
      {
        g_autofree gchar *path =
            g_strdup_printf ("/session-faults/passing-faults-are-repeated/%s",
                             eka_call_to_string (calls[i]));

        cells[i][j] = (Cell){ calls[i], passing[j] };
        add_data_test (path, passing[j], &cells[i][j],
                       test_passing_faults_are_repeated);
      }
  for (i = 0; i < G_N_ELEMENTS (refusals); i++)
    add_data_test ("/session-faults/a-refusal-before-audio-ends-at-once",
                   refusals[i], GUINT_TO_POINTER (refusals[i]),
                   test_a_refusal_before_audio_ends_at_once);
  for (i = 0; i < G_N_ELEMENTS (ended); i++)
    add_data_test ("/session-faults/an-end-whose-answer-was-lost-has-ended",
                   ended[i], GUINT_TO_POINTER (ended[i]),
                   test_an_end_whose_answer_was_lost_has_ended);
  for (i = 0; i < G_N_ELEMENTS (lies); i++)
    {
      add_data_test ("/session-faults/a-lie-is-no-acknowledgement", i,
                     lies[i], test_a_lie_is_no_acknowledgement);
      add_data_test ("/session-faults/a-liar-is-held-against-its-list", i,
                     lies[i], test_a_liar_is_held_against_its_list);
      add_data_test ("/session-faults/a-liar-is-not-believed-for-ever", i,
                     lies[i], test_a_liar_is_not_believed_for_ever);
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add_tables ();
  add_test ("/session-faults/a-cause-is-told-once", test_a_cause_is_told_once);
  add_test ("/session-faults/chunks-stay-in-order-behind-an-outage",
            test_chunks_stay_in_order_behind_an_outage);
  add_test ("/session-faults/the-service-may-ask-for-a-pause",
            test_the_service_may_ask_for_a_pause);
  add_test ("/session-faults/the-end-cuts-our-own-pause-short",
            test_the_end_cuts_our_own_pause_short);
  add_test ("/session-faults/retries-end-after-their-time",
            test_retries_end_after_their_time);
  add_test ("/session-faults/no-second-try-without-retry-time",
            test_no_second_try_without_retry_time);
  add_test ("/session-faults/a-recording-outlives-any-outage",
            test_a_recording_outlives_any_outage);
  add_data_test ("/session-faults/a-full-session-outlives-any-outage", 0, NULL,
                 test_a_full_session_outlives_any_outage);
  add_data_test ("/session-faults/a-full-session-outlives-any-outage", 1, "",
                 test_a_full_session_outlives_any_outage);
  add_test ("/session-faults/a-refusal-of-audio-does-not-stop-the-capture",
            test_a_refusal_of_audio_does_not_stop_the_capture);
  add_test ("/session-faults/a-refused-token-may-be-mended",
            test_a_refused_token_may_be_mended);
  add_test ("/session-faults/a-refused-token-is-final-at-the-end",
            test_a_refused_token_is_final_at_the_end);
  add_test ("/session-faults/a-chunk-that-is-refused-may-be-skipped",
            test_a_chunk_that_is_refused_may_be_skipped);
  add_test ("/session-faults/a-recording-of-skipped-chunks-has-failed",
            test_a_recording_of_skipped_chunks_has_failed);
  add_test ("/session-faults/a-refusal-is-no-last-word",
            test_a_refusal_is_no_last_word);
  add_test ("/session-faults/half-a-result-is-asked-for-again",
            test_half_a_result_is_asked_for_again);
  add_test ("/session-faults/a-create-whose-answer-was-lost-is-found",
            test_a_create_whose_answer_was_lost_is_found);
  add_test ("/session-faults/an-id-with-audio-is-somebody-elses",
            test_an_id_with_audio_is_somebody_elses);
  add_test ("/session-faults/an-id-that-is-taken-is-an-error",
            test_an_id_that_is_taken_is_an_error);
  add_test ("/session-faults/an-id-of-ours-that-is-taken-is-made-anew",
            test_an_id_of_ours_that_is_taken_is_made_anew);
  add_test ("/session-faults/an-end-that-something-else-answers-is-repeated",
            test_an_end_that_something_else_answers_is_repeated);
  add_test ("/session-faults/an-end-that-nobody-understands-is-a-failure",
            test_an_end_that_nobody_understands_is_a_failure);
  add_test ("/session-faults/a-create-that-was-repeated-below-is-found",
            test_a_create_that_was_repeated_below_is_found);
  add_test ("/session-faults/an-end-that-keeps-being-refused-is-a-failure",
            test_an_end_that_keeps_being_refused_is_a_failure);
  add_test ("/session-faults/audio-does-not-go-to-a-strange-host",
            test_audio_does_not_go_to_a_strange_host);
  add_test ("/session-faults/audio-goes-to-a-listed-host",
            test_audio_goes_to_a_listed_host);
  add_test ("/session-faults/patient-and-token-stay-out-of-errors",
            test_patient_and_token_stay_out_of_errors);
  return g_test_run ();
}
