/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "decode.h"

#include "container.h"

#include <gst/app/gstappsink.h>
#include <gst/gst.h>
#include <string.h>

/* A file that takes longer is taken as undecodable; decoding 20 s of audio
 * takes about 20 ms. */
#define PATIENCE (60 * GST_SECOND)
/* Decoding stops this far behind the limit: enough to say "too long". */
#define SLACK 30.0
/* No dither and no resampling: what a lossless file holds comes out bit for
 * bit, and the count of samples is the decoder's. */
#define TAIL                                                                   \
  "audioconvert name=convert dithering=none noise-shaping=none ! "             \
  "audio/x-raw,format=S16LE,layout=interleaved ! "                             \
  "appsink name=sink sync=false"
#define ANY_PIPELINE "giostreamsrc name=source ! decodebin name=decode " TAIL
/* Left to itself, opusdec takes the rate that the header calls the input's,
 * which rounds pre-skip and end; within a decodebin that can't be helped. */
#define OPUS_PIPELINE                                                          \
  "giostreamsrc name=source ! %s ! opusdec max-errors=0 ! "                    \
  "audio/x-raw,rate=48000 "                                                    \
  "! " TAIL

/* The streaming thread owns all but @pipeline until EOS or an error is on the
 * bus and the pipeline is in NULL. */
typedef struct
{
  GstElement *pipeline;
  GstElement *convert;
  GByteArray *samples;
  gdouble max_duration;
  gint rate;
  gint channels;
  gboolean linked;
  gboolean changed;
} Decoder;

static void
decoder_clear (Decoder *self)
{
  if (self->pipeline != NULL)
    gst_element_set_state (self->pipeline, GST_STATE_NULL);
  gst_clear_object (&self->convert);
  gst_clear_object (&self->pipeline);
  g_clear_pointer (&self->samples, g_byte_array_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Decoder, decoder_clear)

static gboolean
refuse (GError **error, const gchar *reason)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, reason);
  return FALSE;
}

static void
on_pad_added (GstElement *decodebin, GstPad *pad, gpointer user_data)
{
  Decoder *self = user_data;
  g_autoptr (GstPad) sink = gst_element_get_static_pad (self->convert, "sink");

  if (!self->linked)
    self->linked = gst_pad_link (pad, sink) == GST_PAD_LINK_OK;
}

/* By default decoders pass over what they can't decode, without a word. */
static void
on_element_added (GstBin *bin,
                  GstBin *sub_bin,
                  GstElement *element,
                  gpointer user_data)
{
  if (g_object_class_find_property (G_OBJECT_GET_CLASS (element), "max-errors"))
    g_object_set (element, "max-errors", 0, NULL);
}

static gdouble
decoder_position (const Decoder *self)
{
  if (self->rate <= 0 || self->channels <= 0)
    return 0.0;
  return (gdouble)self->samples->len / 2 / self->channels / self->rate;
}

static GstFlowReturn
on_new_sample (GstAppSink *sink, gpointer user_data)
{
  Decoder *self = user_data;
  g_autoptr (GstSample) sample = gst_app_sink_pull_sample (sink);
  GstStructure *format;
  GstMapInfo map;
  gint rate = 0;
  gint channels = 0;

  if (sample == NULL)
    return GST_FLOW_EOS;
  format = gst_caps_get_structure (gst_sample_get_caps (sample), 0);
  gst_structure_get_int (format, "rate", &rate);
  gst_structure_get_int (format, "channels", &channels);
  if (self->rate != 0 && (rate != self->rate || channels != self->channels))
    self->changed = TRUE;
  self->rate = rate;
  self->channels = channels;
  if (!gst_buffer_map (gst_sample_get_buffer (sample), &map, GST_MAP_READ))
    return GST_FLOW_ERROR;
  g_byte_array_append (self->samples, map.data, (guint)map.size);
  gst_buffer_unmap (gst_sample_get_buffer (sample), &map);
  return decoder_position (self) > self->max_duration + SLACK ? GST_FLOW_EOS
                                                              : GST_FLOW_OK;
}

static gchar *
describe_pipeline (GBytes *file, const gchar *extension)
{
  if (!sandbox_container_is_opus (file))
    return g_strdup (ANY_PIPELINE);
  return g_strdup_printf (OPUS_PIPELINE, g_str_equal (extension, "ogg")
                                             ? "oggdemux"
                                             : "matroskademux");
}

static gboolean
decoder_open (Decoder *self,
              GBytes *file,
              const gchar *description,
              GError **error)
{
  GstAppSinkCallbacks callbacks = { .new_sample = on_new_sample };
  g_autoptr (GstElement) decodebin = NULL;
  g_autoptr (GstElement) source = NULL;
  g_autoptr (GstElement) sink = NULL;
  g_autoptr (GInputStream) stream = NULL;

  self->samples = g_byte_array_new ();
  self->pipeline = gst_parse_launch (description, error);
  if (self->pipeline == NULL)
    return FALSE;
  source = gst_bin_get_by_name (GST_BIN (self->pipeline), "source");
  decodebin = gst_bin_get_by_name (GST_BIN (self->pipeline), "decode");
  self->convert = gst_bin_get_by_name (GST_BIN (self->pipeline), "convert");
  sink = gst_bin_get_by_name (GST_BIN (self->pipeline), "sink");
  stream = g_memory_input_stream_new_from_bytes (file);
  g_object_set (source, "stream", stream, NULL);
  gst_app_sink_set_callbacks (GST_APP_SINK (sink), &callbacks, self, NULL);
  if (decodebin == NULL)
    return TRUE;
  g_signal_connect (decodebin, "pad-added", G_CALLBACK (on_pad_added), self);
  g_signal_connect (self->pipeline, "deep-element-added",
                    G_CALLBACK (on_element_added), NULL);
  return TRUE;
}

/* Errors and warnings both mean that audio was lost. */
static gboolean
decoder_run (Decoder *self, GError **error)
{
  g_autoptr (GstBus) bus = gst_element_get_bus (self->pipeline);
  g_autoptr (GstMessage) message = NULL;

  gst_element_set_state (self->pipeline, GST_STATE_PLAYING);
  message = gst_bus_timed_pop_filtered (
      bus, PATIENCE, GST_MESSAGE_EOS | GST_MESSAGE_ERROR | GST_MESSAGE_WARNING);
  gst_element_set_state (self->pipeline, GST_STATE_NULL);
  if (message == NULL)
    return refuse (error, "the decoder hangs");
  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR)
    gst_message_parse_error (message, error, NULL);
  else if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_WARNING)
    gst_message_parse_warning (message, error, NULL);
  else if (self->changed)
    return refuse (error, "rate or channels change within the file");
  else if (self->samples->len == 0)
    return refuse (error, "the file holds no audio");
  else
    return TRUE;
  return FALSE;
}

/**
 * sandbox_decode:
 * @path: a chunk on disk
 * @media_type: of its upload
 * @max_duration: seconds that a chunk may last, pre-roll included
 * @error: why it can't be used
 *
 * Decodes the file alone, as the service does: with a decoder that knows
 * nothing of the chunks before. Blocks; for a worker thread.
 *
 * Returns: (transfer full) (nullable): what the file holds
 */
SandboxAudio *
sandbox_decode (const gchar *path,
                const gchar *media_type,
                gdouble max_duration,
                GError **error)
{
  g_autoptr (SandboxAudio) audio = g_new0 (SandboxAudio, 1);
  g_auto (Decoder) decoder = { .max_duration = max_duration };
  g_autoptr (GMappedFile) mapped = g_mapped_file_new (path, FALSE, error);
  g_autoptr (GBytes) file = NULL;
  g_autoptr (GBytes) needed = NULL;
  g_autofree gchar *description = NULL;
  const gchar *extension = strrchr (path, '.') + 1;
  gdouble duration;

  if (mapped == NULL)
    return NULL;
  file = g_mapped_file_get_bytes (mapped);
  if (!sandbox_container_check (file, extension, media_type, error))
    return NULL;
  needed = sandbox_container_trim (file, extension);
  description = describe_pipeline (file, extension);
  if (!decoder_open (&decoder, needed, description, error) ||
      !decoder_run (&decoder, error))
    return NULL;
  audio->rate = decoder.rate;
  audio->channels = decoder.channels;
  audio->preroll = sandbox_container_preroll (file, extension);
  audio->samples =
      g_byte_array_free_to_bytes (g_steal_pointer (&decoder.samples));
  duration = sandbox_audio_duration (audio) + audio->preroll;
  if (duration > max_duration)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_MESSAGE_TOO_LARGE,
                   "the file lasts %.3f s, longer than %g s", duration,
                   max_duration);
      return NULL;
    }
  return g_steal_pointer (&audio);
}

/**
 * sandbox_audio_duration:
 * @audio: decoded audio
 *
 * Returns: seconds, without pre-roll
 */
gdouble
sandbox_audio_duration (const SandboxAudio *audio)
{
  return (gdouble)(g_bytes_get_size (audio->samples) / 2 /
                   (gsize)audio->channels) /
         audio->rate;
}

/**
 * sandbox_audio_free:
 * @audio: (transfer full): to be freed
 */
void
sandbox_audio_free (SandboxAudio *audio)
{
  g_clear_pointer (&audio->samples, g_bytes_unref);
  g_free (audio);
}
