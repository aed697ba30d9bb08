/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* What was acknowledged is held against the service's list before the session is
 * ended, and kept until it is safe. */
#include "outbox/outboxprivate.h"
#include "scribe/error.h"
#include "scribe/sessionprivate.h"
#include "sessionfixture.h"

static void
push_get (Fixture     *f,
          guint        status,
          const gchar *body,
          guint        count)
{
  f->liar->any_get = TRUE;
  while (count-- > 0)
    eka_liar_push (f->liar, EKA_CALL_GET, status, body);
}

/* @members: of a session that is not ended, and what lists its files */
static void
push_list (Fixture     *f,
           const gchar *members)
{
  g_autofree gchar *body =
      g_strdup_printf ("{\"status\":\"initialized\"%s}", members);

  push_get (f, 202, body, 1);
}

/* A recording of three chunks. */
static void
assert_completed (Fixture *f,
                  EkaAudit audit,
                  guint    uploads,
                  guint    warnings)
{
  g_assert_no_error (f->error);
  g_assert_cmpint (f->state, ==, EKA_SESSION_COMPLETED);
  g_assert_cmpint (f->audit, ==, audit);
  g_assert_cmpuint (eka_liar_count (f->liar, EKA_CALL_UPLOAD), ==, uploads);
  g_assert_cmpuint (eka_liar_count (f->liar, EKA_CALL_END), ==, 1);
  g_assert_cmpuint (fixture_count (f, "warning"), ==, warnings);
  g_assert_cmpuint (fixture_count (f, "draining"), ==, uploads > 3 ? 2 : 1);
}

/* --- lists -------------------------------------------------------------- */

typedef struct
{
  const gchar *name;
  const gchar *list; /* of three chunks */
  EkaAudit audit;
  guint warnings;
} List;

static const List lists[] = {
  { "audio", ",\"audio_files\":[\"audio_0.wav\",\"audio_1.wav\","
             "\"audio_2.wav\"]", EKA_AUDIT_COMPLETE, 0 },
  { "bare", ",\"audio_files\":[\"0.wav\",\"1.wav\",\"2.wav\"]",
    EKA_AUDIT_COMPLETE, 0 },
  { "any-order", ",\"audio_files\":[\"2.wav\",\"0.wav\",\"1.wav\"]",
    EKA_AUDIT_COMPLETE, 0 },
  { "s3", ",\"audio_files\":[\"s3://b/ses_7/0.wav\",\"s3://b/ses_7/1.wav\","
          "\"s3://b/ses_7/audio_2.wav\"]", EKA_AUDIT_COMPLETE, 0 },
  { "signed", ",\"audio_files\":[\"https://h/0.wav?k=a/b_9.c\","
              "\"https://h/1.wav?k=c/d\",\"https://h/2.wav#7\"]",
    EKA_AUDIT_COMPLETE, 0 },
  { "other-extensions", ",\"audio_files\":[\"0.ogg\",\"1.tar.gz\",\"2\"]",
    EKA_AUDIT_COMPLETE, 0 },
  { "twice", ",\"audio_files\":[\"0.wav\",\"0.wav\",\"1.wav\",\"2.wav\"]",
    EKA_AUDIT_COMPLETE, 0 },
  { "others", ",\"audio_files\":[\"0.wav\",\"1.wav\",\"2.wav\",\"3.wav\","
              "\"notes.txt\"]", EKA_AUDIT_COMPLETE, 1 },
  { "none", "", EKA_AUDIT_ABSENT, 1 },
  { "null", ",\"audio_files\":null", EKA_AUDIT_ABSENT, 1 },
  { "no-names-of-use", ",\"audio_files\":[\"a\",\"b\",\"c\"]",
    EKA_AUDIT_ABSENT, 1 },
  { "count", ",\"audio_files_received\":3", EKA_AUDIT_COMPLETE, 0 },
  { "larger-count", ",\"audio_files_received\":4", EKA_AUDIT_ABSENT, 1 },
};

static void
test_lists_are_read (Fixture      *f,
                     gconstpointer data)
{
  const List *list = data;

  push_list (f, list->list);
  fixture_record (f, 3);
  assert_completed (f, list->audit, 3, list->warnings);
  if (list->warnings > 0)
    g_assert_error (f->warning, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_LOST);
}

/* What three chunks lack. */
static const gchar *const short_lists[] = {
  ",\"audio_files\":[\"0.wav\",\"2.wav\"]",
  ",\"audio_files\":[\"x_0.wav\",\"10.wav\",\"2.wav\",\"001a.wav\"]",
};

static void
test_what_is_missing_is_sent_again (Fixture      *f,
                                    gconstpointer data)
{
  EkaRequest *first, *again;

  push_list (f, data);
  fixture_record (f, 3);
  assert_completed (f, EKA_AUDIT_COMPLETE, 4, 0);
  first = eka_liar_nth (f->liar, EKA_CALL_UPLOAD, 1);
  again = eka_liar_nth (f->liar, EKA_CALL_UPLOAD, 3);
  g_assert_cmpstr (again->uri, ==, first->uri);
  g_assert_true (g_bytes_equal (again->body, first->body));
  g_assert_cmpuint (fixture_count (f, "chunk audio_1.wav"), ==, 2);
}

static void
test_what_stays_missing_is_told (Fixture      *f,
                                 gconstpointer data)
{
  push_list (f, data);
  push_list (f, data);
  fixture_record (f, 3);
  assert_completed (f, EKA_AUDIT_SHORT, 4, 1);
  g_assert_error (f->warning, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_LOST);
  g_assert_nonnull (strstr (f->warning->message, "lacks 1 of them"));
}

/* It may be any of them. */
static void
test_a_short_count_has_all_sent_again (Fixture      *f,
                                       gconstpointer data)
{
  push_list (f, ",\"audio_files_received\":2");
  push_list (f, ",\"audio_files_received\":2");
  fixture_record (f, 3);
  assert_completed (f, EKA_AUDIT_SHORT, 6, 1);
  g_assert_nonnull (strstr (f->warning->message, "lacks 1 of them"));
}

/* The address sanitizer looks at all that is left of a text for each number. */
#ifdef __SANITIZE_ADDRESS__
#define MANY 2000
#else
#define MANY 100000
#endif

static void
test_a_huge_list_is_read (Fixture      *f,
                          gconstpointer data)
{
  GString *list = g_string_new (",\"audio_files\":[");
  g_autofree gchar *others = NULL;
  guint i;

  for (i = MANY; i-- > 0;)
    g_string_append_printf (list, "\"audio_%u.wav\"%s", i, i > 0 ? "," : "]");
  push_list (f, list->str);
  g_string_free (list, TRUE);
  fixture_record (f, 3);
  assert_completed (f, EKA_AUDIT_COMPLETE, 3, 1);
  others = g_strdup_printf ("%u others", MANY - 3);
  g_assert_nonnull (strstr (f->warning->message, others));
}

/* --- no answer ---------------------------------------------------------- */

static void
test_a_list_that_fails_is_asked_for_again (Fixture      *f,
                                           gconstpointer data)
{
  push_get (f, GPOINTER_TO_UINT (data), "", 2);
  fixture_record (f, 3);
  assert_completed (f, EKA_AUDIT_COMPLETE, 3, 1);
  g_assert_cmpuint (fixture_count (f, "recovered"), ==, 1);
}

static void
test_a_list_that_keeps_failing_is_none (Fixture      *f,
                                        gconstpointer data)
{
  push_get (f, GPOINTER_TO_UINT (data), "", 3);
  fixture_record (f, 3);
  assert_completed (f, EKA_AUDIT_ABSENT, 3, 2);
}

/* A minute or two of maintenance, just then. */
static void
test_trouble_is_no_missing_list (Fixture      *f,
                                 gconstpointer data)
{
  push_get (f, 503, "", 10);
  fixture_record (f, 3);
  assert_completed (f, EKA_AUDIT_COMPLETE, 3, 1);
}

/* End comes late then, but it comes. */
static void
test_trouble_without_end_is_no_list (Fixture      *f,
                                     gconstpointer data)
{
  f->settings->wait_for_results = FALSE;
  push_get (f, 503, "", 1000);
  fixture_record (f, 3);
  g_assert_no_error (f->error);
  g_assert_cmpint (f->audit, ==, EKA_AUDIT_ABSENT);
  g_assert_true (f->liar->ended);
  g_assert_cmpint (eka_clock_now (f->clock), >=, 10 * G_TIME_SPAN_MINUTE);
}

/* The network is down, which says nothing of the list. */
static void
test_an_outage_is_no_missing_list (Fixture      *f,
                                   gconstpointer data)
{
  guint i;

  f->liar->any_get = TRUE;
  for (i = 0; i < 10; i++)
    eka_liar_push_error (f->liar, EKA_CALL_GET,
                         g_error_new_literal (EKA_SCRIBE_ERROR,
                                              EKA_SCRIBE_ERROR_NETWORK,
                                              "reset"));
  fixture_record (f, 3);
  assert_completed (f, EKA_AUDIT_COMPLETE, 3, 1);
}

static void
test_a_list_of_somebody_else_is_none (Fixture      *f,
                                      gconstpointer data)
{
  push_get (f, 202, "{\"session_id\":\"ses_of_someone_else\",\"status\":"
                    "\"initialized\",\"audio_files\":[]}", 2);
  fixture_record (f, 3);
  assert_completed (f, EKA_AUDIT_COMPLETE, 3, 1);
}

/* --- room --------------------------------------------------------------- */

/* Chunks have 7 bytes; four fit. */
static void
set_bound (Fixture *f)
{
  f->budget->max_bytes = 28;
}

static gboolean
has_room (Fixture *f)
{
  g_autoptr (GBytes) bytes = g_bytes_new_static ("chunk x", 7);
  g_autoptr (EkaChunk) chunk = eka_chunk_new (9, bytes, "audio/wav", "wav", 0,
                                              1, 1);

  return eka_budget_make_room (f->budget, chunk);
}

static void
fill (Fixture *f,
      guint    chunks)
{
  set_bound (f);
  fixture_start (f);
  while (chunks-- > 0)
    fixture_add_chunk (f);
  fixture_spin (f);
}

static void
ask_for_room (Fixture *f)
{
  g_assert_false (has_room (f));
  eka_session_make_room (f->session);
  fixture_spin (f);
}

static void
test_a_list_makes_room (Fixture      *f,
                        gconstpointer data)
{
  EkaOutboxStats stats;

  fill (f, 4);
  g_assert_cmpuint (eka_liar_count (f->liar, EKA_CALL_GET), ==, 0);
  ask_for_room (f);
  g_assert_cmpuint (eka_liar_count (f->liar, EKA_CALL_GET), ==, 1);
  g_assert_true (has_room (f));
  g_assert_cmpint (f->state, ==, EKA_SESSION_RECORDING);
  eka_outbox_get_stats (f->outbox, &stats);
  g_assert_cmpuint (stats.kept, ==, 3);
  fixture_add_chunk (f);
  eka_session_finish (f->session);
  fixture_run (f);
  g_assert_cmpint (f->state, ==, EKA_SESSION_COMPLETED);
  g_assert_cmpuint (f->liar->files->len, ==, 5);
  g_assert_cmpuint (fixture_count (f, "warning"), ==, 0);
}

static void
test_what_the_list_lacks_makes_no_room (Fixture      *f,
                                        gconstpointer data)
{
  fill (f, 4);
  push_list (f, ",\"audio_files\":[]");
  ask_for_room (f);
  /* All were sent again, and looked for again. */
  g_assert_cmpuint (eka_liar_count (f->liar, EKA_CALL_UPLOAD), ==, 8);
  g_assert_cmpuint (eka_liar_count (f->liar, EKA_CALL_GET), >, 1);
  g_assert_true (has_room (f));
  eka_session_finish (f->session);
  fixture_run (f);
  g_assert_cmpint (f->state, ==, EKA_SESSION_COMPLETED);
  g_assert_cmpuint (eka_liar_count (f->liar, EKA_CALL_UPLOAD), ==, 8);
}

/* Chunks that wait go first, and nobody is warned. */
static void
test_a_look_that_fails_does_not_stop_uploads (Fixture      *f,
                                              gconstpointer data)
{
  EkaOutboxStats stats;
  guint i;

  fill (f, 2);
  push_get (f, GPOINTER_TO_UINT (data), "", 2);
  eka_liar_push (f->liar, EKA_CALL_UPLOAD, 503, "");
  fixture_add_chunk (f);
  fixture_spin (f);
  fixture_add_chunk (f);
  g_assert_false (has_room (f));
  eka_session_make_room (f->session);
  for (i = 0; i < 3; i++)
    {
      fixture_spin (f);
      eka_clock_advance (f->clock, eka_clock_next (f->clock));
    }
  fixture_spin (f);
  eka_outbox_get_stats (f->outbox, &stats);
  g_assert_cmpuint (stats.chunks, ==, 0);
  g_assert_cmpuint (fixture_count (f, "warning"), ==, 1); /* of the upload */
  while (!has_room (f))
    {
      eka_clock_advance (f->clock, eka_clock_next (f->clock));
      fixture_spin (f);
    }
  eka_session_finish (f->session);
  fixture_run (f);
  g_assert_cmpint (f->state, ==, EKA_SESSION_COMPLETED);
  g_assert_cmpint (f->audit, ==, EKA_AUDIT_COMPLETE);
}

/* A service in trouble may have an answer later; until then nothing is let go
 * that it was not seen to have. */
static void
test_trouble_makes_no_room (Fixture      *f,
                            gconstpointer data)
{
  guint i;

  fill (f, 4);
  push_get (f, 503, "", 20);
  ask_for_room (f);
  for (i = 0; i < 19; i++)
    {
      g_assert_false (has_room (f));
      eka_clock_advance (f->clock, eka_clock_next (f->clock));
      fixture_spin (f);
    }
  eka_clock_advance (f->clock, eka_clock_next (f->clock));
  fixture_spin (f);
  g_assert_true (has_room (f));
  eka_session_abort (f->session);
}

/* No better proof will come. */
static void
test_no_list_makes_room (Fixture      *f,
                         gconstpointer data)
{
  guint i;

  fill (f, 4);
  if (data != NULL)
    push_get (f, 405, "", 3);
  else
    push_list (f, "");
  ask_for_room (f);
  for (i = 0; data != NULL && i < 2; i++)
    {
      eka_clock_advance (f->clock, eka_clock_next (f->clock));
      fixture_spin (f);
    }
  g_assert_true (has_room (f));
  eka_session_abort (f->session);
}

/* --- until it is safe --------------------------------------------------- */

typedef struct
{
  const gchar *name;
  guint status;
  const gchar *body; /* of the results */
  EkaSessionState state;
  guint kept;        /* of three */
} Ending;

static const Ending endings[] = {
  { "completed", 200, "{\"status\":\"completed\"}", EKA_SESSION_COMPLETED, 0 },
  { "completed-with-all", 200,
    "{\"status\":\"completed\",\"audio_files_processed\":3}",
    EKA_SESSION_COMPLETED, 0 },
  { "completed-with-less", 200,
    "{\"status\":\"completed\",\"audio_files_processed\":2}",
    EKA_SESSION_COMPLETED, 3 },
  { "partial-with-all", 206,
    "{\"status\":\"partial\",\"audio_files_processed\":3}",
    EKA_SESSION_PARTIAL, 0 },
  { "partial-with-less", 206,
    "{\"status\":\"partial\",\"audio_files_processed\":2}",
    EKA_SESSION_PARTIAL, 3 },
  { "partial", 206, "{\"status\":\"partial\"}", EKA_SESSION_PARTIAL, 3 },
  { "failed", 200, "{\"status\":\"failed\",\"audio_files_processed\":3}",
    EKA_SESSION_FAILED, 3 },
};

static void
assert_kept (Fixture *f,
             guint    kept)
{
  EkaOutboxStats stats;

  eka_outbox_get_stats (f->outbox, &stats);
  g_assert_cmpuint (stats.kept, ==, kept);
}

static void
test_audio_is_kept_until_it_is_safe (Fixture      *f,
                                     gconstpointer data)
{
  const Ending *ending = data;

  f->settings->settle_time = 0;
  eka_liar_push (f->liar, EKA_CALL_GET, ending->status, ending->body);
  fixture_start (f);
  fixture_add_chunk (f);
  fixture_add_chunk (f);
  fixture_add_chunk (f);
  fixture_spin (f);
  assert_kept (f, 3);
  eka_session_finish (f->session);
  fixture_run (f);
  g_assert_cmpint (f->state, ==, ending->state);
  assert_kept (f, ending->kept);
}

typedef struct
{
  const gchar *name;
  const gchar *list; /* before End */
  const gchar *end;  /* what End answers */
  guint kept;        /* of three */
} Leaving;

#define FILES ",\"audio_files\":[\"0.wav\",\"1.wav\",\"2.wav\"]"

static const Leaving leavings[] = {
  { "agree", FILES, "{\"status\":\"processing\",\"audio_files_received\":3}",
    0 },
  { "end-lists", FILES, "{\"status\":\"processing\"" FILES "}", 0 },
  { "end-tells-nothing", FILES, "{\"status\":\"processing\"}", 0 },
  { "end-has-less", FILES,
    "{\"status\":\"processing\",\"audio_files_received\":2}", 3 },
  { "end-has-more", FILES,
    "{\"status\":\"processing\",\"audio_files_received\":4}", 3 },
  { "no-list", "", "{\"status\":\"processing\",\"audio_files_received\":3}",
    3 },
};

static void
test_nobody_waits_for_what_is_safe (Fixture      *f,
                                    gconstpointer data)
{
  const Leaving *leaving = data;

  f->settings->wait_for_results = FALSE;
  push_list (f, leaving->list);
  eka_liar_push (f->liar, EKA_CALL_END, 202, leaving->end);
  fixture_record (f, 3);
  g_assert_cmpint (f->state, ==, EKA_SESSION_PROCESSING);
  g_assert_no_error (f->error);
  assert_kept (f, leaving->kept);
}

static void
test_a_short_list_keeps_all (Fixture      *f,
                             gconstpointer data)
{
  f->settings->wait_for_results = FALSE;
  push_list (f, ",\"audio_files\":[\"0.wav\"]");
  push_list (f, ",\"audio_files\":[\"0.wav\"]");
  fixture_record (f, 3);
  g_assert_cmpint (f->audit, ==, EKA_AUDIT_SHORT);
  assert_kept (f, 3);
}

#define add_table(table, path, func) \
  for (i = 0; i < G_N_ELEMENTS (table); i++) \
    { \
      g_autofree gchar *full = g_strdup_printf ("/session-audit/%s/%s", path, \
                                                table[i].name); \
      g_test_add (full, Fixture, &table[i], fixture_set_up, func, \
                  fixture_tear_down); \
    }
#define add_data_test(path, data, func) \
  g_test_add ("/session-audit/" path, Fixture, data, fixture_set_up, func, \
              fixture_tear_down)

int
main (int    argc,
      char **argv)
{
  guint i;

  g_test_init (&argc, &argv, NULL);
  add_table (lists, "lists-are-read", test_lists_are_read);
  add_table (endings, "audio-is-kept-until-it-is-safe",
             test_audio_is_kept_until_it_is_safe);
  add_table (leavings, "nobody-waits-for-what-is-safe",
             test_nobody_waits_for_what_is_safe);
  for (i = 0; i < G_N_ELEMENTS (short_lists); i++)
    {
      g_autofree gchar *again = g_strdup_printf (
          "/session-audit/what-is-missing-is-sent-again/%u", i);
      g_autofree gchar *told = g_strdup_printf (
          "/session-audit/what-stays-missing-is-told/%u", i);

      g_test_add (again, Fixture, short_lists[i], fixture_set_up,
                  test_what_is_missing_is_sent_again, fixture_tear_down);
      g_test_add (told, Fixture, short_lists[i], fixture_set_up,
                  test_what_stays_missing_is_told, fixture_tear_down);
    }
  add_data_test ("a-short-count-has-all-sent-again", NULL,
                 test_a_short_count_has_all_sent_again);
  add_data_test ("a-huge-list-is-read", NULL, test_a_huge_list_is_read);
  add_data_test ("a-list-that-fails-is-asked-for-again/503",
                 GUINT_TO_POINTER (503),
                 test_a_list_that_fails_is_asked_for_again);
  add_data_test ("a-list-that-fails-is-asked-for-again/405",
                 GUINT_TO_POINTER (405),
                 test_a_list_that_fails_is_asked_for_again);
  add_data_test ("trouble-is-no-missing-list", NULL,
                 test_trouble_is_no_missing_list);
  add_data_test ("trouble-without-end-is-no-list", NULL,
                 test_trouble_without_end_is_no_list);
  add_data_test ("a-list-that-keeps-failing-is-none/405",
                 GUINT_TO_POINTER (405),
                 test_a_list_that_keeps_failing_is_none);
  add_data_test ("an-outage-is-no-missing-list", NULL,
                 test_an_outage_is_no_missing_list);
  add_data_test ("a-list-of-somebody-else-is-none", NULL,
                 test_a_list_of_somebody_else_is_none);
  add_data_test ("a-list-makes-room", NULL, test_a_list_makes_room);
  add_data_test ("what-the-list-lacks-makes-no-room", NULL,
                 test_what_the_list_lacks_makes_no_room);
  add_data_test ("a-look-that-fails-does-not-stop-uploads/503",
                 GUINT_TO_POINTER (503),
                 test_a_look_that_fails_does_not_stop_uploads);
  add_data_test ("a-look-that-fails-does-not-stop-uploads/405",
                 GUINT_TO_POINTER (405),
                 test_a_look_that_fails_does_not_stop_uploads);
  add_data_test ("trouble-makes-no-room", NULL, test_trouble_makes_no_room);
  add_data_test ("no-list-makes-room/none", NULL, test_no_list_makes_room);
  add_data_test ("no-list-makes-room/405", "405", test_no_list_makes_room);
  add_data_test ("a-short-list-keeps-all", NULL, test_a_short_list_keeps_all);
  return g_test_run ();
}
