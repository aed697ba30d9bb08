/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "chunk/mp4.h"

#include <string.h>

#include "chunk/aac.h"

/* Everything but the configuration, which is in a descriptor, and the sizes of
 * packets: so many bytes where all times need 64 bits. */
#define MAX_HEADER 690

/* What a box says of each packet */
#define SIZE_COST 4

/* Tables and offsets have 32 bits. */
#define MAX_FILE G_MAXUINT32

#define SECOND G_GUINT64_CONSTANT (1000000000)

#define TRACK_ID 1

/* Of the track: it counts, in the movie too */
#define TRACK_FLAGS 3
/* Of the data: they are in this file */
#define SELF_CONTAINED 1

/* ISO/IEC 14496-1 sections 7.2.2.1 and 7.2.6.6: tags, MPEG-4 audio, an audio
 * stream that comes from the server, and its reserved bit */
#define TAG_ES 3
#define TAG_DECODER_CONFIG 4
#define TAG_DECODER_INFO 5
#define TAG_SL_CONFIG 6
#define AUDIO_MPEG4 0x40
#define AUDIO_STREAM (5 << 2 | 1)
/* The configuration of ISO/IEC 14496-14 section 3.1.2 */
#define SL_MP4 2

/* What the boxes tell, all counts in samples. */
typedef struct
{
  const EkaStream *stream;
  guint64 total; /* what all packets decode to */
  guint64 heard; /* less what is dropped at both ends */
  gsize bytes;   /* of all packets */
  guint largest; /* packet */
  gboolean m4a;
} Movie;

static gboolean
movie_init (Movie           *self,
            const EkaStream *stream,
            gboolean         m4a)
{
  guint i;

  *self = (Movie) { .stream = stream, .m4a = m4a };
  for (i = 0; i < stream->n_packets; i++)
    {
      const guint size = stream->packets[i].size;

      self->bytes += size;
      self->largest = MAX (self->largest, size);
    }
  self->total = eka_stream_count_samples (stream);
  if (stream->skip > self->total ||
      stream->trim_end > self->total - stream->skip)
    return FALSE;
  self->heard = self->total - stream->skip - stream->trim_end;
  return self->bytes + SIZE_COST * (guint64) stream->n_packets <=
         MAX_FILE - eka_mp4_header_size (stream->codec);
}

static guint8 *
put_8 (guint8 *p,
       guint   value)
{
  *p = value;
  return p + 1;
}

static guint8 *
put_16 (guint8 *p,
        guint   value)
{
  return put_8 (put_8 (p, value >> 8 & 0xff), value & 0xff);
}

static guint8 *
put_32 (guint8 *p,
        guint32 value)
{
  return put_16 (put_16 (p, value >> 16), value & 0xffff);
}

/* In 32 or 64 bits */
static guint8 *
put_long (guint8  *p,
          gboolean wide,
          guint64  value)
{
  if (wide)
    p = put_32 (p, value >> 32);
  return put_32 (p, value & G_MAXUINT32);
}

static guint8 *
put_zeros (guint8 *p,
           gsize   n)
{
  memset (p, 0, n);
  return p + n;
}

static guint8 *
put_tag (guint8      *p,
         const gchar *tag)
{
  memcpy (p, tag, 4);
  return p + 4;
}

/* Its length comes with end_box(). */
static guint8 *
begin_box (guint8      *p,
           const gchar *type)
{
  return put_tag (p + 4, type);
}

static guint8 *
begin_full_box (guint8      *p,
                const gchar *type,
                guint        version,
                guint        flags)
{
  return put_32 (begin_box (p, type), version << 24 | flags);
}

static guint8 *
end_box (guint8 *box,
         guint8 *p)
{
  put_32 (box, (guint32) (p - box));
  return p;
}

/* ISO/IEC 14496-12 section 4.3 */
static guint8 *
put_file_type (guint8  *box,
               gboolean m4a)
{
  guint8 *p = begin_box (box, "ftyp");

  p = put_tag (p, m4a ? "M4A " : "mp42");
  p = put_32 (p, 0);
  if (m4a)
    p = put_tag (p, "M4A ");
  p = put_tag (p, "mp42");
  return end_box (box, put_tag (p, "isom"));
}

/* Nothing is turned or scaled. */
static guint8 *
put_matrix (guint8 *p)
{
  static const guint32 unity[] = {
    0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (unity); i++)
    p = put_32 (p, unity[i]);
  return p;
}

/* ISO/IEC 14496-12 section 8.2.2. All dates are 0: the same stream makes the
 * same file. */
static guint8 *
put_movie_header (guint8      *box,
                  const Movie *movie)
{
  const gboolean wide = movie->total > G_MAXUINT32;
  guint8 *p = begin_full_box (box, "mvhd", wide, 0);

  p = put_long (p, wide, 0);
  p = put_long (p, wide, 0);
  p = put_32 (p, movie->stream->codec->rate);
  /* what is skipped counts: GStreamer drops the last frame of a movie that is
   * shorter than its media */
  p = put_long (p, wide, movie->total);
  p = put_32 (p, 0x10000); /* speed */
  p = put_16 (p, 0x100);   /* volume */
  p = put_zeros (p, 10);
  p = put_matrix (p);
  p = put_zeros (p, 24);
  return end_box (box, put_32 (p, TRACK_ID + 1));
}

/* ISO/IEC 14496-12 section 8.3.2 */
static guint8 *
put_track_header (guint8      *box,
                  const Movie *movie)
{
  const gboolean wide = movie->heard > G_MAXUINT32;
  guint8 *p = begin_full_box (box, "tkhd", wide, TRACK_FLAGS);

  p = put_long (p, wide, 0);
  p = put_long (p, wide, 0);
  p = put_32 (p, TRACK_ID);
  p = put_32 (p, 0);
  p = put_long (p, wide, movie->heard);
  p = put_zeros (p, 12);
  p = put_16 (p, 0x100); /* volume */
  p = put_16 (p, 0);
  p = put_matrix (p);
  return end_box (box, put_zeros (p, 8));
}

/* ISO/IEC 14496-12 section 8.6.6: what is heard of the media */
static guint8 *
put_edits (guint8      *box,
           const Movie *movie)
{
  const gboolean wide = movie->total > G_MAXINT32;
  guint8 *list = begin_box (box, "edts");
  guint8 *p = begin_full_box (list, "elst", wide, 0);

  p = put_32 (p, 1);
  p = put_long (p, wide, movie->heard);
  p = put_long (p, wide, movie->stream->skip);
  p = put_32 (p, 0x10000); /* speed */
  return end_box (box, end_box (list, p));
}

/* ISO/IEC 14496-12 section 8.4.2 */
static guint8 *
put_media_header (guint8      *box,
                  const Movie *movie)
{
  const gboolean wide = movie->total > G_MAXUINT32;
  guint8 *p = begin_full_box (box, "mdhd", wide, 0);

  p = put_long (p, wide, 0);
  p = put_long (p, wide, 0);
  p = put_32 (p, movie->stream->codec->rate);
  p = put_long (p, wide, movie->total);
  p = put_16 (p, 0x55c4); /* "und", in 5 bits each */
  return end_box (box, put_16 (p, 0));
}

/* ISO/IEC 14496-12 section 8.4.3 */
static guint8 *
put_handler (guint8 *box)
{
  guint8 *p = begin_full_box (box, "hdlr", 0, 0);

  p = put_32 (p, 0);
  p = put_tag (p, "soun");
  p = put_zeros (p, 12);
  return end_box (box, put_8 (p, 0)); /* no name */
}

/* ISO/IEC 14496-12 section 8.7.2 */
static guint8 *
put_data_information (guint8 *box)
{
  guint8 *references = begin_box (box, "dinf");
  guint8 *entry = put_32 (begin_full_box (references, "dref", 0, 0), 1);
  guint8 *p = begin_full_box (entry, "url ", 0, SELF_CONTAINED);

  p = end_box (entry, p);
  return end_box (box, end_box (references, p));
}

/* ISO/IEC 14496-1 section 8.3.3: an expandable class, of up to 127 bytes */
static guint8 *
put_descriptor (guint8 *p,
                guint   tag,
                gsize   size)
{
  return put_8 (put_8 (p, tag), (guint) size);
}

/* ISO/IEC 14496-14 section 5.6, and the descriptors of ISO/IEC 14496-1 */
static guint8 *
put_decoder (guint8      *box,
             const Movie *movie)
{
  const guint rate = movie->stream->codec->rate;
  gsize size;
  const guint8 *config = g_bytes_get_data (movie->stream->codec->config, &size);
  guint8 *p = begin_full_box (box, "esds", 0, 0);

  p = put_descriptor (p, TAG_ES, 3 + 2 + 13 + 2 + size + 3);
  p = put_16 (p, 0); /* id: as the standard demands */
  p = put_8 (p, 0);
  p = put_descriptor (p, TAG_DECODER_CONFIG, 13 + 2 + size);
  p = put_8 (p, AUDIO_MPEG4);
  p = put_8 (p, AUDIO_STREAM);
  p = put_8 (p, movie->largest >> 16 & 0xff);
  p = put_16 (p, movie->largest & 0xffff);
  /* bits a second: what they never are over, and in the mean */
  p = put_32 (p, (guint32) MIN (movie->largest * (guint64) 8 * rate /
                                    EKA_AAC_SAMPLES,
                                G_MAXUINT32));
  p = put_32 (p, (guint32) MIN ((gdouble) movie->bytes * 8 * rate /
                                    (gdouble) movie->total,
                                G_MAXUINT32));
  p = put_descriptor (p, TAG_DECODER_INFO, size);
  memcpy (p, config, size);
  p = put_descriptor (p + size, TAG_SL_CONFIG, 1);
  return end_box (box, put_8 (p, SL_MP4));
}

/* ISO/IEC 14496-12 section 8.5.2 */
static guint8 *
put_description (guint8      *box,
                 const Movie *movie)
{
  const EkaCodec *codec = movie->stream->codec;
  guint8 *entry = put_32 (begin_full_box (box, "stsd", 0, 0), 1);
  guint8 *p = begin_box (entry, "mp4a");

  p = put_zeros (p, 6);
  p = put_16 (p, 1); /* the data reference */
  p = put_zeros (p, 8);
  p = put_16 (p, codec->channels);
  p = put_16 (p, 16); /* bits of a sample, always that */
  p = put_zeros (p, 4);
  /* with 16 bits behind the point; what does not fit stands elsewhere */
  p = put_32 (p, codec->rate <= G_MAXUINT16 ? codec->rate << 16 : 0);
  p = put_decoder (p, movie);
  return end_box (box, end_box (entry, p));
}

/* ISO/IEC 14496-12 sections 8.6.1.2, 8.7.4, 8.7.3.2: all packets last equally
 * long, and lie in one row */
static guint8 *
put_packets (guint8      *p,
             const Movie *movie)
{
  const guint n = movie->stream->n_packets;
  guint8 *box = p;
  guint i;

  p = put_32 (begin_full_box (box, "stts", 0, 0), 1);
  p = put_32 (p, n);
  box = end_box (box, put_32 (p, EKA_AAC_SAMPLES));

  p = put_32 (begin_full_box (box, "stsc", 0, 0), 1);
  p = put_32 (p, 1);
  p = put_32 (p, n);
  box = end_box (box, put_32 (p, 1));

  p = begin_full_box (box, "stsz", 0, 0);
  /* faad does not read the short form, for packets that are all equal */
  p = put_32 (p, 0);
  p = put_32 (p, n);
  for (i = 0; i < n; i++)
    p = put_32 (p, movie->stream->packets[i].size);
  return end_box (box, p);
}

/* ISO/IEC 14496-12 section 8.7.5. It is the last thing before the data, so that
 * it knows where these begin: behind the head of their box. */
static guint8 *
put_offset (guint8       *box,
            const guint8 *file)
{
  guint8 *p = put_32 (begin_full_box (box, "stco", 0, 0), 1);

  return end_box (box, put_32 (p, (guint32) (p + 4 - file) + 8));
}

/* ISO/IEC 14496-12 section 8.4.4 */
static guint8 *
put_media_information (guint8       *box,
                       const Movie  *movie,
                       const guint8 *file)
{
  guint8 *table, *p = begin_box (box, "minf");

  /* ISO/IEC 14496-12 section 12.2.2: in the middle */
  p = end_box (p, put_32 (begin_full_box (p, "smhd", 0, 0), 0));
  table = put_data_information (p);
  p = put_description (begin_box (table, "stbl"), movie);
  p = put_packets (p, movie);
  p = put_offset (p, file);
  return end_box (box, end_box (table, p));
}

static guint8 *
put_movie (guint8       *box,
           const Movie  *movie,
           const guint8 *file)
{
  guint8 *track = put_movie_header (begin_box (box, "moov"), movie);
  guint8 *p = put_track_header (begin_box (track, "trak"), movie);
  guint8 *media = put_edits (p, movie);

  p = put_media_header (begin_box (media, "mdia"), movie);
  p = put_handler (p);
  p = put_media_information (p, movie, file);
  return end_box (box, end_box (track, end_box (media, p)));
}

/**
 * eka_mp4_header_size:
 * @codec: an AAC codec
 *
 * Returns: bytes of a file beside its packets and what each of them costs, at
 *   most
 */
gsize
eka_mp4_header_size (const EkaCodec *codec)
{
  return MAX_HEADER + g_bytes_get_size (codec->config);
}

/**
 * eka_mp4_packet_cost:
 * @size: length of a packet
 *
 * Returns: bytes that it adds to a file, at most
 */
gsize
eka_mp4_packet_cost (gsize size)
{
  return size + SIZE_COST;
}

/**
 * eka_mp4_pre_roll:
 * @codec: an AAC codec
 *
 * A decoder needs the packet before the first one that is heard, as two
 * transforms overlap. GStreamer counts in nanoseconds: where its end is rounded
 * up, but the beginning of what is heard is rounded down, a sample too many is
 * heard. Two packets end where both are rounded down.
 *
 * Returns: how many packets lie before a chunk, to be skipped whole
 */
guint
eka_mp4_pre_roll (const EkaCodec *codec)
{
  const guint64 rest = EKA_AAC_SAMPLES * SECOND % codec->rate;

  return 2 * rest >= codec->rate ? 2 : 1;
}

/**
 * eka_mp4_write:
 * @stream: packets of AAC; what is dropped at both ends is no more than they
 *   decode to; in all under 4 GiB
 * @m4a: says that it holds nothing but sound
 *
 * Writes an ISO base media file (ISO/IEC 14496-12 and -14) that can be played
 * while it comes: all tables lie before the packets. An edit list tells what is
 * heard. At the end, ffmpeg (5.1) hears all of a packet that is heard in part.
 *
 * Returns: (transfer full): the file
 */
GBytes *
eka_mp4_write (const EkaStream *stream,
               gboolean         m4a)
{
  guint8 *file, *p, *box;
  gboolean possible;
  Movie movie;

  g_return_val_if_fail (stream->codec->type == EKA_CODEC_AAC, NULL);
  g_return_val_if_fail (stream->n_packets > 0, NULL);
  possible = movie_init (&movie, stream, m4a);
  g_return_val_if_fail (possible, NULL);

  file = g_malloc (eka_mp4_header_size (stream->codec) + movie.bytes +
                   SIZE_COST * (gsize) stream->n_packets);
  box = put_movie (put_file_type (file, m4a), &movie, file);
  p = begin_box (box, "mdat");
  memcpy (p, stream->data, movie.bytes);
  p = end_box (box, p + movie.bytes);
  return g_bytes_new_take (file, p - file);
}
