/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "outbox/spoolprivate.h"

#include <fcntl.h>
#include <unistd.h>

#include "outbox/names.h"
#include "outbox/reading.h"

static void
file_free (gpointer data)
{
  EkaSpoolFile *file = data;

  g_clear_pointer (&file->bytes, g_bytes_unref);
  g_clear_pointer (&file->from, eka_spool_unref);
  g_free (file->from_name);
  g_free (file->name);
  g_free (file);
}

/**
 * eka_spool_commit_new:
 *
 * Returns: (transfer full): a commit that changes nothing
 */
EkaSpoolCommit *
eka_spool_commit_new (void)
{
  EkaSpoolCommit *commit = g_new0 (EkaSpoolCommit, 1);

  commit->files = g_ptr_array_new_with_free_func (file_free);
  commit->remove = g_ptr_array_new_with_free_func (g_free);
  return commit;
}

/**
 * eka_spool_commit_free:
 * @commit: (transfer full): a commit
 */
void
eka_spool_commit_free (EkaSpoolCommit *commit)
{
  g_clear_pointer (&commit->description, g_bytes_unref);
  g_clear_pointer (&commit->index, eka_index_free);
  g_clear_pointer (&commit->journal, eka_chunker_state_free);
  g_ptr_array_unref (commit->files);
  g_ptr_array_unref (commit->remove);
  g_clear_pointer (&commit->voids, eka_spool_unref);
  g_free (commit);
}

/**
 * eka_spool_commit_write:
 * @commit: a commit
 * @name: of a file, as of eka_name_is_audio()
 * @bytes: (transfer none): what is to be in it
 *
 * Has a file written. One with the same name is replaced, which must not be done
 * to one that the index names with other bytes.
 */
void
eka_spool_commit_write (EkaSpoolCommit *commit,
                        const gchar    *name,
                        GBytes         *bytes)
{
  EkaSpoolFile *file;

  g_return_if_fail (eka_name_is_audio (name, NULL));

  file = g_new0 (EkaSpoolFile, 1);
  file->name = g_strdup (name);
  file->bytes = g_bytes_ref (bytes);
  g_ptr_array_add (commit->files, file);
}

/**
 * eka_spool_commit_link:
 * @commit: a commit
 * @name: of a file, as of eka_name_is_audio()
 * @from: (transfer none): a spool of the same store
 * @from_name: of a file there
 *
 * Has a file of another spool linked; where the file system has no links, copied.
 */
void
eka_spool_commit_link (EkaSpoolCommit *commit,
                       const gchar    *name,
                       EkaSpool       *from,
                       const gchar    *from_name)
{
  EkaSpoolFile *file;

  g_return_if_fail (eka_name_is_audio (name, NULL));
  g_return_if_fail (eka_name_is_audio (from_name, NULL));

  file = g_new0 (EkaSpoolFile, 1);
  file->name = g_strdup (name);
  file->from = eka_spool_ref (from);
  file->from_name = g_strdup (from_name);
  g_ptr_array_add (commit->files, file);
}

/**
 * eka_spool_commit_void_journal:
 * @commit: a commit that begins or ends a journal
 * @from: (transfer none): another spool of the same store
 *
 * Says that what the journal of @from holds is here from now on: whoever finds
 * both folders leaves that one out. The journal that @from has when @commit is
 * done, that is.
 */
void
eka_spool_commit_void_journal (EkaSpoolCommit *commit,
                               EkaSpool       *from)
{
  g_return_if_fail (commit->voids == NULL);

  commit->voids = eka_spool_ref (from);
}

/* A commit while it is done. */
typedef struct
{
  EkaSpool *spool;
  EkaSpoolChange *change;
  EkaSpoolCommit *commit;
  EkaSpoolJournal journal; /* the new one */
  GPtrArray *written;      /* of utf8: files that were not there before */
  gboolean unsynced;       /* something was done in the folder since its sync */
  gboolean visible;        /* the new index has its name */
} Run;

static gboolean
copy_file (EkaSpool     *self,
           EkaSpoolFile *file,
           GError      **error)
{
  g_autoptr (GBytes) bytes = NULL;
  int at = eka_reading_open_folder (AT_FDCWD, file->from->folder, error);

  if (at < 0)
    return FALSE;
  bytes = eka_reading_load (at, file->from_name, G_MAXUINT64, error);
  close (at);
  return bytes != NULL &&
         eka_spool_save_file (self, self->folder, file->name, bytes, error);
}

static gboolean
link_or_copy (EkaSpool     *self,
              EkaSpoolFile *file,
              GError      **error)
{
  EkaFiles *files = self->files;
  g_autoptr (GError) reason = NULL;
  g_autofree gchar *from = NULL;
  g_autofree gchar *to = eka_spool_build_path (self, file->name);

  if (file->from->folder == NULL)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED,
                   "%s is not on disk any more where it was", file->from_name);
      return FALSE;
    }
  from = eka_spool_build_path (file->from, file->from_name);
  if (files->link (files, from, to, &reason))
    return TRUE;
  if (g_error_matches (reason, G_IO_ERROR, G_IO_ERROR_EXISTS))
    {
      /* What a commit that failed has left */
      g_clear_error (&reason);
      if (!files->remove (files, to, error))
        return FALSE;
      if (files->link (files, from, to, &reason))
        return TRUE;
    }
  if (!g_error_matches (reason, G_IO_ERROR, G_IO_ERROR_NO_SPACE) &&
      copy_file (self, file, NULL))
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&reason));
  return FALSE;
}

static gboolean
write_files (Run     *run,
             GError **error)
{
  EkaSpool *self = run->spool;
  guint i;

  for (i = 0; i < run->commit->files->len; i++)
    {
      EkaSpoolFile *file = g_ptr_array_index (run->commit->files, i);

      if (file->from != NULL ? !link_or_copy (self, file, error)
                             : !eka_spool_save_file (self, self->folder,
                                                     file->name, file->bytes,
                                                     error))
        return FALSE;
      run->unsynced = TRUE;
      if (g_hash_table_add (self->present, g_strdup (file->name)))
        g_ptr_array_add (run->written, g_strdup (file->name));
    }
  return TRUE;
}

/* Whether all files that @index names are in the folder: where a commit failed, the
 * ones that were asked for meanwhile may build on it. */
static gboolean
check_index (EkaSpool       *self,
             const EkaIndex *index,
             GError        **error)
{
  guint i;

  for (i = 0; i < index->entries->len; i++)
    {
      const EkaIndexEntry *entry = g_ptr_array_index (index->entries, i);

      if (entry->file == NULL || g_hash_table_contains (self->present,
                                                        entry->file))
        continue;
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED,
                   "%s was not written, as the commit before failed",
                   entry->file);
      return FALSE;
    }
  return TRUE;
}

/* Returns: (transfer none) (nullable): the index to be written; %NULL: none, or
 *   @error is set */
static EkaIndex *
get_index (Run     *run,
           GError **error)
{
  EkaSpool *self = run->spool;
  EkaIndex *index = run->commit->index;

  if (index == NULL && run->change->changes_journal)
    {
      index = self->index;
      if (index == NULL)
        g_propagate_error (error, g_error_copy (self->index_error));
    }
  if (index != NULL && !check_index (self, index, error))
    return NULL;
  return index;
}

/* Names the journal that is void in @index; and once it was there in each one after
 * that, as nobody knows when that journal is gone. */
static void
add_voids (Run      *run,
           EkaIndex *index)
{
  EkaSpool *self = run->spool;
  EkaSpool *from = run->commit->voids;
  const gchar *folder = from != NULL ? eka_spool_get_name (from) : NULL;
  guint i;

  if (folder != NULL && from->journal.name != NULL)
    g_ptr_array_add (self->voids,
                     g_strdup_printf ("%s/%s", folder, from->journal.name));
  for (i = 0; i < self->voids->len; i++)
    if (!g_ptr_array_find_with_equal_func (
            index->taken, self->voids->pdata[i], g_str_equal, NULL))
      g_ptr_array_add (index->taken, g_strdup (self->voids->pdata[i]));
}

static gboolean
write_index (Run     *run,
             GError **error)
{
  EkaSpool *self = run->spool;
  g_autoptr (GError) reason = NULL;
  EkaIndex *index = get_index (run, &reason);
  g_autoptr (GBytes) bytes = NULL;
  g_autofree gchar *old = NULL;

  if (index == NULL)
    {
      if (reason == NULL)
        return TRUE;
      g_propagate_error (error, g_steal_pointer (&reason));
      return FALSE;
    }
  add_voids (run, index);
  old = index->journal;
  index->journal = g_strdup (run->change->changes_journal ? run->journal.name
                                                          : self->journal.name);
  bytes = eka_index_print (index);
  if (!eka_spool_save_file (self, self->folder, EKA_INDEX_NAME, bytes, error))
    {
      g_free (index->journal);
      index->journal = g_steal_pointer (&old);
      return FALSE;
    }
  run->visible = TRUE;
  return self->files->sync_folder (self->files, self->folder, error);
}

static gboolean
write_description (Run     *run,
                   GError **error)
{
  EkaSpool *self = run->spool;

  if (run->commit->description == NULL)
    return TRUE;
  run->unsynced = TRUE;
  if (!eka_spool_save_file (self, self->folder, EKA_SPOOL_DESCRIPTION_NAME,
                            run->commit->description, error))
    return FALSE;
  g_clear_pointer (&self->description, g_bytes_unref);
  self->description = g_bytes_ref (run->commit->description);
  return TRUE;
}

/* A description that is new goes into a new folder before anybody sees that. */
static gboolean
make_folder (Run     *run,
             GError **error)
{
  EkaSpool *self = run->spool;
  GBytes *description = run->commit->description;

  run->unsynced = TRUE;
  if (description != NULL)
    {
      g_clear_pointer (&self->description, g_bytes_unref);
      self->description = g_bytes_ref (description);
    }
  return eka_spool_folder_make (self, error);
}

static gboolean
run_steps (Run     *run,
           GError **error)
{
  EkaSpool *self = run->spool;
  EkaSpoolCommit *commit = run->commit;

  if (self->folder == NULL ? !make_folder (run, error)
                           : !write_description (run, error))
    return FALSE;
  if (commit->journal != NULL)
    {
      if (!eka_spool_journal_begin (self, commit->journal, run->change->number,
                                    &run->journal, error))
        return FALSE;
      run->unsynced = TRUE;
    }
  if (!write_files (run, error))
    return FALSE;
  if (run->unsynced &&
      !self->files->sync_folder (self->files, self->folder, error))
    return FALSE;
  return write_index (run, error);
}

/* The new index is what anybody reads now: so it is the state, even where its name
 * could not be synced. What the old one names becomes garbage, which stays until a
 * commit is through, since a power cut may bring the old one back. */
static void
adopt (Run *run)
{
  EkaSpool *self = run->spool;
  EkaSpoolCommit *commit = run->commit;
  guint i;

  if (commit->index != NULL)
    {
      g_clear_pointer (&self->index, eka_index_free);
      g_clear_error (&self->index_error);
      self->index = g_steal_pointer (&commit->index);
    }
  if (run->change->changes_journal)
    eka_spool_journal_replace (self, &run->journal);
  for (i = 0; i < commit->remove->len; i++)
    g_ptr_array_add (self->garbage,
                     g_strdup (g_ptr_array_index (commit->remove, i)));
}

/* What can't be removed now is not named by the index, and goes later. */
static void
undo (Run *run)
{
  EkaSpool *self = run->spool;
  guint i;

  if (self->folder != NULL)
    eka_spool_journal_discard (self, &run->journal);
  for (i = 0; i < run->written->len; i++)
    {
      const gchar *name = g_ptr_array_index (run->written, i);

      if (!eka_spool_remove_file (self, name, NULL))
        g_ptr_array_add (self->garbage, g_strdup (name));
      g_hash_table_remove (self->present, name);
    }
}

/* Returns: (transfer full) (element-type utf8): what @index names; its strings */
static GHashTable *
collect_names (const EkaIndex *index)
{
  GHashTable *names = g_hash_table_new (g_str_hash, g_str_equal);
  guint i;

  for (i = 0; index != NULL && i < index->entries->len; i++)
    {
      const EkaIndexEntry *entry = g_ptr_array_index (index->entries, i);

      if (entry->file != NULL)
        g_hash_table_add (names, entry->file);
    }
  if (index != NULL && index->journal != NULL)
    g_hash_table_add (names, index->journal);
  return names;
}

/* What can't be removed now is tried again after the next commit. */
static void
remove_garbage (EkaSpool *self)
{
  g_autoptr (GHashTable) named = NULL;
  g_autoptr (GPtrArray) garbage = self->garbage;
  guint i;

  self->garbage = g_ptr_array_new_with_free_func (g_free);
  if (garbage->len == 0)
    return;
  named = collect_names (self->index);
  for (i = 0; i < garbage->len; i++)
    {
      const gchar *name = g_ptr_array_index (garbage, i);

      if (g_hash_table_contains (named, name))
        continue;
      if (eka_spool_remove_file (self, name, NULL))
        g_hash_table_remove (self->present, name);
      else
        g_ptr_array_add (self->garbage, g_strdup (name));
    }
}

/* What comes of a step that missed a name: there is no folder any more, or the
 * caller is wrong. */
static void
judge_missing (EkaSpool *self,
               GError   *error)
{
  if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
    return;
  if (self->folder != NULL && !eka_spool_folder_is_there (self))
    eka_spool_folder_forget (self);
  else
    error->code = G_IO_ERROR_FAILED;
}

static gboolean
check (EkaSpool *self,
       GError  **error)
{
  if (self->closed)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED,
                           "The folder of the session is closed");
      return FALSE;
    }
  if (g_error_matches (self->index_error, G_IO_ERROR,
                       G_IO_ERROR_NOT_SUPPORTED))
    {
      g_propagate_error (error, g_error_copy (self->index_error));
      return FALSE;
    }
  if (self->folder == NULL || eka_spool_folder_is_there (self))
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
               "The folder %s was removed, and with it the audio that was kept "
               "there", self->folder);
  eka_spool_folder_forget (self);
  return FALSE;
}

/**
 * eka_spool_commit_run:
 * @self: a spool
 * @change: a commit, whose index is taken
 * @error: return location for an error
 *
 * Does all steps of a commit. See eka_spool_commit().
 *
 * Returns: %FALSE on error
 */
gboolean
eka_spool_commit_run (EkaSpool       *self,
                      EkaSpoolChange *change,
                      GError        **error)
{
  g_autoptr (GPtrArray) written = g_ptr_array_new_with_free_func (g_free);
  GError *reason = NULL;
  Run run = {
    .spool = self,
    .change = change,
    .commit = change->commit,
    .journal = { .fd = -1 },
    .written = written,
  };
  gboolean good;

  if (!check (self, error))
    return FALSE;
  if (change->before != NULL)
    eka_spool_journal_append (self, change->before);
  good = run_steps (&run, &reason);
  if (run.visible)
    adopt (&run);
  else if (!good)
    undo (&run);
  if (good)
    {
      if (!run.visible)
        adopt (&run);
      remove_garbage (self);
      return TRUE;
    }
  judge_missing (self, reason);
  g_propagate_error (error, reason);
  return FALSE;
}
