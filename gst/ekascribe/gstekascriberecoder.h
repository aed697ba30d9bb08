/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <gst/gst.h>

#include "chunk/chunk.h"

G_BEGIN_DECLS

/**
 * GstEkascribeRecoder:
 *
 * Turns the chunks of a recording from Ogg Opus into WAV, S16LE, 16 kHz, mono
 * or, where that is wished, as many channels as they have.
 * It has no thread, bus or main loop of its own that anybody could notice, and
 * may be used from any thread, by one at a time.
 */
typedef struct _GstEkascribeRecoder GstEkascribeRecoder;

GstEkascribeRecoder *gst_ekascribe_recoder_new (void);
void      gst_ekascribe_recoder_free         (GstEkascribeRecoder  *self);
void      gst_ekascribe_recoder_set_stereo   (GstEkascribeRecoder  *self,
                                              gboolean              stereo);
void      gst_ekascribe_recoder_set_patience (GstEkascribeRecoder  *self,
                                              GstClockTime          patience);
EkaChunk *gst_ekascribe_recoder_recode       (GstEkascribeRecoder  *self,
                                              EkaChunk             *chunk,
                                              gboolean              last,
                                              GError              **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstEkascribeRecoder, gst_ekascribe_recoder_free)

G_END_DECLS
