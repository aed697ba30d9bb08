/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "scribe/origin.h"

#include <string.h>

static gint
port_of (GUri *uri)
{
  gint port = g_uri_get_port (uri);

  if (port > 0)
    return port;
  return g_strcmp0 (g_uri_get_scheme (uri), "http") == 0 ? 80 : 443;
}

/**
 * eka_origin_is_loopback:
 * @uri: a URI
 *
 * Returns: whether what goes to @uri stays on this machine
 */
gboolean
eka_origin_is_loopback (GUri *uri)
{
  const gchar *host = g_uri_get_host (uri);
  g_autoptr (GInetAddress) address = NULL;

  if (host == NULL)
    return FALSE;
  if (g_ascii_strcasecmp (host, "localhost") == 0)
    return TRUE;
  address = g_inet_address_new_from_string (host);
  return address != NULL && g_inet_address_get_is_loopback (address);
}

/**
 * eka_origin_is_http:
 * @uri: a URI
 *
 * Returns: whether @uri is http or https and has a host; the other functions
 *   take no other
 */
gboolean
eka_origin_is_http (GUri *uri)
{
  const gchar *host = g_uri_get_host (uri);

  return host != NULL && *host != '\0' &&
         (g_strcmp0 (g_uri_get_scheme (uri), "https") == 0 ||
          g_strcmp0 (g_uri_get_scheme (uri), "http") == 0);
}

/**
 * eka_origin_is_websocket:
 * @uri: a URI
 *
 * Returns: whether @uri is ws or wss and has a host
 */
gboolean
eka_origin_is_websocket (GUri *uri)
{
  const gchar *host = g_uri_get_host (uri);

  return host != NULL && *host != '\0' &&
         (g_strcmp0 (g_uri_get_scheme (uri), "wss") == 0 ||
          g_strcmp0 (g_uri_get_scheme (uri), "ws") == 0);
}

/**
 * eka_origin_from_websocket:
 * @uri: a URI
 *
 * Returns: (transfer full) (nullable): the http or https URI whose host, port
 *   and encryption a ws or wss URI shares (RFC 6455 section 3), without path;
 *   %NULL where @uri is neither
 */
gchar *
eka_origin_from_websocket (const gchar *uri)
{
  g_autoptr (GUri) parsed = g_uri_parse (uri, G_URI_FLAGS_ENCODED, NULL);
  gboolean wss;

  if (parsed == NULL || !eka_origin_is_websocket (parsed))
    return NULL;
  wss = g_strcmp0 (g_uri_get_scheme (parsed), "wss") == 0;
  return g_uri_join (G_URI_FLAGS_NONE, wss ? "https" : "http", NULL,
                     g_uri_get_host (parsed), g_uri_get_port (parsed), "", NULL,
                     NULL);
}

/**
 * eka_origin_is_private:
 * @uri: an http or https URI
 *
 * Returns: whether nobody on the way can read what goes to @uri: it is https,
 *   or stays on this machine
 */
gboolean
eka_origin_is_private (GUri *uri)
{
  return g_strcmp0 (g_uri_get_scheme (uri), "https") == 0 ||
         eka_origin_is_loopback (uri);
}

/**
 * eka_origin_equal:
 * @a: a URI
 * @b: another
 *
 * Returns: whether scheme, host and port are the same (RFC 6454)
 */
gboolean
eka_origin_equal (GUri *a,
                  GUri *b)
{
  return g_strcmp0 (g_uri_get_scheme (a), g_uri_get_scheme (b)) == 0 &&
         g_ascii_strcasecmp (g_uri_get_host (a), g_uri_get_host (b)) == 0 &&
         port_of (a) == port_of (b);
}

/**
 * eka_origin_is_listed:
 * @uri: a URI
 * @hosts: (nullable) (array zero-terminated=1): entries `host`, for any port,
 *   or `host:port`; an IPv6 address with a port stands in brackets
 *
 * Returns: whether the host of @uri is in the list
 */
gboolean
eka_origin_is_listed (GUri               *uri,
                      const gchar *const *hosts)
{
  const gchar *host = g_uri_get_host (uri);
  gboolean v6 = strchr (host, ':') != NULL;
  g_autofree gchar *literal = g_strdup_printf (v6 ? "[%s]" : "%s", host);
  g_autofree gchar *with_port = g_strdup_printf ("%s:%d", literal,
                                                 port_of (uri));

  for (; hosts != NULL && *hosts != NULL; hosts++)
    if (g_ascii_strcasecmp (*hosts, host) == 0 ||
        g_ascii_strcasecmp (*hosts, literal) == 0 ||
        g_ascii_strcasecmp (*hosts, with_port) == 0)
      return TRUE;
  return FALSE;
}

/**
 * eka_origin_to_string:
 * @uri: a URI
 *
 * Returns: (transfer full): scheme, host and port, for people: without user,
 *   path and query, which may be secret
 */
gchar *
eka_origin_to_string (GUri *uri)
{
  const gchar *host = g_uri_get_host (uri);
  gboolean v6 = host != NULL && strchr (host, ':') != NULL;
  gint port = g_uri_get_port (uri);

  if (port > 0)
    return g_strdup_printf ("%s://%s%s%s:%d", g_uri_get_scheme (uri),
                            v6 ? "[" : "", host, v6 ? "]" : "", port);
  return g_strdup_printf ("%s://%s%s%s", g_uri_get_scheme (uri), v6 ? "[" : "",
                          host, v6 ? "]" : "");
}
