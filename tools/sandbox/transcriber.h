/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

void   sandbox_transcriber_run_async  (gchar              **command,
                                       const gchar         *path,
                                       GCancellable        *cancellable,
                                       GAsyncReadyCallback  callback,
                                       gpointer             user_data);
gchar *sandbox_transcriber_run_finish (GAsyncResult        *result,
                                       GError             **error);

G_END_DECLS
