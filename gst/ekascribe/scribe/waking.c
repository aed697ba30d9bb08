/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "scribe/sessionprivate.h"

/* A session that waits for the disk: the outbox has a chunk, but its bytes are
 * not there yet, or may not be sent before something is stored.
 *
 * The outbox may call at any time and on the disk's thread, after the session is
 * gone, too. So between the two stands this, which either may outlive, and which
 * holds the session only while it waits. */
struct _EkaWaker
{
  GMutex lock;
  EkaSession *session; /* guarded by lock; NULL: it does not wait */
  GSource *look;       /* guarded by lock; NULL: there is none */
};

/* Who waits looks so often, in ms, whether the disk is late, or it is time to read
 * again. In the time of the disk, which the clock of a test has nothing to do
 * with. */
#define LOOK_INTERVAL 1000

/* So often it looks in vain before it gives up, where nothing else would have it
 * tried again either: the recording is over, and so is the time for retries. */
#define MAX_LOOKS 10

static void
waker_clear (gpointer data)
{
  EkaWaker *waker = data;

  g_mutex_clear (&waker->lock);
}

static void
waker_unref (gpointer data)
{
  g_atomic_rc_box_release_full (data, waker_clear);
}

static EkaSession *
steal_session (EkaWaker *waker)
{
  EkaSession *session;

  g_mutex_lock (&waker->lock);
  session = g_steal_pointer (&waker->session);
  g_mutex_unlock (&waker->lock);
  return session;
}

static gboolean
step (gpointer user_data)
{
  eka_session_step (user_data);
  return G_SOURCE_REMOVE;
}

/* Any thread. */
static void
wake (gpointer user_data)
{
  EkaSession *session = steal_session (user_data);

  if (session != NULL)
    eka_worker_invoke (session->worker, step, session,
                       (GDestroyNotify) eka_session_unref);
}

/* Steps, where the session still waits. One that waits again since then is early,
 * which does no harm. */
static gboolean
look (gpointer user_data)
{
  EkaWaker *waker = user_data;
  EkaSession *session = steal_session (waker);

  g_mutex_lock (&waker->lock);
  g_clear_pointer (&waker->look, g_source_unref);
  g_mutex_unlock (&waker->lock);
  if (session != NULL)
    {
      session->disk_looks++;
      eka_session_step (session);
      eka_session_unref (session);
    }
  return G_SOURCE_REMOVE;
}

static void
begin_look_locked (EkaWaker  *waker,
                   EkaWorker *worker)
{
  if (waker->look != NULL)
    return;
  waker->look = g_timeout_source_new (LOOK_INTERVAL);
  g_source_set_callback (waker->look, look, g_atomic_rc_box_acquire (waker),
                         waker_unref);
  g_source_attach (waker->look, eka_worker_get_context (worker));
}

static void
end_look (EkaWaker *waker)
{
  GSource *source;

  g_mutex_lock (&waker->lock);
  source = g_steal_pointer (&waker->look);
  g_mutex_unlock (&waker->lock);
  if (source == NULL)
    return;
  g_source_destroy (source);
  g_source_unref (source);
}

/* Has the outbox of a new session tell when the disk is done. */
void
eka_waking_begin (EkaSession *self)
{
  self->waker = g_atomic_rc_box_new0 (EkaWaker);
  g_mutex_init (&self->waker->lock);
  eka_outbox_set_notify (self->outbox, wake,
                         g_atomic_rc_box_acquire (self->waker), waker_unref);
}

static void
give_up (EkaSession *self)
{
  GError *error =
      g_error_new_literal (EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_DISK,
                           "The disk does not give back the audio that is to be "
                           "sent");

  eka_scribe_error_edit_info (error)->request =
      g_strdup (eka_call_to_string (EKA_CALL_UPLOAD));
  eka_session_fail (self, NULL, error);
}

/* The outbox has just given out nothing: goes on when it has something to give.
 * What happened before this was called may be that already. */
void
eka_waking_wait (EkaSession *self)
{
  if (self->disk_looks >= MAX_LOOKS && eka_session_is_over (self) &&
      eka_clock_now (self->clock) >= self->deadline)
    {
      give_up (self);
      return;
    }
  g_mutex_lock (&self->waker->lock);
  if (self->waker->session == NULL)
    self->waker->session = eka_session_ref (self);
  begin_look_locked (self->waker, self->worker);
  g_mutex_unlock (&self->waker->lock);
  if (!eka_outbox_is_busy (self->outbox))
    wake (self->waker);
}

/* The run is over: nothing is waited for any more. */
void
eka_waking_stop (EkaSession *self)
{
  EkaSession *session = steal_session (self->waker);

  end_look (self->waker);
  if (session != NULL)
    eka_session_unref (session);
}

/* For a session that is being freed, and so does not wait. */
void
eka_waking_end (EkaSession *self)
{
  eka_outbox_set_notify (self->outbox, NULL, NULL, NULL);
  end_look (self->waker);
  waker_unref (g_steal_pointer (&self->waker));
}
