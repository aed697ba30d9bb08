/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "scribe/session.h"

#include <string.h>

#include "scribe/sessionprivate.h"

#define EDGE(state) (1u << EKA_SESSION_##state)

/* The state table: from each state, where a session may go. An edge that is not
 * here is a mistake of ours and shouts. Every state that is not final may be
 * left for DISCARDED, by eka_session_abort(). */
static const struct
{
  const gchar *name;
  guint next;
} states[] = {
  [EKA_SESSION_IDLE] = { "idle", EDGE (DISCOVERING) | EDGE (READY) |
                                     EDGE (FAILED) | EDGE (DISCARDED) },
  [EKA_SESSION_DISCOVERING] = { "discovering", EDGE (READY) | EDGE (FAILED) |
                                                   EDGE (DISCARDED) },
  [EKA_SESSION_READY] = { "ready", EDGE (CREATING) | EDGE (FAILED) |
                                       EDGE (DISCARDED) },
  [EKA_SESSION_CREATING] = { "creating", EDGE (RECORDING) | EDGE (FAILED) |
                                             EDGE (DISCARDED) },
  [EKA_SESSION_RECORDING] = { "recording", EDGE (DRAINING) | EDGE (FAILED) |
                                               EDGE (EXPIRED) |
                                               EDGE (DISCARDED) },
  [EKA_SESSION_DRAINING] = { "draining", EDGE (ENDING) | EDGE (FAILED) |
                                             EDGE (EXPIRED) |
                                             EDGE (DISCARDED) },
  [EKA_SESSION_ENDING] = { "ending", EDGE (PROCESSING) | EDGE (FAILED) |
                                         EDGE (EXPIRED) | EDGE (DISCARDED) },
  [EKA_SESSION_PROCESSING] = { "processing",
                               EDGE (COMPLETED) | EDGE (PARTIAL) |
                                   EDGE (FAILED) | EDGE (EXPIRED) |
                                   EDGE (DISCARDED) },
  [EKA_SESSION_COMPLETED] = { "completed", 0 },
  [EKA_SESSION_PARTIAL] = { "partial", 0 },
  [EKA_SESSION_FAILED] = { "failed", 0 },
  [EKA_SESSION_EXPIRED] = { "expired", 0 },
  [EKA_SESSION_DISCARDED] = { "discarded", 0 },
};

/**
 * eka_session_state_to_string:
 * @state: a state
 *
 * Returns: its name, as messages carry it
 */
const gchar *
eka_session_state_to_string (EkaSessionState state)
{
  g_return_val_if_fail ((gsize) state < G_N_ELEMENTS (states), "unknown");
  return states[state].name;
}

/* Whether the run is over: a final state, or processing that nobody waits
 * for. */
gboolean
eka_session_is_final (EkaSession *self)
{
  return states[self->state].next == 0 || self->func == NULL;
}

static gchar *
make_session_id (void)
{
  GString *id = g_string_new ("ses_");
  guint i;

  /* 28 hex digits of randomness: the longest that the protocol takes. */
  for (i = 0; i < 28; i += 4)
    g_string_append_printf (id, "%04x", g_random_int () & 0xffff);
  return g_string_free (id, FALSE);
}

/**
 * eka_session_new:
 * @worker: (transfer none): the network thread
 * @transport: (transfer none): the service
 * @outbox: (transfer none): where the chunks of this session wait
 * @settings: (transfer full): settings that passed eka_settings_check()
 * @func: gets the events, on the worker thread
 * @user_data: for @func
 * @notify: (nullable): frees @user_data after the last event
 *
 * Returns: (transfer full): a session in %EKA_SESSION_IDLE
 */
EkaSession *
eka_session_new (EkaWorker     *worker,
                 EkaTransport  *transport,
                 EkaOutbox     *outbox,
                 EkaSettings   *settings,
                 EkaSessionFunc func,
                 gpointer       user_data,
                 GDestroyNotify notify)
{
  EkaSession *self = g_new0 (EkaSession, 1);

  g_atomic_ref_count_init (&self->refs);
  g_mutex_init (&self->lock);
  self->worker = eka_worker_ref (worker);
  self->clock = eka_clock_ref (eka_worker_get_clock (worker));
  self->outbox = eka_outbox_ref (outbox);
  self->settings = settings;
  self->client = eka_client_new (transport, settings);
  self->cancellable = g_cancellable_new ();
  self->func = func;
  self->user_data = user_data;
  self->notify = notify;
  self->base_url = g_strdup (settings->base_url);
  while (g_str_has_suffix (self->base_url, "/"))
    self->base_url[strlen (self->base_url) - 1] = '\0';
  self->session_id = settings->session_id != NULL
                         ? g_strdup (settings->session_id)
                         : make_session_id ();
  self->warned = -1;
  return self;
}

/**
 * eka_session_ref:
 * @session: a session
 *
 * Returns: (transfer full): @session
 */
EkaSession *
eka_session_ref (EkaSession *session)
{
  g_atomic_ref_count_inc (&session->refs);
  return session;
}

static void
drop_listener (EkaSession *self)
{
  GDestroyNotify notify = g_steal_pointer (&self->notify);

  if (notify != NULL)
    notify (g_steal_pointer (&self->user_data));
}

/* The run holds no reference of its own between calls, so an idle session that
 * is dropped goes away; calls and timers hold one each. */
static void
session_free (EkaSession *self)
{
  drop_listener (self);
  g_clear_error (&self->refusal);
  g_clear_pointer (&self->discovery, eka_discovery_unref);
  g_free (self->base_url);
  g_free (self->session_id);
  g_free (self->upload_url);
  g_free (self->language);
  g_free (self->transcript);
  g_object_unref (self->cancellable);
  eka_client_free (self->client);
  eka_settings_free (self->settings);
  eka_outbox_unref (self->outbox);
  eka_clock_unref (self->clock);
  eka_worker_release (self->worker);
  g_mutex_clear (&self->lock);
  g_free (self);
}

/**
 * eka_session_unref:
 * @session: (transfer full): a session
 */
void
eka_session_unref (EkaSession *session)
{
  if (g_atomic_ref_count_dec (&session->refs))
    session_free (session);
}

/**
 * eka_session_get_stats:
 * @session: a session
 * @stats: (out caller-allocates): what it did so far
 */
void
eka_session_get_stats (EkaSession      *session,
                       EkaSessionStats *stats)
{
  g_mutex_lock (&session->lock);
  *stats = session->stats;
  g_mutex_unlock (&session->lock);
}

void
eka_session_emit (EkaSession      *self,
                  EkaSessionEvent *event)
{
  if (self->aborted || self->func == NULL)
    return;
  event->session_id = self->session_id;
  event->state = self->state;
  self->func (event, self->user_data);
}

/* The one place that assigns the state. */
void
eka_session_set_state (EkaSession     *self,
                       EkaSessionState state)
{
  EkaSessionEvent event = { .type = EKA_SESSION_EVENT_STATE };

  if ((states[self->state].next & (1u << state)) == 0)
    {
      g_critical ("session %s: no way from %s to %s", self->session_id,
                  states[self->state].name, states[state].name);
      return;
    }
  g_debug ("session %s: %s -> %s", self->session_id, states[self->state].name,
           states[state].name);
  self->state = state;
  self->unanswered = FALSE;
  eka_session_emit (self, &event);
}

/* Tells of @error once a cause: not again while the same kind goes on. */
void
eka_session_warn (EkaSession   *self,
                  const GError *error,
                  gboolean      fatal)
{
  EkaSessionEvent event = { .type = EKA_SESSION_EVENT_WARNING,
                            .error = error,
                            .fatal = fatal };

  gint cause = error->code * 2 + (fatal ? 1 : 0);

  if (self->warned == cause)
    return;
  self->warned = cause;
  eka_session_emit (self, &event);
}

static void
drop_timer (EkaSession *self)
{
  if (self->timer == 0)
    return;
  eka_clock_cancel (self->clock, self->timer);
  self->timer = 0;
  eka_session_unref (self);
}

static void
drop_result_timer (EkaSession *self)
{
  if (self->result_timer == 0)
    return;
  eka_clock_cancel (self->clock, self->result_timer);
  self->result_timer = 0;
  eka_session_unref (self);
}

/* Ends the run: drops all that is pending, says DONE, and nothing after.
 * @error: (transfer full) (nullable) */
void
eka_session_close (EkaSession     *self,
                   EkaSessionState state,
                   EkaResult      *result,
                   GError         *error)
{
  EkaSessionEvent event = { .type = EKA_SESSION_EVENT_DONE,
                            .result = result,
                            .error = error };

  drop_timer (self);
  drop_result_timer (self);
  if (state != self->state)
    eka_session_set_state (self, state);
  eka_session_emit (self, &event);
  self->func = NULL;
  drop_listener (self);
  g_clear_error (&error);
}

/* @error: (transfer full): why; gets the audio that stays behind added */
void
eka_session_fail (EkaSession *self,
                  EkaResult  *result,
                  GError     *error)
{
  const EkaScribeErrorInfo *info = eka_scribe_error_get_info (error);
  gboolean expired = info != NULL && info->http_status == 410 &&
                     self->state >= EKA_SESSION_RECORDING;
  EkaOutboxStats left;

  eka_outbox_get_stats (self->outbox, &left);
  if (left.chunks > 0)
    {
      gsize length = strlen (error->message);
      gboolean dot = length > 0 && error->message[length - 1] == '.';
      gchar *message = g_strdup_printf (
          "%s%s %.1f s of audio were not delivered (session %s)",
          error->message, dot ? "" : ".", left.duration / 1e9,
          self->session_id);

      g_free (error->message);
      error->message = message;
    }
  eka_session_close (self, expired ? EKA_SESSION_EXPIRED : EKA_SESSION_FAILED,
                     result, error);
}

static void
timer_fired (gpointer user_data)
{
  g_autoptr (EkaSession) self = user_data;

  self->timer = 0;
  eka_session_step (self);
}

/* Goes on after @delay µs. */
void
eka_session_schedule (EkaSession *self,
                      gint64      delay)
{
  g_return_if_fail (self->timer == 0);
  self->timer_due = eka_clock_now (self->clock) + delay;
  self->timer = eka_clock_schedule (self->clock, delay, timer_fired,
                                    eka_session_ref (self));
}

/* Does what the state asks for, unless something is pending already. Safe to
 * call at any time on the worker thread. */
void
eka_session_step (EkaSession *self)
{
  if (self->calling || self->timer != 0 || eka_session_is_final (self))
    return;
  if (self->refusal != NULL)
    {
      if (self->finished)
        eka_session_fail (self, NULL, g_steal_pointer (&self->refusal));
      return;
    }
  eka_lifecycle_next (self);
}

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
} Start;

static void
start_free (gpointer data)
{
  Start *start = data;

  eka_session_unref (start->session);
  g_free (start->language);
  g_free (start);
}

static gboolean
start_on_worker (gpointer user_data)
{
  Start *start = user_data;
  EkaSession *self = start->session;

  if (self->started)
    return G_SOURCE_REMOVE;
  self->started = TRUE;
  self->language = g_steal_pointer (&start->language);
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
 * eka_session_chunk_added:
 * @session: a started session
 *
 * Says that the outbox has one chunk more.
 */
void
eka_session_chunk_added (EkaSession *session)
{
  g_atomic_int_inc (&session->chunks_added);
  invoke (session, step_on_worker);
}

static gboolean
finish_on_worker (gpointer user_data)
{
  EkaSession *self = user_data;
  gint64 pause = 0;

  if (self->finished || eka_session_is_final (self))
    return G_SOURCE_REMOVE;
  self->finished = TRUE;
  self->deadline = eka_clock_now (self->clock) + self->settings->retry_time;
  if (self->state == EKA_SESSION_RECORDING)
    eka_session_set_state (self, EKA_SESSION_DRAINING);
  if (self->timer != 0)
    {
      /* People wait from now on: do not sit out a pause that only we chose,
       * nor one that the server asked for beyond the time for retries. */
      if (self->pause_asked)
        pause = MIN (self->timer_due, self->deadline) -
                eka_clock_now (self->clock);
      drop_timer (self);
      eka_session_schedule (self, MAX (pause, 0));
    }
  eka_session_step (self);
  return G_SOURCE_REMOVE;
}

/**
 * eka_session_finish:
 * @session: an open session
 *
 * Says that no audio comes any more: what waits is sent, the session is ended,
 * and its results are waited for. A session without audio is discarded.
 */
void
eka_session_finish (EkaSession *session)
{
  invoke (session, finish_on_worker);
}

static gboolean
abort_on_worker (gpointer user_data)
{
  EkaSession *self = user_data;

  if (eka_session_is_final (self))
    return G_SOURCE_REMOVE;
  self->aborted = TRUE;
  g_cancellable_cancel (self->cancellable);
  if (self->state == EKA_SESSION_RECORDING && self->chunks_sent == 0 &&
      !self->calling)
    eka_lifecycle_cancel (self);
  eka_session_close (self, EKA_SESSION_DISCARDED, NULL, NULL);
  return G_SOURCE_REMOVE;
}

/**
 * eka_session_abort:
 * @session: a session
 *
 * Nobody wants the session any more: no further event comes but those under way
 * on the worker thread, nothing more is sent. A session on the service that has
 * no audio is cancelled there; one that has is left as it is, for its audio is
 * worth more than tidiness.
 */
void
eka_session_abort (EkaSession *session)
{
  invoke (session, abort_on_worker);
}
