/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "server.h"
#include "webhook.h"

#include <glib-unix.h>
#include <gst/gst.h>
#include <locale.h>

static gboolean
on_signal (gpointer user_data)
{
  g_main_loop_quit (user_data);
  return G_SOURCE_CONTINUE;
}

/* Serves until a signal comes, then waits for what workers are at. */
static gboolean
run (const SandboxOptions *options, GError **error)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (SandboxStore) store = sandbox_store_new (options, error);
  g_autoptr (SandboxServer) server = NULL;
  g_autoptr (SandboxWebhook) webhook = NULL;
  guint sources[2];

  if (store == NULL ||
      (server = sandbox_server_new (options, store, error)) == NULL)
    return FALSE;
  if (options->webhook != NULL)
    webhook = sandbox_webhook_new (options, store);
  sources[0] = g_unix_signal_add (SIGINT, on_signal, loop);
  sources[1] = g_unix_signal_add (SIGTERM, on_signal, loop);
  /* On stdout, which is flushed: whoever started us reads the port here. */
  g_print ("%s\n", server->local_url);
  g_main_loop_run (loop);
  g_source_remove (sources[0]);
  g_source_remove (sources[1]);
  g_cancellable_cancel (store->cancellable);
  g_clear_pointer (&server, sandbox_server_free);
  if (webhook != NULL)
    sandbox_webhook_stop (webhook);
  while (store->jobs > 0)
    g_main_context_iteration (NULL, TRUE);
  return TRUE;
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (SandboxOptions) options = NULL;

  setlocale (LC_ALL, "");
  options = sandbox_options_parse (&argc, &argv, &error);
  if (options == NULL)
    {
      g_printerr ("%s\n", error->message);
      return 2;
    }
  gst_init (NULL, NULL);
  if (!run (options, &error))
    {
      g_printerr ("%s\n", error->message);
      return 1;
    }
  return 0;
}
