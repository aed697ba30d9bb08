/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "packets.h"

G_BEGIN_DECLS

#define SANDBOX_OPUS_RATE 48000

guint    sandbox_opus_duration (GBytes         *packet);
gboolean sandbox_opus_set_head (SandboxPackets *packets,
                                GBytes         *head,
                                guint          *preskip);
gboolean sandbox_opus_measure  (SandboxPackets *packets);

G_END_DECLS
