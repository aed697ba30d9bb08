/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "decode.h"

#include "container.h"

#include <gst/app/gstappsink.h>
#include <gst/app/gstappsrc.h>
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
#define WAV_PIPELINE "giostreamsrc name=source ! decodebin name=decode " TAIL
#define PACKET_PIPELINE                                                        \
  "appsrc name=source format=time max-bytes=0 max-buffers=0 ! %s ! " TAIL

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
  gdouble skipped; /* seconds in front of @samples */
  gboolean linked;
  gboolean changed;
  gboolean stopped; /* before the end: it is too long anyway */
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
  self->stopped = decoder_position (self) > self->max_duration + SLACK;
  return self->stopped ? GST_FLOW_EOS : GST_FLOW_OK;
}

static gboolean
decoder_build (Decoder *self, const gchar *description, GError **error)
{
  GstAppSinkCallbacks callbacks = { .new_sample = on_new_sample };
  g_autoptr (GstElement) sink = NULL;

  self->samples = g_byte_array_new ();
  self->pipeline = gst_parse_launch (description, error);
  if (self->pipeline == NULL)
    return FALSE;
  self->convert = gst_bin_get_by_name (GST_BIN (self->pipeline), "convert");
  sink = gst_bin_get_by_name (GST_BIN (self->pipeline), "sink");
  gst_app_sink_set_callbacks (GST_APP_SINK (sink), &callbacks, self, NULL);
  return TRUE;
}

static gboolean
decoder_open_wav (Decoder *self, GBytes *file, GError **error)
{
  g_autoptr (GstElement) decodebin = NULL;
  g_autoptr (GstElement) source = NULL;
  g_autoptr (GInputStream) stream = NULL;

  if (!decoder_build (self, WAV_PIPELINE, error))
    return FALSE;
  source = gst_bin_get_by_name (GST_BIN (self->pipeline), "source");
  decodebin = gst_bin_get_by_name (GST_BIN (self->pipeline), "decode");
  stream = g_memory_input_stream_new_from_bytes (file);
  g_object_set (source, "stream", stream, NULL);
  g_signal_connect (decodebin, "pad-added", G_CALLBACK (on_pad_added), self);
  g_signal_connect (self->pipeline, "deep-element-added",
                    G_CALLBACK (on_element_added), NULL);
  return TRUE;
}

/* Without timestamps: a decoder that sees none invents no gap and clips
 * nothing. */
static gboolean
decoder_open_packets (Decoder *self,
                      const SandboxPackets *packets,
                      guint count,
                      GError **error)
{
  g_autofree gchar *description =
      g_strdup_printf (PACKET_PIPELINE, packets->decoder);
  g_autoptr (GstElement) source = NULL;
  guint i;

  if (!decoder_build (self, description, error))
    return FALSE;
  source = gst_bin_get_by_name (GST_BIN (self->pipeline), "source");
  gst_app_src_set_caps (GST_APP_SRC (source), packets->caps);
  for (i = 0; i < count; i++)
    gst_app_src_push_buffer (
        GST_APP_SRC (source),
        gst_buffer_new_wrapped_bytes (g_ptr_array_index (packets->data, i)));
  gst_app_src_end_of_stream (GST_APP_SRC (source));
  return TRUE;
}

/* Errors and warnings both mean that audio was lost. */
static gboolean
decoder_run (Decoder *self, gboolean perhaps_empty, GError **error)
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
  else if (self->samples->len == 0 && !perhaps_empty)
    return refuse (error, "the file holds no audio");
  else
    return TRUE;
  return FALSE;
}

/* --- what is heard of it -------------------------------------------------- */

static guint64
decoder_count (const Decoder *self)
{
  return self->samples->len / 2 / (guint)self->channels;
}

/* The decoder's rate may be twice the file's (AAC with SBR). */
static guint64
to_rate (const Decoder *self, const SandboxPackets *packets, guint64 count)
{
  if (count == G_MAXUINT64)
    return count;
  return gst_util_uint64_scale_round (count, (guint64)self->rate,
                                      (guint64)packets->rate);
}

/* Where the first page with audio has a lower position than samples, the first
 * ones are dropped; where it has a higher one, the stream began late. Only a
 * decoder knows how many samples it has. Vorbis I, A.2. */
static gboolean
place_first_page (SandboxPackets *packets, gdouble limit, GError **error)
{
  g_auto (Decoder) decoder = { .max_duration = limit };
  guint64 samples;

  if (!decoder_open_packets (&decoder, packets, packets->lead, error) ||
      !decoder_run (&decoder, TRUE, error))
    return FALSE;
  samples = decoder.samples->len ? decoder_count (&decoder) : 0;
  if (samples > (guint64)packets->granule)
    packets->skip = samples - (guint64)packets->granule;
  else
    packets->keep -= MIN ((guint64)packets->granule - samples, packets->keep);
  return TRUE;
}

/* Keeps what the file wants heard. */
static gboolean
decoder_cut (Decoder *self, const SandboxPackets *packets, GError **error)
{
  guint64 count = decoder_count (self);
  guint64 total = to_rate (self, packets, packets->total);
  guint64 skip = to_rate (self, packets, packets->skip);
  guint64 keep = to_rate (self, packets, packets->keep);
  guint size = 2 * (guint)self->channels;

  if (self->stopped)
    return TRUE;
  if (total != 0 && count != total)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                   "the file gives %" G_GUINT64_FORMAT
                   " samples, and should give %" G_GUINT64_FORMAT,
                   count, total);
      return FALSE;
    }
  skip = MIN (skip, count);
  keep = MIN (keep, count - skip);
  if (keep == 0)
    return refuse (error, "the file holds no audio");
  g_byte_array_set_size (self->samples, (guint)(skip + keep) * size);
  if (skip > 0)
    g_byte_array_remove_range (self->samples, 0, (guint)skip * size);
  self->skipped = (gdouble)skip / self->rate;
  return TRUE;
}

static gboolean
decoder_decode (Decoder *self,
                GBytes *file,
                SandboxPackets *packets,
                gdouble *whole,
                GError **error)
{
  g_autoptr (GBytes) wav = NULL;

  if (packets == NULL)
    {
      wav = sandbox_container_trim (file);
      if (!decoder_open_wav (self, wav, error) ||
          !decoder_run (self, FALSE, error))
        return FALSE;
      *whole = decoder_position (self);
      return TRUE;
    }
  if (packets->lead > 0 &&
      !place_first_page (packets, self->max_duration, error))
    return FALSE;
  if (!decoder_open_packets (self, packets, packets->data->len, error) ||
      !decoder_run (self, FALSE, error))
    return FALSE;
  *whole = decoder_position (self);
  return decoder_cut (self, packets, error);
}

/**
 * sandbox_decode:
 * @path: a chunk on disk
 * @media_type: of its upload
 * @max_duration: seconds that a chunk may last, with all that is not heard
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
  g_autoptr (SandboxPackets) packets = NULL;
  const gchar *extension = strrchr (path, '.') + 1;
  gdouble whole = 0.0;

  if (mapped == NULL)
    return NULL;
  file = g_mapped_file_get_bytes (mapped);
  if (!sandbox_container_read (file, extension, media_type, &packets, error) ||
      !decoder_decode (&decoder, file, packets, &whole, error))
    return NULL;
  if (whole > max_duration)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_MESSAGE_TOO_LARGE,
                   "the file lasts %.3f s, longer than %g s", whole,
                   max_duration);
      return NULL;
    }
  audio->rate = decoder.rate;
  audio->channels = decoder.channels;
  audio->preroll = decoder.skipped;
  audio->samples =
      g_byte_array_free_to_bytes (g_steal_pointer (&decoder.samples));
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
