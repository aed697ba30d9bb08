/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

void     eka_secret_free          (gpointer      secret);
void     eka_secret_clear         (gchar       **secret);
void     eka_secret_set           (gchar       **secret,
                                   const gchar  *value);
gboolean eka_secret_is_credential (const gchar  *value);
gchar   *eka_secret_cut           (const gchar  *secret,
                                   gsize         length,
                                   gchar        *text);
gchar   *eka_secret_redact        (const gchar  *secret,
                                   gchar        *text);

G_END_DECLS
