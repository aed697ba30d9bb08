/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "scribe/worker.h"

#define WAIT G_TIME_SPAN_MINUTE

/* What happens in the worker's thread, and a latch to wait for the end. */
typedef struct
{
  GMutex lock;
  GCond cond;
  EkaWorker *worker;
  GString *log;
  GThread *thread;
  gint rounds;
  gboolean done;
} Fixture;

static void
fixture_set_up (Fixture      *f,
                gconstpointer data)
{
  g_mutex_init (&f->lock);
  g_cond_init (&f->cond);
  f->log = g_string_new (NULL);
  f->worker = eka_worker_acquire ();
}

static void
fixture_tear_down (Fixture      *f,
                   gconstpointer data)
{
  g_clear_pointer (&f->worker, eka_worker_release);
  g_assert_true (eka_worker_wait_gone (WAIT));
  g_string_free (f->log, TRUE);
  g_mutex_clear (&f->lock);
  g_cond_clear (&f->cond);
}

static void
finish (Fixture *f)
{
  g_mutex_lock (&f->lock);
  f->done = TRUE;
  g_cond_signal (&f->cond);
  g_mutex_unlock (&f->lock);
}

static void
wait_done (Fixture *f)
{
  gint64 end = g_get_monotonic_time () + WAIT;

  g_mutex_lock (&f->lock);
  while (!f->done)
    g_assert_true (g_cond_wait_until (&f->cond, &f->lock, end));
  f->done = FALSE;
  g_mutex_unlock (&f->lock);
}

static void
log_thread (Fixture *f,
            gchar    what)
{
  if (f->thread == NULL)
    f->thread = g_thread_self ();
  g_assert_true (f->thread == g_thread_self ());
  g_string_append_c (f->log, what);
}

static gboolean
log_a (gpointer user_data)
{
  log_thread (user_data, 'a');
  return G_SOURCE_REMOVE;
}

static gboolean
log_b_and_queue_a (gpointer user_data)
{
  Fixture *f = user_data;

  g_assert_true (eka_worker_is_current (f->worker));
  g_assert_true (g_main_context_get_thread_default () ==
                 eka_worker_get_context (f->worker));
  eka_worker_invoke (f->worker, log_a, f, NULL);
  log_thread (f, 'b');
  return G_SOURCE_REMOVE;
}

static gboolean
log_twice (gpointer user_data)
{
  Fixture *f = user_data;

  log_thread (f, 't');
  return ++f->rounds < 2;
}

static void
log_notify (gpointer user_data)
{
  log_thread (user_data, 'n');
}

/* From the worker's thread, so that nothing runs between the two. */
static gboolean
queue_two (gpointer user_data)
{
  Fixture *f = user_data;

  eka_worker_invoke (f->worker, log_twice, f, NULL);
  eka_worker_invoke (f->worker, log_a, f, log_notify);
  return G_SOURCE_REMOVE;
}

static gboolean
finish_func (gpointer user_data)
{
  finish (user_data);
  return G_SOURCE_REMOVE;
}

static void
test_runs_in_its_thread_in_order (Fixture      *f,
                                  gconstpointer data)
{
  g_assert_false (eka_worker_is_current (f->worker));
  eka_worker_invoke (f->worker, log_b_and_queue_a, f, log_notify);
  eka_worker_invoke (f->worker, finish_func, f, NULL);
  wait_done (f);
  eka_worker_invoke (f->worker, queue_two, f, NULL);
  eka_worker_invoke (f->worker, finish_func, f, NULL);
  wait_done (f);
  g_clear_pointer (&f->worker, eka_worker_release);
  g_assert_true (eka_worker_wait_gone (WAIT));
  g_assert_cmpstr (f->log->str, ==, "bnatant");
}

static void
test_is_one_for_the_process (Fixture      *f,
                             gconstpointer data)
{
  EkaWorker *other = eka_worker_acquire ();

  g_assert_true (other == f->worker);
  eka_worker_release (f->worker);
  eka_worker_invoke (other, finish_func, f, NULL);
  wait_done (f);
  g_assert_false (eka_worker_wait_gone (0));
  f->worker = other;
}

static void
test_queue_is_done_after_last_release (Fixture      *f,
                                       gconstpointer data)
{
  guint i;

  for (i = 0; i < 100; i++)
    eka_worker_invoke (f->worker, log_a, f, NULL);
  g_clear_pointer (&f->worker, eka_worker_release);
  g_assert_true (eka_worker_wait_gone (WAIT));
  g_assert_cmpuint (f->log->len, ==, 100);
}

static gboolean
release_here (gpointer user_data)
{
  Fixture *f = user_data;

  g_clear_pointer (&f->worker, eka_worker_release);
  log_thread (f, 'r');
  finish (f);
  return G_SOURCE_REMOVE;
}

static void
test_last_release_in_its_own_thread (Fixture      *f,
                                     gconstpointer data)
{
  eka_worker_invoke (f->worker, release_here, f, NULL);
  wait_done (f);
  g_assert_true (eka_worker_wait_gone (WAIT));
  f->worker = eka_worker_acquire ();
  eka_worker_invoke (f->worker, finish_func, f, NULL);
  wait_done (f);
}

static gboolean
log_d (gpointer user_data)
{
  log_thread (user_data, 'd');
  return G_SOURCE_REMOVE;
}

/* As a SoupSession does: what is destroyed leaves work in the context. */
static void
destroy_data (gpointer user_data)
{
  GSource *source = g_idle_source_new ();

  g_source_set_callback (source, log_d, user_data, NULL);
  g_source_attach (source, g_main_context_get_thread_default ());
  g_source_unref (source);
  log_thread (user_data, 'D');
}

static gboolean
keep_data (gpointer user_data)
{
  Fixture *f = user_data;
  GQuark key = g_quark_from_static_string ("test");

  g_assert_null (eka_worker_get_data (f->worker, key));
  eka_worker_set_data (f->worker, key, f, destroy_data);
  g_assert_true (eka_worker_get_data (f->worker, key) == f);
  log_thread (f, 'k');
  finish (f);
  return G_SOURCE_REMOVE;
}

static void
test_data_goes_in_its_thread_at_the_end (Fixture      *f,
                                         gconstpointer data)
{
  eka_worker_invoke (f->worker, keep_data, f, NULL);
  wait_done (f);
  g_clear_pointer (&f->worker, eka_worker_release);
  g_assert_true (eka_worker_wait_gone (WAIT));
  g_assert_cmpstr (f->log->str, ==, "kDd");
}

static void
timer (gpointer user_data)
{
  log_thread (user_data, 'c');
  finish (user_data);
}

static gboolean
schedule (gpointer user_data)
{
  Fixture *f = user_data;
  EkaClock *clock = eka_worker_get_clock (f->worker);

  log_thread (f, 's');
  eka_clock_schedule (clock, 1000, timer, f);
  eka_clock_schedule (clock, G_TIME_SPAN_HOUR, timer, f);
  return G_SOURCE_REMOVE;
}

static void
test_clock_runs_in_its_thread (Fixture      *f,
                               gconstpointer data)
{
  eka_worker_invoke (f->worker, schedule, f, NULL);
  wait_done (f);
  g_clear_pointer (&f->worker, eka_worker_release);
  g_assert_true (eka_worker_wait_gone (WAIT));
  g_assert_cmpstr (f->log->str, ==, "sc");
}

static gboolean
count (gpointer user_data)
{
  g_atomic_int_inc ((gint *) user_data);
  return G_SOURCE_REMOVE;
}

static gpointer
come_and_go (gpointer user_data)
{
  guint i;

  for (i = 0; i < 200; i++)
    {
      g_autoptr (EkaWorker) worker = eka_worker_acquire ();

      eka_worker_invoke (worker, count, user_data, NULL);
    }
  return NULL;
}

static void
test_many_threads_start_and_stop_it (void)
{
  GThread *threads[4];
  gint counter = 0;
  guint i;

  for (i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("user", come_and_go, &counter);
  for (i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
  g_assert_true (eka_worker_wait_gone (WAIT));
  g_assert_cmpint (g_atomic_int_get (&counter), ==, 800);
}

static void
test_without_thread_runs_in_the_callers_context (void)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (EkaClock) clock = eka_clock_new_test ();
  EkaWorker *worker;
  gint counter = 0;

  g_main_context_push_thread_default (context);
  worker = eka_worker_new_test (clock);
  g_assert_true (eka_worker_get_context (worker) == context);
  g_assert_true (eka_worker_get_clock (worker) == clock);
  g_assert_true (eka_worker_is_current (worker));
  eka_worker_invoke (worker, count, &counter, NULL);
  g_assert_cmpint (counter, ==, 0);
  g_assert_true (g_main_context_iteration (context, FALSE));
  g_assert_cmpint (counter, ==, 1);
  g_assert_true (eka_worker_wait_gone (0));
  eka_worker_release (eka_worker_ref (worker));
  eka_worker_release (worker);
  g_main_context_pop_thread_default (context);
}

#define ADD(name, func)                                                       \
  g_test_add ("/worker/" name, Fixture, NULL, fixture_set_up, func,           \
              fixture_tear_down)

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  ADD ("runs-in-its-thread-in-order", test_runs_in_its_thread_in_order);
  ADD ("is-one-for-the-process", test_is_one_for_the_process);
  ADD ("queue-is-done-after-last-release",
       test_queue_is_done_after_last_release);
  ADD ("last-release-in-its-own-thread", test_last_release_in_its_own_thread);
  ADD ("data-goes-in-its-thread-at-the-end",
       test_data_goes_in_its_thread_at_the_end);
  ADD ("clock-runs-in-its-thread", test_clock_runs_in_its_thread);
  g_test_add_func ("/worker/many-threads-start-and-stop-it",
                   test_many_threads_start_and_stop_it);
  g_test_add_func ("/worker/without-thread-runs-in-the-callers-context",
                   test_without_thread_runs_in_the_callers_context);
  return g_test_run ();
}
