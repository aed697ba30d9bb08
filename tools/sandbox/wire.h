/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "store.h"

#include <libsoup/soup.h>

G_BEGIN_DECLS

GIOStream *sandbox_wire_take        (SoupServerMessage *message,
                                     guint              status);
GSocket   *sandbox_wire_find_socket (GIOStream         *stream);
void       sandbox_wire_abort       (GIOStream         *stream);

void sandbox_wire_reset     (SoupServerMessage *message);
void sandbox_wire_close     (SoupServerMessage *message);
void sandbox_wire_stall     (SoupServerMessage *message,
                             SandboxStore      *store);
void sandbox_wire_dribble   (SoupServerMessage *message,
                             SandboxStore      *store,
                             guint              status,
                             const gchar       *body,
                             gdouble            seconds);
void sandbox_wire_truncate  (SoupServerMessage *message,
                             SandboxStore      *store,
                             guint              status,
                             const gchar       *body);
void sandbox_wire_interrupt (SoupServerMessage *message,
                             SandboxStore      *store,
                             guint              status,
                             const gchar       *body);

G_END_DECLS
