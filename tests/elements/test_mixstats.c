/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What `stats` tells of pads and mixes, and what becomes of streams that are late. */
#include "gstekascribejunctionprivate.h"
#include "legs.h"

#define PCM                                                                    \
  "audio/x-raw,format=S16LE,layout=interleaved,rate=16000,channels=1"
#define ELEMENT "ekascribesink name=s poll-interval=50000000 "

/* A clock that is 200 ppm too slow, in ns for each buffer; what that comes to in a
 * minute, and how much of it may not be noticed yet */
#define SLOW 4000
#define MINUTE 60000
#define SKEW (12 * GST_MSECOND)
#define TOLERANCE (7 * GST_MSECOND)

static guint
get_pads (Fixture *f)
{
  g_autoptr (GstStructure) stats = NULL;
  guint pads = G_MAXUINT;

  g_object_get (f->sink, "stats", &stats, NULL);
  gst_structure_get_uint (stats, "pads", &pads);
  return pads;
}

static void
assert_marks (Fixture      *f,
              GstClockTime  late,
              GstClockTime  skewed,
              guint64       clipped)
{
  g_assert_cmpuint (fixture_get_stat (f, "time-late"), ==, late);
  g_assert_cmpuint (fixture_get_stat (f, "time-skewed"), ==, skewed);
  g_assert_cmpuint (fixture_get_stat (f, "samples-clipped"), ==, clipped);
}

/* Side by side, on threads of their own. */
static void
push_both (Leg  *a,
           Leg  *b,
           guint milliseconds)
{
  leg_start (a, milliseconds, TRUE);
  leg_start (b, milliseconds, TRUE);
  leg_join (a);
  leg_join (b);
}

static void
test_pads (Fixture      *f,
           gconstpointer data)
{
  g_autoptr (Leg) a = NULL;
  g_autoptr (Leg) b = NULL;
  GstPad *unlinked;

  fixture_launch (f, ELEMENT);
  a = leg_new (f, NULL, 1000, FALSE);
  fixture_play (f);
  g_assert_cmpuint (get_pads (f), ==, 1);
  unlinked = gst_element_request_pad_simple (f->sink, "audio_%u");
  g_assert_cmpuint (get_pads (f), ==, 1);
  b = leg_new (f, NULL, 300, FALSE);
  g_assert_cmpuint (get_pads (f), ==, 2);
  leg_begin (a, PCM, 0);
  leg_begin (b, PCM, 0);
  leg_push (a, 1000);
  leg_end (a);
  g_assert_cmpuint (get_pads (f), ==, 1);
  leg_push (b, 1000);
  leg_release (a);
  g_assert_cmpuint (get_pads (f), ==, 1);
  leg_end (b);
  fixture_await_end (f);
  g_assert_cmpuint (get_pads (f), ==, 0);
  gst_element_release_request_pad (f->sink, unlinked);
  gst_object_unref (unlinked);
  gst_element_set_state (f->pipeline, GST_STATE_NULL);
  g_assert_cmpuint (get_pads (f), ==, 0);
}

/* Stamps that are exact leave no marks. */
static void
test_exact (Fixture      *f,
            gconstpointer data)
{
  g_autoptr (Leg) a = NULL;
  g_autoptr (Leg) b = NULL;

  fixture_launch (f, ELEMENT);
  a = leg_new (f, NULL, 1000, FALSE);
  b = leg_new (f, NULL, 300, FALSE);
  fixture_play (f);
  leg_begin (a, PCM, 0);
  leg_begin (b, PCM, 0);
  push_both (a, b, 10000);
  fixture_await_end (f);
  assert_marks (f, 0, 0, 0);
  g_assert_cmpuint (fixture_get_stat (f, "time-filled"), ==, 0);
}

static void
test_loud (Fixture      *f,
           gconstpointer data)
{
  g_autoptr (Leg) a = NULL;
  g_autoptr (Leg) b = NULL;

  fixture_launch (f, ELEMENT);
  a = leg_new (f, NULL, 20000, FALSE);
  b = leg_new (f, NULL, 20000, FALSE);
  fixture_play (f);
  leg_begin (a, PCM, 0);
  leg_begin (b, PCM, 0);
  push_both (a, b, 1000);
  fixture_await_end (f);
  assert_marks (f, 0, 0, 16000);
}

/* A second of each leg is missing, and not told as missing. */
static void
test_filled (Fixture      *f,
             gconstpointer data)
{
  g_autoptr (Leg) a = NULL;
  g_autoptr (Leg) b = NULL;

  fixture_launch (f, ELEMENT);
  a = leg_new (f, NULL, 1000, FALSE);
  b = leg_new (f, NULL, 300, FALSE);
  fixture_play (f);
  leg_begin (a, PCM, 0);
  leg_begin (b, PCM, 0);
  leg_push (a, 2000);
  leg_push (b, 1000);
  a->time += GST_SECOND;
  b->time += GST_SECOND;
  leg_push (b, 1000);
  push_both (a, b, 1000);
  fixture_await_end (f);
  assert_marks (f, 0, 0, 0);
  g_assert_cmpuint (fixture_get_stat (f, "time-filled"), ==, 2 * GST_SECOND);
}

static void
assert_skewed (Fixture *f,
               guint    n)
{
  const GstClockTime skewed = fixture_get_stat (f, "time-skewed");

  g_assert_cmpuint (skewed, >, n * (SKEW - TOLERANCE));
  g_assert_cmpuint (skewed, <=, n * SKEW);
  g_assert_cmpuint (fixture_get_stat (f, "time-late"), ==, 0);
}

static void
mix_skewed (Fixture *f)
{
  g_autoptr (Leg) a = leg_new (f, NULL, 1000, FALSE);
  g_autoptr (Leg) b = leg_new (f, NULL, 300, FALSE);

  b->drift = SLOW;
  fixture_play (f);
  leg_begin (a, PCM, 0);
  leg_begin (b, PCM, 0);
  push_both (a, b, MINUTE);
  fixture_await_end (f);
}

/* Of both mixes of a run, also after it; and not of the one before it. */
static void
test_skewed (Fixture      *f,
             gconstpointer data)
{
  fixture_launch (f, ELEMENT);
  mix_skewed (f);
  assert_skewed (f, 1);
  mix_skewed (f);
  assert_skewed (f, 2);
  gst_element_set_state (f->pipeline, GST_STATE_READY);
  assert_skewed (f, 2);
  fixture_play (f);
  assert_marks (f, 0, 0, 0);
}

/* A live leg stops for longer than is waited for: what comes then is late. */
static void
test_late (Fixture      *f,
           gconstpointer data)
{
  g_autoptr (Leg) a = NULL;
  g_autoptr (Leg) b = NULL;

  fixture_launch (f, ELEMENT);
  a = leg_new (f, NULL, 1000, TRUE);
  b = leg_new (f, NULL, 300, TRUE);
  fixture_play (f);
  leg_begin (a, PCM, 0);
  leg_begin (b, PCM, 0);
  leg_push (a, 1000);
  leg_push (b, 1000);
  leg_push (a, 5000);
  /* 4 s are mixed, 2 s are waited for. */
  fixture_wait_for_stat (f, "time-filled", 3 * GST_SECOND);
  assert_marks (f, 0, 0, 0);
  leg_push (b, 5000);
  leg_end (a);
  leg_end (b);
  fixture_await_end (f);
  /* What comes meanwhile may go by, too. */
  g_assert_cmpuint (fixture_get_stat (f, "time-late"), >=, 3 * GST_SECOND);
  g_assert_cmpuint (fixture_get_stat (f, "time-late"), <=, 5 * GST_SECOND);
  g_assert_cmpuint (fixture_get_stat (f, "time-skewed"), >, 50 * GST_MSECOND);
}

/* Neither is far ahead of the other. */
static void
push_in_turn (Leg  *a,
              Leg  *b,
              guint milliseconds)
{
  guint i;

  for (i = 0; i < milliseconds / 100; i++) {
    leg_push (a, 100);
    leg_push (b, 100);
  }
}

static void
wait_for_latency (Leg *leg)
{
  GstEkascribeInput *input = GST_EKASCRIBE_INPUT (leg->pad);
  const gint64 end = g_get_monotonic_time () + 10 * G_TIME_SPAN_SECOND;
  GstClockTime latency = 0;

  while (latency != leg->latency) {
    g_assert_cmpint (g_get_monotonic_time (), <, end);
    g_usleep (1000);
    g_mutex_lock (&input->junction->lock);
    latency = input->latency;
    g_mutex_unlock (&input->junction->lock);
  }
}

/* Where a source says, before it gives anything, that it will be late, the mix does
 * not get ahead of it: neither of one that joins, nor of one that is there and gives
 * its caps with its first data. */
static void
test_slow (Fixture      *f,
           gconstpointer data)
{
  const gboolean joins = GPOINTER_TO_INT (data);
  g_autoptr (Leg) a = NULL;
  g_autoptr (Leg) b = NULL;
  g_autoptr (Leg) c = NULL;
  g_autoptr (GArray) samples = NULL;

  fixture_launch (f, ELEMENT);
  a = leg_new (f, NULL, 1000, TRUE);
  b = leg_new (f, NULL, 300, TRUE);
  if (!joins)
    c = leg_new_slow (f, 70, 4 * GST_SECOND);
  fixture_play (f);
  leg_begin (a, PCM, 0);
  leg_begin (b, PCM, 0);
  if (!joins)
    wait_for_latency (c);
  push_in_turn (a, b, 4000);
  if (joins) {
    c = leg_new_slow (f, 70, 4 * GST_SECOND);
    wait_for_latency (c);
    push_in_turn (a, b, 4000);
  }
  /* A mix that did not know better would go on by then. */
  g_usleep (joins ? 300000 : 2500000);
  leg_begin (c, PCM, joins ? 4 * GST_SECOND : 0);
  leg_push (c, 4000);
  leg_end (a);
  leg_end (b);
  leg_end (c);
  fixture_await_end (f);
  assert_marks (f, 0, 0, 0);
  samples = legs_collect (f, 1);
  g_assert_cmpuint (samples->len, ==, (joins ? 8 : 4) * 16000);
  g_assert_cmpuint (legs_count (samples, 1, 0, 1370), ==, 4 * 16000);
}

int
main (int    argc,
      char **argv)
{
  fixture_init (&argc, &argv);
  add_test ("/mixstats/pads", test_pads);
  add_test ("/mixstats/exact", test_exact);
  add_test ("/mixstats/loud", test_loud);
  add_test ("/mixstats/filled", test_filled);
  add_test ("/mixstats/skewed", test_skewed);
  add_test ("/mixstats/late", test_late);
  g_test_add ("/mixstats/slow-from-the-beginning", Fixture,
              GINT_TO_POINTER (FALSE), fixture_set_up, test_slow,
              fixture_tear_down);
  g_test_add ("/mixstats/slow-joins", Fixture, GINT_TO_POINTER (TRUE),
              fixture_set_up, test_slow, fixture_tear_down);
  return g_test_run ();
}
