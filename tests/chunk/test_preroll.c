/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "chunk/preroll.h"

#include "chunk/mp4.h"
#include "chunk/opus.h"

#define N_PACKETS 600
#define PRE_ROLL 48000

typedef struct
{
  EkaContainer container;
  EkaCodec codec;
  EkaPacketInfo packets[N_PACKETS];
} Fixture;

static void
set_up (Fixture      *self,
        gconstpointer user_data)
{
  guint i;

  self->container = EKA_CONTAINER_OGG;
  eka_opus_init_codec (&self->codec, 1);
  for (i = 0; i < N_PACKETS; i++)
    self->packets[i] = (EkaPacketInfo) { .size = 80, .samples = 960 };
}

static void
tear_down (Fixture      *self,
           gconstpointer user_data)
{
}

/* A cut behind the last packet, of @n_before in the stretch */
static EkaPreRoll
choose (const Fixture *self,
        guint          n_before,
        guint64        max_cost)
{
  EkaPreRoll pre_roll;

  eka_preroll_choose (&pre_roll, self->container, &self->codec,
                      self->packets + N_PACKETS, n_before, G_MAXUINT64,
                      max_cost);
  return pre_roll;
}

static void
set_samples (Fixture *self,
             guint    samples)
{
  guint i;

  for (i = 0; i < N_PACKETS; i++)
    self->packets[i].samples = samples;
}

/* Whole packets, enough of them and not one more, of any length. */
static void
test_opus (Fixture      *self,
           gconstpointer user_data)
{
  static const guint lengths[] = { 120, 240, 480, 960, 1920, 2880, 5760 };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (lengths); i++)
    {
      const guint n = (PRE_ROLL + lengths[i] - 1) / lengths[i];
      EkaPreRoll pre_roll;

      set_samples (self, lengths[i]);
      pre_roll = choose (self, N_PACKETS, G_MAXUINT64);
      g_assert_cmpuint (pre_roll.n_packets, ==, n);
      g_assert_cmpuint (pre_roll.skip, ==, n * lengths[i]);
      g_assert_cmpuint (pre_roll.hidden, ==, pre_roll.skip);
      g_assert_cmpuint (pre_roll.cost, ==,
                        n * eka_container_packet_cost (EKA_CONTAINER_OGG,
                                                       &self->codec, 80,
                                                       lengths[i]));
    }
}

/* The packets nearest to the cut count, whatever the others last. */
static void
test_uneven (Fixture      *self,
             gconstpointer user_data)
{
  EkaPreRoll pre_roll;

  set_samples (self, 120);
  self->packets[N_PACKETS - 1].samples = 2880;
  self->packets[N_PACKETS - 2].samples = PRE_ROLL - 3360;
  self->packets[N_PACKETS - 3].samples = 480;
  pre_roll = choose (self, N_PACKETS, G_MAXUINT64);
  g_assert_cmpuint (pre_roll.n_packets, ==, 3);
  g_assert_cmpuint (pre_roll.skip, ==, PRE_ROLL);
  self->packets[N_PACKETS - 3].samples = 240;
  pre_roll = choose (self, N_PACKETS, G_MAXUINT64);
  g_assert_cmpuint (pre_roll.n_packets, ==, 5);
  g_assert_cmpuint (pre_roll.skip, ==, PRE_ROLL);
}

static void
test_short_stretch (Fixture      *self,
                    gconstpointer user_data)
{
  guint n;

  for (n = 0; n <= 30; n++)
    {
      const EkaPreRoll pre_roll = choose (self, n, G_MAXUINT64);

      g_assert_cmpuint (pre_roll.n_packets, ==, MIN (n, 50));
      g_assert_cmpuint (pre_roll.skip, ==, pre_roll.n_packets * 960);
    }
}

static void
test_cost (Fixture      *self,
           gconstpointer user_data)
{
  const guint64 cost =
      eka_container_packet_cost (EKA_CONTAINER_OGG, &self->codec, 80, 960);
  guint n;

  for (n = 0; n <= 30; n++)
    {
      EkaPreRoll pre_roll = choose (self, N_PACKETS, n * cost);

      g_assert_cmpuint (pre_roll.n_packets, ==, MIN (n, 50));
      g_assert_cmpuint (pre_roll.cost, <=, n * cost);
      pre_roll = choose (self, N_PACKETS, n * cost + cost - 1);
      g_assert_cmpuint (pre_roll.n_packets, ==, MIN (n, 50));
    }
}

/* Vorbis has a packet for the overlap, that is not heard at all; AAC as many as
 * its files need, whole ones. */
static void
test_overlap (Fixture      *self,
                 gconstpointer user_data)
{
  EkaPreRoll pre_roll;

  set_samples (self, 1024);
  self->codec.rate = 44100;
  self->codec.type = EKA_CODEC_VORBIS;
  self->container = EKA_CONTAINER_OGG;
  pre_roll = choose (self, N_PACKETS, G_MAXUINT64);
  g_assert_cmpuint (pre_roll.n_packets, ==, 1);
  g_assert_cmpuint (pre_roll.skip, ==, 0);
  g_assert_cmpuint (pre_roll.hidden, ==, 0);

  self->codec.type = EKA_CODEC_AAC;
  self->container = EKA_CONTAINER_M4A;
  /* two at 44.1 kHz, for decoders that round, see mp4.c */
  pre_roll = choose (self, N_PACKETS, G_MAXUINT64);
  g_assert_cmpuint (pre_roll.n_packets, ==, 2);
  g_assert_cmpuint (pre_roll.skip, ==, 2048);
  g_assert_cmpuint (pre_roll.hidden, ==, 2048);
  self->codec.rate = 16000;
  pre_roll = choose (self, N_PACKETS, G_MAXUINT64);
  g_assert_cmpuint (pre_roll.n_packets, ==,
                    eka_mp4_pre_roll (&self->codec));
  g_assert_cmpuint (pre_roll.n_packets, >=, 1);
  g_assert_cmpuint (pre_roll.skip, ==, pre_roll.n_packets * 1024);
  g_assert_cmpuint (pre_roll.hidden, ==, pre_roll.skip);

  pre_roll = choose (self, 0, G_MAXUINT64);
  g_assert_cmpuint (pre_roll.n_packets, ==, 0);
}

/* Where chunks are short, so is what comes before them. */
static void
test_enough (Fixture      *self,
             gconstpointer user_data)
{
  EkaPreRoll pre_roll;

  set_samples (self, 960);
  eka_preroll_choose (&pre_roll, self->container, &self->codec,
                      self->packets + N_PACKETS, N_PACKETS, 9601, G_MAXUINT64);
  g_assert_cmpuint (pre_roll.n_packets, ==, 11);
  g_assert_cmpuint (pre_roll.skip, ==, 11 * 960);
}

static void
test_samples (Fixture      *self,
              gconstpointer user_data)
{
  static const EkaCodecType types[] = {
    EKA_CODEC_PCM, EKA_CODEC_MULAW, EKA_CODEC_ALAW,
  };
  guint i;

  self->container = EKA_CONTAINER_WAV;
  for (i = 0; i < G_N_ELEMENTS (types); i++)
    {
      const EkaPacketInfo *end = self->packets + N_PACKETS;
      EkaPreRoll pre_roll;

      eka_codec_init_samples (&self->codec, types[i], 8000, 1);
      pre_roll = choose (self, N_PACKETS, G_MAXUINT64);
      g_assert_cmpuint (pre_roll.n_packets, ==, 0);
      g_assert_cmpuint (pre_roll.skip, ==, 0);
      g_assert_cmpuint (pre_roll.hidden, ==, 0);
      g_assert_cmpuint (
          eka_preroll_count_history (&self->codec, end, N_PACKETS), ==, 0);
    }
}

/* What is kept is what the longest pre-roll takes: at a cut here, and at any
 * later one. */
static void
test_history (Fixture      *self,
              gconstpointer user_data)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (80);
  guint round, i;

  for (round = 0; round < 500; round++)
    {
      const guint n = (guint) g_rand_int_range (rand, 0, N_PACKETS + 1);
      const EkaPacketInfo *end = self->packets + N_PACKETS;
      guint history;

      for (i = 0; i < N_PACKETS; i++)
        self->packets[i].samples = 120u << g_rand_int_range (rand, 0, 5);
      history = eka_preroll_count_history (&self->codec, end, n);
      g_assert_cmpuint (history, ==,
                        choose (self, n, G_MAXUINT64).n_packets);
    }
}

int
main (int    argc,
      char **argv)
{
#define ADD(name, func) \
  g_test_add ("/preroll/" name, Fixture, NULL, set_up, func, tear_down)

  g_test_init (&argc, &argv, NULL);
  ADD ("opus-a-second-wherever-the-cut-is", test_opus);
  ADD ("packets-of-any-length", test_uneven);
  ADD ("no-more-than-the-stretch-has", test_short_stretch);
  ADD ("no-more-than-it-may-cost", test_cost);
  ADD ("overlap-of-aac-and-vorbis", test_overlap);
  ADD ("no-more-than-is-enough", test_enough);
  ADD ("none-of-samples", test_samples);
  ADD ("history-holds-the-longest", test_history);
  return g_test_run ();
}
