/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "chunk/stream.h"

G_BEGIN_DECLS

gboolean eka_oggfile_read (EkaFile *file,
                           GBytes  *bytes);

G_END_DECLS
