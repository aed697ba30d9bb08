/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "fault.h"

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

void sandbox_distort (JsonObject       *answer,
                      SandboxFaultKind  kind);

G_END_DECLS
