/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "chunk/chunk.h"

G_BEGIN_DECLS

/**
 * EkaFeed:
 *
 * The audio of one session for who streams it, from its first sample on. It
 * holds only what was not read yet; of that, what has been cut into a chunk is
 * read from the chunk, which the outbox keeps anyway. So a reader that lags, or
 * comes late, costs no memory beside the outbox and the chunk that is being
 * filled.
 *
 * The streaming thread pushes and cuts, the worker thread reads; all calls are
 * thread safe. Reference counted.
 */
typedef struct _EkaFeed EkaFeed;

EkaFeed *eka_feed_new         (void);
EkaFeed *eka_feed_ref         (EkaFeed      *feed);
void     eka_feed_unref       (EkaFeed      *feed);
gboolean eka_feed_push        (EkaFeed      *feed,
                               const guint8 *data,
                               gsize         size);
void     eka_feed_cut         (EkaFeed      *feed,
                               EkaChunk     *chunk);
GBytes  *eka_feed_read        (EkaFeed      *feed,
                               gsize         size,
                               gboolean      ended);
void     eka_feed_close       (EkaFeed      *feed);
guint64  eka_feed_count_read  (EkaFeed      *feed);
guint64  eka_feed_get_waiting (EkaFeed      *feed);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EkaFeed, eka_feed_unref)

G_END_DECLS
