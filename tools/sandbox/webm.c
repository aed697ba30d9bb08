/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "webm.h"

#include "opus.h"

#include <gio/gio.h>
#include <string.h>

#define MAX_FRAMES 256 /* in a laced block */
#define CUT_OFF "the WebM file is cut off"
#define DAMAGED "the WebM file is damaged"

/* RFC 8794 and RFC 9559; each with its length marker. */
enum
{
  EBML = 0x1a45dfa3,
  DOC_TYPE = 0x4282,
  SEGMENT = 0x18538067,
  SEEK_HEAD = 0x114d9b74,
  INFO = 0x1549a966,
  TRACKS = 0x1654ae6b,
  CLUSTER = 0x1f43b675,
  CUES = 0x1c53bb6b,
  CHAPTERS = 0x1043a770,
  TAGS = 0x1254c367,
  ATTACHMENTS = 0x1941a469,
  VOID = 0xec,
  CRC = 0xbf,
  TRACK_ENTRY = 0xae,
  TRACK_NUMBER = 0xd7,
  TRACK_TYPE = 0x83,
  CODEC_ID = 0x86,
  CODEC_PRIVATE = 0x63a2,
  CODEC_DELAY = 0x56aa,
  ENCODINGS = 0x6d80,
  SIMPLE_BLOCK = 0xa3,
  BLOCK_GROUP = 0xa0,
  BLOCK = 0xa1,
  DISCARD_PADDING = 0x75a2,
  TIMESTAMP = 0xe7,
  POSITION = 0xa7,
  PREVIOUS_SIZE = 0xab,
};

#define AUDIO 2

/* Its contents; @open: whoever wrote it did not know its size. */
typedef struct
{
  guint32 id;
  gsize start;
  gsize end;
  gboolean open;
} Element;

/* @wrong is set once, and then nothing is read any more. */
typedef struct
{
  GBytes *file;
  const guint8 *data;
  gsize size;
  const gchar *wrong;
  SandboxPackets *packets;
  guint64 track;  /* number; 0: none yet */
  guint64 delay;  /* ns */
  guint preskip;  /* samples */
  gint64 padding; /* ns, of the last block */
} Reader;

static gboolean
fail (Reader *self, const gchar *reason)
{
  if (self->wrong == NULL)
    self->wrong = reason;
  return FALSE;
}

/* A number whose first bits tell its length; with that marker, or without. */
static gboolean
read_vint (const guint8 *data,
           gsize size,
           gboolean marked,
           guint64 *value,
           gsize *length)
{
  gsize i;

  if (size == 0 || data[0] == 0)
    return FALSE;
  *length = 1;
  while ((data[0] & 0x80 >> (*length - 1)) == 0)
    (*length)++;
  if (*length > size)
    return FALSE;
  *value = marked ? data[0] : data[0] & ((1u << (8 - *length)) - 1);
  for (i = 1; i < *length; i++)
    *value = *value << 8 | data[i];
  return TRUE;
}

static gboolean
read_element (Reader *self, gsize *at, gsize end, Element *element)
{
  guint64 id;
  guint64 size;
  gsize used;

  if (!read_vint (self->data + *at, end - *at, TRUE, &id, &used) || used > 4)
    return fail (self, end == self->size && end - *at < 4 ? CUT_OFF : DAMAGED);
  *at += used;
  if (!read_vint (self->data + *at, end - *at, FALSE, &size, &used))
    return fail (self, CUT_OFF);
  *at += used;
  element->id = (guint32)id;
  element->start = *at;
  element->open = size == (G_GUINT64_CONSTANT (1) << 7 * used) - 1;
  if (!element->open && size > end - *at)
    return fail (self, end == self->size ? CUT_OFF : DAMAGED);
  element->end = element->open ? end : *at + (gsize)size;
  if (element->open && element->id != SEGMENT && element->id != CLUSTER)
    return fail (self, DAMAGED);
  *at = element->end;
  return TRUE;
}

static guint64
read_number (const Reader *self, const Element *element)
{
  guint64 value = 0;
  gsize i;

  for (i = element->start; i < element->end; i++)
    value = value << 8 | self->data[i];
  return value;
}

static gint64
read_signed (const Reader *self, const Element *element)
{
  guint64 value = read_number (self, element);
  guint bits = (guint)(8 * MIN (element->end - element->start, 8));

  if (bits > 0 && bits < 64 && (value >> (bits - 1) & 1) != 0)
    value |= G_MAXUINT64 << bits;
  return (gint64)value;
}

static gboolean
holds (const Reader *self, const Element *element, const gchar *text)
{
  gsize length = strlen (text);

  return element->end - element->start >= length &&
         memcmp (self->data + element->start, text, length) == 0;
}

/* --- tracks -------------------------------------------------------------- */

static gboolean
read_track (Reader *self, const Element *entry)
{
  gsize at = entry->start;
  Element element;
  g_autoptr (GBytes) head = NULL;
  guint64 type = 0;
  gboolean opus = FALSE;

  if (self->track != 0)
    return fail (self, "the WebM file has more than one track");
  while (at < entry->end)
    {
      if (!read_element (self, &at, entry->end, &element))
        return FALSE;
      if (element.id == TRACK_NUMBER)
        self->track = read_number (self, &element);
      else if (element.id == TRACK_TYPE)
        type = read_number (self, &element);
      else if (element.id == CODEC_ID)
        opus = holds (self, &element, "A_OPUS");
      else if (element.id == CODEC_DELAY)
        self->delay = read_number (self, &element);
      else if (element.id == ENCODINGS)
        return fail (self, "the WebM file is compressed or encrypted");
      else if (element.id == CODEC_PRIVATE && head == NULL)
        head = g_bytes_new_from_bytes (self->file, element.start,
                                       element.end - element.start);
    }
  if (self->track == 0 || type != AUDIO || !opus || head == NULL ||
      !sandbox_opus_set_head (self->packets, head, &self->preskip))
    return fail (self, "the file holds no Opus");
  return TRUE;
}

static gboolean
read_tracks (Reader *self, const Element *tracks)
{
  gsize at = tracks->start;
  Element element;

  while (at < tracks->end)
    if (!read_element (self, &at, tracks->end, &element) ||
        (element.id == TRACK_ENTRY && !read_track (self, &element)))
      return FALSE;
  return TRUE;
}

/* --- blocks -------------------------------------------------------------- */

/* Sizes of all frames but the last, by the lacing of Xiph: sums of bytes, 255
 * is never the last. */
static gboolean
read_xiph (Reader *self, gsize *at, gsize end, gsize *sizes, guint count)
{
  guint i;

  for (i = 0; i + 1 < count; i++)
    {
      sizes[i] = 0;
      do
        {
          if (*at >= end)
            return FALSE;
          sizes[i] += self->data[*at];
        }
      while (self->data[(*at)++] == 255);
    }
  return TRUE;
}

/* The first size, then differences around the middle of their range. */
static gboolean
read_ebml (Reader *self, gsize *at, gsize end, gsize *sizes, guint count)
{
  guint64 value;
  gint64 size = 0;
  gsize used;
  guint i;

  for (i = 0; i + 1 < count; i++)
    {
      if (!read_vint (self->data + *at, end - *at, FALSE, &value, &used))
        return FALSE;
      *at += used;
      if (i == 0)
        size = (gint64)value;
      else
        size += (gint64)value - ((G_GINT64_CONSTANT (1) << (7 * used - 1)) - 1);
      if (size < 0 || (guint64)size > end)
        return FALSE;
      sizes[i] = (gsize)size;
    }
  return TRUE;
}

static gboolean
read_laced (Reader *self, gsize at, gsize end, guint lacing)
{
  gsize sizes[MAX_FRAMES] = { 0 };
  guint count;
  guint i;

  if (at >= end)
    return fail (self, DAMAGED);
  count = self->data[at++] + 1u;
  if (lacing == 1 && !read_xiph (self, &at, end, sizes, count))
    return fail (self, DAMAGED);
  if (lacing == 3 && !read_ebml (self, &at, end, sizes, count))
    return fail (self, DAMAGED);
  if (lacing == 2 && (end - at) % count != 0)
    return fail (self, DAMAGED);
  for (i = 0; i < count; i++)
    {
      gsize size = lacing == 2 ? (end - at) / (count - i) : sizes[i];

      if (i + 1 == count)
        size = end - at;
      if (size > end - at)
        return fail (self, DAMAGED);
      sandbox_packets_add (self->packets, self->file, at, size);
      at += size;
    }
  return TRUE;
}

/* Track, time of 16 bits, flags; then the frames. */
static gboolean
read_block (Reader *self, const Element *block)
{
  gsize at = block->start;
  guint64 track;
  gsize used;
  guint lacing;

  if (self->padding != 0)
    return fail (self, "DiscardPadding stands before the last block");
  if (!read_vint (self->data + at, block->end - at, FALSE, &track, &used) ||
      block->end - at < used + 3)
    return fail (self, DAMAGED);
  if (self->track == 0 || track != self->track)
    return fail (self, "a block is of no track");
  lacing = self->data[at + used + 2] >> 1 & 3;
  at += used + 3;
  if (lacing != 0)
    return read_laced (self, at, block->end, lacing);
  sandbox_packets_add (self->packets, self->file, at, block->end - at);
  return TRUE;
}

static gboolean
read_group (Reader *self, const Element *group)
{
  gsize at = group->start;
  Element element;
  gint64 padding = 0;

  while (at < group->end)
    {
      if (!read_element (self, &at, group->end, &element) ||
          (element.id == BLOCK && !read_block (self, &element)))
        return FALSE;
      if (element.id == DISCARD_PADDING)
        padding = read_signed (self, &element);
    }
  if (padding < 0)
    return fail (self, "DiscardPadding is negative");
  self->padding = padding;
  return TRUE;
}

/* What a segment holds, and ends a cluster of unknown size. */
static gboolean
is_top (guint32 id)
{
  return id == SEEK_HEAD || id == INFO || id == TRACKS || id == CLUSTER ||
         id == CUES || id == CHAPTERS || id == TAGS || id == ATTACHMENTS;
}

/* @end: (out): where it ends, if it did not know. */
static gboolean
read_cluster (Reader *self, const Element *cluster, gsize *end)
{
  gsize at = cluster->start;
  Element element;

  while (at < cluster->end)
    {
      *end = at;
      if (!read_element (self, &at, cluster->end, &element))
        return FALSE;
      if (cluster->open && is_top (element.id))
        return TRUE;
      if (element.id == SIMPLE_BLOCK ? !read_block (self, &element)
          : element.id == BLOCK_GROUP
              ? !read_group (self, &element)
              : element.id != TIMESTAMP && element.id != POSITION &&
                    element.id != PREVIOUS_SIZE && element.id != VOID &&
                    element.id != CRC)
        return fail (self, "something that is no block is in a cluster");
    }
  *end = at;
  return TRUE;
}

/* --- the file ------------------------------------------------------------ */

static gboolean
read_segment (Reader *self, const Element *segment)
{
  gsize at = segment->start;
  Element element;

  while (at < segment->end)
    {
      if (!read_element (self, &at, segment->end, &element))
        return FALSE;
      if (element.id == TRACKS && !read_tracks (self, &element))
        return FALSE;
      if (element.id == CLUSTER && !read_cluster (self, &element, &at))
        return FALSE;
      if (!is_top (element.id) && element.id != VOID && element.id != CRC)
        return fail (self, "something that is no element of a segment is in "
                           "the WebM file");
    }
  return TRUE;
}

static gboolean
read_file (Reader *self)
{
  gsize at = 0;
  gsize inner;
  gboolean webm = FALSE;
  Element element;

  if (self->size < 4 || memcmp (self->data, "\x1a\x45\xdf\xa3", 4) != 0)
    return fail (self, "the file is not WebM");
  if (!read_element (self, &at, self->size, &element))
    return FALSE;
  for (inner = element.start; inner < element.end;)
    {
      Element child;

      if (!read_element (self, &inner, element.end, &child))
        return FALSE;
      if (child.id == DOC_TYPE)
        webm = holds (self, &child, "webm");
    }
  if (!webm)
    return fail (self, "the file is not WebM");
  if (at == self->size)
    return fail (self, CUT_OFF);
  if (!read_element (self, &at, self->size, &element))
    return FALSE;
  if (element.id != SEGMENT)
    return fail (self, DAMAGED);
  if (at != self->size)
    return fail (self, "something follows the WebM segment");
  return read_segment (self, &element);
}

static guint64
to_samples (guint64 time)
{
  return gst_util_uint64_scale_round (time, SANDBOX_OPUS_RATE, GST_SECOND);
}

/* CodecDelay says what the header's pre-skip says. Decoders differ in which of
 * both they go by; ffmpeg, which goes by the pre-skip, writes too small a delay
 * for what was 16 kHz. With too large a one, audio would be lost. */
static gboolean
set_heard (Reader *self)
{
  SandboxPackets *packets = self->packets;
  guint64 tail = to_samples ((guint64)self->padding);

  if (packets->data->len == 0)
    return fail (self, self->track ? "the file holds no audio"
                                   : "the file holds no Opus");
  if (!sandbox_opus_measure (packets))
    return fail (self, "an Opus packet is damaged");
  if (to_samples (self->delay) > self->preskip)
    return fail (self, "CodecDelay is longer than the Opus pre-skip");
  packets->skip = MIN (self->preskip, packets->total);
  packets->keep = packets->total - packets->skip;
  packets->keep -= MIN (tail, packets->keep);
  return TRUE;
}

/**
 * sandbox_webm_read:
 * @file: a chunk
 * @error: why it is not a whole WebM file of Opus
 *
 * Source: RFC 8794, RFC 9559.
 *
 * Returns: (transfer full) (nullable): its packets, out of their blocks
 */
SandboxPackets *
sandbox_webm_read (GBytes *file, GError **error)
{
  g_autoptr (SandboxPackets) packets = sandbox_packets_new ();
  Reader reader = { .file = file, .packets = packets };

  reader.data = g_bytes_get_data (file, &reader.size);
  if (read_file (&reader) && set_heard (&reader))
    return g_steal_pointer (&packets);
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                       reader.wrong);
  return NULL;
}
