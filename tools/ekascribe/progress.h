/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * Progress:
 *
 * A bar on stderr, where that is a terminal; nothing elsewhere.
 */
typedef struct _Progress Progress;

Progress *progress_new   (gboolean      quiet);
gboolean  progress_shows (Progress     *progress);
void      progress_set   (Progress     *progress,
                          const gchar  *name,
                          guint64       done,
                          guint64       total,
                          const gchar  *text);
void      progress_hide  (Progress     *progress);
void      progress_free  (Progress     *progress);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Progress, progress_free)

G_END_DECLS
