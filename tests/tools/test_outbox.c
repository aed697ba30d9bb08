/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "left.h"
#include "tool.h"

#include <glib/gstdio.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include <utime.h>

/* --- helpers ------------------------------------------------------------ */

static JsonObject *
get_object (JsonNode *node,
            guint     i)
{
  return json_array_get_object_element (json_node_get_array (node), i);
}

static void
assert_string (JsonObject  *object,
               const gchar *name,
               const gchar *expected)
{
  g_assert_cmpstr (json_object_get_string_member (object, name), ==, expected);
}

static void
assert_int (JsonObject  *object,
            const gchar *name,
            gint64       expected)
{
  g_assert_cmpint (json_object_get_int_member (object, name), ==, expected);
}

static void
assert_seconds (JsonObject  *object,
                const gchar *name,
                gdouble      expected)
{
  gdouble seconds = json_object_get_double_member (object, name);

  g_assert_cmpfloat_with_epsilon (seconds, expected, 0.001);
}

/* Ours is to count it, ffmpeg's to hear it. */
static gdouble
measure (const gchar *path)
{
  g_autofree gchar *command = g_strdup_printf (
      "!ffprobe -v error -show_entries format=duration -of "
      "default=noprint_wrappers=1:nokey=1 %s", path);
  g_autoptr (Launch) launch = launch_run (NULL, "%s", command);
  g_autofree gchar *decode = g_strdup_printf (
      "!ffmpeg -v error -i %s -f null -", path);
  g_autoptr (Launch) decoded = launch_run (NULL, "%s", decode);

  g_assert_cmpint (launch->exit_code, ==, 0);
  g_assert_cmpint (decoded->exit_code, ==, 0);
  g_assert_cmpstr (decoded->err->str, ==, "");
  return g_ascii_strtod (launch->out->str, NULL);
}

static void
assert_lasts (const gchar *folder,
              const gchar *name,
              gdouble      seconds)
{
  g_autofree gchar *path = g_build_filename (folder, name, NULL);
  GStatBuf info;

  g_assert_cmpint (g_stat (path, &info), ==, 0);
  g_assert_cmpint (info.st_mode & 0777, ==, 0600);
  g_assert_cmpfloat_with_epsilon (measure (path), seconds, 0.02);
}

static void
spoil_index (const gchar *outbox,
             const gchar *name)
{
  g_autofree gchar *path = g_build_filename (outbox, name, "chunks.txt", NULL);

  g_assert_true (g_file_set_contents (path, "nonsense", -1, NULL));
}

static gboolean
is_there (const gchar *outbox,
          const gchar *name)
{
  g_autofree gchar *path = g_build_filename (outbox, name, NULL);

  return g_file_test (path, G_FILE_TEST_EXISTS);
}

/* --- list --------------------------------------------------------------- */

static void
test_empty_outbox (void)
{
  g_autofree gchar *folder = harness_folder_new ();
  const gchar *environment[] = { "EKASCRIBE_OUTBOX", folder, NULL };
  g_autoptr (Launch) list = tool_run (environment, 0, "outbox list");
  g_autoptr (Launch) absent = tool_run (environment, 0,
                                        "outbox list --json --outbox=%s/absent",
                                        folder);
  g_autoptr (Launch) send = tool_run (environment, 0, "outbox send");
  g_autoptr (Launch) purge = tool_run (environment, 0, "outbox purge");

  tool_assert_says (list->out->str, folder);
  g_assert_cmpstr (absent->out->str, ==, "[]\n");
  g_assert_cmpstr (send->out->str, ==, "");
  g_assert_cmpuint (left_count (folder), ==, 0);
  g_rmdir (folder);
}

static void
test_list (void)
{
  g_autofree gchar *outbox = harness_folder_new ();
  const Left waiting = { .base_url = "https://one.example/v1",
                         .session_id = "ses_aaaaaaaaaaaaaaaa",
                         .chunks = 3,
                         .acknowledged = 1,
                         .journal = 5,
                         .created = TRUE };
  g_autofree gchar *name = left_make (outbox, &waiting);
  g_autoptr (Launch) text = tool_run (NULL, 0, "outbox list --outbox='%s'",
                                      outbox);
  g_autoptr (Launch) json = tool_run (NULL, 0,
                                      "outbox list --json --outbox='%s'",
                                      outbox);
  g_autoptr (JsonNode) node = tool_parse (json);
  JsonObject *object = get_object (node, 0);

  tool_assert_says (text->out->str, name);
  tool_assert_says (text->out->str, "waiting");
  tool_assert_says (text->out->str, "2026-07-12T09:30:00Z");
  tool_assert_says (text->out->str, "ses_aaaaaaaaaaaaaaaa");
  tool_assert_says (text->out->str, "1 recording, 6.5 s, ");
  tool_assert_says (text->out->str, "ekascribe outbox send --outbox ");
  g_assert_cmpstr (text->err->str, ==, "");
  assert_string (object, "name", name);
  assert_string (object, "state", "ready");
  assert_string (object, "session_id", "ses_aaaaaaaaaaaaaaaa");
  assert_string (object, "base_url", "https://one.example/v1");
  assert_string (object, "started_at", "2026-07-12T09:30:00Z");
  g_assert_true (json_object_get_boolean_member (object, "created"));
  g_assert_false (json_object_get_boolean_member (object, "ended"));
  g_assert_false (json_object_get_boolean_member (object, "safe"));
  assert_int (object, "chunks", 4);
  assert_int (object, "chunks_waiting", 3);
  assert_seconds (object, "seconds", 6.5);
  assert_seconds (object, "seconds_waiting", 4.5);
  g_assert_cmpint (json_object_get_int_member (object, "bytes"), >, 200000);
  g_assert_null (strstr (text->out->str, LEFT_PATIENT));
  g_assert_null (strstr (json->out->str, LEFT_PATIENT));
  harness_folder_remove (outbox);
}

static void
test_states (void)
{
  g_autofree gchar *outbox = harness_folder_new ();
  const Left left = { .chunks = 2 };
  g_autofree gchar *used = left_make (outbox, &left);
  g_autofree gchar *damaged = left_make (outbox, &left);
  EkaSpool *held = left_hold (outbox, used);
  g_autoptr (Launch) text = NULL;

  spoil_index (outbox, damaged);
  text = tool_run (NULL, 0, "outbox list --outbox='%s'", outbox);
  tool_assert_says (text->out->str, "in use now");
  tool_assert_says (text->out->str, "damaged");
  tool_assert_says (text->out->str, "2 recordings, 8.0 s");
  tool_assert_says (text->err->str, damaged);
  left_drop (held);
  harness_folder_remove (outbox);
}

/* A clinic that was offline for a year. */
static void
test_ten_thousand (void)
{
  const guint n = g_getenv ("EKASCRIBE_TEST_CHECKED") != NULL ? 100 : 10000;
  g_autofree gchar *outbox = harness_folder_new ();
  const Left left = { .session_id = "ses_aaaaaaaaaaaaaaaa", .chunks = 1 };
  g_autofree gchar *name = left_make (outbox, &left);
  g_autofree gchar *sum = g_strdup_printf ("\n%u recordings, %u.0 s, ", n,
                                           2 * n);
  g_autoptr (Launch) text = NULL;
  g_autoptr (Launch) json = NULL;
  g_autoptr (JsonNode) node = NULL;

  left_copy (outbox, name, n - 1);
  text = tool_run (NULL, 0, "outbox list --outbox='%s'", outbox);
  tool_assert_says (text->out->str, sum);
  json = tool_run (NULL, 0, "outbox list --json --outbox='%s'", outbox);
  node = tool_parse (json);
  g_assert_cmpuint (json_array_get_length (json_node_get_array (node)), ==, n);
  harness_folder_remove (outbox);
}

/* --- export ------------------------------------------------------------- */

static void
test_export (void)
{
  g_autofree gchar *outbox = harness_folder_new ();
  g_autofree gchar *folder = harness_folder_new ();
  const Left left = { .session_id = "ses_aaaaaaaaaaaaaaaa",
                      .chunks = 3,
                      .journal = 5 };
  g_autofree gchar *name = left_make (outbox, &left);
  g_autofree gchar *file = g_strconcat (name, ".wav", NULL);
  const gchar *environment[] = { "EKASCRIBE_OUTBOX", outbox, NULL };
  g_autoptr (Launch) named = tool_run (environment, 0,
                                       "outbox export %s -o %s/a.wav", name,
                                       folder);
  g_autoptr (Launch) path = tool_run (environment, 0,
                                      "outbox export %s/%s/ -o %s/b.wav",
                                      outbox, name, folder);
  g_autoptr (Launch) session = tool_run (
      environment, 0, "outbox export ses_aaaaaaaaaaaaaaaa -o %s/c.wav", folder);
  g_autoptr (Launch) again = tool_run (environment, 1,
                                       "outbox export %s -o %s/a.wav", name,
                                       folder);
  g_autoptr (Launch) forced = tool_run (environment, 0,
                                        "outbox export %s -f -o %s/a.wav", name,
                                        folder);
  g_autoptr (Launch) unknown = tool_run (environment, 1, "outbox export nobody");
  g_autoptr (Launch) here = launch_run (
      environment, "!sh -c 'cd %s && %s outbox export %s'", folder,
      EKASCRIBE_PATH, name);
  g_autoptr (Launch) out = launch_run (
      environment, "!sh -c '%s outbox export -o - %s >%s/d.wav; "
      "chmod 600 %s/d.wav'", EKASCRIBE_PATH, name, folder, folder);

  g_assert_cmpint (here->exit_code, ==, 0);
  tool_assert_says (named->err->str, "a.wav");
  tool_assert_says (again->err->str, "--force");
  tool_assert_says (unknown->err->str, "nobody");
  assert_lasts (folder, "a.wav", 6.5);
  assert_lasts (folder, "b.wav", 6.5);
  assert_lasts (folder, "c.wav", 6.5);
  assert_lasts (folder, "d.wav", 6.5);
  assert_lasts (folder, file, 6.5);
  g_assert_cmpuint (left_count (folder), ==, 5);
  g_assert_cmpuint (left_count (outbox), ==, 1);
  harness_folder_remove (folder);
  harness_folder_remove (outbox);
}

/* It takes no lock, and asks for no index that can be read. */
static void
test_export_of_what_is_in_use_and_damaged (void)
{
  g_autofree gchar *outbox = harness_folder_new ();
  g_autofree gchar *folder = harness_folder_new ();
  const Left left = { .chunks = 2, .journal = 5 };
  g_autofree gchar *used = left_make (outbox, &left);
  const Left plain = { .chunks = 2 };
  g_autofree gchar *damaged = left_make (outbox, &plain);
  EkaSpool *held = left_hold (outbox, used);
  const gchar *environment[] = { "EKASCRIBE_OUTBOX", outbox, NULL };
  g_autoptr (Launch) running = NULL;
  g_autoptr (Launch) broken = NULL;

  spoil_index (outbox, damaged);
  running = tool_run (environment, 0, "outbox export %s -o %s/a.wav", used,
                      folder);
  broken = tool_run (environment, 0, "outbox export %s -o %s/b.wav", damaged,
                     folder);
  assert_lasts (folder, "a.wav", 4.5);
  assert_lasts (folder, "b.wav", 4.0);
  left_drop (held);
  harness_folder_remove (folder);
  harness_folder_remove (outbox);
}

static void
test_export_of_two_codecs (void)
{
  g_autofree gchar *outbox = harness_folder_new ();
  g_autofree gchar *folder = harness_folder_new ();
  const Left left = { .chunks = 3, .mulaw = 1 };
  g_autofree gchar *name = left_make (outbox, &left);
  const gchar *environment[] = { "EKASCRIBE_OUTBOX", outbox, NULL };
  g_autoptr (Launch) files = tool_run (environment, 0,
                                       "outbox export %s -o %s/a.b.wav", name,
                                       folder);
  g_autoptr (Launch) out = tool_run (environment, 1, "outbox export %s -o -",
                                     name);

  assert_lasts (folder, "a.b-1.wav", 4);
  assert_lasts (folder, "a.b-2.wav", 2);
  g_assert_cmpuint (left_count (folder), ==, 2);
  g_assert_cmpstr (out->out->str, ==, "");
  harness_folder_remove (folder);
  harness_folder_remove (outbox);
}

/* What is there is exported, and what is not is told. */
static void
test_export_with_a_chunk_that_is_spoilt (void)
{
  g_autofree gchar *outbox = harness_folder_new ();
  g_autofree gchar *folder = harness_folder_new ();
  const Left left = { .chunks = 3 };
  g_autofree gchar *name = left_make (outbox, &left);
  g_autofree gchar *chunk = g_build_filename (outbox, name, "audio_1.wav", NULL);
  const gchar *environment[] = { "EKASCRIBE_OUTBOX", outbox, NULL };
  g_autoptr (Launch) launch = NULL;
  g_autoptr (Launch) none = NULL;
  const Left empty = { .chunks = 0 };
  g_autofree gchar *nothing = left_make (outbox, &empty);

  g_assert_true (g_file_set_contents (chunk, "spoilt", -1, NULL));
  launch = tool_run (environment, 1, "outbox export %s -o %s/a.wav", name,
                     folder);
  tool_assert_says (launch->err->str, "Chunk 1 (2.0 s)");
  assert_lasts (folder, "a.wav", 4);
  none = tool_run (environment, 1, "outbox export %s", nothing);
  tool_assert_says (none->err->str, "no audio");
  harness_folder_remove (folder);
  harness_folder_remove (outbox);
}

/* --- purge -------------------------------------------------------------- */

static void
make_garbage (const gchar *outbox,
              const gchar *name)
{
  g_autofree gchar *folder = g_build_filename (outbox, name, NULL);
  g_autofree gchar *lock = g_build_filename (folder, "lock", NULL);

  g_assert_cmpint (mkdir (folder, 0700), ==, 0);
  g_assert_true (g_file_set_contents (lock, "", 0, NULL));
  /* What is younger may be somebody's who is just making it. */
  g_assert_cmpint (utime (folder, &(struct utimbuf) { 0 }), ==, 0);
}

static void
test_purge_of_what_is_safe (void)
{
  g_autofree gchar *outbox = harness_folder_new ();
  const Left lefts[] = {
    { .chunks = 2, .acknowledged = 2, .created = TRUE, .ended = TRUE },
    { .chunks = 0 },
    { .chunks = 2, .acknowledged = 2, .created = TRUE },
    { .chunks = 2, .acknowledged = 1, .created = TRUE, .ended = TRUE },
    { .chunks = 1, .acknowledged = 1, .journal = 3, .created = TRUE,
      .ended = TRUE },
    { .chunks = 1, .acknowledged = 1, .created = TRUE, .ended = TRUE },
  };
  gchar *names[G_N_ELEMENTS (lefts)];
  EkaSpool *held;
  g_autoptr (Launch) launch = NULL;
  g_autoptr (JsonNode) node = NULL;
  JsonArray *removed;
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (lefts); i++)
    names[i] = left_make (outbox, &lefts[i]);
  held = left_hold (outbox, names[5]);
  make_garbage (outbox, ".new-20260712T093000Z-00000000");
  make_garbage (outbox, ".del-20260712T093000Z-00000001");
  launch = tool_run (NULL, 0, "outbox purge --json --outbox='%s'", outbox);
  node = tool_parse (launch);
  removed = json_object_get_array_member (json_node_get_object (node),
                                          "removed");
  g_assert_cmpuint (json_array_get_length (removed), ==, 2);
  assert_int (json_node_get_object (node), "swept", 2);
  for (i = 0; i < G_N_ELEMENTS (lefts); i++)
    {
      g_assert_cmpint (is_there (outbox, names[i]), ==, i >= 2);
      g_free (names[i]);
    }
  g_assert_cmpuint (left_count (outbox), ==, 4);
  left_drop (held);
  harness_folder_remove (outbox);
}

static void
test_purge_of_what_is_named (void)
{
  g_autofree gchar *outbox = harness_folder_new ();
  const Left left = { .session_id = "ses_aaaaaaaaaaaaaaaa", .chunks = 2 };
  g_autofree gchar *name = left_make (outbox, &left);
  const gchar *environment[] = { "EKASCRIBE_OUTBOX", outbox, NULL };
  EkaSpool *held;
  g_autoptr (Launch) unsure = launch_run (
      environment, "!sh -c '%s outbox purge %s </dev/null'", EKASCRIBE_PATH,
      name);
  g_autoptr (Launch) used = NULL;
  g_autoptr (Launch) unknown = NULL;
  g_autoptr (Launch) sure = NULL;

  g_assert_cmpint (unsure->exit_code, ==, 2);
  held = left_hold (outbox, name);
  used = tool_run (environment, 1, "outbox purge --yes %s", name);
  tool_assert_says (used->err->str, "in use");
  left_drop (held);
  unknown = tool_run (environment, 1, "outbox purge --yes %s nobody", name);
  g_assert_true (is_there (outbox, name));
  sure = tool_run (environment, 0, "outbox purge --yes ses_aaaaaaaaaaaaaaaa");
  tool_assert_says (sure->out->str, name);
  g_assert_cmpuint (left_count (outbox), ==, 0);
  harness_folder_remove (outbox);
}

/* @answer: what is typed */
static void
ask (const gchar *outbox,
     const gchar *name,
     const gchar *answer)
{
  const gchar *environment[] = { "EKASCRIBE_OUTBOX", outbox, NULL };
  g_autoptr (Launch) launch = launch_run (
      environment,
      "!sh -c 'echo %s | script -qec \"%s outbox purge %s\" /dev/null'", answer,
      EKASCRIBE_PATH, name);

  g_assert_cmpint (launch->exit_code, ==, 0);
  tool_assert_says (launch->out->str,
                    "4.0 s of audio that the service may not have? [y/N]");
}

static void
test_purge_asks_on_a_terminal (void)
{
  g_autofree gchar *outbox = harness_folder_new ();
  const Left left = { .chunks = 2 };
  g_autofree gchar *name = left_make (outbox, &left);

  ask (outbox, name, "n");
  g_assert_true (is_there (outbox, name));
  ask (outbox, name, "y");
  g_assert_cmpuint (left_count (outbox), ==, 0);
  harness_folder_remove (outbox);
}

#define ADD(name, func) g_test_add_func ("/tools/outbox/" name, func)

int
main (int    argc,
      char **argv)
{
  harness_init (&argc, &argv);
  ADD ("empty outbox", test_empty_outbox);
  ADD ("list", test_list);
  ADD ("states", test_states);
  ADD ("ten thousand", test_ten_thousand);
  ADD ("export", test_export);
  ADD ("export of what is in use and damaged",
       test_export_of_what_is_in_use_and_damaged);
  ADD ("export of two codecs", test_export_of_two_codecs);
  ADD ("export with a chunk that is spoilt",
       test_export_with_a_chunk_that_is_spoilt);
  ADD ("purge of what is safe", test_purge_of_what_is_safe);
  ADD ("purge of what is named", test_purge_of_what_is_named);
  ADD ("purge asks on a terminal", test_purge_asks_on_a_terminal);
  return g_test_run ();
}
