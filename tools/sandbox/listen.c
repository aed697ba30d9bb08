/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "listen.h"

#include <netinet/in.h>
#include <netinet/tcp.h>

/* SoupServer's own listening leaks each connection's socket and file
 * descriptor (libsoup 3.2.3): a sandbox would be out of them after a thousand
 * connections. So connections are accepted here and handed over. */
typedef struct
{
  SoupServer *soup;
  GTlsCertificate *certificate;
} Acceptor;

static void
acceptor_free (gpointer data, GClosure *closure)
{
  Acceptor *self = data;

  g_object_unref (self->soup);
  g_clear_object (&self->certificate);
  g_free (self);
}

/* @stream is @connection, or TLS over it. */
static void
hand_over (SoupServer *soup, GSocketConnection *connection, GIOStream *stream)
{
  g_autoptr (GSocketAddress) local =
      g_socket_connection_get_local_address (connection, NULL);
  g_autoptr (GSocketAddress) remote =
      g_socket_connection_get_remote_address (connection, NULL);

  /* Neither is there any more if the client went at once. */
  if (local != NULL && remote != NULL)
    soup_server_accept_iostream (soup, stream, local, remote, NULL);
}

static void
handshake_done (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (SoupServer) soup = user_data;
  g_autoptr (GIOStream) base = NULL;

  if (!g_tls_connection_handshake_finish (G_TLS_CONNECTION (source), result,
                                          NULL))
    return;
  g_object_get (source, "base-io-stream", &base, NULL);
  hand_over (soup, G_SOCKET_CONNECTION (base), G_IO_STREAM (source));
}

static gboolean
on_incoming (GSocketService *service,
             GSocketConnection *connection,
             GObject *source,
             gpointer user_data)
{
  Acceptor *self = user_data;
  g_autoptr (GIOStream) tls = NULL;

  /* Answers are small: they must not wait for the acknowledgement of what went
   * before (Nagle). */
  g_socket_set_option (g_socket_connection_get_socket (connection), IPPROTO_TCP,
                       TCP_NODELAY, 1, NULL);
  if (self->certificate == NULL)
    {
      hand_over (self->soup, connection, G_IO_STREAM (connection));
      return TRUE;
    }
  tls = g_tls_server_connection_new (G_IO_STREAM (connection),
                                     self->certificate, NULL);
  if (tls != NULL)
    g_tls_connection_handshake_async (G_TLS_CONNECTION (tls),
                                      G_PRIORITY_DEFAULT, NULL, handshake_done,
                                      g_object_ref (self->soup));
  return TRUE;
}

/**
 * sandbox_listen:
 * @soup: gets the connections
 * @address: an IP address of this machine
 * @port: 0: any free one
 * @certificate: (nullable): for TLS
 * @effective_port: (out): the port that is listened on
 * @error: why that is not possible
 *
 * Accepts connections for @soup, HTTP/1.1 only, in the main context that is
 * the thread's default. No client that is slow with its handshake delays
 * another.
 *
 * Returns: (transfer full) (nullable): what listens until it is stopped and
 *   closed
 */
GSocketService *
sandbox_listen (SoupServer *soup,
                const gchar *address,
                guint16 port,
                GTlsCertificate *certificate,
                guint16 *effective_port,
                GError **error)
{
  g_autoptr (GSocketService) service = g_socket_service_new ();
  g_autoptr (GSocketAddress) effective = NULL;
  g_autoptr (GSocketAddress) wanted =
      g_inet_socket_address_new_from_string (address, port);
  Acceptor *self;

  if (wanted == NULL)
    {
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                   "--address: “%s” is not an IP address", address);
      return NULL;
    }
  if (!g_socket_listener_add_address (
          G_SOCKET_LISTENER (service), wanted, G_SOCKET_TYPE_STREAM,
          G_SOCKET_PROTOCOL_TCP, NULL, &effective, error))
    return NULL;
  *effective_port =
      g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (effective));
  self = g_new0 (Acceptor, 1);
  self->soup = g_object_ref (soup);
  self->certificate = certificate ? g_object_ref (certificate) : NULL;
  g_signal_connect_data (service, "incoming", G_CALLBACK (on_incoming), self,
                         acceptor_free, 0);
  return g_steal_pointer (&service);
}
