/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "proxylink.h"

#include <sys/socket.h>

#define MAX_QUEUED 262144
#define BLOCK 16384

/* What was read at once. */
typedef struct
{
  GBytes *bytes;
  gsize sent;
  gint64 due;
} Packet;

/* One direction of a connection. */
typedef struct
{
  ProxyLink *link;
  ProxyDirection direction;
  GSocket *from;
  GSocket *to; /* NULL: there is no target yet */
  GQueue packets;
  gsize queued;
  gdouble credit; /* bytes that the rate allows by now */
  gint64 credit_time;
  gboolean ended; /* nothing more comes */
  gboolean closed; /* and the peer was told */
  GSource *sources[3];
} Pipe;

/* @target: being connected to. */
struct _ProxyLink
{
  Proxy *proxy;
  Pipe pipes[2];
  GSocket *target;
  GSource *connected;
  gboolean swallowed;
};

typedef enum
{
  ALIVE,
  BROKEN,
  CUT,
} State;

static gboolean pump (Pipe *pipe);

/* --- links ----------------------------------------------------------------- */

static void
packet_free (gpointer data)
{
  Packet *packet = data;

  g_bytes_unref (packet->bytes);
  g_free (packet);
}

static void
forget_sources (Pipe *pipe)
{
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (pipe->sources); i++)
    if (pipe->sources[i] != NULL)
      {
        g_source_destroy (pipe->sources[i]);
        g_clear_pointer (&pipe->sources[i], g_source_unref);
      }
}

/* With a reset, the peer sees ECONNRESET rather than the end. */
void
proxy_close_socket (GSocket *socket, gboolean reset)
{
  struct linger linger = { .l_onoff = 1, .l_linger = 0 };

  if (reset)
    setsockopt (g_socket_get_fd (socket), SOL_SOCKET, SO_LINGER, &linger,
                sizeof linger);
  g_socket_close (socket, NULL);
}

/* Ends and frees it. */
void
proxy_link_drop (ProxyLink *link, gboolean reset)
{
  gsize i;

  for (i = 0; i < 2; i++)
    {
      Pipe *pipe = &link->pipes[i];

      forget_sources (pipe);
      if (pipe->from != NULL)
        proxy_close_socket (pipe->from, reset);
    }
  for (i = 0; i < 2; i++)
    {
      g_queue_clear_full (&link->pipes[i].packets, packet_free);
      g_clear_object (&link->pipes[i].from);
      g_clear_object (&link->pipes[i].to);
    }
  if (link->connected != NULL)
    {
      g_source_destroy (link->connected);
      g_source_unref (link->connected);
    }
  g_clear_object (&link->target);
  g_ptr_array_remove_fast (link->proxy->links, link);
  g_free (link);
}

static gboolean
on_ready (GSocket *socket, GIOCondition condition, gpointer user_data)
{
  pump (user_data);
  return G_SOURCE_REMOVE;
}

static gboolean
on_time (gpointer user_data)
{
  pump (user_data);
  return G_SOURCE_REMOVE;
}

static void
watch (Pipe *pipe, gsize slot, GSocket *socket, GIOCondition condition)
{
  pipe->sources[slot] = g_socket_create_source (socket, condition, NULL);
  g_source_set_callback (pipe->sources[slot], G_SOURCE_FUNC (on_ready), pipe,
                         NULL);
  g_source_attach (pipe->sources[slot], pipe->link->proxy->context);
}

static void
wait_until (Pipe *pipe, gint64 time)
{
  gint64 left = MAX (time - g_get_monotonic_time (), 0);

  pipe->sources[2] = g_timeout_source_new ((guint)(left / 1000 + 1));
  g_source_set_callback (pipe->sources[2], on_time, pipe, NULL);
  g_source_attach (pipe->sources[2], pipe->link->proxy->context);
}

/* --- bytes ----------------------------------------------------------------- */

/* Returns: the connection is still there. */
static gboolean
read_some (Pipe *pipe)
{
  Proxy *proxy = pipe->link->proxy;
  gchar buffer[BLOCK];
  g_autoptr (GError) error = NULL;
  gssize got;

  while (!pipe->ended && pipe->queued < MAX_QUEUED)
    {
      Packet *packet;

      got = g_socket_receive (pipe->from, buffer, sizeof buffer, NULL, &error);
      if (got < 0)
        return g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
      if (got == 0)
        pipe->ended = TRUE;
      else if (proxy->mode == PROXY_DROP)
        pipe->link->swallowed = TRUE;
      else
        {
          packet = g_new0 (Packet, 1);
          packet->bytes = g_bytes_new (buffer, (gsize)got);
          packet->due = g_get_monotonic_time () + proxy->delay;
          g_queue_push_tail (&pipe->packets, packet);
          pipe->queued += (gsize)got;
        }
    }
  return TRUE;
}

/* How many bytes the rate allows; a tenth of a second at most is saved up. */
static gsize
get_credit (Pipe *pipe)
{
  guint rate = pipe->link->proxy->rate;
  gint64 now = g_get_monotonic_time ();

  if (rate == 0)
    return G_MAXSIZE;
  pipe->credit += (gdouble)(now - pipe->credit_time) * rate / G_USEC_PER_SEC;
  pipe->credit = MIN (pipe->credit, MAX (rate / 10.0, 1.0));
  pipe->credit_time = now;
  return (gsize)pipe->credit;
}

static void
count (Pipe *pipe, gsize sent)
{
  Proxy *proxy = pipe->link->proxy;
  Packet *packet = g_queue_peek_head (&pipe->packets);

  if (proxy->left[pipe->direction] != PROXY_NO_CUT)
    proxy->left[pipe->direction] -= sent;
  if (proxy->rate != 0)
    pipe->credit -= (gdouble)sent;
  pipe->queued -= sent;
  packet->sent += sent;
  if (packet->sent == g_bytes_get_size (packet->bytes))
    packet_free (g_queue_pop_head (&pipe->packets));
}

/* Who has received a byte finds it counted. */
static gssize
send_counted (Pipe *pipe, const gchar *data, gsize size, GError **error)
{
  Proxy *proxy = pipe->link->proxy;
  gssize sent;

  g_mutex_lock (&proxy->lock);
  sent = g_socket_send (pipe->to, data, size, NULL, error);
  if (sent > 0)
    proxy->bytes[pipe->direction] += (guint64)sent;
  g_mutex_unlock (&proxy->lock);
  return sent;
}

static State
write_some (Pipe *pipe)
{
  Proxy *proxy = pipe->link->proxy;
  Packet *packet;

  while ((packet = g_queue_peek_head (&pipe->packets)) != NULL)
    {
      g_autoptr (GError) error = NULL;
      gsize size;
      const gchar *data = g_bytes_get_data (packet->bytes, &size);
      gsize allowed = MIN (size - packet->sent, get_credit (pipe));
      gssize sent;

      if (packet->due > g_get_monotonic_time ())
        {
          wait_until (pipe, packet->due);
          return ALIVE;
        }
      if (allowed == 0)
        {
          wait_until (pipe, g_get_monotonic_time () + G_USEC_PER_SEC / 50);
          return ALIVE;
        }
      allowed = (gsize)MIN (allowed, proxy->left[pipe->direction]);
      sent = send_counted (pipe, data + packet->sent, allowed, &error);
      if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
        {
          watch (pipe, 1, pipe->to, G_IO_OUT);
          return ALIVE;
        }
      if (sent < 0)
        return BROKEN;
      count (pipe, (gsize)sent);
      if (proxy->left[pipe->direction] == 0)
        {
          proxy->left[pipe->direction] = PROXY_NO_CUT;
          return CUT;
        }
    }
  return ALIVE;
}

/* The end of one direction goes on to the peer; that of both, or of one that
 * leads nowhere, is the connection's. Returns: it is. */
static gboolean
close_if_ended (Pipe *pipe)
{
  ProxyLink *link = pipe->link;
  gboolean passes = pipe->to != NULL && link->proxy->mode == PROXY_PASS;

  if (!pipe->ended || pipe->closed || !g_queue_is_empty (&pipe->packets))
    return FALSE;
  pipe->closed = TRUE;
  if (passes)
    g_socket_shutdown (pipe->to, FALSE, TRUE, NULL);
  return !passes || link->pipes[1 - pipe->direction].closed;
}

/* What can be done now, and what wakes us for the rest. Returns: the connection
 * is still there. */
static gboolean
pump (Pipe *pipe)
{
  State state = ALIVE;

  forget_sources (pipe);
  if (!read_some (pipe))
    state = BROKEN;
  else if (pipe->to != NULL)
    state = write_some (pipe);
  /* Before the target is there, its end can't be told to it. */
  if (state == ALIVE && pipe->link->target == NULL && close_if_ended (pipe))
    state = CUT;
  if (state != ALIVE)
    {
      proxy_link_drop (pipe->link, state == BROKEN);
      return FALSE;
    }
  if (!pipe->ended && pipe->queued < MAX_QUEUED)
    watch (pipe, 0, pipe->from, G_IO_IN);
  return TRUE;
}

/* After a change of what the proxy does; the link may end. */
void
proxy_link_pump (ProxyLink *link)
{
  if (pump (&link->pipes[PROXY_UP]) && link->pipes[PROXY_DOWN].from != NULL)
    pump (&link->pipes[PROXY_DOWN]);
}

gboolean
proxy_link_swallowed (ProxyLink *link)
{
  return link->swallowed;
}

/* Bytes that are on their way fall into the hole, too. */
void
proxy_link_swallow (ProxyLink *link)
{
  gsize i;

  for (i = 0; i < 2; i++)
    {
      link->swallowed |= !g_queue_is_empty (&link->pipes[i].packets);
      g_queue_clear_full (&link->pipes[i].packets, packet_free);
      link->pipes[i].queued = 0;
    }
}

/* --- connections ------------------------------------------------------------ */

static gboolean
on_connected (GSocket *socket, GIOCondition condition, gpointer user_data)
{
  ProxyLink *link = user_data;

  if (!g_socket_check_connect_result (socket, NULL))
    {
      proxy_link_drop (link, TRUE);
      return G_SOURCE_REMOVE;
    }
  g_clear_pointer (&link->connected, g_source_unref);
  link->pipes[PROXY_DOWN].from = g_object_ref (socket);
  link->pipes[PROXY_DOWN].to = g_object_ref (link->pipes[PROXY_UP].from);
  link->pipes[PROXY_UP].to = g_steal_pointer (&link->target);
  proxy_link_pump (link);
  return G_SOURCE_REMOVE;
}

/* Returns: there will be a target. */
static gboolean
connect_link (ProxyLink *link)
{
  Proxy *proxy = link->proxy;
  g_autoptr (GInetAddress) ip
      = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr (GSocketAddress) address
      = g_inet_socket_address_new (ip, proxy->target_port);
  g_autoptr (GError) error = NULL;

  link->target = g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM,
                               G_SOCKET_PROTOCOL_TCP, NULL);
  g_socket_set_blocking (link->target, FALSE);
  if (!g_socket_connect (link->target, address, NULL, &error) &&
      !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_PENDING))
    return FALSE;
  link->connected = g_socket_create_source (link->target, G_IO_OUT, NULL);
  g_source_set_callback (link->connected, G_SOURCE_FUNC (on_connected), link,
                         NULL);
  g_source_attach (link->connected, proxy->context);
  return TRUE;
}

/* A connection that came; into the hole, where there is one. */
void
proxy_link_start (Proxy *proxy, GSocket *client)
{
  ProxyLink *link = g_new0 (ProxyLink, 1);
  gsize i;

  link->proxy = proxy;
  link->swallowed = proxy->mode == PROXY_DROP;
  for (i = 0; i < 2; i++)
    {
      link->pipes[i].link = link;
      link->pipes[i].direction = (ProxyDirection)i;
      link->pipes[i].credit_time = g_get_monotonic_time ();
      g_queue_init (&link->pipes[i].packets);
    }
  link->pipes[PROXY_UP].from = g_object_ref (client);
  g_ptr_array_add (proxy->links, link);
  if (link->swallowed || connect_link (link))
    pump (&link->pipes[PROXY_UP]);
  else
    proxy_link_drop (link, TRUE);
}
