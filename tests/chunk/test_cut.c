/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "chunk/cut.h"

#include "chunk/ogg.h"
#include "chunk/opus.h"

#define MAX_PACKETS 400
#define NO_PAUSE G_MAXUINT

/* A stretch of equal packets in which somebody speaks, but for one pause. */
typedef struct
{
  EkaCodecType type;
  guint n;
  gboolean complete;
  guint pause; /* its first packet, or NO_PAUSE */
  guint pause_length;
  EkaCutBudget budget;
} Stretch;

/* Packets of 20 ms and 100 bytes (Opus), or of 10 ms (PCM) */
static EkaCut
choose (const Stretch *stretch)
{
  const gboolean opus = stretch->type == EKA_CODEC_OPUS;
  EkaPacketInfo packets[MAX_PACKETS] = { 0 };
  g_auto (EkaCodec) codec = { 0, };
  EkaCut cut;
  guint i;

  g_assert_cmpuint (stretch->n, <=, MAX_PACKETS);
  if (opus)
    eka_opus_init_codec (&codec, 1);
  else
    eka_codec_init_samples (&codec, EKA_CODEC_PCM, 16000, 1);
  for (i = 0; i < stretch->n; i++)
    {
      const gboolean quiet = i >= stretch->pause &&
                             i - stretch->pause < stretch->pause_length;

      packets[i].size = opus ? 100 : 320;
      packets[i].samples = opus ? 960 : 160;
      packets[i].voice = opus    ? (quiet ? EKA_VOICE_NONE : EKA_VOICE_ACTIVE)
                                 : EKA_VOICE_UNKNOWN;
      packets[i].loudness = opus ? 0 : quiet ? 40 : 110;
    }
  cut = eka_cut_choose (opus ? EKA_CONTAINER_OGG : EKA_CONTAINER_WAV, &codec,
                        packets, stretch->n, stretch->complete,
                        &stretch->budget);
  if (cut.n_packets == 0)
    g_assert_false (cut.quiet);
  return cut;
}

static guint64
cost_of_packet (void)
{
  EkaCodec codec;

  eka_opus_init_codec (&codec, 1);
  return eka_ogg_packet_cost (&codec, 100, 960);
}

/* Without a pause: the packets before a hard cut */
static guint
choose_hard (EkaCodecType type,
             guint        n,
             gboolean     complete,
             guint64      max_samples,
             guint64      max_bytes,
             guint64      min_rest)
{
  const Stretch stretch = {
    .type = type,
    .n = n,
    .complete = complete,
    .pause = NO_PAUSE,
    .budget = {
      .max_samples = max_samples,
      .max_bytes = max_bytes,
      .min_rest = min_rest,
    },
  };
  const EkaCut cut = choose (&stretch);

  g_assert_false (cut.quiet);
  return cut.n_packets;
}

static void
test_all_fits (void)
{
  const guint64 all = 50 * 960;

  g_assert_cmpuint (
      choose_hard (EKA_CODEC_OPUS, 50, TRUE, all, G_MAXUINT32, 4800), ==, 50);
  g_assert_cmpuint (
      choose_hard (EKA_CODEC_OPUS, 50, FALSE, all, G_MAXUINT32, 4800), ==, 0);
  g_assert_cmpuint (
      choose_hard (EKA_CODEC_OPUS, 1, TRUE, all, G_MAXUINT32, 4800), ==, 1);
}

static void
test_boundary (void)
{
  g_assert_cmpuint (choose_hard (EKA_CODEC_OPUS, 50, FALSE, 20 * 960 + 959,
                                 G_MAXUINT32, 4800),
                    ==, 20);
  g_assert_cmpuint (choose_hard (EKA_CODEC_PCM, 50, FALSE, 20 * 160 + 159,
                                 G_MAXUINT32, 1600),
                    ==, 20);
}

static void
test_waits (void)
{
  g_assert_cmpuint (
      choose_hard (EKA_CODEC_OPUS, 44, FALSE, 40 * 960, G_MAXUINT32, 4800),
      ==, 0);
  g_assert_cmpuint (
      choose_hard (EKA_CODEC_OPUS, 45, FALSE, 40 * 960, G_MAXUINT32, 4800),
      ==, 40);
}

static void
test_no_crumb (void)
{
  g_assert_cmpuint (
      choose_hard (EKA_CODEC_OPUS, 44, TRUE, 40 * 960, G_MAXUINT32, 4800),
      ==, 39);
  g_assert_cmpuint (
      choose_hard (EKA_CODEC_OPUS, 41, TRUE, 40 * 960, G_MAXUINT32, 4801),
      ==, 35);
  g_assert_cmpuint (
      choose_hard (EKA_CODEC_PCM, 41, TRUE, 40 * 160, G_MAXUINT32, 1601),
      ==, 30);
}

static void
test_limit_wins (void)
{
  /* no place leaves a large rest: the limit still holds */
  g_assert_cmpuint (
      choose_hard (EKA_CODEC_OPUS, 3, TRUE, 2 * 960, G_MAXUINT32, 4800),
      ==, 2);
  g_assert_cmpuint (
      choose_hard (EKA_CODEC_OPUS, 3, TRUE, 2 * 960, G_MAXUINT32, 2000),
      ==, 2);
}

static void
test_bytes (void)
{
  const guint64 cost = cost_of_packet ();

  g_assert_cmpuint (choose_hard (EKA_CODEC_OPUS, 50, FALSE, 45 * 960,
                                 20 * cost - 1, 4800),
                    ==, 19);
  g_assert_cmpuint (
      choose_hard (EKA_CODEC_OPUS, 50, FALSE, 45 * 960, 20 * cost, 4800),
      ==, 20);
  g_assert_cmpuint (
      choose_hard (EKA_CODEC_PCM, 50, FALSE, 45 * 160, 2001, 1600), ==, 6);
}

/* 300 packets of which 200 fit, a cut from 100 on, and a pause of 10. */
static EkaCut
choose_with_pause (guint    pause,
                   gboolean complete)
{
  const Stretch stretch = {
    .type = EKA_CODEC_OPUS,
    .n = 300,
    .complete = complete,
    .pause = pause,
    .pause_length = 10,
    .budget = {
      .min_samples = 100 * 960,
      .max_samples = 200 * 960,
      .max_bytes = G_MAXUINT32,
      .min_rest = 4800,
    },
  };

  return choose (&stretch);
}

static void
test_window (void)
{
  guint pause, complete;

  for (complete = 0; complete < 2; complete++)
    for (pause = 0; pause < 290; pause++)
      {
        const EkaCut cut = choose_with_pause (pause, complete);

        /* it has a boundary within, and that lies in the window */
        if (pause + 9 < 100 || pause + 1 > 200)
          {
            g_assert_false (cut.quiet);
            g_assert_cmpuint (cut.n_packets, ==, 200);
            continue;
          }
        g_assert_true (cut.quiet);
        g_assert_cmpuint (cut.n_packets, ==, CLAMP (pause + 5, 100, 200));
      }
}

static void
test_waits_for_the_window (void)
{
  Stretch stretch = {
    .type = EKA_CODEC_PCM,
    .n = 204,
    .pause = 150,
    .pause_length = 20,
    .budget = { 100 * 160, 200 * 160, G_MAXUINT32, 5 * 160 },
  };
  EkaCut cut = choose (&stretch);

  /* a better pause may come as long as there is room */
  g_assert_cmpuint (cut.n_packets, ==, 0);
  stretch.n = 205;
  cut = choose (&stretch);
  g_assert_cmpuint (cut.n_packets, ==, 160);
  g_assert_true (cut.quiet);
  /* what is complete and fits is not cut, pause or not */
  stretch.n = 200;
  stretch.complete = TRUE;
  cut = choose (&stretch);
  g_assert_cmpuint (cut.n_packets, ==, 200);
  g_assert_false (cut.quiet);
}

static void
test_first_is_no_crumb (void)
{
  Stretch stretch = {
    .type = EKA_CODEC_OPUS,
    .n = 300,
    .pause = 0,
    .pause_length = 8,
    .budget = { 0, 200 * 960, G_MAXUINT32, 4800 },
  };
  EkaCut cut = choose (&stretch);

  /* its middle is after 4, the first that is no crumb 5 */
  g_assert_cmpuint (cut.n_packets, ==, 5);
  g_assert_true (cut.quiet);
  stretch.pause_length = 5;
  cut = choose (&stretch);
  g_assert_cmpuint (cut.n_packets, ==, 200);
  g_assert_false (cut.quiet);
}

static void
test_last_is_no_crumb (void)
{
  const Stretch stretch = {
    .type = EKA_CODEC_OPUS,
    .n = 204,
    .complete = TRUE,
    .pause = 196,
    .pause_length = 8,
    .budget = { 100 * 960, 203 * 960, G_MAXUINT32, 5 * 960 },
  };
  const EkaCut cut = choose (&stretch);

  g_assert_cmpuint (cut.n_packets, ==, 199);
  g_assert_true (cut.quiet);
}

/* What lies more than 100 ms behind the window does not count, there or not: a
 * pause goes on there. */
static void
test_not_ahead (void)
{
  guint n;

  for (n = 205; n <= 300; n++)
    {
      const Stretch stretch = {
        .type = EKA_CODEC_OPUS,
        .n = n,
        .complete = n % 2,
        .pause = 191,
        .pause_length = 100,
        .budget = { 100 * 960, 200 * 960, G_MAXUINT32, 5 * 960 },
      };
      const EkaCut cut = choose (&stretch);

      g_assert_cmpuint (cut.n_packets, ==, 198);
      g_assert_true (cut.quiet);
    }
}

/* Bytes end the window as samples do. */
static void
test_window_in_bytes (void)
{
  const guint64 cost = cost_of_packet ();
  Stretch stretch = {
    .type = EKA_CODEC_OPUS,
    .n = 300,
    .pause = 150,
    .pause_length = 10,
    .budget = { 100 * 960, 200 * 960, 161 * cost, 4800 },
  };
  EkaCut cut = choose (&stretch);

  g_assert_cmpuint (cut.n_packets, ==, 155);
  g_assert_true (cut.quiet);
  stretch.budget.max_bytes = 150 * cost;
  cut = choose (&stretch);
  g_assert_cmpuint (cut.n_packets, ==, 150);
  g_assert_false (cut.quiet);
  /* so few bytes that there is no window */
  stretch.budget.max_bytes = 99 * cost;
  cut = choose (&stretch);
  g_assert_cmpuint (cut.n_packets, ==, 99);
  g_assert_false (cut.quiet);
}

/* What holds for each cut of random packets. */
static void
check_random (GRand *rand)
{
  EkaPacketInfo packets[MAX_PACKETS] = { 0 };
  const guint n = (guint) g_rand_int_range (rand, 1, MAX_PACKETS);
  const gboolean complete = g_rand_boolean (rand);
  EkaCutBudget budget = {
    .max_samples = (guint64) g_rand_int_range (rand, 6000, 300 * 960),
    .max_bytes = (guint64) g_rand_int_range (rand, 2000, 60000),
    .min_rest = (guint64) g_rand_int_range (rand, 4800, 9000),
  };
  guint64 before = 0, cost = 0, total = 0;
  g_auto (EkaCodec) codec = { 0, };
  gboolean speaking = TRUE;
  EkaCut cut;
  guint i;

  eka_opus_init_codec (&codec, 1);
  budget.min_samples = budget.max_samples / 2;
  for (i = 0; i < n; i++)
    {
      if (g_rand_int_range (rand, 0, 20) == 0)
        speaking = !speaking;
      packets[i].size = (guint) g_rand_int_range (rand, 1, 400);
      packets[i].samples = 120u << g_rand_int_range (rand, 0, 4);
      packets[i].voice = speaking ? EKA_VOICE_ACTIVE : EKA_VOICE_NONE;
      total += packets[i].samples;
    }
  cut = eka_cut_choose (EKA_CONTAINER_OGG, &codec, packets, n, complete,
                        &budget);
  g_assert_cmpuint (cut.n_packets, <=, n);
  for (i = 0; i < cut.n_packets; i++)
    {
      before += packets[i].samples;
      cost += eka_ogg_packet_cost (&codec, packets[i].size,
                                   packets[i].samples);
    }
  g_assert_cmpuint (before, <=, budget.max_samples);
  g_assert_cmpuint (cost, <=, budget.max_bytes);
  if (cut.n_packets == 0)
    g_assert_false (complete);
  if (!complete)
    g_assert_true (cut.n_packets == 0 || total - before >= budget.min_rest);
  if (cut.quiet)
    {
      g_assert_cmpuint (before, >=, budget.min_samples);
      g_assert_cmpuint (before, >=, 4800);
      g_assert_cmpuint (total - before, >=, budget.min_rest);
      g_assert_cmpint (packets[cut.n_packets - 1].voice, ==, EKA_VOICE_NONE);
      g_assert_cmpint (packets[cut.n_packets].voice, ==, EKA_VOICE_NONE);
    }
}

static void
test_random (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (20);
  guint round;

  for (round = 0; round < 5000; round++)
    check_random (rand);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/cut/what-fits-is-one-chunk", test_all_fits);
  g_test_add_func ("/cut/at-the-last-boundary", test_boundary);
  g_test_add_func ("/cut/waits-for-a-rest-that-can-stand-alone", test_waits);
  g_test_add_func ("/cut/goes-back-rather-than-leave-a-crumb", test_no_crumb);
  g_test_add_func ("/cut/limit-wins-over-the-rest", test_limit_wins);
  g_test_add_func ("/cut/limit-in-bytes", test_bytes);
  g_test_add_func ("/cut/in-a-pause-of-the-window", test_window);
  g_test_add_func ("/cut/waits-until-the-window-is-full",
                   test_waits_for_the_window);
  g_test_add_func ("/cut/pause-at-the-beginning-leaves-no-crumb",
                   test_first_is_no_crumb);
  g_test_add_func ("/cut/pause-at-the-end-leaves-no-crumb",
                   test_last_is_no_crumb);
  g_test_add_func ("/cut/what-came-later-changes-nothing", test_not_ahead);
  g_test_add_func ("/cut/bytes-end-the-window", test_window_in_bytes);
  g_test_add_func ("/cut/random-packets-within-all-bounds", test_random);
  return g_test_run ();
}
