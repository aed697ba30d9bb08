/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "chunk/stream.h"

/**
 * Mp3Source:
 * @codec: what the frames are
 * @packets: (element-type EkaPacketInfo): the frames, but not one that only
 *   describes the file
 * @data: their bytes
 * @skip: samples at the start that a decoder drops
 * @trim_end: samples at the end that it drops
 *
 * An MP3 file, or frames made up in a test.
 */
typedef struct
{
  EkaCodec codec;
  GArray *packets;
  GByteArray *data;
  guint skip;
  guint trim_end;
} Mp3Source;

Mp3Source *mp3_source_new       (GBytes          *file);
Mp3Source *mp3_source_new_empty (void);
void       mp3_source_add       (Mp3Source       *source,
                                 const guint8    *frame,
                                 gsize            size);
void       mp3_source_add_made  (Mp3Source       *source,
                                 guint32          header,
                                 guint            main_data_begin,
                                 guint8           fill);
void       mp3_source_cut       (const Mp3Source *source,
                                 guint            begin,
                                 guint            end,
                                 EkaStream       *stream);
void       mp3_source_free      (Mp3Source       *source);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Mp3Source, mp3_source_free)
