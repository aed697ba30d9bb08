/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "gstekascribetimeline.h"

#define FRAME (20 * GST_MSECOND)

static GstEkascribeTimeline *
start (GstEkascribeTimeline *self,
       guint                 frames)
{
  guint i;

  gst_ekascribe_timeline_reset (self);
  for (i = 0; i < frames; i++)
    gst_ekascribe_timeline_add (self, i * FRAME, FRAME);
  return self;
}

static void
test_steady (void)
{
  GstEkascribeTimeline timeline;

  start (&timeline, 50);
  g_assert_false (gst_ekascribe_timeline_is_jump (&timeline, GST_SECOND));
  g_assert_cmpuint (gst_ekascribe_timeline_get_hole (&timeline, GST_SECOND), ==,
                    0);
}

static void
test_first_packet (void)
{
  GstEkascribeTimeline timeline;

  start (&timeline, 0);
  timeline.broken = TRUE;
  g_assert_false (
      gst_ekascribe_timeline_is_jump (&timeline, 48 * 3600 * GST_SECOND));
  g_assert_cmpuint (gst_ekascribe_timeline_get_hole (
                        &timeline, 48 * 3600 * GST_SECOND),
                    ==, 0);
}

/* What is marked is missing, to a frame and less. */
static void
test_marked (void)
{
  GstEkascribeTimeline timeline;

  start (&timeline, 50)->broken = TRUE;
  g_assert_cmpuint (
      gst_ekascribe_timeline_get_hole (&timeline, GST_SECOND + FRAME), ==,
      FRAME);
  g_assert_cmpuint (
      gst_ekascribe_timeline_get_hole (&timeline, GST_SECOND + GST_MSECOND),
      ==, 0);
  g_assert_cmpuint (
      gst_ekascribe_timeline_get_hole (&timeline, 2 * GST_SECOND), ==,
      GST_SECOND);
  gst_ekascribe_timeline_add (&timeline, GST_SECOND + FRAME, FRAME);
  g_assert_false (timeline.broken);
}

/* Packets that come late and early, as their arrival tells: only so much is
 * filled as they are late at most, and once. */
static void
test_jitter (void)
{
  static const guint late[] = { 0, 5, 30, 39, 0, 60, 10, 55, 60, 0, 90, 90, 20 };
  GstEkascribeTimeline timeline;
  GstClockTime filled = 0;
  guint round, i;

  start (&timeline, 50);
  for (round = 0; round < 100; round++) {
    for (i = 0; i < G_N_ELEMENTS (late); i++) {
      const guint n = 50 + round * G_N_ELEMENTS (late) + i;
      const GstClockTime time = n * FRAME + late[i] * GST_MSECOND;
      GstClockTime hole = gst_ekascribe_timeline_get_hole (&timeline, time);

      filled += hole;
      gst_ekascribe_timeline_add (&timeline, GST_CLOCK_TIME_NONE, hole);
      gst_ekascribe_timeline_add (&timeline, time, FRAME);
    }
  }
  g_assert_cmpuint (filled, <=, 90 * GST_MSECOND);
  g_assert_cmpuint (filled, >, 0);
}

/* Two packets of fifty are lost, and nobody says so. */
static void
test_unmarked (void)
{
  GstEkascribeTimeline timeline;
  GstClockTime filled = 0;
  guint i;

  start (&timeline, 10);
  for (i = 10; i < 1010; i++) {
    GstClockTime hole;

    if (i % 50 < 2)
      continue;
    hole = gst_ekascribe_timeline_get_hole (&timeline, i * FRAME);
    filled += hole;
    gst_ekascribe_timeline_add (&timeline, GST_CLOCK_TIME_NONE, hole);
    gst_ekascribe_timeline_add (&timeline, i * FRAME, FRAME);
  }
  g_assert_cmpuint (filled, ==, 40 * FRAME);
}

static void
test_jumps (void)
{
  GstEkascribeTimeline timeline;

  start (&timeline, 100);
  g_assert_false (
      gst_ekascribe_timeline_is_jump (&timeline, 3 * GST_SECOND));
  g_assert_true (
      gst_ekascribe_timeline_is_jump (&timeline, 3 * GST_SECOND + 1));
  g_assert_false (gst_ekascribe_timeline_is_jump (&timeline, GST_SECOND));
  g_assert_true (gst_ekascribe_timeline_is_jump (&timeline, GST_SECOND - 1));
  g_assert_false (
      gst_ekascribe_timeline_is_jump (&timeline, GST_CLOCK_TIME_NONE));
  gst_ekascribe_timeline_jump (&timeline);
  gst_ekascribe_timeline_add (&timeline, 100 * GST_SECOND, FRAME);
  g_assert_cmpuint (gst_ekascribe_timeline_get_hole (
                        &timeline, 100 * GST_SECOND + FRAME),
                    ==, 0);
}

static void
test_back (void)
{
  GstEkascribeTimeline timeline;

  start (&timeline, 100)->broken = TRUE;
  g_assert_cmpuint (
      gst_ekascribe_timeline_get_hole (&timeline, GST_SECOND), ==, 0);
}

/* What has no time goes on where the last one was. */
static void
test_no_times (void)
{
  GstEkascribeTimeline timeline;
  guint i;

  start (&timeline, 50);
  for (i = 0; i < 50; i++)
    gst_ekascribe_timeline_add (&timeline, GST_CLOCK_TIME_NONE, FRAME);
  g_assert_false (
      gst_ekascribe_timeline_is_jump (&timeline, 2 * GST_SECOND + FRAME));
  timeline.broken = TRUE;
  g_assert_cmpuint (gst_ekascribe_timeline_get_hole (
                        &timeline, 2 * GST_SECOND + FRAME),
                    ==, FRAME);

  start (&timeline, 0);
  gst_ekascribe_timeline_add (&timeline, GST_CLOCK_TIME_NONE, FRAME);
  timeline.broken = TRUE;
  g_assert_cmpuint (gst_ekascribe_timeline_get_hole (&timeline, GST_SECOND), ==,
                    0);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/timeline/steady", test_steady);
  g_test_add_func ("/timeline/first-packet", test_first_packet);
  g_test_add_func ("/timeline/marked-holes-are-exact", test_marked);
  g_test_add_func ("/timeline/jitter-is-filled-once", test_jitter);
  g_test_add_func ("/timeline/holes-that-nobody-marks", test_unmarked);
  g_test_add_func ("/timeline/jumps", test_jumps);
  g_test_add_func ("/timeline/back-is-no-hole", test_back);
  g_test_add_func ("/timeline/no-times", test_no_times);
  return g_test_run ();
}
