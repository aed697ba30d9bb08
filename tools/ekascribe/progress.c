/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "progress.h"

#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define DEFAULT_COLUMNS 80
#define MAX_BAR 40

/* @shown: a bar stands in the last line */
struct _Progress
{
  gboolean terminal;
  gboolean shown;
};

/**
 * progress_new:
 * @quiet: show nothing
 *
 * Returns: (transfer full): a bar that is not shown yet
 */
Progress *
progress_new (gboolean quiet)
{
  Progress *progress = g_new0 (Progress, 1);

  progress->terminal = !quiet && isatty (STDERR_FILENO) &&
                       g_strcmp0 (g_getenv ("TERM"), "dumb") != 0;
  return progress;
}

/**
 * progress_shows:
 * @progress: a bar
 *
 * Returns: whether it can be seen
 */
gboolean
progress_shows (Progress *progress)
{
  return progress->terminal;
}

static guint
get_columns (void)
{
  struct winsize size;

  if (ioctl (STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
    return DEFAULT_COLUMNS;
  return size.ws_col;
}

/**
 * progress_set:
 * @progress: a bar
 * @name: of what
 * @done: how much of @total is done
 * @total: in any unit
 * @text: the same in words
 */
void
progress_set (Progress    *progress,
              const gchar *name,
              guint64      done,
              guint64      total,
              const gchar *text)
{
  gint width;
  gint full;
  glong used = g_utf8_strlen (name, -1) + g_utf8_strlen (text, -1) + 5;

  if (!progress->terminal)
    return;
  width = CLAMP ((glong) get_columns () - used, 0, MAX_BAR);
  full = total > 0 ? (gint) (width * ((gdouble) MIN (done, total) / total)) : 0;
  fprintf (stderr, "\r\033[K%s ", name);
  if (width > 0)
    {
      g_autofree gchar *marks = g_strnfill (full, '#');

      fprintf (stderr, "[%-*s] ", width, marks);
    }
  fprintf (stderr, "%s", text);
  fflush (stderr);
  progress->shown = TRUE;
}

/**
 * progress_hide:
 * @progress: a bar; its line is free for other texts
 */
void
progress_hide (Progress *progress)
{
  if (!progress->shown)
    return;
  fputs ("\r\033[K", stderr);
  fflush (stderr);
  progress->shown = FALSE;
}

/**
 * progress_free:
 * @progress: (transfer full): a bar
 */
void
progress_free (Progress *progress)
{
  progress_hide (progress);
  g_free (progress);
}
