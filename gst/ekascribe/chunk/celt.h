/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define EKA_CELT_N_BANDS 21

/**
 * EkaCelt:
 * @energies: how loud each band of each channel was in the last frame, as
 *   binary logarithm, without the mean of that band
 *
 * What the energies of the next frame are told by. All zeros: nothing came yet.
 */
typedef struct
{
  gfloat energies[2][EKA_CELT_N_BANDS];
} EkaCelt;

gdouble eka_celt_measure_frame (EkaCelt      *celt,
                                guint8        toc,
                                const guint8 *data,
                                gsize         size);

G_END_DECLS
