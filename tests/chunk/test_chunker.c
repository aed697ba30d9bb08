/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "chunkerfixture.h"

#include "chunk/opus.h"
#include "chunk/wav.h"

#include "oggreader.h"

#include <string.h>

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
  /* 50 packets of pre-roll leave 950 for contents */
  push_opus (chunker, 949, FALSE, 0);
  expect_none (chunker);
  push_opus (chunker, 1, FALSE, 0);
  expect (chunker, 1, 950 * 960, 48000);
  eka_chunker_close (chunker);
  expect (chunker, 2, 4800, 48000);
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
  expect (chunker, 1, 4800, 48000);
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
  expect (opus, 1, 5 * 960, 48000);
  expect_none (opus);

  push_pcm (pcm, 20 * PCM_RATE + 7, 0);
  eka_chunker_close (pcm);
  /* back to a boundary of 10 ms that leaves enough */
  expect (pcm, 0, 20 * PCM_RATE - 1600, 0);
  expect (pcm, 1, 1600 + 7, 0);
  expect_none (pcm);

  /* what trimming takes off doesn't count */
  push_opus (trimmed, 1005, FALSE, 900);
  expect_none (trimmed);
  eka_chunker_close (trimmed);
  expect (trimmed, 0, 999 * 960, 0);
  expect (trimmed, 1, 6 * 960 - 900, 48000);
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
  expect (chunker, 1, 5 * 960, 48000);
  expect (chunker, 2, 1000 * 960, 0);
  expect_none (chunker);
  eka_chunker_close (chunker);
  expect (chunker, 3, 10 * 960, 48000);
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
  EkaChunkLimits limits = {
    .min_duration = 5 * SECOND,
    .max_duration = 5 * SECOND,
    .max_bytes = 10000000,
  };
  guint i;

  push_pcm (chunker, 19 * PCM_RATE, 0);
  expect_none (chunker);
  eka_chunker_set_limits (chunker, &limits);
  for (i = 0; i < 3; i++)
    expect (chunker, i, 5 * PCM_RATE, 0);
  expect_none (chunker);
  limits.min_duration = limits.max_duration = 20 * SECOND;
  eka_chunker_set_limits (chunker, &limits);
  push_pcm (chunker, 18 * PCM_RATE, 0);
  expect (chunker, 3, 20 * PCM_RATE, 0);
  expect_none (chunker);
}

static void
test_absurd_limits (void)
{
  g_autoptr (EkaChunker) chunker = new_chunker (EKA_CODEC_PCM, 0, 20 * SECOND);
  EkaChunkLimits limits = { 0 };

  eka_chunker_set_limits (chunker, &limits);
  push_pcm (chunker, 2 * PCM_RATE, 0);
  expect (chunker, 0, PCM_RATE, 0);
  expect_none (chunker);

  /* 409 blocks of 10 ms go into 128 KiB */
  limits = (EkaChunkLimits) { 100 * SECOND, 100 * SECOND, 0, FALSE };
  eka_chunker_set_limits (chunker, &limits);
  push_pcm (chunker, 9 * PCM_RATE, 0);
  expect (chunker, 1, 409 * PCM_RATE / 100, 0);
  expect (chunker, 2, 409 * PCM_RATE / 100, 0);
  expect_none (chunker);

  limits = (EkaChunkLimits) { G_MAXUINT64, G_MAXUINT64, G_MAXSIZE, FALSE };
  eka_chunker_set_limits (chunker, &limits);
  expect_none (chunker);
  eka_chunker_close (chunker);
  expect (chunker, 3, 10 * PCM_RATE - 2 * 409 * PCM_RATE / 100, 0);
}

/* What pre-skip hides does not count: neither for the least duration nor for
 * what can stand alone. */
static void
test_pre_skip_and_window (void)
{
  static const guint64 least[] = { 0, 5 * SECOND };
  guint k;

  for (k = 0; k < G_N_ELEMENTS (least); k++)
    {
      const EkaChunkLimits limits = {
        .min_duration = least[k],
        .max_duration = 20 * SECOND,
        .max_bytes = 10000000,
      };
      g_autoptr (EkaChunker) chunker = NULL;
      g_autoptr (EkaChunk) chunk = NULL;
      EkaCodec codec;
      guint i;

      eka_opus_init_codec (&codec, 1);
      codec.pre_skip = 3840;
      chunker = eka_chunker_new (&codec, EKA_CONTAINER_OGG, &limits);
      /* a pause at the very beginning, or around 5 s */
      for (i = 0; i < 1100; i++)
        {
          const gboolean quiet = k == 0 ? i < 9 : i > 240 && i < 260;
          const guint8 data[] = { 0x08, quiet ? 0 : 0x80 };
          const EkaPacket packet = { .data = data, .size = sizeof data };

          g_assert_true (eka_chunker_push (chunker, &packet));
        }
      chunk = eka_chunker_pop (chunker);
      g_assert_cmpuint (chunk->samples, ==,
                        k == 0 ? 1000 * 960 - 3840 : 254 * 960 - 3840);
    }
}

/* Starts of packets that are not heard, up to the first that is; no more of each
 * than it has, and no more of all than a header can tell. */
static void
test_hidden_starts (void)
{
  static const struct
  {
    guint pre_skip; /* of the header */
    guint skips[4]; /* of packets of 960 */
    guint hidden;
  } cases[] = {
    { 312, { 312 }, 312 },   { 0, { 312 }, 312 },
    { 312, { 100 }, 312 },   { 0, { 960, 960, 100 }, 2020 },
    { 0, { 0, 500 }, 0 },    { 0, { 100, 500 }, 100 },
    { 0, { 5000, 0 }, 960 }, { 1000, { 960, 500 }, 1460 },
  };
  guint i, k;

  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (EkaChunker) chunker =
          new_chunker (EKA_CODEC_OPUS, cases[i].pre_skip, 20 * SECOND);

      for (k = 0; k < 30; k++)
        {
          const EkaPacket packet = {
            .data = (const guint8 *) "\x08",
            .size = 1,
            .skip = k < 4 ? cases[i].skips[k] : 0,
          };

          g_assert_true (eka_chunker_push (chunker, &packet));
        }
      eka_chunker_close (chunker);
      expect (chunker, 0, 30 * 960 - cases[i].hidden, cases[i].hidden);
      /* what begins later is heard from its first sample */
      for (k = 0; k < 30; k++)
        {
          const EkaPacket packet = {
            .data = (const guint8 *) "\x08",
            .size = 1,
            .skip = 960,
          };

          g_assert_true (eka_chunker_push (chunker, &packet));
        }
      eka_chunker_close (chunker);
      expect (chunker, 1, 30 * 960, 0);
    }
}

static void
test_hidden_for_long (void)
{
  g_autoptr (EkaChunker) chunker = new_chunker (EKA_CODEC_OPUS, 0, 20 * SECOND);
  guint i;

  for (i = 0; i < 100; i++)
    {
      const EkaPacket packet = {
        .data = (const guint8 *) "\x08",
        .size = 1,
        .skip = 960,
      };

      g_assert_true (eka_chunker_push (chunker, &packet));
    }
  eka_chunker_close (chunker);
  expect (chunker, 0, 100 * 960 - 65535, 65535);
}

static void
test_hidden_pcm (void)
{
  g_autoptr (EkaChunker) chunker = new_chunker (EKA_CODEC_PCM, 0, 20 * SECOND);
  g_autofree guint8 *data = g_malloc0 (2 * PCM_RATE);
  const EkaPacket packet = {
    .data = data,
    .size = 2 * PCM_RATE,
    .running_time = SECOND,
    .skip = 1001,
  };
  g_autoptr (EkaChunk) chunk = NULL;

  data[2002] = 1;
  g_assert_true (eka_chunker_push (chunker, &packet));
  eka_chunker_close (chunker);
  chunk = expect_chunk (chunker, 0, PCM_RATE - 1001, 0);
  g_assert_cmpuint (((const guint8 *) g_bytes_get_data (chunk->bytes, NULL))
                        [EKA_WAV_HEADER_SIZE],
                    ==, 1);
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
test_padded (void)
{
  const EkaChunkLimits limits = {
    .min_duration = 20 * SECOND,
    .max_duration = 20 * SECOND,
    .max_bytes = 128 * 1024,
  };
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
  expect (chunker, 1, 4800, 48000);
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
  ADD ("pre-skip-is-no-part-of-the-least-duration", test_pre_skip_and_window);
  ADD ("pre-skip-longer-than-a-chunk", test_long_pre_skip);
  ADD ("starts-of-packets-are-hidden", test_hidden_starts);
  ADD ("hides-no-more-than-a-header-tells", test_hidden_for_long);
  ADD ("start-of-pcm-is-hidden", test_hidden_pcm);
  ADD ("damaged-packets-are-refused", test_damaged);
  ADD ("padded-packets-within-the-limit", test_padded);
  ADD ("pending-counts-what-no-chunk-took", test_pending);
  return g_test_run ();
}
