/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "harness.h"

#include <signal.h>
#include <string.h>

/* The transcript on the screen while somebody still speaks. */

#define LIVE                                                                   \
  "audiotestsrc is-live=true ! audio/x-raw,rate=16000,channels=1 ! "

static void
test_the_transcript_comes_while_it_records (void)
{
  g_autoptr (Sandbox) sandbox = sandbox_new (NULL);
  g_autoptr (Launch) launch = NULL;
  const gchar *preview, *second;

  launch = launch_start (NULL,
                         "-e " LIVE "ekascribesink base-url=%s "
                         "preview-interval=200000000 "
                         "min-chunk-duration=1000000000 "
                         "max-chunk-duration=1000000000",
                         sandbox->url);
  launch_wait_for (launch, "final=(boolean)false");
  /* Texts of the sandbox tell how much it has heard. */
  launch_wait_for (launch, "in\\ 2\\ files");
  g_assert_null (strstr (launch->out->str, "state=(string)draining"));
  launch_signal (launch, SIGINT);
  launch_wait (launch);
  g_assert_cmpint (launch->exit_code, ==, 0);
  launch_assert_says (launch, "final=(boolean)true");
  launch_assert_says (launch, "state=(string)completed");
  preview = strstr (launch->out->str, "final=(boolean)false");
  second = strstr (preview + 1, "final=(boolean)false");
  g_assert_nonnull (second);
  g_assert_true (second < strstr (launch->out->str, "state=(string)draining"));
}

static void
test_without_the_property_it_comes_at_the_end (void)
{
  g_autoptr (Sandbox) sandbox = sandbox_new (NULL);
  g_autoptr (Launch) launch = NULL;
  const gchar *transcript;

  launch = launch_run (NULL,
                       LIVE "identity eos-after=35 ! "
                       "ekascribesink base-url=%s "
                       "min-chunk-duration=1000000000 "
                       "max-chunk-duration=1000000000",
                       sandbox->url);
  g_assert_cmpint (launch->exit_code, ==, 0);
  transcript = strstr (launch->out->str, "ekascribe-transcript");
  g_assert_nonnull (transcript);
  g_assert_true (transcript >
                 strstr (launch->out->str, "state=(string)draining"));
}

int
main (int    argc,
      char **argv)
{
  harness_init (&argc, &argv);
  g_test_add_func ("/pipelines/preview/the-transcript-comes-while-it-records",
                   test_the_transcript_comes_while_it_records);
  g_test_add_func (
      "/pipelines/preview/without-the-property-it-comes-at-the-end",
      test_without_the_property_it_comes_at_the_end);
  return g_test_run ();
}
