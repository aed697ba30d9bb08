/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "gstekascribepacketsinkprivate.h"

#include <string.h>

#include "gstekascribelive.h"
#include "gstekascribeready.h"
#include "gstekascribewhole.h"

#include "chunk/cut.h"

/* From packets to chunks, and on to the session. */

/* The service takes 10 MB; see docs. */
#define MAX_CHUNK_BYTES 10000000

/* No service has chunks shorter than this. */
#define MIN_CHUNK GST_SECOND

/* What has been cut goes to the list of chunks that wait to be handed over. */
void
gst_ekascribe_packet_sink_collect (GstEkascribePacketSink *self)
{
  gst_ekascribe_ready_collect (
      &self->ready, self->chunker,
      gst_ekascribe_recording_wants_state (self->recording));
}

void
gst_ekascribe_packet_sink_drop_chunker (GstEkascribePacketSink *self)
{
  self->heard = FALSE;
  if (self->chunker == NULL)
    return;
  eka_chunker_close (self->chunker);
  gst_ekascribe_packet_sink_collect (self);
  g_clear_pointer (&self->chunker, eka_chunker_free);
}

GstClockTime
gst_ekascribe_packet_sink_get_pending (GstEkascribePacketSink *self)
{
  GstClockTime pending = gst_ekascribe_ready_get_duration (&self->ready);

  if (self->chunker != NULL)
    pending += eka_chunker_get_pending (self->chunker, NULL);
  return pending;
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

/* As gst_ekascribe_packet_sink_deliver(), where nobody waits for room. */
static GstFlowReturn
deliver_rest (GstEkascribePacketSink *self)
{
  GstEkascribeReady *ready;

  while ((ready = g_queue_peek_head (&self->ready)) != NULL) {
    gst_ekascribe_recording_put_rest (self->recording, ready->chunk,
                                      &ready->state);
    gst_ekascribe_ready_drop_first (&self->ready);
  }
  if (self->changed)
    gst_ekascribe_recording_roll_over (self->recording);
  self->changed = FALSE;
  return GST_FLOW_OK;
}

/* Hands over what is ready. A chunk stays in the list until it is taken, so
 * that neither a flush nor a pause loses it. */
GstFlowReturn
gst_ekascribe_packet_sink_deliver (GstEkascribePacketSink *self)
{
  GstFlowReturn ret = GST_FLOW_OK;
  GstEkascribeReady *ready;

  if (self->saving)
    return deliver_rest (self);
  while (ret == GST_FLOW_OK &&
         (ready = g_queue_peek_head (&self->ready)) != NULL) {
    ret = gst_ekascribe_recording_put (
        self->recording, ready->chunk, &ready->state,
        gst_ekascribe_live_query (GST_BASE_SINK_PAD (self)));
    if (ret == GST_FLOW_OK)
      gst_ekascribe_ready_drop_first (&self->ready);
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
gboolean
gst_ekascribe_packet_sink_drop_discarded (GstEkascribePacketSink *self)
{
  if (!gst_ekascribe_recording_is_discarded (self->recording))
    return FALSE;
  g_clear_pointer (&self->chunker, eka_chunker_free);
  gst_ekascribe_ready_clear (&self->ready);
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

/* What an encoder puts before its first sample is there once. */
static void
ensure_chunker (GstEkascribePacketSink *self)
{
  EkaCodec codec;

  apply_limits (self);
  if (self->chunker != NULL)
    return;
  if (!self->saving)
    gst_ekascribe_recording_set_live (
        self->recording, gst_ekascribe_live_query (GST_BASE_SINK_PAD (self)));
  codec = self->codec;
  if (self->midway)
    codec.pre_skip = 0;
  self->chunker =
      eka_chunker_new (&codec, self->format.container, &self->limits);
  if (self->format.media_type != NULL)
    eka_chunker_set_media_type (self->chunker, self->format.media_type);
}

/* A file comes faster than the service tells how long a chunk may be, and a cut
 * is not taken back. Waits where a cut could come too early; a live pipeline
 * only @at_end.
 *
 * Returns: GST_FLOW_FLUSHING where the wait was interrupted */
static GstFlowReturn
ask_limits (GstEkascribePacketSink *self,
            gboolean                at_end)
{
  GstEkascribeWait wait;
  gboolean live;

  if (self->may_cut || self->saving || self->chunker == NULL ||
      eka_chunker_get_pending (self->chunker, NULL) < MIN_CHUNK)
    return GST_FLOW_OK;
  live = !at_end && gst_ekascribe_live_query (GST_BASE_SINK_PAD (self));
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
      self->recording, packet, self->chunker,
      self->codec.type == EKA_CODEC_PCM,
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

  if (self->parted) {
    self->parted = FALSE;
    packet->discont = TRUE;
    gst_ekascribe_timeline_jump (&self->timeline);
    return GST_FLOW_OK;
  }
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
void
gst_ekascribe_packet_sink_follow_codec (GstEkascribePacketSink *self)
{
  const EkaCodec *codec = &self->unwrapper.codec;

  if (!self->unwrapper.ready ||
      (self->have_codec && eka_codec_is_equal (codec, &self->codec)))
    return;
  if (self->have_codec) {
    gst_ekascribe_packet_sink_drop_chunker (self);
    gst_ekascribe_packet_sink_forget_room (self);
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
  self->midway = FALSE;
  gst_ekascribe_timeline_jump (&self->timeline);
}

/* As ask_limits(), after pauses too. Returns: GST_FLOW_FLUSHING in a flush */
GstFlowReturn
gst_ekascribe_packet_sink_await_limits (GstEkascribePacketSink *self,
                       gboolean                at_end)
{
  GstFlowReturn ret = GST_FLOW_OK;

  while (ret == GST_FLOW_OK &&
         ask_limits (self, at_end) == GST_FLOW_FLUSHING)
    ret = wait_for_playing (self);
  return ret;
}

/* What came goes to the session that has streamed it, before a packet begins
 * another one. And what the chunker held after a chunk is all that it holds when
 * the chunk is handed over: no packet comes in between. */
static GstFlowReturn
clear_way (GstEkascribePacketSink *self,
                   GstClockTime            duration)
{
  if (self->chunker != NULL &&
      gst_ekascribe_recording_is_full (self->recording, duration)) {
    gst_ekascribe_packet_sink_drop_chunker (self);
    self->changed = TRUE;
  }
  return gst_ekascribe_packet_sink_deliver (self);
}

/* Makes ready for a packet of that @duration. */
static GstFlowReturn
prepare (GstEkascribePacketSink *self,
         GstClockTime            duration)
{
  GstFlowReturn ret = gst_ekascribe_packet_sink_await_limits (self, FALSE);

  if (ret == GST_FLOW_OK)
    ret = clear_way (self, duration);
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
  if (!GST_CLOCK_TIME_IS_VALID (packet->running_time) || self->saving ||
      !gst_ekascribe_stamper_needs_clock (&self->stamper, GST_ELEMENT (self),
                                          packet->running_time))
    return;
  if (gst_ekascribe_live_query (GST_BASE_SINK_PAD (self)))
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

  if (!self->limits.whole || self->saving)
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
    gst_ekascribe_packet_sink_drop_chunker (self);
    gst_ekascribe_packet_sink_deliver (self);
    gst_ekascribe_recording_end (self->recording, FALSE);
  }
  gst_ekascribe_recording_fail (self->recording, error);
  return GST_FLOW_ERROR;
}

/* Takes @packet, of so many @samples, which is in @buffer, for the session that
 * records. */
GstFlowReturn
gst_ekascribe_packet_sink_record (GstEkascribePacketSink *self,
                                  GstBuffer              *buffer,
                                  EkaPacket              *packet,
                                  guint                   samples)
{
  GstFlowReturn ret =
      prepare (self, eka_codec_time_from_samples (&self->codec, samples));

  if (ret == GST_FLOW_OK)
    ret = check_whole (self, buffer, packet, samples);
  if (ret != GST_FLOW_OK)
    return ret;
  self->packets++;
  ret = place_packet (self, packet);
  if (ret == GST_FLOW_OK)
    ret = take_packet (self, packet);
  if (ret != GST_FLOW_OK)
    return ret;
  gst_ekascribe_packet_sink_collect (self);
  return gst_ekascribe_packet_sink_deliver (self);
}

/* Records what is in @buffer, where it is to be recorded. */
GstFlowReturn
gst_ekascribe_packet_sink_take_buffer (GstEkascribePacketSink *self,
                                       GstBuffer              *buffer)
{
  EkaPacket packet = { 0 };
  GstFlowReturn ret = GST_FLOW_OK;
  guint samples;
  GstMapInfo map;

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
    gst_ekascribe_packet_sink_follow_codec (self);
    samples = measure (self, &packet);
    stamp (self, buffer, samples, &packet);
    ret = gst_ekascribe_packet_sink_sort (self, buffer, &packet, samples);
  }
  gst_buffer_unmap (buffer, &map);
  return ret;
}

/* What was held back before it got here. */
static void
take_held (GstEkascribePacketSink *self,
           GstMiniObject          *item)
{
  GstBaseSink *sink = GST_BASE_SINK (self);
  GstCaps *caps;

  if (GST_IS_BUFFER (item)) {
    gst_ekascribe_packet_sink_take_buffer (self, GST_BUFFER (item));
  } else if (GST_EVENT_TYPE (item) == GST_EVENT_CAPS) {
    gst_event_parse_caps (GST_EVENT (item), &caps);
    GST_BASE_SINK_GET_CLASS (sink)->set_caps (sink, caps);
  } else if (GST_EVENT_TYPE (item) == GST_EVENT_SEGMENT) {
    gst_event_copy_segment (GST_EVENT (item), &sink->segment);
  }
}

/* After the streaming thread has ended: hands over all that was taken. Nobody
 * waits for room, or for what the service can do: this is for the disk.
 * @held: (nullable): what comes behind that */
void
gst_ekascribe_packet_sink_save (GstEkascribePacketSink *self,
                                GQueue                 *held)
{
  GList *l;

  self->saving = TRUE;
  for (l = held != NULL ? held->head : NULL; l != NULL; l = l->next)
    take_held (self, l->data);
  gst_ekascribe_packet_sink_settle_kept (self);
  gst_ekascribe_packet_sink_drop_chunker (self);
  gst_ekascribe_packet_sink_deliver (self);
  self->saving = FALSE;
}
