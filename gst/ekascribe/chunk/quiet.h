/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "chunk/codec.h"
#include "chunk/packet.h"

G_BEGIN_DECLS

guint eka_quiet_find (const EkaCodec      *codec,
                      const EkaPacketInfo *packets,
                      guint                n_packets,
                      guint                earliest,
                      guint                latest);

G_END_DECLS
