/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "chunk/chunker.h"

#define SECOND G_GUINT64_CONSTANT (1000000000)
#define MSECOND G_GUINT64_CONSTANT (1000000)
#define PCM_RATE 16000

EkaChunker *new_chunker  (EkaCodecType type,
                          guint        pre_skip,
                          guint64      max_duration);
void        push_opus    (EkaChunker  *chunker,
                          guint        n,
                          gboolean     discont,
                          guint        trim_end);
void        push_pcm     (EkaChunker  *chunker,
                          guint        frames,
                          guint64      running_time);
EkaChunk   *expect_chunk (EkaChunker  *chunker,
                          guint        index,
                          guint64      samples,
                          guint        pre_skip);
void        expect       (EkaChunker  *chunker,
                          guint        index,
                          guint64      samples,
                          guint        pre_skip);
void        expect_none  (EkaChunker  *chunker);
