/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "child.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* In the child: a test that crashes leaves nobody behind. */
static void
die_with_parent (gpointer user_data)
{
  prctl (PR_SET_PDEATHSIG, SIGKILL);
}

static void
die_and_merge (gpointer user_data)
{
  die_with_parent (user_data);
  dup2 (STDOUT_FILENO, STDERR_FILENO);
}

/**
 * child_new:
 * @argv: program and arguments
 * @with_errors: what it writes to stderr is read, too
 *
 * Returns: (transfer full): a process
 */
Child *
child_new (const gchar *const *argv,
           gboolean            with_errors)
{
  Child *self = g_new0 (Child, 1);
  g_autoptr (GError) error = NULL;

  g_spawn_async_with_pipes (NULL, (gchar **) argv, NULL,
                            G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_SEARCH_PATH,
                            with_errors ? die_and_merge : die_with_parent, NULL,
                            &self->pid, NULL, &self->out, NULL, &error);
  g_assert_no_error (error);
  self->said = g_byte_array_new ();
  self->exit_code = -2;
  return self;
}

/**
 * child_free:
 * @child: (transfer full): a process, killed where it still runs
 */
void
child_free (Child *child)
{
  child_kill (child);
  close (child->out);
  g_spawn_close_pid (child->pid);
  g_byte_array_unref (child->said);
  g_free (child);
}

static void
reap (Child *self)
{
  int status;

  while (waitpid (self->pid, &status, 0) < 0)
    g_assert_cmpint (errno, ==, EINTR);
  self->exit_code = WIFEXITED (status) ? WEXITSTATUS (status) : -1;
}

/* Returns: FALSE where @end_time came first */
static gboolean
can_read (Child  *self,
          gint64  end_time)
{
  struct pollfd poller = { self->out, POLLIN, 0 };

  for (;;)
    {
      const gint64 span = MAX (end_time - g_get_monotonic_time (), 0);
      const int n = poll (&poller, 1,
                          end_time < 0 ? -1 : (int) ((span + 999) / 1000));

      if (n > 0)
        return TRUE;
      if (n == 0)
        return FALSE;
      g_assert_cmpint (errno, ==, EINTR);
    }
}

/**
 * child_read:
 * @child: a process
 * @size: bytes of what it says
 * @end_time: of g_get_monotonic_time(), or -1: for ever
 *
 * Waits until it has said so much.
 *
 * Returns: %FALSE where it ended before, or @end_time came
 */
gboolean
child_read (Child  *child,
            gsize   size,
            gint64  end_time)
{
  while (child->said->len < size)
    {
      guint8 buffer[4096];
      gssize n;

      if (child->exit_code != -2 || !can_read (child, end_time))
        return FALSE;
      n = read (child->out, buffer, sizeof buffer);
      g_assert_cmpint (n, >=, 0);
      if (n == 0)
        {
          reap (child);
          return FALSE;
        }
      g_byte_array_append (child->said, buffer, n);
    }
  return TRUE;
}

/**
 * child_await:
 * @child: a process
 * @end_time: of g_get_monotonic_time(), or -1: for ever
 *
 * Waits for its end.
 *
 * Returns: %FALSE where @end_time came first
 */
gboolean
child_await (Child  *child,
             gint64  end_time)
{
  child_read (child, G_MAXSIZE, end_time);
  return child->exit_code != -2;
}

/**
 * child_kill:
 * @child: a process
 *
 * SIGKILL, where it still runs. What it said until then can be read.
 *
 * Returns: when that was, of g_get_monotonic_time()
 */
gint64
child_kill (Child *child)
{
  const gint64 now = g_get_monotonic_time ();

  if (child->exit_code == -2)
    kill (child->pid, SIGKILL);
  child_await (child, -1);
  return now;
}
