/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "outbox/outbox.h"

#include "outbox/outboxprivate.h"

/**
 * eka_outbox_new:
 * @budget: (transfer none): bounds that it shares with others
 *
 * Returns: (transfer full): an empty outbox
 */
EkaOutbox *
eka_outbox_new (EkaBudget *budget)
{
  EkaOutbox *self = g_new0 (EkaOutbox, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->budget = eka_budget_ref (budget);
  g_queue_init (&self->entries);
  g_mutex_lock (&budget->lock);
  g_queue_push_tail (&budget->outboxes, self);
  g_mutex_unlock (&budget->lock);
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

/* Whoever let chunks go wakes the one that waits for room. */
static void
unlock_and_wake (EkaOutbox *self)
{
  g_cond_broadcast (&self->budget->cond);
  g_mutex_unlock (&self->budget->lock);
}

/**
 * eka_outbox_unref:
 * @outbox: (transfer full): an outbox
 *
 * With the last reference go the chunks that are still there.
 */
void
eka_outbox_unref (EkaOutbox *outbox)
{
  if (!g_atomic_ref_count_dec (&outbox->ref_count))
    return;
  eka_outbox_clear (outbox);
  g_mutex_lock (&outbox->budget->lock);
  g_queue_remove (&outbox->budget->outboxes, outbox);
  g_mutex_unlock (&outbox->budget->lock);
  eka_budget_unref (outbox->budget);
  g_free (outbox);
}

static void
count_locked (EkaOutbox *self,
              Entry     *entry,
              gint       sign)
{
  const guint64 bytes = g_bytes_get_size (entry->chunk->bytes);
  const guint64 duration = entry->chunk->duration;

  /* Unsigned sums wrap around, so that a sign of -1 subtracts. */
  self->budget->bytes += sign * bytes;
  self->budget->duration += sign * duration;
  self->stats.kept += sign;
  self->stats.kept_bytes += sign * bytes;
  self->stats.kept_duration += sign * duration;
  if (entry->state >= ENTRY_ACKNOWLEDGED)
    return;
  self->stats.chunks += sign;
  self->stats.bytes += sign * bytes;
  self->stats.duration += sign * duration;
}

static void
set_state_locked (EkaOutbox *self,
                  Entry     *entry,
                  EntryState state)
{
  count_locked (self, entry, -1);
  entry->state = state;
  count_locked (self, entry, 1);
}

/* Call with the budget's lock held, as all that ends in _locked. */
void
eka_outbox_remove_locked (EkaOutbox *self,
                          GList     *link)
{
  Entry *entry = link->data;

  count_locked (self, entry, -1);
  eka_chunk_unref (entry->chunk);
  g_free (entry);
  g_queue_delete_link (&self->entries, link);
}

static void
insert_locked (EkaOutbox *self,
               GList     *after,
               EkaChunk  *chunk)
{
  Entry *entry = g_new0 (Entry, 1);

  entry->chunk = eka_chunk_ref (chunk);
  count_locked (self, entry, 1);
  if (after != NULL)
    g_queue_insert_after (&self->entries, after, entry);
  else
    g_queue_push_tail (&self->entries, entry);
}

/* The oldest chunk that is not acknowledged. */
static GList *
find_next_locked (EkaOutbox *self)
{
  GList *l = self->stats.chunks > 0 ? self->entries.head : NULL;

  while (l != NULL && ((Entry *) l->data)->state >= ENTRY_ACKNOWLEDGED)
    l = l->next;
  return l;
}

/**
 * eka_outbox_put:
 * @outbox: an outbox
 * @chunk: (transfer none): the chunk that follows the last one
 *
 * Never waits and never refuses: room is asked for at the budget.
 */
void
eka_outbox_put (EkaOutbox *outbox,
                EkaChunk  *chunk)
{
  g_mutex_lock (&outbox->budget->lock);
  insert_locked (outbox, NULL, chunk);
  g_mutex_unlock (&outbox->budget->lock);
}

/**
 * eka_outbox_peek:
 * @outbox: an outbox
 * @last: (out) (optional): whether no chunk follows it so far
 *
 * Returns: (transfer full) (nullable): the oldest chunk that is not
 *   acknowledged
 */
EkaChunk *
eka_outbox_peek (EkaOutbox *outbox,
                 gboolean  *last)
{
  EkaChunk *chunk = NULL;
  GList *l;

  g_mutex_lock (&outbox->budget->lock);
  l = find_next_locked (outbox);
  if (l != NULL)
    chunk = eka_chunk_ref (((Entry *) l->data)->chunk);
  if (last != NULL)
    *last = l != NULL && l->next == NULL;
  g_mutex_unlock (&outbox->budget->lock);
  return chunk;
}

/**
 * eka_outbox_try:
 * @outbox: an outbox
 * @number: (out): its number on the service
 *
 * As eka_outbox_peek(), for a chunk that is about to be sent. Where it has no
 * number yet it gets the next one; it is kept from now on until it is
 * acknowledged.
 *
 * Returns: (transfer full) (nullable): the chunk
 */
EkaChunk *
eka_outbox_try (EkaOutbox *outbox,
                guint     *number)
{
  EkaChunk *chunk = NULL;
  GList *l;

  g_mutex_lock (&outbox->budget->lock);
  l = find_next_locked (outbox);
  if (l != NULL)
    {
      Entry *entry = l->data;

      if (entry->state == ENTRY_WAITING)
        {
          entry->number = outbox->next_number++;
          entry->state = ENTRY_TRIED;
        }
      *number = entry->number;
      chunk = eka_chunk_ref (entry->chunk);
    }
  g_mutex_unlock (&outbox->budget->lock);
  return chunk;
}

/**
 * eka_outbox_acknowledge:
 * @outbox: an outbox
 * @number: of the chunk that was tried
 *
 * The service has said that it has the chunk.
 */
void
eka_outbox_acknowledge (EkaOutbox *outbox,
                        guint      number)
{
  GList *l;

  g_mutex_lock (&outbox->budget->lock);
  l = find_next_locked (outbox);
  if (l != NULL && ((Entry *) l->data)->state == ENTRY_TRIED &&
      ((Entry *) l->data)->number == number)
    set_state_locked (outbox, l->data, ENTRY_ACKNOWLEDGED);
  unlock_and_wake (outbox);
}

/**
 * eka_outbox_replace:
 * @outbox: an outbox with a chunk that is not acknowledged
 * @first: (transfer none): takes the place of the oldest of these, and its
 *   number where it has one, which the service must not have accepted
 * @second: (transfer none) (nullable): comes behind @first
 */
void
eka_outbox_replace (EkaOutbox *outbox,
                    EkaChunk  *first,
                    EkaChunk  *second)
{
  GList *l;

  g_mutex_lock (&outbox->budget->lock);
  l = find_next_locked (outbox);
  if (l != NULL)
    {
      Entry *entry = l->data;

      count_locked (outbox, entry, -1);
      eka_chunk_unref (entry->chunk);
      entry->chunk = eka_chunk_ref (first);
      count_locked (outbox, entry, 1);
      if (second != NULL)
        insert_locked (outbox, l, second);
    }
  unlock_and_wake (outbox);
}

/* A number that was not accepted is for the next chunk, unless others came after
 * it. */
static void
take_out_locked (EkaOutbox *self,
                 GList     *link)
{
  Entry *entry = link->data;

  if (entry->state == ENTRY_TRIED && entry->number + 1 == self->next_number)
    self->next_number--;
  eka_outbox_remove_locked (self, link);
}

/**
 * eka_outbox_skip:
 * @outbox: an outbox with a chunk that is not acknowledged
 *
 * Drops the oldest of these, which the service does not take; the next one gets
 * its number, if it had one.
 */
void
eka_outbox_skip (EkaOutbox *outbox)
{
  GList *l;

  g_mutex_lock (&outbox->budget->lock);
  l = find_next_locked (outbox);
  if (l != NULL)
    {
      Entry *entry = l->data;

      outbox->stats.dropped_chunks++;
      outbox->stats.dropped += entry->chunk->duration;
      take_out_locked (outbox, l);
    }
  unlock_and_wake (outbox);
}

/**
 * eka_outbox_remove:
 * @outbox: an outbox with a chunk that is not acknowledged
 *
 * As eka_outbox_skip(), where nothing is lost by it: other chunks have its
 * audio.
 */
void
eka_outbox_remove (EkaOutbox *outbox)
{
  GList *l;

  g_mutex_lock (&outbox->budget->lock);
  l = find_next_locked (outbox);
  if (l != NULL)
    take_out_locked (outbox, l);
  unlock_and_wake (outbox);
}

/**
 * eka_outbox_take_rest:
 * @outbox: an outbox
 *
 * Takes out what the service has not acknowledged, for another session. What
 * was tried must not have been accepted.
 *
 * Returns: (transfer full) (element-type EkaChunk): in order, perhaps empty
 */
GPtrArray *
eka_outbox_take_rest (EkaOutbox *outbox)
{
  GPtrArray *rest =
      g_ptr_array_new_with_free_func ((GDestroyNotify) eka_chunk_unref);
  GList *l;

  g_mutex_lock (&outbox->budget->lock);
  while ((l = find_next_locked (outbox)) != NULL)
    {
      g_ptr_array_add (rest, eka_chunk_ref (((Entry *) l->data)->chunk));
      take_out_locked (outbox, l);
    }
  g_mutex_unlock (&outbox->budget->lock);
  return rest;
}

/**
 * eka_outbox_settle:
 * @outbox: an outbox
 * @listed: (array length=n_listed) (nullable): for each number whether the
 *   service lists it; %NULL: it has no list
 * @n_listed: length of @listed
 *
 * Holds acknowledged chunks against the service's list. One that is not there
 * is to be sent again, once; after that its second acknowledgement has to do.
 *
 * Returns: how many chunks the list lacks
 */
guint
eka_outbox_settle (EkaOutbox      *outbox,
                   const gboolean *listed,
                   guint           n_listed)
{
  guint missing = 0;
  GList *l;

  g_mutex_lock (&outbox->budget->lock);
  for (l = outbox->entries.head; l != NULL; l = l->next)
    {
      Entry *entry = l->data;
      gboolean lacks = listed != NULL &&
                       (entry->number >= n_listed || !listed[entry->number]);

      if (entry->state < ENTRY_ACKNOWLEDGED)
        continue;
      missing += lacks;
      set_state_locked (outbox, entry,
                        lacks && !entry->again ? ENTRY_TRIED : ENTRY_SETTLED);
      entry->again = entry->again || lacks;
    }
  unlock_and_wake (outbox);
  return missing;
}

/**
 * eka_outbox_settle_all:
 * @outbox: an outbox whose chunks were not sent
 *
 * The service has the audio of all chunks, though it got it in another way.
 */
void
eka_outbox_settle_all (EkaOutbox *outbox)
{
  GList *l;

  g_mutex_lock (&outbox->budget->lock);
  for (l = outbox->entries.head; l != NULL; l = l->next)
    set_state_locked (outbox, l->data, ENTRY_SETTLED);
  unlock_and_wake (outbox);
}

/**
 * eka_outbox_wants_audit:
 * @outbox: an outbox
 *
 * Returns: whether somebody waits for room that eka_outbox_settle() would make
 */
gboolean
eka_outbox_wants_audit (EkaOutbox *outbox)
{
  EkaBudget *budget = outbox->budget;
  guint64 bytes = 0, duration = 0;
  gboolean found = FALSE, wants;
  GList *l;

  g_mutex_lock (&budget->lock);
  for (l = budget->wanted ? outbox->entries.head : NULL; l != NULL; l = l->next)
    {
      Entry *entry = l->data;

      if (entry->state != ENTRY_ACKNOWLEDGED)
        continue;
      found = TRUE;
      bytes += g_bytes_get_size (entry->chunk->bytes);
      duration += entry->chunk->duration;
    }
  /* A question for each chunk would slow down what is in a hurry anyway. */
  wants = found &&
          (outbox->stats.chunks == 0 ||
           (budget->max_bytes != 0 && bytes >= budget->max_bytes / 4) ||
           (budget->max_duration != 0 && duration >= budget->max_duration / 4));
  g_mutex_unlock (&budget->lock);
  return wants;
}

/**
 * eka_outbox_count_sent:
 * @outbox: an outbox
 *
 * Returns: how many numbers were given out: what End tells as sent, once
 *   everything is acknowledged
 */
guint
eka_outbox_count_sent (EkaOutbox *outbox)
{
  guint count;

  g_mutex_lock (&outbox->budget->lock);
  count = outbox->next_number;
  g_mutex_unlock (&outbox->budget->lock);
  return count;
}

/**
 * eka_outbox_rewind:
 * @outbox: an outbox
 *
 * The session on the service is gone: all that is kept is to be sent to another
 * one, and gets new numbers.
 *
 * Returns: acknowledged audio in ns that is not kept, and so is lost
 */
guint64
eka_outbox_rewind (EkaOutbox *outbox)
{
  guint64 lost;
  GList *l;

  g_mutex_lock (&outbox->budget->lock);
  for (l = outbox->entries.head; l != NULL; l = l->next)
    {
      Entry *entry = l->data;

      set_state_locked (outbox, entry, ENTRY_WAITING);
      entry->again = FALSE;
    }
  outbox->next_number = 0;
  lost = outbox->stats.let_go;
  outbox->stats.let_go = 0;
  g_mutex_unlock (&outbox->budget->lock);
  return lost;
}

/**
 * eka_outbox_clear:
 * @outbox: an outbox
 *
 * Lets all chunks go: the results are there, or nobody wants them.
 */
void
eka_outbox_clear (EkaOutbox *outbox)
{
  g_mutex_lock (&outbox->budget->lock);
  while (outbox->entries.head != NULL)
    eka_outbox_remove_locked (outbox, outbox->entries.head);
  unlock_and_wake (outbox);
}

/**
 * eka_outbox_get_stats:
 * @outbox: an outbox
 * @stats: (out caller-allocates): what it holds, and what it held
 */
void
eka_outbox_get_stats (EkaOutbox      *outbox,
                      EkaOutboxStats *stats)
{
  g_mutex_lock (&outbox->budget->lock);
  *stats = outbox->stats;
  g_mutex_unlock (&outbox->budget->lock);
}
