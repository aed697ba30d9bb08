/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "chunk/speech.h"

#include <math.h>
#include <string.h>

#include "chunk/opus.h"

#define MSECOND G_GUINT64_CONSTANT (1000000)
#define SECOND (1000 * MSECOND)
/* Of a packet: 20 ms of Opus */
#define SAMPLES 960
#define LENGTH (20 * MSECOND)

#define ROOM 70
#define VOICE 100

typedef struct
{
  EkaCodec codec;
  EkaSpeech *speech;
  EkaPacketInfo info; /* of the packets that are pushed */
} Fixture;

static void
set_up (Fixture      *self,
        gconstpointer user_data)
{
  eka_opus_init_codec (&self->codec, 1);
  self->speech = eka_speech_new ();
  self->info.samples = SAMPLES;
  self->info.running_time = EKA_TIME_NONE;
}

static void
tear_down (Fixture      *self,
           gconstpointer user_data)
{
  eka_speech_free (self->speech);
}

static void
push (Fixture *self,
      guint64  duration)
{
  for (; duration >= LENGTH; duration -= LENGTH)
    eka_speech_push (self->speech, &self->codec, &self->info);
}

static void
push_loudness (Fixture *self,
               guint    loudness,
               guint64  duration)
{
  self->info.loudness = (guint8) loudness;
  push (self, duration);
}

static void
push_voice (Fixture *self,
            EkaVoice voice,
            guint64  duration)
{
  self->info.voice = voice;
  push (self, duration);
}

static gboolean
is_active (const Fixture *self)
{
  return eka_speech_is_active (self->speech);
}

static gboolean
is_quiet (const Fixture *self)
{
  return eka_speech_is_quiet (self->speech);
}

static guint64
get_spoken (const Fixture *self)
{
  return eka_speech_get_spoken (self->speech);
}

static guint64
get_silence (const Fixture *self)
{
  return eka_speech_get_silence (self->speech);
}

static void
test_times (Fixture      *self,
            gconstpointer user_data)
{
  g_assert_false (is_active (self));
  g_assert_cmpuint (get_silence (self), ==, 0);
  push_voice (self, EKA_VOICE_NONE, 2 * SECOND);
  g_assert_cmpuint (get_silence (self), ==, 2 * SECOND);
  g_assert_cmpuint (get_spoken (self), ==, 0);
  g_assert_true (is_quiet (self));
  push_voice (self, EKA_VOICE_ACTIVE, 60 * MSECOND);
  g_assert_false (is_active (self));
  g_assert_true (is_quiet (self));
  g_assert_cmpuint (get_silence (self), ==, 2060 * MSECOND);
  push_voice (self, EKA_VOICE_ACTIVE, 20 * MSECOND);
  g_assert_true (is_active (self));
  g_assert_false (is_quiet (self));
  g_assert_cmpuint (get_silence (self), ==, 0);
  g_assert_cmpuint (get_spoken (self), ==, 80 * MSECOND);
  push_voice (self, EKA_VOICE_ACTIVE, 920 * MSECOND);
  g_assert_cmpuint (get_spoken (self), ==, SECOND);
  push_voice (self, EKA_VOICE_NONE, 280 * MSECOND);
  g_assert_true (is_active (self));
  g_assert_cmpuint (get_spoken (self), ==, SECOND);
  g_assert_cmpuint (get_silence (self), ==, 0);
  push_voice (self, EKA_VOICE_NONE, 20 * MSECOND);
  g_assert_false (is_active (self));
  g_assert_cmpuint (get_spoken (self), ==, 0);
  g_assert_cmpuint (get_silence (self), ==, 300 * MSECOND);
  push_voice (self, EKA_VOICE_NONE, SECOND);
  g_assert_cmpuint (get_silence (self), ==, 1300 * MSECOND);
}

static void
test_pauses_between_words (Fixture      *self,
                           gconstpointer user_data)
{
  guint i;

  for (i = 0; i < 10; i++)
    {
      push_voice (self, EKA_VOICE_ACTIVE, 400 * MSECOND);
      g_assert_true (is_active (self));
      g_assert_false (is_quiet (self));
      push_voice (self, EKA_VOICE_NONE, 280 * MSECOND);
      g_assert_true (is_active (self));
      g_assert_true (is_quiet (self));
    }
  g_assert_cmpuint (get_spoken (self), ==, (10 * 680 - 280) * MSECOND);
}

static void
test_clicks (Fixture      *self,
             gconstpointer user_data)
{
  guint i;

  for (i = 0; i < 100; i++)
    {
      push_loudness (self, ROOM, 200 * MSECOND);
      push_loudness (self, 120, LENGTH);
      g_assert_false (is_active (self));
    }
  self->info.loudness = 0;
  for (i = 0; i < 100; i++)
    {
      push_voice (self, EKA_VOICE_NONE, 100 * MSECOND);
      push_voice (self, EKA_VOICE_ACTIVE, 60 * MSECOND);
      g_assert_false (is_active (self));
    }
}

static void
test_loudness_at_several_floors (Fixture      *self,
                                 gconstpointer user_data)
{
  guint room;

  for (room = 60; room <= 90; room += 10)
    {
      eka_speech_reset (self->speech);
      push_loudness (self, room, 3 * SECOND);
      g_assert_false (is_active (self));
      push_loudness (self, room + 15, SECOND);
      g_assert_true (is_active (self));
      push_loudness (self, room, SECOND);
      g_assert_false (is_active (self));
      g_assert_cmpuint (get_silence (self), >, 800 * MSECOND);
    }
}

/* Louder, but not by much: where nobody speaks it is no speech, where somebody
 * does it still is. */
static void
test_hysteresis (Fixture      *self,
                 gconstpointer user_data)
{
  push_loudness (self, ROOM, 3 * SECOND);
  push_loudness (self, ROOM + 6, SECOND);
  g_assert_false (is_active (self));
  push_loudness (self, VOICE, SECOND);
  push_loudness (self, ROOM + 6, SECOND);
  g_assert_true (is_active (self));
}

static void
test_a_fan_is_learnt (Fixture      *self,
                      gconstpointer user_data)
{
  push_loudness (self, ROOM, 10 * SECOND);
  push_loudness (self, 88, 5 * SECOND);
  g_assert_true (is_active (self));
  push_loudness (self, 88, 2 * SECOND);
  g_assert_false (is_active (self));
  push_loudness (self, VOICE, 200 * MSECOND);
  g_assert_true (is_active (self));
  push_loudness (self, 88, SECOND);
  g_assert_false (is_active (self));
  /* and is off again */
  push_loudness (self, ROOM, SECOND);
  push_loudness (self, 88, 200 * MSECOND);
  g_assert_true (is_active (self));
}

static void
test_digital_silence (Fixture      *self,
                      gconstpointer user_data)
{
  push_loudness (self, 1, 10 * SECOND);
  g_assert_false (is_active (self));
  /* -70 dBFS is a very quiet room */
  push_loudness (self, 60, 10 * SECOND);
  g_assert_false (is_active (self));
  push_loudness (self, 1, 10 * SECOND);
  push_loudness (self, VOICE, 200 * MSECOND);
  g_assert_true (is_active (self));
}

/* A device begins with a little of it, and then the room comes. */
static void
test_a_start_is_no_room (Fixture      *self,
                         gconstpointer user_data)
{
  push_loudness (self, 1, 400 * MSECOND);
  push_loudness (self, 88, 10 * SECOND);
  g_assert_false (is_active (self));
  eka_speech_reset (self->speech);
  push_loudness (self, 1, SECOND);
  push_loudness (self, 88, SECOND);
  g_assert_true (is_active (self));
}

static void
test_effort (Fixture      *self,
             gconstpointer user_data)
{
  guint i;

  self->info.effort = 4; /* encoders begin with next to nothing */
  push (self, 100 * MSECOND);
  self->info.effort = 2000;
  push (self, 5 * SECOND);
  g_assert_false (is_active (self));
  self->info.effort = 3000;
  push (self, SECOND);
  g_assert_true (is_active (self));
  self->info.effort = 2000;
  push (self, SECOND);
  g_assert_false (is_active (self));
  /* one that spends unevenly */
  for (i = 0; i < 500; i++)
    {
      self->info.effort = i % 2 == 0 ? 1600 : 3200;
      push (self, LENGTH);
    }
  g_assert_false (is_active (self));
}

static void
test_order_of_trust (Fixture      *self,
                     gconstpointer user_data)
{
  self->info.effort = 1000;
  self->info.loudness = ROOM;
  self->info.voice = EKA_VOICE_NONE;
  push (self, 3 * SECOND);
  self->info.effort = 60000;
  push (self, SECOND);
  g_assert_false (is_active (self));
  self->info.loudness = VOICE;
  push (self, SECOND);
  g_assert_false (is_active (self));
  self->info.voice = EKA_VOICE_ACTIVE;
  push (self, SECOND);
  g_assert_true (is_active (self));
  self->info.voice = EKA_VOICE_UNKNOWN;
  self->info.loudness = ROOM;
  push (self, SECOND);
  g_assert_false (is_active (self));
}

/* A packet that tells nothing goes on with what was. */
static void
test_unknown (Fixture      *self,
              gconstpointer user_data)
{
  push (self, SECOND);
  g_assert_false (is_active (self));
  push_voice (self, EKA_VOICE_ACTIVE, SECOND);
  push_voice (self, EKA_VOICE_UNKNOWN, SECOND);
  g_assert_true (is_active (self));
  push_voice (self, EKA_VOICE_NONE, SECOND);
  push_voice (self, EKA_VOICE_UNKNOWN, SECOND);
  g_assert_false (is_active (self));
  g_assert_cmpuint (get_silence (self), ==, 2 * SECOND);
  self->info.samples = 0;
  push (self, SECOND);
  g_assert_cmpuint (get_silence (self), ==, 2 * SECOND);
}

/* With DTX most of the silence does not come. */
static void
test_gaps_are_silence (Fixture      *self,
                       gconstpointer user_data)
{
  guint64 time = 5 * SECOND;
  guint i;

  self->info.voice = EKA_VOICE_ACTIVE;
  for (i = 0; i < 50; i++, time += LENGTH)
    {
      self->info.running_time = time;
      push (self, LENGTH);
    }
  g_assert_true (is_active (self));
  self->info.voice = EKA_VOICE_NONE;
  for (i = 0; i < 10; i++, time += 400 * MSECOND)
    {
      self->info.running_time = time;
      push (self, LENGTH);
    }
  g_assert_false (is_active (self));
  g_assert_cmpuint (get_silence (self), ==, 9 * 400 * MSECOND + LENGTH);
  /* back in time is no gap, and what has no time follows */
  self->info.running_time = SECOND;
  push (self, LENGTH);
  self->info.running_time = EKA_TIME_NONE;
  push (self, LENGTH);
  self->info.running_time = SECOND + 2 * LENGTH;
  push (self, LENGTH);
  g_assert_cmpuint (get_silence (self), ==, 9 * 400 * MSECOND + 4 * LENGTH);
}

static void
test_reset (Fixture      *self,
            gconstpointer user_data)
{
  push_loudness (self, ROOM, 3 * SECOND);
  push_loudness (self, VOICE, SECOND);
  g_assert_true (is_active (self));
  eka_speech_reset (self->speech);
  g_assert_false (is_active (self));
  g_assert_cmpuint (get_spoken (self), ==, 0);
  g_assert_cmpuint (get_silence (self), ==, 0);
  /* the room is another one */
  push_loudness (self, VOICE, SECOND);
  g_assert_false (is_active (self));
}

/* --- whole packets -------------------------------------------------------- */

/* Samples of one buffer are looked at in blocks: a buffer of a second may hold a
 * word. */
static void
test_samples (gconstpointer user_data)
{
  const guint rate = 16000;
  g_autoptr (EkaSpeech) speech = eka_speech_new ();
  g_autofree gint16 *samples = g_new0 (gint16, 2 * rate);
  EkaPacket packet = { .data = (const guint8 *) samples,
                       .size = 4 * rate + 1,
                       .running_time = EKA_TIME_NONE };
  EkaCodec codec;
  guint i;

  eka_codec_init_samples (&codec, EKA_CODEC_PCM, rate, 1);
  for (i = 0; i < 2 * rate; i++)
    samples[i] = i < rate ? (gint16) (i % 7) * 4
                          : (gint16) (5000 * sin (i * 0.2));
  packet.size = 4 * rate;
  eka_speech_push_packet (speech, &codec, &packet);
  g_assert_true (eka_speech_is_active (speech));
  g_assert_cmpuint (eka_speech_get_spoken (speech), >, 900 * MSECOND);
  g_assert_cmpuint (eka_speech_get_spoken (speech), <=, SECOND);
  /* what somebody measured counts for more */
  packet.loudness = 30;
  eka_speech_push_packet (speech, &codec, &packet);
  g_assert_false (eka_speech_is_active (speech));
}

static void
test_what_is_no_packet (void)
{
  static const guint8 damaged[] = { 3, 0 };
  const EkaPacket packet = { .data = damaged, .size = sizeof damaged,
                             .running_time = 0 };
  g_autoptr (EkaSpeech) speech = eka_speech_new ();
  EkaPacketInfo info;
  EkaCelt celt = { 0 };
  guint previous = 0;
  EkaCodec codec;

  eka_opus_init_codec (&codec, 1);
  g_assert_false (
      eka_codec_inspect_packet (&codec, &celt, &previous, &packet, &info));
  eka_speech_push_packet (speech, &codec, &packet);
  g_assert_cmpuint (eka_speech_get_silence (speech), ==, 0);
}

static void
test_inspect (void)
{
  static const guint8 data[] = { 1 << 3, 0x80, 1, 2 }; /* SILK, voiced, 20 ms */
  static const gint16 square[] = { 16384, -16384, 16384, -16384 };
  const EkaPacket packet = { .data = data, .size = sizeof data,
                             .running_time = 5, .utc = 6, .trim_end = 2000,
                             .discont = TRUE };
  const EkaPacket samples = { .data = (const guint8 *) square,
                              .size = sizeof square };
  EkaPacketInfo info;
  EkaCelt celt = { 0 };
  guint previous = 0;
  EkaCodec codec;

  eka_opus_init_codec (&codec, 1);
  g_assert_true (
      eka_codec_inspect_packet (&codec, &celt, &previous, &packet, &info));
  g_assert_cmpuint (info.samples, ==, 960);
  g_assert_cmpuint (info.trim_end, ==, 960);
  g_assert_cmpuint (info.size, ==, sizeof data);
  g_assert_cmpuint (info.running_time, ==, 5);
  g_assert_cmpuint (info.utc, ==, 6);
  g_assert_true (info.discont);
  g_assert_cmpint (info.voice, ==, EKA_VOICE_ACTIVE);
  g_assert_cmpuint (info.effort, >, 0);
  eka_codec_init_samples (&codec, EKA_CODEC_PCM, 8000, 1);
  g_assert_true (
      eka_codec_inspect_packet (&codec, &celt, &previous, &samples, &info));
  g_assert_cmpuint (info.samples, ==, 4);
  g_assert_cmpuint (info.loudness, >=, 121);
  g_assert_cmpuint (info.loudness, <=, 122);
}

#define ADD(path, func) \
  g_test_add ("/speech/" path, Fixture, NULL, set_up, func, tear_down)

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("times-of-a-spell", test_times);
  ADD ("pauses-between-words-are-no-silence", test_pauses_between_words);
  ADD ("clicks-are-no-speech", test_clicks);
  ADD ("loudness-at-several-floors", test_loudness_at_several_floors);
  ADD ("less-is-enough-to-go-on", test_hysteresis);
  ADD ("a-fan-is-learnt-and-forgotten", test_a_fan_is_learnt);
  ADD ("digital-silence-is-never-speech", test_digital_silence);
  ADD ("a-muted-start-is-no-room", test_a_start_is_no_room);
  ADD ("effort-that-stands-out", test_effort);
  ADD ("the-surest-measure-counts", test_order_of_trust);
  ADD ("a-packet-that-tells-nothing-goes-on", test_unknown);
  ADD ("what-does-not-come-is-silence", test_gaps_are_silence);
  ADD ("reset-forgets-all", test_reset);
  g_test_add_data_func ("/speech/samples-in-long-buffers", NULL, test_samples);
  g_test_add_func ("/speech/what-is-no-packet-is-left-out",
                   test_what_is_no_packet);
  g_test_add_func ("/speech/inspect-notes-what-a-chunker-does", test_inspect);
  return g_test_run ();
}
