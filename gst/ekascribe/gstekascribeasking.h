/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <gst/gst.h>

#include "scribe/token.h"

G_BEGIN_DECLS

guint gst_ekascribe_asking_install (GType       type);
void  gst_ekascribe_asking_start   (GstElement *element,
                                    EkaToken   *token);

G_END_DECLS
