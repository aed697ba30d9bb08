/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "harness.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>

/* Where audio goes that nobody said a place for: not to who runs the tests. */
static gchar *outbox;

static void
remove_outbox (void)
{
  harness_folder_remove (outbox);
  g_clear_pointer (&outbox, g_free);
}

/* No test may depend on who runs it. */
static const gchar *const foreign[] = {
  "EKASCRIBE_BASE_URL", "EKASCRIBE_ACCESS_TOKEN", "http_proxy", "https_proxy",
  "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "GST_DEBUG",
  "GST_DEBUG_DUMP_DOT_DIR", "G_MESSAGES_DEBUG",
};

#ifdef ASAN_LIBRARY
/* GLib's threads and the plugins of others; valgrind finds what is ours. */
__attribute__ ((visibility ("default"))) int __lsan_is_turned_off (void);

int
__lsan_is_turned_off (void)
{
  return 1;
}
#endif

/**
 * harness_init:
 * @argc: (inout): as main() got it
 * @argv: (inout): as main() got it
 *
 * Sets up GLib's test framework and GStreamer, with the plugin of this build.
 */
void
harness_init (int    *argc,
              char ***argv)
{
  guint i;

  for (i = 0; i < G_N_ELEMENTS (foreign); i++)
    g_unsetenv (foreign[i]);
  g_setenv ("GST_PLUGIN_PATH_1_0", PLUGIN_PATH, TRUE);
  g_setenv ("GST_REGISTRY", REGISTRY_PATH, TRUE);
#ifdef ASAN_LIBRARY
  /* gst-launch and the scanner of plugins are built without the sanitizer. */
  g_setenv ("LD_PRELOAD", ASAN_LIBRARY, TRUE);
  g_setenv ("ASAN_OPTIONS", "detect_leaks=0:intercept_tls_get_addr=0",
            TRUE);
#endif
  outbox = harness_folder_new ();
  g_setenv ("EKASCRIBE_OUTBOX", outbox, TRUE);
  atexit (remove_outbox);
  g_test_init (argc, argv, NULL);
  gst_init (argc, argv);
  if (!gst_registry_check_feature_version (gst_registry_get (), "ekascribesink",
                                           0, 1, 0))
    g_error ("GStreamer does not find ekascribesink in %s", PLUGIN_PATH);
}

/**
 * harness_prompt:
 *
 * Returns: what counts as at once, in µs, on a machine that may have other work to
 * do; valgrind makes everything slow
 */
gint64
harness_prompt (void)
{
  const gchar *preloaded = g_getenv ("LD_PRELOAD");
  gboolean slow = preloaded != NULL && strstr (preloaded, "vgpreload") != NULL;

  return (slow ? 20 : 3) * G_TIME_SPAN_SECOND;
}

/**
 * harness_folder_new:
 *
 * Returns: (transfer full): a new, empty folder
 */
gchar *
harness_folder_new (void)
{
  g_autoptr (GError) error = NULL;
  gchar *folder = g_dir_make_tmp ("ekascribe-test-XXXXXX", &error);

  g_assert_no_error (error);
  return folder;
}

/**
 * harness_folder_remove:
 * @folder: a folder; it goes with all that is in it
 */
void
harness_folder_remove (const gchar *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const gchar *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree gchar *path = g_build_filename (folder, name, NULL);

      if (g_file_test (path, G_FILE_TEST_IS_DIR) &&
          !g_file_test (path, G_FILE_TEST_IS_SYMLINK))
        harness_folder_remove (path);
      else
        g_unlink (path);
    }
  g_rmdir (folder);
}

/**
 * harness_run:
 * @command: a command of the shell, which must succeed
 */
void
harness_run (const gchar *command)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSubprocess) process = g_subprocess_new (
      G_SUBPROCESS_FLAGS_STDOUT_SILENCE, &error, "/bin/sh", "-c", command,
      NULL);

  g_assert_no_error (error);
  if (!g_subprocess_wait_check (process, NULL, &error))
    g_error ("%s: %s", command, error->message);
}

/**
 * harness_read:
 * @folder: a folder
 * @name: of a file in it
 *
 * Returns: (transfer full): what the file holds
 */
gchar *
harness_read (const gchar *folder,
              const gchar *name)
{
  g_autofree gchar *path = g_build_filename (folder, name, NULL);
  g_autoptr (GError) error = NULL;
  gchar *text = NULL;

  g_file_get_contents (path, &text, NULL, &error);
  g_assert_no_error (error);
  return text;
}

/* In the child: a test that crashes leaves nobody behind. */
static void
die_with_parent (gpointer user_data)
{
  prctl (PR_SET_PDEATHSIG, SIGKILL);
}

/**
 * harness_free_port:
 *
 * Returns: a port of loopback that is free
 */
guint16
harness_free_port (void)
{
  g_autoptr (GInetAddress) loopback =
      g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr (GSocketAddress) any = g_inet_socket_address_new (loopback, 0);
  g_autoptr (GSocket) socket = g_socket_new (
      G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, NULL);
  g_autoptr (GSocketAddress) bound = NULL;

  g_assert_true (g_socket_bind (socket, any, TRUE, NULL));
  bound = g_socket_get_local_address (socket, NULL);
  return g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (bound));
}

/**
 * harness_serve:
 * @command: a server that writes its URL to stdout once it serves; its
 *   arguments as for a shell
 * @url: (out): what it wrote
 *
 * Returns: (transfer full): the server, for harness_stop()
 */
GSubprocess *
harness_serve (const gchar  *command,
               gchar       **url)
{
  g_autoptr (GSubprocessLauncher) launcher =
      g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE);
  g_autoptr (GDataInputStream) lines = NULL;
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) argv = NULL;
  GSubprocess *process;

  g_subprocess_launcher_set_child_setup (launcher, die_with_parent, NULL, NULL);
  g_shell_parse_argv (command, NULL, &argv, &error);
  g_assert_no_error (error);
  process = g_subprocess_launcher_spawnv (
      launcher, (const gchar *const *) argv, &error);
  g_assert_no_error (error);
  lines = g_data_input_stream_new (g_subprocess_get_stdout_pipe (process));
  g_filter_input_stream_set_close_base_stream (
      G_FILTER_INPUT_STREAM (lines), FALSE);
  *url = g_data_input_stream_read_line_utf8 (lines, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_nonnull (*url);
  return process;
}

/**
 * harness_stop:
 * @process: (transfer full): a server, which must end well when it is asked to
 */
void
harness_stop (GSubprocess *process)
{
  g_autoptr (GError) error = NULL;

  g_subprocess_send_signal (process, SIGTERM);
  g_subprocess_wait_check (process, NULL, &error);
  g_assert_no_error (error);
  g_object_unref (process);
}

/* --- the sandbox -------------------------------------------------------- */

/**
 * sandbox_new:
 * @options: (nullable): for its command line
 *
 * Returns: (transfer full): a sandbox that serves
 */
Sandbox *
sandbox_new (const gchar *options)
{
  Sandbox *self = g_new0 (Sandbox, 1);
  g_autofree gchar *command = NULL;

  self->folder = harness_folder_new ();
  command = g_strdup_printf ("%s --quiet --port 0 --directory %s "
                             "--models lite:3600,pro:3600 %s",
                             SANDBOX_PATH, self->folder,
                             options != NULL ? options : "");
  self->process = harness_serve (command, &self->url);
  return self;
}

/**
 * sandbox_free:
 * @sandbox: (transfer full): a sandbox
 */
void
sandbox_free (Sandbox *sandbox)
{
  harness_stop (sandbox->process);
  harness_folder_remove (sandbox->folder);
  g_free (sandbox->folder);
  g_free (sandbox->url);
  g_free (sandbox);
}

/**
 * sandbox_list:
 * @sandbox: a sandbox
 *
 * Returns: (transfer full): the ids of its sessions, in no order
 */
gchar **
sandbox_list (Sandbox *sandbox)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_autoptr (GDir) dir = g_dir_open (sandbox->folder, 0, NULL);
  const gchar *name;

  while ((name = g_dir_read_name (dir)) != NULL)
    g_strv_builder_add (builder, name);
  return g_strv_builder_end (builder);
}

/**
 * sandbox_only:
 * @sandbox: a sandbox that got exactly one session
 *
 * Returns: (transfer full): the folder of that session
 */
gchar *
sandbox_only (Sandbox *sandbox)
{
  g_auto (GStrv) list = sandbox_list (sandbox);

  g_assert_cmpuint (g_strv_length (list), ==, 1);
  return g_build_filename (sandbox->folder, list[0], NULL);
}

/**
 * sandbox_describe:
 * @sandbox: a sandbox that got exactly one session
 *
 * Returns: (transfer full): its `session.json`
 */
JsonObject *
sandbox_describe (Sandbox *sandbox)
{
  g_autofree gchar *folder = sandbox_only (sandbox);
  g_autofree gchar *text = harness_read (folder, "session.json");
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) node = json_from_string (text, &error);

  g_assert_no_error (error);
  return json_object_ref (json_node_get_object (node));
}

/* --- gst-launch --------------------------------------------------------- */

typedef struct
{
  Launch *launch;
  GString *text;
  gchar buffer[4096];
} Pipe;

static void
pipe_read (Pipe         *pipe,
           GInputStream *stream);

static void
pipe_read_done (GObject      *source,
                GAsyncResult *result,
                gpointer      user_data)
{
  Pipe *pipe = user_data;
  gssize size = g_input_stream_read_finish (G_INPUT_STREAM (source), result,
                                            NULL);

  if (size <= 0)
    {
      pipe->launch->open--;
      g_free (pipe);
      return;
    }
  g_string_append_len (pipe->text, pipe->buffer, size);
  pipe_read (pipe, G_INPUT_STREAM (source));
}

static void
pipe_read (Pipe         *pipe,
           GInputStream *stream)
{
  g_input_stream_read_async (stream, pipe->buffer, sizeof pipe->buffer,
                             G_PRIORITY_DEFAULT, NULL, pipe_read_done, pipe);
}

static void
launch_read (Launch       *self,
             GString      *text,
             GInputStream *stream)
{
  Pipe *pipe = g_new0 (Pipe, 1);

  pipe->launch = self;
  pipe->text = text;
  self->open++;
  pipe_read (pipe, stream);
}

static void
launch_done (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  Launch *self = user_data;

  g_subprocess_wait_finish (G_SUBPROCESS (source), result, NULL);
  self->exit_code = g_subprocess_get_if_exited (self->process)
                        ? g_subprocess_get_exit_status (self->process)
                        : -1;
  self->open--;
}

static Launch *
launch_start_valist (const gchar *const *environment,
                     const gchar        *format,
                     va_list             args)
{
  Launch *self = g_new0 (Launch, 1);
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (
      G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE);
  g_autofree gchar *line = g_strdup_vprintf (format, args);
  g_autofree gchar *command = NULL;
  g_auto (GStrv) argv = NULL;
  g_autoptr (GError) error = NULL;

  g_subprocess_launcher_set_child_setup (launcher, die_with_parent, NULL, NULL);
  g_subprocess_launcher_setenv (launcher, "LC_ALL", "C.UTF-8", TRUE);
  for (; environment != NULL && *environment != NULL; environment += 2)
    g_subprocess_launcher_setenv (launcher, environment[0], environment[1],
                                  TRUE);
  command = g_str_has_prefix (line, "!")
                ? g_strdup (line + 1)
                : g_strconcat ("gst-launch-1.0 -m ", line, NULL);
  g_shell_parse_argv (command, NULL, &argv, &error);
  g_assert_no_error (error);
  self->process = g_subprocess_launcher_spawnv (
      launcher, (const gchar *const *) argv, &error);
  g_assert_no_error (error);
  self->out = g_string_new (NULL);
  self->err = g_string_new (NULL);
  launch_read (self, self->out, g_subprocess_get_stdout_pipe (self->process));
  launch_read (self, self->err, g_subprocess_get_stderr_pipe (self->process));
  self->open++;
  g_subprocess_wait_async (self->process, NULL, launch_done, self);
  return self;
}

/**
 * launch_start:
 * @environment: (nullable): names and values in turn
 * @format: the arguments of gst-launch-1.0 as for a shell; after a `!` at the
 *   very start a whole command
 *
 * Returns: (transfer full): a process that runs
 */
Launch *
launch_start (const gchar *const *environment,
              const gchar        *format,
              ...)
{
  Launch *self;
  va_list args;

  va_start (args, format);
  self = launch_start_valist (environment, format, args);
  va_end (args);
  return self;
}

/**
 * launch_run:
 * @environment: (nullable): names and values in turn
 * @format: as for launch_start()
 *
 * Returns: (transfer full): a process that has ended
 */
Launch *
launch_run (const gchar *const *environment,
            const gchar        *format,
            ...)
{
  Launch *self;
  va_list args;

  va_start (args, format);
  self = launch_start_valist (environment, format, args);
  va_end (args);
  launch_wait (self);
  return self;
}

static gboolean
out_of_patience (gpointer user_data)
{
  *(gboolean *) user_data = TRUE;
  return G_SOURCE_REMOVE;
}

/* Until @text has come, or, where it is NULL, to the end. */
static void
launch_iterate (Launch      *self,
                const gchar *text)
{
  gboolean late = FALSE;
  guint timer = g_timeout_add_seconds (HARNESS_PATIENCE, out_of_patience,
                                       &late);

  while (!late && self->open > 0 &&
         (text == NULL || (strstr (self->out->str, text) == NULL &&
                           strstr (self->err->str, text) == NULL)))
    g_main_context_iteration (NULL, TRUE);
  if (!late)
    {
      g_source_remove (timer);
      return;
    }
  g_subprocess_force_exit (self->process);
  g_error ("gst-launch hangs; it wrote:\n%s\n%s", self->out->str,
           self->err->str);
}

/**
 * launch_wait_for:
 * @launch: a process
 * @text: what it is going to write
 */
void
launch_wait_for (Launch      *launch,
                 const gchar *text)
{
  launch_iterate (launch, text);
  launch_assert_says (launch, text);
}

/**
 * launch_signal:
 * @launch: a process
 * @number: of a signal
 */
void
launch_signal (Launch *launch,
               gint    number)
{
  g_subprocess_send_signal (launch->process, number);
}

/**
 * launch_wait:
 * @launch: a process; its end is waited for
 */
void
launch_wait (Launch *launch)
{
  launch_iterate (launch, NULL);
}

/**
 * launch_free:
 * @launch: (transfer full): a process
 */
void
launch_free (Launch *launch)
{
  if (launch->open > 0)
    g_subprocess_force_exit (launch->process);
  launch_wait (launch);
  g_object_unref (launch->process);
  g_string_free (launch->out, TRUE);
  g_string_free (launch->err, TRUE);
  g_free (launch);
}

/**
 * launch_assert_says:
 * @launch: a process
 * @text: what it must have written
 */
void
launch_assert_says (Launch      *launch,
                    const gchar *text)
{
  if (strstr (launch->out->str, text) == NULL &&
      strstr (launch->err->str, text) == NULL)
    g_error ("gst-launch did not write “%s” but:\n%s\n%s", text,
             launch->out->str, launch->err->str);
}
