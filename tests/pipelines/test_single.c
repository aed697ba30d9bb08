/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "fixtures.h"

#include <string.h>

/* Whole recordings that go up as one file. */

#define SCRIBE                                                                 \
  "ekascribesink upload-type=single poll-interval=50000000 base-url=%s"
#define TONE                                                                   \
  "audiotestsrc num-buffers=%d samplesperbuffer=1600 volume=0.5 ! "            \
  "audio/x-raw,rate=16000,channels=1,format=S16LE ! "
#define SECONDS 45
#define LISTED "--upload-methods chunked,single"

static GError *
get_error (GstMessage *message)
{
  GError *error = NULL;

  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR)
    gst_message_parse_error (message, &error, NULL);
  return error;
}

/* One file holds all samples, and the service heard each once. MP3 and Opus count
 * in frames. */
static void
check_delivered (Sandbox     *sandbox,
                 const gchar *extension,
                 gdouble      seconds)
{
  g_autofree gchar *folder = sandbox_only (sandbox);
  g_autoptr (GBytes) samples = NULL;

  g_assert_cmpuint (fixture_chunks (folder, extension), ==, 1);
  samples = fixture_wav_data (folder, "recording.wav");
  g_assert_cmpfloat_with_epsilon (g_bytes_get_size (samples) / 32000.0,
                                  seconds, 0.1);
}

static void
run_well (const gchar *options,
          const gchar *coding,
          const gchar *extension)
{
  g_autoptr (Sandbox) sandbox = sandbox_new (options);
  g_autoptr (Player) player = NULL;
  g_autoptr (GError) error = NULL;
  const GstStructure *result;

  player = player_new (TONE "%s ! " SCRIBE, SECONDS * 10, coding, sandbox->url);
  error = get_error (player_run (player));
  g_assert_no_error (error);
  result = player_last (player, "ekascribe-result");
  g_assert_nonnull (result);
  g_assert_cmpstr (gst_structure_get_string (result, "status"), ==,
                   "completed");
  check_delivered (sandbox, extension, SECONDS);
}

static void
test_where_it_is_listed (void)
{
  run_well (LISTED, "identity", "wav");
  run_well (LISTED, "opusenc", "ogg");
  run_well (LISTED, "lamemp3enc", "mp3");
}

static void
check_refused (const gchar *options,
               const gchar *settings)
{
  g_autoptr (Sandbox) sandbox = sandbox_new (options);
  g_autoptr (Player) player = NULL;
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) sessions = NULL;

  player = player_new (TONE SCRIBE " %s", 20, sandbox->url, settings);
  error = get_error (player_run (player));
  g_assert_error (error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS);
  g_assert_nonnull (strstr (error->message, "upload-type=chunked"));
  sessions = sandbox_list (sandbox);
  g_assert_cmpuint (g_strv_length (sessions), ==, 0);
}

static void
test_where_it_is_not_listed (void)
{
  check_refused (NULL, "");
  check_refused ("--no-discovery", "");
  check_refused (LISTED, "discovery=off");
}

/* The file arrived, its acknowledgement did not, and the service would append a
 * second one. */
static void
test_a_lost_answer_is_asked_for (void)
{
  run_well (LISTED " --append-duplicates --fault upload:1:lost", "opusenc",
            "ogg");
}

/* Neither did the file: GET tells, and it is sent again. */
static void
test_a_lost_file_is_sent_again (void)
{
  run_well (LISTED " --append-duplicates --fault upload:1:reset", "opusenc",
            "ogg");
}

/* A file of known length that would have 12 MB: refused before anything of it is
 * uploaded. */
static void
test_too_large_is_told_early (void)
{
  g_autoptr (Sandbox) sandbox = sandbox_new (LISTED);
  g_autofree gchar *work = harness_folder_new ();
  g_autoptr (Player) player = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GstStructure) stats = NULL;
  guint64 uploaded = 1;

  fixture_make (TONE "wavenc ! filesink location=%s/long.wav", 3800, work);
  player = player_new ("filesrc location=%s/long.wav ! wavparse ! " SCRIBE
                       " name=scribe", work, sandbox->url);
  error = get_error (player_run (player));
  g_assert_error (error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS);
  g_assert_nonnull (strstr (error->message, "upload-type=chunked"));
  g_assert_nonnull (strstr (error->message, "380 s"));
  g_object_get (player->scribe, "stats", &stats, NULL);
  g_assert_true (
      gst_structure_get_uint64 (stats, "chunks-uploaded", &uploaded));
  g_assert_cmpuint (uploaded, ==, 0);
  harness_folder_remove (work);
}

int
main (int    argc,
      char **argv)
{
  harness_init (&argc, &argv);
  g_test_add_func ("/single/where-it-is-listed", test_where_it_is_listed);
  g_test_add_func ("/single/where-it-is-not-listed",
                   test_where_it_is_not_listed);
  g_test_add_func ("/single/a-lost-answer-is-asked-for",
                   test_a_lost_answer_is_asked_for);
  g_test_add_func ("/single/a-lost-file-is-sent-again",
                   test_a_lost_file_is_sent_again);
  g_test_add_func ("/single/too-large-is-told-early",
                   test_too_large_is_told_early);
  return g_test_run ();
}
