/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "fixture.h"

#include "wav.h"

#include <glib/gstdio.h>
#include <math.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>

#define PATIENCE G_TIME_SPAN_MINUTE
#define PAUSE 5

/* A test that aborts takes the program along: left alone, it would hold the
 * test's stdout open, and whoever reads that would wait for ever. */
static void
set_up_child (gpointer user_data)
{
  prctl (PR_SET_PDEATHSIG, SIGKILL);
}

/* Where the log goes meanwhile: beside the sessions, not among them. */
static gchar *
log_path (Box *self)
{
  return g_strconcat (self->directory, ".log", NULL);
}

/* Starts the program that $EKASCRIBE_SANDBOX names, on a free port, and reads
 * its one line. */
static Box *
start (gchar **log, const gchar *option, va_list args)
{
  Box *self = g_new0 (Box, 1);
  g_autoptr (GPtrArray) argv = g_ptr_array_new ();
  g_autoptr (GSubprocessLauncher) launcher = NULL;
  g_autofree gchar *path = NULL;
  g_autoptr (GError) error = NULL;

  self->log = log;
  self->directory = g_dir_make_tmp ("ekascribe-test-XXXXXX", &error);
  g_assert_no_error (error);
  path = log_path (self);
  g_ptr_array_add (argv, (gchar *)g_getenv ("EKASCRIBE_SANDBOX"));
  g_ptr_array_add (argv, (gchar *)"--port=0");
  g_ptr_array_add (argv, (gchar *)"--directory");
  g_ptr_array_add (argv, self->directory);
  if (log == NULL)
    g_ptr_array_add (argv, (gchar *)"--quiet");
  for (; option != NULL; option = va_arg (args, const gchar *))
    g_ptr_array_add (argv, (gchar *)option);
  g_ptr_array_add (argv, NULL);
  launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE);
  if (log != NULL)
    g_subprocess_launcher_set_stderr_file_path (launcher, path);
  g_subprocess_launcher_set_child_setup (launcher, set_up_child, NULL, NULL);
  self->process = g_subprocess_launcher_spawnv (
      launcher, (const gchar *const *)argv->pdata, &error);
  g_assert_no_error (error);
  self->lines = g_data_input_stream_new (
      g_subprocess_get_stdout_pipe (self->process));
  self->base_url = g_data_input_stream_read_line (self->lines, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_nonnull (self->base_url);
  self->soup = soup_session_new ();
  return self;
}

Box *
box_start (const gchar *option, ...)
{
  Box *self;
  va_list args;

  va_start (args, option);
  self = start (NULL, option, args);
  va_end (args);
  return self;
}

/* As box_start(); @log is set by box_stop(). */
Box *
box_start_logged (gchar **log, const gchar *option, ...)
{
  Box *self;
  va_list args;

  va_start (args, option);
  self = start (log, option, args);
  va_end (args);
  return self;
}

static void
read_log (Box *self)
{
  g_autofree gchar *path = log_path (self);
  g_autoptr (GError) error = NULL;

  g_file_get_contents (path, self->log, NULL, &error);
  g_assert_no_error (error);
  g_unlink (path);
}

static void
remove_tree (const gchar *path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const gchar *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree gchar *child = g_build_filename (path, name, NULL);

      if (g_unlink (child) != 0)
        remove_tree (child);
    }
  g_rmdir (path);
}

/* Every test ends with this: SIGTERM is a clean end, with nothing printed
 * after the first line. */
void
box_stop (Box *self)
{
  g_autoptr (GError) error = NULL;
  g_autofree gchar *rest = NULL;

  g_subprocess_send_signal (self->process, SIGTERM);
  rest = g_data_input_stream_read_line (self->lines, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_null (rest);
  g_subprocess_wait (self->process, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (g_subprocess_get_if_exited (self->process));
  g_assert_cmpint (g_subprocess_get_exit_status (self->process), ==, 0);
  if (self->log != NULL)
    read_log (self);
  remove_tree (self->directory);
  g_object_unref (self->lines);
  g_object_unref (self->process);
  g_object_unref (self->soup);
  g_free (self->base_url);
  g_free (self->directory);
  g_free (self);
}

static gboolean
accept_certificate (SoupMessage         *message,
                    GTlsCertificate     *certificate,
                    GTlsCertificateFlags flags,
                    gpointer             user_data)
{
  return TRUE;
}

/* @path beginning with `/` counts from the host's root. */
Answer *
box_send (Box     *self,
              const gchar *method,
              const gchar *path,
              const gchar *content_type,
              GBytes      *body)
{
  g_autofree gchar *url
      = *path == '/' ? g_uri_resolve_relative (self->base_url, path,
                                               G_URI_FLAGS_NONE, NULL)
                     : g_strconcat (self->base_url, "/", path, NULL);
  g_autoptr (SoupMessage) message = soup_message_new (method, url);
  SoupMessageHeaders *headers = soup_message_get_request_headers (message);
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (JsonParser) parser = json_parser_new ();
  g_autoptr (GError) error = NULL;
  Answer *answer = g_new0 (Answer, 1);

  if (body != NULL)
    soup_message_set_request_body_from_bytes (message, content_type, body);
  if (self->token != NULL)
    soup_message_headers_append (headers, "Authorization", self->token);
  g_signal_connect (message, "accept-certificate",
                    G_CALLBACK (accept_certificate), NULL);
  bytes = soup_session_send_and_read (self->soup, message, NULL, &error);
  g_assert_no_error (error);
  answer->status = soup_message_get_status (message);
  answer->headers = soup_message_headers_ref (
      soup_message_get_response_headers (message));
  json_parser_load_from_data (parser, g_bytes_get_data (bytes, NULL),
                              (gssize)g_bytes_get_size (bytes), &error);
  g_assert_no_error (error);
  answer->json = json_parser_steal_root (parser);
  return answer;
}

Answer *
box_get (Box *self, const gchar *path)
{
  return box_send (self, "GET", path, NULL, NULL);
}

Answer *
box_post (Box *self, const gchar *path, const gchar *json)
{
  g_autoptr (GBytes) body = g_bytes_new (json, strlen (json));

  return box_send (self, "POST", path, "application/json", body);
}

/* Creates SESSION; @members (nullable) are more of the body. */
void
box_create (Box *self, const gchar *members)
{
  g_autofree gchar *json = g_strdup_printf (
      "{" MINIMAL ",\"session_id\":\"" SESSION "\"%s%s}", members ? "," : "",
      members ? members : "");
  g_autoptr (Answer) answer = box_post (self, "sessions", json);

  answer_check (answer, 201, NULL);
}

void
box_upload (Box     *self,
                const gchar *name,
                const gchar *content_type,
                GBytes      *body)
{
  g_autofree gchar *path
      = g_strconcat ("sessions/" SESSION "/audio/", name, NULL);
  g_autoptr (Answer) answer
      = box_send (self, "POST", path, content_type, body);

  answer_check (answer, 200, NULL);
  g_assert_cmpstr (answer_string (answer, "session_id"), ==, SESSION);
  g_assert_true (json_node_get_boolean (answer_find (answer, "success")));
  g_assert_cmpstr (answer_string (answer, "original_filename"), ==, name);
}

void
box_end (Box *self, gint sent)
{
  g_autofree gchar *json
      = g_strdup_printf ("{\"audio_files_sent\":%d}", sent);
  g_autoptr (Answer) answer
      = box_post (self, "sessions/" SESSION "/end", json);

  answer_check (answer, 202, NULL);
}

static gboolean
on_pause (gpointer user_data)
{
  return G_SOURCE_REMOVE;
}

/* Polls SESSION until its HTTP status is not @busy. */
Answer *
box_await (Box *self, guint busy)
{
  gint64 end = g_get_monotonic_time () + PATIENCE;
  Answer *answer = box_get (self, "sessions/" SESSION);

  while (answer->status == busy)
    {
      g_assert_cmpint (g_get_monotonic_time (), <, end);
      answer_free (answer);
      g_timeout_add (PAUSE, on_pause, NULL);
      g_main_context_iteration (NULL, TRUE);
      answer = box_get (self, "sessions/" SESSION);
    }
  return answer;
}

Answer *
box_wait (Box *self)
{
  return box_await (self, 202);
}

void
answer_free (Answer *self)
{
  g_clear_pointer (&self->json, json_node_unref);
  soup_message_headers_unref (self->headers);
  g_free (self);
}

/* @path: members and indices, with dots between. */
JsonNode *
answer_find (Answer *self, const gchar *path)
{
  g_auto (GStrv) parts = g_strsplit (path, ".", -1);
  JsonNode *node = self->json;
  gsize i;

  for (i = 0; parts[i] != NULL && node != NULL; i++)
    if (JSON_NODE_HOLDS_OBJECT (node))
      node = json_object_get_member (json_node_get_object (node), parts[i]);
    else if (JSON_NODE_HOLDS_ARRAY (node)
             && g_ascii_strtoull (parts[i], NULL, 10)
                    < json_array_get_length (json_node_get_array (node)))
      node = json_array_get_element (
          json_node_get_array (node),
          (guint)g_ascii_strtoull (parts[i], NULL, 10));
    else
      node = NULL;
  return node;
}

const gchar *
answer_string (Answer *self, const gchar *path)
{
  JsonNode *node = answer_find (self, path);

  g_assert_nonnull (node);
  return JSON_NODE_HOLDS_NULL (node) ? NULL : json_node_get_string (node);
}

gint64
answer_int (Answer *self, const gchar *path)
{
  JsonNode *node = answer_find (self, path);

  g_assert_nonnull (node);
  g_assert_cmpint (json_node_get_value_type (node), ==, G_TYPE_INT64);
  return json_node_get_int (node);
}

/* @code: of the error envelope, or %NULL: there is none. */
void
answer_check (Answer *self, guint status, const gchar *code)
{
  g_autofree gchar *text = json_to_string (self->json, FALSE);

  g_test_message ("%u %s", self->status, text);
  g_assert_cmpuint (self->status, ==, status);
  /* The next call on a connection that goes unannounced would be reset. */
  g_assert_true (soup_message_headers_header_contains (self->headers,
                                                       "Connection", "close"));
  if (code == NULL)
    return;
  g_assert_cmpstr (answer_string (self, "error.code"), ==, code);
  g_assert_nonnull (answer_string (self, "error.message"));
  g_assert_true (JSON_NODE_HOLDS_OBJECT (answer_find (self,
                                                      "error.details")));
}

GArray *
make_tone (gint    rate,
           gint    channels,
           gsize   frames,
           gdouble frequency,
           gdouble level)
{
  GArray *samples = g_array_new (FALSE, TRUE, sizeof (gint16));
  gsize i;
  gint c;

  g_array_set_size (samples, (guint)(frames * (gsize)channels));
  for (i = 0; i < frames; i++)
    for (c = 0; c < channels; c++)
      g_array_index (samples, gint16, i * (gsize)channels + (gsize)c)
          = (gint16)lrint (level * 32767.0
                           * sin (2.0 * G_PI * frequency * (c + 1)
                                  * (gdouble)i / rate));
  return samples;
}

static GBytes *
read_and_remove (const gchar *path)
{
  g_autoptr (GError) error = NULL;
  gchar *data;
  gsize size;

  g_file_get_contents (path, &data, &size, &error);
  g_assert_no_error (error);
  g_unlink (path);
  return g_bytes_new_take (data, size);
}

static gchar *
make_path (const gchar *extension)
{
  g_autofree gchar *uuid = g_uuid_string_random ();
  g_autofree gchar *name = g_strconcat (uuid, ".", extension, NULL);

  return g_build_filename (g_get_tmp_dir (), name, NULL);
}

GBytes *
make_wav (gint rate, gint channels, const GArray *samples)
{
  g_autofree gchar *path = make_path ("wav");
  g_autoptr (GError) error = NULL;

  sandbox_wav_append (path, rate, channels, samples->data,
                      samples->len * sizeof (gint16), &error);
  g_assert_no_error (error);
  return read_and_remove (path);
}

/* What ffmpeg makes of @wav. */
GBytes *
make_encoded (const gchar *extension, GBytes *wav, const gchar *arguments)
{
  g_autofree gchar *in = make_path ("wav");
  g_autofree gchar *out = make_path (extension);
  g_autofree gchar *command = g_strdup_printf (
      "ffmpeg -v error -y -i %s %s %s", in, arguments, out);
  g_autoptr (GError) error = NULL;
  gint status;

  g_file_set_contents (in, g_bytes_get_data (wav, NULL),
                       (gssize)g_bytes_get_size (wav), &error);
  g_assert_no_error (error);
  g_spawn_command_line_sync (command, NULL, NULL, &status, &error);
  g_assert_no_error (error);
  g_spawn_check_wait_status (status, &error);
  g_assert_no_error (error);
  g_unlink (in);
  return read_and_remove (out);
}

gchar *
make_certificate (const gchar *directory)
{
  gchar *path = g_build_filename (directory, "both.pem", NULL);
  g_autofree gchar *command = g_strdup_printf (
      "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes "
      "-days 2 -subj /CN=127.0.0.1 -keyout %s -out %s",
      path, path);
  g_autofree gchar *noise = NULL;
  g_autoptr (GError) error = NULL;
  gint status;

  g_spawn_command_line_sync (command, NULL, &noise, &status, &error);
  g_assert_no_error (error);
  g_spawn_check_wait_status (status, &error);
  g_assert_no_error (error);
  return path;
}

/* The plain 44 bytes of header that the sandbox writes. */
GArray *
read_wav (GBytes *wav, gint *rate, gint *channels)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (wav, &size);
  GArray *samples = g_array_new (FALSE, FALSE, sizeof (gint16));

  g_assert_cmpuint (size, >=, 44);
  g_assert_cmpint (memcmp (data, "RIFF", 4), ==, 0);
  g_assert_cmpuint (data[40] | data[41] << 8 | data[42] << 16
                        | (guint)data[43] << 24,
                    ==, size - 44);
  *channels = data[22];
  *rate = data[24] | data[25] << 8 | data[26] << 16;
  g_array_append_vals (samples, data + 44, (guint)((size - 44) / 2));
  return samples;
}

/* A file of SESSION. */
GBytes *
read_kept (Box *self, const gchar *name)
{
  g_autofree gchar *path
      = g_build_filename (self->directory, SESSION, name, NULL);
  g_autoptr (GError) error = NULL;
  gchar *data;
  gsize size;

  g_file_get_contents (path, &data, &size, &error);
  g_assert_no_error (error);
  return g_bytes_new_take (data, size);
}
