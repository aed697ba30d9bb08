/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "mix/mix.h"

#define MSECOND G_GINT64_CONSTANT (1000000)
#define SECOND (1000 * MSECOND)
/* Samples of a millisecond */
#define MS 16

/* What came out of a mix: @samples from @time on, without a hole; S16. */
typedef struct
{
  EkaMix *mix;
  guint channels;
  GByteArray *samples;
  guint64 time;
} Mixing;

gint16  mixing_noise    (guint         voice,
                         guint64       nth);
void    mixing_push     (Mixing       *self,
                         guint         leg,
                         guint64       time,
                         guint         voice,
                         guint64       from,
                         guint         n,
                         gboolean      discont);
void    mixing_play     (Mixing       *self,
                         guint         leg,
                         guint64       time,
                         guint         voice,
                         guint64       from,
                         guint64       n);
void    mixing_take     (Mixing       *self,
                         gboolean      all);
guint64 mixing_get_end  (const Mixing *self);
void    mixing_check    (const Mixing *self,
                         guint         channel,
                         guint64       time,
                         guint         voice,
                         guint64       from,
                         guint64       n);
void    mixing_silent   (const Mixing *self,
                         guint         channel,
                         guint64       time,
                         guint64       duration);
gint64  mixing_find     (const Mixing *self,
                         guint         channel,
                         gint16        level,
                         guint64       from);

void    mixing_init     (Mixing       *self,
                         guint         channels);
void    mixing_clear    (Mixing       *self);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Mixing, mixing_clear)
