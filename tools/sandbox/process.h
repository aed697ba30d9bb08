/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "store.h"

G_BEGIN_DECLS

void sandbox_process_chunk  (SandboxSession *session,
                             SandboxChunk   *chunk,
                             GBytes         *file);
void sandbox_process_end    (SandboxSession *session,
                             gint64          sent);
void sandbox_process_stream (SandboxSession *session);
void sandbox_process_resume (SandboxSession *session);

G_END_DECLS
