/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "mix/mix.h"

#include <stdlib.h>

#define MSECOND G_GINT64_CONSTANT (1000000)
#define SECOND (1000 * MSECOND)
#define HOUR (3600 * SECOND)

#define N_SEEDS 20
#define N_STEPS 2000
#define MAX_LEGS 5
#define MAX_BUFFER 16000

/* All samples are 1: their sum tells how many came out. */
typedef struct
{
  EkaMix *mix;
  GRand *rand;
  guint channels;
  gboolean there[MAX_LEGS];
  gint64 times[MAX_LEGS]; /* of the next sample */
  guint64 pushed;
  guint64 taken;
  guint64 forgotten;
  guint64 next; /* running time; 0: not begun */
  gint16 *samples;
  GByteArray *block;
} Model;

static guint
roll (Model *self,
      guint  n)
{
  return (guint) g_rand_int_range (self->rand, 0, (gint32) n);
}

static void
take (Model   *self,
      gboolean all)
{
  guint64 time;

  g_byte_array_set_size (self->block, 0);
  while (eka_mix_take (self->mix, all, self->block, &time))
    {
      const gint16 *samples = (const gint16 *) self->block->data;
      const guint n = self->block->len / 2;
      guint i;

      g_assert_cmpuint (n % self->channels, ==, 0);
      g_assert_cmpuint (n, >, 0);
      g_assert_cmpuint (n, <=, self->channels * EKA_MIX_RATE);
      if (self->next > 0 && time != self->next)
        g_assert_cmpuint (time, >, self->next + 10 * SECOND);
      self->next = time + n / self->channels * EKA_MIX_SAMPLE;
      for (i = 0; i < n; i++)
        self->taken += (guint64) samples[i];
      g_byte_array_set_size (self->block, 0);
    }
}

/* No sample is lost, none comes twice. */
static void
check (Model *self)
{
  const guint64 held = eka_mix_get_held (self->mix);
  EkaMixStats stats;
  gint64 off;

  eka_mix_get_stats (self->mix, &stats);
  off = (gint64) self->pushed -
        (gint64) (self->taken + self->forgotten + held);
  g_assert_cmpint (ABS (off), <=, (gint64) (stats.skew / EKA_MIX_SAMPLE));
  g_assert_cmpuint (stats.skew / EKA_MIX_SAMPLE, <=, self->pushed / 66);
  g_assert_cmpuint (stats.clipped, ==, 0);
  /* who asks how far ahead it is needs no more than that */
  g_assert_cmpuint (held, <, 60 * EKA_MIX_RATE);
}

/* What a stamp may be instead of the true one */
static guint64
distort (Model *self,
         gint64 time)
{
  switch (roll (self, 100))
    {
    case 0:
      return EKA_MIX_NO_TIME;
    case 1:
      return (guint64) MAX (time - 48 * HOUR, 0);
    case 2:
      return (guint64) (time + 48 * HOUR);
    case 3:
      return G_MAXUINT64 - roll (self, 1000);
    case 4:
      return (guint64) MAX (time - roll (self, 3000) * MSECOND, 0);
    case 5:
      return (guint64) (time + roll (self, 12000) * MSECOND);
    default:
      return (guint64) (time + roll (self, 200) * MSECOND);
    }
}

static void
push (Model *self,
      guint  leg)
{
  static const guint sizes[] = { 1, 3, 160, 320, 320, 320, 960, MAX_BUFFER };
  const guint n = sizes[roll (self, G_N_ELEMENTS (sizes))];

  if (eka_mix_get_ahead (self->mix, leg) > (guint64) SECOND)
    return;
  eka_mix_push (self->mix, leg, distort (self, self->times[leg]),
                self->samples, n, roll (self, 20) == 0);
  self->pushed += n;
  self->times[leg] += n * EKA_MIX_SAMPLE;
  if (roll (self, 200) == 0)
    self->times[leg] += roll (self, 8000) * MSECOND;
  if (roll (self, 1000) == 0)
    self->times[leg] += 50 * HOUR;
}

static void
add (Model *self)
{
  guint leg;

  for (leg = 0; leg < MAX_LEGS && self->there[leg];)
    leg++;
  if (leg == MAX_LEGS)
    return;
  leg = eka_mix_add_leg (self->mix, roll (self, self->channels));
  /* numbers of those that were removed stay taken until all is mixed */
  if (leg >= MAX_LEGS)
    {
      eka_mix_remove_leg (self->mix, leg);
      return;
    }
  g_assert_false (self->there[leg]);
  self->there[leg] = TRUE;
  self->times[leg] = (gint64) self->next;
}

static void
reset (Model *self)
{
  take (self, TRUE);
  self->forgotten += eka_mix_get_held (self->mix);
  eka_mix_reset (self->mix);
  self->next = 0;
}

static void
step (Model *self)
{
  const guint leg = roll (self, MAX_LEGS);
  const guint what = roll (self, 300);

  if (what < 2)
    add (self);
  else if (what == 2)
    eka_mix_set_patience (self->mix, roll (self, 4000) * MSECOND);
  else if (what == 3)
    eka_mix_set_now (self->mix, self->next);
  else if (what == 4)
    take (self, TRUE);
  else if (what == 5 && roll (self, 10) == 0)
    reset (self);
  if (!self->there[leg])
    return;
  if (what == 6)
    eka_mix_end_leg (self->mix, leg);
  else if (what == 7)
    eka_mix_restart_leg (self->mix, leg);
  else if (what == 8)
    {
      eka_mix_remove_leg (self->mix, leg);
      self->there[leg] = FALSE;
    }
  else if (what < 20)
    {
      const guint64 length = roll (self, 1000) * MSECOND;

      eka_mix_gap (self->mix, leg, distort (self, self->times[leg]),
                   roll (self, 10) == 0 ? EKA_MIX_NO_TIME : length);
      self->times[leg] += (gint64) length;
    }
  else
    push (self, leg);
}

static void
run (guint32 seed)
{
  Model model = { 0 };
  guint i;

  model.rand = g_rand_new_with_seed (seed);
  model.channels = 1 + seed % 2;
  model.mix = eka_mix_new (model.channels);
  model.block = g_byte_array_new ();
  model.samples = g_new (gint16, MAX_BUFFER);
  for (i = 0; i < MAX_BUFFER; i++)
    model.samples[i] = 1;
  eka_mix_set_patience (model.mix, 2 * SECOND);
  add (&model);
  add (&model);
  for (i = 0; i < N_STEPS; i++)
    {
      step (&model);
      take (&model, FALSE);
      check (&model);
    }
  for (i = 0; i < MAX_LEGS; i++)
    {
      if (model.there[i])
        eka_mix_end_leg (model.mix, i);
    }
  take (&model, FALSE);
  check (&model);
  g_assert_cmpuint (eka_mix_get_held (model.mix), ==, 0);
  g_assert_true (eka_mix_is_ended (model.mix));
  g_assert_cmpuint (model.taken, >, N_STEPS);
  eka_mix_free (model.mix);
  g_rand_free (model.rand);
  g_byte_array_unref (model.block);
  g_free (model.samples);
}

static void
test_random (void)
{
  const guint n = g_getenv ("EKASCRIBE_TEST_CHECKED") != NULL ? 4 : N_SEEDS;
  guint32 seed;

  for (seed = 0; seed < n; seed++)
    {
      g_test_message ("seed %u", seed);
      run (seed);
    }
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/mix/random", test_random);
  return g_test_run ();
}
