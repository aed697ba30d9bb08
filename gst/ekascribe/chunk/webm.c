/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "chunk/webm.h"

#include <string.h>

#include "chunk/opus.h"
#include "chunk/webmids.h"

#define APP "gst-ekascribe"

#define TRACK 1
#define TRACK_TYPE_AUDIO 2

/* Everything up to the first block, and what trimming adds to the last one */
#define HEADER_SIZE 240
/* A block in the middle of a large cluster: ID, length, and its head */
#define MAX_BLOCK_COST (1 + 3 + EKA_WEBM_BLOCK_HEAD_SIZE)

/* WebM wants ticks of 1 ms. */
#define TICK 1000000
#define TICK_SAMPLES (EKA_OPUS_RATE / 1000)
/* A block counts its ticks from the cluster on in 16 bits with sign. */
#define MAX_CLUSTER_TICKS 30000
/* More would hardly save bytes, and a seek cannot go into a block. The size
 * keeps the length of a block in 3 bytes. */
#define MAX_LACE 25
#define MAX_LACE_SIZE 16384
/* 80 ms, RFC 7845 section 4.6 */
#define SEEK_PRE_ROLL 80000000
/* The shortest packet, and how many of it the longest one lasts */
#define UNIT 120
#define MAX_UNITS 48

/* A file while it is written; it was allocated large enough. */
typedef struct
{
  guint8 *file;
  gsize size;
  guint default_samples; /* of a packet that may share a block */
  guint n_packets;
  guint trim_end; /* of the last packet */
} Writer;

/**
 * eka_webm_header_size:
 * @codec: an Opus codec
 *
 * Returns: bytes of a file that do not grow with its packets, at most
 */
gsize
eka_webm_header_size (const EkaCodec *codec)
{
  return HEADER_SIZE;
}

/**
 * eka_webm_packet_cost:
 * @size: length of a packet
 *
 * Most packets cost a byte or two beside their own: this is for one that has a
 * block for itself, and its share of a cluster.
 *
 * Returns: bytes that the packet adds to a file at most
 */
gsize
eka_webm_packet_cost (gsize size)
{
  return size + size / 255 + MAX_BLOCK_COST + 2;
}

/* Big endian */
static void
put (Writer *self,
     guint64 value,
     guint   n_bytes)
{
  while (n_bytes-- > 0)
    self->file[self->size++] = value >> (8 * n_bytes) & 0xff;
}

static void
put_bytes (Writer       *self,
           const void   *data,
           gsize         size)
{
  memcpy (self->file + self->size, data, size);
  self->size += size;
}

static guint
count_bytes (guint64 value)
{
  return value == 0 ? 1 : (g_bit_storage (value) + 7) / 8;
}

/* An ID has its own length in it. */
static void
put_id (Writer *self,
        guint32 id)
{
  put (self, id, count_bytes (id));
}

/* RFC 8794 section 4; all bits set would be an unknown length. */
static guint
count_length_bytes (guint64 length)
{
  return (g_bit_storage (length + 1) + 6) / 7;
}

static void
put_length (Writer *self,
            guint64 length,
            guint   n_bytes)
{
  put (self, G_GUINT64_CONSTANT (1) << (7 * n_bytes) | length, n_bytes);
}

static void
put_head (Writer *self,
          guint32 id,
          guint64 length)
{
  put_id (self, id);
  put_length (self, length, count_length_bytes (length));
}

static void
put_data (Writer     *self,
          guint32     id,
          const void *data,
          gsize       size)
{
  put_head (self, id, size);
  put_bytes (self, data, size);
}

static void
put_string (Writer      *self,
            guint32      id,
            const gchar *string)
{
  put_data (self, id, string, strlen (string));
}

static void
put_uint (Writer *self,
          guint32 id,
          guint64 value)
{
  const guint n_bytes = count_bytes (value);

  put_head (self, id, n_bytes);
  put (self, value, n_bytes);
}

static void
put_double (Writer *self,
            guint32 id,
            gdouble value)
{
  guint64 bits;

  memcpy (&bits, &value, sizeof bits);
  put_head (self, id, sizeof bits);
  put (self, bits, sizeof bits);
}

/* Opens an element whose length becomes known with put_close(): of @n_bytes. */
static gsize
put_open (Writer *self,
          guint32 id,
          guint   n_bytes)
{
  put_id (self, id);
  self->size += n_bytes;
  return self->size;
}

static void
put_close (Writer *self,
           gsize   begin,
           guint   n_bytes)
{
  const gsize end = self->size;

  self->size = begin - n_bytes;
  put_length (self, end - begin, n_bytes);
  self->size = end;
}

static guint64
nanoseconds (guint64 samples)
{
  return (samples * 1000000000 + EKA_OPUS_RATE / 2) / EKA_OPUS_RATE;
}

/* GStreamer's matroskademux drops the samples of CodecDelay from every block
 * that does not begin after CodecDelay. A block that begins right there is
 * heard: for it, the delay is a nanosecond less, which no decoder rounds to
 * another sample. */
static guint64
codec_delay (const EkaStream *stream)
{
  guint64 samples = 0;
  guint i;

  if (stream->skip == 0)
    return 0;
  for (i = 0; i < stream->n_packets && samples < stream->skip; i++)
    samples += stream->packets[i].samples;
  return nanoseconds (stream->skip) - (samples == stream->skip);
}

/* The duration of most packets, the shorter one of two that are even */
static guint
find_default_samples (const EkaStream *stream,
                      guint            n_packets)
{
  guint counts[MAX_UNITS + 1] = { 0 };
  guint i, best = 1;

  for (i = 0; i < n_packets; i++)
    counts[MIN (stream->packets[i].samples / UNIT, MAX_UNITS)]++;
  for (i = 1; i <= MAX_UNITS; i++)
    {
      if (counts[i] > counts[best])
        best = i;
    }
  return best * UNIT;
}

/* What is trimmed as a whole is not written, but the file is never empty. */
static void
find_end (Writer          *self,
          const EkaStream *stream)
{
  guint64 trim = stream->trim_end;
  guint n = stream->n_packets;

  while (n > 1 && trim >= stream->packets[n - 1].samples)
    trim -= stream->packets[--n].samples;
  self->n_packets = n;
  self->trim_end = (guint) MIN (trim, stream->packets[n - 1].samples);
}

static void
put_ebml_header (Writer *self)
{
  const gsize begin = put_open (self, EKA_WEBM_ID_EBML, 1);

  put_uint (self, EKA_WEBM_ID_EBML_VERSION, 1);
  put_uint (self, EKA_WEBM_ID_EBML_READ_VERSION, 1);
  put_uint (self, EKA_WEBM_ID_EBML_MAX_ID_LENGTH, 4);
  put_uint (self, EKA_WEBM_ID_EBML_MAX_SIZE_LENGTH, 8);
  put_string (self, EKA_WEBM_ID_DOC_TYPE, "webm");
  /* the version that brought CodecDelay and DiscardPadding */
  put_uint (self, EKA_WEBM_ID_DOC_TYPE_VERSION, 4);
  put_uint (self, EKA_WEBM_ID_DOC_TYPE_READ_VERSION, 2);
  put_close (self, begin, 1);
}

static void
put_info (Writer          *self,
          const EkaStream *stream)
{
  const gsize begin = put_open (self, EKA_WEBM_ID_INFO, 1);
  guint64 samples = 0;
  guint i;

  for (i = 0; i < self->n_packets; i++)
    samples += stream->packets[i].samples;
  put_uint (self, EKA_WEBM_ID_TIMESTAMP_SCALE, TICK);
  put_double (self, EKA_WEBM_ID_DURATION,
              (samples - self->trim_end) / (gdouble) TICK_SAMPLES);
  put_string (self, EKA_WEBM_ID_MUXING_APP, APP);
  put_string (self, EKA_WEBM_ID_WRITING_APP, APP);
  put_close (self, begin, 1);
}

static void
put_audio (Writer         *self,
           const EkaCodec *codec)
{
  const gfloat rate = EKA_OPUS_RATE;
  const gsize begin = put_open (self, EKA_WEBM_ID_AUDIO, 1);
  guint32 bits;

  memcpy (&bits, &rate, sizeof bits);
  put_head (self, EKA_WEBM_ID_SAMPLING_FREQUENCY, sizeof bits);
  put (self, bits, sizeof bits);
  put_uint (self, EKA_WEBM_ID_CHANNELS, codec->channels);
  put_close (self, begin, 1);
}

static void
put_tracks (Writer          *self,
            const EkaStream *stream)
{
  const gsize begin = put_open (self, EKA_WEBM_ID_TRACKS, 1);
  const gsize entry = put_open (self, EKA_WEBM_ID_TRACK_ENTRY, 1);
  const guint64 delay = codec_delay (stream);
  guint8 head[EKA_OPUS_HEAD_SIZE];

  eka_opus_write_head (stream->codec, (guint) stream->skip, head);
  put_uint (self, EKA_WEBM_ID_TRACK_NUMBER, TRACK);
  put_uint (self, EKA_WEBM_ID_TRACK_UID, TRACK);
  put_uint (self, EKA_WEBM_ID_TRACK_TYPE, TRACK_TYPE_AUDIO);
  put_uint (self, EKA_WEBM_ID_DEFAULT_DURATION,
            nanoseconds (self->default_samples));
  /* else it would be English */
  put_string (self, EKA_WEBM_ID_LANGUAGE, "und");
  put_string (self, EKA_WEBM_ID_CODEC_ID, "A_OPUS");
  put_data (self, EKA_WEBM_ID_CODEC_PRIVATE, head, sizeof head);
  if (delay > 0)
    put_uint (self, EKA_WEBM_ID_CODEC_DELAY, delay);
  put_uint (self, EKA_WEBM_ID_SEEK_PRE_ROLL, SEEK_PRE_ROLL);
  put_audio (self, stream->codec);
  put_close (self, entry, 1);
  put_close (self, begin, 1);
}

/* How many packets from @first on go into one block. Nothing tells times inside
 * a block but the default duration, so that all have this. DiscardPadding means
 * each packet of its block to some demuxers, so that the last packet is alone
 * where it is trimmed. */
static guint
count_lace (const Writer        *self,
            const EkaPacketInfo *packets,
            guint                first)
{
  const guint end = self->n_packets - (self->trim_end > 0);
  gsize size = packets[first].size;
  guint i;

  if (packets[first].samples != self->default_samples)
    return 1;
  for (i = first + 1; i < end && i < first + MAX_LACE; i++)
    {
      size += packets[i].size;
      if (packets[i].samples != self->default_samples || size > MAX_LACE_SIZE)
        break;
    }
  return i - first;
}

static void
put_block_head (Writer *self,
                guint   ticks,
                guint8  flags)
{
  put (self, 0x80 | TRACK, 1);
  put (self, ticks, 2);
  put (self, flags, 1);
}

/* RFC 9559 section 10.3.2 */
static void
put_block (Writer              *self,
           guint                ticks,
           const EkaPacketInfo *packets,
           guint                n_packets,
           const guint8        *data)
{
  gsize size = 0, sizes = n_packets > 1;
  guint i;

  for (i = 0; i < n_packets; i++)
    {
      size += packets[i].size;
      if (i + 1 < n_packets)
        sizes += packets[i].size / 255 + 1;
    }
  put_head (self, EKA_WEBM_ID_SIMPLE_BLOCK,
            EKA_WEBM_BLOCK_HEAD_SIZE + sizes + size);
  put_block_head (self, ticks,
                  EKA_WEBM_KEYFRAME | (n_packets > 1 ? EKA_WEBM_XIPH_LACING : 0));
  if (n_packets > 1)
    put (self, n_packets - 1, 1);
  for (i = 0; i + 1 < n_packets; i++)
    {
      memset (self->file + self->size, 255, packets[i].size / 255);
      self->size += packets[i].size / 255;
      put (self, packets[i].size % 255, 1);
    }
  put_bytes (self, data, size);
}

/* Only a group can tell DiscardPadding, RFC 9559 section 5.1.3.5.7. */
static void
put_trimmed_block (Writer       *self,
                   guint         ticks,
                   const guint8 *data,
                   gsize         size)
{
  const guint64 padding = nanoseconds (self->trim_end);
  /* with sign */
  const guint padding_bytes = count_bytes (padding << 1);
  const guint64 block = EKA_WEBM_BLOCK_HEAD_SIZE + size;

  put_head (self, EKA_WEBM_ID_BLOCK_GROUP,
            1 + count_length_bytes (block) + block + 2 + 1 + padding_bytes);
  put_head (self, EKA_WEBM_ID_BLOCK, block);
  put_block_head (self, ticks, 0);
  put_bytes (self, data, size);
  put_head (self, EKA_WEBM_ID_DISCARD_PADDING, padding_bytes);
  put (self, padding, padding_bytes);
}

/* From packet @first on as many as fit. Times are rounded up: the first packet
 * that is heard must not begin before CodecDelay.
 *
 * Returns: packets of the cluster */
static guint
put_cluster (Writer          *self,
             const EkaStream *stream,
             guint            first,
             const guint8   **data,
             guint64         *samples)
{
  const gsize begin = put_open (self, EKA_WEBM_ID_CLUSTER, 8);
  const guint64 start = (*samples + TICK_SAMPLES - 1) / TICK_SAMPLES;
  guint i, n, done;

  put_uint (self, EKA_WEBM_ID_TIMESTAMP, start);
  for (done = first; done < self->n_packets; done += n)
    {
      const EkaPacketInfo *packets = &stream->packets[done];
      const guint64 ticks =
          (*samples + TICK_SAMPLES - 1) / TICK_SAMPLES - start;

      if (ticks > MAX_CLUSTER_TICKS)
        break;
      n = count_lace (self, stream->packets, done);
      if (self->trim_end > 0 && done + 1 == self->n_packets)
        put_trimmed_block (self, (guint) ticks, *data, packets->size);
      else
        put_block (self, (guint) ticks, packets, n, *data);
      for (i = 0; i < n; i++)
        {
          *data += packets[i].size;
          *samples += packets[i].samples;
        }
    }
  put_close (self, begin, 8);
  return done - first;
}

/**
 * eka_webm_write:
 * @stream: Opus, with at most 65535 samples to skip
 *
 * RFC 9559 with the mapping of Opus of the Matroska codec specification: times
 * count every sample from the first packet on; CodecDelay and the pre-skip of
 * OpusHead hide the first ones, DiscardPadding the last ones. Packets that are
 * trimmed as a whole are left out. Packets of equal duration share blocks (Xiph
 * lacing), which takes a byte a packet instead of six. The same stream always
 * gives the same bytes.
 *
 * Returns: (transfer full): a WebM file
 */
GBytes *
eka_webm_write (const EkaStream *stream)
{
  Writer writer = { .default_samples = UNIT };
  const guint8 *data = stream->data;
  gsize room = eka_webm_header_size (stream->codec), begin;
  guint64 samples = 0;
  guint i;

  g_return_val_if_fail (stream->n_packets > 0, NULL);
  g_return_val_if_fail (stream->skip <= G_MAXUINT16, NULL);

  for (i = 0; i < stream->n_packets; i++)
    room += eka_webm_packet_cost (stream->packets[i].size);
  writer.file = g_malloc (room);
  find_end (&writer, stream);
  writer.default_samples = find_default_samples (stream, writer.n_packets);

  put_ebml_header (&writer);
  begin = put_open (&writer, EKA_WEBM_ID_SEGMENT, 8);
  put_info (&writer, stream);
  put_tracks (&writer, stream);
  for (i = 0; i < writer.n_packets;)
    i += put_cluster (&writer, stream, i, &data, &samples);
  put_close (&writer, begin, 8);

  return g_bytes_new_take (g_realloc (writer.file, writer.size), writer.size);
}
