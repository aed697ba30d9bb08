/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "gstekascribeunwrapper.h"

#include <string.h>

#include "gstekascribecaps.h"

#include "chunk/aac.h"
#include "chunk/mp3.h"
#include "chunk/opus.h"

static void
drop_headers (GstEkascribeUnwrapper *self)
{
  guint i;

  for (i = 0; i < EKA_VORBIS_N_HEADERS; i++)
    g_clear_pointer (&self->headers[i], g_bytes_unref);
  self->n_headers = 0;
}

/**
 * gst_ekascribe_unwrapper_clear:
 * @self: an unwrapper, or zeros
 *
 * Forgets all.
 */
void
gst_ekascribe_unwrapper_clear (GstEkascribeUnwrapper *self)
{
  drop_headers (self);
  eka_codec_clear (&self->codec);
  *self = (GstEkascribeUnwrapper) { 0 };
}

static void
set_codec (GstEkascribeUnwrapper *self,
           EkaCodec              *codec)
{
  eka_codec_clear (&self->codec);
  self->codec = *codec;
  self->ready = TRUE;
}

/**
 * gst_ekascribe_unwrapper_set_caps:
 * @self: an unwrapper
 * @structure: of the caps of what comes
 *
 * Returns: %FALSE where such packets can't be taken
 */
gboolean
gst_ekascribe_unwrapper_set_caps (GstEkascribeUnwrapper *self,
                                  const GstStructure    *structure)
{
  EkaCodec codec;

  self->type = EKA_CODEC_PCM;
  if (!gst_structure_has_name (structure, "audio/x-raw") &&
      !gst_ekascribe_caps_get_native (structure, &self->type))
    return FALSE;
  self->adts = self->type == EKA_CODEC_AAC &&
               g_strcmp0 (gst_structure_get_string (structure, "stream-format"),
                          "adts") == 0;
  self->started = FALSE;
  drop_headers (self);
  if (gst_ekascribe_caps_init_codec (structure, &codec))
    set_codec (self, &codec);
  else
    self->ready = self->ready && self->codec.type == self->type;
  return TRUE;
}

/* Demuxers send the header packets of Ogg along with the audio. No audio packet
 * of Opus looks like one: its second byte would ask for 48 frames or more. */
static gboolean
unwrap_opus (GstEkascribeUnwrapper *self,
             const guint8          *data,
             gsize                  size)
{
  EkaCodec codec;

  if (size < 8 || memcmp (data, "Opus", 4) != 0)
    return TRUE;
  if (eka_opus_init_codec_from_head (&codec, data, size)) {
    set_codec (self, &codec);
    return FALSE;
  }
  return memcmp (data, "OpusHead", 8) != 0 && memcmp (data, "OpusTags", 8) != 0;
}

/* The first bit of a packet tells headers from audio, and audio that is damaged
 * there from headers what these go on with. */
static gboolean
is_vorbis_header (const guint8 *data,
                  gsize         size)
{
  return size >= 7 && (data[0] & 1) != 0 && memcmp (data + 1, "vorbis", 6) == 0;
}

static gboolean
unwrap_vorbis (GstEkascribeUnwrapper *self,
               const guint8          *data,
               gsize                  size)
{
  EkaCodec codec;

  if (!is_vorbis_header (data, size))
    return self->ready;
  if (data[0] == 1)
    drop_headers (self);
  if (self->n_headers < EKA_VORBIS_N_HEADERS)
    self->headers[self->n_headers++] = g_bytes_new (data, size);
  if (self->n_headers == EKA_VORBIS_N_HEADERS) {
    if (eka_vorbis_init_codec (&codec, self->headers))
      set_codec (self, &codec);
    drop_headers (self);
  }
  return FALSE;
}

static gboolean
unwrap_adts (GstEkascribeUnwrapper *self,
             const guint8         **data,
             gsize                 *size)
{
  const gsize header = eka_aac_adts_header_size (*data, *size);
  EkaCodec codec;

  if (header == 0)
    return self->ready;
  if (eka_aac_init_codec_from_adts (&codec, *data, *size))
    set_codec (self, &codec);
  *data += header;
  *size -= header;
  return self->ready;
}

/* The first frame may tell of the encoder's delay; parsers know what it says,
 * and mark the buffers. */
static gboolean
unwrap_mp3 (GstEkascribeUnwrapper *self,
            const guint8          *data,
            gsize                  size)
{
  EkaCodec codec;
  guint delay, padding;

  if (!self->started && eka_mp3_read_info (data, size, &delay, &padding))
    return FALSE;
  if (!self->ready || !eka_mp3_is_frame (&self->codec, data, size)) {
    if (!eka_mp3_init_codec (&codec, data, size))
      return self->ready;
    set_codec (self, &codec);
  }
  return TRUE;
}

/**
 * gst_ekascribe_unwrapper_unwrap:
 * @self: an unwrapper that got caps
 * @data: (inout): what a buffer holds; then the packet in it
 * @size: (inout): length of @data
 *
 * May change the codec: callers compare.
 *
 * Returns: whether there is audio to be taken; not in headers
 */
gboolean
gst_ekascribe_unwrapper_unwrap (GstEkascribeUnwrapper *self,
                                const guint8         **data,
                                gsize                 *size)
{
  gboolean audio;

  switch (self->type) {
    case EKA_CODEC_OPUS:
      audio = unwrap_opus (self, *data, *size);
      break;
    case EKA_CODEC_VORBIS:
      audio = unwrap_vorbis (self, *data, *size);
      break;
    case EKA_CODEC_AAC:
      audio = !self->adts || unwrap_adts (self, data, size);
      break;
    case EKA_CODEC_MP3:
      audio = unwrap_mp3 (self, *data, *size);
      break;
    default:
      audio = TRUE;
      break;
  }
  self->started = self->started || audio;
  return audio && self->ready;
}
