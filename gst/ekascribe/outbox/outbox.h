/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "chunk/chunk.h"

G_BEGIN_DECLS

/**
 * EkaOutbox:
 *
 * What waits for the uplink: the chunks of one session in order, in memory,
 * within a bound. The streaming thread puts, the worker thread takes away; all
 * calls are thread safe.
 */
typedef struct _EkaOutbox EkaOutbox;

/**
 * EkaOutboxStats:
 * @chunks: chunks that wait
 * @bytes: their sum
 * @duration: their sum in ns
 */
typedef struct
{
  guint chunks;
  guint64 bytes;
  guint64 duration;
} EkaOutboxStats;

EkaOutbox *eka_outbox_new           (guint64         max_bytes,
                                     guint64         max_duration);
EkaOutbox *eka_outbox_ref           (EkaOutbox      *outbox);
void       eka_outbox_unref         (EkaOutbox      *outbox);
gboolean   eka_outbox_has_room      (EkaOutbox      *outbox,
                                     EkaChunk       *chunk);
gboolean   eka_outbox_wait_for_room (EkaOutbox      *outbox,
                                     EkaChunk       *chunk);
void       eka_outbox_put           (EkaOutbox      *outbox,
                                     EkaChunk       *chunk);
EkaChunk  *eka_outbox_peek          (EkaOutbox      *outbox);
gboolean   eka_outbox_release       (EkaOutbox      *outbox,
                                     guint           index);
void       eka_outbox_set_flushing  (EkaOutbox      *outbox,
                                     gboolean        flushing);
void       eka_outbox_get_stats     (EkaOutbox      *outbox,
                                     EkaOutboxStats *stats);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EkaOutbox, eka_outbox_unref)

G_END_DECLS
