/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* The file in the folder of a session that is locked by whoever writes there. */
#define EKA_LOCKFILE_NAME "lock"

gboolean eka_lockfile_take    (int          fd,
                               GError     **error);
gboolean eka_lockfile_is_held (int          fd);
gchar   *eka_lockfile_print   (const gchar *task);
gchar   *eka_lockfile_read    (int          fd);

G_END_DECLS
