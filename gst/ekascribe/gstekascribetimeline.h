/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

/**
 * GstEkascribeTimeline:
 * @next: running time that the next packet should have, by the one before it
 * @written: running time up to which there is audio, by all of it
 * @broken: the next packet is known not to continue the one before
 *
 * Where the audio of a recording stands in running time. Times that are not
 * known are %GST_CLOCK_TIME_NONE.
 */
typedef struct
{
  GstClockTime next;
  GstClockTime written;
  gboolean broken;
} GstEkascribeTimeline;

void         gst_ekascribe_timeline_reset    (GstEkascribeTimeline *self);
gboolean     gst_ekascribe_timeline_is_jump  (GstEkascribeTimeline *self,
                                              GstClockTime          running_time);
GstClockTime gst_ekascribe_timeline_get_hole (GstEkascribeTimeline *self,
                                              GstClockTime          running_time);
void         gst_ekascribe_timeline_jump     (GstEkascribeTimeline *self);
void         gst_ekascribe_timeline_add      (GstEkascribeTimeline *self,
                                              GstClockTime          running_time,
                                              GstClockTime          duration);

G_END_DECLS
