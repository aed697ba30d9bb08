/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Sessions that were begun before: by a process that is no more. */
#include "scribe/error.h"
#include "scribe/json.h"
#include "sessionfixture.h"

#define OURS "ses_0123456789abcdef"
#define OPEN "\"status\":\"initialized\""

/* Chunks that may have been sent, as they come back from disk. */
static void
put_tried (Fixture *f,
           guint    n)
{
  guint i;

  for (i = 0; i < n; i++)
    {
      g_autofree gchar *text = g_strdup_printf ("chunk %u", f->next_index);
      g_autoptr (GBytes) bytes = g_bytes_new (text, strlen (text));
      g_autoptr (EkaChunk) chunk =
          eka_chunk_new (f->next_index++, bytes, "audio/wav", "wav", 0,
                         G_GUINT64_CONSTANT (1000000000), 16000);
      g_autoptr (EkaChunk) tried = NULL;
      guint number;

      eka_outbox_put (f->outbox, chunk);
      tried = eka_outbox_try (f->outbox, &number);
      eka_outbox_acknowledge (f->outbox, number);
    }
  eka_outbox_settle (f->outbox, (gboolean[]){ FALSE }, 0);
}

/* The liar knows the session, with @n files. */
static void
know (Fixture *f,
      guint    n,
      gboolean ended)
{
  guint i;

  f->liar->any_get = TRUE;
  f->liar->session_id = g_strdup (OURS);
  f->liar->ended = ended;
  for (i = 0; i < n; i++)
    g_ptr_array_add (f->liar->files, g_strdup_printf ("audio_%u.wav", i));
}

/* What Get Session answers next. */
static void
show (Fixture     *f,
      guint        status,
      const gchar *members)
{
  g_autofree gchar *body = g_strdup_printf ("{%s}", members);

  eka_liar_push (f->liar, EKA_CALL_GET, status, body);
}

static void
begin (Fixture      *f,
       EkaUploadType type,
       gboolean      created,
       gboolean      ended)
{
  EkaSettings *settings = eka_settings_copy (f->settings);
  EkaDescriptor descriptor = { .settings = settings,
                               .session_id = (gchar *) OURS,
                               .created = created,
                               .ended = ended };

  f->settings->upload_type = settings->upload_type = type;
  f->settings->trusted_hosts = g_strsplit ("secret", ",", -1);
  fixture_make (f);
  eka_session_resume (f->session, &descriptor);
  eka_session_open (f->session);
  eka_session_start (f->session, NULL);
  eka_settings_free (settings);
}

static void
go_on (Fixture      *f,
       EkaUploadType type,
       gboolean      created,
       gboolean      ended)
{
  begin (f, type, created, ended);
  eka_session_finish (f->session);
  fixture_run (f);
}

/* The uploads were these files, in this order, and to the session. */
static void
assert_uploads (Fixture     *f,
                const gchar *numbers)
{
  g_autoptr (GString) all = g_string_new (NULL);
  guint i;

  for (i = 0; i < eka_liar_count (f->liar, EKA_CALL_UPLOAD); i++)
    {
      EkaRequest *request = eka_liar_nth (f->liar, EKA_CALL_UPLOAD, i);
      const gchar *number = g_strrstr (request->uri, "audio_") + 6;
      g_autofree gchar *text = g_strdup_printf ("chunk %c", *number);
      g_autoptr (GBytes) bytes = g_bytes_new (text, strlen (text));

      g_string_append_c (all, *number);
      g_assert_true (g_bytes_equal (request->body, bytes));
    }
  g_assert_cmpstr (all->str, ==, numbers);
}

static void
assert_completed (Fixture     *f,
                  const gchar *uploads,
                  guint        creates)
{
  EkaOutboxStats left;

  g_assert_no_error (f->error);
  g_assert_cmpint (f->state, ==, EKA_SESSION_COMPLETED);
  g_assert_nonnull (f->result);
  assert_uploads (f, uploads);
  g_assert_cmpuint (eka_liar_count (f->liar, EKA_CALL_CREATE), ==, creates);
  if (creates == 0)
    g_assert_cmpstr (f->session_id, ==, OURS);
  eka_outbox_get_stats (f->outbox, &left);
  g_assert_cmpuint (left.held, ==, 0);
}

/* All of it went to another session, which tells what it replaces. */
static void
assert_replaced (Fixture     *f,
                 const gchar *uploads)
{
  g_autoptr (JsonObject) body = NULL;
  JsonObject *data;

  assert_completed (f, uploads, 1);
  g_assert_cmpstr (f->session_id, !=, OURS);
  g_assert_cmpstr (f->previous_id, ==, OURS);
  g_assert_cmpstr (f->session_id, ==, f->liar->session_id);
  body = eka_json_parse_bytes (
      eka_liar_nth (f->liar, EKA_CALL_CREATE, 0)->body, NULL);
  data = eka_json_get_object (body, "additional_data");
  g_assert_cmpstr (eka_json_get_string (data, "replaced_session_id"), ==, OURS);
}

/* --- still open --------------------------------------------------------- */

static void
test_what_is_missing_is_sent (Fixture      *f,
                              gconstpointer data)
{
  put_tried (f, 4);
  know (f, 2, FALSE);
  go_on (f, EKA_UPLOAD_CHUNKED, TRUE, FALSE);
  assert_completed (f, "23", 0);
  g_assert_cmpuint (eka_liar_count (f->liar, EKA_CALL_END), ==, 1);
}

static void
test_nothing_is_sent_where_all_is_there (Fixture      *f,
                                         gconstpointer data)
{
  put_tried (f, 3);
  know (f, 3, FALSE);
  go_on (f, EKA_UPLOAD_CHUNKED, TRUE, FALSE);
  assert_completed (f, "", 0);
  g_assert_cmpuint (eka_liar_count (f->liar, EKA_CALL_END), ==, 1);
}

static void
test_without_a_list_all_is_sent (Fixture      *f,
                                 gconstpointer data)
{
  put_tried (f, 3);
  know (f, 3, FALSE);
  show (f, 202, OPEN ",\"audio_files_received\":3");
  go_on (f, EKA_UPLOAD_CHUNKED, TRUE, FALSE);
  assert_completed (f, "012", 0);
}

static void
test_names_of_any_kind_are_read (Fixture      *f,
                                 gconstpointer data)
{
  put_tried (f, 4);
  know (f, 3, FALSE);
  show (f, 202, OPEN ",\"audio_files\":[\"s3://b/0.ogg\",\"x_2.wav?y\",\"z\","
                     "\"audio_999999999.wav\"]");
  go_on (f, EKA_UPLOAD_CHUNKED, TRUE, FALSE);
  assert_completed (f, "13", 0);
}

/* The service got them while the disk failed. */
static void
test_numbers_that_are_taken_are_left (Fixture      *f,
                                      gconstpointer data)
{
  put_tried (f, 2);
  know (f, 4, FALSE);
  begin (f, EKA_UPLOAD_CHUNKED, TRUE, FALSE);
  f->next_index = 4;
  fixture_spin (f);
  g_assert_cmpint (f->state, ==, EKA_SESSION_RECORDING);
  fixture_add_chunk (f);
  eka_session_finish (f->session);
  fixture_run (f);
  assert_completed (f, "4", 0);
}

/* Get Session is where the only upload_url is from. */
static void
test_the_upload_url_is_regained (Fixture      *f,
                                 gconstpointer data)
{
  put_tried (f, 1);
  know (f, 0, FALSE);
  show (f, 202, OPEN ",\"audio_files\":[],\"upload_url\":"
                     "\"https://scribe.test/put/here\"");
  go_on (f, EKA_UPLOAD_CHUNKED, TRUE, FALSE);
  assert_completed (f, "0", 0);
  g_assert_cmpstr (eka_liar_nth (f->liar, EKA_CALL_UPLOAD, 0)->uri, ==,
                   "https://scribe.test/put/here/audio_0.wav");
}

/* --- gone --------------------------------------------------------------- */

static const struct
{
  const gchar *name;
  guint status;
  const gchar *members;
  guint times;
} gone[] = {
  { "404-twice", 404, "\"error\":{\"code\":\"session_not_found\"}", 2 },
  { "410", 410, "\"status\":\"expired\"", 1 },
  { "expired", 200, "\"status\":\"expired\"", 1 },
  { "cancelled", 200, "\"status\":\"cancelled\",\"audio_files\":"
    "[\"audio_0.wav\",\"audio_1.wav\",\"audio_2.wav\"]", 1 },
  { "ended-with-less", 202, "\"status\":\"processing\",\"audio_files\":"
    "[\"audio_0.wav\",\"audio_2.wav\"]", 1 },
  { "ended-with-fewer", 202,
    "\"status\":\"processing\",\"audio_files_received\":2", 1 },
  { "ended-with-nothing", 202, "\"status\":\"processing\",\"audio_files\":[]",
    1 },
  { "ended-by-whom", 202, "\"status\":\"processing\"", 1 },
  { "completed-of-less", 200,
    "\"status\":\"completed\",\"audio_files_processed\":2", 1 },
  { "failed-with-less", 200,
    "\"status\":\"failed\",\"audio_files_received\":1", 1 },
};

static void
test_gone (Fixture      *f,
           gconstpointer data)
{
  const guint i = GPOINTER_TO_UINT (data);
  guint k;

  put_tried (f, 3);
  know (f, 0, FALSE);
  for (k = 0; k < gone[i].times; k++)
    show (f, gone[i].status, gone[i].members);
  go_on (f, EKA_UPLOAD_CHUNKED, TRUE, FALSE);
  assert_replaced (f, "012");
  g_assert_error (f->warning, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_GONE);
}

static void
test_404_once_is_not_believed (Fixture      *f,
                               gconstpointer data)
{
  put_tried (f, 2);
  know (f, 1, FALSE);
  show (f, 404, "\"error\":{\"code\":\"session_not_found\"}");
  go_on (f, EKA_UPLOAD_CHUNKED, TRUE, FALSE);
  assert_completed (f, "1", 0);
}

/* No other session can be had. */
static void
test_expired_in_the_end (Fixture      *f,
                         gconstpointer data)
{
  EkaOutboxStats left;

  f->settings->retry_time = 0;
  put_tried (f, 2);
  know (f, 0, FALSE);
  show (f, 410, "\"status\":\"expired\"");
  go_on (f, EKA_UPLOAD_CHUNKED, TRUE, FALSE);
  g_assert_error (f->error, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_GONE);
  g_assert_cmpint (f->state, ==, EKA_SESSION_EXPIRED);
  eka_outbox_get_stats (f->outbox, &left);
  g_assert_cmpuint (left.chunks, ==, 2);
}

/* --- ended before ------------------------------------------------------- */

static void
test_ended_with_everything (Fixture      *f,
                            gconstpointer data)
{
  put_tried (f, 3);
  know (f, 3, TRUE);
  show (f, 202, "\"status\":\"processing\",\"audio_files\":"
                "[\"audio_0.wav\",\"audio_1.wav\",\"audio_2.wav\"]");
  go_on (f, EKA_UPLOAD_CHUNKED, TRUE, FALSE);
  assert_completed (f, "", 0);
  g_assert_cmpuint (eka_liar_count (f->liar, EKA_CALL_END), ==, 0);
  g_assert_cmpuint (fixture_count (f, "warning"), ==, 0);
  g_assert_cmpint (f->audit, ==, EKA_AUDIT_COMPLETE);
}

static void
test_completed_with_everything (Fixture      *f,
                                gconstpointer data)
{
  put_tried (f, 3);
  know (f, 3, TRUE);
  go_on (f, EKA_UPLOAD_CHUNKED, TRUE, FALSE);
  assert_completed (f, "", 0);
}

/* What is there already lets the audio go, whoever waits. */
static void
test_completed_and_nobody_waits (Fixture      *f,
                                 gconstpointer data)
{
  f->settings->wait_for_results = FALSE;
  put_tried (f, 3);
  know (f, 3, TRUE);
  go_on (f, EKA_UPLOAD_CHUNKED, TRUE, FALSE);
  assert_completed (f, "", 0);
}

static void
test_ended_and_nobody_waits (Fixture      *f,
                             gconstpointer data)
{
  EkaOutboxStats left;

  f->settings->wait_for_results = FALSE;
  put_tried (f, 2);
  know (f, 2, TRUE);
  show (f, 202, "\"status\":\"processing\",\"audio_files_received\":2");
  go_on (f, EKA_UPLOAD_CHUNKED, TRUE, FALSE);
  g_assert_no_error (f->error);
  g_assert_cmpint (f->state, ==, EKA_SESSION_PROCESSING);
  assert_uploads (f, "");
  eka_outbox_get_stats (f->outbox, &left);
  g_assert_cmpuint (left.held, ==, 0);
}

/* We ended it, and had the acknowledgement of everything by then. */
static void
test_ended_by_us_needs_no_list (Fixture      *f,
                                gconstpointer data)
{
  put_tried (f, 3);
  know (f, 3, TRUE);
  show (f, 202, "\"status\":\"processing\"");
  go_on (f, EKA_UPLOAD_CHUNKED, TRUE, TRUE);
  assert_completed (f, "", 0);
  g_assert_cmpint (f->audit, ==, EKA_AUDIT_ABSENT);
}

static void
test_results_that_never_come_end_in_time (Fixture      *f,
                                          gconstpointer data)
{
  EkaOutboxStats left;
  guint i;

  f->settings->result_timeout = 5 * G_TIME_SPAN_SECOND;
  put_tried (f, 1);
  know (f, 1, TRUE);
  for (i = 0; i < 20; i++)
    show (f, 202, "\"status\":\"processing\",\"audio_files_received\":1");
  go_on (f, EKA_UPLOAD_CHUNKED, TRUE, TRUE);
  g_assert_error (f->error, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_TIMEOUT);
  eka_outbox_get_stats (f->outbox, &left);
  g_assert_cmpuint (left.held, ==, 1);
}

/* Nothing comes of the session: another one gets all, once. */
static void
test_failed_on_the_service (Fixture      *f,
                            gconstpointer data)
{
  guint i;

  f->settings->settle_time = 0;
  put_tried (f, 2);
  know (f, 2, TRUE);
  for (i = 0; i < 2; i++)
    show (f, 200, "\"session_id\":\"" OURS "\",\"status\":\"failed\"");
  go_on (f, EKA_UPLOAD_CHUNKED, TRUE, TRUE);
  assert_replaced (f, "01");
}

static void
test_fails_once_more (Fixture      *f,
                      gconstpointer data)
{
  EkaOutboxStats left;
  guint i;

  f->settings->settle_time = 0;
  put_tried (f, 2);
  know (f, 2, TRUE);
  for (i = 0; i < 4; i++)
    show (f, 200, "\"status\":\"failed\"");
  go_on (f, EKA_UPLOAD_CHUNKED, TRUE, TRUE);
  g_assert_error (f->error, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_FAILED);
  g_assert_nonnull (strstr (f->error->message, "(failed)"));
  g_assert_cmpuint (eka_liar_count (f->liar, EKA_CALL_CREATE), ==, 1);
  eka_outbox_get_stats (f->outbox, &left);
  g_assert_cmpuint (left.held, ==, 2);
}

/* --- Create, again ------------------------------------------------------ */

static void
test_never_created (Fixture      *f,
                    gconstpointer data)
{
  put_tried (f, 2);
  go_on (f, EKA_UPLOAD_CHUNKED, FALSE, FALSE);
  assert_completed (f, "01", 1);
  g_assert_cmpstr (f->session_id, ==, OURS);
}

static const struct
{
  const gchar *name;
  guint status;
  guint create;
  const gchar *members;
  const gchar *uploads;
} created[] = {
  { "ours-without-audio", 202, 409, OPEN ",\"audio_files\":[]", "01" },
  { "ours-after-400", 202, 400, OPEN ",\"audio_files\":[]", "01" },
  { "ours-with-audio", 202, 409, OPEN ",\"audio_files\":[\"audio_0.wav\"]",
    "1" },
  { "ours-with-a-count", 202, 409, OPEN ",\"audio_files_received\":2", "01" },
};

static void
test_created_after_all (Fixture      *f,
                        gconstpointer data)
{
  const guint i = GPOINTER_TO_UINT (data);

  put_tried (f, 2);
  f->liar->any_get = TRUE;
  eka_liar_push (f->liar, EKA_CALL_CREATE, created[i].create,
                 "{\"error\":{\"code\":\"txn_already_initialized\"}}");
  if (created[i].create != 409)
    f->liar->session_id = g_strdup (OURS);
  if (created[i].uploads[0] == '1')
    know (f, 0, FALSE);
  show (f, created[i].status, created[i].members);
  go_on (f, EKA_UPLOAD_CHUNKED, FALSE, FALSE);
  g_assert_no_error (f->error);
  g_assert_cmpstr (f->session_id, ==, OURS);
  assert_uploads (f, created[i].uploads);
  g_assert_cmpuint (eka_liar_count (f->liar, EKA_CALL_CREATE), ==, 1);
}

/* A file that is none of ours: first bytes win, so that ours would be lost. */
static void
test_the_id_of_somebody_else (Fixture      *f,
                              gconstpointer data)
{
  put_tried (f, 2);
  f->liar->any_get = TRUE;
  eka_liar_push (f->liar, EKA_CALL_CREATE, 409,
                 "{\"error\":{\"code\":\"txn_already_initialized\"}}");
  show (f, 202, OPEN ",\"audio_files\":[\"audio_0.wav\",\"audio_7.wav\"]");
  go_on (f, EKA_UPLOAD_CHUNKED, FALSE, FALSE);
  assert_completed (f, "01", 2);
  g_assert_cmpstr (f->session_id, !=, OURS);
}

static void
test_ended_though_not_known_to_be_made (Fixture      *f,
                                        gconstpointer data)
{
  put_tried (f, 2);
  f->liar->any_get = TRUE;
  eka_liar_push (f->liar, EKA_CALL_CREATE, 409,
                 "{\"error\":{\"code\":\"txn_already_initialized\"}}");
  show (f, 200, "\"status\":\"completed\",\"audio_files_processed\":2");
  show (f, 200, "\"status\":\"completed\",\"audio_files_processed\":2");
  go_on (f, EKA_UPLOAD_CHUNKED, FALSE, FALSE);
  assert_completed (f, "", 1);
  g_assert_cmpstr (f->session_id, ==, OURS);
}

/* --- one file ----------------------------------------------------------- */

static const gchar single_discovery[] =
    "{\"protocol\":\"medscribealliance\",\"supported_versions\":[\"0.1\"],"
    "\"capabilities\":{\"audio_formats\":[\"audio/wav\"],"
    "\"upload_methods\":[\"single\",\"chunked\"]}}";

static const struct
{
  const gchar *name;
  gboolean created;
  guint status;
  const gchar *members;
  const gchar *uploads;
  guint creates;
} singles[] = {
  { "not-there", TRUE, 202, OPEN ",\"audio_files\":[]", "0", 0 },
  { "there", TRUE, 202, OPEN ",\"audio_files\":[\"all.wav\"]", "", 0 },
  { "ended", TRUE, 202, "\"status\":\"processing\",\"audio_files\":"
    "[\"all.wav\"]", "", 0 },
  { "completed", TRUE, 200, "\"status\":\"completed\","
    "\"audio_files_processed\":1", "", 0 },
  { "ended-without", TRUE, 202, "\"status\":\"processing\","
    "\"audio_files\":[]", "0", 1 },
};

/* Said twice where a service appends a second file to the first one. */
static void
test_single (Fixture      *f,
             gconstpointer data)
{
  const guint i = GPOINTER_TO_UINT (data);

  eka_liar_push (f->liar, EKA_CALL_DISCOVER, 200, single_discovery);
  put_tried (f, 1);
  know (f, singles[i].uploads[0] == '0' ? 0 : 1, singles[i].status == 200 ||
                                                     i == 2);
  show (f, singles[i].status, singles[i].members);
  go_on (f, EKA_UPLOAD_SINGLE, singles[i].created, FALSE);
  assert_completed (f, singles[i].uploads, singles[i].creates);
}

/* --- a stream ----------------------------------------------------------- */

static void
test_a_broken_stream_begins_anew_in_chunks (Fixture      *f,
                                            gconstpointer data)
{
  g_autoptr (JsonObject) body = NULL;

  put_tried (f, 2);
  know (f, 0, FALSE);
  go_on (f, EKA_UPLOAD_STREAM, TRUE, FALSE);
  assert_replaced (f, "01");
  body = eka_json_parse_bytes (
      eka_liar_nth (f->liar, EKA_CALL_CREATE, 0)->body, NULL);
  g_assert_cmpstr (eka_json_get_string (body, "upload_type"), ==, "chunked");
  g_assert_cmpuint (eka_liar_count (f->liar, EKA_CALL_PATCH), ==, 1);
  g_assert_nonnull (strstr (eka_liar_nth (f->liar, EKA_CALL_PATCH, 0)->uri,
                            OURS));
}

static void
test_a_stream_that_never_was_begins_anew (Fixture      *f,
                                          gconstpointer data)
{
  put_tried (f, 2);
  go_on (f, EKA_UPLOAD_STREAM, FALSE, FALSE);
  assert_completed (f, "01", 1);
  g_assert_cmpuint (eka_liar_count (f->liar, EKA_CALL_PATCH), ==, 0);
}

/* Its chunks were never sent as files: counts tell nothing of them. */
static void
test_a_stream_that_was_ended (Fixture      *f,
                              gconstpointer data)
{
  put_tried (f, 3);
  know (f, 0, TRUE);
  show (f, 202, "\"status\":\"processing\",\"audio_files_received\":0");
  go_on (f, EKA_UPLOAD_STREAM, TRUE, TRUE);
  assert_completed (f, "", 0);
  g_assert_cmpuint (fixture_count (f, "warning"), ==, 0);
}

/* --- a service that has no answer --------------------------------------- */

static void
test_the_question_is_repeated (Fixture      *f,
                               gconstpointer data)
{
  put_tried (f, 2);
  know (f, 1, FALSE);
  show (f, 503, "\"error\":{\"code\":\"service_unavailable\"}");
  eka_liar_push_error (f->liar, EKA_CALL_GET,
                       g_error_new_literal (EKA_SCRIBE_ERROR,
                                            EKA_SCRIBE_ERROR_NETWORK, "gone"));
  eka_liar_push (f->liar, EKA_CALL_GET, 200, "<html>");
  show (f, 200, "\"session_id\":\"ses_of_someone_else\"");
  go_on (f, EKA_UPLOAD_CHUNKED, TRUE, FALSE);
  assert_completed (f, "1", 0);
}

static const guint refusals[] = { 400, 401, 403, 422 };

static void
test_refused (Fixture      *f,
              gconstpointer data)
{
  EkaOutboxStats left;
  guint i;

  put_tried (f, 2);
  know (f, 1, FALSE);
  for (i = 0; i < 20; i++)
    show (f, GPOINTER_TO_UINT (data), "\"error\":{\"code\":\"no\"}");
  go_on (f, EKA_UPLOAD_CHUNKED, TRUE, FALSE);
  g_assert_nonnull (f->error);
  g_assert_cmpint (f->state, ==, EKA_SESSION_FAILED);
  eka_outbox_get_stats (f->outbox, &left);
  g_assert_cmpuint (left.chunks, ==, 2);
  g_assert_cmpuint (eka_liar_count (f->liar, EKA_CALL_UPLOAD), ==, 0);
}

static void
test_dropped_while_it_looks (Fixture      *f,
                             gconstpointer data)
{
  put_tried (f, 2);
  know (f, 1, FALSE);
  eka_liar_push_stall (f->liar, EKA_CALL_GET);
  begin (f, EKA_UPLOAD_CHUNKED, TRUE, FALSE);
  fixture_spin (f);
  g_assert_cmpint (f->state, ==, EKA_SESSION_CREATING);
  eka_session_abort (f->session);
  fixture_spin (f);
  g_assert_cmpuint (eka_liar_count (f->liar, EKA_CALL_PATCH), ==, 0);
}

static void
test_discarded_while_it_looks (Fixture      *f,
                               gconstpointer data)
{
  put_tried (f, 2);
  know (f, 1, FALSE);
  eka_liar_push_stall (f->liar, EKA_CALL_GET);
  begin (f, EKA_UPLOAD_CHUNKED, TRUE, FALSE);
  fixture_spin (f);
  eka_session_discard (f->session);
  fixture_run (f);
  g_assert_cmpint (f->state, ==, EKA_SESSION_DISCARDED);
  g_assert_cmpuint (eka_liar_count (f->liar, EKA_CALL_PATCH), ==, 1);
}

#define add_cases(prefix, table, func)                                        \
  for (i = 0; i < G_N_ELEMENTS (table); i++)                                  \
    {                                                                         \
      g_autofree gchar *path = g_strconcat (prefix, table[i].name, NULL);     \
                                                                              \
      g_test_add (path, Fixture, GUINT_TO_POINTER (i), fixture_set_up, func,  \
                  fixture_tear_down);                                         \
    }

int
main (int    argc,
      char **argv)
{
  guint i;

  g_test_init (&argc, &argv, NULL);
  add_test ("/resume/what-is-missing-is-sent", test_what_is_missing_is_sent);
  add_test ("/resume/nothing-is-sent-where-all-is-there",
            test_nothing_is_sent_where_all_is_there);
  add_test ("/resume/without-a-list-all-is-sent",
            test_without_a_list_all_is_sent);
  add_test ("/resume/names-of-any-kind-are-read",
            test_names_of_any_kind_are_read);
  add_test ("/resume/numbers-that-are-taken-are-left",
            test_numbers_that_are_taken_are_left);
  add_test ("/resume/the-upload-url-is-regained",
            test_the_upload_url_is_regained);
  add_cases ("/resume/gone/", gone, test_gone);
  add_test ("/resume/404-once-is-not-believed", test_404_once_is_not_believed);
  add_test ("/resume/expired-in-the-end", test_expired_in_the_end);
  add_test ("/resume/ended-with-everything", test_ended_with_everything);
  add_test ("/resume/completed-with-everything",
            test_completed_with_everything);
  add_test ("/resume/completed-and-nobody-waits",
            test_completed_and_nobody_waits);
  add_test ("/resume/ended-and-nobody-waits", test_ended_and_nobody_waits);
  add_test ("/resume/ended-by-us-needs-no-list",
            test_ended_by_us_needs_no_list);
  add_test ("/resume/results-that-never-come-end-in-time",
            test_results_that_never_come_end_in_time);
  add_test ("/resume/failed-on-the-service", test_failed_on_the_service);
  add_test ("/resume/fails-once-more", test_fails_once_more);
  add_test ("/resume/never-created", test_never_created);
  add_cases ("/resume/created/", created, test_created_after_all);
  add_test ("/resume/the-id-of-somebody-else", test_the_id_of_somebody_else);
  add_test ("/resume/ended-though-not-known-to-be-made",
            test_ended_though_not_known_to_be_made);
  add_cases ("/resume/single/", singles, test_single);
  add_test ("/resume/a-broken-stream-begins-anew-in-chunks",
            test_a_broken_stream_begins_anew_in_chunks);
  add_test ("/resume/a-stream-that-never-was-begins-anew",
            test_a_stream_that_never_was_begins_anew);
  add_test ("/resume/a-stream-that-was-ended", test_a_stream_that_was_ended);
  add_test ("/resume/the-question-is-repeated", test_the_question_is_repeated);
  for (i = 0; i < G_N_ELEMENTS (refusals); i++)
    {
      g_autofree gchar *path = g_strdup_printf ("/resume/refused/%u",
                                                refusals[i]);

      g_test_add (path, Fixture, GUINT_TO_POINTER (refusals[i]),
                  fixture_set_up, test_refused, fixture_tear_down);
    }
  add_test ("/resume/dropped-while-it-looks", test_dropped_while_it_looks);
  add_test ("/resume/discarded-while-it-looks", test_discarded_while_it_looks);
  return g_test_run ();
}
