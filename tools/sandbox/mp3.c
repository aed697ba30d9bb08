/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "mp3.h"

#include <gio/gio.h>
#include <string.h>

#define ID3V1_SIZE 128
#define ID3V2_HEADER 10
/* Samples by which every decoder is late: 528 of the filter bank, and one. */
#define DECODER_DELAY 529
#define DELAYS_AT 21 /* in the tag of LAME */

/* What a frame's header says. */
typedef struct
{
  gboolean first; /* MPEG-1; else MPEG-2 or 2.5 */
  gboolean mono;
  gint rate;
  guint samples;
  gsize size;
} Frame;

static SandboxPackets *
refuse (GError **error, const gchar *reason)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, reason);
  return NULL;
}

/* ISO/IEC 11172-3, 2.4.1.3, and 13818-3, 2.4.2.3; MPEG-2.5 halves the rates
 * of MPEG-2. Files without a declared bit rate are not taken. */
static gboolean
parse_header (const guint8 *data, gsize size, Frame *frame)
{
  static const guint first[] = { 0,  32,  40,  48,  56,  64,  80, 96,
                                 112, 128, 160, 192, 224, 256, 320 };
  static const guint second[] = { 0,  8,  16, 24,  32,  40,  48, 56,
                                  64, 80, 96, 112, 128, 144, 160 };
  static const gint rates[] = { 44100, 48000, 32000 };
  guint version;
  guint bits;
  guint rate;

  if (size < 4 || data[0] != 0xff || (data[1] & 0xe0) != 0xe0)
    return FALSE;
  version = data[1] >> 3 & 3;
  bits = data[2] >> 4;
  rate = data[2] >> 2 & 3;
  if (version == 1 || (data[1] >> 1 & 3) != 1 || bits == 0 || bits == 15 ||
      rate == 3)
    return FALSE;
  frame->first = version == 3;
  frame->mono = data[3] >> 6 == 3;
  frame->rate = rates[rate] / (version == 3 ? 1 : version == 2 ? 2 : 4);
  frame->samples = frame->first ? 1152 : 576;
  frame->size = frame->samples / 8 * 1000 *
                    (frame->first ? first[bits] : second[bits]) /
                    (guint)frame->rate +
                (data[2] >> 1 & 1);
  return TRUE;
}

/* Bytes of an ID3v2 tag in front of the audio; behind the end: it is cut off.
 * Source: ID3v2.4, 3.1. */
static gsize
measure_id3 (const guint8 *data, gsize size)
{
  gsize length;

  if (size < ID3V2_HEADER || memcmp (data, "ID3", 3) != 0)
    return 0;
  length = (gsize)(data[6] & 127) << 21 | (gsize)(data[7] & 127) << 14 |
           (gsize)(data[8] & 127) << 7 | (gsize)(data[9] & 127);
  return ID3V2_HEADER + length + (data[5] & 0x10 ? ID3V2_HEADER : 0);
}

static guint32
read_32 (const guint8 *data)
{
  return (guint32)data[0] << 24 | (guint32)data[1] << 16 |
         (guint32)data[2] << 8 | data[3];
}

/* The tag in a frame that has one, behind the side information; %NULL: it is
 * audio. */
static const guint8 *
find_tag (const guint8 *data, const Frame *frame)
{
  gsize at = 4 + (frame->first ? (frame->mono ? 17u : 32u)
                               : (frame->mono ? 9u : 17u));

  if (at + 8 > frame->size || (memcmp (data + at, "Xing", 4) != 0 &&
                               memcmp (data + at, "Info", 4) != 0))
    return NULL;
  return data + at;
}

typedef struct
{
  gboolean counts;
  guint32 frames;
  gboolean trims;
  guint delay;
  guint padding;
} Info;

/* Delay and padding count only where they come from an encoder that is known
 * to write them: so does ffmpeg. */
static void
parse_tag (const guint8 *tag, const guint8 *end, Info *info)
{
  guint32 flags = read_32 (tag + 4);

  tag += 8;
  info->counts = (flags & 1) != 0 && tag + 4 <= end;
  if (info->counts)
    info->frames = read_32 (tag);
  tag += (flags & 1 ? 4 : 0) + (flags & 2 ? 4 : 0) + (flags & 4 ? 100 : 0) +
         (flags & 8 ? 4 : 0);
  info->trims = tag + DELAYS_AT + 3 <= end &&
                (memcmp (tag, "LAME", 4) == 0 ||
                 memcmp (tag, "Lavf", 4) == 0 || memcmp (tag, "Lavc", 4) == 0);
  if (!info->trims)
    return;
  tag += DELAYS_AT;
  info->delay = (guint)tag[0] << 4 | tag[1] >> 4;
  info->padding = (guint)(tag[1] & 15) << 8 | tag[2];
}

/* What is dropped at the end has passed the decoder's delay, too: padding of
 * less than that drops nothing. */
static void
trim (SandboxPackets *packets, const Info *info)
{
  guint64 tail =
      info->padding > DECODER_DELAY ? info->padding - DECODER_DELAY : 0;

  packets->skip = MIN (info->delay + DECODER_DELAY, packets->total);
  packets->keep = packets->total - packets->skip;
  packets->keep -= MIN (tail, packets->keep);
}

static void
set_format (SandboxPackets *packets, const Frame *frame)
{
  packets->caps = gst_caps_new_simple (
      "audio/mpeg", "mpegversion", G_TYPE_INT, 1, "mpegaudioversion",
      G_TYPE_INT, frame->first ? 1 : frame->rate > 12000 ? 2 : 3, "layer",
      G_TYPE_INT, 3, "parsed", G_TYPE_BOOLEAN, TRUE, "rate", G_TYPE_INT,
      frame->rate, "channels", G_TYPE_INT, frame->mono ? 1 : 2, NULL);
  packets->decoder = "mpg123audiodec";
  packets->rate = frame->rate;
}

/* Why @at is not the end of a good file; %NULL: it is. */
static const gchar *
judge_end (const SandboxPackets *packets, const Info *info, gboolean cut_off)
{
  if (cut_off)
    return "the MP3 file is cut off";
  if (packets->caps == NULL)
    return "the MP3 file holds no audio";
  if (info->counts && info->frames != packets->data->len)
    return "the MP3 file has not as many frames as it says";
  return NULL;
}

/**
 * sandbox_mp3_read:
 * @file: a chunk
 * @error: why it is not a whole MP3 file
 *
 * Frame upon frame, perhaps behind an ID3v2 tag and before an ID3v1 tag. A
 * first frame with a tag of Xing or LAME is no audio.
 *
 * Returns: (transfer full) (nullable): its frames
 */
SandboxPackets *
sandbox_mp3_read (GBytes *file, GError **error)
{
  g_autoptr (SandboxPackets) packets = sandbox_packets_new ();
  gsize size;
  const guint8 *data = g_bytes_get_data (file, &size);
  gsize at = measure_id3 (data, size);
  Info info = { 0 };
  Frame begin = { 0 };
  Frame frame = { 0 };
  const guint8 *tag = NULL;
  const gchar *wrong;

  if (at >= size || !parse_header (data + at, size - at, &begin))
    return refuse (error, at > size ? "the MP3 file is cut off"
                                    : "the file is not MP3");
  if (size - at >= ID3V1_SIZE &&
      memcmp (data + size - ID3V1_SIZE, "TAG", 3) == 0)
    size -= ID3V1_SIZE;
  if (begin.size <= size - at)
    tag = find_tag (data + at, &begin);
  if (tag != NULL)
    {
      parse_tag (tag, data + at + begin.size, &info);
      at += begin.size;
    }
  while (at < size && parse_header (data + at, size - at, &frame) &&
         frame.size <= size - at)
    {
      if (frame.rate != begin.rate || frame.mono != begin.mono)
        return refuse (error, "rate or channels change within the file");
      if (packets->caps == NULL)
        set_format (packets, &frame);
      sandbox_packets_add (packets, file, at, frame.size);
      packets->total += frame.samples;
      at += frame.size;
    }
  if (size - at >= 4 && !parse_header (data + at, size - at, &frame))
    return refuse (error, "something that is no frame is in the MP3 file");
  wrong = judge_end (packets, &info, at < size);
  if (wrong != NULL)
    return refuse (error, wrong);
  if (info.trims)
    trim (packets, &info);
  return g_steal_pointer (&packets);
}
