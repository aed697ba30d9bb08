/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "mix/mix.h"

#include <math.h>
#include <stdlib.h>

#define MSECOND G_GINT64_CONSTANT (1000000)
#define SECOND (1000 * MSECOND)

/* Half an hour from second 10 on */
#define FROM (10 * SECOND)
#define LENGTH (1800 * SECOND)

/* Each side clicks every two seconds of true time, at another phase: what is less
 * than a second off is told. */
#define CLICK_EVERY (2 * SECOND)
#define N_CLICKS 1000
#define CLICK 12000

#define N_SEEDS 3

/* A side whose clock is wrong by @ppm, and whose time stamps are off by @least to
 * @least + @spread. */
typedef struct
{
  gdouble ppm;
  gint64 least;
  gint64 spread;
  guint packet;
} Side;

/* @bias: what nobody can know: the time stamps were never right */
typedef struct
{
  Side sides[2];
  gint64 bias;
  gint64 limit;
} Call;

static const Call calls[] = {
  /* no jitter */
  { { { 50, 0, 0, 320 }, { -50, 0, 0, 320 } }, 0, 5 * MSECOND },
  /* one side */
  { { { -50, 0, 200 * MSECOND, 320 }, { 50, 0, 0, 320 } }, 0, 10 * MSECOND },
  /* both, either way */
  { { { 50, 0, 200 * MSECOND, 320 }, { -50, 0, 200 * MSECOND, 320 } },
    0,
    20 * MSECOND },
  { { { -50, 0, 200 * MSECOND, 480 }, { 50, 0, 200 * MSECOND, 160 } },
    0,
    20 * MSECOND },
  /* around the truth */
  { { { 50, -100 * MSECOND, 200 * MSECOND, 320 },
      { -50, -100 * MSECOND, 200 * MSECOND, 320 } },
    -100 * MSECOND,
    20 * MSECOND },
};

typedef struct
{
  const Side *side;
  GRand *rand;
  guint64 n_samples;
  gint64 next_click;
  gint64 last_click; /* in the output */
  gint64 errors[N_CLICKS];
  guint n_clicks;
} Source;

/* True time of a sample, in ns */
static gint64
get_time (const Source *self,
          guint64       sample)
{
  const gdouble length = (gdouble) EKA_MIX_SAMPLE * (1 + self->side->ppm / 1e6);

  return FROM + llround ((gdouble) sample * length);
}

static void
push (EkaMix *mix,
      guint   leg,
      Source *self)
{
  const guint n = self->side->packet;
  const gint64 time = get_time (self, self->n_samples);
  const gint64 end = get_time (self, self->n_samples + n);
  const gint64 off =
      self->side->least + (gint64) (g_rand_double (self->rand) *
                                    (gdouble) self->side->spread);
  g_autofree gint16 *samples = g_new0 (gint16, n);

  if (self->next_click < MIN (end, FROM + LENGTH))
    {
      samples[(self->next_click - time) * n / (end - time)] = CLICK;
      self->next_click += CLICK_EVERY;
    }
  eka_mix_push (mix, leg, (guint64) (time + off), samples, n,
                self->n_samples == 0);
  self->n_samples += n;
}

/* A click that was stretched has two samples. */
static void
listen (Source       *self,
        const gint16 *samples,
        guint         n,
        gint64        time,
        gint64        phase,
        gint64        bias)
{
  guint i;

  for (i = 0; i < n; i++)
    {
      const gint64 at = time + i * EKA_MIX_SAMPLE - phase - bias;
      const gint64 nth = (at + CLICK_EVERY / 2) / CLICK_EVERY;

      if (samples[2 * i] < CLICK / 3 || at - self->last_click < 10 * MSECOND)
        continue;
      self->last_click = at;
      g_assert_cmpint (nth, <, N_CLICKS);
      self->errors[nth] = at - nth * CLICK_EVERY;
      self->n_clicks++;
    }
}

static void
take (EkaMix  *mix,
      gboolean all,
      Source   sources[2],
      gint64   bias,
      guint64 *next)
{
  g_autoptr (GByteArray) block = g_byte_array_new ();
  guint64 time;

  while (eka_mix_take (mix, all, block, &time))
    {
      const gint16 *samples = (const gint16 *) block->data;
      const guint n = block->len / 4;

      if (*next > 0)
        g_assert_cmpuint (time, ==, *next);
      *next = time + n * EKA_MIX_SAMPLE;
      listen (&sources[0], samples, n, (gint64) time, 0, bias);
      listen (&sources[1], samples + 1, n, (gint64) time, CLICK_EVERY / 2,
              bias);
      g_byte_array_set_size (block, 0);
    }
}

static void
check (const Call   *call,
       const Source *sources)
{
  gint64 worst[3] = { 0 };
  guint i;

  for (i = 0; i < N_CLICKS; i++)
    {
      const gint64 apart = sources[0].errors[i] - sources[1].errors[i];

      worst[0] = MAX (worst[0], ABS (sources[0].errors[i]));
      worst[1] = MAX (worst[1], ABS (sources[1].errors[i]));
      worst[2] = MAX (worst[2], ABS (apart));
    }
  g_test_message ("off by %.2f and %.2f ms, apart by %.2f ms",
                  (gdouble) worst[0] / 1e6, (gdouble) worst[1] / 1e6,
                  (gdouble) worst[2] / 1e6);
  for (i = 0; i < 3; i++)
    g_assert_cmpint (worst[i], <, call->limit + (i == 2 ? 5 * MSECOND : 0));
  for (i = 0; i < 2; i++)
    g_assert_cmpuint (sources[i].n_clicks, ==, LENGTH / CLICK_EVERY);
}

static void
run (const Call *call,
     guint32     seed)
{
  g_autoptr (EkaMix) mix = eka_mix_new (2);
  Source sources[2] = { { 0 } };
  guint64 next = 0;
  EkaMixStats stats;
  guint i;

  eka_mix_set_patience (mix, 2 * SECOND);
  for (i = 0; i < 2; i++)
    {
      sources[i].side = &call->sides[i];
      sources[i].rand = g_rand_new_with_seed (2 * seed + i);
      sources[i].next_click = FROM + i * CLICK_EVERY / 2;
      g_assert_cmpuint (eka_mix_add_leg (mix, i), ==, i);
    }
  for (;;)
    {
      const gint64 times[] = { get_time (&sources[0], sources[0].n_samples),
                               get_time (&sources[1], sources[1].n_samples) };
      const guint first = times[1] < times[0];

      if (times[first] >= FROM + LENGTH)
        break;
      push (mix, first, &sources[first]);
      take (mix, FALSE, sources, call->bias, &next);
      g_assert_cmpuint (eka_mix_get_held (mix), <, 6 * EKA_MIX_RATE);
    }
  for (i = 0; i < 2; i++)
    eka_mix_end_leg (mix, i);
  take (mix, FALSE, sources, call->bias, &next);
  g_assert_true (eka_mix_is_ended (mix));
  check (call, sources);
  eka_mix_get_stats (mix, &stats);
  g_assert_cmpuint (stats.filled, ==, 0);
  g_assert_cmpuint (stats.clipped, ==, 0);
  for (i = 0; i < 2; i++)
    g_rand_free (sources[i].rand);
}

static void
test_sync (gconstpointer user_data)
{
  guint32 seed;

  for (seed = 0; seed < N_SEEDS; seed++)
    run (user_data, seed);
}

int
main (int   argc,
      char *argv[])
{
  guint i;

  g_test_init (&argc, &argv, NULL);
  for (i = 0; i < G_N_ELEMENTS (calls); i++)
    {
      g_autofree gchar *name = g_strdup_printf ("/mix/sync/%u", i);

      g_test_add_data_func (name, &calls[i], test_sync);
    }
  return g_test_run ();
}
