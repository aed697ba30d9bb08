/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "scribe/fault.h"

#include <string.h>
#include <time.h>

#include "scribe/error.h"

static EkaReply *
reply_new (guint        status,
           const gchar *body)
{
  return eka_reply_new (status, g_bytes_new (body, strlen (body)));
}

static void
test_envelopes (void)
{
  static const struct
  {
    const gchar *body;
    const gchar *code;
    const gchar *message; /* what stands behind the status */
    const gchar *details;
  } cases[] = {
    { "{\"error\":{\"code\":\"invalid_audio_format\",\"message\":\"Audio format"
      " 'audio/mp3' is not supported\",\"details\":{\"limit\":98.6}}}",
      "invalid_audio_format",
      " invalid_audio_format: Audio format 'audio/mp3' is not supported",
      "{\"limit\":98.6}" },
    { "{\"status\":\"failed\",\"error\":{\"code\":\"c\",\"message\":\"m\"}}",
      "c", " c: m", NULL },
    { "{\"status\":\"failed\",\"error\":\"text\"}", NULL, ": text", NULL },
    { "{\"detail\":\"Not authenticated\"}", NULL, ": Not authenticated", NULL },
    { "{\"detail\":[{\"type\":\"missing\",\"loc\":[\"body\",\"items\",0,"
      "\"model\"],\"msg\":\"Field required\",\"input\":{\"name\":\"Jane\"}},"
      "7,{\"loc\":\"x\",\"msg\":\"second\",\"input\":\"Jane\"}]}",
      NULL, ": body.items.model: Field required; : second", NULL },
    { "{\"detail\":{\"code\":\"c\",\"message\":\"m\"}}", "c", " c: m", NULL },
    { "{\"detail\":{\"error\":{\"code\":\"c\",\"message\":\"m\"}}}", "c",
      " c: m", NULL },
    { "{\"error\":{\"code\":\"v\",\"message\":\"m\",\"details\":{\"errors\":"
      "[{\"loc\":[\"a\"],\"input\":\"Jane\"}],\"input\":{\"n\":\"Jane\"}}}}",
      "v", " v: m", "{\"errors\":[{\"loc\":[\"a\"]}]}" },
    { "{\"code\":1001,\"error\":\"text\"}", "1001", " 1001: text", NULL },
    { "{\"message\":\"Forbidden\"}", NULL, ": Forbidden", NULL },
    { "{\"error\":{\"code\":\"c\"},\"message\":\"outer\"}", "c", " c: outer",
      NULL },
    { "{\"error\":{\"code\":{},\"message\":[],\"details\":null}}", NULL, "",
      NULL },
    { "{\"error\":null,\"detail\":null}", NULL, "", NULL },
    { "<?xml version=\"1.0\"?>\n<Error><Code>AccessDenied</Code>"
      "<Message>Access Denied</Message></Error>", "AccessDenied",
      " AccessDenied: Access Denied", NULL },
    { "\n<html><head>\n<TITLE lang=\"en\">\n 502 Bad Gateway </TITLE>"
      "</head></html>", NULL,
      ": the answer is a web page “502 Bad Gateway”, not the service's; a "
      "gateway or a login page may stand in between", NULL },
    { "<html><titles>x</titles><title>", NULL,
      ": the answer is a web page, not the service's; a gateway or a login "
      "page may stand in between", NULL },
    { "no healthy upstream\n", NULL, ": no healthy upstream", NULL },
    { "a\x1b[31mred\r\nline", NULL, ": a [31mred  line", NULL },
    { "{\"error\":\"a\\u001b[31m\\nb\"}", NULL, ": a [31m b", NULL },
    { "{\"error\":{\"message\":\"cut off, Jane", NULL, "", NULL },
    { "", NULL, "", NULL },
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (EkaReply) reply = reply_new (400, cases[i].body);
      g_autoptr (GError) error = eka_fault_from_reply (reply, EKA_CALL_UPLOAD);
      const EkaScribeErrorInfo *info = eka_scribe_error_get_info (error);
      g_autofree gchar *whole = g_strconcat (
          "The service answered upload with HTTP 400 (Bad Request)",
          cases[i].message, NULL);

      g_assert_error (error, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_REFUSED);
      g_assert_cmpstr (error->message, ==, whole);
      g_assert_cmpuint (info->http_status, ==, 400);
      g_assert_cmpstr (info->code, ==, cases[i].code);
      g_assert_cmpstr (info->details, ==, cases[i].details);
      g_assert_cmpstr (info->request, ==, "upload");
      g_assert_null (strstr (error->message, "Jane"));
    }
}

static void
test_binary_is_not_shown (void)
{
  g_autoptr (GBytes) body = g_bytes_new_static ("\0\1\2\xff\xfe", 5);
  g_autoptr (EkaReply) reply = eka_reply_new (502, g_steal_pointer (&body));
  g_autoptr (GError) error = eka_fault_from_reply (reply, EKA_CALL_GET);

  g_assert_cmpstr (error->message, ==,
                   "The service answered get with HTTP 502 (Bad Gateway)");
}

/* What a gateway sends must not keep the network thread busy. */
static void
test_markup_is_read_in_no_time (void)
{
  static const gchar *const parts[] = { "<title ", "<title>", "<Code", "<" };
  const clock_t began = clock (); /* of the processor */
  guint i, j;

  for (i = 0; i < G_N_ELEMENTS (parts); i++)
    {
      g_autoptr (GString) text = g_string_new ("<html>");
      g_autoptr (EkaReply) reply = NULL;
      g_autoptr (GError) error = NULL;

      for (j = 0; j < 20000; j++)
        g_string_append (text, parts[i]);
      reply = reply_new (502, text->str);
      error = eka_fault_from_reply (reply, EKA_CALL_GET);
      g_assert_nonnull (strstr (error->message, "web page"));
    }
  g_assert_cmpint (clock () - began, <, 5 * CLOCKS_PER_SEC);
}

static void
test_kinds (void)
{
  static const struct
  {
    guint status;
    EkaScribeError any;
    EkaScribeError create;
  } cases[] = {
    { 302, EKA_SCRIBE_ERROR_PROTOCOL, EKA_SCRIBE_ERROR_PROTOCOL },
    { 400, EKA_SCRIBE_ERROR_REFUSED, EKA_SCRIBE_ERROR_REFUSED },
    { 401, EKA_SCRIBE_ERROR_NOT_AUTHORIZED, EKA_SCRIBE_ERROR_NOT_AUTHORIZED },
    { 403, EKA_SCRIBE_ERROR_NOT_AUTHORIZED, EKA_SCRIBE_ERROR_NOT_AUTHORIZED },
    { 404, EKA_SCRIBE_ERROR_GONE, EKA_SCRIBE_ERROR_REFUSED },
    { 408, EKA_SCRIBE_ERROR_UNAVAILABLE, EKA_SCRIBE_ERROR_UNAVAILABLE },
    { 409, EKA_SCRIBE_ERROR_REFUSED, EKA_SCRIBE_ERROR_REFUSED },
    { 410, EKA_SCRIBE_ERROR_GONE, EKA_SCRIBE_ERROR_REFUSED },
    { 413, EKA_SCRIBE_ERROR_REFUSED, EKA_SCRIBE_ERROR_REFUSED },
    { 422, EKA_SCRIBE_ERROR_REFUSED, EKA_SCRIBE_ERROR_REFUSED },
    { 425, EKA_SCRIBE_ERROR_UNAVAILABLE, EKA_SCRIBE_ERROR_UNAVAILABLE },
    { 429, EKA_SCRIBE_ERROR_UNAVAILABLE, EKA_SCRIBE_ERROR_UNAVAILABLE },
    { 500, EKA_SCRIBE_ERROR_UNAVAILABLE, EKA_SCRIBE_ERROR_UNAVAILABLE },
    { 504, EKA_SCRIBE_ERROR_UNAVAILABLE, EKA_SCRIBE_ERROR_UNAVAILABLE },
    { 599, EKA_SCRIBE_ERROR_UNAVAILABLE, EKA_SCRIBE_ERROR_UNAVAILABLE },
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (EkaReply) reply = reply_new (cases[i].status, "");
      g_autoptr (GError) get = eka_fault_from_reply (reply, EKA_CALL_GET);
      g_autoptr (GError) create = eka_fault_from_reply (reply, EKA_CALL_CREATE);

      g_assert_error (get, EKA_SCRIBE_ERROR, (gint) cases[i].any);
      g_assert_error (create, EKA_SCRIBE_ERROR, (gint) cases[i].create);
      g_assert_cmpint (eka_scribe_error_is_transient (get), ==,
                       cases[i].any == EKA_SCRIBE_ERROR_UNAVAILABLE);
    }
}

/* Only a refusal of Create is about what properties say. */
static void
test_names_property (void)
{
  static const struct
  {
    guint status;
    const gchar *body;
    const gchar *property;
  } cases[] = {
    { 400, "{\"error\":{\"code\":\"invalid_template\"}}", "templates" },
    { 400,
      "{\"error\":{\"code\":\"invalid_request\",\"details\":"
      "{\"field\":\"language_hint\"},\"message\":\"no such model\"}}",
      "language-hint" },
    { 422,
      "{\"detail\":[{\"loc\":[\"body\",\"patient_details\",\"age\"],"
      "\"msg\":\"not a number\",\"type\":\"model_attributes_type\"}]}",
      "patient-details" },
    { 400, "{\"error\":\"Unknown model\"}", "model" },
    { 400, "{\"error\":\"transcript_language xx is not supported\"}",
      "transcript-language" },
    { 400, "{\"error\":\"Session_mode is missing\"}", "session-mode" },
    { 400, "{\"error\":\"no\"}", NULL },
    { 400, "", NULL },
    { 500, "{\"error\":\"template engine\"}", NULL },
    { 401, "{\"error\":\"no model for you\"}", NULL },
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (EkaReply) reply = reply_new (cases[i].status, cases[i].body);
      g_autoptr (GError) create = eka_fault_from_reply (reply, EKA_CALL_CREATE);
      g_autoptr (GError) end = eka_fault_from_reply (reply, EKA_CALL_END);

      g_assert_cmpstr (eka_scribe_error_get_info (create)->property, ==,
                       cases[i].property);
      g_assert_true (cases[i].property == NULL ||
                     strstr (create->message, cases[i].property) != NULL);
      g_assert_null (eka_scribe_error_get_info (end)->property);
    }
}

static void
test_status_has_its_name (void)
{
  static const struct
  {
    guint status;
    const gchar *message;
  } cases[] = {
    { 400, "The service answered get with HTTP 400 (Bad Request)" },
    { 425, "The service answered get with HTTP 425 (Too Early)" },
    { 429, "The service answered get with HTTP 429 (Too Many Requests)" },
    { 599, "The service answered get with HTTP 599" },
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (EkaReply) reply = reply_new (cases[i].status, "");
      g_autoptr (GError) error = eka_fault_from_reply (reply, EKA_CALL_GET);

      g_assert_cmpstr (error->message, ==, cases[i].message);
    }
}

static void
test_success_that_is_none (void)
{
  g_autoptr (EkaReply) reply = reply_new (
      200, "{\"success\":false,\"error\":{\"code\":\"c\",\"message\":\"m\"}}");
  g_autoptr (GError) error = eka_fault_protocol (reply, EKA_CALL_UPLOAD,
                                                 "“success” is not true");
  const EkaScribeErrorInfo *info = eka_scribe_error_get_info (error);

  g_assert_error (error, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_PROTOCOL);
  g_assert_cmpstr (error->message, ==, "The service answered upload with HTTP "
                   "200, but “success” is not true: m");
  g_assert_cmpstr (info->code, ==, "c");
  g_assert_cmpuint (info->http_status, ==, 200);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, func) g_test_add_func ("/scribe/fault/" name, func)
  ADD ("every envelope gives code, message and details", test_envelopes);
  ADD ("binary is not shown", test_binary_is_not_shown);
  ADD ("markup is read in no time", test_markup_is_read_in_no_time);
  ADD ("the status gives the kind", test_kinds);
  ADD ("the status has its name, if it has one", test_status_has_its_name);
  ADD ("a refusal of create names a property", test_names_property);
  ADD ("a success that is none is told", test_success_that_is_none);
  return g_test_run ();
}
