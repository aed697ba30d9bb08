/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "scribe/fault.h"
#include "scribe/outcome.h"
#include "scribe/protocol.h"
#include "scribe/sessionprivate.h"

/* A call whose answer was lost may have been heard, and its repetition is
 * refused then: with which status and in which words differs from server to
 * server. So it is not the refusal that counts, but what Get Session shows. */

static gboolean
has_audio (EkaResult *result)
{
  return (result->audio_files != NULL && *result->audio_files != NULL) ||
         result->audio_files_received > 0;
}

/* @doubt: (transfer full) */
static void
settle_create (EkaSession *self,
               EkaReply   *reply,
               EkaResult  *result,
               GError     *doubt)
{
  /* Nothing was heard, and the words are about what was sent. */
  if (result == NULL && eka_scribe_error_get_info (doubt)->http_status == 400)
    {
      self->unanswered = FALSE;
      eka_outcome_note_failure (self, NULL, doubt);
      return;
    }
  if (result != NULL && eka_resuming_may_be_ours (self, result))
    {
      g_error_free (doubt);
      eka_resuming_take_up (self, reply, result);
      return;
    }
  if (result == NULL || has_audio (result) ||
      !eka_polling_is_open (reply, result))
    {
      eka_opening_note_taken (self, reply, doubt);
      return;
    }
  g_error_free (doubt);
  eka_opening_restore (self, reply, result);
}

/* @doubt: (transfer full) */
static void
settle_upload (EkaSession *self,
               EkaReply   *reply,
               EkaResult  *result,
               GError     *doubt)
{
  guint number = 0;
  g_autoptr (EkaChunk) chunk = eka_outbox_try (self->outbox, &number);

  if (chunk == NULL)
    {
      /* It is not at hand any more, and will be sent again when it is. */
      g_error_free (doubt);
      return;
    }
  if (!eka_polling_is_open (reply, result))
    {
      /* Somebody else has ended the session. */
      eka_loss_start_anew (self, doubt);
      return;
    }
  if (self->upload_url == NULL)
    self->upload_url = g_strdup (result->upload_url);
  if (eka_auditing_lists (result, number))
    {
      g_error_free (doubt);
      eka_uploading_acknowledge (self, NULL);
    }
  else
    eka_refusal_handle (self, NULL, doubt);
}

/* @doubt: (transfer full) */
static void
settle_end (EkaSession *self,
            EkaReply   *reply,
            EkaResult  *result,
            GError     *doubt)
{
  if (eka_polling_is_open (reply, result))
    {
      eka_outcome_note_failure (self, NULL, doubt);
      return;
    }
  if (g_strcmp0 (result->status, "expired") == 0)
    {
      eka_loss_start_anew (self, doubt);
      return;
    }
  g_error_free (doubt);
  eka_ending_accept (self, result->audio_files_received);
}

static void
settle (EkaSession *self,
        EkaReply   *reply,
        EkaResult  *result,
        GError     *doubt)
{
  if (self->doubted == EKA_CALL_CREATE)
    settle_create (self, reply, result, doubt);
  else if (self->doubted == EKA_CALL_UPLOAD)
    settle_upload (self, reply, result, doubt);
  else
    settle_end (self, reply, result, doubt);
}

/* The session is not there. One answer that says so is not believed. */
static void
settle_gone (EkaSession *self,
             EkaReply   *reply,
             GError     *doubt)
{
  if (reply->status != 410 && doubt->code != EKA_SCRIBE_ERROR_GONE &&
      ++self->absent < EKA_LOSS_MAX_ABSENT)
    {
      g_error_free (doubt);
      eka_session_schedule (self, self->settings->poll_interval);
    }
  else if (self->doubted == EKA_CALL_CREATE)
    settle_create (self, reply, NULL, doubt);
  else
    eka_loss_start_anew (self, doubt);
}

static void
doubt_done (EkaSession *self,
            EkaReply   *reply,
            GError     *error)
{
  g_autoptr (EkaResult) result = NULL;
  g_autoptr (GError) doubt = g_steal_pointer (&self->doubt);

  result = eka_polling_read (self, reply);
  if (result != NULL)
    settle (self, reply, result, g_steal_pointer (&doubt));
  else if (reply != NULL && (reply->status == 404 || reply->status == 410))
    settle_gone (self, reply, g_steal_pointer (&doubt));
  /* The call is repeated, and comes back here. */
  else if (reply == NULL)
    eka_outcome_note_failure (self, NULL, g_error_copy (error));
  else if (eka_outcome_is_success (reply))
    eka_outcome_note_failure (
        self, reply,
        eka_fault_protocol (reply, EKA_CALL_GET,
                            "the answer is not this session"));
  else
    eka_outcome_note_refusal (self, reply, EKA_CALL_GET);
}

/* Asks the service for the session, to find out what became of @call.
 * @error: (transfer full): what it answered to it */
void
eka_doubt_settle (EkaSession *self,
                  EkaCall     call,
                  GError     *error)
{
  g_clear_error (&self->doubt);
  self->doubt = error;
  self->doubted = call;
  eka_outcome_send (self,
                    eka_protocol_get (self->base_url, self->session_id, NULL),
                    doubt_done);
}
