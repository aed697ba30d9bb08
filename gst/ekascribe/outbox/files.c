/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "outbox/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define FOLDER_MODE 0700
#define FILE_MODE 0600

/* A quota is space for those who wait for some; GLib 2.74 knows no name for it. */
static gint
code_from_errno (int err)
{
#ifdef EDQUOT
  if (err == EDQUOT)
    return G_IO_ERROR_NO_SPACE;
#endif
  return (gint) g_io_error_from_errno (err);
}

/* Sets @error to what was tried, and why that failed. */
static gboolean G_GNUC_PRINTF (3, 4)
fail (GError    **error,
      int         err,
      const char *format,
      ...)
{
  g_autofree gchar *what = NULL;
  va_list args;

  va_start (args, format);
  what = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error (error, G_IO_ERROR, code_from_errno (err), "%s: %s", what,
               g_strerror (err));
  return FALSE;
}

/* File systems without modes, or with modes of their own, refuse to change them:
 * who mounted them has decided. */
static gboolean
has_no_modes (int err)
{
  return err == EPERM || err == ENOTSUP || err == EOPNOTSUPP || err == ENOSYS;
}

static gboolean
make_folder (EkaFiles    *self,
             const gchar *path,
             GError     **error)
{
  int err;

  if (mkdir (path, FOLDER_MODE) < 0)
    return fail (error, errno, "making the folder %s", path);
  /* Whatever the umask took. */
  if (chmod (path, FOLDER_MODE) < 0 && !has_no_modes (errno))
    {
      err = errno;
      rmdir (path);
      return fail (error, err, "making the folder %s private", path);
    }
  return TRUE;
}

static int
create (EkaFiles    *self,
        const gchar *path,
        GError     **error)
{
  int fd, err;

  do
    fd = open (path,
               O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC | O_NOFOLLOW,
               FILE_MODE);
  while (fd < 0 && errno == EINTR);
  if (fd < 0)
    {
      fail (error, errno, "making the file %s", path);
      return -1;
    }
  if (fchmod (fd, FILE_MODE) < 0 && !has_no_modes (errno))
    {
      err = errno;
      close (fd);
      unlink (path);
      fail (error, err, "making the file %s private", path);
      return -1;
    }
  return fd;
}

static gboolean
write_all (EkaFiles     *self,
           int           fd,
           const guint8 *data,
           gsize         size,
           GError      **error)
{
  while (size > 0)
    {
      const ssize_t n = write (fd, data, MIN (size, (gsize) G_MAXINT));

      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        return fail (error, errno, "writing to disk");
      /* Nothing, and no reason: again would be for ever. */
      if (n == 0)
        return fail (error, EIO, "writing to disk");
      data += n;
      size -= (gsize) n;
    }
  return TRUE;
}

static gboolean
sync_file (EkaFiles *self,
           int       fd,
           GError  **error)
{
  int result;

  do
    result = fdatasync (fd);
  while (result < 0 && errno == EINTR);
  return result == 0 || fail (error, errno, "waiting for the disk");
}

static void
close_file (EkaFiles *self,
            int       fd)
{
  /* Not again after EINTR: the descriptor is gone, and may be another's. */
  close (fd);
}

static gboolean
rename_file (EkaFiles    *self,
             const gchar *from,
             const gchar *to,
             GError     **error)
{
  return rename (from, to) == 0 ||
         fail (error, errno, "renaming %s to %s", from, to);
}

static gboolean
link_file (EkaFiles    *self,
           const gchar *from,
           const gchar *to,
           GError     **error)
{
  return link (from, to) == 0 ||
         fail (error, errno, "linking %s to %s", from, to);
}

static gboolean
remove_file (EkaFiles    *self,
             const gchar *path,
             GError     **error)
{
  return unlink (path) == 0 ||
         fail (error, errno, "removing the file %s", path);
}

static gboolean
remove_folder (EkaFiles    *self,
               const gchar *path,
               GError     **error)
{
  return rmdir (path) == 0 ||
         fail (error, errno, "removing the folder %s", path);
}

static gboolean
sync_folder (EkaFiles    *self,
             const gchar *path,
             GError     **error)
{
  int fd, result, err;

  do
    fd = open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  while (fd < 0 && errno == EINTR);
  if (fd < 0)
    return fail (error, errno, "opening the folder %s", path);
  do
    result = fsync (fd);
  while (result < 0 && errno == EINTR);
  err = errno;
  close (fd);
  /* So says a file system that has no such thing: there is no more to do. */
  if (result == 0 || err == EINVAL || err == ENOSYS || err == ENOTSUP)
    return TRUE;
  return fail (error, err, "waiting for the disk with the folder %s", path);
}

static gboolean
get_space (EkaFiles    *self,
           const gchar *path,
           guint64     *left,
           guint64     *size,
           GError     **error)
{
  struct statvfs fs;
  int result;

  do
    result = statvfs (path, &fs);
  while (result < 0 && errno == EINTR);
  if (result < 0)
    return fail (error, errno, "asking how much space is left in %s", path);
  *left = (guint64) fs.f_bavail * fs.f_frsize;
  *size = (guint64) fs.f_blocks * fs.f_frsize;
  /* Network file systems and boundless ones do not tell. */
  if (*size == 0)
    *left = G_MAXUINT64;
  return TRUE;
}

static void
free_table (EkaFiles *self)
{
  g_free (self);
}

/**
 * eka_files_new:
 *
 * The file system as it is. Every call may be made from any thread. What it makes
 * is its owner's alone, whatever the umask, and no link is followed to make it. A
 * file system that can't sync folders is taken as one that need not. Where the
 * size of a file system is not known, get_space() says that all of it is 0, and
 * %G_MAXUINT64 are left.
 *
 * Returns: (transfer full): the table
 */
EkaFiles *
eka_files_new (void)
{
  EkaFiles *self = g_new0 (EkaFiles, 1);

  self->make_folder = make_folder;
  self->create = create;
  self->write = write_all;
  self->sync = sync_file;
  self->close = close_file;
  self->rename = rename_file;
  self->link = link_file;
  self->remove = remove_file;
  self->remove_folder = remove_folder;
  self->sync_folder = sync_folder;
  self->get_space = get_space;
  self->free = free_table;
  return self;
}

/**
 * eka_files_free:
 * @files: (transfer full): a table
 */
void
eka_files_free (EkaFiles *files)
{
  files->free (files);
}

/* As create(), but in place of what a crash left there. */
static int
create_anew (EkaFiles    *files,
             const gchar *path,
             GError     **error)
{
  g_autoptr (GError) reason = NULL;
  const int fd = files->create (files, path, &reason);

  if (fd >= 0)
    return fd;
  if (!g_error_matches (reason, G_IO_ERROR, G_IO_ERROR_EXISTS))
    {
      g_propagate_error (error, g_steal_pointer (&reason));
      return -1;
    }
  if (!files->remove (files, path, error))
    return -1;
  return files->create (files, path, error);
}

/**
 * eka_files_save:
 * @files: a table
 * @folder: where
 * @name: of the file in @folder
 * @data: (array length=size): what is to be in it
 * @size: its length
 * @error: return location for an error of %G_IO_ERROR
 *
 * Writes a file of which there is always all or nothing: `.NAME.tmp` first, which
 * is synced and then gets its name, in place of what had it before. @folder is not
 * synced. After an error @name is what it was, and the temporary file is gone, as
 * far as the disk allows.
 *
 * Returns: %FALSE on error
 */
gboolean
eka_files_save (EkaFiles     *files,
                const gchar  *folder,
                const gchar  *name,
                const guint8 *data,
                gsize         size,
                GError      **error)
{
  g_autofree gchar *path = g_build_filename (folder, name, NULL);
  g_autofree gchar *tmp = g_strdup_printf ("%s%s.%s.tmp", folder,
                                           G_DIR_SEPARATOR_S, name);
  const int fd = create_anew (files, tmp, error);
  gboolean good;

  if (fd < 0)
    return FALSE;
  good = files->write (files, fd, data, size, error) &&
         files->sync (files, fd, error);
  if (!good)
    g_prefix_error (error, "%s: ", path);
  files->close (files, fd);
  good = good && files->rename (files, tmp, path, error);
  if (!good)
    files->remove (files, tmp, NULL);
  return good;
}
