/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <gst/gst.h>

#include "outbox/store.h"
#include "scribe/settings.h"
#include "scribe/transport.h"
#include "scribe/worker.h"

G_BEGIN_DECLS

/**
 * GstEkascribeResume:
 *
 * Sends what interrupted recordings have left in an outbox for the same service,
 * one after the other, beside a run. Thread safe; no call waits.
 */
typedef struct _GstEkascribeResume GstEkascribeResume;

GstEkascribeResume *gst_ekascribe_resume_new   (GstElement         *element,
                                                EkaWorker          *worker,
                                                EkaTransport       *transport,
                                                const EkaSettings  *settings,
                                                EkaStore           *store);
void                gst_ekascribe_resume_start (GstEkascribeResume *self);
void                gst_ekascribe_resume_stop  (GstEkascribeResume *self);

G_END_DECLS
