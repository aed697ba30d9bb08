/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "calls.h"

G_BEGIN_DECLS

#define SANDBOX_MAX_CHUNK_SIZE 10000000

void sandbox_call_upload           (SandboxServer      *server,
                                    SoupServerMessage  *message,
                                    const gchar *const *path,
                                    GHashTable         *query);
void sandbox_upload_settle         (SandboxSession     *session);
void sandbox_upload_refuse_pending (SandboxSession     *session);

G_END_DECLS
