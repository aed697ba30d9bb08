/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "spoolfixture.h"

#include "outbox/journal.h"

/* When things were done to the journal, in µs. */
typedef struct
{
  Double parent;
  GMutex lock;
  GCond cond;
  guint n_writes;
  guint n_syncs;
  gint64 written;
  gint64 synced;
} TimedFiles;

static void
timed_after (Double           *parent,
             const DoubleCall *call)
{
  TimedFiles *self = (TimedFiles *) parent;

  g_mutex_lock (&self->lock);
  if (call->op == DOUBLE_WRITE)
    {
      self->n_writes++;
      self->written = g_get_monotonic_time ();
    }
  else if (call->op == DOUBLE_SYNC)
    {
      self->n_syncs++;
      self->synced = g_get_monotonic_time ();
    }
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->lock);
}

static void
timed_clear (Double *parent)
{
  TimedFiles *self = (TimedFiles *) parent;

  g_cond_clear (&self->cond);
  g_mutex_clear (&self->lock);
}

static TimedFiles *
timed_files_new (void)
{
  TimedFiles *self = g_new0 (TimedFiles, 1);

  double_init (&self->parent, eka_files_new ());
  self->parent.after = timed_after;
  self->parent.clear = timed_clear;
  g_mutex_init (&self->lock);
  g_cond_init (&self->cond);
  return self;
}

static void
wait_for (TimedFiles *files,
          guint      *counter,
          guint       n)
{
  g_mutex_lock (&files->lock);
  while (*counter < n)
    g_cond_wait (&files->cond, &files->lock);
  g_mutex_unlock (&files->lock);
}

/* Pushes @n packets.
 *
 * Returns: whether they came within the time that the first one waits, or the machine
 * had better things to do */
static gboolean
push_at_once (Recorder *recorder,
              guint     n)
{
  const gint64 start = g_get_monotonic_time ();

  while (n-- > 0)
    recorder_push (recorder);
  return g_get_monotonic_time () - start < 150 * G_TIME_SPAN_MILLISECOND;
}

/* A packet waits for others for 0.2 s, and is on disk within a second. */
static void
test_timing (SpoolFixture *f,
             gconstpointer data)
{
  TimedFiles *files = timed_files_new ();
  EkaDisk *disk = eka_disk_new_test ((EkaFiles *) files);
  EkaStore *store = eka_store_new (disk, f->location, 0);
  Recorder *recorder = recorder_new (store);
  const gboolean slow = g_getenv ("EKASCRIBE_TEST_CHECKED") != NULL;
  guint n_writes, n_syncs, k = 0, in_time = 0;

  recorder_add (recorder, 0);
  while (k < 3)
    {
      const gint64 start = g_get_monotonic_time ();

      g_mutex_lock (&files->lock);
      n_writes = files->n_writes;
      n_syncs = files->n_syncs;
      g_mutex_unlock (&files->lock);
      if (!push_at_once (recorder, 20))
        {
          while (spool_fixture_count (f) < recorder->n_packets)
            g_usleep (10 * G_TIME_SPAN_MILLISECOND);
          continue;
        }
      k++;
      wait_for (files, &files->n_writes, n_writes + 1);
      wait_for (files, &files->n_syncs, n_syncs + 1);
      g_mutex_lock (&files->lock);
      /* all in one, and once */
      g_assert_cmpuint (files->n_writes, ==, n_writes + 1);
      g_assert_cmpuint (files->n_syncs, ==, n_syncs + 1);
      g_assert_cmpint (files->written - start, >=, 190 * 1000);
      g_assert_cmpint (files->synced, >, files->written);
      /* the machine may do something else for a while, but not each time */
      if (files->synced - start <= G_TIME_SPAN_SECOND)
        in_time++;
      g_mutex_unlock (&files->lock);
      g_assert_cmpuint (spool_fixture_count (f), ==, recorder->n_packets);
    }
  g_assert_true (slow || in_time > 0);
  recorder_free (recorder);
  eka_store_unref (store);
  eka_disk_release (disk);
}

/* Packets that come while a commit is on its way belong to its journal. */
static void
test_during_commit (SpoolFixture *f,
                    gconstpointer data)
{
  Recorder *recorder = recorder_new (f->store);
  guint i;

  recorder_add (recorder, 3);
  spool_fixture_hold (f);
  for (i = 0; i < 3; i++)
    recorder_push (recorder);
  eka_spool_commit (recorder->spool, recorder_prepare (recorder, FALSE), NULL,
                    NULL);
  for (i = 0; i < 3; i++)
    recorder_push (recorder);
  eka_spool_commit (recorder->spool, recorder_prepare (recorder, FALSE), NULL,
                    NULL);
  for (i = 0; i < 2; i++)
    recorder_push (recorder);
  spool_fixture_go_on (f);
  wait_disk (recorder->spool);
  /* they need no time of their own */
  g_assert_cmpuint (spool_fixture_count (f), ==, 11);
  recorder_free (recorder);
}

/* The same, but the commit fails: they go to the journal that there was. */
static void
test_during_failure (SpoolFixture *f,
                     gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  Recorder *recorder = recorder_new (f->store);
  guint i;

  recorder_add (recorder, 3);
  spool_fixture_hold (f);
  for (i = 0; i < 3; i++)
    recorder_push (recorder);
  failing_files_fail (f->failing, DOUBLE_BIT (DOUBLE_RENAME), 0, 2, EIO);
  eka_spool_commit (recorder->spool, recorder_prepare (recorder, FALSE), NULL,
                    NULL);
  for (i = 0; i < 3; i++)
    recorder_push (recorder);
  eka_spool_commit (recorder->spool, recorder_prepare (recorder, FALSE), NULL,
                    NULL);
  for (i = 0; i < 2; i++)
    recorder_push (recorder);
  spool_fixture_go_on (f);
  wait_disk (recorder->spool);
  g_assert_nonnull (f->fault);
  g_assert_cmpuint (spool_fixture_count (f), ==, 11);
  g_assert_true (recorder_commit (recorder, FALSE, &error));
  g_assert_no_error (f->fault);
  g_assert_cmpuint (spool_fixture_count (f), ==, 11);
  recorder_free (recorder);
}

/* A journal that ended takes nothing; one that could not be ended does. */
static void
test_ends (SpoolFixture *f,
           gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  Recorder *recorder = recorder_new (f->store);

  recorder_add (recorder, 3);
  failing_files_fail (f->failing, DOUBLE_BIT (DOUBLE_RENAME), 0, 1, EIO);
  g_assert_false (recorder_commit (recorder, TRUE, &error));
  g_clear_error (&error);
  recorder_push (recorder);
  eka_spool_close (recorder->spool);
  wait_disk (recorder->spool);
  g_assert_cmpuint (spool_fixture_count (f), ==, 4);
  recorder_free (recorder);
}

static void
test_ended (SpoolFixture *f,
            gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  Recorder *recorder = recorder_new (f->store);
  guint length;

  recorder_add (recorder, 3);
  g_assert_true (recorder_commit (recorder, TRUE, &error));
  length = trace_get_length (f->trace);
  recorder_push (recorder);
  eka_spool_close (recorder->spool);
  wait_disk (recorder->spool);
  g_assert_cmpuint (trace_get_length (f->trace), ==, length);
  g_assert_cmpuint (spool_fixture_count (f), ==, 3);
  recorder_free (recorder);
}

/* Packets without a journal cost nothing, nor does an index without one. */
static void
test_none (SpoolFixture *f,
           gconstpointer data)
{
  EkaSpool *spool = eka_spool_new (f->store);
  EkaSpoolCommit *commit = eka_spool_commit_new ();
  const EkaPacket packet = { .data = (const guint8 *) "ab", .size = 2 };
  g_autoptr (GError) error = NULL;
  guint length;

  eka_spool_add_packet (spool, &packet);
  commit->index = eka_index_new ();
  /* one that says nothing would go with its folder */
  g_ptr_array_add (commit->index->taken, g_strdup ("other/audio_0.wav"));
  g_assert_true (wait_commit (spool, commit, &error));
  length = trace_get_length (f->trace);
  eka_spool_add_packet (spool, &packet);
  wait_disk (spool);
  g_assert_cmpuint (trace_get_length (f->trace), ==, length);
  eka_spool_unref (spool);
}

/* A sync that fails is not tried again, and the next commit begins anew. */
static void
check_given_up (SpoolFixture *f,
                DoubleOp      op,
                guint         first)
{
  g_autoptr (GError) error = NULL;
  Recorder *recorder = recorder_new (f->store);
  g_autofree gchar *steps = NULL;
  guint length, i;

  recorder_add (recorder, 3);
  /* after 0.2 s it is written, and synced after that */
  failing_files_fail (f->failing, DOUBLE_BIT (op), first, 1, EIO);
  for (i = 0; i < 2; i++)
    recorder_push (recorder);
  g_mutex_lock (&f->lock);
  while (f->fault == NULL)
    g_cond_wait (&f->cond, &f->lock);
  g_assert_error (f->fault, G_IO_ERROR, G_IO_ERROR_FAILED);
  g_mutex_unlock (&f->lock);
  wait_disk (recorder->spool);
  length = trace_get_length (f->trace);
  recorder_push (recorder);
  spool_fixture_hold (f);
  eka_spool_commit (recorder->spool, recorder_prepare (recorder, FALSE), NULL,
                    NULL);
  recorder_push (recorder);
  spool_fixture_go_on (f);
  wait_disk (recorder->spool);
  g_assert_cmpuint (spool_fixture_count (f), ==, 7);
  g_assert_no_error (f->fault);
  steps = spool_fixture_describe (f, length,
                                  eka_spool_get_name (recorder->spool));
  /* nothing was tried with the one before */
  g_assert_nonnull (strstr (steps, "NAME/journal_"));
  *strstr (steps, "NAME/journal_") = '\0';
  g_assert_null (strstr (steps, "write"));
  g_assert_null (strstr (steps, "sync #"));
  recorder_free (recorder);
}

static void
test_write_fails (SpoolFixture *f,
                  gconstpointer data)
{
  check_given_up (f, DOUBLE_WRITE, 0);
}

static void
test_sync_fails (SpoolFixture *f,
                 gconstpointer data)
{
  check_given_up (f, DOUBLE_SYNC, 0);
}

static void
test_drop (SpoolFixture *f,
           gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) list = NULL;
  Recorder *recorder = recorder_new (f->store);
  const EkaLeftover *leftover;
  g_autofree gchar *steps = NULL;
  g_autofree gchar *tail = NULL;
  guint length;

  recorder_add (recorder, 3);
  length = trace_get_length (f->trace);
  recorder_push (recorder);
  g_assert_true (wait_drop (recorder->spool, &error));
  tail = spool_fixture_describe (f, length,
                                 eka_spool_get_name (recorder->spool));
  g_assert_true (g_str_has_suffix (
      tail, "remove NAME/journal_1\nsync_folder NAME\n"));
  recorder_push (recorder);
  eka_disk_wait (f->disk, -1);
  g_assert_cmpuint (spool_fixture_count (f), ==, 0);
  list = eka_leftover_list (f->location, &error);
  leftover = g_ptr_array_index (list, 0);
  g_assert_cmpint (leftover->state, ==, EKA_LEFTOVER_IN_USE);
  g_assert_null (leftover->journal);
  g_assert_null (leftover->index->journal);
  /* again, and where there is none */
  g_assert_true (wait_drop (recorder->spool, &error));
  g_assert_true (recorder_commit (recorder, FALSE, &error));
  g_assert_cmpuint (spool_fixture_count (f), ==, 5);
  recorder_free (recorder);
}

/* It is not gone where that failed, and goes the next time. */
static void
test_drop_fails (SpoolFixture *f,
                 gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  Recorder *recorder = recorder_new (f->store);

  recorder_add (recorder, 3);
  failing_files_fail (f->failing, DOUBLE_BIT (DOUBLE_REMOVE), 0, 2, EROFS);
  g_assert_false (wait_drop (recorder->spool, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_READ_ONLY);
  g_clear_error (&error);
  g_assert_false (wait_drop (recorder->spool, &error));
  g_clear_error (&error);
  g_assert_true (wait_drop (recorder->spool, &error));
  g_assert_cmpuint (spool_fixture_count (f), ==, 0);
  recorder_free (recorder);
}

/* Both journals of a commit that failed at its very end go. */
static void
test_drop_both (SpoolFixture *f,
                gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  Recorder *recorder = recorder_new (f->store);
  g_autofree gchar *path = NULL;
  g_autoptr (GDir) dir = NULL;
  const gchar *name;

  recorder_add (recorder, 3);
  failing_files_fail (f->failing, DOUBLE_BIT (DOUBLE_SYNC_FOLDER), 1, 1, EIO);
  g_assert_false (recorder_commit (recorder, FALSE, &error));
  g_clear_error (&error);
  g_assert_true (wait_drop (recorder->spool, &error));
  path = eka_spool_dup_path (recorder->spool);
  dir = g_dir_open (path, 0, NULL);
  while ((name = g_dir_read_name (dir)) != NULL)
    g_assert_false (g_str_has_prefix (name, "journal"));
  recorder_free (recorder);
}

/* What the journal of one session holds is another's: it counts once, also after
 * commits that say nothing of it. */
static void
test_void (SpoolFixture *f,
           gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) list = NULL;
  Recorder *one = recorder_new (f->store);
  Recorder *other = recorder_new (f->store);
  EkaSpoolCommit *commit;
  guint i, n_journals = 0;

  recorder_add (one, 3);
  for (i = 0; i < 3; i++)
    recorder_push (other);
  commit = recorder_prepare (other, FALSE);
  eka_spool_commit_void_journal (commit, one->spool);
  g_assert_true (wait_commit (other->spool, commit, &error));
  recorder_stored (other);
  g_assert_cmpuint (spool_fixture_count (f), ==, 3);
  recorder_add (other, 5);
  g_assert_cmpuint (spool_fixture_count (f), >=, 6);
  list = eka_leftover_list (f->location, &error);
  g_assert_cmpuint (list->len, ==, 2);
  for (i = 0; i < 2; i++)
    n_journals += ((EkaLeftover *) list->pdata[i])->journal != NULL;
  g_assert_cmpuint (n_journals, ==, 1);
  recorder_free (one);
  recorder_free (other);
}

static void
note_written (gpointer user_data)
{
  SpoolFixture *f = user_data;

  g_mutex_lock (&f->lock);
  f->held = TRUE;
  g_cond_broadcast (&f->cond);
  g_mutex_unlock (&f->lock);
}

/* All packets so far are written: that is due before this. */
static void
wait_written (SpoolFixture *f)
{
  eka_disk_push_later (f->disk, 200 * G_TIME_SPAN_MILLISECOND, note_written, f,
                       NULL);
  g_mutex_lock (&f->lock);
  while (!f->held)
    g_cond_wait (&f->cond, &f->lock);
  f->held = FALSE;
  g_mutex_unlock (&f->lock);
}

/* A disk that does nothing costs 4 MiB, and what did not fit is missed. */
static void
test_overflow (SpoolFixture *f,
               gconstpointer data)
{
  EkaSpool *spool;
  Recorder *recorder = recorder_new (f->store);
  g_autoptr (GPtrArray) list = NULL;
  g_autoptr (GPtrArray) chunks = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree guint8 *bytes = g_malloc0 (64000);
  EkaPacket packet = { .data = bytes, .size = 64000 };
  const EkaLeftover *leftover;
  EkaJournalDamage damage;
  guint i;

  recorder_add (recorder, 0);
  spool = recorder->spool;
  spool_fixture_hold (f);
  for (i = 0; i < 100; i++)
    {
      packet.running_time = i * G_GUINT64_CONSTANT (4000000000);
      eka_spool_add_packet (spool, &packet);
    }
  spool_fixture_go_on (f);
  wait_written (f);
  g_assert_true (wait_commit (spool, eka_spool_commit_new (), &error));
  g_assert_cmpuint (f->n_faults, ==, 2);
  eka_spool_add_packet (spool, &packet);
  eka_spool_close (spool);
  wait_disk (spool);
  list = eka_leftover_list (f->location, NULL);
  leftover = g_ptr_array_index (list, 0);
  g_assert_cmpuint (g_bytes_get_size (leftover->journal), <, 5 << 20);
  g_assert_cmpuint (g_bytes_get_size (leftover->journal), >, 3 << 20);
  chunks = eka_journal_rebuild (leftover->journal, &damage, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (damage.packets, ==, 100 - 65);
  g_assert_cmpuint (chunks->len, >, 0);
  recorder_free (recorder);
}

typedef struct
{
  EkaSpool *spool;
  GMutex lock; /* of who adds packets, and is told of faults */
  gboolean told;
} Locked;

static void
note_locked (const GError *error,
             gpointer      user_data)
{
  Locked *locked = user_data;

  if (error == NULL)
    return;
  g_assert_true (g_mutex_trylock (&locked->lock));
  locked->told = TRUE;
  g_mutex_unlock (&locked->lock);
}

static void
overflow_locked (const GError *error,
                 gpointer      user_data)
{
  Locked *locked = user_data;
  g_autofree guint8 *bytes = g_malloc0 (64000);
  const EkaPacket packet = { .data = bytes, .size = 64000 };
  guint i;

  g_mutex_lock (&locked->lock);
  for (i = 0; i < 100; i++)
    eka_spool_add_packet (locked->spool, &packet);
  g_mutex_unlock (&locked->lock);
}

/* Who adds packets when a commit is done holds the lock that order needs, and that
 * who is told of faults may wait for. */
static void
test_overflow_with_a_lock (SpoolFixture *f,
                           gconstpointer data)
{
  Recorder *recorder = recorder_new (f->store);
  Locked locked = { .spool = recorder->spool };

  g_mutex_init (&locked.lock);
  recorder_add (recorder, 0);
  eka_store_set_fault_func (f->store, note_locked, &locked, NULL);
  eka_spool_commit (recorder->spool, eka_spool_commit_new (), overflow_locked,
                    &locked);
  wait_disk (recorder->spool);
  wait_disk (recorder->spool);
  g_assert_true (locked.told);
  eka_store_set_fault_func (f->store, NULL, NULL, NULL);
  recorder_free (recorder);
  g_mutex_clear (&locked.lock);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, func)                                                       \
  g_test_add ("/spool-journal/" name, SpoolFixture, NULL, spool_fixture_set_up, \
              func, spool_fixture_tear_down)
  ADD ("timing", test_timing);
  ADD ("during-commit", test_during_commit);
  ADD ("during-failure", test_during_failure);
  ADD ("ends/not", test_ends);
  ADD ("ends", test_ended);
  ADD ("none", test_none);
  ADD ("write-fails", test_write_fails);
  ADD ("sync-fails", test_sync_fails);
  ADD ("drop", test_drop);
  ADD ("drop/fails", test_drop_fails);
  ADD ("drop/both", test_drop_both);
  ADD ("void", test_void);
  ADD ("overflow", test_overflow);
  ADD ("overflow/lock", test_overflow_with_a_lock);
  return g_test_run ();
}
