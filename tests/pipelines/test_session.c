/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "fixtures.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

/* One command of a person's, and all that comes of it. */

#define SCRIBE "ekascribesink poll-interval=50000000 "
#define SOUND                                                                  \
  "audiotestsrc num-buffers=100 samplesperbuffer=480 ! "                      \
  "audio/x-raw,rate=48000,channels=1 ! opusenc "

static void
assert_private (const gchar *path)
{
  GStatBuf info;

  g_assert_cmpint (g_stat (path, &info), ==, 0);
  g_assert_cmpint (info.st_mode & 07777, ==, 0600);
}

static JsonNode *
read_json (const gchar *folder,
           const gchar *name)
{
  g_autofree gchar *text = harness_read (folder, name);
  g_autoptr (GError) error = NULL;
  JsonNode *node = json_from_string (text, &error);

  g_assert_no_error (error);
  return node;
}

static void
test_results_come_as_messages_and_files (void)
{
  const gchar *const environment[] = { "EKASCRIBE_ACCESS_TOKEN", HARNESS_TOKEN,
                                       NULL };
  g_autoptr (Sandbox) sandbox = sandbox_new ("--token " HARNESS_TOKEN);
  g_autofree gchar *work = harness_folder_new ();
  g_autofree gchar *result = g_build_filename (work, "result.json", NULL);
  g_autofree gchar *transcript = g_build_filename (work, "text.txt", NULL);
  g_autofree gchar *text = NULL;
  g_autoptr (JsonNode) json = NULL;
  g_autoptr (Launch) launch = NULL;

  launch = launch_run (environment,
                       SOUND "! " SCRIBE "base-url=%s "
                       "templates=soap_template,transcript_template "
                       "result-location=%s transcript-location=%s",
                       sandbox->url, result, transcript);
  g_assert_cmpint (launch->exit_code, ==, 0);
  launch_assert_says (launch, "ekascribe-session, ");
  launch_assert_says (launch, "state=(string)completed");
  launch_assert_says (launch, "ekascribe-chunk, ");
  launch_assert_says (launch, "ekascribe-transcript, ");
  launch_assert_says (launch, "Measured\\ by\\ ekascribe-sandbox");
  launch_assert_says (launch, "template-id=(string)soap_template");
  launch_assert_says (launch, "template-id=(string)transcript_template");
  launch_assert_says (launch, "ekascribe-result, ");
  launch_assert_says (launch, "Progress: (open) ");
  launch_assert_says (launch, "Progress: (upload) ");
  launch_assert_says (launch, "Progress: (close) ");
  launch_assert_says (launch, "Progress: (results) ");
  launch_assert_says (launch, "Got EOS from element");

  assert_private (result);
  assert_private (transcript);
  json = read_json (work, "result.json");
  g_assert_cmpstr (json_object_get_string_member (json_node_get_object (json),
                                                  "status"), ==, "completed");
  text = harness_read (work, "text.txt");
  g_assert_cmpstr (json_object_get_string_member (json_node_get_object (json),
                                                  "transcript"), ==, text);
  harness_folder_remove (work);
}

static void
test_a_file_is_never_overwritten (void)
{
  g_autoptr (Sandbox) sandbox = sandbox_new (NULL);
  g_autofree gchar *work = harness_folder_new ();
  g_autofree gchar *first = g_build_filename (work, "text.txt", NULL);
  g_autofree gchar *second = NULL;
  g_autofree gchar *kept = NULL;
  g_autoptr (Launch) launch = NULL;

  g_assert_true (g_file_set_contents (first, "kept", -1, NULL));
  launch = launch_run (NULL,
                       SOUND "! " SCRIBE "base-url=%s "
                       "session-id=ses_of_this_test_1 "
                       "transcript-location=%s result-location=%s/%%s.json",
                       sandbox->url, first, work);
  g_assert_cmpint (launch->exit_code, ==, 0);
  kept = harness_read (work, "text.txt");
  g_assert_cmpstr (kept, ==, "kept");
  second = harness_read (work, "text-2.txt");
  g_assert_nonnull (strstr (second, "Measured by ekascribe-sandbox"));
  g_free (second);
  second = harness_read (work, "ses_of_this_test_1.json");
  g_assert_nonnull (strstr (second, "ses_of_this_test_1"));
  harness_folder_remove (work);
}

static void
test_every_field_of_create_arrives (void)
{
  g_autoptr (Sandbox) sandbox = sandbox_new (NULL);
  g_autofree gchar *work = harness_folder_new ();
  g_autofree gchar *patient = g_build_filename (work, "patient.json", NULL);
  g_autoptr (JsonObject) all = NULL;
  g_autoptr (Launch) launch = NULL;
  JsonObject *session, *object;
  JsonArray *list;

  g_assert_true (g_file_set_contents (
      patient, "{\"name\":\"Asha Rao\",\"oid\":\"0123456\"}", -1, NULL));
  launch = launch_run (
      NULL,
      SOUND "! " SCRIBE "base-url=%s session-id=ses_of_this_test_2 "
      "session-mode=consultation model=pro language-hint=hi,en "
      "transcript-language=ta templates=soap_template,transcript_template "
      "patient-details=@%s 'additional-data={\"visit\":\"0042\"}'",
      sandbox->url, patient);
  g_assert_cmpint (launch->exit_code, ==, 0);

  all = sandbox_describe (sandbox);
  session = json_object_get_object_member (all, "session");
  g_assert_cmpstr (json_object_get_string_member (session, "session_id"), ==,
                   "ses_of_this_test_2");
  g_assert_cmpstr (json_object_get_string_member (all, "session_mode"), ==,
                   "consultation");
  g_assert_cmpstr (json_object_get_string_member (all, "model"), ==, "pro");
  list = json_object_get_array_member (all, "language_hint");
  g_assert_cmpuint (json_array_get_length (list), ==, 2);
  g_assert_cmpstr (json_array_get_string_element (list, 0), ==, "hi");
  g_assert_cmpstr (json_array_get_string_element (list, 1), ==, "en");
  g_assert_cmpstr (json_object_get_string_member (all, "transcript_language"),
                   ==, "ta");
  object = json_object_get_object_member (session, "patient_details");
  g_assert_cmpstr (json_object_get_string_member (object, "name"), ==,
                   "Asha Rao");
  g_assert_cmpstr (json_object_get_string_member (object, "oid"), ==,
                   "0123456");
  object = json_object_get_object_member (session, "additional_data");
  g_assert_cmpstr (json_object_get_string_member (object, "visit"), ==,
                   "0042");
  object = json_object_get_object_member (object, "_protocol");
  list = json_object_get_array_member (object, "requested_templates");
  g_assert_cmpuint (json_array_get_length (list), ==, 2);
  g_assert_cmpstr (json_object_get_string_member (object, "upload_type"), ==,
                   "chunked");
  g_assert_cmpint (json_object_get_int_member (all, "audio_files_sent"), ==, 1);
  harness_folder_remove (work);
}

static void
test_result_template_asks_for_one_document (void)
{
  g_autoptr (Sandbox) sandbox = sandbox_new (NULL);
  g_autoptr (Player) player = NULL;

  player = player_new (SOUND "! " SCRIBE "base-url=%s "
                       "templates=soap_template,transcript_template "
                       "result-template=soap_template", sandbox->url);
  g_assert_cmpint (GST_MESSAGE_TYPE (player_run (player)), ==,
                   GST_MESSAGE_EOS);
  g_assert_cmpuint (player_count (player, GST_MESSAGE_ELEMENT,
                                  "ekascribe-template"), ==, 1);
  g_assert_cmpstr (
      gst_structure_get_string (player_last (player, "ekascribe-template"),
                                "template-id"), ==, "soap_template");
}

static void
test_without_waiting_eos_passes_once_end_is_accepted (void)
{
  g_autoptr (Sandbox) sandbox = sandbox_new ("--processing-time 3600");
  g_autoptr (JsonObject) all = NULL;
  g_autoptr (Launch) launch = NULL;

  launch = launch_run (NULL,
                       SOUND "! " SCRIBE "base-url=%s "
                       "wait-for-results=false", sandbox->url);
  g_assert_cmpint (launch->exit_code, ==, 0);
  g_assert_null (strstr (launch->out->str, "ekascribe-result"));
  all = sandbox_describe (sandbox);
  g_assert_cmpint (json_object_get_int_member (all, "audio_files_sent"), ==, 1);
}

/* --- final states ------------------------------------------------------- */

/* Neither are bad results doubted, nor is audio sent again for long. */
#define AT_ONCE "result-settle-time=0 retry-time=1000000000 "

static void
test_partial_is_a_warning_and_exits_0 (void)
{
  g_autoptr (Sandbox) sandbox = sandbox_new ("--final partial");
  g_autoptr (Launch) launch = NULL;

  launch = launch_run (NULL,
                       SOUND "! " SCRIBE "base-url=%s result-settle-time=0 "
                       "templates=soap_template", sandbox->url);
  g_assert_cmpint (launch->exit_code, ==, 0);
  launch_assert_says (launch, "status=(string)partial");
  launch_assert_says (launch, "WARNING: from element");
}

/* @final: as the sandbox calls it. gst-launch stops reading messages as soon as
 * there is an ERROR, so that their order is looked at in this process. */
static void
assert_ends_badly (const gchar *final,
                   const Fault *fault)
{
  g_autofree gchar *option = g_strdup_printf ("--final %s", final);
  g_autoptr (Sandbox) sandbox = sandbox_new (option);
  g_autofree gchar *work = harness_folder_new ();
  g_autofree gchar *text = NULL;
  g_autoptr (Launch) launch = NULL;
  g_autoptr (Player) player = NULL;
  const GstStructure *result;

  player = player_new (SOUND "! " SCRIBE "base-url=%s " AT_ONCE, sandbox->url);
  harness_assert_fault (player_run (player), fault);
  result = player_last (player, "ekascribe-result");
  g_assert_nonnull (result);
  g_assert_cmpstr (gst_structure_get_string (result, "status"), ==, final);
  g_assert_cmpint (
      GST_MESSAGE_TYPE (g_ptr_array_index (player->messages,
                                           player->messages->len - 1)),
      !=, GST_MESSAGE_ELEMENT);

  launch = launch_run (NULL,
                       SOUND "! " SCRIBE "base-url=%s " AT_ONCE
                       "result-location=%s/result.json", sandbox->url, work);
  g_assert_cmpint (launch->exit_code, ==, 1);
  launch_assert_says (launch, "ERROR: from element");
  text = harness_read (work, "result.json");
  g_assert_nonnull (strstr (text, final));
  harness_folder_remove (work);
}

static void
test_failed_is_an_error_after_the_result (void)
{
  const Fault fault = { GST_STREAM_ERROR, GST_STREAM_ERROR_FAILED,
                        .status = 200, .error_code = "processing_failed",
                        .request = "get" };

  assert_ends_badly ("failed", &fault);
}

static void
test_expired_is_an_error_after_the_result (void)
{
  const Fault fault = { GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_FOUND,
                        .text = "expired", .status = 410,
                        .error_code = "session_expired", .request = "get" };

  assert_ends_badly ("expired", &fault);
}

static void
test_results_that_do_not_come_are_an_error (void)
{
  const Fault fault = { GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_READ,
                        .text = "result-timeout", .request = "get",
                        .property = "result-timeout" };
  g_autoptr (Sandbox) sandbox = sandbox_new ("--processing-time 3600");
  g_autoptr (Player) player = NULL;

  player = player_new (SOUND "! " SCRIBE "base-url=%s "
                       "result-timeout=300000000 poll-interval=100000000",
                       sandbox->url);
  harness_assert_fault (player_run (player), &fault);
}

/* --- discovery ---------------------------------------------------------- */

static void
test_no_discovery_is_fine_unless_required (void)
{
  const Fault fault = { GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS,
                        .text = "discovery=require", .status = 404,
                        .error_code = "not_found", .request = "discovery",
                        .property = "discovery" };
  g_autoptr (Sandbox) sandbox = sandbox_new ("--no-discovery");
  g_autoptr (Launch) launch = NULL;
  g_autoptr (Player) player = NULL;

  launch = launch_run (NULL, SOUND "! " SCRIBE "base-url=%s",
                       sandbox->url);
  g_assert_cmpint (launch->exit_code, ==, 0);

  player = player_new (SOUND "! " SCRIBE "base-url=%s discovery=require",
                       sandbox->url);
  harness_assert_fault (player_run (player), &fault);
}

static void
test_a_required_discovery_is_used (void)
{
  g_autoptr (Sandbox) sandbox = sandbox_new (NULL);
  g_autoptr (Launch) launch = NULL;

  launch = launch_run (NULL,
                       SOUND "! " SCRIBE "base-url=%s discovery=require",
                       sandbox->url);
  g_assert_cmpint (launch->exit_code, ==, 0);
}

/* @properties: what the sandbox does not list; the last one is named */
static void
test_what_discovery_does_not_list_is_an_error (gconstpointer properties)
{
  g_autoptr (Sandbox) sandbox = sandbox_new (NULL);
  g_autofree gchar *property =
      g_strndup (properties, strcspn (properties, "="));
  g_auto (GStrv) sessions = NULL;
  g_autoptr (Player) player = NULL;
  Fault fault = { GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS };

  fault.text = property;
  fault.property = property;
  player = player_new (SOUND "! " SCRIBE "base-url=%s %s", sandbox->url,
                       (const gchar *) properties);
  harness_assert_fault (player_run (player), &fault);
  sessions = sandbox_list (sandbox);
  g_assert_cmpuint (g_strv_length (sessions), ==, 0);
}

int
main (int    argc,
      char **argv)
{
  harness_init (&argc, &argv);
  g_test_add_func ("/session/results-come-as-messages-and-files",
                   test_results_come_as_messages_and_files);
  g_test_add_func ("/session/a-file-is-never-overwritten",
                   test_a_file_is_never_overwritten);
  g_test_add_func ("/session/every-field-of-create-arrives",
                   test_every_field_of_create_arrives);
  g_test_add_func ("/session/result-template-asks-for-one-document",
                   test_result_template_asks_for_one_document);
  g_test_add_func ("/session/without-waiting-eos-passes-once-end-is-accepted",
                   test_without_waiting_eos_passes_once_end_is_accepted);
  g_test_add_func ("/session/partial-is-a-warning-and-exits-0",
                   test_partial_is_a_warning_and_exits_0);
  g_test_add_func ("/session/failed-is-an-error-after-the-result",
                   test_failed_is_an_error_after_the_result);
  g_test_add_func ("/session/expired-is-an-error-after-the-result",
                   test_expired_is_an_error_after_the_result);
  g_test_add_func ("/session/results-that-do-not-come-are-an-error",
                   test_results_that_do_not_come_are_an_error);
  g_test_add_func ("/session/no-discovery-is-fine-unless-required",
                   test_no_discovery_is_fine_unless_required);
  g_test_add_func ("/session/a-required-discovery-is-used",
                   test_a_required_discovery_is_used);
  g_test_add_data_func ("/session/unlisted-is-an-error/model",
                        "model=ultra",
                        test_what_discovery_does_not_list_is_an_error);
  g_test_add_data_func ("/session/unlisted-is-an-error/language",
                        "language-hint=xx",
                        test_what_discovery_does_not_list_is_an_error);
  return g_test_run ();
}
