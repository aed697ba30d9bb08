/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "proxy.h"

G_BEGIN_DECLS

#define PROXY_NO_CUT G_MAXUINT64

typedef struct _ProxyLink ProxyLink;

/* @lock guards the counters; the rest belongs to the thread. */
struct _Proxy
{
  GMutex lock;
  GCond cond;
  GThread *thread;
  GMainContext *context;
  GMainLoop *loop;
  GSocket *listening;
  GSource *incoming;
  guint16 port;
  guint16 target_port;
  GPtrArray *links;
  ProxyMode mode;
  gint64 delay; /* µs */
  guint rate;
  guint64 left[2]; /* bytes until the cut, or PROXY_NO_CUT */
  guint connections;
  guint64 bytes[2];
};

void     proxy_link_start       (Proxy     *proxy,
                                 GSocket   *client);
void     proxy_link_drop        (ProxyLink *link,
                                 gboolean   reset);
gboolean proxy_link_swallowed   (ProxyLink *link);
void     proxy_link_swallow     (ProxyLink *link);
void     proxy_link_pump        (ProxyLink *link);
void     proxy_close_socket     (GSocket   *socket,
                                 gboolean   reset);

G_END_DECLS
