/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "chunk/cut.h"
#include "chunk/ogg.h"

/**
 * eka_cut_packet_cost:
 * @codec: a codec
 * @size: length of one packet
 *
 * Returns: bytes that the packet takes in a file at most
 */
guint64
eka_cut_packet_cost (const EkaCodec *codec,
                     gsize           size)
{
  return codec->type == EKA_CODEC_OPUS ? eka_ogg_packet_cost (size) : size;
}

/* The last place at or before both bounds where a cut is possible. */
static guint64
last_boundary (const EkaCodec      *codec,
               const EkaPacketInfo *packets,
               guint                n_packets,
               guint64              samples,
               guint64              bytes)
{
  const guint64 frame_size = 2 * codec->channels;
  guint64 place = 0;
  guint i;

  for (i = 0; i < n_packets; i++)
    {
      const guint64 cost = eka_cut_packet_cost (codec, packets[i].size);

      if (packets[i].samples > samples || cost > bytes)
        break;
      place += packets[i].samples;
      samples -= packets[i].samples;
      bytes -= cost;
    }

  /* only PCM can be cut within a packet */
  if (i < n_packets && codec->type == EKA_CODEC_PCM)
    place += MIN (samples, bytes / frame_size);
  return place;
}

/**
 * eka_cut_choose:
 * @codec: the codec of the packets
 * @packets: (array length=n_packets): a stretch, or its beginning
 * @n_packets: how many
 * @complete: nothing will be added to the stretch
 * @budget: bounds of the next chunk
 *
 * Chooses how much of a stretch the next chunk takes. The cut lies as late as
 * the budget allows, but so that the rest is no crumb; the budget wins where
 * both can't be had.
 *
 * Returns: samples, or 0 where the packets to come decide
 */
guint64
eka_cut_choose (const EkaCodec      *codec,
                const EkaPacketInfo *packets,
                guint                n_packets,
                gboolean             complete,
                const EkaCutBudget  *budget)
{
  guint64 total = 0, fits, earlier;
  guint i;

  for (i = 0; i < n_packets; i++)
    total += packets[i].samples;

  fits = last_boundary (codec, packets, n_packets, budget->max_samples,
                        budget->max_bytes);
  if (fits == total)
    return complete ? total : 0;
  if (total - fits >= budget->min_rest)
    return fits;
  if (!complete)
    return 0;
  if (total <= budget->min_rest)
    return fits;

  earlier = last_boundary (codec, packets, n_packets,
                           total - budget->min_rest, budget->max_bytes);
  return earlier > 0 ? earlier : fits;
}
