/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "gstekascribepart.h"

G_BEGIN_DECLS

/**
 * GstEkascribeTally:
 * @sessions: sums over sessions
 * @chunks_dropped: for want of a session, or of room
 * @kept: bytes that are kept until results are there
 * @stored: bytes on disk
 * @unsaved: audio in ns that is neither acknowledged nor on disk
 * @waiting_bytes: that the service does not have yet
 * @waiting: the same in ns
 * @streamed: bytes that streams have taken
 *
 * What the sessions of a run come to.
 */
typedef struct
{
  EkaSessionStats sessions;
  guint64 chunks_dropped;
  guint64 kept;
  guint64 stored;
  guint64 unsaved;
  guint64 waiting_bytes;
  GstClockTime waiting;
  guint64 streamed;
} GstEkascribeTally;

void gst_ekascribe_tally_add_part (GstEkascribeTally *self,
                                   GstEkascribePart  *part);

G_END_DECLS
