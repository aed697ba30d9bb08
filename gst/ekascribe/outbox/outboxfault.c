/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "outbox/outboxprivate.h"

/* What happens where the disk fails: audio is sent from memory, and the next chunk
 * is another try. */

/* The disk owes an answer for too long, which is to be told. */
void
eka_outbox_note_late_locked (EkaOutbox *self)
{
  self->budget->late = g_slist_prepend (self->budget->late,
                                        eka_outbox_ref (self));
}

/* A disk that hangs is no better than one that fails: what is in memory may be
 * sent, until it answers after all. */
void
eka_outbox_check_disk_locked (EkaOutbox *self)
{
  if (self->spool == NULL || self->late ||
      (!self->committing && self->dropping == 0) ||
      g_get_monotonic_time () - self->since < self->budget->patience)
    return;
  self->late = TRUE;
  eka_outbox_note_late_locked (self);
}

/* For one of those that are late; call without the lock. */
void
eka_outbox_tell_late (EkaOutbox *self)
{
  EkaSpool *spool = NULL;
  gboolean over;

  g_mutex_lock (&self->budget->lock);
  if (self->spool != NULL)
    spool = eka_spool_ref (self->spool);
  g_mutex_unlock (&self->budget->lock);
  if (spool == NULL)
    return;
  eka_store_note_late (eka_spool_get_store (spool));
  /* Where it has answered meanwhile, that may have been told before. */
  g_mutex_lock (&self->budget->lock);
  over = !self->late && !self->read_fault && !self->fault;
  g_mutex_unlock (&self->budget->lock);
  if (over)
    eka_store_note_fault (eka_spool_get_store (spool), NULL);
  eka_spool_unref (spool);
}

/* The journal is gone, or can't be helped: what it may hold may be sent. */
static void
journal_dropped (const GError *error,
                 gpointer      user_data)
{
  EkaOutbox *self = user_data;

  g_mutex_lock (&self->budget->lock);
  self->dropping--;
  self->late = FALSE;
  self->open = MAX (self->open, self->excused);
  g_cond_broadcast (&self->budget->cond);
  eka_budget_unlock (self->budget);
  eka_outbox_tell (self);
  eka_outbox_unref (self);
}

static void
drop_journal_locked (EkaOutbox *self)
{
  /* A journal for the next commit begins behind that. */
  if (self->state == NULL)
    self->journal = FALSE;
  self->dropping++;
  self->since = g_get_monotonic_time ();
  self->excused = self->failed;
  eka_outbox_end_heritage_locked (self);
  eka_spool_drop_journal (self->spool, journal_dropped, eka_outbox_ref (self));
}

/* @entry is to be sent, which could not be stored. What a crash would make of its
 * packets in the journal is not what is sent: so that goes first. Until somebody
 * sends, it is all that a crash leaves. */
void
eka_outbox_open_locked (EkaOutbox *self,
                        Entry     *entry)
{
  if (self->policy == EKA_OUTBOX_ALWAYS && self->spool != NULL &&
      !eka_outbox_is_open_locked (self, entry) &&
      MAX (entry->version, self->gate) <= self->failed &&
      !self->committing && self->dropping == 0)
    drop_journal_locked (self);
}

/* What the commit was to write is as it was before. */
static void
take_back_locked (EkaOutbox *self)
{
  GList *l;
  guint i;

  for (l = self->given.head; l != NULL; l = l->next)
    if (((Entry *) l->data)->disk == DISK_WRITING)
      ((Entry *) l->data)->disk = DISK_NONE;
  for (l = self->entries.head; l != NULL; l = l->next)
    {
      Entry *entry = l->data;

      if (entry->disk != DISK_WRITING)
        continue;
      entry->disk = DISK_WANTED;
      if (entry->from == NULL)
        continue;
      /* What can't be linked is written once it is in memory. */
      entry->copy = TRUE;
      if (entry->chunk->bytes == NULL)
        {
          entry->disk = DISK_NONE;
          g_clear_pointer (&entry->file, g_free);
        }
    }
  for (i = 0; i < self->removing->len; i++)
    g_ptr_array_add (self->remove, g_strdup (self->removing->pdata[i]));
}

/* The folder is gone, and with it all that was nowhere else. */
static void
forget_folder_locked (EkaOutbox *self)
{
  GList *l, *next;

  self->described = FALSE;
  g_ptr_array_set_size (self->remove, 0);
  for (l = self->given.head; l != NULL; l = l->next)
    ((Entry *) l->data)->disk = DISK_NONE;
  for (l = self->entries.head; l != NULL; l = next)
    {
      Entry *entry = l->data;

      next = l->next;
      if (entry->disk != DISK_STORED)
        continue;
      if (entry->chunk->bytes != NULL)
        eka_outbox_set_disk_locked (self, entry, DISK_WANTED);
      else
        eka_outbox_lose_locked (self, l);
    }
  g_ptr_array_set_size (self->remove, 0);
}

/* Whether audio was sent that is not stored, as the disk was late. */
static gboolean
has_sent_unstored_locked (EkaOutbox *self)
{
  GList *l;

  for (l = self->entries.head; l != NULL; l = l->next)
    {
      const Entry *entry = l->data;

      if (entry->state != ENTRY_WAITING && entry->disk != DISK_STORED &&
          !entry->elsewhere && entry->chunk->bytes != NULL)
        return TRUE;
    }
  return FALSE;
}

/* A commit has failed, which the spool has told. */
void
eka_outbox_note_failure_locked (EkaOutbox    *self,
                                const GError *error)
{
  const gboolean gone = g_error_matches (error, G_IO_ERROR,
                                         G_IO_ERROR_NOT_FOUND);

  self->fault = TRUE;
  self->stale = self->stale || self->replacing;
  take_back_locked (self);
  if (gone && !self->gone)
    {
      /* At once into a new folder; nothing is sent before. */
      self->gone = TRUE;
      self->stale = FALSE;
      forget_folder_locked (self);
      self->journal = self->journal && self->state != NULL;
      self->dirty = TRUE;
    }
  else if (self->ending)
    {
      /* What is made of its journal again will be the same. */
      self->ends_journal = self->ends_journal || self->ended_journal;
      self->open = self->asked;
    }
  else if (self->passing)
    drop_journal_locked (self); /* its chunks, which the index still names, are safe */
  else if (self->policy == EKA_OUTBOX_ALWAYS)
    {
      self->failed = self->asked;
      if (has_sent_unstored_locked (self))
        drop_journal_locked (self);
    }
  else
    self->open = self->asked;
}
