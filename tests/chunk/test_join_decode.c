/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "chunk/aac.h"
#include "chunk/chunker.h"
#include "chunk/join.h"
#include "chunk/vorbis.h"

#include "encode.h"
#include "mp3source.h"
#include "oggreader.h"

#include <gio/gio.h>
#include <ogg/ogg.h>
#include <string.h>

/* Recordings of real encoders, in chunks and joined again: a decoder of other
 * people finds in the joined file, sample for sample, what it finds in the
 * encoder's own. */

#define SECOND G_GUINT64_CONSTANT (1000000000)

#define IN ENCODE_IN
#define OUT ENCODE_OUT
#define RAW "-f", "s16le", "-ar", "22050", "-ac", "1", "-i", IN

static GBytes *
run_on (GBytes             *bytes,
        const gchar *const *argv)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (bytes, &size);

  return encode_run (data, size, argv);
}

static GBytes *
make_speech (void)
{
  g_autoptr (Speech) speech = encode_speech (10);

  return g_bytes_new (speech->samples->data,
                      speech->samples->len * sizeof (gint16));
}

static void
push (EkaChunker   *chunker,
      const guint8 *data,
      gsize         size,
      guint64       trim_end)
{
  const EkaPacket packet = {
    .data = data,
    .size = size,
    .running_time = EKA_TIME_NONE,
    .trim_end = (guint) trim_end,
  };

  g_assert_true (eka_chunker_push (chunker, &packet));
}

static void
push_bytes (EkaChunker *chunker,
            GBytes     *bytes,
            guint64     trim_end)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (bytes, &size);

  push (chunker, data, size, trim_end);
}

static EkaChunker *
start (const EkaCodec *codec,
       EkaContainer    container)
{
  const EkaChunkLimits limits = {
    .min_duration = SECOND,
    .max_duration = 3 * SECOND,
    .max_bytes = 10000000,
  };

  return eka_chunker_new (codec, container, &limits);
}

/* Ends @chunker and joins what it made, which is several chunks.
 * Returns: (transfer full): the file */
static GBytes *
join (EkaChunker *chunker)
{
  g_autoptr (EkaJoin) joined = eka_join_new ();
  g_autoptr (GError) error = NULL;
  GBytes *file;
  EkaChunk *chunk;
  guint n = 0;

  eka_chunker_close (chunker);
  for (; (chunk = eka_chunker_pop (chunker)) != NULL; n++)
    {
      eka_join_add (joined, chunk, &error);
      g_assert_no_error (error);
      eka_chunk_unref (chunk);
    }
  g_assert_cmpuint (n, >=, 4);
  file = eka_join_finish (joined, NULL, &error);
  g_assert_no_error (error);
  return file;
}

static void
assert_same_sound (GBytes *file,
                   GBytes *original)
{
  const gchar *argv[] = { "ffmpeg", "-v", "error", "-i", IN, "-f", "s16le",
                          OUT, NULL };
  g_autoptr (GBytes) heard = run_on (file, argv);
  g_autoptr (GBytes) expected = run_on (original, argv);

  g_assert_cmpuint (g_bytes_get_size (expected), >, 10 * 22050 * 2);
  g_assert_cmpuint (g_bytes_get_size (heard), ==,
                    g_bytes_get_size (expected));
  g_assert_true (g_bytes_equal (heard, expected));
}

static void
test_opus (gconstpointer container)
{
  g_autoptr (Speech) speech = encode_speech (10);
  g_autoptr (GBytes) original = encode_opus_voip (speech, "24000");
  g_autoptr (OggFile) source = ogg_file_new (original);
  g_autoptr (EkaChunker) chunker =
      start (&source->codec, GPOINTER_TO_UINT (container));
  g_autoptr (GBytes) file = NULL;
  guint i;

  for (i = 0; i < source->packets->len; i++)
    push_bytes (chunker, source->packets->pdata[i],
                i + 1 == source->packets->len ? source->trim_end : 0);
  file = join (chunker);
  assert_same_sound (file, original);
}

/* Headers and packets of any Ogg file
 * @samples: (out): what a decoder returns of it */
static GPtrArray *
read_ogg (GBytes  *file,
          guint64 *samples)
{
  GPtrArray *packets = g_ptr_array_new_with_free_func (
      (GDestroyNotify) g_bytes_unref);
  gsize size;
  const guint8 *data = g_bytes_get_data (file, &size);
  ogg_stream_state stream;
  ogg_sync_state sync;
  ogg_packet packet;
  ogg_page page;

  ogg_sync_init (&sync);
  memcpy (ogg_sync_buffer (&sync, (glong) size), data, size);
  ogg_sync_wrote (&sync, (glong) size);
  while (ogg_sync_pageout (&sync, &page) == 1)
    {
      if (packets->len == 0)
        ogg_stream_init (&stream, ogg_page_serialno (&page));
      ogg_stream_pagein (&stream, &page);
      *samples = (guint64) ogg_page_granulepos (&page);
      while (ogg_stream_packetout (&stream, &packet) == 1)
        g_ptr_array_add (packets, g_bytes_new (packet.packet,
                                               (gsize) packet.bytes));
    }
  ogg_stream_clear (&stream);
  ogg_sync_clear (&sync);
  return packets;
}

static void
test_vorbis (void)
{
  g_autoptr (Speech) speech = encode_speech (10);
  g_autoptr (GBytes) original = encode_vorbis (speech, "44100", "1", "3");
  guint64 samples = 0, all = 0;
  g_autoptr (GPtrArray) packets = read_ogg (original, &samples);
  g_auto (EkaCodec) codec = { 0, };
  g_autoptr (EkaChunker) chunker = NULL;
  g_autoptr (GBytes) file = NULL;
  guint previous = 0, i;

  g_assert_true (
      eka_vorbis_init_codec (&codec, (GBytes **) packets->pdata));
  chunker = start (&codec, EKA_CONTAINER_OGG);
  for (i = EKA_VORBIS_N_HEADERS; i < packets->len; i++)
    {
      gsize size;
      const guint8 *data = g_bytes_get_data (packets->pdata[i], &size);
      guint count;

      g_assert_true (eka_codec_measure_packet (&codec, data, size, &previous,
                                               &count));
      all += count;
      push (chunker, data, size, i + 1 == packets->len ? all - samples : 0);
    }
  file = join (chunker);
  assert_same_sound (file, original);
}

static void
test_mp3 (gconstpointer user_data)
{
  const gchar *rate = user_data;
  const gchar *argv[] = { "lame", "--quiet", "-r", "-s", "22.05",
                          "--bitwidth", "16", "--signed", "--little-endian",
                          "-m", "m", "-b", rate, IN, OUT, NULL };
  g_autoptr (GBytes) speech = make_speech ();
  g_autoptr (GBytes) original = run_on (speech, argv);
  g_autoptr (Mp3Source) source = mp3_source_new (original);
  g_autoptr (EkaChunker) chunker = NULL;
  g_autoptr (GBytes) file = NULL;
  const guint8 *data = source->data->data;
  guint i;

  source->codec.pre_skip = source->skip;
  chunker = start (&source->codec, EKA_CONTAINER_MP3);
  for (i = 0; i < source->packets->len; i++)
    {
      const guint size =
          g_array_index (source->packets, EkaPacketInfo, i).size;

      push (chunker, data, size,
            i + 1 == source->packets->len ? source->trim_end : 0);
      data += size;
    }
  file = join (chunker);
  assert_same_sound (file, original);
}

static void
test_aac (gconstpointer container)
{
  const gchar *argv[] = { "ffmpeg", "-v", "error", RAW, "-c:a", "aac", "-b:a",
                          "48k", "-f", "adts", "-y", OUT, NULL };
  g_autoptr (GBytes) speech = make_speech ();
  g_autoptr (GBytes) original = run_on (speech, argv);
  g_autoptr (EkaChunker) chunker = NULL;
  g_autoptr (GBytes) file = NULL;
  g_auto (EkaCodec) codec = { 0, };
  gsize size, frame;
  const guint8 *data = g_bytes_get_data (original, &size);

  for (; size > 0; data += frame, size -= frame)
    {
      /* 13 bits of an ADTS header */
      frame = (gsize) (data[3] & 3) << 11 | (gsize) data[4] << 3 | data[5] >> 5;
      if (chunker == NULL)
        {
          g_assert_true (eka_aac_init_codec_from_adts (&codec, data, frame));
          chunker = start (&codec, GPOINTER_TO_UINT (container));
        }
      push (chunker, data + eka_aac_adts_header_size (data, frame),
            frame - eka_aac_adts_header_size (data, frame), 0);
    }
  file = join (chunker);
  assert_same_sound (file, original);
}

static void
test_wav (gconstpointer type)
{
  static const gchar *const formats[] = { "pcm_s16le", "pcm_mulaw",
                                          "pcm_alaw" };
  const gchar *name = formats[GPOINTER_TO_UINT (type) - EKA_CODEC_PCM];
  const gchar *argv[] = { "ffmpeg", "-v", "error", RAW, "-c:a", name, "-f",
                          "wav", "-y", OUT, NULL };
  const gchar *raw[] = { "ffmpeg", "-v", "error", "-i", IN, "-c:a", "copy",
                         "-f", name + 4, "-y", OUT, NULL };
  g_autoptr (GBytes) speech = make_speech ();
  g_autoptr (GBytes) original = run_on (speech, argv);
  g_autoptr (GBytes) samples = run_on (original, raw);
  g_autoptr (EkaChunker) chunker = NULL;
  g_autoptr (GBytes) file = NULL;
  EkaCodec codec;

  eka_codec_init_samples (&codec, GPOINTER_TO_UINT (type), 22050, 1);
  chunker = start (&codec, EKA_CONTAINER_WAV);
  push_bytes (chunker, samples, 0);
  file = join (chunker);
  assert_same_sound (file, original);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/join-decode/opus-ogg",
                        GUINT_TO_POINTER (EKA_CONTAINER_OGG), test_opus);
  g_test_add_data_func ("/join-decode/opus-webm",
                        GUINT_TO_POINTER (EKA_CONTAINER_WEBM), test_opus);
  g_test_add_func ("/join-decode/vorbis", test_vorbis);
  g_test_add_data_func ("/join-decode/mp3-with-reservoir", "32", test_mp3);
  g_test_add_data_func ("/join-decode/mp3-of-8-kbit", "8", test_mp3);
  g_test_add_data_func ("/join-decode/aac-m4a",
                        GUINT_TO_POINTER (EKA_CONTAINER_M4A), test_aac);
  g_test_add_data_func ("/join-decode/aac-mp4",
                        GUINT_TO_POINTER (EKA_CONTAINER_MP4), test_aac);
  g_test_add_data_func ("/join-decode/pcm", GUINT_TO_POINTER (EKA_CODEC_PCM),
                        test_wav);
  g_test_add_data_func ("/join-decode/mulaw",
                        GUINT_TO_POINTER (EKA_CODEC_MULAW), test_wav);
  g_test_add_data_func ("/join-decode/alaw",
                        GUINT_TO_POINTER (EKA_CODEC_ALAW), test_wav);
  return g_test_run ();
}
