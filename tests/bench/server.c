/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* A service that swallows audio: it answers the protocol, looks at nothing and
 * costs next to nothing. One process, one thread; it prints its base URL, and
 * on SIGTERM what it has seen, one `name value` a line. */
#define _GNU_SOURCE /* memmem */
#include <arpa/inet.h>
#include <errno.h>
#include <gio/gio.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "wsserver.h"

#define PIECE (256 * 1024)

typedef struct
{
  GString *files; /* JSON strings, with commas between */
  guint n_files;
  gint64 ended; /* monotonic ms, or 0 */
} Session;

/* @held is the session whose final state a GET waits for, until @due; @ws is set
 * after the handshake of a stream. */
typedef struct
{
  gint fd;
  GByteArray *input;
  Session *held;
  gint64 due;
  BenchWs *ws;
} Connection;

static gint hold;       /* ms that a GET is held at most */
static gint processing; /* ms from End to the results */
static gboolean stall;  /* uploads are neither read nor answered */
static gboolean mute;   /* streams are accepted and never read */
static gchar *directory;
static FILE *arrivals;

static GHashTable *sessions;
static GPtrArray *connections;
static guint base_port;
static guint n_connections, n_requests, n_uploads, n_held, n_streams;
static guint64 n_bytes, n_streamed;
static gint64 final_time; /* of the last final answer, in ns */
static volatile sig_atomic_t quit;

static void
on_signal (int number)
{
  quit = 1;
}

static gint64
now_ns (void)
{
  struct timespec now;

  clock_gettime (CLOCK_MONOTONIC, &now);
  return now.tv_sec * G_GINT64_CONSTANT (1000000000) + now.tv_nsec;
}

static gint64
now_ms (void)
{
  return now_ns () / 1000000;
}

static void
connection_free (gpointer data)
{
  Connection *connection = data;

  if (connection->ws != NULL)
    n_streamed += bench_ws_free (connection->ws);
  close (connection->fd);
  g_byte_array_unref (connection->input);
  g_free (connection);
}

static Session *
get_session (const gchar *id)
{
  Session *session = g_hash_table_lookup (sessions, id);

  if (session == NULL) {
    session = g_new0 (Session, 1);
    session->files = g_string_new (NULL);
    g_hash_table_insert (sessions, g_strdup (id), session);
  }
  return session;
}

G_GNUC_PRINTF (3, 4)
static void
answer (Connection  *connection,
        const gchar *status,
        const gchar *format,
        ...)
{
  g_autofree gchar *body = NULL;
  g_autofree gchar *text = NULL;
  va_list args;
  gsize size;

  va_start (args, format);
  body = g_strdup_vprintf (format, args);
  va_end (args);
  text = g_strdup_printf ("HTTP/1.1 %s\r\nContent-Type: application/json\r\n"
                          "Content-Length: %" G_GSIZE_FORMAT "\r\n\r\n%s",
                          status, strlen (body), body);
  size = strlen (text);
  if (send (connection->fd, text, size, MSG_NOSIGNAL) != (gssize) size)
    g_printerr ("an answer was not taken\n");
}

static void
answer_state (Connection *connection,
              Session    *session)
{
  gboolean done =
      session->ended != 0 && now_ms () >= session->ended + processing;

  answer (connection, done ? "200 OK" : "202 Accepted",
          "{\"status\":\"%s\",\"transcript\":%s,\"templates\":[],"
          "\"audio_files_received\":%u,\"audio_files_processed\":%u,"
          "\"audio_files\":[%s]}",
          done ? "completed" : session->ended ? "processing" : "initialized",
          done ? "\"swallowed\"" : "null", session->n_files,
          done ? session->n_files : 0, session->files->str);
  if (done)
    final_time = now_ns ();
}

static void
hold_get (Connection *connection,
          Session    *session)
{
  gint64 now = now_ms ();

  connection->due = now;
  if (session->ended != 0)
    connection->due = MIN (now + hold, session->ended + processing);
  if (connection->due <= now) {
    answer_state (connection, session);
    return;
  }
  connection->held = session;
  n_held++;
}

static void
create_session (Connection  *connection,
                const gchar *body)
{
  const gchar *start = strstr (body, "\"session_id\":\"");
  const gboolean stream = strstr (body, "\"stream\"") != NULL;
  g_autofree gchar *id = NULL;

  if (start != NULL) {
    start += strlen ("\"session_id\":\"");
    id = g_strndup (start, strcspn (start, "\""));
  } else {
    id = g_strdup_printf ("ses_%028x", g_hash_table_size (sessions));
  }
  get_session (id);
  answer (connection, "201 Created",
          "{\"session_id\":\"%s\",\"status\":\"created\","
          "\"upload_url\":\"%s://127.0.0.1:%u/%s/%s\"}",
          id, stream ? "ws" : "http", base_port, stream ? "stream" : "upload",
          id);
}

static void
keep_file (const gchar  *name,
           const guint8 *data,
           gsize         size)
{
  g_autofree gchar *path = g_build_filename (directory, name, NULL);
  g_autoptr (GError) error = NULL;

  if (!g_file_set_contents (path, (const gchar *) data, size, &error))
    g_error ("%s", error->message);
}

static void
take_upload (Connection   *connection,
             const gchar  *id,
             const gchar  *name,
             const guint8 *body,
             gsize         size)
{
  Session *session = get_session (id);

  g_string_append_printf (session->files, "%s\"%s\"",
                          session->n_files++ > 0 ? "," : "", name);
  n_uploads++;
  n_bytes += size;
  if (directory != NULL)
    keep_file (name, body, size);
  answer (connection, "200 OK",
          "{\"session_id\":\"%s\",\"success\":true,"
          "\"original_filename\":\"%s\"}",
          id, name);
}

static void
end_session (Connection *connection,
             Session    *session)
{
  if (session->ended == 0)
    session->ended = now_ms ();
  answer (connection, "202 Accepted",
          "{\"status\":\"processing\",\"audio_files_received\":%u,"
          "\"audio_files\":[%s]}",
          session->n_files, session->files->str);
}

/* @path is /sessions[/ID[/end]] or /upload/ID/NAME. */
static void
handle (Connection   *connection,
        const gchar  *method,
        const gchar  *path,
        const guint8 *body,
        gsize         size)
{
  g_auto (GStrv) parts = g_strsplit (path + 1, "/", 4);
  const guint n = g_strv_length (parts);
  g_autofree gchar *text = NULL;

  n_requests++;
  if (n == 3 && g_str_equal (parts[0], "upload")) {
    take_upload (connection, parts[1], parts[2], body, size);
  } else if (n == 1 && g_str_equal (parts[0], "sessions")) {
    text = g_strndup ((const gchar *) body, size);
    create_session (connection, text);
  } else if (n == 3 && g_str_equal (parts[2], "end")) {
    end_session (connection, get_session (parts[1]));
  } else if (n == 2 && g_str_equal (method, "GET") &&
             g_str_equal (parts[0], "sessions")) {
    hold_get (connection, get_session (parts[1]));
  } else {
    answer (connection, "404 Not Found",
            "{\"error\":{\"code\":\"not_found\",\"message\":\"no\"}}");
  }
}

static gsize
get_length (const gchar *head)
{
  const gchar *line = head;

  while ((line = strstr (line, "\r\n")) != NULL) {
    line += 2;
    if (g_ascii_strncasecmp (line, "Content-Length:", 15) == 0)
      return g_ascii_strtoull (line + 15, NULL, 10);
  }
  return 0;
}

/* Returns: %FALSE where no more is read from this connection for now */
static gboolean
open_stream (Connection  *connection,
             const gchar *head)
{
  connection->ws = bench_ws_accept (connection->fd, head, arrivals);
  n_requests++;
  n_streams += connection->ws != NULL;
  return connection->ws != NULL && !mute;
}

static gboolean
is_stream (gchar **words)
{
  return g_str_equal (words[0], "GET") &&
         g_str_has_prefix (words[1], "/stream/");
}

/* Returns: %FALSE where no more is read from this connection for now */
static gboolean
take_requests (Connection *connection)
{
  GByteArray *input = connection->input;
  const guint8 *end;

  while (connection->held == NULL &&
         (end = memmem (input->data, input->len, "\r\n\r\n", 4)) != NULL) {
    const gsize head_size = end + 4 - input->data;
    g_autofree gchar *head = g_strndup ((gchar *) input->data, head_size);
    g_auto (GStrv) words = g_strsplit_set (head, " \r", 3);
    const gsize size = get_length (head);

    if (g_strv_length (words) < 3)
      return FALSE;
    if (stall && g_str_has_prefix (words[1], "/upload/"))
      return FALSE;
    if (is_stream (words)) {
      g_byte_array_remove_range (input, 0, head_size);
      return open_stream (connection, head);
    }
    if (input->len < head_size + size)
      return TRUE;
    handle (connection, words[0], words[1], input->data + head_size, size);
    g_byte_array_remove_range (input, 0, head_size + size);
  }
  return TRUE;
}

static gboolean
take_input (Connection *connection)
{
  if (connection->ws != NULL)
    return bench_ws_take (connection->ws, connection->input, now_ns ());
  return take_requests (connection);
}

static void
read_connection (Connection *connection,
                 gint        epoll)
{
  const guint before = connection->input->len;
  gssize n;

  g_byte_array_set_size (connection->input, before + PIECE);
  n = recv (connection->fd, connection->input->data + before, PIECE,
            MSG_DONTWAIT);
  g_byte_array_set_size (connection->input, before + MAX (n, 0));
  if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
    g_ptr_array_remove_fast (connections, connection);
    return;
  }
  if (!take_input (connection)) {
    struct epoll_event event = { .events = 0, .data.ptr = connection };

    epoll_ctl (epoll, EPOLL_CTL_MOD, connection->fd, &event);
  }
}

static void
accept_connection (gint listener,
                   gint epoll)
{
  Connection *connection = g_new0 (Connection, 1);
  struct epoll_event event = { .events = EPOLLIN, .data.ptr = connection };
  const gint one = 1;

  connection->fd = accept (listener, NULL, NULL);
  connection->input = g_byte_array_new ();
  setsockopt (connection->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  epoll_ctl (epoll, EPOLL_CTL_ADD, connection->fd, &event);
  g_ptr_array_add (connections, connection);
  n_connections++;
}

/* Answers what has been held long enough. Returns: ms to the next one, or -1 */
static gint
answer_held (void)
{
  const gint64 now = now_ms ();
  gint64 next = -1;
  guint i;

  for (i = 0; i < connections->len; i++) {
    Connection *connection = g_ptr_array_index (connections, i);

    if (connection->held == NULL)
      continue;
    if (connection->due <= now) {
      answer_state (connection, g_steal_pointer (&connection->held));
      take_requests (connection);
    } else if (next < 0 || connection->due - now < next) {
      next = connection->due - now;
    }
  }
  return next;
}

static gint
listen_somewhere (void)
{
  struct sockaddr_in address = { .sin_family = AF_INET };
  socklen_t size = sizeof address;
  gint listener = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  address.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
  if (bind (listener, (struct sockaddr *) &address, size) != 0 ||
      listen (listener, SOMAXCONN) != 0 ||
      getsockname (listener, (struct sockaddr *) &address, &size) != 0)
    g_error ("can't listen: %s", g_strerror (errno));
  base_port = ntohs (address.sin_port);
  return listener;
}

static void
serve (gint listener)
{
  gint epoll = epoll_create1 (EPOLL_CLOEXEC);
  struct epoll_event event = { .events = EPOLLIN, .data.ptr = NULL };

  epoll_ctl (epoll, EPOLL_CTL_ADD, listener, &event);
  while (!quit) {
    /* One at a time: a connection that is freed has no event left over. */
    if (epoll_wait (epoll, &event, 1, answer_held ()) < 1)
      continue;
    if (event.data.ptr == NULL)
      accept_connection (listener, epoll);
    else
      read_connection (event.data.ptr, epoll);
  }
  close (epoll);
}

int
main (int argc, char **argv)
{
  g_autofree gchar *path = NULL;
  const GOptionEntry entries[] = {
    { "hold", 0, 0, G_OPTION_ARG_INT, &hold, "Hold a GET so long", "MS" },
    { "processing", 0, 0, G_OPTION_ARG_INT, &processing,
      "Time from End to the results", "MS" },
    { "stall", 0, 0, G_OPTION_ARG_NONE, &stall, "Never answer an upload",
      NULL },
    { "directory", 0, 0, G_OPTION_ARG_FILENAME, &directory,
      "Keep the chunks here", "FOLDER" },
    { "mute", 0, 0, G_OPTION_ARG_NONE, &mute, "Never read a stream", NULL },
    { "arrivals", 0, 0, G_OPTION_ARG_FILENAME, &path,
      "Tell here when the audio of streams came", "FILE" },
    { NULL }
  };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GError) error = NULL;
  struct sigaction action = { .sa_handler = on_signal };
  gint listener;

  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error)) {
    g_printerr ("%s\n", error->message);
    return 2;
  }
  if (path != NULL && (arrivals = fopen (path, "w")) == NULL)
    g_error ("%s: %s", path, g_strerror (errno));
  sigaction (SIGTERM, &action, NULL);
  sessions = g_hash_table_new (g_str_hash, g_str_equal);
  connections = g_ptr_array_new_with_free_func (connection_free);
  listener = listen_somewhere ();
  g_print ("http://127.0.0.1:%u\n", base_port);
  serve (listener);
  g_ptr_array_set_size (connections, 0);
  if (arrivals != NULL)
    fclose (arrivals);
  g_print ("connections %u\nrequests %u\nuploads %u\nheld %u\n"
           "bytes %" G_GUINT64_FORMAT "\nfinal_time %" G_GINT64_FORMAT "\n",
           n_connections, n_requests, n_uploads, n_held, n_bytes, final_time);
  g_print ("streams %u\nstreamed %" G_GUINT64_FORMAT "\n", n_streams,
           n_streamed);
  return 0;
}
