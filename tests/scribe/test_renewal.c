/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "scribe/renewal.h"

#include <string.h>

#include <glib/gstdio.h>

#include "liar.h"
#include "scribe/error.h"

#define AUTH "https://api.example/connect-auth/v1"

typedef struct
{
  EkaLiar *liar;
  EkaClock *clock;
  EkaToken *token;
  EkaLogin *login;
  gchar *folder;
  gchar *file;
  /* of the last renewal */
  gboolean changed;
  GError *error;
  guint done;
  /* of who is asked */
  guint asked;
  const gchar *answer;
  gboolean later;
} Fixture;

static void
set_up (Fixture      *f,
        gconstpointer data)
{
  f->liar = eka_liar_new ();
  f->clock = eka_clock_new_test ();
  eka_clock_advance (f->clock, G_TIME_SPAN_HOUR);
  f->token = eka_token_new ();
  f->folder = g_dir_make_tmp ("eka-renewal-XXXXXX", NULL);
  f->file = g_build_filename (f->folder, "token", NULL);
}

static void
tear_down (Fixture      *f,
           gconstpointer data)
{
  eka_token_unref (f->token);
  g_clear_pointer (&f->login, eka_login_unref);
  eka_clock_unref (f->clock);
  g_assert_finalize_object (f->liar);
  g_unlink (f->file);
  g_assert_cmpint (g_rmdir (f->folder), ==, 0);
  g_clear_error (&f->error);
  g_free (f->file);
  g_free (f->folder);
}

static void
write_file (Fixture     *f,
            const gchar *contents)
{
  g_assert_true (g_file_set_contents (f->file, contents, -1, NULL));
}

static void
use_login (Fixture *f)
{
  f->login = eka_login_acquire (AUTH, "clinic", "s3cret");
  eka_token_set_login (f->token, f->login);
}

static void
renewed (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  Fixture *f = user_data;

  g_clear_error (&f->error);
  f->changed = eka_renewal_finish (f->token, result, &f->error);
  f->done++;
}

static void
begin (Fixture     *f,
       const gchar *refused)
{
  eka_renewal_async (f->token, EKA_TRANSPORT (f->liar), f->clock, refused,
                     renewed, f);
}

static void
await (Fixture *f,
       guint    done)
{
  while (f->done < done)
    g_main_context_iteration (NULL, TRUE);
}

static gboolean
renew (Fixture     *f,
       const gchar *refused)
{
  guint done = f->done;

  begin (f, refused);
  await (f, done + 1);
  return f->changed;
}

static void
assert_credential (Fixture     *f,
                   const gchar *expected)
{
  g_autoptr (EkaRequest) request = eka_request_new (EKA_CALL_GET, "GET", "x:");

  eka_token_authorize (f->token, request);
  g_assert_cmpstr (request->credential, ==, expected);
}

/* --- the file ------------------------------------------------------------- */

static void
test_only_another_token_is_worth_a_try (Fixture      *f,
                                        gconstpointer data)
{
  eka_token_set_file (f->token, f->file);
  write_file (f, "one");
  g_assert_true (eka_token_load (f->token, NULL));
  g_assert_false (renew (f, "Bearer one"));
  g_assert_no_error (f->error);
  write_file (f, "\n two \n");
  g_assert_true (renew (f, "Bearer one"));
  assert_credential (f, "Bearer two");

  /* A file that is gone or torn keeps what there was. */
  write_file (f, "");
  g_assert_false (renew (f, "Bearer two"));
  g_unlink (f->file);
  g_assert_false (renew (f, "Bearer two"));
  assert_credential (f, "Bearer two");
}

/* Two calls are refused with the same token; the one that is answered second
 * must not be told that nothing changed because the first has read the file. */
static void
test_what_was_sent_is_compared (Fixture      *f,
                                gconstpointer data)
{
  eka_token_set_file (f->token, f->file);
  write_file (f, "one");
  g_assert_true (eka_token_load (f->token, NULL));
  write_file (f, "two");
  g_assert_true (renew (f, "Bearer one"));
  g_assert_true (renew (f, "Bearer one"));
  /* So for an application that sets a new token while a call is under way. */
  eka_token_set_value (f->token, "three");
  g_assert_true (renew (f, "Bearer two"));
  g_assert_false (renew (f, "Bearer three"));
}

/* --- client credentials --------------------------------------------------- */

static void
assert_body (Fixture     *f,
             EkaCall      call,
             guint        nth,
             const gchar *uri,
             const gchar *body)
{
  EkaRequest *request = eka_liar_nth (f->liar, call, nth);

  g_assert_nonnull (request);
  g_assert_cmpstr (request->uri, ==, uri);
  g_assert_cmpstr (request->content_type, ==, "application/json");
  g_assert_null (request->credential);
  g_assert_cmpmem (g_bytes_get_data (request->body, NULL),
                   g_bytes_get_size (request->body), body, strlen (body));
}

static void
test_clients_log_in_and_refresh (Fixture      *f,
                                 gconstpointer data)
{
  use_login (f);
  g_assert_true (eka_token_is_due (f->token, eka_clock_now (f->clock)));
  g_assert_true (renew (f, NULL));
  assert_credential (f, "Bearer token-1");
  assert_body (f, EKA_CALL_LOGIN, 0, AUTH "/account/login",
               "{\"client_id\":\"clinic\",\"client_secret\":\"s3cret\"}");
  g_assert_true (renew (f, "Bearer token-1"));
  assert_credential (f, "Bearer token-2");
  assert_body (f, EKA_CALL_REFRESH, 0, AUTH "/account/refresh-token",
               "{\"refresh_token\":\"again-1\","
               "\"access_token\":\"token-1\"}");
  g_assert_cmpuint (eka_liar_count (f->liar, EKA_CALL_LOGIN), ==, 1);
}

/* Its answer may be lost after it was heard: twice the same refresh token would
 * revoke everything. */
static void
test_a_refresh_is_never_repeated (Fixture      *f,
                                  gconstpointer data)
{
  guint status = GPOINTER_TO_UINT (data);

  use_login (f);
  g_assert_true (renew (f, NULL));
  if (status == 0)
    eka_liar_push_error (f->liar, EKA_CALL_REFRESH,
                         g_error_new_literal (EKA_SCRIBE_ERROR,
                                              EKA_SCRIBE_ERROR_NETWORK,
                                              "reset"));
  else
    eka_liar_push (f->liar, EKA_CALL_REFRESH, status, "{}");
  g_assert_true (renew (f, "Bearer token-1"));
  g_assert_cmpuint (eka_liar_count (f->liar, EKA_CALL_REFRESH), ==, 1);
  g_assert_cmpuint (eka_liar_count (f->liar, EKA_CALL_LOGIN), ==, 2);
  assert_credential (f, "Bearer token-2");
}

static void
test_a_token_is_due_before_it_expires (Fixture      *f,
                                       gconstpointer data)
{
  use_login (f);
  g_assert_true (renew (f, NULL));
  eka_clock_advance (f->clock, 3539 * G_TIME_SPAN_SECOND);
  g_assert_false (eka_token_is_due (f->token, eka_clock_now (f->clock)));
  eka_clock_advance (f->clock, 2 * G_TIME_SPAN_SECOND);
  g_assert_true (eka_token_is_due (f->token, eka_clock_now (f->clock)));
  g_assert_true (renew (f, "Bearer token-1"));
  g_assert_false (eka_token_is_due (f->token, eka_clock_now (f->clock)));
}

/* What is said of its life may be anything. */
static void
test_any_life_will_do (Fixture      *f,
                       gconstpointer data)
{
  static const gchar *const lives[] = { "\"x\"", "null", "-5", "0", "1e300",
                                        "{}" };
  guint i;

  use_login (f);
  for (i = 0; i < G_N_ELEMENTS (lives); i++)
    {
      g_autofree gchar *body = g_strdup_printf (
          "{\"access_token\":\"live-%u\",\"expires_in\":%s}", i, lives[i]);
      g_autofree gchar *before = g_strdup_printf ("Bearer live-%u", i - 1);

      eka_liar_push (f->liar, EKA_CALL_LOGIN, 200, body);
      g_assert_true (renew (f, i > 0 ? before : NULL));
      g_assert_false (eka_token_is_due (f->token, eka_clock_now (f->clock)));
    }
}

typedef struct
{
  guint status; /* 0: no answer */
  const gchar *body;
  gint code;
} Refusal;

static const Refusal refusals[] = {
  { 0, NULL, EKA_SCRIBE_ERROR_NETWORK },
  { 503, "{}", EKA_SCRIBE_ERROR_UNAVAILABLE },
  { 429, "{}", EKA_SCRIBE_ERROR_UNAVAILABLE },
  { 401, "{\"error\":{\"code\":\"bad\",\"message\":\"not s3cret\"}}",
    EKA_SCRIBE_ERROR_NOT_AUTHORIZED },
  { 400, "", EKA_SCRIBE_ERROR_NOT_AUTHORIZED },
  { 200, "{\"access_token\":\"two words\"}", EKA_SCRIBE_ERROR_PROTOCOL },
  { 200, "{\"access", EKA_SCRIBE_ERROR_PROTOCOL },
  { 200, "[]", EKA_SCRIBE_ERROR_PROTOCOL },
};

static void
test_a_login_that_fails_says_why (Fixture      *f,
                                  gconstpointer data)
{
  const Refusal *refusal = data;

  use_login (f);
  if (refusal->status == 0)
    eka_liar_push_error (f->liar, EKA_CALL_LOGIN,
                         g_error_new_literal (EKA_SCRIBE_ERROR,
                                              EKA_SCRIBE_ERROR_NETWORK,
                                              "reset"));
  else
    eka_liar_push (f->liar, EKA_CALL_LOGIN, refusal->status, refusal->body);
  g_assert_false (renew (f, NULL));
  g_assert_error (f->error, EKA_SCRIBE_ERROR, refusal->code);
  g_assert_null (strstr (f->error->message, "s3cret"));
  if (refusal->code == EKA_SCRIBE_ERROR_NOT_AUTHORIZED)
    g_assert_cmpstr (eka_scribe_error_get_info (f->error)->property, ==,
                     "client-secret");
  /* The next one may go well. */
  g_assert_true (renew (f, NULL));
}

#define MANY 100

/* One call brings the token for all, whoever they are. */
static void
test_many_share_one_login (Fixture      *f,
                           gconstpointer data)
{
  EkaToken *tokens[MANY];
  guint i;

  use_login (f);
  for (i = 0; i < MANY; i++)
    {
      g_autoptr (EkaLogin) login =
          eka_login_acquire (AUTH, "clinic", "s3cret");

      g_assert_true (login == f->login);
      tokens[i] = eka_token_new ();
      eka_token_set_login (tokens[i], login);
    }
  for (i = 0; i < MANY; i++)
    {
      eka_renewal_async (tokens[i], EKA_TRANSPORT (f->liar), f->clock, NULL,
                         renewed, f);
      eka_renewal_async (tokens[i], EKA_TRANSPORT (f->liar), f->clock, NULL,
                         renewed, f);
    }
  await (f, 2 * MANY);
  g_assert_cmpuint (eka_liar_count (f->liar, EKA_CALL_LOGIN), ==, 1);
  for (i = 0; i < MANY; i++)
    eka_renewal_async (tokens[i], EKA_TRANSPORT (f->liar), f->clock,
                       "Bearer token-1", renewed, f);
  await (f, 3 * MANY);
  g_assert_cmpuint (eka_liar_count (f->liar, EKA_CALL_LOGIN), ==, 1);
  g_assert_cmpuint (eka_liar_count (f->liar, EKA_CALL_REFRESH), ==, 1);
  g_assert_true (f->changed);
  for (i = 0; i < MANY; i++)
    eka_token_unref (tokens[i]);
}

static void
test_other_clients_have_other_logins (Fixture      *f,
                                      gconstpointer data)
{
  g_autoptr (EkaLogin) a = eka_login_acquire (AUTH, "a", "s");
  g_autoptr (EkaLogin) b = eka_login_acquire (AUTH, "b", "s");
  g_autoptr (EkaLogin) c = eka_login_acquire (AUTH, "a", "t");
  g_autoptr (EkaLogin) d = eka_login_acquire (AUTH "/", "a", "s");

  g_assert_true (a != b && a != c && a != d);
}

/* --- somebody is asked ---------------------------------------------------- */

static gpointer
answer_in_thread (gpointer data)
{
  Fixture *f = data;

  eka_renewal_answer (f->token, f->answer, f->later);
  return NULL;
}

static void
ask (EkaToken *token,
     gpointer  user_data)
{
  Fixture *f = user_data;

  f->asked++;
  g_thread_unref (g_thread_new ("answer", answer_in_thread, f));
}

static void
test_whoever_is_asked_brings_it (Fixture      *f,
                                 gconstpointer data)
{
  eka_token_set_ask_func (f->token, ask, f, NULL);
  f->answer = "asked";
  begin (f, NULL);
  begin (f, NULL);
  await (f, 2);
  g_assert_true (f->changed);
  g_assert_cmpuint (f->asked, ==, 1);
  g_assert_false (eka_token_may_come (f->token));
  assert_credential (f, "Bearer asked");
}

/* Who has none is not pestered, but asked again for another one that is
 * refused, and after a while. */
static void
test_nobody_is_pestered (Fixture      *f,
                         gconstpointer data)
{
  eka_token_set_ask_func (f->token, ask, f, NULL);
  eka_token_set_value (f->token, "one");
  f->later = TRUE;
  g_assert_false (renew (f, "Bearer one"));
  g_assert_no_error (f->error);
  g_assert_true (eka_token_may_come (f->token));
  g_assert_false (renew (f, "Bearer one"));
  g_assert_cmpuint (f->asked, ==, 1);
  eka_clock_advance (f->clock, G_TIME_SPAN_MINUTE);
  g_assert_false (renew (f, "Bearer one"));
  g_assert_cmpuint (f->asked, ==, 2);
  eka_token_set_value (f->token, "two");
  g_assert_true (renew (f, "Bearer one"));
  g_assert_cmpuint (f->asked, ==, 2);
  g_assert_false (renew (f, "Bearer two"));
  g_assert_cmpuint (f->asked, ==, 3);
}

static void
test_an_answer_that_nobody_asked_for_is_none (Fixture      *f,
                                              gconstpointer data)
{
  eka_renewal_answer (f->token, "late", FALSE);
  g_assert_false (eka_token_is_set (f->token));
}

/* The file first, then the client, then who is asked. */
static void
test_the_order (Fixture      *f,
                gconstpointer data)
{
  eka_token_set_ask_func (f->token, ask, f, NULL);
  f->answer = "asked";
  use_login (f);
  eka_token_set_file (f->token, f->file);
  write_file (f, "filed");
  g_assert_true (renew (f, "Bearer x"));
  assert_credential (f, "Bearer filed");
  g_assert_true (renew (f, "Bearer filed"));
  assert_credential (f, "Bearer token-1");
  g_assert_cmpuint (f->asked, ==, 0);
  eka_token_set_login (f->token, NULL);
  g_assert_true (renew (f, "Bearer token-1"));
  assert_credential (f, "Bearer asked");
}

int
main (int    argc,
      char **argv)
{
  guint i;

  g_test_init (&argc, &argv, NULL);
#define ADD(name, data, func)                                                 \
  g_test_add ("/scribe/renewal/" name, Fixture, data, set_up, func, tear_down)
  ADD ("only another token is worth a try", NULL,
       test_only_another_token_is_worth_a_try);
  ADD ("what was sent is compared", NULL, test_what_was_sent_is_compared);
  ADD ("clients log in and refresh", NULL, test_clients_log_in_and_refresh);
  ADD ("a refresh is never repeated/reset", NULL,
       test_a_refresh_is_never_repeated);
  ADD ("a refresh is never repeated/401", GUINT_TO_POINTER (401),
       test_a_refresh_is_never_repeated);
  ADD ("a refresh is never repeated/500", GUINT_TO_POINTER (500),
       test_a_refresh_is_never_repeated);
  ADD ("a refresh is never repeated/200", GUINT_TO_POINTER (200),
       test_a_refresh_is_never_repeated);
  ADD ("a token is due before it expires", NULL,
       test_a_token_is_due_before_it_expires);
  ADD ("any life will do", NULL, test_any_life_will_do);
  for (i = 0; i < G_N_ELEMENTS (refusals); i++)
    {
      g_autofree gchar *path = g_strdup_printf (
          "/scribe/renewal/a login that fails says why/%u", i);

      g_test_add (path, Fixture, &refusals[i], set_up,
                  test_a_login_that_fails_says_why, tear_down);
    }
  ADD ("many share one login", NULL, test_many_share_one_login);
  ADD ("other clients have other logins", NULL,
       test_other_clients_have_other_logins);
  ADD ("whoever is asked brings it", NULL, test_whoever_is_asked_brings_it);
  ADD ("nobody is pestered", NULL, test_nobody_is_pestered);
  ADD ("an answer that nobody asked for is none", NULL,
       test_an_answer_that_nobody_asked_for_is_none);
  ADD ("the order", NULL, test_the_order);
  return g_test_run ();
}
