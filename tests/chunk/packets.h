/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "chunk/chunker.h"

/* Kinds of recordings: each codec in each container */
#define PACKETS_N_KINDS 10

/**
 * Packets:
 * @name: of the kind
 * @codec: what the packets hold
 * @container: what the chunks are
 * @limits: of the chunks
 * @packets: (element-type EkaPacket): the packets
 * @closes: (element-type gboolean): is the chunker closed behind the packet?
 * @blocks: (element-type GBytes): what @packets point into
 *
 * A recording of any codec with all that can happen to one: gaps, ends, packets
 * without a time or with too many bytes, and some that are none.
 */
typedef struct
{
  const gchar *name;
  EkaCodec codec;
  EkaContainer container;
  EkaChunkLimits limits;
  GArray *packets;
  GArray *closes;
  GPtrArray *blocks;
} Packets;

Packets         *packets_new       (guint          kind,
                                    guint          seed,
                                    guint          n);
Packets         *packets_new_plain (guint          kind,
                                    guint          seed,
                                    guint          n);
void             packets_free      (Packets       *packets);
const EkaPacket *packets_get       (const Packets *packets,
                                    guint          i);
EkaChunker      *packets_start     (const Packets *packets);
void             packets_push      (const Packets *packets,
                                    guint          i,
                                    EkaChunker    *chunker);
GPtrArray       *packets_new_chunks
                                   (void);
void             packets_pop_all   (EkaChunker    *chunker,
                                    GPtrArray     *chunks);
void             packets_assert_same_chunks
                                   (GPtrArray     *chunks,
                                    GPtrArray     *others);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Packets, packets_free)
