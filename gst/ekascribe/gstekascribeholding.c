/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Packets are held back until it is known whether the service takes them. */
#include "gstekascribeinputprivate.h"

#include "gstekascribecaps.h"
#include "gstekascribedecoder.h"
#include "gstekascribelive.h"

#include "chunk/aac.h"

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

/* Packets that are held back until it is known whether the service takes them:
 * all but samples, which fit any service, and what has to be parsed first. What
 * it does not take after all is decoded then. */
gboolean
gst_ekascribe_input_can_hold (const GstStructure *structure)
{
  EkaCodecType type;

  return gst_ekascribe_caps_get_native (structure, &type) &&
         type != EKA_CODEC_MULAW && type != EKA_CODEC_ALAW &&
         !gst_ekascribe_caps_need_parser (structure);
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
gboolean
gst_ekascribe_input_holds_sbr (GstEkascribeInput *self)
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


void
gst_ekascribe_input_clear_held (GstEkascribeInput *self)
{
  g_queue_clear_full (&self->held, (GDestroyNotify) gst_mini_object_unref);
  self->held_time = 0;
}

void
gst_ekascribe_input_stop_holding (GstEkascribeInput *self)
{
  gst_ekascribe_input_clear_held (self);
  self->holding = FALSE;
  self->probing = FALSE;
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

/* A buffer that a leg refused is not mixed; the packet sink may have taken one
 * before it was interrupted. */
static gboolean
was_taken (GstEkascribeInput *self,
           guint64            before)
{
  return !self->mixed && gst_ekascribe_packet_sink_count (self->sink) != before;
}

static GstFlowReturn
replay (GstEkascribeInput *self)
{
  g_autoptr (GstObject) parent = gst_object_get_parent (GST_OBJECT (self));
  GstPad *pad = GST_PAD (self);
  GstFlowReturn ret = GST_FLOW_OK;
  GstMiniObject *item;
  GQueue told = G_QUEUE_INIT;

  while (ret == GST_FLOW_OK && (item = g_queue_pop_head (&self->held)) != NULL) {
    /* Of a leg it is the mixer's thread that gets there. */
    const guint64 before =
        self->mixed ? 0 : gst_ekascribe_packet_sink_count (self->sink);

    gst_mini_object_ref (item);
    if (GST_IS_EVENT (item)) {
      g_queue_push_tail (&told, item);
      gst_pad_event_default (pad, parent, GST_EVENT (item));
      continue;
    }
    ret = gst_proxy_pad_chain_default (pad, parent, GST_BUFFER (item));
    if (ret == GST_FLOW_FLUSHING && !was_taken (self, before))
      g_queue_push_head (&self->held, item);
    else
      gst_mini_object_unref (item);
  }
  if (ret == GST_FLOW_FLUSHING)
    hold_again (self, &told);
  else
    gst_ekascribe_input_stop_holding (self);
  g_queue_clear_full (&told, (GDestroyNotify) gst_mini_object_unref);
  return ret;
}

/* Under the stream lock: sends what is held back on its way, and makes one where
 * there is none. */
GstFlowReturn
gst_ekascribe_input_release_held (GstEkascribeInput     *self,
                                  GstEkascribeRecording *recording)
{
  g_autoptr (GstCaps) caps = gst_pad_get_current_caps (GST_PAD (self));
  GstFlowReturn ret = gst_ekascribe_input_prepare (self, recording);

  if (ret != GST_FLOW_OK || !self->holding)
    return ret;
  if (!self->connected &&
      !gst_ekascribe_input_connect_caps (self, recording, caps)) {
    gst_ekascribe_input_stop_holding (self);
    return GST_FLOW_NOT_NEGOTIATED;
  }
  return replay (self);
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

/* @item: (transfer full): comes behind what is held back */
void
gst_ekascribe_input_hold (GstEkascribeInput *self,
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

/**
 * gst_ekascribe_input_release:
 * @self: a pad, whose stream lock is held
 *
 * Lets go what is held back, whether it is known what the service takes or not.
 */
void
gst_ekascribe_input_release (GstEkascribeInput *self)
{
  g_autoptr (GstEkascribeRecording) recording =
      gst_ekascribe_input_get_recording (self);

  if (recording != NULL && self->holding && self->held_time > 0)
    gst_ekascribe_input_release_held (self, recording);
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
GstFlowReturn
gst_ekascribe_input_release_if_settled (GstEkascribeInput     *self,
                                        GstEkascribeRecording *recording)
{
  GstEkascribeWait wait;

  /* What is mixed is decoded, whatever the service takes. */
  if (self->generation !=
      gst_ekascribe_junction_get_generation (self->junction))
    return gst_ekascribe_input_release_held (self, recording);
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
  return gst_ekascribe_input_release_held (self, recording);
}

/* Under the stream lock: what comes is held back. @probing: until it is known
 * whether it has SBR, too */
void
gst_ekascribe_input_start_holding (GstEkascribeInput *self,
                                   gboolean           probing)
{
  self->holding = TRUE;
  self->probing = probing;
  self->generation = gst_ekascribe_junction_get_generation (self->junction);
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
  g_autoptr (GstEkascribeRecording) recording =
      gst_ekascribe_input_get_recording (self);
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

/* Of a pad that goes: has what is held back decoded into @leg of the mixer. */
void
gst_ekascribe_input_pour_held (GstEkascribeInput *self,
                               GstPad            *leg)
{
  g_autoptr (GstObject) parent = gst_object_get_parent (GST_OBJECT (self));
  g_autoptr (GstCaps) caps = get_held_caps (self);
  g_autoptr (GstPad) first = NULL;
  GstMiniObject *item;
  GList *elements;

  if (caps == NULL || parent == NULL)
    return;
  elements = gst_ekascribe_decoder_build (GST_BIN (parent), caps,
                                          GST_EKASCRIBE_WAY_DECODE, leg,
                                          GST_OBJECT_NAME (self));
  if (elements == NULL)
    return;
  first = gst_ekascribe_decoder_get_pad (elements);
  while ((item = g_queue_pop_head (&self->held)) != NULL) {
    if (GST_IS_EVENT (item))
      gst_pad_send_event (first, GST_EVENT (item));
    else
      gst_pad_chain (first, GST_BUFFER (item));
  }
  self->held_time = 0;
  gst_ekascribe_decoder_drain (elements);
  gst_ekascribe_decoder_remove (GST_BIN (parent), elements);
}
