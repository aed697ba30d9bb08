/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "scribe/fault.h"
#include "scribe/outcome.h"
#include "scribe/protocol.h"
#include "scribe/sessionprivate.h"

/* Whether the service has a recording that went up as a single file, when its
 * acknowledgement did not come. A chunk is just sent again, for its number
 * stands for its bytes; but a service may append a second file to the first
 * one, and then everything was said twice. So Get Session is asked before
 * anything is sent again: at once, and once more when the pause before the next
 * try is over, since lists lag behind.
 *
 * Invariant: while `unsettled` is set, nothing is uploaded. */

/* Sessions given up in a row because the service does not tell what they have.
 * Then audio that may be there twice is better than none. */
#define MAX_UNLISTED 3

typedef enum
{
  STORED,
  NOT_STORED,
  UNKNOWN, /* there is no list of use */
} Verdict;

/* --- what an upload without an acknowledgement means -------------------- */

static gboolean
is_single (EkaSession *self)
{
  return self->settings->upload_type == EKA_UPLOAD_SINGLE;
}

/* Whether the service itself says that it is too busy, and not a gateway that
 * has lost its answer. */
static gboolean
refuses_for_now (EkaReply                 *reply,
                 const EkaScribeErrorInfo *info)
{
  return reply->status == 503 &&
         (info->code != NULL || reply->retry_after != NULL);
}

/* Whether the server may have read the request, to which no answer came. */
static gboolean
was_sent (const GError             *error,
          const EkaScribeErrorInfo *info)
{
  /* A token was asked for first, and there is none. */
  if (info->request != NULL &&
      g_strcmp0 (info->request, eka_call_to_string (EKA_CALL_UPLOAD)) != 0)
    return FALSE;
  return (error->code == EKA_SCRIBE_ERROR_NETWORK && !info->unsent) ||
         error->code == EKA_SCRIBE_ERROR_REDIRECTED ||
         error->code == EKA_SCRIBE_ERROR_TOO_LARGE;
}

/* Whether the service may have stored what it did not acknowledge. 4xx but 408
 * refuse; 500 comes from the midst of the work, and what a gateway says (502,
 * 504) tells nothing of the service. */
static gboolean
may_be_stored (EkaReply     *reply,
               const GError *error)
{
  const EkaScribeErrorInfo *info = eka_scribe_error_get_info (error);

  if (info == NULL)
    return FALSE;
  if (reply == NULL)
    return was_sent (error, info);
  if (reply->status >= 400 && reply->status < 500)
    return reply->status == 408;
  return !refuses_for_now (reply, info);
}

/* What to do about an upload that was not acknowledged.
 * @reply: (nullable): the answer, where one came
 * @error: (transfer full): what it says; stays the caller's where that is what
 *   counts
 *
 * Returns: whether the service is asked for the file first */
gboolean
eka_settle_begin (EkaSession *self,
                  EkaReply   *reply,
                  GError     *error)
{
  if (!is_single (self) || self->unlisted || !may_be_stored (reply, error))
    return FALSE;
  self->unsettled = TRUE;
  g_clear_error (&self->doubt);
  self->doubt = error;
  eka_settle_look (self);
  return TRUE;
}

/* The list lacks the file that was acknowledged, and may only lag behind. */
void
eka_settle_doubt_list (EkaSession *self)
{
  if (!is_single (self) || self->unlisted)
    return;
  self->unsettled = TRUE;
  eka_session_schedule (self, self->settings->poll_interval);
}

/* --- what Get Session shows --------------------------------------------- */

/* A session that takes one file has no other's: names don't matter. A count is
 * of no use where it is of more than was uploaded, or of what a list lacks. */
static Verdict
judge (EkaSession *self,
       EkaResult  *result)
{
  const gint count = result->audio_files_received;

  if (result->audio_files != NULL && *result->audio_files != NULL)
    return STORED;
  if (count == 0)
    return NOT_STORED;
  if (result->audio_files != NULL || count < 0 ||
      count > (gint) MAX (self->attempts, 1))
    return UNKNOWN;
  return STORED;
}

/* The file goes to another session, and this one is cancelled: so it is neither
 * lost nor there twice. */
static void
leave_session (EkaSession *self)
{
  GError *error = g_error_new (
      EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_LOST,
      "Nothing tells whether session %s has the recording: no acknowledgement "
      "came, and the service does not list its audio", self->session_id);

  eka_scribe_error_edit_info (error)->request =
      g_strdup (eka_call_to_string (EKA_CALL_UPLOAD));
  eka_ending_cancel_id (self, self->session_id);
  eka_loss_start_anew (self, error);
}

/* Whether and when there is a next try, the policy of failures decides, which
 * the upload has not been told to yet. */
static void
note_failure (EkaSession *self)
{
  if (self->doubt != NULL)
    eka_outcome_note_failure (self, NULL, g_steal_pointer (&self->doubt));
}

/* The file is not there: it is sent after a pause, unless it is by then. */
static void
send_again (EkaSession *self)
{
  if (self->doubt == NULL)
    self->unsettled = FALSE;
  note_failure (self);
}

static void
settle_unknown (EkaSession *self)
{
  if (self->losses.attempts < MAX_UNLISTED)
    {
      leave_session (self);
      return;
    }
  self->unlisted = TRUE;
  eka_session_tell (self, EKA_SCRIBE_ERROR_LOST, EKA_CALL_GET,
                    "The service does not list the audio of session %s, and "
                    "%u sessions were given up for that: from now on the "
                    "recording is sent again where no acknowledgement comes, "
                    "and the service may have it twice",
                    self->session_id, self->losses.attempts);
  self->unsettled = FALSE;
  note_failure (self);
}

/* Somebody else has ended the session. */
static void
settle_closed (EkaSession *self)
{
  GError *error = g_error_new (EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_GONE,
                               "Session %s takes no audio any more, though it "
                               "was not ended here", self->session_id);

  eka_scribe_error_edit_info (error)->request =
      g_strdup (eka_call_to_string (EKA_CALL_GET));
  eka_loss_start_anew (self, error);
}

static void
settle (EkaSession *self,
        EkaReply   *reply,
        EkaResult  *result)
{
  Verdict verdict = judge (self, result);
  GError *expired = eka_polling_find_expired (self, result);

  self->looks = 0;
  self->absent = 0;
  if (expired != NULL)
    eka_loss_start_anew (self, expired);
  else if (verdict == STORED && !eka_polling_is_failed (result))
    {
      /* It may be at work already: one file is all that it waits for. */
      g_clear_error (&self->doubt);
      eka_uploading_acknowledge (self, NULL);
    }
  else if (!eka_polling_is_open (reply, result))
    settle_closed (self);
  else if (verdict == NOT_STORED)
    send_again (self);
  else
    settle_unknown (self);
}

/* The question is repeated, and not the upload: it is for settle() to say that.
 * A service that is there and has no answer lists nothing. */
static void
look_failed (EkaSession *self,
             EkaReply   *reply)
{
  GError *error =
      eka_outcome_is_success (reply)
          ? eka_fault_protocol (reply, EKA_CALL_GET,
                                "the answer is not this session")
          : eka_client_fault (self->client, reply, EKA_CALL_GET);

  if (reply->status == 404 || reply->status == 410)
    eka_loss_note (self, reply, error);
  else if (eka_scribe_error_is_transient (error) ||
           error->code == EKA_SCRIBE_ERROR_NOT_AUTHORIZED)
    eka_outcome_note_failure (self, reply, error);
  else
    {
      if (eka_auditing_has_no_list (self, error))
        settle_unknown (self);
      else
        eka_outcome_try_again (self, reply);
      g_error_free (error);
    }
}

static void
looked (EkaSession *self,
        EkaReply   *reply,
        GError     *error)
{
  g_autoptr (EkaResult) result = NULL;

  if (reply == NULL)
    {
      eka_outcome_note_failure (self, NULL, g_error_copy (error));
      return;
    }
  result = eka_polling_read (self, reply);
  if (result != NULL)
    settle (self, reply, result);
  else
    look_failed (self, reply);
}

/* Asks the service whether it has the file. */
void
eka_settle_look (EkaSession *self)
{
  eka_outcome_send (self,
                    eka_protocol_get (self->base_url, self->session_id, NULL),
                    looked);
}
