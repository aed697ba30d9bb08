/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "scribe/netfault.h"

#include <libsoup/soup.h>

/* Quarks of the domains are made at run time. */
typedef GQuark (*DomainFunc) (void);

typedef struct
{
  const gchar *name;
  const gchar *uri;
  EkaNetfaultPhase phase;
  GTlsCertificateFlags certificate;
  DomainFunc domain;
  gint code;
  const gchar *cause;
  gint error;
  const gchar *text;
} Case;

static const Case cases[] = {
  { "no-such-host", "https://nowhere.invalid/x?token=1",
    EKA_NETFAULT_CONNECTING, 0, g_resolver_error_quark,
    G_RESOLVER_ERROR_NOT_FOUND,
    "Error resolving nowhere.invalid: Name or service not known",
    EKA_SCRIBE_ERROR_NETWORK,
    "Could not find the host nowhere.invalid: Name or service not known" },
  { "unreachable", "http://[::1]:8080/", EKA_NETFAULT_CONNECTING, 0,
    g_io_error_quark, G_IO_ERROR_NETWORK_UNREACHABLE,
    "Could not connect to ::1: Network is unreachable",
    EKA_SCRIBE_ERROR_NETWORK,
    "Could not connect to [::1]:8080: Network is unreachable" },
  { "no-answer-to-connect", "https://host:443/", EKA_NETFAULT_CONNECTING, 0,
    g_io_error_quark, G_IO_ERROR_TIMED_OUT, "Socket I/O timed out",
    EKA_SCRIBE_ERROR_NETWORK,
    "Could not connect to host: no answer within 30 s" },
  { "no-answer", "https://user:word@host/", EKA_NETFAULT_WAITING, 0,
    g_io_error_quark, G_IO_ERROR_TIMED_OUT, "Socket I/O timed out",
    EKA_SCRIBE_ERROR_NETWORK, "host did not answer within 30 s" },
  { "certificate", "https://host/", EKA_NETFAULT_SECURING,
    G_TLS_CERTIFICATE_UNKNOWN_CA | G_TLS_CERTIFICATE_EXPIRED |
      G_TLS_CERTIFICATE_BAD_IDENTITY,
    g_tls_error_quark, G_TLS_ERROR_BAD_CERTIFICATE, "Unacceptable",
    EKA_SCRIBE_ERROR_TLS,
    "The certificate of host is not trusted: unknown authority, wrong host, "
    "expired" },
  { "certificate-without-a-reason", "https://host/", EKA_NETFAULT_SECURING, 0,
    g_tls_error_quark, G_TLS_ERROR_BAD_CERTIFICATE, "Unacceptable",
    EKA_SCRIBE_ERROR_TLS,
    "The certificate of host is not trusted: invalid" },
  { "client-certificate", "https://host/", EKA_NETFAULT_WAITING, 0,
    g_tls_error_quark, G_TLS_ERROR_CERTIFICATE_REQUIRED, "required",
    EKA_SCRIBE_ERROR_TLS, "host asks for a client certificate" },
  { "handshake", "https://host/", EKA_NETFAULT_SECURING, 0, g_io_error_quark,
    G_IO_ERROR_CONNECTION_CLOSED, "Connection reset by peer",
    EKA_SCRIBE_ERROR_NETWORK,
    "The TLS handshake with host failed: Connection reset by peer" },
  { "end-without-farewell", "https://host/", EKA_NETFAULT_READING, 0,
    g_tls_error_quark, G_TLS_ERROR_EOF, "closed", EKA_SCRIBE_ERROR_NETWORK,
    "host closed the connection before its answer was complete" },
  { "no-http", "https://host/", EKA_NETFAULT_WAITING, 0,
    soup_session_error_quark, SOUP_SESSION_ERROR_PARSING, "parse",
    EKA_SCRIBE_ERROR_NETWORK, "host sent no valid HTTP answer: parse" },
  { "something-else", "https://host/", EKA_NETFAULT_WAITING, 0,
    g_io_error_quark, G_IO_ERROR_FAILED, "Broken", EKA_SCRIBE_ERROR_NETWORK,
    "The connection to host failed: Broken" },
};

static void
test_sentence (gconstpointer data)
{
  const Case *c = data;
  g_autoptr (GUri) uri = g_uri_parse (c->uri, SOUP_HTTP_URI_FLAGS, NULL);
  EkaNetfault fault = { uri, c->phase, c->certificate, 30 };
  g_autoptr (GError) cause = g_error_new_literal (c->domain (), c->code,
                                                  c->cause);
  g_autoptr (GError) error = eka_netfault_to_error (&fault, cause);

  g_assert_error (error, EKA_SCRIBE_ERROR, c->error);
  g_assert_cmpstr (error->message, ==, c->text);
  g_assert_cmpint (eka_scribe_error_get_info (error)->unsent, ==,
                   c->phase == EKA_NETFAULT_CONNECTING ||
                     c->phase == EKA_NETFAULT_SECURING ||
                     c->error == EKA_SCRIBE_ERROR_TLS);
}

static void
test_cancelled_stays_cancelled (void)
{
  g_autoptr (GUri) uri = g_uri_parse ("http://host/", SOUP_HTTP_URI_FLAGS,
                                      NULL);
  EkaNetfault fault = { uri, EKA_NETFAULT_WAITING, 0, 30 };
  g_autoptr (GError) cause =
    g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED, "cancelled");
  g_autoptr (GError) error = eka_netfault_to_error (&fault, cause);

  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

int
main (int   argc,
      char *argv[])
{
  guint i;

  g_test_init (&argc, &argv, NULL);
  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree gchar *path = g_strconcat ("/netfault/", cases[i].name, NULL);

      g_test_add_data_func (path, &cases[i], test_sentence);
    }
  g_test_add_func ("/netfault/cancelled-stays-cancelled",
                   test_cancelled_stays_cancelled);
  return g_test_run ();
}
