/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "gstekascriberesampler.h"

#include "fixture.h"

#include <gst/audio/audio.h>
#include <gst/check/gstharness.h>

#define RATE 16000
#define OUT "audio/x-raw,format=S16LE,layout=interleaved,rate=16000,channels=1"

/* An audioresample that is watched, and what came out of it. */
typedef struct
{
  GstHarness *harness;
  guint rate;
  guint64 frames;
  guint64 untimed;      /* of these, without a time stamp */
  guint jumps;          /* buffers that are marked so */
  GstClockTime first;   /* time stamp of the first buffer, */
  GstClockTime next;    /* where the last one ends, */
  GstClockTime last;    /* and where it begins */
  GstClockTime largest; /* step from the end of one to the beginning of the next */
} Bench;

static void
set_caps (Bench *self,
          guint  rate)
{
  g_autofree gchar *caps = g_strdup_printf (
      "audio/x-raw,format=S16LE,layout=interleaved,rate=%u,channels=1", rate);

  self->rate = rate;
  gst_harness_set_src_caps_str (self->harness, caps);
}

static Bench *
bench_new (guint rate)
{
  Bench *self = g_new0 (Bench, 1);
  g_autoptr (GstElement) resampler =
      gst_element_factory_make ("audioresample", NULL);

  gst_object_ref_sink (resampler);
  gst_ekascribe_resampler_watch (resampler, RATE);
  self->harness = gst_harness_new_with_element (resampler, "sink", "src");
  self->first = GST_CLOCK_TIME_NONE;
  self->next = GST_CLOCK_TIME_NONE;
  gst_harness_set_sink_caps_str (self->harness, OUT);
  set_caps (self, rate);
  return self;
}

static void
bench_free (Bench *self)
{
  gst_harness_teardown (self->harness);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Bench, bench_free)

static void
collect_buffer (Bench     *self,
                GstBuffer *buffer)
{
  const GstClockTime time = GST_BUFFER_PTS (buffer);
  const guint64 n = gst_buffer_get_size (buffer) / sizeof (gint16);

  self->frames += n;
  if (!GST_CLOCK_TIME_IS_VALID (time)) {
    self->untimed += n;
    return;
  }
  if (GST_CLOCK_TIME_IS_VALID (self->next))
    self->largest = MAX (self->largest, time > self->next ? time - self->next
                                                          : self->next - time);
  else
    self->first = time;
  self->jumps += GST_BUFFER_IS_DISCONT (buffer);
  self->last = time;
  self->next = time + gst_util_uint64_scale_round (n, GST_SECOND, RATE);
}

static void
collect (Bench *self)
{
  GstBuffer *buffer;

  while ((buffer = gst_harness_try_pull (self->harness)) != NULL) {
    collect_buffer (self, buffer);
    gst_buffer_unref (buffer);
  }
}

static void
push (Bench         *self,
      guint          n,
      GstClockTime   time,
      GstBufferFlags flags)
{
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, n * sizeof (gint16), NULL);

  gst_buffer_memset (buffer, 0, flags & GST_BUFFER_FLAG_GAP ? 0 : 1,
                     n * sizeof (gint16));
  GST_BUFFER_PTS (buffer) = time;
  GST_BUFFER_FLAG_SET (buffer, flags);
  g_assert_cmpint (gst_harness_push (self->harness, buffer), ==, GST_FLOW_OK);
  collect (self);
}

/* In buffers of 20 ms, from @time on; the first has @flags. */
static void
push_frames (Bench         *self,
             guint          n,
             GstClockTime   time,
             GstBufferFlags flags)
{
  guint i, size;

  for (i = 0; i < n; i += size) {
    size = MIN (self->rate / 50, n - i);
    push (self, size,
          time + gst_util_uint64_scale (i, GST_SECOND, self->rate), flags);
    flags &= ~GST_BUFFER_FLAG_DISCONT;
  }
}

static void
send (Bench    *self,
      GstEvent *event)
{
  g_assert_true (gst_harness_push_event (self->harness, event));
  collect (self);
}

static void
check_count (guint rate,
             guint n)
{
  g_autoptr (Bench) bench = bench_new (rate);

  push_frames (bench, n, 0, 0);
  send (bench, gst_event_new_eos ());
  g_assert_cmpuint (bench->frames, ==,
                    gst_util_uint64_scale_round (n, RATE, rate));
}

static void
test_count (gconstpointer data)
{
  const guint rate = GPOINTER_TO_UINT (data);
  guint n;

  for (n = 1; n < 100; n += 7)
    check_count (rate, n);
  for (n = 2 * rate; n < 2 * rate + 4; n++)
    check_count (rate, n);
}

/* Nothing of what came before a jump is lost, and nothing of it is heard later. */
static void
test_jump (void)
{
  g_autoptr (Bench) bench = bench_new (8000);

  push_frames (bench, 8000, 0, 0);
  push_frames (bench, 4000, 5 * GST_SECOND, GST_BUFFER_FLAG_DISCONT);
  g_assert_cmpuint (bench->jumps, ==, 2);
  g_assert_cmpuint (bench->largest, ==, 4 * GST_SECOND);
  send (bench, gst_event_new_eos ());
  g_assert_cmpuint (bench->frames, ==, 24000);
  g_assert_cmpuint (bench->next, ==, 5500 * GST_MSECOND);
}

/* Whatever the time stamps say: frames that are not marked follow each other. */
static void
test_late (void)
{
  g_autoptr (Bench) bench = bench_new (8000);
  guint i;

  for (i = 0; i < 100; i++)
    push (bench, 160, (20 * i + (i % 3 == 1 ? 200 : 0)) * GST_MSECOND, 0);
  send (bench, gst_event_new_eos ());
  g_assert_cmpuint (bench->jumps, ==, 1);
  g_assert_cmpuint (bench->frames, ==, 32000);
  g_assert_cmpuint (bench->largest, ==, 200 * GST_MSECOND);
}

/* A gap that is not marked shows in the time stamps, and stays there. */
static void
test_gap_unmarked (void)
{
  g_autoptr (Bench) bench = bench_new (48000);

  push_frames (bench, 48000, 0, 0);
  push_frames (bench, 48000, 1700 * GST_MSECOND, 0);
  send (bench, gst_event_new_eos ());
  g_assert_cmpuint (bench->jumps, ==, 1);
  g_assert_cmpuint (bench->frames, ==, 32000);
  g_assert_cmpuint (bench->largest, ==, 700 * GST_MSECOND);
  g_assert_cmpuint (bench->next, ==, 2700 * GST_MSECOND);
}

/* A first time stamp that is late, then such as are before it. */
static void
test_early (void)
{
  g_autoptr (Bench) bench = bench_new (8000);

  push (bench, 160, 10 * GST_MSECOND, 0);
  push_frames (bench, 800, 20 * GST_MSECOND, 0);
  send (bench, gst_event_new_eos ());
  g_assert_cmpuint (bench->frames, ==, 1920);
  g_assert_cmpuint (bench->next, ==, 120 * GST_MSECOND);
}

/* What comes late by more than all that was before. */
static void
test_backwards (void)
{
  g_autoptr (Bench) bench = bench_new (8000);

  push_frames (bench, 800, GST_SECOND, 0);
  push_frames (bench, 800, 0, 0);
  send (bench, gst_event_new_eos ());
  g_assert_cmpuint (bench->frames, ==, 3200);
  g_assert_cmpuint (bench->next, ==, 100 * GST_MSECOND);
}

/* A clock that runs since two days, 100 ppm fast. */
static void
test_long (void)
{
  const GstClockTime start = 48 * 3600 * GST_SECOND;
  g_autoptr (Bench) bench = bench_new (44100);
  guint i;

  for (i = 0; i < 500; i++)
    push (bench, 882, start + i * (20 * GST_MSECOND + 2 * GST_USECOND), 0);
  send (bench, gst_event_new_eos ());
  g_assert_cmpuint (bench->first, ==, start);
  g_assert_cmpuint (bench->frames, ==, 160000);
  g_assert_cmpuint (bench->jumps, ==, 1);
  g_assert_cmpuint (bench->largest, <=, 3 * GST_USECOND);
  g_assert_cmpuint (bench->next, >, start + 10 * GST_SECOND + 990 * GST_USECOND);
  g_assert_cmpuint (bench->next, <, start + 10 * GST_SECOND + 1010 * GST_USECOND);
}

static void
flush (Bench *self)
{
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  send (self, gst_event_new_flush_start ());
  send (self, gst_event_new_flush_stop (TRUE));
  send (self, gst_event_new_segment (&segment));
}

/* What was inside is gone, and what comes is whole. */
static void
test_flush (void)
{
  g_autoptr (Bench) bench = bench_new (8000);
  guint64 before;

  push_frames (bench, 1000, 0, 0);
  before = bench->frames;
  flush (bench);
  g_assert_cmpuint (bench->frames, ==, before);
  push_frames (bench, 1001, 7 * GST_SECOND, 0);
  send (bench, gst_event_new_eos ());
  g_assert_cmpuint (bench->frames, ==, before + 2002);
  g_assert_cmpuint (bench->jumps, ==, 2);
  g_assert_cmpuint (bench->next, ==,
                    7 * GST_SECOND + 1001 * GST_SECOND / 8000);
}

/* Another rate, and then one at which nothing is to be done. */
static void
test_caps_change (void)
{
  g_autoptr (Bench) bench = bench_new (8000);

  push_frames (bench, 4001, 0, 0);
  set_caps (bench, 44100);
  collect (bench);
  g_assert_cmpuint (bench->frames, ==, 8002);
  push_frames (bench, 44100, GST_SECOND, 0);
  set_caps (bench, RATE);
  collect (bench);
  g_assert_cmpuint (bench->frames, ==, 24002);
  push_frames (bench, 1603, 2 * GST_SECOND, 0);
  set_caps (bench, 48000);
  push_frames (bench, 48000, 3 * GST_SECOND, 0);
  send (bench, gst_event_new_eos ());
  g_assert_cmpuint (bench->frames, ==, 24002 + 1603 + 16000);
  g_assert_cmpuint (bench->next, ==, 4 * GST_SECOND);
}

/* The same caps and segments again are no end. */
static void
test_again (void)
{
  g_autoptr (Bench) bench = bench_new (11025);
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  push_frames (bench, 11025, 0, 0);
  set_caps (bench, 11025);
  push_frames (bench, 11025, GST_SECOND, 0);
  send (bench, gst_event_new_segment (&segment));
  push_frames (bench, 11025, 2 * GST_SECOND, 0);
  send (bench, gst_event_new_eos ());
  g_assert_cmpuint (bench->frames, ==, 48000);
  g_assert_cmpuint (bench->largest, <=, 100 * GST_USECOND);
}

/* Silence that is marked counts like any other. */
static void
test_silence (void)
{
  g_autoptr (Bench) bench = bench_new (8000);
  guint i;

  for (i = 0; i < 20; i++)
    push_frames (bench, 801, i * 801 * GST_SECOND / 8000,
                 i % 2 == 1 ? GST_BUFFER_FLAG_GAP : 0);
  send (bench, gst_event_new_eos ());
  g_assert_cmpuint (bench->frames, ==, 2 * 20 * 801);
  g_assert_cmpuint (bench->jumps, ==, 1);
  g_assert_cmpuint (bench->largest, <=, 100 * GST_USECOND);
}

/* Frames without a time stamp, in front and in between. */
static void
test_untimed (void)
{
  g_autoptr (Bench) bench = bench_new (8000);

  push (bench, 100, GST_CLOCK_TIME_NONE, 0);
  push (bench, 800, GST_SECOND, 0);
  push (bench, 800, GST_CLOCK_TIME_NONE, 0);
  push (bench, 800, 1200 * GST_MSECOND, 0);
  send (bench, gst_event_new_eos ());
  g_assert_cmpuint (bench->untimed, ==, 200);
  g_assert_cmpuint (bench->frames, ==, 200 + 4800);
  g_assert_cmpuint (bench->next, ==, 1300 * GST_MSECOND);
}

int
main (int    argc,
      char **argv)
{
  static const guint rates[] = { 8000,  11025, 12000, 16000, 22050,
                                 32000, 44100, 48000, 96000, 192000 };
  guint i;

  fixture_init (&argc, &argv);
  for (i = 0; i < G_N_ELEMENTS (rates); i++) {
    g_autofree gchar *name =
        g_strdup_printf ("/resampler/count/%u", rates[i]);

    g_test_add_data_func (name, GUINT_TO_POINTER (rates[i]), test_count);
  }
  g_test_add_func ("/resampler/jump", test_jump);
  g_test_add_func ("/resampler/late", test_late);
  g_test_add_func ("/resampler/gap-unmarked", test_gap_unmarked);
  g_test_add_func ("/resampler/early", test_early);
  g_test_add_func ("/resampler/backwards", test_backwards);
  g_test_add_func ("/resampler/long", test_long);
  g_test_add_func ("/resampler/flush", test_flush);
  g_test_add_func ("/resampler/caps-change", test_caps_change);
  g_test_add_func ("/resampler/again", test_again);
  g_test_add_func ("/resampler/silence", test_silence);
  g_test_add_func ("/resampler/untimed", test_untimed);
  return g_test_run ();
}
