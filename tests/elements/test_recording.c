/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "fixture.h"

#include <gst/audio/audio.h>
#include <gst/pbutils/pbutils.h>
#include <string.h>

/* 45 s of something that no two chunks have in common. */
#define SOURCE                                                                \
  "audiotestsrc wave=red-noise num-buffers=450 samplesperbuffer=1600 ! " PCM " "

static void
test_pcm (Fixture      *f,
          gconstpointer data)
{
  g_autoptr (GstMessage) end = NULL;
  const GstStructure *result;
  guint i;

  end = fixture_run (f, SOURCE "! ekascribesink name=s templates=soap "
                               "min-chunk-duration=20000000000");
  g_assert_cmpint (GST_MESSAGE_TYPE (end), ==, GST_MESSAGE_EOS);
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_UPLOAD), ==, 3);
  g_assert_cmpuint (fixture_count (f, "ekascribe-chunk"), ==, 3);
  for (i = 0; i < 3; i++)
    g_assert_cmpuint (
        g_bytes_get_size (fixture_get_upload (f, i, "audio/wav")), ==,
        44 + (i < 2 ? 20 : 5) * 32000);
  result = fixture_find (f, "ekascribe-result");
  g_assert_nonnull (result);
  g_assert_cmpstr (gst_structure_get_string (result, "status"), ==,
                   "completed");
  g_assert_cmpuint (fixture_count (f, "ekascribe-template"), ==, 1);
}

static void
test_opus (Fixture      *f,
           gconstpointer data)
{
  g_autoptr (GstMessage) end = NULL;
  guint i;

  /* Noise has a quiet place now and then. */
  end = fixture_run (f, SOURCE "! opusenc ! ekascribesink name=s "
                               "min-chunk-duration=20000000000");
  g_assert_cmpint (GST_MESSAGE_TYPE (end), ==, GST_MESSAGE_EOS);
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_UPLOAD), ==, 3);
  for (i = 0; i < 3; i++)
    g_assert_true (memcmp (g_bytes_get_data (
                               fixture_get_upload (
                                   f, i, "audio/ogg;codecs=opus"),
                               NULL),
                           "OggS", 4) == 0);
  g_assert_nonnull (fixture_find (f, "ekascribe-result"));
}

static void
write_file (const gchar *line)
{
  g_autoptr (GstElement) pipeline = gst_parse_launch (line, NULL);
  g_autoptr (GstBus) bus = gst_element_get_bus (pipeline);
  g_autoptr (GstMessage) end = NULL;

  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  end = gst_bus_timed_pop_filtered (bus, 60 * GST_SECOND,
                                    GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  g_assert_nonnull (end);
  g_assert_cmpint (GST_MESSAGE_TYPE (end), ==, GST_MESSAGE_EOS);
  gst_element_set_state (pipeline, GST_STATE_NULL);
}

/* A demuxer sends OpusHead and OpusTags as buffers. */
static void
test_ogg_headers_are_no_audio (Fixture      *f,
                               gconstpointer data)
{
  g_autofree gchar *file = g_build_filename (f->folder, "a.ogg", NULL);
  g_autofree gchar *write =
      g_strdup_printf (SOURCE "! opusenc ! oggmux ! filesink location=%s",
                       file);
  g_autofree gchar *read = g_strdup_printf (
      "filesrc location=%s ! oggdemux ! ekascribesink name=s", file);
  g_autoptr (GstMessage) end = NULL;
  g_autoptr (GstStructure) stats = NULL;
  guint64 damaged = 1;
  guint i;

  write_file (write);
  end = fixture_run (f, read);
  g_assert_cmpint (GST_MESSAGE_TYPE (end), ==, GST_MESSAGE_EOS);
  g_assert_nonnull (fixture_get_upload (f, 2, "audio/ogg;codecs=opus"));
  for (i = 0; i < f->messages->len; i++)
    g_assert_cmpint (GST_MESSAGE_TYPE (g_ptr_array_index (f->messages, i)), !=,
                     GST_MESSAGE_WARNING);
  g_object_get (f->sink, "stats", &stats, NULL);
  g_assert_true (
      gst_structure_get_uint64 (stats, "packets-damaged", &damaged));
  g_assert_cmpuint (damaged, ==, 0);
}

/* --- what is decoded ------------------------------------------------------ */

typedef struct
{
  const gchar *name;
  const gchar *encoder; /* factory that must be there */
  const gchar *launch;
  gdouble seconds;
} Codec;

/* How much a codec may add or take at its ends. */
#define SLACK 0.15

static const Codec codecs[] = {
  { "f32-48k-stereo", "audioconvert",
    "audioconvert ! audioresample ! "
    "audio/x-raw,format=F32LE,rate=48000,channels=2",
    2 },
  { "u8-8k", "audioconvert",
    "audioconvert ! audioresample ! audio/x-raw,format=U8,rate=8000", 2 },
  { "mulaw", "mulawenc", "mulawenc", 2 },
  { "alaw", "alawenc", "alawenc", 2 },
  { "mp3", "lamemp3enc", "lamemp3enc", 2 },
  { "aac", "voaacenc", "voaacenc", 2 },
  { "flac", "flacenc", "flacenc", 2 },
  { "vorbis", "vorbisenc", "audioconvert ! vorbisenc", 2 },
  { "g722", "avenc_g722", "avenc_g722", 2 },
  { "amr-nb", "amrnbenc", "audioresample ! audio/x-raw,rate=8000 ! amrnbenc",
    2 },
  { "amr-wb", "voamrwbenc", "voamrwbenc", 2 },
  { "opus-surround", "opusenc",
    "audioconvert ! audioresample ! "
    "audio/x-raw,rate=48000,channels=6,channel-mask=(bitmask)0x3f ! opusenc",
    2 },
};

/* Samples of all chunks, and how loud they are. */
static gdouble
measure_wav (Fixture *f,
             gdouble *loudness)
{
  gdouble sum = 0;
  gsize n = 0;
  guint i;

  for (i = 0; i < fixture_count_calls (f, EKA_CALL_UPLOAD); i++) {
    gsize size, j;
    const guint8 *data =
        g_bytes_get_data (fixture_get_upload (f, i, "audio/wav"), &size);

    for (j = 44; j + 1 < size; j += 2) {
      gint16 sample = data[j] | data[j + 1] << 8;

      sum += ABS ((gint) sample);
      n++;
    }
  }
  *loudness = n > 0 ? sum / n : 0;
  return n / 16000.0;
}

static void
test_codec (Fixture      *f,
            gconstpointer data)
{
  const Codec *codec = data;
  g_autofree gchar *line = NULL;
  g_autoptr (GstElementFactory) factory = NULL;
  g_autoptr (GstMessage) end = NULL;
  gdouble loudness, seconds;

  factory = gst_element_factory_find (codec->encoder);
  if (factory == NULL) {
    g_test_skip ("no encoder");
    return;
  }
  line = g_strdup_printf ("audiotestsrc num-buffers=20 samplesperbuffer=1600 "
                          "volume=0.5 ! " PCM " ! %s ! ekascribesink name=s "
                          "container=wav",
                          codec->launch);
  end = fixture_run (f, line);
  g_assert_cmpint (GST_MESSAGE_TYPE (end), ==, GST_MESSAGE_EOS);
  seconds = measure_wav (f, &loudness);
  g_assert_cmpfloat (seconds, >=, codec->seconds - SLACK);
  g_assert_cmpfloat (seconds, <=, codec->seconds + SLACK);
  /* A sine of half the scale: 32767 / 2 * 2 / pi; a downmix takes some. */
  g_assert_cmpfloat (loudness, >, 2500);
  g_assert_cmpfloat (loudness, <, 12000);
}

/* As long as it came in, at every rate: to the sample. */
static void
test_rate (Fixture      *f,
           gconstpointer data)
{
  const guint rate = GPOINTER_TO_UINT (data), size = rate / 10;
  g_autofree gchar *line = g_strdup_printf (
      "audiotestsrc num-buffers=101 samplesperbuffer=%u ! "
      "audio/x-raw,format=S16LE,channels=1,rate=%u ! ekascribesink name=s",
      size, rate);
  g_autoptr (GstMessage) end = fixture_run (f, line);
  gdouble loudness;

  g_assert_cmpint (GST_MESSAGE_TYPE (end), ==, GST_MESSAGE_EOS);
  g_assert_cmpuint (measure_wav (f, &loudness) * 16000 + 0.5, ==,
                    gst_util_uint64_scale_round (101 * size, 16000, rate));
}

static void
test_missing_decoder (Fixture      *f,
                      gconstpointer data)
{
  g_autoptr (GstMessage) missing = NULL;
  g_autoptr (GstMessage) error = NULL;
  g_autofree gchar *detail = NULL;
  g_autoptr (GstPad) pad = NULL;
  g_autoptr (GstCaps) caps = gst_caps_from_string (
      "audio/x-lpc, rate=8000, channels=1");

  fixture_launch (f, "ekascribesink name=s");
  pad = fixture_get_source (f);
  fixture_play (f);
  gst_pad_send_event (pad, gst_event_new_stream_start ("test"));
  g_assert_false (gst_pad_send_event (pad, gst_event_new_caps (caps)));
  missing = fixture_wait (f, GST_MESSAGE_ELEMENT);
  while (!gst_is_missing_plugin_message (missing)) {
    gst_message_unref (missing);
    missing = fixture_wait (f, GST_MESSAGE_ELEMENT);
  }
  detail = gst_missing_plugin_message_get_installer_detail (missing);
  g_assert_nonnull (strstr (detail, "decoder-audio/x-lpc"));
  error = fixture_wait (f, GST_MESSAGE_ERROR);
  fixture_assert_error (error, GST_CORE_ERROR, GST_CORE_ERROR_MISSING_PLUGIN,
                        "audio/x-lpc");
  gst_element_set_state (f->pipeline, GST_STATE_NULL);
  gst_element_release_request_pad (f->sink, pad);
}

/* --- what discovery says -------------------------------------------------- */

static void
push_formats (Fixture     *f,
              const gchar *formats)
{
  g_autofree gchar *body = g_strdup_printf (
      "{\"protocol\":\"medscribealliance\",\"supported_versions\":[\"0.1\"],"
      "\"capabilities\":{\"audio_formats\":[%s],\"max_chunk_duration_seconds\":"
      "10,\"upload_methods\":[\"chunked\"]}}",
      formats);

  eka_liar_push (f->liar, EKA_CALL_DISCOVER, 200, body);
}

static void
test_bare_ogg (Fixture      *f,
               gconstpointer data)
{
  g_autoptr (GstMessage) end = NULL;
  guint i;

  push_formats (f, "\"audio/ogg\",\"audio/wav\"");
  end = fixture_run (f, SOURCE "! opusenc ! ekascribesink name=s");
  g_assert_cmpint (GST_MESSAGE_TYPE (end), ==, GST_MESSAGE_EOS);
  /* 45 s and pre-roll in chunks of 10 s, or less where the noise is quiet. */
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_UPLOAD), >=, 5);
  for (i = 0; i < fixture_count_calls (f, EKA_CALL_UPLOAD); i++)
    fixture_get_upload (f, i, "audio/ogg");
}

static void
test_no_ogg (Fixture      *f,
             gconstpointer data)
{
  g_autoptr (GstMessage) end = NULL;
  gdouble loudness;

  push_formats (f, "\"audio/wav\"");
  end = fixture_run (f, SOURCE "! opusenc ! ekascribesink name=s");
  g_assert_cmpint (GST_MESSAGE_TYPE (end), ==, GST_MESSAGE_EOS);
  g_assert_cmpfloat_with_epsilon (measure_wav (f, &loudness), 45, 0.01);
}

static void
test_neither (Fixture      *f,
              gconstpointer data)
{
  g_autofree gchar *line = g_strdup_printf (
      "audiotestsrc num-buffers=100 ! %s ! ekascribesink name=s",
      (const gchar *) data);
  g_autoptr (GstMessage) end = NULL;

  push_formats (f, "\"audio/mp4\"");
  end = fixture_run (f, line);
  g_assert_cmpint (GST_MESSAGE_TYPE (end), ==, GST_MESSAGE_ERROR);
  fixture_assert_error (end, GST_STREAM_ERROR, GST_STREAM_ERROR_FORMAT,
                        "audio/mp4");
}

static void
test_language_tag (Fixture      *f,
                   gconstpointer data)
{
  g_autoptr (GstMessage) end = NULL;
  const gchar *body;
  gsize size;

  end = fixture_run (f, "audiotestsrc num-buffers=10 ! taginject "
                        "tags=\"language-code=hin\" ! ekascribesink name=s");
  g_assert_cmpint (GST_MESSAGE_TYPE (end), ==, GST_MESSAGE_EOS);
  body = g_bytes_get_data (eka_liar_nth (f->liar, EKA_CALL_CREATE, 0)->body,
                           &size);
  g_assert_nonnull (g_strstr_len (body, size, "\"language_hint\":[\"hi\"]"));
}

/* --- what changes on the way ---------------------------------------------- */

static void
set_caps (GstPad      *pad,
          const gchar *text,
          gboolean     taken)
{
  g_autoptr (GstCaps) caps = gst_caps_from_string (text);

  g_assert_true (gst_pad_send_event (pad, gst_event_new_caps (caps)) == taken);
}

static void
finish (Fixture *f,
        GstPad  *pad)
{
  g_autoptr (GstMessage) end = NULL;

  g_assert_true (gst_pad_send_event (pad, gst_event_new_eos ()));
  end = fixture_wait (f, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  g_assert_cmpint (GST_MESSAGE_TYPE (end), ==, GST_MESSAGE_EOS);
  gst_element_release_request_pad (f->sink, pad);
}

static void
test_other_rate (Fixture      *f,
                 gconstpointer data)
{
  g_autoptr (GstPad) pad = NULL;
  gdouble loudness;

  fixture_launch (f, "ekascribesink name=s");
  pad = fixture_start_push (f, PCM);
  g_assert_cmpint (fixture_push_pcm (pad, 0, GST_SECOND), ==, GST_FLOW_OK);
  set_caps (pad,
            "audio/x-raw,format=S16LE,layout=interleaved,rate=8000,channels=1",
            TRUE);
  /* The same bytes last twice as long now. */
  g_assert_cmpint (fixture_push_pcm (pad, GST_SECOND, GST_SECOND), ==,
                   GST_FLOW_OK);
  finish (f, pad);
  g_assert_cmpfloat_with_epsilon (measure_wav (f, &loudness), 3, 0.05);
}

static GstFlowReturn
push_bytes (GstPad       *pad,
            GstClockTime  pts,
            gsize         size)
{
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, size, NULL);

  gst_buffer_memset (buffer, 0, 0x55, size);
  GST_BUFFER_PTS (buffer) = pts;
  return gst_pad_chain (pad, buffer);
}

/* A session has one format: PCM at another rate, µ-law, PCM again, Opus. */
static void
test_other_codec (Fixture      *f,
                  gconstpointer data)
{
  static const gsize sizes[] = { 44 + 32000, 58 + 8000, 44 + 32000 };
  g_autoptr (GstPad) pad = NULL;
  guint i;

  fixture_launch (f, "ekascribesink name=s");
  pad = fixture_start_push (f, PCM);
  g_assert_cmpint (fixture_push_pcm (pad, 0, GST_SECOND), ==, GST_FLOW_OK);
  set_caps (pad, "audio/x-mulaw,rate=8000,channels=1", TRUE);
  g_assert_cmpint (push_bytes (pad, GST_SECOND, 8000), ==, GST_FLOW_OK);
  set_caps (pad, PCM, TRUE);
  g_assert_cmpint (fixture_push_pcm (pad, 2 * GST_SECOND, GST_SECOND), ==,
                   GST_FLOW_OK);
  set_caps (pad, OPUS, TRUE);
  for (i = 0; i < 50; i++)
    g_assert_cmpint (fixture_push_opus (pad, 3 * GST_SECOND +
                                                 i * 20 * GST_MSECOND, 1),
                     ==, GST_FLOW_OK);
  finish (f, pad);
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_CREATE), ==, 4);
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_UPLOAD), ==, 4);
  for (i = 0; i < G_N_ELEMENTS (sizes); i++)
    g_assert_cmpuint (
        g_bytes_get_size (fixture_get_upload (f, i, "audio/wav")), ==,
        sizes[i]);
  fixture_get_upload (f, 3, "audio/ogg;codecs=opus");
}

static GstFlowReturn
push_opus (GstPad       *pad,
           GstClockTime  pts,
           const guint8 *packet,
           gsize         size)
{
  GstBuffer *buffer = gst_buffer_new_memdup (packet, size);

  GST_BUFFER_PTS (buffer) = pts;
  GST_BUFFER_DURATION (buffer) = 20 * GST_MSECOND;
  return gst_pad_chain (pad, buffer);
}

/* RFC 6716, section 3.1: configuration 31, 20 ms, mono. */
static const guint8 silence[] = { 0xf8, 0xff, 0xfe };

/* What the encoder has added at the end is cut off, in whatever unit it is
 * told. */
static void
test_trimmed (Fixture      *f,
              gconstpointer data)
{
  GstFormat format = GPOINTER_TO_INT (data);
  guint64 end = format == GST_FORMAT_TIME ? 10 * GST_MSECOND : 480;
  g_autoptr (GstPad) pad = NULL;
  GstClockTime duration;
  GstBuffer *buffer;
  guint i;

  fixture_launch (f, "ekascribesink name=s");
  pad = fixture_start_push (
      f, "audio/x-opus,channel-mapping-family=0,channels=1");
  for (i = 0; i < 49; i++)
    g_assert_cmpint (push_opus (pad, i * 20 * GST_MSECOND, silence, 3), ==,
                     GST_FLOW_OK);
  buffer = gst_buffer_new_memdup (silence, 3);
  GST_BUFFER_PTS (buffer) = 49 * 20 * GST_MSECOND;
  gst_buffer_add_audio_clipping_meta (buffer, format, 0, end);
  g_assert_cmpint (gst_pad_chain (pad, buffer), ==, GST_FLOW_OK);
  finish (f, pad);
  g_assert_true (gst_structure_get_clock_time (
      fixture_find (f, "ekascribe-chunk"), "duration", &duration));
  g_assert_cmpuint (duration, ==, 990 * GST_MSECOND);
}

/* One session has one format: other channels are another session, and the two
 * are linked. */
static void
test_other_header (Fixture      *f,
                   gconstpointer data)
{
  g_autoptr (GstPad) pad = NULL;
  const gchar *body;
  gsize size;
  guint i;

  fixture_launch (f, "ekascribesink name=s");
  pad = fixture_start_push (
      f, "audio/x-opus,channel-mapping-family=0,channels=1");
  for (i = 0; i < 50; i++)
    g_assert_cmpint (push_opus (pad, i * 20 * GST_MSECOND, silence, 3), ==,
                     GST_FLOW_OK);
  set_caps (pad, "audio/x-opus,channel-mapping-family=0,channels=2", TRUE);
  for (; i < 100; i++)
    g_assert_cmpint (push_opus (pad, i * 20 * GST_MSECOND, silence, 3), ==,
                     GST_FLOW_OK);
  finish (f, pad);
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_UPLOAD), ==, 2);
  g_assert_true (g_str_has_suffix (
      eka_liar_nth (f->liar, EKA_CALL_UPLOAD, 1)->uri, "_0.ogg"));
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_END), ==, 2);
  body = g_bytes_get_data (eka_liar_nth (f->liar, EKA_CALL_CREATE, 1)->body,
                           &size);
  g_assert_nonnull (g_strstr_len (body, size, "\"part\":2"));
  g_assert_cmpuint (fixture_count (f, "ekascribe-result"), ==, 2);
}

static void
test_damaged (Fixture      *f,
              gconstpointer data)
{
  static const guint8 torn[] = { 0xff };
  g_autoptr (GstPad) pad = NULL;
  g_autoptr (GstStructure) stats = NULL;
  guint64 damaged;
  guint i;

  fixture_launch (f, "ekascribesink name=s");
  pad = fixture_start_push (
      f, "audio/x-opus,channel-mapping-family=0,channels=1");
  for (i = 0; i < 50; i++)
    g_assert_cmpint (push_opus (pad, i * 20 * GST_MSECOND,
                                i % 10 == 5 ? torn : silence,
                                i % 10 == 5 ? 1 : 3),
                     ==, GST_FLOW_OK);
  finish (f, pad);
  g_object_get (f->sink, "stats", &stats, NULL);
  g_assert_true (gst_structure_get_uint64 (stats, "packets-damaged",
                                           &damaged));
  g_assert_cmpuint (damaged, ==, 5);
}

/* A jump of the running time ends a chunk; jitter does not. */
static void
test_jump (Fixture      *f,
           gconstpointer data)
{
  g_autoptr (GstPad) pad = NULL;
  GstClockTime times[2];
  guint i, n = 0;

  fixture_launch (f, "ekascribesink name=s");
  pad = fixture_start_push (f, PCM);
  fixture_push_pcm (pad, 0, GST_SECOND);
  fixture_push_pcm (pad, GST_SECOND + 5 * GST_MSECOND, GST_SECOND);
  fixture_push_pcm (pad, 60 * GST_SECOND, GST_SECOND);
  finish (f, pad);
  g_assert_cmpuint (fixture_count (f, "ekascribe-chunk"), ==, 2);
  for (i = 0; i < f->messages->len; i++) {
    const GstStructure *s =
        gst_message_get_structure (g_ptr_array_index (f->messages, i));

    if (s != NULL && gst_structure_has_name (s, "ekascribe-chunk"))
      g_assert_true (
          gst_structure_get_clock_time (s, "running-time", &times[n++]));
  }
  g_assert_cmpuint (times[0], ==, 0);
  g_assert_cmpuint (times[1], ==, 60 * GST_SECOND);
}

int
main (int    argc,
      char **argv)
{
  static const guint rates[] = { 8000, 11025, 22050, 44100, 48000 };
  guint i;

  fixture_init (&argc, &argv);

  add_test ("/recording/pcm-goes-up-as-wav", test_pcm);
  add_test ("/recording/opus-goes-up-untouched", test_opus);
  add_test ("/recording/ogg-headers-are-no-audio",
            test_ogg_headers_are_no_audio);
  for (i = 0; i < G_N_ELEMENTS (codecs); i++) {
    g_autofree gchar *path =
        g_strdup_printf ("/recording/decoded/%s", codecs[i].name);

    g_test_add (path, Fixture, &codecs[i], fixture_set_up, test_codec,
                fixture_tear_down);
  }
  for (i = 0; i < G_N_ELEMENTS (rates); i++) {
    g_autofree gchar *path =
        g_strdup_printf ("/recording/rate/%u", rates[i]);

    g_test_add (path, Fixture, GUINT_TO_POINTER (rates[i]), fixture_set_up,
                test_rate, fixture_tear_down);
  }
  add_test ("/recording/missing-decoder-is-named", test_missing_decoder);
  add_test ("/recording/opus-as-bare-ogg", test_bare_ogg);
  add_test ("/recording/opus-is-decoded-where-ogg-is-not-taken", test_no_ogg);
  g_test_add ("/recording/no-format-fits/pcm", Fixture, PCM, fixture_set_up,
              test_neither, fixture_tear_down);
  g_test_add ("/recording/no-format-fits/opus", Fixture, "opusenc",
              fixture_set_up, test_neither, fixture_tear_down);
  add_test ("/recording/language-tag-is-the-hint", test_language_tag);
  add_test ("/recording/rate-may-change", test_other_rate);
  add_test ("/recording/codec-may-not-change", test_other_codec);
  add_test ("/recording/opus-header-may-change", test_other_header);
  g_test_add ("/recording/end-is-trimmed/samples", Fixture,
              GINT_TO_POINTER (GST_FORMAT_DEFAULT), fixture_set_up,
              test_trimmed, fixture_tear_down);
  g_test_add ("/recording/end-is-trimmed/time", Fixture,
              GINT_TO_POINTER (GST_FORMAT_TIME), fixture_set_up, test_trimmed,
              fixture_tear_down);
  add_test ("/recording/damage-is-counted", test_damaged);
  add_test ("/recording/jump-ends-a-chunk", test_jump);
  return g_test_run ();
}
