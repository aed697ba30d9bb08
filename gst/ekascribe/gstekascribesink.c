/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/**
 * SECTION:element-ekascribesink
 * @title: ekascribesink
 *
 * Records the audio of a pipeline with EkaScribe, or any other service that
 * speaks the MedScribeAlliance protocol, and brings back a transcript and
 * medical notes.
 *
 * Opus passes through untouched; everything else that an installed decoder
 * takes goes up as 16 kHz mono WAV. The audio is cut into chunks that are
 * uploaded while the recording runs. At EOS the rest is sent, the session is
 * ended, and the EOS message waits for the results (see
 * #GstEkascribeSink:wait-for-results).
 *
 * ## Example launch lines
 * |[
 * EKASCRIBE_ACCESS_TOKEN=… gst-launch-1.0 -e autoaudiosrc ! opusenc ! \
 *     ekascribesink templates=eka_emr_template transcript-location=%s.txt
 * ]| Records the microphone until Ctrl-C.
 * |[
 * gst-launch-1.0 -m uridecodebin uri=file:///tmp/visit.mp4 ! \
 *     ekascribesink access-token-file=token.txt session-mode=consultation
 * ]| Transcribes a file, and prints all messages.
 * |[
 * gst-launch-1.0 -e ekascribesink name=s mix=stereo audio_0::label=doctor \
 *     audio_1::label=patient pulsesrc device=desk ! s.audio_0 \
 *     pulsesrc device=chair ! s.audio_1
 * ]| Records two microphones into one session, one left and the other right.
 *
 * ## Several pads
 *
 * One pad passes through untouched where it can. Two or more that have a source are
 * decoded and mixed, as #GstEkascribeSink:mix says, in one recording that lasts until
 * all have ended; pads may come and go meanwhile. Who is heard on a pad its property
 * `label` tells the service. The element is a #GstChildProxy of its pads.
 *
 * ## Several sessions
 *
 * The actions #GstEkascribeSink::pause, #GstEkascribeSink::resume,
 * #GstEkascribeSink::end-session and #GstEkascribeSink::new-session steer a
 * pipeline that runs on. No session inherits anything of the patient of the one
 * before.
 *
 * ## Messages
 *
 * Element messages with flat structures; a string that the service did not give
 * is %NULL. `session-id` names the session.
 *
 * `ekascribe-session`: a session entered another state.
 * * gchararray `session-id`
 * * gchararray `state`: as #GstEkascribeSink:state
 * * guint `part`: number of the session in this run, from 1
 * * #GstClockTime `running-time`: of its first audio
 * * gchararray `previous-session-id`: the session that the service lost, and
 *   whose audio goes to this one
 *
 * `ekascribe-chunk`: a piece of audio is safe on the server.
 * * gchararray `session-id`
 * * guint `index`: number in the session, from 0
 * * gchararray `name`: of the file on the server
 * * #GstClockTime `running-time`: of its first sample
 * * #GstClockTime `duration`
 * * guint64 `size`: in bytes
 * * guint `attempts`: how often it was sent
 * * gchararray `state`: `uploaded`
 *
 * `ekascribe-transcript`: what was said.
 * * gchararray `session-id`
 * * gchararray `text`
 * * gboolean `final`: %FALSE while the service still works on it
 * * gchararray `language`
 * * guint `part`: number of the session in this run, from 1; 0: of the whole
 *   recording, where it took several
 * * guint `parts`: with `part` 0: how many sessions it took
 *
 * `ekascribe-template`: a document; one message for each.
 * * gchararray `session-id`
 * * gchararray `template-id`, `document-id`, `document-type`
 * * gchararray `status`: such as `success` or `failed`
 * * gchararray `data`, `publish`: JSON text
 * * gchararray `presigned-url`
 * * gchararray `error-code`, `error-message`
 *
 * `ekascribe-result`: the last message of a session.
 * * gchararray `session-id`
 * * guint `part`: number of the session in this run, from 1
 * * gchararray `status`: `completed`, `partial`, `failed` or `expired`
 * * gchararray `transcript`, `model-used`, `language-detected`, `completed-at`
 * * gint `audio-files-received`, `audio-files-processed`: -1: not told
 * * gchararray `audio-list`: what the service's own list said before End:
 *   `complete`, `short` or `absent`
 * * gchararray `processing-errors`: JSON text
 * * gchararray `json`: the whole answer
 *
 * PROGRESS messages have the codes `open`, `upload`, `close` and `results`.
 * ERROR and WARNING carry details: guint `http-status-code`, gchararray
 * `error-code`, `error-details` (JSON text), `request`, `property`,
 * `outbox-folder` and `session-id`, as far as they are known.
 *
 * ## How a run ends
 *
 * With all results: EOS. With some: a WARNING, then EOS. Without: the result
 * message where there is one, then ERROR.
 */
#include "gstekascribesink.h"

#include <gst/audio/audio.h>

#include "gstekascribeasking.h"
#include "gstekascribedecoder.h"
#include "gstekascribemessages.h"
#include "gstekascribesinkprivate.h"

GST_DEBUG_CATEGORY (gst_ekascribe_debug);
#define GST_CAT_DEFAULT gst_ekascribe_debug

G_DEFINE_FINAL_TYPE_WITH_CODE (
    GstEkascribeSink,
    gst_ekascribe_sink,
    GST_TYPE_BIN,
    G_IMPLEMENT_INTERFACE (GST_TYPE_CHILD_PROXY,
                           gst_ekascribe_sink_init_child_proxy))

static gboolean
register_element (GstPlugin *plugin)
{
  GST_DEBUG_CATEGORY_INIT (gst_ekascribe_debug, "ekascribesink", 0,
                           "Transcripts and notes from audio");
  return gst_element_register (plugin, "ekascribesink", GST_RANK_NONE,
                               GST_TYPE_EKASCRIBE_SINK);
}

GST_ELEMENT_REGISTER_DEFINE_CUSTOM (ekascribesink, register_element)

/* Opus first: it is what a source should choose if it can. */
static GstStaticPadTemplate audio_template = GST_STATIC_PAD_TEMPLATE (
    "audio_%u",
    GST_PAD_SINK,
    GST_PAD_REQUEST,
    GST_STATIC_CAPS (
        "audio/x-opus; " GST_AUDIO_CAPS_MAKE (GST_AUDIO_FORMATS_ALL) "; "
        "audio/mpeg; audio/x-mulaw; audio/x-alaw; audio/G722; audio/AMR; "
        "audio/AMR-WB; audio/x-flac; audio/x-vorbis; audio/x-speex; "
        "audio/x-adpcm; audio/G723; audio/G729; audio/x-gsm; audio/ms-gsm; "
        "audio/iLBC; audio/x-iLBC; audio/x-siren; audio/x-sbc; audio/aptx; "
        "audio/x-ac3; audio/ac3; audio/x-eac3; audio/x-dts; audio/x-alac; "
        "audio/x-wma; audio/x-wavpack; audio/x-tta; audio/x-ape; "
        "audio/x-nellymoser; audio/x-lpc"));

/**
 * gst_ekascribe_sink_get_recording:
 * @self: the element
 *
 * Returns: (transfer full) (nullable): the recording of the run that goes on
 */
GstEkascribeRecording *
gst_ekascribe_sink_get_recording (GstEkascribeSink *self)
{
  GstEkascribeRecording *recording = NULL;

  GST_OBJECT_LOCK (self);
  if (self->recording != NULL)
    recording = gst_ekascribe_recording_ref (self->recording);
  GST_OBJECT_UNLOCK (self);
  return recording;
}

/* --- EOS ------------------------------------------------------------------ */

static void
drop_eos (GstEkascribeSink *self)
{
  GstMessage *message;

  GST_OBJECT_LOCK (self);
  message = g_steal_pointer (&self->held_eos);
  GST_OBJECT_UNLOCK (self);
  g_clear_pointer (&message, gst_message_unref);
}

/* After a flush the end that was held is none any more. */
static GstPadProbeReturn
watch_flush (GstPad          *pad,
             GstPadProbeInfo *info,
             gpointer         user_data)
{
  if (GST_EVENT_TYPE (GST_PAD_PROBE_INFO_EVENT (info)) == GST_EVENT_FLUSH_STOP)
    drop_eos (user_data);
  return GST_PAD_PROBE_OK;
}

static gboolean
is_playing (GstElement *element)
{
  gboolean playing;

  GST_OBJECT_LOCK (element);
  playing = GST_STATE (element) == GST_STATE_PLAYING &&
            GST_STATE_PENDING (element) == GST_STATE_VOID_PENDING;
  GST_OBJECT_UNLOCK (element);
  return playing;
}

/* A bin lets EOS pass only while it remembers that it posted PLAYING, and
 * updates that memory after posting. A thread that posts PAUSED, decodebin's
 * for one, may be overtaken by the application's that posts PLAYING; then the
 * last word is PAUSED, and EOS stays in the bin for ever. Sinks that preroll
 * are safe: their lock keeps the two in order. This one does not, so it reminds
 * the bins around it of the state that they are in. */
static void
remind_bins (GstElement *element)
{
  GstObject *bin = gst_object_get_parent (GST_OBJECT (element));

  while (bin != NULL) {
    GstObject *parent = gst_object_get_parent (bin);

    if (is_playing (GST_ELEMENT (bin)))
      gst_element_post_message (
          GST_ELEMENT (bin),
          gst_message_new_state_changed (bin, GST_STATE_PLAYING,
                                         GST_STATE_PLAYING,
                                         GST_STATE_VOID_PENDING));
    gst_object_unref (bin);
    bin = parent;
  }
}

/* Lets the EOS message go if nothing is left to be waited for: neither results, nor
 * a pad that may take the end back. */
void
gst_ekascribe_sink_release_eos (GstElement *element)
{
  GstEkascribeSink *self = GST_EKASCRIBE_SINK (element);
  g_autoptr (GstEkascribeRecording) recording = gst_ekascribe_sink_get_recording (self);
  GstMessage *message;

  if (recording != NULL && !gst_ekascribe_recording_is_done (recording))
    return;
  GST_OBJECT_LOCK (self);
  message = self->closing == 0 ? g_steal_pointer (&self->held_eos) : NULL;
  GST_OBJECT_UNLOCK (self);
  if (message == NULL)
    return;
  GST_BIN_CLASS (gst_ekascribe_sink_parent_class)
      ->handle_message (GST_BIN (self), message);
  remind_bins (element);
}

/* @message: (transfer full). Returns: (transfer full): says which of several pads it
 * is about, where it is about one */
static GstMessage *
sign_error (GstMessage *message)
{
  const gchar *name =
      gst_ekascribe_decoder_find_name (GST_MESSAGE_SRC (message));
  g_autoptr (GError) error = NULL;
  g_autofree gchar *debug = NULL;
  GstMessage *copy;

  if (name == NULL)
    return message;
  gst_message_parse_error (message, &error, &debug);
  g_prefix_error (&error, "%s: ", name);
  copy = gst_message_new_error (GST_MESSAGE_SRC (message), error, debug);
  gst_message_set_seqnum (copy, gst_message_get_seqnum (message));
  gst_message_unref (message);
  return copy;
}

static void
gst_ekascribe_sink_handle_message (GstBin     *bin,
                                   GstMessage *message)
{
  GstEkascribeSink *self = GST_EKASCRIBE_SINK (bin);
  GstMessage *old;

  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR)
    message = sign_error (message);
  if (GST_MESSAGE_TYPE (message) != GST_MESSAGE_EOS ||
      GST_MESSAGE_SRC (message) != GST_OBJECT (self->packet_sink)) {
    GST_BIN_CLASS (gst_ekascribe_sink_parent_class)
        ->handle_message (bin, message);
    return;
  }
  /* The packet sink says it again after a pause: the newer one counts. */
  GST_OBJECT_LOCK (self);
  old = self->held_eos;
  self->held_eos = message;
  GST_OBJECT_UNLOCK (self);
  g_clear_pointer (&old, gst_message_unref);
  gst_ekascribe_sink_release_eos (GST_ELEMENT (self));
}

/* --- start and stop ------------------------------------------------------- */

static EkaTransport *
make_transport (GstEkascribeSink   *self,
                GstEkascribeConfig *config,
                EkaWorker          *worker)
{
  if (self->transport_func != NULL)
    return self->transport_func (worker, self->transport_data);
  return gst_ekascribe_config_make_transport (config, worker);
}

void
gst_ekascribe_sink_warn_additional_data (GstEkascribeSink  *self,
                                         const EkaSettings *settings)
{
  const gchar *data = settings->additional_data;

  if (data != NULL && strlen (data) > 4096)
    GST_ELEMENT_WARNING (self, RESOURCE, SETTINGS,
                         ("additional-data has %" G_GSIZE_FORMAT
                          " bytes; the service may refuse more than 4096.",
                          strlen (data)),
                         (NULL));
}

static gboolean
is_id_spent (GstEkascribeSink *self,
             const gchar      *id)
{
  gboolean spent;

  GST_OBJECT_LOCK (self);
  spent = id != NULL && g_hash_table_contains (self->spent_ids, id);
  GST_OBJECT_UNLOCK (self);
  return spent;
}

/* Returns: whether a session of this run or an earlier one has it */
gboolean
gst_ekascribe_sink_is_id_used (GstEkascribeSink      *self,
                               GstEkascribeRecording *recording,
                               const gchar           *id)
{
  return is_id_spent (self, id) ||
         gst_ekascribe_recording_has_used_id (recording, id);
}

/* An id names one session: the service would give a second run the first one's
 * audio. */
static gboolean
check_session_id (GstEkascribeSink         *self,
                  const GstEkascribeConfig *config,
                  GError                  **error)
{
  const gchar *id = config->settings->session_id;

  if (!is_id_spent (self, id))
    return TRUE;
  g_set_error (error, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_SETTINGS,
               "session-id: an earlier recording of this element has used %s; "
               "set another one, or none",
               id);
  eka_scribe_error_edit_info (*error)->property = "session-id";
  return FALSE;
}

/* After a run that may have created sessions. */
static void
spend_session_ids (GstEkascribeSink      *self,
                   GstEkascribeRecording *recording)
{
  GST_OBJECT_LOCK (self);
  gst_ekascribe_recording_add_spent_ids (recording, self->spent_ids);
  GST_OBJECT_UNLOCK (self);
}

/* Without the network.
 *
 * Returns: %FALSE where somebody has asked for an outbox on disk, and there can't
 * be one, which was told */
static gboolean
open_store (GstEkascribeSink         *self,
            const GstEkascribeConfig *config,
            GstEkascribeStore       **store)
{
  g_autoptr (GError) error = NULL;

  if (gst_ekascribe_store_is_wanted (config))
    *store = gst_ekascribe_store_new (config, &error);
  if (error == NULL)
    return TRUE;
  if (gst_ekascribe_store_is_required (config)) {
    gst_ekascribe_post_error (GST_ELEMENT (self), error, NULL);
    return FALSE;
  }
  g_prefix_error (&error, "Audio is kept in memory only. ");
  gst_ekascribe_post_warning (GST_ELEMENT (self), error, NULL);
  return TRUE;
}

static gboolean
start (GstEkascribeSink *self)
{
  g_autoptr (GstEkascribeConfig) config = NULL;
  g_autoptr (GstEkascribeStore) store = NULL;
  g_autoptr (EkaTransport) transport = NULL;
  g_autoptr (EkaWorker) worker = NULL;
  g_autoptr (GError) error = NULL;
  GstEkascribeRecording *recording;
  GList *inputs, *l;

  GST_OBJECT_LOCK (self);
  config = gst_ekascribe_config_new (&self->properties);
  GST_OBJECT_UNLOCK (self);
  if (!gst_ekascribe_config_check (config, &error) ||
      !check_session_id (self, config, &error)) {
    gst_ekascribe_post_error (GST_ELEMENT (self), error, NULL);
    return FALSE;
  }
  if (!open_store (self, config, &store))
    return FALSE;
  gst_ekascribe_sink_warn_additional_data (self, config->settings);
  gst_ekascribe_asking_start (GST_ELEMENT (self), config->settings->token);
  worker = eka_worker_acquire ();
  transport = make_transport (self, config, worker);
  recording = gst_ekascribe_recording_new (
      GST_ELEMENT (self), g_steal_pointer (&config), worker, transport,
      g_steal_pointer (&store), gst_ekascribe_sink_release_eos);
  gst_ekascribe_packet_sink_start (self->packet_sink, recording);
  gst_ekascribe_steering_start (
      self->steering, gst_ekascribe_recording_starts_itself (recording),
      gst_ekascribe_recording_get_start_on_speech (recording) > 0);
  GST_OBJECT_LOCK (self);
  self->recording = recording;
  GST_OBJECT_UNLOCK (self);
  /* Only now, so that a pad that comes meanwhile is seen here or sees the
   * recording. */
  gst_ekascribe_junction_start (self->junction, recording);
  inputs = gst_ekascribe_junction_list (self->junction);
  for (l = inputs; l != NULL; l = l->next)
    gst_ekascribe_input_start (l->data, recording);
  g_list_free_full (inputs, gst_object_unref);
  gst_ekascribe_recording_open (recording);
  return TRUE;
}

/* Before the streaming thread ends: wakes whoever waits. */
static void
halt (GstEkascribeSink *self)
{
  g_autoptr (GstEkascribeRecording) recording = gst_ekascribe_sink_get_recording (self);
  GList *inputs = gst_ekascribe_junction_list (self->junction), *l;

  if (recording != NULL)
    gst_ekascribe_recording_halt (recording);
  gst_ekascribe_junction_halt (self->junction);
  for (l = inputs; l != NULL; l = l->next)
    gst_ekascribe_input_halt (l->data);
  g_list_free_full (inputs, gst_object_unref);
}

/* Returns: (transfer full) (element-type GstMiniObject): what has not arrived at the
 * packet sink. What is held back beside a mix is not of its format. */
static GQueue *
take_rest (GstEkascribeSink *self,
           GList            *inputs)
{
  GQueue *rest = gst_ekascribe_junction_take_rest (self->junction);
  GList *l;

  if (gst_ekascribe_junction_is_mixing (self->junction))
    return rest;
  for (l = inputs; l != NULL && g_queue_is_empty (rest); l = l->next) {
    g_queue_free (rest);
    rest = gst_ekascribe_input_take_held (l->data);
  }
  return rest;
}

/* After the streaming thread has ended. */
static void
stop (GstEkascribeSink *self)
{
  GList *inputs = gst_ekascribe_junction_list (self->junction), *l;
  GstEkascribeRecording *recording =
      gst_ekascribe_sink_get_recording (self);
  GQueue *held = NULL;
  GstStructure *stats;
  EkaSessionState state;
  gchar *session_id;
  GstClockTime pending;

  if (recording != NULL && gst_ekascribe_recording_wants_rest (recording))
    held = take_rest (self, inputs);
  pending = gst_ekascribe_packet_sink_stop (self->packet_sink, held);
  if (held != NULL)
    g_queue_free_full (held, (GDestroyNotify) gst_mini_object_unref);
  for (l = inputs; l != NULL; l = l->next)
    pending += gst_ekascribe_input_stop (l->data);
  g_list_free_full (inputs, gst_object_unref);
  pending += gst_ekascribe_junction_stop (self->junction);
  drop_eos (self);
  gst_ekascribe_steering_stop (self->steering);
  if (recording == NULL)
    return;
  stats = gst_ekascribe_recording_get_stats (recording, &state, &session_id);
  gst_ekascribe_junction_add_stats (self->junction, stats, FALSE);
  spend_session_ids (self, recording);
  gst_ekascribe_recording_stop (recording, GST_ELEMENT (self), pending);
  GST_OBJECT_LOCK (self);
  g_clear_pointer (&self->last_stats, gst_structure_free);
  g_free (self->last_session_id);
  self->last_stats = stats;
  self->last_state = state;
  self->last_session_id = session_id;
  self->recording = NULL;
  GST_OBJECT_UNLOCK (self);
  /* Ours, and the one of the element. */
  gst_ekascribe_recording_unref (recording);
  gst_ekascribe_recording_unref (recording);
}

static void
set_playing (GstEkascribeSink *self,
             gboolean          playing)
{
  g_autoptr (GstEkascribeRecording) recording = gst_ekascribe_sink_get_recording (self);

  if (recording != NULL)
    gst_ekascribe_recording_set_playing (recording, GST_ELEMENT (self),
                                         playing);
}

static GstStateChangeReturn
gst_ekascribe_sink_change_state (GstElement    *element,
                                 GstStateChange transition)
{
  GstEkascribeSink *self = GST_EKASCRIBE_SINK (element);
  GstStateChangeReturn ret;

  /* The first time it may take a moment to find out who watches the network. */
  if (transition == GST_STATE_CHANGE_NULL_TO_READY)
    g_network_monitor_get_default ();
  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED && !start (self))
    return GST_STATE_CHANGE_FAILURE;
  if (transition == GST_STATE_CHANGE_PLAYING_TO_PAUSED)
    set_playing (self, FALSE);
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY)
    halt (self);

  ret = GST_ELEMENT_CLASS (gst_ekascribe_sink_parent_class)
            ->change_state (element, transition);

  if (transition == GST_STATE_CHANGE_PAUSED_TO_PLAYING &&
      ret != GST_STATE_CHANGE_FAILURE)
    set_playing (self, TRUE);
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY ||
      (transition == GST_STATE_CHANGE_READY_TO_PAUSED &&
       ret == GST_STATE_CHANGE_FAILURE))
    stop (self);
  return ret;
}

/* --- actions -------------------------------------------------------------- */

static void
gst_ekascribe_sink_discard (GstEkascribeSink *self)
{
  g_autoptr (GstEkascribeRecording) recording = gst_ekascribe_sink_get_recording (self);

  if (recording != NULL && gst_ekascribe_recording_discard (recording))
    return;
  GST_ELEMENT_WARNING (self, CORE, STATE_CHANGE,
                       ("There is no recording to be discarded."), (NULL));
}

/* --- object --------------------------------------------------------------- */

static void
get_run_property (GstEkascribeSink *self,
                  guint             id,
                  GValue           *value)
{
  g_autoptr (GstEkascribeRecording) recording = gst_ekascribe_sink_get_recording (self);
  g_autoptr (GstStructure) stats = NULL;
  g_autofree gchar *session_id = NULL;
  EkaSessionState state;

  if (recording != NULL) {
    stats = gst_ekascribe_recording_get_stats (recording, &state, &session_id);
    gst_ekascribe_junction_add_stats (self->junction, stats, TRUE);
  } else {
    GST_OBJECT_LOCK (self);
    stats = gst_structure_copy (self->last_stats);
    state = self->last_state;
    session_id = g_strdup (self->last_session_id);
    GST_OBJECT_UNLOCK (self);
  }
  if (id == GST_EKASCRIBE_PROP_STATS)
    g_value_set_boxed (value, stats);
  else if (id == GST_EKASCRIBE_PROP_STATE)
    g_value_set_enum (value, state);
  else
    g_value_set_string (value, session_id);
}

/* A run that is on goes on with the new token. */
static void
take_token (GstEkascribeSink *self,
            const gchar      *value)
{
  g_autoptr (GstEkascribeRecording) recording = gst_ekascribe_sink_get_recording (self);

  if (recording != NULL && value != NULL &&
      !gst_ekascribe_recording_set_token (recording, value))
    GST_ELEMENT_WARNING (self, RESOURCE, SETTINGS,
                         ("The access-token holds blanks, line breaks or "
                          "characters that no token has; the run goes on with "
                          "the one it had."),
                         (NULL));
}

static void
gst_ekascribe_sink_set_property (GObject      *object,
                                 guint         id,
                                 const GValue *value,
                                 GParamSpec   *pspec)
{
  GstEkascribeSink *self = GST_EKASCRIBE_SINK (object);
  gboolean known;

  GST_OBJECT_LOCK (self);
  known = gst_ekascribe_properties_set (&self->properties, id, value);
  GST_OBJECT_UNLOCK (self);
  if (!known)
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  if (gst_ekascribe_properties_is_token (id))
    take_token (self, g_value_get_string (value));
}

static void
gst_ekascribe_sink_get_property (GObject    *object,
                                 guint       id,
                                 GValue     *value,
                                 GParamSpec *pspec)
{
  GstEkascribeSink *self = GST_EKASCRIBE_SINK (object);
  gboolean known;

  if (id < GST_EKASCRIBE_PROP_FIRST_SETTING) {
    get_run_property (self, id, value);
    return;
  }
  GST_OBJECT_LOCK (self);
  known = gst_ekascribe_properties_get (&self->properties, id, value);
  GST_OBJECT_UNLOCK (self);
  if (!known)
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

/**
 * gst_ekascribe_sink_set_transport_func:
 * @self: an element in NULL or READY
 * @func: (nullable): makes the way to the service; %NULL: libsoup
 * @user_data: for @func; outlives @self
 *
 * For tests; not part of any interface.
 */
void
gst_ekascribe_sink_set_transport_func (GstEkascribeSink         *self,
                                       GstEkascribeTransportFunc func,
                                       gpointer                  user_data)
{
  self->transport_func = func;
  self->transport_data = user_data;
}

static void
gst_ekascribe_sink_dispose (GObject *object)
{
  GstEkascribeSink *self = GST_EKASCRIBE_SINK (object);
  GList *inputs = gst_ekascribe_junction_list (self->junction), *l;

  for (l = inputs; l != NULL; l = l->next)
    gst_ekascribe_junction_remove (self->junction, l->data, NULL);
  g_list_free_full (inputs, gst_object_unref);
  drop_eos (self);
  G_OBJECT_CLASS (gst_ekascribe_sink_parent_class)->dispose (object);
}

static void
gst_ekascribe_sink_finalize (GObject *object)
{
  GstEkascribeSink *self = GST_EKASCRIBE_SINK (object);

  gst_ekascribe_properties_clear (&self->properties);
  g_hash_table_unref (self->spent_ids);
  gst_ekascribe_junction_free (self->junction);
  gst_ekascribe_steering_unref (self->steering);
  g_mutex_clear (&self->command_lock);
  gst_structure_free (self->last_stats);
  g_free (self->last_session_id);
  G_OBJECT_CLASS (gst_ekascribe_sink_parent_class)->finalize (object);
}

static void
gst_ekascribe_sink_class_init (GstEkascribeSinkClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);

  object_class->dispose = gst_ekascribe_sink_dispose;
  object_class->finalize = gst_ekascribe_sink_finalize;
  object_class->set_property = gst_ekascribe_sink_set_property;
  object_class->get_property = gst_ekascribe_sink_get_property;
  gst_ekascribe_properties_install (object_class);
  gst_ekascribe_asking_install (G_TYPE_FROM_CLASS (klass));
  gst_ekascribe_steering_install (G_TYPE_FROM_CLASS (klass));

  /**
   * GstEkascribeSink::discard:
   * @self: the element
   *
   * Action: forgets the recording that goes on, or else the last one that has no
   * results yet. Its session is not ended but cancelled on the service. Audio
   * that still comes is not taken until the stream has ended.
   */
  g_signal_new_class_handler ("discard", G_TYPE_FROM_CLASS (klass),
                              G_SIGNAL_RUN_LAST | G_SIGNAL_ACTION,
                              G_CALLBACK (gst_ekascribe_sink_discard), NULL,
                              NULL, NULL, G_TYPE_NONE, 0);

  element_class->change_state = gst_ekascribe_sink_change_state;
  element_class->request_new_pad = gst_ekascribe_sink_request_new_pad;
  element_class->release_pad = gst_ekascribe_sink_release_pad;
  GST_BIN_CLASS (klass)->handle_message = gst_ekascribe_sink_handle_message;

  gst_element_class_add_static_pad_template (element_class, &audio_template);
  gst_element_class_set_static_metadata (
      element_class, "EkaScribe sink", "Sink/Audio/Network",
      "Uploads audio to a medical scribe (EkaScribe, MedScribeAlliance "
      "protocol) and brings transcript and notes back as messages "
      "ekascribe-transcript, ekascribe-template and ekascribe-result; holds "
      "EOS until they are there",
      "gst-ekascribe");
}

static void
gst_ekascribe_sink_init (GstEkascribeSink *self)
{
  g_mutex_init (&self->command_lock);
  gst_ekascribe_properties_init (&self->properties);
  self->spent_ids =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->last_stats = gst_structure_new_empty ("ekascribe-stats");
  self->packet_sink =
      g_object_new (GST_TYPE_EKASCRIBE_PACKET_SINK, "name", "packets", NULL);
  self->steering = gst_ekascribe_steering_new (GST_ELEMENT (self));
  self->junction =
      gst_ekascribe_junction_new (GST_BIN (self), self->packet_sink,
                                  self->steering, gst_ekascribe_sink_obey_in_mix);
  gst_ekascribe_packet_sink_set_steering (self->packet_sink, self->steering);
  gst_bin_add (GST_BIN (self), GST_ELEMENT (self->packet_sink));
  gst_ekascribe_packet_sink_plug (self->packet_sink, TRUE);
  gst_pad_add_probe (GST_BASE_SINK_PAD (self->packet_sink),
                     GST_PAD_PROBE_TYPE_EVENT_FLUSH, watch_flush, self, NULL);
  GST_OBJECT_FLAG_SET (self, GST_ELEMENT_FLAG_SINK);
}
