/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "scribe/socket.h"

typedef struct
{
  const EkaSocketListener *listener; /* NULL: nobody listens */
  gpointer user_data;
} EkaSocketPrivate;

G_DEFINE_ABSTRACT_TYPE_WITH_PRIVATE (EkaSocket, eka_socket, G_TYPE_OBJECT)

static void
eka_socket_class_init (EkaSocketClass *klass)
{
}

static void
eka_socket_init (EkaSocket *self)
{
}

/**
 * eka_socket_set_listener:
 * @self: an open socket
 * @listener: (nullable): who is told from now on; static. %NULL: nobody
 * @user_data: for @listener
 */
void
eka_socket_set_listener (EkaSocket               *self,
                         const EkaSocketListener *listener,
                         gpointer                 user_data)
{
  EkaSocketPrivate *priv = eka_socket_get_instance_private (self);

  priv->listener = listener;
  priv->user_data = user_data;
}

/**
 * eka_socket_is_ready:
 * @self: an open socket
 *
 * Returns: whether it takes a message
 */
gboolean
eka_socket_is_ready (EkaSocket *self)
{
  return EKA_SOCKET_GET_CLASS (self)->is_ready (self);
}

/**
 * eka_socket_await:
 * @self: an open socket
 *
 * Asks to be told with `ready`, once, when what was sent has left and there is
 * room for another message.
 */
void
eka_socket_await (EkaSocket *self)
{
  EKA_SOCKET_GET_CLASS (self)->await (self);
}

/**
 * eka_socket_send_text:
 * @self: a socket that is ready
 * @text: one message
 *
 * Returns: whether it goes out; else `closed` is told soon
 */
gboolean
eka_socket_send_text (EkaSocket   *self,
                      const gchar *text)
{
  return EKA_SOCKET_GET_CLASS (self)->send (self, text, NULL);
}

/**
 * eka_socket_send_binary:
 * @self: a socket that is ready
 * @bytes: (transfer none): one message
 *
 * Returns: whether it goes out; else `closed` is told soon
 */
gboolean
eka_socket_send_binary (EkaSocket *self,
                        GBytes    *bytes)
{
  return EKA_SOCKET_GET_CLASS (self)->send (self, NULL, bytes);
}

/**
 * eka_socket_set_ping_interval:
 * @self: an open socket
 * @seconds: from one ping to the next, at least 1; the first one goes out so
 *   long from now
 */
void
eka_socket_set_ping_interval (EkaSocket *self,
                              guint      seconds)
{
  EKA_SOCKET_GET_CLASS (self)->set_ping_interval (self, seconds);
}

/**
 * eka_socket_close:
 * @self: an open socket
 *
 * Says goodbye with code 1000; `closed` is told when the peer has answered, or
 * after some seconds.
 */
void
eka_socket_close (EkaSocket *self)
{
  EKA_SOCKET_GET_CLASS (self)->close (self);
}

void
eka_socket_tell_ready (EkaSocket *self)
{
  EkaSocketPrivate *priv = eka_socket_get_instance_private (self);

  if (priv->listener != NULL)
    priv->listener->ready (priv->user_data);
}

void
eka_socket_tell_message (EkaSocket *self,
                         GBytes    *message,
                         gboolean   text)
{
  EkaSocketPrivate *priv = eka_socket_get_instance_private (self);

  if (priv->listener != NULL)
    priv->listener->message (message, text, priv->user_data);
}

void
eka_socket_tell_pong (EkaSocket *self)
{
  EkaSocketPrivate *priv = eka_socket_get_instance_private (self);

  if (priv->listener != NULL)
    priv->listener->pong (priv->user_data);
}

void
eka_socket_tell_closed (EkaSocket    *self,
                        guint         code,
                        const GError *error)
{
  EkaSocketPrivate *priv = eka_socket_get_instance_private (self);
  const EkaSocketListener *listener = g_steal_pointer (&priv->listener);

  if (listener != NULL)
    listener->closed (code, error, priv->user_data);
}
