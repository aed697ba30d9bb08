/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "outbox/journal.h"

#include <gio/gio.h>
#include <string.h>

#include "chunk/pcm.h"
#include "chunk/silence.h"
#include "outbox/journalhead.h"
#include "outbox/record.h"

/* A journal is a row of records: a head, the same once more, the packets of the
 * state, then those that came. Packets are numbered without a hole, so that one
 * that is missing is missed. See record.c and journalhead.c for the bytes. */

#define SECOND G_GUINT64_CONSTANT (1000000000)

/* A hole that is longer is a gap in the recording. */
#define MAX_SILENCE SECOND

/* A chunker takes none that is longer. */
#define MAX_PACKET (1024 * 1024 * 1024)

/* @state is what the packets are collected in until the first that is missing or
 * that was not in the saved state; from then on @chunker has all of it. */
typedef struct
{
  EkaChunkerState *state;
  EkaChunker *chunker;
  GPtrArray *chunks;

  guint64 expected; /* number of the next packet */
  guint64 pending;  /* number of the first packet that no chunk has taken */
  guint64 added;    /* number of the first packet that was not in the state */
  gboolean closes; /* before the packet @added */
  gboolean gap;

  guint previous;    /* for eka_codec_measure_packet() */
  guint64 end_time;  /* of the packet before, or EKA_TIME_NONE */
  guint64 end_utc;   /* the same, on the wall; 0: unknown */
  guint samples;     /* of the packet before; 0: there was none */
  guint8 like[EKA_SILENCE_LIKE];

  guint64 missing;
  guint64 room; /* bytes of memory that silence may still take */
} Rebuild;

/**
 * eka_journal_begin:
 * @out: takes the start of a journal at its end
 * @state: what the journal goes on from
 * @number: (inout): number of the next packet: grows by one for each of @state
 */
void
eka_journal_begin (GByteArray            *out,
                   const EkaChunkerState *state,
                   guint64               *number)
{
  g_autoptr (GByteArray) head = eka_journal_head_write (state);
  const EkaRecord record = {
    .type = EKA_RECORD_HEAD,
    .number = *number,
    .running_time = EKA_TIME_NONE,
    .data = head->data,
    .size = head->len,
  };
  const guint8 *data = state->data->data;
  guint i;

  /* twice, so that damage to one byte does not cost the recording */
  eka_record_append (out, &record);
  eka_record_append (out, &record);
  for (i = 0; i < state->packets->len; i++)
    {
      const EkaPacketInfo *info =
          &g_array_index (state->packets, EkaPacketInfo, i);
      const EkaPacket packet = {
        .data = data,
        .size = info->size,
        .running_time = info->running_time,
        .utc = info->utc,
        .trim_end = info->trim_end,
        .loudness = info->loudness,
        .discont = info->discont,
      };

      eka_journal_add_packet (out, (*number)++, &packet);
      data += info->size;
    }
}

/**
 * eka_journal_add_packet:
 * @out: takes the packet at its end
 * @number: of the packet: that of the one before and one more
 * @packet: a packet as it went into the chunker
 */
void
eka_journal_add_packet (GByteArray      *out,
                        guint64          number,
                        const EkaPacket *packet)
{
  const EkaRecord record = {
    .type = EKA_RECORD_PACKET,
    .number = number,
    .running_time = packet->running_time,
    .utc = packet->utc,
    .skip = packet->skip,
    .trim_end = packet->trim_end,
    .loudness = packet->loudness,
    .discont = packet->discont,
    .data = packet->data,
    /* no chunker takes an empty one either, but it knows that it came */
    .size = packet->size > MAX_PACKET ? 0 : packet->size,
  };

  eka_record_append (out, &record);
}

static EkaPacket
get_packet (const EkaRecord *record)
{
  return (EkaPacket) {
    .data = record->data,
    .size = record->size,
    .running_time = record->running_time,
    .utc = record->utc,
    .skip = record->skip,
    .trim_end = record->trim_end,
    .loudness = record->loudness,
    .discont = record->discont,
  };
}

/* @samples: of @packet */
static void
note_packet (Rebuild         *self,
             const EkaPacket *packet,
             guint            samples)
{
  const guint64 passed =
      eka_codec_time_from_samples (&self->state->codec, samples);

  if (packet->running_time != EKA_TIME_NONE)
    {
      self->end_time = packet->running_time;
      self->end_utc = packet->utc;
    }
  if (self->end_time != EKA_TIME_NONE)
    self->end_time += passed;
  if (self->end_utc != 0)
    self->end_utc += passed;
  self->samples = samples;
  memcpy (self->like, packet->data, MIN (packet->size, sizeof self->like));
}

static void
drop_history (Rebuild *self)
{
  g_array_set_size (self->state->packets, 0);
  g_byte_array_set_size (self->state->data, 0);
  self->state->n_history = 0;
  self->previous = 0;
}

/* Takes a packet into the state as it was there before.
 *
 * Returns: %FALSE where it cannot have been */
static gboolean
append_packet (Rebuild         *self,
               const EkaRecord *record)
{
  EkaChunkerState *state = self->state;
  const EkaCodec *codec = &state->codec;
  const guint frame = eka_codec_frame_size (codec);
  const EkaPacket packet = get_packet (record);
  const gboolean first = state->packets->len == state->n_history;
  EkaPacketInfo info = {
    .running_time = packet.running_time,
    .utc = packet.utc,
    .size = (guint) packet.size,
    .discont = packet.discont && !first,
  };
  EkaCelt celt = { 0 };

  if (packet.size > MAX_PACKET ||
      (frame > 0 && (packet.size % frame != 0 ||
                     packet.size > eka_pcm_block_size (codec))))
    return FALSE;
  if (info.discont)
    self->previous = 0;
  if (!eka_codec_measure_packet (codec, packet.data, packet.size,
                                 &self->previous, &info.samples))
    return FALSE;
  info.trim_end = MIN (packet.trim_end, info.samples);
  if (frame == 0)
    eka_codec_judge_packet (codec, &celt, packet.data, &info);
  info.loudness = packet.loudness;
  g_array_append_val (state->packets, info);
  g_byte_array_append (state->data, packet.data, info.size);
  if (record->number < self->pending)
    state->n_history++;
  note_packet (self, &packet, info.samples);
  return TRUE;
}

/* @whole: all packets of the state are there */
static void
start_chunker (Rebuild *self,
               gboolean whole)
{
  EkaChunkerState *state = self->state;

  state->previous = self->previous;
  if (whole)
    {
      state->closed = self->closes;
      state->gap = self->gap;
      self->closes = FALSE;
    }
  else
    {
      state->base_time = self->end_time;
      state->base_utc = self->end_utc;
      state->base_samples = 0;
    }
  self->chunker = eka_chunker_restore (state);
  /* the chunker has them now */
  drop_history (self);
  self->previous = state->previous;
}

static void
pop_all (Rebuild *self)
{
  EkaChunk *chunk;

  while ((chunk = eka_chunker_pop (self->chunker)) != NULL)
    g_ptr_array_add (self->chunks, chunk);
}

/* What was missing was in the journal, at least as long as silence is in memory. A
 * journal in which silence takes more than all of it was made up by somebody.
 *
 * @packet: the first of it, with @count samples
 *
 * Returns: whether @samples of it have room */
static gboolean
take_room (Rebuild          *self,
           const GByteArray *packet,
           guint64           samples,
           guint             count)
{
  const guint64 needed = (samples / count + 1) *
                         (guint64) (packet->len + sizeof (EkaPacketInfo));

  if (needed > self->room)
    return FALSE;
  self->room -= needed;
  return TRUE;
}

/* Returns: samples of silence that stand for what is missing between the packet
 * before and @record; 0: that is a gap */
static guint64
measure_hole (Rebuild         *self,
              const EkaRecord *record)
{
  const EkaCodec *codec = &self->state->codec;
  const guint frame = eka_codec_frame_size (codec);
  g_autoptr (GByteArray) packet = NULL;
  guint previous = 0, count;
  guint64 samples;

  if (self->samples == 0 || self->end_time == EKA_TIME_NONE ||
      record->running_time == EKA_TIME_NONE ||
      record->running_time <= self->end_time ||
      record->running_time - self->end_time > MAX_SILENCE)
    return 0;
  samples = eka_codec_samples_from_time (
      codec, record->running_time - self->end_time);
  /* times are not exact: the nearest number of packets */
  if (frame == 0)
    samples += self->samples / 2;
  else if (samples * frame > self->room)
    return 0;
  packet = g_byte_array_new ();
  if (!eka_silence_write (codec, self->like, samples, packet) ||
      !eka_codec_measure_packet (codec, packet->data, packet->len, &previous,
                                 &count) ||
      !take_room (self, packet, samples, count))
    return 0;
  return samples;
}

static void
push_silence (Rebuild *self,
              guint64  samples)
{
  const EkaCodec *codec = &self->state->codec;
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  guint previous = 0, count;

  while (eka_silence_write (codec, self->like, samples, bytes) &&
         eka_codec_measure_packet (codec, bytes->data, bytes->len, &previous,
                                   &count) &&
         count <= samples)
    {
      const EkaPacket packet = {
        .data = bytes->data,
        .size = bytes->len,
        .running_time = EKA_TIME_NONE,
      };

      eka_chunker_push (self->chunker, &packet);
      pop_all (self);
      samples -= count;
      g_byte_array_set_size (bytes, 0);
    }
}

/* Something is missing in front of @packet, of what no chunk has taken. */
static void
bridge_hole (Rebuild         *self,
             const EkaRecord *record,
             guint64          n_missing,
             EkaPacket       *packet)
{
  EkaChunkerState *state = self->state;
  const guint64 silence = measure_hole (self, record);
  guint previous = self->previous, samples = 0;

  if (silence == 0)
    packet->discont = TRUE;
  if (self->chunker == NULL)
    {
      /* no pre-roll reaches across, and what was to be hidden is not there */
      if (silence == 0 && state->packets->len == state->n_history)
        {
          drop_history (self);
          eka_codec_measure_packet (&state->codec, packet->data, packet->size,
                                    &previous, &samples);
          state->skip -= MIN (state->skip, MIN (n_missing, G_MAXUINT32) *
                                               (guint64) samples);
        }
      start_chunker (self, self->expected == self->added);
    }
  if (silence > 0)
    push_silence (self, silence);
}

static void
push_packet (Rebuild         *self,
             const EkaRecord *record,
             guint64          n_missing)
{
  EkaPacket packet = get_packet (record);
  guint samples;

  if (n_missing > 0)
    bridge_hole (self, record, n_missing, &packet);
  else if (self->chunker == NULL)
    start_chunker (self, TRUE);
  if (record->number >= self->added && self->closes)
    {
      eka_chunker_close (self->chunker);
      pop_all (self);
      self->closes = FALSE;
    }
  if (packet.discont)
    self->previous = 0;
  if (eka_codec_measure_packet (&self->state->codec, packet.data, packet.size,
                                &self->previous, &samples))
    note_packet (self, &packet, samples);
  eka_chunker_push (self->chunker, &packet);
  pop_all (self);
}

/* Of numbers from @from to before @to, how many are not below @least */
static guint64
count_from (guint64 from,
            guint64 to,
            guint64 least)
{
  from = MAX (from, least);
  return to > from ? to - from : 0;
}

static void
take_record (Rebuild         *self,
             const EkaRecord *record)
{
  guint64 n_missing;

  /* the second head, and what a later version may add */
  if (record->type != EKA_RECORD_PACKET || record->number < self->expected ||
      record->number == G_MAXUINT64)
    return;
  n_missing = count_from (self->expected, record->number, self->pending);
  if (record->number > self->expected && self->expected < self->pending)
    drop_history (self);
  if (self->chunker != NULL || n_missing > 0 || record->number >= self->added)
    push_packet (self, record, n_missing);
  else if (!append_packet (self, record))
    return;
  self->missing += record->number - self->expected;
  self->expected = record->number + 1;
}

static gboolean
read_head (EkaRecordReader *reader,
           Rebuild         *self,
           GError         **error)
{
  g_autoptr (GError) problem = NULL;
  EkaJournalHead head;
  EkaRecord record;

  while (eka_record_read (reader, &record))
    {
      if (record.type != EKA_RECORD_HEAD)
        continue;
      g_clear_error (&problem);
      if (!eka_journal_head_read (&head, record.data, record.size, &problem))
        continue;
      if (record.number > G_MAXUINT64 - head.n_packets)
        continue;
      self->state = head.state;
      self->expected = record.number;
      self->pending = record.number + head.state->n_history;
      self->added = record.number + head.n_packets;
      self->closes = head.state->closed;
      self->gap = head.state->gap;
      /* counted anew as the packets come */
      self->state->n_history = 0;
      self->state->closed = self->state->gap = FALSE;
      return TRUE;
    }
  if (problem != NULL)
    g_propagate_error (error, g_steal_pointer (&problem));
  else
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                         "The journal has no head that can be read");
  return FALSE;
}

static void
finish (Rebuild *self)
{
  if (self->chunker == NULL)
    start_chunker (self, self->expected == self->added);
  eka_chunker_close (self->chunker);
  pop_all (self);
}

/**
 * eka_journal_rebuild:
 * @journal: a journal, in any condition
 * @damage: (out) (optional): what it has lost
 * @error: %G_IO_ERROR_INVALID_DATA where there is no head left,
 *   %G_IO_ERROR_NOT_SUPPORTED where a later version wrote it
 *
 * Makes chunks of all packets that a journal still has, as if the recording had
 * been closed behind the last of them. Where there is no damage they are those
 * that the chunker would have made. A packet that is missing among those that no
 * chunk has taken is replaced by silence, as its neighbours' times tell and the
 * codec can; else a chunk ends there.
 *
 * Returns: (transfer full) (nullable) (element-type EkaChunk): the chunks, which
 *   may be none; %NULL with @error set
 */
GPtrArray *
eka_journal_rebuild (GBytes           *journal,
                     EkaJournalDamage *damage,
                     GError          **error)
{
  EkaRecordReader reader = { 0 };
  Rebuild self = { .end_time = EKA_TIME_NONE };
  EkaRecord record;

  reader.data = g_bytes_get_data (journal, &reader.size);
  self.room = reader.size;
  if (damage != NULL)
    *damage = (EkaJournalDamage) { 0 };
  if (!read_head (&reader, &self, error))
    return NULL;
  self.chunks =
      g_ptr_array_new_with_free_func ((GDestroyNotify) eka_chunk_unref);
  while (eka_record_read (&reader, &record))
    take_record (&self, &record);
  finish (&self);
  /* at the end no number tells what it was, but it was a packet or more */
  if (reader.ends_broken)
    self.missing++;
  if (damage != NULL)
    *damage = (EkaJournalDamage) {
      .packets = (guint) MIN (self.missing, G_MAXUINT),
      .bytes = reader.lost,
    };
  eka_chunker_free (self.chunker);
  eka_chunker_state_free (self.state);
  return self.chunks;
}
