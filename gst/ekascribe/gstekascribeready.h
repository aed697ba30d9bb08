/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <gst/gst.h>

#include "chunk/chunkerstate.h"

G_BEGIN_DECLS

/**
 * GstEkascribeReady:
 * @chunk: a chunk
 * @state: (nullable): what the chunker held right after it
 *
 * A chunk that was cut and waits to be handed over.
 */
typedef struct
{
  EkaChunk *chunk;
  EkaChunkerState *state;
} GstEkascribeReady;

void         gst_ekascribe_ready_collect      (GQueue     *queue,
                                               EkaChunker *chunker,
                                               gboolean    with_state);
void         gst_ekascribe_ready_drop_first   (GQueue     *queue);
void         gst_ekascribe_ready_clear        (GQueue     *queue);
GstClockTime gst_ekascribe_ready_get_duration (GQueue     *queue);

G_END_DECLS
