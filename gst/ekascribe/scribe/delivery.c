/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "scribe/delivery.h"

#include "scribe/error.h"
#include "scribe/plan.h"
#include "scribe/session.h"

/* A session of the delivery: the one that was interrupted, or one that takes
 * what it does not. */
typedef struct
{
  EkaDelivery *delivery;
  EkaSession *session;
  EkaOutbox *outbox;
  gchar *told_id; /* that SESSION was said of, or NULL */
  gboolean done;  /* it came to its end, and was not aborted */
} Run;

struct _EkaDelivery
{
  gatomicrefcount refs;
  EkaWorker *worker;
  EkaTransport *transport;
  EkaStore *store;
  EkaSettings *settings; /* of who delivers */
  EkaDeliveryFunc func;
  gpointer user_data;
  GDestroyNotify notify;
  gint busy; /* atomic; from start to DONE */

  EkaPlan *plan; /* set by start, then of the worker thread */

  /* Of the worker thread. */
  guint total;     /* chunks */
  guint64 total_duration;
  GPtrArray *runs; /* of Run */
  guint running;   /* how many are not over */
  guint part;      /* of the last one */
  gboolean cancelled; /* not all of them came to their end */
  GError *error;
  EkaResult *result;
};

/**
 * eka_delivery_new:
 * @worker: (transfer none): the network thread
 * @transport: (transfer none): the service
 * @store: (transfer none): where the leftovers are
 * @settings: (transfer none): settings that passed eka_settings_check():
 *   credentials, base URL, patience, and whether results are waited for; the
 *   rest is of use where a leftover does not say it itself
 * @func: gets the events, on the worker thread
 * @user_data: for @func
 * @notify: (nullable): frees @user_data with the delivery
 *
 * Returns: (transfer full): a delivery that was not started
 */
EkaDelivery *
eka_delivery_new (EkaWorker      *worker,
                  EkaTransport   *transport,
                  EkaStore       *store,
                  EkaSettings    *settings,
                  EkaDeliveryFunc func,
                  gpointer        user_data,
                  GDestroyNotify  notify)
{
  EkaDelivery *self = g_new0 (EkaDelivery, 1);

  g_atomic_ref_count_init (&self->refs);
  self->worker = eka_worker_ref (worker);
  self->transport = g_object_ref (transport);
  self->store = eka_store_ref (store);
  self->settings = eka_settings_copy (settings);
  self->func = func;
  self->user_data = user_data;
  self->notify = notify;
  return self;
}

/**
 * eka_delivery_ref:
 * @delivery: a delivery
 *
 * Returns: (transfer full): @delivery
 */
EkaDelivery *
eka_delivery_ref (EkaDelivery *delivery)
{
  g_atomic_ref_count_inc (&delivery->refs);
  return delivery;
}

static void
run_free (gpointer data)
{
  Run *run = data;

  eka_session_unref (run->session);
  eka_outbox_unref (run->outbox);
  g_free (run->told_id);
  g_free (run);
}

/* Whatever belongs to one leftover. */
static void
clear (EkaDelivery *self)
{
  g_clear_pointer (&self->runs, g_ptr_array_unref);
  g_clear_pointer (&self->plan, eka_plan_free);
  g_clear_error (&self->error);
  g_clear_pointer (&self->result, eka_result_unref);
}

/**
 * eka_delivery_unref:
 * @delivery: (transfer full): a delivery; one that was started keeps itself
 *   alive until its last event
 */
void
eka_delivery_unref (EkaDelivery *delivery)
{
  if (!g_atomic_ref_count_dec (&delivery->refs))
    return;
  clear (delivery);
  if (delivery->notify != NULL)
    delivery->notify (delivery->user_data);
  eka_settings_free (delivery->settings);
  eka_store_unref (delivery->store);
  g_object_unref (delivery->transport);
  eka_worker_release (delivery->worker);
  g_free (delivery);
}

/* --- events ------------------------------------------------------------- */

static void
count (EkaOutbox *outbox,
       guint     *chunks,
       guint64   *duration)
{
  EkaOutboxStats left;

  eka_outbox_get_stats (outbox, &left);
  *chunks += left.chunks;
  *duration += left.duration;
}

/* How far everything is. */
static void
fill_in (EkaDelivery      *self,
         EkaDeliveryEvent *event)
{
  guint chunks = 0;
  guint64 duration = 0;
  guint i;

  if (self->plan->outbox != NULL)
    count (self->plan->outbox, &chunks, &duration);
  for (i = 0; i < self->runs->len; i++)
    count (((Run *) g_ptr_array_index (self->runs, i))->outbox, &chunks,
           &duration);
  event->chunks_total = MAX (self->total, chunks);
  event->duration_total = MAX (self->total_duration, duration);
  event->chunks_done = event->chunks_total - chunks;
  event->duration_done = event->duration_total - duration;
}

static void
emit (EkaDelivery      *self,
      EkaDeliveryEvent *event)
{
  fill_in (self, event);
  event->name = self->plan->name;
  self->func (event, self->user_data);
}

static void
warn (EkaDelivery  *self,
      const gchar  *session_id,
      const GError *error)
{
  EkaDeliveryEvent event = { .type = EKA_DELIVERY_WARNING,
                             .session_id = session_id,
                             .error = error };

  emit (self, &event);
}

/* Takes the last step in a turn of its own, when no session is on the stack. */
static gboolean
finish_on_worker (gpointer user_data)
{
  EkaDelivery *self = user_data;
  EkaDeliveryEvent event = { .type = EKA_DELIVERY_DONE };
  g_autoptr (GError) error = g_steal_pointer (&self->error);
  g_autoptr (EkaResult) result = g_steal_pointer (&self->result);
  g_autofree gchar *name = g_strdup (self->plan->name);
  g_autofree gchar *session_id = NULL;

  if (self->cancelled && error == NULL)
    error = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED,
                                 "The delivery was cancelled");
  if (self->runs->len > 0)
    {
      Run *last = g_ptr_array_index (self->runs, self->runs->len - 1);

      session_id = g_strdup (last->told_id);
    }
  fill_in (self, &event);
  event.name = name;
  event.session_id = session_id;
  event.error = error;
  event.result = result;
  clear (self);
  g_atomic_int_set (&self->busy, FALSE);
  self->func (&event, self->user_data);
  return G_SOURCE_REMOVE;
}

/* Gives up the reference that a started delivery holds of itself. */
static void
finish (EkaDelivery *self)
{
  eka_worker_invoke (self->worker, finish_on_worker, self,
                     (GDestroyNotify) eka_delivery_unref);
}

/* --- sessions ----------------------------------------------------------- */

static void listen (const EkaSessionEvent *event,
                    gpointer               user_data);

static void
run_over (gpointer user_data)
{
  Run *run = user_data;
  EkaDelivery *self = run->delivery;

  self->cancelled = self->cancelled || !run->done;
  if (--self->running == 0)
    finish (self);
}

/* @outbox: (transfer full): with the chunks that wait */
static Run *
add_run (EkaDelivery *self,
         EkaOutbox   *outbox,
         EkaSettings *settings)
{
  Run *run = g_new0 (Run, 1);

  run->delivery = self;
  run->outbox = outbox;
  run->session = eka_session_new (self->worker, self->transport, outbox,
                                  settings, listen, run, run_over);
  g_ptr_array_add (self->runs, run);
  self->running++;
  return run;
}

/* There is nothing to wait for: all audio is there. */
static void
set_off (EkaDelivery *self,
         Run         *run)
{
  eka_session_open (run->session);
  eka_session_start (run->session, self->plan->language);
  eka_session_finish (run->session);
}

/* The session takes no more: what it has not taken goes to another one, with a
 * folder of its own, as it does while a recording goes on.
 * @rest: (element-type EkaChunk) */
static void
hand_over (EkaDelivery *self,
           Run         *run,
           const gchar *session_id,
           GPtrArray   *rest)
{
  g_autoptr (EkaSpool) spool = eka_spool_new (self->store);
  EkaOutbox *outbox = eka_outbox_new (self->plan->budget);
  EkaSettings *settings = eka_settings_copy (self->plan->settings);
  g_autofree gchar *first_id = g_strdup (
      settings->first_id != NULL ? settings->first_id : session_id);
  Run *next;
  guint i;

  eka_outbox_set_spool (outbox, spool, EKA_OUTBOX_ALWAYS);
  settings->part = ++self->part;
  g_clear_pointer (&settings->first_id, g_free);
  g_clear_pointer (&settings->previous_id, g_free);
  next = add_run (self, outbox, settings);
  eka_session_link (next->session, first_id, session_id);
  for (i = 0; i < rest->len; i++)
    eka_outbox_put_taken (outbox, g_ptr_array_index (rest, i), run->outbox);
  set_off (self, next);
}

/* The audio goes to another session from now on, or is there already. */
static void
note_state (EkaDelivery           *self,
            Run                   *run,
            const EkaSessionEvent *event)
{
  EkaDeliveryEvent said = { .type = EKA_DELIVERY_SESSION,
                            .session_id = event->session_id };

  if ((event->state != EKA_SESSION_RECORDING &&
       event->state != EKA_SESSION_PROCESSING) ||
      g_strcmp0 (run->told_id, event->session_id) == 0)
    return;
  g_free (run->told_id);
  run->told_id = g_strdup (event->session_id);
  emit (self, &said);
}

/* What stays on disk though nothing failed, and what was lost on the way. */
static void
note_rest (EkaDelivery *self,
           Run         *run,
           const gchar *session_id)
{
  g_autoptr (GError) error = NULL;
  EkaOutboxStats left;

  eka_outbox_get_stats (run->outbox, &left);
  if (left.dropped > 0)
    {
      error = g_error_new (EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_LOST,
                           "%.1f s of audio in %s were left out, or could not "
                           "be read, and are lost%s", left.dropped / 1e9,
                           self->plan->name,
                           left.held > 0 ? "; the rest was sent, and stays on "
                                           "disk, too" : "");
      warn (self, session_id, error);
      g_clear_error (&error);
    }
  if (left.held > 0 && left.dropped == 0)
    {
      error = g_error_new (EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_LOST,
                           "The service has taken %s, but what it says of "
                           "session %s does not prove that it has all of the "
                           "audio: it stays on disk", self->plan->name,
                           session_id);
      warn (self, session_id, error);
    }
}

static void
note_done (EkaDelivery           *self,
           Run                   *run,
           const EkaSessionEvent *event)
{
  run->done = TRUE;
  if (event->result != NULL)
    {
      g_clear_pointer (&self->result, eka_result_unref);
      self->result = eka_result_ref (event->result);
    }
  if (event->error == NULL)
    note_rest (self, run, event->session_id);
  else if (self->error == NULL)
    self->error = g_error_copy (event->error);
  else
    warn (self, event->session_id, event->error);
}

static void
listen (const EkaSessionEvent *event,
        gpointer               user_data)
{
  Run *run = user_data;
  EkaDelivery *self = run->delivery;
  EkaDeliveryEvent said = { .type = EKA_DELIVERY_CHUNK,
                            .session_id = event->session_id };

  switch (event->type)
    {
    case EKA_SESSION_EVENT_STATE:
      note_state (self, run, event);
      return;
    case EKA_SESSION_EVENT_CHUNK:
      emit (self, &said);
      return;
    case EKA_SESSION_EVENT_FULL:
      if (event->rest != NULL)
        hand_over (self, run, event->session_id, event->rest);
      return;
    case EKA_SESSION_EVENT_WARNING:
      warn (self, event->session_id, event->error);
      return;
    case EKA_SESSION_EVENT_DONE:
      note_done (self, run, event);
      return;
    case EKA_SESSION_EVENT_DISCOVERED:
    case EKA_SESSION_EVENT_TRANSCRIPT:
    case EKA_SESSION_EVENT_STREAM_MESSAGE:
    case EKA_SESSION_EVENT_FALLBACK:
    case EKA_SESSION_EVENT_RECOVERED:
      return;
    }
}

static gboolean
begin_on_worker (gpointer user_data)
{
  EkaDelivery *self = user_data;
  Run *run;
  guint i;

  self->cancelled = FALSE;
  self->runs = g_ptr_array_new_with_free_func (run_free);
  self->error = g_steal_pointer (&self->plan->error);
  self->part = MAX (self->plan->settings->part, 1);
  self->total = 0;
  self->total_duration = 0;
  if (self->plan->outbox != NULL)
    count (self->plan->outbox, &self->total, &self->total_duration);
  for (i = 0; i < self->plan->warnings->len; i++)
    warn (self, NULL, g_ptr_array_index (self->plan->warnings, i));
  if (self->plan->outbox == NULL)
    {
      finish (self);
      return G_SOURCE_REMOVE;
    }
  run = add_run (self, g_steal_pointer (&self->plan->outbox),
                 eka_settings_copy (self->plan->settings));
  if (self->plan->descriptor != NULL)
    eka_session_resume (run->session, self->plan->descriptor);
  set_off (self, run);
  return G_SOURCE_REMOVE;
}

/* --- calls from outside ------------------------------------------------- */

/**
 * eka_delivery_start:
 * @delivery: a delivery that was not started, or is done
 * @name: of a folder in the store
 * @error: return location. Of %EKA_SCRIBE_ERROR: %EKA_SCRIBE_ERROR_SETTINGS
 *   where it is for another service than base-url is,
 *   %EKA_SCRIBE_ERROR_NEWER where a later version wrote it,
 *   %EKA_SCRIBE_ERROR_DAMAGED where nothing of it can be read. Of %G_IO_ERROR:
 *   %G_IO_ERROR_BUSY where somebody uses it, and all that eka_spool_open() and
 *   eka_leftover_look() say
 *
 * Begins to send what lies there. Waits for the disk, and so is not for the
 * worker thread; nothing was sent where it fails.
 *
 * Returns: whether events come, the last of which is %EKA_DELIVERY_DONE
 */
gboolean
eka_delivery_start (EkaDelivery *delivery,
                    const gchar *name,
                    GError     **error)
{
  if (!g_atomic_int_compare_and_exchange (&delivery->busy, FALSE, TRUE))
    {
      g_set_error_literal (error, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_FAILED,
                           "Another delivery is under way");
      return FALSE;
    }
  delivery->plan = eka_plan_load (delivery->store, name, delivery->settings,
                                  error);
  if (delivery->plan == NULL)
    {
      g_atomic_int_set (&delivery->busy, FALSE);
      return FALSE;
    }
  eka_worker_invoke (delivery->worker, begin_on_worker,
                     eka_delivery_ref (delivery), NULL);
  return TRUE;
}

static gboolean
cancel_on_worker (gpointer user_data)
{
  EkaDelivery *self = user_data;
  guint i;

  for (i = 0; self->runs != NULL && i < self->runs->len; i++)
    eka_session_abort (((Run *) g_ptr_array_index (self->runs, i))->session);
  return G_SOURCE_REMOVE;
}

/**
 * eka_delivery_cancel:
 * @delivery: a delivery
 *
 * Stops where it is. What is on disk stays there, and may be delivered later.
 * The last event has %G_IO_ERROR_CANCELLED, unless all was done by then.
 */
void
eka_delivery_cancel (EkaDelivery *delivery)
{
  eka_worker_invoke (delivery->worker, cancel_on_worker,
                     eka_delivery_ref (delivery),
                     (GDestroyNotify) eka_delivery_unref);
}
