/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <libsoup/soup.h>

G_BEGIN_DECLS

void sandbox_log_connect (SoupServer        *soup);
void sandbox_log_fault   (SoupServerMessage *message,
                          const gchar       *fault);
void sandbox_log_taken   (SoupServerMessage *message,
                          guint              status);

G_END_DECLS
