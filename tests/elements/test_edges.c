/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "fixture.h"

#include <string.h>

#define ELEMENT "ekascribesink name=s"

static GstPad *
begin (Fixture          *f,
       const gchar      *caps,
       const GstSegment *segment)
{
  GstPad *pad = fixture_get_source (f);
  g_autoptr (GstCaps) parsed = gst_caps_from_string (caps);

  gst_pad_send_event (pad, gst_event_new_stream_start ("test"));
  gst_pad_send_event (pad, gst_event_new_caps (parsed));
  gst_pad_send_event (pad, gst_event_new_segment (segment));
  return pad;
}

/* Silence of 20 ms. */
static GstFlowReturn
push_opus (GstPad *pad,
           guint   nth)
{
  static const guint8 silence[] = { 0xf8, 0xff, 0xfe };
  GstBuffer *buffer = gst_buffer_new_memdup (silence, sizeof silence);

  GST_BUFFER_PTS (buffer) = nth * 20 * GST_MSECOND;
  GST_BUFFER_DURATION (buffer) = 20 * GST_MSECOND;
  return gst_pad_chain (pad, buffer);
}

static void
end_well (Fixture *f)
{
  g_autoptr (GstMessage) end =
      fixture_wait (f, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);

  g_assert_cmpint (GST_MESSAGE_TYPE (end), ==, GST_MESSAGE_EOS);
}

static GstClockTime
get_time (Fixture     *f,
          const gchar *field)
{
  const GstStructure *chunk = fixture_find (f, "ekascribe-chunk");
  GstClockTime time;

  g_assert_nonnull (chunk);
  g_assert_true (gst_structure_get_clock_time (chunk, field, &time));
  return time;
}

/* filesrc ! audio/x-raw,… has neither times nor a segment that counts in
 * them. */
static void
test_bytes_segment (Fixture      *f,
                    gconstpointer data)
{
  g_autoptr (GstPad) pad = NULL;
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_BYTES);
  fixture_launch (f, ELEMENT);
  fixture_play (f);
  pad = begin (f, PCM, &segment);
  g_assert_cmpint (fixture_push_pcm (pad, GST_CLOCK_TIME_NONE, GST_SECOND), ==,
                   GST_FLOW_OK);
  g_assert_true (gst_pad_send_event (pad, gst_event_new_eos ()));
  end_well (f);
  g_assert_cmpuint (get_time (f, "duration"), ==, GST_SECOND);
  g_assert_cmpuint (get_time (f, "running-time"), ==, GST_CLOCK_TIME_NONE);
}

static void
test_pcm_is_clipped (Fixture      *f,
                     gconstpointer data)
{
  g_autoptr (GstPad) pad = NULL;
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  segment.start = 250 * GST_MSECOND;
  segment.stop = 750 * GST_MSECOND;
  fixture_launch (f, ELEMENT);
  fixture_play (f);
  pad = begin (f, PCM, &segment);
  g_assert_cmpint (fixture_push_pcm (pad, 0, GST_SECOND), ==, GST_FLOW_OK);
  g_assert_true (gst_pad_send_event (pad, gst_event_new_eos ()));
  end_well (f);
  g_assert_cmpuint (get_time (f, "duration"), ==, 500 * GST_MSECOND);
  g_assert_cmpuint (get_time (f, "running-time"), ==, 0);
}

/* MP4 tells pre-skip and padding by an edit list only, which is a segment. */
static void
test_opus_is_clipped (Fixture      *f,
                      gconstpointer data)
{
  g_autoptr (GstPad) pad = NULL;
  GstSegment segment;
  guint i;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  segment.start = 6500 * GST_USECOND;
  segment.stop = 190500 * GST_USECOND;
  fixture_launch (f, ELEMENT);
  fixture_play (f);
  pad = begin (f, OPUS, &segment);
  for (i = 0; i < 10; i++)
    g_assert_cmpint (push_opus (pad, i), ==, GST_FLOW_OK);
  g_assert_true (gst_pad_send_event (pad, gst_event_new_eos ()));
  end_well (f);
  g_assert_cmpuint (get_time (f, "duration"), ==, 184 * GST_MSECOND);
  g_assert_cmpuint (get_time (f, "running-time"), ==, 0);
}

static void
test_empty_is_no_damage (Fixture      *f,
                         gconstpointer data)
{
  g_autoptr (GstStructure) stats = NULL;
  g_autoptr (GstPad) pad = NULL;
  guint64 damaged;

  fixture_launch (f, ELEMENT);
  pad = fixture_start_push (f, PCM);
  g_assert_cmpint (fixture_push_pcm (pad, 0, GST_SECOND), ==, GST_FLOW_OK);
  g_assert_cmpint (gst_pad_chain (pad, gst_buffer_new ()), ==, GST_FLOW_OK);
  g_assert_true (gst_pad_send_event (pad, gst_event_new_eos ()));
  end_well (f);
  g_object_get (f->sink, "stats", &stats, NULL);
  g_assert_true (
      gst_structure_get_uint64 (stats, "packets-damaged", &damaged));
  g_assert_cmpuint (damaged, ==, 0);
}

static void
hold_opus (Fixture *f,
           GstPad **pad)
{
  GstSegment segment;
  guint i;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  eka_liar_push_stall (f->liar, EKA_CALL_DISCOVER);
  fixture_launch (f, ELEMENT);
  fixture_play (f);
  *pad = begin (f, OPUS, &segment);
  for (i = 0; i < 50; i++)
    g_assert_cmpint (push_opus (*pad, i), ==, GST_FLOW_OK);
}

/* What waits to hear whether the service takes Opus was recorded too. */
static void
test_null_tells_what_is_held (Fixture      *f,
                              gconstpointer data)
{
  g_autoptr (GstMessage) warning = NULL;
  g_autoptr (GstPad) pad = NULL;

  hold_opus (f, &pad);
  gst_element_set_state (f->sink, GST_STATE_NULL);
  warning = fixture_wait (f, GST_MESSAGE_ERROR);
  fixture_assert_error (warning, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_WRITE,
                        "1.0 s of audio were not delivered");
}

static void
test_release_keeps_what_is_held (Fixture      *f,
                                 gconstpointer data)
{
  g_autoptr (GstStructure) stats = NULL;
  g_autoptr (GstPad) pad = NULL;
  guint64 packets = 0;
  guint i;

  hold_opus (f, &pad);
  gst_element_release_request_pad (f->sink, pad);
  for (i = 0; i < 2000 && packets < 50; i++) {
    g_autoptr (GstMessage) message =
        gst_bus_timed_pop (f->bus, 10 * GST_MSECOND);

    g_clear_pointer (&stats, gst_structure_free);
    g_object_get (f->sink, "stats", &stats, NULL);
    g_assert_true (gst_structure_get_uint64 (stats, "packets", &packets));
  }
  g_assert_cmpuint (packets, ==, 50);
}

static gpointer
record_second (gpointer user_data)
{
  GstPad *pad = user_data;
  g_autoptr (GstCaps) caps = gst_caps_from_string (PCM);
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_pad_send_event (pad, gst_event_new_stream_start ("second"));
  gst_pad_send_event (pad, gst_event_new_caps (caps));
  gst_pad_send_event (pad, gst_event_new_segment (&segment));
  g_assert_cmpint (fixture_push_pcm (pad, 0, 2 * GST_SECOND), ==, GST_FLOW_OK);
  g_assert_true (gst_pad_send_event (pad, gst_event_new_eos ()));
  return NULL;
}

/* The end of the pad before comes from a thread of its own, and in PAUSED it
 * waits there. It does not end the recording of the next pad. */
static void
test_pad_right_after_pad (Fixture      *f,
                          gconstpointer data)
{
  g_autoptr (GstPad) first = NULL;
  g_autoptr (GstPad) second = NULL;
  GThread *thread;

  fixture_launch (f, ELEMENT);
  first = fixture_start_push (f, PCM);
  g_assert_cmpint (fixture_push_pcm (first, 0, GST_SECOND), ==, GST_FLOW_OK);
  gst_element_set_state (f->pipeline, GST_STATE_PAUSED);
  gst_element_release_request_pad (f->sink, first);
  second = fixture_get_source (f);
  thread = g_thread_new ("second", record_second, second);
  fixture_play (f);
  g_thread_join (thread);
  while (fixture_count (f, "ekascribe-chunk") < 2)
    gst_message_unref (fixture_wait_name (f, "ekascribe-chunk", NULL));
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_CREATE), ==, 2);
  g_assert_cmpuint (
      g_bytes_get_size (fixture_get_upload (f, 1, "audio/wav")), ==,
      44 + 2 * 32000);
  gst_element_release_request_pad (f->sink, second);
}

/* Who looks for a way into the element finds none but the pads that it gives on
 * request. */
static void
test_no_other_way_in (Fixture      *f,
                      gconstpointer data)
{
  g_autoptr (GstPad) before = NULL;
  g_autoptr (GstPad) after = NULL;
  g_autoptr (GstPad) pad = NULL;

  fixture_launch (f, ELEMENT);
  before = gst_bin_find_unlinked_pad (GST_BIN (f->sink), GST_PAD_SINK);
  g_assert_null (before);
  pad = fixture_start_push (f, PCM);
  g_assert_cmpint (fixture_push_pcm (pad, 0, GST_SECOND), ==, GST_FLOW_OK);
  gst_element_set_state (f->pipeline, GST_STATE_READY);
  after = gst_bin_find_unlinked_pad (GST_BIN (f->sink), GST_PAD_SINK);
  g_assert_null (after);
  gst_element_release_request_pad (f->sink, pad);
}

typedef struct
{
  Fixture *f;
  gint entered; /* atomic */
} Handler;

static gpointer
pause_element (gpointer user_data)
{
  gst_element_set_state (user_data, GST_STATE_PAUSED);
  return NULL;
}

static GstBusSyncReply
wait_for_state (GstBus     *bus,
                GstMessage *message,
                gpointer    user_data)
{
  Handler *handler = user_data;

  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_PROGRESS &&
      g_atomic_int_add (&handler->entered, 1) == 0)
    g_thread_join (g_thread_new ("pause", pause_element, handler->f->sink));
  return GST_BUS_PASS;
}

/* A sync handler may wait for a thread that changes the state. */
static void
test_handler_waits_for_state (Fixture      *f,
                              gconstpointer data)
{
  Handler handler = { .f = f };
  g_autoptr (GstPad) pad = NULL;

  fixture_launch (f, ELEMENT);
  gst_bus_set_sync_handler (f->bus, wait_for_state, &handler, NULL);
  pad = fixture_start_push (f, PCM);
  g_assert_cmpint (fixture_push_pcm (pad, 0, GST_SECOND), ==, GST_FLOW_OK);
  gst_message_unref (fixture_wait (f, GST_MESSAGE_PROGRESS));
  gst_element_set_state (f->sink, GST_STATE_PLAYING);
  g_assert_true (gst_pad_send_event (pad, gst_event_new_eos ()));
  end_well (f);
  gst_bus_set_sync_handler (f->bus, NULL, NULL, NULL);
}

int
main (int    argc,
      char **argv)
{
  fixture_init (&argc, &argv);

  add_test ("/edges/segment-in-bytes", test_bytes_segment);
  add_test ("/edges/segment-clips/pcm", test_pcm_is_clipped);
  add_test ("/edges/segment-clips/opus", test_opus_is_clipped);
  add_test ("/edges/empty-buffer-is-no-damage", test_empty_is_no_damage);
  add_test ("/edges/held-audio/null-tells-of-it", test_null_tells_what_is_held);
  add_test ("/edges/held-audio/outlives-its-pad",
            test_release_keeps_what_is_held);
  add_test ("/edges/pad-right-after-pad", test_pad_right_after_pad);
  add_test ("/edges/no-other-way-in", test_no_other_way_in);
  add_test ("/edges/sync-handler-waits-for-state",
            test_handler_waits_for_state);
  return g_test_run ();
}
