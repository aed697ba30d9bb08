/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "chunk/chunker.h"

#include "oggreader.h"

#include <string.h>

#define SECOND G_GUINT64_CONSTANT (1000000000)
#define MSECOND G_GUINT64_CONSTANT (1000000)
#define PCM_RATE 16000

static EkaChunker *
new_chunker (EkaCodecType type,
             guint        pre_skip,
             guint64      max_duration)
{
  const EkaChunkLimits limits = { max_duration, 10000000 };
  EkaCodec codec;

  if (type == EKA_CODEC_PCM)
    eka_codec_init_pcm (&codec, PCM_RATE, 1);
  else
    eka_codec_init_opus (&codec, 1);
  codec.pre_skip = pre_skip;
  return eka_chunker_new (&codec, &limits);
}

/* Opus packets of 20 ms; the last one with @trim_end. */
static void
push_opus (EkaChunker *chunker,
           guint       n,
           gboolean    discont,
           guint       trim_end)
{
  static guint8 number;
  guint i;

  for (i = 0; i < n; i++)
    {
      const guint8 data[4] = { 0x08, number++, i >> 8, i };
      const EkaPacket packet = {
        .data = data,
        .size = sizeof data,
        .running_time = EKA_TIME_NONE,
        .discont = discont && i == 0,
        .trim_end = i + 1 == n ? trim_end : 0,
      };

      g_assert_true (eka_chunker_push (chunker, &packet));
    }
}

static void
push_pcm (EkaChunker *chunker,
          guint       frames,
          guint64     running_time)
{
  g_autofree guint8 *data = g_malloc0 (2 * frames);
  const EkaPacket packet = {
    .data = data,
    .size = 2 * frames,
    .running_time = running_time,
  };

  g_assert_true (eka_chunker_push (chunker, &packet));
}

/* Pops a chunk of @samples; Opus: with @pre_skip, and its counts confirmed. */
static EkaChunk *
expect_chunk (EkaChunker *chunker,
              guint       index,
              guint64     samples,
              guint       pre_skip)
{
  EkaChunk *chunk = eka_chunker_pop (chunker);
  guint rate = PCM_RATE;

  g_assert_nonnull (chunk);
  g_assert_cmpuint (chunk->index, ==, index);
  g_assert_cmpuint (chunk->samples, ==, samples);
  if (g_strcmp0 (chunk->extension, "ogg") == 0)
    {
      g_autoptr (OggFile) file = ogg_file_new (chunk->bytes);

      rate = 48000;
      g_assert_cmpuint (file->samples, ==, samples);
      g_assert_cmpuint (file->codec.pre_skip, ==, pre_skip);
    }
  g_assert_cmpuint (chunk->duration, ==, samples * SECOND / rate);
  return chunk;
}

static void
expect (EkaChunker *chunker,
        guint       index,
        guint64     samples,
        guint       pre_skip)
{
  eka_chunk_unref (expect_chunk (chunker, index, samples, pre_skip));
}

static void
expect_none (EkaChunker *chunker)
{
  g_assert_null (eka_chunker_pop (chunker));
}

static void
test_names (void)
{
  g_autoptr (EkaChunker) opus = new_chunker (EKA_CODEC_OPUS, 0, 20 * SECOND);
  g_autoptr (EkaChunker) pcm = new_chunker (EKA_CODEC_PCM, 0, 20 * SECOND);
  g_autoptr (EkaChunk) ogg = NULL;
  g_autoptr (EkaChunk) plain = NULL;
  g_autoptr (EkaChunk) wav = NULL;

  push_opus (opus, 10, FALSE, 0);
  eka_chunker_close (opus);
  ogg = expect_chunk (opus, 0, 9600, 0);
  g_assert_cmpstr (ogg->media_type, ==, "audio/ogg;codecs=opus");
  g_assert_cmpstr (ogg->extension, ==, "ogg");

  eka_chunker_set_media_type (opus, "audio/ogg");
  push_opus (opus, 10, FALSE, 0);
  eka_chunker_close (opus);
  plain = expect_chunk (opus, 1, 9600, 0);
  g_assert_cmpstr (plain->media_type, ==, "audio/ogg");

  push_pcm (pcm, 3200, 0);
  eka_chunker_close (pcm);
  wav = expect_chunk (pcm, 0, 3200, 0);
  g_assert_cmpstr (wav->media_type, ==, "audio/wav");
  g_assert_cmpstr (wav->extension, ==, "wav");
  g_assert_cmpuint (g_bytes_get_size (wav->bytes), ==, 6444);
}

static void
test_cut_place (void)
{
  g_autoptr (EkaChunker) chunker = new_chunker (EKA_CODEC_OPUS, 0, 20 * SECOND);

  push_opus (chunker, 1004, FALSE, 0);
  expect_none (chunker);
  push_opus (chunker, 1, FALSE, 0);
  expect (chunker, 0, 960000, 0);
  expect_none (chunker);
  /* 25 packets of pre-roll leave 975 for contents */
  push_opus (chunker, 974, FALSE, 0);
  expect_none (chunker);
  push_opus (chunker, 1, FALSE, 0);
  expect (chunker, 1, 975 * 960, 24000);
  eka_chunker_close (chunker);
  expect (chunker, 2, 4800, 24000);
  expect_none (chunker);
}

static void
test_pre_skip (void)
{
  g_autoptr (EkaChunker) chunker =
      new_chunker (EKA_CODEC_OPUS, 312, 20 * SECOND);

  push_opus (chunker, 1005, FALSE, 0);
  expect (chunker, 0, 960000 - 312, 312);
  eka_chunker_close (chunker);
  expect (chunker, 1, 4800, 24000);
}

static void
test_no_crumb_at_end (void)
{
  g_autoptr (EkaChunker) opus = new_chunker (EKA_CODEC_OPUS, 0, 20 * SECOND);
  g_autoptr (EkaChunker) pcm = new_chunker (EKA_CODEC_PCM, 0, 20 * SECOND);
  g_autoptr (EkaChunker) trimmed = new_chunker (EKA_CODEC_OPUS, 0, 20 * SECOND);

  push_opus (opus, 1002, FALSE, 0);
  expect_none (opus);
  eka_chunker_close (opus);
  expect (opus, 0, 997 * 960, 0);
  expect (opus, 1, 5 * 960, 24000);
  expect_none (opus);

  push_pcm (pcm, 20 * PCM_RATE + 7, 0);
  eka_chunker_close (pcm);
  expect (pcm, 0, 20 * PCM_RATE + 7 - 1600, 0);
  expect (pcm, 1, 1600, 0);
  expect_none (pcm);

  /* what trimming takes off doesn't count */
  push_opus (trimmed, 1005, FALSE, 900);
  expect_none (trimmed);
  eka_chunker_close (trimmed);
  expect (trimmed, 0, 999 * 960, 0);
  expect (trimmed, 1, 6 * 960 - 900, 24000);
}

static void
test_short (void)
{
  g_autoptr (EkaChunker) chunker = new_chunker (EKA_CODEC_OPUS, 0, 20 * SECOND);

  eka_chunker_close (chunker);
  expect_none (chunker);
  push_opus (chunker, 1, FALSE, 0);
  expect_none (chunker);
  eka_chunker_close (chunker);
  expect (chunker, 0, 960, 0);
  expect_none (chunker);
  eka_chunker_close (chunker);
  expect_none (chunker);
}

static void
test_within_pre_skip (void)
{
  g_autoptr (EkaChunker) chunker =
      new_chunker (EKA_CODEC_OPUS, 1920, 20 * SECOND);

  push_opus (chunker, 2, FALSE, 0);
  eka_chunker_close (chunker);
  expect_none (chunker);
  push_opus (chunker, 20, FALSE, 0);
  eka_chunker_close (chunker);
  expect (chunker, 0, 20 * 960, 0);
}

static void
test_trimmed_away (void)
{
  g_autoptr (EkaChunker) chunker =
      new_chunker (EKA_CODEC_OPUS, 312, 20 * SECOND);

  push_opus (chunker, 1, FALSE, 700);
  eka_chunker_close (chunker);
  expect_none (chunker);
}

static void
test_discont (void)
{
  g_autoptr (EkaChunker) chunker =
      new_chunker (EKA_CODEC_OPUS, 312, 20 * SECOND);

  /* the first packet of a recording continues nothing, and opens no gap */
  push_opus (chunker, 100, TRUE, 0);
  expect_none (chunker);
  push_opus (chunker, 100, TRUE, 0);
  expect (chunker, 0, 100 * 960 - 312, 312);
  expect_none (chunker);
  push_opus (chunker, 5, TRUE, 0);
  expect (chunker, 1, 100 * 960, 0);
  eka_chunker_close (chunker);
  expect (chunker, 2, 5 * 960, 0);
  expect_none (chunker);
}

static void
test_discont_crumb (void)
{
  g_autoptr (EkaChunker) chunker = new_chunker (EKA_CODEC_OPUS, 0, 20 * SECOND);

  push_opus (chunker, 100, FALSE, 0);
  push_opus (chunker, 4, TRUE, 100);
  push_opus (chunker, 4, TRUE, 0);
  push_opus (chunker, 100, TRUE, 0);
  push_opus (chunker, 3, TRUE, 0);
  eka_chunker_close (chunker);
  expect (chunker, 0, 100 * 960, 0);
  /* 4 + 4 are no crumb any more; the trimming within them is void */
  expect (chunker, 1, 8 * 960, 0);
  expect (chunker, 2, 100 * 960, 0);
  expect (chunker, 3, 3 * 960, 0);
  expect_none (chunker);
}

static void
test_discont_late_pop (void)
{
  g_autoptr (EkaChunker) chunker = new_chunker (EKA_CODEC_OPUS, 0, 20 * SECOND);

  push_opus (chunker, 1002, FALSE, 0);
  push_opus (chunker, 1010, TRUE, 0);
  expect (chunker, 0, 997 * 960, 0);
  expect (chunker, 1, 5 * 960, 24000);
  expect (chunker, 2, 1000 * 960, 0);
  expect_none (chunker);
  eka_chunker_close (chunker);
  expect (chunker, 3, 10 * 960, 24000);
}

static void
test_after_close (void)
{
  g_autoptr (EkaChunker) chunker = new_chunker (EKA_CODEC_OPUS, 0, 20 * SECOND);

  push_opus (chunker, 2, FALSE, 0);
  eka_chunker_close (chunker);
  /* here a crumb goes alone: the recording had ended */
  push_opus (chunker, 50, FALSE, 0);
  expect (chunker, 0, 2 * 960, 0);
  expect_none (chunker);
  eka_chunker_close (chunker);
  expect (chunker, 1, 50 * 960, 0);
  expect_none (chunker);
}

static void
test_set_limits (void)
{
  g_autoptr (EkaChunker) chunker = new_chunker (EKA_CODEC_PCM, 0, 20 * SECOND);
  EkaChunkLimits limits = { 5 * SECOND, 10000000 };
  guint i;

  push_pcm (chunker, 19 * PCM_RATE, 0);
  expect_none (chunker);
  eka_chunker_set_limits (chunker, &limits);
  for (i = 0; i < 3; i++)
    expect (chunker, i, 5 * PCM_RATE, 0);
  expect_none (chunker);
  limits.max_duration = 20 * SECOND;
  eka_chunker_set_limits (chunker, &limits);
  push_pcm (chunker, 18 * PCM_RATE, 0);
  expect (chunker, 3, 20 * PCM_RATE, 0);
  expect_none (chunker);
}

static void
test_absurd_limits (void)
{
  g_autoptr (EkaChunker) chunker = new_chunker (EKA_CODEC_PCM, 0, 20 * SECOND);
  EkaChunkLimits limits = { 0, 0 };

  eka_chunker_set_limits (chunker, &limits);
  push_pcm (chunker, 2 * PCM_RATE, 0);
  expect (chunker, 0, PCM_RATE, 0);
  expect_none (chunker);

  limits = (EkaChunkLimits) { 100 * SECOND, 0 };
  eka_chunker_set_limits (chunker, &limits);
  push_pcm (chunker, 9 * PCM_RATE, 0);
  expect (chunker, 1, (128 * 1024 - 44) / 2, 0);
  expect (chunker, 2, (128 * 1024 - 44) / 2, 0);
  expect_none (chunker);

  limits = (EkaChunkLimits) { G_MAXUINT64, G_MAXSIZE };
  eka_chunker_set_limits (chunker, &limits);
  expect_none (chunker);
  eka_chunker_close (chunker);
  expect (chunker, 3, 10 * PCM_RATE - (128 * 1024 - 44), 0);
}

/* Pre-skip of 1.365 s does not fit into a chunk of 1 s. */
static void
test_long_pre_skip (void)
{
  g_autoptr (EkaChunker) chunker = new_chunker (EKA_CODEC_OPUS, 65535, SECOND);
  guint64 sum = 0;
  guint index = 0;

  push_opus (chunker, 200, FALSE, 10);
  eka_chunker_close (chunker);
  while (TRUE)
    {
      g_autoptr (EkaChunk) chunk = eka_chunker_pop (chunker);
      g_autoptr (OggFile) file = NULL;

      if (chunk == NULL)
        break;
      g_assert_cmpuint (chunk->index, ==, index++);
      file = ogg_file_new (chunk->bytes);
      g_assert_cmpuint (file->total, <=, 48000);
      g_assert_cmpuint (file->samples, >, 0);
      sum += file->samples;
    }
  g_assert_cmpuint (sum, ==, 200 * 960 - 65535 - 10);
}

static gboolean
push_bytes (EkaChunker  *chunker,
            const gchar *data,
            gsize        size,
            gboolean     discont)
{
  const EkaPacket packet = {
    .data = (const guint8 *) data,
    .size = size,
    .running_time = EKA_TIME_NONE,
    .discont = discont,
  };

  return eka_chunker_push (chunker, &packet);
}

static void
test_damaged (void)
{
  g_autoptr (EkaChunker) opus = new_chunker (EKA_CODEC_OPUS, 0, 20 * SECOND);
  g_autoptr (EkaChunker) pcm = new_chunker (EKA_CODEC_PCM, 0, 20 * SECOND);

  g_assert_false (push_bytes (opus, NULL, 0, FALSE));
  g_assert_false (push_bytes (opus, "\x0b", 1, FALSE));
  push_opus (opus, 10, FALSE, 0);
  /* the gap that it stands behind is there without it */
  g_assert_false (push_bytes (opus, "\x0b", 1, TRUE));
  push_opus (opus, 10, FALSE, 0);
  expect (opus, 0, 10 * 960, 0);
  eka_chunker_close (opus);
  expect (opus, 1, 10 * 960, 0);
  expect_none (opus);

  g_assert_false (push_bytes (pcm, NULL, 0, FALSE));
  g_assert_false (push_bytes (pcm, "1", 1, FALSE));
  eka_chunker_close (pcm);
  expect_none (pcm);
  g_assert_false (push_bytes (pcm, "12345", 5, FALSE));
  eka_chunker_close (pcm);
  expect (pcm, 0, 2, 0);
}

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

/* Packets that are nearly all padding: pre-roll leaves them room. */
static void
test_padded (void)
{
  const EkaChunkLimits limits = { 20 * SECOND, 128 * 1024 };
  g_autoptr (EkaChunker) chunker = new_chunker (EKA_CODEC_OPUS, 0, 20 * SECOND);
  g_autofree gchar *data = g_malloc0 (30000);
  guint64 sum = 0;
  guint i;

  /* 117 bytes tell 117 * 254 bytes of padding and more */
  memcpy (data, "\x0b\x41", 2);
  memset (data + 2, 255, 117);
  data[119] = 100;
  for (i = 0; i < 400; i++)
    g_assert_true (push_bytes (chunker, data, 30000, FALSE));
  expect (chunker, 0, 331 * 960, 0);

  /* half a second of history is over a MB now, the limit 128 KiB */
  eka_chunker_set_limits (chunker, &limits);
  eka_chunker_close (chunker);
  while (TRUE)
    {
      g_autoptr (EkaChunk) chunk = eka_chunker_pop (chunker);
      g_autoptr (OggFile) file = NULL;

      if (chunk == NULL)
        break;
      g_assert_cmpuint (g_bytes_get_size (chunk->bytes), <=, limits.max_bytes);
      file = ogg_file_new (chunk->bytes);
      g_assert_cmpuint (file->codec.pre_skip, ==, 960);
      sum += file->samples;
    }
  g_assert_cmpuint (sum, ==, 69 * 960);
}

static void
test_pcm_trim (void)
{
  g_autoptr (EkaChunker) chunker = new_chunker (EKA_CODEC_PCM, 0, 20 * SECOND);
  g_autofree guint8 *data = g_malloc0 (2 * PCM_RATE);
  const EkaPacket packet = { data, 2 * PCM_RATE, 0, 1000, FALSE };
  g_autoptr (EkaChunk) chunk = NULL;

  g_assert_true (eka_chunker_push (chunker, &packet));
  g_assert_true (eka_chunker_push (chunker, &packet));
  eka_chunker_close (chunker);
  chunk = expect_chunk (chunker, 0, 2 * PCM_RATE - 1000, 0);
  g_assert_cmpuint (g_bytes_get_size (chunk->bytes), ==,
                    44 + 2 * (2 * PCM_RATE - 1000));
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
  EkaPacket packet = { data, sizeof data, 5 * SECOND, 0, FALSE };

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

static void
test_pending (void)
{
  g_autoptr (EkaChunker) chunker =
      new_chunker (EKA_CODEC_OPUS, 480, 20 * SECOND);
  gsize bytes = 1;

  g_assert_cmpuint (eka_chunker_get_pending (chunker, &bytes), ==, 0);
  g_assert_cmpuint (bytes, ==, 0);
  push_opus (chunker, 1005, FALSE, 0);
  g_assert_cmpuint (
      eka_chunker_get_pending (chunker, &bytes), ==, 20090 * MSECOND);
  g_assert_cmpuint (bytes, ==, 1005 * 4);
  expect (chunker, 0, 960000 - 480, 480);
  g_assert_cmpuint (
      eka_chunker_get_pending (chunker, NULL), ==, 100 * MSECOND);
  eka_chunker_get_pending (chunker, &bytes);
  g_assert_cmpuint (bytes, ==, 5 * 4);
  eka_chunker_close (chunker);
  expect (chunker, 1, 4800, 24000);
  g_assert_cmpuint (eka_chunker_get_pending (chunker, &bytes), ==, 0);
  g_assert_cmpuint (bytes, ==, 0);
}

int
main (int    argc,
      char **argv)
{
#define ADD(name, func) g_test_add_func ("/chunker/" name, func)

  g_test_init (&argc, &argv, NULL);
  ADD ("media-types-and-extensions", test_names);
  ADD ("cuts-at-the-limit-100-ms-later", test_cut_place);
  ADD ("chunk-0-keeps-the-pre-skip-of-the-codec", test_pre_skip);
  ADD ("no-crumb-at-the-end", test_no_crumb_at_end);
  ADD ("short-recording-is-one-chunk-none-is-none", test_short);
  ADD ("recording-within-pre-skip-is-no-chunk", test_within_pre_skip);
  ADD ("recording-trimmed-away-is-no-chunk", test_trimmed_away);
  ADD ("discontinuity-ends-a-chunk-without-pre-roll", test_discont);
  ADD ("crumb-before-a-discontinuity-opens-what-follows", test_discont_crumb);
  ADD ("discontinuities-are-kept-until-pop", test_discont_late_pop);
  ADD ("push-after-close-goes-on", test_after_close);
  ADD ("limits-change-at-the-next-cut", test_set_limits);
  ADD ("absurd-limits-are-clamped", test_absurd_limits);
  ADD ("pre-skip-longer-than-a-chunk", test_long_pre_skip);
  ADD ("damaged-packets-are-refused", test_damaged);
  ADD ("padded-packets-within-the-limit", test_padded);
  ADD ("trimming-of-pcm", test_pcm_trim);
  ADD ("running-time-within-a-pcm-packet", test_pcm_times);
  ADD ("running-time-is-of-the-first-heard-packet", test_opus_times);
  ADD ("running-time-unknown", test_unknown_times);
  ADD ("pending-counts-what-no-chunk-took", test_pending);
  return g_test_run ();
}
