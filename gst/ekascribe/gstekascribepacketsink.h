/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <gst/base/gstbasesink.h>

#include "gstekascribeformat.h"
#include "gstekascriberecording.h"
#include "gstekascribesteering.h"

G_BEGIN_DECLS

#define GST_TYPE_EKASCRIBE_PACKET_SINK (gst_ekascribe_packet_sink_get_type ())
G_DECLARE_FINAL_TYPE (GstEkascribePacketSink,
                      gst_ekascribe_packet_sink,
                      GST,
                      EKASCRIBE_PACKET_SINK,
                      GstBaseSink)

void         gst_ekascribe_packet_sink_start (GstEkascribePacketSink *self,
                                              GstEkascribeRecording  *recording);
GstClockTime gst_ekascribe_packet_sink_stop  (GstEkascribePacketSink *self,
                                              GQueue                 *held);
void         gst_ekascribe_packet_sink_set_steering
                                             (GstEkascribePacketSink *self,
                                              GstEkascribeSteering   *steering);
void         gst_ekascribe_packet_sink_obey  (GstEkascribePacketSink *self);
void         gst_ekascribe_packet_sink_set_format
                                             (GstEkascribePacketSink   *self,
                                              const GstEkascribeFormat *format);
void         gst_ekascribe_packet_sink_break (GstEkascribePacketSink *self);
void         gst_ekascribe_packet_sink_plug  (GstEkascribePacketSink *self,
                                              gboolean                plug);
guint64      gst_ekascribe_packet_sink_count (GstEkascribePacketSink *self);

G_END_DECLS
