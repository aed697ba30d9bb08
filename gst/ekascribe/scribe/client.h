/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "scribe/settings.h"
#include "scribe/transport.h"

G_BEGIN_DECLS

/**
 * EkaClient:
 *
 * Calls of one session: decides whether a request may carry credentials where
 * it goes, puts them on, and repeats it once with another one where it is
 * refused. Used in the worker thread.
 */
typedef struct _EkaClient EkaClient;

EkaClient *eka_client_new         (EkaTransport        *transport,
                                   EkaClock            *clock,
                                   EkaSettings         *settings);
void       eka_client_free        (EkaClient           *client);
gboolean   eka_client_trusts      (EkaClient           *client,
                                   const gchar         *uri,
                                   GError             **error);
void       eka_client_call_async  (EkaClient           *client,
                                   EkaRequest          *request,
                                   GCancellable        *cancellable,
                                   GAsyncReadyCallback  callback,
                                   gpointer             user_data);
EkaReply  *eka_client_call_finish (GAsyncResult        *result,
                                   GError             **error);
GError    *eka_client_fault       (EkaClient           *client,
                                   EkaReply            *reply,
                                   EkaCall              call);
void       eka_client_hide        (EkaClient           *client,
                                   const gchar         *text);
gchar     *eka_client_redact_secrets
                                  (EkaClient           *client,
                                   gchar               *text);
void       eka_client_redact      (EkaClient           *client,
                                   GError              *error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EkaClient, eka_client_free)

G_END_DECLS
