/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "fixture.h"

#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

#define RATE 16000
#define TEMPLATES "\"templates\":[\"eka_emr_template\",\"soap_template\"]"

static GBytes *
make_chunk (gsize frames)
{
  g_autoptr (GArray) samples = make_tone (RATE, 1, frames, 440.0, 0.25);

  return make_wav (RATE, 1, samples);
}

/* One session from create to the results. */
static Answer *
run_session (Box *box, const gchar *members, gint chunks, gint sent)
{
  g_autoptr (GBytes) chunk = make_chunk (8000);
  gint i;

  box_create (box, members);
  for (i = 0; i < chunks; i++)
    {
      g_autofree gchar *name = g_strdup_printf ("a_%d.wav", i);

      box_upload (box, name, "audio/wav", chunk);
    }
  box_end (box, sent);
  return box_wait (box);
}

static void
test_end_validation (void)
{
  static const struct
  {
    const gchar *body;
    guint status;
    const gchar *code;
  } cases[] = {
    { "", 400, "invalid_request" },
    { "{", 400, "invalid_request" },
    { "[]", 422, "validation_error" },
    { "{}", 400, "missing_required_field" },
    { "{\"audio_files_sent\":null}", 400, "missing_required_field" },
    { "{\"audio_files_sent\":-1}", 422, "validation_error" },
    { "{\"audio_files_sent\":1.5}", 422, "validation_error" },
    { "{\"audio_files_sent\":\"1\"}", 422, "validation_error" },
    { "{\"audio_files_sent\":true}", 422, "validation_error" },
  };
  g_autoptr (Box) box = box_start (NULL);
  g_autoptr (Answer) answer = NULL;
  gsize i;

  box_create (box, NULL);
  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (Answer) refused
          = box_post (box, "sessions/" SESSION "/end", cases[i].body);

      g_test_message ("%s", cases[i].body);
      answer_check (refused, cases[i].status, cases[i].code);
    }
  answer = box_get (box, "sessions/" SESSION);
  g_assert_cmpstr (answer_string (answer, "status"), ==, "initialized");
}

static void
test_end_answer (void)
{
  g_autoptr (Box) box = box_start (NULL);
  g_autoptr (GBytes) chunk = make_chunk (800);
  g_autoptr (Answer) answer = NULL;

  box_create (box, NULL);
  box_upload (box, "a_0.wav", "audio/wav", chunk);
  answer = box_post (box, "sessions/" SESSION "/end",
                     "{\"audio_files_sent\":1}");
  answer_check (answer, 202, NULL);
  g_assert_cmpstr (answer_string (answer, "session_id"), ==, SESSION);
  g_assert_cmpstr (answer_string (answer, "status"), ==, "processing");
  g_assert_cmpstr (answer_string (answer, "message"), ==,
                   "Session ended. Processing started.");
  g_assert_cmpint (answer_int (answer, "audio_files_received"), ==, 1);
  g_assert_cmpstr (answer_string (answer, "audio_files.0"), ==, "0.wav");
}

static void
test_completed (void)
{
  g_autoptr (Box) box = box_start (NULL);
  g_autoptr (Answer) answer = run_session (
      box, TEMPLATES ",\"language_hint\":[\"hi\"],\"model\":\"pro\"", 3, 3);

  answer_check (answer, 200, NULL);
  g_assert_cmpstr (answer_string (answer, "status"), ==, "completed");
  g_assert_cmpstr (answer_string (answer, "model_used"), ==, "pro");
  g_assert_cmpstr (answer_string (answer, "language_detected"), ==, "hi");
  g_assert_nonnull (answer_string (answer, "completed_at"));
  g_assert_nonnull (answer_string (answer, "upload_url"));
  g_assert_nonnull (answer_string (answer, "expires_at"));
  g_assert_cmpint (answer_int (answer, "audio_files_received"), ==, 3);
  g_assert_nonnull (strstr (answer_string (answer, "transcript"),
                            "not recognised words"));
  g_assert_nonnull (strstr (answer_string (answer, "transcript"),
                            "1.500 s in 3 files"));
  g_assert_cmpstr (
      answer_string (answer, "templates.0.eka_emr_template.status"), ==,
      "success");
  g_assert_cmpint (
      answer_int (answer, "templates.0.eka_emr_template.data.audio_ms"), ==,
      1500);
  g_assert_cmpint (
      answer_int (answer, "templates.1.soap_template.data.audio_files"), ==,
      3);
  g_assert_true (g_str_has_prefix (
      answer_string (answer, "templates.1.soap_template.document_id"),
      "doc_"));
  g_assert_nonnull (answer_find (answer, "templates.1.soap_template.publish"));
  g_assert_null (answer_find (answer, "templates.2"));
  g_assert_null (answer_find (answer, "error"));
}

static void
test_template_filter (void)
{
  g_autoptr (Box) box = box_start (NULL);
  g_autoptr (Answer) answer = run_session (box, TEMPLATES, 1, 1);
  g_autoptr (Answer) one
      = box_get (box, "sessions/" SESSION "?template_id=soap_template");
  g_autoptr (Answer) none
      = box_get (box, "sessions/" SESSION "?template_id=other");

  g_assert_nonnull (answer_find (one, "templates.0.soap_template"));
  g_assert_null (answer_find (one, "templates.1"));
  g_assert_null (answer_find (none, "templates.0"));
  /* Documents are made once: their ids stay. */
  g_assert_cmpstr (
      answer_string (one, "templates.0.soap_template.document_id"), ==,
      answer_string (answer, "templates.1.soap_template.document_id"));
}

static void
test_no_chunks (void)
{
  g_autoptr (Box) box = box_start (NULL);
  g_autoptr (Answer) answer = run_session (box, NULL, 0, 0);

  answer_check (answer, 200, NULL);
  g_assert_cmpstr (answer_string (answer, "status"), ==, "completed");
  g_assert_cmpstr (answer_string (answer, "transcript"), ==, "");
}

static void
test_missing (void)
{
  g_autoptr (Box) box = box_start (NULL);
  g_autoptr (Answer) answer = run_session (box, TEMPLATES, 2, 4);

  answer_check (answer, 206, NULL);
  g_assert_cmpstr (answer_string (answer, "status"), ==, "partial");
  g_assert_cmpint (answer_int (answer, "audio_files_processed"), ==, 2);
  g_assert_cmpstr (answer_string (answer, "processing_errors.0.code"), ==,
                   "audio_files_missing");
  g_assert_nonnull (strstr (
      answer_string (answer, "processing_errors.0.message"), "missing: 2, 3"));
}

static void
test_gap (void)
{
  g_autoptr (Box) box = box_start (NULL);
  g_autoptr (GBytes) chunk = make_chunk (800);
  g_autoptr (Answer) answer = NULL;

  box_create (box, NULL);
  box_upload (box, "a_0.wav", "audio/wav", chunk);
  box_upload (box, "a_7.wav", "audio/wav", chunk);
  box_end (box, 2);
  answer = box_wait (box);
  answer_check (answer, 206, NULL);
  g_assert_cmpint (answer_int (answer, "audio_files_processed"), ==, 2);
  g_assert_nonnull (
      strstr (answer_string (answer, "processing_errors.0.message"),
              "missing: 1, 2, 3, 4, 5, 6"));
}

static void
test_unexpected (void)
{
  g_autoptr (Box) box = box_start (NULL);
  g_autoptr (Answer) answer = run_session (box, NULL, 2, 1);

  answer_check (answer, 206, NULL);
  g_assert_cmpstr (answer_string (answer, "processing_errors.0.code"), ==,
                   "audio_files_unexpected");
}

static void
test_nothing_arrived (void)
{
  g_autoptr (Box) box = box_start (NULL);
  g_autoptr (Answer) answer = run_session (box, NULL, 0, 2000000000);

  answer_check (answer, 200, "audio_files_missing");
  g_assert_cmpstr (answer_string (answer, "status"), ==, "failed");
}

static void
test_final (void)
{
  static const struct
  {
    const gchar *option;
    guint status;
    const gchar *state;
  } cases[] = { { "--final=completed", 200, "completed" },
                { "--final=partial", 206, "partial" },
                { "--final=failed", 200, "failed" },
                { "--final=expired", 410, "expired" } };
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (Box) box = box_start (cases[i].option, NULL);
      g_autoptr (Answer) answer = run_session (box, TEMPLATES, 1, 1);

      answer_check (answer, cases[i].status,
                    g_str_equal (cases[i].state, "failed")
                        ? "processing_failed"
                        : NULL);
      g_assert_cmpstr (answer_string (answer, "status"), ==, cases[i].state);
      if (!g_str_equal (cases[i].state, "partial"))
        continue;
      g_assert_cmpstr (
          answer_string (answer, "templates.0.eka_emr_template.status"), ==,
          "success");
      g_assert_cmpstr (
          answer_string (answer, "templates.1.soap_template.error.code"), ==,
          "template_failed");
    }
}

static void
test_processing_time (void)
{
  g_autoptr (Box) box = box_start ("--processing-time=0.4", NULL);
  gint64 start = g_get_monotonic_time ();
  g_autoptr (Answer) answer = run_session (box, NULL, 1, 1);

  g_assert_cmpint (g_get_monotonic_time () - start, >=, 400000);
  g_assert_cmpstr (answer_string (answer, "status"), ==, "completed");
}

/* While the session is open, its transcript grows with the chunks. */
static void
test_partial_transcript (void)
{
  g_autoptr (Box) box = box_start (NULL);
  g_autoptr (GBytes) chunk = make_chunk (8000);
  guint tries = 0;
  gboolean heard = FALSE;

  box_create (box, NULL);
  box_upload (box, "a_0.wav", "audio/wav", chunk);
  while (!heard && tries++ < 10000)
    {
      g_autoptr (Answer) answer = box_get (box, "sessions/" SESSION);

      g_assert_cmpstr (answer_string (answer, "status"), ==, "initialized");
      heard = strstr (answer_string (answer, "transcript"),
                      "0.500 s in 1 files")
              != NULL;
    }
  g_assert_true (heard);
}

/* Seconds: what a machine that has other work to do needs for a few requests. */
static gint
choose_lifetime (void)
{
  return g_getenv ("EKASCRIBE_TEST_CHECKED") != NULL ? 8 : 3;
}

static void
test_expiry (void)
{
  g_autofree gchar *lifetime =
      g_strdup_printf ("--session-lifetime=%d", choose_lifetime ());
  g_autoptr (Box) box = box_start (lifetime, NULL);
  g_autoptr (GBytes) chunk = make_chunk (800);
  g_autoptr (Answer) answer = NULL;
  g_autoptr (Answer) end = NULL;
  g_autoptr (Answer) upload = NULL;

  box_create (box, "\"patient_details\":{\"oid\":\"P\"}");
  box_upload (box, "a_0.wav", "audio/wav", chunk);
  answer = box_wait (box);
  answer_check (answer, 410, NULL);
  g_assert_cmpstr (answer_string (answer, "status"), ==, "expired");
  g_assert_cmpstr (answer_string (answer, "message"), ==,
                   "Session expired before processing was initiated");
  g_assert_nonnull (answer_string (answer, "expired_at"));
  g_assert_nonnull (answer_string (answer, "upload_url"));
  g_assert_cmpstr (answer_string (answer, "patient_details.oid"), ==, "P");
  g_assert_cmpint (answer_int (answer, "audio_files_received"), ==, 1);
  g_assert_true (JSON_NODE_HOLDS_OBJECT (answer_find (answer, "templates")));
  end = box_post (box, "sessions/" SESSION "/end",
                  "{\"audio_files_sent\":1}");
  answer_check (end, 410, "session_expired");
  upload = box_send (box, "POST", "sessions/" SESSION "/audio/a_1.wav",
                     "audio/wav", chunk);
  answer_check (upload, 410, "session_expired");
}

static void
test_ended_does_not_expire (void)
{
  g_autofree gchar *lifetime =
      g_strdup_printf ("--session-lifetime=%d", choose_lifetime ());
  g_autofree gchar *processing =
      g_strdup_printf ("--processing-time=%d.3", choose_lifetime ());
  g_autoptr (Box) box = box_start (lifetime, processing, NULL);
  g_autoptr (Answer) answer = run_session (box, NULL, 1, 1);

  answer_check (answer, 200, NULL);
}

static Answer *
patch (Box *box, const gchar *json)
{
  g_autoptr (GBytes) body = g_bytes_new (json, strlen (json));

  return box_send (box, "PATCH", "sessions/" SESSION, "application/json",
                   body);
}

static void
test_cancel (void)
{
  g_autoptr (Box) box = box_start (NULL);
  g_autoptr (Answer) nothing = NULL;
  g_autoptr (Answer) wrong = NULL;
  g_autoptr (Answer) cancelled = NULL;
  g_autoptr (Answer) again = NULL;
  g_autoptr (Answer) end = NULL;
  g_autoptr (Answer) got = NULL;

  box_create (box, NULL);
  nothing = patch (box, "{}");
  answer_check (nothing, 400, "missing_required_field");
  wrong = patch (box, "{\"user_status\":\"commit\"}");
  answer_check (wrong, 422, "validation_error");
  cancelled = patch (box, "{\"user_status\":\"cancelled\","
                          "\"processing_status\":\"cancelled\"}");
  answer_check (cancelled, 200, "session_cancelled");
  again = patch (box, "{\"user_status\":\"cancelled\"}");
  answer_check (again, 400, "session_ended");
  end = box_post (box, "sessions/" SESSION "/end",
                  "{\"audio_files_sent\":0}");
  answer_check (end, 400, "session_ended");
  got = box_get (box, "sessions/" SESSION);
  answer_check (got, 200, "session_cancelled");
  g_assert_cmpstr (answer_string (got, "status"), ==, "failed");
}

static void
test_transcriber (void)
{
  g_autoptr (Box) box = box_start (
      "--transcriber", "sh -c 'echo \"  héard\"; wc -c < \"$0\"'", NULL);
  g_autoptr (Answer) answer = run_session (box, TEMPLATES, 2, 2);

  answer_check (answer, 200, NULL);
  g_assert_cmpstr (answer_string (answer, "transcript"), ==, "héard\n32044");
  g_assert_cmpint (
      answer_int (answer, "templates.0.eka_emr_template.data.audio_ms"), ==,
      1000);
}

static void
test_transcriber_failure (void)
{
  static const gchar *const commands[] = { "sh -c 'echo no; exit 3'",
                                           "/nonexistent/recogniser" };
  static const gchar *const reasons[] = { "code 3", "nonexistent" };
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (commands); i++)
    {
      g_autoptr (Box) box = box_start ("--transcriber", commands[i], NULL);
      g_autoptr (Answer) answer = run_session (box, TEMPLATES, 1, 1);

      answer_check (answer, 200, "transcriber_failed");
      g_assert_cmpstr (answer_string (answer, "status"), ==, "failed");
      g_assert_nonnull (
          strstr (answer_string (answer, "error.message"), reasons[i]));
    }
}

/* A transcriber at work does not hold up the end; box_stop() is the test. */
static void
test_transcriber_stopped (void)
{
  g_autoptr (Box) box = box_start ("--transcriber", "tail -f", NULL);
  g_autoptr (GBytes) chunk = make_chunk (8000);

  box_create (box, NULL);
  box_upload (box, "a_0.wav", "audio/wav", chunk);
  box_end (box, 1);
}

static void
test_session_file (void)
{
  g_autoptr (Box) box = box_start (NULL);
  g_autoptr (Answer) answer = run_session (box, TEMPLATES, 1, 1);
  g_autoptr (GBytes) file = read_kept (box, "session.json");
  g_autoptr (JsonParser) parser = json_parser_new ();
  JsonObject *root;
  JsonObject *chunk;

  g_assert_true (json_parser_load_from_data (
      parser, g_bytes_get_data (file, NULL), (gssize)g_bytes_get_size (file),
      NULL));
  root = json_node_get_object (json_parser_get_root (parser));
  g_assert_true (json_node_equal (json_object_get_member (root, "session"),
                                  answer->json));
  chunk = json_array_get_object_element (
      json_object_get_array_member (root, "chunks"), 0);
  g_assert_cmpstr (json_object_get_string_member (chunk, "original_filename"),
                   ==, "a_0.wav");
  g_assert_cmpint (json_object_get_int_member (chunk, "duration_ms"), ==, 500);
}

static void
test_tls (void)
{
  g_autofree gchar *directory = g_dir_make_tmp (NULL, NULL);
  g_autofree gchar *file = make_certificate (directory);
  g_autoptr (Box) box = box_start ("--tls-certificate", file, NULL);
  g_autoptr (GBytes) chunk = make_chunk (RATE * 19);
  g_autoptr (Answer) answer = NULL;

  g_assert_true (g_str_has_prefix (box->base_url, "https://127.0.0.1:"));
  box_create (box, NULL);
  box_upload (box, "a_0.wav", "audio/wav", chunk);
  answer = box_get (box, "sessions/" SESSION);
  g_assert_true (g_str_has_prefix (answer_string (answer, "upload_url"),
                                   box->base_url));
  g_unlink (file);
  g_rmdir (directory);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sandbox/end/validation", test_end_validation);
  g_test_add_func ("/sandbox/end/answer", test_end_answer);
  g_test_add_func ("/sandbox/result/completed", test_completed);
  g_test_add_func ("/sandbox/result/template-filter", test_template_filter);
  g_test_add_func ("/sandbox/result/no-chunks", test_no_chunks);
  g_test_add_func ("/sandbox/result/missing-at-the-end", test_missing);
  g_test_add_func ("/sandbox/result/gap", test_gap);
  g_test_add_func ("/sandbox/result/more-than-sent", test_unexpected);
  g_test_add_func ("/sandbox/result/nothing-arrived", test_nothing_arrived);
  g_test_add_func ("/sandbox/result/as-ordered", test_final);
  g_test_add_func ("/sandbox/result/takes-its-time", test_processing_time);
  g_test_add_func ("/sandbox/result/partial-transcript",
                   test_partial_transcript);
  g_test_add_func ("/sandbox/result/session-file", test_session_file);
  g_test_add_func ("/sandbox/expiry/open-sessions", test_expiry);
  g_test_add_func ("/sandbox/expiry/not-ended-ones",
                   test_ended_does_not_expire);
  g_test_add_func ("/sandbox/cancel/ends-it", test_cancel);
  g_test_add_func ("/sandbox/transcriber/text", test_transcriber);
  g_test_add_func ("/sandbox/transcriber/failure", test_transcriber_failure);
  g_test_add_func ("/sandbox/transcriber/stopped", test_transcriber_stopped);
  g_test_add_func ("/sandbox/tls/serves-https", test_tls);
  return g_test_run ();
}
