/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "outbox/journal.h"

#include "../chunk/packets.h"

#define SECOND G_GUINT64_CONSTANT (1000000000)

/* Of the first packet of every journal */
#define FIRST_NUMBER 1000

/* Bytes of a record beside its packet */
#define RECORD_HEADER 52

/**
 * Journal:
 * @packets: a plain recording
 * @bytes: the journal of its second chunk
 * @starts: (element-type gsize): where each record starts; the first two are
 *   heads; and where the last one ends
 * @n_history: packets of history
 * @n_state: packets in the state, history included
 * @place: in @packets of the first packet of the journal
 * @chunks: what is in it
 */
typedef struct
{
  Packets *packets;
  GByteArray *bytes;
  GArray *starts;
  guint n_history;
  guint n_state;
  guint place;
  GPtrArray *chunks;
} Journal;

Journal         *journal_new               (guint             kind,
                                            guint             n_pending,
                                            guint             n_added,
                                            gboolean          first);
void             journal_free              (Journal          *journal);
guint            journal_count_records     (const Journal    *journal);
gsize            journal_get_start         (const Journal    *journal,
                                            guint             record);
guint            journal_find_record       (const Journal    *journal,
                                            gsize             place);
guint            journal_get_first_pending (const Journal    *journal);
const EkaPacket *journal_get_packet        (const Journal    *journal,
                                            guint             record);
gboolean         journal_has_samples       (const Journal    *journal);
GPtrArray       *journal_get_heard         (const Journal    *journal,
                                            GPtrArray        *chunks);
GPtrArray       *journal_rebuild           (const guint8     *data,
                                            gsize             size,
                                            EkaJournalDamage *damage);
guint64          journal_count_samples     (GPtrArray        *chunks);
guint64          journal_sum_sizes         (GPtrArray        *heard);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Journal, journal_free)
