/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "gstekascribecaps.h"

#include "chunk/aac.h"
#include "chunk/mp3.h"
#include "chunk/opus.h"
#include "chunk/vorbis.h"

/* G.711 at another rate is rare, and few readers expect it. */
#define LAW_RATE 8000

/* Of HE-AAC */
#define MAX_CORE_RATE 24000

static gint
get_int (const GstStructure *structure,
         const gchar        *name,
         gint                otherwise)
{
  gst_structure_get_int (structure, name, &otherwise);
  return otherwise;
}

static gboolean
has_string (const GstStructure *structure,
            const gchar        *name,
            const gchar        *value)
{
  return g_strcmp0 (gst_structure_get_string (structure, name), value) == 0;
}

static gboolean
has_true (const GstStructure *structure,
          const gchar        *name)
{
  gboolean value = FALSE;

  gst_structure_get_boolean (structure, name, &value);
  return value;
}

static GBytes *
dup_buffer (GstBuffer *buffer)
{
  gpointer data;
  gsize size;

  gst_buffer_extract_dup (buffer, 0, gst_buffer_get_size (buffer), &data,
                          &size);
  return g_bytes_new_take (data, size);
}

/* Returns: (transfer full) (nullable): a field that holds a buffer */
static GBytes *
dup_field (const GstStructure *structure,
           const gchar        *name)
{
  const GValue *value = gst_structure_get_value (structure, name);
  GstBuffer *buffer = value != NULL && GST_VALUE_HOLDS_BUFFER (value) ?
                          gst_value_get_buffer (value) :
                          NULL;

  return buffer != NULL ? dup_buffer (buffer) : NULL;
}

/* Returns: (transfer full) (nullable): header packet @i */
static GBytes *
dup_header (const GstStructure *structure,
            guint               i)
{
  const GValue *headers = gst_structure_get_value (structure, "streamheader");
  const GValue *value;
  GstBuffer *buffer;

  if (headers == NULL || !GST_VALUE_HOLDS_ARRAY (headers) ||
      gst_value_array_get_size (headers) <= i)
    return NULL;
  value = gst_value_array_get_value (headers, i);
  buffer = GST_VALUE_HOLDS_BUFFER (value) ? gst_value_get_buffer (value) : NULL;
  return buffer != NULL ? dup_buffer (buffer) : NULL;
}

static gboolean
init_aac (const GstStructure *structure,
          EkaCodec           *codec)
{
  g_autoptr (GBytes) config = dup_field (structure, "codec_data");
  const guint8 *data;
  gsize size;

  if (config == NULL)
    return FALSE;
  data = g_bytes_get_data (config, &size);
  return eka_aac_init_codec (codec, data, size);
}

/* Where nothing tells more, low complexity is assumed: what comes will tell. */
static gboolean
is_simple_aac (const GstStructure *structure)
{
  const gchar *profile = gst_structure_get_string (structure, "profile");
  EkaCodec codec = { 0 };
  gboolean simple;

  if (profile != NULL && !g_str_equal (profile, "lc"))
    return FALSE;
  if (has_string (structure, "stream-format", "adts"))
    return TRUE;
  if (!has_string (structure, "stream-format", "raw"))
    return FALSE;
  simple = init_aac (structure, &codec);
  eka_codec_clear (&codec);
  return simple;
}

static gboolean
get_mpeg (const GstStructure *structure,
          EkaCodecType       *type)
{
  switch (get_int (structure, "mpegversion", 0)) {
    case 1:
      *type = EKA_CODEC_MP3;
      return get_int (structure, "layer", 0) == 3;
    case 2:
    case 4:
      *type = EKA_CODEC_AAC;
      return is_simple_aac (structure);
    default:
      return FALSE;
  }
}

/**
 * gst_ekascribe_caps_get_native:
 * @structure: of fixed caps
 * @type: (out): what the packets hold
 *
 * Returns: whether chunks can be made of the packets as they come, perhaps
 *   behind a parser
 */
gboolean
gst_ekascribe_caps_get_native (const GstStructure *structure,
                               EkaCodecType       *type)
{
  const gint channels = get_int (structure, "channels", 1);

  if (channels < 1 || channels > 2)
    return FALSE;
  if (gst_structure_has_name (structure, "audio/x-opus")) {
    *type = EKA_CODEC_OPUS;
    return get_int (structure, "channel-mapping-family", 0) == 0;
  }
  if (gst_structure_has_name (structure, "audio/mpeg"))
    return get_mpeg (structure, type);
  if (gst_structure_has_name (structure, "audio/x-vorbis")) {
    *type = EKA_CODEC_VORBIS;
    return TRUE;
  }
  *type = gst_structure_has_name (structure, "audio/x-mulaw") ?
              EKA_CODEC_MULAW :
              EKA_CODEC_ALAW;
  return (*type == EKA_CODEC_MULAW ||
          gst_structure_has_name (structure, "audio/x-alaw")) &&
         get_int (structure, "rate", LAW_RATE) == LAW_RATE;
}

/**
 * gst_ekascribe_caps_need_parser:
 * @structure: of caps that gst_ekascribe_caps_get_native() knows
 *
 * Returns: whether buffers may hold more or less than a packet
 */
gboolean
gst_ekascribe_caps_need_parser (const GstStructure *structure)
{
  if (!gst_structure_has_name (structure, "audio/mpeg"))
    return FALSE;
  if (get_int (structure, "mpegversion", 0) == 1)
    return !has_true (structure, "parsed");
  return has_string (structure, "stream-format", "adts") &&
         !has_true (structure, "framed");
}

/**
 * gst_ekascribe_caps_may_have_sbr:
 * @structure: of caps that gst_ekascribe_caps_get_native() knows
 *
 * Returns: whether it may be HE-AAC that does not say so: its core has half the
 *   rate of what is heard
 */
gboolean
gst_ekascribe_caps_may_have_sbr (const GstStructure *structure)
{
  return gst_structure_has_name (structure, "audio/mpeg") &&
         get_int (structure, "mpegversion", 0) != 1 &&
         get_int (structure, "rate", 0) <= MAX_CORE_RATE;
}

/**
 * gst_ekascribe_caps_measure_latm:
 * @structure: of caps
 * @data: (array length=size): what came first with them
 * @size: length of @data
 *
 * rtpmp4adepay (1.22) gives the first packet of AAC out as it is, behind its length
 * and as not framed; a parser says that it is. The first packet of an encoder may
 * look like one by chance.
 *
 * Returns: bytes of that length; 0 where there is none
 */
gsize
gst_ekascribe_caps_measure_latm (const GstStructure *structure,
                                 const guint8       *data,
                                 gsize               size)
{
  EkaCodec codec = { 0 };
  gboolean framed = TRUE;
  gsize header = 0;

  gst_structure_get_boolean (structure, "framed", &framed);
  if (!gst_structure_has_name (structure, "audio/mpeg") ||
      !has_string (structure, "stream-format", "raw") ||
      !init_aac (structure, &codec))
    return 0;
  if (!framed || !eka_aac_is_packet (&codec, data, size))
    header = eka_aac_latm_header_size (&codec, data, size);
  eka_codec_clear (&codec);
  return header;
}

static gboolean
init_opus (const GstStructure *structure,
           EkaCodec           *codec)
{
  g_autoptr (GBytes) head = dup_header (structure, 0);
  gsize size = 0;
  const guint8 *data = head != NULL ? g_bytes_get_data (head, &size) : NULL;

  if (data == NULL || !eka_opus_init_codec_from_head (codec, data, size))
    eka_opus_init_codec (codec, get_int (structure, "channels", 1));
  return TRUE;
}

static gboolean
init_vorbis (const GstStructure *structure,
             EkaCodec           *codec)
{
  GBytes *headers[EKA_VORBIS_N_HEADERS];
  gboolean good = TRUE;
  guint i;

  for (i = 0; i < EKA_VORBIS_N_HEADERS; i++) {
    headers[i] = dup_header (structure, i);
    good = good && headers[i] != NULL;
  }
  good = good && eka_vorbis_init_codec (codec, headers);
  for (i = 0; i < EKA_VORBIS_N_HEADERS; i++)
    g_clear_pointer (&headers[i], g_bytes_unref);
  return good;
}

/**
 * gst_ekascribe_caps_init_codec:
 * @structure: of caps of the packet sink
 * @codec: (out caller-allocates): what they tell; untouched on failure
 *
 * Returns: %FALSE where the first packets tell it
 */
gboolean
gst_ekascribe_caps_init_codec (const GstStructure *structure,
                               EkaCodec           *codec)
{
  const gint rate = get_int (structure, "rate", LAW_RATE);
  const gint channels = get_int (structure, "channels", 1);
  EkaCodecType type;

  if (gst_structure_has_name (structure, "audio/x-raw")) {
    eka_codec_init_samples (codec, EKA_CODEC_PCM, rate, channels);
    return TRUE;
  }
  if (!gst_ekascribe_caps_get_native (structure, &type))
    return FALSE;
  switch (type) {
    case EKA_CODEC_OPUS:
      return init_opus (structure, codec);
    case EKA_CODEC_VORBIS:
      return init_vorbis (structure, codec);
    case EKA_CODEC_AAC:
      return init_aac (structure, codec);
    case EKA_CODEC_MP3:
      return FALSE;
    default:
      eka_codec_init_samples (codec, type, rate, channels);
      return TRUE;
  }
}

static void
append_buffer (GValue       *array,
               const guint8 *data,
               gsize         size)
{
  GValue value = G_VALUE_INIT;

  g_value_init (&value, GST_TYPE_BUFFER);
  g_value_take_boxed (&value, gst_buffer_new_memdup (data, size));
  gst_value_array_append_and_take_value (array, &value);
}

static void
set_headers (GstCaps        *caps,
             const EkaCodec *codec)
{
  GValue array = G_VALUE_INIT;
  guint8 head[EKA_OPUS_HEAD_SIZE];
  const guint8 *data;
  gsize size;
  guint i;

  g_value_init (&array, GST_TYPE_ARRAY);
  if (codec->type == EKA_CODEC_OPUS) {
    eka_opus_write_head (codec, 0, head);
    append_buffer (&array, head, sizeof head);
  } else {
    for (i = 0; eka_vorbis_get_header (codec, i, &data, &size); i++)
      append_buffer (&array, data, size);
  }
  gst_caps_set_value (caps, "streamheader", &array);
  g_value_unset (&array);
}

static void
set_config (GstCaps        *caps,
            const EkaCodec *codec)
{
  GstBuffer *config;
  gsize size;
  const guint8 *data = g_bytes_get_data (codec->config, &size);

  config = gst_buffer_new_memdup (data, size);
  gst_caps_set_simple (caps, "codec_data", GST_TYPE_BUFFER, config, NULL);
  gst_buffer_unref (config);
}

/**
 * gst_ekascribe_caps_from_codec:
 * @codec: a codec
 *
 * What its packets are for a decoder that is to hide nothing of them.
 *
 * Returns: (transfer full) (nullable): caps; %NULL where packets are samples
 */
GstCaps *
gst_ekascribe_caps_from_codec (const EkaCodec *codec)
{
  GstCaps *caps;

  switch (codec->type) {
    case EKA_CODEC_OPUS:
      caps = gst_caps_new_simple ("audio/x-opus", "channel-mapping-family",
                                  G_TYPE_INT, 0, "rate", G_TYPE_INT,
                                  EKA_OPUS_RATE, NULL);
      set_headers (caps, codec);
      break;
    case EKA_CODEC_VORBIS:
      caps = gst_caps_new_simple ("audio/x-vorbis", "rate", G_TYPE_INT,
                                  codec->rate, NULL);
      set_headers (caps, codec);
      break;
    case EKA_CODEC_AAC:
      caps = gst_caps_new_simple ("audio/mpeg", "mpegversion", G_TYPE_INT, 4,
                                  "stream-format", G_TYPE_STRING, "raw",
                                  "framed", G_TYPE_BOOLEAN, TRUE, "rate",
                                  G_TYPE_INT, codec->rate, NULL);
      set_config (caps, codec);
      break;
    case EKA_CODEC_MP3:
      caps = gst_caps_new_simple (
          "audio/mpeg", "mpegversion", G_TYPE_INT, 1, "mpegaudioversion",
          G_TYPE_INT, eka_mp3_frame_samples (codec) == 1152 ? 1 : 2, "layer",
          G_TYPE_INT, 3, "parsed", G_TYPE_BOOLEAN, TRUE, "rate", G_TYPE_INT,
          codec->rate, NULL);
      break;
    default:
      return NULL;
  }
  gst_caps_set_simple (caps, "channels", G_TYPE_INT, codec->channels, NULL);
  return caps;
}
