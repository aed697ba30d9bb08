/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "gstekascribeenums.h"

#include "scribe/session.h"

GType
gst_ekascribe_session_mode_get_type (void)
{
  static const GEnumValue values[] = {
    { GST_EKASCRIBE_SESSION_MODE_DICTATION, "One person dictates",
      "dictation" },
    { GST_EKASCRIBE_SESSION_MODE_CONSULTATION,
      "Several persons talk to each other", "consultation" },
    { 0, NULL, NULL },
  };
  static gsize type = 0;

  if (g_once_init_enter (&type))
    g_once_init_leave (
        &type, g_enum_register_static ("GstEkascribeSessionMode", values));
  return type;
}

GType
gst_ekascribe_discovery_get_type (void)
{
  static const GEnumValue values[] = {
    { EKA_DISCOVERY_AUTO,
      "Ask the service what it can do; without an answer the defaults hold",
      "auto" },
    { EKA_DISCOVERY_REQUIRE, "The service must tell what it can do",
      "require" },
    { EKA_DISCOVERY_OFF, "Do not ask; the defaults hold", "off" },
    { 0, NULL, NULL },
  };
  static gsize type = 0;

  if (g_once_init_enter (&type))
    g_once_init_leave (
        &type, g_enum_register_static ("GstEkascribeDiscovery", values));
  return type;
}

GType
gst_ekascribe_chunk_error_get_type (void)
{
  static const GEnumValue values[] = {
    { EKA_CHUNK_ERROR_ABORT,
      "The session is not ended without it; the recording has failed",
      "abort" },
    { EKA_CHUNK_ERROR_SKIP, "It is left out, with a warning", "skip" },
    { 0, NULL, NULL },
  };
  static gsize type = 0;

  if (g_once_init_enter (&type))
    g_once_init_leave (
        &type, g_enum_register_static ("GstEkascribeChunkError", values));
  return type;
}

GType
gst_ekascribe_state_get_type (void)
{
  static const GEnumValue values[] = {
    { EKA_SESSION_IDLE, "Nothing asked yet", "idle" },
    { EKA_SESSION_DISCOVERING, "The service is asked what it can do",
      "discovering" },
    { EKA_SESSION_READY, "Waits for the first audio", "ready" },
    { EKA_SESSION_CREATING, "The session is being created", "creating" },
    { EKA_SESSION_RECORDING, "Chunks go up as they come", "recording" },
    { EKA_SESSION_PAUSED, "No audio is taken for now", "paused" },
    { EKA_SESSION_DRAINING, "The last chunks go up", "draining" },
    { EKA_SESSION_AUDITING, "The service's list of the audio is looked at",
      "auditing" },
    { EKA_SESSION_ENDING, "The session is being ended", "ending" },
    { EKA_SESSION_PROCESSING, "The service works", "processing" },
    { EKA_SESSION_COMPLETED, "All results are there", "completed" },
    { EKA_SESSION_PARTIAL, "Some results are there", "partial" },
    { EKA_SESSION_FAILED, "No results, or audio not delivered", "failed" },
    { EKA_SESSION_EXPIRED, "The service gave the session up", "expired" },
    { EKA_SESSION_DISCARDED, "There was no audio, or nobody wants it",
      "discarded" },
    { 0, NULL, NULL },
  };
  static gsize type = 0;

  if (g_once_init_enter (&type))
    g_once_init_leave (&type,
                       g_enum_register_static ("GstEkascribeState", values));
  return type;
}

GType
gst_ekascribe_upload_type_get_type (void)
{
  static const GEnumValue values[] = {
    { EKA_UPLOAD_CHUNKED, "In files, over HTTP, while it is recorded",
      "chunked" },
    { EKA_UPLOAD_STREAM, "As it comes, over a WebSocket", "stream" },
    { EKA_UPLOAD_SINGLE,
      "In one file at the end, of 10 MB at most, over HTTP", "single" },
    { 0, NULL, NULL },
  };
  static gsize type = 0;

  if (g_once_init_enter (&type))
    g_once_init_leave (
        &type, g_enum_register_static ("GstEkascribeUploadType", values));
  return type;
}

GType
gst_ekascribe_stream_format_get_type (void)
{
  static const GEnumValue values[] = {
    { EKA_STREAM_PCM, "Samples, S16LE at 16 kHz, mono", "pcm" },
    { EKA_STREAM_JSON, "The same in base64, in an envelope of JSON", "json" },
    { 0, NULL, NULL },
  };
  static gsize type = 0;

  if (g_once_init_enter (&type))
    g_once_init_leave (
        &type, g_enum_register_static ("GstEkascribeStreamFormat", values));
  return type;
}

GType
gst_ekascribe_container_get_type (void)
{
  static const GEnumValue values[] = {
    { GST_EKASCRIBE_CONTAINER_AUTO,
      "The best that both the codec and the service allow", "auto" },
    { GST_EKASCRIBE_CONTAINER_OGG, "Ogg, for Opus and Vorbis", "ogg" },
    { GST_EKASCRIBE_CONTAINER_WEBM, "WebM, for Opus", "webm" },
    { GST_EKASCRIBE_CONTAINER_M4A, "MP4 as audio/m4a, for AAC", "m4a" },
    { GST_EKASCRIBE_CONTAINER_MP4, "MP4 as audio/mp4, for AAC", "mp4" },
    { GST_EKASCRIBE_CONTAINER_MP3, "MP3, for MP3", "mp3" },
    { GST_EKASCRIBE_CONTAINER_WAV,
      "WAV, for mu-law, A-law and whatever is decoded", "wav" },
    { 0, NULL, NULL },
  };
  static gsize type = 0;

  if (g_once_init_enter (&type))
    g_once_init_leave (
        &type, g_enum_register_static ("GstEkascribeContainer", values));
  return type;
}

GType
gst_ekascribe_encode_get_type (void)
{
  static const GEnumValue values[] = {
    { GST_EKASCRIBE_ENCODE_NONE, "It is sent as samples", "none" },
    { GST_EKASCRIBE_ENCODE_OPUS, "Opus, 24 kbit/s, mono", "opus" },
    { 0, NULL, NULL },
  };
  static gsize type = 0;

  if (g_once_init_enter (&type))
    g_once_init_leave (&type,
                       g_enum_register_static ("GstEkascribeEncode", values));
  return type;
}

GType
gst_ekascribe_outbox_policy_get_type (void)
{
  static const GEnumValue values[] = {
    { GST_EKASCRIBE_OUTBOX_POLICY_AUTO,
      "always in a live pipeline, on-failure in any other", "auto" },
    { GST_EKASCRIBE_OUTBOX_POLICY_ALWAYS,
      "As it comes, and each chunk before it is sent", "always" },
    { GST_EKASCRIBE_OUTBOX_POLICY_ON_FAILURE,
      "When memory is full, or the run ends with audio that was not sent",
      "on-failure" },
    { GST_EKASCRIBE_OUTBOX_POLICY_NEVER, "It is kept in memory only", "never" },
    { 0, NULL, NULL },
  };
  static gsize type = 0;

  if (g_once_init_enter (&type))
    g_once_init_leave (
        &type, g_enum_register_static ("GstEkascribeOutboxPolicy", values));
  return type;
}

GType
gst_ekascribe_mix_get_type (void)
{
  static const GEnumValue values[] = {
    { GST_EKASCRIBE_MIX_MONO, "All in one channel", "mono" },
    { GST_EKASCRIBE_MIX_STEREO, "The pad with the lowest number left, all others right",
      "stereo" },
    { 0, NULL, NULL },
  };
  static gsize type = 0;

  if (g_once_init_enter (&type))
    g_once_init_leave (&type,
                       g_enum_register_static ("GstEkascribeMix", values));
  return type;
}
