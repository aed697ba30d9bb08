/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "gstekascribeinput.h"
#include "gstekascribepacketsink.h"
#include "gstekascribeproperties.h"
#include "gstekascriberecording.h"
#include "gstekascribesink.h"

G_BEGIN_DECLS

struct _GstEkascribeSink
{
  GstBin parent;

  GstEkascribePacketSink *packet_sink; /* a child for life */
  GMutex flush_lock; /* one flush of ours after the other */
  GstEkascribeTransportFunc transport_func;
  gpointer transport_data;

  /* Guarded by the object lock. */
  GstEkascribeProperties properties;
  GstEkascribeRecording *recording; /* from READY→PAUSED to PAUSED→READY */
  GstEkascribeInput *input;         /* the pad, or NULL */
  guint next_pad;
  GstMessage *held_eos; /* of the packet sink, until there are results */
  guint closing;        /* pads that went and whose end is still to be sent */
  gulong block;         /* probe that holds @input back until then, or 0 */
  GHashTable *spent_ids; /* session ids that runs have used */
  /* What the last run left behind. */
  GstStructure *last_stats;
  EkaSessionState last_state;
  gchar *last_session_id;
};

GstEkascribeRecording *gst_ekascribe_sink_get_recording
                                        (GstEkascribeSink *self);
GstPad *gst_ekascribe_sink_request_new_pad
                                        (GstElement       *element,
                                         GstPadTemplate   *templ,
                                         const gchar      *name,
                                         const GstCaps    *caps);
void gst_ekascribe_sink_release_pad     (GstElement       *element,
                                         GstPad           *pad);

G_END_DECLS
