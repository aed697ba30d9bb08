/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "scribe/json.h"

#include <math.h>
#include <string.h>

#include "scribe/error.h"

static JsonObject *
parse (const gchar *text)
{
  g_autoptr (GError) error = NULL;
  JsonObject *object = eka_json_parse_object (text, -1, &error);

  g_assert_no_error (error);
  g_assert_nonnull (object);
  return object;
}

static void
assert_refused (const gchar *text,
                gssize       length)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (eka_json_parse_object (text, length, &error));
  g_assert_error (error, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_PROTOCOL);
}

static void
test_only_json_is_read (void)
{
  static const gchar *const bad[] = {
    "", " ", "null", "[]", "7", "{", "}", "{\"a\":1", "{\"a\":1,", "{\"a\":1,}",
    "{\"a\" 1}", "{\"a\":}", "{a:1}", "{'a':1}", "{\"a\":1} x",
    "{\"a\":1}{\"b\":2}", "/* c */ {\"a\":1}", "// c\n{\"a\":1}",
    "var x = {\"a\":1};", "{\"a\":01}", "{\"a\":0x10}", "{\"a\":.5}",
    "{\"a\":+5}", "{\"a\":1.}", "{\"a\":1e}", "{\"a\":-}", "{\"a\":NaN}",
    "{\"a\":TRUE}", "{\"a\":\"x}", "{\"a\":\"\\x41\"}", "{\"a\":\"\\u12\"}",
    "{\"a\":\"\\uZZZZ\"}", "{\"a\":\"\\", "<html></html>", "{\"a\":[1,]}",
    "{\"a\":[1 2]}", "{\"a\":nul}",
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (bad); i++)
    assert_refused (bad[i], -1);
  assert_refused ("{\"a\":1}\0{}", 9);
  assert_refused ("{\"a\":\"\xff\"}", -1);
  assert_refused ("{\"a\":\"\xed\xa0\x80\"}", -1);
}

/* Not one byte behind the length may be looked at. */
static void
test_length_is_kept (void)
{
  g_autofree gchar *exact = g_memdup2 ("{\"a\":1}", 7);
  g_autofree gchar *blank = g_memdup2 (" ", 1);
  g_autoptr (JsonObject) object = eka_json_parse_object (exact, 7, NULL);

  g_assert_cmpint (eka_json_get_count (object, "a"), ==, 1);
  assert_refused (exact, 6);
  assert_refused (blank, 1);
}

static gchar *
nest (const gchar *before,
      guint        levels,
      gboolean     close)
{
  GString *text = g_string_new (before);
  guint i;

  g_string_append (text, "{\"a\":");
  for (i = 1; i < levels; i++)
    g_string_append_c (text, '[');
  for (i = 1; close && i < levels; i++)
    g_string_append_c (text, ']');
  if (close)
    g_string_append_c (text, '}');
  return g_string_free (text, FALSE);
}

static void
test_depth_is_bounded (void)
{
  static const gchar *const before[] = { "", "/* \" */", "// \"\n", "\"" };
  g_autofree gchar *fits = nest ("", 128, TRUE);
  g_autofree gchar *over = nest ("", 129, TRUE);
  g_autoptr (JsonObject) object = parse (fits);
  guint i;

  assert_refused (over, -1);
  /* A comment that holds a quote once hid the depth from us, and json-glib's
   * recursion ran over the end of the stack. */
  for (i = 0; i < G_N_ELEMENTS (before); i++)
    {
      g_autofree gchar *deep = nest (before[i], 400000, FALSE);

      assert_refused (deep, -1);
    }
}

static void
test_mistake_is_located_and_not_quoted (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (eka_json_parse_object ("{\n \"name\": John}", -1, &error));
  g_assert_nonnull (strstr (error->message, "line 2, column 10"));
  g_assert_null (strstr (error->message, "John"));
}

static void
test_wrong_types_count_as_absent (void)
{
  static const gchar *const values[] = { "null", "true", "1", "1.5", "\"s\"",
                                         "{\"k\":1}", "[1,\"x\"]" };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (values); i++)
    {
      g_autofree gchar *text = g_strdup_printf ("{\"a\":%s}", values[i]);
      g_autoptr (JsonObject) object = parse (text);
      g_auto (GStrv) strv = eka_json_get_strv (object, "a");

      g_assert_cmpint (eka_json_get_boolean (object, "a"), ==, i == 1);
      g_assert_cmpfloat (eka_json_get_number (object, "a", -7), ==,
                         i == 2 ? 1 : i == 3 ? 1.5 : -7);
      g_assert_cmpint (eka_json_get_count (object, "a"), ==, i == 2 ? 1 : -1);
      g_assert_cmpstr (eka_json_get_string (object, "a"), ==,
                       i == 4 ? "s" : NULL);
      g_assert_cmpint (eka_json_get_object (object, "a") != NULL, ==, i == 5);
      g_assert_cmpint (eka_json_get_array (object, "a") != NULL, ==, i == 6);
      g_assert_cmpint (strv != NULL, ==, i == 6);
      if (strv != NULL)
        g_assert_cmpstr (strv[0], ==, "x");
      g_assert_null (eka_json_get_string (object, "b"));
    }
  g_assert_null (eka_json_get_string (NULL, "a"));
  g_assert_cmpint (eka_json_get_count (NULL, "a"), ==, -1);
}

static void
test_counts_are_whole (void)
{
  static const struct
  {
    const gchar *text;
    gint count;
  } cases[] = {
    { "0", 0 },          { "4", 4 },         { "4.0", 4 },
    { "4e0", 4 },        { "1.5", -1 },      { "-1", -1 },
    { "1e999", -1 },     { "-1e999", -1 },   { "2147483647", G_MAXINT },
    { "2147483648", -1 }, { "99999999999999999999", -1 }, { "\"4\"", -1 },
    { "9223372036854775808", -1 },
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree gchar *text = g_strdup_printf ("{\"a\":%s}", cases[i].text);
      g_autoptr (JsonObject) object = parse (text);

      g_assert_cmpint (eka_json_get_count (object, "a"), ==, cases[i].count);
    }
}

/* A document's numbers are read by people; a patient's number is sent on. */
static void
test_text_keeps_its_values (void)
{
  static const gchar *const same[] = {
    "98.6", "0.1", "61.3", "1.0", "-0.5", "100000", "-7",
    "9223372036854775807", "-9223372036854775807", "1e-07", "true", "false",
    "{\"b\":1,\"a\":[{},[],null,\"x\"]}",
    "\"é 😀 \\\" \\\\ \\n \\t \\u0001\"", "\"\"",
  };
  static const gchar *const changed[][2] = {
    { "1e999", "1e999" },
    { "-1e999", "-1e999" },
    { "12345678901234567890123", "1.2345678901234568e+22" },
    { "9223372036854775808", "9.223372036854776e+18" },
    { "1e5", "100000.0" },
    { "\"a\\/b\"", "\"a/b\"" },
    { "\"\\ud83d\\ude00\"", "\"😀\"" },
    { "\"x\\u0000y\"", "\"x\xef\xbf\xbdy\"" },
    { "\"\\ud83dxx\"", "\"\xef\xbf\xbdxx\"" },
    { "\"\\ud83d\\u0041\"", "\"\xef\xbf\xbd" "A\"" },
    { "\"\\ude00\\ud83d\"", "\"\xef\xbf\xbd\xef\xbf\xbd\"" },
    { "\"\t\n\"", "\"\\t\\n\"" },
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (same) + G_N_ELEMENTS (changed); i++)
    {
      gboolean is_same = i < G_N_ELEMENTS (same);
      guint j = i - (is_same ? 0 : G_N_ELEMENTS (same));
      const gchar *from = is_same ? same[j] : changed[j][0];
      g_autofree gchar *text = g_strdup_printf ("{\"a\":%s}", from);
      g_autoptr (JsonObject) object = parse (text);
      g_autofree gchar *out = eka_json_get_text (object, "a");

      g_assert_cmpstr (out, ==, is_same ? from : changed[j][1]);
    }
}

static void
test_null_has_no_text_and_the_last_of_two_wins (void)
{
  g_autoptr (JsonObject) object = parse ("{\"a\":1,\"b\":null,\"a\":2}");

  g_assert_null (eka_json_get_text (object, "b"));
  g_assert_cmpint (eka_json_get_count (object, "a"), ==, 2);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, func) g_test_add_func ("/scribe/json/" name, func)
  ADD ("only JSON is read", test_only_json_is_read);
  ADD ("the length is kept", test_length_is_kept);
  ADD ("the depth is bounded", test_depth_is_bounded);
  ADD ("a mistake is located and not quoted",
       test_mistake_is_located_and_not_quoted);
  ADD ("wrong types count as absent", test_wrong_types_count_as_absent);
  ADD ("counts are whole numbers", test_counts_are_whole);
  ADD ("text keeps its values", test_text_keeps_its_values);
  ADD ("null has no text, the last of two members wins",
       test_null_has_no_text_and_the_last_of_two_wins);
  return g_test_run ();
}
