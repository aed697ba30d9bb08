/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "recording.h"

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

gchar    *sandbox_measure_transcript (SandboxRecording *recording,
                                      guint             files);
JsonNode *sandbox_measure_describe   (SandboxRecording *recording,
                                      guint             files);

G_END_DECLS
