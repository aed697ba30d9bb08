/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* What a session does when the service behaves, and its state table. */
#include "scribe/sessionprivate.h"
#include "sessionfixture.h"

#define BIT(state) (1u << EKA_SESSION_##state)

static void
assert_said (Fixture           *f,
             const gchar *const *words)
{
  guint i;

  for (i = 0; words[i] != NULL && i < f->said->len; i++)
    g_assert_cmpstr (g_ptr_array_index (f->said, i), ==, words[i]);
  g_assert_cmpuint (f->said->len, ==, g_strv_length ((gchar **) words));
}

/* A body ends without a zero byte. */
static void
assert_body_holds (EkaRequest  *request,
                   const gchar *text)
{
  gsize size;
  const gchar *data = g_bytes_get_data (request->body, &size);

  g_assert_nonnull (g_strstr_len (data, (gssize) size, text));
}

static void
test_a_recording_goes_through_all_states (Fixture      *f,
                                          gconstpointer data)
{
  static const gchar *const words[] = {
    "discovering", "discovered", "ready", "creating", "recording",
    "chunk audio_0.wav 1", "chunk audio_1.wav 1", "draining", "auditing", "ending",
    "processing", "completed", "done", NULL
  };
  EkaSessionStats stats;
  EkaOutboxStats left;

  fixture_record (f, 2);
  assert_said (f, words);
  g_assert_no_error (f->error);
  g_assert_nonnull (f->result);
  eka_session_get_stats (f->session, &stats);
  g_assert_cmpuint (stats.chunks_uploaded, ==, 2);
  g_assert_cmpuint (stats.bytes_uploaded, ==, 14);
  g_assert_cmpuint (stats.retries, ==, 0);
  eka_outbox_get_stats (f->outbox, &left);
  g_assert_cmpuint (left.chunks, ==, 0);
}

static void
test_calls_come_in_order_with_what_was_recorded (Fixture      *f,
                                                 gconstpointer data)
{
  EkaRequest *request;

  fixture_record (f, 2);
  request = eka_liar_nth (f->liar, EKA_CALL_DISCOVER, 0);
  g_assert_cmpstr (request->uri, ==,
                   "https://scribe.test/voice/v1/.well-known/"
                   "medscribealliance");
  g_assert_null (request->credential);
  request = eka_liar_nth (f->liar, EKA_CALL_CREATE, 0);
  g_assert_cmpstr (request->uri, ==, "https://scribe.test/voice/v1/sessions");
  g_assert_cmpstr (request->credential, ==, "Bearer secret-token");
  request = eka_liar_nth (f->liar, EKA_CALL_UPLOAD, 1);
  g_assert_true (g_str_has_suffix (request->uri, "/audio/audio_1.wav"));
  g_assert_cmpstr (request->content_type, ==, "audio/wav");
  assert_body_holds (request, "chunk 1");
  request = eka_liar_nth (f->liar, EKA_CALL_END, 0);
  assert_body_holds (request, "\"audio_files_sent\":2");
  g_assert_cmpuint (eka_liar_count (f->liar, EKA_CALL_END), ==, 1);
}

static void
test_ids_are_made_where_none_is_set (Fixture      *f,
                                     gconstpointer data)
{
  fixture_start (f);
  g_assert_cmpuint (strlen (f->session_id), ==, 32);
  g_assert_true (g_str_has_prefix (f->session_id, "ses_"));
  eka_session_abort (f->session);
}

/* Declared here once more, so that a change of the table is a decision. */
static const guint edges[] = {
  [EKA_SESSION_IDLE] = BIT (DISCOVERING) | BIT (READY) | BIT (FAILED) |
                       BIT (DISCARDED),
  [EKA_SESSION_DISCOVERING] = BIT (READY) | BIT (FAILED) | BIT (DISCARDED),
  [EKA_SESSION_READY] = BIT (CREATING) | BIT (FAILED) | BIT (DISCARDED),
  [EKA_SESSION_CREATING] = BIT (RECORDING) | BIT (PROCESSING) | BIT (FAILED) |
                           BIT (EXPIRED) | BIT (DISCARDED),
  [EKA_SESSION_RECORDING] = BIT (PAUSED) | BIT (DRAINING) | BIT (CREATING) |
                            BIT (FAILED) | BIT (EXPIRED) | BIT (DISCARDED),
  [EKA_SESSION_PAUSED] = BIT (RECORDING) | BIT (DRAINING) | BIT (CREATING) |
                         BIT (FAILED) | BIT (EXPIRED) | BIT (DISCARDED),
  [EKA_SESSION_DRAINING] = BIT (AUDITING) | BIT (ENDING) | BIT (CREATING) |
                           BIT (FAILED) | BIT (EXPIRED) | BIT (DISCARDED),
  [EKA_SESSION_AUDITING] = BIT (ENDING) | BIT (DRAINING) | BIT (CREATING) |
                           BIT (FAILED) | BIT (EXPIRED) | BIT (DISCARDED),
  [EKA_SESSION_ENDING] = BIT (PROCESSING) | BIT (CREATING) | BIT (FAILED) |
                         BIT (EXPIRED) | BIT (DISCARDED),
  [EKA_SESSION_PROCESSING] = BIT (COMPLETED) | BIT (PARTIAL) | BIT (CREATING) |
                             BIT (FAILED) | BIT (EXPIRED) | BIT (DISCARDED),
  [EKA_SESSION_COMPLETED] = 0,
  [EKA_SESSION_PARTIAL] = 0,
  [EKA_SESSION_FAILED] = 0,
  [EKA_SESSION_EXPIRED] = 0,
  [EKA_SESSION_DISCARDED] = 0,
};

static void
test_undeclared_edges_are_refused (Fixture      *f,
                                   gconstpointer data)
{
  guint from, to;

  fixture_open (f);
  for (from = 0; from < G_N_ELEMENTS (edges); from++)
    for (to = 0; to < G_N_ELEMENTS (edges); to++)
      {
        gboolean declared = (edges[from] & (1u << to)) != 0;

        f->session->state = from;
        if (!declared)
          g_test_expect_message ("ekascribe", G_LOG_LEVEL_CRITICAL,
                                 "*no way from*");
        eka_session_set_state (f->session, to);
        g_test_assert_expected_messages ();
        g_assert_cmpint (f->session->state, ==, declared ? to : from);
      }
  f->session->state = EKA_SESSION_READY;
  eka_session_abort (f->session);
}

static void
test_without_audio_nothing_is_created (Fixture      *f,
                                       gconstpointer data)
{
  fixture_open (f);
  eka_session_finish (f->session);
  fixture_run (f);
  g_assert_cmpint (f->state, ==, EKA_SESSION_DISCARDED);
  g_assert_no_error (f->error);
  g_assert_cmpuint (eka_liar_count (f->liar, EKA_CALL_CREATE), ==, 0);
}

static void
test_a_session_without_chunks_is_cancelled (Fixture      *f,
                                            gconstpointer data)
{
  fixture_start (f);
  eka_session_finish (f->session);
  fixture_run (f);
  g_assert_cmpint (f->state, ==, EKA_SESSION_DISCARDED);
  g_assert_cmpuint (eka_liar_count (f->liar, EKA_CALL_PATCH), ==, 1);
  g_assert_cmpuint (eka_liar_count (f->liar, EKA_CALL_END), ==, 0);
}

static void
test_nobody_waits_for_results (Fixture      *f,
                               gconstpointer data)
{
  f->settings->wait_for_results = FALSE;
  fixture_record (f, 1);
  g_assert_cmpint (f->state, ==, EKA_SESSION_PROCESSING);
  g_assert_no_error (f->error);
  g_assert_null (f->result);
  g_assert_cmpuint (eka_liar_count (f->liar, EKA_CALL_GET), ==, 1);
}

static void
test_partial_transcripts_are_told_when_they_change (Fixture      *f,
                                                    gconstpointer data)
{
  static const gchar *const bodies[] = {
    "{\"status\":\"processing\",\"transcript\":null}",
    "{\"status\":\"processing\",\"transcript\":\"\"}",
    "{\"status\":\"processing\",\"transcript\":\"one\"}",
    "{\"status\":\"processing\",\"transcript\":\"one\"}",
    "{\"status\":\"processing\",\"transcript\":\"one two\"}",
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (bodies); i++)
    eka_liar_push (f->liar, EKA_CALL_GET, 202, bodies[i]);
  fixture_record (f, 1);
  g_assert_cmpuint (fixture_count (f, "transcript"), ==, 2);
  g_assert_cmpuint (fixture_count (f, "transcript one two"), ==, 1);
  g_assert_cmpuint (eka_liar_count (f->liar, EKA_CALL_GET), ==, 7);
}

static void
test_polls_keep_their_interval (Fixture      *f,
                                gconstpointer data)
{
  eka_liar_push (f->liar, EKA_CALL_GET, 202, "{\"status\":\"processing\"}");
  f->settings->poll_interval = 7 * G_TIME_SPAN_SECOND;
  fixture_start (f);
  fixture_add_chunk (f);
  eka_session_finish (f->session);
  fixture_spin (f);
  g_assert_cmpuint (eka_liar_count (f->liar, EKA_CALL_GET), ==, 2);
  eka_clock_advance (f->clock, 7 * G_TIME_SPAN_SECOND - 1);
  fixture_spin (f);
  g_assert_cmpuint (eka_liar_count (f->liar, EKA_CALL_GET), ==, 2);
  eka_clock_advance (f->clock, 1);
  fixture_spin (f);
  g_assert_cmpuint (eka_liar_count (f->liar, EKA_CALL_GET), ==, 3);
}

typedef struct
{
  guint status;
  const gchar *body;
  EkaSessionState state;
  const gchar *code; /* of the error; NULL: none */
} Ending;

static const Ending endings[] = {
  { 200, "{\"status\":\"completed\",\"transcript\":null}",
    EKA_SESSION_COMPLETED, NULL },
  { 200, "{\"transcript\":\"no status\"}", EKA_SESSION_COMPLETED, NULL },
  { 206, "{\"status\":\"partial\",\"processing_errors\":[{\"code\":\"x\"}]}",
    EKA_SESSION_PARTIAL, NULL },
  { 200, "{\"status\":\"partial\"}", EKA_SESSION_PARTIAL, NULL },
  { 200, "{\"status\":\"failed\",\"error\":{\"code\":\"bad_audio\","
         "\"message\":\"silence\"}}",
    EKA_SESSION_FAILED, "bad_audio" },
  { 200, "{\"status\":\"cancelled\"}", EKA_SESSION_FAILED, "cancelled" },
  { 200, "{\"status\":\"error\",\"message\":\"no disk\"}",
    EKA_SESSION_FAILED, "error" },
};

static void
test_every_final_answer_ends_the_session (Fixture      *f,
                                          gconstpointer data)
{
  const Ending *ending = data;

  f->settings->settle_time = 0;
  eka_liar_push (f->liar, EKA_CALL_GET, ending->status, ending->body);
  fixture_record (f, 1);
  g_assert_cmpint (f->state, ==, ending->state);
  g_assert_nonnull (f->result);
  if (ending->code == NULL)
    g_assert_no_error (f->error);
  else
    {
      g_assert_error (f->error, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_FAILED);
      g_assert_cmpstr (eka_scribe_error_get_info (f->error)->code, ==,
                       ending->code);
      g_assert_cmpuint (eka_scribe_error_get_info (f->error)->http_status, ==,
                        ending->status);
    }
}

/* Servers quote what they were sent; a warning is logged. */
static void
test_the_warning_of_a_partial_result_keeps_secrets (Fixture      *f,
                                                    gconstpointer data)
{
  const EkaScribeErrorInfo *info;

  g_clear_pointer (&f->settings->patient_details, g_free);
  f->settings->patient_details = g_strdup ("{\"name\":\"Zebulon\"}");
  f->settings->settle_time = 0;
  eka_liar_push (f->liar, EKA_CALL_GET, 206,
                 "{\"status\":\"partial\",\"processing_errors\":["
                 "{\"message\":\"Zebulon mumbles\"}]}");
  fixture_record (f, 1);
  g_assert_cmpint (f->state, ==, EKA_SESSION_PARTIAL);
  g_assert_error (f->warning, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_FAILED);
  g_assert_nonnull (strstr (f->warning->message, "mumbles"));
  g_assert_null (strstr (f->warning->message, "Zebulon"));
  info = eka_scribe_error_get_info (f->warning);
  g_assert_cmpuint (info->http_status, ==, 206);
  g_assert_null (strstr (info->details, "Zebulon"));
  g_assert_nonnull (strstr (f->result->processing_errors, "Zebulon"));
}

/* What a gateway or a health check says of itself is no result. */
static void
test_a_200_of_something_else_is_no_result (Fixture      *f,
                                           gconstpointer data)
{
  guint i;

  for (i = 0; i < 10; i++)
    eka_liar_push (f->liar, EKA_CALL_GET, 200, "{\"status\":\"ok\"}");
  fixture_record (f, 1);
  g_assert_cmpint (f->state, ==, EKA_SESSION_FAILED);
  g_assert_error (f->error, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_PROTOCOL);
}

static void
test_a_200_that_is_busy_is_polled_on (Fixture      *f,
                                      gconstpointer data)
{
  eka_liar_push (f->liar, EKA_CALL_GET, 200, "{\"status\":\"processing\"}");
  fixture_record (f, 1);
  g_assert_cmpint (f->state, ==, EKA_SESSION_COMPLETED);
  g_assert_cmpuint (eka_liar_count (f->liar, EKA_CALL_GET), ==, 3);
}

static void
test_results_have_a_time_limit (Fixture      *f,
                                gconstpointer data)
{
  guint i;

  f->settings->result_timeout = 10 * G_TIME_SPAN_SECOND;
  for (i = 0; i < 100; i++)
    eka_liar_push (f->liar, EKA_CALL_GET, 202, "{\"status\":\"processing\"}");
  fixture_record (f, 1);
  g_assert_cmpint (f->state, ==, EKA_SESSION_FAILED);
  g_assert_error (f->error, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_TIMEOUT);
  g_assert_cmpint (eka_clock_now (f->clock), >=, 10 * G_TIME_SPAN_SECOND);
}

static void
test_the_time_limit_ends_a_poll_under_way (Fixture      *f,
                                           gconstpointer data)
{
  eka_liar_push_stall (f->liar, EKA_CALL_GET);
  fixture_record (f, 1);
  g_assert_error (f->error, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_TIMEOUT);
}

static void
test_one_template_can_be_asked_for (Fixture      *f,
                                    gconstpointer data)
{
  f->settings->result_template = g_strdup ("soap");
  fixture_record (f, 1);
  g_assert_true (g_str_has_suffix (
      eka_liar_nth (f->liar, EKA_CALL_GET, 1)->uri, "?template_id=soap"));
}

static void
test_a_different_count_is_a_warning (Fixture      *f,
                                     gconstpointer data)
{
  eka_liar_push (f->liar, EKA_CALL_END, 202,
                 "{\"status\":\"processing\",\"audio_files_received\":1}");
  fixture_record (f, 3);
  g_assert_cmpint (f->state, ==, EKA_SESSION_COMPLETED);
  g_assert_error (f->warning, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_LOST);
  g_assert_nonnull (strstr (f->warning->message, "1 audio files"));
  g_assert_nonnull (strstr (f->warning->message, "acknowledged 3"));
}

/* --- abort -------------------------------------------------------------- */

static void
test_abort_is_silent_in_every_state (Fixture      *f,
                                     gconstpointer data)
{
  static const EkaCall calls[] = { EKA_CALL_DISCOVER, EKA_CALL_CREATE,
                                   EKA_CALL_UPLOAD, EKA_CALL_END,
                                   EKA_CALL_GET };
  const EkaCall call = calls[GPOINTER_TO_UINT (data)];
  guint said;

  eka_liar_push_stall (f->liar, call);
  fixture_start (f);
  fixture_add_chunk (f);
  eka_session_finish (f->session);
  fixture_spin (f);
  g_assert_cmpuint (eka_liar_count (f->liar, call), ==,
                    call == EKA_CALL_GET ? 2 : 1);
  said = f->said->len;
  eka_session_abort (f->session);
  fixture_spin (f);
  g_assert_cmpuint (f->said->len, ==, said);
  g_assert_cmpuint (f->freed, ==, 1);
  g_assert_cmpint (eka_clock_next (f->clock), ==, -1);
}

static void
test_abort_cancels_a_session_without_audio (Fixture      *f,
                                            gconstpointer data)
{
  fixture_start (f);
  eka_session_abort (f->session);
  fixture_spin (f);
  g_assert_cmpuint (eka_liar_count (f->liar, EKA_CALL_PATCH), ==, 1);
  assert_body_holds (eka_liar_nth (f->liar, EKA_CALL_PATCH, 0), "cancelled");
}

static void
test_abort_leaves_audio_on_the_service (Fixture      *f,
                                        gconstpointer data)
{
  fixture_start (f);
  fixture_add_chunk (f);
  fixture_spin (f);
  eka_session_abort (f->session);
  fixture_spin (f);
  g_assert_cmpuint (eka_liar_count (f->liar, EKA_CALL_PATCH), ==, 0);
}

/* --- discovery ---------------------------------------------------------- */

#define DOCUMENT(base, rest) \
  "{\"supported_versions\":[\"0.1\"],\"endpoints\":{\"base_url\":\"" base \
  "\"}" rest "}"

static void
test_discovery_is_asked_once_while_it_is_fresh (Fixture      *f,
                                                gconstpointer data)
{
  gint64 now = eka_clock_now (f->clock);
  g_autoptr (GBytes) json = g_bytes_new_static (
      DOCUMENT ("https://scribe.test/v9", ""),
      strlen (DOCUMENT ("https://scribe.test/v9", "")));
  g_autoptr (EkaDiscovery) cached = eka_discovery_new_from_json (json, NULL);

  eka_discovery_cache_put (f->settings->base_url, cached,
                           now + G_TIME_SPAN_HOUR);
  fixture_record (f, 1);
  g_assert_cmpint (f->state, ==, EKA_SESSION_COMPLETED);
  g_assert_cmpuint (eka_liar_count (f->liar, EKA_CALL_DISCOVER), ==, 0);
  g_assert_cmpstr (eka_liar_nth (f->liar, EKA_CALL_CREATE, 0)->uri, ==,
                   "https://scribe.test/v9/sessions");
}

static void
test_discovery_elsewhere_is_not_followed (Fixture      *f,
                                          gconstpointer data)
{
  eka_liar_push (f->liar, EKA_CALL_DISCOVER, 200,
                 DOCUMENT ("https://evil.test/v9", ""));
  fixture_record (f, 1);
  g_assert_cmpstr (eka_liar_nth (f->liar, EKA_CALL_CREATE, 0)->uri, ==,
                   "https://scribe.test/voice/v1/sessions");
}

static void
test_without_discovery_defaults_hold (Fixture      *f,
                                      gconstpointer data)
{
  eka_liar_push (f->liar, EKA_CALL_DISCOVER, 404, "");
  eka_liar_push (f->liar, EKA_CALL_DISCOVER, 200, "<html>home</html>");
  fixture_record (f, 1);
  g_assert_cmpint (f->state, ==, EKA_SESSION_COMPLETED);
  g_assert_cmpuint (fixture_count (f, "defaults"), ==, 1);
  g_assert_cmpuint (fixture_count (f, "warning"), ==, 0);
  g_assert_cmpstr (eka_liar_nth (f->liar, EKA_CALL_DISCOVER, 1)->uri, ==,
                   "https://scribe.test/.well-known/medscribealliance");
}

static void
test_discovery_can_be_left_out (Fixture      *f,
                                gconstpointer data)
{
  f->settings->discovery = EKA_DISCOVERY_OFF;
  fixture_record (f, 1);
  g_assert_cmpint (f->state, ==, EKA_SESSION_COMPLETED);
  g_assert_cmpuint (eka_liar_count (f->liar, EKA_CALL_DISCOVER), ==, 0);
}

static void
test_discovery_can_be_required (Fixture      *f,
                                gconstpointer data)
{
  f->settings->discovery = EKA_DISCOVERY_REQUIRE;
  eka_liar_push (f->liar, EKA_CALL_DISCOVER, 404, "");
  eka_liar_push (f->liar, EKA_CALL_DISCOVER, 404, "");
  fixture_start (f);
  g_assert_cmpint (f->state, ==, EKA_SESSION_FAILED);
  g_assert_error (f->error, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_SETTINGS);
  g_assert_cmpstr (eka_scribe_error_get_info (f->error)->property, ==,
                   "discovery");
}

static void
test_a_broken_discovery_is_none_after_three_tries (Fixture      *f,
                                                   gconstpointer data)
{
  guint i;

  for (i = 0; i < 4; i++)
    eka_liar_push (f->liar, EKA_CALL_DISCOVER, 503, "");
  fixture_record (f, 1);
  g_assert_cmpint (f->state, ==, EKA_SESSION_COMPLETED);
  g_assert_cmpuint (eka_liar_count (f->liar, EKA_CALL_DISCOVER), ==, 4);
  g_assert_cmpuint (fixture_count (f, "recovered"), ==, 1);
}

static void
test_discovery_is_enforced_before_create (Fixture      *f,
                                          gconstpointer data)
{
  eka_liar_push (f->liar, EKA_CALL_DISCOVER, 200,
                 DOCUMENT ("https://scribe.test/v9",
                           ",\"models\":[{\"id\":\"lite\"}]"));
  f->settings->model = g_strdup ("pro");
  fixture_start (f);
  g_assert_error (f->error, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_SETTINGS);
  g_assert_cmpstr (eka_scribe_error_get_info (f->error)->property, ==,
                   "model");
  g_assert_cmpuint (eka_liar_count (f->liar, EKA_CALL_CREATE), ==, 0);
}

static void
test_chunks_in_a_refused_format_are_not_sent (Fixture      *f,
                                              gconstpointer data)
{
  eka_liar_push (f->liar, EKA_CALL_DISCOVER, 200,
                 DOCUMENT ("https://scribe.test/v9",
                           ",\"capabilities\":{\"audio_formats\":"
                           "[\"audio/ogg\"]}"));
  fixture_record (f, 1);
  g_assert_cmpint (f->state, ==, EKA_SESSION_FAILED);
  g_assert_nonnull (strstr (f->error->message, "audio/wav"));
  g_assert_cmpuint (eka_liar_count (f->liar, EKA_CALL_UPLOAD), ==, 0);
}

/* The element may have named its chunks before discovery came. */
static void
test_ogg_goes_under_the_name_that_is_listed (Fixture      *f,
                                             gconstpointer data)
{
  g_autoptr (GBytes) bytes = g_bytes_new_static ("OggS", 4);
  g_autoptr (EkaChunk) chunk =
      eka_chunk_new (0, bytes, "audio/ogg;codecs=opus", "ogg", 0, 1, 48);

  eka_liar_push (f->liar, EKA_CALL_DISCOVER, 200,
                 DOCUMENT ("https://scribe.test/v9",
                           ",\"capabilities\":{\"audio_formats\":"
                           "[\"audio/ogg\"]}"));
  fixture_start (f);
  eka_outbox_put (f->outbox, chunk);
  eka_session_chunk_added (f->session);
  eka_session_finish (f->session);
  fixture_run (f);
  g_assert_cmpint (f->state, ==, EKA_SESSION_COMPLETED);
  g_assert_cmpstr (eka_liar_nth (f->liar, EKA_CALL_UPLOAD, 0)->content_type,
                   ==, "audio/ogg");
}

int
main (int    argc,
      char **argv)
{
  static const gchar *const abort_in[] = { "discovering", "creating",
                                           "uploading", "ending",
                                           "processing" };
  guint i;

  g_test_init (&argc, &argv, NULL);
  add_test ("/session/a-recording-goes-through-all-states",
            test_a_recording_goes_through_all_states);
  add_test ("/session/calls-come-in-order-with-what-was-recorded",
            test_calls_come_in_order_with_what_was_recorded);
  add_test ("/session/ids-are-made-where-none-is-set",
            test_ids_are_made_where_none_is_set);
  add_test ("/session/undeclared-edges-are-refused",
            test_undeclared_edges_are_refused);
  add_test ("/session/without-audio-nothing-is-created",
            test_without_audio_nothing_is_created);
  add_test ("/session/a-session-without-chunks-is-cancelled",
            test_a_session_without_chunks_is_cancelled);
  add_test ("/session/nobody-waits-for-results",
            test_nobody_waits_for_results);
  add_test ("/session/the-warning-of-a-partial-result-keeps-secrets",
            test_the_warning_of_a_partial_result_keeps_secrets);
  add_test ("/session/a-200-of-something-else-is-no-result",
            test_a_200_of_something_else_is_no_result);
  add_test ("/session/partial-transcripts-are-told-when-they-change",
            test_partial_transcripts_are_told_when_they_change);
  add_test ("/session/polls-keep-their-interval",
            test_polls_keep_their_interval);
  for (i = 0; i < G_N_ELEMENTS (endings); i++)
    {
      g_autofree gchar *path =
          g_strdup_printf ("/session/every-final-answer-ends/%u", i);

      g_test_add (path, Fixture, &endings[i], fixture_set_up,
                  test_every_final_answer_ends_the_session,
                  fixture_tear_down);
    }
  add_test ("/session/a-200-that-is-busy-is-polled-on",
            test_a_200_that_is_busy_is_polled_on);
  add_test ("/session/results-have-a-time-limit",
            test_results_have_a_time_limit);
  add_test ("/session/the-time-limit-ends-a-poll-under-way",
            test_the_time_limit_ends_a_poll_under_way);
  add_test ("/session/one-template-can-be-asked-for",
            test_one_template_can_be_asked_for);
  add_test ("/session/a-different-count-is-a-warning",
            test_a_different_count_is_a_warning);
  for (i = 0; i < G_N_ELEMENTS (abort_in); i++)
    {
      g_autofree gchar *path =
          g_strdup_printf ("/session/abort-is-silent/%s", abort_in[i]);

      g_test_add (path, Fixture, GUINT_TO_POINTER (i), fixture_set_up,
                  test_abort_is_silent_in_every_state, fixture_tear_down);
    }
  add_test ("/session/abort-cancels-a-session-without-audio",
            test_abort_cancels_a_session_without_audio);
  add_test ("/session/abort-leaves-audio-on-the-service",
            test_abort_leaves_audio_on_the_service);
  add_test ("/session/discovery/is-asked-once-while-fresh",
            test_discovery_is_asked_once_while_it_is_fresh);
  add_test ("/session/discovery/elsewhere-is-not-followed",
            test_discovery_elsewhere_is_not_followed);
  add_test ("/session/discovery/defaults-hold-without",
            test_without_discovery_defaults_hold);
  add_test ("/session/discovery/can-be-left-out",
            test_discovery_can_be_left_out);
  add_test ("/session/discovery/can-be-required",
            test_discovery_can_be_required);
  add_test ("/session/discovery/broken-is-none-after-three-tries",
            test_a_broken_discovery_is_none_after_three_tries);
  add_test ("/session/discovery/is-enforced-before-create",
            test_discovery_is_enforced_before_create);
  add_test ("/session/discovery/refused-formats-are-not-sent",
            test_chunks_in_a_refused_format_are_not_sent);
  add_test ("/session/discovery/ogg-goes-under-the-name-that-is-listed",
            test_ogg_goes_under_the_name_that_is_listed);
  return g_test_run ();
}
