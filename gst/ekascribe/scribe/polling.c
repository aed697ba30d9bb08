/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "scribe/fault.h"
#include "scribe/outcome.h"
#include "scribe/protocol.h"
#include "scribe/sessionprivate.h"

static void
note_partial_transcript (EkaSession *self,
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
poll_again (EkaSession *self)
{
  gint64 next = self->poll_began + self->settings->poll_interval -
                eka_clock_now (self->clock);

  eka_session_schedule (self, MAX (next, 0));
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
      "The service could not process session %s: it is %s%s%s",
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
  eka_session_fail (self, result, error);
}

static const gchar *const busy[] = { "processing",  "initialized", "created",
                                     "in-progress", "queued",      "pending",
                                     NULL };
static const gchar *const failed[] = { "failed",  "failure", "cancelled",
                                       "expired", "error",   NULL };
static const gchar *const good[] = { "completed", "partial", NULL };

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

static gboolean
is_one_of (const gchar        *status,
           const gchar *const *list)
{
  return status != NULL && g_strv_contains (list, status);
}

/* The HTTP status is the signal; among 200 the member `status` is. */
static void
judge_result (EkaSession *self,
              EkaReply   *reply,
              EkaResult  *result)
{
  if (reply->status == 202 ||
      (reply->status == 200 && is_one_of (result->status, busy)))
    {
      note_partial_transcript (self, result);
      poll_again (self);
    }
  else if (reply->status == 410 || is_one_of (result->status, failed))
    processing_failed (self, reply, result);
  else if (reply->status == 206 || g_strcmp0 (result->status, "partial") == 0)
    {
      warn_of_partial (self, reply, result);
      eka_session_close (self, EKA_SESSION_PARTIAL, result, NULL);
    }
  else
    eka_session_close (self, EKA_SESSION_COMPLETED, result, NULL);
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
  return is_one_of (result->status, busy) ||
         is_one_of (result->status, failed) ||
         is_one_of (result->status, good);
}

static void
get_done (EkaSession *self,
          EkaReply   *reply,
          GError     *error)
{
  g_autoptr (EkaResult) result = NULL;

  if (reply == NULL)
    {
      eka_outcome_note_failure (self, NULL, g_error_copy (error));
      return;
    }
  if (reply->status == 200 || reply->status == 202 || reply->status == 206 ||
      reply->status == 410)
    result = eka_result_new_from_json (reply->body, NULL);
  if (result != NULL && eka_polling_is_ours (self, result))
    {
      eka_outcome_note_success (self);
      judge_result (self, reply, result);
    }
  else if (eka_outcome_is_success (reply))
    eka_outcome_note_failure (
        self, reply,
        eka_fault_protocol (reply, EKA_CALL_GET,
                            "the answer is not this session"));
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
