/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "outbox/index.h"

G_BEGIN_DECLS

EkaIndex *eka_leftover_salvage (int        at,
                                GPtrArray *names,
                                guint     *unreadable);

G_END_DECLS
