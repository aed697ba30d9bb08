/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <gst/gst.h>

#include "chunk/codec.h"

G_BEGIN_DECLS

/**
 * GstEkascribeStamper:
 *
 * Tells packets what a buffer knows beside its bytes: when it is, in running time
 * and on the wall, what of it is not to be heard, and how loud it is. The members
 * are its own.
 */
typedef struct
{
  guint64 granule; /* Vorbis: end of the packet before, in samples, or
                    * GST_BUFFER_OFFSET_NONE */
  gboolean utc_known;
  gint64 utc_offset; /* from running time to UTC, in ns */
  GstClockTime utc_checked; /* running time at which it was found */
  GstClockTime base_time; /* by which it was found, where a clock told it */
} GstEkascribeStamper;

void gst_ekascribe_stamper_reset (GstEkascribeStamper *self);
void gst_ekascribe_stamper_stamp (GstEkascribeStamper *self,
                                  const EkaCodec      *codec,
                                  const GstSegment    *segment,
                                  GstBuffer           *buffer,
                                  guint                samples,
                                  EkaPacket           *packet);
gboolean gst_ekascribe_stamper_needs_clock
                                 (GstEkascribeStamper *self,
                                  GstElement          *element,
                                  GstClockTime         running_time);
void gst_ekascribe_stamper_ignore_clock
                                 (GstEkascribeStamper *self,
                                  GstClockTime         running_time);
void gst_ekascribe_stamper_read_clock
                                 (GstEkascribeStamper *self,
                                  GstElement          *element,
                                  EkaPacket           *packet);

G_END_DECLS
