/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "outbox/budget.h"
#include "outbox/leftover.h"
#include "outbox/spool.h"

G_BEGIN_DECLS

/**
 * EkaOutboxPolicy:
 * @EKA_OUTBOX_NEVER: audio is kept in memory only
 * @EKA_OUTBOX_ON_FAILURE: it leaves memory for disk when memory is full, and
 *   when it is to be saved
 * @EKA_OUTBOX_ALWAYS: everything goes to disk first: the packets of the chunk
 *   that is being filled, and each chunk before it is sent
 */
typedef enum
{
  EKA_OUTBOX_NEVER,
  EKA_OUTBOX_ON_FAILURE,
  EKA_OUTBOX_ALWAYS,
} EkaOutboxPolicy;

/**
 * EkaOutbox:
 *
 * The chunks of one session in the order of the recording, in memory or on disk,
 * from the moment that they are cut until the session's results are there. It
 * knows which of them the service has: waiting, tried (it may have them),
 * acknowledged, and settled (it lists them, too).
 *
 * A chunk gets its number on the service when it is first sent, so that one
 * that is dropped before leaves no hole; from then on the number stands for
 * these bytes. The streaming thread puts, the worker thread does the rest; all
 * calls are thread safe, and none but eka_outbox_wait_saved() waits for the
 * disk.
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
 * @held: all chunks that it has, in memory or on disk
 * @held_duration: their sum in ns
 * @stored: chunks in its folder
 * @stored_bytes: their sum
 * @unsaved: audio in ns that is neither acknowledged nor on disk
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
  guint held;
  guint64 held_duration;
  guint stored;
  guint64 stored_bytes;
  guint64 unsaved;
} EkaOutboxStats;

EkaOutbox *eka_outbox_new          (EkaBudget      *budget);
EkaOutbox *eka_outbox_ref          (EkaOutbox      *outbox);
void       eka_outbox_unref        (EkaOutbox      *outbox);
void       eka_outbox_set_spool    (EkaOutbox      *outbox,
                                    EkaSpool       *spool,
                                    EkaOutboxPolicy policy);
void       eka_outbox_restore      (EkaOutbox      *outbox,
                                    EkaSpool       *spool,
                                    EkaLeftover    *leftover,
                                    GPtrArray      *rebuilt);
void       eka_outbox_set_notify   (EkaOutbox      *outbox,
                                    void          (*func) (gpointer),
                                    gpointer        user_data,
                                    GDestroyNotify  notify);
void       eka_outbox_describe     (EkaOutbox      *outbox,
                                    GBytes         *description);
gboolean   eka_outbox_wants_state  (EkaOutbox      *outbox);
void       eka_outbox_begin        (EkaOutbox      *outbox,
                                    EkaChunkerState *state);
void       eka_outbox_add_packet   (EkaOutbox      *outbox,
                                    const EkaPacket *packet);
void       eka_outbox_put          (EkaOutbox      *outbox,
                                    EkaChunk       *chunk);
void       eka_outbox_put_with_state
                                   (EkaOutbox      *outbox,
                                    EkaChunk       *chunk,
                                    EkaChunkerState *state);
void       eka_outbox_put_taken    (EkaOutbox      *outbox,
                                    EkaChunk       *chunk,
                                    EkaOutbox      *from);
void       eka_outbox_hand_journal (EkaOutbox      *from,
                                    EkaOutbox      *to);
void       eka_outbox_keep_journal (EkaOutbox      *outbox,
                                    GBytes         *description);
void       eka_outbox_end_journal  (EkaOutbox      *outbox);
void       eka_outbox_save         (EkaOutbox      *outbox);
gboolean   eka_outbox_wait_saved   (EkaOutbox      *outbox,
                                    gint64          end_time);
gboolean   eka_outbox_has_disk     (EkaOutbox      *outbox);
gchar     *eka_outbox_dup_folder   (EkaOutbox      *outbox);
EkaChunk  *eka_outbox_peek         (EkaOutbox      *outbox,
                                    gboolean       *last);
EkaChunk  *eka_outbox_try          (EkaOutbox      *outbox,
                                    guint          *number);
gboolean   eka_outbox_is_busy      (EkaOutbox      *outbox);
void       eka_outbox_reconcile    (EkaOutbox      *outbox,
                                    const gboolean *listed,
                                    guint           n_listed);
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
void       eka_outbox_close        (EkaOutbox      *outbox);
void       eka_outbox_abandon      (EkaOutbox      *outbox);
void       eka_outbox_get_stats    (EkaOutbox      *outbox,
                                    EkaOutboxStats *stats);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EkaOutbox, eka_outbox_unref)

G_END_DECLS
