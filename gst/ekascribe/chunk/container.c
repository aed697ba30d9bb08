/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "chunk/container.h"

#include "chunk/mp3file.h"
#include "chunk/mp4.h"
#include "chunk/mp4file.h"
#include "chunk/ogg.h"
#include "chunk/oggfile.h"
#include "chunk/wav.h"
#include "chunk/webm.h"
#include "chunk/webmfile.h"

/**
 * eka_container_holds:
 * @container: a container
 * @type: a codec
 *
 * Returns: whether packets of @type go into it as they are
 */
gboolean
eka_container_holds (EkaContainer container,
                     EkaCodecType type)
{
  return eka_container_get_media_type (container, type) != NULL;
}

/**
 * eka_container_get_media_type:
 * @container: a container
 * @type: a codec
 *
 * Returns: (nullable): the exact Content-Type of Upload Audio, a static string;
 *   %NULL where @container does not hold @type
 */
const gchar *
eka_container_get_media_type (EkaContainer container,
                              EkaCodecType type)
{
  switch (type)
    {
    case EKA_CODEC_OPUS:
      return container == EKA_CONTAINER_OGG    ? "audio/ogg;codecs=opus"
             : container == EKA_CONTAINER_WEBM ? "audio/webm;codecs=opus"
                                               : NULL;
    case EKA_CODEC_VORBIS:
      return container == EKA_CONTAINER_OGG ? "audio/ogg" : NULL;
    case EKA_CODEC_AAC:
      return container == EKA_CONTAINER_M4A   ? "audio/m4a"
             : container == EKA_CONTAINER_MP4 ? "audio/mp4"
                                              : NULL;
    case EKA_CODEC_MP3:
      return container == EKA_CONTAINER_MP3 ? "audio/mp3" : NULL;
    default:
      return container == EKA_CONTAINER_WAV ? "audio/wav" : NULL;
    }
}

/**
 * eka_container_get_extension:
 * @container: a container
 *
 * Returns: file name extension without the dot, a static string
 */
const gchar *
eka_container_get_extension (EkaContainer container)
{
  static const gchar *const extensions[] = {
    [EKA_CONTAINER_OGG] = "ogg", [EKA_CONTAINER_WEBM] = "webm",
    [EKA_CONTAINER_M4A] = "m4a", [EKA_CONTAINER_MP4] = "mp4",
    [EKA_CONTAINER_MP3] = "mp3", [EKA_CONTAINER_WAV] = "wav",
  };

  return extensions[container];
}

/**
 * eka_container_header_size:
 * @container: a container
 * @codec: what it holds
 *
 * Returns: bytes of a file that do not grow with its packets, at most
 */
gsize
eka_container_header_size (EkaContainer    container,
                           const EkaCodec *codec)
{
  switch (container)
    {
    case EKA_CONTAINER_OGG:
      return eka_ogg_header_size (codec);
    case EKA_CONTAINER_WEBM:
      return eka_webm_header_size (codec);
    case EKA_CONTAINER_MP3:
      return eka_mp3file_header_size (codec);
    case EKA_CONTAINER_WAV:
      return eka_wav_header_size (codec);
    default:
      return eka_mp4_header_size (codec);
    }
}

/**
 * eka_container_packet_cost:
 * @container: a container
 * @codec: what it holds
 * @size: length of one packet
 * @samples: that it decodes to
 *
 * Returns: bytes that the packet adds to a file, at most
 */
gsize
eka_container_packet_cost (EkaContainer    container,
                           const EkaCodec *codec,
                           gsize           size,
                           guint           samples)
{
  switch (container)
    {
    case EKA_CONTAINER_OGG:
      return eka_ogg_packet_cost (codec, size, samples);
    case EKA_CONTAINER_WEBM:
      return eka_webm_packet_cost (size);
    case EKA_CONTAINER_MP3:
      return eka_mp3file_packet_cost (size);
    case EKA_CONTAINER_WAV:
      return size;
    default:
      return eka_mp4_packet_cost (size);
    }
}

static GBytes *
write_wav (const EkaStream *stream)
{
  const gsize frame = eka_codec_frame_size (stream->codec);
  const guint64 hidden = stream->skip + stream->trim_end;
  const guint64 samples = eka_stream_count_samples (stream);

  return eka_wav_write (stream->codec, stream->data + stream->skip * frame,
                        (samples - MIN (samples, hidden)) * frame);
}

/**
 * eka_container_write:
 * @container: a container that holds the codec of @stream
 * @stream: what to write
 *
 * Returns: (transfer full): a file that decodes alone, always the same for the
 *   same stream
 */
GBytes *
eka_container_write (EkaContainer     container,
                     const EkaStream *stream)
{
  switch (container)
    {
    case EKA_CONTAINER_OGG:
      return eka_ogg_write (stream);
    case EKA_CONTAINER_WEBM:
      return eka_webm_write (stream);
    case EKA_CONTAINER_MP3:
      return eka_mp3file_write (stream);
    case EKA_CONTAINER_WAV:
      return write_wav (stream);
    default:
      return eka_mp4_write (stream, container == EKA_CONTAINER_M4A);
    }
}

/**
 * eka_container_from_media_type:
 * @media_type: a Content-Type of a chunk
 * @container: (out): what it stands for
 *
 * Returns: %FALSE where it stands for none
 */
gboolean
eka_container_from_media_type (const gchar  *media_type,
                               EkaContainer *container)
{
  static const struct
  {
    const gchar *media_type;
    EkaContainer container;
  } known[] = {
    { "audio/ogg", EKA_CONTAINER_OGG }, { "audio/webm", EKA_CONTAINER_WEBM },
    { "audio/m4a", EKA_CONTAINER_M4A }, { "audio/mp4", EKA_CONTAINER_MP4 },
    { "audio/mp3", EKA_CONTAINER_MP3 }, { "audio/wav", EKA_CONTAINER_WAV },
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (known); i++)
    {
      if (g_str_has_prefix (media_type, known[i].media_type))
        {
          *container = known[i].container;
          return TRUE;
        }
    }
  return FALSE;
}

/**
 * eka_container_read:
 * @container: a container
 * @file: (inout): an empty file
 * @bytes: what eka_container_write() wrote
 *
 * Takes a file apart again. Damage does no harm.
 *
 * Returns: %FALSE where this library did not write it
 */
gboolean
eka_container_read (EkaContainer container,
                    EkaFile     *file,
                    GBytes      *bytes)
{
  switch (container)
    {
    case EKA_CONTAINER_OGG:
      return eka_oggfile_read (file, bytes);
    case EKA_CONTAINER_WEBM:
      return eka_webmfile_read (file, bytes);
    case EKA_CONTAINER_MP3:
      return eka_mp3file_read (file, bytes);
    case EKA_CONTAINER_WAV:
      return eka_wav_read (file, bytes);
    default:
      return eka_mp4file_read (file, bytes);
    }
}
