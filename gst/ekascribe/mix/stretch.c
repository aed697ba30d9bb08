/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "mix/stretch.h"

#include <math.h>
#include <string.h>

/* Through @x[1] and @x[2], with the slopes of their neighbours (Catmull-Rom) */
static gdouble
interpolate (const gdouble x[4],
             gdouble       t)
{
  const gdouble a = -0.5 * x[0] + 1.5 * x[1] - 1.5 * x[2] + 0.5 * x[3];
  const gdouble b = x[0] - 2.5 * x[1] + 2 * x[2] - 0.5 * x[3];
  const gdouble c = 0.5 * (x[2] - x[0]);

  return ((a * t + b) * t + c) * t + x[1];
}

/* Beyond its ends the block goes on straight. */
static gdouble
read_sample (const gint16 *samples,
             guint         n_samples,
             gint64        i)
{
  if (i < 0)
    return 2.0 * samples[0] - samples[1];
  if (i >= n_samples)
    return 2.0 * samples[n_samples - 1] - samples[n_samples - 2];
  return samples[i];
}

/**
 * eka_stretch:
 * @samples: (array length=n_samples): a block of samples
 * @n_samples: how many; at least 2
 * @stretched: (out caller-allocates) (array length=n_stretched): the same sound
 *   with more or fewer samples
 * @n_stretched: how many; at least 2
 *
 * Stretches or shortens a block by cubic interpolation. Its first and its last
 * sample stay what they are: blocks follow each other without a seam and need no
 * memory of each other.
 */
void
eka_stretch (const gint16 *samples,
             guint         n_samples,
             gint16       *stretched,
             guint         n_stretched)
{
  const gdouble step = (gdouble) (n_samples - 1) / (n_stretched - 1);
  guint k;

  if (n_samples == n_stretched)
    {
      memcpy (stretched, samples, n_samples * sizeof *samples);
      return;
    }
  for (k = 0; k + 1 < n_stretched; k++)
    {
      const gint64 i = (gint64) (k * step);
      const gdouble x[4] = { read_sample (samples, n_samples, i - 1),
                             read_sample (samples, n_samples, i),
                             read_sample (samples, n_samples, i + 1),
                             read_sample (samples, n_samples, i + 2) };
      const gdouble value = interpolate (x, k * step - (gdouble) i);

      stretched[k] = (gint16) lrint (CLAMP (value, G_MININT16, G_MAXINT16));
    }
  stretched[n_stretched - 1] = samples[n_samples - 1];
}
