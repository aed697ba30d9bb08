/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "harness.h"
#include "rogue.h"

#include <string.h>
#include <unistd.h>

/* All logs there are, at their highest, and all graphs: what must not be in
 * them. */

#define API_KEY "key-55d1b20c7e"
#define PROXY_PW "pw-90aa1c63f2"
#define PATIENT "Asha Rao"
#define HEARD "Heard by the rogue"

/* Where this is set, the program is the application that is looked at. */
#define URL "EKASCRIBE_TEST_SECRETS_URL"

#define SOUND                                                                  \
  "audiotestsrc num-buffers=20 samplesperbuffer=160 ! "                       \
  "audio/x-raw,format=S16LE,rate=16000,channels=1 ! "

static const gchar *const credentials[] = { HARNESS_TOKEN, API_KEY, PROXY_PW };
static const gchar *const private_words[] = { PATIENT, HEARD };

/* The whole of a session, with every credential that there is. */
static int
run_application (void)
{
  g_autoptr (Player) player = player_new (
      SOUND "ekascribesink name=scribe base-url=%s", g_getenv (URL));
  GstMessage *end;

  g_object_set (player->scribe, "api-key", API_KEY, "proxy-pw", PROXY_PW,
                "proxy-id", "clinic", "patient-details",
                "{\"name\":\"" PATIENT "\"}", NULL);
  if (g_getenv ("EKASCRIBE_ACCESS_TOKEN") != NULL)
    g_object_set (player->scribe, "api-key", NULL, NULL);
  end = player_run (player);
  GST_DEBUG_BIN_TO_DOT_FILE (GST_BIN (player->pipeline),
                             GST_DEBUG_GRAPH_SHOW_ALL, "application");
  return GST_MESSAGE_TYPE (end) == GST_MESSAGE_EOS ? 0 : 1;
}

static void
assert_absent (const gchar        *where,
               const gchar        *text,
               const gchar *const *words,
               gsize               n_words)
{
  gsize i;

  for (i = 0; i < n_words; i++)
    {
      const gchar *at = strstr (text, words[i]);

      if (at != NULL)
        g_error ("%s holds “%s”: …%.*s", where, words[i], 200,
                 MAX (text, at - 100));
    }
}

/* As GStreamer writes them, with the level as the fourth word. */
static gboolean
is_above_debug (const gchar *line)
{
  return strstr (line, " ERROR ") != NULL || strstr (line, " WARN ") != NULL ||
         strstr (line, " FIXME ") != NULL || strstr (line, " INFO ") != NULL;
}

static void
check_log (const gchar *log)
{
  g_auto (GStrv) lines = g_strsplit (log, "\n", -1);
  guint i;

  g_assert_nonnull (strstr (log, "ekascribe"));
  assert_absent ("the log", log, credentials, G_N_ELEMENTS (credentials));
  for (i = 0; lines[i] != NULL; i++)
    if (is_above_debug (lines[i]))
      assert_absent ("the log", lines[i], private_words,
                     G_N_ELEMENTS (private_words));
}

static void
check_graphs (const gchar *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const gchar *name;
  guint n = 0;

  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree gchar *text = NULL;

      if (!g_str_has_suffix (name, ".dot"))
        continue;
      text = harness_read (folder, name);
      assert_absent (name, text, credentials, G_N_ELEMENTS (credentials));
      assert_absent (name, text, private_words, G_N_ELEMENTS (private_words));
      n++;
    }
  g_assert_cmpuint (n, >, 0);
}

/* @token: (nullable): in the environment, in place of an API key */
static void
test_logs_and_graphs_hold_no_secrets (gconstpointer token)
{
  g_autoptr (Rogue) rogue = rogue_new ();
  g_autofree gchar *work = harness_folder_new ();
  g_autofree gchar *log = g_build_filename (work, "log", NULL);
  g_autofree gchar *text = NULL;
  g_autoptr (Launch) launch = NULL;
  const gchar *environment[] = {
    URL, rogue_url (rogue), "GST_DEBUG", "*:9", "GST_DEBUG_FILE", log,
    "GST_DEBUG_NO_COLOR", "1", "G_MESSAGES_DEBUG", "all",
    "GST_DEBUG_DUMP_DOT_DIR", work, "EKASCRIBE_ACCESS_TOKEN", token, NULL
  };

  if (token == NULL)
    environment[G_N_ELEMENTS (environment) - 3] = NULL;
  launch = launch_run (environment, "!/proc/%d/exe", (int) getpid ());
  g_assert_cmpint (launch->exit_code, ==, 0);
  if (token != NULL)
    g_assert_cmpstr (rogue_get (rogue, ROGUE_CREATE, 1)->authorization, ==,
                     "Bearer " HARNESS_TOKEN);
  else
    g_assert_cmpstr (rogue_get (rogue, ROGUE_CREATE, 1)->api_key, ==, API_KEY);

  text = harness_read (work, "log");
  check_log (text);
  check_graphs (work);
  assert_absent ("stdout", launch->out->str, credentials,
                 G_N_ELEMENTS (credentials));
  assert_absent ("stderr", launch->err->str, credentials,
                 G_N_ELEMENTS (credentials));
  assert_absent ("stderr", launch->err->str, private_words,
                 G_N_ELEMENTS (private_words));
  harness_folder_remove (work);
}

/* A server that repeats what it was sent. */
static void
test_errors_hold_no_secrets (void)
{
  g_autoptr (Rogue) rogue = rogue_new ();
  g_autofree gchar *work = harness_folder_new ();
  g_autofree gchar *patient = g_build_filename (work, "patient.json", NULL);
  const gchar *const environment[] = { "EKASCRIBE_ACCESS_TOKEN", HARNESS_TOKEN,
                                       NULL };
  g_autoptr (Launch) launch = NULL;

  g_assert_true (g_file_set_contents (patient, "{\"name\":\"" PATIENT "\"}", -1,
                                      NULL));
  rogue_reply (rogue, ROGUE_CREATE, 1, 0, 400, NULL,
               "{\"error\":{\"code\":\"invalid_request\",\"message\":"
               "\"" PATIENT " may not use " HARNESS_TOKEN "\","
               "\"details\":{\"patient\":\"" PATIENT "\","
               "\"token\":\"" HARNESS_TOKEN "\"}}}");
  launch = launch_run (environment,
                       SOUND "ekascribesink base-url=%s patient-details=@%s",
                       rogue_url (rogue), patient);
  g_assert_cmpint (launch->exit_code, ==, 1);
  launch_assert_says (launch, "may not use");
  assert_absent ("stdout", launch->out->str, credentials,
                 G_N_ELEMENTS (credentials));
  assert_absent ("stderr", launch->err->str, credentials,
                 G_N_ELEMENTS (credentials));
  assert_absent ("stdout", launch->out->str, private_words,
                 G_N_ELEMENTS (private_words));
  assert_absent ("stderr", launch->err->str, private_words,
                 G_N_ELEMENTS (private_words));
  harness_folder_remove (work);
}

static void
test_what_is_broken_is_not_repeated (void)
{
  g_autofree gchar *work = harness_folder_new ();
  g_autofree gchar *patient = g_build_filename (work, "patient.json", NULL);
  g_autoptr (Launch) launch = NULL;

  g_assert_true (g_file_set_contents (patient, "{\"name\":\"" PATIENT "\",,}",
                                      -1, NULL));
  launch = launch_run (NULL,
                       SOUND "ekascribesink base-url=http://127.0.0.1:9/v1 "
                       "patient-details=@%s", patient);
  g_assert_cmpint (launch->exit_code, !=, 0);
  launch_assert_says (launch, "patient-details");
  assert_absent ("stderr", launch->err->str, private_words,
                 G_N_ELEMENTS (private_words));
  assert_absent ("stdout", launch->out->str, private_words,
                 G_N_ELEMENTS (private_words));
  harness_folder_remove (work);
}

int
main (int    argc,
      char **argv)
{
  if (g_getenv (URL) != NULL)
    {
      gst_init (&argc, &argv);
      return run_application ();
    }
  harness_init (&argc, &argv);
  g_test_add_data_func ("/secrets/logs-and-graphs-hold-none/token",
                        HARNESS_TOKEN, test_logs_and_graphs_hold_no_secrets);
  g_test_add_data_func ("/secrets/logs-and-graphs-hold-none/api-key", NULL,
                        test_logs_and_graphs_hold_no_secrets);
  g_test_add_func ("/secrets/errors-hold-none", test_errors_hold_no_secrets);
  g_test_add_func ("/secrets/what-is-broken-is-not-repeated",
                   test_what_is_broken_is_not_repeated);
  return g_test_run ();
}
