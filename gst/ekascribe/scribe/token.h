/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "scribe/login.h"

G_BEGIN_DECLS

/**
 * EkaToken:
 *
 * Where the credential of a service comes from: a token, a file that holds one,
 * client credentials, somebody who is asked, or an API key. Thread safe and
 * reference counted; secrets are wiped when they are replaced and at the end.
 */
typedef struct _EkaToken EkaToken;

typedef void (*EkaTokenAskFunc) (EkaToken *token,
                                 gpointer  user_data);

EkaToken *eka_token_new          (void);
EkaToken *eka_token_ref          (EkaToken    *token);
void      eka_token_unref        (EkaToken    *token);
void      eka_token_set_value    (EkaToken    *token,
                                  const gchar *value);
void      eka_token_set_file     (EkaToken    *token,
                                  const gchar *filename);
void      eka_token_set_api_key  (EkaToken    *token,
                                  const gchar *api_key);
void      eka_token_set_login    (EkaToken    *token,
                                  EkaLogin    *login);
void      eka_token_set_ask_func (EkaToken    *token,
                                  EkaTokenAskFunc func,
                                  gpointer     user_data,
                                  GDestroyNotify destroy);
gboolean  eka_token_may_come     (EkaToken    *token);
gboolean  eka_token_is_due       (EkaToken    *token,
                                  gint64       now);
gboolean  eka_token_load         (EkaToken    *token,
                                  GError     **error);
gboolean  eka_token_is_set       (EkaToken    *token);
void      eka_token_authorize    (EkaToken    *token,
                                  EkaRequest  *request);
gchar    *eka_token_redact       (EkaToken    *token,
                                  gchar       *text);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EkaToken, eka_token_unref)

G_END_DECLS
