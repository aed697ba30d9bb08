/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "store.h"
#include "tokens.h"

#include <libsoup/soup.h>

G_BEGIN_DECLS

/**
 * SandboxServer:
 * @options: what the command line asked for
 * @store: the sessions
 * @tokens: who is let in
 * @counts: how many calls of each #SandboxWhere came
 * @soup: speaks HTTP
 * @service: accepts connections for @soup
 * @base_url: API root as clients are told it
 * @local_url: API root as it is listened on
 */
typedef struct
{
  const SandboxOptions *options;
  SandboxStore *store;
  SandboxTokens *tokens;
  guint counts[SANDBOX_N_WHERES];
  SoupServer *soup;
  GSocketService *service;
  gchar *base_url;
  gchar *local_url;
} SandboxServer;

SandboxServer *sandbox_server_new  (const SandboxOptions *options,
                                    SandboxStore         *store,
                                    GError              **error);
void           sandbox_server_free (SandboxServer        *server);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SandboxServer, sandbox_server_free)

G_END_DECLS
