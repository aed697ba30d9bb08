/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "server.h"

G_BEGIN_DECLS

/**
 * SandboxCall:
 * @server: the server
 * @message: to be answered, or paused and answered later
 * @path: the path's parts below the API root
 * @query: (nullable): the URL's
 *
 * One kind of call; authorization and the size of the body were looked at.
 */
typedef void (*SandboxCall) (SandboxServer      *server,
                             SoupServerMessage  *message,
                             const gchar *const *path,
                             GHashTable         *query);

void sandbox_call_discover       (SandboxServer      *server,
                                  SoupServerMessage  *message,
                                  const gchar *const *path,
                                  GHashTable         *query);
void sandbox_call_list_templates (SandboxServer      *server,
                                  SoupServerMessage  *message,
                                  const gchar *const *path,
                                  GHashTable         *query);
void sandbox_call_create         (SandboxServer      *server,
                                  SoupServerMessage  *message,
                                  const gchar *const *path,
                                  GHashTable         *query);
void sandbox_call_get            (SandboxServer      *server,
                                  SoupServerMessage  *message,
                                  const gchar *const *path,
                                  GHashTable         *query);
void sandbox_call_patch          (SandboxServer      *server,
                                  SoupServerMessage  *message,
                                  const gchar *const *path,
                                  GHashTable         *query);
void sandbox_call_end            (SandboxServer      *server,
                                  SoupServerMessage  *message,
                                  const gchar *const *path,
                                  GHashTable         *query);

G_END_DECLS
