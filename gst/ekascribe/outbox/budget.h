/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "chunk/chunk.h"

G_BEGIN_DECLS

/**
 * EkaBudget:
 *
 * How much audio the outboxes of a recording may hold in memory together. All
 * calls are thread safe. Room is asked for by one thread, the one that puts.
 */
typedef struct _EkaBudget EkaBudget;

/**
 * EkaBudgetLoss:
 * @chunks: never sent, and let go
 * @duration: their sum in ns
 */
typedef struct
{
  guint chunks;
  guint64 duration;
} EkaBudgetLoss;

EkaBudget *eka_budget_new           (guint64        max_bytes,
                                     guint64        max_duration);
EkaBudget *eka_budget_ref           (EkaBudget     *budget);
void       eka_budget_unref         (EkaBudget     *budget);
void       eka_budget_set_patience  (EkaBudget     *budget,
                                     gint64         patience);
gboolean   eka_budget_make_room     (EkaBudget     *budget,
                                     EkaChunk      *chunk);
gboolean   eka_budget_wait_for_room (EkaBudget     *budget,
                                     EkaChunk      *chunk);
void       eka_budget_force_room    (EkaBudget     *budget,
                                     EkaChunk      *chunk,
                                     EkaBudgetLoss *loss);
void       eka_budget_set_flushing  (EkaBudget     *budget,
                                     gboolean       flushing);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EkaBudget, eka_budget_unref)

G_END_DECLS
