/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "chunkerfixture.h"

#include "chunk/opus.h"

#include "oggreader.h"

EkaChunker *
new_chunker (EkaCodecType type,
             guint        pre_skip,
             guint64      max_duration)
{
  const EkaChunkLimits limits = {
    .min_duration = max_duration,
    .max_duration = max_duration,
    .max_bytes = 10000000,
  };
  EkaCodec codec;

  if (type == EKA_CODEC_PCM)
    eka_codec_init_samples (&codec, EKA_CODEC_PCM, PCM_RATE, 1);
  else
    eka_opus_init_codec (&codec, 1);
  codec.pre_skip = pre_skip;
  return eka_chunker_new (
      &codec, type == EKA_CODEC_PCM ? EKA_CONTAINER_WAV : EKA_CONTAINER_OGG,
      &limits);
}

/* Opus packets of 20 ms in which somebody speaks, so that no cut is better than
 * the last; the last one with @trim_end. */
void
push_opus (EkaChunker *chunker,
           guint       n,
           gboolean    discont,
           guint       trim_end)
{
  static guint8 number;
  guint i;

  for (i = 0; i < n; i++)
    {
      const guint8 data[4] = { 0x08, 0x80 | number++, i >> 8, i };
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

void
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
EkaChunk *
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

void
expect (EkaChunker *chunker,
        guint       index,
        guint64     samples,
        guint       pre_skip)
{
  eka_chunk_unref (expect_chunk (chunker, index, samples, pre_skip));
}

void
expect_none (EkaChunker *chunker)
{
  g_assert_null (eka_chunker_pop (chunker));
}
