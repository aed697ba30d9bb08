/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <gst/gst.h>

#include "chunk/codec.h"

G_BEGIN_DECLS

/* What the packet sink takes: packets as they go into chunks. */
#define GST_EKASCRIBE_PACKET_CAPS                                             \
  "audio/x-opus, channels = (int) [ 1, 2 ]; "                                 \
  "audio/mpeg, mpegversion = (int) 1, layer = (int) 3, "                      \
  "parsed = (boolean) true; "                                                 \
  "audio/mpeg, mpegversion = (int) { 2, 4 }, "                                \
  "stream-format = (string) raw; "                                            \
  "audio/mpeg, mpegversion = (int) { 2, 4 }, "                                \
  "stream-format = (string) adts, framed = (boolean) true; "                  \
  "audio/x-vorbis; "                                                          \
  "audio/x-mulaw, rate = (int) 8000; "                                        \
  "audio/x-alaw, rate = (int) 8000; "                                         \
  "audio/x-raw, format = (string) S16LE, "                                    \
  "layout = (string) interleaved, rate = (int) 16000, "                       \
  "channels = (int) [ 1, 2 ]"

gboolean gst_ekascribe_caps_get_native  (const GstStructure *structure,
                                         EkaCodecType       *type);
gboolean gst_ekascribe_caps_need_parser (const GstStructure *structure);
gboolean gst_ekascribe_caps_may_have_sbr
                                        (const GstStructure *structure);
gsize    gst_ekascribe_caps_measure_latm
                                        (const GstStructure *structure,
                                         const guint8       *data,
                                         gsize               size);
gboolean gst_ekascribe_caps_init_codec  (const GstStructure *structure,
                                         EkaCodec           *codec);
GstCaps *gst_ekascribe_caps_from_codec  (const EkaCodec     *codec);

G_END_DECLS
