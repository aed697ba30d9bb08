/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "gstekascribeinput.h"
#include "gstekascribejunction.h"
#include "gstekascribepacketsink.h"
#include "gstekascribeproperties.h"
#include "gstekascriberecording.h"
#include "gstekascribesink.h"
#include "gstekascribesteering.h"

G_BEGIN_DECLS

struct _GstEkascribeSink
{
  GstBin parent;

  GstEkascribePacketSink *packet_sink; /* a child for life */
  GstEkascribeJunction *junction;      /* where its pads meet */
  GstEkascribeSteering *steering;      /* for life */
  GMutex command_lock; /* one thread has commands done. Taken with the stream
                        * lock of a pad that is alone, or on the mixer's thread;
                        * before the stream lock of the packet sink */
  GstEkascribeTransportFunc transport_func;
  gpointer transport_data;

  /* Guarded by the object lock. */
  GstEkascribeProperties properties;
  GstEkascribeRecording *recording; /* from READY→PAUSED to PAUSED→READY */
  guint next_pad;
  GstMessage *held_eos; /* of the packet sink, until there are results */
  guint closing;        /* pads that went and whose end is still to be sent */
  GHashTable *spent_ids; /* session ids that runs have used */
  /* What the last run left behind. */
  GstStructure *last_stats;
  EkaSessionState last_state;
  gchar *last_session_id;
};

void gst_ekascribe_sink_init_child_proxy
                                        (gpointer          iface,
                                         gpointer          data);
GstEkascribeRecording *gst_ekascribe_sink_get_recording
                                        (GstEkascribeSink *self);
void gst_ekascribe_sink_release_eos     (GstElement       *element);
gboolean gst_ekascribe_sink_is_id_used  (GstEkascribeSink *self,
                                         GstEkascribeRecording *recording,
                                         const gchar      *id);
void gst_ekascribe_sink_warn_additional_data
                                        (GstEkascribeSink *self,
                                         const EkaSettings *settings);
gboolean gst_ekascribe_sink_run_commands
                                        (GstEkascribeSink  *self,
                                         GstEkascribeInput *input,
                                         gboolean           audio);
void gst_ekascribe_sink_catch_up        (GstEkascribeSink *self);
void gst_ekascribe_sink_obey_in_mix     (gpointer          user_data);
GstPad *gst_ekascribe_sink_request_new_pad
                                        (GstElement       *element,
                                         GstPadTemplate   *templ,
                                         const gchar      *name,
                                         const GstCaps    *caps);
void gst_ekascribe_sink_release_pad     (GstElement       *element,
                                         GstPad           *pad);

G_END_DECLS
