/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "gstekascriberecordingprivate.h"

#include "gstekascribeencounter.h"
#include "gstekascribelabels.h"
#include "gstekascribemessages.h"

/* Recordings that follow each other in one run: where each ends, and what the
 * next one is made with. */

/**
 * gst_ekascribe_recording_get_settings:
 * @self: a run
 *
 * Returns: (transfer none): what was set at its start; it stays as it is while
 *   the run is there
 */
const EkaSettings *
gst_ekascribe_recording_get_settings (GstEkascribeRecording *self)
{
  return self->config->settings;
}

/**
 * gst_ekascribe_recording_check_settings:
 * @self: a run
 * @settings: of a session to come
 *
 * Returns: (nullable): the property that the service rules out by what it says of
 *   itself, a static string; %NULL where there is none, or it has not said it yet
 */
const gchar *
gst_ekascribe_recording_check_settings (GstEkascribeRecording *self,
                                        const EkaSettings     *settings)
{
  g_autoptr (EkaDiscovery) discovery = NULL;
  g_autoptr (GError) error = NULL;
  const EkaScribeErrorInfo *info;

  g_mutex_lock (&self->lock);
  if (self->discovery != NULL)
    discovery = eka_discovery_ref (self->discovery);
  g_mutex_unlock (&self->lock);
  if (discovery == NULL || eka_discovery_check (discovery, settings, &error))
    return NULL;
  info = eka_scribe_error_get_info (error);
  return info != NULL && info->property != NULL ? info->property : "new-session";
}

/**
 * gst_ekascribe_recording_starts_itself:
 * @self: a run
 *
 * Returns: whether a recording follows the end of another one unasked
 */
gboolean
gst_ekascribe_recording_starts_itself (GstEkascribeRecording *self)
{
  return self->config->auto_start || self->config->start_on_speech > 0;
}

/**
 * gst_ekascribe_recording_get_start_on_speech:
 * @self: a run
 *
 * Returns: how long somebody has to speak before a session begins, in ns; 0:
 *   nobody has to
 */
GstClockTime
gst_ekascribe_recording_get_start_on_speech (GstEkascribeRecording *self)
{
  return self->config->start_on_speech;
}

/**
 * gst_ekascribe_recording_get_end_after_silence:
 * @self: a run
 *
 * Returns: how long nobody has to speak for a session to end, in ns; 0: it does
 *   not
 */
GstClockTime
gst_ekascribe_recording_get_end_after_silence (GstEkascribeRecording *self)
{
  return self->config->end_after_silence;
}

/**
 * gst_ekascribe_recording_has_audio:
 * @self: a run
 *
 * Returns: whether a recording goes on that audio has come for, and that somebody
 *   wants
 */
gboolean
gst_ekascribe_recording_has_audio (GstEkascribeRecording *self)
{
  gboolean found = FALSE;
  guint i;

  g_mutex_lock (&self->lock);
  for (i = 0; i < self->parts->len; i++) {
    const GstEkascribePart *part = g_ptr_array_index (self->parts, i);

    found = found || (part->chain == self->chain && part->started);
  }
  found = found && !self->chain->discarded;
  g_mutex_unlock (&self->lock);
  return found;
}

static gboolean
has_used_id_locked (GstEkascribeRecording *self,
                    const gchar           *id)
{
  guint i;

  if (g_hash_table_contains (self->spent_ids, id))
    return TRUE;
  for (i = 0; i < self->parts->len; i++) {
    const GstEkascribePart *part = g_ptr_array_index (self->parts, i);

    if (part->started && g_strcmp0 (part->session_id, id) == 0)
      return TRUE;
  }
  return FALSE;
}

/**
 * gst_ekascribe_recording_has_used_id:
 * @self: a run
 * @id: a session id
 *
 * Returns: whether a session with audio has it already
 */
gboolean
gst_ekascribe_recording_has_used_id (GstEkascribeRecording *self,
                                     const gchar           *id)
{
  gboolean used;

  g_mutex_lock (&self->lock);
  used = has_used_id_locked (self, id);
  g_mutex_unlock (&self->lock);
  return used;
}

/**
 * gst_ekascribe_recording_add_left_out:
 * @self: a run
 * @paused: the recording rests; %FALSE: there is none that wants it
 * @duration: of audio that came and was not taken, in ns
 */
void
gst_ekascribe_recording_add_left_out (GstEkascribeRecording *self,
                                      gboolean               paused,
                                      GstClockTime           duration)
{
  g_mutex_lock (&self->lock);
  if (paused)
    self->time_paused += duration;
  else
    self->time_ignored += duration;
  g_mutex_unlock (&self->lock);
}

/**
 * gst_ekascribe_recording_set_paused:
 * @self: a run whose last packet was put into a chunk
 * @paused: whether no audio comes for now
 */
void
gst_ekascribe_recording_set_paused (GstEkascribeRecording *self,
                                    gboolean               paused)
{
  g_mutex_lock (&self->lock);
  if (self->paused != paused && self->current != NULL)
    eka_session_pause (self->current->session, paused);
  self->paused = paused;
  g_mutex_unlock (&self->lock);
}

/* No audio came at the end of a stream. The session is not given up: audio may
 * come yet, after a seek or on another pad, and needs to know what the service
 * can do. */
static void
discard_part (GstEkascribeRecording *self,
              GstElement            *element,
              GstEkascribePart      *part,
              gboolean               listening)
{
  if (part->chain->length == 1)
    gst_ekascribe_post_loss (
        element, FALSE, EKA_SCRIBE_ERROR_FAILED, NULL, NULL,
        listening ? "Nobody spoke before the end of the stream, so that no "
                    "session was created." :
                    "No audio came before the end of the stream, so that no "
                    "session was created.");
  g_mutex_lock (&self->lock);
  part->done = TRUE;
  part->state = EKA_SESSION_DISCARDED;
  g_mutex_unlock (&self->lock);
}

/* The recording is over, for all its sessions but one that never began. */
static void
close_chain_locked (GstEkascribeRecording *self,
                    GstEkascribeChain     *chain,
                    GstEkascribePart      *empty)
{
  guint i;

  chain->closed = TRUE;
  self->current = NULL;
  gst_ekascribe_recording_end_journal_locked (self);
  for (i = 0; i < self->parts->len; i++) {
    GstEkascribePart *part = g_ptr_array_index (self->parts, i);

    if (part->chain != chain || part->done)
      continue;
    part->finished = TRUE;
    gst_ekascribe_recording_end_drift_locked (self, part);
    if (part != empty)
      eka_session_finish (part->session);
  }
  gst_ekascribe_recording_update_flushing_locked (self);
}

/* Ends the recording that goes on.
 * @empty: (out) (transfer full) (nullable): its last session, which never began
 *
 * Returns: (transfer full) (nullable): it, or %NULL where there is none */
static GstEkascribeChain *
end_chain_locked (GstEkascribeRecording *self,
                  GstEkascribePart     **empty)
{
  GstEkascribeChain *chain = g_steal_pointer (&self->chain);

  *empty = NULL;
  if (self->current != NULL && !self->current->started && !self->current->done)
    *empty = gst_ekascribe_part_ref (self->current);
  if (chain != NULL)
    close_chain_locked (self, chain, *empty);
  return chain;
}

/**
 * gst_ekascribe_recording_end:
 * @self: a run whose last chunk was put
 * @listening: audio may have come, but nobody spoke
 *
 * Says that the stream has ended. Ends the recording that goes on, if there is
 * one. Without audio no session is created, and a warning says so.
 */
void
gst_ekascribe_recording_end (GstEkascribeRecording *self,
                             gboolean               listening)
{
  g_autoptr (GstElement) element = g_weak_ref_get (&self->element);
  g_autoptr (GstEkascribeChain) chain = NULL;
  g_autoptr (GstEkascribePart) empty = NULL;

  g_mutex_lock (&self->lock);
  self->ended = TRUE;
  chain = end_chain_locked (self, &empty);
  g_mutex_unlock (&self->lock);

  if (element == NULL)
    return;
  if (empty != NULL)
    discard_part (self, element, empty, listening);
  if (chain != NULL)
    gst_ekascribe_recording_combine (self, element, chain);
  gst_ekascribe_recording_tell_deferred (self, element);
}

/* A session that was never asked for at the service, in whose place another one
 * comes, or none. It may still be asking what the service can do, which somebody
 * waits for. */
static void
drop_part (GstEkascribeRecording *self,
           GstEkascribePart      *part)
{
  EkaSessionEvent event = {
    .type = EKA_SESSION_EVENT_STATE,
    .state = EKA_SESSION_DISCARDED,
  };
  g_autofree gchar *session_id = NULL;

  g_mutex_lock (&self->lock);
  part->dropped = TRUE;
  part->done = TRUE;
  part->state = EKA_SESSION_DISCARDED;
  part->chain->discarded = TRUE;
  session_id = g_strdup (part->session_id);
  g_mutex_unlock (&self->lock);
  event.session_id = session_id;
  gst_ekascribe_recording_queue_event (self,
                                       gst_ekascribe_event_new (part, &event));
  event.type = EKA_SESSION_EVENT_DONE;
  gst_ekascribe_recording_queue_event (self,
                                       gst_ekascribe_event_new (part, &event));
}

/**
 * gst_ekascribe_recording_end_session:
 * @self: a run whose last chunk was put
 *
 * Ends the recording that goes on, if there is one, while the stream goes on.
 */
void
gst_ekascribe_recording_end_session (GstEkascribeRecording *self)
{
  g_autoptr (GstElement) element = g_weak_ref_get (&self->element);
  g_autoptr (GstEkascribeChain) chain = NULL;
  g_autoptr (GstEkascribePart) empty = NULL;

  g_mutex_lock (&self->lock);
  chain = end_chain_locked (self, &empty);
  g_mutex_unlock (&self->lock);
  if (empty != NULL && chain->length == 1)
    drop_part (self, empty);
  else if (empty != NULL && element != NULL)
    discard_part (self, element, empty, FALSE);
  if (element != NULL && chain != NULL)
    gst_ekascribe_recording_combine (self, element, chain);
}

/* The same id was given twice in a row, and audio came in between. */
static void
tell_spent_id (GstEkascribeRecording *self)
{
  g_autoptr (GstElement) element = g_weak_ref_get (&self->element);
  g_autoptr (GError) error = gst_ekascribe_encounter_refuse_id ();

  g_prefix_error (&error, "Another session id is made. ");
  if (element != NULL)
    gst_ekascribe_post_warning (element, error, NULL);
}

/**
 * gst_ekascribe_recording_begin_session:
 * @self: a run without a recording that goes on
 * @settings: (transfer full): what the next one is made with; its session id may
 *   have been used meanwhile, and does not count then
 *
 * Begins a recording before its first audio.
 */
void
gst_ekascribe_recording_begin_session (GstEkascribeRecording *self,
                                       EkaSettings           *settings)
{
  g_autoptr (GstElement) element = g_weak_ref_get (&self->element);
  gboolean spent, clash;

  g_mutex_lock (&self->lock);
  spent = settings->session_id != NULL &&
          has_used_id_locked (self, settings->session_id);
  if (spent)
    g_clear_pointer (&settings->session_id, g_free);
  self->introduced = TRUE;
  g_clear_pointer (&self->chain, gst_ekascribe_chain_unref);
  self->current = NULL;
  self->chain = gst_ekascribe_chain_new (settings);
  self->clash_told = FALSE;
  clash = gst_ekascribe_recording_note_clash_locked (self);
  gst_ekascribe_recording_ensure_part_locked (self);
  g_mutex_unlock (&self->lock);
  if (clash && element != NULL)
    gst_ekascribe_labels_warn (element, NULL);
  if (spent)
    tell_spent_id (self);
}
