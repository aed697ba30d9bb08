/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "session.h"

G_BEGIN_DECLS

JsonBuilder *sandbox_results_created    (SandboxSession   *session);
JsonBuilder *sandbox_results_ended      (SandboxSession   *session);
JsonBuilder *sandbox_results_get        (SandboxSession   *session,
                                         const gchar      *template_id,
                                         guint            *status);
gchar       *sandbox_results_describe   (SandboxSession   *session);

G_END_DECLS
