/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "gstekascribeinput.h"

#include <gst/tag/tag.h>

#include "gstekascribecaps.h"
#include "gstekascribedecoder.h"
#include "gstekascribelive.h"

#include "chunk/aac.h"
#include "scribe/error.h"

GST_DEBUG_CATEGORY_EXTERN (gst_ekascribe_debug);
#define GST_CAT_DEFAULT gst_ekascribe_debug

/* How much audio is held back until it is known whether the service takes it. */
#define MAX_HELD (20 * GST_SECOND)

/* The same where audio is to be on disk as it comes: a crash loses what is held. */
#define MAX_HELD_AT_RISK (500 * GST_MSECOND)

/* So many blocks of AAC in a row look as if they had SBR only where they have. */
#define SBR_BLOCKS 4

/* RFC 6716: the usual frame, for buffers that do not tell their duration. */
#define USUAL_FRAME (20 * GST_MSECOND)

/* Vorbis: 8192 samples, at 8 kHz. What is said to be longer is not. */
#define LONGEST_FRAME (1024 * GST_MSECOND)

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
  gboolean probing; /* for SBR, in what is held */
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

/* Packets that are held back until it is known whether the service takes them:
 * all but samples, which fit any service, and what has to be parsed first. What
 * it does not take after all is decoded then. */
static gboolean
can_hold (const GstStructure *structure)
{
  EkaCodecType type;

  return gst_ekascribe_caps_get_native (structure, &type) &&
         type != EKA_CODEC_MULAW && type != EKA_CODEC_ALAW &&
         !gst_ekascribe_caps_need_parser (structure);
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

static void
connect_directly (GstEkascribeInput *self)
{
  GstGhostPad *ghost = GST_GHOST_PAD (self);

  gst_ghost_pad_set_target (ghost, NULL);
  gst_ekascribe_packet_sink_plug (self->sink, FALSE);
  gst_ghost_pad_set_target (ghost, GST_BASE_SINK_PAD (self->sink));
}

static gboolean
connect_elements (GstEkascribeInput *self,
                  GstElement        *bin,
                  GstCaps           *caps,
                  GstEkascribeWay    way)
{
  GstPad *pad;

  gst_ghost_pad_set_target (GST_GHOST_PAD (self), NULL);
  gst_ekascribe_packet_sink_plug (self->sink, FALSE);
  g_mutex_lock (&self->lock);
  if (!self->halted)
    self->elements = gst_ekascribe_decoder_build (
        GST_BIN (bin), caps, way, GST_BASE_SINK_PAD (self->sink));
  g_mutex_unlock (&self->lock);
  if (self->elements == NULL)
    return FALSE;
  pad = gst_ekascribe_decoder_get_pad (self->elements);
  gst_ghost_pad_set_target (GST_GHOST_PAD (self), pad);
  gst_object_unref (pad);
  return TRUE;
}

static void
complain (GstElement   *bin,
          GstCaps      *caps,
          const GError *error)
{
  if (g_error_matches (error, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_SETTINGS))
    GST_ELEMENT_ERROR (bin, RESOURCE, SETTINGS, ("%s", error->message),
                       ("container; caps %" GST_PTR_FORMAT, caps));
  else
    GST_ELEMENT_ERROR (bin, STREAM, FORMAT, ("%s", error->message),
                       ("caps %" GST_PTR_FORMAT, caps));
}

static gboolean
has_sbr (GstBuffer *buffer)
{
  GstMapInfo map;
  gboolean found;
  gsize header;

  if (!gst_buffer_map (buffer, &map, GST_MAP_READ))
    return FALSE;
  header = eka_aac_adts_header_size (map.data, map.size);
  found = eka_aac_has_sbr (map.data + header, map.size - header);
  gst_buffer_unmap (buffer, &map);
  return found;
}

/* HE-AAC may not say what it is. A chunk can't take it as it comes, for SBR needs
 * more of the past than the core. */
static gboolean
holds_sbr (GstEkascribeInput *self)
{
  guint n = 0;
  GList *l;

  for (l = self->held.head; l != NULL && n < SBR_BLOCKS; l = l->next) {
    if (!GST_IS_BUFFER (l->data))
      continue;
    if (!has_sbr (l->data))
      return FALSE;
    n++;
  }
  return n == SBR_BLOCKS;
}

/* Makes the way that @caps take to the packet sink. */
static gboolean
connect_caps (GstEkascribeInput     *self,
              GstElement            *bin,
              GstEkascribeRecording *recording,
              GstCaps               *caps)
{
  const GstStructure *structure = gst_caps_get_structure (caps, 0);
  g_autoptr (GError) error = NULL;
  GstEkascribeFormat format;
  EkaCodecType type;
  gboolean native = gst_ekascribe_caps_get_native (structure, &type) &&
                    !gst_ekascribe_recording_is_streaming (recording) &&
                    !(self->probing && holds_sbr (self));

  if (!gst_ekascribe_recording_choose_format (recording,
                                              native ? &type : NULL, &format,
                                              &error)) {
    complain (bin, caps, error);
    return FALSE;
  }
  gst_ekascribe_packet_sink_set_format (self->sink, &format);
  if (native && format.codec == type) {
    if (!gst_ekascribe_caps_need_parser (structure))
      connect_directly (self);
    else if (!connect_elements (self, bin, caps, GST_EKASCRIBE_WAY_PARSE))
      return FALSE;
  } else if (!connect_elements (self, bin, caps,
                                format.codec == EKA_CODEC_OPUS ?
                                    GST_EKASCRIBE_WAY_ENCODE :
                                    GST_EKASCRIBE_WAY_DECODE)) {
    return FALSE;
  }
  self->connected = TRUE;
  return TRUE;
}

/* Takes the way to the packet sink apart, once all that is on it has arrived. */
static void
disconnect_caps (GstEkascribeInput *self,
                 GstElement        *bin)
{
  GList *elements = g_steal_pointer (&self->elements);

  if (elements != NULL)
    gst_ekascribe_decoder_drain (elements);
  gst_ghost_pad_set_target (GST_GHOST_PAD (self), NULL);
  g_mutex_lock (&self->lock);
  gst_ekascribe_decoder_remove (GST_BIN (bin), elements);
  g_mutex_unlock (&self->lock);
  self->connected = FALSE;
}

/* --- holding packets back until discovery is settled ----------------------- */

/* Bytes of which nothing is known, such as those of a file, have no way. */
static GstFlowReturn
input_chain (GstPad    *pad,
             GstObject *parent,
             GstBuffer *buffer)
{
  if (GST_EKASCRIBE_INPUT (pad)->kind != NULL || gst_pad_has_current_caps (pad))
    return gst_proxy_pad_chain_default (pad, parent, buffer);
  gst_buffer_unref (buffer);
  GST_ELEMENT_ERROR (parent, STREAM, TYPE_NOT_FOUND,
                     ("The data has no caps, so that nothing tells what audio "
                      "it is. Put parsebin before ekascribesink."),
                     (NULL));
  return GST_FLOW_NOT_NEGOTIATED;
}

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
  self->probing = FALSE;
  gst_pad_set_chain_function (GST_PAD (self), input_chain);
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

/* Of a packet, by what its buffer says, as far as that can be. */
static GstClockTime
estimate_duration (GstBuffer *buffer)
{
  const GstClockTime duration = GST_BUFFER_DURATION (buffer);

  return GST_CLOCK_TIME_IS_VALID (duration) && duration > 0 &&
                 duration <= LONGEST_FRAME ?
             duration :
             USUAL_FRAME;
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
    self->held_time += estimate_duration (GST_BUFFER (item));
}

static guint
count_held (GstEkascribeInput *self)
{
  guint n = 0;
  GList *l;

  for (l = self->held.head; l != NULL; l = l->next)
    n += GST_IS_BUFFER (l->data);
  return n;
}

static gboolean
may_hold_more (GstEkascribeInput     *self,
               GstEkascribeRecording *recording,
               gboolean               live)
{
  gst_ekascribe_recording_set_live (recording, live);
  return self->held_time <
         (gst_ekascribe_recording_wants_state (recording) ? MAX_HELD_AT_RISK
                                                          : MAX_HELD);
}

/* Lets go what is held back, once it is known whether the service takes it. */
static GstFlowReturn
release_if_settled (GstEkascribeInput     *self,
                    GstObject             *parent,
                    GstEkascribeRecording *recording)
{
  GstEkascribeWait wait;

  if (self->probing && count_held (self) < SBR_BLOCKS)
    return GST_FLOW_OK;
  wait = gst_ekascribe_recording_wait_settled (recording, &self->interrupted,
                                               0);
  if (wait == GST_EKASCRIBE_WAIT_TIMEOUT) {
    const gboolean live = gst_ekascribe_live_query (GST_PAD (self));

    if (may_hold_more (self, recording, live))
      return GST_FLOW_OK;
    if (!live)
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
hold_chain (GstPad    *pad,
            GstObject *parent,
            GstBuffer *buffer)
{
  GstEkascribeInput *self = GST_EKASCRIBE_INPUT (pad);
  g_autoptr (GstEkascribeRecording) recording = get_recording (self);

  if (recording == NULL) {
    gst_buffer_unref (buffer);
    return GST_FLOW_FLUSHING;
  }
  hold (self, GST_MINI_OBJECT (buffer));
  return release_if_settled (self, parent, recording);
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
start_holding (GstEkascribeInput *self,
               gboolean           probing)
{
  self->holding = TRUE;
  self->probing = probing;
  gst_pad_set_chain_function (GST_PAD (self), hold_chain);
  gst_pad_set_chain_list_function (GST_PAD (self), hold_chain_list);
}

/* --- events --------------------------------------------------------------- */

static gboolean
take_caps (GstEkascribeInput     *self,
           GstObject             *parent,
           GstEkascribeRecording *recording,
           GstCaps               *caps)
{
  GstStructure *structure = gst_caps_get_structure (caps, 0);
  g_autofree gchar *kind = get_kind (structure);
  gboolean probing;

  if (g_strcmp0 (self->kind, kind) == 0)
    return TRUE;
  /* Another codec: what came goes its way, and what comes gets one of its own.
   */
  if (self->holding &&
      release_held (self, parent, recording) == GST_FLOW_FLUSHING)
    return FALSE;
  if (self->connected)
    disconnect_caps (self, GST_ELEMENT (parent));
  g_free (self->kind);
  self->kind = g_steal_pointer (&kind);
  probing = can_hold (structure) && gst_ekascribe_caps_may_have_sbr (structure);
  if (probing ||
      (can_hold (structure) &&
       gst_ekascribe_recording_wait_settled (recording, &self->interrupted,
                                             0) ==
           GST_EKASCRIBE_WAIT_TIMEOUT)) {
    start_holding (self, probing);
    return TRUE;
  }
  return connect_caps (self, GST_ELEMENT (parent), recording, caps);
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
      return take_caps (self, parent, recording, caps);
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
    const gboolean gap = GST_EVENT_TYPE (event) == GST_EVENT_GAP;

    hold (self, GST_MINI_OBJECT (event));
    /* It may be long until audio comes again. */
    return !gap || recording == NULL ||
           release_if_settled (self, parent, recording) == GST_FLOW_OK;
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
  gst_pad_set_chain_function (GST_PAD (self), input_chain);
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

/* Returns: (transfer full) (nullable): caps of what is held back */
static GstCaps *
get_held_caps (GstEkascribeInput *self)
{
  GstCaps *caps;
  GList *l;

  for (l = self->held.head; l != NULL; l = l->next) {
    if (GST_IS_EVENT (l->data) &&
        GST_EVENT_TYPE (l->data) == GST_EVENT_CAPS) {
      gst_event_parse_caps (l->data, &caps);
      return gst_caps_ref (caps);
    }
  }
  return NULL;
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
  g_autoptr (GstCaps) caps = get_held_caps (self);
  GQueue *held = g_queue_new ();
  EkaCodecType type;
  const GstEkascribeFormatWish any = { .native = &type };
  GstEkascribeFormat format;

  if (recording == NULL || g_queue_is_empty (&self->held))
    return held;
  *held = self->held;
  g_queue_init (&self->held);
  self->held_time = 0;
  if (caps == NULL ||
      !gst_ekascribe_caps_get_native (gst_caps_get_structure (caps, 0), &type))
    return held;
  /* It is too late to decode it: what the service does not take is recoded. */
  if ((gst_ekascribe_recording_choose_format (recording, &type, &format,
                                              NULL) &&
       format.codec == type) ||
      gst_ekascribe_format_choose (&format, &any, NULL))
    gst_ekascribe_packet_sink_set_format (self->sink, &format);
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
