/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

/**
 * GstEkascribeWhole:
 * @bytes: of the recording so far
 * @elapsed: how long it is so far, in ns
 * @total: how long it will be, or %GST_CLOCK_TIME_NONE
 * @max_bytes: that one file may have
 * @max_duration: that one session takes, in ns; 0: no limit is known
 *
 * A recording that goes up as one file (`upload-type=single`).
 */
typedef struct
{
  gsize bytes;
  GstClockTime elapsed;
  GstClockTime total;
  gsize max_bytes;
  GstClockTime max_duration;
} GstEkascribeWhole;

gboolean     gst_ekascribe_whole_check      (const GstEkascribeWhole *self,
                                             GError                 **error);
GstClockTime gst_ekascribe_whole_query_rest (GstPad                  *pad,
                                             const GstSegment        *segment,
                                             GstBuffer               *buffer);

G_END_DECLS
