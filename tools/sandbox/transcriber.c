/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "transcriber.h"

static void
communicate_done (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GSubprocess *process = G_SUBPROCESS (source);
  g_autoptr (GTask) task = user_data;
  g_autoptr (GBytes) output = NULL;
  GError *error = NULL;
  gchar *text;
  gsize size;
  gconstpointer data;

  if (!g_subprocess_communicate_finish (process, result, &output, NULL, &error))
    {
      /* Nobody waits for it any more. */
      g_subprocess_force_exit (process);
      g_task_return_error (task, error);
      return;
    }
  if (!g_spawn_check_wait_status (g_subprocess_get_status (process), &error))
    {
      g_prefix_error (&error, "The transcriber failed: ");
      g_task_return_error (task, error);
      return;
    }
  data = g_bytes_get_data (output, &size);
  text = g_utf8_make_valid (data ? data : "", (gssize)size);
  g_task_return_pointer (task, g_strstrip (text), g_free);
}

/**
 * sandbox_transcriber_run_async:
 * @command: program and arguments
 * @path: of a WAV file, its last argument
 * @cancellable: (nullable): ends the program
 * @callback: called when it is over
 * @user_data: for @callback
 *
 * Runs a recogniser on a recording. Its stderr is ours.
 */
void
sandbox_transcriber_run_async (gchar **command,
                               const gchar *path,
                               GCancellable *cancellable,
                               GAsyncReadyCallback callback,
                               gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, NULL, callback, user_data);
  g_autoptr (GStrvBuilder) arguments = g_strv_builder_new ();
  g_auto (GStrv) argv = NULL;
  g_autoptr (GSubprocess) process = NULL;
  GError *error = NULL;

  g_strv_builder_addv (arguments, (const gchar **)command);
  g_strv_builder_add (arguments, path);
  argv = g_strv_builder_end (arguments);
  process = g_subprocess_newv ((const gchar *const *)argv,
                               G_SUBPROCESS_FLAGS_STDOUT_PIPE, &error);
  if (process == NULL)
    {
      g_prefix_error (&error, "The transcriber does not start: ");
      g_task_return_error (task, error);
      return;
    }
  g_subprocess_communicate_async (process, NULL, cancellable, communicate_done,
                                  g_steal_pointer (&task));
}

/**
 * sandbox_transcriber_run_finish:
 * @result: as given to the callback
 * @error: that the program did not start, or how it ended
 *
 * Returns: (transfer full) (nullable): what it printed, blanks around removed
 */
gchar *
sandbox_transcriber_run_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}
