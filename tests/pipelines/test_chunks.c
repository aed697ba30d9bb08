/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "fixtures.h"
#include "oggreader.h"

#include <math.h>
#include <string.h>

/* Long recordings through gst-launch, held against what the sandbox got. */

#define MIN_CHUNKS 10
#define MAX_CHUNK_SAMPLES (20 * 48000)
#define MAX_ERROR 28

static gchar *work;
static gchar *speech;

static gchar *
chunk_name (guint        index,
            const gchar *extension)
{
  return g_strdup_printf ("%u.%s", index, extension);
}

/* Skips the pre-roll of @chunk, whose length its pre-skip tells, and returns
 * how many packets that was. */
static guint
count_preroll (OggFile *chunk,
               guint    index,
               guint    own)
{
  guint samples = 0;
  guint i;

  if (index == 0)
    {
      g_assert_cmpuint (chunk->codec.pre_skip, ==, own);
      return 0;
    }
  for (i = 0; samples < chunk->codec.pre_skip; i++)
    {
      GBytes *packet = g_ptr_array_index (chunk->packets, i);

      samples += eka_opus_packet_samples (g_bytes_get_data (packet, NULL),
                                           g_bytes_get_size (packet));
    }
  g_assert_cmpuint (samples, ==, chunk->codec.pre_skip);
  return i;
}

static void
compare_packets (OggFile     *recording,
                 const gchar *folder,
                 guint        n)
{
  guint64 samples = 0;
  guint at = 0;
  guint i, j;

  for (i = 0; i < n; i++)
    {
      g_autofree gchar *name = chunk_name (i, "ogg");
      g_autoptr (GBytes) bytes = fixture_file (folder, name);
      g_autoptr (OggFile) chunk = ogg_file_new (bytes);

      g_assert_cmpuint (chunk->total, <=, MAX_CHUNK_SAMPLES);
      samples += chunk->samples;
      for (j = count_preroll (chunk, i, recording->codec.pre_skip);
           j < chunk->packets->len; j++)
        {
          g_assert_cmpuint (at, <, recording->packets->len);
          g_assert_true (
              g_bytes_equal (g_ptr_array_index (chunk->packets, j),
                             g_ptr_array_index (recording->packets, at++)));
        }
    }
  g_assert_cmpuint (at, ==, recording->packets->len);
  g_assert_cmpuint (samples, ==, recording->samples);
}

static GBytes *
decode (const gchar *folder,
        const gchar *name)
{
  g_autofree gchar *command = g_strdup_printf (
      "opusdec --quiet --rate 48000 --no-dither %s/%s %s/decoded.wav", folder,
      name, work);

  harness_run (command);
  return fixture_wav_data (work, "decoded.wav");
}

/* Each chunk is decoded alone, as the service does. */
static void
compare_sound (const gchar *folder,
               guint        n)
{
  g_autoptr (GBytes) whole = decode (work, "speech.ogg");
  const gint16 *expected = g_bytes_get_data (whole, NULL);
  gsize left = g_bytes_get_size (whole) / sizeof (gint16);
  gint worst = 0;
  gsize j, count;
  guint i;

  for (i = 0; i < n; i++)
    {
      g_autofree gchar *name = chunk_name (i, "ogg");
      g_autoptr (GBytes) part = decode (folder, name);
      const gint16 *found = g_bytes_get_data (part, NULL);

      count = g_bytes_get_size (part) / sizeof (gint16);
      g_assert_cmpuint (count, <=, left);
      for (j = 0; j < count; j++)
        worst = MAX (worst, ABS (expected[j] - found[j]));
      expected += count;
      left -= count;
    }
  g_assert_cmpuint (left, ==, 0);
  g_test_message ("largest error: %d LSB", worst);
  g_assert_cmpint (worst, <=, MAX_ERROR);
}

static void
test_opus_arrives_packet_for_packet (void)
{
  g_autoptr (Sandbox) sandbox = sandbox_new (NULL);
  g_autoptr (Launch) launch = NULL;
  g_autofree gchar *folder = NULL;
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (OggFile) recording = NULL;
  guint n;

  fixture_make ("filesrc location=%s ! wavparse ! audioconvert ! opusenc ! "
                "oggmux ! filesink location=%s/speech.ogg", speech, work);
  launch = launch_run (NULL,
                       "filesrc location=%s/speech.ogg ! oggdemux ! "
                       "ekascribesink base-url=%s", work, sandbox->url);
  g_assert_cmpint (launch->exit_code, ==, 0);
  launch_assert_says (launch, "ekascribe-result");

  folder = sandbox_only (sandbox);
  n = fixture_chunks (folder, "ogg");
  g_assert_cmpuint (n, >=, MIN_CHUNKS);
  bytes = fixture_file (work, "speech.ogg");
  recording = ogg_file_new (bytes);
  compare_packets (recording, folder, n);
  compare_sound (folder, n);
}

static void
test_pcm_arrives_sample_for_sample (void)
{
  g_autoptr (Sandbox) sandbox = sandbox_new (NULL);
  g_autoptr (GBytes) sent = fixture_wav_data (work, "speech.wav");
  g_autoptr (GBytes) received = NULL;
  g_autoptr (Launch) launch = NULL;
  g_autofree gchar *folder = NULL;

  launch = launch_run (NULL,
                       "filesrc location=%s ! wavparse ! ekascribesink "
                       "base-url=%s", speech, sandbox->url);
  g_assert_cmpint (launch->exit_code, ==, 0);
  folder = sandbox_only (sandbox);
  g_assert_cmpuint (fixture_chunks (folder, "wav"), >=, MIN_CHUNKS);
  received = fixture_join (folder);
  g_assert_cmpuint (g_bytes_get_size (received), ==, g_bytes_get_size (sent));
  g_assert_true (g_bytes_equal (received, sent));
}

int
main (int    argc,
      char **argv)
{
  int result;

  harness_init (&argc, &argv);
  work = harness_folder_new ();
  speech = fixture_speech (work, 12);
  g_test_add_func ("/chunks/opus-arrives-packet-for-packet",
                   test_opus_arrives_packet_for_packet);
  g_test_add_func ("/chunks/pcm-arrives-sample-for-sample",
                   test_pcm_arrives_sample_for_sample);
  result = g_test_run ();
  harness_folder_remove (work);
  g_free (speech);
  g_free (work);
  return result;
}
