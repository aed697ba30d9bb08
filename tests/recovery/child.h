/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * Child:
 * @said: what it wrote so far
 * @exit_code: its exit code, -1 where a signal ended it, -2 while it runs
 *
 * A process that is there to be killed. For one thread.
 */
typedef struct
{
  GPid pid;
  int out;
  GByteArray *said;
  gint exit_code;
} Child;

Child   *child_new   (const gchar *const *argv,
                      gboolean            with_errors);
void     child_free  (Child              *child);
gboolean child_read  (Child              *child,
                      gsize               size,
                      gint64              end_time);
gboolean child_await (Child              *child,
                      gint64              end_time);
gint64   child_kill  (Child              *child);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Child, child_free)

G_END_DECLS
