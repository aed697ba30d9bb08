/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "scribe/discovery.h"

#include <string.h>

#include "scribe/error.h"

/* The shape of the public specification. */
#define HOSTED                                                                \
  "{\"protocol\":\"medscribealliance\",\"protocol_version\":\"0.1\","         \
  "\"supported_versions\":[\"0.1\"],"                                         \
  "\"endpoints\":{\"base_url\":\"https://api.example/voice/v1\"},"            \
  "\"capabilities\":{\"audio_formats\":[\"audio/webm;codecs=opus\","          \
  "\"audio/ogg; codecs=opus\",\"audio/wav\"],"                                \
  "\"max_chunk_duration_seconds\":20,"                                        \
  "\"upload_methods\":[\"chunked\",\"stream\"]},"                             \
  "\"models\":[{\"id\":\"pro\",\"languages\":[\"en\",\"hi\"],"                \
  "\"max_session_duration_seconds\":3600,\"features\":[\"x\"]},"              \
  "{\"id\":\"lite\",\"languages\":[\"en\"],"                                  \
  "\"max_session_duration_seconds\":600.5}],"                                 \
  "\"languages\":{\"supported\":[\"en\",\"hi\",\"en-IN\"],"                   \
  "\"auto_detection\":true},\"unknown\":{\"a\":[1]}}"

/* A self-hosted one: no detection, other models, no endpoints. */
#define OPEN                                                                  \
  "{\"supported_versions\":[\"0.1\",\"0.2\"],\"capabilities\":{"              \
  "\"upload_methods\":[\"chunked\"]},\"models\":[{\"id\":\"base\"}],"         \
  "\"languages\":{\"supported\":[\"en\",\"hi\"],\"auto_detection\":false}}"

static EkaDiscovery *
parse (const gchar *text)
{
  g_autoptr (GBytes) bytes = g_bytes_new_static (text, strlen (text));
  g_autoptr (GError) error = NULL;
  EkaDiscovery *discovery = eka_discovery_new_from_json (bytes, &error);

  g_assert_no_error (error);
  return discovery;
}

static void
test_document_is_read (void)
{
  g_autoptr (EkaDiscovery) d = parse (HOSTED);
  const EkaModel *model;

  g_assert_cmpstr (d->base_url, ==, "https://api.example/voice/v1");
  g_assert_cmpstr (d->versions[0], ==, "0.1");
  g_assert_cmpuint (g_strv_length (d->audio_formats), ==, 3);
  g_assert_cmpuint (g_strv_length (d->upload_methods), ==, 2);
  g_assert_cmpuint (d->max_chunk_duration, ==, 20 * G_GUINT64_CONSTANT (1000000000));
  g_assert_cmpuint (d->models->len, ==, 2);
  model = eka_discovery_find_model (d, "lite");
  g_assert_cmpuint (model->max_session_duration, ==,
                    G_GUINT64_CONSTANT (600500000000));
  g_assert_cmpstr (model->languages[0], ==, "en");
  g_assert_cmpuint (g_strv_length (d->languages), ==, 3);
  g_assert_true (d->auto_detection);
}

static void
test_nothing_said_limits_nothing (void)
{
  static const gchar *const texts[] = {
    "{\"models\":null}",
    "{\"endpoints\":[],\"supported_versions\":{},\"capabilities\":7,"
    "\"models\":\"lite\",\"languages\":true}",
    "{\"endpoints\":{\"base_url\":7},\"supported_versions\":[1,2],"
    "\"protocol_version\":0.1,\"capabilities\":{\"audio_formats\":\"wav\","
    "\"max_chunk_duration_seconds\":\"20\",\"upload_methods\":[{}]},"
    "\"models\":[null,7,{},{\"id\":3},[]],"
    "\"languages\":{\"supported\":\"en\",\"auto_detection\":\"true\"}}",
    "{\"supported_versions\":[],\"capabilities\":{\"audio_formats\":[],"
    "\"max_chunk_duration_seconds\":0,\"upload_methods\":[]},\"models\":[],"
    "\"languages\":{\"supported\":[],\"auto_detection\":false}}",
  };
  g_autoptr (EkaSettings) settings = eka_settings_new ();
  guint i;

  settings->model = g_strdup ("any");
  settings->language_hint = g_strsplit ("xx", ",", 0);
  for (i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (EkaDiscovery) d = parse (texts[i]);
      g_autoptr (GError) error = NULL;

      eka_discovery_check (d, settings, &error);
      g_assert_no_error (error);
      g_assert_cmpstr (eka_discovery_choose_format (d, "audio/wav"), ==,
                   "audio/wav");
      g_assert_cmpuint (d->max_chunk_duration, ==, 0);
      g_assert_null (d->base_url);
      g_assert_cmpuint (d->models->len, ==, 0);
      g_assert_false (d->auto_detection);
    }
  g_assert_true (eka_discovery_check (NULL, settings, NULL));
  g_assert_cmpstr (eka_discovery_choose_format (NULL, "audio/wav"), ==,
                   "audio/wav");
  g_assert_null (eka_discovery_find_model (NULL, "lite"));
}

static void
test_other_documents_are_none (void)
{
  static const gchar *const texts[] = { "", "{}", "[]", "<html></html>",
                                        "{\"message\":\"welcome\"}",
                                        "{\"capabilities\":{" };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (GBytes) bytes =
          g_bytes_new_static (texts[i], strlen (texts[i]));
      g_autoptr (GError) error = NULL;

      g_assert_null (eka_discovery_new_from_json (bytes, &error));
      g_assert_error (error, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_PROTOCOL);
    }
}

static void
test_sizes_are_sane (void)
{
  static const struct
  {
    const gchar *seconds;
    guint64 ns;
  } cases[] = {
    { "20", G_GUINT64_CONSTANT (20000000000) },
    { "19.5", G_GUINT64_CONSTANT (19500000000) },
    { "0", 0 },     { "-1", 0 },          { "1e999", 0 },
    { "-1e999", 0 }, { "99999999999999999999", 0 }, { "1e9", 1000000000000000000 },
    { "null", 0 },
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree gchar *text = g_strdup_printf (
          "{\"capabilities\":{\"max_chunk_duration_seconds\":%s}}",
          cases[i].seconds);
      g_autoptr (EkaDiscovery) d = parse (text);

      g_assert_cmpuint (d->max_chunk_duration, ==, cases[i].ns);
    }
}

static void
test_base_url_must_be_one (void)
{
  static const gchar *const bad[] = {
    "", "/voice/v1", "api.example", "ftp://h/", "wss://h/", "https:///v1",
    "https://h/v1?x=1", "https://h/v1#x", "https://u:p@h/v1", "https://h:99999/",
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autofree gchar *text = g_strdup_printf (
          "{\"endpoints\":{\"base_url\":\"%s\"}}", bad[i]);
      g_autoptr (EkaDiscovery) d = parse (text);

      g_test_message ("%s", bad[i]);
      g_assert_null (d->base_url);
    }
}

static void
test_formats (void)
{
  g_autoptr (EkaDiscovery) d = parse (HOSTED);
  g_autoptr (EkaDiscovery) bare =
      parse ("{\"capabilities\":{\"audio_formats\":[\"audio/ogg\"]}}");

  g_assert_cmpstr (eka_discovery_choose_format (bare, "audio/ogg;codecs=opus"),
                   ==, "audio/ogg");
  g_assert_null (eka_discovery_choose_format (bare, "audio/wav"));

  g_assert_cmpstr (eka_discovery_choose_format (d, "audio/ogg;codecs=opus"), ==,
                   "audio/ogg;codecs=opus");
  g_assert_cmpstr (eka_discovery_choose_format (d, "audio/wav"), ==,
                   "audio/wav");
  g_assert_null (eka_discovery_choose_format (d, "audio/ogg"));
  g_assert_null (eka_discovery_choose_format (d, "audio/mp3"));
}

static void
test_default_model (void)
{
  g_autoptr (EkaDiscovery) hosted = parse (HOSTED);
  g_autoptr (EkaDiscovery) open = parse (OPEN);

  g_assert_cmpstr (eka_discovery_find_model (hosted, NULL)->id, ==, "lite");
  g_assert_cmpstr (eka_discovery_find_model (open, NULL)->id, ==, "base");
  g_assert_null (eka_discovery_find_model (open, "lite"));
}

/* One member of the settings changed: fine, or which property is refused. */
static void
test_settings_are_held_against_it (void)
{
  static const struct
  {
    const gchar *document;
    const gchar *model;
    const gchar *hint;
    const gchar *transcript;
    const gchar *property;
    const gchar *mentions;
  } cases[] = {
    { HOSTED, NULL, NULL, NULL, NULL, NULL },
    { HOSTED, "pro", "en,hi", "hi", NULL, NULL },
    { HOSTED, NULL, "auto_detect", NULL, NULL, NULL },
    { HOSTED, NULL, "EN", NULL, NULL, NULL },
    { HOSTED, "max", NULL, NULL, "model", "pro, lite" },
    { HOSTED, "lite", "hi", NULL, "language-hint", "“hi”" },
    { HOSTED, "pro", "en,xx", NULL, "language-hint", "“xx”" },
    { HOSTED, NULL, NULL, "xx", "transcript-language", "en, hi, en-IN" },
    { OPEN, NULL, NULL, NULL, NULL, NULL },
    { OPEN, NULL, "hi", "en", NULL, NULL },
    { OPEN, "lite", NULL, NULL, "model", "base" },
    { OPEN, NULL, "auto_detect", NULL, "language-hint", "auto_detect" },
    { "{\"supported_versions\":[\"0.2\",\"1.0\"]}", NULL, NULL, NULL,
      "base-url", "0.2, 1.0" },
    { "{\"protocol_version\":\"0.2\",\"models\":[]}", NULL, NULL, NULL,
      "base-url", "0.2" },
    { "{\"capabilities\":{\"upload_methods\":[\"stream\"]}}", NULL, NULL, NULL,
      "base-url", "stream" },
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (EkaDiscovery) d = parse (cases[i].document);
      g_autoptr (EkaSettings) settings = eka_settings_new ();
      g_autoptr (GError) error = NULL;
      gboolean fine;

      g_test_message ("case %u", i);
      settings->model = g_strdup (cases[i].model);
      settings->transcript_language = g_strdup (cases[i].transcript);
      if (cases[i].hint != NULL)
        settings->language_hint = g_strsplit (cases[i].hint, ",", -1);
      fine = eka_discovery_check (d, settings, &error);
      g_assert_cmpint (fine, ==, cases[i].property == NULL);
      g_assert_cmpint (eka_discovery_check (d, settings, NULL), ==, fine);
      if (fine)
        continue;
      g_assert_error (error, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_SETTINGS);
      g_assert_cmpstr (eka_scribe_error_get_info (error)->property, ==,
                       cases[i].property);
      g_assert_nonnull (strstr (error->message, cases[i].property));
      g_assert_nonnull (strstr (error->message, cases[i].mentions));
    }
}

static void
test_cache_expires (void)
{
  g_autoptr (EkaDiscovery) one = parse (HOSTED);
  g_autoptr (EkaDiscovery) two = parse (OPEN);
  EkaDiscovery *got;
  guint i;

  eka_discovery_cache_clear ();
  g_assert_null (eka_discovery_cache_get ("https://a", 0));
  eka_discovery_cache_put ("https://a", one, 1000);
  eka_discovery_cache_put ("https://b", two, 2000);

  got = eka_discovery_cache_get ("https://a", 999);
  g_assert_true (got == one);
  eka_discovery_unref (got);
  g_assert_null (eka_discovery_cache_get ("https://a", 1000));
  got = eka_discovery_cache_get ("https://b", 1000);
  g_assert_true (got == two);
  eka_discovery_unref (got);

  eka_discovery_cache_put ("https://a", two, 3000);
  got = eka_discovery_cache_get ("https://a", 2999);
  g_assert_true (got == two);
  eka_discovery_unref (got);

  /* It does not grow without end. */
  for (i = 0; i < 200; i++)
    {
      g_autofree gchar *url = g_strdup_printf ("https://%u", i);

      eka_discovery_cache_put (url, one, 5000);
    }
  g_assert_null (eka_discovery_cache_get ("https://0", 0));
  eka_discovery_cache_clear ();
  g_assert_null (eka_discovery_cache_get ("https://199", 0));
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, func) g_test_add_func ("/scribe/discovery/" name, func)
  ADD ("a document is read", test_document_is_read);
  ADD ("nothing said limits nothing", test_nothing_said_limits_nothing);
  ADD ("other documents are none", test_other_documents_are_none);
  ADD ("sizes are sane", test_sizes_are_sane);
  ADD ("its base_url must be an API root", test_base_url_must_be_one);
  ADD ("formats are compared without blanks", test_formats);
  ADD ("the default model is lite, else the first", test_default_model);
  ADD ("settings are held against it", test_settings_are_held_against_it);
  ADD ("the cache expires and is bounded", test_cache_expires);
  return g_test_run ();
}
