/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <libsoup/soup.h>

G_BEGIN_DECLS

GSocketService *sandbox_listen (SoupServer      *soup,
                                const gchar     *address,
                                guint16          port,
                                GTlsCertificate *certificate,
                                guint16         *effective_port,
                                GError         **error);

G_END_DECLS
