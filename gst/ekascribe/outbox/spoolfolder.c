/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "outbox/spoolprivate.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "outbox/lockfile.h"
#include "outbox/names.h"
#include "outbox/reading.h"

#define MAX_DESCRIPTION (4 * 1024 * 1024)

/**
 * eka_spool_build_path:
 * @self: a spool with a folder
 * @name: of a file
 *
 * Returns: (transfer full): its path
 */
gchar *
eka_spool_build_path (EkaSpool    *self,
                      const gchar *name)
{
  return g_build_filename (self->folder, name, NULL);
}

/* Returns: what is free when @path is gone: that of which there are several names
 *   counts once */
static guint64
get_size (const gchar *path)
{
  struct stat st;

  if (lstat (path, &st) < 0 || !S_ISREG (st.st_mode))
    return 0;
  return (guint64) st.st_size / MAX (st.st_nlink, 1);
}

static gboolean
remove_path (EkaSpool    *self,
             const gchar *path,
             GError     **error)
{
  g_autoptr (GError) reason = NULL;
  const guint64 size = get_size (path);

  if (self->files->remove (self->files, path, &reason))
    {
      eka_store_return_space (self->store, size);
      return TRUE;
    }
  if (g_error_matches (reason, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&reason));
  return FALSE;
}

/**
 * eka_spool_remove_file:
 * @self: a spool with a folder
 * @name: of a file in it
 * @error: return location for an error
 *
 * Returns: %FALSE on error: it may still be there
 */
gboolean
eka_spool_remove_file (EkaSpool    *self,
                       const gchar *name,
                       GError     **error)
{
  g_autofree gchar *path = eka_spool_build_path (self, name);

  return remove_path (self, path, error);
}

/**
 * eka_spool_save_file:
 * @self: a spool
 * @folder: path
 * @name: of a file in it
 * @bytes: what is to be in it
 * @error: return location for an error
 *
 * As eka_files_save(), within the bounds of the store.
 *
 * Returns: %FALSE on error: all is as it was
 */
gboolean
eka_spool_save_file (EkaSpool    *self,
                     const gchar *folder,
                     const gchar *name,
                     GBytes      *bytes,
                     GError     **error)
{
  g_autofree gchar *path = g_build_filename (folder, name, NULL);
  const guint64 old = get_size (path);
  const guint8 *data;
  gboolean good;
  gsize size;

  data = g_bytes_get_data (bytes, &size);
  if (!eka_store_take_space (self->store, size, error))
    return FALSE;
  good = eka_files_save (self->files, folder, name, data, size, error);
  eka_store_return_space (self->store, good ? old : size);
  return good;
}

/* Returns: whether @fd is the lock file of @folder */
static gboolean
is_lock_of (int          fd,
            const gchar *folder)
{
  g_autofree gchar *path = g_build_filename (folder, EKA_LOCKFILE_NAME, NULL);
  struct stat ours, there;

  return fstat (fd, &ours) == 0 && ours.st_nlink > 0 &&
         lstat (path, &there) == 0 && ours.st_dev == there.st_dev &&
         ours.st_ino == there.st_ino;
}

/**
 * eka_spool_folder_is_there:
 * @self: a spool with a folder
 *
 * Returns: whether the folder is the one that is locked
 */
gboolean
eka_spool_folder_is_there (EkaSpool *self)
{
  return is_lock_of (self->lock_fd, self->folder);
}

static void
set_made (EkaSpool *self,
          gboolean  made)
{
  g_mutex_lock (&self->lock);
  self->made = made;
  g_mutex_unlock (&self->lock);
}

static void
take_new_name (EkaSpool *self)
{
  g_mutex_lock (&self->lock);
  g_ptr_array_add (self->names, eka_name_make_session ());
  g_mutex_unlock (&self->lock);
}

static void
close_lock (EkaSpool *self)
{
  if (self->lock_fd >= 0)
    close (self->lock_fd);
  self->lock_fd = -1;
}

/**
 * eka_spool_folder_forget:
 * @self: a spool
 *
 * Nothing that was in the folder is there any more; the next one gets another name.
 */
void
eka_spool_folder_forget (EkaSpool *self)
{
  EkaSpoolJournal none = { .fd = -1 };

  eka_spool_journal_replace (self, &none);
  g_ptr_array_set_size (self->garbage, 0);
  g_hash_table_remove_all (self->present);
  g_clear_pointer (&self->index, eka_index_free);
  g_clear_error (&self->index_error);
  self->index = eka_index_new ();
  close_lock (self);
  g_clear_pointer (&self->folder, g_free);
  set_made (self, FALSE);
  take_new_name (self);
}

/* Makes the lock file in @folder and takes it. Returns: %FALSE on error */
static gboolean
make_lock (EkaSpool    *self,
           const gchar *folder,
           GError     **error)
{
  g_autofree gchar *path = g_build_filename (folder, EKA_LOCKFILE_NAME, NULL);
  g_autofree gchar *text = eka_lockfile_print (self->task);
  int fd = self->files->create (self->files, path, error);
  gboolean good;

  if (fd < 0)
    return FALSE;
  good = self->files->write (self->files, fd, (const guint8 *) text,
                             strlen (text), error);
  self->files->close (self->files, fd);
  if (!good)
    return FALSE;
  self->lock_fd = eka_reading_open_file (AT_FDCWD, path, O_RDWR, error);
  return self->lock_fd >= 0 && eka_lockfile_take (self->lock_fd, error);
}

/* Best effort; @folder has only what was just made in it. */
static void
unmake (EkaSpool    *self,
        const gchar *folder)
{
  g_autofree gchar *lock = g_build_filename (folder, EKA_LOCKFILE_NAME, NULL);
  g_autofree gchar *description =
      g_build_filename (folder, EKA_SPOOL_DESCRIPTION_NAME, NULL);

  remove_path (self, description, NULL);
  remove_path (self, lock, NULL);
  self->files->remove_folder (self->files, folder, NULL);
  close_lock (self);
}

/* Makes @path, and all above it where that went meanwhile. */
static gboolean
make_new (EkaSpool    *self,
          const gchar *path,
          GError     **error)
{
  g_autoptr (GError) reason = NULL;

  if (self->files->make_folder (self->files, path, &reason))
    return TRUE;
  if (!g_error_matches (reason, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
    {
      g_propagate_error (error, g_steal_pointer (&reason));
      return FALSE;
    }
  return eka_store_prepare (self->store, error) &&
         self->files->make_folder (self->files, path, error);
}

static gboolean
fill_new (EkaSpool    *self,
          const gchar *folder,
          GError     **error)
{
  return make_lock (self, folder, error) &&
         (self->description == NULL ||
          eka_spool_save_file (self, folder, EKA_SPOOL_DESCRIPTION_NAME,
                               self->description, error));
}

/* Whether something has the name that the folder is to get: one that was copied
 * from here, or what could not be removed. */
static gboolean
is_name_used (EkaSpool    *self,
              const gchar *path,
              const gchar *tmp)
{
  struct stat st;

  return lstat (path, &st) == 0 || lstat (tmp, &st) == 0;
}

/**
 * eka_spool_folder_make:
 * @self: a spool without a folder
 * @error: return location for an error
 *
 * Makes the folder with its lock and the description, under a name that nobody
 * looks at, and shows it when it is locked.
 *
 * Returns: %FALSE on error: nothing is left of it, as far as that can be done
 */
gboolean
eka_spool_folder_make (EkaSpool *self,
                       GError  **error)
{
  EkaFiles *files = self->files;
  const gchar *location = eka_store_get_location (self->store);
  g_autofree gchar *path = NULL;
  g_autofree gchar *tmp = NULL;
  g_autofree gchar *tmp_name = NULL;

  path = g_build_filename (location, eka_spool_get_name (self), NULL);
  tmp_name = g_strconcat (EKA_NAME_NEW_PREFIX, eka_spool_get_name (self), NULL);
  tmp = g_build_filename (location, tmp_name, NULL);
  if (is_name_used (self, path, tmp))
    {
      take_new_name (self);
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_EXISTS,
                   "There is something at %s already", path);
      return FALSE;
    }
  if (!make_new (self, tmp, error))
    return FALSE;
  /* A power cut may leave the name of the folder without those in it. */
  if (!fill_new (self, tmp, error) ||
      !files->sync_folder (files, tmp, error) ||
      !files->rename (files, tmp, path, error))
    {
      unmake (self, tmp);
      return FALSE;
    }
  if (!files->sync_folder (files, location, error))
    {
      unmake (self, path);
      return FALSE;
    }
  self->folder = g_steal_pointer (&path);
  self->fresh = TRUE;
  set_made (self, TRUE);
  return TRUE;
}

/* Opens the lock file in the folder @at, where it may be missing. */
static int
open_lock (EkaSpool    *self,
           int          at,
           const gchar *folder,
           GError     **error)
{
  g_autoptr (GError) reason = NULL;
  g_autofree gchar *path = NULL;
  int fd = eka_reading_open_file (at, EKA_LOCKFILE_NAME, O_RDWR, &reason);

  if (fd >= 0)
    return fd;
  if (!g_error_matches (reason, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
    {
      g_propagate_error (error, g_steal_pointer (&reason));
      return -1;
    }
  path = g_build_filename (folder, EKA_LOCKFILE_NAME, NULL);
  fd = self->files->create (self->files, path, error);
  if (fd < 0)
    return -1;
  self->files->close (self->files, fd);
  return eka_reading_open_file (at, EKA_LOCKFILE_NAME, O_RDWR, error);
}

/* For people only: an error does not matter. */
static void
write_lock_text (EkaSpool *self)
{
  g_autofree gchar *text = eka_lockfile_print (self->task);

  if (ftruncate (self->lock_fd, 0) < 0 ||
      pwrite (self->lock_fd, text, strlen (text), 0) < 0)
    g_debug ("the lock file stays as it was: %s", g_strerror (errno));
}

static gboolean
lock_folder (EkaSpool    *self,
             int          at,
             const gchar *folder,
             const gchar *name,
             GError     **error)
{
  self->lock_fd = open_lock (self, at, folder, error);
  if (self->lock_fd < 0 || !eka_lockfile_take (self->lock_fd, error))
    {
      g_prefix_error (error, "%s: ", name);
      return FALSE;
    }
  if (!is_lock_of (self->lock_fd, folder))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                   "%s was removed just now", name);
      return FALSE;
    }
  write_lock_text (self);
  return TRUE;
}

/* Notes what lies in the folder and removes what is ours and was not finished. */
static void
take_stock (EkaSpool *self,
            int       at)
{
  g_autoptr (GPtrArray) names = eka_reading_list (at);
  guint i, number;

  for (i = 0; i < names->len; i++)
    {
      const gchar *name = g_ptr_array_index (names, i);

      if (eka_name_is_temporary (name))
        eka_spool_remove_file (self, name, NULL);
      else if (eka_name_is_audio (name, NULL))
        g_hash_table_add (self->present, g_strdup (name));
      else if (eka_name_is_journal (name, &number))
        {
          self->next_journal = MAX (self->next_journal, number + 1);
          g_ptr_array_add (self->garbage, g_strdup (name));
        }
    }
}

static void
load_index (EkaSpool *self,
            int       at)
{
  g_autoptr (GError) reason = NULL;
  g_autoptr (GBytes) bytes =
      eka_reading_load (at, EKA_INDEX_NAME, G_MAXUINT64, &reason);

  g_clear_pointer (&self->index, eka_index_free);
  if (bytes != NULL)
    self->index = eka_index_parse (bytes, &reason);
  else if (g_error_matches (reason, G_IO_ERROR, G_IO_ERROR_NOT_FOUND) &&
           g_hash_table_size (self->present) == 0)
    self->index = eka_index_new ();
  if (self->index != NULL)
    return;
  self->index_error = g_steal_pointer (&reason);
  if (self->index_error->code != G_IO_ERROR_NOT_SUPPORTED)
    self->index_error->code = G_IO_ERROR_INVALID_DATA;
}

static gint
find_name (GPtrArray   *names,
           const gchar *name)
{
  guint i;

  return name != NULL && g_ptr_array_find_with_equal_func (names, name,
                                                           g_str_equal, &i)
             ? (gint) i
             : -1;
}

/* What a good index does not name is not there, and goes: steps that were not
 * finished. */
static void
remove_unnamed (EkaSpool *self)
{
  g_autoptr (GHashTable) named = g_hash_table_new (g_str_hash, g_str_equal);
  GHashTableIter iter;
  gpointer name;
  guint i;

  for (i = 0; i < self->index->entries->len; i++)
    {
      const EkaIndexEntry *entry = g_ptr_array_index (self->index->entries, i);

      if (entry->file != NULL)
        g_hash_table_add (named, entry->file);
    }
  g_hash_table_iter_init (&iter, self->present);
  while (g_hash_table_iter_next (&iter, &name, NULL))
    {
      if (g_hash_table_contains (named, name))
        continue;
      eka_spool_remove_file (self, name, NULL);
      g_hash_table_iter_remove (&iter);
    }
  for (i = 0; i < self->garbage->len; i++)
    eka_spool_remove_file (self, g_ptr_array_index (self->garbage, i), NULL);
  g_ptr_array_set_size (self->garbage, 0);
}

/* The journal that is named stays as it is until a commit ends it. */
static void
take_journal (EkaSpool *self)
{
  gint place;

  if (self->index == NULL)
    return;
  place = find_name (self->garbage, self->index->journal);
  if (place < 0)
    return;
  self->journal.name = g_ptr_array_steal_index (self->garbage, (guint) place);
}

/**
 * eka_spool_folder_open:
 * @self: a spool without a folder
 * @name: of a folder that is there
 * @error: return location for an error; see eka_spool_open()
 *
 * Locks it, and looks what is there. On any thread, while nobody else knows @self.
 *
 * Returns: %FALSE on error
 */
gboolean
eka_spool_folder_open (EkaSpool    *self,
                       const gchar *name,
                       GError     **error)
{
  g_autofree gchar *folder =
      g_build_filename (eka_store_get_location (self->store), name, NULL);
  const int at = eka_reading_open_folder (AT_FDCWD, folder, error);
  struct stat st;

  if (at < 0)
    return FALSE;
  if (fstat (at, &st) < 0 || st.st_uid != geteuid ())
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED,
                   "%s belongs to another user", name);
      close (at);
      return FALSE;
    }
  if (!lock_folder (self, at, folder, name, error))
    {
      close_lock (self);
      close (at);
      return FALSE;
    }
  self->folder = g_steal_pointer (&folder);
  self->made = TRUE;
  take_stock (self, at);
  load_index (self, at);
  take_journal (self);
  if (self->index != NULL)
    remove_unnamed (self);
  self->description = eka_reading_load (at, EKA_SPOOL_DESCRIPTION_NAME,
                                        MAX_DESCRIPTION, NULL);
  close (at);
  return TRUE;
}

/* The lock goes last: who holds it keeps others out. */
static gboolean
empty_folder (EkaSpool    *self,
              const gchar *folder,
              GError     **error)
{
  const int at = eka_reading_open_folder (AT_FDCWD, folder, error);
  g_autofree gchar *lock = g_build_filename (folder, EKA_LOCKFILE_NAME, NULL);
  g_autoptr (GPtrArray) names = NULL;
  gboolean good = TRUE;
  guint i;

  if (at < 0)
    return FALSE;
  names = eka_reading_list (at);
  close (at);
  for (i = 0; good && i < names->len; i++)
    {
      const gchar *name = g_ptr_array_index (names, i);
      g_autofree gchar *path = g_build_filename (folder, name, NULL);

      good = strcmp (name, EKA_LOCKFILE_NAME) == 0 ||
             remove_path (self, path, error);
    }
  return good && remove_path (self, lock, error);
}

/**
 * eka_spool_folder_remove:
 * @self: a spool
 * @error: return location for an error
 *
 * Removes the folder with all that is in it. It is not that of a session any more
 * before the first file goes.
 *
 * Returns: %FALSE on error: all of it may be there, or a part that nobody looks at
 */
gboolean
eka_spool_folder_remove (EkaSpool *self,
                         GError  **error)
{
  EkaFiles *files = self->files;
  const gchar *location = eka_store_get_location (self->store);
  g_autofree gchar *folder = g_steal_pointer (&self->folder);
  g_autofree gchar *tmp_name = NULL;
  g_autofree gchar *tmp = NULL;
  gboolean good;

  if (folder == NULL)
    return TRUE;
  if (!is_lock_of (self->lock_fd, folder))
    {
      close_lock (self);
      set_made (self, FALSE);
      return TRUE;
    }
  tmp_name = g_strconcat (EKA_NAME_GONE_PREFIX, eka_spool_get_name (self), NULL);
  tmp = g_build_filename (location, tmp_name, NULL);
  good = files->rename (files, folder, tmp, error) &&
         files->sync_folder (files, location, error) &&
         empty_folder (self, tmp, error) &&
         files->remove_folder (files, tmp, error);
  close_lock (self);
  set_made (self, FALSE);
  return good;
}
