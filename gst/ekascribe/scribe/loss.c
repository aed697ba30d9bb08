/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <string.h>

#include "scribe/outcome.h"
#include "scribe/sessionprivate.h"

/* A service that loses session after session won't keep the next one either. */
#define MAX_LOSSES 6
#define MAX_LATE_LOSSES 3

/* So long after the last loss the next one is a new misfortune. */
#define LOSS_MEMORY (10 * G_TIME_SPAN_MINUTE)

static gboolean
may_start_anew (EkaSession *self)
{
  EkaOutboxStats left;

  eka_outbox_get_stats (self->outbox, &left);
  if (self->finished && left.held == 0 && left.let_go > 0)
    return FALSE; /* there is nothing to send, and nothing will come */
  if (self->feed != NULL && !self->settings->stream_fallback)
    return FALSE;
  if (!eka_session_is_over (self))
    return TRUE;
  return eka_clock_now (self->clock) < self->deadline &&
         self->losses.attempts < MAX_LOSSES &&
         self->late_losses <= MAX_LATE_LOSSES;
}

/* What was known of the session on the service, which another one replaces. */
void
eka_loss_forget_session (EkaSession *self)
{
  eka_session_drop_timers (self);
  eka_session_renew_id (self, TRUE);
  g_clear_pointer (&self->upload_url, g_free);
  g_clear_pointer (&self->transcript, g_free);
  g_clear_pointer (&self->provisional, eka_result_unref);
  g_clear_error (&self->refusal);
  g_clear_error (&self->doubt);
  self->audit = EKA_AUDIT_NONE;
  self->unanswered = FALSE;
  self->attempts = 0;
  self->heard = FALSE;
  self->unsettled = FALSE;
  self->looks = 0;
  self->trouble_since = -1;
  self->look_later = FALSE;
  self->refusals = 0;
  self->malformed = 0;
  self->absent = 0;
  self->full = FALSE;
}

static void
tell_loss (EkaSession   *self,
           const GError *error,
           guint64       kept,
           guint64       lost)
{
  g_autofree gchar *rest = NULL;
  gsize length = strlen (error->message);

  if (lost > 0)
    rest = g_strdup_printf (" %.1f s that memory did not hold any more are "
                            "lost.", lost / 1e9);
  eka_session_tell (self, EKA_SCRIBE_ERROR_GONE,
                    self->state == EKA_SESSION_PROCESSING ? EKA_CALL_GET
                                                          : EKA_CALL_UPLOAD,
                    "%s%s Session %s can't be used any more: its audio "
                    "(%.1f s) goes to a new session, %s.%s",
                    error->message,
                    length > 0 && error->message[length - 1] == '.' ? "" : ".",
                    self->previous_id, kept / 1e9, self->session_id,
                    rest != NULL ? rest : "");
}

/* Another session is no way out: says what stays behind, and what is lost.
 * @error: (transfer full) */
static void
give_up (EkaSession *self,
         GError     *error,
         guint64     lost)
{
  if (lost > 0)
    {
      gsize length = strlen (error->message);
      gboolean dot = length > 0 && error->message[length - 1] == '.';
      gchar *message = g_strdup_printf (
          "%s%s %.1f s of audio that memory did not hold any more are lost",
          error->message, dot ? "" : ".", lost / 1e9);

      g_free (error->message);
      error->message = message;
    }
  eka_session_fail (self, self->provisional, error);
}

/* The session on the service is of no use any more: makes another one, and sends
 * all audio that is kept there.
 * @error: (transfer full): why */
void
eka_loss_start_anew (EkaSession *self,
                     GError     *error)
{
  const gint64 now = eka_clock_now (self->clock);
  gboolean may;
  EkaOutboxStats left;
  guint64 lost;

  eka_client_redact (self->client, error);
  if (self->state == EKA_SESSION_PROCESSING)
    {
      /* Its time began anew when the service had taken everything. */
      self->late_losses++;
      self->deadline = now + self->settings->retry_time;
    }
  if (now - self->create_began > LOSS_MEMORY)
    eka_retry_reset (&self->losses);
  may = may_start_anew (self);
  lost = eka_outbox_rewind (self->outbox);
  g_mutex_lock (&self->lock);
  self->stats.replaced += may;
  self->stats.lost += lost;
  g_mutex_unlock (&self->lock);
  if (!may)
    {
      give_up (self, error, lost);
      return;
    }
  eka_fallback_to_chunks (self);
  eka_loss_forget_session (self);
  eka_outbox_get_stats (self->outbox, &left);
  tell_loss (self, error, left.held_duration, lost);
  g_error_free (error);
  if (self->state != EKA_SESSION_CREATING)
    eka_session_set_state (self, EKA_SESSION_CREATING);
  if (self->losses.attempts++ > 0)
    {
      EkaRetry pause = { .attempts = self->losses.attempts };

      eka_session_schedule (self,
                            eka_retry_next (&pause, g_random_double (), -1));
    }
}

/* The service says that there is no such session, 404 or 410.
 * @error: (transfer full) */
void
eka_loss_note (EkaSession *self,
               EkaReply   *reply,
               GError     *error)
{
  if (reply->status != 410 && ++self->absent < EKA_LOSS_MAX_ABSENT)
    {
      g_error_free (error);
      eka_session_schedule (self, self->settings->poll_interval);
    }
  else
    eka_loss_start_anew (self, error);
}
