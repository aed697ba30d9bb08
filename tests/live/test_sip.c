/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "call.h"
#include "relay.h"

#include <signal.h>
#include <string.h>

/* Two real telephones (baresip) call each other, and are recorded. */

#define LENGTH 10000
#define DIGITS_DOCTOR "15937"
#define DIGITS_PATIENT "26480"
#define FIRST 400
#define PERIOD 500
/* How long the telephone that calls lives, in s. */
#define DURATION 4

/* Who is at which pad. */
#define LABELS "audio_0::label=doctor audio_1::label=patient"

/* A call between two telephones, its relay and its recorder. */
typedef struct
{
  const gchar *name;
  const gchar *codec;
  guint jitter;
  guint loss;
  Call *call;
  Relay *relay;
  Launch *doctor;
  Launch *patient;
} SipCall;

static gchar *work;

/* They take place at the same time. */
static SipCall calls[] = {
  { "both-sides-are-recorded/pcmu", "PCMU", 0, 0 },
  { "both-sides-are-recorded/pcma", "PCMA", 0, 0 },
  { "a-bad-network-swaps-nothing", "PCMU", 150, 3 },
};

/* What an agent needs, and nothing that touches hardware. */
static void
configure_agent (const gchar *folder,
                 const gchar *codec,
                 guint        port,
                 const gchar *digits,
                 guint        first)
{
  g_autofree gchar *wav = g_build_filename (folder, "voice.wav", NULL);
  g_autofree gchar *config = g_build_filename (folder, "config", NULL);
  g_autofree gchar *accounts = g_build_filename (folder, "accounts", NULL);
  g_autofree gint16 *samples = g_new0 (gint16, LENGTH * TONES_MS);
  g_autofree gchar *text = NULL;
  guint rtp = rtp_free_port ();

  g_assert_cmpint (g_mkdir_with_parents (folder, 0700), ==, 0);
  tones_render (samples, LENGTH * TONES_MS, digits, first, PERIOD, 150);
  tones_save (wav, samples, LENGTH * TONES_MS);
  text = g_strdup_printf ("sip_listen 127.0.0.1:%u\n"
                          "audio_source aufile,%s\n"
                          "rtp_ports %u-%u\n"
                          "module_path /usr/lib/baresip/modules\n"
                          "module g711.so\n"
                          "module aufile.so\n"
                          "module_tmp account.so\n"
                          "module_app menu.so\n",
                          port, wav, rtp, rtp + 1);
  g_assert_true (g_file_set_contents (config, text, -1, NULL));
  g_free (text);
  text = g_strdup_printf ("<sip:agent@127.0.0.1>;regint=0;answermode=auto;"
                          "audio_codecs=%s/8000/1\n", codec);
  g_assert_true (g_file_set_contents (accounts, text, -1, NULL));
}

static Launch *
start_agent (const gchar *folder,
             const gchar *options)
{
  const gchar *const environment[] = { "HOME", folder, NULL };

  return launch_start (environment, "!baresip -4 -n 127.0.0.1 -f %s %s", folder,
                       options);
}

static void
start_call (SipCall *self)
{
  const guint agents[] = { rtp_free_port (), rtp_free_port () };
  g_autofree gchar *doctor =
      g_build_filename (work, self->name, "doctor", NULL);
  g_autofree gchar *patient =
      g_build_filename (work, self->name, "patient", NULL);
  g_autofree gchar *dial = NULL;

  self->call = call_new (2, LABELS);
  self->relay = relay_new (agents, self->call->ports);
  relay_impair (self->relay, 7, self->jitter, self->loss);
  configure_agent (doctor, self->codec, agents[0], DIGITS_DOCTOR, FIRST);
  configure_agent (patient, self->codec, agents[1], DIGITS_PATIENT,
                   FIRST + PERIOD / 2);
  relay_start (self->relay);
  call_start (self->call);
  self->patient = start_agent (patient, "");
  launch_wait_for (self->patient, "baresip is ready.");
  dial = g_strdup_printf ("-t %u -e '/dial sip:agent@127.0.0.1:%u'", DURATION,
                          relay_get_port (self->relay));
  self->doctor = start_agent (doctor, dial);
}

static void
clear_call (SipCall *self)
{
  g_clear_pointer (&self->doctor, launch_free);
  g_clear_pointer (&self->patient, launch_free);
  g_clear_pointer (&self->relay, relay_free);
  g_clear_pointer (&self->call, call_free);
}

static GArray *
all_tones (Relay *relay)
{
  g_autoptr (GArray) first = relay_tones (relay, 0);
  g_autoptr (GArray) second = relay_tones (relay, 1);

  return tones_merge (first, second);
}

/* The digits of both sides alternate. */
static void
check_recording (Call  *call,
                 Relay *relay)
{
  g_autoptr (GArray) sent = all_tones (relay);
  g_autoptr (GArray) found = call_tones (call, 0);
  g_autofree gchar *digits = tones_digits (sent);
  g_autofree gchar *heard = call_without_doubles (call_digits (call));

  g_assert_cmpstr (digits, ==, "1256943870");
  g_assert_cmpstr (heard, ==, "1256943870");
  tones_assert_same (sent, found, 20);
  g_assert_cmpuint (call_sessions (call), ==, 1);
}

/* Of the session, as the service got it. */
static void
check_labels (Call *call)
{
  g_autofree gchar *folder = sandbox_only (call->sandbox);
  g_autofree gchar *description = harness_read (folder, "session.json");

  g_assert_nonnull (strstr (description, "\"consultation\""));
  g_assert_nonnull (strstr (description, "\"doctor\""));
  g_assert_nonnull (strstr (description, "\"patient\""));
}

/* A build without Debian's package baresip-core has no telephone. */
static gboolean
have_telephones (void)
{
  g_autofree gchar *path = g_find_program_in_path ("baresip");

  if (path == NULL)
    g_test_skip ("baresip is not installed (Debian: baresip-core)");
  return path != NULL;
}

static void
test_call (gconstpointer data)
{
  const SipCall *self = data;
  guint i;

  if (!have_telephones ())
    return;
  if (calls[0].call == NULL)
    for (i = 0; i < G_N_ELEMENTS (calls); i++)
      start_call (&calls[i]);
  launch_wait_for (self->patient, "Call established");
  launch_wait (self->doctor);
  g_assert_cmpint (self->doctor->exit_code, ==, 0);
  launch_wait_for (self->patient, "session closed");
  launch_signal (self->patient, SIGTERM);
  launch_wait (self->patient);
  call_wait (self->call);
  call_end (self->call);
  check_recording (self->call, self->relay);
  check_labels (self->call);
}

int
main (int    argc,
      char **argv)
{
  int result;
  guint i;

  harness_init (&argc, &argv);
  work = harness_folder_new ();
  for (i = 0; i < G_N_ELEMENTS (calls); i++)
    {
      g_autofree gchar *path = g_strconcat ("/live/sip/", calls[i].name, NULL);

      g_test_add_data_func (path, &calls[i], test_call);
    }
  result = g_test_run ();
  for (i = 0; i < G_N_ELEMENTS (calls); i++)
    clear_call (&calls[i]);
  harness_folder_remove (work);
  g_free (work);
  return result;
}
