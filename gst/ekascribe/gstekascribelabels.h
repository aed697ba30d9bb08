/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

/* Who is heard on which pad, as sessions are told: JSON in `additional_data`. */

gchar   *gst_ekascribe_labels_append (gchar       *legs,
                                      const gchar *pad,
                                      const gchar *label,
                                      gint         channel);
gboolean gst_ekascribe_labels_clash  (const gchar *additional_data);
void     gst_ekascribe_labels_warn   (GstElement  *element,
                                      gpointer     user_data);
gchar   *gst_ekascribe_labels_join   (const gchar *additional_data,
                                      const gchar *legs);

G_END_DECLS
