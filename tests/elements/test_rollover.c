/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "fixture.h"

#include <glib/gstdio.h>
#include <string.h>

#include "scribe/session.h"

#define FIRST "ses_of_the_first_part"
#define ELEMENT "ekascribesink name=s max-chunk-duration=1000000000"

/* Sessions of 3 s, for all that ask: each session does. */
static void
push_short_sessions (Fixture *f)
{
  guint i;

  for (i = 0; i < 10; i++)
    eka_liar_push (f->liar, EKA_CALL_DISCOVER, 200,
                   "{\"models\":[{\"id\":\"lite\","
                   "\"max_session_duration_seconds\":3},{\"id\":\"pro\","
                   "\"max_session_duration_seconds\":3600}]}");
}

static void
assert_links (Fixture     *f,
              guint        nth,
              const gchar *previous,
              const gchar *first)
{
  g_autofree gchar *body = fixture_get_create (f, nth);
  g_autofree gchar *links = g_strdup_printf (
      "\"part\":%u,\"previous_session_id\":\"%s\",\"first_session_id\":\"%s\"",
      nth + 1, previous, first);

  if (strstr (body, links) == NULL)
    g_error ("\"%s\" does not say \"%s\"", body, links);
}

static gsize
count_uploaded (Fixture *f)
{
  gsize size = 0;
  guint i;

  for (i = 0; i < fixture_count_calls (f, EKA_CALL_UPLOAD); i++)
    size += g_bytes_get_size (fixture_get_upload (f, i, "audio/wav")) - 44;
  return size;
}

/* The result of the part @number, whose results may have come in any order.
 * Returns: (transfer none) (nullable) */
static const GstStructure *
find_result (Fixture *f,
             guint    number)
{
  const GstStructure *structure;
  guint i, part = 0;

  for (i = 0; (structure = fixture_find_nth (f, "ekascribe-result", i)) != NULL;
       i++)
    if (gst_structure_get_uint (structure, "part", &part) && part == number)
      return structure;
  return NULL;
}

/* Returns: (transfer none): the last message with a transcript */
static const GstStructure *
get_combined (Fixture *f)
{
  guint n = fixture_count (f, "ekascribe-transcript");

  g_assert_cmpuint (n, >, 0);
  return fixture_find_nth (f, "ekascribe-transcript", n - 1);
}

static void
assert_combined (Fixture     *f,
                 guint        parts,
                 const gchar *text)
{
  const GstStructure *combined = get_combined (f);
  guint part = 99, n = 0;

  g_assert_true (gst_structure_get_uint (combined, "part", &part));
  g_assert_cmpuint (part, ==, 0);
  g_assert_true (gst_structure_get_uint (combined, "parts", &n));
  g_assert_cmpuint (n, ==, parts);
  g_assert_cmpstr (gst_structure_get_string (combined, "text"), ==, text);
  g_assert_cmpstr (gst_structure_get_string (combined, "session-id"), ==,
                   FIRST);
}

#define TEXT "Patient presents with cough and fever..."

static void
test_limit (Fixture      *f,
            gconstpointer data)
{
  g_autoptr (GstMessage) warning = NULL;
  g_autofree gchar *first = NULL;
  GstPad *pad;

  push_short_sessions (f);
  fixture_launch (f, ELEMENT " session-id=" FIRST);
  pad = fixture_start_push (f, PCM);
  warning = fixture_wait (f, GST_MESSAGE_WARNING);
  fixture_assert_error (warning, GST_RESOURCE_ERROR,
                        GST_RESOURCE_ERROR_SETTINGS, "at most 3 s of audio");
  fixture_assert_error (warning, GST_RESOURCE_ERROR,
                        GST_RESOURCE_ERROR_SETTINGS, "model=pro takes 3600 s");
  fixture_push_seconds (pad, 0, 8);
  fixture_finish (f, pad, GST_MESSAGE_EOS);

  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_CREATE), ==, 3);
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_END), ==, 3);
  g_assert_cmpuint (count_uploaded (f), ==, 8 * 32000);
  first = fixture_get_create (f, 0);
  g_assert_nonnull (strstr (first, FIRST));
  g_assert_null (strstr (first, "additional_data"));
  g_assert_nonnull (find_result (f, 1));
  g_assert_nonnull (find_result (f, 2));
  g_assert_nonnull (find_result (f, 3));
  assert_links (f, 1, FIRST, FIRST);
  assert_links (f, 2,
                gst_structure_get_string (find_result (f, 2), "session-id"),
                FIRST);
  assert_combined (f, 3, TEXT "\n" TEXT "\n" TEXT);
  g_assert_cmpuint (fixture_count_type (f, GST_MESSAGE_WARNING), ==, 1);
}

/* An hour is nothing to be warned of. */
static void
test_no_limit_to_tell (Fixture      *f,
                       gconstpointer data)
{
  GstPad *pad;

  fixture_launch (f, ELEMENT);
  pad = fixture_start_push (f, PCM);
  fixture_push_seconds (pad, 0, 2);
  fixture_finish (f, pad, GST_MESSAGE_EOS);
  g_assert_cmpuint (fixture_count_type (f, GST_MESSAGE_WARNING), ==, 0);
  g_assert_cmpuint (fixture_count (f, "ekascribe-transcript"), ==, 1);
}

/* No session gets a chunk that is longer than the session may be. */
static void
test_long_chunks (Fixture      *f,
                  gconstpointer data)
{
  g_autoptr (GstMessage) end = NULL;
  guint i;

  push_short_sessions (f);
  end = fixture_run (f, "audiotestsrc num-buffers=80 samplesperbuffer=1600 ! "
                        PCM " ! ekascribesink name=s");
  g_assert_cmpint (GST_MESSAGE_TYPE (end), ==, GST_MESSAGE_EOS);
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_CREATE), >=, 3);
  g_assert_cmpuint (count_uploaded (f), ==, 8 * 32000);
  for (i = 0; i < fixture_count_calls (f, EKA_CALL_UPLOAD); i++)
    g_assert_cmpuint (
        g_bytes_get_size (fixture_get_upload (f, i, "audio/wav")), <=,
        3 * 32000 + 44);
}

/* --- files ---------------------------------------------------------------- */

static void
assert_file (Fixture     *f,
             const gchar *name,
             const gchar *text)
{
  g_autofree gchar *path = g_build_filename (f->folder, name, NULL);
  g_autofree gchar *found = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_true (g_file_get_contents (path, &found, NULL, &error));
  g_assert_no_error (error);
  if (text != NULL)
    g_assert_cmpstr (found, ==, text);
}

static guint
count_files (Fixture *f)
{
  g_autoptr (GDir) dir = g_dir_open (f->folder, 0, NULL);
  guint n = 0;

  while (g_dir_read_name (dir) != NULL)
    n++;
  return n;
}

static void
record (Fixture     *f,
        guint        seconds,
        const gchar *transcript,
        const gchar *result)
{
  g_autofree gchar *text = g_build_filename (f->folder, transcript, NULL);
  g_autofree gchar *json = g_build_filename (f->folder, result, NULL);
  GstPad *pad;

  fixture_launch (f, ELEMENT " session-id=" FIRST);
  g_object_set (f->sink, "transcript-location", text, "result-location", json,
                NULL);
  pad = fixture_start_push (f, PCM);
  fixture_push_seconds (pad, 0, seconds);
  fixture_finish (f, pad, GST_MESSAGE_EOS);
}

static void
test_files (Fixture      *f,
            gconstpointer data)
{
  push_short_sessions (f);
  record (f, 5, "note.txt", "note.json");
  assert_file (f, "note.txt", TEXT "\n" TEXT);
  assert_file (f, "note-part1.txt", TEXT);
  assert_file (f, "note-part2.txt", TEXT);
  assert_file (f, "note.json", NULL);
  assert_file (f, "note-2.json", NULL);
  g_assert_cmpuint (count_files (f), ==, 5);
}

static void
test_files_by_id (Fixture      *f,
                  gconstpointer data)
{
  g_autofree gchar *second = NULL;
  g_autofree gchar *json = NULL;

  push_short_sessions (f);
  record (f, 5, "%s.txt", "%s.json");
  second = g_strdup_printf (
      "%s-part2.txt",
      gst_structure_get_string (find_result (f, 2), "session-id"));
  json = g_strdup_printf (
      "%s.json", gst_structure_get_string (find_result (f, 2), "session-id"));
  assert_file (f, FIRST ".txt", TEXT "\n" TEXT);
  assert_file (f, FIRST "-part1.txt", TEXT);
  assert_file (f, second, TEXT);
  assert_file (f, FIRST ".json", NULL);
  assert_file (f, json, NULL);
  g_assert_cmpuint (count_files (f), ==, 5);
}

static void
test_files_of_one (Fixture      *f,
                   gconstpointer data)
{
  push_short_sessions (f);
  record (f, 2, "note.txt", "note.json");
  assert_file (f, "note.txt", TEXT);
  g_assert_cmpuint (count_files (f), ==, 2);
}

/* --- other reasons -------------------------------------------------------- */

/* The session lives for @seconds. */
static void
push_create (Fixture *f,
             guint    seconds)
{
  g_autofree gchar *body = g_strdup_printf (
      "{\"session_id\":\"" FIRST "\",\"status\":\"created\","
      "\"created_at\":\"2026-06-06T14:21:07Z\","
      "\"expires_at\":\"2026-06-06T14:21:%02uZ\","
      "\"upload_url\":\"https://api.eka.care/sessions/" FIRST "/audio\"}",
      7 + seconds);

  eka_liar_push (f->liar, EKA_CALL_CREATE, 201, body);
}

/* Before it expires the next one begins. */
static void
test_age (Fixture      *f,
          gconstpointer data)
{
  g_autoptr (GstMessage) draining = NULL;
  const GstStructure *structure;
  GstPad *pad;

  push_create (f, 4);
  fixture_launch (f, ELEMENT " session-id=" FIRST);
  pad = fixture_start_push (f, PCM);
  fixture_push_seconds (pad, 0, 2);
  draining = fixture_wait_name (f, "ekascribe-session", "draining");
  structure = gst_message_get_structure (draining);
  g_assert_cmpstr (gst_structure_get_string (structure, "session-id"), ==,
                   FIRST);
  fixture_push_seconds (pad, 2, 4);
  fixture_finish (f, pad, GST_MESSAGE_EOS);
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_CREATE), ==, 2);
  assert_links (f, 1, FIRST, FIRST);
  g_assert_cmpuint (count_uploaded (f), ==, 4 * 32000);
  assert_combined (f, 2, TEXT "\n" TEXT);
}

/* The last session ended for its age, and no audio came after: its failure is
 * told at the end all the same. */
static void
test_failure_without_successor (Fixture      *f,
                                gconstpointer data)
{
  g_autoptr (GstMessage) warning = NULL;
  g_autoptr (GstMessage) failed = NULL;
  GstPad *pad;

  push_create (f, 4);
  eka_liar_push (f->liar, EKA_CALL_GET, 200,
                 "{\"session_id\":\"" FIRST "\",\"status\":\"failed\","
                 "\"audio_files_processed\":0}");
  fixture_launch (f, ELEMENT " result-settle-time=0 session-id=" FIRST);
  pad = fixture_start_push (f, PCM);
  fixture_push_seconds (pad, 0, 2);
  warning = fixture_wait (f, GST_MESSAGE_WARNING | GST_MESSAGE_ERROR);
  fixture_assert_error (warning, GST_STREAM_ERROR, GST_STREAM_ERROR_FAILED,
                        "could not process");
  g_assert_cmpint (GST_MESSAGE_TYPE (warning), ==, GST_MESSAGE_WARNING);
  failed = fixture_wait (f, GST_MESSAGE_PROGRESS);
  fixture_finish (f, pad, GST_MESSAGE_ERROR);
}

/* What was cut but has no session yet is lost by NULL, which is told. */
static void
test_stop_between_sessions (Fixture      *f,
                            gconstpointer data)
{
  g_autoptr (GstMessage) draining = NULL;
  g_autoptr (GstMessage) processing = NULL;
  g_autoptr (GstMessage) warning = NULL;
  GstPad *pad;

  push_create (f, 4);
  fixture_launch (f, ELEMENT " session-id=" FIRST);
  pad = fixture_start_push (f, PCM);
  fixture_push_seconds (pad, 0, 2);
  g_assert_cmpint (
      fixture_push_pcm (pad, 2 * GST_SECOND, 500 * GST_MSECOND), ==,
      GST_FLOW_OK);
  draining = fixture_wait_name (f, "ekascribe-session", "draining");
  processing = fixture_wait_name (f, "ekascribe-session", "processing");
  gst_element_set_state (f->pipeline, GST_STATE_READY);
  warning = fixture_wait (f, GST_MESSAGE_ERROR);
  fixture_assert_error (warning, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_WRITE,
                        " s of audio were not delivered");
  gst_element_release_request_pad (f->sink, pad);
  gst_object_unref (pad);
}

static guint
count_kept (gpointer key,
            gpointer value,
            gpointer user_data)
{
  FakeSession *session = value;
  gsize *size = user_data;
  GHashTableIter iter;
  gpointer bytes;

  g_assert_true (session->ended);
  g_hash_table_iter_init (&iter, session->files);
  while (g_hash_table_iter_next (&iter, NULL, &bytes))
    *size += g_bytes_get_size (bytes) - 44;
  return FALSE;
}

/* The service says that it takes no more: what it did not take goes on. */
static void
test_refused_for_length (Fixture      *f,
                         gconstpointer data)
{
  g_autofree gchar *text = NULL;
  gsize size = 0;
  GstPad *pad;

  f->service = fake_service_new (1);
  f->service->max_files = 3;
  fixture_launch (f, ELEMENT " model=endless session-id=" FIRST);
  pad = fixture_start_push (f, PCM);
  fixture_push_seconds (pad, 0, 8);
  fixture_finish (f, pad, GST_MESSAGE_EOS);
  g_assert_cmpuint (g_hash_table_size (f->service->sessions), ==, 3);
  g_hash_table_find (f->service->sessions, (GHRFunc) count_kept, &size);
  g_assert_cmpuint (size, ==, 8 * 32000);
  text = g_strdup_printf (
      "said in " FIRST "\nsaid in %s\nsaid in %s",
      gst_structure_get_string (find_result (f, 2), "session-id"),
      gst_structure_get_string (find_result (f, 3), "session-id"));
  assert_combined (f, 3, text);
  g_assert_cmpuint (fixture_get_stat (f, "time-lost"), ==, 0);
}

/* --- formats -------------------------------------------------------------- */

static void
send_caps (GstPad      *pad,
           const gchar *text)
{
  g_autoptr (GstCaps) caps = gst_caps_from_string (text);

  g_assert_true (gst_pad_send_event (pad, gst_event_new_caps (caps)));
}

#define STEREO                                                                \
  "audio/x-opus,channel-mapping-family=0,channels=2,rate=48000"

/* 0x38 0x01: a pre-skip of 312 samples. */
#define STEREO_WITH_HEAD                                                      \
  STEREO ",streamheader=(buffer)<"                                            \
         "4f707573486561640102380180bb0000000000>"

static void
push_opus (GstPad *pad,
           guint   from,
           guint   to,
           guint   channels)
{
  guint i;

  for (i = from; i < to; i++)
    g_assert_cmpint (fixture_push_opus (pad, i * 20 * GST_MSECOND, channels),
                     ==, GST_FLOW_OK);
}

/* One session has one number of channels, whatever else changes with it. */
static void
test_channels (Fixture      *f,
               gconstpointer data)
{
  g_autoptr (GstMessage) ready = NULL;
  GstPad *pad;

  fixture_launch (f, ELEMENT " session-id=" FIRST);
  pad = fixture_start_push (f, OPUS);
  push_opus (pad, 0, 50, 1);
  send_caps (pad, STEREO);
  send_caps (pad, STEREO_WITH_HEAD);
  push_opus (pad, 50, 100, 2);
  fixture_finish (f, pad, GST_MESSAGE_EOS);
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_CREATE), ==, 2);
  assert_links (f, 1, FIRST, FIRST);
  assert_combined (f, 2, TEXT "\n" TEXT);
}

/* --- failures ------------------------------------------------------------- */

/* What goes wrong with one session while another one records does not end the
 * pipeline, and is not forgotten. */
static void
test_failure_of_one (Fixture      *f,
                     gconstpointer data)
{
  g_autoptr (GstMessage) limit = NULL;
  g_autoptr (GstMessage) warning = NULL;
  GstPad *pad;

  push_short_sessions (f);
  eka_liar_push (f->liar, EKA_CALL_GET, 200,
                 "{\"session_id\":\"" FIRST "\",\"status\":\"failed\","
                 "\"audio_files_processed\":0}");
  fixture_launch (f, ELEMENT " result-settle-time=0 session-id=" FIRST);
  pad = fixture_start_push (f, PCM);
  limit = fixture_wait (f, GST_MESSAGE_WARNING);
  fixture_push_seconds (pad, 0, 5);
  warning = fixture_wait (f, GST_MESSAGE_WARNING | GST_MESSAGE_ERROR);
  g_assert_cmpint (GST_MESSAGE_TYPE (warning), ==, GST_MESSAGE_WARNING);
  fixture_assert_error (warning, GST_STREAM_ERROR, GST_STREAM_ERROR_FAILED,
                        "could not process");
  g_assert_cmpstr (fixture_get_detail (warning, "session-id"), ==, FIRST);
  fixture_push_seconds (pad, 5, 6);
  g_assert_true (gst_pad_send_event (pad, gst_event_new_eos ()));
  g_clear_pointer (&warning, gst_message_unref);
  warning = fixture_wait (f, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  g_assert_cmpint (GST_MESSAGE_TYPE (warning), ==, GST_MESSAGE_ERROR);
  fixture_assert_error (warning, GST_STREAM_ERROR, GST_STREAM_ERROR_FAILED,
                        "could not process");
  g_assert_cmpstr (fixture_get_detail (warning, "session-id"), ==, FIRST);
  g_assert_cmpstr (gst_structure_get_string (find_result (f, 2), "status"), ==,
                   "completed");
  g_assert_cmpuint (count_uploaded (f), ==, 6 * 32000);
  g_assert_nonnull (
      strstr (gst_structure_get_string (get_combined (f), "text"),
              "[part 1: no transcript, session " FIRST "]\n" TEXT));
  gst_element_release_request_pad (f->sink, pad);
  gst_object_unref (pad);
}

/* A session that the service does not open for a later recording, while the
 * first one is being processed, does not end that one; and what comes for it is
 * kept. */
static void
test_refused_second_recording (Fixture      *f,
                               gconstpointer data)
{
  g_autoptr (GstMessage) processing = NULL;
  g_autoptr (GstMessage) warning = NULL;
  GstPad *pad;
  guint i;

  for (i = 0; i < 200; i++)
    eka_liar_push (f->liar, EKA_CALL_GET, 202, "{\"status\":\"processing\"}");
  fixture_launch (f, "ekascribesink name=s session-id=" FIRST);
  pad = fixture_start_push (f, PCM);
  fixture_push_seconds (pad, 0, 1);
  g_assert_true (gst_pad_send_event (pad, gst_event_new_eos ()));
  processing = fixture_wait_name (f, "ekascribe-session", "processing");
  gst_element_release_request_pad (f->sink, pad);
  gst_object_unref (pad);

  eka_liar_push (f->liar, EKA_CALL_CREATE, 422,
                 "{\"error\":{\"code\":\"invalid_request\","
                 "\"message\":\"Not this\"}}");
  pad = fixture_start_push (f, PCM);
  fixture_push_seconds (pad, 0, 1);
  warning = fixture_wait (f, GST_MESSAGE_WARNING | GST_MESSAGE_ERROR);
  g_assert_cmpint (GST_MESSAGE_TYPE (warning), ==, GST_MESSAGE_WARNING);
  fixture_assert_error (warning, GST_RESOURCE_ERROR,
                        GST_RESOURCE_ERROR_SETTINGS, "Not this");
  fixture_push_seconds (pad, 1, 30);
  fixture_finish (f, pad, GST_MESSAGE_ERROR);
  g_assert_nonnull (find_result (f, 1));
  g_assert_cmpuint (fixture_get_stat (f, "time-lost"), ==, 0);
  g_assert_cmpuint (fixture_get_stat (f, "time-unsaved"), ==, 0);
}

int
main (int    argc,
      char **argv)
{
  fixture_init (&argc, &argv);

  add_test ("/rollover/limit-of-the-model", test_limit);
  add_test ("/rollover/an-hour-is-not-told", test_no_limit_to_tell);
  add_test ("/rollover/no-chunk-longer-than-a-session", test_long_chunks);
  add_test ("/rollover/files", test_files);
  add_test ("/rollover/files-by-id", test_files_by_id);
  add_test ("/rollover/files-of-one-session", test_files_of_one);
  add_test ("/rollover/age", test_age);
  add_test ("/rollover/failure-without-successor",
            test_failure_without_successor);
  add_test ("/rollover/stop-between-sessions", test_stop_between_sessions);
  add_test ("/rollover/refused-for-length", test_refused_for_length);
  add_test ("/rollover/channels", test_channels);
  add_test ("/rollover/failure-of-one", test_failure_of_one);
  add_test ("/rollover/refused-second-recording",
            test_refused_second_recording);
  return g_test_run ();
}
