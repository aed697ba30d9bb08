/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * EkaSocket:
 *
 * A WebSocket (RFC 6455) that is open. Implemented with libsoup (websocket.h)
 * and, in the tests, without a network. Used from the worker thread only.
 *
 * It takes one message at a time, while eka_socket_is_ready(), and tells when it is
 * again: all the flow control that there is, so that audio never piles up where
 * nobody counts it. Dropping the last reference closes the connection without a word.
 */
#define EKA_TYPE_SOCKET (eka_socket_get_type ())
G_DECLARE_DERIVABLE_TYPE (EkaSocket, eka_socket, EKA, SOCKET, GObject)

/**
 * EkaSocketListener:
 * @ready: there is room for one message, which was awaited
 * @message: a whole message came, `text` being valid UTF-8 then
 * @pong: the peer answered a ping
 * @closed: the last call: the connection is closed, with this code of RFC 6455
 *   section 7.4, or 0 where it broke; @error: in what way, if that is known
 *
 * Who is told. It may drop the socket in `ready` and `closed`.
 */
typedef struct
{
  void (*ready)   (gpointer      user_data);
  void (*message) (GBytes       *message,
                   gboolean      text,
                   gpointer      user_data);
  void (*pong)    (gpointer      user_data);
  void (*closed)  (guint         code,
                   const GError *error,
                   gpointer      user_data);
} EkaSocketListener;

/**
 * EkaSocketClass:
 * @is_ready: see eka_socket_is_ready()
 * @await: see eka_socket_await()
 * @send: see eka_socket_send_text() and eka_socket_send_binary()
 * @set_ping_interval: see eka_socket_set_ping_interval()
 * @close: see eka_socket_close()
 */
struct _EkaSocketClass
{
  GObjectClass parent_class;

  gboolean (*is_ready)      (EkaSocket   *self);
  void (*await)             (EkaSocket   *self);
  gboolean (*send)          (EkaSocket   *self,
                             const gchar *text,
                             GBytes      *binary);
  void (*set_ping_interval) (EkaSocket   *self,
                             guint        seconds);
  void (*close)             (EkaSocket   *self);
};

void eka_socket_set_listener      (EkaSocket               *self,
                                   const EkaSocketListener *listener,
                                   gpointer                 user_data);
gboolean eka_socket_is_ready      (EkaSocket               *self);
void eka_socket_await             (EkaSocket               *self);
gboolean eka_socket_send_text     (EkaSocket               *self,
                                   const gchar             *text);
gboolean eka_socket_send_binary   (EkaSocket               *self,
                                   GBytes                  *bytes);
void eka_socket_set_ping_interval (EkaSocket               *self,
                                   guint                    seconds);
void eka_socket_close             (EkaSocket               *self);

/* For implementations. */
void eka_socket_tell_ready        (EkaSocket               *self);
void eka_socket_tell_message      (EkaSocket               *self,
                                   GBytes                  *message,
                                   gboolean                 text);
void eka_socket_tell_pong         (EkaSocket               *self);
void eka_socket_tell_closed       (EkaSocket               *self,
                                   guint                    code,
                                   const GError            *error);

G_END_DECLS
