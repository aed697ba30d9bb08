/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "gstekascribepacketsinkprivate.h"

#include "gstekascribecaps.h"
#include "gstekascribeready.h"

GST_DEBUG_CATEGORY_EXTERN (gst_ekascribe_debug);
#define GST_CAT_DEFAULT gst_ekascribe_debug

/* An event that has commands done, between two buffers. */
#define OBEY "ekascribe-obey"

G_DEFINE_FINAL_TYPE (GstEkascribePacketSink,
                     gst_ekascribe_packet_sink,
                     GST_TYPE_BASE_SINK)

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE (
    "sink",
    GST_PAD_SINK,
    GST_PAD_ALWAYS,
    GST_STATIC_CAPS (GST_EKASCRIBE_PACKET_CAPS));

static GstFlowReturn
gst_ekascribe_packet_sink_render (GstBaseSink *sink,
                                  GstBuffer   *buffer)
{
  return gst_ekascribe_packet_sink_take_buffer (
      GST_EKASCRIBE_PACKET_SINK (sink), buffer);
}

static gboolean
gst_ekascribe_packet_sink_set_caps (GstBaseSink *sink,
                                    GstCaps     *caps)
{
  GstEkascribePacketSink *self = GST_EKASCRIBE_PACKET_SINK (sink);

  if (!gst_ekascribe_unwrapper_set_caps (&self->unwrapper,
                                         gst_caps_get_structure (caps, 0)))
    return FALSE;
  gst_ekascribe_packet_sink_follow_codec (self);
  return TRUE;
}

/* GstBaseSink drops what lies outside of the segment. But the first packets of
 * MP4 do, and the decoder needs them. It asks for the times of each buffer before
 * it drops it, and then looks at the PTS whatever these are. */
static void
gst_ekascribe_packet_sink_get_times (GstBaseSink  *sink,
                                     GstBuffer    *buffer,
                                     GstClockTime *start,
                                     GstClockTime *end)
{
  GstEkascribePacketSink *self = GST_EKASCRIBE_PACKET_SINK (sink);
  const gboolean first = self->have_codec &&
                         self->codec.type == EKA_CODEC_AAC && !self->heard &&
                         GST_BUFFER_PTS_IS_VALID (buffer) &&
                         GST_BUFFER_PTS (buffer) < sink->segment.start;

  gst_base_sink_set_drop_out_of_segment (sink, !first);
  GST_BASE_SINK_CLASS (gst_ekascribe_packet_sink_parent_class)
      ->get_times (sink, buffer, start, end);
}

/* No audio comes for a time: what lasts over a second is not waited for. */
static GstFlowReturn
take_gap (GstEkascribePacketSink *self,
          GstEvent               *event)
{
  GstClockTime start, duration, running_time;

  gst_event_parse_gap (event, &start, &duration);
  self->timeline.broken = TRUE;
  if (self->chunker == NULL || !GST_CLOCK_TIME_IS_VALID (duration) ||
      GST_BASE_SINK (self)->segment.format != GST_FORMAT_TIME ||
      self->limits.whole)
    return GST_FLOW_OK;
  running_time = gst_segment_to_running_time (&GST_BASE_SINK (self)->segment,
                                              GST_FORMAT_TIME,
                                              start + duration);
  if (!gst_ekascribe_timeline_is_jump (&self->timeline, running_time))
    return GST_FLOW_OK;
  eka_chunker_close (self->chunker);
  gst_ekascribe_packet_sink_collect (self);
  return gst_ekascribe_packet_sink_deliver (self);
}

/* Hands over all that was taken. Returns: GST_FLOW_FLUSHING where that was
 * interrupted */
static GstFlowReturn
hand_over_rest (GstEkascribePacketSink *self)
{
  GstFlowReturn ret = gst_ekascribe_packet_sink_settle (self);

  if (ret == GST_FLOW_OK)
    ret = gst_ekascribe_packet_sink_settle_kept (self);
  if (ret == GST_FLOW_OK && !gst_ekascribe_packet_sink_drop_discarded (self))
    ret = gst_ekascribe_packet_sink_await_limits (self, TRUE);
  if (ret != GST_FLOW_OK)
    return ret;
  gst_ekascribe_packet_sink_drop_chunker (self);
  return gst_ekascribe_packet_sink_deliver (self);
}

static gboolean
end_of_stream (GstEkascribePacketSink *self,
               GstEvent               *event)
{
  gboolean listening;

  /* An end may come in PAUSED: GstBaseSink holds a lock here that the change to
   * PLAYING needs, and that is let go only while preroll is waited for. */
  if (gst_base_sink_do_preroll (GST_BASE_SINK (self),
                                GST_MINI_OBJECT (event)) != GST_FLOW_OK)
    return FALSE;
  do {
    if (hand_over_rest (self) == GST_FLOW_FLUSHING)
      return FALSE;
    listening = gst_ekascribe_steering_get_mode (self->steering).listening;
    gst_ekascribe_recording_end (self->recording, listening);
  } while (!gst_ekascribe_steering_end (self->steering));
  gst_ekascribe_timeline_reset (&self->timeline);
  gst_ekascribe_recording_set_paused (self->recording, FALSE);
  gst_ekascribe_packet_sink_forget_plans (self);
  return TRUE;
}

/* Returns: %FALSE where what the application has asked for is still to be done */
static gboolean
obey (GstEkascribePacketSink *self)
{
  return self->recording == NULL ||
         gst_ekascribe_packet_sink_run_commands (self) != GST_FLOW_FLUSHING;
}

static gboolean
gst_ekascribe_packet_sink_event (GstBaseSink *sink,
                                 GstEvent    *event)
{
  GstEkascribePacketSink *self = GST_EKASCRIBE_PACKET_SINK (sink);

  /* The session is finished before the EOS message goes to the bin, which
   * holds it until there is no session any more. */
  if (GST_EVENT_TYPE (event) == GST_EVENT_EOS && self->recording != NULL &&
      !end_of_stream (self, event)) {
    gst_event_unref (event);
    return FALSE;
  }
  if (gst_event_has_name (event, OBEY)) {
    gst_event_unref (event);
    return obey (self);
  }
  if (GST_EVENT_TYPE (event) == GST_EVENT_GAP && self->recording != NULL)
    take_gap (self, event);
  if (GST_EVENT_TYPE (event) == GST_EVENT_FLUSH_STOP)
    gst_ekascribe_steering_reopen (self->steering);
  return GST_BASE_SINK_CLASS (gst_ekascribe_packet_sink_parent_class)
      ->event (sink, event);
}

static gboolean
gst_ekascribe_packet_sink_unlock (GstBaseSink *sink)
{
  GstEkascribePacketSink *self = GST_EKASCRIBE_PACKET_SINK (sink);

  if (self->recording != NULL) {
    gst_ekascribe_recording_interrupt (self->recording, &self->interrupted,
                                       TRUE);
    gst_ekascribe_recording_set_flushing (self->recording, TRUE);
  }
  return TRUE;
}

static gboolean
gst_ekascribe_packet_sink_unlock_stop (GstBaseSink *sink)
{
  GstEkascribePacketSink *self = GST_EKASCRIBE_PACKET_SINK (sink);

  if (self->recording != NULL) {
    gst_ekascribe_recording_interrupt (self->recording, &self->interrupted,
                                       FALSE);
    gst_ekascribe_recording_set_flushing (self->recording, FALSE);
  }
  return TRUE;
}

/* GstBaseSink may take a pause that comes right after PLAYING for none, so that
 * the streaming thread waits in PAUSED with the lock held that the change to
 * PLAYING needs. It is sent to wait for PLAYING, where the lock is let go. */
static GstStateChangeReturn
gst_ekascribe_packet_sink_change_state (GstElement    *element,
                                        GstStateChange transition)
{
  GstBaseSink *sink = GST_BASE_SINK (element);

  if (transition == GST_STATE_CHANGE_PAUSED_TO_PLAYING) {
    gst_ekascribe_packet_sink_unlock (sink);
    GST_BASE_SINK_PREROLL_LOCK (sink);
    gst_ekascribe_packet_sink_unlock_stop (sink);
    sink->need_preroll = TRUE;
    GST_BASE_SINK_PREROLL_UNLOCK (sink);
  }
  return GST_ELEMENT_CLASS (gst_ekascribe_packet_sink_parent_class)
      ->change_state (element, transition);
}

/**
 * gst_ekascribe_packet_sink_start:
 * @self: a packet sink in READY
 * @recording: (transfer none): the run that begins
 */
void
gst_ekascribe_packet_sink_start (GstEkascribePacketSink *self,
                                 GstEkascribeRecording  *recording)
{
  self->recording = gst_ekascribe_recording_ref (recording);
  self->limits = (EkaChunkLimits) { 0 };
  self->heard = FALSE;
  gst_ekascribe_timeline_reset (&self->timeline);
  gst_ekascribe_stamper_reset (&self->stamper);
  self->changed = FALSE;
  self->interrupted = FALSE;
  self->may_cut = FALSE;
  gst_ekascribe_packet_sink_forget_plans (self);
}

/**
 * gst_ekascribe_packet_sink_stop:
 * @self: a packet sink in READY again
 * @held: (nullable) (element-type GstMiniObject): events and buffers that were
 *   on their way
 *
 * What has not been handed over goes to the recording where that can save it,
 * and so does @held; it is dropped otherwise.
 *
 * Returns: how much audio was dropped, in ns
 */
GstClockTime
gst_ekascribe_packet_sink_stop (GstEkascribePacketSink *self,
                                GQueue                 *held)
{
  GstClockTime pending = 0;

  if (self->recording != NULL && !gst_ekascribe_packet_sink_drop_discarded (self)) {
    if (gst_ekascribe_recording_wants_rest (self->recording))
      gst_ekascribe_packet_sink_save (self, held);
    pending = gst_ekascribe_packet_sink_get_pending (self);
  }
  g_clear_pointer (&self->chunker, eka_chunker_free);
  gst_ekascribe_ready_clear (&self->ready);
  gst_ekascribe_packet_sink_forget_plans (self);
  g_clear_pointer (&self->recording, gst_ekascribe_recording_unref);
  gst_ekascribe_unwrapper_clear (&self->unwrapper);
  eka_codec_clear (&self->codec);
  self->have_codec = FALSE;
  self->format = (GstEkascribeFormat) { 0 };
  return pending;
}

/**
 * gst_ekascribe_packet_sink_set_steering:
 * @self: a new packet sink
 * @steering: (transfer none): what the application asks for
 */
void
gst_ekascribe_packet_sink_set_steering (GstEkascribePacketSink *self,
                                        GstEkascribeSteering   *steering)
{
  self->steering = gst_ekascribe_steering_ref (steering);
}

/**
 * gst_ekascribe_packet_sink_obey:
 * @self: a packet sink
 *
 * Has commands done before the next packet. May wait: for one that another
 * thread brings, and for room.
 */
void
gst_ekascribe_packet_sink_obey (GstEkascribePacketSink *self)
{
  gst_pad_send_event (
      GST_BASE_SINK_PAD (self),
      gst_event_new_custom (GST_EVENT_CUSTOM_DOWNSTREAM,
                            gst_structure_new_empty (OBEY)));
}

/**
 * gst_ekascribe_packet_sink_count:
 * @self: a packet sink
 *
 * Tells a packet that was taken, although its push was interrupted later, from
 * one that a flush has refused. To be called on the streaming thread.
 *
 * Returns: how many packets were taken in all runs
 */
guint64
gst_ekascribe_packet_sink_count (GstEkascribePacketSink *self)
{
  return self->packets;
}

/**
 * gst_ekascribe_packet_sink_set_format:
 * @self: a packet sink
 * @format: (transfer none): of the chunks to come, before the first packet
 */
void
gst_ekascribe_packet_sink_set_format (GstEkascribePacketSink   *self,
                                      const GstEkascribeFormat *format)
{
  self->format = *format;
}

/**
 * gst_ekascribe_packet_sink_break:
 * @self: a packet sink that no thread is in
 *
 * What comes from now on goes to another session, if any of this recording came
 * before.
 */
void
gst_ekascribe_packet_sink_break (GstEkascribePacketSink *self)
{
  if (self->recording == NULL || !self->have_codec)
    return;
  gst_ekascribe_packet_sink_drop_chunker (self);
  gst_ekascribe_timeline_jump (&self->timeline);
  self->changed = TRUE;
}

/**
 * gst_ekascribe_packet_sink_plug:
 * @self: a packet sink
 * @plug: no pad of the element leads here
 *
 * Whoever looks for a pad that is not linked, such as
 * gst_parse_bin_from_description(), must not find this one and go past the
 * element's own.
 */
void
gst_ekascribe_packet_sink_plug (GstEkascribePacketSink *self,
                                gboolean                plug)
{
  GstPad *pad = GST_BASE_SINK_PAD (self);

  if (!plug)
    gst_pad_unlink (self->plug, pad);
  else if (!gst_pad_is_linked (pad))
    gst_pad_link_full (self->plug, pad, GST_PAD_LINK_CHECK_NOTHING);
}

static void
gst_ekascribe_packet_sink_dispose (GObject *object)
{
  GstEkascribePacketSink *self = GST_EKASCRIBE_PACKET_SINK (object);

  if (self->plug != NULL)
    gst_ekascribe_packet_sink_plug (self, FALSE);
  gst_clear_object (&self->plug);
  G_OBJECT_CLASS (gst_ekascribe_packet_sink_parent_class)->dispose (object);
}

static void
gst_ekascribe_packet_sink_finalize (GObject *object)
{
  GstEkascribePacketSink *self = GST_EKASCRIBE_PACKET_SINK (object);

  gst_ekascribe_packet_sink_stop (self, NULL);
  eka_speech_free (self->speech);
  g_clear_pointer (&self->steering, gst_ekascribe_steering_unref);
  G_OBJECT_CLASS (gst_ekascribe_packet_sink_parent_class)->finalize (object);
}

static void
gst_ekascribe_packet_sink_class_init (GstEkascribePacketSinkClass *klass)
{
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  GstBaseSinkClass *sink_class = GST_BASE_SINK_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = gst_ekascribe_packet_sink_dispose;
  G_OBJECT_CLASS (klass)->finalize = gst_ekascribe_packet_sink_finalize;
  element_class->change_state = gst_ekascribe_packet_sink_change_state;
  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_set_static_metadata (
      element_class, "EkaScribe packet sink", "Sink/Audio",
      "Cuts packets into chunks; a part of ekascribesink",
      "gst-ekascribe");
  sink_class->set_caps = gst_ekascribe_packet_sink_set_caps;
  sink_class->event = gst_ekascribe_packet_sink_event;
  sink_class->get_times = gst_ekascribe_packet_sink_get_times;
  sink_class->render = gst_ekascribe_packet_sink_render;
  sink_class->unlock = gst_ekascribe_packet_sink_unlock;
  sink_class->unlock_stop = gst_ekascribe_packet_sink_unlock_stop;
}

static void
gst_ekascribe_packet_sink_init (GstEkascribePacketSink *self)
{
  GstBaseSink *sink = GST_BASE_SINK (self);

  g_queue_init (&self->ready);
  g_queue_init (&self->kept);
  self->speech = eka_speech_new ();
  self->plug = gst_object_ref_sink (gst_pad_new ("plug", GST_PAD_SRC));
  gst_ekascribe_timeline_reset (&self->timeline);
  gst_ekascribe_stamper_reset (&self->stamper);
  gst_base_sink_set_sync (sink, FALSE);
  /* A silent live source would keep the pipeline ASYNC for ever. */
  gst_base_sink_set_async_enabled (sink, FALSE);
  gst_base_sink_set_last_sample_enabled (sink, FALSE);
  gst_base_sink_set_qos_enabled (sink, FALSE);
}
