/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "scribe/outcome.h"
#include "scribe/sessionprivate.h"

/* A stream can't be taken up again where it broke: nothing tells what of it was
 * heard. So its session is given up, and all audio, which the outbox has kept,
 * goes up in chunks to another one. */

/* Whether there may be a session of our own on the service. */
static gboolean
may_be_made (EkaSession *self)
{
  return self->state >= EKA_SESSION_RECORDING ||
         (self->state == EKA_SESSION_CREATING && self->unanswered);
}

/* From now on the session takes chunks, those of before included. */
void
eka_fallback_to_chunks (EkaSession *self)
{
  EkaSessionEvent event = { .type = EKA_SESSION_EVENT_FALLBACK };

  if (self->feed == NULL)
    return;
  eka_streaming_drop (self);
  eka_feed_close (self->feed);
  g_clear_pointer (&self->feed, eka_feed_unref);
  self->settings->upload_type = EKA_UPLOAD_CHUNKED;
  eka_session_describe (self);
  eka_session_emit (self, &event);
}

/* @error: (transfer full): why; says so, and ends the session once the recording
 * is over */
static void
fail (EkaSession *self,
      GError     *error)
{
  /* What is kept for the stream is in the outbox, too. */
  eka_feed_close (self->feed);
  eka_scribe_error_edit_info (error)->property = "stream-fallback";
  g_prefix_error (&error, "The audio can't be streamed, and stream-fallback is "
                          "not set. ");
  if (eka_session_captures (self))
    {
      eka_session_warn (self, error, TRUE);
      g_clear_error (&self->refusal);
      self->refusal = error;
    }
  else
    eka_session_fail (self, NULL, error);
}

/* @error: gets said what becomes of the audio */
static void
tell (EkaSession *self,
      GError     *error,
      gboolean    made)
{
  EkaSessionEvent event = { .type = EKA_SESSION_EVENT_WARNING,
                            .error = error };
  g_autofree gchar *why = error->message;
  const gchar *dot = g_str_has_suffix (why, ".") ? "" : ".";

  if (made)
    error->message = g_strdup_printf (
        "%s%s What session %s has of the stream is of no use: all audio from "
        "the first sample on goes up in chunks, to a new session, %s.",
        why, dot, self->previous_id, self->session_id);
  else
    error->message =
        g_strdup_printf ("%s%s The audio goes up in chunks.", why, dot);
  eka_session_emit (self, &event);
}

static gboolean
go_on (gpointer user_data)
{
  eka_session_step (user_data);
  return G_SOURCE_REMOVE;
}

/* The audio of @self can't be streamed, or not any more.
 * @error: (transfer full): why */
void
eka_fallback_begin (EkaSession *self,
                    GError     *error)
{
  const gboolean made = may_be_made (self);
  g_autofree gchar *broken = g_strdup (self->session_id);

  eka_client_redact (self->client, error);
  eka_streaming_drop (self);
  if (!self->settings->stream_fallback)
    {
      if (made)
        eka_ending_cancel_broken (self, broken);
      fail (self, error);
      return;
    }
  eka_fallback_to_chunks (self);
  if (made)
    {
      eka_loss_forget_session (self);
      eka_ending_cancel_broken (self, broken);
      g_mutex_lock (&self->lock);
      self->stats.replaced++;
      g_mutex_unlock (&self->lock);
      self->deadline = MAX (self->deadline, eka_clock_now (self->clock) +
                                                self->settings->retry_time);
    }
  tell (self, error, made);
  g_error_free (error);
  if (made && self->state != EKA_SESSION_CREATING)
    eka_session_set_state (self, EKA_SESSION_CREATING);
  /* It may be a step that has brought us here. */
  eka_worker_invoke (self->worker, go_on, eka_session_ref (self),
                     (GDestroyNotify) eka_session_unref);
}
