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
  g_queue_init (&self->packets);
  g_queue_init (&self->given);
  self->remove = g_ptr_array_new_with_free_func (g_free);
  self->removing = g_ptr_array_new_with_free_func (g_free);
  self->taken = g_ptr_array_new_with_free_func (g_free);
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

static void
free_entries_locked (EkaOutbox *self)
{
  while (self->entries.head != NULL)
    eka_outbox_remove_locked (self, self->entries.head);
}

static void
outbox_free (EkaOutbox *self)
{
  g_ptr_array_unref (self->remove);
  g_ptr_array_unref (self->removing);
  g_ptr_array_unref (self->taken);
  g_clear_pointer (&self->description, g_bytes_unref);
  g_clear_pointer (&self->leaving, eka_spool_unref);
  eka_budget_unref (self->budget);
  g_free (self);
}

/**
 * eka_outbox_unref:
 * @outbox: (transfer full): an outbox
 *
 * With the last reference go the chunks that are in memory; those on disk stay
 * there.
 */
void
eka_outbox_unref (EkaOutbox *outbox)
{
  Entry *entry;

  /* Under the lock, so that nobody finds one without references. */
  g_mutex_lock (&outbox->budget->lock);
  if (!g_atomic_ref_count_dec (&outbox->ref_count))
    {
      g_mutex_unlock (&outbox->budget->lock);
      return;
    }
  eka_outbox_drop_disk_locked (outbox);
  eka_outbox_leave_given_locked (outbox);
  free_entries_locked (outbox);
  while ((entry = g_queue_pop_head (&outbox->given)) != NULL)
    eka_outbox_entry_free_locked (outbox, entry);
  g_queue_remove (&outbox->budget->outboxes, outbox);
  g_cond_broadcast (&outbox->budget->cond);
  eka_budget_unlock (outbox->budget);
  eka_outbox_set_notify (outbox, NULL, NULL, NULL);
  outbox_free (outbox);
}

/* The oldest chunk that is not acknowledged, where it may be given out now. */
static Entry *
find_ready_locked (EkaOutbox *self)
{
  GList *l = eka_outbox_load_next_locked (self);
  Entry *entry = l != NULL ? l->data : NULL;

  eka_outbox_check_disk_locked (self);
  if (entry == NULL || entry->out)
    return entry;
  eka_outbox_check_load_locked (self, entry);
  return entry->chunk->bytes != NULL && eka_outbox_is_open_locked (self, entry)
             ? entry
             : NULL;
}

/* It is wanted, and can't be stored. */
static void
open_next_locked (EkaOutbox *self)
{
  GList *l = eka_outbox_find_next_locked (self);

  if (l != NULL && ((Entry *) l->data)->chunk->bytes != NULL)
    eka_outbox_open_locked (self, l->data);
}

/**
 * eka_outbox_peek:
 * @outbox: an outbox
 * @last: (out) (optional): whether no chunk follows it so far
 *
 * Returns: (transfer full) (nullable): the oldest chunk that is not
 *   acknowledged; %NULL: there is none, or the disk is busy with it, see
 *   eka_outbox_is_busy()
 */
EkaChunk *
eka_outbox_peek (EkaOutbox *outbox,
                 gboolean  *last)
{
  EkaChunk *chunk = NULL;
  Entry *entry;

  g_mutex_lock (&outbox->budget->lock);
  entry = find_ready_locked (outbox);
  if (entry != NULL)
    chunk = eka_chunk_ref (entry->chunk);
  if (last != NULL)
    *last = entry != NULL && outbox->entries.tail->data == entry;
  eka_budget_unlock (outbox->budget);
  return chunk;
}

/**
 * eka_outbox_try:
 * @outbox: an outbox
 * @number: (out): its number on the service
 *
 * As eka_outbox_peek(), for a chunk that is about to be sent. Where it has no
 * number yet it gets the next one; it is kept from now on until it is
 * acknowledged, and given out again by each call until then. One that could not be
 * stored is given out when the journal that may hold its packets is gone.
 *
 * Returns: (transfer full) (nullable): the chunk
 */
EkaChunk *
eka_outbox_try (EkaOutbox *outbox,
                guint     *number)
{
  EkaChunk *chunk = NULL;
  Entry *entry;

  g_mutex_lock (&outbox->budget->lock);
  entry = find_ready_locked (outbox);
  if (entry == NULL)
    open_next_locked (outbox);
  else
    {
      if (entry->state == ENTRY_WAITING)
        {
          entry->number = outbox->next_number++;
          entry->state = ENTRY_TRIED;
        }
      entry->out = TRUE;
      *number = entry->number;
      chunk = eka_chunk_ref (entry->chunk);
    }
  eka_budget_unlock (outbox->budget);
  return chunk;
}

/**
 * eka_outbox_is_busy:
 * @outbox: an outbox
 *
 * The disk may be done between two calls: that eka_outbox_try() gave nothing out
 * just before, and this says no, does not mean that there is nothing.
 *
 * Returns: whether there is a chunk to send that the disk has to write or to read
 *   before; what was set with eka_outbox_set_notify() is called then. It is not
 *   where the disk does not answer, so that one who waits has to ask now and then
 */
gboolean
eka_outbox_is_busy (EkaOutbox *outbox)
{
  gboolean busy;

  g_mutex_lock (&outbox->budget->lock);
  busy = find_ready_locked (outbox) == NULL && outbox->stats.chunks > 0;
  eka_budget_unlock (outbox->budget);
  return busy;
}

/* Whoever let chunks go wakes the one that waits for room. */
static void
unlock_and_wake (EkaOutbox *self)
{
  g_cond_broadcast (&self->budget->cond);
  eka_budget_unlock (self->budget);
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
  l = eka_outbox_find_next_locked (outbox);
  if (l != NULL && ((Entry *) l->data)->state == ENTRY_TRIED &&
      ((Entry *) l->data)->number == number)
    eka_outbox_set_state_locked (outbox, l->data, ENTRY_ACKNOWLEDGED);
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
  const guint32 sum = eka_outbox_sum_up (outbox, first);
  const guint32 second_sum =
      second != NULL ? eka_outbox_sum_up (outbox, second) : 0;
  GList *l;

  g_mutex_lock (&outbox->budget->lock);
  l = eka_outbox_find_next_locked (outbox);
  if (l != NULL)
    {
      Entry *entry = l->data;
      const gboolean stored = entry->disk != DISK_NONE;

      eka_outbox_change_bytes_locked (outbox, entry, first, sum);
      if (stored)
        eka_outbox_want_locked (outbox, entry);
      if (second != NULL)
        {
          entry = eka_outbox_insert_locked (outbox, l, second, second_sum);
          if (stored)
            eka_outbox_want_locked (outbox, entry);
        }
      eka_outbox_change_locked (outbox);
    }
  unlock_and_wake (outbox);
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
  l = eka_outbox_find_next_locked (outbox);
  if (l != NULL)
    eka_outbox_drop_locked (outbox, l);
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
  l = eka_outbox_find_next_locked (outbox);
  if (l != NULL)
    eka_outbox_take_out_locked (outbox, l);
  unlock_and_wake (outbox);
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
 * The session on the service is gone: all audio that is held, in memory or on disk,
 * is to be sent to another one, and gets new numbers.
 *
 * Returns: acknowledged audio in ns that is not held, and so is lost
 */
guint64
eka_outbox_rewind (EkaOutbox *outbox)
{
  guint64 lost;
  GList *l, *next;

  g_mutex_lock (&outbox->budget->lock);
  for (l = outbox->entries.head; l != NULL; l = next)
    {
      Entry *entry = l->data;

      next = l->next;
      if (!eka_outbox_has_audio (entry))
        {
          eka_outbox_remove_locked (outbox, l);
          continue;
        }
      eka_outbox_set_state_locked (outbox, entry, ENTRY_WAITING);
      entry->again = FALSE;
      entry->out = FALSE;
    }
  outbox->next_number = 0;
  lost = outbox->stats.let_go;
  outbox->stats.let_go = 0;
  eka_outbox_change_locked (outbox);
  eka_budget_unlock (outbox->budget);
  return lost;
}

/* What was taken out for another session that never came. */
static void
free_unwanted_locked (EkaOutbox *self)
{
  GList *l, *next;

  for (l = self->given.head; l != NULL; l = next)
    {
      Entry *entry = l->data;

      next = l->next;
      if (entry->wanted)
        continue;
      g_queue_delete_link (&self->given, l);
      eka_outbox_entry_free_locked (self, entry);
    }
}

/**
 * eka_outbox_clear:
 * @outbox: an outbox
 *
 * Lets all chunks go, and removes its folder: the results are there, or nobody
 * wants them. Where eka_outbox_keep_journal() asked for that, the folder stays until
 * its journal ends. What is put after that is kept in memory only.
 */
void
eka_outbox_clear (EkaOutbox *outbox)
{
  g_mutex_lock (&outbox->budget->lock);
  free_entries_locked (outbox);
  free_unwanted_locked (outbox);
  if (!outbox->passing && !eka_outbox_pass_locked (outbox))
    eka_outbox_leave_folder_locked (outbox, FALSE);
  unlock_and_wake (outbox);
}

/**
 * eka_outbox_abandon:
 * @outbox: an outbox
 *
 * Lets all chunks go from memory: nobody sends them any more. What is on disk stays
 * there, and others may have the folder. What is put after that is kept in memory
 * only.
 */
void
eka_outbox_abandon (EkaOutbox *outbox)
{
  g_mutex_lock (&outbox->budget->lock);
  eka_outbox_leave_folder_locked (outbox, TRUE);
  eka_outbox_leave_given_locked (outbox);
  free_entries_locked (outbox);
  unlock_and_wake (outbox);
}

/**
 * eka_outbox_close:
 * @outbox: an outbox that nobody sends from any more
 *
 * Lets all chunks go from memory, and others have the folder as it is: what is in
 * it stays, and can be sent from there. What eka_outbox_wait_saved() has not waited
 * for may be missing.
 */
void
eka_outbox_close (EkaOutbox *outbox)
{
  g_mutex_lock (&outbox->budget->lock);
  eka_outbox_leave_given_locked (outbox);
  free_entries_locked (outbox);
  /* It may have more users than us. */
  if (outbox->spool != NULL)
    eka_spool_close (outbox->spool);
  eka_outbox_drop_disk_locked (outbox);
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
