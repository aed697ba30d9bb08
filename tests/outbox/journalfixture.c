/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "journalfixture.h"

#include <gio/gio.h>

GPtrArray *
journal_rebuild (const guint8     *data,
         gsize             size,
         EkaJournalDamage *damage)
{
  g_autoptr (GError) error = NULL;
  /* of its own, so that a read behind its end is seen */
  g_autoptr (GBytes) bytes = g_bytes_new (data, size);
  GPtrArray *chunks = eka_journal_rebuild (bytes, damage, &error);

  g_assert_true ((chunks == NULL) == (error != NULL));
  if (error != NULL)
    {
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
      g_assert_cmpuint (damage->packets, ==, 0);
    }
  return chunks;
}

static void
add_start (Journal *self)
{
  const gsize start = self->bytes->len;

  g_array_append_val (self->starts, start);
}

/* Finds the records again by their sizes. */
static void
find_records (Journal *self)
{
  gsize at = 0;

  self->starts = g_array_new (FALSE, FALSE, sizeof (gsize));
  while (at < self->bytes->len)
    {
      const guint8 *p = self->bytes->data + at;

      g_array_append_val (self->starts, at);
      at += RECORD_HEADER + ((gsize) p[10] << 8 | p[11]);
      g_assert_cmpuint (p[8] << 8 | p[9], ==, 0);
    }
  g_assert_cmpuint (at, ==, self->bytes->len);
  add_start (self);
}

/* @n_pending: packets of the state that no chunk has taken, at least
 * @n_added: that came after that; all of these are one chunk
 * @first: is it the journal of the first chunk? */
Journal *
journal_new (guint    kind,
             guint    n_pending,
             guint    n_added,
             gboolean first)
{
  const EkaChunkLimits large = { .max_duration = 100 * SECOND,
                                 .max_bytes = 10000000 };
  Journal *self = g_new0 (Journal, 1);
  g_autoptr (GPtrArray) before = packets_new_chunks ();
  g_autoptr (EkaChunkerState) state = NULL;
  g_autoptr (EkaChunker) chunker = NULL;
  guint64 number = FIRST_NUMBER;
  guint i, k;

  self->packets = packets_new_plain (kind, 1, 300);
  self->packets->limits = (EkaChunkLimits) { .max_duration = SECOND,
                                             .max_bytes = 1000000 };
  chunker = packets_start (self->packets);
  for (i = 0; before->len == 0 && !first; i++)
    {
      packets_push (self->packets, i, chunker);
      packets_pop_all (chunker, before);
    }
  eka_chunker_set_limits (chunker, &large);
  state = eka_chunker_save (chunker);
  for (k = state->packets->len - state->n_history; k < n_pending; k++)
    packets_push (self->packets, i++, chunker);
  eka_chunker_state_free (state);
  state = eka_chunker_save (chunker);

  self->bytes = g_byte_array_new ();
  eka_journal_begin (self->bytes, state, &number);
  self->n_history = state->n_history;
  self->n_state = state->packets->len;
  g_assert_cmpuint (number, ==, FIRST_NUMBER + self->n_state);
  g_assert_cmpuint (i, >=, self->n_state);
  self->place = i - self->n_state;
  for (k = 0; k < n_added; k++, i++)
    {
      packets_push (self->packets, i, chunker);
      eka_journal_add_packet (self->bytes, number++,
                              packets_get (self->packets, i));
    }
  find_records (self);
  self->chunks = packets_new_chunks ();
  eka_chunker_close (chunker);
  packets_pop_all (chunker, self->chunks);
  g_assert_cmpuint (self->chunks->len, ==, 1);
  return self;
}

void
journal_free (Journal *self)
{
  packets_free (self->packets);
  g_byte_array_unref (self->bytes);
  g_array_unref (self->starts);
  g_ptr_array_unref (self->chunks);
  g_free (self);
}

guint
journal_count_records (const Journal *self)
{
  return self->starts->len - 1;
}

gsize
journal_get_start (const Journal *self,
           guint          record)
{
  return g_array_index (self->starts, gsize, record);
}

/* Which record holds the byte? */
guint
journal_find_record (const Journal *self,
             gsize          place)
{
  guint record = 0;

  while (journal_get_start (self, record + 1) <= place)
    record++;
  return record;
}

/* The first record whose packet no chunk has taken */
guint
journal_get_first_pending (const Journal *self)
{
  return 2 + self->n_history;
}

const EkaPacket *
journal_get_packet (const Journal *self,
            guint          record)
{
  g_assert_cmpuint (record, >=, 2);
  return packets_get (self->packets, self->place + record - 2);
}

guint64
journal_count_samples (GPtrArray *chunks)
{
  guint64 samples = 0;
  guint i;

  for (i = 0; i < chunks->len; i++)
    samples += ((EkaChunk *) chunks->pdata[i])->samples;
  return samples;
}

/* Adds the packets of a chunk of which something is heard. */
static void
add_heard (const Journal *self,
           EkaChunk      *chunk,
           GPtrArray     *heard)
{
  g_auto (EkaFile) file = { 0, };
  const guint8 *data;
  guint64 before = 0;
  guint i;

  eka_file_init (&file);
  g_assert_true (
      eka_container_read (self->packets->container, &file, chunk->bytes));
  g_assert_cmpuint (
      eka_file_count_samples (&file) - file.skip - file.trim_end, ==,
      chunk->samples);
  data = file.data->data;
  for (i = 0; i < file.packets->len; i++)
    {
      const EkaPacketInfo *info =
          &g_array_index (file.packets, EkaPacketInfo, i);

      before += info->samples;
      if (before > file.skip)
        g_ptr_array_add (heard, g_bytes_new (data, info->size));
      data += info->size;
    }
}

GPtrArray *
journal_get_heard (const Journal *self,
           GPtrArray     *chunks)
{
  GPtrArray *heard =
      g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  guint i;

  for (i = 0; i < chunks->len; i++)
    add_heard (self, chunks->pdata[i], heard);
  return heard;
}

guint64
journal_sum_sizes (GPtrArray *heard)
{
  guint64 size = 0;
  guint i;

  for (i = 0; i < heard->len; i++)
    size += g_bytes_get_size (heard->pdata[i]);
  return size;
}

gboolean
journal_has_samples (const Journal *self)
{
  return eka_codec_frame_size (&self->packets->codec) > 0;
}
