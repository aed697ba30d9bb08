/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "packets.h"

G_BEGIN_DECLS

gboolean sandbox_aac_set_config (SandboxPackets *packets,
                                 const guint8   *esds,
                                 gsize           size);

G_END_DECLS
