/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "tool.h"

#include <glib/gstdio.h>
#include <string.h>

/* A session that is there, and was not ended. */
static void
open_session (const gchar *url)
{
  g_autofree gchar *command = g_strdup_printf (
      "LD_PRELOAD= curl -fsS %s/sessions -H 'Content-Type: application/json' -d "
      "'{\"upload_type\": \"chunked\", \"communication_protocol\": \"http\", "
      "\"session_id\": \"" TOOL_SESSION "\"}'",
      url);

  harness_run (command);
}

static void
test_results_for_people (void)
{
  g_autoptr (Sandbox) sandbox = sandbox_new (NULL);
  g_autoptr (Launch) launch = NULL;

  tool_record (sandbox->url, NULL);
  launch = tool_run (NULL, 0, "get --wait --base-url=%s " TOOL_SESSION,
                     sandbox->url);
  tool_assert_says (launch->out->str, "== transcript");
  tool_assert_says (launch->out->str, "== soap_template ==");
  tool_assert_says (launch->out->str, "\naudio_ms: 1000\n");
  tool_assert_says (launch->out->str, "\nspeech_segments:\n  - start_ms: ");
  g_assert_null (strchr (launch->out->str, '{'));
  g_assert_cmpstr (launch->err->str, ==, "");
}

static void
test_transcript_alone (void)
{
  g_autoptr (Sandbox) sandbox = sandbox_new (NULL);
  g_autoptr (Launch) launch = NULL;
  g_autoptr (JsonObject) session = NULL;
  g_autofree gchar *expected = NULL;

  tool_record (sandbox->url, NULL);
  launch = tool_run (NULL, 0, "get --text --wait --base-url=%s " TOOL_SESSION,
                     sandbox->url);
  session = sandbox_describe (sandbox);
  expected = g_strconcat (
      json_object_get_string_member (
          json_object_get_object_member (session, "session"), "transcript"),
      "\n", NULL);
  g_assert_cmpstr (launch->out->str, ==, expected);
}

static void
test_json (void)
{
  g_autoptr (Sandbox) sandbox = sandbox_new ("--token " HARNESS_TOKEN);
  const gchar *environment[] = { "EKASCRIBE_ACCESS_TOKEN", HARNESS_TOKEN,
                                 NULL };
  g_autoptr (Launch) launch = NULL;
  g_autoptr (JsonNode) node = NULL;
  JsonObject *root;

  tool_record (sandbox->url, HARNESS_TOKEN);
  launch = tool_run (environment, 0,
                     "get --json --wait -v --base-url=%s " TOOL_SESSION,
                     sandbox->url);
  node = tool_parse (launch);
  root = json_node_get_object (node);
  g_assert_cmpstr (json_object_get_string_member (root, "status"), ==,
                   "completed");
  g_assert_cmpstr (json_object_get_string_member (root, "session_id"), ==,
                   TOOL_SESSION);
  g_assert_false (json_object_has_member (root, "upload_url"));
}

static void
test_one_template (void)
{
  g_autoptr (Sandbox) sandbox = sandbox_new (NULL);
  g_autoptr (Launch) known = NULL;
  g_autoptr (Launch) other = NULL;

  tool_record (sandbox->url, NULL);
  known = tool_run (NULL, 0,
                    "get --template=soap_template --wait --base-url=%s "
                    TOOL_SESSION, sandbox->url);
  other = tool_run (NULL, 0,
                    "get --template=eka_emr_template --wait --base-url=%s "
                    TOOL_SESSION, sandbox->url);
  tool_assert_says (known->out->str, "soap_template");
  g_assert_null (strstr (other->out->str, "soap_template"));
}

/* --- files -------------------------------------------------------------- */

static void
assert_only_file (const gchar *folder,
                  const gchar *name)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);

  g_assert_cmpstr (g_dir_read_name (dir), ==, name);
  g_assert_null (g_dir_read_name (dir));
}

static void
test_file (void)
{
  g_autoptr (Sandbox) sandbox = sandbox_new (NULL);
  g_autofree gchar *folder = harness_folder_new ();
  g_autofree gchar *path = g_build_filename (folder, "visit.txt", NULL);
  g_autofree gchar *text = NULL;
  g_autofree gchar *again = NULL;
  g_autoptr (Launch) first = NULL;
  g_autoptr (Launch) second = NULL;
  g_autoptr (Launch) third = NULL;
  GStatBuf info;

  tool_record (sandbox->url, NULL);
  first = tool_run (NULL, 0,
                    "get --wait --text -o %s --base-url=%s " TOOL_SESSION, path,
                    sandbox->url);
  g_assert_cmpstr (first->out->str, ==, "");
  g_assert_cmpint (g_stat (path, &info), ==, 0);
  g_assert_cmpint (info.st_mode & 0777, ==, 0600);
  text = harness_read (folder, "visit.txt");
  g_assert_cmpuint (strlen (text), >, 1);

  second = tool_run (NULL, 1, "get --json -o %s --base-url=%s " TOOL_SESSION,
                     path, sandbox->url);
  tool_assert_says (second->err->str, "--force");
  again = harness_read (folder, "visit.txt");
  g_assert_cmpstr (again, ==, text);

  third = tool_run (NULL, 0,
                    "get --json --force -o %s --base-url=%s " TOOL_SESSION,
                    path, sandbox->url);
  g_clear_pointer (&again, g_free);
  again = harness_read (folder, "visit.txt");
  g_assert_true (g_str_has_prefix (again, "{"));
  assert_only_file (folder, "visit.txt");
  harness_folder_remove (folder);
}

static void
test_file_that_can_not_be (void)
{
  g_autoptr (Sandbox) sandbox = sandbox_new (NULL);
  g_autoptr (Launch) nowhere = NULL;
  g_autoptr (Launch) folder = NULL;
  g_autoptr (Launch) full = NULL;

  tool_record (sandbox->url, NULL);
  nowhere = tool_run (NULL, 1, "get --wait -o /does/not/exist --base-url=%s "
                      TOOL_SESSION, sandbox->url);
  folder = tool_run (NULL, 1, "get --wait -o / --base-url=%s " TOOL_SESSION,
                     sandbox->url);
  full = tool_run (NULL, 1, "get --wait -o /dev/full --base-url=%s "
                   TOOL_SESSION, sandbox->url);
  tool_assert_says (nowhere->err->str, "/does/not/exist");
  tool_assert_says (folder->err->str, "Is a directory");
  tool_assert_says (full->err->str, "No space left");
}

/* --- sessions that have no results --------------------------------------- */

static void
test_unknown_session (void)
{
  g_autoptr (Sandbox) sandbox = sandbox_new (NULL);
  g_autoptr (Launch) launch = tool_run (NULL, 1, "get --base-url=%s "
                                        TOOL_SESSION, sandbox->url);
  g_autoptr (Launch) odd = tool_run (NULL, 1, "get --base-url=%s ../x?y",
                                     sandbox->url);

  tool_assert_says (launch->err->str, "404");
  tool_assert_says (launch->err->str, "session_not_found");
  g_assert_cmpstr (launch->out->str, ==, "");
}

static void
test_session_that_is_not_finished (void)
{
  g_autoptr (Sandbox) sandbox = sandbox_new (NULL);
  g_autofree gchar *folder = harness_folder_new ();
  g_autoptr (Launch) text = NULL;
  g_autoptr (Launch) json = NULL;
  g_autoptr (Launch) file = NULL;
  g_autoptr (Launch) late = NULL;
  g_autoptr (JsonNode) node = NULL;

  open_session (sandbox->url);
  text = tool_run (NULL, 5, "get --base-url=%s " TOOL_SESSION, sandbox->url);
  tool_assert_says (text->err->str, "--wait");
  g_assert_cmpstr (text->out->str, ==, "");
  json = tool_run (NULL, 5, "get --json --base-url=%s " TOOL_SESSION,
                   sandbox->url);
  node = tool_parse (json);
  g_assert_true (JSON_NODE_HOLDS_OBJECT (node));
  file = tool_run (NULL, 5, "get --json -o %s/x --base-url=%s " TOOL_SESSION,
                   folder, sandbox->url);
  g_assert_cmpint (g_rmdir (folder), ==, 0);
  late = tool_run (NULL, 5,
                   "get --wait --timeout=0.5 --base-url=%s " TOOL_SESSION,
                   sandbox->url);
  g_assert_cmpstr (late->out->str, ==, "");
}

static void
test_wait (void)
{
  g_autoptr (Sandbox) sandbox = sandbox_new ("--processing-time 2");
  g_autoptr (Launch) launch = NULL;

  tool_record (sandbox->url, NULL);
  launch = tool_run (NULL, 0, "get --wait --base-url=%s " TOOL_SESSION,
                     sandbox->url);
  tool_assert_says (launch->out->str, "soap_template");
}

static void
test_wait_goes_through_trouble (void)
{
  g_autoptr (Sandbox) sandbox = sandbox_new (
      "--processing-time 1 --fault get:1:503=0 --fault get:2:reset "
      "--fault get:3:429=1");
  g_autoptr (Launch) launch = NULL;

  tool_record (sandbox->url, NULL);
  launch = tool_run (NULL, 0, "get --wait --text --base-url=%s " TOOL_SESSION,
                     sandbox->url);
  g_assert_cmpuint (launch->out->len, >, 1);
}

static void
test_failed (void)
{
  g_autoptr (Sandbox) sandbox = sandbox_new ("--final failed");
  g_autoptr (Launch) once = NULL;
  g_autoptr (Launch) waiting = NULL;
  g_autoptr (JsonNode) node = NULL;

  tool_record (sandbox->url, NULL);
  waiting = tool_run (NULL, 6,
                      "get --wait --settle-time=2 --base-url=%s " TOOL_SESSION,
                      sandbox->url);
  tool_assert_says (waiting->err->str, "failed");
  g_assert_cmpstr (waiting->out->str, ==, "");
  once = tool_run (NULL, 6, "get --json --base-url=%s " TOOL_SESSION,
                   sandbox->url);
  node = tool_parse (once);
  g_assert_cmpstr (json_object_get_string_member (json_node_get_object (node),
                                                  "status"),
                   ==, "failed");
}

static void
test_expired (void)
{
  g_autoptr (Sandbox) sandbox = sandbox_new ("--final expired");
  g_autoptr (Sandbox) plain = sandbox_new ("--fault get:all:410/gone");
  g_autoptr (Launch) launch = NULL;
  g_autoptr (Launch) envelope = NULL;

  tool_record (sandbox->url, NULL);
  launch = tool_run (NULL, 6,
                     "get --wait --settle-time=0 --base-url=%s " TOOL_SESSION,
                     sandbox->url);
  tool_assert_says (launch->err->str, "expired");
  envelope = tool_run (NULL, 6, "get --base-url=%s " TOOL_SESSION, plain->url);
  g_assert_cmpuint (envelope->err->len, >, 1);
}

static void
test_partial (void)
{
  g_autoptr (Sandbox) sandbox = sandbox_new ("--final partial");
  g_autoptr (Launch) launch = NULL;

  tool_record (sandbox->url, NULL);
  launch = tool_run (NULL, 0,
                     "get --wait --settle-time=0 --base-url=%s " TOOL_SESSION,
                     sandbox->url);
  tool_assert_says (launch->err->str, "Only a part");
  tool_assert_says (launch->out->str, "== transcript");
}

/* Those of another patient must not be shown. */
static void
test_results_of_another_session (void)
{
  g_autoptr (Sandbox) sandbox = sandbox_new ("--fault get:all:other-session");
  g_autoptr (Launch) launch = NULL;

  open_session (sandbox->url);
  launch = tool_run (NULL, 1, "get --json --base-url=%s " TOOL_SESSION,
                     sandbox->url);
  g_assert_cmpstr (launch->out->str, ==, "");
}

#define ADD(name, func) g_test_add_func ("/tools/get/" name, func)

int
main (int    argc,
      char **argv)
{
  harness_init (&argc, &argv);
  ADD ("results for people", test_results_for_people);
  ADD ("transcript alone", test_transcript_alone);
  ADD ("JSON", test_json);
  ADD ("one template", test_one_template);
  ADD ("file", test_file);
  ADD ("file that can't be", test_file_that_can_not_be);
  ADD ("unknown session", test_unknown_session);
  ADD ("session that is not finished", test_session_that_is_not_finished);
  ADD ("wait", test_wait);
  ADD ("wait goes through trouble", test_wait_goes_through_trouble);
  ADD ("failed", test_failed);
  ADD ("expired", test_expired);
  ADD ("partial", test_partial);
  ADD ("results of another session", test_results_of_another_session);
  return g_test_run ();
}
