/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "outbox/leftover.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "outbox/lockfile.h"
#include "outbox/names.h"
#include "outbox/reading.h"
#include "outbox/spool.h"

/* Nobody who makes or removes a folder needs as long, in seconds. */
#define MIN_AGE 60

static gboolean
is_old (int at)
{
  struct stat st;

  return fstat (at, &st) == 0 && st.st_uid == geteuid () &&
         st.st_mtime < time (NULL) - MIN_AGE;
}

/* Whether nothing is in a folder but what is made before the first audio comes. */
static gboolean
is_empty (int at)
{
  g_autoptr (GPtrArray) names = eka_reading_list (at);
  guint i;

  for (i = 0; i < names->len; i++)
    {
      const gchar *name = g_ptr_array_index (names, i);

      if (strcmp (name, EKA_LOCKFILE_NAME) != 0 &&
          strcmp (name, EKA_SPOOL_DESCRIPTION_NAME) != 0 &&
          !eka_name_is_temporary (name))
        return FALSE;
    }
  return TRUE;
}

static void
remove_all (int at)
{
  g_autoptr (GPtrArray) names = eka_reading_list (at);
  guint i;

  for (i = 0; i < names->len; i++)
    {
      const gchar *name = g_ptr_array_index (names, i);

      if (strcmp (name, EKA_LOCKFILE_NAME) != 0)
        unlinkat (at, name, 0);
    }
  unlinkat (at, EKA_LOCKFILE_NAME, 0);
}

/* Takes @name, so that nobody else sees or opens it, and removes it. */
static gboolean
remove_folder (int          location,
               int          at,
               const gchar *name)
{
  g_autofree gchar *gone = NULL;

  if (eka_name_is_session (name))
    {
      gone = g_strconcat (EKA_NAME_GONE_PREFIX, name, NULL);
      if (renameat (location, name, location, gone) < 0)
        return FALSE;
      name = gone;
    }
  remove_all (at);
  return unlinkat (location, name, AT_REMOVEDIR) == 0;
}

/* Returns: whether the folder is garbage, and was removed */
static gboolean
sweep_folder (int          location,
              const gchar *name)
{
  const gboolean session = eka_name_is_session (name);
  gboolean removed = FALSE;
  int at, lock;

  if (!session && !eka_name_is_temporary_session (name))
    return FALSE;
  at = eka_reading_open_folder (location, name, NULL);
  if (at < 0)
    return FALSE;
  lock = -1;
  if (is_old (at) && (!session || is_empty (at)))
    {
      lock = eka_reading_open_file (at, EKA_LOCKFILE_NAME, O_RDWR, NULL);
      /* Looked at once more: it may have been opened, and filled, meanwhile. */
      if ((lock < 0 || eka_lockfile_take (lock, NULL)) &&
          (!session || is_empty (at)))
        removed = remove_folder (location, at, name);
    }
  if (lock >= 0)
    close (lock);
  close (at);
  return removed;
}

/**
 * eka_leftover_sweep:
 * @location: folder of the sessions
 *
 * Removes what a crash left while folders were made and removed, and sessions that
 * never had audio on disk: those that nobody has locked and that were not touched
 * for a minute. Safe beside all others. Waits for the local disk.
 *
 * Returns: how many folders were removed
 */
guint
eka_leftover_sweep (const gchar *location)
{
  g_autoptr (GPtrArray) names = NULL;
  const int at = open (location, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  guint i, n = 0;

  if (at < 0)
    return 0;
  names = eka_reading_list (at);
  for (i = 0; i < names->len; i++)
    n += sweep_folder (at, g_ptr_array_index (names, i)) ? 1 : 0;
  close (at);
  return n;
}
