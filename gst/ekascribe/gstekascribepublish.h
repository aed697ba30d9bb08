/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "gstekascribeconfig.h"
#include "gstekascribepart.h"

G_BEGIN_DECLS

void gst_ekascribe_publish          (GstElement               *element,
                                     const GstEkascribeEvent  *event);
void gst_ekascribe_publish_result   (GstElement               *element,
                                     const GstEkascribeConfig *config,
                                     const GstEkascribeEvent  *event,
                                     gboolean                  several,
                                     GError                  **error);
void gst_ekascribe_publish_end      (GstElement               *element,
                                     const GstEkascribeEvent  *event,
                                     const GError             *error);
void gst_ekascribe_publish_combined (GstElement               *element,
                                     const GstEkascribeConfig *config,
                                     const gchar              *session_id,
                                     guint                     parts,
                                     const gchar              *text,
                                     const gchar              *language,
                                     GError                  **error);

G_END_DECLS
