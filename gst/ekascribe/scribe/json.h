/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <gio/gio.h>
#include <json-glib/json-glib.h>

G_BEGIN_DECLS

JsonObject  *eka_json_parse_object (const gchar *text,
                                    gssize       length,
                                    GError     **error);
JsonObject  *eka_json_parse_bytes  (GBytes      *bytes,
                                    GError     **error);
const gchar *eka_json_get_string   (JsonObject  *object,
                                    const gchar *member);
gdouble      eka_json_get_number   (JsonObject  *object,
                                    const gchar *member,
                                    gdouble      fallback);
gint         eka_json_get_count    (JsonObject  *object,
                                    const gchar *member);
gboolean     eka_json_get_boolean  (JsonObject  *object,
                                    const gchar *member);
JsonObject  *eka_json_get_object   (JsonObject  *object,
                                    const gchar *member);
JsonArray   *eka_json_get_array    (JsonObject  *object,
                                    const gchar *member);
gchar      **eka_json_get_strv     (JsonObject  *object,
                                    const gchar *member);
gchar       *eka_json_get_text     (JsonObject  *object,
                                    const gchar *member);
gchar       *eka_json_to_text      (JsonNode    *node);

G_END_DECLS
