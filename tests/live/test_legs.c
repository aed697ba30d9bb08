/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "call.h"

#include <string.h>

/* Both sides of a call as a network brings them, through rtpbin: one recording. */

#define DIGITS_DOCTOR "15937264"
#define DIGITS_PATIENT "80*A4B#D"
#define FIRST 300
#define PERIOD 500
#define LENGTH 125
#define PACKETS 230
/* Packets before something happens, between two digits of any leg. */
#define PART 87

#define DOCTOR 0
#define PATIENT 1

static gint16 voices[CALL_LEGS][PACKETS * RTP_PACKET];

/* The digits of the one come between those of the other. */
static void
render_voices (void)
{
  tones_render (voices[DOCTOR], PACKETS * RTP_PACKET, DIGITS_DOCTOR, FIRST,
                PERIOD, LENGTH);
  tones_render (voices[PATIENT], PACKETS * RTP_PACKET, DIGITS_PATIENT,
                FIRST + PERIOD / 2, PERIOD, LENGTH);
}

static void
speak (Call  *call,
       guint  leg,
       guint8 payload_type,
       guint  first,
       guint  n_packets)
{
  rtp_leg_add_audio (call->legs[leg], payload_type,
                     voices[leg] + first * RTP_PACKET, n_packets);
}

static void
speak_both (Call *call)
{
  speak (call, DOCTOR, RTP_PCMU, 0, PACKETS);
  speak (call, PATIENT, RTP_PCMA, 0, PACKETS);
}

static void
speak_over_a_bad_network (Call *call)
{
  speak_both (call);
  rtp_leg_impair (call->legs[DOCTOR], 1, 200, 2);
  rtp_leg_impair (call->legs[PATIENT], 2, 200, 2);
}

static void
speak_with_pauses (Call *call)
{
  speak (call, DOCTOR, RTP_PCMU, 0, PART);
  rtp_leg_add_noise (call->legs[DOCTOR], 100);
  speak (call, DOCTOR, RTP_PCMU, PART, PACKETS - PART);
  speak (call, PATIENT, RTP_PCMA, 0, PART);
  rtp_leg_add_pause (call->legs[PATIENT], 100);
  speak (call, PATIENT, RTP_PCMA, PART, PACKETS - PART);
}

static void
press_keys (Call *call)
{
  call->events = TRUE;
  speak (call, DOCTOR, RTP_PCMU, 0, PART);
  rtp_leg_add_event (call->legs[DOCTOR], 'A', 8);
  rtp_leg_add_audio (call->legs[DOCTOR], RTP_PCMU, voices[DOCTOR], 12);
  speak (call, DOCTOR, RTP_PCMU, PART, PACKETS - PART);
  speak (call, PATIENT, RTP_PCMA, 0, PART);
  rtp_leg_add_audio (call->legs[PATIENT], RTP_PCMA, voices[DOCTOR], 12);
  rtp_leg_add_event (call->legs[PATIENT], 'B', 8);
  speak (call, PATIENT, RTP_PCMA, PART, PACKETS - PART);
}

static void
change_sources (Call *call)
{
  speak (call, DOCTOR, RTP_PCMU, 0, PART);
  rtp_leg_change (call->legs[DOCTOR]);
  speak (call, DOCTOR, RTP_PCMU, PART, PACKETS - PART);
  speak (call, PATIENT, RTP_PCMU, 0, PART);
  speak (call, PATIENT, RTP_PCMA, PART, PACKETS - PART);
}

static void
speak_alone (Call *call)
{
  speak (call, DOCTOR, RTP_PCMU, 0, PACKETS);
}

/* The patient comes in after the patience of the mixer is over, and goes again. */
static void
come_late_and_go (Call *call)
{
  speak (call, DOCTOR, RTP_PCMU, 0, PACKETS);
  rtp_leg_add_pause (call->legs[PATIENT], 160);
  speak (call, PATIENT, RTP_PCMA, 160, 40);
}

/* One channel, one session: everything in its place, in the chunks and at the
 * service. */
static void
check (Call    *call,
       gdouble  tolerance)
{
  g_autoptr (GArray) sent = call_sent (call);
  g_autoptr (GArray) found = call_tones (call, 0);
  g_autofree gchar *expected = tones_digits (sent);
  g_autofree gchar *heard = call_without_doubles (call_digits (call));

  tones_assert_same (sent, found, tolerance);
  g_assert_cmpstr (heard, ==, expected);
  g_assert_cmpuint (call_sessions (call), ==, 1);
}

static void
check_in_place (Call *call)
{
  check (call, 20);
}

/* Each side in a channel of its own, and nothing of the other one there. */
static void
check_channels (Call *call)
{
  guint i;

  for (i = 0; i < CALL_LEGS; i++)
    {
      g_autoptr (GArray) sent = rtp_leg_tones (call->legs[i]);
      g_autoptr (GArray) found = call_tones (call, i);

      tones_assert_same (sent, found, 20);
    }
  g_assert_cmpuint (call_sessions (call), ==, 1);
}

static void
check_keys_heard (Call *call)
{
  g_autofree gchar *heard = call_digits (call);
  g_autoptr (GArray) found = call_tones (call, 0);
  g_autofree gchar *digits = tones_digits (found);

  g_assert_cmpstr (digits, ==, "18509*AB3A742B6#4D");
  g_assert_cmpstr (heard, ==, "18509*AB3A742B6#4D");
  g_assert_cmpuint (call_sessions (call), ==, 1);
}

static const Scenario scenarios[] = {
  { "legs/both-in-place", 2, "", speak_both, NULL, check_in_place },
  { "legs/a-channel-each", 2, "mix=stereo", speak_both, NULL, check_channels },
  { "legs/a-bad-network-swaps-nothing", 2, "", speak_over_a_bad_network, NULL,
    check_in_place },
  { "legs/pauses-are-silence", 2, "", speak_with_pauses, NULL, check_in_place },
  { "legs/keys-are-heard", 2, "", press_keys, NULL, check_keys_heard },
  { "legs/other-sources-go-on", 2, "", change_sources, NULL, check_in_place },
  { "legs/one-never-comes", 2, "", speak_alone, NULL, check_in_place },
  { "legs/one-comes-late-and-goes", 2, "", come_late_and_go, NULL,
    check_in_place },
};

int
main (int    argc,
      char **argv)
{
  render_voices ();
  return scenario_main (argc, argv, scenarios, G_N_ELEMENTS (scenarios));
}
