/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "oggreader.h"

G_BEGIN_DECLS

/* What arrived is something else. */
#define ARRIVED_WRONG G_MAXUINT

OggFile *arrived_make_noise (const gchar *folder,
                             const gchar *name,
                             guint        seconds);
guint    arrived_count      (const gchar *folder,
                             OggFile     *recording,
                             guint64     *samples);

G_END_DECLS
