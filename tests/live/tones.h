/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What a telephone carries. */
#define TONES_RATE 8000
#define TONES_MS (TONES_RATE / 1000)

/**
 * Tone:
 * @digit: one of 0–9, A–D, * and #; `?` where it is none
 * @start: of its sound, in ms
 * @end: in ms
 */
typedef struct
{
  gchar digit;
  gdouble start;
  gdouble end;
} Tone;

void    tones_render   (gint16        *samples,
                        guint          n_samples,
                        const gchar   *digits,
                        guint          first,
                        guint          period,
                        guint          length);
guint8  tones_encode   (gint16         sample,
                        gboolean       a_law);
gint16  tones_decode   (guint8         code,
                        gboolean       a_law);
void    tones_save     (const gchar   *path,
                        const gint16  *samples,
                        guint          n_samples);
GArray *tones_find     (const gint16  *samples,
                        gsize          n_samples,
                        guint          rate);
gchar  *tones_digits   (const GArray  *tones);
GArray *tones_merge    (const GArray  *first,
                        const GArray  *second);
void    tones_assert_same (const GArray *expected,
                           const GArray *found,
                           gdouble       tolerance);

G_END_DECLS
