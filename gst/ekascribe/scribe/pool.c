/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "scribe/pool.h"

#include "scribe/detour.h"
#include "scribe/origin.h"

#include <string.h>

/* Connections are limited by our own slots, libsoup's limits only must not get
 * in the way: a message that waits in its queue can't be cancelled.
 */
#define MAX_CONNECTIONS 1024
/* More than this makes a host slower, not faster: 16 serve 500 sessions. */
#define SLOTS_PER_HOST 16

struct _EkaPool
{
  guint refs;
  GPtrArray *table;
  SoupSession *session;
  GHashTable *queues;
  GTlsDatabase *tls_database;
  gchar *proxy;
  gchar *proxy_id;
  gchar *proxy_pw;
  gchar *proxy_authorization;
  gboolean proxy_is_here; /* on this machine */
  guint timeout;
};

static void
wipe (gchar *secret)
{
  if (secret != NULL)
    explicit_bzero (secret, strlen (secret));
  g_free (secret);
}

static gboolean
is_http_proxy (const gchar *proxy)
{
  return g_ascii_strncasecmp (proxy, "http:", 5) == 0 ||
         g_ascii_strncasecmp (proxy, "https:", 6) == 0;
}

static gchar *
make_basic (const gchar *id,
            const gchar *pw)
{
  g_autofree gchar *plain = g_strdup_printf ("%s:%s", id, pw != NULL ? pw : "");
  g_autofree gchar *coded = g_base64_encode ((const guchar *) plain,
                                             strlen (plain));
  gchar *basic = g_strconcat ("Basic ", coded, NULL);

  explicit_bzero (plain, strlen (plain));
  explicit_bzero (coded, strlen (coded));
  return basic;
}

/* Makes the URI that GIO takes: with a scheme, and with the user's name and
 * password only where GIO itself must know them (SOCKS). For an HTTP proxy they
 * become a header; without libsoup's auth manager nobody else sends them.
 */
static gchar *
make_proxy_uri (EkaPool *pool)
{
  g_autofree gchar *text = NULL;
  g_autofree gchar *user = NULL;
  g_autofree gchar *password = NULL;
  g_autoptr (GUri) uri = NULL;
  const gchar *id;
  const gchar *pw;
  gboolean http;

  text = strstr (pool->proxy, "://") != NULL ?
         g_strdup (pool->proxy) : g_strconcat ("http://", pool->proxy, NULL);
  uri = g_uri_parse (text, G_URI_FLAGS_HAS_PASSWORD, NULL);
  if (uri == NULL)
    return g_steal_pointer (&text);

  id = pool->proxy_id != NULL ? pool->proxy_id : g_uri_get_user (uri);
  pw = pool->proxy_id != NULL ? pool->proxy_pw : g_uri_get_password (uri);
  http = is_http_proxy (text);
  pool->proxy_is_here = eka_origin_is_loopback (uri);
  if (http && id != NULL)
    pool->proxy_authorization = make_basic (id, pw);
  return g_uri_join_with_user (G_URI_FLAGS_NONE, g_uri_get_scheme (uri),
                               http ? NULL : id, http ? NULL : pw, NULL,
                               g_uri_get_host (uri), g_uri_get_port (uri), "",
                               NULL, NULL);
}

/* The tunnel to a https host is asked for by a message of libsoup's own. */
static void
on_request_queued (SoupSession *session,
                   SoupMessage *message,
                   gpointer     user_data)
{
  EkaPool *pool = user_data;

  if (pool->proxy_authorization == NULL ||
      g_strcmp0 (soup_message_get_method (message), "CONNECT") != 0)
    return;
  soup_message_headers_replace (soup_message_get_request_headers (message),
                                "Proxy-Authorization",
                                pool->proxy_authorization);
}

static void
set_proxy (EkaPool *pool)
{
  g_autoptr (GProxyResolver) resolver = NULL;
  g_autoptr (GProxyResolver) detour = NULL;

  if (pool->proxy == NULL)
    resolver = g_object_ref (g_proxy_resolver_get_default ());
  else
    {
      g_autofree gchar *uri = make_proxy_uri (pool);

      resolver = g_simple_proxy_resolver_new (uri, NULL);
      g_signal_connect (pool->session, "request-queued",
                        G_CALLBACK (on_request_queued), pool);
    }
  detour = eka_detour_new (resolver);
  soup_session_set_proxy_resolver (pool->session, detour);
}

/* A feature that unpacks the answer hides how much comes. The auth manager is
 * not wanted either, but stays: each message of ours turns it off. Without it
 * libsoup reads the bodies of 401 and 407 into memory, however long they are.
 */
static void
make_session (EkaPool *pool)
{
  pool->session = g_object_new (SOUP_TYPE_SESSION,
                                "max-conns", MAX_CONNECTIONS,
                                "max-conns-per-host", MAX_CONNECTIONS,
                                "timeout", pool->timeout,
                                NULL);
  soup_session_remove_feature_by_type (pool->session,
                                       SOUP_TYPE_CONTENT_DECODER);
  if (pool->tls_database != NULL)
    soup_session_set_tls_database (pool->session, pool->tls_database);
  set_proxy (pool);
}

static EkaPool *
pool_new (GPtrArray            *table,
          const EkaHttpOptions *options)
{
  EkaPool *pool = g_new0 (EkaPool, 1);

  pool->refs = 1;
  pool->queues = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
                                        (GDestroyNotify) eka_queue_free);
  pool->proxy = g_strdup (options->proxy);
  pool->proxy_id = g_strdup (options->proxy_id);
  pool->proxy_pw = g_strdup (options->proxy_pw);
  pool->timeout = options->timeout;
  if (options->tls_database != NULL)
    pool->tls_database = g_object_ref (options->tls_database);
  make_session (pool);
  pool->table = g_ptr_array_ref (table);
  g_ptr_array_add (table, pool);
  return pool;
}

static gboolean
pool_fits (EkaPool              *pool,
           const EkaHttpOptions *options)
{
  return pool->tls_database == options->tls_database &&
         pool->timeout == options->timeout &&
         g_strcmp0 (pool->proxy, options->proxy) == 0 &&
         g_strcmp0 (pool->proxy_id, options->proxy_id) == 0 &&
         g_strcmp0 (pool->proxy_pw, options->proxy_pw) == 0;
}

static GPtrArray *
get_table (EkaWorker *worker)
{
  GQuark key = g_quark_from_static_string ("eka-pools");
  GPtrArray *table = eka_worker_get_data (worker, key);

  if (table == NULL)
    {
      table = g_ptr_array_new ();
      eka_worker_set_data (worker, key, table,
                           (GDestroyNotify) g_ptr_array_unref);
    }
  return table;
}

/**
 * eka_pool_get:
 * @worker: the worker in whose thread this is called
 * @options: what the pool is chosen by
 *
 * Returns: (transfer full): the pool that all with the same options share
 */
EkaPool *
eka_pool_get (EkaWorker            *worker,
              const EkaHttpOptions *options)
{
  GPtrArray *table = get_table (worker);
  guint i;

  for (i = 0; i < table->len; i++)
    {
      EkaPool *pool = table->pdata[i];

      if (!pool_fits (pool, options))
        continue;
      pool->refs++;
      return pool;
    }
  return pool_new (table, options);
}

/**
 * eka_pool_unref:
 * @pool: (transfer full): a pool, with no call under way where this is the
 *   last reference
 *
 * Called in the worker's thread, and not from a callback of libsoup's.
 */
void
eka_pool_unref (EkaPool *pool)
{
  if (--pool->refs > 0)
    return;
  g_ptr_array_remove_fast (pool->table, pool);
  g_ptr_array_unref (pool->table);
  g_signal_handlers_disconnect_by_data (pool->session, pool);
  soup_session_abort (pool->session);
  g_object_unref (pool->session);
  g_hash_table_unref (pool->queues);
  g_clear_object (&pool->tls_database);
  wipe (pool->proxy);
  wipe (pool->proxy_id);
  wipe (pool->proxy_pw);
  wipe (pool->proxy_authorization);
  g_free (pool);
}

/**
 * eka_pool_get_session:
 * @pool: a pool
 *
 * Returns: (transfer none): its SoupSession
 */
SoupSession *
eka_pool_get_session (EkaPool *pool)
{
  return pool->session;
}

/**
 * eka_pool_get_queue:
 * @pool: a pool
 * @uri: where a request goes
 *
 * Returns: (transfer none): the slots of the host of @uri
 */
EkaQueue *
eka_pool_get_queue (EkaPool *pool,
                    GUri    *uri)
{
  g_autofree gchar *origin = eka_origin_to_string (uri);
  EkaQueue *queue = g_hash_table_lookup (pool->queues, origin);

  if (queue == NULL)
    {
      queue = eka_queue_new (SLOTS_PER_HOST);
      g_hash_table_insert (pool->queues, g_steal_pointer (&origin), queue);
    }
  return queue;
}

/**
 * eka_pool_authorize_proxy:
 * @pool: a pool
 * @message: a message that is about to be sent
 *
 * Adds the proxy's credential where the proxy reads the message itself, which
 * it does not with https, nor where #EkaDetour goes around it.
 */
void
eka_pool_authorize_proxy (EkaPool     *pool,
                          SoupMessage *message)
{
  GUri *uri = soup_message_get_uri (message);

  if (pool->proxy_authorization == NULL ||
      (g_strcmp0 (g_uri_get_scheme (uri), "http") != 0 &&
       g_strcmp0 (g_uri_get_scheme (uri), "ws") != 0) ||
      (eka_origin_is_loopback (uri) && !pool->proxy_is_here))
    return;
  soup_message_headers_replace (soup_message_get_request_headers (message),
                                "Proxy-Authorization",
                                pool->proxy_authorization);
}
