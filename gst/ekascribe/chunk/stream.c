/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "chunk/stream.h"

/**
 * eka_stream_count_samples:
 * @stream: a stream
 *
 * Returns: samples that its packets decode to, what is dropped included
 */
guint64
eka_stream_count_samples (const EkaStream *stream)
{
  guint64 samples = 0;
  guint i;

  for (i = stream->codec->type == EKA_CODEC_VORBIS; i < stream->n_packets; i++)
    samples += stream->packets[i].samples;
  return samples;
}

/**
 * eka_stream_count_bytes:
 * @stream: a stream
 *
 * Returns: bytes of its packets
 */
gsize
eka_stream_count_bytes (const EkaStream *stream)
{
  gsize size = 0;
  guint i;

  for (i = 0; i < stream->n_packets; i++)
    size += stream->packets[i].size;
  return size;
}

/**
 * eka_file_init:
 * @file: (out caller-allocates): an empty file, to be ended with
 *   eka_file_clear()
 */
void
eka_file_init (EkaFile *file)
{
  *file = (EkaFile) {
    .packets = g_array_new (FALSE, FALSE, sizeof (EkaPacketInfo)),
    .data = g_byte_array_new (),
  };
}

/**
 * eka_file_clear:
 * @file: a file, or zeros
 */
void
eka_file_clear (EkaFile *file)
{
  eka_codec_clear (&file->codec);
  g_clear_pointer (&file->packets, g_array_unref);
  g_clear_pointer (&file->data, g_byte_array_unref);
}

/**
 * eka_file_add_packet:
 * @file: a file whose codec is known
 * @data: (array length=size): its next packet
 * @size: length of @data
 *
 * Returns: %FALSE where no decoder would take the packet
 */
gboolean
eka_file_add_packet (EkaFile      *file,
                     const guint8 *data,
                     gsize         size)
{
  EkaPacketInfo info = {
    .running_time = EKA_TIME_NONE,
    .size = (guint) size,
  };

  if (size > G_MAXINT32 ||
      !eka_codec_measure_packet (&file->codec, data, size, &file->previous,
                                 &info.samples))
    return FALSE;
  g_array_append_val (file->packets, info);
  g_byte_array_append (file->data, data, (guint) size);
  return TRUE;
}

/**
 * eka_file_count_samples:
 * @file: a file
 *
 * Returns: samples that its packets decode to, what is dropped included
 */
guint64
eka_file_count_samples (const EkaFile *file)
{
  guint64 samples = 0;
  guint i;

  for (i = 0; i < file->packets->len; i++)
    samples += g_array_index (file->packets, EkaPacketInfo, i).samples;
  return samples;
}

/**
 * eka_file_get_stream:
 * @file: a file
 *
 * Returns: what it was made of, and would be made of again; borrows from @file
 */
EkaStream
eka_file_get_stream (const EkaFile *file)
{
  return (EkaStream) {
    .codec = &file->codec,
    .serial = file->serial,
    .skip = file->skip,
    .trim_end = file->trim_end,
    .packets = (const EkaPacketInfo *) (gconstpointer) file->packets->data,
    .n_packets = file->packets->len,
    .data = file->data->data,
  };
}
