/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#define _GNU_SOURCE /* POLLRDHUP */
#include "websocket.h"

#include "frame.h"
#include "wire.h"

#include <glib-unix.h>
#include <poll.h>
#include <string.h>

/* Time that a peer has to answer our close frame. */
#define PATIENCE 5000 /* ms */
/* Frames that wait for a peer who sends and does not read: no more is read
 * from him then. */
#define MAX_OUTGOING 64
#define BUFFER_SIZE 16384

/* Reading and writing are two operations that may be under way; only when
 * neither is, and @over is set, is all freed: from the main loop, so that
 * every function here may be called from any event. */
struct _SandboxWebsocket
{
  SandboxStore *store;
  GIOStream *stream;
  GCancellable *cancellable;
  gulong on_stop;
  const SandboxWebsocketEvents *events;
  gpointer user_data;
  guint8 buffer[BUFFER_SIZE];
  GByteArray *incoming;
  GByteArray *message; /* fragments so far */
  guint8 opcode;       /* of @message; 0: no message is under way */
  GQueue outgoing;     /* GBytes; the first is being written */
  gboolean reading;
  gboolean writing;
  gboolean digesting;
  gboolean held;
  gboolean stalled;
  gboolean deaf; /* what comes is dropped */
  gboolean close_sent;
  gboolean close_received;
  gboolean over;
  guint timer;
  guint watch;
  guint idle;
};

static void read_next (SandboxWebsocket *self);
static void write_next (SandboxWebsocket *self);

/* --- the end -------------------------------------------------------------- */

static gboolean
on_idle (gpointer user_data)
{
  SandboxWebsocket *self = user_data;

  self->events->closed (self->user_data);
  g_clear_handle_id (&self->timer, g_source_remove);
  g_clear_handle_id (&self->watch, g_source_remove);
  g_cancellable_disconnect (self->store->cancellable, self->on_stop);
  /* With something unsent, TLS would wait for a peer who may not read. */
  if (g_queue_is_empty (&self->outgoing))
    g_io_stream_close (self->stream, NULL, NULL);
  else
    sandbox_wire_abort (self->stream);
  g_object_unref (self->stream);
  g_object_unref (self->cancellable);
  g_byte_array_unref (self->incoming);
  g_byte_array_unref (self->message);
  g_queue_clear_full (&self->outgoing, (GDestroyNotify)g_bytes_unref);
  self->store->jobs--;
  g_free (self);
  return G_SOURCE_REMOVE;
}

static void
settle (SandboxWebsocket *self)
{
  if (self->over && !self->reading && !self->writing && self->idle == 0)
    self->idle = g_idle_add_full (G_PRIORITY_DEFAULT, on_idle, self, NULL);
}

static void
finish (SandboxWebsocket *self)
{
  self->over = TRUE;
  g_cancellable_cancel (self->cancellable);
  settle (self);
}

static gboolean
on_impatient (gpointer user_data)
{
  SandboxWebsocket *self = user_data;

  self->timer = 0;
  finish (self);
  return G_SOURCE_REMOVE;
}

static void
on_stop (GCancellable *stop, gpointer user_data)
{
  finish (user_data);
}

/* --- writing -------------------------------------------------------------- */

static void
write_done (GObject *source, GAsyncResult *result, gpointer user_data)
{
  SandboxWebsocket *self = user_data;
  gboolean good = g_output_stream_write_all_finish (G_OUTPUT_STREAM (source),
                                                    result, NULL, NULL);

  self->writing = FALSE;
  if (!good)
    finish (self);
  else
    {
      g_bytes_unref (g_queue_pop_head (&self->outgoing));
      if (!g_queue_is_empty (&self->outgoing))
        write_next (self);
      else if (self->close_sent && self->close_received)
        finish (self);
      else if (!self->over)
        self->events->drained (self->user_data);
      read_next (self);
    }
  settle (self);
}

static void
write_next (SandboxWebsocket *self)
{
  GBytes *bytes = g_queue_peek_head (&self->outgoing);

  if (bytes == NULL || self->writing || self->over || self->stalled)
    return;
  self->writing = TRUE;
  g_output_stream_write_all_async (g_io_stream_get_output_stream (self->stream),
                                   g_bytes_get_data (bytes, NULL),
                                   g_bytes_get_size (bytes), G_PRIORITY_DEFAULT,
                                   self->cancellable, write_done, self);
}

/* @frame: (transfer full) */
static void
push (SandboxWebsocket *self, GBytes *frame)
{
  g_queue_push_tail (&self->outgoing, frame);
  write_next (self);
}

/* --- reading -------------------------------------------------------------- */

static void
break_off (SandboxWebsocket *self, const GError *error)
{
  self->deaf = TRUE;
  self->events->broken (self->user_data, error);
  sandbox_websocket_close (self, (guint16)error->code, error->message);
}

static gboolean
refuse (GError **error, guint code, const gchar *reason)
{
  g_set_error_literal (error, SANDBOX_CLOSE_ERROR, (gint)code, reason);
  return FALSE;
}

static gboolean
take_close (SandboxWebsocket *self, const SandboxFrame *frame, GError **error)
{
  guint16 code = sandbox_frame_close_code (frame, error);

  if (code == 0)
    return FALSE;
  self->close_received = TRUE;
  self->deaf = TRUE;
  if (!self->close_sent)
    sandbox_websocket_close (self, code, NULL);
  else if (g_queue_is_empty (&self->outgoing))
    finish (self);
  return TRUE;
}

static gboolean
take_data (SandboxWebsocket *self, const SandboxFrame *frame, GError **error)
{
  gboolean first = frame->opcode != SANDBOX_OPCODE_CONTINUATION;
  gboolean text;

  if (first == (self->opcode != 0))
    return refuse (error, SOUP_WEBSOCKET_CLOSE_PROTOCOL_ERROR,
                   "fragments are not in order");
  if (first)
    self->opcode = frame->opcode;
  if (self->message->len + frame->size > SANDBOX_MAX_MESSAGE_SIZE)
    return refuse (error, SOUP_WEBSOCKET_CLOSE_TOO_BIG, "a message is too big");
  g_byte_array_append (self->message, frame->data, (guint)frame->size);
  if (!frame->last)
    return TRUE;
  text = self->opcode == SANDBOX_OPCODE_TEXT;
  if (text && !g_utf8_validate_len ((const gchar *)self->message->data,
                                    self->message->len, NULL))
    return refuse (error, SOUP_WEBSOCKET_CLOSE_BAD_DATA, "text is not UTF-8");
  self->opcode = 0;
  self->events->message (self->user_data, text, self->message->data,
                         self->message->len);
  g_byte_array_set_size (self->message, 0);
  return TRUE;
}

static gboolean
take_frame (SandboxWebsocket *self, const SandboxFrame *frame, GError **error)
{
  switch (frame->opcode)
    {
    case SANDBOX_OPCODE_CLOSE:
      return take_close (self, frame, error);
    case SANDBOX_OPCODE_PING:
      sandbox_websocket_send (self,
                              sandbox_frame_build (SANDBOX_OPCODE_PONG, TRUE,
                                                   frame->data, frame->size));
      return TRUE;
    case SANDBOX_OPCODE_PONG:
      return TRUE;
    default:
      return take_data (self, frame, error);
    }
}

static gboolean
is_paused (SandboxWebsocket *self)
{
  return self->over || self->held || self->stalled ||
         self->outgoing.length > MAX_OUTGOING;
}

/* Takes the frames that are complete. */
static void
digest (SandboxWebsocket *self)
{
  GByteArray *incoming = self->incoming;
  g_autoptr (GError) error = NULL;
  gsize at = 0;

  if (self->digesting)
    return;
  self->digesting = TRUE;
  while (!is_paused (self) && !self->deaf)
    {
      SandboxFrame frame;
      gsize length =
          sandbox_frame_parse (incoming->data + at, incoming->len - at,
                               SANDBOX_MAX_MESSAGE_SIZE, &frame, &error);

      if (length > 0)
        take_frame (self, &frame, &error);
      if (error != NULL)
        break_off (self, error);
      if (length == 0)
        break;
      at += length;
    }
  if (self->deaf)
    at = incoming->len;
  if (at > 0)
    g_byte_array_remove_range (incoming, 0, (guint)at);
  self->digesting = FALSE;
}

static void
read_done (GObject *source, GAsyncResult *result, gpointer user_data)
{
  SandboxWebsocket *self = user_data;
  gssize got =
      g_input_stream_read_finish (G_INPUT_STREAM (source), result, NULL);

  self->reading = FALSE;
  if (got <= 0)
    finish (self);
  else
    {
      g_byte_array_append (self->incoming, self->buffer, (guint)got);
      read_next (self);
    }
  settle (self);
}

static void
read_next (SandboxWebsocket *self)
{
  if (self->reading || self->digesting)
    return;
  digest (self);
  if (self->reading || is_paused (self))
    return;
  self->reading = TRUE;
  g_input_stream_read_async (g_io_stream_get_input_stream (self->stream),
                             self->buffer, sizeof self->buffer,
                             G_PRIORITY_DEFAULT, self->cancellable, read_done,
                             self);
}

/* --- the handshake -------------------------------------------------------- */

static GBytes *
make_head (SoupServerMessage *message)
{
  GString *head = g_string_new ("HTTP/1.1 101 Switching Protocols\r\n");
  SoupMessageHeadersIter iter;
  const char *name;
  const char *value;

  soup_message_headers_iter_init (
      &iter, soup_server_message_get_response_headers (message));
  while (soup_message_headers_iter_next (&iter, &name, &value))
    g_string_append_printf (head, "%s: %s\r\n", name, value);
  g_string_append (head, "\r\n");
  return g_string_free_to_bytes (head);
}

static gboolean
on_begin (gpointer user_data)
{
  SandboxWebsocket *self = user_data;

  self->idle = 0;
  read_next (self);
  settle (self);
  return G_SOURCE_REMOVE;
}

/**
 * sandbox_websocket_accept:
 * @message: a handshake that is in order
 * @store: that ends it at last
 * @events: what is told of it; static
 * @user_data: for @events
 *
 * Takes the connection from the server, and answers the handshake. Events come
 * from the main loop only, the first after this call.
 *
 * Returns: (transfer none): valid until the event `closed`
 */
SandboxWebsocket *
sandbox_websocket_accept (SoupServerMessage *message,
                          SandboxStore *store,
                          const SandboxWebsocketEvents *events,
                          gpointer user_data)
{
  SandboxWebsocket *self = g_new0 (SandboxWebsocket, 1);

  soup_websocket_server_process_handshake (message, NULL, NULL, NULL, NULL);
  store->jobs++;
  self->store = store;
  self->events = events;
  self->user_data = user_data;
  self->cancellable = g_cancellable_new ();
  self->incoming = g_byte_array_new ();
  self->message = g_byte_array_new ();
  g_queue_init (&self->outgoing);
  g_queue_push_tail (&self->outgoing, make_head (message));
  self->stream = sandbox_wire_take (message, 101);
  self->on_stop = g_cancellable_connect (store->cancellable,
                                         G_CALLBACK (on_stop), self, NULL);
  write_next (self);
  if (self->idle == 0)
    self->idle = g_idle_add_full (G_PRIORITY_DEFAULT, on_begin, self, NULL);
  return self;
}

/* --- what can be done with it --------------------------------------------- */

/**
 * sandbox_websocket_is_clear:
 * @self: a WebSocket
 *
 * Returns: nothing waits to be sent, and more can be
 */
gboolean
sandbox_websocket_is_clear (SandboxWebsocket *self)
{
  return g_queue_is_empty (&self->outgoing) && !self->close_sent &&
         !self->over && !self->stalled;
}

/**
 * sandbox_websocket_send:
 * @self: a WebSocket
 * @frame: (transfer full): any bytes
 *
 * Sends them, unless a close frame was sent before.
 */
void
sandbox_websocket_send (SandboxWebsocket *self, GBytes *frame)
{
  if (self->close_sent || self->over || self->stalled)
    g_bytes_unref (frame);
  else
    push (self, frame);
}

/**
 * sandbox_websocket_text:
 * @self: a WebSocket
 * @text: a message
 */
void
sandbox_websocket_text (SandboxWebsocket *self, const gchar *text)
{
  sandbox_websocket_send (self, sandbox_frame_build (SANDBOX_OPCODE_TEXT, TRUE,
                                                     text, strlen (text)));
}

/**
 * sandbox_websocket_close:
 * @self: a WebSocket
 * @code: why
 * @reason: (nullable): for people
 *
 * Sends a close frame, the first time. The connection is over once the peer
 * has answered it, or has not within 5 s; what comes before that is told.
 */
void
sandbox_websocket_close (SandboxWebsocket *self,
                         guint16 code,
                         const gchar *reason)
{
  if (self->close_sent || self->over || self->stalled)
    return;
  self->close_sent = TRUE;
  self->held = FALSE;
  self->timer = g_timeout_add (PATIENCE, on_impatient, self);
  push (self, sandbox_frame_build_close (code, reason));
  read_next (self);
}

/**
 * sandbox_websocket_hold:
 * @self: a WebSocket
 *
 * Reads no more, until sandbox_websocket_resume(): the peer has to wait.
 */
void
sandbox_websocket_hold (SandboxWebsocket *self)
{
  self->held = !self->close_sent;
}

/**
 * sandbox_websocket_resume:
 * @self: a WebSocket
 *
 * Reads on.
 */
void
sandbox_websocket_resume (SandboxWebsocket *self)
{
  if (!self->held)
    return;
  self->held = FALSE;
  read_next (self);
}

static gboolean
on_hangup (gint fd, GIOCondition condition, gpointer user_data)
{
  SandboxWebsocket *self = user_data;

  self->watch = 0;
  finish (self);
  return G_SOURCE_REMOVE;
}

/**
 * sandbox_websocket_stall:
 * @self: a WebSocket
 *
 * Neither reads nor sends any more; the connection stays until the peer closes
 * it. Without reading, only POLLRDHUP tells of that.
 */
void
sandbox_websocket_stall (SandboxWebsocket *self)
{
  g_autoptr (GSocket) socket = sandbox_wire_find_socket (self->stream);

  if (self->over || self->stalled || socket == NULL)
    return;
  self->stalled = TRUE;
  g_clear_handle_id (&self->timer, g_source_remove);
  self->watch = g_unix_fd_add (g_socket_get_fd (socket),
                               (GIOCondition)POLLRDHUP | G_IO_HUP | G_IO_ERR,
                               on_hangup, self);
}

/**
 * sandbox_websocket_cut:
 * @self: a WebSocket
 *
 * Closes the connection without a close frame: the peer sees its end (FIN).
 */
void
sandbox_websocket_cut (SandboxWebsocket *self)
{
  g_autoptr (GSocket) socket = sandbox_wire_find_socket (self->stream);

  /* Audio that is still on its way would turn the FIN into a reset. */
  self->deaf = TRUE;
  self->close_sent = TRUE;
  if (self->timer == 0)
    self->timer = g_timeout_add (PATIENCE, on_impatient, self);
  if (socket != NULL)
    g_socket_shutdown (socket, FALSE, TRUE, NULL);
}

/**
 * sandbox_websocket_reset:
 * @self: a WebSocket
 *
 * Resets the connection: the peer sees ECONNRESET.
 */
void
sandbox_websocket_reset (SandboxWebsocket *self)
{
  sandbox_wire_abort (self->stream);
  finish (self);
}
