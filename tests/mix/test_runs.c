/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "mix/runs.h"

#include <string.h>

static const gint16 ones[] = { 1, 2, 3, 4, 5, 6, 7, 8 };

static void
test_places (void)
{
  g_autoptr (EkaRuns) runs = eka_runs_new ();
  gint32 sum[8] = { 100, 100, 100, 100, 100, 100, 100, 100 };
  gint64 place;

  g_assert_false (eka_runs_find_audio (runs, &place));
  eka_runs_add (runs, 10, ones, 2);
  eka_runs_add (runs, 12, ones + 2, 1);
  eka_runs_add (runs, 13, NULL, 1);
  eka_runs_add (runs, 16, ones, 3);
  g_assert_cmpuint (eka_runs_get_n_held (runs), ==, 6);
  /* two of audio */
  g_assert_cmpuint (eka_runs_take (runs, 8, sum, 4), ==, 2);
  g_assert_cmpint (sum[1], ==, 100);
  g_assert_cmpint (sum[2], ==, 101);
  g_assert_cmpint (sum[3], ==, 102);
  /* one of audio, one of silence, a hole of two, one of audio */
  g_assert_cmpuint (eka_runs_take (runs, 12, sum, 5), ==, 3);
  g_assert_cmpint (sum[0], ==, 103);
  g_assert_cmpint (sum[1], ==, 100);
  g_assert_cmpint (sum[2], ==, 101);
  g_assert_cmpint (sum[4], ==, 101);
  g_assert_true (eka_runs_find_audio (runs, &place));
  g_assert_cmpint (place, ==, 17);
  g_assert_cmpuint (eka_runs_take (runs, 17, sum, 8), ==, 2);
  g_assert_cmpint (sum[0], ==, 105);
  g_assert_cmpint (sum[1], ==, 103);
  g_assert_cmpuint (eka_runs_get_n_held (runs), ==, 0);
  g_assert_cmpuint (eka_runs_take (runs, 25, sum, 8), ==, 0);
}

/* Days of silence need no memory and no time. */
static void
test_silence (void)
{
  g_autoptr (EkaRuns) runs = eka_runs_new ();
  const guint64 days = G_GUINT64_CONSTANT (2) * 86400 * 16000;
  gint32 sum[4] = { 0 };
  gint64 place;

  eka_runs_add (runs, 0, NULL, days);
  eka_runs_add (runs, (gint64) days, ones, 1);
  eka_runs_add (runs, (gint64) days + 1, NULL, 0);
  g_assert_true (eka_runs_find_audio (runs, &place));
  g_assert_cmpint (place, ==, (gint64) days);
  g_assert_cmpuint (eka_runs_take (runs, 100, sum, 4), ==, 4);
  g_assert_cmpuint (eka_runs_take (runs, (gint64) days - 2, sum, 4), ==, 3);
  g_assert_cmpint (sum[2], ==, 1);
}

/* As long as what waits is bounded, so is the place it needs, however much goes
 * through: each sample comes out, in its order. */
static void
test_flow (void)
{
  g_autoptr (EkaRuns) runs = eka_runs_new ();
  gint16 samples[100];
  gint32 sum[150];
  gint64 in = 0, out = 0;
  guint i, k, expected = 0, n;

  for (i = 0; i < 20000; i++)
    {
      const guint n_in = 1 + (i * 7) % 100;

      for (k = 0; k < n_in; k++)
        samples[k] = (gint16) ((in + k) % 32749 + 1);
      eka_runs_add (runs, in, samples, n_in);
      in += n_in;
      for (n = 1 + (i * 13) % 150; in - out > 5000; n = 150)
        {
          memset (sum, 0, sizeof sum);
          g_assert_cmpuint (eka_runs_take (runs, out, sum, n), ==, n);
          for (k = 0; k < n; k++)
            g_assert_cmpint (sum[k], ==, (out + k) % 32749 + 1);
          out += n;
          expected++;
        }
      g_assert_cmpuint (eka_runs_get_n_held (runs), ==, in - out);
    }
  g_assert_cmpuint (expected, >, 1000);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/runs/places", test_places);
  g_test_add_func ("/runs/silence", test_silence);
  g_test_add_func ("/runs/flow", test_flow);
  return g_test_run ();
}
