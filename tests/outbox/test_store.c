/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "outbox/store.h"
#include "scratch.h"
#include "trace.h"

#define WAIT G_TIME_SPAN_MINUTE
#define MIB (G_GUINT64_CONSTANT (1) << 20)
#define GIB (G_GUINT64_CONSTANT (1) << 30)
#define ONE "20240229T120000Z-0123abcd"
#define TWO "20240229T120001Z-ffffffff"

typedef struct
{
  Scratch scratch;
  EkaFiles *files; /* of the disk; they can fail */
  EkaDisk *disk;
  EkaStore *store;
  GString *told;   /* of faults, on the disk's thread */
} Fixture;

static void
use_store (Fixture     *f,
           const gchar *name,
           guint64      max_bytes)
{
  g_autofree gchar *location = scratch_path (&f->scratch, name);

  g_clear_pointer (&f->store, eka_store_unref);
  f->store = eka_store_new (f->disk, location, max_bytes);
}

static void
set_up (Fixture      *f,
        gconstpointer data)
{
  scratch_set_up_fast (&f->scratch, NULL);
  f->files = failing_files_new (eka_files_new ());
  f->disk = eka_disk_new_test (f->files);
  f->told = g_string_new (NULL);
  failing_files_set_space (f->files, 100 * GIB, 200 * GIB);
}

static void
tear_down (Fixture      *f,
           gconstpointer data)
{
  g_clear_pointer (&f->store, eka_store_unref);
  eka_disk_release (f->disk);
  g_assert_true (eka_disk_wait_gone (WAIT));
  g_string_free (f->told, TRUE);
  scratch_tear_down (&f->scratch, NULL);
}

/* The place */

static void
test_default_location (void)
{
  g_autofree gchar *own = NULL;
  g_autofree gchar *usual = NULL;
  g_autofree gchar *empty = NULL;
  g_autofree gchar *expected = g_build_filename (g_get_user_state_dir (),
                                                 "ekascribe", NULL);

  g_setenv ("EKASCRIBE_OUTBOX", "/srv/outbox", TRUE);
  own = eka_store_dup_default_location ();
  g_setenv ("EKASCRIBE_OUTBOX", "", TRUE);
  empty = eka_store_dup_default_location ();
  g_unsetenv ("EKASCRIBE_OUTBOX");
  usual = eka_store_dup_default_location ();
  g_assert_cmpstr (own, ==, "/srv/outbox");
  g_assert_cmpstr (empty, ==, expected);
  g_assert_cmpstr (usual, ==, expected);
}

static void
test_location_is_absolute (Fixture      *f,
                           gconstpointer data)
{
  g_autofree gchar *here = g_get_current_dir ();
  g_autofree gchar *expected = g_build_filename (here, "some", "where", NULL);

  f->store = eka_store_new (f->disk, "some/./where/", 0);
  g_assert_cmpstr (eka_store_get_location (f->store), ==, expected);
  g_assert_true (eka_store_get_disk (f->store) == f->disk);
}

static void
prepare (Fixture *f)
{
  g_autoptr (GError) error = NULL;

  eka_store_prepare (f->store, &error);
  g_assert_no_error (error);
}

/* The text names the place, why, and what to do. */
static void
refuse (Fixture *f,
        gint     code)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (eka_store_prepare (f->store, &error));
  g_assert_error (error, G_IO_ERROR, code);
  g_assert_nonnull (strstr (error->message, eka_store_get_location (f->store)));
  g_assert_nonnull (strstr (error->message, "outbox-location"));
  g_assert_nonnull (strstr (error->message, "outbox-policy"));
}

static void
test_prepare_makes_all_folders_private (Fixture      *f,
                                        gconstpointer data)
{
  static const mode_t masks[] = { 0000, 0077 };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (masks); i++)
    {
      g_autofree gchar *top = g_strdup_printf ("top%u", i);
      g_autofree gchar *middle = g_build_filename (top, "middle", NULL);
      g_autofree gchar *name = g_build_filename (middle, "outbox", NULL);
      const mode_t old = umask (masks[i]);

      use_store (f, name, 0);
      prepare (f);
      prepare (f);
      umask (old);
      g_assert_cmpuint (scratch_get_mode (&f->scratch, top), ==, 0700);
      g_assert_cmpuint (scratch_get_mode (&f->scratch, middle), ==, 0700);
      g_assert_cmpuint (scratch_get_mode (&f->scratch, name), ==, 0700);
    }
}

/* What lies in a folder that a power cut takes away is gone, too. */
static void
test_prepared_folders_survive_a_power_cut (Fixture      *f,
                                           gconstpointer data)
{
  g_autoptr (Trace) trace = NULL;
  g_autofree gchar *root = scratch_path (&f->scratch, "root");
  g_autofree gchar *name = g_build_filename (root, "a", "b", "outbox", NULL);
  g_autofree gchar *target = scratch_path (&f->scratch, "after");

  scratch_make_folder (&f->scratch, "root", 0700);
  trace = trace_new (root);
  eka_disk_release (f->disk);
  f->disk = eka_disk_new_test (trace_files_new (trace, eka_files_new ()));
  f->store = eka_store_new (f->disk, name, 0);
  prepare (f);
  trace_build (trace, trace_get_length (trace), TRACE_NAMES_DROPPED,
               TRACE_DATA_DROPPED, 0, target);
  g_free (name);
  name = g_build_filename (target, "a", "b", "outbox", NULL);
  g_assert_true (g_file_test (name, G_FILE_TEST_IS_DIR));
}

static gpointer
prepare_in_thread (gpointer user_data)
{
  prepare (user_data);
  return NULL;
}

static void
test_prepare_at_the_same_time (Fixture      *f,
                               gconstpointer data)
{
  GThread *threads[4];
  guint round, i;

  for (round = 0; round < 50; round++)
    {
      g_autofree gchar *name = g_strdup_printf ("%u/a/b/c/d", round);

      use_store (f, name, 0);
      for (i = 0; i < G_N_ELEMENTS (threads); i++)
        threads[i] = g_thread_new ("preparer", prepare_in_thread, f);
      for (i = 0; i < G_N_ELEMENTS (threads); i++)
        g_thread_join (threads[i]);
      g_assert_cmpuint (scratch_get_mode (&f->scratch, name), ==, 0700);
    }
}

static void
test_prepare_refuses_what_is_no_folder (Fixture      *f,
                                        gconstpointer data)
{
  g_autofree gchar *link = scratch_path (&f->scratch, "link");
  g_autofree gchar *loop = scratch_path (&f->scratch, "loop");

  scratch_write (&f->scratch, "file", "x");
  use_store (f, "file", 0);
  refuse (f, G_IO_ERROR_NOT_DIRECTORY);
  use_store (f, "file/below", 0);
  refuse (f, G_IO_ERROR_NOT_DIRECTORY);
  g_assert_cmpint (symlink ("nowhere", link), ==, 0);
  use_store (f, "link", 0);
  refuse (f, G_IO_ERROR_NOT_FOUND);
  g_assert_cmpint (symlink ("loop", loop), ==, 0);
  use_store (f, "loop", 0);
  refuse (f, G_IO_ERROR_TOO_MANY_LINKS);
  scratch_assert_text (&f->scratch, "file", "x");
}

static void
test_prepare_takes_a_link_to_a_folder (Fixture      *f,
                                       gconstpointer data)
{
  g_autofree gchar *link = scratch_path (&f->scratch, "link");

  scratch_make_folder (&f->scratch, "folder", 0755);
  g_assert_cmpint (symlink ("folder", link), ==, 0);
  use_store (f, "link", 0);
  prepare (f);
  g_assert_cmpuint (scratch_get_mode (&f->scratch, "folder"), ==, 0700);
}

static void
test_prepare_tells_what_the_disk_says (Fixture      *f,
                                       gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  guint k;

  /* Twice: make the folder, sync the one above. */
  for (k = 0; k < 4; k++)
    {
      g_autofree gchar *name = g_strdup_printf ("%u/outbox", k);

      use_store (f, name, 0);
      failing_files_fail (f->files, DOUBLE_ANY, k, 1, EROFS);
      refuse (f, G_IO_ERROR_READ_ONLY);
      prepare (f);
    }
  g_assert_cmpuint (failing_files_count_failed (f->files), ==, 4);

  /* Who may write but not read there can't sync. */
  use_store (f, "dropbox", 0);
  failing_files_fail (f->files, DOUBLE_BIT (DOUBLE_SYNC_FOLDER), 0, 1, EACCES);
  prepare (f);
  g_assert_cmpuint (failing_files_count_failed (f->files), ==, 5);
}

static void
check_mode (Fixture *f,
            guint    before,
            guint    after)
{
  g_autofree gchar *path = scratch_path (&f->scratch, "outbox");

  g_assert_cmpint (g_chmod (path, (int) before), ==, 0);
  use_store (f, "outbox", 0);
  prepare (f);
  g_assert_cmpuint (scratch_get_mode (&f->scratch, "outbox"), ==, after);
}

static void
test_prepare_closes_what_is_ours_alone (Fixture      *f,
                                        gconstpointer data)
{
  scratch_make_folder (&f->scratch, "outbox", 0755);
  check_mode (f, 0755, 0700);
  check_mode (f, 0770, 0700);
  scratch_make_folder (&f->scratch, "outbox/" ONE, 0700);
  scratch_make_folder (&f->scratch, "outbox/.new-" TWO, 0700);
  scratch_make_folder (&f->scratch, "outbox/.del-" TWO, 0700);
  check_mode (f, 0777, 0700);
  /* A folder for all, like /var/tmp. */
  check_mode (f, 01777, 01777);
}

static void
test_prepare_leaves_open_what_others_use (Fixture      *f,
                                          gconstpointer data)
{
  static const gchar * const others[] = {
    "Documents", "20240229T120000Z-0123abcdX", "20240229T120000Z-0123abcg",
    "20240229T120000Z", ".new-", ".bashrc",
  };
  guint i;

  scratch_make_folder (&f->scratch, "outbox", 0755);
  for (i = 0; i < G_N_ELEMENTS (others); i++)
    {
      g_autofree gchar *name = g_build_filename ("outbox", others[i], NULL);
      g_autofree gchar *path = scratch_path (&f->scratch, name);

      scratch_write (&f->scratch, name, "");
      check_mode (f, 0755, 0755);
      g_assert_cmpint (g_remove (path), ==, 0);
    }
  check_mode (f, 0755, 0700);
}

static void
nobody_is_told_what_to_do (void)
{
  Fixture f = { 0 };

  scratch_become_nobody ();
  set_up (&f, NULL);
  scratch_make_folder (&f.scratch, "closed", 0500);
  scratch_make_folder (&f.scratch, "open", 0555);
  scratch_make_folder (&f.scratch, "blind", 0300);
  use_store (&f, "closed", 0);
  refuse (&f, G_IO_ERROR_PERMISSION_DENIED);
  use_store (&f, "closed/outbox", 0);
  refuse (&f, G_IO_ERROR_PERMISSION_DENIED);
  use_store (&f, "blind", 0);
  refuse (&f, G_IO_ERROR_PERMISSION_DENIED);
  /* Closed to others, but not opened to ourselves. */
  use_store (&f, "open", 0);
  refuse (&f, G_IO_ERROR_PERMISSION_DENIED);
  g_assert_cmpuint (scratch_get_mode (&f.scratch, "open"), ==, 0500);
  /* Others' folders: one that is closed to us, and one that is not. */
  g_clear_pointer (&f.store, eka_store_unref);
  f.store = eka_store_new (f.disk, "/usr", 0);
  refuse (&f, G_IO_ERROR_PERMISSION_DENIED);
  g_clear_pointer (&f.store, eka_store_unref);
  f.store = eka_store_new (f.disk, g_get_tmp_dir (), 0);
  prepare (&f);
  tear_down (&f, NULL);
}

static void
test_nobody_is_told_what_to_do (void)
{
  g_test_trap_subprocess ("/outbox/store/nobody-is-told-what-to-do/subprocess", 0,
                          0);
  g_test_trap_assert_passed ();
}

/* Space */

typedef struct
{
  EkaStore *store;
  guint64 bytes;
  gboolean taken;
  GError *error;
} Take;

static void
run_take (gpointer user_data)
{
  Take *take = user_data;

  take->taken = eka_store_take_space (take->store, take->bytes, &take->error);
  g_assert_true (take->taken == (take->error == NULL));
}

/* Returns: (nullable): why there is no space */
static GError *
take_space (Fixture *f,
            guint64  bytes)
{
  Take take = { f->store, bytes, FALSE, NULL };

  eka_disk_push (f->disk, run_take, &take, NULL);
  g_assert_true (eka_disk_wait (f->disk, -1));
  return take.error;
}

static void
take (Fixture *f,
      guint64  bytes)
{
  g_autoptr (GError) error = take_space (f, bytes);

  g_assert_no_error (error);
}

static void
take_too_much (Fixture     *f,
               guint64      bytes,
               const gchar *what)
{
  g_autoptr (GError) error = take_space (f, bytes);

  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE);
  g_assert_nonnull (strstr (error->message, eka_store_get_location (f->store)));
  g_assert_nonnull (strstr (error->message, what));
}

static void
test_bound_counts_all_sessions (Fixture      *f,
                                gconstpointer data)
{
  scratch_make_folder (&f->scratch, "outbox", 0700);
  scratch_make_folder (&f->scratch, "outbox/" ONE, 0700);
  scratch_make_folder (&f->scratch, "outbox/.del-" TWO, 0700);
  scratch_make_folder (&f->scratch, "outbox/Documents", 0700);
  scratch_write (&f->scratch, "outbox/" ONE "/audio_0.ogg", "0123456789");
  scratch_write (&f->scratch, "outbox/" ONE "/chunks.txt", "01234");
  scratch_write (&f->scratch, "outbox/.del-" TWO "/audio_0.ogg", "01234");
  scratch_write (&f->scratch, "outbox/Documents/thesis", "0123456789");
  scratch_write (&f->scratch, "outbox/readme", "0123456789");
  use_store (f, "outbox", 100);
  take_too_much (f, 81, "outbox-max-bytes");
  take (f, 80);
  take_too_much (f, 1, "outbox-max-bytes");
  take (f, 0);
  eka_store_return_space (f->store, 30);
  take_too_much (f, 31, "outbox-max-bytes");
  take (f, 30);
  take_too_much (f, G_MAXUINT64, "");
  eka_store_return_space (f->store, G_MAXUINT64);
  take (f, 100);
  take_too_much (f, 1, "outbox-max-bytes");
}

/* What is shared by two sessions is on the disk once. */
static void
test_linked_files_count_once (Fixture      *f,
                              gconstpointer data)
{
  g_autofree gchar *one = scratch_path (&f->scratch, "outbox/" ONE "/audio_0.ogg");
  g_autofree gchar *two = scratch_path (&f->scratch, "outbox/" TWO "/audio_7.ogg");
  g_autofree gchar *alias = scratch_path (&f->scratch,
                                          "outbox/20250101T000000Z-00000000");

  scratch_make_folder (&f->scratch, "outbox", 0700);
  scratch_make_folder (&f->scratch, "outbox/" ONE, 0700);
  scratch_make_folder (&f->scratch, "outbox/" TWO, 0700);
  scratch_write (&f->scratch, "outbox/" ONE "/audio_0.ogg", "0123456789");
  g_assert_cmpint (link (one, two), ==, 0);
  /* Nor is a folder looked into that is only a link. */
  g_assert_cmpint (symlink (ONE, alias), ==, 0);
  use_store (f, "outbox", 100);
  take_too_much (f, 91, "outbox-max-bytes");
  take (f, 90);
}

static void
test_sessions_are_summed_up_when_needed (Fixture      *f,
                                         gconstpointer data)
{
  scratch_make_folder (&f->scratch, "outbox", 0700);
  use_store (f, "outbox", 100);
  prepare (f);
  scratch_make_folder (&f->scratch, "outbox/" ONE, 0700);
  scratch_write (&f->scratch, "outbox/" ONE "/a", "0123456789");
  take_too_much (f, 91, "");
  take (f, 10);
  /* Not again so soon. */
  scratch_write (&f->scratch, "outbox/" ONE "/b", "01234567890123456789");
  take (f, 80);
  take_too_much (f, 1, "");
  /* After a while: what is there, is there. */
  eka_store_set_scan_interval (f->store, 0);
  take_too_much (f, 71, "");
  take (f, 70);
  take (f, 70);
}

static void
test_no_bound_needs_no_sum (Fixture      *f,
                            gconstpointer data)
{
  scratch_make_folder (&f->scratch, "outbox", 0700);
  use_store (f, "outbox", 0);
  take (f, 10 * GIB);
  take (f, 10 * GIB);
  eka_store_return_space (f->store, GIB);
}

static void
test_some_space_is_left_to_others (Fixture      *f,
                                   gconstpointer data)
{
  scratch_make_folder (&f->scratch, "outbox", 0700);
  use_store (f, "outbox", 0);
  /* 256 MiB of a large volume */
  failing_files_set_space (f->files, 300 * MIB, 100 * GIB);
  take (f, 44 * MIB);
  take_too_much (f, 44 * MIB + 1, "disk");
  /* 5 % of a small one */
  failing_files_set_space (f->files, 60 * MIB, 1000 * MIB);
  take (f, 10 * MIB);
  take_too_much (f, 10 * MIB + 1, "disk");
  failing_files_set_space (f->files, 49 * MIB, 1000 * MIB);
  take_too_much (f, 1, "disk");
  take_too_much (f, G_MAXUINT64, "disk");
  take (f, 0);
  /* Nobody knows */
  failing_files_set_space (f->files, G_MAXUINT64, 0);
  take (f, GIB);
}

static void
test_space_that_cannot_be_asked_for_is_told (Fixture      *f,
                                             gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) gone = NULL;

  scratch_make_folder (&f->scratch, "outbox", 0700);
  use_store (f, "outbox", 100);
  failing_files_fail (f->files, DOUBLE_ANY, 0, 1, EIO);
  error = take_space (f, 1);
  g_assert_nonnull (error);
  g_assert_nonnull (strstr (error->message, g_strerror (EIO)));
  take (f, 100);
  use_store (f, "gone", 100);
  gone = take_space (f, 1);
  g_assert_error (gone, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
}

static void
test_ten_thousand_sessions_are_fine (Fixture      *f,
                                     gconstpointer data)
{
  const guint n = g_getenv ("EKASCRIBE_TEST_CHECKED") != NULL ? 500 : 10000;
  clock_t began;
  guint i;

  scratch_make_folder (&f->scratch, "outbox", 0700);
  for (i = 0; i < n; i++)
    {
      g_autofree gchar *name = g_strdup_printf ("outbox/20240229T120000Z-%08x", i);
      g_autofree gchar *one = g_build_filename (name, "audio_0.ogg", NULL);
      g_autofree gchar *path = scratch_path (&f->scratch, one);
      FILE *file;

      scratch_make_folder (&f->scratch, name, 0700);
      /* Files are slow to remove. */
      if (i % 10 != 0)
        continue;
      file = g_fopen (path, "w");
      g_assert_nonnull (file);
      g_assert_cmpuint (fwrite ("0123456789", 1, 10, file), ==, 10);
      g_assert_cmpint (fclose (file), ==, 0);
    }
  use_store (f, "outbox", n + 1);
  /* Of the processor, which others may have for a while. */
  began = clock ();
  take_too_much (f, 2, "");
  began = clock () - began;
  g_test_message ("%u sessions in %.3f s of CPU", n,
                  (gdouble) began / CLOCKS_PER_SEC);
  g_assert_cmpint (began, <, 10 * CLOCKS_PER_SEC);
  take (f, 1);
}

/* Faults */

static void
tell (const GError *error,
      gpointer      user_data)
{
  Fixture *f = user_data;

  g_assert_true (eka_disk_is_current (f->disk));
  g_string_append (f->told, error == NULL ? "over " : error->message);
}

static void
tell_other (const GError *error,
            gpointer      user_data)
{
  Fixture *f = user_data;

  g_string_append (f->told, "other ");
}

static void
note_freed (gpointer user_data)
{
  Fixture *f = user_data;

  g_string_append (f->told, "freed ");
}

static void
note (Fixture     *f,
      gint         code,
      const gchar *text)
{
  g_autoptr (GError) error = NULL;

  if (text != NULL)
    error = g_error_new_literal (G_IO_ERROR, code, text);
  eka_store_note_fault (f->store, error);
}

static void
assert_told (Fixture     *f,
             const gchar *told)
{
  g_assert_true (eka_disk_wait (f->disk, -1));
  g_assert_cmpstr (f->told->str, ==, told);
}

static void
test_fault_is_told_once (Fixture      *f,
                         gconstpointer data)
{
  use_store (f, "outbox", 0);
  eka_store_set_fault_func (f->store, tell, f, NULL);
  note (f, 0, NULL);
  note (f, G_IO_ERROR_NO_SPACE, "full ");
  note (f, G_IO_ERROR_NO_SPACE, "full again ");
  assert_told (f, "full ");
  note (f, G_IO_ERROR_READ_ONLY, "read-only ");
  note (f, G_IO_ERROR_READ_ONLY, "read-only ");
  note (f, G_IO_ERROR_NO_SPACE, "full ");
  note (f, 0, NULL);
  note (f, 0, NULL);
  note (f, G_IO_ERROR_NO_SPACE, "full ");
  assert_told (f, "full read-only full over full ");
}

static void
note_here (gpointer user_data)
{
  Fixture *f = user_data;

  note (f, G_IO_ERROR_NO_SPACE, "full ");
  g_assert_cmpstr (f->told->str, ==, "full ");
  note (f, 0, NULL);
  g_assert_cmpstr (f->told->str, ==, "full over ");
}

static void
test_fault_is_told_at_once_on_the_disk (Fixture      *f,
                                        gconstpointer data)
{
  use_store (f, "outbox", 0);
  eka_store_set_fault_func (f->store, tell, f, NULL);
  eka_disk_push (f->disk, note_here, f, NULL);
  assert_told (f, "full over ");
}

static void
test_who_listens_can_be_replaced (Fixture      *f,
                                  gconstpointer data)
{
  use_store (f, "outbox", 0);
  note (f, G_IO_ERROR_NO_SPACE, "nobody heard this ");
  note (f, 0, NULL);
  assert_told (f, "");
  eka_store_set_fault_func (f->store, tell, f, note_freed);
  note (f, G_IO_ERROR_NO_SPACE, "full ");
  assert_told (f, "full ");
  eka_store_set_fault_func (f->store, tell_other, f, note_freed);
  assert_told (f, "full freed ");
  note (f, 0, NULL);
  assert_told (f, "full freed other ");
  eka_store_set_fault_func (f->store, NULL, NULL, NULL);
  note (f, G_IO_ERROR_NO_SPACE, "full ");
  assert_told (f, "full freed other freed ");
  eka_store_set_fault_func (f->store, tell, f, note_freed);
  g_clear_pointer (&f->store, eka_store_unref);
  assert_told (f, "full freed other freed freed ");
}

/* It is still there while it is called. */
static void
replace_me (const GError *error,
            gpointer      user_data)
{
  Fixture *f = user_data;

  eka_store_set_fault_func (f->store, NULL, NULL, NULL);
  g_string_append (f->told, "replaced ");
}

static void
test_who_listens_may_replace_itself (Fixture      *f,
                                     gconstpointer data)
{
  use_store (f, "outbox", 0);
  eka_store_set_fault_func (f->store, replace_me, f, note_freed);
  note (f, G_IO_ERROR_NO_SPACE, "full ");
  note (f, 0, NULL);
  assert_told (f, "replaced freed ");
}

static void
count_fault (const GError *error,
             gpointer      user_data)
{
  g_atomic_int_inc ((gint *) user_data);
}

static gpointer
note_many (gpointer user_data)
{
  Fixture *f = user_data;
  guint i;

  for (i = 0; i < 300; i++)
    {
      note (f, G_IO_ERROR_NO_SPACE, i % 2 == 0 ? "full" : NULL);
      eka_store_return_space (f->store, 1);
    }
  return NULL;
}

static void
test_faults_from_many_threads (Fixture      *f,
                               gconstpointer data)
{
  GThread *threads[4];
  gint n = 0;
  guint i;

  use_store (f, "outbox", 0);
  for (i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("noter", note_many, f);
  for (i = 0; i < 100; i++)
    eka_store_set_fault_func (f->store, count_fault, &n, NULL);
  for (i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
  note (f, 0, NULL);
  note (f, G_IO_ERROR_NO_SPACE, "full");
  g_assert_true (eka_disk_wait (f->disk, -1));
  g_assert_cmpint (g_atomic_int_get (&n), >, 0);
}

/* The store may go while the disk still has a fault to tell. */
static void
test_store_may_go_first (Fixture      *f,
                         gconstpointer data)
{
  use_store (f, "outbox", 0);
  eka_store_set_fault_func (f->store, tell, f, note_freed);
  note (f, G_IO_ERROR_NO_SPACE, "full ");
  g_clear_pointer (&f->store, eka_store_unref);
  assert_told (f, "full freed ");
}

#define ADD(name, func) \
  g_test_add ("/outbox/store/" name, Fixture, NULL, set_up, func, tear_down)

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/outbox/store/default-location", test_default_location);
  ADD ("location-is-absolute", test_location_is_absolute);
  ADD ("prepare-makes-all-folders-private", test_prepare_makes_all_folders_private);
  ADD ("prepared-folders-survive-a-power-cut",
       test_prepared_folders_survive_a_power_cut);
  ADD ("prepare-at-the-same-time", test_prepare_at_the_same_time);
  ADD ("prepare-refuses-what-is-no-folder", test_prepare_refuses_what_is_no_folder);
  ADD ("prepare-takes-a-link-to-a-folder", test_prepare_takes_a_link_to_a_folder);
  ADD ("prepare-tells-what-the-disk-says", test_prepare_tells_what_the_disk_says);
  ADD ("prepare-closes-what-is-ours-alone", test_prepare_closes_what_is_ours_alone);
  ADD ("prepare-leaves-open-what-others-use",
       test_prepare_leaves_open_what_others_use);
  g_test_add_func ("/outbox/store/nobody-is-told-what-to-do",
                   test_nobody_is_told_what_to_do);
  g_test_add_func ("/outbox/store/nobody-is-told-what-to-do/subprocess",
                   nobody_is_told_what_to_do);
  ADD ("bound-counts-all-sessions", test_bound_counts_all_sessions);
  ADD ("linked-files-count-once", test_linked_files_count_once);
  ADD ("sessions-are-summed-up-when-needed",
       test_sessions_are_summed_up_when_needed);
  ADD ("no-bound-needs-no-sum", test_no_bound_needs_no_sum);
  ADD ("some-space-is-left-to-others", test_some_space_is_left_to_others);
  ADD ("space-that-cannot-be-asked-for-is-told",
       test_space_that_cannot_be_asked_for_is_told);
  ADD ("ten-thousand-sessions-are-fine", test_ten_thousand_sessions_are_fine);
  ADD ("fault-is-told-once", test_fault_is_told_once);
  ADD ("fault-is-told-at-once-on-the-disk", test_fault_is_told_at_once_on_the_disk);
  ADD ("who-listens-can-be-replaced", test_who_listens_can_be_replaced);
  ADD ("who-listens-may-replace-itself", test_who_listens_may_replace_itself);
  ADD ("faults-from-many-threads", test_faults_from_many_threads);
  ADD ("store-may-go-first", test_store_may_go_first);
  return g_test_run ();
}
