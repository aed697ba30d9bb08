/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "harness.h"
#include "rogue.h"

#include <gst/app/gstappsrc.h>
#include <string.h>

/* States, seeks and ends of a pipeline in an application. */

#define BUFFERS 100

#define SCRIBE "ekascribesink name=scribe poll-interval=50000000 "
#define SOUND                                                                  \
  "audiotestsrc num-buffers=100 samplesperbuffer=160 ! "                      \
  "audio/x-raw,format=S16LE,rate=16000,channels=1 ! "

static void
stop_at_once (Player *player)
{
  gint64 began = g_get_monotonic_time ();

  player_set (player, GST_STATE_NULL);
  g_assert_cmpint (g_get_monotonic_time () - began, <, harness_prompt ());
}

static void
assert_eos (GstMessage *end)
{
  g_autoptr (GError) error = NULL;

  if (GST_MESSAGE_TYPE (end) == GST_MESSAGE_ERROR)
    gst_message_parse_error (end, &error, NULL);
  g_assert_no_error (error);
  g_assert_cmpint (GST_MESSAGE_TYPE (end), ==, GST_MESSAGE_EOS);
}

/* --- NULL --------------------------------------------------------------- */

/* @call: the call at which the server hangs */
static void
test_null_while_a_call_hangs (gconstpointer call)
{
  g_autoptr (Rogue) rogue = rogue_new ();
  g_autoptr (Player) player = NULL;

  rogue_break (rogue, GPOINTER_TO_INT (call), 1, 0, ROGUE_HANG);
  player = player_new (SOUND SCRIBE "base-url=%s",
                       rogue_url (rogue));
  player_set (player, GST_STATE_PLAYING);
  rogue_wait (rogue, GPOINTER_TO_INT (call), 1);
  stop_at_once (player);
}

static void
test_null_right_after_playing (void)
{
  g_autoptr (Rogue) rogue = rogue_new ();
  guint i;

  for (i = 0; i < 20; i++)
    {
      g_autoptr (Player) player = player_new (
          SOUND SCRIBE "base-url=%s", rogue_url (rogue));

      player_set (player, i % 2 ? GST_STATE_PLAYING : GST_STATE_PAUSED);
      stop_at_once (player);
    }
}

static void
test_null_tells_what_is_lost (void)
{
  const Fault fault = { GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_WRITE,
                        .text = "1.0 s of audio were not delivered",
                        .request = "upload" };
  g_autoptr (Rogue) rogue = rogue_new ();
  g_autoptr (Player) player = NULL;
  g_autoptr (GstBus) bus = NULL;

  rogue_break (rogue, ROGUE_UPLOAD, 1, 0, ROGUE_HANG);
  player = player_new (SOUND SCRIBE "base-url=%s",
                       rogue_url (rogue));
  player_set (player, GST_STATE_PLAYING);
  rogue_wait (rogue, ROGUE_UPLOAD, 1);
  /* The pipeline flushes its bus in NULL. */
  player_set (player, GST_STATE_READY);
  harness_assert_fault (player_wait (player, GST_MESSAGE_ERROR), &fault);
}

/* --- held EOS ----------------------------------------------------------- */

static void
test_held_eos_survives_a_pause (void)
{
  g_autoptr (Rogue) rogue = rogue_new ();
  g_autoptr (Player) player = NULL;

  rogue_break (rogue, ROGUE_GET, 1, 0, ROGUE_HANG);
  player = player_new (SOUND SCRIBE "base-url=%s",
                       rogue_url (rogue));
  player_set (player, GST_STATE_PLAYING);
  rogue_wait (rogue, ROGUE_GET, 1);
  player_set (player, GST_STATE_PAUSED);
  player_set (player, GST_STATE_PLAYING);
  g_assert_cmpuint (player_count (player, GST_MESSAGE_EOS, NULL), ==, 0);
  rogue_release (rogue);
  assert_eos (player_wait (player, GST_MESSAGE_EOS | GST_MESSAGE_ERROR));
  g_assert_nonnull (player_last (player, "ekascribe-result"));
}

static void
test_releasing_the_last_pad_is_the_end (void)
{
  g_autoptr (Rogue) rogue = rogue_new ();
  g_autoptr (Player) player = NULL;
  g_autoptr (GstPad) pad = NULL;
  g_autoptr (GstPad) peer = NULL;

  player = player_new (
      "audiotestsrc is-live=true ! audio/x-raw,rate=16000,channels=1 ! "
      "tee allow-not-linked=true ! queue ! " SCRIBE "base-url=%s "
      "max-chunk-duration=1000000000", rogue_url (rogue));
  player_set (player, GST_STATE_PLAYING);
  player_await (player, "ekascribe-chunk", NULL);
  pad = gst_element_get_static_pad (player->scribe, "audio_0");
  g_assert_nonnull (pad);
  peer = gst_pad_get_peer (pad);
  gst_pad_unlink (peer, pad);
  gst_element_release_request_pad (player->scribe, pad);
  player_await (player, "ekascribe-result", NULL);
}

/* --- again -------------------------------------------------------------- */

/* @between: the state in between */
static void
test_a_second_recording (gconstpointer between)
{
  g_autoptr (Sandbox) sandbox = sandbox_new (NULL);
  g_autoptr (Player) player = player_new (
      SOUND SCRIBE "base-url=%s", sandbox->url);
  g_auto (GStrv) sessions = NULL;

  assert_eos (player_run (player));
  player_set (player, GPOINTER_TO_INT (between));
  assert_eos (player_run (player));
  sessions = sandbox_list (sandbox);
  g_assert_cmpuint (g_strv_length (sessions), ==, 2);
}

/* --- neighbours --------------------------------------------------------- */

static void
test_a_file_beside_it_gets_everything (void)
{
  g_autoptr (Rogue) rogue = rogue_new ();
  g_autofree gchar *work = harness_folder_new ();
  g_autofree gchar *path = g_build_filename (work, "raw", NULL);
  g_autofree gchar *contents = NULL;
  g_autoptr (Player) player = NULL;
  gsize size;

  /* The service is dead; the file does not care. */
  rogue_break (rogue, ROGUE_CREATE, 1, 0, ROGUE_HANG);
  player = player_new (SOUND "tee name=t t. ! queue ! ekascribesink "
                       "name=scribe base-url=%s t. ! queue ! filesink "
                       "name=file location=%s", rogue_url (rogue), path);
  player_set (player, GST_STATE_PLAYING);
  player_await (player, "ekascribe-session", "creating");
  rogue_wait (rogue, ROGUE_CREATE, 1);
  rogue_release (rogue);
  assert_eos (player_wait (player, GST_MESSAGE_EOS | GST_MESSAGE_ERROR));
  player_set (player, GST_STATE_NULL);
  g_assert_true (g_file_get_contents (path, &contents, &size, NULL));
  g_assert_cmpuint (size, ==, BUFFERS * 160 * 2);
  harness_folder_remove (work);
}

/* Nothing ever comes; the pipeline plays, and ends when it is told to. */
static void
test_a_silent_live_source_does_not_hold_the_pipeline (void)
{
  const Fault fault = { GST_STREAM_ERROR, GST_STREAM_ERROR_FAILED,
                        .text = "No audio came" };
  g_autoptr (Rogue) rogue = rogue_new ();
  g_autoptr (Player) player = player_new (
      "appsrc name=src is-live=true format=time "
      "caps=audio/x-raw,format=S16LE,rate=16000,channels=1,"
      "layout=interleaved ! " SCRIBE "base-url=%s",
      rogue_url (rogue));
  g_autoptr (GstElement) source =
      gst_bin_get_by_name (GST_BIN (player->pipeline), "src");
  GstState state;

  player_set (player, GST_STATE_PLAYING);
  g_assert_cmpint (gst_element_get_state (player->pipeline, &state, NULL,
                                          GST_SECOND * HARNESS_PATIENCE), !=,
                   GST_STATE_CHANGE_ASYNC);
  g_assert_cmpint (state, ==, GST_STATE_PLAYING);
  gst_app_src_end_of_stream (GST_APP_SRC (source));
  assert_eos (player_wait (player, GST_MESSAGE_EOS | GST_MESSAGE_ERROR));
  harness_assert_fault (player_find (player, GST_MESSAGE_WARNING), &fault);
  g_assert_cmpuint (rogue_count (rogue, ROGUE_CREATE), ==, 0);
}

int
main (int    argc,
      char **argv)
{
  static const gchar *const calls[] = { "discovery", "create", "upload", "end",
                                        "get" };
  guint i;

  harness_init (&argc, &argv);
  for (i = 0; i < G_N_ELEMENTS (calls); i++)
    {
      g_autofree gchar *path =
          g_strconcat ("/lifecycle/null-at-once-while-hanging/", calls[i],
                       NULL);

      g_test_add_data_func (path, GINT_TO_POINTER (ROGUE_DISCOVER + i),
                            test_null_while_a_call_hangs);
    }
  g_test_add_func ("/lifecycle/null-right-after-playing",
                   test_null_right_after_playing);
  g_test_add_func ("/lifecycle/null-tells-what-is-lost",
                   test_null_tells_what_is_lost);
  g_test_add_func ("/lifecycle/held-eos-survives-a-pause",
                   test_held_eos_survives_a_pause);
  g_test_add_func ("/lifecycle/releasing-the-last-pad-is-the-end",
                   test_releasing_the_last_pad_is_the_end);
  g_test_add_data_func ("/lifecycle/a-second-recording/after-ready",
                        GINT_TO_POINTER (GST_STATE_READY),
                        test_a_second_recording);
  g_test_add_data_func ("/lifecycle/a-second-recording/after-null",
                        GINT_TO_POINTER (GST_STATE_NULL),
                        test_a_second_recording);
  g_test_add_func ("/lifecycle/a-file-beside-it-gets-everything",
                   test_a_file_beside_it_gets_everything);
  g_test_add_func ("/lifecycle/a-silent-live-source-does-not-hold-the-pipeline",
                   test_a_silent_live_source_does_not_hold_the_pipeline);
  return g_test_run ();
}
