/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "fixture.h"

#include <string.h>

#include "scribe/session.h"

#define ELEMENT "ekascribesink name=s max-chunk-duration=1000000000"
#define FIRST "ses_of_the_first_part"

static void
discard (Fixture *f)
{
  g_signal_emit_by_name (f->sink, "discard");
}

/* @pad: (transfer full) */
static void
finish (Fixture *f,
        GstPad  *pad)
{
  g_autoptr (GstMessage) end = NULL;

  g_assert_true (gst_pad_send_event (pad, gst_event_new_eos ()));
  end = fixture_wait (f, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  g_assert_cmpint (GST_MESSAGE_TYPE (end), ==, GST_MESSAGE_EOS);
  gst_element_release_request_pad (f->sink, pad);
  gst_object_unref (pad);
}

static void
wait_for_state (Fixture     *f,
                const gchar *state)
{
  gst_message_unref (fixture_wait_name (f, "ekascribe-session", state));
}

/* Nothing of the recording came to anything. */
static void
assert_discarded (Fixture *f,
                  guint    cancelled)
{
  EkaRequest *request;
  guint i;

  g_assert_cmpuint (fixture_count (f, "ekascribe-result"), ==, 0);
  g_assert_cmpuint (fixture_count (f, "ekascribe-transcript"), ==, 0);
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_PATCH), ==, cancelled);
  g_assert_cmpuint (fixture_get_stat (f, "bytes-kept"), ==, 0);
  for (i = 0; i < cancelled; i++) {
    request = eka_liar_nth (f->liar, EKA_CALL_PATCH, i);
    g_assert_nonnull (strstr (g_bytes_get_data (request->body, NULL),
                              "cancelled"));
  }
}

/* Another recording after all that, with results. */
static void
assert_next_works (Fixture *f)
{
  GstPad *pad = fixture_start_push (f, PCM);
  guint before = fixture_count_calls (f, EKA_CALL_CREATE);

  fixture_push_seconds (pad, 0, 2);
  finish (f, pad);
  g_assert_cmpuint (fixture_count (f, "ekascribe-result"), ==, 1);
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_CREATE), ==, before + 1);
}

/* --- in each state -------------------------------------------------------- */

static void
test_before_audio (Fixture      *f,
                   gconstpointer data)
{
  GstPad *pad;

  fixture_launch (f, ELEMENT);
  pad = fixture_start_push (f, PCM);
  discard (f);
  fixture_push_seconds (pad, 0, 3);
  finish (f, pad);
  assert_discarded (f, 0);
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_CREATE), ==, 0);
  g_assert_cmpuint (fixture_count_type (f, GST_MESSAGE_WARNING), ==, 0);
  assert_next_works (f);
}

static void
test_recording (Fixture      *f,
                gconstpointer data)
{
  guint uploads;
  GstPad *pad;

  fixture_launch (f, ELEMENT);
  pad = fixture_start_push (f, PCM);
  fixture_push_seconds (pad, 0, 3);
  gst_message_unref (fixture_wait_name (f, "ekascribe-chunk", NULL));
  discard (f);
  wait_for_state (f, "discarded");
  uploads = fixture_count_calls (f, EKA_CALL_UPLOAD);
  fixture_push_seconds (pad, 3, 9);
  finish (f, pad);
  assert_discarded (f, 1);
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_UPLOAD), ==, uploads);
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_CREATE), ==, 1);
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_END), ==, 0);
  assert_next_works (f);
}

/* All sessions of a recording go. */
static void
test_recording_of_several (Fixture      *f,
                           gconstpointer data)
{
  GstPad *pad;
  guint i;

  for (i = 0; i < 4; i++)
    eka_liar_push (f->liar, EKA_CALL_DISCOVER, 200,
                   "{\"models\":[{\"id\":\"lite\","
                   "\"max_session_duration_seconds\":2}]}");
  eka_liar_push_stall (f->liar, EKA_CALL_UPLOAD);
  eka_liar_push_stall (f->liar, EKA_CALL_UPLOAD);
  fixture_launch (f, ELEMENT);
  pad = fixture_start_push (f, PCM);
  fixture_wait_for_stat (f, "packets", 0);
  wait_for_state (f, "ready");
  fixture_push_seconds (pad, 0, 5);
  fixture_wait_for_stat (f, "bytes-waiting", 4 * 32000);
  wait_for_state (f, "recording");
  wait_for_state (f, "recording");
  discard (f);
  finish (f, pad);
  assert_discarded (f, 2);
  assert_next_works (f);
}

static void
test_draining (Fixture      *f,
               gconstpointer data)
{
  GstPad *pad;

  eka_liar_push_stall (f->liar, EKA_CALL_UPLOAD);
  fixture_launch (f, ELEMENT);
  pad = fixture_start_push (f, PCM);
  fixture_push_seconds (pad, 0, 3);
  g_assert_true (gst_pad_send_event (pad, gst_event_new_eos ()));
  wait_for_state (f, "draining");
  discard (f);
  gst_message_unref (fixture_wait (f, GST_MESSAGE_EOS));
  assert_discarded (f, 1);
  g_assert_cmpuint (fixture_count_type (f, GST_MESSAGE_ERROR), ==, 0);
  gst_element_release_request_pad (f->sink, pad);
  gst_object_unref (pad);
  assert_next_works (f);
}

/* Too late: that is told, and nothing is shown. */
static void
test_processing (Fixture      *f,
                 gconstpointer data)
{
  g_autoptr (GstMessage) warning = NULL;
  GstPad *pad;

  eka_liar_push_stall (f->liar, EKA_CALL_GET);
  fixture_launch (f, ELEMENT);
  pad = fixture_start_push (f, PCM);
  fixture_push_seconds (pad, 0, 3);
  g_assert_true (gst_pad_send_event (pad, gst_event_new_eos ()));
  wait_for_state (f, "processing");
  discard (f);
  warning = fixture_wait (f, GST_MESSAGE_WARNING);
  fixture_assert_error (warning, GST_STREAM_ERROR, GST_STREAM_ERROR_FAILED,
                        "was ended before it was discarded");
  gst_message_unref (fixture_wait (f, GST_MESSAGE_EOS));
  assert_discarded (f, 0);
  gst_element_release_request_pad (f->sink, pad);
  gst_object_unref (pad);
}

static void
assert_nothing_to_discard (Fixture *f)
{
  g_autoptr (GstMessage) warning = NULL;
  guint before = fixture_count_type (f, GST_MESSAGE_WARNING);

  discard (f);
  warning = fixture_wait (f, GST_MESSAGE_WARNING);
  fixture_assert_error (warning, GST_CORE_ERROR, GST_CORE_ERROR_STATE_CHANGE,
                        "no recording to be discarded");
  g_assert_cmpuint (fixture_count_type (f, GST_MESSAGE_WARNING), ==,
                    before + 1);
}

static void
test_done (Fixture      *f,
           gconstpointer data)
{
  GstPad *pad;

  fixture_launch (f, ELEMENT);
  assert_nothing_to_discard (f);
  pad = fixture_start_push (f, PCM);
  fixture_push_seconds (pad, 0, 1);
  finish (f, pad);
  assert_nothing_to_discard (f);
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_PATCH), ==, 0);
  g_assert_cmpuint (fixture_count (f, "ekascribe-result"), ==, 1);
}

static void
test_twice (Fixture      *f,
            gconstpointer data)
{
  GstPad *pad;

  fixture_launch (f, ELEMENT);
  pad = fixture_start_push (f, PCM);
  fixture_push_seconds (pad, 0, 2);
  discard (f);
  assert_nothing_to_discard (f);
  finish (f, pad);
}

/* Without an answer the run can still be ended at once. */
static void
test_until_null (Fixture      *f,
                 gconstpointer data)
{
  GstPad *pad;
  guint i;

  for (i = 0; i < 10; i++)
    eka_liar_push_error (f->liar, EKA_CALL_PATCH,
                         g_error_new (EKA_SCRIBE_ERROR,
                                      EKA_SCRIBE_ERROR_NETWORK, "Cut off"));
  fixture_launch (f, ELEMENT);
  pad = fixture_start_push (f, PCM);
  fixture_push_seconds (pad, 0, 3);
  gst_message_unref (fixture_wait_name (f, "ekascribe-chunk", NULL));
  discard (f);
  fixture_push_seconds (pad, 3, 4);
  gst_element_set_state (f->pipeline, GST_STATE_NULL);
  g_assert_cmpuint (fixture_count_type (f, GST_MESSAGE_WARNING), ==, 0);
  gst_element_release_request_pad (f->sink, pad);
  gst_object_unref (pad);
}

/* --- while somebody waits ------------------------------------------------- */

typedef struct
{
  GstPad *pad;
  gboolean opus;
} Pusher;

/* Half a minute: more than is held back. */
static gpointer
push_and_end (gpointer user_data)
{
  Pusher *pusher = user_data;
  guint i;

  for (i = 0; pusher->opus && i < 1500; i++)
    g_assert_cmpint (
        fixture_push_opus (pusher->pad, i * 20 * GST_MSECOND, 1), ==,
        GST_FLOW_OK);
  if (!pusher->opus)
    fixture_push_seconds (pusher->pad, 0, 30);
  g_assert_true (gst_pad_send_event (pusher->pad, gst_event_new_eos ()));
  return NULL;
}

static void
push_in_thread (Fixture *f,
                Pusher  *pusher)
{
  g_autoptr (GThread) thread = NULL;

  thread = g_thread_new ("pusher", push_and_end, pusher);
  g_thread_join (g_steal_pointer (&thread));
  gst_message_unref (fixture_wait (f, GST_MESSAGE_EOS));
}

static gboolean
set_flag (gpointer user_data)
{
  *(gboolean *) user_data = TRUE;
  return G_SOURCE_REMOVE;
}

/* Gives the one who pushes time to wait; the outcome is the same without. */
static void
wait_a_moment (void)
{
  gboolean over = FALSE;

  g_timeout_add (50, set_flag, &over);
  while (!over)
    g_main_context_iteration (NULL, TRUE);
}

/* The one who pushes waits for room, which does not come by itself. */
static void
test_while_full (Fixture      *f,
                 gconstpointer data)
{
  g_autoptr (GThread) thread = NULL;
  Pusher pusher = { 0 };

  eka_liar_push_stall (f->liar, EKA_CALL_UPLOAD);
  fixture_launch (f, ELEMENT " max-size-bytes=100000");
  pusher.pad = fixture_start_push (f, PCM);
  thread = g_thread_new ("pusher", push_and_end, &pusher);
  fixture_wait_for_stat (f, "bytes-waiting", 96000);
  discard (f);
  g_thread_join (g_steal_pointer (&thread));
  gst_message_unref (fixture_wait (f, GST_MESSAGE_EOS));
  assert_discarded (f, 1);
  gst_element_release_request_pad (f->sink, pusher.pad);
  gst_object_unref (pusher.pad);
}

static void
discard_while_unknown (Fixture *f,
                       gboolean opus)
{
  g_autoptr (GThread) thread = NULL;
  Pusher pusher = { .opus = opus };

  eka_liar_push_stall (f->liar, EKA_CALL_DISCOVER);
  fixture_launch (f, ELEMENT);
  pusher.pad = fixture_start_push (f, opus ? OPUS : PCM);
  thread = g_thread_new ("pusher", push_and_end, &pusher);
  wait_a_moment ();
  discard (f);
  g_thread_join (g_steal_pointer (&thread));
  gst_message_unref (fixture_wait (f, GST_MESSAGE_EOS));
  assert_discarded (f, 0);
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_CREATE), ==, 0);
  gst_element_release_request_pad (f->sink, pusher.pad);
  gst_object_unref (pusher.pad);

  /* The question is asked again for who comes next. */
  pusher.pad = fixture_start_push (f, opus ? OPUS : PCM);
  push_in_thread (f, &pusher);
  g_assert_cmpuint (fixture_count (f, "ekascribe-result"), ==, 1);
  gst_element_release_request_pad (f->sink, pusher.pad);
  gst_object_unref (pusher.pad);
}

static void
test_while_unknown (Fixture      *f,
                    gconstpointer data)
{
  discard_while_unknown (f, FALSE);
}

static void
test_while_held (Fixture      *f,
                 gconstpointer data)
{
  discard_while_unknown (f, TRUE);
}

/* --- races ---------------------------------------------------------------- */

/* On a thread that posts messages, as an application's sync handler. */
static GstBusSyncReply
discard_at_result (GstBus     *bus,
                   GstMessage *message,
                   gpointer    user_data)
{
  const GstStructure *structure = gst_message_get_structure (message);

  if (structure != NULL &&
      gst_structure_has_name (structure, "ekascribe-session") &&
      g_strcmp0 (gst_structure_get_string (structure, "state"), "completed") ==
          0)
    discard (user_data);
  return GST_BUS_PASS;
}

/* Results that have come but were not told yet are not told any more. */
static void
test_at_the_last_moment (Fixture      *f,
                         gconstpointer data)
{
  g_autofree gchar *path = g_build_filename (f->folder, "note.txt", NULL);
  GstPad *pad;

  fixture_launch (f, ELEMENT);
  g_object_set (f->sink, "transcript-location", path, NULL);
  gst_bus_set_sync_handler (f->bus, discard_at_result, f, NULL);
  pad = fixture_start_push (f, PCM);
  fixture_push_seconds (pad, 0, 2);
  finish (f, pad);
  gst_bus_set_sync_handler (f->bus, NULL, NULL, NULL);
  assert_discarded (f, 0);
  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
}

/* Many at random moments: what was discarded is never ended. */
static void
test_at_random (Fixture      *f,
                gconstpointer data)
{
  GstPad *pad;
  guint i, at;

  f->service = fake_service_new (1);
  f->service->max_files = 2;
  fixture_launch (f, ELEMENT " model=endless");
  for (i = 0; i < 40; i++) {
    pad = fixture_start_push (f, PCM);
    at = g_test_rand_int_range (1, 8);
    fixture_push_seconds (pad, 0, at);
    if (g_test_rand_bit ())
      g_usleep (g_test_rand_int_range (0, 2000));
    discard (f);
    fixture_push_seconds (pad, at, 9);
    finish (f, pad);
    g_assert_cmpuint (fixture_get_stat (f, "bytes-kept"), ==, 0);
    g_assert_cmpuint (fixture_count (f, "ekascribe-transcript"), ==,
                      fixture_count (f, "ekascribe-result"));
  }
}

int
main (int    argc,
      char **argv)
{
  fixture_init (&argc, &argv);

  add_test ("/discard/before-audio", test_before_audio);
  add_test ("/discard/recording", test_recording);
  add_test ("/discard/recording-of-several", test_recording_of_several);
  add_test ("/discard/draining", test_draining);
  add_test ("/discard/processing", test_processing);
  add_test ("/discard/nothing", test_done);
  add_test ("/discard/twice", test_twice);
  add_test ("/discard/until-null", test_until_null);
  add_test ("/discard/while-full", test_while_full);
  add_test ("/discard/while-unknown", test_while_unknown);
  add_test ("/discard/while-opus-is-held", test_while_held);
  add_test ("/discard/at-the-last-moment", test_at_the_last_moment);
  add_test ("/discard/at-random", test_at_random);
  return g_test_run ();
}
