/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "chunk/mp3.h"

#include <string.h>

/* ISO/IEC 11172-3 section 2.4.1.3 and 13818-3 section 2.4.2.3 */
#define HEADER_SIZE 4
#define CRC_SIZE 2
#define CRC_POLYNOMIAL 0x8005
#define N_BITRATES 15

/* Bits of one granule of one channel in the side information, and what of them
 * comes before the global gain: section 2.4.1.7 of both parts */
#define GRANULE_BITS 59
#define GRANULE_BITS_LSF 63
#define GAIN_OFFSET 21

/* "Xing" and its flags; the tag of LAME, and where in it the delays are; where
 * "VBRI" lies in any frame, and how long it is without its table */
#define TAG_SIZE 8
#define LAME_SIZE 36
#define LAME_DELAYS 21
#define VBRI_OFFSET 36
#define VBRI_SIZE 26

/* In kbit/s; 0 stands for free format, which has no length */
static const guint16 bitrates[2][N_BITRATES] = {
  { 0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320 },
  { 0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160 },
};

/* Of MPEG-1, in Hz; MPEG-2 has the half, MPEG-2.5 a quarter */
static const guint16 rates[] = { 44100, 48000, 32000 };

static guint
side_size (gboolean lsf,
           guint    channels)
{
  if (lsf)
    return channels == 1 ? 9 : 17;
  return channels == 1 ? 17 : 32;
}

static guint
frame_size (gboolean lsf,
            guint    rate,
            guint    bitrate)
{
  return (lsf ? 72000 : 144000) * (guint) bitrates[lsf][bitrate] / rate;
}

/**
 * eka_mp3_read_header:
 * @header: (out caller-allocates): what the header tells; untouched on failure
 * @data: (array length=size): the start of a frame
 * @size: length of @data, less than the frame's where only a part is there
 *
 * Reads a header of ISO/IEC 11172-3 section 2.4.1.3, or of its extensions
 * MPEG-2 and -2.5.
 *
 * Returns: %FALSE where it is no frame of layer III, or one of free format,
 *   whose length nothing tells
 */
gboolean
eka_mp3_read_header (EkaMp3Header *header,
                     const guint8 *data,
                     gsize         size)
{
  guint version, bitrate, rate, padding;
  gboolean lsf;

  if (size < HEADER_SIZE || data[0] != 0xff || (data[1] & 0xe6) != 0xe2)
    return FALSE;
  version = data[1] >> 3 & 3;
  bitrate = data[2] >> 4;
  rate = data[2] >> 2 & 3;
  padding = data[2] >> 1 & 1;
  /* each has one value that is reserved */
  if (version == 1 || bitrate == 0 || bitrate >= N_BITRATES ||
      rate >= G_N_ELEMENTS (rates) || (data[3] & 3) == 2)
    return FALSE;

  lsf = version != 3;
  *header = (EkaMp3Header) {
    .lsf = lsf,
    .protected = (data[1] & 1) == 0,
    .rate = rates[rate] >> (version == 3 ? 0 : version == 2 ? 1 : 2),
    .channels = data[3] >> 6 == 3 ? 1 : 2,
    .bitrate = bitrate,
  };
  header->size = frame_size (lsf, header->rate, bitrate) + padding;
  header->main_data = HEADER_SIZE + (header->protected ? CRC_SIZE : 0) +
                      side_size (lsf, header->channels);
  return TRUE;
}

/**
 * eka_mp3_init_codec:
 * @codec: (out caller-allocates): the codec; untouched on failure
 * @frame: (array length=size): a frame, or its header
 * @size: length of @frame
 *
 * Priming is not known: see eka_mp3_read_info().
 *
 * Returns: %FALSE where eka_mp3_read_header() does
 */
gboolean
eka_mp3_init_codec (EkaCodec     *codec,
                    const guint8 *frame,
                    gsize         size)
{
  EkaMp3Header header;

  if (!eka_mp3_read_header (&header, frame, size))
    return FALSE;
  *codec = (EkaCodec) {
    .type = EKA_CODEC_MP3,
    .rate = header.rate,
    .channels = header.channels,
  };
  return TRUE;
}

/* A rate belongs to one version only, so that it tells the version too. */
static gboolean
read_frame (const EkaCodec *codec,
            const guint8   *data,
            gsize           size,
            EkaMp3Header   *header)
{
  return eka_mp3_read_header (header, data, size) &&
         header->rate == codec->rate && header->channels == codec->channels &&
         header->size == size && header->main_data <= size;
}

/**
 * eka_mp3_is_frame:
 * @codec: an MP3 codec
 * @data: (array length=size): a packet
 * @size: length of @data
 *
 * Returns: whether the packet is one whole frame of this stream
 */
gboolean
eka_mp3_is_frame (const EkaCodec *codec,
                  const guint8   *data,
                  gsize           size)
{
  EkaMp3Header header;

  return read_frame (codec, data, size, &header);
}

/**
 * eka_mp3_frame_samples:
 * @codec: an MP3 codec
 *
 * Returns: samples of each frame: two granules of 576, or one from MPEG-2 on
 */
guint
eka_mp3_frame_samples (const EkaCodec *codec)
{
  return codec->rate >= 32000 ? 1152 : 576;
}

/**
 * eka_mp3_pre_roll:
 * @codec: an MP3 codec
 *
 * The synthesis filters look back 480 samples, into a granule whose own overlap
 * comes from the granule before it.
 *
 * Returns: frames that a decoder must have decoded before the first one that is
 *   heard: two granules
 */
guint
eka_mp3_pre_roll (const EkaCodec *codec)
{
  return codec->rate >= 32000 ? 1 : 2;
}

/* @size: at least two more bytes than @bit is in */
static guint
get_bits (const guint8 *data,
          guint         bit,
          guint         n)
{
  const guint8 *from = data + bit / 8;
  const guint bits = (guint) from[0] << 16 | (guint) from[1] << 8 | from[2];

  return bits >> (24 - bit % 8 - n) & ((1u << n) - 1);
}

/**
 * eka_mp3_main_data_begin:
 * @header: of the frame
 * @data: the frame, as far as its side information at least
 *
 * Returns: bytes of main data in earlier frames with which this one begins: at
 *   most 511, or 255 from MPEG-2 on
 */
guint
eka_mp3_main_data_begin (const EkaMp3Header *header,
                         const guint8       *data)
{
  const guint8 *side =
      data + header->main_data - side_size (header->lsf, header->channels);

  return header->lsf ? side[0] : get_bits (side, 0, 9);
}

/* Bits of the side information before those of the first granule: section
 * 2.4.1.7 of both parts */
static guint
granules_offset (const EkaMp3Header *header)
{
  if (header->lsf)
    return header->channels == 1 ? 9 : 10;
  return header->channels == 1 ? 18 : 20;
}

/* What a granule takes beside its gain: a bit more for each coefficient doubles
 * what the quantiser was given raised to 3/4 (ISO/IEC 11172-3 section 2.4.3.4),
 * as 16/3 steps of the gain do. */
#define GRANULE_SAMPLES 576
#define MAX_GAIN 255
#define BITS_PER_GAIN (GRANULE_SAMPLES * 3 / 16)

/* 2^(gain / 16), rounded down */
static guint
scale_gain (guint gain)
{
  static const guint32 roots[16] = {
    65536,  68438,  71468,  74632,  77936,  81386,  84990,  88752,
    92682,  96785,  101070, 105545, 110218, 115098, 120194, 125515,
  };

  return (guint) ((guint64) roots[gain % 16] << gain / 16 >> 16);
}

/**
 * eka_mp3_frame_effort:
 * @codec: an MP3 codec
 * @data: (array length=size): a frame of it
 * @size: length of @data
 *
 * Encoders choose the step of their quantiser by loudness, at a constant bit
 * rate too, where sizes tell nothing; and the bits by how many steps there are.
 * The step is 2^(global_gain / 4); the fourth root of the amplitude lets a pause
 * in noise stand out as much as one in silence.
 * The quieter one of the granules counts, and in it the louder channel.
 *
 * Returns: what grows with the loudness, 1 to 62757; 0: unknown
 */
guint
eka_mp3_frame_effort (const EkaCodec *codec,
                      const guint8   *data,
                      gsize           size)
{
  EkaMp3Header header;
  const guint8 *side;
  guint least = G_MAXUINT, bit, granule, channel;

  if (!read_frame (codec, data, size, &header))
    return 0;
  side = data + header.main_data - side_size (header.lsf, header.channels);
  bit = granules_offset (&header);
  for (granule = 0; granule < (header.lsf ? 1 : 2); granule++)
    {
      guint most = 0;

      for (channel = 0; channel < header.channels; channel++)
        {
          const guint bits = get_bits (side, bit, 12); /* part2_3_length */

          if (bits > 0)
            most = MAX (most, get_bits (side, bit + GAIN_OFFSET, 8) +
                                  bits / BITS_PER_GAIN);
          bit += header.lsf ? GRANULE_BITS_LSF : GRANULE_BITS;
        }
      least = MIN (least, most);
    }
  return scale_gain (MIN (least, MAX_GAIN));
}

/* CRC of ISO/IEC 11172-3 section 2.4.3.1: the last two bytes of the header and
 * the side information. */
static void
write_crc (const EkaMp3Header *header,
           guint8             *frame)
{
  guint crc = 0xffff, i, bit;

  for (i = 2; i < header->main_data; i++)
    {
      if (i == HEADER_SIZE)
        i += CRC_SIZE;
      crc ^= (guint) frame[i] << 8;
      for (bit = 0; bit < 8; bit++)
        crc = (crc << 1 ^ ((crc & 0x8000) != 0 ? CRC_POLYNOMIAL : 0)) & 0xffff;
    }
  frame[HEADER_SIZE] = (guint8) (crc >> 8);
  frame[HEADER_SIZE + 1] = crc & 0xff;
}

/* @bitrate: index */
static gsize
write_empty (const guint8 *like,
             guint         bitrate,
             guint8       *frame)
{
  EkaMp3Header header;

  memcpy (frame, like, HEADER_SIZE);
  /* no padding byte; the private bit stays */
  frame[2] = (guint8) (bitrate << 4 | (like[2] & 0x0d));
  if (!eka_mp3_read_header (&header, frame, HEADER_SIZE))
    return 0;
  memset (frame + HEADER_SIZE, 0, header.size - HEADER_SIZE);
  if (header.protected)
    write_crc (&header, frame);
  return header.size;
}

/**
 * eka_mp3_write_silence:
 * @codec: an MP3 codec
 * @like: a frame of it
 * @frame: (out) (array fixed-size=1441): room for any frame
 *
 * Makes a frame that takes the place of a lost one: of the same kind and bit
 * rate, without a sound, using nothing of earlier frames.
 *
 * Returns: its length, or 0 where @like is no frame
 */
gsize
eka_mp3_write_silence (const EkaCodec *codec,
                       const guint8   *like,
                       guint8         *frame)
{
  EkaMp3Header header;

  if (!eka_mp3_read_header (&header, like, HEADER_SIZE))
    return 0;
  return write_empty (like, header.bitrate, frame);
}

/**
 * eka_mp3_write_filler:
 * @codec: an MP3 codec
 * @like: a frame of it
 * @room: bytes of main data that the frame must hold, at most 511 (255 from
 *   MPEG-2 on)
 * @frame: (out) (array fixed-size=1441): room for any frame
 *
 * As eka_mp3_write_silence(), but of the least bit rate that leaves the room.
 *
 * Returns: its length, or 0 where there is no such bit rate
 */
gsize
eka_mp3_write_filler (const EkaCodec *codec,
                      const guint8   *like,
                      guint           room,
                      guint8         *frame)
{
  EkaMp3Header header;
  guint i;

  if (!eka_mp3_read_header (&header, like, HEADER_SIZE))
    return 0;
  for (i = 1; i < N_BITRATES; i++)
    {
      if (frame_size (header.lsf, header.rate, i) >= header.main_data + room)
        return write_empty (like, i, frame);
    }
  return 0;
}

static guint
get_be32 (const guint8 *data)
{
  return (guint) data[0] << 24 | (guint) data[1] << 16 | (guint) data[2] << 8 |
         data[3];
}

/* @tag: offset of "Xing" or "Info" in a frame that has it */
static void
read_lame (const guint8 *data,
           gsize         size,
           gsize         tag,
           guint        *skip,
           guint        *trim_end)
{
  static const guint8 lengths[] = { 4, 4, 100, 4 };
  const guint flags = get_be32 (data + tag + 4);
  gsize offset = tag + 8;
  guint delays, i;

  for (i = 0; i < G_N_ELEMENTS (lengths); i++)
    offset += (flags >> i & 1) != 0 ? lengths[i] : 0;
  if (offset + LAME_SIZE > size ||
      (memcmp (data + offset, "LAME", 4) != 0 &&
       memcmp (data + offset, "Lav", 3) != 0))
    return;
  delays = get_be32 (data + offset + LAME_DELAYS) >> 8;
  *skip = (delays >> 12) + EKA_MP3_DECODER_DELAY;
  delays &= 0xfff;
  if (delays > EKA_MP3_DECODER_DELAY)
    *trim_end = delays - EKA_MP3_DECODER_DELAY;
}

/**
 * eka_mp3_read_info:
 * @data: (array length=size): the first frame of a file
 * @size: length of @data
 * @skip: (out): samples that a decoder drops at the start of the frames behind
 *   it: the encoder's delay and its own; 0 where nothing tells
 * @trim_end: (out): samples that it drops at their end; 0 where nothing tells
 *
 * Recognises the frame without sound that describes a file: "Xing" or "Info",
 * with or without the tag of LAME, and "VBRI", which tells no delay. It belongs
 * to the file, not to the recording.
 *
 * Returns: whether it is one; both counts are 0 if not
 */
gboolean
eka_mp3_read_info (const guint8 *data,
                   gsize         size,
                   guint        *skip,
                   guint        *trim_end)
{
  EkaMp3Header header;
  gsize tag;

  *skip = *trim_end = 0;
  if (!eka_mp3_read_header (&header, data, size) || size < header.size)
    return FALSE;
  /* LAME leaves no room for the CRC that its header announces */
  tag = HEADER_SIZE + side_size (header.lsf, header.channels);
  if (tag + TAG_SIZE > header.size)
    return FALSE;
  if (memcmp (data + tag, "Xing", 4) != 0 &&
      memcmp (data + tag, "Info", 4) != 0)
    return header.size >= VBRI_OFFSET + VBRI_SIZE &&
           memcmp (data + VBRI_OFFSET, "VBRI", 4) == 0;
  read_lame (data, header.size, tag, skip, trim_end);
  return TRUE;
}
