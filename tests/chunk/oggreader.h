/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "chunk/opus.h"

/**
 * OggFile:
 * @codec: what OpusHead tells, its pre-skip included
 * @packets: (element-type GBytes): audio packets
 * @samples: what a decoder returns
 * @total: the same without pre-skip and trimming
 * @trim_end: samples that the last granule position cuts off
 * @serial: serial number of the stream
 * @max_page_samples: samples in the longest page
 *
 * An Ogg Opus file, taken apart by libogg. Reading it asserts all that
 * RFC 7845 demands of a file.
 */
typedef struct
{
  EkaCodec codec;
  GPtrArray *packets;
  guint64 samples;
  guint64 total;
  guint64 trim_end;
  guint32 serial;
  guint64 max_page_samples;
} OggFile;

OggFile *ogg_file_new  (GBytes  *bytes);
void     ogg_file_free (OggFile *file);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OggFile, ogg_file_free)
