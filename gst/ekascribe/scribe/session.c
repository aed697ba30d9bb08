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
 * left for DISCARDED, by eka_session_abort(); the way back to CREATING is that
 * of a session which the service has lost, and the one from there to PROCESSING
 * that of a session which was begun before, and ended as well. */
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
  [EKA_SESSION_CREATING] = { "creating", EDGE (RECORDING) | EDGE (PROCESSING) |
                                             EDGE (FAILED) | EDGE (EXPIRED) |
                                             EDGE (DISCARDED) },
  [EKA_SESSION_RECORDING] = { "recording",
                              EDGE (PAUSED) | EDGE (DRAINING) |
                                  EDGE (CREATING) | EDGE (FAILED) |
                                  EDGE (EXPIRED) | EDGE (DISCARDED) },
  [EKA_SESSION_PAUSED] = { "paused", EDGE (RECORDING) | EDGE (DRAINING) |
                                         EDGE (CREATING) | EDGE (FAILED) |
                                         EDGE (EXPIRED) | EDGE (DISCARDED) },
  [EKA_SESSION_DRAINING] = { "draining", EDGE (AUDITING) | EDGE (ENDING) |
                                             EDGE (CREATING) | EDGE (FAILED) |
                                             EDGE (EXPIRED) |
                                             EDGE (DISCARDED) },
  [EKA_SESSION_AUDITING] = { "auditing", EDGE (ENDING) | EDGE (DRAINING) |
                                             EDGE (CREATING) | EDGE (FAILED) |
                                             EDGE (EXPIRED) |
                                             EDGE (DISCARDED) },
  [EKA_SESSION_ENDING] = { "ending", EDGE (PROCESSING) | EDGE (CREATING) |
                                         EDGE (FAILED) | EDGE (EXPIRED) |
                                         EDGE (DISCARDED) },
  [EKA_SESSION_PROCESSING] = { "processing",
                               EDGE (COMPLETED) | EDGE (PARTIAL) |
                                   EDGE (CREATING) | EDGE (FAILED) |
                                   EDGE (EXPIRED) | EDGE (DISCARDED) },
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

/* Whether more audio may come to the session that the service has. */
gboolean
eka_session_is_recording (EkaSession *self)
{
  return self->state == EKA_SESSION_RECORDING ||
         self->state == EKA_SESSION_PAUSED;
}

/**
 * eka_session_make_id:
 *
 * Returns: (transfer full): an id that no session has
 */
gchar *
eka_session_make_id (void)
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
  self->client = eka_client_new (transport, self->clock, settings);
  self->cancellable = g_cancellable_new ();
  self->func = func;
  self->user_data = user_data;
  self->notify = notify;
  self->base_url = g_strdup (settings->base_url);
  while (g_str_has_suffix (self->base_url, "/"))
    self->base_url[strlen (self->base_url) - 1] = '\0';
  self->session_id = settings->session_id != NULL
                         ? g_strdup (settings->session_id)
                         : eka_session_make_id ();
  self->linked = settings->part < 2;
  self->warned = -1;
  self->create_began = -1;
  self->trouble_since = -1;
  eka_waking_begin (self);
  return self;
}

/**
 * eka_session_set_recode_func:
 * @session: a session that was not opened yet
 * @func: makes WAV of chunks, where the service refuses what they are
 * @user_data: for @func
 * @notify: (nullable): frees @user_data with the session
 */
void
eka_session_set_recode_func (EkaSession    *session,
                             EkaRecodeFunc  func,
                             gpointer       user_data,
                             GDestroyNotify notify)
{
  session->recode = func;
  session->recode_data = user_data;
  session->recode_notify = notify;
}

/**
 * eka_session_set_feed:
 * @session: a session that was not opened yet, with the upload type `stream`
 * @feed: (transfer none): what is streamed; the outbox gets the same audio as
 *   WAV
 */
void
eka_session_set_feed (EkaSession *session,
                      EkaFeed    *feed)
{
  session->feed = eka_feed_ref (feed);
}

/**
 * eka_session_dup_id:
 * @session: a session that was not opened yet
 *
 * Returns: (transfer full): its id; events tell when it gets another one
 */
gchar *
eka_session_dup_id (EkaSession *session)
{
  return g_strdup (session->session_id);
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
  eka_waking_end (self);
  g_clear_pointer (&self->feed, eka_feed_unref);
  g_free (self->broken);
  if (self->recode_notify != NULL)
    self->recode_notify (self->recode_data);
  g_clear_error (&self->refusal);
  g_clear_error (&self->doubt);
  g_clear_pointer (&self->provisional, eka_result_unref);
  g_clear_pointer (&self->discovery, eka_discovery_unref);
  g_free (self->base_url);
  g_free (self->session_id);
  g_free (self->previous_id);
  g_free (self->upload_url);
  g_free (self->language);
  g_free (self->started_when);
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
  event->previous_id = self->previous_id;
  event->state = self->state;
  event->audit = self->audit;
  self->func (event, self->user_data);
}

/* Has the outbox keep what the session is, for who finds it without us. */
void
eka_session_describe (EkaSession *self)
{
  const EkaDescriptor descriptor = { .settings = self->settings,
                                     .session_id = self->session_id,
                                     .replaced_id = self->previous_id,
                                     .created = self->created,
                                     .ended = self->ended,
                                     .failed = self->failed,
                                     .started_at = self->started_when,
                                     .language = self->language };
  g_autoptr (GBytes) description = NULL;

  if (!self->started)
    return;
  description = eka_descriptor_print (&descriptor);
  eka_outbox_describe (self->outbox, description);
}

/* The one place that assigns the state. A pause changes nothing of what goes up:
 * an answer that was lost is still in doubt. */
void
eka_session_set_state (EkaSession     *self,
                       EkaSessionState state)
{
  EkaSessionEvent event = { .type = EKA_SESSION_EVENT_STATE };
  gboolean goes_on;

  if ((states[self->state].next & (1u << state)) == 0)
    {
      g_critical ("session %s: no way from %s to %s", self->session_id,
                  states[self->state].name, states[state].name);
      return;
    }
  g_debug ("session %s: %s -> %s", self->session_id, states[self->state].name,
           states[state].name);
  goes_on = eka_session_is_recording (self);
  self->state = state;
  if (!goes_on || !eka_session_is_recording (self))
    self->unanswered = FALSE;
  if (eka_session_is_recording (self))
    eka_preview_begin (self);
  else
    eka_preview_stop (self);
  eka_session_emit (self, &event);
}

/* Warns of something that is over already, or will not be. */
void
eka_session_tell (EkaSession    *self,
                  EkaScribeError code,
                  EkaCall        call,
                  const gchar   *format,
                  ...)
{
  EkaSessionEvent event = { .type = EKA_SESSION_EVENT_WARNING };
  g_autoptr (GError) error = NULL;
  va_list args;

  va_start (args, format);
  error = g_error_new_valist (EKA_SCRIBE_ERROR, code, format, args);
  va_end (args);
  eka_scribe_error_edit_info (error)->request =
      g_strdup (eka_call_to_string (call));
  eka_client_redact (self->client, error);
  event.error = error;
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

/* @timer: one of the session's, which holds a reference while it is set */
void
eka_session_drop_timer (EkaSession *self,
                        guint      *timer)
{
  if (*timer == 0)
    return;
  eka_clock_cancel (self->clock, *timer);
  *timer = 0;
  eka_session_unref (self);
}

/* A question for the transcript is no more than a timer that may last. */
void
eka_session_drop_timers (EkaSession *self)
{
  eka_session_drop_timer (self, &self->timer);
  eka_session_drop_timer (self, &self->result_timer);
  eka_session_drop_timer (self, &self->full_timer);
  eka_session_drop_timer (self, &self->broken_timer);
  eka_preview_stop (self);
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

  eka_session_drop_timers (self);
  eka_waking_stop (self);
  eka_streaming_drop (self);
  if (self->feed != NULL)
    eka_feed_close (self->feed);
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
                     (self->state >= EKA_SESSION_RECORDING || self->resumed);
  EkaOutboxStats left;

  eka_outbox_get_stats (self->outbox, &left);
  if (left.chunks > 0 &&
      (self->feed == NULL || self->state < EKA_SESSION_ENDING))
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

/* --- age ---------------------------------------------------------------- */

/* Another session shall begin so early that this one is ended in time: there may
 * be chunks to send, and the next one takes a while to come. */
#define FULL_MARGIN G_TIME_SPAN_MINUTE

static void
grown_old (gpointer user_data)
{
  g_autoptr (EkaSession) self = user_data;

  self->full_timer = 0;
  eka_session_say_full (self, NULL);
}

/* @lifetime: µs until the service lets the session expire */
void
eka_session_watch_age (EkaSession *self,
                       gint64      lifetime)
{
  gint64 margin = MIN (MAX (lifetime / 20, FULL_MARGIN), lifetime / 2);

  if (self->finished || self->full_timer != 0)
    return;
  self->full_timer =
      eka_clock_schedule (self->clock, MAX (lifetime - margin, 0), grown_old,
                          eka_session_ref (self));
}

/* @rest: (transfer none) (nullable): chunks for another session */
void
eka_session_say_full (EkaSession *self,
                      GPtrArray  *rest)
{
  EkaSessionEvent event = { .type = EKA_SESSION_EVENT_FULL, .rest = rest };

  if (rest == NULL && (self->full || self->finished))
    return;
  self->full = TRUE;
  eka_session_emit (self, &event);
}

/* The session is to be another one on the service.
 * @replaces: the one of before was ours */
void
eka_session_renew_id (EkaSession *self,
                      gboolean    replaces)
{
  if (replaces)
    {
      g_free (self->previous_id);
      self->previous_id = g_strdup (self->session_id);
    }
  g_free (self->session_id);
  self->session_id = eka_session_make_id ();
  self->create_began = -1;
  self->unanswered = FALSE;
  self->created = FALSE;
  self->ended = FALSE;
  self->failed = FALSE;
  self->found_ended = FALSE;
  self->resumed = FALSE;
  self->streamed = FALSE;
  eka_session_describe (self);
}

/* Whether the recording is over, so that there is an end to tries. */
gboolean
eka_session_is_over (EkaSession *self)
{
  return self->finished && !self->ongoing;
}

/* A recording that is to be a single file has no chunk before its end. When
 * another one would have had its first, there is audio to be lost. */
#define LONGEST_CHUNK (20 * G_TIME_SPAN_SECOND)

static gboolean
has_single_audio (EkaSession *self)
{
  return self->settings->upload_type == EKA_UPLOAD_SINGLE && self->started &&
         eka_clock_now (self->clock) - self->started_at >= LONGEST_CHUNK;
}

/* Whether the recording would lose by giving up: it runs, and has audio. */
gboolean
eka_session_captures (EkaSession *self)
{
  return !eka_session_is_over (self) &&
         (g_atomic_int_get (&self->chunks_added) > 0 ||
          self->settings->part > 1 || has_single_audio (self));
}

/* --- calls from outside ------------------------------------------------- */

/* Does what the state asks for, unless something is pending already. Safe to
 * call at any time on the worker thread. */
void
eka_session_step (EkaSession *self)
{
  if (self->calling || self->timer != 0 || eka_session_is_final (self))
    return;
  if (self->refusal != NULL)
    {
      if (eka_session_is_over (self))
        eka_session_fail (self, NULL, g_steal_pointer (&self->refusal));
      return;
    }
  eka_lifecycle_next (self);
}
