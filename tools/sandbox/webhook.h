/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "store.h"

G_BEGIN_DECLS

typedef struct _SandboxWebhook SandboxWebhook;

SandboxWebhook *sandbox_webhook_new  (const SandboxOptions *options,
                                      SandboxStore         *store);
void            sandbox_webhook_stop (SandboxWebhook       *webhook);
void            sandbox_webhook_free (SandboxWebhook       *webhook);
gchar          *sandbox_webhook_sign (const gchar          *secret,
                                      gint64                time,
                                      const gchar          *body);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SandboxWebhook, sandbox_webhook_free)

G_END_DECLS
