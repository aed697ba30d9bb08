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
 * @utc: wall clock time of the first sample in ns since 1970; 0: unknown
 * @skip: samples (of eka_codec_sample_rate()) at the start of this packet that
 *   are not heard; counts only where nothing was heard before
 * @trim_end: samples at its end that do not belong to the recording (RFC 7845
 *   section 4.5)
 * @loudness: in dB, as somebody measured it: 1 (silence) to 128 (full scale),
 *   which is 128 less the level of RFC 6464; 0: unknown
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
  guint64 utc;
  guint skip;
  guint trim_end;
  guint8 loudness;
  gboolean discont;
} EkaPacket;

/**
 * EkaVoice:
 * @EKA_VOICE_UNKNOWN: the packet does not tell
 * @EKA_VOICE_NONE: the encoder heard nobody speak
 * @EKA_VOICE_ACTIVE: it heard somebody
 */
typedef enum
{
  EKA_VOICE_UNKNOWN,
  EKA_VOICE_NONE,
  EKA_VOICE_ACTIVE,
} EkaVoice;

/**
 * EkaPacketInfo:
 * @running_time: running time of the first sample in ns, or %EKA_TIME_NONE
 * @utc: its wall clock time in ns since 1970; 0: unknown
 * @size: length in bytes
 * @samples: samples that it adds to what a decoder returns
 * @trim_end: of these, samples at the end that are not heard if nothing follows
 * @discont: a stretch begins here: no chunk reaches across
 * @voice: (type EkaVoice): what the codec's own detector found
 * @loudness: in dB, 1 to 128; 0: unknown
 * @effort: what the encoder spent on the packet, as far as that grows with its
 *   loudness; comparable within a recording only; 0: unknown
 *
 * A stored packet without its bytes; those of a table of packets lie back to
 * back in one block of memory.
 */
typedef struct
{
  guint64 running_time;
  guint64 utc;
  guint size;
  guint samples;
  guint trim_end;
  gboolean discont;
  guint8 voice;
  guint8 loudness;
  guint16 effort;
} EkaPacketInfo;

G_END_DECLS
