/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define RAW_LAST 0x80
#define RAW_CONTINUATION 0x0
#define RAW_TEXT 0x1
#define RAW_BINARY 0x2
#define RAW_CLOSE 0x8
#define RAW_PING 0x9
#define RAW_PONG 0xA

/**
 * RawPeer:
 * @connection: after the handshake
 * @in: what is read from it
 *
 * A client of a stream that can do what libsoup would not. Its calls block.
 */
typedef struct
{
  GSocketConnection *connection;
  GDataInputStream *in;
} RawPeer;

RawPeer *rawpeer_open         (const gchar  *url);
void     rawpeer_free         (RawPeer      *peer);
void     rawpeer_write        (RawPeer      *peer,
                               gconstpointer bytes,
                               gsize         size);
void     rawpeer_send         (RawPeer      *peer,
                               guint8        first,
                               gconstpointer data,
                               gsize         size);
GBytes  *rawpeer_read         (RawPeer      *peer,
                               guint8       *first,
                               GError      **error);
void     rawpeer_check        (RawPeer      *peer,
                               guint8        first,
                               const gchar  *text);
void     rawpeer_check_closed (RawPeer      *peer,
                               guint16       code);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RawPeer, rawpeer_free)

G_END_DECLS
