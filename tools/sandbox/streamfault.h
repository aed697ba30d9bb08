/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "fault.h"
#include "websocket.h"

G_BEGIN_DECLS

void sandbox_streamfault_strike   (const SandboxFault *fault,
                                   SandboxWebsocket   *websocket);
void sandbox_streamfault_continue (const SandboxFault *fault,
                                   SandboxWebsocket   *websocket);

G_END_DECLS
