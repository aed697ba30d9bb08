/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "scribe/transport.h"

G_BEGIN_DECLS

GError *eka_fault_from_reply (EkaReply    *reply,
                              EkaCall      call);
GError *eka_fault_protocol   (EkaReply    *reply,
                              EkaCall      call,
                              const gchar *what);

G_END_DECLS
