/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "chunk/chunker.h"
#include "chunk/preroll.h"

G_BEGIN_DECLS

/* @packets and @data hold, in order: history (packets that a chunk took and
 * that may be pre-roll of the next), then what is pending, from @next on.
 * Pending packets form stretches; a new one begins where `discont` is set. What
 * is history belongs to the same stretch as the first pending packet. */
struct _EkaChunker
{
  EkaCodec codec;
  EkaContainer container;
  const gchar *media_type;
  guint index;
  EkaChunkLimits limits; /* as they were set */

  /* in samples of the codec's rate, and bytes */
  guint64 min_samples;
  guint64 max_samples;
  guint64 max_bytes;
  guint64 crumb_samples;
  gboolean whole;

  GArray *packets;
  GByteArray *data;
  guint next;
  gsize next_offset;
  guint previous; /* for eka_codec_measure_packet() */
  EkaCelt celt;   /* for eka_codec_judge_packet() */

  EkaPreRoll pre_roll; /* of the next chunk, at the end of history */

  guint64 pending_samples;
  guint64 pending_cost;
  guint64 open_samples; /* of pending, in the last stretch */
  guint64 skip;         /* pending samples that the codec's pre-skip hides */
  guint breaks;         /* stretches that end within what is pending */
  gboolean closed;      /* the last one ended too */
  gboolean gap;         /* a packet that was left out came after a gap */

  guint64 base_time; /* last time that a packet told */
  guint64 base_utc;  /* the same, on the wall */
  guint64 base_samples;
};

G_END_DECLS
