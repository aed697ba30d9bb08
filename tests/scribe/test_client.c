/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "scribe/client.h"

#include <string.h>

#include <glib/gstdio.h>

#include "liar.h"
#include "scribe/error.h"
#include "scribe/protocol.h"

#define BASE "https://api.example/voice/v1"

typedef struct
{
  EkaLiar *liar;
  EkaClock *clock;
  EkaSettings *settings;
  EkaClient *client;
  GCancellable *cancellable;
} Fixture;

typedef struct
{
  EkaReply *reply;
  GError *error;
  gboolean done;
} Answer;

static void
set_up (Fixture      *f,
        gconstpointer data)
{
  f->clock = eka_clock_new_test ();
  f->liar = eka_liar_new ();
  f->liar->any_get = TRUE;
  f->settings = eka_settings_new ();
  f->settings->base_url = g_strdup (BASE);
  f->settings->token = eka_token_new ();
  eka_token_set_value (f->settings->token, "tok.en-1");
  f->cancellable = g_cancellable_new ();
}

static void
tear_down (Fixture      *f,
           gconstpointer data)
{
  g_clear_pointer (&f->client, eka_client_free);
  eka_settings_free (f->settings);
  eka_clock_unref (f->clock);
  g_assert_finalize_object (f->liar);
  g_object_unref (f->cancellable);
}

static void
answered (GObject      *source,
          GAsyncResult *result,
          gpointer      user_data)
{
  Answer *answer = user_data;

  answer->reply = eka_client_call_finish (result, &answer->error);
  answer->done = TRUE;
}

/* (transfer full) @request; the client is made at the first call, so that a
 * test may change the settings before. */
static EkaReply *
call (Fixture    *f,
      EkaRequest *request,
      GError    **error)
{
  Answer answer = { 0 };

  if (f->client == NULL)
    f->client = eka_client_new (EKA_TRANSPORT (f->liar), f->clock,
                                f->settings);
  eka_client_call_async (f->client, request, f->cancellable, answered,
                         &answer);
  g_assert_false (answer.done);
  while (!answer.done)
    g_main_context_iteration (NULL, TRUE);
  if (answer.error != NULL)
    g_propagate_error (error, answer.error);
  return answer.reply;
}

static void
test_credential_is_sent (Fixture      *f,
                         gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (EkaReply) reply = NULL;

  reply = call (f, eka_protocol_get (BASE, "ses_1", NULL), &error);
  g_assert_no_error (error);
  g_assert_cmpuint (reply->status, ==, 202);
  g_assert_cmpstr (eka_liar_nth (f->liar, EKA_CALL_GET, 0)->header, ==,
                   "Authorization");
  g_assert_cmpstr (eka_liar_nth (f->liar, EKA_CALL_GET, 0)->credential, ==,
                   "Bearer tok.en-1");
}

static void
test_discovery_is_public (Fixture      *f,
                          gconstpointer data)
{
  g_autoptr (EkaReply) reply = NULL;

  /* Not even a refusal brings the credential out. */
  eka_liar_push (f->liar, EKA_CALL_DISCOVER, 401, "{}");
  reply = call (f, eka_protocol_discover (BASE, FALSE), NULL);
  g_assert_cmpuint (reply->status, ==, 401);
  g_assert_cmpuint (f->liar->log->len, ==, 1);
  g_assert_null (eka_liar_nth (f->liar, EKA_CALL_DISCOVER, 0)->credential);
}

/* Writes a token file and loads it. */
static gchar *
use_file (Fixture     *f,
          const gchar *contents)
{
  gchar *folder = g_dir_make_tmp ("eka-client-XXXXXX", NULL);
  gchar *file = g_build_filename (folder, "token", NULL);

  g_assert_true (g_file_set_contents (file, contents, -1, NULL));
  eka_token_set_file (f->settings->token, file);
  g_assert_true (eka_token_load (f->settings->token, NULL));
  g_free (folder);
  return file;
}

static void
drop_file (gchar *file)
{
  g_autofree gchar *folder = g_path_get_dirname (file);

  g_unlink (file);
  g_rmdir (folder);
  g_free (file);
}

/* @data: the status of the refusal */
static void
test_changed_file_is_tried_once (Fixture      *f,
                                 gconstpointer data)
{
  guint status = GPOINTER_TO_UINT (data);
  gchar *file = use_file (f, "old");
  g_autoptr (EkaReply) reply = NULL;

  g_assert_true (g_file_set_contents (file, "new\n", -1, NULL));
  eka_liar_push (f->liar, EKA_CALL_GET, status, "{}");
  reply = call (f, eka_protocol_get (BASE, "ses_1", NULL), NULL);
  g_assert_cmpuint (reply->status, ==, 202);
  g_assert_cmpuint (f->liar->log->len, ==, 2);
  g_assert_cmpstr (eka_liar_nth (f->liar, EKA_CALL_GET, 0)->credential, ==,
                   "Bearer old");
  g_assert_cmpstr (eka_liar_nth (f->liar, EKA_CALL_GET, 1)->credential, ==,
                   "Bearer new");
  drop_file (file);
}

static void
test_same_file_is_not_tried (Fixture      *f,
                             gconstpointer data)
{
  gchar *file = use_file (f, "old");
  g_autoptr (EkaReply) reply = NULL;

  eka_liar_push (f->liar, EKA_CALL_GET, GPOINTER_TO_UINT (data), "{}");
  reply = call (f, eka_protocol_get (BASE, "ses_1", NULL), NULL);
  g_assert_cmpuint (reply->status, ==, GPOINTER_TO_UINT (data));
  g_assert_cmpuint (f->liar->log->len, ==, 1);
  drop_file (file);
}

static void
test_second_refusal_stands (Fixture      *f,
                            gconstpointer data)
{
  gchar *file = use_file (f, "old");
  g_autoptr (EkaReply) reply = NULL;

  g_assert_true (g_file_set_contents (file, "new", -1, NULL));
  eka_liar_push (f->liar, EKA_CALL_GET, 401, "{}");
  eka_liar_push (f->liar, EKA_CALL_GET, 403, "{}");
  reply = call (f, eka_protocol_get (BASE, "ses_1", NULL), NULL);
  g_assert_cmpuint (reply->status, ==, 403);
  g_assert_cmpuint (f->liar->log->len, ==, 2);
  drop_file (file);
}

static void
test_body_goes_out_again (Fixture      *f,
                          gconstpointer data)
{
  gchar *file = use_file (f, "old");
  g_autoptr (EkaReply) reply = NULL;

  g_assert_true (g_file_set_contents (file, "new", -1, NULL));
  eka_liar_push (f->liar, EKA_CALL_END, 401, "{}");
  reply = call (f, eka_protocol_end (BASE, "ses_1", 3), NULL);
  g_assert_cmpuint (f->liar->log->len, ==, 2);
  g_assert_true (g_bytes_equal (eka_liar_nth (f->liar, EKA_CALL_END, 0)->body,
                                eka_liar_nth (f->liar, EKA_CALL_END, 1)->body));
  drop_file (file);
}

static void
test_errors_and_cancelling_come_through (Fixture      *f,
                                         gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  eka_liar_push_error (f->liar, EKA_CALL_GET,
                       g_error_new_literal (EKA_SCRIBE_ERROR,
                                            EKA_SCRIBE_ERROR_NETWORK, "no"));
  g_assert_null (call (f, eka_protocol_get (BASE, "ses_1", NULL), &error));
  g_assert_error (error, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_NETWORK);
  g_clear_error (&error);

  eka_liar_push_stall (f->liar, EKA_CALL_GET);
  g_cancellable_cancel (f->cancellable);
  g_assert_null (call (f, eka_protocol_get (BASE, "ses_1", NULL), &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static void
test_trust (Fixture      *f,
            gconstpointer data)
{
  static const struct
  {
    const gchar *base;
    const gchar *hosts;
    gboolean allow_http;
    const gchar *uri;
    const gchar *property; /* NULL: trusted; "": no URL */
    const gchar *origin;
  } cases[] = {
    { BASE, NULL, FALSE, "https://api.example/x", NULL, NULL },
    { BASE, NULL, FALSE, "https://API.EXAMPLE:443/x", NULL, NULL },
    { BASE, NULL, FALSE, "https://up.example/x?sig=s3cret", "trusted-hosts",
      "https://up.example" },
    { BASE, "up.example", FALSE, "https://up.example/x", NULL, NULL },
    { BASE, "up.example:8443", FALSE, "https://up.example/x", "trusted-hosts",
      "https://up.example" },
    { BASE, NULL, FALSE, "https://api.example:8443/x", "trusted-hosts",
      "https://api.example:8443" },
    { BASE, NULL, FALSE, "https://api.example@evil.example/", "trusted-hosts",
      "https://evil.example" },
    { BASE, NULL, FALSE, "https://api.example\\@evil.example/",
      "trusted-hosts", "https://evil.example" },
    { BASE, NULL, FALSE, "https://evil\r\n.example/", "trusted-hosts",
      "https://evil" },
    /* From https to http: only where both properties say so. */
    { BASE, NULL, FALSE, "http://api.example/x", "allow-http",
      "http://api.example" },
    { BASE, "api.example", FALSE, "http://api.example/x", "allow-http",
      "http://api.example" },
    { BASE, NULL, TRUE, "http://api.example/x", "trusted-hosts",
      "http://api.example" },
    { BASE, "api.example", TRUE, "http://api.example/x", NULL, NULL },
    { BASE, NULL, FALSE, "http://localhost:1/x", "trusted-hosts",
      "http://localhost:1" },
    { "http://127.0.0.1:8080", NULL, FALSE, "http://127.0.0.1:8080/x", NULL,
      NULL },
    { "http://127.0.0.1:8080", NULL, FALSE, "http://127.0.0.1:8081/x",
      "trusted-hosts", "http://127.0.0.1:8081" },
    { "http://127.0.0.1:8080", "[::1]", FALSE, "http://[::1]:8080/x", NULL,
      NULL },
    { BASE, "up.example", TRUE, "ftp://up.example/", "", NULL },
    { BASE, "up.example", TRUE, "wss://up.example/", "", NULL },
    { BASE, NULL, FALSE, "https:///x", "", NULL },
    { BASE, NULL, FALSE, "/relative", "", NULL },
    { BASE, NULL, FALSE, "", "", NULL },
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (EkaSettings) settings = eka_settings_new ();
      g_autoptr (EkaClient) client = NULL;
      g_autoptr (GError) error = NULL;
      gboolean trusted;

      g_test_message ("case %u: %s", i, cases[i].uri);
      settings->base_url = g_strdup (cases[i].base);
      settings->allow_http = cases[i].allow_http;
      if (cases[i].hosts != NULL)
        settings->trusted_hosts = g_strsplit (cases[i].hosts, ",", 0);
      client = eka_client_new (EKA_TRANSPORT (f->liar), f->clock, settings);
      trusted = eka_client_trusts (client, cases[i].uri, &error);
      g_assert_cmpint (trusted, ==, cases[i].property == NULL);
      if (trusted)
        continue;
      if (*cases[i].property == '\0')
        {
          g_assert_error (error, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_PROTOCOL);
          continue;
        }
      g_assert_error (error, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_UNTRUSTED);
      g_assert_cmpstr (eka_scribe_error_get_info (error)->property, ==,
                       cases[i].property);
      g_assert_nonnull (strstr (error->message, cases[i].property));
      g_assert_nonnull (strstr (error->message, cases[i].origin));
      g_assert_null (strstr (error->message, "s3cret"));
      g_assert_null (strpbrk (error->message, "\r\n"));
    }
}

static void
test_nothing_is_sent_where_it_must_not_go (Fixture      *f,
                                           gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (call (f, eka_protocol_get ("https://evil.example", "s", NULL),
                       &error));
  g_assert_error (error, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_UNTRUSTED);
  g_assert_cmpstr (eka_scribe_error_get_info (error)->request, ==, "get");
  g_assert_cmpuint (f->liar->log->len, ==, 0);
}

/* The fault of an answer with @body, as a session tells it. */
static GError *
fault (Fixture     *f,
       guint        status,
       const gchar *body)
{
  g_autoptr (EkaReply) reply =
      eka_reply_new (status, g_bytes_new (body, strlen (body)));
  GError *error;

  if (f->client == NULL)
    f->client = eka_client_new (EKA_TRANSPORT (f->liar), f->clock,
                                f->settings);
  error = eka_client_fault (f->client, reply, EKA_CALL_CREATE);
  eka_client_redact (f->client, error);
  return error;
}

static void
test_echoes_are_redacted (Fixture      *f,
                          gconstpointer data)
{
  static const gchar *const secrets[] = { "tok.en-1", "John", "Doe",
                                          "PAT-12345", "O\"Brien", "O\\\"",
                                          "9876543210", "Zürich" };
  g_autoptr (GError) error = NULL;
  const EkaScribeErrorInfo *info;
  guint i;

  f->settings->patient_details = g_strdup (
      "{\"first\":\"John\",\"name\":\"John Doe\",\"oid\":\"PAT-12345\","
      "\"maiden\":\"O\\\"Brien\",\"phone\":9876543210,\"sex\":\"m\","
      "\"more\":[{\"city\":\"Z\\u00fcrich\"},true,null]}");
  error = fault (
      f, 422,
      "{\"error\":{\"code\":\"bad_PAT-12345\",\"message\":\"patient John Doe "
      "(John, O\\\"Brien, 9876543210, Zürich) with tok.en-1 is no member\","
      "\"details\":{\"name\":\"John Doe\",\"m\":\"O\\\"Brien\","
      "\"t\":\"Bearer tok.en-1\",\"n\":9876543210,\"c\":\"Z\\u00fcrich\"}}}");
  info = eka_scribe_error_get_info (error);
  for (i = 0; i < G_N_ELEMENTS (secrets); i++)
    {
      g_assert_null (strstr (error->message, secrets[i]));
      g_assert_null (strstr (info->details, secrets[i]));
      g_assert_null (strstr (info->code, secrets[i]));
    }
  g_assert_nonnull (strstr (error->message, "is no member"));
  g_assert_cmpstr (info->code, ==, "bad_…");
}

/* Cut first and redacted then, a long token would be left up to the cut. */
static void
test_long_token_leaves_nothing (Fixture      *f,
                                gconstpointer data)
{
  g_autofree gchar *token = g_strnfill (1500, 'k');
  g_autofree gchar *blanks = g_strnfill (250, '.');
  g_autofree gchar *body = g_strdup_printf (
      "{\"error\":{\"code\":\"%s\",\"message\":\"%s %s %s\"}}", token, blanks,
      token, blanks);
  g_autoptr (GError) error = NULL;

  eka_token_set_value (f->settings->token, token);
  error = fault (f, 401, body);
  g_assert_null (strstr (error->message, "kkk"));
  g_assert_null (strstr (eka_scribe_error_get_info (error)->code, "kkk"));
}

static void
test_long_texts_are_cut (Fixture      *f,
                         gconstpointer data)
{
  g_autofree gchar *wide = g_strnfill (20000, 'w');
  g_autofree gchar *body = g_strdup_printf (
      "{\"error\":{\"code\":\"%s\",\"message\":\"ü%s\",\"details\":\"%s\"}}",
      wide, wide, wide);
  g_autoptr (GError) error = fault (f, 400, body);
  const EkaScribeErrorInfo *info = eka_scribe_error_get_info (error);

  g_assert_true (g_utf8_validate (error->message, -1, NULL));
  g_assert_cmpint (g_utf8_strlen (error->message, -1), ==, 601);
  g_assert_cmpint (g_utf8_strlen (info->code, -1), ==, 101);
  g_assert_null (info->details);
}

static void
test_advice (Fixture      *f,
             gconstpointer data)
{
  GError *error = fault (f, 401, "{}");

  g_assert_error (error, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_NOT_AUTHORIZED);
  g_assert_cmpstr (eka_scribe_error_get_info (error)->property, ==,
                   "access-token");
  g_assert_nonnull (strstr (error->message, "was refused"));
  g_error_free (error);

  eka_token_set_value (f->settings->token, NULL);
  error = fault (f, 403, "{}");
  g_assert_nonnull (strstr (error->message, "EKASCRIBE_ACCESS_TOKEN"));
  g_error_free (error);

  error = fault (f, 407, "");
  g_assert_error (error, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_REFUSED);
  g_assert_cmpstr (eka_scribe_error_get_info (error)->property, ==,
                   "proxy-id");
  g_error_free (error);

  error = fault (f, 404, "{}");
  g_assert_cmpstr (eka_scribe_error_get_info (error)->property, ==,
                   "base-url");
  g_error_free (error);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD_WITH(name, func, data)                                            \
  g_test_add ("/scribe/client/" name, Fixture, GUINT_TO_POINTER (data),       \
              set_up, func, tear_down)
#define ADD(name, func) ADD_WITH (name, func, 0)
  ADD ("the credential is sent", test_credential_is_sent);
  ADD ("discovery gets no credential", test_discovery_is_public);
  ADD_WITH ("401: a changed file is tried once",
            test_changed_file_is_tried_once, 401);
  ADD_WITH ("403: a changed file is tried once",
            test_changed_file_is_tried_once, 403);
  ADD_WITH ("401: an unchanged file is not tried",
            test_same_file_is_not_tried, 401);
  ADD_WITH ("403: an unchanged file is not tried",
            test_same_file_is_not_tried, 403);
  ADD_WITH ("404: no file is read", test_same_file_is_not_tried, 404);
  ADD ("a second refusal stands", test_second_refusal_stands);
  ADD ("the body goes out again", test_body_goes_out_again);
  ADD ("errors and cancelling come through",
       test_errors_and_cancelling_come_through);
  ADD ("trust ends at the origin, unless properties say more", test_trust);
  ADD ("nothing is sent where it must not go",
       test_nothing_is_sent_where_it_must_not_go);
  ADD ("echoes of secrets and patient details are redacted",
       test_echoes_are_redacted);
  ADD ("a long token leaves nothing behind", test_long_token_leaves_nothing);
  ADD ("long texts are cut", test_long_texts_are_cut);
  ADD ("refusals come with advice", test_advice);
  return g_test_run ();
}
