/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "live.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

/* examples/rtsp.sh, and cameras that don't stay as they are. */

#define RTSP "!" EXAMPLES_PATH "/rtsp.sh --latency 400 "
#define QUICK " poll-interval=50000000"

/* How far a time may be from when it was, in µs. */
#define NEAR (200 * G_TIME_SPAN_MILLISECOND)

static Launch *
record (Sandbox     *sandbox,
        Camera      *camera,
        const gchar *arguments)
{
  const gchar *environment[] = { "EKASCRIBE_BASE_URL", sandbox->url,
                                 "EKASCRIBE_ACCESS_TOKEN", HARNESS_TOKEN,
                                 NULL };

  return launch_start (environment, RTSP "%s%s" QUICK, camera->url, arguments);
}

static void
finish (Launch *launch)
{
  launch_signal (launch, SIGINT);
  launch_wait (launch);
  if (launch->exit_code != 0)
    g_error ("%d\n%s\n%s", launch->exit_code, launch->out->str,
             launch->err->str);
}

static gboolean
wake (gpointer user_data)
{
  *(gboolean *) user_data = TRUE;
  return G_SOURCE_REMOVE;
}

/* Until @time, as Unix time in µs: what somebody said goes through the air. */
static void
wait_until (gint64 time)
{
  gint64 left = time - g_get_real_time ();
  gboolean over = FALSE;

  g_timeout_add (MAX (left, 0) / 1000, wake, &over);
  while (!over)
    g_main_context_iteration (NULL, TRUE);
}

static gint64
parse_utc (const gchar *text)
{
  g_autofree gchar *stamp = g_strndup (text, strcspn (text, ")"));
  g_autoptr (GDateTime) utc = g_date_time_new_from_iso8601 (stamp, NULL);

  g_assert_nonnull (utc);
  return g_date_time_to_unix (utc) * G_TIME_SPAN_SECOND +
         g_date_time_get_microsecond (utc);
}

/* "0:00:02.046 (2026-11-28T20:32:58.870+00:00)" */
static const gchar *
parse_time (const gchar *text,
            gint64      *running,
            gint64      *utc)
{
  guint hours, minutes;
  gint used = 0;
  gchar *end;

  g_assert_cmpint (sscanf (text, "%u:%u:%n", &hours, &minutes, &used), ==, 2);
  *running = (hours * 60 + minutes) * G_TIME_SPAN_MINUTE +
             g_ascii_strtod (text + used, &end) * G_TIME_SPAN_SECOND;
  g_assert_true (g_str_has_prefix (end, " ("));
  *utc = parse_utc (end + 2);
  return strchr (end, ')') + 1;
}

/* The one gap that is told begins at @from and ends at @to. */
static void
assert_gap (Launch *launch,
            gint64  start,
            gint64  from,
            gint64  to)
{
  static const gchar word[] = "gap from ";
  const gchar *at = strstr (launch->out->str, word);
  gint64 from_running, from_utc, to_running, to_utc;

  if (at == NULL)
    g_error ("no gap is told:\n%s\n%s", launch->out->str, launch->err->str);
  at = parse_time (at + strlen (word), &from_running, &from_utc);
  g_assert_true (g_str_has_prefix (at, " to "));
  at = parse_time (at + strlen (" to "), &to_running, &to_utc);
  g_assert_null (strstr (at, word));
  g_test_message ("off by %" G_GINT64_FORMAT " and %" G_GINT64_FORMAT " ms",
                  (from_utc - from) / 1000, (to_utc - to) / 1000);
  g_assert_cmpint (ABS (from_utc - from), <, NEAR);
  g_assert_cmpint (ABS (to_utc - to), <, NEAR);
  g_assert_cmpint (ABS ((to_running - from_running) - (to - from)), <, NEAR);
  /* Running time is that of the pipeline, which began at or after @start. */
  g_assert_cmpint (from_running, <, from - start + NEAR);
  g_assert_cmpint (ABS ((to_utc - to_running) - (from_utc - from_running)), <,
                   NEAR / 4);
}

static void
assert_one_session (Sandbox     *sandbox,
                    const gchar *expected)
{
  g_autofree gchar *folder = sandbox_only (sandbox);
  g_autofree gchar *digits = live_digits (folder);

  g_assert_cmpstr (digits, ==, expected);
}

typedef struct
{
  Sandbox *sandbox;
  Camera *camera;
  Launch *launch;
  gint64 play, away, back;
} Absence;

static void
test_camera_goes_away_and_comes_back (void)
{
  static const gchar *const arguments[] = { "/pcmu --tcp", "/g722" };
  const gint64 start = g_get_real_time ();
  Absence all[G_N_ELEMENTS (arguments)] = { { NULL } };
  Absence *at;

  for (at = all; at < all + G_N_ELEMENTS (all); at++)
    {
      at->sandbox = sandbox_new ("--token " HARNESS_TOKEN);
      at->camera = camera_new ("--digits 12345,6789 --linger 60");
      at->launch = record (at->sandbox, at->camera, arguments[at - all]);
    }
  for (at = all; at < all + G_N_ELEMENTS (all); at++)
    at->play = camera_wait_for (at->camera, "play");
  for (at = all; at < all + G_N_ELEMENTS (all); at++)
    {
      wait_until (at->play + 1500 * G_TIME_SPAN_MILLISECOND);
      camera_signal (at->camera, SIGUSR1);
      at->away = camera_wait_for (at->camera, "away");
    }
  for (at = all; at < all + G_N_ELEMENTS (all); at++)
    {
      wait_until (at->away + 2 * G_TIME_SPAN_SECOND);
      camera_signal (at->camera, SIGUSR2);
    }
  for (at = all; at < all + G_N_ELEMENTS (all); at++)
    {
      camera_wait_for (at->camera, "back");
      at->back = camera_wait_for (at->camera, "play");
    }
  for (at = all; at < all + G_N_ELEMENTS (all); at++)
    {
      wait_until (at->back + 1300 * G_TIME_SPAN_MILLISECOND);
      finish (at->launch);
      assert_gap (at->launch, start, at->away, at->back);
      assert_one_session (at->sandbox, "123456789");
      launch_assert_says (at->launch, "DTMF digit 9");
      g_assert_null (strstr (at->launch->out->str, HARNESS_TOKEN));
      g_assert_null (strstr (at->launch->err->str, HARNESS_TOKEN));
      launch_free (at->launch);
      camera_free (at->camera);
      sandbox_free (at->sandbox);
    }
}

/* A camera without power says nothing; its connections are just silent. */
static void
test_camera_falls_silent (void)
{
  g_autoptr (Sandbox) sandbox = sandbox_new (NULL);
  g_autoptr (Camera) camera = camera_new ("--digits 12345,6789 --linger 60");
  const gint64 start = g_get_real_time ();
  g_autoptr (Launch) launch =
      record (sandbox, camera, "/opus --tcp --patience 1");
  gint64 play, away, back;

  play = camera_wait_for (camera, "play");
  wait_until (play + 1500 * G_TIME_SPAN_MILLISECOND);
  camera_signal (camera, SIGSTOP);
  away = g_get_real_time ();
  launch_wait_for (launch, "the camera is away: no data for 1 s");
  camera_signal (camera, SIGCONT);
  back = camera_wait_for (camera, "play");
  wait_until (back + 1300 * G_TIME_SPAN_MILLISECOND);
  finish (launch);
  assert_gap (launch, start, away, back);
  assert_one_session (sandbox, "123456789");
}

typedef struct
{
  const gchar *arguments;
  const gchar *first;  /* digits of one session */
  const gchar *second; /* (nullable): of the other */
} Change;

static void
check_change (Sandbox      *sandbox,
              const Change *change)
{
  g_auto (GStrv) sessions = sandbox_list (sandbox);
  g_autofree gchar *folder =
      g_build_filename (sandbox->folder, sessions[0], NULL);
  g_autofree gchar *digits = live_digits (folder);
  g_autofree gchar *other_folder = NULL;
  g_autofree gchar *other = NULL;

  if (change->second == NULL)
    {
      assert_one_session (sandbox, change->first);
      return;
    }
  g_assert_cmpuint (g_strv_length (sessions), ==, 2);
  other_folder = g_build_filename (sandbox->folder, sessions[1], NULL);
  other = live_digits (other_folder);
  if (strcmp (digits, change->first) == 0)
    g_assert_cmpstr (other, ==, change->second);
  else
    {
      g_assert_cmpstr (digits, ==, change->second);
      g_assert_cmpstr (other, ==, change->first);
    }
}

/* Another SSRC is the same session; another codec goes on in another one. */
static void
test_stream_changes_in_the_middle (void)
{
  static const Change changes[] = {
    { "/ssrc --tcp", "0123456789", NULL },
    { "/ssrc", "0123456789", NULL },
    { "/type", "01234", "56789" },
    { "/both --tcp", "01234", "56789" },
    { "/film", "0123456789", NULL },
  };
  Camera *cameras[G_N_ELEMENTS (changes)];
  Sandbox *sandboxes[G_N_ELEMENTS (changes)];
  Launch *launches[G_N_ELEMENTS (changes)];
  guint i;

  for (i = 0; i < G_N_ELEMENTS (changes); i++)
    {
      g_autofree gchar *arguments =
          g_strconcat (changes[i].arguments, " --patience 4", NULL);

      /* It is asked again, and then has nothing to say. */
      cameras[i] = camera_new ("--digits 0123456789,");
      sandboxes[i] = sandbox_new (NULL);
      launches[i] = record (sandboxes[i], cameras[i], arguments);
    }
  for (i = 0; i < G_N_ELEMENTS (changes); i++)
    {
      g_test_message ("%s", changes[i].arguments);
      launch_wait_for (launches[i], "session ses_");
      /* Its ten digits are over. */
      launch_wait_for (launches[i], "the camera is away");
      finish (launches[i]);
    }
  for (i = 0; i < G_N_ELEMENTS (changes); i++)
    {
      check_change (sandboxes[i], &changes[i]);
      launch_free (launches[i]);
      camera_free (cameras[i]);
      sandbox_free (sandboxes[i]);
    }
}

static void
test_camera_that_is_not_there (gconstpointer path)
{
  g_autoptr (Sandbox) sandbox = sandbox_new (NULL);
  g_autoptr (Camera) camera = camera_new (NULL);
  g_autofree gchar *url = NULL;
  g_auto (GStrv) sessions = NULL;
  g_autoptr (Launch) launch = NULL;
  const gchar *environment[] = { "EKASCRIBE_BASE_URL", sandbox->url,
                                 "EKASCRIBE_ACCESS_TOKEN", HARNESS_TOKEN,
                                 "RTSP_URL", NULL, NULL };

  url = path != NULL
            ? g_strdup_printf ("rtsp://nurse:secret@%s/%s",
                               camera->url + strlen ("rtsp://"),
                               (const gchar *) path)
            : g_strdup_printf ("rtsp://nurse:secret@127.0.0.1:%u/",
                               harness_free_port ());
  environment[5] = url;
  launch = launch_start (environment, "!%s/rtsp.sh", EXAMPLES_PATH);
  launch_wait_for (launch, path != NULL ? "Not Found (404)"
                                        : "Failed to connect");
  launch_wait_for (launch, "trying again in 1.0 s");
  finish (launch);
  g_assert_null (strstr (launch->out->str, "secret"));
  g_assert_null (strstr (launch->err->str, "secret"));
  sessions = sandbox_list (sandbox);
  g_assert_cmpuint (g_strv_length (sessions), ==, 0);
}

static void
test_ctrl_c_twice_ends_at_once (void)
{
  g_autoptr (Sandbox) sandbox = sandbox_new ("--processing-time 3600");
  g_autoptr (Camera) camera = camera_new ("--linger 60");
  g_autoptr (Launch) launch = record (sandbox, camera, "/aac --tcp");

  launch_wait_for (launch, "session ses_");
  launch_signal (launch, SIGINT);
  launch_wait_for (launch, "ending the recording");
  launch_signal (launch, SIGINT);
  launch_wait (launch);
  g_assert_cmpint (launch->exit_code, ==, 1);
}

typedef struct
{
  const gchar *arguments;
  const gchar *text;
  gint exit_code;
} Refusal;

/* What is said without a camera and without a service. */
static void
test_refusals (void)
{
  static const Refusal refusals[] = {
    { "--help", "Usage: examples/rtsp.sh", 0 },
    { "", "URL of the camera is missing", 2 },
    { "http://127.0.0.1/", "no URL of a camera: rtsp://HOST/PATH", 2 },
    { "--nonsense rtsp://127.0.0.1/", "--nonsense", 2 },
    { "rtsp://127.0.0.1/ access-token=" HARNESS_TOKEN,
      "access-token would be seen by all", 2 },
    { "rtsp://127.0.0.1/ nonsense=1", "no property nonsense", 1 },
    { "rtsp://127.0.0.1/ session-mode=x", "session-mode can't be x", 1 },
    { "rtsp://127.0.0.1/ additional-data=x", "additional-data must be", 1 },
  };
  const gchar *environment[] = { "EKASCRIBE_ACCESS_TOKEN", HARNESS_TOKEN,
                                 "EKASCRIBE_BASE_URL", "http://127.0.0.1:9/",
                                 NULL };
  Launch *launches[G_N_ELEMENTS (refusals)];
  guint i;

  for (i = 0; i < G_N_ELEMENTS (refusals); i++)
    launches[i] = launch_start (environment, RTSP "%s", refusals[i].arguments);
  for (i = 0; i < G_N_ELEMENTS (refusals); i++)
    {
      launch_wait (launches[i]);
      launch_assert_says (launches[i], refusals[i].text);
      g_assert_cmpint (launches[i]->exit_code, ==, refusals[i].exit_code);
      g_assert_null (strstr (launches[i]->err->str, HARNESS_TOKEN));
      launch_free (launches[i]);
    }
}

static void
test_no_token (void)
{
  g_autoptr (Sandbox) sandbox = sandbox_new ("--token " HARNESS_TOKEN);
  g_autoptr (Camera) camera = camera_new ("--linger 60");
  const gchar *environment[] = { "EKASCRIBE_BASE_URL", sandbox->url, NULL };
  g_autoptr (Launch) elsewhere =
      launch_run (NULL, RTSP "rtsp://127.0.0.1:9/");
  g_autoptr (Launch) launch =
      launch_run (environment, RTSP "%s/pcmu", camera->url);

  g_assert_cmpint (elsewhere->exit_code, ==, 1);
  launch_assert_says (elsewhere, "export EKASCRIBE_ACCESS_TOKEN");
  g_assert_cmpint (launch->exit_code, ==, 1);
  launch_assert_says (launch, "EKASCRIBE_ACCESS_TOKEN");
}

int
main (int    argc,
      char **argv)
{
  harness_init (&argc, &argv);
  g_test_add_func ("/rtspexample/camera-goes-away-and-comes-back",
                   test_camera_goes_away_and_comes_back);
  g_test_add_func ("/rtspexample/camera-falls-silent",
                   test_camera_falls_silent);
  g_test_add_func ("/rtspexample/stream-changes-in-the-middle",
                   test_stream_changes_in_the_middle);
  g_test_add_data_func ("/rtspexample/camera-that-is-not-there/path",
                        "nothing", test_camera_that_is_not_there);
  g_test_add_data_func ("/rtspexample/camera-that-is-not-there/port", NULL,
                        test_camera_that_is_not_there);
  g_test_add_func ("/rtspexample/ctrl-c-twice-ends-at-once",
                   test_ctrl_c_twice_ends_at_once);
  g_test_add_func ("/rtspexample/refusals", test_refusals);
  g_test_add_func ("/rtspexample/no-token", test_no_token);
  return g_test_run ();
}
