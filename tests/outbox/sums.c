/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "sums.h"

#include <string.h>

#include "outbox/outboxprivate.h"

static gboolean
is_saved (const Entry *entry)
{
  return entry->disk == DISK_STORED || entry->elsewhere;
}

static void
add_entry (EkaOutboxStats *sums,
           const Entry    *entry)
{
  const guint64 duration = entry->chunk->duration;
  const gboolean in_memory = entry->chunk->bytes != NULL;

  if (in_memory)
    {
      g_assert_cmpuint (g_bytes_get_size (entry->chunk->bytes), ==, entry->size);
      sums->kept++;
      sums->kept_bytes += entry->size;
      sums->kept_duration += duration;
    }
  if (entry->disk == DISK_STORED)
    {
      sums->stored++;
      sums->stored_bytes += entry->size;
    }
  if (in_memory || is_saved (entry))
    {
      sums->held++;
      sums->held_duration += duration;
    }
  if (entry->state >= ENTRY_ACKNOWLEDGED)
    return;
  g_assert_true (in_memory || is_saved (entry));
  sums->chunks++;
  sums->bytes += entry->size;
  sums->duration += duration;
  if (!is_saved (entry))
    sums->unsaved += duration;
}

static void
check_outbox (EkaOutbox      *outbox,
              EkaOutboxStats *sums)
{
  GList *l;

  for (l = outbox->entries.head; l != NULL; l = l->next)
    add_entry (sums, l->data);
  sums->let_go = outbox->stats.let_go;
  sums->dropped_chunks = outbox->stats.dropped_chunks;
  sums->dropped = outbox->stats.dropped;
  g_assert_cmpmem (sums, sizeof *sums, &outbox->stats, sizeof *sums);
  g_assert_cmpint (outbox->n_unsaved == 0, ==, sums->unsaved == 0);

  g_assert_cmpuint (outbox->open, <=, outbox->asked);
  g_assert_cmpuint (outbox->asked, <=, outbox->version);
  g_assert_cmpuint (outbox->failed, <=, outbox->asked);
  g_assert_cmpuint (outbox->gate, <=, outbox->version);
  /* Whoever waits waits for something. */
  if (outbox->spool != NULL && outbox->open < outbox->version)
    g_assert_true (outbox->committing || outbox->dropping > 0 ||
                   outbox->failed >= outbox->version);
  g_assert_true (!outbox->dirty || outbox->committing);
}

/* Recounts what all outboxes hold; nothing may happen meanwhile. */
void
sums_assert_right (EkaBudget *budget)
{
  guint64 bytes = 0, duration = 0;
  GList *l;

  for (l = budget->outboxes.head; l != NULL; l = l->next)
    {
      EkaOutboxStats sums;

      memset (&sums, 0, sizeof sums);
      check_outbox (l->data, &sums);
      bytes += sums.kept_bytes;
      duration += sums.kept_duration;
    }
  g_assert_cmpuint (budget->bytes, ==, bytes);
  g_assert_cmpuint (budget->duration, ==, duration);
  g_assert_null (budget->garbage);
}
