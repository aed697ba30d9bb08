/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "gstekascribemixer.h"

G_BEGIN_DECLS

/**
 * GstEkascribeMixTally:
 * @lock: guards the rest; no other lock is taken with it held but the one of
 *   @mixer, so that anybody may ask, in handlers of messages, too
 * @mixer: (nullable): the one that mixes now; no reference
 * @past: of those that were before it
 *
 * What the mixes of a run had to do to their audio.
 */
typedef struct
{
  GMutex lock;
  GstEkascribeMixer *mixer;
  EkaMixStats past;
} GstEkascribeMixTally;

void gst_ekascribe_mix_tally_init   (GstEkascribeMixTally *self);
void gst_ekascribe_mix_tally_clear  (GstEkascribeMixTally *self);
void gst_ekascribe_mix_tally_reset  (GstEkascribeMixTally *self);
void gst_ekascribe_mix_tally_begin  (GstEkascribeMixTally *self,
                                     GstEkascribeMixer    *mixer);
void gst_ekascribe_mix_tally_end    (GstEkascribeMixTally *self);
void gst_ekascribe_mix_tally_sum    (GstEkascribeMixTally *self,
                                     EkaMixStats          *sum);

G_END_DECLS
