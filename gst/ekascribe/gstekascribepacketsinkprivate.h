/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "gstekascribepacketsink.h"
#include "gstekascribestamper.h"
#include "gstekascribetimeline.h"
#include "gstekascribeunwrapper.h"

#include "chunk/chunker.h"
#include "chunk/silence.h"

G_BEGIN_DECLS

/* Between gstekascribepacketsink.c (buffers and events) and gstekascribecutting.c
 * (what becomes of them). */

/* Used on the streaming thread, but for @recording and @format, which change
 * while it stands still. */
struct _GstEkascribePacketSink
{
  GstBaseSink parent;

  GstPad *plug; /* linked where no pad of the element is */
  GstEkascribeRecording *recording; /* from start to stop */
  GstEkascribeFormat format;        /* of the chunks */
  GstEkascribeUnwrapper unwrapper;
  GstEkascribeStamper stamper;
  GstEkascribeTimeline timeline;
  EkaCodec codec; /* valid where @have_codec */
  gboolean have_codec;
  guint measured;     /* for eka_codec_measure_packet() */
  guint8 last[EKA_SILENCE_LIKE]; /* how the last packet begins */
  EkaChunker *chunker; /* from the first packet to the end of a session */
  EkaChunkLimits limits;
  GQueue ready;         /* of GstEkascribeReady */
  gboolean changed;     /* what comes after @ready has another format */
  gboolean interrupted; /* of gst_ekascribe_recording_wait_settled() */
  guint64 packets;      /* that were taken */
  gboolean may_cut;     /* nothing more will be known of @limits */
  gboolean heard;       /* of what @chunker took, some is to be heard */
  gboolean saving;      /* the run is over: what comes is for the disk */
};

void gst_ekascribe_packet_sink_follow_codec
                                    (GstEkascribePacketSink *self);
void gst_ekascribe_packet_sink_collect
                                    (GstEkascribePacketSink *self);
void gst_ekascribe_packet_sink_drop_chunker
                                    (GstEkascribePacketSink *self);
gboolean gst_ekascribe_packet_sink_drop_discarded
                                    (GstEkascribePacketSink *self);
GstClockTime gst_ekascribe_packet_sink_get_pending
                                    (GstEkascribePacketSink *self);
GstFlowReturn gst_ekascribe_packet_sink_deliver
                                    (GstEkascribePacketSink *self);
GstFlowReturn gst_ekascribe_packet_sink_await_limits
                                    (GstEkascribePacketSink *self,
                                     gboolean                at_end);
GstFlowReturn gst_ekascribe_packet_sink_take_buffer
                                    (GstEkascribePacketSink *self,
                                     GstBuffer              *buffer);
void gst_ekascribe_packet_sink_save (GstEkascribePacketSink *self,
                                     GQueue                 *held);

G_END_DECLS
