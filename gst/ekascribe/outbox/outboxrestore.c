/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "outbox/outboxprivate.h"

#include "outbox/names.h"

/* Where an outbox gets its folder from: a new one, or one that an interrupted
 * recording has left. */

/**
 * eka_outbox_set_spool:
 * @outbox: an outbox that nothing was put into
 * @spool: (transfer none) (nullable): its folder on disk
 * @policy: when audio goes there
 *
 * Without a folder, or with %EKA_OUTBOX_NEVER, audio is in memory only.
 */
void
eka_outbox_set_spool (EkaOutbox      *outbox,
                      EkaSpool       *spool,
                      EkaOutboxPolicy policy)
{
  g_return_if_fail (outbox->spool == NULL);
  g_return_if_fail (outbox->entries.head == NULL);

  if (spool == NULL || policy == EKA_OUTBOX_NEVER)
    return;
  g_mutex_lock (&outbox->budget->lock);
  outbox->policy = policy;
  outbox->spool = eka_spool_ref (spool);
  g_mutex_unlock (&outbox->budget->lock);
}

/* Names that were given are not given again. */
static void
note_name_locked (EkaOutbox   *self,
                  const gchar *file)
{
  guint n;

  if (eka_name_is_audio (file, &n) && n < G_MAXUINT)
    self->next_file = MAX (self->next_file, n + 1);
}

static void
restore_entry_locked (EkaOutbox           *self,
                      const EkaIndexEntry *found)
{
  Entry *entry = g_new0 (Entry, 1);

  entry->chunk = eka_chunk_new_with_bytes (found->chunk, NULL);
  entry->size = found->size;
  entry->checksum = found->checksum;
  entry->number = self->next_number++;
  entry->state = ENTRY_TRIED;
  if (found->file != NULL)
    {
      entry->disk = DISK_STORED;
      entry->file = g_strdup (found->file);
      note_name_locked (self, found->file);
    }
  else
    {
      entry->state = ENTRY_SETTLED;
      entry->lost = found->state != EKA_INDEX_ACKNOWLEDGED;
      self->stats.dropped_chunks += entry->lost;
      if (entry->lost)
        self->stats.dropped += found->chunk->duration;
      else
        self->stats.let_go += found->chunk->duration;
    }
  eka_outbox_count_locked (self, entry, 1);
  g_queue_push_tail (&self->entries, entry);
}

static void
restore_index_locked (EkaOutbox      *self,
                      const EkaIndex *index)
{
  guint i;

  for (i = 0; i < index->entries->len; i++)
    restore_entry_locked (self, index->entries->pdata[i]);
  for (i = 0; i < index->taken->len; i++)
    g_ptr_array_add (self->taken, g_strdup (index->taken->pdata[i]));
}

static void
add_rebuilt_locked (EkaOutbox *self,
                    EkaChunk  *chunk)
{
  Entry *entry = eka_outbox_insert_locked (self, NULL, chunk,
                                           eka_outbox_sum_up (self, chunk));

  /* It may have been sent, where the disk failed and its journal stayed. */
  entry->state = ENTRY_TRIED;
  entry->number = self->next_number++;
  eka_outbox_want_locked (self, entry);
}

/**
 * eka_outbox_restore:
 * @outbox: an outbox that nothing was put into
 * @spool: (transfer none): the folder of @leftover, opened
 * @leftover: (transfer none): what is in it
 * @rebuilt: (transfer none) (element-type EkaChunk) (nullable): what its journal
 *   holds; %NULL: the journal stays
 *
 * The outbox is as it was, with all chunks to be sent under the numbers that they
 * had or would have got; eka_outbox_reconcile() tells which of them the service
 * has. Those that were rebuilt come behind, and are on disk before they are sent.
 */
void
eka_outbox_restore (EkaOutbox   *outbox,
                    EkaSpool    *spool,
                    EkaLeftover *leftover,
                    GPtrArray   *rebuilt)
{
  guint i;

  eka_outbox_set_spool (outbox, spool, EKA_OUTBOX_ALWAYS);
  g_mutex_lock (&outbox->budget->lock);
  outbox->begun = TRUE;
  outbox->ending = TRUE;
  outbox->next_file = leftover->next_file;
  if (leftover->description != NULL)
    {
      outbox->description = g_bytes_ref (leftover->description);
      outbox->described = TRUE;
    }
  if (leftover->index != NULL)
    restore_index_locked (outbox, leftover->index);
  for (i = 0; rebuilt != NULL && i < rebuilt->len; i++)
    add_rebuilt_locked (outbox, rebuilt->pdata[i]);
  if (rebuilt != NULL)
    {
      outbox->ends_journal = TRUE;
      eka_outbox_change_locked (outbox);
    }
  eka_budget_unlock (outbox->budget);
}

/* Returns: how many numbers the service has, as far as it said so */
static guint
count_known_locked (EkaOutbox      *self,
                    const gboolean *listed,
                    guint           n_listed)
{
  guint n_known = n_listed;
  GList *l;

  while (n_known > 0 && !listed[n_known - 1])
    n_known--;
  for (l = self->entries.head; l != NULL; l = l->next)
    {
      const Entry *entry = l->data;

      if (entry->state >= ENTRY_ACKNOWLEDGED && !entry->lost)
        n_known = MAX (n_known, entry->number + 1);
    }
  return n_known;
}

/* Behind all that the service has, nothing has its number for good: a place of
 * which nobody knew whether it was sent is none. */
static void
reopen_locked (EkaOutbox *self,
               guint      n_known)
{
  gboolean removed = FALSE;
  GList *l, *next;

  for (l = self->entries.head; l != NULL; l = next)
    {
      Entry *entry = l->data;

      next = l->next;
      if (entry->lost && entry->number >= n_known)
        {
          eka_outbox_remove_locked (self, l);
          removed = TRUE;
        }
      else if (entry->state == ENTRY_TRIED && entry->number >= n_known)
        eka_outbox_set_state_locked (self, entry, ENTRY_WAITING);
    }
  if (removed)
    eka_outbox_change_locked (self);
}

/* The service may have numbers that are not here, because the disk had failed. */
static void
fill_up_locked (EkaOutbox *self,
                guint      n_known)
{
  g_autoptr (EkaChunk) nothing = eka_chunk_new (0, NULL, "audio/ogg", "ogg",
                                                EKA_TIME_NONE, 0, 0);
  GList *l;

  self->next_number = 0;
  for (l = self->entries.head; l != NULL; l = l->next)
    {
      const Entry *entry = l->data;

      if (entry->state == ENTRY_WAITING)
        break;
      self->next_number = entry->number + 1;
    }
  if (self->next_number >= n_known)
    return;
  while (self->next_number < n_known)
    g_queue_insert_before (&self->entries, l,
                           eka_outbox_new_place (nothing, self->next_number++));
  eka_outbox_change_locked (self);
}

/**
 * eka_outbox_reconcile:
 * @outbox: a restored outbox
 * @listed: (array length=n_listed) (nullable): for each number whether the service
 *   lists it
 * @n_listed: length of @listed
 *
 * Chunks that the service has need not be sent again, and no other gets a number
 * that it knows. Those behind all that it has wait, as if they had never been sent;
 * but for one that has to be dropped they get the numbers that they had.
 */
void
eka_outbox_reconcile (EkaOutbox      *outbox,
                      const gboolean *listed,
                      guint           n_listed)
{
  guint n_known;
  GList *l;

  g_mutex_lock (&outbox->budget->lock);
  for (l = outbox->entries.head; l != NULL; l = l->next)
    {
      Entry *entry = l->data;

      if (entry->state == ENTRY_TRIED && entry->number < n_listed &&
          listed[entry->number])
        eka_outbox_set_state_locked (outbox, entry, ENTRY_ACKNOWLEDGED);
    }
  n_known = count_known_locked (outbox, listed, n_listed);
  reopen_locked (outbox, n_known);
  fill_up_locked (outbox, n_known);
  g_cond_broadcast (&outbox->budget->cond);
  eka_budget_unlock (outbox->budget);
}
