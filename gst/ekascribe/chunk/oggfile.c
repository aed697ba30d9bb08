/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "chunk/oggfile.h"

#include <ogg/ogg.h>
#include <string.h>

#include "chunk/ogg.h"
#include "chunk/opus.h"
#include "chunk/vorbis.h"

/* A file while it is read. */
typedef struct
{
  EkaFile *file;
  GBytes *headers[EKA_VORBIS_N_HEADERS];
  guint n_headers;
  gboolean ready; /* all headers were read */
  guint64 granule; /* of the last page */
  gboolean ended;
} Reader;

/* The first packet tells what the others are. */
static gboolean
read_header (Reader           *self,
             const ogg_packet *packet)
{
  const gboolean opus =
      packet->bytes >= 8 && memcmp (packet->packet, "Opus", 4) == 0;

  if (opus && self->n_headers == 0)
    {
      self->n_headers++;
      if (!eka_opus_init_codec_from_head (&self->file->codec, packet->packet,
                                          packet->bytes))
        return FALSE;
      self->file->skip = self->file->codec.pre_skip;
      return TRUE;
    }
  if (self->n_headers == 1 && self->headers[0] == NULL)
    {
      self->ready = TRUE;
      return opus && memcmp (packet->packet, "OpusTags", 8) == 0;
    }
  if (packet->bytes == 0)
    return FALSE;
  self->headers[self->n_headers++] =
      g_bytes_new (packet->packet, packet->bytes);
  self->ready = self->n_headers == EKA_VORBIS_N_HEADERS;
  return !self->ready ||
         eka_vorbis_init_codec (&self->file->codec, self->headers);
}

static gboolean
read_page (Reader           *self,
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
      const gboolean good =
          self->ready
              ? eka_file_add_packet (self->file, packet.packet, packet.bytes)
              : read_header (self, &packet);

      if (!good)
        return FALSE;
    }
  self->granule = ogg_page_granulepos (page);
  self->ended = ogg_page_eos (page) != 0;
  return result == 0;
}

static gboolean
read_pages (Reader           *self,
            ogg_sync_state   *sync,
            ogg_stream_state *stream,
            gsize             size)
{
  gboolean first = TRUE;
  ogg_page page;

  while (size > 0)
    {
      /* not over 0: damage, bytes between pages, or half a page */
      const glong length = ogg_sync_pageseek (sync, &page);

      if (length <= 0)
        return FALSE;
      if (first)
        {
          self->file->serial = ogg_page_serialno (&page);
          ogg_stream_reset_serialno (stream, (int) self->file->serial);
        }
      first = FALSE;
      if (!read_page (self, stream, &page))
        return FALSE;
      size -= length;
    }
  return self->ended;
}

static gboolean
read_file (Reader       *self,
           const guint8 *data,
           gsize         size)
{
  ogg_stream_state stream;
  ogg_sync_state sync;
  gboolean good = FALSE;
  gchar *room;

  ogg_sync_init (&sync);
  ogg_stream_init (&stream, 0);
  room = ogg_sync_buffer (&sync, size);
  if (room != NULL)
    {
      memcpy (room, data, size);
      good = ogg_sync_wrote (&sync, size) == 0 &&
             read_pages (self, &sync, &stream, size);
    }
  ogg_stream_clear (&stream);
  ogg_sync_clear (&sync);
  return good;
}

/* Would ogg.c write the same bytes again? */
static gboolean
is_ours (const EkaFile *file,
         GBytes        *bytes)
{
  const EkaStream stream = eka_file_get_stream (file);
  g_autoptr (GBytes) again = NULL;

  if (stream.n_packets == 0)
    return FALSE;
  again = eka_ogg_write (&stream);
  return g_bytes_equal (bytes, again);
}

/**
 * eka_oggfile_read:
 * @file: (inout): an empty file
 * @bytes: what eka_ogg_write() wrote
 *
 * Returns: %FALSE where it did not write it
 */
gboolean
eka_oggfile_read (EkaFile *file,
                  GBytes  *bytes)
{
  Reader reader = { .file = file };
  guint64 total;
  gsize size;
  const guint8 *data = g_bytes_get_data (bytes, &size);
  gboolean good;
  guint i;

  /* libogg counts with int */
  good = size > 0 && size <= G_MAXINT / 2 && read_file (&reader, data, size);
  for (i = 0; i < EKA_VORBIS_N_HEADERS; i++)
    g_clear_pointer (&reader.headers[i], g_bytes_unref);
  total = eka_file_count_samples (file);
  if (!good || reader.granule > total)
    return FALSE;
  file->trim_end = total - reader.granule;
  return is_ours (file, bytes);
}
