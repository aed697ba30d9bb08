/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "scribe/fault.h"
#include "scribe/json.h"
#include "scribe/outcome.h"
#include "scribe/protocol.h"
#include "scribe/sessionprivate.h"

/* --- end ---------------------------------------------------------------- */

static void
compare_count (EkaSession *self,
               gint        received)
{
  guint sent = eka_outbox_count_sent (self->outbox);

  if (self->feed == NULL && !self->streamed && received >= 0 && (guint) received != sent)
    eka_session_tell (self, EKA_SCRIBE_ERROR_LOST, EKA_CALL_END,
                      "The service says that it received %d audio files, but "
                      "it acknowledged %u (session %s)",
                      received, sent, self->session_id);
}

static void
result_timeout (gpointer user_data)
{
  g_autoptr (EkaSession) self = user_data;
  GError *error = NULL;

  self->result_timer = 0;
  error = g_error_new (EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_TIMEOUT,
                       "There are no results after %.0f s (result-timeout); "
                       "the audio is safe on the service, which may still "
                       "process session %s",
                       self->settings->result_timeout / 1e6, self->session_id);
  eka_scribe_error_edit_info (error)->property = "result-timeout";
  eka_scribe_error_edit_info (error)->request =
      g_strdup (eka_call_to_string (EKA_CALL_GET));
  g_cancellable_cancel (self->cancellable);
  eka_session_fail (self, self->provisional, error);
}

/* Nobody will ever see the results: the audio is safe where the service's list
 * has shown it all, and nothing that End said speaks against that. Of a stream there
 * is no list, and no better proof than that its end was accepted. */
static void
leave (EkaSession *self,
       gint        received)
{
  if (self->feed != NULL || self->streamed ||
      (self->audit == EKA_AUDIT_COMPLETE &&
       (received < 0 ||
        (guint) received == eka_outbox_count_sent (self->outbox))))
    eka_outbox_clear (self->outbox);
  eka_session_close (self, EKA_SESSION_PROCESSING, NULL, NULL);
}

static void
begin_processing (EkaSession *self)
{
  self->ended_at = eka_clock_now (self->clock);
  self->ended = TRUE;
  self->created = TRUE;
  eka_session_describe (self);
  eka_session_set_state (self, EKA_SESSION_PROCESSING);
}

static void
watch_results (EkaSession *self)
{
  if (self->settings->result_timeout > 0)
    self->result_timer =
        eka_clock_schedule (self->clock, self->settings->result_timeout,
                            result_timeout, eka_session_ref (self));
}

/* A session that was begun before, and ended with all of its audio.
 * @result: what the service shows of it */
void
eka_ending_take_up (EkaSession *self,
                    EkaResult  *result)
{
  eka_outcome_note_success (self);
  self->found_ended = TRUE;
  begin_processing (self);
  /* What is there already is worth a look, whoever waits. */
  if (!self->settings->wait_for_results && !eka_polling_is_good (result) &&
      !eka_polling_is_failed (result))
    leave (self, -1);
  else
    watch_results (self);
}

/* The session is ended, and the service works on it.
 * @received: how many files it says that it has got, or -1 */
void
eka_ending_accept (EkaSession *self,
                   gint        received)
{
  eka_outcome_note_success (self);
  compare_count (self, received);
  begin_processing (self);
  if (self->feed != NULL)
    eka_outbox_settle_all (self->outbox);
  if (!self->settings->wait_for_results)
    leave (self, received);
  else
    watch_results (self);
}

/* Whether it is the service that accepted End, and not a login page that is in
 * between: the session would never be processed, and EOS be let go. An answer
 * without a body says no more than its status; 202 is the documented one, which
 * no such page has, and any object will do with it that names no other session.
 * @received: (out): see eka_protocol_parse_end() */
static gboolean
is_end (EkaSession *self,
        EkaReply   *reply,
        gint       *received)
{
  g_autoptr (EkaResult) result = eka_result_new_from_json (reply->body, NULL);
  g_autoptr (JsonObject) object = NULL;

  *received = eka_protocol_parse_end (reply);
  if (result != NULL)
    return eka_polling_is_ours (self, result);
  if (reply->status == 202)
    object = eka_json_parse_bytes (reply->body, NULL);
  return object != NULL || *received >= 0 ||
         g_bytes_get_size (reply->body) == 0;
}

static void
end_refused (EkaSession *self,
             EkaReply   *reply)
{
  GError *error = eka_client_fault (self->client, reply, EKA_CALL_END);

  if (reply->status >= 500)
    self->unanswered = TRUE;
  if (error->code == EKA_SCRIBE_ERROR_REFUSED ||
      error->code == EKA_SCRIBE_ERROR_GONE)
    eka_doubt_settle (self, EKA_CALL_END, error);
  else
    eka_outcome_note_failure (self, reply, error);
}

static void
end_done (EkaSession *self,
          EkaReply   *reply,
          GError     *error)
{
  gint received;

  if (reply == NULL)
    eka_outcome_note_failure (self, NULL, g_error_copy (error));
  else if (!eka_outcome_is_success (reply))
    end_refused (self, reply);
  else if (is_end (self, reply, &received))
    eka_ending_accept (self, received);
  else
    eka_outcome_note_failure (
        self, reply,
        eka_fault_protocol (reply, EKA_CALL_END,
                            "the answer is not about this session"));
}

/* Tells the service that the recording is over. */
void
eka_ending_end (EkaSession *self)
{
  eka_outcome_send (self,
                    eka_protocol_end (self->base_url, self->session_id,
                                      eka_outbox_count_sent (self->outbox)),
                    end_done);
}

/* --- cancel ------------------------------------------------------------- */

static void
stay_behind (EkaSession *self,
             GError     *error)
{
  if (error != NULL)
    eka_session_tell (self, EKA_SCRIBE_ERROR_FAILED, EKA_CALL_PATCH,
                      "Session %s could not be cancelled, and stays on the "
                      "service until it expires: %s",
                      self->session_id, error->message);
  eka_session_close (self, EKA_SESSION_DISCARDED, NULL, NULL);
}

static void
cancelled (EkaSession *self,
           EkaReply   *reply,
           GError     *error)
{
  g_autoptr (GError) local = NULL;

  if (reply == NULL)
    local = g_error_copy (error);
  else if (!eka_outcome_is_success (reply) && reply->status != 404 &&
           reply->status != 410)
    local = eka_client_fault (self->client, reply, EKA_CALL_PATCH);
  if (local != NULL)
    eka_client_redact (self->client, local);
  if (local != NULL && eka_scribe_error_is_transient (local) &&
      eka_clock_now (self->clock) < self->deadline)
    eka_outcome_try_again (self, reply);
  else
    stay_behind (self, local);
}

/* Takes the session back on the service, in a run that waits for that. */
void
eka_ending_cancel (EkaSession *self)
{
  eka_outcome_send (self,
                    eka_protocol_cancel (self->base_url, self->session_id),
                    cancelled);
}

/* Begins to take the session back.
 * @patience: µs in which a try that failed is repeated */
void
eka_ending_discard (EkaSession *self,
                    gint64      patience)
{
  self->discarding = TRUE;
  self->deadline = eka_clock_now (self->clock) + patience;
  eka_retry_reset (&self->retry);
  if (self->state < EKA_SESSION_CREATING)
    eka_session_close (self, EKA_SESSION_DISCARDED, NULL, NULL);
  else
    eka_session_step (self);
}

static void
left_behind (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  g_autoptr (EkaSession) self = user_data;
  g_autoptr (EkaReply) reply = eka_client_call_finish (result, NULL);
}

/* Takes back a session that nobody waits for. One try: the service lets it
 * expire otherwise. */
void
eka_ending_cancel_id (EkaSession  *self,
                      const gchar *session_id)
{
  eka_client_call_async (self->client,
                         eka_protocol_cancel (self->base_url, session_id),
                         NULL, left_behind, eka_session_ref (self));
}

/* --- a broken stream ------------------------------------------------------- */

/* With growing pauses, so often a session is taken back that the service said
 * nothing about. */
#define MAX_CANCELS 6

static void
cancel_broken (gpointer user_data);

static void
broken_cancelled (GObject      *source,
                  GAsyncResult *result,
                  gpointer      user_data)
{
  g_autoptr (EkaSession) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (EkaReply) reply = eka_client_call_finish (result, &error);

  if (reply != NULL && !eka_outcome_is_success (reply))
    error = eka_client_fault (self->client, reply, EKA_CALL_PATCH);
  if (error == NULL || !eka_scribe_error_is_transient (error) ||
      eka_session_is_final (self) || self->broken_timer != 0 ||
      self->broken_retry.attempts >= MAX_CANCELS)
    return;
  self->broken_timer = eka_clock_schedule (
      self->clock,
      eka_retry_next (&self->broken_retry, g_random_double (), -1),
      cancel_broken, eka_session_ref (self));
}

static void
cancel_broken (gpointer user_data)
{
  EkaSession *self = user_data;

  self->broken_timer = 0;
  eka_client_call_async (self->client,
                         eka_protocol_cancel (self->base_url, self->broken),
                         NULL, broken_cancelled, self);
}

/* Takes back a session whose stream broke, while its audio goes elsewhere. */
void
eka_ending_cancel_broken (EkaSession  *self,
                          const gchar *session_id)
{
  eka_session_drop_timer (self, &self->broken_timer);
  g_free (self->broken);
  self->broken = g_strdup (session_id);
  eka_retry_reset (&self->broken_retry);
  cancel_broken (eka_session_ref (self));
}
