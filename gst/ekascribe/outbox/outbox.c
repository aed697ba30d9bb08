/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "outbox/outbox.h"

struct _EkaOutbox
{
  gatomicrefcount ref_count;
  guint64 max_bytes;    /* 0: no bound */
  guint64 max_duration; /* in ns; 0: no bound */

  /* Guards all below; taken alone, and free while a caller waits. */
  GMutex lock;
  GCond cond; /* there may be room now, or the outbox is flushing */
  GQueue chunks;
  guint64 bytes;    /* sum over @chunks */
  guint64 duration; /* sum over @chunks */
  gboolean flushing;
};

/**
 * eka_outbox_new:
 * @max_bytes: bytes that may wait, or 0: no bound
 * @max_duration: audio that may wait, in ns, or 0: no bound
 *
 * Returns: (transfer full): an empty outbox
 */
EkaOutbox *
eka_outbox_new (guint64 max_bytes,
                guint64 max_duration)
{
  EkaOutbox *self = g_new0 (EkaOutbox, 1);

  g_atomic_ref_count_init (&self->ref_count);
  g_mutex_init (&self->lock);
  g_cond_init (&self->cond);
  g_queue_init (&self->chunks);
  self->max_bytes = max_bytes;
  self->max_duration = max_duration;
  return self;
}

/**
 * eka_outbox_ref:
 * @outbox: an outbox
 *
 * Returns: (transfer full): @outbox
 */
EkaOutbox *
eka_outbox_ref (EkaOutbox *outbox)
{
  g_atomic_ref_count_inc (&outbox->ref_count);
  return outbox;
}

/**
 * eka_outbox_unref:
 * @outbox: (transfer full): an outbox
 *
 * With the last reference go the chunks that still wait.
 */
void
eka_outbox_unref (EkaOutbox *outbox)
{
  if (!g_atomic_ref_count_dec (&outbox->ref_count))
    return;
  g_queue_clear_full (&outbox->chunks, (GDestroyNotify) eka_chunk_unref);
  g_cond_clear (&outbox->cond);
  g_mutex_clear (&outbox->lock);
  g_free (outbox);
}

/* An empty outbox takes any chunk: one larger than the bound would wait for
 * ever. Call with the lock held. */
static gboolean
has_room_locked (EkaOutbox *self,
                 EkaChunk  *chunk)
{
  if (g_queue_is_empty (&self->chunks))
    return TRUE;
  if (self->max_bytes != 0 &&
      self->bytes + g_bytes_get_size (chunk->bytes) > self->max_bytes)
    return FALSE;
  return self->max_duration == 0 ||
         self->duration + chunk->duration <= self->max_duration;
}

/**
 * eka_outbox_has_room:
 * @outbox: an outbox
 * @chunk: (transfer none): a chunk
 *
 * Returns: whether @chunk can be put within the bounds
 */
gboolean
eka_outbox_has_room (EkaOutbox *outbox,
                     EkaChunk  *chunk)
{
  gboolean room;

  g_mutex_lock (&outbox->lock);
  room = has_room_locked (outbox, chunk);
  g_mutex_unlock (&outbox->lock);
  return room;
}

/**
 * eka_outbox_wait_for_room:
 * @outbox: an outbox
 * @chunk: (transfer none): a chunk
 *
 * Waits until @chunk can be put within the bounds, or until the outbox is
 * flushing. With one thread that puts, the room is still there when it does.
 *
 * Returns: %FALSE where the outbox is flushing
 */
gboolean
eka_outbox_wait_for_room (EkaOutbox *outbox,
                          EkaChunk  *chunk)
{
  gboolean flushing;

  g_mutex_lock (&outbox->lock);
  while (!outbox->flushing && !has_room_locked (outbox, chunk))
    g_cond_wait (&outbox->cond, &outbox->lock);
  flushing = outbox->flushing;
  g_mutex_unlock (&outbox->lock);
  return !flushing;
}

/**
 * eka_outbox_put:
 * @outbox: an outbox
 * @chunk: (transfer none): the chunk that follows the last one
 *
 * Never waits and never refuses: the bounds are for the caller to ask for.
 */
void
eka_outbox_put (EkaOutbox *outbox,
                EkaChunk  *chunk)
{
  g_mutex_lock (&outbox->lock);
  g_queue_push_tail (&outbox->chunks, eka_chunk_ref (chunk));
  outbox->bytes += g_bytes_get_size (chunk->bytes);
  outbox->duration += chunk->duration;
  g_mutex_unlock (&outbox->lock);
}

/**
 * eka_outbox_peek:
 * @outbox: an outbox
 *
 * Returns: (transfer full) (nullable): the oldest chunk, which stays in the
 *   outbox until it is released
 */
EkaChunk *
eka_outbox_peek (EkaOutbox *outbox)
{
  EkaChunk *chunk;

  g_mutex_lock (&outbox->lock);
  chunk = g_queue_peek_head (&outbox->chunks);
  if (chunk != NULL)
    eka_chunk_ref (chunk);
  g_mutex_unlock (&outbox->lock);
  return chunk;
}

/**
 * eka_outbox_release:
 * @outbox: an outbox
 * @index: number of the oldest chunk
 *
 * Lets go of a chunk that is safe elsewhere, and wakes who waits for room.
 *
 * Returns: %FALSE, and nothing happens, where @index isn't the oldest
 */
gboolean
eka_outbox_release (EkaOutbox *outbox,
                    guint      index)
{
  EkaChunk *chunk;

  g_mutex_lock (&outbox->lock);
  chunk = g_queue_peek_head (&outbox->chunks);
  if (chunk != NULL && chunk->index != index)
    chunk = NULL;
  if (chunk != NULL)
    {
      g_queue_pop_head (&outbox->chunks);
      outbox->bytes -= g_bytes_get_size (chunk->bytes);
      outbox->duration -= chunk->duration;
      g_cond_broadcast (&outbox->cond);
    }
  g_mutex_unlock (&outbox->lock);

  if (chunk == NULL)
    return FALSE;
  eka_chunk_unref (chunk);
  return TRUE;
}

/**
 * eka_outbox_set_flushing:
 * @outbox: an outbox
 * @flushing: whether nobody may wait
 *
 * %TRUE wakes every waiter; chunks stay.
 */
void
eka_outbox_set_flushing (EkaOutbox *outbox,
                         gboolean   flushing)
{
  g_mutex_lock (&outbox->lock);
  outbox->flushing = flushing;
  g_cond_broadcast (&outbox->cond);
  g_mutex_unlock (&outbox->lock);
}

/**
 * eka_outbox_get_stats:
 * @outbox: an outbox
 * @stats: (out caller-allocates): what waits
 */
void
eka_outbox_get_stats (EkaOutbox      *outbox,
                      EkaOutboxStats *stats)
{
  g_mutex_lock (&outbox->lock);
  stats->chunks = g_queue_get_length (&outbox->chunks);
  stats->bytes = outbox->bytes;
  stats->duration = outbox->duration;
  g_mutex_unlock (&outbox->lock);
}
