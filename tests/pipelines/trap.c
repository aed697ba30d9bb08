/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "trap.h"

#define API "/voice/v1"

/**
 * trap_new:
 *
 * Returns: (transfer full): a port of loopback that nobody may knock at
 */
Trap *
trap_new (void)
{
  Trap *self = g_new0 (Trap, 1);
  g_autoptr (GInetAddress) loopback =
      g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr (GSocketAddress) any = g_inet_socket_address_new (loopback, 0);
  g_autoptr (GSocketAddress) bound = NULL;
  g_autoptr (GError) error = NULL;

  self->socket = g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM,
                               G_SOCKET_PROTOCOL_TCP, &error);
  g_assert_no_error (error);
  g_assert_true (g_socket_bind (self->socket, any, TRUE, NULL));
  g_assert_true (g_socket_listen (self->socket, NULL));
  bound = g_socket_get_local_address (self->socket, NULL);
  self->url = g_strdup_printf (
      "http://127.0.0.1:%u" API,
      g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (bound)));
  return self;
}

/**
 * trap_free:
 * @trap: (transfer full): a trap
 */
void
trap_free (Trap *trap)
{
  g_object_unref (trap->socket);
  g_free (trap->url);
  g_free (trap);
}

/**
 * trap_is_untouched:
 * @trap: a trap
 *
 * Returns: whether not a single connection was made, however short
 */
gboolean
trap_is_untouched (Trap *trap)
{
  return g_socket_condition_check (trap->socket, G_IO_IN) == 0;
}
