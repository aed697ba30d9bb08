/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "scribe/fault.h"
#include "scribe/outcome.h"
#include "scribe/protocol.h"
#include "scribe/sessionprivate.h"

/* Servers say “failed” or “partial” while some of their work still goes on. Such
 * a result is asked for again until it has not changed for the setting's time,
 * or this long after End. */
#define LONGEST_DOUBT (180 * G_TIME_SPAN_SECOND)

/* From one question about it to the next. */
#define DOUBT_INTERVAL (5 * G_TIME_SPAN_SECOND)

/* Tells what @result has of the transcript, where that is new. */
void
eka_polling_note_transcript (EkaSession *self,
                             EkaResult  *result)
{
  EkaSessionEvent event = { .type = EKA_SESSION_EVENT_TRANSCRIPT,
                            .text = result->transcript,
                            .language = result->language_detected };

  if (result->transcript == NULL || *result->transcript == '\0' ||
      g_strcmp0 (result->transcript, self->transcript) == 0)
    return;
  g_free (self->transcript);
  self->transcript = g_strdup (result->transcript);
  eka_session_emit (self, &event);
}

static void
poll_again (EkaSession *self,
            gint64      interval)
{
  gint64 next = self->poll_began + interval - eka_clock_now (self->clock);

  eka_session_schedule (self, MAX (next, 0));
}

/* Whether a result that is not good has stayed the same for long enough. */
static gboolean
is_settled (EkaSession *self,
            EkaResult  *result)
{
  gint64 now = eka_clock_now (self->clock);

  if (self->provisional == NULL ||
      !g_str_equal (self->provisional->json, result->json))
    {
      g_clear_pointer (&self->provisional, eka_result_unref);
      self->provisional = eka_result_ref (result);
      self->provisional_since = now;
    }
  return self->failed ||
         now - self->provisional_since >= self->settings->settle_time ||
         now - self->ended_at >= LONGEST_DOUBT;
}

static void
look_again (EkaSession *self)
{
  poll_again (self, MIN (DOUBT_INTERVAL, self->settings->settle_time));
}

/* Who finds the audio on disk must not take it for safe. */
static void
note_failed (EkaSession *self)
{
  if (self->failed)
    return;
  self->failed = TRUE;
  eka_session_describe (self);
}

/* The service is done and has nothing to give. */
static void
processing_failed (EkaSession *self,
                   EkaReply   *reply,
                   EkaResult  *result)
{
  EkaScribeErrorInfo *info;
  GError *error;

  error = g_error_new (
      EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_FAILED,
      "The service could not process session %s (%s)%s%s",
      self->session_id, result->status != NULL ? result->status : "expired",
      result->error_message != NULL || result->message != NULL ? ": " : "",
      result->error_message != NULL ? result->error_message
      : result->message != NULL     ? result->message
                                    : "");
  info = eka_scribe_error_edit_info (error);
  info->http_status = reply->status;
  info->code = g_strdup (result->error_code != NULL ? result->error_code
                                                    : result->status);
  info->details = g_strdup (result->processing_errors);
  info->request = g_strdup (eka_call_to_string (EKA_CALL_GET));
  eka_client_redact (self->client, error);
  note_failed (self);
  if (!self->found_ended)
    {
      eka_session_fail (self, result, error);
      return;
    }
  /* Whoever goes on with it has nothing to gain from it: another one may do
   * better, once. */
  g_clear_pointer (&self->provisional, eka_result_unref);
  self->provisional = eka_result_ref (result);
  eka_loss_start_anew (self, error);
}

/* Not ended yet. */
static const gchar *const open[] = { "initialized", "created", "recording",
                                     "active", NULL };

/* The result message tells the rest. */
static void
warn_of_partial (EkaSession *self,
                 EkaReply   *reply,
                 EkaResult  *result)
{
  g_autoptr (GError) error = NULL;
  EkaScribeErrorInfo *info;

  error = g_error_new (EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_FAILED,
                       "The service could process only some of session %s: %s",
                       self->session_id,
                       result->processing_errors != NULL
                           ? result->processing_errors
                           : "no reason given");
  info = eka_scribe_error_edit_info (error);
  info->http_status = reply->status;
  info->details = g_strdup (result->processing_errors);
  info->request = g_strdup (eka_call_to_string (EKA_CALL_GET));
  eka_client_redact (self->client, error);
  eka_session_warn (self, error, FALSE);
}

/* Something is amiss that the answer does not call by its name.
 *
 * Returns: whether nothing is */
static gboolean
compare_counts (EkaSession *self,
                EkaResult  *result)
{
  guint sent = self->streamed ? 0 : eka_outbox_count_sent (self->outbox);
  gint count = result->audio_files_processed >= 0
                   ? result->audio_files_processed
                   : result->audio_files_received;

  if (count < 0 || (guint) count >= sent)
    return TRUE;
  eka_session_tell (self, EKA_SCRIBE_ERROR_LOST, EKA_CALL_GET,
                    "The results of session %s are made of %d audio files, "
                    "but %u were sent",
                    self->session_id, count, sent);
  return FALSE;
}

static void
processing_completed (EkaSession *self,
                      EkaResult  *result)
{
  if (compare_counts (self, result))
    eka_outbox_clear (self->outbox);
  eka_session_close (self, EKA_SESSION_COMPLETED, result, NULL);
}

static void
processing_partial (EkaSession *self,
                    EkaReply   *reply,
                    EkaResult  *result)
{
  guint sent = self->streamed ? 0 : eka_outbox_count_sent (self->outbox);

  warn_of_partial (self, reply, result);
  if (result->audio_files_processed >= (gint) sent)
    eka_outbox_clear (self->outbox);
  eka_session_close (self, EKA_SESSION_PARTIAL, result, NULL);
}

static void
judge_result (EkaSession *self,
              EkaReply   *reply,
              EkaResult  *result)
{
  EkaVerdict verdict = eka_result_judge (result, reply->status);

  if (verdict == EKA_VERDICT_BUSY)
    {
      eka_polling_note_transcript (self, result);
      g_clear_pointer (&self->provisional, eka_result_unref);
      poll_again (self, self->settings->poll_interval);
    }
  else if (verdict == EKA_VERDICT_COMPLETED)
    processing_completed (self, result);
  else if (!is_settled (self, result))
    look_again (self);
  else if (verdict == EKA_VERDICT_PARTIAL)
    processing_partial (self, reply, result);
  else
    processing_failed (self, reply, result);
}

/* Whether a session that Get Session shows still takes audio. */
gboolean
eka_polling_is_open (EkaReply  *reply,
                     EkaResult *result)
{
  return (result->status != NULL && g_strv_contains (open, result->status)) ||
         (reply->status == 202 && !eka_result_is_known (result));
}

/* Whether there are results of a session that Get Session shows. */
gboolean
eka_polling_is_good (EkaResult *result)
{
  return g_strcmp0 (result->status, "completed") == 0 ||
         g_strcmp0 (result->status, "partial") == 0;
}

/* Whether nothing will come of a session that Get Session shows. */
gboolean
eka_polling_is_failed (EkaResult *result)
{
  return eka_result_judge (result, 200) == EKA_VERDICT_FAILED;
}

/* Whether @result is of this session: the results of another one would be those
 * of another patient. Where it names none, its status must be one that sessions
 * have: “ok” is what a gateway says of itself. */
gboolean
eka_polling_is_ours (EkaSession *self,
                     EkaResult  *result)
{
  if (result->session_id != NULL)
    return g_str_equal (result->session_id, self->session_id);
  return eka_result_is_known (result);
}

/* @reply: (nullable): an answer to Get Session
 *
 * Returns: (transfer full) (nullable): what it tells of this session, if it is a
 *   success and does */
EkaResult *
eka_polling_read (EkaSession *self,
                  EkaReply   *reply)
{
  g_autoptr (EkaResult) result = NULL;

  if (reply != NULL && eka_outcome_is_success (reply))
    result = eka_result_new_from_json (reply->body, NULL);
  if (result == NULL || !eka_polling_is_ours (self, result))
    return NULL;
  return g_steal_pointer (&result);
}

/* A session that has expired is gone, whatever the HTTP status.
 *
 * Returns: (transfer full) (nullable): an error as 410 gives it, where @result
 *   is of such a session */
GError *
eka_polling_find_expired (EkaSession *self,
                          EkaResult  *result)
{
  EkaScribeErrorInfo *info;
  GError *error;

  if (g_strcmp0 (result->status, "expired") != 0)
    return NULL;
  error = g_error_new (EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_GONE,
                       "The service says that session %s has expired",
                       self->session_id);
  info = eka_scribe_error_edit_info (error);
  info->http_status = 410;
  info->code = g_strdup ("session_expired");
  info->request = g_strdup (eka_call_to_string (EKA_CALL_GET));
  return error;
}

static void
get_done (EkaSession *self,
          EkaReply   *reply,
          GError     *error)
{
  g_autoptr (EkaResult) result = NULL;
  GError *expired = NULL;

  if (reply == NULL)
    {
      eka_outcome_note_failure (self, NULL, g_error_copy (error));
      return;
    }
  if (reply->status == 200 || reply->status == 202 || reply->status == 206 ||
      reply->status == 410)
    result = eka_result_new_from_json (reply->body, NULL);
  if (result != NULL && !eka_polling_is_ours (self, result))
    g_clear_pointer (&result, eka_result_unref);
  if (result != NULL)
    expired = eka_polling_find_expired (self, result);
  if (expired == NULL && result != NULL && reply->status == 410)
    expired = eka_client_fault (self->client, reply, EKA_CALL_GET);
  if (expired != NULL)
    {
      /* What is shown of it, if no other session can take its place. */
      g_clear_pointer (&self->provisional, eka_result_unref);
      self->provisional = eka_result_ref (result);
      eka_loss_start_anew (self, expired);
    }
  else if (result != NULL)
    {
      eka_outcome_note_success (self);
      judge_result (self, reply, result);
    }
  else if (eka_outcome_is_success (reply))
    eka_outcome_note_failure (
        self, reply,
        eka_fault_protocol (reply, EKA_CALL_GET,
                            "the answer is not this session"));
  else if (reply->status == 404 || reply->status == 410)
    eka_loss_note (self, reply,
                   eka_client_fault (self->client, reply, EKA_CALL_GET));
  else
    eka_outcome_note_refusal (self, reply, EKA_CALL_GET);
}

void
eka_polling_get (EkaSession *self)
{
  self->poll_began = eka_clock_now (self->clock);
  eka_outcome_send (self,
                    eka_protocol_get (self->base_url, self->session_id,
                                      self->settings->result_template),
                    get_done);
}
