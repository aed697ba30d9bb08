/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "scribe/transport.h"

G_BEGIN_DECLS

/**
 * EkaToken:
 *
 * Where the credential of a service comes from: a token, a file that holds one,
 * or an API key. Thread safe and reference counted; secrets are wiped when they
 * are replaced and at the end.
 */
typedef struct _EkaToken EkaToken;

EkaToken *eka_token_new          (void);
EkaToken *eka_token_ref          (EkaToken    *token);
void      eka_token_unref        (EkaToken    *token);
void      eka_token_set_value    (EkaToken    *token,
                                  const gchar *value);
void      eka_token_set_file     (EkaToken    *token,
                                  const gchar *filename);
void      eka_token_set_api_key  (EkaToken    *token,
                                  const gchar *api_key);
gboolean  eka_token_load         (EkaToken    *token,
                                  GError     **error);
gboolean  eka_token_is_set       (EkaToken    *token);
void      eka_token_authorize    (EkaToken    *token,
                                  EkaRequest  *request);
gboolean  eka_token_renew        (EkaToken    *token,
                                  EkaRequest  *request);
gchar    *eka_token_redact       (EkaToken    *token,
                                  gchar       *text);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EkaToken, eka_token_unref)

G_END_DECLS
