/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "chunk/codec.h"
#include "chunk/packet.h"

G_BEGIN_DECLS

/* No file has more bytes beside its audio packets and their pages */
#define EKA_OGG_HEADER_SIZE 160

/**
 * EkaOggStream:
 * @codec: an Opus codec
 * @serial: serial number of the logical stream
 * @pre_skip: samples at 48 kHz that a decoder drops at the start, at most 65535
 * @trim_end: samples that it drops at the end
 * @packets: (array length=n_packets): what is written, pre-roll included
 * @n_packets: how many
 * @data: the bytes of @packets, back to back
 *
 * All that makes an Ogg Opus file.
 */
typedef struct
{
  const EkaCodec *codec;
  guint32 serial;
  guint pre_skip;
  guint trim_end;
  const EkaPacketInfo *packets;
  guint n_packets;
  const guint8 *data;
} EkaOggStream;

gsize   eka_ogg_packet_cost (gsize               size);
GBytes *eka_ogg_write       (const EkaOggStream *stream);

G_END_DECLS
