/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <libsoup/soup.h>

#include "scribe/socket.h"

G_BEGIN_DECLS

/**
 * EkaWebsocket:
 *
 * An #EkaSocket over libsoup.
 */
#define EKA_TYPE_WEBSOCKET (eka_websocket_get_type ())
G_DECLARE_FINAL_TYPE (EkaWebsocket, eka_websocket, EKA, WEBSOCKET, EkaSocket)

EkaSocket *eka_websocket_new (SoupWebsocketConnection *connection,
                              GSocket                 *socket);

G_END_DECLS
