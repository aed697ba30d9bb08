/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "fixture.h"

#include <gst/base/gstbasesink.h>

#include <string.h>

#include "scribe/session.h"

/* Room for three chunks of a second. */
/* What memory does on its own. */
#define ELEMENT                                                               \
  "ekascribesink name=s max-chunk-duration=1000000000 max-size-bytes=100000 " \
  "outbox-policy=never"

/* A source pad by hand, live or not. */
typedef struct
{
  Fixture *f;
  GstPad *source;
  GstPad *pad;
  gboolean opus;
  guint buffers;
  GstFlowReturn ret; /* of the last push, once the thread has ended */
} Source;

static void
source_start (Source  *source,
              Fixture *f,
              gboolean opus,
              gboolean live)
{
  g_autoptr (GstCaps) caps = gst_caps_from_string (opus ? OPUS : PCM);
  GstSegment segment;

  source->f = f;
  source->opus = opus;
  source->buffers = 0;
  source->pad = fixture_get_source (f);
  source->source = gst_pad_new ("src", GST_PAD_SRC);
  if (live)
    fixture_make_live (source->source);
  gst_pad_set_active (source->source, TRUE);
  g_assert_cmpint (gst_pad_link (source->source, source->pad), ==,
                   GST_PAD_LINK_OK);
  fixture_play (f);
  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_pad_push_event (source->source, gst_event_new_stream_start ("test"));
  gst_pad_push_event (source->source, gst_event_new_caps (caps));
  gst_pad_push_event (source->source, gst_event_new_segment (&segment));
}

static void
source_stop (Source *source)
{
  gst_pad_set_active (source->source, FALSE);
  gst_pad_unlink (source->source, source->pad);
  gst_element_release_request_pad (source->f->sink, source->pad);
  gst_object_unref (source->pad);
  gst_object_unref (source->source);
}

/* 20 ms of silence (RFC 6716, section 3.1: configuration 31), or 100 ms. */
static GstFlowReturn
source_push (Source *source)
{
  static const guint8 packet[] = { 0xf8, 0xff, 0xfe };
  gsize size = source->opus ? sizeof packet : 3200;
  GstClockTime duration = (source->opus ? 20 : 100) * GST_MSECOND;
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, size, NULL);

  gst_buffer_memset (buffer, 0, 0, size);
  if (source->opus)
    gst_buffer_fill (buffer, 0, packet, sizeof packet);
  GST_BUFFER_PTS (buffer) = source->buffers++ * duration;
  GST_BUFFER_DURATION (buffer) = duration;
  return gst_pad_push (source->source, buffer);
}

static gpointer
push_all (gpointer user_data)
{
  Source *source = user_data;
  guint i;

  source->ret = GST_FLOW_OK;
  for (i = 0; i < 1500 && source->ret == GST_FLOW_OK; i++)
    source->ret = source_push (source);
  return NULL;
}

/* A pipeline that is not live waits for room, and NULL ends that at once. */
static void
test_block_until_null (Fixture      *f,
                       gconstpointer data)
{
  Source source = { 0 };
  g_autoptr (GThread) thread = NULL;
  g_autoptr (GstMessage) warning = NULL;
  gint64 begin;

  eka_liar_push_stall (f->liar, EKA_CALL_UPLOAD);
  fixture_launch (f, ELEMENT);
  source_start (&source, f, FALSE, FALSE);
  thread = g_thread_new ("source", push_all, &source);
  fixture_wait_for_stat (f, "bytes-waiting", 96000);
  fixture_wait_for_stat (f, "packets", 40);
  /* A pause and a return do not end it. */
  gst_element_set_state (f->pipeline, GST_STATE_PAUSED);
  gst_element_set_state (f->pipeline, GST_STATE_PLAYING);
  g_assert_cmpuint (fixture_get_stat (f, "bytes-waiting"), <=, 100000);

  begin = g_get_monotonic_time ();
  gst_element_set_state (f->pipeline, GST_STATE_READY);
  g_assert_cmpint (g_get_monotonic_time () - begin, <, 10 * G_TIME_SPAN_SECOND);
  g_thread_join (g_steal_pointer (&thread));
  g_assert_cmpint (source.ret, ==, GST_FLOW_FLUSHING);
  warning = fixture_wait (f, GST_MESSAGE_ERROR);
  fixture_assert_error (warning, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_WRITE,
                        "4.");
  source_stop (&source);
}

static gpointer
push_eos (gpointer user_data)
{
  Source *source = user_data;

  gst_pad_push_event (source->source, gst_event_new_eos ());
  return NULL;
}

/* Whether the packet sink waits for PLAYING, with its lock let go. */
static gboolean
waits_to_play (GstBaseSink *packets)
{
  gboolean waits;

  if (!g_mutex_trylock (GST_BASE_SINK_GET_PREROLL_LOCK (packets)))
    return FALSE;
  waits = packets->have_preroll;
  g_mutex_unlock (GST_BASE_SINK_GET_PREROLL_LOCK (packets));
  return waits;
}

/* An end that comes in PAUSED waits for room without holding PLAYING up, and
 * goes on waiting there. */
static void
test_end_in_pause (Fixture      *f,
                   gconstpointer data)
{
  gint64 end = g_get_monotonic_time () + G_TIME_SPAN_MINUTE;
  Source source = { 0 };
  g_autoptr (GstElement) packets = NULL;
  g_autoptr (GThread) thread = NULL;
  guint i;

  eka_liar_push_stall (f->liar, EKA_CALL_UPLOAD);
  fixture_launch (f, ELEMENT);
  packets = gst_bin_get_by_name (GST_BIN (f->sink), "packets");
  source_start (&source, f, FALSE, FALSE);
  for (i = 0; i < 39; i++)
    g_assert_cmpint (source_push (&source), ==, GST_FLOW_OK);
  gst_element_set_state (f->pipeline, GST_STATE_PAUSED);
  thread = g_thread_new ("end", push_eos, &source);
  while (!waits_to_play (GST_BASE_SINK (packets))) {
    g_assert_cmpint (g_get_monotonic_time (), <, end);
    g_usleep (1000);
  }
  /* A pause may overtake the thread that PLAYING wakes; PLAYING comes again. */
  for (i = 0; i < 50; i++) {
    gst_element_set_state (f->pipeline, GST_STATE_PLAYING);
    gst_element_set_state (f->pipeline, GST_STATE_PAUSED);
  }
  gst_element_set_state (f->pipeline, GST_STATE_NULL);
  g_thread_join (g_steal_pointer (&thread));
  source_stop (&source);
}

/* Nor does a pause lose an end that waits to hear how long chunks may be. */
static void
test_pause_at_the_end (Fixture      *f,
                       gconstpointer data)
{
  Source source = { 0 };
  g_autoptr (GThread) thread = NULL;
  g_autoptr (GstMessage) message = NULL;
  guint i;

  f->liar->delay = 500;
  fixture_launch (f, ELEMENT);
  source_start (&source, f, FALSE, FALSE);
  for (i = 0; i < 10; i++)
    g_assert_cmpint (source_push (&source), ==, GST_FLOW_OK);
  thread = g_thread_new ("end", push_eos, &source);
  for (i = 0; i < 5; i++) {
    gst_element_set_state (f->pipeline, GST_STATE_PAUSED);
    gst_element_set_state (f->pipeline, GST_STATE_PLAYING);
    g_usleep (10000);
  }
  message = fixture_wait (f, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  g_assert_cmpint (GST_MESSAGE_TYPE (message), ==, GST_MESSAGE_EOS);
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_UPLOAD), ==, 1);
  g_thread_join (g_steal_pointer (&thread));
  gst_element_set_state (f->pipeline, GST_STATE_NULL);
  source_stop (&source);
}

/* Once there is room it goes on, and nothing is lost. */
static void
test_block_and_go_on (Fixture      *f,
                      gconstpointer data)
{
  g_autoptr (GstMessage) end = NULL;
  gsize size = 0;
  guint i;

  eka_liar_push_error (f->liar, EKA_CALL_UPLOAD,
                       g_error_new (EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_NETWORK,
                                    "Cut off"));
  end = fixture_run (f, "audiotestsrc num-buffers=200 samplesperbuffer=1600 "
                        "! " PCM " ! " ELEMENT);
  g_assert_cmpint (GST_MESSAGE_TYPE (end), ==, GST_MESSAGE_EOS);
  for (i = 1; i < fixture_count_calls (f, EKA_CALL_UPLOAD); i++)
    size += g_bytes_get_size (fixture_get_upload (f, i, "audio/wav")) - 44;
  g_assert_cmpuint (size, ==, 20 * 32000);
}

/* A pipeline that can't wait takes twice the bound, and then the newest audio
 * counts more than the oldest. The chunk under way is not touched. */
static void
test_live_overflow (Fixture      *f,
                    gconstpointer data)
{
  Source source = { 0 };
  g_autoptr (GstMessage) warning = NULL;
  guint64 kept;

  eka_liar_push_stall (f->liar, EKA_CALL_UPLOAD);
  fixture_launch (f, ELEMENT);
  source_start (&source, f, FALSE, TRUE);
  push_all (&source);
  g_assert_cmpint (source.ret, ==, GST_FLOW_OK);
  warning = fixture_wait (f, GST_MESSAGE_WARNING | GST_MESSAGE_ERROR);
  fixture_assert_error (warning, GST_RESOURCE_ERROR,
                        GST_RESOURCE_ERROR_NO_SPACE_LEFT, "dropped, 1.0 s");
  kept = fixture_get_stat (f, "bytes-kept");
  g_assert_cmpuint (kept, >, 150000);
  g_assert_cmpuint (kept, <=, 200000);
  g_assert_cmpuint (fixture_get_stat (f, "chunks") - fixture_get_stat (f, "chunks-dropped"), ==,
                    kept / (32000 + 44));
  g_assert_cmpuint (fixture_get_stat (f, "time-lost"), ==,
                    fixture_get_stat (f, "chunks-dropped") * GST_SECOND);
  gst_element_set_state (f->pipeline, GST_STATE_READY);
  g_clear_pointer (&warning, gst_message_unref);
  warning = fixture_wait (f, GST_MESSAGE_ERROR);
  fixture_assert_error (warning, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_WRITE,
                        "not delivered");
  source_stop (&source);
}

/* What the service lists needs no memory: a long file passes through a small
 * one, and nobody waits for ever. */
static void
test_listed_audio_is_let_go (Fixture      *f,
                             gconstpointer data)
{
  g_autoptr (GstMessage) end = NULL;

  end = fixture_run (f, "audiotestsrc num-buffers=300 samplesperbuffer=1600 "
                        "! " PCM " ! " ELEMENT);
  g_assert_cmpint (GST_MESSAGE_TYPE (end), ==, GST_MESSAGE_EOS);
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_UPLOAD), ==, 30);
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_GET), >, 2);
  g_assert_cmpuint (fixture_get_stat (f, "bytes-kept"), ==, 0);
  g_assert_cmpuint (fixture_get_stat (f, "time-lost"), ==, 0);
}

/* A session that can't be saved is warned of; the capture goes on until there
 * is no room, and then ends with the cause. */
static void
test_doomed (Fixture      *f,
             gconstpointer data)
{
  Source source = { 0 };
  g_autoptr (GstMessage) warning = NULL;
  g_autoptr (GstMessage) error = NULL;
  guint i;

  for (i = 0; i < 10; i++)
    eka_liar_push (f->liar, EKA_CALL_UPLOAD, 400,
                   "{\"error\":{\"code\":\"invalid_audio_format\","
                   "\"message\":\"Not audio\"}}");
  fixture_launch (f, ELEMENT);
  source_start (&source, f, FALSE, FALSE);
  push_all (&source);
  g_assert_cmpint (source.ret, ==, GST_FLOW_ERROR);
  error = fixture_wait (f, GST_MESSAGE_ERROR);
  fixture_assert_error (error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_WRITE,
                        "Not audio");
  g_assert_cmpuint (fixture_get_stat (f, "packets"), >=, 40);
  gst_element_set_state (f->pipeline, GST_STATE_NULL);
  source_stop (&source);
}

/* --- Opus before discovery is settled ------------------------------------- */

static void
test_held_while_unknown (Fixture      *f,
                         gconstpointer data)
{
  Source source = { 0 };
  guint i;

  eka_liar_push_stall (f->liar, EKA_CALL_DISCOVER);
  fixture_launch (f, ELEMENT);
  source_start (&source, f, TRUE, FALSE);
  for (i = 0; i < 999; i++)
    g_assert_cmpint (source_push (&source), ==, GST_FLOW_OK);
  g_assert_cmpuint (fixture_get_stat (f, "packets"), ==, 0);
  gst_element_set_state (f->pipeline, GST_STATE_NULL);
  source_stop (&source);
}

/* What is held in memory, a crash would take. */
static void
test_not_held_at_risk (Fixture      *f,
                       gconstpointer data)
{
  Source source = { 0 };
  guint i;

  eka_liar_push_stall (f->liar, EKA_CALL_DISCOVER);
  fixture_launch (f, ELEMENT " outbox-policy=always");
  source_start (&source, f, TRUE, TRUE);
  for (i = 0; i < 24; i++)
    g_assert_cmpint (source_push (&source), ==, GST_FLOW_OK);
  g_assert_cmpuint (fixture_get_stat (f, "packets"), ==, 0);
  for (i = 0; i < 2; i++)
    g_assert_cmpint (source_push (&source), ==, GST_FLOW_OK);
  g_assert_cmpuint (fixture_get_stat (f, "packets"), ==, 26);
  gst_element_set_state (f->pipeline, GST_STATE_NULL);
  source_stop (&source);
}

static void
test_held_until_null (Fixture      *f,
                      gconstpointer data)
{
  Source source = { 0 };
  g_autoptr (GThread) thread = NULL;

  eka_liar_push_stall (f->liar, EKA_CALL_DISCOVER);
  fixture_launch (f, ELEMENT);
  source_start (&source, f, TRUE, FALSE);
  thread = g_thread_new ("source", push_all, &source);
  gst_element_set_state (f->pipeline, GST_STATE_NULL);
  g_thread_join (g_steal_pointer (&thread));
  g_assert_cmpint (source.ret, ==, GST_FLOW_FLUSHING);
  source_stop (&source);
}

static void
test_live_does_not_wait (Fixture      *f,
                         gconstpointer data)
{
  Source source = { 0 };

  eka_liar_push_stall (f->liar, EKA_CALL_DISCOVER);
  fixture_launch (f, "ekascribesink name=s");
  source_start (&source, f, TRUE, TRUE);
  push_all (&source);
  g_assert_cmpint (source.ret, ==, GST_FLOW_OK);
  g_assert_cmpuint (fixture_get_stat (f, "packets"), ==, 1500);
  gst_element_set_state (f->pipeline, GST_STATE_NULL);
  source_stop (&source);
}

/* Held back, flushed, and then let go: all of it arrives, in order. */
static void
test_held_across_flush (Fixture      *f,
                        gconstpointer data)
{
  Source source = { 0 };
  GstSegment segment;
  g_autoptr (GstMessage) end = NULL;
  guint i;

  eka_liar_push_error (f->liar, EKA_CALL_DISCOVER,
                       g_error_new (EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_NETWORK,
                                    "Cut off"));
  fixture_launch (f, "ekascribesink name=s");
  source_start (&source, f, TRUE, FALSE);
  for (i = 0; i < 50; i++)
    g_assert_cmpint (source_push (&source), ==, GST_FLOW_OK);
  gst_pad_push_event (source.source, gst_event_new_flush_start ());
  gst_pad_push_event (source.source, gst_event_new_flush_stop (TRUE));
  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_pad_push_event (source.source, gst_event_new_segment (&segment));
  for (i = 0; i < 50; i++)
    g_assert_cmpint (source_push (&source), ==, GST_FLOW_OK);
  g_assert_true (gst_pad_push_event (source.source, gst_event_new_eos ()));
  end = fixture_wait (f, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  g_assert_cmpint (GST_MESSAGE_TYPE (end), ==, GST_MESSAGE_EOS);
  g_assert_cmpuint (fixture_get_stat (f, "packets"), ==, 100);
  gst_element_set_state (f->pipeline, GST_STATE_NULL);
  source_stop (&source);
}

/* A flush that has just begun. */
static GstPadProbeReturn
flush_once (GstPad          *pad,
            GstPadProbeInfo *info,
            gpointer         user_data)
{
  if (GST_EVENT_TYPE (GST_PAD_PROBE_INFO_EVENT (info)) !=
      GST_EVENT_STREAM_START)
    return GST_PAD_PROBE_OK;
  gst_pad_send_event (pad, gst_event_new_flush_start ());
  return GST_PAD_PROBE_REMOVE;
}

/* Held back, and let go into a flush, which refuses events and audio: all of it
 * arrives when the pad goes. */
static void
test_released_into_flush (Fixture      *f,
                          gconstpointer data)
{
  Source source = { 0 };
  g_autoptr (GstElement) packets = NULL;
  g_autoptr (GstPad) sink = NULL;
  g_autoptr (GstMessage) end = NULL;
  guint i;

  fixture_launch (f, "ekascribesink name=s");
  eka_liar_push_error (f->liar, EKA_CALL_DISCOVER,
                       g_error_new (EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_NETWORK,
                                    "Cut off"));
  packets = gst_bin_get_by_name (GST_BIN (f->sink), "packets");
  sink = gst_element_get_static_pad (packets, "sink");
  source_start (&source, f, TRUE, FALSE);
  for (i = 0; i < 50; i++)
    g_assert_cmpint (source_push (&source), ==, GST_FLOW_OK);
  gst_message_unref (fixture_wait_name (f, "ekascribe-session", "ready"));
  gst_pad_add_probe (sink, GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, flush_once,
                     NULL, NULL);
  g_assert_cmpint (source_push (&source), ==, GST_FLOW_FLUSHING);
  source_stop (&source);
  end = fixture_wait (f, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  g_assert_cmpint (GST_MESSAGE_TYPE (end), ==, GST_MESSAGE_EOS);
  g_assert_cmpuint (fixture_get_stat (f, "packets"), ==, 51);
}

/* An end while nobody knows waits as long as a call may take, then goes on. */
static void
test_end_while_unknown (Fixture      *f,
                        gconstpointer data)
{
  Source source = { 0 };

  eka_liar_push_stall (f->liar, EKA_CALL_DISCOVER);
  fixture_launch (f, "ekascribesink name=s timeout=1");
  source_start (&source, f, TRUE, FALSE);
  g_assert_cmpint (source_push (&source), ==, GST_FLOW_OK);
  g_assert_true (gst_pad_push_event (source.source, gst_event_new_eos ()));
  g_assert_cmpuint (fixture_get_stat (f, "packets"), ==, 1);
  gst_element_set_state (f->pipeline, GST_STATE_NULL);
  source_stop (&source);
}

/* What the service can do is not known yet when the first stretch ends, without
 * audio; it still counts for the second one. */
static void
test_discovery_outlives_an_empty_stretch (Fixture      *f,
                                          gconstpointer data)
{
  g_autoptr (EkaWorker) worker = eka_worker_acquire ();
  g_autoptr (GstCaps) caps = gst_caps_from_string (OPUS);
  g_autoptr (GstMessage) first = NULL;
  g_autoptr (GstMessage) second = NULL;
  GstSegment segment;
  GstPad *pad;
  Source source = { .f = f, .opus = TRUE };
  guint i;

  eka_liar_push (f->liar, EKA_CALL_DISCOVER, 200,
                 "{\"capabilities\":{\"audio_formats\":[\"audio/wav\"]}}");
  fixture_close_gate (f, worker);
  fixture_launch (f, "ekascribesink name=s timeout=1");
  source.pad = pad = fixture_get_source (f);
  source.source = gst_pad_new ("src", GST_PAD_SRC);
  gst_pad_set_active (source.source, TRUE);
  g_assert_cmpint (gst_pad_link (source.source, pad), ==, GST_PAD_LINK_OK);
  fixture_play (f);
  gst_pad_push_event (source.source, gst_event_new_stream_start ("one"));
  gst_pad_push_event (source.source, gst_event_new_eos ());
  first = fixture_wait (f, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  g_assert_cmpint (GST_MESSAGE_TYPE (first), ==, GST_MESSAGE_EOS);

  gst_pad_push_event (source.source, gst_event_new_flush_start ());
  gst_pad_push_event (source.source, gst_event_new_flush_stop (TRUE));
  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_pad_push_event (source.source, gst_event_new_stream_start ("two"));
  gst_pad_push_event (source.source, gst_event_new_caps (caps));
  gst_pad_push_event (source.source, gst_event_new_segment (&segment));
  fixture_open_gate (f);
  for (i = 0; i < 10; i++)
    g_assert_cmpint (source_push (&source), ==, GST_FLOW_OK);
  g_assert_true (gst_pad_push_event (source.source, gst_event_new_eos ()));
  second = fixture_wait (f, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  g_assert_cmpint (GST_MESSAGE_TYPE (second), ==, GST_MESSAGE_EOS);
  g_assert_nonnull (fixture_get_upload (f, 0, "audio/wav"));
  gst_element_set_state (f->pipeline, GST_STATE_NULL);
  source_stop (&source);
}

int
main (int    argc,
      char **argv)
{
  fixture_init (&argc, &argv);

  add_test ("/bounds/waits-for-room-until-null", test_block_until_null);
  add_test ("/bounds/waits-for-room-and-goes-on", test_block_and_go_on);
  add_test ("/bounds/end-in-pause", test_end_in_pause);
  add_test ("/bounds/pause-at-the-end", test_pause_at_the_end);
  add_test ("/bounds/live-overflow-is-told", test_live_overflow);
  add_test ("/bounds/listed-audio-is-let-go", test_listed_audio_is_let_go);
  add_test ("/bounds/doomed-session-ends-when-full", test_doomed);
  add_test ("/bounds/opus-is-held-back", test_held_while_unknown);
  add_test ("/bounds/opus-is-held-back-not-at-risk", test_not_held_at_risk);
  add_test ("/bounds/opus-is-held-back-until-null", test_held_until_null);
  add_test ("/bounds/live-opus-is-not", test_live_does_not_wait);
  add_test ("/bounds/held-back-across-a-flush", test_held_across_flush);
  add_test ("/bounds/held-back-into-a-flush", test_released_into_flush);
  add_test ("/bounds/end-while-held-back", test_end_while_unknown);
  add_test ("/bounds/discovery-outlives-an-empty-stretch",
            test_discovery_outlives_an_empty_stretch);
  return g_test_run ();
}
