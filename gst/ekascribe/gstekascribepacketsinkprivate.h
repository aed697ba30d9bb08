/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "gstekascribepacketsink.h"
#include "gstekascribeready.h"
#include "gstekascribestamper.h"
#include "gstekascribetimeline.h"
#include "gstekascribeunwrapper.h"

#include "chunk/chunker.h"
#include "chunk/silence.h"
#include "chunk/speech.h"

G_BEGIN_DECLS

/* Between gstekascribepacketsink.c (buffers and events), gstekascribehandover.c
 * (which session they go to) and gstekascribecutting.c (what becomes of them). */

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

  GstEkascribeSteering *steering; /* for life */
  EkaSpeech *speech;      /* hears all packets */
  gboolean midway;        /* a new chunker does not begin with the stream */
  gboolean parted;        /* audio was left out before the next packet */
  EkaSettings *next;      /* of the session that begins soon, or NULL */
  gboolean next_due;      /* with the next packet */
  GstClockTime next_waits; /* audio since it was asked for */
  GQueue kept;            /* of packets that are for a session if somebody speaks */
  GstClockTime kept_time; /* how much that is */
  gboolean spoke;         /* somebody did, in this session */
  GstClockTime said;      /* of what is being said, before it was listened for */
  gboolean ending;        /* the session ends before the next packet */
  GstClockTime lasted;    /* since the session began or went on */
  GstClockTime lasts_from; /* running time then, or GST_CLOCK_TIME_NONE */
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
GstFlowReturn gst_ekascribe_packet_sink_record
                                    (GstEkascribePacketSink *self,
                                     GstBuffer              *buffer,
                                     EkaPacket              *packet,
                                     guint                   samples);

GstFlowReturn gst_ekascribe_packet_sink_run_commands
                                    (GstEkascribePacketSink *self);
GstFlowReturn gst_ekascribe_packet_sink_settle
                                    (GstEkascribePacketSink *self);
GstFlowReturn gst_ekascribe_packet_sink_sort
                                    (GstEkascribePacketSink *self,
                                     GstBuffer              *buffer,
                                     EkaPacket              *packet,
                                     guint                   samples);
GstFlowReturn gst_ekascribe_packet_sink_settle_kept
                                    (GstEkascribePacketSink *self);
void gst_ekascribe_packet_sink_forget_room
                                    (GstEkascribePacketSink *self);
void gst_ekascribe_packet_sink_forget_plans
                                    (GstEkascribePacketSink *self);
void gst_ekascribe_packet_sink_save (GstEkascribePacketSink *self,
                                     GQueue                 *held);

G_END_DECLS
