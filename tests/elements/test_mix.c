/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#define _GNU_SOURCE
/* Several sources of every kind in one recording. */
#include "legs.h"

#include <math.h>
#include <string.h>

#define RAW(rate, channels)                                                    \
  "audio/x-raw,format=S16LE,layout=interleaved,rate=" #rate                    \
  ",channels=" #channels
#define ELEMENT "ekascribesink name=s poll-interval=50000000 "

/* Decoders and resamplers add or take a little at each end, in samples. */
#define SLACK 800

/* Of two pads, and under a checker that makes each a hundred times as long. */
#define OPERATIONS 3000
#define CHECKED_OPERATIONS 60
#define MANY 200
#define CHECKED_MANY 4

/* 20 ms of what is late, and how much of it. */
#define LATE_SAMPLES 160
#define LATE_SECONDS 30

/* A source that gives no caps is waited for, for 5 s. */
#define TOO_LONG (60 * G_TIME_SPAN_SECOND)

static gboolean checked;

static void
run_to_eos (Fixture     *f,
            const gchar *line)
{
  g_autoptr (GstMessage) end = fixture_run (f, line);

  if (GST_MESSAGE_TYPE (end) == GST_MESSAGE_ERROR)
    g_error ("%" GST_PTR_FORMAT, gst_message_get_structure (end));
}

/* How much of @frequency is in one channel: amplitude, by Goertzel over whole
 * tenths of a second from @begin to @end, in s. */
static gdouble
measure (GArray  *samples,
         guint    channels,
         guint    channel,
         gdouble  frequency,
         gdouble  begin,
         gdouble  end)
{
  const guint first = begin * 16000, n = (end - begin) * 16000;
  gdouble real = 0, imaginary = 0;
  guint i;

  g_assert_cmpuint ((first + n) * channels, <=, samples->len);
  for (i = 0; i < n; i++) {
    const gint16 value = GINT16_FROM_LE (
        g_array_index (samples, gint16, (first + i) * channels + channel));

    real += value * cos (2 * G_PI * frequency * i / 16000);
    imaginary += value * sin (2 * G_PI * frequency * i / 16000);
  }
  return 2 * hypot (real, imaginary) / n;
}

static void
assert_tone (GArray  *samples,
             guint    channels,
             guint    channel,
             gdouble  frequency,
             gboolean present)
{
  const gdouble end = samples->len / channels / 16000.0 - 0.2;
  const gdouble level = measure (samples, channels, channel, frequency, 0.2,
                                 floor (end * 10) / 10);

  if (present)
    g_assert_cmpfloat (level, >, 2000);
  else
    g_assert_cmpfloat (level, <, 200);
}

/* Opus at 48 kHz, G.711 at 8 kHz and stereo samples at 44.1 kHz. */
static void
test_mixed_caps (Fixture      *f,
                 gconstpointer data)
{
  g_autoptr (GArray) samples = NULL;

  run_to_eos (
      f, ELEMENT
      "audiotestsrc freq=400 volume=0.2 samplesperbuffer=480 num-buffers=200 ! "
      RAW (48000, 1) " ! opusenc ! s. "
      "audiotestsrc freq=900 volume=0.2 samplesperbuffer=80 num-buffers=200 ! "
      RAW (8000, 1) " ! mulawenc ! s. "
      "audiotestsrc freq=1500 volume=0.2 samplesperbuffer=441 num-buffers=200 ! "
      RAW (44100, 2) " ! s.");
  samples = legs_collect (f, 1);
  g_assert_cmpuint (samples->len, >, 32000 - SLACK);
  g_assert_cmpuint (samples->len, <, 32000 + SLACK);
  assert_tone (samples, 1, 0, 400, TRUE);
  assert_tone (samples, 1, 0, 900, TRUE);
  assert_tone (samples, 1, 0, 1500, TRUE);
  assert_tone (samples, 1, 0, 700, FALSE);
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_CREATE), ==, 1);
}

static void
test_stereo_keeps_apart (Fixture      *f,
                         gconstpointer data)
{
  g_autoptr (GArray) samples = NULL;

  run_to_eos (
      f, ELEMENT "mix=stereo "
      "audiotestsrc freq=400 volume=0.2 samplesperbuffer=480 num-buffers=200 ! "
      RAW (48000, 1) " ! opusenc ! s.audio_0 "
      "audiotestsrc freq=900 volume=0.2 samplesperbuffer=80 num-buffers=200 ! "
      RAW (8000, 1) " ! alawenc ! s.audio_1");
  samples = legs_collect (f, 2);
  g_assert_cmpuint (samples->len / 2, >, 32000 - SLACK);
  assert_tone (samples, 2, 0, 400, TRUE);
  assert_tone (samples, 2, 0, 900, FALSE);
  assert_tone (samples, 2, 1, 900, TRUE);
  assert_tone (samples, 2, 1, 400, FALSE);
}

static guint
count_opus (Fixture *f,
            guint    channels)
{
  const guint n = fixture_count_calls (f, EKA_CALL_UPLOAD);
  guint i, found = 0;

  for (i = 0; i < n; i++) {
    EkaRequest *request = eka_liar_nth (f->liar, EKA_CALL_UPLOAD, i);
    gsize size;
    const guint8 *data = g_bytes_get_data (request->body, &size);
    const guint8 *head = NULL;

    if (g_str_has_prefix (request->content_type, "audio/ogg"))
      head = memmem (data, size, "OpusHead", 8);
    found += head != NULL && head[9] == channels;
  }
  return found;
}

#define TWO_TONES                                                              \
  "audiotestsrc freq=400 volume=0.2 samplesperbuffer=160 num-buffers=300 ! "   \
  RAW (16000, 1) " ! s. "                                                      \
  "audiotestsrc freq=900 volume=0.2 samplesperbuffer=160 num-buffers=300 ! "   \
  RAW (16000, 1) " ! s. "

static void
test_encode (Fixture      *f,
             gconstpointer data)
{
  run_to_eos (f, ELEMENT "encode=opus " TWO_TONES);
  g_assert_cmpuint (count_opus (f, 1), ==,
                    fixture_count_calls (f, EKA_CALL_UPLOAD));
}

static void
test_encode_stereo (Fixture      *f,
                    gconstpointer data)
{
  run_to_eos (f, ELEMENT "encode=opus mix=stereo " TWO_TONES);
  g_assert_cmpuint (count_opus (f, 2), ==,
                    fixture_count_calls (f, EKA_CALL_UPLOAD));
}

/* What is Opus by then becomes WAV of as many channels. */
static void
test_refused_stereo (Fixture      *f,
                     gconstpointer data)
{
  g_autoptr (GArray) samples = NULL;

  eka_liar_push (f->liar, EKA_CALL_UPLOAD, 400,
                 "{\"error\":{\"code\":\"invalid_audio_format\"}}");
  run_to_eos (f, ELEMENT "encode=opus mix=stereo " TWO_TONES);
  samples = legs_collect (f, 2);
  g_assert_cmpuint (samples->len / 2, >, 48000 - SLACK);
  assert_tone (samples, 2, 0, 400, TRUE);
  assert_tone (samples, 2, 0, 900, FALSE);
  assert_tone (samples, 2, 1, 900, TRUE);
  assert_tone (samples, 2, 1, 400, FALSE);
}

/* One file for all. */
static void
test_single (Fixture      *f,
             gconstpointer data)
{
  g_autoptr (GArray) samples = NULL;

  eka_liar_push (f->liar, EKA_CALL_DISCOVER, 200,
                 "{\"protocol\":\"medscribealliance\",\"supported_versions\":"
                 "[\"0.1\"],\"capabilities\":{\"audio_formats\":[\"audio/wav\"],"
                 "\"upload_methods\":[\"single\"]}}");
  run_to_eos (f, ELEMENT "mix=stereo upload-type=single " TWO_TONES);
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_UPLOAD), ==, 1);
  samples = legs_collect (f, 2);
  g_assert_cmpuint (samples->len / 2, ==, 48000);
}

/* A camera beside a file: what is recorded now sets the pace. */
static void
test_live_and_file (Fixture      *f,
                    gconstpointer data)
{
  const gint64 began = g_get_monotonic_time ();
  g_autoptr (GArray) samples = NULL;

  run_to_eos (
      f, ELEMENT
      "audiotestsrc is-live=true freq=400 volume=0.2 samplesperbuffer=160 "
      "num-buffers=150 ! " RAW (16000, 1) " ! s. "
      "audiotestsrc freq=900 volume=0.2 samplesperbuffer=160 num-buffers=150 ! "
      RAW (16000, 1) " ! s.");
  g_assert_cmpint (g_get_monotonic_time () - began, >, 1400000);
  samples = legs_collect (f, 1);
  g_assert_cmpuint (samples->len, >, 24000 - SLACK);
  assert_tone (samples, 1, 0, 400, TRUE);
  assert_tone (samples, 1, 0, 900, TRUE);
}

/* 20 ms of a leg at 8 kHz, silent but for a click at the beginning of each second;
 * its stamp is up to 200 ms late. */
static void
push_late (Leg   *leg,
           GRand *rand,
           guint  number)
{
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, 2 * LATE_SAMPLES, NULL);
  gint16 samples[LATE_SAMPLES] = { 0 };
  guint i;

  for (i = 0; number % 50 == 0 && i < LATE_SAMPLES / 4; i++)
    samples[i] = GINT16_TO_LE (8000);
  gst_buffer_fill (buffer, 0, samples, sizeof samples);
  GST_BUFFER_PTS (buffer) = number * 20 * GST_MSECOND +
                            g_rand_int_range (rand, 0, 200) * GST_MSECOND;
  GST_BUFFER_DURATION (buffer) = 20 * GST_MSECOND;
  g_assert_cmpint (gst_pad_push (leg->source, buffer), ==, GST_FLOW_OK);
}

/* What is resampled on its way keeps the time stamps that the mix needs, and all
 * of its samples. */
static void
test_late_resampled (Fixture      *f,
                     gconstpointer data)
{
  g_autoptr (Leg) a = NULL;
  g_autoptr (Leg) b = NULL;
  g_autoptr (GArray) samples = NULL;
  g_autoptr (GstMessage) end = NULL;
  g_autoptr (GRand) rand = g_rand_new_with_seed (8);
  guint i, n_clicks = 0;

  fixture_launch (f, ELEMENT "mix=stereo");
  a = leg_new (f, NULL, 1000, FALSE);
  b = leg_new (f, NULL, 0, FALSE);
  fixture_play (f);
  leg_begin (a, PCM, 0);
  leg_begin (b, RAW (8000, 1), 0);
  for (i = 0; i < LATE_SECONDS * 50; i++) {
    leg_push (a, 20);
    push_late (b, rand, i);
  }
  leg_end (a);
  leg_end (b);
  end = fixture_wait (f, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  g_assert_cmpint (GST_MESSAGE_TYPE (end), ==, GST_MESSAGE_EOS);
  samples = legs_collect (f, 2);
  for (i = 0; i < samples->len / 2; i++) {
    if (GINT16_FROM_LE (g_array_index (samples, gint16, 2 * i + 1)) < 4000)
      continue;
    g_assert_cmpint (ABS ((gint) i - (gint) n_clicks * 16000), <, 20 * 16);
    n_clicks++;
    i += 8000;
  }
  g_assert_cmpuint (n_clicks, ==, LATE_SECONDS);
}

/* Of one leg; the other one never notices. */
static void
test_caps_change (Fixture      *f,
                  gconstpointer data)
{
  g_autoptr (Leg) a = NULL;
  g_autoptr (Leg) b = NULL;
  g_autoptr (GArray) samples = NULL;
  g_autoptr (GstMessage) end = NULL;
  GstBuffer *buffer;

  fixture_launch (f, ELEMENT "mix=stereo");
  a = leg_new (f, NULL, 1000, FALSE);
  b = leg_new (f, NULL, 300, FALSE);
  fixture_play (f);
  leg_begin (a, PCM, 0);
  leg_begin (b, PCM, 0);
  leg_push (a, 1000);
  leg_push (b, 1000);
  /* one second of mu-law, as a phone would send it after a transfer */
  leg_begin (b, "audio/x-mulaw,rate=8000,channels=1", GST_SECOND);
  buffer = gst_buffer_new_allocate (NULL, 8000, NULL);
  gst_buffer_memset (buffer, 0, 0x80, 8000);
  GST_BUFFER_PTS (buffer) = GST_SECOND;
  GST_BUFFER_DURATION (buffer) = GST_SECOND;
  g_assert_cmpint (gst_pad_push (b->source, buffer), ==, GST_FLOW_OK);
  leg_begin (b, PCM, 2 * GST_SECOND);
  leg_push (a, 2000);
  leg_push (b, 1000);
  leg_end (a);
  leg_end (b);
  end = fixture_wait (f, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  g_assert_cmpint (GST_MESSAGE_TYPE (end), ==, GST_MESSAGE_EOS);
  samples = legs_collect (f, 2);
  g_assert_cmpuint (samples->len / 2, ==, 3 * 16000);
  g_assert_cmpuint (legs_count (samples, 2, 0, 1000), ==, 3 * 16000);
  g_assert_cmpuint (legs_count (samples, 2, 1, 300), >, 2 * 16000 - SLACK);
  g_assert_cmpuint (legs_count (samples, 2, 1, 300), <=, 2 * 16000);
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_CREATE), ==, 1);
}

static GstElement *
make_pair (Fixture *f)
{
  g_autoptr (GError) error = NULL;
  GstElement *pipeline = gst_parse_launch (
      "ekascribesink name=s poll-interval=50000000 "
      "audiotestsrc num-buffers=50 samplesperbuffer=1600 ! " PCM " ! s. "
      "audiotestsrc num-buffers=30 samplesperbuffer=1600 ! " PCM " ! s. ",
      &error);

  g_assert_no_error (error);
  return gst_object_ref_sink (pipeline);
}

/* So many calls in one process. */
static void
test_many (Fixture      *f,
           gconstpointer data)
{
  const guint n = checked ? CHECKED_MANY : MANY;
  g_autoptr (GPtrArray) pipelines =
      g_ptr_array_new_with_free_func (gst_object_unref);
  guint i;

  fixture_launch (f, "ekascribesink name=s");
  for (i = 0; i < n; i++) {
    GstElement *pipeline = make_pair (f);
    g_autoptr (GstElement) sink = gst_bin_get_by_name (GST_BIN (pipeline), "s");

    g_ptr_array_add (pipelines, pipeline);
    fixture_adopt (f, sink);
    gst_element_set_state (pipeline, GST_STATE_PLAYING);
  }
  for (i = 0; i < n; i++) {
    g_autoptr (GstBus) bus = gst_element_get_bus (pipelines->pdata[i]);
    g_autoptr (GstMessage) end = gst_bus_timed_pop_filtered (
        bus, 60 * GST_SECOND, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);

    g_assert_nonnull (end);
    g_assert_cmpint (GST_MESSAGE_TYPE (end), ==, GST_MESSAGE_EOS);
    gst_element_set_state (pipelines->pdata[i], GST_STATE_NULL);
  }
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_CREATE), ==, n);
}

/* --- at random ------------------------------------------------------------ */

static void
take_messages (Fixture *f)
{
  GstClockTime patience = g_test_rand_int_range (0, 5) * GST_MSECOND;
  GstMessage *message;

  while ((message = gst_bus_timed_pop (f->bus, patience)) != NULL) {
    gst_message_unref (message);
    patience /= 2;
  }
}

/* A pad goes, while audio comes; another one comes for what has none. */
static void
change_pad (Fixture *f)
{
  static const gchar *const names[] = { "one", "two", "three" };
  g_autoptr (GstElement) element = gst_bin_get_by_name (
      GST_BIN (f->pipeline),
      names[g_test_rand_int_range (0, G_N_ELEMENTS (names))]);
  g_autoptr (GstPad) source = gst_element_get_static_pad (element, "src");
  g_autoptr (GstPad) pad = gst_pad_get_peer (source);

  if (pad != NULL) {
    gst_pad_unlink (source, pad);
    gst_element_release_request_pad (f->sink, pad);
    return;
  }
  pad = gst_element_request_pad_simple (f->sink, "audio_%u");
  g_assert_nonnull (pad);
  g_assert_cmpint (gst_pad_link (source, pad), ==, GST_PAD_LINK_OK);
}

static void
set_state (Fixture *f)
{
  static const GstState states[] = { GST_STATE_NULL, GST_STATE_READY,
                                     GST_STATE_PAUSED, GST_STATE_PLAYING,
                                     GST_STATE_PLAYING, GST_STATE_PLAYING };

  gst_element_set_state (
      f->pipeline, states[g_test_rand_int_range (0, G_N_ELEMENTS (states))]);
}

static void
operate (Fixture *f,
         gboolean live)
{
  gboolean taken; /* or not: any answer is right */
  static const gchar *const commands[] = { "pause", "resume", "end-session",
                                           "discard" };
  GstState state = GST_STATE_NULL;

  switch (g_test_rand_int_range (0, 8)) {
    case 0:
    case 1:
    case 2:
      set_state (f);
      return;
    case 3:
    case 4:
      change_pad (f);
      return;
    case 5:
      g_signal_emit_by_name (
          f->sink,
          commands[g_test_rand_int_range (0, G_N_ELEMENTS (commands))], &taken);
      return;
    case 6:
      gst_element_seek_simple (f->pipeline, GST_FORMAT_TIME,
                               GST_SEEK_FLAG_FLUSH, 0);
      return;
    default:
      gst_element_get_state (f->pipeline, &state, NULL, 0);
      /* A source that waits for one that has died, as behind any full queue, has
       * the application wait with it. */
      if (live && state == GST_STATE_PLAYING)
        gst_element_send_event (f->pipeline, gst_event_new_eos ());
  }
}

static void
test_operations (Fixture      *f,
                 gconstpointer data)
{
  const gboolean live = GPOINTER_TO_INT (data);
  const guint n = checked ? CHECKED_OPERATIONS : OPERATIONS;
  g_autofree gchar *line = NULL;
  gint64 worst = 0;
  guint i;

  line = g_strdup_printf (
      "ekascribesink name=s max-chunk-duration=1000000000 poll-interval=50000000 "
      "max-size-bytes=100000 timeout=1 "
      "audiotestsrc ! " PCM " ! opusenc name=one ! s. "
      "audiotestsrc is-live=%s ! " RAW (8000, 1) " ! mulawenc name=two ! s. "
      "audiotestsrc ! " RAW (44100, 2) " ! identity name=three ! s. ",
      live ? "true" : "false");
  fixture_launch (f, line);
  for (i = 0; i < n; i++) {
    const gint64 began = g_get_monotonic_time ();
    gint64 took;

    operate (f, live);
    took = g_get_monotonic_time () - began;
    g_assert_cmpint (took, <, TOO_LONG);
    worst = MAX (worst, took);
    take_messages (f);
  }
  g_test_message ("longest operation: %.1f ms", worst / 1e3);
  gst_element_set_state (f->pipeline, GST_STATE_NULL);
}

int
main (int    argc,
      char **argv)
{
  fixture_init (&argc, &argv);
  checked = g_getenv ("EKASCRIBE_TEST_CHECKED") != NULL;

  add_test ("/mix/mixed-caps", test_mixed_caps);
  add_test ("/mix/stereo-keeps-apart", test_stereo_keeps_apart);
  add_test ("/mix/encode", test_encode);
  add_test ("/mix/encode-stereo", test_encode_stereo);
  add_test ("/mix/refused-stereo", test_refused_stereo);
  add_test ("/mix/single", test_single);
  add_test ("/mix/live-and-file", test_live_and_file);
  add_test ("/mix/late-resampled", test_late_resampled);
  add_test ("/mix/caps-change", test_caps_change);
  add_test ("/mix/many", test_many);
  g_test_add ("/mix/operations", Fixture, GINT_TO_POINTER (FALSE),
              fixture_set_up, test_operations, fixture_tear_down);
  g_test_add ("/mix/operations-live", Fixture, GINT_TO_POINTER (TRUE),
              fixture_set_up, test_operations, fixture_tear_down);
  return g_test_run ();
}
