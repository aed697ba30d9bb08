/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "chunk/preroll.h"

#include "chunk/mp3.h"
#include "chunk/mp4.h"

#define MSECOND G_GUINT64_CONSTANT (1000000)

/* Opus has converged after that much of anything, as far as libopus ever does: in
 * ten minutes of dialogue every seam is exact then. After half of it one of 42 is
 * up to 17 of 32768 off; after 80 ms up to 12 in noise, and 45883 where the VAD
 * took a tone for a pause. */
#define OPUS_PRE_ROLL (1000 * MSECOND)

/* The reservoir of MP3 reaches back 511 bytes: 23 frames where they are
 * smallest (8 kbit/s at 24 kHz). */
#define MP3_HISTORY 32

/* How much of the stretch a decoder must have seen: so many packets, or samples
 * where that is 0. */
static guint
count_packets (const EkaCodec *codec)
{
  switch (codec->type)
    {
    case EKA_CODEC_AAC:
      return eka_mp4_pre_roll (codec);
    case EKA_CODEC_VORBIS:
      /* the overlap of two transforms */
      return 1;
    case EKA_CODEC_MP3:
      return eka_mp3_pre_roll (codec);
    default:
      return 0;
    }
}

static guint64
get_samples (const EkaCodec *codec)
{
  if (codec->type != EKA_CODEC_OPUS)
    return 0;
  return eka_codec_samples_from_time (codec, OPUS_PRE_ROLL);
}

/**
 * eka_preroll_choose:
 * @self: (out caller-allocates): the pre-roll
 * @container: what the chunk will be written as
 * @codec: codec of the packets
 * @cut: end of a table of packets: the packet before the cut is @cut[-1]
 * @n_before: packets of the stretch that lie before the cut
 * @max_samples: samples that are enough, where more would do
 * @max_cost: bytes that the pre-roll may take in the file
 *
 * Chooses what a decoder has to see in front of a chunk, so that its first
 * sample is what it would be in the uncut stream.
 */
void
eka_preroll_choose (EkaPreRoll          *self,
                    EkaContainer         container,
                    const EkaCodec      *codec,
                    const EkaPacketInfo *cut,
                    guint                n_before,
                    guint64              max_samples,
                    guint64              max_cost)
{
  const guint packets = count_packets (codec);
  const guint64 samples = MIN (get_samples (codec), max_samples);
  guint64 length = 0;

  *self = (EkaPreRoll) { 0 };
  while (self->n_packets < n_before &&
         (self->n_packets < packets || length < samples))
    {
      const EkaPacketInfo *info = &cut[-1 - (gint) self->n_packets];
      const guint64 cost = eka_container_packet_cost (
          container, codec, info->size, info->samples);

      if (self->cost + cost > max_cost)
        break;
      self->n_packets++;
      self->cost += cost;
      length += info->samples;
    }
  /* the first packet of Vorbis only opens the stream */
  if (codec->type == EKA_CODEC_VORBIS)
    return;
  self->skip = length;
  self->hidden = length;
  /* what mp3file.c may put in front */
  if (codec->type == EKA_CODEC_MP3)
    self->hidden += eka_mp3_frame_samples (codec);
}

/**
 * eka_preroll_count_history:
 * @codec: codec of the packets
 * @cut: as in eka_preroll_choose()
 * @n_before: packets of the stretch that lie before the cut
 *
 * Returns: how many of them any pre-roll of a cut from here on may need
 */
guint
eka_preroll_count_history (const EkaCodec      *codec,
                           const EkaPacketInfo *cut,
                           guint                n_before)
{
  const guint64 samples = get_samples (codec);
  guint64 length = 0;
  guint n = 0;

  if (codec->type == EKA_CODEC_MP3)
    return MIN (n_before, MP3_HISTORY);
  while (n < n_before && (n < count_packets (codec) || length < samples))
    length += cut[-1 - (gint) n++].samples;
  return n;
}
