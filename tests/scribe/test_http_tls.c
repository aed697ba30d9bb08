/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "pki.h"
#include "rig.h"

#include <string.h>

static void
serve (SoupServer        *server,
       SoupServerMessage *msg,
       const char        *path,
       GHashTable        *query,
       gpointer           user_data)
{
  SoupMessageHeaders *in = soup_server_message_get_request_headers (msg);
  SoupMessageHeaders *out = soup_server_message_get_response_headers (msg);
  const gchar *proxy = soup_message_headers_get_one (in,
                                                     "Proxy-Authorization");
  g_autofree gchar *text = g_strdup_printf (
    "version %d, %s, %d bytes",
    soup_server_message_get_http_version (msg),
    proxy != NULL ? "told" : "untold",
    (gint) soup_server_message_get_request_body (msg)->length);

  rig_add (user_data, &((Rig *) user_data)->n_requests);
  soup_server_message_set_status (msg, 200, NULL);
  soup_server_message_set_response (msg, "text/plain", SOUP_MEMORY_COPY, text,
                                    strlen (text));
  if (!g_str_equal (path, "/chunked"))
    return;
  soup_message_headers_set_encoding (out, SOUP_ENCODING_CHUNKED);
  soup_message_body_complete (soup_server_message_get_response_body (msg));
}

static Rig *
tls_rig (const gchar  *name,
         GTlsDatabase *database)
{
  g_autoptr (GTlsCertificate) certificate = pki_load (name);
  Rig *rig = rig_new_soup (serve, NULL, certificate);

  rig_set_http (rig, &(EkaHttpOptions){ .tls_database = database,
                                        .timeout = 20 });
  return rig;
}

static void
test_trusted_speaks_http_1_1 (void)
{
  g_autoptr (GTlsDatabase) database = pki_database ();
  g_autoptr (Rig) rig = tls_rig ("good", database);
  g_autofree gchar *large = g_strnfill (300000, 'x');
  guint i;

  for (i = 0; i < 20; i++)
    {
      g_autoptr (RigCall) call = rig_call (rig, "POST",
                                           i % 2 ? "/x" : "/chunked", large);

      rig_assert_body (call, 200, "version 1, untold, 300000 bytes");
    }
}

static void
test_flaw (gconstpointer data)
{
  const gchar *const *flaw = data;
  g_autoptr (GTlsDatabase) database = pki_database ();
  g_autoptr (Rig) rig = tls_rig (flaw[0], database);
  g_autoptr (RigCall) call = rig_call (rig, "POST", "/x", "sound");
  g_autofree gchar *pattern = g_strdup_printf (
    "^The certificate of 127\\.0\\.0\\.1:[0-9]+ is not trusted: %s$", flaw[1]);

  rig_assert_error (call, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_TLS, pattern);
  g_assert_false (eka_scribe_error_is_transient (call->error));
  g_assert_cmpuint (rig_count (rig, &rig->n_requests), ==, 0);
}

static void
test_trust_is_not_shared (void)
{
  g_autoptr (GTlsDatabase) database = pki_database ();
  g_autoptr (Rig) rig = tls_rig ("good", database);
  g_autoptr (EkaTransport) trusting = g_object_ref (rig->http);
  g_autoptr (RigCall) good = rig_call (rig, "POST", "/x", "sound");
  g_autoptr (RigCall) bad = NULL;

  rig_assert_body (good, 200, NULL);
  rig_set_http (rig, &(EkaHttpOptions){ .timeout = 20 });
  bad = rig_call (rig, "POST", "/x", "sound");
  rig_assert_error (bad, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_TLS,
                    "unknown authority");
}

/* Takes the first bytes of the handshake and does as it is told. */
static void
serve_handshake (Rig       *rig,
                 GIOStream *stream,
                 GSocket   *socket,
                 guint      nth,
                 gpointer   user_data)
{
  GInputStream *in = g_io_stream_get_input_stream (stream);
  gchar bytes[512];

  g_input_stream_read (in, bytes, sizeof bytes, NULL, NULL);
  if (g_str_equal (user_data, "plain"))
    rig_write (stream, "HTTP/1.1 400 Bad Request\r\n\r\n");
  while (g_str_equal (user_data, "silent") &&
         g_input_stream_read (in, bytes, sizeof bytes, NULL, NULL) > 0)
    ;
}

static RigCall *
handshake (Rig         *rig,
           const gchar *pattern)
{
  g_autofree gchar *uri = g_strdup_printf ("https://127.0.0.1:%u/x",
                                           rig->port);
  RigCall *call = rig_call (rig, "POST", uri, "sound");

  rig_assert_error (call, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_NETWORK, pattern);
  return call;
}

static void
test_broken_handshake_is_no_bad_certificate (void)
{
  g_autoptr (Rig) closing = rig_new_raw (serve_handshake, "close");
  g_autoptr (RigCall) call =
    handshake (closing, "^The TLS handshake with 127\\.0\\.0\\.1:[0-9]+ "
                        "failed: ");
}

static void
test_plain_server_is_no_bad_certificate (void)
{
  g_autoptr (Rig) plain = rig_new_raw (serve_handshake, "plain");
  g_autoptr (RigCall) call =
    handshake (plain, "^The TLS handshake with 127\\.0\\.0\\.1:[0-9]+ "
                      "failed: ");
}

static void
test_silent_handshake (void)
{
  g_autoptr (Rig) rig = rig_new_raw (serve_handshake, "silent");
  g_autofree gchar *uri = g_strdup_printf ("https://127.0.0.1:%u/x",
                                           rig->port);
  g_autoptr (RigCall) cancelled = NULL;
  g_autoptr (RigCall) call = NULL;

  cancelled = rig_start (rig, rig_request (rig, "POST", uri, "sound"));
  rig_wait_count (rig, &rig->n_connections, 1);
  g_cancellable_cancel (cancelled->cancellable);
  rig_assert_error (rig_wait (cancelled), G_IO_ERROR, G_IO_ERROR_CANCELLED,
                    "");

  rig_set_http (rig, &(EkaHttpOptions){ .timeout = 1 });
  call = handshake (rig, "^127\\.0\\.0\\.1:[0-9]+ did not answer within 1 s$");
}

/* A proxy: @expected is the line it wants for the user, @target the TLS server
 * that it tunnels to.
 */
typedef struct
{
  const gchar *expected;
  guint16 target;
  GString *log;
} Proxy;

static gpointer
pump_back (gpointer user_data)
{
  GIOStream **ends = user_data;

  g_output_stream_splice (g_io_stream_get_output_stream (ends[0]),
                          g_io_stream_get_input_stream (ends[1]),
                          G_OUTPUT_STREAM_SPLICE_NONE, NULL, NULL);
  return NULL;
}

static void
tunnel (GIOStream *client,
        guint16    port)
{
  g_autoptr (GSocketClient) connector = g_socket_client_new ();
  g_autoptr (GSocketConnection) server = NULL;
  GIOStream *ends[2] = { client };
  GThread *thread;

  g_socket_client_set_enable_proxy (connector, FALSE);
  server = g_socket_client_connect_to_host (connector, "127.0.0.1", port, NULL,
                                            NULL);
  g_assert_nonnull (server);
  ends[1] = G_IO_STREAM (server);
  rig_write (client, "HTTP/1.1 200 Connected\r\n\r\n");
  thread = g_thread_new ("pump", pump_back, ends);
  g_output_stream_splice (g_io_stream_get_output_stream (ends[1]),
                          g_io_stream_get_input_stream (client),
                          G_OUTPUT_STREAM_SPLICE_NONE, NULL, NULL);
  g_socket_shutdown (g_socket_connection_get_socket (server), TRUE, TRUE,
                     NULL);
  g_thread_join (thread);
}

static void
serve_proxy (Rig       *rig,
             GIOStream *stream,
             GSocket   *socket,
             guint      nth,
             gpointer   user_data)
{
  Proxy *proxy = user_data;
  g_autofree gchar *head = rig_read_request (rig, stream, NULL);

  if (head == NULL)
    return;
  g_mutex_lock (&rig->lock);
  g_string_append_len (proxy->log, head, strcspn (head, "\r"));
  g_mutex_unlock (&rig->lock);
  if (strstr (head, "forbidden") != NULL)
    rig_write (stream, "HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n");
  else if (proxy->expected != NULL && strstr (head, proxy->expected) == NULL)
    rig_write (stream, "HTTP/1.1 407 Who are you\r\nContent-Length: 0\r\n"
                       "Proxy-Authenticate: Basic realm=\"x\"\r\n\r\n");
  else if (g_str_has_prefix (head, "CONNECT "))
    tunnel (stream, proxy->target);
  else
    rig_write (stream, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nproxy");
}

static Rig *
proxy_rig (Proxy *proxy)
{
  proxy->log = g_string_new (NULL);
  return rig_new_raw (serve_proxy, proxy);
}

#define BASIC "\r\nProxy-Authorization: Basic bmFtZTp3b3Jk\r\n"

static void
test_proxy_for_http (gconstpointer data)
{
  gboolean in_uri = GPOINTER_TO_INT (data);
  Proxy proxy = { BASIC };
  g_autoptr (Rig) rig = proxy_rig (&proxy);
  g_autofree gchar *uri = g_strdup_printf ("%s127.0.0.1:%u",
                                           in_uri ? "http://name:word@" : "",
                                           rig->port);
  g_autoptr (RigCall) call = NULL;

  rig_set_http (rig, &(EkaHttpOptions){ .timeout = 20, .proxy = uri,
                                        .proxy_id = in_uri ? NULL : "name",
                                        .proxy_pw = in_uri ? NULL : "word" });
  call = rig_call (rig, "POST", "http://127.0.0.1:9/x?y=z", "sound");
  rig_assert_body (call, 200, "proxy");
  g_assert_cmpstr (proxy.log->str, ==,
                   "POST http://127.0.0.1:9/x?y=z HTTP/1.1");
  g_string_free (proxy.log, TRUE);
}

/* The server plays the proxy, to tell that it saw nothing of the credential. */
static void
test_no_proxy_elsewhere_for_this_machine (void)
{
  Proxy proxy = { "\r\nUser-Agent: gst-ekascribe" };
  g_autoptr (Rig) rig = proxy_rig (&proxy);
  g_autoptr (RigCall) straight = NULL;
  g_autoptr (RigCall) known = NULL;

  rig_set_http (rig, &(EkaHttpOptions){ .timeout = 20,
                                        .proxy = "http://proxy.invalid:3128",
                                        .proxy_id = "name",
                                        .proxy_pw = "word" });
  straight = rig_call (rig, "POST", "/x", "sound");
  rig_assert_body (straight, 200, "proxy");
  proxy.expected = BASIC;
  known = rig_call (rig, "POST", "/x", "sound");
  rig_assert_body (known, 407, "");
  g_string_free (proxy.log, TRUE);
}

static void
test_proxy_for_https (void)
{
  g_autoptr (GTlsDatabase) database = pki_database ();
  g_autoptr (Rig) server = tls_rig ("good", database);
  Proxy proxy = { BASIC, server->port };
  g_autoptr (Rig) rig = proxy_rig (&proxy);
  g_autofree gchar *through = g_strdup_printf ("http://127.0.0.1:%u",
                                               rig->port);
  g_autofree gchar *uri = g_strconcat (server->base, "/chunked", NULL);
  g_autofree gchar *line = g_strdup_printf ("CONNECT 127.0.0.1:%u HTTP/1.1",
                                            server->port);
  guint i;

  rig_set_http (rig, &(EkaHttpOptions){ .timeout = 20, .proxy = through,
                                        .proxy_id = "name",
                                        .proxy_pw = "word",
                                        .tls_database = database });
  for (i = 0; i < 5; i++)
    {
      g_autoptr (RigCall) call = rig_call (rig, "POST", uri, "sound");

      rig_assert_body (call, 200, "version 1, untold, 5 bytes");
    }
  g_assert_cmpstr (proxy.log->str, ==, line);
  g_string_free (proxy.log, TRUE);
}

static void
test_proxy_that_refuses (void)
{
  Proxy proxy = { BASIC };
  g_autoptr (Rig) rig = proxy_rig (&proxy);
  g_autofree gchar *through = g_strdup_printf ("http://127.0.0.1:%u",
                                               rig->port);
  g_autoptr (RigCall) plain = NULL;
  g_autoptr (RigCall) tunnelled = NULL;
  g_autoptr (RigCall) forbidden = NULL;

  rig_set_http (rig, &(EkaHttpOptions){ .timeout = 20, .proxy = through,
                                        .proxy_id = "other" });
  plain = rig_call (rig, "POST", "http://127.0.0.1:9/x", "sound");
  rig_assert_body (plain, 407, "");
  tunnelled = rig_call (rig, "POST", "https://127.0.0.1:9/x", "sound");
  rig_assert_body (tunnelled, 407, "");
  forbidden = rig_call (rig, "POST", "https://forbidden/x", "sound");
  rig_assert_error (forbidden, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_NETWORK,
                    "^The proxy did not connect to forbidden \\(HTTP 403\\)$");
  g_string_free (proxy.log, TRUE);
}

static void
test_bad_certificate_behind_proxy (void)
{
  g_autoptr (Rig) server = tls_rig ("good", NULL);
  Proxy proxy = { NULL, server->port };
  g_autoptr (Rig) rig = proxy_rig (&proxy);
  g_autofree gchar *through = g_strdup_printf ("127.0.0.1:%u", rig->port);
  g_autofree gchar *uri = g_strconcat (server->base, "/x", NULL);
  g_autoptr (RigCall) call = NULL;

  rig_set_http (rig, &(EkaHttpOptions){ .timeout = 20, .proxy = through });
  call = rig_call (rig, "POST", uri, "sound");
  rig_assert_error (call, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_TLS,
                    "unknown authority");
  g_string_free (proxy.log, TRUE);
}

int
main (int   argc,
      char *argv[])
{
  static const gchar *const flaws[][2] = {
    { "stranger", "unknown authority" },
    { "elsewhere", "wrong host" },
    { "expired", "expired" },
  };
  guint i;
  gint result;

  g_test_init (&argc, &argv, NULL);
  /* SoupServer offers h2 only when told to. */
  g_setenv ("SOUP_SERVER_HTTP2", "1", TRUE);
  pki_make ();
  g_test_add_func ("/http/tls/trusted-speaks-http-1-1",
                   test_trusted_speaks_http_1_1);
  for (i = 0; i < G_N_ELEMENTS (flaws); i++)
    {
      g_autofree gchar *path = g_strconcat ("/http/tls/refused/", flaws[i][0],
                                            NULL);

      g_test_add_data_func (path, flaws[i], test_flaw);
    }
  g_test_add_func ("/http/tls/trust-is-not-shared", test_trust_is_not_shared);
  g_test_add_func ("/http/tls/broken-handshake-is-no-bad-certificate",
                   test_broken_handshake_is_no_bad_certificate);
  g_test_add_func ("/http/tls/plain-server-is-no-bad-certificate",
                   test_plain_server_is_no_bad_certificate);
  g_test_add_func ("/http/tls/silent-handshake", test_silent_handshake);
  g_test_add_data_func ("/http/proxy/http", GINT_TO_POINTER (FALSE),
                        test_proxy_for_http);
  g_test_add_data_func ("/http/proxy/http-with-user-in-uri",
                        GINT_TO_POINTER (TRUE), test_proxy_for_http);
  g_test_add_func ("/http/proxy/none-elsewhere-for-this-machine",
                   test_no_proxy_elsewhere_for_this_machine);
  g_test_add_func ("/http/proxy/https", test_proxy_for_https);
  g_test_add_func ("/http/proxy/refuses", test_proxy_that_refuses);
  g_test_add_func ("/http/proxy/bad-certificate-behind",
                   test_bad_certificate_behind_proxy);
  result = g_test_run ();
  pki_remove ();
  return result;
}
