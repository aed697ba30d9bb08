/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "outbox/store.h"
#include "scribe/result.h"
#include "scribe/settings.h"
#include "scribe/transport.h"
#include "scribe/worker.h"

G_BEGIN_DECLS

/**
 * EkaDelivery:
 *
 * Sends what an interrupted recording has left in an outbox: to its session, or
 * to a new one where that is gone or takes no more; and ends it. What is safe on
 * the service is removed from disk. Idempotent: it may be stopped at any moment,
 * and be begun again. Reference counted and thread safe.
 */
typedef struct _EkaDelivery EkaDelivery;

/**
 * EkaDeliveryEventType:
 * @EKA_DELIVERY_SESSION: audio goes to `session_id` from now on
 * @EKA_DELIVERY_CHUNK: one more of `chunks_total` is on the service
 * @EKA_DELIVERY_WARNING: `error` happened, and it goes on
 * @EKA_DELIVERY_DONE: the last event. `error` set: not all was delivered, and
 *   what was not is still on disk. `result` set: the last one that came
 */
typedef enum
{
  EKA_DELIVERY_SESSION,
  EKA_DELIVERY_CHUNK,
  EKA_DELIVERY_WARNING,
  EKA_DELIVERY_DONE,
} EkaDeliveryEventType;

/**
 * EkaDeliveryEvent:
 * Borrowed for the call. `name` is the folder's.
 */
typedef struct
{
  EkaDeliveryEventType type;
  const gchar *name;
  const gchar *session_id;
  guint chunks_done;
  guint chunks_total;
  guint64 duration_done;
  guint64 duration_total;
  const GError *error;
  EkaResult *result;
} EkaDeliveryEvent;

/* Called on the worker thread. */
typedef void (*EkaDeliveryFunc) (const EkaDeliveryEvent *event,
                                 gpointer                user_data);

EkaDelivery *eka_delivery_new    (EkaWorker       *worker,
                                  EkaTransport    *transport,
                                  EkaStore        *store,
                                  EkaSettings     *settings,
                                  EkaDeliveryFunc  func,
                                  gpointer         user_data,
                                  GDestroyNotify   notify);
EkaDelivery *eka_delivery_ref    (EkaDelivery     *delivery);
void         eka_delivery_unref  (EkaDelivery     *delivery);
gboolean     eka_delivery_start  (EkaDelivery     *delivery,
                                  const gchar     *name,
                                  GError         **error);
void         eka_delivery_cancel (EkaDelivery     *delivery);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EkaDelivery, eka_delivery_unref)

G_END_DECLS
