/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "chunk/mp3.h"
#include "chunk/mp3file.h"

#include "mp3source.h"

#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

/* Recordings of LAME, cut anywhere, each piece decoded alone by real decoders:
 * joined they are what the uncut recording decodes to. */

#define RATE 48000
#define LENGTH 24 /* seconds */

#define IN "@IN@"
#define OUT "@OUT@"
#define GST_IN "@GST-IN@"
#define GST_OUT "@GST-OUT@"

/* In steps of 16 bits. What FFmpeg returns has more of them, and is exact.
 * mpg123 adds up in an order that depends on the number of frames before, so
 * that now and then a sample is rounded the other way. */
typedef struct
{
  const gchar *name;
  guint sample_size;
  guint max_error;
  const gchar *argv[16];
} Decoder;

static const Decoder decoders[] = {
  { "ffmpeg", 4, 0,
    { "ffmpeg", "-v", "error", "-err_detect", "crccheck+explode", "-i", IN,
      "-f", "f32le", OUT } },
  { "mpg123", 2, 1, { "mpg123", "-q", "-e", "s16", "-O", OUT, IN } },
  { "gstreamer", 2, 1,
    { "gst-launch-1.0", "-q", "filesrc", GST_IN, "!", "mpegaudioparse", "!",
      "mpg123audiodec", "!", "audio/x-raw,format=S16LE", "!", "filesink",
      GST_OUT } },
};

/* One kind of recording */
typedef struct
{
  const gchar *name;
  guint channels;
  guint max_frames; /* in a piece */
  guint n_decoders;
  const gchar *options[8];
} Recipe;

static const Recipe recipes[] = {
  { "8-kbit-at-24-khz", 1, 400, 3, { "-b", "8", "--resample", "24" } },
  { "8-kbit-at-8-khz", 1, 100, 2, { "-b", "8", "--resample", "8" } },
  { "16-kbit-at-11-khz", 1, 200, 2, { "-b", "16", "--resample", "11.025" } },
  { "vbr-at-12-khz", 1, 200, 2, { "-V", "5", "--resample", "12" } },
  { "joint-stereo-at-16-khz", 2, 200, 2,
    { "-m", "j", "-b", "32", "--resample", "16" } },
  { "stereo-with-crc-at-22-khz", 2, 300, 2,
    { "-m", "s", "-p", "-b", "64", "--resample", "22.05" } },
  { "without-delay-at-22-khz", 1, 300, 2,
    { "-t", "-b", "32", "--resample", "22.05" } },
  { "abr-at-32-khz", 2, 300, 2,
    { "-m", "j", "--abr", "56", "--resample", "32" } },
  { "joint-stereo-at-44-khz", 2, 300, 3,
    { "-m", "j", "-b", "64", "--resample", "44.1" } },
  { "vbr-without-delay-at-44-khz", 1, 300, 2,
    { "-t", "-V", "6", "--resample", "44.1" } },
  { "crc-at-48-khz", 1, 300, 2, { "-p", "-b", "64" } },
  { "320-kbit", 2, 300, 2, { "-m", "j", "-b", "320" } },
  { "tiny-pieces-at-24-khz", 1, 3, 1, { "-b", "24", "--resample", "24" } },
};

typedef struct
{
  gchar *folder;
} Fixture;

static gchar *
path_of (const Fixture *self,
         const gchar   *name)
{
  return g_build_filename (self->folder, name, NULL);
}

/* Runs a program that must succeed and have nothing to say, without what is
 * meant for ours: a plugin built with a sanitizer loads into no other program.
 * Returns: (transfer full): what it wrote to its standard output */
static gchar *
run (const gchar *const *argv)
{
  g_auto (GStrv) env = g_environ_unsetenv (
      g_environ_unsetenv (g_get_environ (), "G_DEBUG"), "GST_PLUGIN_PATH_1_0");
  g_autoptr (GError) error = NULL;
  g_autofree gchar *messages = NULL;
  gchar *out = NULL;
  gint status;

  g_spawn_sync (NULL, (gchar **) argv, env, G_SPAWN_SEARCH_PATH, NULL, NULL,
                &out, &messages, &status, &error);
  g_assert_no_error (error);
  if (!g_spawn_check_wait_status (status, &error))
    g_error ("%s: %s: %s", argv[0], error->message, messages);
  return out;
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

static void
save (const gchar *path,
      const void  *data,
      gsize        size)
{
  g_autoptr (GError) error = NULL;

  g_file_set_contents (path, data, (gssize) size, &error);
  g_assert_no_error (error);
}

/* Speech of espeak-ng, brought to our rate in straight lines, then a sweep, then
 * clicks. */
static gint16 *
make_samples (const Fixture *self)
{
  g_autofree gchar *path = path_of (self, "speech.wav");
  const gchar *argv[] = {
    "espeak-ng", "-w", path,
    "Good morning. What brings you here today? I have had this cough for three "
    "weeks, and since yesterday there is a fever too.",
    NULL,
  };
  g_autofree gchar *output = run (argv);
  g_autoptr (GBytes) bytes = load (path);
  gint16 *samples = g_new (gint16, LENGTH * RATE);
  gsize size;
  const gint16 *speech =
      (const gint16 *) g_bytes_get_data (bytes, &size) + 22;
  const guint n = (guint) (size - 44) / 2;
  gdouble phase = 0;
  guint i;

  for (i = 0; i < LENGTH * RATE; i++)
    {
      const gdouble place = fmod (i * 22050. / RATE, n - 1);
      const guint left = (guint) place;

      phase += 2 * G_PI * 100 * pow (80, i % (8 * RATE) / (8. * RATE)) / RATE;
      if (i < 10 * RATE)
        samples[i] = (gint16) (speech[left] + (speech[left + 1] - speech[left]) *
                                                  (place - left));
      else if (i < 18 * RATE)
        samples[i] = (gint16) (12000 * sin (phase));
      else
        samples[i] = i % 4801 < 20 ? 20000 : i % 7 * 10;
    }
  return samples;
}

/* The second channel of two is late and quieter. */
static void
make_recording (const Fixture *self,
                guint          channels)
{
  g_autofree gchar *path = path_of (self, "recording.raw");
  g_autofree gint16 *samples = make_samples (self);
  g_autofree gint16 *both = g_new (gint16, 2 * LENGTH * RATE);
  guint i;

  for (i = 0; i < LENGTH * RATE; i++)
    {
      both[2 * i] = samples[i];
      both[2 * i + 1] = i < 700 ? 0 : samples[i - 700] / 2;
    }
  save (path, channels == 1 ? samples : both,
        channels * sizeof (gint16) * LENGTH * RATE);
}

static GBytes *
encode (const Fixture *self,
        const Recipe  *recipe)
{
  g_autofree gchar *raw = path_of (self, "recording.raw");
  g_autofree gchar *mp3 = path_of (self, "recording.mp3");
  g_autofree gchar *output = NULL;
  const gchar *argv[24] = {
    "lame", "--quiet", "-r", "-s", "48", "--bitwidth", "16", "--signed",
    "--little-endian",
  };
  guint n = 9, i;

  if (recipe->channels == 1)
    {
      argv[n++] = "-m";
      argv[n++] = "m";
    }
  for (i = 0; i < G_N_ELEMENTS (recipe->options) && recipe->options[i]; i++)
    argv[n++] = recipe->options[i];
  argv[n++] = raw;
  argv[n++] = mp3;
  output = run (argv);
  return load (mp3);
}

static void
set_up (Fixture      *self,
        gconstpointer user_data)
{
  const Recipe *recipe = user_data;
  g_autoptr (GError) error = NULL;

  self->folder = g_dir_make_tmp ("ekascribe-mp3-XXXXXX", &error);
  g_assert_no_error (error);
  make_recording (self, recipe->channels);
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
}

/* Decodes a file and appends the samples to @out. */
static void
decode (const Fixture *self,
        const Decoder *decoder,
        GBytes        *file,
        GByteArray    *out)
{
  g_autofree gchar *in_path = path_of (self, "in.mp3");
  g_autofree gchar *out_path = path_of (self, "out.raw");
  g_autofree gchar *gst_in = g_strconcat ("location=", in_path, NULL);
  g_autofree gchar *gst_out = g_strconcat ("location=", out_path, NULL);
  const gchar *const places[][2] = {
    { IN, in_path }, { OUT, out_path }, { GST_IN, gst_in },
    { GST_OUT, gst_out },
  };
  g_autofree gchar *output = NULL;
  g_autoptr (GBytes) decoded = NULL;
  const gchar *argv[G_N_ELEMENTS (decoder->argv) + 1] = { NULL };
  guint i, k;

  for (i = 0; i < G_N_ELEMENTS (decoder->argv); i++)
    {
      argv[i] = decoder->argv[i];
      for (k = 0; k < G_N_ELEMENTS (places); k++)
        argv[i] = g_strcmp0 (argv[i], places[k][0]) == 0 ? places[k][1]
                                                         : argv[i];
    }
  save (in_path, g_bytes_get_data (file, NULL), g_bytes_get_size (file));
  g_unlink (out_path);
  output = run (argv);
  decoded = load (out_path);
  g_byte_array_append (out, g_bytes_get_data (decoded, NULL),
                       (guint) g_bytes_get_size (decoded));
}

static guint
largest_difference (const Decoder    *decoder,
                    const GByteArray *a,
                    const GByteArray *b)
{
  const gint16 *x = (const gint16 *) (gconstpointer) a->data;
  const gint16 *y = (const gint16 *) (gconstpointer) b->data;
  guint largest = 0;
  gsize i;

  if (decoder->sample_size != sizeof (gint16))
    return memcmp (a->data, b->data, a->len) != 0 ? G_MAXUINT : 0;
  for (i = 0; i < a->len / sizeof (gint16); i++)
    largest = MAX (largest, (guint) ABS (x[i] - y[i]));
  return largest;
}

/* Most services ask ffprobe how long a file is. */
static void
check_duration (const Fixture *self,
                GBytes        *file)
{
  g_autofree gchar *path = path_of (self, "in.mp3");
  const gchar *argv[] = {
    "ffprobe", "-v", "error", "-show_entries", "format=duration", "-of",
    "csv=p=0", path, NULL,
  };
  g_autofree gchar *output = NULL;
  g_auto (EkaFile) read = { 0, };
  gdouble length;

  eka_file_init (&read);
  g_assert_true (eka_mp3file_read (&read, file));
  length = (gdouble) eka_file_count_samples (&read) / read.codec.rate;
  save (path, g_bytes_get_data (file, NULL), g_bytes_get_size (file));
  output = run (argv);
  /* bytes are not a whole number of samples where there is no tag */
  g_assert_cmpfloat (g_ascii_strtod (output, NULL), <=, length + 0.001);
}

/* Pieces of one frame to what the recipe allows, at boundaries that are always
 * the same. */
static GPtrArray *
cut (const Recipe    *recipe,
     const Mp3Source *source,
     GArray          *samples)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (1);
  GPtrArray *files = g_ptr_array_new_with_free_func (
      (GDestroyNotify) g_bytes_unref);
  guint begin, end;

  for (begin = 0; begin < source->packets->len; begin = end)
    {
      EkaStream stream;
      guint64 heard;

      end = begin + 1 + (guint) g_rand_int_range (rand, 0,
                                                  (gint32) recipe->max_frames);
      /* all that is skipped and trimmed is in one piece */
      end = MAX (end, 4);
      if (end + 3 > source->packets->len)
        end = source->packets->len;
      mp3_source_cut (source, begin, end, &stream);
      heard = eka_stream_count_samples (&stream) - stream.skip -
              stream.trim_end;
      g_array_append_val (samples, heard);
      g_ptr_array_add (files, eka_mp3file_write (&stream));
    }
  return files;
}

static void
test_recipe (Fixture      *self,
             gconstpointer user_data)
{
  const Recipe *recipe = user_data;
  g_autoptr (GBytes) recording = encode (self, recipe);
  g_autoptr (Mp3Source) source = mp3_source_new (recording);
  g_autoptr (GArray) samples = g_array_new (FALSE, FALSE, sizeof (guint64));
  g_autoptr (GPtrArray) files = NULL;
  guint i, n;

  /* of tiny pieces a second or two is enough */
  if (recipe->max_frames < 10)
    g_array_set_size (source->packets, 80);
  files = cut (recipe, source, samples);
  for (n = 0; n < recipe->n_decoders; n++)
    {
      const Decoder *decoder = &decoders[n];
      g_autoptr (GByteArray) uncut = g_byte_array_new ();
      g_autoptr (GByteArray) joined = g_byte_array_new ();
      guint difference;

      decode (self, decoder, recording, uncut);
      for (i = 0; i < files->len; i++)
        {
          const guint before = joined->len;

          decode (self, decoder, files->pdata[i], joined);
          g_assert_cmpuint (joined->len - before, ==,
                            g_array_index (samples, guint64, i) *
                                decoder->sample_size * recipe->channels);
        }
      if (recipe->max_frames < 10)
        g_byte_array_set_size (uncut, joined->len);
      g_assert_cmpuint (joined->len, ==, uncut->len);
      difference = largest_difference (decoder, joined, uncut);
      g_test_message ("%s: %u pieces, largest difference %u LSB",
                      decoder->name, files->len, difference);
      g_assert_cmpuint (difference, <=, decoder->max_error);
    }
  for (i = 0; i < files->len; i++)
    check_duration (self, files->pdata[i]);
}

int
main (int    argc,
      char **argv)
{
  guint i;

  g_test_init (&argc, &argv, NULL);
  for (i = 0; i < G_N_ELEMENTS (recipes); i++)
    {
      g_autofree gchar *path = g_strconcat ("/mp3decode/", recipes[i].name,
                                            NULL);

      g_test_add (path, Fixture, &recipes[i], set_up, test_recipe, tear_down);
    }
  return g_test_run ();
}
