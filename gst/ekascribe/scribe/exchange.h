/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "scribe/transport.h"

#include <libsoup/soup.h>

G_BEGIN_DECLS

/* Bytes of an answer that are taken at most. */
#define EKA_EXCHANGE_MAX_BODY (16 * 1024 * 1024)

void      eka_exchange_set_body    (SoupMessage         *message,
                                    const gchar         *content_type,
                                    GBytes              *body);
void      eka_exchange_send_async  (SoupSession         *session,
                                    SoupMessage         *message,
                                    GCancellable        *cancellable,
                                    GAsyncReadyCallback  callback,
                                    gpointer             user_data);
void      eka_exchange_connect_async
                                   (SoupSession         *session,
                                    SoupMessage         *message,
                                    GCancellable        *cancellable,
                                    GAsyncReadyCallback  callback,
                                    gpointer             user_data);
EkaReply *eka_exchange_send_finish (GAsyncResult        *result,
                                    gboolean            *stale,
                                    GError             **error);

G_END_DECLS
