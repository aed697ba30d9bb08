/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "chunk/container.h"

G_BEGIN_DECLS

/**
 * EkaPreRoll:
 * @n_packets: packets from before the cut that open the next chunk
 * @skip: samples that they decode to, to be hidden
 * @hidden: samples that a decoder returns that hides nothing
 * @cost: bytes that they take in the file, at most
 */
typedef struct
{
  guint n_packets;
  guint64 skip;
  guint64 hidden;
  guint64 cost;
} EkaPreRoll;

void  eka_preroll_choose        (EkaPreRoll          *self,
                                 EkaContainer         container,
                                 const EkaCodec      *codec,
                                 const EkaPacketInfo *cut,
                                 guint                n_before,
                                 guint64              max_samples,
                                 guint64              max_cost);
guint eka_preroll_count_history (const EkaCodec      *codec,
                                 const EkaPacketInfo *cut,
                                 guint                n_before);

G_END_DECLS
