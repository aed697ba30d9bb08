/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "fixture.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>

static void
test_discovery (void)
{
  g_autoptr (Box) box = box_start (NULL);
  g_autoptr (Answer) answer
      = box_get (box, ".well-known/medscribealliance");
  g_autoptr (Answer) root
      = box_get (box, "/.well-known/medscribealliance");

  answer_check (answer, 200, NULL);
  g_assert_true (json_node_equal (answer->json, root->json));
  g_assert_cmpstr (soup_message_headers_get_one (answer->headers,
                                                 "Cache-Control"),
                   ==, "max-age=10800");
  g_assert_cmpstr (answer_string (answer, "protocol"), ==,
                   "medscribealliance");
  g_assert_cmpstr (answer_string (answer, "supported_versions.0"), ==, "0.1");
  g_assert_cmpstr (answer_string (answer, "endpoints.base_url"), ==,
                   box->base_url);
  g_assert_cmpstr (answer_string (answer, "capabilities.upload_methods.0"),
                   ==, "chunked");
  g_assert_null (answer_find (answer, "capabilities.upload_methods.1"));
  g_assert_cmpstr (answer_string (answer, "capabilities.audio_formats.3"), ==,
                   "audio/ogg;codecs=opus");
  g_assert_cmpint (answer_int (answer,
                               "capabilities.max_chunk_duration_seconds"),
                   ==, 20);
  g_assert_cmpstr (answer_string (answer, "models.0.id"), ==, "lite");
  g_assert_cmpint (answer_int (answer,
                               "models.0.max_session_duration_seconds"),
                   ==, 600);
  g_assert_cmpstr (answer_string (answer, "models.1.id"), ==, "pro");
  g_assert_cmpint (answer_int (answer,
                               "models.1.max_session_duration_seconds"),
                   ==, 3600);
  g_assert_cmpstr (answer_string (answer, "models.0.languages.1"), ==, "hi");
  g_assert_true (json_node_get_boolean (
      answer_find (answer, "languages.auto_detection")));
}

static void
test_discovery_options (void)
{
  g_autoptr (Box) box = box_start (
      "--upload-methods=single,stream", "--audio-formats=audio/wav",
      "--models=tiny:2.5,big", "--languages=de", "--no-auto-detection",
      "--max-chunk-duration=5", "--public-url=https://scribe.example/v1/",
      "--token=secret", NULL);
  g_autoptr (Answer) answer
      = box_get (box, ".well-known/medscribealliance");

  answer_check (answer, 200, NULL);
  g_assert_cmpstr (answer_string (answer, "endpoints.base_url"), ==,
                   "https://scribe.example/v1");
  g_assert_cmpstr (answer_string (answer, "capabilities.upload_methods.1"),
                   ==, "stream");
  g_assert_cmpstr (answer_string (answer, "capabilities.audio_formats.0"), ==,
                   "audio/wav");
  g_assert_null (answer_find (answer, "capabilities.audio_formats.1"));
  g_assert_cmpint (answer_int (answer,
                               "capabilities.max_chunk_duration_seconds"),
                   ==, 5);
  g_assert_cmpfloat (json_node_get_double (answer_find (
                         answer, "models.0.max_session_duration_seconds")),
                     ==, 2.5);
  g_assert_cmpint (answer_int (answer,
                               "models.1.max_session_duration_seconds"),
                   ==, 3600);
  g_assert_cmpstr (answer_string (answer, "languages.supported.0"), ==, "de");
  g_assert_false (json_node_get_boolean (
      answer_find (answer, "languages.auto_detection")));
}

static void
test_no_discovery (void)
{
  g_autoptr (Box) box = box_start ("--no-discovery", NULL);
  g_autoptr (Answer) answer
      = box_get (box, ".well-known/medscribealliance");
  g_autoptr (Answer) root
      = box_get (box, "/.well-known/medscribealliance");

  answer_check (answer, 404, "not_found");
  answer_check (root, 404, "not_found");
}

static void
test_create (void)
{
  g_autoptr (Box) box = box_start (NULL);
  g_autofree gchar *url = g_strconcat (
      box->base_url, "/sessions/" SESSION "/audio", NULL);
  g_autoptr (Answer) answer = box_post (
      box, "sessions",
      "{" MINIMAL ",\"session_id\":\"" SESSION "\","
      "\"session_mode\":\"consultation\",\"model\":\"pro\","
      "\"templates\":[\"eka_emr_template\",\"soap_template\"],"
      "\"language_hint\":[\"en\",\"ta\"],\"transcript_language\":\"en\","
      "\"additional_data\":{\"visit\":{\"n\":1}},"
      "\"patient_details\":{\"oid\":\"PAT-1\"},\"new_member\":true}");
  g_autoptr (Answer) got = box_get (box, "sessions/" SESSION);

  answer_check (answer, 201, NULL);
  g_assert_cmpstr (answer_string (answer, "session_id"), ==, SESSION);
  g_assert_cmpstr (answer_string (answer, "status"), ==, "created");
  g_assert_cmpstr (answer_string (answer, "upload_url"), ==, url);
  g_assert_cmpstr (answer_string (answer, "patient_details.oid"), ==, "PAT-1");
  answer_check (got, 202, NULL);
  g_assert_cmpstr (answer_string (got, "status"), ==, "initialized");
  g_assert_cmpstr (answer_string (got, "upload_url"), ==, url);
  g_assert_cmpstr (answer_string (got, "created_at"), ==,
                   answer_string (answer, "created_at"));
  g_assert_cmpstr (answer_string (got, "expires_at"), ==,
                   answer_string (answer, "expires_at"));
  g_assert_cmpstr (answer_string (got, "patient_details.oid"), ==, "PAT-1");
  g_assert_cmpint (answer_int (got, "additional_data.visit.n"), ==, 1);
  g_assert_cmpstr (answer_string (got, "additional_data._protocol.version"),
                   ==, "0.1");
  g_assert_cmpstr (answer_string (got,
                                  "additional_data._protocol.upload_type"),
                   ==, "chunked");
  g_assert_cmpstr (
      answer_string (got, "additional_data._protocol.requested_templates.1"),
      ==, "soap_template");
  g_assert_cmpint (answer_int (got, "audio_files_received"), ==, 0);
  g_assert_cmpstr (answer_string (got, "transcript"), ==, "");
}

/* Times as the service writes them, an hour apart; an id of its own making. */
static void
test_create_defaults (void)
{
  g_autoptr (Box) box = box_start (NULL);
  g_autoptr (Answer) answer = box_post (box, "sessions", "{" MINIMAL "}");
  g_autoptr (GDateTime) created = NULL;
  g_autoptr (GDateTime) expires = NULL;

  answer_check (answer, 201, NULL);
  g_assert_true (g_regex_match_simple ("^ses_[0-9a-f]{28}$",
                                       answer_string (answer, "session_id"),
                                       0, 0));
  created = g_date_time_new_from_iso8601 (
      answer_string (answer, "created_at"), NULL);
  expires = g_date_time_new_from_iso8601 (
      answer_string (answer, "expires_at"), NULL);
  g_assert_cmpint (g_date_time_difference (expires, created), ==,
                   3600 * G_TIME_SPAN_SECOND);
  g_assert_cmpuint (strlen (answer_string (answer, "created_at")), ==, 20);
  g_assert_null (answer_string (answer, "patient_details"));
}

static const struct
{
  const gchar *body;
  guint status;
  const gchar *code;
  const gchar *field;
} REFUSED[] = {
  { "{\"upload_type\":", 400, "invalid_request", NULL },
  { "", 400, "invalid_request", NULL },
  { "{" MINIMAL ",\"session_mode\":\"\xff\"}", 400, "invalid_request", NULL },
  { "[1]", 422, "validation_error", NULL },
  { "{}", 400, "missing_required_field", "upload_type" },
  { "{\"upload_type\":\"chunked\"}", 400, "missing_required_field",
    "communication_protocol" },
  { "{\"upload_type\":null,\"communication_protocol\":\"http\"}", 400,
    "missing_required_field", "upload_type" },
  { "{\"upload_type\":1,\"communication_protocol\":\"http\"}", 422,
    "validation_error", "upload_type" },
  { "{\"upload_type\":\"tape\",\"communication_protocol\":\"http\"}", 422,
    "validation_error", "upload_type" },
  { "{\"upload_type\":\"single\",\"communication_protocol\":\"http\"}", 400,
    "invalid_request", "upload_type" },
  { "{\"upload_type\":\"stream\",\"communication_protocol\":\"websocket\"}",
    400, "invalid_request", "upload_type" },
  { "{\"upload_type\":\"chunked\",\"communication_protocol\":\"post\"}", 422,
    "validation_error", "communication_protocol" },
  { "{\"upload_type\":\"chunked\",\"communication_protocol\":\"rpc\"}", 400,
    "invalid_request", "communication_protocol" },
  { "{" MINIMAL ",\"session_id\":\"ses_0123456789a\"}", 422,
    "validation_error", "session_id" },
  { "{" MINIMAL ",\"session_id\":\"ses_0123456789012345678901234567890\"}",
    422, "validation_error", "session_id" },
  { "{" MINIMAL ",\"session_id\":\"../0123456789012\"}", 422,
    "validation_error", "session_id" },
  { "{" MINIMAL ",\"session_id\":16}", 422, "validation_error", "session_id" },
  { "{" MINIMAL ",\"session_mode\":\"chat\"}", 422, "validation_error",
    "session_mode" },
  { "{" MINIMAL ",\"model\":\"max\"}", 422, "validation_error", "model" },
  { "{" MINIMAL ",\"templates\":\"soap_template\"}", 422, "validation_error",
    "templates" },
  { "{" MINIMAL ",\"templates\":[1]}", 422, "validation_error", "templates" },
  { "{" MINIMAL ",\"templates\":[\"soap_template\",\"soap_template\","
    "\"soap_template\"]}",
    422, "validation_error", "templates" },
  { "{" MINIMAL ",\"templates\":[\"soap_template\",\"x\"]}", 400,
    "invalid_template", "templates" },
  { "{" MINIMAL ",\"language_hint\":\"en\"}", 422, "validation_error",
    "language_hint" },
  { "{" MINIMAL ",\"language_hint\":[\"xx\"]}", 422, "language_unsupported",
    "language_hint" },
  { "{" MINIMAL ",\"language_hint\":[\"ta\"],\"model\":\"lite\"}", 422,
    "language_unsupported", "language_hint" },
  { "{" MINIMAL ",\"language_hint\":[\"auto_detect\",\"en\"]}", 422,
    "language_unsupported", "language_hint" },
  { "{" MINIMAL ",\"transcript_language\":\"xx\"}", 422,
    "language_unsupported", "transcript_language" },
  { "{" MINIMAL ",\"additional_data\":[]}", 422, "validation_error",
    "additional_data" },
  { "{" MINIMAL ",\"patient_details\":\"x\"}", 422, "validation_error",
    "patient_details" },
};

static void
test_create_refused (void)
{
  g_autoptr (Box) box = box_start (NULL);
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (REFUSED); i++)
    {
      g_autoptr (Answer) answer = box_post (box, "sessions", REFUSED[i].body);
      g_autofree gchar *text = g_strescape (REFUSED[i].body, NULL);

      g_test_message ("%s", text);
      answer_check (answer, REFUSED[i].status, REFUSED[i].code);
      if (REFUSED[i].field != NULL)
        g_assert_cmpstr (answer_string (answer, "error.details.field"), ==,
                         REFUSED[i].field);
    }
}

static void
test_create_options (void)
{
  g_autoptr (Box) box = box_start ("--no-auto-detection", "--languages=de",
                                   "--models=tiny", NULL);
  g_autoptr (Answer) hint = box_post (
      box, "sessions", "{" MINIMAL ",\"language_hint\":[\"auto_detect\"]}");
  g_autoptr (Answer) model
      = box_post (box, "sessions", "{" MINIMAL ",\"model\":\"pro\"}");
  g_autoptr (Answer) good = box_post (
      box, "sessions",
      "{" MINIMAL ",\"language_hint\":[\"de\"],\"model\":\"tiny\"}");

  answer_check (hint, 422, "language_unsupported");
  answer_check (model, 422, "validation_error");
  answer_check (good, 201, NULL);
}

static void
test_create_twice (void)
{
  g_autoptr (Box) box = box_start (NULL);
  g_autoptr (Answer) answer = NULL;

  box_create (box, NULL);
  answer = box_post (box, "sessions",
                     "{" MINIMAL ",\"session_id\":\"" SESSION "\"}");
  answer_check (answer, 409, "txn_already_initialized");
}

/* A sandbox that was started anew does not write over what another kept. */
static void
test_create_over_kept (void)
{
  g_autoptr (Box) box = box_start (NULL);
  g_autoptr (Answer) answer = NULL;
  g_autofree gchar *path = g_build_filename (box->directory, SESSION, NULL);

  g_assert_cmpint (g_mkdir (path, 0700), ==, 0);
  answer = box_post (box, "sessions",
                     "{" MINIMAL ",\"session_id\":\"" SESSION "\"}");
  answer_check (answer, 409, "txn_already_initialized");
}

/* One request, one line, whatever its path holds. */
static void
test_log (void)
{
  g_autoptr (GSubprocess) process = g_subprocess_new (
      G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE, NULL,
      g_getenv ("EKASCRIBE_SANDBOX"), "--port=0", NULL);
  g_autoptr (GDataInputStream) lines =
      g_data_input_stream_new (g_subprocess_get_stdout_pipe (process));
  g_autofree gchar *base =
      g_data_input_stream_read_line (lines, NULL, NULL, NULL);
  g_autofree gchar *uri = g_strconcat (base, "/sessions/x%0a00:00 GET", NULL);
  g_autoptr (SoupSession) soup = soup_session_new ();
  g_autoptr (SoupMessage) message = soup_message_new ("GET", uri);
  g_autoptr (GBytes) answer =
      soup_session_send_and_read (soup, message, NULL, NULL);
  g_autofree gchar *log = NULL;

  g_assert_nonnull (answer);
  g_assert_cmpuint (soup_message_get_status (message), ==, 404);
  g_subprocess_send_signal (process, SIGTERM);
  g_assert_true (
      g_subprocess_communicate_utf8 (process, NULL, NULL, NULL, &log, NULL));
  g_assert_nonnull (strstr (log, "GET /voice/v1/sessions/x\\n00:00 GET 404 "));
}

/* Services refuse what only JavaScript takes; so must the sandbox, or a client
 * that sends it is found out in production. */
static void
test_create_javascript (void)
{
  static const gchar *const bodies[] = {
    "{'upload_type':'chunked','communication_protocol':'http'}",
    "var x = {" MINIMAL "};",
    "/* no */ {" MINIMAL "}",
    "{" MINIMAL ",}",
    "{" MINIMAL "} {}",
    "{" MINIMAL ",\"additional_data\":{\"n\":01}}",
  };
  g_autoptr (Box) box = box_start (NULL);
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (bodies); i++)
    {
      g_autoptr (Answer) answer = box_post (box, "sessions", bodies[i]);

      answer_check (answer, 400, "invalid_request");
    }
}

/* Neither depth nor size brings the parser down. */
static void
test_create_hostile (void)
{
  g_autoptr (Box) box = box_start (NULL);
  g_autofree gchar *deep = g_strnfill (500000, '[');
  g_autofree gchar *large = g_strnfill (1000001, ' ');
  g_autoptr (Answer) nested = box_post (box, "sessions", deep);
  g_autoptr (Answer) oversized = box_post (box, "sessions", large);

  answer_check (nested, 400, "invalid_request");
  answer_check (oversized, 413, "chunk_too_large");
  box_create (box, NULL);
}

static void
test_token (void)
{
  static const struct
  {
    const gchar *header;
    guint status;
  } cases[] = { { NULL, 401 },           { "Bearer secret", 200 },
                { "bearer secret", 200 }, { "Bearer Secret", 401 },
                { "Bearer secre", 401 },  { "Bearer secrets", 401 },
                { "Basic secret", 401 },  { "secret", 401 } };
  g_autoptr (Box) box = box_start ("--token", "secret", NULL);
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (Answer) answer = NULL;

      box->token = cases[i].header;
      answer = box_get (box, "templates");
      answer_check (answer, cases[i].status,
                    cases[i].status == 401 ? "authentication_failed" : NULL);
    }
}

static void
test_templates (void)
{
  g_autoptr (Box) box = box_start (NULL);
  g_autoptr (Answer) answer = box_get (box, "templates");

  answer_check (answer, 200, NULL);
  g_assert_cmpstr (answer_string (answer, "templates.0.id"), ==,
                   "eka_emr_template");
  g_assert_cmpstr (answer_string (answer, "templates.1.id"), ==,
                   "clinical_notes_template");
  g_assert_nonnull (answer_string (answer, "templates.4.name"));
}

static void
test_routes (void)
{
  static const struct
  {
    const gchar *method;
    const gchar *path;
    guint status;
    const gchar *code;
  } cases[] = {
    { "GET", "", 404, "not_found" },
    { "GET", "/", 404, "not_found" },
    { "GET", "/voice/v2/templates", 404, "not_found" },
    { "GET", "sessions", 405, "method_not_allowed" },
    { "DELETE", "sessions/" SESSION, 405, "method_not_allowed" },
    { "PUT", "sessions/" SESSION "/audio/a_0.wav", 405, "method_not_allowed" },
    { "POST", "templates", 405, "method_not_allowed" },
    { "GET", "sessions/ses_none000000000", 404, "session_not_found" },
    { "POST", "sessions/ses_none000000000/end", 404, "session_not_found" },
    { "PATCH", "sessions/ses_none000000000", 404, "session_not_found" },
    { "POST", "sessions/ses_none000000000/audio/a_0.wav", 404,
      "session_not_found" },
    { "POST", "sessions/" SESSION "/audio/", 404, "not_found" },
    { "POST", "sessions/" SESSION "/audio/a/a_0.wav", 404, "not_found" },
  };
  g_autoptr (Box) box = box_start (NULL);
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (Answer) answer
          = box_send (box, cases[i].method, cases[i].path, NULL, NULL);

      g_test_message ("%s %s", cases[i].method, cases[i].path);
      answer_check (answer, cases[i].status, cases[i].code);
    }
}

static guint
count_descriptors (Box *box)
{
  g_autofree gchar *path = g_strdup_printf (
      "/proc/%s/fd", g_subprocess_get_identifier (box->process));
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  guint count = 0;

  while (g_dir_read_name (dir) != NULL)
    count++;
  return count;
}

static void
test_connections (void)
{
  g_autoptr (Box) box = box_start (NULL);
  guint before = count_descriptors (box);
  guint i;

  for (i = 0; i < 50; i++)
    {
      g_autoptr (Answer) answer = box_get (box, "templates");

      g_object_unref (box->soup);
      box->soup = soup_session_new ();
    }
  /* The last ones may not have been seen to close yet. */
  g_assert_cmpuint (count_descriptors (box), <, before + 10);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sandbox/discovery/as-specified", test_discovery);
  g_test_add_func ("/sandbox/discovery/follows-options",
                   test_discovery_options);
  g_test_add_func ("/sandbox/discovery/absent", test_no_discovery);
  g_test_add_func ("/sandbox/create/echoes-every-field", test_create);
  g_test_add_func ("/sandbox/create/fills-in-defaults", test_create_defaults);
  g_test_add_func ("/sandbox/create/refuses-each-bad-field",
                   test_create_refused);
  g_test_add_func ("/sandbox/create/follows-options", test_create_options);
  g_test_add_func ("/sandbox/create/refuses-a-taken-id", test_create_twice);
  g_test_add_func ("/sandbox/create/refuses-a-kept-id",
                   test_create_over_kept);
  g_test_add_func ("/sandbox/log/has-one-line-a-request", test_log);
  g_test_add_func ("/sandbox/create/refuses-what-only-javascript-takes",
                   test_create_javascript);
  g_test_add_func ("/sandbox/create/survives-hostile-json",
                   test_create_hostile);
  g_test_add_func ("/sandbox/token/lets-in-only-the-one", test_token);
  g_test_add_func ("/sandbox/templates/are-listed", test_templates);
  g_test_add_func ("/sandbox/routes/404-and-405", test_routes);
  g_test_add_func ("/sandbox/connections/leave-nothing-behind",
                   test_connections);
  return g_test_run ();
}
