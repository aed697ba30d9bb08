/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "oggreader.h"

#include <ogg/ogg.h>
#include <string.h>

static void
read_header (OggFile          *file,
             const ogg_packet *packet,
             guint             number)
{
  if (number == 0)
    {
      g_assert_true (packet->b_o_s);
      g_assert_true (eka_opus_init_codec_from_head (
          &file->codec, packet->packet, packet->bytes));
      return;
    }
  g_assert_cmpint (packet->bytes, >=, 16);
  g_assert_cmpmem (packet->packet, 8, "OpusTags", 8);
}

/* Reads the packets of one page; a page ends where a packet ends. */
static void
read_page (OggFile          *file,
           ogg_stream_state *stream,
           ogg_page         *page,
           guint            *number)
{
  const gint64 granule = ogg_page_granulepos (page);
  const guint64 before = file->total;
  ogg_packet packet;

  g_assert_false (ogg_page_continued (page));
  g_assert_cmpint (ogg_stream_pagein (stream, page), ==, 0);
  while (ogg_stream_packetout (stream, &packet) == 1)
    {
      if (*number < 2)
        {
          /* each header has its pages for itself, with granule position 0 */
          g_assert_cmpint (granule, ==, 0);
          g_assert_cmpint (ogg_page_packets (page), ==, 1);
          read_header (file, &packet, *number);
        }
      else
        {
          file->total += eka_opus_packet_samples (packet.packet, packet.bytes);
          g_ptr_array_add (file->packets,
                           g_bytes_new (packet.packet, packet.bytes));
        }
      *number += 1;
    }

  file->max_page_samples = MAX (file->max_page_samples, file->total - before);
  g_assert_cmpint (granule, <=, (gint64) file->total);
  if (!ogg_page_eos (page))
    g_assert_cmpint (granule, ==, (gint64) file->total);
  file->trim_end = file->total - granule;
}

/**
 * ogg_file_new:
 * @bytes: a complete Ogg Opus file
 *
 * Returns: (transfer full): what is in it
 */
OggFile *
ogg_file_new (GBytes *bytes)
{
  OggFile *file = g_new0 (OggFile, 1);
  gsize size = g_bytes_get_size (bytes);
  gboolean ended = FALSE;
  ogg_stream_state stream;
  ogg_sync_state sync;
  ogg_page page;
  guint number = 0;

  file->packets =
      g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  ogg_sync_init (&sync);
  memcpy (ogg_sync_buffer (&sync, size), g_bytes_get_data (bytes, NULL), size);
  ogg_sync_wrote (&sync, size);

  while (size > 0)
    {
      /* negative: bytes that belong to no page */
      const glong length = ogg_sync_pageseek (&sync, &page);

      g_assert_cmpint (length, >, 0);
      g_assert_false (ended);
      size -= length;
      if (number == 0)
        {
          file->serial = ogg_page_serialno (&page);
          ogg_stream_init (&stream, file->serial);
        }
      read_page (file, &stream, &page, &number);
      ended = ogg_page_eos (&page);
    }
  g_assert_true (ended);
  g_assert_cmpuint (file->codec.pre_skip + file->trim_end, <=, file->total);
  file->samples = file->total - file->codec.pre_skip - file->trim_end;

  ogg_stream_clear (&stream);
  ogg_sync_clear (&sync);
  return file;
}

/**
 * ogg_file_free:
 * @file: (transfer full): what ogg_file_new() returned
 */
void
ogg_file_free (OggFile *file)
{
  g_ptr_array_unref (file->packets);
  g_free (file);
}
