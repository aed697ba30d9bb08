/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "gstekascribepacketsink.h"

#include <gst/audio/audio.h>

#include "chunk/chunker.h"

GST_DEBUG_CATEGORY_EXTERN (gst_ekascribe_debug);
#define GST_CAT_DEFAULT gst_ekascribe_debug

/* The service takes 10 MB; see docs. */
#define MAX_CHUNK_BYTES 10000000

/* Smaller jumps of the running time are jitter, or lost packets that a decoder
 * conceals. */
#define MAX_JITTER GST_SECOND

/* No service has chunks shorter than this. */
#define MIN_CHUNK GST_SECOND

/* Used on the streaming thread, but for @recording and @format, which change
 * while it stands still. */
struct _GstEkascribePacketSink
{
  GstBaseSink parent;

  GstPad *plug; /* linked where no pad of the element is */
  GstEkascribeRecording *recording; /* from start to stop */
  const gchar *format;              /* media type of the chunks, or NULL */
  EkaCodec codec;                   /* valid where @have_codec */
  gboolean have_codec;
  EkaChunker *chunker; /* from the first packet to the end of a session */
  EkaChunkLimits limits;
  GQueue ready;             /* of EkaChunk, cut but not handed over */
  gboolean changed;         /* what comes after @ready has another format */
  GstClockTime next_time;   /* running time that the next packet should have */
  gboolean interrupted;     /* of gst_ekascribe_recording_wait_settled() */
  guint64 packets;          /* that were taken */
  gboolean may_cut;         /* nothing more will be known of @limits */
};

G_DEFINE_FINAL_TYPE (GstEkascribePacketSink,
                     gst_ekascribe_packet_sink,
                     GST_TYPE_BASE_SINK)

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE (
    "sink",
    GST_PAD_SINK,
    GST_PAD_ALWAYS,
    GST_STATIC_CAPS ("audio/x-opus, channels = (int) [ 1, 2 ]; "
                     "audio/x-raw, format = (string) S16LE, "
                     "layout = (string) interleaved, rate = (int) 16000, "
                     "channels = (int) 1"));

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
  GstClockTime longest =
      gst_ekascribe_recording_get_max_chunk_duration (self->recording);

  if (self->limits.max_duration == longest)
    return;
  self->limits.max_duration = longest;
  if (self->chunker != NULL)
    eka_chunker_set_limits (self->chunker, &self->limits);
}

static void
ensure_chunker (GstEkascribePacketSink *self,
                guint                   skip)
{
  EkaCodec codec = self->codec;

  apply_limits (self);
  if (self->chunker != NULL)
    return;
  /* MP4 tells no pre-skip, but has its segment begin behind it. */
  codec.pre_skip = MAX (codec.pre_skip, skip);
  self->chunker = eka_chunker_new (&codec, &self->limits);
  if (self->format != NULL)
    eka_chunker_set_media_type (self->chunker, self->format);
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

static guint
get_trim_end (GstEkascribePacketSink *self,
              GstBuffer              *buffer)
{
  GstAudioClippingMeta *meta = gst_buffer_get_audio_clipping_meta (buffer);
  guint64 end = meta != NULL ? meta->end : 0;

  if (end == 0 || self->codec.type != EKA_CODEC_OPUS)
    return 0;
  if (meta->format == GST_FORMAT_TIME)
    end = gst_util_uint64_scale_round (end, 48000, GST_SECOND);
  else if (meta->format != GST_FORMAT_DEFAULT)
    end = 0;
  return MIN (end, G_MAXUINT);
}

static GstClockTime
get_duration (GstEkascribePacketSink *self,
              const EkaPacket        *packet)
{
  guint samples =
      eka_codec_packet_samples (&self->codec, packet->data, packet->size);

  return gst_util_uint64_scale (samples, GST_SECOND,
                                eka_codec_sample_rate (&self->codec));
}

/* Of Opus, between two times. */
static guint
count_samples (GstClockTime from,
               GstClockTime to)
{
  guint64 samples;

  if (!GST_CLOCK_TIME_IS_VALID (from) || from >= to)
    return 0;
  samples = gst_util_uint64_scale_round (to - from, 48000, GST_SECOND);
  return MIN (samples, G_MAXUINT);
}

/* Tells a packet its running time, and hides what lies outside of the segment:
 * converters have cut that off PCM, but Opus needs a decoder for it. Returns:
 * samples at its start that are not to be heard. */
static guint
place (GstEkascribePacketSink *self,
       GstClockTime            start,
       EkaPacket              *packet)
{
  const GstSegment *segment = &GST_BASE_SINK (self)->segment;
  GstClockTime end;
  guint tail;

  packet->running_time = GST_CLOCK_TIME_NONE;
  if (segment->format != GST_FORMAT_TIME || !GST_CLOCK_TIME_IS_VALID (start))
    return 0;
  packet->running_time = gst_segment_to_running_time (
      segment, GST_FORMAT_TIME, MAX (start, segment->start));
  if (self->codec.type != EKA_CODEC_OPUS)
    return 0;
  end = start + get_duration (self, packet);
  tail = count_samples (segment->stop, end);
  packet->trim_end = MAX (packet->trim_end, tail);
  return MIN (count_samples (start, segment->start), G_MAXUINT16);
}

static gboolean
is_jump (GstClockTime expected,
         GstClockTime found)
{
  if (!GST_CLOCK_TIME_IS_VALID (expected) || !GST_CLOCK_TIME_IS_VALID (found))
    return FALSE;
  return ABS (GST_CLOCK_DIFF (expected, found)) > (GstClockTimeDiff) MAX_JITTER;
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
  GstClockTime duration = get_duration (self, packet);

  packet->discont = is_jump (self->next_time, packet->running_time);
  if (GST_CLOCK_TIME_IS_VALID (packet->running_time))
    self->next_time = packet->running_time;
  if (GST_CLOCK_TIME_IS_VALID (self->next_time))
    self->next_time += duration;

  if (!eka_chunker_push (self->chunker, packet))
    note_damage (self, packet, duration == 0);
  /* Of PCM only a part of a sample is left out. */
  if (duration == 0)
    return GST_FLOW_OK;
  return gst_ekascribe_recording_add_packet (
      self->recording, packet, self->codec.type == EKA_CODEC_PCM, duration);
}

static void
set_codec (GstEkascribePacketSink *self,
           const EkaCodec         *codec)
{
  if (self->have_codec && memcmp (codec, &self->codec, sizeof *codec) != 0) {
    drop_chunker (self);
    /* One session has one format. */
    self->changed = self->changed || codec->channels != self->codec.channels;
  }
  self->codec = *codec;
  self->have_codec = TRUE;
}

/* Demuxers send the header packets of Ogg Opus along with the audio. No audio
 * packet looks like one: its second byte would ask for 48 frames or more. */
static gboolean
take_header (GstEkascribePacketSink *self,
             const GstMapInfo       *map)
{
  EkaCodec codec;

  if (self->codec.type != EKA_CODEC_OPUS || map->size < 8 ||
      memcmp (map->data, "Opus", 4) != 0)
    return FALSE;
  if (eka_codec_init_opus_from_head (&codec, map->data, map->size)) {
    set_codec (self, &codec);
    return TRUE;
  }
  return memcmp (map->data, "OpusHead", 8) == 0 ||
         memcmp (map->data, "OpusTags", 8) == 0;
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
                   const EkaPacket        *packet)
{
  if (self->chunker != NULL &&
      gst_ekascribe_recording_is_full (self->recording,
                                       get_duration (self, packet))) {
    drop_chunker (self);
    self->changed = TRUE;
  }
  return self->changed ? deliver (self) : GST_FLOW_OK;
}

/* Makes ready for @packet.
 * @skip: samples at its start that are not to be heard */
static GstFlowReturn
prepare (GstEkascribePacketSink *self,
         const EkaPacket        *packet,
         guint                   skip)
{
  GstFlowReturn ret = await_limits_and_play (self, FALSE);

  if (ret == GST_FLOW_OK)
    ret = roll_over_if_full (self, packet);
  ensure_chunker (self, skip);
  return ret;
}

static GstFlowReturn
gst_ekascribe_packet_sink_render (GstBaseSink *sink,
                                  GstBuffer   *buffer)
{
  GstEkascribePacketSink *self = GST_EKASCRIBE_PACKET_SINK (sink);
  EkaPacket packet = { 0 };
  GstFlowReturn ret;
  GstMapInfo map;
  guint skip;

  if (!self->have_codec)
    return GST_FLOW_NOT_NEGOTIATED;
  if (gst_buffer_get_size (buffer) == 0 || drop_discarded (self))
    return GST_FLOW_OK;
  if (!gst_buffer_map (buffer, &map, GST_MAP_READ)) {
    GST_ELEMENT_ERROR (self, RESOURCE, READ, ("A buffer can't be read."),
                       (NULL));
    return GST_FLOW_ERROR;
  }
  if (take_header (self, &map)) {
    gst_buffer_unmap (buffer, &map);
    return GST_FLOW_OK;
  }
  packet.data = map.data;
  packet.size = map.size;
  packet.trim_end = get_trim_end (self, buffer);
  skip = place (self, GST_BUFFER_PTS (buffer), &packet);
  ret = prepare (self, &packet, skip);
  if (ret != GST_FLOW_OK) {
    gst_buffer_unmap (buffer, &map);
    return ret;
  }
  self->packets++;
  ret = take_packet (self, &packet);
  gst_buffer_unmap (buffer, &map);

  collect (self);
  return ret == GST_FLOW_OK ? deliver (self) : ret;
}

static void
init_opus (EkaCodec           *codec,
           const GstStructure *structure)
{
  const GValue *headers = gst_structure_get_value (structure, "streamheader");
  const GValue *first;
  GstBuffer *head;
  GstMapInfo map;
  gint channels = 1;

  gst_structure_get_int (structure, "channels", &channels);
  eka_codec_init_opus (codec, channels);
  if (headers == NULL || !GST_VALUE_HOLDS_ARRAY (headers) ||
      gst_value_array_get_size (headers) == 0)
    return;
  first = gst_value_array_get_value (headers, 0);
  head = GST_VALUE_HOLDS_BUFFER (first) ? gst_value_get_buffer (first) : NULL;
  if (head == NULL || !gst_buffer_map (head, &map, GST_MAP_READ))
    return;
  if (!eka_codec_init_opus_from_head (codec, map.data, map.size))
    eka_codec_init_opus (codec, channels);
  gst_buffer_unmap (head, &map);
}

static gboolean
gst_ekascribe_packet_sink_set_caps (GstBaseSink *sink,
                                    GstCaps     *caps)
{
  GstEkascribePacketSink *self = GST_EKASCRIBE_PACKET_SINK (sink);
  GstStructure *structure = gst_caps_get_structure (caps, 0);
  EkaCodec codec;

  if (gst_structure_has_name (structure, "audio/x-opus"))
    init_opus (&codec, structure);
  else
    eka_codec_init_pcm (&codec, 16000, 1);
  set_codec (self, &codec);
  return TRUE;
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
  self->next_time = GST_CLOCK_TIME_NONE;
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
  self->limits.max_bytes = MAX_CHUNK_BYTES;
  self->limits.max_duration = 0;
  self->next_time = GST_CLOCK_TIME_NONE;
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
  self->have_codec = FALSE;
  self->format = NULL;
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
 * @format: media type of the chunks to come, a static string
 */
void
gst_ekascribe_packet_sink_set_format (GstEkascribePacketSink *self,
                                      const gchar            *format)
{
  self->format = format;
  if (self->chunker != NULL)
    eka_chunker_set_media_type (self->chunker, format);
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
  self->next_time = GST_CLOCK_TIME_NONE;
  gst_base_sink_set_sync (sink, FALSE);
  /* A silent live source would keep the pipeline ASYNC for ever. */
  gst_base_sink_set_async_enabled (sink, FALSE);
  gst_base_sink_set_last_sample_enabled (sink, FALSE);
  gst_base_sink_set_qos_enabled (sink, FALSE);
}
