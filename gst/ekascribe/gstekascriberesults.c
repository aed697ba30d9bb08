/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#define _GNU_SOURCE
#include "gstekascriberesults.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Names tried beside an existing file before that is given up. */
#define MAX_NAMES 9999

static void
set_error (GError     **error,
           const gchar *action,
           const gchar *filename)
{
  int saved = errno;

  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (saved),
               "Could not %s \"%s\": %s", action, filename,
               g_strerror (saved));
}

static int
open_temporary (const gchar *folder,
                gchar      **path,
                GError     **error)
{
  g_autofree gchar *template =
      g_build_filename (folder, ".ekascribe-XXXXXX", NULL);
  int fd;

  fd = g_mkstemp_full (template, O_RDWR | O_CLOEXEC, 0600);
  if (fd < 0) {
    set_error (error, "create a file in", folder);
    return -1;
  }
  *path = g_steal_pointer (&template);
  return fd;
}

/**
 * gst_ekascribe_results_check:
 * @location: a file name, in which `%s` stands for the session id
 * @error: return location for a #GIOErrorEnum
 *
 * Finds out whether files can be made where @location points, by making one.
 *
 * Returns: whether they can
 */
gboolean
gst_ekascribe_results_check (const gchar *location,
                             GError     **error)
{
  g_autofree gchar *folder = g_path_get_dirname (location);
  g_autofree gchar *path = NULL;
  int fd;

  if (g_str_has_suffix (location, G_DIR_SEPARATOR_S) ||
      g_file_test (location, G_FILE_TEST_IS_DIR)) {
    errno = EISDIR;
    set_error (error, "write", location);
    return FALSE;
  }
  fd = open_temporary (folder, &path, error);
  if (fd < 0)
    return FALSE;
  close (fd);
  g_unlink (path);
  return TRUE;
}

static gboolean
write_all (int          fd,
           const gchar *text)
{
  gsize left = strlen (text);

  while (left > 0) {
    gssize n = write (fd, text, left);

    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return FALSE;
    text += n;
    left -= n;
  }
  return fsync (fd) == 0;
}

/* Gives the file at @from the name @to, but never in place of another. */
static gboolean
rename_exclusive (const gchar *from,
                  const gchar *to)
{
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

/* Puts @suffix before the extension. */
static gchar *
suffixed_name (const gchar *name,
               const gchar *suffix)
{
  const gchar *base = strrchr (name, G_DIR_SEPARATOR);
  const gchar *dot;

  base = base != NULL ? base + 1 : name;
  dot = strrchr (base, '.');
  if (dot == NULL || dot == base)
    return g_strconcat (name, suffix, NULL);
  return g_strdup_printf ("%.*s%s%s", (int) (dot - name), name, suffix, dot);
}

static gchar *
numbered_name (const gchar *name,
               guint        number)
{
  g_autofree gchar *suffix = g_strdup_printf ("-%u", number);

  return number == 1 ? g_strdup (name) : suffixed_name (name, suffix);
}

static gchar *
give_name (const gchar *temporary,
           const gchar *name,
           GError     **error)
{
  guint i;

  for (i = 1; i <= MAX_NAMES; i++) {
    g_autofree gchar *candidate = numbered_name (name, i);

    if (rename_exclusive (temporary, candidate))
      return g_steal_pointer (&candidate);
    if (errno != EEXIST)
      break;
  }
  set_error (error, "write", name);
  return NULL;
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

/**
 * gst_ekascribe_results_write:
 * @location: a file name, in which `%s` stands for the session id
 * @session_id: the session
 * @part: its number, where it is one of several that make a recording: the file
 *   is `name-partN.ext` then; 0: it is not
 * @text: what to write
 * @error: return location for a #GIOErrorEnum
 *
 * Writes @text, readable for the owner only, so that the file is either there
 * whole or not at all. A file that is there already stays: `name.ext` becomes
 * `name-2.ext`, and so on.
 *
 * Returns: (transfer full) (nullable): the name of the file
 */
gchar *
gst_ekascribe_results_write (const gchar *location,
                             const gchar *session_id,
                             guint        part,
                             const gchar *text,
                             GError     **error)
{
  g_autofree gchar *suffix = g_strdup_printf ("-part%u", part);
  g_autofree gchar *suffixed =
      part > 0 ? suffixed_name (location, suffix) : g_strdup (location);
  g_autoptr (GString) name = g_string_new (suffixed);
  g_autofree gchar *folder = NULL;
  g_autofree gchar *temporary = NULL;
  g_autofree gchar *path = NULL;
  gboolean written;
  int fd;

  g_string_replace (name, "%s", session_id, 0);
  folder = g_path_get_dirname (name->str);
  fd = open_temporary (folder, &temporary, error);
  if (fd < 0)
    return NULL;
  written = write_all (fd, text);
  if (!written)
    set_error (error, "write", name->str);
  close (fd);
  if (written)
    path = give_name (temporary, name->str, error);
  if (path == NULL)
    g_unlink (temporary);
  else
    sync_folder (folder);
  return g_steal_pointer (&path);
}
