/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "chunk/chunker.h"

G_BEGIN_DECLS

/**
 * EkaChunkerState:
 * @codec: what the packets hold
 * @container: what the chunks are
 * @media_type: their exact Content-Type, a static or interned string
 * @limits: of the chunks, as they were set
 * @index: of the next chunk
 * @skip: samples at the start of what is pending that are not heard
 * @packets: (element-type EkaPacketInfo): first those that a chunk has taken and
 *   that may be pre-roll of the next one, then what is pending
 * @data: their bytes, back to back
 * @n_history: how many the former are
 * @closed: what is pending has ended: what comes begins a stretch of its own
 * @gap: a packet that was left out came after a gap
 * @previous: what eka_codec_measure_packet() keeps
 * @celt: what eka_codec_judge_packet() keeps
 * @base_time: last running time that a packet told, in ns, or %EKA_TIME_NONE
 * @base_utc: the same on the wall, in ns since 1970; 0: unknown
 * @base_samples: that came since
 *
 * A copy of all that a chunker needs to go on elsewhere.
 */
typedef struct
{
  EkaCodec codec;
  EkaContainer container;
  const gchar *media_type;
  EkaChunkLimits limits;
  guint index;
  guint64 skip;
  GArray *packets;
  GByteArray *data;
  guint n_history;
  gboolean closed;
  gboolean gap;
  guint previous;
  EkaCelt celt;
  guint64 base_time;
  guint64 base_utc;
  guint64 base_samples;
} EkaChunkerState;

EkaChunkerState *eka_chunker_save       (EkaChunker            *chunker);
EkaChunker      *eka_chunker_restore    (const EkaChunkerState *state);
void             eka_chunker_state_free (EkaChunkerState       *state);
gboolean         eka_chunker_state_is_empty
                                        (const EkaChunkerState *state);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EkaChunkerState, eka_chunker_state_free)

G_END_DECLS
