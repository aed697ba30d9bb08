/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

void gst_ekascribe_resampler_watch (GstElement *resampler,
                                    guint       rate);

G_END_DECLS
