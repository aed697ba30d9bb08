/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "chunk/silence.h"

#include <string.h>

#include "chunk/aac.h"
#include "chunk/mp3.h"
#include "chunk/opus.h"
#include "chunk/pcm.h"

/* RFC 6716 section 3.2.2: a frame without a byte is one that was lost, which a
 * decoder makes up. */
static gboolean
write_opus (guint8      toc,
            guint64     samples,
            GByteArray *packet)
{
  toc &= 0xfc;
  if (eka_opus_packet_samples (&toc, 1) > samples)
    return FALSE;
  g_byte_array_append (packet, &toc, 1);
  return TRUE;
}

static gboolean
write_aac (const EkaCodec *codec,
           guint64         samples,
           GByteArray     *packet)
{
  guint8 data[EKA_AAC_MAX_SILENCE];

  if (samples < EKA_AAC_SAMPLES)
    return FALSE;
  g_byte_array_append (packet, data, eka_aac_write_silence (codec, data));
  return TRUE;
}

static gboolean
write_mp3 (const EkaCodec *codec,
           const guint8   *like,
           guint64         samples,
           GByteArray     *packet)
{
  guint8 frame[EKA_MP3_MAX_FRAME];

  if (samples < eka_mp3_frame_samples (codec))
    return FALSE;
  g_byte_array_append (packet, frame,
                       eka_mp3_write_silence (codec, like, frame));
  return packet->len > 0;
}

/* One block after the other */
static gboolean
write_samples (const EkaCodec *codec,
               guint64         samples,
               GByteArray     *packet)
{
  const gsize size = MIN (samples * eka_codec_frame_size (codec),
                          eka_pcm_block_size (codec));

  g_byte_array_set_size (packet, (guint) size);
  memset (packet->data, eka_pcm_get_silence (codec), size);
  return size > 0;
}

/**
 * eka_silence_write:
 * @codec: a codec
 * @like: (array fixed-size=4): how the packet before begins
 * @samples: how much is missing
 * @packet: (inout): an empty array, that takes the packet
 *
 * Makes a packet that stands for audio that did not come. It lasts as long as
 * one of this codec does, but no longer than @samples; callers loop.
 *
 * Returns: %FALSE where no packet is that short, or the codec has none
 */
gboolean
eka_silence_write (const EkaCodec *codec,
                   const guint8   *like,
                   guint64         samples,
                   GByteArray     *packet)
{
  switch (codec->type)
    {
    case EKA_CODEC_OPUS:
      return write_opus (like[0], samples, packet);
    case EKA_CODEC_AAC:
      return write_aac (codec, samples, packet);
    case EKA_CODEC_MP3:
      return write_mp3 (codec, like, samples, packet);
    case EKA_CODEC_VORBIS:
      return FALSE;
    default:
      return write_samples (codec, samples, packet);
    }
}
