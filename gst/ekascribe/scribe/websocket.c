/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "scribe/websocket.h"

#include <netinet/in.h>
#include <sys/socket.h>
#ifdef __linux__
#include <linux/tcp.h>
#endif

#include "scribe/error.h"

/* The kernel would hide megabytes of audio, so that a peer which does not read
 * showed only after minutes: this is about a second. */
#define SEND_BUFFER 32768

/* Transcripts are small. Libsoup bounds a frame, but not the sum of the frames
 * that make a message. */
#define RECEIVE_BUFFER 65536
#define MAX_MESSAGE (1024 * 1024)
#define MAX_UNFINISHED (4 * MAX_MESSAGE)

/* Behind libsoup's own sources: when it is the turn of ours, libsoup has handed
 * over to the kernel what it was given. */
#define LATER (G_PRIORITY_DEFAULT + 10)

struct _EkaWebsocket
{
  EkaSocket parent_instance;

  SoupWebsocketConnection *connection;
  GSocket *socket;   /* NULL: not known */
  GSource *writable; /* NULL: nobody waits for `ready` */
  GSource *readable; /* NULL: @socket is not known */
  guint64 whole;     /* bytes that had come by the last whole message */
  GError *error;     /* what libsoup says is wrong */
};

G_DEFINE_FINAL_TYPE (EkaWebsocket, eka_websocket, EKA_TYPE_SOCKET)

static void
drop_source (GSource **source)
{
  if (*source != NULL)
    g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

static void
drop_sources (EkaWebsocket *self)
{
  drop_source (&self->writable);
  drop_source (&self->readable);
}

static gboolean
on_writable (GObject *stream,
             gpointer user_data)
{
  g_autoptr (EkaWebsocket) self = g_object_ref (user_data);

  drop_source (&self->writable);
  eka_socket_tell_ready (EKA_SOCKET (self));
  return G_SOURCE_REMOVE;
}

/* One that was found broken on sending is closed, and that is told soon. */
static gboolean
is_closed (EkaWebsocket *self)
{
  return soup_websocket_connection_get_state (self->connection) !=
             SOUP_WEBSOCKET_STATE_OPEN ||
         (self->socket != NULL && g_socket_is_closed (self->socket));
}

static GPollableOutputStream *
get_output (EkaWebsocket *self)
{
  GIOStream *stream =
      soup_websocket_connection_get_io_stream (self->connection);

  return G_POLLABLE_OUTPUT_STREAM (g_io_stream_get_output_stream (stream));
}

/* What libsoup was given before, at most one message, goes out when the kernel
 * takes any. */
static gboolean
eka_websocket_is_ready (EkaSocket *socket)
{
  EkaWebsocket *self = EKA_WEBSOCKET (socket);

  return self->writable == NULL && !is_closed (self) &&
         g_pollable_output_stream_is_writable (get_output (self));
}

static void
eka_websocket_await (EkaSocket *socket)
{
  EkaWebsocket *self = EKA_WEBSOCKET (socket);

  if (self->writable != NULL || is_closed (self))
    return;
  self->writable =
      g_pollable_output_stream_create_source (get_output (self), NULL);
  g_source_set_priority (self->writable, LATER);
  g_source_set_callback (self->writable, G_SOURCE_FUNC (on_writable), self,
                         NULL);
  g_source_attach (self->writable, g_main_context_get_thread_default ());
}

static gboolean
eka_websocket_send (EkaSocket   *socket,
                    const gchar *text,
                    GBytes      *binary)
{
  EkaWebsocket *self = EKA_WEBSOCKET (socket);

  if (is_closed (self))
    return FALSE;
  if (text != NULL)
    soup_websocket_connection_send_text (self->connection, text);
  else
    soup_websocket_connection_send_message (
        self->connection, SOUP_WEBSOCKET_DATA_BINARY, binary);
  return TRUE;
}

static void
eka_websocket_set_ping_interval (EkaSocket *socket,
                                 guint      seconds)
{
  EkaWebsocket *self = EKA_WEBSOCKET (socket);

  soup_websocket_connection_set_keepalive_interval (self->connection, seconds);
}

/* Libsoup waits 5 s for the answer. */
static void
eka_websocket_close (EkaSocket *socket)
{
  EkaWebsocket *self = EKA_WEBSOCKET (socket);

  drop_source (&self->writable);
  if (!is_closed (self))
    soup_websocket_connection_close (self->connection,
                                     SOUP_WEBSOCKET_CLOSE_NORMAL, NULL);
}

/* Bytes that the kernel has received for us; 0 where it does not count them. */
static guint64
count_received (EkaWebsocket *self)
{
#ifdef __linux__
  struct tcp_info info = { 0 };
  socklen_t size = sizeof info;

  if (self->socket != NULL &&
      getsockopt (g_socket_get_fd (self->socket), IPPROTO_TCP, TCP_INFO, &info,
                  &size) == 0)
    return info.tcpi_bytes_received;
#endif
  return 0;
}

static void
on_message (SoupWebsocketConnection *connection,
            gint                     type,
            GBytes                  *message,
            gpointer                 user_data)
{
  g_autoptr (EkaWebsocket) self = g_object_ref (user_data);

  self->whole = count_received (self);
  eka_socket_tell_message (EKA_SOCKET (self), message,
                           type == SOUP_WEBSOCKET_DATA_TEXT);
}

static void
on_pong (SoupWebsocketConnection *connection,
         GBytes                  *message,
         gpointer                 user_data)
{
  g_autoptr (EkaWebsocket) self = g_object_ref (user_data);

  eka_socket_tell_pong (EKA_SOCKET (self));
}

static void
on_error (SoupWebsocketConnection *connection,
          GError                  *error,
          gpointer                 user_data)
{
  EkaWebsocket *self = user_data;

  if (self->error == NULL)
    self->error = g_error_copy (error);
}

static void
on_closed (SoupWebsocketConnection *connection,
           gpointer                 user_data)
{
  g_autoptr (EkaWebsocket) self = g_object_ref (user_data);
  guint code = soup_websocket_connection_get_close_code (connection);

  drop_sources (self);
  eka_socket_tell_closed (EKA_SOCKET (self), code, self->error);
}

/* What comes is libsoup's to read; here it is only counted. */
static gboolean
on_readable (GSocket     *socket,
             GIOCondition condition,
             gpointer     user_data)
{
  g_autoptr (EkaWebsocket) self = g_object_ref (user_data);
  g_autoptr (GError) error = NULL;

  /* The end of what comes is readable for ever, and libsoup may take its time. */
  if (is_closed (self))
    {
      drop_source (&self->readable);
      return G_SOURCE_REMOVE;
    }
  if (count_received (self) <= self->whole + MAX_UNFINISHED)
    return G_SOURCE_CONTINUE;
  drop_sources (self);
  error = g_error_new (EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_TOO_LARGE,
                       "more than %d MiB came that make no message",
                       MAX_UNFINISHED / 1024 / 1024);
  eka_socket_tell_closed (EKA_SOCKET (self), 0, error);
  return G_SOURCE_REMOVE;
}

static void
eka_websocket_dispose (GObject *object)
{
  EkaWebsocket *self = EKA_WEBSOCKET (object);

  drop_sources (self);
  if (self->connection != NULL)
    g_signal_handlers_disconnect_by_data (self->connection, self);
  /* Libsoup closes what it lets go, but with TLS it would wait for a peer that
   * does not read. */
  if (self->socket != NULL)
    g_socket_shutdown (self->socket, TRUE, TRUE, NULL);
  g_clear_object (&self->connection);
  g_clear_object (&self->socket);
  g_clear_error (&self->error);
  G_OBJECT_CLASS (eka_websocket_parent_class)->dispose (object);
}

static void
eka_websocket_class_init (EkaWebsocketClass *klass)
{
  EkaSocketClass *socket_class = EKA_SOCKET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = eka_websocket_dispose;
  socket_class->is_ready = eka_websocket_is_ready;
  socket_class->await = eka_websocket_await;
  socket_class->send = eka_websocket_send;
  socket_class->set_ping_interval = eka_websocket_set_ping_interval;
  socket_class->close = eka_websocket_close;
}

static void
eka_websocket_init (EkaWebsocket *self)
{
}

/* Libsoup may have told nobody so far. */
static gboolean
tell_end (gpointer user_data)
{
  EkaWebsocket *self = user_data;

  eka_socket_tell_closed (
      EKA_SOCKET (self),
      soup_websocket_connection_get_close_code (self->connection), self->error);
  return G_SOURCE_REMOVE;
}

static void
schedule_end (EkaWebsocket *self)
{
  g_autoptr (GSource) source = g_idle_source_new ();

  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, tell_end, g_object_ref (self), g_object_unref);
  g_source_attach (source, g_main_context_get_thread_default ());
}

/* Bounds what the kernel keeps, and watches what comes. */
static void
watch_socket (EkaWebsocket *self)
{
  GSocket *socket = self->socket;

  g_socket_set_option (socket, SOL_SOCKET, SO_SNDBUF, SEND_BUFFER, NULL);
  g_socket_set_option (socket, SOL_SOCKET, SO_RCVBUF, RECEIVE_BUFFER, NULL);
  self->whole = count_received (self);
  self->readable = g_socket_create_source (socket, G_IO_IN, NULL);
  g_source_set_callback (self->readable, G_SOURCE_FUNC (on_readable), self,
                         NULL);
  g_source_attach (self->readable, g_main_context_get_thread_default ());
}

/**
 * eka_websocket_new:
 * @connection: (transfer full): a client's; it may have broken since it was
 *   made
 * @socket: (transfer none) (nullable): what lies below it
 *
 * Returns: (transfer full): the socket
 */
EkaSocket *
eka_websocket_new (SoupWebsocketConnection *connection,
                   GSocket                 *socket)
{
  EkaWebsocket *self = g_object_new (EKA_TYPE_WEBSOCKET, NULL);

  self->connection = connection;
  if (socket != NULL)
    self->socket = g_object_ref (socket);
  soup_websocket_connection_set_max_incoming_payload_size (connection,
                                                           MAX_MESSAGE);
  g_signal_connect (connection, "message", G_CALLBACK (on_message), self);
  g_signal_connect (connection, "pong", G_CALLBACK (on_pong), self);
  g_signal_connect (connection, "error", G_CALLBACK (on_error), self);
  g_signal_connect (connection, "closed", G_CALLBACK (on_closed), self);
  if (is_closed (self))
    schedule_end (self);
  else if (socket != NULL)
    watch_socket (self);
  return EKA_SOCKET (self);
}
