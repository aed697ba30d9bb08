/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "aac.h"

#define TAG_ES 3
#define TAG_DECODER 4
#define TAG_SPECIFIC 5
#define TYPE_AAC 0x40
#define CONFIG_MIN 2

/* Object types: plain AAC, and what is built on it. */
enum
{
  AAC_LC = 2,
  AAC_SBR = 5,
  AAC_PS = 29,
};

/* ISO/IEC 14496-1, 8.3.3: the length has seven bits a byte. */
static gboolean
enter (const guint8 **at, const guint8 *end, guint8 tag, gsize *length)
{
  guint i;

  if (end - *at < 2 || **at != tag)
    return FALSE;
  (*at)++;
  *length = 0;
  for (i = 0; i < 4 && *at < end; i++)
    {
      guint8 byte = *(*at)++;

      *length = *length << 7 | (byte & 127);
      if ((byte & 128) == 0)
        break;
    }
  return *length <= (gsize)(end - *at);
}

/* Finds the AudioSpecificConfig. */
static const guint8 *
find_config (const guint8 *at, const guint8 *end, gsize *length)
{
  guint8 flags;
  gsize more;

  if (!enter (&at, end, TAG_ES, length) || end - at < 3)
    return NULL;
  flags = at[2];
  at += 3;
  more = (flags & 0x80 ? 2 : 0) + (flags & 0x20 ? 2 : 0);
  if ((flags & 0x40) != 0 || (gsize)(end - at) < more)
    return NULL;
  at += more;
  if (!enter (&at, end, TAG_DECODER, length) || *length < 13 ||
      *at != TYPE_AAC)
    return NULL;
  at += 13;
  return enter (&at, end, TAG_SPECIFIC, length) && *length >= CONFIG_MIN
             ? at
             : NULL;
}

/**
 * sandbox_aac_set_config:
 * @packets: to be decoded as AAC
 * @esds: (array length=size): contents of that box, behind version and flags
 * @size: bytes
 *
 * Source: ISO/IEC 14496-1, 7.2.6, and 14496-3, 1.6.2.
 *
 * Returns: whether it describes AAC-LC, with or without SBR
 */
gboolean
sandbox_aac_set_config (SandboxPackets *packets,
                        const guint8 *esds,
                        gsize size)
{
  static const gint rates[] = { 96000, 88200, 64000, 48000, 44100, 32000, 24000,
                                22050, 16000, 12000, 11025, 8000,  7350 };
  gsize length;
  const guint8 *config = find_config (esds, esds + size, &length);
  g_autoptr (GstBuffer) data = NULL;
  guint type;
  guint rate;
  guint channels;

  if (config == NULL)
    return FALSE;
  type = config[0] >> 3;
  rate = (config[0] & 7u) << 1 | config[1] >> 7;
  channels = config[1] >> 3 & 15;
  if ((type != AAC_LC && type != AAC_SBR && type != AAC_PS) ||
      rate >= G_N_ELEMENTS (rates) || channels == 0 || channels > 7)
    return FALSE;
  data = gst_buffer_new_memdup (config, length);
  packets->caps = gst_caps_new_simple (
      "audio/mpeg", "mpegversion", G_TYPE_INT, 4, "stream-format",
      G_TYPE_STRING, "raw", "framed", G_TYPE_BOOLEAN, TRUE, "rate", G_TYPE_INT,
      rates[rate], "channels", G_TYPE_INT, channels == 7 ? 8 : (gint)channels,
      "codec_data", GST_TYPE_BUFFER, data, NULL);
  packets->decoder = "avdec_aac max-errors=0";
  return TRUE;
}
