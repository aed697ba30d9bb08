/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Pads that come and go, alone and together. */
#include "leftovers.h"
#include "legs.h"

#include <string.h>

#define ELEMENT "ekascribesink name=s"
#define STEREO ELEMENT " mix=stereo"

/* Nobody who lets go waits for anything; generous for valgrind on a busy machine. */
#define SOON (10 * G_TIME_SPAN_SECOND)

#define A 1000
#define B 300

/* Two pads that play and have begun, of which nothing has come yet. */
static void
start_two (Fixture     *f,
           const gchar *line,
           gboolean     live,
           Leg        **a,
           Leg        **b)
{
  fixture_launch (f, line);
  *a = leg_new (f, NULL, A, live);
  *b = leg_new (f, NULL, B, live);
  fixture_play (f);
  leg_begin (*a, PCM, 0);
  leg_begin (*b, PCM, 0);
}

static void
push_both (Leg  *a,
           Leg  *b,
           guint milliseconds)
{
  leg_push (a, milliseconds);
  leg_push (b, milliseconds);
}

static void
end_both (Fixture *f,
          Leg     *a,
          Leg     *b)
{
  leg_end (a);
  leg_end (b);
  fixture_await_end (f);
}

static guint
ms (guint samples)
{
  if (samples % 16 != 0)
    g_error ("%u samples", samples);
  return samples / 16;
}

/* How long, in ms, @value is heard in the mono WAV of all uploads. */
static guint
heard (Fixture *f,
       gint16   value)
{
  g_autoptr (GArray) samples = legs_collect (f, 1);

  return ms (legs_count (samples, 1, 0, value));
}

static void
test_two (Fixture      *f,
          gconstpointer data)
{
  g_autoptr (Leg) a = NULL;
  g_autoptr (Leg) b = NULL;
  g_autoptr (GArray) samples = NULL;

  start_two (f, ELEMENT, FALSE, &a, &b);
  leg_start (a, 30000, TRUE);
  leg_start (b, 30000, TRUE);
  leg_join (a);
  leg_join (b);
  fixture_await_end (f);
  samples = legs_collect (f, 1);
  g_assert_cmpuint (ms (samples->len), ==, 30000);
  g_assert_cmpuint (ms (legs_count (samples, 1, 0, A + B)), ==, 30000);
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_CREATE), ==, 1);
}

/* The pad with the lowest number is left, whoever comes first. */
static void
test_stereo (Fixture      *f,
             gconstpointer data)
{
  g_autoptr (Leg) a = NULL;
  g_autoptr (Leg) b = NULL;
  g_autoptr (Leg) c = NULL;
  g_autoptr (GArray) samples = NULL;

  fixture_launch (f, STEREO);
  c = leg_new (f, "audio_10", B, FALSE);
  b = leg_new (f, "audio_2", B, FALSE);
  a = leg_new (f, "audio_1", A, FALSE);
  fixture_play (f);
  leg_begin (c, PCM, 0);
  leg_begin (b, PCM, 0);
  leg_begin (a, PCM, 0);
  push_both (c, b, 2000);
  leg_push (a, 2000);
  leg_end (a);
  end_both (f, b, c);
  samples = legs_collect (f, 2);
  g_assert_cmpuint (ms (samples->len), ==, 2 * 2000);
  g_assert_cmpuint (ms (legs_count (samples, 2, 0, A)), ==, 2000);
  g_assert_cmpuint (ms (legs_count (samples, 2, 1, 2 * B)), ==, 2000);
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_CREATE), ==, 1);
}

/* One ends long before the other, and leaves it alone in the mix. */
static void
test_ends_apart (Fixture      *f,
                 gconstpointer data)
{
  g_autoptr (Leg) a = NULL;
  g_autoptr (Leg) b = NULL;

  start_two (f, ELEMENT, FALSE, &a, &b);
  leg_push (a, 1000);
  leg_end (a);
  leg_push (b, 30000);
  leg_end (b);
  fixture_await_end (f);
  g_assert_cmpuint (heard (f, A + B), ==, 1000);
  g_assert_cmpuint (heard (f, B), ==, 29000);
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_CREATE), ==, 1);
}

/* Two seconds. */
static void
push_opus (GstPad *pad)
{
  guint i;

  for (i = 0; i < 100; i++)
    g_assert_cmpint (fixture_push_opus (pad, i * 20 * GST_MSECOND, 1), ==,
                     GST_FLOW_OK);
}

static gboolean
is_linked (Fixture *f,
           guint    nth)
{
  g_autofree gchar *body = fixture_get_create (f, nth);

  return strstr (body, "previous_session_id") != NULL;
}

/* What is decoded alone goes to the end of its session, and what is mixed into one
 * that knows it. */
static void
test_joins (Fixture      *f,
            gconstpointer data)
{
  g_autoptr (Leg) a = NULL;
  g_autoptr (Leg) b = NULL;

  fixture_launch (f, ELEMENT);
  a = leg_new (f, NULL, A, FALSE);
  fixture_play (f);
  leg_begin (a, PCM, 0);
  leg_push (a, 3000);
  b = leg_new (f, NULL, B, FALSE);
  leg_begin (b, PCM, 3 * GST_SECOND);
  push_both (a, b, 2000);
  end_both (f, b, a);
  g_assert_cmpuint (heard (f, A), ==, 3000);
  g_assert_cmpuint (heard (f, A + B), ==, 2000);
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_CREATE), ==, 2);
  g_assert_false (is_linked (f, 0));
  g_assert_true (is_linked (f, 1));
}

/* An untouched passthrough until the other one comes, which finds it idle. */
static void
test_joins_passthrough (Fixture      *f,
                        gconstpointer data)
{
  g_autoptr (GstPad) pad = NULL;
  g_autoptr (Leg) b = NULL;
  g_autoptr (GArray) samples = NULL;

  fixture_launch (f, ELEMENT);
  pad = fixture_start_push (f, OPUS);
  gst_message_unref (fixture_wait_name (f, "ekascribe-session", "ready"));
  push_opus (pad);
  b = leg_new (f, NULL, B, FALSE);
  leg_begin (b, PCM, 2 * GST_SECOND);
  leg_push (b, 1000);
  g_assert_true (gst_pad_send_event (pad, gst_event_new_eos ()));
  leg_end (b);
  fixture_await_end (f);
  g_assert_cmpuint (fixture_count_uploads (f, "audio/ogg;codecs=opus"), ==, 1);
  samples = legs_collect (f, 1);
  g_assert_cmpuint (ms (samples->len), ==, 1000);
  g_assert_cmpuint (ms (legs_count (samples, 1, 0, B)), ==, 1000);
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_CREATE), ==, 2);
  g_assert_true (is_linked (f, 1));
  gst_element_set_state (f->pipeline, GST_STATE_NULL);
  gst_element_release_request_pad (f->sink, pad);
}

/* What waits for discovery has not begun: all of it is mixed. */
static void
test_joins_held (Fixture      *f,
                 gconstpointer data)
{
  g_autoptr (GstPad) pad = NULL;
  g_autoptr (Leg) b = NULL;
  g_autoptr (GArray) samples = NULL;

  fixture_launch (f, ELEMENT);
  f->liar->delay = 300;
  pad = fixture_start_push (f, OPUS);
  push_opus (pad);
  b = leg_new (f, NULL, B, FALSE);
  leg_begin (b, PCM, 0);
  leg_push (b, 2000);
  f->liar->delay = 0;
  g_assert_true (gst_pad_send_event (pad, gst_event_new_eos ()));
  leg_end (b);
  fixture_await_end (f);
  g_assert_cmpuint (fixture_count_uploads (f, "audio/ogg;codecs=opus"), ==, 0);
  samples = legs_collect (f, 1);
  g_assert_cmpuint (ms (samples->len), >=, 2000);
  g_assert_cmpuint (ms (samples->len), <, 2020);
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_CREATE), ==, 1);
  gst_element_set_state (f->pipeline, GST_STATE_NULL);
  gst_element_release_request_pad (f->sink, pad);
}

/* A pad without a source is nobody's second. */
static void
test_not_linked (Fixture      *f,
                 gconstpointer data)
{
  g_autoptr (GstPad) pad = NULL;
  g_autoptr (GstPad) idle = NULL;

  fixture_launch (f, ELEMENT);
  idle = fixture_get_source (f);
  pad = fixture_start_push (f, OPUS);
  push_opus (pad);
  g_assert_true (gst_pad_send_event (pad, gst_event_new_eos ()));
  fixture_await_end (f);
  g_assert_cmpuint (fixture_count_uploads (f, "audio/ogg;codecs=opus"), ==, 1);
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_CREATE), ==, 1);
  gst_element_set_state (f->pipeline, GST_STATE_NULL);
  gst_element_release_request_pad (f->sink, pad);
  gst_element_release_request_pad (f->sink, idle);
}

/* The last that counts is gone: a pad without a source keeps no end away. */
static void
test_idle_one_stays (Fixture      *f,
                     gconstpointer data)
{
  g_autoptr (Leg) a = NULL;
  g_autoptr (GstPad) idle = NULL;

  fixture_launch (f, ELEMENT);
  a = leg_new (f, NULL, A, FALSE);
  idle = fixture_get_source (f);
  fixture_play (f);
  leg_begin (a, PCM, 0);
  leg_push (a, 1000);
  leg_release (a);
  fixture_await_end (f);
  g_assert_cmpuint (heard (f, A), ==, 1000);
  gst_element_set_state (f->pipeline, GST_STATE_NULL);
  gst_element_release_request_pad (f->sink, idle);
}

/* One hangs up and calls again: the recording goes on. */
static void
test_another_comes (Fixture      *f,
                    gconstpointer data)
{
  g_autoptr (Leg) a = NULL;
  g_autoptr (Leg) b = NULL;
  g_autoptr (Leg) c = NULL;

  start_two (f, ELEMENT, FALSE, &a, &b);
  push_both (a, b, 1000);
  leg_release (b);
  leg_push (a, 1000);
  c = leg_new (f, NULL, B, FALSE);
  leg_begin (c, PCM, 2 * GST_SECOND);
  push_both (a, c, 1000);
  end_both (f, a, c);
  g_assert_cmpuint (heard (f, A + B), ==, 2000);
  g_assert_cmpuint (heard (f, A), ==, 1000);
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_CREATE), ==, 1);
}

/* After the end of all comes another recording, and a pad that is alone in it. */
static void
test_after_the_end (Fixture      *f,
                    gconstpointer data)
{
  g_autoptr (Leg) a = NULL;
  g_autoptr (Leg) b = NULL;
  guint untouched = 0, n;

  start_two (f, ELEMENT, FALSE, &a, &b);
  push_both (a, b, 1000);
  end_both (f, a, b);
  /* Who comes while the mixer's thread is on its way back from that end is decoded:
   * its results may be told before. That is rare. */
  for (n = 1; untouched == 0 && n <= 5; n++) {
    g_autoptr (GstPad) pad = fixture_start_push (f, OPUS);

    push_opus (pad);
    g_assert_true (gst_pad_send_event (pad, gst_event_new_eos ()));
    fixture_await_end (f);
    untouched = fixture_count_uploads (f, "audio/ogg;codecs=opus");
    g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_UPLOAD), ==, n + 1);
    g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_CREATE), ==, n + 1);
    g_assert_false (is_linked (f, n));
    gst_element_release_request_pad (f->sink, pad);
  }
  g_assert_cmpuint (heard (f, A + B), ==, 1000);
  g_assert_cmpuint (untouched, ==, 1);
}

/* The same after one that was alone, which then goes on beside the new one. */
static void
test_takes_over (Fixture      *f,
                 gconstpointer data)
{
  g_autoptr (Leg) a = NULL;
  g_autoptr (Leg) b = NULL;

  fixture_launch (f, ELEMENT);
  a = leg_new (f, NULL, A, FALSE);
  fixture_play (f);
  leg_begin (a, PCM, 0);
  leg_push (a, 1000);
  leg_end (a);
  fixture_await_end (f);
  b = leg_new (f, NULL, B, FALSE);
  leg_begin (b, PCM, 0);
  leg_push (b, 1000);
  leg_flush (a);
  a->time = b->time;
  push_both (a, b, 1000);
  end_both (f, b, a);
  g_assert_cmpuint (heard (f, A), ==, 1000);
  g_assert_cmpuint (heard (f, B), ==, 1000);
  g_assert_cmpuint (heard (f, A + B), ==, 1000);
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_CREATE), ==, 3);
}

static void
test_all_released (Fixture      *f,
                   gconstpointer data)
{
  g_autoptr (Leg) a = NULL;
  g_autoptr (Leg) b = NULL;
  g_autoptr (Leg) c = NULL;

  start_two (f, ELEMENT, FALSE, &a, &b);
  leg_push (a, 1000);
  leg_push (b, 500);
  leg_release (a);
  leg_release (b);
  /* at once, which is another recording all the same */
  c = leg_new (f, NULL, 7, FALSE);
  leg_begin (c, PCM, 0);
  leg_push (c, 1000);
  leg_end (c);
  /* The end of what was released may have been told before the pad came. */
  fixture_await_end (f);
  if (heard (f, 7) == 0)
    fixture_await_end (f);
  g_assert_cmpuint (heard (f, A + B), ==, 500);
  g_assert_cmpuint (heard (f, A), ==, 500);
  g_assert_cmpuint (heard (f, 7), ==, 1000);
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_CREATE), ==, 2);
}

/* Its thread waits for the other one: nothing of it is lost. */
static void
test_released_while_it_waits (Fixture      *f,
                              gconstpointer data)
{
  g_autoptr (Leg) a = NULL;
  g_autoptr (Leg) b = NULL;
  gint64 began;
  guint pushed;

  start_two (f, ELEMENT, FALSE, &a, &b);
  leg_push (b, 100);
  leg_start (a, 60000, FALSE);
  leg_await (a, 100 + LEG_TOO_FAR);
  began = g_get_monotonic_time ();
  leg_release (a);
  g_assert_cmpint (g_get_monotonic_time () - began, <, SOON);
  /* Nobody waits for it any more: on a busy machine it may get to its end. */
  leg_join (a);
  leg_end (b);
  fixture_await_end (f);
  /* the last one may have been refused */
  pushed = a->time / GST_MSECOND;
  g_assert_cmpuint (heard (f, A) + heard (f, A + B), <=, pushed);
  g_assert_cmpuint (heard (f, A) + heard (f, A + B), >=, pushed - 20);
  g_assert_cmpuint (heard (f, A + B), ==, 100);
}

/* Whatever waits, NULL comes at once. */
static void
test_null_while_it_waits (Fixture      *f,
                          gconstpointer data)
{
  g_autoptr (Leg) a = NULL;
  g_autoptr (Leg) b = NULL;
  gint64 began;

  start_two (f, ELEMENT, FALSE, &a, &b);
  leg_start (a, 60000, FALSE);
  leg_await (a, LEG_TOO_FAR);
  began = g_get_monotonic_time ();
  gst_element_set_state (f->pipeline, GST_STATE_NULL);
  g_assert_cmpint (g_get_monotonic_time () - began, <, SOON);
  leg_join (a);
  g_assert_cmpint (a->flow, ==, GST_FLOW_FLUSHING);
}

/* What still waits for the other one in the mix goes to disk with all the rest. */
static void
test_null_saves (Fixture      *f,
                 gconstpointer data)
{
  g_autoptr (Leg) a = NULL;
  g_autoptr (Leg) b = NULL;
  g_autoptr (EkaLeftover) leftover = NULL;
  g_autoptr (GstMessage) error = NULL;
  g_autoptr (GByteArray) audio = g_byte_array_new ();
  g_autoptr (GArray) samples = g_array_new (FALSE, FALSE, sizeof (gint16));

  eka_liar_push_stall (f->liar, EKA_CALL_CREATE);
  start_two (f, ELEMENT, FALSE, &a, &b);
  g_assert_cmpint (leg_push (a, 2500), ==, GST_FLOW_OK);
  g_assert_cmpint (leg_push (b, 1000), ==, GST_FLOW_OK);
  gst_element_set_state (f->pipeline, GST_STATE_READY);
  error = fixture_wait (f, GST_MESSAGE_ERROR);
  fixture_assert_error (error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_WRITE,
                        "2.5 s of audio were not delivered");
  leftover = leftovers_get_only (fixture_get_outbox ());
  leftovers_read (leftover, audio);
  g_array_append_vals (samples, audio->data, audio->len / sizeof (gint16));
  g_assert_cmpuint (ms (legs_count (samples, 1, 0, A + B)), ==, 1000);
  g_assert_cmpuint (ms (legs_count (samples, 1, 0, A)), ==, 1500);
}

/* Where nothing may be on disk, it is told how much is lost. */
static void
test_null_tells (Fixture      *f,
                 gconstpointer data)
{
  g_autoptr (Leg) a = NULL;
  g_autoptr (Leg) b = NULL;
  g_autoptr (GstMessage) error = NULL;

  eka_liar_push_stall (f->liar, EKA_CALL_CREATE);
  start_two (f, ELEMENT " outbox-policy=never", FALSE, &a, &b);
  g_assert_cmpint (leg_push (a, 2500), ==, GST_FLOW_OK);
  g_assert_cmpint (leg_push (b, 1000), ==, GST_FLOW_OK);
  gst_element_set_state (f->pipeline, GST_STATE_READY);
  error = fixture_wait (f, GST_MESSAGE_ERROR);
  fixture_assert_error (error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_WRITE,
                        "2.5 s of audio were not delivered and are lost");
}

static void
test_null_in_paused (Fixture      *f,
                     gconstpointer data)
{
  g_autoptr (Leg) a = NULL;
  g_autoptr (Leg) b = NULL;

  fixture_launch (f, ELEMENT);
  a = leg_new (f, NULL, A, FALSE);
  b = leg_new (f, NULL, B, FALSE);
  gst_element_set_state (f->pipeline, GST_STATE_PAUSED);
  leg_begin (a, PCM, 0);
  leg_begin (b, PCM, 0);
  leg_start (a, 1000, TRUE);
  leg_start (b, 1000, TRUE);
  leg_await (a, 0);
  leg_await (b, 0);
  gst_element_set_state (f->pipeline, GST_STATE_NULL);
  leg_join (a);
  leg_join (b);
  g_assert_cmpint (a->flow, ==, GST_FLOW_FLUSHING);
  g_assert_cmpint (b->flow, ==, GST_FLOW_FLUSHING);
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_CREATE), ==, 0);
}

/* In PAUSED nothing has begun: who comes then is mixed from the beginning on. */
static void
test_joins_in_paused (Fixture      *f,
                      gconstpointer data)
{
  g_autoptr (Leg) a = NULL;
  g_autoptr (Leg) b = NULL;

  fixture_launch (f, ELEMENT);
  a = leg_new (f, NULL, A, FALSE);
  gst_element_set_state (f->pipeline, GST_STATE_PAUSED);
  leg_begin (a, PCM, 0);
  leg_start (a, 1000, TRUE);
  leg_await (a, 0);
  b = leg_new (f, NULL, B, FALSE);
  leg_begin (b, PCM, 0);
  leg_start (b, 1000, TRUE);
  fixture_play (f);
  leg_join (a);
  leg_join (b);
  fixture_await_end (f);
  g_assert_cmpuint (heard (f, A + B), ==, 1000);
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_CREATE), ==, 1);
}

/* What was taken stays, and the clock of the leg begins anew. */
static void
test_flush (Fixture      *f,
            gconstpointer data)
{
  g_autoptr (Leg) a = NULL;
  g_autoptr (Leg) b = NULL;

  start_two (f, ELEMENT, FALSE, &a, &b);
  push_both (a, b, 2000);
  leg_flush (a);
  leg_flush (b);
  push_both (a, b, 2000);
  end_both (f, a, b);
  g_assert_cmpuint (heard (f, A + B), ==, 4000);
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_CREATE), ==, 1);
}

/* One that waits for the other is let go by a flush. */
static void
test_flush_while_it_waits (Fixture      *f,
                           gconstpointer data)
{
  g_autoptr (Leg) a = NULL;
  g_autoptr (Leg) b = NULL;

  start_two (f, ELEMENT, FALSE, &a, &b);
  leg_start (a, 60000, FALSE);
  leg_await (a, LEG_TOO_FAR);
  gst_pad_push_event (a->source, gst_event_new_flush_start ());
  leg_join (a);
  g_assert_cmpint (a->flow, ==, GST_FLOW_FLUSHING);
  leg_flush (a);
  leg_end (a);
  leg_push (b, 1000);
  leg_end (b);
  fixture_await_end (f);
}

/* After the end a flush takes it back. */
static void
test_flush_after_the_end (Fixture      *f,
                          gconstpointer data)
{
  g_autoptr (Leg) a = NULL;
  g_autoptr (Leg) b = NULL;

  start_two (f, ELEMENT, FALSE, &a, &b);
  push_both (a, b, 1000);
  end_both (f, a, b);
  leg_flush (a);
  leg_flush (b);
  push_both (a, b, 1000);
  end_both (f, a, b);
  g_assert_cmpuint (heard (f, A + B), ==, 2000);
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_CREATE), ==, 2);
  /* a flush alone, and ends again */
  leg_flush (a);
  leg_end (a);
  fixture_await_end (f);
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_CREATE), ==, 2);
}

/* What is recorded now is not kept waiting by who says nothing. */
static void
test_silent_live (Fixture      *f,
                  gconstpointer data)
{
  g_autoptr (Leg) a = NULL;
  g_autoptr (Leg) b = NULL;

  start_two (f, ELEMENT " max-chunk-duration=1000000000", TRUE, &a, &b);
  leg_push (a, 20000);
  fixture_wait_for_stat (f, "chunks-uploaded", 10);
  end_both (f, a, b);
  g_assert_cmpuint (heard (f, A), ==, 20000);
}

/* A source that never says what it has is not waited for without end. */
static void
test_no_caps_ever (Fixture      *f,
                   gconstpointer data)
{
  g_autoptr (Leg) a = NULL;
  g_autoptr (Leg) b = NULL;

  fixture_launch (f, ELEMENT " max-chunk-duration=1000000000");
  a = leg_new (f, NULL, A, TRUE);
  b = leg_new (f, NULL, B, TRUE);
  fixture_play (f);
  leg_begin (a, PCM, 0);
  /* and the mix stays as far behind as it would wait for the other */
  leg_push (a, 8000);
  fixture_wait_for_stat (f, "chunks-uploaded", 3);
  leg_end (a);
  gst_pad_push_event (b->source, gst_event_new_stream_start ("b"));
  leg_end (b);
  fixture_await_end (f);
  g_assert_cmpuint (heard (f, A), ==, 8000);
}

/* Nothing of one run is left in the next. */
static void
test_runs (Fixture      *f,
           gconstpointer data)
{
  g_autoptr (Leg) a = NULL;
  g_autoptr (Leg) b = NULL;
  g_autoptr (GArray) samples = NULL;
  guint i;

  fixture_launch (f, STEREO);
  a = leg_new (f, NULL, A, FALSE);
  b = leg_new (f, NULL, B, FALSE);
  for (i = 0; i < 3; i++) {
    fixture_play (f);
    leg_begin (a, PCM, 0);
    leg_begin (b, PCM, 0);
    leg_push (a, 1000);
    leg_push (b, 1000);
    leg_end (a);
    leg_end (b);
    fixture_await_end (f);
    gst_element_set_state (f->pipeline, GST_STATE_READY);
    gst_pad_set_active (a->source, FALSE);
    gst_pad_set_active (b->source, FALSE);
    gst_pad_set_active (a->source, TRUE);
    gst_pad_set_active (b->source, TRUE);
  }
  samples = legs_collect (f, 2);
  g_assert_cmpuint (ms (samples->len), ==, 3 * 2 * 1000);
  g_assert_cmpuint (ms (legs_count (samples, 2, 0, A)), ==, 3000);
  g_assert_cmpuint (ms (legs_count (samples, 2, 1, B)), ==, 3000);
}

int
main (int    argc,
      char **argv)
{
  fixture_init (&argc, &argv);
  add_test ("/pads/two", test_two);
  add_test ("/pads/stereo", test_stereo);
  add_test ("/pads/ends-apart", test_ends_apart);
  add_test ("/pads/joins", test_joins);
  add_test ("/pads/joins-passthrough", test_joins_passthrough);
  add_test ("/pads/joins-what-is-held-back", test_joins_held);
  add_test ("/pads/joins-in-paused", test_joins_in_paused);
  add_test ("/pads/not-linked", test_not_linked);
  add_test ("/pads/idle-one-stays", test_idle_one_stays);
  add_test ("/pads/another-comes", test_another_comes);
  add_test ("/pads/after-the-end", test_after_the_end);
  add_test ("/pads/takes-over", test_takes_over);
  add_test ("/pads/all-released", test_all_released);
  add_test ("/pads/released-while-it-waits", test_released_while_it_waits);
  add_test ("/pads/null-while-it-waits", test_null_while_it_waits);
  add_test ("/pads/null-saves-what-is-mixed", test_null_saves);
  add_test ("/pads/null-tells-what-is-lost", test_null_tells);
  add_test ("/pads/null-in-paused", test_null_in_paused);
  add_test ("/pads/flush", test_flush);
  add_test ("/pads/flush-while-it-waits", test_flush_while_it_waits);
  add_test ("/pads/flush-after-the-end", test_flush_after_the_end);
  add_test ("/pads/silent-live", test_silent_live);
  add_test ("/pads/no-caps-ever", test_no_caps_ever);
  add_test ("/pads/runs", test_runs);
  return g_test_run ();
}
