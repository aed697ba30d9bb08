/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "scribe/queue.h"

typedef struct
{
  guint id;
  EkaQueueFunc func;
  gpointer user_data;
} EkaEntry;

/* @entries are those who hold a slot, in the order in which they came, and
 * behind them those who wait: the first @n_holding hold one. Nobody waits while
 * @n_holding < @slots.
 */
struct _EkaQueue
{
  guint slots;
  guint n_holding;
  guint last_id;
  GQueue entries;
};

static GList *
find_entry (EkaQueue *queue,
            guint     id,
            guint    *position)
{
  GList *link;

  *position = 0;
  for (link = queue->entries.head; link != NULL; link = link->next)
    {
      if (((EkaEntry *) link->data)->id == id)
        return link;
      ++*position;
    }
  return NULL;
}

/* The function may leave again, so nothing is kept over its call. */
static void
admit (EkaQueue *queue)
{
  EkaEntry *entry;

  while (queue->n_holding < queue->slots &&
         queue->n_holding < queue->entries.length)
    {
      entry = g_queue_peek_nth (&queue->entries, queue->n_holding++);
      entry->func (entry->user_data);
    }
}

/**
 * eka_queue_new:
 * @slots: how many may be inside at a time
 *
 * Returns: (transfer full): a queue
 */
EkaQueue *
eka_queue_new (guint slots)
{
  EkaQueue *queue = g_new0 (EkaQueue, 1);

  queue->slots = slots;
  g_queue_init (&queue->entries);
  return queue;
}

/**
 * eka_queue_free:
 * @queue: (transfer full): a queue; who still waits is forgotten
 */
void
eka_queue_free (EkaQueue *queue)
{
  g_queue_clear_full (&queue->entries, g_free);
  g_free (queue);
}

/**
 * eka_queue_enter:
 * @queue: a queue
 * @func: called once there is a slot, perhaps before this returns
 * @user_data: for @func
 *
 * Returns: what eka_queue_leave() takes, not 0
 */
guint
eka_queue_enter (EkaQueue    *queue,
                 EkaQueueFunc func,
                 gpointer     user_data)
{
  EkaEntry *entry = g_new0 (EkaEntry, 1);
  guint id;

  if (++queue->last_id == 0)
    queue->last_id = 1;
  id = queue->last_id;
  entry->id = id;
  entry->func = func;
  entry->user_data = user_data;
  g_queue_push_tail (&queue->entries, entry);
  admit (queue);
  return id;
}

/**
 * eka_queue_leave:
 * @queue: a queue
 * @id: of one who waits or holds a slot; 0 and others are left alone
 *
 * A slot goes to the next in the line, whose function is called from here.
 */
void
eka_queue_leave (EkaQueue *queue,
                 guint     id)
{
  guint position;
  GList *link = find_entry (queue, id, &position);

  if (link == NULL)
    return;
  g_free (link->data);
  g_queue_delete_link (&queue->entries, link);
  if (position < queue->n_holding)
    queue->n_holding--;
  admit (queue);
}

/**
 * eka_queue_count:
 * @queue: a queue
 *
 * Returns: how many wait or hold a slot
 */
guint
eka_queue_count (EkaQueue *queue)
{
  return queue->entries.length;
}
