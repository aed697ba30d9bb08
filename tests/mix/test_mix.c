/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "mixing.h"

#define PACKET 320
#define START (5 * SECOND)
#define PATIENCE (2 * SECOND)
#define HOURS (3600 * SECOND)
#define LEVEL 1000

/* Beside the channels of a test */
#define AHEAD 16

typedef struct
{
  Mixing mixing;
  EkaMix *mix;
} Fixture;

static void
set_up (Fixture      *self,
        gconstpointer user_data)
{
  mixing_init (&self->mixing, GPOINTER_TO_UINT (user_data) & ~AHEAD);
  self->mix = self->mixing.mix;
}

static void
tear_down (Fixture      *self,
           gconstpointer user_data)
{
  mixing_clear (&self->mixing);
}

static void
add_legs (Fixture *self,
          guint    n)
{
  guint i;

  for (i = 0; i < n; i++)
    g_assert_cmpuint (
        eka_mix_add_leg (self->mix, self->mixing.channels > 1 ? i > 0 : 0), ==,
        i);
}

/* @n milliseconds of the leg's own voice, beginning with its sample at @time -
 * @START. */
static void
play (Fixture *self,
      guint    leg,
      guint64  time,
      guint    ms)
{
  mixing_play (&self->mixing, leg, time, leg,
               (time - START) / EKA_MIX_SAMPLE, ms * MS);
}

/* The same of several legs in turns, as it comes from live sources. @legs: bits */
static void
play_live (Fixture *self,
           guint    legs,
           guint64  time,
           guint    ms)
{
  guint i, leg;

  for (i = 0; i < ms; i += 20)
    {
      for (leg = 0; leg < 8; leg++)
        {
          if (legs >> leg & 1)
            play (self, leg, time + i * MSECOND, 20);
        }
      mixing_take (&self->mixing, FALSE);
    }
}

static void
check (Fixture *self,
       guint    leg,
       guint64  time,
       guint    ms)
{
  mixing_check (&self->mixing, self->mixing.channels > 1 ? leg > 0 : 0, time,
                leg, (time - START) / EKA_MIX_SAMPLE, ms * MS);
}

/* Time of the first output of a leg's sample @from, in a mix where nobody else is. */
static gint64
find_voice (Fixture *self,
            guint    leg,
            guint64  from)
{
  const gint16 *samples = (const gint16 *) self->mixing.samples->data;
  const guint n = self->mixing.samples->len / 2 / self->mixing.channels;
  const guint channel = self->mixing.channels > 1 ? leg > 0 : 0;
  guint i;

  for (i = 0; i + 2 < n; i++)
    {
      if (samples[i * self->mixing.channels + channel] ==
              mixing_noise (leg, from) &&
          samples[(i + 1) * self->mixing.channels + channel] ==
              mixing_noise (leg, from + 1))
        return (gint64) (self->mixing.time + i * EKA_MIX_SAMPLE);
    }
  return -1;
}

static void
finish (Fixture *self,
        guint    n_legs)
{
  guint i;

  for (i = 0; i < n_legs; i++)
    eka_mix_end_leg (self->mix, i);
  mixing_take (&self->mixing, FALSE);
  g_assert_true (eka_mix_is_ended (self->mix));
  g_assert_cmpuint (eka_mix_get_held (self->mix), ==, 0);
}

static void
test_sum (Fixture      *self,
          gconstpointer user_data)
{
  const gint16 *samples;
  guint i;

  add_legs (self, 3);
  play_live (self, 7, START, 3000);
  finish (self, 3);
  g_assert_cmpuint (self->mixing.time, ==, START);
  g_assert_cmpuint (self->mixing.samples->len, ==, 2 * 3000 * MS);
  samples = (const gint16 *) self->mixing.samples->data;
  for (i = 0; i < 3000 * MS; i++)
    g_assert_cmpint (samples[i], ==,
                     mixing_noise (0, i) + mixing_noise (1, i) +
                         mixing_noise (2, i));
}

static void
test_stereo (Fixture      *self,
             gconstpointer user_data)
{
  add_legs (self, 2);
  play_live (self, 3, START, 3000);
  finish (self, 2);
  check (self, 0, START, 3000);
  check (self, 1, START, 3000);
}

static void
test_clipping (Fixture      *self,
               gconstpointer user_data)
{
  static const gint16 loud[2][4] = { { 32767, -32768, 20000, 10 },
                                     { 1, -1, 20000, -10 } };
  EkaMixStats stats;
  const gint16 *samples;

  add_legs (self, 2);
  eka_mix_push (self->mix, 0, 0, loud[0], 4, FALSE);
  eka_mix_push (self->mix, 1, 0, loud[1], 4, FALSE);
  finish (self, 2);
  samples = (const gint16 *) self->mixing.samples->data;
  g_assert_cmpint (samples[0], ==, 32767);
  g_assert_cmpint (samples[1], ==, -32768);
  g_assert_cmpint (samples[2], ==, 32767);
  g_assert_cmpint (samples[3], ==, 0);
  eka_mix_get_stats (self->mix, &stats);
  g_assert_cmpuint (stats.clipped, ==, 3);
}

/* Blocks are whole while more is to come. */
static void
test_blocks (Fixture      *self,
             gconstpointer user_data)
{
  add_legs (self, 1);
  mixing_push (&self->mixing, 0, START, 0, 0, 16100, FALSE);
  play (self, 0, START + SECOND, 2000);
  mixing_take (&self->mixing, FALSE);
  g_assert_cmpuint (self->mixing.samples->len / 2 % PACKET, ==, 0);
  mixing_push (&self->mixing, 0, START + 3 * SECOND, 0, 48000, 100, FALSE);
  mixing_take (&self->mixing, FALSE);
  g_assert_cmpuint (self->mixing.samples->len / 2 % PACKET, ==, 0);
  mixing_take (&self->mixing, TRUE);
  g_assert_cmpuint (self->mixing.samples->len, ==, 2 * (16100 + 32000 + 100));
}

static void
test_none (Fixture      *self,
           gconstpointer user_data)
{
  mixing_take (&self->mixing, FALSE);
  mixing_take (&self->mixing, TRUE);
  g_assert_false (eka_mix_is_ended (self->mix));
  add_legs (self, 1);
  g_assert_false (eka_mix_is_ended (self->mix));
  mixing_take (&self->mixing, TRUE);
  eka_mix_remove_leg (self->mix, 0);
  g_assert_true (eka_mix_is_ended (self->mix));
  g_assert_cmpuint (self->mixing.samples->len, ==, 0);
}

/* Legs begin at different times; the mix with the first. */
static void
test_begins (Fixture      *self,
             gconstpointer user_data)
{
  add_legs (self, 2);
  play (self, 0, START + 700 * MSECOND, 3000);
  mixing_take (&self->mixing, FALSE);
  g_assert_cmpuint (self->mixing.samples->len, ==, 0);
  play (self, 1, START + 20 * MSECOND, 3000);
  finish (self, 2);
  g_assert_cmpuint (self->mixing.time, ==, START + 20 * MSECOND);
  mixing_silent (&self->mixing, 0, START + 20 * MSECOND, 680 * MSECOND);
  check (self, 0, START + 700 * MSECOND, 3000);
  check (self, 1, START + 20 * MSECOND, 3000);
}

/* Legs join, end, come back and are replaced; all of it is in its place. */
static void
test_come_and_go (Fixture      *self,
                  gconstpointer user_data)
{
  EkaMixStats stats;

  eka_mix_set_patience (self->mix, PATIENCE);
  add_legs (self, 1);
  play_live (self, 1, START, 5000);
  g_assert_cmpuint (eka_mix_add_leg (self->mix, 1), ==, 1);
  play_live (self, 3, START + 5 * SECOND, 5000);
  eka_mix_end_leg (self->mix, 0);
  play_live (self, 2, START + 10 * SECOND, 5000);
  g_assert_false (eka_mix_is_ended (self->mix));
  eka_mix_restart_leg (self->mix, 0);
  play_live (self, 3, START + 15 * SECOND, 5000);
  eka_mix_remove_leg (self->mix, 1);
  play_live (self, 1, START + 20 * SECOND, 5000);
  g_assert_cmpuint (eka_mix_add_leg (self->mix, 1), ==, 1);
  play_live (self, 3, START + 25 * SECOND, 5000);
  finish (self, 2);
  check (self, 0, START, 10000);
  mixing_silent (&self->mixing, 0, START + 10 * SECOND, 5 * SECOND);
  check (self, 0, START + 15 * SECOND, 15000);
  mixing_silent (&self->mixing, 1, START, 5 * SECOND);
  check (self, 1, START + 5 * SECOND, 15000);
  mixing_silent (&self->mixing, 1, START + 20 * SECOND, 5 * SECOND);
  check (self, 1, START + 25 * SECOND, 5000);
  eka_mix_get_stats (self->mix, &stats);
  g_assert_cmpuint (stats.filled, ==, 0);
  g_assert_cmpuint (stats.late, ==, 0);
  g_assert_cmpuint (stats.skew, ==, 0);
}

/* A leg that never comes holds the mix up for no longer than its patience. */
static void
test_never_comes (Fixture      *self,
                  gconstpointer user_data)
{
  EkaMixStats stats;
  guint i;

  add_legs (self, 2);
  eka_mix_set_patience (self->mix, PATIENCE);
  for (i = 0; i < 500; i++)
    {
      const guint64 time = START + i * 20 * MSECOND;

      play (self, 0, time, 20);
      mixing_take (&self->mixing, FALSE);
      if (time + 20 * MSECOND <= START + PATIENCE)
        g_assert_cmpuint (self->mixing.samples->len, ==, 0);
      else
        g_assert_cmpuint (mixing_get_end (&self->mixing), ==,
                          time + 20 * MSECOND - PATIENCE);
    }
  finish (self, 2);
  check (self, 0, START, 10000);
  /* it hadn't begun: there is nothing to miss */
  eka_mix_get_stats (self->mix, &stats);
  g_assert_cmpuint (stats.filled, ==, 0);
}

/* Without an end of patience it is waited for, whatever that takes. */
static void
test_wait (Fixture      *self,
           gconstpointer user_data)
{
  add_legs (self, 2);
  play (self, 0, START, 60000);
  mixing_take (&self->mixing, FALSE);
  g_assert_cmpuint (self->mixing.samples->len, ==, 0);
  g_assert_cmpuint (eka_mix_get_ahead (self->mix, 0), ==, 60 * SECOND);
  g_assert_cmpuint (eka_mix_get_ahead (self->mix, 1), ==, 0);
  /* a file that begins later: nothing is wrong with that */
  play (self, 1, START + 59 * SECOND, 2000);
  g_assert_cmpuint (eka_mix_get_ahead (self->mix, 0), ==, 0);
  g_assert_cmpuint (eka_mix_get_ahead (self->mix, 1), ==, SECOND);
  finish (self, 2);
  check (self, 0, START, 60000);
  check (self, 1, START + 59 * SECOND, 2000);
}

static gint64
sum_level (Fixture *self,
           guint    channel)
{
  const gint16 *samples = (const gint16 *) self->mixing.samples->data;
  const guint n = self->mixing.samples->len / 2 / self->mixing.channels;
  gint64 sum = 0;
  guint i;

  for (i = 0; i < n; i++)
    sum += samples[i * self->mixing.channels + channel];
  return sum;
}

static void
push_level (Fixture *self,
            guint    leg,
            guint64  time)
{
  gint16 samples[PACKET];
  guint i;

  for (i = 0; i < PACKET; i++)
    samples[i] = LEVEL;
  eka_mix_push (self->mix, leg, time, samples, PACKET, FALSE);
}

/* A leg stalls for longer than it is waited for, and then all comes at once: all
 * is mixed in, and after a while it is in its place again. */
static void
test_late (Fixture      *self,
           gconstpointer user_data)
{
  const guint stalls = 500, comes = 700, n = 20000;
  EkaMixStats stats;
  guint i, k;

  add_legs (self, 2);
  eka_mix_set_patience (self->mix, PATIENCE);
  for (i = 0; i < n; i++)
    {
      play (self, 0, START + i * 20 * MSECOND, 20);
      for (k = i == comes ? stalls : i; k <= i; k++)
        {
          if (i < stalls || i >= comes)
            push_level (self, 1, START + k * 20 * MSECOND);
        }
      mixing_take (&self->mixing, FALSE);
      g_assert_cmpuint (eka_mix_get_held (self->mix), <, 10 * EKA_MIX_RATE);
    }
  finish (self, 2);
  check (self, 0, START, n * 20);
  eka_mix_get_stats (self->mix, &stats);
  /* four seconds, but for what patience bore */
  g_assert_cmpuint (stats.filled, >=, 4 * SECOND - PATIENCE);
  g_assert_cmpuint (stats.filled, <=, 4 * SECOND - PATIENCE + 40 * MSECOND);
  g_assert_cmpuint (stats.late, >, SECOND);
  g_assert_cmpint (sum_level (self, 1), ==,
                   ((gint64) n * PACKET -
                    (gint64) (stats.skew / EKA_MIX_SAMPLE)) *
                       LEVEL);
  /* what it was late is taken away again, to within a few ms */
  g_assert_cmpuint (stats.skew, >, stats.filled - 10 * MSECOND);
  g_assert_cmpuint (stats.skew, <=, stats.filled + 10 * MSECOND);
  g_assert_cmpuint (mixing_get_end (&self->mixing), <,
                    START + n * 20 * MSECOND + 10 * MSECOND);
}

/* A pause of the late leg takes the lateness away at once. */
static void
test_late_until_hole (Fixture      *self,
                      gconstpointer user_data)
{
  guint i, k;

  add_legs (self, 2);
  eka_mix_set_patience (self->mix, PATIENCE);
  for (i = 0; i < 1500; i++)
    {
      play (self, 0, START + i * 20 * MSECOND, 20);
      for (k = i == 400 ? 200 : i; k <= i; k++)
        {
          if (i < 200 || (i >= 400 && i < 500) || i >= 700)
            play (self, 1, START + k * 20 * MSECOND, 20);
        }
      mixing_take (&self->mixing, FALSE);
    }
  finish (self, 2);
  check (self, 0, START, 30000);
  check (self, 1, START, 4000);
  check (self, 1, START + 14 * SECOND, 16000);
}

/* Whose clock is days off is put where the others are; who is as wrong goes with
 * it. */
static void
test_wrong_clock (Fixture      *self,
                  gconstpointer user_data)
{
  /* either way */
  const gint64 wrong = (GPOINTER_TO_UINT (user_data) & AHEAD ? 48 : -48) * HOURS;
  const guint64 base = START + 100 * HOURS;
  gint64 first, second;
  guint i;

  add_legs (self, 3);
  eka_mix_set_patience (self->mix, PATIENCE);
  for (i = 0; i < 500; i++)
    {
      const guint64 time = base + i * 20 * MSECOND;

      mixing_push (&self->mixing, 0, time, 0, i * PACKET, PACKET, FALSE);
      mixing_push (&self->mixing, 1,
                   (guint64) ((gint64) time + wrong), 1, i * PACKET, PACKET, FALSE);
      /* comes later */
      if (i >= 100)
        mixing_push (&self->mixing, 2,
                     (guint64) ((gint64) time + wrong), 2, i * PACKET, PACKET,
                     FALSE);
      mixing_take (&self->mixing, FALSE);
    }
  finish (self, 3);
  g_assert_cmpuint (mixing_get_end (&self->mixing), <,
                    base + 11 * SECOND);
  mixing_check (&self->mixing, 0, base, 0, 0, 500 * PACKET);
  first = find_voice (self, 1, 0);
  g_assert_cmpint (ABS (first - (gint64) base), <=, SECOND);
  /* in sync: both go through the same samples at the same time */
  second = first + 100 * 20 * MSECOND;
  for (i = 0; i < 1000; i++)
    {
      const gint16 *samples = (const gint16 *) self->mixing.samples->data;
      const guint64 at =
          ((guint64) second - self->mixing.time) / EKA_MIX_SAMPLE + i;

      g_assert_cmpint (samples[2 * at + 1], ==,
                       mixing_noise (1, 100 * PACKET + i) +
                           mixing_noise (2, 100 * PACKET + i));
    }
}

/* Files whose stamps can't both be meant are heard from the beginning on, whoever
 * comes first and however far that one has come. */
static void
test_files_far_apart (Fixture      *self,
                      gconstpointer user_data)
{
  const gint64 apart = (GPOINTER_TO_UINT (user_data) & AHEAD ? 48 : -48) * HOURS;
  const guint64 base = START + 100 * HOURS;
  guint i;

  add_legs (self, 2);
  for (i = 0; i < 500; i++)
    {
      const guint64 time = i * 20 * MSECOND;

      mixing_push (&self->mixing, 0, base + time, 0, i * PACKET, PACKET, FALSE);
      if (i >= 100)
        mixing_push (&self->mixing, 1,
                     (guint64) ((gint64) (base + time) + apart), 1,
                     (i - 100) * PACKET, PACKET, FALSE);
      mixing_take (&self->mixing, FALSE);
    }
  finish (self, 2);
  g_assert_cmpuint (mixing_get_end (&self->mixing), ==, base + 10 * SECOND);
  mixing_check (&self->mixing, 0, base, 0, 0, 500 * PACKET);
  mixing_check (&self->mixing, 1, base, 1, 0, 400 * PACKET);
}

/* All were away for longer than anybody believes without a clock: they go on
 * where they were, together. */
static void
test_all_away (Fixture      *self,
               gconstpointer user_data)
{
  add_legs (self, 2);
  eka_mix_set_patience (self->mix, PATIENCE);
  play_live (self, 3, START, 5000);
  play (self, 1, START + 65 * SECOND + 500 * MSECOND, 100);
  play_live (self, 1, START + 65 * SECOND, 600);
  play_live (self, 3, START + 65 * SECOND + 600 * MSECOND, 5000);
  finish (self, 2);
  check (self, 0, START, 5000);
  check (self, 1, START, 5000);
  mixing_check (&self->mixing, 0, START + 5 * SECOND, 0, 65 * 1000 * MS,
                5600 * MS);
  mixing_check (&self->mixing, 1, START + 5 * SECOND + 500 * MSECOND, 1,
                65500 * MS, 5100 * MS);
}

/* With a clock it is known that they are right, and nobody has to listen to a
 * minute of silence. */
static void
test_all_away_with_clock (Fixture      *self,
                          gconstpointer user_data)
{
  g_autoptr (GByteArray) block = g_byte_array_new ();
  guint64 time;

  add_legs (self, 2);
  eka_mix_set_patience (self->mix, PATIENCE);
  eka_mix_set_now (self->mix, START);
  play_live (self, 3, START, 5000);
  g_assert_cmpuint (mixing_get_end (&self->mixing), ==, START + 5 * SECOND);
  eka_mix_set_now (self->mix, START + 65 * SECOND);
  play (self, 0, START + 65 * SECOND, 3000);
  play (self, 1, START + 65 * SECOND, 3000);
  g_assert_true (eka_mix_take (self->mix, FALSE, block, &time));
  g_assert_cmpuint (time, ==, START + 65 * SECOND);
  g_byte_array_set_size (self->mixing.samples, 0);
  g_byte_array_append (self->mixing.samples, block->data, block->len);
  self->mixing.time = time;
  check (self, 0, time, 1000);
  check (self, 1, time, 1000);
}

static void
test_ahead (Fixture      *self,
            gconstpointer user_data)
{
  add_legs (self, 3);
  play (self, 0, START, 600);
  play (self, 1, START, 2000);
  play (self, 2, START, 1000);
  g_assert_cmpuint (eka_mix_get_ahead (self->mix, 0), ==, 0);
  g_assert_cmpuint (eka_mix_get_ahead (self->mix, 1), ==, 1400 * MSECOND);
  g_assert_cmpuint (eka_mix_get_ahead (self->mix, 2), ==, 400 * MSECOND);
  /* those that are behind for too long don't count, nor those that have ended */
  eka_mix_set_patience (self->mix, SECOND);
  g_assert_cmpuint (eka_mix_get_ahead (self->mix, 1), ==, SECOND);
  eka_mix_set_patience (self->mix, G_MAXUINT64);
  eka_mix_end_leg (self->mix, 0);
  g_assert_cmpuint (eka_mix_get_ahead (self->mix, 1), ==, SECOND);
  eka_mix_end_leg (self->mix, 2);
  g_assert_cmpuint (eka_mix_get_ahead (self->mix, 1), ==, 0);
  /* what has no place yet counts, too */
  eka_mix_restart_leg (self->mix, 0);
  play (self, 0, START + 600 * MSECOND, 100);
  g_assert_cmpuint (eka_mix_get_ahead (self->mix, 1), ==, 1300 * MSECOND);
}

/* A leg that says that it is silent isn't waited for. */
static void
test_gap (Fixture      *self,
          gconstpointer user_data)
{
  EkaMixStats stats;

  add_legs (self, 2);
  play (self, 0, START, 5000);
  eka_mix_gap (self->mix, 1, START, 3 * SECOND);
  mixing_take (&self->mixing, FALSE);
  g_assert_cmpuint (mixing_get_end (&self->mixing), ==, START + 3 * SECOND);
  play (self, 1, START + 3 * SECOND, 1000);
  mixing_take (&self->mixing, FALSE);
  g_assert_cmpuint (mixing_get_end (&self->mixing), ==, START + 4 * SECOND);
  eka_mix_gap (self->mix, 1, START + 4 * SECOND, SECOND);
  finish (self, 2);
  check (self, 0, START, 5000);
  check (self, 1, START + 3 * SECOND, 1000);
  eka_mix_get_stats (self->mix, &stats);
  g_assert_cmpuint (stats.filled, ==, 0);
}

/* A drain takes what is there, whoever is behind or has no place yet; who was
 * behind is late then. */
static void
test_drain (Fixture      *self,
            gconstpointer user_data)
{
  EkaMixStats stats;

  add_legs (self, 2);
  play (self, 0, START, 300);
  play (self, 1, START, 200);
  mixing_take (&self->mixing, FALSE);
  g_assert_cmpuint (self->mixing.samples->len, ==, 0);
  mixing_take (&self->mixing, TRUE);
  g_assert_cmpuint (mixing_get_end (&self->mixing), ==,
                    START + 300 * MSECOND);
  g_assert_cmpuint (eka_mix_get_held (self->mix), ==, 0);
  play (self, 0, START + 300 * MSECOND, 2000);
  play (self, 1, START + 200 * MSECOND, 2100);
  finish (self, 2);
  check (self, 0, START, 2300);
  check (self, 1, START, 200);
  eka_mix_get_stats (self->mix, &stats);
  g_assert_cmpuint (stats.filled, ==, 100 * MSECOND);
  g_assert_cmpuint (stats.late, >=, 100 * MSECOND);
}

static void
test_reset (Fixture      *self,
            gconstpointer user_data)
{
  add_legs (self, 3);
  play_live (self, 7, START + 100 * SECOND, 1000);
  eka_mix_remove_leg (self->mix, 2);
  eka_mix_end_leg (self->mix, 1);
  eka_mix_reset (self->mix);
  g_assert_cmpuint (eka_mix_get_held (self->mix), ==, 0);
  g_assert_false (eka_mix_is_ended (self->mix));
  g_byte_array_set_size (self->mixing.samples, 0);
  g_assert_cmpuint (eka_mix_add_leg (self->mix, 1), ==, 2);
  eka_mix_remove_leg (self->mix, 2);
  play_live (self, 3, START, 2000);
  finish (self, 2);
  g_assert_cmpuint (self->mixing.time, ==, START);
  check (self, 0, START, 2000);
  check (self, 1, START, 2000);
}

/* Nobody is waited for, but one may still come and find its place free. */
static void
test_lag (Fixture      *self,
          gconstpointer user_data)
{
  eka_mix_set_lag (self->mix, SECOND / 2);
  add_legs (self, 1);
  play (self, 0, START, 2000);
  mixing_take (&self->mixing, FALSE);
  g_assert_cmpuint (self->mixing.samples->len, ==, 2 * 2 * 1500 * MS);
  g_assert_cmpuint (eka_mix_add_leg (self->mix, 1), ==, 1);
  play (self, 1, START + 3 * SECOND / 2, 1000);
  finish (self, 2);
  check (self, 0, START, 2000);
  check (self, 1, START + 3 * SECOND / 2, 1000);
}

/* What removed legs did is told further on. */
static void
test_stats_of_removed (Fixture      *self,
                       gconstpointer user_data)
{
  EkaMixStats stats;

  add_legs (self, 2);
  play (self, 0, START, 4000);
  play (self, 1, START, 2000);
  play (self, 1, START + 3 * SECOND, 1000);
  eka_mix_remove_leg (self->mix, 1);
  g_assert_cmpuint (eka_mix_get_held (self->mix), ==, 7000 * MS);
  mixing_take (&self->mixing, TRUE);
  eka_mix_get_stats (self->mix, &stats);
  g_assert_cmpuint (stats.filled, ==, SECOND);
  eka_mix_remove_leg (self->mix, 0);
  g_assert_true (eka_mix_is_ended (self->mix));
  check (self, 1, START, 2000);
  check (self, 1, START + 3 * SECOND, 1000);
  eka_mix_get_stats (self->mix, &stats);
  g_assert_cmpuint (stats.filled, ==, SECOND);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, channels, func)                                     \
  g_test_add ("/mix/" name, Fixture, GUINT_TO_POINTER (channels), set_up, \
              func, tear_down)
  ADD ("sum", 1, test_sum);
  ADD ("stereo", 2, test_stereo);
  ADD ("clipping", 1, test_clipping);
  ADD ("blocks", 1, test_blocks);
  ADD ("none", 1, test_none);
  ADD ("begins", 2, test_begins);
  ADD ("come-and-go", 2, test_come_and_go);
  ADD ("never-comes", 2, test_never_comes);
  ADD ("wait", 2, test_wait);
  ADD ("late", 2, test_late);
  ADD ("late-until-hole", 2, test_late_until_hole);
  ADD ("files-far-apart/behind", 2, test_files_far_apart);
  ADD ("files-far-apart/ahead", 2 | AHEAD, test_files_far_apart);
  ADD ("wrong-clock/behind", 2, test_wrong_clock);
  ADD ("wrong-clock/ahead", 2 | AHEAD, test_wrong_clock);
  ADD ("all-away", 2, test_all_away);
  ADD ("all-away-with-clock", 2, test_all_away_with_clock);
  ADD ("ahead", 1, test_ahead);
  ADD ("gap", 2, test_gap);
  ADD ("drain", 2, test_drain);
  ADD ("reset", 2, test_reset);
  ADD ("lag", 2, test_lag);
  ADD ("stats-of-removed", 2, test_stats_of_removed);
  return g_test_run ();
}
