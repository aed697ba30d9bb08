/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "fixture.h"

#include <gio/gio.h>
#include <string.h>

#include "scribe/session.h"

#define ELEMENT "ekascribesink name=s max-chunk-duration=1000000000"
#define FIRST "ses_of_the_first_part"

static void
push_opus (GstPad *pad,
           guint   seconds)
{
  guint i;

  for (i = 0; i < seconds * 50; i++)
    g_assert_cmpint (fixture_push_opus (pad, i * 20 * GST_MSECOND, 1), ==,
                     GST_FLOW_OK);
}

static void
accept_upload (Fixture     *f,
               const gchar *name)
{
  g_autofree gchar *body = g_strdup_printf (
      "{\"success\":true,\"original_filename\":\"%s\"}", name);

  eka_liar_push (f->liar, EKA_CALL_UPLOAD, 200, body);
}

static void
refuse_upload (Fixture     *f,
               guint        status,
               const gchar *code)
{
  g_autofree gchar *body = g_strdup_printf (
      "{\"error\":{\"code\":\"%s\",\"message\":\"Not this\"}}", code);

  eka_liar_push (f->liar, EKA_CALL_UPLOAD, status, body);
}

/* Samples of all uploads of WAV but for the first @from uploads. */
static gsize
count_samples (Fixture *f,
               guint    from)
{
  gsize size = 0;
  guint i;

  for (i = from; i < fixture_count_calls (f, EKA_CALL_UPLOAD); i++)
    size += g_bytes_get_size (fixture_get_upload (f, i, "audio/wav")) - 44;
  return size / 2;
}

/* The text of the nth WARNING. Returns: (transfer full) */
static gchar *
get_warning (Fixture *f,
             guint    nth)
{
  guint i;

  for (i = 0; i < f->messages->len; i++) {
    GstMessage *message = g_ptr_array_index (f->messages, i);
    g_autoptr (GError) error = NULL;

    if (GST_MESSAGE_TYPE (message) != GST_MESSAGE_WARNING || nth-- > 0)
      continue;
    gst_message_parse_warning (message, &error, NULL);
    return g_strdup (error->message);
  }
  g_error ("no such warning");
}

static void
assert_warning (Fixture     *f,
                guint        nth,
                const gchar *text)
{
  g_autofree gchar *found = get_warning (f, nth);

  if (strstr (found, text) == NULL)
    g_error ("\"%s\" does not say \"%s\"", found, text);
}

/* What started has ended, and nothing else has. */
static void
assert_progress_paired (Fixture *f)
{
  gint running = 0;
  guint i;

  for (i = 0; i < f->messages->len; i++) {
    GstMessage *message = g_ptr_array_index (f->messages, i);
    GstProgressType type;

    if (GST_MESSAGE_TYPE (message) != GST_MESSAGE_PROGRESS)
      continue;
    gst_message_parse_progress (message, &type, NULL, NULL);
    running += type == GST_PROGRESS_TYPE_START;
    running -= type == GST_PROGRESS_TYPE_COMPLETE ||
               type == GST_PROGRESS_TYPE_CANCELED ||
               type == GST_PROGRESS_TYPE_ERROR;
    g_assert_cmpint (running, >=, 0);
  }
  g_assert_cmpint (running, ==, 0);
}

/* --- a session that is lost ----------------------------------------------- */

static void
test_lost_session (Fixture      *f,
                   gconstpointer data)
{
  const GstStructure *result, *session;
  const gchar *id;
  EkaRequest *create;
  GstPad *pad;
  guint i;

  f->liar->any_get = TRUE;
  accept_upload (f, "audio_0.wav");
  refuse_upload (f, 404, "session_not_found");
  eka_liar_push (f->liar, EKA_CALL_GET, 404, "{}");
  fixture_launch (f, ELEMENT " session-id=" FIRST);
  pad = fixture_start_push (f, PCM);
  fixture_push_seconds (pad, 0, 3);
  fixture_finish (f, pad, GST_MESSAGE_EOS);

  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_CREATE), ==, 2);
  g_assert_cmpuint (count_samples (f, 2), ==, 3 * 16000);
  result = fixture_find (f, "ekascribe-result");
  id = gst_structure_get_string (result, "session-id");
  g_assert_cmpstr (id, !=, FIRST);
  for (i = 0; (session = fixture_find_nth (f, "ekascribe-session", i)) != NULL;
       i++) {
    gboolean second =
        g_str_equal (gst_structure_get_string (session, "session-id"), id);

    g_assert_cmpstr (gst_structure_get_string (session, "previous-session-id"),
                     ==, second ? FIRST : NULL);
  }
  create = eka_liar_nth (f->liar, EKA_CALL_CREATE, 1);
  g_assert_nonnull (strstr (g_bytes_get_data (create->body, NULL),
                            "\"replaced_session_id\":\"" FIRST "\""));
  g_assert_cmpuint (fixture_get_stat (f, "sessions-replaced"), ==, 1);
  g_assert_cmpuint (fixture_get_stat (f, "time-lost"), ==, 0);
  g_assert_cmpuint (fixture_get_stat (f, "chunks-uploaded"), ==, 4);
  g_assert_cmpuint (fixture_count_type (f, GST_MESSAGE_WARNING), ==, 1);
  assert_warning (f, 0, id);
  assert_progress_paired (f);
}

/* --- formats -------------------------------------------------------------- */

/* The first chunk was taken, and the second one not: all goes up as WAV. */
static void
test_opus_refused (Fixture      *f,
                   gconstpointer data)
{
  GstPad *pad;

  accept_upload (f, "audio_0.ogg");
  refuse_upload (f, 400, "invalid_audio_format");
  fixture_launch (f, ELEMENT);
  pad = fixture_start_push (f, OPUS);
  push_opus (pad, 5);
  fixture_finish (f, pad, GST_MESSAGE_EOS);
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_CREATE), ==, 2);
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_PATCH), ==, 1);
  g_assert_cmpuint (count_samples (f, 2), ==, 5 * 16000);
  g_assert_cmpuint (fixture_get_stat (f, "time-lost"), ==, 0);
  assert_progress_paired (f);
}

/* --- chunks that are refused ---------------------------------------------- */

static void
refuse_second (Fixture     *f,
               const gchar *line,
               GstMessageType how)
{
  GstPad *pad;
  guint i;

  accept_upload (f, "audio_0.wav");
  for (i = 0; i < 3; i++)
    refuse_upload (f, 422, "unclear_audio");
  fixture_launch (f, line);
  pad = fixture_start_push (f, PCM);
  fixture_push_seconds (pad, 0, 4);
  fixture_finish (f, pad, how);
}

static void
test_skip (Fixture      *f,
           gconstpointer data)
{
  guint i, n;

  refuse_second (f, ELEMENT " on-chunk-error=skip", GST_MESSAGE_EOS);
  n = fixture_count_type (f, GST_MESSAGE_WARNING);
  g_assert_cmpuint (n, >, 0);
  for (i = 0; i + 1 < n; i++) {
    g_autofree gchar *text = get_warning (f, i);

    g_assert_null (strstr (text, "left out"));
  }
  assert_warning (f, n - 1, "1.0 s of audio are left out");
  g_assert_cmpuint (fixture_get_stat (f, "chunks-dropped"), ==, 1);
  g_assert_cmpuint (fixture_get_stat (f, "time-lost"), ==, GST_SECOND);
  g_assert_cmpuint (fixture_get_stat (f, "chunks-uploaded"), ==, 3);
  g_assert_cmpuint (fixture_count (f, "ekascribe-result"), ==, 1);
}

static gsize
count_kept (FakeService *service)
{
  FakeSession *session;
  GHashTableIter sessions, files;
  gpointer value;
  gsize size = 0;

  g_hash_table_iter_init (&sessions, service->sessions);
  while (g_hash_table_iter_next (&sessions, NULL, &value)) {
    session = value;
    g_assert_true (session->ended);
    g_hash_table_iter_init (&files, session->files);
    while (g_hash_table_iter_next (&files, NULL, &value)) {
      g_assert_cmpuint (g_bytes_get_size (value), <=, service->max_bytes);
      size += g_bytes_get_size (value) - 44;
    }
  }
  return size;
}

static void
test_too_large (Fixture      *f,
                gconstpointer data)
{
  GstPad *pad;

  f->service = fake_service_new (1);
  f->service->max_bytes = 20000;
  fixture_launch (f, ELEMENT " model=endless");
  pad = fixture_start_push (f, PCM);
  fixture_push_seconds (pad, 0, 4);
  fixture_finish (f, pad, GST_MESSAGE_EOS);
  g_assert_cmpuint (count_kept (f->service), ==, 4 * 32000);
  g_assert_cmpuint (fixture_get_stat (f, "chunks-uploaded"), ==, 8);
}

static void
test_too_large_opus (Fixture      *f,
                     gconstpointer data)
{
  const GstStructure *chunk;
  GstClockTime sum = 0, duration;
  GstPad *pad;
  guint i;

  refuse_upload (f, 413, "chunk_too_large");
  fixture_launch (f, "ekascribesink name=s");
  pad = fixture_start_push (f, OPUS);
  push_opus (pad, 10);
  fixture_finish (f, pad, GST_MESSAGE_EOS);
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_CREATE), ==, 1);
  for (i = 0; (chunk = fixture_find_nth (f, "ekascribe-chunk", i)) != NULL;
       i++) {
    fixture_get_upload (f, i + 1, "audio/ogg;codecs=opus");
    g_assert_true (gst_structure_get_clock_time (chunk, "duration", &duration));
    sum += duration;
  }
  g_assert_cmpuint (i, ==, 2);
  g_assert_cmpuint (sum, ==, 10 * GST_SECOND);
}

/* Nobody takes the audio of a session that has all it gets; who waits for room
 * is told, and does not wait for ever. */
static void
test_doomed_and_full (Fixture      *f,
                      gconstpointer data)
{
  g_autoptr (GstMessage) error = NULL;
  GstPad *pad;

  eka_liar_push (f->liar, EKA_CALL_CREATE, 201,
                 "{\"session_id\":\"" FIRST "\",\"status\":\"created\","
                 "\"created_at\":\"2026-06-06T14:21:07Z\","
                 "\"expires_at\":\"2026-06-06T14:21:11Z\","
                 "\"upload_url\":\"https://elsewhere.test/\"}");
  fixture_launch (f, ELEMENT " max-size-bytes=100000 session-id=" FIRST);
  pad = fixture_start_push (f, PCM);
  fixture_push_seconds (pad, 0, 3);
  gst_message_unref (fixture_wait_name (f, "ekascribe-session", "draining"));
  g_assert_cmpint (
      fixture_push_pcm (pad, 3 * GST_SECOND, 2 * GST_SECOND), ==,
      GST_FLOW_ERROR);
  error = fixture_wait (f, GST_MESSAGE_ERROR);
  fixture_assert_error (error, GST_RESOURCE_ERROR,
                        GST_RESOURCE_ERROR_NOT_AUTHORIZED, "elsewhere.test");
  g_assert_cmpstr (fixture_get_detail (error, "session-id"), ==, FIRST);
  gst_element_set_state (f->pipeline, GST_STATE_NULL);
  gst_element_release_request_pad (f->sink, pad);
  gst_object_unref (pad);
}

/* --- results -------------------------------------------------------------- */

static void
test_without_results (Fixture      *f,
                      gconstpointer data)
{
  GstPad *pad;
  guint i;

  for (i = 0; i < 2; i++)
    eka_liar_push (f->liar, EKA_CALL_DISCOVER, 200,
                   "{\"models\":[{\"id\":\"lite\","
                   "\"max_session_duration_seconds\":3}]}");
  fixture_launch (f, ELEMENT " wait-for-results=false");
  pad = fixture_start_push (f, PCM);
  gst_message_unref (fixture_wait_name (f, "ekascribe-session", "ready"));
  fixture_push_seconds (pad, 0, 5);
  fixture_finish (f, pad, GST_MESSAGE_EOS);
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_END), ==, 2);
  g_assert_cmpuint (count_samples (f, 0), ==, 5 * 16000);
  g_assert_cmpuint (fixture_count (f, "ekascribe-result"), ==, 0);
  g_assert_cmpuint (fixture_count (f, "ekascribe-transcript"), ==, 0);
  g_assert_cmpuint (fixture_get_stat (f, "bytes-kept"), ==, 0);
  assert_progress_paired (f);
}

/* A result that is not good is not believed at once. */
static void
test_settle (Fixture      *f,
             gconstpointer data)
{
  const GstStructure *result;
  GstPad *pad;

  eka_liar_push (f->liar, EKA_CALL_GET, 200,
                 "{\"session_id\":\"" FIRST "\",\"status\":\"failed\"}");
  fixture_launch (f, ELEMENT " result-settle-time=100000000 session-id=" FIRST);
  pad = fixture_start_push (f, PCM);
  fixture_push_seconds (pad, 0, 1);
  fixture_finish (f, pad, GST_MESSAGE_EOS);
  result = fixture_find (f, "ekascribe-result");
  g_assert_cmpstr (gst_structure_get_string (result, "status"), ==,
                   "completed");
  g_assert_cmpstr (gst_structure_get_string (result, "audio-list"), ==,
                   "complete");
}

/* --- session ids ---------------------------------------------------------- */

/* A stretch without audio does not use the id up. */
static void
test_id_after_silence (Fixture      *f,
                       gconstpointer data)
{
  GstSegment segment;
  GstPad *pad;

  fixture_launch (f, ELEMENT " session-id=" FIRST);
  pad = fixture_start_push (f, PCM);
  g_assert_true (gst_pad_send_event (pad, gst_event_new_eos ()));
  gst_message_unref (fixture_wait (f, GST_MESSAGE_EOS));
  gst_pad_send_event (pad, gst_event_new_flush_start ());
  gst_pad_send_event (pad, gst_event_new_flush_stop (TRUE));
  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_pad_send_event (pad, gst_event_new_segment (&segment));
  fixture_push_seconds (pad, 0, 1);
  fixture_finish (f, pad, GST_MESSAGE_EOS);
  g_assert_cmpstr (gst_structure_get_string (
                       fixture_find (f, "ekascribe-result"), "session-id"),
                   ==, FIRST);
}

/* --- the network ---------------------------------------------------------- */

static gboolean
say_that_network_came (gpointer user_data)
{
  g_signal_emit_by_name (g_network_monitor_get_default (), "network-changed",
                         TRUE);
  return G_SOURCE_CONTINUE;
}

/* Pauses before another try grow to a minute; who hears that the network has
 * come does not wait for that. */
static void
test_network_comes (Fixture      *f,
                    gconstpointer data)
{
  GstPad *pad;
  guint i, timer;

  for (i = 0; i < 8; i++)
    eka_liar_push_error (f->liar, EKA_CALL_CREATE,
                         g_error_new (EKA_SCRIBE_ERROR,
                                      EKA_SCRIBE_ERROR_NETWORK, "Cut off"));
  fixture_launch (f, ELEMENT);
  pad = fixture_start_push (f, PCM);
  fixture_push_seconds (pad, 0, 2);
  timer = g_timeout_add (100, say_that_network_came, NULL);
  fixture_wait_for_stat (f, "chunks-uploaded", 1);
  g_source_remove (timer);
  fixture_finish (f, pad, GST_MESSAGE_EOS);
  g_assert_cmpuint (fixture_count_type (f, GST_MESSAGE_INFO), ==, 1);
}

int
main (int    argc,
      char **argv)
{
  fixture_init (&argc, &argv);

  add_test ("/refusals/lost-session", test_lost_session);
  add_test ("/refusals/opus-refused", test_opus_refused);
  add_test ("/refusals/skip", test_skip);
  add_test ("/refusals/too-large", test_too_large);
  add_test ("/refusals/too-large-opus", test_too_large_opus);
  add_test ("/refusals/doomed-and-full", test_doomed_and_full);
  add_test ("/refusals/without-results", test_without_results);
  add_test ("/refusals/settle", test_settle);
  add_test ("/refusals/id-after-silence", test_id_after_silence);
  add_test ("/refusals/network-comes", test_network_comes);
  return g_test_run ();
}
