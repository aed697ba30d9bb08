/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <gio/gio.h>
#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* Texts for people: stdout has what was asked for, stderr all else. What comes
 * from a service or from a disk can't command the terminal. */

void   print_set_verbosity (gboolean      quiet,
                            gboolean      verbose);
void   print_line          (const gchar  *format,
                            ...) G_GNUC_PRINTF (1, 2);
void   print_text          (const gchar  *text);
void   print_json          (JsonNode     *node);
void   print_problem       (const gchar  *format,
                            ...) G_GNUC_PRINTF (1, 2);
void   print_note          (const gchar  *format,
                            ...) G_GNUC_PRINTF (1, 2);
void   print_detail        (const gchar  *format,
                            ...) G_GNUC_PRINTF (1, 2);
gchar *print_clean         (const gchar  *text);
gchar *print_size          (guint64       bytes);
gchar *print_duration      (guint64       duration);

G_END_DECLS
