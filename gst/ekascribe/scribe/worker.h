/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "scribe/clock.h"

G_BEGIN_DECLS

/**
 * EkaWorker:
 *
 * The one network thread of the process: a GMainContext that is thread default
 * there, and its clock. Started by the first eka_worker_acquire(), gone after
 * the last eka_worker_release(), which may come from any thread, the worker's
 * own included, and never waits. eka_worker_new_test() makes one without a
 * thread: what is invoked there runs in the context of the caller.
 */
typedef struct _EkaWorker EkaWorker;

EkaWorker    *eka_worker_acquire     (void);
EkaWorker    *eka_worker_new_test    (EkaClock       *clock);
EkaWorker    *eka_worker_ref         (EkaWorker      *worker);
void          eka_worker_release     (EkaWorker      *worker);
GMainContext *eka_worker_get_context (EkaWorker      *worker);
EkaClock     *eka_worker_get_clock   (EkaWorker      *worker);
gboolean      eka_worker_is_current  (EkaWorker      *worker);
void          eka_worker_invoke      (EkaWorker      *worker,
                                      GSourceFunc     func,
                                      gpointer        user_data,
                                      GDestroyNotify  notify);
void          eka_worker_invoke_soon (EkaWorker      *worker,
                                      GSourceFunc     func,
                                      gpointer        user_data,
                                      GDestroyNotify  notify);
void          eka_worker_set_data    (EkaWorker      *worker,
                                      GQuark          key,
                                      gpointer        data,
                                      GDestroyNotify  destroy);
gpointer      eka_worker_get_data    (EkaWorker      *worker,
                                      GQuark          key);
gboolean      eka_worker_wait_gone   (gint64          timeout);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EkaWorker, eka_worker_release)

G_END_DECLS
