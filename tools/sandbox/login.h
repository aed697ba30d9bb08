/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "calls.h"

G_BEGIN_DECLS

void sandbox_call_login   (SandboxServer      *server,
                           SoupServerMessage  *message,
                           const gchar *const *path,
                           GHashTable         *query);
void sandbox_call_refresh (SandboxServer      *server,
                           SoupServerMessage  *message,
                           const gchar *const *path,
                           GHashTable         *query);

G_END_DECLS
