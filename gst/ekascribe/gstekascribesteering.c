/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "gstekascribesteering.h"

#include "gstekascribeencounter.h"
#include "gstekascribemessages.h"
#include "gstekascribesinkprivate.h"

struct _GstEkascribeSteering
{
  gatomicrefcount refs;
  GWeakRef element;

  /* Guards all below. A leaf: nothing is called while it is held. */
  GMutex lock;
  GQueue commands;     /* of GstEkascribeCommand, not done yet */
  gboolean scheduled;  /* a thread is about to see to @commands */
  gboolean started;    /* a run is on */
  gboolean ended;      /* and its stream has ended */
  gboolean auto_start; /* audio after the end of a session begins another one */
  gboolean on_speech;  /* and any session only where somebody speaks */
  GstEkascribeMode mode;
  gint64 heard;        /* when audio came last, monotonic time */
  gboolean undecided;  /* a session is to begin where audio has a pause */
  GstClockID watch;    /* that audio goes on meanwhile; or NULL */
};

/* When nothing has come for so long there is no pause to be waited for. */
#define STALL GST_SECOND

static void
command_free (gpointer data)
{
  GstEkascribeCommand *command = data;

  g_clear_pointer (&command->settings, eka_settings_free);
  g_free (command);
}

/* --- what commands make of the mode --------------------------------------- */

/* A microphone that was switched off is not switched on by the end of a session,
 * but where the next one needs a word of its own. */
static void
apply_end (const GstEkascribeSteering *self,
           GstEkascribeMode           *mode)
{
  mode->recording = FALSE;
  mode->expected = FALSE;
  mode->listening = self->on_speech;
  if (self->auto_start)
    return;
  mode->waiting = TRUE;
  mode->paused = FALSE;
}

static void
apply (const GstEkascribeSteering *self,
       GstEkascribeMode           *mode,
       GstEkascribeOrder           order)
{
  switch (order) {
    case GST_EKASCRIBE_ORDER_PAUSE:
      mode->paused = TRUE;
      break;
    case GST_EKASCRIBE_ORDER_RESUME:
      mode->paused = FALSE;
      break;
    case GST_EKASCRIBE_ORDER_END_SESSION:
      apply_end (self, mode);
      break;
    case GST_EKASCRIBE_ORDER_NEW_SESSION:
      *mode = (GstEkascribeMode) { .expected = TRUE };
      break;
    case GST_EKASCRIBE_ORDER_SETTLE:
      break;
  }
}

/* Returns: (nullable): why @order makes no sense now, for people */
static const gchar *
judge_locked (const GstEkascribeSteering *self,
              GstEkascribeOrder           order)
{
  GstEkascribeMode mode = self->mode;
  GList *l;

  if (!self->started)
    return "the element is in NULL or READY";
  if (self->ended)
    return "the stream has ended";
  for (l = self->commands.head; l != NULL; l = l->next)
    apply (self, &mode, ((GstEkascribeCommand *) l->data)->order);
  if (order == GST_EKASCRIBE_ORDER_PAUSE && mode.paused)
    return "the recording is paused already";
  if (order == GST_EKASCRIBE_ORDER_PAUSE && mode.waiting)
    return "nothing is recorded before new-session";
  if (order == GST_EKASCRIBE_ORDER_RESUME && !mode.paused)
    return "the recording is not paused";
  if (order == GST_EKASCRIBE_ORDER_END_SESSION && !mode.recording &&
      !mode.expected)
    return "nothing is being recorded";
  return NULL;
}

/* --- the object ----------------------------------------------------------- */

/**
 * gst_ekascribe_steering_new:
 * @element: who is steered; no reference is kept
 *
 * Returns: (transfer full): a steering without a run
 */
GstEkascribeSteering *
gst_ekascribe_steering_new (GstElement *element)
{
  GstEkascribeSteering *self = g_new0 (GstEkascribeSteering, 1);

  g_atomic_ref_count_init (&self->refs);
  g_weak_ref_init (&self->element, element);
  g_mutex_init (&self->lock);
  g_queue_init (&self->commands);
  return self;
}

/**
 * gst_ekascribe_steering_ref:
 * @self: a steering
 *
 * Returns: (transfer full): @self
 */
GstEkascribeSteering *
gst_ekascribe_steering_ref (GstEkascribeSteering *self)
{
  g_atomic_ref_count_inc (&self->refs);
  return self;
}

/**
 * gst_ekascribe_steering_unref:
 * @self: (transfer full): a steering
 */
void
gst_ekascribe_steering_unref (GstEkascribeSteering *self)
{
  if (!g_atomic_ref_count_dec (&self->refs))
    return;
  g_queue_clear_full (&self->commands, command_free);
  g_weak_ref_clear (&self->element);
  g_mutex_clear (&self->lock);
  g_free (self);
}

/* The state before the first audio, and after the end of the stream. */
static void
reset_locked (GstEkascribeSteering *self)
{
  self->mode = (GstEkascribeMode) { .listening = self->on_speech };
}

/**
 * gst_ekascribe_steering_start:
 * @self: a steering
 * @auto_start: audio after the end of a session begins another one
 * @on_speech: speech begins sessions, which implies @auto_start
 *
 * Says that a run begins.
 */
void
gst_ekascribe_steering_start (GstEkascribeSteering *self,
                              gboolean              auto_start,
                              gboolean              on_speech)
{
  g_mutex_lock (&self->lock);
  self->started = TRUE;
  self->ended = FALSE;
  self->auto_start = auto_start || on_speech;
  self->on_speech = on_speech;
  reset_locked (self);
  g_mutex_unlock (&self->lock);
}

/* Returns: (transfer full) (nullable): the watch, to be given to end_watch() without
 *   the lock */
static GstClockID
take_watch_locked (GstEkascribeSteering *self)
{
  self->undecided = FALSE;
  return g_steal_pointer (&self->watch);
}

static void
end_watch (GstClockID watch)
{
  if (watch == NULL)
    return;
  gst_clock_id_unschedule (watch);
  gst_clock_id_unref (watch);
}

/**
 * gst_ekascribe_steering_stop:
 * @self: a steering
 *
 * Says that the run is over. What was not done is not done any more.
 */
void
gst_ekascribe_steering_stop (GstEkascribeSteering *self)
{
  GstClockID watch;
  GQueue commands;

  g_mutex_lock (&self->lock);
  self->started = FALSE;
  watch = take_watch_locked (self);
  commands = self->commands;
  g_queue_init (&self->commands);
  g_mutex_unlock (&self->lock);
  end_watch (watch);
  g_queue_clear_full (&commands, command_free);
}

/* Where no audio comes that commands could go before. */
static void
run_commands (GstElement *element,
              gpointer    user_data)
{
  GstEkascribeSteering *self = user_data;

  g_mutex_lock (&self->lock);
  self->scheduled = FALSE;
  g_mutex_unlock (&self->lock);
  gst_ekascribe_sink_catch_up (GST_EKASCRIBE_SINK (element));
}

/* On a thread of GStreamer's, for it may have to wait: for PLAYING, or for
 * room. */
static void
schedule (GstEkascribeSteering *self)
{
  g_autoptr (GstElement) element = g_weak_ref_get (&self->element);
  gboolean wanted;

  if (element == NULL)
    return;
  g_mutex_lock (&self->lock);
  wanted = !self->scheduled && !g_queue_is_empty (&self->commands);
  self->scheduled = self->scheduled || wanted;
  g_mutex_unlock (&self->lock);
  if (wanted)
    gst_element_call_async (element, run_commands,
                            gst_ekascribe_steering_ref (self),
                            (GDestroyNotify) gst_ekascribe_steering_unref);
}

/* --- while a session waits for a pause ------------------------------------ */

static gboolean
look_for_audio (GstClock    *clock,
                GstClockTime time,
                GstClockID   id,
                gpointer     user_data);

/* Looks after audio at the monotonic time @due. */
static void
watch_until (GstEkascribeSteering *self,
             gint64                due)
{
  g_autoptr (GstClock) clock = gst_system_clock_obtain ();
  const gint64 wait = MAX (due - g_get_monotonic_time (), 0);
  GstClockID watch = gst_clock_new_single_shot_id (
      clock, gst_clock_get_time (clock) + wait * GST_USECOND);
  GstClockID old;

  g_mutex_lock (&self->lock);
  old = g_steal_pointer (&self->watch);
  if (self->started && self->undecided)
    self->watch = gst_clock_id_ref (watch);
  g_mutex_unlock (&self->lock);
  end_watch (old);
  gst_clock_id_wait_async (watch, look_for_audio,
                           gst_ekascribe_steering_ref (self),
                           (GDestroyNotify) gst_ekascribe_steering_unref);
  gst_clock_id_unref (watch);
}

/* On the clock's thread. */
static gboolean
look_for_audio (GstClock    *clock,
                GstClockTime time,
                GstClockID   id,
                gpointer     user_data)
{
  GstEkascribeSteering *self = user_data;
  GstEkascribeCommand *command = NULL;
  gboolean wanted;
  gint64 due;

  g_mutex_lock (&self->lock);
  wanted = self->started && self->undecided && self->watch == id;
  due = self->heard + STALL / GST_USECOND;
  if (wanted && due <= g_get_monotonic_time ()) {
    command = g_new0 (GstEkascribeCommand, 1);
    command->order = GST_EKASCRIBE_ORDER_SETTLE;
    g_queue_push_tail (&self->commands, command);
    self->undecided = FALSE;
  }
  g_mutex_unlock (&self->lock);
  if (command != NULL)
    schedule (self);
  else if (wanted)
    watch_until (self, due);
  return TRUE;
}

/**
 * gst_ekascribe_steering_set_undecided:
 * @self: a steering
 * @undecided: a session is to begin at the next pause in what comes
 *
 * Has %GST_EKASCRIBE_ORDER_SETTLE given where nothing comes for a second: a caller
 * has hung up, a camera is off.
 */
void
gst_ekascribe_steering_set_undecided (GstEkascribeSteering *self,
                                      gboolean              undecided)
{
  GstClockID watch = NULL;
  gint64 now = g_get_monotonic_time ();

  g_mutex_lock (&self->lock);
  if (undecided)
    self->undecided = TRUE;
  else
    watch = take_watch_locked (self);
  g_mutex_unlock (&self->lock);
  end_watch (watch);
  if (undecided)
    watch_until (self, now + STALL / GST_USECOND);
}

/* --- on the streaming thread ---------------------------------------------- */

/**
 * gst_ekascribe_steering_is_pending:
 * @self: a steering
 *
 * Returns: whether commands wait to be done
 */
gboolean
gst_ekascribe_steering_is_pending (GstEkascribeSteering *self)
{
  gboolean pending;

  g_mutex_lock (&self->lock);
  pending = !g_queue_is_empty (&self->commands);
  g_mutex_unlock (&self->lock);
  return pending;
}

/**
 * gst_ekascribe_steering_note_audio:
 * @self: a steering
 *
 * Says that audio comes, which a session will take unless the mode is against
 * it.
 */
void
gst_ekascribe_steering_note_audio (GstEkascribeSteering *self)
{
  GstEkascribeMode *mode = &self->mode;

  g_mutex_lock (&self->lock);
  self->heard = g_get_monotonic_time ();
  if (!mode->paused && !mode->waiting && !mode->listening)
    mode->recording = TRUE;
  g_mutex_unlock (&self->lock);
}

/**
 * gst_ekascribe_steering_get_mode:
 * @self: a steering
 *
 * It changes on the calling thread only, but for `recording`.
 *
 * Returns: what becomes of audio that comes now
 */
GstEkascribeMode
gst_ekascribe_steering_get_mode (GstEkascribeSteering *self)
{
  GstEkascribeMode mode;

  g_mutex_lock (&self->lock);
  mode = self->mode;
  g_mutex_unlock (&self->lock);
  return mode;
}

/**
 * gst_ekascribe_steering_peek:
 * @self: a steering
 *
 * Returns: (transfer none) (nullable): the command to be done next, which stays
 *   until gst_ekascribe_steering_finish(), or the run is over
 */
GstEkascribeCommand *
gst_ekascribe_steering_peek (GstEkascribeSteering *self)
{
  GstEkascribeCommand *command;

  g_mutex_lock (&self->lock);
  command = g_queue_peek_head (&self->commands);
  g_mutex_unlock (&self->lock);
  return command;
}

/**
 * gst_ekascribe_steering_finish:
 * @self: a steering
 * @command: (transfer full): what was done
 */
void
gst_ekascribe_steering_finish (GstEkascribeSteering *self,
                               GstEkascribeCommand  *command)
{
  g_mutex_lock (&self->lock);
  g_queue_remove (&self->commands, command);
  apply (self, &self->mode, command->order);
  g_mutex_unlock (&self->lock);
  command_free (command);
}

/**
 * gst_ekascribe_steering_session_began:
 * @self: a steering
 *
 * Says that somebody speaks, who was listened for.
 */
void
gst_ekascribe_steering_session_began (GstEkascribeSteering *self)
{
  g_mutex_lock (&self->lock);
  self->mode.listening = FALSE;
  self->mode.recording = TRUE;
  g_mutex_unlock (&self->lock);
}

/**
 * gst_ekascribe_steering_session_ended:
 * @self: a steering
 *
 * Says that the session was ended, though nobody has asked for that.
 */
void
gst_ekascribe_steering_session_ended (GstEkascribeSteering *self)
{
  g_mutex_lock (&self->lock);
  apply (self, &self->mode, GST_EKASCRIBE_ORDER_END_SESSION);
  g_mutex_unlock (&self->lock);
}

/**
 * gst_ekascribe_steering_end:
 * @self: a steering
 *
 * Says that the stream has ended, and with it what was asked for: audio that
 * comes after all, on another pad or after a flush, begins anew.
 *
 * Returns: %FALSE, and nothing happens, where commands came before that
 */
gboolean
gst_ekascribe_steering_end (GstEkascribeSteering *self)
{
  gboolean ended;

  g_mutex_lock (&self->lock);
  ended = g_queue_is_empty (&self->commands);
  if (ended) {
    self->ended = TRUE;
    reset_locked (self);
  }
  g_mutex_unlock (&self->lock);
  return ended;
}

/**
 * gst_ekascribe_steering_reopen:
 * @self: a steering
 *
 * Says that a flush has taken the end of the stream back, or interrupted who was
 * busy with commands.
 */
void
gst_ekascribe_steering_reopen (GstEkascribeSteering *self)
{
  g_mutex_lock (&self->lock);
  self->ended = FALSE;
  g_mutex_unlock (&self->lock);
  schedule (self);
}

/* --- action signals ------------------------------------------------------- */

static const gchar *const names[] = {
  [GST_EKASCRIBE_ORDER_PAUSE] = "pause",
  [GST_EKASCRIBE_ORDER_RESUME] = "resume",
  [GST_EKASCRIBE_ORDER_END_SESSION] = "end-session",
  [GST_EKASCRIBE_ORDER_NEW_SESSION] = "new-session",
};

static gboolean
is_id_queued_locked (const GstEkascribeSteering *self,
                     const gchar                *id)
{
  GList *l;

  for (l = self->commands.head; l != NULL; l = l->next) {
    const GstEkascribeCommand *command = l->data;

    if (command->settings != NULL &&
        g_strcmp0 (command->settings->session_id, id) == 0)
      return TRUE;
  }
  return FALSE;
}

/* @settings: (transfer full) (nullable): of the session that begins */
static gboolean
give (GstEkascribeSink  *sink,
      GstEkascribeOrder  order,
      EkaSettings       *settings)
{
  GstEkascribeSteering *self = sink->steering;
  GstEkascribeCommand *command = g_new0 (GstEkascribeCommand, 1);
  g_autoptr (GError) error = NULL;
  const gchar *why;

  command->order = order;
  command->settings = settings;
  g_mutex_lock (&self->lock);
  why = judge_locked (self, order);
  if (why == NULL && settings != NULL && settings->session_id != NULL &&
      is_id_queued_locked (self, settings->session_id))
    error = gst_ekascribe_encounter_refuse_id ();
  if (why == NULL && error == NULL)
    g_queue_push_tail (&self->commands, g_steal_pointer (&command));
  g_mutex_unlock (&self->lock);

  if (command == NULL) {
    schedule (self);
    return TRUE;
  }
  command_free (command);
  if (error != NULL)
    gst_ekascribe_post_warning (GST_ELEMENT (sink), error, NULL);
  else
    GST_ELEMENT_WARNING (sink, CORE, STATE_CHANGE,
                         ("%s does nothing: %s.", names[order], why), (NULL));
  return FALSE;
}

static gboolean
pause_handler (GstEkascribeSink *sink)
{
  return give (sink, GST_EKASCRIBE_ORDER_PAUSE, NULL);
}

static gboolean
resume_handler (GstEkascribeSink *sink)
{
  return give (sink, GST_EKASCRIBE_ORDER_RESUME, NULL);
}

static gboolean
end_session_handler (GstEkascribeSink *sink)
{
  return give (sink, GST_EKASCRIBE_ORDER_END_SESSION, NULL);
}

static gboolean
new_session_handler (GstEkascribeSink *sink,
                     const gchar      *json)
{
  g_autoptr (GstEkascribeRecording) recording =
      gst_ekascribe_sink_get_recording (sink);
  g_autoptr (GError) error = NULL;
  EkaSettings *settings = NULL;
  const gchar *ruled_out = NULL;

  /* Without a run there is nothing to hold it against: judged as all others. */
  if (recording == NULL)
    return give (sink, GST_EKASCRIBE_ORDER_NEW_SESSION, NULL);
  settings = gst_ekascribe_encounter_parse (
      json, gst_ekascribe_recording_get_settings (recording), &error);
  if (settings != NULL && settings->session_id != NULL &&
      gst_ekascribe_sink_is_id_used (sink, recording, settings->session_id)) {
    error = gst_ekascribe_encounter_refuse_id ();
    g_clear_pointer (&settings, eka_settings_free);
  }
  if (settings != NULL)
    ruled_out = gst_ekascribe_recording_check_settings (recording, settings);
  if (ruled_out != NULL) {
    error = gst_ekascribe_encounter_refuse_offer (ruled_out);
    g_clear_pointer (&settings, eka_settings_free);
  }
  if (settings == NULL) {
    gst_ekascribe_post_warning (GST_ELEMENT (sink), error, NULL);
    return FALSE;
  }
  gst_ekascribe_sink_warn_additional_data (sink, settings);
  return give (sink, GST_EKASCRIBE_ORDER_NEW_SESSION, settings);
}

static void
install (GType             type,
         GstEkascribeOrder order,
         GCallback         handler)
{
  g_signal_new_class_handler (names[order], type,
                              G_SIGNAL_RUN_LAST | G_SIGNAL_ACTION, handler,
                              NULL, NULL, NULL, G_TYPE_BOOLEAN, 0);
}

/**
 * gst_ekascribe_steering_install:
 * @type: of the element
 *
 * Installs the action signals that steer a run. They may be emitted on any
 * thread, and return at once.
 */
void
gst_ekascribe_steering_install (GType type)
{
  /**
   * GstEkascribeSink::pause:
   * @self: the element
   *
   * Action: audio that comes from now on is not recorded, until
   * #GstEkascribeSink::resume. What came before goes up at once; the session
   * stays open.
   *
   * Returns: %FALSE, and a WARNING tells why, where there is nothing to be paused
   */
  install (type, GST_EKASCRIBE_ORDER_PAUSE, G_CALLBACK (pause_handler));
  /**
   * GstEkascribeSink::resume:
   * @self: the element
   *
   * Action: audio is recorded again, in the same session.
   *
   * Returns: %FALSE, and a WARNING tells why, where nothing is paused
   */
  install (type, GST_EKASCRIBE_ORDER_RESUME, G_CALLBACK (resume_handler));
  /**
   * GstEkascribeSink::end-session:
   * @self: the element
   *
   * Action: ends the session that records, so that its results come, while the
   * pipeline goes on. Audio that comes is not recorded until
   * #GstEkascribeSink::new-session; with #GstEkascribeSink:auto-start it begins
   * another session, which knows nothing of a patient.
   *
   * Returns: %FALSE, and a WARNING tells why, where nothing is being recorded
   */
  install (type, GST_EKASCRIBE_ORDER_END_SESSION,
           G_CALLBACK (end_session_handler));
  /**
   * GstEkascribeSink::new-session:
   * @self: the element
   * @json: a JSON object with any of `patient-details` and `additional-data`
   *   (objects), `templates` and `language-hint` (arrays of strings, or a string
   *   with commas) and `session-id` (string)
   *
   * Action: the session that records is ended, at the next quiet moment and at
   * the latest after half a second, and another one begins. What @json does not
   * give is empty there, whatever the properties say.
   *
   * Returns: %FALSE, and a WARNING tells why, where @json is not good
   */
  g_signal_new_class_handler (names[GST_EKASCRIBE_ORDER_NEW_SESSION], type,
                              G_SIGNAL_RUN_LAST | G_SIGNAL_ACTION,
                              G_CALLBACK (new_session_handler), NULL, NULL,
                              NULL, G_TYPE_BOOLEAN, 1, G_TYPE_STRING);
}

/* --- who does it ----------------------------------------------------------- */

/* @input: (nullable): a pad that is alone, whose stream lock is held */
static void
obey (GstEkascribeSink  *self,
      GstEkascribeInput *input)
{
  g_mutex_lock (&self->command_lock);
  if (input != NULL)
    gst_ekascribe_input_release (input);
  gst_ekascribe_packet_sink_obey (self->packet_sink);
  g_mutex_unlock (&self->command_lock);
}

/* On the mixer's thread, when all that came before has been mixed. */
void
gst_ekascribe_sink_obey_in_mix (gpointer user_data)
{
  obey (user_data, NULL);
}

/**
 * gst_ekascribe_sink_run_commands:
 * @self: the element
 * @input: a pad, whose stream lock is held
 * @audio: audio comes next, or what has to stay in order with it
 *
 * Has done what the application has asked for so far, before the next buffer or
 * serialized event of @input goes on. Where pads are mixed, all that has come until
 * now is mixed first.
 *
 * Returns: %FALSE where @input was flushed while it waited for that
 */
gboolean
gst_ekascribe_sink_run_commands (GstEkascribeSink  *self,
                                 GstEkascribeInput *input,
                                 gboolean           audio)
{
  gboolean good = TRUE;

  if (gst_ekascribe_steering_is_pending (self->steering)) {
    if (gst_ekascribe_junction_is_direct (self->junction, input) ||
        gst_ekascribe_junction_is_alone (self->junction, input))
      obey (self, input);
    else
      good = gst_ekascribe_junction_drain (self->junction, input);
  }
  if (audio)
    gst_ekascribe_steering_note_audio (self->steering);
  return good;
}

/* Who releases @input waits for its stream lock, and wakes only what came there: an
 * end that another pad has left is not waited for with that lock.
 *
 * Returns: whether the commands are done */
static gboolean
obey_before (GstEkascribeSink  *self,
             GstEkascribeInput *input)
{
  gboolean direct;

  GST_PAD_STREAM_LOCK (input);
  gst_ekascribe_input_release (input);
  direct = gst_ekascribe_junction_is_direct (self->junction, input);
  if (direct)
    gst_ekascribe_sink_run_commands (self, input, FALSE);
  GST_PAD_STREAM_UNLOCK (input);
  return direct;
}

/* The same, where it is not known when audio comes. */
void
gst_ekascribe_sink_catch_up (GstEkascribeSink *self)
{
  g_autoptr (GstEkascribeInput) input = NULL;

  /* Done meanwhile: what has come to a mix since may well wait for the others. */
  if (!gst_ekascribe_steering_is_pending (self->steering))
    return;
  input = gst_ekascribe_junction_find_alone (self->junction);
  if (input != NULL && obey_before (self, input))
    return;
  if (gst_ekascribe_junction_is_mixing (self->junction))
    gst_ekascribe_junction_drain (self->junction, NULL);
  else if (gst_ekascribe_steering_is_pending (self->steering))
    obey (self, NULL);
}
