/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "fixture.h"

#include <string.h>

#include "scribe/discovery.h"
#include "scribe/worker.h"

/* What a recording becomes when one session can't hold it, loses it, or nobody
 * wants it any more. */

#define SECONDS_6                                                             \
  "audiotestsrc num-buffers=60 samplesperbuffer=1600 ! " PCM " ! "
#define ELEMENT "ekascribesink name=s max-chunk-duration=1000000000 "
#define LIVE                                                                  \
  "audiotestsrc is-live=true samplesperbuffer=1600 ! " PCM " ! "

#define MODELS(lite, pro)                                                     \
  "{\"models\":[{\"id\":\"lite\",\"max_session_duration_seconds\":" lite      \
  "},{\"id\":\"pro\",\"max_session_duration_seconds\":" pro "}]}"

static void
assert_ends_well (Fixture *f)
{
  g_autoptr (GstMessage) end =
      fixture_wait (f, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  g_autoptr (GError) error = NULL;

  if (GST_MESSAGE_TYPE (end) == GST_MESSAGE_ERROR)
    gst_message_parse_error (end, &error, NULL);
  g_assert_no_error (error);
}

static guint64
get_stat (Fixture     *f,
          const gchar *name)
{
  g_autoptr (GstStructure) stats = NULL;
  guint64 number = 0;

  g_object_get (f->sink, "stats", &stats, NULL);
  gst_structure_get_uint64 (stats, name, &number);
  return number;
}

static const GstStructure *
find_last (Fixture     *f,
           const gchar *name)
{
  const GstStructure *found = NULL;
  guint i;

  for (i = 0; i < f->messages->len; i++) {
    const GstStructure *structure =
        gst_message_get_structure (g_ptr_array_index (f->messages, i));

    if (structure != NULL && gst_structure_has_name (structure, name))
      found = structure;
  }
  return found;
}

static guint
count_warnings (Fixture     *f,
                const gchar *text)
{
  guint i, n = 0;

  for (i = 0; i < f->messages->len; i++) {
    GstMessage *message = g_ptr_array_index (f->messages, i);
    g_autoptr (GError) error = NULL;

    if (GST_MESSAGE_TYPE (message) != GST_MESSAGE_WARNING)
      continue;
    gst_message_parse_warning (message, &error, NULL);
    n += strstr (error->message, text) != NULL;
  }
  return n;
}

static gboolean
body_holds (EkaRequest  *request,
            const gchar *text)
{
  gsize size;
  const gchar *body = g_bytes_get_data (request->body, &size);

  return g_strstr_len (body, size, text) != NULL;
}

/* For each session: nothing says how long the answer holds. */
static void
push_limit (Fixture *f)
{
  guint i;

  for (i = 0; i < 3; i++)
    eka_liar_push (f->liar, EKA_CALL_DISCOVER, 200, MODELS ("2", "3600"));
}

/* --- several sessions ----------------------------------------------------- */

static void
test_the_limit_of_a_model (Fixture      *f,
                           gconstpointer data)
{
  g_autofree gchar *path = g_build_filename (f->folder, "all.txt", NULL);
  g_autofree gchar *first = g_build_filename (f->folder, "all-part1.txt", NULL);
  g_autofree gchar *text = NULL;
  const GstStructure *last;
  guint parts = 0, i;

  push_limit (f);
  fixture_launch (f, SECONDS_6 ELEMENT);
  g_object_set (f->sink, "transcript-location", path, "additional-data",
                "{\"ward\":\"4\"}", NULL);
  fixture_play (f);
  assert_ends_well (f);
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_CREATE), ==, 3);
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_END), ==, 3);
  g_assert_cmpuint (fixture_count (f, "ekascribe-result"), ==, 3);
  for (i = 0; i < 3; i++) {
    EkaRequest *request = eka_liar_nth (f->liar, EKA_CALL_CREATE, i);
    g_autofree gchar *part = g_strdup_printf ("\"part\":%u", i + 1);

    g_assert_true (body_holds (request, "\"ward\":\"4\""));
    g_assert_cmpint (body_holds (request, part), ==, i > 0);
    g_assert_cmpint (body_holds (request, "first_session_id"), ==, i > 0);
  }
  last = find_last (f, "ekascribe-transcript");
  gst_structure_get_uint (last, "parts", &parts);
  g_assert_cmpuint (parts, ==, 3);
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  g_assert_cmpstr (text, ==, gst_structure_get_string (last, "text"));
  g_assert_true (g_file_test (first, G_FILE_TEST_EXISTS));
  g_assert_cmpuint (count_warnings (f, "at most 2 s"), ==, 1);
  g_assert_cmpuint (count_warnings (f, "model=pro takes 3600 s"), ==, 1);
  g_assert_cmpuint (get_stat (f, "chunks-uploaded"), ==, 6);
}

static void
test_an_hour_is_no_limit_to_tell (Fixture      *f,
                                  gconstpointer data)
{
  eka_liar_push (f->liar, EKA_CALL_DISCOVER, 200, MODELS ("3600", "7200"));
  fixture_launch (f, SECONDS_6 ELEMENT);
  fixture_play (f);
  assert_ends_well (f);
  g_assert_cmpuint (count_warnings (f, ""), ==, 0);
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_CREATE), ==, 1);
}

static void
test_the_service_says_when_it_is_too_long (Fixture      *f,
                                           gconstpointer data)
{
  eka_liar_push (f->liar, EKA_CALL_UPLOAD, 200,
                 "{\"success\":true,\"original_filename\":\"audio_0.wav\"}");
  eka_liar_push (f->liar, EKA_CALL_UPLOAD, 400,
                 "{\"error\":{\"code\":\"session_duration_exceeded\"}}");
  fixture_launch (f, SECONDS_6 ELEMENT);
  fixture_play (f);
  assert_ends_well (f);
  g_assert_cmpuint (fixture_count (f, "ekascribe-result"), ==, 2);
  g_assert_cmpuint (get_stat (f, "chunks-uploaded"), ==, 6);
  g_assert_true (body_holds (eka_liar_nth (f->liar, EKA_CALL_END, 0),
                             "\"audio_files_sent\":1") ||
                 body_holds (eka_liar_nth (f->liar, EKA_CALL_END, 1),
                             "\"audio_files_sent\":1"));
}

/* An ERROR would end what still goes on: it is put off until nothing does. */
static void
test_a_failure_waits_for_the_others (Fixture      *f,
                                     gconstpointer data)
{
  g_autoptr (GstMessage) warning = NULL;
  g_autoptr (GstMessage) error = NULL;

  push_limit (f);
  eka_liar_push (f->liar, EKA_CALL_GET, 200,
                 "{\"status\":\"failed\",\"error\":{\"code\":\"noise\"}}");
  fixture_launch (f, SECONDS_6 ELEMENT "result-settle-time=0");
  fixture_play (f);
  error = fixture_wait (f, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  g_assert_cmpint (GST_MESSAGE_TYPE (error), ==, GST_MESSAGE_ERROR);
  g_assert_cmpstr (fixture_get_detail (error, "error-code"), ==, "noise");
  g_assert_cmpuint (fixture_count (f, "ekascribe-result"), ==, 3);
  g_assert_cmpuint (count_warnings (f, "could not process"), ==, 1);
}

/* --- a session that is lost ----------------------------------------------- */

static void
test_a_lost_session_is_replaced (Fixture      *f,
                                 gconstpointer data)
{
  g_autoptr (GstMessage) again = NULL;
  const GstStructure *last;

  eka_liar_push (f->liar, EKA_CALL_UPLOAD, 200,
                 "{\"success\":true,\"original_filename\":\"audio_0.wav\"}");
  eka_liar_push (f->liar, EKA_CALL_UPLOAD, 410, "{\"status\":\"expired\"}");
  f->liar->any_get = TRUE;
  eka_liar_push (f->liar, EKA_CALL_GET, 410, "{\"status\":\"expired\"}");
  fixture_launch (f, SECONDS_6 ELEMENT "session-id=ses_of_the_beginning");
  fixture_play (f);
  assert_ends_well (f);
  last = find_last (f, "ekascribe-session");
  g_assert_cmpstr (gst_structure_get_string (last, "previous-session-id"), ==,
                   "ses_of_the_beginning");
  g_assert_cmpuint (get_stat (f, "sessions-replaced"), ==, 1);
  g_assert_cmpuint (get_stat (f, "time-lost"), ==, 0);
  g_assert_cmpuint (get_stat (f, "chunks-uploaded"), ==, 7);
  g_assert_cmpuint (count_warnings (f, "ses_of_the_beginning"), ==, 1);
  g_assert_true (body_holds (eka_liar_nth (f->liar, EKA_CALL_CREATE, 1),
                             "\"replaced_session_id\":"
                             "\"ses_of_the_beginning\""));
}

/* --- formats -------------------------------------------------------------- */

static gsize
sum_wav (Fixture *f,
         guint    from)
{
  gsize sum = 0;
  guint i;

  for (i = from; i < fixture_count_calls (f, EKA_CALL_UPLOAD); i++)
    sum += g_bytes_get_size (fixture_get_upload (f, i, "audio/wav")) - 44;
  return sum;
}

static void
test_refused_opus_goes_on_as_wav (Fixture      *f,
                                  gconstpointer data)
{
  eka_liar_push (f->liar, EKA_CALL_UPLOAD, 400,
                 "{\"error\":{\"code\":\"invalid_audio_format\"}}");
  fixture_launch (f, SECONDS_6 "opusenc ! " ELEMENT);
  fixture_play (f);
  assert_ends_well (f);
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_PATCH), ==, 1);
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_CREATE), ==, 2);
  /* opusenc tells how much of its last packet is padding. */
  g_assert_cmpuint (sum_wav (f, 1), ==, 6 * 32000);
}

/* It comes so late that a live recording has chosen Opus. */
static void
test_discovery_may_come_too_late_for_opus (Fixture      *f,
                                           gconstpointer data)
{
  eka_discovery_cache_clear ();
  f->liar->delay = 400;
  eka_liar_push (f->liar, EKA_CALL_DISCOVER, 200,
                 "{\"capabilities\":{\"audio_formats\":[\"audio/wav\"]}}");
  fixture_launch (f, "audiotestsrc is-live=true num-buffers=20 "
                     "samplesperbuffer=1600 ! " PCM " ! opusenc ! " ELEMENT);
  fixture_play (f);
  assert_ends_well (f);
  g_assert_cmpuint (sum_wav (f, 0), ==, 2 * 32000);
}

/* --- discarding ----------------------------------------------------------- */

static void
test_discard_forgets (Fixture      *f,
                      gconstpointer data)
{
  g_autoptr (GstMessage) chunk = NULL;
  g_autoptr (GstMessage) state = NULL;
  guint uploads;

  fixture_launch (f, LIVE ELEMENT);
  fixture_play (f);
  chunk = fixture_wait_name (f, "ekascribe-chunk", NULL);
  g_signal_emit_by_name (f->sink, "discard");
  state = fixture_wait_name (f, "ekascribe-session", "discarded");
  uploads = fixture_count_calls (f, EKA_CALL_UPLOAD);
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_PATCH), ==, 1);
  g_assert_true (body_holds (eka_liar_nth (f->liar, EKA_CALL_PATCH, 0),
                             "\"user_status\":\"cancelled\""));
  gst_element_send_event (f->pipeline, gst_event_new_eos ());
  assert_ends_well (f);
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_UPLOAD), ==, uploads);
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_END), ==, 0);
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_CREATE), ==, 1);
  g_assert_cmpuint (get_stat (f, "bytes-kept"), ==, 0);
}

static void
test_discard_needs_a_recording (Fixture      *f,
                                gconstpointer data)
{
  g_autoptr (GstMessage) warning = NULL;

  fixture_launch (f, SECONDS_6 ELEMENT);
  g_signal_emit_by_name (f->sink, "discard");
  warning = fixture_wait (f, GST_MESSAGE_WARNING);
  fixture_assert_error (warning, GST_CORE_ERROR, GST_CORE_ERROR_STATE_CHANGE,
                        "no recording");
  fixture_play (f);
  assert_ends_well (f);
  g_signal_emit_by_name (f->sink, "discard");
  gst_message_unref (fixture_wait (f, GST_MESSAGE_WARNING));
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_PATCH), ==, 0);
}

/* --- ids ------------------------------------------------------------------ */

static void
test_an_id_names_one_recording (Fixture      *f,
                                gconstpointer data)
{
  g_autoptr (GstMessage) error = NULL;
  guint calls;

  fixture_launch (f, SECONDS_6 ELEMENT "session-id=ses_of_one_recording");
  fixture_play (f);
  assert_ends_well (f);
  gst_element_set_state (f->pipeline, GST_STATE_NULL);
  calls = f->liar->log->len;
  g_assert_cmpint (gst_element_set_state (f->pipeline, GST_STATE_PLAYING), ==,
                   GST_STATE_CHANGE_FAILURE);
  error = fixture_wait (f, GST_MESSAGE_ERROR);
  fixture_assert_error (error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS,
                        "ses_of_one_recording");
  g_assert_cmpstr (fixture_get_detail (error, "property"), ==, "session-id");
  g_assert_cmpuint (f->liar->log->len, ==, calls);
  gst_element_set_state (f->pipeline, GST_STATE_NULL);
  g_object_set (f->sink, "session-id", NULL, NULL);
  fixture_play (f);
  assert_ends_well (f);
}

/* A run that ended before there was any audio has used no id. */
static void
test_an_id_that_was_not_used_is_free (Fixture      *f,
                                      gconstpointer data)
{
  eka_liar_push_stall (f->liar, EKA_CALL_DISCOVER);
  fixture_launch (f, SECONDS_6 ELEMENT "session-id=ses_of_one_recording");
  gst_element_set_state (f->pipeline, GST_STATE_PAUSED);
  gst_element_set_state (f->pipeline, GST_STATE_NULL);
  fixture_play (f);
  assert_ends_well (f);
}

static void
test_nothing_keeps_the_worker (Fixture      *f,
                               gconstpointer data)
{
  fixture_launch (f, SECONDS_6 ELEMENT);
  fixture_play (f);
  assert_ends_well (f);
  gst_element_set_state (f->pipeline, GST_STATE_NULL);
  g_assert_true (eka_worker_wait_gone (G_TIME_SPAN_MINUTE));
}

int
main (int    argc,
      char **argv)
{
  fixture_init (&argc, &argv);
  add_test ("/delivery/the-limit-of-a-model", test_the_limit_of_a_model);
  add_test ("/delivery/an-hour-is-no-limit-to-tell",
            test_an_hour_is_no_limit_to_tell);
  add_test ("/delivery/the-service-says-when-it-is-too-long",
            test_the_service_says_when_it_is_too_long);
  add_test ("/delivery/a-failure-waits-for-the-others",
            test_a_failure_waits_for_the_others);
  add_test ("/delivery/a-lost-session-is-replaced",
            test_a_lost_session_is_replaced);
  add_test ("/delivery/refused-opus-goes-on-as-wav",
            test_refused_opus_goes_on_as_wav);
  add_test ("/delivery/discovery-may-come-too-late-for-opus",
            test_discovery_may_come_too_late_for_opus);
  add_test ("/delivery/discard-forgets", test_discard_forgets);
  add_test ("/delivery/discard-needs-a-recording",
            test_discard_needs_a_recording);
  add_test ("/delivery/an-id-names-one-recording",
            test_an_id_names_one_recording);
  add_test ("/delivery/an-id-that-was-not-used-is-free",
            test_an_id_that_was_not_used_is_free);
  add_test ("/delivery/nothing-keeps-the-worker",
            test_nothing_keeps_the_worker);
  return g_test_run ();
}
