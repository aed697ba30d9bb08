/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "harness.h"
#include "rogue.h"

#include <string.h>

/* What a server can say no with: the message on the bus, its details, and the
 * exit code of gst-launch. */

#define SOUND                                                                  \
  "audiotestsrc num-buffers=20 samplesperbuffer=160 ! "                       \
  "audio/x-raw,format=S16LE,rate=16000,channels=1 ! "

#define ONCE " retry-time=0"

static void
play_for (Rogue       *rogue,
          const gchar *properties,
          const Fault *fault)
{
  g_autoptr (Player) player = player_new (
      SOUND "ekascribesink name=scribe base-url=%s %s", rogue_url (rogue),
      properties);

  harness_assert_fault (player_run (player), fault);
}

static void
launch_for (const gchar *url,
            const gchar *properties,
            const gchar *text)
{
  g_autoptr (Launch) launch = launch_run (
      NULL, SOUND "ekascribesink base-url=%s %s", url, properties);

  g_assert_cmpint (launch->exit_code, ==, 1);
  launch_assert_says (launch, "ERROR: from element");
  launch_assert_says (launch, text);
}

/* --- tokens ------------------------------------------------------------- */

static void
test_no_token (void)
{
  const Fault fault = { GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_AUTHORIZED,
                        .text = "access-token", .status = 401,
                        .error_code = "authentication_failed",
                        .request = "create", .property = "access-token" };
  g_autoptr (Sandbox) sandbox = sandbox_new ("--token " HARNESS_TOKEN);
  g_autoptr (Player) player =
      player_new (SOUND "ekascribesink base-url=%s", sandbox->url);

  harness_assert_fault (player_run (player), &fault);
  launch_for (sandbox->url, "", "HTTP 401");
}

static void
test_wrong_token (void)
{
  const Fault fault = { GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_AUTHORIZED,
                        .text = "Invalid token", .status = 401,
                        .error_code = "authentication_failed",
                        .request = "create", .property = "access-token" };
  g_autoptr (Sandbox) sandbox = sandbox_new ("--token " HARNESS_TOKEN);
  g_autoptr (Player) player = player_new (
      SOUND "ekascribesink base-url=%s access-token=wrong", sandbox->url);

  harness_assert_fault (player_run (player), &fault);
  launch_for (sandbox->url, "access-token=wrong", "Invalid token");
}

static void
test_forbidden (void)
{
  const Fault fault = { GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_AUTHORIZED,
                        .text = "Not yours", .status = 403,
                        .error_code = "forbidden", .request = "create",
                        .property = "access-token" };
  g_autoptr (Rogue) rogue = rogue_new ();

  rogue_reply (rogue, ROGUE_CREATE, 1, 0, 403, NULL,
               "{\"error\":{\"code\":\"forbidden\","
               "\"message\":\"Not yours\"}}");
  play_for (rogue, "access-token=" HARNESS_TOKEN, &fault);
  /* There is no file to read again. */
  g_assert_cmpuint (rogue_count (rogue, ROGUE_CREATE), ==, 1);
  launch_for (rogue_url (rogue), "", "Not yours");
}

/* The token in the file is renewed between two calls. */
static void
test_a_renewed_token_file_is_read_again (void)
{
  g_autoptr (Rogue) rogue = rogue_new ();
  g_autofree gchar *work = harness_folder_new ();
  g_autofree gchar *path = g_build_filename (work, "token", NULL);
  g_autoptr (Player) player = NULL;
  g_autofree gchar *stored = NULL;

  g_assert_true (g_file_set_contents (path, "the-old-one\n", -1, NULL));
  rogue_set_token (rogue, "the-old-one");
  rogue_break (rogue, ROGUE_CREATE, 1, 1, ROGUE_HANG);
  player = player_new (SOUND "ekascribesink name=scribe base-url=%s "
                       "access-token-file=%s", rogue_url (rogue), path);
  player_set (player, GST_STATE_PLAYING);
  rogue_wait (rogue, ROGUE_CREATE, 1);
  rogue_set_token (rogue, "the-new-one");
  g_assert_true (g_file_set_contents (path, "the-new-one\n", -1, NULL));
  rogue_release (rogue);
  g_assert_cmpint (GST_MESSAGE_TYPE (player_wait (
                       player, GST_MESSAGE_EOS | GST_MESSAGE_ERROR)),
                   ==, GST_MESSAGE_EOS);

  g_assert_cmpuint (rogue_count (rogue, ROGUE_UPLOAD), ==, 2);
  g_assert_cmpstr (rogue_get (rogue, ROGUE_UPLOAD, 1)->authorization, ==,
                   "Bearer the-old-one");
  g_assert_cmpstr (rogue_get (rogue, ROGUE_UPLOAD, 2)->authorization, ==,
                   "Bearer the-new-one");
  g_assert_cmpuint (rogue_count (rogue, ROGUE_END), ==, 1);
  stored = rogue_stored (rogue);
  g_assert_cmpstr (stored, ==, "audio_0.wav ");
  harness_folder_remove (work);
}

/* A file whose new token is refused too is not read a third time. */
static void
test_the_file_is_read_again_once_a_request (void)
{
  const Fault fault = { GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_AUTHORIZED,
                        .status = 401, .error_code = "token_expired",
                        .request = "create", .property = "access-token" };
  g_autoptr (Rogue) rogue = rogue_new ();
  g_autofree gchar *work = harness_folder_new ();
  g_autofree gchar *path = g_build_filename (work, "token", NULL);
  g_autoptr (Player) player = NULL;

  g_assert_true (g_file_set_contents (path, "the-old-one\n", -1, NULL));
  rogue_set_token (rogue, "another-one");
  rogue_break (rogue, ROGUE_DISCOVER, 1, 1, ROGUE_HANG);
  player = player_new (SOUND "ekascribesink name=scribe base-url=%s "
                       "access-token-file=%s", rogue_url (rogue), path);
  player_set (player, GST_STATE_PLAYING);
  rogue_wait (rogue, ROGUE_DISCOVER, 1);
  g_assert_true (g_file_set_contents (path, "the-new-one\n", -1, NULL));
  rogue_release (rogue);
  harness_assert_fault (player_wait (player, GST_MESSAGE_ERROR), &fault);
  g_assert_cmpuint (rogue_count (rogue, ROGUE_CREATE), ==, 2);
  harness_folder_remove (work);
}

static void
test_an_api_key_goes_in_its_own_header (void)
{
  g_autoptr (Rogue) rogue = rogue_new ();
  g_autoptr (Player) player = player_new (
      SOUND "ekascribesink base-url=%s api-key=" HARNESS_TOKEN,
      rogue_url (rogue));

  player_run (player);
  g_assert_cmpstr (rogue_get (rogue, ROGUE_CREATE, 1)->api_key, ==,
                   HARNESS_TOKEN);
  g_assert_null (rogue_get (rogue, ROGUE_CREATE, 1)->authorization);
}

/* --- no server ---------------------------------------------------------- */

static gchar *
dead_url (void)
{
  g_autoptr (Rogue) rogue = rogue_new ();

  return g_strdup (rogue_url (rogue));
}

static void
test_an_absent_server (void)
{
  const Fault fault = { GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_OPEN_WRITE,
                        .request = "discovery" };
  g_autofree gchar *url = dead_url ();
  g_autoptr (Player) player = player_new (
      SOUND "ekascribesink base-url=%s" ONCE, url);

  harness_assert_fault (player_run (player), &fault);
  launch_for (url, ONCE, "Check the network and base-url");
}

static void
test_an_unknown_host (void)
{
  const Fault fault = { GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_OPEN_WRITE,
                        .text = "nowhere.invalid", .request = "discovery" };
  g_autoptr (Player) player = player_new (
      SOUND "ekascribesink base-url=https://nowhere.invalid/voice/v1" ONCE);

  harness_assert_fault (player_run (player), &fault);
  launch_for ("https://nowhere.invalid/voice/v1", ONCE, "nowhere.invalid");
}

/* --- odd answers -------------------------------------------------------- */

#define HTML                                                                   \
  "<html><head><title>Welcome to the hospital's network</title></head>"       \
  "<body>Log in</body></html>"

static void
test_a_web_page_with_502 (void)
{
  const Fault fault = { GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_OPEN_WRITE,
                        .text = "Welcome to the hospital", .status = 502,
                        .request = "create" };
  g_autoptr (Rogue) rogue = rogue_new ();

  rogue_reply (rogue, ROGUE_CREATE, 1, 0, 502, "Content-Type: text/html", HTML);
  play_for (rogue, ONCE, &fault);
  launch_for (rogue_url (rogue), ONCE, "HTTP 502");
}

static void
test_a_web_page_with_200 (void)
{
  const Fault fault = { GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_FAILED,
                        .text = "Welcome to the hospital", .status = 200,
                        .request = "create" };
  g_autoptr (Rogue) rogue = rogue_new ();

  rogue_reply (rogue, ROGUE_CREATE, 1, 0, 200, "Content-Type: text/html", HTML);
  play_for (rogue, ONCE, &fault);
  launch_for (rogue_url (rogue), ONCE, "Welcome to the hospital");
}

static void
test_half_a_json (void)
{
  const Fault fault = { GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_FAILED,
                        .status = 201, .request = "create" };
  g_autoptr (Rogue) rogue = rogue_new ();

  rogue_reply (rogue, ROGUE_CREATE, 1, 0, 201, NULL,
               "{\"session_id\":\"ses_of_the_rog");
  play_for (rogue, ONCE, &fault);
}

static void
test_an_error_that_is_a_text (void)
{
  const Fault fault = { GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS,
                        .text = "No such clinic", .status = 400,
                        .request = "create" };
  g_autoptr (Rogue) rogue = rogue_new ();

  rogue_reply (rogue, ROGUE_CREATE, 1, 0, 400, NULL,
               "{\"error\":\"No such clinic\"}");
  play_for (rogue, "", &fault);
  launch_for (rogue_url (rogue), "", "No such clinic");
}

static void
test_an_unknown_template (void)
{
  const Fault fault = { GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS,
                        .text = "poem_template", .status = 400,
                        .error_code = "invalid_template",
                        .request = "create", .property = "templates" };
  g_autoptr (Sandbox) sandbox = sandbox_new (NULL);
  g_autoptr (Player) player = player_new (
      SOUND "ekascribesink base-url=%s templates=poem_template", sandbox->url);

  harness_assert_fault (player_run (player), &fault);
  launch_for (sandbox->url, "templates=poem_template", "invalid_template");
}

static void
test_a_failed_validation (void)
{
  const Fault fault = { GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS,
                        .text = "body.model", .status = 422,
                        .request = "create", .property = "model" };
  g_autoptr (Rogue) rogue = rogue_new ();

  rogue_reply (rogue, ROGUE_CREATE, 1, 0, 422, NULL,
               "{\"detail\":[{\"loc\":[\"body\",\"model\"],"
               "\"msg\":\"not a model\"}]}");
  play_for (rogue, "", &fault);
  launch_for (rogue_url (rogue), "", "HTTP 422");
}

#define BRIEFLY "retry-time=1000000000 poll-interval=10000000"

/* --- uploads ------------------------------------------------------------ */

/* @body: an answer with 200 that acknowledges nothing */
static void
test_an_upload_that_is_not_acknowledged (gconstpointer body)
{
  const Fault fault = { GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_FAILED,
                        .status = 200, .request = "upload" };
  g_autoptr (Rogue) rogue = rogue_new ();
  g_autofree gchar *stored = NULL;

  rogue_reply (rogue, ROGUE_UPLOAD, 1, 0, 200, NULL, body);
  play_for (rogue, ONCE, &fault);
  g_assert_cmpuint (rogue_count (rogue, ROGUE_END), ==, 0);
  stored = rogue_stored (rogue);
  g_assert_cmpstr (stored, ==, "");
}

/* Sent again, with the same bytes, the chunk is taken. */
static void
test_an_upload_is_repeated_until_it_is_acknowledged (void)
{
  g_autoptr (Rogue) rogue = rogue_new ();
  g_autoptr (Player) player = NULL;
  const GstStructure *chunk;
  guint attempts = 0;

  rogue_reply (rogue, ROGUE_UPLOAD, 1, 1, 200, NULL, "{\"success\":false}");
  rogue_reply (rogue, ROGUE_UPLOAD, 2, 1, 200, NULL, "{\"succ");
  player = player_new (SOUND "ekascribesink base-url=%s", rogue_url (rogue));
  g_assert_cmpint (GST_MESSAGE_TYPE (player_run (player)), ==,
                   GST_MESSAGE_EOS);
  chunk = player_last (player, "ekascribe-chunk");
  g_assert_true (gst_structure_get_uint (chunk, "attempts", &attempts));
  g_assert_cmpuint (attempts, ==, 3);
  g_assert_true (g_bytes_equal (rogue_get (rogue, ROGUE_UPLOAD, 1)->body,
                                rogue_get (rogue, ROGUE_UPLOAD, 3)->body));
}

static void
test_another_count_at_the_end_is_a_warning (void)
{
  const Fault fault = { GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_WRITE,
                        .text = "received 7 audio files, but it acknowledged 1",
                        .request = "end" };
  g_autoptr (Rogue) rogue = rogue_new ();
  g_autoptr (Player) player = NULL;

  rogue_reply (rogue, ROGUE_END, 1, 0, 202, NULL,
               "{\"status\":\"processing\",\"audio_files_received\":7}");
  player = player_new (SOUND "ekascribesink base-url=%s", rogue_url (rogue));
  g_assert_cmpint (GST_MESSAGE_TYPE (player_run (player)), ==,
                   GST_MESSAGE_EOS);
  harness_assert_fault (player_find (player, GST_MESSAGE_WARNING), &fault);
}

/* A service that never knows a session again, however often it makes one. */
static void
test_a_session_that_is_gone (void)
{
  const Fault fault = { GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_FOUND,
                        .status = 404, .error_code = "session_not_found",
                        .request = "get" };
  g_autoptr (Rogue) rogue = rogue_new ();

  rogue_reply (rogue, ROGUE_GET, 1, 0, 404, NULL,
               "{\"error\":{\"code\":\"session_not_found\"}}");
  play_for (rogue, BRIEFLY, &fault);
  launch_for (rogue_url (rogue), BRIEFLY, "session_not_found");
}

int
main (int    argc,
      char **argv)
{
  harness_init (&argc, &argv);
  g_test_add_func ("/refusals/no-token", test_no_token);
  g_test_add_func ("/refusals/wrong-token", test_wrong_token);
  g_test_add_func ("/refusals/forbidden", test_forbidden);
  g_test_add_func ("/refusals/a-renewed-token-file-is-read-again",
                   test_a_renewed_token_file_is_read_again);
  g_test_add_func ("/refusals/the-file-is-read-again-once-a-request",
                   test_the_file_is_read_again_once_a_request);
  g_test_add_func ("/refusals/an-api-key-goes-in-its-own-header",
                   test_an_api_key_goes_in_its_own_header);
  g_test_add_func ("/refusals/an-absent-server", test_an_absent_server);
  g_test_add_func ("/refusals/an-unknown-host", test_an_unknown_host);
  g_test_add_func ("/refusals/a-web-page-with-502", test_a_web_page_with_502);
  g_test_add_func ("/refusals/a-web-page-with-200", test_a_web_page_with_200);
  g_test_add_func ("/refusals/half-a-json", test_half_a_json);
  g_test_add_func ("/refusals/an-error-that-is-a-text",
                   test_an_error_that_is_a_text);
  g_test_add_func ("/refusals/an-unknown-template", test_an_unknown_template);
  g_test_add_func ("/refusals/a-failed-validation", test_a_failed_validation);
  g_test_add_data_func ("/refusals/an-upload-not-acknowledged/success-false",
                        "{\"success\":false,"
                        "\"original_filename\":\"audio_0.wav\"}",
                        test_an_upload_that_is_not_acknowledged);
  g_test_add_data_func ("/refusals/an-upload-not-acknowledged/another-name",
                        "{\"success\":true,"
                        "\"original_filename\":\"audio_1.wav\"}",
                        test_an_upload_that_is_not_acknowledged);
  g_test_add_data_func ("/refusals/an-upload-not-acknowledged/half-a-json",
                        "{\"success\":true,\"original_",
                        test_an_upload_that_is_not_acknowledged);
  g_test_add_func ("/refusals/an-upload-is-repeated-until-acknowledged",
                   test_an_upload_is_repeated_until_it_is_acknowledged);
  g_test_add_func ("/refusals/another-count-at-the-end-is-a-warning",
                   test_another_count_at_the_end_is_a_warning);
  g_test_add_func ("/refusals/a-session-that-is-gone",
                   test_a_session_that_is_gone);
  return g_test_run ();
}
