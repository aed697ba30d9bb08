/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Reading of what anybody may have put there: no link is followed, and nothing
 * but plain files is opened. */

int      eka_reading_open_folder (int           at,
                                  const gchar  *path,
                                  GError      **error);
int      eka_reading_open_file   (int           at,
                                  const gchar  *name,
                                  int           flags,
                                  GError      **error);
GBytes  *eka_reading_load        (int           at,
                                  const gchar  *name,
                                  guint64       max_size,
                                  GError      **error);
GPtrArray *
         eka_reading_list        (int           at);

G_END_DECLS
