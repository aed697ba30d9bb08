/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "call.h"

#include <string.h>

/* One side of a call as a network brings it, through rtpbin. */

#define DIGITS "1593*7*2648#"
#define FIRST 100
#define PERIOD 250
#define LENGTH 125
#define PACKETS 160
/* Packets before something happens, between two digits. */
#define PART 52

static gint16 speech[PACKETS * RTP_PACKET];

static void
speak (Call  *call,
       guint8 payload_type,
       guint  first,
       guint  n_packets)
{
  memset (speech, 0, sizeof speech);
  tones_render (speech, PACKETS * RTP_PACKET, DIGITS, FIRST, PERIOD, LENGTH);
  rtp_leg_add_audio (call->legs[0], payload_type, speech + first * RTP_PACKET,
                     n_packets);
}

/* Every digit once, in its place, in the chunks and at the service. */
static void
assert_recorded (Call    *call,
                 gdouble  tolerance)
{
  g_autoptr (GArray) sent = call_sent (call);
  g_autoptr (GArray) found = call_tones (call, 0);
  g_autofree gchar *expected = tones_digits (sent);
  g_autofree gchar *heard = call_without_doubles (call_digits (call));

  tones_assert_same (sent, found, tolerance);
  g_assert_cmpstr (heard, ==, expected);
}

static void
speak_mu_law (Call *call)
{
  speak (call, RTP_PCMU, 0, PACKETS);
}

static void
speak_a_law (Call *call)
{
  speak (call, RTP_PCMA, 0, PACKETS);
}

static void
check_all_in_place (Call *call)
{
  assert_recorded (call, 4);
  g_assert_cmpuint (call_sessions (call), ==, 1);
}

static void
speak_over_a_bad_network (Call *call)
{
  speak (call, RTP_PCMU, 0, PACKETS);
  rtp_leg_impair (call->legs[0], 7, 200, 3);
}

static void
check_nothing_swapped (Call *call)
{
  assert_recorded (call, 20);
  g_assert_cmpuint (call_sessions (call), ==, 1);
}

/* Who says nothing sends comfort noise, then nothing at all. */
static void
speak_with_comfort_noise (Call *call)
{
  speak (call, RTP_PCMU, 0, PART);
  rtp_leg_add_noise (call->legs[0], 30);
  rtp_leg_add_pause (call->legs[0], 10);
  speak (call, RTP_PCMU, PART, PACKETS - PART);
}

static void
check_silence_filled (Call *call)
{
  GstClockTime filled;
  g_autoptr (GstStructure) stats = NULL;

  assert_recorded (call, 4);
  g_assert_cmpuint (call_sessions (call), ==, 1);
  g_object_get (call->player->scribe, "stats", &stats, NULL);
  g_assert_true (gst_structure_get_uint64 (stats, "time-filled", &filled));
  g_assert_cmpuint (ABS (GST_CLOCK_DIFF (filled, 40 * RTP_PTIME * GST_MSECOND)),
                    <, GST_MSECOND);
}

static void
press_keys (Call *call)
{
  speak (call, RTP_PCMU, 0, PART);
  rtp_leg_add_event (call->legs[0], 'A', 10);
  rtp_leg_add_audio (call->legs[0], RTP_PCMU, speech + 49 * RTP_PACKET, 3);
  rtp_leg_add_event (call->legs[0], 'B', 10);
  speak (call, RTP_PCMU, PART, PACKETS - PART);
}

static void
press_keys_aloud (Call *call)
{
  press_keys (call);
  call->events = TRUE;
}

static void
check_keys_heard (Call *call)
{
  g_autoptr (GArray) found = call_tones (call, 0);
  g_autofree gchar *digits = tones_digits (found);
  g_autofree gchar *heard = call_digits (call);

  g_assert_cmpstr (digits, ==, "1593AB*7*2648#");
  g_assert_cmpstr (heard, ==, "1593AB*7*2648#");
  g_assert_cmpuint (call_sessions (call), ==, 1);
}

/* The call is transferred: another source, on the same port. */
static void
speak_through_two_sources (Call *call)
{
  speak (call, RTP_PCMU, 0, PART);
  rtp_leg_change (call->legs[0]);
  speak (call, RTP_PCMU, PART, PACKETS - PART);
}

static void
change_payload_type (Call *call)
{
  speak (call, RTP_PCMU, 0, PART);
  speak (call, RTP_PCMA, PART, PACKETS - PART);
}

static void
check_rolled_over (Call *call)
{
  assert_recorded (call, 20);
  g_assert_cmpuint (call_sessions (call), ==, 2);
}

static const Scenario scenarios[] = {
  { "rtp/every-sample-comes/pcmu", 1, "", speak_mu_law, NULL,
    check_all_in_place },
  { "rtp/every-sample-comes/pcma", 1, "", speak_a_law, NULL,
    check_all_in_place },
  { "rtp/a-bad-network-swaps-nothing", 1, "", speak_over_a_bad_network, NULL,
    check_nothing_swapped },
  { "rtp/comfort-noise-is-silence", 1, "", speak_with_comfort_noise, NULL,
    check_silence_filled },
  { "rtp/keys-are-ignored", 1, "", press_keys, NULL, check_all_in_place },
  { "rtp/keys-are-heard", 1, "", press_keys_aloud, NULL, check_keys_heard },
  { "rtp/another-source-goes-on", 1, "", speak_through_two_sources, NULL,
    check_nothing_swapped },
  { "rtp/another-payload-type-rolls-over", 1, "", change_payload_type, NULL,
    check_rolled_over },
};

int
main (int    argc,
      char **argv)
{
  return scenario_main (argc, argv, scenarios, G_N_ELEMENTS (scenarios));
}
