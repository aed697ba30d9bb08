/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "scribe/result.h"

G_BEGIN_DECLS

gchar *render_json   (const gchar *json);
gchar *render_result (EkaResult   *result);

G_END_DECLS
