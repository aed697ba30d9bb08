/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

gboolean sandbox_container_check (GBytes      *file,
                                  const gchar *extension,
                                  const gchar *media_type,
                                  GError     **error);
GBytes  *sandbox_container_trim    (GBytes      *file,
                                    const gchar *extension);
gboolean sandbox_container_is_opus (GBytes      *file);
gdouble  sandbox_container_preroll (GBytes      *file,
                                    const gchar *extension);

G_END_DECLS
