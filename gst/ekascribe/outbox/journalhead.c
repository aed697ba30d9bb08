/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "outbox/journalhead.h"

#include <math.h>
#include <string.h>

#include "chunk/aac.h"
#include "chunk/vorbis.h"

/* What the head says, all numbers in network byte order: version (2), codec (1),
 * container (1), channels (1), flags (1), rate (4), pre-skip (4), output gain
 * (4), limits: min and max duration and bytes (8 each), index (4), skip (8),
 * packets of the state (4), of them history (4), base time, utc and samples (8
 * each), energies of CELT (2 x 21 x 4), media type (1 and bytes), headers of the
 * codec: how many (1) and each (4 and bytes).
 * Codecs and containers are numbered as in their enumerations, which may only
 * grow at their ends. What comes behind all that is not read. */
#define VERSION 1

#define FLAG_CLOSED 1
#define FLAG_GAP 2
#define FLAG_WHOLE 4

/* What WAV can tell */
#define MAX_RATE (G_MAXUINT32 / 4)
/* More than any, and small enough to be added to. */
#define MAX_SKIP (G_GUINT64_CONSTANT (1) << 60)
/* Wilder than any packet makes them */
#define MAX_ENERGY 1e6f

typedef struct
{
  const guint8 *data;
  gsize size;
  gboolean failed;
} Cursor;

static void
put (GByteArray *out,
     guint       n_bytes,
     guint64     value)
{
  guint8 bytes[8];
  guint i;

  for (i = 0; i < n_bytes; i++)
    bytes[i] = value >> 8 * (n_bytes - 1 - i) & 0xff;
  g_byte_array_append (out, bytes, n_bytes);
}

static void
put_celt (GByteArray    *out,
          const EkaCelt *celt)
{
  guint channel, band;

  for (channel = 0; channel < 2; channel++)
    {
      for (band = 0; band < EKA_CELT_N_BANDS; band++)
        {
          guint32 bits;

          memcpy (&bits, &celt->energies[channel][band], sizeof bits);
          put (out, 4, bits);
        }
    }
}

static void
put_bytes (GByteArray   *out,
           guint         n_bytes,
           const guint8 *data,
           gsize         size)
{
  put (out, n_bytes, size);
  g_byte_array_append (out, data, (guint) size);
}

static void
put_headers (GByteArray     *out,
             const EkaCodec *codec)
{
  const guint8 *data;
  gsize size;
  guint i;

  if (codec->type == EKA_CODEC_VORBIS)
    {
      put (out, 1, EKA_VORBIS_N_HEADERS);
      for (i = 0; eka_vorbis_get_header (codec, i, &data, &size); i++)
        put_bytes (out, 4, data, size);
      return;
    }
  put (out, 1, codec->config != NULL ? 1 : 0);
  if (codec->config == NULL)
    return;
  data = g_bytes_get_data (codec->config, &size);
  put_bytes (out, 4, data, size);
}

/**
 * eka_journal_head_write:
 * @state: a state
 *
 * Returns: (transfer full): the bytes of the head of its journal
 */
GByteArray *
eka_journal_head_write (const EkaChunkerState *state)
{
  const EkaCodec *codec = &state->codec;
  GByteArray *out = g_byte_array_new ();

  put (out, 2, VERSION);
  put (out, 1, codec->type);
  put (out, 1, state->container);
  put (out, 1, codec->channels);
  put (out, 1,
       (state->closed ? FLAG_CLOSED : 0) | (state->gap ? FLAG_GAP : 0) |
           (state->limits.whole ? FLAG_WHOLE : 0));
  put (out, 4, codec->rate);
  put (out, 4, codec->pre_skip);
  put (out, 4, (guint32) codec->output_gain);
  put (out, 8, state->limits.min_duration);
  put (out, 8, state->limits.max_duration);
  put (out, 8, state->limits.max_bytes);
  put (out, 4, state->index);
  put (out, 8, state->skip);
  put (out, 4, state->packets->len);
  put (out, 4, state->n_history);
  put (out, 8, state->base_time);
  put (out, 8, state->base_utc);
  put (out, 8, state->base_samples);
  put_celt (out, &state->celt);
  put_bytes (out, 1, (const guint8 *) state->media_type,
             strlen (state->media_type));
  put_headers (out, codec);
  return out;
}

static guint64
take (Cursor *self,
      guint   n_bytes)
{
  guint64 value = 0;

  if (self->size < n_bytes)
    {
      self->failed = TRUE;
      self->size = 0;
      return 0;
    }
  self->size -= n_bytes;
  while (n_bytes-- > 0)
    value = value << 8 | *self->data++;
  return value;
}

static const guint8 *
take_bytes (Cursor *self,
            guint   n_bytes,
            gsize  *size)
{
  const guint8 *data;

  *size = take (self, n_bytes);
  if (*size > self->size)
    {
      self->failed = TRUE;
      *size = 0;
    }
  data = self->data;
  self->data += *size;
  self->size -= *size;
  return data;
}

static void
take_celt (Cursor  *self,
           EkaCelt *celt)
{
  guint channel, band;

  for (channel = 0; channel < 2; channel++)
    {
      for (band = 0; band < EKA_CELT_N_BANDS; band++)
        {
          const guint32 bits = (guint32) take (self, 4);
          gfloat energy;

          memcpy (&energy, &bits, sizeof energy);
          celt->energies[channel][band] =
              isfinite (energy) && fabsf (energy) < MAX_ENERGY ? energy : 0;
        }
    }
}

static const gchar *
take_media_type (Cursor *self)
{
  g_autofree gchar *text = NULL;
  gsize size, i;
  const guint8 *data = take_bytes (self, 1, &size);

  for (i = 0; i < size; i++)
    {
      if (!g_ascii_isprint (data[i]))
        return NULL;
    }
  if (size == 0)
    return NULL;
  text = g_strndup ((const gchar *) data, size);
  return g_intern_string (text);
}

static gboolean
is_mp3_rate (guint rate)
{
  static const guint rates[] = { 48000, 44100, 32000, 24000, 22050,
                                 16000, 12000, 11025, 8000 };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (rates); i++)
    {
      if (rate == rates[i])
        return TRUE;
    }
  return FALSE;
}

static gboolean
take_vorbis (Cursor   *self,
             EkaCodec *codec)
{
  GBytes *headers[EKA_VORBIS_N_HEADERS];
  gboolean good;
  guint i;

  for (i = 0; i < EKA_VORBIS_N_HEADERS; i++)
    {
      gsize size;
      const guint8 *data = take_bytes (self, 4, &size);

      headers[i] = g_bytes_new (data, size);
    }
  good = !self->failed && eka_vorbis_init_codec (codec, headers);
  for (i = 0; i < EKA_VORBIS_N_HEADERS; i++)
    g_bytes_unref (headers[i]);
  return good;
}

/* @codec: (inout): type, rate and channels are known */
static gboolean
take_headers (Cursor   *self,
              EkaCodec *codec)
{
  const guint n = (guint) take (self, 1);
  const EkaCodec told = *codec;
  const guint8 *data;
  gsize size;

  switch (codec->type)
    {
    case EKA_CODEC_VORBIS:
      return n == EKA_VORBIS_N_HEADERS && take_vorbis (self, codec) &&
             codec->rate == told.rate && codec->channels == told.channels;
    case EKA_CODEC_AAC:
      data = take_bytes (self, 4, &size);
      return n == 1 && !self->failed &&
             eka_aac_init_codec (codec, data, size) &&
             codec->rate == told.rate && codec->channels == told.channels;
    case EKA_CODEC_MP3:
      return n == 0 && is_mp3_rate (codec->rate);
    case EKA_CODEC_OPUS:
      return n == 0;
    default:
      return n == 0 && codec->rate > 0 && codec->rate <= MAX_RATE;
    }
}

/* Returns: whether all that was read makes sense. Nothing that is wrong in it
 * would get past the CRC but by somebody's will. */
static gboolean
take_head (Cursor         *self,
           EkaJournalHead *head)
{
  EkaChunkerState *state = head->state;
  EkaCodec *codec = &state->codec;
  guint flags, pre_skip;
  gint output_gain;

  codec->type = (EkaCodecType) take (self, 1);
  state->container = (EkaContainer) take (self, 1);
  codec->channels = (guint) take (self, 1);
  flags = (guint) take (self, 1);
  codec->rate = (guint) take (self, 4);
  pre_skip = (guint) take (self, 4);
  output_gain = (gint) (gint32) take (self, 4);
  state->limits.min_duration = take (self, 8);
  state->limits.max_duration = take (self, 8);
  state->limits.max_bytes = (gsize) take (self, 8);
  state->limits.whole = (flags & FLAG_WHOLE) != 0;
  state->closed = (flags & FLAG_CLOSED) != 0;
  state->gap = (flags & FLAG_GAP) != 0;
  state->index = (guint) take (self, 4);
  state->skip = take (self, 8);
  head->n_packets = (guint) take (self, 4);
  state->n_history = (guint) take (self, 4);
  state->base_time = take (self, 8);
  state->base_utc = take (self, 8);
  state->base_samples = take (self, 8);
  take_celt (self, &state->celt);
  state->media_type = take_media_type (self);
  if (codec->type > EKA_CODEC_VORBIS || state->container > EKA_CONTAINER_WAV ||
      !eka_container_holds (state->container, codec->type) ||
      (codec->channels != 1 && codec->channels != 2) ||
      state->media_type == NULL || state->n_history > head->n_packets ||
      !take_headers (self, codec))
    return FALSE;
  state->skip = MIN (state->skip, MAX_SKIP);
  codec->pre_skip = pre_skip;
  codec->output_gain = CLAMP (output_gain, G_MININT16, G_MAXINT16);
  /* its packets hide what there is to be hidden */
  if (codec->type == EKA_CODEC_VORBIS)
    state->skip = 0;
  return !self->failed;
}

/**
 * eka_journal_head_read:
 * @head: (out caller-allocates): the head; its state is to be freed
 * @data: (array length=size): bytes of a head
 * @size: length of @data
 * @error: %G_IO_ERROR_NOT_SUPPORTED where a later version wrote it,
 *   %G_IO_ERROR_INVALID_DATA where it makes no sense
 *
 * Returns: %FALSE with @error set, and nothing to free
 */
gboolean
eka_journal_head_read (EkaJournalHead *head,
                       const guint8   *data,
                       gsize           size,
                       GError        **error)
{
  Cursor cursor = { data, size, FALSE };
  const guint version = (guint) take (&cursor, 2);

  if (version > VERSION)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                   "The journal has format %u, which a later version wrote; "
                   "this one reads format %u",
                   version, VERSION);
      return FALSE;
    }
  *head = (EkaJournalHead) { .state = g_new0 (EkaChunkerState, 1) };
  head->state->packets = g_array_new (FALSE, FALSE, sizeof (EkaPacketInfo));
  head->state->data = g_byte_array_new ();
  if (version == VERSION && take_head (&cursor, head))
    return TRUE;
  g_clear_pointer (&head->state, eka_chunker_state_free);
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                       "The head of the journal makes no sense");
  return FALSE;
}
