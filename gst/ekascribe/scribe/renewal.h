/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "scribe/token.h"

G_BEGIN_DECLS

/* Finds another credential for a call whose own was refused, or is about to be.
 * In the worker thread, but for eka_renewal_answer(). */

void     eka_renewal_async  (EkaToken            *token,
                             EkaTransport        *transport,
                             EkaClock            *clock,
                             const gchar         *refused,
                             GAsyncReadyCallback  callback,
                             gpointer             user_data);
gboolean eka_renewal_finish (EkaToken            *token,
                             GAsyncResult        *result,
                             GError             **error);
void     eka_renewal_answer (EkaToken            *token,
                             const gchar         *value,
                              gboolean             later);

G_END_DECLS
