/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "chunk/celt.h"

#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

#include "oggreader.h"

/* What the energies of a frame tell is held against what a decoder returns.
 * Needs ffmpeg with libopus. */

#define RATE 48000
#define SECONDS 7

/* dB; the energies come in steps of 6 */
#define MAX_ERROR 4

/* It loses 10 dB each second, and then there is silence. */
#define DECAY                                                                  \
  ",volume=volume='pow(10,-floor(t)/2)':eval=frame,apad=pad_dur=1"
#define NOISE "anoisesrc=d=6:c=pink:r=48000:a=0.5:seed=7" DECAY
/* For the lowest bands, and the post-filter */
#define TONE "aevalsrc='0.3*sin(600*PI*t)+0.1*sin(900*PI*t)':d=6:s=48000" DECAY

typedef struct
{
  const gchar *name;
  const gchar *signal;
  const gchar *frame; /* ms */
  const gchar *bitrate;
  const gchar *vbr;
  const gchar *cutoff; /* Hz */
  const gchar *channels;
} Mode;

static const Mode modes[] = {
  { "20ms-cbr", NOISE, "20", "64000", "off", "20000", "1" },
  { "20ms-vbr", NOISE, "20", "48000", "on", "20000", "1" },
  { "60ms-packets", NOISE, "60", "64000", "off", "20000", "1" },
  { "60ms-packets-vbr", NOISE, "60", "64000", "on", "20000", "1" },
  { "10ms-cbr", NOISE, "10", "64000", "off", "20000", "1" },
  { "5ms-cbr", NOISE, "5", "96000", "off", "20000", "1" },
  { "2.5ms-cbr", NOISE, "2.5", "128000", "off", "20000", "1" },
  { "wideband", NOISE, "20", "32000", "off", "8000", "1" },
  { "super-wideband", NOISE, "20", "32000", "off", "12000", "1" },
  { "stereo", NOISE, "20", "96000", "off", "20000", "2" },
  { "tone", TONE, "20", "64000", "off", "20000", "1" },
  { "starved-tone", TONE, "20", "8000", "off", "20000", "1" },
  { "starved", NOISE, "20", "8000", "off", "20000", "1" },
};

static void
run (const gchar *const *argv)
{
  g_autoptr (GError) error = NULL;
  g_autofree gchar *messages = NULL;
  gint status;

  g_spawn_sync (NULL, (gchar **) argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL,
                NULL, &messages, &status, &error);
  g_assert_no_error (error);
  if (!g_spawn_check_wait_status (status, &error))
    g_error ("%s: %s: %s", argv[0], error->message, messages);
}

static void
encode (const Mode  *mode,
        const gchar *path)
{
  const gchar *argv[] = { "ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i",
                          mode->signal, "-ac", mode->channels, "-c:a", "libopus",
                          "-application", "lowdelay", "-frame_duration",
                          mode->frame, "-b:a", mode->bitrate, "-vbr", mode->vbr,
                          "-cutoff", mode->cutoff, "-f", "ogg", path, NULL };

  run (argv);
}

/* The power of each second as it is decoded, with its treble raised */
static void
measure_decoded (const Mode  *mode,
                 const gchar *path,
                 gdouble     *powers)
{
  const guint channels = mode->channels[0] - '0';
  g_autofree gchar *raw = g_strconcat (path, ".raw", NULL);
  const gchar *argv[] = { "ffmpeg", "-v", "error", "-y", "-c:a", "libopus",
                          "-i", path, "-f", "s16le", raw, NULL };
  g_autofree gint16 *samples = NULL;
  g_autoptr (GError) error = NULL;
  gsize size, i;

  run (argv);
  g_file_get_contents (raw, (gchar **) &samples, &size, &error);
  g_assert_no_error (error);
  g_remove (raw);
  memset (powers, 0, SECONDS * sizeof *powers);
  for (i = channels; i < MIN (size / 2, (gsize) SECONDS * RATE * channels); i++)
    {
      const gdouble raised = samples[i] - 0.85 * samples[i - channels];

      powers[i / channels / RATE] +=
          raised * raised / (32768. * 32768.) / RATE / channels;
    }
}

/* The same as the packets tell it */
static void
measure_packets (const gchar *path,
                 gdouble     *powers)
{
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (OggFile) file = NULL;
  g_autoptr (GError) error = NULL;
  guint64 samples = 0;
  EkaCelt celt = { 0 };
  gchar *data;
  gsize size;
  guint i;

  g_file_get_contents (path, &data, &size, &error);
  g_assert_no_error (error);
  bytes = g_bytes_new_take (data, size);
  file = ogg_file_new (bytes);
  memset (powers, 0, SECONDS * sizeof *powers);
  for (i = 0; i < file->packets->len; i++)
    {
      const guint8 *packet = g_bytes_get_data (file->packets->pdata[i], &size);
      const guint length = eka_opus_packet_samples (packet, size);
      const guint8 loudness = eka_opus_packet_loudness (&celt, packet, size);
      const gdouble power = pow (10, (loudness - 128) / 10.);

      g_assert_cmpuint (loudness, >, 0);
      if (samples / RATE < SECONDS)
        powers[samples / RATE] += power * length / RATE;
      samples += length;
    }
}

static void
test_level (gconstpointer data)
{
  const Mode *mode = data;
  gdouble decoded[SECONDS], told[SECONDS];
  g_autofree gchar *path = NULL;
  g_autoptr (GError) error = NULL;
  const gint fd = g_file_open_tmp ("eka-celt-XXXXXX", &path, &error);
  guint i;

  g_assert_no_error (error);
  g_close (fd, NULL);
  encode (mode, path);
  measure_decoded (mode, path, decoded);
  measure_packets (path, told);
  g_remove (path);
  for (i = 0; i < SECONDS; i++)
    {
      const gdouble is = 10 * log10 (told[i] + 1e-9);
      const gdouble should = 10 * log10 (decoded[i] + 1e-9);

      g_test_message ("second %u: %.1f dB, decoded %.1f dB", i, is, should);
      g_assert_cmpfloat (fabs (is - should), <=, MAX_ERROR);
    }
}

/* A frame that was not sent, one with a SILK layer, and one of silence */
static void
test_special (void)
{
  const guint8 silence[] = { 0xff, 0xff, 0xff };
  EkaCelt celt = { 0 };

  g_assert_cmpfloat (eka_celt_measure_frame (&celt, 0xf8, NULL, 0), <, 0);
  g_assert_cmpfloat (eka_celt_measure_frame (&celt, 0xf8, silence, 1), <, 0);
  g_assert_cmpfloat (eka_celt_measure_frame (&celt, 0x78, silence, 3), <, 0);
  g_assert_cmpfloat (eka_celt_measure_frame (&celt, 0xf8, silence, 3), ==, 0);
  g_assert_cmpfloat (celt.energies[1][EKA_CELT_N_BANDS - 1], <, -9);
}

static void
test_random (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (5);
  EkaCelt celt = { 0 };
  guint round;

  for (round = 0; round < 200000; round++)
    {
      const gsize size = g_rand_int_range (rand, 2, 80);
      g_autofree guint8 *data = g_malloc (size);
      const guint8 toc = g_rand_int_range (rand, 0x80, 0x100);
      gdouble power;
      gsize i;

      for (i = 0; i < size; i++)
        data[i] = g_rand_int_range (rand, 0, 256);
      /* long runs are where a range coder has its corners */
      if (round % 4 == 0)
        memset (data, round % 8 == 0 ? 0 : 0xff, size - 1);
      power = eka_celt_measure_frame (&celt, toc, data, size);
      g_assert_cmpfloat (power, >=, 0);
    }
}

int
main (int argc, char **argv)
{
  guint i;

  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/celt/special", test_special);
  g_test_add_func ("/celt/random", test_random);
  for (i = 0; i < G_N_ELEMENTS (modes); i++)
    {
      g_autofree gchar *path = g_strconcat ("/celt/", modes[i].name, NULL);

      g_test_add_data_func (path, &modes[i], test_level);
    }
  return g_test_run ();
}
