/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "gstekascribeinput.h"
#include "gstekascribejunction.h"
#include "gstekascribemixer.h"

G_BEGIN_DECLS

/* Between gstekascribeinput.c (what comes on a pad), gstekascribeways.c (the way that
 * it takes), gstekascribeholding.c (what is held back before there is one) and
 * gstekascribejunction.c (where pads meet). */
struct _GstEkascribeInput
{
  GstGhostPad parent;

  GstEkascribeJunction *junction;
  GstEkascribePacketSink *sink;
  gchar *label; /* guarded by the object lock */
  gulong block; /* probe that holds it back until the pad before it has ended, or
                 * 0; guarded by the element's object lock */
  gboolean late; /* it was requested after that one was released; the same */

  /* Guards all of this block; held while elements are added, so that the bin
   * does not go down meanwhile. Posting is allowed. */
  GMutex lock;
  GstEkascribeRecording *recording; /* from start to stop */
  GList *elements;                  /* in the bin, upstream first */
  gboolean halted;                  /* no element may be added */

  GMutex way_lock; /* a flush begins on the whole of a way, or not at all */

  gboolean interrupted; /* guarded by the recording */

  /* Guarded by the junction. */
  gboolean heard; /* caps came */
  gboolean ended; /* EOS came */
  GstPad *leg;    /* of @mixer, where it is mixed */
  GstEkascribeMixer *mixer; /* that it is or was mixed by; a reference */
  GstClockTime latency; /* of the source that is linked, or 0: not known */
  gint channel;   /* of the mix; -1: none yet */

  /* Under the stream lock. */
  gchar *kind;        /* of the caps, or NULL: none came yet */
  gboolean fresh;     /* nothing came since */
  gboolean connected; /* there is a way to the packet sink, or to the mixer */
  gboolean mixed;     /* to the mixer */
  guint generation;   /* of the junction, when that was so */
  gboolean flowing;   /* data may go on its way */
  gboolean holding;
  gboolean probing; /* for SBR, in what is held */
  GQueue held; /* of GstBuffer and GstEvent, in order */
  GstClockTime held_time;
};

GstEkascribeRecording *gst_ekascribe_input_get_recording
                                        (GstEkascribeInput     *self);
void          gst_ekascribe_input_connect_pad
                                        (GstEkascribeInput     *self,
                                         GstPad                *target);
gboolean      gst_ekascribe_input_connect_caps
                                        (GstEkascribeInput     *self,
                                         GstEkascribeRecording *recording,
                                         GstCaps               *caps);
GstFlowReturn gst_ekascribe_input_prepare
                                        (GstEkascribeInput     *self,
                                         GstEkascribeRecording *recording);

void          gst_ekascribe_input_disconnect
                                        (GstEkascribeInput     *self);
void          gst_ekascribe_input_drain (GstEkascribeInput     *self);
gboolean      gst_ekascribe_input_try_lock
                                        (GstEkascribeInput     *self);
void          gst_ekascribe_input_pour_left
                                        (GstEkascribeInput     *self);
void          gst_ekascribe_input_pour  (GstEkascribeInput     *self,
                                         GstPad                *leg);

gboolean      gst_ekascribe_input_can_hold
                                        (const GstStructure    *structure);
gboolean      gst_ekascribe_input_holds_sbr
                                        (GstEkascribeInput     *self);
void          gst_ekascribe_input_start_holding
                                        (GstEkascribeInput     *self,
                                         gboolean               probing);
void          gst_ekascribe_input_stop_holding
                                        (GstEkascribeInput     *self);
void          gst_ekascribe_input_hold  (GstEkascribeInput     *self,
                                         GstMiniObject         *item);
void          gst_ekascribe_input_clear_held
                                        (GstEkascribeInput     *self);
GstFlowReturn gst_ekascribe_input_release_held
                                        (GstEkascribeInput     *self,
                                         GstEkascribeRecording *recording);
GstFlowReturn gst_ekascribe_input_release_if_settled
                                        (GstEkascribeInput     *self,
                                         GstEkascribeRecording *recording);
void          gst_ekascribe_input_pour_held
                                        (GstEkascribeInput     *self,
                                         GstPad                *leg);

G_END_DECLS
