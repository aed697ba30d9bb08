/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "scribe/http.h"

#include "scribe/error.h"
#include "scribe/exchange.h"
#include "scribe/netfault.h"
#include "scribe/origin.h"
#include "scribe/pool.h"

#include <string.h>

#define DEFAULT_USER_AGENT "gst-ekascribe/" VERSION
#define MAX_REDIRECTS 3
/* A server that sends a byte now and then never runs into the timeout. A call
 * may take this many timeouts, and time for its body on the slowest line that
 * is of use.
 */
#define PATIENCE 4
#define SLOWEST_LINE 1024 /* bytes a second */

/* @pool is made in the worker's thread by the first call. */
struct _EkaHttp
{
  GObject parent_instance;

  EkaWorker *worker;
  EkaPool *pool;
  gchar *user_agent;
  gchar *proxy;
  gchar *proxy_id;
  gchar *proxy_pw;
  GTlsDatabase *tls_database;
  gchar **extra_headers;
  guint timeout;
};

/* One request under way. @task is %NULL once it is answered; from then on only
 * an exchange that still ends holds the call, and @request may be gone.
 * @ticket is its place in the line for uploads, or 0.
 */
typedef struct
{
  grefcount refs;
  EkaHttp *http;
  GTask *task;
  EkaRequest *request;
  GUri *uri;
  GCancellable *cancellable;
  GSource *cancelled;
  GSource *overdue;
  SoupMessage *message;
  EkaQueue *queue;
  guint ticket;
  guint redirects;
  gboolean repeated;
} EkaHttpCall;

static void eka_http_transport_init (EkaTransportInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (EkaHttp, eka_http, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (EKA_TYPE_TRANSPORT,
                                                      eka_http_transport_init))

static void
call_unref (EkaHttpCall *call)
{
  if (!g_ref_count_dec (&call->refs))
    return;
  g_clear_object (&call->message);
  g_clear_pointer (&call->uri, g_uri_unref);
  g_object_unref (call->cancellable);
  g_object_unref (call->http);
  g_free (call);
}

/* Frees the caller's part of @call; what libsoup still does is cancelled. */
static GTask *
call_end (EkaHttpCall *call)
{
  if (call->cancelled != NULL)
    g_source_destroy (call->cancelled);
  g_clear_pointer (&call->cancelled, g_source_unref);
  if (call->overdue != NULL)
    g_source_destroy (call->overdue);
  g_clear_pointer (&call->overdue, g_source_unref);
  g_cancellable_cancel (call->cancellable);
  call->request = NULL;
  return g_steal_pointer (&call->task);
}

/* The slot goes last: the next one starts from there. */
static void
call_answer (EkaHttpCall *call,
             EkaReply    *reply,
             GError      *error)
{
  EkaCall name = call->request->call;
  g_autoptr (GTask) task = call_end (call);

  if (error != NULL && error->domain == EKA_SCRIBE_ERROR)
    eka_scribe_error_edit_info (error)->request =
      g_strdup (eka_call_to_string (name));
  if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, reply, (GDestroyNotify) eka_reply_free);
  if (call->ticket != 0)
    eka_queue_leave (call->queue, call->ticket);
  call_unref (call);
}

static gboolean
on_cancelled (GCancellable *cancellable,
              gpointer      user_data)
{
  call_answer (user_data, NULL,
               g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED,
                                    "Operation was cancelled"));
  return G_SOURCE_REMOVE;
}

static gboolean
is_get (const EkaRequest *request)
{
  return g_str_equal (request->method, "GET");
}

static gboolean
is_http (GUri *uri)
{
  const gchar *host = g_uri_get_host (uri);
  const gchar *scheme = g_uri_get_scheme (uri);

  return host != NULL && host[0] != '\0' &&
         (g_str_equal (scheme, "http") || g_str_equal (scheme, "https"));
}

/* For people: without user, path and query, which may be secret. */
static gchar *
describe_target (GUri *target)
{
  g_autofree gchar *host = NULL;

  if (target == NULL)
    return g_strdup ("no valid address");
  host = eka_netfault_host (target);
  return g_strdup_printf ("%s://%s", g_uri_get_scheme (target), host);
}

static gboolean
is_redirect (const EkaReply *reply)
{
  return reply->status >= 300 && reply->status < 400 && reply->status != 304;
}

static GError *
redirect_error (EkaHttpCall    *call,
                const EkaReply *reply,
                GUri           *target)
{
  g_autofree gchar *host = eka_netfault_host (call->uri);
  g_autofree gchar *where = describe_target (target);
  GError *error;

  if (call->redirects >= MAX_REDIRECTS)
    error = g_error_new (EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_REDIRECTED,
                         "%s redirects more than %d times, at last to %s",
                         host, MAX_REDIRECTS, where);
  else
    error = g_error_new (EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_REDIRECTED,
                         "%s redirects to %s (HTTP %u), which is not followed",
                         host, where, reply->status);
  eka_scribe_error_edit_info (error)->http_status = reply->status;
  return error;
}

static GUri *
get_location (EkaHttpCall *call)
{
  SoupMessageHeaders *headers =
    soup_message_get_response_headers (call->message);
  const gchar *location = soup_message_headers_get_one (headers, "Location");
  g_autoptr (GUri) target = NULL;

  if (location != NULL)
    target = g_uri_parse_relative (call->uri, location, SOUP_HTTP_URI_FLAGS,
                                   NULL);
  return target != NULL && is_http (target) ? g_steal_pointer (&target) : NULL;
}

/* libsoup would turn a POST into a GET, forget its body and take custom headers
 * with a credential to any host.
 */
static gboolean
may_follow (EkaHttpCall    *call,
            const EkaReply *reply,
            GUri           *target)
{
  if (target == NULL)
    return FALSE;
  if (!is_get (call->request) && reply->status != 307 && reply->status != 308)
    return FALSE;
  return call->redirects < MAX_REDIRECTS &&
         eka_origin_equal (call->uri, target);
}

static void call_start (EkaHttpCall *call);

static void
call_redirect (EkaHttpCall *call,
               EkaReply    *reply)
{
  g_autoptr (EkaReply) answer = reply;
  g_autoptr (GUri) target = get_location (call);

  if (!may_follow (call, answer, target))
    {
      call_answer (call, NULL, redirect_error (call, answer, target));
      return;
    }
  call->redirects++;
  g_uri_unref (call->uri);
  call->uri = g_steal_pointer (&target);
  call_start (call);
}

static void
exchange_done (GObject      *source,
               GAsyncResult *result,
               gpointer      user_data)
{
  EkaHttpCall *call = user_data;
  GError *error = NULL;
  gboolean stale;
  EkaReply *reply = eka_exchange_send_finish (result, &stale, &error);

  if (call->task == NULL)
    {
      g_clear_pointer (&reply, eka_reply_free);
      g_clear_error (&error);
    }
  else if (error != NULL && stale && !call->repeated)
    {
      g_clear_error (&error);
      call->repeated = TRUE;
      call_start (call);
    }
  else if (reply != NULL && is_redirect (reply))
    call_redirect (call, reply);
  else
    {
      if (reply != NULL && call->repeated)
        reply->repeated = TRUE;
      call_answer (call, reply, error);
    }
  call_unref (call);
}

static SoupMessage *
make_message (EkaHttpCall *call)
{
  EkaHttp *http = call->http;
  EkaRequest *request = call->request;
  SoupMessage *message = soup_message_new_from_uri (request->method, call->uri);
  SoupMessageHeaders *headers = soup_message_get_request_headers (message);
  gchar **header;

  soup_message_headers_replace (headers, "User-Agent", http->user_agent);
  for (header = http->extra_headers; header != NULL && *header != NULL;
       header += 2)
    soup_message_headers_replace (headers, header[0], header[1]);
  if (request->header != NULL && request->credential != NULL)
    soup_message_headers_replace (headers, request->header,
                                  request->credential);
  if (request->body != NULL)
    eka_exchange_set_body (message, request->content_type, request->body);
  else if (!is_get (request))
    soup_message_headers_set_content_length (headers, 0);
  eka_pool_authorize_proxy (http->pool, message);
  /* Else each POST opens a connection of its own. Nearly all calls of the
   * protocol may be repeated: chunks are numbered and sessions named by us.
   * What may not needs a connection that can't turn out closed.
   */
  if (!request->once)
    soup_message_add_flags (message, SOUP_MESSAGE_IDEMPOTENT);
  if (call->repeated)
    soup_message_add_flags (message, SOUP_MESSAGE_NEW_CONNECTION);
  return message;
}

static void
call_start (EkaHttpCall *call)
{
  g_clear_object (&call->message);
  call->message = make_message (call);
  g_ref_count_inc (&call->refs);
  if (call->request->call == EKA_CALL_STREAM)
    eka_exchange_connect_async (eka_pool_get_session (call->http->pool),
                                call->message, call->cancellable,
                                exchange_done, call);
  else
    eka_exchange_send_async (eka_pool_get_session (call->http->pool),
                             call->message, call->cancellable, exchange_done,
                             call);
}

static gboolean
on_overdue (gpointer user_data)
{
  EkaHttpCall *call = user_data;
  g_autofree gchar *host = eka_netfault_host (call->uri);

  call_answer (call, NULL,
               g_error_new (EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_NETWORK,
                            "%s took too long: it sent something now and "
                            "then, but no whole answer", host));
  return G_SOURCE_REMOVE;
}

static void
call_begin (EkaHttpCall *call)
{
  gsize size = call->request->body != NULL ?
               g_bytes_get_size (call->request->body) : 0;

  if (call->http->timeout > 0)
    {
      call->overdue = g_timeout_source_new_seconds (
        call->http->timeout * PATIENCE + size / SLOWEST_LINE);
      g_source_set_callback (call->overdue, on_overdue, call, NULL);
      g_source_attach (call->overdue, g_task_get_context (call->task));
    }
  call_start (call);
}

static void
on_slot (gpointer user_data)
{
  call_begin (user_data);
}

static EkaHttpCall *
call_new (EkaHttp    *http,
          EkaRequest *request,
          GUri       *uri,
          GTask      *task)
{
  EkaHttpCall *call = g_new0 (EkaHttpCall, 1);
  GCancellable *cancellable = g_task_get_cancellable (task);

  g_ref_count_init (&call->refs);
  call->http = g_object_ref (http);
  call->request = request;
  call->uri = uri;
  call->task = task;
  call->cancellable = g_cancellable_new ();
  if (cancellable == NULL)
    return call;
  call->cancelled = g_cancellable_source_new (cancellable);
  g_source_set_callback (call->cancelled, G_SOURCE_FUNC (on_cancelled), call,
                         NULL);
  g_source_attach (call->cancelled, g_task_get_context (task));
  return call;
}

/* Anything else would end the line that the URL goes into. */
static gboolean
is_printable (const gchar *text)
{
  while (*text != '\0' && *text != ' ' && !g_ascii_iscntrl (*text))
    text++;
  return *text == '\0';
}

/* GLib decodes in path and query what need not be encoded: the same place, but
 * not the URL that a service may have signed. Both are taken letter by letter.
 */
static GUri *
parse_exactly (const gchar *text)
{
  g_autoptr (GUri) uri = g_uri_parse (text, SOUP_HTTP_URI_FLAGS, NULL);
  g_autofree gchar *path = NULL;
  g_autofree gchar *query = NULL;
  const gchar *start;
  gsize length, end;

  if (uri == NULL || (start = strstr (text, "://")) == NULL ||
      !is_printable (text))
    return NULL;
  start += 3;
  start += strcspn (start, "/?#");
  length = strcspn (start, "?#");
  path = length > 0 ? g_strndup (start, length) : g_strdup ("/");
  start += length;
  end = strcspn (start, "#");
  if (end > 0)
    query = g_strndup (start + 1, end - 1);
  return g_uri_build_with_user (g_uri_get_flags (uri), g_uri_get_scheme (uri),
                                g_uri_get_user (uri), g_uri_get_password (uri),
                                NULL, g_uri_get_host (uri), g_uri_get_port (uri),
                                path, query, NULL);
}

static GUri *
parse_uri (const EkaRequest *request,
           GError          **error)
{
  g_autoptr (GUri) uri = parse_exactly (request->uri);
  gboolean stream = request->call == EKA_CALL_STREAM;

  if (uri != NULL && (stream ? eka_origin_is_websocket (uri) : is_http (uri)))
    return g_steal_pointer (&uri);
  g_set_error (error, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_PROTOCOL,
               "The address of the %s call is no %s URL",
               eka_call_to_string (request->call),
               stream ? "ws or wss" : "http or https");
  eka_scribe_error_edit_info (*error)->request =
    g_strdup (eka_call_to_string (request->call));
  return NULL;
}

static void
eka_http_send_async (EkaTransport       *transport,
                     EkaRequest         *request,
                     GCancellable       *cancellable,
                     GAsyncReadyCallback callback,
                     gpointer            user_data)
{
  EkaHttp *self = EKA_HTTP (transport);
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  GError *error = NULL;
  EkaHttpCall *call;
  GUri *uri;

  g_return_if_fail (eka_worker_is_current (self->worker));
  g_task_set_source_tag (task, eka_http_send_async);
  if (g_task_return_error_if_cancelled (task))
    return;
  uri = parse_uri (request, &error);
  if (uri == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  if (self->pool == NULL)
    {
      EkaHttpOptions options = {
        .proxy = self->proxy, .proxy_id = self->proxy_id,
        .proxy_pw = self->proxy_pw, .tls_database = self->tls_database,
        .timeout = self->timeout,
      };

      self->pool = eka_pool_get (self->worker, &options);
    }

  call = call_new (self, request, uri, g_steal_pointer (&task));
  if (is_get (request))
    {
      call_begin (call);
      return;
    }
  call->queue = eka_pool_get_queue (self->pool, uri);
  call->ticket = eka_queue_enter (call->queue, on_slot, call);
}

static EkaReply *
eka_http_send_finish (EkaTransport *transport,
                      GAsyncResult *result,
                      GError      **error)
{
  g_return_val_if_fail (g_task_is_valid (result, transport), NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}

static gboolean
release_pool (gpointer user_data)
{
  eka_pool_unref (user_data);
  return G_SOURCE_REMOVE;
}

static void
wipe (gchar *secret)
{
  if (secret != NULL)
    explicit_bzero (secret, strlen (secret));
  g_free (secret);
}

/* From whatever thread, and perhaps from a callback of libsoup's: the pool goes
 * from the worker's queue.
 */
static void
eka_http_finalize (GObject *object)
{
  EkaHttp *self = EKA_HTTP (object);

  if (self->pool != NULL)
    eka_worker_invoke (self->worker, release_pool, self->pool, NULL);
  eka_worker_release (self->worker);
  g_free (self->user_agent);
  wipe (self->proxy);
  wipe (self->proxy_id);
  wipe (self->proxy_pw);
  g_clear_object (&self->tls_database);
  g_strfreev (self->extra_headers);
  G_OBJECT_CLASS (eka_http_parent_class)->finalize (object);
}

static void
eka_http_class_init (EkaHttpClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = eka_http_finalize;
}

static void
eka_http_transport_init (EkaTransportInterface *iface)
{
  iface->send_async = eka_http_send_async;
  iface->send_finish = eka_http_send_finish;
}

static void
eka_http_init (EkaHttp *self)
{
}

/**
 * eka_http_new:
 * @worker: (transfer none): in whose thread it is used
 * @options: (transfer none): copied
 *
 * May be called and dropped in any thread; no call may be under way then.
 *
 * Returns: (transfer full): a transport over libsoup. Requests other than GET
 *   share 16 slots a host, so that none waits behind a GET that the server
 *   holds. Redirects are followed to the same origin only. A request whose
 *   kept connection turns out closed is repeated once, at once, and its answer
 *   is marked; one that is to be sent once gets a connection of its own.
 */
EkaTransport *
eka_http_new (EkaWorker            *worker,
              const EkaHttpOptions *options)
{
  EkaHttp *self = g_object_new (EKA_TYPE_HTTP, NULL);

  self->worker = eka_worker_ref (worker);
  self->user_agent = g_strdup (options->user_agent != NULL ?
                               options->user_agent : DEFAULT_USER_AGENT);
  self->proxy = g_strdup (options->proxy);
  self->proxy_id = g_strdup (options->proxy_id);
  self->proxy_pw = g_strdup (options->proxy_pw);
  self->extra_headers = g_strdupv ((gchar **) options->extra_headers);
  self->timeout = options->timeout;
  if (options->tls_database != NULL)
    self->tls_database = g_object_ref (options->tls_database);
  return EKA_TRANSPORT (self);
}
