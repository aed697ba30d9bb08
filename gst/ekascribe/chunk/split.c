/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "chunk/split.h"

#include "chunk/container.h"
#include "chunk/cut.h"
#include "chunk/preroll.h"

/* 2^32 divided by the golden ratio, and odd: its multiples by different numbers
 * differ, and those by numbers of samples in one chunk stay far from the small
 * differences between the serial numbers of a session's chunks. */
#define SERIAL_STEP 0x9e3779b1u

static const EkaPacketInfo *
get_packet (const EkaFile *file,
            guint          i)
{
  return &g_array_index (file->packets, EkaPacketInfo, i);
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
choose_boundary (const EkaFile *file,
                 guint64        heard,
                 guint64       *place)
{
  guint64 before = 0;
  guint best = 0, i;

  *place = 0;
  for (i = 0; i < file->packets->len; i++)
    {
      if (before > file->skip &&
          distance (before - file->skip, heard) < distance (*place, heard))
        {
          best = i;
          *place = before - file->skip;
        }
      before += get_packet (file, i)->samples;
    }
  return best;
}

static GBytes *
write_first (const EkaFile *file,
             EkaContainer   container,
             guint          n_packets)
{
  const EkaStream stream = {
    .codec = &file->codec,
    .serial = file->serial,
    .skip = file->skip,
    .packets = get_packet (file, 0),
    .n_packets = n_packets,
    .data = file->data->data,
  };

  return eka_container_write (container, &stream);
}

/* @place: heard samples before it */
static GBytes *
write_second (const EkaFile *file,
              EkaContainer   container,
              guint          n_before,
              guint64        place)
{
  EkaStream stream = {
    .codec = &file->codec,
    .serial = file->serial + SERIAL_STEP * (guint32) place,
    .trim_end = file->trim_end,
    .data = file->data->data,
  };
  EkaPreRoll pre_roll;
  guint i;

  eka_preroll_choose (&pre_roll, container, &file->codec,
                      get_packet (file, n_before), n_before, G_MAXUINT64,
                      G_MAXUINT64);
  stream.skip = pre_roll.skip;
  stream.n_history = n_before - pre_roll.n_packets;
  for (i = 0; i < stream.n_history; i++)
    stream.data += get_packet (file, i)->size;
  stream.packets = get_packet (file, stream.n_history);
  stream.n_packets = file->packets->len - stream.n_history;
  return eka_container_write (container, &stream);
}

/* Makes a half of @chunk that begins after @place samples of it. */
static EkaChunk *
make_half (const EkaChunk *chunk,
           const EkaCodec *codec,
           GBytes         *bytes,
           guint64         place,
           guint64         samples)
{
  const guint64 passed = eka_codec_time_from_samples (codec, place);
  EkaChunk *half = eka_chunk_new (
      chunk->index, bytes, chunk->media_type, chunk->extension,
      chunk->running_time, eka_codec_time_from_samples (codec, samples),
      samples);

  if (half->running_time != EKA_TIME_NONE)
    half->running_time += passed;
  if (chunk->utc != 0)
    half->utc = chunk->utc + passed;
  return half;
}

static gboolean
are_crumbs (const EkaCodec *codec,
            guint64         place,
            guint64         heard)
{
  return MIN (place, heard - place) <
         eka_codec_samples_from_time (codec, EKA_CUT_CRUMB);
}

/**
 * eka_split_chunk:
 * @chunk: a chunk of a chunker, or a half of one
 * @first: (out) (transfer full): its first half; untouched on failure
 * @second: (out) (transfer full): its second half; untouched on failure
 *
 * For a service that finds a chunk too large. The cut lies as near the middle
 * as packets allow. Each half stands alone, and decoded and joined they are
 * what @chunk is in the uncut recording: the second one opens with pre-roll from
 * before the cut, as much as the file has, and has a serial number of its own.
 * It is never larger than @chunk, but hardly smaller where @chunk lasts less
 * than a second.
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
  g_auto (EkaFile) file = { 0, };
  g_autoptr (GBytes) first_bytes = NULL;
  g_autoptr (GBytes) second_bytes = NULL;
  EkaContainer container;
  guint64 heard, place;
  guint n_before;

  eka_file_init (&file);
  if (!eka_container_from_media_type (chunk->media_type, &container) ||
      !eka_container_read (container, &file, chunk->bytes))
    return FALSE;
  heard = eka_file_count_samples (&file);
  if (heard < file.skip + file.trim_end)
    return FALSE;
  heard -= file.skip + file.trim_end;
  if (heard != chunk->samples)
    return FALSE;
  n_before = choose_boundary (&file, heard, &place);
  if (n_before == 0 || are_crumbs (&file.codec, place, heard))
    return FALSE;

  first_bytes = write_first (&file, container, n_before);
  second_bytes = write_second (&file, container, n_before, place);
  *first = make_half (chunk, &file.codec, first_bytes, 0, place);
  *second = make_half (chunk, &file.codec, second_bytes, place, heard - place);
  return TRUE;
}
