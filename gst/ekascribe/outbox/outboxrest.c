/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "outbox/outboxprivate.h"

/* Audio that goes from one session to another. What is on disk stays in the first
 * session's list @given, and in its index, until the other session's index names
 * it: whatever happens, one of the two has it. */

static void
finish_leaving_locked (EkaOutbox *self)
{
  if (self->leaving == NULL || self->given.head != NULL)
    return;
  if (!self->stays)
    eka_spool_remove (self->leaving);
  g_clear_pointer (&self->leaving, eka_spool_unref);
}

/* Nobody writes to the folder any more. When what it has given is elsewhere it goes,
 * unless it @stays for others. */
void
eka_outbox_leave_folder_locked (EkaOutbox *self,
                                gboolean   stays)
{
  if (self->spool == NULL)
    return;
  if (!stays)
    eka_outbox_end_heritage_locked (self);
  self->stays = stays;
  self->leaving = eka_spool_ref (self->spool);
  eka_outbox_drop_disk_locked (self);
  finish_leaving_locked (self);
}

/* @entry needs nothing of the other session any more. */
void
eka_outbox_release_given_locked (Entry *entry)
{
  EkaOutbox *from = g_steal_pointer (&entry->from);
  Entry *given = g_steal_pointer (&entry->given);

  if (from == NULL)
    return;
  g_queue_remove (&from->given, given);
  eka_outbox_entry_free_locked (from, given);
  eka_outbox_change_locked (from);
  finish_leaving_locked (from);
  /* With its last reference it takes the lock. */
  from->budget->garbage = g_slist_prepend (from->budget->garbage, from);
}

static void
leave_given_locked (gpointer data,
                    gpointer user_data)
{
  Entry *entry = data;

  if (entry->from == NULL || entry->state >= ENTRY_ACKNOWLEDGED)
    return;
  entry->given = NULL;
  entry->from->budget->garbage = g_slist_prepend (entry->from->budget->garbage,
                                                  entry->from);
  entry->from = NULL;
}

/* The outbox goes with audio that is on disk in another session's folder only: there
 * it stays, and so does that folder. */
void
eka_outbox_leave_given_locked (EkaOutbox *self)
{
  g_queue_foreach (&self->entries, leave_given_locked, NULL);
  g_queue_foreach (&self->given, leave_given_locked, NULL);
}

/* Where the bytes of @entry are on disk.
 * @file: (out) (transfer none): in the folder
 *
 * Returns: (transfer none) (nullable): the folder */
EkaSpool *
eka_outbox_find_source_locked (EkaOutbox    *self,
                               const Entry  *entry,
                               const gchar **file)
{
  for (; entry != NULL; self = entry->from, entry = entry->given)
    if (entry->disk == DISK_STORED)
      {
        *file = entry->file;
        return self->spool != NULL ? self->spool : self->leaving;
      }
  return NULL;
}

/* Moves an entry to where it waits for another session to store it.
 * @behind: (nullable): of those that wait there */
static void
give_locked (EkaOutbox *self,
             GList     *link,
             GList     *behind)
{
  Entry *entry = link->data;
  const gboolean last = entry->number + 1 == self->next_number;

  if (entry->state == ENTRY_TRIED && last)
    self->next_number--;
  eka_outbox_count_locked (self, entry, -1);
  eka_outbox_forget_load_locked (entry);
  if (entry->state == ENTRY_TRIED && !last)
    link->data = eka_outbox_new_place (entry->chunk, entry->number);
  else
    g_queue_delete_link (&self->entries, link);
  entry->state = ENTRY_WAITING;
  if (entry->disk == DISK_WANTED)
    {
      entry->disk = DISK_NONE;
      g_clear_pointer (&entry->file, g_free);
    }
  if (behind != NULL)
    g_queue_insert_after (&self->given, behind, entry);
  else
    g_queue_push_head (&self->given, entry);
}

/**
 * eka_outbox_take_rest:
 * @outbox: an outbox
 *
 * Takes out what the service has not acknowledged, for another session. What
 * was tried must not have been accepted. Chunks that are on disk may be without
 * bytes, and stay on disk until the other session's outbox has stored them; so all
 * have to be given to eka_outbox_put_taken().
 *
 * Returns: (transfer full) (element-type EkaChunk): in order, perhaps empty
 */
GPtrArray *
eka_outbox_take_rest (EkaOutbox *outbox)
{
  GPtrArray *rest =
      g_ptr_array_new_with_free_func ((GDestroyNotify) eka_chunk_unref);
  GList *l, *previous, *behind;

  g_mutex_lock (&outbox->budget->lock);
  behind = outbox->given.tail;
  for (l = outbox->entries.head; l != NULL; l = l->next)
    if (((Entry *) l->data)->state < ENTRY_ACKNOWLEDGED)
      g_ptr_array_add (rest, eka_chunk_ref (((Entry *) l->data)->chunk));
  /* From the end on, for only the last number can be given back. */
  for (l = outbox->entries.tail; l != NULL; l = previous)
    {
      Entry *entry = l->data;

      previous = l->prev;
      if (entry->state >= ENTRY_ACKNOWLEDGED)
        continue;
      if (entry->disk >= DISK_WRITING || entry->from != NULL)
        give_locked (outbox, l, behind);
      else
        eka_outbox_take_out_locked (outbox, l);
    }
  eka_budget_unlock (outbox->budget);
  return rest;
}

static Entry *
find_given_locked (EkaOutbox *self,
                   EkaChunk  *chunk)
{
  GList *l;

  for (l = self->given.head; l != NULL; l = l->next)
    if (((Entry *) l->data)->chunk == chunk)
      return l->data;
  return NULL;
}

/* Adds to @taken where the audio of @entry is as well, for who finds both sessions
 * on disk. Only for one that is stored here, or in the commit that says so: what is
 * named is left out there. */
void
eka_outbox_note_taken_locked (const Entry *entry,
                              GPtrArray   *taken)
{
  const EkaOutbox *from = entry->from;
  const Entry *given = entry->given;

  for (; given != NULL; from = given->from, given = given->given)
    {
      EkaSpool *spool = from->spool != NULL ? from->spool : from->leaving;
      const gchar *name = spool != NULL ? eka_spool_get_name (spool) : NULL;

      if (given->disk >= DISK_WRITING && name != NULL)
        g_ptr_array_add (taken,
                         g_strdup_printf ("%s/%s", name, given->file));
    }
}

/**
 * eka_outbox_put_taken:
 * @outbox: an outbox
 * @chunk: (transfer none): of eka_outbox_take_rest()
 * @from: (transfer none): the outbox that it was taken out of; shares its budget
 *   with @outbox
 *
 * As eka_outbox_put(), where the file that @from may have of it is taken over. Each
 * chunk is put once.
 */
void
eka_outbox_put_taken (EkaOutbox *outbox,
                      EkaChunk  *chunk,
                      EkaOutbox *from)
{
  Entry *entry, *given;

  g_return_if_fail (outbox->budget == from->budget);

  g_mutex_lock (&outbox->budget->lock);
  given = find_given_locked (from, chunk);
  if (given != NULL)
    {
      entry = eka_outbox_insert_given_locked (outbox, chunk, from, given);
      /* Its bytes are there once, and counted. */
      eka_chunk_unref (given->chunk);
      given->chunk = eka_chunk_new_with_bytes (chunk, NULL);
      eka_outbox_want_locked (outbox, entry);
    }
  eka_budget_unlock (outbox->budget);
  if (given == NULL)
    eka_outbox_put (outbox, chunk);
}
