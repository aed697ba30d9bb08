/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "scribe/outcome.h"
#include "scribe/protocol.h"
#include "scribe/sessionprivate.h"

/* What was said so far, while it is recorded: Get Session now and then, beside
 * the calls of lifecycle.c and without a word to it. A service may hold the
 * answer for many seconds; nothing waits for it, and where the recording ends it
 * is dropped. Whatever goes wrong with it, the next call that counts finds out,
 * so no count of failures is touched here. */

typedef struct
{
  EkaSession *session;
  GCancellable *cancellable; /* the session's `preview` while it is wanted */
  gint64 began;
} Look;

static void
look_free (Look *look)
{
  g_object_unref (look->cancellable);
  eka_session_unref (look->session);
  g_free (look);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Look, look_free)

static void
schedule (EkaSession *self,
          gint64      delay);

/* @error: (transfer none) (nullable): what came instead of @reply */
static gboolean
take_answer (EkaSession   *self,
             EkaReply     *reply,
             const GError *error)
{
  g_autoptr (EkaResult) result = eka_polling_read (self, reply);

  if (result == NULL)
    {
      g_debug ("session %s: no preview: %s (%u)", self->session_id,
               error != NULL ? error->message : "no such answer",
               reply != NULL ? reply->status : 0);
      return FALSE;
    }
  eka_polling_note_transcript (self, result);
  return TRUE;
}

static void
look_done (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_autoptr (Look) look = user_data;
  EkaSession *self = look->session;
  g_autoptr (GError) error = NULL;
  g_autoptr (EkaReply) reply = eka_client_call_finish (result, &error);
  const gint64 interval = self->settings->preview_interval;
  gint64 delay, asked = -1;

  if (self->preview != look->cancellable)
    return;
  g_clear_object (&self->preview);
  delay = look->began + interval - eka_clock_now (self->clock);
  if (reply != NULL)
    asked = eka_retry_parse_after (reply->retry_after, reply->date);
  if (take_answer (self, reply, error))
    eka_retry_reset (&self->preview_retry);
  else
    delay = MAX (interval, eka_retry_next (&self->preview_retry,
                                           g_random_double (), asked));
  schedule (self, delay);
}

static void
look (EkaSession *self)
{
  Look *asked = g_new0 (Look, 1);

  self->preview = g_cancellable_new ();
  asked->session = eka_session_ref (self);
  asked->cancellable = g_object_ref (self->preview);
  asked->began = eka_clock_now (self->clock);
  eka_client_call_async (self->client,
                         eka_protocol_get (self->base_url, self->session_id,
                                           NULL),
                         asked->cancellable, look_done, asked);
}

/* An uplink that is in trouble has better to do, and a session without audio has
 * nothing to tell. */
static gboolean
is_worth_a_look (EkaSession *self)
{
  return self->retry.attempts == 0 && self->refusal == NULL &&
         (self->feed != NULL || eka_outbox_count_sent (self->outbox) > 0);
}

static void
fired (gpointer user_data)
{
  g_autoptr (EkaSession) self = user_data;

  self->preview_timer = 0;
  if (is_worth_a_look (self))
    look (self);
  else
    schedule (self, self->settings->preview_interval);
}

/* @delay: in µs; the past is now */
static void
schedule (EkaSession *self,
          gint64      delay)
{
  self->preview_timer = eka_clock_schedule (self->clock, MAX (delay, 0), fired,
                                            eka_session_ref (self));
}

/* The service has the session, and it records: where the settings say so, it is
 * asked for the transcript again and again until eka_preview_stop(). */
void
eka_preview_begin (EkaSession *self)
{
  if (self->settings->preview_interval <= 0 || self->preview_timer != 0 ||
      self->preview != NULL)
    return;
  eka_retry_reset (&self->preview_retry);
  schedule (self, self->settings->preview_interval);
}

/* Nothing is asked any more, and an answer that is under way is not taken. */
void
eka_preview_stop (EkaSession *self)
{
  eka_session_drop_timer (self, &self->preview_timer);
  if (self->preview == NULL)
    return;
  g_cancellable_cancel (self->preview);
  g_clear_object (&self->preview);
}
