/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * EkaChunk:
 * @index: number in the session, from 0
 * @bytes: (nullable): a complete file that decodes alone; %NULL only where an
 *   outbox or an index has it on disk
 * @media_type: the exact Content-Type, a static string
 * @extension: file name extension without the dot, a static string
 * @running_time: running time of the first sample that is heard, in ns, or
 *   %EKA_TIME_NONE
 * @utc: its wall clock time in ns since 1970; 0: unknown; set by who makes the
 *   chunk
 * @duration: what a decoder returns of this chunk, in ns (pre-roll and trimmed
 *   samples not counted)
 * @samples: the same, in samples of the codec's rate
 * @pre_roll: what a decoder that ignores pre-skip returns in front of that, in
 *   ns; set by who makes the chunk
 *
 * Immutable and reference counted; the count is atomic.
 */
typedef struct
{
  guint index;
  GBytes *bytes;
  const gchar *media_type;
  const gchar *extension;
  guint64 running_time;
  guint64 utc;
  guint64 duration;
  guint64 samples;
  guint64 pre_roll;
} EkaChunk;

EkaChunk *eka_chunk_new   (guint        index,
                           GBytes      *bytes,
                           const gchar *media_type,
                           const gchar *extension,
                           guint64      running_time,
                           guint64      duration,
                           guint64      samples);
EkaChunk *eka_chunk_new_with_bytes
                          (const EkaChunk *chunk,
                           GBytes         *bytes);
EkaChunk *eka_chunk_ref   (EkaChunk    *chunk);
void      eka_chunk_unref (EkaChunk    *chunk);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EkaChunk, eka_chunk_unref)

G_END_DECLS
