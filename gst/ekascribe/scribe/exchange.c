/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "scribe/exchange.h"

#include "scribe/netfault.h"
#include "scribe/websocket.h"

#define PIECE 16384

/* One message of libsoup's from its start until the connection is free again.
 * @stream is set once the headers came, @body is the part of it that knows
 * where the body ends, %NULL where there is none. @reused: no connection was
 * made for this message. @repeated: libsoup sent it once more by itself, for
 * the connection that was kept broke.
 */
typedef struct
{
  SoupSession *session;
  SoupMessage *message;
  GInputStream *stream;
  GInputStream *body;
  GByteArray *data;
  guint8 *piece;
  gint64 started;
  gint64 round_trip;
  GSocket *socket; /* of a connection that was made for this message */
  EkaNetfaultPhase phase;
  GTlsCertificateFlags certificate;
  gboolean reused;
  gboolean stale;
  gboolean repeated;
} EkaExchange;

static void
exchange_free (EkaExchange *exchange)
{
  g_signal_handlers_disconnect_by_data (exchange->message, exchange);
  /* Closed, not only dropped: the message would stay in the session. */
  if (exchange->stream != NULL)
    g_input_stream_close_async (exchange->stream, G_PRIORITY_DEFAULT, NULL,
                                NULL, NULL);
  g_clear_object (&exchange->stream);
  g_clear_object (&exchange->body);
  g_clear_pointer (&exchange->data, g_byte_array_unref);
  g_free (exchange->piece);
  g_clear_object (&exchange->socket);
  g_object_unref (exchange->message);
  g_object_unref (exchange->session);
  g_free (exchange);
}

static void
on_starting (SoupMessage *message,
             gpointer     user_data)
{
  EkaExchange *exchange = user_data;

  exchange->started = g_get_monotonic_time ();
}

/* Nothing else restarts a message without redirects and authentication. */
static void
on_repeated (SoupMessage *message,
             gpointer     user_data)
{
  EkaExchange *exchange = user_data;

  exchange->repeated = TRUE;
}

static void
on_got_headers (SoupMessage *message,
                gpointer     user_data)
{
  EkaExchange *exchange = user_data;

  exchange->phase = EKA_NETFAULT_READING;
}

/* HTTP/2 stalls on uploads before libsoup 3.4.3 and is slower here, and there
 * is no other switch: it is not offered to the server.
 */
static void
refuse_http2 (GIOStream *connection)
{
  static const gchar *const protocols[] = { "http/1.1", NULL };

  if (G_IS_TLS_CONNECTION (connection))
    g_tls_connection_set_advertised_protocols (G_TLS_CONNECTION (connection),
                                               protocols);
}

static void
on_network_event (SoupMessage       *message,
                  GSocketClientEvent event,
                  GIOStream         *connection,
                  gpointer           user_data)
{
  EkaExchange *exchange = user_data;

  exchange->reused = FALSE;
  switch (event)
    {
    case G_SOCKET_CLIENT_CONNECTED:
      if (G_IS_SOCKET_CONNECTION (connection))
        g_set_object (&exchange->socket,
                      g_socket_connection_get_socket (
                        G_SOCKET_CONNECTION (connection)));
      exchange->phase = EKA_NETFAULT_CONNECTING;
      break;
    case G_SOCKET_CLIENT_TLS_HANDSHAKING:
      refuse_http2 (connection);
      exchange->phase = EKA_NETFAULT_SECURING;
      break;
    case G_SOCKET_CLIENT_TLS_HANDSHAKED:
    case G_SOCKET_CLIENT_COMPLETE:
      exchange->phase = EKA_NETFAULT_WAITING;
      break;
    default:
      exchange->phase = EKA_NETFAULT_CONNECTING;
      break;
    }
}

static gboolean
on_accept_certificate (SoupMessage         *message,
                       GTlsCertificate     *certificate,
                       GTlsCertificateFlags flaws,
                       gpointer             user_data)
{
  EkaExchange *exchange = user_data;

  exchange->certificate = flaws;
  return FALSE;
}

static void
send_error (GTask        *task,
            const GError *cause)
{
  EkaExchange *exchange = g_task_get_task_data (task);
  EkaNetfault fault = {
    .uri = soup_message_get_uri (exchange->message),
    .phase = exchange->phase,
    .certificate = exchange->certificate,
  };

  g_object_get (exchange->session, "timeout", &fault.timeout, NULL);
  /* The server closed the connection while it was idle; it did not see the
   * request, or at least did not answer.
   */
  exchange->stale = exchange->reused && exchange->phase == EKA_NETFAULT_WAITING &&
                    cause->domain != SOUP_SESSION_ERROR &&
                    !g_error_matches (cause, G_IO_ERROR,
                                      G_IO_ERROR_TIMED_OUT) &&
                    !g_error_matches (cause, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_task_return_error (task, eka_netfault_to_error (&fault, cause));
}

static void
send_too_large (GTask *task)
{
  EkaExchange *exchange = g_task_get_task_data (task);
  GUri *uri = soup_message_get_uri (exchange->message);
  g_autofree gchar *host = eka_netfault_host (uri);
  GError *error = g_error_new (EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_TOO_LARGE,
                               "The answer of %s has more than %d MiB", host,
                               EKA_EXCHANGE_MAX_BODY / 1024 / 1024);

  eka_scribe_error_edit_info (error)->http_status =
    soup_message_get_status (exchange->message);
  g_task_return_error (task, error);
}

/* A proxy that makes no tunnel has its answer taken for the server's, with an
 * empty body that libsoup keeps in memory. So are the bodies of 407, which no
 * server sends, and of 421, which libsoup would try again over HTTP/1.1 itself:
 * they pass as answers.
 */
static void
send_refused_tunnel (GTask *task)
{
  EkaExchange *exchange = g_task_get_task_data (task);
  GUri *uri = soup_message_get_uri (exchange->message);
  g_autofree gchar *host = eka_netfault_host (uri);
  GError *error = g_error_new (EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_NETWORK,
                               "The proxy did not connect to %s (HTTP %u)",
                               host,
                               soup_message_get_status (exchange->message));

  eka_scribe_error_edit_info (error)->unsent = TRUE;
  g_task_return_error (task, error);
}

static gint64
parse_date (const gchar *text)
{
  g_autoptr (GDateTime) date = NULL;

  if (text != NULL)
    date = soup_date_time_new_from_http_string (text);
  return date != NULL ? g_date_time_to_unix (date) : -1;
}

static gint64
parse_age (const gchar *text)
{
  return text != NULL ? MAX (g_ascii_strtoll (text, NULL, 10), 0) : 0;
}

static EkaReply *
make_reply (EkaExchange *exchange)
{
  SoupMessageHeaders *headers =
    soup_message_get_response_headers (exchange->message);
  GByteArray *data = g_steal_pointer (&exchange->data);
  EkaReply *reply = eka_reply_new (soup_message_get_status (exchange->message),
                                   g_byte_array_free_to_bytes (data));

  reply->retry_after =
    g_strdup (soup_message_headers_get_one (headers, "Retry-After"));
  reply->cache_control =
    g_strdup (soup_message_headers_get_list (headers, "Cache-Control"));
  reply->date = parse_date (soup_message_headers_get_one (headers, "Date"));
  reply->age = parse_age (soup_message_headers_get_one (headers, "Age"));
  reply->round_trip = exchange->round_trip;
  reply->repeated = exchange->repeated;
  return reply;
}

/* Only now does libsoup have the connection back for the next message. */
static void
close_stream_done (GObject      *source,
                   GAsyncResult *result,
                   gpointer      user_data)
{
  g_autoptr (GTask) task = user_data;

  g_input_stream_close_finish (G_INPUT_STREAM (source), result, NULL);
  g_task_return_pointer (task, make_reply (g_task_get_task_data (task)),
                         (GDestroyNotify) eka_reply_free);
}

/* libsoup before 3.6 takes the end of the connection between two chunks for
 * the end of the body. A body that ended says so again without reading on; one
 * that was cut off wants to read, which the cancellable forbids.
 */
static gboolean
is_whole (EkaExchange *exchange)
{
  SoupMessageHeaders *headers =
    soup_message_get_response_headers (exchange->message);
  g_autoptr (GCancellable) no_reading = NULL;

  if (exchange->body == NULL ||
      soup_message_headers_get_encoding (headers) != SOUP_ENCODING_CHUNKED)
    return TRUE;
  no_reading = g_cancellable_new ();
  g_cancellable_cancel (no_reading);
  return g_input_stream_read (exchange->body, exchange->piece, PIECE,
                              no_reading, NULL) == 0;
}

static void
finish_reading (GTask *task)
{
  EkaExchange *exchange = g_task_get_task_data (task);

  if (!is_whole (exchange))
    {
      g_autoptr (GError) cause =
        g_error_new_literal (G_IO_ERROR, G_IO_ERROR_PARTIAL_INPUT, "cut off");

      send_error (task, cause);
      g_object_unref (task);
      return;
    }
  exchange->round_trip = g_get_monotonic_time () - exchange->started;
  g_input_stream_close_async (exchange->stream, G_PRIORITY_DEFAULT, NULL,
                              close_stream_done, task);
  g_clear_object (&exchange->stream);
}

static void read_piece (GTask *task);

static void
read_piece_done (GObject      *source,
                 GAsyncResult *result,
                 gpointer      user_data)
{
  g_autoptr (GTask) task = user_data;
  g_autoptr (GError) error = NULL;
  EkaExchange *exchange = g_task_get_task_data (task);
  gssize n = g_input_stream_read_finish (G_INPUT_STREAM (source), result,
                                         &error);

  if (n < 0)
    send_error (task, error);
  else if (n == 0)
    finish_reading (g_steal_pointer (&task));
  else if (exchange->data->len + n > EKA_EXCHANGE_MAX_BODY)
    send_too_large (task);
  else
    {
      g_byte_array_append (exchange->data, exchange->piece, n);
      read_piece (g_steal_pointer (&task));
    }
}

static void
read_piece (GTask *task)
{
  EkaExchange *exchange = g_task_get_task_data (task);

  g_input_stream_read_async (exchange->stream, exchange->piece, PIECE,
                             G_PRIORITY_DEFAULT,
                             g_task_get_cancellable (task), read_piece_done,
                             task);
}

static void
send_message_done (GObject      *source,
                   GAsyncResult *result,
                   gpointer      user_data)
{
  g_autoptr (GTask) task = user_data;
  g_autoptr (GError) error = NULL;
  EkaExchange *exchange = g_task_get_task_data (task);
  SoupMessageHeaders *headers =
    soup_message_get_response_headers (exchange->message);

  exchange->stream = soup_session_send_finish (SOUP_SESSION (source), result,
                                               &error);
  if (exchange->stream == NULL)
    {
      send_error (task, error);
      return;
    }
  if (soup_message_headers_get_encoding (headers) ==
        SOUP_ENCODING_CONTENT_LENGTH &&
      soup_message_headers_get_content_length (headers) >
        EKA_EXCHANGE_MAX_BODY)
    {
      send_too_large (task);
      return;
    }
  if (G_IS_FILTER_INPUT_STREAM (exchange->stream))
    exchange->body = g_object_ref (g_filter_input_stream_get_base_stream (
      G_FILTER_INPUT_STREAM (exchange->stream)));
  else if (soup_message_get_status (exchange->message) != 407 &&
           soup_message_get_status (exchange->message) != 421)
    {
      send_refused_tunnel (task);
      return;
    }
  exchange->data = g_byte_array_new ();
  exchange->piece = g_malloc (PIECE);
  read_piece (g_steal_pointer (&task));
}

typedef struct
{
  gchar *content_type;
  GBytes *body;
} EkaUpload;

static void
upload_free (gpointer  data,
             GClosure *closure)
{
  EkaUpload *upload = data;

  g_free (upload->content_type);
  g_bytes_unref (upload->body);
  g_free (upload);
}

/* libsoup read the body to its end when it sends the message once more. */
static void
on_restarted (SoupMessage *message,
              gpointer     user_data)
{
  EkaUpload *upload = user_data;

  soup_message_set_request_body_from_bytes (message, upload->content_type,
                                            upload->body);
}

/**
 * eka_exchange_set_body:
 * @message: a message that is not yet sent
 * @content_type: (nullable): sent letter by letter
 * @body: (transfer none): what is sent, also where libsoup repeats @message
 */
void
eka_exchange_set_body (SoupMessage *message,
                       const gchar *content_type,
                       GBytes      *body)
{
  EkaUpload *upload = g_new0 (EkaUpload, 1);

  upload->content_type = g_strdup (content_type);
  upload->body = g_bytes_ref (body);
  g_signal_connect_data (message, "restarted", G_CALLBACK (on_restarted),
                         upload, upload_free, 0);
  soup_message_set_request_body_from_bytes (message, content_type, body);
}

/* Readies @message, and what is noted of its fate. */
static GTask *
make_task (SoupSession        *session,
           SoupMessage        *message,
           GCancellable       *cancellable,
           GAsyncReadyCallback callback,
           gpointer            user_data)
{
  GTask *task = g_task_new (NULL, cancellable, callback, user_data);
  EkaExchange *exchange = g_new0 (EkaExchange, 1);

  exchange->session = g_object_ref (session);
  exchange->message = g_object_ref (message);
  exchange->started = g_get_monotonic_time ();
  exchange->phase = EKA_NETFAULT_WAITING;
  exchange->reused = TRUE;
  g_task_set_source_tag (task, make_task);
  g_task_set_task_data (task, exchange, (GDestroyNotify) exchange_free);

  soup_message_add_flags (message, SOUP_MESSAGE_NO_REDIRECT);
  soup_message_disable_feature (message, SOUP_TYPE_AUTH_MANAGER);
  g_signal_connect (message, "starting", G_CALLBACK (on_starting), exchange);
  g_signal_connect (message, "restarted", G_CALLBACK (on_repeated), exchange);
  g_signal_connect (message, "got-headers", G_CALLBACK (on_got_headers),
                    exchange);
  g_signal_connect (message, "network-event", G_CALLBACK (on_network_event),
                    exchange);
  g_signal_connect (message, "accept-certificate",
                    G_CALLBACK (on_accept_certificate), exchange);
  return task;
}

/**
 * eka_exchange_send_async:
 * @session: without content decoder
 * @message: what is sent
 * @cancellable: (nullable): libsoup's answer to it may take until there is a
 *   connection
 * @callback: called in the thread default context
 * @user_data: for @callback
 *
 * Sends @message once and reads the whole answer, at most
 * %EKA_EXCHANGE_MAX_BODY bytes.
 */
void
eka_exchange_send_async (SoupSession        *session,
                         SoupMessage        *message,
                         GCancellable       *cancellable,
                         GAsyncReadyCallback callback,
                         gpointer            user_data)
{
  GTask *task = make_task (session, message, cancellable, callback, user_data);

  soup_session_send_async (session, message, G_PRIORITY_DEFAULT, cancellable,
                           send_message_done, task);
}

/* A refusal shows only in the status of the message. */
static void
connect_done (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  g_autoptr (GTask) task = user_data;
  g_autoptr (GError) error = NULL;
  EkaExchange *exchange = g_task_get_task_data (task);
  SoupWebsocketConnection *connection =
    soup_session_websocket_connect_finish (SOUP_SESSION (source), result,
                                           &error);
  guint status = soup_message_get_status (exchange->message);

  if (connection == NULL &&
      (status < 200 || exchange->phase != EKA_NETFAULT_READING))
    {
      send_error (task, error);
      return;
    }
  exchange->data = g_byte_array_new ();
  exchange->round_trip = g_get_monotonic_time () - exchange->started;
  if (connection != NULL)
    {
      EkaReply *reply = make_reply (exchange);

      reply->socket = eka_websocket_new (connection, exchange->socket);
      g_task_return_pointer (task, reply, (GDestroyNotify) eka_reply_free);
    }
  else
    g_task_return_pointer (task, make_reply (exchange),
                           (GDestroyNotify) eka_reply_free);
}

/**
 * eka_exchange_connect_async:
 * @session: where connections come from
 * @message: a GET of a `ws` or `wss` URI
 * @cancellable: (nullable)
 * @callback: called in the thread default context
 * @user_data: for @callback
 *
 * Asks for a WebSocket. The answer has either an #EkaSocket, or the status that
 * it was refused with; the body of that is not read.
 */
void
eka_exchange_connect_async (SoupSession        *session,
                            SoupMessage        *message,
                            GCancellable       *cancellable,
                            GAsyncReadyCallback callback,
                            gpointer            user_data)
{
  GTask *task = make_task (session, message, cancellable, callback, user_data);

  /* What is unpacked is not bounded, and audio does not get smaller. */
  soup_message_disable_feature (message,
                                SOUP_TYPE_WEBSOCKET_EXTENSION_MANAGER);
  soup_session_websocket_connect_async (session, message, NULL, NULL,
                                        G_PRIORITY_DEFAULT, cancellable,
                                        connect_done, task);
}

/**
 * eka_exchange_send_finish:
 * @result: what the callback got
 * @stale: (out): whether the server had closed a connection that was kept for
 *   the next message: worth a second try at once, on a new one
 * @error: return location
 *
 * Returns: (transfer full): the whole answer, or %NULL with a sentence for
 *   people: %EKA_SCRIBE_ERROR_NETWORK, %EKA_SCRIBE_ERROR_TLS,
 *   %EKA_SCRIBE_ERROR_TOO_LARGE, or %G_IO_ERROR_CANCELLED
 */
EkaReply *
eka_exchange_send_finish (GAsyncResult *result,
                          gboolean     *stale,
                          GError      **error)
{
  GTask *task = G_TASK (result);

  g_return_val_if_fail (g_task_is_valid (task, NULL), NULL);
  g_return_val_if_fail (g_task_get_source_tag (task) == make_task, NULL);
  *stale = ((EkaExchange *) g_task_get_task_data (task))->stale;
  return g_task_propagate_pointer (task, error);
}
