/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "scribe/outcome.h"

#include "scribe/sessionprivate.h"

typedef struct
{
  EkaSession *session;
  EkaCall call;
  EkaSessionDoneFunc done;
} Call;

static void
call_done (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  Call *call = user_data;
  g_autoptr (EkaSession) self = call->session;
  g_autoptr (GError) error = NULL;
  g_autoptr (EkaReply) reply = eka_client_call_finish (result, &error);
  EkaSessionDoneFunc done = call->done;
  gboolean wanted = !self->discarding || call->call == EKA_CALL_PATCH;

  g_free (call);
  self->calling = FALSE;
  if (eka_session_is_final (self))
    return;
  if (reply == NULL || reply->repeated)
    self->unanswered = TRUE;
  if (wanted)
    done (self, reply, error);
  eka_session_step (self);
}

/* Sends @request (transfer full) and goes on with @done. */
void
eka_outcome_send (EkaSession        *self,
                  EkaRequest        *request,
                  EkaSessionDoneFunc done)
{
  Call *call = g_new0 (Call, 1);

  call->session = eka_session_ref (self);
  call->call = request->call;
  call->done = done;
  self->calling = TRUE;
  eka_client_call_async (self->client, request, self->cancellable, call_done,
                         call);
}

gboolean
eka_outcome_is_success (EkaReply *reply)
{
  return reply->status >= 200 && reply->status < 300;
}

/* Counts of failures start anew. */
void
eka_outcome_forget_failures (EkaSession *self)
{
  eka_retry_reset (&self->retry);
  self->malformed = 0;
  self->refusals = 0;
  self->absent = 0;
  self->unanswered = FALSE;
  self->pause_asked = FALSE;
}

/* A call went well: counts of failures start anew, and a warning is over. */
void
eka_outcome_note_success (EkaSession *self)
{
  EkaSessionEvent event = { .type = EKA_SESSION_EVENT_RECOVERED };

  eka_outcome_forget_failures (self);
  if (self->warned < 0)
    return;
  self->warned = -1;
  eka_session_emit (self, &event);
}

/* Refusals that may be a mistake of one of the service's many machines. What
 * Create is told of its body is not. */
static gboolean
is_refusal (const GError *error)
{
  const EkaScribeErrorInfo *info = eka_scribe_error_get_info (error);

  if (!g_error_matches (error, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_REFUSED) &&
      !g_error_matches (error, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_GONE))
    return FALSE;
  if (g_strcmp0 (info->request, eka_call_to_string (EKA_CALL_CREATE)) == 0 &&
      (info->http_status == 400 || info->http_status == 409 ||
       info->http_status == 422))
    return FALSE;
  return info->http_status != 0;
}

/* Faults that someone may mend while the recording runs: a new token in the
 * file, the end of a captive portal. */
static gboolean
is_mendable (const GError *error)
{
  return g_error_matches (error, EKA_SCRIBE_ERROR,
                          EKA_SCRIBE_ERROR_NOT_AUTHORIZED) ||
         g_error_matches (error, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_TLS) ||
         g_error_matches (error, EKA_SCRIBE_ERROR,
                          EKA_SCRIBE_ERROR_REDIRECTED) ||
         g_error_matches (error, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_PROTOCOL) ||
         g_error_matches (error, EKA_SCRIBE_ERROR,
                          EKA_SCRIBE_ERROR_TOO_LARGE) ||
         is_refusal (error);
}

/* Somebody was asked for a token, and may bring it any time. */
static gboolean
is_awaited (EkaSession   *self,
            const GError *error)
{
  return g_error_matches (error, EKA_SCRIBE_ERROR,
                          EKA_SCRIBE_ERROR_NOT_AUTHORIZED) &&
         self->settings->token != NULL &&
         eka_token_may_come (self->settings->token);
}

static gboolean
is_passing (EkaSession   *self,
            const GError *error)
{
  return is_awaited (self, error) || eka_scribe_error_is_transient (error) ||
         (g_error_matches (error, EKA_SCRIBE_ERROR,
                           EKA_SCRIBE_ERROR_PROTOCOL) &&
          self->malformed < EKA_OUTCOME_MAX_MALFORMED) ||
         (is_refusal (error) && self->refusals < EKA_OUTCOME_MAX_REFUSALS);
}

/* Repeats the call of this state, when it is time.
 * @reply: (nullable): the answer, which may ask for a pause */
void
eka_outcome_try_again (EkaSession *self,
                       EkaReply   *reply)
{
  gint64 now = eka_clock_now (self->clock);
  gint64 asked = -1;
  gint64 delay;

  if (reply != NULL)
    asked = eka_retry_parse_after (reply->retry_after, reply->date);
  delay = eka_retry_next (&self->retry, g_random_double (), asked);
  if ((eka_session_is_over (self) || self->discarding) &&
      self->state < EKA_SESSION_PROCESSING)
    delay = CLAMP (delay, 0, MAX (self->deadline - now, 0));

  g_mutex_lock (&self->lock);
  self->stats.retries++;
  g_mutex_unlock (&self->lock);
  self->pause_asked = asked >= 0;
  eka_session_schedule (self, delay);
}

/* What becomes of a call that did not go well.
 * @reply: (nullable): the answer, where one came
 * @error: (transfer full) */
void
eka_outcome_note_failure (EkaSession *self,
                          EkaReply   *reply,
                          GError     *error)
{
  gint64 now = eka_clock_now (self->clock);
  gboolean in_time = !eka_session_is_over (self) || now < self->deadline ||
                     self->state == EKA_SESSION_PROCESSING;

  eka_client_redact (self->client, error);
  if (g_error_matches (error, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_PROTOCOL))
    self->malformed++;
  if (is_refusal (error))
    self->refusals++;

  if (is_passing (self, error) && in_time)
    {
      eka_session_warn (self, error, FALSE);
      eka_outcome_try_again (self, reply);
    }
  else if (eka_session_captures (self) && is_mendable (error))
    {
      eka_session_warn (self, error, TRUE);
      eka_outcome_try_again (self, reply);
    }
  else if (eka_session_captures (self))
    {
      eka_session_warn (self, error, TRUE);
      self->refusal = g_steal_pointer (&error);
    }
  else
    eka_session_fail (self, NULL, g_steal_pointer (&error));
  g_clear_error (&error);
}

void
eka_outcome_note_refusal (EkaSession *self,
                          EkaReply   *reply,
                          EkaCall     call)
{
  eka_outcome_note_failure (self, reply,
                            eka_client_fault (self->client, reply, call));
}
