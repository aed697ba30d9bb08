/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "outbox/outboxprivate.h"

/* A journal that goes on in another session: first there, with a word that this one
 * is void, and then this one ends. So a crash finds it once. */

/**
 * eka_outbox_hand_journal:
 * @from: (transfer none): the outbox whose journal has what the chunker holds
 * @to: (transfer none): the one that gets it; shares its budget with @from
 *
 * Says that what @to is given next, a state with eka_outbox_begin() or a chunk and
 * a state with eka_outbox_put_with_state(), has all that the journal of @from
 * holds. Once that is on disk @from has no journal any more.
 */
void
eka_outbox_hand_journal (EkaOutbox *from,
                         EkaOutbox *to)
{
  g_return_if_fail (from->budget == to->budget);
  g_return_if_fail (from != to);

  g_mutex_lock (&to->budget->lock);
  eka_outbox_end_heritage_locked (to);
  /* Two that wait for each other would wait for ever. */
  if (from->heritage == to)
    eka_outbox_leave_heritage_locked (from);
  if (from->spool != NULL && to->spool != NULL &&
      from->policy == EKA_OUTBOX_ALWAYS && to->policy == EKA_OUTBOX_ALWAYS)
    to->heritage = eka_outbox_ref (from);
  eka_budget_unlock (to->budget);
}

/* Whether the next commit has to wait: the journal that is handed over may still be
 * replaced by one with another name. */
gboolean
eka_outbox_waits_for_heritage_locked (EkaOutbox *self)
{
  return self->heritage != NULL &&
         (self->heritage->committing || self->heritage->dirty);
}

/* @commit is the next one. */
void
eka_outbox_add_heritage_locked (EkaOutbox      *self,
                                EkaSpoolCommit *commit)
{
  if (self->heritage == NULL ||
      (commit->journal == NULL && !commit->ends_journal))
    return;
  if (self->heritage->spool != NULL)
    eka_spool_commit_void_journal (commit, self->heritage->spool);
  self->inheriting = TRUE;
}

/* What was handed over is not here, so it stays there. */
void
eka_outbox_leave_heritage_locked (EkaOutbox *self)
{
  EkaOutbox *from = g_steal_pointer (&self->heritage);

  self->inheriting = FALSE;
  if (from != NULL)
    self->budget->garbage = g_slist_prepend (self->budget->garbage, from);
}

/* What was handed over is here, or nobody wants it: it is nowhere else. */
void
eka_outbox_end_heritage_locked (EkaOutbox *self)
{
  EkaOutbox *from = g_steal_pointer (&self->heritage);

  self->inheriting = FALSE;
  if (from == NULL)
    return;
  eka_outbox_end_journal_locked (from);
  self->budget->garbage = g_slist_prepend (self->budget->garbage, from);
}

/**
 * eka_outbox_keep_journal:
 * @outbox: an outbox that no more chunks are put into
 * @description: (transfer none): of the session that its journal is for, which is
 *   not this one
 *
 * The journal, if there is one, may hold audio that is in no chunk of this session
 * and not yet in another one: eka_outbox_clear() leaves it where it is, as the
 * beginning of what @description says, until it was handed over or
 * eka_outbox_end_journal() is called.
 */
void
eka_outbox_keep_journal (EkaOutbox *outbox,
                         GBytes    *description)
{
  g_mutex_lock (&outbox->budget->lock);
  g_clear_pointer (&outbox->heir, g_bytes_unref);
  if (outbox->spool != NULL && outbox->journal)
    outbox->heir = g_bytes_ref (description);
  g_mutex_unlock (&outbox->budget->lock);
}

/**
 * eka_outbox_end_journal:
 * @outbox: an outbox
 *
 * What the journal holds is in chunks, or nobody wants it.
 */
void
eka_outbox_end_journal (EkaOutbox *outbox)
{
  g_mutex_lock (&outbox->budget->lock);
  eka_outbox_end_journal_locked (outbox);
  eka_budget_unlock (outbox->budget);
}

/* The chunks are gone: whether the folder stays for the journal, as that of a
 * session which never began. The numbers that the chunks had are not its own. */
gboolean
eka_outbox_pass_locked (EkaOutbox *self)
{
  if (self->spool == NULL || self->heir == NULL || !self->journal)
    return FALSE;
  self->passing = TRUE;
  g_clear_pointer (&self->description, g_bytes_unref);
  self->description = g_steal_pointer (&self->heir);
  self->described = FALSE;
  eka_outbox_change_locked (self);
  return TRUE;
}
