/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "rig.h"

#include <string.h>
#include <sys/socket.h>

/* What a raw server answers, and how it ends the connection. */
typedef struct
{
  const gchar *answer;
  gboolean reset;
  gboolean keep;
  const gchar *method;
  guint status;
  const gchar *body;
  const gchar *error;
} Answer;

/* With SO_LINGER 0 closing sends a reset. */
static void
reset (GSocket *socket)
{
  struct linger linger = { 1, 0 };

  setsockopt (g_socket_get_fd (socket), SOL_SOCKET, SO_LINGER, &linger,
              sizeof linger);
}

static void
serve_answer (Rig       *rig,
              GIOStream *stream,
              GSocket   *socket,
              guint      nth,
              gpointer   user_data)
{
  const Answer *answer = user_data;

  do
    {
      g_autofree gchar *head = rig_read_request (rig, stream, NULL);

      if (head == NULL)
        return;
      rig_write (stream, answer->answer);
    }
  while (answer->keep);
  if (answer->reset)
    reset (socket);
}

static void
test_answer (gconstpointer data)
{
  const Answer *answer = data;
  const gchar *method = answer->method != NULL ? answer->method : "POST";
  g_autoptr (Rig) rig = rig_new_raw (serve_answer, (gpointer) answer);
  g_autoptr (RigCall) call =
    rig_call (rig, method, "/x", g_str_equal (method, "GET") ? NULL : "sound");

  if (answer->error == NULL)
    rig_assert_body (call, answer->status, answer->body);
  else
    rig_assert_error (call, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_NETWORK,
                      answer->error);
  if (answer->keep)
    {
      g_autoptr (RigCall) again = rig_call (rig, "POST", "/x", "sound");

      rig_assert_body (again, answer->status, answer->body);
      g_assert_cmpuint (rig_count (rig, &rig->n_connections), ==, 1);
    }
  else
    g_assert_cmpuint (rig_count (rig, &rig->n_requests), ==, 1);
}

#define OK_HEAD "HTTP/1.1 200 OK\r\n"
#define CHUNKED OK_HEAD "Transfer-Encoding: chunked\r\n\r\n"
#define CUT                                                                   \
  "^127\\.0\\.0\\.1:[0-9]+ closed the connection before its answer was "      \
  "complete$"
#define NO_HTTP "^127\\.0\\.0\\.1:[0-9]+ sent no valid HTTP answer"
#define NO_ANSWER                                                             \
  "^127\\.0\\.0\\.1:[0-9]+ closed the connection without an answer$"

static const struct
{
  const gchar *name;
  Answer answer;
} answers[] = {
  { "whole", { OK_HEAD "Content-Length: 2\r\n\r\n{}", .keep = TRUE,
               .status = 200, .body = "{}" } },
  { "whole-in-chunks", { CHUNKED "1\r\n{\r\n1;x=y\r\n}\r\n0\r\n\r\n",
                         .keep = TRUE, .status = 200, .body = "{}" } },
  { "whole-with-trailers", { CHUNKED "2\r\n{}\r\n0\r\nX-Sum: 1\r\n\r\n",
                             .status = 200, .body = "{}" } },
  { "empty", { "HTTP/1.1 204 No Content\r\n\r\n", .status = 204,
               .body = "" } },
  { "up-to-the-end-of-the-connection",
    { OK_HEAD "Connection: close\r\n\r\n{}", .status = 200, .body = "{}" } },
  { "chunks-with-close",
    { OK_HEAD "Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
              "2\r\n{}\r\n0\r\n\r\n", .status = 200, .body = "{}" } },
  { "informational-first",
    { "HTTP/1.1 102 Processing\r\n\r\n" OK_HEAD "Content-Length: 2\r\n\r\n{}",
      .keep = TRUE, .status = 200, .body = "{}" } },
  { "misdirected", { "HTTP/1.1 421 No\r\nContent-Length: 2\r\n\r\n{}",
                     .keep = TRUE, .status = 421, .body = "{}" } },
  { "cut-in-length", { OK_HEAD "Content-Length: 20\r\n\r\n{\"a\":1}",
                       .error = CUT } },
  { "cut-in-length-of-get", { OK_HEAD "Content-Length: 20\r\n\r\n{\"a\":1}",
                              .method = "GET", .error = CUT } },
  { "cut-before-body", { OK_HEAD "Content-Length: 20\r\n\r\n",
                         .error = CUT } },
  { "cut-in-chunk", { CHUNKED "8\r\n{}", .error = CUT } },
  { "cut-between-chunks", { CHUNKED "2\r\n{}\r\n", .error = CUT } },
  { "cut-after-chunk", { CHUNKED "2\r\n{}", .error = CUT } },
  { "cut-in-chunk-size", { CHUNKED "2\r\n{}\r\n1", .error = CUT } },
  { "cut-before-chunks", { CHUNKED, .error = CUT } },
  { "cut-in-last-chunk", { CHUNKED "2\r\n{}\r\n0", .error = CUT } },
  { "cut-after-last-chunk", { CHUNKED "2\r\n{}\r\n0\r\n", .error = CUT } },
  { "cut-chunks-with-close",
    { OK_HEAD "Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
              "2\r\n{}\r\n", .error = CUT } },
  { "cut-refusal", { "HTTP/1.1 401 No\r\nTransfer-Encoding: chunked\r\n\r\n"
                     "2\r\n{}\r\n", .error = CUT } },
  { "cut-in-headers", { OK_HEAD "Content-Le", .error = NO_HTTP } },
  { "cut-between-headers", { OK_HEAD "Content-Length: 2\r\n",
                             .error = CUT } },
  { "closed", { "", .error = NO_ANSWER } },
  { "closed-on-get", { "", .method = "GET", .error = NO_ANSWER } },
  { "reset", { "", .reset = TRUE, .error = "^(" NO_ANSWER "|The connection "
                                           "to 127\\.0\\.0\\.1:[0-9]+ failed"
                                           ": .*reset.*$)" } },
  { "no-http", { "SSH-2.0-OpenSSH_9.2\r\n\r\n",
                 .error = NO_HTTP } },
};

static void
test_refused (void)
{
  g_autoptr (Rig) rig = rig_new_raw (serve_answer, NULL);
  g_autoptr (GSocket) taken = g_socket_new (
    G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, NULL);
  g_autoptr (GSocketAddress) any =
    g_inet_socket_address_new_from_string ("127.0.0.1", 0);
  g_autoptr (GSocketAddress) address = NULL;
  g_autofree gchar *uri = NULL;
  g_autofree gchar *text = NULL;
  g_autoptr (RigCall) call = NULL;
  guint port;

  /* Bound, so that nobody else takes it, but not listening. */
  g_assert_true (g_socket_bind (taken, any, FALSE, NULL));
  address = g_socket_get_local_address (taken, NULL);
  port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (address));
  uri = g_strdup_printf ("http://127.0.0.1:%u/x?secret=1", port);
  text = g_strdup_printf (
    "^Could not connect to 127\\.0\\.0\\.1:%u: Connection refused$", port);
  call = rig_call (rig, "POST", uri, "sound");
  rig_assert_error (call, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_NETWORK, text);
  g_assert_true (eka_scribe_error_is_transient (call->error));
}

static void
test_bad_address (void)
{
  g_autoptr (Rig) rig = rig_new_raw (serve_answer, NULL);
  static const gchar *const uris[] = { "wss://host/x", "nonsense", "http:///x",
                                       "http://", "mailto:a@b" };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (uris); i++)
    {
      g_autoptr (RigCall) call = rig_call (rig, "POST", uris[i], "sound");

      rig_assert_error (call, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_PROTOCOL,
                        "^The address of the upload call is no http");
    }
}

/* Reads the request and says nothing until the client goes. */
static void
serve_silence (Rig       *rig,
               GIOStream *stream,
               GSocket   *socket,
               guint      nth,
               gpointer   user_data)
{
  const gchar *answer = user_data;
  g_autofree gchar *head = rig_read_request (rig, stream, NULL);
  g_autofree gchar *more = NULL;

  if (answer != NULL)
    rig_write (stream, answer);
  more = rig_read_request (rig, stream, NULL);
}

static void
test_timeout (void)
{
  g_autoptr (Rig) rig = rig_new_raw (serve_silence, NULL);
  g_autoptr (RigCall) call = NULL;

  rig_set_http (rig, &(EkaHttpOptions){ .timeout = 1 });
  call = rig_call (rig, "POST", "/x", "sound");
  rig_assert_error (call, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_NETWORK,
                    "^127\\.0\\.0\\.1:[0-9]+ did not answer within 1 s$");
  g_assert_cmpuint (rig_count (rig, &rig->n_requests), ==, 1);
}

/* Informational answers without end, one every 50 ms. */
static void
serve_chatter (Rig       *rig,
               GIOStream *stream,
               GSocket   *socket,
               guint      nth,
               gpointer   user_data)
{
  g_autofree gchar *head = rig_read_request (rig, stream, NULL);
  const gchar *more = "HTTP/1.1 100 Continue\r\n\r\n";
  GOutputStream *output = g_io_stream_get_output_stream (stream);

  while (head != NULL && g_output_stream_write_all (output, more,
                                                    strlen (more), NULL, NULL,
                                                    NULL))
    g_socket_condition_timed_wait (socket, G_IO_HUP | G_IO_ERR,
                                   50 * G_TIME_SPAN_MILLISECOND, NULL, NULL);
}

static void
test_chatter_without_an_answer (void)
{
  g_autoptr (Rig) rig = rig_new_raw (serve_chatter, NULL);
  g_autoptr (RigCall) call = NULL;

  rig_set_http (rig, &(EkaHttpOptions){ .timeout = 3 });
  call = rig_call (rig, "POST", "/x", "sound");
  rig_assert_error (call, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_NETWORK,
                    "^127\\.0\\.0\\.1:[0-9]+ took too long: ");
}

static void
test_timeout_in_body (void)
{
  g_autoptr (Rig) rig =
    rig_new_raw (serve_silence, OK_HEAD "Content-Length: 20\r\n\r\n{");
  g_autoptr (RigCall) call = NULL;

  rig_set_http (rig, &(EkaHttpOptions){ .timeout = 1 });
  call = rig_call (rig, "GET", "/x", NULL);
  rig_assert_error (call, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_NETWORK,
                    "^127\\.0\\.0\\.1:[0-9]+ did not answer within 1 s$");
}

static void
test_cancelled_in_body (void)
{
  g_autoptr (Rig) rig =
    rig_new_raw (serve_silence, OK_HEAD "Content-Length: 20\r\n\r\n{");
  g_autoptr (RigCall) call = rig_start (rig, rig_request (rig, "POST", "/x",
                                                          "sound"));

  rig_wait_count (rig, &rig->n_requests, 1);
  g_cancellable_cancel (call->cancellable);
  rig_assert_error (rig_wait (call), G_IO_ERROR, G_IO_ERROR_CANCELLED, "");
}

/* Listens, but its line is full: Linux drops what comes then, so that a client
 * goes on trying to connect.
 */
static GSocket *
make_deaf_listener (GPtrArray *fillers)
{
  GSocket *listener = g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM,
                                    G_SOCKET_PROTOCOL_TCP, NULL);
  g_autoptr (GSocketAddress) any =
    g_inet_socket_address_new_from_string ("127.0.0.1", 0);
  g_autoptr (GSocketAddress) address = NULL;
  guint i;

  g_assert_true (g_socket_bind (listener, any, FALSE, NULL));
  g_socket_set_listen_backlog (listener, 0);
  g_assert_true (g_socket_listen (listener, NULL));
  address = g_socket_get_local_address (listener, NULL);
  for (i = 0; i < 4; i++)
    {
      GSocket *filler = g_socket_new (G_SOCKET_FAMILY_IPV4,
                                      G_SOCKET_TYPE_STREAM,
                                      G_SOCKET_PROTOCOL_TCP, NULL);

      g_socket_set_blocking (filler, FALSE);
      g_socket_connect (filler, address, NULL, NULL);
      g_ptr_array_add (fillers, filler);
    }
  return listener;
}

static void
test_deaf_host (void)
{
  g_autoptr (Rig) rig = rig_new_raw (serve_silence, NULL);
  g_autoptr (GPtrArray) fillers =
    g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (GSocket) listener = make_deaf_listener (fillers);
  g_autoptr (GSocketAddress) address = g_socket_get_local_address (listener,
                                                                   NULL);
  g_autofree gchar *uri = g_strdup_printf (
    "http://127.0.0.1:%u/x",
    g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (address)));
  g_autoptr (RigCall) cancelled = NULL;
  g_autoptr (RigCall) late = NULL;

  cancelled = rig_start (rig, rig_request (rig, "POST", uri, "sound"));
  g_cancellable_cancel (cancelled->cancellable);
  rig_assert_error (rig_wait (cancelled), G_IO_ERROR, G_IO_ERROR_CANCELLED,
                    "");
  rig_set_http (rig, &(EkaHttpOptions){ .timeout = 1 });
  late = rig_call (rig, "POST", uri, "sound");
  rig_assert_error (late, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_NETWORK,
                    "^Could not connect to 127\\.0\\.0\\.1:[0-9]+: no answer "
                    "within 1 s$");
  g_assert_true (eka_scribe_error_get_info (late->error)->unsent);
}

/* One answer on each of the first @good connections; what comes after on the
 * same connection is read and the connection closed.
 */
static void
serve_stale (Rig       *rig,
             GIOStream *stream,
             GSocket   *socket,
             guint      nth,
             gpointer   user_data)
{
  guint good = GPOINTER_TO_UINT (user_data);
  g_autoptr (GBytes) body = NULL;
  g_autofree gchar *head = rig_read_request (rig, stream, &body);
  g_autofree gchar *more = NULL;
  g_autofree gchar *answer = NULL;

  if (head == NULL || nth >= good)
    return;
  answer = g_strdup_printf (OK_HEAD "Content-Length: %u\r\n\r\n%.*s",
                            (guint) g_bytes_get_size (body),
                            (gint) g_bytes_get_size (body),
                            (const gchar *) g_bytes_get_data (body, NULL));
  rig_write (stream, answer);
  more = rig_read_request (rig, stream, NULL);
}

static void
stale (const gchar *method)
{
  g_autoptr (Rig) rig = rig_new_raw (serve_stale, GUINT_TO_POINTER (2));
  g_autoptr (RigCall) first = rig_call (rig, method, "/x", "one");
  g_autoptr (RigCall) second = rig_call (rig, method, "/x", "two");

  rig_assert_body (first, 200, "one");
  rig_assert_body (second, 200, "two");
  g_assert_false (first->reply->repeated);
  g_assert_true (second->reply->repeated);
  g_assert_cmpuint (rig_count (rig, &rig->n_connections), ==, 2);
  g_assert_cmpuint (rig_count (rig, &rig->n_requests), ==, 3);
}

static void
test_stale_post_is_repeated (void)
{
  stale ("POST");
}

static void
test_stale_put_keeps_its_body (void)
{
  stale ("PUT");
}

static void
test_stale_is_repeated_only_once (void)
{
  g_autoptr (Rig) rig = rig_new_raw (serve_stale, GUINT_TO_POINTER (1));
  g_autoptr (RigCall) first = rig_call (rig, "POST", "/x", "one");
  g_autoptr (RigCall) second = rig_call (rig, "POST", "/x", "two");

  rig_assert_body (first, 200, "one");
  rig_assert_error (second, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_NETWORK,
                    NO_ANSWER);
  g_assert_cmpuint (rig_count (rig, &rig->n_requests), ==, 3);
}

/* A second sending may do harm: neither libsoup nor we repeat it, and it does not
 * go where that would be of use.
 * @good: connections that answer */
static void
send_once (guint good)
{
  g_autoptr (Rig) rig = rig_new_raw (serve_stale, GUINT_TO_POINTER (good));
  g_autoptr (RigCall) first = rig_call (rig, "POST", "/x", "one");
  EkaRequest *request = rig_request (rig, "POST", "/x", "two");
  g_autoptr (RigCall) second = NULL;

  rig_assert_body (first, 200, "one");
  request->once = TRUE;
  second = rig_wait (rig_start (rig, request));
  if (good > 1)
    {
      rig_assert_body (second, 200, "two");
      g_assert_false (second->reply->repeated);
    }
  else
    {
      rig_assert_error (second, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_NETWORK,
                        NO_ANSWER);
      g_assert_false (eka_scribe_error_get_info (second->error)->unsent);
    }
  g_assert_cmpuint (rig_count (rig, &rig->n_requests), ==, 2);
  g_assert_cmpuint (rig_count (rig, &rig->n_connections), ==, 2);
}

static void
test_once_needs_no_second_try (void)
{
  send_once (2);
}

static void
test_once_gets_no_second_try (void)
{
  send_once (1);
}

/* One answer a connection, which is closed behind it without a word. */
static void
serve_one (Rig       *rig,
           GIOStream *stream,
           GSocket   *socket,
           guint      nth,
           gpointer   user_data)
{
  g_autofree gchar *head = rig_read_request (rig, stream, NULL);

  rig_write (stream, OK_HEAD "Content-Length: 2\r\n\r\n{}");
}

static void
test_closed_between_calls (void)
{
  g_autoptr (Rig) rig = rig_new_raw (serve_one, NULL);
  guint i;

  for (i = 0; i < 20; i++)
    {
      g_autoptr (RigCall) call = rig_call (rig, i % 2 ? "PUT" : "POST", "/x",
                                           "sound");

      rig_assert_body (call, 200, "{}");
    }
  g_assert_cmpuint (rig_count (rig, &rig->n_connections), >=, 20);
}

static void
serve_keep (Rig       *rig,
            GIOStream *stream,
            GSocket   *socket,
            guint      nth,
            gpointer   user_data)
{
  gchar *head;

  while ((head = rig_read_request (rig, stream, NULL)) != NULL)
    {
      g_free (head);
      rig_write (stream, OK_HEAD "Content-Length: 2\r\n\r\n{}");
    }
}

static void
test_fifty_posts_take_one_connection (void)
{
  g_autoptr (Rig) rig = rig_new_raw (serve_keep, NULL);
  guint i;

  for (i = 0; i < 50; i++)
    {
      g_autoptr (RigCall) call = rig_call (rig, "POST", "/x", "sound");

      rig_assert_body (call, 200, "{}");
    }
  g_assert_cmpuint (rig_count (rig, &rig->n_requests), ==, 50);
  g_assert_cmpuint (rig_count (rig, &rig->n_connections), ==, 1);
}

static void
test_same_options_share_connections (void)
{
  g_autoptr (Rig) rig = rig_new_raw (serve_keep, NULL);
  g_autoptr (EkaTransport) before = g_object_ref (rig->http);
  g_autoptr (RigCall) first = rig_call (rig, "POST", "/x", "sound");
  g_autoptr (RigCall) second = NULL;
  g_autoptr (RigCall) third = NULL;

  rig_set_http (rig, &(EkaHttpOptions){ .timeout = 20, .user_agent = "x" });
  second = rig_call (rig, "POST", "/x", "sound");
  g_assert_cmpuint (rig_count (rig, &rig->n_connections), ==, 1);
  rig_set_http (rig, &(EkaHttpOptions){ .timeout = 21 });
  third = rig_call (rig, "POST", "/x", "sound");
  g_assert_cmpuint (rig_count (rig, &rig->n_connections), ==, 2);
}

/* Sends the head of an answer and then bytes for as long as they are taken. */
static void
serve_flood (Rig       *rig,
             GIOStream *stream,
             GSocket   *socket,
             guint      nth,
             gpointer   user_data)
{
  GOutputStream *out = g_io_stream_get_output_stream (stream);
  g_autofree gchar *head = rig_read_request (rig, stream, NULL);
  g_autofree gchar *piece = g_strnfill (65536, ' ');
  gsize sent = 0;

  rig_write (stream, user_data);
  while (sent < 64 * 1024 * 1024 &&
         (strstr (user_data, "chunked") == NULL ||
          g_output_stream_write_all (out, "10000\r\n", 7, NULL, NULL, NULL)) &&
         g_output_stream_write_all (out, piece, 65536, NULL, NULL, NULL) &&
         (strstr (user_data, "chunked") == NULL ||
          g_output_stream_write_all (out, "\r\n", 2, NULL, NULL, NULL)))
    sent += 65536;
  g_assert_cmpuint (sent, <, 40 * 1024 * 1024);
  rig_add (rig, &rig->n_requests);
}

static void
test_too_large (gconstpointer data)
{
  g_autoptr (Rig) rig = rig_new_raw (serve_flood, (gpointer) data);
  g_autoptr (RigCall) call = rig_call (rig, "GET", "/x", NULL);

  rig_assert_error (call, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_TOO_LARGE,
                    "^The answer of 127\\.0\\.0\\.1:[0-9]+ has more than 16 "
                    "MiB$");
  g_assert_cmpuint (eka_scribe_error_get_info (call->error)->http_status, ==,
                    g_ascii_strtoull ((const gchar *) data + 9, NULL, 10));
  rig_wait_count (rig, &rig->n_requests, 2);
}

static void
test_largest (void)
{
  const gsize size = 16 * 1024 * 1024;
  g_autofree gchar *blanks = g_strnfill (size, ' ');
  g_autofree gchar *text = g_strdup_printf (
    OK_HEAD "Content-Length: %" G_GSIZE_FORMAT "\r\n\r\n%s", size, blanks);
  Answer answer = { text };
  g_autoptr (Rig) rig = rig_new_raw (serve_answer, &answer);
  g_autoptr (RigCall) call = rig_call (rig, "GET", "/x", NULL);

  rig_assert_body (call, 200, NULL);
  g_assert_cmpuint (g_bytes_get_size (call->reply->body), ==, size);
}

int
main (int   argc,
      char *argv[])
{
  guint i;

  g_test_init (&argc, &argv, NULL);
  for (i = 0; i < G_N_ELEMENTS (answers); i++)
    {
      g_autofree gchar *path = g_strconcat ("/http/answer/", answers[i].name,
                                            NULL);

      g_test_add_data_func (path, &answers[i].answer, test_answer);
    }
  g_test_add_func ("/http/refused", test_refused);
  g_test_add_func ("/http/bad-address", test_bad_address);
  g_test_add_func ("/http/timeout", test_timeout);
  g_test_add_func ("/http/chatter-without-an-answer",
                   test_chatter_without_an_answer);
  g_test_add_func ("/http/timeout-in-body", test_timeout_in_body);
  g_test_add_func ("/http/cancelled-in-body", test_cancelled_in_body);
  g_test_add_func ("/http/deaf-host", test_deaf_host);
  g_test_add_func ("/http/same-options-share-connections",
                   test_same_options_share_connections);
  g_test_add_func ("/http/stale/post-is-repeated",
                   test_stale_post_is_repeated);
  g_test_add_func ("/http/stale/put-keeps-its-body",
                   test_stale_put_keeps_its_body);
  g_test_add_func ("/http/stale/is-repeated-only-once",
                   test_stale_is_repeated_only_once);
  g_test_add_func ("/http/once/needs-no-second-try",
                   test_once_needs_no_second_try);
  g_test_add_func ("/http/once/gets-no-second-try",
                   test_once_gets_no_second_try);
  g_test_add_func ("/http/closed-between-calls", test_closed_between_calls);
  g_test_add_func ("/http/fifty-posts-take-one-connection",
                   test_fifty_posts_take_one_connection);
  g_test_add_data_func ("/http/too-large/by-length",
                        OK_HEAD "Content-Length: 67108864\r\n\r\n",
                        test_too_large);
  g_test_add_data_func ("/http/too-large/in-chunks", CHUNKED, test_too_large);
  g_test_add_data_func ("/http/too-large/refusal-in-chunks",
                        "HTTP/1.1 401 No\r\nTransfer-Encoding: chunked\r\n"
                        "\r\n", test_too_large);
  g_test_add_data_func ("/http/too-large/without-length",
                        OK_HEAD "Connection: close\r\n\r\n", test_too_large);
  g_test_add_func ("/http/largest-answer-passes", test_largest);
  return g_test_run ();
}
