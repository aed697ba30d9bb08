/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <stdlib.h>

#include "../chunk/encode.h"
#include "packets.h"

#define TONE                                                                  \
  "audiotestsrc freq=330 samplesperbuffer=%u num-buffers=%u ! "              \
  "audio/x-raw,format=S16LE,rate=%u,channels=1 ! %s"

/* What containers round a duration to */
#define ROUNDING 0.002

static Packets *
make_tone (const Format *format,
           guint         seconds)
{
  g_autofree gchar *launch = g_strdup_printf (
      TONE, format->samples, seconds * format->rate / format->samples,
      format->rate, format->launch);

  return packets_from_launch (format, launch);
}

static gdouble
probe (GBytes *file)
{
  const gchar *const argv[] = {
    "ffprobe", "-v", "error", "-show_entries", "format=duration", "-of",
    "csv=p=0", "-o", ENCODE_OUT, ENCODE_IN, NULL,
  };
  gsize size;
  gconstpointer data = g_bytes_get_data (file, &size);
  g_autoptr (GBytes) text = encode_run (data, size, argv);
  g_autofree gchar *string =
      g_strndup (g_bytes_get_data (text, NULL), g_bytes_get_size (text));

  return g_ascii_strtod (string, NULL);
}

/* Each chunk as ffprobe sees it. */
static void
check_limits (Fixture      *f,
              const Format *format,
              gdouble       shortest,
              gdouble       longest)
{
  const guint n = fixture_count_calls (f, EKA_CALL_UPLOAD);
  guint i;

  g_assert_cmpuint (n, >, 1);
  for (i = 0; i < n; i++) {
    GBytes *file = fixture_get_upload (f, i, format->media_type);
    gdouble duration = probe (file);

    g_assert_cmpfloat (duration, <=, longest + ROUNDING);
    g_assert_cmpfloat (duration, >=, i + 1 < n ? shortest : 0.1);
    g_assert_cmpuint (g_bytes_get_size (file), <=, 10000000);
  }
}

static void
record (Fixture       *f,
        const Packets *packets,
        const gchar   *line,
        const gchar   *more)
{
  g_autoptr (GstPad) pad = NULL;
  guint i;

  inputs_offer (f, ALL_FORMATS, more);
  fixture_launch (f, line);
  pad = packets_start (packets, f);
  for (i = 0; i < packets->buffers->len; i++)
    g_assert_cmpint (
        gst_pad_chain (pad, gst_buffer_ref (packets->buffers->pdata[i])), ==,
        GST_FLOW_OK);
  inputs_end_quietly (f, pad);
}

/* Opus and Vorbis tell to the sample what went in. */
static guint64
count_expected (const Packets *packets,
                guint          seconds)
{
  const Format *format = packets->format;
  const guint n = seconds * format->rate / format->samples;

  return (guint64) format->samples *
         (format == &format_opus || format == &format_vorbis ?
              n :
              packets->buffers->len);
}

/* Two minutes without a pause. */
static void
test_tone (Fixture      *f,
           gconstpointer data)
{
  const Format *format = data;
  g_autoptr (Packets) packets = make_tone (format, 120);

  record (f, packets, "ekascribesink name=s", "");
  check_limits (f, format, 10, 20);
  g_assert_cmpuint (inputs_count (f, format), ==,
                    count_expected (packets, 120));
}

/* The service takes 3 s, which is less than the least that is asked for. */
static void
test_three_seconds (Fixture      *f,
                    gconstpointer data)
{
  const Format *format = data;
  g_autoptr (Packets) packets = make_tone (format, 11);

  record (f, packets, "ekascribesink name=s min-chunk-duration=10000000000",
          ",\"max_chunk_duration_seconds\":3");
  check_limits (f, format, 1.5, 3);
}

static void
test_min_over_max (Fixture      *f,
                   gconstpointer data)
{
  const Format *format = data;
  g_autoptr (Packets) packets = make_tone (format, 16);

  record (f, packets,
          "ekascribesink name=s min-chunk-duration=15000000000 "
          "max-chunk-duration=5000000000",
          "");
  check_limits (f, format, 2.5, 5);
}

static void
add_for_each (const gchar *path,
              void (*func) (Fixture *, gconstpointer))
{
  static const Format *const formats[] = {
    &format_opus, &format_mulaw, &format_pcm,
    &format_aac,  &format_mp3,   &format_vorbis,
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (formats); i++) {
    g_autofree gchar *name = g_strdup_printf ("%s/%s", path, formats[i]->name);

    g_test_add (name, Fixture, formats[i], fixture_set_up, func,
                fixture_tear_down);
  }
}

int
main (int    argc,
      char **argv)
{
  fixture_init (&argc, &argv);

  add_for_each ("/limits/two-minutes-of-tone", test_tone);
  add_for_each ("/limits/three-seconds", test_three_seconds);
  add_for_each ("/limits/min-over-max", test_min_over_max);
  return g_test_run ();
}
