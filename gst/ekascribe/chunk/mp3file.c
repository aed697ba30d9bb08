/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "chunk/mp3file.h"

#include <string.h>

#include "chunk/mp3.h"

/* The longest frames are 216 bytes for a tag, 626 for a filler, and four of 144
 * without a sound: see the test. */
#define HEADER_BOUND 2048

/* The tag that Xing began and LAME extended, by offsets from its first byte */
#define XING_FLAGS 4
#define XING_FRAMES 8
#define XING_BYTES 12
#define XING_TOC 16
#define TOC_LENGTH 100
#define LAME_VERSION 120
#define LAME_DELAYS 141
#define LAME_LENGTH 148
#define LAME_MUSIC_CRC 152
#define LAME_TAG_CRC 154
#define TAG_SIZE 156

/* Decoders look for the first four bytes. */
#define VERSION "LAMEeka  "

/* Delay and padding have 12 bits each. */
#define MAX_DELAY 4095
#define MAX_SKIP (MAX_DELAY + EKA_MP3_DECODER_DELAY)
#define MAX_TRIM (MAX_DELAY - EKA_MP3_DECODER_DELAY)

/* The most that a frame takes from those before it */
#define MAX_RESERVOIR 511

/* FFmpeg may not recognise a file of fewer frames, tag included. */
#define MIN_FRAMES 8

/* What goes into a file, in the order of its bytes. */
typedef struct
{
  guint8 tag[EKA_MP3_MAX_FRAME];
  gsize tag_size; /* 0: none */
  guint8 silence[EKA_MP3_MAX_FRAME];
  gsize silence_size;
  guint n_silences;
  guint8 filler[EKA_MP3_MAX_FRAME];
  gsize filler_size; /* 0: none */
  const guint8 *data;
  gsize size;
  const EkaPacketInfo *packets;
  guint n_packets;
  guint n_history;
  guint64 skip;
  guint64 trim_end;
} Plan;

/**
 * eka_mp3file_header_size:
 * @codec: an MP3 codec
 *
 * Returns: the most that a file has beside its packets, in bytes
 */
gsize
eka_mp3file_header_size (const EkaCodec *codec)
{
  return HEADER_BOUND;
}

/**
 * eka_mp3file_packet_cost:
 * @size: of a packet, in bytes
 *
 * Returns: what it adds to a file
 */
gsize
eka_mp3file_packet_cost (gsize size)
{
  return size;
}

static void
put_be16 (guint8 *to,
          guint   value)
{
  to[0] = value >> 8 & 0xff;
  to[1] = value & 0xff;
}

static void
put_be32 (guint8 *to,
          guint32 value)
{
  put_be16 (to, value >> 16);
  put_be16 (to + 2, value & 0xffff);
}

/* CRC-16 with the polynomial 0x8005, least bit first. Table i continues a byte
 * by i bytes of zeros, so that eight bytes need no chain of look-ups. */
static const guint16 (*
get_crc_tables (void))[256]
{
  static guint16 tables[8][256];
  static gsize ready = 0;
  guint i, n;

  if (g_once_init_enter (&ready))
    {
      for (i = 0; i < 256; i++)
        {
          guint crc = i;

          for (n = 0; n < 8; n++)
            crc = crc >> 1 ^ ((crc & 1) != 0 ? 0xa001 : 0);
          tables[0][i] = (guint16) crc;
        }
      for (n = 1; n < 8; n++)
        {
          for (i = 0; i < 256; i++)
            tables[n][i] = tables[n - 1][i] >> 8 ^
                           tables[0][tables[n - 1][i] & 0xff];
        }
      g_once_init_leave (&ready, 1);
    }
  return (const guint16 (*)[256]) tables;
}

static guint
update_crc (guint         crc,
            const guint8 *data,
            gsize         size)
{
  const guint16 (*t)[256] = get_crc_tables ();

  for (; size >= 8; data += 8, size -= 8)
    crc = t[7][data[0] ^ (crc & 0xff)] ^ t[6][data[1] ^ crc >> 8] ^
          t[5][data[2]] ^ t[4][data[3]] ^ t[3][data[4]] ^ t[2][data[5]] ^
          t[1][data[6]] ^ t[0][data[7]];
  for (; size > 0; data++, size--)
    crc = crc >> 8 ^ t[0][(crc ^ data[0]) & 0xff];
  return crc;
}

/* Leaves out packets of which nothing is heard, as far as the numbers of the tag
 * are too small for them. */
static void
drop_hidden (Plan *self,
             guint samples)
{
  while (self->n_packets > 1 &&
         self->skip > MAX_SKIP - (self->n_history > 0 ? samples : 0))
    {
      self->data += self->packets[0].size;
      self->packets++;
      self->n_packets--;
      self->n_history++;
      self->skip -= samples;
    }
  while (self->n_packets > 1 && self->trim_end > MAX_TRIM)
    {
      self->n_packets--;
      self->trim_end -= samples;
    }
}

/* How much main data the first packets take from before all of them. Later ones
 * cannot: the reservoir is short. */
static guint
count_reservoir (const Plan *self)
{
  const guint8 *frame = self->data;
  guint before = 0, most = 0, i;

  for (i = 0; i < self->n_packets && before < MAX_RESERVOIR; i++)
    {
      EkaMp3Header header;
      guint begin;

      if (!eka_mp3_read_header (&header, frame, self->packets[i].size))
        break;
      begin = eka_mp3_main_data_begin (&header, frame);
      most = MAX (most, begin > before ? begin - before : 0);
      before += header.size - header.main_data;
      frame += header.size;
    }
  return most;
}

/* Fills the end of the filler with the main data of the history, as far as
 * there is any. */
static void
copy_reservoir (Plan *self,
                guint room)
{
  const guint8 *frame = self->data;
  guint8 *end = self->filler + self->filler_size;
  guint i;

  for (i = 1; i <= self->n_history && room > 0; i++)
    {
      const guint size = self->packets[-(gint) i].size;
      EkaMp3Header header;
      guint n;

      frame -= size;
      if (!eka_mp3_read_header (&header, frame, size))
        break;
      n = MIN (room, size - header.main_data);
      end -= n;
      room -= n;
      memcpy (end, frame + size - n, n);
    }
}

/* Have all packets one bit rate? */
static gboolean
is_constant (const Plan *self)
{
  const guint8 *frame = self->data;
  guint i;

  for (i = 0; i < self->n_packets; i++)
    {
      if (frame[2] >> 4 != self->data[2] >> 4)
        return FALSE;
      frame += self->packets[i].size;
    }
  return TRUE;
}

/* Without a tag a decoder takes the first frame for the rate of all, and a first
 * frame that is a tag for ours. In a short file the tag is one frame more. */
static gboolean
needs_tag (const Plan *self)
{
  guint skip, trim_end;

  return self->skip > 0 || self->trim_end > 0 ||
         self->n_packets < MIN_FRAMES || !is_constant (self) ||
         eka_mp3_read_info (self->data, self->packets[0].size, &skip,
                            &trim_end);
}

static void
plan_filler (Plan           *self,
             const EkaCodec *codec)
{
  const guint room = self->n_history > 0 ? count_reservoir (self) : 0;

  if (room == 0)
    return;
  self->filler_size =
      eka_mp3_write_filler (codec, self->data, room, self->filler);
  if (self->filler_size == 0)
    return;
  copy_reservoir (self, room);
  self->skip += eka_mp3_frame_samples (codec);
}

/* Frames in front of all others where what is hidden is less than any decoder
 * skips that sees a tag, or where the file is too short. mpg123 skips what itself
 * is late even where a tag tells no delay. */
static void
plan_silences (Plan           *self,
               const EkaCodec *codec)
{
  const guint samples = eka_mp3_frame_samples (codec);
  /* where they are few, one is the tag */
  const guint n_frames = self->n_packets + (self->filler_size > 0) + 1;
  guint n = self->skip < EKA_MP3_DECODER_DELAY && needs_tag (self) ? 1 : 0;

  if (n_frames < MIN_FRAMES)
    n = MAX (n, MIN_FRAMES - n_frames);
  self->silence_size =
      eka_mp3_write_filler (codec, self->data, 0, self->silence);
  while (self->n_silences < n && self->skip + samples <= MAX_SKIP)
    {
      self->n_silences++;
      self->skip += samples;
    }
}

static gsize
count_bytes (const Plan *self)
{
  return self->tag_size + self->n_silences * self->silence_size +
         self->filler_size + self->size;
}

static guint
count_frames (const Plan *self)
{
  return self->n_silences + (self->filler_size > 0) + self->n_packets;
}

/* @i: of count_frames() */
static gsize
get_size (const Plan *self,
          guint       i)
{
  if (i < self->n_silences)
    return self->silence_size;
  i -= self->n_silences;
  if (self->filler_size == 0)
    return self->packets[i].size;
  return i == 0 ? self->filler_size : self->packets[i - 1].size;
}

/* Where in the file each hundredth of its time is, in 1/256 of its bytes */
static void
write_toc (const Plan *self,
           guint8     *toc)
{
  const guint64 n = count_frames (self);
  const guint64 total = count_bytes (self);
  guint64 place = self->tag_size;
  guint i = 0, frame;

  for (frame = 0; frame < n; frame++)
    {
      while (i < TOC_LENGTH && i * n < (frame + 1) * (guint64) TOC_LENGTH)
        toc[i++] = (guint8) (place * 256 / total);
      place += get_size (self, frame);
    }
}

static guint
music_crc (const Plan *self)
{
  guint crc = 0, i;

  for (i = 0; i < self->n_silences; i++)
    crc = update_crc (crc, self->silence, self->silence_size);
  crc = update_crc (crc, self->filler, self->filler_size);
  return update_crc (crc, self->data, self->size);
}

/* @tag: in @self->tag, from "Xing" on; the rest of the frame is written */
static void
write_lame (Plan   *self,
            guint8 *tag)
{
  const guint delay = (guint) self->skip - EKA_MP3_DECODER_DELAY;
  const guint padding = (guint) self->trim_end + EKA_MP3_DECODER_DELAY;
  guint8 *end = tag + LAME_TAG_CRC;

  memcpy (tag + LAME_VERSION, VERSION, strlen (VERSION));
  tag[LAME_DELAYS] = (guint8) (delay >> 4);
  tag[LAME_DELAYS + 1] = (guint8) ((delay & 0xf) << 4 | padding >> 8);
  tag[LAME_DELAYS + 2] = padding & 0xff;
  put_be32 (tag + LAME_LENGTH, (guint32) count_bytes (self));
  put_be16 (tag + LAME_MUSIC_CRC, music_crc (self));
  put_be16 (end, update_crc (0, self->tag, end - self->tag));
}

static void
plan_tag (Plan           *self,
          const EkaCodec *codec)
{
  guint8 like[4];
  EkaMp3Header header;
  guint8 *tag;

  memcpy (like, self->data, sizeof like);
  /* nobody expects a CRC here */
  like[1] |= 1;
  self->tag_size = eka_mp3_write_filler (codec, like, TAG_SIZE, self->tag);
  if (!eka_mp3_read_header (&header, self->tag, self->tag_size))
    return;
  tag = self->tag + header.main_data;
  memcpy (tag, "Xing", 4);
  /* all four fields */
  put_be32 (tag + XING_FLAGS, 15);
  put_be32 (tag + XING_FRAMES, count_frames (self));
  put_be32 (tag + XING_BYTES, (guint32) count_bytes (self));
  write_toc (self, tag + XING_TOC);
  write_lame (self, tag);
}

static void
plan_init (Plan            *self,
           const EkaStream *stream)
{
  guint i;

  self->tag_size = self->filler_size = self->size = 0;
  self->n_silences = 0;
  self->data = stream->data;
  self->packets = stream->packets;
  self->n_packets = stream->n_packets;
  self->n_history = stream->n_history;
  self->skip = stream->skip;
  self->trim_end = stream->trim_end;
  drop_hidden (self, eka_mp3_frame_samples (stream->codec));
  for (i = 0; i < self->n_packets; i++)
    self->size += self->packets[i].size;
  plan_filler (self, stream->codec);
  plan_silences (self, stream->codec);
  if (needs_tag (self))
    plan_tag (self, stream->codec);
}

/**
 * eka_mp3file_write:
 * @stream: packets of MP3; the first of them are pre-roll: eka_mp3_pre_roll()
 *   frames where what they hold is to be heard from the next one on
 *
 * Writes the frames as they are. In front of them are, where needed:
 *
 * A frame with the tags of Xing and LAME: it lets decoders drop @stream->skip
 * samples at the start and @stream->trim_end at the end, and counts the frames,
 * which decoders would guess wrong where bit rates differ. Without any of these
 * it is left out.
 *
 * A filler: a frame without a sound, of the least bit rate that does, whose main
 * data are the last ones of the history, as far as the first frames reach back
 * into them. It is skipped too.
 *
 * Frames without a sound, skipped too, where there would be fewer than 8 frames:
 * up to four. One where there is a tag and fewer than 529 samples to skip, for no
 * decoder that honours the tag skips fewer.
 *
 * Packets of which nothing is heard are left out where the tag cannot count
 * their samples: 4624 at the start, 3566 at the end.
 *
 * Returns: (transfer full): the file
 */
GBytes *
eka_mp3file_write (const EkaStream *stream)
{
  Plan plan;
  gsize size;
  guint8 *file, *to;
  guint i;

  plan_init (&plan, stream);
  size = count_bytes (&plan);
  to = file = g_malloc (size);
  memcpy (to, plan.tag, plan.tag_size);
  to += plan.tag_size;
  for (i = 0; i < plan.n_silences; i++, to += plan.silence_size)
    memcpy (to, plan.silence, plan.silence_size);
  memcpy (to, plan.filler, plan.filler_size);
  memcpy (to + plan.filler_size, plan.data, plan.size);
  return g_bytes_new_take (file, size);
}

static gboolean
read_frames (EkaFile      *file,
             const guint8 *data,
             gsize         size)
{
  while (size > 0)
    {
      EkaMp3Header header;

      if (!eka_mp3_read_header (&header, data, size) || header.size > size ||
          !eka_file_add_packet (file, data, header.size))
        return FALSE;
      data += header.size;
      size -= header.size;
    }
  return file->packets->len > 0;
}

/* Would the same bytes be written again? */
static gboolean
is_ours (const EkaFile *file,
         GBytes        *bytes)
{
  const EkaStream stream = eka_file_get_stream (file);
  g_autoptr (GBytes) again = eka_mp3file_write (&stream);

  return g_bytes_equal (bytes, again);
}

/**
 * eka_mp3file_read:
 * @file: (inout): an empty file
 * @bytes: what eka_mp3file_write() wrote
 *
 * Fillers are packets like the others, the first ones; @file->skip counts them.
 *
 * Returns: %FALSE where it did not write it
 */
gboolean
eka_mp3file_read (EkaFile *file,
                  GBytes  *bytes)
{
  EkaMp3Header header;
  guint skip, trim_end;
  gsize size;
  const guint8 *data = g_bytes_get_data (bytes, &size);

  if (!eka_mp3_init_codec (&file->codec, data, size))
    return FALSE;
  if (eka_mp3_read_info (data, size, &skip, &trim_end) &&
      eka_mp3_read_header (&header, data, size))
    {
      file->skip = skip;
      file->trim_end = trim_end;
      data += header.size;
      size -= header.size;
    }
  return read_frames (file, data, size) && is_ours (file, bytes);
}
