/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "gstekascriberecordingprivate.h"

#include "gstekascribeencounter.h"
#include "gstekascribelabels.h"
#include "gstekascribemessages.h"
#include "gstekascriberecoder.h"

GST_DEBUG_CATEGORY_EXTERN (gst_ekascribe_debug);
#define GST_CAT_DEFAULT gst_ekascribe_debug

/* Goes with a session as its user data. */
typedef struct
{
  GstEkascribeRecording *recording;
  GstEkascribePart *part;
} Listener;

static void
listener_free (gpointer data)
{
  Listener *listener = data;

  gst_ekascribe_recording_unref (listener->recording);
  gst_ekascribe_part_unref (listener->part);
  g_free (listener);
}

/* On the worker thread. */
static void
network_came (gpointer user_data)
{
  gst_ekascribe_recording_retry (user_data);
}

/**
 * gst_ekascribe_recording_new:
 * @element: who posts; no reference is kept
 * @config: (transfer full): settings that passed their check
 * @worker: (transfer none): the network thread
 * @transport: (transfer none): the way to the service
 * @store: (transfer full) (nullable): the outbox on disk
 * @part_done: called after the last message of each session
 *
 * Returns: (transfer full): a run without a session
 */
GstEkascribeRecording *
gst_ekascribe_recording_new (GstElement               *element,
                             GstEkascribeConfig       *config,
                             EkaWorker                *worker,
                             EkaTransport             *transport,
                             GstEkascribeStore        *store,
                             GstEkascribeRecordingFunc part_done)
{
  GstEkascribeRecording *self = g_new0 (GstEkascribeRecording, 1);

  g_atomic_ref_count_init (&self->refs);
  g_weak_ref_init (&self->element, element);
  self->config = config;
  self->worker = eka_worker_ref (worker);
  self->transport = g_object_ref (transport);
  self->store = store;
  self->part_done = part_done;
  self->budget =
      eka_budget_new (config->max_size_bytes, config->max_size_time);
  self->max_chunk_duration = config->max_chunk_duration;
  self->max_session_duration =
      eka_discovery_get_max_session (NULL, config->settings->model);
  self->parts = g_ptr_array_new_with_free_func (
      (GDestroyNotify) gst_ekascribe_part_unref);
  self->spent_ids =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_mutex_init (&self->lock);
  g_cond_init (&self->cond);
  g_queue_init (&self->events);
  self->monitor = eka_monitor_new (
      NULL, worker, network_came, gst_ekascribe_recording_ref (self),
      (GDestroyNotify) gst_ekascribe_recording_unref);
  if (store != NULL)
    eka_store_set_fault_func (gst_ekascribe_store_get_folder (store),
                              gst_ekascribe_recording_note_disk,
                              gst_ekascribe_recording_ref (self),
                              (GDestroyNotify) gst_ekascribe_recording_unref);
  if (store != NULL && config->outbox_resume)
    self->resume = gst_ekascribe_resume_new (
        element, worker, transport, config->settings,
        gst_ekascribe_store_get_folder (store));
  return self;
}

/**
 * gst_ekascribe_recording_ref:
 * @self: a run
 *
 * Returns: (transfer full): @self
 */
GstEkascribeRecording *
gst_ekascribe_recording_ref (GstEkascribeRecording *self)
{
  g_atomic_ref_count_inc (&self->refs);
  return self;
}

/**
 * gst_ekascribe_recording_unref:
 * @self: (transfer full): a run
 */
void
gst_ekascribe_recording_unref (GstEkascribeRecording *self)
{
  if (!g_atomic_ref_count_dec (&self->refs))
    return;
  g_queue_clear_full (&self->events,
                      (GDestroyNotify) gst_ekascribe_event_free);
  g_ptr_array_unref (self->parts);
  g_clear_pointer (&self->chain, gst_ekascribe_chain_unref);
  g_clear_pointer (&self->discovery, eka_discovery_unref);
  g_clear_error (&self->deferred);
  g_free (self->deferred_id);
  g_free (self->language);
  g_free (self->legs);
  g_free (self->notified_id);
  g_hash_table_unref (self->spent_ids);
  eka_budget_unref (self->budget);
  g_clear_pointer (&self->store, gst_ekascribe_store_free);
  g_clear_object (&self->transport);
  eka_worker_release (self->worker);
  gst_ekascribe_config_free (self->config);
  g_weak_ref_clear (&self->element);
  g_cond_clear (&self->cond);
  g_mutex_clear (&self->lock);
  g_free (self);
}

/* After ERROR was posted: whoever waits gives up. */
void
gst_ekascribe_recording_mark_failed (GstEkascribeRecording *self)
{
  g_mutex_lock (&self->lock);
  self->failed = TRUE;
  gst_ekascribe_recording_update_flushing_locked (self);
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->lock);
}

/* The session of the recording that goes on which holds audio that nobody takes,
 * so that room will not come; or NULL. */
GstEkascribePart *
gst_ekascribe_recording_find_doomed_locked (GstEkascribeRecording *self)
{
  guint i;

  for (i = 0; self->chain != NULL && i < self->parts->len; i++) {
    GstEkascribePart *part = g_ptr_array_index (self->parts, i);

    if (part->chain != self->chain)
      continue;
    /* What is adrift only the disk takes. */
    if ((part->doom != NULL && !part->over) ||
        (part->adrift && self->disk_fails))
      return part;
  }
  return NULL;
}

/* Nobody waits for room that will not come, or for audio that nobody wants. */
void
gst_ekascribe_recording_update_flushing_locked (GstEkascribeRecording *self)
{
  gboolean discarded = self->chain != NULL && self->chain->discarded;

  eka_budget_set_flushing (
      self->budget,
      self->flushing || self->failed || discarded ||
          gst_ekascribe_recording_find_doomed_locked (self) != NULL);
}

/* --- parts ---------------------------------------------------------------- */

static void
session_event (const EkaSessionEvent *event,
               gpointer               user_data)
{
  Listener *listener = user_data;

  gst_ekascribe_recording_note (listener->recording, listener->part, event);
}

static gboolean
has_started_locked (GstEkascribeRecording   *self,
                    const GstEkascribeChain *chain)
{
  gboolean started = FALSE;
  guint i;

  for (i = 0; i < self->parts->len; i++) {
    GstEkascribePart *part = g_ptr_array_index (self->parts, i);

    started = started || (part->chain == chain && part->started);
  }
  return started;
}

/* What properties say of a patient is for the first recording of a run: it may
 * be another one's turn after that, and nobody has said who it is.
 *
 * Returns: (transfer full): a recording that nobody has said more about */
GstEkascribeChain *
gst_ekascribe_recording_make_chain_locked (GstEkascribeRecording *self)
{
  EkaSettings *settings = eka_settings_copy (self->config->settings);

  if (self->introduced)
    gst_ekascribe_encounter_forget_patient (settings);
  return gst_ekascribe_chain_new (settings);
}

/* Returns: (transfer full): what the session of @part is made with */
EkaSettings *
gst_ekascribe_recording_make_settings_locked (GstEkascribeRecording  *self,
                                              const GstEkascribePart *part)
{
  EkaSettings *settings = eka_settings_copy (part->chain->settings);
  g_autofree gchar *own = g_steal_pointer (&settings->additional_data);

  /* An id names one session: the first one that got audio. */
  if (has_started_locked (self, part->chain))
    g_clear_pointer (&settings->session_id, g_free);
  settings->additional_data = gst_ekascribe_labels_join (own, self->legs);
  settings->part = part->chain->length;
  if (settings->upload_type != EKA_UPLOAD_SINGLE)
    settings->upload_type =
        part->feed != NULL ? EKA_UPLOAD_STREAM : EKA_UPLOAD_CHUNKED;
  return settings;
}

static EkaChunk *
recode (EkaChunk *chunk,
        gboolean  last,
        gpointer  user_data,
        GError  **error)
{
  return gst_ekascribe_recoder_recode (user_data, chunk, last, error);
}

/* Makes one more session of @chain, at @position of the parts, and asks the
 * service what it can do. */
GstEkascribePart *
gst_ekascribe_recording_add_part_locked (GstEkascribeRecording *self,
                                         GstEkascribeChain     *chain,
                                         guint                  position)
{
  Listener *listener = g_new0 (Listener, 1);
  GstEkascribeRecoder *recoder;
  GstEkascribePart *part = gst_ekascribe_part_new (
      ++self->numbers, chain, eka_outbox_new (self->budget));

  chain->length++;
  part->progress.playing = self->playing;
  if (gst_ekascribe_recording_streams_locked (self, chain))
    part->feed = eka_feed_new ();
  else
    chain->chunked = TRUE;
  listener->recording = gst_ekascribe_recording_ref (self);
  listener->part = gst_ekascribe_part_ref (part);
  part->session = eka_session_new (
      self->worker, self->transport, part->outbox,
      gst_ekascribe_recording_make_settings_locked (self, part), session_event,
      listener, listener_free);
  if (part->feed != NULL)
    eka_session_set_feed (part->session, part->feed);
  recoder = gst_ekascribe_recoder_new ();
  gst_ekascribe_recoder_set_stereo (
      recoder, self->config->mix == GST_EKASCRIBE_MIX_STEREO);
  eka_session_set_recode_func (
      part->session, recode, recoder,
      (GDestroyNotify) gst_ekascribe_recoder_free);
  /* Known at once, for the next session to name it. */
  part->session_id = eka_session_dup_id (part->session);
  g_ptr_array_insert (self->parts, position, part);
  /* What comes so late is for the disk only. */
  if (self->paused)
    eka_session_pause (part->session, TRUE);
  if (!self->stopped)
    eka_session_open (part->session);
  return part;
}

/* Pads may have come since the session was made. */
static void
tell_labels_locked (GstEkascribeRecording *self,
                    GstEkascribePart      *part)
{
  EkaSettings *settings;

  if (self->legs == NULL || self->stopped)
    return;
  settings = gst_ekascribe_recording_make_settings_locked (self, part);
  eka_session_set_additional_data (part->session, settings->additional_data);
  eka_settings_free (settings);
}

/* Audio of @part has come, or is about to. */
void
gst_ekascribe_recording_start_session_locked (GstEkascribeRecording *self,
                                              GstEkascribePart      *part)
{
  if (part->started)
    return;
  gst_ekascribe_recording_equip_locked (self, part);
  part->started = TRUE;
  self->introduced = TRUE;
  self->sessions++;
  tell_labels_locked (self, part);
  if (!self->stopped)
    eka_session_start (part->session, self->language);
}

/* A chunk of @part was put. */
void
gst_ekascribe_recording_say_chunk_locked (GstEkascribeRecording *self,
                                          GstEkascribePart      *part)
{
  if (!self->stopped)
    eka_session_chunk_added (part->session);
}

/**
 * gst_ekascribe_recording_open:
 * @self: a run in which no session records
 *
 * Makes a session and asks the service what it can do.
 */
void
gst_ekascribe_recording_open (GstEkascribeRecording *self)
{
  g_mutex_lock (&self->lock);
  gst_ekascribe_recording_ensure_part_locked (self);
  g_mutex_unlock (&self->lock);
}

/**
 * gst_ekascribe_recording_set_playing:
 * @self: a run
 * @element: who posts
 * @playing: whether @element is in PLAYING
 */
void
gst_ekascribe_recording_set_playing (GstEkascribeRecording *self,
                                     GstElement            *element,
                                     gboolean               playing)
{
  g_autoptr (GPtrArray) parts = g_ptr_array_new_with_free_func (
      (GDestroyNotify) gst_ekascribe_part_unref);
  guint i;

  g_mutex_lock (&self->lock);
  self->playing = playing;
  g_cond_broadcast (&self->cond);
  for (i = 0; i < self->parts->len; i++)
    g_ptr_array_add (parts, gst_ekascribe_part_ref (
                                g_ptr_array_index (self->parts, i)));
  g_mutex_unlock (&self->lock);
  for (i = 0; i < parts->len; i++) {
    GstEkascribePart *part = g_ptr_array_index (parts, i);

    gst_ekascribe_progress_set_playing (&part->progress, element, playing);
  }
}

/**
 * gst_ekascribe_recording_halt:
 * @self: a run that is about to be stopped
 *
 * Wakes the pads that wait for discovery; nothing more is posted.
 */
void
gst_ekascribe_recording_halt (GstEkascribeRecording *self)
{
  g_mutex_lock (&self->lock);
  self->stopped = TRUE;
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->lock);
}

/* What came after the last session had its share, and before the next one. */
static void
tell_pending (GstElement  *element,
              GstClockTime pending)
{
  g_autofree gchar *text =
      g_strdup_printf ("Stopped before the end: %.1f s of audio were not "
                       "delivered and are lost.",
                       pending / (gdouble) GST_SECOND);

  gst_ekascribe_post_loss (element, TRUE, EKA_SCRIBE_ERROR_LOST, "upload",
                           NULL, text);
}

static void
stop_resume (GstEkascribeRecording *self)
{
  GstEkascribeResume *resume;

  g_mutex_lock (&self->lock);
  resume = g_steal_pointer (&self->resume);
  g_mutex_unlock (&self->lock);
  if (resume != NULL)
    gst_ekascribe_resume_stop (resume);
}

/* How long the worker may take to hear that sessions are given up, in µs. */
#define ABORT_PATIENCE G_TIME_SPAN_SECOND

/* Told to the worker behind all that sessions still have to say. */
typedef struct
{
  gatomicrefcount refs;
  GMutex lock;
  GCond cond;
  gboolean passed;
} Barrier;

static void
barrier_unref (gpointer data)
{
  Barrier *barrier = data;

  if (!g_atomic_ref_count_dec (&barrier->refs))
    return;
  g_cond_clear (&barrier->cond);
  g_mutex_clear (&barrier->lock);
  g_free (barrier);
}

static gboolean
pass_barrier (gpointer user_data)
{
  Barrier *barrier = user_data;

  g_mutex_lock (&barrier->lock);
  barrier->passed = TRUE;
  g_cond_broadcast (&barrier->cond);
  g_mutex_unlock (&barrier->lock);
  return G_SOURCE_REMOVE;
}

/* Until then a session may give chunks back, which are in no outbox until they
 * are handed on. */
static gboolean
wait_for_worker (EkaWorker *worker)
{
  const gint64 end = g_get_monotonic_time () + ABORT_PATIENCE;
  Barrier *barrier = g_new0 (Barrier, 1);
  gboolean in_time = TRUE;

  g_atomic_ref_count_init (&barrier->refs);
  g_atomic_ref_count_inc (&barrier->refs);
  g_mutex_init (&barrier->lock);
  g_cond_init (&barrier->cond);
  eka_worker_invoke (worker, pass_barrier, barrier, barrier_unref);
  g_mutex_lock (&barrier->lock);
  while (!barrier->passed && in_time)
    in_time = g_cond_wait_until (&barrier->cond, &barrier->lock, end);
  g_mutex_unlock (&barrier->lock);
  barrier_unref (barrier);
  return in_time;
}

static void
abort_part (GstEkascribePart *part,
            gpointer          user_data)
{
  eka_session_abort (part->session);
}

/* Returns: whether they have heard it, where that matters */
static gboolean
abort_sessions (GstEkascribeRecording *self)
{
  gboolean unsafe = FALSE;
  guint i;

  g_mutex_lock (&self->lock);
  self->stopped = TRUE;
  for (i = 0; i < self->parts->len; i++) {
    GstEkascribePart *part = g_ptr_array_index (self->parts, i);

    /* One that was discarded may still be asking what the service can do. */
    abort_part (part, NULL);
    unsafe = unsafe || (part->equipped && !part->done &&
                        !gst_ekascribe_part_is_safe (part, 0));
  }
  g_mutex_unlock (&self->lock);
  return !unsafe || wait_for_worker (self->worker);
}

/**
 * gst_ekascribe_recording_stop:
 * @self: a run whose streaming thread has stopped
 * @element: who posts
 * @pending: audio that was taken but is in no chunk, in ns
 *
 * Gives up all sessions without waiting for the network. What is not safe on the
 * service goes to disk, if it may; what becomes of it is told.
 */
void
gst_ekascribe_recording_stop (GstEkascribeRecording *self,
                              GstElement            *element,
                              GstClockTime           pending)
{
  g_autoptr (GPtrArray) parts = NULL;
  GstEkascribePart *current;
  gboolean discarded, quiet;
  GQueue events;

  g_clear_pointer (&self->monitor, eka_monitor_free);
  stop_resume (self);
  quiet = abort_sessions (self);
  g_mutex_lock (&self->lock);
  self->closed = TRUE;
  self->journaled = NULL;
  discarded = self->chain != NULL && self->chain->discarded;
  events = self->events;
  g_queue_init (&self->events);
  parts = g_steal_pointer (&self->parts);
  self->parts = g_ptr_array_new ();
  /* Some may have come meanwhile. */
  g_ptr_array_foreach (parts, (GFunc) abort_part, NULL);
  current = g_steal_pointer (&self->current);
  g_mutex_unlock (&self->lock);

  g_queue_clear_full (&events, (GDestroyNotify) gst_ekascribe_event_free);
  gst_ekascribe_recording_stop_parts (self, element, parts, current, pending,
                                      quiet);
  if (current == NULL && pending > 0 && !discarded)
    tell_pending (element, pending);
  if (self->store != NULL)
    eka_store_set_fault_func (gst_ekascribe_store_get_folder (self->store),
                              NULL, NULL, NULL);
}

/**
 * gst_ekascribe_recording_is_done:
 * @self: a run
 *
 * Returns: whether nothing is left to be waited for
 */
gboolean
gst_ekascribe_recording_is_done (GstEkascribeRecording *self)
{
  gboolean done = TRUE;
  guint i;

  g_mutex_lock (&self->lock);
  for (i = 0; i < self->parts->len; i++) {
    GstEkascribePart *part = g_ptr_array_index (self->parts, i);

    done = done && part->done;
  }
  done = (done || self->failed) && !self->telling;
  g_mutex_unlock (&self->lock);
  return done;
}

/* Whether its session has said its last word, and that was told. One that never began
 * has none to say, but may be the one that asks what the service can do. */
static gboolean
is_part_over_locked (GstEkascribeRecording  *self,
                     const GstEkascribePart *part)
{
  return part->done && (part->over || (self->settled && !part->started));
}

/* Whether that is so for all sessions of @chain, and what they have brought was put
 * together. */
static gboolean
is_chain_over_locked (GstEkascribeRecording   *self,
                      const GstEkascribeChain *chain)
{
  guint i;

  for (i = 0; i < self->parts->len; i++) {
    const GstEkascribePart *part = g_ptr_array_index (self->parts, i);

    if (part->chain == chain && !is_part_over_locked (self, part))
      return FALSE;
  }
  return chain->closed &&
         (chain->combined || !chain->rolled || chain->discarded);
}

/* Recordings that are over, with all that there is to tell of them: a run may take
 * days. The newest session stays, for the properties. */
void
gst_ekascribe_recording_prune_locked (GstEkascribeRecording *self)
{
  const GstEkascribePart *newest;
  guint i;

  if (self->parts->len == 0)
    return;
  newest = g_ptr_array_index (self->parts, self->parts->len - 1);
  for (i = 0; i < self->parts->len;) {
    GstEkascribePart *part = g_ptr_array_index (self->parts, i);

    if (part->chain == newest->chain ||
        !is_chain_over_locked (self, part->chain)) {
      i++;
    } else {
      gst_ekascribe_tally_add_part (&self->past, part);
      /* Or it would keep itself. */
      if (!part->over)
        eka_session_abort (part->session);
      g_ptr_array_remove_index (self->parts, i);
    }
  }
}

/* What the properties of the element show. */
void
gst_ekascribe_recording_get_newest_locked (GstEkascribeRecording *self,
                                           EkaSessionState       *state,
                                           gchar                **session_id)
{
  const GstEkascribePart *part = NULL;

  if (self->parts->len > 0)
    part = g_ptr_array_index (self->parts, self->parts->len - 1);
  *state = part != NULL ? part->state : EKA_SESSION_IDLE;
  *session_id = part != NULL ? g_strdup (part->session_id) : NULL;
}

/**
 * gst_ekascribe_recording_get_stats:
 * @self: a run
 * @state: (out): state of the newest session
 * @session_id: (out) (transfer full) (nullable): its id
 *
 * Returns: (transfer full): numbers over all sessions of the run
 */
GstStructure *
gst_ekascribe_recording_get_stats (GstEkascribeRecording *self,
                                   EkaSessionState       *state,
                                   gchar                **session_id)
{
  GstEkascribeTally sum;
  GstStructure *stats;
  guint i;

  g_mutex_lock (&self->lock);
  gst_ekascribe_recording_get_newest_locked (self, state, session_id);
  sum = self->past;
  sum.chunks_dropped += self->chunks_dropped;
  sum.sessions.lost += self->dropped;
  for (i = 0; i < self->parts->len; i++)
    gst_ekascribe_tally_add_part (&sum, g_ptr_array_index (self->parts, i));
  stats = gst_structure_new (
      "ekascribe-stats", "packets", G_TYPE_UINT64, self->packets, "bytes-in",
      G_TYPE_UINT64, self->bytes_in, "chunks", G_TYPE_UINT64, self->chunks,
      "chunks-uploaded", G_TYPE_UINT64, (guint64) sum.sessions.chunks_uploaded,
      "retries", G_TYPE_UINT64, (guint64) sum.sessions.retries, "bytes-uploaded",
      G_TYPE_UINT64, sum.sessions.bytes_uploaded, "audio-duration", GST_TYPE_CLOCK_TIME,
      self->duration, "bytes-waiting", G_TYPE_UINT64, sum.waiting_bytes,
      "time-waiting", GST_TYPE_CLOCK_TIME, sum.waiting, "round-trip",
      GST_TYPE_CLOCK_TIME, (GstClockTime) sum.sessions.round_trip * GST_USECOND,
      "packets-damaged", G_TYPE_UINT64, self->packets_damaged,
      "time-filled", G_TYPE_UINT64, self->filled,
      "bytes-kept", G_TYPE_UINT64, sum.kept, "chunks-dropped", G_TYPE_UINT64,
      sum.chunks_dropped, "time-lost", GST_TYPE_CLOCK_TIME, sum.sessions.lost,
      "sessions-replaced", G_TYPE_UINT64, (guint64) sum.sessions.replaced,
      "bytes-streamed", G_TYPE_UINT64, sum.streamed, "stream-binaries",
      G_TYPE_UINT64,
      (guint64) sum.sessions.stream_binaries, "bytes-stored", G_TYPE_UINT64, sum.stored,
      "time-unsaved", GST_TYPE_CLOCK_TIME, sum.unsaved, "sessions", G_TYPE_UINT,
      self->sessions, "time-paused", GST_TYPE_CLOCK_TIME, self->time_paused,
      "time-ignored", GST_TYPE_CLOCK_TIME, self->time_ignored, NULL);
  g_mutex_unlock (&self->lock);
  return stats;
}

/**
 * gst_ekascribe_recording_add_spent_ids:
 * @self: a run
 * @ids: (element-type utf8): gets the session ids that were asked for, where a
 *   session was created under them, or may have been
 */
void
gst_ekascribe_recording_add_spent_ids (GstEkascribeRecording *self,
                                       GHashTable            *ids)
{
  GHashTableIter iter;
  gpointer id;

  g_mutex_lock (&self->lock);
  g_hash_table_iter_init (&iter, self->spent_ids);
  while (g_hash_table_iter_next (&iter, &id, NULL))
    g_hash_table_add (ids, g_strdup (id));
  g_mutex_unlock (&self->lock);
}
