/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "chunk/cut.h"

#include "chunk/quiet.h"

/* How many packets both bounds allow. */
static guint
find_last (EkaContainer         container,
           const EkaCodec      *codec,
           const EkaPacketInfo *packets,
           guint                n_packets,
           guint64              samples,
           guint64              bytes)
{
  guint i;

  for (i = 0; i < n_packets; i++)
    {
      const guint64 cost =
          eka_container_packet_cost (container, codec, packets[i].size,
                                     packets[i].samples);

      if (packets[i].samples > samples || cost > bytes)
        break;
      samples -= packets[i].samples;
      bytes -= cost;
    }
  return i;
}

static guint64
count_samples (const EkaPacketInfo *packets,
               guint                n_packets)
{
  guint64 samples = 0;
  guint i;

  for (i = 0; i < n_packets; i++)
    samples += packets[i].samples;
  return samples;
}

/* The first boundary with so many samples before it, or @n_packets */
static guint
find_first (const EkaPacketInfo *packets,
            guint                n_packets,
            guint64              samples)
{
  guint64 before = 0;
  guint i;

  for (i = 0; i < n_packets && before < samples; i++)
    before += packets[i].samples;
  return i;
}

/* The last boundary that the budget allows, and that leaves no crumb where the
 * stretch is complete; 0 where packets to come decide. */
static guint
find_latest (EkaContainer         container,
             const EkaCodec      *codec,
             const EkaPacketInfo *packets,
             guint                n_packets,
             gboolean             complete,
             const EkaCutBudget  *budget)
{
  const guint64 total = count_samples (packets, n_packets);
  const guint fits = find_last (container, codec, packets, n_packets,
                                budget->max_samples, budget->max_bytes);
  guint earlier;

  if (fits == n_packets)
    return complete ? n_packets : 0;
  if (total - count_samples (packets, fits) >= budget->min_rest)
    return fits;
  if (!complete)
    return 0;
  if (total <= budget->min_rest)
    return fits;

  earlier = find_last (container, codec, packets, n_packets,
                       total - budget->min_rest, budget->max_bytes);
  return earlier > 0 ? MIN (earlier, fits) : fits;
}

/**
 * eka_cut_choose:
 * @container: what the chunk will be written as
 * @codec: the codec of the packets
 * @packets: (array length=n_packets): a stretch, or its beginning
 * @n_packets: how many
 * @complete: nothing will be added to the stretch
 * @budget: bounds of the next chunk
 *
 * Chooses how much of a stretch the next chunk takes. Where all of a complete
 * stretch fits, that is it. Otherwise the cut lies in the middle of the best
 * pause between both bounds; where there is none, as late as they allow. The
 * rest is no crumb; the upper bounds win where that can't be had.
 *
 * Returns: the cut
 */
EkaCut
eka_cut_choose (EkaContainer         container,
                const EkaCodec      *codec,
                const EkaPacketInfo *packets,
                guint                n_packets,
                gboolean             complete,
                const EkaCutBudget  *budget)
{
  const guint64 crumb = eka_codec_samples_from_time (codec, EKA_CUT_CRUMB);
  EkaCut cut = { 0 };
  guint latest, earliest, seen, quiet;

  latest = find_latest (container, codec, packets, n_packets, complete,
                        budget);
  cut.n_packets = latest;
  if (latest == 0 || latest == n_packets)
    return cut;

  earliest = find_first (packets, n_packets, MAX (budget->min_samples, crumb));
  if (earliest > latest)
    return cut;
  /* however many packets came before somebody asked: a cut is the same */
  seen = find_first (packets, n_packets,
                     count_samples (packets, latest) + crumb);
  quiet = eka_quiet_find (codec, packets, seen, earliest, latest);
  if (quiet == 0)
    return cut;
  return (EkaCut) { .n_packets = quiet, .quiet = TRUE };
}
