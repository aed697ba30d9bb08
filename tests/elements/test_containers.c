/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "packets.h"

#include <string.h>

#define SOURCE "audiotestsrc num-buffers=15 samplesperbuffer=1600 ! " PCM " ! "

typedef struct
{
  const gchar *encoder;
  const gchar *container;
  const gchar *encode;
  const gchar *media_type; /* NULL: an error that names the container */
} Case;

#define RAW "identity"
#define OPUS_ENC "opusenc"
#define AAC_ENC "audioconvert ! avenc_aac"
#define AAC_LC "audioresample ! audioconvert ! audio/x-raw,rate=44100 ! avenc_aac"
#define MP3_ENC "lamemp3enc"
#define VORBIS_ENC "audioconvert ! vorbisenc"
#define MULAW_ENC "audioresample ! audio/x-raw,rate=8000 ! mulawenc"
#define FLAC_ENC "flacenc"

#define OGG_OPUS "audio/ogg;codecs=opus"
#define WEBM_OPUS "audio/webm;codecs=opus"

static const Case cases[] = {
  { RAW, "auto", "none", "audio/wav" },
  { RAW, "wav", "none", "audio/wav" },
  { RAW, "ogg", "none", NULL },
  { RAW, "webm", "none", NULL },
  { RAW, "mp3", "none", NULL },
  { RAW, "m4a", "opus", NULL },
  { RAW, "auto", "opus", OGG_OPUS },
  { RAW, "ogg", "opus", OGG_OPUS },
  { RAW, "webm", "opus", WEBM_OPUS },
  { OPUS_ENC, "auto", "none", OGG_OPUS },
  { OPUS_ENC, "webm", "none", WEBM_OPUS },
  { OPUS_ENC, "wav", "none", "audio/wav" },
  { OPUS_ENC, "mp3", "none", NULL },
  { OPUS_ENC, "m4a", "opus", NULL },
  { AAC_ENC, "auto", "none", "audio/m4a" },
  { AAC_LC, "auto", "opus", "audio/m4a" },
  { AAC_LC, "mp4", "none", "audio/mp4" },
  { AAC_LC, "wav", "none", "audio/wav" },
  { AAC_LC, "ogg", "none", NULL },
  { AAC_LC, "ogg", "opus", OGG_OPUS },
  { AAC_LC, "webm", "opus", WEBM_OPUS },
  { AAC_LC, "mp3", "opus", NULL },
  { MP3_ENC, "auto", "none", "audio/mp3" },
  { MP3_ENC, "wav", "none", "audio/wav" },
  { MP3_ENC, "ogg", "none", NULL },
  { MP3_ENC, "webm", "opus", WEBM_OPUS },
  { VORBIS_ENC, "auto", "none", "audio/ogg" },
  { VORBIS_ENC, "ogg", "opus", "audio/ogg" },
  { VORBIS_ENC, "wav", "none", "audio/wav" },
  { VORBIS_ENC, "webm", "none", NULL },
  { VORBIS_ENC, "webm", "opus", WEBM_OPUS },
  { MULAW_ENC, "auto", "none", "audio/wav" },
  { MULAW_ENC, "ogg", "none", NULL },
  { FLAC_ENC, "auto", "none", "audio/wav" },
  { FLAC_ENC, "auto", "opus", OGG_OPUS },
  { FLAC_ENC, "webm", "opus", WEBM_OPUS },
  { FLAC_ENC, "mp4", "none", NULL },
};

static void
test_taken (Fixture      *f,
            gconstpointer data)
{
  const Case *c = data;
  g_autofree gchar *line = g_strdup_printf (
      SOURCE "%s ! ekascribesink name=s container=%s encode=%s", c->encoder,
      c->container, c->encode);
  g_autoptr (GstMessage) end = NULL;
  guint64 samples;

  inputs_offer (f, ALL_FORMATS, "");
  end = fixture_run (f, line);
  g_assert_cmpint (GST_MESSAGE_TYPE (end), ==, GST_MESSAGE_EOS);
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_UPLOAD), ==, 1);
  fixture_get_upload (f, 0, c->media_type);
  samples = inputs_count_type (f, c->media_type, 16000);
  g_assert_cmpuint (samples, >=, 24000 - 320);
  g_assert_cmpuint (samples, <=, 24000 + 2048);
}

/* Pushed by hand, for encoders leave behind what is refused. */
static void
push_to_refusal (Fixture       *f,
                 const Packets *packets)
{
  GstFlowReturn ret = GST_FLOW_OK;
  g_autoptr (GstPad) pad = fixture_get_source (f);
  GstSegment segment;
  guint i;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  fixture_play (f);
  gst_pad_send_event (pad, gst_event_new_stream_start ("test"));
  gst_pad_send_event (pad, gst_event_new_caps (packets->caps));
  gst_pad_send_event (pad, gst_event_new_segment (&segment));
  for (i = 0; i < packets->buffers->len && ret == GST_FLOW_OK; i++)
    ret = gst_pad_chain (pad, gst_buffer_ref (packets->buffers->pdata[i]));
  gst_pad_send_event (pad, gst_event_new_eos ());
}

/* An error that names the property, before the service has heard of a session.
 */
static void
test_refused (Fixture      *f,
              gconstpointer data)
{
  const Case *c = data;
  g_autofree gchar *source = g_strconcat (SOURCE, c->encoder, NULL);
  g_autoptr (Packets) packets = packets_from_launch (&format_pcm, source);
  g_autofree gchar *line = g_strdup_printf (
      "ekascribesink name=s container=%s encode=%s", c->container, c->encode);
  g_autofree gchar *text = g_strdup_printf ("container=%s", c->container);
  g_autoptr (GstMessage) error = NULL;

  inputs_offer (f, ALL_FORMATS, "");
  fixture_launch (f, line);
  push_to_refusal (f, packets);
  error = fixture_wait (f, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  g_assert_cmpint (GST_MESSAGE_TYPE (error), ==, GST_MESSAGE_ERROR);
  fixture_assert_error (error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS,
                        text);
  gst_element_set_state (f->pipeline, GST_STATE_NULL);
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_CREATE), ==, 0);
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_UPLOAD), ==, 0);
}

/* --- the service's answer comes late -------------------------------------- */

/* What was held when its pad went, and what another codec follows, has become
 * chunks already. */
typedef struct
{
  const gchar *name;
  const Format *format;
  const gchar *container;
  gboolean release;
} Late;

static const Late lates[] = {
  { "released/aac", &format_aac, "auto", TRUE },
  { "released/mp3", &format_mp3, "auto", TRUE },
  { "released/vorbis", &format_vorbis, "auto", TRUE },
  { "released/opus", &format_opus, "auto", TRUE },
  { "followed/aac", &format_aac, "auto", FALSE },
  { "followed/mp3", &format_mp3, "auto", FALSE },
  { "followed/vorbis", &format_vorbis, "auto", FALSE },
  { "followed/opus", &format_opus, "auto", FALSE },
};

static guint64
count_heard (Fixture *f)
{
  return inputs_count_type (f, "audio/wav", 16000);
}

static guint64
push_all (const Packets *packets,
          GstPad        *pad)
{
  const Format *format = packets->format;
  const guint n = 2 * format->rate / format->samples;
  guint i;

  if (format != &format_vorbis) {
    packets_push (packets, pad, 0, n);
    return gst_util_uint64_scale_round (
        n * format->samples - (format == &format_opus ? 312 : 0), 16000,
        format->rate);
  }
  for (i = 0; i < packets->buffers->len; i++)
    g_assert_cmpint (
        gst_pad_chain (pad, gst_buffer_ref (packets->buffers->pdata[i])), ==,
        GST_FLOW_OK);
  return (2 * format->rate / format->samples + 2) * format->samples;
}

static void
test_late (Fixture      *f,
           gconstpointer data)
{
  const Late *late = data;
  g_autoptr (Packets) packets = packets_new (late->format, 2);
  g_autofree gchar *caps = gst_caps_to_string (packets->caps);
  g_autofree gchar *line = g_strdup_printf ("ekascribesink name=s container=%s",
                                            late->container);
  g_autoptr (GstPad) pad = NULL;
  guint64 samples;

  inputs_offer (f, "audio/wav", "");
  fixture_launch (f, line);
  f->liar->delay = 200;
  pad = fixture_start_push (f, caps);
  samples = push_all (packets, pad);
  g_assert_cmpuint (fixture_get_stat (f, "packets"), ==, 0);
  if (late->release) {
    gst_element_release_request_pad (f->sink, pad);
  } else {
    g_autoptr (GstCaps) raw = gst_caps_from_string (PCM);

    g_assert_true (gst_pad_send_event (pad, gst_event_new_caps (raw)));
    g_assert_true (gst_pad_send_event (pad, gst_event_new_eos ()));
  }
  gst_message_unref (fixture_wait_name (f, "ekascribe-result", NULL));
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_UPLOAD), ==, 1);
  fixture_get_upload (f, 0, "audio/wav");
  g_assert_cmpint (ABS ((gint64) count_heard (f) - (gint64) samples), <=, 1);
  if (!late->release)
    gst_element_release_request_pad (f->sink, pad);
}

/* --- what is no simple AAC ------------------------------------------------ */

/* A parser and a decoder stand between the pad and the packets of HE-AAC that
 * says what it is (ISO/IEC 14496-3, 1.6.6.1), of more channels, of LOAS. */
static void
test_decoded (Fixture      *f,
              gconstpointer data)
{
  g_autoptr (GstPad) pad = NULL;
  g_autoptr (GstPad) target = NULL;
  GstElementFactory *factory;

  inputs_offer (f, ALL_FORMATS, "");
  fixture_launch (f, "ekascribesink name=s");
  pad = fixture_start_push (f, data);
  target = gst_ghost_pad_get_target (GST_GHOST_PAD (pad));
  g_assert_nonnull (target);
  factory = gst_element_get_factory (GST_ELEMENT (GST_PAD_PARENT (target)));
  g_assert_nonnull (factory);
  g_assert_cmpstr (GST_OBJECT_NAME (factory), ==, "aacparse");
  gst_element_set_state (f->pipeline, GST_STATE_NULL);
  gst_element_release_request_pad (f->sink, pad);
}

int
main (int    argc,
      char **argv)
{
  static const gchar *const decoded[][2] = {
    { "he-aac", "audio/mpeg,mpegversion=4,stream-format=raw,rate=44100,"
                "channels=2,codec_data=(buffer)2b8a0800" },
    { "six-channels", "audio/mpeg,mpegversion=4,stream-format=raw,rate=44100,"
                      "channels=6,codec_data=(buffer)1230" },
    { "loas", "audio/mpeg,mpegversion=4,stream-format=loas,rate=44100,"
              "channels=1" },
  };
  guint i;

  fixture_init (&argc, &argv);
  for (i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree gchar *codec = g_strdup (cases[i].encoder);
    g_autofree gchar *name = NULL;

    if (strrchr (codec, ' ') != NULL)
      memmove (codec, strrchr (codec, ' ') + 1,
               strlen (strrchr (codec, ' ')));
    name = g_strdup_printf ("/containers/%s/%s/encode-%s", codec,
                            cases[i].container, cases[i].encode);
    g_test_add (name, Fixture, &cases[i], fixture_set_up,
                cases[i].media_type != NULL ? test_taken : test_refused,
                fixture_tear_down);
  }
  for (i = 0; i < G_N_ELEMENTS (lates); i++) {
    g_autofree gchar *name =
        g_strdup_printf ("/containers/late/%s", lates[i].name);

    g_test_add (name, Fixture, &lates[i], fixture_set_up, test_late,
                fixture_tear_down);
  }
  for (i = 0; i < G_N_ELEMENTS (decoded); i++) {
    g_autofree gchar *name =
        g_strdup_printf ("/containers/decoded/%s", decoded[i][0]);

    g_test_add (name, Fixture, decoded[i][1], fixture_set_up, test_decoded,
                fixture_tear_down);
  }
  return g_test_run ();
}
