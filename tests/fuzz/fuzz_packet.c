/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Headers and packets of every codec: a byte for the codec, a block for the header
 * (Vorbis: three), then a block for each packet.
 */
#include "input.h"

#include "chunk/aac.h"
#include "chunk/mp3.h"
#include "chunk/opus.h"
#include "chunk/pcm.h"
#include "chunk/silence.h"
#include "chunk/vorbis.h"

#define N_CODECS (EKA_CODEC_VORBIS + 1)

static gboolean
init_vorbis (EkaCodec *codec,
             Input    *input)
{
  GBytes *headers[EKA_VORBIS_N_HEADERS];
  gboolean good;
  guint i;

  for (i = 0; i < EKA_VORBIS_N_HEADERS; i++)
    headers[i] = input_take_block (input);
  good = eka_vorbis_init_codec (codec, headers);
  for (i = 0; i < EKA_VORBIS_N_HEADERS; i++)
    g_bytes_unref (headers[i]);
  for (i = 0; good && i < EKA_VORBIS_N_HEADERS; i++)
    {
      const guint8 *data;
      gsize size;

      g_assert_true (eka_vorbis_get_header (codec, i, &data, &size));
      g_assert_cmpuint (size, >, 0);
    }
  return good;
}

static gboolean
init_codec (EkaCodec *codec,
            guint     type,
            Input    *input)
{
  g_autoptr (GBytes) header = NULL;
  const guint8 *data;
  gsize size;

  if (type == EKA_CODEC_VORBIS)
    return init_vorbis (codec, input);
  header = input_take_block (input);
  data = g_bytes_get_data (header, &size);
  switch (type)
    {
    case EKA_CODEC_OPUS:
      return eka_opus_init_codec_from_head (codec, data, size);
    case EKA_CODEC_AAC:
      return eka_aac_init_codec (codec, data, size) ||
             eka_aac_init_codec_from_adts (codec, data, size);
    case EKA_CODEC_MP3:
      return eka_mp3_init_codec (codec, data, size);
    default:
      eka_codec_init_samples (codec, type, size > 0 ? 8000 * (1 + data[0]) : 8000,
                              1 + size % 2);
      return TRUE;
    }
}

static void
check_silence (const EkaCodec *codec,
               const guint8   *data,
               gsize           size,
               guint           previous)
{
  g_autoptr (GByteArray) silence = g_byte_array_new ();
  guint samples = 0;

  if (size < EKA_SILENCE_LIKE)
    return;
  if (eka_silence_write (codec, data, 10000, silence))
    {
      g_assert_true (eka_codec_measure_packet (codec, silence->data,
                                               silence->len, &previous,
                                               &samples));
      g_assert_cmpuint (samples, <=, 10000);
    }
}

static void
check_packet (const EkaCodec *codec,
              EkaCelt        *celt,
              const guint8   *data,
              gsize           size,
              guint          *previous)
{
  EkaPacketInfo info = { .size = (guint) size };
  guint delay, padding;

  eka_aac_adts_header_size (data, size);
  eka_aac_has_sbr (data, size);
  eka_mp3_read_info (data, size, &delay, &padding);
  eka_opus_packet_voice (data, size);
  if (!eka_codec_measure_packet (codec, data, size, previous, &info.samples))
    return;
  eka_codec_judge_packet (codec, celt, data, &info);
  if (eka_codec_frame_size (codec) > 0)
    g_assert_cmpuint (eka_pcm_measure (codec, data, size), <=, 128);
  else
    check_silence (codec, data, size, *previous);
}

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  Input input = { data, size };
  g_auto (EkaCodec) codec = { 0, };
  EkaCelt celt = { 0 };
  guint previous = 0;

  if (!init_codec (&codec, input_take_byte (&input) % N_CODECS, &input))
    return 0;
  while (input.size > 0)
    {
      g_autoptr (GBytes) packet = input_take_block (&input);
      gsize length;
      const guint8 *bytes = g_bytes_get_data (packet, &length);

      check_packet (&codec, &celt, bytes, length, &previous);
    }
  return 0;
}
