/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "gstekascriberecoder.h"

#include <gst/app/gstappsink.h>
#include <gst/app/gstappsrc.h>
#include <gst/audio/audio.h>

#include "gstekascribecaps.h"
#include "gstekascribedecoder.h"

#include "chunk/container.h"
#include "chunk/vorbis.h"
#include "chunk/wav.h"
#include "scribe/error.h"

/* Decoding 20 s takes about 20 ms. */
#define PATIENCE (10 * GST_SECOND)

#define RATE 16000

/* Silence that is pushed at once to get at what the resampler still holds. */
#define DRAIN 48

#define MAX_CHANNELS 2

/* The decoder goes in between. */
#define PIPELINE                                                              \
  "appsrc name=source format=time "                                           \
  "audioconvert name=convert dithering=none ! capsfilter name=filter ! "      \
  "appsink name=sink sync=false wait-on-eos=false"

struct _GstEkascribeRecoder {
  GstClockTime patience;
  gboolean stereo; /* two channels stay apart */

  /* Of one recording: NULL and 0 between two. */
  GstAudioConverter *resampler; /* F32 at @rate to S16LE at 16 kHz */
  guint rate;
  guint channels;
  GArray *waiting; /* of gfloat, what it was not given yet */
  guint64 taken;   /* frames at @rate, those included */
  guint64 given;   /* frames at 16 kHz */
};

/**
 * gst_ekascribe_recoder_new:
 *
 * Returns: (transfer full): a recoder, before the first chunk of a recording
 */
GstEkascribeRecoder *
gst_ekascribe_recoder_new (void)
{
  GstEkascribeRecoder *self = g_new0 (GstEkascribeRecoder, 1);

  self->patience = PATIENCE;
  return self;
}

static void
end_recording (GstEkascribeRecoder *self)
{
  g_clear_pointer (&self->resampler, gst_audio_converter_free);
  g_clear_pointer (&self->waiting, g_array_unref);
  self->taken = 0;
  self->given = 0;
}

/**
 * gst_ekascribe_recoder_free:
 * @self: (transfer full): a recoder
 */
void
gst_ekascribe_recoder_free (GstEkascribeRecoder *self)
{
  end_recording (self);
  g_free (self);
}

/**
 * gst_ekascribe_recoder_set_patience:
 * @self: a recoder
 * @patience: how long one chunk may take, in ns
 *
 * In place of 10 s; for tests.
 */
void
gst_ekascribe_recoder_set_patience (GstEkascribeRecoder *self,
                                    GstClockTime         patience)
{
  self->patience = patience;
}

/**
 * gst_ekascribe_recoder_set_stereo:
 * @self: a recoder, before the first chunk of a recording
 * @stereo: two channels stay apart
 *
 * Where it is not set they become one.
 */
void
gst_ekascribe_recoder_set_stereo (GstEkascribeRecoder *self,
                                  gboolean             stereo)
{
  self->stereo = stereo;
}

/* Resamples as audioresample does, by which other input comes to this rate. */
static void
start_recording (GstEkascribeRecoder *self,
                 guint                rate,
                 guint                channels)
{
  const GstAudioResamplerMethod method = GST_AUDIO_RESAMPLER_METHOD_KAISER;
  GstStructure *config = gst_structure_new (
      "config", GST_AUDIO_CONVERTER_OPT_RESAMPLER_METHOD,
      GST_TYPE_AUDIO_RESAMPLER_METHOD, method,
      GST_AUDIO_CONVERTER_OPT_DITHER_METHOD, GST_TYPE_AUDIO_DITHER_METHOD,
      GST_AUDIO_DITHER_NONE, NULL);
  GstAudioInfo in, out;

  gst_audio_resampler_options_set_quality (
      method, GST_AUDIO_RESAMPLER_QUALITY_DEFAULT, rate, RATE, config);
  gst_audio_info_set_format (&in, GST_AUDIO_FORMAT_F32, rate, channels, NULL);
  gst_audio_info_set_format (&out, GST_AUDIO_FORMAT_S16LE, RATE, channels, NULL);
  self->resampler = gst_audio_converter_new (GST_AUDIO_CONVERTER_FLAG_NONE,
                                             &in, &out, config);
  self->rate = rate;
  self->channels = channels;
  self->waiting = g_array_new (FALSE, FALSE, sizeof (gfloat));
}

/* The converter crashes where nothing would come out; so few samples wait for
 * those that follow. */
static void
resample (GstEkascribeRecoder *self,
          const gfloat        *samples,
          guint                n,
          GByteArray          *out)
{
  const guint before = out->len;
  gpointer in_planes[1], out_planes[1];
  gsize frames, waiting;

  g_array_append_vals (self->waiting, samples, n * self->channels);
  waiting = self->waiting->len / self->channels;
  frames = gst_audio_converter_get_out_frames (self->resampler, waiting);
  if (frames == 0)
    return;
  g_byte_array_set_size (out,
                         before + frames * self->channels * sizeof (gint16));
  in_planes[0] = self->waiting->data;
  out_planes[0] = out->data + before;
  gst_audio_converter_samples (self->resampler, GST_AUDIO_CONVERTER_FLAG_NONE,
                               in_planes, waiting, out_planes,
                               frames);
  g_array_set_size (self->waiting, 0);
  self->given += frames;
}

/* The resampler holds the end back until it has heard what follows: silence.
 * Of what then comes only so much is kept as the recording lasts. */
static void
drain (GstEkascribeRecoder *self,
       GByteArray          *out)
{
  const guint64 total =
      gst_util_uint64_scale_round (self->taken, RATE, self->rate);

  while (self->given < total) {
    static const gfloat silence[DRAIN * MAX_CHANNELS] = { 0, };

    resample (self, silence, DRAIN, out);
  }
  g_byte_array_set_size (
      out, out->len - (self->given - total) * self->channels * sizeof (gint16));
}

/* Takes a frame of @channels; @stereo: as it is, else mixed down; exact, for a float
 * holds the sum of two samples. */
static void
append_frame (GArray       *samples,
              const guint8 *data,
              guint         channels,
              gboolean      stereo)
{
  gint sum = 0;
  gfloat value;
  guint c;

  for (c = 0; c < channels; c++) {
    const gint16 sample = (gint16) GST_READ_UINT16_LE (data + c * sizeof sample);

    sum += sample;
    value = sample / 32768.f;
    if (stereo)
      g_array_append_val (samples, value);
  }
  value = sum / (32768.f * channels);
  if (!stereo)
    g_array_append_val (samples, value);
}

/* Appends the samples of a buffer. */
static gboolean
append_samples (GArray    *samples,
                GstSample *sample,
                guint      expected)
{
  const GstStructure *format =
      gst_caps_get_structure (gst_sample_get_caps (sample), 0);
  GstBuffer *buffer = gst_sample_get_buffer (sample);
  const guint8 *data;
  GstMapInfo map;
  gint channels = 0;
  gsize frames, i;

  gst_structure_get_int (format, "channels", &channels);
  if (channels < 1 || (expected > 1 && channels != (gint) expected) ||
      !gst_buffer_map (buffer, &map, GST_MAP_READ))
    return FALSE;
  data = map.data;
  frames = map.size / sizeof (gint16) / channels;
  for (i = 0; i < frames; i++, data += channels * sizeof (gint16))
    append_frame (samples, data, channels, expected > 1);
  gst_buffer_unmap (buffer, &map);
  return TRUE;
}

static gboolean
push (GstAppSrc    *source,
      const guint8 *data,
      gsize         size,
      GstClockTime  time,
      GstClockTime  duration)
{
  GstBuffer *buffer = gst_buffer_new_memdup (data, size);

  GST_BUFFER_PTS (buffer) = time;
  GST_BUFFER_DURATION (buffer) = duration;
  return gst_app_src_push_buffer (source, buffer) == GST_FLOW_OK;
}

static gboolean
push_headers (GstAppSrc      *source,
              const EkaCodec *codec)
{
  const guint8 *data;
  gboolean good = TRUE;
  gsize size;
  guint i;

  if (codec->type != EKA_CODEC_VORBIS)
    return TRUE;
  for (i = 0; good && eka_vorbis_get_header (codec, i, &data, &size); i++)
    good = push (source, data, size, GST_CLOCK_TIME_NONE, GST_CLOCK_TIME_NONE);
  return good;
}

static gboolean
feed (GstElement    *pipeline,
      const EkaFile *file)
{
  g_autoptr (GstElement) source =
      gst_bin_get_by_name (GST_BIN (pipeline), "source");
  const guint8 *data = file->data->data;
  gboolean good = push_headers (GST_APP_SRC (source), &file->codec);
  guint64 samples = 0;
  guint i;

  for (i = 0; good && i < file->packets->len; i++) {
    const EkaPacketInfo *info =
        &g_array_index (file->packets, EkaPacketInfo, i);

    good = push (GST_APP_SRC (source), data, info->size,
                 eka_codec_time_from_samples (&file->codec, samples),
                 eka_codec_time_from_samples (&file->codec, info->samples));
    data += info->size;
    samples += info->samples;
  }
  return good &&
         gst_app_src_end_of_stream (GST_APP_SRC (source)) == GST_FLOW_OK;
}

/* Waits until all is decoded. A warning means that some of it is lost. */
static gboolean
wait_decoded (GstElement  *pipeline,
              GstClockTime patience,
              GError     **error)
{
  g_autoptr (GstBus) bus = gst_element_get_bus (pipeline);
  g_autoptr (GstMessage) message = gst_bus_timed_pop_filtered (
      bus, patience, GST_MESSAGE_EOS | GST_MESSAGE_ERROR | GST_MESSAGE_WARNING);

  if (message == NULL) {
    g_set_error (error, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_TIMEOUT,
                 "the decoder hangs");
    return FALSE;
  }
  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR)
    gst_message_parse_error (message, error, NULL);
  else if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_WARNING)
    gst_message_parse_warning (message, error, NULL);
  return GST_MESSAGE_TYPE (message) == GST_MESSAGE_EOS;
}

static void
stop (GstElement *pipeline,
      gpointer    user_data)
{
  gst_element_set_state (pipeline, GST_STATE_NULL);
}

static gboolean
collect (GstElement *pipeline,
         GArray     *samples,
         guint       channels)
{
  g_autoptr (GstElement) sink =
      gst_bin_get_by_name (GST_BIN (pipeline), "sink");
  GstSample *sample;
  gboolean good = TRUE;

  while (good && (sample = gst_app_sink_try_pull_sample (GST_APP_SINK (sink),
                                                         0)) != NULL) {
    good = append_samples (samples, sample, channels);
    gst_sample_unref (sample);
  }
  return good;
}

static gboolean
run_pipeline (GstEkascribeRecoder *self,
              GstElement          *pipeline,
              const EkaFile       *file,
              GArray              *samples,
              guint                channels,
              GError             **error)
{
  const gboolean started =
      gst_element_set_state (pipeline, GST_STATE_PLAYING) !=
          GST_STATE_CHANGE_FAILURE &&
      feed (pipeline, file);
  g_autoptr (GError) reason = NULL;
  gboolean good =
      wait_decoded (pipeline, started ? self->patience : 0, &reason);

  if (g_error_matches (reason, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_TIMEOUT)) {
    /* Whoever stops it might wait for what hangs. */
    gst_element_call_async (pipeline, stop, NULL, NULL);
    g_propagate_error (error, g_steal_pointer (&reason));
    return FALSE;
  }
  good = good && collect (pipeline, samples, channels);
  stop (pipeline, NULL);
  if (!good)
    g_set_error (error, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_FAILED, "%s",
                 reason != NULL ? reason->message : "no audio came out");
  return good;
}

/* Left to itself, opusdec takes another rate; and decoders pass over what they
 * can't decode. */
static gboolean
add_decoder (GstElement     *pipeline,
             const EkaCodec *codec,
             GError        **error)
{
  g_autoptr (GstElement) source =
      gst_bin_get_by_name (GST_BIN (pipeline), "source");
  g_autoptr (GstElement) convert =
      gst_bin_get_by_name (GST_BIN (pipeline), "convert");
  g_autoptr (GstElement) filter =
      gst_bin_get_by_name (GST_BIN (pipeline), "filter");
  g_autoptr (GstCaps) caps = gst_ekascribe_caps_from_codec (codec);
  g_autoptr (GstCaps) raw = gst_caps_new_simple (
      "audio/x-raw", "format", G_TYPE_STRING, "S16LE", "layout", G_TYPE_STRING,
      "interleaved", "rate", G_TYPE_INT, eka_codec_sample_rate (codec), NULL);
  GstElement *decoder = gst_ekascribe_decoder_make (caps);

  if (decoder == NULL) {
    g_set_error (error, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_FAILED,
                 "no decoder for it is installed");
    return FALSE;
  }
  if (g_object_class_find_property (G_OBJECT_GET_CLASS (decoder), "max-errors"))
    g_object_set (decoder, "max-errors", 0, NULL);
  gst_bin_add (GST_BIN (pipeline), decoder);
  g_object_set (source, "caps", caps, NULL);
  g_object_set (filter, "caps", raw, NULL);
  if (gst_element_link_many (source, decoder, convert, NULL))
    return TRUE;
  g_set_error (error, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_FAILED,
               "no decoder takes it");
  return FALSE;
}

static GstElement *
make_pipeline (const EkaCodec *codec,
               GError        **error)
{
  g_autoptr (GError) reason = NULL;
  g_autoptr (GstElement) pipeline = gst_parse_launch_full (
      PIPELINE, NULL, GST_PARSE_FLAG_FATAL_ERRORS, &reason);

  if (pipeline == NULL) {
    g_set_error (error, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_FAILED,
                 "%s: install gstreamer1.0-plugins-base", reason->message);
    return NULL;
  }
  gst_object_ref_sink (pipeline);
  if (!add_decoder (pipeline, codec, error))
    return NULL;
  return g_steal_pointer (&pipeline);
}

/* Takes off what is hidden. Some decoders return nothing for the first packet,
 * which is pre-roll or the priming of the encoder: so it is counted from the
 * end. */
static gboolean
cut_hidden (const EkaFile *file,
            guint64        heard,
            GArray        *samples,
            guint          channels)
{
  const guint64 total = eka_file_count_samples (file);
  const guint64 frames = samples->len / channels;
  const guint64 missing = total - MIN (frames, total);
  const guint first = g_array_index (file->packets, EkaPacketInfo, 0).samples;

  if (frames > total || missing > first ||
      total != file->skip + heard + file->trim_end)
    return FALSE;
  g_array_set_size (samples, (frames - file->trim_end) * channels);
  if (missing <= file->skip) {
    g_array_remove_range (samples, 0, (file->skip - missing) * channels);
  } else {
    const guint n = (missing - file->skip) * channels;
    g_autofree gfloat *silence = g_new0 (gfloat, n);

    g_array_prepend_vals (samples, silence, n);
  }
  return TRUE;
}

/* Returns: (element-type gfloat): what is heard of the chunk; @rate: in which rate;
 * @channels: in how many */
static GArray *
decode (GstEkascribeRecoder *self,
        EkaChunk            *chunk,
        guint               *rate,
        guint               *channels,
        GError             **error)
{
  g_autoptr (GArray) samples = g_array_new (FALSE, TRUE, sizeof (gfloat));
  g_autoptr (GstElement) pipeline = NULL;
  g_auto (EkaFile) file = { 0, };
  EkaContainer container;

  eka_file_init (&file);
  if (!eka_container_from_media_type (chunk->media_type, &container) ||
      !eka_container_read (container, &file, chunk->bytes)) {
    g_set_error (error, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_FAILED,
                 "it is no file that this library wrote");
    return NULL;
  }
  *rate = eka_codec_sample_rate (&file.codec);
  *channels = self->stereo && file.codec.channels == MAX_CHANNELS
                  ? MAX_CHANNELS
                  : 1;
  pipeline = make_pipeline (&file.codec, error);
  if (pipeline == NULL ||
      !run_pipeline (self, pipeline, &file, samples, *channels, error))
    return NULL;
  if (!cut_hidden (&file, chunk->samples, samples, *channels)) {
    g_set_error (error, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_FAILED,
                 "%u samples came out, not %" G_GUINT64_FORMAT,
                 samples->len / *channels,
                 eka_file_count_samples (&file));
    return NULL;
  }
  return g_steal_pointer (&samples);
}

static EkaChunk *
recode (GstEkascribeRecoder *self,
        EkaChunk            *chunk,
        gboolean             last,
        GError             **error)
{
  guint rate = 0, channels = 1;
  g_autoptr (GArray) samples =
      decode (self, chunk, &rate, &channels, error);
  g_autoptr (GByteArray) out = NULL;
  g_autoptr (GBytes) file = NULL;
  EkaChunk *recoded;
  EkaCodec codec;
  guint64 n;

  if (samples == NULL)
    return NULL;
  out = g_byte_array_sized_new (samples->len);
  if (self->rate != rate || self->channels != channels)
    end_recording (self);
  if (self->resampler == NULL)
    start_recording (self, rate, channels);
  self->taken += samples->len / channels;
  resample (self, (const gfloat *) (gpointer) samples->data,
            samples->len / channels, out);
  if (last) {
    drain (self, out);
    end_recording (self);
  }

  n = out->len / sizeof (gint16) / channels;
  eka_codec_init_samples (&codec, EKA_CODEC_PCM, RATE, channels);
  file = eka_wav_write (&codec, out->data, out->len);
  recoded = eka_chunk_new (chunk->index, file, "audio/wav", "wav",
                           chunk->running_time,
                           eka_codec_time_from_samples (&codec, n), n);
  recoded->utc = chunk->utc;
  return recoded;
}

/**
 * gst_ekascribe_recoder_recode:
 * @self: a recoder
 * @chunk: the next chunk of a recording
 * @last: no chunk but WAV follows in the recording
 * @error: why it can't be decoded
 *
 * Decodes the chunk alone, and resamples it as what follows the chunks before:
 * joined, the chunks that come out are the recording, decoded and resampled at
 * once. The resampler lags behind, so that the last 2 ms or so of a chunk
 * open the next; @last flushes them out, and the sum is then the length of the
 * recording, rounded to a sample. What comes after @last is another recording.
 *
 * A chunk that comes out may hold no samples, where less than that
 * went in: leave it out. After an error the recorder may go on with the next
 * chunk; nothing of this one was taken, and it can be given again.
 *
 * A chunk of WAV is returned as it is, whatever @last says. Blocks, for 10 s at
 * most.
 *
 * Returns: (transfer full): @chunk as `audio/wav`, with the same index and
 *   running time; %NULL on an error, of #EkaScribeError
 */
EkaChunk *
gst_ekascribe_recoder_recode (GstEkascribeRecoder *self,
                              EkaChunk            *chunk,
                              gboolean             last,
                              GError             **error)
{
  g_autoptr (EkaChunk) recoded = NULL;

  if (g_str_has_prefix (chunk->media_type, "audio/wav"))
    return eka_chunk_ref (chunk);
  recoded = recode (self, chunk, last, error);
  if (recoded == NULL)
    g_prefix_error (error, "Chunk %u can't be made WAV: ", chunk->index);
  return g_steal_pointer (&recoded);
}
