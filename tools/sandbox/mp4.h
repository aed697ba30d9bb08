/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "packets.h"

G_BEGIN_DECLS

SandboxPackets *sandbox_mp4_read (GBytes  *file,
                                  GError **error);

G_END_DECLS
