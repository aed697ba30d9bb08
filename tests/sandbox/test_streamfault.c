/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "peer.h"
#include "rawpeer.h"

#include <string.h>

#define PATH "sessions/" SESSION
#define OFFER "--upload-methods=stream"
#define STOP PEER_STOP, strlen (PEER_STOP)

typedef struct
{
  Box *box;
  const gchar *samples;
} Kept;

static gboolean
is_kept (gpointer user_data)
{
  Kept *kept = user_data;
  g_autofree gchar *path
      = g_build_filename (kept->box->directory, SESSION, "audio.wav", NULL);
  g_autofree gchar *data = NULL;
  gsize size = 0;

  return g_file_get_contents (path, &data, &size, NULL)
         && size == strlen (kept->samples) + 44
         && memcmp (data + 44, kept->samples, size - 44) == 0;
}

/* Exactly @samples, in the end. */
static void
wait_kept (Box *box, const gchar *samples)
{
  Kept kept = { box, samples };

  peer_wait (is_kept, &kept);
}

/* The session still takes something: a stream that breaks fails nothing. */
static void
check_open (Box *box)
{
  g_autoptr (Answer) answer = box_get (box, PATH);
  g_autoptr (Answer) ended = NULL;

  answer_check (answer, 202, NULL);
  g_assert_cmpstr (answer_string (answer, "status"), ==, "initialized");
  ended = box_post (box, PATH "/end", "{\"audio_files_sent\":0}");
  answer_check (ended, 400, "stream_not_finished");
}

/* The stream goes on to a good end. */
static void
check_stop (Box *box, Peer *peer)
{
  peer_text (peer, PEER_STOP);
  peer_check_closed (peer, 1000);
  box_end (box, 0);
}

/* --- the handshake -------------------------------------------------------- */

static void
test_statuses (void)
{
  static const guint statuses[] = { 400, 401, 403, 404, 409, 410, 413,
                                    422, 429, 500, 502, 503 };
  g_autoptr (Box) box = NULL;
  g_autofree gchar *url = NULL;
  gsize i;

  box = box_start (OFFER, "--fault=stream:1:400", "--fault=stream:2:401",
                   "--fault=stream:3:403", "--fault=stream:4:404",
                   "--fault=stream:5:409", "--fault=stream:6:410",
                   "--fault=stream:7:413", "--fault=stream:8:422",
                   "--fault=stream:9:429=7", "--fault=stream:10:500",
                   "--fault=stream:11:502", "--fault=stream:12:503/busy",
                   NULL);
  url = stream_create (box, NULL);
  for (i = 0; i < G_N_ELEMENTS (statuses); i++)
    peer_check_refused (url, statuses[i]);
  g_clear_pointer (&url, g_free);
}

static void
test_html (void)
{
  g_autoptr (Box) box = box_start (OFFER, "--fault=stream:1:html=403",
                                   "--fault=get:1:html", NULL);
  g_autofree gchar *url = stream_create (box, NULL);
  g_autofree gchar *plain = g_strconcat ("http", url + 2, NULL);
  g_autoptr (SoupMessage) message = soup_message_new ("GET", plain);
  g_autoptr (GBytes) body = NULL;
  g_autoptr (GError) error = NULL;

  body = soup_session_send_and_read (box->soup, message, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (soup_message_get_status (message), ==, 403);
  g_assert_cmpstr (
      soup_message_headers_get_content_type (
          soup_message_get_response_headers (message), NULL),
      ==, "text/html");
  g_assert_nonnull (g_strstr_len (g_bytes_get_data (body, NULL),
                                  (gssize)g_bytes_get_size (body),
                                  "<title>403 Forbidden</title>"));
}

static void
test_handshake_reset (void)
{
  g_autoptr (Box) box = box_start (OFFER, "--fault=stream:1:reset", NULL);
  g_autofree gchar *url = stream_create (box, NULL);
  g_autoptr (Peer) peer = peer_try (url, NULL);
  g_autoptr (Peer) second = NULL;

  g_assert_null (peer->connection);
  g_assert_cmpuint (peer->status, ==, 0);
  second = peer_open (url);
}

static void
test_handshake_mishaps (void)
{
  g_autoptr (Box) box = box_start (OFFER, "--fault=stream:1:expire",
                                   "--fault=stream:2:forget", NULL);
  g_autofree gchar *url = stream_create (box, NULL);

  peer_check_refused (url, 410);
  peer_check_refused (url, 404);
}

static void
test_end_session (void)
{
  g_autoptr (Box) box = box_start (OFFER, "--fault=stream:1:end-session",
                                   "--fault=get:1:end-session", NULL);
  g_autofree gchar *url = stream_create (box, NULL);

  peer_check_refused (url, 400);
}

/* Somebody else, while it is open: what came is in the results. */
static void
test_end_session_open (void)
{
  g_autoptr (Box) box
      = box_start (OFFER, "--fault=get:1:end-session", NULL);
  g_autofree gchar *url = stream_create (box, NULL);
  g_autoptr (RawPeer) peer = rawpeer_open (url);
  g_autoptr (Answer) answer = NULL;

  rawpeer_send (peer, RAW_LAST | RAW_BINARY, "abcd", 4);
  rawpeer_send (peer, RAW_LAST | RAW_PING, NULL, 0);
  rawpeer_check (peer, RAW_LAST | RAW_PONG, "");
  answer = box_wait (box);
  answer_check (answer, 200, NULL);
  rawpeer_check_closed (peer, 1008);
  wait_kept (box, "abcd");
}

static void
test_forget_open (void)
{
  g_autoptr (Box) box = box_start (OFFER, "--fault=get:1:forget", NULL);
  g_autofree gchar *url = stream_create (box, NULL);
  g_autoptr (Peer) peer = peer_open (url);
  g_autoptr (Answer) answer = NULL;

  peer_binary (peer, "abcd", 4);
  answer = box_get (box, PATH);
  answer_check (answer, 404, "session_not_found");
  peer_check_closed (peer, 1001);
}

/* --- the connection ------------------------------------------------------- */

static void
test_reset (void)
{
  g_autoptr (Box) box = box_start (OFFER, "--fault=stream:1:reset@2", NULL);
  g_autofree gchar *url = stream_create (box, NULL);
  g_autoptr (RawPeer) peer = rawpeer_open (url);
  g_autoptr (GError) error = NULL;
  guint8 first;

  rawpeer_send (peer, RAW_LAST | RAW_BINARY, "ab", 2);
  rawpeer_send (peer, RAW_LAST | RAW_BINARY, "cd", 2);
  g_assert_null (rawpeer_read (peer, &first, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED);
  wait_kept (box, "abcd");
  check_open (box);
  peer_check_refused (url, 409);
}

static void
test_eof (void)
{
  g_autoptr (Box) box = box_start (OFFER, "--fault=stream:1:eof@1", NULL);
  g_autofree gchar *url = stream_create (box, NULL);
  g_autoptr (RawPeer) peer = rawpeer_open (url);
  g_autoptr (GError) error = NULL;
  guint8 first;

  rawpeer_send (peer, RAW_LAST | RAW_BINARY, "ab", 2);
  g_assert_null (rawpeer_read (peer, &first, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_PARTIAL_INPUT);
  rawpeer_send (peer, RAW_LAST | RAW_BINARY, "cd", 2);
  g_clear_pointer (&peer, rawpeer_free);
  wait_kept (box, "ab");
  check_open (box);
}

static void
check_close (const gchar *fault, gushort code)
{
  g_autoptr (Box) box = box_start (OFFER, fault, NULL);
  g_autofree gchar *url = stream_create (box, NULL);
  g_autoptr (Peer) peer = peer_open (url);

  peer_binary (peer, "ab", 2);
  peer_binary (peer, "cd", 2);
  peer_text (peer, PEER_STOP);
  peer_check_closed (peer, code);
  wait_kept (box, "ab");
  check_open (box);
}

static void
test_close (void)
{
  check_close ("--fault=stream:1:close@1", 1001);
  check_close ("--fault=stream:1:close@1=1011", 1011);
  check_close ("--fault=stream:1:close@1=1000", 1000);
}

/* Before any audio: the stream can be sent after all. */
static void
test_close_at_once (void)
{
  g_autoptr (Box) box = box_start (OFFER, "--fault=stream:1:close@0", NULL);
  g_autofree gchar *url = stream_create (box, NULL);
  g_autoptr (Peer) first = peer_open (url);
  g_autoptr (Peer) second = NULL;

  peer_check_closed (first, 1001);
  second = peer_open (url);
  peer_binary (second, "ab", 2);
  check_stop (box, second);
}

/* Writes until nobody reads, at most 64 MB; says whether it came to that. */
static gboolean
is_stuck (RawPeer *peer)
{
  GSocket *socket = g_socket_connection_get_socket (peer->connection);
  g_autofree gchar *silence = g_malloc0 (65536);
  guint i;

  g_socket_set_blocking (socket, FALSE);
  for (i = 0; i < 1024; i++)
    {
      g_autoptr (GError) error = NULL;

      if (g_socket_send (socket, silence, 65536, NULL, &error) > 0)
        continue;
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
      if (!g_socket_condition_timed_wait (socket, G_IO_OUT, 500000, NULL,
                                          NULL))
        return TRUE;
    }
  return FALSE;
}

static void
test_stall (void)
{
  g_autoptr (Box) box = box_start (OFFER, "--fault=stream:1:stall@1", NULL);
  g_autofree gchar *url = stream_create (box, NULL);
  g_autoptr (RawPeer) peer = rawpeer_open (url);

  rawpeer_send (peer, RAW_LAST | RAW_BINARY, "ab", 2);
  g_assert_true (is_stuck (peer));
  wait_kept (box, "ab");
  check_open (box);
  peer_check_refused (url, 409);
}

static guint
count_sockets (Box *box)
{
  g_autofree gchar *path = g_strdup_printf (
      "/proc/%s/fd", g_subprocess_get_identifier (box->process));
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const gchar *name;
  guint count = 0;

  g_assert_nonnull (dir);
  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree gchar *file = g_build_filename (path, name, NULL);
      g_autofree gchar *target = g_file_read_link (file, NULL);

      if (target != NULL && g_str_has_prefix (target, "socket:"))
        count++;
    }
  return count;
}

/* But the one that listens. */
static gboolean
has_no_connections (gpointer user_data)
{
  return count_sockets (user_data) == 1;
}

/* Without reading, it notices that the peer goes. */
static void
test_stall_gone (void)
{
  g_autoptr (Box) box = box_start (OFFER, "--fault=stream:1:stall@1", NULL);
  g_autofree gchar *url = stream_create (box, NULL);
  g_autoptr (RawPeer) peer = NULL;

  soup_session_abort (box->soup);
  peer_wait (has_no_connections, box);
  peer = rawpeer_open (url);
  rawpeer_send (peer, RAW_LAST | RAW_BINARY, "ab", 2);
  wait_kept (box, "ab");
  g_assert_cmpuint (count_sockets (box), ==, 2);
  g_clear_pointer (&peer, rawpeer_free);
  peer_wait (has_no_connections, box);
}

/* The sandbox can be stopped meanwhile. */
static void
test_stall_stop (void)
{
  g_autoptr (Box) box = box_start (OFFER, "--fault=stream:1:stall@0", NULL);
  g_autofree gchar *url = stream_create (box, NULL);
  g_autoptr (RawPeer) peer = rawpeer_open (url);

  g_clear_pointer (&box, box_stop);
}

static void
test_no_close (void)
{
  g_autoptr (Box) box = box_start (OFFER, "--fault=stream:1:no-close", NULL);
  g_autofree gchar *url = stream_create (box, NULL);
  g_autoptr (RawPeer) peer = rawpeer_open (url);
  g_autoptr (Answer) answer = NULL;

  rawpeer_send (peer, RAW_LAST | RAW_BINARY, "ab", 2);
  rawpeer_send (peer, RAW_LAST | RAW_TEXT, STOP);
  rawpeer_send (peer, RAW_LAST | RAW_PING, "1", 1);
  rawpeer_check (peer, RAW_LAST | RAW_PONG, "1");
  box_end (box, 0);
  answer = box_wait (box);
  answer_check (answer, 200, NULL);
  rawpeer_send (peer, RAW_LAST | RAW_PING, "2", 1);
  rawpeer_check (peer, RAW_LAST | RAW_PONG, "2");
  rawpeer_send (peer, RAW_LAST | RAW_CLOSE, "\x03\xe8", 2);
  rawpeer_check_closed (peer, 1000);
}

/* The recording is complete, the results are not there before their time. */
static void
test_closed_late (void)
{
  g_autoptr (Box) box = box_start (OFFER, "--fault=stream:1:no-close",
                                   "--processing-time=1", NULL);
  g_autofree gchar *url = stream_create (box, NULL);
  g_autoptr (RawPeer) peer = rawpeer_open (url);
  g_autoptr (Answer) answer = NULL;
  gint64 ready;
  guint i;

  rawpeer_send (peer, RAW_LAST | RAW_BINARY, "ab", 2);
  rawpeer_send (peer, RAW_LAST | RAW_TEXT, STOP);
  rawpeer_send (peer, RAW_LAST | RAW_PING, NULL, 0);
  rawpeer_check (peer, RAW_LAST | RAW_PONG, "");
  ready = g_get_monotonic_time () + G_TIME_SPAN_SECOND;
  box_end (box, 0);
  for (i = 0; i < 5; i++)
    {
      g_autoptr (Answer) busy = box_get (box, PATH);

      if (g_get_monotonic_time () < ready)
        answer_check (busy, 202, NULL);
    }
  rawpeer_send (peer, RAW_LAST | RAW_CLOSE, "\x03\xe8", 2);
  rawpeer_check_closed (peer, 1000);
  answer = box_wait (box);
  answer_check (answer, 200, NULL);
  g_assert_cmpstr (answer_string (answer, "status"), ==, "completed");
}

/* --- what is sent --------------------------------------------------------- */

static void
test_oversized (void)
{
  g_autoptr (Box) box = box_start (OFFER, "--fault=stream:1:oversized@1", NULL);
  g_autofree gchar *url = stream_create (box, NULL);
  g_autoptr (Peer) peer = peer_open (url);

  soup_websocket_connection_set_max_incoming_payload_size (peer->connection,
                                                           3000000);
  peer_binary (peer, "ab", 2);
  peer_wait_texts (peer, 1);
  g_assert_cmpuint (strlen (g_ptr_array_index (peer->texts, 0)), >,
                    2 * 1024 * 1024);
  check_stop (box, peer);
}

/* libsoup's own limit. */
static void
test_oversized_refused (void)
{
  g_autoptr (Box) box = box_start (OFFER, "--fault=stream:1:oversized@1", NULL);
  g_autofree gchar *url = stream_create (box, NULL);
  g_autoptr (Peer) peer = peer_open (url);

  peer_binary (peer, "ab", 2);
  peer_wait_closed (peer);
  g_assert_error (peer->error, SOUP_WEBSOCKET_ERROR,
                  SOUP_WEBSOCKET_CLOSE_TOO_BIG);
  wait_kept (box, "ab");
  check_open (box);
}

/* Whatever the client sends, but a close frame. */
static void
test_fragments (void)
{
  g_autoptr (Box) box = box_start (OFFER, "--fault=stream:1:fragments@1", NULL);
  g_autofree gchar *url = stream_create (box, NULL);
  g_autoptr (RawPeer) peer = rawpeer_open (url);
  guint8 first = 0;
  guint i;

  rawpeer_send (peer, RAW_LAST | RAW_BINARY, "ab", 2);
  rawpeer_send (peer, RAW_LAST | RAW_TEXT, STOP);
  for (i = 0; i < 500; i++)
    {
      g_autoptr (GBytes) payload = rawpeer_read (peer, &first, NULL);

      g_assert_nonnull (payload);
      g_assert_cmphex (first, ==, i == 0 ? RAW_TEXT : RAW_CONTINUATION);
    }
  rawpeer_send (peer, RAW_LAST | RAW_CLOSE, "\x03\xf1", 2);
  while (first != (RAW_LAST | RAW_CLOSE))
    {
      g_autoptr (GBytes) payload = rawpeer_read (peer, &first, NULL);

      g_assert_nonnull (payload);
    }
}

/* The peer goes without a word. */
static void
test_fragments_gone (void)
{
  g_autoptr (Box) box = box_start (OFFER, "--fault=stream:1:fragments@1", NULL);
  g_autofree gchar *url = stream_create (box, NULL);
  g_autoptr (RawPeer) peer = rawpeer_open (url);
  guint8 first;
  g_autoptr (GBytes) payload = NULL;

  rawpeer_send (peer, RAW_LAST | RAW_BINARY, "ab", 2);
  payload = rawpeer_read (peer, &first, NULL);
  g_assert_nonnull (payload);
  g_clear_pointer (&peer, rawpeer_free);
  wait_kept (box, "ab");
  check_open (box);
}

static void
test_garbage (void)
{
  g_autoptr (Box) box = box_start (OFFER, "--fault=stream:1:garbage@1", NULL);
  g_autofree gchar *url = stream_create (box, NULL);
  g_autoptr (Peer) peer = peer_open (url);
  g_autoptr (Answer) answer = NULL;

  peer_binary (peer, "ab", 2);
  peer_wait_texts (peer, 8);
  peer_binary (peer, "cd", 2);
  check_stop (box, peer);
  g_assert_cmpuint (peer->binaries, ==, 1);
  answer = box_wait (box);
  answer_check (answer, 200, NULL);
  wait_kept (box, "abcd");
}

static void
check_nonsense (const gchar *fault, gint code)
{
  g_autoptr (Box) box = box_start (OFFER, fault, NULL);
  g_autofree gchar *url = stream_create (box, NULL);
  g_autoptr (Peer) peer = peer_open (url);

  peer_binary (peer, "ab", 2);
  peer_wait_closed (peer);
  g_assert_error (peer->error, SOUP_WEBSOCKET_ERROR, code);
  wait_kept (box, "ab");
  check_open (box);
}

static void
test_nonsense (void)
{
  check_nonsense ("--fault=stream:1:garbage-frames@1", 1002);
  check_nonsense ("--fault=stream:1:bad-utf8@1", 1007);
}

/* libsoup takes what it should refuse. */
static void
test_masked (void)
{
  g_autoptr (Box) box = box_start (OFFER, "--fault=stream:1:masked@1", NULL);
  g_autofree gchar *url = stream_create (box, NULL);
  g_autoptr (RawPeer) peer = rawpeer_open (url);
  guint8 head[2];

  rawpeer_send (peer, RAW_LAST | RAW_BINARY, "ab", 2);
  g_assert_cmpint (g_input_stream_read (G_INPUT_STREAM (peer->in), head, 2,
                                        NULL, NULL),
                   ==, 2);
  g_assert_cmphex (head[0], ==, 0x81);
  g_assert_cmphex (head[1], ==, 0x85);
}

/* Only the second handshake; and the first one's faults are its own. */
static void
test_counting (void)
{
  g_autofree gchar *log = NULL;
  g_autoptr (Box) box = box_start_logged (&log, OFFER,
                                          "--fault=stream:2:close@0=1013",
                                          NULL);
  g_autofree gchar *url = stream_create (box, NULL);
  g_autoptr (Peer) first = peer_open (url);
  g_autoptr (Peer) second = NULL;

  soup_websocket_connection_close (first->connection, 1000, NULL);
  peer_check_closed (first, 1000);
  second = peer_open (url);
  peer_check_closed (second, 1013);
  g_clear_pointer (&box, box_stop);
  g_assert_nonnull (strstr (log, "/audio 101 "));
  g_assert_nonnull (strstr (log, " stream:2:close@0=1013\n"));
  g_assert_null (strstr (log, "token="));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/streamfault/statuses", test_statuses);
  g_test_add_func ("/streamfault/html", test_html);
  g_test_add_func ("/streamfault/handshake-reset", test_handshake_reset);
  g_test_add_func ("/streamfault/handshake-mishaps", test_handshake_mishaps);
  g_test_add_func ("/streamfault/end-session", test_end_session);
  g_test_add_func ("/streamfault/end-session-open", test_end_session_open);
  g_test_add_func ("/streamfault/forget-open", test_forget_open);
  g_test_add_func ("/streamfault/reset", test_reset);
  g_test_add_func ("/streamfault/eof", test_eof);
  g_test_add_func ("/streamfault/close", test_close);
  g_test_add_func ("/streamfault/close-at-once", test_close_at_once);
  g_test_add_func ("/streamfault/stall", test_stall);
  g_test_add_func ("/streamfault/stall-gone", test_stall_gone);
  g_test_add_func ("/streamfault/stall-stop", test_stall_stop);
  g_test_add_func ("/streamfault/no-close", test_no_close);
  g_test_add_func ("/streamfault/closed-late", test_closed_late);
  g_test_add_func ("/streamfault/oversized", test_oversized);
  g_test_add_func ("/streamfault/oversized-refused", test_oversized_refused);
  g_test_add_func ("/streamfault/fragments", test_fragments);
  g_test_add_func ("/streamfault/fragments-gone", test_fragments_gone);
  g_test_add_func ("/streamfault/garbage", test_garbage);
  g_test_add_func ("/streamfault/nonsense", test_nonsense);
  g_test_add_func ("/streamfault/masked", test_masked);
  g_test_add_func ("/streamfault/counting", test_counting);
  return g_test_run ();
}
