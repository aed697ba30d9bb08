/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "encode.h"

#include <glib/gstdio.h>
#include <string.h>

#define WAV_HEADER_SIZE 44
/* espeak-ng ends with silence, and begins with a little. */
#define THRESHOLD 300
/* Of a pause, in samples */
#define PAUSE ENCODE_RATE
/* Noise of a quiet room, in steps of 16 bits */
#define NOISE 8

static const gchar *const sentences[] = {
  "Good morning. What brings you here today?",
  "I have had this cough for three weeks",
  "and since yesterday there is a fever too.",
  "Let me listen to your chest, please.",
  "Breathe in, hold it, and out again.",
};

static void
append_noise (Speech *speech,
              GRand  *rand,
              guint   n)
{
  while (n-- > 0)
    {
      const gint16 sample = (gint16) g_rand_int_range (rand, -NOISE, NOISE + 1);

      g_array_append_val (speech->samples, sample);
    }
}

/* What is spoken, without the silence around it */
static void
append_sentence (Speech      *speech,
                 const gchar *text)
{
  const gchar *argv[] = { "espeak-ng", "-w", ENCODE_OUT, text, NULL };
  g_autoptr (GBytes) file = encode_run (NULL, 0, argv);
  gsize size, from = 0, to;
  const gint16 *samples = g_bytes_get_data (file, &size);

  samples += WAV_HEADER_SIZE / 2;
  to = (size - WAV_HEADER_SIZE) / 2;
  while (from < to && ABS (samples[from]) < THRESHOLD)
    from++;
  while (to > from && ABS (samples[to - 1]) < THRESHOLD)
    to--;
  g_assert_cmpuint (to - from, >, ENCODE_RATE / 2);
  g_array_append_vals (speech->samples, samples + from, (guint) (to - from));
}

/**
 * encode_speech:
 * @n_sentences: how many, of two seconds or so each, with pauses of a second
 *
 * Returns: (transfer full): speech
 */
Speech *
encode_speech (guint n_sentences)
{
  Speech *speech = g_new0 (Speech, 1);
  g_autoptr (GRand) rand = g_rand_new_with_seed (1);
  guint i;

  speech->samples = g_array_new (FALSE, FALSE, sizeof (gint16));
  speech->pauses = g_array_new (FALSE, FALSE, sizeof (guint));
  for (i = 0; i < n_sentences; i++)
    {
      append_sentence (speech, sentences[i % G_N_ELEMENTS (sentences)]);
      g_array_append_val (speech->pauses, speech->samples->len);
      append_noise (speech, rand, PAUSE);
      g_array_append_val (speech->pauses, speech->samples->len);
    }
  return speech;
}

/**
 * speech_free:
 * @speech: (transfer full): speech
 */
void
speech_free (Speech *speech)
{
  g_array_unref (speech->samples);
  g_array_unref (speech->pauses);
  g_free (speech);
}

/**
 * encode_run:
 * @data: (array length=size): what it reads
 * @size: length of @data
 * @argv: (array zero-terminated=1): a program that must succeed, with
 *   #ENCODE_IN and #ENCODE_OUT for its files
 *
 * Returns: (transfer full): what it wrote
 */
GBytes *
encode_run (const void         *data,
            gsize               size,
            const gchar *const *argv)
{
  /* a plugin built with a sanitizer loads into no other program */
  g_auto (GStrv) env = g_environ_unsetenv (
      g_environ_unsetenv (g_get_environ (), "G_DEBUG"), "GST_PLUGIN_PATH_1_0");
  g_autoptr (GError) error = NULL;
  g_autofree gchar *folder = g_dir_make_tmp ("ekascribe-encode-XXXXXX", NULL);
  g_autofree gchar *in = g_build_filename (folder, "in", NULL);
  g_autofree gchar *out = g_build_filename (folder, "out", NULL);
  g_autoptr (GPtrArray) words = g_ptr_array_new ();
  g_autofree gchar *messages = NULL;
  gchar *written;
  gint status;

  for (; *argv != NULL; argv++)
    g_ptr_array_add (words, g_str_equal (*argv, ENCODE_IN)    ? in
                            : g_str_equal (*argv, ENCODE_OUT) ? out
                                                              : (gchar *) *argv);
  g_ptr_array_add (words, NULL);
  g_file_set_contents (in, data != NULL ? data : "", (gssize) size, &error);
  g_assert_no_error (error);
  g_spawn_sync (NULL, (gchar **) words->pdata, env,
                G_SPAWN_SEARCH_PATH | G_SPAWN_STDOUT_TO_DEV_NULL, NULL, NULL,
                NULL, &messages, &status, &error);
  g_assert_no_error (error);
  if (!g_spawn_check_wait_status (status, &error))
    g_error ("%s: %s: %s", (gchar *) words->pdata[0], error->message,
             messages);
  g_file_get_contents (out, &written, &size, &error);
  g_assert_no_error (error);
  g_unlink (in);
  g_unlink (out);
  g_rmdir (folder);
  return g_bytes_new_take (written, size);
}

/**
 * encode_opus_voip:
 * @speech: what to encode
 * @bitrate: bits a second
 *
 * Returns: (transfer full): an Ogg file of Opus that has a SILK layer
 */
GBytes *
encode_opus_voip (const Speech *speech,
                  const gchar  *bitrate)
{
  const gchar *argv[] = {
    "ffmpeg", "-v", "error", "-f", "s16le", "-ar", "22050", "-ac", "1", "-i",
    ENCODE_IN, "-c:a", "libopus", "-application", "voip", "-b:a", bitrate,
    "-f", "ogg", ENCODE_OUT, NULL,
  };

  return encode_run (speech->samples->data, speech->samples->len * 2, argv);
}

/**
 * encode_vorbis:
 * @speech: what to encode
 * @rate: what it is taken for
 * @channels: 1 or 2; two are the same samples in turn, so half as long
 * @quality: of oggenc
 *
 * Returns: (transfer full): an Ogg file of Vorbis, with a comment
 */
GBytes *
encode_vorbis (const Speech *speech,
               const gchar  *rate,
               const gchar  *channels,
               const gchar  *quality)
{
  const gchar *argv[] = {
    "oggenc", "--quiet", "--raw", "--raw-bits", "16", "--raw-rate", rate,
    "--raw-chan", channels, "--quality", quality, "--artist", "Nightingale",
    "--output", ENCODE_OUT, ENCODE_IN, NULL,
  };

  return encode_run (speech->samples->data, speech->samples->len * 2, argv);
}
