/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "live.h"

#include <signal.h>
#include <string.h>

/* A camera that says ten digits in two seconds, and gst-launch lines as users
 * type them. */

#define DIGITS "0123456789"
#define SECONDS 2.0
#define SCRIBE "ekascribesink name=scribe poll-interval=50000000 base-url=%s"

/* Formats of WAV files. */
enum
{
  WAV_PCM = 1,
  WAV_ALAW = 6,
  WAV_MULAW = 7,
};

typedef struct
{
  const gchar *path; /* of the camera's stream */
  const gchar *protocols;
  const gchar *chain;
  const gchar *media_type;
  guint format; /* of WAV files, else 0 */
} Case;

typedef struct
{
  Sandbox *sandbox;
  Launch *launch;
} Run;

static guint
wav_format (const gchar *folder)
{
  g_autoptr (GBytes) file = fixture_file (folder, "0.wav");
  gsize size;
  const guint8 *data = g_bytes_get_data (file, &size);

  g_assert_cmpuint (size, >, 44);
  return data[20] | data[21] << 8;
}

/* The server may have closed a connection before rtspsrc (1.22) says PAUSE on its
 * way down: then an ERROR of rtspsrc's comes behind EOS. */
static gboolean
ended_well (Launch *launch)
{
  const gchar *end = strstr (launch->out->str, "Got EOS from element");

  return launch->exit_code == 0 ||
         (end != NULL &&
          strstr (launch->err->str, "gst_rtspsrc_pause ()") != NULL &&
          strstr (launch->out->str, "status=(string)completed") != NULL);
}

static void
check_run (const Run  *run,
           const Case *expected)
{
  g_autofree gchar *folder = NULL;
  g_autofree gchar *digits = NULL;

  if (!ended_well (run->launch))
    g_error ("%s: %d\n%s\n%s", expected->path, run->launch->exit_code,
             run->launch->out->str, run->launch->err->str);
  folder = sandbox_only (run->sandbox);
  digits = live_digits (folder);
  g_test_message ("%s ! %s: %s in %.3f s", expected->path, expected->chain,
                  digits, live_seconds (folder));
  g_assert_cmpstr (digits, ==, DIGITS);
  live_assert_chunks (folder, expected->media_type);
  if (expected->format != 0)
    g_assert_cmpuint (wav_format (folder), ==, expected->format);
  /* Encoders add up to two packets. */
  g_assert_cmpfloat (live_seconds (folder), >, SECONDS - 0.05);
  g_assert_cmpfloat (live_seconds (folder), <, SECONDS + 0.15);
}

/* All at the same time, for they take the time that the camera takes. */
static void
run_cases (const Case *cases,
           guint       n)
{
  g_autoptr (Camera) camera = camera_new (NULL);
  g_autofree Run *runs = g_new0 (Run, n);
  guint i;

  for (i = 0; i < n; i++)
    {
      runs[i].sandbox = sandbox_new (NULL);
      runs[i].launch = launch_start (
          NULL, "rtspsrc location=%s%s protocols=%s latency=300 ! %s ! " SCRIBE,
          camera->url, cases[i].path, cases[i].protocols, cases[i].chain,
          runs[i].sandbox->url);
    }
  for (i = 0; i < n; i++)
    {
      launch_wait (runs[i].launch);
      check_run (&runs[i], &cases[i]);
      launch_free (runs[i].launch);
      sandbox_free (runs[i].sandbox);
    }
}

static void
test_each_codec (void)
{
  static const Case cases[] = {
    { "/opus", "tcp", "rtpopusdepay", "audio/ogg;codecs=opus", 0 },
    { "/aac", "tcp", "rtpmp4gdepay", "audio/m4a", 0 },
    { "/latm", "tcp", "rtpmp4adepay", "audio/m4a", 0 },
    { "/pcmu", "tcp", "rtppcmudepay", "audio/wav", WAV_MULAW },
    { "/pcma", "tcp", "rtppcmadepay", "audio/wav", WAV_ALAW },
    { "/g722", "tcp", "rtpg722depay", "audio/wav", WAV_PCM },
    { "/g726", "tcp", "rtpg726depay", "audio/wav", WAV_PCM },
    { "/opus", "udp", "rtpopusdepay", "audio/ogg;codecs=opus", 0 },
    { "/aac", "udp", "rtpmp4gdepay", "audio/m4a", 0 },
    { "/latm", "udp", "rtpmp4adepay", "audio/m4a", 0 },
    { "/pcmu", "udp", "rtppcmudepay", "audio/wav", WAV_MULAW },
    { "/pcma", "udp", "rtppcmadepay", "audio/wav", WAV_ALAW },
    { "/g722", "udp", "rtpg722depay", "audio/wav", WAV_PCM },
    { "/g726", "udp", "rtpg726depay", "audio/wav", WAV_PCM },
  };

  run_cases (cases, G_N_ELEMENTS (cases));
}

static void
test_other_chains (void)
{
  static const Case cases[] = {
    { "/opus", "tcp", "decodebin", "audio/wav", WAV_PCM },
    { "/aac", "udp", "decodebin", "audio/wav", WAV_PCM },
    { "/pcmu", "tcp", "decodebin", "audio/wav", WAV_PCM },
    { "/opus", "udp", "rtpopusdepay ! opusparse", "audio/ogg;codecs=opus", 0 },
    { "/latm", "tcp", "rtpmp4adepay ! aacparse", "audio/m4a", 0 },
    { "/aac", "udp", "parsebin", "audio/m4a", 0 },
    { "/pcma", "tcp", "parsebin", "audio/wav", WAV_ALAW },
    /* It has a picture, too. */
    { "/film", "tcp", "application/x-rtp,media=audio ! rtppcmudepay",
      "audio/wav", WAV_MULAW },
  };

  run_cases (cases, G_N_ELEMENTS (cases));
}

/* A camera never ends by itself. */
static void
test_ctrl_c_ends_it (void)
{
  g_autoptr (Sandbox) sandbox = sandbox_new (NULL);
  g_autoptr (Camera) camera = camera_new ("--linger 60");
  g_autoptr (Launch) launch = NULL;
  g_autofree gchar *folder = NULL;
  g_autofree gchar *digits = NULL;

  launch = launch_start (NULL,
                         "-e rtspsrc location=%s/opus latency=300 ! "
                         "rtpopusdepay ! " SCRIBE " "
                         "max-chunk-duration=1000000000", camera->url,
                         sandbox->url);
  launch_wait_for (launch, "index=(uint)4");
  launch_signal (launch, SIGINT);
  launch_wait (launch);
  g_assert_cmpint (launch->exit_code, ==, 0);
  launch_assert_says (launch, "status=(string)completed");
  folder = sandbox_only (sandbox);
  digits = live_digits (folder);
  g_assert_cmpstr (digits, ==, DIGITS);
}

/* How many of the camera's blocks of 20 ms are silent in their middle. */
static guint
count_silent (const gchar *folder)
{
  const guint block = 320, edge = 80;
  g_autoptr (GBytes) samples = fixture_wav_data (folder, "recording.wav");
  const gint16 *data = g_bytes_get_data (samples, NULL);
  gsize count = g_bytes_get_size (samples) / sizeof (gint16);
  guint silent = 0;
  gsize at, i;

  for (at = 0; at + block <= count; at += block)
    {
      for (i = at + edge; i < at + block - edge && ABS (data[i]) < 100; i++)
        continue;
      silent += i == at + block - edge;
    }
  return silent;
}

/* A digit that has a hole is told twice. */
static void
assert_digits_with_holes (const gchar *folder)
{
  g_autofree gchar *digits = live_digits (folder);
  GString *distinct = g_string_new (NULL);
  const gchar *at;

  for (at = digits; *at != '\0'; at++)
    if (distinct->len == 0 || distinct->str[distinct->len - 1] != *at)
      g_string_append_c (distinct, *at);
  g_assert_cmpstr (distinct->str, ==, DIGITS);
  g_string_free (distinct, TRUE);
}

/* Players that end at about the same time. */
static void
play_all (Player **players,
          guint    n)
{
  guint i;

  for (i = 0; i < n; i++)
    player_set (players[i], GST_STATE_PLAYING);
  for (i = 0; i < n; i++)
    {
      g_assert_cmpint (GST_MESSAGE_TYPE (player_wait (
                           players[i], GST_MESSAGE_EOS | GST_MESSAGE_ERROR)),
                       ==, GST_MESSAGE_EOS);
      g_assert_null (player_find (players[i], GST_MESSAGE_ERROR));
    }
}

/* Of 100 packets a dozen are lost. */
static void
check_filled (Player      *player,
              const gchar *folder)
{
  g_autoptr (GstStructure) stats = NULL;
  guint64 filled = 0;

  g_object_get (player->scribe, "stats", &stats, NULL);
  g_assert_true (gst_structure_get_uint64 (stats, "time-filled", &filled));
  g_test_message ("filled %" G_GUINT64_FORMAT " ms, %u blocks are silent",
                  filled / GST_MSECOND, count_silent (folder));
  g_assert_cmpuint (filled, >=, 10 * 20 * GST_MSECOND);
  g_assert_cmpuint (filled, <=, 14 * 20 * GST_MSECOND);
  /* 40 of them are the pauses between the digits. */
  g_assert_cmpuint (count_silent (folder), >, 40);
  g_assert_cmpuint (count_silent (folder), <=, 54);
}

/* Packets are lost, and others come in the wrong order. Opus fills holes by
 * itself: what counts there is that nothing moves. */
static void
test_lost_packets_are_silence (void)
{
  static const gchar *const chains[][3] = {
    { "/pcmu", "tcp", "rtppcmudepay" },
    { "/pcmu", "udp", "rtppcmudepay" },
    { "/opus", "udp", "rtpopusdepay" },
  };
  g_autoptr (Camera) camera = camera_new ("--lose 7 --swap 5");
  Sandbox *sandboxes[G_N_ELEMENTS (chains)];
  Player *players[G_N_ELEMENTS (chains)];
  guint i;

  for (i = 0; i < G_N_ELEMENTS (chains); i++)
    {
      sandboxes[i] = sandbox_new (NULL);
      players[i] = player_new (
          "rtspsrc location=%s%s protocols=%s latency=300 ! %s ! " SCRIBE,
          camera->url, chains[i][0], chains[i][1], chains[i][2],
          sandboxes[i]->url);
    }
  play_all (players, G_N_ELEMENTS (chains));
  for (i = 0; i < G_N_ELEMENTS (chains); i++)
    {
      g_autofree gchar *folder = sandbox_only (sandboxes[i]);

      if (strcmp (chains[i][0], "/pcmu") == 0)
        check_filled (players[i], folder);
      assert_digits_with_holes (folder);
      g_assert_cmpfloat (live_seconds (folder), >, SECONDS - 0.025);
      g_assert_cmpfloat (live_seconds (folder), <, SECONDS + 0.045);
      player_free (players[i]);
      sandbox_free (sandboxes[i]);
    }
}

/* A camera in 1900 is not believed, also where it is told to say the time. */
static void
check_times (Player *player)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  const GstStructure *chunk = player_last (player, "ekascribe-chunk");
  GstDateTime *utc = NULL;
  guint64 begin = GST_CLOCK_TIME_NONE, duration = 0;

  g_assert_true (gst_structure_get (
      chunk, "running-time", G_TYPE_UINT64, &begin, "duration", G_TYPE_UINT64,
      &duration, "utc", GST_TYPE_DATE_TIME, &utc, NULL));
  g_test_message ("%" GST_TIME_FORMAT ", %" GST_TIME_FORMAT ", year %d",
                  GST_TIME_ARGS (begin), GST_TIME_ARGS (duration),
                  gst_date_time_get_year (utc));
  g_assert_cmpuint (begin, >, GST_SECOND);
  g_assert_cmpuint (begin + duration, <, 8 * GST_SECOND);
  g_assert_cmpint (gst_date_time_get_year (utc), >=,
                   g_date_time_get_year (now) - 1);
  gst_date_time_unref (utc);
}

/* The camera believes in 1900, and is 4.5 seconds a quarter of an hour too fast. */
static void
test_wrong_clock (void)
{
  g_autoptr (Camera) camera = camera_new (
      "--wrong-year --skew 5000 --linger 2");
  Sandbox *sandboxes[2];
  Player *players[2];
  guint i;

  for (i = 0; i < 2; i++)
    {
      sandboxes[i] = sandbox_new (NULL);
      players[i] = player_new ("rtspsrc location=%s/pcmu latency=300 "
                               "add-reference-timestamp-meta=%u ! "
                               "rtppcmudepay ! " SCRIBE " "
                               "max-chunk-duration=1000000000",
                               camera->url, i, sandboxes[i]->url);
    }
  play_all (players, 2);
  for (i = 0; i < 2; i++)
    {
      g_autofree gchar *folder = sandbox_only (sandboxes[i]);
      g_autofree gchar *digits = live_digits (folder);

      check_times (players[i]);
      g_assert_cmpstr (digits, ==, DIGITS);
      g_assert_cmpfloat (live_seconds (folder), >, SECONDS + 2 - 0.05);
      g_assert_cmpfloat (live_seconds (folder), <, SECONDS + 2 + 0.05);
      player_free (players[i]);
      sandbox_free (sandboxes[i]);
    }
}

int
main (int    argc,
      char **argv)
{
  harness_init (&argc, &argv);
  g_test_add_func ("/rtsp/each-codec", test_each_codec);
  g_test_add_func ("/rtsp/other-chains", test_other_chains);
  g_test_add_func ("/rtsp/ctrl-c-ends-it", test_ctrl_c_ends_it);
  g_test_add_func ("/rtsp/lost-packets-are-silence",
                   test_lost_packets_are_silence);
  g_test_add_func ("/rtsp/wrong-clock", test_wrong_clock);
  return g_test_run ();
}
