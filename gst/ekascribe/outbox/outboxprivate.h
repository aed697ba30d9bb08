/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "outbox/outbox.h"

G_BEGIN_DECLS

/* Between budget.c (bounds, and what is let go for them) and outbox.c (the
 * chunks of one session). */

/* In this order; an entry goes back only in eka_outbox_settle() and
 * eka_outbox_rewind(). */
typedef enum
{
  ENTRY_WAITING,      /* never sent; has no number */
  ENTRY_TRIED,        /* the service may have it under its number */
  ENTRY_ACKNOWLEDGED, /* the service said that it has it */
  ENTRY_SETTLED,      /* so does its list, or no better proof will come */
} EntryState;

typedef struct
{
  EkaChunk *chunk;
  EntryState state;
  guint number;   /* on the service; from ENTRY_TRIED on */
  gboolean again; /* was sent again because the list lacked it */
} Entry;

struct _EkaBudget
{
  gatomicrefcount ref_count;
  guint64 max_bytes;    /* 0: no bound */
  guint64 max_duration; /* in ns; 0: no bound */

  /* Guards all below and the entries of all outboxes; taken alone, and free
   * while a caller waits. */
  GMutex lock;
  GCond cond;       /* there may be room now, or @flushing changed */
  GQueue outboxes;  /* of EkaOutbox, oldest first; no references */
  guint64 bytes;    /* sum over all entries */
  guint64 duration; /* sum over all entries */
  gboolean flushing;
  gboolean wanted;  /* the last chunk found no room */
};

struct _EkaOutbox
{
  gatomicrefcount ref_count;
  EkaBudget *budget;

  /* Guarded by the budget's lock. */
  GQueue entries; /* of Entry, in the order of the recording */
  guint next_number;
  EkaOutboxStats stats;
};

void eka_outbox_remove_locked (EkaOutbox *self,
                               GList     *link);

G_END_DECLS
