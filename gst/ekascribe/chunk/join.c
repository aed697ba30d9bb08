/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "chunk/join.h"

#include <gio/gio.h>
#include <string.h>

#include "chunk/container.h"

/* The largest chunk is that large too; formats and readers have room for more. */
#define MAX_BYTES (1024 * 1024 * 1024)

/* @file: what was joined so far; its trim_end is that of the last chunk
 * @size: of its packets when they are written, at most */
struct _EkaJoin
{
  EkaContainer container;
  EkaFile file;
  guint n_chunks;
  guint64 size;
};

/**
 * eka_join_new:
 *
 * Returns: (transfer full): a join of nothing
 */
EkaJoin *
eka_join_new (void)
{
  EkaJoin *self = g_new0 (EkaJoin, 1);

  eka_file_init (&self->file);
  return self;
}

/**
 * eka_join_free:
 * @join: (transfer full): a join
 */
void
eka_join_free (EkaJoin *join)
{
  eka_file_clear (&join->file);
  g_free (join);
}

static const EkaPacketInfo *
get_packet (const EkaFile *file,
            guint          i)
{
  return &g_array_index (file->packets, EkaPacketInfo, i);
}

static gboolean
read_chunk (const EkaChunk *chunk,
            EkaContainer   *container,
            EkaFile        *file,
            GError        **error)
{
  guint64 samples;

  if (!eka_container_from_media_type (chunk->media_type, container))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                   "Chunk %u is %s, which can't be joined", chunk->index,
                   chunk->media_type);
      return FALSE;
    }
  if (chunk->bytes != NULL &&
      eka_container_read (*container, file, chunk->bytes))
    {
      samples = eka_file_count_samples (file);
      if (samples >= file->skip + file->trim_end &&
          samples - file->skip - file->trim_end == chunk->samples)
        return TRUE;
    }
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
               "Chunk %u is damaged", chunk->index);
  return FALSE;
}

/* What is hidden at the start is each chunk's own. */
static gboolean
is_same_codec (const EkaCodec *codec,
               const EkaCodec *other)
{
  EkaCodec like = *other;

  like.pre_skip = codec->pre_skip;
  return eka_codec_is_equal (codec, &like);
}

/* Returns: the offset of the last packet of @file */
static gsize
find_last (const EkaFile *file)
{
  return file->data->len - get_packet (file, file->packets->len - 1)->size;
}

/* Does @file begin with the packet that the one before ends with? The first one
 * of Vorbis is not heard, and no number tells whether it is pre-roll. */
static gboolean
repeats_last (const EkaJoin *self,
              const EkaFile *file)
{
  const EkaFile *before = &self->file;
  const guint size = get_packet (file, 0)->size;

  if (file->codec.type != EKA_CODEC_VORBIS || before->packets->len == 0)
    return FALSE;
  return get_packet (before, before->packets->len - 1)->size == size &&
         memcmp (before->data->data + find_last (before), file->data->data,
                 size) == 0;
}

/* Returns: how many packets at the start of @file are pre-roll: those of which
 * nothing is heard */
static guint
count_pre_roll (const EkaJoin *self,
                const EkaFile *file)
{
  guint64 before = 0;
  guint n = 0;

  if (self->n_chunks == 0 || file->packets->len == 0)
    return 0;
  if (repeats_last (self, file))
    return 1;
  while (n < file->packets->len && file->skip > 0)
    {
      before += get_packet (file, n)->samples;
      if (before > file->skip)
        break;
      n++;
    }
  return n;
}

/* Another chunk follows: no file can hide anything in its middle, so that the
 * rest of a packet that ends within what is heard is heard too. */
static void
drop_trimmed (EkaFile *file)
{
  while (file->packets->len > 0 && file->trim_end > 0)
    {
      const guint samples = get_packet (file, file->packets->len - 1)->samples;

      if (samples > file->trim_end)
        break;
      file->trim_end -= samples;
      g_byte_array_set_size (file->data, (guint) find_last (file));
      g_array_set_size (file->packets, file->packets->len - 1);
    }
  file->trim_end = 0;
}

static gboolean
add_packets (EkaFile       *to,
             const EkaFile *file,
             guint          first)
{
  const guint8 *data = file->data->data;
  guint i;

  for (i = 0; i < file->packets->len; i++)
    {
      const guint size = get_packet (file, i)->size;

      if (i >= first && !eka_file_add_packet (to, data, size))
        return FALSE;
      data += size;
    }
  return TRUE;
}

/* Returns: bytes that the packets of @file take at most */
static guint64
measure (EkaContainer   container,
         const EkaFile *file)
{
  guint64 size = 0;
  guint i;

  for (i = 0; i < file->packets->len; i++)
    size += eka_container_packet_cost (container, &file->codec,
                                       get_packet (file, i)->size,
                                       get_packet (file, i)->samples);
  return size;
}

static gboolean
fits (const EkaJoin  *self,
      const EkaChunk *chunk,
      EkaContainer    container,
      const EkaFile  *file,
      GError        **error)
{
  if (self->n_chunks > 0 && (container != self->container ||
                             !is_same_codec (&self->file.codec, &file->codec)))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                   "Chunk %u is of another format than those before it",
                   chunk->index);
      return FALSE;
    }
  if (self->size + measure (container, file) > MAX_BYTES)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                   "With chunk %u the file would be larger than %u MiB",
                   chunk->index, MAX_BYTES >> 20);
      return FALSE;
    }
  return TRUE;
}

/**
 * eka_join_add:
 * @join: a join
 * @chunk: the chunk that follows those that were added; its bytes are copied
 * @error: %G_IO_ERROR_NOT_SUPPORTED where it does not go into the same file, for
 *   its codec or container is another, or the file would be too large;
 *   %G_IO_ERROR_INVALID_DATA where it is damaged
 *
 * All that is heard in the chunks is heard in the file, once. Where recording
 * had ended or paused between two, up to a packet more is heard, for a file
 * cannot hide what is in its middle; of samples nothing more is.
 *
 * Returns: %FALSE with @error set, and @join as it was
 */
gboolean
eka_join_add (EkaJoin  *join,
              EkaChunk *chunk,
              GError  **error)
{
  g_auto (EkaFile) file = { 0, };
  EkaContainer container;
  guint first;

  eka_file_init (&file);
  if (!read_chunk (chunk, &container, &file, error) ||
      !fits (join, chunk, container, &file, error))
    return FALSE;
  /* what it hides must not be taken from the next one */
  if (chunk->samples == 0)
    return TRUE;

  if (join->n_chunks == 0)
    {
      join->container = container;
      eka_codec_copy (&join->file.codec, &file.codec);
      join->file.serial = file.serial;
      join->file.skip = file.skip;
    }
  drop_trimmed (&join->file);
  first = count_pre_roll (join, &file);
  /* what was a packet is one */
  if (!add_packets (&join->file, &file, first))
    g_assert_not_reached ();
  join->file.trim_end = file.trim_end;
  join->size += measure (container, &file);
  join->n_chunks++;
  return TRUE;
}

/**
 * eka_join_finish:
 * @join: a join; all that can still be done is to free it
 * @extension: (out) (optional): file name extension without the dot, a static
 *   string
 * @error: %G_IO_ERROR_INVALID_DATA where there is no audio
 *
 * Returns: (transfer full) (nullable): a file that decodes to what all chunks
 *   decode to; %NULL with @error set
 */
GBytes *
eka_join_finish (EkaJoin      *join,
                 const gchar **extension,
                 GError      **error)
{
  const EkaStream stream = eka_file_get_stream (&join->file);

  if (stream.n_packets == 0)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                           "There is no audio to join");
      return NULL;
    }
  if (extension != NULL)
    *extension = eka_container_get_extension (join->container);
  return eka_container_write (join->container, &stream);
}
