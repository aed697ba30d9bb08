/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <fcntl.h>
#include <time.h>

#include "outbox/lockfile.h"
#include "outbox/names.h"
#include "spoolfixture.h"

#define ONE "20200102T030405Z-0123abcd"
#define OTHER "20210102T030405Z-0123abcd"
#define MANY 10000

static EkaLeftover *
look (SpoolFixture *f,
      const gchar  *name)
{
  g_autoptr (GError) error = NULL;
  EkaLeftover *leftover = eka_leftover_look (f->location, name, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (leftover->name, ==, name);
  return leftover;
}

/* Returns: (transfer full): the only one that is listed, which is as it is when it is
 *   looked at alone */
static EkaLeftover *
look_at_only (SpoolFixture *f)
{
  g_autoptr (GPtrArray) list = eka_leftover_list (f->location, NULL);
  g_autoptr (EkaLeftover) alone = NULL;
  EkaLeftover *leftover;

  g_assert_cmpuint (list->len, ==, 1);
  leftover = g_ptr_array_steal_index (list, 0);
  alone = look (f, leftover->name);
  g_assert_cmpint (alone->state, ==, leftover->state);
  g_assert_cmpstr (alone->reason, ==, leftover->reason);
  g_assert_cmpstr (alone->path, ==, leftover->path);
  g_assert_cmpuint (alone->size, ==, leftover->size);
  return leftover;
}

static void
assert_state (EkaLeftover     *leftover,
              EkaLeftoverState state,
              const gchar     *reason)
{
  g_assert_cmpint (leftover->state, ==, state);
  if (reason == NULL)
    g_assert_null (leftover->reason);
  else
    g_assert_nonnull (strstr (leftover->reason, reason));
}

static guint
count (EkaLeftover *leftover)
{
  g_autoptr (GByteArray) audio = recorder_recover (leftover);

  return recorder_count (audio);
}

/* Returns: (transfer full): the name of a session of @n packets that was left */
static gchar *
leave_session (SpoolFixture *f,
               guint         n)
{
  Recorder *recorder = recorder_new (f->store);
  gchar *name;

  recorder_add (recorder, n);
  name = g_strdup (eka_spool_get_name (recorder->spool));
  recorder_free (recorder);
  return name;
}

static gchar *
path_in (SpoolFixture *f,
         const gchar  *folder,
         const gchar  *name)
{
  return g_build_filename (f->location, folder, name, NULL);
}

static void
write_in (SpoolFixture *f,
          const gchar  *folder,
          const gchar  *name,
          const gchar  *text)
{
  g_autofree gchar *path = path_in (f, folder, name);

  g_assert_true (g_file_set_contents (path, text, -1, NULL));
}

static void
make_folder (SpoolFixture *f,
             const gchar  *name)
{
  g_autofree gchar *path = g_build_filename ("outbox", name, NULL);

  scratch_make_folder (&f->scratch, path, 0700);
}

static void
test_nothing (SpoolFixture *f,
              gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) list = eka_leftover_list (f->location, &error);
  g_autoptr (GPtrArray) none = NULL;
  g_autofree gchar *missing = scratch_path (&f->scratch, "missing");
  g_autofree gchar *file = scratch_path (&f->scratch, "file");

  g_assert_no_error (error);
  g_assert_cmpuint (list->len, ==, 0);
  none = eka_leftover_list (missing, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (none->len, ==, 0);
  scratch_write (&f->scratch, "file", "text");
  g_assert_null (eka_leftover_list (file, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_DIRECTORY);
  g_clear_error (&error);
  g_assert_null (eka_leftover_look (f->location, ONE, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_clear_error (&error);
  g_assert_null (eka_leftover_look (f->location, "../outbox", &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_FILENAME);
  g_assert_cmpuint (eka_leftover_sweep (missing), ==, 0);
}

static void
test_ready (SpoolFixture *f,
            gconstpointer data)
{
  g_autofree gchar *name = leave_session (f, 13);
  g_autoptr (EkaLeftover) leftover = look_at_only (f);

  assert_state (leftover, EKA_LEFTOVER_READY, NULL);
  g_assert_cmpstr (leftover->name, ==, name);
  g_assert_cmpuint (count (leftover), ==, 13);
  g_assert_cmpuint (g_bytes_get_size (leftover->description), ==, 2);
  g_assert_nonnull (leftover->journal);
  g_assert_cmpuint (leftover->size, >, 13 * RECORDER_PACKET_SIZE);
  g_assert_cmpuint (leftover->size, <, 20 * RECORDER_PACKET_SIZE);
}

static void
test_in_use (SpoolFixture *f,
             gconstpointer data)
{
  Recorder *recorder = recorder_new (f->store);
  g_autoptr (EkaLeftover) leftover = NULL;

  recorder_add (recorder, 11);
  leftover = look_at_only (f);
  assert_state (leftover, EKA_LEFTOVER_IN_USE, "It is in use by ");
  g_assert_cmpuint (count (leftover), ==, 11);
  recorder_free (recorder);
}

/* Nothing but sessions is listed, and none that is being made or removed. */
static void
test_foreign (SpoolFixture *f,
              gconstpointer data)
{
  g_autofree gchar *name = leave_session (f, 7);
  g_autoptr (EkaLeftover) leftover = NULL;

  make_folder (f, "photos");
  make_folder (f, ".new-" ONE);
  make_folder (f, ".del-" OTHER);
  write_in (f, "photos", "chunks.txt", "ekascribe-outbox 1\n");
  scratch_write (&f->scratch, "outbox/notes.txt", "text");
  leftover = look_at_only (f);
  g_assert_cmpstr (leftover->name, ==, name);
}

static void
test_unreadable (SpoolFixture *f,
                 gconstpointer data)
{
  g_autofree gchar *link = path_in (f, ONE, NULL);
  g_autoptr (EkaLeftover) linked = NULL;
  g_autoptr (EkaLeftover) file = NULL;
  g_autoptr (EkaLeftover) empty = NULL;
  g_autofree gchar *name = leave_session (f, 7);
  g_autofree gchar *target = path_in (f, name, NULL);
  g_autofree gchar *moved = scratch_path (&f->scratch, "moved");

  g_assert_cmpint (rename (target, moved), ==, 0);
  g_assert_cmpint (symlink (moved, link), ==, 0);
  linked = look_at_only (f);
  assert_state (linked, EKA_LEFTOVER_UNREADABLE, "no folder");
  g_assert_null (linked->index);
  g_assert_cmpint (unlink (link), ==, 0);
  scratch_write (&f->scratch, "outbox/" ONE, "text");
  file = look_at_only (f);
  assert_state (file, EKA_LEFTOVER_UNREADABLE, "no folder");
  g_assert_cmpint (unlink (link), ==, 0);
  make_folder (f, ONE);
  write_in (f, ONE, "notes.txt", "text");
  empty = look_at_only (f);
  assert_state (empty, EKA_LEFTOVER_UNREADABLE, "nothing of a recording");
}

/* Root gives it to somebody else; others take their own right to read it. */
static void
test_another_owner (SpoolFixture *f,
                    gconstpointer data)
{
  g_autofree gchar *name = leave_session (f, 7);
  g_autofree gchar *path = path_in (f, name, NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (EkaLeftover) leftover = NULL;

  if (geteuid () == 0)
    g_assert_cmpint (chown (path, 65534, 65534), ==, 0);
  else
    g_assert_cmpint (chmod (path, 0), ==, 0);
  leftover = look_at_only (f);
  assert_state (leftover, EKA_LEFTOVER_UNREADABLE, "");
  if (geteuid () == 0)
    g_assert_nonnull (strstr (leftover->reason, "another user"));
  g_assert_null (leftover->index);
  g_assert_null (eka_spool_open (f->store, name, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED);
  g_assert_cmpint (chmod (path, 0700), ==, 0);
}

/* What lies in a folder is not followed to somewhere else. */
static void
test_links_inside (SpoolFixture *f,
                   gconstpointer data)
{
  g_autofree gchar *name = leave_session (f, 7);
  g_autofree gchar *audio = path_in (f, name, "audio_0.wav");
  g_autofree gchar *description = path_in (f, name, "session.json");
  g_autofree gchar *moved = scratch_path (&f->scratch, "moved");
  g_autoptr (EkaLeftover) leftover = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (rename (audio, moved), ==, 0);
  g_assert_cmpint (symlink (moved, audio), ==, 0);
  g_assert_cmpint (unlink (description), ==, 0);
  g_assert_cmpint (symlink (moved, description), ==, 0);
  leftover = look_at_only (f);
  assert_state (leftover, EKA_LEFTOVER_READY, NULL);
  g_assert_null (leftover->description);
  g_assert_null (eka_leftover_read (leftover, 0, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_REGULAR_FILE);
}

static void
test_newer (SpoolFixture *f,
            gconstpointer data)
{
  g_autofree gchar *name = leave_session (f, 7);
  g_autoptr (EkaLeftover) leftover = NULL;

  write_in (f, name, "chunks.txt", "ekascribe-outbox 2\nwho knows\n");
  leftover = look_at_only (f);
  assert_state (leftover, EKA_LEFTOVER_NEWER, "later version");
  g_assert_null (leftover->index);
  g_assert_nonnull (leftover->description);
}

/* All audio is there without the index: more than ten chunks, so that their order
 * is that of numbers. */
static void
check_damaged (SpoolFixture *f,
               const gchar  *index)
{
  g_autofree gchar *name = leave_session (f, 62);
  g_autofree gchar *path = path_in (f, name, "chunks.txt");
  g_autoptr (EkaLeftover) whole = look_at_only (f);
  g_autoptr (EkaLeftover) leftover = NULL;
  const EkaIndexEntry *entry, *expected;
  guint i;

  if (index != NULL)
    write_in (f, name, "chunks.txt", index);
  else
    g_assert_cmpint (unlink (path), ==, 0);
  leftover = look_at_only (f);
  assert_state (leftover, EKA_LEFTOVER_DAMAGED, "chunks.txt");
  g_assert_cmpuint (count (leftover), ==, 62);
  g_assert_cmpuint (leftover->index->entries->len, >, 11);
  g_assert_cmpuint (leftover->index->entries->len, ==,
                    whole->index->entries->len);
  for (i = 0; i < leftover->index->entries->len; i++)
    {
      entry = g_ptr_array_index (leftover->index->entries, i);
      expected = g_ptr_array_index (whole->index->entries, i);
      g_assert_cmpstr (entry->chunk->media_type, ==,
                       expected->chunk->media_type);
      g_assert_cmpuint (entry->chunk->samples, ==, expected->chunk->samples);
      g_assert_cmpuint (entry->chunk->duration, ==, expected->chunk->duration);
      g_assert_cmpuint (entry->chunk->index, ==, i);
      g_assert_cmpint (entry->state, ==, EKA_INDEX_WAITING);
    }
}

static void
test_damaged (SpoolFixture *f,
              gconstpointer data)
{
  check_damaged (f, "ekascribe-outbox 1\nand then?\n");
}

static void
test_no_index (SpoolFixture *f,
               gconstpointer data)
{
  check_damaged (f, NULL);
}

static void
test_damaged_audio (SpoolFixture *f,
                    gconstpointer data)
{
  g_autofree gchar *name = leave_session (f, 7);
  g_autoptr (EkaLeftover) leftover = NULL;

  write_in (f, name, "chunks.txt", "");
  write_in (f, name, "audio_77.wav", "no audio");
  write_in (f, name, "audio_78.exe", "no audio");
  leftover = look_at_only (f);
  assert_state (leftover, EKA_LEFTOVER_DAMAGED, "2 files with audio");
  g_assert_cmpuint (count (leftover), ==, 7);
}

static void
test_read_checks (SpoolFixture *f,
                  gconstpointer data)
{
  g_autofree gchar *name = leave_session (f, 11);
  g_autofree gchar *path = path_in (f, name, "audio_0.wav");
  g_autoptr (EkaLeftover) leftover = look_at_only (f);
  g_autoptr (GError) error = NULL;
  g_autoptr (EkaChunk) chunk = eka_leftover_read (leftover, 1, &error);
  EkaIndexEntry *entry = g_ptr_array_index (leftover->index->entries, 1);
  g_autofree gchar *text = NULL;
  gsize size;

  g_assert_no_error (error);
  g_assert_cmpuint (chunk->index, ==, 1);
  g_assert_cmpuint (chunk->running_time, ==, entry->chunk->running_time);
  g_assert_cmpuint (chunk->samples, ==, entry->chunk->samples);
  g_assert_true (g_file_get_contents (path, &text, &size, NULL));
  text[size - 1] ^= 1;
  g_assert_true (g_file_set_contents (path, text, (gssize) size, NULL));
  g_assert_null (eka_leftover_read (leftover, 0, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
  g_clear_error (&error);
  text[size - 1] ^= 1;
  g_assert_true (g_file_set_contents (path, text, (gssize) size - 1, NULL));
  g_assert_null (eka_leftover_read (leftover, 0, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
  g_clear_error (&error);
  g_assert_cmpint (unlink (path), ==, 0);
  g_assert_null (eka_leftover_read (leftover, 0, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_clear_error (&error);
  g_assert_null (eka_leftover_read (leftover, 1000, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
}

/* Writes an index for @folder that names @files, and files that are what it says. */
static void
write_session (SpoolFixture *f,
               const gchar  *folder,
               const gchar  *files,
               const gchar  *journal,
               const gchar  *taken)
{
  g_autoptr (EkaIndex) index = eka_index_new ();
  g_auto (GStrv) names = g_strsplit (files, " ", -1);
  g_auto (GStrv) all_taken = g_strsplit (taken, " ", -1);
  g_autoptr (EkaChunk) chunk =
      eka_chunk_new (0, NULL, "audio/wav", "wav", 0, 1, 1);
  g_autoptr (GBytes) bytes = NULL;
  g_autofree gchar *path = path_in (f, folder, "chunks.txt");
  guint i;

  make_folder (f, folder);
  for (i = 0; names[i] != NULL; i++)
    {
      write_in (f, folder, names[i], "text");
      eka_index_add (index, names[i], 4,
                     eka_index_checksum ((const guint8 *) "text", 4), chunk,
                     EKA_INDEX_WAITING);
    }
  if (journal != NULL)
    write_in (f, folder, journal, "journal");
  index->journal = g_strdup (journal);
  for (i = 0; all_taken[i] != NULL; i++)
    g_ptr_array_add (index->taken, g_strdup (all_taken[i]));
  bytes = eka_index_print (index);
  g_assert_true (g_file_set_contents (path, g_bytes_get_data (bytes, NULL),
                                      (gssize) g_bytes_get_size (bytes), NULL));
}

static void
check_taken (EkaLeftover *one,
             EkaLeftover *other)
{
  EkaIndexEntry *entry;

  /* the last two are gone, the second one keeps its number */
  g_assert_cmpuint (one->index->entries->len, ==, 3);
  entry = g_ptr_array_index (one->index->entries, 0);
  g_assert_cmpstr (entry->file, ==, "audio_0.wav");
  entry = g_ptr_array_index (one->index->entries, 1);
  g_assert_null (entry->file);
  g_assert_cmpint (entry->state, ==, EKA_INDEX_ACKNOWLEDGED);
  entry = g_ptr_array_index (one->index->entries, 2);
  g_assert_cmpstr (entry->file, ==, "audio_2.wav");
  g_assert_null (one->index->journal);
  g_assert_null (one->journal);
  g_assert_cmpuint (other->index->entries->len, ==, 2);
  g_assert_cmpstr (other->index->journal, ==, "journal_4");
  g_assert_nonnull (other->journal);
}

static void
test_taken (SpoolFixture *f,
            gconstpointer data)
{
  g_autoptr (GPtrArray) list = NULL;
  g_autoptr (EkaLeftover) one = NULL;
  g_autoptr (EkaLeftover) other = NULL;

  write_session (f, ONE,
                 "audio_0.wav audio_1.wav audio_2.wav audio_3.wav audio_4.wav",
                 "journal_4", "");
  write_session (f, OTHER, "audio_0.wav audio_1.wav", "journal_4",
                 ONE "/audio_1.wav " ONE "/audio_3.wav " ONE "/audio_4.wav " ONE
                     "/journal_4 " ONE "/audio_9.wav");
  list = eka_leftover_list (f->location, NULL);
  g_assert_cmpuint (list->len, ==, 2);
  check_taken (list->pdata[0], list->pdata[1]);
  one = look (f, ONE);
  other = look (f, OTHER);
  check_taken (one, other);
  g_assert_cmpuint (one->next_file, ==, 10);
  g_assert_cmpuint (other->next_file, ==, 0);
}

static void
test_no_journal (SpoolFixture *f,
                 gconstpointer data)
{
  g_autofree gchar *path = NULL;
  g_autoptr (EkaLeftover) leftover = NULL;

  write_session (f, ONE, "audio_0.wav", "journal_4", "");
  path = path_in (f, ONE, "journal_4");
  g_assert_cmpint (unlink (path), ==, 0);
  leftover = look_at_only (f);
  assert_state (leftover, EKA_LEFTOVER_READY, NULL);
  g_assert_null (leftover->journal);
  g_assert_null (leftover->index->journal);
}

/* Only a description: nothing was recorded yet. */
static void
test_only_described (SpoolFixture *f,
                     gconstpointer data)
{
  g_autoptr (EkaLeftover) leftover = NULL;

  make_folder (f, ONE);
  write_in (f, ONE, "session.json", "{}");
  leftover = look_at_only (f);
  assert_state (leftover, EKA_LEFTOVER_READY, NULL);
  g_assert_cmpuint (leftover->index->entries->len, ==, 0);
}

static void
age (SpoolFixture *f,
     const gchar  *name)
{
  g_autofree gchar *path = path_in (f, name, NULL);
  const struct timespec times[2] = { { .tv_sec = time (NULL) - 100 },
                                     { .tv_sec = time (NULL) - 100 } };

  g_assert_cmpint (utimensat (AT_FDCWD, path, times, 0), ==, 0);
}

static gboolean
exists (SpoolFixture *f,
        const gchar  *name)
{
  g_autofree gchar *path = path_in (f, name, NULL);

  return g_file_test (path, G_FILE_TEST_EXISTS);
}

static void
test_sweep (SpoolFixture *f,
            gconstpointer data)
{
  g_autofree gchar *path = path_in (f, ".new-" OTHER, "lock");
  static const gchar *const stay[] = {
    ".new-20200102T030405Z-00000001", /* young */
    "20200102T030405Z-00000002",      /* young */
    "20200102T030405Z-00000003",      /* has audio */
    "20200102T030405Z-00000004",      /* has an index */
    "20200102T030405Z-00000005",      /* has something of somebody */
    ".new-" OTHER,                    /* locked */
    "photos", ".new-photos",          /* none of ours */
  };
  static const gchar *const go[] = {
    ".new-" ONE, ".del-" ONE, ".del-" OTHER, "20200102T030405Z-00000006",
    "20200102T030405Z-00000007",
  };
  int fd;
  guint i;

  for (i = 0; i < G_N_ELEMENTS (stay); i++)
    make_folder (f, stay[i]);
  for (i = 0; i < G_N_ELEMENTS (go); i++)
    make_folder (f, go[i]);
  write_in (f, stay[2], "audio_0.wav", "text");
  write_in (f, stay[3], "chunks.txt", "text");
  write_in (f, stay[4], "notes.txt", "text");
  write_in (f, stay[5], "lock", "");
  write_in (f, go[0], "lock", "");
  write_in (f, go[1], "audio_0.wav", "text");
  write_in (f, go[1], "lock", "");
  write_in (f, go[4], "lock", "");
  write_in (f, go[4], "session.json", "{}");
  write_in (f, go[4], ".audio_0.wav.tmp", "te");
  for (i = 2; i < G_N_ELEMENTS (stay); i++)
    age (f, stay[i]);
  for (i = 0; i < G_N_ELEMENTS (go); i++)
    age (f, go[i]);
  fd = open (path, O_RDWR | O_CLOEXEC);
  g_assert_true (eka_lockfile_take (fd, NULL));
  g_assert_cmpuint (eka_leftover_sweep (f->location), ==, G_N_ELEMENTS (go));
  for (i = 0; i < G_N_ELEMENTS (stay); i++)
    g_assert_true (exists (f, stay[i]));
  for (i = 0; i < G_N_ELEMENTS (go); i++)
    g_assert_false (exists (f, go[i]));
  close (fd);
  g_assert_cmpuint (eka_leftover_sweep (f->location), ==, 1);
}

static void
test_many (SpoolFixture *f,
           gconstpointer data)
{
  const gboolean slow = g_getenv ("EKASCRIBE_TEST_CHECKED") != NULL;
  const guint n = slow ? MANY / 20 : MANY;
  g_autoptr (GPtrArray) list = NULL;
  clock_t began;
  guint i;

  for (i = 0; i < n; i++)
    {
      g_autofree gchar *name = g_strdup_printf ("20200102T030405Z-%08x", i);

      write_session (f, name, "audio_0.wav", "journal_0", "");
      write_in (f, name, "session.json", "{}");
      write_in (f, name, "lock", "");
    }
  /* Of the processor, which others may have for a while. */
  began = clock ();
  list = eka_leftover_list (f->location, NULL);
  g_assert_true (slow || clock () - began < 5 * CLOCKS_PER_SEC);
  g_assert_cmpuint (list->len, ==, n);
  for (i = 0; i < n; i++)
    {
      EkaLeftover *leftover = g_ptr_array_index (list, i);

      assert_state (leftover, EKA_LEFTOVER_READY, NULL);
      g_assert_nonnull (leftover->journal);
    }
}

static void
test_state_names (SpoolFixture *f,
                  gconstpointer data)
{
  static const gchar *const names[] = { "ready", "in-use", "newer", "damaged",
                                        "unreadable" };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (names); i++)
    g_assert_cmpstr (eka_leftover_state_to_string ((EkaLeftoverState) i), ==,
                     names[i]);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, func)                                                       \
  g_test_add ("/leftover/" name, SpoolFixture, NULL, spool_fixture_set_up,     \
              func, spool_fixture_tear_down)
  ADD ("nothing", test_nothing);
  ADD ("ready", test_ready);
  ADD ("in-use", test_in_use);
  ADD ("foreign", test_foreign);
  ADD ("unreadable", test_unreadable);
  ADD ("another-owner", test_another_owner);
  ADD ("links-inside", test_links_inside);
  ADD ("newer", test_newer);
  ADD ("damaged", test_damaged);
  ADD ("damaged/no-index", test_no_index);
  ADD ("damaged/audio", test_damaged_audio);
  ADD ("read-checks", test_read_checks);
  ADD ("taken", test_taken);
  ADD ("no-journal", test_no_journal);
  ADD ("only-described", test_only_described);
  ADD ("sweep", test_sweep);
  ADD ("many", test_many);
  ADD ("state-names", test_state_names);
  return g_test_run ();
}
