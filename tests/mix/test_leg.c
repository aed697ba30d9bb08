/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "mixing.h"

#define PACKET 320
#define START (3 * SECOND + 17 * MSECOND)
#define LONG G_GUINT64_CONSTANT (2000)

/* One leg, alone in a mix: what comes out is what it made of its audio. */
typedef struct
{
  Mixing mixing;
  guint leg;
} Fixture;

static void
set_up (Fixture      *self,
        gconstpointer user_data)
{
  mixing_init (&self->mixing, 1);
  self->leg = eka_mix_add_leg (self->mixing.mix, 0);
}

static void
tear_down (Fixture      *self,
           gconstpointer user_data)
{
  mixing_clear (&self->mixing);
}

static void
finish (Fixture *self)
{
  eka_mix_end_leg (self->mixing.mix, self->leg);
  mixing_take (&self->mixing, FALSE);
  g_assert_true (eka_mix_is_ended (self->mixing.mix));
  g_assert_cmpuint (eka_mix_get_held (self->mixing.mix), ==, 0);
}

static void
check_stats (Fixture *self,
             guint64  filled)
{
  EkaMixStats stats;

  eka_mix_get_stats (self->mixing.mix, &stats);
  g_assert_cmpuint (stats.filled, ==, filled);
  g_assert_cmpuint (stats.late, ==, 0);
  g_assert_cmpuint (stats.skew, ==, 0);
  g_assert_cmpuint (stats.clipped, ==, 0);
}

static void
play (Fixture *self,
      guint64  time,
      guint64  from,
      guint64  n)
{
  mixing_play (&self->mixing, self->leg, time, 1, from, n);
}

static void
push (Fixture *self,
      guint64  time,
      guint64  from,
      guint    n,
      gboolean discont)
{
  mixing_push (&self->mixing, self->leg, time, 1, from, n, discont);
}

static void
check (Fixture *self,
       guint64  time,
       guint64  from,
       guint64  n)
{
  mixing_check (&self->mixing, 0, time, 1, from, n);
}

static void
test_exact (Fixture      *self,
            gconstpointer user_data)
{
  play (self, START, 0, 60 * 1000 * MS);
  mixing_take (&self->mixing, FALSE);
  finish (self);
  g_assert_cmpuint (self->mixing.time, ==, START);
  g_assert_cmpuint (mixing_get_end (&self->mixing), ==, START + 60 * SECOND);
  check (self, START, 0, 60 * 1000 * MS);
  check_stats (self, 0);
}

/* A leg that was shorter than what is collected is there as well. */
static void
test_short (Fixture      *self,
            gconstpointer user_data)
{
  push (self, START, 0, 100, TRUE);
  mixing_take (&self->mixing, FALSE);
  g_assert_cmpuint (self->mixing.samples->len, ==, 0);
  g_assert_cmpuint (eka_mix_get_held (self->mixing.mix), ==, 100);
  finish (self);
  check (self, START, 0, 100);
  check_stats (self, 0);
}

static void
test_empty (Fixture      *self,
            gconstpointer user_data)
{
  push (self, START, 0, 0, TRUE);
  finish (self);
  g_assert_cmpuint (self->mixing.samples->len, ==, 0);
}

/* Time stamps that are rounded, down or to the nearest, are no reason to touch a
 * sample. */
static void
test_rounded (Fixture      *self,
              gconstpointer user_data)
{
  const guint64 unit = GPOINTER_TO_UINT (user_data);
  const guint n = 371;
  guint64 i;

  for (i = 0; i < 3000; i++)
    {
      const guint64 time = START + 333333 + i * n * EKA_MIX_SAMPLE;

      push (self, (i % 2 ? time : time + unit / 2) / unit * unit, i * n, n,
            FALSE);
    }
  finish (self);
  g_assert_cmpint (ABS ((gint64) self->mixing.time - START), <, 2 * MSECOND);
  g_assert_cmpuint (self->mixing.samples->len, ==, 2 * 3000 * n);
  check (self, self->mixing.time, 0, 3000 * n);
  check_stats (self, 0);
}

/* Any length of buffers, from one sample to a minute */
static void
test_sizes (Fixture      *self,
            gconstpointer user_data)
{
  static const guint sizes[] = { 1, 2, 3, 7, 160, 16000, 5, 960000, 1, 44 };
  guint64 from = 0;
  guint i;

  for (i = 0; i < 2000; i++, from++)
    push (self, START + from * EKA_MIX_SAMPLE, from, 1, FALSE);
  for (i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      push (self, START + from * EKA_MIX_SAMPLE, from, sizes[i], FALSE);
      from += sizes[i];
      mixing_take (&self->mixing, FALSE);
    }
  finish (self);
  check (self, START, 0, from);
  check_stats (self, 0);
}

/* Of exact time stamps one is enough to tell a hole, with the flag and without. */
static void
test_hole (Fixture      *self,
           gconstpointer user_data)
{
  static const gint64 holes[] = { 20 * MSECOND, 300 * MSECOND, 999 * MSECOND,
                                  3 * SECOND, 9 * SECOND };
  const gboolean discont = GPOINTER_TO_INT (user_data);
  guint64 time = START, from = 0, sum = 0;
  guint i;

  play (self, time, 0, LONG * MS);
  for (i = 0; i < G_N_ELEMENTS (holes); i++)
    {
      from += LONG * MS;
      time += LONG * MSECOND + holes[i];
      push (self, time, from, PACKET, discont);
      play (self, time + 20 * MSECOND, from + PACKET, LONG * MS - PACKET);
      sum += holes[i];
    }
  finish (self);
  time = START;
  check (self, time, 0, LONG * MS);
  for (i = 0; i < G_N_ELEMENTS (holes); i++)
    {
      time += LONG * MSECOND;
      mixing_silent (&self->mixing, 0, time, holes[i]);
      time += holes[i];
      check (self, time, (i + 1) * LONG * MS, LONG * MS);
    }
  check_stats (self, sum);
}

/* With the flag nothing is collected: the hole is there with the first sample. */
static void
test_hole_at_once (Fixture      *self,
                   gconstpointer user_data)
{
  play (self, START, 0, LONG * MS);
  push (self, START + 5 * SECOND, LONG * MS, PACKET, TRUE);
  mixing_take (&self->mixing, FALSE);
  g_assert_cmpuint (mixing_get_end (&self->mixing), ==,
                    START + 5 * SECOND + 20 * MSECOND);
  check (self, START + 5 * SECOND, LONG * MS, PACKET);
}

/* One packet of twenty is lost, with the flag: all others are in their places. */
static void
test_loss (Fixture      *self,
           gconstpointer user_data)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (7);
  const guint n = 3000;
  g_autofree gboolean *lost = g_new0 (gboolean, n);
  guint i;

  for (i = 0; i < n; i++)
    {
      lost[i] = i > 5 && g_rand_int_range (rand, 0, 20) == 0;
      if (!lost[i])
        push (self, START + i * 20 * MSECOND, i * PACKET, PACKET,
              i > 0 && lost[i - 1]);
    }
  finish (self);
  for (i = 0; i < n; i++)
    {
      if (lost[i] && i + 1 < n)
        mixing_silent (&self->mixing, 0, START + i * 20 * MSECOND,
                       20 * MSECOND);
      else if (!lost[i])
        check (self, START + i * 20 * MSECOND, i * PACKET, PACKET);
    }
}

/* A stall, after which all that was held up comes at once with the time stamps of
 * its coming, is no hole. */
static void
test_stall (Fixture      *self,
            gconstpointer user_data)
{
  guint64 i;

  for (i = 0; i < 1000; i++)
    {
      guint64 time = START + i * 20 * MSECOND;

      if (i % 300 >= 200 && i % 300 < 215)
        time = START + (i - i % 300 + 215) * 20 * MSECOND;
      push (self, time, i * PACKET, PACKET, FALSE);
    }
  finish (self);
  check (self, START, 0, 1000 * PACKET);
  check_stats (self, 0);
}

/* Single packets are late, or stamped by mistake a little too early. */
static void
test_mistakes (Fixture      *self,
               gconstpointer user_data)
{
  const gint64 off = GPOINTER_TO_INT (user_data) * MSECOND;
  gint64 i;

  for (i = 0; i < 4000; i++)
    push (self,
          (guint64) (START + i * 20 * MSECOND + (i % 1000 == 500 ? off : 0)),
          (guint64) i * PACKET, PACKET, FALSE);
  finish (self);
  check (self, START, 0, 4000 * PACKET);
  check_stats (self, 0);
}

/* Flags on all buffers are worth nothing. */
static void
test_flags_on_all (Fixture      *self,
                   gconstpointer user_data)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (3);
  EkaMixStats stats;
  guint i;

  for (i = 0; i < 1000; i++)
    push (self,
          START + i * 20 * MSECOND +
              (guint64) g_rand_int_range (rand, 0, 200 * MSECOND),
          i * PACKET, PACKET, TRUE);
  finish (self);
  eka_mix_get_stats (self->mixing.mix, &stats);
  g_assert_cmpuint (stats.filled, ==, 0);
  g_assert_cmpuint (stats.skew, <, 20 * MSECOND);
}

/* Time goes back by days, forward by days, and is right for a while. */
static void
test_jumps (Fixture      *self,
            gconstpointer user_data)
{
  static const gint64 hours[] = { 0, 48, 0, 96, 0, -1, 48, 0, 48, 48 };
  const guint64 base = 100 * 3600 * SECOND;
  guint64 from = 0;
  guint i;

  for (i = 0; i < G_N_ELEMENTS (hours); i++)
    {
      play (self,
            base + (guint64) (hours[i] * 3600 * SECOND) +
                from * EKA_MIX_SAMPLE,
            from, LONG * MS);
      from += LONG * MS;
      mixing_take (&self->mixing, FALSE);
    }
  finish (self);
  check (self, base, 0, from);
  check_stats (self, 0);
}

/* As above, but each time for one packet only */
static void
test_single_jumps (Fixture      *self,
                   gconstpointer user_data)
{
  const gint64 base = 100 * 3600 * SECOND;
  guint i;

  for (i = 0; i < 2000; i++)
    push (self,
          (guint64) (base + i * 20 * MSECOND +
                     (i % 100 == 99 ? (i % 200 == 99 ? 48 : -48) : 0) * 3600 *
                         SECOND),
          i * PACKET, PACKET, i % 300 == 99);
  finish (self);
  check (self, base, 0, 2000 * PACKET);
  check_stats (self, 0);
}

/* Where they overlap what was there, samples follow it, and catch up. */
static void
test_overlap (Fixture      *self,
              gconstpointer user_data)
{
  EkaMixStats stats;
  guint64 i;

  play (self, START, 0, LONG * MS);
  for (i = 0; i < 1500; i++)
    push (self, START + (LONG - 200) * MSECOND + i * 20 * MSECOND,
          LONG * MS + i * PACKET, PACKET, i == 0);
  finish (self);
  check (self, START, 0, LONG * MS);
  eka_mix_get_stats (self->mixing.mix, &stats);
  g_assert_cmpuint (stats.filled, ==, 0);
  g_assert_cmpuint (stats.skew, >, 197 * MSECOND);
  g_assert_cmpuint (stats.skew, <=, 200 * MSECOND);
  g_assert_cmpuint (mixing_get_end (&self->mixing), ==,
                    START + LONG * MSECOND + 30 * SECOND - stats.skew);
}

static void
test_no_time (Fixture      *self,
              gconstpointer user_data)
{
  push (self, EKA_MIX_NO_TIME, 0, PACKET, FALSE);
  mixing_take (&self->mixing, FALSE);
  g_assert_cmpuint (mixing_get_end (&self->mixing), ==, 20 * MSECOND);
  push (self, 20 * MSECOND, PACKET, PACKET, FALSE);
  push (self, EKA_MIX_NO_TIME, 2 * PACKET, PACKET, FALSE);
  play (self, 60 * MSECOND, 3 * PACKET, LONG * MS);
  push (self, EKA_MIX_NO_TIME, 3 * PACKET + LONG * MS, PACKET, TRUE);
  finish (self);
  check (self, 0, 0, 4 * PACKET + LONG * MS);
  check_stats (self, 0);
}

/* What collects takes samples without a time stamp with it. */
static void
test_no_time_while_settling (Fixture      *self,
                             gconstpointer user_data)
{
  push (self, START, 0, PACKET, FALSE);
  push (self, EKA_MIX_NO_TIME, PACKET, PACKET, FALSE);
  finish (self);
  check (self, START, 0, 2 * PACKET);
}

static void
test_gaps (Fixture      *self,
           gconstpointer user_data)
{
  EkaMix *mix = self->mixing.mix;

  /* before anything, and twice the same */
  eka_mix_gap (mix, self->leg, START, SECOND);
  eka_mix_gap (mix, self->leg, START, SECOND);
  mixing_take (&self->mixing, FALSE);
  g_assert_cmpuint (mixing_get_end (&self->mixing), ==, START + SECOND);
  play (self, START + SECOND, 0, LONG * MS);
  /* in the middle, overlapping, and without an end */
  eka_mix_gap (mix, self->leg, START + 3 * SECOND, SECOND);
  eka_mix_gap (mix, self->leg, START + 3 * SECOND + 500 * MSECOND, SECOND);
  eka_mix_gap (mix, self->leg, START + 5 * SECOND, EKA_MIX_NO_TIME);
  mixing_take (&self->mixing, FALSE);
  g_assert_cmpuint (mixing_get_end (&self->mixing), ==, START + 5 * SECOND);
  play (self, START + 5 * SECOND, LONG * MS, LONG * MS);
  /* nobody can mean these */
  eka_mix_gap (mix, self->leg, START, 500 * 3600 * SECOND);
  eka_mix_gap (mix, self->leg, EKA_MIX_NO_TIME, SECOND);
  finish (self);
  mixing_silent (&self->mixing, 0, START, SECOND);
  check (self, START + SECOND, 0, LONG * MS);
  mixing_silent (&self->mixing, 0, START + 3 * SECOND, 2 * SECOND);
  check (self, START + 5 * SECOND, LONG * MS, LONG * MS);
  check_stats (self, 0);
}

/* After a flush it may begin at 0 again; it goes on where it was. */
static void
test_restart (Fixture      *self,
              gconstpointer user_data)
{
  play (self, 100 * SECOND, 0, LONG * MS);
  mixing_take (&self->mixing, FALSE);
  eka_mix_restart_leg (self->mixing.mix, self->leg);
  play (self, 0, LONG * MS, LONG * MS);
  eka_mix_end_leg (self->mixing.mix, self->leg);
  /* an end is taken back, and a time that can be right is believed */
  eka_mix_restart_leg (self->mixing.mix, self->leg);
  play (self, 105 * SECOND, 2 * LONG * MS, LONG * MS);
  eka_mix_end_leg (self->mixing.mix, self->leg);
  mixing_take (&self->mixing, FALSE);
  g_assert_true (eka_mix_is_ended (self->mixing.mix));
  play (self, 107 * SECOND, 3 * LONG * MS, LONG * MS);
  g_assert_false (eka_mix_is_ended (self->mixing.mix));
  finish (self);
  check (self, 100 * SECOND, 0, 2 * LONG * MS);
  mixing_silent (&self->mixing, 0, 104 * SECOND, SECOND);
  check (self, 105 * SECOND, 2 * LONG * MS, 2 * LONG * MS);
}

#define CLICK 12000

/* A second of scattering time stamps, with a click at its beginning: silence
 * otherwise. */
static void
click (Fixture *self,
       GRand   *rand,
       guint64  time,
       guint    n,
       gboolean discont)
{
  gint16 samples[PACKET] = { 0 };
  guint i;

  for (i = 0; i < n; i++)
    {
      samples[0] = i % 50 == 0 ? CLICK : 0;
      eka_mix_push (self->mixing.mix, self->leg,
                    time + i * 20 * MSECOND +
                        (guint64) g_rand_int_range (rand, 0, 200 * MSECOND),
                    samples, PACKET, discont && i == 0);
    }
}

/* A hole in a stream whose time stamps scatter: with the flag it has its place
 * within 20 ms, without in a few seconds. */
static void
test_rough_hole (Fixture      *self,
                 gconstpointer user_data)
{
  const gboolean discont = GPOINTER_TO_INT (user_data);
  g_autoptr (GRand) rand = g_rand_new_with_seed (11);
  guint64 time = START;
  guint i, k;

  click (self, rand, time, 500, TRUE);
  for (i = 0; i < 10; i++)
    {
      time += 10 * SECOND + 300 * MSECOND;
      click (self, rand, time, 500, discont);
    }
  finish (self);
  for (i = 1, time = START; i <= 10; i++)
    {
      time += 10 * SECOND + 300 * MSECOND;
      for (k = discont ? 0 : 5; k < 10; k++)
        {
          const gint64 expected = (gint64) (time + k * SECOND);
          const gint64 found =
              mixing_find (&self->mixing, 0, CLICK / 3,
                           (guint64) (expected - 100 * MSECOND));

          g_assert_cmpint (ABS (found - expected), <, 20 * MSECOND);
        }
    }
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
#define ADD_DATA(name, data, func) \
  g_test_add ("/leg/" name, Fixture, data, set_up, func, tear_down)
#define ADD(name, func) ADD_DATA (name, NULL, func)
  ADD ("exact", test_exact);
  ADD ("short", test_short);
  ADD ("empty", test_empty);
  ADD_DATA ("rounded/ms", GUINT_TO_POINTER (MSECOND), test_rounded);
  ADD_DATA ("rounded/rtp-8000", GUINT_TO_POINTER (125000), test_rounded);
  ADD_DATA ("rounded/rtp-90000", GUINT_TO_POINTER (11111), test_rounded);
  ADD ("sizes", test_sizes);
  ADD_DATA ("hole/flagged", GINT_TO_POINTER (TRUE), test_hole);
  ADD_DATA ("hole/not-flagged", GINT_TO_POINTER (FALSE), test_hole);
  ADD ("hole/at-once", test_hole_at_once);
  ADD ("loss", test_loss);
  ADD ("stall", test_stall);
  ADD_DATA ("mistakes/late", GINT_TO_POINTER (250), test_mistakes);
  ADD_DATA ("mistakes/very-late", GINT_TO_POINTER (1500), test_mistakes);
  ADD_DATA ("mistakes/early", GINT_TO_POINTER (-250), test_mistakes);
  ADD_DATA ("mistakes/very-early", GINT_TO_POINTER (-1500), test_mistakes);
  ADD ("flags-on-all", test_flags_on_all);
  ADD ("jumps", test_jumps);
  ADD ("single-jumps", test_single_jumps);
  ADD ("overlap", test_overlap);
  ADD ("no-time", test_no_time);
  ADD ("no-time-while-settling", test_no_time_while_settling);
  ADD ("gaps", test_gaps);
  ADD ("restart", test_restart);
  ADD_DATA ("rough-hole/flagged", GINT_TO_POINTER (TRUE), test_rough_hole);
  ADD_DATA ("rough-hole/not-flagged", GINT_TO_POINTER (FALSE),
            test_rough_hole);
  return g_test_run ();
}
