/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "outbox/outboxprivate.h"

/* Chunks that leave memory because they are on disk, and come back when it is
 * their turn. */

/* The bytes of an entry on their way from disk. */
struct _Load
{
  EkaOutbox *outbox;
  Entry *entry; /* (nullable): %NULL: nobody wants them any more */
  gsize size;
  guint32 checksum;
  gint64 since; /* monotonic time when it was asked for */
};

/* Returns: (nullable): why @bytes are not those of the chunk */
static GError *
check (const Load   *load,
       GBytes       *bytes,
       const GError *error)
{
  const guint8 *data;
  gsize size;

  if (bytes == NULL)
    return g_error_copy (error);
  data = g_bytes_get_data (bytes, &size);
  if (size == load->size && eka_index_checksum (data, size) == load->checksum)
    return NULL;
  return g_error_new (G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                      "A file is not as it was written");
}

/* Its bytes are nowhere any more; the service may have them. */
void
eka_outbox_lose_locked (EkaOutbox *self,
                        GList     *link)
{
  Entry *entry = link->data;

  if (entry->state >= ENTRY_ACKNOWLEDGED)
    {
      eka_outbox_let_go_locked (self, link);
      eka_outbox_change_locked (self);
      return;
    }
  if (entry->state == ENTRY_TRIED)
    g_queue_insert_after (&self->entries, link,
                          eka_outbox_new_place (entry->chunk, entry->number));
  /* The place has its number now. */
  eka_outbox_set_state_locked (self, entry, ENTRY_WAITING);
  eka_outbox_drop_locked (self, link);
}

/* What can't be used stays on disk for people. */
static void
leave_file_locked (EkaOutbox *self,
                   Entry     *entry)
{
  if (entry->disk == DISK_STORED)
    eka_outbox_set_disk_locked (self, entry, DISK_NONE);
  else
    {
      /* That of another session, which does not count it. */
      while (entry != NULL && entry->disk != DISK_STORED)
        entry = entry->given;
      if (entry == NULL)
        return;
      entry->disk = DISK_NONE;
    }
  g_clear_pointer (&entry->file, g_free);
}

static gboolean
is_lost (const GError *reason)
{
  return g_error_matches (reason, G_IO_ERROR, G_IO_ERROR_INVALID_DATA) ||
         g_error_matches (reason, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
}

/* Whether the disk is all right again, as far as can be seen here. */
static gboolean
recover_locked (EkaOutbox *self)
{
  const gboolean fault = self->read_fault;

  self->read_fault = FALSE;
  return fault && !self->fault && !self->late;
}

/* @reason: (nullable): why there are no @bytes
 *
 * Returns: audio in ns that is lost */
static guint64
finish_locked (Load         *load,
               GBytes       *bytes,
               const GError *reason)
{
  EkaOutbox *self = load->outbox;
  Entry *entry = load->entry;
  guint64 duration;

  if (entry == NULL)
    return 0;
  entry->load = NULL;
  if (reason == NULL)
    {
      eka_outbox_set_bytes_locked (self, entry, bytes);
      if (entry->from != NULL && entry->disk == DISK_NONE)
        eka_outbox_want_locked (self, entry);
      return 0;
    }
  if (!is_lost (reason))
    {
      /* Too many open files, a share that is away: that may pass. */
      entry->failed = g_get_monotonic_time ();
      return 0;
    }
  if (g_error_matches (reason, G_IO_ERROR, G_IO_ERROR_INVALID_DATA))
    leave_file_locked (self, entry);
  duration = entry->state < ENTRY_ACKNOWLEDGED ? entry->chunk->duration : 0;
  eka_outbox_lose_locked (self, g_queue_find (&self->entries, entry));
  return duration;
}

/* @reason: (nullable): %NULL: it can be read again */
static void
tell_result (EkaSpool     *spool,
             const GError *reason,
             guint64       lost)
{
  g_autoptr (GError) error = NULL;

  if (lost > 0)
    error = g_error_new (
        reason->domain, reason->code,
        "%.1f s of audio are lost that could not be read back: %s", lost / 1e9,
        reason->message);
  else if (reason != NULL)
    error = g_error_new (reason->domain, reason->code,
                         "Audio can't be read back for now: %s",
                         reason->message);
  eka_store_note_fault (eka_spool_get_store (spool), error);
}

/* On the disk's thread. */
static void
load_done (GBytes       *bytes,
           const GError *error,
           gpointer      user_data)
{
  Load *load = user_data;
  EkaOutbox *self = load->outbox;
  g_autoptr (GError) reason = check (load, bytes, error);
  EkaSpool *spool = NULL;
  gboolean wanted, news;
  guint64 lost;

  g_mutex_lock (&self->budget->lock);
  wanted = load->entry != NULL;
  lost = finish_locked (load, bytes, reason);
  news = recover_locked (self) && reason == NULL;
  if (wanted && reason != NULL && !is_lost (reason))
    news = self->read_fault = TRUE;
  if ((lost > 0 || news) && self->spool != NULL)
    spool = eka_spool_ref (self->spool);
  g_cond_broadcast (&self->budget->cond);
  eka_budget_unlock (self->budget);
  if (spool != NULL)
    tell_result (spool, reason, lost);
  g_clear_pointer (&spool, eka_spool_unref);
  eka_outbox_tell (self);
  eka_outbox_unref (self);
  g_free (load);
}

/* Whether it is too early to read again what could not be read. */
static gboolean
rests_locked (EkaOutbox   *self,
              const Entry *entry)
{
  return entry->failed != 0 && g_get_monotonic_time () - entry->failed <
                                   self->budget->patience / 2;
}

/* Has the bytes of @entry read where they are not in memory.
 *
 * Returns: whether they are there, or come */
static gboolean
load_locked (EkaOutbox *self,
             Entry     *entry)
{
  const gchar *file = NULL;
  EkaSpool *spool;

  if (entry->chunk->bytes != NULL || entry->load != NULL ||
      rests_locked (self, entry))
    return TRUE;
  spool = eka_outbox_find_source_locked (self, entry, &file);
  if (spool == NULL)
    return FALSE;
  entry->load = g_new0 (Load, 1);
  entry->load->outbox = eka_outbox_ref (self);
  entry->load->entry = entry;
  entry->load->size = entry->size;
  entry->load->checksum = entry->checksum;
  entry->load->since = g_get_monotonic_time ();
  eka_spool_read (spool, file, load_done, entry->load);
  return TRUE;
}

/* Has the oldest chunk that is not acknowledged read, and the one behind it, so
 * that it is there when its turn comes.
 *
 * Returns: (nullable): where the former is, with bytes or without */
GList *
eka_outbox_load_next_locked (EkaOutbox *self)
{
  GList *l;

  while ((l = eka_outbox_find_next_locked (self)) != NULL &&
         !load_locked (self, l->data))
    eka_outbox_lose_locked (self, l);
  if (l != NULL && l->next != NULL &&
      ((Entry *) l->next->data)->state < ENTRY_ACKNOWLEDGED)
    load_locked (self, l->next->data);
  return l;
}

/* Notes where the bytes of @entry do not come. */
void
eka_outbox_check_load_locked (EkaOutbox *self,
                              Entry     *entry)
{
  if (entry->load == NULL || self->read_fault ||
      g_get_monotonic_time () - entry->load->since < self->budget->patience)
    return;
  self->read_fault = TRUE;
  eka_outbox_note_late_locked (self);
}

/* Nobody wants the bytes that may be on their way. */
void
eka_outbox_forget_load_locked (Entry *entry)
{
  if (entry->load != NULL)
    entry->load->entry = NULL;
  entry->load = NULL;
}

/* Lets chunks leave memory that are on disk, oldest first, until @enough.
 *
 * Returns: whether it is */
gboolean
eka_outbox_evict_locked (EkaOutbox *self,
                         gboolean (*enough) (gpointer),
                         gpointer   user_data)
{
  guint waiting = 0;
  GList *l;

  for (l = self->entries.head; l != NULL && !enough (user_data); l = l->next)
    {
      Entry *entry = l->data;

      waiting += entry->state < ENTRY_ACKNOWLEDGED;
      if (entry->disk == DISK_STORED && !entry->out &&
          (entry->state >= ENTRY_ACKNOWLEDGED || waiting > OUTBOX_N_PINNED))
        eka_outbox_set_bytes_locked (self, entry, NULL);
    }
  return enough (user_data);
}

/* Whether nothing is in memory but what stays there until it is sent. */
gboolean
eka_outbox_is_lean_locked (EkaOutbox *self)
{
  guint waiting = 0;
  GList *l;

  for (l = self->entries.head; l != NULL; l = l->next)
    {
      Entry *entry = l->data;

      waiting += entry->state < ENTRY_ACKNOWLEDGED;
      if (entry->chunk->bytes != NULL &&
          (entry->disk != DISK_STORED || (waiting > OUTBOX_N_PINNED && !entry->out)))
        return FALSE;
    }
  return TRUE;
}
