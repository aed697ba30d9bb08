/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "gstekascriberecordingprivate.h"

#include "gstekascribemessages.h"

/* A session that fails for good while audio comes for it, as where the service
 * refuses to create it: no other session would do better, but the audio that comes
 * can still be kept on disk. So what becomes of it is told twice: at once, and when
 * its audio has ended. A session that has got chunks waits for that end itself; one
 * that has none yet says its last word at once, and is adrift from then on. */

/* On the worker thread, at the last word of the session of @part. Of the first one of a
 * run that has no audio there is nothing to be kept: it stops the run. */
void
gst_ekascribe_recording_note_drift_locked (GstEkascribeRecording *self,
                                           GstEkascribePart      *part)
{
  part->adrift = part->failure != NULL && part == self->current &&
                 (part->started || part->number > 1) && !part->finished &&
                 !part->chain->discarded;
  if (!part->adrift)
    return;
  part->chain->chunked = TRUE;
  g_clear_pointer (&part->feed, eka_feed_unref);
}

/* How the session of a part ended, told anew. */
typedef struct
{
  GstEkascribeRecording *recording;
  GstEkascribeEvent *event;
} Repetition;

static void
repetition_free (gpointer data)
{
  Repetition *repetition = data;

  gst_ekascribe_recording_unref (repetition->recording);
  g_free (repetition);
}

static gboolean
repeat (gpointer user_data)
{
  Repetition *repetition = user_data;

  gst_ekascribe_recording_queue_event (
      repetition->recording, g_steal_pointer (&repetition->event));
  return G_SOURCE_REMOVE;
}

/* No more audio comes to @part. Where its session has failed before, that is told
 * now, by way of the worker thread: who tells may not have the lock. */
void
gst_ekascribe_recording_end_drift_locked (GstEkascribeRecording *self,
                                          GstEkascribePart      *part)
{
  const EkaSessionEvent event = {
    .type = EKA_SESSION_EVENT_DONE,
    .state = part->state,
    .session_id = part->session_id,
    .error = part->failure,
  };
  Repetition *repetition;

  if (!part->adrift)
    return;
  part->adrift = FALSE;
  repetition = g_new0 (Repetition, 1);
  repetition->recording = gst_ekascribe_recording_ref (self);
  repetition->event = gst_ekascribe_event_new (part, &event);
  repetition->event->running_time = part->running_time;
  eka_worker_invoke (self->worker, repeat, repetition, repetition_free);
}

/* On the dispatching thread. Adds to @error, why the session of @part fails, where its
 * audio is, or will be where none has come, and what comes. May wait for the disk.
 * @goes_on: audio comes */
void
gst_ekascribe_recording_add_whereabouts (GstEkascribeRecording *self,
                                         GstEkascribePart      *part,
                                         gboolean               goes_on,
                                         GError                *error)
{
  g_autofree gchar *folder = NULL;
  g_autofree gchar *advice = NULL;
  g_autofree gchar *text = NULL;
  EkaOutboxStats left;

  eka_outbox_save (part->outbox);
  advice = gst_ekascribe_recording_await_saved (self, part, &folder);
  eka_outbox_get_stats (part->outbox, &left);
  if (advice != NULL)
    text = g_strconcat (goes_on ? "The recording goes on. " : "", advice, NULL);
  else if (goes_on && part->equipped && left.unsaved > 0)
    text = g_strdup_printf (
        "The recording goes on, but its audio could not be written to %s, and is "
        "kept in memory until it can.",
        eka_store_get_location (gst_ekascribe_store_get_folder (self->store)));
  else if (goes_on && gst_ekascribe_recording_wants_rest (self))
    text = g_strdup_printf (
        "The recording goes on, and its audio is kept in %s.",
        eka_store_get_location (gst_ekascribe_store_get_folder (self->store)));
  else if (goes_on)
    text = g_strdup_printf (
        "The recording goes on, but the audio of this session is lost: %s.",
        self->config->outbox_policy == GST_EKASCRIBE_OUTBOX_POLICY_NEVER
            ? "outbox-policy is never"
            : "there is no outbox on disk");
  if (text != NULL)
    gst_ekascribe_part_add_advice (error, text, folder);
}

/* On the dispatching thread: the session of a part has failed, and audio comes.
 * Only where it is the first one of a run that is an ERROR, which ends pipelines:
 * most likely nothing else would go better, and who set it up may still be there. */
void
gst_ekascribe_recording_tell_drift (GstEkascribeRecording   *self,
                                    GstElement              *element,
                                    const GstEkascribeEvent *event)
{
  GstEkascribePart *part = event->part;
  g_autoptr (GError) error = g_error_copy (event->error);
  const gboolean first = part->number == 1;
  const EkaScribeErrorInfo *info;
  gboolean adrift;

  g_mutex_lock (&self->lock);
  adrift = part->adrift;
  g_mutex_unlock (&self->lock);
  /* What is told at its end is all there is to be told. */
  if (!adrift)
    return;
  gst_ekascribe_recording_add_whereabouts (self, part, !first, error);
  if (first) {
    info = eka_scribe_error_get_info (error);
    g_mutex_lock (&self->lock);
    part->named = info != NULL && info->folder != NULL;
    g_mutex_unlock (&self->lock);
    gst_ekascribe_post_error (element, error, event->session_id);
    gst_ekascribe_recording_mark_failed (self);
  } else {
    gst_ekascribe_post_warning (element, error, event->session_id);
  }
}

/* Counts what is lost of @part, and adds it to @error: neither the service nor a disk
 * has it. */
void
gst_ekascribe_recording_add_loss (GstEkascribeRecording *self,
                                  GstEkascribePart      *part,
                                  GError                *error)
{
  g_autofree gchar *text = NULL;
  GstClockTime lost;
  EkaOutboxStats left;

  eka_outbox_get_stats (part->outbox, &left);
  g_mutex_lock (&self->lock);
  lost = part->lost + left.unsaved;
  self->dropped += left.unsaved;
  self->chunks_dropped += left.chunks;
  g_mutex_unlock (&self->lock);
  if (lost == 0)
    return;
  text = g_strdup_printf ("%.1f s of audio were not delivered, and are lost.",
                          lost / (gdouble) GST_SECOND);
  gst_ekascribe_part_add_advice (error, text, NULL);
}
