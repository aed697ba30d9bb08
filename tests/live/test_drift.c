/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "call.h"

#include <gst/app/gstappsrc.h>

/* A call of half an hour whose sides have clocks of their own, on a network
 * that delays; as fast as it goes, for only the time stamps tell of it. */

#define SIDES 2
#define MINUTES 30
#define PACKETS (MINUTES * 60 * 1000 / RTP_PTIME)
#define PERIOD 10000
/* rtpjitterbuffer takes the delay of the first packets for the network's, and needs
 * some seconds to learn better. */
#define FIRST 20000
#define TONES ((MINUTES * 60 * 1000 - FIRST) / PERIOD)
#define PPM 50
#define JITTER (200 * GST_MSECOND)
/* How many packets of a side may be under way inside the pipeline: rtpjitterbuffer
 * calls everything live, and no live side may be far ahead of the other. */
#define MAX_AHEAD 25

typedef struct
{
  RtpLeg *leg;
  GstElement *source;
  gdouble rate; /* of its clock */
  GRand *rand;
  GstClockTime arrival; /* of the last packet: none overtakes another */
  guint pushed;
  gint come; /* (atomic) out of the depayloader */
} Side;

static GstPadProbeReturn
count_packet (GstPad          *pad,
              GstPadProbeInfo *info,
              gpointer         user_data)
{
  g_atomic_int_inc (&((Side *) user_data)->come);
  return GST_PAD_PROBE_OK;
}

/* The digits 0 to 9, again and again. */
static void
prepare_side (Side   *self,
              Player *player,
              guint   index)
{
  g_autofree gint16 *samples = g_new0 (gint16, PACKETS * RTP_PACKET);
  g_autofree gchar *name = g_strdup_printf ("leg%u", index);
  g_autofree gchar *digits = g_strnfill (TONES, '0');
  g_autoptr (GstElement) depay = NULL;
  g_autoptr (GstPad) pad = NULL;
  guint i;

  for (i = 0; i < TONES; i++)
    digits[i] = '0' + i % 10;
  tones_render (samples, PACKETS * RTP_PACKET, digits,
                FIRST + PERIOD / 4 + index * PERIOD / 2, PERIOD, 150);
  self->leg = rtp_leg_new (9);
  rtp_leg_add_audio (self->leg, RTP_PCMU, samples, PACKETS);
  self->rate = 1 + (index == 0 ? PPM : -PPM) * 1e-6;
  self->rand = g_rand_new_with_seed (index);
  self->source = gst_bin_get_by_name (GST_BIN (player->pipeline), name);
  g_free (name);
  name = g_strdup_printf ("depay%u", index);
  depay = gst_bin_get_by_name (GST_BIN (player->pipeline), name);
  pad = gst_element_get_static_pad (depay, "src");
  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER, count_packet, self, NULL);
}

static void
clear_side (Side *self)
{
  rtp_leg_free (self->leg);
  gst_object_unref (self->source);
  g_rand_free (self->rand);
}

/* By the clock of this machine: the sender's goes at another rate. */
static void
push_packet (Side *self)
{
  gint64 due;
  GBytes *bytes = rtp_leg_get_packet (self->leg, self->pushed++, &due);
  GstBuffer *buffer = gst_buffer_new_wrapped_bytes (bytes);
  GstClockTime left = due * self->rate * GST_USECOND;

  self->arrival = MAX (self->arrival,
                       left + g_rand_double (self->rand) * JITTER);
  GST_BUFFER_PTS (buffer) = GST_BUFFER_DTS (buffer) = self->arrival;
  g_assert_cmpint (gst_app_src_push_buffer (GST_APP_SRC (self->source), buffer),
                   ==, GST_FLOW_OK);
}

static void
push_all (Side *sides)
{
  guint i, j;

  for (i = 0; i < PACKETS; i++)
    for (j = 0; j < SIDES; j++)
      {
        push_packet (&sides[j]);
        while (sides[j].pushed - g_atomic_int_get (&sides[j].come) > MAX_AHEAD)
          g_usleep (200);
      }
  for (j = 0; j < SIDES; j++)
    gst_app_src_end_of_stream (GST_APP_SRC (sides[j].source));
}

/* When they were said, by the clock of this machine. */
static GArray *
sent_tones (Side *self)
{
  GArray *tones = rtp_leg_tones (self->leg);
  guint i;

  for (i = 0; i < tones->len; i++)
    g_array_index (tones, Tone, i).start *= self->rate;
  return tones;
}

static void
test_sides_stay_together (void)
{
  g_autoptr (Sandbox) sandbox = sandbox_new (NULL);
  g_autoptr (Player) player = NULL;
  Call call = { .sandbox = sandbox };
  g_autoptr (GArray) first = NULL;
  g_autoptr (GArray) second = NULL;
  g_autoptr (GArray) sent = NULL;
  g_autoptr (GArray) found = NULL;
  Side sides[SIDES] = { 0 };
  guint i;

#define LEG                                                                    \
  "appsrc name=leg%d format=time caps=application/x-rtp,media=audio,"          \
  "clock-rate=8000,encoding-name=PCMU,payload=0 ! "                            \
  "rtpjitterbuffer latency=300 ! rtppcmudepay name=depay%d ! scribe.audio_%d "
  player = player_new ("ekascribesink name=scribe base-url=%s "
                       "session-mode=consultation poll-interval=50000000 "
                       LEG LEG, sandbox->url, 0, 0, 0, 1, 1, 1);
  call.player = player;
  for (i = 0; i < SIDES; i++)
    prepare_side (&sides[i], player, i);
  player_set (player, GST_STATE_PLAYING);
  push_all (sides);
  g_assert_cmpint (GST_MESSAGE_TYPE (player_wait (
                       player, GST_MESSAGE_EOS | GST_MESSAGE_ERROR)),
                   ==, GST_MESSAGE_EOS);
  first = sent_tones (&sides[0]);
  second = sent_tones (&sides[1]);
  sent = tones_merge (first, second);
  found = call_tones (&call, 0);
  g_assert_cmpuint (sent->len, ==, SIDES * TONES);
  tones_assert_same (sent, found, 20);
  for (i = 0; i < SIDES; i++)
    clear_side (&sides[i]);
}

int
main (int    argc,
      char **argv)
{
  harness_init (&argc, &argv);
  g_test_add_func ("/live/drift/sides-stay-together", test_sides_stay_together);
  return g_test_run ();
}
