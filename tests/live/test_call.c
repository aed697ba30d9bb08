/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "call.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>

/* examples/call.sh, as a user runs it. */

#define DIGITS_DOCTOR "159372"
#define DIGITS_PATIENT "80*A4B"
#define FIRST 300
#define PERIOD 500
#define LENGTH 125
#define PACKETS 180
#define PART 87

/* gst-launch-1.0, once it listens to its ports and to signals. */
#define PLAYS "Setting pipeline to PLAYING"

static void
speak (RtpLeg      *leg,
       guint8       payload_type,
       const gchar *digits,
       guint        first)
{
  g_autofree gint16 *samples = g_new0 (gint16, PACKETS * RTP_PACKET);

  tones_render (samples, PACKETS * RTP_PACKET, digits, first, PERIOD, LENGTH);
  rtp_leg_add_audio (leg, payload_type, samples, PART);
  /* What the recorder was not told of is left out. */
  rtp_leg_add_event (leg, 'D', 10);
  rtp_leg_add_noise (leg, 30);
  rtp_leg_add_audio (leg, payload_type, samples + PART * RTP_PACKET,
                     PACKETS - PART);
}

static gchar *
find_after (const gchar *text,
            const gchar *mark)
{
  const gchar *place = strstr (text, mark);

  if (place == NULL)
    g_error ("“%s” is not in: %s", mark, text);
  place += strlen (mark);
  return g_strndup (place, strcspn (place, "\n"));
}

static void
record (const gchar *options,
        guint8       payload_type,
        guint        channels)
{
  g_autoptr (Sandbox) sandbox = sandbox_new (NULL);
  g_autofree gchar *work = harness_folder_new ();
  const guint ports[] = { rtp_free_port (), rtp_free_port () };
  g_autoptr (RtpLeg) doctor = rtp_leg_new (ports[0]);
  g_autoptr (RtpLeg) patient = rtp_leg_new (ports[1]);
  g_autoptr (GArray) first = NULL;
  g_autoptr (GArray) second = NULL;
  g_autoptr (GArray) sent = NULL;
  g_autofree gchar *digits = NULL;
  g_autofree gchar *path = NULL;
  g_autofree gchar *text = NULL;
  g_autofree gchar *heard = NULL;
  g_autofree gchar *session = NULL;
  g_autofree gchar *description = NULL;
  g_autoptr (Launch) launch = NULL;
  gint64 epoch;
  guint i;

  speak (doctor, RTP_PCMU, DIGITS_DOCTOR, FIRST);
  speak (patient, payload_type, DIGITS_PATIENT, FIRST + PERIOD / 2);
  launch = launch_start (NULL, "!%s --base-url %s --output %s %s %u %u",
                         CALL_PATH, sandbox->url, work, options, ports[0],
                         ports[1]);
  launch_wait_for (launch, PLAYS);
  epoch = g_get_monotonic_time ();
  rtp_leg_start (doctor, epoch);
  rtp_leg_start (patient, epoch);
  rtp_leg_wait (doctor);
  rtp_leg_wait (patient);
  g_usleep (2 * CALL_LATENCY * G_TIME_SPAN_MILLISECOND);
  launch_signal (launch, SIGINT);
  launch_wait (launch);
  launch_assert_says (launch, "The recording ends.");
  g_assert_cmpint (launch->exit_code, ==, 0);

  first = rtp_leg_tones (doctor);
  second = rtp_leg_tones (patient);
  sent = tones_merge (first, second);
  digits = tones_digits (sent);
  path = find_after (launch->out->str, "Transcript: ");
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  heard = call_digits_of (text);
  g_assert_cmpstr (heard, ==, digits);

  session = sandbox_only (sandbox);
  for (i = 0; i < channels; i++)
    {
      g_autoptr (GArray) found = call_tones_in (session, i);

      tones_assert_same (channels == 1 ? sent : i == 0 ? first : second, found,
                         20);
    }
  description = harness_read (session, "session.json");
  g_assert_nonnull (strstr (description, "consultation"));
  g_assert_nonnull (strstr (description, "nurse"));
  harness_folder_remove (work);
}

static void
test_a_call_is_recorded (void)
{
  record ("--labels=nurse,patient --codec=pcmu,pcma", RTP_PCMA, 1);
}

static void
test_a_channel_each (void)
{
  record ("--labels nurse,patient --mix stereo --latency 100", RTP_PCMU, 2);
}

static void
test_help_and_mistakes (void)
{
  static const gchar *const mistakes[] = {
    "4000", "4000 5000 6000", "4000 x", "4000 70000", "--mix both 4000 5000",
    "--codec gsm 4000 5000", "--payload-type 128 4000 5000", "--codec",
    "4000 4000", "4000 04000", "4000 4001", "4001 4000", "5104 5105",
    "--colour red 4000 5000", "-x 4000 5000", "--latency=-1 4000 5000",
  };
  g_autoptr (Launch) help = launch_run (NULL, "!%s --help", CALL_PATH);
  guint i;

  g_assert_cmpint (help->exit_code, ==, 0);
  launch_assert_says (help, "Usage: examples/call.sh");
  for (i = 0; i < G_N_ELEMENTS (mistakes); i++)
    {
      g_autoptr (Launch) launch = launch_run (NULL, "!%s %s", CALL_PATH,
                                              mistakes[i]);

      g_assert_cmpint (launch->exit_code, ==, 2);
      launch_assert_says (launch, "call.sh: ");
      g_assert_cmpuint (launch->out->len, ==, 0);
    }
}

static Launch *
record_nothing (Sandbox     *sandbox,
                const gchar *outbox)
{
  const gchar *const environment[] = { "EKASCRIBE_OUTBOX", outbox, NULL };
  const guint ports[] = { rtp_free_port (), rtp_free_port () };
  Launch *launch =
      launch_start (environment, "!%s --base-url %s %u %u", CALL_PATH,
                    sandbox->url, ports[0], ports[1]);

  launch_wait_for (launch, PLAYS);
  launch_signal (launch, SIGTERM);
  launch_wait (launch);
  launch_assert_says (launch, "No transcript.");
  g_assert_cmpint (launch->exit_code, ==, 0);
  return launch;
}

/* Nothing has come: that is no error, and ends at once. */
static void
test_a_call_that_never_was (void)
{
  g_autoptr (Sandbox) sandbox = sandbox_new (NULL);
  g_autofree gchar *outbox = harness_folder_new ();
  g_autofree gchar *session = g_build_filename (outbox, "ses_1", NULL);
  g_autoptr (Launch) nothing = record_nothing (sandbox, outbox);
  g_autoptr (Launch) something = NULL;

  g_assert_null (strstr (nothing->err->str, "outbox list"));
  g_assert_cmpint (g_mkdir (session, 0700), ==, 0);
  something = record_nothing (sandbox, outbox);
  launch_assert_says (something, "\"ekascribe outbox list\" tells");
  harness_folder_remove (outbox);
}

int
main (int    argc,
      char **argv)
{
  harness_init (&argc, &argv);
  g_test_add_func ("/live/call/a-call-is-recorded", test_a_call_is_recorded);
  g_test_add_func ("/live/call/a-channel-each", test_a_channel_each);
  g_test_add_func ("/live/call/help-and-mistakes", test_help_and_mistakes);
  g_test_add_func ("/live/call/a-call-that-never-was",
                   test_a_call_that_never_was);
  return g_test_run ();
}
