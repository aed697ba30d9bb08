/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "packets.h"

#include <gst/app/gstappsink.h>

#include "../chunk/encode.h"

#define PATIENCE (60 * GST_SECOND)

/* Each asks what the service takes. */
#define MAX_SESSIONS 50

#define NOISE                                                                 \
  "audiotestsrc wave=red-noise samplesperbuffer=%u num-buffers=%u ! "        \
  "audio/x-raw,format=S16LE,rate=%u,channels=1 ! "

const Format format_opus = {
  "opus", "opusenc", "audio/ogg;codecs=opus", 48000, 960,
};
const Format format_mulaw = { "mulaw", "mulawenc", "audio/wav", 8000, 160 };
const Format format_pcm = { "pcm", "identity", "audio/wav", 16000, 320 };
const Format format_aac = {
  "aac", "audioconvert ! avenc_aac", "audio/m4a", 44100, 1024,
};
const Format format_mp3 = { "mp3", "lamemp3enc ! mpegaudioparse", "audio/mp3", 16000, 576 };
const Format format_flac = {
  "flac", "flacenc blocksize=512", "audio/wav", 16000, 512,
};
const Format format_vorbis = {
  "vorbis", "audioconvert ! vorbisenc", "audio/ogg", 16000, 1024,
};

/**
 * packets_from_launch:
 * @format: what comes out
 * @launch: elements from a source to an encoder
 *
 * Returns: (transfer full): what they make
 */
Packets *
packets_from_launch (const Format *format,
                     const gchar  *launch)
{
  g_autofree gchar *line =
      g_strdup_printf ("%s ! appsink name=sink sync=false", launch);
  g_autoptr (GError) error = NULL;
  g_autoptr (GstElement) pipeline = gst_parse_launch (line, &error);
  g_autoptr (GstElement) sink =
      gst_bin_get_by_name (GST_BIN (pipeline), "sink");
  Packets *packets = g_new0 (Packets, 1);
  GstSample *sample;

  g_assert_no_error (error);
  packets->format = format;
  packets->buffers =
      g_ptr_array_new_with_free_func ((GDestroyNotify) gst_buffer_unref);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  while ((sample = gst_app_sink_try_pull_sample (GST_APP_SINK (sink),
                                                 PATIENCE)) != NULL) {
    gst_caps_replace (&packets->caps, gst_sample_get_caps (sample));
    /* those of FLAC are in its caps */
    if (format != &format_flac ||
        !GST_BUFFER_FLAG_IS_SET (gst_sample_get_buffer (sample),
                                 GST_BUFFER_FLAG_HEADER))
      g_ptr_array_add (packets->buffers,
                       gst_buffer_ref (gst_sample_get_buffer (sample)));
    gst_sample_unref (sample);
  }
  g_assert_true (gst_app_sink_is_eos (GST_APP_SINK (sink)));
  gst_element_set_state (pipeline, GST_STATE_NULL);
  g_assert_cmpuint (packets->buffers->len, >, 0);
  return packets;
}

/**
 * packets_new:
 * @format: what is made
 * @seconds: of noise
 *
 * Returns: (transfer full): at least so much
 */
Packets *
packets_new (const Format *format,
             guint         seconds)
{
  g_autofree gchar *noise = g_strdup_printf (
      NOISE "%s", format->samples, seconds * format->rate / format->samples + 2,
      format->rate, format->launch);

  return packets_from_launch (format, noise);
}

void
packets_free (Packets *packets)
{
  gst_caps_unref (packets->caps);
  g_ptr_array_unref (packets->buffers);
  g_free (packets);
}

/* Where packet @nth begins, if all packets are as long as the format tells. */
GstClockTime
packets_get_time (const Packets *packets,
                  guint          nth)
{
  return gst_util_uint64_scale ((guint64) nth * packets->format->samples,
                                GST_SECOND, packets->format->rate);
}

/* Returns: (transfer full): the bytes alone */
GstBuffer *
packets_copy (const Packets *packets,
              guint          nth)
{
  g_assert_cmpuint (nth, <, packets->buffers->len);
  return gst_buffer_copy_region (packets->buffers->pdata[nth],
                                 GST_BUFFER_COPY_MEMORY, 0, -1);
}

/* Returns: (transfer full): with a time and a duration */
GstBuffer *
packets_stamp (const Packets *packets,
               guint          nth,
               GstClockTime   pts)
{
  GstBuffer *buffer = packets_copy (packets, nth);

  GST_BUFFER_PTS (buffer) = pts;
  GST_BUFFER_DURATION (buffer) = packets_get_time (packets, 1);
  return buffer;
}

/* Pushes packets from @first up to @end, exclusive, where they belong. */
void
packets_push (const Packets *packets,
              GstPad        *pad,
              guint          first,
              guint          end)
{
  packets_push_at (packets, pad, first, end,
                   packets_get_time (packets, first));
}

/* The same, with @pts for the first one. */
void
packets_push_at (const Packets *packets,
                 GstPad        *pad,
                 guint          first,
                 guint          end,
                 GstClockTime   pts)
{
  const GstClockTime start = packets_get_time (packets, first);
  guint i;

  for (i = first; i < end; i++)
    g_assert_cmpint (
        gst_pad_chain (pad, packets_stamp (packets, i,
                                           pts + packets_get_time (packets, i) -
                                               start)),
        ==, GST_FLOW_OK);
}

void
packets_set_caps (const Packets *packets,
                  GstPad        *pad)
{
  g_assert_true (gst_pad_send_event (pad, gst_event_new_caps (packets->caps)));
}

/* Begins a stream of such packets, once it is known what the service takes.
 * Returns: (transfer full): the pad */
GstPad *
packets_start (const Packets *packets,
               Fixture       *f)
{
  g_autofree gchar *caps = gst_caps_to_string (packets->caps);
  GstPad *pad = fixture_start_push (f, caps);

  gst_message_unref (fixture_wait_name (f, "ekascribe-session", "ready"));
  return pad;
}

/* Has the service say, to whoever asks, what it takes: @formats, with commas
 * between, and @more of its capabilities, as JSON that begins with a comma. */
void
inputs_offer (Fixture     *f,
              const gchar *formats,
              const gchar *more)
{
  g_auto (GStrv) list = g_strsplit (formats, ",", -1);
  g_autofree gchar *joined = g_strjoinv ("\",\"", list);
  g_autofree gchar *body = g_strdup_printf (
      "{\"protocol\":\"medscribealliance\",\"supported_versions\":[\"0.1\"],"
      "\"capabilities\":{\"audio_formats\":[\"%s\"]%s}}",
      joined, more);
  guint i;

  for (i = 0; i < MAX_SESSIONS; i++)
    eka_liar_push (f->liar, EKA_CALL_DISCOVER, 200, body);
}

/* Ends the stream, and waits until all is uploaded; warnings may have come. */
void
inputs_end (Fixture *f,
            GstPad  *pad)
{
  g_autoptr (GstMessage) end = NULL;

  g_assert_true (gst_pad_send_event (pad, gst_event_new_eos ()));
  end = fixture_wait (f, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  g_assert_cmpint (GST_MESSAGE_TYPE (end), ==, GST_MESSAGE_EOS);
}

/* The same, where nothing is to be warned of. */
void
inputs_end_quietly (Fixture *f,
                    GstPad  *pad)
{
  inputs_end (f, pad);
  g_assert_cmpuint (fixture_count_type (f, GST_MESSAGE_WARNING), ==, 0);
  g_assert_cmpuint (fixture_get_stat (f, "packets-damaged"), ==, 0);
}

static guint64
count_samples (GBytes *file,
               guint   rate)
{
  g_autofree gchar *text = g_strdup_printf ("%u", rate);
  const gchar *const argv[] = {
    "ffmpeg", "-v", "error", "-y", "-i",  ENCODE_IN, "-ac",
    "1",      "-ar", text, "-f", "s16le", ENCODE_OUT, NULL,
  };
  gsize size;
  gconstpointer data = g_bytes_get_data (file, &size);
  g_autoptr (GBytes) samples = encode_run (data, size, argv);

  return g_bytes_get_size (samples) / sizeof (gint16);
}

/* Decodes all uploads of @media_type, one by one. Returns: samples of @rate */
guint64
inputs_count_type (Fixture     *f,
                   const gchar *media_type,
                   guint        rate)
{
  const guint n = fixture_count_calls (f, EKA_CALL_UPLOAD);
  guint64 samples = 0;
  guint i;

  for (i = 0; i < n; i++) {
    EkaRequest *request = eka_liar_nth (f->liar, EKA_CALL_UPLOAD, i);

    if (g_str_equal (request->content_type, media_type))
      samples += count_samples (request->body, rate);
  }
  return samples;
}

/* Decodes all uploads, which are of @format. Returns: samples in all */
guint64
inputs_count (Fixture      *f,
              const Format *format)
{
  const guint n = fixture_count_calls (f, EKA_CALL_UPLOAD);
  guint64 samples = 0;
  guint i;

  for (i = 0; i < n; i++)
    samples += count_samples (fixture_get_upload (f, i, format->media_type),
                              format->rate);
  return samples;
}

/* A field of the message of chunk @nth. */
GstClockTime
inputs_get_time (Fixture     *f,
                 guint        nth,
                 const gchar *field)
{
  const GstStructure *chunk = fixture_find_nth (f, "ekascribe-chunk", nth);
  GstClockTime time;

  g_assert_nonnull (chunk);
  g_assert_true (gst_structure_get_clock_time (chunk, field, &time));
  return time;
}

GstClockTime
inputs_sum_durations (Fixture *f)
{
  const guint n = fixture_count (f, "ekascribe-chunk");
  GstClockTime sum = 0;
  guint i;

  for (i = 0; i < n; i++)
    sum += inputs_get_time (f, i, "duration");
  return sum;
}
