/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "mix/stretch.h"

#include <math.h>
#include <string.h>

#define N 320

static void
sing (gint16 *samples,
      gdouble amplitude)
{
  guint i;

  for (i = 0; i < N; i++)
    samples[i] = (gint16) lrint (amplitude * sin (i * 2 * G_PI * 440 / 16000));
}

/* A voice stays what it is, only slower or faster; the ends stay where they are. */
static void
test_tone (void)
{
  static const guint lengths[] = { N - 5, N - 1, N + 1, N + 5 };
  gint16 samples[N], stretched[N + 5];
  guint i, k;

  sing (samples, 20000);
  for (i = 0; i < G_N_ELEMENTS (lengths); i++)
    {
      const gdouble step = (gdouble) (N - 1) / (lengths[i] - 1);

      eka_stretch (samples, N, stretched, lengths[i]);
      g_assert_cmpint (stretched[0], ==, samples[0]);
      g_assert_cmpint (stretched[lengths[i] - 1], ==, samples[N - 1]);
      for (k = 0; k < lengths[i]; k++)
        {
          const gdouble value =
              20000 * sin (k * step * 2 * G_PI * 440 / 16000);

          g_assert_cmpfloat (fabs (stretched[k] - value), <, 60);
        }
    }
}

static void
test_same_length (void)
{
  gint16 samples[N], stretched[N];

  sing (samples, 32767);
  eka_stretch (samples, N, stretched, N);
  g_assert_cmpmem (samples, sizeof samples, stretched, sizeof stretched);
}

/* Between samples a curve is higher than they are: it doesn't wrap around. */
static void
test_full_scale (void)
{
  gint16 samples[8] = { -32768, 32767, 32767, -32768,
                        -32768, 32767, 32767, -32768 };
  gint16 stretched[10];
  guint k;

  eka_stretch (samples, 8, stretched, 10);
  for (k = 1; k < 9; k++)
    {
      const guint i = k * 7 / 9;

      if (samples[i] == samples[i + 1])
        g_assert_cmpint (ABS (stretched[k]), >, 30000);
      if (samples[i] == samples[i + 1])
        g_assert_cmpint (stretched[k] > 0, ==, samples[i] > 0);
    }
}

static void
test_shortest (void)
{
  const gint16 samples[] = { 100, 200, 300, 400 };
  gint16 stretched[5];

  eka_stretch (samples, 4, stretched, 5);
  g_assert_cmpint (stretched[2], ==, 250);
  eka_stretch (samples, 4, stretched, 3);
  g_assert_cmpint (stretched[1], ==, 250);
  g_assert_cmpint (stretched[2], ==, 400);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/stretch/tone", test_tone);
  g_test_add_func ("/stretch/same-length", test_same_length);
  g_test_add_func ("/stretch/full-scale", test_full_scale);
  g_test_add_func ("/stretch/shortest", test_shortest);
  return g_test_run ();
}
