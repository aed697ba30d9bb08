/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "gstekascriberecordingprivate.h"

#include "gstekascribemessages.h"
#include "gstekascribepublish.h"

GST_DEBUG_CATEGORY_EXTERN (gst_ekascribe_debug);
#define GST_CAT_DEFAULT gst_ekascribe_debug

#define OGG_OPUS "audio/ogg;codecs=opus"
#define WAV "audio/wav"

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

/**
 * gst_ekascribe_recording_new:
 * @element: who posts; no reference is kept
 * @config: (transfer full): settings that passed their check
 * @worker: (transfer none): the network thread
 * @transport: (transfer none): the way to the service
 * @part_done: called after the last message of each session
 *
 * Returns: (transfer full): a run without a session
 */
GstEkascribeRecording *
gst_ekascribe_recording_new (GstElement               *element,
                             GstEkascribeConfig       *config,
                             EkaWorker                *worker,
                             EkaTransport             *transport,
                             GstEkascribeRecordingFunc part_done)
{
  GstEkascribeRecording *self = g_new0 (GstEkascribeRecording, 1);

  g_atomic_ref_count_init (&self->refs);
  g_weak_ref_init (&self->element, element);
  self->config = config;
  self->worker = eka_worker_ref (worker);
  self->transport = g_object_ref (transport);
  self->part_done = part_done;
  self->max_chunk_duration = config->max_chunk_duration;
  self->parts = g_ptr_array_new_with_free_func (
      (GDestroyNotify) gst_ekascribe_part_unref);
  g_mutex_init (&self->lock);
  g_cond_init (&self->cond);
  g_queue_init (&self->events);
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
  g_clear_pointer (&self->discovery, eka_discovery_unref);
  g_free (self->language);
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
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->lock);
}

/* --- from the session to the bus ---------------------------------------- */

static void
handle_discovered (GstEkascribeRecording *self,
                   GstElement            *element)
{
  g_autofree gchar *formats = NULL;
  const gchar *format;
  gboolean allowed;

  g_mutex_lock (&self->lock);
  format = self->format;
  allowed = format == NULL || self->discovery == NULL ||
            eka_discovery_choose_format (self->discovery, format) != NULL;
  g_mutex_unlock (&self->lock);
  if (allowed)
    return;
  formats = gst_ekascribe_recording_list_formats (self);
  GST_ELEMENT_ERROR (element, STREAM, FORMAT,
                     ("The service does not take %s. It takes %s.", format,
                      formats),
                     ("discovery came after the recording had begun"));
  gst_ekascribe_recording_mark_failed (self);
}

static void
handle_event (GstEkascribeRecording *self,
              GstElement            *element,
              GstEkascribeEvent     *event)
{
  gboolean good = gst_ekascribe_publish (element, self->config, event);

  if (event->type == EKA_SESSION_EVENT_DISCOVERED)
    handle_discovered (self, element);
  if (event->type != EKA_SESSION_EVENT_DONE)
    return;
  g_mutex_lock (&self->lock);
  event->part->done = TRUE;
  self->failed = self->failed || !good;
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->lock);
  self->part_done (element);
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
  }
}

static void
queue_event (GstEkascribeRecording *self,
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

static void
settle (GstEkascribeRecording *self,
        EkaDiscovery          *discovery)
{
  self->settled = TRUE;
  g_clear_pointer (&self->discovery, eka_discovery_unref);
  if (discovery != NULL) {
    self->discovery = eka_discovery_ref (discovery);
    if (discovery->max_chunk_duration != 0)
      self->max_chunk_duration = MIN (self->config->max_chunk_duration,
                                      discovery->max_chunk_duration);
  }
  g_cond_broadcast (&self->cond);
}

/* On the worker thread: notes what other threads ask for, and leaves the rest
 * to dispatch(). */
static void
session_event (const EkaSessionEvent *event,
               gpointer               user_data)
{
  Listener *listener = user_data;
  GstEkascribeRecording *self = listener->recording;
  GstEkascribePart *part = listener->part;
  GstEkascribeEvent *copy = gst_ekascribe_event_new (part, event);

  g_mutex_lock (&self->lock);
  if (!part->done)
    part->state = event->state;
  if (g_strcmp0 (part->session_id, event->session_id) != 0) {
    g_free (part->session_id);
    part->session_id = g_strdup (event->session_id);
  }
  copy->running_time = part->running_time;
  if (event->type == EKA_SESSION_EVENT_DISCOVERED)
    settle (self, event->discovery);
  if (event->type == EKA_SESSION_EVENT_WARNING && event->fatal &&
      part->doom == NULL) {
    part->doom = g_error_copy (event->error);
    eka_outbox_set_flushing (part->outbox, TRUE);
  }
  if (event->type == EKA_SESSION_EVENT_RECOVERED && part->doom != NULL) {
    g_clear_error (&part->doom);
    eka_outbox_set_flushing (part->outbox, self->flushing);
  }
  /* The service is out of reach: who waits to hear what it can do goes on with
   * the defaults, or a recording would never end for want of an answer. */
  if (event->type == EKA_SESSION_EVENT_WARNING && !self->settled) {
    self->unreachable = TRUE;
    g_cond_broadcast (&self->cond);
  }
  g_mutex_unlock (&self->lock);
  queue_event (self, copy);
}

/* --- parts ---------------------------------------------------------------- */

static EkaSettings *
make_settings (GstEkascribeRecording *self,
               guint                  number)
{
  EkaSettings *settings = eka_settings_copy (self->config->settings);

  /* An id names one session. */
  if (number > 1)
    g_clear_pointer (&settings->session_id, g_free);
  return settings;
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
  Listener *listener = g_new0 (Listener, 1);
  GstEkascribePart *part;

  g_mutex_lock (&self->lock);
  part = gst_ekascribe_part_new (self->parts->len + 1,
                                 eka_outbox_new (self->config->max_size_bytes,
                                                 self->config->max_size_time));
  part->progress.playing = self->playing;
  g_mutex_unlock (&self->lock);

  listener->recording = gst_ekascribe_recording_ref (self);
  listener->part = gst_ekascribe_part_ref (part);
  part->session = eka_session_new (
      self->worker, self->transport, part->outbox,
      make_settings (self, part->number), session_event, listener,
      listener_free);

  g_mutex_lock (&self->lock);
  eka_outbox_set_flushing (part->outbox, self->flushing);
  g_ptr_array_add (self->parts, part);
  self->current = part;
  g_mutex_unlock (&self->lock);
  eka_session_open (part->session);
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

/**
 * gst_ekascribe_recording_stop:
 * @self: a run whose streaming thread has stopped
 * @element: who posts
 * @pending: audio that was taken but is in no chunk yet, in ns
 *
 * Gives up all sessions without waiting for the network, and says what is lost.
 */
void
gst_ekascribe_recording_stop (GstEkascribeRecording *self,
                              GstElement            *element,
                              GstClockTime           pending)
{
  g_autoptr (GPtrArray) parts = NULL;
  GstEkascribePart *current;
  GQueue events;
  guint i;

  g_mutex_lock (&self->lock);
  self->stopped = TRUE;
  events = self->events;
  g_queue_init (&self->events);
  parts = g_steal_pointer (&self->parts);
  self->parts = g_ptr_array_new ();
  current = g_steal_pointer (&self->current);
  g_mutex_unlock (&self->lock);

  g_queue_clear_full (&events, (GDestroyNotify) gst_ekascribe_event_free);
  for (i = 0; i < parts->len; i++) {
    GstEkascribePart *part = g_ptr_array_index (parts, i);

    gst_ekascribe_part_stop (part, element, part == current ? pending : 0);
  }
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
  done = done || self->failed;
  g_mutex_unlock (&self->lock);
  return done;
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
  EkaSessionStats sum = { 0 };
  EkaOutboxStats waiting = { 0 };
  GstStructure *stats;
  guint i;

  *state = EKA_SESSION_IDLE;
  *session_id = NULL;
  g_mutex_lock (&self->lock);
  for (i = 0; i < self->parts->len; i++) {
    GstEkascribePart *part = g_ptr_array_index (self->parts, i);
    EkaSessionStats session;
    EkaOutboxStats outbox;

    eka_session_get_stats (part->session, &session);
    eka_outbox_get_stats (part->outbox, &outbox);
    sum.chunks_uploaded += session.chunks_uploaded;
    sum.bytes_uploaded += session.bytes_uploaded;
    sum.retries += session.retries;
    if (session.round_trip != 0)
      sum.round_trip = session.round_trip;
    waiting.bytes += outbox.bytes;
    waiting.duration += outbox.duration;
    *state = part->state;
    g_free (*session_id);
    *session_id = g_strdup (part->session_id);
  }
  stats = gst_structure_new (
      "ekascribe-stats", "packets", G_TYPE_UINT64, self->packets, "bytes-in",
      G_TYPE_UINT64, self->bytes_in, "chunks", G_TYPE_UINT64, self->chunks,
      "chunks-uploaded", G_TYPE_UINT64, (guint64) sum.chunks_uploaded,
      "retries", G_TYPE_UINT64, (guint64) sum.retries, "bytes-uploaded",
      G_TYPE_UINT64, sum.bytes_uploaded, "audio-duration", GST_TYPE_CLOCK_TIME,
      self->duration, "bytes-waiting", G_TYPE_UINT64, waiting.bytes,
      "time-waiting", GST_TYPE_CLOCK_TIME, waiting.duration, "round-trip",
      GST_TYPE_CLOCK_TIME, (GstClockTime) sum.round_trip * GST_USECOND,
      "packets-damaged", G_TYPE_UINT64, self->packets_damaged, NULL);
  g_mutex_unlock (&self->lock);
  return stats;
}

/* --- what the service can do ---------------------------------------------- */

/**
 * gst_ekascribe_recording_wait_settled:
 * @self: a run
 * @interrupted: a flag of the caller's, set with
 *   gst_ekascribe_recording_interrupt()
 * @end_time: monotonic time, in µs; 0: do not wait; %G_MAXINT64: no limit
 *
 * Waits until it is known what the service can do.
 */
GstEkascribeWait
gst_ekascribe_recording_wait_settled (GstEkascribeRecording *self,
                                      const gboolean        *interrupted,
                                      gint64                 end_time)
{
  GstEkascribeWait result = GST_EKASCRIBE_WAIT_SETTLED;
  gboolean in_time = end_time != 0;

  g_mutex_lock (&self->lock);
  while (in_time && !self->settled && !self->unreachable && !self->failed &&
         !self->stopped && !*interrupted) {
    if (end_time == G_MAXINT64)
      g_cond_wait (&self->cond, &self->lock);
    else
      in_time = g_cond_wait_until (&self->cond, &self->lock, end_time);
  }
  if (*interrupted || self->stopped)
    result = GST_EKASCRIBE_WAIT_INTERRUPTED;
  else if (self->failed)
    result = GST_EKASCRIBE_WAIT_FAILED;
  else if (!self->settled)
    result = GST_EKASCRIBE_WAIT_TIMEOUT;
  g_mutex_unlock (&self->lock);
  return result;
}

/**
 * gst_ekascribe_recording_interrupt:
 * @self: a run
 * @interrupted: a flag of gst_ekascribe_recording_wait_settled()
 * @value: its new value
 */
void
gst_ekascribe_recording_interrupt (GstEkascribeRecording *self,
                                   gboolean              *interrupted,
                                   gboolean               value)
{
  g_mutex_lock (&self->lock);
  *interrupted = value;
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->lock);
}

/**
 * gst_ekascribe_recording_choose_format:
 * @self: a run
 * @type: what packets will hold
 *
 * Chooses what chunks go up as. Where discovery is not settled yet, the default
 * is taken, and checked when the answer comes.
 *
 * Returns: (nullable): a media type, a static string; %NULL where the service
 *   takes none that fits
 */
const gchar *
gst_ekascribe_recording_choose_format (GstEkascribeRecording *self,
                                       EkaCodecType           type)
{
  const gchar *format;

  g_mutex_lock (&self->lock);
  format = eka_discovery_choose_format (self->discovery,
                                        type == EKA_CODEC_OPUS ? OGG_OPUS : WAV);
  self->format = format;
  g_mutex_unlock (&self->lock);
  return format;
}

/**
 * gst_ekascribe_recording_list_formats:
 * @self: a run
 *
 * Returns: (transfer full): the formats that the service takes, for people
 */
gchar *
gst_ekascribe_recording_list_formats (GstEkascribeRecording *self)
{
  gchar *list = NULL;

  g_mutex_lock (&self->lock);
  if (self->discovery != NULL && self->discovery->audio_formats != NULL)
    list = g_strjoinv (", ", self->discovery->audio_formats);
  g_mutex_unlock (&self->lock);
  return list != NULL ? list : g_strdup ("nothing that it names");
}

/**
 * gst_ekascribe_recording_get_timeout:
 * @self: a run
 *
 * Returns: how long one call may take, in s
 */
guint
gst_ekascribe_recording_get_timeout (GstEkascribeRecording *self)
{
  return self->config->timeout;
}
