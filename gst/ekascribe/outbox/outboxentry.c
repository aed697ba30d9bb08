/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "outbox/outboxprivate.h"

/* One chunk in an outbox: where its bytes are, and what it counts for. */

/* The checksum of what is in memory, as an index has it; takes a while, so that
 * it is best done without a lock. */
guint32
eka_outbox_sum_up (EkaOutbox *self,
                   EkaChunk  *chunk)
{
  gsize size = 0;
  const guint8 *data;

  if (self->policy == EKA_OUTBOX_NEVER || chunk->bytes == NULL)
    return 0;
  data = g_bytes_get_data (chunk->bytes, &size);
  return eka_index_checksum (data, size);
}

static gboolean
is_on_disk (const Entry *entry)
{
  return entry->disk == DISK_STORED || entry->elsewhere;
}

/* Whether there is more of it than its place. */
gboolean
eka_outbox_has_audio (const Entry *entry)
{
  return entry->chunk->bytes != NULL || is_on_disk (entry);
}

static void
count_kept_locked (EkaOutbox *self,
                   Entry     *entry,
                   gint       sign)
{
  const guint64 duration = entry->chunk->duration;

  /* Unsigned sums wrap around, so that a sign of -1 subtracts. */
  if (entry->chunk->bytes != NULL)
    {
      self->budget->bytes += sign * (guint64) entry->size;
      self->budget->duration += sign * duration;
      self->stats.kept += sign;
      self->stats.kept_bytes += sign * (guint64) entry->size;
      self->stats.kept_duration += sign * duration;
    }
  if (entry->disk == DISK_STORED)
    {
      self->stats.stored += sign;
      self->stats.stored_bytes += sign * (guint64) entry->size;
    }
  if (eka_outbox_has_audio (entry))
    {
      self->stats.held += sign;
      self->stats.held_duration += sign * duration;
    }
}

/* Adds @entry to all sums, or takes it out of them: around every change of what
 * they are made of. */
void
eka_outbox_count_locked (EkaOutbox *self,
                         Entry     *entry,
                         gint       sign)
{
  const guint64 duration = entry->chunk->duration;

  count_kept_locked (self, entry, sign);
  if (entry->state >= ENTRY_ACKNOWLEDGED)
    return;
  self->stats.chunks += sign;
  self->stats.bytes += sign * (guint64) entry->size;
  self->stats.duration += sign * duration;
  if (is_on_disk (entry))
    return;
  self->stats.unsaved += sign * duration;
  self->n_unsaved += sign;
}

/* What the service has and the disk, too, is not needed in memory. */
static void
spare_memory_locked (EkaOutbox *self,
                     Entry     *entry)
{
  if (entry->state >= ENTRY_ACKNOWLEDGED && entry->disk == DISK_STORED)
    eka_outbox_set_bytes_locked (self, entry, NULL);
}

void
eka_outbox_set_state_locked (EkaOutbox *self,
                             Entry     *entry,
                             EntryState state)
{
  eka_outbox_count_locked (self, entry, -1);
  entry->state = state;
  eka_outbox_count_locked (self, entry, 1);
  entry->out = entry->out && state < ENTRY_ACKNOWLEDGED;
  spare_memory_locked (self, entry);
}

void
eka_outbox_set_disk_locked (EkaOutbox *self,
                            Entry     *entry,
                            EntryDisk  disk)
{
  eka_outbox_count_locked (self, entry, -1);
  entry->disk = disk;
  eka_outbox_count_locked (self, entry, 1);
  spare_memory_locked (self, entry);
}

/* @bytes: (nullable): %NULL: they leave memory */
void
eka_outbox_set_bytes_locked (EkaOutbox *self,
                             Entry     *entry,
                             GBytes    *bytes)
{
  EkaChunk *chunk = entry->chunk;

  if (chunk->bytes == bytes)
    return;
  eka_outbox_count_locked (self, entry, -1);
  entry->chunk = eka_chunk_new_with_bytes (chunk, bytes);
  eka_outbox_count_locked (self, entry, 1);
  eka_chunk_unref (chunk);
}

/* @after: (nullable): %NULL: behind all
 *
 * Returns: (transfer none): the entry of @chunk */
Entry *
eka_outbox_insert_locked (EkaOutbox *self,
                          GList     *after,
                          EkaChunk  *chunk,
                          guint32    checksum)
{
  Entry *entry = g_new0 (Entry, 1);

  entry->chunk = eka_chunk_ref (chunk);
  entry->size = g_bytes_get_size (chunk->bytes);
  entry->checksum = checksum;
  eka_outbox_count_locked (self, entry, 1);
  if (after != NULL)
    g_queue_insert_after (&self->entries, after, entry);
  else
    g_queue_push_tail (&self->entries, entry);
  return entry;
}

/* Puts what @from has @given behind all; @chunk may be without bytes.
 *
 * Returns: (transfer none): the entry of @chunk */
Entry *
eka_outbox_insert_given_locked (EkaOutbox *self,
                                EkaChunk  *chunk,
                                EkaOutbox *from,
                                Entry     *given)
{
  Entry *entry = g_new0 (Entry, 1);

  entry->chunk = eka_chunk_ref (chunk);
  entry->size = given->size;
  entry->checksum = given->checksum;
  entry->from = eka_outbox_ref (from);
  entry->given = given;
  given->wanted = TRUE;
  entry->elsewhere = is_on_disk (given);
  eka_outbox_count_locked (self, entry, 1);
  g_queue_push_tail (&self->entries, entry);
  return entry;
}

/* Its file is for the next commit to remove, whether the one under way writes it
 * or it is there. */
static void
leave_disk_locked (EkaOutbox *self,
                   Entry     *entry)
{
  if (entry->disk >= DISK_WRITING)
    g_ptr_array_add (self->remove, g_steal_pointer (&entry->file));
  g_clear_pointer (&entry->file, g_free);
  entry->disk = DISK_NONE;
}

/* For one that counts no more. */
void
eka_outbox_entry_free_locked (EkaOutbox *self,
                              Entry     *entry)
{
  leave_disk_locked (self, entry);
  eka_outbox_forget_load_locked (entry);
  eka_outbox_release_given_locked (entry);
  eka_chunk_unref (entry->chunk);
  g_free (entry);
}

void
eka_outbox_remove_locked (EkaOutbox *self,
                          GList     *link)
{
  Entry *entry = link->data;

  eka_outbox_count_locked (self, entry, -1);
  g_queue_delete_link (&self->entries, link);
  eka_outbox_entry_free_locked (self, entry);
}

/* A place without audio of its own.
 * @chunk: one that it follows, or was
 *
 * Returns: (transfer full): counts for nothing */
Entry *
eka_outbox_new_place (EkaChunk *chunk,
                      guint     number)
{
  Entry *place = g_new0 (Entry, 1);

  place->chunk = eka_chunk_new_with_bytes (chunk, NULL);
  place->chunk->duration = 0;
  place->chunk->samples = 0;
  place->state = ENTRY_SETTLED;
  place->number = number;
  return place;
}

static void
leave_all_locked (EkaOutbox *self,
                  Entry     *entry)
{
  leave_disk_locked (self, entry);
  eka_outbox_forget_load_locked (entry);
  eka_outbox_release_given_locked (entry);
  entry->elsewhere = FALSE;
  entry->copy = FALSE;
  entry->out = FALSE;
}

/* Other bytes take its place. */
void
eka_outbox_change_bytes_locked (EkaOutbox *self,
                                Entry     *entry,
                                EkaChunk  *chunk,
                                guint32    checksum)
{
  eka_outbox_count_locked (self, entry, -1);
  leave_all_locked (self, entry);
  eka_chunk_unref (entry->chunk);
  entry->chunk = eka_chunk_ref (chunk);
  entry->size = g_bytes_get_size (chunk->bytes);
  entry->checksum = checksum;
  eka_outbox_count_locked (self, entry, 1);
}

/* The service has it: its bytes go. */
void
eka_outbox_let_go_locked (EkaOutbox *self,
                          GList     *link)
{
  Entry *entry = link->data;

  self->stats.let_go += entry->chunk->duration;
  if (self->spool == NULL)
    {
      eka_outbox_remove_locked (self, link);
      return;
    }
  eka_outbox_set_bytes_locked (self, entry, NULL);
  eka_outbox_count_locked (self, entry, -1);
  leave_all_locked (self, entry);
  entry->state = ENTRY_SETTLED;
  eka_outbox_count_locked (self, entry, 1);
}

/* A number that was not accepted is for the next chunk, unless others came after
 * it: then it stands for nothing. */
void
eka_outbox_take_out_locked (EkaOutbox *self,
                            GList     *link)
{
  Entry *entry = link->data;
  const gboolean last = entry->number + 1 == self->next_number;

  if (entry->state == ENTRY_TRIED && last)
    self->next_number--;
  if (entry->state == ENTRY_TRIED && !last && self->spool != NULL)
    g_queue_insert_after (&self->entries, link,
                          eka_outbox_new_place (entry->chunk, entry->number));
  eka_outbox_remove_locked (self, link);
  eka_outbox_change_locked (self);
}

/* As eka_outbox_take_out_locked(), where its audio is lost by that. */
void
eka_outbox_drop_locked (EkaOutbox *self,
                        GList     *link)
{
  self->stats.dropped_chunks++;
  self->stats.dropped += ((Entry *) link->data)->chunk->duration;
  eka_outbox_take_out_locked (self, link);
}

/* The oldest chunk that is not acknowledged. */
GList *
eka_outbox_find_next_locked (EkaOutbox *self)
{
  GList *l = self->stats.chunks > 0 ? self->entries.head : NULL;

  while (l != NULL && ((Entry *) l->data)->state >= ENTRY_ACKNOWLEDGED)
    l = l->next;
  return l;
}
