/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "chunk/wav.h"

#include <string.h>

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

/**
 * eka_wav_write:
 * @codec: a PCM codec
 * @samples: (array length=size): whole frames of 16 bit little endian samples
 * @size: length of @samples in bytes, under 2 GiB
 *
 * Format tag 1 (PCM) and no chunk but "fmt " and "data", which every reader of
 * WAV takes.
 *
 * Returns: (transfer full): a WAV file
 */
GBytes *
eka_wav_write (const EkaCodec *codec,
               const guint8   *samples,
               gsize           size)
{
  const guint align = 2 * codec->channels;
  guint8 *file, *p;

  g_return_val_if_fail (codec->type == EKA_CODEC_PCM, NULL);
  g_return_val_if_fail (size <= G_MAXINT32, NULL);

  file = p = g_malloc (EKA_WAV_HEADER_SIZE + size);
  p = put_tag (p, "RIFF");
  p = put_32 (p, EKA_WAV_HEADER_SIZE - 8 + (guint32) size);
  p = put_tag (p, "WAVE");
  p = put_tag (p, "fmt ");
  p = put_32 (p, 16);
  p = put_16 (p, 1);
  p = put_16 (p, codec->channels);
  p = put_32 (p, codec->rate);
  p = put_32 (p, codec->rate * align);
  p = put_16 (p, align);
  p = put_16 (p, 16);
  p = put_tag (p, "data");
  p = put_32 (p, (guint32) size);
  memcpy (p, samples, size);
  return g_bytes_new_take (file, EKA_WAV_HEADER_SIZE + size);
}
