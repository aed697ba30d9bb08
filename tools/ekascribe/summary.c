/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "summary.h"

#include <string.h>

#include "scribe/descriptor.h"

/* “20260712T093000Z-…” as “2026-07-12T09:30:00Z”, or NULL. */
static gchar *
parse_name (const gchar *name)
{
  guint i;

  if (strlen (name) < 16 || name[8] != 'T' || name[15] != 'Z')
    return NULL;
  for (i = 0; i < 15; i++)
    if (i != 8 && !g_ascii_isdigit (name[i]))
      return NULL;
  return g_strdup_printf ("%.4s-%.2s-%.2sT%.2s:%.2s:%.2sZ", name, name + 4,
                          name + 6, name + 9, name + 11, name + 13);
}

static void
add_description (Summary *self,
                 GBytes  *description)
{
  g_autoptr (EkaDescriptor) descriptor = NULL;

  if (description == NULL)
    return;
  descriptor = eka_descriptor_parse (description, NULL);
  if (descriptor == NULL)
    return;
  self->session_id = g_strdup (descriptor->session_id);
  self->base_url = g_strdup (descriptor->settings->base_url);
  self->started_at = g_strdup (descriptor->started_at);
  self->created = descriptor->created;
  self->ended = descriptor->ended;
  self->failed = descriptor->failed;
}

static void
add_chunk (Summary        *self,
           const EkaChunk *chunk,
           gboolean        waiting)
{
  self->chunks++;
  self->duration += chunk->duration;
  if (!waiting)
    return;
  self->waiting++;
  self->waiting_duration += chunk->duration;
}

static void
add_index (Summary        *self,
           const EkaIndex *index)
{
  guint i;

  for (i = 0; index != NULL && i < index->entries->len; i++)
    {
      const EkaIndexEntry *entry = g_ptr_array_index (index->entries, i);

      /* A place that no audio belongs to any more. */
      if (entry->file == NULL && entry->chunk->duration == 0)
        {
          self->lost++;
          continue;
        }
      add_chunk (self, entry->chunk, entry->state == EKA_INDEX_WAITING);
    }
}

/* Returns: whether all that is in it is known */
static gboolean
add_journal (Summary        *self,
             GBytes         *journal,
             const EkaIndex *index)
{
  g_autoptr (GPtrArray) chunks = NULL;
  EkaJournalDamage damage = { 0 };
  guint i;

  if (journal == NULL)
    return index == NULL || index->journal == NULL;
  chunks = eka_journal_rebuild (journal, &damage, NULL);
  for (i = 0; chunks != NULL && i < chunks->len; i++)
    add_chunk (self, g_ptr_array_index (chunks, i), TRUE);
  return chunks != NULL && damage.packets == 0 && damage.bytes == 0;
}

/**
 * summary_new:
 * @leftover: a leftover
 *
 * Returns: (transfer full): what it is
 */
Summary *
summary_new (const EkaLeftover *leftover)
{
  Summary *self = g_new0 (Summary, 1);
  gboolean whole;

  add_description (self, leftover->description);
  if (self->started_at == NULL)
    self->started_at = parse_name (leftover->name);
  add_index (self, leftover->index);
  whole = add_journal (self, leftover->journal, leftover->index);
  /* Acknowledged chunks of a session that was never ended are not safe: the
   * service throws them away when it expires. Nor are those of one that came to
   * nothing. */
  self->is_safe = whole && !self->failed && leftover->index != NULL &&
                  (leftover->state == EKA_LEFTOVER_READY ||
                   leftover->state == EKA_LEFTOVER_IN_USE) &&
                  self->waiting == 0 && (self->chunks == 0 || self->ended);
  self->is_done = self->is_safe && self->ended && self->lost > 0;
  return self;
}

/**
 * summary_free:
 * @summary: (transfer full): a summary
 */
void
summary_free (Summary *summary)
{
  g_free (summary->session_id);
  g_free (summary->base_url);
  g_free (summary->started_at);
  g_free (summary);
}
