/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "chunk/quiet.h"

#include <stdlib.h>
#include <string.h>

#include "chunk/opus.h"

#define MAX_PACKETS 2000
#define LOUD 110
#define QUIET 60

/* Packets, and where a cut may fall. Packets of 20 ms unless told otherwise. */
typedef struct
{
  EkaCodec codec;
  EkaPacketInfo packets[MAX_PACKETS];
  guint n;
  guint earliest;
  guint latest;
} Fixture;

static void
set_up (Fixture      *self,
        gconstpointer user_data)
{
  guint i;

  eka_opus_init_codec (&self->codec, 1);
  self->n = 1005;
  self->earliest = 500;
  self->latest = 1000;
  for (i = 0; i < MAX_PACKETS; i++)
    self->packets[i].samples = 960;
}

static void
tear_down (Fixture      *self,
           gconstpointer user_data)
{
}

static guint
find (const Fixture *self)
{
  /* a copy of the very size lets the sanitizer see reads past the end */
  g_autofree EkaPacketInfo *copy =
      g_memdup2 (self->packets, self->n * sizeof *self->packets);

  return eka_quiet_find (&self->codec, copy, self->n, self->earliest,
                         self->latest);
}

static void
set_voice (Fixture *self,
           guint    from,
           guint    to,
           EkaVoice voice)
{
  for (; from < to; from++)
    self->packets[from].voice = voice;
}

static void
set_loudness (Fixture *self,
              guint    from,
              guint    to,
              guint    loudness)
{
  for (; from < to; from++)
    self->packets[from].loudness = loudness;
}

static void
set_effort (Fixture *self,
            guint    from,
            guint    to,
            guint    effort)
{
  for (; from < to; from++)
    self->packets[from].effort = effort;
}

static void
add_pause (Fixture *self,
           guint    from,
           guint    to)
{
  set_voice (self, from, to, EKA_VOICE_NONE);
}

static void
test_middle (Fixture      *self,
             gconstpointer user_data)
{
  set_voice (self, 0, self->n, EKA_VOICE_ACTIVE);
  add_pause (self, 700, 720);
  g_assert_cmpuint (find (self), ==, 710);
  add_pause (self, 699, 700);
  /* 10.5 packets: either is as near */
  g_assert_cmpuint (find (self), >=, 709);
  g_assert_cmpuint (find (self), <=, 710);
}

/* The middle is one of time, not of packets. */
static void
test_middle_of_uneven (Fixture      *self,
                       gconstpointer user_data)
{
  guint i;

  set_voice (self, 0, self->n, EKA_VOICE_ACTIVE);
  add_pause (self, 700, 720);
  for (i = 710; i < 720; i++)
    self->packets[i].samples = 2880;
  /* 200 ms and 600 ms: the middle is after 400 */
  g_assert_cmpuint (find (self), >=, 713);
  g_assert_cmpuint (find (self), <=, 714);
}

static void
test_trust (Fixture      *self,
            gconstpointer user_data)
{
  set_voice (self, 0, self->n, EKA_VOICE_ACTIVE);
  add_pause (self, 600, 620);
  set_loudness (self, 0, self->n, LOUD);
  set_loudness (self, 700, 740, QUIET);
  set_effort (self, 0, self->n, 400);
  set_effort (self, 820, 860, 100);
  g_assert_cmpuint (find (self), ==, 610);

  set_voice (self, 0, self->n, EKA_VOICE_UNKNOWN);
  g_assert_cmpuint (find (self), ==, 720);

  set_loudness (self, 0, self->n, 0);
  g_assert_cmpuint (find (self), ==, 840);

  set_effort (self, 0, self->n, 0);
  g_assert_cmpuint (find (self), ==, 0);
}

/* What one measure does not find, the next may. */
static void
test_next_measure (Fixture      *self,
                   gconstpointer user_data)
{
  set_voice (self, 0, self->n, EKA_VOICE_ACTIVE);
  set_loudness (self, 0, self->n, LOUD);
  set_effort (self, 0, self->n, 400);
  g_assert_cmpuint (find (self), ==, 0);
  set_effort (self, 820, 860, 100);
  g_assert_cmpuint (find (self), ==, 840);
  set_loudness (self, 700, 740, QUIET);
  g_assert_cmpuint (find (self), ==, 720);
}

/* Of @every packets, one tells nothing. */
static guint
find_with_unknown (Fixture *self,
                   guint    every)
{
  guint i;

  set_voice (self, 0, self->n, EKA_VOICE_ACTIVE);
  add_pause (self, 602, 618);
  for (i = 1; i < self->n; i += every)
    {
      if (i < 600 || i > 620)
        self->packets[i].voice = EKA_VOICE_UNKNOWN;
    }
  return find (self);
}

static void
test_mixed (Fixture      *self,
            gconstpointer user_data)
{
  set_loudness (self, 0, self->n, LOUD);
  set_loudness (self, 700, 740, QUIET);
  g_assert_cmpuint (find_with_unknown (self, 50), ==, 610);
  g_assert_cmpuint (find_with_unknown (self, 25), ==, 610);
  /* too many: the flags are none for this recording */
  g_assert_cmpuint (find_with_unknown (self, 10), ==, 720);
}

static void
test_unknown_is_loud (Fixture      *self,
                      gconstpointer user_data)
{
  set_voice (self, 0, self->n, EKA_VOICE_ACTIVE);
  add_pause (self, 600, 630);
  set_voice (self, 610, 611, EKA_VOICE_UNKNOWN);
  /* the longer part, and not the middle of both */
  g_assert_cmpuint (find (self), >=, 620);
  g_assert_cmpuint (find (self), <=, 621);
}

static void
test_long_silence (Fixture      *self,
                   gconstpointer user_data)
{
  set_voice (self, 0, self->n, EKA_VOICE_ACTIVE);
  add_pause (self, 510, 900);
  /* half a second before somebody speaks */
  g_assert_cmpuint (find (self), ==, 875);
  add_pause (self, 900, 1003);
  g_assert_cmpuint (find (self), ==, 978);
  add_pause (self, 0, 1005);
  g_assert_cmpuint (find (self), ==, 980);
}

static void
test_no_pause (Fixture      *self,
               gconstpointer user_data)
{
  guint i;

  g_assert_cmpuint (find (self), ==, 0);
  set_voice (self, 0, self->n, EKA_VOICE_ACTIVE);
  /* one packet has no boundary within */
  add_pause (self, 700, 701);
  g_assert_cmpuint (find (self), ==, 0);

  set_voice (self, 0, self->n, EKA_VOICE_UNKNOWN);
  set_loudness (self, 0, self->n, LOUD);
  set_effort (self, 0, self->n, 400);
  g_assert_cmpuint (find (self), ==, 0);
  /* noise that goes up and down by little is one level */
  for (i = 0; i < self->n; i++)
    {
      self->packets[i].loudness = LOUD + i % 4;
      self->packets[i].effort = 400 + i % 7 * 5;
    }
  g_assert_cmpuint (find (self), ==, 0);
}

static void
test_absurd (Fixture      *self,
             gconstpointer user_data)
{
  guint i;

  add_pause (self, 0, self->n);
  self->earliest = 1001;
  g_assert_cmpuint (find (self), ==, 0);
  self->earliest = 0;
  self->latest = self->n + 1;
  g_assert_cmpuint (find (self), ==, 0);
  self->latest = 0;
  g_assert_cmpuint (find (self), ==, 0);
  self->latest = self->n;
  g_assert_cmpuint (find (self), >, 0);
  g_assert_cmpuint (find (self), <, self->n);
  for (i = 0; i < self->n; i++)
    self->packets[i].samples = 0;
  g_assert_cmpuint (find (self), <, self->n);
  self->n = self->latest = 0;
  g_assert_cmpuint (find (self), ==, 0);
}

/* Every place of a pause beside a small window. */
static void
test_edges (Fixture      *self,
            gconstpointer user_data)
{
  guint from, length;

  self->n = 60;
  self->earliest = 20;
  self->latest = 40;
  for (length = 2; length < 30; length++)
    for (from = 0; from + length <= self->n; from++)
      {
        const guint to = from + length;
        guint place;

        set_voice (self, 0, self->n, EKA_VOICE_ACTIVE);
        add_pause (self, from, to);
        place = find (self);
        if (to <= self->earliest || from >= self->latest)
          {
            g_assert_cmpuint (place, ==, 0);
            continue;
          }
        g_assert_cmpuint (place, >=, self->earliest);
        g_assert_cmpuint (place, <=, self->latest);
        g_assert_cmpuint (place, >, from);
        g_assert_cmpuint (place, <, to);
        /* as near the middle as the window allows */
        g_assert_cmpuint (
            labs (2 * (glong) place -
                  2 * CLAMP ((glong) (from + to) / 2, (glong) self->earliest,
                             (glong) self->latest)),
            <=, 2);
      }
}

static void
test_later (Fixture      *self,
            gconstpointer user_data)
{
  set_voice (self, 0, self->n, EKA_VOICE_ACTIVE);
  add_pause (self, 600, 620);
  add_pause (self, 800, 820);
  g_assert_cmpuint (find (self), ==, 810);
  /* a little shorter does not matter, much does */
  set_voice (self, 819, 820, EKA_VOICE_ACTIVE);
  g_assert_cmpuint (find (self), >=, 809);
  set_voice (self, 804, 820, EKA_VOICE_ACTIVE);
  g_assert_cmpuint (find (self), ==, 610);
  /* what is over a second long is not better than a second */
  add_pause (self, 510, 620);
  add_pause (self, 800, 850);
  g_assert_cmpuint (find (self), ==, 825);
}

/* Nothing but a few words: the pauses are most of the time. */
static void
test_few_words (Fixture      *self,
                gconstpointer user_data)
{
  set_loudness (self, 0, self->n, QUIET);
  set_loudness (self, 20, 50, LOUD);
  set_loudness (self, 985, 1005, LOUD);
  g_assert_cmpuint (find (self), >=, 930);
  g_assert_cmpuint (find (self), <=, 975);
}

/* Twenty seconds at most, and a window that leaves out a quarter at each end.
 *
 * Returns: how many packets */
static guint
set_length (Fixture *self,
            guint    samples)
{
  guint i;

  self->n = MIN (20 * 48000 / samples, MAX_PACKETS);
  self->earliest = self->n / 4;
  self->latest = self->n - self->n / 4;
  for (i = 0; i < self->n; i++)
    self->packets[i].samples = samples;
  return self->n;
}

/* Whatever the length of the packets, smoothing moves no pause. */
static void
test_no_drift (Fixture      *self,
               gconstpointer user_data)
{
  static const guint lengths[] = { 120, 240, 480, 960, 1920, 2880 };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (lengths); i++)
    {
      const guint half = 36000 / lengths[i];
      const guint middle = set_length (self, lengths[i]) / 2;
      guint by_loudness, by_effort;

      set_effort (self, 0, self->n, 0);
      set_loudness (self, 0, self->n, LOUD);
      set_loudness (self, middle - half, middle + half, QUIET);
      /* 750 ms on both sides: the end counts where it is over a second */
      by_loudness = find (self);
      set_loudness (self, 0, self->n, 0);
      set_effort (self, 0, self->n, 400);
      set_effort (self, middle - half, middle + half, 100);
      by_effort = find (self);
      /* what is smoothed is shorter by half of that at most */
      g_assert_cmpuint (by_loudness, >=, middle + half - 25200 / lengths[i] - 1);
      g_assert_cmpuint (by_loudness, <=, middle + half - 24000 / lengths[i]);
      g_assert_cmpuint (by_effort, >=, middle + half - 31200 / lengths[i] - 1);
      g_assert_cmpuint (by_effort, <=, middle + half - 24000 / lengths[i]);
    }
}

/* Short pauses: half on either side, by any measure. */
static void
test_symmetry (Fixture      *self,
               gconstpointer user_data)
{
  static const guint lengths[] = { 120, 240, 480, 960 };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (lengths); i++)
    {
      const guint half = 19200 / lengths[i];
      const guint middle = set_length (self, lengths[i]) / 2;

      set_effort (self, 0, self->n, 0);
      set_loudness (self, 0, self->n, LOUD);
      set_loudness (self, middle - half, middle + half, QUIET);
      g_assert_cmpuint (find (self), ==, middle);
      set_loudness (self, 0, self->n, 0);
      set_effort (self, 0, self->n, 400);
      set_effort (self, middle - half, middle + half, 100);
      g_assert_cmpuint (find (self), ==, middle);
    }
}

/* Is it a boundary in the window, within a pause? */
static gboolean
is_candidate (const Fixture *self,
              guint          place)
{
  return place > 0 && place < self->n && place >= self->earliest &&
         place <= self->latest &&
         self->packets[place - 1].voice == EKA_VOICE_NONE &&
         self->packets[place].voice == EKA_VOICE_NONE;
}

/* Samples of the pause around a candidate, no more than a second */
static guint64
measure_pause (const Fixture *self,
               guint          place)
{
  guint64 samples = 0;
  guint i;

  for (i = place;
       i < self->n && self->packets[i].voice == EKA_VOICE_NONE; i++)
    samples += self->packets[i].samples;
  for (i = place; i > 0 && self->packets[i - 1].voice == EKA_VOICE_NONE; i--)
    samples += self->packets[i - 1].samples;
  return MIN (samples, 48000);
}

static void
check_random_flags (Fixture *self,
                    GRand   *rand)
{
  gboolean any = FALSE;
  guint place, i;
  EkaVoice voice = EKA_VOICE_ACTIVE;

  self->n = (guint) g_rand_int_range (rand, 1, 300);
  self->latest = (guint) g_rand_int_range (rand, 0, self->n + 1);
  self->earliest = (guint) g_rand_int_range (rand, 0, self->latest + 1);
  for (i = 0; i < self->n; i++)
    {
      if (g_rand_int_range (rand, 0, 12) == 0)
        voice = g_rand_boolean (rand) ? EKA_VOICE_ACTIVE : EKA_VOICE_NONE;
      self->packets[i].voice = voice;
      self->packets[i].samples = 480u << g_rand_int_range (rand, 0, 3);
    }
  place = find (self);
  for (i = 0; i <= self->n; i++)
    any = any || is_candidate (self, i);
  g_assert_true (any == (place > 0));
  if (!any)
    return;
  g_assert_true (is_candidate (self, place));
  /* none is both later and better */
  for (i = place + 1; i < self->n; i++)
    {
      if (self->packets[i].voice != EKA_VOICE_NONE)
        break;
    }
  for (; i < self->n; i++)
    {
      if (is_candidate (self, i))
        g_assert_cmpuint (measure_pause (self, i), <,
                          measure_pause (self, place));
    }
}

static void
test_random_flags (Fixture      *self,
                   gconstpointer user_data)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (423);
  guint round;

  for (round = 0; round < 5000; round++)
    check_random_flags (self, rand);
}

/* Speech at any level over any noise, with pauses of half a second or more: the
 * cut has quiet on both sides. @level: of one packet */
static void
check_random_levels (Fixture *self,
                     GRand   *rand,
                     gboolean effort)
{
  const guint noise = effort ? 120 : (guint) g_rand_int_range (rand, 20, 80);
  const guint contrast =
      effort ? 200 : (guint) g_rand_int_range (rand, 15, 45);
  g_autofree gboolean *quiet = g_new0 (gboolean, MAX_PACKETS);
  gboolean pause = FALSE;
  guint left = 0, place, i;

  for (i = 0; i < self->n; i++)
    {
      guint level;

      if (left-- == 0)
        {
          pause = !pause;
          left = (guint) g_rand_int_range (rand, 25, pause ? 40 : 200);
        }
      quiet[i] = pause;
      level = noise + (guint) g_rand_int_range (rand, 0, 3) +
              (pause ? 0 : contrast);
      self->packets[i].loudness = effort ? 0 : level;
      self->packets[i].effort = effort ? level : 0;
    }
  place = find (self);
  g_assert_cmpuint (place, >=, self->earliest);
  g_assert_cmpuint (place, <=, self->latest);
  for (i = place - 3; i < place + 3; i++)
    g_assert_true (quiet[i]);
}

static void
test_random_levels (Fixture      *self,
                    gconstpointer user_data)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (6464);
  guint round;

  for (round = 0; round < 1000; round++)
    check_random_levels (self, rand, round % 2 == 0);
}

/* Any numbers at all. */
static void
test_random_anything (Fixture      *self,
                      gconstpointer user_data)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (1);
  guint round, i;

  for (round = 0; round < 3000; round++)
    {
      const gint spread = g_rand_int_range (rand, 1, 65536);
      guint place;

      self->n = (guint) g_rand_int_range (rand, 0, 200);
      self->latest = (guint) g_rand_int_range (rand, 0, 202);
      self->earliest = (guint) g_rand_int_range (rand, 0, 202);
      for (i = 0; i < self->n; i++)
        {
          self->packets[i] = (EkaPacketInfo) {
            .samples = (guint) g_rand_int_range (rand, 0, 5761),
            .voice = (guint8) (round % 3),
            .loudness = (guint8) g_rand_int_range (rand, 0, 129),
            .effort = (guint16) g_rand_int_range (rand, 0, spread),
          };
        }
      place = find (self);
      if (place == 0)
        continue;
      g_assert_cmpuint (place, >=, self->earliest);
      g_assert_cmpuint (place, <=, self->latest);
      g_assert_cmpuint (place, <, self->n);
    }
}

/* What is soft for a while is still no pause. */
static void
test_depth (Fixture      *self,
            gconstpointer user_data)
{
  set_loudness (self, 0, self->n, LOUD);
  set_loudness (self, 700, 730, QUIET);
  set_loudness (self, 880, 920, QUIET + 11);
  g_assert_cmpuint (find (self), ==, 715);
  set_loudness (self, 880, 920, QUIET + 5);
  g_assert_cmpuint (find (self), ==, 900);

  set_loudness (self, 0, self->n, 0);
  set_effort (self, 0, self->n, 400);
  set_effort (self, 700, 730, 100);
  set_effort (self, 880, 920, 210);
  g_assert_cmpuint (find (self), ==, 715);
}

int
main (int    argc,
      char **argv)
{
#define ADD(name, func) \
  g_test_add ("/quiet/" name, Fixture, NULL, set_up, func, tear_down)

  g_test_init (&argc, &argv, NULL);
  ADD ("middle-of-a-pause", test_middle);
  ADD ("middle-is-one-of-time", test_middle_of_uneven);
  ADD ("flags-before-level-before-effort", test_trust);
  ADD ("next-measure-where-one-finds-nothing", test_next_measure);
  ADD ("measure-that-many-packets-lack-is-none", test_mixed);
  ADD ("unknown-counts-as-loud", test_unknown_is_loud);
  ADD ("long-silence-is-cut-near-its-end", test_long_silence);
  ADD ("no-pause-no-cut", test_no_pause);
  ADD ("absurd-windows-find-nothing", test_absurd);
  ADD ("edges-of-the-window", test_edges);
  ADD ("later-or-longer-pause-wins", test_later);
  ADD ("deep-pause-wins", test_depth);
  ADD ("few-words-in-much-silence", test_few_words);
  ADD ("long-pause-by-level-and-effort", test_no_drift);
  ADD ("smoothing-moves-no-pause", test_symmetry);
  ADD ("random-flags-against-all-candidates", test_random_flags);
  ADD ("random-speech-is-cut-in-quiet", test_random_levels);
  ADD ("random-numbers-do-no-harm", test_random_anything);
  return g_test_run ();
}
