/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <gio/gio.h>

#include "chunk/chunkerstate.h"

G_BEGIN_DECLS

/**
 * EkaJournalHead:
 * @state: what the packets of the journal go on from, without any packets; it
 *   counts the history that the journal has
 * @n_packets: packets that were in the state, history included
 *
 * What is at the start of a journal.
 */
typedef struct
{
  EkaChunkerState *state;
  guint n_packets;
} EkaJournalHead;

GByteArray *eka_journal_head_write (const EkaChunkerState *state);
gboolean    eka_journal_head_read  (EkaJournalHead        *head,
                                    const guint8          *data,
                                    gsize                  size,
                                    GError               **error);

G_END_DECLS
