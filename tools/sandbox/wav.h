/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

gboolean sandbox_wav_append (const gchar   *path,
                             gint           rate,
                             gint           channels,
                             gconstpointer  samples,
                             gsize          size,
                             GError       **error);

G_END_DECLS
