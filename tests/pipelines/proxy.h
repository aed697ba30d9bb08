/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * ProxyMode:
 * @PROXY_PASS: bytes go on, both ways
 * @PROXY_REFUSE: connections are reset as they come, and those that were there
 * @PROXY_DROP: connections are accepted, and all that comes is swallowed; what
 *   has swallowed is reset when the mode changes
 */
typedef enum
{
  PROXY_PASS,
  PROXY_REFUSE,
  PROXY_DROP,
} ProxyMode;

/**
 * ProxyDirection:
 * @PROXY_UP: from who connects to the target
 * @PROXY_DOWN: from the target
 */
typedef enum
{
  PROXY_UP,
  PROXY_DOWN,
} ProxyDirection;

/**
 * Proxy:
 *
 * A TCP proxy on loopback, in a thread of its own, that is as bad as it is
 * told to be. The functions are thread safe, and what they set holds when they
 * return.
 */
typedef struct _Proxy Proxy;

Proxy  *proxy_new             (guint16         target_port);
void    proxy_free            (Proxy          *proxy);
guint16 proxy_get_port        (Proxy          *proxy);
void    proxy_set_mode        (Proxy          *proxy,
                               ProxyMode       mode);
void    proxy_set_delay       (Proxy          *proxy,
                               guint           ms);
void    proxy_set_rate        (Proxy          *proxy,
                               guint           bytes_per_second);
void    proxy_cut_after       (Proxy          *proxy,
                               ProxyDirection  direction,
                               guint64         bytes);
guint   proxy_get_connections (Proxy          *proxy);
guint64 proxy_get_bytes       (Proxy          *proxy,
                               ProxyDirection  direction);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Proxy, proxy_free)

G_END_DECLS
