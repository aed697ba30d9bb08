/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

gboolean gst_ekascribe_results_check (const gchar  *location,
                                      GError      **error);
gchar   *gst_ekascribe_results_write (const gchar  *location,
                                      const gchar  *session_id,
                                      guint         part,
                                      const gchar  *text,
                                      GError      **error);

G_END_DECLS
