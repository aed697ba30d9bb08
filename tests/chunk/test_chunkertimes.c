/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "chunkerfixture.h"

static void
assert_times (EkaChunker    *chunker,
              const guint64 *times,
              guint          n_times)
{
  guint i;

  for (i = 0; i < n_times; i++)
    {
      g_autoptr (EkaChunk) chunk = eka_chunker_pop (chunker);

      g_assert_nonnull (chunk);
      g_assert_cmpuint (chunk->running_time, ==, times[i]);
    }
  expect_none (chunker);
}

static void
test_pcm_trim (void)
{
  g_autoptr (EkaChunker) chunker = new_chunker (EKA_CODEC_PCM, 0, 20 * SECOND);
  g_autofree guint8 *data = g_malloc0 (2 * PCM_RATE);
  const EkaPacket packet = {
    .data = data,
    .size = 2 * PCM_RATE,
    .trim_end = 1000,
  };
  g_autoptr (EkaChunk) chunk = NULL;

  g_assert_true (eka_chunker_push (chunker, &packet));
  g_assert_true (eka_chunker_push (chunker, &packet));
  eka_chunker_close (chunker);
  chunk = expect_chunk (chunker, 0, 2 * PCM_RATE - 1000, 0);
  g_assert_cmpuint (g_bytes_get_size (chunk->bytes), ==,
                    44 + 2 * (2 * PCM_RATE - 1000));
}

/* Trimming that begins in one block of 10 ms and ends in another, whatever
 * packets they came in. */
static void
test_pcm_trim_blocks (void)
{
  static const guint sizes[] = { 1, 7, 100, 159, 160, 161, 500, 1601 };
  static const guint8 data[4000] = { 0 };
  guint i, k, trim;

  for (i = 0; i < G_N_ELEMENTS (sizes); i++)
    for (k = 0; k < G_N_ELEMENTS (sizes); k++)
      for (trim = 0; trim <= sizes[k]; trim += MAX (sizes[k] / 9, 1))
        {
          g_autoptr (EkaChunker) chunker =
              new_chunker (EKA_CODEC_PCM, 0, 20 * SECOND);
          EkaPacket packet = {
            .data = data,
            .size = 2 * sizes[i],
          };

          g_assert_true (eka_chunker_push (chunker, &packet));
          packet.size = 2 * sizes[k];
          packet.trim_end = trim;
          g_assert_true (eka_chunker_push (chunker, &packet));
          eka_chunker_close (chunker);
          expect (chunker, 0, sizes[i] + sizes[k] - trim, 0);
          expect_none (chunker);
        }
}

/* Times of packets that end within a block are those of what follows. */
static void
test_pcm_times_within_blocks (void)
{
  g_autoptr (EkaChunker) chunker = new_chunker (EKA_CODEC_PCM, 0, SECOND);
  guint i;

  /* packets of 1050 samples, 65.625 ms, of a clock that is 1 % fast */
  for (i = 0; i < 400; i++)
    push_pcm (chunker, 1050, i * G_GUINT64_CONSTANT (66281250));
  eka_chunker_close (chunker);
  for (i = 0; i < 26; i++)
    {
      g_autoptr (EkaChunk) chunk = eka_chunker_pop (chunker);

      g_assert_nonnull (chunk);
      g_assert_cmpuint (chunk->samples, ==, PCM_RATE);
      /* within what the clock gains in a block and a packet */
      g_assert_cmpfloat_with_epsilon (chunk->running_time / 1.01,
                                      i * (gdouble) SECOND, MSECOND);
    }
}

static void
test_pcm_times (void)
{
  g_autoptr (EkaChunker) chunker = new_chunker (EKA_CODEC_PCM, 0, 20 * SECOND);
  const guint64 times[] = {
    SECOND, 21 * SECOND, 41 * SECOND, 97 * SECOND + 500 * MSECOND,
  };

  push_pcm (chunker, 45 * PCM_RATE, SECOND);
  /* no time: 1 s + 45 s; then 82.5 s where the clock jumped */
  push_pcm (chunker, PCM_RATE / 2, EKA_TIME_NONE);
  push_pcm (chunker, 30 * PCM_RATE, 83 * SECOND);
  eka_chunker_close (chunker);
  assert_times (chunker, times, G_N_ELEMENTS (times));
}

static void
test_opus_times (void)
{
  g_autoptr (EkaChunker) chunker =
      new_chunker (EKA_CODEC_OPUS, 1920, 20 * SECOND);
  /* pre-skip hides two packets; 25 packets of pre-roll precede the time of
   * chunk 1 */
  const guint64 times[] = {
    5 * SECOND + 40 * MSECOND, 25 * SECOND, 60 * SECOND,
  };
  const guint8 data[2] = { 0x08 };
  EkaPacket packet = {
    .data = data,
    .size = sizeof data,
    .running_time = 5 * SECOND,
  };

  g_assert_true (eka_chunker_push (chunker, &packet));
  push_opus (chunker, 1099, FALSE, 0);
  packet.running_time = 60 * SECOND;
  packet.discont = TRUE;
  g_assert_true (eka_chunker_push (chunker, &packet));
  eka_chunker_close (chunker);
  assert_times (chunker, times, G_N_ELEMENTS (times));
}

static void
test_unknown_times (void)
{
  g_autoptr (EkaChunker) chunker = new_chunker (EKA_CODEC_OPUS, 0, 20 * SECOND);
  const guint64 times[] = { EKA_TIME_NONE, EKA_TIME_NONE };

  push_opus (chunker, 1010, FALSE, 0);
  eka_chunker_close (chunker);
  assert_times (chunker, times, G_N_ELEMENTS (times));
}

/* Wall clock times go with running times, and from packet to packet. */
static void
test_utc (void)
{
  static const guint64 known[] = { 0, 1700000000 * SECOND };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (known); i++)
    {
      g_autoptr (EkaChunker) chunker =
          new_chunker (EKA_CODEC_OPUS, 1920, 20 * SECOND);
      EkaPacket packet = {
        .data = (const guint8 *) "\x08\x80",
        .size = 2,
        .running_time = 5 * SECOND,
        .utc = known[i],
      };
      g_autoptr (EkaChunk) first = NULL;
      g_autoptr (EkaChunk) second = NULL;
      g_autoptr (EkaChunk) third = NULL;

      g_assert_true (eka_chunker_push (chunker, &packet));
      push_opus (chunker, 1099, FALSE, 0);
      /* the clock of the wall was set meanwhile */
      packet.running_time = 60 * SECOND;
      packet.utc = 1800000000 * SECOND;
      packet.discont = TRUE;
      g_assert_true (eka_chunker_push (chunker, &packet));
      eka_chunker_close (chunker);
      first = eka_chunker_pop (chunker);
      second = eka_chunker_pop (chunker);
      third = eka_chunker_pop (chunker);
      g_assert_nonnull (third);
      g_assert_cmpuint (first->utc, ==,
                        i == 0 ? 0 : known[i] + 40 * MSECOND);
      g_assert_cmpuint (second->utc, ==, i == 0 ? 0 : known[i] + 20 * SECOND);
      g_assert_cmpuint (third->utc, ==, 1800000000 * SECOND);
    }
}

/* The whole recording in one file: gaps, pauses and limits of time or not. */
static void
test_whole (void)
{
  const EkaChunkLimits limits = {
    .min_duration = SECOND,
    .max_duration = 20 * SECOND,
    .max_bytes = 10000000,
    .whole = TRUE,
  };
  g_autoptr (EkaChunker) opus =
      new_chunker (EKA_CODEC_OPUS, 312, 20 * SECOND);
  g_autoptr (EkaChunker) pcm = new_chunker (EKA_CODEC_PCM, 0, 20 * SECOND);
  guint i;

  eka_chunker_set_limits (opus, &limits);
  eka_chunker_set_limits (pcm, &limits);
  for (i = 0; i < 100; i++)
    {
      push_opus (opus, 150, TRUE, 7);
      push_pcm (pcm, PCM_RATE, i * SECOND);
      expect_none (opus);
      expect_none (pcm);
    }
  eka_chunker_close (opus);
  eka_chunker_close (pcm);
  expect (opus, 0, 100 * 150 * 960 - 312 - 7, 312);
  expect (pcm, 0, 100 * PCM_RATE, 0);
  expect_none (opus);
  expect_none (pcm);
}

/* What a caller who wants one file watches. */
static void
test_size (void)
{
  guint type;

  for (type = EKA_CODEC_OPUS; type <= EKA_CODEC_PCM; type++)
    {
      g_autoptr (EkaChunker) chunker = new_chunker (type, 0, 20 * SECOND);
      gsize before = eka_chunker_get_size (chunker), size = 0;
      g_autoptr (EkaChunk) chunk = NULL;
      guint i;

      for (i = 0; i < 15; i++)
        {
          if (type == EKA_CODEC_OPUS)
            push_opus (chunker, 50, FALSE, 0);
          else
            push_pcm (chunker, PCM_RATE, EKA_TIME_NONE);
          size = eka_chunker_get_size (chunker);
          g_assert_cmpuint (size, >, before);
          before = size;
        }
      eka_chunker_close (chunker);
      chunk = eka_chunker_pop (chunker);
      /* never less than it is, and not much more */
      g_assert_cmpuint (g_bytes_get_size (chunk->bytes), <=, size);
      g_assert_cmpuint (g_bytes_get_size (chunk->bytes) * 2, >, size);
    }
}

int
main (int    argc,
      char **argv)
{
#define ADD(name, func) g_test_add_func ("/chunkertimes/" name, func)

  g_test_init (&argc, &argv, NULL);
  ADD ("trimming-of-pcm", test_pcm_trim);
  ADD ("trimming-of-pcm-across-blocks", test_pcm_trim_blocks);
  ADD ("running-time-within-a-pcm-packet", test_pcm_times);
  ADD ("running-time-of-pcm-packets-within-blocks",
       test_pcm_times_within_blocks);
  ADD ("running-time-is-of-the-first-heard-packet", test_opus_times);
  ADD ("running-time-unknown", test_unknown_times);
  ADD ("wall-clock-time-of-each-chunk", test_utc);
  ADD ("whole-recording-in-one-file", test_whole);
  ADD ("size-of-the-file-to-come", test_size);
  return g_test_run ();
}
