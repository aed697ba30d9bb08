/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "fixture.h"

#include "listen.h"
#include "webhook.h"

#include <glib/gstdio.h>
#include <string.h>

#define SECRET "whsec_test"
#define HANG 1

/* One that takes events, and answers each with the next of @answers; with 204
 * when there are no more. HANG: not at all. */
typedef struct
{
  SoupServer *soup;
  GSocketService *service;
  gchar *url;
  const guint *answers;
  GPtrArray *bodies;
  GPtrArray *signatures;
  gchar *other_signature;
} Receiver;

static void
on_request (SoupServer        *soup,
            SoupServerMessage *message,
            const char        *path,
            GHashTable        *query,
            gpointer           user_data)
{
  Receiver *self = user_data;
  SoupMessageHeaders *headers
      = soup_server_message_get_request_headers (message);
  SoupMessageBody *body = soup_server_message_get_request_body (message);
  guint status = 204;

  g_assert_cmpstr (soup_server_message_get_method (message), ==, "POST");
  g_assert_cmpstr (path, ==, "/hook");
  g_assert_cmpstr (soup_message_headers_get_one (headers, "Content-Type"), ==,
                   "application/json");
  g_ptr_array_add (self->bodies,
                   g_strndup (body->data, (gsize)body->length));
  g_ptr_array_add (self->signatures,
                   g_strdup (soup_message_headers_get_one (
                       headers, "Eka-Webhook-Signature")));
  g_free (self->other_signature);
  self->other_signature = g_strdup (
      soup_message_headers_get_one (headers, "X-MSA-Signature"));
  if (self->answers != NULL && *self->answers != 0)
    status = *self->answers++;
  if (status == HANG)
    {
      soup_server_message_pause (message);
      return;
    }
  if (status == 302)
    soup_message_headers_replace (
        soup_server_message_get_response_headers (message), "Location",
        "/elsewhere");
  soup_server_message_set_status (message, status, NULL);
}

static Receiver *
receiver_new (const guint *answers)
{
  Receiver *self = g_new0 (Receiver, 1);
  g_autoptr (GError) error = NULL;
  guint16 port;

  self->answers = answers;
  self->bodies = g_ptr_array_new_with_free_func (g_free);
  self->signatures = g_ptr_array_new_with_free_func (g_free);
  self->soup = soup_server_new (NULL, NULL);
  soup_server_add_handler (self->soup, NULL, on_request, self, NULL);
  self->service
      = sandbox_listen (self->soup, "127.0.0.1", 0, NULL, &port, &error);
  g_assert_no_error (error);
  self->url = g_strdup_printf ("--webhook=http://127.0.0.1:%u/hook", port);
  return self;
}

static void
receiver_free (Receiver *self)
{
  g_socket_service_stop (self->service);
  g_socket_listener_close (G_SOCKET_LISTENER (self->service));
  g_object_unref (self->service);
  soup_server_disconnect (self->soup);
  g_object_unref (self->soup);
  g_ptr_array_unref (self->bodies);
  g_ptr_array_unref (self->signatures);
  g_free (self->other_signature);
  g_free (self->url);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Receiver, receiver_free)

static gboolean
on_time_up (gpointer user_data)
{
  g_error ("the event did not come");
  return G_SOURCE_REMOVE;
}

static void
receiver_await (Receiver *self, guint count)
{
  guint timer = g_timeout_add_seconds (20, on_time_up, NULL);

  while (self->bodies->len < count)
    g_main_context_iteration (NULL, TRUE);
  g_source_remove (timer);
}

static void
check_event (Receiver *self, guint index, const gchar *event)
{
  g_autoptr (JsonNode) root = NULL;
  g_autoptr (GDateTime) time = NULL;
  g_autoptr (GError) error = NULL;
  JsonObject *object;

  receiver_await (self, index + 1);
  root = json_from_string (g_ptr_array_index (self->bodies, index), &error);
  g_assert_no_error (error);
  object = json_node_get_object (root);
  g_assert_cmpstr (json_object_get_string_member (object, "event"), ==, event);
  g_assert_cmpstr (json_object_get_string_member (object, "session_id"), ==,
                   SESSION);
  time = g_date_time_new_from_iso8601 (
      json_object_get_string_member (object, "timestamp"), NULL);
  g_assert_nonnull (time);
  /* Nothing of what was said, or of whom. */
  g_assert_cmpuint (json_object_get_size (object), ==, 3);
}

/* The signature is of the body as it came, and of now. */
static void
check_signature (Receiver *self, guint index)
{
  const gchar *signature = g_ptr_array_index (self->signatures, index);
  const gchar *body = g_ptr_array_index (self->bodies, index);
  g_autofree gchar *expected = NULL;
  gint64 time;

  g_assert_nonnull (signature);
  g_assert_true (g_str_has_prefix (signature, "t="));
  time = g_ascii_strtoll (signature + 2, NULL, 10);
  g_assert_cmpint (ABS (g_get_real_time () / G_USEC_PER_SEC - time), <=, 30);
  expected = sandbox_webhook_sign (SECRET, time, body);
  g_assert_cmpstr (signature, ==, expected);
}

static gchar *
write_secret (const gchar *text)
{
  g_autoptr (GError) error = NULL;
  gchar *path;
  gint fd = g_file_open_tmp ("ekascribe-test-XXXXXX", &path, &error);

  g_assert_no_error (error);
  g_close (fd, NULL);
  g_file_set_contents (path, text, -1, &error);
  g_assert_no_error (error);
  return path;
}

static void
run_session (Box *box)
{
  g_autoptr (GArray) samples = make_tone (16000, 1, 8000, 440.0, 0.25);
  g_autoptr (GBytes) chunk = make_wav (16000, 1, samples);

  box_create (box, "\"patient_details\":{\"name\":\"Somebody\"}");
  box_upload (box, "a_0.wav", "audio/wav", chunk);
  box_end (box, 1);
}

/* As OpenSSL computes it. */
static void
test_known_signature (void)
{
  g_autofree gchar *signature = sandbox_webhook_sign (
      SECRET, 1705661400, "{\"event\":\"session.completed\"}");

  g_assert_cmpstr (signature, ==,
                   "t=1705661400,v1="
                   "1cd94c8555ea14f43a6dce71dc9529a2920842ca71a3ba6cd301928c0ac3d638");
}

static void
test_in_order (void)
{
  g_autoptr (Receiver) receiver = receiver_new (NULL);
  g_autofree gchar *secret = write_secret (SECRET "\n");
  g_autofree gchar *option
      = g_strconcat ("--webhook-secret-file=", secret, NULL);
  g_autoptr (Box) box = box_start (receiver->url, option, NULL);
  g_autoptr (Answer) discovery
      = box_get (box, ".well-known/medscribealliance");
  guint i;

  g_assert_true (json_node_get_boolean (
      answer_find (discovery, "capabilities.webhook_delivery")));
  run_session (box);
  check_event (receiver, 0, "session.started");
  check_event (receiver, 1, "session.ended");
  check_event (receiver, 2, "session.completed");
  for (i = 0; i < 3; i++)
    check_signature (receiver, i);
  g_assert_cmpstr (receiver->other_signature, ==,
                   g_ptr_array_index (receiver->signatures, 2));
  g_unlink (secret);
}

static void
test_final (gconstpointer data)
{
  const gchar *state = data;
  g_autoptr (Receiver) receiver = receiver_new (NULL);
  g_autofree gchar *option = g_strconcat ("--final=", state, NULL);
  g_autofree gchar *event = g_strconcat ("session.", state, NULL);
  g_autoptr (Box) box = box_start (receiver->url, option, NULL);

  run_session (box);
  check_event (receiver, 2, event);
  g_assert_null (g_ptr_array_index (receiver->signatures, 2));
}

static void
test_not_ended (void)
{
  g_autoptr (Receiver) receiver = receiver_new (NULL);
  g_autoptr (Box) box
      = box_start (receiver->url, "--session-lifetime=0.05", NULL);

  box_create (box, NULL);
  check_event (receiver, 0, "session.started");
  check_event (receiver, 1, "session.expired");
}

static void
test_cancelled (void)
{
  g_autoptr (Receiver) receiver = receiver_new (NULL);
  g_autoptr (Box) box = box_start (receiver->url, NULL);
  g_autoptr (GBytes) body
      = g_bytes_new_static ("{\"user_status\":\"cancelled\"}", 27);
  g_autoptr (Answer) answer = NULL;

  box_create (box, NULL);
  answer = box_send (box, "PATCH", "sessions/" SESSION, "application/json",
                     body);
  answer_check (answer, 200, NULL);
  check_event (receiver, 1, "session.failed");
}

/* Until it is accepted; a redirect is not followed; the next one waits. */
static void
test_again (void)
{
  static const guint answers[] = { 500, 302, 404, 200, 0 };
  g_autoptr (Receiver) receiver = receiver_new (answers);
  g_autoptr (Box) box = box_start (receiver->url, NULL);
  guint i;

  run_session (box);
  for (i = 0; i < 4; i++)
    check_event (receiver, i, "session.started");
  check_event (receiver, 4, "session.ended");
  check_event (receiver, 5, "session.completed");
}

static void
test_given_up (void)
{
  static const guint answers[] = { 500, 500, 500, 500, 503, 0 };
  g_autofree gchar *log = NULL;
  g_autoptr (Receiver) receiver = receiver_new (answers);
  Box *box = box_start_logged (&log, receiver->url, NULL);

  run_session (box);
  check_event (receiver, 4, "session.started");
  check_event (receiver, 5, "session.ended");
  check_event (receiver, 6, "session.completed");
  box_stop (box);
  g_assert_nonnull (strstr (log, "webhook: session.started of " SESSION
                                 " was not delivered: HTTP 503"));
  g_assert_null (strstr (log, "/hook"));
}

/* Nobody hears of sessions that a fault has made the sandbox forget. */
static void
test_forgotten (void)
{
  g_autoptr (Receiver) receiver = receiver_new (NULL);
  g_autoptr (Box) box
      = box_start (receiver->url, "--fault=get:1:forget", NULL);
  g_autoptr (Answer) answer = NULL;

  box_create (box, NULL);
  check_event (receiver, 0, "session.started");
  answer = box_get (box, "sessions/" SESSION);
  answer_check (answer, 404, "session_not_found");
  run_session (box);
  check_event (receiver, 1, "session.started");
  check_event (receiver, 2, "session.ended");
}

/* box_stop() is the test: neither a receiver that hangs nor one that is gone
 * holds up the end. */
static void
test_stopped (void)
{
  static const guint answers[] = { HANG, 0 };
  g_autoptr (Receiver) receiver = receiver_new (answers);
  g_autoptr (Box) box = box_start (receiver->url, NULL);
  g_autoptr (Box) other
      = box_start ("--webhook=http://127.0.0.1:9/hook", NULL);

  box_create (other, NULL);
  box_create (box, NULL);
  check_event (receiver, 0, "session.started");
}

static void
check_refused (const gchar *const *options, const gchar *text)
{
  g_autoptr (GPtrArray) argv = g_ptr_array_new ();
  g_autoptr (GSubprocess) process = NULL;
  g_autofree gchar *said = NULL;
  g_autoptr (GError) error = NULL;

  g_ptr_array_add (argv, (gchar *)g_getenv ("EKASCRIBE_SANDBOX"));
  for (; *options != NULL; options++)
    g_ptr_array_add (argv, (gchar *)*options);
  g_ptr_array_add (argv, NULL);
  process = g_subprocess_newv ((const gchar *const *)argv->pdata,
                               G_SUBPROCESS_FLAGS_STDERR_PIPE, &error);
  g_assert_no_error (error);
  g_subprocess_communicate_utf8 (process, NULL, NULL, NULL, &said, &error);
  g_assert_no_error (error);
  g_test_message ("%s", said);
  g_assert_cmpint (g_subprocess_get_exit_status (process), ==, 2);
  g_assert_nonnull (strstr (said, text));
}

static void
test_options (void)
{
  g_autofree gchar *empty = write_secret ("\n");
  g_autofree gchar *option = g_strconcat ("--webhook-secret-file=", empty, NULL);
  const gchar *const cases[][4] = {
    { "--webhook=ftp://127.0.0.1/", NULL },
    { "--webhook=nonsense", NULL },
    { "--webhook=http:", NULL },
    { option, NULL },
    { "--webhook=http://127.0.0.1/", option, NULL },
    { "--webhook=http://127.0.0.1/", "--webhook-secret-file=/nonexistent/x",
      NULL },
  };
  const gchar *const texts[] = {
    "--webhook: not an http",        "--webhook: not an http",
    "--webhook: not an http",        "there is no --webhook",
    "is empty",                      "--webhook-secret-file: ",
  };
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    check_refused (cases[i], texts[i]);
  g_unlink (empty);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sandbox/webhook/known-signature", test_known_signature);
  g_test_add_func ("/sandbox/webhook/in-order", test_in_order);
  g_test_add_data_func ("/sandbox/webhook/partial", "partial", test_final);
  g_test_add_data_func ("/sandbox/webhook/failed", "failed", test_final);
  g_test_add_data_func ("/sandbox/webhook/expired", "expired", test_final);
  g_test_add_func ("/sandbox/webhook/not-ended", test_not_ended);
  g_test_add_func ("/sandbox/webhook/cancelled", test_cancelled);
  g_test_add_func ("/sandbox/webhook/again", test_again);
  g_test_add_func ("/sandbox/webhook/given-up", test_given_up);
  g_test_add_func ("/sandbox/webhook/forgotten", test_forgotten);
  g_test_add_func ("/sandbox/webhook/stopped", test_stopped);
  g_test_add_func ("/sandbox/webhook/options", test_options);
  return g_test_run ();
}
