/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "outbox/spoolprivate.h"

#include "outbox/journal.h"
#include "outbox/names.h"

/* How long a packet that was written may wait to be synced, in µs: with the time
 * until it is written, and that of a slow disk, less than a second. */
#define SYNC_DELAY (700 * G_TIME_SPAN_MILLISECOND)

static void
discard_pending (EkaSpool *self)
{
  g_mutex_lock (&self->lock);
  if (self->n_changes == 0)
    g_byte_array_set_size (self->pending, 0);
  self->journal_open = FALSE;
  g_mutex_unlock (&self->lock);
}

/* A sync that failed is never tried again on the same file: the next one would
 * succeed though what was written is gone. What is in the journal stays, for it is
 * better than nothing. */
static void
give_up (EkaSpool *self,
         GError   *error)
{
  g_prefix_error (&error, "The audio of the last seconds can't be kept: ");
  self->files->close (self->files, self->journal.fd);
  self->journal.fd = -1;
  discard_pending (self);
  eka_store_note_fault (self->store, error);
  g_error_free (error);
}

/* Returns: %FALSE where the journal had to be given up */
static gboolean
sync_journal (EkaSpool *self)
{
  EkaSpoolJournal *journal = &self->journal;
  GError *error = NULL;

  if (journal->fd < 0 || !journal->unsynced)
    return TRUE;
  journal->unsynced = FALSE;
  if (self->files->sync (self->files, journal->fd, &error))
    return TRUE;
  give_up (self, error);
  return FALSE;
}

static void
run_sync (gpointer user_data)
{
  EkaSpool *self = user_data;

  self->sync_scheduled = FALSE;
  sync_journal (self);
}

/**
 * eka_spool_journal_append:
 * @self: a spool
 * @records: what is to be written at the end of the journal
 *
 * Where there is no journal, or it was given up, @records are let go. They are on
 * disk within a second. An error is told to the store.
 */
void
eka_spool_journal_append (EkaSpool   *self,
                          GByteArray *records)
{
  EkaSpoolJournal *journal = &self->journal;
  GError *error = NULL;

  if (journal->fd < 0 || records->len == 0)
    return;
  if (!eka_store_take_space (self->store, records->len, &error) ||
      !self->files->write (self->files, journal->fd, records->data,
                           records->len, &error))
    {
      give_up (self, error);
      return;
    }
  journal->unsynced = TRUE;
  if (self->sync_scheduled)
    return;
  self->sync_scheduled = TRUE;
  eka_disk_push_later (self->disk, SYNC_DELAY, run_sync, eka_spool_hold (self),
                       (GDestroyNotify) eka_spool_let_go);
}

/**
 * eka_spool_journal_flush:
 * @self: a spool
 *
 * Writes the packets that wait, unless a change of the journal is on its way: then
 * they belong to the journal that comes of that.
 */
void
eka_spool_journal_flush (EkaSpool *self)
{
  g_autoptr (GByteArray) records = NULL;

  g_mutex_lock (&self->lock);
  if (self->n_changes == 0 && self->pending->len > 0)
    {
      records = self->pending;
      self->pending = g_byte_array_new ();
      self->overflown = FALSE;
    }
  g_mutex_unlock (&self->lock);
  if (records != NULL)
    eka_spool_journal_append (self, records);
}

static gboolean
write_and_sync (EkaSpool         *self,
                EkaSpoolJournal  *journal,
                const GByteArray *records,
                GError          **error)
{
  if (!self->files->write (self->files, journal->fd, records->data,
                           records->len, error))
    return FALSE;
  return self->files->sync (self->files, journal->fd, error);
}

/**
 * eka_spool_journal_begin:
 * @self: a spool with a folder
 * @state: what the journal goes on from
 * @number: of the first packet that comes after it
 * @journal: (out): the journal, which is not yet that of the spool
 * @error: return location for an error
 *
 * Makes a journal and syncs it, its name not. Packets have the same numbers in it
 * as in the one before: what comes next can be written to either.
 *
 * Returns: %FALSE on error: nothing is left of it
 */
gboolean
eka_spool_journal_begin (EkaSpool              *self,
                         const EkaChunkerState *state,
                         guint64                number,
                         EkaSpoolJournal       *journal,
                         GError               **error)
{
  g_autoptr (GByteArray) records = g_byte_array_new ();
  g_autofree gchar *name = eka_name_make_journal (self->next_journal);
  g_autofree gchar *path = eka_spool_build_path (self, name);
  guint64 first = number - state->packets->len;

  eka_journal_begin (records, state, &first);
  if (!eka_store_take_space (self->store, records->len, error))
    return FALSE;
  self->next_journal++;
  journal->fd = self->files->create (self->files, path, error);
  if (journal->fd < 0)
    {
      eka_store_return_space (self->store, records->len);
      return FALSE;
    }
  journal->name = g_steal_pointer (&name);
  journal->unsynced = FALSE;
  if (write_and_sync (self, journal, records, error))
    return TRUE;
  eka_spool_journal_discard (self, journal);
  return FALSE;
}

/* Forgets @journal, whose file stays. */
static void
clear (EkaSpool        *self,
       EkaSpoolJournal *journal)
{
  if (journal->fd >= 0)
    self->files->close (self->files, journal->fd);
  g_clear_pointer (&journal->name, g_free);
  *journal = (EkaSpoolJournal) { .fd = -1 };
}

/**
 * eka_spool_journal_discard:
 * @self: a spool
 * @journal: (inout): a journal that nothing names
 *
 * Removes its file, now or after the next commit.
 */
void
eka_spool_journal_discard (EkaSpool        *self,
                           EkaSpoolJournal *journal)
{
  g_autofree gchar *name = g_steal_pointer (&journal->name);

  if (name == NULL)
    return;
  clear (self, journal);
  if (!eka_spool_remove_file (self, name, NULL))
    g_ptr_array_add (self->garbage, g_steal_pointer (&name));
}

/**
 * eka_spool_journal_replace:
 * @self: a spool
 * @journal: (inout): the journal from now on; its name may be %NULL: none
 *
 * The file of the one before becomes garbage.
 */
void
eka_spool_journal_replace (EkaSpool        *self,
                           EkaSpoolJournal *journal)
{
  if (self->journal.name != NULL)
    g_ptr_array_add (self->garbage, g_strdup (self->journal.name));
  clear (self, &self->journal);
  self->journal = *journal;
  *journal = (EkaSpoolJournal) { .fd = -1 };
}

/**
 * eka_spool_journal_close:
 * @self: a spool
 *
 * Writes and syncs what waits; nothing is taken any more. The file stays.
 */
void
eka_spool_journal_close (EkaSpool *self)
{
  eka_spool_journal_flush (self);
  sync_journal (self);
  clear (self, &self->journal);
  discard_pending (self);
}

/**
 * eka_spool_journal_drop:
 * @self: a spool
 * @error: return location for an error
 *
 * The packets of the journal are not on disk any more when this returns. The
 * index may go on naming it.
 *
 * Returns: %FALSE on error: they may still be there
 */
gboolean
eka_spool_journal_drop (EkaSpool *self,
                        GError  **error)
{
  EkaSpoolJournal none = { .fd = -1 };
  g_autoptr (GPtrArray) garbage = NULL;
  g_autoptr (GError) reason = NULL;
  guint i;

  eka_spool_journal_replace (self, &none);
  if (self->index != NULL)
    g_clear_pointer (&self->index->journal, g_free);
  if (self->folder == NULL)
    return TRUE;
  /* A commit that failed at its very end left two, of which a power cut brings
   * back either. */
  garbage = self->garbage;
  self->garbage = g_ptr_array_new_with_free_func (g_free);
  for (i = 0; i < garbage->len; i++)
    {
      const gchar *name = g_ptr_array_index (garbage, i);

      if (!eka_name_is_journal (name, NULL) ||
          !eka_spool_remove_file (self, name, reason == NULL ? &reason : NULL))
        g_ptr_array_add (self->garbage, g_strdup (name));
    }
  if (reason == NULL)
    self->files->sync_folder (self->files, self->folder, &reason);
  /* Nothing is left of a folder that is not there. */
  if (reason == NULL ||
      g_error_matches (reason, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&reason));
  return FALSE;
}
