/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "fixture.h"

#include <string.h>

#define PATH "sessions/" SESSION
#define END "{\"audio_files_sent\":1}"

static Answer *
upload (Box *box, const gchar *name)
{
  g_autofree gchar *path = g_strconcat (PATH "/audio/", name, NULL);
  g_autoptr (GArray) samples = make_tone (16000, 1, 1600, 440.0, 0.25);
  g_autoptr (GBytes) chunk = make_wav (16000, 1, samples);

  return box_send (box, "POST", path, "audio/wav", chunk);
}

static void
check_upload (Box *box, const gchar *name, guint status, const gchar *code)
{
  g_autoptr (Answer) answer = upload (box, name);

  answer_check (answer, status, code);
}

static void
check_get (Box *box, guint status, const gchar *state)
{
  g_autoptr (Answer) answer = box_get (box, PATH);

  answer_check (answer, status, NULL);
  if (state != NULL)
    g_assert_cmpstr (answer_string (answer, "status"), ==, state);
}

static void
check_end (Box *box, guint status, const gchar *code)
{
  g_autoptr (Answer) answer = box_post (box, PATH "/end", END);

  answer_check (answer, status, code);
}

static gboolean
is_kept (Box *box, const gchar *folder, const gchar *file)
{
  g_autofree gchar *path
      = g_build_filename (box->directory, folder, file, NULL);

  return g_file_test (path, G_FILE_TEST_IS_REGULAR);
}

/* --- loss of memory ------------------------------------------------------- */

static void
test_forget (void)
{
  g_autoptr (Box) box = box_start ("--fault=upload:2,4:forget", NULL);

  box_create (box, NULL);
  check_upload (box, "a_0.wav", 200, NULL);
  check_upload (box, "a_1.wav", 404, "session_not_found");
  check_get (box, 404, NULL);
  g_assert_false (is_kept (box, SESSION, "0.wav"));
  g_assert_true (is_kept (box, SESSION ".forgotten-1", "0.wav"));
  g_assert_true (is_kept (box, SESSION ".forgotten-1", "session.json"));
  /* The id is free again, and may be forgotten again. */
  box_create (box, NULL);
  check_upload (box, "b_0.wav", 200, NULL);
  check_upload (box, "b_1.wav", 404, "session_not_found");
  g_assert_true (is_kept (box, SESSION ".forgotten-1", "0.wav"));
  g_assert_true (is_kept (box, SESSION ".forgotten-2", "0.wav"));
  box_create (box, NULL);
}

/* The call itself is the fresh service's, and so are the sessions after it. */
static void
test_forget_at_create (void)
{
  g_autoptr (Box) box = box_start ("--fault=create:2:forget", NULL);
  g_autoptr (Answer) answer = NULL;

  box_create (box, NULL);
  check_upload (box, "a_0.wav", 200, NULL);
  check_end (box, 202, NULL);
  box_create (box, NULL);
  check_get (box, 202, "initialized");
  check_upload (box, "a_0.wav", 200, NULL);
  check_end (box, 202, NULL);
  answer = box_wait (box);
  answer_check (answer, 200, NULL);
  g_assert_cmpint (answer_int (answer, "audio_files_received"), ==, 1);
}

static void
test_forget_elsewhere (void)
{
  g_autoptr (Box) box
      = box_start ("--fault=end:1:forget", "--fault=get:1:forget",
                   "--fault=discovery:1:forget", "--fault=patch:1:forget",
                   NULL);
  g_autoptr (GBytes) cancel
      = g_bytes_new_static ("{\"user_status\":\"cancelled\"}", 27);
  g_autoptr (Answer) discovery = NULL;
  g_autoptr (Answer) patch = NULL;

  box_create (box, NULL);
  check_end (box, 404, "session_not_found");
  box_create (box, NULL);
  check_get (box, 404, NULL);
  box_create (box, NULL);
  discovery = box_get (box, ".well-known/medscribealliance");
  answer_check (discovery, 200, NULL);
  check_get (box, 404, NULL);
  box_create (box, NULL);
  patch = box_send (box, "PATCH", PATH, "application/json", cancel);
  answer_check (patch, 404, "session_not_found");
}

/* --- what others and time do ---------------------------------------------- */

static void
test_end_session (void)
{
  g_autoptr (Box) box = box_start ("--fault=upload:2:end-session", NULL);
  g_autoptr (Answer) answer = NULL;

  box_create (box, NULL);
  check_upload (box, "a_0.wav", 200, NULL);
  check_upload (box, "a_1.wav", 400, "session_ended");
  answer = box_wait (box);
  answer_check (answer, 200, NULL);
  g_assert_cmpstr (answer_string (answer, "status"), ==, "completed");
  g_assert_cmpint (answer_int (answer, "audio_files_received"), ==, 1);
}

static void
test_end_session_at_end (void)
{
  g_autoptr (Box) box = box_start ("--fault=end:1:end-session", NULL);

  box_create (box, NULL);
  check_upload (box, "a_0.wav", 200, NULL);
  check_end (box, 400, "session_ended");
}

static void
test_end_session_at_get (void)
{
  g_autoptr (Box) box = box_start ("--fault=get:1:end-session",
                                   "--processing-time=60", NULL);

  box_create (box, NULL);
  check_get (box, 202, "processing");
}

static void
test_expire (void)
{
  g_autoptr (Box) box
      = box_start ("--fault=upload:1:expire", "--fault=get:2:expire", NULL);

  box_create (box, NULL);
  check_upload (box, "a_0.wav", 410, "session_expired");
  check_get (box, 410, "expired");
  check_get (box, 410, "expired");
  check_end (box, 410, "session_expired");
}

static void
test_expire_at_get (void)
{
  g_autoptr (Box) box
      = box_start ("--fault=get:2:expire", "--processing-time=60", NULL);

  box_create (box, NULL);
  check_end (box, 202, NULL);
  check_get (box, 202, "processing");
  check_get (box, 410, "expired");
}

/* What a call with @token (nullable) gets. */
static void
check_token (Box *box, const gchar *token, guint status, const gchar *code)
{
  g_autoptr (Answer) answer = NULL;

  box->token = token;
  answer = box_get (box, "templates");
  box->token = NULL;
  answer_check (answer, status, code);
}

static void
test_any_token_expires (void)
{
  g_autoptr (Box) box = box_start ("--fault=get:1:token-expired", NULL);
  g_autoptr (Answer) answer = NULL;

  check_token (box, "Bearer early", 200, NULL);
  box->token = "Bearer late";
  answer = box_get (box, PATH);
  answer_check (answer, 401, "token_expired");
  check_token (box, "Bearer early", 401, "token_expired");
  check_token (box, "Bearer late", 401, "token_expired");
  check_token (box, "Bearer new", 200, NULL);
  check_token (box, "Bearer newer", 200, NULL);
}

static void
test_only_token_expires (void)
{
  g_autoptr (Box) box
      = box_start ("--token=old", "--fault=get:1:token-expired", NULL);
  g_autoptr (Answer) answer = NULL;

  check_token (box, "Bearer new", 401, "authentication_failed");
  box->token = "Bearer old";
  answer = box_get (box, PATH);
  answer_check (answer, 401, "token_expired");
  check_token (box, "Bearer old", 401, "token_expired");
  check_token (box, "Bearer new", 200, NULL);
  check_token (box, "Bearer other", 401, "authentication_failed");
  check_token (box, "Bearer new", 200, NULL);
}

/* --- counting -------------------------------------------------------------- */

/* Each kind of call by itself; those of strangers not at all. */
static void
test_counts (void)
{
  g_autoptr (Box) box
      = box_start ("--token=right", "--fault=get:2:500", NULL);

  check_get (box, 401, NULL);
  check_get (box, 401, NULL);
  box->token = "Bearer right";
  check_get (box, 404, NULL);
  check_end (box, 404, "session_not_found");
  check_get (box, 500, NULL);
  check_get (box, 404, NULL);
}

static void
test_log (void)
{
  g_autofree gchar *log = NULL;

  {
    g_autoptr (Box) box = box_start_logged (
        &log, "--fault=get:2:503=1", "--fault=upload:1:slow=0.05",
        "--fault=create:1:early", NULL);
    g_autoptr (Answer) early
        = box_post (box, "sessions", "{" MINIMAL "}");

    answer_check (early, 503, NULL);
    check_get (box, 404, NULL);
    check_get (box, 503, NULL);
    check_upload (box, "a_0.wav", 404, "session_not_found");
  }
  g_test_message ("%s", log);
  g_assert_true (g_regex_match_simple (
      "^[0-9:.]+ POST /voice/v1/sessions 503 [0-9.]+ ms create:1:early\n"
      "[0-9:.]+ GET /voice/v1/" PATH " 404 [0-9.]+ ms\n"
      "[0-9:.]+ GET /voice/v1/" PATH " 503 [0-9.]+ ms get:2:503=1\n"
      "[0-9:.]+ POST /voice/v1/" PATH "/audio/a_0.wav 404 [0-9.]+ ms "
      "upload:1:slow=0.05\n$",
      log, 0, 0));
}

/* What a client settles doubts with is there in every state. */
static void
test_every_state_tells_all (void)
{
  static const gchar *const finals[]
      = { "completed", "partial", "failed", "expired" };
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (finals); i++)
    {
      g_autofree gchar *option = g_strconcat ("--final=", finals[i], NULL);
      g_autoptr (Box) box = box_start (option, NULL);
      Answer *answers[3];
      gsize j;

      box_create (box, "\"templates\":[\"soap_template\"]");
      check_upload (box, "a_0.wav", 200, NULL);
      answers[0] = box_get (box, PATH);
      check_end (box, 202, NULL);
      answers[1] = box_get (box, PATH);
      answers[2] = box_wait (box);
      g_assert_cmpstr (answer_string (answers[2], "status"), ==, finals[i]);
      for (j = 0; j < G_N_ELEMENTS (answers); j++)
        {
          g_assert_cmpstr (answer_string (answers[j], "audio_files.0"), ==,
                           "0.wav");
          g_assert_cmpint (answer_int (answers[j], "audio_files_received"),
                           ==, 1);
          g_assert_nonnull (answer_string (answers[j], "created_at"));
          g_assert_nonnull (answer_string (answers[j], "expires_at"));
          g_assert_nonnull (answer_string (answers[j], "upload_url"));
          g_assert_nonnull (
              soup_message_headers_get_one (answers[j]->headers, "Date"));
          answer_free (answers[j]);
        }
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/mishaps/forget", test_forget);
  g_test_add_func ("/mishaps/forget-at-create", test_forget_at_create);
  g_test_add_func ("/mishaps/forget-elsewhere", test_forget_elsewhere);
  g_test_add_func ("/mishaps/end-session", test_end_session);
  g_test_add_func ("/mishaps/end-session-at-end", test_end_session_at_end);
  g_test_add_func ("/mishaps/end-session-at-get", test_end_session_at_get);
  g_test_add_func ("/mishaps/expire", test_expire);
  g_test_add_func ("/mishaps/expire-at-get", test_expire_at_get);
  g_test_add_func ("/mishaps/any-token-expires", test_any_token_expires);
  g_test_add_func ("/mishaps/only-token-expires", test_only_token_expires);
  g_test_add_func ("/mishaps/counts", test_counts);
  g_test_add_func ("/mishaps/log", test_log);
  g_test_add_func ("/mishaps/every-state-tells-all",
                   test_every_state_tells_all);
  return g_test_run ();
}
