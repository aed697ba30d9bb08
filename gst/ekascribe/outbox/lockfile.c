/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* For F_OFD_SETLK: a lock of the descriptor, not of the process, which any close
 * of any other descriptor of the file would let go. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include "outbox/lockfile.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define MAX_TEXT 256

/**
 * eka_lockfile_take:
 * @fd: of a lock file, for writing
 * @error: return location for an error of %G_IO_ERROR; %G_IO_ERROR_BUSY where
 *   another one has it, and says who
 *
 * Takes the lock, which goes with the last copy of @fd. Never waits.
 *
 * Returns: %FALSE on error
 */
gboolean
eka_lockfile_take (int      fd,
                   GError **error)
{
  struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
  g_autofree gchar *text = NULL;
  int result;

  do
    result = fcntl (fd, F_OFD_SETLK, &lock);
  while (result < 0 && errno == EINTR);
  if (result == 0)
    return TRUE;
  if (errno != EAGAIN && errno != EACCES)
    {
      g_set_error (error, G_IO_ERROR, (gint) g_io_error_from_errno (errno),
                   "It can't be locked: %s", g_strerror (errno));
      return FALSE;
    }
  text = eka_lockfile_read (fd);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_BUSY, "It is in use by %s",
               text != NULL ? text : "another process");
  return FALSE;
}

/**
 * eka_lockfile_is_held:
 * @fd: of a lock file
 *
 * Does not take it, not even for a moment.
 *
 * Returns: whether another descriptor has the lock
 */
gboolean
eka_lockfile_is_held (int fd)
{
  struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

  return fcntl (fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

/**
 * eka_lockfile_print:
 * @task: what is done while it is locked
 *
 * Returns: (transfer full): a line for people: who has the lock
 */
gchar *
eka_lockfile_print (const gchar *task)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autofree gchar *time = g_date_time_format (now, "%Y-%m-%dT%H:%M:%SZ");
  const gchar *program = g_get_prgname ();

  return g_strdup_printf ("%s (%s), process %ld on %s, since %s\n",
                          program != NULL ? program : "gst-ekascribe", task,
                          (long) getpid (), g_get_host_name (), time);
}

/**
 * eka_lockfile_read:
 * @fd: of a lock file, for reading
 *
 * Returns: (transfer full) (nullable): who has written it, one line that is fit to
 *   be shown
 */
gchar *
eka_lockfile_read (int fd)
{
  gchar text[MAX_TEXT + 1];
  ssize_t n = pread (fd, text, MAX_TEXT, 0);
  ssize_t i;

  for (i = 0; i < n && text[i] != '\n'; i++)
    {
      if (!g_ascii_isprint (text[i]))
        text[i] = '?';
    }
  return i > 0 ? g_strndup (text, (gsize) i) : NULL;
}
