/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "chunk/chunker.h"

#include "chunk/cut.h"
#include "chunk/ogg.h"
#include "chunk/wav.h"

#define SECOND G_GUINT64_CONSTANT (1000000000)

/* Smaller limits leave no room for pre-roll and one packet of any kind. The
 * largest keep sums of samples in 64 bits, and sizes within what a WAV header
 * and a GByteArray hold. */
#define MIN_DURATION (1 * SECOND)
#define MAX_DURATION (24 * 3600 * SECOND)
#define MIN_BYTES (128 * 1024)
#define MAX_BYTES (1024 * 1024 * 1024)

/* Serial number of the Ogg stream of chunk 0 ("eka"). Each chunk has its own,
 * so that files put one behind the other are a valid chain. */
#define SERIAL_BASE 0x656b6100

/* The pending packets up to the first break, or all. */
typedef struct
{
  guint n_packets;
  guint64 samples;
  guint trim_end;    /* of the last packet, in case that none follows */
  gboolean complete; /* no packet will be added */
} Stretch;

/* @packets and @data hold, in order: history (packets that a chunk took and
 * that may be pre-roll of the next), then what is pending, from @next on.
 * Pending packets form stretches; a new one begins where `discont` is set. What
 * is history belongs to the same stretch as the first pending packet. */
struct _EkaChunker
{
  EkaCodec codec;
  const gchar *media_type;
  const gchar *extension;
  guint index;

  /* in samples of the codec's rate, and bytes */
  guint64 max_samples;
  guint64 max_bytes;
  guint64 crumb_samples;
  guint64 pre_roll_samples;

  GArray *packets;
  GByteArray *data;
  guint next;
  gsize next_offset;

  guint pre_roll; /* history packets that open the next chunk */
  guint64 pre_roll_length;
  guint64 pre_roll_cost;

  guint64 pending_samples;
  guint64 pending_cost;
  guint64 open_samples; /* of pending, in the last stretch */
  guint64 skip;         /* pending samples that the codec's pre-skip hides */
  guint breaks;         /* stretches that end within what is pending */
  gboolean closed;      /* the last one ended too */
  gboolean gap;         /* a packet that was left out came after a gap */

  guint64 base_time; /* last time that a packet told */
  guint64 base_samples;
};

static EkaPacketInfo *
get_packet (EkaChunker *self,
            guint       i)
{
  return &g_array_index (self->packets, EkaPacketInfo, i);
}

/* Chooses the pre-roll of the next chunk: enough history, but never so much
 * that it crowds out what the chunk is for. */
static void
update_pre_roll (EkaChunker *self)
{
  self->pre_roll = 0;
  self->pre_roll_length = 0;
  self->pre_roll_cost = 0;

  while (self->pre_roll < self->next &&
         self->pre_roll_length < self->pre_roll_samples)
    {
      const EkaPacketInfo *info =
          get_packet (self, self->next - self->pre_roll - 1);
      const guint64 cost = eka_cut_packet_cost (&self->codec, info->size);

      if (self->pre_roll_cost + cost > self->max_bytes / 4)
        break;
      self->pre_roll++;
      self->pre_roll_length += info->samples;
      self->pre_roll_cost += cost;
    }
}

/**
 * eka_chunker_new:
 * @codec: what the packets hold; copied
 * @limits: bounds of every chunk; copied
 *
 * Returns: (transfer full): a chunker whose next chunk has the index 0
 */
EkaChunker *
eka_chunker_new (const EkaCodec       *codec,
                 const EkaChunkLimits *limits)
{
  EkaChunker *self = g_new0 (EkaChunker, 1);
  const gboolean opus = codec->type == EKA_CODEC_OPUS;

  self->codec = *codec;
  self->media_type = opus ? "audio/ogg;codecs=opus" : "audio/wav";
  self->extension = opus ? "ogg" : "wav";
  self->crumb_samples = eka_codec_samples_from_time (codec, EKA_CUT_CRUMB);
  self->pre_roll_samples =
      opus ? eka_codec_samples_from_time (codec, EKA_CUT_PRE_ROLL) : 0;
  self->packets = g_array_new (FALSE, FALSE, sizeof (EkaPacketInfo));
  self->data = g_byte_array_new ();
  self->skip = opus ? codec->pre_skip : 0;
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
  g_free (chunker);
}

/**
 * eka_chunker_set_limits:
 * @chunker: a chunker
 * @limits: bounds of a chunk; copied
 *
 * Holds from the next cut on. Limits under 1 s or 128 KiB are raised to these,
 * those over a day or 1 GiB are lowered to them.
 */
void
eka_chunker_set_limits (EkaChunker           *chunker,
                        const EkaChunkLimits *limits)
{
  const guint64 duration =
      CLAMP (limits->max_duration, MIN_DURATION, MAX_DURATION);

  chunker->max_samples =
      eka_codec_samples_from_time (&chunker->codec, duration);
  chunker->max_bytes = CLAMP (limits->max_bytes, MIN_BYTES, MAX_BYTES);
  update_pre_roll (chunker);
}

/**
 * eka_chunker_set_media_type:
 * @chunker: a chunker
 * @media_type: exact Content-Type of the chunks, a static string
 *
 * Replaces the default (`audio/ogg;codecs=opus` or `audio/wav`) where a service
 * lists another name for the same format.
 */
void
eka_chunker_set_media_type (EkaChunker  *chunker,
                            const gchar *media_type)
{
  chunker->media_type = media_type;
}

/* Does @packet begin a stretch? A crumb before it opens it instead, unless the
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
  return discont && heard >= self->crumb_samples;
}

static guint64
next_running_time (EkaChunker *self,
                   guint64     told,
                   guint       samples)
{
  guint64 running_time;

  if (told != EKA_TIME_NONE)
    {
      self->base_time = told;
      self->base_samples = 0;
    }
  running_time = self->base_time;
  if (running_time != EKA_TIME_NONE)
    running_time +=
        eka_codec_time_from_samples (&self->codec, self->base_samples);
  self->base_samples += samples;
  return running_time;
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
 *   left out, a part of a PCM frame is cut off
 */
gboolean
eka_chunker_push (EkaChunker      *chunker,
                  const EkaPacket *packet)
{
  const EkaCodec *codec = &chunker->codec;
  EkaPacketInfo info = { 0, };
  gsize size = packet->size;

  if (size <= MAX_BYTES)
    info.samples = eka_codec_packet_samples (codec, packet->data, size);
  if (info.samples == 0)
    {
      /* what follows it still comes after a gap */
      chunker->gap = chunker->gap || packet->discont;
      return FALSE;
    }
  if (codec->type == EKA_CODEC_PCM)
    size -= size % (2 * codec->channels);

  info.size = (guint) size;
  info.trim_end = MIN (packet->trim_end, info.samples);
  info.running_time =
      next_running_time (chunker, packet->running_time, info.samples);
  info.discont = begins_stretch (chunker, packet->discont || chunker->gap);
  if (info.discont)
    {
      chunker->breaks++;
      chunker->open_samples = 0;
    }
  chunker->gap = FALSE;
  chunker->closed = FALSE;

  chunker->pending_samples += info.samples;
  chunker->open_samples += info.samples;
  chunker->pending_cost += eka_cut_packet_cost (codec, size);
  g_array_append_val (chunker->packets, info);
  g_byte_array_append (chunker->data, packet->data, (guint) size);
  return size == packet->size;
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

static gsize
header_size (EkaChunker *self)
{
  return self->codec.type == EKA_CODEC_OPUS ? EKA_OGG_HEADER_SIZE
                                            : EKA_WAV_HEADER_SIZE;
}

/* Is a look at the packets worth it? Most calls of pop end here. */
static gboolean
may_cut (EkaChunker *self)
{
  if (self->pending_samples == 0)
    return FALSE;
  if (self->closed || self->breaks > 0)
    return TRUE;
  return self->pre_roll_length + self->pending_samples >=
             self->max_samples + self->crumb_samples ||
         header_size (self) + self->pre_roll_cost + self->pending_cost >
             self->max_bytes;
}

static void
find_stretch (EkaChunker *self,
              Stretch    *stretch)
{
  guint i = self->next;

  *stretch = (Stretch) { .complete = self->closed || self->breaks > 0 };
  do
    stretch->samples += get_packet (self, i++)->samples;
  while (i < self->packets->len && !get_packet (self, i)->discont);
  stretch->n_packets = i - self->next;
  stretch->trim_end = get_packet (self, i - 1)->trim_end;
}

static guint64
choose_cut (EkaChunker    *self,
            const Stretch *stretch)
{
  const EkaCutBudget budget = {
    .max_samples = self->max_samples - self->pre_roll_length,
    .max_bytes = self->max_bytes - header_size (self) - self->pre_roll_cost,
    .min_rest = self->crumb_samples + stretch->trim_end,
  };

  return eka_cut_choose (&self->codec, get_packet (self, self->next),
                         stretch->n_packets, stretch->complete, &budget);
}

static GBytes *
write_opus (EkaChunker *self,
            guint64     samples,
            guint       trim_end)
{
  EkaOggStream stream = {
    .codec = &self->codec,
    .serial = SERIAL_BASE + self->index,
    .pre_skip = self->pre_roll_length + self->skip,
    .trim_end = trim_end,
    .packets = get_packet (self, self->next - self->pre_roll),
    .n_packets = self->pre_roll,
    .data = self->data->data + self->next_offset,
  };
  guint i;

  for (i = 0; i < self->pre_roll; i++)
    stream.data -= stream.packets[i].size;
  while (samples > 0)
    samples -= stream.packets[stream.n_packets++].samples;
  return eka_ogg_write (&stream);
}

/* Running time of the packet that holds the first sample that is heard. */
static guint64
first_running_time (EkaChunker *self)
{
  guint64 skip = self->skip;
  guint i = self->next;

  while (skip >= get_packet (self, i)->samples)
    skip -= get_packet (self, i++)->samples;
  return get_packet (self, i)->running_time;
}

/* Returns: (nullable): %NULL where nothing of @samples is heard */
static EkaChunk *
make_chunk (EkaChunker *self,
            guint64     samples,
            guint       trim_end)
{
  const guint frame_size = 2 * self->codec.channels;
  const guint64 heard = samples - MIN (samples, self->skip + trim_end);
  g_autoptr (GBytes) bytes = NULL;
  EkaChunk *chunk;

  if (heard == 0)
    return NULL;
  if (self->codec.type == EKA_CODEC_OPUS)
    bytes = write_opus (self, samples, trim_end);
  else
    bytes = eka_wav_write (&self->codec, self->data->data + self->next_offset,
                           heard * frame_size);
  chunk = eka_chunk_new (self->index++, bytes, self->media_type,
                         self->extension, first_running_time (self),
                         eka_codec_time_from_samples (&self->codec, heard),
                         heard);
  chunk->pre_roll =
      eka_codec_time_from_samples (&self->codec, self->pre_roll_length);
  return chunk;
}

/* Cuts the head off a PCM packet. */
static void
split_packet (EkaChunker    *self,
              EkaPacketInfo *info,
              guint64        samples)
{
  const guint64 size = samples * 2 * self->codec.channels;

  if (info->running_time != EKA_TIME_NONE)
    info->running_time += eka_codec_time_from_samples (&self->codec, samples);
  info->samples -= samples;
  info->size -= size;
  self->next_offset += size;
  self->pending_cost -= size;
}

/* Turns pending packets into history. */
static void
take_samples (EkaChunker *self,
              guint64     samples)
{
  self->pending_samples -= samples;
  if (self->breaks == 0)
    self->open_samples -= samples;
  self->skip -= MIN (self->skip, samples);

  while (samples > 0)
    {
      EkaPacketInfo *info = get_packet (self, self->next);

      if (info->samples > samples)
        {
          split_packet (self, info, samples);
          return;
        }
      samples -= info->samples;
      self->next_offset += info->size;
      self->pending_cost -= eka_cut_packet_cost (&self->codec, info->size);
      self->next++;
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
    }
}

/* Drops the history that no chunk needs any more. */
static void
drop_history (EkaChunker *self,
              gboolean    all)
{
  guint64 length = 0;
  gsize size = 0;
  guint keep = 0;

  while (!all && keep < self->next && length < self->pre_roll_samples)
    {
      const EkaPacketInfo *info = get_packet (self, self->next - ++keep);

      length += info->samples;
      size += info->size;
    }

  if (self->next > keep)
    g_array_remove_range (self->packets, 0, self->next - keep);
  if (self->next_offset > size)
    g_byte_array_remove_range (self->data, 0, self->next_offset - size);
  self->next = keep;
  self->next_offset = size;
  update_pre_roll (self);
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

      find_stretch (chunker, &stretch);
      samples = choose_cut (chunker, &stretch);
      if (samples == 0)
        return NULL;

      ends = stretch.complete && samples == stretch.samples;
      chunk = make_chunk (chunker, samples, ends ? stretch.trim_end : 0);
      take_samples (chunker, samples);
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
