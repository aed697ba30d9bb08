/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "scribe/netfault.h"

#include <libsoup/soup.h>
#include <string.h>

static gint
default_port (GUri *uri)
{
  const gchar *scheme = g_uri_get_scheme (uri);

  return g_strcmp0 (scheme, "https") == 0 || g_strcmp0 (scheme, "wss") == 0
             ? 443 : 80;
}

/**
 * eka_netfault_host:
 * @uri: an http or https URI
 *
 * Returns: (transfer full): host, and port unless it is the usual one, for
 *   people
 */
gchar *
eka_netfault_host (GUri *uri)
{
  const gchar *host = g_uri_get_host (uri);
  gint port = g_uri_get_port (uri);
  g_autoptr (GString) text = g_string_new (host);

  if (strchr (host, ':') != NULL)
    g_string_printf (text, "[%s]", host);
  if (port > 0 && port != default_port (uri))
    g_string_append_printf (text, ":%d", port);
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static gchar *
describe_certificate (GTlsCertificateFlags flags)
{
  static const struct
  {
    GTlsCertificateFlags flag;
    const gchar *text;
  } texts[] = {
    { G_TLS_CERTIFICATE_UNKNOWN_CA, "unknown authority" },
    { G_TLS_CERTIFICATE_BAD_IDENTITY, "wrong host" },
    { G_TLS_CERTIFICATE_NOT_ACTIVATED, "not valid yet" },
    { G_TLS_CERTIFICATE_EXPIRED, "expired" },
    { G_TLS_CERTIFICATE_REVOKED, "revoked" },
    { G_TLS_CERTIFICATE_INSECURE, "insecure algorithm" },
  };
  g_autoptr (GString) list = g_string_new (NULL);
  guint i;

  for (i = 0; i < G_N_ELEMENTS (texts); i++)
    if (flags & texts[i].flag)
      g_string_append_printf (list, "%s%s", list->len > 0 ? ", " : "",
                              texts[i].text);
  if (list->len == 0)
    g_string_append (list, "invalid");
  return g_string_free (g_steal_pointer (&list), FALSE);
}

static GError *
tls_error (const EkaNetfault *fault,
           const GError   *cause,
           const gchar    *host)
{
  g_autofree gchar *flaws = NULL;

  if (g_error_matches (cause, G_TLS_ERROR, G_TLS_ERROR_CERTIFICATE_REQUIRED))
    return g_error_new (EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_TLS,
                        "%s asks for a client certificate", host);
  flaws = describe_certificate (fault->certificate);
  return g_error_new (EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_TLS,
                      "The certificate of %s is not trusted: %s", host, flaws);
}

/* GIO says what it tried before it says why: only the reason is wanted. */
static const gchar *
reason_of (const GError *cause)
{
  const gchar *colon = g_strrstr (cause->message, ": ");

  return colon != NULL ? colon + 2 : cause->message;
}

static gchar *
describe_connecting (const EkaNetfault *fault,
                     const GError   *cause,
                     const gchar    *host)
{
  if (cause->domain == G_RESOLVER_ERROR)
    return g_strdup_printf ("Could not find the host %s: %s", host,
                            reason_of (cause));
  if (g_error_matches (cause, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
    return g_strdup_printf ("Could not connect to %s: no answer within %u s",
                            host, fault->timeout);
  return g_strdup_printf ("Could not connect to %s: %s", host,
                          reason_of (cause));
}

static gchar *
describe_talking (const EkaNetfault *fault,
                  const GError   *cause,
                  const gchar    *host)
{
  if (cause->domain == SOUP_SESSION_ERROR)
    return g_strdup_printf ("%s sent no valid HTTP answer: %s", host,
                            cause->message);
  if (!g_error_matches (cause, G_IO_ERROR, G_IO_ERROR_PARTIAL_INPUT) &&
      !g_error_matches (cause, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED) &&
      !g_error_matches (cause, G_TLS_ERROR, G_TLS_ERROR_EOF))
    return g_strdup_printf ("The connection to %s failed: %s", host,
                            cause->message);
  if (fault->phase == EKA_NETFAULT_READING)
    return g_strdup_printf ("%s closed the connection before its answer was "
                            "complete", host);
  return g_strdup_printf ("%s closed the connection without an answer", host);
}

static gchar *
describe (const EkaNetfault *fault,
          const GError   *cause,
          const gchar    *host)
{
  if (fault->phase == EKA_NETFAULT_CONNECTING)
    return describe_connecting (fault, cause, host);
  if (g_error_matches (cause, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
    return g_strdup_printf ("%s did not answer within %u s", host,
                            fault->timeout);
  if (fault->phase == EKA_NETFAULT_SECURING)
    return g_strdup_printf ("The TLS handshake with %s failed: %s", host,
                            cause->message);
  return describe_talking (fault, cause, host);
}

static GError *
mark_unsent (GError *error)
{
  eka_scribe_error_edit_info (error)->unsent = TRUE;
  return error;
}

/**
 * eka_netfault_to_error:
 * @fault: what is known
 * @cause: what GIO or libsoup says
 *
 * Returns: (transfer full): a sentence for people, as %EKA_SCRIBE_ERROR_TLS
 *   where the certificate is refused and trying again is no use, else as
 *   %EKA_SCRIBE_ERROR_NETWORK; %G_IO_ERROR_CANCELLED and errors of our own
 *   domain stay what they are. Marked as unsent where there was no connection
 *   yet, or none that was secure
 */
GError *
eka_netfault_to_error (const EkaNetfault *fault,
                    const GError   *cause)
{
  g_autofree gchar *host = eka_netfault_host (fault->uri);
  g_autofree gchar *text = NULL;
  GError *error;

  if (cause->domain == EKA_SCRIBE_ERROR ||
      g_error_matches (cause, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return g_error_copy (cause);
  if (fault->certificate != 0 ||
      g_error_matches (cause, G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE) ||
      g_error_matches (cause, G_TLS_ERROR, G_TLS_ERROR_CERTIFICATE_REQUIRED))
    return mark_unsent (tls_error (fault, cause, host));
  text = describe (fault, cause, host);
  error = g_error_new_literal (EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_NETWORK,
                               text);
  return fault->phase <= EKA_NETFAULT_SECURING ? mark_unsent (error) : error;
}
