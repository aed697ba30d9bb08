/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

gchar *eka_jsontext_normalize (const gchar *text,
                               gsize        length,
                               guint       *line,
                               guint       *column);
gchar *eka_jsontext_write     (JsonNode    *node);

G_END_DECLS
