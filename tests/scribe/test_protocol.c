/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "scribe/protocol.h"

#include <string.h>

#include "scribe/error.h"

#define BASE "https://api.example/voice/v1"

static EkaDiscovery *
discovery_new (const gchar *text)
{
  g_autoptr (GBytes) bytes = g_bytes_new_static (text, strlen (text));

  return eka_discovery_new_from_json (bytes, NULL);
}

static EkaReply *
reply_new (guint        status,
           const gchar *body)
{
  return eka_reply_new (status, g_bytes_new (body, strlen (body)));
}

static EkaChunk *
chunk_new (guint        index,
           const gchar *media_type,
           const gchar *extension)
{
  g_autoptr (GBytes) bytes = g_bytes_new_static ("audio", 5);

  return eka_chunk_new (index, bytes, media_type, extension, 0, 1, 0);
}

static void
assert_body (EkaRequest  *request,
             const gchar *expected)
{
  gsize size;
  const gchar *data = g_bytes_get_data (request->body, &size);
  g_autofree gchar *text = g_strndup (data, size);

  g_assert_cmpstr (text, ==, expected);
  g_assert_cmpstr (request->content_type, ==, "application/json");
}

static void
test_discover (void)
{
  g_autoptr (EkaRequest) base = eka_protocol_discover (BASE, FALSE);
  g_autoptr (EkaRequest) root = eka_protocol_discover (BASE, TRUE);

  g_assert_cmpstr (base->uri, ==, BASE "/.well-known/medscribealliance");
  g_assert_cmpstr (base->method, ==, "GET");
  g_assert_null (base->body);
  g_assert_cmpstr (root->uri, ==,
                   "https://api.example/.well-known/medscribealliance");
  g_assert_null (eka_protocol_discover ("https://api.example", TRUE));
}

static void
test_create_is_small_by_default (void)
{
  g_autoptr (EkaSettings) settings = eka_settings_new ();
  g_autoptr (EkaRequest) request =
      eka_protocol_create (BASE, settings, NULL, "ses_1", NULL, NULL);

  g_assert_cmpstr (request->uri, ==, BASE "/sessions");
  g_assert_cmpstr (request->method, ==, "POST");
  assert_body (request,
               "{\"session_id\":\"ses_1\",\"session_mode\":\"dictation\","
               "\"model\":\"lite\",\"upload_type\":\"chunked\","
               "\"communication_protocol\":\"http\"}");
}

static void
test_create_says_how_audio_comes (void)
{
  static const gchar *const ways[] = {
    [EKA_UPLOAD_CHUNKED] = "\"upload_type\":\"chunked\","
                           "\"communication_protocol\":\"http\"",
    [EKA_UPLOAD_STREAM] = "\"upload_type\":\"stream\","
                          "\"communication_protocol\":\"websocket\"",
    [EKA_UPLOAD_SINGLE] = "\"upload_type\":\"single\","
                          "\"communication_protocol\":\"http\"",
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (ways); i++)
    {
      g_autoptr (EkaSettings) settings = eka_settings_new ();
      g_autoptr (EkaRequest) request = NULL;
      g_autofree gchar *body = g_strdup_printf (
          "{\"session_id\":\"ses_1\",\"session_mode\":\"dictation\","
          "\"model\":\"lite\",%s}", ways[i]);

      settings->upload_type = i;
      request = eka_protocol_create (BASE, settings, NULL, "ses_1", NULL, NULL);
      assert_body (request, body);
    }
}

static void
test_create_carries_every_field (void)
{
  g_autoptr (EkaSettings) settings = eka_settings_new ();
  g_autoptr (EkaRequest) request = NULL;

  g_free (settings->session_mode);
  settings->session_mode = g_strdup ("consultation");
  settings->templates = g_strsplit ("eka_emr_template,clinical\"notes", ",", 0);
  settings->model = g_strdup ("pro");
  settings->language_hint = g_strsplit ("en,hi", ",", 0);
  settings->transcript_language = g_strdup ("en");
  settings->additional_data = g_strdup ("{\"source\":\"app\",\"v\":1.10}");
  settings->patient_details = g_strdup (
      "{\"oid\":\"0123456\",\"weight\":61.3,\"phone\":98765432101234567890,"
      "\"nested\":{\"a\":[null,true]}}");
  request = eka_protocol_create (BASE, settings, NULL, "ses_1", NULL, "fr");
  assert_body (
      request,
      "{\"session_id\":\"ses_1\",\"session_mode\":\"consultation\","
      "\"templates\":[\"eka_emr_template\",\"clinical\\\"notes\"],"
      "\"model\":\"pro\",\"language_hint\":[\"en\",\"hi\"],"
      "\"transcript_language\":\"en\",\"upload_type\":\"chunked\","
      "\"communication_protocol\":\"http\","
      "\"additional_data\":{\"source\":\"app\",\"v\":1.10},"
      "\"patient_details\":{\"oid\":\"0123456\",\"weight\":61.3,"
      "\"phone\":98765432101234567890,\"nested\":{\"a\":[null,true]}}}");
}

static void
test_language_of_the_stream (void)
{
  static const struct
  {
    const gchar *discovery;
    const gchar *language;
    const gchar *model;
    const gchar *hint;
  } cases[] = {
    { NULL, "en", NULL, NULL },
    { "{\"models\":[]}", "en", NULL, NULL },
    { "{\"models\":[],\"languages\":{\"supported\":[\"en\"]}}", "en", NULL,
      "[\"en\"]" },
    { "{\"models\":[],\"languages\":{\"supported\":[\"en\"]}}", "fr", NULL,
      NULL },
    { "{\"models\":[],\"languages\":{\"supported\":[\"en\"],"
      "\"auto_detection\":true}}", "fr", NULL, "[\"auto_detect\"]" },
    { "{\"models\":[],\"languages\":{\"auto_detection\":true}}", NULL, NULL,
      "[\"auto_detect\"]" },
    /* What the model does not take is not sent. */
    { "{\"models\":[{\"id\":\"lite\",\"languages\":[\"en\"]},{\"id\":\"pro\","
      "\"languages\":[\"en\",\"hi\"]}],\"languages\":{\"supported\":[\"en\","
      "\"hi\"]}}", "hi", NULL, NULL },
    { "{\"models\":[{\"id\":\"lite\",\"languages\":[\"en\"]},{\"id\":\"pro\","
      "\"languages\":[\"en\",\"hi\"]}],\"languages\":{\"supported\":[\"en\","
      "\"hi\"]}}", "hi", "pro", "[\"hi\"]" },
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (EkaSettings) settings = eka_settings_new ();
      g_autoptr (EkaDiscovery) discovery =
          cases[i].discovery ? discovery_new (cases[i].discovery) : NULL;
      g_autoptr (EkaRequest) request = NULL;
      g_autofree gchar *expected = NULL;

      g_test_message ("case %u", i);
      settings->model = g_strdup (cases[i].model);
      request = eka_protocol_create (BASE, settings, discovery, "ses_1", NULL,
                                     cases[i].language);
      expected = g_strdup_printf (
          "{\"session_id\":\"ses_1\",\"session_mode\":\"dictation\","
          "\"model\":\"%s\",%s%s%s\"upload_type\":\"chunked\","
          "\"communication_protocol\":\"http\"}",
          cases[i].model != NULL ? cases[i].model : "lite",
          cases[i].hint != NULL ? "\"language_hint\":" : "",
          cases[i].hint != NULL ? cases[i].hint : "",
          cases[i].hint != NULL ? "," : "");
      assert_body (request, expected);
    }
}

static void
test_default_model_is_the_service_s (void)
{
  g_autoptr (EkaSettings) settings = eka_settings_new ();
  g_autoptr (EkaDiscovery) discovery =
      discovery_new ("{\"models\":[{\"id\":\"base\"}]}");
  g_autoptr (EkaRequest) request =
      eka_protocol_create (BASE, settings, discovery, "ses_1", NULL, NULL);
  gsize size;
  const gchar *body = g_bytes_get_data (request->body, &size);

  g_assert_nonnull (g_strstr_len (body, size, "\"model\":\"base\""));
}

static void
test_create_answers (void)
{
  static const struct
  {
    const gchar *body;
    const gchar *id;
    const gchar *url;
    const gchar *what; /* NULL: a session */
  } cases[] = {
    { "{\"session_id\":\"ses_1\",\"upload_url\":\"https://h/a\"}", "ses_1",
      "https://h/a", NULL },
    { "{\"session_id\":\"ses_1\"}", "ses_1", NULL, NULL },
    { "{\"session_id\":\"8f14e45f-ceea-467a-9575-1b1e2c3d4e5f\"}",
      "8f14e45f-ceea-467a-9575-1b1e2c3d4e5f", NULL, NULL },
    { "{\"session_id\":\"\",\"upload_url\":\"https://h/a\"}", NULL,
      "https://h/a", NULL },
    { "{\"session_id\":\"\"}", NULL, NULL, "names no session" },
    { "{}", NULL, NULL, "names no session" },
    { "{\"session_id\":7,\"upload_url\":[]}", NULL, NULL, "names no session" },
    { "{\"session_id\":\"ses_1\",\"upload_url\":{\"uploadData\":{}}}", NULL,
      NULL, "storage service" },
    { "{\"session_id\":\"../../etc/x\"}", NULL, NULL, "part of a path" },
    { "{\"session_id\":\"..\"}", NULL, NULL, "part of a path" },
    { "{\"session_id\":\"a b\"}", NULL, NULL, "part of a path" },
    { "{\"session_id\":\"a\\nb\"}", NULL, NULL, "part of a path" },
    { "{\"session_id\":\"%s%n\"}", NULL, NULL, "part of a path" },
    { "<html>", NULL, NULL, "not JSON" },
    { "", NULL, NULL, "not JSON" },
    { "[]", NULL, NULL, "not a JSON object" },
    { "{\"session_id\":\"ses_1\"", NULL, NULL, "not JSON" },
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (EkaReply) reply = reply_new (201, cases[i].body);
      g_auto (EkaCreated) created = { 0 };
      g_autoptr (GError) error = NULL;
      gboolean fine = eka_protocol_parse_create (reply, &created, &error);

      g_test_message ("%s", cases[i].body);
      g_assert_cmpstr (created.session_id, ==, cases[i].id);
      g_assert_cmpstr (created.upload_url, ==, cases[i].url);
      g_assert_cmpint (fine, ==, cases[i].what == NULL);
      if (fine)
        continue;
      g_assert_error (error, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_PROTOCOL);
      g_assert_nonnull (strstr (error->message, cases[i].what));
      g_assert_cmpstr (eka_scribe_error_get_info (error)->request, ==,
                       "create");
    }
}

static void
test_chunk_names (void)
{
  g_autofree gchar *a = eka_protocol_chunk_name (0, "wav");
  g_autofree gchar *b = eka_protocol_chunk_name (1234, "ogg");

  g_assert_cmpstr (a, ==, "audio_0.wav");
  g_assert_cmpstr (b, ==, "audio_1234.ogg");
}

/* Links to other sessions stand behind what the application gave. */
static void
test_create_links_sessions (void)
{
  static const struct
  {
    guint part;
    const gchar *replaced;
    const gchar *own;
    const gchar *data; /* NULL: no additional_data */
  } cases[] = {
    { 0, NULL, NULL, NULL },
    { 1, NULL, NULL, NULL },
    { 1, NULL, "{\"a\":1.10}", "{\"a\":1.10}" },
    { 2, NULL, NULL,
      "{\"part\":2,\"previous_session_id\":\"ses_p\","
      "\"first_session_id\":\"ses_f\"}" },
    { 2, NULL, "{ }",
      "{\"part\":2,\"previous_session_id\":\"ses_p\","
      "\"first_session_id\":\"ses_f\"}" },
    { 3, "ses_r", "{\"a\":1.10 }\n",
      "{\"a\":1.10,\"part\":3,\"previous_session_id\":\"ses_p\","
      "\"first_session_id\":\"ses_f\",\"replaced_session_id\":\"ses_r\"}" },
    { 1, "ses_r", NULL, "{\"replaced_session_id\":\"ses_r\"}" },
    { 2, NULL, "{\"part\":\"of the body\"}",
      "{\"part\":\"of the body\",\"previous_session_id\":\"ses_p\","
      "\"first_session_id\":\"ses_f\"}" },
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (EkaSettings) settings = eka_settings_new ();
      g_autoptr (EkaRequest) request = NULL;
      g_autofree gchar *body = NULL;

      settings->part = cases[i].part;
      settings->first_id = g_strdup ("ses_f");
      settings->previous_id = g_strdup ("ses_p");
      settings->additional_data = g_strdup (cases[i].own);
      request = eka_protocol_create (BASE, settings, NULL, "ses_1",
                                     cases[i].replaced, NULL);
      body = g_strdup_printf (
          "{\"session_id\":\"ses_1\",\"session_mode\":\"dictation\","
          "\"model\":\"lite\",\"upload_type\":\"chunked\","
          "\"communication_protocol\":\"http\"%s%s}",
          cases[i].data != NULL ? ",\"additional_data\":" : "",
          cases[i].data != NULL ? cases[i].data : "");
      assert_body (request, body);
    }
}

static void
test_upload_places (void)
{
  static const gchar *const cases[][2] = {
    { NULL, BASE "/sessions/ses_1/audio/audio_0.ogg" },
    { "", BASE "/sessions/ses_1/audio/audio_0.ogg" },
    { "https://up.example/a", "https://up.example/a/audio_0.ogg" },
    { "https://up.example/a/", "https://up.example/a/audio_0.ogg" },
    { "https://up.example", "https://up.example/audio_0.ogg" },
    { "HTTPS://up.example/a", "https://up.example/a/audio_0.ogg" },
    { "http://localhost:1/a", "http://localhost:1/a/audio_0.ogg" },
    { "https://up.example/a?sig=%2Fx%20y&b=c%3D#f",
      "https://up.example/a/audio_0.ogg?sig=%2Fx%20y&b=c%3D" },
    { "https://up.example/a/?sig=1/2", "https://up.example/a/audio_0.ogg?sig=1/2" },
    { "https://up.example/a%2Fb", "https://up.example/a%2Fb/audio_0.ogg" },
    { "/elsewhere?x", "https://api.example/elsewhere/audio_0.ogg?x" },
    { "//up.example/a", "https://up.example/a/audio_0.ogg" },
    { "wss://up.example/a", NULL },
    { "file:///etc", NULL },
    { "https://up.example:99999/", NULL },
    { "https://up.example/%zz", NULL },
  };
  g_autoptr (EkaChunk) chunk = chunk_new (0, "audio/ogg;codecs=opus", "ogg");
  guint i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      EkaRequest *request = eka_protocol_upload (BASE, "ses_1", cases[i][0],
                                                 chunk, chunk->media_type,
                                                 "audio_0.ogg", &error);

      g_test_message ("%s", cases[i][0]);
      if (cases[i][1] == NULL)
        {
          g_assert_null (request);
          g_assert_error (error, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_PROTOCOL);
          g_assert_cmpstr (eka_scribe_error_get_info (error)->request, ==,
                           "upload");
          continue;
        }
      g_assert_no_error (error);
      g_assert_cmpstr (request->uri, ==, cases[i][1]);
      g_assert_cmpstr (request->method, ==, "POST");
      g_assert_cmpstr (request->content_type, ==, "audio/ogg;codecs=opus");
      g_assert_true (request->body == chunk->bytes);
      eka_request_free (request);
    }
}

static void
test_acknowledgement_is_whole (void)
{
  static const struct
  {
    const gchar *body;
    const gchar *what; /* NULL: acknowledged */
  } cases[] = {
    { "{\"session_id\":\"s\",\"success\":true,"
      "\"original_filename\":\"audio_0.ogg\",\"more\":[]}", NULL },
    { "{\"success\":true,\"original_filename\":\"audio_0.ogg\"", "not JSON" },
    { "", "not JSON" },
    { "ok", "not JSON" },
    { "{\"success\":false,\"original_filename\":\"audio_0.ogg\"}",
      "“success” is not true" },
    { "{\"success\":\"true\",\"original_filename\":\"audio_0.ogg\"}",
      "“success” is not true" },
    { "{\"success\":1,\"original_filename\":\"audio_0.ogg\"}",
      "“success” is not true" },
    { "{\"original_filename\":\"audio_0.ogg\"}", "“success” is not true" },
    { "{\"success\":true}", "“original_filename” is not audio_0.ogg" },
    { "{\"session_id\":\"t\",\"success\":true,"
      "\"original_filename\":\"audio_0.ogg\"}", "another session" },
    { "{\"success\":true,\"original_filename\":\"audio_1.ogg\"}",
      "“original_filename” is not audio_0.ogg" },
    { "{\"success\":true,\"original_filename\":\"audio_0.ogg\\u0000x\"}",
      "“original_filename” is not audio_0.ogg" },
    { "{\"success\":true,\"original_filename\":null}",
      "“original_filename” is not audio_0.ogg" },
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (EkaReply) reply = reply_new (200, cases[i].body);
      g_autoptr (GError) error = NULL;
      gboolean fine =
          eka_protocol_parse_upload (reply, "s", "audio_0.ogg", &error);

      g_test_message ("%s", cases[i].body);
      g_assert_cmpint (fine, ==, cases[i].what == NULL);
      if (fine)
        continue;
      g_assert_error (error, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_PROTOCOL);
      g_assert_nonnull (strstr (error->message, cases[i].what));
    }
}

static void
test_end (void)
{
  static const struct
  {
    const gchar *body;
    gint count;
  } cases[] = {
    { "{\"status\":\"processing\",\"audio_files_received\":3}", 3 },
    { "{\"audio_files_received\":0}", 0 },
    { "{\"audio_files_received\":\"3\"}", -1 },
    { "{\"audio_files_received\":2.5}", -1 },
    { "{\"audio_files_received\":-3}", -1 },
    { "{\"audio_files_received\":1e999}", -1 },
    { "{}", -1 },
    { "<html>", -1 },
    { "", -1 },
  };
  g_autoptr (EkaRequest) request = eka_protocol_end (BASE, "ses/1", 42);
  guint i;

  g_assert_cmpstr (request->uri, ==, BASE "/sessions/ses%2F1/end");
  g_assert_cmpstr (request->method, ==, "POST");
  assert_body (request, "{\"audio_files_sent\":42}");
  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (EkaReply) reply = reply_new (202, cases[i].body);

      g_assert_cmpint (eka_protocol_parse_end (reply), ==, cases[i].count);
    }
}

static void
test_get_and_cancel (void)
{
  g_autoptr (EkaRequest) all = eka_protocol_get (BASE, "ses_1", NULL);
  g_autoptr (EkaRequest) empty = eka_protocol_get (BASE, "ses_1", "");
  g_autoptr (EkaRequest) one = eka_protocol_get (BASE, "ses_1", "a b&c=/é");
  g_autoptr (EkaRequest) cancel = eka_protocol_cancel (BASE, "ses_1");

  g_assert_cmpstr (all->uri, ==, BASE "/sessions/ses_1");
  g_assert_cmpstr (all->method, ==, "GET");
  g_assert_cmpstr (empty->uri, ==, BASE "/sessions/ses_1");
  g_assert_cmpstr (one->uri, ==,
                   BASE "/sessions/ses_1?template_id=a%20b%26c%3D%2F%C3%A9");
  g_assert_cmpstr (cancel->method, ==, "PATCH");
  assert_body (cancel, "{\"user_status\":\"cancelled\","
                       "\"processing_status\":\"cancelled\"}");
}

static void
test_freshness (void)
{
  static const struct
  {
    const gchar *header;
    gint64 age;
    gint64 seconds;
  } cases[] = {
    { NULL, 0, 0 },
    { "", 0, 0 },
    { "public", 0, 0 },
    { "max-age=3600", 0, 3600 },
    { "public, Max-Age=3600", 600, 3000 },
    { "max-age=\"60\"", 0, 60 },
    { "max-age=60", 60, 0 },
    { "max-age=60", G_MAXINT64, 0 },
    { "max-age=60", -5, 60 },
    { "max-age=-5", 0, 0 },
    { "max-age=x", 0, 0 },
    { "max-age", 0, 0 },
    { "max-age=99999999999999999999", 0, 86400 },
    { "max-age=3600,no-store", 0, 0 },
    { "no-cache=\"x\", max-age=3600", 0, 0 },
    { "s-maxage=60", 0, 0 },
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (EkaReply) reply = reply_new (200, "");

      reply->cache_control = g_strdup (cases[i].header);
      reply->age = cases[i].age;
      g_assert_cmpint (eka_protocol_fresh_for (reply), ==,
                       cases[i].seconds * G_TIME_SPAN_SECOND);
    }
}

static void
test_templates (void)
{
  g_autoptr (EkaRequest) request =
      eka_protocol_templates ("https://h/voice/v1");

  g_assert_cmpint (request->call, ==, EKA_CALL_TEMPLATES);
  g_assert_cmpstr (request->method, ==, "GET");
  g_assert_cmpstr (request->uri, ==, "https://h/voice/v1/templates");
  g_assert_null (request->body);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, func) g_test_add_func ("/scribe/protocol/" name, func)
  ADD ("discovery is at the API root and at the host's", test_discover);
  ADD ("create is small by default", test_create_is_small_by_default);
  ADD ("create says how audio comes", test_create_says_how_audio_comes);
  ADD ("create carries every field", test_create_carries_every_field);
  ADD ("the language of the stream is sent where it is sure to be taken",
       test_language_of_the_stream);
  ADD ("the default model is the service's",
       test_default_model_is_the_service_s);
  ADD ("a session is read from the answer", test_create_answers);
  ADD ("create links sessions", test_create_links_sessions);
  ADD ("chunks are numbered without zeros", test_chunk_names);
  ADD ("the name goes behind the path of upload_url", test_upload_places);
  ADD ("an acknowledgement is whole", test_acknowledgement_is_whole);
  ADD ("end tells the count and reads one", test_end);
  ADD ("get asks for a template, cancel gives up", test_get_and_cancel);
  ADD ("freshness is max-age less Age", test_freshness);
  ADD ("templates", test_templates);
  return g_test_run ();
}
