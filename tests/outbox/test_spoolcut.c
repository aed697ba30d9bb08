/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <errno.h>
#include <string.h>

#include "../checked.h"
#include "recorder.h"
#include "scratch.h"
#include "trace.h"

#define SEEDS 6
#define STRIDE checked_count (1, 3) /* of steps and faults */

/* What happens to a session: the power is cut at each step of it, and each step of
 * it fails. @plain is for what was left. */
typedef struct
{
  Scratch scratch;
  gchar *location;
  Trace *trace;
  EkaFiles *failing; /* around the trace */
  EkaDisk *disk;
  EkaDisk *plain;
  EkaStore *store;
  GArray *promised;  /* of guint: packets that are on disk from each mark on */
} Fixture;

static void
set_up (Fixture      *f,
        gconstpointer data)
{
  scratch_set_up_fast (&f->scratch, NULL);
  scratch_make_folder (&f->scratch, "outbox", 0700);
  f->location = scratch_path (&f->scratch, "outbox");
  f->trace = trace_new (f->location);
  f->failing = failing_files_new (trace_files_new (f->trace, eka_files_new ()));
  f->disk = eka_disk_new_test (f->failing);
  f->plain = eka_disk_new_test (eka_files_new ());
  f->store = eka_store_new (f->disk, f->location, 0);
  f->promised = g_array_new (FALSE, FALSE, sizeof (guint));
}

static void
tear_down (Fixture      *f,
           gconstpointer data)
{
  eka_store_unref (f->store);
  eka_disk_release (f->disk);
  eka_disk_release (f->plain);
  g_assert_true (eka_disk_wait_gone (G_TIME_SPAN_MINUTE));
  trace_unref (f->trace);
  g_array_unref (f->promised);
  g_free (f->location);
  scratch_tear_down (&f->scratch, NULL);
}

static void
promise (Fixture *f,
         guint    n_packets)
{
  g_array_append_val (f->promised, n_packets);
  trace_mark (f->trace, "promised");
}

/* Returns: packets that are left of the only session in @location, or 0 */
static guint
count (const gchar *location)
{
  g_autoptr (GByteArray) audio = recorder_recover_only (location);

  return recorder_count (audio);
}

/* As somebody who sends what was left: that must not change what it is. */
static void
open_and_close (Fixture     *f,
                const gchar *location)
{
  g_autoptr (GPtrArray) list = eka_leftover_list (location, NULL);
  g_autoptr (EkaStore) store = eka_store_new (f->plain, location, 0);
  g_autoptr (GError) error = NULL;
  guint i;

  for (i = 0; i < list->len; i++)
    {
      EkaLeftover *leftover = g_ptr_array_index (list, i);
      g_autoptr (EkaSpool) spool =
          eka_spool_open (store, leftover->name, &error);

      g_assert_no_error (error);
    }
  g_assert_true (eka_disk_wait (f->plain, -1));
}

/* Checks what a power cut after @n_steps leaves, and once more after recovery. */
static void
check_cut (Fixture   *f,
           guint      n_steps,
           TraceNames names,
           TraceData  data,
           guint32    seed,
           guint      n_packets)
{
  const guint n_marks = trace_count_marks (f->trace, n_steps, "promised");
  const gboolean removing = trace_count_marks (f->trace, n_steps, "removing") > 0;
  g_autofree gchar *target = scratch_path (&f->scratch, "cut");
  guint least = 0, found;

  trace_build (f->trace, n_steps, names, data, seed, target);
  if (n_marks > 0)
    least = g_array_index (f->promised, guint, n_marks - 1);
  found = count (target);
  if (removing)
    g_assert_true (found == 0 || found == n_packets);
  else
    g_assert_cmpuint (found, >=, least);
  open_and_close (f, target);
  g_assert_cmpuint (count (target), ==, found);
  double_remove_tree (target);
}

static void
check_all_cuts (Fixture *f,
                guint    n_packets)
{
  static const struct
  {
    TraceNames names;
    TraceData data;
    guint seeds;
  } modes[] = {
    { TRACE_NAMES_DROPPED, TRACE_DATA_DROPPED, 1 },
    { TRACE_NAMES_DROPPED, TRACE_DATA_KEPT, 1 },
    { TRACE_NAMES_KEPT, TRACE_DATA_KEPT, 1 },
    { TRACE_NAMES_KEPT, TRACE_DATA_DROPPED, 1 },
    { TRACE_NAMES_KEPT, TRACE_DATA_SHORT, 1 },
    { TRACE_NAMES_KEPT, TRACE_DATA_ZEROED, 1 },
    { TRACE_NAMES_RANDOM, TRACE_DATA_RANDOM, SEEDS },
  };
  const guint length = trace_get_length (f->trace);
  guint step, i;
  guint32 seed;

  for (step = 0; step <= length; step += STRIDE)
    {
      for (i = 0; i < G_N_ELEMENTS (modes); i++)
        {
          for (seed = 0; seed < MIN (modes[i].seeds, checked_count (SEEDS, 2)); seed++)
            check_cut (f, step, modes[i].names, modes[i].data, seed, n_packets);
        }
    }
}

static void
record (Fixture  *f,
        Recorder *recorder,
        guint     n)
{
  guint i;

  for (i = 0; i < n; i++)
    {
      recorder_add (recorder, 1);
      if (recorder->n_packets % 5 == 1)
        promise (f, recorder->n_packets);
    }
}

/* A recording from its start to when it is safe. */
static void
test_cut (Fixture      *f,
          gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  Recorder *recorder = recorder_new (f->store);
  guint n_packets;

  record (f, recorder, 12);
  recorder->described = FALSE; /* it is described anew */
  record (f, recorder, 5);
  g_assert_true (recorder_commit (recorder, TRUE, &error));
  n_packets = recorder->n_packets;
  promise (f, n_packets);
  g_assert_cmpuint (count (f->location), ==, n_packets);
  trace_mark (f->trace, "removing");
  eka_spool_remove (recorder->spool);
  recorder_free (recorder);
  g_assert_cmpuint (trace_get_length (f->trace), >, 80);
  check_all_cuts (f, n_packets);
}

/* What was pushed is there when the spool was closed, and from then on. */
static void
test_cut_after_close (Fixture      *f,
                      gconstpointer data)
{
  Recorder *recorder = recorder_new (f->store);

  record (f, recorder, 9);
  eka_spool_close (recorder->spool);
  wait_disk (recorder->spool);
  promise (f, 9);
  recorder_free (recorder);
  check_all_cuts (f, 9);
}

/* A commit whose last sync fails, packets after that, and one that succeeds. */
static void
test_cut_after_failed_sync (Fixture      *f,
                            gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  Recorder *recorder = recorder_new (f->store);
  guint i;

  record (f, recorder, 11);
  for (i = 0; i < 5; i++)
    recorder_push (recorder);
  /* that of the folder with the new index */
  failing_files_fail (f->failing, DOUBLE_BIT (DOUBLE_SYNC_FOLDER), 1, 1, EIO);
  g_assert_false (recorder_commit (recorder, FALSE, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_FAILED);
  g_clear_error (&error);
  record (f, recorder, 10);
  g_assert_cmpuint (count (f->location), ==, recorder->n_packets);
  recorder_free (recorder);
  check_all_cuts (f, 26);
}

/* All that the recorder does, with a second try for all that fails. Returns: how
 * often a commit failed */
static guint
record_stubbornly (Fixture  *f,
                   Recorder *recorder,
                   guint     n)
{
  const gchar *location = f->location;
  guint failed = 0, stored = 0, i, tries;

  for (i = 0; i <= n; i++)
    {
      if (i > 0)
        recorder_push (recorder);
      if (i != n && recorder->n_packets % 5 != 0)
        continue;
      for (tries = 0; !recorder_commit (recorder, i == n, NULL); tries++)
        {
          g_assert_cmpuint (tries, <, 100);
          failed++;
          /* were the process killed now */
          g_assert_cmpuint (count (location), >=, stored);
        }
      stored = recorder->n_packets;
      g_assert_cmpuint (count (location), >=, stored);
    }
  return failed;
}

static void
check_clean (Fixture  *f,
             Recorder *recorder)
{
  g_autofree gchar *path = eka_spool_dup_path (recorder->spool);
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const gchar *name;
  guint n = 0;

  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_assert_false (g_str_has_prefix (name, "journal"));
      n++;
    }
  /* lock, session.json, chunks.txt */
  g_assert_cmpuint (n, ==, 3 + recorder->n_chunks);
}

/* Each operation fails once, or several in a row, and with each error. */
static void
test_every_operation_fails (Fixture      *f,
                            gconstpointer data)
{
  static const int errors[] = { ENOSPC, EIO, EROFS };
  static const guint lengths[] = { 1, 7 };
  g_autoptr (GError) error = NULL;
  guint first, e, l, failed;
  gboolean more = TRUE;

  for (first = 0; more; first += STRIDE)
    {
      for (e = 0; e < G_N_ELEMENTS (errors); e++)
        {
          for (l = 0; l < G_N_ELEMENTS (lengths); l++)
            {
              Recorder *recorder = recorder_new (f->store);

              failed = failing_files_count_failed (f->failing);
              failing_files_fail (f->failing, DOUBLE_ANY, first, lengths[l],
                                  errors[e]);
              record_stubbornly (f, recorder, 17);
              more = failing_files_count_failed (f->failing) > failed;
              failing_files_heal (f->failing);
              g_assert_cmpuint (count (f->location), ==, 17);
              /* what could not be removed goes with the next one */
              g_assert_true (recorder_commit (recorder, TRUE, &error));
              check_clean (f, recorder);
              eka_spool_remove (recorder->spool);
              recorder_free (recorder);
              double_remove_tree (f->location);
              scratch_make_folder (&f->scratch, "outbox", 0700);
            }
        }
    }
  g_assert_cmpuint (first, >, 40);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, func)                                                       \
  g_test_add ("/spool-cut/" name, Fixture, NULL, set_up, func, tear_down)
  ADD ("whole", test_cut);
  ADD ("after-close", test_cut_after_close);
  ADD ("after-failed-sync", test_cut_after_failed_sync);
  ADD ("every-operation-fails", test_every_operation_fails);
  return g_test_run ();
}
