/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "chunk/wav.h"

#include <string.h>

#include "chunk/pcm.h"

/* A format that is not PCM has an (empty) extension and a chunk "fact". */
#define LAW_HEADER_SIZE 58

/* RFC 2361 and the registry of RIFF */
#define TAG_PCM 1
#define TAG_ALAW 6
#define TAG_MULAW 7

/* So that bytes a second fit into 32 bits */
#define MAX_RATE (G_MAXUINT32 / 4)

/* What a file of ours has at most, by the limits of RIFF */
#define MAX_DATA (G_MAXINT32 - LAW_HEADER_SIZE)

static guint8 *
put_tag (guint8      *p,
         const gchar *tag)
{
  memcpy (p, tag, 4);
  return p + 4;
}

static guint8 *
put_16 (guint8 *p,
        guint   value)
{
  p[0] = value & 0xff;
  p[1] = value >> 8 & 0xff;
  return p + 2;
}

static guint8 *
put_32 (guint8 *p,
        guint32 value)
{
  return put_16 (put_16 (p, value & 0xffff), value >> 16);
}

static guint
get_16 (const guint8 *p)
{
  return p[0] | p[1] << 8;
}

static guint32
get_32 (const guint8 *p)
{
  return get_16 (p) | (guint32) get_16 (p + 2) << 16;
}

/**
 * eka_wav_header_size:
 * @codec: a codec whose packets are samples
 *
 * Returns: bytes of a file beside its samples, at most
 */
gsize
eka_wav_header_size (const EkaCodec *codec)
{
  return codec->type == EKA_CODEC_PCM ? EKA_WAV_HEADER_SIZE : LAW_HEADER_SIZE;
}

static guint8 *
put_format (guint8         *p,
            const EkaCodec *codec)
{
  const gboolean pcm = codec->type == EKA_CODEC_PCM;
  const guint align = eka_codec_frame_size (codec);

  p = put_tag (p, "fmt ");
  p = put_32 (p, pcm ? 16 : 18);
  p = put_16 (p, pcm                              ? TAG_PCM
                 : codec->type == EKA_CODEC_MULAW ? TAG_MULAW
                                                  : TAG_ALAW);
  p = put_16 (p, codec->channels);
  p = put_32 (p, codec->rate);
  p = put_32 (p, codec->rate * align);
  p = put_16 (p, align);
  p = put_16 (p, 8 * align / codec->channels);
  return pcm ? p : put_16 (p, 0);
}

/**
 * eka_wav_write:
 * @codec: a codec whose packets are samples
 * @samples: (array length=size): whole frames
 * @size: length of @samples in bytes, under 2 GiB
 *
 * Format tag 1 (PCM) has no chunk but "fmt " and "data", which every reader of
 * WAV takes; 6 (A-law) and 7 (µ-law) have "fact" too, as the format demands. An
 * odd number of bytes is not padded at the end of the file: readers of any kind
 * find all samples so, but one of GStreamer 1.22 none behind a padded end.
 *
 * Returns: (transfer full): a WAV file
 */
GBytes *
eka_wav_write (const EkaCodec *codec,
               const guint8   *samples,
               gsize           size)
{
  const guint align = eka_codec_frame_size (codec);
  const gboolean pcm = codec->type == EKA_CODEC_PCM;
  gsize total;
  guint8 *file, *p;

  g_return_val_if_fail (align > 0, NULL);
  g_return_val_if_fail (size <= MAX_DATA, NULL);

  total = eka_wav_header_size (codec) + size;
  file = p = g_malloc (total);
  p = put_tag (p, "RIFF");
  p = put_32 (p, (guint32) total - 8);
  p = put_tag (p, "WAVE");
  p = put_format (p, codec);
  if (!pcm)
    {
      p = put_tag (p, "fact");
      p = put_32 (p, 4);
      p = put_32 (p, (guint32) (size / align));
    }
  p = put_tag (p, "data");
  p = put_32 (p, (guint32) size);
  memcpy (p, samples, size);
  return g_bytes_new_take (file, total);
}

/* Reads what tells one codec from another, where @size leaves room for it. */
static gboolean
read_codec (EkaCodec     *codec,
            const guint8 *data,
            gsize         size)
{
  EkaCodecType type;
  guint channels, rate;

  if (size < EKA_WAV_HEADER_SIZE)
    return FALSE;
  switch (get_16 (data + 20))
    {
    case TAG_PCM:
      type = EKA_CODEC_PCM;
      break;
    case TAG_MULAW:
      type = EKA_CODEC_MULAW;
      break;
    case TAG_ALAW:
      type = EKA_CODEC_ALAW;
      break;
    default:
      return FALSE;
    }
  channels = get_16 (data + 22);
  rate = get_32 (data + 24);
  if (channels < 1 || channels > 2 || rate == 0 || rate > MAX_RATE)
    return FALSE;
  eka_codec_init_samples (codec, type, rate, channels);
  return TRUE;
}

/* As packets of the size in which they are cut */
static gboolean
add_samples (EkaFile      *file,
             const guint8 *data,
             gsize         size)
{
  const gsize block = eka_pcm_block_size (&file->codec);

  while (size > 0)
    {
      const gsize part = MIN (size, block);

      if (!eka_file_add_packet (file, data, part))
        return FALSE;
      data += part;
      size -= part;
    }
  return TRUE;
}

/**
 * eka_wav_read:
 * @file: (inout): an empty file
 * @bytes: what eka_wav_write() wrote
 *
 * Returns: %FALSE where it did not write it
 */
gboolean
eka_wav_read (EkaFile *file,
              GBytes  *bytes)
{
  g_autoptr (GBytes) again = NULL;
  gsize size, header, length;
  const guint8 *data = g_bytes_get_data (bytes, &size);

  if (!read_codec (&file->codec, data, size))
    return FALSE;
  header = eka_wav_header_size (&file->codec);
  if (size < header || size > MAX_DATA)
    return FALSE;
  length = get_32 (data + header - 4);
  if (length > size - header ||
      length % eka_codec_frame_size (&file->codec) != 0)
    return FALSE;
  again = eka_wav_write (&file->codec, data + header, length);
  return g_bytes_equal (bytes, again) &&
         add_samples (file, data + header, length);
}
