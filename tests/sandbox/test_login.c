/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "fixture.h"

#include <string.h>

#define LOGIN "/connect-auth/v1/account/login"
#define REFRESH "/connect-auth/v1/account/refresh-token"
#define RIGHT "{\"client_id\":\"clinic\",\"client_secret\":\"s3:cret\"}"
#define CLIENT "--client=clinic:s3:cret"

/* What a client has after a login. */
typedef struct
{
  gchar *access;
  gchar *refresh;
  gchar *bearer;
} Grant;

static void
grant_free (Grant *self)
{
  g_free (self->access);
  g_free (self->refresh);
  g_free (self->bearer);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Grant, grant_free)

static Grant *
read_grant (Answer *answer, gint64 lifetime)
{
  Grant *grant = g_new0 (Grant, 1);

  answer_check (answer, 200, NULL);
  g_assert_cmpint (answer_int (answer, "expires_in"), ==, lifetime);
  grant->access = g_strdup (answer_string (answer, "access_token"));
  grant->refresh = g_strdup (answer_string (answer, "refresh_token"));
  grant->bearer = g_strconcat ("Bearer ", grant->access, NULL);
  g_assert_cmpstr (grant->access, !=, grant->refresh);
  return grant;
}

static Grant *
log_in (Box *box, gint64 lifetime)
{
  g_autoptr (Answer) answer = box_post (box, LOGIN, RIGHT);

  return read_grant (answer, lifetime);
}

static Answer *
refresh (Box *box, const gchar *token, const gchar *access)
{
  g_autofree gchar *json
      = g_strdup_printf ("{\"refresh_token\":\"%s\",\"access_token\":\"%s\"}",
                         token, access);

  return box_post (box, REFRESH, json);
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
test_issued_tokens_only (void)
{
  g_autoptr (Box) box = box_start (CLIENT, NULL);
  g_autoptr (Grant) one = log_in (box, 3600);
  g_autoptr (Grant) two = log_in (box, 3600);
  g_autofree gchar *of_refresh = g_strconcat ("Bearer ", one->refresh, NULL);

  g_assert_cmpstr (one->access, !=, two->access);
  check_token (box, NULL, 401, "authentication_failed");
  check_token (box, "Bearer s3:cret", 401, "authentication_failed");
  check_token (box, of_refresh, 401, "authentication_failed");
  check_token (box, one->bearer, 200, NULL);
  check_token (box, two->bearer, 200, NULL);
}

static void
test_token_option_beside (void)
{
  g_autoptr (Box) box = box_start (CLIENT, "--token=fixed", NULL);
  g_autoptr (Grant) grant = log_in (box, 3600);

  check_token (box, "Bearer fixed", 200, NULL);
  check_token (box, grant->bearer, 200, NULL);
  check_token (box, "Bearer other", 401, "authentication_failed");
}

static void
test_wrong_login (void)
{
  static const struct
  {
    const gchar *json;
    guint status;
    const gchar *code;
  } cases[] = {
    { "{\"client_id\":\"clinic\",\"client_secret\":\"s3\"}", 401,
      "authentication_failed" },
    { "{\"client_id\":\"other\",\"client_secret\":\"s3:cret\"}", 401,
      "authentication_failed" },
    { "{\"client_id\":\"clinic\",\"client_secret\":\"\"}", 401,
      "authentication_failed" },
    { "{\"client_id\":\"clinic\"}", 400, "missing_required_field" },
    { "{\"client_secret\":\"s3:cret\"}", 400, "missing_required_field" },
    { "{\"client_id\":\"clinic\",\"client_secret\":null}", 400,
      "missing_required_field" },
    { "{\"client_id\":\"clinic\",\"client_secret\":3}", 422,
      "validation_error" },
    { "{\"client_id\":{},\"client_secret\":\"s3:cret\"}", 422,
      "validation_error" },
    { "clinic", 400, "invalid_request" },
    { "[]", 422, "validation_error" },
  };
  g_autoptr (Box) box = box_start (CLIENT, NULL);
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (Answer) answer = box_post (box, LOGIN, cases[i].json);

      g_test_message ("%s", cases[i].json);
      answer_check (answer, cases[i].status, cases[i].code);
    }
}

static void
test_refresh (void)
{
  g_autoptr (Box) box = box_start (CLIENT, NULL);
  g_autoptr (Grant) one = log_in (box, 3600);
  g_autoptr (Answer) answer = refresh (box, one->refresh, one->access);
  g_autoptr (Grant) two = read_grant (answer, 3600);

  g_assert_cmpstr (one->access, !=, two->access);
  g_assert_cmpstr (one->refresh, !=, two->refresh);
  check_token (box, two->bearer, 200, NULL);
  /* Calls under way with it are not cut off. */
  check_token (box, one->bearer, 200, NULL);
}

static void
test_wrong_refresh (void)
{
  g_autoptr (Box) box = box_start (CLIENT, NULL);
  g_autoptr (Grant) one = log_in (box, 3600);
  g_autoptr (Grant) two = log_in (box, 3600);
  g_autoptr (Answer) unknown = refresh (box, "unknown", one->access);
  g_autoptr (Answer) swapped = refresh (box, one->access, one->refresh);
  g_autoptr (Answer) mixed = refresh (box, one->refresh, two->access);
  g_autoptr (Answer) lacking = box_post (box, REFRESH, "{\"refresh_token\":\"a\"}");
  g_autoptr (Answer) right = NULL;

  answer_check (unknown, 401, "authentication_failed");
  answer_check (swapped, 401, "authentication_failed");
  answer_check (mixed, 401, "authentication_failed");
  answer_check (lacking, 400, "missing_required_field");
  /* None of that took anything away. */
  check_token (box, one->bearer, 200, NULL);
  right = refresh (box, one->refresh, one->access);
  answer_check (right, 200, NULL);
}

static void
test_used_refresh_token_revokes_all (void)
{
  g_autoptr (Box) box = box_start (CLIENT, NULL);
  g_autoptr (Grant) one = log_in (box, 3600);
  g_autoptr (Grant) other = log_in (box, 3600);
  g_autoptr (Answer) first = refresh (box, one->refresh, one->access);
  g_autoptr (Grant) two = read_grant (first, 3600);
  g_autoptr (Answer) again = refresh (box, one->refresh, one->access);
  g_autoptr (Answer) next = NULL;
  g_autoptr (Grant) three = NULL;

  answer_check (again, 401, "authentication_failed");
  check_token (box, one->bearer, 401, "authentication_failed");
  check_token (box, two->bearer, 401, "authentication_failed");
  check_token (box, other->bearer, 401, "authentication_failed");
  next = refresh (box, two->refresh, two->access);
  answer_check (next, 401, "authentication_failed");
  three = log_in (box, 3600);
  check_token (box, three->bearer, 200, NULL);
}

/* The lifetime is so short that it is over with the next call. */
static void
test_lifetime (void)
{
  g_autoptr (Box) box
      = box_start (CLIENT, "--token-lifetime=0.000001", NULL);
  g_autoptr (Grant) one = log_in (box, 1);
  g_autoptr (Answer) answer = NULL;

  check_token (box, one->bearer, 401, "token_expired");
  answer = refresh (box, one->refresh, one->access);
  answer_check (answer, 200, NULL);
}

static void
test_token_expired (void)
{
  g_autoptr (Box) box
      = box_start (CLIENT, "--fault=get:2:token-expired", NULL);
  g_autoptr (Grant) used = log_in (box, 3600);
  g_autoptr (Grant) unused = log_in (box, 3600);
  g_autoptr (Answer) before = NULL;
  g_autoptr (Answer) fault = NULL;
  g_autoptr (Answer) answer = NULL;
  g_autoptr (Grant) next = NULL;

  box->token = used->bearer;
  before = box_get (box, "sessions/" SESSION);
  fault = box_get (box, "sessions/" SESSION);
  box->token = NULL;
  answer_check (before, 404, "session_not_found");
  answer_check (fault, 401, "token_expired");
  check_token (box, used->bearer, 401, "token_expired");
  check_token (box, unused->bearer, 401, "token_expired");
  answer = refresh (box, used->refresh, used->access);
  next = read_grant (answer, 3600);
  check_token (box, next->bearer, 200, NULL);
}

static void
test_faults (void)
{
  g_autoptr (Box) box
      = box_start (CLIENT, "--fault=login:1:503", "--fault=login:3:wrong-json",
                   "--fault=refresh:2:401", NULL);
  g_autoptr (Answer) refused = box_post (box, LOGIN, RIGHT);
  g_autoptr (Grant) one = log_in (box, 3600);
  g_autoptr (Answer) wrong = box_post (box, LOGIN, RIGHT);
  g_autoptr (Answer) first = refresh (box, one->refresh, one->access);
  g_autoptr (Grant) two = read_grant (first, 3600);
  g_autoptr (Answer) second = refresh (box, two->refresh, two->access);
  g_autoptr (Answer) third = NULL;

  answer_check (refused, 503, "service_unavailable");
  g_assert_cmpint (answer_int (wrong, "access_token"), ==, 17);
  answer_check (second, 401, "authentication_failed");
  /* It was not used up. */
  third = refresh (box, two->refresh, two->access);
  answer_check (third, 200, NULL);
}

static void
test_no_client (void)
{
  static const gchar *const paths[]
      = { LOGIN, REFRESH, "/voice/v1/connect-auth/v1/account/login",
          "/connect-auth/v1/account/logout", "/connect-auth/v1/account/" };
  g_autoptr (Box) box = box_start (NULL);
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (paths); i++)
    {
      g_autoptr (Answer) answer = box_post (box, paths[i], RIGHT);

      g_test_message ("%s", paths[i]);
      answer_check (answer, 404, "not_found");
    }
}

static void
test_paths (void)
{
  g_autoptr (Box) box = box_start (CLIENT, NULL);
  g_autoptr (Answer) get = box_get (box, LOGIN);
  g_autoptr (Answer) below
      = box_post (box, "connect-auth/v1/account/login", RIGHT);

  answer_check (get, 405, "method_not_allowed");
  answer_check (below, 404, "not_found");
}

/* A line for each call, with nothing secret in it. */
static void
test_log (void)
{
  g_autofree gchar *log = NULL;
  gchar *secrets[4];
  gsize i;

  {
    g_autoptr (Box) box = box_start_logged (&log, CLIENT, NULL);
    g_autoptr (Grant) grant = log_in (box, 3600);
    g_autoptr (Answer) answer = refresh (box, grant->refresh, grant->access);

    answer_check (answer, 200, NULL);
    secrets[0] = g_strdup (grant->access);
    secrets[1] = g_strdup (grant->refresh);
    secrets[2] = g_strdup (answer_string (answer, "access_token"));
    secrets[3] = g_strdup ("s3:cret");
  }
  g_test_message ("%s", log);
  g_assert_nonnull (strstr (log, "POST " LOGIN " 200"));
  g_assert_nonnull (strstr (log, "POST " REFRESH " 200"));
  for (i = 0; i < G_N_ELEMENTS (secrets); i++)
    {
      g_assert_null (strstr (log, secrets[i]));
      g_clear_pointer (&secrets[i], g_free);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/login/issued-tokens-only", test_issued_tokens_only);
  g_test_add_func ("/login/token-option-beside", test_token_option_beside);
  g_test_add_func ("/login/wrong-login", test_wrong_login);
  g_test_add_func ("/login/refresh", test_refresh);
  g_test_add_func ("/login/wrong-refresh", test_wrong_refresh);
  g_test_add_func ("/login/used-refresh-token-revokes-all",
                   test_used_refresh_token_revokes_all);
  g_test_add_func ("/login/lifetime", test_lifetime);
  g_test_add_func ("/login/token-expired", test_token_expired);
  g_test_add_func ("/login/faults", test_faults);
  g_test_add_func ("/login/no-client", test_no_client);
  g_test_add_func ("/login/paths", test_paths);
  g_test_add_func ("/login/log", test_log);
  return g_test_run ();
}
