/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "gstekascribeinput.h"

#include <gst/tag/tag.h>

#include "gstekascribedecoder.h"

GST_DEBUG_CATEGORY_EXTERN (gst_ekascribe_debug);
#define GST_CAT_DEFAULT gst_ekascribe_debug

/* How much Opus is held back until it is known whether the service takes it. */
#define MAX_HELD (20 * GST_SECOND)

/* RFC 6716: the usual frame, for buffers that do not tell their duration. */
#define USUAL_FRAME (20 * GST_MSECOND)

struct _GstEkascribeInput
{
  GstGhostPad parent;

  GstEkascribePacketSink *sink;

  /* Guards all of this block; held while elements are added, so that the bin
   * does not go down meanwhile. Posting is allowed. */
  GMutex lock;
  GstEkascribeRecording *recording; /* from start to stop */
  GList *elements;                  /* in the bin, upstream first */
  gboolean halted;                  /* no element may be added */

  gboolean interrupted; /* guarded by the recording */

  /* Streaming thread only. */
  gchar *kind;        /* of the caps, or NULL: none came yet */
  gboolean connected; /* there is a way to the packet sink */
  gboolean holding;
  GQueue held; /* of GstBuffer and GstEvent, in order */
  GstClockTime held_time;
};

G_DEFINE_FINAL_TYPE (GstEkascribeInput,
                     gst_ekascribe_input,
                     GST_TYPE_GHOST_PAD)

static GstEkascribeRecording *
get_recording (GstEkascribeInput *self)
{
  GstEkascribeRecording *recording = NULL;

  g_mutex_lock (&self->lock);
  if (self->recording != NULL)
    recording = gst_ekascribe_recording_ref (self->recording);
  g_mutex_unlock (&self->lock);
  return recording;
}

static gboolean
is_passthrough (const GstStructure *structure)
{
  gint family = 0;
  gint channels = 1;

  if (!gst_structure_has_name (structure, "audio/x-opus"))
    return FALSE;
  gst_structure_get_int (structure, "channel-mapping-family", &family);
  gst_structure_get_int (structure, "channels", &channels);
  return family == 0 && channels >= 1 && channels <= 2;
}

/* Caps of one kind can follow each other on one path. */
static gchar *
get_kind (const GstStructure *structure)
{
  gint version = 0;
  gint layer = 0;

  gst_structure_get_int (structure, "mpegversion", &version);
  gst_structure_get_int (structure, "layer", &layer);
  return g_strdup_printf ("%s %s %d %d", gst_structure_get_name (structure),
                          is_passthrough (structure) ? "as it is" : "decoded",
                          version, layer);
}

static void
connect_directly (GstEkascribeInput *self)
{
  GstGhostPad *ghost = GST_GHOST_PAD (self);

  gst_ghost_pad_set_target (ghost, NULL);
  gst_ekascribe_packet_sink_plug (self->sink, FALSE);
  gst_ghost_pad_set_target (ghost, GST_BASE_SINK_PAD (self->sink));
}

static gboolean
connect_decoder (GstEkascribeInput *self,
                 GstElement        *bin,
                 GstCaps           *caps)
{
  GstPad *pad;

  gst_ghost_pad_set_target (GST_GHOST_PAD (self), NULL);
  gst_ekascribe_packet_sink_plug (self->sink, FALSE);
  g_mutex_lock (&self->lock);
  if (!self->halted)
    self->elements = gst_ekascribe_decoder_build (
        GST_BIN (bin), caps, GST_BASE_SINK_PAD (self->sink));
  g_mutex_unlock (&self->lock);
  if (self->elements == NULL)
    return FALSE;
  pad = gst_ekascribe_decoder_get_pad (self->elements);
  gst_ghost_pad_set_target (GST_GHOST_PAD (self), pad);
  gst_object_unref (pad);
  return TRUE;
}

/* Makes the way that @caps take to the packet sink. */
static gboolean
connect_caps (GstEkascribeInput     *self,
              GstElement            *bin,
              GstEkascribeRecording *recording,
              GstCaps               *caps)
{
  g_autofree gchar *formats = NULL;
  const gchar *format = NULL;

  if (is_passthrough (gst_caps_get_structure (caps, 0)) &&
      !gst_ekascribe_recording_is_streaming (recording)) {
    format =
        gst_ekascribe_recording_choose_format (recording, EKA_CODEC_OPUS);
    if (format != NULL)
      connect_directly (self);
  }
  if (format == NULL) {
    format = gst_ekascribe_recording_choose_format (recording, EKA_CODEC_PCM);
    if (format == NULL) {
      formats = gst_ekascribe_recording_list_formats (recording);
      GST_ELEMENT_ERROR (bin, STREAM, FORMAT,
                         ("The service takes neither Ogg Opus nor WAV. It "
                          "takes %s.",
                          formats),
                         ("caps %" GST_PTR_FORMAT, caps));
      return FALSE;
    }
    if (!connect_decoder (self, bin, caps))
      return FALSE;
  }
  gst_ekascribe_packet_sink_set_format (self->sink, format);
  self->connected = TRUE;
  return TRUE;
}

/* --- holding Opus back until discovery is settled ------------------------- */

static void
clear_held (GstEkascribeInput *self)
{
  g_queue_clear_full (&self->held, (GDestroyNotify) gst_mini_object_unref);
  self->held_time = 0;
}

static void
stop_holding (GstEkascribeInput *self)
{
  clear_held (self);
  self->holding = FALSE;
  gst_pad_set_chain_function (GST_PAD (self), gst_proxy_pad_chain_default);
  gst_pad_set_chain_list_function (GST_PAD (self),
                                   gst_proxy_pad_chain_list_default);
}

/* A flush drops nothing that was taken: @told and the rest of @held wait for its
 * end. All events are needed again, for a flush takes the segment away
 * downstream, and refuses what comes in it. */
static void
hold_again (GstEkascribeInput *self,
            GQueue            *told)
{
  GstMiniObject *item;

  while (!g_queue_is_empty (&self->held) &&
         (item = g_queue_pop_tail (told)) != NULL)
    g_queue_push_head (&self->held, item);
}

static GstFlowReturn
replay (GstEkascribeInput *self,
        GstObject         *parent)
{
  GstPad *pad = GST_PAD (self);
  GstFlowReturn ret = GST_FLOW_OK;
  GstMiniObject *item;
  GQueue told = G_QUEUE_INIT;

  while (ret == GST_FLOW_OK && (item = g_queue_pop_head (&self->held)) != NULL) {
    guint64 before = gst_ekascribe_packet_sink_count (self->sink);

    gst_mini_object_ref (item);
    if (GST_IS_EVENT (item)) {
      g_queue_push_tail (&told, item);
      gst_pad_event_default (pad, parent, GST_EVENT (item));
      continue;
    }
    ret = gst_proxy_pad_chain_default (pad, parent, GST_BUFFER (item));
    if (ret == GST_FLOW_FLUSHING &&
        gst_ekascribe_packet_sink_count (self->sink) == before)
      g_queue_push_head (&self->held, item);
    else
      gst_mini_object_unref (item);
  }
  if (ret == GST_FLOW_FLUSHING)
    hold_again (self, &told);
  else
    stop_holding (self);
  g_queue_clear_full (&told, (GDestroyNotify) gst_mini_object_unref);
  return ret;
}

static GstFlowReturn
release_held (GstEkascribeInput     *self,
              GstObject             *parent,
              GstEkascribeRecording *recording)
{
  g_autoptr (GstCaps) caps = gst_pad_get_current_caps (GST_PAD (self));

  if (!self->connected &&
      !connect_caps (self, GST_ELEMENT (parent), recording, caps)) {
    stop_holding (self);
    return GST_FLOW_NOT_NEGOTIATED;
  }
  return replay (self, parent);
}

static gboolean
is_live (GstEkascribeInput *self)
{
  GstQuery *query = gst_query_new_latency ();
  gboolean live = FALSE;

  if (gst_pad_peer_query (GST_PAD (self), query))
    gst_query_parse_latency (query, &live, NULL, NULL);
  gst_query_unref (query);
  return live;
}

static void
hold (GstEkascribeInput *self,
      GstMiniObject     *item)
{
  static const GstEventType types[] = { GST_EVENT_STREAM_START,
                                        GST_EVENT_CAPS, GST_EVENT_SEGMENT };
  guint i;

  /* A flush takes the segment away that the first buffers count in, and who
   * releases the pad all of them. */
  for (i = 0; i < G_N_ELEMENTS (types) && self->held_time == 0; i++) {
    GstEvent *event = gst_pad_get_sticky_event (GST_PAD (self), types[i], 0);

    if (event != NULL)
      g_queue_push_tail (&self->held, event);
  }
  g_queue_push_tail (&self->held, item);
  if (GST_IS_BUFFER (item))
    self->held_time += GST_BUFFER_DURATION_IS_VALID (item) ?
                           GST_BUFFER_DURATION (item) :
                           USUAL_FRAME;
}

static GstFlowReturn
hold_chain (GstPad    *pad,
            GstObject *parent,
            GstBuffer *buffer)
{
  GstEkascribeInput *self = GST_EKASCRIBE_INPUT (pad);
  g_autoptr (GstEkascribeRecording) recording = get_recording (self);
  GstEkascribeWait wait;

  if (recording == NULL) {
    gst_buffer_unref (buffer);
    return GST_FLOW_FLUSHING;
  }
  hold (self, GST_MINI_OBJECT (buffer));
  wait = gst_ekascribe_recording_wait_settled (recording, &self->interrupted,
                                               0);
  if (wait == GST_EKASCRIBE_WAIT_TIMEOUT) {
    if (self->held_time < MAX_HELD)
      return GST_FLOW_OK;
    if (!is_live (self))
      wait = gst_ekascribe_recording_wait_settled (
          recording, &self->interrupted, G_MAXINT64);
  }
  if (wait == GST_EKASCRIBE_WAIT_INTERRUPTED)
    return GST_FLOW_FLUSHING;
  if (wait == GST_EKASCRIBE_WAIT_FAILED)
    return GST_FLOW_ERROR;
  return release_held (self, parent, recording);
}

static GstFlowReturn
hold_chain_list (GstPad        *pad,
                 GstObject     *parent,
                 GstBufferList *list)
{
  GstFlowReturn ret = GST_FLOW_OK;
  guint i;

  for (i = 0; i < gst_buffer_list_length (list) && ret == GST_FLOW_OK; i++)
    ret = GST_EKASCRIBE_INPUT (pad)->holding ?
              hold_chain (pad, parent,
                          gst_buffer_ref (gst_buffer_list_get (list, i))) :
              gst_proxy_pad_chain_default (
                  pad, parent, gst_buffer_ref (gst_buffer_list_get (list, i)));
  gst_buffer_list_unref (list);
  return ret;
}

static void
start_holding (GstEkascribeInput *self)
{
  self->holding = TRUE;
  gst_pad_set_chain_function (GST_PAD (self), hold_chain);
  gst_pad_set_chain_list_function (GST_PAD (self), hold_chain_list);
}

/* --- events --------------------------------------------------------------- */

static gboolean
refuse_change (GstEkascribeInput *self,
               GstElement        *bin,
               GstCaps           *caps)
{
  GST_ELEMENT_ERROR (bin, STREAM, FORMAT,
                     ("The audio's codec changed within a recording, which "
                      "one session can't hold. Start a new recording for "
                      "it, or decode the audio before it comes here."),
                     ("caps %" GST_PTR_FORMAT " after %s", caps, self->kind));
  return FALSE;
}

static gboolean
take_caps (GstEkascribeInput     *self,
           GstElement            *bin,
           GstEkascribeRecording *recording,
           GstCaps               *caps)
{
  GstStructure *structure = gst_caps_get_structure (caps, 0);
  g_autofree gchar *kind = get_kind (structure);

  if (self->kind != NULL)
    return g_str_equal (self->kind, kind) || refuse_change (self, bin, caps);
  self->kind = g_steal_pointer (&kind);
  if (is_passthrough (structure) &&
      gst_ekascribe_recording_wait_settled (recording, &self->interrupted, 0) ==
          GST_EKASCRIBE_WAIT_TIMEOUT) {
    start_holding (self);
    return TRUE;
  }
  return connect_caps (self, bin, recording, caps);
}

static void
take_tags (GstEkascribeRecording *recording,
           GstEvent              *event)
{
  g_autofree gchar *language = NULL;
  GstTagList *tags;

  gst_event_parse_tag (event, &tags);
  if (gst_tag_list_get_string (tags, GST_TAG_LANGUAGE_CODE, &language))
    gst_ekascribe_recording_set_language (
        recording, gst_tag_get_language_code_iso_639_1 (language));
}

/* Whatever is held back goes on its way before the end does. */
static gboolean
take_eos (GstEkascribeInput     *self,
          GstObject             *parent,
          GstEkascribeRecording *recording)
{
  gint64 end = g_get_monotonic_time () +
               gst_ekascribe_recording_get_timeout (recording) *
                   G_TIME_SPAN_SECOND;
  GstEkascribeWait wait = GST_EKASCRIBE_WAIT_SETTLED;

  if (self->holding)
    wait = gst_ekascribe_recording_wait_settled (recording, &self->interrupted,
                                                 end);
  if (wait == GST_EKASCRIBE_WAIT_INTERRUPTED)
    return FALSE;
  if (self->holding && wait == GST_EKASCRIBE_WAIT_FAILED)
    stop_holding (self);
  if (self->holding &&
      release_held (self, parent, recording) == GST_FLOW_FLUSHING)
    return FALSE;
  if (!self->connected)
    connect_directly (self);
  return TRUE;
}

static gboolean
take_event (GstEkascribeInput     *self,
            GstObject             *parent,
            GstEkascribeRecording *recording,
            GstEvent              *event)
{
  GstCaps *caps;

  switch (GST_EVENT_TYPE (event)) {
    case GST_EVENT_FLUSH_START:
      gst_ekascribe_recording_interrupt (recording, &self->interrupted, TRUE);
      return TRUE;
    case GST_EVENT_FLUSH_STOP:
      gst_ekascribe_recording_interrupt (recording, &self->interrupted, FALSE);
      return TRUE;
    case GST_EVENT_CAPS:
      gst_event_parse_caps (event, &caps);
      return take_caps (self, GST_ELEMENT (parent), recording, caps);
    case GST_EVENT_TAG:
      take_tags (recording, event);
      return TRUE;
    case GST_EVENT_EOS:
      return take_eos (self, parent, recording);
    default:
      return TRUE;
  }
}

static gboolean
must_wait (GstEkascribeInput *self,
           GstEvent          *event)
{
  return self->holding && !g_queue_is_empty (&self->held) &&
         GST_EVENT_IS_SERIALIZED (event) &&
         GST_EVENT_TYPE (event) != GST_EVENT_FLUSH_STOP &&
         GST_EVENT_TYPE (event) != GST_EVENT_EOS;
}

static gboolean
input_event (GstPad    *pad,
             GstObject *parent,
             GstEvent  *event)
{
  GstEkascribeInput *self = GST_EKASCRIBE_INPUT (pad);
  g_autoptr (GstEkascribeRecording) recording = get_recording (self);

  if (recording != NULL && !take_event (self, parent, recording, event)) {
    gst_event_unref (event);
    return FALSE;
  }
  if (must_wait (self, event)) {
    hold (self, GST_MINI_OBJECT (event));
    return TRUE;
  }
  return gst_pad_event_default (pad, parent, event);
}

/* All that the template names is taken at any time: what can't be decoded is
 * told with an error that says what is missing, not with "not negotiated". */
static gboolean
input_query (GstPad    *pad,
             GstObject *parent,
             GstQuery  *query)
{
  g_autoptr (GstCaps) templ = NULL;
  GstCaps *filter, *caps;

  if (GST_QUERY_TYPE (query) != GST_QUERY_CAPS &&
      GST_QUERY_TYPE (query) != GST_QUERY_ACCEPT_CAPS)
    return gst_pad_query_default (pad, parent, query);
  templ = gst_pad_get_pad_template_caps (pad);
  if (GST_QUERY_TYPE (query) == GST_QUERY_ACCEPT_CAPS) {
    gst_query_parse_accept_caps (query, &caps);
    gst_query_set_accept_caps_result (query,
                                      gst_caps_can_intersect (caps, templ));
    return TRUE;
  }
  gst_query_parse_caps (query, &filter);
  if (filter != NULL) {
    caps = gst_caps_intersect_full (filter, templ, GST_CAPS_INTERSECT_FIRST);
    gst_query_set_caps_result (query, caps);
    gst_caps_unref (caps);
  } else {
    gst_query_set_caps_result (query, templ);
  }
  return TRUE;
}

/**
 * gst_ekascribe_input_new:
 * @name: of the pad
 * @templ: its template
 * @sink: where packets go
 *
 * Returns: (transfer floating): a pad that leads nowhere yet
 */
GstPad *
gst_ekascribe_input_new (const gchar            *name,
                         GstPadTemplate         *templ,
                         GstEkascribePacketSink *sink)
{
  GstEkascribeInput *self =
      g_object_new (GST_TYPE_EKASCRIBE_INPUT, "name", name, "direction",
                    GST_PAD_SINK, "template", templ, NULL);

  self->sink = gst_object_ref (sink);
  gst_pad_set_event_function (GST_PAD (self), input_event);
  gst_pad_set_query_function (GST_PAD (self), input_query);
  return GST_PAD (self);
}

/**
 * gst_ekascribe_input_start:
 * @self: a pad that is not active
 * @recording: (transfer none): the run that begins
 */
void
gst_ekascribe_input_start (GstEkascribeInput     *self,
                           GstEkascribeRecording *recording)
{
  g_mutex_lock (&self->lock);
  g_clear_pointer (&self->recording, gst_ekascribe_recording_unref);
  self->recording = gst_ekascribe_recording_ref (recording);
  self->halted = FALSE;
  self->interrupted = FALSE;
  g_mutex_unlock (&self->lock);
}

/**
 * gst_ekascribe_input_halt:
 * @self: a pad
 *
 * Wakes the streaming thread; from now on no element is added to the bin.
 */
void
gst_ekascribe_input_halt (GstEkascribeInput *self)
{
  g_autoptr (GstEkascribeRecording) recording = get_recording (self);

  if (recording != NULL)
    gst_ekascribe_recording_interrupt (recording, &self->interrupted, TRUE);
  g_mutex_lock (&self->lock);
  self->halted = TRUE;
  g_mutex_unlock (&self->lock);
}

/**
 * gst_ekascribe_input_take_held:
 * @self: a pad that is not active any more
 *
 * Takes out what was held back, so that it can still be recorded.
 *
 * Returns: (transfer full) (element-type GstMiniObject): events and buffers, in
 *   order, as the packet sink takes them; empty where nothing was held back
 */
GQueue *
gst_ekascribe_input_take_held (GstEkascribeInput *self)
{
  g_autoptr (GstEkascribeRecording) recording = get_recording (self);
  GQueue *held = g_queue_new ();

  if (recording == NULL || g_queue_is_empty (&self->held))
    return held;
  *held = self->held;
  g_queue_init (&self->held);
  self->held_time = 0;
  gst_ekascribe_packet_sink_set_format (
      self->sink,
      gst_ekascribe_recording_choose_format (recording, EKA_CODEC_OPUS));
  return held;
}

/**
 * gst_ekascribe_input_stop:
 * @self: a pad that is not active any more
 *
 * Drops what was built for this run, and what is held back.
 *
 * Returns: how much audio that is, in ns
 */
GstClockTime
gst_ekascribe_input_stop (GstEkascribeInput *self)
{
  g_autoptr (GstObject) parent = gst_object_get_parent (GST_OBJECT (self));
  GstClockTime pending = self->held_time;

  stop_holding (self);
  g_clear_pointer (&self->kind, g_free);
  self->connected = FALSE;
  gst_ghost_pad_set_target (GST_GHOST_PAD (self), NULL);
  g_mutex_lock (&self->lock);
  if (parent != NULL)
    gst_ekascribe_decoder_remove (GST_BIN (parent),
                                  g_steal_pointer (&self->elements));
  g_clear_pointer (&self->recording, gst_ekascribe_recording_unref);
  g_mutex_unlock (&self->lock);
  gst_ekascribe_packet_sink_plug (self->sink, TRUE);
  return pending;
}

static void
gst_ekascribe_input_finalize (GObject *object)
{
  GstEkascribeInput *self = GST_EKASCRIBE_INPUT (object);

  clear_held (self);
  g_free (self->kind);
  g_list_free (self->elements);
  g_clear_pointer (&self->recording, gst_ekascribe_recording_unref);
  gst_clear_object (&self->sink);
  g_mutex_clear (&self->lock);
  G_OBJECT_CLASS (gst_ekascribe_input_parent_class)->finalize (object);
}

static void
gst_ekascribe_input_class_init (GstEkascribeInputClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = gst_ekascribe_input_finalize;
}

static void
gst_ekascribe_input_init (GstEkascribeInput *self)
{
  g_mutex_init (&self->lock);
  g_queue_init (&self->held);
}
