/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "mp3source.h"

#include "chunk/mp3.h"

#include <string.h>

Mp3Source *
mp3_source_new_empty (void)
{
  Mp3Source *source = g_new0 (Mp3Source, 1);

  source->packets = g_array_new (FALSE, FALSE, sizeof (EkaPacketInfo));
  source->data = g_byte_array_new ();
  return source;
}

void
mp3_source_free (Mp3Source *source)
{
  g_array_unref (source->packets);
  g_byte_array_unref (source->data);
  g_free (source);
}

void
mp3_source_add (Mp3Source    *source,
                const guint8 *frame,
                gsize         size)
{
  EkaPacketInfo info = { .running_time = EKA_TIME_NONE, .size = (guint) size };

  if (source->packets->len == 0)
    g_assert_true (eka_mp3_init_codec (&source->codec, frame, size));
  g_assert_true (eka_mp3_is_frame (&source->codec, frame, size));
  info.samples = eka_mp3_frame_samples (&source->codec);
  g_array_append_val (source->packets, info);
  g_byte_array_append (source->data, frame, (guint) size);
}

/* Made up: a header, how far it reaches back, and the rest of it one byte. */
void
mp3_source_add_made (Mp3Source *source,
                     guint32    header,
                     guint      main_data_begin,
                     guint8     fill)
{
  const guint8 head[] = { header >> 24, header >> 16 & 0xff, header >> 8 & 0xff,
                          header & 0xff };
  guint8 frame[EKA_MP3_MAX_FRAME];
  EkaMp3Header info;
  guint side;

  g_assert_true (eka_mp3_read_header (&info, head, sizeof head));
  side = info.protected ? 6 : 4;
  memset (frame, 0, info.main_data);
  memset (frame + info.main_data, fill, info.size - info.main_data);
  memcpy (frame, head, sizeof head);
  frame[side] = (guint8) (info.lsf ? main_data_begin : main_data_begin >> 1);
  if (!info.lsf)
    frame[side + 1] = (guint8) ((main_data_begin & 1) << 7);
  mp3_source_add (source, frame, info.size);
}

/* A file that is frames from its first byte to its last. */
Mp3Source *
mp3_source_new (GBytes *file)
{
  Mp3Source *source = mp3_source_new_empty ();
  EkaMp3Header header;
  gsize size;
  const guint8 *data = g_bytes_get_data (file, &size);
  gboolean described =
      eka_mp3_read_info (data, size, &source->skip, &source->trim_end);

  for (; size > 0; data += header.size, size -= header.size)
    {
      g_assert_true (eka_mp3_read_header (&header, data, size));
      g_assert_cmpuint (header.size, <=, size);
      if (!described)
        mp3_source_add (source, data, header.size);
      described = FALSE;
    }
  return source;
}

/* What a chunker makes of the frames from @begin to before @end. */
void
mp3_source_cut (const Mp3Source *source,
                guint            begin,
                guint            end,
                EkaStream       *stream)
{
  const guint pre_roll = MIN (begin, eka_mp3_pre_roll (&source->codec));
  const guint samples = eka_mp3_frame_samples (&source->codec);
  guint i;

  *stream = (EkaStream) {
    .codec = &source->codec,
    .skip = pre_roll * samples + (begin == 0 ? source->skip : 0),
    .trim_end = end == source->packets->len ? source->trim_end : 0,
    .n_packets = end - begin + pre_roll,
    .data = source->data->data,
    .n_history = begin - pre_roll,
  };
  stream->packets = &g_array_index (source->packets, EkaPacketInfo,
                                    stream->n_history);
  for (i = 0; i < stream->n_history; i++)
    stream->data += g_array_index (source->packets, EkaPacketInfo, i).size;
}
