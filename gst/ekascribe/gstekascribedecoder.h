/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

/**
 * GstEkascribeWay:
 * @GST_EKASCRIBE_WAY_PARSE: each buffer becomes a packet
 * @GST_EKASCRIBE_WAY_DECODE: it becomes samples, S16LE at 16 kHz, mono
 * @GST_EKASCRIBE_WAY_ENCODE: these become Opus
 *
 * What happens to audio before it gets to the packet sink.
 */
typedef enum
{
  GST_EKASCRIBE_WAY_PARSE,
  GST_EKASCRIBE_WAY_DECODE,
  GST_EKASCRIBE_WAY_ENCODE,
} GstEkascribeWay;

GList  *gst_ekascribe_decoder_build   (GstBin          *bin,
                                       GstCaps         *caps,
                                       GstEkascribeWay  way,
                                       GstPad          *target,
                                       const gchar     *name);
GList  *gst_ekascribe_decoder_build_encoder
                                      (GstBin          *bin,
                                       guint            channels,
                                       GstPad          *target);
const gchar *gst_ekascribe_decoder_find_name
                                      (GstObject       *object);
GstPad *gst_ekascribe_decoder_get_pad (GList           *elements);
GstElement *gst_ekascribe_decoder_make (GstCaps        *caps);
void    gst_ekascribe_decoder_drain   (GList           *elements);
void    gst_ekascribe_decoder_remove  (GstBin          *bin,
                                       GList           *elements);

G_END_DECLS
