/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "gstekascribeready.h"

static void
ready_free (gpointer data)
{
  GstEkascribeReady *ready = data;

  eka_chunk_unref (ready->chunk);
  g_clear_pointer (&ready->state, eka_chunker_state_free);
  g_free (ready);
}

/**
 * gst_ekascribe_ready_collect:
 * @queue: (element-type GstEkascribeReady): gets at its tail what has been cut
 * @chunker: where from
 * @with_state: take down with each chunk what is left in @chunker
 */
void
gst_ekascribe_ready_collect (GQueue     *queue,
                             EkaChunker *chunker,
                             gboolean    with_state)
{
  EkaChunk *chunk;

  while ((chunk = eka_chunker_pop (chunker)) != NULL) {
    GstEkascribeReady *ready = g_new0 (GstEkascribeReady, 1);

    ready->chunk = chunk;
    if (with_state)
      ready->state = eka_chunker_save (chunker);
    g_queue_push_tail (queue, ready);
  }
}

/**
 * gst_ekascribe_ready_drop_first:
 * @queue: (element-type GstEkascribeReady): chunks, of which the first goes
 */
void
gst_ekascribe_ready_drop_first (GQueue *queue)
{
  ready_free (g_queue_pop_head (queue));
}

/**
 * gst_ekascribe_ready_clear:
 * @queue: (element-type GstEkascribeReady): chunks, which all go
 */
void
gst_ekascribe_ready_clear (GQueue *queue)
{
  g_queue_clear_full (queue, ready_free);
}

/**
 * gst_ekascribe_ready_get_duration:
 * @queue: (element-type GstEkascribeReady): chunks
 *
 * Returns: how much audio they are, in ns
 */
GstClockTime
gst_ekascribe_ready_get_duration (GQueue *queue)
{
  GstClockTime duration = 0;
  GList *l;

  for (l = queue->head; l != NULL; l = l->next)
    duration += ((GstEkascribeReady *) l->data)->chunk->duration;
  return duration;
}
