/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "scribe/descriptor.h"

#include <string.h>

#include "scribe/error.h"

/* Digits that no double holds, and blanks that nobody else would write. */
#define PATIENT "{ \"oid\":12345678901234567890123,\"name\" : \"A \\\"B\\\" }\" }"
#define DATA "{\n  \"patient_details\": {\"not\": \"this one\"}, \"x\": [1, {}] }"

static EkaDescriptor *
make_full (void)
{
  EkaDescriptor *descriptor = g_new0 (EkaDescriptor, 1);
  EkaSettings *settings = eka_settings_new ();

  descriptor->settings = settings;
  descriptor->session_id = g_strdup ("ses_0123456789abcdef");
  descriptor->replaced_id = g_strdup ("ses_before9abcdef");
  descriptor->created = TRUE;
  descriptor->ended = TRUE;
  descriptor->failed = TRUE;
  descriptor->started_at = g_strdup ("2026-06-06T14:21:07Z");
  descriptor->language = g_strdup ("hi");
  settings->base_url = g_strdup ("https://scribe.test/voice/v1");
  settings->token = eka_token_new ();
  eka_token_set_value (settings->token, "secret-token");
  settings->trusted_hosts = g_strsplit ("other.test", ",", -1);
  settings->upload_type = EKA_UPLOAD_SINGLE;
  settings->discovery = EKA_DISCOVERY_REQUIRE;
  settings->on_chunk_error = EKA_CHUNK_ERROR_SKIP;
  g_free (settings->session_mode);
  settings->session_mode = g_strdup ("consultation");
  settings->model = g_strdup ("pro");
  settings->templates = g_strsplit ("one,two \"2\"", ",", -1);
  settings->language_hint = g_strsplit ("en,hi", ",", -1);
  settings->transcript_language = g_strdup ("en");
  settings->patient_details = g_strdup (PATIENT);
  settings->additional_data = g_strdup (DATA);
  settings->part = 3;
  settings->first_id = g_strdup ("ses_first");
  settings->previous_id = g_strdup ("txn_7");
  settings->result_template = g_strdup ("two");
  return descriptor;
}

static EkaDescriptor *
make_plain (void)
{
  EkaDescriptor *descriptor = g_new0 (EkaDescriptor, 1);

  descriptor->settings = eka_settings_new ();
  descriptor->settings->base_url = g_strdup ("http://localhost:8000");
  descriptor->session_id = g_strdup ("ses_0123456789abcdef");
  return descriptor;
}

static void
assert_strv (gchar **a,
             gchar **b)
{
  g_assert_true ((a == NULL) == (b == NULL));
  if (a != NULL)
    g_assert_true (g_strv_equal ((const gchar *const *) a,
                                 (const gchar *const *) b));
}

static void
assert_same (const EkaDescriptor *a,
             const EkaDescriptor *b)
{
  const EkaSettings *s = a->settings, *t = b->settings;

  g_assert_cmpstr (a->session_id, ==, b->session_id);
  g_assert_cmpstr (a->replaced_id, ==, b->replaced_id);
  g_assert_cmpint (a->created, ==, b->created);
  g_assert_cmpint (a->ended, ==, b->ended);
  g_assert_cmpint (a->failed, ==, b->failed);
  g_assert_cmpstr (a->started_at, ==, b->started_at);
  g_assert_cmpstr (a->language, ==, b->language);
  g_assert_cmpstr (s->base_url, ==, t->base_url);
  g_assert_cmpint (s->upload_type, ==, t->upload_type);
  g_assert_cmpint (s->discovery, ==, t->discovery);
  g_assert_cmpint (s->on_chunk_error, ==, t->on_chunk_error);
  g_assert_cmpstr (s->session_mode, ==, t->session_mode);
  g_assert_cmpstr (s->model, ==, t->model);
  assert_strv (s->templates, t->templates);
  assert_strv (s->language_hint, t->language_hint);
  g_assert_cmpstr (s->transcript_language, ==, t->transcript_language);
  g_assert_cmpstr (s->patient_details, ==, t->patient_details);
  g_assert_cmpstr (s->additional_data, ==, t->additional_data);
  g_assert_cmpuint (s->part, ==, t->part);
  g_assert_cmpstr (s->first_id, ==, t->first_id);
  g_assert_cmpstr (s->previous_id, ==, t->previous_id);
  g_assert_cmpstr (s->result_template, ==, t->result_template);
}

static void
test_what_is_written_is_read (void)
{
  guint i;

  for (i = 0; i < 2; i++)
    {
      g_autoptr (EkaDescriptor) before = i == 0 ? make_full () : make_plain ();
      g_autoptr (GBytes) bytes = eka_descriptor_print (before);
      g_autoptr (GBytes) again = NULL;
      g_autoptr (GError) error = NULL;
      g_autoptr (EkaDescriptor) after = eka_descriptor_parse (bytes, &error);

      g_assert_no_error (error);
      assert_same (before, after);
      g_assert_null (after->settings->token);
      g_assert_null (after->settings->trusted_hosts);
      g_assert_null (after->settings->session_id);
      g_assert_false (after->settings->allow_http);
      again = eka_descriptor_print (after);
      g_assert_true (g_bytes_equal (bytes, again));
    }
}

static void
test_it_reads_well (void)
{
  g_autoptr (EkaDescriptor) descriptor = make_plain ();
  g_autoptr (GBytes) bytes = eka_descriptor_print (descriptor);
  const gchar *text =
      "{\n"
      "  \"format\": 1,\n"
      "  \"software\": \"gst-ekascribe " VERSION "\",\n"
      "  \"session_id\": \"ses_0123456789abcdef\",\n"
      "  \"created\": false,\n"
      "  \"ended\": false,\n"
      "  \"settings\": {\n"
      "    \"base_url\": \"http://localhost:8000\",\n"
      "    \"discovery\": \"auto\",\n"
      "    \"upload_type\": \"chunked\",\n"
      "    \"on_chunk_error\": \"abort\",\n"
      "    \"session_mode\": \"dictation\",\n"
      "    \"part\": 0\n"
      "  }\n"
      "}\n";

  g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes),
                   text, strlen (text));
}

static void
test_no_secret_is_written (void)
{
  g_autoptr (EkaDescriptor) descriptor = make_full ();
  g_autoptr (GBytes) bytes = eka_descriptor_print (descriptor);
  g_autofree gchar *text = g_strndup (g_bytes_get_data (bytes, NULL),
                                      g_bytes_get_size (bytes));

  g_assert_null (strstr (text, "secret"));
  g_assert_null (strstr (text, "token"));
  g_assert_null (strstr (text, "other.test"));
}

static EkaDescriptor *
parse (const gchar *text,
       GError     **error)
{
  g_autoptr (GBytes) bytes = g_bytes_new (text, strlen (text));

  return eka_descriptor_parse (bytes, error);
}

/* @changed in place of @old in what is written of a full session */
static EkaDescriptor *
parse_changed (const gchar *old,
               const gchar *changed,
               GError     **error)
{
  g_autoptr (EkaDescriptor) descriptor = make_full ();
  g_autoptr (GBytes) bytes = eka_descriptor_print (descriptor);
  g_autoptr (GString) text = g_string_new_len (g_bytes_get_data (bytes, NULL),
                                               g_bytes_get_size (bytes));

  g_assert_cmpuint (g_string_replace (text, old, changed, 1), ==, 1);
  return parse (text->str, error);
}

static void
test_members_of_others_are_left_aside (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (EkaDescriptor) expected = make_full ();
  g_autoptr (EkaDescriptor) descriptor = parse_changed (
      "\"created\"", "\"colour\": {\"a\": [1]},\"created\"", &error);

  g_assert_no_error (error);
  assert_same (expected, descriptor);
}

static void
test_null_is_absent (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (EkaDescriptor) descriptor = parse_changed (
      "\"model\": \"pro\"", "\"model\": null", &error);

  g_assert_no_error (error);
  g_assert_null (descriptor->settings->model);
}

static void
test_a_later_format_is_told_apart (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (parse ("{\"format\": 2, \"session\": []}", &error));
  g_assert_error (error, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_NEWER);
  g_assert_nonnull (strstr (error->message, "later version"));
}

static const struct
{
  const gchar *old;
  const gchar *changed;
} nonsense[] = {
  { "\"format\": 1", "\"format\": 0" },
  { "\"format\": 1", "\"format\": \"1\"" },
  { "\"format\": 1", "\"format\": 1.5" },
  { "\"session_id\": \"ses_0123456789abcdef\"", "\"session_id\": 5" },
  { "\"session_id\": \"ses_0123456789abcdef\"", "\"session_id\": null" },
  { "\"session_id\": \"ses_0123456789abcdef\"", "\"session_id\": \"\"" },
  { "\"session_id\": \"ses_0123456789abcdef\"",
    "\"session_id\": \"../../etc/passwd\"" },
  { "\"session_id\": \"ses_0123456789abcdef\"", "\"session_id\": \"a/end?b\"" },
  { "\"replaced_id\": \"ses_before9abcdef\"", "\"replaced_id\": \"a b\"" },
  { "\"created\": true", "\"created\": 1" },
  { "\"ended\": true", "\"ended\": \"yes\"" },
  { "\"failed\": true", "\"failed\": \"yes\"" },
  { "\"started_at\": \"2026-06-06T14:21:07Z\"", "\"started_at\": 2026" },
  { "\"language\": \"hi\"", "\"language\": [\"hi\"]" },
  { "\"settings\": {", "\"settings\": [], \"set\": {" },
  { "\"settings\": {", "\"sett\\u0069ngs\": {" },
  { "https://scribe.test/voice/v1", "file:///etc" },
  { "https://scribe.test/voice/v1", "https://user:pw@scribe.test/" },
  { "https://scribe.test/voice/v1", "scribe.test" },
  { "\"base_url\"", "\"base\"" },
  { "\"upload_type\": \"single\"", "\"upload_type\": \"post\"" },
  { "\"upload_type\": \"single\"", "\"upload_type\": 2" },
  { "\"on_chunk_error\": \"skip\"", "\"on_chunk_error\": true" },
  { "\"discovery\": \"require\"", "\"discovery\": \"always\"" },
  { "\"session_mode\": \"consultation\"", "\"session_mode\": \"a,b\"" },
  { "\"model\": \"pro\"", "\"model\": {}" },
  { "[\"en\", \"hi\"]", "[\"en\", 5]" },
  { "[\"en\", \"hi\"]", "\"en\"" },
  { "[\"en\", \"hi\"]", "[\"en\", \"\"]" },
  { "[\"en\", \"hi\"]", "{}" },
  { "\"templates\": [", "\"templates\": [\"three\", \"four\", " },
  { "\"part\": 3", "\"part\": -1" },
  { "\"part\": 3", "\"part\": \"3\"" },
  { "\"first_id\": \"ses_first\"", "\"first_id\": \"ses/first\"" },
  { "\"patient_details\": { \"oid\"", "\"patient_details\": [], \"x\": { \"o\"" },
  { "\"patient_details\": { \"oid\"",
    "\"patient_details\": \"{}\", \"x\": { \"o\"" },
  { "}\n}\n", "}\n" },
};

static void
test_nonsense_is_refused (void)
{
  guint i;

  for (i = 0; i < G_N_ELEMENTS (nonsense); i++)
    {
      g_autoptr (GError) error = NULL;

      g_test_message ("%s", nonsense[i].changed);
      g_assert_null (parse_changed (nonsense[i].old, nonsense[i].changed,
                                    &error));
      g_assert_error (error, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_DAMAGED);
      g_assert_null (strstr (error->message, "12345678"));
    }
}

/* The digits of a patient in the last of two members, which is the one that
 * counts. */
static void
test_the_last_of_two_members_counts (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (EkaDescriptor) descriptor = parse_changed (
      "\"patient_details\": { \"oid\"",
      "\"patient_details\": {\"a\": \"}\\\\\"}, \"patient_details\": { \"oid\"",
      &error);

  g_assert_no_error (error);
  g_assert_cmpstr (descriptor->settings->patient_details, ==, PATIENT);
}

static void
test_no_text_is_refused (void)
{
  static const gchar *const texts[] = { "", "{", "[]", "{}", "null", "\xff",
                                        "{\"format\": 1}" };
  g_autoptr (GBytes) none = g_bytes_new (NULL, 0);
  g_autoptr (GBytes) zero = g_bytes_new_static ("{}\0", 3);
  g_autoptr (GString) large = g_string_new ("{\"x\":\"");
  guint i;

  for (i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (parse (texts[i], &error));
      g_assert_error (error, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_DAMAGED);
    }
  for (i = 0; i < 1024 * 1024; i++)
    g_string_append_c (large, 'x');
  g_string_append (large, "\",\"format\":2}");
  g_assert_null (eka_descriptor_parse (none, NULL));
  g_assert_null (eka_descriptor_parse (zero, NULL));
  {
    g_autoptr (GError) error = NULL;

    g_assert_null (parse (large->str, &error));
    g_assert_error (error, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_DAMAGED);
  }
}

/* What was cut off anywhere is refused, and read nowhere beyond its end. */
static void
test_cut_anywhere_it_is_refused (void)
{
  g_autoptr (EkaDescriptor) descriptor = make_full ();
  g_autoptr (GBytes) bytes = eka_descriptor_print (descriptor);
  gsize size = g_bytes_get_size (bytes);
  gsize i;

  for (i = 0; i < size - 2; i++)
    {
      g_autoptr (GBytes) start = g_bytes_new (g_bytes_get_data (bytes, NULL), i);

      g_assert_null (eka_descriptor_parse (start, NULL));
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/descriptor/what-is-written-is-read",
                   test_what_is_written_is_read);
  g_test_add_func ("/descriptor/it-reads-well", test_it_reads_well);
  g_test_add_func ("/descriptor/no-secret-is-written",
                   test_no_secret_is_written);
  g_test_add_func ("/descriptor/members-of-others-are-left-aside",
                   test_members_of_others_are_left_aside);
  g_test_add_func ("/descriptor/null-is-absent", test_null_is_absent);
  g_test_add_func ("/descriptor/a-later-format-is-told-apart",
                   test_a_later_format_is_told_apart);
  g_test_add_func ("/descriptor/nonsense-is-refused", test_nonsense_is_refused);
  g_test_add_func ("/descriptor/the-last-of-two-members-counts",
                   test_the_last_of_two_members_counts);
  g_test_add_func ("/descriptor/no-text-is-refused", test_no_text_is_refused);
  g_test_add_func ("/descriptor/cut-anywhere-it-is-refused",
                   test_cut_anywhere_it_is_refused);
  return g_test_run ();
}
