/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "proxy.h"

#include <string.h>

#define PATIENCE 60 /* s */
#define MEGABYTE 1000000

/* Sends back what comes, a thread for each connection. */
typedef struct
{
  GSocketService *service;
  guint16 port;
} Echo;

static gboolean
on_run (GThreadedSocketService *service, GSocketConnection *connection,
        GObject *source, gpointer user_data)
{
  GInputStream *in = g_io_stream_get_input_stream (G_IO_STREAM (connection));
  GOutputStream *out
      = g_io_stream_get_output_stream (G_IO_STREAM (connection));
  gchar buffer[4096];
  gssize got;

  while ((got = g_input_stream_read (in, buffer, sizeof buffer, NULL, NULL))
         > 0)
    if (!g_output_stream_write_all (out, buffer, (gsize)got, NULL, NULL, NULL))
      break;
  return TRUE;
}

static Echo *
echo_new (void)
{
  Echo *self = g_new0 (Echo, 1);
  g_autoptr (GError) error = NULL;

  self->service = g_threaded_socket_service_new (-1);
  g_signal_connect (self->service, "run", G_CALLBACK (on_run), NULL);
  self->port = g_socket_listener_add_any_inet_port (
      G_SOCKET_LISTENER (self->service), NULL, &error);
  g_assert_no_error (error);
  return self;
}

static void
echo_free (Echo *self)
{
  g_socket_service_stop (self->service);
  g_socket_listener_close (G_SOCKET_LISTENER (self->service));
  g_object_unref (self->service);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Echo, echo_free)

/* The service accepts in the main context. */
static gpointer
run_main_context (gpointer user_data)
{
  g_main_loop_run (user_data);
  return NULL;
}

static gboolean
on_quit (gpointer user_data)
{
  g_main_loop_quit (user_data);
  return G_SOURCE_REMOVE;
}

static GSocketConnection *
try_to_connect (Proxy *proxy, GError **error)
{
  g_autoptr (GSocketClient) client = g_socket_client_new ();

  g_socket_client_set_timeout (client, PATIENCE);
  g_socket_client_set_enable_proxy (client, FALSE);
  return g_socket_client_connect_to_host (client, "127.0.0.1",
                                          proxy_get_port (proxy), NULL, error);
}

static GSocketConnection *
connect_to (Proxy *proxy)
{
  g_autoptr (GError) error = NULL;
  GSocketConnection *connection = try_to_connect (proxy, &error);

  g_assert_no_error (error);
  return connection;
}

static gboolean
say (GSocketConnection *connection, const gchar *text)
{
  return g_output_stream_write_all (
      g_io_stream_get_output_stream (G_IO_STREAM (connection)), text,
      strlen (text), NULL, NULL, NULL);
}

/* Up to @size bytes, in good order or not. */
static gsize
hear (GSocketConnection *connection, gchar *buffer, gsize size, GError **error)
{
  gsize got = 0;

  g_input_stream_read_all (
      g_io_stream_get_input_stream (G_IO_STREAM (connection)), buffer, size,
      &got, NULL, error);
  return got;
}

static void
check_echo (GSocketConnection *connection, const gchar *text)
{
  gchar buffer[64] = "";
  g_autoptr (GError) error = NULL;

  g_assert_cmpuint (strlen (text), <, sizeof buffer);
  g_assert_true (say (connection, text));
  g_assert_cmpuint (hear (connection, buffer, strlen (text), &error), ==,
                    strlen (text));
  g_assert_no_error (error);
  g_assert_cmpstr (buffer, ==, text);
}

static void
check_reset (GSocketConnection *connection)
{
  gchar buffer[64];
  g_autoptr (GError) error = NULL;

  g_assert_cmpuint (hear (connection, buffer, sizeof buffer, &error), ==, 0);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED);
}

/* The reset may come so soon that even connecting sees it. */
static void
check_refused (Proxy *proxy)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocketConnection) connection = try_to_connect (proxy, &error);

  if (connection != NULL)
    check_reset (connection);
  else
    g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED);
}

static gboolean
is_silent (GSocketConnection *connection, gint64 ms)
{
  return !g_socket_condition_timed_wait (
      g_socket_connection_get_socket (connection), G_IO_IN | G_IO_HUP,
      ms * 1000, NULL, NULL);
}

static void
test_pass (void)
{
  g_autoptr (Echo) echo = echo_new ();
  g_autoptr (Proxy) proxy = proxy_new (echo->port);
  g_autoptr (GSocketConnection) one = connect_to (proxy);
  g_autoptr (GSocketConnection) two = connect_to (proxy);
  gchar buffer[16];
  g_autoptr (GError) error = NULL;

  check_echo (one, "one");
  check_echo (two, "number two");
  g_assert_cmpuint (proxy_get_connections (proxy), ==, 2);
  g_assert_cmpuint (proxy_get_bytes (proxy, PROXY_UP), ==, 13);
  g_assert_cmpuint (proxy_get_bytes (proxy, PROXY_DOWN), ==, 13);
  /* The end goes there and comes back. */
  g_socket_shutdown (g_socket_connection_get_socket (one), FALSE, TRUE, NULL);
  g_assert_cmpuint (hear (one, buffer, sizeof buffer, &error), ==, 0);
  g_assert_no_error (error);
  check_echo (two, "more");
}

static gpointer
send_megabyte (gpointer user_data)
{
  g_autofree gchar *text = g_malloc (MEGABYTE + 1);
  gsize i;

  for (i = 0; i < MEGABYTE; i++)
    text[i] = (gchar)('a' + i % 23);
  text[MEGABYTE] = '\0';
  return GINT_TO_POINTER (say (user_data, text));
}

static void
test_pass_much (void)
{
  g_autoptr (Echo) echo = echo_new ();
  g_autoptr (Proxy) proxy = proxy_new (echo->port);
  g_autoptr (GSocketConnection) connection = connect_to (proxy);
  GThread *sender = g_thread_new ("sender", send_megabyte, connection);
  g_autofree gchar *buffer = g_malloc (MEGABYTE);
  g_autoptr (GError) error = NULL;
  gsize i;

  g_assert_cmpuint (hear (connection, buffer, MEGABYTE, &error), ==, MEGABYTE);
  g_assert_no_error (error);
  g_assert_true (GPOINTER_TO_INT (g_thread_join (sender)));
  for (i = 0; i < MEGABYTE; i++)
    g_assert_cmpint (buffer[i], ==, 'a' + i % 23);
  g_assert_cmpuint (proxy_get_bytes (proxy, PROXY_UP), ==, MEGABYTE);
  g_assert_cmpuint (proxy_get_bytes (proxy, PROXY_DOWN), ==, MEGABYTE);
}

static void
test_refuse (void)
{
  g_autoptr (Echo) echo = echo_new ();
  g_autoptr (Proxy) proxy = proxy_new (echo->port);
  g_autoptr (GSocketConnection) before = connect_to (proxy);
  g_autoptr (GSocketConnection) after = NULL;

  check_echo (before, "before");
  proxy_set_mode (proxy, PROXY_REFUSE);
  check_reset (before);
  check_refused (proxy);
  g_assert_cmpuint (proxy_get_connections (proxy), ==, 2);
  proxy_set_mode (proxy, PROXY_PASS);
  after = connect_to (proxy);
  check_echo (after, "after");
}

/* What is sent into the hole is gone, however much it is. */
static void
test_drop (void)
{
  g_autoptr (Echo) echo = echo_new ();
  g_autoptr (Proxy) proxy = proxy_new (echo->port);
  g_autoptr (GSocketConnection) before = connect_to (proxy);
  g_autoptr (GSocketConnection) inside = NULL;
  g_autoptr (GSocketConnection) after = NULL;

  check_echo (before, "before");
  proxy_set_mode (proxy, PROXY_DROP);
  inside = connect_to (proxy);
  g_assert_true (say (before, "lost"));
  g_assert_true (GPOINTER_TO_INT (send_megabyte (inside)));
  g_assert_true (is_silent (before, 100));
  g_assert_true (is_silent (inside, 100));
  g_assert_cmpuint (proxy_get_bytes (proxy, PROXY_UP), ==, 6);
  g_assert_cmpuint (proxy_get_bytes (proxy, PROXY_DOWN), ==, 6);
  g_assert_cmpuint (proxy_get_connections (proxy), ==, 2);
  proxy_set_mode (proxy, PROXY_PASS);
  check_reset (before);
  check_reset (inside);
  after = connect_to (proxy);
  check_echo (after, "after");
}

/* A connection that was idle meanwhile has lost nothing. */
static void
test_drop_nothing (void)
{
  g_autoptr (Echo) echo = echo_new ();
  g_autoptr (Proxy) proxy = proxy_new (echo->port);
  g_autoptr (GSocketConnection) connection = connect_to (proxy);

  check_echo (connection, "before");
  proxy_set_mode (proxy, PROXY_DROP);
  proxy_set_mode (proxy, PROXY_PASS);
  check_echo (connection, "after");
}

static void
test_delay (void)
{
  g_autoptr (Echo) echo = echo_new ();
  g_autoptr (Proxy) proxy = proxy_new (echo->port);
  g_autoptr (GSocketConnection) connection = connect_to (proxy);
  gint64 start;

  check_echo (connection, "before");
  proxy_set_delay (proxy, 100);
  start = g_get_monotonic_time ();
  check_echo (connection, "there and back");
  g_assert_cmpint (g_get_monotonic_time () - start, >=, 200000);
  proxy_set_delay (proxy, 0);
  check_echo (connection, "after");
}

/* The way up alone takes half a second, less the tenth that may be saved up. */
static void
test_throttle (void)
{
  g_autoptr (Echo) echo = echo_new ();
  g_autoptr (Proxy) proxy = proxy_new (echo->port);
  g_autoptr (GSocketConnection) connection = connect_to (proxy);
  g_autofree gchar *text = g_strnfill (10000, 'x');
  g_autofree gchar *buffer = g_malloc (10000);
  g_autoptr (GError) error = NULL;
  gint64 start = g_get_monotonic_time ();

  proxy_set_rate (proxy, 20000);
  g_assert_true (say (connection, text));
  g_assert_cmpuint (hear (connection, buffer, 10000, &error), ==, 10000);
  g_assert_no_error (error);
  g_assert_cmpint (g_get_monotonic_time () - start, >=, 400000);
  proxy_set_rate (proxy, 0);
  check_echo (connection, "after");
}

/* The change wakes what waits. */
static void
test_throttle_ends (void)
{
  g_autoptr (Echo) echo = echo_new ();
  g_autoptr (Proxy) proxy = proxy_new (echo->port);
  g_autoptr (GSocketConnection) connection = connect_to (proxy);
  g_autofree gchar *text = g_strnfill (100000, 'x');
  g_autofree gchar *buffer = g_malloc (100000);
  g_autoptr (GError) error = NULL;

  check_echo (connection, "before");
  proxy_set_rate (proxy, 10);
  g_assert_true (say (connection, text));
  g_assert_cmpuint (proxy_get_bytes (proxy, PROXY_UP), <, 1000);
  proxy_set_rate (proxy, 0);
  g_assert_cmpuint (hear (connection, buffer, 100000, &error), ==, 100000);
  g_assert_no_error (error);
}

static void
check_cut (ProxyDirection direction)
{
  g_autoptr (Echo) echo = echo_new ();
  g_autoptr (Proxy) proxy = proxy_new (echo->port);
  g_autoptr (GSocketConnection) connection = connect_to (proxy);
  g_autoptr (GSocketConnection) after = NULL;
  gchar buffer[64];
  gsize got;

  check_echo (connection, "before");
  proxy_cut_after (proxy, direction, 10);
  check_echo (connection, "six b ");
  g_assert_true (say (connection, "and the rest"));
  got = hear (connection, buffer, sizeof buffer, NULL);
  g_assert_cmpuint (proxy_get_bytes (proxy, direction), ==, 6 + 10);
  /* On the way up, the echo of the last bytes has no way back. */
  g_assert_cmpuint (got, ==, direction == PROXY_DOWN ? 4 : 0);
  after = connect_to (proxy);
  check_echo (after, "it is cut once only");
}

static void
test_cut_up (void)
{
  check_cut (PROXY_UP);
}

static void
test_cut_down (void)
{
  check_cut (PROXY_DOWN);
}

static void
test_no_target (void)
{
  guint16 port;
  g_autoptr (Proxy) proxy = NULL;

  {
    g_autoptr (Echo) echo = echo_new ();

    port = echo->port;
  }
  proxy = proxy_new (port);
  check_refused (proxy);
}

int
main (int argc, char **argv)
{
  g_autoptr (GMainLoop) loop = NULL;
  GThread *thread;
  gint result;

  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/proxy/pass", test_pass);
  g_test_add_func ("/proxy/pass-much", test_pass_much);
  g_test_add_func ("/proxy/refuse", test_refuse);
  g_test_add_func ("/proxy/drop", test_drop);
  g_test_add_func ("/proxy/drop-nothing", test_drop_nothing);
  g_test_add_func ("/proxy/delay", test_delay);
  g_test_add_func ("/proxy/throttle", test_throttle);
  g_test_add_func ("/proxy/throttle-ends", test_throttle_ends);
  g_test_add_func ("/proxy/cut-up", test_cut_up);
  g_test_add_func ("/proxy/cut-down", test_cut_down);
  g_test_add_func ("/proxy/no-target", test_no_target);
  loop = g_main_loop_new (NULL, FALSE);
  thread = g_thread_new ("echo", run_main_context, loop);
  result = g_test_run ();
  /* In the loop: before it runs, it can't be quit. */
  g_idle_add (on_quit, loop);
  g_thread_join (thread);
  return result;
}
