/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "chunk/chunkerprivate.h"

#include "chunk/cut.h"
#include "chunk/pcm.h"

#define SECOND G_GUINT64_CONSTANT (1000000000)

/* Smaller limits leave no room for pre-roll and one packet of any kind. The
 * largest keep sums of samples in 64 bits, and sizes within what a WAV header
 * and a GByteArray hold. */
#define MIN_DURATION (1 * SECOND)
#define MAX_DURATION (24 * 3600 * SECOND)
#define MIN_BYTES (128 * 1024)
#define MAX_BYTES (1024 * 1024 * 1024)

#define MIN_PACKETS 1024

/* Serial number of the Ogg stream of chunk 0 ("eka"). Each chunk has its own,
 * so that files put one behind the other are a valid chain. */
#define SERIAL_BASE 0x656b6100

/* The pending packets up to the first break, or all. */
typedef struct
{
  guint n_packets;
  guint trim_end;    /* at its end, in case that none follows */
  gboolean complete; /* no packet will be added */
} Stretch;

static EkaPacketInfo *
get_packet (EkaChunker *self,
            guint       i)
{
  return &g_array_index (self->packets, EkaPacketInfo, i);
}

/* Never so much pre-roll that it crowds out what the chunk is for. */
static void
update_pre_roll (EkaChunker *self)
{
  eka_preroll_choose (&self->pre_roll, self->container, &self->codec,
                      get_packet (self, self->next), self->next,
                      self->max_samples / 4, self->max_bytes / 4);
}

/**
 * eka_chunker_new:
 * @codec: what the packets hold; copied
 * @container: what chunks are, which holds @codec
 * @limits: bounds of every chunk; copied
 *
 * Returns: (transfer full): a chunker whose next chunk has the index 0
 */
EkaChunker *
eka_chunker_new (const EkaCodec       *codec,
                 EkaContainer          container,
                 const EkaChunkLimits *limits)
{
  EkaChunker *self;

  g_return_val_if_fail (eka_container_holds (container, codec->type), NULL);

  self = g_new0 (EkaChunker, 1);
  eka_codec_copy (&self->codec, codec);
  self->container = container;
  self->media_type = eka_container_get_media_type (container, codec->type);
  self->crumb_samples = eka_codec_samples_from_time (codec, EKA_CUT_CRUMB);
  /* with room, so that there is a place to point at before the first packet */
  self->packets =
      g_array_sized_new (FALSE, FALSE, sizeof (EkaPacketInfo), MIN_PACKETS);
  self->data = g_byte_array_sized_new (MIN_PACKETS);
  self->skip = codec->pre_skip;
  self->base_time = EKA_TIME_NONE;
  eka_chunker_set_limits (self, limits);
  return self;
}

/**
 * eka_chunker_free:
 * @chunker: (transfer full): a chunker
 */
void
eka_chunker_free (EkaChunker *chunker)
{
  g_array_unref (chunker->packets);
  g_byte_array_unref (chunker->data);
  eka_codec_clear (&chunker->codec);
  g_free (chunker);
}

/**
 * eka_chunker_set_limits:
 * @chunker: a chunker
 * @limits: bounds of a chunk; copied
 *
 * Holds from the next cut on. Upper limits under 1 s or 128 KiB are raised to
 * these, those over a day or 1 GiB are lowered to them; a lower limit over the
 * upper one is lowered to half of that, so that there is a window for the cut.
 */
void
eka_chunker_set_limits (EkaChunker           *chunker,
                        const EkaChunkLimits *limits)
{
  const guint64 duration =
      limits->whole ? MAX_DURATION
                    : CLAMP (limits->max_duration, MIN_DURATION, MAX_DURATION);

  chunker->limits = *limits;
  chunker->whole = limits->whole;
  chunker->max_samples =
      eka_codec_samples_from_time (&chunker->codec, duration);
  chunker->min_samples = eka_codec_samples_from_time (
      &chunker->codec, limits->min_duration > duration ? duration / 2
                                                       : limits->min_duration);
  chunker->max_bytes = CLAMP (limits->max_bytes, MIN_BYTES, MAX_BYTES);
  update_pre_roll (chunker);
}

/**
 * eka_chunker_set_media_type:
 * @chunker: a chunker
 * @media_type: exact Content-Type of the chunks, a static string
 *
 * Replaces that of eka_container_get_media_type() where a service lists another
 * name for the same format.
 */
void
eka_chunker_set_media_type (EkaChunker  *chunker,
                            const gchar *media_type)
{
  chunker->media_type = media_type;
}

/* Does a packet begin a stretch? A crumb before it opens it instead, unless the
 * recording was closed in between. */
static gboolean
begins_stretch (EkaChunker *self,
                gboolean    discont)
{
  guint64 heard = self->open_samples;

  if (self->pending_samples == 0)
    return FALSE;
  if (self->closed)
    return TRUE;
  if (self->breaks == 0)
    heard -= MIN (heard, self->skip);
  return discont && !self->whole && heard >= self->crumb_samples;
}

/* Tells a packet its times: what is not told follows from what was. */
static void
set_times (EkaChunker      *self,
           const EkaPacket *packet,
           EkaPacketInfo   *info)
{
  guint64 passed;

  if (packet->running_time != EKA_TIME_NONE)
    {
      self->base_time = packet->running_time;
      self->base_utc = packet->utc;
      self->base_samples = 0;
    }
  passed = eka_codec_time_from_samples (&self->codec, self->base_samples);
  info->running_time =
      self->base_time == EKA_TIME_NONE ? EKA_TIME_NONE
                                       : self->base_time + passed;
  info->utc = packet->utc != 0    ? packet->utc
              : self->base_utc == 0 ? 0
                                   : self->base_utc + passed;
  self->base_samples += info->samples;
}

static void
append (EkaChunker          *self,
        const EkaPacketInfo *info,
        const guint8        *data)
{
  self->pending_samples += info->samples;
  self->open_samples += info->samples;
  self->pending_cost +=
      eka_container_packet_cost (self->container, &self->codec, info->size,
                                 info->samples);
  g_array_append_val (self->packets, *info);
  g_byte_array_append (self->data, data, info->size);
}

/* Of @trim_end samples at the end of a packet, those in a part of it that has
 * @samples and @after behind it */
static guint
share_trim_end (guint trim_end,
                guint samples,
                gsize after)
{
  return trim_end > after ? (guint) MIN (trim_end - after, samples) : 0;
}

/* Samples go on in the last block until it is full. Only a block tells a time,
 * but it is that of the packet from which the next one is counted. */
static gsize
extend_block (EkaChunker      *self,
              const EkaPacket *packet)
{
  const guint frame = eka_codec_frame_size (&self->codec);
  const gsize block = eka_pcm_block_size (&self->codec);
  EkaPacketInfo *last;
  gsize size;

  if (self->packets->len <= self->next)
    return 0;
  last = get_packet (self, self->packets->len - 1);
  if (last->size >= block || last->trim_end > 0)
    return 0;
  size = MIN (block - last->size, packet->size - packet->size % frame);
  last->size += size;
  last->samples += size / frame;
  self->pending_samples += size / frame;
  self->open_samples += size / frame;
  self->pending_cost += size;
  if (packet->running_time != EKA_TIME_NONE)
    {
      self->base_time = packet->running_time;
      self->base_utc = packet->utc;
      self->base_samples = 0;
    }
  self->base_samples += size / frame;
  last->trim_end = share_trim_end (packet->trim_end, size / frame,
                                   (packet->size - size) / frame);
  g_byte_array_append (self->data, packet->data, size);
  last->loudness = eka_pcm_measure (
      &self->codec, self->data->data + self->data->len - last->size,
      last->size);
  return size;
}

/* @info: what is true of the first sample of @packet */
static void
append_blocks (EkaChunker      *self,
               const EkaPacket *packet,
               EkaPacketInfo   *info)
{
  const guint frame = eka_codec_frame_size (&self->codec);
  const gsize block = eka_pcm_block_size (&self->codec);
  const gsize size = packet->size - packet->size % frame;
  EkaPacket rest = *packet;
  gsize done = info->discont ? 0 : extend_block (self, packet);

  for (; done < size; done += info->size)
    {
      info->size = MIN (size - done, block);
      info->samples = info->size / frame;
      info->trim_end = share_trim_end (packet->trim_end, info->samples,
                                       (size - done - info->size) / frame);
      info->loudness =
          packet->loudness != 0
              ? packet->loudness
              : eka_pcm_measure (&self->codec, packet->data + done, info->size);
      rest.running_time = done == 0 ? packet->running_time : EKA_TIME_NONE;
      rest.utc = done == 0 ? packet->utc : 0;
      set_times (self, &rest, info);
      append (self, info, packet->data + done);
      info->discont = FALSE;
    }
}

static void
append_packet (EkaChunker      *self,
               const EkaPacket *packet,
               EkaPacketInfo   *info)
{
  info->size = (guint) packet->size;
  info->trim_end = MIN (packet->trim_end, info->samples);
  info->loudness = packet->loudness;
  eka_codec_judge_packet (&self->codec, &self->celt, packet->data, info);
  set_times (self, packet, info);
  append (self, info, packet->data);
}

/* As many as a file can tell: 16 bits in an OpusHead, none in Vorbis */
static guint64
get_max_skip (const EkaCodec *codec)
{
  switch (codec->type)
    {
    case EKA_CODEC_OPUS:
      return G_MAXUINT16;
    case EKA_CODEC_VORBIS:
      return 0;
    default:
      return G_MAXUINT64;
    }
}

/* @samples: at the start of the next packet; the header may have told them too
 */
static void
hide_start (EkaChunker *self,
            guint64     samples)
{
  const guint64 skip = MIN (self->pending_samples + samples,
                            get_max_skip (&self->codec));

  if (samples > 0 && self->index == 0 && self->breaks == 0 &&
      self->pending_samples <= self->skip)
    self->skip = MAX (self->skip, skip);
}

/**
 * eka_chunker_push:
 * @chunker: a chunker
 * @packet: a packet; its bytes are copied
 *
 * Takes a packet; eka_chunker_pop() then returns the chunks that it completed.
 * After eka_chunker_close() it begins a stretch of its own.
 *
 * Returns: %FALSE where some of it can't be used: an empty or damaged packet is
 *   left out, a part of a sample is cut off
 */
gboolean
eka_chunker_push (EkaChunker      *chunker,
                  const EkaPacket *packet)
{
  const EkaCodec *codec = &chunker->codec;
  const guint frame = eka_codec_frame_size (codec);
  const gboolean discont =
      begins_stretch (chunker, packet->discont || chunker->gap);
  EkaPacketInfo info = { .discont = discont };
  guint previous = discont ? 0 : chunker->previous;

  if (packet->size > MAX_BYTES ||
      !eka_codec_measure_packet (codec, packet->data, packet->size, &previous,
                                 &info.samples))
    {
      /* what follows it still comes after a gap */
      chunker->gap = chunker->gap || packet->discont;
      return FALSE;
    }
  chunker->previous = previous;
  if (discont)
    {
      chunker->breaks++;
      chunker->open_samples = 0;
    }
  hide_start (chunker, MIN (packet->skip, info.samples));
  chunker->gap = FALSE;
  chunker->closed = FALSE;

  if (frame > 0)
    append_blocks (chunker, packet, &info);
  else
    append_packet (chunker, packet, &info);
  return frame == 0 || packet->size % frame == 0;
}

/**
 * eka_chunker_close:
 * @chunker: a chunker
 *
 * Ends the recording, or a part of it: eka_chunker_pop() then returns all that
 * is pending, in pieces of 100 ms or more unless there is less.
 */
void
eka_chunker_close (EkaChunker *chunker)
{
  chunker->closed = chunker->pending_samples > 0;
}

/* Is a look at the packets worth it? Most calls of pop end here. */
static gboolean
may_cut (EkaChunker *self)
{
  if (self->pending_samples == 0)
    return FALSE;
  if (self->closed || self->breaks > 0)
    return TRUE;
  if (self->whole)
    return FALSE;
  return self->pre_roll.hidden + self->pending_samples >=
             self->max_samples + self->crumb_samples ||
         eka_chunker_get_size (self) > self->max_bytes;
}

static void
find_stretch (EkaChunker *self,
              Stretch    *stretch)
{
  guint i = self->next;

  *stretch = (Stretch) { .complete = self->closed || self->breaks > 0 };
  do
    i++;
  while (i < self->packets->len && !get_packet (self, i)->discont);
  stretch->n_packets = i - self->next;
  do
    stretch->trim_end += get_packet (self, --i)->trim_end;
  while (i > self->next &&
         get_packet (self, i)->trim_end == get_packet (self, i)->samples);
}

static EkaCut
choose_cut (EkaChunker    *self,
            const Stretch *stretch)
{
  const EkaCutBudget budget = {
    /* of what is heard */
    .min_samples = self->skip + MAX (self->min_samples, self->crumb_samples),
    .max_samples = self->max_samples - self->pre_roll.hidden,
    .max_bytes = self->max_bytes - self->pre_roll.cost -
                 eka_container_header_size (self->container, &self->codec),
    .min_rest = self->crumb_samples + stretch->trim_end,
  };

  return eka_cut_choose (self->container, &self->codec,
                         get_packet (self, self->next), stretch->n_packets,
                         stretch->complete, &budget);
}

static GBytes *
write_file (EkaChunker *self,
            guint       n_packets,
            guint       trim_end)
{
  const guint pre_roll = self->pre_roll.n_packets;
  EkaStream stream = {
    .codec = &self->codec,
    .serial = SERIAL_BASE + self->index,
    .skip = self->pre_roll.skip + self->skip,
    .trim_end = trim_end,
    .packets = get_packet (self, self->next - pre_roll),
    .n_packets = pre_roll + n_packets,
    .data = self->data->data + self->next_offset,
    .n_history = self->next - pre_roll,
  };
  guint i;

  for (i = 0; i < pre_roll; i++)
    stream.data -= stream.packets[i].size;
  return eka_container_write (self->container, &stream);
}

/* Tells a chunk when its first sample is heard: with the packet that holds it.
 */
static void
set_chunk_times (EkaChunker *self,
                 EkaChunk   *chunk)
{
  guint64 skip = self->skip;
  guint i = self->next;

  while (skip >= get_packet (self, i)->samples)
    skip -= get_packet (self, i++)->samples;
  chunk->running_time = get_packet (self, i)->running_time;
  chunk->utc = get_packet (self, i)->utc;
}

/* Returns: (nullable): %NULL where nothing of it is heard */
static EkaChunk *
make_chunk (EkaChunker *self,
            guint       n_packets,
            guint64     samples,
            guint       trim_end)
{
  const guint64 heard = samples - MIN (samples, self->skip + trim_end);
  g_autoptr (GBytes) bytes = NULL;
  EkaChunk *chunk;

  if (heard == 0)
    return NULL;
  bytes = write_file (self, n_packets, trim_end);
  chunk = eka_chunk_new (self->index++, bytes, self->media_type,
                         eka_container_get_extension (self->container),
                         EKA_TIME_NONE,
                         eka_codec_time_from_samples (&self->codec, heard),
                         heard);
  set_chunk_times (self, chunk);
  chunk->pre_roll =
      eka_codec_time_from_samples (&self->codec, self->pre_roll.hidden);
  return chunk;
}

/* Turns pending packets into history. */
static void
take_packets (EkaChunker *self,
              guint       n_packets,
              guint64     samples)
{
  self->pending_samples -= samples;
  if (self->breaks == 0)
    self->open_samples -= samples;
  self->skip -= MIN (self->skip, samples);

  while (n_packets-- > 0)
    {
      const EkaPacketInfo *info = get_packet (self, self->next++);

      self->next_offset += info->size;
      self->pending_cost -= eka_container_packet_cost (
          self->container, &self->codec, info->size, info->samples);
    }
}

/* The stretch is over: nothing of it may open the next chunk. */
static void
end_stretch (EkaChunker *self)
{
  self->skip = 0;
  if (self->breaks > 0)
    {
      self->breaks--;
      get_packet (self, self->next)->discont = FALSE;
    }
  else
    {
      self->closed = FALSE;
      self->previous = 0;
    }
}

/* Drops the history that no chunk needs any more. */
static void
drop_history (EkaChunker *self,
              gboolean    all)
{
  const guint keep =
      all ? 0
          : eka_preroll_count_history (&self->codec,
                                       get_packet (self, self->next),
                                       self->next);
  gsize size = 0;
  guint i;

  for (i = self->next - keep; i < self->next; i++)
    size += get_packet (self, i)->size;
  if (self->next > keep)
    g_array_remove_range (self->packets, 0, self->next - keep);
  if (self->next_offset > size)
    g_byte_array_remove_range (self->data, 0, self->next_offset - size);
  self->next = keep;
  self->next_offset = size;
  update_pre_roll (self);
}

static guint64
count_samples (EkaChunker *self,
               guint       n_packets)
{
  guint64 samples = 0;
  guint i;

  for (i = 0; i < n_packets; i++)
    samples += get_packet (self, self->next + i)->samples;
  return samples;
}

/**
 * eka_chunker_pop:
 * @chunker: a chunker
 *
 * Callers loop until it returns %NULL: one packet may complete several chunks.
 *
 * Returns: (transfer full) (nullable): the next complete chunk
 */
EkaChunk *
eka_chunker_pop (EkaChunker *chunker)
{
  while (may_cut (chunker))
    {
      g_autoptr (EkaChunk) chunk = NULL;
      Stretch stretch;
      guint64 samples;
      gboolean ends;
      EkaCut cut;

      find_stretch (chunker, &stretch);
      cut = choose_cut (chunker, &stretch);
      if (cut.n_packets == 0)
        return NULL;

      ends = stretch.complete && cut.n_packets == stretch.n_packets;
      samples = count_samples (chunker, cut.n_packets);
      chunk = make_chunk (chunker, cut.n_packets, samples,
                          ends ? stretch.trim_end : 0);
      take_packets (chunker, cut.n_packets, samples);
      if (ends)
        end_stretch (chunker);
      drop_history (chunker, ends);
      if (chunk != NULL)
        return g_steal_pointer (&chunk);
    }
  return NULL;
}

/**
 * eka_chunker_get_pending:
 * @chunker: a chunker
 * @bytes: (out) (optional): bytes of the packets that no chunk has taken yet
 *
 * Returns: their duration in ns
 */
guint64
eka_chunker_get_pending (EkaChunker *chunker,
                         gsize      *bytes)
{
  const guint64 hidden = MIN (chunker->skip, chunker->pending_samples);

  if (bytes != NULL)
    *bytes = chunker->data->len - chunker->next_offset;
  return eka_codec_time_from_samples (&chunker->codec,
                                      chunker->pending_samples - hidden);
}

/**
 * eka_chunker_get_size:
 * @chunker: a chunker
 *
 * Returns: bytes of the file that what is pending would make, at most
 */
gsize
eka_chunker_get_size (EkaChunker *chunker)
{
  return eka_container_header_size (chunker->container, &chunker->codec) +
         chunker->pre_roll.cost + chunker->pending_cost;
}
