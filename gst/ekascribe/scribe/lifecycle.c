/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "scribe/sessionprivate.h"

static void
next_in_creating (EkaSession *self)
{
  if (self->created)
    eka_resuming_look (self);
  else
    eka_opening_create (self);
}

static void
next_in_ready (EkaSession *self)
{
  if (self->started && !self->linked)
    return;
  if (self->started)
    {
      eka_session_set_state (self, EKA_SESSION_CREATING);
      /* Create may have been heard before we came. */
      self->unanswered = self->resumed;
      if (self->broken_off)
        eka_ending_cancel_broken (self, self->previous_id);
      self->broken_off = FALSE;
      next_in_creating (self);
    }
  else if (self->finished)
    eka_session_close (self, EKA_SESSION_DISCARDED, NULL, NULL);
}

/* Whether a look at the service's list would let chunks go that somebody waits
 * for, and nothing is half-way. */
static gboolean
wants_audit (EkaSession           *self,
             const EkaOutboxStats *left)
{
  return self->attempts == 0 && (!self->look_later || left->chunks == 0) &&
         eka_outbox_wants_audit (self->outbox);
}

/* Audio that was left out or lost with another session. */
static guint64
find_loss (EkaSession           *self,
           const EkaOutboxStats *left)
{
  EkaSessionStats stats;

  eka_session_get_stats (self, &stats);
  return left->dropped + stats.lost;
}

/* There was audio, and none of it got there. */
static void
fail_empty (EkaSession *self,
            guint64     loss)
{
  GError *error =
      g_error_new (EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_LOST,
                   "Nothing of the recording was taken: %.1f s of audio were "
                   "left out", loss / 1e9);

  eka_scribe_error_edit_info (error)->request =
      g_strdup (eka_call_to_string (EKA_CALL_UPLOAD));
  eka_session_fail (self, NULL, error);
}

static void
next_in_recording (EkaSession *self)
{
  EkaOutboxStats left;

  if (self->finished && eka_session_is_recording (self))
    eka_session_set_state (self, EKA_SESSION_DRAINING);
  if (self->feed != NULL)
    {
      eka_streaming_next (self);
      return;
    }
  eka_outbox_get_stats (self->outbox, &left);
  if (wants_audit (self, &left))
    eka_auditing_look (self);
  else if (left.chunks > 0)
    eka_uploading_next (self);
  else if (eka_session_is_recording (self))
    return;
  else if (eka_outbox_count_sent (self->outbox) == 0 &&
           find_loss (self, &left) > 0)
    fail_empty (self, find_loss (self, &left));
  else if (eka_outbox_count_sent (self->outbox) == 0)
    eka_ending_discard (self, 0);
  else
    {
      eka_session_set_state (self, EKA_SESSION_AUDITING);
      eka_auditing_look (self);
    }
}

/* A call that is under way may still make a session for a stream. */
static void
forgo_stream (EkaSession  *self,
              const gchar *why)
{
  g_atomic_pointer_set (&self->forgone, NULL);
  if (self->feed != NULL && self->state < EKA_SESSION_ENDING)
    eka_fallback_begin (self, g_error_new_literal (EKA_SCRIBE_ERROR,
                                                   EKA_SCRIBE_ERROR_FAILED,
                                                   why));
}

/* Does what the state asks for. */
void
eka_lifecycle_next (EkaSession *self)
{
  const gchar *why;

  if (self->discarding)
    {
      eka_ending_cancel (self);
      return;
    }
  why = g_atomic_pointer_get (&self->forgone);
  if (why != NULL)
    forgo_stream (self, why);
  if (self->refusal != NULL)
    return;
  switch (self->state)
    {
    case EKA_SESSION_IDLE:
    case EKA_SESSION_DISCOVERING:
      eka_opening_discover (self);
      return;
    case EKA_SESSION_READY:
      next_in_ready (self);
      return;
    case EKA_SESSION_CREATING:
      next_in_creating (self);
      return;
    case EKA_SESSION_RECORDING:
    case EKA_SESSION_PAUSED:
    case EKA_SESSION_DRAINING:
      next_in_recording (self);
      return;
    case EKA_SESSION_AUDITING:
      eka_auditing_look (self);
      return;
    case EKA_SESSION_ENDING:
      eka_ending_end (self);
      return;
    case EKA_SESSION_PROCESSING:
      eka_polling_get (self);
      return;
    default:
      return;
    }
}
