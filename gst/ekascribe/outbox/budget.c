/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "outbox/budget.h"

#include "outbox/outboxprivate.h"

/* A pipeline that can't wait may take this many times the bound. */
#define STRETCH 2

/* A disk that is asleep needs some seconds to wake up. */
#define PATIENCE (10 * G_TIME_SPAN_SECOND)

/**
 * eka_budget_new:
 * @max_bytes: bytes that may be kept, or 0: no bound
 * @max_duration: audio that may be kept, in ns, or 0: no bound
 *
 * Returns: (transfer full): a budget of which nothing is used
 */
EkaBudget *
eka_budget_new (guint64 max_bytes,
                guint64 max_duration)
{
  EkaBudget *self = g_new0 (EkaBudget, 1);

  g_atomic_ref_count_init (&self->ref_count);
  g_mutex_init (&self->lock);
  g_cond_init (&self->cond);
  g_queue_init (&self->outboxes);
  self->max_bytes = max_bytes;
  self->max_duration = max_duration;
  self->patience = PATIENCE;
  return self;
}

/**
 * eka_budget_ref:
 * @budget: a budget
 *
 * Returns: (transfer full): @budget
 */
EkaBudget *
eka_budget_ref (EkaBudget *budget)
{
  g_atomic_ref_count_inc (&budget->ref_count);
  return budget;
}

/**
 * eka_budget_unref:
 * @budget: (transfer full): a budget
 */
void
eka_budget_unref (EkaBudget *budget)
{
  if (!g_atomic_ref_count_dec (&budget->ref_count))
    return;
  g_cond_clear (&budget->cond);
  g_mutex_clear (&budget->lock);
  g_free (budget);
}

/**
 * eka_budget_set_patience:
 * @budget: a budget
 * @patience: µs after which a disk that was asked for something counts as failed,
 *   until it answers after all; by default 10 s. What has failed is tried again
 *   after half of it
 */
void
eka_budget_set_patience (EkaBudget *budget,
                         gint64     patience)
{
  g_mutex_lock (&budget->lock);
  budget->patience = patience;
  g_mutex_unlock (&budget->lock);
}

/* Asks for the commits that became necessary. */
static void
ask_locked (EkaBudget *self)
{
  GList *l;

  for (l = self->outboxes.head; l != NULL; l = l->next)
    {
      EkaOutbox *outbox = l->data;

      if (outbox->dirty && !outbox->committing &&
          !eka_outbox_waits_for_heritage_locked (outbox))
        eka_outbox_ask_locked (outbox);
    }
}

static void
tell_late (gpointer data)
{
  eka_outbox_tell_late (data);
  eka_outbox_unref (data);
}

/* Asks for what became necessary, and leaves the lock. */
void
eka_budget_unlock (EkaBudget *self)
{
  GSList *garbage, *late;

  ask_locked (self);
  garbage = g_steal_pointer (&self->garbage);
  late = g_steal_pointer (&self->late);
  g_mutex_unlock (&self->lock);
  g_slist_free_full (late, tell_late);
  g_slist_free_full (garbage, (GDestroyNotify) eka_outbox_unref);
}

/* Memory that holds nothing takes any chunk: one larger than the bound would
 * wait for ever. */
static gboolean
fits_locked (EkaBudget *self,
             EkaChunk  *chunk,
             guint      stretch)
{
  guint64 bytes = self->bytes + g_bytes_get_size (chunk->bytes);
  guint64 duration = self->duration + chunk->duration;

  /* Halves that are rounded up: the double of a bound may be too large. */
  if (self->bytes == 0)
    return TRUE;
  if (self->max_bytes != 0 &&
      (bytes + stretch - 1) / stretch > self->max_bytes)
    return FALSE;
  return self->max_duration == 0 ||
         (duration + stretch - 1) / stretch <= self->max_duration;
}

/* What has to fit. */
typedef struct
{
  EkaBudget *budget;
  EkaChunk *chunk;
  guint stretch;
} Need;

static gboolean
is_met (gpointer user_data)
{
  const Need *need = user_data;

  return fits_locked (need->budget, need->chunk, need->stretch);
}

/* Lets chunks leave memory that are on disk. Where nothing else is in memory but
 * what will be sent next, there is room for one more: it will leave, too.
 *
 * Returns: whether @need is met */
static gboolean
evict_locked (EkaBudget *self,
              Need      *need)
{
  gboolean lean = TRUE;
  GList *o;

  if (is_met (need))
    return TRUE;
  for (o = self->outboxes.head; o != NULL; o = o->next)
    {
      if (eka_outbox_evict_locked (o->data, is_met, need))
        return TRUE;
      lean = lean && eka_outbox_is_lean_locked (o->data);
    }
  return lean;
}

/* Audio that the disk takes is let go only where that is too slow. */
static gboolean
may_go_locked (EkaOutbox *outbox,
               Entry     *entry,
               Need      *need)
{
  return entry->chunk->bytes != NULL && entry->disk < DISK_WRITING &&
         (need->stretch > 1 || !eka_outbox_takes_locked (outbox));
}

/* Lets go what has got to @state, oldest first, until @need is met. What was
 * never sent counts as a loss. */
static gboolean
let_go_locked (EkaBudget     *self,
               Need          *need,
               EntryState     state,
               EkaBudgetLoss *loss)
{
  GList *o, *e, *next;

  for (o = self->outboxes.head; o != NULL; o = o->next)
    {
      EkaOutbox *outbox = o->data;

      for (e = outbox->entries.head; e != NULL; e = next)
        {
          Entry *entry = e->data;

          next = e->next;
          if (is_met (need))
            return TRUE;
          if (entry->state != state || !may_go_locked (outbox, entry, need))
            continue;
          if (state != ENTRY_WAITING)
            {
              eka_outbox_let_go_locked (outbox, e);
              continue;
            }
          loss->chunks++;
          loss->duration += entry->chunk->duration;
          eka_outbox_drop_locked (outbox, e);
        }
    }
  return is_met (need);
}

/* Has audio written that memory has no room for.
 * @again: also where that failed the last time */
static void
store_batch_locked (EkaBudget *self,
                    gboolean   again)
{
  GList *o;

  for (o = self->outboxes.head; o != NULL; o = o->next)
    {
      EkaOutbox *outbox = o->data;

      if ((again || eka_outbox_takes_locked (outbox)) &&
          eka_outbox_store_batch_locked (outbox))
        return;
    }
}

static void
check_disk_locked (gpointer data,
                   gpointer user_data)
{
  eka_outbox_check_disk_locked (data);
}

static gboolean
make_room_locked (EkaBudget *self,
                  EkaChunk  *chunk)
{
  Need need = { self, chunk, 1 };

  g_queue_foreach (&self->outboxes, check_disk_locked, NULL);
  return evict_locked (self, &need) ||
         let_go_locked (self, &need, ENTRY_SETTLED, NULL);
}

/**
 * eka_budget_make_room:
 * @budget: a budget
 * @chunk: (transfer none): a chunk to be put
 *
 * Makes room for @chunk within the bounds: what is on disk leaves memory; where
 * there is no disk, or it fails, what is settled is let go: the service has
 * acknowledged and listed it. Where that is not enough, the oldest audio is
 * written to disk, which takes a while, and eka_outbox_wants_audit() asks for more
 * to be settled.
 *
 * Returns: whether there is room
 */
gboolean
eka_budget_make_room (EkaBudget *budget,
                      EkaChunk  *chunk)
{
  gboolean room;

  g_mutex_lock (&budget->lock);
  room = make_room_locked (budget, chunk);
  if (!room)
    store_batch_locked (budget, TRUE);
  budget->wanted = !room;
  eka_budget_unlock (budget);
  return room;
}

/**
 * eka_budget_wait_for_room:
 * @budget: a budget
 * @chunk: (transfer none): a chunk to be put
 *
 * As eka_budget_make_room(), but waits until that succeeds, or until the budget
 * is flushing. A disk that fails is tried again now and then.
 *
 * Returns: %FALSE where the budget is flushing
 */
gboolean
eka_budget_wait_for_room (EkaBudget *budget,
                          EkaChunk  *chunk)
{
  gboolean flushing;
  gint64 due;

  g_mutex_lock (&budget->lock);
  due = g_get_monotonic_time () + budget->patience / 2;
  while (!budget->flushing &&
         !make_room_locked (budget, chunk))
    {
      const gint64 now = g_get_monotonic_time ();

      budget->wanted = TRUE;
      store_batch_locked (budget, now >= due);
      if (now >= due)
        due = now + budget->patience / 2;
      if (budget->late != NULL)
        {
          eka_budget_unlock (budget);
          g_mutex_lock (&budget->lock);
          continue;
        }
      ask_locked (budget);
      g_cond_wait_until (&budget->cond, &budget->lock, due);
    }
  flushing = budget->flushing;
  if (!flushing)
    budget->wanted = FALSE;
  eka_budget_unlock (budget);
  return !flushing;
}

/**
 * eka_budget_force_room:
 * @budget: a budget
 * @chunk: (transfer none): a chunk to be put, from a source that can't wait
 * @loss: (out caller-allocates): what had to be dropped
 *
 * Makes room for @chunk within twice the bounds: what is on disk leaves memory;
 * where that is not enough, lets go what is settled, then what is acknowledged,
 * then the oldest chunks that were never sent, but none that is just written.
 * Those that the service may have got are kept: their numbers stand for these
 * bytes.
 */
void
eka_budget_force_room (EkaBudget     *budget,
                       EkaChunk      *chunk,
                       EkaBudgetLoss *loss)
{
  Need need = { budget, chunk, STRETCH };

  *loss = (EkaBudgetLoss) { 0 };
  g_mutex_lock (&budget->lock);
  if (!evict_locked (budget, &need) &&
      !let_go_locked (budget, &need, ENTRY_SETTLED, loss) &&
      !let_go_locked (budget, &need, ENTRY_ACKNOWLEDGED, loss))
    let_go_locked (budget, &need, ENTRY_WAITING, loss);
  eka_budget_unlock (budget);
}

/**
 * eka_budget_set_flushing:
 * @budget: a budget
 * @flushing: whether nobody may wait
 *
 * %TRUE wakes every waiter; chunks stay.
 */
void
eka_budget_set_flushing (EkaBudget *budget,
                         gboolean   flushing)
{
  g_mutex_lock (&budget->lock);
  budget->flushing = flushing;
  g_cond_broadcast (&budget->cond);
  g_mutex_unlock (&budget->lock);
}
