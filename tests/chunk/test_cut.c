/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "chunk/cut.h"
#include "chunk/ogg.h"

#define MAX_PACKETS 100

/* @n packets of 20 ms and 100 bytes (Opus), or of 320 frames (PCM). */
static guint64
choose (EkaCodecType type,
        guint        n,
        gboolean     complete,
        guint64      max_samples,
        guint64      max_bytes,
        guint64      min_rest)
{
  const gboolean opus = type == EKA_CODEC_OPUS;
  EkaPacketInfo packets[MAX_PACKETS] = { 0 };
  EkaCutBudget budget = { max_samples, max_bytes, min_rest };
  EkaCodec codec;
  guint i;

  if (opus)
    eka_codec_init_opus (&codec, 1);
  else
    eka_codec_init_pcm (&codec, 16000, 1);
  for (i = 0; i < n; i++)
    {
      packets[i].size = opus ? 100 : 640;
      packets[i].samples = opus ? 960 : 320;
    }
  return eka_cut_choose (&codec, packets, n, complete, &budget);
}

static void
test_all_fits (void)
{
  const guint64 all = 50 * 960;

  g_assert_cmpuint (
      choose (EKA_CODEC_OPUS, 50, TRUE, all, G_MAXUINT32, 4800), ==, all);
  g_assert_cmpuint (
      choose (EKA_CODEC_OPUS, 50, FALSE, all, G_MAXUINT32, 4800), ==, 0);
  g_assert_cmpuint (
      choose (EKA_CODEC_OPUS, 1, TRUE, all, G_MAXUINT32, 4800), ==, 960);
}

static void
test_boundary (void)
{
  g_assert_cmpuint (
      choose (EKA_CODEC_OPUS, 50, FALSE, 20 * 960 + 959, G_MAXUINT32, 4800),
      ==, 20 * 960);
  g_assert_cmpuint (
      choose (EKA_CODEC_PCM, 50, FALSE, 20 * 320 + 319, G_MAXUINT32, 1600),
      ==, 20 * 320 + 319);
}

static void
test_waits (void)
{
  g_assert_cmpuint (
      choose (EKA_CODEC_OPUS, 44, FALSE, 40 * 960, G_MAXUINT32, 4800), ==, 0);
  g_assert_cmpuint (
      choose (EKA_CODEC_OPUS, 45, FALSE, 40 * 960, G_MAXUINT32, 4800),
      ==, 40 * 960);
}

static void
test_no_crumb (void)
{
  g_assert_cmpuint (
      choose (EKA_CODEC_OPUS, 44, TRUE, 40 * 960, G_MAXUINT32, 4800),
      ==, 39 * 960);
  g_assert_cmpuint (
      choose (EKA_CODEC_OPUS, 41, TRUE, 40 * 960, G_MAXUINT32, 4801),
      ==, 35 * 960);
  g_assert_cmpuint (
      choose (EKA_CODEC_PCM, 41, TRUE, 40 * 320, G_MAXUINT32, 1601),
      ==, 41 * 320 - 1601);
}

static void
test_limit_wins (void)
{
  /* no place leaves a large rest: the limit still holds */
  g_assert_cmpuint (
      choose (EKA_CODEC_OPUS, 3, TRUE, 2 * 960, G_MAXUINT32, 4800),
      ==, 2 * 960);
  g_assert_cmpuint (
      choose (EKA_CODEC_OPUS, 3, TRUE, 2 * 960, G_MAXUINT32, 2000),
      ==, 2 * 960);
}

static void
test_bytes (void)
{
  const guint64 cost = eka_ogg_packet_cost (100);

  g_assert_cmpuint (
      choose (EKA_CODEC_OPUS, 50, FALSE, 45 * 960, 20 * cost - 1, 4800),
      ==, 19 * 960);
  g_assert_cmpuint (
      choose (EKA_CODEC_OPUS, 50, FALSE, 45 * 960, 20 * cost, 4800),
      ==, 20 * 960);
  g_assert_cmpuint (
      choose (EKA_CODEC_PCM, 50, FALSE, 45 * 320, 2001, 1600), ==, 1000);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/cut/what-fits-is-one-chunk", test_all_fits);
  g_test_add_func ("/cut/opus-at-packets-pcm-anywhere", test_boundary);
  g_test_add_func ("/cut/waits-for-a-rest-that-can-stand-alone", test_waits);
  g_test_add_func ("/cut/goes-back-rather-than-leave-a-crumb", test_no_crumb);
  g_test_add_func ("/cut/limit-wins-over-the-rest", test_limit_wins);
  g_test_add_func ("/cut/limit-in-bytes", test_bytes);
  return g_test_run ();
}
