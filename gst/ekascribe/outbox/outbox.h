/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "outbox/budget.h"

G_BEGIN_DECLS

/**
 * EkaOutbox:
 *
 * The chunks of one session in the order of the recording, in memory, from the
 * moment that they are cut until the session's results are there. It knows which
 * of them the service has: waiting, tried (it may have them), acknowledged, and
 * settled (it lists them, too).
 *
 * A chunk gets its number on the service when it is first sent, so that one
 * that is dropped before leaves no hole; from then on the number stands for
 * these bytes. The streaming thread puts, the worker thread does the rest; all
 * calls are thread safe.
 */
typedef struct _EkaOutbox EkaOutbox;

/**
 * EkaOutboxStats:
 * @chunks: chunks that are not acknowledged
 * @bytes: their sum
 * @duration: their sum in ns
 * @kept: all chunks in memory
 * @kept_bytes: their sum
 * @kept_duration: the same in ns
 * @let_go: audio in ns that was let go after it was acknowledged
 * @dropped_chunks: chunks that were let go though they were not
 * @dropped: their sum in ns
 */
typedef struct
{
  guint chunks;
  guint64 bytes;
  guint64 duration;
  guint kept;
  guint64 kept_bytes;
  guint64 kept_duration;
  guint64 let_go;
  guint dropped_chunks;
  guint64 dropped;
} EkaOutboxStats;

EkaOutbox *eka_outbox_new          (EkaBudget      *budget);
EkaOutbox *eka_outbox_ref          (EkaOutbox      *outbox);
void       eka_outbox_unref        (EkaOutbox      *outbox);
void       eka_outbox_put          (EkaOutbox      *outbox,
                                    EkaChunk       *chunk);
EkaChunk  *eka_outbox_peek         (EkaOutbox      *outbox,
                                    gboolean       *last);
EkaChunk  *eka_outbox_try          (EkaOutbox      *outbox,
                                    guint          *number);
void       eka_outbox_acknowledge  (EkaOutbox      *outbox,
                                    guint           number);
void       eka_outbox_replace      (EkaOutbox      *outbox,
                                    EkaChunk       *first,
                                    EkaChunk       *second);
void       eka_outbox_skip         (EkaOutbox      *outbox);
void       eka_outbox_remove       (EkaOutbox      *outbox);
GPtrArray *eka_outbox_take_rest    (EkaOutbox      *outbox);
guint      eka_outbox_settle       (EkaOutbox      *outbox,
                                    const gboolean *listed,
                                    guint           n_listed);
void       eka_outbox_settle_all   (EkaOutbox      *outbox);
gboolean   eka_outbox_wants_audit  (EkaOutbox      *outbox);
guint      eka_outbox_count_sent   (EkaOutbox      *outbox);
guint64    eka_outbox_rewind       (EkaOutbox      *outbox);
void       eka_outbox_clear        (EkaOutbox      *outbox);
void       eka_outbox_get_stats    (EkaOutbox      *outbox,
                                    EkaOutboxStats *stats);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EkaOutbox, eka_outbox_unref)

G_END_DECLS
