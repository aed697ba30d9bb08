/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "packets.h"

/* Rounding of a time to samples and back, for each chunk */
#define ROUNDING 1000

static GstPad *
begin (Fixture       *f,
       const Packets *packets)
{
  inputs_offer (f, ALL_FORMATS, "");
  fixture_launch (f, "ekascribesink name=s");
  return packets_start (packets, f);
}

/* OpusHead of opusenc: samples that are hidden at the start */
static guint
get_hidden (const Format *format)
{
  return format == &format_opus ? 312 : 0;
}

static void
check_total (Fixture      *f,
             const Format *format,
             guint64       packets)
{
  const guint64 samples =
      packets * format->samples - get_hidden (format);

  g_assert_cmpuint (inputs_count (f, format), ==, samples);
  g_assert_cmpint (
      ABS (GST_CLOCK_DIFF (
          gst_util_uint64_scale (samples, GST_SECOND, format->rate),
          inputs_sum_durations (f))),
      <, ROUNDING);
}

static void
push_marked (const Packets *packets,
             GstPad        *pad,
             guint          nth,
             GstClockTime   pts)
{
  GstBuffer *buffer = packets_stamp (packets, nth, pts);

  GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DISCONT);
  g_assert_cmpint (gst_pad_chain (pad, buffer), ==, GST_FLOW_OK);
}

/* Pushes @n packets; of each fifty @lost do not come. Returns: how many */
static guint
push_with_holes (const Packets *packets,
                 GstPad        *pad,
                 guint          n,
                 guint          lost,
                 gboolean       marked)
{
  guint i, missing = 0;

  for (i = 0; i < n; i++) {
    if (i % 50 >= 25 && i % 50 < 25 + lost) {
      missing++;
    } else if (marked && i % 50 == 25 + lost) {
      push_marked (packets, pad, i, packets_get_time (packets, i));
    } else {
      packets_push (packets, pad, i, i + 1);
    }
  }
  return missing;
}

static void
check_holes (Fixture      *f,
             const Format *format,
             guint         lost,
             gboolean      marked)
{
  g_autoptr (Packets) packets = packets_new (format, 25);
  const guint n = 24 * format->rate / format->samples / 50 * 50;
  g_autoptr (GstPad) pad = NULL;
  guint missing;

  pad = begin (f, packets);
  missing = push_with_holes (packets, pad, n, lost, marked);
  inputs_end_quietly (f, pad);
  g_assert_cmpuint (fixture_count (f, "ekascribe-chunk"), >, 1);
  g_assert_cmpint (
      ABS (GST_CLOCK_DIFF (fixture_get_stat (f, "time-filled"),
                           packets_get_time (packets, missing))),
      <, ROUNDING);
  check_total (f, format, n);
}

/* One packet is lost now and then, and the next one says so. */
static void
test_marked (Fixture      *f,
             gconstpointer data)
{
  check_holes (f, data, 1, TRUE);
}

static void
test_marked_many (Fixture      *f,
                  gconstpointer data)
{
  check_holes (f, data, 5, TRUE);
}

/* Nobody says that there is a hole but the times. */
static void
test_unmarked (Fixture      *f,
               gconstpointer data)
{
  check_holes (f, data, 5, FALSE);
}

static void
push_gap (GstPad      *pad,
          GstClockTime start,
          GstClockTime duration)
{
  g_assert_true (
      gst_pad_send_event (pad, gst_event_new_gap (start, duration)));
}

/* A short GAP is silence in the recording; to a packet it is exact. */
static void
test_short_gap (Fixture      *f,
                gconstpointer data)
{
  const Format *format = data;
  g_autoptr (Packets) packets = packets_new (format, 5);
  g_autoptr (GstPad) pad = NULL;

  pad = begin (f, packets);
  packets_push (packets, pad, 0, 50);
  push_gap (pad, packets_get_time (packets, 50), packets_get_time (packets, 1));
  packets_push (packets, pad, 51, 100);
  inputs_end_quietly (f, pad);
  g_assert_cmpuint (fixture_count (f, "ekascribe-chunk"), ==, 1);
  check_total (f, format, 100);
}

/* A long one does not keep what came before it waiting. */
static void
test_long_gap (Fixture      *f,
               gconstpointer data)
{
  const Format *format = data;
  g_autoptr (Packets) packets = packets_new (format, 5);
  g_autoptr (GstPad) pad = NULL;
  GstClockTime later;

  pad = begin (f, packets);
  packets_push (packets, pad, 0, 50);
  push_gap (pad, packets_get_time (packets, 50), 3 * GST_SECOND);
  gst_message_unref (fixture_wait_name (f, "ekascribe-chunk", NULL));
  later = packets_get_time (packets, 50) + 3 * GST_SECOND;
  packets_push_at (packets, pad, 50, 100, later);
  inputs_end_quietly (f, pad);
  g_assert_cmpuint (fixture_count (f, "ekascribe-chunk"), ==, 2);
  g_assert_cmpuint (inputs_get_time (f, 1, "running-time"), ==, later);
  g_assert_cmpuint (fixture_get_stat (f, "time-filled"), ==, 0);
  check_total (f, format, 100);
}

/* Many short ones in a row are a long one. */
static void
test_gap_in_parts (Fixture      *f,
                   gconstpointer data)
{
  g_autoptr (Packets) packets = packets_new (&format_opus, 2);
  g_autoptr (GstPad) pad = NULL;
  guint i;

  pad = begin (f, packets);
  packets_push (packets, pad, 0, 50);
  for (i = 50; i < 150; i++)
    push_gap (pad, packets_get_time (packets, i), 20 * GST_MSECOND);
  gst_message_unref (fixture_wait_name (f, "ekascribe-chunk", NULL));
  inputs_end_quietly (f, pad);
  check_total (f, &format_opus, 50);
}

/* Discovery is answered while no audio comes: the GAP lets go what waited. */
static void
test_gap_releases (Fixture      *f,
                   gconstpointer data)
{
  g_autoptr (Packets) packets = packets_new (&format_opus, 2);
  g_autofree gchar *caps = gst_caps_to_string (packets->caps);
  g_autoptr (GstPad) pad = NULL;

  fixture_launch (f, "ekascribesink name=s");
  f->liar->delay = 100;
  pad = fixture_start_push (f, caps);
  packets_push (packets, pad, 0, 50);
  g_assert_cmpuint (fixture_get_stat (f, "packets"), ==, 0);
  gst_message_unref (fixture_wait_name (f, "ekascribe-session", "ready"));
  push_gap (pad, GST_SECOND, 3 * GST_SECOND);
  gst_message_unref (fixture_wait_name (f, "ekascribe-chunk", NULL));
  inputs_end_quietly (f, pad);
  check_total (f, &format_opus, 50);
}

/* filesrc ! … counts in bytes: no time says anything there. */
static void
test_gap_in_bytes (Fixture      *f,
                   gconstpointer data)
{
  g_autoptr (Packets) packets = packets_new (&format_mulaw, 2);
  g_autoptr (GstPad) pad = NULL;
  GstSegment segment;

  pad = begin (f, packets);
  gst_segment_init (&segment, GST_FORMAT_BYTES);
  g_assert_true (gst_pad_send_event (pad, gst_event_new_segment (&segment)));
  packets_push (packets, pad, 0, 50);
  push_gap (pad, 2 * GST_SECOND, GST_SECOND);
  packets_push (packets, pad, 50, 100);
  inputs_end_quietly (f, pad);
  check_total (f, &format_mulaw, 100);
}

/* Vorbis has no packet that stands for silence: a chunk ends there. The next one
 * is heard from its second packet on, for each needs the one before. */
static void
test_vorbis (Fixture      *f,
             gconstpointer data)
{
  g_autoptr (Packets) packets = packets_new (&format_vorbis, 6);
  g_autoptr (GstPad) pad = NULL;
  GstClockTime later = 0;
  guint64 heard;
  guint i;

  pad = begin (f, packets);
  for (i = 0; i < packets->buffers->len; i++) {
    GstBuffer *buffer = gst_buffer_ref (packets->buffers->pdata[i]);

    if (i >= 40) {
      buffer = gst_buffer_make_writable (buffer);
      GST_BUFFER_PTS (buffer) += 300 * GST_MSECOND;
      GST_BUFFER_OFFSET_END (buffer) = GST_BUFFER_OFFSET_NONE;
    }
    if (i == 40)
      GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DISCONT);
    if (i == 41)
      later = GST_BUFFER_PTS (buffer);
    g_assert_cmpint (gst_pad_chain (pad, buffer), ==, GST_FLOW_OK);
  }
  inputs_end_quietly (f, pad);
  g_assert_cmpuint (fixture_count (f, "ekascribe-chunk"), ==, 2);
  g_assert_cmpuint (inputs_get_time (f, 1, "running-time"), ==, later);
  g_assert_cmpuint (fixture_get_stat (f, "time-filled"), ==, 0);
  heard = inputs_count (f, &format_vorbis);
  g_assert_cmpint (
      ABS (GST_CLOCK_DIFF (gst_util_uint64_scale (heard, GST_SECOND, 16000),
                           inputs_sum_durations (f))),
      <, ROUNDING);
}

/* Over a second off, forth and back: another chunk, and all of it is heard. */
static void
test_jumps (Fixture      *f,
            gconstpointer data)
{
  const Format *format = data;
  g_autoptr (Packets) packets = packets_new (format, 8);
  g_autoptr (GstPad) pad = NULL;
  const GstClockTime times[] = { 0, 3600 * GST_SECOND, 10 * GST_SECOND };
  guint i;

  pad = begin (f, packets);
  for (i = 0; i < G_N_ELEMENTS (times); i++)
    packets_push_at (packets, pad, 50 * i, 50 * i + 50, times[i]);
  inputs_end_quietly (f, pad);
  g_assert_cmpuint (fixture_count (f, "ekascribe-chunk"), ==, 3);
  for (i = 0; i < G_N_ELEMENTS (times); i++)
    g_assert_cmpuint (inputs_get_time (f, i, "running-time"), ==, times[i]);
  g_assert_cmpuint (fixture_get_stat (f, "time-filled"), ==, 0);
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_CREATE), ==, 1);
  check_total (f, format, 150);
}

/* @decoded: also where a decoder stands in between, which may warn of what it
 * misses: that of FLAC does, unless it was marked. */
static void
add_for_each (const gchar *path,
              void (*func) (Fixture *, gconstpointer),
              gboolean     decoded)
{
  static const Format *const formats[] = { &format_opus, &format_mulaw,
                                           &format_pcm, &format_aac,
                                           &format_mp3, &format_flac };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (formats) - !decoded; i++) {
    g_autofree gchar *name = g_strdup_printf ("%s/%s", path, formats[i]->name);

    g_test_add (name, Fixture, formats[i], fixture_set_up, func,
                fixture_tear_down);
  }
}

int
main (int    argc,
      char **argv)
{
  fixture_init (&argc, &argv);

  add_for_each ("/holes/marked", test_marked, TRUE);
  add_for_each ("/holes/five-marked", test_marked_many, TRUE);
  add_for_each ("/holes/five-unmarked", test_unmarked, FALSE);
  add_for_each ("/holes/short-gap", test_short_gap, FALSE);
  add_for_each ("/holes/long-gap-closes-at-once", test_long_gap, TRUE);
  add_test ("/holes/gap-in-parts", test_gap_in_parts);
  add_test ("/holes/gap-lets-go-what-waits", test_gap_releases);
  add_test ("/holes/gap-in-bytes", test_gap_in_bytes);
  add_test ("/holes/vorbis-ends-a-chunk", test_vorbis);
  add_for_each ("/holes/jumps", test_jumps, TRUE);
  return g_test_run ();
}
