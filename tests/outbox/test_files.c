/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>

#include "scratch.h"

#define MIB (1 << 20)

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
  f->files = eka_files_new ();
}

static void
tear_down (Fixture      *f,
           gconstpointer data)
{
  eka_files_free (f->files);
  scratch_tear_down (&f->scratch, NULL);
}

static const guint8 *
bytes (const gchar *text)
{
  return (const guint8 *) text;
}

/* Makes a file and leaves it open. */
static int
create (Fixture     *f,
        const gchar *name)
{
  g_autofree gchar *path = scratch_path (&f->scratch, name);
  g_autoptr (GError) error = NULL;
  const int fd = f->files->create (f->files, path, &error);

  g_assert_no_error (error);
  g_assert_cmpint (fd, >=, 0);
  return fd;
}

static void
make_file (Fixture     *f,
           const gchar *name)
{
  f->files->close (f->files, create (f, name));
}

static void
test_modes_do_not_depend_on_the_umask (Fixture      *f,
                                       gconstpointer data)
{
  static const mode_t masks[] = { 0000, 0022, 0077, 0277 };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (masks); i++)
    {
      g_autofree gchar *folder = g_strdup_printf ("folder%u", i);
      g_autofree gchar *path = scratch_path (&f->scratch, folder);
      g_autofree gchar *file = g_strdup_printf ("file%u", i);
      g_autofree gchar *saved = g_strdup_printf ("saved%u", i);
      const mode_t old = umask (masks[i]);
      g_autoptr (GError) error = NULL;

      f->files->make_folder (f->files, path, &error);
      g_assert_no_error (error);
      make_file (f, file);
      eka_files_save (f->files, f->scratch.path, saved, bytes ("x"), 1, &error);
      g_assert_no_error (error);
      umask (old);
      g_assert_cmpuint (scratch_get_mode (&f->scratch, folder), ==, 0700);
      g_assert_cmpuint (scratch_get_mode (&f->scratch, file), ==, 0600);
      g_assert_cmpuint (scratch_get_mode (&f->scratch, saved), ==, 0600);
    }
}

static void
test_new_files_are_appended_to_and_not_inherited (Fixture      *f,
                                                  gconstpointer data)
{
  const int fd = create (f, "a");

  g_assert_cmpint (fcntl (fd, F_GETFL) & O_APPEND, !=, 0);
  g_assert_cmpint (fcntl (fd, F_GETFD) & FD_CLOEXEC, !=, 0);
  g_assert_true (f->files->write (f->files, fd, bytes ("one"), 3, NULL));
  g_assert_cmpint (lseek (fd, 0, SEEK_SET), ==, 0);
  g_assert_true (f->files->write (f->files, fd, bytes ("two"), 3, NULL));
  g_assert_true (f->files->write (f->files, fd, NULL, 0, NULL));
  g_assert_true (f->files->sync (f->files, fd, NULL));
  f->files->close (f->files, fd);
  g_assert_cmpint (fcntl (fd, F_GETFD), ==, -1);
  scratch_assert_text (&f->scratch, "a", "onetwo");
}

static void
test_nothing_is_made_where_something_is (Fixture      *f,
                                         gconstpointer data)
{
  g_autofree gchar *path = scratch_path (&f->scratch, "a");
  g_autofree gchar *link = scratch_path (&f->scratch, "link");
  g_autofree gchar *away = scratch_path (&f->scratch, "away");
  g_autoptr (GError) error = NULL;

  scratch_write (&f->scratch, "a", "old");
  g_assert_cmpint (f->files->create (f->files, path, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_EXISTS);
  g_assert_nonnull (strstr (error->message, path));
  g_assert_nonnull (strstr (error->message, g_strerror (EEXIST)));
  g_clear_error (&error);
  g_assert_false (f->files->make_folder (f->files, path, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_EXISTS);
  g_clear_error (&error);
  scratch_assert_text (&f->scratch, "a", "old");

  g_assert_cmpint (symlink (away, link), ==, 0);
  g_assert_cmpint (f->files->create (f->files, link, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_EXISTS);
  g_clear_error (&error);
  g_assert_false (f->files->make_folder (f->files, link, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_EXISTS);
  g_assert_false (g_file_test (away, G_FILE_TEST_EXISTS));
}

static void
test_full_disk_is_told (Fixture      *f,
                        gconstpointer data)
{
  const int fd = open ("/dev/full", O_WRONLY | O_CLOEXEC);
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (fd, >=, 0);
  g_assert_false (f->files->write (f->files, fd, bytes ("x"), 1, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE);
  g_assert_nonnull (strstr (error->message, g_strerror (ENOSPC)));
  f->files->close (f->files, fd);
}

/* What fits is written by a first, short write; the second one fails. */
static void
test_file_that_may_not_grow_is_told (Fixture      *f,
                                     gconstpointer data)
{
  const struct rlimit limit = { 4096, RLIM_INFINITY };
  const struct rlimit none = { RLIM_INFINITY, RLIM_INFINITY };
  g_autofree guint8 *zeros = g_malloc0 (10000);
  g_autofree gchar *path = scratch_path (&f->scratch, "saved");
  g_autoptr (GError) error = NULL;
  const int fd = create (f, "a");
  struct stat st;
  gboolean written, saved;

  signal (SIGXFSZ, SIG_IGN);
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &limit), ==, 0);
  written = f->files->write (f->files, fd, zeros, 10000, NULL);
  saved = eka_files_save (f->files, f->scratch.path, "saved", zeros, 10000, &error);
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &none), ==, 0);
  signal (SIGXFSZ, SIG_DFL);
  g_assert_false (written);
  g_assert_cmpint (fstat (fd, &st), ==, 0);
  g_assert_cmpint (st.st_size, ==, 4096);
  f->files->close (f->files, fd);

  g_assert_false (saved);
  g_assert_nonnull (error);
  g_assert_nonnull (strstr (error->message, path));
  g_assert_nonnull (strstr (error->message, g_strerror (EFBIG)));
  scratch_assert_text (&f->scratch, "saved", NULL);
  scratch_assert_text (&f->scratch, ".saved.tmp", NULL);
}

static gint alarms;

static void
note_alarm (int number)
{
  g_atomic_int_inc (&alarms);
}

typedef struct
{
  int fd;
  guint8 *data;
  gsize size;
  gint written; /* the writer is done; atomic */
} Reader;

/* Takes nothing until the writer was interrupted twice, so that the second time it
 * had written nothing since the first. */
static gpointer
read_slowly (gpointer user_data)
{
  Reader *reader = user_data;
  ssize_t n;

  while (reader->size < MIB)
    {
      const gint seen = g_atomic_int_get (&alarms);

      while (g_atomic_int_get (&alarms) < seen + 2 &&
             !g_atomic_int_get (&reader->written))
        g_usleep (1000);
      n = read (reader->fd, reader->data + reader->size,
                MIN (32768, MIB - reader->size));
      g_assert_cmpint (n, >, 0);
      reader->size += (gsize) n;
    }
  return NULL;
}

static GThread *
start_reader (Reader *reader)
{
  sigset_t set;
  GThread *thread;

  sigemptyset (&set);
  sigaddset (&set, SIGALRM);
  /* The signals are for the writer. */
  g_assert_cmpint (pthread_sigmask (SIG_BLOCK, &set, NULL), ==, 0);
  thread = g_thread_new ("reader", read_slowly, reader);
  g_assert_cmpint (pthread_sigmask (SIG_UNBLOCK, &set, NULL), ==, 0);
  return thread;
}

static void
test_interrupted_write_writes_all (Fixture      *f,
                                   gconstpointer data)
{
  const struct itimerval often = { { 0, 5000 }, { 0, 5000 } };
  const struct itimerval never = { { 0, 0 }, { 0, 0 } };
  struct sigaction action = { .sa_handler = note_alarm };
  g_autofree guint8 *sent = g_malloc (MIB);
  g_autofree guint8 *got = g_malloc0 (MIB);
  Reader reader = { 0 };
  GThread *thread;
  int fds[2];
  gboolean good;
  guint i;

  for (i = 0; i < MIB; i++)
    sent[i] = (guint8) g_test_rand_int ();
  g_assert_cmpint (pipe (fds), ==, 0);
  reader.fd = fds[0];
  reader.data = got;
  thread = start_reader (&reader);
  sigemptyset (&action.sa_mask);
  g_assert_cmpint (sigaction (SIGALRM, &action, NULL), ==, 0);
  g_assert_cmpint (setitimer (ITIMER_REAL, &often, NULL), ==, 0);
  good = f->files->write (f->files, fds[1], sent, MIB, NULL);
  g_assert_cmpint (setitimer (ITIMER_REAL, &never, NULL), ==, 0);
  g_atomic_int_set (&reader.written, TRUE);
  g_assert_true (good);
  g_thread_join (thread);
  g_assert_cmpint (g_atomic_int_get (&alarms), >, 0);
  g_assert_cmpmem (sent, MIB, got, MIB);
  close (fds[0]);
  f->files->close (f->files, fds[1]);
}

static void
test_what_cannot_be_synced_is_told (Fixture      *f,
                                    gconstpointer data)
{
  g_autofree gchar *none = scratch_path (&f->scratch, "none");
  g_autofree gchar *file = scratch_path (&f->scratch, "a");
  g_autoptr (GError) error = NULL;
  int fds[2];

  g_assert_cmpint (pipe (fds), ==, 0);
  g_assert_false (f->files->sync (f->files, fds[1], &error));
  g_assert_nonnull (error);
  g_assert_nonnull (strstr (error->message, g_strerror (EINVAL)));
  close (fds[0]);
  close (fds[1]);
  g_clear_error (&error);

  g_assert_false (f->files->sync_folder (f->files, none, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_clear_error (&error);
  make_file (f, "a");
  g_assert_false (f->files->sync_folder (f->files, file, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_DIRECTORY);
}

static void
test_folders_are_synced_where_they_can_be (Fixture      *f,
                                           gconstpointer data)
{
  const int fd = open ("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

  g_assert_true (f->files->sync_folder (f->files, f->scratch.path, NULL));
  /* A file system that can't. */
  g_assert_cmpint (fsync (fd), ==, -1);
  close (fd);
  g_assert_true (f->files->sync_folder (f->files, "/proc", NULL));
}

static void
test_names_move (Fixture      *f,
                 gconstpointer data)
{
  g_autofree gchar *a = scratch_path (&f->scratch, "a");
  g_autofree gchar *b = scratch_path (&f->scratch, "b");
  g_autofree gchar *folder = scratch_path (&f->scratch, "folder");
  g_autoptr (GError) error = NULL;

  scratch_write (&f->scratch, "a", "1");
  scratch_write (&f->scratch, "b", "2");
  g_assert_false (f->files->link (f->files, a, b, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_EXISTS);
  g_clear_error (&error);
  g_assert_true (f->files->rename (f->files, a, b, NULL));
  scratch_assert_text (&f->scratch, "a", NULL);
  scratch_assert_text (&f->scratch, "b", "1");
  g_assert_true (f->files->link (f->files, b, a, NULL));
  scratch_assert_text (&f->scratch, "a", "1");
  g_assert_true (f->files->remove (f->files, b, NULL));
  g_assert_false (f->files->remove (f->files, b, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_clear_error (&error);
  g_assert_false (f->files->rename (f->files, b, a, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_clear_error (&error);
  scratch_assert_text (&f->scratch, "a", "1");

  g_assert_true (f->files->make_folder (f->files, folder, NULL));
  scratch_write (&f->scratch, "folder/x", "");
  g_assert_false (f->files->remove_folder (f->files, folder, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_EMPTY);
  g_clear_error (&error);
  g_assert_false (f->files->remove (f->files, folder, &error));
  g_assert_nonnull (error);
}

static void
test_space_is_told_where_it_is_known (Fixture      *f,
                                      gconstpointer data)
{
  g_autofree gchar *none = scratch_path (&f->scratch, "none");
  g_autoptr (GError) error = NULL;
  guint64 left = 0, size = 0;

  g_assert_true (f->files->get_space (f->files, f->scratch.path, &left, &size,
                                      NULL));
  g_assert_cmpuint (left, >, 0);
  g_assert_cmpuint (size, >=, left);
  g_assert_true (f->files->get_space (f->files, "/proc", &left, &size, NULL));
  g_assert_cmpuint (left, ==, G_MAXUINT64);
  g_assert_cmpuint (size, ==, 0);
  g_assert_false (f->files->get_space (f->files, none, &left, &size, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
}

static void
save (EkaFiles    *files,
      Fixture     *f,
      const gchar *text)
{
  g_autoptr (GError) error = NULL;

  eka_files_save (files, f->scratch.path, "a", bytes (text), strlen (text), &error);
  g_assert_no_error (error);
  scratch_assert_text (&f->scratch, "a", text);
  scratch_assert_text (&f->scratch, ".a.tmp", NULL);
}

static void
test_save_replaces (Fixture      *f,
                    gconstpointer data)
{
  save (f->files, f, "one");
  save (f->files, f, "two and more");
  save (f->files, f, "");
}

static void
test_save_takes_no_notice_of_a_crash (Fixture      *f,
                                      gconstpointer data)
{
  g_autofree gchar *tmp = scratch_path (&f->scratch, ".a.tmp");
  g_autofree gchar *away = scratch_path (&f->scratch, "away");

  scratch_write (&f->scratch, ".a.tmp", "half of what was to b");
  save (f->files, f, "new");
  scratch_write (&f->scratch, "away", "not mine");
  g_assert_cmpint (symlink (away, tmp), ==, 0);
  save (f->files, f, "newer");
  scratch_assert_text (&f->scratch, "away", "not mine");
}

/* Whichever call fails, the old file is there, and nothing else. */
static void
test_save_that_fails_changes_nothing (Fixture      *f,
                                      gconstpointer data)
{
  EkaFiles *failing = failing_files_new (eka_files_new ());
  guint count, k;

  save (failing, f, "old");
  count = failing_files_count (failing);
  g_assert_cmpuint (count, ==, 4);
  for (k = 0; k < count; k++)
    {
      g_autoptr (GError) error = NULL;

      failing_files_fail (failing, DOUBLE_ANY, k, 1, EIO);
      g_assert_false (eka_files_save (failing, f->scratch.path, "a", bytes ("new"), 3,
                                      &error));
      g_assert_nonnull (strstr (error->message, g_strerror (EIO)));
      scratch_assert_text (&f->scratch, "a", "old");
      scratch_assert_text (&f->scratch, ".a.tmp", NULL);
    }
  g_assert_cmpuint (failing_files_count_failed (failing), ==, count);
  save (failing, f, "new");

  /* A rest that can't be removed either. */
  scratch_write (&f->scratch, ".a.tmp", "rest");
  failing_files_fail (failing, DOUBLE_BIT (DOUBLE_REMOVE), 0, G_MAXUINT, EROFS);
  g_assert_false (eka_files_save (failing, f->scratch.path, "a", bytes ("x"), 1,
                                  NULL));
  scratch_assert_text (&f->scratch, "a", "new");
  eka_files_free (failing);
}

static void
nobody_is_refused (void)
{
  Scratch scratch;
  g_autoptr (EkaFiles) files = eka_files_new ();
  g_autofree gchar *path = NULL;
  g_autoptr (GError) error = NULL;

  scratch_become_nobody ();
  scratch_set_up (&scratch, NULL);
  scratch_make_folder (&scratch, "closed", 0500);
  path = scratch_path (&scratch, "closed/a");
  g_assert_cmpint (files->create (files, path, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED);
  g_clear_error (&error);
  g_assert_false (files->make_folder (files, path, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED);
  g_clear_error (&error);
  g_free (path);
  path = scratch_path (&scratch, "closed");
  g_assert_false (eka_files_save (files, path, "a", bytes ("x"), 1, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED);
  scratch_tear_down (&scratch, NULL);
}

static void
test_nobody_is_refused (void)
{
  g_test_trap_subprocess ("/outbox/files/nobody-is-refused/subprocess", 0, 0);
  g_test_trap_assert_passed ();
}

#define ADD(name, func) \
  g_test_add ("/outbox/files/" name, Fixture, NULL, set_up, func, tear_down)

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("modes-do-not-depend-on-the-umask", test_modes_do_not_depend_on_the_umask);
  ADD ("new-files-are-appended-to-and-not-inherited",
       test_new_files_are_appended_to_and_not_inherited);
  ADD ("nothing-is-made-where-something-is",
       test_nothing_is_made_where_something_is);
  ADD ("full-disk-is-told", test_full_disk_is_told);
  ADD ("file-that-may-not-grow-is-told", test_file_that_may_not_grow_is_told);
  ADD ("interrupted-write-writes-all", test_interrupted_write_writes_all);
  ADD ("what-cannot-be-synced-is-told", test_what_cannot_be_synced_is_told);
  ADD ("folders-are-synced-where-they-can-be",
       test_folders_are_synced_where_they_can_be);
  ADD ("names-move", test_names_move);
  ADD ("space-is-told-where-it-is-known", test_space_is_told_where_it_is_known);
  ADD ("save-replaces", test_save_replaces);
  ADD ("save-takes-no-notice-of-a-crash", test_save_takes_no_notice_of_a_crash);
  ADD ("save-that-fails-changes-nothing", test_save_that_fails_changes_nothing);
  g_test_add_func ("/outbox/files/nobody-is-refused", test_nobody_is_refused);
  g_test_add_func ("/outbox/files/nobody-is-refused/subprocess", nobody_is_refused);
  return g_test_run ();
}
