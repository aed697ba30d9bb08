/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "rig.h"

#include <string.h>

/* All rigs share the worker. */
static guint n_rigs;

static gpointer
serve_main (gpointer user_data)
{
  Rig *rig = user_data;

  g_main_context_push_thread_default (rig->context);
  g_main_loop_run (rig->loop);
  g_main_context_pop_thread_default (rig->context);
  return NULL;
}

static Rig *
rig_new (void)
{
  Rig *rig = g_new0 (Rig, 1);

  g_mutex_init (&rig->lock);
  g_cond_init (&rig->cond);
  rig->context = g_main_context_new ();
  rig->loop = g_main_loop_new (rig->context, FALSE);
  rig->worker = eka_worker_acquire ();
  rig->sockets = g_ptr_array_new_with_free_func (g_object_unref);
  n_rigs++;
  return rig;
}

static void
rig_run (Rig         *rig,
         const gchar *scheme)
{
  rig->base = g_strdup_printf ("%s://127.0.0.1:%u", scheme, rig->port);
  rig->thread = g_thread_new ("server", serve_main, rig);
  rig_set_http (rig, &(EkaHttpOptions){ .timeout = 20 });
}

/* With a socket of our own: libsoup 3.2 leaks the address when asked for it. */
static GSocket *
listen_anywhere (Rig *rig)
{
  GSocket *socket = g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM,
                                  G_SOCKET_PROTOCOL_TCP, NULL);
  g_autoptr (GSocketAddress) any =
    g_inet_socket_address_new_from_string ("127.0.0.1", 0);
  g_autoptr (GSocketAddress) address = NULL;

  g_assert_true (g_socket_bind (socket, any, TRUE, NULL));
  g_assert_true (g_socket_listen (socket, NULL));
  address = g_socket_get_local_address (socket, NULL);
  rig->port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (address));
  return socket;
}

Rig *
rig_new_soup (SoupServerCallback handler,
              gpointer           user_data,
              GTlsCertificate   *certificate)
{
  Rig *rig = rig_new ();
  g_autoptr (GSocket) socket = listen_anywhere (rig);
  gboolean listening;

  g_main_context_push_thread_default (rig->context);
  rig->server = soup_server_new (NULL, NULL);
  if (certificate != NULL)
    soup_server_set_tls_certificate (rig->server, certificate);
  soup_server_add_handler (rig->server, NULL, handler,
                           user_data != NULL ? user_data : rig, NULL);
  listening = soup_server_listen_socket (
    rig->server, socket, certificate != NULL ? SOUP_SERVER_LISTEN_HTTPS : 0,
    NULL);
  g_assert_true (listening);
  g_main_context_pop_thread_default (rig->context);
  rig_run (rig, certificate != NULL ? "https" : "http");
  return rig;
}

static gboolean
on_run (GThreadedSocketService *service,
        GSocketConnection      *connection,
        GObject                *source,
        gpointer                user_data)
{
  GSocket *socket = g_socket_connection_get_socket (connection);
  Rig *rig = user_data;
  guint nth;

  g_mutex_lock (&rig->lock);
  nth = rig->n_connections++;
  g_ptr_array_add (rig->sockets, g_object_ref (socket));
  g_cond_broadcast (&rig->cond);
  g_mutex_unlock (&rig->lock);
  rig->serve (rig, G_IO_STREAM (connection), socket, nth, rig->serve_data);
  g_io_stream_close (G_IO_STREAM (connection), NULL, NULL);
  rig_add (rig, &rig->n_served);
  return TRUE;
}

Rig *
rig_new_raw (RigServeFunc serve,
             gpointer     user_data)
{
  Rig *rig = rig_new ();
  g_autoptr (GInetAddress) ip =
    g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr (GSocketAddress) any = g_inet_socket_address_new (ip, 0);
  g_autoptr (GSocketAddress) address = NULL;

  rig->serve = serve;
  rig->serve_data = user_data;
  g_main_context_push_thread_default (rig->context);
  rig->service = g_threaded_socket_service_new (-1);
  g_assert_true (g_socket_listener_add_address (
    G_SOCKET_LISTENER (rig->service), any, G_SOCKET_TYPE_STREAM,
    G_SOCKET_PROTOCOL_TCP, NULL, &address, NULL));
  rig->port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (address));
  g_signal_connect (rig->service, "run", G_CALLBACK (on_run), rig);
  g_socket_service_start (rig->service);
  g_main_context_pop_thread_default (rig->context);
  rig_run (rig, "http");
  return rig;
}

/* Another transport takes the place of the one before. */
void
rig_set_http (Rig                  *rig,
              const EkaHttpOptions *options)
{
  g_clear_object (&rig->http);
  rig->http = eka_http_new (rig->worker, options);
}

static gboolean
quit_loop (gpointer user_data)
{
  g_main_loop_quit (user_data);
  return G_SOURCE_REMOVE;
}

/* A connection may be kept by a transport of another rig's. */
static void
stop_connections (Rig *rig)
{
  guint i;

  g_mutex_lock (&rig->lock);
  for (i = 0; i < rig->sockets->len; i++)
    g_socket_shutdown (rig->sockets->pdata[i], TRUE, TRUE, NULL);
  g_mutex_unlock (&rig->lock);
  rig_wait_count (rig, &rig->n_served, rig_count (rig, &rig->n_connections));
}

/* Quits from inside: the thread may not have come as far as the loop yet. */
static void
stop_server (Rig *rig)
{
  g_autoptr (GSource) quit = g_idle_source_new ();

  g_source_set_callback (quit, quit_loop, rig->loop, NULL);
  g_source_attach (quit, rig->context);
  g_thread_join (rig->thread);
  g_main_context_push_thread_default (rig->context);
  if (rig->service != NULL)
    {
      g_socket_service_stop (rig->service);
      g_socket_listener_close (G_SOCKET_LISTENER (rig->service));
    }
  if (rig->server != NULL)
    soup_server_disconnect (rig->server);
  g_clear_object (&rig->service);
  g_clear_object (&rig->server);
  while (g_main_context_iteration (rig->context, FALSE))
    ;
  g_main_context_pop_thread_default (rig->context);
}

void
rig_free (Rig *rig)
{
  g_clear_object (&rig->http);
  eka_worker_release (rig->worker);
  if (--n_rigs == 0)
    g_assert_true (eka_worker_wait_gone (RIG_WAIT));
  stop_server (rig);
  stop_connections (rig);
  g_ptr_array_unref (rig->sockets);
  g_main_loop_unref (rig->loop);
  g_main_context_unref (rig->context);
  g_free (rig->base);
  g_mutex_clear (&rig->lock);
  g_cond_clear (&rig->cond);
  g_free (rig);
}

void
rig_add (Rig   *rig,
         guint *counter)
{
  g_mutex_lock (&rig->lock);
  ++*counter;
  g_cond_broadcast (&rig->cond);
  g_mutex_unlock (&rig->lock);
}

guint
rig_count (Rig   *rig,
           guint *counter)
{
  guint value;

  g_mutex_lock (&rig->lock);
  value = *counter;
  g_mutex_unlock (&rig->lock);
  return value;
}

/* Waits until *counter is at least @value. */
void
rig_wait_count (Rig   *rig,
                guint *counter,
                guint  value)
{
  gint64 end = g_get_monotonic_time () + RIG_WAIT;

  g_mutex_lock (&rig->lock);
  while (*counter < value)
    if (!g_cond_wait_until (&rig->cond, &rig->lock, end))
      g_error ("waited in vain for %u, got %u", value, *counter);
  g_mutex_unlock (&rig->lock);
}

static gsize
find_length (const gchar *head)
{
  g_autofree gchar *lower = g_ascii_strdown (head, -1);
  const gchar *found = strstr (lower, "\r\ncontent-length: ");

  return found != NULL ? g_ascii_strtoull (found + 18, NULL, 10) : 0;
}

/* Returns the head of the next request, or %NULL where none came. */
gchar *
rig_read_request (Rig       *rig,
                  GIOStream *stream,
                  GBytes   **body)
{
  GInputStream *in = g_io_stream_get_input_stream (stream);
  g_autoptr (GString) head = g_string_new (NULL);
  g_autofree gchar *data = NULL;
  gsize length;
  gchar byte;

  while (strstr (head->str, "\r\n\r\n") == NULL)
    {
      if (g_input_stream_read (in, &byte, 1, NULL, NULL) != 1)
        return NULL;
      g_string_append_c (head, byte);
    }
  length = find_length (head->str);
  data = g_malloc (length + 1);
  if (!g_input_stream_read_all (in, data, length, &length, NULL, NULL))
    return NULL;
  if (body != NULL)
    *body = g_bytes_new_take (g_steal_pointer (&data), length);
  rig_add (rig, &rig->n_requests);
  return g_string_free (g_steal_pointer (&head), FALSE);
}

void
rig_write (GIOStream   *stream,
           const gchar *text)
{
  g_output_stream_write_all (g_io_stream_get_output_stream (stream), text,
                             strlen (text), NULL, NULL, NULL);
}

/* @path: an absolute URI goes as it is. */
EkaRequest *
rig_request (Rig         *rig,
             const gchar *method,
             const gchar *path,
             const gchar *body)
{
  g_autofree gchar *uri = path[0] == '/' ? g_strconcat (rig->base, path, NULL) :
                                           g_strdup (path);
  EkaRequest *request = eka_request_new (
    g_str_equal (method, "GET") ? EKA_CALL_GET : EKA_CALL_UPLOAD, method, uri);

  if (body != NULL)
    {
      g_autoptr (GBytes) bytes = g_bytes_new (body, strlen (body));

      eka_request_set_body (request, "audio/ogg;codecs=opus", bytes);
    }
  return request;
}

static void
call_done (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  RigCall *call = user_data;
  GError *error = NULL;
  EkaReply *reply = eka_transport_send_finish (EKA_TRANSPORT (source), result,
                                               &error);

  g_assert_true (eka_worker_is_current (call->rig->worker));
  g_assert_true ((reply == NULL) == (error != NULL));
  g_clear_object (&call->http);
  g_mutex_lock (&call->rig->lock);
  call->reply = reply;
  call->error = error;
  call->done = TRUE;
  g_cond_broadcast (&call->rig->cond);
  g_mutex_unlock (&call->rig->lock);
}

static gboolean
start_func (gpointer user_data)
{
  RigCall *call = user_data;

  eka_transport_send_async (call->http, call->request, call->cancellable,
                            call_done, call);
  return G_SOURCE_REMOVE;
}

/* Takes @request and @cancellable. */
RigCall *
rig_start_full (Rig          *rig,
                EkaRequest   *request,
                GCancellable *cancellable)
{
  RigCall *call = g_new0 (RigCall, 1);

  call->rig = rig;
  call->http = g_object_ref (rig->http);
  call->request = request;
  call->cancellable = cancellable;
  eka_worker_invoke (rig->worker, start_func, call, NULL);
  return call;
}

/* Takes @request. */
RigCall *
rig_start (Rig        *rig,
           EkaRequest *request)
{
  return rig_start_full (rig, request, g_cancellable_new ());
}

RigCall *
rig_wait (RigCall *call)
{
  Rig *rig = call->rig;
  gint64 end = g_get_monotonic_time () + RIG_WAIT;

  g_mutex_lock (&rig->lock);
  while (!call->done)
    if (!g_cond_wait_until (&rig->cond, &rig->lock, end))
      g_error ("no answer to %s %s", call->request->method,
               call->request->uri);
  g_mutex_unlock (&rig->lock);
  return call;
}

RigCall *
rig_call (Rig         *rig,
          const gchar *method,
          const gchar *path,
          const gchar *body)
{
  return rig_wait (rig_start (rig, rig_request (rig, method, path, body)));
}

void
rig_call_free (RigCall *call)
{
  g_assert_true (call->done);
  eka_request_free (call->request);
  g_clear_pointer (&call->reply, eka_reply_free);
  g_clear_error (&call->error);
  g_object_unref (call->cancellable);
  g_free (call);
}

/* @body %NULL: any. */
void
rig_assert_body (RigCall     *call,
                 guint        status,
                 const gchar *body)
{
  g_assert_no_error (call->error);
  g_assert_cmpuint (call->reply->status, ==, status);
  if (body != NULL)
    g_assert_cmpmem (body, strlen (body),
                     g_bytes_get_data (call->reply->body, NULL),
                     g_bytes_get_size (call->reply->body));
}

void
rig_assert_error (RigCall     *call,
                  GQuark       domain,
                  gint         code,
                  const gchar *pattern)
{
  g_assert_error (call->error, domain, code);
  if (!g_regex_match_simple (pattern, call->error->message, 0, 0))
    g_error ("'%s' is not '%s'", call->error->message, pattern);
  if (domain == EKA_SCRIBE_ERROR)
    g_assert_cmpstr (eka_scribe_error_get_info (call->error)->request, ==,
                     eka_call_to_string (call->request->call));
}
