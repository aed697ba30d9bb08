/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

gboolean output_is_free (const gchar *filename,
                         gboolean     force,
                         GError     **error);
gboolean output_write   (const gchar *filename,
                         gboolean     force,
                         GBytes      *bytes,
                         GError     **error);

G_END_DECLS
