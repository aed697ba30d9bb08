/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "fixture.h"

#include <glib/gstdio.h>
#include <string.h>

#include "gstekascribeprogress.h"

#define SECONDS_2 "audiotestsrc num-buffers=20 samplesperbuffer=1600 ! " PCM " "
#define ELEMENT "ekascribesink name=s"
#define SESSION "ses_of_this_very_test"

static void
assert_eos (GstMessage *message)
{
  g_assert_cmpint (GST_MESSAGE_TYPE (message), ==, GST_MESSAGE_EOS);
}

static void
test_fields (Fixture      *f,
             gconstpointer data)
{
  g_autoptr (GstMessage) end = NULL;
  const GstStructure *s;
  GstClockTime time;
  guint64 size;
  guint number;
  gint count;

  end = fixture_run (f, SECONDS_2 "! " ELEMENT " session-id=" SESSION);
  assert_eos (end);

  s = fixture_find (f, "ekascribe-session");
  g_assert_cmpstr (gst_structure_get_string (s, "session-id"), ==, SESSION);
  g_assert_true (gst_structure_get_uint (s, "part", &number));
  g_assert_cmpuint (number, ==, 1);
  g_assert_true (gst_structure_get_clock_time (s, "running-time", &time));

  s = fixture_find (f, "ekascribe-chunk");
  g_assert_cmpstr (gst_structure_get_string (s, "session-id"), ==, SESSION);
  g_assert_true (gst_structure_get_uint (s, "index", &number));
  g_assert_cmpuint (number, ==, 0);
  g_assert_cmpstr (gst_structure_get_string (s, "name"), ==, "audio_0.wav");
  g_assert_true (gst_structure_get_clock_time (s, "running-time", &time));
  g_assert_cmpuint (time, ==, 0);
  g_assert_true (gst_structure_get_clock_time (s, "duration", &time));
  g_assert_cmpuint (time, ==, 2 * GST_SECOND);
  g_assert_true (gst_structure_get_uint64 (s, "size", &size));
  g_assert_cmpuint (size, ==, 64044);
  g_assert_true (gst_structure_get_uint (s, "attempts", &number));
  g_assert_cmpuint (number, ==, 1);
  g_assert_cmpstr (gst_structure_get_string (s, "state"), ==, "uploaded");

  s = fixture_find (f, "ekascribe-template");
  g_assert_cmpstr (gst_structure_get_string (s, "template-id"), ==,
                   "eka_emr_template");
  g_assert_cmpstr (gst_structure_get_string (s, "document-id"), ==,
                   "doc_abc123");
  g_assert_cmpstr (gst_structure_get_string (s, "status"), ==, "success");
  g_assert_cmpstr (gst_structure_get_string (s, "data"), ==,
                   "{\"chief_complaint\":\"cough\"}");
  g_assert_null (gst_structure_get_string (s, "error-code"));

  s = fixture_find (f, "ekascribe-result");
  g_assert_cmpstr (gst_structure_get_string (s, "session-id"), ==, SESSION);
  g_assert_cmpstr (gst_structure_get_string (s, "status"), ==, "completed");
  g_assert_cmpstr (gst_structure_get_string (s, "model-used"), ==, "lite");
  g_assert_cmpstr (gst_structure_get_string (s, "language-detected"), ==,
                   "en");
  g_assert_cmpstr (gst_structure_get_string (s, "completed-at"), ==,
                   "2026-06-06T14:22:07Z");
  g_assert_true (gst_structure_get_int (s, "audio-files-received", &count));
  g_assert_cmpint (count, ==, 1);
  g_assert_true (gst_structure_get_int (s, "audio-files-processed", &count));
  g_assert_cmpint (count, ==, 1);
  g_assert_nonnull (strstr (gst_structure_get_string (s, "json"), SESSION));
  g_assert_null (strstr (gst_structure_get_string (s, "json"), "upload_url"));
}

static void
test_transcripts (Fixture      *f,
                  gconstpointer data)
{
  g_autoptr (GstMessage) end = NULL;
  const GstStructure *s;
  gboolean final;

  eka_liar_push (f->liar, EKA_CALL_GET, 202,
                 "{\"session_id\":\"" SESSION "\",\"status\":\"processing\","
                 "\"transcript\":\"Patient\"}");
  end = fixture_run (f, SECONDS_2 "! " ELEMENT " session-id=" SESSION);
  assert_eos (end);
  g_assert_cmpuint (fixture_count (f, "ekascribe-transcript"), ==, 2);
  s = fixture_find (f, "ekascribe-transcript");
  g_assert_cmpstr (gst_structure_get_string (s, "text"), ==, "Patient");
  g_assert_true (gst_structure_get_boolean (s, "final", &final));
  g_assert_false (final);
}

/* What has started ends, in order, and nothing ends that has not started. */
static guint
check_progress (Fixture        *f,
                GstProgressType last)
{
  static const gchar *const codes[] = { "open", "upload", "close", "results" };
  gint running = -1;
  gint next = 0;
  guint i;

  for (i = 0; i < f->messages->len; i++) {
    GstMessage *message = g_ptr_array_index (f->messages, i);
    g_autofree gchar *code = NULL;
    g_autofree gchar *text = NULL;
    GstProgressType type;

    if (GST_MESSAGE_TYPE (message) != GST_MESSAGE_PROGRESS)
      continue;
    gst_message_parse_progress (message, &type, &code, &text);
    g_assert_cmpuint (strlen (text), >, 0);
    if (type == GST_PROGRESS_TYPE_START) {
      g_assert_cmpint (running, ==, -1);
      g_assert_cmpstr (code, ==, codes[next]);
      running = next++;
      continue;
    }
    g_assert_cmpint (running, >=, 0);
    g_assert_cmpstr (code, ==, codes[running]);
    if (type == GST_PROGRESS_TYPE_CONTINUE)
      continue;
    g_assert_true (type == GST_PROGRESS_TYPE_COMPLETE || type == last);
    running = -1;
  }
  g_assert_cmpint (running, ==, -1);
  return next;
}

static void
test_progress (Fixture      *f,
               gconstpointer data)
{
  g_autoptr (GstMessage) end = NULL;

  end = fixture_run (f, SECONDS_2 "! " ELEMENT);
  assert_eos (end);
  g_assert_cmpuint (check_progress (f, GST_PROGRESS_TYPE_COMPLETE), ==, 4);
}

static void
test_progress_canceled (Fixture      *f,
                        gconstpointer data)
{
  gboolean closing = FALSE;

  eka_liar_push_stall (f->liar, EKA_CALL_END);
  fixture_launch (f, SECONDS_2 "! " ELEMENT);
  fixture_play (f);
  while (!closing) {
    g_autoptr (GstMessage) message = fixture_wait (f, GST_MESSAGE_PROGRESS);
    g_autofree gchar *code = NULL;

    gst_message_parse_progress (message, NULL, &code, NULL);
    closing = g_str_equal (code, "close");
  }
  gst_element_set_state (f->pipeline, GST_STATE_READY);
  while (TRUE) {
    g_autoptr (GstMessage) more = gst_bus_pop (f->bus);

    if (more == NULL)
      break;
    if (GST_MESSAGE_SRC (more) == GST_OBJECT (f->sink))
      g_ptr_array_add (f->messages, g_steal_pointer (&more));
  }
  g_assert_cmpuint (check_progress (f, GST_PROGRESS_TYPE_CANCELED), ==, 3);
}

static void
assert_progress (GstBus         *bus,
                 GstProgressType type,
                 const gchar    *code)
{
  g_autoptr (GstMessage) message = gst_bus_pop (bus);
  g_autofree gchar *found = NULL;
  GstProgressType found_type;

  g_assert_nonnull (message);
  gst_message_parse_progress (message, &found_type, &found, NULL);
  g_assert_cmpint (found_type, ==, type);
  g_assert_cmpstr (found, ==, code);
}

/* gst-launch would wait for the end of what starts before PLAYING. */
static void
test_progress_held (Fixture      *f,
                    gconstpointer data)
{
  GstElement *element = gst_element_factory_make ("fakesink", NULL);
  g_autoptr (GstBus) bus = gst_bus_new ();
  GstEkascribeProgress progress;

  gst_element_set_bus (element, bus);
  gst_ekascribe_progress_init (&progress);
  gst_ekascribe_progress_enter (&progress, element, EKA_SESSION_CREATING);
  g_assert_false (gst_bus_have_pending (bus));
  gst_ekascribe_progress_set_playing (&progress, element, TRUE);
  assert_progress (bus, GST_PROGRESS_TYPE_START, "open");
  gst_ekascribe_progress_enter (&progress, element, EKA_SESSION_RECORDING);
  assert_progress (bus, GST_PROGRESS_TYPE_COMPLETE, "open");
  assert_progress (bus, GST_PROGRESS_TYPE_START, "upload");
  gst_ekascribe_progress_set_playing (&progress, element, FALSE);
  gst_ekascribe_progress_enter (&progress, element, EKA_SESSION_ENDING);
  assert_progress (bus, GST_PROGRESS_TYPE_COMPLETE, "upload");
  gst_ekascribe_progress_finish (&progress, element,
                                 GST_PROGRESS_TYPE_CANCELED, NULL);
  g_assert_false (gst_bus_have_pending (bus));
  gst_ekascribe_progress_clear (&progress);
  gst_element_set_bus (element, NULL);
  gst_object_unref (element);
}

/* A service that is fast enough opens the session before PLAYING. */
static void
test_progress_passed (Fixture      *f,
                      gconstpointer data)
{
  GstElement *element = gst_element_factory_make ("fakesink", NULL);
  g_autoptr (GstBus) bus = gst_bus_new ();
  GstEkascribeProgress progress;

  gst_element_set_bus (element, bus);
  gst_ekascribe_progress_init (&progress);
  gst_ekascribe_progress_enter (&progress, element, EKA_SESSION_CREATING);
  gst_ekascribe_progress_enter (&progress, element, EKA_SESSION_RECORDING);
  g_assert_false (gst_bus_have_pending (bus));
  gst_ekascribe_progress_set_playing (&progress, element, TRUE);
  assert_progress (bus, GST_PROGRESS_TYPE_START, "open");
  assert_progress (bus, GST_PROGRESS_TYPE_COMPLETE, "open");
  assert_progress (bus, GST_PROGRESS_TYPE_START, "upload");
  g_assert_false (gst_bus_have_pending (bus));
  gst_ekascribe_progress_clear (&progress);
  gst_element_set_bus (element, NULL);
  gst_object_unref (element);
}

/* --- how a run ends ------------------------------------------------------- */

static void
test_partial (Fixture      *f,
              gconstpointer data)
{
  g_autoptr (GstMessage) warning = NULL;
  g_autoptr (GstMessage) end = NULL;

  eka_liar_push (f->liar, EKA_CALL_GET, 206,
                 "{\"session_id\":\"" SESSION "\",\"status\":\"partial\","
                 "\"audio_files_received\":1,\"audio_files_processed\":0,"
                 "\"transcript\":\"Patient\",\"processing_errors\":["
                 "{\"file\":\"audio_0.wav\",\"error\":\"too noisy\"}]}");
  fixture_launch (f, SECONDS_2 "! " ELEMENT " session-id=" SESSION
                     " result-settle-time=0");
  fixture_play (f);
  warning = fixture_wait (f, GST_MESSAGE_WARNING | GST_MESSAGE_EOS);
  g_assert_cmpint (GST_MESSAGE_TYPE (warning), ==, GST_MESSAGE_WARNING);
  fixture_assert_error (warning, GST_STREAM_ERROR, GST_STREAM_ERROR_FAILED,
                        "too noisy");
  g_assert_cmpstr (fixture_get_detail (warning, "session-id"), ==, SESSION);
  g_assert_nonnull (
      strstr (fixture_get_detail (warning, "error-details"), "audio_0.wav"));
  end = fixture_wait (f, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  assert_eos (end);
  g_assert_nonnull (fixture_find (f, "ekascribe-result"));
}

/* The result, then ERROR, then the progress that failed, then EOS. */
static void
test_failed (Fixture      *f,
             gconstpointer data)
{
  g_autoptr (GstMessage) error = NULL;
  g_autoptr (GstMessage) progress = NULL;
  g_autoptr (GstMessage) end = NULL;
  GstProgressType type;

  eka_liar_push (f->liar, EKA_CALL_GET, 200,
                 "{\"session_id\":\"" SESSION "\",\"status\":\"failed\","
                 "\"audio_files_received\":1,\"error\":{\"code\":"
                 "\"audio_quality_poor\",\"message\":\"Nothing was heard\"}}");
  fixture_launch (f, SECONDS_2 "! " ELEMENT " session-id=" SESSION
                     " result-settle-time=0");
  fixture_play (f);
  error = fixture_wait (f, GST_MESSAGE_ERROR | GST_MESSAGE_EOS);
  g_assert_cmpint (GST_MESSAGE_TYPE (error), ==, GST_MESSAGE_ERROR);
  fixture_assert_error (error, GST_STREAM_ERROR, GST_STREAM_ERROR_FAILED,
                        "Nothing was heard");
  g_assert_cmpstr (fixture_get_detail (error, "session-id"), ==, SESSION);
  g_assert_cmpstr (fixture_get_detail (error, "error-code"), ==,
                   "audio_quality_poor");
  g_assert_nonnull (fixture_find (f, "ekascribe-result"));
  progress = fixture_wait (f, GST_MESSAGE_PROGRESS);
  gst_message_parse_progress (progress, &type, NULL, NULL);
  g_assert_cmpint (type, ==, GST_PROGRESS_TYPE_ERROR);
  end = fixture_wait (f, GST_MESSAGE_EOS);
}

typedef struct
{
  const gchar *name;
  EkaCall call;
  guint status;
  const gchar *body;
  gint code; /* of GST_RESOURCE_ERROR */
  const gchar *text;
  const gchar *request;
  const gchar *error_code;
} Refusal;

static const Refusal refusals[] = {
  { "wrong-token", EKA_CALL_CREATE, 401,
    "{\"error\":{\"code\":\"authentication_failed\",\"message\":\"Bad "
    "token\"}}",
    GST_RESOURCE_ERROR_NOT_AUTHORIZED, "Bad token", "create",
    "authentication_failed" },
  { "forbidden", EKA_CALL_CREATE, 403, "{\"detail\":\"Not yours\"}",
    GST_RESOURCE_ERROR_NOT_AUTHORIZED, "Not yours", "create", NULL },
  { "unknown-template", EKA_CALL_CREATE, 400,
    "{\"error\":{\"code\":\"invalid_template\",\"message\":\"No such "
    "template\"}}",
    GST_RESOURCE_ERROR_SETTINGS, "No such template", "create",
    "invalid_template" },
  { "validation", EKA_CALL_CREATE, 422,
    "{\"error\":{\"code\":\"validation\",\"message\":\"Wrong field\"}}",
    GST_RESOURCE_ERROR_SETTINGS, "Wrong field", "create", "validation" },
  { "upload-refused", EKA_CALL_UPLOAD, 400,
    "{\"error\":{\"code\":\"invalid_audio_format\",\"message\":\"Not "
    "audio\"}}",
    GST_RESOURCE_ERROR_WRITE, "Not audio", "upload", "invalid_audio_format" },
  { "session-gone", EKA_CALL_GET, 404,
    "{\"error\":{\"code\":\"session_not_found\",\"message\":\"No such "
    "session\"}}",
    GST_RESOURCE_ERROR_NOT_FOUND, "No such session", "get",
    "session_not_found" },
};

static void
test_refused (Fixture      *f,
              gconstpointer data)
{
  const Refusal *refusal = data;
  g_autoptr (GstMessage) error = NULL;
  const GstStructure *details;
  guint status, i;

  /* A 401 or 403 is tried again while audio comes. */
  for (i = 0; i < 10; i++)
    eka_liar_push (f->liar, refusal->call, refusal->status, refusal->body);
  fixture_launch (f, SECONDS_2 "! " ELEMENT " session-id=" SESSION);
  fixture_play (f);
  error = fixture_wait (f, GST_MESSAGE_ERROR | GST_MESSAGE_EOS);
  g_assert_cmpint (GST_MESSAGE_TYPE (error), ==, GST_MESSAGE_ERROR);
  fixture_assert_error (error, GST_RESOURCE_ERROR, refusal->code,
                        refusal->text);
  gst_message_parse_error_details (error, &details);
  g_assert_true (gst_structure_get_uint (details, "http-status-code",
                                         &status));
  g_assert_cmpuint (status, ==, refusal->status);
  g_assert_cmpstr (fixture_get_detail (error, "request"), ==,
                   refusal->request);
  /* One that is gone was replaced by others. */
  if (refusal->call != EKA_CALL_GET)
    g_assert_cmpstr (fixture_get_detail (error, "session-id"), ==, SESSION);
  g_assert_cmpstr (fixture_get_detail (error, "error-code"), ==,
                   refusal->error_code);
}

/* --- files ---------------------------------------------------------------- */

static gchar *
read_private (Fixture     *f,
              const gchar *name)
{
  g_autofree gchar *path = g_build_filename (f->folder, name, NULL);
  GStatBuf buf;
  gchar *text;

  g_assert_cmpint (g_stat (path, &buf), ==, 0);
  g_assert_cmpint (buf.st_mode & 0777, ==, 0600);
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  return text;
}

static void
run_with_files (Fixture     *f,
                const gchar *result,
                const gchar *transcript)
{
  g_autofree gchar *json = g_build_filename (f->folder, result, NULL);
  g_autofree gchar *text = g_build_filename (f->folder, transcript, NULL);
  g_autoptr (GstMessage) end = NULL;

  fixture_launch (f, SECONDS_2 "! " ELEMENT " session-id=" SESSION);
  g_object_set (f->sink, "result-location", json, "transcript-location", text,
                NULL);
  fixture_play (f);
  end = fixture_wait (f, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  assert_eos (end);
}

static void
test_files (Fixture      *f,
            gconstpointer data)
{
  g_autofree gchar *json = NULL;
  g_autofree gchar *text = NULL;

  run_with_files (f, "%s.json", "notes.txt");
  json = read_private (f, SESSION ".json");
  text = read_private (f, "notes.txt");
  g_assert_cmpstr (json, ==,
                   gst_structure_get_string (
                       fixture_find (f, "ekascribe-result"), "json"));
  g_assert_cmpstr (text, ==, "Patient presents with cough and fever...");
}

static void
test_files_stay (Fixture      *f,
                 gconstpointer data)
{
  g_autofree gchar *path = g_build_filename (f->folder, "notes.txt", NULL);
  g_autofree gchar *old = NULL;
  g_autofree gchar *new = NULL;
  g_autofree gchar *bare = NULL;
  g_autoptr (GDir) dir = NULL;
  guint n = 0;

  g_assert_true (g_file_set_contents (path, "mine", -1, NULL));
  run_with_files (f, "result", "notes.txt");
  g_assert_true (g_file_get_contents (path, &old, NULL, NULL));
  g_assert_cmpstr (old, ==, "mine");
  new = read_private (f, "notes-2.txt");
  g_assert_cmpstr (new, ==, "Patient presents with cough and fever...");
  bare = read_private (f, "result");
  dir = g_dir_open (f->folder, 0, NULL);
  while (g_dir_read_name (dir) != NULL)
    n++;
  g_assert_cmpuint (n, ==, 3);
}

/* A folder that goes away meanwhile is an error, for the file was asked for;
 * the results are on the bus all the same. */
static void
test_files_fail (Fixture      *f,
                 gconstpointer data)
{
  g_autofree gchar *folder = g_build_filename (f->folder, "gone", NULL);
  g_autofree gchar *path = g_build_filename (folder, "notes.txt", NULL);
  g_autoptr (GstMessage) ready = NULL;
  g_autoptr (GstMessage) error = NULL;
  g_autoptr (GstMessage) end = NULL;

  g_assert_cmpint (g_mkdir (folder, 0700), ==, 0);
  fixture_launch (f, SECONDS_2 "! " ELEMENT);
  g_object_set (f->sink, "transcript-location", path, NULL);
  gst_element_set_state (f->pipeline, GST_STATE_PAUSED);
  ready = fixture_wait_name (f, "ekascribe-session", "ready");
  g_assert_cmpint (g_rmdir (folder), ==, 0);
  fixture_play (f);
  error = fixture_wait (f, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  g_assert_cmpint (GST_MESSAGE_TYPE (error), ==, GST_MESSAGE_ERROR);
  fixture_assert_error (error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_WRITE,
                        "gone");
  end = fixture_wait (f, GST_MESSAGE_EOS);
  g_assert_nonnull (fixture_find (f, "ekascribe-result"));
}

static void
test_stats (Fixture      *f,
            gconstpointer data)
{
  g_autoptr (GstMessage) end = NULL;
  g_autoptr (GstStructure) stats = NULL;
  static const gchar *const zeros[] = { "retries", "bytes-waiting",
                                        "time-waiting", "packets-damaged" };
  guint64 number;
  gint state;
  guint i;

  end = fixture_run (f, SECONDS_2 "! " ELEMENT);
  assert_eos (end);
  /* They outlive the run. */
  gst_element_set_state (f->pipeline, GST_STATE_NULL);
  g_object_get (f->sink, "stats", &stats, "state", &state, NULL);
  g_assert_cmpint (state, ==, EKA_SESSION_COMPLETED);
  g_assert_true (gst_structure_get_uint64 (stats, "packets", &number));
  g_assert_cmpuint (number, ==, 20);
  g_assert_true (gst_structure_get_uint64 (stats, "bytes-in", &number));
  g_assert_cmpuint (number, ==, 64000);
  g_assert_true (gst_structure_get_uint64 (stats, "chunks", &number));
  g_assert_cmpuint (number, ==, 1);
  g_assert_true (gst_structure_get_uint64 (stats, "chunks-uploaded", &number));
  g_assert_cmpuint (number, ==, 1);
  g_assert_true (gst_structure_get_uint64 (stats, "bytes-uploaded", &number));
  g_assert_cmpuint (number, ==, 64044);
  g_assert_true (gst_structure_get_clock_time (stats, "audio-duration",
                                               &number));
  g_assert_cmpuint (number, ==, 2 * GST_SECOND);
  for (i = 0; i < G_N_ELEMENTS (zeros); i++) {
    g_assert_true (gst_structure_get_uint64 (stats, zeros[i], &number) ||
                   gst_structure_get_clock_time (stats, zeros[i], &number));
    g_assert_cmpuint (number, ==, 0);
  }
  g_assert_true (gst_structure_has_field (stats, "round-trip"));
}

int
main (int    argc,
      char **argv)
{
  guint i;

  fixture_init (&argc, &argv);

  add_test ("/messages/have-all-fields", test_fields);
  add_test ("/messages/partial-transcripts", test_transcripts);
  add_test ("/messages/progress-in-order", test_progress);
  add_test ("/messages/progress-is-held-until-playing", test_progress_held);
  add_test ("/messages/progress-passed-before-playing-is-told",
            test_progress_passed);
  add_test ("/messages/progress-canceled", test_progress_canceled);
  add_test ("/messages/partial-warns-and-ends-well", test_partial);
  add_test ("/messages/failed-is-an-error", test_failed);
  for (i = 0; i < G_N_ELEMENTS (refusals); i++) {
    g_autofree gchar *path =
        g_strdup_printf ("/messages/refused/%s", refusals[i].name);

    g_test_add (path, Fixture, &refusals[i], fixture_set_up, test_refused,
                fixture_tear_down);
  }
  add_test ("/messages/files-are-private-and-named", test_files);
  add_test ("/messages/files-are-never-overwritten", test_files_stay);
  add_test ("/messages/file-that-fails-is-told", test_files_fail);
  add_test ("/messages/stats-add-up", test_stats);
  return g_test_run ();
}
