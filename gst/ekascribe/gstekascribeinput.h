/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "gstekascribepacketsink.h"

G_BEGIN_DECLS

typedef struct _GstEkascribeJunction GstEkascribeJunction;

/**
 * GstEkascribeInput:
 *
 * A pad of ekascribesink, with what stands between it and the packet sink:
 * nothing for Opus, which passes through untouched; a decoder and converters
 * for everything else, and for what is mixed.
 */
#define GST_TYPE_EKASCRIBE_INPUT (gst_ekascribe_input_get_type ())
G_DECLARE_FINAL_TYPE (
    GstEkascribeInput, gst_ekascribe_input, GST, EKASCRIBE_INPUT, GstGhostPad)

GstPad *gst_ekascribe_input_new     (const gchar            *name,
                                     GstPadTemplate         *templ,
                                     GstEkascribePacketSink *sink,
                                     GstEkascribeJunction   *junction);
gchar  *gst_ekascribe_input_dup_label
                                    (GstEkascribeInput      *self);
void    gst_ekascribe_input_make_way
                                    (GstEkascribeInput      *self);
void    gst_ekascribe_input_start   (GstEkascribeInput      *self,
                                     GstEkascribeRecording  *recording);
void    gst_ekascribe_input_halt    (GstEkascribeInput      *self);
void    gst_ekascribe_input_release (GstEkascribeInput      *self);
GQueue *gst_ekascribe_input_take_held
                                    (GstEkascribeInput      *self);
GstClockTime gst_ekascribe_input_stop
                                    (GstEkascribeInput      *self);

G_END_DECLS
