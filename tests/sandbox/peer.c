/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "peer.h"

#define PATIENCE G_TIME_SPAN_MINUTE
#define PAUSE 5 /* ms */

static gboolean
on_pause (gpointer user_data)
{
  return G_SOURCE_CONTINUE;
}

/* Until @condition holds; the main loop wakes up to look at it. */
void
peer_wait (PeerCondition condition, gpointer user_data)
{
  gint64 end = g_get_monotonic_time () + PATIENCE;
  guint timer = g_timeout_add (PAUSE, on_pause, NULL);

  while (!condition (user_data))
    {
      g_assert_cmpint (g_get_monotonic_time (), <, end);
      g_main_context_iteration (NULL, TRUE);
    }
  g_source_remove (timer);
}

/* Creates SESSION; @members (nullable) are more of the body. Returns its
 * `upload_url`. */
gchar *
stream_create (Box *box, const gchar *members)
{
  g_autofree gchar *json = g_strdup_printf (
      "{\"upload_type\":\"stream\",\"communication_protocol\":\"websocket\","
      "\"session_id\":\"" SESSION "\"%s%s}", members ? "," : "",
      members ? members : "");
  g_autoptr (Answer) answer = box_post (box, "sessions", json);

  answer_check (answer, 201, NULL);
  return g_strdup (answer_string (answer, "upload_url"));
}

static gboolean
accept_certificate (SoupMessage *message, GTlsCertificate *certificate,
                    GTlsCertificateFlags flags, gpointer user_data)
{
  return TRUE;
}

static void
on_message (SoupWebsocketConnection *connection, gint type, GBytes *message,
            gpointer user_data)
{
  Peer *self = user_data;
  gsize size;
  const gchar *data = g_bytes_get_data (message, &size);

  if (type == SOUP_WEBSOCKET_DATA_TEXT)
    g_ptr_array_add (self->texts, g_strndup (data, size));
  else
    self->binaries++;
}

static void
on_error (SoupWebsocketConnection *connection, GError *error,
          gpointer user_data)
{
  Peer *self = user_data;

  if (self->error == NULL)
    self->error = g_error_copy (error);
}

static void
on_closed (SoupWebsocketConnection *connection, gpointer user_data)
{
  ((Peer *)user_data)->closed = TRUE;
}

typedef struct
{
  Peer *peer;
  gboolean done;
} Handshake;

static void
connect_done (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Handshake *handshake = user_data;

  handshake->peer->connection
      = soup_session_websocket_connect_finish (SOUP_SESSION (source), result,
                                               NULL);
  handshake->done = TRUE;
}

static gboolean
is_done (gpointer user_data)
{
  return ((Handshake *)user_data)->done;
}

/* A handshake that may be refused: then there is no connection. */
Peer *
peer_try (const gchar *url, const gchar *authorization)
{
  Peer *self = g_new0 (Peer, 1);
  g_autoptr (SoupMessage) message = soup_message_new ("GET", url);
  Handshake handshake = { self, FALSE };

  self->soup = soup_session_new ();
  self->texts = g_ptr_array_new_with_free_func (g_free);
  if (authorization != NULL)
    soup_message_headers_append (soup_message_get_request_headers (message),
                                 "Authorization", authorization);
  g_signal_connect (message, "accept-certificate",
                    G_CALLBACK (accept_certificate), NULL);
  soup_session_websocket_connect_async (self->soup, message, NULL, NULL,
                                        G_PRIORITY_DEFAULT, NULL, connect_done,
                                        &handshake);
  peer_wait (is_done, &handshake);
  self->status = soup_message_get_status (message);
  if (self->connection == NULL)
    return self;
  g_signal_connect (self->connection, "message", G_CALLBACK (on_message), self);
  g_signal_connect (self->connection, "error", G_CALLBACK (on_error), self);
  g_signal_connect (self->connection, "closed", G_CALLBACK (on_closed), self);
  return self;
}

Peer *
peer_open (const gchar *url)
{
  Peer *self = peer_try (url, NULL);

  g_assert_cmpuint (self->status, ==, 101);
  g_assert_nonnull (self->connection);
  return self;
}

void
peer_check_refused (const gchar *url, guint status)
{
  g_autoptr (Peer) peer = peer_try (url, NULL);

  g_assert_cmpuint (peer->status, ==, status);
  g_assert_null (peer->connection);
}

/* A connection that is open is dropped. */
void
peer_free (Peer *self)
{
  if (self->connection != NULL)
    g_signal_handlers_disconnect_by_data (self->connection, self);
  g_clear_object (&self->connection);
  g_object_unref (self->soup);
  g_ptr_array_unref (self->texts);
  g_clear_error (&self->error);
  g_free (self);
}

void
peer_text (Peer *self, const gchar *text)
{
  soup_websocket_connection_send_text (self->connection, text);
}

void
peer_binary (Peer *self, gconstpointer data, gsize size)
{
  soup_websocket_connection_send_binary (self->connection, data, size);
}

void
peer_media (Peer *self, gconstpointer data, gsize size)
{
  g_autofree gchar *payload = g_base64_encode (data, size);
  g_autofree gchar *text = g_strdup_printf (
      "{\"event\":\"media\",\"media\":{\"payload\":\"%s\"}}", payload);

  peer_text (self, text);
}

typedef struct
{
  Peer *peer;
  guint count;
} Texts;

static gboolean
has_texts (gpointer user_data)
{
  Texts *texts = user_data;

  return texts->peer->texts->len >= texts->count;
}

void
peer_wait_texts (Peer *self, guint count)
{
  Texts texts = { self, count };

  peer_wait (has_texts, &texts);
}

static gboolean
is_closed (gpointer user_data)
{
  return ((Peer *)user_data)->closed;
}

void
peer_wait_closed (Peer *self)
{
  peer_wait (is_closed, self);
}

/* @code: 0: without a close frame. */
void
peer_check_closed (Peer *self, gushort code)
{
  peer_wait_closed (self);
  g_test_message ("%u %s",
                  soup_websocket_connection_get_close_code (self->connection),
                  soup_websocket_connection_get_close_data (self->connection));
  g_assert_cmpuint (
      soup_websocket_connection_get_close_code (self->connection), ==, code);
}
