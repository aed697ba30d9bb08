/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "live.h"

#include <string.h>

/**
 * camera_new:
 * @options: (nullable): for its command line
 *
 * Returns: (transfer full): a camera that serves
 */
Camera *
camera_new (const gchar *options)
{
  Camera *self = g_new0 (Camera, 1);
  g_autofree gchar *command = g_strdup_printf (
      "%s %s", CAMERA_PATH, options != NULL ? options : "");

  self->process = harness_serve (command, &self->url);
  self->lines =
      g_data_input_stream_new (g_subprocess_get_stdout_pipe (self->process));
  return self;
}

/**
 * camera_free:
 * @camera: (transfer full): a camera
 */
void
camera_free (Camera *camera)
{
  harness_stop (camera->process);
  g_object_unref (camera->lines);
  g_free (camera->url);
  g_free (camera);
}

/**
 * camera_signal:
 * @camera: a camera
 * @number: of a signal: SIGUSR1, it goes away; SIGUSR2, it is back
 */
void
camera_signal (Camera *camera,
               gint    number)
{
  g_subprocess_send_signal (camera->process, number);
}

static void
note_line (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  gchar **line = user_data;

  *line = g_data_input_stream_read_line_finish_utf8 (
      G_DATA_INPUT_STREAM (source), result, NULL, NULL);
  if (*line == NULL)
    g_error ("the camera says nothing more");
}

static gboolean
out_of_patience (gpointer user_data)
{
  g_error ("the camera does not say “%s”", (const gchar *) user_data);
  return G_SOURCE_REMOVE;
}

/**
 * camera_wait_for:
 * @camera: a camera
 * @event: `play`, `away` or `back`: what it says next
 *
 * Returns: when that was, as Unix time in µs
 */
gint64
camera_wait_for (Camera      *camera,
                 const gchar *event)
{
  g_autofree gchar *line = NULL;
  guint timer = g_timeout_add_seconds (HARNESS_PATIENCE, out_of_patience,
                                       (gpointer) event);

  g_data_input_stream_read_line_async (camera->lines, G_PRIORITY_DEFAULT, NULL,
                                       note_line, &line);
  while (line == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_source_remove (timer);
  if (!g_str_has_prefix (line, event))
    g_error ("not “%s” but “%s”", event, line);
  return g_ascii_strtoll (line + strlen (event), NULL, 10);
}

/**
 * live_describe:
 * @folder: of a session of the sandbox
 *
 * Returns: (transfer full): its `session.json`
 */
JsonObject *
live_describe (const gchar *folder)
{
  g_autofree gchar *text = harness_read (folder, "session.json");
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) node = json_from_string (text, &error);

  g_assert_no_error (error);
  return json_object_ref (json_node_get_object (node));
}

/**
 * live_digits:
 * @folder: of a session of the sandbox that is over
 *
 * Returns: (transfer full): the DTMF digits of its transcript, in their order
 */
gchar *
live_digits (const gchar *folder)
{
  static const gchar line[] = "DTMF digit ";
  g_autoptr (JsonObject) all = live_describe (folder);
  JsonObject *session = json_object_get_object_member (all, "session");
  const gchar *at = json_object_get_string_member (session, "transcript");
  GString *digits = g_string_new (NULL);

  g_test_message ("%s", at);
  while ((at = strstr (at, line)) != NULL)
    {
      at += strlen (line);
      g_string_append_c (digits, *at);
    }
  return g_string_free (digits, FALSE);
}

/**
 * live_assert_chunks:
 * @folder: of a session of the sandbox that is over
 * @media_type: what all its chunks must be; they must be faultless
 */
void
live_assert_chunks (const gchar *folder,
                    const gchar *media_type)
{
  g_autoptr (JsonObject) all = live_describe (folder);
  JsonArray *chunks = json_object_get_array_member (all, "chunks");
  guint i;

  g_assert_cmpuint (json_array_get_length (chunks), >, 0);
  for (i = 0; i < json_array_get_length (chunks); i++)
    {
      JsonObject *chunk = json_array_get_object_element (chunks, i);

      g_assert_cmpstr (json_object_get_string_member (chunk, "content_type"),
                       ==, media_type);
      g_assert_true (json_object_get_null_member (chunk, "error"));
    }
}

/**
 * live_seconds:
 * @folder: of a session of the sandbox
 *
 * Returns: how long what is heard of it lasts
 */
gdouble
live_seconds (const gchar *folder)
{
  g_autoptr (GBytes) samples = fixture_wav_data (folder, "recording.wav");

  return g_bytes_get_size (samples) / (16000.0 * sizeof (gint16));
}
