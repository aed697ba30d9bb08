/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "scribe/worker.h"

/* How long eka_worker_invoke_soon() may wait for company, in ms. */
#define SOON 10

/* @refs and @soon are guarded by worker_lock; everything else stays as it was
 * made, but for @data, which belongs to the thread. A worker without references is
 * @running no more, and its thread ends as soon as nothing is left to do.
 */
struct _EkaWorker
{
  guint refs;
  gboolean threaded;
  GThread *thread;
  GMainContext *context;
  EkaClock *clock;
  GData *data;
  GQueue soon; /* of Job */
};

/* What is done together with others. */
typedef struct
{
  GSourceFunc func;
  gpointer user_data;
  GDestroyNotify notify;
} Job;

/* Guards what follows and all reference counts; no other lock is taken under
 * it but the main context's.
 */
static GMutex worker_lock;
static GCond worker_gone;
static EkaWorker *running;
static guint n_threads;

static gboolean
is_referenced (EkaWorker *worker)
{
  gboolean referenced;

  g_mutex_lock (&worker_lock);
  referenced = worker->refs > 0;
  g_mutex_unlock (&worker_lock);
  return referenced;
}

static void
worker_free (EkaWorker *worker)
{
  g_datalist_clear (&worker->data);
  eka_clock_unref (worker->clock);
  g_main_context_unref (worker->context);
  g_free (worker);
}

/* Without references the rest is done in rounds: what the data leaves behind
 * in the context (aborted transfers) must run too, and may even take a
 * reference again.
 */
static void
worker_run (EkaWorker *worker)
{
  for (;;)
    {
      while (is_referenced (worker))
        g_main_context_iteration (worker->context, TRUE);
      if (g_main_context_iteration (worker->context, FALSE))
        continue;
      if (worker->data == NULL)
        break;
      g_datalist_clear (&worker->data);
    }
}

static gpointer
worker_main (gpointer user_data)
{
  EkaWorker *worker = user_data;

  g_main_context_push_thread_default (worker->context);
  worker_run (worker);
  g_main_context_pop_thread_default (worker->context);
  worker_free (worker);

  g_mutex_lock (&worker_lock);
  n_threads--;
  g_cond_broadcast (&worker_gone);
  g_mutex_unlock (&worker_lock);
  return NULL;
}

static EkaWorker *
worker_start (void)
{
  EkaWorker *worker = g_new0 (EkaWorker, 1);

  worker->refs = 1;
  worker->threaded = TRUE;
  worker->context = g_main_context_new ();
  worker->clock = eka_clock_new (worker->context);
  worker->thread = g_thread_new ("ekascribe", worker_main, worker);
  n_threads++;
  /* Nobody joins it: the last reference may go in the thread itself. */
  g_thread_unref (worker->thread);
  return worker;
}

/**
 * eka_worker_acquire:
 *
 * Thread safe.
 *
 * Returns: (transfer full): the worker of the process, started where there is
 *   none; one that is ending is not taken up again
 */
EkaWorker *
eka_worker_acquire (void)
{
  EkaWorker *worker;

  g_mutex_lock (&worker_lock);
  if (running != NULL)
    running->refs++;
  else
    running = worker_start ();
  worker = running;
  g_mutex_unlock (&worker_lock);
  return worker;
}

/**
 * eka_worker_new_test:
 * @clock: (transfer none): its clock
 *
 * Returns: (transfer full): a worker without a thread; its context is the
 *   thread default one of the caller, who iterates it
 */
EkaWorker *
eka_worker_new_test (EkaClock *clock)
{
  EkaWorker *worker = g_new0 (EkaWorker, 1);

  worker->refs = 1;
  worker->thread = g_thread_self ();
  worker->context = g_main_context_ref_thread_default ();
  worker->clock = eka_clock_ref (clock);
  return worker;
}

/**
 * eka_worker_ref:
 * @worker: a worker
 *
 * Thread safe.
 *
 * Returns: (transfer full): @worker
 */
EkaWorker *
eka_worker_ref (EkaWorker *worker)
{
  g_mutex_lock (&worker_lock);
  worker->refs++;
  g_mutex_unlock (&worker_lock);
  return worker;
}

/**
 * eka_worker_release:
 * @worker: (transfer full): a worker
 *
 * Thread safe, never waits. After the last one the thread does what is queued
 * and ready, frees what was kept with eka_worker_set_data() and ends; timers
 * of the clock that are not due are forgotten.
 */
void
eka_worker_release (EkaWorker *worker)
{
  gboolean last;
  gboolean threaded;

  g_mutex_lock (&worker_lock);
  threaded = worker->threaded;
  last = --worker->refs == 0;
  if (last && running == worker)
    running = NULL;
  /* Under the lock: the thread needs it before it may free the context. */
  if (last && threaded)
    g_main_context_wakeup (worker->context);
  g_mutex_unlock (&worker_lock);

  if (last && !threaded)
    worker_free (worker);
}

/**
 * eka_worker_get_context:
 * @worker: a worker
 *
 * Returns: (transfer none): what is thread default in its thread
 */
GMainContext *
eka_worker_get_context (EkaWorker *worker)
{
  return worker->context;
}

/**
 * eka_worker_get_clock:
 * @worker: a worker
 *
 * Returns: (transfer none): its clock, to be used in its thread
 */
EkaClock *
eka_worker_get_clock (EkaWorker *worker)
{
  return worker->clock;
}

/**
 * eka_worker_is_current:
 * @worker: a worker
 *
 * Returns: whether the caller runs in the thread of @worker
 */
gboolean
eka_worker_is_current (EkaWorker *worker)
{
  gboolean current;

  /* The lock, because the thread may be faster than the one that started it
   * and notes down which it is.
   */
  g_mutex_lock (&worker_lock);
  current = worker->thread == g_thread_self ();
  g_mutex_unlock (&worker_lock);
  return current;
}

/**
 * eka_worker_invoke:
 * @worker: a worker
 * @func: run in its thread; again as long as it returns %G_SOURCE_CONTINUE
 * @user_data: for @func
 * @notify: (nullable): frees @user_data, in the worker's thread too
 *
 * Always queued, from the worker's thread too, and done in the order of the
 * calls. Thread safe; the caller holds a reference.
 */
void
eka_worker_invoke (EkaWorker     *worker,
                   GSourceFunc    func,
                   gpointer       user_data,
                   GDestroyNotify notify)
{
  g_autoptr (GSource) source = g_idle_source_new ();

  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, func, user_data, notify);
  g_source_attach (source, worker->context);
}

static gboolean
run_soon (gpointer user_data)
{
  EkaWorker *worker = user_data;
  GQueue jobs;
  Job *job;

  g_mutex_lock (&worker_lock);
  jobs = worker->soon;
  g_queue_init (&worker->soon);
  g_mutex_unlock (&worker_lock);
  while ((job = g_queue_pop_head (&jobs)) != NULL)
    {
      job->func (job->user_data);
      job->notify (job->user_data);
      g_free (job);
    }
  return G_SOURCE_REMOVE;
}

/**
 * eka_worker_invoke_soon:
 * @worker: a worker
 * @func: run once in its thread
 * @user_data: for @func; keeps the worker alive
 * @notify: frees @user_data, in the worker's thread too
 *
 * As eka_worker_invoke(), but some milliseconds later and together with all that
 * was asked for meanwhile: a hundred streams wake the thread as often as ten do.
 */
void
eka_worker_invoke_soon (EkaWorker     *worker,
                        GSourceFunc    func,
                        gpointer       user_data,
                        GDestroyNotify notify)
{
  g_autoptr (GSource) source = NULL;
  Job *job = g_new (Job, 1);
  gboolean first;

  *job = (Job) { func, user_data, notify };
  g_mutex_lock (&worker_lock);
  first = g_queue_is_empty (&worker->soon);
  g_queue_push_tail (&worker->soon, job);
  g_mutex_unlock (&worker_lock);
  if (!first)
    return;
  /* Without a thread nobody sleeps, and the clock stands still. */
  source = worker->threaded ? g_timeout_source_new (SOON) : g_idle_source_new ();
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, run_soon, worker, NULL);
  g_source_attach (source, worker->context);
}

/**
 * eka_worker_set_data:
 * @worker: a worker
 * @key: names it
 * @data: (nullable): what is kept
 * @destroy: (nullable): frees @data in the worker's thread: when it is
 *   replaced, and after the last release
 *
 * Keeps what all users of the worker share. Used in its thread only.
 */
void
eka_worker_set_data (EkaWorker     *worker,
                     GQuark         key,
                     gpointer       data,
                     GDestroyNotify destroy)
{
  g_datalist_id_set_data_full (&worker->data, key, data, destroy);
}

/**
 * eka_worker_get_data:
 * @worker: a worker
 * @key: names it
 *
 * Returns: (transfer none) (nullable): what eka_worker_set_data() kept
 */
gpointer
eka_worker_get_data (EkaWorker *worker,
                     GQuark     key)
{
  return g_datalist_id_get_data (&worker->data, key);
}

/**
 * eka_worker_wait_gone:
 * @timeout: µs
 *
 * Waits until the threads of all workers have ended. For tests, and for those
 * who unload the library; not to be called in a worker's thread.
 *
 * Returns: %FALSE where one still runs after @timeout
 */
gboolean
eka_worker_wait_gone (gint64 timeout)
{
  gint64 end = g_get_monotonic_time () + timeout;
  gboolean in_time = TRUE;
  gboolean gone;

  g_mutex_lock (&worker_lock);
  while (n_threads > 0 && in_time)
    in_time = g_cond_wait_until (&worker_gone, &worker_lock, end);
  gone = n_threads == 0;
  g_mutex_unlock (&worker_lock);
  return gone;
}
