/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "wire.h"

#include "log.h"
#include "reply.h"

#include <string.h>
#include <sys/socket.h>

#define TICK 50 /* ms */
#define LINGER 1000 /* ms */

/* A connection that SoupServer has no longer. It counts as one of the store's
 * jobs, and its end waits for that of the connection. */
typedef struct
{
  SandboxStore *store;
  GIOStream *stream;
  GCancellable *cancellable; /* stops the reading, too, after LINGER */
  gulong on_stop;
  GString *bytes;
  gsize sent;
  gint64 start;
  gdouble seconds;
  gboolean lingers;
  guint timer;
  gchar sink[4096];
} Wire;

static void write_next (Wire *self);

/**
 * sandbox_wire_find_socket:
 * @stream: of a connection
 *
 * Returns: (transfer full) (nullable): what is below TLS and libsoup's buffers
 */
GSocket *
sandbox_wire_find_socket (GIOStream *stream)
{
  static const gchar *const names[] = { "base-iostream", "base-io-stream" };
  g_autoptr (GIOStream) at = g_object_ref (stream);

  while (!G_IS_SOCKET_CONNECTION (at))
    {
      GObjectClass *klass = G_OBJECT_GET_CLASS (at);
      GIOStream *below = NULL;
      gsize i;

      for (i = 0; i < G_N_ELEMENTS (names) && below == NULL; i++)
        if (g_object_class_find_property (klass, names[i]) != NULL)
          g_object_get (at, names[i], &below, NULL);
      if (below == NULL)
        return NULL;
      g_object_unref (at);
      at = below;
    }
  return g_object_ref (
      g_socket_connection_get_socket (G_SOCKET_CONNECTION (at)));
}

/**
 * sandbox_wire_take:
 * @message: a call
 * @status: for the log
 *
 * Returns: (transfer full): its connection, which the server has no longer
 */
GIOStream *
sandbox_wire_take (SoupServerMessage *message, guint status)
{
  sandbox_reply_taken (message);
  sandbox_log_taken (message, status);
  return soup_server_message_steal_connection (message);
}

/**
 * sandbox_wire_abort:
 * @stream: of a connection
 *
 * Resets the connection: the peer sees ECONNRESET.
 */
void
sandbox_wire_abort (GIOStream *stream)
{
  g_autoptr (GSocket) socket = sandbox_wire_find_socket (stream);
  struct linger linger = { .l_onoff = 1, .l_linger = 0 };

  if (socket != NULL)
    {
      setsockopt (g_socket_get_fd (socket), SOL_SOCKET, SO_LINGER, &linger,
                  sizeof linger);
      g_socket_close (socket, NULL);
    }
  g_io_stream_close (stream, NULL, NULL);
}

/**
 * sandbox_wire_reset:
 * @message: a call
 *
 * Resets its connection, and answers nothing.
 */
void
sandbox_wire_reset (SoupServerMessage *message)
{
  g_autoptr (GIOStream) stream = sandbox_wire_take (message, 0);

  sandbox_wire_abort (stream);
}

/**
 * sandbox_wire_close:
 * @message: a call
 *
 * Closes its connection in place of an answer: the peer sees the end.
 */
void
sandbox_wire_close (SoupServerMessage *message)
{
  g_autoptr (GIOStream) stream = sandbox_wire_take (message, 0);

  g_io_stream_close (stream, NULL, NULL);
}

/* --- connections that last ----------------------------------------------- */

static void
on_stop (GCancellable *stop, gpointer user_data)
{
  g_cancellable_cancel (user_data);
}

static Wire *
wire_new (SoupServerMessage *message, SandboxStore *store, guint status)
{
  Wire *self = g_new0 (Wire, 1);

  store->jobs++;
  self->store = store;
  self->stream = sandbox_wire_take (message, status);
  self->cancellable = g_cancellable_new ();
  self->on_stop =
      g_cancellable_connect (store->cancellable, G_CALLBACK (on_stop),
                             g_object_ref (self->cancellable), g_object_unref);
  self->start = g_get_monotonic_time ();
  return self;
}

static void
wire_free (Wire *self)
{
  g_clear_handle_id (&self->timer, g_source_remove);
  g_cancellable_disconnect (self->store->cancellable, self->on_stop);
  g_io_stream_close (self->stream, NULL, NULL);
  g_object_unref (self->stream);
  g_object_unref (self->cancellable);
  if (self->bytes != NULL)
    g_string_free (self->bytes, TRUE);
  self->store->jobs--;
  g_free (self);
}

static void
read_next_done (GObject *source, GAsyncResult *result, gpointer user_data);

static void
read_next (Wire *self)
{
  g_input_stream_read_async (g_io_stream_get_input_stream (self->stream),
                             self->sink, sizeof self->sink, G_PRIORITY_DEFAULT,
                             self->cancellable, read_next_done, self);
}

static void
read_next_done (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Wire *self = user_data;

  if (g_input_stream_read_finish (G_INPUT_STREAM (source), result, NULL) > 0)
    read_next (self);
  else
    wire_free (self);
}

static gboolean
on_lingered (gpointer user_data)
{
  Wire *self = user_data;

  self->timer = 0;
  g_cancellable_cancel (self->cancellable);
  return G_SOURCE_REMOVE;
}

/* A peer in the middle of its body would lose the answer to the reset that
 * unread bytes cause: they are read for a while. */
static void
linger (Wire *self)
{
  g_autoptr (GSocket) socket = sandbox_wire_find_socket (self->stream);

  if (socket != NULL)
    g_socket_shutdown (socket, FALSE, TRUE, NULL);
  self->timer = g_timeout_add (LINGER, on_lingered, self);
  read_next (self);
}

static gboolean
on_tick (gpointer user_data)
{
  Wire *self = user_data;

  self->timer = 0;
  write_next (self);
  return G_SOURCE_REMOVE;
}

static void
write_done (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Wire *self = user_data;

  if (!g_output_stream_write_all_finish (G_OUTPUT_STREAM (source), result, NULL,
                                         NULL) ||
      (self->sent == self->bytes->len && !self->lingers))
    wire_free (self);
  else if (self->sent == self->bytes->len)
    linger (self);
  else
    self->timer = g_timeout_add (TICK, on_tick, self);
}

/* The share of the bytes that is due by now. */
static void
write_next (Wire *self)
{
  gdouble passed =
      (gdouble)(g_get_monotonic_time () - self->start) / G_USEC_PER_SEC;
  gsize from = self->sent;

  if (passed >= self->seconds)
    self->sent = self->bytes->len;
  else
    self->sent =
        (gsize)((gdouble)self->bytes->len * passed / self->seconds);
  g_output_stream_write_all_async (
      g_io_stream_get_output_stream (self->stream), self->bytes->str + from,
      self->sent - from, G_PRIORITY_DEFAULT, self->cancellable, write_done,
      self);
}

/* Status line and headers, but those of length and connection. */
static GString *
make_head (SoupServerMessage *message, guint status)
{
  GString *head = g_string_new (NULL);
  SoupMessageHeadersIter iter;
  const char *name;
  const char *value;

  g_string_append_printf (head, "HTTP/1.1 %u %s\r\n", status,
                          soup_status_get_phrase (status));
  soup_message_headers_iter_init (
      &iter, soup_server_message_get_response_headers (message));
  while (soup_message_headers_iter_next (&iter, &name, &value))
    if (g_ascii_strcasecmp (name, "Content-Type") != 0 &&
        g_ascii_strcasecmp (name, "Content-Length") != 0 &&
        g_ascii_strcasecmp (name, "Connection") != 0)
      g_string_append_printf (head, "%s: %s\r\n", name, value);
  g_string_append (head, "Content-Type: application/json\r\n"
                         "Connection: close\r\n");
  return head;
}

static GString *
make_answer (SoupServerMessage *message, guint status, const gchar *body)
{
  GString *answer = make_head (message, status);

  g_string_append_printf (answer,
                          "Content-Length: %" G_GSIZE_FORMAT "\r\n\r\n%s",
                          strlen (body), body);
  return answer;
}

/**
 * sandbox_wire_stall:
 * @message: a call
 * @store: that ends it at last
 *
 * Holds its connection without an answer until the peer closes it.
 */
void
sandbox_wire_stall (SoupServerMessage *message, SandboxStore *store)
{
  read_next (wire_new (message, store, 0));
}

/**
 * sandbox_wire_dribble:
 * @message: a call
 * @store: that ends it at last
 * @status: HTTP status
 * @body: JSON
 * @seconds: from the first byte to the last
 *
 * Answers a few bytes at a time, and closes the connection.
 */
void
sandbox_wire_dribble (SoupServerMessage *message,
                      SandboxStore *store,
                      guint status,
                      const gchar *body,
                      gdouble seconds)
{
  GString *bytes = make_answer (message, status, body);
  Wire *self = wire_new (message, store, status);

  self->bytes = bytes;
  self->seconds = seconds;
  write_next (self);
}

/**
 * sandbox_wire_truncate:
 * @message: a call
 * @store: that ends it at last
 * @status: HTTP status
 * @body: JSON
 *
 * Answers in chunks (of HTTP), and closes the connection after the first half.
 */
void
sandbox_wire_truncate (SoupServerMessage *message,
                       SandboxStore *store,
                       guint status,
                       const gchar *body)
{
  GString *bytes = make_head (message, status);
  gsize half = strlen (body) / 2;
  Wire *self;

  g_string_append_printf (bytes,
                          "Transfer-Encoding: chunked\r\n\r\n"
                          "%" G_GSIZE_MODIFIER "x\r\n%.*s\r\n",
                          half, (gint)half, body);
  self = wire_new (message, store, status);
  self->bytes = bytes;
  write_next (self);
}

/**
 * sandbox_wire_interrupt:
 * @message: a call whose body is still to come
 * @store: that ends it at last
 * @status: HTTP status
 * @body: JSON
 *
 * Answers now, and closes the connection: a peer that goes on sending has a
 * second to see the answer.
 */
void
sandbox_wire_interrupt (SoupServerMessage *message,
                        SandboxStore *store,
                        guint status,
                        const gchar *body)
{
  GString *bytes = make_answer (message, status, body);
  Wire *self = wire_new (message, store, status);

  self->bytes = bytes;
  self->lingers = TRUE;
  write_next (self);
}
