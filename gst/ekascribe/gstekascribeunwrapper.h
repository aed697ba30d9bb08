/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <gst/gst.h>

#include "chunk/codec.h"
#include "chunk/vorbis.h"

G_BEGIN_DECLS

/**
 * GstEkascribeUnwrapper:
 * @codec: what is known of the packets so far
 * @ready: that is all that is needed
 *
 * Finds the packet in a buffer, and what the codec's headers say: they come in
 * caps, before the audio, or around each packet. The other members are its own.
 */
typedef struct
{
  EkaCodec codec;
  gboolean ready;

  EkaCodecType type;
  gboolean adts;
  GBytes *headers[EKA_VORBIS_N_HEADERS];
  guint n_headers;
  gboolean started; /* a packet came since the caps */
} GstEkascribeUnwrapper;

void     gst_ekascribe_unwrapper_clear    (GstEkascribeUnwrapper *self);
gboolean gst_ekascribe_unwrapper_set_caps (GstEkascribeUnwrapper *self,
                                           const GstStructure    *structure);
gboolean gst_ekascribe_unwrapper_unwrap   (GstEkascribeUnwrapper *self,
                                           const guint8         **data,
                                           gsize                 *size);

G_END_DECLS
