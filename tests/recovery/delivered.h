/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "harness.h"
#include "oggreader.h"

G_BEGIN_DECLS

void    delivered_run          (const gchar *const *argv);
void    delivered_send         (Sandbox            *sandbox,
                                const gchar        *outbox);
void    delivered_assert_empty (const gchar        *outbox);
GArray *delivered_count        (Sandbox            *sandbox,
                                OggFile            *recording);

G_END_DECLS
