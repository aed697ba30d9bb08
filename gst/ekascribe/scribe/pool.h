/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "scribe/http.h"
#include "scribe/queue.h"

#include <libsoup/soup.h>

G_BEGIN_DECLS

/**
 * EkaPool:
 *
 * One SoupSession, its connections and the slots of each host. All who have the
 * same TLS database, proxy and timeout share one, so that no connection that
 * one of them trusts serves another who does not. Lives in the worker's
 * thread.
 */
typedef struct _EkaPool EkaPool;

EkaPool     *eka_pool_get             (EkaWorker            *worker,
                                       const EkaHttpOptions *options);
void         eka_pool_unref           (EkaPool              *pool);
SoupSession *eka_pool_get_session     (EkaPool              *pool);
EkaQueue    *eka_pool_get_queue       (EkaPool              *pool,
                                       GUri                 *uri);
void         eka_pool_authorize_proxy (EkaPool              *pool,
                                       SoupMessage          *message);

G_END_DECLS
