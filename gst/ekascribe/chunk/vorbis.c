/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "chunk/vorbis.h"

#include <string.h>
#include <vorbis/codec.h>

/* Settings of an encoder take some kilobytes; pictures among the comments more,
 * and they are nobody's to be sent with every chunk. */
#define MAX_HEADERS (256 * 1024)
/* Of what is kept. The least limit of a file must leave room for it and some
 * packets; encoders need a fraction of both. */
#define MAX_KEPT (32 * 1024)
#define MAX_PACKET (32 * 1024)

/* Vorbis I specification section 4.2.2 */
#define MIN_BLOCK_LOG 6
#define MAX_BLOCK_LOG 13

/* "gst-ekascribe" and no comments, in place of those of the source: they tell
 * of people. Vorbis I specification section 5.2. */
static const guint8 comment_header[] = {
  3, 'v', 'o', 'r', 'b', 'i', 's', 13, 0, 0, 0, 'g', 's', 't', '-', 'e', 'k',
  'a', 's', 'c', 'r', 'i', 'b', 'e', 0, 0, 0, 0, 1
};

/* Lets libvorbis read the headers. */
static gboolean
read_headers (vorbis_info   *info,
              GBytes *const *headers)
{
  vorbis_comment comment;
  gboolean good = TRUE;
  guint i;

  vorbis_comment_init (&comment);
  for (i = 0; good && i < EKA_VORBIS_N_HEADERS; i++)
    {
      gsize size;
      ogg_packet packet = {
        .packet = (guint8 *) g_bytes_get_data (headers[i], &size),
        .b_o_s = i == 0,
        .packetno = i,
      };

      packet.bytes = (glong) size;
      good = size <= (i == 1 ? MAX_HEADERS : MAX_KEPT) &&
             vorbis_synthesis_headerin (info, &comment, &packet) == 0;
    }
  vorbis_comment_clear (&comment);
  return good;
}

/* Asks libvorbis about each first byte that a packet can have. */
static void
fill_blocks (EkaCodec    *codec,
             vorbis_info *info)
{
  guint i;

  for (i = 0; i < EKA_CODEC_N_BLOCKS; i++)
    {
      guint8 byte = i << 1;
      ogg_packet packet = { .packet = &byte, .bytes = 1 };
      const glong block = vorbis_packet_blocksize (info, &packet);

      codec->blocks[i] = block > 0 ? g_bit_storage (block) - 1 : 0;
    }
}

/* As a Matroska CodecPrivate: the count of headers but one, the lengths of all
 * but the last as in an Ogg page, the headers. */
static GBytes *
lace_headers (GBytes *const *headers)
{
  GByteArray *laced = g_byte_array_new ();
  const guint8 count = EKA_VORBIS_N_HEADERS - 1, full = 255;
  guint i;

  g_byte_array_append (laced, &count, 1);
  for (i = 0; i < count; i++)
    {
      gsize size =
          i == 1 ? sizeof comment_header : g_bytes_get_size (headers[i]);
      guint8 rest;

      for (; size >= full; size -= full)
        g_byte_array_append (laced, &full, 1);
      rest = size;
      g_byte_array_append (laced, &rest, 1);
    }
  for (i = 0; i < EKA_VORBIS_N_HEADERS; i++)
    {
      gsize size;
      const guint8 *data = g_bytes_get_data (headers[i], &size);

      if (i == 1)
        g_byte_array_append (laced, comment_header, sizeof comment_header);
      else
        g_byte_array_append (laced, data, size);
    }
  return g_byte_array_free_to_bytes (laced);
}

/**
 * eka_vorbis_init_codec:
 * @codec: (out caller-allocates): the codec; untouched on failure
 * @headers: (array fixed-size=3): identification, comment and setup header
 *   (Vorbis I specification section 4.2)
 *
 * The comments of the source are not kept.
 *
 * Returns: %FALSE where a header is damaged or too long, or there are more than
 *   two channels
 */
gboolean
eka_vorbis_init_codec (EkaCodec      *codec,
                       GBytes *const *headers)
{
  vorbis_info info;
  gboolean good;

  vorbis_info_init (&info);
  good = read_headers (&info, headers) && info.rate > 0 &&
         (info.channels == 1 || info.channels == 2);
  if (good)
    {
      *codec = (EkaCodec) {
        .type = EKA_CODEC_VORBIS,
        .rate = info.rate,
        .channels = info.channels,
      };
      fill_blocks (codec, &info);
      codec->config = lace_headers (headers);
    }
  vorbis_info_clear (&info);
  return good;
}

/**
 * eka_vorbis_get_header:
 * @codec: a Vorbis codec
 * @i: 0 to 2
 * @data: (out) (transfer none): the header packet
 * @size: (out): its length
 *
 * Returns: %FALSE where there is no such header
 */
gboolean
eka_vorbis_get_header (const EkaCodec *codec,
                       guint           i,
                       const guint8  **data,
                       gsize          *size)
{
  gsize total, offset = 1, sizes[EKA_VORBIS_N_HEADERS] = { 0 };
  const guint8 *laced;
  guint n;

  if (codec->config == NULL || i >= EKA_VORBIS_N_HEADERS)
    return FALSE;
  laced = g_bytes_get_data (codec->config, &total);
  for (n = 0; n + 1 < EKA_VORBIS_N_HEADERS; n++)
    {
      do
        sizes[n] += laced[offset];
      while (laced[offset++] == 255);
    }
  sizes[n] = total - offset - sizes[0] - sizes[1];
  for (n = 0; n < i; n++)
    offset += sizes[n];
  *data = laced + offset;
  *size = sizes[i];
  return TRUE;
}

/**
 * eka_vorbis_measure_packet:
 * @codec: a Vorbis codec
 * @data: (array length=size): an audio packet
 * @size: length of @data
 * @previous: (inout): length of the block before, 0 at the start of a stream
 * @samples: (out): samples that the packet completes: a quarter of both blocks
 *   (Vorbis I specification section 4.3.8)
 *
 * Returns: %FALSE where it is no audio packet of this stream, or too long for a
 *   chunk
 */
gboolean
eka_vorbis_measure_packet (const EkaCodec *codec,
                           const guint8   *data,
                           gsize           size,
                           guint          *previous,
                           guint          *samples)
{
  guint block;

  if (size == 0 || size > MAX_PACKET || (data[0] & 1) != 0)
    return FALSE;
  block = codec->blocks[data[0] >> 1];
  if (block < MIN_BLOCK_LOG || block > MAX_BLOCK_LOG)
    return FALSE;
  block = 1 << block;
  *samples = *previous > 0 ? *previous / 4 + block / 4 : 0;
  *previous = block;
  return TRUE;
}
