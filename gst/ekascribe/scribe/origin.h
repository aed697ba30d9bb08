/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

gboolean eka_origin_is_http    (GUri               *uri);
gboolean eka_origin_is_websocket (GUri             *uri);
gchar   *eka_origin_from_websocket (const gchar    *uri);
gboolean eka_origin_is_loopback (GUri              *uri);
gboolean eka_origin_is_private (GUri               *uri);
gboolean eka_origin_equal      (GUri               *a,
                                GUri               *b);
gboolean eka_origin_is_listed  (GUri               *uri,
                                const gchar *const *hosts);
gchar   *eka_origin_to_string  (GUri               *uri);

G_END_DECLS
