/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "packets.h"

#include <string.h>

#define HOUR (3600 * GST_SECOND)

/* Of a duration, a sample of which is no whole number of ns */
#define ROUNDING 1000

#define MAX_CLOCK_ERROR (150 * GST_MSECOND)

/* 1 January 2025, 0:00 UTC, and seconds from 1900 to 1970 */
#define NEW_YEAR (G_GUINT64_CONSTANT (1735689600) * GST_SECOND)
#define NTP_EPOCH (G_GUINT64_CONSTANT (2208988800) * GST_SECOND)

static GstPad *
begin (Fixture       *f,
       const Packets *packets,
       const gchar   *line)
{
  inputs_offer (f, ALL_FORMATS, "");
  fixture_launch (f, line);
  return packets_start (packets, f);
}

/* In ns; 0: there is none */
static guint64
get_utc (Fixture *f,
         guint    nth)
{
  const GstStructure *chunk = fixture_find_nth (f, "ekascribe-chunk", nth);
  g_autoptr (GDateTime) date = NULL;
  const GValue *value;

  g_assert_nonnull (chunk);
  value = gst_structure_get_value (chunk, "utc");
  if (value == NULL)
    return 0;
  g_assert_true (GST_TYPE_DATE_TIME == G_VALUE_TYPE (value));
  date = gst_date_time_to_g_date_time (g_value_get_boxed (value));
  g_assert_cmpint (g_date_time_get_utc_offset (date), ==, 0);
  return g_date_time_to_unix (date) * GST_SECOND +
         g_date_time_get_microsecond (date) * GST_USECOND;
}

/* Each chunk begins where the one before has ended, and all are as long as what
 * decoders make of them; but ffmpeg ends no M4A within a packet. */
static void
check_steady (Fixture      *f,
              const Format *format,
              GstClockTime  start,
              GstClockTime  tolerance)
{
  const GstClockTime slack =
      format == &format_aac ? 1024 * GST_SECOND / 44100 : ROUNDING;
  const guint n = fixture_count (f, "ekascribe-chunk");
  GstClockTime next = start;
  guint i;

  g_assert_cmpuint (n, >, 1);
  for (i = 0; i < n; i++) {
    g_assert_cmpint (
        ABS (GST_CLOCK_DIFF (next, inputs_get_time (f, i, "running-time"))),
        <=, tolerance);
    next += inputs_get_time (f, i, "duration");
  }
  g_assert_cmpint (
      ABS (GST_CLOCK_DIFF (
          gst_util_uint64_scale (inputs_count (f, format), GST_SECOND,
                                 format->rate),
          inputs_sum_durations (f))),
      <, slack);
}

/* --- from files ----------------------------------------------------------- */

typedef struct
{
  const Format *format;
  const gchar *write;
  const gchar *read;
  GstClockTime tolerance; /* of the times that the file tells */
} File;

static const File files[] = {
  { &format_opus, "audioresample ! opusenc ! oggmux", "oggdemux",
    GST_MSECOND },
  { &format_opus, "audioresample ! opusenc ! matroskamux", "matroskademux",
    2 * GST_MSECOND },
  { &format_vorbis, "audioconvert ! vorbisenc ! oggmux", "oggdemux",
    GST_MSECOND },
  { &format_aac,
    "audioresample ! audioconvert ! audio/x-raw,rate=44100 ! avenc_aac ! mp4mux",
    "qtdemux", GST_MSECOND },
  { &format_mp3, "lamemp3enc ! xingmux", "mpegaudioparse", GST_MSECOND },
};

/* What the encoder needs to begin does not count, and no wall clock ran when the
 * file is read. */
static void
test_file (Fixture      *f,
           gconstpointer data)
{
  const File *file = data;
  g_autofree gchar *path = g_build_filename (f->folder, "file", NULL);
  g_autofree gchar *write = g_strdup_printf (
      "audiotestsrc wave=red-noise num-buffers=250 samplesperbuffer=1600 ! " PCM
      " ! %s ! filesink location=%s name=s",
      file->write, path);
  g_autofree gchar *read = g_strdup_printf (
      "filesrc location=%s ! %s ! ekascribesink name=s", path, file->read);
  g_autoptr (GstElement) pipeline = gst_parse_launch (write, NULL);
  g_autoptr (GstBus) bus = gst_element_get_bus (pipeline);
  g_autoptr (GstMessage) written = NULL;
  g_autoptr (GstMessage) end = NULL;

  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  written = gst_bus_timed_pop_filtered (bus, 60 * GST_SECOND,
                                        GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  g_assert_cmpint (GST_MESSAGE_TYPE (written), ==, GST_MESSAGE_EOS);
  gst_element_set_state (pipeline, GST_STATE_NULL);

  inputs_offer (f, ALL_FORMATS, "");
  end = fixture_run (f, read);
  g_assert_cmpint (GST_MESSAGE_TYPE (end), ==, GST_MESSAGE_EOS);
  check_steady (f, file->format, 0, file->tolerance);
  g_assert_cmpuint (get_utc (f, 0), ==, 0);
  g_assert_cmpuint (get_utc (f, 1), ==, 0);
  g_assert_cmpuint (fixture_get_stat (f, "time-filled"), ==, 0);
  g_assert_cmpint (
      ABS (GST_CLOCK_DIFF (25 * GST_SECOND, inputs_sum_durations (f))), <,
      100 * GST_MSECOND);
}

/* MP4 tells by the segment what is not heard. Decoders need it all the same. */
static void
check_priming (Fixture *f,
               guint    samples)
{
  g_autoptr (Packets) packets = packets_new (&format_aac, 26);
  const guint n = 25 * 44100 / 1024;
  g_autoptr (GstPad) pad = NULL;
  GstClockTime next = 0;
  GstSegment segment;
  guint i;

  inputs_offer (f, ALL_FORMATS, "");
  fixture_launch (f, "ekascribesink name=s");
  pad = packets_start (packets, f);
  gst_segment_init (&segment, GST_FORMAT_TIME);
  segment.start = gst_util_uint64_scale_ceil (samples, GST_SECOND, 44100);
  segment.time = 0;
  g_assert_true (gst_pad_send_event (pad, gst_event_new_segment (&segment)));
  packets_push (packets, pad, 0, n);
  inputs_end_quietly (f, pad);
  g_assert_cmpuint (fixture_get_stat (f, "packets"), ==, n);
  g_assert_cmpuint (fixture_get_stat (f, "time-filled"), ==, 0);
  for (i = 0; i < fixture_count (f, "ekascribe-chunk"); i++) {
    g_assert_cmpint (
        ABS (GST_CLOCK_DIFF (next, inputs_get_time (f, i, "running-time"))),
        <, 50 * GST_USECOND);
    next += inputs_get_time (f, i, "duration");
  }
  g_assert_cmpuint (inputs_count (f, &format_aac), ==, n * 1024 - samples);
}

static void
test_priming_one (Fixture      *f,
                  gconstpointer data)
{
  check_priming (f, 1024);
}

static void
test_priming_more (Fixture      *f,
                   gconstpointer data)
{
  check_priming (f, 2112);
}

/* --- the wall clock ------------------------------------------------------- */

static void
test_live (Fixture      *f,
           gconstpointer data)
{
  gint64 offset;

  fixture_launch (f, "audiotestsrc is-live=true samplesperbuffer=160 name=source"
                     " ! audio/x-raw,rate=8000 ! mulawenc ! ekascribesink "
                     "name=s max-chunk-duration=1000000000");
  fixture_play (f);
  fixture_wait_for_stat (f, "chunks", 1);
  offset = g_get_real_time () * 1000 -
           (gint64) gst_element_get_current_running_time (f->pipeline);
  gst_element_send_event (f->pipeline, gst_event_new_eos ());
  gst_message_unref (fixture_wait (f, GST_MESSAGE_EOS));
  g_assert_cmpint (ABS ((gint64) get_utc (f, 0) - offset -
                        (gint64) inputs_get_time (f, 0, "running-time")),
                   <, (gint64) MAX_CLOCK_ERROR);
}

/* Running time stands still in a pause; the wall clock does not. */
static void
test_pause (Fixture      *f,
            gconstpointer data)
{
  const gint64 pause = 600 * G_TIME_SPAN_MILLISECOND;
  gint64 offset;
  guint i, n;

  fixture_launch (f, "audiotestsrc is-live=true samplesperbuffer=160 name=source"
                     " ! audio/x-raw,rate=8000 ! mulawenc ! ekascribesink "
                     "name=s max-chunk-duration=1000000000");
  fixture_play (f);
  fixture_wait_for_stat (f, "packets", 20);
  gst_element_set_state (f->pipeline, GST_STATE_PAUSED);
  g_usleep (pause);
  fixture_play (f);
  fixture_wait_for_stat (f, "chunks", 2);
  offset = g_get_real_time () * 1000 -
           (gint64) gst_element_get_current_running_time (f->pipeline);
  gst_element_send_event (f->pipeline, gst_event_new_eos ());
  gst_message_unref (fixture_wait (f, GST_MESSAGE_EOS));
  n = fixture_count (f, "ekascribe-chunk");
  for (i = 1; i < n; i++)
    g_assert_cmpint (ABS ((gint64) get_utc (f, i) - offset -
                          (gint64) inputs_get_time (f, i, "running-time")),
                     <, (gint64) MAX_CLOCK_ERROR);
}

/* Who made the packets knows when: exact, whatever clock that is told in. */
static void
check_reference (Fixture      *f,
                 const gchar  *name,
                 GstClockTime  epoch)
{
  g_autoptr (Packets) packets = packets_new (&format_mulaw, 30);
  g_autoptr (GstCaps) caps = gst_caps_new_empty_simple (name);
  g_autoptr (GstPad) pad = begin (f, packets, "ekascribesink name=s");
  guint i;

  for (i = 0; i < 1500; i++) {
    const GstClockTime time = packets_get_time (packets, i);
    GstBuffer *buffer = packets_stamp (packets, i, time);

    gst_buffer_add_reference_timestamp_meta (
        buffer, caps, epoch + NEW_YEAR + time, GST_CLOCK_TIME_NONE);
    g_assert_cmpint (gst_pad_chain (pad, buffer), ==, GST_FLOW_OK);
  }
  inputs_end_quietly (f, pad);
  g_assert_cmpuint (fixture_count (f, "ekascribe-chunk"), >, 1);
  for (i = 0; i < fixture_count (f, "ekascribe-chunk"); i++)
    g_assert_cmpint (ABS (GST_CLOCK_DIFF (
                         NEW_YEAR + inputs_get_time (f, i, "running-time"),
                         get_utc (f, i))),
                     <, GST_USECOND);
}

static void
test_unix (Fixture      *f,
           gconstpointer data)
{
  check_reference (f, "timestamp/x-unix", 0);
}

static void
test_ntp (Fixture      *f,
          gconstpointer data)
{
  check_reference (f, "timestamp/x-ntp", NTP_EPOCH);
}

/* --- times that are wrong ------------------------------------------------- */

/* Two days and more: nothing is lost in sums. */
static void
test_days (Fixture      *f,
           gconstpointer data)
{
  const Format *format = data;
  g_autoptr (Packets) packets = packets_new (format, 26);
  g_autoptr (GstPad) pad = begin (f, packets, "ekascribesink name=s");

  packets_push_at (packets, pad, 0, 25 * format->rate / format->samples,
                   48 * HOUR + 7);
  inputs_end_quietly (f, pad);
  /* before what is heard lies what the encoder needs */
  check_steady (f, format, 48 * HOUR + 7, 7 * GST_MSECOND);
  g_assert_cmpuint (fixture_get_stat (f, "time-filled"), ==, 0);
}

/* Where a packet tells no time, it follows from the last that did. */
static void
test_few_times (Fixture      *f,
                gconstpointer data)
{
  const Format *format = data;
  const guint n = 25 * format->rate / format->samples;
  g_autoptr (Packets) packets = packets_new (format, 26);
  g_autoptr (GstPad) pad = begin (f, packets, "ekascribesink name=s");
  guint i;

  for (i = 0; i < n; i++) {
    GstBuffer *buffer = packets_stamp (packets, i, packets_get_time (packets, i));

    GST_BUFFER_DURATION (buffer) = GST_CLOCK_TIME_NONE;
    if (i % 100 != 0)
      GST_BUFFER_PTS (buffer) = GST_CLOCK_TIME_NONE;
    g_assert_cmpint (gst_pad_chain (pad, buffer), ==, GST_FLOW_OK);
  }
  inputs_end_quietly (f, pad);
  check_steady (f, format, 0, 7 * GST_MSECOND);
  g_assert_cmpuint (fixture_get_stat (f, "time-filled"), ==, 0);
}

/* The first packet of LATM may come behind its length: it keeps its time. */
static void
test_latm (Fixture      *f,
           gconstpointer data)
{
  g_autoptr (Packets) packets = packets_new (&format_aac, 3);
  g_autoptr (GstPad) pad = begin (f, packets, "ekascribesink name=s container=wav");
  const guint n = packets->buffers->len;
  GstBuffer *first = packets_stamp (packets, 0, 5 * GST_SECOND);
  gsize size = gst_buffer_get_size (first);
  const gsize n_bytes = size / 255 + 1;
  guint8 *header = g_malloc (n_bytes);
  guint i;

  memset (header, 255, n_bytes - 1);
  header[n_bytes - 1] = size % 255;
  gst_buffer_prepend_memory (first,
                             gst_memory_new_wrapped (0, header, n_bytes, 0,
                                                     n_bytes, header, g_free));
  gst_caps_set_simple (packets->caps, "framed", G_TYPE_BOOLEAN, FALSE, NULL);
  packets_set_caps (packets, pad);
  g_assert_cmpint (gst_pad_chain (pad, first), ==, GST_FLOW_OK);
  /* The others tell no time. */
  for (i = 1; i < n; i++)
    g_assert_cmpint (gst_pad_chain (pad, packets_copy (packets, i)), ==,
                     GST_FLOW_OK);
  inputs_end_quietly (f, pad);
  g_assert_cmpuint (inputs_get_time (f, 0, "running-time"), >=,
                    4900 * GST_MSECOND);
}

static void
test_no_times (Fixture      *f,
               gconstpointer data)
{
  const Format *format = data;
  const guint n = 25 * format->rate / format->samples;
  g_autoptr (Packets) packets = packets_new (format, 26);
  g_autoptr (GstPad) pad = begin (f, packets, "ekascribesink name=s");
  guint i;

  for (i = 0; i < n; i++)
    g_assert_cmpint (gst_pad_chain (pad, packets_copy (packets, i)), ==,
                     GST_FLOW_OK);
  inputs_end_quietly (f, pad);
  for (i = 0; i < fixture_count (f, "ekascribe-chunk"); i++)
    g_assert_cmpuint (inputs_get_time (f, i, "running-time"), ==,
                      GST_CLOCK_TIME_NONE);
  g_assert_cmpint (
      ABS (GST_CLOCK_DIFF (packets_get_time (packets, n),
                           inputs_sum_durations (f))),
      <, 7 * GST_MSECOND);
}

/* A step back of 10 ms, and durations that can't be: no more than the times of
 * the chunks tells of it. */
static void
test_odd_times (Fixture      *f,
                gconstpointer data)
{
  static const GstClockTime durations[] = { 0, 1, 48 * HOUR,
                                            GST_CLOCK_TIME_NONE };
  const Format *format = data;
  const guint n = 25 * format->rate / format->samples;
  g_autoptr (Packets) packets = packets_new (format, 26);
  g_autoptr (GstPad) pad = begin (f, packets, "ekascribesink name=s");
  guint i;

  for (i = 0; i < n; i++) {
    GstBuffer *buffer = packets_stamp (
        packets, i,
        packets_get_time (packets, i) - (i > 20 ? 10 * GST_MSECOND : 0));

    GST_BUFFER_DURATION (buffer) = durations[i % 4];
    if (i == 21)
      GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DISCONT);
    g_assert_cmpint (gst_pad_chain (pad, buffer), ==, GST_FLOW_OK);
  }
  inputs_end_quietly (f, pad);
  check_steady (f, format, 0, 18 * GST_MSECOND);
  g_assert_cmpuint (fixture_get_stat (f, "time-filled"), ==, 0);
}

static void
add_for_each (const gchar *path,
              void (*func) (Fixture *, gconstpointer))
{
  static const Format *const formats[] = { &format_opus, &format_mulaw,
                                           &format_pcm, &format_aac,
                                           &format_mp3 };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (formats); i++) {
    g_autofree gchar *name = g_strdup_printf ("%s/%s", path, formats[i]->name);

    g_test_add (name, Fixture, formats[i], fixture_set_up, func,
                fixture_tear_down);
  }
}

int
main (int    argc,
      char **argv)
{
  guint i;

  fixture_init (&argc, &argv);
  add_test ("/times/latm", test_latm);

  for (i = 0; i < G_N_ELEMENTS (files); i++) {
    g_autofree gchar *name = g_strdup_printf (
        "/times/file/%s/%s", files[i].format->name, files[i].read);

    g_test_add (name, Fixture, &files[i], fixture_set_up, test_file,
                fixture_tear_down);
  }
  add_test ("/times/priming/one-packet", test_priming_one);
  add_test ("/times/priming/more", test_priming_more);
  add_test ("/times/utc/live", test_live);
  add_test ("/times/utc/after-a-pause", test_pause);
  add_test ("/times/utc/unix", test_unix);
  add_test ("/times/utc/ntp", test_ntp);
  add_for_each ("/times/two-days", test_days);
  add_for_each ("/times/few", test_few_times);
  add_for_each ("/times/none", test_no_times);
  add_for_each ("/times/odd", test_odd_times);
  return g_test_run ();
}
