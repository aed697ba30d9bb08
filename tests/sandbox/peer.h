/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "fixture.h"

G_BEGIN_DECLS

/**
 * Peer:
 * @soup: of this connection alone
 * @connection: (nullable): open, or closed by now
 * @status: HTTP status of the handshake
 * @texts: (element-type utf8): messages that came, of text
 * @binaries: how many others came
 * @closed: the connection is over
 * @error: (nullable): of the connection, once it was open
 *
 * A client of a stream, by libsoup.
 */
typedef struct
{
  SoupSession *soup;
  SoupWebsocketConnection *connection;
  guint status;
  GPtrArray *texts;
  guint binaries;
  gboolean closed;
  GError *error;
} Peer;

typedef gboolean (*PeerCondition) (gpointer user_data);

gchar *stream_create     (Box          *box,
                          const gchar  *members);
Peer  *peer_open         (const gchar  *url);
Peer  *peer_try          (const gchar  *url,
                          const gchar  *authorization);
void   peer_free         (Peer         *peer);
void   peer_text         (Peer         *peer,
                          const gchar  *text);
void   peer_binary       (Peer         *peer,
                          gconstpointer data,
                          gsize         size);
void   peer_media        (Peer         *peer,
                          gconstpointer data,
                          gsize         size);
void   peer_wait         (PeerCondition condition,
                          gpointer      user_data);
void   peer_wait_texts   (Peer         *peer,
                          guint         count);
void   peer_wait_closed  (Peer         *peer);
void   peer_check_closed (Peer         *peer,
                          gushort       code);
void   peer_check_refused (const gchar *url,
                          guint         status);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Peer, peer_free)

#define PEER_START                                                            \
  "{\"event\":\"start\",\"start\":{\"mediaFormat\":"                          \
  "{\"encoding\":\"audio/x-l16\",\"sampleRate\":16000}}}"
#define PEER_STOP "{\"event\":\"stop\"}"

G_END_DECLS
