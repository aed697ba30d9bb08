/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Sources of several pads that go away, are changed, or say nothing. */
#include "gstekascribemixer.h"
#include "legs.h"

#define ELEMENT "ekascribesink name=s"

#define A 1000
#define B 300

/* In Hz; what it takes has to be resampled. */
#define RATE 48000

#define RAW                                                                   \
  "audio/x-raw,format=S16LE,layout=interleaved,rate=48000,channels=1"

/* How many samples more or less than there should be a resampler gives. */
#define ROUNDING 2

/* So many are not what went in, where something begins or ends. */
#define EDGE 40

/* As leg_push(), at RATE. */
static void
push_raw (Leg  *leg,
          guint milliseconds)
{
  const guint n = RATE / 50;
  guint pushed, i;

  for (pushed = 0; pushed < milliseconds; pushed += 20) {
    g_autofree gint16 *samples = g_new (gint16, n);
    GstBuffer *buffer;

    for (i = 0; i < n; i++)
      samples[i] = GINT16_TO_LE (leg->value);
    buffer = gst_buffer_new_memdup (samples, n * sizeof *samples);
    GST_BUFFER_PTS (buffer) = leg->time;
    GST_BUFFER_DURATION (buffer) = 20 * GST_MSECOND;
    leg->time += 20 * GST_MSECOND;
    g_assert_cmpint (gst_pad_push (leg->source, buffer), ==, GST_FLOW_OK);
  }
}

static void
unlink_leg (Leg *leg)
{
  g_assert_true (gst_pad_unlink (leg->source, leg->pad));
}

static void
assert_length (Fixture *f,
               guint    milliseconds)
{
  g_autoptr (GArray) samples = legs_collect (f, 1);

  g_assert_cmpuint (samples->len, >=, 16 * milliseconds - ROUNDING);
  g_assert_cmpuint (samples->len, <=, 16 * milliseconds + ROUNDING);
}

/* What is heard in one second, but for where it begins and ends. */
static void
assert_second (GArray *samples,
               guint   second,
               gint16  value)
{
  guint i;

  for (i = EDGE; i < 16000 - EDGE; i++)
    g_assert_cmpint (GINT16_FROM_LE (g_array_index (samples, gint16,
                                                    second * 16000 + i)),
                     ==, value);
}

/* Two pads that are resampled, with a second of audio. */
static void
begin_two (Fixture *f,
           Leg    **a,
           Leg    **b)
{
  fixture_launch (f, ELEMENT);
  *a = leg_new (f, NULL, A, FALSE);
  *b = leg_new (f, NULL, B, FALSE);
  fixture_play (f);
  leg_begin (*a, RAW, 0);
  leg_begin (*b, RAW, 0);
  push_raw (*a, 1000);
  push_raw (*b, 1000);
}

/* What a resampler holds back belongs to what was recorded: an end of nothing but
 * that would be a session of its own. */
static void
test_unlinked_then_released (Fixture      *f,
                             gconstpointer data)
{
  g_autoptr (Leg) a = NULL;
  g_autoptr (Leg) b = NULL;

  begin_two (f, &a, &b);
  unlink_leg (a);
  leg_release (a);
  unlink_leg (b);
  fixture_await_end (f);
  leg_release (b);
  gst_element_set_state (f->pipeline, GST_STATE_NULL);
  assert_length (f, 1000);
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_CREATE), ==, 1);
}

static void
test_all_unlinked_then_released (Fixture      *f,
                                 gconstpointer data)
{
  g_autoptr (Leg) a = NULL;
  g_autoptr (Leg) b = NULL;

  begin_two (f, &a, &b);
  unlink_leg (a);
  unlink_leg (b);
  leg_release (a);
  leg_release (b);
  fixture_await_end (f);
  gst_element_set_state (f->pipeline, GST_STATE_NULL);
  assert_length (f, 1000);
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_CREATE), ==, 1);
}

/* One without a source, beside one that ends. */
static void
test_unlinked_beside_an_end (Fixture      *f,
                             gconstpointer data)
{
  g_autoptr (Leg) a = NULL;
  g_autoptr (Leg) b = NULL;
  g_autoptr (Leg) c = NULL;

  begin_two (f, &a, &b);
  unlink_leg (a);
  push_raw (b, 1000);
  leg_end (b);
  fixture_await_end (f);
  leg_release (a);
  leg_release (b);
  /* and nothing of it is in what comes next */
  c = leg_new (f, NULL, A, FALSE);
  leg_begin (c, PCM, 0);
  leg_push (c, 1000);
  leg_end (c);
  fixture_await_end (f);
  assert_length (f, 3000);
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_CREATE), ==, 2);
}

/* The recording goes on with another source on the pad. */
static void
test_relinked (Fixture      *f,
               gconstpointer data)
{
  g_autoptr (Leg) a = NULL;
  g_autoptr (Leg) b = NULL;
  g_autoptr (GArray) samples = NULL;
  guint i;

  begin_two (f, &a, &b);
  for (i = 1; i <= 3; i++) {
    unlink_leg (b);
    push_raw (a, 1000);
    g_assert_cmpint (gst_pad_link (b->source, b->pad), ==, GST_PAD_LINK_OK);
    leg_begin (b, i % 2 != 0 ? PCM : RAW, 2 * i * GST_SECOND);
    push_raw (a, 1000);
    if (i % 2 != 0)
      leg_push (b, 1000);
    else
      push_raw (b, 1000);
  }
  leg_end (a);
  leg_end (b);
  fixture_await_end (f);
  samples = legs_collect (f, 1);
  for (i = 0; i < samples->len / 16000; i++)
    assert_second (samples, i, i % 2 == 0 ? A + B : A);
  assert_length (f, 7000);
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_CREATE), ==, 1);
}

/* Its thread waits for the other one, which does not wait for it from then on; what
 * it has to give is mixed. */
static void
test_unlinked_while_it_waits (Fixture      *f,
                              gconstpointer data)
{
  g_autoptr (Leg) a = NULL;
  g_autoptr (Leg) b = NULL;
  g_autoptr (GArray) samples = NULL;

  fixture_launch (f, ELEMENT);
  a = leg_new (f, NULL, A, FALSE);
  b = leg_new (f, NULL, B, FALSE);
  fixture_play (f);
  leg_begin (a, PCM, 0);
  leg_begin (b, PCM, 0);
  leg_push (b, 100);
  leg_start (a, 60000, FALSE);
  leg_await (a, 100 + LEG_TOO_FAR);
  unlink_leg (a);
  leg_join (a);
  g_assert_cmpint (a->flow, ==, GST_FLOW_NOT_LINKED);
  g_assert_cmpint (leg_push (b, 20000), ==, GST_FLOW_OK);
  leg_end (b);
  fixture_await_end (f);
  samples = legs_collect (f, 1);
  g_assert_cmpuint (samples->len, ==, 16 * 20100);
  g_assert_cmpuint (legs_count (samples, 1, 0, A + B) +
                        legs_count (samples, 1, 0, B), ==, 16 * 20100);
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_CREATE), ==, 1);
}

/* Packets that wait for discovery have not begun: they are mixed, not lost. */
static void
test_unlinked_while_held (Fixture      *f,
                          gconstpointer data)
{
  g_autoptr (Leg) a = NULL;
  g_autoptr (Leg) b = NULL;
  g_autoptr (GArray) samples = NULL;
  guint i;

  fixture_launch (f, ELEMENT);
  f->liar->delay = 300;
  a = leg_new (f, NULL, A, FALSE);
  fixture_play (f);
  leg_begin (a, OPUS, 0);
  for (i = 0; i < 100; i++)
    g_assert_cmpint (fixture_push_opus (a->pad, i * 20 * GST_MSECOND, 1), ==,
                     GST_FLOW_OK);
  b = leg_new (f, NULL, B, FALSE);
  leg_begin (b, PCM, 0);
  leg_push (b, 1000);
  f->liar->delay = 0;
  unlink_leg (a);
  leg_end (b);
  fixture_await_end (f);
  leg_release (a);
  gst_element_set_state (f->pipeline, GST_STATE_NULL);
  samples = legs_collect (f, 1);
  g_assert_cmpuint (samples->len, >=, 16 * 2000);
  g_assert_cmpuint (samples->len, <, 16 * 2020);
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_CREATE), ==, 1);
}

/* So long, in µs, is waited in place of seconds. */
#define SHORT (50 * G_TIME_SPAN_MILLISECOND)

static void
set_limits (Fixture *f,
            gint64   longest_start,
            gint64   longest_silence)
{
  GstElement *mixer = gst_bin_get_by_name (GST_BIN (f->sink), "mixer");

  gst_ekascribe_mixer_set_limits (GST_EKASCRIBE_MIXER (mixer), longest_start,
                                  longest_silence);
  gst_object_unref (mixer);
}

static void
await_warning (Fixture     *f,
               const gchar *text)
{
  g_autoptr (GstMessage) warning = fixture_wait (
      f, GST_MESSAGE_WARNING | GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (GST_MESSAGE_TYPE (warning), ==, GST_MESSAGE_WARNING);
  gst_message_parse_warning (warning, &error, NULL);
  g_assert_error (error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_BUSY);
  if (!g_str_has_prefix (error->message, text))
    g_error ("%s", error->message);
}

static void
assert_heard (Fixture *f,
              gint16   value,
              guint    milliseconds)
{
  g_autoptr (GArray) samples = legs_collect (f, 1);

  g_assert_cmpuint (legs_count (samples, 1, 0, value), ==, 16 * milliseconds);
}

/* A file waits for another one, of which the application hears; it goes on when
 * something comes. */
static void
test_silent (Fixture      *f,
             gconstpointer data)
{
  g_autoptr (Leg) a = NULL;
  g_autoptr (Leg) b = NULL;

  fixture_launch (f, ELEMENT);
  a = leg_new (f, NULL, A, FALSE);
  b = leg_new (f, NULL, B, FALSE);
  fixture_play (f);
  leg_begin (a, PCM, 0);
  leg_begin (b, PCM, 0);
  set_limits (f, G_TIME_SPAN_HOUR, SHORT);
  leg_start (a, 30000, TRUE);
  await_warning (f, "audio_1: ");
  leg_push (b, 1000);
  /* Told once, and not of the one that waits. */
  g_usleep (3 * SHORT);
  leg_end (b);
  leg_join (a);
  fixture_await_end (f);
  assert_heard (f, A + B, 1000);
  assert_heard (f, A, 29000);
  g_assert_cmpuint (fixture_count_type (f, GST_MESSAGE_WARNING), ==, 1);
}

/* One that has not even caps is waited for a while; the others go on, but the end
 * does not come without it. */
static void
test_silent_without_caps (Fixture      *f,
                          gconstpointer data)
{
  g_autoptr (Leg) a = NULL;
  g_autoptr (Leg) b = NULL;

  fixture_launch (f, ELEMENT " max-chunk-duration=1000000000");
  a = leg_new (f, NULL, A, FALSE);
  b = leg_new (f, NULL, B, FALSE);
  fixture_play (f);
  leg_begin (a, PCM, 0);
  set_limits (f, SHORT, SHORT);
  leg_push (a, 30000);
  fixture_wait_for_stat (f, "chunks-uploaded", 20);
  leg_end (a);
  await_warning (f, "audio_1: ");
  unlink_leg (b);
  fixture_await_end (f);
  assert_heard (f, A, 30000);
  g_assert_cmpuint (fixture_count_type (f, GST_MESSAGE_WARNING), ==, 1);
}

/* While others record a silent one hinders nobody: that counts from when they end. */
static void
test_silent_at_the_end (Fixture      *f,
                        gconstpointer data)
{
  g_autoptr (Leg) a = NULL;
  g_autoptr (Leg) b = NULL;

  fixture_launch (f, ELEMENT " max-chunk-duration=1000000000");
  a = leg_new (f, NULL, A, TRUE);
  b = leg_new (f, NULL, B, FALSE);
  fixture_play (f);
  leg_begin (a, PCM, 0);
  set_limits (f, 0, 2 * G_TIME_SPAN_SECOND);
  leg_push (a, 3000);
  g_usleep (2 * G_TIME_SPAN_SECOND + SHORT);
  leg_end (a);
  g_usleep (2 * SHORT);
  leg_end (b);
  fixture_await_end (f);
  assert_heard (f, A, 3000);
  g_assert_cmpuint (fixture_count_type (f, GST_MESSAGE_WARNING), ==, 0);
}

/* Nobody waits for what is recorded now. */
static void
test_silent_live (Fixture      *f,
                  gconstpointer data)
{
  g_autoptr (Leg) a = NULL;
  g_autoptr (Leg) b = NULL;

  fixture_launch (f, ELEMENT " max-chunk-duration=1000000000");
  a = leg_new (f, NULL, A, TRUE);
  b = leg_new (f, NULL, B, TRUE);
  fixture_play (f);
  leg_begin (a, PCM, 0);
  leg_begin (b, PCM, 0);
  set_limits (f, G_TIME_SPAN_HOUR, 1);
  leg_push (a, 20000);
  fixture_wait_for_stat (f, "chunks-uploaded", 10);
  leg_end (a);
  leg_end (b);
  fixture_await_end (f);
  assert_heard (f, A, 20000);
  g_assert_cmpuint (fixture_count_type (f, GST_MESSAGE_WARNING), ==, 0);
}

int
main (int    argc,
      char **argv)
{
  fixture_init (&argc, &argv);
  add_test ("/sources/unlinked-then-released", test_unlinked_then_released);
  add_test ("/sources/all-unlinked-then-released",
            test_all_unlinked_then_released);
  add_test ("/sources/unlinked-beside-an-end", test_unlinked_beside_an_end);
  add_test ("/sources/relinked", test_relinked);
  add_test ("/sources/unlinked-while-it-waits", test_unlinked_while_it_waits);
  add_test ("/sources/unlinked-while-held", test_unlinked_while_held);
  add_test ("/sources/silent", test_silent);
  add_test ("/sources/silent-without-caps", test_silent_without_caps);
  add_test ("/sources/silent-at-the-end", test_silent_at_the_end);
  add_test ("/sources/silent-live", test_silent_live);
  return g_test_run ();
}
