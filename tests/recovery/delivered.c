/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "delivered.h"

#include <glib/gstdio.h>
#include <time.h>
#include <utime.h>

#include "arrived.h"
#include "child.h"

/* µs that no command comes near, unless it hangs. */
#define PATIENCE (60 * G_TIME_SPAN_SECOND)

/**
 * delivered_run:
 * @argv: program and arguments
 *
 * Runs a command to its end, which must be good. For any thread.
 */
void
delivered_run (const gchar *const *argv)
{
  g_autoptr (Child) child = child_new (argv, TRUE);

  g_assert_true (child_await (child, g_get_monotonic_time () + PATIENCE));
  if (child->exit_code != 0)
    g_error ("%s %s: %d: %.*s", argv[1], argv[2], child->exit_code,
             (int) child->said->len, (const gchar *) child->said->data);
}

/**
 * delivered_send:
 * @sandbox: the service
 * @outbox: an outbox
 *
 * `ekascribe outbox send`
 */
void
delivered_send (Sandbox     *sandbox,
                const gchar *outbox)
{
  const gchar *const argv[] = { EKASCRIBE_PATH, "outbox",     "send",
                                "--outbox",     outbox,       "--base-url",
                                sandbox->url,   NULL };

  delivered_run (argv);
}

/* Folders that were half made, or half removed, are told from those that somebody
 * makes or removes now by their age, too. */
static void
make_old (const gchar *outbox,
          const gchar *name)
{
  g_autofree gchar *path = g_build_filename (outbox, name, NULL);
  struct utimbuf hour = { time (NULL) - 3600, time (NULL) - 3600 };

  g_assert_cmpint (g_utime (path, &hour), ==, 0);
}

/**
 * delivered_assert_empty:
 * @outbox: an outbox
 *
 * Nothing is left but what a crash may leave of folders that were made or removed
 * just then, and that the command removes.
 */
void
delivered_assert_empty (const gchar *outbox)
{
  const gchar *const argv[] = { EKASCRIBE_PATH, "outbox", "purge",  "--yes",
                                "--outbox",     outbox,   NULL };
  g_autoptr (GDir) dir = g_dir_open (outbox, 0, NULL);
  const gchar *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      if (name[0] != '.')
        g_error ("%s is left in %s", name, outbox);
      make_old (outbox, name);
    }
  delivered_run (argv);
  if (dir != NULL)
    g_dir_rewind (dir);
  g_assert_cmpstr (dir != NULL ? g_dir_read_name (dir) : NULL, ==, NULL);
}

static void
assert_completed (Sandbox     *sandbox,
                  const gchar *id)
{
  const gchar *const argv[] = { EKASCRIBE_PATH, "get",        "--wait",
                                "--json",       "--base-url", sandbox->url,
                                id,             NULL };

  delivered_run (argv);
}

/**
 * delivered_count:
 * @sandbox: the service
 * @recording: what was recorded, once or several times
 *
 * Each session that got audio must be completed, and be of @recording from its
 * start on.
 *
 * Returns: (transfer full) (element-type guint): packets of each of these
 */
GArray *
delivered_count (Sandbox *sandbox,
                 OggFile *recording)
{
  GArray *counts = g_array_new (FALSE, FALSE, sizeof (guint));
  g_auto (GStrv) ids = sandbox_list (sandbox);
  gchar **id;

  for (id = ids; *id != NULL; id++)
    {
      g_autofree gchar *folder =
          g_build_filename (sandbox->folder, *id, NULL);
      const guint n = arrived_count (folder, recording, NULL);

      g_assert_cmpuint (n, !=, ARRIVED_WRONG);
      if (n == 0)
        continue;
      assert_completed (sandbox, *id);
      g_array_append_val (counts, n);
    }
  return counts;
}
