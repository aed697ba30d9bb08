/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "outbox/outboxprivate.h"

#include <string.h>

/* What goes to disk, and what waits for that. There is one commit under way at a
 * time, a snapshot of all entries; what changes meanwhile goes into the next one. */

/* A full memory makes room by writing this part of its bound at once. */
#define BATCH 8

/* --- who is told -------------------------------------------------------- */

struct _Notify
{
  void (*func) (gpointer);
  gpointer user_data;
  GDestroyNotify notify;
};

static void
notify_clear (gpointer data)
{
  Notify *notify = data;

  if (notify->notify != NULL)
    notify->notify (notify->user_data);
}

static void
notify_unref (Notify *notify)
{
  g_atomic_rc_box_release_full (notify, notify_clear);
}

/**
 * eka_outbox_set_notify:
 * @outbox: an outbox
 * @func: (nullable): called when eka_outbox_try() may give out what it did not
 *   before; on the disk's thread, without a lock held
 * @user_data: for @func
 * @notify: (nullable): frees @user_data, when @func is not needed any more and does
 *   not run; on any thread
 *
 * %NULL takes back the one that was set.
 */
void
eka_outbox_set_notify (EkaOutbox     *outbox,
                       void         (*func) (gpointer),
                       gpointer       user_data,
                       GDestroyNotify notify)
{
  Notify *present = NULL;
  Notify *old;

  if (func != NULL)
    {
      present = g_atomic_rc_box_new0 (Notify);
      present->func = func;
      present->user_data = user_data;
      present->notify = notify;
    }
  g_mutex_lock (&outbox->budget->lock);
  old = outbox->notify;
  outbox->notify = present;
  g_mutex_unlock (&outbox->budget->lock);
  g_clear_pointer (&old, notify_unref);
}

/* Says that there may be something to send now. Call without the lock. */
void
eka_outbox_tell (EkaOutbox *self)
{
  Notify *notify = NULL;

  g_mutex_lock (&self->budget->lock);
  if (self->notify != NULL)
    notify = g_atomic_rc_box_acquire (self->notify);
  g_mutex_unlock (&self->budget->lock);
  if (notify == NULL)
    return;
  notify->func (notify->user_data);
  notify_unref (notify);
}

/* --- what is wanted ----------------------------------------------------- */

/* Whether what memory has no room for goes to disk. */
gboolean
eka_outbox_takes_locked (EkaOutbox *self)
{
  return self->spool != NULL && !self->fault && !self->late;
}

/* Whether @entry may be sent as far as the disk is concerned. */
gboolean
eka_outbox_is_open_locked (EkaOutbox *self,
                           Entry     *entry)
{
  const guint64 needed = MAX (entry->version, self->gate);

  if (self->spool == NULL || self->late || needed <= self->open)
    return TRUE;
  /* The journal has nothing of what is in a file. */
  return needed <= self->failed &&
         (entry->disk == DISK_STORED || entry->elsewhere);
}

/* The next commit is to store @entry, which is not sent before. */
void
eka_outbox_want_locked (EkaOutbox *self,
                        Entry     *entry)
{
  if (self->spool == NULL || entry->disk != DISK_NONE)
    return;
  entry->file = g_strdup_printf ("audio_%u.%s", self->next_file++,
                                 entry->chunk->extension);
  eka_outbox_set_disk_locked (self, entry, DISK_WANTED);
  entry->version = ++self->version;
  self->dirty = TRUE;
}

/* The order has changed, or what stands in it: an index that says something else
 * has to be replaced before anything is sent. */
void
eka_outbox_change_locked (EkaOutbox *self)
{
  if (self->spool == NULL || !self->begun)
    return;
  self->gate = ++self->version;
  self->dirty = TRUE;
}

/* Has the oldest of what is only in memory written, so much that a part of the
 * bound can leave it.
 *
 * Returns: whether there is something to wait for */
gboolean
eka_outbox_store_batch_locked (EkaOutbox *self)
{
  const EkaBudget *budget = self->budget;
  guint64 bytes = 0, duration = 0;
  guint waiting = 0;
  GList *l;

  if (self->spool == NULL)
    return FALSE;
  for (l = self->committing ? NULL : self->entries.head; l != NULL; l = l->next)
    {
      Entry *entry = l->data;
      guint64 version = entry->version;

      waiting += entry->state < ENTRY_ACKNOWLEDGED;
      if (entry->chunk->bytes == NULL || entry->disk == DISK_STORED)
        continue;
      if (bytes > 0 && bytes >= budget->max_bytes / BATCH &&
          duration >= budget->max_duration / BATCH)
        break;
      if (entry->state >= ENTRY_ACKNOWLEDGED || waiting > OUTBOX_N_PINNED)
        {
          bytes += entry->size;
          duration += entry->chunk->duration;
        }
      eka_outbox_want_locked (self, entry);
      entry->version = version; /* it may be sent from memory meanwhile */
      self->dirty = TRUE;
    }
  return self->committing || self->dirty;
}

/* --- journal ------------------------------------------------------------ */

static void
clear_journal_locked (EkaOutbox *self)
{
  g_clear_pointer (&self->state, eka_chunker_state_free);
  g_clear_pointer (&self->spare, eka_chunker_state_free);
  g_queue_clear_full (&self->packets, g_free);
  self->ends_journal = FALSE;
  self->journal = FALSE;
}

/* A journal that begins with @state: (transfer full) is for the next commit. What
 * was for it until now, @state knows. */
void
eka_outbox_take_state_locked (EkaOutbox       *self,
                              EkaChunkerState *state)
{
  clear_journal_locked (self);
  self->state = state;
  self->journal = TRUE;
  self->version++;
  self->dirty = TRUE;
}

static void
end_journal_locked (EkaOutbox       *self,
                    EkaChunkerState *state)
{
  clear_journal_locked (self);
  self->spare = state;
  self->ends_journal = TRUE;
}

/* What the chunker holds is in another session's journal, or nobody wants it. */
void
eka_outbox_end_journal_locked (EkaOutbox *self)
{
  if (self->spool == NULL)
    return;
  end_journal_locked (self, NULL);
  self->dirty = self->dirty || self->begun;
  if (self->passing)
    eka_outbox_leave_folder_locked (self, FALSE);
}

/* The bytes lie behind the struct. */
static EkaPacket *
copy_packet (const EkaPacket *packet)
{
  EkaPacket *copy = g_malloc (sizeof *copy + packet->size);

  *copy = *packet;
  copy->data = (const guint8 *) (copy + 1);
  if (packet->size > 0)
    memcpy (copy + 1, packet->data, packet->size);
  return copy;
}

/**
 * eka_outbox_wants_state:
 * @outbox: an outbox
 *
 * Returns: whether there is a journal: the thread that puts is to hand over the
 *   chunker's state with each chunk, and each packet
 */
gboolean
eka_outbox_wants_state (EkaOutbox *outbox)
{
  gboolean wants;

  g_mutex_lock (&outbox->budget->lock);
  wants = outbox->policy == EKA_OUTBOX_ALWAYS && outbox->spool != NULL;
  g_mutex_unlock (&outbox->budget->lock);
  return wants;
}

/**
 * eka_outbox_begin:
 * @outbox: an outbox
 * @state: (transfer full): of the chunker before the first packet
 *
 * Makes the folder, with a journal that begins with @state. Does nothing where
 * eka_outbox_wants_state() says no.
 */
void
eka_outbox_begin (EkaOutbox       *outbox,
                  EkaChunkerState *state)
{
  g_autoptr (EkaChunkerState) own = state;

  g_mutex_lock (&outbox->budget->lock);
  if (outbox->policy == EKA_OUTBOX_ALWAYS && outbox->spool != NULL)
    eka_outbox_take_state_locked (outbox, g_steal_pointer (&own));
  eka_budget_unlock (outbox->budget);
}

/**
 * eka_outbox_add_packet:
 * @outbox: an outbox
 * @packet: (transfer none): what the chunker gets, too, after the state that was
 *   handed over last
 *
 * Does nothing where there is no journal.
 */
void
eka_outbox_add_packet (EkaOutbox       *outbox,
                       const EkaPacket *packet)
{
  if (outbox->policy != EKA_OUTBOX_ALWAYS)
    return;
  g_mutex_lock (&outbox->budget->lock);
  if (outbox->spare != NULL)
    eka_outbox_take_state_locked (outbox, g_steal_pointer (&outbox->spare));
  /* The folder's journal is not yet the one that it belongs to. */
  if (outbox->state != NULL)
    g_queue_push_tail (&outbox->packets, copy_packet (packet));
  else if (outbox->journal && outbox->spool != NULL)
    eka_spool_add_packet (outbox->spool, packet);
  eka_budget_unlock (outbox->budget);
}

/* --- putting ------------------------------------------------------------ */

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
  eka_outbox_put_with_state (outbox, chunk, NULL);
}

/* What could not be written before is tried again with the chunk that comes. */
static void
try_again_locked (EkaOutbox *self)
{
  GList *l;

  for (l = self->entries.head; l != NULL; l = l->next)
    {
      Entry *entry = l->data;
      const guint64 version = entry->version;

      if (entry->chunk->bytes == NULL || entry->disk != DISK_NONE)
        continue;
      eka_outbox_want_locked (self, entry);
      entry->version = version;
    }
}

/**
 * eka_outbox_put_with_state:
 * @outbox: an outbox
 * @chunk: (transfer none): the chunk that follows the last one
 * @state: (transfer full) (nullable): of the chunker after that
 *
 * As eka_outbox_put(). With the chunk in the folder, the packets that it was made
 * of go from the journal.
 */
void
eka_outbox_put_with_state (EkaOutbox       *outbox,
                           EkaChunk        *chunk,
                           EkaChunkerState *state)
{
  g_autoptr (EkaChunkerState) own = state;
  const guint32 checksum = eka_outbox_sum_up (outbox, chunk);
  Entry *entry;

  g_mutex_lock (&outbox->budget->lock);
  entry = eka_outbox_insert_locked (outbox, NULL, chunk, checksum);
  if (outbox->policy == EKA_OUTBOX_ALWAYS && outbox->spool != NULL)
    {
      eka_outbox_want_locked (outbox, entry);
      try_again_locked (outbox);
      if (own != NULL && eka_chunker_state_is_empty (own))
        end_journal_locked (outbox, g_steal_pointer (&own));
      else if (own != NULL)
        eka_outbox_take_state_locked (outbox, g_steal_pointer (&own));
    }
  eka_budget_unlock (outbox->budget);
}

/**
 * eka_outbox_describe:
 * @outbox: an outbox
 * @description: (transfer none): what the session is from now on
 *
 * Once there is a folder, nothing is sent before @description is in it; until then
 * the last one is kept for it.
 */
void
eka_outbox_describe (EkaOutbox *outbox,
                     GBytes    *description)
{
  g_mutex_lock (&outbox->budget->lock);
  if (!outbox->passing &&
      (outbox->description == NULL ||
       !g_bytes_equal (outbox->description, description)))
    {
      g_clear_pointer (&outbox->description, g_bytes_unref);
      outbox->description = g_bytes_ref (description);
      outbox->described = FALSE;
      eka_outbox_change_locked (outbox);
    }
  eka_budget_unlock (outbox->budget);
}

/* --- commit ------------------------------------------------------------- */

static void
write_file_locked (EkaOutbox      *self,
                   EkaSpoolCommit *commit,
                   Entry          *entry)
{
  const gchar *name = NULL;
  EkaSpool *source =
      entry->copy ? NULL : eka_outbox_find_source_locked (self, entry, &name);

  if (source != NULL)
    eka_spool_commit_link (commit, entry->file, source, name);
  else
    eka_spool_commit_write (commit, entry->file, entry->chunk->bytes);
  entry->disk = DISK_WRITING;
}

static void
add_to_index (EkaIndex    *index,
              const Entry *entry)
{
  const gboolean stored = entry->disk >= DISK_WRITING;

  eka_index_add (index, stored ? entry->file : NULL, entry->size,
                 entry->checksum, entry->chunk,
                 entry->state >= ENTRY_ACKNOWLEDGED ? EKA_INDEX_ACKNOWLEDGED
                                                    : EKA_INDEX_WAITING);
}

static EkaIndex *
make_index_locked (EkaOutbox      *self,
                   EkaSpoolCommit *commit)
{
  EkaIndex *index = eka_index_new ();
  GList *l;
  guint i;

  for (l = self->entries.head; l != NULL; l = l->next)
    {
      Entry *entry = l->data;

      if (entry->disk == DISK_WANTED)
        write_file_locked (self, commit, entry);
      add_to_index (index, entry);
    }
  for (l = self->given.head; l != NULL; l = l->next)
    add_to_index (index, l->data);
  for (i = 0; i < self->taken->len; i++)
    g_ptr_array_add (index->taken, g_strdup (self->taken->pdata[i]));
  for (l = self->entries.head; l != NULL; l = l->next)
    if (((Entry *) l->data)->disk == DISK_WRITING)
      eka_outbox_note_taken_locked (l->data, index->taken);
  return index;
}

static void
succeed_locked (EkaOutbox *self)
{
  GList *l;

  self->fault = FALSE;
  self->gone = FALSE;
  self->stale = FALSE;
  self->open = self->asked;
  self->described = self->described || self->describing == self->description;
  for (l = self->given.head; l != NULL; l = l->next)
    if (((Entry *) l->data)->disk == DISK_WRITING)
      ((Entry *) l->data)->disk = DISK_STORED;
  for (l = self->entries.head; l != NULL; l = l->next)
    {
      Entry *entry = l->data;

      if (entry->disk != DISK_WRITING)
        continue;
      eka_outbox_set_disk_locked (self, entry, DISK_STORED);
      eka_outbox_count_locked (self, entry, -1);
      eka_outbox_note_taken_locked (entry, self->taken);
      eka_outbox_release_given_locked (entry);
      entry->elsewhere = FALSE;
      eka_outbox_count_locked (self, entry, 1);
    }
}

/* On the disk's thread. */
static void
commit_done (const GError *error,
             gpointer      user_data)
{
  EkaOutbox *self = user_data;
  EkaSpool *answered = NULL;

  g_mutex_lock (&self->budget->lock);
  self->committing = FALSE;
  /* Told last, for that it is late may be told after what the spool has said. */
  if (self->late && self->spool != NULL && error == NULL)
    answered = eka_spool_ref (self->spool);
  self->late = FALSE;
  if (self->spool != NULL && error != NULL)
    eka_outbox_note_failure_locked (self, error);
  else if (self->spool != NULL)
    succeed_locked (self);
  /* What could not be written is in that journal only. */
  if (self->inheriting && error != NULL)
    self->inheriting = FALSE;
  else if (self->inheriting)
    eka_outbox_end_heritage_locked (self);
  if (self->passing && !self->journal)
    eka_outbox_leave_folder_locked (self, FALSE);
  g_clear_pointer (&self->describing, g_bytes_unref);
  g_ptr_array_set_size (self->removing, 0);
  g_cond_broadcast (&self->budget->cond);
  eka_budget_unlock (self->budget);
  if (answered != NULL)
    eka_store_note_fault (eka_spool_get_store (answered), NULL);
  g_clear_pointer (&answered, eka_spool_unref);
  eka_outbox_tell (self);
  eka_outbox_unref (self);
}

/* What another session's folder was to give, and that went meanwhile, is nowhere. */
static void
lose_gone_locked (EkaOutbox *self)
{
  const gchar *name;
  GList *l, *next;

  for (l = self->entries.head; l != NULL; l = next)
    {
      const Entry *entry = l->data;

      next = l->next;
      if (entry->disk == DISK_WANTED && entry->chunk->bytes == NULL &&
          eka_outbox_find_source_locked (self, entry, &name) == NULL)
        eka_outbox_lose_locked (self, l);
    }
}

/* Nothing is known of what the chunker holds now. */
static void
end_stale_locked (EkaOutbox *self)
{
  self->ends_journal = TRUE;
  /* One that is to begin with the next packet is not begun yet. */
  self->journal = FALSE;
}

/* Asks for the next commit. */
void
eka_outbox_ask_locked (EkaOutbox *self)
{
  EkaSpoolCommit *commit = eka_spool_commit_new ();
  GPtrArray *done = self->removing;
  EkaPacket *packet;
  guint i;

  lose_gone_locked (self);
  self->dirty = FALSE;
  self->committing = TRUE;
  self->since = g_get_monotonic_time ();
  self->begun = TRUE;
  self->asked = self->version;
  if (self->stale && self->state == NULL)
    end_stale_locked (self);
  self->ended_journal = self->ends_journal;
  self->replacing = self->ends_journal || self->state != NULL;

  self->removing = self->remove;
  self->remove = done;
  commit->index = make_index_locked (self, commit);
  if (self->description != NULL && !self->described)
    {
      commit->description = g_bytes_ref (self->description);
      self->describing = g_bytes_ref (self->description);
    }
  commit->journal = g_steal_pointer (&self->state);
  commit->ends_journal = self->ends_journal;
  self->ends_journal = FALSE;
  eka_outbox_add_heritage_locked (self, commit);
  for (i = 0; i < self->removing->len; i++)
    g_ptr_array_add (commit->remove, g_strdup (self->removing->pdata[i]));
  eka_spool_commit (self->spool, commit, commit_done, eka_outbox_ref (self));
  while ((packet = g_queue_pop_head (&self->packets)) != NULL)
    {
      eka_spool_add_packet (self->spool, packet);
      g_free (packet);
    }
}

/* --- in the end --------------------------------------------------------- */

/**
 * eka_outbox_save:
 * @outbox: an outbox
 *
 * Has all written that is not on disk yet. Does nothing without a spool, or where
 * there is nothing.
 */
void
eka_outbox_save (EkaOutbox *outbox)
{
  g_mutex_lock (&outbox->budget->lock);
  if (outbox->spool != NULL)
    {
      try_again_locked (outbox);
      if (outbox->begun &&
          (outbox->fault ||
           (outbox->description != NULL && !outbox->described)))
        outbox->dirty = TRUE;
    }
  eka_budget_unlock (outbox->budget);
}

/**
 * eka_outbox_wait_saved:
 * @outbox: an outbox
 * @end_time: of g_get_monotonic_time(), or -1: for ever
 *
 * Waits until all is done that the disk was asked for. Not to be called on the
 * disk's thread.
 *
 * Returns: whether all audio that is not acknowledged is on disk
 */
gboolean
eka_outbox_wait_saved (EkaOutbox *outbox,
                       gint64     end_time)
{
  gboolean in_time = TRUE;
  gboolean saved;

  g_mutex_lock (&outbox->budget->lock);
  while (in_time &&
         (outbox->committing || outbox->dropping || outbox->dirty))
    {
      if (end_time < 0)
        g_cond_wait (&outbox->budget->cond, &outbox->budget->lock);
      else
        in_time = g_cond_wait_until (&outbox->budget->cond,
                                     &outbox->budget->lock, end_time);
    }
  saved = outbox->n_unsaved == 0;
  g_mutex_unlock (&outbox->budget->lock);
  return saved;
}

/* Where the oldest audio is that could not be stored here, and is in another
 * session's folder. */
static EkaSpool *
find_elsewhere_locked (EkaOutbox *self)
{
  const gchar *name;
  GList *l;

  for (l = self->entries.head; l != NULL; l = l->next)
    {
      const Entry *entry = l->data;

      if (entry->state < ENTRY_ACKNOWLEDGED && entry->elsewhere)
        return eka_outbox_find_source_locked (self, entry, &name);
    }
  return NULL;
}

/**
 * eka_outbox_has_disk:
 * @outbox: an outbox
 *
 * Returns: whether what it holds is on disk, or may still go there
 */
gboolean
eka_outbox_has_disk (EkaOutbox *outbox)
{
  gboolean has;

  g_mutex_lock (&outbox->budget->lock);
  has = outbox->spool != NULL;
  g_mutex_unlock (&outbox->budget->lock);
  return has;
}

/**
 * eka_outbox_dup_folder:
 * @outbox: an outbox
 *
 * Returns: (transfer full) (nullable): path of the folder with its audio, which may
 *   still be that of the session before; %NULL: there is none
 */
gchar *
eka_outbox_dup_folder (EkaOutbox *outbox)
{
  gchar *path = NULL;
  EkaSpool *spool;

  g_mutex_lock (&outbox->budget->lock);
  spool = find_elsewhere_locked (outbox);
  if (spool == NULL)
    spool = outbox->spool;
  if (spool != NULL)
    path = eka_spool_dup_path (spool);
  g_mutex_unlock (&outbox->budget->lock);
  return path;
}

/* From now on there is memory only; the folder stays. */
void
eka_outbox_drop_disk_locked (EkaOutbox *self)
{
  clear_journal_locked (self);
  if (self->fault)
    eka_outbox_leave_heritage_locked (self);
  else
    eka_outbox_end_heritage_locked (self);
  self->dirty = FALSE;
  self->passing = FALSE;
  g_clear_pointer (&self->heir, g_bytes_unref);
  g_clear_pointer (&self->spool, eka_spool_unref);
}
