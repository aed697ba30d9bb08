/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* All of mix/ works with S16 samples of one channel at this rate: a sample is
 * exactly 62500 ns. Places are counted in samples from running time 0. */
#define EKA_MIX_RATE 16000
#define EKA_MIX_SAMPLE G_GINT64_CONSTANT (62500)

/* No time stamp */
#define EKA_MIX_NO_TIME G_MAXUINT64

/**
 * EkaLegStats:
 * @filled: ns of silence in place of audio that did not come
 * @late: ns of audio whose place had been taken already when it came
 * @skew: ns by which it was stretched or shortened, in sum
 */
typedef struct
{
  guint64 filled;
  guint64 late;
  guint64 skew;
} EkaLegStats;

/**
 * EkaLegView:
 * @position: place up to which the others are mixed; G_MININT64: not begun
 * @foremost: place up to which the others have come; G_MININT64: none has
 * @begin: place where the mix will begin, as far as that is known before it has, and
 *   where nobody is live; else G_MININT64
 * @reach: how far after that a time stamp can be, in samples
 * @shift: ns that were last found to correct somebody's clock
 *
 * What a leg has to know of the others, to tell a clock that is wrong.
 */
typedef struct
{
  gint64 position;
  gint64 foremost;
  gint64 begin;
  gint64 reach;
  gint64 shift;
} EkaLegView;

/**
 * EkaLeg:
 *
 * One stream of a mix: its samples, in their place on the common time line of
 * running time. Knows what its time stamps are worth: takes jitter and the skew of
 * the stream's clock out, fills holes with silence, and loses no sample. A pure
 * object without clock and threads.
 */
typedef struct _EkaLeg EkaLeg;

EkaLeg  *eka_leg_new           (void);
void     eka_leg_free          (EkaLeg           *self);
void     eka_leg_push          (EkaLeg           *self,
                                const EkaLegView *view,
                                guint64           running_time,
                                const gint16     *samples,
                                guint             n_samples,
                                gboolean          discont);
void     eka_leg_gap           (EkaLeg           *self,
                                const EkaLegView *view,
                                guint64           running_time,
                                guint64           duration);
void     eka_leg_settle        (EkaLeg           *self,
                                const EkaLegView *view);
void     eka_leg_end           (EkaLeg           *self,
                                const EkaLegView *view);
void     eka_leg_restart       (EkaLeg           *self,
                                const EkaLegView *view);
gboolean eka_leg_is_ended      (const EkaLeg     *self);
gboolean eka_leg_is_settling   (const EkaLeg     *self);
gboolean eka_leg_get_begin     (const EkaLeg     *self,
                                gint64           *place);
gboolean eka_leg_get_end       (const EkaLeg     *self,
                                gint64           *place);
gboolean eka_leg_get_head      (const EkaLeg     *self,
                                const EkaLegView *view,
                                gint64           *place);
gint64   eka_leg_get_shift     (const EkaLeg     *self);
guint64  eka_leg_get_n_held    (const EkaLeg     *self);
gboolean eka_leg_find_audio    (const EkaLeg     *self,
                                gint64           *place);
void     eka_leg_take          (EkaLeg           *self,
                                gint64            place,
                                gint32           *sum,
                                guint             n_samples);
void     eka_leg_get_stats     (const EkaLeg     *self,
                                EkaLegStats      *stats);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EkaLeg, eka_leg_free)

G_END_DECLS
