/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "scribe/transport.h"
#include "scribe/worker.h"

G_BEGIN_DECLS

/**
 * EkaHttpOptions:
 * @user_agent: (nullable): `User-Agent`; %NULL: `gst-ekascribe/VERSION`
 * @proxy: (nullable): proxy URI, or its host and port; %NULL: the system's.
 *   What stays on this machine takes no proxy elsewhere
 * @proxy_id: (nullable): user name at @proxy
 * @proxy_pw: (nullable): password at the proxy
 * @tls_database: (nullable): certificates to trust; %NULL: the system's
 * @extra_headers: (nullable) (array zero-terminated=1): names and values in
 *   turn, added to every request
 * @timeout: seconds without a byte after which a call fails; four times as many,
 *   and a second for each KiB of its body, are what it may take at most
 *
 * Borrowed for the call of eka_http_new().
 */
typedef struct
{
  const gchar *user_agent;
  const gchar *proxy;
  const gchar *proxy_id;
  const gchar *proxy_pw;
  GTlsDatabase *tls_database;
  const gchar *const *extra_headers;
  guint timeout;
} EkaHttpOptions;

/**
 * EkaHttp:
 *
 * The transport over libsoup. Transports with the same TLS database, proxy and
 * timeout share one SoupSession, so that a process has one pool of connections.
 */
#define EKA_TYPE_HTTP (eka_http_get_type ())
G_DECLARE_FINAL_TYPE (EkaHttp, eka_http, EKA, HTTP, GObject)

EkaTransport *eka_http_new (EkaWorker            *worker,
                            const EkaHttpOptions *options);

G_END_DECLS
