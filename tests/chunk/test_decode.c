/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "chunk/chunker.h"
#include "chunk/opus.h"
#include "chunk/split.h"

#include "oggreader.h"

#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

/* Real recordings, cut, each chunk decoded alone by real decoders: put together
 * they are what the uncut recording decodes to. */

#define SECOND G_GUINT64_CONSTANT (1000000000)
#define RATE 48000
#define LENGTH 215 /* seconds: 11 chunks or more */

/* What a hard cut may cost, in steps of 16 bit samples. */
#define MAX_ERROR 28

typedef struct
{
  const gchar *name;
  gsize header; /* bytes before the samples */
  const gchar *argv[12];
} Decoder;

#define IN "@IN@"
#define OUT "@OUT@"
#define GST_IN "@GST-IN@"
#define GST_OUT "@GST-OUT@"

static const Decoder opus_decoders[] = {
  { "ffmpeg-native", 0,
    { "ffmpeg", "-v", "error", "-c:a", "opus", "-i", IN, "-f", "s16le", OUT } },
  { "ffmpeg-libopus", 0,
    { "ffmpeg", "-v", "error", "-c:a", "libopus", "-i", IN, "-f", "s16le",
      OUT } },
  { "opusdec", 44,
    { "opusdec", "--quiet", "--no-dither", "--rate", "48000", IN, OUT } },
  { "gstreamer", 0,
    { "gst-launch-1.0", "-q", "filesrc", GST_IN, "!", "oggdemux", "!",
      "opusdec", "!", "filesink", GST_OUT } },
};

static const Decoder wav_decoders[] = {
  { "ffmpeg", 0, { "ffmpeg", "-v", "error", "-i", IN, "-f", "s16le", OUT } },
  { "gstreamer", 0,
    { "gst-launch-1.0", "-q", "filesrc", GST_IN, "!", "wavparse", "!",
      "filesink", GST_OUT } },
};

typedef struct
{
  gchar *folder;
  gint16 *samples; /* LENGTH seconds */
} Fixture;

static gchar *
path_of (const Fixture *self,
         const gchar   *name)
{
  return g_build_filename (self->folder, name, NULL);
}

/* Runs a program that must succeed, without what is meant for ours: a plugin
 * built with a sanitizer loads into no other program. */
static void
run (const gchar *const *argv)
{
  g_auto (GStrv) env = g_environ_unsetenv (
      g_environ_unsetenv (g_get_environ (), "G_DEBUG"), "GST_PLUGIN_PATH_1_0");
  g_autoptr (GError) error = NULL;
  g_autofree gchar *messages = NULL;
  gint status;

  g_spawn_sync (NULL, (gchar **) argv, env,
                G_SPAWN_SEARCH_PATH | G_SPAWN_STDOUT_TO_DEV_NULL, NULL, NULL,
                NULL, &messages, &status, &error);
  g_assert_no_error (error);
  if (!g_spawn_check_wait_status (status, &error))
    g_error ("%s: %s: %s", argv[0], error->message, messages);
}

static void
save (const gchar *path,
      const void  *data,
      gsize        size)
{
  g_autoptr (GError) error = NULL;

  g_file_set_contents (path, data, size, &error);
  g_assert_no_error (error);
}

static GBytes *
load (const gchar *path)
{
  g_autoptr (GError) error = NULL;
  gchar *data;
  gsize size;

  g_file_get_contents (path, &data, &size, &error);
  g_assert_no_error (error);
  return g_bytes_new_take (data, size);
}

/* Speech, of espeak-ng's 22,050 Hz brought to 48 kHz in straight lines. */
static void
add_speech (Fixture *self,
            guint    begin,
            guint    end)
{
  g_autofree gchar *path = path_of (self, "speech.wav");
  const gchar *argv[] = {
    "espeak-ng", "-w", path,
    "Good morning. What brings you here today? I have had this cough for three "
    "weeks, and since yesterday there is a fever too. Let me listen to your "
    "chest. Please breathe in, hold it, and out again. Thank you.",
    NULL,
  };
  g_autoptr (GBytes) bytes = NULL;
  const gint16 *speech;
  gsize size, i;
  guint n;

  run (argv);
  bytes = load (path);
  speech = g_bytes_get_data (bytes, &size);
  speech += 22;
  n = (size - 44) / 2;
  for (i = 0; i < (end - begin) * (gsize) RATE; i++)
    {
      const gdouble place = fmod (i * 22050. / RATE, n - 1);
      const guint left = place;

      self->samples[begin * (gsize) RATE + i] =
          speech[left] + (speech[left + 1] - speech[left]) * (place - left);
    }
}

static void
add_sweep (Fixture *self,
           guint    begin,
           guint    end)
{
  gdouble phase = 0;
  gsize i;

  for (i = begin * (gsize) RATE; i < end * (gsize) RATE; i++)
    {
      const gdouble t = fmod (i / (gdouble) RATE, 10) / 10;

      phase += 2 * G_PI * 100 * pow (80, t) / RATE;
      self->samples[i] = 12000 * sin (phase);
    }
}

static void
add_clicks (Fixture *self,
            guint    begin,
            guint    end)
{
  gsize i;

  for (i = begin * (gsize) RATE; i < end * (gsize) RATE; i++)
    self->samples[i] = i % 4801 < 20 ? 20000 : i % 7 * 10;
}

static void
set_up (Fixture      *self,
        gconstpointer user_data)
{
  g_autoptr (GError) error = NULL;

  self->folder = g_dir_make_tmp ("ekascribe-decode-XXXXXX", &error);
  g_assert_no_error (error);
  self->samples = g_new0 (gint16, LENGTH * RATE);
  add_speech (self, 0, 100);
  add_sweep (self, 100, 160);
  add_clicks (self, 160, 190);
  add_speech (self, 190, LENGTH);
}

static void
tear_down (Fixture      *self,
           gconstpointer user_data)
{
  g_autoptr (GDir) dir = g_dir_open (self->folder, 0, NULL);
  const gchar *name;

  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree gchar *path = path_of (self, name);

      g_assert_cmpint (g_unlink (path), ==, 0);
    }
  g_assert_cmpint (g_rmdir (self->folder), ==, 0);
  g_free (self->folder);
  g_free (self->samples);
}

/* Decodes a file and appends the samples to @out. */
static void
decode (const Fixture *self,
        const Decoder *decoder,
        GBytes        *file,
        GByteArray    *out)
{
  g_autofree gchar *in_path = path_of (self, "in");
  g_autofree gchar *out_path = path_of (self, "out.wav");
  g_autofree gchar *gst_in = g_strconcat ("location=", in_path, NULL);
  g_autofree gchar *gst_out = g_strconcat ("location=", out_path, NULL);
  g_autoptr (GBytes) decoded = NULL;
  const gchar *argv[G_N_ELEMENTS (decoder->argv) + 1] = { NULL };
  const guint8 *data;
  gsize size;
  guint i;

  for (i = 0; i < G_N_ELEMENTS (decoder->argv); i++)
    {
      argv[i] = decoder->argv[i];
      if (g_strcmp0 (argv[i], IN) == 0)
        argv[i] = in_path;
      else if (g_strcmp0 (argv[i], OUT) == 0)
        argv[i] = out_path;
      else if (g_strcmp0 (argv[i], GST_IN) == 0)
        argv[i] = gst_in;
      else if (g_strcmp0 (argv[i], GST_OUT) == 0)
        argv[i] = gst_out;
    }

  save (in_path, g_bytes_get_data (file, NULL), g_bytes_get_size (file));
  g_unlink (out_path);
  run (argv);
  decoded = load (out_path);
  data = g_bytes_get_data (decoded, &size);
  g_assert_cmpuint (size, >, decoder->header);
  g_byte_array_append (out, data + decoder->header, size - decoder->header);
}

static void
decode_chunks (const Fixture *self,
               const Decoder *decoder,
               GPtrArray     *chunks,
               guint          channels,
               GByteArray    *out)
{
  guint i;

  for (i = 0; i < chunks->len; i++)
    {
      const EkaChunk *chunk = chunks->pdata[i];
      const gsize before = out->len;

      decode (self, decoder, chunk->bytes, out);
      g_assert_cmpuint ((out->len - before) / (2 * channels), ==,
                        chunk->samples);
    }
}

static guint
largest_difference (GByteArray *a,
                    GByteArray *b)
{
  const gint16 *x = (const gint16 *) a->data;
  const gint16 *y = (const gint16 *) b->data;
  guint largest = 0;
  gsize i;

  for (i = 0; i < a->len / 2; i++)
    largest = MAX (largest, (guint) ABS (x[i] - y[i]));
  return largest;
}

static void
pop_all (EkaChunker *chunker,
         GPtrArray  *chunks)
{
  EkaChunk *chunk;

  while ((chunk = eka_chunker_pop (chunker)) != NULL)
    g_ptr_array_add (chunks, chunk);
}

static GPtrArray *
cut_opus (const OggFile *file)
{
  const EkaChunkLimits limits = {
    .min_duration = 20 * SECOND,
    .max_duration = 20 * SECOND,
    .max_bytes = 10000000,
  };
  GPtrArray *chunks = g_ptr_array_new_with_free_func (
      (GDestroyNotify) eka_chunk_unref);
  g_autoptr (EkaChunker) chunker = 
      eka_chunker_new (&file->codec, EKA_CONTAINER_OGG, &limits);
  guint i;

  for (i = 0; i < file->packets->len; i++)
    {
      EkaPacket packet = { .running_time = EKA_TIME_NONE };

      packet.data = g_bytes_get_data (file->packets->pdata[i], &packet.size);
      if (i + 1 == file->packets->len)
        packet.trim_end = file->trim_end;
      g_assert_true (eka_chunker_push (chunker, &packet));
      pop_all (chunker, chunks);
    }
  eka_chunker_close (chunker);
  pop_all (chunker, chunks);
  return chunks;
}

/* Each chunk in two, but what is too short for that. */
static GPtrArray *
split_all (GPtrArray *chunks)
{
  GPtrArray *halves = g_ptr_array_new_with_free_func (
      (GDestroyNotify) eka_chunk_unref);
  guint i;

  for (i = 0; i < chunks->len; i++)
    {
      EkaChunk *first, *second;

      if (!eka_split_chunk (chunks->pdata[i], &first, &second))
        {
          g_ptr_array_add (halves, eka_chunk_ref (chunks->pdata[i]));
          continue;
        }
      g_ptr_array_add (halves, first);
      g_ptr_array_add (halves, second);
    }
  return halves;
}

static GBytes *
encode (const Fixture *self,
        const gchar   *bitrate,
        const gchar   *frame_size)
{
  g_autofree gchar *raw = path_of (self, "recording.raw");
  g_autofree gchar *opus = path_of (self, "recording.opus");
  const gchar *argv[] = {
    "opusenc", "--quiet", "--raw", "--raw-rate", "48000", "--raw-chan", "1",
    "--bitrate", bitrate, "--framesize", frame_size, "--comp", "5", raw, opus,
    NULL,
  };

  save (raw, self->samples, LENGTH * RATE * sizeof (gint16));
  run (argv);
  return load (opus);
}

static void
check_chunks (const Fixture *self,
              GBytes        *recording,
              const OggFile *file,
              GPtrArray     *chunks,
              guint          n_decoders)
{
  guint i;

  for (i = 0; i < n_decoders; i++)
    {
      const Decoder *decoder = &opus_decoders[i];
      g_autoptr (GByteArray) uncut = g_byte_array_new ();
      g_autoptr (GByteArray) joined = g_byte_array_new ();
      guint difference;

      decode (self, decoder, recording, uncut);
      decode_chunks (self, decoder, chunks, file->codec.channels, joined);
      g_assert_cmpuint (uncut->len, ==, 2 * file->samples);
      g_assert_cmpuint (joined->len, ==, uncut->len);
      difference = largest_difference (uncut, joined);
      g_test_message ("%s: %u chunks, largest difference %u LSB",
                      decoder->name, chunks->len, difference);
      g_assert_cmpuint (difference, <=, MAX_ERROR);
    }
}

static void
check_opus (const Fixture *self,
            GBytes        *recording,
            guint          n_decoders)
{
  g_autoptr (OggFile) file = ogg_file_new (recording);
  g_autoptr (GPtrArray) chunks = cut_opus (file);

  g_assert_cmpuint (file->samples, ==, LENGTH * RATE);
  g_assert_cmpuint (chunks->len, >=, 10);
  check_chunks (self, recording, file, chunks, n_decoders);
}

static void
test_low_bitrate (Fixture      *self,
             gconstpointer user_data)
{
  g_autoptr (GBytes) recording = encode (self, "24", "20");

  check_opus (self, recording, G_N_ELEMENTS (opus_decoders));
}

static void
test_short_frames (Fixture      *self,
                   gconstpointer user_data)
{
  g_autoptr (GBytes) recording = encode (self, "64", "5");

  /* one of each implementation is enough here */
  check_opus (self, recording, 2);
}

/* What a service refused for its size. */
static void
test_quarters (Fixture      *self,
             gconstpointer user_data)
{
  g_autoptr (GBytes) recording = encode (self, "24", "20");
  g_autoptr (OggFile) file = ogg_file_new (recording);
  g_autoptr (GPtrArray) chunks = cut_opus (file);
  g_autoptr (GPtrArray) halves = split_all (chunks);
  g_autoptr (GPtrArray) quarters = split_all (halves);

  g_assert_cmpuint (quarters->len, >=, 4 * chunks->len - 4);
  check_chunks (self, recording, file, quarters, 2);
}

static void
test_wav (Fixture      *self,
          gconstpointer user_data)
{
  const EkaChunkLimits limits = {
    .min_duration = 20 * SECOND,
    .max_duration = 20 * SECOND,
    .max_bytes = 10000000,
  };
  const EkaPacket packet = {
    .data = (guint8 *) self->samples,
    .size = LENGTH * RATE * 2,
  };
  g_autoptr (GPtrArray) chunks = g_ptr_array_new_with_free_func (
      (GDestroyNotify) eka_chunk_unref);
  g_autoptr (EkaChunker) chunker = NULL;
  EkaCodec codec;
  guint i;

  eka_codec_init_samples (&codec, EKA_CODEC_PCM, RATE, 1);
  chunker = eka_chunker_new (&codec, EKA_CONTAINER_WAV, &limits);
  g_assert_true (eka_chunker_push (chunker, &packet));
  eka_chunker_close (chunker);
  pop_all (chunker, chunks);
  g_assert_cmpuint (chunks->len, ==, 11);
  for (i = 0; i < G_N_ELEMENTS (wav_decoders); i++)
    {
      g_autoptr (GByteArray) joined = g_byte_array_new ();

      decode_chunks (self, &wav_decoders[i], chunks, 1, joined);
      g_assert_cmpmem (joined->data, joined->len, packet.data, packet.size);
    }
}

int
main (int    argc,
      char **argv)
{
#define ADD(name, func) \
  g_test_add ("/decode/" name, Fixture, NULL, set_up, func, tear_down)

  g_test_init (&argc, &argv, NULL);
  ADD ("opus-24-kbit-joined-is-the-uncut-recording", test_low_bitrate);
  ADD ("opus-5-ms-joined-is-the-uncut-recording", test_short_frames);
  ADD ("opus-in-quarters-is-the-uncut-recording", test_quarters);
  ADD ("wav-joined-is-the-recording", test_wav);
  return g_test_run ();
}
