/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "gstekascriberecordingprivate.h"

#include "gstekascribemessages.h"
#include "gstekascribepublish.h"

/* What sessions say, on its way from the worker thread to the bus. */

/* --- failures ------------------------------------------------------------- */

/* Whether anything is left that an ERROR would cut off: audio that comes, or
 * another session. */
static gboolean
goes_on_locked (GstEkascribeRecording *self,
                GstEkascribePart      *except)
{
  guint i;

  /* Between two recordings a third may still be good. */
  if (self->chain == NULL && !self->ended)
    return TRUE;
  if (self->chain != NULL && (except == NULL || self->current != except))
    return TRUE;
  for (i = 0; i < self->parts->len; i++) {
    GstEkascribePart *part = g_ptr_array_index (self->parts, i);

    if (part != except && !part->done)
      return TRUE;
  }
  return FALSE;
}

/* What went wrong with a session. An ERROR ends pipelines: while anything goes
 * on it is a WARNING first.
 * @part: (nullable): the one that has failed; %NULL: a whole recording
 *
 * Returns: whether ERROR was posted */
gboolean
gst_ekascribe_recording_tell_failure (GstEkascribeRecording *self,
                                      GstElement            *element,
                                      GstEkascribePart      *part,
                                      const GError          *error,
                                      const gchar           *session_id)
{
  gboolean later;

  g_mutex_lock (&self->lock);
  later = goes_on_locked (self, part);
  if (later && self->deferred == NULL) {
    self->deferred = g_error_copy (error);
    self->deferred_id = g_strdup (session_id);
  }
  g_mutex_unlock (&self->lock);
  if (later)
    gst_ekascribe_post_warning (element, error, session_id);
  else
    gst_ekascribe_post_error (element, error, session_id);
  return !later;
}

/* The last one out posts what was put off. */
void
gst_ekascribe_recording_tell_deferred (GstEkascribeRecording *self,
                                       GstElement            *element)
{
  g_autoptr (GError) error = NULL;
  g_autofree gchar *session_id = NULL;

  g_mutex_lock (&self->lock);
  if (!self->failed && !goes_on_locked (self, NULL)) {
    error = g_steal_pointer (&self->deferred);
    session_id = g_steal_pointer (&self->deferred_id);
  }
  g_mutex_unlock (&self->lock);
  if (error == NULL)
    return;
  gst_ekascribe_post_error (element, error, session_id);
  gst_ekascribe_recording_mark_failed (self);
}

/* --- events --------------------------------------------------------------- */

/* The last word on a recording that nobody wants: whatever became of it
 * meanwhile, no results come, and no ERROR. */
static void
end_discarded (GstElement              *element,
               const GstEkascribeEvent *event)
{
  if (event->error != NULL)
    gst_ekascribe_post_warning (element, event->error, event->session_id);
  gst_ekascribe_progress_finish (&event->part->progress, element,
                                 GST_PROGRESS_TYPE_CANCELED, "Discarded");
}

/* @saved: (out): what the service does not have is on disk, or another thread
 *   cares for that
 *
 * Returns: whether ERROR was posted */
static gboolean
end_part (GstEkascribeRecording *self,
          GstElement            *element,
          GstEkascribeEvent     *event,
          gboolean               several,
          gboolean              *saved)
{
  g_autoptr (GError) error = NULL;
  gboolean failed = FALSE;

  gst_ekascribe_publish_result (element, self->config, event, several, &error);
  *saved = event->error != NULL;
  if (error != NULL &&
      gst_ekascribe_recording_claim (self, event->part, TRUE)) {
    *saved = event->error != NULL &&
             gst_ekascribe_recording_rescue (self, event->part, error);
    if (event->error != NULL && !*saved)
      gst_ekascribe_recording_add_loss (self, event->part, error);
    gst_ekascribe_recording_end_rescue (self, event->part);
    failed = (event->part->named && *saved) ||
             gst_ekascribe_recording_tell_failure (
                 self, element, event->part, error, event->session_id);
  }
  gst_ekascribe_publish_end (element, event, error);
  return failed;
}

static void
handle_done (GstEkascribeRecording *self,
             GstElement            *element,
             GstEkascribeEvent     *event)
{
  GstEkascribePart *part = event->part;
  gboolean failed = FALSE, saved = FALSE, several, discarded;

  g_mutex_lock (&self->lock);
  several = part->chain->length > 1 || part->chain->rolled;
  discarded = part->chain->discarded;
  if (event->result != NULL) {
    part->transcript = g_strdup (event->result->transcript);
    part->language = g_strdup (event->result->language_detected);
  }
  self->telling = TRUE;
  g_mutex_unlock (&self->lock);

  if (discarded)
    end_discarded (element, event);
  else
    failed = end_part (self, element, event, several, &saved);
  /* Memory is no place for audio that nobody will send any more, but the disk
   * is. */
  if (discarded || !part->equipped)
    eka_outbox_clear (part->outbox);
  else if (event->error == NULL)
    gst_ekascribe_recording_settle (self, element, part, event->session_id);
  else if (!saved)
    eka_outbox_abandon (part->outbox);

  g_mutex_lock (&self->lock);
  part->done = TRUE;
  g_mutex_unlock (&self->lock);
  if (failed)
    gst_ekascribe_recording_mark_failed (self);
  gst_ekascribe_recording_combine (self, element, part->chain);
  gst_ekascribe_recording_tell_deferred (self, element);
  g_mutex_lock (&self->lock);
  gst_ekascribe_recording_prune_locked (self);
  self->telling = FALSE;
  g_mutex_unlock (&self->lock);
  self->part_done (element);
}

/* What is wrong will not pass: the session only waits for the end of its audio. */
static gboolean
is_final (const GstEkascribeEvent *event)
{
  return event->part != NULL && event->type == EKA_SESSION_EVENT_WARNING &&
         event->fatal &&
         g_error_matches (event->error, EKA_SCRIBE_ERROR,
                          EKA_SCRIBE_ERROR_REFUSED);
}

static void
handle_event (GstEkascribeRecording *self,
              GstElement            *element,
              GstEkascribeEvent     *event)
{
  /* One that is gone may still be asking what the service can do. */
  if (event->part != NULL && event->part->dropped &&
      event->type == EKA_SESSION_EVENT_STATE &&
      event->state != EKA_SESSION_DISCARDED)
    return;
  if (is_final (event))
    gst_ekascribe_recording_add_whereabouts (self, event->part, TRUE,
                                             event->error);
  if (event->adrift)
    gst_ekascribe_recording_tell_drift (self, element, event);
  else if (event->type == EKA_SESSION_EVENT_DONE)
    handle_done (self, element, event);
  else if (event->type == EKA_SESSION_EVENT_DISCOVERED)
    gst_ekascribe_recording_check_service (self, element);
  else
    gst_ekascribe_publish (element, event);
}

/* The properties have changed when the message about it is on the bus. */
static void
notify_changes (GstEkascribeRecording *self,
                GstElement            *element)
{
  g_autofree gchar *session_id = NULL;
  EkaSessionState state;
  gboolean other_state, other_id, closed;

  g_mutex_lock (&self->lock);
  closed = self->closed;
  gst_ekascribe_recording_get_newest_locked (self, &state, &session_id);
  g_mutex_unlock (&self->lock);
  /* What the run has come to stays. */
  if (closed)
    return;
  other_state = state != self->notified_state;
  other_id = g_strcmp0 (session_id, self->notified_id) != 0;
  self->notified_state = state;
  g_free (self->notified_id);
  self->notified_id = g_steal_pointer (&session_id);
  if (other_id)
    g_object_notify (G_OBJECT (element), "current-session-id");
  if (other_state)
    g_object_notify (G_OBJECT (element), "state");
}

static GstEkascribeEvent *
next_event (GstEkascribeRecording *self)
{
  GstEkascribeEvent *event = NULL;

  g_mutex_lock (&self->lock);
  if (!self->stopped)
    event = g_queue_pop_head (&self->events);
  self->dispatching = event != NULL;
  g_mutex_unlock (&self->lock);
  return event;
}

/* Posts what has come up, in order, on a thread of GStreamer's: a message runs
 * the application's sync handlers, and the worker thread has no time for
 * them. */
static void
dispatch (GstElement *element,
          gpointer    user_data)
{
  GstEkascribeRecording *self = user_data;
  GstEkascribeEvent *event;

  while ((event = next_event (self)) != NULL) {
    handle_event (self, element, event);
    gst_ekascribe_event_free (event);
    notify_changes (self, element);
  }
}

/* @event: (transfer full): to be posted behind all others, on another thread */
void
gst_ekascribe_recording_queue_event (GstEkascribeRecording *self,
                                     GstEkascribeEvent     *event)
{
  g_autoptr (GstElement) element = NULL;
  gboolean wake;

  g_mutex_lock (&self->lock);
  wake = !self->dispatching && !self->stopped;
  if (wake)
    self->dispatching = TRUE;
  g_queue_push_tail (&self->events, event);
  g_mutex_unlock (&self->lock);

  element = wake ? g_weak_ref_get (&self->element) : NULL;
  if (element != NULL)
    gst_element_call_async (element, dispatch,
                            gst_ekascribe_recording_ref (self),
                            (GDestroyNotify) gst_ekascribe_recording_unref);
}

/* Whether, and why not, the audio of @part will get to the service. */
static void
note_fate_locked (GstEkascribeRecording *self,
                  GstEkascribePart      *part,
                  const EkaSessionEvent *event)
{
  if (event->type == EKA_SESSION_EVENT_WARNING && event->fatal &&
      part->doom == NULL)
    part->doom = g_error_copy (event->error);
  if (event->type == EKA_SESSION_EVENT_RECOVERED)
    g_clear_error (&part->doom);
  part->over = part->over || event->type == EKA_SESSION_EVENT_DONE;
  if (event->type == EKA_SESSION_EVENT_DONE && event->error != NULL &&
      part->failure == NULL)
    part->failure = g_error_copy (event->error);
  if (event->type == EKA_SESSION_EVENT_DONE)
    gst_ekascribe_recording_note_drift_locked (self, part);
}

/* What its service does not take as a stream goes up in chunks, and so does the
 * rest of its recording. */
static void
note_stream_locked (GstEkascribeRecording *self,
                    GstEkascribePart      *part,
                    const EkaSessionEvent *event)
{
  if (event->type == EKA_SESSION_EVENT_FALLBACK)
    part->chain->chunked = TRUE;
  if (event->type == EKA_SESSION_EVENT_FALLBACK ||
      (event->type == EKA_SESSION_EVENT_DISCOVERED &&
       !gst_ekascribe_recording_streams_locked (self, NULL)))
    g_clear_pointer (&part->feed, eka_feed_unref);
}

/* The session of @part has all that it can take. */
static void
note_full_locked (GstEkascribeRecording *self,
                  GstEkascribePart      *part,
                  const EkaSessionEvent *event)
{
  /* What is being cut was streamed already, and belongs to this session. */
  if (part->feed != NULL && event->rest == NULL)
    part->roll_wanted = TRUE;
  else
    gst_ekascribe_recording_roll_over_locked (self, part, event->rest);
}

/* Leftovers come after what is recorded now. */
static void
resume_locked (GstEkascribeRecording *self,
               EkaSessionState        state)
{
  if (self->resume != NULL && state >= EKA_SESSION_RECORDING &&
      state <= EKA_SESSION_PARTIAL)
    gst_ekascribe_resume_start (self->resume);
}

/* Whatever becomes of its session now, the id that was asked for names it. */
static void
spend_id_locked (GstEkascribeRecording  *self,
                 const GstEkascribePart *part)
{
  const gchar *id = part->chain->settings->session_id;

  if (id != NULL && g_strcmp0 (id, part->session_id) == 0 &&
      !g_hash_table_contains (self->spent_ids, id))
    g_hash_table_add (self->spent_ids, g_strdup (id));
}

/* On the worker thread: notes what other threads ask for, and leaves the rest
 * to dispatch(). */
void
gst_ekascribe_recording_note (GstEkascribeRecording *self,
                              GstEkascribePart      *part,
                              const EkaSessionEvent *event)
{
  GstEkascribeEvent *copy = gst_ekascribe_event_new (part, event);

  g_mutex_lock (&self->lock);
  if (!part->done)
    part->state = event->state;
  if (g_strcmp0 (part->session_id, event->session_id) != 0) {
    g_free (part->session_id);
    part->session_id = g_strdup (event->session_id);
  }
  copy->running_time = part->running_time;
  if (event->state == EKA_SESSION_CREATING)
    spend_id_locked (self, part);
  if (event->type == EKA_SESSION_EVENT_DISCOVERED)
    gst_ekascribe_recording_settle_locked (self, event->discovery);
  note_stream_locked (self, part, event);
  note_fate_locked (self, part, event);
  copy->adrift = part->adrift && event->type == EKA_SESSION_EVENT_DONE;
  gst_ekascribe_recording_update_flushing_locked (self);
  if (event->type == EKA_SESSION_EVENT_STATE ||
      event->type == EKA_SESSION_EVENT_WARNING)
    gst_ekascribe_recording_link_locked (self);
  if (event->type == EKA_SESSION_EVENT_FULL && !self->closed)
    note_full_locked (self, part, event);
  /* The service is out of reach: who waits to hear what it can do goes on with
   * the defaults, or a recording would never end for want of an answer. */
  if (event->type == EKA_SESSION_EVENT_WARNING && !self->settled) {
    self->unreachable = TRUE;
    g_cond_broadcast (&self->cond);
  }
  resume_locked (self, event->state);
  g_mutex_unlock (&self->lock);
  gst_ekascribe_recording_queue_event (self, copy);
}
