/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "legs.h"
#include "talker.h"

#include <string.h>

#include "scribe/session.h"

#define ELEMENT "ekascribesink name=s model=endless "
#define PATIENT                                                               \
  "patient-details={\"name\":\"Asha\"} additional-data={\"visit\":\"first\"} " \
  "session-id=ses_of_the_first_visit templates=soap "

static void
wait_for_state (Fixture     *f,
                const gchar *state)
{
  gst_message_unref (fixture_wait_name (f, "ekascribe-session", state));
}

static GstClockTime
get_stat_time (Fixture     *f,
               const gchar *name)
{
  return fixture_get_stat (f, name);
}

static void
assert_no_word_of (Fixture     *f,
                   guint        nth,
                   const gchar *word)
{
  if (strstr (visits_get_request (f, nth), word) != NULL)
    g_error ("session %u was told: %s", nth, visits_get_request (f, nth));
}

/* --- pause ---------------------------------------------------------------- */

/* What comes in a pause is nowhere, and nothing else is missing. */
static void
test_pause (Fixture      *f,
            gconstpointer data)
{
  g_autoptr (GByteArray) audio = NULL;
  const GstStructure *chunk;
  GstClockTime time = 0;
  Talker t;

  talker_start (&t, f, ELEMENT);
  talker_speak (&t, 1000);
  g_assert_true (steer (f, "pause"));
  talker_speak (&t, 3000);
  wait_for_state (f, "paused");
  g_assert_true (steer (f, "resume"));
  talker_speak (&t, 1000);
  talker_end (&t);

  g_assert_cmpuint (visits_count (f), ==, 1);
  audio = visits_get_audio (f, 0);
  g_assert_cmpuint (audio->len, ==, 64000);
  g_assert_cmpint (memcmp (audio->data, t.audio->data, 32000), ==, 0);
  g_assert_cmpint (memcmp (audio->data + 32000, t.audio->data + 4 * 32000,
                           32000),
                   ==, 0);
  g_assert_cmpuint (fixture_count (f, "ekascribe-chunk"), ==, 2);
  chunk = fixture_find_nth (f, "ekascribe-chunk", 1);
  g_assert_true (gst_structure_get_clock_time (chunk, "running-time", &time));
  g_assert_cmpuint (time, ==, 4 * GST_SECOND);
  g_assert_cmpuint (get_stat_time (f, "time-paused"), ==, 3 * GST_SECOND);
  g_assert_cmpuint (get_stat_time (f, "time-ignored"), ==, 0);
  g_assert_cmpuint (get_stat_time (f, "audio-duration"), ==, 2 * GST_SECOND);
  g_assert_cmpuint (get_stat_time (f, "time-filled"), ==, 0);
  g_assert_cmpuint (fixture_count (f, "ekascribe-result"), ==, 1);
  talker_stop (&t);
}

/* No session is created for what is not recorded. */
static void
test_pause_first (Fixture      *f,
                  gconstpointer data)
{
  Talker t;

  talker_start (&t, f, ELEMENT);
  g_assert_true (steer (f, "pause"));
  talker_speak (&t, 1000);
  steer_refused (f, "end-session", "nothing is being recorded");
  g_assert_true (steer (f, "resume"));
  talker_speak (&t, 1000);
  talker_end (&t);
  g_assert_cmpuint (visits_count (f), ==, 1);
  visits_assert_audio (&t, 0, 1000, 2000);
  talker_stop (&t);
}

static void
test_end_while_paused (Fixture      *f,
                       gconstpointer data)
{
  Talker t;

  talker_start (&t, f, ELEMENT);
  talker_speak (&t, 1000);
  g_assert_true (steer (f, "pause"));
  talker_speak (&t, 500);
  talker_end (&t);
  visits_assert_audio (&t, 0, 0, 1000);
  g_assert_cmpuint (fixture_count (f, "ekascribe-result"), ==, 1);
  g_assert_cmpuint (fixture_count_type (f, GST_MESSAGE_WARNING), ==, 0);
  talker_stop (&t);
}

/* A microphone that is off stays off. */
static void
test_end_session_while_paused (Fixture      *f,
                               gconstpointer data)
{
  Talker t;

  talker_start (&t, f, ELEMENT "auto-start=true");
  talker_speak (&t, 1000);
  g_assert_true (steer (f, "pause"));
  g_assert_true (steer (f, "end-session"));
  talker_speak (&t, 1000);
  g_assert_true (steer (f, "resume"));
  talker_speak (&t, 1000);
  talker_end (&t);
  g_assert_cmpuint (visits_count (f), ==, 2);
  visits_assert_audio (&t, 0, 0, 1000);
  visits_assert_audio (&t, 1, 2000, 3000);
  talker_stop (&t);
}

/* --- one session after the other ------------------------------------------ */

static void
test_end_session (Fixture      *f,
                  gconstpointer data)
{
  Talker t;

  talker_start (&t, f, ELEMENT PATIENT);
  talker_speak (&t, 1000);
  g_assert_true (steer (f, "end-session"));
  talker_speak (&t, 1000);
  gst_message_unref (fixture_wait_name (f, "ekascribe-result", NULL));
  talker_speak (&t, 1000);
  g_assert_true (
      steer_to (f, "{\"patient-details\":{\"name\":\"Ravi\"}}"));
  talker_speak (&t, 1000);
  talker_end (&t);

  g_assert_cmpuint (visits_count (f), ==, 2);
  visits_assert_audio (&t, 0, 0, 1000);
  visits_assert_audio (&t, 1, 3000, 4000);
  g_assert_nonnull (strstr (visits_get_request (f, 0), "Asha"));
  g_assert_nonnull (strstr (visits_get_request (f, 1), "Ravi"));
  assert_no_word_of (f, 1, "Asha");
  assert_no_word_of (f, 1, "soap");
  assert_no_word_of (f, 1, "\"first\"");
  assert_no_word_of (f, 0, "Ravi");
  g_assert_cmpuint (get_stat_time (f, "time-ignored"), ==, 2 * GST_SECOND);
  g_assert_cmpuint (fixture_count (f, "ekascribe-result"), ==, 2);
  g_assert_cmpuint (fixture_count_type (f, GST_MESSAGE_WARNING), ==, 0);
  talker_stop (&t);
}

static void
test_eos_while_waiting (Fixture      *f,
                        gconstpointer data)
{
  Talker t;

  talker_start (&t, f, ELEMENT PATIENT);
  talker_speak (&t, 1000);
  g_assert_true (steer (f, "end-session"));
  talker_speak (&t, 1000);
  talker_end (&t);
  g_assert_cmpuint (visits_count (f), ==, 1);
  g_assert_cmpuint (fixture_count (f, "ekascribe-result"), ==, 1);
  g_assert_cmpuint (fixture_count_type (f, GST_MESSAGE_WARNING), ==, 0);
  talker_stop (&t);
}

/* It knows nothing of the patient of before, and loses nothing. */
static void
test_auto_start (Fixture      *f,
                 gconstpointer data)
{
  Talker t;
  guint i;

  talker_start (&t, f, ELEMENT PATIENT "auto-start=true");
  for (i = 0; i < 3; i++) {
    talker_speak (&t, 1000);
    g_assert_true (steer (f, "end-session"));
  }
  talker_speak (&t, 1000);
  talker_end (&t);
  g_assert_cmpuint (visits_count (f), ==, 4);
  g_assert_cmpstr (visits_get_id (f, 0), ==, "ses_of_the_first_visit");
  for (i = 0; i < 4; i++) {
    visits_assert_audio (&t, i, i * 1000, i * 1000 + 1000);
    g_assert_nonnull (strstr (visits_get_request (f, i), "soap"));
    if (i == 0)
      continue;
    assert_no_word_of (f, i, "Asha");
    assert_no_word_of (f, i, "\"first\"");
    assert_no_word_of (f, i, "ses_of_the_first_visit");
    assert_no_word_of (f, i, visits_get_id (f, i - 1));
  }
  g_assert_cmpuint (fixture_count (f, "ekascribe-result"), ==, 4);
  talker_stop (&t);
}

/* Sessions that are over are let go; what they came to still counts. */
static void
test_many (Fixture      *f,
           gconstpointer data)
{
  Talker t;
  guint i;

  talker_start (&t, f, ELEMENT "auto-start=true");
  for (i = 0; i < 30; i++) {
    talker_speak (&t, 200);
    g_assert_true (steer (f, "end-session"));
  }
  talker_speak (&t, 200);
  talker_end (&t);
  g_assert_cmpuint (visits_count (f), ==, 31);
  g_assert_cmpuint (fixture_get_stat (f, "chunks-uploaded"), ==, 31);
  g_assert_cmpuint (fixture_get_stat (f, "bytes-waiting"), ==, 0);
  g_assert_cmpuint (fixture_count (f, "ekascribe-result"), ==, 31);
  talker_stop (&t);
}

/* Each message names its session, and each session has a number. */
static void
test_messages (Fixture      *f,
               gconstpointer data)
{
  static const gchar *const kinds[] = { "ekascribe-session",
                                        "ekascribe-transcript",
                                        "ekascribe-result" };
  guint i, k, n, part;
  Talker t;

  talker_start (&t, f, ELEMENT "auto-start=true");
  for (i = 0; i < 3; i++) {
    talker_speak (&t, 500);
    if (i < 2)
      g_assert_true (steer (f, "end-session"));
  }
  talker_end (&t);
  for (k = 0; k < G_N_ELEMENTS (kinds); k++) {
    guint seen = 0;

    for (n = 0; n < fixture_count (f, kinds[k]); n++) {
      const GstStructure *s = fixture_find_nth (f, kinds[k], n);
      const gchar *id = gst_structure_get_string (s, "session-id");

      g_assert_true (gst_structure_get_uint (s, "part", &part));
      g_assert_cmpuint (part, >=, 1);
      g_assert_cmpuint (part, <=, 3);
      g_assert_cmpstr (id, ==, visits_get_id (f, part - 1));
      seen |= 1u << (part - 1);
    }
    g_assert_cmpuint (seen, ==, 7);
  }
  talker_stop (&t);
}

/* One that fails ends nothing while there may be others; it is not forgotten. */
static void
test_failure_between (Fixture      *f,
                      gconstpointer data)
{
  g_autoptr (GstMessage) message = NULL;
  GstPad *pad;
  guint i;

  eka_liar_push (f->liar, EKA_CALL_GET, 200,
                 "{\"status\":\"failed\",\"error\":{\"code\":\"bad_audio\","
                 "\"message\":\"silence\"}}");
  fixture_launch (f, "ekascribesink name=s result-settle-time=0");
  pad = fixture_start_push (f, PCM);
  for (i = 0; i < 5; i++)
    fixture_push_pcm (pad, i * GST_SECOND, GST_SECOND);
  g_assert_true (steer (f, "end-session"));
  gst_message_unref (fixture_wait_name (f, "ekascribe-result", NULL));
  message = fixture_wait (f, GST_MESSAGE_WARNING | GST_MESSAGE_ERROR);
  g_assert_cmpint (GST_MESSAGE_TYPE (message), ==, GST_MESSAGE_WARNING);
  g_assert_true (steer_to (f, "{}"));
  for (; i < 9; i++)
    g_assert_cmpint (fixture_push_pcm (pad, i * GST_SECOND, GST_SECOND), ==,
                     GST_FLOW_OK);
  gst_pad_send_event (pad, gst_event_new_eos ());
  gst_clear_message (&message);
  message = fixture_wait (f, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  g_assert_cmpint (GST_MESSAGE_TYPE (message), ==, GST_MESSAGE_ERROR);
  g_assert_cmpuint (fixture_count (f, "ekascribe-result"), ==, 2);
  gst_element_set_state (f->pipeline, GST_STATE_NULL);
  gst_element_release_request_pad (f->sink, pad);
  gst_object_unref (pad);
}

/* --- discard -------------------------------------------------------------- */

/* Only the one that goes on. */
static void
test_discard (Fixture      *f,
              gconstpointer data)
{
  Talker t;

  talker_start (&t, f, ELEMENT);
  talker_speak (&t, 1000);
  g_assert_true (steer (f, "end-session"));
  g_assert_true (steer_to (f, "{}"));
  talker_speak (&t, 1000);
  gst_message_unref (fixture_wait_name (f, "ekascribe-result", NULL));
  g_signal_emit_by_name (f->sink, "discard");
  talker_speak (&t, 1000);
  g_assert_true (steer_to (f, "{}"));
  talker_speak (&t, 1000);
  talker_end (&t);
  g_assert_cmpuint (fixture_count (f, "ekascribe-result"), ==, 2);
  visits_assert_audio (&t, 0, 0, 1000);
  visits_assert_audio (&t, visits_count (f) - 1, 3000, 4000);
  talker_stop (&t);
}

/* --- wrong states --------------------------------------------------------- */

static void
refuse_all (Fixture     *f,
            const gchar *why)
{
  static const gchar *const actions[] = { "pause", "resume", "end-session",
                                          "new-session" };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (actions); i++)
    steer_refused (f, actions[i], why);
}

static void
test_wrong_states (Fixture      *f,
                   gconstpointer data)
{
  Talker t;

  f->service = fake_service_new (1);
  fixture_launch (f, ELEMENT);
  refuse_all (f, "NULL or READY");
  gst_element_set_state (f->pipeline, GST_STATE_READY);
  refuse_all (f, "NULL or READY");
  t = (Talker) { .f = f, .audio = g_byte_array_new () };
  t.pad = fixture_start_push (f, PCM);
  steer_refused (f, "resume", "not paused");
  steer_refused (f, "end-session", "nothing is being recorded");
  talker_speak (&t, 200);
  steer_refused (f, "resume", "not paused");
  g_assert_true (steer (f, "pause"));
  steer_refused (f, "pause", "paused already");
  g_assert_true (steer (f, "resume"));
  steer_refused (f, "resume", "not paused");
  g_assert_true (steer (f, "end-session"));
  steer_refused (f, "end-session", "nothing is being recorded");
  steer_refused (f, "pause", "before new-session");
  steer_refused (f, "resume", "not paused");
  talker_speak (&t, 200);
  steer_refused (f, "end-session", "nothing is being recorded");
  g_assert_true (steer_to (f, "{}"));
  g_assert_true (steer_to (f, "{}"));
  talker_speak (&t, 200);
  talker_end (&t);
  refuse_all (f, "the stream has ended");
  g_assert_cmpuint (visits_count (f), ==, 2);
  visits_assert_audio (&t, 0, 0, 200);
  visits_assert_audio (&t, 1, 400, 600);
  gst_element_set_state (f->pipeline, GST_STATE_READY);
  refuse_all (f, "NULL or READY");
  talker_stop (&t);
}

/* A pad that comes after the end begins anew, whatever was before. */
static void
test_after_the_end (Fixture      *f,
                    gconstpointer data)
{
  Talker t;

  talker_start (&t, f, ELEMENT PATIENT);
  talker_speak (&t, 500);
  g_assert_true (steer (f, "pause"));
  talker_end (&t);
  gst_element_release_request_pad (f->sink, t.pad);
  gst_object_unref (t.pad);
  t.pad = fixture_start_push (f, PCM);
  steer_refused (f, "resume", "not paused");
  talker_speak (&t, 500);
  g_assert_true (steer (f, "end-session"));
  g_assert_true (steer_to (f, "{}"));
  talker_speak (&t, 500);
  talker_end (&t);
  g_assert_cmpuint (visits_count (f), ==, 3);
  visits_assert_audio (&t, 1, 500, 1000);
  visits_assert_audio (&t, 2, 1000, 1500);
  assert_no_word_of (f, 1, "Asha");
  talker_stop (&t);
}

/* --- threads -------------------------------------------------------------- */

/* On whatever thread posts. */
static GstBusSyncReply
end_at_chunk (GstBus     *bus,
              GstMessage *message,
              gpointer    user_data)
{
  const GstStructure *structure = gst_message_get_structure (message);
  Fixture *f = user_data;

  if (structure == NULL)
    return GST_BUS_PASS;
  if (gst_structure_has_name (structure, "ekascribe-chunk"))
    steer (f, "end-session");
  else if (gst_structure_has_name (structure, "ekascribe-result"))
    steer_to (f, "{}");
  return GST_BUS_PASS;
}

static void
test_sync_handler (Fixture      *f,
                   gconstpointer data)
{
  Talker t;

  talker_start (&t, f, ELEMENT "max-chunk-duration=1000000000");
  gst_bus_set_sync_handler (f->bus, end_at_chunk, f, NULL);
  while (fixture_count (f, "ekascribe-result") < 3) {
    talker_speak (&t, 100);
    while (gst_bus_have_pending (f->bus)) {
      GstMessage *message = gst_bus_pop (f->bus);

      g_ptr_array_add (f->messages, message);
    }
  }
  gst_bus_set_sync_handler (f->bus, NULL, NULL, NULL);
  talker_end (&t);
  talker_stop (&t);
}

static GstPadProbeReturn
steer_from_probe (GstPad          *pad,
                  GstPadProbeInfo *info,
                  gpointer         user_data)
{
  Fixture *f = user_data;

  g_assert_true (steer (f, "new-session"));
  return GST_PAD_PROBE_OK;
}

/* With the stream lock of the pad, before each buffer. */
static void
test_streaming_thread (Fixture      *f,
                       gconstpointer data)
{
  Talker t;
  guint i;

  talker_start (&t, f, ELEMENT);
  gst_pad_add_probe (t.pad, GST_PAD_PROBE_TYPE_BUFFER, steer_from_probe, f,
                     NULL);
  talker_hush (&t, 200);
  talker_end (&t);
  g_assert_cmpuint (visits_count (f), ==, 10);
  for (i = 0; i < 10; i++)
    visits_assert_audio (&t, i, i * 20, i * 20 + 20);
  talker_stop (&t);
}

/* Nobody waits for PLAYING but what was asked for, and the audio behind it. */
static void
test_preroll (Fixture      *f,
              gconstpointer data)
{
  g_autoptr (GstMessage) end = NULL;

  f->service = fake_service_new (1);
  fixture_launch (f, "audiotestsrc num-buffers=50 samplesperbuffer=320 ! " PCM
                     " ! " ELEMENT PATIENT);
  gst_element_set_state (f->pipeline, GST_STATE_PAUSED);
  g_assert_cmpint (gst_element_get_state (f->pipeline, NULL, NULL,
                                          GST_CLOCK_TIME_NONE),
                   !=, GST_STATE_CHANGE_FAILURE);
  g_assert_true (steer (f, "pause"));
  g_assert_true (steer (f, "resume"));
  g_assert_true (steer_to (f, "{}"));
  fixture_play (f);
  end = fixture_wait (f, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  g_assert_cmpint (GST_MESSAGE_TYPE (end), ==, GST_MESSAGE_EOS);
  g_assert_cmpuint (get_stat_time (f, "audio-duration"), ==, GST_SECOND);
  g_assert_cmpuint (visits_count (f), ==, 1);
  assert_no_word_of (f, 0, "Asha");
}

/* Without audio that could bring them, commands are done all the same. */
static void
test_silent_source (Fixture      *f,
                    gconstpointer data)
{
  Talker t;

  talker_start (&t, f, ELEMENT);
  talker_speak (&t, 1000);
  g_assert_true (steer (f, "end-session"));
  gst_message_unref (fixture_wait_name (f, "ekascribe-result", NULL));
  g_assert_true (steer_to (f, "{\"session-id\":\"ses_of_another_visit\"}"));
  talker_speak (&t, 1000);
  g_assert_true (steer (f, "pause"));
  wait_for_state (f, "paused");
  talker_end (&t);
  g_assert_cmpstr (visits_get_id (f, 1), ==, "ses_of_another_visit");
  talker_stop (&t);
}

/* What can't be done any more is not done, and nobody waits. */
static void
test_stop_with_commands (Fixture      *f,
                         gconstpointer data)
{
  Talker t;
  guint i;

  for (i = 0; i < 10; i++) {
    talker_start (&t, f, ELEMENT);
    talker_hush (&t, 100);
    gst_element_set_state (f->pipeline, GST_STATE_PAUSED);
    g_assert_true (steer (f, "pause"));
    g_assert_true (steer (f, "end-session"));
    g_assert_true (steer_to (f, "{}"));
    talker_stop (&t);
    gst_clear_object (&f->sink);
    gst_clear_object (&f->bus);
    gst_clear_object (&f->pipeline);
  }
}

/* --- several pads --------------------------------------------------------- */

static guint
count_both (Fixture *f)
{
  g_autoptr (GArray) samples = legs_collect (f, 1);

  g_assert_cmpuint (samples->len, ==, legs_count (samples, 1, 0, 1300));
  return samples->len / 16;
}

/* What is mixed goes to the session in which it came. */
static void
test_mix (Fixture      *f,
          gconstpointer data)
{
  g_autoptr (Leg) a = NULL;
  g_autoptr (Leg) b = NULL;

  fixture_launch (f, "ekascribesink name=s");
  a = leg_new (f, NULL, 1000, FALSE);
  b = leg_new (f, NULL, 300, FALSE);
  fixture_play (f);
  leg_begin (a, PCM, 0);
  leg_begin (b, PCM, 0);
  leg_push (a, 1000);
  leg_push (b, 1000);
  fixture_wait_for_stat (f, "packets", 1);
  g_assert_true (steer (f, "pause"));
  leg_push (a, 1000);
  leg_push (b, 1000);
  g_assert_true (steer (f, "resume"));
  leg_push (a, 1000);
  leg_push (b, 1000);
  g_assert_true (steer (f, "end-session"));
  gst_message_unref (fixture_wait_name (f, "ekascribe-result", NULL));
  leg_push (a, 1000);
  leg_push (b, 1000);
  g_assert_true (steer_to (f, "{}"));
  leg_push (a, 1000);
  leg_push (b, 1000);
  leg_end (a);
  leg_end (b);
  gst_message_unref (fixture_wait (f, GST_MESSAGE_EOS));
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_CREATE), ==, 2);
  g_assert_cmpuint (fixture_count (f, "ekascribe-result"), ==, 2);
  g_assert_cmpuint (count_both (f), ==, 3000);
  g_assert_cmpuint (get_stat_time (f, "time-paused"), ==, GST_SECOND);
  g_assert_cmpuint (get_stat_time (f, "time-ignored"), ==, GST_SECOND);
}

/* A command that is done is not done again: what comes after it waits for the
 * others, however late the thread is that was to see to it. */
static void
test_mix_in_step (Fixture      *f,
                  gconstpointer data)
{
  const guint rounds = 200;
  g_autoptr (Leg) a = NULL;
  g_autoptr (Leg) b = NULL;
  guint i;

  fixture_launch (f, "ekascribesink name=s");
  a = leg_new (f, NULL, 1000, FALSE);
  b = leg_new (f, NULL, 300, FALSE);
  fixture_play (f);
  leg_begin (a, PCM, 0);
  leg_begin (b, PCM, 0);
  for (i = 0; i < rounds; i++) {
    leg_push (a, 200);
    leg_push (b, 200);
    g_assert_true (steer (f, "pause"));
    g_assert_true (steer (f, "resume"));
  }
  leg_end (a);
  leg_end (b);
  gst_message_unref (fixture_wait (f, GST_MESSAGE_EOS));
  g_assert_cmpuint (count_both (f), ==, rounds * 200);
}

/* --- properties ----------------------------------------------------------- */

/* @ids: how often the session id changed
 * @states: how often the state did
 * @last: what it was last */
typedef struct
{
  gint ids;
  gint states;
  gint last;
} Notes;

static void
note_id (GObject    *object,
         GParamSpec *pspec,
         gpointer    user_data)
{
  Notes *notes = user_data;

  g_atomic_int_inc (&notes->ids);
}

static void
note_state (GObject    *object,
            GParamSpec *pspec,
            gpointer    user_data)
{
  Notes *notes = user_data;
  gint state = -1;

  g_object_get (object, "state", &state, NULL);
  g_atomic_int_inc (&notes->states);
  g_atomic_int_set (&notes->last, state);
}

/* Of what changes faster than it can be told only the last is. */
static void
test_notify (Fixture      *f,
             gconstpointer data)
{
  Notes notes = { 0 };
  Talker t;

  f->service = fake_service_new (1);
  fixture_launch (f, ELEMENT);
  g_signal_connect (f->sink, "notify::state", G_CALLBACK (note_state),
                    &notes);
  g_signal_connect (f->sink, "notify::current-session-id",
                    G_CALLBACK (note_id), &notes);
  t = (Talker) { .f = f, .audio = g_byte_array_new () };
  t.pad = fixture_start_push (f, PCM);
  wait_for_state (f, "ready");
  talker_speak (&t, 500);
  wait_for_state (f, "recording");
  g_assert_true (steer (f, "pause"));
  wait_for_state (f, "paused");
  g_assert_true (steer (f, "end-session"));
  gst_message_unref (fixture_wait_name (f, "ekascribe-result", NULL));
  g_assert_true (steer (f, "new-session"));
  talker_speak (&t, 500);
  talker_end (&t);
  gst_element_set_state (f->pipeline, GST_STATE_NULL);
  g_assert_cmpint (g_atomic_int_get (&notes.ids), ==, 2);
  g_assert_cmpint (g_atomic_int_get (&notes.states), >=, 4);
  g_assert_cmpint (g_atomic_int_get (&notes.last), ==, EKA_SESSION_COMPLETED);
  talker_stop (&t);
}

int
main (int    argc,
      char **argv)
{
  fixture_init (&argc, &argv);

  add_test ("/steering/pause", test_pause);
  add_test ("/steering/pause-first", test_pause_first);
  add_test ("/steering/end-of-stream-while-paused", test_end_while_paused);
  add_test ("/steering/end-session-while-paused",
            test_end_session_while_paused);
  add_test ("/steering/end-session", test_end_session);
  add_test ("/steering/end-of-stream-while-waiting", test_eos_while_waiting);
  add_test ("/steering/auto-start", test_auto_start);
  add_test ("/steering/many", test_many);
  add_test ("/steering/messages", test_messages);
  add_test ("/steering/failure-between", test_failure_between);
  add_test ("/steering/discard", test_discard);
  add_test ("/steering/wrong-states", test_wrong_states);
  add_test ("/steering/after-the-end", test_after_the_end);
  add_test ("/steering/sync-handler", test_sync_handler);
  add_test ("/steering/streaming-thread", test_streaming_thread);
  add_test ("/steering/preroll", test_preroll);
  add_test ("/steering/silent-source", test_silent_source);
  add_test ("/steering/mix", test_mix);
  add_test ("/steering/mix-in-step", test_mix_in_step);
  add_test ("/steering/stop-with-commands", test_stop_with_commands);
  add_test ("/steering/notify", test_notify);
  return g_test_run ();
}
