/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "scribe/fault.h"
#include "scribe/outcome.h"
#include "scribe/protocol.h"
#include "scribe/sessionprivate.h"

/* A session that somebody else began, and did not bring to its end: what is in
 * the outbox may be on the service or not. So Get Session is asked before
 * anything is sent. What it lists counts as acknowledged; all else is sent
 * again, under the numbers that it has, which does no harm. A session that takes
 * no more, and lacks some of it, makes way for another one with everything. */

/* Files that a service may list beyond those of the outbox; more are nonsense. */
#define MAX_UNKNOWN 4096

/**
 * eka_session_resume:
 * @session: a session that was not opened yet; its settings have what
 *   @descriptor says of the recording, its outbox the chunks that are left
 * @descriptor: what is known of the session
 *
 * Goes on with a session that was begun before. To be opened, started and
 * finished as any other. One that streamed can't be gone on with unless it was
 * ended: its audio goes to another one, in chunks.
 */
void
eka_session_resume (EkaSession          *session,
                    const EkaDescriptor *descriptor)
{
  const gboolean streamed = descriptor->settings->upload_type ==
                            EKA_UPLOAD_STREAM;

  g_return_if_fail (session->state == EKA_SESSION_IDLE);
  session->linked = TRUE;
  session->started_when = g_strdup (descriptor->started_at);
  session->language = g_strdup (descriptor->language);
  if (streamed)
    session->settings->upload_type = EKA_UPLOAD_CHUNKED;
  if (streamed && !descriptor->ended)
    {
      session->previous_id = g_strdup (
          descriptor->created ? descriptor->session_id
                              : descriptor->replaced_id);
      session->broken_off = descriptor->created;
      eka_outbox_rewind (session->outbox);
      return;
    }
  g_free (session->session_id);
  session->session_id = g_strdup (descriptor->session_id);
  session->previous_id = g_strdup (descriptor->replaced_id);
  session->created = descriptor->created || descriptor->ended;
  session->ended = descriptor->ended;
  session->failed = descriptor->failed;
  session->resumed = TRUE;
  session->unsettled = session->settings->upload_type == EKA_UPLOAD_SINGLE;
  session->streamed = streamed;
}

/* Ids of our own are random, and nobody guesses them: what a session of that id
 * has under the numbers of the outbox is ours.
 *
 * Returns: whether nothing speaks against that */
gboolean
eka_resuming_may_be_ours (EkaSession *self,
                          EkaResult  *result)
{
  const guint places = eka_outbox_count_sent (self->outbox);
  gchar **name;

  if (!self->resumed)
    return FALSE;
  for (name = result->audio_files; name != NULL && *name != NULL; name++)
    {
      gint64 number = eka_auditing_parse_number (*name);

      if (number < 0 || number >= places)
        return FALSE;
    }
  return result->audio_files_received <= (gint) places;
}

/* Counts as acknowledged what the service lists. It may list more than has a
 * place here: chunks that were sent while the disk failed. Their numbers are
 * taken. Names without numbers are no list, and mean nothing. */
static void
note_list (EkaSession *self,
           EkaResult  *result)
{
  const guint max = eka_outbox_count_sent (self->outbox) + MAX_UNKNOWN;
  g_autofree gboolean *listed = g_new0 (gboolean, max);
  guint n = 0;
  gchar **name;

  if (result->audio_files == NULL)
    return;
  for (name = result->audio_files; *name != NULL; name++)
    {
      gint64 number = eka_auditing_parse_number (*name);

      if (number < 0 || number >= max)
        continue;
      listed[number] = TRUE;
      n = MAX (n, number + 1);
    }
  if (n > 0 || *result->audio_files == NULL)
    eka_outbox_reconcile (self->outbox, listed, n);
}

/* Counts as acknowledged everything that has a place. */
static void
note_all (EkaSession *self)
{
  const guint places = eka_outbox_count_sent (self->outbox);
  g_autofree gboolean *listed = g_new0 (gboolean, places + 1);
  guint i;

  for (i = 0; i < places; i++)
    listed[i] = TRUE;
  eka_outbox_reconcile (self->outbox, listed, places);
}

/* How many files it says that it has; -1: it does not say. */
static gint
count_files (EkaResult *result)
{
  return MAX (result->audio_files_received, result->audio_files_processed);
}

static gboolean
is_told (EkaResult *result)
{
  return result->audio_files != NULL || count_files (result) >= 0;
}

/* Whether a session that takes no more has all of ours. One that was ended by
 * us had everything by then, where it does not say what it has.
 * Afterwards what it has is acknowledged. */
static gboolean
has_everything (EkaSession *self,
                EkaResult  *result)
{
  const gboolean single = self->settings->upload_type == EKA_UPLOAD_SINGLE;
  const gint places = single ? 1 : eka_outbox_count_sent (self->outbox);
  EkaOutboxStats left;

  if (self->streamed || count_files (result) >= places ||
      (single && result->audio_files != NULL && *result->audio_files != NULL) ||
      (self->ended && !is_told (result)))
    note_all (self);
  else
    note_list (self, result);
  eka_outbox_get_stats (self->outbox, &left);
  return left.chunks == 0;
}

/* Nothing can be added to it.
 * @result: of a session that takes no audio any more */
static void
take_up_closed (EkaSession *self,
                EkaResult  *result)
{
  GError *error;

  if (g_strcmp0 (result->status, "cancelled") != 0 &&
      g_strcmp0 (result->status, "expired") != 0 &&
      has_everything (self, result))
    {
      self->audit = is_told (result) ? EKA_AUDIT_COMPLETE : EKA_AUDIT_ABSENT;
      eka_ending_take_up (self, result);
      return;
    }
  error = g_error_new (EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_GONE,
                       "Session %s takes no audio any more, and does not have "
                       "all of the recording", self->session_id);
  eka_scribe_error_edit_info (error)->request =
      g_strdup (eka_call_to_string (EKA_CALL_GET));
  eka_loss_start_anew (self, error);
}

/* Goes on with a session of ours as it is shown.
 * @result: the session */
void
eka_resuming_take_up (EkaSession *self,
                      EkaReply   *reply,
                      EkaResult  *result)
{
  self->absent = 0;
  if (!eka_polling_is_open (reply, result))
    {
      take_up_closed (self, result);
      return;
    }
  if (!self->unsettled)
    note_list (self, result);
  eka_opening_restore (self, reply, result);
}

static void
looked (EkaSession *self,
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
  result = eka_polling_read (self, reply);
  if (result != NULL)
    expired = eka_polling_find_expired (self, result);
  if (expired != NULL)
    eka_loss_start_anew (self, expired);
  else if (result != NULL)
    eka_resuming_take_up (self, reply, result);
  else if (reply->status == 404 || reply->status == 410)
    eka_loss_note (self, reply,
                   eka_client_fault (self->client, reply, EKA_CALL_GET));
  else if (eka_outcome_is_success (reply))
    eka_outcome_note_failure (
        self, reply,
        eka_fault_protocol (reply, EKA_CALL_GET,
                            "the answer is not this session"));
  else
    eka_outcome_note_refusal (self, reply, EKA_CALL_GET);
}

/* Asks the service what it has of a session that was begun before. */
void
eka_resuming_look (EkaSession *self)
{
  eka_outcome_send (self,
                    eka_protocol_get (self->base_url, self->session_id, NULL),
                    looked);
}
