/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "harness.h"
#include "rogue.h"

#include <signal.h>
#include <string.h>

/* Ctrl-C at gst-launch. What takes longer than this hangs. */
#define PROMPT (20 * G_TIME_SPAN_SECOND)

#define LIVE                                                                   \
  "audiotestsrc is-live=true ! audio/x-raw,rate=48000,channels=1 ! opusenc ! "

static void
interrupt (Launch *launch)
{
  gint64 began = g_get_monotonic_time ();

  launch_signal (launch, SIGINT);
  launch_wait (launch);
  g_assert_cmpint (g_get_monotonic_time () - began, <, PROMPT);
}

static void
test_ctrl_c_ends_a_recording_at_once (void)
{
  g_autoptr (Sandbox) sandbox = sandbox_new (NULL);
  g_autoptr (Launch) launch = NULL;

  launch = launch_start (NULL,
                         LIVE "ekascribesink base-url=%s "
                         "max-chunk-duration=1000000000", sandbox->url);
  launch_wait_for (launch, "ekascribe-chunk, ");
  interrupt (launch);
  /* What it was doing is not done, and that is told. */
  g_assert_cmpint (launch->exit_code, ==, 1);
  launch_assert_says (launch, "ekascribe outbox send ");
  g_assert_null (strstr (launch->out->str, "ekascribe-result"));
}

static void
test_ctrl_c_with_e_brings_the_results (void)
{
  g_autoptr (Sandbox) sandbox = sandbox_new (NULL);
  g_autoptr (JsonObject) all = NULL;
  g_autoptr (Launch) launch = NULL;

  launch = launch_start (NULL,
                         "-e " LIVE "ekascribesink base-url=%s "
                         "max-chunk-duration=1000000000", sandbox->url);
  launch_wait_for (launch, "ekascribe-chunk, ");
  interrupt (launch);
  g_assert_cmpint (launch->exit_code, ==, 0);
  launch_assert_says (launch, "EOS on shutdown enabled");
  launch_assert_says (launch, "ekascribe-result");
  launch_assert_says (launch, "status=(string)completed");
  all = sandbox_describe (sandbox);
  g_assert_cmpstr (json_object_get_string_member (
                       json_object_get_object_member (all, "session"),
                       "status"), ==, "completed");
}

static void
test_ctrl_c_ends_while_results_are_waited_for (void)
{
  g_autoptr (Sandbox) sandbox = sandbox_new ("--processing-time 3600");
  g_autoptr (Launch) launch = NULL;

  launch = launch_start (NULL,
                         "audiotestsrc num-buffers=100 ! ekascribesink "
                         "base-url=%s", sandbox->url);
  launch_wait_for (launch, "state=(string)processing");
  interrupt (launch);
  g_assert_cmpint (launch->exit_code, ==, 0);
  g_assert_null (strstr (launch->out->str, "ekascribe-result"));
}

/* A second Ctrl-C, for whom the results take too long. */
static void
test_ctrl_c_twice_ends_with_e_too (void)
{
  g_autoptr (Sandbox) sandbox = sandbox_new ("--processing-time 3600");
  g_autoptr (Launch) launch = NULL;

  launch = launch_start (NULL, "-e " LIVE "ekascribesink base-url=%s",
                         sandbox->url);
  launch_wait_for (launch, "state=(string)recording");
  launch_signal (launch, SIGINT);
  launch_wait_for (launch, "state=(string)processing");
  interrupt (launch);
}

static void
test_ctrl_c_ends_while_the_server_hangs (void)
{
  g_autoptr (Rogue) rogue = rogue_new ();
  g_autoptr (Launch) launch = NULL;

  rogue_break (rogue, ROGUE_UPLOAD, 1, 0, ROGUE_HANG);
  launch = launch_start (NULL,
                         "audiotestsrc num-buffers=100 ! ekascribesink "
                         "base-url=%s", rogue_url (rogue));
  launch_wait_for (launch, "state=(string)draining");
  interrupt (launch);
}

/* A source that never says anything. */
static void
test_a_silent_live_source_plays_and_ends (void)
{
  g_autoptr (Sandbox) sandbox = sandbox_new (NULL);
  g_auto (GStrv) sessions = NULL;
  g_autoptr (Launch) launch = NULL;

  launch = launch_start (NULL,
                         "-e udpsrc address=127.0.0.1 port=0 "
                         "caps=application/x-rtp,media=audio,"
                         "encoding-name=OPUS,clock-rate=48000 ! "
                         "rtpopusdepay ! ekascribesink base-url=%s",
                         sandbox->url);
  launch_wait_for (launch, "Setting pipeline to PLAYING");
  launch_wait_for (launch, "state=(string)ready");
  interrupt (launch);
  g_assert_cmpint (launch->exit_code, ==, 0);
  launch_assert_says (launch, "WARNING: from element");
  launch_assert_says (launch, "No audio came");
  sessions = sandbox_list (sandbox);
  g_assert_cmpuint (g_strv_length (sessions), ==, 0);
}

static void
test_no_audio_is_no_session_and_exits_0 (void)
{
  g_autoptr (Rogue) rogue = rogue_new ();
  g_autoptr (Launch) launch = NULL;

  launch = launch_run (NULL,
                       "audiotestsrc num-buffers=0 ! ekascribesink "
                       "base-url=%s", rogue_url (rogue));
  g_assert_cmpint (launch->exit_code, ==, 0);
  launch_assert_says (launch, "WARNING: from element");
  launch_assert_says (launch, "No audio came");
  launch_assert_says (launch, "Got EOS from element");
  g_assert_cmpuint (rogue_count (rogue, ROGUE_CREATE), ==, 0);
}

int
main (int    argc,
      char **argv)
{
  harness_init (&argc, &argv);
  g_test_add_func ("/signals/ctrl-c-ends-a-recording-at-once",
                   test_ctrl_c_ends_a_recording_at_once);
  g_test_add_func ("/signals/ctrl-c-with-e-brings-the-results",
                   test_ctrl_c_with_e_brings_the_results);
  g_test_add_func ("/signals/ctrl-c-ends-while-results-are-waited-for",
                   test_ctrl_c_ends_while_results_are_waited_for);
  g_test_add_func ("/signals/ctrl-c-twice-ends-with-e-too",
                   test_ctrl_c_twice_ends_with_e_too);
  g_test_add_func ("/signals/ctrl-c-ends-while-the-server-hangs",
                   test_ctrl_c_ends_while_the_server_hangs);
  g_test_add_func ("/signals/a-silent-live-source-plays-and-ends",
                   test_a_silent_live_source_plays_and_ends);
  g_test_add_func ("/signals/no-audio-is-no-session-and-exits-0",
                   test_no_audio_is_no_session_and_exits_0);
  return g_test_run ();
}
