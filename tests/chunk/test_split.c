/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "chunk/split.h"

#include "chunk/chunker.h"
#include "chunk/opus.h"
#include "chunk/wav.h"

#include "../checked.h"
#include "oggreader.h"
#include "synth.h"

#include <ogg/ogg.h>
#include <string.h>

#define SECOND G_GUINT64_CONSTANT (1000000000)
#define CRUMB 4800
#define PRE_ROLL 48000

static GPtrArray *
new_chunks (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify) eka_chunk_unref);
}

static void
pop_all (EkaChunker *chunker,
         GPtrArray  *chunks)
{
  EkaChunk *chunk;

  while ((chunk = eka_chunker_pop (chunker)) != NULL)
    g_ptr_array_add (chunks, chunk);
}

static guint
packet_samples (const OggFile *file,
                guint          i)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (file->packets->pdata[i], &size);

  return eka_opus_packet_samples (data, size);
}

/* A recording with an encoder's pre-skip and an end to trim, in chunks.
 * @config: of all packets, or 32: any */
static GPtrArray *
random_recording (GRand   *rand,
                  guint    config,
                  guint    channels,
                  guint    n_packets,
                  gboolean timed)
{
  const EkaChunkLimits limits = {
    .min_duration = 20 * SECOND,
    .max_duration = 20 * SECOND,
    .max_bytes = 10000000,
  };
  GPtrArray *chunks = new_chunks ();
  g_autoptr (EkaChunker) chunker = NULL;
  EkaCodec codec;
  guint i;

  eka_opus_init_codec (&codec, channels);
  codec.pre_skip = g_rand_int_range (rand, 0, 4000);
  codec.rate = 44100;
  codec.output_gain = -300;
  chunker = eka_chunker_new (&codec, EKA_CONTAINER_OGG, &limits);
  for (i = 0; i < n_packets; i++)
    {
      g_autoptr (GBytes) bytes =
          config < 32 ? synth_opus_packet (rand, config, 0, 80)
                      : synth_random_opus_packet (rand, 80);
      EkaPacket packet = { .running_time = EKA_TIME_NONE };

      packet.data = g_bytes_get_data (bytes, &packet.size);
      if (i == 0 && timed)
        packet.running_time = 5 * SECOND;
      if (i + 1 == n_packets)
        packet.trim_end = g_rand_int_range (
            rand, 0,
            eka_opus_packet_samples (packet.data, packet.size));
      g_assert_true (eka_chunker_push (chunker, &packet));
    }
  eka_chunker_close (chunker);
  pop_all (chunker, chunks);
  return chunks;
}

/* All that a half shares with what it is a half of. */
static void
check_alike (const EkaChunk *half,
             const OggFile  *file,
             const EkaChunk *chunk,
             const OggFile  *whole)
{
  g_assert_cmpuint (half->index, ==, chunk->index);
  g_assert_cmpstr (half->media_type, ==, chunk->media_type);
  g_assert_cmpstr (half->extension, ==, chunk->extension);
  g_assert_cmpuint (half->samples, ==, file->samples);
  g_assert_cmpuint (half->samples, >=, CRUMB);
  g_assert_cmpuint (half->duration, ==, half->samples * SECOND / 48000);
  g_assert_cmpuint (file->codec.channels, ==, whole->codec.channels);
  g_assert_cmpuint (file->codec.rate, ==, whole->codec.rate);
  g_assert_cmpint (file->codec.output_gain, ==, whole->codec.output_gain);
  g_assert_cmpuint (file->max_page_samples, <=, 48000);
  g_assert_cmpuint (g_bytes_get_size (half->bytes), <=,
                    g_bytes_get_size (chunk->bytes));
}

/* The packets of @file are those of @whole from @place on. */
static void
check_packets (const OggFile *file,
               const OggFile *whole,
               guint          place)
{
  guint i;

  g_assert_cmpuint (place + file->packets->len, <=, whole->packets->len);
  for (i = 0; i < file->packets->len; i++)
    g_assert_true (g_bytes_equal (file->packets->pdata[i],
                                  whole->packets->pdata[place + i]));
}

/* The second half opens with whole packets, enough of them. */
static void
check_pre_roll (const OggFile *file,
                const OggFile *whole,
                guint          n_before)
{
  const guint first = whole->packets->len - file->packets->len;
  guint hidden = 0, i;

  for (i = first; i < n_before; i++)
    hidden += packet_samples (whole, i);
  g_assert_cmpuint (file->codec.pre_skip, ==, hidden);
  if (first > 0)
    g_assert_cmpuint (hidden, >=, PRE_ROLL);
  /* and not one more than needed */
  if (first < n_before)
    g_assert_cmpuint (hidden - packet_samples (whole, first), <, PRE_ROLL);
}

/* The most that a cut on a packet boundary leaves to the shorter half. */
static guint64
best_half (const OggFile *whole)
{
  const guint64 skip = whole->codec.pre_skip;
  guint64 before = 0, best = 0;
  guint i;

  for (i = 0; i < whole->packets->len; i++)
    {
      if (before > skip && before - skip < whole->samples)
        best = MAX (best, MIN (before - skip, whole->samples + skip - before));
      before += packet_samples (whole, i);
    }
  return best;
}

static gboolean
split_and_check (EkaChunk  *chunk,
                 EkaChunk **first,
                 EkaChunk **second)
{
  g_autoptr (OggFile) whole = ogg_file_new (chunk->bytes);
  g_autoptr (OggFile) head = NULL;
  g_autoptr (OggFile) tail = NULL;
  guint n_before;

  if (!eka_split_chunk (chunk, first, second))
    return FALSE;
  head = ogg_file_new ((*first)->bytes);
  tail = ogg_file_new ((*second)->bytes);
  n_before = head->packets->len;
  check_alike (*first, head, chunk, whole);
  check_alike (*second, tail, chunk, whole);
  check_packets (head, whole, 0);
  check_packets (tail, whole, whole->packets->len - tail->packets->len);
  check_pre_roll (tail, whole, n_before);
  g_assert_cmpuint (MIN ((*first)->samples, (*second)->samples), ==,
                    best_half (whole));

  g_assert_cmpuint ((*first)->samples + (*second)->samples, ==,
                    chunk->samples);
  g_assert_cmpuint (head->codec.pre_skip, ==, whole->codec.pre_skip);
  g_assert_cmpuint (head->trim_end, ==, 0);
  g_assert_cmpuint (tail->trim_end, ==, whole->trim_end);
  g_assert_cmphex (head->serial, ==, whole->serial);
  g_assert_cmphex (tail->serial, !=, whole->serial);
  g_assert_cmpuint ((*first)->running_time, ==, chunk->running_time);
  g_assert_cmpuint ((*second)->running_time, ==,
                    chunk->running_time == EKA_TIME_NONE
                        ? EKA_TIME_NONE
                        : chunk->running_time + (*first)->duration);
  return TRUE;
}

static void
split_down (EkaChunk  *chunk,
            GPtrArray *pieces)
{
  g_autoptr (EkaChunk) first = NULL;
  g_autoptr (EkaChunk) second = NULL;

  if (!split_and_check (chunk, &first, &second))
    {
      g_autoptr (OggFile) file = ogg_file_new (chunk->bytes);

      g_assert_cmpuint (best_half (file), <, CRUMB);
      g_ptr_array_add (pieces, eka_chunk_ref (chunk));
      return;
    }
  split_down (first, pieces);
  split_down (second, pieces);
}

/* The packets of which something is heard, of each piece in turn, are those of
 * the chunk. */
static void
check_joined (GPtrArray *pieces,
              EkaChunk  *chunk)
{
  g_autoptr (OggFile) whole = ogg_file_new (chunk->bytes);
  g_autoptr (GHashTable) serials = g_hash_table_new (NULL, NULL);
  guint64 sum = 0;
  guint place = 0, i, k;

  for (i = 0; i < pieces->len; i++)
    {
      const EkaChunk *piece = pieces->pdata[i];
      g_autoptr (OggFile) file = ogg_file_new (piece->bytes);
      guint64 hidden = i == 0 ? 0 : file->codec.pre_skip;

      for (k = 0; hidden > 0; k++)
        hidden -= packet_samples (file, k);
      for (; k < file->packets->len; k++)
        g_assert_true (g_bytes_equal (file->packets->pdata[k],
                                      whole->packets->pdata[place++]));
      sum += piece->samples;
      g_assert_true (
          g_hash_table_add (serials, GUINT_TO_POINTER (file->serial)));
    }
  g_assert_cmpuint (place, ==, whole->packets->len);
  g_assert_cmpuint (sum, ==, chunk->samples);
}

static void
test_opus (void)
{
  guint seed;

  for (seed = 0; seed < 40; seed++)
    {
      g_autoptr (GRand) rand = g_rand_new_with_seed (seed);
      g_autoptr (GPtrArray) chunks = random_recording (
          rand, seed < 33 ? seed : 32, 1 + seed % 2,
          g_rand_int_range (rand, 40, checked_count (3000, 600)), seed % 3 != 0);
      guint i;

      for (i = 0; i < chunks->len; i++)
        {
          g_autoptr (GPtrArray) pieces = new_chunks ();

          split_down (chunks->pdata[i], pieces);
          check_joined (pieces, chunks->pdata[i]);
        }
    }
}

static void
test_serials (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (7);
  g_autoptr (GHashTable) serials = g_hash_table_new (NULL, NULL);
  g_autoptr (GPtrArray) chunks = random_recording (
      rand, 3, 1, checked_count (10000, 2000), TRUE);
  g_autoptr (GPtrArray) pieces = new_chunks ();
  guint i;

  for (i = 0; i < chunks->len; i++)
    split_down (chunks->pdata[i], pieces);
  g_assert_cmpuint (pieces->len, >, checked_count (1000, 200));
  for (i = 0; i < pieces->len; i++)
    {
      g_autoptr (OggFile) file =
          ogg_file_new (((EkaChunk *) pieces->pdata[i])->bytes);

      g_assert_true (
          g_hash_table_add (serials, GUINT_TO_POINTER (file->serial)));
    }
}

static void
test_same_again (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (9);
  g_autoptr (GPtrArray) chunks = random_recording (rand, 32, 2, 500, TRUE);
  guint i;

  for (i = 0; i < chunks->len; i++)
    {
      g_autoptr (EkaChunk) a = NULL;
      g_autoptr (EkaChunk) b = NULL;
      g_autoptr (EkaChunk) c = NULL;
      g_autoptr (EkaChunk) d = NULL;

      g_assert_true (eka_split_chunk (chunks->pdata[i], &a, &b));
      g_assert_true (eka_split_chunk (chunks->pdata[i], &c, &d));
      g_assert_true (g_bytes_equal (a->bytes, c->bytes));
      g_assert_true (g_bytes_equal (b->bytes, d->bytes));
    }
}

/* 20 ms packets, none trimmed. */
static EkaChunk *
make_opus (guint n_packets)
{
  const EkaChunkLimits limits = {
    .min_duration = 20 * SECOND,
    .max_duration = 20 * SECOND,
    .max_bytes = 10000000,
  };
  const EkaPacket packet = {
    .data = (const guint8 *) "\xf8\xff\xfe",
    .size = 3,
  };
  g_autoptr (EkaChunker) chunker = NULL;
  EkaCodec codec;
  guint i;

  eka_opus_init_codec (&codec, 1);
  chunker = eka_chunker_new (&codec, EKA_CONTAINER_OGG, &limits);
  for (i = 0; i < n_packets; i++)
    g_assert_true (eka_chunker_push (chunker, &packet));
  eka_chunker_close (chunker);
  return eka_chunker_pop (chunker);
}

static void
test_smallest (void)
{
  guint n;

  for (n = 1; n < 40; n++)
    {
      g_autoptr (EkaChunk) chunk = make_opus (n);
      g_autoptr (EkaChunk) first = NULL;
      g_autoptr (EkaChunk) second = NULL;

      g_assert_true (split_and_check (chunk, &first, &second) == (n >= 10));
      if (n < 10)
        g_assert_true (first == NULL && second == NULL);
    }
}

static EkaChunk *
make_wav (guint   rate,
          guint   channels,
          guint64 samples)
{
  const gsize size = samples * 2 * channels;
  g_autofree guint8 *data = g_malloc (size + 1);
  g_autoptr (GBytes) file = NULL;
  EkaCodec codec;
  gsize i;

  for (i = 0; i < size; i++)
    data[i] = i * 7 + i / 256;
  eka_codec_init_samples (&codec, EKA_CODEC_PCM, rate, channels);
  file = eka_wav_write (&codec, data, size);
  return eka_chunk_new (3, file, "audio/wav", "wav", SECOND,
                        samples * SECOND / rate, samples);
}

/* Appends what is behind the header, which is as it should be. */
static void
append_samples (GByteArray     *out,
                const EkaChunk *chunk,
                const EkaCodec *codec)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (chunk->bytes, &size);
  g_autoptr (GBytes) again = eka_wav_write (
      codec, data + EKA_WAV_HEADER_SIZE, size - EKA_WAV_HEADER_SIZE);

  g_assert_true (g_bytes_equal (chunk->bytes, again));
  g_byte_array_append (out, data + EKA_WAV_HEADER_SIZE,
                       size - EKA_WAV_HEADER_SIZE);
}

static void
check_wav (guint   rate,
           guint   channels,
           guint64 samples)
{
  g_autoptr (EkaChunk) chunk = make_wav (rate, channels, samples);
  g_autoptr (EkaChunk) first = NULL;
  g_autoptr (EkaChunk) second = NULL;
  g_autoptr (GByteArray) whole = g_byte_array_new ();
  g_autoptr (GByteArray) joined = g_byte_array_new ();
  const gboolean split = eka_split_chunk (chunk, &first, &second);
  /* the boundary of 10 ms that is nearest */
  const guint64 block = rate / 100;
  const guint64 middle = (samples + block - 1) / (2 * block) * block;
  EkaCodec codec;

  g_assert_true (split == (MIN (middle, samples - middle) >= rate / 10));
  if (!split)
    {
      g_assert_true (first == NULL && second == NULL);
      return;
    }
  g_assert_cmpuint (first->samples, ==, middle);
  g_assert_cmpuint (first->samples + second->samples, ==, samples);
  g_assert_cmpuint (first->duration, ==, first->samples * SECOND / rate);
  g_assert_cmpuint (second->duration, ==, second->samples * SECOND / rate);
  g_assert_cmpuint (second->running_time, ==, SECOND + first->duration);
  g_assert_cmpuint (second->index, ==, 3);
  g_assert_cmpstr (second->media_type, ==, "audio/wav");
  g_assert_cmpstr (first->extension, ==, "wav");
  g_assert_cmpuint (g_bytes_get_size (first->bytes), ==,
                    EKA_WAV_HEADER_SIZE + first->samples * 2 * channels);
  eka_codec_init_samples (&codec, EKA_CODEC_PCM, rate, channels);
  append_samples (whole, chunk, &codec);
  append_samples (joined, first, &codec);
  append_samples (joined, second, &codec);
  g_assert_cmpmem (whole->data, whole->len, joined->data, joined->len);
}

static void
test_wav (void)
{
  check_wav (16000, 1, 320000);
  check_wav (16000, 1, 320001);
  check_wav (16000, 1, 3200);
  check_wav (16000, 1, 3199);
  check_wav (16000, 1, 0);
  check_wav (44100, 2, 88201);
  check_wav (8000, 2, 1601);
}

static void
split_wav_down (EkaChunk       *chunk,
                GByteArray     *out,
                const EkaCodec *codec)
{
  g_autoptr (EkaChunk) first = NULL;
  g_autoptr (EkaChunk) second = NULL;

  if (!eka_split_chunk (chunk, &first, &second))
    {
      g_assert_cmpuint (chunk->samples, <, 2 * 1600 + 160);
      append_samples (out, chunk, codec);
      return;
    }
  split_wav_down (first, out, codec);
  split_wav_down (second, out, codec);
}

static void
test_wav_repeatedly (void)
{
  g_autoptr (EkaChunk) chunk = make_wav (16000, 1, 319999);
  g_autoptr (GByteArray) whole = g_byte_array_new ();
  g_autoptr (GByteArray) joined = g_byte_array_new ();
  EkaCodec codec;

  eka_codec_init_samples (&codec, EKA_CODEC_PCM, 16000, 1);
  append_samples (whole, chunk, &codec);
  split_wav_down (chunk, joined, &codec);
  g_assert_cmpmem (whole->data, whole->len, joined->data, joined->len);
}

/* Splits a file that is in a block of just its size, so that the sanitizer and
 * valgrind see who reads on. */
static gboolean
try_bytes (const EkaChunk *chunk,
           gconstpointer   data,
           gsize           size)
{
  g_autoptr (GBytes) bytes = g_bytes_new (data, size);
  g_autoptr (EkaChunk) damaged =
      eka_chunk_new (0, bytes, chunk->media_type, chunk->extension,
                     EKA_TIME_NONE, chunk->duration, chunk->samples);
  g_autoptr (EkaChunk) first = NULL;
  g_autoptr (EkaChunk) second = NULL;

  return eka_split_chunk (damaged, &first, &second);
}

static void
check_damage (EkaChunk *chunk,
              gsize     sensitive)
{
  gsize size, i;
  const guint8 *good = g_bytes_get_data (chunk->bytes, &size);
  g_autofree guint8 *bad = g_memdup2 (good, size);

  g_assert_true (try_bytes (chunk, good, size));
  for (i = 0; i < size; i++)
    {
      g_assert_false (try_bytes (chunk, good, i));
      bad[i] ^= 0xff;
      g_assert_true (try_bytes (chunk, bad, size) == (i >= sensitive));
      bad[i] ^= 0xfe;
      g_assert_true (try_bytes (chunk, bad, size) == (i >= sensitive));
      bad[i] = good[i];
    }
}

static void
test_damage (void)
{
  g_autoptr (EkaChunk) opus = make_opus (12);
  g_autoptr (EkaChunk) wav = make_wav (8000, 1, 1600);

  /* every page has a checksum; of a WAV file the header alone can be wrong */
  check_damage (opus, G_MAXSIZE);
  check_damage (wav, EKA_WAV_HEADER_SIZE);
}

/* Damage that whoever made it has signed: all checksums are right. */
static void
sign_pages (guint8 *file,
            gsize   size)
{
  gsize at = 0;

  while (at + 27 < size && memcmp (file + at, "OggS", 4) == 0)
    {
      const gsize segments = file[at + 26];
      ogg_page page = {
        .header = file + at,
        .header_len = 27 + segments,
        .body = file + at + 27 + segments,
      };
      gsize i;

      for (i = 0; i < segments && at + 27 + i < size; i++)
        page.body_len += file[at + 27 + i];
      at += page.header_len + page.body_len;
      if (at <= size)
        ogg_page_checksum_set (&page);
    }
}

/* The last page counts more samples than there are, or fewer than are hidden;
 * the chunk says the same. */
static void
test_wrong_granule (void)
{
  static const guint granules[] = { 30 * 960, 12 * 960 + 1, 12 * 960 };
  g_autoptr (EkaChunk) opus = make_opus (12);
  gsize size, at;
  const guint8 *good = g_bytes_get_data (opus->bytes, &size);
  g_autofree guint8 *bad = g_memdup2 (good, size);
  guint i;

  for (at = size - 4; memcmp (bad + at, "OggS", 4) != 0; at--)
    ;
  for (i = 0; i < G_N_ELEMENTS (granules); i++)
    {
      EkaChunk other = *opus;

      other.samples = granules[i];
      bad[at + 6] = granules[i] & 0xff;
      bad[at + 7] = granules[i] >> 8;
      sign_pages (bad, size);
      g_assert_true (try_bytes (&other, bad, size) ==
                     (granules[i] == opus->samples));
    }
}

static void
test_signed_damage (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (4711);
  g_autoptr (GPtrArray) chunks = random_recording (rand, 32, 1, 60, TRUE);
  guint round;

  for (round = 0; round < checked_count (3000, 300); round++)
    {
      EkaChunk *chunk = chunks->pdata[round % chunks->len];
      gsize size;
      const guint8 *good = g_bytes_get_data (chunk->bytes, &size);
      g_autofree guint8 *bad = g_memdup2 (good, size);
      guint n = g_rand_int_range (rand, 1, 4);

      while (n-- > 0)
        bad[g_rand_int_range (rand, 0, n == 0 ? 200 : size)] =
            g_rand_int (rand);
      sign_pages (bad, size);
      try_bytes (chunk, bad, size);
    }
}

static void
test_other_files (void)
{
  static const gchar *const types[] = {
    "audio/ogg", "audio/ogg;codecs=opus", "audio/wav", "audio/mp4", "",
  };
  g_autofree guint8 *noise = g_malloc (5000);
  g_autoptr (GRand) rand = g_rand_new_with_seed (1);
  guint i, k;

  for (k = 0; k < 5000; k++)
    noise[k] = g_rand_int (rand);
  for (i = 0; i < G_N_ELEMENTS (types); i++)
    {
      const EkaChunk chunk = {
        .media_type = types[i],
        .extension = "bin",
        .samples = 2000,
      };

      for (k = 0; k < 5000; k += 77)
        g_assert_false (try_bytes (&chunk, noise, k));
    }
}

/* What the chunk says of itself is not what the file holds. */
static void
test_wrong_count (void)
{
  g_autoptr (EkaChunk) opus = make_opus (100);
  g_autoptr (EkaChunk) wav = make_wav (8000, 1, 16000);
  EkaChunk other;

  other = *opus;
  other.samples++;
  g_assert_false (try_bytes (&other, g_bytes_get_data (opus->bytes, NULL),
                             g_bytes_get_size (opus->bytes)));
  other = *wav;
  other.samples--;
  g_assert_false (try_bytes (&other, g_bytes_get_data (wav->bytes, NULL),
                             g_bytes_get_size (wav->bytes)));
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/split/opus-down-to-the-smallest-packet-for-packet",
                   test_opus);
  g_test_add_func ("/split/serial-numbers-differ-in-a-session", test_serials);
  g_test_add_func ("/split/same-chunk-same-halves", test_same_again);
  g_test_add_func ("/split/no-half-under-100-ms", test_smallest);
  g_test_add_func ("/split/wav-sample-for-sample", test_wav);
  g_test_add_func ("/split/wav-down-to-the-smallest", test_wav_repeatedly);
  g_test_add_func ("/split/every-damaged-byte-is-found", test_damage);
  g_test_add_func ("/split/signed-damage-does-no-harm", test_signed_damage);
  g_test_add_func ("/split/granule-must-be-that-of-the-packets",
                   test_wrong_granule);
  g_test_add_func ("/split/other-files-are-refused", test_other_files);
  g_test_add_func ("/split/count-must-be-that-of-the-file", test_wrong_count);
  return g_test_run ();
}
