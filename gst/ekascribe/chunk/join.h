/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "chunk/chunk.h"

G_BEGIN_DECLS

/**
 * EkaJoin:
 *
 * Makes one file of chunks that follow each other: their packets without the
 * pre-roll, so that what was recorded is heard once.
 */
typedef struct _EkaJoin EkaJoin;

EkaJoin *eka_join_new    (void);
void     eka_join_free   (EkaJoin      *join);
gboolean eka_join_add    (EkaJoin      *join,
                          EkaChunk     *chunk,
                          GError      **error);
GBytes  *eka_join_finish (EkaJoin      *join,
                          const gchar **extension,
                          GError      **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EkaJoin, eka_join_free)

G_END_DECLS
