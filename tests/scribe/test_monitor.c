/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "scribe/monitor.h"

#define WAIT G_TIME_SPAN_MINUTE
#define SECOND G_TIME_SPAN_SECOND

/* --- a network that comes and goes on demand ------------------------------ */

typedef GObject FakeNetwork;
typedef GObjectClass FakeNetworkClass;

static GType fake_network_get_type (void);
static void fake_network_init_monitor (GNetworkMonitorInterface *iface);
static void fake_network_init_initable (GInitableIface *iface);

G_DEFINE_TYPE_WITH_CODE (
    FakeNetwork, fake_network, G_TYPE_OBJECT,
    G_IMPLEMENT_INTERFACE (G_TYPE_INITABLE, fake_network_init_initable)
    G_IMPLEMENT_INTERFACE (G_TYPE_NETWORK_MONITOR, fake_network_init_monitor))

enum
{
  PROP_AVAILABLE = 1,
  PROP_METERED,
  PROP_CONNECTIVITY,
};

/* Never asked for: the signal says all that counts. */
static void
fake_network_get_property (GObject    *object,
                           guint       id,
                           GValue     *value,
                           GParamSpec *spec)
{
  g_assert_not_reached ();
}

static void
fake_network_class_init (FakeNetworkClass *klass)
{
  klass->get_property = fake_network_get_property;
  g_object_class_override_property (klass, PROP_AVAILABLE,
                                    "network-available");
  g_object_class_override_property (klass, PROP_METERED, "network-metered");
  g_object_class_override_property (klass, PROP_CONNECTIVITY, "connectivity");
}

static void
fake_network_init (FakeNetwork *self)
{
}

static void
fake_network_init_monitor (GNetworkMonitorInterface *iface)
{
}

static gboolean
fake_network_init_sync (GInitable    *initable,
                        GCancellable *cancellable,
                        GError      **error)
{
  return TRUE;
}

static void
fake_network_init_initable (GInitableIface *iface)
{
  iface->init = fake_network_init_sync;
}

static GNetworkMonitor *
fake_network_new (void)
{
  return g_initable_new (fake_network_get_type (), NULL, NULL, NULL);
}

static void
change (GNetworkMonitor *network,
        gboolean         available)
{
  g_signal_emit_by_name (network, "network-changed", available);
}

/* --- with a clock that is moved by hand, in one thread -------------------- */

typedef struct
{
  GNetworkMonitor *network;
  EkaClock *clock;
  EkaWorker *worker;
  EkaMonitor *monitor;
  guint calls;
  guint freed;
  gboolean free_on_call;
} Fixture;

static void
count_call (gpointer user_data)
{
  Fixture *f = user_data;

  g_assert_cmpuint (f->freed, ==, 0);
  f->calls++;
  if (f->free_on_call)
    g_clear_pointer (&f->monitor, eka_monitor_free);
}

static void
count_free (gpointer user_data)
{
  Fixture *f = user_data;

  f->freed++;
}

static void
set_up (Fixture      *f,
        gconstpointer data)
{
  f->network = fake_network_new ();
  f->clock = eka_clock_new_test ();
  f->worker = eka_worker_new_test (f->clock);
  f->monitor = eka_monitor_new (f->network, f->worker, count_call, f,
                                count_free);
}

static void
iterate (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

static void
tear_down (Fixture      *f,
           gconstpointer data)
{
  g_clear_pointer (&f->monitor, eka_monitor_free);
  g_assert_cmpuint (f->freed, ==, 1);
  iterate ();
  eka_worker_release (f->worker);
  g_assert_cmpint (eka_clock_next (f->clock), ==, -1);
  eka_clock_unref (f->clock);
  /* nothing holds on to it */
  g_assert_cmpuint (G_OBJECT (f->network)->ref_count, ==, 1);
  g_object_unref (f->network);
}

static void
test_tells_when_it_comes (Fixture      *f,
                          gconstpointer data)
{
  iterate ();
  g_assert_cmpuint (f->calls, ==, 0);
  change (f->network, TRUE);
  /* not in the thread of the signal, but in the worker's */
  g_assert_cmpuint (f->calls, ==, 0);
  iterate ();
  g_assert_cmpuint (f->calls, ==, 1);
}

static void
test_says_nothing_when_it_goes (Fixture      *f,
                                gconstpointer data)
{
  change (f->network, FALSE);
  iterate ();
  eka_clock_advance (f->clock, SECOND);
  g_assert_cmpuint (f->calls, ==, 0);
}

static void
test_at_most_once_a_second (Fixture      *f,
                            gconstpointer data)
{
  guint i;

  for (i = 0; i < 5; i++)
    change (f->network, TRUE);
  iterate ();
  g_assert_cmpuint (f->calls, ==, 1);
  for (i = 0; i < 5; i++)
    {
      change (f->network, TRUE);
      change (f->network, FALSE);
      iterate ();
    }
  eka_clock_advance (f->clock, SECOND - 1);
  g_assert_cmpuint (f->calls, ==, 1);
  /* what came in between is not forgotten */
  eka_clock_advance (f->clock, 1);
  g_assert_cmpuint (f->calls, ==, 2);
  eka_clock_advance (f->clock, 60 * SECOND);
  g_assert_cmpuint (f->calls, ==, 2);
  change (f->network, TRUE);
  iterate ();
  g_assert_cmpuint (f->calls, ==, 3);
}

static void
test_at_once_after_a_pause (Fixture      *f,
                            gconstpointer data)
{
  guint i;

  for (i = 0; i < 10; i++)
    {
      change (f->network, TRUE);
      iterate ();
      g_assert_cmpuint (f->calls, ==, i + 1);
      eka_clock_advance (f->clock, SECOND);
    }
  g_assert_cmpuint (f->calls, ==, 10);
}

static void
test_nothing_after_free (Fixture      *f,
                         gconstpointer data)
{
  change (f->network, TRUE);
  g_clear_pointer (&f->monitor, eka_monitor_free);
  g_assert_cmpuint (f->freed, ==, 1);
  iterate ();
  change (f->network, TRUE);
  iterate ();
  g_assert_cmpuint (f->calls, ==, 0);
}

static void
test_no_timer_after_free (Fixture      *f,
                          gconstpointer data)
{
  guint i;

  for (i = 0; i < 2; i++)
    {
      change (f->network, TRUE);
      iterate ();
    }
  g_assert_cmpint (eka_clock_next (f->clock), ==, SECOND);
  g_clear_pointer (&f->monitor, eka_monitor_free);
  g_assert_cmpint (eka_clock_next (f->clock), ==, -1);
  eka_clock_advance (f->clock, 2 * SECOND);
  g_assert_cmpuint (f->calls, ==, 1);
}

static void
test_freed_by_its_function (Fixture      *f,
                            gconstpointer data)
{
  f->free_on_call = TRUE;
  change (f->network, TRUE);
  iterate ();
  g_assert_cmpuint (f->calls, ==, 1);
  g_assert_cmpuint (f->freed, ==, 1);
}

static void
test_freed_by_its_function_later (Fixture      *f,
                                  gconstpointer data)
{
  change (f->network, TRUE);
  iterate ();
  f->free_on_call = TRUE;
  change (f->network, TRUE);
  iterate ();
  g_assert_cmpuint (f->calls, ==, 1);
  eka_clock_advance (f->clock, SECOND);
  g_assert_cmpuint (f->calls, ==, 2);
  g_assert_cmpuint (f->freed, ==, 1);
}

/* --- with a worker that has a thread -------------------------------------- */

typedef struct
{
  GMutex lock; /* guards what follows it */
  GCond cond;
  GNetworkMonitor *network;
  EkaWorker *worker;
  EkaMonitor *monitor;
  guint calls;
  guint freed;
  guint returned;   /* calls of free in the worker's thread */
  gboolean entered; /* an emission is under way */
  gboolean go_on;   /* it may end */
  gint stop;        /* atomic */
  guint refs;       /* of the network when no monitor is left */
} Threads;

static void
set_up_threads (Threads      *t,
                gconstpointer data)
{
  g_mutex_init (&t->lock);
  g_cond_init (&t->cond);
  t->network = fake_network_new ();
  t->refs = 1;
  t->worker = eka_worker_acquire ();
}

static void
tear_down_threads (Threads      *t,
                   gconstpointer data)
{
  eka_worker_release (t->worker);
  g_assert_true (eka_worker_wait_gone (WAIT));
  g_assert_cmpuint (t->freed, ==, 1);
  g_assert_cmpuint (G_OBJECT (t->network)->ref_count, ==, t->refs);
  g_object_unref (t->network);
  g_cond_clear (&t->cond);
  g_mutex_clear (&t->lock);
}

static void
add_one (Threads *t,
         guint   *counter)
{
  g_assert_true (eka_worker_is_current (t->worker));
  g_mutex_lock (&t->lock);
  g_assert_cmpuint (t->freed, ==, 0);
  *counter += 1;
  g_cond_broadcast (&t->cond);
  g_mutex_unlock (&t->lock);
}

static void
thread_call (gpointer user_data)
{
  Threads *t = user_data;

  add_one (t, &t->calls);
}

static void
thread_freed (gpointer user_data)
{
  Threads *t = user_data;

  add_one (t, &t->freed);
}

static void
start (Threads *t)
{
  t->monitor =
      eka_monitor_new (t->network, t->worker, thread_call, t, thread_freed);
}

static void
wait_for (Threads  *t,
          guint    *counter,
          guint     value)
{
  const gint64 end = g_get_monotonic_time () + WAIT;

  g_mutex_lock (&t->lock);
  while (*counter < value)
    g_assert_true (g_cond_wait_until (&t->cond, &t->lock, end));
  g_mutex_unlock (&t->lock);
}

static gboolean
free_here (gpointer user_data)
{
  Threads *t = user_data;

  g_clear_pointer (&t->monitor, eka_monitor_free);
  /* add_one() sees whoever is late */
  g_assert_cmpuint (t->freed, ==, 1);
  g_mutex_lock (&t->lock);
  t->returned++;
  g_cond_broadcast (&t->cond);
  g_mutex_unlock (&t->lock);
  return G_SOURCE_REMOVE;
}

static void
free_in_worker (Threads *t)
{
  const guint before = t->returned;

  eka_worker_invoke (t->worker, free_here, t, NULL);
  wait_for (t, &t->returned, before + 1);
}

static void
test_runs_in_the_workers_thread (Threads      *t,
                                 gconstpointer data)
{
  start (t);
  change (t->network, TRUE);
  wait_for (t, &t->calls, 1);
  free_in_worker (t);
}

static void
test_freed_elsewhere (Threads      *t,
                      gconstpointer data)
{
  start (t);
  change (t->network, TRUE);
  g_clear_pointer (&t->monitor, eka_monitor_free);
  wait_for (t, &t->freed, 1);
}

/* Stops an emission before the monitor's turn comes, or after. */
static void
hold_emission (GNetworkMonitor *network,
               gboolean         available,
               gpointer         user_data)
{
  Threads *t = user_data;
  const gint64 end = g_get_monotonic_time () + WAIT;

  g_mutex_lock (&t->lock);
  t->entered = TRUE;
  g_cond_broadcast (&t->cond);
  while (!t->go_on)
    g_assert_true (g_cond_wait_until (&t->cond, &t->lock, end));
  g_mutex_unlock (&t->lock);
}

static gpointer
emit_once (gpointer user_data)
{
  Threads *t = user_data;

  change (t->network, TRUE);
  return NULL;
}

static void
test_freed_during_emission (Threads      *t,
                            gconstpointer data)
{
  const gboolean before = GPOINTER_TO_INT (data);
  const gint64 end = g_get_monotonic_time () + WAIT;
  gulong holder = 0;
  GThread *thread;

  if (before)
    holder = g_signal_connect (t->network, "network-changed",
                               G_CALLBACK (hold_emission), t);
  start (t);
  if (!before)
    holder = g_signal_connect (t->network, "network-changed",
                               G_CALLBACK (hold_emission), t);
  thread = g_thread_new ("application", emit_once, t);
  g_mutex_lock (&t->lock);
  while (!t->entered)
    g_assert_true (g_cond_wait_until (&t->cond, &t->lock, end));
  g_mutex_unlock (&t->lock);
  free_in_worker (t);

  g_mutex_lock (&t->lock);
  t->go_on = TRUE;
  g_cond_broadcast (&t->cond);
  g_mutex_unlock (&t->lock);
  g_thread_join (thread);
  g_signal_handler_disconnect (t->network, holder);
  if (before)
    g_assert_cmpuint (t->calls, ==, 0);
}

static gpointer
emit_on (gpointer user_data)
{
  Threads *t = user_data;

  while (!g_atomic_int_get (&t->stop))
    change (t->network, TRUE);
  return NULL;
}

/* A signal that never rests, and monitors that come and go, freed in the
 * worker's thread and elsewhere. */
static void
test_freed_in_a_storm (Threads      *t,
                       gconstpointer data)
{
  GThread *thread = g_thread_new ("application", emit_on, t);
  guint i;

  for (i = 0; i < 300; i++)
    {
      t->calls = 0;
      t->freed = 0;
      start (t);
      if (i % 3 > 0)
        wait_for (t, &t->calls, 1);
      if (i % 2 > 0)
        free_in_worker (t);
      else
        g_clear_pointer (&t->monitor, eka_monitor_free);
      wait_for (t, &t->freed, 1);
    }
  g_atomic_int_set (&t->stop, TRUE);
  g_thread_join (thread);
}

/* GIO's own, asked for in this thread. */
static void
test_default (Threads      *t,
              gconstpointer data)
{
  g_clear_object (&t->network);
  t->monitor = eka_monitor_new (NULL, t->worker, thread_call, t, thread_freed);
  t->network = g_object_ref (g_network_monitor_get_default ());
  t->refs = 2;
  change (t->network, TRUE);
  wait_for (t, &t->calls, 1);
  free_in_worker (t);
}

#define ADD(name, func)                                                       \
  g_test_add ("/monitor/" name, Fixture, NULL, set_up, func, tear_down)
#define ADD_THREADS(name, data, func)                                         \
  g_test_add ("/monitor/" name, Threads, GINT_TO_POINTER (data),              \
              set_up_threads, func, tear_down_threads)

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  ADD ("tells-when-the-network-comes", test_tells_when_it_comes);
  ADD ("says-nothing-when-it-goes", test_says_nothing_when_it_goes);
  ADD ("at-most-once-a-second", test_at_most_once_a_second);
  ADD ("at-once-after-a-pause", test_at_once_after_a_pause);
  ADD ("nothing-after-free", test_nothing_after_free);
  ADD ("no-timer-after-free", test_no_timer_after_free);
  ADD ("freed-by-its-function", test_freed_by_its_function);
  ADD ("freed-by-its-function-later", test_freed_by_its_function_later);
  ADD_THREADS ("runs-in-the-workers-thread", 0,
               test_runs_in_the_workers_thread);
  ADD_THREADS ("freed-elsewhere", 0, test_freed_elsewhere);
  ADD_THREADS ("freed-during-emission/before-its-turn", TRUE,
               test_freed_during_emission);
  ADD_THREADS ("freed-during-emission/after-its-turn", FALSE,
               test_freed_during_emission);
  ADD_THREADS ("freed-in-a-storm", 0, test_freed_in_a_storm);
  ADD_THREADS ("default-monitor", 0, test_default);
  return g_test_run ();
}
