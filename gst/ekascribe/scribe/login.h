/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "scribe/clock.h"
#include "scribe/transport.h"

G_BEGIN_DECLS

/**
 * EkaLogin:
 *
 * Tokens for client credentials: logs in, and refreshes. One for each client of
 * a service in the process, whoever uses it: a refresh token is good for one
 * refresh, and to use it twice revokes every session of the client. So at most
 * one call is under way, and all who wait get its token. Reference counted;
 * acquired and released in any thread, all else is for the worker thread.
 */
typedef struct _EkaLogin EkaLogin;

EkaLogin *eka_login_acquire      (const gchar         *auth_url,
                                  const gchar         *client_id,
                                  const gchar         *client_secret);
EkaLogin *eka_login_ref          (EkaLogin            *login);
void      eka_login_unref        (EkaLogin            *login);
void      eka_login_renew_async  (EkaLogin            *login,
                                  EkaTransport        *transport,
                                  EkaClock            *clock,
                                  const gchar         *refused,
                                  GAsyncReadyCallback  callback,
                                  gpointer             user_data);
gchar    *eka_login_renew_finish (EkaLogin            *login,
                                  GAsyncResult        *result,
                                  gint64              *stale,
                                  GError             **error);
gchar    *eka_login_redact       (EkaLogin            *login,
                                  gchar               *text);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EkaLogin, eka_login_unref)

G_END_DECLS
