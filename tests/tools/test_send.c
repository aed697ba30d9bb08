/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "left.h"
#include "tool.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <utime.h>

/**
 * Post:
 * @outbox: the outbox
 * @environment: what the command gets in the environment, unless it is told
 *
 * A sandbox, and an outbox of its recordings.
 */
typedef struct
{
  Sandbox *sandbox;
  gchar *outbox;
  const gchar *environment[7];
} Post;

/* @options: (nullable): of the sandbox, that lets in %HARNESS_TOKEN only */
static void
post_init (Post        *self,
           const gchar *options)
{
  g_autofree gchar *all = g_strconcat ("--token " HARNESS_TOKEN " ", options,
                                       NULL);
  const gchar *environment[] = { "EKASCRIBE_ACCESS_TOKEN", HARNESS_TOKEN, NULL };

  self->sandbox = sandbox_new (all);
  self->outbox = harness_folder_new ();
  self->environment[0] = environment[0];
  self->environment[1] = environment[1];
  self->environment[2] = "EKASCRIBE_OUTBOX";
  self->environment[3] = self->outbox;
  self->environment[4] = "EKASCRIBE_BASE_URL";
  self->environment[5] = self->sandbox->url;
  self->environment[6] = NULL;
}

static void
post_clear (Post *self)
{
  sandbox_free (self->sandbox);
  harness_folder_remove (self->outbox);
  g_free (self->outbox);
}

/* A recording that was interrupted before the service heard of it. */
static gchar *
post_leave (Post        *self,
            const gchar *session_id)
{
  const Left left = { .base_url = self->sandbox->url,
                      .session_id = session_id,
                      .chunks = 3,
                      .journal = 5 };

  return left_make (self->outbox, &left);
}

/* How much audio a session of the sandbox has. */
static gdouble
post_measure (Post        *self,
              const gchar *session_id)
{
  g_autofree gchar *name = g_build_filename (session_id, "recording.wav", NULL);
  g_autofree gchar *path = g_build_filename (self->sandbox->folder, name, NULL);
  g_autofree gchar *text = NULL;
  gsize size;

  if (!g_file_get_contents (path, &text, &size, NULL))
    return 0;
  return (size - 44) / 32000.0;
}

/* By the command that the user is told of. */
static void
assert_delivered (Post        *self,
                  const gchar *session_id)
{
  g_autoptr (Launch) launch = tool_run (self->environment, 0,
                                        "get --wait --text %s", session_id);

  g_assert_cmpuint (launch->out->len, >, 1);
  g_assert_cmpfloat_with_epsilon (post_measure (self, session_id), 6.5, 0.01);
}

#define FIRST "ses_aaaaaaaaaaaaaaaa"
#define SECOND "ses_bbbbbbbbbbbbbbbb"

static void
test_send_all (void)
{
  Post post;
  g_autofree gchar *first = NULL;
  g_autofree gchar *second = NULL;
  g_autoptr (Launch) launch = NULL;
  g_autoptr (Launch) again = NULL;

  post_init (&post, NULL);
  first = post_leave (&post, FIRST);
  second = post_leave (&post, SECOND);
  launch = tool_run (post.environment, 0, "outbox send -v");
  tool_assert_says (launch->out->str, first);
  tool_assert_says (launch->out->str, second);
  tool_assert_says (launch->out->str, "ekascribe get " FIRST);
  tool_assert_says (launch->out->str, "ekascribe get " SECOND);
  g_assert_null (strstr (launch->out->str, LEFT_PATIENT));
  g_assert_null (strstr (launch->err->str, LEFT_PATIENT));
  assert_delivered (&post, FIRST);
  assert_delivered (&post, SECOND);
  g_assert_cmpuint (left_count (post.outbox), ==, 0);
  again = tool_run (post.environment, 0, "outbox send");
  g_assert_cmpstr (again->out->str, ==, "");
  post_clear (&post);
}

static void
test_send_one (void)
{
  Post post;
  g_autofree gchar *first = NULL;
  g_autofree gchar *second = NULL;
  g_autoptr (Launch) named = NULL;
  g_autoptr (Launch) session = NULL;
  g_autoptr (Launch) unknown = NULL;

  post_init (&post, NULL);
  first = post_leave (&post, FIRST);
  second = post_leave (&post, SECOND);
  unknown = tool_run (post.environment, 1, "outbox send nobody");
  tool_assert_says (unknown->err->str, "nobody");
  named = tool_run (post.environment, 0, "outbox send -q %s", second);
  g_assert_cmpstr (named->err->str, ==, "");
  assert_delivered (&post, SECOND);
  g_assert_cmpuint (left_count (post.outbox), ==, 1);
  session = tool_run (post.environment, 0, "outbox send " FIRST);
  assert_delivered (&post, FIRST);
  g_assert_cmpuint (left_count (post.outbox), ==, 0);
  post_clear (&post);
}

static void
test_wait_for_results (void)
{
  Post post;
  g_autofree gchar *name = NULL;
  g_autoptr (Launch) launch = NULL;

  post_init (&post, "--processing-time 1");
  name = post_leave (&post, FIRST);
  launch = tool_run (post.environment, 0, "outbox send --wait");
  tool_assert_says (launch->out->str, "== transcript");
  g_assert_null (strstr (launch->out->str, "ekascribe get"));
  post_clear (&post);
}

static void
test_json (void)
{
  Post post;
  g_autofree gchar *name = NULL;
  g_autoptr (Launch) launch = NULL;
  g_autoptr (JsonNode) node = NULL;
  JsonObject *object;

  post_init (&post, NULL);
  name = post_leave (&post, FIRST);
  launch = tool_run (post.environment, 0, "outbox send --wait --json");
  node = tool_parse (launch);
  g_assert_cmpuint (json_array_get_length (json_node_get_array (node)), ==, 1);
  object = json_array_get_object_element (json_node_get_array (node), 0);
  g_assert_cmpstr (json_object_get_string_member (object, "name"), ==, name);
  g_assert_true (json_object_get_boolean_member (object, "delivered"));
  g_assert_true (json_object_get_null_member (object, "error"));
  g_assert_cmpstr (json_array_get_string_element (
                       json_object_get_array_member (object, "session_ids"), 0),
                   ==, FIRST);
  g_assert_cmpint (json_object_get_int_member (object, "chunks"), ==, 4);
  g_assert_cmpint (json_object_get_int_member (object, "chunks_delivered"), ==,
                   4);
  g_assert_cmpstr (json_object_get_string_member (
                       json_object_get_object_member (object, "result"),
                       "status"),
                   ==, "completed");
  post_clear (&post);
}

/* --- what does not go well ---------------------------------------------- */

static void
test_wrong_token (void)
{
  Post post;
  g_autofree gchar *first = NULL;
  g_autofree gchar *second = NULL;
  g_autoptr (Launch) launch = NULL;
  g_autoptr (JsonNode) node = NULL;

  post_init (&post, NULL);
  post.environment[1] = "wrong-7d0a55";
  first = post_leave (&post, FIRST);
  second = post_leave (&post, SECOND);
  launch = tool_run (post.environment, 3, "outbox send -v --json");
  node = tool_parse (launch);
  tool_assert_says (launch->err->str, "401");
  tool_assert_says (launch->err->str, "EKASCRIBE_ACCESS_TOKEN");
  tool_assert_says (launch->err->str, "1 more recording was not tried");
  g_assert_null (strstr (launch->err->str, "wrong-7d0a55"));
  g_assert_null (strstr (launch->out->str, "wrong-7d0a55"));
  g_assert_cmpuint (json_array_get_length (json_node_get_array (node)), ==, 1);
  g_assert_cmpuint (left_count (post.outbox), ==, 2);
  post_clear (&post);
}

static void
test_no_network (void)
{
  Post post;
  g_autofree gchar *url = g_strdup_printf ("http://127.0.0.1:%u/v1",
                                           harness_free_port ());
  const Left left = { .base_url = url, .chunks = 1 };
  g_autofree gchar *first = NULL;
  g_autofree gchar *second = NULL;
  g_autoptr (Launch) launch = NULL;
  gint64 began;

  post_init (&post, NULL);
  post.environment[5] = url;
  first = left_make (post.outbox, &left);
  second = left_make (post.outbox, &left);
  began = g_get_monotonic_time ();
  launch = tool_run (post.environment, 4, "outbox send --retry-time=1");
  g_assert_cmpint (g_get_monotonic_time () - began, <,
                   20 * G_TIME_SPAN_SECOND);
  tool_assert_says (launch->err->str, "Try again later");
  tool_assert_says (launch->err->str, "1 more recording was not tried");
  g_assert_cmpuint (left_count (post.outbox), ==, 2);
  post_clear (&post);
}

static void
test_service_out_of_order (void)
{
  Post post;
  g_autofree gchar *first = NULL;
  g_autoptr (Launch) launch = NULL;

  post_init (&post, "--fault upload:all:503=0");
  first = post_leave (&post, FIRST);
  launch = tool_run (post.environment, 4, "outbox send --retry-time=1");
  tool_assert_says (launch->err->str, "503");
  tool_assert_says (launch->err->str, "of 4 chunks are not delivered");
  g_assert_cmpuint (left_count (post.outbox), ==, 1);
  post_clear (&post);
}

/* Credentials go where the user says, and audio where it was meant to go. */
static void
test_another_service (void)
{
  Post post;
  const Left left = { .base_url = "https://elsewhere.example/v1", .chunks = 1 };
  g_autofree gchar *other = NULL;
  g_autofree gchar *ours = NULL;
  g_autoptr (Launch) launch = NULL;

  post_init (&post, NULL);
  other = left_make (post.outbox, &left);
  ours = post_leave (&post, FIRST);
  launch = tool_run (post.environment, 1, "outbox send");
  tool_assert_says (launch->err->str,
                    "--base-url='https://elsewhere.example/v1'");
  assert_delivered (&post, FIRST);
  g_assert_cmpuint (left_count (post.outbox), ==, 1);
  post_clear (&post);
}

static void
test_in_use (void)
{
  Post post;
  g_autofree gchar *used = NULL;
  g_autofree gchar *free = NULL;
  g_autoptr (Launch) silent = NULL;
  g_autoptr (Launch) verbose = NULL;
  EkaSpool *held;

  post_init (&post, NULL);
  used = post_leave (&post, FIRST);
  free = post_leave (&post, SECOND);
  held = left_hold (post.outbox, used);
  silent = tool_run (post.environment, 0, "outbox send");
  g_assert_null (strstr (silent->err->str, used));
  verbose = tool_run (post.environment, 0, "outbox send -v");
  tool_assert_says (verbose->err->str, used);
  assert_delivered (&post, SECOND);
  left_drop (held);
  g_assert_cmpuint (left_count (post.outbox), ==, 1);
  post_clear (&post);
}

/* The service has forgotten the session: a new one takes the audio. */
static void
test_forgotten_session (void)
{
  Post post;
  Left left = { .session_id = FIRST, .chunks = 3, .journal = 5,
                .created = TRUE };
  g_autofree gchar *name = NULL;
  g_autofree gchar *folder = NULL;
  g_autofree gchar *id = NULL;
  g_autoptr (Launch) launch = NULL;

  post_init (&post, NULL);
  left.base_url = post.sandbox->url;
  name = left_make (post.outbox, &left);
  launch = tool_run (post.environment, 0, "outbox send");
  folder = sandbox_only (post.sandbox);
  id = g_path_get_basename (folder);
  g_assert_cmpstr (id, !=, FIRST);
  tool_assert_says (launch->out->str, id);
  assert_delivered (&post, id);
  g_assert_cmpuint (left_count (post.outbox), ==, 0);
  post_clear (&post);
}

/* One that nobody can read any more.
 * @data: its number */
static void
test_lost_chunk (gconstpointer data)
{
  Post post;
  g_autofree gchar *file = g_strdup_printf ("audio_%d.wav",
                                            GPOINTER_TO_INT (data));
  g_autofree gchar *name = NULL;
  g_autofree gchar *path = NULL;
  g_autoptr (Launch) launch = NULL;
  g_autoptr (Launch) again = NULL;
  g_autoptr (Launch) list = NULL;
  g_autoptr (Launch) purge = NULL;

  post_init (&post, NULL);
  name = post_leave (&post, FIRST);
  path = g_build_filename (post.outbox, name, file, NULL);
  g_assert_true (g_file_set_contents (path, "damaged", -1, NULL));
  launch = tool_run (post.environment, 0, "outbox send --settle-time=0");
  tool_assert_says (launch->err->str, "2.0 s of audio");
  g_assert_null (strstr (launch->err->str, "does not prove"));
  again = tool_run (post.environment, 0, "outbox send -v --settle-time=0");
  g_assert_null (strstr (again->out->str, "delivered"));
  tool_assert_says (again->err->str, "purge");
  list = tool_run (post.environment, 0, "outbox list");
  tool_assert_says (list->out->str, " done ");
  tool_assert_says (list->err->str, "lost");
  purge = tool_run (post.environment, 0, "outbox purge");
  g_assert_cmpuint (left_count (post.outbox), ==, 0);
  post_clear (&post);
}

/* The service can't make sense of the session: the next one gets all. */
static void
test_failed_session (void)
{
  Post post;
  Left left = { .session_id = FIRST, .chunks = 3, .journal = 5 };
  g_autofree gchar *name = NULL;
  g_autoptr (Launch) first = NULL;
  g_autoptr (Launch) list = NULL;
  g_autoptr (Launch) purge = NULL;
  g_autoptr (Launch) second = NULL;

  post_init (&post, "--final failed");
  left.base_url = post.sandbox->url;
  name = left_make (post.outbox, &left);
  first = tool_run (post.environment, 6,
                    "outbox send --wait --settle-time=0");
  tool_assert_says (first->err->str, "could not process session " FIRST);
  list = tool_run (post.environment, 0, "outbox list --json");
  tool_assert_says (list->out->str, "\"safe\":false");
  tool_assert_says (list->out->str, "\"failed\":true");
  purge = tool_run (post.environment, 0, "outbox purge --yes");
  g_assert_cmpuint (left_count (post.outbox), ==, 1);
  second = tool_run (post.environment, 6,
                     "outbox send --wait --settle-time=0");
  tool_assert_says (second->err->str, "goes to a new session");
  g_assert_null (strstr (second->err->str, "it is failed"));
  g_assert_cmpuint (left_count (post.sandbox->folder), ==, 2);
  g_assert_cmpuint (left_count (post.outbox), ==, 1);
  post_clear (&post);
}

/* What the service refused is sent with what it does not refuse. */
static void
test_refused_template (void)
{
  Post post;
  Left left = { .session_id = FIRST, .templates = "nonsense", .chunks = 3,
                .journal = 5 };
  g_autofree gchar *name = NULL;
  g_autoptr (Launch) refused = NULL;
  g_autoptr (Launch) wrong = NULL;
  g_autoptr (Launch) good = NULL;

  post_init (&post, NULL);
  left.base_url = post.sandbox->url;
  name = left_make (post.outbox, &left);
  refused = tool_run (post.environment, 1, "outbox send");
  tool_assert_says (refused->err->str, "invalid_template");
  tool_assert_says (refused->err->str, "--templates");
  wrong = tool_run (post.environment, 2, "outbox send --templates=a,b,c");
  tool_assert_says (wrong->err->str, "--templates");
  g_assert_cmpuint (left_count (post.outbox), ==, 1);
  good = tool_run (post.environment, 0,
                   "outbox send --templates=");
  assert_delivered (&post, FIRST);
  g_assert_cmpuint (left_count (post.outbox), ==, 0);
  post_clear (&post);
}

/* What has nothing of a recording is nobody's business. */
static void
test_empty_folder (void)
{
  Post post;
  g_autofree gchar *path = NULL;
  g_autoptr (Launch) silent = NULL;
  g_autoptr (Launch) verbose = NULL;
  g_autoptr (Launch) purge = NULL;

  post_init (&post, NULL);
  path = g_build_filename (post.outbox, "20200102T030405Z-00000001", NULL);
  g_assert_cmpint (g_mkdir (path, 0700), ==, 0);
  silent = tool_run (post.environment, 0, "outbox send");
  g_assert_null (strstr (silent->err->str, "20200102T030405Z"));
  verbose = tool_run (post.environment, 0, "outbox send -v");
  tool_assert_says (verbose->err->str, "20200102T030405Z-00000001");
  g_assert_cmpint (g_utime (path, &(struct utimbuf) { 0 }), ==, 0);
  purge = tool_run (post.environment, 0, "outbox purge");
  g_assert_cmpuint (left_count (post.outbox), ==, 0);
  post_clear (&post);
}

/* The command calls things by the names of its options. */
static void
test_names_of_options (void)
{
  Post post;
  g_autofree gchar *name = NULL;
  g_autofree gchar *doubled = NULL;
  g_autoptr (Launch) http = NULL;
  g_autoptr (Launch) refused = NULL;

  post_init (&post, NULL);
  name = post_leave (&post, FIRST);
  http = tool_run (post.environment, 2,
                   "outbox send --base-url=http://scribe.example/v1");
  tool_assert_says (http->err->str, "give --allow-http");
  post.environment[1] = "wrong-7d0a55";
  refused = tool_run (post.environment, 3, "outbox send");
  tool_assert_says (refused->err->str, "--access-token-file");
  g_assert_null (strstr (refused->err->str, "with access-token"));
  doubled = g_strdup_printf ("%s: %s", name, name);
  g_assert_null (strstr (refused->err->str, doubled));
  post_clear (&post);
}

/* --- stopped in the middle ---------------------------------------------- */

static void
test_stopped (gconstpointer user_data)
{
  const int number = GPOINTER_TO_INT (user_data);
  Post post;
  g_autofree gchar *name = NULL;
  g_autoptr (Launch) stopped = NULL;
  g_autoptr (Launch) again = NULL;
  g_autoptr (JsonObject) session = NULL;
  g_autoptr (JsonArray) files = NULL;
  gint64 began;

  post_init (&post, "--fault upload:all:slow=0.5");
  name = post_leave (&post, FIRST);
  stopped = tool_start (post.environment, "outbox send -v");
  launch_wait_for (stopped, "2/4 chunks");
  began = g_get_monotonic_time ();
  launch_signal (stopped, number);
  launch_wait (stopped);
  g_assert_cmpint (g_get_monotonic_time () - began, <, 20 * G_TIME_SPAN_SECOND);
  g_assert_cmpint (stopped->exit_code, ==,
                   number == SIGKILL ? -1 : 128 + number);
  g_assert_cmpuint (left_count (post.outbox), ==, 1);

  again = tool_run (post.environment, 0, "outbox send");
  tool_assert_says (again->out->str, FIRST);
  assert_delivered (&post, FIRST);
  session = sandbox_describe (post.sandbox);
  files = json_array_ref (json_object_get_array_member (session, "chunks"));
  g_assert_cmpuint (json_array_get_length (files), ==, 4);
  g_assert_cmpuint (left_count (post.outbox), ==, 0);
  post_clear (&post);
}

/* --- on a terminal ------------------------------------------------------ */

static void
test_bar_on_a_terminal (void)
{
  Post post;
  g_autofree gchar *name = NULL;
  g_autoptr (Launch) launch = NULL;

  post_init (&post, NULL);
  name = post_leave (&post, FIRST);
  launch = launch_run (post.environment,
                       "!env TERM=xterm script -qec '%s outbox send' /dev/null",
                       EKASCRIBE_PATH);
  g_assert_cmpint (launch->exit_code, ==, 0);
  tool_assert_says (launch->out->str, "[#");
  tool_assert_says (launch->out->str, "4/4 chunks, 6.5 of 6.5 s");
  post_clear (&post);
}

#define ADD(name, func) g_test_add_func ("/tools/send/" name, func)

int
main (int    argc,
      char **argv)
{
  harness_init (&argc, &argv);
  ADD ("all", test_send_all);
  ADD ("one", test_send_one);
  ADD ("wait for results", test_wait_for_results);
  ADD ("JSON", test_json);
  ADD ("wrong token", test_wrong_token);
  ADD ("no network", test_no_network);
  ADD ("service out of order", test_service_out_of_order);
  ADD ("another service", test_another_service);
  ADD ("in use", test_in_use);
  ADD ("forgotten session", test_forgotten_session);
  ADD ("failed session", test_failed_session);
  ADD ("refused template", test_refused_template);
  ADD ("names of options", test_names_of_options);
  ADD ("empty folder", test_empty_folder);
  g_test_add_data_func ("/tools/send/lost chunk/first", GINT_TO_POINTER (0),
                        test_lost_chunk);
  g_test_add_data_func ("/tools/send/lost chunk/middle", GINT_TO_POINTER (1),
                        test_lost_chunk);
  g_test_add_data_func ("/tools/send/lost chunk/last", GINT_TO_POINTER (2),
                        test_lost_chunk);
  g_test_add_data_func ("/tools/send/stopped by SIGINT",
                        GINT_TO_POINTER (SIGINT), test_stopped);
  g_test_add_data_func ("/tools/send/stopped by SIGTERM",
                        GINT_TO_POINTER (SIGTERM), test_stopped);
  g_test_add_data_func ("/tools/send/killed", GINT_TO_POINTER (SIGKILL),
                        test_stopped);
  ADD ("bar on a terminal", test_bar_on_a_terminal);
  return g_test_run ();
}
