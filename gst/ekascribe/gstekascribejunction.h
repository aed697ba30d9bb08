/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "gstekascribeinput.h"
#include "gstekascribesteering.h"

#include "mix/mix.h"

G_BEGIN_DECLS

/**
 * GstEkascribeRoute:
 * @GST_EKASCRIBE_ROUTE_NONE: nowhere, for the run is over or an ERROR was posted
 * @GST_EKASCRIBE_ROUTE_DIRECT: to the packet sink
 * @GST_EKASCRIBE_ROUTE_LEG: to the mixer
 *
 * Where the audio of a pad goes.
 */
typedef enum
{
  GST_EKASCRIBE_ROUTE_NONE,
  GST_EKASCRIBE_ROUTE_DIRECT,
  GST_EKASCRIBE_ROUTE_LEG,
} GstEkascribeRoute;

/**
 * GstEkascribeDeparture:
 * @direct: what came there went to the packet sink, or nothing did yet
 * @mixed: what comes from others is mixed
 * @last: no other pad has anything to say
 *
 * What a pad was when it went.
 */
typedef struct
{
  gboolean direct;
  gboolean mixed;
  gboolean last;
} GstEkascribeDeparture;

/**
 * GstEkascribeJunctionFunc:
 *
 * Called on the mixer's thread with the element, when all that came before is mixed
 * and has arrived.
 */
typedef void (*GstEkascribeJunctionFunc) (gpointer bin);

/**
 * GstEkascribeJunction:
 *
 * Where the pads of ekascribesink meet: one leads straight to the packet sink,
 * several to a mixer. A second one that has something to say makes a mix of what
 * was alone; it stays one until all have ended.
 */

GstEkascribeJunction *gst_ekascribe_junction_new
                                       (GstBin                 *bin,
                                        GstEkascribePacketSink *sink,
                                        GstEkascribeSteering   *steering,
                                        GstEkascribeJunctionFunc obey);
void     gst_ekascribe_junction_free   (GstEkascribeJunction   *self);
void     gst_ekascribe_junction_start  (GstEkascribeJunction   *self,
                                        GstEkascribeRecording  *recording);
void     gst_ekascribe_junction_halt   (GstEkascribeJunction   *self);
GQueue  *gst_ekascribe_junction_take_rest
                                       (GstEkascribeJunction   *self);
GstClockTime gst_ekascribe_junction_stop
                                       (GstEkascribeJunction   *self);

void     gst_ekascribe_junction_add    (GstEkascribeJunction   *self,
                                        GstEkascribeInput      *input);
gboolean gst_ekascribe_junction_remove (GstEkascribeJunction   *self,
                                        GstEkascribeInput      *input,
                                        GstEkascribeDeparture  *departure);
void     gst_ekascribe_junction_plug   (GstEkascribeJunction   *self);
GList   *gst_ekascribe_junction_list   (GstEkascribeJunction   *self);
gboolean gst_ekascribe_junction_is_alone
                                       (GstEkascribeJunction   *self,
                                        GstEkascribeInput      *input);

GstEkascribeInput *gst_ekascribe_junction_find_alone
                                       (GstEkascribeJunction   *self);
gboolean gst_ekascribe_junction_is_direct
                                       (GstEkascribeJunction   *self,
                                        GstEkascribeInput      *input);
gboolean gst_ekascribe_junction_is_mixing
                                       (GstEkascribeJunction   *self);
guint    gst_ekascribe_junction_get_generation
                                       (GstEkascribeJunction   *self);
gboolean gst_ekascribe_junction_consider
                                       (GstEkascribeJunction   *self,
                                        GstEkascribeInput      *input);
GstEkascribeRoute gst_ekascribe_junction_claim
                                       (GstEkascribeJunction   *self,
                                        GstEkascribeInput      *input,
                                        GstPad                **leg);
void     gst_ekascribe_junction_yield  (GstEkascribeJunction   *self,
                                        GstEkascribeInput      *input);
void     gst_ekascribe_junction_set_ended
                                       (GstEkascribeJunction   *self,
                                        GstEkascribeInput      *input,
                                        gboolean                ended);
void     gst_ekascribe_junction_end_leg
                                       (GstEkascribeJunction   *self,
                                        GstEkascribeInput      *input);
void     gst_ekascribe_junction_part   (GstEkascribeJunction   *self,
                                        GstEkascribeInput      *input);
void     gst_ekascribe_junction_pour   (GstEkascribeJunction   *self,
                                        GstEkascribeInput      *input);
void     gst_ekascribe_junction_hurry  (GstEkascribeJunction   *self,
                                        GstEkascribeInput      *input);
gboolean gst_ekascribe_junction_begin_flush
                                       (GstEkascribeJunction   *self);
void     gst_ekascribe_junction_end_flush
                                       (GstEkascribeJunction   *self);
void     gst_ekascribe_junction_forget_eos
                                       (GstEkascribeJunction   *self);
gboolean gst_ekascribe_junction_drain  (GstEkascribeJunction   *self,
                                        GstEkascribeInput      *input);
void     gst_ekascribe_junction_wait_done
                                       (GstEkascribeJunction   *self);
void     gst_ekascribe_junction_add_stats
                                       (GstEkascribeJunction   *self,
                                        GstStructure           *stats,
                                        gboolean                running);
void     gst_ekascribe_junction_tell_labels
                                       (GstEkascribeJunction   *self);

G_END_DECLS
