/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "chunk/webm.h"

#include "oggreader.h"
#include "take.h"

#include <glib/gstdio.h>

/* Opus in WebM, by other people's decoders: each piece of a recording alone
 * gives what the uncut one gives there. */

#define IN "@IN@"
#define OUT "@OUT@"
#define GST_IN "@GST-IN@"
#define GST_OUT "@GST-OUT@"
#define RATE 48000
/* What 500 ms of pre-roll leave, in steps of 16 bit samples */
#define MAX_ERROR 28

typedef struct
{
  const gchar *name;
  guint reference; /* the decoder of the same make */
  const gchar *argv[16];
} Decoder;

static const Decoder decoders[] = {
  { "ffmpeg-native", 0,
    { "ffmpeg", "-v", "error", "-y", "-c:a", "opus", "-i", IN, "-f", "s16le",
      OUT } },
  { "ffmpeg-libopus", 1,
    { "ffmpeg", "-v", "error", "-y", "-c:a", "libopus", "-i", IN, "-f", "s16le",
      OUT } },
  { "matroskademux", 2,
    { "gst-launch-1.0", "-q", "filesrc", GST_IN, "!", "matroskademux", "!",
      "opusdec", "!", "filesink", GST_OUT } },
  { "decodebin", 2,
    { "gst-launch-1.0", "-q", "filesrc", GST_IN, "!", "decodebin", "!",
      "audioconvert", "!", "audio/x-raw,format=S16LE", "!", "filesink",
      GST_OUT } },
};

/* For the recording, which is Ogg; GStreamer's decoder gives other samples for
 * some stereo than libopus does in ffmpeg. */
static const Decoder gstreamer_ogg = {
  "oggdemux", 2,
  { "gst-launch-1.0", "-q", "filesrc", GST_IN, "!", "oggdemux", "!", "opusdec",
    "!", "filesink", GST_OUT },
};

typedef struct
{
  gchar *folder;
  gchar *in;
  gchar *out;
} Fixture;

static void
set_up (Fixture      *self,
        gconstpointer user_data)
{
  g_autoptr (GError) error = NULL;

  self->folder = g_dir_make_tmp ("ekascribe-webm-XXXXXX", &error);
  g_assert_no_error (error);
  self->in = g_build_filename (self->folder, "in", NULL);
  self->out = g_build_filename (self->folder, "out", NULL);
}

static void
tear_down (Fixture      *self,
           gconstpointer user_data)
{
  g_unlink (self->in);
  g_unlink (self->out);
  g_assert_cmpint (g_rmdir (self->folder), ==, 0);
  g_free (self->folder);
  g_free (self->in);
  g_free (self->out);
}

/* Runs a program that must succeed, without what is meant for ours: a plugin
 * built with a sanitizer loads into no other program.
 *
 * Returns: what it printed */
static gchar *
run (const gchar *const *argv)
{
  g_auto (GStrv) env = g_environ_unsetenv (
      g_environ_unsetenv (g_get_environ (), "G_DEBUG"), "GST_PLUGIN_PATH_1_0");
  g_autoptr (GError) error = NULL;
  g_autofree gchar *messages = NULL;
  gchar *output = NULL;
  gint status;

  g_spawn_sync (NULL, (gchar **) argv, env, G_SPAWN_SEARCH_PATH, NULL, NULL,
                &output, &messages, &status, &error);
  g_assert_no_error (error);
  if (!g_spawn_check_wait_status (status, &error))
    g_error ("%s: %s: %s", argv[0], error->message, messages);
  return output;
}

static void
save (const gchar *path,
      GBytes      *bytes)
{
  g_autoptr (GError) error = NULL;

  g_file_set_contents (path, g_bytes_get_data (bytes, NULL),
                       g_bytes_get_size (bytes), &error);
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

static GBytes *
decode (const Fixture *self,
        const Decoder *decoder,
        GBytes        *file)
{
  g_autofree gchar *gst_in = g_strconcat ("location=", self->in, NULL);
  g_autofree gchar *gst_out = g_strconcat ("location=", self->out, NULL);
  g_autofree gchar *output = NULL;
  const gchar *argv[G_N_ELEMENTS (decoder->argv) + 1] = { NULL };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (decoder->argv); i++)
    {
      argv[i] = decoder->argv[i];
      if (g_strcmp0 (argv[i], IN) == 0)
        argv[i] = self->in;
      else if (g_strcmp0 (argv[i], OUT) == 0)
        argv[i] = self->out;
      else if (g_strcmp0 (argv[i], GST_IN) == 0)
        argv[i] = gst_in;
      else if (g_strcmp0 (argv[i], GST_OUT) == 0)
        argv[i] = gst_out;
    }
  save (self->in, file);
  g_unlink (self->out);
  output = run (argv);
  return load (self->out);
}

/* Near enough to speech: a voice of changing pitch, with pauses */
static GBytes *
encode (const Fixture *self,
        guint          seconds,
        guint          channels,
        const gchar   *frame_size)
{
  const guint n = seconds * RATE;
  g_autofree gint16 *samples = g_new0 (gint16, n * channels);
  g_autoptr (GBytes) raw = NULL;
  g_autofree gchar *output = NULL;
  g_autofree gchar *channels_text = g_strdup_printf ("%u", channels);
  const gchar *argv[] = {
    "opusenc", "--quiet", "--raw", "--raw-rate", "48000", "--raw-chan",
    channels_text, "--bitrate", "32", "--framesize", frame_size, "--serial",
    "1", self->in, self->out, NULL,
  };
  guint phase = 0, i, c;
  guint32 noise = 1;

  for (i = 0; i < n; i++)
    {
      const gboolean voiced = i % RATE < RATE * 3 / 4;
      const guint period = 240 + i / 4801 % 5 * 40;

      phase = (phase + 1) % period;
      noise = noise * 1664525 + 1013904223;
      for (c = 0; c < channels; c++)
        samples[i * channels + c] =
            (voiced ? 4000 - 16 * (gint) phase * (gint) (c + 1) : 0) +
            (gint) (noise >> 25);
    }
  raw = g_bytes_new (samples, n * channels * 2);
  save (self->in, raw);
  output = run (argv);
  return load (self->out);
}

static Take *
take_recording (GBytes *recording)
{
  g_autoptr (OggFile) ogg = ogg_file_new (recording);
  Take *take = take_new (ogg->codec.channels);
  guint i;

  take->codec = ogg->codec;
  for (i = 0; i < ogg->packets->len; i++)
    take_add_bytes (take, ogg->packets->pdata[i]);
  return take;
}

static gdouble
probe_duration (const Fixture *self)
{
  const gchar *argv[] = { "ffprobe", "-v", "error", "-show_entries",
                          "format=duration", "-of", "csv=p=0", self->in, NULL };
  g_autofree gchar *output = run (argv);

  return g_ascii_strtod (output, NULL);
}

/* matroskademux clips as much as CodecDelay off every packet that begins within
 * it: too much where that is the middle of a packet other than the first. */
static guint
count_exact_decoders (const EkaStream *stream)
{
  guint64 samples = 0;
  guint i;

  for (i = 0; samples < stream->skip; i++)
    samples += stream->packets[i].samples;
  return samples > stream->skip && i > 1 ? 2 : G_N_ELEMENTS (decoders);
}

/* One piece: as many samples as there are, and those of the uncut recording.
 * @before: where it is heard there */
static void
check_piece (const Fixture   *self,
             const EkaStream *stream,
             GBytes *const   *uncut,
             guint64          before)
{
  const guint frame = 2 * stream->codec->channels;
  const guint64 total = eka_stream_count_samples (stream);
  const guint64 heard = total - stream->skip - stream->trim_end;
  g_autoptr (GBytes) file = eka_webm_write (stream);
  guint i;

  for (i = 0; i < count_exact_decoders (stream); i++)
    {
      g_autoptr (GBytes) decoded = decode (self, &decoders[i], file);
      GBytes *reference = uncut[decoders[i].reference];
      const gint16 *a = g_bytes_get_data (decoded, NULL);
      const gint16 *b = g_bytes_get_data (reference, NULL);
      gint difference = 0;
      guint64 n;

      g_assert_cmpuint (g_bytes_get_size (decoded), ==, heard * frame);
      g_assert_cmpuint ((before + heard) * frame, <=,
                        g_bytes_get_size (reference));
      b += before * stream->codec->channels;
      for (n = 0; n < heard * stream->codec->channels; n++)
        difference = MAX (difference, ABS (a[n] - b[n]));
      g_test_message ("%s: %" G_GUINT64_FORMAT " samples, %d LSB",
                      decoders[i].name, heard, difference);
      g_assert_cmpint (difference, <=, MAX_ERROR);
    }
  g_assert_cmpfloat (probe_duration (self), <=, total / (gdouble) RATE);
}

typedef struct
{
  guint channels;
  const gchar *frame_size;
  guint packets; /* in half a second, of pre-roll */
} Recording;

/* Three pieces of a recording: its begin, with what the encoder hides; its
 * middle behind pre-roll; and its end, trimmed. */
static void
test_pieces (Fixture      *self,
             gconstpointer user_data)
{
  const Recording *kind = user_data;
  g_autoptr (GBytes) recording =
      encode (self, 6, kind->channels, kind->frame_size);
  g_autoptr (Take) take = take_recording (recording);
  g_autoptr (GBytes) native = decode (self, &decoders[0], recording);
  g_autoptr (GBytes) libopus = decode (self, &decoders[1], recording);
  g_autoptr (GBytes) gstreamer = decode (self, &gstreamer_ogg, recording);
  GBytes *const uncut[] = { native, libopus, gstreamer };
  const guint samples = g_array_index (take->packets, EkaPacketInfo, 0).samples;
  const guint pre_skip = take->codec.pre_skip;
  const guint first = kind->packets * 3, last = kind->packets * 8;
  const guint64 total = (guint64) take->packets->len * samples;
  const guint trim_end = (guint) (total - pre_skip - 6 * RATE);
  EkaStream stream;

  stream = take_get (take, 0, first, pre_skip, 0);
  check_piece (self, &stream, uncut, 0);
  stream = take_get (take, first - kind->packets, last - first + kind->packets,
                     kind->packets * samples, 0);
  check_piece (self, &stream, uncut, first * samples - pre_skip);
  stream = take_get (take, last - kind->packets,
                     take->packets->len - last + kind->packets,
                     kind->packets * samples, trim_end);
  check_piece (self, &stream, uncut, last * samples - pre_skip);
}

/* Packets of all durations in one stream, some of them of one byte: no sample
 * too many or too few. */
static void
test_mixed (Fixture      *self,
            gconstpointer user_data)
{
  static const gchar *const sizes[] = { "20", "2.5", "60", "10" };
  g_autoptr (Take) take = take_new (1);
  g_autoptr (GBytes) file = NULL;
  EkaStream stream;
  guint64 heard;
  guint i, n;

  for (i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autoptr (GBytes) recording = encode (self, 1, 1, sizes[i]);
      g_autoptr (OggFile) ogg = ogg_file_new (recording);

      for (n = 0; n < ogg->packets->len; n++)
        {
          take_add_bytes (take, ogg->packets->pdata[n]);
          if (n % 11 == 10)
            take_add_frame (take, *(const guint8 *) g_bytes_get_data (
                                      ogg->packets->pdata[n], NULL) >> 3, 1);
        }
    }
  stream = take_get_all (take, 4800, 77);
  heard = eka_stream_count_samples (&stream) - 4800 - 77;
  file = eka_webm_write (&stream);
  for (i = 0; i < G_N_ELEMENTS (decoders); i++)
    {
      g_autoptr (GBytes) decoded = decode (self, &decoders[i], file);

      g_assert_cmpuint (g_bytes_get_size (decoded), ==, heard * 2);
    }
}

int
main (int    argc,
      char **argv)
{
  static const Recording mono = { 1, "20", 25 };
  static const Recording stereo = { 2, "20", 25 };
  static const Recording shortest = { 1, "2.5", 200 };
  static const Recording longest = { 1, "60", 9 };

  g_test_init (&argc, &argv, NULL);
#define ADD(name, data, func) \
  g_test_add ("/webm-decode/" name, Fixture, data, set_up, func, tear_down)
  ADD ("mono", &mono, test_pieces);
  ADD ("stereo", &stereo, test_pieces);
  ADD ("2.5-ms", &shortest, test_pieces);
  ADD ("60-ms", &longest, test_pieces);
  ADD ("mixed", NULL, test_mixed);
  return g_test_run ();
}
