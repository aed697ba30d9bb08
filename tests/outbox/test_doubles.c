/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <errno.h>
#include <string.h>

#include "scratch.h"

typedef struct
{
  Scratch scratch;
  EkaFiles *files;
} Fixture;

static void
set_up (Fixture      *f,
        gconstpointer data)
{
  scratch_set_up (&f->scratch, NULL);
  f->files = failing_files_new (eka_files_new ());
}

static void
tear_down (Fixture      *f,
           gconstpointer data)
{
  eka_files_free (f->files);
  scratch_tear_down (&f->scratch, NULL);
}

/* Each call once; a bit for each that went well. */
static guint
call_all (EkaFiles *files,
          Scratch  *scratch)
{
  g_autofree gchar *folder = scratch_path (scratch, "folder");
  g_autofree gchar *a = scratch_path (scratch, "a");
  g_autofree gchar *b = scratch_path (scratch, "b");
  g_autofree gchar *c = scratch_path (scratch, "c");
  guint64 left, size;
  guint good = 0;
  int fd;

  good |= (guint) files->make_folder (files, folder, NULL) << DOUBLE_MAKE_FOLDER;
  fd = files->create (files, a, NULL);
  good |= (guint) (fd >= 0) << DOUBLE_CREATE;
  if (fd >= 0)
    {
      good |= (guint) files->write (files, fd, (const guint8 *) "1234", 4, NULL)
              << DOUBLE_WRITE;
      good |= (guint) files->sync (files, fd, NULL) << DOUBLE_SYNC;
      files->close (files, fd);
      good |= DOUBLE_BIT (DOUBLE_CLOSE);
    }
  good |= (guint) files->rename (files, a, b, NULL) << DOUBLE_RENAME;
  good |= (guint) files->link (files, b, c, NULL) << DOUBLE_LINK;
  good |= (guint) files->remove (files, c, NULL) << DOUBLE_REMOVE;
  good |= (guint) files->remove_folder (files, folder, NULL) << DOUBLE_REMOVE_FOLDER;
  good |= (guint) files->sync_folder (files, scratch->path, NULL)
          << DOUBLE_SYNC_FOLDER;
  good |= (guint) files->get_space (files, scratch->path, &left, &size, NULL)
          << DOUBLE_GET_SPACE;
  return good;
}

#define ALL ((DOUBLE_BIT (DOUBLE_GET_SPACE) << 1) - 1)

static void
test_passes_everything_on (Fixture      *f,
                           gconstpointer data)
{
  g_assert_cmphex (call_all (f->files, &f->scratch), ==, ALL);
  g_assert_cmpuint (failing_files_count (f->files), ==, 10);
  g_assert_cmpuint (failing_files_count_failed (f->files), ==, 0);
  scratch_assert_text (&f->scratch, "b", "1234");
}

/* The call itself, and what can't be without it. */
static void
test_each_call_can_fail (Fixture      *f,
                         gconstpointer data)
{
  guint op;

  for (op = 0; op <= DOUBLE_GET_SPACE; op++)
    {
      Scratch scratch;
      guint good;

      scratch_set_up (&scratch, NULL);
      failing_files_fail (f->files, DOUBLE_BIT (op), 0, 1, EIO);
      good = call_all (f->files, &scratch);
      if (op == DOUBLE_CLOSE)
        g_assert_cmphex (good, ==, ALL);
      else
        g_assert_cmphex (good & DOUBLE_BIT (op), ==, 0);
      failing_files_heal (f->files);
      scratch_tear_down (&scratch, NULL);
    }
  g_assert_cmpuint (failing_files_count_failed (f->files), ==, 10);
}

static guint
sync_often (Fixture *f,
            gchar   *log)
{
  guint i;

  for (i = 0; i < 6; i++)
    log[i] = f->files->sync_folder (f->files, f->scratch.path, NULL) ? '+' : '-';
  log[i] = '\0';
  return failing_files_count_failed (f->files);
}

static void
test_fails_when_it_is_told_to (Fixture      *f,
                               gconstpointer data)
{
  gchar log[7];

  failing_files_fail (f->files, DOUBLE_ANY, 2, 1, EIO);
  g_assert_cmpuint (sync_often (f, log), ==, 1);
  g_assert_cmpstr (log, ==, "++-+++");
  failing_files_fail (f->files, DOUBLE_ANY, 0, 2, EIO);
  g_assert_cmpuint (sync_often (f, log), ==, 3);
  g_assert_cmpstr (log, ==, "--++++");
  failing_files_fail (f->files, DOUBLE_ANY, 3, G_MAXUINT, EIO);
  g_assert_cmpuint (sync_often (f, log), ==, 6);
  g_assert_cmpstr (log, ==, "+++---");
  sync_often (f, log);
  g_assert_cmpstr (log, ==, "------");
  failing_files_heal (f->files);
  sync_often (f, log);
  g_assert_cmpstr (log, ==, "++++++");
  failing_files_fail (f->files, DOUBLE_BIT (DOUBLE_WRITE), 0, G_MAXUINT, EIO);
  sync_often (f, log);
  g_assert_cmpstr (log, ==, "++++++");
  g_assert_cmpuint (failing_files_count (f->files), ==, 36);
}

static void
test_fails_as_the_system_does (Fixture      *f,
                               gconstpointer data)
{
  static const struct { int err; gint code; } cases[] = {
    { ENOSPC, G_IO_ERROR_NO_SPACE },
    { EROFS, G_IO_ERROR_READ_ONLY },
    { EACCES, G_IO_ERROR_PERMISSION_DENIED },
    { ENOENT, G_IO_ERROR_NOT_FOUND },
    { EIO, G_IO_ERROR_FAILED },
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;

      failing_files_fail (f->files, DOUBLE_ANY, 0, 1, cases[i].err);
      g_assert_false (f->files->sync_folder (f->files, f->scratch.path, &error));
      g_assert_error (error, G_IO_ERROR, cases[i].code);
      g_assert_nonnull (strstr (error->message, g_strerror (cases[i].err)));
    }
}

static void
test_write_that_fails_writes_half (Fixture      *f,
                                   gconstpointer data)
{
  failing_files_fail (f->files, DOUBLE_BIT (DOUBLE_WRITE), 0, 1, ENOSPC);
  g_assert_cmphex (call_all (f->files, &f->scratch), ==,
                   ALL & ~DOUBLE_BIT (DOUBLE_WRITE));
  scratch_assert_text (&f->scratch, "b", "12");
}

static void
test_space_can_be_set (Fixture      *f,
                       gconstpointer data)
{
  guint64 left = 0, size = 0, real_size = 0;

  f->files->get_space (f->files, f->scratch.path, &left, &real_size, NULL);
  failing_files_set_space (f->files, 7, 9);
  f->files->get_space (f->files, f->scratch.path, &left, &size, NULL);
  g_assert_cmpuint (left, ==, 7);
  g_assert_cmpuint (size, ==, 9);
  failing_files_heal (f->files);
  f->files->get_space (f->files, f->scratch.path, &left, &size, NULL);
  g_assert_cmpuint (size, ==, real_size);
}

static void
test_slow_files_take_time (Fixture      *f,
                           gconstpointer data)
{
  EkaFiles *slow = slow_files_new (eka_files_new (), 5000);
  gint64 start = g_get_monotonic_time ();
  Scratch other;

  g_assert_cmphex (call_all (slow, &f->scratch), ==, ALL);
  g_assert_cmpint (g_get_monotonic_time () - start, >=, 11 * 5000);
  slow_files_set_delay (slow, G_TIME_SPAN_HOUR);
  slow_files_set_delay (slow, 0);
  scratch_set_up (&other, NULL);
  g_assert_cmphex (call_all (slow, &other), ==, ALL);
  scratch_tear_down (&other, NULL);
  eka_files_free (slow);
}

static void
test_tree_is_removed (Fixture      *f,
                      gconstpointer data)
{
  g_autofree gchar *top = scratch_path (&f->scratch, "top");
  g_autofree gchar *link = scratch_path (&f->scratch, "top/link");

  scratch_make_folder (&f->scratch, "away", 0700);
  scratch_write (&f->scratch, "away/x", "x");
  scratch_make_folder (&f->scratch, "top", 0700);
  scratch_make_folder (&f->scratch, "top/a", 0700);
  scratch_write (&f->scratch, "top/a/b", "x");
  g_assert_cmpint (symlink ("../away", link), ==, 0);
  double_remove_tree (top);
  double_remove_tree (top);
  g_assert_false (g_file_test (top, G_FILE_TEST_EXISTS));
  scratch_assert_text (&f->scratch, "away/x", "x");
}

#define ADD(name, func) \
  g_test_add ("/outbox/doubles/" name, Fixture, NULL, set_up, func, tear_down)

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("passes-everything-on", test_passes_everything_on);
  ADD ("each-call-can-fail", test_each_call_can_fail);
  ADD ("fails-when-it-is-told-to", test_fails_when_it_is_told_to);
  ADD ("fails-as-the-system-does", test_fails_as_the_system_does);
  ADD ("write-that-fails-writes-half", test_write_that_fails_writes_half);
  ADD ("space-can-be-set", test_space_can_be_set);
  ADD ("slow-files-take-time", test_slow_files_take_time);
  ADD ("tree-is-removed", test_tree_is_removed);
  return g_test_run ();
}
