/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "scribe/result.h"

#include <string.h>

#include "scribe/error.h"

static EkaResult *
parse (const gchar *text)
{
  g_autoptr (GBytes) bytes = g_bytes_new_static (text, strlen (text));
  g_autoptr (GError) error = NULL;
  EkaResult *result = eka_result_new_from_json (bytes, &error);

  g_assert_no_error (error);
  return result;
}

static EkaDocument *
document (EkaResult *result,
          guint      i)
{
  g_assert_cmpuint (i, <, result->documents->len);
  return g_ptr_array_index (result->documents, i);
}

/* The example of Get Session, with a document more of one template. */
static void
test_completed (void)
{
  g_autoptr (EkaResult) r = parse (
      "{\"session_id\":\"ses_abc123def456\",\"status\":\"completed\","
      "\"created_at\":\"2026-06-06T14:21:07Z\","
      "\"completed_at\":\"2026-06-06T14:22:07Z\",\"model_used\":\"pro\","
      "\"language_detected\":\"en\",\"upload_url\":\"wss://h/secret\","
      "\"audio_files_received\":4,\"audio_files\":[\"0.wav\",\"1.wav\"],"
      "\"additional_data\":{\"_protocol\":{\"version\":\"0.1\"}},"
      "\"transcript\":\"Patient presents with cough and fever...\","
      "\"templates\":[{\"eka_emr_template\":{\"status\":\"success\","
      "\"document_id\":\"doc_abc123\",\"document_type\":\"eka_emr_template\","
      "\"data\":{\"temperature\":98.6},\"publish\":{},"
      "\"presigned_url\":\"https://h/d\"}},"
      "{\"clinical_notes_template\":{\"status\":\"success\","
      "\"document_id\":\"doc_def456\",\"data\":[\"a\",1]}},"
      "{\"clinical_notes_template\":{\"status\":\"success\","
      "\"document_id\":\"doc_2\",\"data\":\"text\"}}]}");

  g_assert_cmpstr (r->session_id, ==, "ses_abc123def456");
  g_assert_cmpstr (r->status, ==, "completed");
  g_assert_cmpstr (r->created_at, ==, "2026-06-06T14:21:07Z");
  g_assert_cmpstr (r->completed_at, ==, "2026-06-06T14:22:07Z");
  g_assert_cmpstr (r->model_used, ==, "pro");
  g_assert_cmpstr (r->language_detected, ==, "en");
  g_assert_cmpstr (r->upload_url, ==, "wss://h/secret");
  g_assert_cmpint (r->audio_files_received, ==, 4);
  g_assert_cmpint (r->audio_files_processed, ==, -1);
  g_assert_cmpstr (r->audio_files[1], ==, "1.wav");
  g_assert_nonnull (strstr (r->transcript, "cough"));
  g_assert_cmpuint (r->documents->len, ==, 3);
  g_assert_cmpstr (document (r, 0)->template_id, ==, "eka_emr_template");
  g_assert_cmpstr (document (r, 0)->document_type, ==, "eka_emr_template");
  g_assert_cmpstr (document (r, 0)->data, ==, "{\"temperature\":98.6}");
  g_assert_cmpstr (document (r, 0)->publish, ==, "{}");
  g_assert_cmpstr (document (r, 0)->presigned_url, ==, "https://h/d");
  g_assert_cmpstr (document (r, 1)->data, ==, "[\"a\",1]");
  g_assert_cmpstr (document (r, 2)->template_id, ==, "clinical_notes_template");
  g_assert_cmpstr (document (r, 2)->document_id, ==, "doc_2");
  g_assert_cmpstr (document (r, 2)->data, ==, "\"text\"");
  g_assert_null (strstr (r->json, "upload_url"));
  g_assert_null (strstr (r->json, "wss:"));
  g_assert_nonnull (strstr (r->json, "\"_protocol\":{\"version\":\"0.1\"}"));
  g_assert_nonnull (strstr (r->json, "98.6}"));
}

static void
test_partial (void)
{
  g_autoptr (EkaResult) r = parse (
      "{\"session_id\":\"s\",\"status\":\"partial\",\"audio_files_received\":3,"
      "\"audio_files_processed\":2,\"processing_errors\":[{\"file\":\"1.wav\"}],"
      "\"templates\":[{\"t\":{\"status\":\"failed\",\"data\":null,"
      "\"error\":{\"code\":\"extraction_failed\",\"message\":\"why\"}}},"
      "{\"u\":{\"error\":\"plain\"}},{\"v\":{\"error\":{\"code\":500}}},"
      "{\"w\":{\"error\":null,\"data\":{}}},{\"x\":{\"status\":\"in-progress\"}}"
      "]}");

  g_assert_cmpint (r->audio_files_processed, ==, 2);
  g_assert_cmpstr (r->processing_errors, ==, "[{\"file\":\"1.wav\"}]");
  g_assert_null (document (r, 0)->data);
  g_assert_cmpstr (document (r, 0)->error_code, ==, "extraction_failed");
  g_assert_cmpstr (document (r, 0)->error_message, ==, "why");
  g_assert_cmpstr (document (r, 1)->status, ==, "failed");
  g_assert_cmpstr (document (r, 1)->error_message, ==, "plain");
  g_assert_cmpstr (document (r, 2)->status, ==, "failed");
  g_assert_cmpstr (document (r, 2)->error_code, ==, "500");
  /* An error that is null is none. */
  g_assert_cmpstr (document (r, 3)->status, ==, "success");
  g_assert_null (document (r, 3)->error_message);
  g_assert_cmpstr (document (r, 4)->status, ==, "in-progress");
}

/* The example of Get Session's 410: `templates` is a map there. */
static void
test_expired (void)
{
  g_autoptr (EkaResult) r = parse (
      "{\"session_id\":\"s\",\"status\":\"expired\","
      "\"upload_url\":\"https://h/a\",\"expired_at\":\"2026-06-06T15:21:07Z\","
      "\"message\":\"Session expired before processing was initiated\","
      "\"audio_files_received\":0,\"audio_files\":[],\"templates\":{},"
      "\"transcript\":null}");

  g_assert_cmpstr (r->status, ==, "expired");
  g_assert_nonnull (strstr (r->message, "expired before"));
  g_assert_null (r->transcript);
  g_assert_cmpint (r->audio_files_received, ==, 0);
  g_assert_nonnull (r->audio_files);
  g_assert_cmpuint (r->documents->len, ==, 0);
}

static void
test_failed (void)
{
  g_autoptr (EkaResult) r = parse (
      "{\"session_id\":\"s\",\"status\":\"failed\","
      "\"error\":{\"code\":\"processing_failed\",\"message\":\"m\"}}");
  g_autoptr (EkaResult) text = parse ("{\"status\":\"failed\",\"error\":\"m\"}");

  g_assert_cmpstr (r->error_code, ==, "processing_failed");
  g_assert_cmpstr (r->error_message, ==, "m");
  g_assert_null (text->error_code);
  g_assert_cmpstr (text->error_message, ==, "m");
}

static void
test_map_and_other_lists (void)
{
  g_autoptr (EkaResult) map = parse (
      "{\"status\":\"completed\",\"templates\":{\"b\":{\"data\":1},"
      "\"a\":[{\"document_id\":\"1\"},7,{\"document_id\":\"2\"}],\"c\":null}}");
  g_autoptr (EkaResult) list = parse (
      "{\"status\":\"completed\",\"templates\":[7,null,\"x\",[],"
      "{\"template_id\":\"t\",\"status\":\"success\",\"data\":true},{}]}");

  g_assert_cmpuint (map->documents->len, ==, 3);
  g_assert_cmpstr (document (map, 0)->template_id, ==, "b");
  g_assert_cmpstr (document (map, 0)->data, ==, "1");
  g_assert_cmpstr (document (map, 1)->document_id, ==, "1");
  g_assert_cmpstr (document (map, 2)->document_id, ==, "2");
  g_assert_cmpuint (list->documents->len, ==, 1);
  g_assert_cmpstr (document (list, 0)->template_id, ==, "t");
  g_assert_cmpstr (document (list, 0)->data, ==, "true");
}

static void
test_wrong_types_count_as_absent (void)
{
  g_autoptr (EkaResult) r = parse (
      "{\"session_id\":\"s\",\"status\":7,\"upload_url\":{\"secret\":1},"
      "\"transcript\":[],\"model_used\":{},\"audio_files\":\"x\","
      "\"audio_files_received\":\"4\",\"audio_files_processed\":1.5,"
      "\"processing_errors\":null,\"templates\":\"none\",\"error\":[]}");

  g_assert_null (r->status);
  g_assert_null (r->upload_url);
  g_assert_null (r->transcript);
  g_assert_null (r->model_used);
  g_assert_null (r->audio_files);
  g_assert_cmpint (r->audio_files_received, ==, -1);
  g_assert_cmpint (r->audio_files_processed, ==, -1);
  g_assert_null (r->processing_errors);
  g_assert_null (r->error_message);
  g_assert_cmpuint (r->documents->len, ==, 0);
  g_assert_null (strstr (r->json, "secret"));
}

/* A list of something else than names still says how many there are: a session
 * that holds audio must not look empty. */
static void
test_list_is_counted (void)
{
  g_autoptr (EkaResult) objects = parse (
      "{\"status\":\"initialized\",\"audio_files\":[{\"name\":\"a\"},{}]}");
  g_autoptr (EkaResult) both = parse (
      "{\"status\":\"x\",\"audio_files\":[\"a\"],\"audio_files_received\":5}");

  g_assert_cmpint (objects->audio_files_received, ==, 2);
  g_assert_cmpint (both->audio_files_received, ==, 5);
}

static void
test_other_answers_are_none (void)
{
  static const gchar *const texts[] = {
    "", "{}", "[]", "null", "<html>", "{\"ok\":true}", "{\"status\":\"comp",
    "{\"error\":{\"code\":\"x\"}}", "{\"status\":null}",
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (GBytes) bytes =
          g_bytes_new_static (texts[i], strlen (texts[i]));
      g_autoptr (GError) error = NULL;

      g_assert_null (eka_result_new_from_json (bytes, &error));
      g_assert_error (error, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_PROTOCOL);
    }
}

/* What an answer means, by its HTTP status and its own. */
static void
test_verdicts (void)
{
  static const struct
  {
    const gchar *status;
    guint http_status;
    EkaVerdict verdict;
    gboolean known;
  } cases[] = {
    { "completed", 200, EKA_VERDICT_COMPLETED, TRUE },
    { "done", 200, EKA_VERDICT_COMPLETED, FALSE },
    { "completed", 202, EKA_VERDICT_BUSY, TRUE },
    { "queued", 200, EKA_VERDICT_BUSY, TRUE },
    { "failed", 202, EKA_VERDICT_BUSY, TRUE },
    { "failed", 200, EKA_VERDICT_FAILED, TRUE },
    { "error", 206, EKA_VERDICT_FAILED, TRUE },
    { "completed", 206, EKA_VERDICT_PARTIAL, TRUE },
    { "partial", 200, EKA_VERDICT_PARTIAL, TRUE },
    { "expired", 200, EKA_VERDICT_EXPIRED, TRUE },
    { "completed", 410, EKA_VERDICT_EXPIRED, TRUE },
  };
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree gchar *text =
          g_strdup_printf ("{\"status\":\"%s\"}", cases[i].status);
      g_autoptr (EkaResult) result = parse (text);

      g_assert_cmpint (eka_result_judge (result, cases[i].http_status), ==,
                       cases[i].verdict);
      g_assert_cmpint (eka_result_is_known (result), ==, cases[i].known);
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, func) g_test_add_func ("/scribe/result/" name, func)
  ADD ("a completed session is read, its upload_url not shown", test_completed);
  ADD ("a partial session tells its errors", test_partial);
  ADD ("an expired session is read", test_expired);
  ADD ("a failed session tells why", test_failed);
  ADD ("templates are a map or a list", test_map_and_other_lists);
  ADD ("wrong types count as absent", test_wrong_types_count_as_absent);
  ADD ("a list without a number is counted", test_list_is_counted);
  ADD ("other answers are no session", test_other_answers_are_none);
  ADD ("verdicts", test_verdicts);
  return g_test_run ();
}
