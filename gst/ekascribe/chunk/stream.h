/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "chunk/codec.h"
#include "chunk/packet.h"

G_BEGIN_DECLS

/**
 * EkaStream:
 * @codec: what the packets hold; its own pre_skip does not count here
 * @serial: tells the streams of a session apart, where a container can
 * @skip: samples that a decoder drops at the start: pre-roll, or what the codec
 *   itself hides
 * @trim_end: samples that it drops at the end
 * @packets: (array length=n_packets): what is written, pre-roll included. The
 *   first one of Vorbis adds no samples, whatever its table entry says
 * @n_packets: how many, at least one
 * @data: the bytes of @packets, back to back
 * @n_history: so many packets of the same stretch lie before @packets in memory,
 *   and their bytes before @data, for formats that reach back
 *
 * All that makes a file.
 */
typedef struct
{
  const EkaCodec *codec;
  guint32 serial;
  guint64 skip;
  guint64 trim_end;
  const EkaPacketInfo *packets;
  guint n_packets;
  const guint8 *data;
  guint n_history;
} EkaStream;

/**
 * EkaFile:
 * @codec: what the packets hold
 * @serial: as in #EkaStream
 * @skip: as in #EkaStream
 * @trim_end: as in #EkaStream
 * @packets: (element-type EkaPacketInfo): sizes and samples of all packets
 * @data: their bytes, back to back
 * @previous: for eka_codec_measure_packet()
 *
 * A file of ours, taken apart again.
 */
typedef struct
{
  EkaCodec codec;
  guint32 serial;
  guint64 skip;
  guint64 trim_end;
  GArray *packets;
  GByteArray *data;
  guint previous;
} EkaFile;

guint64  eka_stream_count_samples (const EkaStream *stream);
gsize    eka_stream_count_bytes   (const EkaStream *stream);

void     eka_file_init            (EkaFile         *file);
void     eka_file_clear           (EkaFile         *file);
gboolean eka_file_add_packet      (EkaFile         *file,
                                   const guint8    *data,
                                   gsize            size);
guint64  eka_file_count_samples   (const EkaFile   *file);
EkaStream eka_file_get_stream     (const EkaFile   *file);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (EkaFile, eka_file_clear)

G_END_DECLS
