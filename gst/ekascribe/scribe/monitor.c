/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "scribe/monitor.h"

#define PAUSE G_TIME_SPAN_SECOND

/* The signal comes in whatever thread iterates the context that the network
 * monitor belongs to, and may be under way there while it is disconnected: so
 * the connection holds a reference, and so does what is queued to the worker.
 *
 * @refs and @queued are atomic; what is above them stays as it was made; what
 * is below belongs to the worker's thread.
 */
struct _EkaMonitor
{
  GNetworkMonitor *monitor;
  gulong handler;
  EkaWorker *worker;

  gatomicrefcount refs;
  gint queued; /* one notice is on its way, and says enough */

  EkaMonitorFunc func; /* NULL: over */
  gpointer user_data;
  GDestroyNotify notify;
  gboolean called; /* at @last */
  gint64 last;
  guint timer;
};

static EkaMonitor *
monitor_ref (EkaMonitor *self)
{
  g_atomic_ref_count_inc (&self->refs);
  return self;
}

/* In any thread. */
static void
monitor_unref (gpointer data)
{
  EkaMonitor *self = data;

  if (!g_atomic_ref_count_dec (&self->refs))
    return;
  g_object_unref (self->monitor);
  eka_worker_release (self->worker);
  g_free (self);
}

static void
closure_unref (gpointer  data,
               GClosure *closure)
{
  monitor_unref (data);
}

/* The caller holds a reference: @func may free the monitor. */
static void
call (EkaMonitor *self)
{
  self->called = TRUE;
  self->last = eka_clock_now (eka_worker_get_clock (self->worker));
  self->func (self->user_data);
}

static void
on_timer (gpointer user_data)
{
  EkaMonitor *self = monitor_ref (user_data);

  self->timer = 0;
  call (self);
  monitor_unref (self);
}

/* Links come up in a burst of changes. The first is told at once, and the
 * others, one of which may be the route that was missing, a second later. */
static gboolean
on_notice (gpointer user_data)
{
  EkaMonitor *self = user_data;
  EkaClock *clock = eka_worker_get_clock (self->worker);
  gint64 wait;

  g_atomic_int_set (&self->queued, FALSE);
  if (self->func == NULL || self->timer != 0)
    return G_SOURCE_REMOVE;
  wait = self->called ? self->last + PAUSE - eka_clock_now (clock) : 0;
  if (wait > 0)
    self->timer = eka_clock_schedule (clock, wait, on_timer, self);
  else
    call (self);
  return G_SOURCE_REMOVE;
}

/* In any thread; the closure's reference lasts until this returns. */
static void
on_network_changed (GNetworkMonitor *monitor,
                    gboolean         available,
                    gpointer         user_data)
{
  EkaMonitor *self = user_data;

  if (available &&
      g_atomic_int_compare_and_exchange (&self->queued, FALSE, TRUE))
    eka_worker_invoke (self->worker, on_notice, monitor_ref (self),
                       monitor_unref);
}

/**
 * eka_monitor_new:
 * @monitor: (nullable) (transfer none): whom to ask; %NULL: GIO's default
 * @worker: (transfer none): where @func runs
 * @func: called when the network is said to be available
 * @user_data: for @func
 * @notify: (nullable): frees @user_data, in the worker's thread
 *
 * In any thread, but for the default monitor not in the worker's: the first who
 * asks GIO for it binds it to the context of his thread, for the whole process,
 * and the worker's ends.
 *
 * Returns: (transfer full): a monitor
 */
EkaMonitor *
eka_monitor_new (GNetworkMonitor *monitor,
                 EkaWorker       *worker,
                 EkaMonitorFunc   func,
                 gpointer         user_data,
                 GDestroyNotify   notify)
{
  GNetworkMonitor *asked = monitor;
  EkaMonitor *self;

  g_return_val_if_fail (monitor != NULL || !eka_worker_is_current (worker),
                        NULL);

  self = g_new0 (EkaMonitor, 1);
  g_atomic_ref_count_init (&self->refs);
  if (asked == NULL)
    asked = g_network_monitor_get_default ();
  self->monitor = g_object_ref (asked);
  self->worker = eka_worker_ref (worker);
  self->func = func;
  self->user_data = user_data;
  self->notify = notify;
  self->handler = g_signal_connect_data (
      self->monitor, "network-changed", G_CALLBACK (on_network_changed),
      monitor_ref (self), closure_unref, 0);
  return self;
}

static gboolean
end (gpointer user_data)
{
  EkaMonitor *self = user_data;

  eka_clock_cancel (eka_worker_get_clock (self->worker), self->timer);
  self->timer = 0;
  self->func = NULL;
  if (self->notify != NULL)
    self->notify (self->user_data);
  return G_SOURCE_REMOVE;
}

/**
 * eka_monitor_free:
 * @self: (transfer full): a monitor
 *
 * In any thread; never waits. In the worker's thread the function is not
 * called any more once this has returned, and the notify of its data has run;
 * from another thread both hold as soon as the worker comes to it.
 */
void
eka_monitor_free (EkaMonitor *self)
{
  g_signal_handler_disconnect (self->monitor, self->handler);
  if (!eka_worker_is_current (self->worker))
    {
      eka_worker_invoke (self->worker, end, self, monitor_unref);
      return;
    }
  end (self);
  monitor_unref (self);
}
