/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* A session that the service has lost: all audio that is kept goes to another
 * one, and what is not kept is told. */
#include "scribe/error.h"
#include "scribe/json.h"
#include "sessionfixture.h"

/* The liar never knows of a session that is gone until it has made another. */
static void
push (Fixture     *f,
      EkaCall      call,
      guint        status,
      const gchar *body,
      guint        count)
{
  f->liar->any_get = f->liar->any_get || call == EKA_CALL_GET;
  while (count-- > 0)
    eka_liar_push (f->liar, call, status, body);
}

static void
push_code (Fixture     *f,
           EkaCall      call,
           guint        status,
           const gchar *code,
           guint        count)
{
  g_autofree gchar *body =
      g_strdup_printf ("{\"error\":{\"code\":\"%s\"}}", code);

  push (f, call, status, body, count);
}

#define OPEN "{\"status\":\"initialized\",\"audio_files\":[]}"

static const gchar *
get_member (EkaRequest  *request,
            const gchar *member)
{
  g_autoptr (JsonObject) body = eka_json_parse_bytes (request->body, NULL);

  return g_intern_string (eka_json_get_string (body, member));
}

static const gchar *
get_replaced (EkaRequest *request)
{
  g_autoptr (JsonObject) body = eka_json_parse_bytes (request->body, NULL);

  return g_intern_string (
      eka_json_get_string (eka_json_get_object (body, "additional_data"),
                           "replaced_session_id"));
}

/* The last @n uploads are the recording, byte for byte, from number 0 on. */
static void
assert_sent_again (Fixture *f,
                   guint    n)
{
  guint all = eka_liar_count (f->liar, EKA_CALL_UPLOAD);
  guint i;

  g_assert_cmpuint (all, >=, n);
  for (i = 0; i < n; i++)
    {
      EkaRequest *request = eka_liar_nth (f->liar, EKA_CALL_UPLOAD,
                                          all - n + i);
      g_autofree gchar *name =
          g_strdup_printf ("%s/audio/audio_%u.wav", f->session_id, i);
      g_autofree gchar *text = g_strdup_printf ("chunk %u", i);
      g_autoptr (GBytes) bytes = g_bytes_new (text, strlen (text));

      g_assert_true (g_str_has_suffix (request->uri, name));
      g_assert_true (g_bytes_equal (request->body, bytes));
    }
}

static void
assert_replaced (Fixture *f,
                 guint    times)
{
  EkaSessionStats stats;
  EkaRequest *create = eka_liar_nth (f->liar, EKA_CALL_CREATE, times);
  EkaRequest *before = eka_liar_nth (f->liar, EKA_CALL_CREATE, times - 1);

  g_assert_nonnull (create);
  g_assert_cmpuint (eka_liar_count (f->liar, EKA_CALL_CREATE), ==, times + 1);
  g_assert_cmpstr (get_member (create, "session_id"), ==, f->session_id);
  g_assert_cmpstr (get_member (before, "session_id"), ==, f->previous_id);
  g_assert_cmpstr (f->session_id, !=, f->previous_id);
  g_assert_cmpstr (get_replaced (create), ==, f->previous_id);
  eka_session_get_stats (f->session, &stats);
  g_assert_cmpuint (stats.replaced, ==, times);
}

/* --- in each state ------------------------------------------------------ */

typedef enum
{
  GONE_404,
  GONE_410,
  GONE_EXPIRED, /* 200 with the status */
  GONE_ENDED,   /* somebody else did it */
  N_GONE
} Gone;

typedef struct
{
  EkaSessionState state;
  Gone gone;
} Cell;

#define EXPIRED \
  "{\"status\":\"expired\",\"message\":\"gone\",\"expired_at\":\"2026-06-06\"}"
#define ENDED "{\"status\":\"processing\",\"audio_files\":[]}"

/* What Get Session says of it. */
static void
push_get (Fixture *f,
          Gone     gone,
          guint    count)
{
  if (gone == GONE_404)
    push_code (f, EKA_CALL_GET, 404, "session_not_found", count);
  else if (gone == GONE_410)
    push (f, EKA_CALL_GET, 410, EXPIRED, count);
  else
    push (f, EKA_CALL_GET, gone == GONE_EXPIRED ? 200 : 202,
          gone == GONE_EXPIRED ? EXPIRED : ENDED, count);
}

/* A call is refused, and Get Session shows why. */
static void
push_gone (Fixture *f,
           EkaCall  call,
           Gone     gone)
{
  if (gone == GONE_404)
    push_code (f, call, 404, "session_not_found", 1);
  else if (gone == GONE_410)
    push (f, call, 410, EXPIRED, 1);
  else
    push_code (f, call, 400, "session_ended", 1);
  push_get (f, gone, 1);
}

/* After the third chunk. */
static void
push_cell (Fixture    *f,
           const Cell *cell)
{
  if (cell->state <= EKA_SESSION_DRAINING)
    push_gone (f, EKA_CALL_UPLOAD, cell->gone);
  else if (cell->state == EKA_SESSION_AUDITING)
    push_get (f, cell->gone, cell->gone == GONE_404 ? 2 : 1);
  else if (cell->state == EKA_SESSION_ENDING)
    {
      push (f, EKA_CALL_GET, 202,
            "{\"status\":\"initialized\",\"audio_files_received\":4}", 1);
      push_gone (f, EKA_CALL_END, cell->gone);
    }
  else
    {
      push (f, EKA_CALL_GET, 202,
            "{\"status\":\"initialized\",\"audio_files_received\":4}", 1);
      push_get (f, cell->gone, cell->gone == GONE_404 ? 2 : 1);
    }
}

static void
test_a_session_that_is_gone_is_replaced (Fixture      *f,
                                         gconstpointer data)
{
  const Cell *cell = data;
  guint i;

  fixture_start (f);
  for (i = 0; i < 3; i++)
    fixture_add_chunk (f);
  fixture_spin (f);
  g_assert_cmpuint (f->liar->files->len, ==, 3);
  push_cell (f, cell);
  fixture_add_chunk (f);
  if (cell->state == EKA_SESSION_PAUSED)
    eka_session_pause (f->session, TRUE);
  if (cell->state >= EKA_SESSION_DRAINING)
    eka_session_finish (f->session);
  fixture_spin (f);
  if (cell->state < EKA_SESSION_DRAINING)
    g_assert_cmpint (f->state, ==, cell->state);
  eka_session_finish (f->session);
  fixture_run (f);
  g_assert_no_error (f->error);
  g_assert_cmpint (f->state, ==, EKA_SESSION_COMPLETED);
  assert_replaced (f, 1);
  assert_sent_again (f, 4);
  g_assert_cmpuint (fixture_count (f, "creating"), ==, 2);
  g_assert_error (f->warning, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_GONE);
  g_assert_nonnull (strstr (f->warning->message, f->session_id));
  g_assert_nonnull (strstr (f->warning->message, f->previous_id));
  g_assert_nonnull (strstr (f->warning->message, "4.0 s"));
  g_assert_null (strstr (f->warning->message, "lost"));
}

/* One of many machines does not know of it. */
static void
test_one_404_is_not_believed (Fixture      *f,
                              gconstpointer data)
{
  push_code (f, EKA_CALL_GET, 404, "session_not_found", 1);
  push (f, EKA_CALL_GET, 202,
        "{\"status\":\"initialized\",\"audio_files_received\":1}", 1);
  push_code (f, EKA_CALL_GET, 404, "session_not_found", 1);
  fixture_record (f, 1);
  g_assert_cmpint (f->state, ==, EKA_SESSION_COMPLETED);
  g_assert_cmpuint (eka_liar_count (f->liar, EKA_CALL_CREATE), ==, 1);
  g_assert_cmpuint (eka_liar_count (f->liar, EKA_CALL_GET), ==, 4);
}

static void
test_one_404_to_a_doubt_is_not_believed (Fixture      *f,
                                         gconstpointer data)
{
  fixture_start (f);
  push_code (f, EKA_CALL_UPLOAD, 422, "audio_quality_poor", 1);
  push_code (f, EKA_CALL_GET, 404, "session_not_found", 1);
  fixture_add_chunk (f);
  eka_session_finish (f->session);
  fixture_run (f);
  g_assert_cmpint (f->state, ==, EKA_SESSION_COMPLETED);
  g_assert_cmpuint (eka_liar_count (f->liar, EKA_CALL_CREATE), ==, 1);
  g_assert_cmpuint (eka_liar_count (f->liar, EKA_CALL_UPLOAD), ==, 2);
}

static void
test_a_fixed_id_outlives_one_404 (Fixture      *f,
                                  gconstpointer data)
{
  f->settings->session_id = g_strdup ("ses_of_my_own_making");
  eka_liar_push_error (f->liar, EKA_CALL_CREATE,
                       g_error_new_literal (EKA_SCRIBE_ERROR,
                                            EKA_SCRIBE_ERROR_NETWORK, "reset"));
  push_code (f, EKA_CALL_CREATE, 409, "txn_already_initialized", 2);
  push_code (f, EKA_CALL_GET, 404, "session_not_found", 1);
  push (f, EKA_CALL_GET, 202, OPEN, 1);
  fixture_record (f, 1);
  g_assert_no_error (f->error);
  g_assert_cmpint (f->state, ==, EKA_SESSION_COMPLETED);
  g_assert_cmpstr (f->session_id, ==, "ses_of_my_own_making");
}

/* The refusal is about what was sent, not about the id. */
static void
test_a_refusal_behind_a_lost_create_keeps_its_name (Fixture      *f,
                                                    gconstpointer data)
{
  eka_liar_push_error (f->liar, EKA_CALL_CREATE,
                       g_error_new_literal (EKA_SCRIBE_ERROR,
                                            EKA_SCRIBE_ERROR_NETWORK, "reset"));
  push_code (f, EKA_CALL_CREATE, 400, "invalid_template", 9);
  push_code (f, EKA_CALL_GET, 404, "session_not_found", 9);
  fixture_record (f, 1);
  g_assert_cmpint (f->state, ==, EKA_SESSION_FAILED);
  g_assert_cmpstr (eka_scribe_error_get_info (f->error)->code, ==,
                   "invalid_template");
  g_assert_cmpstr (eka_scribe_error_get_info (f->error)->property, ==,
                   "templates");
}

/* Who has taken the id is no session of this recording. */
static void
test_a_taken_id_is_not_told_as_ours (Fixture      *f,
                                     gconstpointer data)
{
  push_code (f, EKA_CALL_CREATE, 409, "txn_already_initialized", 1);
  fixture_record (f, 1);
  g_assert_cmpint (f->state, ==, EKA_SESSION_COMPLETED);
  g_assert_null (f->previous_id);
  g_assert_null (get_replaced (eka_liar_nth (f->liar, EKA_CALL_CREATE, 1)));
}

/* --- what is not kept --------------------------------------------------- */

/* Three chunks of a second, of which memory keeps the last; each has 7 bytes. */
static void
let_two_go (Fixture *f)
{
  g_autoptr (GBytes) bytes = g_bytes_new_static ("chunk x", 7);
  g_autoptr (EkaChunk) more = eka_chunk_new (9, bytes, "audio/wav", "wav", 0, 1,
                                             1);
  EkaOutboxStats stats;
  guint i;

  eka_outbox_unref (f->outbox);
  eka_budget_unref (f->budget);
  f->budget = eka_budget_new (14, 0);
  f->outbox = eka_outbox_new (f->budget);
  fixture_start (f);
  for (i = 0; i < 3; i++)
    fixture_add_chunk (f);
  fixture_spin (f);
  g_assert_false (eka_budget_make_room (f->budget, more));
  eka_session_make_room (f->session);
  fixture_spin (f);
  g_assert_true (eka_budget_make_room (f->budget, more));
  eka_outbox_get_stats (f->outbox, &stats);
  g_assert_cmpuint (stats.kept, ==, 1);
}

static void
test_what_was_let_go_is_told_as_lost (Fixture      *f,
                                      gconstpointer data)
{
  EkaSessionStats stats;

  let_two_go (f);
  push (f, EKA_CALL_UPLOAD, 410, EXPIRED, 1);
  push (f, EKA_CALL_GET, 410, EXPIRED, 1);
  fixture_add_chunk (f);
  fixture_spin (f);
  g_assert_error (f->warning, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_GONE);
  g_assert_nonnull (strstr (f->warning->message, "2.0 s that memory"));
  eka_session_finish (f->session);
  fixture_run (f);
  g_assert_cmpint (f->state, ==, EKA_SESSION_COMPLETED);
  eka_session_get_stats (f->session, &stats);
  g_assert_cmpuint (stats.lost, ==, 2 * G_GUINT64_CONSTANT (1000000000));
  g_assert_cmpuint (f->liar->files->len, ==, 2);
}

static void
test_what_was_let_go_is_told_at_the_end (Fixture      *f,
                                         gconstpointer data)
{
  EkaSessionStats stats;

  f->settings->retry_time = 0;
  let_two_go (f);
  push (f, EKA_CALL_GET, 202,
        "{\"status\":\"initialized\",\"audio_files_received\":3}", 1);
  push (f, EKA_CALL_GET, 410, EXPIRED, 1);
  eka_session_finish (f->session);
  fixture_run (f);
  g_assert_cmpint (f->state, ==, EKA_SESSION_EXPIRED);
  g_assert_nonnull (strstr (f->error->message, "2.0 s of audio that memory"));
  g_assert_nonnull (strstr (f->error->message, "1.0 s of audio were not"));
  eka_session_get_stats (f->session, &stats);
  g_assert_cmpuint (stats.lost, ==, 2 * G_GUINT64_CONSTANT (1000000000));
  g_assert_cmpuint (stats.replaced, ==, 0);
}

/* The recording goes on elsewhere, and needed all the memory. */
static void
test_what_is_lost_altogether_is_a_failure (Fixture      *f,
                                           gconstpointer data)
{
  g_autoptr (GBytes) bytes = g_bytes_new_static ("chunks x and y", 14);
  g_autoptr (EkaChunk) more = eka_chunk_new (9, bytes, "audio/wav", "wav", 0, 1,
                                             1);
  EkaSessionStats stats;

  let_two_go (f);
  push (f, EKA_CALL_GET, 202,
        "{\"status\":\"initialized\",\"audio_files_received\":3}", 1);
  push (f, EKA_CALL_GET, 202, "{\"status\":\"processing\"}", 1);
  push (f, EKA_CALL_GET, 410, EXPIRED, 1);
  eka_session_fill (f->session);
  fixture_spin (f);
  g_assert_cmpint (f->state, ==, EKA_SESSION_PROCESSING);
  g_assert_true (eka_budget_make_room (f->budget, more));
  fixture_run (f);
  g_assert_cmpint (f->state, ==, EKA_SESSION_EXPIRED);
  g_assert_error (f->error, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_GONE);
  g_assert_nonnull (strstr (f->error->message, "3.0 s of audio that memory"));
  eka_session_get_stats (f->session, &stats);
  g_assert_cmpuint (stats.lost, ==, 3 * G_GUINT64_CONSTANT (1000000000));
  g_assert_cmpuint (eka_liar_count (f->liar, EKA_CALL_CREATE), ==, 1);
}

/* --- again and again ---------------------------------------------------- */

static void
test_losses_have_an_end_after_the_recording (Fixture      *f,
                                             gconstpointer data)
{
  EkaOutboxStats left;

  fixture_start (f);
  push (f, EKA_CALL_UPLOAD, 410, EXPIRED, 1000);
  push (f, EKA_CALL_GET, 410, EXPIRED, 1000);
  fixture_add_chunk (f);
  eka_session_finish (f->session);
  fixture_run (f);
  g_assert_cmpint (f->state, ==, EKA_SESSION_EXPIRED);
  g_assert_error (f->error, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_GONE);
  g_assert_cmpuint (eka_liar_count (f->liar, EKA_CALL_CREATE), <=, 10);
  eka_outbox_get_stats (f->outbox, &left);
  g_assert_cmpuint (left.kept, ==, 1);
}

/* Also where it takes everything first. */
static void
test_late_losses_have_an_end (Fixture      *f,
                              gconstpointer data)
{
  guint i;

  fixture_start (f);
  for (i = 0; i < 100; i++)
    {
      push (f, EKA_CALL_GET, 202,
            "{\"status\":\"initialized\",\"audio_files_received\":1}", 1);
      push (f, EKA_CALL_GET, 410, EXPIRED, 1);
    }
  fixture_add_chunk (f);
  eka_session_finish (f->session);
  fixture_run (f);
  g_assert_cmpint (f->state, ==, EKA_SESSION_EXPIRED);
  g_assert_nonnull (strstr (f->error->message, "1.0 s of audio"));
  g_assert_cmpuint (eka_liar_count (f->liar, EKA_CALL_CREATE), <=, 5);
}

/* Those before the end of the recording do not count. */
static void
test_late_losses_of_a_part_do_not_count_at_the_end (Fixture      *f,
                                                    gconstpointer data)
{
  guint i;

  fixture_start (f);
  for (i = 0; i < 9; i++)
    {
      push (f, EKA_CALL_GET, 202,
            "{\"status\":\"initialized\",\"audio_files_received\":1}", 1);
      push (f, EKA_CALL_GET, 410, EXPIRED, 1);
    }
  fixture_add_chunk (f);
  eka_session_fill (f->session);
  fixture_spin (f);
  while (eka_liar_count (f->liar, EKA_CALL_CREATE) < 8)
    {
      eka_clock_advance (f->clock, eka_clock_next (f->clock));
      fixture_spin (f);
    }
  eka_session_finish (f->session);
  fixture_run (f);
  g_assert_no_error (f->error);
  g_assert_cmpint (f->state, ==, EKA_SESSION_COMPLETED);
}

/* While it runs it goes on; and what went wrong before its end does not count
 * against it then. */
static void
test_a_recording_outlives_any_loss (Fixture      *f,
                                    gconstpointer data)
{
  guint i;

  f->settings->retry_time = G_TIME_SPAN_MINUTE;
  fixture_start (f);
  push (f, EKA_CALL_UPLOAD, 410, EXPIRED, 50);
  push (f, EKA_CALL_GET, 410, EXPIRED, 50);
  fixture_add_chunk (f);
  for (i = 0; i < 49; i++)
    {
      fixture_spin (f);
      g_assert_cmpuint (f->done, ==, 0);
      eka_clock_advance (f->clock, eka_clock_next (f->clock));
    }
  eka_session_finish (f->session);
  fixture_run (f);
  g_assert_cmpint (f->state, ==, EKA_SESSION_COMPLETED);
  assert_sent_again (f, 1);
}

static void
test_without_retry_time_a_loss_is_the_end (Fixture      *f,
                                           gconstpointer data)
{
  f->settings->retry_time = 0;
  push (f, EKA_CALL_GET, 410, EXPIRED, 9);
  fixture_record (f, 2);
  g_assert_cmpint (f->state, ==, EKA_SESSION_EXPIRED);
  g_assert_nonnull (strstr (f->error->message, "2.0 s of audio"));
  g_assert_cmpuint (eka_liar_count (f->liar, EKA_CALL_CREATE), ==, 1);
}

/* The server quotes what it was sent. */
static void
test_the_error_of_a_loss_keeps_secrets (Fixture      *f,
                                        gconstpointer data)
{
  f->settings->retry_time = 0;
  f->settings->patient_details = g_strdup ("{\"name\":\"Zebulon\"}");
  push (f, EKA_CALL_GET, 410,
        "{\"error\":{\"code\":\"x\",\"message\":\"Zebulon, secret-token\"}}", 9);
  fixture_record (f, 1);
  g_assert_nonnull (f->error);
  g_assert_null (strstr (f->error->message, "Zebulon"));
  g_assert_null (strstr (f->error->message, "secret"));
}

/* Which states an end by somebody else matters in: before all is there. */
static gboolean
is_possible (const Cell *cell)
{
  return cell->gone != GONE_ENDED || cell->state <= EKA_SESSION_DRAINING;
}

static void
add_cells (void)
{
  static const gchar *const names[] = { "404", "410", "expired", "ended" };
  static Cell cells[EKA_SESSION_PROCESSING + 1][N_GONE];
  guint state, gone;

  for (state = EKA_SESSION_RECORDING; state <= EKA_SESSION_PROCESSING; state++)
    for (gone = 0; gone < N_GONE; gone++)
      {
        g_autofree gchar *path = g_strdup_printf (
            "/session-loss/a-session-that-is-gone-is-replaced/%s/%s",
            eka_session_state_to_string (state), names[gone]);

        cells[state][gone] = (Cell){ state, gone };
        if (is_possible (&cells[state][gone]))
          g_test_add (path, Fixture, &cells[state][gone], fixture_set_up,
                      test_a_session_that_is_gone_is_replaced,
                      fixture_tear_down);
      }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add_cells ();
  add_test ("/session-loss/one-404-is-not-believed",
            test_one_404_is_not_believed);
  add_test ("/session-loss/one-404-to-a-doubt-is-not-believed",
            test_one_404_to_a_doubt_is_not_believed);
  add_test ("/session-loss/a-fixed-id-outlives-one-404",
            test_a_fixed_id_outlives_one_404);
  add_test ("/session-loss/a-refusal-behind-a-lost-create-keeps-its-name",
            test_a_refusal_behind_a_lost_create_keeps_its_name);
  add_test ("/session-loss/a-taken-id-is-not-told-as-ours",
            test_a_taken_id_is_not_told_as_ours);
  add_test ("/session-loss/what-was-let-go-is-told-as-lost",
            test_what_was_let_go_is_told_as_lost);
  add_test ("/session-loss/what-was-let-go-is-told-at-the-end",
            test_what_was_let_go_is_told_at_the_end);
  add_test ("/session-loss/what-is-lost-altogether-is-a-failure",
            test_what_is_lost_altogether_is_a_failure);
  add_test ("/session-loss/late-losses-of-a-part-do-not-count-at-the-end",
            test_late_losses_of_a_part_do_not_count_at_the_end);
  add_test ("/session-loss/losses-have-an-end-after-the-recording",
            test_losses_have_an_end_after_the_recording);
  add_test ("/session-loss/late-losses-have-an-end",
            test_late_losses_have_an_end);
  add_test ("/session-loss/a-recording-outlives-any-loss",
            test_a_recording_outlives_any_loss);
  add_test ("/session-loss/without-retry-time-a-loss-is-the-end",
            test_without_retry_time_a_loss_is_the_end);
  add_test ("/session-loss/the-error-of-a-loss-keeps-secrets",
            test_the_error_of_a_loss_keeps_secrets);
  return g_test_run ();
}
