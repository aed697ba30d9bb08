/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "fault.h"
#include "fixture.h"

#include <string.h>

static SandboxFault *
parse (const gchar *text)
{
  g_autoptr (GError) error = NULL;
  SandboxFault *fault = sandbox_fault_parse (text, &error);

  g_assert_no_error (error);
  g_assert_nonnull (fault);
  g_assert_cmpstr (fault->text, ==, text);
  return fault;
}

static void
test_wheres (void)
{
  static const gchar *const names[]
      = { "discovery", "create", "upload", "end",
          "get",       "patch",  "login",  "refresh",
          "stream" };
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree gchar *text = g_strconcat (names[i], ":1:reset", NULL);
      g_autoptr (SandboxFault) fault = parse (text);

      g_assert_cmpint (fault->where, ==, (SandboxWhere)i);
    }
}

/* One character a call from the first on: `x` where the fault is for it. */
static void
test_which (void)
{
  static const struct
  {
    const gchar *which;
    const gchar *calls;
  } cases[] = {
    { "1", "x-------" },     { "3", "--x-----" },     { "2-4", "-xxx----" },
    { "3-3", "--x-----" },   { "6-", "-----xxx" },    { "1,3,7-", "x-x---xx" },
    { "5,1-2", "xx--x---" }, { "all", "xxxxxxxx" },   { "2,2-3", "-xx-----" },
  };
  gsize i;
  guint nth;

  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree gchar *text
          = g_strdup_printf ("upload:%s:reset", cases[i].which);
      g_autoptr (GPtrArray) faults = g_ptr_array_new_with_free_func (
          (GDestroyNotify)sandbox_fault_free);

      g_ptr_array_add (faults, parse (text));
      g_test_message ("%s", text);
      for (nth = 1; nth <= 8; nth++)
        {
          g_assert_cmpint (
              sandbox_fault_find (faults, SANDBOX_UPLOAD, nth) != NULL, ==,
              cases[i].calls[nth - 1] == 'x');
          g_assert_null (sandbox_fault_find (faults, SANDBOX_GET, nth));
        }
    }
}

static void
test_first_wins (void)
{
  g_autoptr (GPtrArray) faults
      = g_ptr_array_new_with_free_func ((GDestroyNotify)sandbox_fault_free);

  g_ptr_array_add (faults, parse ("get:2:stall"));
  g_ptr_array_add (faults, parse ("get:2-3:lost"));
  g_assert_null (sandbox_fault_find (faults, SANDBOX_GET, 1));
  g_assert_cmpint (sandbox_fault_find (faults, SANDBOX_GET, 2)->kind, ==,
                   SANDBOX_FAULT_STALL);
  g_assert_cmpint (sandbox_fault_find (faults, SANDBOX_GET, 3)->kind, ==,
                   SANDBOX_FAULT_LOST);
}

static void
test_kinds (void)
{
  static const struct
  {
    const gchar *text;
    SandboxFaultKind kind;
  } cases[] = {
    { "create:1:reset", SANDBOX_FAULT_RESET },
    { "discovery:1:lost", SANDBOX_FAULT_LOST },
    { "get:1:500", SANDBOX_FAULT_STATUS },
    { "login:1:stall", SANDBOX_FAULT_STALL },
    { "refresh:1:slow", SANDBOX_FAULT_SLOW },
    { "patch:1:half-json", SANDBOX_FAULT_HALF_JSON },
    { "end:1:wrong-json", SANDBOX_FAULT_WRONG_JSON },
    { "upload:1:truncated", SANDBOX_FAULT_TRUNCATED },
    { "upload:1:early", SANDBOX_FAULT_EARLY },
    { "end:1:short-list", SANDBOX_FAULT_SHORT_LIST },
    { "get:1:no-list", SANDBOX_FAULT_NO_LIST },
    { "get:1:wrong-count", SANDBOX_FAULT_WRONG_COUNT },
    { "create:1:other-session", SANDBOX_FAULT_OTHER_SESSION },
    { "get:1:no-upload-url", SANDBOX_FAULT_NO_UPLOAD_URL },
    { "upload:1:success-false", SANDBOX_FAULT_SUCCESS_FALSE },
    { "upload:1:wrong-name", SANDBOX_FAULT_WRONG_NAME },
    { "create:1:forget", SANDBOX_FAULT_FORGET },
    { "end:1:end-session", SANDBOX_FAULT_END_SESSION },
    { "get:1:expire", SANDBOX_FAULT_EXPIRE },
    { "create:1:token-expired", SANDBOX_FAULT_TOKEN_EXPIRED },
    { "stream:1:reset@3", SANDBOX_FAULT_RESET },
    { "stream:1:stall@0", SANDBOX_FAULT_STALL },
    { "stream:1:no-close", SANDBOX_FAULT_NO_CLOSE },
    { "stream:1:close@1", SANDBOX_FAULT_CLOSE },
    { "stream:1:eof@1", SANDBOX_FAULT_EOF },
    { "stream:1:oversized@1", SANDBOX_FAULT_OVERSIZED },
    { "stream:1:fragments@1", SANDBOX_FAULT_FRAGMENTS },
    { "stream:1:garbage@1", SANDBOX_FAULT_GARBAGE },
    { "stream:1:garbage-frames@1", SANDBOX_FAULT_GARBAGE_FRAMES },
    { "stream:1:bad-utf8@1", SANDBOX_FAULT_BAD_UTF8 },
    { "stream:1:masked@1", SANDBOX_FAULT_MASKED },
  };
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (SandboxFault) fault = parse (cases[i].text);

      g_test_message ("%s", cases[i].text);
      g_assert_cmpint (fault->kind, ==, cases[i].kind);
      g_assert_cmpuint (fault->status, ==, i == 2 ? 500 : 0);
    }
}

static void
test_statuses (void)
{
  static const struct
  {
    const gchar *text;
    guint status;
    const gchar *code;
    const gchar *retry_after;
  } cases[] = {
    { "upload:1:400", 400, "invalid_request", NULL },
    { "upload:1:400/invalid_audio_format", 400, "invalid_audio_format", NULL },
    { "get:1:401", 401, "authentication_failed", NULL },
    { "get:1:401/token_expired", 401, "token_expired", NULL },
    { "get:1:403", 403, "forbidden", NULL },
    { "discovery:1:404", 404, "not_found", NULL },
    { "end:1:404", 404, "session_not_found", NULL },
    { "create:1:409", 409, "txn_already_initialized", NULL },
    { "end:1:409", 409, "conflict", NULL },
    { "end:1:410", 410, "session_expired", NULL },
    { "upload:1:413", 413, "chunk_too_large", NULL },
    { "create:1:422", 422, "validation_error", NULL },
    { "get:1:429", 429, "rate_limit_exceeded", "1" },
    { "get:1:429=20", 429, "rate_limit_exceeded", "20" },
    { "get:1:429=-5", 429, "rate_limit_exceeded", "-5" },
    { "get:1:429=31536000", 429, "rate_limit_exceeded", "31536000" },
    { "get:1:429/slow_down=date", 429, "slow_down", "date" },
    { "get:1:500", 500, "internal_error", NULL },
    { "get:1:502", 502, NULL, NULL },
    { "get:1:503", 503, "service_unavailable", NULL },
    { "get:1:503=2", 503, "service_unavailable", "2" },
  };
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (SandboxFault) fault = parse (cases[i].text);

      g_test_message ("%s", cases[i].text);
      g_assert_cmpint (fault->kind, ==, SANDBOX_FAULT_STATUS);
      g_assert_cmpuint (fault->status, ==, cases[i].status);
      g_assert_cmpstr (fault->code, ==, cases[i].code);
      g_assert_cmpstr (fault->retry_after, ==, cases[i].retry_after);
    }
}

static void
test_seconds (void)
{
  g_autoptr (SandboxFault) usual = parse ("get:1:slow");
  g_autoptr (SandboxFault) given = parse ("get:1:slow=0.25");

  g_assert_cmpfloat (usual->seconds, ==, 2.0);
  g_assert_cmpfloat (given->seconds, ==, 0.25);
}

static void
test_messages (void)
{
  g_autoptr (SandboxFault) handshake = parse ("stream:1:reset");
  g_autoptr (SandboxFault) first = parse ("stream:1:reset@0");
  g_autoptr (SandboxFault) later = parse ("stream:1:reset@700");
  g_autoptr (SandboxFault) end = parse ("stream:1:no-close");
  g_autoptr (SandboxFault) usual = parse ("stream:1:close@2");
  g_autoptr (SandboxFault) given = parse ("stream:1:close@2=4999");
  g_autoptr (SandboxFault) gateway = parse ("stream:1:html");
  g_autoptr (SandboxFault) forbidden = parse ("stream:1:html=403");

  g_assert_false (handshake->in_stream);
  g_assert_true (first->in_stream);
  g_assert_cmpuint (first->message, ==, 0);
  g_assert_true (later->in_stream);
  g_assert_cmpuint (later->message, ==, 700);
  g_assert_true (end->in_stream);
  g_assert_cmpuint (usual->close_code, ==, 1001);
  g_assert_cmpuint (given->close_code, ==, 4999);
  g_assert_cmpuint (gateway->status, ==, 502);
  g_assert_false (gateway->in_stream);
  g_assert_cmpuint (forbidden->status, ==, 403);
}

static void
test_refused (void)
{
  static const gchar *const wrong[] = {
    "",
    "get",
    "get:1",
    ":1:reset",
    "Get:1:reset",
    "templates:1:reset",
    "get::reset",
    "get:0:reset",
    "get:-1:reset",
    "get:-:reset",
    "get:3-2:reset",
    "get:1-0:reset",
    "get:1-2-3:reset",
    "get:1,:reset",
    "get:,1:reset",
    "get:1 :reset",
    "get:+1:reset",
    "get:x:reset",
    "get:4294967296:reset",
    "get:all,1:reset",
    "get:1:",
    "get:1:nothing",
    "get:1:RESET",
    "get:1:200",
    "get:1:404 ",
    "get:1:418",
    "get:1:504",
    "get:1:400/",
    "get:1:502/bad_gateway",
    "get:1:reset/code",
    "get:1:reset=1",
    "get:1:500=1",
    "get:1:429=",
    "get:1:429=1.5",
    "get:1:429=soon",
    "get:1:slow=",
    "get:1:slow=0",
    "get:1:slow=-1",
    "get:1:slow=nan",
    "get:1:slow=inf",
    "get:1:slow=1s",
    "get:1:slow=3601",
    "get:1:html=",
    "get:1:html=200",
    "get:1:html=600",
    "get:1:html/code",
    "stream:1:500@1",
    "stream:1:html@1",
    "stream:1:forget@1",
    "stream:1:no-close@1",
    "stream:1:no-close=1",
    "stream:1:reset@",
    "stream:1:reset@x",
    "stream:1:reset@-1",
    "stream:1:reset@1@2",
    "stream:1:reset@1=2",
    "stream:1:close",
    "stream:1:close=1001",
    "stream:1:close@1=",
    "stream:1:close@1=999",
    "stream:1:close@1=5000",
    "stream:1:eof",
    "stream:1:oversized",
    "stream:1:fragments",
    "stream:1:garbage",
    "stream:1:garbage-frames",
    "stream:1:bad-utf8",
    "stream:1:masked",
  };
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree gchar *begin = g_strdup_printf ("--fault %s: ", wrong[i]);

      g_test_message ("%s", wrong[i]);
      g_assert_null (sandbox_fault_parse (wrong[i], &error));
      g_assert_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE);
      g_assert_true (g_str_has_prefix (error->message, begin));
    }
}

/* Every pair, and the reason where there is none. */
static void
test_pairs (void)
{
  static const gchar *const wheres[]
      = { "discovery", "create", "upload", "end",
          "get",       "patch",  "login",  "refresh",
          "stream" };
  static const struct
  {
    const gchar *what;
    const gchar *possible; /* a letter for each of the above */
    const gchar *reason;
  } cases[] = {
    { "reset", "dcuegplrs", NULL },
    { "lost", "dcuegplr-", "JSON" },
    { "400", "dcuegplrs", NULL },
    { "410", "dcuegplrs", NULL },
    { "429=date", "dcuegplrs", NULL },
    { "502", "dcuegplrs", NULL },
    { "stall", "dcuegplrs", NULL },
    { "slow", "dcuegplr-", "JSON" },
    { "half-json", "dcuegplr-", "JSON" },
    { "wrong-json", "dcuegplr-", "JSON" },
    { "truncated", "dcuegplr-", "JSON" },
    { "early", "-cue-plr-", "has no body" },
    { "short-list", "---eg----", "audio_files" },
    { "no-list", "---eg----", "audio_files" },
    { "wrong-count", "---eg----", "audio_files_received" },
    { "other-session", "-cuegp---", "session_id" },
    { "no-upload-url", "-c--g----", "upload_url" },
    { "success-false", "--u------", "success" },
    { "wrong-name", "--u------", "original_filename" },
    { "forget", "dcuegp--s", "session" },
    { "end-session", "--uegp--s", "session" },
    { "expire", "--uegp--s", "session" },
    { "token-expired", "-cuegp---", "token" },
    { "html", "dcuegplrs", NULL },
    { "html=403", "dcuegplrs", NULL },
    { "reset@1", "--------s", "stream" },
    { "stall@1", "--------s", "stream" },
    { "no-close", "--------s", "stream" },
    { "close@1=1011", "--------s", "stream" },
    { "eof@1", "--------s", "stream" },
    { "oversized@1", "--------s", "stream" },
    { "fragments@1", "--------s", "stream" },
    { "garbage@1", "--------s", "stream" },
    { "garbage-frames@1", "--------s", "stream" },
    { "bad-utf8@1", "--------s", "stream" },
    { "masked@1", "--------s", "stream" },
  };
  gsize i;
  gsize j;

  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    for (j = 0; j < G_N_ELEMENTS (wheres); j++)
      {
        g_autofree gchar *text
            = g_strdup_printf ("%s:1:%s", wheres[j], cases[i].what);
        g_autoptr (GError) error = NULL;
        g_autoptr (SandboxFault) fault = sandbox_fault_parse (text, &error);

        g_test_message ("%s: %s", text, error ? error->message : "possible");
        g_assert_cmpint (fault != NULL, ==, cases[i].possible[j] != '-');
        if (fault != NULL)
          continue;
        g_assert_nonnull (strstr (error->message, "impossible: "));
        g_assert_nonnull (strstr (error->message, wheres[j]));
        g_assert_nonnull (strstr (error->message, cases[i].reason));
      }
}

/* As a program: nothing on stdout, the reason on stderr, status 2. */
static void
check_refused_start (const gchar *option, const gchar *value,
                     const gchar *reason)
{
  g_autoptr (GError) error = NULL;
  g_autofree gchar *printed = NULL;
  g_autofree gchar *told = NULL;
  g_autoptr (GSubprocess) process = g_subprocess_new (
      G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE, &error,
      g_getenv ("EKASCRIBE_SANDBOX"), "--port=0", option, value, NULL);

  g_assert_no_error (error);
  g_subprocess_communicate_utf8 (process, NULL, NULL, &printed, &told, &error);
  g_assert_no_error (error);
  g_assert_true (g_subprocess_get_if_exited (process));
  g_assert_cmpint (g_subprocess_get_exit_status (process), ==, 2);
  g_assert_cmpstr (printed, ==, "");
  g_test_message ("%s", told);
  g_assert_nonnull (strstr (told, reason));
}

static void
test_refused_start (void)
{
  check_refused_start ("--fault", "create:1:short-list",
                       "create is not answered with audio_files");
  check_refused_start ("--fault", "get:1", "WHERE:WHICH:WHAT");
  check_refused_start ("--fault", "login:1:500", "--client");
  check_refused_start ("--fault", "stream:1:500", "--upload-methods");
  check_refused_start ("--client", "nobody", "ID:SECRET");
  check_refused_start ("--client", ":secret", "ID:SECRET");
  check_refused_start ("--client", "somebody:", "ID:SECRET");
  check_refused_start ("--token-lifetime", "0", "--token-lifetime");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/fault/wheres", test_wheres);
  g_test_add_func ("/fault/which", test_which);
  g_test_add_func ("/fault/first-wins", test_first_wins);
  g_test_add_func ("/fault/kinds", test_kinds);
  g_test_add_func ("/fault/statuses", test_statuses);
  g_test_add_func ("/fault/seconds", test_seconds);
  g_test_add_func ("/fault/messages", test_messages);
  g_test_add_func ("/fault/refused", test_refused);
  g_test_add_func ("/fault/pairs", test_pairs);
  g_test_add_func ("/fault/refused-start", test_refused_start);
  return g_test_run ();
}
