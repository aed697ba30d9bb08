/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#define _GNU_SOURCE
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static gboolean
fail (GError     **error,
      const gchar *action,
      const gchar *filename)
{
  int saved = errno;

  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (saved),
               "Could not %s “%s”: %s%s", action, filename, g_strerror (saved),
               saved == EEXIST ? " (--force overwrites it)" : "");
  return FALSE;
}

static gboolean
write_all (int     fd,
           GBytes *bytes)
{
  gsize left;
  const guint8 *data = g_bytes_get_data (bytes, &left);

  while (left > 0)
    {
      gssize n = write (fd, data, left);

      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        return FALSE;
      data += n;
      left -= n;
    }
  return TRUE;
}

static gboolean
write_stdout (GBytes  *bytes,
              GError **error)
{
  fflush (stdout);
  return write_all (STDOUT_FILENO, bytes) ||
         fail (error, "write", "standard output");
}

/* Gives the file at @from the name @to. */
static gboolean
give_name (const gchar *from,
           const gchar *to,
           gboolean     force)
{
  if (force)
    return g_rename (from, to) == 0;
  if (renameat2 (AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
    return TRUE;
  if (errno != EINVAL && errno != ENOSYS)
    return FALSE;
  /* Network file systems that do not know the flag know hard links. */
  if (link (from, to) != 0)
    return FALSE;
  g_unlink (from);
  return TRUE;
}

static void
sync_folder (const gchar *folder)
{
  int fd = open (folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

  if (fd < 0)
    return;
  fsync (fd);
  close (fd);
}

/* Devices and pipes are written to as they are: nothing takes their place. */
static gboolean
write_special (const gchar *filename,
               GBytes      *bytes,
               GError     **error)
{
  int fd = open (filename, O_WRONLY | O_CLOEXEC);
  gboolean good = fd >= 0 && write_all (fd, bytes);

  if (!good)
    fail (error, "write", filename);
  if (fd >= 0)
    close (fd);
  return good;
}

static gboolean
is_special (const gchar *filename)
{
  GStatBuf info;

  return g_stat (filename, &info) == 0 && !S_ISREG (info.st_mode) &&
         !S_ISDIR (info.st_mode);
}

/**
 * output_is_free:
 * @filename: a file name, or `-`
 * @force: it may be there already
 * @error: return location for a #GIOErrorEnum
 *
 * Finds out, before the work is done, whether output_write() would refuse the
 * name.
 *
 * Returns: whether it would take it
 */
gboolean
output_is_free (const gchar *filename,
                gboolean     force,
                GError     **error)
{
  g_autofree gchar *folder = g_path_get_dirname (filename);

  if (g_str_equal (filename, "-") || is_special (filename))
    return TRUE;
  if (g_file_test (filename, G_FILE_TEST_IS_DIR))
    {
      errno = EISDIR;
      return fail (error, "write", filename);
    }
  if (!force && g_file_test (filename, G_FILE_TEST_EXISTS))
    {
      errno = EEXIST;
      return fail (error, "write", filename);
    }
  if (!g_file_test (folder, G_FILE_TEST_IS_DIR))
    {
      errno = ENOENT;
      return fail (error, "write", filename);
    }
  return TRUE;
}

/**
 * output_write:
 * @filename: a file name, or `-` for standard output
 * @force: a file that is there already is replaced
 * @bytes: what to write
 * @error: return location for a #GIOErrorEnum
 *
 * Writes a file that its owner alone can read, so that it is either there whole
 * or not at all.
 *
 * Returns: whether it is there
 */
gboolean
output_write (const gchar *filename,
              gboolean     force,
              GBytes      *bytes,
              GError     **error)
{
  g_autofree gchar *folder = g_path_get_dirname (filename);
  g_autofree gchar *temporary = g_build_filename (folder, ".ekascribe-XXXXXX",
                                                  NULL);
  gboolean good;
  int fd;

  if (g_str_equal (filename, "-"))
    return write_stdout (bytes, error);
  if (!output_is_free (filename, force, error))
    return FALSE;
  if (is_special (filename))
    return write_special (filename, bytes, error);
  fd = g_mkstemp_full (temporary, O_RDWR | O_CLOEXEC, 0600);
  if (fd < 0)
    return fail (error, "create a file in", folder);
  good = write_all (fd, bytes) && fsync (fd) == 0;
  good = close (fd) == 0 && good;
  good = good && give_name (temporary, filename, force);
  if (!good)
    {
      fail (error, "write", filename);
      g_unlink (temporary);
      return FALSE;
    }
  sync_folder (folder);
  return TRUE;
}
