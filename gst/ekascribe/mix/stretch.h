/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

void eka_stretch (const gint16 *samples,
                  guint         n_samples,
                  gint16       *stretched,
                  guint         n_stretched);

G_END_DECLS
