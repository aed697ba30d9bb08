/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

gboolean gst_ekascribe_live_query (GstPad *pad);

G_END_DECLS
