/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "outbox/disk.h"

/* @due is of g_get_monotonic_time(), and 0 in the queue. */
typedef struct
{
  EkaDiskFunc func;
  gpointer user_data;
  GDestroyNotify notify;
  gint64 due;
} Job;

/* Guarded by disk_lock but for @files, which stays as it was made. A disk without
 * references ends as soon as nothing is left to do; who acquires one before gets
 * it back. */
struct _EkaDisk
{
  guint refs;
  EkaFiles *files;
  GThread *thread;
  GCond wake;        /* the thread: there is something to do, or no reference */
  GCond done;        /* eka_disk_wait(): @n_done changed */
  GQueue queue;      /* of Job */
  GQueue later;      /* of Job, the one that is due first at the head */
  guint64 n_pushed;  /* to @queue, ever */
  guint64 n_done;    /* of these */
  guint n_waiting;   /* on @done */
};

/* Guards what follows and what is in all disks; no other lock is taken under it,
 * and it is free while a job runs. */
static GMutex disk_lock;
static GCond disk_gone;
static EkaDisk *running;
static guint n_threads;

/* What is due goes first: it waited already, and promises when it will be done.
 * Waits until there is something. Returns: (nullable): %NULL: this is the end */
static Job *
next_job_locked (EkaDisk *self)
{
  for (;;)
    {
      Job *later = g_queue_peek_head (&self->later);

      if (later != NULL && later->due <= g_get_monotonic_time ())
        return g_queue_pop_head (&self->later);
      if (self->queue.head != NULL)
        return g_queue_pop_head (&self->queue);
      if (self->refs == 0)
        return g_queue_pop_head (&self->later);
      if (later != NULL)
        g_cond_wait_until (&self->wake, &disk_lock, later->due);
      else
        g_cond_wait (&self->wake, &disk_lock);
    }
}

static void
run_job (Job *job)
{
  job->func (job->user_data);
  if (job->notify != NULL)
    job->notify (job->user_data);
}

/* Notes that @job is done, and frees it. */
static void
finish_job_locked (EkaDisk *self,
                   Job     *job)
{
  if (job->due == 0)
    self->n_done++;
  if (self->n_waiting > 0)
    g_cond_broadcast (&self->done);
  g_free (job);
}

static void
disk_free (EkaDisk *self)
{
  eka_files_free (self->files);
  g_cond_clear (&self->wake);
  g_cond_clear (&self->done);
  g_free (self);
}

static gpointer
disk_main (gpointer user_data)
{
  EkaDisk *self = user_data;
  Job *job;

  g_mutex_lock (&disk_lock);
  while ((job = next_job_locked (self)) != NULL)
    {
      g_mutex_unlock (&disk_lock);
      run_job (job);
      g_mutex_lock (&disk_lock);
      finish_job_locked (self, job);
    }
  if (running == self)
    running = NULL;
  g_mutex_unlock (&disk_lock);
  disk_free (self);

  g_mutex_lock (&disk_lock);
  n_threads--;
  g_cond_broadcast (&disk_gone);
  g_mutex_unlock (&disk_lock);
  return NULL;
}

static EkaDisk *
start_locked (EkaFiles *files)
{
  EkaDisk *self = g_new0 (EkaDisk, 1);

  self->refs = 1;
  self->files = files;
  g_cond_init (&self->wake);
  g_cond_init (&self->done);
  g_queue_init (&self->queue);
  g_queue_init (&self->later);
  self->thread = g_thread_new ("ekascribe-disk", disk_main, self);
  n_threads++;
  /* Nobody joins it: the last reference may go in the thread itself. */
  g_thread_unref (self->thread);
  return self;
}

/**
 * eka_disk_acquire:
 *
 * Thread safe.
 *
 * Returns: (transfer full): the disk of the process, started where there is none;
 *   one that still does what it was given before its last release is taken up
 *   again, so that all of it stays in order
 */
EkaDisk *
eka_disk_acquire (void)
{
  EkaDisk *disk;

  g_mutex_lock (&disk_lock);
  if (running != NULL)
    running->refs++;
  else
    running = start_locked (eka_files_new ());
  disk = running;
  g_mutex_unlock (&disk_lock);
  return disk;
}

/**
 * eka_disk_new_test:
 * @files: (transfer full): the file system that it uses; freed in its thread, after
 *   all that was to be done
 *
 * Returns: (transfer full): a disk with a thread of its own
 */
EkaDisk *
eka_disk_new_test (EkaFiles *files)
{
  EkaDisk *disk;

  g_mutex_lock (&disk_lock);
  disk = start_locked (files);
  g_mutex_unlock (&disk_lock);
  return disk;
}

/**
 * eka_disk_ref:
 * @disk: a disk
 *
 * Thread safe. May be called in a job even after the last release.
 *
 * Returns: (transfer full): @disk
 */
EkaDisk *
eka_disk_ref (EkaDisk *disk)
{
  g_mutex_lock (&disk_lock);
  disk->refs++;
  g_mutex_unlock (&disk_lock);
  return disk;
}

/**
 * eka_disk_release:
 * @disk: (transfer full): a disk
 *
 * Thread safe, also in its own thread; never waits. After the last one the thread
 * does all that it was given, at once what was to be done later, and ends.
 */
void
eka_disk_release (EkaDisk *disk)
{
  g_mutex_lock (&disk_lock);
  if (--disk->refs == 0)
    g_cond_signal (&disk->wake);
  g_mutex_unlock (&disk_lock);
}

/**
 * eka_disk_get_files:
 * @disk: a disk
 *
 * Returns: (transfer none): the file system that it uses
 */
EkaFiles *
eka_disk_get_files (EkaDisk *disk)
{
  return disk->files;
}

static Job *
job_new (EkaDiskFunc    func,
         gpointer       user_data,
         GDestroyNotify notify)
{
  Job *job = g_new0 (Job, 1);

  job->func = func;
  job->user_data = user_data;
  job->notify = notify;
  return job;
}

/**
 * eka_disk_push:
 * @disk: a disk
 * @func: called once in its thread
 * @user_data: for @func
 * @notify: (nullable): frees @user_data, in the disk's thread too
 *
 * Thread safe, never waits. Jobs are done in the order of the calls, one after the
 * other.
 */
void
eka_disk_push (EkaDisk        *disk,
               EkaDiskFunc     func,
               gpointer        user_data,
               GDestroyNotify  notify)
{
  Job *job = job_new (func, user_data, notify);

  g_mutex_lock (&disk_lock);
  g_queue_push_tail (&disk->queue, job);
  disk->n_pushed++;
  g_cond_signal (&disk->wake);
  g_mutex_unlock (&disk_lock);
}

static gint
compare_due (gconstpointer a,
             gconstpointer b,
             gpointer      user_data)
{
  const Job *present = a;
  const Job *added = b;

  return present->due <= added->due ? -1 : 1;
}

/**
 * eka_disk_push_later:
 * @disk: a disk
 * @delay: in µs
 * @func: called once in its thread
 * @user_data: for @func
 * @notify: (nullable): frees @user_data, in the disk's thread too
 *
 * As eka_disk_push(), but @func is called when @delay has passed, before all that
 * is queued then. After the last release it is called at once, after all that was
 * queued: it is for what may wait, not for what may be left out.
 */
void
eka_disk_push_later (EkaDisk        *disk,
                     gint64          delay,
                     EkaDiskFunc     func,
                     gpointer        user_data,
                     GDestroyNotify  notify)
{
  Job *job = job_new (func, user_data, notify);

  job->due = g_get_monotonic_time () + MAX (delay, 0);
  g_mutex_lock (&disk_lock);
  g_queue_insert_sorted (&disk->later, job, compare_due, NULL);
  g_cond_signal (&disk->wake);
  g_mutex_unlock (&disk_lock);
}

/**
 * eka_disk_wait:
 * @disk: a disk
 * @end_time: of g_get_monotonic_time(), or -1: for ever
 *
 * Waits until all is done that was given to eka_disk_push() before; not for what
 * is to be done later. Not to be called in the disk's thread.
 *
 * Returns: %FALSE where @end_time came first
 */
gboolean
eka_disk_wait (EkaDisk *disk,
               gint64   end_time)
{
  gboolean in_time = TRUE;
  gboolean done;
  guint64 wanted;

  g_return_val_if_fail (!eka_disk_is_current (disk), FALSE);

  g_mutex_lock (&disk_lock);
  wanted = disk->n_pushed;
  disk->n_waiting++;
  while (disk->n_done < wanted && in_time)
    {
      if (end_time < 0)
        g_cond_wait (&disk->done, &disk_lock);
      else
        in_time = g_cond_wait_until (&disk->done, &disk_lock, end_time);
    }
  disk->n_waiting--;
  done = disk->n_done >= wanted;
  g_mutex_unlock (&disk_lock);
  return done;
}

/**
 * eka_disk_is_current:
 * @disk: a disk
 *
 * Returns: whether the caller runs in the thread of @disk
 */
gboolean
eka_disk_is_current (EkaDisk *disk)
{
  gboolean current;

  /* The lock, because the thread may be faster than the one that started it and
   * notes down which it is. */
  g_mutex_lock (&disk_lock);
  current = disk->thread == g_thread_self ();
  g_mutex_unlock (&disk_lock);
  return current;
}

/**
 * eka_disk_wait_gone:
 * @timeout: µs
 *
 * Waits until the threads of all disks have ended. For tests, and for those who
 * unload the library; not to be called in a disk's thread.
 *
 * Returns: %FALSE where one still runs after @timeout
 */
gboolean
eka_disk_wait_gone (gint64 timeout)
{
  const gint64 end = g_get_monotonic_time () + timeout;
  gboolean in_time = TRUE;
  gboolean gone;

  g_mutex_lock (&disk_lock);
  while (n_threads > 0 && in_time)
    in_time = g_cond_wait_until (&disk_gone, &disk_lock, end);
  gone = n_threads == 0;
  g_mutex_unlock (&disk_lock);
  return gone;
}
