/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "packets.h"

G_BEGIN_DECLS

gboolean sandbox_container_read (GBytes          *file,
                                 const gchar     *extension,
                                 const gchar     *media_type,
                                 SandboxPackets **packets,
                                 GError         **error);
GBytes  *sandbox_container_trim (GBytes          *file);

G_END_DECLS
