/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "harness.h"

G_BEGIN_DECLS

/* Id of a session that tool_record() makes. */
#define TOOL_SESSION "ses_0123456789abcdef"

Launch   *tool_start       (const gchar *const *environment,
                            const gchar        *format,
                            ...) G_GNUC_PRINTF (2, 3);
Launch   *tool_run         (const gchar *const *environment,
                            int                 code,
                            const gchar        *format,
                            ...) G_GNUC_PRINTF (3, 4);
JsonNode *tool_parse       (Launch             *launch);
void      tool_record      (const gchar        *url,
                            const gchar        *token);
void      tool_assert_says (const gchar        *text,
                            const gchar        *part);

G_END_DECLS
