/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "chunk/container.h"

G_BEGIN_DECLS

/* No chunk goes alone that is shorter than this, in ns. */
#define EKA_CUT_CRUMB G_GUINT64_CONSTANT (100000000)

/**
 * EkaCutBudget:
 * @min_samples: samples that the next chunk should take
 * @max_samples: samples that it may take
 * @max_bytes: bytes that they may take in the file
 * @min_rest: samples that must remain where anything remains
 *
 * The bounds of one cut; what headers and pre-roll need is taken off already.
 */
typedef struct
{
  guint64 min_samples;
  guint64 max_samples;
  guint64 max_bytes;
  guint64 min_rest;
} EkaCutBudget;

/**
 * EkaCut:
 * @n_packets: packets before the cut, or 0 where those to come decide
 * @quiet: it lies in a pause
 */
typedef struct
{
  guint n_packets;
  gboolean quiet;
} EkaCut;

EkaCut eka_cut_choose (EkaContainer         container,
                       const EkaCodec      *codec,
                       const EkaPacketInfo *packets,
                       guint                n_packets,
                       gboolean             complete,
                       const EkaCutBudget  *budget);

G_END_DECLS
