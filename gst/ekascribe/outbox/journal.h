/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "chunk/chunkerstate.h"

G_BEGIN_DECLS

/* The journal of the chunk that is being filled: what a chunker holds, and all
 * packets that it gets after that, one behind the other. Pure: bytes in and out.
 * See journal.c for the format. */

/**
 * EkaJournalDamage:
 * @packets: that are missing or could not be read
 * @bytes: that are no record
 * What a journal has lost. A torn end is none.
 */
typedef struct
{
  guint packets;
  gsize bytes;
} EkaJournalDamage;

void       eka_journal_begin      (GByteArray            *out,
                                   const EkaChunkerState *state,
                                   guint64               *number);
void       eka_journal_add_packet (GByteArray            *out,
                                   guint64                number,
                                   const EkaPacket       *packet);
GPtrArray *eka_journal_rebuild    (GBytes                *journal,
                                   EkaJournalDamage      *damage,
                                   GError               **error);

G_END_DECLS
