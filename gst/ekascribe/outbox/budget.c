/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "outbox/budget.h"

#include "outbox/outboxprivate.h"

/* A pipeline that can't wait may take this many times the bound. */
#define STRETCH 2

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

/* Lets go what has got to @state, oldest first, until @chunk fits. What was
 * never sent counts as a loss. */
static gboolean
let_go_locked (EkaBudget     *self,
               EkaChunk      *chunk,
               guint          stretch,
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
          if (fits_locked (self, chunk, stretch))
            return TRUE;
          if (entry->state != state)
            continue;
          if (state == ENTRY_WAITING)
            {
              loss->chunks++;
              loss->duration += entry->chunk->duration;
              outbox->stats.dropped_chunks++;
              outbox->stats.dropped += entry->chunk->duration;
            }
          else
            outbox->stats.let_go += entry->chunk->duration;
          eka_outbox_remove_locked (outbox, e);
        }
    }
  return fits_locked (self, chunk, stretch);
}

/**
 * eka_budget_make_room:
 * @budget: a budget
 * @chunk: (transfer none): a chunk to be put
 *
 * Makes room for @chunk within the bounds, by letting go what is settled: the
 * service has acknowledged and listed it. Where that is not enough,
 * eka_outbox_wants_audit() asks for more to be settled.
 *
 * Returns: whether there is room
 */
gboolean
eka_budget_make_room (EkaBudget *budget,
                      EkaChunk  *chunk)
{
  gboolean room;

  g_mutex_lock (&budget->lock);
  room = let_go_locked (budget, chunk, 1, ENTRY_SETTLED, NULL);
  budget->wanted = !room;
  g_mutex_unlock (&budget->lock);
  return room;
}

/**
 * eka_budget_wait_for_room:
 * @budget: a budget
 * @chunk: (transfer none): a chunk to be put
 *
 * As eka_budget_make_room(), but waits until that succeeds, or until the budget
 * is flushing.
 *
 * Returns: %FALSE where the budget is flushing
 */
gboolean
eka_budget_wait_for_room (EkaBudget *budget,
                          EkaChunk  *chunk)
{
  gboolean flushing;

  g_mutex_lock (&budget->lock);
  while (!budget->flushing &&
         !let_go_locked (budget, chunk, 1, ENTRY_SETTLED, NULL))
    {
      budget->wanted = TRUE;
      g_cond_wait (&budget->cond, &budget->lock);
    }
  flushing = budget->flushing;
  if (!flushing)
    budget->wanted = FALSE;
  g_mutex_unlock (&budget->lock);
  return !flushing;
}

/**
 * eka_budget_force_room:
 * @budget: a budget
 * @chunk: (transfer none): a chunk to be put, from a source that can't wait
 * @loss: (out caller-allocates): what had to be dropped
 *
 * Makes room for @chunk within twice the bounds: lets go what is settled, then
 * what is acknowledged, then the oldest chunks that were never sent. Those that
 * the service may have got are kept: their numbers stand for these bytes.
 */
void
eka_budget_force_room (EkaBudget     *budget,
                       EkaChunk      *chunk,
                       EkaBudgetLoss *loss)
{
  *loss = (EkaBudgetLoss) { 0 };
  g_mutex_lock (&budget->lock);
  if (!let_go_locked (budget, chunk, STRETCH, ENTRY_SETTLED, loss) &&
      !let_go_locked (budget, chunk, STRETCH, ENTRY_ACKNOWLEDGED, loss))
    let_go_locked (budget, chunk, STRETCH, ENTRY_WAITING, loss);
  g_mutex_unlock (&budget->lock);
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
