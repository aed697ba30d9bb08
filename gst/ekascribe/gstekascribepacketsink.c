/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "gstekascribepacketsink.h"

#include <string.h>

#include "gstekascribecaps.h"
#include "gstekascribestamper.h"
#include "gstekascribetimeline.h"
#include "gstekascribeunwrapper.h"
#include "gstekascribewhole.h"

#include "chunk/chunker.h"
#include "chunk/cut.h"
#include "chunk/silence.h"

GST_DEBUG_CATEGORY_EXTERN (gst_ekascribe_debug);
#define GST_CAT_DEFAULT gst_ekascribe_debug

/* The service takes 10 MB; see docs. */
#define MAX_CHUNK_BYTES 10000000

/* No service has chunks shorter than this. */
#define MIN_CHUNK GST_SECOND

/* Used on the streaming thread, but for @recording and @format, which change
 * while it stands still. */
struct _GstEkascribePacketSink
{
  GstBaseSink parent;

  GstPad *plug; /* linked where no pad of the element is */
  GstEkascribeRecording *recording; /* from start to stop */
  GstEkascribeFormat format;        /* of the chunks */
  GstEkascribeUnwrapper unwrapper;
  GstEkascribeStamper stamper;
  GstEkascribeTimeline timeline;
  EkaCodec codec; /* valid where @have_codec */
  gboolean have_codec;
  guint measured;     /* for eka_codec_measure_packet() */
  guint8 last[EKA_SILENCE_LIKE]; /* how the last packet begins */
  EkaChunker *chunker; /* from the first packet to the end of a session */
  EkaChunkLimits limits;
  GQueue ready;         /* of EkaChunk, cut but not handed over */
  gboolean changed;     /* what comes after @ready has another format */
  gboolean interrupted; /* of gst_ekascribe_recording_wait_settled() */
  guint64 packets;      /* that were taken */
  gboolean may_cut;     /* nothing more will be known of @limits */
  gboolean heard;       /* of what @chunker took, some is to be heard */
};

G_DEFINE_FINAL_TYPE (GstEkascribePacketSink,
                     gst_ekascribe_packet_sink,
                     GST_TYPE_BASE_SINK)

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE (
    "sink",
    GST_PAD_SINK,
    GST_PAD_ALWAYS,
    GST_STATIC_CAPS (GST_EKASCRIBE_PACKET_CAPS));

/* What has been cut goes to the list of chunks that wait to be handed over. */
static void
collect (GstEkascribePacketSink *self)
{
  EkaChunk *chunk;

  while ((chunk = eka_chunker_pop (self->chunker)) != NULL)
    g_queue_push_tail (&self->ready, chunk);
}

static void
drop_chunker (GstEkascribePacketSink *self)
{
  self->heard = FALSE;
  if (self->chunker == NULL)
    return;
  eka_chunker_close (self->chunker);
  collect (self);
  g_clear_pointer (&self->chunker, eka_chunker_free);
}

static GstClockTime
get_pending (GstEkascribePacketSink *self)
{
  GstClockTime pending = 0;
  GList *l;

  if (self->chunker != NULL)
    pending = eka_chunker_get_pending (self->chunker, NULL);
  for (l = self->ready.head; l != NULL; l = l->next)
    pending += ((EkaChunk *) l->data)->duration;
  return pending;
}

static gboolean
is_live (GstEkascribePacketSink *self)
{
  GstQuery *query = gst_query_new_latency ();
  gboolean live = FALSE;

  if (gst_pad_peer_query (GST_BASE_SINK_PAD (self), query))
    gst_query_parse_latency (query, &live, NULL, NULL);
  gst_query_unref (query);
  return live;
}

/* GstBaseSink waits for one signal, which may be of a change to PLAYING that
 * another pause has undone before this thread came to run: who goes on then
 * holds the lock that the next change needs. */
static GstFlowReturn
wait_for_playing (GstEkascribePacketSink *self)
{
  GstBaseSink *sink = GST_BASE_SINK (self);
  GstFlowReturn ret;

  do
    ret = gst_base_sink_wait_preroll (sink);
  while (ret == GST_FLOW_OK && sink->need_preroll);
  return ret;
}

/* Hands over what is ready. A chunk stays in the list until it is taken, so
 * that neither a flush nor a pause loses it. */
static GstFlowReturn
deliver (GstEkascribePacketSink *self)
{
  GstFlowReturn ret = GST_FLOW_OK;
  EkaChunk *chunk;

  while (ret == GST_FLOW_OK &&
         (chunk = g_queue_peek_head (&self->ready)) != NULL) {
    ret = gst_ekascribe_recording_put (self->recording, chunk, is_live (self));
    if (ret == GST_FLOW_OK)
      eka_chunk_unref (g_queue_pop_head (&self->ready));
    else if (ret == GST_FLOW_FLUSHING)
      ret = wait_for_playing (self);
  }
  if (ret == GST_FLOW_OK && self->changed) {
    self->changed = FALSE;
    gst_ekascribe_recording_roll_over (self->recording);
  }
  return ret;
}

/* Forgets what was taken, where nobody wants the recording any more.
 *
 * Returns: whether that is so */
static gboolean
drop_discarded (GstEkascribePacketSink *self)
{
  if (!gst_ekascribe_recording_is_discarded (self->recording))
    return FALSE;
  g_clear_pointer (&self->chunker, eka_chunker_free);
  g_queue_clear_full (&self->ready, (GDestroyNotify) eka_chunk_unref);
  return TRUE;
}

static void
apply_limits (GstEkascribePacketSink *self)
{
  EkaChunkLimits limits = { .max_bytes = MAX_CHUNK_BYTES };

  gst_ekascribe_recording_get_limits (self->recording, &limits);
  if (memcmp (&limits, &self->limits, sizeof limits) == 0)
    return;
  self->limits = limits;
  if (self->chunker != NULL)
    eka_chunker_set_limits (self->chunker, &self->limits);
}

static void
ensure_chunker (GstEkascribePacketSink *self)
{
  apply_limits (self);
  if (self->chunker != NULL)
    return;
  self->chunker =
      eka_chunker_new (&self->codec, self->format.container, &self->limits);
  if (self->format.media_type != NULL)
    eka_chunker_set_media_type (self->chunker, self->format.media_type);
}

/* A file comes faster than the service tells how long a chunk may be, and a cut
 * is not taken back. Waits where a cut could come too early; a live pipeline
 * only @at_end.
 *
 * Returns: GST_FLOW_FLUSHING where the wait was interrupted */
static GstFlowReturn
await_limits (GstEkascribePacketSink *self,
              gboolean                at_end)
{
  GstEkascribeWait wait;
  gboolean live;

  if (self->may_cut || self->chunker == NULL ||
      eka_chunker_get_pending (self->chunker, NULL) < MIN_CHUNK)
    return GST_FLOW_OK;
  live = !at_end && is_live (self);
  wait = gst_ekascribe_recording_wait_settled (
      self->recording, &self->interrupted, live ? 0 : G_MAXINT64);
  if (wait == GST_EKASCRIBE_WAIT_INTERRUPTED)
    return GST_FLOW_FLUSHING;
  self->may_cut = wait == GST_EKASCRIBE_WAIT_SETTLED;
  apply_limits (self);
  return GST_FLOW_OK;
}

/* Samples of @packet; 0 where it is damaged. */
static guint
measure (GstEkascribePacketSink *self,
         const EkaPacket        *packet)
{
  guint previous = self->measured;
  guint samples = 0;

  eka_codec_measure_packet (&self->codec, packet->data, packet->size,
                            &previous, &samples);
  return samples;
}

static void
note_damage (GstEkascribePacketSink *self,
             const EkaPacket        *packet,
             gboolean                whole)
{
  if (gst_ekascribe_recording_add_damaged (self->recording, whole))
    GST_ELEMENT_WARNING (self, STREAM, DECODE,
                         ("Damaged audio is left out; stats counts it."),
                         ("packet of %" G_GSIZE_FORMAT " bytes at %"
                          GST_TIME_FORMAT,
                          packet->size,
                          GST_TIME_ARGS (packet->running_time)));
}

static GstFlowReturn
take_packet (GstEkascribePacketSink *self,
             EkaPacket              *packet)
{
  guint samples = 0;
  gboolean good = eka_codec_measure_packet (&self->codec, packet->data,
                                            packet->size, &self->measured,
                                            &samples);
  const guint heard = samples - MIN (packet->skip, samples);

  if (!eka_chunker_push (self->chunker, packet))
    note_damage (self, packet, !good);
  /* Of samples only a part of one is left out. What is left out of others is a
   * hole that needs no other mark. */
  if (!good) {
    self->timeline.broken = TRUE;
    return GST_FLOW_OK;
  }
  memcpy (self->last, packet->data, MIN (packet->size, sizeof self->last));
  self->heard = self->heard || heard > 0;
  gst_ekascribe_timeline_add (
      &self->timeline, packet->running_time,
      eka_codec_time_from_samples (&self->codec, heard));
  return gst_ekascribe_recording_add_packet (
      self->recording, packet, self->codec.type == EKA_CODEC_PCM,
      eka_codec_time_from_samples (&self->codec, samples));
}

/* Packets are as long as they are, and times are rounded: the last one that is
 * put into a hole may be longer than what is left of it by that much. */
#define TOLERANCE GST_MSECOND

/* Puts silence where audio did not come, so that what follows stays where it is.
 * @left: gets the time for which there is no packet */
static GstFlowReturn
fill_hole (GstEkascribePacketSink *self,
           GstClockTime            duration,
           GstClockTime           *left)
{
  g_autoptr (GByteArray) data = g_byte_array_new ();
  GstFlowReturn ret = GST_FLOW_OK;
  const GstClockTime tolerance =
      eka_codec_frame_size (&self->codec) > 0 ? 0 : TOLERANCE;
  guint64 samples =
      eka_codec_samples_from_time (&self->codec, duration + tolerance);
  const guint64 all = samples;

  while (ret == GST_FLOW_OK && samples > 0 &&
         eka_silence_write (&self->codec, self->last, samples, data)) {
    EkaPacket packet = { .data = data->data,
                         .size = data->len,
                         .running_time = GST_CLOCK_TIME_NONE };
    const guint filled = measure (self, &packet);

    samples -= MIN (filled, samples);
    ret = take_packet (self, &packet);
    g_byte_array_set_size (data, 0);
  }
  *left =
      MIN (eka_codec_time_from_samples (&self->codec, samples), duration);
  gst_ekascribe_recording_add_filled (
      self->recording,
      eka_codec_time_from_samples (&self->codec, all - samples));
  return ret;
}

/* Looks at where @packet lies behind the one before. */
static GstFlowReturn
place_packet (GstEkascribePacketSink *self,
              EkaPacket              *packet)
{
  GstFlowReturn ret = GST_FLOW_OK;
  GstClockTime hole, left = 0;

  if (gst_ekascribe_timeline_is_jump (&self->timeline, packet->running_time)) {
    packet->discont = TRUE;
    gst_ekascribe_timeline_jump (&self->timeline);
    return GST_FLOW_OK;
  }
  hole = gst_ekascribe_timeline_get_hole (&self->timeline,
                                          packet->running_time);
  if (hole > 0)
    ret = fill_hole (self, hole, &left);
  /* Where no packet stands for silence, the next chunk begins in time. */
  packet->discont = left >= EKA_CUT_CRUMB;
  if (packet->discont)
    gst_ekascribe_timeline_jump (&self->timeline);
  return ret;
}

/* The codec may have changed: with caps, or with headers in the stream. */
static void
follow_codec (GstEkascribePacketSink *self)
{
  const EkaCodec *codec = &self->unwrapper.codec;

  if (!self->unwrapper.ready ||
      (self->have_codec && eka_codec_is_equal (codec, &self->codec)))
    return;
  if (self->have_codec) {
    drop_chunker (self);
    /* One session has one format. What Opus says of its first samples is none.
     */
    self->changed =
        self->changed || codec->type != EKA_CODEC_OPUS ||
        codec->type != self->codec.type ||
        codec->channels != self->codec.channels;
  }
  eka_codec_clear (&self->codec);
  eka_codec_copy (&self->codec, codec);
  self->have_codec = TRUE;
  self->measured = 0;
  gst_ekascribe_timeline_jump (&self->timeline);
}

/* As await_limits(), after pauses too. Returns: GST_FLOW_FLUSHING in a flush */
static GstFlowReturn
await_limits_and_play (GstEkascribePacketSink *self,
                       gboolean                at_end)
{
  GstFlowReturn ret = GST_FLOW_OK;

  while (ret == GST_FLOW_OK &&
         await_limits (self, at_end) == GST_FLOW_FLUSHING)
    ret = wait_for_playing (self);
  return ret;
}

/* What came goes to the session that has streamed it, before @packet begins
 * another one. */
static GstFlowReturn
roll_over_if_full (GstEkascribePacketSink *self,
                   GstClockTime            duration)
{
  if (self->chunker != NULL &&
      gst_ekascribe_recording_is_full (self->recording, duration)) {
    drop_chunker (self);
    self->changed = TRUE;
  }
  return self->changed ? deliver (self) : GST_FLOW_OK;
}

/* Makes ready for a packet of that @duration. */
static GstFlowReturn
prepare (GstEkascribePacketSink *self,
         GstClockTime            duration)
{
  GstFlowReturn ret = await_limits_and_play (self, FALSE);

  if (ret == GST_FLOW_OK)
    ret = roll_over_if_full (self, duration);
  ensure_chunker (self);
  return ret;
}

static void
stamp (GstEkascribePacketSink *self,
       GstBuffer              *buffer,
       guint                   samples,
       EkaPacket              *packet)
{
  const GstSegment *segment = &GST_BASE_SINK (self)->segment;

  gst_ekascribe_stamper_stamp (&self->stamper, &self->codec, segment, buffer,
                               samples, packet);
  self->timeline.broken =
      self->timeline.broken || GST_BUFFER_IS_DISCONT (buffer);
  if (!GST_CLOCK_TIME_IS_VALID (packet->running_time) ||
      !gst_ekascribe_stamper_needs_clock (&self->stamper, GST_ELEMENT (self),
                                          packet->running_time))
    return;
  if (is_live (self))
    gst_ekascribe_stamper_read_clock (&self->stamper, GST_ELEMENT (self),
                                      packet);
  else
    gst_ekascribe_stamper_ignore_clock (&self->stamper, packet->running_time);
}

/* One file must hold the whole recording. Where it does not, what it holds is
 * uploaded all the same, unless it was read from somewhere. */
static GstFlowReturn
check_whole (GstEkascribePacketSink *self,
             GstBuffer              *buffer,
             const EkaPacket        *packet,
             guint                   samples)
{
  GstEkascribeWhole whole = { .max_bytes = MAX_CHUNK_BYTES };
  g_autoptr (GError) error = NULL;
  GstClockTime pending, rest;

  if (!self->limits.whole)
    return GST_FLOW_OK;
  pending = eka_chunker_get_pending (self->chunker, NULL);
  whole.elapsed =
      pending + eka_codec_time_from_samples (&self->codec, samples);
  whole.bytes = eka_chunker_get_size (self->chunker) +
                eka_container_packet_cost (self->format.container, &self->codec,
                                           packet->size, samples);
  /* until discovery is settled this is but the default */
  if (self->may_cut)
    whole.max_duration =
        gst_ekascribe_recording_get_max_session (self->recording);
  rest = gst_ekascribe_whole_query_rest (GST_BASE_SINK_PAD (self),
                                         &GST_BASE_SINK (self)->segment,
                                         buffer);
  whole.total =
      GST_CLOCK_TIME_IS_VALID (rest) ? pending + rest : GST_CLOCK_TIME_NONE;
  if (gst_ekascribe_whole_check (&whole, &error))
    return GST_FLOW_OK;
  if (GST_CLOCK_TIME_IS_VALID (whole.total)) {
    g_clear_pointer (&self->chunker, eka_chunker_free);
  } else {
    drop_chunker (self);
    deliver (self);
    gst_ekascribe_recording_end (self->recording);
  }
  gst_ekascribe_recording_fail (self->recording, error);
  return GST_FLOW_ERROR;
}

/* @packet: what is in @buffer */
static GstFlowReturn
render_packet (GstEkascribePacketSink *self,
               GstBuffer              *buffer,
               EkaPacket              *packet)
{
  const guint samples = measure (self, packet);
  GstFlowReturn ret;

  stamp (self, buffer, samples, packet);
  ret = prepare (self, eka_codec_time_from_samples (&self->codec, samples));
  if (ret == GST_FLOW_OK)
    ret = check_whole (self, buffer, packet, samples);
  if (ret != GST_FLOW_OK)
    return ret;
  self->packets++;
  ret = place_packet (self, packet);
  return ret == GST_FLOW_OK ? take_packet (self, packet) : ret;
}

static GstFlowReturn
gst_ekascribe_packet_sink_render (GstBaseSink *sink,
                                  GstBuffer   *buffer)
{
  GstEkascribePacketSink *self = GST_EKASCRIBE_PACKET_SINK (sink);
  EkaPacket packet = { 0 };
  GstFlowReturn ret = GST_FLOW_OK;
  GstMapInfo map;

  if (drop_discarded (self))
    return GST_FLOW_OK;
  if (gst_buffer_get_size (buffer) == 0) {
    /* It may stand for a packet that was lost: the next one's time tells. */
    self->timeline.broken = TRUE;
    return GST_FLOW_OK;
  }
  if (!gst_buffer_map (buffer, &map, GST_MAP_READ)) {
    GST_ELEMENT_ERROR (self, RESOURCE, READ, ("A buffer can't be read."),
                       (NULL));
    return GST_FLOW_ERROR;
  }
  packet.data = map.data;
  packet.size = map.size;
  if (gst_ekascribe_unwrapper_unwrap (&self->unwrapper, &packet.data,
                                      &packet.size)) {
    follow_codec (self);
    ret = render_packet (self, buffer, &packet);
  }
  gst_buffer_unmap (buffer, &map);
  if (ret != GST_FLOW_OK || self->chunker == NULL)
    return ret;
  collect (self);
  return deliver (self);
}

static gboolean
gst_ekascribe_packet_sink_set_caps (GstBaseSink *sink,
                                    GstCaps     *caps)
{
  GstEkascribePacketSink *self = GST_EKASCRIBE_PACKET_SINK (sink);

  if (!gst_ekascribe_unwrapper_set_caps (&self->unwrapper,
                                         gst_caps_get_structure (caps, 0)))
    return FALSE;
  follow_codec (self);
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
  collect (self);
  return deliver (self);
}

static gboolean
end_of_stream (GstEkascribePacketSink *self,
               GstEvent               *event)
{
  /* An end may come in PAUSED: GstBaseSink holds a lock here that the change to
   * PLAYING needs, and that is let go only while preroll is waited for. */
  if (gst_base_sink_do_preroll (GST_BASE_SINK (self),
                                GST_MINI_OBJECT (event)) != GST_FLOW_OK)
    return FALSE;
  if (!drop_discarded (self) &&
      await_limits_and_play (self, TRUE) != GST_FLOW_OK)
    return FALSE;
  drop_chunker (self);
  gst_ekascribe_timeline_reset (&self->timeline);
  if (deliver (self) == GST_FLOW_FLUSHING)
    return FALSE;
  gst_ekascribe_recording_end (self->recording);
  return TRUE;
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
  if (GST_EVENT_TYPE (event) == GST_EVENT_GAP && self->recording != NULL)
    take_gap (self, event);
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
}

/**
 * gst_ekascribe_packet_sink_stop:
 * @self: a packet sink in READY again
 *
 * Drops what has not been handed over.
 *
 * Returns: how much audio that is, in ns
 */
GstClockTime
gst_ekascribe_packet_sink_stop (GstEkascribePacketSink *self)
{
  GstClockTime pending = 0;

  if (self->recording != NULL && !drop_discarded (self))
    pending = get_pending (self);
  g_clear_pointer (&self->chunker, eka_chunker_free);
  g_queue_clear_full (&self->ready, (GDestroyNotify) eka_chunk_unref);
  g_clear_pointer (&self->recording, gst_ekascribe_recording_unref);
  gst_ekascribe_unwrapper_clear (&self->unwrapper);
  eka_codec_clear (&self->codec);
  self->have_codec = FALSE;
  self->format = (GstEkascribeFormat) { 0 };
  return pending;
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
  gst_ekascribe_packet_sink_stop (GST_EKASCRIBE_PACKET_SINK (object));
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
  self->plug = gst_object_ref_sink (gst_pad_new ("plug", GST_PAD_SRC));
  gst_ekascribe_timeline_reset (&self->timeline);
  gst_ekascribe_stamper_reset (&self->stamper);
  gst_base_sink_set_sync (sink, FALSE);
  /* A silent live source would keep the pipeline ASYNC for ever. */
  gst_base_sink_set_async_enabled (sink, FALSE);
  gst_base_sink_set_last_sample_enabled (sink, FALSE);
  gst_base_sink_set_qos_enabled (sink, FALSE);
}
