/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "tool.h"

#include <string.h>

/* --- the command line --------------------------------------------------- */

static const gchar *const commands[] = {
  "outbox list", "outbox send", "outbox export", "outbox purge",
  "get",         "discover",    "templates",
};

static void
test_every_command_has_help (void)
{
  g_autoptr (Launch) all = tool_run (NULL, 0, "--help");
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (commands); i++)
    {
      g_autoptr (Launch) one = tool_run (NULL, 0, "%s --help", commands[i]);
      g_autofree gchar *usage = g_strdup_printf ("ekascribe %s", commands[i]);

      tool_assert_says (all->out->str, commands[i]);
      tool_assert_says (one->out->str, usage);
      g_assert_cmpstr (one->err->str, ==, "");
    }
}

static void
test_version (void)
{
  g_autoptr (Launch) launch = tool_run (NULL, 0, "--version");

  g_assert_cmpstr (launch->out->str, ==, "ekascribe " VERSION "\n");
}

static void
test_wrong_usage (void)
{
  static const gchar *const wrong[] = {
    "",
    "frob",
    "outbox",
    "outbox frob",
    "outbox list --frob",
    "outbox list surplus",
    "outbox export",
    "outbox export one two",
    "get",
    "get ''",
    "get one two",
    "get one --json --text",
    "get one --timeout=-1",
    "get one --timeout=nan",
    "get one --retry-time=x",
    "discover --access-token=" HARNESS_TOKEN,
    "discover --base-url=http://example.com/v1",
    "discover --base-url=nonsense",
    "discover --access-token-file=/does/not/exist",
    "discover --ca-file=/does/not/exist",
    "discover --proxy=nonsense",
    "discover --trusted-hosts=http://h",
    "outbox send --base-url=nonsense",
  };
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      g_autoptr (Launch) launch = tool_start (NULL, "%s", wrong[i]);

      launch_wait (launch);
      if (launch->exit_code != 2)
        g_error ("“%s” gives %d: %s", wrong[i], launch->exit_code,
                 launch->err->str);
      g_assert_cmpstr (launch->out->str, ==, "");
      g_assert_true (g_str_has_prefix (launch->err->str, "ekascribe: "));
    }
}

static void
test_one_variable_of_a_client_is_not_enough (void)
{
  const gchar *environment[] = { "EKASCRIBE_CLIENT_ID", "clinic", NULL };
  g_autoptr (Launch) launch = tool_run (
      environment, 2, "discover --base-url=http://127.0.0.1:1/v1");

  tool_assert_says (launch->err->str, "EKASCRIBE_CLIENT_SECRET");
}

/* --- discovery, templates ----------------------------------------------- */

static void
test_discover (void)
{
  g_autoptr (Sandbox) sandbox = sandbox_new (NULL);
  g_autoptr (Launch) text = tool_run (NULL, 0, "discover --base-url=%s/",
                                      sandbox->url);
  g_autoptr (Launch) json = tool_run (NULL, 0, "discover --json --base-url=%s",
                                      sandbox->url);
  g_autoptr (JsonNode) node = tool_parse (json);

  tool_assert_says (text->out->str, sandbox->url);
  tool_assert_says (text->out->str, "audio/ogg;codecs=opus");
  tool_assert_says (text->out->str, "up to 3600 s");
  g_assert_cmpstr (json_object_get_string_member (json_node_get_object (node),
                                                  "protocol"),
                   ==, "medscribealliance");
}

static void
test_discover_without_a_document (void)
{
  g_autoptr (Sandbox) sandbox = sandbox_new ("--no-discovery");
  g_autoptr (Launch) launch = tool_run (NULL, 1, "discover --base-url=%s",
                                        sandbox->url);

  tool_assert_says (launch->err->str, "HTTP 404");
}

static void
test_templates (void)
{
  g_autoptr (Sandbox) sandbox = sandbox_new (NULL);
  const gchar *environment[] = { "EKASCRIBE_BASE_URL", sandbox->url, NULL };
  g_autoptr (Launch) text = tool_run (environment, 0, "templates");
  g_autoptr (Launch) json = tool_run (environment, 0, "templates --json");
  g_autoptr (JsonNode) node = tool_parse (json);
  JsonArray *list = json_object_get_array_member (json_node_get_object (node),
                                                  "templates");

  tool_assert_says (text->out->str, "soap_template");
  tool_assert_says (text->out->str, "Subjective");
  g_assert_cmpuint (json_array_get_length (list), ==, 5);
}

/* Base URL of the host alone: discovery says where the API is. */
static void
test_discovery_leads_to_the_api (void)
{
  g_autoptr (Sandbox) sandbox = sandbox_new (NULL);
  g_autofree gchar *host = g_strndup (
      sandbox->url, strstr (sandbox->url, "/voice") - sandbox->url);
  g_autoptr (Launch) launch = tool_run (NULL, 0, "templates --base-url=%s",
                                        host);

  tool_assert_says (launch->out->str, "soap_template");
}

/* --- who asks ----------------------------------------------------------- */

static void
test_wrong_token (void)
{
  g_autoptr (Sandbox) sandbox = sandbox_new ("--token right");
  const gchar *wrong[] = { "EKASCRIBE_ACCESS_TOKEN", HARNESS_TOKEN, NULL };
  g_autoptr (Launch) refused = tool_run (wrong, 3, "templates -v --base-url=%s",
                                         sandbox->url);
  g_autoptr (Launch) absent = tool_run (NULL, 3, "get -v --base-url=%s any",
                                        sandbox->url);

  tool_assert_says (refused->err->str, "401");
  tool_assert_says (refused->err->str, "EKASCRIBE_ACCESS_TOKEN");
  tool_assert_says (absent->err->str, "No access token is set");
}

static void
test_token_of_the_environment (void)
{
  g_autoptr (Sandbox) sandbox = sandbox_new ("--token " HARNESS_TOKEN);
  const gchar *bearer[] = { "EKASCRIBE_ACCESS_TOKEN", HARNESS_TOKEN, NULL };
  const gchar *key[] = { "EKASCRIBE_API_KEY", HARNESS_TOKEN, NULL };
  g_autoptr (Launch) first = tool_run (bearer, 0, "templates -v --base-url=%s",
                                       sandbox->url);
  g_autoptr (Launch) second = tool_run (key, 0, "templates -v --base-url=%s",
                                        sandbox->url);

  tool_assert_says (first->out->str, "soap_template");
  tool_assert_says (second->out->str, "soap_template");
}

/* It holds against whatever is in the environment. */
static void
test_token_file (void)
{
  g_autoptr (Sandbox) sandbox = sandbox_new ("--token " HARNESS_TOKEN);
  g_autofree gchar *folder = harness_folder_new ();
  g_autofree gchar *file = g_build_filename (folder, "token", NULL);
  const gchar *wrong[] = { "EKASCRIBE_ACCESS_TOKEN", "wrong", NULL };
  g_autoptr (Launch) launch = NULL;

  g_assert_true (g_file_set_contents (file, HARNESS_TOKEN "\n", -1, NULL));
  launch = tool_run (wrong, 0, "templates --base-url=%s --access-token-file=%s",
                     sandbox->url, file);
  tool_assert_says (launch->out->str, "soap_template");
  harness_folder_remove (folder);
}

static void
test_client_credentials (void)
{
  g_autoptr (Sandbox) sandbox = sandbox_new ("--client clinic:" HARNESS_TOKEN);
  const gchar *right[] = { "EKASCRIBE_CLIENT_ID", "clinic",
                           "EKASCRIBE_CLIENT_SECRET", HARNESS_TOKEN, NULL };
  const gchar *wrong[] = { "EKASCRIBE_CLIENT_ID", "clinic",
                           "EKASCRIBE_CLIENT_SECRET", "wrong", NULL };
  g_autoptr (Launch) first = tool_run (right, 0, "templates --base-url=%s",
                                       sandbox->url);
  g_autoptr (Launch) second = tool_run (wrong, 3, "templates --base-url=%s",
                                        sandbox->url);

  tool_assert_says (first->out->str, "soap_template");
  tool_assert_says (second->err->str, "401");
}

/* --- the network -------------------------------------------------------- */

static void
test_nobody_there (void)
{
  guint16 port = harness_free_port ();
  gint64 began = g_get_monotonic_time ();
  g_autoptr (Launch) once = tool_run (
      NULL, 4, "templates --retry-time=0 --base-url=http://127.0.0.1:%u/v1",
      port);
  g_autoptr (Launch) patient = tool_run (
      NULL, 4, "discover --retry-time=1 --base-url=http://127.0.0.1:%u/v1",
      port);
  g_autoptr (Launch) get = tool_run (
      NULL, 4,
      "get any --wait --retry-time=0 --base-url=http://127.0.0.1:%u/v1", port);

  tool_assert_says (once->err->str, "Try again later");
  tool_assert_says (patient->err->str, "127.0.0.1");
  tool_assert_says (get->err->str, "127.0.0.1");
  g_assert_cmpint (g_get_monotonic_time () - began, <,
                   20 * G_TIME_SPAN_SECOND);
}

static void
test_trouble_that_passes (void)
{
  g_autoptr (Sandbox) sandbox = sandbox_new ("--fault discovery:1-2:503=0");
  g_autoptr (Launch) told = tool_run (NULL, 0, "discover --base-url=%s",
                                      sandbox->url);
  g_autoptr (Launch) quiet = tool_run (NULL, 0, "discover -q --base-url=%s",
                                       sandbox->url);

  tool_assert_says (told->err->str, "503");
  g_assert_cmpstr (quiet->err->str, ==, "");
}

static void
test_trouble_that_stays (void)
{
  g_autoptr (Sandbox) sandbox = sandbox_new ("--fault discovery:all:503=0");
  g_autoptr (Launch) launch = tool_run (
      NULL, 4, "discover --retry-time=0 --base-url=%s", sandbox->url);

  tool_assert_says (launch->err->str, "503");
}

/* A service whose discovery is out of order can still be asked. */
static void
test_templates_without_discovery (void)
{
  g_autoptr (Sandbox) sandbox = sandbox_new ("--fault discovery:all:503=0");
  g_autoptr (Launch) launch = tool_run (
      NULL, 0, "templates --retry-time=0 --base-url=%s", sandbox->url);

  tool_assert_says (launch->out->str, "soap_template");
}

static void
test_output_that_fails (void)
{
  g_autoptr (Sandbox) sandbox = sandbox_new (NULL);
  g_autoptr (Launch) launch = launch_run (
      NULL, "!sh -c '%s discover --base-url=%s >/dev/full'", EKASCRIBE_PATH,
      sandbox->url);

  g_assert_cmpint (launch->exit_code, ==, 1);
}

#define ADD(name, func) g_test_add_func ("/tools/service/" name, func)

int
main (int    argc,
      char **argv)
{
  harness_init (&argc, &argv);
  ADD ("every command has help", test_every_command_has_help);
  ADD ("version", test_version);
  ADD ("wrong usage", test_wrong_usage);
  ADD ("one variable of a client is not enough",
       test_one_variable_of_a_client_is_not_enough);
  ADD ("discover", test_discover);
  ADD ("discover without a document", test_discover_without_a_document);
  ADD ("templates", test_templates);
  ADD ("discovery leads to the API", test_discovery_leads_to_the_api);
  ADD ("wrong token", test_wrong_token);
  ADD ("token of the environment", test_token_of_the_environment);
  ADD ("token file", test_token_file);
  ADD ("client credentials", test_client_credentials);
  ADD ("nobody there", test_nobody_there);
  ADD ("trouble that passes", test_trouble_that_passes);
  ADD ("trouble that stays", test_trouble_that_stays);
  ADD ("templates without discovery", test_templates_without_discovery);
  ADD ("output that fails", test_output_that_fails);
  return g_test_run ();
}
