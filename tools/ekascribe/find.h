/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "outbox/leftover.h"

G_BEGIN_DECLS

GPtrArray *find_leftovers (const gchar *location,
                           gchar      **names,
                           GError     **error);

G_END_DECLS
