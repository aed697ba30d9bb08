/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "chunk/split.h"

#include "chunk/codec.h"
#include "chunk/cut.h"
#include "chunk/ogg.h"
#include "chunk/packet.h"
#include "chunk/wav.h"

#include <ogg/ogg.h>
#include <string.h>

/* 2^32 divided by the golden ratio, and odd: its multiples by different numbers
 * differ, and those by numbers of samples in one chunk stay far from the small
 * differences between the serial numbers of a session's chunks. */
#define SERIAL_STEP 0x9e3779b1u

/* An Ogg Opus file, taken apart. */
typedef struct
{
  EkaCodec codec;
  guint32 serial;
  GArray *packets; /* of EkaPacketInfo */
  GByteArray *data;
  guint64 total;   /* samples of all packets */
  guint64 granule; /* of the last page */
  guint n_headers; /* that were read */
  gboolean ended;
} OggFile;

static void
ogg_file_clear (OggFile *self)
{
  g_clear_pointer (&self->packets, g_array_unref);
  g_clear_pointer (&self->data, g_byte_array_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (OggFile, ogg_file_clear)

static EkaPacketInfo *
get_packet (OggFile *self,
            guint    i)
{
  return &g_array_index (self->packets, EkaPacketInfo, i);
}

static gboolean
read_packet (OggFile          *self,
             const ogg_packet *packet)
{
  EkaPacketInfo info = { .running_time = EKA_TIME_NONE };

  if (self->n_headers == 0)
    {
      self->n_headers++;
      return eka_codec_init_opus_from_head (&self->codec, packet->packet,
                                            packet->bytes);
    }
  if (self->n_headers == 1)
    {
      self->n_headers++;
      return packet->bytes >= 8 && memcmp (packet->packet, "OpusTags", 8) == 0;
    }

  info.size = packet->bytes;
  info.samples = eka_codec_packet_samples (&self->codec, packet->packet,
                                           packet->bytes);
  if (info.samples == 0)
    return FALSE;
  self->total += info.samples;
  g_array_append_val (self->packets, info);
  g_byte_array_append (self->data, packet->packet, info.size);
  return TRUE;
}

static gboolean
read_page (OggFile          *self,
           ogg_stream_state *stream,
           ogg_page         *page)
{
  ogg_packet packet;
  gint result;

  if (self->ended || ogg_stream_pagein (stream, page) != 0)
    return FALSE;
  /* negative: something is missing before the packet */
  while ((result = ogg_stream_packetout (stream, &packet)) > 0)
    {
      if (!read_packet (self, &packet))
        return FALSE;
    }
  self->granule = ogg_page_granulepos (page);
  self->ended = ogg_page_eos (page) != 0;
  return result == 0;
}

static gboolean
read_pages (OggFile          *self,
            ogg_sync_state   *sync,
            ogg_stream_state *stream,
            gsize             size)
{
  ogg_page page;

  while (size > 0)
    {
      /* not over 0: damage, bytes between pages, or half a page */
      const glong length = ogg_sync_pageseek (sync, &page);

      if (length <= 0)
        return FALSE;
      if (self->n_headers == 0)
        {
          self->serial = ogg_page_serialno (&page);
          ogg_stream_reset_serialno (stream, (int) self->serial);
        }
      if (!read_page (self, stream, &page))
        return FALSE;
      size -= length;
    }
  return self->ended;
}

/* Takes a file apart; FALSE where it is none that ogg.c writes. */
static gboolean
ogg_file_read (OggFile *self,
               GBytes  *bytes)
{
  const gsize size = g_bytes_get_size (bytes);
  ogg_stream_state stream;
  ogg_sync_state sync;
  gboolean good = FALSE;
  gchar *room;

  self->packets = g_array_new (FALSE, FALSE, sizeof (EkaPacketInfo));
  self->data = g_byte_array_new ();
  /* libogg counts with int */
  if (size == 0 || size > G_MAXINT / 2)
    return FALSE;

  ogg_sync_init (&sync);
  ogg_stream_init (&stream, 0);
  room = ogg_sync_buffer (&sync, size);
  if (room != NULL)
    {
      memcpy (room, g_bytes_get_data (bytes, NULL), size);
      good = ogg_sync_wrote (&sync, size) == 0 &&
             read_pages (self, &sync, &stream, size);
    }
  ogg_stream_clear (&stream);
  ogg_sync_clear (&sync);
  return good && self->granule <= self->total;
}

/* How far @place, a number of samples that are heard, is from the middle. */
static guint64
distance (guint64 place,
          guint64 heard)
{
  return 2 * place > heard ? 2 * place - heard : heard - 2 * place;
}

/* Finds the packet boundary that is nearest to the middle of what is heard. No
 * other leaves more to the shorter half.
 *
 * Returns: packets before it; @place is their heard samples */
static guint
choose_boundary (OggFile *self,
                 guint64  heard,
                 guint64 *place)
{
  const guint64 skip = self->codec.pre_skip;
  guint64 before = 0;
  guint best = 0, i;

  *place = 0;
  for (i = 0; i < self->packets->len; i++)
    {
      if (before > skip &&
          distance (before - skip, heard) < distance (*place, heard))
        {
          best = i;
          *place = before - skip;
        }
      before += get_packet (self, i)->samples;
    }
  return best;
}

static GBytes *
write_first (OggFile *self,
             guint    n_packets)
{
  const EkaOggStream stream = {
    .codec = &self->codec,
    .serial = self->serial,
    .pre_skip = self->codec.pre_skip,
    .packets = get_packet (self, 0),
    .n_packets = n_packets,
    .data = self->data->data,
  };

  return eka_ogg_write (&stream);
}

/* @place: heard samples before it */
static GBytes *
write_second (OggFile *self,
              guint    n_before,
              guint64  place)
{
  const guint64 enough =
      eka_codec_samples_from_time (&self->codec, EKA_CUT_PRE_ROLL);
  EkaOggStream stream = {
    .codec = &self->codec,
    .serial = self->serial + SERIAL_STEP * (guint32) place,
    .trim_end = self->total - self->granule,
    .data = self->data->data,
  };
  guint begin = n_before, i;

  while (begin > 0 && stream.pre_skip < enough)
    stream.pre_skip += get_packet (self, --begin)->samples;
  for (i = 0; i < begin; i++)
    stream.data += get_packet (self, i)->size;
  stream.packets = get_packet (self, begin);
  stream.n_packets = self->packets->len - begin;
  return eka_ogg_write (&stream);
}

/* Makes the halves of @chunk; @place is the samples of the first. */
static void
make_halves (EkaChunk       *chunk,
             const EkaCodec *codec,
             guint64         place,
             GBytes         *first_bytes,
             GBytes         *second_bytes,
             EkaChunk      **first,
             EkaChunk      **second)
{
  const guint64 rest = chunk->samples - place;
  const guint64 duration = eka_codec_time_from_samples (codec, place);
  guint64 running_time = chunk->running_time;

  *first = eka_chunk_new (chunk->index, first_bytes, chunk->media_type,
                          chunk->extension, running_time, duration, place);
  if (running_time != EKA_TIME_NONE)
    running_time += duration;
  *second = eka_chunk_new (chunk->index, second_bytes, chunk->media_type,
                           chunk->extension, running_time,
                           eka_codec_time_from_samples (codec, rest), rest);
}

static gboolean
are_crumbs (const EkaCodec *codec,
            guint64         place,
            guint64         heard)
{
  return MIN (place, heard - place) <
         eka_codec_samples_from_time (codec, EKA_CUT_CRUMB);
}

static gboolean
split_ogg (EkaChunk  *chunk,
           EkaChunk **first,
           EkaChunk **second)
{
  g_auto (OggFile) file = { 0, };
  g_autoptr (GBytes) first_bytes = NULL;
  g_autoptr (GBytes) second_bytes = NULL;
  guint64 heard, place;
  guint n_before;

  if (!ogg_file_read (&file, chunk->bytes) ||
      file.granule < file.codec.pre_skip)
    return FALSE;
  heard = file.granule - file.codec.pre_skip;
  if (heard != chunk->samples)
    return FALSE;
  n_before = choose_boundary (&file, heard, &place);
  if (are_crumbs (&file.codec, place, heard))
    return FALSE;

  first_bytes = write_first (&file, n_before);
  second_bytes = write_second (&file, n_before, place);
  make_halves (chunk, &file.codec, place, first_bytes, second_bytes, first,
               second);
  return TRUE;
}

static guint32
get_32 (const guint8 *p)
{
  return p[0] | p[1] << 8 | p[2] << 16 | (guint32) p[3] << 24;
}

/* Finds the samples of a file; %NULL where it is none that wav.c writes: only
 * then would it write the same bytes again. */
static const guint8 *
wav_file_read (GBytes   *bytes,
               EkaCodec *codec,
               gsize    *size)
{
  g_autoptr (GBytes) again = NULL;
  const guint8 *file = g_bytes_get_data (bytes, size);
  guint channels, rate;

  if (*size < EKA_WAV_HEADER_SIZE || *size > G_MAXINT32)
    return NULL;
  channels = file[22];
  rate = get_32 (file + 24);
  if (channels < 1 || channels > 2 || rate == 0)
    return NULL;

  *size -= EKA_WAV_HEADER_SIZE;
  eka_codec_init_pcm (codec, rate, channels);
  again = eka_wav_write (codec, file + EKA_WAV_HEADER_SIZE, *size);
  return g_bytes_equal (bytes, again) ? file + EKA_WAV_HEADER_SIZE : NULL;
}

static gboolean
split_wav (EkaChunk  *chunk,
           EkaChunk **first,
           EkaChunk **second)
{
  g_autoptr (GBytes) first_bytes = NULL;
  g_autoptr (GBytes) second_bytes = NULL;
  const guint64 place = chunk->samples / 2;
  const guint8 *samples;
  EkaCodec codec;
  gsize size, cut;

  samples = wav_file_read (chunk->bytes, &codec, &size);
  if (samples == NULL || size % (2 * codec.channels) != 0 ||
      size / (2 * codec.channels) != chunk->samples ||
      are_crumbs (&codec, place, chunk->samples))
    return FALSE;

  cut = place * 2 * codec.channels;
  first_bytes = eka_wav_write (&codec, samples, cut);
  second_bytes = eka_wav_write (&codec, samples + cut, size - cut);
  make_halves (chunk, &codec, place, first_bytes, second_bytes, first, second);
  return TRUE;
}

/**
 * eka_split_chunk:
 * @chunk: a chunk of a chunker, or a half of one
 * @first: (out) (transfer full): its first half; untouched on failure
 * @second: (out) (transfer full): its second half; untouched on failure
 *
 * For a service that finds a chunk too large. The cut lies as near the middle
 * as packets allow. Each half stands alone, and decoded and joined they are
 * what @chunk is in the uncut recording: the second one opens with 500 ms of
 * packets from before the cut, or all that the file has, hidden by its
 * pre-skip, and has a serial number of its own. It is never larger than @chunk,
 * but hardly smaller where @chunk lasts less than a second.
 *
 * Both have the index of @chunk: the caller numbers. The same chunk always
 * gives the same halves. Damage does no harm.
 *
 * Returns: %FALSE where a half would last under 100 ms, or where this library
 *   did not write the file
 */
gboolean
eka_split_chunk (EkaChunk  *chunk,
                 EkaChunk **first,
                 EkaChunk **second)
{
  if (g_str_has_prefix (chunk->media_type, "audio/ogg"))
    return split_ogg (chunk, first, second);
  if (g_str_has_prefix (chunk->media_type, "audio/wav"))
    return split_wav (chunk, first, second);
  return FALSE;
}
