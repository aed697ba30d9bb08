/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "chunk/chunker.h"
#include "chunk/opus.h"
#include "chunk/wav.h"

#include "../checked.h"
#include "oggreader.h"
#include "synth.h"

#include <string.h>

/* Random recordings of fixed seeds, and what holds for the chunks of any. */

#define SECOND G_GUINT64_CONSTANT (1000000000)
#define CRUMB 4800
#define PRE_ROLL 48000

/* What one packet is, and which stretch it belongs to. */
typedef struct
{
  GBytes *bytes;
  guint samples;
  guint trim_end;
  gboolean discont;
  guint stretch;
  guint64 running_time;
} Packet;

typedef struct
{
  EkaCodec codec;
  EkaChunkLimits limits;
  GArray *packets;
} Recording;

static void
packet_clear (gpointer data)
{
  g_bytes_unref (((Packet *) data)->bytes);
}

static Packet *
get_packet (const Recording *recording,
            guint            i)
{
  return &g_array_index (recording->packets, Packet, i);
}

static gboolean
is_last_of_stretch (const Recording *recording,
                    guint            i)
{
  return i + 1 == recording->packets->len ||
         get_packet (recording, i + 1)->stretch !=
             get_packet (recording, i)->stretch;
}

static Recording *
recording_new (guint seed)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (seed);
  Recording *self = g_new0 (Recording, 1);
  const guint n = g_rand_int_range (rand, 1, 3000);
  const gsize max_frame = (const gsize[]){ 30, 80, 400, 1275 }[seed % 4];
  const guint gaps = (const guint[]){ 0, 400, 20 }[seed % 3];
  gboolean mixed = g_rand_boolean (rand);
  guint config = g_rand_int_range (rand, 0, 32);
  guint64 heard = 0, time = g_rand_int (rand);
  guint stretch = 0, i;

  eka_opus_init_codec (&self->codec, 1 + seed % 2);
  self->codec.pre_skip = g_rand_int_range (rand, 0, 4000);
  self->limits.max_duration = g_rand_int_range (rand, 2, 25) * SECOND;
  self->limits.min_duration =
      self->limits.max_duration / 4 * g_rand_int_range (rand, 0, 5);
  self->limits.max_bytes = g_rand_int_range (rand, 1000000, 3000000);
  self->packets = g_array_new (FALSE, TRUE, sizeof (Packet));
  g_array_set_clear_func (self->packets, packet_clear);

  for (i = 0; i < n; i++)
    {
      Packet packet = { 0, };
      gsize size;
      const guint8 *data;

      packet.bytes = mixed
                         ? synth_random_opus_packet (rand, max_frame)
                         : synth_opus_packet (rand, config, 0, max_frame);
      data = g_bytes_get_data (packet.bytes, &size);
      packet.samples = eka_opus_packet_samples (data, size);
      packet.discont = gaps > 0 && g_rand_int_range (rand, 0, gaps) == 0;
      if (g_rand_int_range (rand, 0, 10) == 0 || i + 1 == n)
        packet.trim_end = g_rand_int_range (rand, 0, packet.samples);
      packet.running_time = time;
      if (packet.discont &&
          heard >= CRUMB + (stretch == 0 ? self->codec.pre_skip : 0))
        {
          stretch++;
          heard = 0;
        }
      heard += packet.samples;
      packet.stretch = stretch;
      time += packet.samples * SECOND / 48000 + g_rand_int_range (rand, 0, 9);
      g_array_append_val (self->packets, packet);
    }
  return self;
}

static void
recording_free (Recording *self)
{
  g_array_unref (self->packets);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Recording, recording_free)

static void
pop_all (EkaChunker *chunker,
         GPtrArray  *chunks)
{
  EkaChunk *chunk;

  while ((chunk = eka_chunker_pop (chunker)) != NULL)
    g_ptr_array_add (chunks, chunk);
}

/* @every: packets between two calls of pop; 0: only at the end */
static GPtrArray *
cut_recording (const Recording *recording,
               guint            every)
{
  GPtrArray *chunks = g_ptr_array_new_with_free_func (
      (GDestroyNotify) eka_chunk_unref);
  g_autoptr (EkaChunker) chunker =
      eka_chunker_new (&recording->codec, EKA_CONTAINER_OGG, &recording->limits);
  guint i;

  for (i = 0; i < recording->packets->len; i++)
    {
      const Packet *in = get_packet (recording, i);
      EkaPacket packet = {
        .running_time = in->running_time,
        .trim_end = in->trim_end,
        .discont = in->discont,
      };

      packet.data = g_bytes_get_data (in->bytes, &packet.size);
      g_assert_true (eka_chunker_push (chunker, &packet));
      if (every > 0 && i % every == 0)
        pop_all (chunker, chunks);
    }
  eka_chunker_close (chunker);
  pop_all (chunker, chunks);
  return chunks;
}

/* Packets of pre-roll: those that pre-skip hides, less that of the codec. */
static guint
count_pre_roll (const OggFile *file,
                guint          hidden)
{
  guint n = 0;

  while (hidden > 0)
    {
      gsize size;
      const guint8 *data = g_bytes_get_data (file->packets->pdata[n++], &size);
      const guint samples =
          eka_opus_packet_samples (data, size);

      g_assert_cmpuint (samples, <=, hidden);
      hidden -= samples;
    }
  return n;
}

static void
check_pre_roll (const Recording *recording,
                guint            place,
                guint            n,
                guint            hidden)
{
  const guint stretch = get_packet (recording, place)->stretch;
  /* a quarter of a short chunk is enough */
  const guint64 enough =
      MIN (PRE_ROLL, MAX (recording->limits.max_duration, SECOND) / 4 * 48000 /
                         SECOND);

  g_assert_cmpuint (n, <=, place);
  if (n > 0)
    g_assert_cmpuint (get_packet (recording, place - n)->stretch, ==, stretch);
  if (hidden >= enough)
    return;
  /* less than that only where the stretch has no more */
  if (place > n)
    g_assert_cmpuint (
        get_packet (recording, place - n - 1)->stretch, !=, stretch);
}

static guint64
expected_time (const Recording *recording,
               guint            place,
               guint            skip)
{
  while (skip >= get_packet (recording, place)->samples)
    skip -= get_packet (recording, place++)->samples;
  return get_packet (recording, place)->running_time;
}

/* Returns: where the next chunk begins */
static guint
check_chunk (const Recording *recording,
             const EkaChunk  *chunk,
             guint            place)
{
  g_autoptr (OggFile) file = ogg_file_new (chunk->bytes);
  const guint skip = place == 0 ? recording->codec.pre_skip : 0;
  const guint hidden = file->codec.pre_skip - skip;
  const guint n = count_pre_roll (file, hidden);
  const guint first = place;
  guint i;

  check_pre_roll (recording, place, n, hidden);
  g_assert_cmpuint (chunk->pre_roll, ==, (guint64) hidden * SECOND / 48000);
  for (i = 0; i < file->packets->len; i++)
    {
      const Packet *packet = get_packet (recording, place - n + i);

      g_assert_true (g_bytes_equal (file->packets->pdata[i], packet->bytes));
      g_assert_cmpuint (
          packet->stretch, ==, get_packet (recording, place)->stretch);
    }
  place += file->packets->len - n;

  g_assert_cmpuint (file->total * SECOND / 48000, <=,
                    recording->limits.max_duration);
  g_assert_cmpuint (g_bytes_get_size (chunk->bytes), <=,
                    recording->limits.max_bytes);
  g_assert_cmpuint (file->max_page_samples, <=, 48000);
  g_assert_cmphex (file->serial, ==, 0x656b6100 + chunk->index);
  g_assert_cmpuint (file->samples, ==, chunk->samples);
  g_assert_cmpuint (chunk->duration, ==, chunk->samples * SECOND / 48000);
  g_assert_cmpuint (chunk->running_time, ==,
                    expected_time (recording, first, skip));
  g_assert_cmpuint (file->trim_end, ==,
                    is_last_of_stretch (recording, place - 1)
                        ? get_packet (recording, place - 1)->trim_end
                        : 0);
  /* a crumb has a stretch for itself, or trimming made it one */
  if (file->samples + file->trim_end < CRUMB)
    {
      g_assert_cmpuint (hidden, ==, 0);
      g_assert_true (is_last_of_stretch (recording, place - 1));
    }
  return place;
}

static void
check_recording (guint seed)
{
  g_autoptr (Recording) recording = recording_new (seed);
  g_autoptr (GPtrArray) chunks = cut_recording (recording, 1);
  g_autoptr (GPtrArray) rarely = cut_recording (recording, 777);
  g_autoptr (GPtrArray) late = cut_recording (recording, 0);
  guint place = 0, i;

  g_assert_cmpuint (rarely->len, ==, chunks->len);
  g_assert_cmpuint (late->len, ==, chunks->len);
  for (i = 0; i < chunks->len; i++)
    {
      const EkaChunk *chunk = chunks->pdata[i];

      g_assert_cmpuint (chunk->index, ==, i);
      place = check_chunk (recording, chunk, place);
      g_assert_true (g_bytes_equal (
          chunk->bytes, ((EkaChunk *) rarely->pdata[i])->bytes));
      g_assert_true (g_bytes_equal (
          chunk->bytes, ((EkaChunk *) late->pdata[i])->bytes));
    }
  /* all is in a chunk, but a recording that nobody hears */
  if (chunks->len > 0)
    g_assert_cmpuint (place, ==, recording->packets->len);
}

static void
test_opus (void)
{
  guint seed;

  for (seed = 1; seed <= checked_count (60, 15); seed++)
    check_recording (seed);
}

static void
test_worst_bitrate (void)
{
  const EkaChunkLimits limits = {
    .min_duration = 20 * SECOND,
    .max_duration = 20 * SECOND,
    .max_bytes = 1000000,
  };
  g_autoptr (EkaChunker) chunker = NULL;
  guint8 data[1276] = { 0xe0 };
  EkaPacket packet = { .data = data, .size = sizeof data };
  EkaCodec codec;
  guint64 sum = 0;
  guint i;

  eka_opus_init_codec (&codec, 2);
  chunker = eka_chunker_new (&codec, EKA_CONTAINER_OGG, &limits);
  for (i = 0; i < 9000; i++)
    {
      g_autoptr (EkaChunk) chunk = NULL;

      g_assert_true (eka_chunker_push (chunker, &packet));
      if (i == 8999)
        eka_chunker_close (chunker);
      chunk = eka_chunker_pop (chunker);
      if (chunk == NULL)
        continue;
      g_assert_cmpuint (g_bytes_get_size (chunk->bytes), <=, 1000000);
      g_assert_cmpuint (chunk->samples, >=, CRUMB);
      sum += chunk->samples;
    }
  sum += eka_chunker_get_pending (chunker, NULL) * 48 / 1000000;
  g_assert_cmpuint (sum, ==, 9000 * 120);
}

static void
check_pcm (guint seed)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (seed);
  const EkaChunkLimits limits = {
    .min_duration = g_rand_int_range (rand, 0, 25) * SECOND,
    .max_duration = g_rand_int_range (rand, 1, 25) * SECOND,
    .max_bytes = g_rand_int_range (rand, 2e5, 2e6),
  };
  g_autoptr (GByteArray) in = g_byte_array_new ();
  g_autoptr (GByteArray) out = g_byte_array_new ();
  g_autoptr (GPtrArray) chunks = g_ptr_array_new_with_free_func (
      (GDestroyNotify) eka_chunk_unref);
  g_autoptr (EkaChunker) chunker = NULL;
  EkaCodec codec;
  guint n = g_rand_int_range (rand, 1, 2000), i;

  eka_codec_init_samples (
      &codec, EKA_CODEC_PCM,
      (const guint[]){ 8000, 16000, 44100 }[seed % 3], 1 + seed % 2);
  chunker = eka_chunker_new (&codec, EKA_CONTAINER_WAV, &limits);
  for (i = 0; i < n; i++)
    {
      guint8 data[4000];
      const gsize size =
          4 * g_rand_int_range (rand, 1, g_rand_int_range (rand, 2, 1000));
      const EkaPacket packet = {
        .data = data,
        .size = size,
        .running_time = EKA_TIME_NONE,
      };

      memset (data, g_rand_int (rand), size);
      g_assert_true (eka_chunker_push (chunker, &packet));
      g_byte_array_append (in, data, size);
      if (seed % 4 != 0)
        pop_all (chunker, chunks);
    }
  eka_chunker_close (chunker);
  pop_all (chunker, chunks);

  for (i = 0; i < chunks->len; i++)
    {
      const EkaChunk *chunk = chunks->pdata[i];
      gsize size;
      const guint8 *data = g_bytes_get_data (chunk->bytes, &size);

      g_assert_cmpuint (size, <=, limits.max_bytes);
      g_assert_cmpuint (chunk->duration, <=, limits.max_duration);
      g_assert_cmpuint (size, ==, EKA_WAV_HEADER_SIZE +
                                      chunk->samples * 2 * codec.channels);
      if (chunks->len > 1)
        g_assert_cmpuint (chunk->samples, >=, codec.rate / 10);
      g_byte_array_append (out, data + EKA_WAV_HEADER_SIZE,
                           size - EKA_WAV_HEADER_SIZE);
    }
  g_assert_cmpmem (in->data, in->len, out->data, out->len);
}

static void
test_pcm (void)
{
  guint seed;

  for (seed = 1; seed <= checked_count (30, 10); seed++)
    check_pcm (seed);
}

/* Random bytes, flags and limits: no crash, no broken file, no limit broken. */
static void
test_fuzz (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (4711);
  g_autofree guint8 *data = g_malloc (70000);
  guint round, i;

  for (i = 0; i < 70000; i++)
    data[i] = g_rand_int (rand);

  for (round = 0; round < checked_count (300, 60); round++)
    {
      const gboolean opus = round % 4 != 0;
      const EkaChunkLimits limits = {
        .min_duration = g_rand_int_range (rand, 0, 5) * SECOND,
        .max_duration = g_rand_int_range (rand, 1, 4) * SECOND,
        .max_bytes = 128 * 1024,
      };
      g_autoptr (EkaChunker) chunker = NULL;
      guint index = 0;
      EkaCodec codec;

      eka_codec_init_samples (&codec, EKA_CODEC_PCM,
                              g_rand_int_range (rand, 1, 400000), 1);
      if (opus)
        eka_opus_init_codec (&codec, 1);
      codec.pre_skip = g_rand_int_range (rand, 0, 65536);
      chunker = eka_chunker_new (
          &codec, opus ? EKA_CONTAINER_OGG : EKA_CONTAINER_WAV, &limits);
      for (i = 0; i < 300; i++)
        {
          const gsize size = g_rand_int_range (
              rand, 0, g_rand_int_range (rand, 0, 20) == 0 ? 70000 : 600);
          const EkaPacket packet = {
            .data = data + g_rand_int_range (rand, 0, 70000 - size),
            .size = size,
            .running_time =
                g_rand_boolean (rand) ? g_rand_int (rand) : EKA_TIME_NONE,
            .utc = g_rand_boolean (rand) ? g_rand_int (rand) : 0,
            .skip = g_rand_int (rand) >> g_rand_int_range (rand, 8, 32),
            .trim_end = g_rand_int (rand) >> g_rand_int_range (rand, 0, 32),
            .loudness = g_rand_int_range (rand, 0, 129),
            .discont = g_rand_int_range (rand, 0, 30) == 0,
          };
          EkaChunk *chunk;

          eka_chunker_push (chunker, &packet);
          if (g_rand_int_range (rand, 0, 100) == 0)
            eka_chunker_close (chunker);
          while (g_rand_boolean (rand) &&
                 (chunk = eka_chunker_pop (chunker)) != NULL)
            {
              g_assert_cmpuint (chunk->index, ==, index++);
              g_assert_cmpuint (chunk->samples, >, 0);
              g_assert_cmpuint (g_bytes_get_size (chunk->bytes), <=,
                                limits.max_bytes);
              if (opus)
                {
                  g_autoptr (OggFile) file = ogg_file_new (chunk->bytes);

                  g_assert_cmpuint (file->samples, ==, chunk->samples);
                  g_assert_cmpuint (file->total * SECOND / 48000, <=,
                                    limits.max_duration);
                }
              eka_chunk_unref (chunk);
            }
        }
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/recordings/opus-packet-for-packet", test_opus);
  g_test_add_func ("/recordings/worst-bitrate-within-bytes",
                   test_worst_bitrate);
  g_test_add_func ("/recordings/pcm-sample-for-sample", test_pcm);
  g_test_add_func ("/recordings/random-bytes-do-no-harm", test_fuzz);
  return g_test_run ();
}
