/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "chunk/chunk.h"
#include "chunk/container.h"

G_BEGIN_DECLS

/**
 * EkaChunkLimits:
 * @min_duration: a cut falls no earlier, in ns, unless the audio ends
 * @max_duration: longest chunk in ns, as a decoder that ignores pre-skip would
 *   count it: pre-roll included
 * @max_bytes: largest file in bytes
 * @whole: the recording is one chunk, gaps or not, whatever it lasts; the caller
 *   watches eka_chunker_get_size()
 */
typedef struct
{
  guint64 min_duration;
  guint64 max_duration;
  gsize max_bytes;
  gboolean whole;
} EkaChunkLimits;

/**
 * EkaChunker:
 *
 * Packets in, chunks out. Not thread safe: one thread at a time. It knows no
 * clock and no network, and the same packets and limits always give the same
 * bytes.
 */
typedef struct _EkaChunker EkaChunker;

EkaChunker *eka_chunker_new            (const EkaCodec       *codec,
                                        EkaContainer          container,
                                        const EkaChunkLimits *limits);
void        eka_chunker_free           (EkaChunker           *chunker);
void        eka_chunker_set_limits     (EkaChunker           *chunker,
                                        const EkaChunkLimits *limits);
void        eka_chunker_set_media_type (EkaChunker           *chunker,
                                        const gchar          *media_type);
gboolean    eka_chunker_push           (EkaChunker           *chunker,
                                        const EkaPacket      *packet);
void        eka_chunker_close          (EkaChunker           *chunker);
EkaChunk   *eka_chunker_pop            (EkaChunker           *chunker);
gsize       eka_chunker_get_size       (EkaChunker           *chunker);
guint64     eka_chunker_get_pending    (EkaChunker           *chunker,
                                        gsize                *bytes);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EkaChunker, eka_chunker_free)

G_END_DECLS
