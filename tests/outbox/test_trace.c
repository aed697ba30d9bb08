/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "trace.h"

#include <errno.h>
#include <string.h>

#include "scratch.h"

#define SEEDS 64

/* The scratch has the traced folder "root", and what is built of it. */
typedef struct
{
  Scratch scratch;
  gchar *root;
  Trace *trace;
  EkaFiles *files;
} Fixture;

static void
start_trace (Fixture *f)
{
  f->trace = trace_new (f->root);
  f->files = trace_files_new (f->trace, eka_files_new ());
}

static void
stop_trace (Fixture *f)
{
  g_clear_pointer (&f->files, eka_files_free);
  g_clear_pointer (&f->trace, trace_unref);
}

static void
set_up (Fixture      *f,
        gconstpointer data)
{
  scratch_set_up_fast (&f->scratch, NULL);
  scratch_make_folder (&f->scratch, "root", 0700);
  f->root = scratch_path (&f->scratch, "root");
  start_trace (f);
}

static void
tear_down (Fixture      *f,
           gconstpointer data)
{
  stop_trace (f);
  g_free (f->root);
  scratch_tear_down (&f->scratch, NULL);
}

static gchar *
in_root (Fixture     *f,
         const gchar *name)
{
  return g_build_filename (f->root, name, NULL);
}

static int
create (Fixture     *f,
        const gchar *name)
{
  g_autofree gchar *path = in_root (f, name);
  const int fd = f->files->create (f->files, path, NULL);

  g_assert_cmpint (fd, >=, 0);
  return fd;
}

static void
write_text (Fixture     *f,
            int          fd,
            const gchar *text)
{
  g_assert_true (f->files->write (f->files, fd, (const guint8 *) text,
                                  strlen (text), NULL));
}

static void
sync_file (Fixture *f,
           int      fd)
{
  g_assert_true (f->files->sync (f->files, fd, NULL));
}

/* A whole file, synced, whose name is not. */
static void
make_file (Fixture     *f,
           const gchar *name,
           const gchar *text)
{
  const int fd = create (f, name);

  write_text (f, fd, text);
  sync_file (f, fd);
  f->files->close (f->files, fd);
}

static void
make_folder (Fixture     *f,
             const gchar *name)
{
  g_autofree gchar *path = in_root (f, name);

  g_assert_true (f->files->make_folder (f->files, path, NULL));
}

static void
rename_to (Fixture     *f,
           const gchar *from,
           const gchar *to)
{
  g_autofree gchar *a = in_root (f, from);
  g_autofree gchar *b = in_root (f, to);

  g_assert_true (f->files->rename (f->files, a, b, NULL));
}

static void
remove_name (Fixture     *f,
             const gchar *name)
{
  g_autofree gchar *path = in_root (f, name);

  g_assert_true (f->files->remove (f->files, path, NULL));
}

static void
sync_folder (Fixture     *f,
             const gchar *name)
{
  g_autofree gchar *path = in_root (f, name);

  g_assert_true (f->files->sync_folder (f->files, path, NULL));
}

/* All names in @path with their text, in order: "a=text folder/ folder/b=" */
static void
describe (const gchar *path,
          const gchar *name,
          GPtrArray   *out)
{
  g_autofree gchar *full = g_build_filename (path, name, NULL);
  g_autofree gchar *text = NULL;
  g_autoptr (GDir) dir = NULL;
  const gchar *child;
  gsize size, i;

  if (g_file_get_contents (full, &text, &size, NULL))
    {
      for (i = 0; i < size; i++)
        text[i] = text[i] == '\0' ? '0' : text[i];
      g_ptr_array_add (out, g_strdup_printf ("%s=%s", name, text));
      return;
    }
  if (*name != '\0')
    g_ptr_array_add (out, g_strdup_printf ("%s/", name));
  dir = g_dir_open (full, 0, NULL);
  g_assert_nonnull (dir);
  while ((child = g_dir_read_name (dir)) != NULL)
    {
      g_autofree gchar *below = *name == '\0' ? g_strdup (child) :
                                g_build_filename (name, child, NULL);

      describe (path, below, out);
    }
}

static gint
compare (gconstpointer a,
         gconstpointer b)
{
  return strcmp (*(gchar * const *) a, *(gchar * const *) b);
}

static gchar *
describe_tree (const gchar *path)
{
  g_autoptr (GPtrArray) out = g_ptr_array_new_with_free_func (g_free);

  describe (path, "", out);
  g_ptr_array_sort (out, compare);
  g_ptr_array_add (out, NULL);
  return g_strjoinv (" ", (gchar **) out->pdata);
}

/* Returns: (transfer full): what is left after @n_steps */
static gchar *
left_after (Fixture   *f,
            guint      n_steps,
            TraceNames names,
            TraceData  data,
            guint32    seed)
{
  g_autofree gchar *target = scratch_path (&f->scratch, "built");
  gchar *tree;

  trace_build (f->trace, n_steps, names, data, seed, target);
  tree = describe_tree (target);
  double_remove_tree (target);
  return tree;
}

static void
assert_left (Fixture     *f,
             TraceNames   names,
             TraceData    data,
             const gchar *expected)
{
  g_autofree gchar *tree = left_after (f, trace_get_length (f->trace), names, data, 0);

  g_assert_cmpstr (tree, ==, expected);
}

/* Of @SEEDS random cuts after all steps each leaves one of @expected, and each of
 * these comes. */
static void
assert_left_by_chance (Fixture             *f,
                       TraceNames           names,
                       TraceData            data,
                       const gchar * const *expected)
{
  const guint n = g_strv_length ((gchar **) expected);
  g_autofree guint *seen = g_new0 (guint, n);
  guint seed, i;

  for (seed = 0; seed < SEEDS; seed++)
    {
      g_autofree gchar *tree = left_after (f, trace_get_length (f->trace), names,
                                           data, seed);
      g_autofree gchar *again = left_after (f, trace_get_length (f->trace), names,
                                            data, seed);

      g_assert_cmpstr (tree, ==, again);
      for (i = 0; i < n && strcmp (tree, expected[i]) != 0; i++)
        ;
      if (i == n)
        g_error ("“%s” was not expected", tree);
      seen[i]++;
    }
  for (i = 0; i < n; i++)
    {
      if (seen[i] == 0)
        g_error ("“%s” never came", expected[i]);
    }
}

static void
test_data_are_there_when_synced (Fixture      *f,
                                 gconstpointer data)
{
  static const gchar * const some[] = { "a=one", "a=onet", "a=onetw", "a=onetwo",
                                        NULL };
  static const gchar * const any[] = { "a=one", "a=onet", "a=onetw", "a=onetwo",
                                       "a=one000", NULL };
  const int fd = create (f, "a");

  sync_folder (f, "");
  assert_left (f, TRACE_NAMES_DROPPED, TRACE_DATA_DROPPED, "a=");
  write_text (f, fd, "one");
  assert_left (f, TRACE_NAMES_DROPPED, TRACE_DATA_DROPPED, "a=");
  assert_left (f, TRACE_NAMES_DROPPED, TRACE_DATA_KEPT, "a=one");
  sync_file (f, fd);
  write_text (f, fd, "two");
  assert_left (f, TRACE_NAMES_DROPPED, TRACE_DATA_DROPPED, "a=one");
  assert_left (f, TRACE_NAMES_DROPPED, TRACE_DATA_ZEROED, "a=one000");
  assert_left (f, TRACE_NAMES_DROPPED, TRACE_DATA_KEPT, "a=onetwo");
  assert_left_by_chance (f, TRACE_NAMES_DROPPED, TRACE_DATA_SHORT, some);
  assert_left_by_chance (f, TRACE_NAMES_DROPPED, TRACE_DATA_RANDOM, any);
  f->files->close (f->files, fd);
  assert_left (f, TRACE_NAMES_DROPPED, TRACE_DATA_DROPPED, "a=one");
}

static void
test_names_are_there_when_synced (Fixture      *f,
                                  gconstpointer data)
{
  static const gchar * const both[] = { "", "a=1", "b=2", "a=1 b=2", NULL };

  make_file (f, "a", "1");
  make_file (f, "b", "2");
  assert_left (f, TRACE_NAMES_DROPPED, TRACE_DATA_KEPT, "");
  assert_left (f, TRACE_NAMES_KEPT, TRACE_DATA_DROPPED, "a=1 b=2");
  assert_left_by_chance (f, TRACE_NAMES_RANDOM, TRACE_DATA_DROPPED, both);
  sync_folder (f, "");
  assert_left (f, TRACE_NAMES_DROPPED, TRACE_DATA_DROPPED, "a=1 b=2");
}

static void
test_rename_is_all_or_nothing (Fixture      *f,
                               gconstpointer data)
{
  static const gchar * const either[] = { "a=old b=new", "a=new", NULL };

  make_file (f, "a", "old");
  make_file (f, "b", "new");
  sync_folder (f, "");
  rename_to (f, "b", "a");
  assert_left_by_chance (f, TRACE_NAMES_RANDOM, TRACE_DATA_DROPPED, either);
  assert_left (f, TRACE_NAMES_DROPPED, TRACE_DATA_DROPPED, either[0]);
  assert_left (f, TRACE_NAMES_KEPT, TRACE_DATA_DROPPED, either[1]);
  sync_folder (f, "");
  assert_left (f, TRACE_NAMES_DROPPED, TRACE_DATA_DROPPED, "a=new");
}

static void
test_link_and_remove (Fixture      *f,
                      gconstpointer data)
{
  g_autofree gchar *a = in_root (f, "a");
  g_autofree gchar *b = in_root (f, "folder/b");
  g_autofree gchar *folder = in_root (f, "folder");

  make_file (f, "a", "1");
  make_folder (f, "folder");
  sync_folder (f, "");
  g_assert_true (f->files->link (f->files, a, b, NULL));
  remove_name (f, "a");
  assert_left (f, TRACE_NAMES_DROPPED, TRACE_DATA_DROPPED, "a=1 folder/");
  assert_left (f, TRACE_NAMES_KEPT, TRACE_DATA_DROPPED, "folder/ folder/b=1");
  /* Of the folder above only what is directly in it. */
  sync_folder (f, "");
  assert_left (f, TRACE_NAMES_DROPPED, TRACE_DATA_DROPPED, "folder/");
  sync_folder (f, "folder");
  assert_left (f, TRACE_NAMES_DROPPED, TRACE_DATA_DROPPED, "folder/ folder/b=1");
  remove_name (f, "folder/b");
  g_assert_true (f->files->remove_folder (f->files, folder, NULL));
  assert_left (f, TRACE_NAMES_DROPPED, TRACE_DATA_DROPPED, "folder/ folder/b=1");
  assert_left (f, TRACE_NAMES_KEPT, TRACE_DATA_DROPPED, "");
  sync_folder (f, "");
  assert_left (f, TRACE_NAMES_DROPPED, TRACE_DATA_DROPPED, "");
}

/* As a session's folder is made; a file in it may be open meanwhile. */
static void
test_folder_that_is_renamed_keeps_what_is_in_it (Fixture      *f,
                                                 gconstpointer data)
{
  int fd;

  make_folder (f, ".new-x");
  make_file (f, ".new-x/lock", "");
  fd = create (f, ".new-x/a");
  sync_folder (f, ".new-x");
  rename_to (f, ".new-x", "x");
  write_text (f, fd, "1");
  sync_file (f, fd);
  f->files->close (f->files, fd);
  assert_left (f, TRACE_NAMES_DROPPED, TRACE_DATA_DROPPED, "");
  sync_folder (f, "");
  assert_left (f, TRACE_NAMES_DROPPED, TRACE_DATA_DROPPED, "x/ x/a=1 x/lock=");
  make_file (f, "x/b", "2");
  assert_left (f, TRACE_NAMES_KEPT, TRACE_DATA_DROPPED,
               "x/ x/a=1 x/b=2 x/lock=");
  assert_left (f, TRACE_NAMES_DROPPED, TRACE_DATA_DROPPED, "x/ x/a=1 x/lock=");
}

/* What a power cut left is where the next run begins. */
static void
test_begins_with_what_is_there (Fixture      *f,
                                gconstpointer data)
{
  make_file (f, "a", "1");
  make_folder (f, "folder");
  make_file (f, "folder/b", "2");
  stop_trace (f);
  start_trace (f);
  assert_left (f, TRACE_NAMES_DROPPED, TRACE_DATA_DROPPED,
               "a=1 folder/ folder/b=2");
  remove_name (f, "folder/b");
  make_file (f, "folder/c", "3");
  assert_left (f, TRACE_NAMES_DROPPED, TRACE_DATA_DROPPED,
               "a=1 folder/ folder/b=2");
  sync_folder (f, "folder");
  assert_left (f, TRACE_NAMES_DROPPED, TRACE_DATA_DROPPED,
               "a=1 folder/ folder/c=3");
}

/* What a process left that was killed is what is there. */
static void
test_all_that_is_kept_is_what_is_there (Fixture      *f,
                                        gconstpointer data)
{
  g_autofree gchar *there = NULL;
  int fd;

  make_folder (f, "folder");
  make_file (f, "folder/b", "2");
  rename_to (f, "folder/b", "c");
  fd = create (f, "folder/b");
  write_text (f, fd, "new");
  f->files->close (f->files, fd);
  rename_to (f, "folder", "folder2");
  there = describe_tree (f->root);
  g_assert_cmpstr (there, ==, "c=2 folder2/ folder2/b=new");
  assert_left (f, TRACE_NAMES_KEPT, TRACE_DATA_KEPT, there);
}

static void
test_what_is_elsewhere_or_fails_is_left_out (Fixture      *f,
                                             gconstpointer data)
{
  g_autofree gchar *away = scratch_path (&f->scratch, "rootlet");
  g_autofree gchar *file = g_build_filename (away, "x", NULL);
  g_autofree gchar *none = in_root (f, "none");
  int fd;

  g_assert_true (f->files->make_folder (f->files, away, NULL));
  fd = f->files->create (f->files, file, NULL);
  write_text (f, fd, "away");
  sync_file (f, fd);
  f->files->close (f->files, fd);
  g_assert_true (f->files->sync_folder (f->files, away, NULL));
  g_assert_true (f->files->remove (f->files, file, NULL));
  g_assert_true (f->files->remove_folder (f->files, away, NULL));
  g_assert_false (f->files->remove (f->files, none, NULL));
  g_assert_false (f->files->rename (f->files, none, away, NULL));
  make_file (f, "a", "1");
  assert_left (f, TRACE_NAMES_KEPT, TRACE_DATA_KEPT, "a=1");
}

static void
test_descriptors_are_used_again (Fixture      *f,
                                 gconstpointer data)
{
  const int a = create (f, "a");
  int b, c;

  write_text (f, a, "a");
  f->files->close (f->files, a);
  b = create (f, "b");
  g_assert_cmpint (b, ==, a);
  c = create (f, "c");
  write_text (f, b, "b");
  write_text (f, c, "c");
  write_text (f, b, "b");
  f->files->close (f->files, b);
  f->files->close (f->files, c);
  assert_left (f, TRACE_NAMES_KEPT, TRACE_DATA_KEPT, "a=a b=bb c=c");
}

static void
test_marks_and_steps_are_told (Fixture      *f,
                               gconstpointer data)
{
  static const gchar * const texts[] = {
    "create #1 a", "write #1 3", "mark sent", "sync #1", "close #1",
    "rename a b", "mark sent", "sync_folder ",
  };
  const int fd = create (f, "a");
  guint i;

  write_text (f, fd, "one");
  trace_mark (f->trace, "sent");
  sync_file (f, fd);
  f->files->close (f->files, fd);
  rename_to (f, "a", "b");
  trace_mark (f->trace, "sent");
  sync_folder (f, "");
  g_assert_cmpuint (trace_get_length (f->trace), ==, G_N_ELEMENTS (texts));
  for (i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autofree gchar *text = trace_describe (f->trace, i);

      g_assert_cmpstr (text, ==, texts[i]);
    }
  g_assert_cmpuint (trace_count_marks (f->trace, 2, "sent"), ==, 0);
  g_assert_cmpuint (trace_count_marks (f->trace, 3, "sent"), ==, 1);
  g_assert_cmpuint (trace_count_marks (f->trace, 8, "sent"), ==, 2);
  g_assert_cmpuint (trace_count_marks (f->trace, 8, "se"), ==, 0);
}

/* How a file is saved, to be judged by all power cuts */

typedef void (*SaveFunc) (Fixture     *f,
                          const gchar *text);

static void
save_well (Fixture     *f,
           const gchar *text)
{
  g_assert_true (eka_files_save (f->files, f->root, "a", (const guint8 *) text,
                                 strlen (text), NULL));
  sync_folder (f, "");
}

static void
save_without_sync (Fixture     *f,
                   const gchar *text)
{
  const int fd = create (f, "tmp");

  write_text (f, fd, text);
  f->files->close (f->files, fd);
  rename_to (f, "tmp", "a");
  sync_folder (f, "");
}

static void
save_without_sync_of_the_folder (Fixture     *f,
                                 const gchar *text)
{
  make_file (f, "tmp", text);
  rename_to (f, "tmp", "a");
}

static void
save_without_rename (Fixture     *f,
                     const gchar *text)
{
  remove_name (f, "a");
  make_file (f, "a", text);
  sync_folder (f, "");
}

/* Whether what is left after @n_steps of saving "1", "2", "3" is the last version
 * that was promised, or one that was begun since. */
static gboolean
is_good (Fixture   *f,
         guint      n_steps,
         TraceNames names,
         TraceData  data,
         guint32    seed)
{
  static const gchar * const versions[] = { "first", "second one", "third" };
  const guint promised = trace_count_marks (f->trace, n_steps, "saved");
  const guint begun = trace_count_marks (f->trace, n_steps, "begun");
  g_autofree gchar *target = scratch_path (&f->scratch, "built");
  g_autofree gchar *path = g_build_filename (target, "a", NULL);
  g_autofree gchar *text = NULL;
  gboolean good = FALSE;
  guint i;

  trace_build (f->trace, n_steps, names, data, seed, target);
  g_file_get_contents (path, &text, NULL, NULL);
  double_remove_tree (target);
  for (i = promised; i <= begun; i++)
    good = good || (i == 0 ? text == NULL :
                    g_strcmp0 (text, versions[i - 1]) == 0);
  return good;
}

/* Returns: of how many power cuts @save does not survive the consequences */
static guint
count_bad (Fixture *f,
           SaveFunc save)
{
  static const gchar * const versions[] = { "first", "second one", "third" };
  guint bad = 0;
  guint n, names, data, seed, i;

  for (i = 0; i < G_N_ELEMENTS (versions); i++)
    {
      trace_mark (f->trace, "begun");
      /* The first time there is nothing to replace. */
      (i == 0 ? save_well : save) (f, versions[i]);
      trace_mark (f->trace, "saved");
    }
  for (n = 0; n <= trace_get_length (f->trace); n++)
    for (names = 0; names <= TRACE_NAMES_RANDOM; names++)
      for (data = 0; data <= TRACE_DATA_RANDOM; data++)
        for (seed = 0; seed < 4; seed++)
          bad += !is_good (f, n, names, data, seed);
  return bad;
}

static void
test_save_survives_every_power_cut (Fixture      *f,
                                    gconstpointer data)
{
  g_assert_cmpuint (count_bad (f, save_well), ==, 0);
}

static void
test_bad_ways_to_save_are_found (Fixture      *f,
                                 gconstpointer data)
{
  static const SaveFunc ways[] = {
    save_without_sync, save_without_sync_of_the_folder, save_without_rename,
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (ways); i++)
    {
      stop_trace (f);
      double_remove_tree (f->root);
      scratch_make_folder (&f->scratch, "root", 0700);
      start_trace (f);
      g_assert_cmpuint (count_bad (f, ways[i]), >, 0);
    }
}

/* A write that fails in part is in the log in part. */
static void
test_failing_files_around_it (Fixture      *f,
                              gconstpointer data)
{
  int fd;

  f->files = failing_files_new (f->files);
  failing_files_fail (f->files, DOUBLE_BIT (DOUBLE_WRITE), 0, 1, ENOSPC);
  fd = create (f, "a");
  g_assert_false (f->files->write (f->files, fd, (const guint8 *) "1234", 4, NULL));
  f->files->close (f->files, fd);
  assert_left (f, TRACE_NAMES_KEPT, TRACE_DATA_KEPT, "a=12");
}

#define ADD(name, func) \
  g_test_add ("/outbox/trace/" name, Fixture, NULL, set_up, func, tear_down)

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("data-are-there-when-synced", test_data_are_there_when_synced);
  ADD ("names-are-there-when-synced", test_names_are_there_when_synced);
  ADD ("rename-is-all-or-nothing", test_rename_is_all_or_nothing);
  ADD ("link-and-remove", test_link_and_remove);
  ADD ("folder-that-is-renamed-keeps-what-is-in-it",
       test_folder_that_is_renamed_keeps_what_is_in_it);
  ADD ("begins-with-what-is-there", test_begins_with_what_is_there);
  ADD ("all-that-is-kept-is-what-is-there", test_all_that_is_kept_is_what_is_there);
  ADD ("what-is-elsewhere-or-fails-is-left-out",
       test_what_is_elsewhere_or_fails_is_left_out);
  ADD ("descriptors-are-used-again", test_descriptors_are_used_again);
  ADD ("marks-and-steps-are-told", test_marks_and_steps_are_told);
  ADD ("save-survives-every-power-cut", test_save_survives_every_power_cut);
  ADD ("bad-ways-to-save-are-found", test_bad_ways_to_save_are_found);
  ADD ("failing-files-around-it", test_failing_files_around_it);
  return g_test_run ();
}
