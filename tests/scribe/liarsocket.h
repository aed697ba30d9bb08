/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "scribe/socket.h"

G_BEGIN_DECLS

/**
 * EkaLiarSocket:
 * @pcm: (element-type guint8): all binary messages
 * @texts: (element-type utf8): all text messages
 * @ping_interval: the last one that was set, in s
 * @stopped: the end of the stream was told
 * @held: no more than @allowed messages leave
 * @deaf: nothing is sent any more
 * @no_close: the end of the stream is not answered
 * @rude: our goodbye is not answered
 * @goodbyes: that were said
 *
 * A WebSocket without a network. Unless it is told otherwise, what is sent
 * leaves in a later iteration of the thread-default context, and the end of the
 * stream is answered with the code 1000.
 */
#define EKA_TYPE_LIAR_SOCKET (eka_liar_socket_get_type ())
G_DECLARE_FINAL_TYPE (EkaLiarSocket, eka_liar_socket, EKA, LIAR_SOCKET,
                      EkaSocket)

struct _EkaLiarSocket
{
  EkaSocket parent;

  GByteArray *pcm;
  GPtrArray *texts;
  guint ping_interval;
  guint sent;
  gboolean stopped;
  gboolean held;
  guint allowed;
  gboolean deaf;
  gboolean no_close;
  gboolean rude;
  guint goodbyes;
};

EkaLiarSocket *eka_liar_socket_new (void);

G_END_DECLS
