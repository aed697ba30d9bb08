/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "calls.h"

G_BEGIN_DECLS

void sandbox_faulty_meet (SandboxServer     *server,
                          SoupServerMessage *message,
                          SandboxWhere       where);
void sandbox_faulty_call (SandboxServer     *server,
                          SoupServerMessage *message,
                          SandboxCall        call,
                          const gchar *const *path,
                          GHashTable        *query);

const SandboxFault *sandbox_faulty_find (SoupServerMessage *message);

G_END_DECLS
