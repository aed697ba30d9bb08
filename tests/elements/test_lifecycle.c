/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "fixture.h"

#include "scribe/session.h"

#define SECONDS_2 "audiotestsrc num-buffers=20 samplesperbuffer=1600 ! " PCM " "
#define ELEMENT "ekascribesink name=s"

/* NULL never waits for the network, whose answer never comes; generous for
 * valgrind on a busy machine. */
#define SOON (20 * G_TIME_SPAN_SECOND)

static void
push_processing (Fixture *f,
                 guint    times)
{
  guint i;

  for (i = 0; i < times; i++)
    eka_liar_push (f->liar, EKA_CALL_GET, 202,
                   "{\"status\":\"processing\"}");
}

/* Whatever is on the bus now is no EOS. */
static void
assert_no_eos (Fixture *f)
{
  g_assert_null (gst_bus_pop_filtered (f->bus, GST_MESSAGE_EOS));
}

static void
set_state_soon (Fixture *f,
                GstState state)
{
  gint64 begin = g_get_monotonic_time ();

  g_assert_cmpint (gst_element_set_state (f->pipeline, state), !=,
                   GST_STATE_CHANGE_FAILURE);
  g_assert_cmpint (g_get_monotonic_time () - begin, <, SOON);
}

static void
test_eos_after_results (Fixture      *f,
                        gconstpointer data)
{
  g_autoptr (GstMessage) end = NULL;

  push_processing (f, 5);
  end = fixture_run (f, SECONDS_2 "! " ELEMENT);
  g_assert_cmpint (GST_MESSAGE_TYPE (end), ==, GST_MESSAGE_EOS);
  g_assert_cmpuint (fixture_count (f, "ekascribe-result"), ==, 1);
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_GET), >=, 6);
}

static void
test_eos_without_waiting (Fixture      *f,
                          gconstpointer data)
{
  g_autoptr (GstMessage) end = NULL;

  end = fixture_run (f, SECONDS_2 "! " ELEMENT " wait-for-results=false");
  g_assert_cmpint (GST_MESSAGE_TYPE (end), ==, GST_MESSAGE_EOS);
  g_assert_cmpuint (fixture_count (f, "ekascribe-result"), ==, 0);
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_END), ==, 1);
}

/* While EOS is held, a pause and a return make the packet sink say it again:
 * the application still hears it once. */
static void
test_eos_replaced (Fixture      *f,
                   gconstpointer data)
{
  g_autoptr (GstMessage) processing = NULL;
  g_autoptr (GstMessage) end = NULL;

  push_processing (f, 20);
  fixture_launch (f, SECONDS_2 "! " ELEMENT);
  fixture_play (f);
  processing = fixture_wait_name (f, "ekascribe-session", "processing");
  set_state_soon (f, GST_STATE_PAUSED);
  set_state_soon (f, GST_STATE_PLAYING);
  end = fixture_wait (f, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  g_assert_cmpint (GST_MESSAGE_TYPE (end), ==, GST_MESSAGE_EOS);
  g_assert_nonnull (fixture_find (f, "ekascribe-result"));
  assert_no_eos (f);
}

/* What a pipeline remembers when the thread that posts PAUSED is overtaken by
 * the one that posts PLAYING, as happens with decodebin. */
static void
test_eos_of_a_confused_pipeline (Fixture      *f,
                                 gconstpointer data)
{
  g_autoptr (GstMessage) processing = NULL;
  g_autoptr (GstMessage) end = NULL;

  push_processing (f, 20);
  fixture_launch (f, SECONDS_2 "! " ELEMENT);
  fixture_play (f);
  processing = fixture_wait_name (f, "ekascribe-session", "processing");
  gst_element_post_message (
      f->pipeline,
      gst_message_new_state_changed (GST_OBJECT (f->pipeline), GST_STATE_READY,
                                     GST_STATE_PAUSED, GST_STATE_VOID_PENDING));
  end = fixture_wait (f, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  g_assert_cmpint (GST_MESSAGE_TYPE (end), ==, GST_MESSAGE_EOS);
}

static void
test_null_while_held (Fixture      *f,
                      gconstpointer data)
{
  g_autoptr (GstMessage) processing = NULL;

  eka_liar_push_stall (f->liar, EKA_CALL_GET);
  fixture_launch (f, SECONDS_2 "! " ELEMENT);
  fixture_play (f);
  processing = fixture_wait_name (f, "ekascribe-session", "processing");
  assert_no_eos (f);
  set_state_soon (f, GST_STATE_NULL);
}

typedef struct
{
  EkaCall stalled;
  const gchar *state;
} Stop;

/* The call of each state never gets an answer. */
static const Stop stops[] = {
  { EKA_CALL_DISCOVER, "discovering" }, { EKA_CALL_CREATE, "creating" },
  { EKA_CALL_UPLOAD, "recording" },     { EKA_CALL_END, "ending" },
  { EKA_CALL_GET, "processing" },
};

static void
test_null_in_state (Fixture      *f,
                    gconstpointer data)
{
  const Stop *stop = data;
  g_autoptr (GstMessage) message = NULL;
  g_autoptr (GstMessage) warning = NULL;

  eka_liar_push_stall (f->liar, stop->stalled);
  if (stop->stalled == EKA_CALL_UPLOAD)
    eka_liar_push_stall (f->liar, EKA_CALL_STREAM);
  fixture_launch (f, SECONDS_2 "! " ELEMENT);
  fixture_play (f);
  message = fixture_wait_name (f, "ekascribe-session", stop->state);
  set_state_soon (f, GST_STATE_READY);
  if (stop->stalled != EKA_CALL_GET && stop->stalled != EKA_CALL_DISCOVER) {
    warning = fixture_wait (f, GST_MESSAGE_ERROR);
    fixture_assert_error (warning, GST_RESOURCE_ERROR,
                          GST_RESOURCE_ERROR_WRITE, " s of audio");
    g_assert_nonnull (fixture_get_detail (warning, "session-id"));
  }
  set_state_soon (f, GST_STATE_NULL);
  assert_no_eos (f);
}

static void
test_many_states (Fixture      *f,
                  gconstpointer data)
{
  static const GstState states[] = { GST_STATE_PAUSED, GST_STATE_PLAYING,
                                     GST_STATE_READY, GST_STATE_NULL };
  guint i;

  fixture_launch (f, "audiotestsrc ! " PCM " ! " ELEMENT);
  for (i = 0; i < 100; i++)
    set_state_soon (f,
                    states[g_test_rand_int_range (0, G_N_ELEMENTS (states))]);
}

static void
test_reuse (Fixture      *f,
            gconstpointer data)
{
  g_autoptr (GstMessage) end = NULL;
  g_autofree gchar *first = NULL;
  g_autofree gchar *second = NULL;

  end = fixture_run (f, SECONDS_2 "! " ELEMENT);
  g_assert_cmpint (GST_MESSAGE_TYPE (end), ==, GST_MESSAGE_EOS);
  set_state_soon (f, GST_STATE_NULL);
  g_object_get (f->sink, "current-session-id", &first, NULL);
  g_clear_pointer (&end, gst_message_unref);

  fixture_play (f);
  end = fixture_wait (f, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  g_assert_cmpint (GST_MESSAGE_TYPE (end), ==, GST_MESSAGE_EOS);
  g_object_get (f->sink, "current-session-id", &second, NULL);
  g_assert_cmpstr (first, !=, second);
  g_assert_cmpuint (fixture_count (f, "ekascribe-result"), ==, 2);
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_CREATE), ==, 2);
}

static void
flush_pad (GstPad *pad)
{
  GstSegment segment;

  g_assert_true (gst_pad_send_event (pad, gst_event_new_flush_start ()));
  g_assert_true (gst_pad_send_event (pad, gst_event_new_flush_stop (TRUE)));
  gst_segment_init (&segment, GST_FORMAT_TIME);
  g_assert_true (gst_pad_send_event (pad, gst_event_new_segment (&segment)));
}

/* New audio after the end, in one run, is a second session; the end waits for
 * both, and the one that was held is gone. */
static void
test_seek_after_end (Fixture      *f,
                     gconstpointer data)
{
  g_autoptr (GstPad) pad = NULL;
  g_autoptr (GstMessage) processing = NULL;
  g_autoptr (GstMessage) result = NULL;
  g_autoptr (GstMessage) end = NULL;

  push_processing (f, 10);
  eka_liar_push (f->liar, EKA_CALL_GET, 200,
                 "{\"session_id\":\"ses_of_the_first_part\","
                 "\"status\":\"completed\",\"transcript\":\"first\"}");
  fixture_launch (f, ELEMENT " session-id=ses_of_the_first_part");
  pad = fixture_start_push (f, PCM);
  g_assert_cmpint (fixture_push_pcm (pad, 0, GST_SECOND), ==, GST_FLOW_OK);
  g_assert_true (gst_pad_send_event (pad, gst_event_new_eos ()));
  processing = fixture_wait_name (f, "ekascribe-session", "processing");
  flush_pad (pad);
  g_assert_cmpint (fixture_push_pcm (pad, 0, GST_SECOND), ==, GST_FLOW_OK);
  result = fixture_wait_name (f, "ekascribe-result", NULL);
  assert_no_eos (f);
  g_assert_true (gst_pad_send_event (pad, gst_event_new_eos ()));
  end = fixture_wait (f, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  g_assert_cmpint (GST_MESSAGE_TYPE (end), ==, GST_MESSAGE_EOS);
  g_assert_cmpuint (fixture_count (f, "ekascribe-result"), ==, 2);
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_CREATE), ==, 2);
  gst_element_release_request_pad (f->sink, pad);
}

/* A flush takes the end back, even if no audio follows until the results are
 * there: what is heard is the end after it. */
static void
test_flush_drops_eos (Fixture      *f,
                      gconstpointer data)
{
  g_autoptr (GstPad) pad = NULL;
  g_autoptr (GstMessage) processing = NULL;
  g_autoptr (GstMessage) result = NULL;
  g_autoptr (GstMessage) end = NULL;
  GstEvent *event = gst_event_new_eos ();
  guint32 seqnum = gst_event_get_seqnum (event);

  push_processing (f, 10);
  fixture_launch (f, ELEMENT);
  pad = fixture_start_push (f, PCM);
  g_assert_cmpint (fixture_push_pcm (pad, 0, GST_SECOND), ==, GST_FLOW_OK);
  g_assert_true (gst_pad_send_event (pad, gst_event_new_eos ()));
  processing = fixture_wait_name (f, "ekascribe-session", "processing");
  flush_pad (pad);
  result = fixture_wait_name (f, "ekascribe-result", NULL);
  g_assert_true (gst_pad_send_event (pad, event));
  end = fixture_wait (f, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  g_assert_cmpint (GST_MESSAGE_TYPE (end), ==, GST_MESSAGE_EOS);
  g_assert_cmpuint (gst_message_get_seqnum (end), ==, seqnum);
  gst_element_release_request_pad (f->sink, pad);
}

/* What the service got, in chunks or as a stream. */
static gsize
count_audio (Fixture *f)
{
  gsize size = f->liar->socket != NULL ? f->liar->socket->pcm->len : 0;
  guint i;

  for (i = 0; i < fixture_count_calls (f, EKA_CALL_UPLOAD); i++)
    size += g_bytes_get_size (fixture_get_upload (f, i, "audio/wav")) - 44;
  return size;
}

/* A flush within a recording loses nothing that was taken. */
static void
test_flush (Fixture      *f,
            gconstpointer data)
{
  g_autoptr (GstPad) pad = NULL;
  g_autoptr (GstMessage) end = NULL;

  fixture_launch (f, ELEMENT);
  pad = fixture_start_push (f, PCM);
  g_assert_cmpint (fixture_push_pcm (pad, 0, GST_SECOND), ==, GST_FLOW_OK);
  flush_pad (pad);
  g_assert_cmpint (fixture_push_pcm (pad, 0, GST_SECOND), ==, GST_FLOW_OK);
  g_assert_true (gst_pad_send_event (pad, gst_event_new_eos ()));
  end = fixture_wait (f, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  g_assert_cmpint (GST_MESSAGE_TYPE (end), ==, GST_MESSAGE_EOS);
  g_assert_cmpuint (count_audio (f), ==, 64000);
  gst_element_release_request_pad (f->sink, pad);
}

static void
test_release_is_end (Fixture      *f,
                     gconstpointer data)
{
  g_autoptr (GstPad) pad = NULL;
  g_autoptr (GstMessage) end = NULL;

  fixture_launch (f, ELEMENT);
  pad = fixture_start_push (f, PCM);
  g_assert_cmpint (fixture_push_pcm (pad, 0, GST_SECOND), ==, GST_FLOW_OK);
  gst_element_release_request_pad (f->sink, pad);
  end = fixture_wait (f, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  g_assert_cmpint (GST_MESSAGE_TYPE (end), ==, GST_MESSAGE_EOS);
  g_assert_nonnull (fixture_find (f, "ekascribe-result"));
}

/* After the end of one pad another one begins another recording. */
static void
test_pad_after_end (Fixture      *f,
                    gconstpointer data)
{
  g_autoptr (GstPad) first = NULL;
  g_autoptr (GstPad) second = NULL;
  g_autoptr (GstMessage) end = NULL;

  fixture_launch (f, ELEMENT);
  first = fixture_start_push (f, PCM);
  g_assert_cmpint (fixture_push_pcm (first, 0, GST_SECOND), ==, GST_FLOW_OK);
  gst_element_release_request_pad (f->sink, first);
  end = fixture_wait (f, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  g_assert_cmpint (GST_MESSAGE_TYPE (end), ==, GST_MESSAGE_EOS);
  g_clear_pointer (&end, gst_message_unref);

  second = fixture_start_push (f, PCM);
  g_assert_cmpint (fixture_push_pcm (second, 0, GST_SECOND), ==, GST_FLOW_OK);
  g_assert_true (gst_pad_send_event (second, gst_event_new_eos ()));
  end = fixture_wait (f, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  g_assert_cmpint (GST_MESSAGE_TYPE (end), ==, GST_MESSAGE_EOS);
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_CREATE), ==, 2);
  gst_element_release_request_pad (f->sink, second);
}

static void
test_end_before_audio (Fixture      *f,
                       gconstpointer data)
{
  g_autoptr (GstMessage) warning = NULL;
  g_autoptr (GstMessage) end = NULL;

  fixture_launch (f, "audiotestsrc num-buffers=0 ! " PCM " ! " ELEMENT);
  fixture_play (f);
  warning = fixture_wait (f, GST_MESSAGE_WARNING | GST_MESSAGE_EOS);
  g_assert_cmpint (GST_MESSAGE_TYPE (warning), ==, GST_MESSAGE_WARNING);
  fixture_assert_error (warning, GST_STREAM_ERROR, GST_STREAM_ERROR_FAILED,
                        "No audio came");
  end = fixture_wait (f, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  g_assert_cmpint (GST_MESSAGE_TYPE (end), ==, GST_MESSAGE_EOS);
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_CREATE), ==, 0);
}

/* A live source that says nothing does not keep the pipeline from starting. */
static void
test_silent_source (Fixture      *f,
                    gconstpointer data)
{
  fixture_launch (f, "appsrc is-live=true format=time ! " ELEMENT);
  fixture_play (f);
  g_assert_cmpint (gst_element_get_state (f->pipeline, NULL, NULL,
                                          5 * GST_SECOND),
                   ==, GST_STATE_CHANGE_SUCCESS);
  set_state_soon (f, GST_STATE_NULL);
}

static void
test_paused_first (Fixture      *f,
                   gconstpointer data)
{
  g_autoptr (GstMessage) ready = NULL;
  g_autoptr (GstMessage) end = NULL;
  guint i;

  fixture_launch (f, SECONDS_2 "! " ELEMENT);
  set_state_soon (f, GST_STATE_PAUSED);
  ready = fixture_wait_name (f, "ekascribe-session", "ready");
  for (i = 0; i < f->messages->len; i++)
    g_assert_cmpint (
        GST_MESSAGE_TYPE (g_ptr_array_index (f->messages, i)), !=,
        GST_MESSAGE_PROGRESS);
  set_state_soon (f, GST_STATE_PLAYING);
  end = fixture_wait (f, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  g_assert_cmpint (GST_MESSAGE_TYPE (end), ==, GST_MESSAGE_EOS);
}

static void
test_second_sink (Fixture      *f,
                  gconstpointer data)
{
  g_autoptr (GstMessage) end = NULL;

  end = fixture_run (f, SECONDS_2 "! tee name=t ! queue ! " ELEMENT
                                  " t. ! queue ! fakesink");
  g_assert_cmpint (GST_MESSAGE_TYPE (end), ==, GST_MESSAGE_EOS);
  g_assert_nonnull (fixture_find (f, "ekascribe-result"));
}

static void
test_two_of_them (Fixture      *f,
                  gconstpointer data)
{
  g_autoptr (GstElement) other = NULL;
  g_autoptr (GstMessage) end = NULL;

  /* The other one finds no service, and says so before the end. */
  fixture_launch (f, SECONDS_2 "! tee name=t ! queue ! " ELEMENT
                               " t. ! queue ! ekascribesink name=o "
                               "wait-for-results=false");
  other = gst_bin_get_by_name (GST_BIN (f->pipeline), "o");
  g_object_set (other, "access-token", "other", NULL);
  gst_element_set_locked_state (other, FALSE);
  gst_ekascribe_sink_set_transport_func (
      GST_EKASCRIBE_SINK (other),
      (GstEkascribeTransportFunc) (void (*) (void)) eka_liar_new, NULL);
  fixture_play (f);
  end = fixture_wait (f, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  g_assert_cmpint (GST_MESSAGE_TYPE (end), ==, GST_MESSAGE_EOS);
  g_assert_nonnull (fixture_find (f, "ekascribe-result"));
}

/* Dropped while it records, without a change of state of its own. */
static void
test_removed (Fixture      *f,
              gconstpointer data)
{
  g_autoptr (GstPad) pad = NULL;

  fixture_launch (f, ELEMENT);
  pad = fixture_start_push (f, PCM);
  g_assert_cmpint (fixture_push_pcm (pad, 0, GST_SECOND), ==, GST_FLOW_OK);
  gst_element_set_state (f->sink, GST_STATE_NULL);
  gst_bin_remove (GST_BIN (f->pipeline), f->sink);
}

int
main (int    argc,
      char **argv)
{
  guint i;

  fixture_init (&argc, &argv);

  add_test ("/lifecycle/eos-waits-for-results", test_eos_after_results);
  add_test ("/lifecycle/eos-waits-for-end-only", test_eos_without_waiting);
  add_test ("/lifecycle/held-eos-is-replaced", test_eos_replaced);
  add_test ("/lifecycle/eos-of-a-confused-pipeline", test_eos_of_a_confused_pipeline);
  add_test ("/lifecycle/null-while-eos-is-held", test_null_while_held);
  for (i = 0; i < G_N_ELEMENTS (stops); i++) {
    g_autofree gchar *path =
        g_strdup_printf ("/lifecycle/null-while/%s", stops[i].state);

    g_test_add (path, Fixture, &stops[i], fixture_set_up, test_null_in_state,
                fixture_tear_down);
  }
  add_test ("/lifecycle/a-hundred-state-changes", test_many_states);
  add_test ("/lifecycle/used-twice", test_reuse);
  add_test ("/lifecycle/audio-after-the-end", test_seek_after_end);
  add_test ("/lifecycle/flush-takes-the-end-back", test_flush_drops_eos);
  add_test ("/lifecycle/flush-loses-nothing", test_flush);
  add_test ("/lifecycle/released-pad-is-the-end", test_release_is_end);
  add_test ("/lifecycle/pad-after-the-end", test_pad_after_end);
  add_test ("/lifecycle/end-before-audio", test_end_before_audio);
  add_test ("/lifecycle/silent-live-source", test_silent_source);
  add_test ("/lifecycle/no-progress-while-paused", test_paused_first);
  add_test ("/lifecycle/another-sink-beside-it", test_second_sink);
  add_test ("/lifecycle/two-of-them", test_two_of_them);
  add_test ("/lifecycle/removed-while-it-records", test_removed);
  return g_test_run ();
}
