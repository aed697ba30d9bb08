/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "gstekascribeconfig.h"
#include "gstekascribepart.h"

G_BEGIN_DECLS

gboolean gst_ekascribe_publish (GstElement               *element,
                                const GstEkascribeConfig *config,
                                const GstEkascribeEvent  *event);

G_END_DECLS
