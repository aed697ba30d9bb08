/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "fixture.h"

#include <glib/gstdio.h>
#include <string.h>

#define ELEMENT "ekascribesink name=s"

static void
test_pads (Fixture      *f,
           gconstpointer data)
{
  g_autoptr (GstPad) pad = NULL;
  g_autoptr (GstPad) second = NULL;
  g_autoptr (GstPad) again = NULL;
  g_autofree gchar *label = NULL;

  fixture_launch (f, ELEMENT);
  pad = fixture_get_source (f);
  g_assert_cmpstr (GST_PAD_NAME (pad), ==, "audio_0");
  second = fixture_get_source (f);
  g_assert_cmpstr (GST_PAD_NAME (second), ==, "audio_1");
  g_object_get (pad, "label", &label, NULL);
  g_assert_null (label);
  g_object_set (pad, "label", "doctor", NULL);
  g_object_get (pad, "label", &label, NULL);
  g_assert_cmpstr (label, ==, "doctor");
  gst_element_release_request_pad (f->sink, pad);
  again = fixture_get_source (f);
  g_assert_cmpstr (GST_PAD_NAME (again), ==, "audio_2");
  g_assert_true (
      GST_OBJECT_FLAG_IS_SET (f->sink, GST_ELEMENT_FLAG_SINK));
  gst_element_release_request_pad (f->sink, second);
  gst_element_release_request_pad (f->sink, again);
}

static void
test_caps (Fixture      *f,
           gconstpointer data)
{
  static const gchar *const taken[] = {
    "audio/x-opus, channel-mapping-family=0", "audio/mpeg, mpegversion=4",
    "audio/mpeg, mpegversion=1, layer=3",     "audio/x-mulaw",
    "audio/x-alaw",                           "audio/G722",
    "audio/AMR",                              "audio/AMR-WB",
    "audio/x-flac",                           "audio/x-vorbis",
    "audio/x-raw, format=F32LE, rate=96000, channels=6, "
    "layout=non-interleaved",
  };
  g_autoptr (GstPad) pad = NULL;
  g_autoptr (GstCaps) all = NULL;
  g_autoptr (GstCaps) video = gst_caps_new_empty_simple ("video/x-raw");
  guint i;

  fixture_launch (f, ELEMENT);
  pad = fixture_get_source (f);
  all = gst_pad_query_caps (pad, NULL);
  g_assert_true (gst_structure_has_name (gst_caps_get_structure (all, 0),
                                         "audio/x-opus"));
  for (i = 0; i < G_N_ELEMENTS (taken); i++) {
    g_autoptr (GstCaps) caps = gst_caps_from_string (taken[i]);
    g_autoptr (GstCaps) common = gst_pad_query_caps (pad, caps);

    g_assert_true (gst_pad_query_accept_caps (pad, caps));
    g_assert_true (gst_caps_is_equal (caps, common));
  }
  g_assert_false (gst_pad_query_accept_caps (pad, video));
}

static void
test_secrets (Fixture      *f,
              gconstpointer data)
{
  static const gchar *const secrets[] = { "access-token", "api-key",
                                          "patient-details", "proxy-pw",
                                          "extra-headers" };
  guint i;

  fixture_launch (f, ELEMENT);
  for (i = 0; i < G_N_ELEMENTS (secrets); i++) {
    GParamSpec *pspec = g_object_class_find_property (
        G_OBJECT_GET_CLASS (f->sink), secrets[i]);

    g_assert_nonnull (pspec);
    g_assert_cmpint (pspec->flags & G_PARAM_READWRITE, ==, G_PARAM_WRITABLE);
  }
}

static void
test_explained (Fixture      *f,
                gconstpointer data)
{
  g_autofree GParamSpec **specs = NULL;
  guint i, n, own = 0;

  fixture_launch (f, ELEMENT);
  specs = g_object_class_list_properties (G_OBJECT_GET_CLASS (f->sink), &n);
  for (i = 0; i < n; i++) {
    if (specs[i]->owner_type != GST_TYPE_EKASCRIBE_SINK)
      continue;
    own++;
    g_assert_cmpuint (strlen (g_param_spec_get_blurb (specs[i])), >=, 10);
    if (g_str_has_suffix (specs[i]->name, "-duration") ||
        g_str_has_suffix (specs[i]->name, "-interval") ||
        g_str_has_suffix (specs[i]->name, "-time"))
      g_assert_nonnull (strstr (g_param_spec_get_blurb (specs[i]), "ns"));
    if ((specs[i]->flags & G_PARAM_WRITABLE) != 0)
      g_assert_true (specs[i]->flags &
                     (GST_PARAM_MUTABLE_READY | GST_PARAM_MUTABLE_PLAYING));
  }
  g_assert_cmpuint (own, ==, 55);
}

/* Every setting is read back as it was set. */
static void
test_round_trip (Fixture      *f,
                 gconstpointer data)
{
  g_autofree GParamSpec **specs = NULL;
  guint i, n;

  fixture_launch (f, ELEMENT);
  specs = g_object_class_list_properties (G_OBJECT_GET_CLASS (f->sink), &n);
  for (i = 0; i < n; i++) {
    GValue value = G_VALUE_INIT;
    GValue found = G_VALUE_INIT;

    if (specs[i]->owner_type != GST_TYPE_EKASCRIBE_SINK ||
        (specs[i]->flags & G_PARAM_READWRITE) != G_PARAM_READWRITE ||
        g_str_equal (specs[i]->name, "tls-database"))
      continue;
    g_value_init (&value, specs[i]->value_type);
    g_value_init (&found, specs[i]->value_type);
    if (G_VALUE_HOLDS_STRING (&value))
      g_value_set_string (&value, specs[i]->name);
    else if (G_VALUE_HOLDS_UINT64 (&value))
      g_value_set_uint64 (&value, 3 * GST_SECOND + i);
    else if (G_VALUE_HOLDS_UINT (&value))
      g_value_set_uint (&value, 3 + i);
    else if (G_VALUE_HOLDS_BOOLEAN (&value))
      g_value_set_boolean (
          &value, !G_PARAM_SPEC_BOOLEAN (specs[i])->default_value);
    else if (G_VALUE_HOLDS_ENUM (&value))
      g_value_set_enum (&value, 1);
    else
      g_assert_not_reached ();
    g_object_set_property (G_OBJECT (f->sink), specs[i]->name, &value);
    g_object_get_property (G_OBJECT (f->sink), specs[i]->name, &found);
    g_assert_cmpint (gst_value_compare (&value, &found), ==, GST_VALUE_EQUAL);
    g_value_unset (&value);
    g_value_unset (&found);
  }
}

/* --- what is refused before any network call ------------------------------ */

typedef struct
{
  const gchar *property;
  const gchar *value;
} Wrong;

static void
test_wrong (Fixture      *f,
            gconstpointer data)
{
  const Wrong *wrong = data;
  g_autofree gchar *expected = NULL;
  g_autoptr (GstMessage) message = NULL;

  fixture_launch (f, ELEMENT);
  gst_util_set_object_arg (G_OBJECT (f->sink), wrong->property, wrong->value);
  g_assert_cmpint (gst_element_set_state (f->sink, GST_STATE_PAUSED), ==,
                   GST_STATE_CHANGE_FAILURE);
  message = fixture_wait (f, GST_MESSAGE_ERROR);
  fixture_assert_error (message, GST_RESOURCE_ERROR,
                        GST_RESOURCE_ERROR_SETTINGS, wrong->property);
  g_assert_cmpstr (fixture_get_detail (message, "property"), ==,
                   wrong->property);
  g_assert_cmpuint (f->liar->log->len, ==, 0);
  gst_element_set_state (f->sink, GST_STATE_NULL);
}

static const Wrong wrongs[] = {
  { "base-url", "not a URL" },
  { "base-url", "" },
  { "templates", "one,two,three" },
  { "session-id", "too-short1" },
  { "patient-details", "{half" },
  { "patient-details", "[1]" },
  { "patient-details", "@/nonexistent/patient.json" },
  { "additional-data", "text" },
  { "access-token-file", "/nonexistent/token" },
  { "result-location", "/nonexistent/folder/result.json" },
  { "result-location", "/" },
  { "transcript-location", "/proc/transcript.txt" },
  { "proxy", "not a URI" },
};

static void
test_no_token (Fixture      *f,
               gconstpointer data)
{
  g_autoptr (GstMessage) end = NULL;

  guint i;

  /* It is tried again while audio comes. */
  for (i = 0; i < 10; i++)
    eka_liar_push (f->liar, EKA_CALL_CREATE, 401,
                   "{\"error\":{\"code\":\"authentication_failed\","
                   "\"message\":\"No token\"}}");
  fixture_launch (f, "audiotestsrc num-buffers=10 ! " ELEMENT);
  g_object_set (f->sink, "access-token", NULL, NULL);
  fixture_play (f);
  end = fixture_wait (f, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  g_assert_cmpint (GST_MESSAGE_TYPE (end), ==, GST_MESSAGE_ERROR);
  fixture_assert_error (end, GST_RESOURCE_ERROR,
                        GST_RESOURCE_ERROR_NOT_AUTHORIZED, "access-token");
}

static void
test_environment (Fixture      *f,
                  gconstpointer data)
{
  g_autoptr (GstMessage) end = NULL;
  EkaRequest *request;

  g_setenv ("EKASCRIBE_ACCESS_TOKEN", "token-of-environment", TRUE);
  g_setenv ("EKASCRIBE_BASE_URL", "https://scribe.example/v9/", TRUE);
  fixture_launch (f, "audiotestsrc num-buffers=10 ! " ELEMENT);
  g_unsetenv ("EKASCRIBE_BASE_URL");
  g_object_set (f->sink, "access-token", NULL, NULL);
  fixture_play (f);
  end = fixture_wait (f, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  g_unsetenv ("EKASCRIBE_ACCESS_TOKEN");
  g_assert_cmpint (GST_MESSAGE_TYPE (end), ==, GST_MESSAGE_EOS);
  request = eka_liar_nth (f->liar, EKA_CALL_CREATE, 0);
  g_assert_cmpstr (request->uri, ==, "https://scribe.example/v9/sessions");
  g_assert_cmpstr (request->credential, ==, "Bearer token-of-environment");
}

static void
test_every_field (Fixture      *f,
                  gconstpointer data)
{
  g_autofree gchar *file = g_build_filename (f->folder, "patient.json", NULL);
  g_autofree gchar *at = g_strconcat ("@", file, NULL);
  g_autoptr (GstMessage) end = NULL;
  static const gchar *const expected[] = {
    "\"session_id\":\"ses_of_this_very_test\"",
    "\"templates\":[\"soap\",\"medications\"]",
    "\"model\":\"lite\"",
    "\"language_hint\":[\"en\",\"hi\"]",
    "\"transcript_language\":\"en\"",
    "\"session_mode\":\"consultation\"",
    "\"patient_details\":{\"oid\":\"0123456\"}",
    "\"additional_data\":{\"room\":7}",
  };
  const gchar *body;
  gsize size;
  guint i;

  g_assert_true (
      g_file_set_contents (file, "{\"oid\":\"0123456\"}", -1, NULL));
  fixture_launch (f, "audiotestsrc num-buffers=10 ! " ELEMENT
                     " templates=soap,medications model=lite "
                     "language-hint=en,hi transcript-language=en "
                     "session-mode=consultation "
                     "session-id=ses_of_this_very_test");
  g_object_set (f->sink, "patient-details", at, "additional-data",
                "{\"room\":7}", NULL);
  fixture_play (f);
  end = fixture_wait (f, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  g_assert_cmpint (GST_MESSAGE_TYPE (end), ==, GST_MESSAGE_EOS);
  body = g_bytes_get_data (eka_liar_nth (f->liar, EKA_CALL_CREATE, 0)->body,
                           &size);
  for (i = 0; i < G_N_ELEMENTS (expected); i++) {
    if (g_strstr_len (body, size, expected[i]) == NULL)
      g_error ("%s is not in %.*s", expected[i], (int) size, body);
  }
}

static void
test_large_data (Fixture      *f,
                 gconstpointer data)
{
  g_autofree gchar *filler = g_strnfill (4096, 'x');
  g_autofree gchar *text = g_strdup_printf ("{\"a\":\"%s\"}", filler);
  g_autoptr (GstMessage) warning = NULL;

  fixture_launch (f, ELEMENT);
  g_object_set (f->sink, "additional-data", text, NULL);
  gst_element_set_state (f->sink, GST_STATE_PAUSED);
  warning = fixture_wait (f, GST_MESSAGE_WARNING);
  fixture_assert_error (warning, GST_RESOURCE_ERROR,
                        GST_RESOURCE_ERROR_SETTINGS, "additional-data");
  gst_element_set_state (f->sink, GST_STATE_NULL);
}

/* Neither a DOT dump nor the debug log at its highest level shows a secret. */
static gint leaks;

static void
look_for_secrets (GstDebugCategory *category,
                  GstDebugLevel     level,
                  const gchar      *file,
                  const gchar      *function,
                  gint              line,
                  GObject          *object,
                  GstDebugMessage  *message,
                  gpointer          user_data)
{
  if (g_str_has_prefix (gst_debug_category_get_name (category), "eka") &&
      strstr (gst_debug_message_get (message), "secret") != NULL)
    g_atomic_int_inc (&leaks);
}

static void
test_no_leak (Fixture      *f,
              gconstpointer data)
{
  g_autoptr (GstMessage) end = NULL;
  g_autofree gchar *dump = NULL;

  /* GStreamer forgets its list of log functions whenever that changes: a leak
   * that stays in a process of its own. */
  if (!g_test_subprocess ()) {
    g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_INHERIT_STDERR);
    g_test_trap_assert_passed ();
    return;
  }
  gst_debug_add_log_function (look_for_secrets, NULL, NULL);
  gst_debug_set_threshold_for_name ("ekascribesink", GST_LEVEL_TRACE);
  fixture_launch (f, "audiotestsrc num-buffers=10 ! " ELEMENT
                     " api-key=secret-key proxy-pw=secret-pw "
                     "extra-headers=h,x-a=secret-header");
  g_object_set (f->sink, "patient-details", "{\"name\":\"secret\"}", NULL);
  fixture_play (f);
  end = fixture_wait (f, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  g_assert_cmpint (GST_MESSAGE_TYPE (end), ==, GST_MESSAGE_EOS);
  dump = gst_debug_bin_to_dot_data (GST_BIN (f->pipeline),
                                    GST_DEBUG_GRAPH_SHOW_FULL_PARAMS);
  g_assert_null (strstr (dump, "secret"));
  gst_debug_unset_threshold_for_name ("ekascribesink");
  gst_debug_remove_log_function (look_for_secrets);
  g_assert_cmpint (leaks, ==, 0);
}

int
main (int    argc,
      char **argv)
{
  guint i;

  fixture_init (&argc, &argv);

  add_test ("/properties/one-pad-at-a-time", test_pads);
  add_test ("/properties/any-audio-is-taken", test_caps);
  add_test ("/properties/secrets-are-write-only", test_secrets);
  add_test ("/properties/all-are-explained", test_explained);
  add_test ("/properties/all-are-kept", test_round_trip);
  for (i = 0; i < G_N_ELEMENTS (wrongs); i++) {
    g_autofree gchar *path = g_strdup_printf (
        "/properties/refused-before-the-network/%s/%u", wrongs[i].property, i);

    g_test_add (path, Fixture, &wrongs[i], fixture_set_up, test_wrong,
                fixture_tear_down);
  }
  add_test ("/properties/no-token-is-told", test_no_token);
  add_test ("/properties/environment-fills-in", test_environment);
  add_test ("/properties/every-field-reaches-the-service", test_every_field);
  add_test ("/properties/large-additional-data-warns", test_large_data);
  add_test ("/properties/no-secret-in-dumps-and-logs", test_no_leak);
  return g_test_run ();
}
