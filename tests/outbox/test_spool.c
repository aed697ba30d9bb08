/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "spoolfixture.h"

#define OTHER_NAME "20200102T030405Z-0123abcd"

/* Returns: how many names there are in the folder of @spool */
static guint
count_files (EkaSpool *spool)
{
  g_autofree gchar *path = eka_spool_dup_path (spool);
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  guint n = 0;

  while (g_dir_read_name (dir) != NULL)
    n++;
  return n;
}

static gboolean
has_file (EkaSpool    *spool,
          const gchar *name)
{
  g_autofree gchar *folder = eka_spool_dup_path (spool);
  g_autofree gchar *path = g_build_filename (folder, name, NULL);

  return g_file_test (path, G_FILE_TEST_EXISTS);
}

/* A commit of one file with the text @text, and an index that names @names. */
static EkaSpoolCommit *
new_commit (const gchar *name,
            const gchar *text,
            const gchar *names)
{
  EkaSpoolCommit *commit = eka_spool_commit_new ();
  g_auto (GStrv) all = g_strsplit (names, " ", -1);
  g_autoptr (EkaChunk) chunk =
      eka_chunk_new (0, NULL, "audio/wav", "wav", 0, 1, 1);
  guint i;

  commit->index = eka_index_new ();
  for (i = 0; all[i] != NULL; i++)
    eka_index_add (commit->index, all[i], strlen (text),
                   eka_index_checksum ((const guint8 *) text, strlen (text)),
                   chunk, EKA_INDEX_WAITING);
  if (name != NULL)
    {
      g_autoptr (GBytes) bytes = g_bytes_new (text, strlen (text));

      eka_spool_commit_write (commit, name, bytes);
    }
  return commit;
}

static void
assert_commit (EkaSpool       *spool,
               EkaSpoolCommit *commit)
{
  g_autoptr (GError) error = NULL;

  wait_commit (spool, commit, &error);
  g_assert_no_error (error);
}

static void
assert_commit_fails (EkaSpool       *spool,
                     EkaSpoolCommit *commit,
                     gint            code)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (wait_commit (spool, commit, &error));
  g_assert_error (error, G_IO_ERROR, code);
}

static void
assert_text (EkaSpool    *spool,
             const gchar *name,
             const gchar *text)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = wait_read (spool, name, &error);

  g_assert_no_error (error);
  g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes),
                   text, strlen (text));
}

static void
test_records (SpoolFixture *f,
              gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  Recorder *recorder = recorder_new (f->store);
  guint i;

  g_assert_null (eka_spool_dup_path (recorder->spool));
  for (i = 1; i < 30; i++)
    {
      recorder_add (recorder, 1);
      /* packets may wait in memory, chunks not */
      g_assert_cmpuint (spool_fixture_count (f), >=, (i - 1) / 5 * 5);
    }
  g_assert_true (recorder_commit (recorder, TRUE, &error));
  g_assert_cmpuint (spool_fixture_count (f), ==, recorder->n_packets);
  g_assert_cmpuint (recorder->n_chunks, >=, 6);
  /* lock, session.json, chunks.txt, no journal */
  g_assert_cmpuint (count_files (recorder->spool), ==, 3 + recorder->n_chunks);
  g_assert_cmpuint (f->n_faults, ==, 0);
  recorder_free (recorder);
}

static void
assert_steps (SpoolFixture *f,
              guint         first,
              EkaSpool     *spool,
              const gchar  *expected)
{
  g_autofree gchar *text =
      spool_fixture_describe (f, first, eka_spool_get_name (spool));
  g_autoptr (GRegex) sizes = g_regex_new ("(write) #[0-9]+ [0-9]+|(create|sync) "
                                          "#[0-9]+|close #[0-9]+\n|get_space .*\n", 0, 0, NULL);
  g_autofree gchar *plain =
      g_regex_replace (sizes, text, -1, 0, "\\1\\2", 0, NULL);

  g_assert_cmpstr (plain, ==, expected);
}

static void
test_order (SpoolFixture *f,
            gconstpointer data)
{
  Recorder *recorder = recorder_new (f->store);
  g_autofree gchar *folder = NULL;
  guint first = trace_get_length (f->trace), i;

  recorder_add (recorder, 0);
  assert_steps (f, first, recorder->spool,
                "make_folder .new-NAME\n"
                "create .new-NAME/lock\nwrite\n"
                "create .new-NAME/.session.json.tmp\nwrite\nsync\n"
                "rename .new-NAME/.session.json.tmp .new-NAME/session.json\n"
                "sync_folder .new-NAME\n"
                "rename .new-NAME NAME\n"
                "sync_folder \n"
                "create NAME/journal_0\nwrite\nsync\n"
                "sync_folder NAME\n"
                "create NAME/.chunks.txt.tmp\nwrite\nsync\n"
                "rename NAME/.chunks.txt.tmp NAME/chunks.txt\n"
                "sync_folder NAME\n");
  first = trace_get_length (f->trace);
  /* no write comes in between: all of this takes no 0.2 s */
  spool_fixture_hold (f);
  for (i = 0; i < 6; i++)
    recorder_push (recorder);
  recorder->described = FALSE;
  eka_spool_commit (recorder->spool, recorder_prepare (recorder, FALSE), NULL,
                    NULL);
  spool_fixture_go_on (f);
  wait_disk (recorder->spool);
  assert_steps (f, first, recorder->spool,
                "write\n"
                "create NAME/.session.json.tmp\nwrite\nsync\n"
                "rename NAME/.session.json.tmp NAME/session.json\n"
                "create NAME/journal_1\nwrite\nsync\n"
                "create NAME/.audio_0.wav.tmp\nwrite\nsync\n"
                "rename NAME/.audio_0.wav.tmp NAME/audio_0.wav\n"
                "sync_folder NAME\n"
                "create NAME/.chunks.txt.tmp\nwrite\nsync\n"
                "rename NAME/.chunks.txt.tmp NAME/chunks.txt\n"
                "sync_folder NAME\n"
                "remove NAME/journal_0\n");
  first = trace_get_length (f->trace);
  eka_spool_remove (recorder->spool);
  wait_disk (recorder->spool);
  folder = spool_fixture_describe (f, first, eka_spool_get_name (recorder->spool));
  g_assert_nonnull (strstr (folder, "rename NAME .del-NAME\nsync_folder \nremove "));
  g_assert_true (g_str_has_suffix (folder, "remove .del-NAME/lock\n"
                                           "remove_folder .del-NAME\n"));
  recorder_free (recorder);
}

static void
test_private (SpoolFixture *f,
              gconstpointer data)
{
  g_autoptr (EkaSpool) spool = eka_spool_new (f->store);
  g_autofree gchar *path = NULL;
  g_autoptr (GDir) dir = NULL;
  const gchar *name;
  struct stat st;

  assert_commit (spool, new_commit ("audio_0.wav", "text", "audio_0.wav"));
  path = eka_spool_dup_path (spool);
  g_assert_cmpint (lstat (path, &st), ==, 0);
  g_assert_cmpuint (st.st_mode & 07777, ==, 0700);
  dir = g_dir_open (path, 0, NULL);
  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree gchar *file = g_build_filename (path, name, NULL);

      g_assert_cmpint (lstat (file, &st), ==, 0);
      g_assert_cmpuint (st.st_mode & 07777, ==, 0600);
    }
}

static void
test_reads (SpoolFixture *f,
            gconstpointer data)
{
  g_autoptr (EkaSpool) spool = eka_spool_new (f->store);
  g_autoptr (GError) error = NULL;

  g_assert_null (wait_read (spool, "audio_0.wav", &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_clear_error (&error);
  assert_commit (spool, new_commit ("audio_0.wav", "some text", "audio_0.wav"));
  assert_text (spool, "audio_0.wav", "some text");
  g_assert_null (wait_read (spool, "audio_1.wav", &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
}

static void
test_removes (SpoolFixture *f,
              gconstpointer data)
{
  g_autoptr (EkaSpool) spool = eka_spool_new (f->store);
  EkaSpoolCommit *commit;

  assert_commit (spool, new_commit ("audio_0.wav", "text", "audio_0.wav"));
  commit = new_commit ("audio_1.wav", "text", "audio_1.wav");
  g_ptr_array_add (commit->remove, g_strdup ("audio_0.wav"));
  assert_commit (spool, commit);
  g_assert_false (has_file (spool, "audio_0.wav"));
  /* what the index names stays */
  commit = eka_spool_commit_new ();
  g_ptr_array_add (commit->remove, g_strdup ("audio_1.wav"));
  assert_commit (spool, commit);
  assert_text (spool, "audio_1.wav", "text");
}

/* A commit was asked for before it was known that the one before fails. */
static void
test_after_failure (SpoolFixture *f,
                    gconstpointer data)
{
  g_autoptr (EkaSpool) spool = eka_spool_new (f->store);

  assert_commit (spool, new_commit ("audio_0.wav", "text", "audio_0.wav"));
  failing_files_fail (f->failing, DOUBLE_BIT (DOUBLE_WRITE), 0, 1, ENOSPC);
  assert_commit_fails (
      spool, new_commit ("audio_1.wav", "text", "audio_0.wav audio_1.wav"),
      G_IO_ERROR_NO_SPACE);
  g_assert_error (f->fault, G_IO_ERROR, G_IO_ERROR_NO_SPACE);
  g_assert_cmpuint (count_files (spool), ==, 3);
  assert_commit_fails (spool,
                       new_commit ("audio_2.wav", "text",
                                   "audio_0.wav audio_1.wav audio_2.wav"),
                       G_IO_ERROR_CANCELLED);
  g_assert_error (f->fault, G_IO_ERROR, G_IO_ERROR_NO_SPACE);
  g_assert_cmpuint (count_files (spool), ==, 3);
  assert_commit (spool,
                 new_commit ("audio_1.wav", "text", "audio_0.wav audio_1.wav"));
  g_assert_no_error (f->fault);
  g_assert_cmpuint (f->n_faults, ==, 2);
}

static void
test_bound (SpoolFixture *f,
            gconstpointer data)
{
  g_autoptr (EkaStore) store = eka_store_new (f->disk, f->location, 4000);
  g_autoptr (EkaSpool) spool = eka_spool_new (store);
  g_autofree gchar *text = g_strnfill (1500, 'a');
  EkaSpoolCommit *commit;
  guint i;

  assert_commit (spool, new_commit ("audio_0.wav", text, "audio_0.wav"));
  assert_commit (spool,
                 new_commit ("audio_1.wav", text, "audio_0.wav audio_1.wav"));
  assert_commit_fails (
      spool,
      new_commit ("audio_2.wav", text, "audio_0.wav audio_1.wav audio_2.wav"),
      G_IO_ERROR_NO_SPACE);
  commit = new_commit (NULL, text, "audio_1.wav");
  g_ptr_array_add (commit->remove, g_strdup ("audio_0.wav"));
  assert_commit (spool, commit);
  /* nothing is taken for good: the old index gives back what the new one takes */
  for (i = 0; i < 50; i++)
    assert_commit (spool, new_commit (i == 0 ? "audio_2.wav" : NULL, text,
                                      "audio_1.wav audio_2.wav"));
}

static void
check_link (SpoolFixture *f)
{
  g_autoptr (EkaSpool) one = eka_spool_new (f->store);
  g_autoptr (EkaSpool) other = eka_spool_new (f->store);
  EkaSpoolCommit *commit = new_commit (NULL, "text", "audio_7.wav");

  assert_commit (one, new_commit ("audio_0.wav", "text", "audio_0.wav"));
  eka_spool_commit_link (commit, "audio_7.wav", one, "audio_0.wav");
  assert_commit (other, commit);
  eka_spool_remove (one);
  assert_text (other, "audio_7.wav", "text");
  /* once more, but it is not there any more */
  commit = new_commit (NULL, "text", "audio_7.wav");
  eka_spool_commit_link (commit, "audio_7.wav", one, "audio_0.wav");
  assert_commit_fails (other, commit, G_IO_ERROR_FAILED);
  assert_text (other, "audio_7.wav", "text");
}

static void
test_link (SpoolFixture *f,
           gconstpointer data)
{
  g_autofree gchar *steps = NULL;

  check_link (f);
  steps = spool_fixture_describe (f, 0, "none");
  g_assert_nonnull (strstr (steps, "\nlink "));
  g_assert_null (strstr (steps, "/.audio_7.wav.tmp"));
}

static void
test_link_copies (SpoolFixture *f,
                  gconstpointer data)
{
  g_autofree gchar *steps = NULL;

  failing_files_fail (f->failing, DOUBLE_BIT (DOUBLE_LINK), 0, G_MAXUINT, EMLINK);
  check_link (f);
  steps = spool_fixture_describe (f, 0, "none");
  g_assert_null (strstr (steps, "\nlink "));
  g_assert_nonnull (strstr (steps, "/.audio_7.wav.tmp"));
}

static void
test_link_again (SpoolFixture *f,
                 gconstpointer data)
{
  g_autoptr (EkaSpool) one = eka_spool_new (f->store);
  g_autoptr (EkaSpool) other = eka_spool_new (f->store);
  EkaSpoolCommit *commit;

  assert_commit (one, new_commit ("audio_0.wav", "text", "audio_0.wav"));
  assert_commit (other, new_commit ("audio_7.wav", "old", "audio_7.wav"));
  commit = new_commit (NULL, "text", "audio_7.wav");
  eka_spool_commit_link (commit, "audio_7.wav", one, "audio_0.wav");
  assert_commit (other, commit);
  assert_text (other, "audio_7.wav", "text");
}

static void
test_vanished (SpoolFixture *f,
               gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  Recorder *recorder = recorder_new (f->store);
  g_autofree gchar *old = NULL;
  g_autofree gchar *path = NULL;
  guint i;

  recorder_add (recorder, 11);
  old = g_strdup (eka_spool_get_name (recorder->spool));
  path = eka_spool_dup_path (recorder->spool);
  double_remove_tree (path);
  for (i = 0; i < 5; i++)
    recorder_push (recorder);
  g_assert_false (recorder_commit (recorder, FALSE, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_assert_nonnull (strstr (error->message, old));
  g_clear_error (&error);
  g_assert_error (f->fault, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_assert_null (eka_spool_dup_path (recorder->spool));
  g_assert_cmpstr (eka_spool_get_name (recorder->spool), !=, old);
  /* one that was asked for meanwhile would name what is gone */
  assert_commit_fails (recorder->spool,
                       new_commit ("audio_9.wav", "text",
                                   "audio_0.wav audio_9.wav"),
                       G_IO_ERROR_CANCELLED);
  assert_commit (recorder->spool,
                 new_commit ("audio_0.wav", "text", "audio_0.wav"));
  g_assert_no_error (f->fault);
  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
  assert_text (recorder->spool, "audio_0.wav", "text");
  /* nobody gave it again */
  assert_text (recorder->spool, EKA_SPOOL_DESCRIPTION_NAME, "{}");
  recorder_free (recorder);
}

/* All of it, and the place where it was */
static void
test_vanished_location (SpoolFixture *f,
                        gconstpointer data)
{
  g_autoptr (EkaSpool) spool = eka_spool_new (f->store);

  assert_commit (spool, new_commit ("audio_0.wav", "text", "audio_0.wav"));
  double_remove_tree (f->location);
  assert_commit_fails (spool,
                       new_commit ("audio_1.wav", "text", "audio_1.wav"),
                       G_IO_ERROR_NOT_FOUND);
  assert_commit (spool, new_commit ("audio_1.wav", "text", "audio_1.wav"));
  assert_text (spool, "audio_1.wav", "text");
}

/* Another one has its name: it is not written to. */
static void
test_replaced (SpoolFixture *f,
               gconstpointer data)
{
  g_autoptr (EkaSpool) spool = eka_spool_new (f->store);
  g_autofree gchar *path = NULL;
  g_autofree gchar *name = NULL;

  assert_commit (spool, new_commit ("audio_0.wav", "text", "audio_0.wav"));
  path = eka_spool_dup_path (spool);
  double_remove_tree (path);
  name = g_strconcat ("outbox/", eka_spool_get_name (spool), NULL);
  scratch_make_folder (&f->scratch, name, 0700);
  assert_commit_fails (spool,
                       new_commit ("audio_1.wav", "text", "audio_1.wav"),
                       G_IO_ERROR_NOT_FOUND);
  assert_commit (spool, new_commit ("audio_1.wav", "text", "audio_1.wav"));
  assert_text (spool, "audio_1.wav", "text");
  g_assert_cmpint (rmdir (path), ==, 0);
}

/* It vanishes while a commit is under way. */
static void
test_removed_and_gone (SpoolFixture *f,
                       gconstpointer data)
{
  EkaSpool *spool = eka_spool_new (f->store);
  g_autofree gchar *path = NULL;
  g_autoptr (GPtrArray) list = NULL;

  assert_commit (spool, new_commit ("audio_0.wav", "text", "audio_0.wav"));
  path = eka_spool_dup_path (spool);
  double_remove_tree (path);
  eka_spool_remove (spool);
  wait_disk (spool);
  g_assert_cmpuint (f->n_faults, ==, 0);
  list = eka_leftover_list (f->location, NULL);
  g_assert_cmpuint (list->len, ==, 0);
  eka_spool_unref (spool);
}

static void
test_close (SpoolFixture *f,
            gconstpointer data)
{
  EkaSpool *spool = eka_spool_new (f->store);
  g_autofree gchar *path = NULL;
  g_autoptr (GError) error = NULL;

  assert_commit (spool, new_commit ("audio_0.wav", "text", "audio_0.wav"));
  path = eka_spool_dup_path (spool);
  eka_spool_close (spool);
  eka_spool_close (spool);
  assert_commit_fails (spool, new_commit ("audio_1.wav", "text", "audio_1.wav"),
                       G_IO_ERROR_CLOSED);
  g_assert_null (wait_read (spool, "audio_0.wav", &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  g_clear_error (&error);
  g_assert_false (wait_drop (spool, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  /* it is another one's now */
  eka_spool_remove (spool);
  wait_disk (spool);
  g_assert_true (g_file_test (path, G_FILE_TEST_IS_DIR));
  g_assert_cmpuint (f->n_faults, ==, 0);
  eka_spool_unref (spool);
}

/* A disk that took nothing is left with nothing. */
static void
test_close_empty (SpoolFixture *f,
                  gconstpointer data)
{
  EkaSpool *spool = eka_spool_new (f->store);
  g_autoptr (GDir) dir = NULL;
  g_autofree gchar *path = NULL;

  /* the description has room, the audio has not */
  failing_files_fail (f->failing, DOUBLE_BIT (DOUBLE_WRITE), 1, 9, ENOSPC);
  assert_commit_fails (spool, new_commit ("audio_0.wav", "text", "audio_0.wav"),
                       G_IO_ERROR_NO_SPACE);
  path = eka_spool_dup_path (spool);
  g_assert_true (g_file_test (path, G_FILE_TEST_IS_DIR));
  eka_spool_close (spool);
  wait_disk (spool);
  dir = g_dir_open (f->location, 0, NULL);
  g_assert_null (g_dir_read_name (dir));
  eka_spool_unref (spool);
}

static void
test_remove (SpoolFixture *f,
             gconstpointer data)
{
  EkaSpool *spool = eka_spool_new (f->store);
  g_autoptr (GDir) dir = NULL;

  eka_spool_commit (spool, new_commit ("audio_0.wav", "text", "audio_0.wav"),
                    NULL, NULL);
  eka_spool_remove (spool);
  eka_spool_remove (spool);
  eka_spool_close (spool);
  wait_disk (spool);
  g_assert_null (eka_spool_dup_path (spool));
  dir = g_dir_open (f->location, 0, NULL);
  g_assert_null (g_dir_read_name (dir));
  eka_spool_unref (spool);
  /* one that was never there */
  spool = eka_spool_new (f->store);
  eka_spool_remove (spool);
  wait_disk (spool);
  eka_spool_unref (spool);
  g_assert_cmpuint (f->n_faults, ==, 0);
}

static void
test_remove_fails (SpoolFixture *f,
                   gconstpointer data)
{
  EkaSpool *spool = eka_spool_new (f->store);
  g_autoptr (GPtrArray) list = NULL;

  assert_commit (spool, new_commit ("audio_0.wav", "text", "audio_0.wav"));
  failing_files_fail (f->failing, DOUBLE_BIT (DOUBLE_RENAME), 0, 1, EROFS);
  eka_spool_remove (spool);
  wait_disk (spool);
  g_assert_error (f->fault, G_IO_ERROR, G_IO_ERROR_READ_ONLY);
  list = eka_leftover_list (f->location, NULL);
  g_assert_cmpuint (list->len, ==, 1);
  g_assert_cmpint (((EkaLeftover *) list->pdata[0])->state, ==,
                   EKA_LEFTOVER_READY);
  eka_spool_unref (spool);
}

static void
test_open (SpoolFixture *f,
           gconstpointer data)
{
  EkaSpool *spool = eka_spool_new (f->store);
  g_autofree gchar *name = g_strdup (eka_spool_get_name (spool));
  g_autofree gchar *path = NULL;
  g_autofree gchar *garbage = NULL;
  g_autoptr (GError) error = NULL;

  assert_commit (spool, new_commit ("audio_0.wav", "text", "audio_0.wav"));
  path = eka_spool_dup_path (spool);
  /* locked in the same process, too */
  g_assert_null (eka_spool_open (f->store, name, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_BUSY);
  g_assert_nonnull (strstr (error->message, "recording"));
  g_clear_error (&error);
  eka_spool_unref (spool);
  g_assert_true (eka_disk_wait (f->disk, -1));

  garbage = g_strdup_printf ("outbox/%s/.audio_1.wav.tmp", name);
  scratch_write (&f->scratch, garbage, "te");
  spool = eka_spool_open (f->store, name, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (eka_spool_get_name (spool), ==, name);
  g_assert_cmpuint (count_files (spool), ==, 3);
  assert_text (spool, "audio_0.wav", "text");
  assert_commit (spool,
                 new_commit ("audio_1.wav", "text", "audio_0.wav audio_1.wav"));
  /* its index is known */
  {
    EkaSpoolCommit *commit = eka_spool_commit_new ();

    commit->ends_journal = TRUE;
    assert_commit (spool, commit);
  }
  eka_spool_remove (spool);
  eka_spool_unref (spool);
  g_assert_true (eka_disk_wait (f->disk, -1));
  g_assert_null (eka_spool_open (f->store, name, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_clear_error (&error);
  g_assert_null (eka_spool_open (f->store, "../outbox", &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_FILENAME);
}

/* What can't be read is not written over by one who does not know it. */
static void
check_open_unknown (SpoolFixture *f,
                    const gchar  *index,
                    gint          without_index,
                    gint          with_index)
{
  g_autoptr (GError) error = NULL;
  EkaSpool *spool;
  EkaSpoolCommit *commit;

  scratch_make_folder (&f->scratch, "outbox/" OTHER_NAME, 0700);
  scratch_write (&f->scratch, "outbox/" OTHER_NAME "/chunks.txt", index);
  scratch_write (&f->scratch, "outbox/" OTHER_NAME "/audio_0.wav", "text");
  spool = eka_spool_open (f->store, OTHER_NAME, &error);
  g_assert_no_error (error);
  commit = eka_spool_commit_new ();
  commit->ends_journal = TRUE;
  assert_commit_fails (spool, commit, without_index);
  commit = new_commit ("audio_1.wav", "text", "audio_0.wav audio_1.wav");
  if (with_index != 0)
    assert_commit_fails (spool, commit, with_index);
  else
    assert_commit (spool, commit);
  assert_text (spool, "audio_0.wav", "text");
  eka_spool_remove (spool);
  wait_disk (spool);
  eka_spool_unref (spool);
  g_assert_false (g_file_test (f->location, G_FILE_TEST_IS_REGULAR));
  scratch_assert_text (&f->scratch, "outbox/" OTHER_NAME "/chunks.txt", NULL);
}

static void
test_open_unknown (SpoolFixture *f,
                   gconstpointer data)
{
  check_open_unknown (f, "nothing", G_IO_ERROR_INVALID_DATA, 0);
  check_open_unknown (f, "ekascribe-outbox 2\n", G_IO_ERROR_NOT_SUPPORTED,
                      G_IO_ERROR_NOT_SUPPORTED);
}

static void
test_open_link (SpoolFixture *f,
                gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree gchar *link = scratch_path (&f->scratch, "outbox/" OTHER_NAME);
  g_autofree gchar *target = scratch_path (&f->scratch, "target");
  g_autofree gchar *lock =
      scratch_path (&f->scratch, "outbox/20200102T030405Z-00000000/lock");

  scratch_make_folder (&f->scratch, "target", 0700);
  g_assert_cmpint (symlink (target, link), ==, 0);
  g_assert_null (eka_spool_open (f->store, OTHER_NAME, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_DIRECTORY);
  g_clear_error (&error);
  scratch_make_folder (&f->scratch, "outbox/20200102T030405Z-00000000", 0700);
  scratch_write (&f->scratch, "precious", "text");
  g_free (target);
  target = scratch_path (&f->scratch, "precious");
  g_assert_cmpint (symlink (target, lock), ==, 0);
  g_assert_null (
      eka_spool_open (f->store, "20200102T030405Z-00000000", &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_REGULAR_FILE);
  scratch_assert_text (&f->scratch, "precious", "text");
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, func)                                                       \
  g_test_add ("/spool/" name, SpoolFixture, NULL, spool_fixture_set_up, func,  \
              spool_fixture_tear_down)
  ADD ("records", test_records);
  ADD ("order", test_order);
  ADD ("private", test_private);
  ADD ("reads", test_reads);
  ADD ("removes", test_removes);
  ADD ("after-failure", test_after_failure);
  ADD ("bound", test_bound);
  ADD ("link", test_link);
  ADD ("link/copies", test_link_copies);
  ADD ("link/again", test_link_again);
  ADD ("vanished", test_vanished);
  ADD ("vanished/location", test_vanished_location);
  ADD ("vanished/replaced", test_replaced);
  ADD ("vanished/removed", test_removed_and_gone);
  ADD ("close", test_close);
  ADD ("close-empty", test_close_empty);
  ADD ("remove", test_remove);
  ADD ("remove/fails", test_remove_fails);
  ADD ("open", test_open);
  ADD ("open/unknown", test_open_unknown);
  ADD ("open/link", test_open_link);
  return g_test_run ();
}
