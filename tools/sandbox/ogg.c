/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "ogg.h"

#include "opus.h"

#include <gio/gio.h>
#include <ogg/ogg.h>
#include <string.h>

#define MIN_PAGE 27
#define OPUS_HEADERS 2
#define VORBIS_HEADERS 3
#define VORBIS_HEAD_SIZE 30

/* What the pages say, packet by packet. */
typedef struct
{
  SandboxPackets *packets;
  ogg_stream_state stream;
  guint headers; /* 0: neither Opus nor Vorbis */
  guint lead;    /* packets up to the end of the first page with audio */
  gboolean one;  /* that page is the last, too */
  gint64 first;  /* where it ends; -1: no audio yet */
  gint64 last;
} Reader;

static SandboxPackets *
refuse (GError **error, const gchar *reason)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, reason);
  return NULL;
}

static guint
count_headers (const ogg_packet *packet)
{
  if (packet->bytes >= 8 && memcmp (packet->packet, "OpusHead", 8) == 0)
    return OPUS_HEADERS;
  if (packet->bytes >= VORBIS_HEAD_SIZE &&
      memcmp (packet->packet, "\1vorbis", 7) == 0)
    return VORBIS_HEADERS;
  return 0;
}

/* Returns whether all packets that end on @page are whole. */
static gboolean
take_page (Reader *self, ogg_page *page)
{
  GPtrArray *data = self->packets->data;
  ogg_packet packet;
  int got;

  if (ogg_page_bos (page))
    ogg_stream_init (&self->stream, ogg_page_serialno (page));
  if (ogg_stream_pagein (&self->stream, page) != 0)
    return FALSE;
  while ((got = ogg_stream_packetout (&self->stream, &packet)) == 1)
    {
      if (data->len == 0)
        self->headers = count_headers (&packet);
      g_ptr_array_add (data,
                       g_bytes_new (packet.packet, (gsize)packet.bytes));
    }
  if (ogg_page_granulepos (page) >= 0 && data->len > self->headers)
    {
      self->last = ogg_page_granulepos (page);
      if (self->first < 0)
        {
          self->first = self->last;
          self->lead = data->len;
          self->one = ogg_page_eos (page) != 0;
        }
    }
  return got == 0;
}

/* Each page intact and in sequence, the first and the last flagged so. A
 * decoder would skip a damaged page and lose its audio without a word. */
static const gchar *
read_pages (Reader *self, GBytes *file)
{
  ogg_sync_state sync;
  ogg_page page;
  gsize size;
  const guint8 *data = g_bytes_get_data (file, &size);
  glong next = 0;
  gsize used = 0;
  gboolean last = FALSE;
  const gchar *wrong = NULL;

  ogg_sync_init (&sync);
  memcpy (ogg_sync_buffer (&sync, (glong)size), data, size);
  ogg_sync_wrote (&sync, (glong)size);
  while (wrong == NULL && ogg_sync_pageout (&sync, &page) == 1)
    {
      used += (gsize)(page.header_len + page.body_len);
      if (ogg_page_pageno (&page) != next)
        wrong = "an Ogg page is missing";
      else if ((next == 0) != (ogg_page_bos (&page) != 0))
        wrong = "the Ogg stream does not begin with its first page";
      else if (last)
        wrong = "an Ogg page follows the last one";
      else if (!take_page (self, &page))
        wrong = "an Ogg packet is damaged";
      last = ogg_page_eos (&page) != 0;
      next++;
    }
  if (wrong == NULL && used != size)
    wrong = "an Ogg page is damaged or cut off";
  else if (wrong == NULL && !last)
    wrong = "the last Ogg page is missing";
  else if (wrong == NULL &&
           self->stream.lacing_fill > self->stream.lacing_returned)
    wrong = "the last Ogg packet is cut off";
  ogg_sync_clear (&sync);
  return wrong;
}

/* RFC 7845, 4: positions count the pre-skip. Where the first page with audio
 * is not the last, it tells where the stream begins. */
static gboolean
set_opus (Reader *self)
{
  SandboxPackets *packets = self->packets;
  guint64 begin = 0;
  guint64 lead = 0;
  guint preskip;
  guint i;

  if (!sandbox_opus_set_head (packets, packets->data->pdata[0], &preskip))
    return FALSE;
  g_ptr_array_remove_range (packets->data, 0, OPUS_HEADERS);
  if (!sandbox_opus_measure (packets))
    return FALSE;
  for (i = 0; i + OPUS_HEADERS < self->lead; i++)
    lead += sandbox_opus_duration (packets->data->pdata[i]);
  if (!self->one && (guint64)self->first < lead)
    return FALSE;
  if (!self->one)
    begin = (guint64)self->first - lead;
  packets->skip = MIN (preskip, packets->total);
  packets->keep = (guint64)self->last - MIN (begin, (guint64)self->last);
  packets->keep = MIN (packets->keep, packets->total);
  packets->keep -= MIN (packets->skip, packets->keep);
  return TRUE;
}

/* Vorbis I, A.2: how many samples the first page has, only a decoder knows. */
static gboolean
set_vorbis (Reader *self)
{
  SandboxPackets *packets = self->packets;
  const guint8 *head = g_bytes_get_data (packets->data->pdata[0], NULL);
  guint32 rate = (guint32)head[12] | (guint32)head[13] << 8 |
                 (guint32)head[14] << 16 | (guint32)head[15] << 24;

  if (head[11] == 0 || rate == 0 || rate > G_MAXINT)
    return FALSE;
  packets->caps =
      gst_caps_new_simple ("audio/x-vorbis", "rate", G_TYPE_INT, (gint)rate,
                           "channels", G_TYPE_INT, head[11], NULL);
  packets->decoder = "vorbisdec max-errors=0";
  packets->rate = (gint)rate;
  packets->keep = (guint64)self->last;
  packets->lead = self->one ? 0 : self->lead;
  packets->granule = self->first;
  return TRUE;
}

/**
 * sandbox_ogg_read:
 * @file: a chunk
 * @error: why it is not a whole Ogg file of Opus or Vorbis
 *
 * Source: RFC 3533, RFC 7845.
 *
 * Returns: (transfer full) (nullable): its packets
 */
SandboxPackets *
sandbox_ogg_read (GBytes *file, GError **error)
{
  g_autoptr (SandboxPackets) packets = sandbox_packets_new ();
  Reader reader = { .packets = packets, .first = -1 };
  gsize size;
  const guint8 *data = g_bytes_get_data (file, &size);
  const gchar *wrong;

  if (size < MIN_PAGE || memcmp (data, "OggS", 4) != 0)
    return refuse (error, "the file is not Ogg");
  wrong = read_pages (&reader, file);
  ogg_stream_clear (&reader.stream);
  if (wrong != NULL)
    return refuse (error, wrong);
  if (reader.headers == 0)
    return refuse (error, "the file holds neither Opus nor Vorbis");
  if (reader.first < 0)
    return refuse (error, "the file holds no audio");
  if (reader.headers == OPUS_HEADERS ? !set_opus (&reader)
                                     : !set_vorbis (&reader))
    return refuse (error, "an Ogg packet is damaged");
  return g_steal_pointer (&packets);
}
