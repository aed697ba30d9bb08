/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "fixture.h"

#include <string.h>

#define PATH "sessions/" SESSION
#define CREATE "{" MINIMAL ",\"session_id\":\"" SESSION "\"}"
#define PATIENCE 60 /* s */

/* --- below libsoup -------------------------------------------------------- */

static GSocketConnection *
connect_to (Box *box)
{
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GError) error = NULL;
  GSocketConnection *connection;

  g_socket_client_set_timeout (client, PATIENCE);
  connection = g_socket_client_connect_to_uri (client, box->base_url, 80, NULL,
                                               &error);
  g_assert_no_error (error);
  return connection;
}

/* Says that @size bytes of body come, whatever @body is. */
static void
send_request (Box *box, GSocketConnection *connection, const gchar *method,
              const gchar *path, const gchar *body, gsize size)
{
  GOutputStream *out = g_io_stream_get_output_stream (G_IO_STREAM (connection));
  g_autofree gchar *request = g_strdup_printf (
      "%s %s/%s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
      "Content-Type: application/json\r\n"
      "Content-Length: %" G_GSIZE_FORMAT "\r\n\r\n%s",
      method, strstr (box->base_url, "/voice"), path, size, body);
  g_autoptr (GError) error = NULL;

  g_output_stream_write_all (out, request, strlen (request), NULL, NULL,
                             &error);
  g_assert_no_error (error);
}

/* All that comes; @error (nullable) is how it ends, if not in good order. */
static GString *
read_all (GSocketConnection *connection, GError **error)
{
  GInputStream *in = g_io_stream_get_input_stream (G_IO_STREAM (connection));
  GString *answer = g_string_new (NULL);
  gchar buffer[4096];
  gssize got;

  while ((got = g_input_stream_read (in, buffer, sizeof buffer, NULL, error))
         > 0)
    g_string_append_len (answer, buffer, got);
  return answer;
}

static GString *
exchange (Box *box, const gchar *method, const gchar *path, const gchar *body,
          GError **error)
{
  g_autoptr (GSocketConnection) connection = connect_to (box);

  send_request (box, connection, method, path, body, strlen (body));
  return read_all (connection, error);
}

static const gchar *
find_body (const GString *answer)
{
  const gchar *end = strstr (answer->str, "\r\n\r\n");

  g_assert_nonnull (end);
  return end + 4;
}

static void
check_status (Box *box, const gchar *method, const gchar *path,
              const gchar *json, guint status, const gchar *code)
{
  g_autoptr (GBytes) body = json ? g_bytes_new (json, strlen (json)) : NULL;
  g_autoptr (Answer) answer
      = box_send (box, method, path, json ? "application/json" : NULL, body);

  answer_check (answer, status, code);
}

static GBytes *
make_chunk (void)
{
  g_autoptr (GArray) samples = make_tone (16000, 1, 1600, 440.0, 0.25);

  return make_wav (16000, 1, samples);
}

static Answer *
upload (Box *box, const gchar *name)
{
  g_autofree gchar *path = g_strconcat (PATH "/audio/", name, NULL);
  g_autoptr (GBytes) chunk = make_chunk ();

  return box_send (box, "POST", path, "audio/wav", chunk);
}

static void
check_files (Answer *answer, gint64 count, guint length)
{
  g_assert_cmpint (answer_int (answer, "audio_files_received"), ==, count);
  g_assert_cmpuint (json_array_get_length (json_node_get_array (
                        answer_find (answer, "audio_files"))),
                    ==, length);
}

/* --- in place of the work ------------------------------------------------- */

static void
test_reset (void)
{
  g_autoptr (Box) box = box_start ("--fault=create:1:reset", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (GString) answer = exchange (box, "POST", "sessions", CREATE,
                                         &error);

  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED);
  g_assert_cmpuint (answer->len, ==, 0);
  box_create (box, NULL);
}

/* Others are answered meanwhile, and the sandbox can be stopped. */
static void
test_stall (void)
{
  g_autoptr (Box) box = box_start ("--fault=create:1-2:stall", NULL);
  g_autoptr (GSocketConnection) gone = connect_to (box);
  g_autoptr (GSocketConnection) held = connect_to (box);
  GSocket *socket = g_socket_connection_get_socket (held);

  send_request (box, gone, "POST", "sessions", CREATE, strlen (CREATE));
  send_request (box, held, "POST", "sessions", CREATE, strlen (CREATE));
  check_status (box, "GET", PATH, NULL, 404, "session_not_found");
  g_assert_true (g_io_stream_close (G_IO_STREAM (gone), NULL, NULL));
  check_status (box, "GET", PATH, NULL, 404, "session_not_found");
  g_assert_false (g_socket_condition_timed_wait (socket, G_IO_IN | G_IO_HUP,
                                                 200000, NULL, NULL));
  box_create (box, NULL);
}

static void
test_early (void)
{
  g_autoptr (Box) box = box_start ("--fault=create:1:early", NULL);
  g_autoptr (GSocketConnection) connection = connect_to (box);
  g_autoptr (GError) error = NULL;
  g_autoptr (GString) answer = NULL;

  send_request (box, connection, "POST", "sessions", "{\"upload", 900000);
  answer = read_all (connection, &error);
  g_assert_no_error (error);
  g_assert_true (g_str_has_prefix (answer->str, "HTTP/1.1 503 "));
  g_assert_nonnull (strstr (find_body (answer), "\"service_unavailable\""));
  check_status (box, "GET", PATH, NULL, 404, "session_not_found");
}

static void
test_statuses (void)
{
  static const struct
  {
    const gchar *fault;
    guint status;
    const gchar *code;
  } cases[] = {
    { "400", 400, "invalid_request" },
    { "400/invalid_audio_format", 400, "invalid_audio_format" },
    { "401", 401, "authentication_failed" },
    { "403", 403, "forbidden" },
    { "404", 404, "session_not_found" },
    { "409", 409, "conflict" },
    { "410", 410, "session_expired" },
    { "413", 413, "chunk_too_large" },
    { "422", 422, "validation_error" },
    { "429", 429, "rate_limit_exceeded" },
    { "500", 500, "internal_error" },
    { "503", 503, "service_unavailable" },
  };
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree gchar *option
          = g_strconcat ("--fault=upload:1:", cases[i].fault, NULL);
      g_autoptr (Box) box = box_start (option, NULL);
      g_autoptr (Answer) refused = NULL;
      g_autoptr (Answer) after = NULL;

      box_create (box, NULL);
      refused = upload (box, "a_0.wav");
      answer_check (refused, cases[i].status, cases[i].code);
      after = box_get (box, PATH);
      check_files (after, 0, 0);
    }
}

static void
test_gone (void)
{
  g_autoptr (Box) box = box_start ("--fault=get:1:410", NULL);
  g_autoptr (Answer) answer = NULL;

  box_create (box, NULL);
  answer = box_get (box, PATH);
  answer_check (answer, 410, NULL);
  g_assert_null (answer_find (answer, "error"));
  g_assert_cmpstr (answer_string (answer, "status"), ==, "expired");
  g_assert_cmpstr (answer_string (answer, "session_id"), ==, SESSION);
  g_assert_nonnull (answer_string (answer, "message"));
  g_assert_nonnull (answer_string (answer, "expired_at"));
  check_status (box, "GET", PATH, NULL, 202, NULL);
}

static void
test_retry_after (void)
{
  static const gchar *const values[] = { "1", "7", "-3", NULL, "5" };
  g_autoptr (Box) box
      = box_start ("--fault=get:1:429", "--fault=get:2:429=7",
                   "--fault=get:3:429=-3", "--fault=get:4:503",
                   "--fault=get:5:503=5", "--fault=get:6:429=date", NULL);
  g_autoptr (Answer) dated = NULL;
  g_autoptr (GDateTime) date = NULL;
  g_autoptr (GDateTime) now = NULL;
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (values); i++)
    {
      g_autoptr (Answer) answer = box_get (box, PATH);

      g_assert_cmpstr (
          soup_message_headers_get_one (answer->headers, "Retry-After"), ==,
          values[i]);
    }
  dated = box_get (box, PATH);
  date = soup_date_time_new_from_http_string (
      soup_message_headers_get_one (dated->headers, "Retry-After"));
  now = soup_date_time_new_from_http_string (
      soup_message_headers_get_one (dated->headers, "Date"));
  g_assert_cmpint (g_date_time_difference (date, now), >=, G_TIME_SPAN_SECOND);
  g_assert_cmpint (g_date_time_difference (date, now), <=,
                   2 * G_TIME_SPAN_SECOND);
}

static void
test_gateway (void)
{
  g_autoptr (Box) box = box_start ("--fault=create:1:502", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (GString) answer
      = exchange (box, "POST", "sessions", CREATE, &error);

  g_assert_no_error (error);
  g_assert_true (g_str_has_prefix (answer->str, "HTTP/1.1 502 "));
  g_assert_nonnull (strstr (answer->str, "Content-Type: text/html\r\n"));
  g_assert_true (g_str_has_prefix (find_body (answer), "<html>"));
  box_create (box, NULL);
}

static void
test_success_false (void)
{
  g_autoptr (Box) box = box_start ("--fault=upload:1:success-false", NULL);
  g_autoptr (Answer) answer = NULL;
  g_autoptr (Answer) after = NULL;

  box_create (box, NULL);
  answer = upload (box, "a_0.wav");
  answer_check (answer, 200, NULL);
  g_assert_false (json_node_get_boolean (answer_find (answer, "success")));
  g_assert_cmpstr (answer_string (answer, "original_filename"), ==, "a_0.wav");
  after = box_get (box, PATH);
  check_files (after, 0, 0);
}

/* --- after the work ------------------------------------------------------- */

static void
test_lost (void)
{
  g_autoptr (Box) box
      = box_start ("--fault=create:1:lost", "--fault=upload:1:lost", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (GString) created
      = exchange (box, "POST", "sessions", CREATE, &error);
  g_autoptr (GString) uploaded = NULL;
  g_autoptr (Answer) after = NULL;

  g_assert_no_error (error);
  g_assert_cmpuint (created->len, ==, 0);
  check_status (box, "POST", "sessions", CREATE, 409,
                "txn_already_initialized");
  /* The type is wrong: even a refusal is lost. */
  uploaded = exchange (box, "POST", PATH "/audio/a_0.wav", "audio", &error);
  g_assert_no_error (error);
  g_assert_cmpuint (uploaded->len, ==, 0);
  after = box_get (box, PATH);
  check_files (after, 0, 0);
}

/* Uploads are answered later than the other calls. */
static void
test_lost_upload (void)
{
  g_autoptr (Box) box = box_start ("--fault=upload:1:lost", NULL);
  g_autoptr (GBytes) chunk = make_chunk ();
  g_autofree gchar *url
      = g_strconcat (box->base_url, "/" PATH "/audio/a_0.wav", NULL);
  g_autoptr (SoupMessage) message = soup_message_new ("POST", url);
  g_autoptr (GBytes) body = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (Answer) after = NULL;

  box_create (box, NULL);
  soup_message_set_request_body_from_bytes (message, "audio/wav", chunk);
  /* On a connection of its own: libsoup repeats what fails on a used one. */
  soup_message_add_flags (message, SOUP_MESSAGE_NEW_CONNECTION);
  body = soup_session_send_and_read (box->soup, message, NULL, &error);
  g_assert_nonnull (error);
  g_assert_null (body);
  after = box_get (box, PATH);
  check_files (after, 1, 1);
}

static void
test_slow (void)
{
  g_autoptr (Box) box = box_start ("--fault=create:1:slow=0.3", NULL);
  gint64 start = g_get_monotonic_time ();
  g_autoptr (Answer) answer = box_post (box, "sessions", CREATE);

  answer_check (answer, 201, NULL);
  g_assert_cmpstr (answer_string (answer, "session_id"), ==, SESSION);
  g_assert_cmpint (g_get_monotonic_time () - start, >=, 300000);
  check_status (box, "GET", PATH, NULL, 202, NULL);
}

static void
test_half_json (void)
{
  g_autoptr (Box) box = box_start ("--fault=create:1:half-json", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (GString) answer
      = exchange (box, "POST", "sessions", CREATE, &error);
  const gchar *body = find_body (answer);
  g_autofree gchar *header = g_strdup_printf (
      "Content-Length: %" G_GSIZE_FORMAT "\r\n", strlen (body));
  g_autoptr (JsonParser) parser = json_parser_new ();

  g_assert_no_error (error);
  g_assert_true (g_str_has_prefix (answer->str, "HTTP/1.1 201 "));
  g_assert_nonnull (strstr (answer->str, header));
  g_assert_true (g_str_has_prefix (body, "{\"session_id\":\"" SESSION "\""));
  g_assert_false (json_parser_load_from_data (parser, body, -1, NULL));
  check_status (box, "GET", PATH, NULL, 202, NULL);
}

static void
test_wrong_json (void)
{
  g_autoptr (Box) box
      = box_start ("--fault=create:1:wrong-json", "--fault=get:1:wrong-json",
                   "--fault=upload:1:wrong-json", NULL);
  g_autoptr (Answer) created = box_post (box, "sessions", CREATE);
  g_autoptr (Answer) uploaded = upload (box, "a_0.wav");
  g_autoptr (Answer) got = box_get (box, PATH);
  g_autoptr (Answer) after = box_get (box, PATH);

  answer_check (created, 201, NULL);
  g_assert_cmpint (answer_int (created, "session_id"), ==, 17);
  g_assert_cmpstr (answer_string (uploaded, "success"), ==, "true");
  g_assert_cmpstr (answer_string (got, "audio_files_received"), ==, "true");
  g_assert_true (
      JSON_NODE_HOLDS_OBJECT (answer_find (got, "audio_files")));
  check_files (after, 1, 1);
}

static void
test_truncated (void)
{
  g_autoptr (Box) box = box_start ("--fault=create:1:truncated", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (GString) answer
      = exchange (box, "POST", "sessions", CREATE, &error);

  g_assert_no_error (error);
  g_assert_true (g_str_has_prefix (answer->str, "HTTP/1.1 201 "));
  g_assert_nonnull (strstr (answer->str, "Transfer-Encoding: chunked\r\n"));
  g_assert_null (strstr (answer->str, "Content-Length"));
  g_assert_nonnull (strstr (answer->str, "{\"session_id\":"));
  /* The chunk that says that all is there. */
  g_assert_null (strstr (answer->str, "\r\n0\r\n"));
  check_status (box, "GET", PATH, NULL, 202, NULL);
}

static void
test_lists (void)
{
  g_autoptr (Box) box
      = box_start ("--fault=get:1:short-list", "--fault=get:2:no-list",
                   "--fault=get:3:wrong-count", "--fault=end:1:short-list",
                   NULL);
  g_autoptr (GBytes) chunk = make_chunk ();
  g_autoptr (Answer) shortened = NULL;
  g_autoptr (Answer) none = NULL;
  g_autoptr (Answer) wrong = NULL;
  g_autoptr (Answer) right = NULL;
  g_autoptr (Answer) ended = NULL;

  box_create (box, NULL);
  box_upload (box, "a_0.wav", "audio/wav", chunk);
  box_upload (box, "a_1.wav", "audio/wav", chunk);
  shortened = box_get (box, PATH);
  check_files (shortened, 1, 1);
  g_assert_cmpstr (answer_string (shortened, "audio_files.0"), ==, "0.wav");
  none = box_get (box, PATH);
  g_assert_null (answer_find (none, "audio_files"));
  g_assert_null (answer_find (none, "audio_files_received"));
  g_assert_nonnull (answer_find (none, "upload_url"));
  wrong = box_get (box, PATH);
  check_files (wrong, 3, 2);
  right = box_get (box, PATH);
  check_files (right, 2, 2);
  ended = box_post (box, PATH "/end", "{\"audio_files_sent\":2}");
  answer_check (ended, 202, NULL);
  check_files (ended, 1, 1);
}

static void
test_names (void)
{
  g_autoptr (Box) box = box_start (
      "--fault=create:1:other-session", "--fault=upload:1:other-session",
      "--fault=upload:2:wrong-name", "--fault=get:1:other-session",
      "--fault=get:2:no-upload-url", NULL);
  g_autoptr (Answer) created = box_post (box, "sessions", CREATE);
  g_autoptr (Answer) first = upload (box, "a_0.wav");
  g_autoptr (Answer) second = upload (box, "a_1.wav");
  g_autoptr (Answer) other = box_get (box, PATH);
  g_autoptr (Answer) lacking = box_get (box, PATH);

  answer_check (created, 201, NULL);
  g_assert_cmpstr (answer_string (created, "session_id"), !=, SESSION);
  g_assert_cmpstr (answer_string (first, "session_id"), !=, SESSION);
  g_assert_cmpstr (answer_string (second, "session_id"), ==, SESSION);
  g_assert_cmpstr (answer_string (second, "original_filename"), ==,
                   "other_a_1.wav");
  g_assert_cmpstr (answer_string (other, "session_id"), !=, SESSION);
  check_files (other, 2, 2);
  g_assert_null (answer_find (lacking, "upload_url"));
  check_files (lacking, 2, 2);
}

static void
test_no_upload_url (void)
{
  g_autoptr (Box) box = box_start ("--fault=create:1:no-upload-url", NULL);
  g_autoptr (Answer) answer = box_post (box, "sessions", CREATE);

  answer_check (answer, 201, NULL);
  g_assert_null (answer_find (answer, "upload_url"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/faulty/reset", test_reset);
  g_test_add_func ("/faulty/stall", test_stall);
  g_test_add_func ("/faulty/early", test_early);
  g_test_add_func ("/faulty/statuses", test_statuses);
  g_test_add_func ("/faulty/gone", test_gone);
  g_test_add_func ("/faulty/retry-after", test_retry_after);
  g_test_add_func ("/faulty/gateway", test_gateway);
  g_test_add_func ("/faulty/success-false", test_success_false);
  g_test_add_func ("/faulty/lost", test_lost);
  g_test_add_func ("/faulty/lost-upload", test_lost_upload);
  g_test_add_func ("/faulty/slow", test_slow);
  g_test_add_func ("/faulty/half-json", test_half_json);
  g_test_add_func ("/faulty/wrong-json", test_wrong_json);
  g_test_add_func ("/faulty/truncated", test_truncated);
  g_test_add_func ("/faulty/lists", test_lists);
  g_test_add_func ("/faulty/names", test_names);
  g_test_add_func ("/faulty/no-upload-url", test_no_upload_url);
  return g_test_run ();
}
