/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "scribe/worker.h"

G_BEGIN_DECLS

/**
 * EkaMonitor:
 *
 * Tells the worker's thread that the network has come, or come back, so that
 * what waits for its next try need not wait any longer. It is a hint and no
 * more: it may come late, or never.
 */
typedef struct _EkaMonitor EkaMonitor;

/**
 * EkaMonitorFunc:
 * @user_data: what eka_monitor_new() was given
 *
 * Called in the worker's thread, at most once a second; may free the monitor.
 */
typedef void (*EkaMonitorFunc) (gpointer user_data);

EkaMonitor *eka_monitor_new  (GNetworkMonitor *monitor,
                              EkaWorker       *worker,
                              EkaMonitorFunc   func,
                              gpointer         user_data,
                              GDestroyNotify   notify);
void        eka_monitor_free (EkaMonitor      *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EkaMonitor, eka_monitor_free)

G_END_DECLS
