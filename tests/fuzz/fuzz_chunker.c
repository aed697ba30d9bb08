/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Recordings of any packets, marks and limits: bytes for the container, the codec
 * and the limits, a block for the header, then for each packet a byte of marks and
 * a block.
 */
#include "input.h"

#include "chunk/aac.h"
#include "chunk/chunker.h"
#include "chunk/mp3.h"
#include "chunk/opus.h"

#define SECOND G_GUINT64_CONSTANT (1000000000)
#define N_CONTAINERS (EKA_CONTAINER_WAV + 1)

/* Marks of a packet */
#define DISCONT 1
#define TRIM 2
#define SKIP 4
#define LOUDNESS 8
#define TIME 16
#define CLOSE 32
#define LIMITS 64

static gboolean
init_codec (EkaCodec     *codec,
            EkaContainer  container,
            guint         kind,
            GBytes       *header)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (header, &size);

  switch (container)
    {
    case EKA_CONTAINER_OGG:
    case EKA_CONTAINER_WEBM:
      if (!eka_opus_init_codec_from_head (codec, data, size))
        eka_opus_init_codec (codec, 1 + kind % 2);
      return TRUE;
    case EKA_CONTAINER_MP3:
      return eka_mp3_init_codec (codec, data, size);
    case EKA_CONTAINER_WAV:
      eka_codec_init_samples (codec, EKA_CODEC_PCM + kind % 3,
                              8000 * (1 + kind / 64), 1 + kind / 4 % 2);
      return TRUE;
    default:
      return eka_aac_init_codec (codec, data, size);
    }
}

static void
read_limits (EkaChunkLimits *limits,
             Input          *input)
{
  limits->min_duration = input_take_byte (input) * SECOND / 4;
  limits->max_duration = input_take_byte (input) * SECOND / 4;
  limits->max_bytes = (gsize) input_take_byte (input) << 12;
}

/* A chunk keeps the limits that it was made under, and can be read back. */
static void
check_chunk (EkaContainer          container,
             const EkaChunk       *chunk,
             const EkaChunkLimits *limits)
{
  const guint64 longest = MAX (limits->max_duration, SECOND);
  g_auto (EkaFile) file = { 0, };

  g_assert_cmpuint (chunk->samples, >, 0);
  if (!limits->whole)
    {
      g_assert_cmpuint (chunk->duration + chunk->pre_roll, <=, longest);
      g_assert_cmpuint (g_bytes_get_size (chunk->bytes), <=,
                        MAX (limits->max_bytes, 128 * 1024));
    }
  eka_file_init (&file);
  g_assert_true (eka_container_read (container, &file, chunk->bytes));
  g_assert_cmpuint (eka_file_count_samples (&file) - file.skip - file.trim_end,
                    ==, chunk->samples);
}

static void
pop_all (EkaChunker           *chunker,
         EkaContainer          container,
         const EkaChunkLimits *limits)
{
  EkaChunk *chunk;

  while ((chunk = eka_chunker_pop (chunker)) != NULL)
    {
      check_chunk (container, chunk, limits);
      eka_chunk_unref (chunk);
    }
}

static void
push_packet (EkaChunker     *chunker,
             EkaChunkLimits *limits,
             Input          *input)
{
  const guint marks = input_take_byte (input);
  EkaPacket packet = {
    .running_time = (marks & TIME) ? input_take_byte (input) * SECOND
                                   : EKA_TIME_NONE,
    .discont = (marks & DISCONT) != 0,
    .trim_end = (marks & TRIM) ? input_take_byte (input) * 16 : 0,
    .skip = (marks & SKIP) ? input_take_byte (input) * 16 : 0,
    .loudness = (marks & LOUDNESS) ? input_take_byte (input) % 129 : 0,
  };
  g_autoptr (GBytes) block = NULL;
  guint repeat = 1 + input_take_byte (input) % 64;

  if ((marks & LIMITS) != 0)
    {
      read_limits (limits, input);
      eka_chunker_set_limits (chunker, limits);
    }
  block = input_take_block (input);
  packet.data = g_bytes_get_data (block, &packet.size);
  while (repeat-- > 0)
    eka_chunker_push (chunker, &packet);
  if ((marks & CLOSE) != 0)
    eka_chunker_close (chunker);
}

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  Input input = { data, size };
  const EkaContainer container = input_take_byte (&input) % N_CONTAINERS;
  const guint kind = input_take_byte (&input);
  EkaChunkLimits limits = { .whole = kind >= 192 };
  g_autoptr (EkaChunker) chunker = NULL;
  g_autoptr (GBytes) header = NULL;
  g_auto (EkaCodec) codec = { 0, };

  read_limits (&limits, &input);
  header = input_take_block (&input);
  if (!init_codec (&codec, container, kind, header))
    return 0;
  chunker = eka_chunker_new (&codec, container, &limits);
  while (input.size > 0)
    {
      push_packet (chunker, &limits, &input);
      pop_all (chunker, container, &limits);
    }
  eka_chunker_close (chunker);
  pop_all (chunker, container, &limits);
  g_assert_cmpuint (eka_chunker_get_pending (chunker, NULL), ==, 0);
  return 0;
}
