/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "calls.h"

G_BEGIN_DECLS

void sandbox_call_stream (SandboxServer      *server,
                          SoupServerMessage  *message,
                          const gchar *const *path,
                          GHashTable         *query);

G_END_DECLS
