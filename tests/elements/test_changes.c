/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "../checked.h"
#include "packets.h"

/* About what a decoder takes and resampling adds at the ends of each chunk */
#define SLACK (48000 / 50)

static const Format *const formats[] = {
  &format_pcm, &format_mulaw, &format_opus,
  &format_mp3, &format_aac,   &format_vorbis,
};

#define N_FORMATS G_N_ELEMENTS (formats)

static Packets *
make (const Format *format,
      guint         channels)
{
  g_autofree gchar *launch = g_strdup_printf (
      "audiotestsrc wave=red-noise samplesperbuffer=%u num-buffers=%u ! "
      "audio/x-raw,format=S16LE,rate=%u,channels=%u ! %s",
      format->samples, 2 * format->rate / format->samples, format->rate,
      channels, format->launch);

  return packets_from_launch (format, launch);
}

static void
flush (GstPad *pad)
{
  GstSegment segment;

  gst_pad_send_event (pad, gst_event_new_flush_start ());
  gst_pad_send_event (pad, gst_event_new_flush_stop (TRUE));
  gst_segment_init (&segment, GST_FORMAT_TIME);
  g_assert_true (gst_pad_send_event (pad, gst_event_new_segment (&segment)));
}

/* Packets of Vorbis are of two lengths, and headers come with them. Returns: where
 * they end */
static GstClockTime
push_vorbis (const Packets *packets,
             GstPad        *pad,
             GstClockTime   start)
{
  GstClockTime end = start;
  guint i;

  for (i = 0; i < packets->buffers->len; i++) {
    GstBuffer *buffer = gst_buffer_copy (packets->buffers->pdata[i]);

    if (GST_BUFFER_PTS_IS_VALID (buffer)) {
      GST_BUFFER_PTS (buffer) += start;
      end = GST_BUFFER_PTS (buffer) + GST_BUFFER_DURATION (buffer);
    }
    g_assert_cmpint (gst_pad_chain (pad, buffer), ==, GST_FLOW_OK);
  }
  return end;
}

/* Pushes @seconds of @packets from @start on, of Vorbis always 2. Returns: where
 * they end */
static GstClockTime
push_part (const Packets *packets,
           GstPad        *pad,
           GstClockTime   start,
           guint          seconds)
{
  const guint n =
      seconds * packets->format->rate / packets->format->samples;

  packets_set_caps (packets, pad);
  if (g_str_equal (packets->format->name, "vorbis"))
    return push_vorbis (packets, pad, start);
  packets_push_at (packets, pad, 0, n, start);
  return start + packets_get_time (packets, n);
}

static GstPad *
begin (Fixture       *f,
       const Packets *packets,
       gboolean       known)
{
  g_autofree gchar *caps = gst_caps_to_string (packets->caps);

  inputs_offer (f, ALL_FORMATS, "");
  fixture_launch (f, "ekascribesink name=s");
  if (!known)
    f->liar->delay = 50;
  return known ? packets_start (packets, f) : fixture_start_push (f, caps);
}

static guint64
count_decoded (Fixture     *f,
               const gchar *media_type)
{
  return inputs_count_type (f, media_type, 48000);
}

/* From each codec to each other one: rows of the table, of which each ends as
 * the next one begins. */
static void
test_all_pairs (Fixture      *f,
                gconstpointer data)
{
  Packets *packets[N_FORMATS];
  g_autoptr (GstPad) pad = NULL;
  GstClockTime time = 0;
  const guint reach = checked_count (N_FORMATS, 3);
  guint i, j, parts = 1;

  for (i = 0; i < N_FORMATS; i++)
    packets[i] = make (formats[i], 1);
  pad = begin (f, packets[0], TRUE);
  time = push_part (packets[0], pad, time, 1);
  for (i = 0; i < N_FORMATS; i++) {
    for (j = i + 1; j < MIN (N_FORMATS, i + reach); j++, parts += 2) {
      time = push_part (packets[j], pad, time, 1);
      time = push_part (packets[i], pad, time, 1);
    }
    if (i + 1 < N_FORMATS) {
      time = push_part (packets[i + 1], pad, time, 1);
      parts++;
    }
  }
  inputs_end_quietly (f, pad);
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_CREATE), ==, parts);
  g_assert_cmpuint (fixture_count (f, "ekascribe-chunk"), ==, parts);
  g_assert_cmpint (
      ABS (GST_CLOCK_DIFF (inputs_sum_durations (f), time)), <,
      parts * 100 * GST_MSECOND);
  for (i = 0; i < N_FORMATS; i++)
    packets_free (packets[i]);
}

static void
test_one_of_each (Fixture *f,
                  gboolean known,
                  gboolean flushes)
{
  g_autoptr (GstPad) pad = NULL;
  Packets *packets[N_FORMATS];
  GstClockTime time = 0;
  guint i;

  for (i = 0; i < N_FORMATS; i++)
    packets[i] = make (formats[i], 1);
  pad = begin (f, packets[0], known);
  for (i = 0; i < N_FORMATS; i++) {
    if (flushes && i > 0)
      flush (pad);
    time = push_part (packets[i], pad, time, 1);
  }
  inputs_end_quietly (f, pad);
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_CREATE), ==, N_FORMATS);
  g_assert_cmpuint (fixture_count_uploads (f, "audio/wav"), ==, 2);
  for (i = 0; i < N_FORMATS; i++) {
    g_assert_cmpuint (fixture_count_uploads (f, formats[i]->media_type), >=, 1);
    g_assert_cmpint (
        ABS ((gint64) count_decoded (f, formats[i]->media_type) -
             (i < 2 || i == 5 ? 2 : 1) * 48000),
        <, 4 * SLACK);
    packets_free (packets[i]);
  }
}

static void
test_in_a_row (Fixture      *f,
               gconstpointer data)
{
  test_one_of_each (f, TRUE, FALSE);
}

static void
test_unsettled (Fixture      *f,
                gconstpointer data)
{
  test_one_of_each (f, FALSE, FALSE);
}

static void
test_flushed (Fixture      *f,
              gconstpointer data)
{
  test_one_of_each (f, TRUE, TRUE);
}

static void
test_unsettled_flushed (Fixture      *f,
                        gconstpointer data)
{
  test_one_of_each (f, FALSE, TRUE);
}

/* Stereo that becomes mono goes on in another session. */
static void
test_mono (Fixture      *f,
           gconstpointer data)
{
  const Format *format = data;
  g_autoptr (Packets) stereo = make (format, 2);
  g_autoptr (Packets) mono = make (format, 1);
  g_autoptr (GstPad) pad = begin (f, stereo, TRUE);
  GstClockTime time = push_part (stereo, pad, 0, 1);
  const guint sessions = format == &format_pcm ? 1 : 2;

  push_part (mono, pad, time, 1);
  inputs_end_quietly (f, pad);
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_CREATE), ==, sessions);
  g_assert_cmpuint (fixture_count (f, "ekascribe-chunk"), ==, sessions);
  g_assert_cmpint (
      ABS ((gint64) count_decoded (f, format->media_type) - 96000), <,
      4 * SLACK);
}

/* A new codec begins in time: what is missing before it is not filled in it,
 * least of all with something of the codec before. */
static void
test_hole_between (Fixture      *f,
                   gconstpointer data)
{
  g_autoptr (Packets) mp3 = make (&format_mp3, 1);
  g_autoptr (Packets) opus = make (&format_opus, 1);
  g_autoptr (GstPad) pad = begin (f, mp3, TRUE);
  GstClockTime time = push_part (mp3, pad, 0, 1) + 300 * GST_MSECOND;
  GstBuffer *buffer = packets_stamp (opus, 0, time);
  guint i;

  packets_set_caps (opus, pad);
  GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DISCONT);
  g_assert_cmpint (gst_pad_chain (pad, buffer), ==, GST_FLOW_OK);
  packets_push_at (opus, pad, 1, 20, time + packets_get_time (opus, 1));
  inputs_end_quietly (f, pad);
  g_assert_cmpuint (fixture_count (f, "ekascribe-chunk"), ==, 2);
  for (i = 0; i < 2; i++)
    if (inputs_get_time (f, i, "running-time") > 0)
      g_assert_cmpuint (inputs_get_time (f, i, "running-time"), ==, time);
  g_assert_cmpuint (fixture_get_stat (f, "time-filled"), ==, 0);
  g_assert_cmpuint (count_decoded (f, "audio/ogg;codecs=opus"), ==,
                    20 * 960 - 312);
}

/* Another AudioSpecificConfig: at another rate, one more session; what is so low
 * that it may be HE-AAC is none. */
static void
test_codec_data (Fixture      *f,
                 gconstpointer data)
{
  static const Format slower = { "aac", "audioconvert ! avenc_aac",
                                 "audio/m4a", 32000, 1024 };
  static const Format slow = { "aac", "audioconvert ! avenc_aac",
                               "audio/m4a", 16000, 1024 };
  g_autoptr (Packets) first = make (&format_aac, 1);
  g_autoptr (Packets) second = make (&slower, 1);
  g_autoptr (Packets) third = make (&slow, 1);
  g_autoptr (GstPad) pad = begin (f, first, TRUE);
  GstClockTime time = push_part (first, pad, 0, 1);

  time = push_part (second, pad, time, 1);
  time = push_part (third, pad, time, 1);
  push_part (first, pad, time, 1);
  inputs_end_quietly (f, pad);
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_CREATE), ==, 4);
  g_assert_cmpuint (fixture_count (f, "ekascribe-chunk"), ==, 4);
  g_assert_cmpuint (fixture_count_uploads (f, "audio/m4a"), ==, 4);
}

/* ADTS tells the rate in every packet. */
static void
test_adts (Fixture      *f,
           gconstpointer data)
{
  static const Format adts = {
    "adts", "audioconvert ! avenc_aac ! aacparse ! "
            "audio/mpeg,stream-format=adts", "audio/m4a", 44100, 1024,
  };
  static const Format slower = {
    "adts", "audioconvert ! avenc_aac ! aacparse ! "
            "audio/mpeg,stream-format=adts", "audio/m4a", 32000, 1024,
  };
  g_autoptr (Packets) first = make (&adts, 1);
  g_autoptr (Packets) second = make (&slower, 1);
  g_autoptr (GstPad) pad = begin (f, first, TRUE);
  GstClockTime time = push_part (first, pad, 0, 1);

  packets_push_at (second, pad, 0, 31, time);
  inputs_end_quietly (f, pad);
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_CREATE), ==, 2);
  g_assert_cmpuint (fixture_count (f, "ekascribe-chunk"), ==, 2);
  g_assert_cmpuint (inputs_count_type (f, "audio/m4a", 44100) / 100, >, 860);
}

/* Caps of another codec, of which nothing comes, begin no session. */
static void
test_caps_alone (Fixture      *f,
                 gconstpointer data)
{
  g_autoptr (Packets) opus = make (&format_opus, 1);
  g_autoptr (Packets) mp3 = make (&format_mp3, 1);
  g_autoptr (Packets) vorbis = make (&format_vorbis, 1);
  g_autoptr (GstPad) pad = begin (f, opus, TRUE);

  push_part (opus, pad, 0, 1);
  packets_set_caps (mp3, pad);
  packets_set_caps (vorbis, pad);
  packets_set_caps (opus, pad);
  packets_set_caps (mp3, pad);
  inputs_end_quietly (f, pad);
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_CREATE), ==, 1);
  g_assert_cmpuint (fixture_count (f, "ekascribe-chunk"), ==, 1);
}

/* Chained Ogg: headers in the middle of a stream, of another or the same
 * encoder. */
static void
test_chained_vorbis (Fixture      *f,
                     gconstpointer data)
{
  static const Format faster = { "vorbis", "audioconvert ! vorbisenc",
                                 "audio/ogg", 44100, 1024 };
  g_autoptr (Packets) first = make (&format_vorbis, 1);
  g_autoptr (Packets) second = make (&faster, 1);
  Packets *parts[] = { first, first, second };
  g_autoptr (GstPad) pad = NULL;
  GstClockTime time = 0;
  guint i;

  inputs_offer (f, ALL_FORMATS, "");
  fixture_launch (f, "ekascribesink name=s");
  pad = fixture_start_push (f, "audio/x-vorbis");
  for (i = 0; i < G_N_ELEMENTS (parts); i++)
    time = push_vorbis (parts[i], pad, time);
  inputs_end_quietly (f, pad);
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_CREATE), ==, 2);
  g_assert_cmpint (
      ABS ((gint64) count_decoded (f, "audio/ogg") - 3 * 96000), <, 12 * SLACK);
}

int
main (int    argc,
      char **argv)
{
  fixture_init (&argc, &argv);

  add_test ("/changes/one-of-each", test_in_a_row);
  add_test ("/changes/one-of-each/unsettled", test_unsettled);
  add_test ("/changes/one-of-each/flushed", test_flushed);
  add_test ("/changes/one-of-each/unsettled-and-flushed",
            test_unsettled_flushed);
  add_test ("/changes/all-pairs", test_all_pairs);
  g_test_add ("/changes/stereo-to-mono/opus", Fixture, &format_opus,
              fixture_set_up, test_mono, fixture_tear_down);
  g_test_add ("/changes/stereo-to-mono/aac", Fixture, &format_aac,
              fixture_set_up, test_mono, fixture_tear_down);
  g_test_add ("/changes/stereo-to-mono/mp3", Fixture, &format_mp3,
              fixture_set_up, test_mono, fixture_tear_down);
  g_test_add ("/changes/stereo-to-mono/pcm", Fixture, &format_pcm,
              fixture_set_up, test_mono, fixture_tear_down);
  add_test ("/changes/hole-before-another-codec", test_hole_between);
  add_test ("/changes/codec-data", test_codec_data);
  add_test ("/changes/adts", test_adts);
  add_test ("/changes/caps-alone-begin-nothing", test_caps_alone);
  add_test ("/changes/chained-vorbis", test_chained_vorbis);
  return g_test_run ();
}
