/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "chunk/chunk.h"

typedef struct
{
  EkaChunk chunk;
  gatomicrefcount ref_count;
} RealChunk;

/**
 * eka_chunk_new:
 * @index: number in the session, from 0
 * @bytes: (transfer none) (nullable): a complete file; %NULL: it is elsewhere
 * @media_type: exact Content-Type, a static string
 * @extension: extension without the dot, a static string
 * @running_time: of the first sample that is heard, in ns, or %EKA_TIME_NONE
 * @duration: what a decoder returns, in ns
 * @samples: the same in samples of the codec's rate
 *
 * Returns: (transfer full): a chunk
 */
EkaChunk *
eka_chunk_new (guint        index,
               GBytes      *bytes,
               const gchar *media_type,
               const gchar *extension,
               guint64      running_time,
               guint64      duration,
               guint64      samples)
{
  RealChunk *real = g_new0 (RealChunk, 1);

  g_atomic_ref_count_init (&real->ref_count);
  real->chunk.index = index;
  real->chunk.bytes = bytes != NULL ? g_bytes_ref (bytes) : NULL;
  real->chunk.media_type = media_type;
  real->chunk.extension = extension;
  real->chunk.running_time = running_time;
  real->chunk.duration = duration;
  real->chunk.samples = samples;
  return &real->chunk;
}

/**
 * eka_chunk_new_with_bytes:
 * @chunk: a chunk
 * @bytes: (transfer none) (nullable): a complete file; %NULL: it is elsewhere
 *
 * Returns: (transfer full): a chunk as @chunk, but for its bytes
 */
EkaChunk *
eka_chunk_new_with_bytes (const EkaChunk *chunk,
                          GBytes         *bytes)
{
  EkaChunk *copy = eka_chunk_new (chunk->index, bytes, chunk->media_type,
                                  chunk->extension, chunk->running_time,
                                  chunk->duration, chunk->samples);

  copy->utc = chunk->utc;
  copy->pre_roll = chunk->pre_roll;
  return copy;
}

/**
 * eka_chunk_ref:
 * @chunk: a chunk
 *
 * Returns: (transfer full): @chunk
 */
EkaChunk *
eka_chunk_ref (EkaChunk *chunk)
{
  g_atomic_ref_count_inc (&((RealChunk *) chunk)->ref_count);
  return chunk;
}

/**
 * eka_chunk_unref:
 * @chunk: (transfer full): a chunk
 */
void
eka_chunk_unref (EkaChunk *chunk)
{
  RealChunk *real = (RealChunk *) chunk;

  if (!g_atomic_ref_count_dec (&real->ref_count))
    return;
  g_clear_pointer (&chunk->bytes, g_bytes_unref);
  g_free (real);
}
