/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "chunk/ogg.h"

#include <ogg/ogg.h>
#include <string.h>

#define VENDOR "gst-ekascribe"
#define PAGE_HEADER_SIZE 27
#define PAGE_MAX_SEGMENTS 255
/* RFC 7845 section 4.1 asks for pages of at most a second */
#define PAGE_MAX_SAMPLES 48000

/* A file while it is written. */
typedef struct
{
  ogg_stream_state ogg;
  guint8 *file;
  gsize size;
  gsize room;
  ogg_int64_t number;   /* of the next packet */
  gsize page_segments;  /* what waits for the page to be closed */
  guint64 page_samples;
} Writer;

static gsize
packet_segments (gsize size)
{
  return size / 255 + 1;
}

/**
 * eka_ogg_packet_cost:
 * @size: length of an audio packet
 *
 * Returns: bytes that the packet adds to a file at most, its share of a page
 *   header included: as if it had a page for itself
 */
gsize
eka_ogg_packet_cost (gsize size)
{
  return PAGE_HEADER_SIZE + packet_segments (size) + size;
}

/* A GByteArray would take the next power of two, and a copy in the end: both cost
 * as much as the checksums, mostly for pages that the kernel has to clear. */
static void
writer_append (Writer       *self,
               const guint8 *data,
               gsize         size)
{
  if (self->size + size > self->room)
    {
      self->room = self->size + size + self->room / 4;
      self->file = g_realloc (self->file, self->room);
    }
  memcpy (self->file + self->size, data, size);
  self->size += size;
}

static void
writer_flush (Writer *self)
{
  ogg_page page;

  while (ogg_stream_flush (&self->ogg, &page) != 0)
    {
      writer_append (self, page.header, page.header_len);
      writer_append (self, page.body, page.body_len);
    }
  self->page_segments = 0;
  self->page_samples = 0;
}

static void
writer_add (Writer       *self,
            const guint8 *data,
            gsize         size,
            ogg_int64_t   granule,
            gboolean      last)
{
  ogg_packet packet = {
    .packet = (guint8 *) data,
    .bytes = size,
    .b_o_s = self->number == 0,
    .e_o_s = last,
    .granulepos = granule,
    .packetno = self->number,
  };

  self->number++;
  /* fails only without memory, where GLib gives up too */
  if (ogg_stream_packetin (&self->ogg, &packet) != 0)
    g_error ("out of memory in libogg");
}

/* RFC 7845 section 5.1 */
static void
writer_add_head (Writer             *self,
                 const EkaOggStream *stream)
{
  const EkaCodec *codec = stream->codec;
  const guint gain = (guint16) codec->output_gain;
  guint8 head[19] = "OpusHead";

  head[8] = 1;
  head[9] = codec->channels;
  head[10] = stream->pre_skip & 0xff;
  head[11] = stream->pre_skip >> 8;
  head[12] = codec->rate & 0xff;
  head[13] = codec->rate >> 8 & 0xff;
  head[14] = codec->rate >> 16 & 0xff;
  head[15] = codec->rate >> 24;
  head[16] = gain & 0xff;
  head[17] = gain >> 8;
  head[18] = 0;
  writer_add (self, head, sizeof head, 0, FALSE);
  writer_flush (self);
}

/* RFC 7845 section 5.2: a vendor and no comment */
static void
writer_add_tags (Writer *self)
{
  const gsize length = strlen (VENDOR);
  guint8 tags[8 + 4 + sizeof VENDOR - 1 + 4] = "OpusTags";

  tags[8] = length;
  memcpy (tags + 12, VENDOR, length);
  writer_add (self, tags, sizeof tags, 0, FALSE);
  writer_flush (self);
}

static void
writer_add_audio (Writer             *self,
                  const EkaOggStream *stream)
{
  const guint8 *data = stream->data;
  guint64 granule = 0;
  guint i;

  for (i = 0; i < stream->n_packets; i++)
    {
      const EkaPacketInfo *info = &stream->packets[i];
      const gboolean last = i + 1 == stream->n_packets;
      const gsize segments = packet_segments (info->size);

      if (self->page_segments > 0 &&
          (self->page_segments + segments > PAGE_MAX_SEGMENTS ||
           self->page_samples + info->samples > PAGE_MAX_SAMPLES))
        writer_flush (self);

      granule += info->samples;
      writer_add (self, data, info->size,
                  last ? granule - MIN (stream->trim_end, granule) : granule,
                  last);
      self->page_segments += segments;
      self->page_samples += info->samples;
      data += info->size;
    }
  writer_flush (self);
}

/* What the file takes where no page is cut short; one that has more pages
 * grows. */
static gsize
estimate_size (const EkaOggStream *stream)
{
  gsize size = EKA_OGG_HEADER_SIZE;
  guint64 samples = 0;
  gsize segments = 0;
  guint i;

  for (i = 0; i < stream->n_packets; i++)
    {
      size += stream->packets[i].size;
      segments += packet_segments (stream->packets[i].size);
      samples += stream->packets[i].samples;
    }
  return size + segments + PAGE_HEADER_SIZE * (segments / PAGE_MAX_SEGMENTS +
                                               samples / PAGE_MAX_SAMPLES + 2);
}

/**
 * eka_ogg_write:
 * @stream: what to write, with at least one packet
 *
 * Granule positions count every sample from the first packet on, those that
 * pre-skip hides included; trimming at the end shows as a smaller last one
 * (RFC 7845 sections 4.2 to 4.5). The same stream always gives the same bytes.
 *
 * Returns: (transfer full): an Ogg Opus file
 */
GBytes *
eka_ogg_write (const EkaOggStream *stream)
{
  Writer writer = { .room = estimate_size (stream) };

  g_return_val_if_fail (stream->n_packets > 0, NULL);
  g_return_val_if_fail (stream->pre_skip <= G_MAXUINT16, NULL);

  writer.file = g_malloc (writer.room);
  if (ogg_stream_init (&writer.ogg, (int) stream->serial) != 0)
    g_error ("out of memory in libogg");
  writer_add_head (&writer, stream);
  writer_add_tags (&writer);
  writer_add_audio (&writer, stream);
  ogg_stream_clear (&writer.ogg);

  return g_bytes_new_take (g_realloc (writer.file, writer.size), writer.size);
}
