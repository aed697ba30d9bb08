/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* A recording that goes up as one file: where that is offered, and what becomes
 * of one that is not taken. */
#include <string.h>

#include "scribe/error.h"
#include "scribe/json.h"
#include "scribe/sessionprivate.h"
#include "single.h"

/* --- all goes well ------------------------------------------------------ */

static void
assert_member (EkaRequest  *request,
               const gchar *member,
               const gchar *value)
{
  g_autoptr (JsonObject) body = eka_json_parse_bytes (request->body, NULL);

  g_assert_cmpstr (eka_json_get_string (body, member), ==, value);
}

static void
test_a_recording_is_one_file (Fixture      *f,
                              gconstpointer data)
{
  g_autoptr (JsonObject) end = NULL;
  EkaRequest *create;

  single_record (f);
  single_assert_completed (f, 1);
  single_assert_calls (f, "dcugeg");
  create = eka_liar_nth (f->liar, EKA_CALL_CREATE, 0);
  assert_member (create, "upload_type", "single");
  assert_member (create, "communication_protocol", "http");
  end = eka_json_parse_bytes (
      eka_liar_nth (f->liar, EKA_CALL_END, 0)->body, NULL);
  g_assert_cmpint (eka_json_get_count (end, "audio_files_sent"), ==, 1);
  g_assert_cmpint (f->audit, ==, EKA_AUDIT_COMPLETE);
  g_assert_cmpuint (fixture_count (f, "warning"), ==, 0);
  single_assert_kept (f, 0);
}

static void
test_without_audio_there_is_no_file (Fixture      *f,
                                     gconstpointer data)
{
  single_open (f);
  eka_session_finish (f->session);
  fixture_run (f);
  g_assert_cmpint (f->state, ==, EKA_SESSION_DISCARDED);
  g_assert_no_error (f->error);
  single_assert_calls (f, "dcp");
}

/* Hours may pass before the one file is there. */
static void
test_an_old_session_is_not_full (Fixture      *f,
                                 gconstpointer data)
{
  single_open (f);
  eka_clock_advance (f->clock, 3 * G_TIME_SPAN_HOUR);
  fixture_spin (f);
  fixture_add_chunk (f);
  eka_session_finish (f->session);
  fixture_run (f);
  single_assert_completed (f, 1);
  g_assert_cmpuint (fixture_count (f, "full"), ==, 0);
}

/* --- discovery ---------------------------------------------------------- */

typedef struct
{
  const gchar *name;
  const gchar *document; /* NULL: there is none */
  const gchar *says;
} Offer;

static const Offer offers[] = {
  { "others", SINGLE_OFFER (",\"upload_methods\":[\"chunked\",\"stream\"]"),
    "it offers: chunked, stream" },
  { "nothing", SINGLE_OFFER (",\"upload_methods\":[]"),
    "its discovery document lists no upload methods" },
  { "untold", SINGLE_OFFER (""),
    "its discovery document lists no upload methods" },
  { "no-document", NULL, "it has no discovery document" },
};

static void
push_offer (Fixture     *f,
            const Offer *offer)
{
  if (offer->document != NULL)
    eka_liar_push (f->liar, EKA_CALL_DISCOVER, 200, offer->document);
  else
    {
      eka_liar_push (f->liar, EKA_CALL_DISCOVER, 404, "");
      eka_liar_push (f->liar, EKA_CALL_DISCOVER, 404, "");
    }
}

static void
assert_not_offered (const GError *error,
                    const gchar  *says)
{
  g_assert_error (error, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_SETTINGS);
  g_assert_cmpstr (eka_scribe_error_get_info (error)->property, ==,
                   "upload-type");
  g_assert_nonnull (strstr (error->message,
                            "does not offer single uploads"));
  g_assert_nonnull (strstr (error->message, "Use upload-type=chunked"));
  g_assert_nonnull (strstr (error->message, says));
}

static void
test_it_has_to_be_offered (Fixture      *f,
                           gconstpointer data)
{
  const Offer *offer = data;

  push_offer (f, offer);
  fixture_start (f);
  g_assert_cmpuint (f->done, ==, 1);
  assert_not_offered (f->error, offer->says);
  g_assert_cmpint (f->state, ==, EKA_SESSION_FAILED);
  g_assert_cmpuint (eka_liar_count (f->liar, EKA_CALL_CREATE), ==, 0);
}

static void
test_it_has_to_be_asked_for (Fixture      *f,
                             gconstpointer data)
{
  f->settings->discovery = EKA_DISCOVERY_OFF;
  fixture_start (f);
  assert_not_offered (f->error, "with discovery=off it is not asked");
  g_assert_cmpuint (f->liar->log->len, ==, 0);
}

/* 503 does not mean that there is nothing to be had. */
static void
test_trouble_is_no_answer (Fixture      *f,
                           gconstpointer data)
{
  guint i;

  for (i = 0; i < 9; i++)
    eka_liar_push (f->liar, EKA_CALL_DISCOVER, 503, "");
  eka_liar_push (f->liar, EKA_CALL_DISCOVER, 200, SINGLE_OFFERED);
  fixture_start (f);
  fixture_add_chunk (f);
  eka_session_finish (f->session);
  fixture_run (f);
  single_assert_completed (f, 1);
  g_assert_cmpuint (eka_liar_count (f->liar, EKA_CALL_DISCOVER), ==, 10);
}

/* The network comes back when there is audio: it is told, and ends the session
 * when the recording ends. */
static void
test_a_late_refusal_waits_for_the_end (Fixture      *f,
                                       gconstpointer data)
{
  const Offer *offer = data;

  g_atomic_int_set (&f->liar->dead, 1);
  fixture_start (f);
  while (eka_clock_now (f->clock) < G_TIME_SPAN_MINUTE)
    {
      eka_clock_advance (f->clock, eka_clock_next (f->clock));
      fixture_spin (f);
    }
  g_assert_cmpuint (f->done, ==, 0);
  push_offer (f, offer);
  g_atomic_int_set (&f->liar->dead, 0);
  single_run_until (f, "fatal");
  assert_not_offered (f->warning, offer->says);
  g_assert_cmpuint (f->done, ==, 0);
  fixture_add_chunk (f);
  fixture_spin (f);
  g_assert_cmpuint (f->done, ==, 0);
  eka_session_finish (f->session);
  fixture_spin (f);
  assert_not_offered (f->error, offer->says);
  g_assert_nonnull (strstr (f->error->message, "1.0 s of audio were not"));
  g_assert_cmpuint (eka_liar_count (f->liar, EKA_CALL_CREATE), ==, 0);
  single_assert_kept (f, 1);
}

static void
test_a_late_offer_is_taken (Fixture      *f,
                            gconstpointer data)
{
  g_atomic_int_set (&f->liar->dead, 1);
  fixture_start (f);
  fixture_add_chunk (f);
  eka_session_finish (f->session);
  fixture_spin (f);
  eka_liar_push (f->liar, EKA_CALL_DISCOVER, 200, SINGLE_OFFERED);
  g_atomic_int_set (&f->liar->dead, 0);
  fixture_run (f);
  single_assert_completed (f, 1);
}

/* What comes before there is any audio to lose ends the session at once; later
 * it does not, though there is no chunk yet. */
static void
test_a_recording_is_audio_before_its_chunk (Fixture      *f,
                                            gconstpointer data)
{
  gint64 lasts = GPOINTER_TO_INT (data) * G_TIME_SPAN_SECOND;

  eka_liar_push (f->liar, EKA_CALL_DISCOVER, 200, SINGLE_OFFERED);
  eka_liar_push_stall (f->liar, EKA_CALL_CREATE);
  fixture_start (f);
  eka_clock_advance (f->clock, lasts);
  fixture_spin (f);
  g_assert_cmpint (eka_session_captures (f->session), ==,
                   lasts >= 20 * G_TIME_SPAN_SECOND);
  eka_session_abort (f->session);
  fixture_spin (f);
}

/* --- what one file can't be --------------------------------------------- */

typedef struct
{
  const gchar *name;
  guint status;
  const gchar *body;
  EkaChunkError policy;
} Large;

static const Large large[] = {
  { "413", 413, "<html>", EKA_CHUNK_ERROR_ABORT },
  { "chunk-too-large", 400, "{\"error\":{\"code\":\"chunk_too_large\"}}",
    EKA_CHUNK_ERROR_ABORT },
  { "session-full", 400,
    "{\"error\":{\"code\":\"session_duration_exceeded\"}}",
    EKA_CHUNK_ERROR_ABORT },
  { "skip", 413, "", EKA_CHUNK_ERROR_SKIP },
};

static void
test_what_is_too_large_is_an_error (Fixture      *f,
                                    gconstpointer data)
{
  const Large *l = data;

  f->settings->on_chunk_error = l->policy;
  eka_liar_push (f->liar, EKA_CALL_UPLOAD, l->status, l->body);
  single_record (f);
  g_assert_error (f->error, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_SETTINGS);
  g_assert_cmpstr (eka_scribe_error_get_info (f->error)->property, ==,
                   "upload-type");
  g_assert_nonnull (strstr (f->error->message, "use upload-type=chunked"));
  g_assert_cmpint (f->state, ==, EKA_SESSION_FAILED);
  single_assert_calls (f, "dcu");
  g_assert_cmpuint (fixture_count (f, "full"), ==, 0);
  single_assert_kept (f, 1);
}

/* --- sessions that are gone --------------------------------------------- */

typedef struct
{
  const gchar *name;
  EkaCall call;
  guint status;
  const gchar *body;
} Loss;

static const Loss losses[] = {
  { "upload-410", EKA_CALL_UPLOAD, 410, "{\"status\":\"expired\"}" },
  { "upload-404", EKA_CALL_UPLOAD, 404, "" },
  { "look-410", EKA_CALL_GET, 410, "" },
  { "look-404", EKA_CALL_GET, 404, "" },
  { "look-expired", EKA_CALL_GET, 200,
    "{\"status\":\"expired\"" LISTED "}" },
  { "look-cancelled", EKA_CALL_GET, 200,
    "{\"status\":\"cancelled\"" LISTED "}" },
  { "look-ended-without-it", EKA_CALL_GET, 200,
    "{\"status\":\"processing\"" LACKING "}" },
};

static void
test_a_session_that_is_gone_is_replaced (Fixture      *f,
                                         gconstpointer data)
{
  const Loss *loss = data;
  g_autofree gchar *first = NULL;
  guint times = loss->status == 404 ? 2 : 1;

  if (loss->call == EKA_CALL_GET)
    single_push_reset (f, EKA_CALL_UPLOAD);
  else
    {
      eka_liar_push (f->liar, EKA_CALL_UPLOAD, loss->status, loss->body);
      eka_liar_push (f->liar, EKA_CALL_GET, loss->status, loss->body);
    }
  while (loss->call == EKA_CALL_GET && times-- > 0)
    eka_liar_push (f->liar, EKA_CALL_GET, loss->status, loss->body);
  single_open (f);
  first = g_strdup (f->session_id);
  fixture_add_chunk (f);
  eka_session_finish (f->session);
  fixture_run (f);
  single_assert_completed (f, 2);
  g_assert_cmpstr (f->previous_id, ==, first);
  g_assert_cmpuint (eka_liar_count (f->liar, EKA_CALL_CREATE), ==, 2);
}

/* What was asked of the first one is no question to the second. */
static void
test_a_new_session_begins_anew (Fixture      *f,
                                gconstpointer data)
{
  single_push_reset (f, EKA_CALL_UPLOAD);
  eka_liar_push (f->liar, EKA_CALL_GET, 410, "");
  single_push_list (f, LACKING);
  single_push_list (f, LACKING);
  single_push_list (f, LISTED);
  single_record (f);
  single_assert_completed (f, 3);
  single_assert_calls (f, "dcugcuggugeg");
}

/* One file is all that it waits for. */
static void
test_a_service_may_begin_before_the_end (Fixture      *f,
                                         gconstpointer data)
{
  single_push_reset (f, EKA_CALL_UPLOAD);
  single_push_show (f, "processing", LISTED);
  single_push_show (f, "processing", LISTED);
  single_record (f);
  single_assert_completed (f, 1);
}

static void
test_a_discarded_file_is_not_asked_for (Fixture      *f,
                                        gconstpointer data)
{
  single_push_reset (f, EKA_CALL_UPLOAD);
  single_push_reset (f, EKA_CALL_GET);
  single_open (f);
  fixture_add_chunk (f);
  fixture_spin (f);
  single_assert_calls (f, "dcug");
  eka_session_discard (f->session);
  fixture_run (f);
  g_assert_cmpint (f->state, ==, EKA_SESSION_DISCARDED);
  single_assert_calls (f, "dcugp");
}

#define add_data_test(path, data, func) \
  add_single_test ("/session-single/" path, data, func)
#define add_table(table, path, func) \
  add_single_table (table, "/session-single/" path, func)

int
main (int    argc,
      char **argv)
{
  guint i;

  g_test_init (&argc, &argv, NULL);
  add_data_test ("a-recording-is-one-file", NULL,
                 test_a_recording_is_one_file);
  add_data_test ("without-audio-there-is-no-file", NULL,
                 test_without_audio_there_is_no_file);
  add_data_test ("an-old-session-is-not-full", NULL,
                 test_an_old_session_is_not_full);
  add_table (offers, "it-has-to-be-offered", test_it_has_to_be_offered);
  add_data_test ("it-has-to-be-asked-for", NULL, test_it_has_to_be_asked_for);
  add_data_test ("trouble-is-no-answer", NULL, test_trouble_is_no_answer);
  add_table (offers, "a-late-refusal-waits-for-the-end",
             test_a_late_refusal_waits_for_the_end);
  add_data_test ("a-late-offer-is-taken", NULL, test_a_late_offer_is_taken);
  add_data_test ("a-recording-is-audio-before-its-chunk/19",
                 GINT_TO_POINTER (19),
                 test_a_recording_is_audio_before_its_chunk);
  add_data_test ("a-recording-is-audio-before-its-chunk/20",
                 GINT_TO_POINTER (20),
                 test_a_recording_is_audio_before_its_chunk);
  add_table (large, "what-is-too-large-is-an-error",
             test_what_is_too_large_is_an_error);
  add_table (losses, "a-session-that-is-gone-is-replaced",
             test_a_session_that_is_gone_is_replaced);
  add_data_test ("a-new-session-begins-anew", NULL,
                 test_a_new_session_begins_anew);
  add_data_test ("a-service-may-begin-before-the-end", NULL,
                 test_a_service_may_begin_before_the_end);
  add_data_test ("a-discarded-file-is-not-asked-for", NULL,
                 test_a_discarded_file_is_not_asked_for);
  return g_test_run ();
}
