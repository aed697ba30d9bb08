/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "scribe/sessionprivate.h"

static gboolean
open_on_worker (gpointer user_data)
{
  EkaSession *self = user_data;

  if (self->state == EKA_SESSION_IDLE)
    eka_lifecycle_next (self);
  return G_SOURCE_REMOVE;
}

static void
invoke (EkaSession *self,
        GSourceFunc func)
{
  eka_worker_invoke (self->worker, func, eka_session_ref (self),
                     (GDestroyNotify) eka_session_unref);
}

/**
 * eka_session_open:
 * @session: a session in %EKA_SESSION_IDLE
 *
 * Asks the service what it can do.
 */
void
eka_session_open (EkaSession *session)
{
  invoke (session, open_on_worker);
}

typedef struct
{
  EkaSession *session;
  gchar *language;
  gchar *data;
} Start;

static void
start_free (gpointer data)
{
  Start *start = data;

  eka_session_unref (start->session);
  g_free (start->language);
  g_free (start->data);
  g_free (start);
}

static gchar *
now_as_text (void)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();

  return g_date_time_format (now, "%Y-%m-%dT%H:%M:%SZ");
}

static gboolean
set_data_on_worker (gpointer user_data)
{
  Start *start = user_data;
  EkaSettings *settings = start->session->settings;

  g_free (settings->additional_data);
  settings->additional_data = g_steal_pointer (&start->data);
  return G_SOURCE_REMOVE;
}

/**
 * eka_session_set_additional_data:
 * @session: a session that has not been started
 * @text: (nullable): a JSON object as text, in place of the one in its settings
 */
void
eka_session_set_additional_data (EkaSession  *session,
                                 const gchar *text)
{
  Start *start = g_new0 (Start, 1);

  start->session = eka_session_ref (session);
  start->data = g_strdup (text);
  eka_worker_invoke (session->worker, set_data_on_worker, start, start_free);
}

static gboolean
start_on_worker (gpointer user_data)
{
  Start *start = user_data;
  EkaSession *self = start->session;

  if (self->started)
    return G_SOURCE_REMOVE;
  self->started = TRUE;
  self->started_at = eka_clock_now (self->clock);
  if (start->language != NULL)
    {
      g_free (self->language);
      self->language = g_steal_pointer (&start->language);
    }
  if (self->started_when == NULL)
    self->started_when = now_as_text ();
  eka_session_describe (self);
  eka_session_step (self);
  return G_SOURCE_REMOVE;
}

/**
 * eka_session_start:
 * @session: an open session
 * @language: (nullable): ISO 639-1 code of the stream, taken where no hint is
 *   set and the service lists it
 *
 * Says that there is audio: the session is created once discovery is settled.
 */
void
eka_session_start (EkaSession  *session,
                   const gchar *language)
{
  Start *start = g_new0 (Start, 1);

  start->session = eka_session_ref (session);
  start->language = g_strdup (language);
  eka_worker_invoke (session->worker, start_on_worker, start, start_free);
}

static gboolean
step_on_worker (gpointer user_data)
{
  eka_session_step (user_data);
  return G_SOURCE_REMOVE;
}

/**
 * eka_session_link:
 * @session: a session that is not the first of its recording
 * @first_id: the session that is
 * @previous_id: the one before @session
 *
 * Says under which ids the service knows the sessions before this one, which is
 * created no earlier. To be called once, on the worker thread.
 */
void
eka_session_link (EkaSession  *session,
                  const gchar *first_id,
                  const gchar *previous_id)
{
  session->linked = TRUE;
  session->settings->first_id = g_strdup (first_id);
  session->settings->previous_id = g_strdup (previous_id);
  eka_session_describe (session);
  invoke (session, step_on_worker);
}

/**
 * eka_session_chunk_added:
 * @session: a started session
 *
 * Says that the outbox has one chunk more. With the upload type `single` that is
 * the whole recording, at its end: there is no second one.
 */
void
eka_session_chunk_added (EkaSession *session)
{
  g_atomic_int_inc (&session->chunks_added);
  invoke (session, step_on_worker);
}

/**
 * eka_session_audio_added:
 * @session: a started session that streams
 *
 * Says that its feed has what eka_feed_read() waited for.
 */
void
eka_session_audio_added (EkaSession *session)
{
  eka_worker_invoke_soon (session->worker, step_on_worker,
                          eka_session_ref (session),
                          (GDestroyNotify) eka_session_unref);
}

/**
 * eka_session_forgo_stream:
 * @session: a session that streams
 * @why: a sentence without its full stop, static
 *
 * Says that its audio can't be streamed, or not any more.
 */
void
eka_session_forgo_stream (EkaSession  *session,
                          const gchar *why)
{
  g_atomic_pointer_set (&session->forgone, why);
  invoke (session, step_on_worker);
}

static gboolean
pause_on_worker (gpointer user_data)
{
  EkaSession *self = user_data;

  self->paused = TRUE;
  if (self->state == EKA_SESSION_RECORDING && !eka_session_is_final (self))
    eka_session_set_state (self, EKA_SESSION_PAUSED);
  return G_SOURCE_REMOVE;
}

static gboolean
unpause_on_worker (gpointer user_data)
{
  EkaSession *self = user_data;

  self->paused = FALSE;
  if (self->state == EKA_SESSION_PAUSED && !eka_session_is_final (self))
    eka_session_set_state (self, EKA_SESSION_RECORDING);
  return G_SOURCE_REMOVE;
}

/**
 * eka_session_pause:
 * @session: a session, which need not be open yet
 * @paused: whether no audio comes for now
 *
 * Shows in %EKA_SESSION_PAUSED that the recording rests. It changes nothing but
 * that state: what was added before goes up, the session grows old, and where
 * it is lost another one takes its place, which is paused as well. A session
 * that the service doesn't have yet is paused once it is created; one that
 * records no more is not.
 */
void
eka_session_pause (EkaSession *session,
                   gboolean    paused)
{
  invoke (session, paused ? pause_on_worker : unpause_on_worker);
}

/* No more audio comes to this session. */
static void
drain (EkaSession *self)
{
  self->finished = TRUE;
  eka_session_drop_timer (self, &self->full_timer);
  if (eka_session_is_recording (self))
    eka_session_set_state (self, EKA_SESSION_DRAINING);
}

static gboolean
fill_on_worker (gpointer user_data)
{
  EkaSession *self = user_data;

  if (self->finished || eka_session_is_final (self))
    return G_SOURCE_REMOVE;
  self->ongoing = TRUE;
  drain (self);
  eka_session_step (self);
  return G_SOURCE_REMOVE;
}

/**
 * eka_session_fill:
 * @session: an open session
 *
 * Says that no more audio comes to this session, while the recording goes on in
 * another one: what waits is sent, the session is ended, and its results are
 * waited for. Calls that fail are repeated without end until
 * eka_session_finish().
 */
void
eka_session_fill (EkaSession *session)
{
  invoke (session, fill_on_worker);
}

static gboolean
finish_on_worker (gpointer user_data)
{
  EkaSession *self = user_data;
  gint64 pause = 0;

  if (eka_session_is_over (self) || eka_session_is_final (self))
    return G_SOURCE_REMOVE;
  self->ongoing = FALSE;
  drain (self);
  eka_retry_reset (&self->losses);
  self->late_losses = 0;
  self->deadline = eka_clock_now (self->clock) + self->settings->retry_time;
  if (self->timer != 0 && self->state != EKA_SESSION_PROCESSING)
    {
      /* People wait from now on: do not sit out a pause that only we chose,
       * nor one that the server asked for beyond the time for retries. */
      if (self->pause_asked)
        pause = MIN (self->timer_due, self->deadline) -
                eka_clock_now (self->clock);
      eka_session_drop_timer (self, &self->timer);
      eka_session_schedule (self, MAX (pause, 0));
    }
  eka_session_step (self);
  return G_SOURCE_REMOVE;
}

/**
 * eka_session_make_room:
 * @session: a session
 *
 * Says that there is no room any more: chunks that the service lists can go.
 */
void
eka_session_make_room (EkaSession *session)
{
  invoke (session, step_on_worker);
}

static gboolean
retry_on_worker (gpointer user_data)
{
  EkaSession *self = user_data;

  /* Where nothing has failed the timer is a poll's, which has its time; and who
   * was asked to wait waits. */
  if (self->timer == 0 || self->pause_asked || self->retry.attempts == 0)
    return G_SOURCE_REMOVE;
  eka_session_drop_timer (self, &self->timer);
  eka_session_step (self);
  return G_SOURCE_REMOVE;
}

/**
 * eka_session_retry:
 * @session: a session
 *
 * Says that what failed may go well now: the network is back, or there is
 * another token. A call that waits for its next try is repeated at once.
 */
void
eka_session_retry (EkaSession *session)
{
  invoke (session, retry_on_worker);
}

/**
 * eka_session_finish:
 * @session: an open session
 *
 * Says that the recording is over: what waits is sent, the session is ended, and
 * its results are waited for. A session without audio is discarded. Calls that
 * fail are repeated for `retry_time`.
 */
void
eka_session_finish (EkaSession *session)
{
  invoke (session, finish_on_worker);
}

static gboolean
discard_on_worker (gpointer user_data)
{
  EkaSession *self = user_data;

  if (self->discarding || eka_session_is_final (self))
    return G_SOURCE_REMOVE;
  eka_outbox_clear (self->outbox);
  eka_session_drop_timers (self);
  eka_streaming_drop (self);
  g_clear_error (&self->refusal);
  g_cancellable_cancel (self->cancellable);
  g_object_unref (self->cancellable);
  self->cancellable = g_cancellable_new ();
  self->finished = TRUE;
  self->ongoing = FALSE;
  if (self->state == EKA_SESSION_PROCESSING)
    {
      eka_session_tell (self, EKA_SCRIBE_ERROR_FAILED, EKA_CALL_PATCH,
                        "Session %s was ended before it was discarded: the "
                        "service has its audio, and keeps the results",
                        self->session_id);
      eka_session_close (self, EKA_SESSION_DISCARDED, NULL, NULL);
    }
  else
    eka_ending_discard (self, self->settings->retry_time);
  return G_SOURCE_REMOVE;
}

/**
 * eka_session_discard:
 * @session: a session
 *
 * Forgets all audio, and has the service cancel the session where there is one
 * that was not ended. The last event comes when it has, or when `retry_time` is
 * over.
 */
void
eka_session_discard (EkaSession *session)
{
  invoke (session, discard_on_worker);
}

/* Whether audio is on disk, or about to be: it may be delivered to the session
 * yet. */
static gboolean
has_kept_audio (EkaSession *self)
{
  EkaOutboxStats left;

  eka_outbox_get_stats (self->outbox, &left);
  return eka_outbox_has_disk (self->outbox) && left.held > 0;
}

static gboolean
abort_on_worker (gpointer user_data)
{
  EkaSession *self = user_data;
  gboolean empty;

  if (eka_session_is_final (self))
    return G_SOURCE_REMOVE;
  empty = eka_session_is_recording (self) && !has_kept_audio (self) &&
          eka_outbox_count_sent (self->outbox) == 0 &&
          (self->feed == NULL || eka_feed_count_read (self->feed) == 0) &&
          !self->calling;
  self->aborted = TRUE;
  g_cancellable_cancel (self->cancellable);
  if (empty || (self->discarding && self->state >= EKA_SESSION_CREATING))
    eka_ending_cancel_id (self, self->session_id);
  eka_session_close (self, EKA_SESSION_DISCARDED, NULL, NULL);
  return G_SOURCE_REMOVE;
}

/**
 * eka_session_abort:
 * @session: a session
 *
 * Nobody wants the session any more: no further event comes but those under way
 * on the worker thread, nothing more is sent. A session on the service that has
 * no audio, or was discarded, is cancelled there; one that has audio, or whose
 * audio is kept on disk, is left as it is, for that is worth more than
 * tidiness.
 */
void
eka_session_abort (EkaSession *session)
{
  invoke (session, abort_on_worker);
}
