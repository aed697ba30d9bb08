/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "options.h"

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

JsonBuilder *sandbox_discovery_build (const SandboxOptions *options,
                                      const gchar          *base_url);

G_END_DECLS
