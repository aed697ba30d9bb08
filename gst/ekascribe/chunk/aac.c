/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "chunk/aac.h"

#include <string.h>

#include "chunk/aaceffort.h"

/* Audio object types, ISO/IEC 14496-3 table 1.17 */
#define AOT_LC 2
#define AOT_SBR 5

/* Marks what is told behind the configuration, ISO/IEC 14496-3 section 1.6.5 */
#define SYNC_EXTENSION 0x2b7

/* Of one raw data block, by the 13 bits for its length in ADTS */
#define MAX_PACKET 8191

/* AudioSpecificConfig of LC takes 2 to 8 bytes; an encoder may add to it. */
#define MAX_CONFIG 64

#define RATE_ESCAPE 15

/* Elements of a raw data block, ISO/IEC 14496-3 table 4.85 */
#define ID_SCE 0
#define ID_CPE 1
#define ID_DSE 4
#define ID_FIL 6
#define ID_END 7

/* Extension types of a fill element, ISO/IEC 14496-3 table 4.121 */
#define EXT_FILL 0
#define EXT_FILL_DATA 1
#define EXT_DYNAMIC_RANGE 11
#define EXT_SBR 13
#define EXT_SBR_CRC 14

/* The least that sbr_extension_data() takes: 19 bits */
#define MIN_SBR 3
/* A count of 15 is followed by 8 bits more. */
#define FILL_ESCAPE 15
#define MAX_FILL (FILL_ESCAPE + 255 - 1)
/* So many fill elements may lie behind that of SBR. */
#define MAX_TRAILERS 3

static guint
get_rate (guint index)
{
  /* ISO/IEC 14496-3 table 1.18 */
  static const guint rates[] = { 96000, 88200, 64000, 48000, 44100,
                                 32000, 24000, 22050, 16000, 12000,
                                 11025, 8000,  7350 };

  return index < G_N_ELEMENTS (rates) ? rates[index] : 0;
}

/* Decoders look for it at every bit. */
static gboolean
tells_sbr (const EkaBits *bits)
{
  EkaBits at = *bits;

  for (; at.place + 17 <= at.size; at.place++)
    {
      EkaBits ahead = at;

      if (eka_bits_get (&ahead, 11) == SYNC_EXTENSION &&
          eka_bits_get (&ahead, 5) == AOT_SBR && eka_bits_get (&ahead, 1) == 1)
        return TRUE;
    }
  return FALSE;
}

/**
 * eka_aac_init_codec:
 * @codec: (out caller-allocates): the codec; untouched on failure
 * @config: (array length=size): an AudioSpecificConfig (ISO/IEC 14496-3 section
 *   1.6.2.1)
 * @size: length of @config
 *
 * Nothing is known of priming.
 *
 * Returns: %FALSE where it is not AAC-LC of one or two channels in frames of
 *   1024 samples, or where it is LC only for decoders that can't do better (SBR
 *   is told)
 */
gboolean
eka_aac_init_codec (EkaCodec     *codec,
                    const guint8 *config,
                    gsize         size)
{
  EkaBits bits = { config, size * 8, 0 };
  guint type, index, rate, channels, flags;

  if (size > MAX_CONFIG)
    return FALSE;
  type = eka_bits_get (&bits, 5);
  index = eka_bits_get (&bits, 4);
  rate = index == RATE_ESCAPE ? eka_bits_get (&bits, 24) : get_rate (index);
  channels = eka_bits_get (&bits, 4);
  /* short frames, a core coder, extensions of other object types */
  flags = eka_bits_get (&bits, 3);
  if (eka_bits_is_behind (&bits) || type != AOT_LC || rate == 0 || flags != 0)
    return FALSE;
  if ((channels != 1 && channels != 2) || tells_sbr (&bits))
    return FALSE;

  *codec = (EkaCodec) {
    .type = EKA_CODEC_AAC,
    .rate = rate,
    .channels = channels,
    .config = g_bytes_new (config, size),
  };
  return TRUE;
}

/* adts_fixed_header() and adts_variable_header(), ISO/IEC 14496-3 section
 * 1.A.2.2 */
typedef struct
{
  guint profile;
  guint rate_index;
  guint channels;
  gsize size;
  gsize header_size;
} Adts;

/* Returns: whether it is one frame, with one raw data block */
static gboolean
read_adts (Adts         *self,
           const guint8 *frame,
           gsize         size)
{
  EkaBits bits = { frame, size * 8, 0 };
  guint sync, layer;

  sync = eka_bits_get (&bits, 12);
  bits.place++; /* MPEG-2 or MPEG-4 */
  layer = eka_bits_get (&bits, 2);
  self->header_size = eka_bits_get (&bits, 1) == 1 ? 7 : 9;
  self->profile = eka_bits_get (&bits, 2);
  self->rate_index = eka_bits_get (&bits, 4);
  bits.place++; /* private */
  self->channels = eka_bits_get (&bits, 3);
  bits.place += 4; /* where it is from, copyright */
  self->size = eka_bits_get (&bits, 13);
  bits.place += 11; /* fullness of the buffer */
  return sync == 0xfff && layer == 0 && eka_bits_get (&bits, 2) == 0 &&
         self->size == size && size > self->header_size;
}

/**
 * eka_aac_init_codec_from_adts:
 * @codec: (out caller-allocates): the codec; untouched on failure
 * @frame: (array length=size): an ADTS frame (ISO/IEC 14496-3 section 1.A.2.2)
 * @size: length of @frame
 *
 * Returns: %FALSE where it is not exactly one frame of AAC-LC with one raw data
 *   block and one or two channels
 */
gboolean
eka_aac_init_codec_from_adts (EkaCodec     *codec,
                              const guint8 *frame,
                              gsize         size)
{
  guint8 config[2];
  Adts adts;

  if (!read_adts (&adts, frame, size) || adts.profile + 1 != AOT_LC)
    return FALSE;
  config[0] = AOT_LC << 3 | adts.rate_index >> 1;
  config[1] = (adts.rate_index & 1) << 7 | adts.channels << 3;
  return eka_aac_init_codec (codec, config, sizeof config);
}

/**
 * eka_aac_adts_header_size:
 * @frame: (array length=size): bytes
 * @size: length of @frame
 *
 * Returns: bytes before the raw data block, 7 or 9; 0 where @frame is not
 *   exactly one ADTS frame with one raw data block
 */
gsize
eka_aac_adts_header_size (const guint8 *frame,
                          gsize         size)
{
  Adts adts;

  return read_adts (&adts, frame, size) ? adts.header_size : 0;
}

/* fill_element(), behind its id */
static void
skip_fill (EkaBits *bits)
{
  gsize count = eka_bits_get (bits, 4);

  if (count == FILL_ESCAPE)
    count += eka_bits_get (bits, 8) - 1;
  bits->place += count * 8;
}

/* data_stream_element(), behind its id */
static void
skip_data (EkaBits *bits)
{
  gboolean align;
  gsize count;

  bits->place += 4; /* tag */
  align = eka_bits_get (bits, 1) == 1;
  count = eka_bits_get (bits, 8);
  if (count == 255)
    count += eka_bits_get (bits, 8);
  if (align)
    bits->place = (bits->place + 7) / 8 * 8;
  bits->place += count * 8;
}

/* Goes to what follows the id of the first element that is sound.
 * Returns: whether that is the one of @codec */
static gboolean
find_sound (EkaBits           *bits,
            const EkaCodec *codec)
{
  guint id = eka_bits_get (bits, 3);

  while ((id == ID_FIL || id == ID_DSE) && !eka_bits_is_behind (bits))
    {
      if (id == ID_FIL)
        skip_fill (bits);
      else
        skip_data (bits);
      id = eka_bits_get (bits, 3);
    }
  return !eka_bits_is_behind (bits) &&
         id == (codec->channels == 1 ? ID_SCE : ID_CPE);
}

/**
 * eka_aac_is_packet:
 * @codec: an AAC codec
 * @data: (array length=size): bytes
 * @size: length of @data
 *
 * Returns: whether it may be a raw data block of @codec (ISO/IEC 14496-3
 *   section 4.4.2.1): its length, and its first element that is sound
 */
gboolean
eka_aac_is_packet (const EkaCodec *codec,
                   const guint8   *data,
                   gsize           size)
{
  EkaBits bits = { data, size * 8, 0 };

  return size > 0 && size <= MAX_PACKET && find_sound (&bits, codec);
}

/**
 * eka_aac_latm_header_size:
 * @codec: an AAC codec
 * @data: (array length=size): what may be one packet behind its length, which is
 *   the sum of bytes up to the first that is not 255 (ISO/IEC 14496-3 section
 *   1.7.3.1, PayloadLengthInfo)
 * @size: length of @data
 *
 * Returns: bytes of that length; 0 where it is not the one of what follows, or no
 *   packet of @codec does
 */
gsize
eka_aac_latm_header_size (const EkaCodec *codec,
                          const guint8   *data,
                          gsize           size)
{
  gsize length = 0, n = 0;

  while (n < size && data[n] == 255)
    length += data[n++];
  if (n == size)
    return 0;
  length += data[n++];
  return n + length == size && eka_aac_is_packet (codec, data + n, length) ? n
                                                                           : 0;
}

/**
 * eka_aac_packet_effort:
 * @codec: an AAC codec
 * @data: (array length=size): a raw data block
 * @size: length of @data
 *
 * Returns: a number that grows with the loudest band of the first channel; at
 *   least 4 and at most 251,904; 0: unknown
 */
guint
eka_aac_packet_effort (const EkaCodec *codec,
                       const guint8   *data,
                       gsize           size)
{
  EkaBits bits = { data, size * 8, 0 };

  if (!find_sound (&bits, codec))
    return 0;
  return eka_aaceffort_measure (&bits, codec->channels == 2);
}

/* Is there a fill element of @count bytes up to @end?
 * Returns: its extension type, or -1; @begin: where it begins */
static gint
read_fill (const guint8 *data,
           gsize         end,
           guint         count,
           gsize        *begin)
{
  const guint head = count < FILL_ESCAPE ? 7 : 15;
  EkaBits bits = { data, end, end - head - (gsize) count * 8 };

  if (end < head + (gsize) count * 8)
    return -1;
  *begin = bits.place;
  if (eka_bits_get (&bits, 3) != ID_FIL)
    return -1;
  if (eka_bits_get (&bits, 4) != MIN (count, FILL_ESCAPE))
    return -1;
  if (count >= FILL_ESCAPE &&
      eka_bits_get (&bits, 8) != count - FILL_ESCAPE + 1)
    return -1;
  return count > 0 ? (gint) eka_bits_get (&bits, 4) : EXT_FILL;
}

static gboolean
has_sbr_before (const guint8 *data,
                gsize         end,
                guint         trailers)
{
  guint count;

  for (count = 0; count <= MAX_FILL; count++)
    {
      gsize begin;
      const gint type = read_fill (data, end, count, &begin);

      switch (type)
        {
        case EXT_SBR:
        case EXT_SBR_CRC:
          if (count >= MIN_SBR)
            return TRUE;
          break;
        case EXT_FILL:
        case EXT_FILL_DATA:
        case EXT_DYNAMIC_RANGE:
          if (trailers > 0 && has_sbr_before (data, begin, trailers - 1))
            return TRUE;
          break;
        default:
          break;
        }
    }
  return FALSE;
}

/**
 * eka_aac_has_sbr:
 * @data: (array length=size): a raw data block
 * @size: length of @data
 *
 * Looks for SBR that no configuration tells of (ISO/IEC 14496-3 section
 * 4.5.2.8.2): a fill element with such an extension right before the end, or
 * before other fill elements there. The block is read from its end backwards,
 * as only a decoder finds the end of what is sound.
 *
 * Random bits look so once in 80 frames, and four frames in a row once in 40
 * millions. SBR is in every frame.
 *
 * Returns: whether it seems to be there
 */
gboolean
eka_aac_has_sbr (const guint8 *data,
                 gsize         size)
{
  EkaBits bits = { data, size * 8, 0 };
  gsize end;

  while (size > 0 && data[size - 1] == 0)
    size--;
  if (size == 0)
    return FALSE;
  end = size * 8 - (gsize) g_bit_nth_lsf (data[size - 1], -1);
  if (end < 3)
    return FALSE;
  bits.place = end - 3;
  return eka_bits_get (&bits, 3) == ID_END &&
         has_sbr_before (data, end - 3, MAX_TRAILERS);
}

/**
 * eka_aac_write_silence:
 * @codec: an AAC codec
 * @data: (out) (array fixed-size=8): a raw data block without any spectrum
 *
 * Returns: its length
 */
gsize
eka_aac_write_silence (const EkaCodec *codec,
                       guint8         *data)
{
  /* SCE 0, all else 0 up to END */
  static const guint8 mono[] = { 0x00, 0x00, 0x00, 0x07 };
  /* CPE 0, one window for both, all else 0 up to END */
  static const guint8 stereo[] = { 0x21, 0x00, 0x00, 0x00, 0x00, 0x1c };
  const guint8 *block = codec->channels == 1 ? mono : stereo;
  const gsize size = codec->channels == 1 ? sizeof mono : sizeof stereo;

  memcpy (data, block, size);
  return size;
}
