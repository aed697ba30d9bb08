/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "packets.h"

#include "chunk/pcm.h"

#include "synth.h"

#define SECOND G_GUINT64_CONSTANT (1000000000)

/* @file: of the fuzzers' corpus, whose packets are taken; %NULL: made up */
static const struct
{
  const gchar *name;
  EkaCodecType type;
  EkaContainer container;
  const gchar *file;
} kinds[PACKETS_N_KINDS] = {
  { "opus-ogg", EKA_CODEC_OPUS, EKA_CONTAINER_OGG, "0-1.ogg" },
  { "opus-webm", EKA_CODEC_OPUS, EKA_CONTAINER_WEBM, "0-3.webm" },
  { "vorbis", EKA_CODEC_VORBIS, EKA_CONTAINER_OGG, "0-7.ogg" },
  { "aac-m4a", EKA_CODEC_AAC, EKA_CONTAINER_M4A, "0-9.m4a" },
  { "aac-mp4", EKA_CODEC_AAC, EKA_CONTAINER_MP4, "0-11.mp4" },
  { "mp3", EKA_CODEC_MP3, EKA_CONTAINER_MP3, "0-13.mp3" },
  { "mp3-other", EKA_CODEC_MP3, EKA_CONTAINER_MP3, "0-15.mp3" },
  { "pcm", EKA_CODEC_PCM, EKA_CONTAINER_WAV, NULL },
  { "mulaw", EKA_CODEC_MULAW, EKA_CONTAINER_WAV, NULL },
  { "alaw", EKA_CODEC_ALAW, EKA_CONTAINER_WAV, NULL },
};

/* A file of the corpus begins with a byte for the fuzzer. */
static void
read_source (EkaFile *file,
             guint    kind)
{
  g_autofree gchar *path =
      g_test_build_filename (G_TEST_DIST, "..", "fuzz", "corpus", "file",
                             kinds[kind].file, NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = NULL;
  gchar *data;
  gsize size;

  g_file_get_contents (path, &data, &size, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (size, >, 1);
  bytes = g_bytes_new (data + 1, size - 1);
  g_free (data);
  g_assert_true (eka_container_read (kinds[kind].container, file, bytes));
  g_assert_cmpuint (file->codec.type, ==, kinds[kind].type);
}

static GBytes *
make_samples (GRand *rand,
              gsize  size)
{
  guint8 *data = g_malloc (size);
  const gboolean quiet = g_rand_boolean (rand);
  gsize i;

  for (i = 0; i < size; i++)
    data[i] = g_rand_int (rand) & (quiet && i % 2 == 1 ? 0x01 : 0xff);
  return g_bytes_new_take (data, size);
}

/* @file: (nullable): where its packets come from */
static GBytes *
make_block (Packets *self,
            GRand   *rand,
            EkaFile *file,
            guint    i,
            gboolean plain)
{
  const guint frame = eka_codec_frame_size (&self->codec);
  gsize offset = 0;
  guint k;

  if (frame > 0 && plain)
    return make_samples (rand, eka_pcm_block_size (&self->codec));
  if (frame > 0)
    return make_samples (rand, g_rand_int_range (rand, 1, 100) * 10 * frame +
                                   (g_rand_int_range (rand, 0, 9) == 0));
  if (self->codec.type == EKA_CODEC_OPUS)
    return plain ? synth_opus_packet (rand, 11, 0, 80)
                 : synth_random_opus_packet (rand, 200);
  i %= file->packets->len;
  for (k = 0; k < i; k++)
    offset += g_array_index (file->packets, EkaPacketInfo, k).size;
  return g_bytes_new (file->data->data + offset,
                      g_array_index (file->packets, EkaPacketInfo, i).size);
}

/* What befalls the packets of a recording that is not plain. */
static void
mark_packet (Packets   *self,
             GRand     *rand,
             guint      i,
             EkaPacket *packet)
{
  if (i < 3 && g_rand_boolean (rand))
    packet->skip = g_rand_int_range (rand, 0, 500);
  if (g_rand_int_range (rand, 0, 40) == 0)
    packet->discont = TRUE;
  if (g_rand_int_range (rand, 0, 20) == 0)
    packet->trim_end = g_rand_int_range (rand, 0, 300);
  if (g_rand_int_range (rand, 0, 4) == 0)
    packet->loudness = g_rand_int_range (rand, 1, 129);
  if (g_rand_int_range (rand, 0, 4) == 0)
    {
      packet->running_time = EKA_TIME_NONE;
      packet->utc = 0;
    }
  if (g_rand_int_range (rand, 0, 5) == 0)
    packet->utc = 0;
  /* one that is none */
  if (g_rand_int_range (rand, 0, 30) == 0)
    packet->size = 0;
}

static void
add_packets (Packets *self,
             GRand   *rand,
             EkaFile *file,
             guint    n,
             gboolean plain)
{
  const gboolean timed = plain || g_rand_int_range (rand, 0, 5) > 0;
  guint64 time = g_rand_int (rand);
  guint previous = 0, i;

  for (i = 0; i < n; i++)
    {
      EkaPacket packet = { .running_time = timed ? time : EKA_TIME_NONE };
      GBytes *block = make_block (self, rand, file, i, plain);
      const gboolean closes =
          !plain && g_rand_int_range (rand, 0, 60) == 0;
      guint samples = 0;

      packet.data = g_bytes_get_data (block, &packet.size);
      packet.utc = timed ? G_GUINT64_CONSTANT (1700000000) * SECOND + time : 0;
      eka_codec_measure_packet (&self->codec, packet.data, packet.size,
                                &previous, &samples);
      time += eka_codec_time_from_samples (&self->codec, samples);
      if (!plain)
        mark_packet (self, rand, i, &packet);
      if (packet.discont)
        time += g_rand_int_range (rand, 0, 2000000000);
      g_array_append_val (self->packets, packet);
      g_array_append_val (self->closes, closes);
      g_ptr_array_add (self->blocks, block);
    }
}

static Packets *
make_packets (guint    kind,
              guint    seed,
              guint    n,
              gboolean plain)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (seed * 100 + kind);
  Packets *self = g_new0 (Packets, 1);
  g_auto (EkaFile) file = { 0, };

  self->name = kinds[kind].name;
  self->container = kinds[kind].container;
  self->packets = g_array_new (FALSE, FALSE, sizeof (EkaPacket));
  self->closes = g_array_new (FALSE, FALSE, sizeof (gboolean));
  self->blocks =
      g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  eka_file_init (&file);
  if (kinds[kind].file == NULL)
    eka_codec_init_samples (&self->codec, kinds[kind].type, 8000, 1 + seed % 2);
  else
    {
      read_source (&file, kind);
      eka_codec_copy (&self->codec, &file.codec);
    }
  if (self->codec.type == EKA_CODEC_OPUS)
    self->codec.output_gain = -5;
  if (kinds[kind].type == EKA_CODEC_AAC)
    self->codec.pre_skip = 2112;
  self->limits.max_duration = g_rand_int_range (rand, 4, 12) * SECOND / 4;
  self->limits.min_duration = g_rand_int_range (rand, 0, 2) * SECOND;
  self->limits.max_bytes = g_rand_int_range (rand, 130000, 400000);
  self->limits.whole = !plain && seed % 7 == 3;
  add_packets (self, rand, &file, n, plain);
  return self;
}

/* The same seed always makes the same recording. */
Packets *
packets_new (guint kind,
             guint seed,
             guint n)
{
  return make_packets (kind, seed, n, FALSE);
}

/* One to which nothing happens: all packets of one length, with their times */
Packets *
packets_new_plain (guint kind,
                   guint seed,
                   guint n)
{
  return make_packets (kind, seed, n, TRUE);
}

void
packets_free (Packets *packets)
{
  eka_codec_clear (&packets->codec);
  g_array_unref (packets->packets);
  g_array_unref (packets->closes);
  g_ptr_array_unref (packets->blocks);
  g_free (packets);
}

const EkaPacket *
packets_get (const Packets *packets,
             guint          i)
{
  return &g_array_index (packets->packets, EkaPacket, i);
}

EkaChunker *
packets_start (const Packets *packets)
{
  return eka_chunker_new (&packets->codec, packets->container,
                          &packets->limits);
}

void
packets_push (const Packets *packets,
              guint          i,
              EkaChunker    *chunker)
{
  eka_chunker_push (chunker, packets_get (packets, i));
  if (g_array_index (packets->closes, gboolean, i))
    eka_chunker_close (chunker);
}

GPtrArray *
packets_new_chunks (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify) eka_chunk_unref);
}

void
packets_pop_all (EkaChunker *chunker,
                 GPtrArray  *chunks)
{
  EkaChunk *chunk;

  while ((chunk = eka_chunker_pop (chunker)) != NULL)
    g_ptr_array_add (chunks, chunk);
}

void
packets_assert_same_chunks (GPtrArray *chunks,
                            GPtrArray *others)
{
  guint i;

  g_assert_cmpuint (chunks->len, ==, others->len);
  for (i = 0; i < chunks->len; i++)
    {
      const EkaChunk *chunk = chunks->pdata[i];
      const EkaChunk *other = others->pdata[i];

      g_assert_cmpuint (chunk->index, ==, other->index);
      g_assert_cmpstr (chunk->media_type, ==, other->media_type);
      g_assert_cmpstr (chunk->extension, ==, other->extension);
      g_assert_cmpuint (chunk->running_time, ==, other->running_time);
      g_assert_cmpuint (chunk->utc, ==, other->utc);
      g_assert_cmpuint (chunk->duration, ==, other->duration);
      g_assert_cmpuint (chunk->samples, ==, other->samples);
      g_assert_cmpuint (chunk->pre_roll, ==, other->pre_roll);
      g_assert_true (g_bytes_equal (chunk->bytes, other->bytes));
    }
}
