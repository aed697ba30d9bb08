/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "store.h"

G_BEGIN_DECLS

void sandbox_outcome_settle (SandboxSession *session);

G_END_DECLS
