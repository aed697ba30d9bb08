/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

GList   *gst_ekascribe_decoder_build  (GstBin  *bin,
                                       GstCaps *caps,
                                       GstPad  *target);
GstPad  *gst_ekascribe_decoder_get_pad (GList  *elements);
void     gst_ekascribe_decoder_remove (GstBin  *bin,
                                       GList   *elements);

G_END_DECLS
