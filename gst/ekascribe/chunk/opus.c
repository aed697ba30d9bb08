/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "chunk/opus.h"

#include <math.h>
#include <string.h>

#define MAX_FRAME 1275
/* 120 ms, RFC 6716 section 3.2.5, rule R5 */
#define MAX_SAMPLES 5760
/* 120 ms of the shortest frame */
#define MAX_FRAMES 48
/* RFC 7845 section 6: no packet of one stream needs more; only padding does */
#define MAX_PACKET 61440

/* Of #EkaPacket, and a power that is less than that of silence */
#define SILENCE 1
#define LOUDEST 128
#define NOTHING 1e-13

/* The frames of a packet, as they lie in it. */
typedef struct
{
  const guint8 *data; /* of the first frame */
  guint n_frames;
  guint16 sizes[MAX_FRAMES];
} Frames;

/**
 * eka_opus_init_codec:
 * @codec: (out caller-allocates): the codec
 * @channels: 1 or 2
 *
 * For Opus without a header (RTP): nothing to skip, no gain.
 */
void
eka_opus_init_codec (EkaCodec *codec,
                     guint     channels)
{
  g_return_if_fail (channels == 1 || channels == 2);

  *codec = (EkaCodec) {
    .type = EKA_CODEC_OPUS,
    .channels = channels,
  };
}

/**
 * eka_opus_init_codec_from_head:
 * @codec: (out caller-allocates): the codec; untouched on failure
 * @head: (array length=size): an OpusHead packet (RFC 7845 section 5.1)
 * @size: length of @head
 *
 * Returns: %FALSE where @head is damaged or its channel mapping family is not 0
 */
gboolean
eka_opus_init_codec_from_head (EkaCodec     *codec,
                               const guint8 *head,
                               gsize         size)
{
  if (size < EKA_OPUS_HEAD_SIZE || memcmp (head, "OpusHead", 8) != 0)
    return FALSE;
  /* the upper half is the major version, and 0 is the only one */
  if ((head[8] & 0xf0) != 0)
    return FALSE;
  if ((head[9] != 1 && head[9] != 2) || head[18] != 0)
    return FALSE;

  *codec = (EkaCodec) {
    .type = EKA_CODEC_OPUS,
    .rate = head[12] | head[13] << 8 | head[14] << 16 | (guint) head[15] << 24,
    .channels = head[9],
    .pre_skip = head[10] | head[11] << 8,
    .output_gain = (gint16) (head[16] | head[17] << 8),
  };
  return TRUE;
}

/**
 * eka_opus_write_head:
 * @codec: an Opus codec
 * @pre_skip: samples at 48 kHz that a decoder drops, at most 65535
 * @head: (out) (array fixed-size=19): an OpusHead (RFC 7845 section 5.1)
 */
void
eka_opus_write_head (const EkaCodec *codec,
                     guint           pre_skip,
                     guint8         *head)
{
  const guint gain = (guint16) codec->output_gain;

  memcpy (head, "OpusHead", 8);
  head[8] = 1;
  head[9] = codec->channels;
  head[10] = pre_skip & 0xff;
  head[11] = pre_skip >> 8 & 0xff;
  head[12] = codec->rate & 0xff;
  head[13] = codec->rate >> 8 & 0xff;
  head[14] = codec->rate >> 16 & 0xff;
  head[15] = codec->rate >> 24;
  head[16] = gain & 0xff;
  head[17] = gain >> 8;
  head[18] = 0;
}

/* RFC 6716 section 3.1, table 2 */
static guint
frame_samples (guint8 toc)
{
  guint config = toc >> 3;

  if (config < 12)
    return (config & 3) == 3 ? 2880 : 480 << (config & 3);
  if (config < 16)
    return 480 << (config & 1);
  return 120 << (config & 3);
}

/* Length of one frame, RFC 6716 section 3.2.1; moves on behind it. */
static gboolean
read_length (const guint8 **data,
             gsize         *size,
             gsize         *length)
{
  if (*size < 1)
    return FALSE;
  *length = (*data)[0];
  if (*length < 252)
    {
      *data += 1;
      *size -= 1;
      return TRUE;
    }
  if (*size < 2)
    return FALSE;
  *length += 4 * (gsize) (*data)[1];
  *data += 2;
  *size -= 2;
  return TRUE;
}

/* RFC 6716 section 3.2.5: takes the padding off the end of the packet. */
static gboolean
drop_padding (const guint8 **data,
              gsize         *size)
{
  gsize padding = 0;
  guint8 byte;

  do
    {
      if (*size < 1)
        return FALSE;
      byte = (*data)[0];
      padding += byte == 255 ? 254 : byte;
      *data += 1;
      *size -= 1;
    }
  while (byte == 255);

  if (padding > *size)
    return FALSE;
  *size -= padding;
  return TRUE;
}

/* All frames but the last tell their lengths. */
static gboolean
find_vbr (Frames       *frames,
          const guint8 *data,
          gsize         size)
{
  gsize sum = 0;
  guint i;

  for (i = 0; i + 1 < frames->n_frames; i++)
    {
      gsize length;

      if (!read_length (&data, &size, &length))
        return FALSE;
      frames->sizes[i] = length;
      sum += length;
    }
  if (sum > size || size - sum > MAX_FRAME)
    return FALSE;
  frames->sizes[i] = size - sum;
  frames->data = data;
  return TRUE;
}

static gboolean
find_cbr (Frames       *frames,
          const guint8 *data,
          gsize         size)
{
  guint i;

  if (size % frames->n_frames != 0 || size / frames->n_frames > MAX_FRAME)
    return FALSE;
  for (i = 0; i < frames->n_frames; i++)
    frames->sizes[i] = size / frames->n_frames;
  frames->data = data;
  return TRUE;
}

/* @data: a code 3 packet behind its TOC */
static gboolean
find_code3 (Frames       *frames,
            const guint8 *data,
            gsize         size)
{
  guint8 head;

  if (size < 1)
    return FALSE;
  head = *data++;
  size--;
  frames->n_frames = head & 0x3f;
  if (frames->n_frames == 0 || frames->n_frames > MAX_FRAMES)
    return FALSE;
  if ((head & 0x40) != 0 && !drop_padding (&data, &size))
    return FALSE;
  return (head & 0x80) != 0 ? find_vbr (frames, data, size)
                            : find_cbr (frames, data, size);
}

/* RFC 6716 section 3.2 with its rules R1 to R7. A decoder refuses a packet that
 * breaks one of them, and with it perhaps the chunk around it. */
static gboolean
find_frames (Frames       *frames,
             const guint8 *data,
             gsize         size)
{
  gboolean good;

  if (size < 1 || size > MAX_PACKET)
    return FALSE;
  switch (data[0] & 3)
    {
    case 0:
      frames->n_frames = 1;
      good = find_cbr (frames, data + 1, size - 1);
      break;
    case 1:
      frames->n_frames = 2;
      good = find_cbr (frames, data + 1, size - 1);
      break;
    case 2:
      frames->n_frames = 2;
      good = find_vbr (frames, data + 1, size - 1);
      break;
    default:
      good = find_code3 (frames, data + 1, size - 1);
      break;
    }
  return good && frames->n_frames * frame_samples (data[0]) <= MAX_SAMPLES;
}

/**
 * eka_opus_packet_samples:
 * @data: (array length=size): a packet
 * @size: length of @data
 *
 * Returns: samples at 48 kHz that the packet decodes to; 0 where no decoder
 *   would take it
 */
guint
eka_opus_packet_samples (const guint8 *data,
                         gsize         size)
{
  Frames frames;

  return find_frames (&frames, data, size)
             ? frames.n_frames * frame_samples (data[0])
             : 0;
}

/* RFC 6716 section 4.2.3: a frame with a SILK layer begins with a bit for each
 * 20 ms of the mid channel, a bit that tells redundancy, and the same for the
 * side channel. Each has even odds, so that they are the first bits as they
 * lie. */
static gboolean
is_voiced (guint8       toc,
           const guint8 *frame,
           gsize         size)
{
  const guint n = MAX (frame_samples (toc) / 960, 1);
  const guint flags = (1 << n) - 1;
  guint bits;

  if (size == 0)
    return FALSE;
  bits = frame[0];
  if ((bits >> (8 - n) & flags) != 0)
    return TRUE;
  return (toc & 4) != 0 && (bits >> (8 - 2 * n - 1) & flags) != 0;
}

/**
 * eka_opus_packet_voice:
 * @data: (array length=size): a packet
 * @size: length of @data
 *
 * Returns: what the voice activity flags of the SILK layer say;
 *   %EKA_VOICE_UNKNOWN where there is none
 */
EkaVoice
eka_opus_packet_voice (const guint8 *data,
                       gsize         size)
{
  Frames frames;
  guint i;

  /* from this configuration on only CELT */
  if (!find_frames (&frames, data, size) || data[0] >> 3 >= 16)
    return EKA_VOICE_UNKNOWN;
  for (i = 0; i < frames.n_frames; i++)
    {
      if (is_voiced (data[0], frames.data, frames.sizes[i]))
        return EKA_VOICE_ACTIVE;
      frames.data += frames.sizes[i];
    }
  return EKA_VOICE_NONE;
}

/**
 * eka_opus_packet_loudness:
 * @celt: what the packet before left, updated
 * @data: (array length=size): a packet
 * @size: length of @data
 *
 * Returns: how loud a packet without a SILK layer is, as in #EkaPacket; 0 where
 *   it doesn't tell
 */
guint8
eka_opus_packet_loudness (EkaCelt      *celt,
                          const guint8 *data,
                          gsize         size)
{
  gdouble sum = 0, level;
  guint n = 0, i;
  Frames frames;

  if (!find_frames (&frames, data, size))
    return 0;
  for (i = 0; i < frames.n_frames; i++)
    {
      const gdouble power =
          eka_celt_measure_frame (celt, data[0], frames.data, frames.sizes[i]);

      if (power >= 0)
        {
          sum += power;
          n++;
        }
      frames.data += frames.sizes[i];
    }
  if (n == 0)
    return 0;
  level = LOUDEST + 10 * log10 (sum / n + NOTHING);
  return (guint8) CLAMP (level, SILENCE, LOUDEST);
}
