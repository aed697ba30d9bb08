/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A time that is not known, in nanoseconds. The same value as
 * GST_CLOCK_TIME_NONE, so that the layers above need not convert. */
#define EKA_TIME_NONE G_MAXUINT64

/**
 * EkaPacket:
 * @data: (array length=size): the encoded bytes, borrowed for the call
 * @size: length of @data
 * @running_time: running time of the first sample in ns, or %EKA_TIME_NONE
 * @trim_end: samples (of eka_codec_sample_rate()) at the end of this packet
 *   that do not belong to the recording (RFC 7845 section 4.5)
 * @discont: the packet does not continue the one before: a chunk ends here and
 *   no pre-roll crosses the gap
 *
 * One packet of a recording on its way into a chunker.
 */
typedef struct
{
  const guint8 *data;
  gsize size;
  guint64 running_time;
  guint trim_end;
  gboolean discont;
} EkaPacket;

/**
 * EkaPacketInfo:
 * @running_time: running time of the first sample in ns, or %EKA_TIME_NONE
 * @size: length in bytes
 * @samples: samples that it decodes to
 * @trim_end: of these, samples at the end that are not heard if nothing follows
 * @discont: a stretch begins here: no chunk reaches across
 *
 * A stored packet without its bytes; those of a table of packets lie back to
 * back in one block of memory.
 */
typedef struct
{
  guint64 running_time;
  guint size;
  guint samples;
  guint trim_end;
  gboolean discont;
} EkaPacketInfo;

G_END_DECLS
