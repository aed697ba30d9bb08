/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "store.h"

#include <libsoup/soup.h>

G_BEGIN_DECLS

#define SANDBOX_MAX_MESSAGE_SIZE 10000000

/**
 * SandboxWebsocket:
 *
 * The server's end of a WebSocket. The framing is its own, not libsoup's: so
 * reading can pause, and what is sent can be wrong. It frees itself when the
 * connection is over, and counts as one of the store's jobs until then.
 */
typedef struct _SandboxWebsocket SandboxWebsocket;

/**
 * SandboxWebsocketEvents:
 * @message: a message came, in one frame or in fragments
 * @broken: what came is no WebSocket message (a #SANDBOX_CLOSE_ERROR); nothing
 *   that follows is looked at
 * @drained: all that was to be sent is with the kernel
 * @closed: the connection is over; the last event
 */
typedef struct
{
  void (*message) (gpointer      user_data,
                   gboolean      text,
                   gconstpointer data,
                   gsize         size);
  void (*broken)  (gpointer      user_data,
                   const GError *error);
  void (*drained) (gpointer      user_data);
  void (*closed)  (gpointer      user_data);
} SandboxWebsocketEvents;

SandboxWebsocket *sandbox_websocket_accept   (SoupServerMessage  *message,
                                              SandboxStore       *store,
                                              const SandboxWebsocketEvents
                                                                 *events,
                                              gpointer            user_data);
gboolean          sandbox_websocket_is_clear (SandboxWebsocket   *websocket);
void              sandbox_websocket_text     (SandboxWebsocket   *websocket,
                                              const gchar        *text);
void              sandbox_websocket_send     (SandboxWebsocket   *websocket,
                                              GBytes             *frame);
void              sandbox_websocket_close    (SandboxWebsocket   *websocket,
                                              guint16             code,
                                              const gchar        *reason);
void              sandbox_websocket_hold     (SandboxWebsocket   *websocket);
void              sandbox_websocket_resume   (SandboxWebsocket   *websocket);
void              sandbox_websocket_stall    (SandboxWebsocket   *websocket);
void              sandbox_websocket_cut      (SandboxWebsocket   *websocket);
void              sandbox_websocket_reset    (SandboxWebsocket   *websocket);

G_END_DECLS
