/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "gstekascriberecordingprivate.h"
#include "gstekascribesinkprivate.h"
#include "packets.h"
#include "talker.h"

#include <string.h>

#define ELEMENT "ekascribesink name=s model=endless "

/* --- what a session is told ----------------------------------------------- */

/* One session of each, and the properties in the first only. */
static void
test_nothing_inherited (Fixture      *f,
                        gconstpointer data)
{
  Talker t;

  talker_start (&t, f, ELEMENT FIRST_VISIT);
  talker_hush (&t, 1000);
  g_assert_true (steer_to (f, SECOND_VISIT));
  talker_hush (&t, 1000);
  g_assert_true (steer_to (f, "{}"));
  talker_hush (&t, 1000);
  g_assert_true (steer_to (f, "{\"patient-details\":null,\"templates\":[],"
                              "\"language-hint\":\"\",\"session-id\":null}"));
  talker_hush (&t, 1000);
  talker_end (&t);

  g_assert_cmpuint (visits_count (f), ==, 4);
  visits_assert_says (visits_get_request (f, 0), "Asha");
  visits_assert_says (visits_get_request (f, 0), "soap");
  visits_assert_says (visits_get_request (f, 0), "\"hi\"");
  visits_assert_says (visits_get_request (f, 1), "{\"name\":\"Ravi\",\"year\":1970}");
  visits_assert_says (visits_get_request (f, 1), "{\"visit\":\"second\"}");
  visits_assert_says (visits_get_request (f, 1), "[\"referral\"]");
  visits_assert_says (visits_get_request (f, 1), "[\"en\",\"ta\"]");
  g_assert_cmpstr (visits_get_id (f, 1), ==, "ses_of_the_second_visit");
  visits_assert_not_first (visits_get_request (f, 1));
  visits_assert_not_first (visits_get_request (f, 2));
  visits_assert_silent (visits_get_request (f, 2), "Ravi");
  visits_assert_silent (visits_get_request (f, 2), "second");
  visits_assert_silent (visits_get_request (f, 2), "referral");
  visits_assert_silent (visits_get_request (f, 2), "ta\"");
  visits_assert_silent (visits_get_request (f, 2), "patient_details");
  visits_assert_silent (visits_get_request (f, 2), "additional_data");
  visits_assert_silent (visits_get_request (f, 3), "patient_details");
  visits_assert_silent (visits_get_request (f, 0), "Ravi");
  g_assert_cmpuint (fixture_count_type (f, GST_MESSAGE_WARNING), ==, 0);
  talker_stop (&t);
}

/* What the properties say of a patient is not for whom new-session was given
 * before any audio came. */
static void
test_before_audio (Fixture      *f,
                   gconstpointer data)
{
  Talker t;

  talker_start (&t, f, ELEMENT FIRST_VISIT "auto-start=true");
  g_assert_true (steer_to (f, "{\"patient-details\":{\"name\":\"Wrong\"}}"));
  g_assert_true (steer_to (f, SECOND_VISIT));
  talker_hush (&t, 500);
  g_assert_true (steer (f, "end-session"));
  talker_hush (&t, 500);
  talker_end (&t);
  g_assert_cmpuint (visits_count (f), ==, 2);
  visits_assert_says (visits_get_request (f, 0), "Ravi");
  visits_assert_silent (visits_get_request (f, 0), "Wrong");
  visits_assert_silent (visits_get_request (f, 0), "Asha");
  visits_assert_silent (visits_get_request (f, 1), "Asha");
  visits_assert_silent (visits_get_request (f, 1), "Ravi");
  visits_assert_silent (visits_get_request (f, 1), "first");
  visits_assert_audio (&t, 0, 0, 500);
  visits_assert_audio (&t, 1, 500, 1000);
  g_assert_cmpuint (fixture_count_type (f, GST_MESSAGE_WARNING), ==, 0);
  g_assert_cmpuint (fixture_count (f, "ekascribe-result"), ==, 2);
  talker_stop (&t);
}

/* A template that is named twice makes one document. */
static void
test_templates_once (Fixture      *f,
                     gconstpointer data)
{
  Talker t;

  talker_start (&t, f, ELEMENT "templates=\"b, a, b, a, a\"");
  talker_hush (&t, 500);
  g_assert_true (steer_to (f, "{\"templates\":[\"y\",\"x\",\"y\"]}"));
  talker_hush (&t, 1000);
  g_assert_true (steer_to (f, "{\"templates\":\"z,z\"}"));
  talker_hush (&t, 1000);
  talker_end (&t);
  visits_assert_says (visits_get_request (f, 0), "\"templates\":[\"b\",\"a\"]");
  visits_assert_says (visits_get_request (f, 1), "\"templates\":[\"y\",\"x\"]");
  visits_assert_says (visits_get_request (f, 2), "\"templates\":[\"z\"]");
  talker_stop (&t);
}

/* It was a mistake: nobody is recorded, and the one of before has ended. */
static void
test_taken_back (Fixture      *f,
                 gconstpointer data)
{
  Talker t;

  talker_start (&t, f, ELEMENT FIRST_VISIT);
  talker_hush (&t, 2000);
  talker_speak (&t, 1000);
  g_assert_true (steer_to (f, "{\"patient-details\":{\"name\":\"Wrong\"}}"));
  g_assert_true (steer (f, "end-session"));
  steer_refused (f, "end-session", "nothing is being recorded");
  talker_speak (&t, 1000);
  gst_message_unref (fixture_wait_name (f, "ekascribe-result", NULL));
  g_assert_true (steer_to (f, SECOND_VISIT));
  talker_speak (&t, 1000);
  talker_end (&t);
  g_assert_cmpuint (visits_count (f), ==, 2);
  visits_assert_audio (&t, 0, 0, 3000);
  visits_assert_audio (&t, 1, 4000, 5000);
  visits_assert_says (visits_get_request (f, 0), "Asha");
  visits_assert_says (visits_get_request (f, 1), "Ravi");
  g_assert_cmpuint (fixture_count (f, "ekascribe-result"), ==, 2);
  g_assert_cmpuint (fixture_count_type (f, GST_MESSAGE_WARNING), ==, 1);
  talker_stop (&t);
}

/* Nor for who comes after the one that was discarded before any audio came. */
static void
test_discard_before_audio (Fixture      *f,
                           gconstpointer data)
{
  Talker t;

  talker_start (&t, f, ELEMENT FIRST_VISIT "auto-start=true");
  g_signal_emit_by_name (f->sink, "discard");
  talker_hush (&t, 500);
  g_assert_true (steer (f, "end-session"));
  talker_hush (&t, 500);
  talker_end (&t);
  g_assert_cmpuint (visits_count (f), ==, 1);
  visits_assert_audio (&t, 0, 500, 1000);
  visits_assert_silent (visits_get_request (f, 0), "Asha");
  visits_assert_silent (visits_get_request (f, 0), "first");
  talker_stop (&t);
}

/* --- what is refused ------------------------------------------------------ */

typedef struct
{
  const gchar *name;
  const gchar *json;
  const gchar *property;
  const gchar *text;
} Bad;

static const Bad bad[] = {
  { "null", NULL, "new-session", "JSON object" },
  { "empty", "", "new-session", "JSON object" },
  { "no-json", "SECRET", "new-session", "not JSON" },
  { "half", "{\"patient-details\":{\"name\":\"SECRET\"", "new-session",
    "not JSON" },
  { "array", "[\"SECRET\"]", "new-session", "not a JSON object" },
  { "string", "\"SECRET\"", "new-session", "not a JSON object" },
  { "unknown-key", "{\"patient\":{\"name\":\"SECRET\"}}", "new-session",
    "“patient”" },
  { "underscore", "{\"patient_details\":{\"name\":\"SECRET\"}}",
    "new-session", "“patient_details”" },
  { "key-that-is-a-name", "{\"SECRET SECRETSSON\":1}", "new-session",
    "does not know the key" },
  { "other-property", "{\"upload-type\":\"SECRET\"}", "new-session",
    "“upload-type”" },
  { "patient-string", "{\"patient-details\":\"SECRET\"}", "patient-details",
    "JSON object" },
  { "patient-file", "{\"patient-details\":\"@/SECRET\"}", "patient-details",
    "JSON object" },
  { "patient-array", "{\"patient-details\":[\"SECRET\"]}", "patient-details",
    "JSON object" },
  { "data-number", "{\"additional-data\":5}", "additional-data",
    "JSON object" },
  { "templates-object", "{\"templates\":{\"SECRET\":1}}", "templates",
    "array of strings" },
  { "templates-numbers", "{\"templates\":[1]}", "templates",
    "array of strings" },
  { "templates-number", "{\"templates\":1}", "templates",
    "array of strings" },
  { "three-templates", "{\"templates\":[\"a\",\"b\",\"SECRET\"]}",
    "templates", "at most 2" },
  { "three-templates-in-one", "{\"templates\":\"a,b,SECRET\"}", "templates",
    "at most 2" },
  { "empty-template", "{\"templates\":[\"\"]}", "templates", "empty" },
  { "hint-boolean", "{\"language-hint\":true}", "language-hint",
    "array of strings" },
  { "id-number", "{\"session-id\":5}", "session-id", "string" },
  { "id-array", "{\"session-id\":[\"SECRET\"]}", "session-id", "string" },
  { "short-id", "{\"session-id\":\"SECRET\"}", "session-id", "16 to 32" },
  { "empty-id", "{\"session-id\":\"\"}", "session-id", "16 to 32" },
  { "bad-id", "{\"session-id\":\"SECRET SECRET SECRET\"}", "session-id",
    "letters, digits" },
};

/* It says what is wrong, and nothing of what may be about a patient. */
static void
assert_refused (Fixture     *f,
                const gchar *json,
                const gchar *property,
                const gchar *text)
{
  g_autoptr (GstMessage) warning = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree gchar *debug = NULL;

  g_assert_false (steer_to (f, json));
  warning = fixture_wait (f, GST_MESSAGE_WARNING);
  fixture_assert_error (warning, GST_RESOURCE_ERROR,
                        GST_RESOURCE_ERROR_SETTINGS, text);
  g_assert_cmpstr (fixture_get_detail (warning, "property"), ==, property);
  gst_message_parse_warning (warning, &error, &debug);
  visits_assert_silent (error->message, "SECRET");
  visits_assert_silent (debug, "SECRET");
}

static void
test_bad (Fixture      *f,
          gconstpointer data)
{
  Talker t;
  guint i;

  talker_start (&t, f, ELEMENT);
  talker_hush (&t, 200);
  for (i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_test_message ("%s", bad[i].name);
    assert_refused (f, bad[i].json, bad[i].property, bad[i].text);
    talker_hush (&t, 20);
  }
  talker_end (&t);
  g_assert_cmpuint (visits_count (f), ==, 1);
  visits_assert_audio (&t, 0, 0, 200 + 20 * G_N_ELEMENTS (bad));
  talker_stop (&t);
}

/* In this run, in an earlier one, and while the first is only asked for. */
static void
test_used_id (Fixture      *f,
              gconstpointer data)
{
  const gchar *other = "{\"session-id\":\"ses_of_the_second_visit\"}";
  const gchar *property = "{\"session-id\":\"ses_of_the_first_visit\"}";
  Talker t;

  talker_start (&t, f, ELEMENT FIRST_VISIT);
  talker_hush (&t, 200);
  assert_refused (f, property, "session-id", "already");
  g_assert_true (steer_to (f, other));
  talker_hush (&t, 200);
  assert_refused (f, other, "session-id", "already");
  talker_end (&t);
  g_assert_cmpuint (visits_count (f), ==, 2);
  gst_element_set_state (f->pipeline, GST_STATE_READY);
  g_object_set (f->sink, "session-id", NULL, NULL);
  gst_element_release_request_pad (f->sink, t.pad);
  gst_object_unref (t.pad);
  t.pad = fixture_start_push (f, PCM);
  talker_hush (&t, 200);
  assert_refused (f, other, "session-id", "already");
  assert_refused (f, property, "session-id", "already");
  talker_end (&t);
  talker_stop (&t);
}

/* One that got no audio, so that no session was created, may be corrected. */
static void
test_id_again_before_audio (Fixture      *f,
                            gconstpointer data)
{
  const gchar *right = "{\"session-id\":\"ses_of_the_second_visit\","
                       "\"patient-details\":{\"name\":\"Ravi\"}}";
  const gchar *wrong = "{\"session-id\":\"ses_of_the_second_visit\","
                       "\"patient-details\":{\"name\":\"Asha\"}}";
  Talker t;

  talker_start (&t, f, ELEMENT);
  talker_hush (&t, 200);
  g_assert_true (steer (f, "end-session"));
  g_assert_true (steer_to (f, wrong));
  while (!steer_to (f, right))
    gst_message_unref (fixture_wait (f, GST_MESSAGE_WARNING));
  talker_hush (&t, 200);
  talker_end (&t);
  g_assert_cmpuint (visits_count (f), ==, 2);
  g_assert_cmpstr (visits_get_id (f, 1), ==, "ses_of_the_second_visit");
  visits_assert_says (visits_get_request (f, 1), "Ravi");
  talker_stop (&t);
}

static guint
count_parts (Fixture *f)
{
  g_autoptr (GstEkascribeRecording) recording =
      gst_ekascribe_sink_get_recording (GST_EKASCRIBE_SINK (f->sink));
  guint n;

  g_mutex_lock (&recording->lock);
  n = recording->parts->len;
  g_mutex_unlock (&recording->lock);
  return n;
}

/* A room where nobody speaks for days: nothing is kept of visits that never began. */
static void
test_many_before_audio (Fixture      *f,
                        gconstpointer data)
{
  const gint64 end = g_get_monotonic_time () + 10 * G_TIME_SPAN_SECOND;
  Talker t;
  guint i;

  talker_start (&t, f, ELEMENT);
  gst_message_unref (fixture_wait_name (f, "ekascribe-session", "ready"));
  for (i = 0; i < 20; i++) {
    g_assert_true (steer_to (f, SECOND_VISIT));
    gst_message_unref (
        fixture_wait_name (f, "ekascribe-session", "discarded"));
  }
  while (count_parts (f) > 2) {
    g_assert_cmpint (g_get_monotonic_time (), <, end);
    g_usleep (1000);
  }
  talker_hush (&t, 500);
  talker_end (&t);
  g_assert_cmpuint (visits_count (f), ==, 1);
  visits_assert_says (visits_get_request (f, 0), "Ravi");
  talker_stop (&t);
}

/* What the service has said that it does not do is no way to end a run. */
static void
test_not_offered (Fixture      *f,
                  gconstpointer data)
{
  GstPad *pad;

  inputs_offer (f, "audio/wav",
                "},\"languages\":{\"supported\":[\"en\",\"hi\"]");
  fixture_launch (f, ELEMENT);
  g_object_set (f->sink, "model", NULL, NULL);
  pad = fixture_start_push (f, PCM);
  gst_message_unref (fixture_wait_name (f, "ekascribe-session", "ready"));
  fixture_push_pcm (pad, 0, GST_SECOND);
  assert_refused (f, "{\"language-hint\":\"SECRET\"}", "language-hint",
                  "does not offer");
  g_assert_true (steer_to (f, "{\"language-hint\":\"hi\"}"));
  fixture_push_pcm (pad, GST_SECOND, GST_SECOND);
  inputs_end (f, pad);
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_CREATE), ==, 2);
  gst_element_set_state (f->pipeline, GST_STATE_NULL);
  gst_element_release_request_pad (f->sink, pad);
  gst_object_unref (pad);
}

static void
test_too_much (Fixture      *f,
               gconstpointer data)
{
  g_autofree gchar *long_text = g_strnfill (5000, 'x');
  g_autofree gchar *json =
      g_strdup_printf ("{\"additional-data\":{\"a\":\"%s\"}}", long_text);
  g_autoptr (GstMessage) warning = NULL;
  Talker t;

  talker_start (&t, f, ELEMENT);
  talker_hush (&t, 200);
  g_assert_true (steer_to (f, json));
  warning = fixture_wait (f, GST_MESSAGE_WARNING);
  fixture_assert_error (warning, GST_RESOURCE_ERROR,
                        GST_RESOURCE_ERROR_SETTINGS, "4096");
  talker_hush (&t, 200);
  talker_end (&t);
  g_assert_cmpuint (visits_count (f), ==, 2);
  talker_stop (&t);
}

/* --- where it begins ------------------------------------------------------ */

static guint
get_length (Fixture *f,
            guint    nth)
{
  g_autoptr (GByteArray) audio = visits_get_audio (f, nth);

  return audio->len / 32;
}

/* In the first pause of who speaks, and not within a word. */
static void
test_quiet_cut (Fixture      *f,
                gconstpointer data)
{
  guint length;
  Talker t;

  talker_start (&t, f, ELEMENT);
  talker_hush (&t, 2000);
  talker_speak (&t, 1000);
  g_assert_true (steer (f, "new-session"));
  talker_speak (&t, 100);
  talker_hush (&t, 1000);
  talker_end (&t);
  length = get_length (f, 0);
  g_assert_cmpuint (length, >, 3100);
  g_assert_cmpuint (length, <=, 3240);
  visits_assert_audio (&t, 0, 0, length);
  visits_assert_audio (&t, 1, length, 4100);
  talker_stop (&t);
}

/* It is quiet when the command comes: not a word of who comes next belongs to the
 * one before. */
static void
test_cut_at_once (Fixture      *f,
                  gconstpointer data)
{
  Talker t;

  talker_start (&t, f, ELEMENT);
  talker_hush (&t, 2000);
  talker_speak (&t, 1000);
  talker_hush (&t, 100);
  g_assert_true (steer (f, "new-session"));
  talker_speak (&t, 1000);
  talker_end (&t);
  visits_assert_audio (&t, 0, 0, 3100);
  visits_assert_audio (&t, 1, 3100, 4100);
  talker_stop (&t);
}

/* Where nobody takes a breath, after half a second. */
static void
test_no_quiet_cut (Fixture      *f,
                   gconstpointer data)
{
  Talker t;

  talker_start (&t, f, ELEMENT);
  talker_hush (&t, 2000);
  talker_speak (&t, 1000);
  g_assert_true (steer (f, "new-session"));
  talker_speak (&t, 2000);
  talker_end (&t);
  visits_assert_audio (&t, 0, 0, 3500);
  visits_assert_audio (&t, 1, 3500, 5000);
  talker_stop (&t);
}

/* The caller has hung up in the middle of a word: nobody waits for the rest of it. */
static void
test_cut_in_stall (Fixture      *f,
                   gconstpointer data)
{
  Talker t;

  talker_start (&t, f, ELEMENT);
  talker_hush (&t, 2000);
  talker_speak (&t, 1000);
  g_assert_true (steer_to (f, SECOND_VISIT));
  gst_message_unref (fixture_wait_name (f, "ekascribe-result", NULL));
  talker_speak (&t, 1000);
  talker_end (&t);
  g_assert_cmpuint (visits_count (f), ==, 2);
  visits_assert_audio (&t, 0, 0, 3000);
  visits_assert_audio (&t, 1, 3000, 4000);
  talker_stop (&t);
}

/* The session that ends with it goes on in no other part. */
static void
test_format_at_cut (Fixture      *f,
                    gconstpointer data)
{
  g_autoptr (GstCaps) caps = gst_caps_from_string (
      "audio/x-mulaw,rate=8000,channels=1");
  Talker t;

  talker_start (&t, f, ELEMENT);
  talker_hush (&t, 2000);
  talker_speak (&t, 1000);
  g_assert_true (steer_to (f, SECOND_VISIT));
  g_assert_true (gst_pad_send_event (t.pad, gst_event_new_caps (caps)));
  talker_speak (&t, 1000);
  talker_end (&t);
  g_assert_cmpuint (visits_count (f), ==, 2);
  visits_assert_audio (&t, 0, 0, 3000);
  visits_assert_says (visits_get_request (f, 1), "Ravi");
  g_assert_cmpuint (fixture_count (f, "ekascribe-transcript"), ==, 2);
  talker_stop (&t);
}

/* What is asked for meanwhile is about the new one. */
static void
test_command_before_cut (Fixture      *f,
                         gconstpointer data)
{
  Talker t;

  talker_start (&t, f, ELEMENT);
  talker_hush (&t, 2000);
  talker_speak (&t, 1000);
  g_assert_true (steer_to (f, SECOND_VISIT));
  talker_speak (&t, 100);
  g_assert_true (steer (f, "pause"));
  talker_speak (&t, 1000);
  g_assert_true (steer (f, "resume"));
  talker_speak (&t, 1000);
  talker_end (&t);
  g_assert_cmpuint (visits_count (f), ==, 2);
  visits_assert_audio (&t, 0, 0, 3100);
  visits_assert_audio (&t, 1, 4100, 5100);
  visits_assert_says (visits_get_request (f, 1), "Ravi");
  talker_stop (&t);
}

/* What came belongs to who was there; nobody came after. */
static void
test_end_before_cut (Fixture      *f,
                     gconstpointer data)
{
  Talker t;

  talker_start (&t, f, ELEMENT);
  talker_hush (&t, 2000);
  talker_speak (&t, 1000);
  g_assert_true (steer_to (f, SECOND_VISIT));
  talker_speak (&t, 100);
  talker_end (&t);
  g_assert_cmpuint (visits_count (f), ==, 1);
  visits_assert_audio (&t, 0, 0, 3100);
  g_assert_cmpuint (fixture_count_type (f, GST_MESSAGE_WARNING), ==, 1);
  talker_stop (&t);
}

/* It is not recorded any more; and new-session ends a pause. */
static void
test_from_pause (Fixture      *f,
                 gconstpointer data)
{
  Talker t;

  talker_start (&t, f, ELEMENT);
  talker_speak (&t, 1000);
  g_assert_true (steer (f, "pause"));
  talker_speak (&t, 1000);
  g_assert_true (steer_to (f, SECOND_VISIT));
  talker_speak (&t, 1000);
  talker_end (&t);
  visits_assert_audio (&t, 0, 0, 1000);
  visits_assert_audio (&t, 1, 2000, 3000);
  talker_stop (&t);
}

/* --- what packets become -------------------------------------------------- */

/* Sessions begin in the middle of what an encoder made: no sample is lost or
 * there twice, and nothing leads in what belongs to another one. */
static void
test_encoded (Fixture      *f,
              gconstpointer data)
{
  const Format *format = data;
  const guint hidden = format == &format_opus ? 312 : 0;
  g_autoptr (Packets) packets = packets_new (format, 4);
  const guint n = packets->buffers->len;
  GstPad *pad;
  guint i;

  inputs_offer (f, ALL_FORMATS, "");
  fixture_launch (f, "ekascribesink name=s auto-start=true");
  pad = packets_start (packets, f);
  for (i = 0; i < 4; i++) {
    packets_push (packets, pad, n * i / 4, n * (i + 1) / 4);
    if (i < 3)
      g_assert_true (steer (f, i == 1 ? "new-session" : "end-session"));
  }
  inputs_end (f, pad);
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_CREATE), ==, 4);
  g_assert_cmpuint (inputs_count (f, format), ==,
                    (guint64) n * format->samples - hidden);
  gst_element_set_state (f->pipeline, GST_STATE_NULL);
  gst_element_release_request_pad (f->sink, pad);
  gst_object_unref (pad);
}

static void
push_live_opus (GstPad *source,
                guint   from,
                guint   to)
{
  const guint8 packet[] = { 0xf8, 0xff, 0xfe };
  guint i;

  for (i = from; i < to; i++) {
    GstBuffer *buffer = gst_buffer_new_memdup (packet, sizeof packet);

    GST_BUFFER_PTS (buffer) = i * 20 * GST_MSECOND;
    GST_BUFFER_DURATION (buffer) = 20 * GST_MSECOND;
    g_assert_cmpint (gst_pad_push (source, buffer), ==, GST_FLOW_OK);
  }
}

/* Opus that is held back until the service has told what it takes belongs to
 * the session in which it came; who plays live does not wait for that. */
static void
test_held (Fixture      *f,
           gconstpointer data)
{
  g_autoptr (GstCaps) caps = gst_caps_from_string (OPUS);
  g_autoptr (GstPad) source = gst_pad_new ("src", GST_PAD_SRC);
  GstSegment segment;
  GstPad *pad;

  gst_object_ref_sink (source);
  eka_liar_push_stall (f->liar, EKA_CALL_DISCOVER);
  fixture_launch (f, "ekascribesink name=s outbox-policy=never");
  pad = fixture_get_source (f);
  fixture_make_live (source);
  gst_pad_set_active (source, TRUE);
  g_assert_cmpint (gst_pad_link (source, pad), ==, GST_PAD_LINK_OK);
  fixture_play (f);
  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_pad_push_event (source, gst_event_new_stream_start ("test"));
  gst_pad_push_event (source, gst_event_new_caps (caps));
  gst_pad_push_event (source, gst_event_new_segment (&segment));
  push_live_opus (source, 0, 50);
  g_assert_cmpuint (fixture_get_stat (f, "packets"), ==, 0);
  g_assert_true (steer (f, "end-session"));
  push_live_opus (source, 50, 100);
  g_assert_cmpuint (fixture_get_stat (f, "audio-duration"), ==, GST_SECOND);
  g_assert_cmpuint (fixture_get_stat (f, "time-ignored"), ==, GST_SECOND);
  gst_element_set_state (f->pipeline, GST_STATE_NULL);
  gst_pad_set_active (source, FALSE);
  gst_pad_unlink (source, pad);
  gst_element_release_request_pad (f->sink, pad);
  gst_object_unref (pad);
}

/* --- upload types --------------------------------------------------------- */

/* As one file each. */
static void
test_single (Fixture      *f,
             gconstpointer data)
{
  GstPad *pad;
  guint i;

  inputs_offer (f, "audio/wav", ",\"upload_methods\":[\"single\"]");
  fixture_launch (f, "ekascribesink name=s upload-type=single "
                     "auto-start=true");
  pad = fixture_start_push (f, PCM);
  for (i = 0; i < 3; i++) {
    g_assert_cmpint (fixture_push_pcm (pad, 4 * i * GST_SECOND, GST_SECOND),
                     ==, GST_FLOW_OK);
    g_assert_true (steer (f, "pause"));
    g_assert_cmpint (
        fixture_push_pcm (pad, (4 * i + 1) * GST_SECOND, GST_SECOND), ==,
        GST_FLOW_OK);
    g_assert_true (steer (f, "resume"));
    g_assert_cmpint (
        fixture_push_pcm (pad, (4 * i + 2) * GST_SECOND, 2 * GST_SECOND), ==,
        GST_FLOW_OK);
    if (i < 2)
      g_assert_true (steer (f, "end-session"));
  }
  inputs_end (f, pad);
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_CREATE), ==, 3);
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_UPLOAD), ==, 3);
  for (i = 0; i < 3; i++)
    g_assert_cmpuint (g_bytes_get_size (fixture_get_upload (f, i, "audio/wav")),
                      ==, 44 + 3 * 32000);
  g_assert_cmpuint (fixture_count (f, "ekascribe-result"), ==, 3);
  gst_element_set_state (f->pipeline, GST_STATE_NULL);
  gst_element_release_request_pad (f->sink, pad);
  gst_object_unref (pad);
}

/* A stream each. */
static void
test_stream (Fixture      *f,
             gconstpointer data)
{
  GstPad *pad;
  guint i;

  fixture_launch (f, "ekascribesink name=s upload-type=stream");
  pad = fixture_start_push (f, PCM);
  for (i = 0; i < 3; i++) {
    g_assert_cmpint (fixture_push_pcm (pad, 3 * i * GST_SECOND, GST_SECOND),
                     ==, GST_FLOW_OK);
    g_assert_true (steer (f, "pause"));
    g_assert_cmpint (
        fixture_push_pcm (pad, (3 * i + 1) * GST_SECOND, GST_SECOND), ==,
        GST_FLOW_OK);
    g_assert_true (steer (f, "resume"));
    g_assert_cmpint (
        fixture_push_pcm (pad, (3 * i + 2) * GST_SECOND, GST_SECOND), ==,
        GST_FLOW_OK);
    if (i < 2)
      g_assert_true (steer (f, "new-session"));
  }
  inputs_end (f, pad);
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_CREATE), ==, 3);
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_STREAM), ==, 3);
  g_assert_cmpuint (fixture_count (f, "ekascribe-result"), ==, 3);
  g_assert_cmpuint (fixture_get_stat (f, "bytes-streamed"), ==, 6 * 32000);
  gst_element_set_state (f->pipeline, GST_STATE_NULL);
  gst_element_release_request_pad (f->sink, pad);
  gst_object_unref (pad);
}

int
main (int    argc,
      char **argv)
{
  static const Format *const formats[] = { &format_opus, &format_mulaw,
                                           &format_pcm };
  guint i;

  fixture_init (&argc, &argv);

  add_test ("/new-session/nothing-inherited", test_nothing_inherited);
  add_test ("/new-session/before-audio", test_before_audio);
  add_test ("/new-session/templates-once", test_templates_once);
  add_test ("/new-session/taken-back", test_taken_back);
  add_test ("/new-session/discard-before-audio", test_discard_before_audio);
  add_test ("/new-session/bad", test_bad);
  add_test ("/new-session/used-id", test_used_id);
  add_test ("/new-session/id-again-before-audio", test_id_again_before_audio);
  add_test ("/new-session/many-before-audio", test_many_before_audio);
  add_test ("/new-session/not-offered", test_not_offered);
  add_test ("/new-session/too-much", test_too_much);
  add_test ("/new-session/quiet-cut", test_quiet_cut);
  add_test ("/new-session/cut-at-once", test_cut_at_once);
  add_test ("/new-session/no-quiet-cut", test_no_quiet_cut);
  add_test ("/new-session/cut-in-stall", test_cut_in_stall);
  add_test ("/new-session/format-at-cut", test_format_at_cut);
  add_test ("/new-session/command-before-cut", test_command_before_cut);
  add_test ("/new-session/end-before-cut", test_end_before_cut);
  add_test ("/new-session/from-pause", test_from_pause);
  for (i = 0; i < G_N_ELEMENTS (formats); i++) {
    g_autofree gchar *path =
        g_strdup_printf ("/new-session/packets/%s", formats[i]->name);

    g_test_add (path, Fixture, formats[i], fixture_set_up, test_encoded,
                fixture_tear_down);
  }
  add_test ("/new-session/held", test_held);
  add_test ("/new-session/single", test_single);
  add_test ("/new-session/stream", test_stream);
  return g_test_run ();
}
