/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "chunk/chunk.h"

G_BEGIN_DECLS

gboolean eka_split_chunk (EkaChunk  *chunk,
                          EkaChunk **first,
                          EkaChunk **second);

G_END_DECLS
