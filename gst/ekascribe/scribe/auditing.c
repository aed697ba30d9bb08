/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <string.h>

#include "scribe/fault.h"
#include "scribe/outcome.h"
#include "scribe/protocol.h"
#include "scribe/sessionprivate.h"

/* What the service says that it holds, against what it has acknowledged. */

/* Looks that fail before the service counts as having no list. */
#define MAX_LOOKS 3

/* The number in the name of a file: of `0.ogg`, `audio_0.ogg` and
 * `s3://bucket/ses/0.ogg` it is 0.
 *
 * Returns: -1 where it has none */
gint64
eka_auditing_parse_number (const gchar *name)
{
  const gchar *query = name + strcspn (name, "?#");
  const gchar *slash = g_strrstr_len (name, query - name, "/");
  const gchar *file = slash != NULL ? slash + 1 : name;
  const gchar *end = file + strcspn (file, ".?#");
  const gchar *digits = end;

  while (digits > file && g_ascii_isdigit (digits[-1]))
    digits--;
  if (digits == end || end - digits > 9 ||
      (digits > file && digits[-1] != '_'))
    return -1;
  return g_ascii_strtoll (digits, NULL, 10);
}

/* Whether the service lists the chunk @number. */
gboolean
eka_auditing_lists (EkaResult *result,
                    guint      number)
{
  gchar **name;

  for (name = result->audio_files; name != NULL && *name != NULL; name++)
    if (eka_auditing_parse_number (*name) == number)
      return TRUE;
  return FALSE;
}

/* Which of the @n numbers the service lists.
 * @others: (out): files that are none of ours
 *
 * Returns: (transfer full) (nullable): a flag for each; %NULL: no list of use */
static gboolean *
read_list (EkaResult *result,
           guint      n,
           guint     *others)
{
  g_autofree gboolean *listed = g_new0 (gboolean, n + 1);
  gboolean numbered = FALSE;
  gchar **name;
  guint i;

  *others = 0;
  if (result->audio_files == NULL && result->audio_files_received >= 0 &&
      result->audio_files_received <= (gint) n)
    {
      /* No names. Where some are missing it may be any: all are sent again. */
      for (i = 0; i < n; i++)
        listed[i] = result->audio_files_received == (gint) n;
      return g_steal_pointer (&listed);
    }
  for (name = result->audio_files; name != NULL && *name != NULL; name++)
    {
      gint64 number = eka_auditing_parse_number (*name);

      numbered = numbered || number >= 0;
      if (number >= 0 && number < n)
        listed[number] = TRUE;
      else
        ++*others;
    }
  if (result->audio_files == NULL || (!numbered && *others > 0))
    return NULL;
  return g_steal_pointer (&listed);
}

static guint
count_missing (EkaResult      *result,
               const gboolean *listed,
               guint           n)
{
  guint missing = 0;
  guint i;

  if (result->audio_files == NULL)
    return n - result->audio_files_received;
  for (i = 0; i < n; i++)
    missing += !listed[i];
  return missing;
}

/* All is acknowledged, and what the list lacked was sent again: time for End. */
static void
finish (EkaSession *self,
        EkaAudit    audit,
        guint       sent,
        guint       missing,
        guint       others)
{
  self->audit = audit;
  if (audit == EKA_AUDIT_ABSENT)
    eka_session_tell (self, EKA_SCRIBE_ERROR_LOST, EKA_CALL_GET,
                      "The service does not list the audio of session %s; "
                      "that it has all %u files rests on its word",
                      self->session_id, sent);
  else if (missing > 0 || others > 0)
    eka_session_tell (self, EKA_SCRIBE_ERROR_LOST, EKA_CALL_GET,
                      "The service acknowledged %u audio files of session %s, "
                      "but its list lacks %u of them and has %u others",
                      sent, self->session_id, missing, others);
  eka_session_set_state (self, EKA_SESSION_ENDING);
}

/* @result: (nullable): the session; %NULL: the service does not show it */
static void
audit (EkaSession *self,
       EkaResult  *result)
{
  const guint sent = eka_outbox_count_sent (self->outbox);
  g_autofree gboolean *listed = NULL;
  EkaOutboxStats left;
  guint others = 0, missing = 0;

  eka_outcome_note_success (self);
  self->look_later = FALSE;
  if (result != NULL)
    {
      self->looks = 0;
      self->trouble_since = -1;
      listed = read_list (result, sent, &others);
    }
  eka_outbox_settle (self->outbox, listed, sent);
  eka_outbox_get_stats (self->outbox, &left);
  if (left.chunks > 0)
    eka_settle_doubt_list (self);
  if (self->state != EKA_SESSION_AUDITING)
    return;
  if (left.chunks > 0)
    {
      eka_session_set_state (self, EKA_SESSION_DRAINING);
      return;
    }
  if (listed != NULL)
    missing = count_missing (result, listed, sent);
  finish (self,
          listed == NULL ? EKA_AUDIT_ABSENT
          : missing > 0  ? EKA_AUDIT_SHORT
                         : EKA_AUDIT_COMPLETE,
          sent, missing, others);
}

/* One that is in trouble may have an answer later: while audio comes there is
 * time, and then as much as for any other call. */
static gboolean
is_past_hope (EkaSession *self)
{
  const gint64 now = eka_clock_now (self->clock);

  if (self->state != EKA_SESSION_AUDITING)
    return FALSE;
  if (self->trouble_since < 0)
    self->trouble_since = now;
  return now - self->trouble_since >= self->settings->retry_time ||
         (eka_session_is_over (self) && now >= self->deadline);
}

/* A service that has no answer to this question, though it is there. */
gboolean
eka_auditing_has_no_list (EkaSession   *self,
                          const GError *error)
{
  if (error->code == EKA_SCRIBE_ERROR_NOT_AUTHORIZED)
    return FALSE;
  if (eka_scribe_error_is_transient (error))
    return is_past_hope (self);
  return ++self->looks >= MAX_LOOKS;
}

static void
look_failed (EkaSession *self,
             EkaReply   *reply)
{
  gboolean gone = reply->status == 404 || reply->status == 410;
  GError *error;

  error = eka_outcome_is_success (reply)
              ? eka_fault_protocol (reply, EKA_CALL_GET,
                                    "the answer is not this session")
              : eka_client_fault (self->client, reply, EKA_CALL_GET);
  if (gone)
    eka_loss_note (self, reply, error);
  else if (eka_auditing_has_no_list (self, error))
    {
      g_error_free (error);
      audit (self, NULL);
    }
  else if (self->state == EKA_SESSION_AUDITING)
    eka_outcome_note_failure (self, reply, error);
  else
    {
      /* Nothing is at risk yet; and the chunks that wait matter more. */
      g_error_free (error);
      self->look_later = TRUE;
      eka_outcome_try_again (self, reply);
    }
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
    audit (self, result);
  else
    look_failed (self, reply);
}

/* Asks the service what it holds: before End, and where memory is short. */
void
eka_auditing_look (EkaSession *self)
{
  eka_outcome_send (self,
                    eka_protocol_get (self->base_url, self->session_id, NULL),
                    looked);
}
