/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "recording.h"

#include "wav.h"

#include <gst/audio/audio.h>

/* Not thread-safe, and free of threads of its own: whoever hears a session's
 * chunks, one after the other, has it to himself. */
struct _SandboxRecording
{
  gchar *joined;
  gchar *path;
  gint rate; /* of the chunks; 0 before the first */
  gint channels;
  guint64 frames; /* in @joined */
  GstAudioConverter *to_listener;
  GstAudioConverter *to_dtmf;
  SandboxListener *listener;
  SandboxDtmf *dtmf;
};

/**
 * sandbox_recording_new:
 * @directory: of the session
 *
 * Returns: (transfer full): a recording that is empty; its files come with the
 *   first audio
 */
SandboxRecording *
sandbox_recording_new (const gchar *directory)
{
  SandboxRecording *self = g_new0 (SandboxRecording, 1);

  self->joined = g_build_filename (directory, SANDBOX_JOINED, NULL);
  self->path = g_build_filename (directory, SANDBOX_RECORDING, NULL);
  self->listener = sandbox_listener_new ();
  self->dtmf = sandbox_dtmf_new ();
  return self;
}

/**
 * sandbox_recording_free:
 * @self: (transfer full): to be freed; its files stay
 */
void
sandbox_recording_free (SandboxRecording *self)
{
  g_clear_pointer (&self->to_listener, gst_audio_converter_free);
  g_clear_pointer (&self->to_dtmf, gst_audio_converter_free);
  sandbox_listener_free (self->listener);
  sandbox_dtmf_free (self->dtmf);
  g_free (self->joined);
  g_free (self->path);
  g_free (self);
}

static GstAudioConverter *
make_converter (gint from_rate, gint from_channels, gint to_rate)
{
  GstAudioInfo from;
  GstAudioInfo to;

  gst_audio_info_set_format (&from, GST_AUDIO_FORMAT_S16LE, from_rate,
                             from_channels, NULL);
  gst_audio_info_set_format (&to, GST_AUDIO_FORMAT_S16LE, to_rate, 1, NULL);
  return gst_audio_converter_new (
      GST_AUDIO_CONVERTER_FLAG_NONE, &from, &to,
      gst_structure_new ("config", GST_AUDIO_CONVERTER_OPT_DITHER_METHOD,
                         GST_TYPE_AUDIO_DITHER_METHOD, GST_AUDIO_DITHER_NONE,
                         NULL));
}

/* @samples %NULL draws what the converter still holds. */
static GArray *
convert (GstAudioConverter *converter, const void *samples, gsize frames)
{
  GArray *out = g_array_new (FALSE, FALSE, sizeof (gint16));
  gpointer in_planes[1] = { (gpointer)samples };
  gpointer out_planes[1];
  gsize count;

  if (samples == NULL)
    frames = gst_audio_converter_get_max_latency (converter);
  count = gst_audio_converter_get_out_frames (converter, frames);
  g_array_set_size (out, (guint)count);
  out_planes[0] = out->data;
  if (count > 0 &&
      !gst_audio_converter_samples (converter, 0, samples ? in_planes : NULL,
                                    frames, out_planes, count))
    g_array_set_size (out, 0);
  return out;
}

static gboolean
hear (SandboxRecording *self, const void *samples, gsize frames, GError **error)
{
  g_autoptr (GArray) wide = convert (self->to_listener, samples, frames);
  g_autoptr (GArray) narrow = convert (self->to_dtmf, samples, frames);

  sandbox_listener_feed (self->listener, (const gint16 *)wide->data, wide->len);
  sandbox_dtmf_feed (self->dtmf, (const gint16 *)narrow->data, narrow->len);
  return sandbox_wav_append (self->path, SANDBOX_LISTENER_RATE, 1, wide->data,
                             wide->len * sizeof (gint16), error);
}

static gboolean
set_format (SandboxRecording *self, const SandboxAudio *audio, GError **error)
{
  if (self->rate == 0)
    {
      self->rate = audio->rate;
      self->channels = audio->channels;
      self->to_listener =
          make_converter (audio->rate, audio->channels, SANDBOX_LISTENER_RATE);
      self->to_dtmf =
          make_converter (audio->rate, audio->channels, SANDBOX_DTMF_RATE);
    }
  if (self->rate == audio->rate && self->channels == audio->channels)
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
               "the file has %d Hz and %d channels, those before %d Hz and %d",
               audio->rate, audio->channels, self->rate, self->channels);
  return FALSE;
}

/**
 * sandbox_recording_append:
 * @self: a recording
 * @audio: the next chunk's
 * @error: an I/O error, or that the chunk has another rate or channels
 *
 * Adds the chunk to both files and hears it. Blocks.
 *
 * Returns: whether it is added
 */
gboolean
sandbox_recording_append (SandboxRecording *self,
                          const SandboxAudio *audio,
                          GError **error)
{
  gsize size;
  const void *samples = g_bytes_get_data (audio->samples, &size);
  gsize frames = size / 2 / (gsize)audio->channels;

  if (!set_format (self, audio, error) ||
      !sandbox_wav_append (self->joined, self->rate, self->channels, samples,
                           size, error))
    return FALSE;
  self->frames += frames;
  return hear (self, samples, frames, error);
}

/**
 * sandbox_recording_finish:
 * @self: a recording
 * @error: an I/O error
 *
 * Takes the audio as over. Blocks.
 *
 * Returns: whether the files are complete
 */
gboolean
sandbox_recording_finish (SandboxRecording *self, GError **error)
{
  if (self->rate != 0 && !hear (self, NULL, 0, error))
    return FALSE;
  sandbox_listener_finish (self->listener);
  sandbox_dtmf_finish (self->dtmf);
  return TRUE;
}

/**
 * sandbox_recording_duration:
 * @self: a recording
 *
 * Returns: seconds of audio
 */
gdouble
sandbox_recording_duration (SandboxRecording *self)
{
  return self->rate ? (gdouble)self->frames / self->rate : 0.0;
}

/**
 * sandbox_recording_segments:
 * @self: a recording
 *
 * Returns: (element-type SandboxSegment) (transfer none): speech
 */
const GArray *
sandbox_recording_segments (SandboxRecording *self)
{
  return sandbox_listener_segments (self->listener);
}

/**
 * sandbox_recording_digits:
 * @self: a recording
 *
 * Returns: (element-type SandboxDigit) (transfer none): DTMF digits
 */
const GArray *
sandbox_recording_digits (SandboxRecording *self)
{
  return sandbox_dtmf_digits (self->dtmf);
}

/**
 * sandbox_recording_path:
 * @self: a recording
 *
 * Returns: the file of 16 kHz, mono; there once audio was added
 */
const gchar *
sandbox_recording_path (SandboxRecording *self)
{
  return self->path;
}
