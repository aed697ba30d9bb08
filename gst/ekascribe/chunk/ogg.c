/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "chunk/ogg.h"

#include <ogg/ogg.h>
#include <string.h>

#include "chunk/opus.h"
#include "chunk/vorbis.h"

#define VENDOR "gst-ekascribe"
#define PAGE_HEADER_SIZE 27
#define PAGE_MAX_SEGMENTS 255
/* The last two pages of a file may be short. */
#define LAST_PAGES (2 * PAGE_HEADER_SIZE)

/* Both headers of Opus with their pages */
#define OPUS_HEADER_SIZE 140

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
 * eka_ogg_header_size:
 * @codec: an Opus or Vorbis codec
 *
 * Returns: bytes of a file beside its audio packets and their pages, at most
 */
gsize
eka_ogg_header_size (const EkaCodec *codec)
{
  const guint8 *data;
  gsize size, total = LAST_PAGES;
  guint i;

  if (codec->type == EKA_CODEC_OPUS)
    return OPUS_HEADER_SIZE + LAST_PAGES;
  for (i = 0; eka_vorbis_get_header (codec, i, &data, &size); i++)
    total += size + packet_segments (size) +
             PAGE_HEADER_SIZE * (1 + packet_segments (size) / PAGE_MAX_SEGMENTS);
  return total;
}

/**
 * eka_ogg_packet_cost:
 * @codec: an Opus or Vorbis codec
 * @size: length of an audio packet
 * @samples: that it decodes to
 *
 * Of two pages that follow each other, the second would have been no page of its
 * own, were they together shorter than a second and had fewer than 255 lengths.
 *
 * Returns: bytes that the packet adds to a file at most, its share of page
 *   headers included
 */
gsize
eka_ogg_packet_cost (const EkaCodec *codec,
                     gsize           size,
                     guint           samples)
{
  const gsize segments = packet_segments (size);
  const gsize rate = eka_codec_sample_rate (codec);

  return size + segments + 2 * PAGE_HEADER_SIZE * segments / PAGE_MAX_SEGMENTS +
         2 * PAGE_HEADER_SIZE * (gsize) samples / rate + 2;
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

/* Without a size of its own, libogg begins a page after every 4 KiB, and the
 * cost of a packet would be more than eka_ogg_packet_cost() says. */
static void
writer_flush (Writer *self)
{
  ogg_page page;

  while (ogg_stream_flush_fill (&self->ogg, &page, G_MAXINT) != 0)
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

/* RFC 7845 section 5 */
static void
writer_add_opus_headers (Writer          *self,
                         const EkaStream *stream)
{
  const gsize length = strlen (VENDOR);
  guint8 head[EKA_OPUS_HEAD_SIZE];
  guint8 tags[8 + 4 + sizeof VENDOR - 1 + 4] = "OpusTags";

  eka_opus_write_head (stream->codec, (guint) stream->skip, head);
  writer_add (self, head, sizeof head, 0, FALSE);
  writer_flush (self);
  /* a vendor and no comment */
  tags[8] = length;
  memcpy (tags + 12, VENDOR, length);
  writer_add (self, tags, sizeof tags, 0, FALSE);
  writer_flush (self);
}

/* Vorbis I specification section A.2 */
static void
writer_add_vorbis_headers (Writer          *self,
                           const EkaStream *stream)
{
  const guint8 *data;
  gsize size;
  guint i;

  for (i = 0; eka_vorbis_get_header (stream->codec, i, &data, &size); i++)
    {
      writer_add (self, data, size, 0, FALSE);
      if (i != 1)
        writer_flush (self);
    }
}

static void
writer_add_audio (Writer          *self,
                  const EkaStream *stream)
{
  /* RFC 7845 section 4.1 asks for pages of at most a second */
  const guint page_max = eka_codec_sample_rate (stream->codec);
  const gboolean vorbis = stream->codec->type == EKA_CODEC_VORBIS;
  const guint8 *data = stream->data;
  gboolean single = TRUE;
  guint64 granule = 0;
  guint i;

  for (i = 0; i < stream->n_packets; i++)
    {
      const EkaPacketInfo *info = &stream->packets[i];
      const gboolean last = i + 1 == stream->n_packets;
      const gsize segments = packet_segments (info->size);
      const guint samples = vorbis && i == 0 ? 0 : info->samples;

      /* ffmpeg trims no end where the first page of audio is the last one too */
      if (self->page_segments > 0 &&
          (self->page_segments + segments > PAGE_MAX_SEGMENTS ||
           self->page_samples + samples > page_max ||
           (last && single && stream->trim_end > 0)))
        {
          writer_flush (self);
          single = FALSE;
        }

      granule += samples;
      writer_add (self, data, info->size,
                  last ? granule - MIN (stream->trim_end, granule) : granule,
                  last);
      self->page_segments += segments;
      self->page_samples += samples;
      data += info->size;
    }
  writer_flush (self);
}

/* What the file takes where no page is cut short; one that has more pages
 * grows. */
static gsize
estimate_size (const EkaStream *stream)
{
  gsize size = eka_ogg_header_size (stream->codec);
  guint64 samples = 0;
  gsize segments = 0;
  guint i;

  for (i = 0; i < stream->n_packets; i++)
    {
      size += stream->packets[i].size;
      segments += packet_segments (stream->packets[i].size);
      samples += stream->packets[i].samples;
    }
  return size + segments +
         PAGE_HEADER_SIZE *
             (segments / PAGE_MAX_SEGMENTS +
              samples / eka_codec_sample_rate (stream->codec) + 2);
}

/**
 * eka_ogg_write:
 * @stream: Opus or Vorbis; only Opus has something to skip, at most 65535
 *
 * Granule positions count every sample from the first packet on, those that
 * pre-skip hides included; trimming at the end shows as a smaller last one
 * (RFC 7845 sections 4.2 to 4.5). The first packet of Vorbis only opens the
 * stream. The same stream always gives the same bytes.
 *
 * Returns: (transfer full): an Ogg file
 */
GBytes *
eka_ogg_write (const EkaStream *stream)
{
  Writer writer = { .room = estimate_size (stream) };

  g_return_val_if_fail (stream->n_packets > 0, NULL);
  g_return_val_if_fail (stream->skip <= G_MAXUINT16, NULL);

  writer.file = g_malloc (writer.room);
  if (ogg_stream_init (&writer.ogg, (int) stream->serial) != 0)
    g_error ("out of memory in libogg");
  if (stream->codec->type == EKA_CODEC_OPUS)
    writer_add_opus_headers (&writer, stream);
  else
    writer_add_vorbis_headers (&writer, stream);
  writer_add_audio (&writer, stream);
  ogg_stream_clear (&writer.ogg);

  return g_bytes_new_take (g_realloc (writer.file, writer.size), writer.size);
}
