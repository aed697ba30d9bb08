/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "doubles.h"
#include "outbox/disk.h"

#define WAIT G_TIME_SPAN_MINUTE
#define HOUR (3600 * G_TIME_SPAN_SECOND)

/* What happens on the disk's thread, and a gate that holds it up. */
typedef struct
{
  EkaDisk *disk;
  GMutex lock; /* guards all below */
  GCond cond;
  GString *log;
  GThread *thread;
  gboolean held;  /* a job stands at the gate */
  gboolean open;
  gint64 when;
} Fixture;

typedef struct
{
  Fixture *f;
  gchar letter;
} Letter;

static void
set_up (Fixture      *f,
        gconstpointer data)
{
  g_mutex_init (&f->lock);
  g_cond_init (&f->cond);
  f->log = g_string_new (NULL);
  f->disk = eka_disk_acquire ();
}

static void
tear_down (Fixture      *f,
           gconstpointer data)
{
  g_clear_pointer (&f->disk, eka_disk_release);
  g_assert_true (eka_disk_wait_gone (WAIT));
  g_string_free (f->log, TRUE);
  g_mutex_clear (&f->lock);
  g_cond_clear (&f->cond);
}

static void
note (Fixture *f,
      gchar    letter)
{
  g_mutex_lock (&f->lock);
  if (f->thread == NULL)
    f->thread = g_thread_self ();
  g_assert_true (f->thread == g_thread_self ());
  f->when = g_get_monotonic_time ();
  g_string_append_c (f->log, letter);
  g_mutex_unlock (&f->lock);
}

static void
run_letter (gpointer user_data)
{
  Letter *l = user_data;

  note (l->f, l->letter);
}

/* A capital, after its small one. */
static void
free_letter (gpointer user_data)
{
  Letter *l = user_data;

  note (l->f, g_ascii_toupper (l->letter));
  g_free (l);
}

static Letter *
letter (Fixture *f,
        gchar    c)
{
  Letter *l = g_new (Letter, 1);

  *l = (Letter) { f, c };
  return l;
}

static void
push (Fixture *f,
      gchar    c)
{
  eka_disk_push (f->disk, run_letter, letter (f, c), free_letter);
}

static void
push_later (Fixture *f,
            gint64   delay,
            gchar    c)
{
  eka_disk_push_later (f->disk, delay, run_letter, letter (f, c), free_letter);
}

static void
stand_at_gate (gpointer user_data)
{
  Fixture *f = user_data;

  g_mutex_lock (&f->lock);
  f->held = TRUE;
  g_cond_broadcast (&f->cond);
  while (!f->open)
    g_cond_wait (&f->cond, &f->lock);
  f->held = FALSE;
  f->open = FALSE;
  g_mutex_unlock (&f->lock);
}

/* Returns when the disk's thread does nothing but stand there. */
static void
hold (Fixture *f)
{
  eka_disk_push (f->disk, stand_at_gate, f, NULL);
  g_mutex_lock (&f->lock);
  while (!f->held)
    g_cond_wait (&f->cond, &f->lock);
  g_mutex_unlock (&f->lock);
}

static void
let_go (Fixture *f)
{
  g_mutex_lock (&f->lock);
  f->open = TRUE;
  g_cond_broadcast (&f->cond);
  g_mutex_unlock (&f->lock);
}

static gint64
soon (void)
{
  return g_get_monotonic_time () + WAIT;
}

/* Waits for what eka_disk_wait() does not wait for. */
static void
wait_logged (Fixture    *f,
             const char *log)
{
  gboolean there = FALSE;
  const gint64 end = soon ();

  while (!there && g_get_monotonic_time () < end)
    {
      g_usleep (1000);
      g_mutex_lock (&f->lock);
      there = f->log->len >= strlen (log);
      g_mutex_unlock (&f->lock);
    }
  g_mutex_lock (&f->lock);
  g_assert_cmpstr (f->log->str, ==, log);
  g_mutex_unlock (&f->lock);
}

static void
test_does_all_in_order_in_one_thread (Fixture      *f,
                                      gconstpointer data)
{
  g_assert_false (eka_disk_is_current (f->disk));
  g_assert_nonnull (eka_disk_get_files (f->disk));
  push (f, 'a');
  push (f, 'b');
  push (f, 'c');
  g_assert_true (eka_disk_wait (f->disk, -1));
  g_assert_cmpstr (f->log->str, ==, "aAbBcC");
  g_assert_true (f->thread != g_thread_self ());
}

static void
test_is_one_for_the_process (Fixture      *f,
                             gconstpointer data)
{
  EkaDisk *other = eka_disk_acquire ();

  g_assert_true (other == f->disk);
  g_assert_true (eka_disk_ref (other) == other);
  eka_disk_release (f->disk);
  eka_disk_release (f->disk);
  push (f, 'a');
  g_assert_true (eka_disk_wait (f->disk, soon ()));
  g_assert_cmpstr (f->log->str, ==, "aA");
}

static void
test_last_release_does_all_first (Fixture      *f,
                                  gconstpointer data)
{
  const gint64 start = g_get_monotonic_time ();

  hold (f);
  push_later (f, 2 * HOUR, 'z');
  push_later (f, HOUR, 'y');
  push (f, 'a');
  push (f, 'b');
  g_clear_pointer (&f->disk, eka_disk_release);
  let_go (f);
  g_assert_true (eka_disk_wait_gone (WAIT));
  g_assert_cmpstr (f->log->str, ==, "aAbByYzZ");
  g_assert_cmpint (g_get_monotonic_time () - start, <, HOUR);
}

static void
test_wait_gone_tells_who_is_there (Fixture      *f,
                                   gconstpointer data)
{
  g_assert_false (eka_disk_wait_gone (1000));
  g_clear_pointer (&f->disk, eka_disk_release);
  g_assert_true (eka_disk_wait_gone (WAIT));
}

static void
test_is_taken_up_again_while_it_ends (Fixture      *f,
                                      gconstpointer data)
{
  EkaDisk *before = f->disk;

  hold (f);
  push (f, 'a');
  eka_disk_release (f->disk);
  f->disk = eka_disk_acquire ();
  g_assert_true (f->disk == before);
  push (f, 'b');
  let_go (f);
  g_assert_true (eka_disk_wait (f->disk, soon ()));
  g_assert_cmpstr (f->log->str, ==, "aAbB");
}

static void
release_here (gpointer user_data)
{
  Fixture *f = user_data;

  g_assert_true (eka_disk_is_current (f->disk));
  push (f, 'x');
  push_later (f, HOUR, 'y');
  g_clear_pointer (&f->disk, eka_disk_release);
}

static void
test_last_release_may_come_from_its_own_thread (Fixture      *f,
                                                gconstpointer data)
{
  EkaDisk *disk = f->disk;

  eka_disk_push (disk, release_here, f, NULL);
  g_assert_true (eka_disk_wait_gone (WAIT));
  g_assert_cmpstr (f->log->str, ==, "xXyY");
}

/* A job that has a reference, and gives it back at the very end. */
static void
release_disk (gpointer user_data)
{
  eka_disk_release (user_data);
}

static void
do_nothing (gpointer user_data)
{
}

static void
test_jobs_may_keep_it (Fixture      *f,
                       gconstpointer data)
{
  hold (f);
  eka_disk_push (f->disk, do_nothing, eka_disk_ref (f->disk), release_disk);
  eka_disk_push_later (f->disk, 1000, do_nothing, eka_disk_ref (f->disk),
                       release_disk);
  push (f, 'a');
  g_clear_pointer (&f->disk, eka_disk_release);
  let_go (f);
  g_assert_true (eka_disk_wait_gone (WAIT));
  g_assert_cmpstr (f->log->str, ==, "aA");
}

static void
test_later_is_not_sooner (Fixture      *f,
                          gconstpointer data)
{
  const gint64 start = g_get_monotonic_time ();

  push_later (f, 50000, 'a');
  wait_logged (f, "aA");
  g_assert_cmpint (f->when - start, >=, 50000);
}

static void
test_later_goes_by_time (Fixture      *f,
                         gconstpointer data)
{
  hold (f);
  push_later (f, 3 * HOUR, 'c');
  push_later (f, HOUR, 'a');
  push_later (f, 4 * HOUR, 'd');
  push_later (f, 2 * HOUR, 'b');
  g_clear_pointer (&f->disk, eka_disk_release);
  let_go (f);
  g_assert_true (eka_disk_wait_gone (WAIT));
  g_assert_cmpstr (f->log->str, ==, "aAbBcCdD");
}

/* What was asked for at the same time stays in order. */
static void
test_later_is_before_the_queue_when_due (Fixture      *f,
                                         gconstpointer data)
{
  hold (f);
  push (f, 'q');
  push_later (f, HOUR, 'z');
  push_later (f, 0, 'a');
  push_later (f, -5, 'b');
  push_later (f, 1, 'c');
  g_usleep (1000);
  let_go (f);
  g_assert_true (eka_disk_wait (f->disk, soon ()));
  g_assert_cmpstr (f->log->str, ==, "aAbBcCqQ");
}

static void
test_wait_is_for_what_was_there_before (Fixture      *f,
                                        gconstpointer data)
{
  g_assert_true (eka_disk_wait (f->disk, 0));
  push_later (f, HOUR, 'z');
  g_assert_true (eka_disk_wait (f->disk, 0));
  push (f, 'a');
  g_assert_true (eka_disk_wait (f->disk, soon ()));
  g_assert_cmpstr (f->log->str, ==, "aA");
}

static void
test_wait_ends_in_time (Fixture      *f,
                        gconstpointer data)
{
  const gint64 end = g_get_monotonic_time () + 20000;

  hold (f);
  g_assert_false (eka_disk_wait (f->disk, 0));
  g_assert_false (eka_disk_wait (f->disk, end));
  g_assert_cmpint (g_get_monotonic_time (), >=, end);
  let_go (f);
  g_assert_true (eka_disk_wait (f->disk, soon ()));
}

static gboolean
is_open (Fixture *f)
{
  gboolean open;

  g_mutex_lock (&f->lock);
  open = f->open;
  g_mutex_unlock (&f->lock);
  return open;
}

static void
push_again (gpointer user_data)
{
  Fixture *f = user_data;

  if (!is_open (f))
    eka_disk_push (f->disk, push_again, f, NULL);
}

/* There is always one more. */
static void
test_wait_does_not_wait_for_new_jobs (Fixture      *f,
                                      gconstpointer data)
{
  eka_disk_push (f->disk, push_again, f, NULL);
  g_assert_true (eka_disk_wait (f->disk, soon ()));
  let_go (f);
  /* The one that has not seen it yet, and the one that this has pushed. */
  g_assert_true (eka_disk_wait (f->disk, soon ()));
  g_assert_true (eka_disk_wait (f->disk, soon ()));
}

static void
wait_here (gpointer user_data)
{
  Fixture *f = user_data;

  g_test_expect_message (NULL, G_LOG_LEVEL_CRITICAL, "*eka_disk_is_current*");
  g_assert_false (eka_disk_wait (f->disk, -1));
  g_test_assert_expected_messages ();
}

static void
test_waiting_for_oneself_is_refused (Fixture      *f,
                                     gconstpointer data)
{
  eka_disk_push (f->disk, wait_here, f, NULL);
  g_assert_true (eka_disk_wait (f->disk, soon ()));
}

/* How often this thread went to sleep. */
static guint64
count_sleeps (gint tid)
{
  g_autofree gchar *path = g_strdup_printf ("/proc/self/task/%d/status", tid);
  g_autofree gchar *text = NULL;
  const gchar *found;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  found = strstr (text, "\nvoluntary_ctxt_switches:");
  g_assert_nonnull (found);
  return g_ascii_strtoull (strchr (found, ':') + 1 + strspn (strchr (found, ':') + 1,
                                                             " \t"), NULL, 10);
}

static void
get_tid (gpointer user_data)
{
  *(gint *) user_data = (gint) syscall (SYS_gettid);
}

static guint64
wait_asleep (gint tid)
{
  guint64 last = 0;
  guint64 now = count_sleeps (tid);

  while (now != last)
    {
      g_usleep (50000);
      last = now;
      now = count_sleeps (tid);
    }
  return now;
}

static void
test_idle_disk_does_not_wake_up (Fixture      *f,
                                 gconstpointer data)
{
  guint64 before;
  gint tid = 0;

  eka_disk_push (f->disk, get_tid, &tid, NULL);
  push_later (f, 1000, 'a');
  g_assert_true (eka_disk_wait (f->disk, soon ()));
  wait_logged (f, "aA");
  before = wait_asleep (tid);
  g_usleep (500000);
  g_assert_cmpuint (count_sleeps (tid), ==, before);
}

/* Pushing is what the streaming thread does: a disk that hangs must not matter. */
static void
test_push_never_waits (Fixture      *f,
                       gconstpointer data)
{
  guint i;

  hold (f);
  for (i = 0; i < 10000; i++)
    push (f, 'a');
  g_assert_cmpuint (f->log->len, ==, 0);
  let_go (f);
  g_assert_true (eka_disk_wait (f->disk, soon ()));
  g_assert_cmpuint (f->log->len, ==, 20000);
}

typedef struct
{
  Double parent;
  Fixture *f;
} NotingFiles;

static void
note_clear (Double *parent)
{
  note (((NotingFiles *) parent)->f, '.');
}

static void
test_test_disk_frees_its_files_last (Fixture      *f,
                                     gconstpointer data)
{
  NotingFiles *files = g_new0 (NotingFiles, 1);
  EkaDisk *own;

  double_init (&files->parent, eka_files_new ());
  files->parent.clear = note_clear;
  files->f = f;
  own = eka_disk_new_test (&files->parent.table);
  g_assert_true (own != f->disk);
  g_assert_true (eka_disk_get_files (own) == &files->parent.table);
  eka_disk_release (f->disk);
  f->disk = own;
  push (f, 'a');
  push_later (f, HOUR, 'b');
  g_clear_pointer (&f->disk, eka_disk_release);
  g_assert_true (eka_disk_wait_gone (WAIT));
  g_assert_cmpstr (f->log->str, ==, "aAbB.");
}

#define THREADS 8
#define ROUNDS 300

/* Of one thread that pushes; counted on the disk's thread. */
typedef struct
{
  guint sum;
  guint next;
} Tally;

typedef struct
{
  Tally *tally;
  guint number;
} Count;

static void
run_count (gpointer user_data)
{
  Count *count = user_data;

  g_assert_cmpuint (count->number, ==, count->tally->next);
  count->tally->next++;
}

static void
run_later (gpointer user_data)
{
  Count *count = user_data;

  count->tally->sum++;
}

/* Each thread's jobs are in order, whatever the others do and however often the
 * disk comes and goes. */
static gpointer
push_many (gpointer user_data)
{
  Tally *tally = user_data;
  guint i;

  for (i = 0; i < ROUNDS; i++)
    {
      g_autoptr (EkaDisk) disk = eka_disk_acquire ();
      Count *count = g_new (Count, 1);
      Count *later = g_new (Count, 1);

      *count = (Count) { tally, i };
      *later = (Count) { tally, i };
      eka_disk_push_later (disk, i % 7 * 100, run_later, later, g_free);
      eka_disk_push (disk, run_count, count, g_free);
      if (i % 5 == 0)
        g_assert_true (eka_disk_wait (disk, soon ()));
    }
  return NULL;
}

static void
test_many_threads (Fixture      *f,
                   gconstpointer data)
{
  GThread *threads[THREADS];
  Tally tallies[THREADS] = { 0 };
  guint i;

  g_clear_pointer (&f->disk, eka_disk_release);
  for (i = 0; i < THREADS; i++)
    threads[i] = g_thread_new ("pusher", push_many, &tallies[i]);
  for (i = 0; i < THREADS; i++)
    g_thread_join (threads[i]);
  g_assert_true (eka_disk_wait_gone (WAIT));
  for (i = 0; i < THREADS; i++)
    {
      g_assert_cmpuint (tallies[i].next, ==, ROUNDS);
      g_assert_cmpuint (tallies[i].sum, ==, ROUNDS);
    }
}

#define ADD(name, func) \
  g_test_add ("/outbox/disk/" name, Fixture, NULL, set_up, func, tear_down)

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("does-all-in-order-in-one-thread", test_does_all_in_order_in_one_thread);
  ADD ("is-one-for-the-process", test_is_one_for_the_process);
  ADD ("last-release-does-all-first", test_last_release_does_all_first);
  ADD ("wait-gone-tells-who-is-there", test_wait_gone_tells_who_is_there);
  ADD ("is-taken-up-again-while-it-ends", test_is_taken_up_again_while_it_ends);
  ADD ("last-release-may-come-from-its-own-thread",
       test_last_release_may_come_from_its_own_thread);
  ADD ("jobs-may-keep-it", test_jobs_may_keep_it);
  ADD ("later-is-not-sooner", test_later_is_not_sooner);
  ADD ("later-goes-by-time", test_later_goes_by_time);
  ADD ("later-is-before-the-queue-when-due",
       test_later_is_before_the_queue_when_due);
  ADD ("wait-is-for-what-was-there-before", test_wait_is_for_what_was_there_before);
  ADD ("wait-ends-in-time", test_wait_ends_in_time);
  ADD ("wait-does-not-wait-for-new-jobs", test_wait_does_not_wait_for_new_jobs);
  ADD ("waiting-for-oneself-is-refused", test_waiting_for_oneself_is_refused);
  ADD ("idle-disk-does-not-wake-up", test_idle_disk_does_not_wake_up);
  ADD ("push-never-waits", test_push_never_waits);
  ADD ("test-disk-frees-its-files-last", test_test_disk_frees_its_files_last);
  ADD ("many-threads", test_many_threads);
  return g_test_run ();
}
