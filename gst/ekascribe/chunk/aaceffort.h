/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "chunk/bits.h"

G_BEGIN_DECLS

guint eka_aaceffort_measure (EkaBits  *bits,
                             gboolean  pair);

G_END_DECLS
