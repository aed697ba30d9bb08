/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "outbox/outboxprivate.h"

/* What the service's list says of the chunks. */

/**
 * eka_outbox_settle:
 * @outbox: an outbox
 * @listed: (array length=n_listed) (nullable): for each number whether the
 *   service lists it; %NULL: it has no list
 * @n_listed: length of @listed
 *
 * Holds acknowledged chunks against the service's list. One that is not there
 * is to be sent again, once; after that its second acknowledgement has to do.
 *
 * Returns: how many chunks the list lacks
 */
guint
eka_outbox_settle (EkaOutbox      *outbox,
                   const gboolean *listed,
                   guint           n_listed)
{
  guint missing = 0;
  GList *l;

  g_mutex_lock (&outbox->budget->lock);
  for (l = outbox->entries.head; l != NULL; l = l->next)
    {
      Entry *entry = l->data;
      gboolean lacks = listed != NULL &&
                       (entry->number >= n_listed || !listed[entry->number]);

      if (entry->state < ENTRY_ACKNOWLEDGED || !eka_outbox_has_audio (entry))
        continue;
      missing += lacks;
      eka_outbox_set_state_locked (
          outbox, entry,
          lacks && !entry->again ? ENTRY_TRIED : ENTRY_SETTLED);
      entry->again = entry->again || lacks;
    }
  g_cond_broadcast (&outbox->budget->cond);
  eka_budget_unlock (outbox->budget);
  return missing;
}

/**
 * eka_outbox_settle_all:
 * @outbox: an outbox whose chunks were not sent
 *
 * The service has the audio of all chunks, though it got it in another way.
 */
void
eka_outbox_settle_all (EkaOutbox *outbox)
{
  GList *l;

  g_mutex_lock (&outbox->budget->lock);
  for (l = outbox->entries.head; l != NULL; l = l->next)
    eka_outbox_set_state_locked (outbox, l->data, ENTRY_SETTLED);
  g_cond_broadcast (&outbox->budget->cond);
  eka_budget_unlock (outbox->budget);
}

/**
 * eka_outbox_wants_audit:
 * @outbox: an outbox
 *
 * Returns: whether somebody waits for room that eka_outbox_settle() would make;
 *   never where the disk makes it
 */
gboolean
eka_outbox_wants_audit (EkaOutbox *outbox)
{
  EkaBudget *budget = outbox->budget;
  guint64 bytes = 0, duration = 0;
  gboolean found = FALSE, wants;
  GList *l;

  g_mutex_lock (&budget->lock);
  l = budget->wanted && !eka_outbox_takes_locked (outbox) ? outbox->entries.head
                                                          : NULL;
  for (; l != NULL; l = l->next)
    {
      Entry *entry = l->data;

      if (entry->state != ENTRY_ACKNOWLEDGED || entry->chunk->bytes == NULL)
        continue;
      found = TRUE;
      bytes += entry->size;
      duration += entry->chunk->duration;
    }
  /* A question for each chunk would slow down what is in a hurry anyway. */
  wants = found &&
          (outbox->stats.chunks == 0 ||
           (budget->max_bytes != 0 && bytes >= budget->max_bytes / 4) ||
           (budget->max_duration != 0 && duration >= budget->max_duration / 4));
  g_mutex_unlock (&budget->lock);
  return wants;
}
