/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "proxy.h"

#include "proxylink.h"

#include <sys/socket.h>

/* Without a bound, the kernel takes megabytes from who sends to a proxy that
 * does not read. */
#define RECEIVE_BUFFER 32768

static gboolean
on_incoming (GSocket *socket, GIOCondition condition, gpointer user_data)
{
  Proxy *self = user_data;
  g_autoptr (GSocket) client = g_socket_accept (socket, NULL, NULL);

  if (client == NULL)
    return G_SOURCE_CONTINUE;
  g_mutex_lock (&self->lock);
  self->connections++;
  g_mutex_unlock (&self->lock);
  g_socket_set_blocking (client, FALSE);
  if (self->mode == PROXY_REFUSE)
    proxy_close_socket (client, TRUE);
  else
    proxy_link_start (self, client);
  return G_SOURCE_CONTINUE;
}

/* --- from other threads ------------------------------------------------------ */

/* Something to be set in the thread. */
typedef struct
{
  Proxy *proxy;
  void (*set) (Proxy *proxy, guint64 value);
  guint64 value;
  gboolean done;
} Order;

static gboolean
on_order (gpointer user_data)
{
  Order *order = user_data;

  order->set (order->proxy, order->value);
  g_mutex_lock (&order->proxy->lock);
  order->done = TRUE;
  g_cond_broadcast (&order->proxy->cond);
  g_mutex_unlock (&order->proxy->lock);
  return G_SOURCE_REMOVE;
}

static void
give (Proxy *self, void (*set) (Proxy *proxy, guint64 value), guint64 value)
{
  Order order = { self, set, value, FALSE };
  g_autoptr (GSource) source = g_idle_source_new ();

  g_source_set_priority (source, G_PRIORITY_HIGH);
  g_source_set_callback (source, on_order, &order, NULL);
  g_source_attach (source, self->context);
  g_mutex_lock (&self->lock);
  while (!order.done)
    g_cond_wait (&self->cond, &self->lock);
  g_mutex_unlock (&self->lock);
}

/* From the last: a link that ends takes its place away. */
static void
drop_links (Proxy *self, gboolean all)
{
  guint i;

  for (i = self->links->len; i > 0; i--)
    {
      ProxyLink *link = g_ptr_array_index (self->links, i - 1);

      if (all || proxy_link_swallowed (link))
        proxy_link_drop (link, TRUE);
    }
}

static void
pump_all (Proxy *self)
{
  guint i;

  for (i = self->links->len; i > 0; i--)
    proxy_link_pump (g_ptr_array_index (self->links, i - 1));
}

static void
swallow (gpointer link, gpointer user_data)
{
  proxy_link_swallow (link);
}

static void
set_mode (Proxy *self, guint64 value)
{
  /* What came before the change has fallen into the hole. */
  if (self->mode == PROXY_DROP)
    pump_all (self);
  self->mode = (ProxyMode)value;
  if (self->mode == PROXY_DROP)
    g_ptr_array_foreach (self->links, swallow, NULL);
  else
    drop_links (self, self->mode == PROXY_REFUSE);
  pump_all (self);
}

static void
set_delay (Proxy *self, guint64 value)
{
  self->delay = (gint64)value * 1000;
}

static void
set_rate (Proxy *self, guint64 value)
{
  self->rate = (guint)value;
  pump_all (self);
}

static void
cut_up (Proxy *self, guint64 value)
{
  self->left[PROXY_UP] = value;
}

static void
cut_down (Proxy *self, guint64 value)
{
  self->left[PROXY_DOWN] = value;
}

static void
stop (Proxy *self, guint64 value)
{
  drop_links (self, TRUE);
  g_main_loop_quit (self->loop);
}

/* @ms: later that bytes arrive, in each direction; of what is read from now on.
 * 0: at once. */
void
proxy_set_delay (Proxy *self, guint ms)
{
  give (self, set_delay, ms);
}

/* At once, for the connections that are there, too. */
void
proxy_set_mode (Proxy *self, ProxyMode mode)
{
  give (self, set_mode, mode);
}

/* 0: no bound. Of each direction of each connection. */
void
proxy_set_rate (Proxy *self, guint bytes_per_second)
{
  give (self, set_rate, bytes_per_second);
}

/* Once: the connection on which that many bytes (from 1 on, counted from now
 * over all connections) are full is closed then; later ones live. */
void
proxy_cut_after (Proxy *self, ProxyDirection direction, guint64 bytes)
{
  g_assert_cmpuint (bytes, >, 0);
  give (self, direction == PROXY_UP ? cut_up : cut_down, bytes);
}

guint16
proxy_get_port (Proxy *self)
{
  return self->port;
}

/* Those that were refused count. */
guint
proxy_get_connections (Proxy *self)
{
  guint connections;

  g_mutex_lock (&self->lock);
  connections = self->connections;
  g_mutex_unlock (&self->lock);
  return connections;
}

/* Those that went on. */
guint64
proxy_get_bytes (Proxy *self, ProxyDirection direction)
{
  guint64 bytes;

  g_mutex_lock (&self->lock);
  bytes = self->bytes[direction];
  g_mutex_unlock (&self->lock);
  return bytes;
}

static gpointer
serve (gpointer user_data)
{
  Proxy *self = user_data;

  g_main_context_push_thread_default (self->context);
  g_main_loop_run (self->loop);
  g_main_context_pop_thread_default (self->context);
  return NULL;
}

static void
listen_anywhere (Proxy *self)
{
  g_autoptr (GInetAddress) ip
      = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr (GSocketAddress) any = g_inet_socket_address_new (ip, 0);
  g_autoptr (GSocketAddress) address = NULL;
  g_autoptr (GError) error = NULL;

  self->listening = g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM,
                                  G_SOCKET_PROTOCOL_TCP, &error);
  g_assert_no_error (error);
  g_socket_set_option (self->listening, SOL_SOCKET, SO_RCVBUF, RECEIVE_BUFFER,
                       NULL);
  g_socket_bind (self->listening, any, TRUE, &error);
  g_assert_no_error (error);
  g_socket_set_listen_backlog (self->listening, 128);
  g_socket_listen (self->listening, &error);
  g_assert_no_error (error);
  g_socket_set_blocking (self->listening, FALSE);
  address = g_socket_get_local_address (self->listening, &error);
  g_assert_no_error (error);
  self->port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (address));
}

/* @target_port: on loopback; it need not be listened on yet. */
Proxy *
proxy_new (guint16 target_port)
{
  Proxy *self = g_new0 (Proxy, 1);

  g_mutex_init (&self->lock);
  g_cond_init (&self->cond);
  self->target_port = target_port;
  self->left[PROXY_UP] = self->left[PROXY_DOWN] = PROXY_NO_CUT;
  self->links = g_ptr_array_new ();
  self->context = g_main_context_new ();
  self->loop = g_main_loop_new (self->context, FALSE);
  listen_anywhere (self);
  self->incoming = g_socket_create_source (self->listening, G_IO_IN, NULL);
  g_source_set_callback (self->incoming, G_SOURCE_FUNC (on_incoming), self,
                         NULL);
  g_source_attach (self->incoming, self->context);
  self->thread = g_thread_new ("proxy", serve, self);
  return self;
}

/* Resets what is connected. */
void
proxy_free (Proxy *self)
{
  give (self, stop, 0);
  g_thread_join (self->thread);
  g_source_destroy (self->incoming);
  g_source_unref (self->incoming);
  g_object_unref (self->listening);
  g_ptr_array_unref (self->links);
  g_main_loop_unref (self->loop);
  g_main_context_unref (self->context);
  g_cond_clear (&self->cond);
  g_mutex_clear (&self->lock);
  g_free (self);
}
