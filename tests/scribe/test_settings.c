/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "scribe/settings.h"

#include <string.h>

#include "scribe/error.h"

static EkaSettings *
settings_new (void)
{
  EkaSettings *settings = eka_settings_new ();

  settings->base_url = g_strdup ("https://api.example/voice/v1");
  return settings;
}

static void
set (gchar      **member,
     const gchar *value)
{
  g_free (*member);
  *member = g_strdup (value);
}

static void
set_list (gchar     ***member,
          const gchar *value)
{
  g_strfreev (*member);
  *member = value != NULL ? g_strsplit (value, ",", -1) : NULL;
}

static void
assert_fine (EkaSettings *settings)
{
  g_autoptr (GError) error = NULL;

  eka_settings_check (settings, &error);
  g_assert_no_error (error);
}

/* @mentions: (nullable): what the message must have; it never has `Jane`. */
static void
assert_refused (EkaSettings *settings,
                const gchar *property,
                const gchar *mentions)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (eka_settings_check (settings, NULL));
  g_assert_false (eka_settings_check (settings, &error));
  g_assert_error (error, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_SETTINGS);
  g_assert_cmpstr (eka_scribe_error_get_info (error)->property, ==, property);
  g_assert_nonnull (strstr (error->message, property));
  g_assert_null (strstr (error->message, "Jane"));
  g_assert_null (strstr (error->message, "s3cret"));
  if (mentions != NULL)
    g_assert_nonnull (strstr (error->message, mentions));
}

static void
test_defaults (void)
{
  g_autoptr (EkaSettings) settings = eka_settings_new ();

  g_assert_cmpstr (settings->session_mode, ==, "dictation");
  g_assert_true (settings->wait_for_results);
  g_assert_cmpint (settings->result_timeout, ==, 600 * G_TIME_SPAN_SECOND);
  g_assert_cmpint (settings->poll_interval, ==, G_TIME_SPAN_SECOND);
  assert_refused (settings, "base-url", NULL);
  set (&settings->base_url, "");
  assert_refused (settings, "base-url", NULL);
}

static void
test_base_url (void)
{
  static const struct
  {
    const gchar *url;
    gboolean fine;
    gboolean fine_with_allow_http;
  } cases[] = {
    { "https://api.example", TRUE, TRUE },
    { "https://api.example/", TRUE, TRUE },
    { "https://api.example:8443/voice/v1/", TRUE, TRUE },
    { "HTTPS://API.EXAMPLE/v1", TRUE, TRUE },
    { "http://localhost:8080/v1", TRUE, TRUE },
    { "http://127.0.0.1/", TRUE, TRUE },
    { "http://[::1]:1/", TRUE, TRUE },
    { "http://api.example/v1", FALSE, TRUE },
    { "http://10.0.0.1/v1", FALSE, TRUE },
    { "api.example/v1", FALSE, FALSE },
    { "/v1", FALSE, FALSE },
    { "ftp://api.example/", FALSE, FALSE },
    { "wss://api.example/", FALSE, FALSE },
    { "https://", FALSE, FALSE },
    { "https:///v1", FALSE, FALSE },
    { "https://h:99999/", FALSE, FALSE },
    { "https://h/?token=s3cret", FALSE, FALSE },
    { "https://h/#s3cret", FALSE, FALSE },
    { "https://user:s3cret@h/", FALSE, FALSE },
    { "http://user:s3cret@h/", FALSE, FALSE },
  };
  g_autoptr (EkaSettings) settings = eka_settings_new ();
  guint i, allow;

  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    for (allow = 0; allow < 2; allow++)
      {
        g_test_message ("%s", cases[i].url);
        settings->allow_http = allow;
        set (&settings->base_url, cases[i].url);
        if (allow ? cases[i].fine_with_allow_http : cases[i].fine)
          assert_fine (settings);
        else
          assert_refused (settings, "base-url", NULL);
      }
  settings->allow_http = FALSE;
  set (&settings->base_url, "http://api.example/v1");
  assert_refused (settings, "base-url", "allow-http");
}

static void
assert_templates (EkaSettings *settings,
                  const gchar *given,
                  const gchar *kept)
{
  g_autofree gchar *joined = NULL;

  eka_settings_set_templates (settings, g_strsplit (given, ",", -1));
  joined = g_strjoinv (",", settings->templates);
  g_assert_cmpstr (joined, ==, kept);
}

/* One document of each, in the order in which they are named first. */
static void
test_templates_once (void)
{
  g_autoptr (EkaSettings) settings = settings_new ();

  assert_templates (settings, "a,a", "a");
  assert_templates (settings, "b,a,b,a,b", "b,a");
  assert_templates (settings, "a,A,aa", "a,A,aa");
  assert_templates (settings, "a,,b,", "a,,b");
  assert_templates (settings, "b,a,b", "b,a");
  assert_fine (settings);
  eka_settings_set_templates (settings, NULL);
  g_assert_null (settings->templates);
}

static void
test_lists (void)
{
  g_autoptr (EkaSettings) settings = settings_new ();

  set_list (&settings->templates, "a,b");
  assert_fine (settings);
  set_list (&settings->templates, "a,b,c");
  assert_refused (settings, "templates", "3 entries");
  set_list (&settings->templates, "a,");
  assert_refused (settings, "templates", NULL);
  set_list (&settings->templates, NULL);

  set_list (&settings->language_hint, "en,hi");
  assert_fine (settings);
  set_list (&settings->language_hint, "en,,hi");
  assert_refused (settings, "language-hint", NULL);
  set_list (&settings->language_hint, NULL);

  set_list (&settings->trusted_hosts, "h,h:1,[::1]:2,::1");
  assert_fine (settings);
  set_list (&settings->trusted_hosts, "h,https://up.example");
  assert_refused (settings, "trusted-hosts", "https://up.example");
  set_list (&settings->trusted_hosts, "*.example");
  assert_refused (settings, "trusted-hosts", NULL);
  set_list (&settings->trusted_hosts, "h, up");
  assert_refused (settings, "trusted-hosts", NULL);
}

static void
test_session_id (void)
{
  g_autoptr (EkaSettings) settings = settings_new ();

  set (&settings->session_id, "ses_0123456789ab");
  assert_fine (settings);
  set (&settings->session_id, "ses_0123456789abcdef0123456789AB");
  assert_fine (settings);
  set (&settings->session_id, "ses_0123456789a");
  assert_refused (settings, "session-id", "15");
  set (&settings->session_id, "ses_0123456789abcdef0123456789ABC");
  assert_refused (settings, "session-id", "33");
  set (&settings->session_id, "ses_0123456789/..");
  assert_refused (settings, "session-id", NULL);
  set (&settings->session_id, "");
  assert_refused (settings, "session-id", NULL);
}

static void
test_objects_are_never_quoted (void)
{
  static const gchar *const bad[] = { "", "Jane", "[\"Jane\"]", "\"Jane\"",
                                      "{\"name\":\"Jane\"", "{\"name\":Jane}",
                                      "{\"name\":\"Jane\xff\"}" };
  g_autoptr (EkaSettings) settings = settings_new ();
  guint i;

  set (&settings->patient_details, "{\"oid\":\"PAT-1\",\"name\":\"Jane\"}");
  set (&settings->additional_data, "{}");
  assert_fine (settings);
  for (i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      set (&settings->patient_details, bad[i]);
      set (&settings->additional_data, "{}");
      assert_refused (settings, "patient-details", "JSON object");
      set (&settings->additional_data, bad[i]);
      set (&settings->patient_details, NULL);
      assert_refused (settings, "additional-data", "JSON object");
    }
  g_assert_true (eka_settings_check_object ("patient-details", NULL, NULL));
}

static void
test_copy_is_whole (void)
{
  EkaSettings *settings = settings_new ();
  g_autoptr (EkaSettings) copy = NULL;

  settings->token = eka_token_new ();
  eka_token_set_value (settings->token, "tok");
  settings->retry_time = 5;
  set (&settings->patient_details, "{}");
  set (&settings->model, "pro");
  set (&settings->result_template, "t");
  set_list (&settings->templates, "a,b");
  copy = eka_settings_copy (settings);
  eka_settings_free (settings);

  g_assert_cmpstr (copy->base_url, ==, "https://api.example/voice/v1");
  g_assert_true (eka_token_is_set (copy->token));
  g_assert_cmpint (copy->retry_time, ==, 5);
  g_assert_cmpstr (copy->patient_details, ==, "{}");
  g_assert_cmpstr (copy->model, ==, "pro");
  g_assert_cmpstr (copy->result_template, ==, "t");
  g_assert_cmpuint (g_strv_length (copy->templates), ==, 2);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, func) g_test_add_func ("/scribe/settings/" name, func)
  ADD ("defaults are the protocol's and name no service", test_defaults);
  ADD ("base-url is https, or this machine, or allowed", test_base_url);
  ADD ("lists are short and without holes", test_lists);
  ADD ("templates-once", test_templates_once);
  ADD ("session-id has 16 to 32 plain characters", test_session_id);
  ADD ("objects are checked and never quoted", test_objects_are_never_quoted);
  ADD ("a copy is whole", test_copy_is_whole);
  return g_test_run ();
}
