/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "chunk/codec.h"
#include "chunk/packet.h"

G_BEGIN_DECLS

/* No chunk goes alone that is shorter than this, in ns. */
#define EKA_CUT_CRUMB G_GUINT64_CONSTANT (100000000)
/* With that much, in ns, a decoder has converged even where a cut lies in
 * speech: libopus is then at most 1 of 32768 off at the seam (300 ms: up to
 * 189). */
#define EKA_CUT_PRE_ROLL G_GUINT64_CONSTANT (500000000)

/**
 * EkaCutBudget:
 * @max_samples: samples that the next chunk may take
 * @max_bytes: bytes that they may take in the file
 * @min_rest: samples that must remain where anything remains
 *
 * The bounds of one cut; what headers and pre-roll need is taken off already.
 */
typedef struct
{
  guint64 max_samples;
  guint64 max_bytes;
  guint64 min_rest;
} EkaCutBudget;

guint64 eka_cut_packet_cost (const EkaCodec      *codec,
                             gsize                size);
guint64 eka_cut_choose      (const EkaCodec      *codec,
                             const EkaPacketInfo *packets,
                             guint                n_packets,
                             gboolean             complete,
                             const EkaCutBudget  *budget);

G_END_DECLS
