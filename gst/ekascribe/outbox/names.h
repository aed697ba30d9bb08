/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Names of what an outbox consists of. What has another name is not ours. */

/* A folder while it is made, and while it is removed. */
#define EKA_NAME_NEW_PREFIX ".new-"
#define EKA_NAME_GONE_PREFIX ".del-"

gchar    *eka_name_make_session (void);
gchar    *eka_name_make_journal (guint        number);
gboolean  eka_name_is_session   (const gchar *name);
gboolean  eka_name_is_temporary_session
                                (const gchar *name);
gboolean  eka_name_is_audio     (const gchar *name,
                                 guint       *number);
gboolean  eka_name_is_journal   (const gchar *name,
                                 guint       *number);
gboolean  eka_name_is_temporary (const gchar *name);

G_END_DECLS
