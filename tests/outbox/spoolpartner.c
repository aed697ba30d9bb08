/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "outbox/leftover.h"
#include "outbox/spool.h"

/* Another process at the same outbox, for test_spoollocks. It says one line when it
 * has done what it was asked for, and ends when its input does. */

static void
say (const gchar *text)
{
  printf ("%s\n", text);
  fflush (stdout);
}

static gboolean
has_ended (gboolean wait)
{
  char byte;
  GPollFD poll = { .fd = STDIN_FILENO, .events = G_IO_IN | G_IO_HUP };

  return g_poll (&poll, 1, wait ? -1 : 0) > 0 &&
         read (STDIN_FILENO, &byte, 1) <= 0;
}

static int
run_open (EkaStore    *store,
          const gchar *name)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (EkaSpool) spool = eka_spool_open (store, name, &error);

  say (spool != NULL ? "opened" : error->message);
  has_ended (TRUE);
  return 0;
}

static int
run_record (EkaStore *store)
{
  g_autoptr (EkaSpool) spool = eka_spool_new (store);
  EkaSpoolCommit *commit = eka_spool_commit_new ();

  commit->description = g_bytes_new_static ("{}", 2);
  commit->index = eka_index_new ();
  eka_spool_commit (spool, commit, NULL, NULL);
  eka_disk_wait (eka_store_get_disk (store), -1);
  say (eka_spool_get_name (spool));
  has_ended (TRUE);
  return 0;
}

/* What is made and removed meanwhile is there in whole or not at all. */
static int
run_list (const gchar *location)
{
  gboolean told = FALSE;
  guint i;

  do
    {
      g_autoptr (GPtrArray) list = eka_leftover_list (location, NULL);

      if (list == NULL)
        return 1;
      for (i = 0; i < list->len; i++)
        {
          const EkaLeftover *leftover = g_ptr_array_index (list, i);

          if (leftover->state == EKA_LEFTOVER_IN_USE ||
              leftover->state == EKA_LEFTOVER_READY)
            continue;
          fprintf (stderr, "%s: %s\n", leftover->name, leftover->reason);
          return 1;
        }
      eka_leftover_sweep (location);
      if (!told)
        say ("listed");
      told = TRUE;
    }
  while (!has_ended (FALSE));
  return 0;
}

/* What was opened is there as long as it is: nobody else can remove it. */
static gboolean
remove_one (EkaStore    *store,
            const gchar *name)
{
  g_autoptr (EkaSpool) spool = eka_spool_open (store, name, NULL);
  g_autofree gchar *path = NULL;
  gboolean there;

  if (spool == NULL)
    return TRUE;
  path = eka_spool_dup_path (spool);
  there = g_file_test (path, G_FILE_TEST_IS_DIR);
  eka_spool_remove (spool);
  eka_disk_wait (eka_store_get_disk (store), -1);
  return there;
}

static int
run_remove (EkaStore *store)
{
  const gchar *location = eka_store_get_location (store);
  gboolean told = FALSE;
  const gchar *name;

  do
    {
      g_autoptr (GDir) dir = g_dir_open (location, 0, NULL);

      while ((name = g_dir_read_name (dir)) != NULL)
        {
          if (name[0] != '.' && !remove_one (store, name))
            return 1;
        }
      if (!told)
        say ("removed");
      told = TRUE;
    }
  while (!has_ended (FALSE));
  return 0;
}

int
main (int   argc,
      char *argv[])
{
  EkaDisk *disk;
  EkaStore *store;
  int result;

  if (argc < 3)
    return 2;
  g_set_prgname ("spoolpartner");
  disk = eka_disk_acquire ();
  store = eka_store_new (disk, argv[2], 0);
  if (strcmp (argv[1], "open") == 0)
    result = run_open (store, argv[3]);
  else if (strcmp (argv[1], "record") == 0)
    result = run_record (store);
  else if (strcmp (argv[1], "remove") == 0)
    result = run_remove (store);
  else
    result = run_list (argv[2]);
  eka_store_unref (store);
  eka_disk_release (disk);
  eka_disk_wait_gone (G_TIME_SPAN_MINUTE);
  return result;
}
