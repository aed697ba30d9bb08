/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "mix/leg.h"

G_BEGIN_DECLS

/**
 * EkaMixStats:
 * @filled: ns of silence in place of audio of a leg that did not come
 * @late: ns of audio that came when its place had been mixed already, and was
 *   mixed in later
 * @skew: ns by which legs were stretched or shortened, in sum
 * @clipped: samples that were louder than full scale
 */
typedef struct
{
  guint64 filled;
  guint64 late;
  guint64 skew;
  guint64 clipped;
} EkaMixStats;

/**
 * EkaMix:
 *
 * Several legs become one stream of one or two channels. Data drives it: it goes
 * on as far as every leg has come, and past those that stay behind for longer than
 * is waited for. A pure object without clock and threads.
 */
typedef struct _EkaMix EkaMix;

EkaMix  *eka_mix_new           (guint          channels);
void     eka_mix_free          (EkaMix        *self);
void     eka_mix_set_patience  (EkaMix        *self,
                                guint64        patience);
void     eka_mix_set_lag       (EkaMix        *self,
                                guint64        lag);
void     eka_mix_set_now       (EkaMix        *self,
                                guint64        running_time);
guint    eka_mix_add_leg       (EkaMix        *self,
                                guint          channel);
void     eka_mix_push          (EkaMix        *self,
                                guint          leg,
                                guint64        running_time,
                                const gint16  *samples,
                                guint          n_samples,
                                gboolean       discont);
void     eka_mix_gap           (EkaMix        *self,
                                guint          leg,
                                guint64        running_time,
                                guint64        duration);
void     eka_mix_end_leg       (EkaMix        *self,
                                guint          leg);
void     eka_mix_restart_leg   (EkaMix        *self,
                                guint          leg);
void     eka_mix_remove_leg    (EkaMix        *self,
                                guint          leg);
guint64  eka_mix_get_ahead     (EkaMix        *self,
                                guint          leg);
guint64  eka_mix_get_leg_held  (EkaMix        *self,
                                guint          leg);
guint64  eka_mix_get_held      (EkaMix        *self);
gboolean eka_mix_take          (EkaMix        *self,
                                gboolean       all,
                                GByteArray    *samples,
                                guint64       *running_time);
gboolean eka_mix_is_ended      (EkaMix        *self);
void     eka_mix_reset         (EkaMix        *self);
void     eka_mix_get_stats     (EkaMix        *self,
                                EkaMixStats   *stats);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EkaMix, eka_mix_free)

G_END_DECLS
