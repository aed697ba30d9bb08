/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "gstekascribeinputprivate.h"

#include <gst/tag/tag.h>

#include "gstekascribecaps.h"
#include "gstekascribedecoder.h"
#include "gstekascribesinkprivate.h"

enum
{
  PROP_0,
  PROP_LABEL,
};

G_DEFINE_FINAL_TYPE (GstEkascribeInput,
                     gst_ekascribe_input,
                     GST_TYPE_GHOST_PAD)

/* Returns: (transfer full) (nullable): the run that goes on */
GstEkascribeRecording *
gst_ekascribe_input_get_recording (GstEkascribeInput *self)
{
  GstEkascribeRecording *recording = NULL;

  g_mutex_lock (&self->lock);
  if (self->recording != NULL)
    recording = gst_ekascribe_recording_ref (self->recording);
  g_mutex_unlock (&self->lock);
  return recording;
}

/* Caps of one kind can follow each other on one path. What may be HE-AAC is looked
 * at before it gets one. */
static gchar *
get_kind (const GstStructure *structure)
{
  EkaCodecType type;
  gboolean native = gst_ekascribe_caps_get_native (structure, &type);
  gint version = 0;
  gint layer = 0;

  gst_structure_get_int (structure, "mpegversion", &version);
  gst_structure_get_int (structure, "layer", &layer);
  return g_strdup_printf (
      "%s %d %d %s %s %s", gst_structure_get_name (structure), version, layer,
      native ? "as it is" : "decoded",
      native && gst_ekascribe_caps_need_parser (structure) ? "parsed" : "",
      native && gst_ekascribe_caps_may_have_sbr (structure) ? "probed" : "");
}

/* --- buffers -------------------------------------------------------------- */

static void
complain_caps (GstEkascribeInput *self,
               GstObject         *parent)
{
  const gboolean alone =
      gst_ekascribe_junction_is_alone (self->junction, self);

  GST_ELEMENT_ERROR (parent, STREAM, TYPE_NOT_FOUND,
                     ("%s%sThe data has no caps, so that nothing tells what "
                      "audio it is. Put parsebin before ekascribesink.",
                      alone ? "" : GST_OBJECT_NAME (self), alone ? "" : ": "),
                     (NULL));
}

/* Has done what the application asked for before what comes next. */
static GstFlowReturn
run_commands (GstEkascribeInput *self,
              GstObject         *parent,
              gboolean           audio)
{
  return gst_ekascribe_sink_run_commands (GST_EKASCRIBE_SINK (parent), self,
                                          audio)
             ? GST_FLOW_OK
             : GST_FLOW_FLUSHING;
}

/* @buffer: (transfer full): what came first with its caps
 *
 * Returns: (transfer full): the packet in it */
static GstBuffer *
unwrap_first (GstEkascribeInput *self,
              GstBuffer         *buffer)
{
  g_autoptr (GstCaps) caps = gst_pad_get_current_caps (GST_PAD (self));
  GstBuffer *packet;
  GstMapInfo map;
  gsize header;

  self->fresh = FALSE;
  if (caps == NULL || !gst_buffer_map (buffer, &map, GST_MAP_READ))
    return buffer;
  header = gst_ekascribe_caps_measure_latm (gst_caps_get_structure (caps, 0),
                                            map.data, map.size);
  gst_buffer_unmap (buffer, &map);
  if (header == 0)
    return buffer;
  packet = gst_buffer_copy_region (buffer, GST_BUFFER_COPY_ALL, header, -1);
  /* A part that does not begin with the whole has no time for GStreamer. */
  GST_BUFFER_PTS (packet) = GST_BUFFER_PTS (buffer);
  GST_BUFFER_DTS (packet) = GST_BUFFER_DTS (buffer);
  GST_BUFFER_DURATION (packet) = GST_BUFFER_DURATION (buffer);
  gst_buffer_unref (buffer);
  return packet;
}

/* Bytes of which nothing is known, such as those of a file, have no way. */
static GstFlowReturn
input_chain (GstPad    *pad,
             GstObject *parent,
             GstBuffer *buffer)
{
  GstEkascribeInput *self = GST_EKASCRIBE_INPUT (pad);
  g_autoptr (GstEkascribeRecording) recording =
      gst_ekascribe_input_get_recording (self);
  GstFlowReturn ret = GST_FLOW_OK;

  if (self->fresh)
    buffer = unwrap_first (self, buffer);
  if (recording != NULL)
    ret = run_commands (self, parent, self->holding);
  if (recording == NULL || ret != GST_FLOW_OK) {
    ret = GST_FLOW_FLUSHING;
  } else if (self->holding) {
    gst_ekascribe_input_hold (self, GST_MINI_OBJECT (buffer));
    return gst_ekascribe_input_release_if_settled (self, recording);
  } else if (self->kind == NULL && !gst_pad_has_current_caps (pad)) {
    complain_caps (self, parent);
    ret = GST_FLOW_NOT_NEGOTIATED;
  } else {
    ret = gst_ekascribe_input_prepare (self, recording);
    /* That may have waited for PLAYING, while the application went on. */
    if (ret == GST_FLOW_OK)
      ret = run_commands (self, parent, TRUE);
  }
  if (ret == GST_FLOW_OK)
    return gst_proxy_pad_chain_default (pad, parent, buffer);
  gst_buffer_unref (buffer);
  return ret;
}

static GstFlowReturn
input_chain_list (GstPad        *pad,
                  GstObject     *parent,
                  GstBufferList *list)
{
  GstFlowReturn ret = GST_FLOW_OK;
  guint i;

  for (i = 0; i < gst_buffer_list_length (list) && ret == GST_FLOW_OK; i++)
    ret = input_chain (pad, parent,
                       gst_buffer_ref (gst_buffer_list_get (list, i)));
  gst_buffer_list_unref (list);
  return ret;
}

/* --- events --------------------------------------------------------------- */

static gboolean
take_caps (GstEkascribeInput     *self,
           GstEkascribeRecording *recording,
           GstCaps               *caps)
{
  GstStructure *structure = gst_caps_get_structure (caps, 0);
  g_autofree gchar *kind = get_kind (structure);
  const gboolean mixing =
      gst_ekascribe_junction_consider (self->junction, self);
  gboolean probing;

  self->fresh = TRUE;
  if (g_strcmp0 (self->kind, kind) == 0)
    return TRUE;
  /* Another codec: what came goes its way, and what comes gets one of its own.
   */
  if (self->holding && gst_ekascribe_input_release_held (self, recording) ==
                           GST_FLOW_FLUSHING)
    return FALSE;
  if (self->connected)
    gst_ekascribe_input_drain (self);
  g_free (self->kind);
  self->kind = g_steal_pointer (&kind);
  if (mixing)
    return gst_ekascribe_input_connect_caps (self, recording, caps);
  probing = gst_ekascribe_input_can_hold (structure) &&
            gst_ekascribe_caps_may_have_sbr (structure);
  if (probing ||
      (gst_ekascribe_input_can_hold (structure) &&
       gst_ekascribe_recording_wait_settled (recording, &self->interrupted,
                                             0) ==
           GST_EKASCRIBE_WAIT_TIMEOUT)) {
    gst_ekascribe_input_start_holding (self, probing);
    /* Another pad may have come meanwhile. */
    if (!gst_ekascribe_junction_is_mixing (self->junction))
      return TRUE;
    gst_ekascribe_input_stop_holding (self);
  }
  return gst_ekascribe_input_connect_caps (self, recording, caps);
}

static void
take_tags (GstEkascribeInput     *self,
           GstEkascribeRecording *recording,
           GstEvent              *event)
{
  g_autofree gchar *language = NULL;
  GstTagList *tags;

  gst_event_parse_tag (event, &tags);
  if (gst_tag_list_get_string (tags, GST_TAG_LANGUAGE_CODE, &language))
    gst_ekascribe_recording_set_language (
        recording, self, gst_tag_get_language_code_iso_639_1 (language));
}

/* An end without audio. The other pads go on, or have still to begin. */
static gboolean
take_empty_eos (GstEkascribeInput *self)
{
  g_autoptr (GstPad) leg = NULL;

  if (!gst_ekascribe_junction_is_alone (self->junction, self)) {
    gst_ekascribe_junction_end_leg (self->junction, self);
    return TRUE;
  }
  if (gst_ekascribe_junction_claim (self->junction, self, &leg) !=
      GST_EKASCRIBE_ROUTE_DIRECT)
    return TRUE;
  gst_ekascribe_input_connect_pad (self, GST_BASE_SINK_PAD (self->sink));
  self->mixed = FALSE;
  self->connected = TRUE;
  return TRUE;
}

/* Whatever is held back goes on its way before the end does. */
static gboolean
take_eos (GstEkascribeInput     *self,
          GstEkascribeRecording *recording)
{
  gint64 end = g_get_monotonic_time () +
               gst_ekascribe_recording_get_timeout (recording) *
                   G_TIME_SPAN_SECOND;
  GstEkascribeWait wait = GST_EKASCRIBE_WAIT_SETTLED;

  if (gst_ekascribe_input_prepare (self, recording) == GST_FLOW_FLUSHING)
    return FALSE;
  if (self->holding)
    wait = gst_ekascribe_recording_wait_settled (recording, &self->interrupted,
                                                 end);
  if (wait == GST_EKASCRIBE_WAIT_INTERRUPTED)
    return FALSE;
  if (self->holding && wait == GST_EKASCRIBE_WAIT_FAILED)
    gst_ekascribe_input_stop_holding (self);
  if (self->holding && gst_ekascribe_input_release_held (self, recording) ==
                           GST_FLOW_FLUSHING)
    return FALSE;
  if (self->connected && self->mixed)
    gst_ekascribe_junction_set_ended (self->junction, self, TRUE);
  return self->connected || take_empty_eos (self);
}

static gboolean
take_event (GstEkascribeInput     *self,
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
      gst_ekascribe_junction_set_ended (self->junction, self, FALSE);
      return TRUE;
    case GST_EVENT_STREAM_START:
      /* In this order: the leg stays for as long as the pad has not ended. */
      gst_ekascribe_junction_set_ended (self->junction, self, FALSE);
      gst_ekascribe_junction_pour (self->junction, self);
      return TRUE;
    case GST_EVENT_CAPS:
      gst_event_parse_caps (event, &caps);
      return take_caps (self, recording, caps);
    case GST_EVENT_TAG:
      take_tags (self, recording, event);
      return TRUE;
    case GST_EVENT_EOS:
      return take_eos (self, recording);
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

/* Without the stream lock, so that the way may be given up meanwhile. */
static gboolean
forward_flush_start (GstEkascribeInput *self,
                     GstObject         *parent,
                     GstEvent          *event)
{
  gboolean good;

  g_mutex_lock (&self->way_lock);
  good = gst_pad_event_default (GST_PAD (self), parent, event);
  g_mutex_unlock (&self->way_lock);
  return good;
}

/* What goes on its way, as it comes. */
static gboolean
forward_event (GstEkascribeInput *self,
               GstObject         *parent,
               GstEvent          *event)
{
  const gboolean end = GST_EVENT_TYPE (event) == GST_EVENT_EOS;
  gboolean good = TRUE;

  if (GST_EVENT_TYPE (event) == GST_EVENT_FLUSH_START)
    return forward_flush_start (self, parent, event);
  if (end && !self->connected)
    gst_event_unref (event);
  else
    good = gst_pad_event_default (GST_PAD (self), parent, event);
  if (end && good)
    gst_ekascribe_junction_set_ended (self->junction, self, TRUE);
  return good;
}

static gboolean
input_event (GstPad    *pad,
             GstObject *parent,
             GstEvent  *event)
{
  GstEkascribeInput *self = GST_EKASCRIBE_INPUT (pad);
  g_autoptr (GstEkascribeRecording) recording =
      gst_ekascribe_input_get_recording (self);
  const gboolean gap = GST_EVENT_TYPE (event) == GST_EVENT_GAP;

  if (recording != NULL && GST_EVENT_IS_SERIALIZED (event) &&
      GST_EVENT_TYPE (event) != GST_EVENT_FLUSH_STOP)
    run_commands (self, parent, FALSE);
  if (recording != NULL && !take_event (self, recording, event)) {
    gst_event_unref (event);
    return FALSE;
  }
  if (must_wait (self, event)) {
    gst_ekascribe_input_hold (self, GST_MINI_OBJECT (event));
    /* It may be long until audio comes again. */
    return !gap || recording == NULL ||
           gst_ekascribe_input_release_if_settled (self, recording) ==
               GST_FLOW_OK;
  }
  if (gap && self->connected && recording != NULL &&
      gst_ekascribe_input_prepare (self, recording) != GST_FLOW_OK) {
    gst_event_unref (event);
    return FALSE;
  }
  return forward_event (self, parent, event);
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

/* GStreamer takes the events off the pad inside of a ghost pad while a push there
 * may have sent only the first of them. So that push comes to its end before. The
 * pad itself takes nothing more by then, and whoever waits behind it was woken. */
static gboolean
input_activate_mode (GstPad    *pad,
                     GstObject *parent,
                     GstPadMode mode,
                     gboolean   active)
{
  if (!active) {
    GST_PAD_STREAM_LOCK (pad);
    GST_PAD_STREAM_UNLOCK (pad);
  }
  return gst_ghost_pad_activate_mode_default (pad, parent, mode, active);
}

/**
 * gst_ekascribe_input_new:
 * @name: of the pad
 * @templ: its template
 * @sink: where packets go
 * @junction: where it meets other pads; lives as long as the element
 *
 * Returns: (transfer floating): a pad that leads nowhere yet
 */
GstPad *
gst_ekascribe_input_new (const gchar            *name,
                         GstPadTemplate         *templ,
                         GstEkascribePacketSink *sink,
                         GstEkascribeJunction   *junction)
{
  GstEkascribeInput *self =
      g_object_new (GST_TYPE_EKASCRIBE_INPUT, "name", name, "direction",
                    GST_PAD_SINK, "template", templ, NULL);

  self->sink = gst_object_ref (sink);
  self->junction = junction;
  gst_pad_set_activatemode_function (GST_PAD (self), input_activate_mode);
  gst_pad_set_chain_function (GST_PAD (self), input_chain);
  gst_pad_set_chain_list_function (GST_PAD (self), input_chain_list);
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
  g_autoptr (GstEkascribeRecording) recording = gst_ekascribe_input_get_recording (self);

  if (recording != NULL)
    gst_ekascribe_recording_interrupt (recording, &self->interrupted, TRUE);
  g_mutex_lock (&self->lock);
  self->halted = TRUE;
  g_mutex_unlock (&self->lock);
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

  gst_ekascribe_input_stop_holding (self);
  g_clear_pointer (&self->kind, g_free);
  self->connected = FALSE;
  self->mixed = FALSE;
  self->flowing = FALSE;
  gst_ghost_pad_set_target (GST_GHOST_PAD (self), NULL);
  g_mutex_lock (&self->lock);
  if (self->recording != NULL)
    gst_ekascribe_recording_forget_pad (self->recording, self);
  if (parent != NULL)
    gst_ekascribe_decoder_remove (GST_BIN (parent),
                                  g_steal_pointer (&self->elements));
  g_clear_pointer (&self->recording, gst_ekascribe_recording_unref);
  g_mutex_unlock (&self->lock);
  return pending;
}

static void
gst_ekascribe_input_finalize (GObject *object)
{
  GstEkascribeInput *self = GST_EKASCRIBE_INPUT (object);

  gst_ekascribe_input_clear_held (self);
  g_free (self->kind);
  g_free (self->label);
  g_list_free (self->elements);
  g_clear_pointer (&self->recording, gst_ekascribe_recording_unref);
  gst_clear_object (&self->sink);
  gst_clear_object (&self->mixer);
  g_mutex_clear (&self->way_lock);
  g_mutex_clear (&self->lock);
  G_OBJECT_CLASS (gst_ekascribe_input_parent_class)->finalize (object);
}

/**
 * gst_ekascribe_input_dup_label:
 * @self: a pad
 *
 * Returns: (transfer full) (nullable): who is heard on it
 */
gchar *
gst_ekascribe_input_dup_label (GstEkascribeInput *self)
{
  gchar *label;

  GST_OBJECT_LOCK (self);
  label = g_strdup (self->label);
  GST_OBJECT_UNLOCK (self);
  return label;
}

static void
gst_ekascribe_input_set_property (GObject      *object,
                                  guint         id,
                                  const GValue *value,
                                  GParamSpec   *pspec)
{
  GstEkascribeInput *self = GST_EKASCRIBE_INPUT (object);
  gchar *old;

  if (id != PROP_LABEL) {
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    return;
  }
  GST_OBJECT_LOCK (self);
  old = self->label;
  self->label = g_value_dup_string (value);
  GST_OBJECT_UNLOCK (self);
  g_free (old);
  gst_ekascribe_junction_tell_labels (self->junction);
}

static void
gst_ekascribe_input_get_property (GObject    *object,
                                  guint       id,
                                  GValue     *value,
                                  GParamSpec *pspec)
{
  GstEkascribeInput *self = GST_EKASCRIBE_INPUT (object);

  if (id != PROP_LABEL) {
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    return;
  }
  g_value_take_string (value, gst_ekascribe_input_dup_label (self));
}

static void
gst_ekascribe_input_class_init (GstEkascribeInputClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->finalize = gst_ekascribe_input_finalize;
  object_class->set_property = gst_ekascribe_input_set_property;
  object_class->get_property = gst_ekascribe_input_get_property;
  /**
   * GstEkascribeInput:label:
   *
   * Who is heard on the pad, such as `doctor` or `patient`: goes into the
   * additional_data of sessions that begin after it was set.
   */
  g_object_class_install_property (
      object_class, PROP_LABEL,
      g_param_spec_string ("label", "Label",
                           "Who is heard on the pad, such as doctor or patient",
                           NULL,
                           G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS |
                               GST_PARAM_MUTABLE_PLAYING));
}

static void
gst_ekascribe_input_init (GstEkascribeInput *self)
{
  g_mutex_init (&self->lock);
  g_mutex_init (&self->way_lock);
  g_queue_init (&self->held);
  self->channel = -1;
}
