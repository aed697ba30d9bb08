/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* The socket over libsoup, against servers that write what they like. */
#include <string.h>
#include <sys/socket.h>

#include "pki.h"
#include "rig.h"

#define TEXT 1
#define BINARY 2
#define CLOSE 8
#define PING 9
#define PONG 10
#define FIN 0x80

/* --- a server ------------------------------------------------------------- */

/* Answers the handshake as RFC 6455 has it. */
static void
shake_hands (Rig       *rig,
             GIOStream *stream)
{
  g_autofree gchar *request = rig_read_request (rig, stream, NULL);
  const gchar *name = "Sec-WebSocket-Key: ";
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA1);
  g_autofree gchar *accept = NULL;
  g_autofree gchar *answer = NULL;
  guint8 digest[20];
  gsize size = sizeof digest;
  const gchar *key;

  g_assert_null (strstr (request, "Sec-WebSocket-Extensions"));
  key = strstr (request, name);
  g_assert_nonnull (key);
  key += strlen (name);
  g_checksum_update (checksum, (const guchar *) key, strcspn (key, "\r\n"));
  g_checksum_update (checksum,
                     (const guchar *) "258EAFA5-E914-47DA-95CA-C5AB0DC85B11",
                     -1);
  g_checksum_get_digest (checksum, digest, &size);
  accept = g_base64_encode (digest, size);
  answer = g_strdup_printf ("HTTP/1.1 101 Switching Protocols\r\n"
                            "Upgrade: websocket\r\nConnection: Upgrade\r\n"
                            "Sec-WebSocket-Accept: %s\r\n\r\n", accept);
  rig_write (stream, answer);
}

static gboolean
read_all (GIOStream *stream,
          gpointer   data,
          gsize      size)
{
  gsize got;

  return g_input_stream_read_all (g_io_stream_get_input_stream (stream), data,
                                  size, &got, NULL, NULL) &&
         got == size;
}

/* @data: gets what came; frames of clients are masked
 *
 * Returns: the opcode, or -1 at the end of the connection */
static gint
read_frame (GIOStream  *stream,
            GByteArray *data)
{
  guint8 head[2], more[8], mask[4];
  gsize size, start = data->len, i;

  if (!read_all (stream, head, 2))
    return -1;
  g_assert_cmphex (head[1] & 0x80, ==, 0x80);
  size = head[1] & 0x7f;
  if (size == 126)
    {
      g_assert_true (read_all (stream, more, 2));
      size = (gsize) more[0] << 8 | more[1];
    }
  g_assert_cmpuint (size, !=, 127);
  if (!read_all (stream, mask, 4))
    return -1;
  g_byte_array_set_size (data, (guint) (start + size));
  if (!read_all (stream, data->data + start, size))
    return -1;
  for (i = 0; i < size; i++)
    data->data[start + i] ^= mask[i % 4];
  return head[0] & 0x0f;
}

/* Returns: whether it went out */
static gboolean
write_frame (GIOStream    *stream,
             guint8        first,
             gconstpointer data,
             gsize         size)
{
  const gsize more = size < 126 ? 0 : size < 65536 ? 2 : 8;
  guint8 head[10] = { first, more == 0 ? (guint8) size : more == 2 ? 126 : 127 };
  gsize i;

  for (i = 0; i < more; i++)
    head[2 + i] = (guint8) (size >> (8 * (more - 1 - i)));
  return g_output_stream_write_all (g_io_stream_get_output_stream (stream),
                                    head, 2 + more, NULL, NULL, NULL) &&
         g_output_stream_write_all (g_io_stream_get_output_stream (stream),
                                    data, size, NULL, NULL, NULL);
}

static void
write_close (GIOStream *stream,
             guint      code)
{
  guint8 data[2] = { (guint8) (code >> 8), (guint8) code };

  write_frame (stream, FIN | CLOSE, data, 2);
}

/* --- a client --------------------------------------------------------------- */

/* What is heard on the worker thread. */
typedef struct
{
  Rig *rig;
  EkaRequest *request;
  EkaSocket *socket;
  EkaReply *reply;
  GError *error;
  guint answered;
  guint ready;
  guint pongs;
  guint closed;
  guint dropped;
  guint code;
  GError *cause;
  GByteArray *texts;
  GByteArray *binaries;
  guint messages;
} Client;

static void
note (Client *client,
      guint  *counter)
{
  rig_add (client->rig, counter);
}

static void
on_ready (gpointer user_data)
{
  note (user_data, &((Client *) user_data)->ready);
}

static void
on_message (GBytes  *message,
            gboolean text,
            gpointer user_data)
{
  Client *client = user_data;
  gsize size;
  const guint8 *data = g_bytes_get_data (message, &size);

  g_byte_array_append (text ? client->texts : client->binaries, data,
                       (guint) size);
  note (client, &client->messages);
}

static void
on_pong (gpointer user_data)
{
  note (user_data, &((Client *) user_data)->pongs);
}

static void
on_closed (guint         code,
           const GError *error,
           gpointer      user_data)
{
  Client *client = user_data;

  client->code = code;
  if (error != NULL)
    client->cause = g_error_copy (error);
  note (client, &client->closed);
}

static const EkaSocketListener listener = { on_ready, on_message, on_pong,
                                            on_closed };

static void
on_answer (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  Client *client = user_data;

  client->reply = eka_transport_send_finish (EKA_TRANSPORT (source), result,
                                             &client->error);
  if (client->reply != NULL && client->reply->socket != NULL)
    {
      client->socket = g_object_ref (client->reply->socket);
      eka_socket_set_listener (client->socket, &listener, client);
      g_clear_object (&client->reply->socket);
    }
  note (client, &client->answered);
}

static gboolean
connect_client (gpointer user_data)
{
  Client *client = user_data;

  eka_transport_send_async (client->rig->http, client->request, NULL,
                            on_answer, client);
  return G_SOURCE_REMOVE;
}

static Client *
client_new_at (Rig         *rig,
               const gchar *scheme,
               const gchar *path)
{
  Client *client = g_new0 (Client, 1);
  g_autofree gchar *uri =
      g_strdup_printf ("%s://127.0.0.1:%u%s", scheme, rig->port, path);

  client->rig = rig;
  client->request = eka_request_new (EKA_CALL_STREAM, "GET", uri);
  client->texts = g_byte_array_new ();
  client->binaries = g_byte_array_new ();
  eka_worker_invoke (rig->worker, connect_client, client, NULL);
  rig_wait_count (rig, &client->answered, 1);
  return client;
}

static Client *
client_new (Rig         *rig,
            const gchar *scheme)
{
  return client_new_at (rig, scheme, "/a%2Fb?key=s3cret%41");
}

static gboolean
drop_socket (gpointer user_data)
{
  Client *client = user_data;

  if (client->socket != NULL)
    eka_socket_set_listener (client->socket, NULL, NULL);
  g_clear_object (&client->socket);
  note (client, &client->dropped);
  return G_SOURCE_REMOVE;
}

static void
client_free (Client *client)
{
  eka_worker_invoke (client->rig->worker, drop_socket, client, NULL);
  rig_wait_count (client->rig, &client->dropped, 1);
  g_clear_pointer (&client->reply, eka_reply_free);
  g_clear_error (&client->error);
  g_clear_error (&client->cause);
  eka_request_free (client->request);
  g_byte_array_unref (client->texts);
  g_byte_array_unref (client->binaries);
  g_free (client);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Client, client_free)

typedef struct
{
  Client *client;
  GBytes *binary;
  const gchar *text;
} Send;

static gboolean
send_on_worker (gpointer user_data)
{
  Send *job = user_data;

  if (job->binary != NULL)
    eka_socket_send_binary (job->client->socket, job->binary);
  else
    eka_socket_send_text (job->client->socket, job->text);
  eka_socket_await (job->client->socket);
  return G_SOURCE_REMOVE;
}

static void
send_free (gpointer data)
{
  g_clear_pointer (&((Send *) data)->binary, g_bytes_unref);
  g_free (data);
}

/* @binary: (transfer full) (nullable): %NULL: @text */
static void
client_send (Client      *client,
             GBytes      *binary,
             const gchar *text)
{
  Send *job = g_new0 (Send, 1);

  job->client = client;
  job->binary = binary;
  job->text = text;
  eka_worker_invoke (client->rig->worker, send_on_worker, job, send_free);
}

static gboolean
ping_on_worker (gpointer user_data)
{
  eka_socket_set_ping_interval (((Client *) user_data)->socket, 1);
  return G_SOURCE_REMOVE;
}

/* --- exchange --------------------------------------------------------------- */

/* Sends back what came, and closes when it hears “stop”. */
static void
serve_echo (Rig       *rig,
            GIOStream *stream,
            GSocket   *socket,
            guint      nth,
            gpointer   user_data)
{
  gint opcode = 0;

  shake_hands (rig, stream);
  while (opcode >= 0)
    {
      g_autoptr (GByteArray) data = g_byte_array_new ();

      opcode = read_frame (stream, data);
      if (opcode == TEXT && data->len == 4 && memcmp (data->data, "stop", 4) == 0)
        {
          write_close (stream, GPOINTER_TO_UINT (user_data));
          return;
        }
      if (opcode == PING)
        opcode = PONG;
      if (opcode == TEXT || opcode == BINARY || opcode == PONG)
        write_frame (stream, FIN | (guint8) opcode, data->data, data->len);
    }
}

static void
test_messages_go_both_ways (void)
{
  g_autoptr (Rig) rig = rig_new_raw (serve_echo, GUINT_TO_POINTER (1000));
  g_autoptr (Client) client = client_new (rig, "ws");
  g_autofree guint8 *sound = g_malloc (3200);
  guint i;

  g_assert_no_error (client->error);
  g_assert_cmpuint (client->reply->status, ==, 101);
  for (i = 0; i < 3200; i++)
    sound[i] = (guint8) (i * 7);
  for (i = 0; i < 100; i++)
    {
      client_send (client, g_bytes_new (sound, 3200), NULL);
      rig_wait_count (rig, &client->ready, i + 1);
    }
  rig_wait_count (rig, &client->messages, 100);
  g_assert_cmpuint (client->binaries->len, ==, 320000);
  g_assert_cmpmem (client->binaries->data + 3200, 3200, sound, 3200);
  client_send (client, NULL, "grüß");
  rig_wait_count (rig, &client->messages, 101);
  g_assert_cmpmem (client->texts->data, client->texts->len, "grüß", 6);
  client_send (client, NULL, "stop");
  rig_wait_count (rig, &client->closed, 1);
  g_assert_cmpuint (client->code, ==, 1000);
  g_assert_no_error (client->cause);
}

static void
test_code (gconstpointer code)
{
  g_autoptr (Rig) rig = rig_new_raw (serve_echo, (gpointer) code);
  g_autoptr (Client) client = client_new (rig, "ws");

  client_send (client, NULL, "stop");
  rig_wait_count (rig, &client->closed, 1);
  g_assert_cmpuint (client->code, ==, GPOINTER_TO_UINT (code));
}

static void
test_pings_are_answered (void)
{
  g_autoptr (Rig) rig = rig_new_raw (serve_echo, NULL);
  g_autoptr (Client) client = client_new (rig, "ws");

  eka_worker_invoke (rig->worker, ping_on_worker, client, NULL);
  rig_wait_count (rig, &client->pongs, 2);
}

/* --- no handshake ----------------------------------------------------------- */

static void
serve_refusal (Rig       *rig,
               GIOStream *stream,
               GSocket   *socket,
               guint      nth,
               gpointer   user_data)
{
  g_autofree gchar *request = rig_read_request (rig, stream, NULL);
  g_autofree gchar *answer = g_strdup_printf (
      "HTTP/1.1 %u No\r\nContent-Type: text/html\r\nContent-Length: 15\r\n\r\n"
      "<html>no</html>", GPOINTER_TO_UINT (user_data));

  g_assert_nonnull (strstr (request, "GET /a%2Fb?key=s3cret%41 HTTP/1.1\r\n"));
  rig_write (stream, answer);
}

static void
test_refused (gconstpointer status)
{
  g_autoptr (Rig) rig = rig_new_raw (serve_refusal, (gpointer) status);
  g_autoptr (Client) client = client_new (rig, "ws");

  g_assert_no_error (client->error);
  g_assert_null (client->socket);
  g_assert_cmpuint (client->reply->status, ==, GPOINTER_TO_UINT (status));
}

static void
serve_other (Rig       *rig,
             GIOStream *stream,
             GSocket   *socket,
             guint      nth,
             gpointer   user_data)
{
  g_autofree gchar *request = rig_read_request (rig, stream, NULL);

  if (user_data != NULL)
    rig_write (stream, user_data);
}

static void
test_no_answer_of_a_websocket (gconstpointer text)
{
  g_autoptr (Rig) rig = rig_new_raw (serve_other, (gpointer) text);
  g_autoptr (Client) client = client_new (rig, "ws");

  g_assert_null (client->socket);
  g_assert_nonnull (client->error);
  g_assert_cmpint (client->error->domain, ==, EKA_SCRIBE_ERROR);
  g_assert_null (strstr (client->error->message, "s3cret"));
}

/* Nobody else writes into our request. */
static void
test_bad_url (gconstpointer path)
{
  g_autoptr (Rig) rig = rig_new_raw (serve_refusal, GUINT_TO_POINTER (403));
  g_autoptr (Client) client = client_new_at (rig, "ws", path);

  g_assert_error (client->error, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_PROTOCOL);
  g_assert_null (strstr (client->error->message, "s3cret"));
  g_assert_cmpuint (rig_count (rig, &rig->n_connections), ==, 0);
}

/* --- what breaks ------------------------------------------------------------ */

static void
serve_break (Rig       *rig,
             GIOStream *stream,
             GSocket   *socket,
             guint      nth,
             gpointer   user_data)
{
  g_autoptr (GByteArray) data = g_byte_array_new ();

  shake_hands (rig, stream);
  read_frame (stream, data);
  if (user_data != NULL)
    g_output_stream_write_all (g_io_stream_get_output_stream (stream),
                               user_data, 8, NULL, NULL, NULL);
}

static void
test_broken (gconstpointer bytes)
{
  g_autoptr (Rig) rig = rig_new_raw (serve_break, (gpointer) bytes);
  g_autoptr (Client) client = client_new (rig, "ws");

  client_send (client, NULL, "hello");
  rig_wait_count (rig, &client->closed, 1);
  g_assert_cmpuint (client->code, !=, 1000);
}

#define MEBIBYTE (1024 * 1024)

static void
serve_oversized (Rig       *rig,
                 GIOStream *stream,
                 GSocket   *socket,
                 guint      nth,
                 gpointer   user_data)
{
  gsize size = 2 * MEBIBYTE;
  g_autofree gchar *text = g_strnfill (size, 'x');

  shake_hands (rig, stream);
  write_frame (stream, FIN | TEXT, text, size);
}

static void
test_oversized (void)
{
  g_autoptr (Rig) rig = rig_new_raw (serve_oversized, NULL);
  g_autoptr (Client) client = client_new (rig, "ws");

  rig_wait_count (rig, &client->closed, 1);
  g_assert_cmpuint (client->code, !=, 1000);
  g_assert_cmpuint (client->messages, ==, 0);
}

/* A message in fragments, and one that never ends. No network is as fast as
 * loopback, where libsoup would read for as long as the kernel has more: hence
 * the small buffer. */
static void
serve_fragments (Rig       *rig,
                 GIOStream *stream,
                 GSocket   *socket,
                 guint      nth,
                 gpointer   user_data)
{
  g_autofree gchar *text = g_strnfill (MEBIBYTE / 2, 'x');
  guint64 *sent = user_data;
  guint i;

  g_socket_set_option (socket, SOL_SOCKET, SO_SNDBUF, 4096, NULL);
  shake_hands (rig, stream);
  for (i = 0; i < 4; i++)
    write_frame (stream, i == 0 ? TEXT : i == 3 ? FIN : 0, text, MEBIBYTE / 2);
  for (i = 0; write_frame (stream, i == 0 ? TEXT : 0, text, MEBIBYTE / 2); i++)
    {
      *sent += MEBIBYTE / 2;
      if (*sent > 1024 * (guint64) MEBIBYTE)
        return;
    }
}

static void
test_endless_fragments (void)
{
  guint64 sent = 0;
  g_autoptr (Rig) rig = rig_new_raw (serve_fragments, &sent);
  g_autoptr (Client) client = client_new (rig, "ws");

  rig_wait_count (rig, &client->closed, 1);
  client_free (g_steal_pointer (&client));
  rig_wait_count (rig, &rig->n_served, 1);
  g_test_message ("%" G_GUINT64_FORMAT " bytes went out", sent);
  /* how much is on its way when the end is told depends on the machine */
  g_assert_cmpuint (sent, <, 512 * MEBIBYTE);
}

/* --- a peer that does not read ----------------------------------------------- */

static void
serve_stall (Rig       *rig,
             GIOStream *stream,
             GSocket   *socket,
             guint      nth,
             gpointer   user_data)
{
  shake_hands (rig, stream);
  rig_wait_count (rig, user_data, 1);
}

/* What leaves without being read is bounded, on our side at least. */
static void
test_a_peer_that_does_not_read (void)
{
  guint over = 0, ready = 0, i;
  g_autoptr (Rig) rig = rig_new_raw (serve_stall, &over);
  g_autoptr (Client) client = client_new (rig, "ws");
  g_autoptr (GBytes) frame = g_bytes_new_take (g_malloc0 (3200), 3200);

  for (i = 0; i < 100000 && ready == i; i++)
    {
      gint64 end = g_get_monotonic_time () + G_TIME_SPAN_SECOND;

      client_send (client, g_bytes_ref (frame), NULL);
      g_mutex_lock (&rig->lock);
      while (client->ready <= i &&
             g_cond_wait_until (&rig->cond, &rig->lock, end))
        ;
      ready = client->ready;
      g_mutex_unlock (&rig->lock);
    }
  g_test_message ("%u kB left", ready * 3200 / 1000);
  g_assert_cmpuint (ready, <, 8 * MEBIBYTE / 3200);
  client_free (g_steal_pointer (&client));
  rig_add (rig, &over);
}

/* --- TLS ---------------------------------------------------------------------- */

static void
on_soup_message (SoupWebsocketConnection *connection,
                 gint                     type,
                 GBytes                  *message,
                 gpointer                 user_data)
{
  if (type == SOUP_WEBSOCKET_DATA_TEXT)
    soup_websocket_connection_close (connection, 1000, NULL);
  else
    soup_websocket_connection_send_message (connection, type, message);
}

static void
on_soup_websocket (SoupServer              *server,
                   SoupServerMessage       *msg,
                   const char              *path,
                   SoupWebsocketConnection *connection,
                   gpointer                 user_data)
{
  g_signal_connect (connection, "message", G_CALLBACK (on_soup_message), NULL);
  g_signal_connect (connection, "closed", G_CALLBACK (g_object_unref), NULL);
  g_object_ref (connection);
}

static void
serve_nothing (SoupServer        *server,
               SoupServerMessage *msg,
               const char        *path,
               GHashTable        *query,
               gpointer           user_data)
{
  soup_server_message_set_status (msg, 404, NULL);
}

static Rig *
tls_rig (const gchar  *name,
         GTlsDatabase *database)
{
  g_autoptr (GTlsCertificate) certificate = pki_load (name);
  Rig *rig = rig_new_soup (serve_nothing, NULL, certificate);

  soup_server_add_websocket_handler (rig->server, "/a", NULL, NULL,
                                     on_soup_websocket, NULL, NULL);
  rig_set_http (rig, &(EkaHttpOptions){ .tls_database = database,
                                        .timeout = 20 });
  return rig;
}

static void
test_tls (void)
{
  g_autoptr (GTlsDatabase) database = pki_database ();
  g_autoptr (Rig) rig = tls_rig ("good", database);
  g_autoptr (Client) client = client_new (rig, "wss");
  guint i;

  g_assert_no_error (client->error);
  for (i = 0; i < 100; i++)
    {
      client_send (client, g_bytes_new_take (g_malloc0 (3200), 3200), NULL);
      rig_wait_count (rig, &client->ready, i + 1);
    }
  rig_wait_count (rig, &client->messages, 100);
  client_send (client, NULL, "stop");
  rig_wait_count (rig, &client->closed, 1);
  g_assert_cmpuint (client->code, ==, 1000);
}

static void
test_untrusted (gconstpointer name)
{
  g_autoptr (GTlsDatabase) database = pki_database ();
  g_autoptr (Rig) rig = tls_rig (name, database);
  g_autoptr (Client) client = client_new (rig, "wss");

  g_assert_null (client->socket);
  g_assert_error (client->error, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_TLS);
}

int
main (int    argc,
      char **argv)
{
  int result;

  g_test_init (&argc, &argv, NULL);
  pki_make ();
  g_test_add_func ("/websocket/both-ways", test_messages_go_both_ways);
  g_test_add_data_func ("/websocket/code/1001", GUINT_TO_POINTER (1001),
                        test_code);
  g_test_add_data_func ("/websocket/code/1011", GUINT_TO_POINTER (1011),
                        test_code);
  g_test_add_func ("/websocket/pings", test_pings_are_answered);
  g_test_add_data_func ("/websocket/refused/401", GUINT_TO_POINTER (401),
                        test_refused);
  g_test_add_data_func ("/websocket/refused/403", GUINT_TO_POINTER (403),
                        test_refused);
  g_test_add_data_func ("/websocket/refused/502", GUINT_TO_POINTER (502),
                        test_refused);
  g_test_add_data_func ("/websocket/refused/200", GUINT_TO_POINTER (200),
                        test_refused);
  g_test_add_data_func ("/websocket/bad-url/line",
                        "/a?s3cret HTTP/1.1\r\nX: y\r\n", test_bad_url);
  g_test_add_data_func ("/websocket/bad-url/blank", "/s3cret b", test_bad_url);
  g_test_add_data_func ("/websocket/no-answer", NULL,
                        test_no_answer_of_a_websocket);
  g_test_add_data_func ("/websocket/bad-key",
                        "HTTP/1.1 101 Yes\r\nUpgrade: websocket\r\n"
                        "Connection: Upgrade\r\n"
                        "Sec-WebSocket-Accept: x\r\n\r\n",
                        test_no_answer_of_a_websocket);
  g_test_add_data_func ("/websocket/no-http", "hello\r\n\r\n",
                        test_no_answer_of_a_websocket);
  g_test_add_data_func ("/websocket/broken/end", NULL, test_broken);
  g_test_add_data_func ("/websocket/broken/no-frame",
                        "\x83\x7f\xff\xff\xff\xff\xff\xff", test_broken);
  g_test_add_func ("/websocket/oversized", test_oversized);
  g_test_add_func ("/websocket/endless", test_endless_fragments);
  g_test_add_func ("/websocket/not-read", test_a_peer_that_does_not_read);
  g_test_add_func ("/websocket/tls", test_tls);
  g_test_add_data_func ("/websocket/untrusted/stranger", "stranger",
                        test_untrusted);
  g_test_add_data_func ("/websocket/untrusted/elsewhere", "elsewhere",
                        test_untrusted);
  result = g_test_run ();
  pki_remove ();
  return result;
}
