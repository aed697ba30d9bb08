/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "options.h"
#include "reply.h"

G_BEGIN_DECLS

/**
 * SandboxTokens:
 *
 * Who is let in. It keeps digests of tokens, never the tokens.
 */
typedef struct _SandboxTokens SandboxTokens;

/**
 * SandboxGrant:
 * @access_token: that lets in
 * @refresh_token: that gets the next grant, once
 */
typedef struct
{
  gchar *access_token;
  gchar *refresh_token;
} SandboxGrant;

SandboxTokens  *sandbox_tokens_new     (const SandboxOptions *options);
void            sandbox_tokens_free    (SandboxTokens        *tokens);
SandboxRefusal *sandbox_tokens_check   (SandboxTokens        *tokens,
                                        SoupServerMessage    *message);
void            sandbox_tokens_expire  (SandboxTokens        *tokens);
SandboxGrant   *sandbox_tokens_login   (SandboxTokens        *tokens,
                                        const gchar          *client_id,
                                        const gchar          *client_secret);
SandboxGrant   *sandbox_tokens_refresh (SandboxTokens        *tokens,
                                        const gchar          *refresh_token,
                                        const gchar          *access_token);
void            sandbox_grant_free     (SandboxGrant         *grant);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SandboxTokens, sandbox_tokens_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SandboxGrant, sandbox_grant_free)

G_END_DECLS
