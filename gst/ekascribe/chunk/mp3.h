/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "chunk/codec.h"

G_BEGIN_DECLS

/* No frame of layer III is longer */
#define EKA_MP3_MAX_FRAME 1441
/* What a decoder of layer III itself is late, in samples: a LAME tag does not
 * count it, but everybody who honours the tag adds it to the encoder's delay
 * and takes it off the padding. */
#define EKA_MP3_DECODER_DELAY 529

/**
 * EkaMp3Header:
 * @lsf: MPEG-2 or -2.5: one granule a frame, half the bit rates
 * @protected: a CRC of two bytes follows the header
 * @rate: samples a second
 * @channels: 1 or 2
 * @bitrate: index into the table of bit rates, 1 to 14
 * @size: bytes of the frame, its padding byte included
 * @main_data: offset of the bytes that the bit reservoir counts
 *
 * What the first four bytes of a frame tell.
 */
typedef struct
{
  gboolean lsf;
  gboolean protected;
  guint rate;
  guint channels;
  guint bitrate;
  guint size;
  guint main_data;
} EkaMp3Header;

gboolean eka_mp3_read_header     (EkaMp3Header       *header,
                                  const guint8       *data,
                                  gsize               size);
gboolean eka_mp3_init_codec      (EkaCodec           *codec,
                                  const guint8       *frame,
                                  gsize               size);
gboolean eka_mp3_is_frame        (const EkaCodec     *codec,
                                  const guint8       *data,
                                  gsize               size);
guint    eka_mp3_frame_samples   (const EkaCodec     *codec);
guint    eka_mp3_pre_roll        (const EkaCodec     *codec);
guint    eka_mp3_main_data_begin (const EkaMp3Header *header,
                                  const guint8       *data);
guint    eka_mp3_frame_effort    (const EkaCodec     *codec,
                                  const guint8       *data,
                                  gsize               size);
gsize    eka_mp3_write_silence   (const EkaCodec     *codec,
                                  const guint8       *like,
                                  guint8             *frame);
gsize    eka_mp3_write_filler    (const EkaCodec     *codec,
                                  const guint8       *like,
                                  guint               room,
                                  guint8             *frame);
gboolean eka_mp3_read_info       (const guint8       *data,
                                  gsize               size,
                                  guint              *skip,
                                  guint              *trim_end);

G_END_DECLS
