/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "scribe/origin.h"

static GUri *
uri_new (const gchar *text)
{
  g_autoptr (GError) error = NULL;
  GUri *uri = g_uri_parse (text, G_URI_FLAGS_ENCODED, &error);

  g_assert_no_error (error);
  return uri;
}

static void
test_private (void)
{
  static const struct
  {
    const gchar *uri;
    gboolean is_private;
  } cases[] = {
    { "https://api.example/", TRUE },
    { "HTTPS://api.example/", TRUE },
    { "http://api.example/", FALSE },
    { "http://localhost/", TRUE },
    { "http://LocalHost:8080/", TRUE },
    { "http://127.0.0.1:1/", TRUE },
    { "http://127.255.0.9/", TRUE },
    { "http://[::1]:8080/", TRUE },
    { "http://[::2]/", FALSE },
    { "http://10.0.0.1/", FALSE },
    { "http://0.0.0.0/", FALSE },
    { "http://127.0.0.1.evil.example/", FALSE },
    { "http://localhost.evil.example/", FALSE },
    { "http://localhost@evil.example/", FALSE },
    { "http://evil.example/localhost", FALSE },
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GUri) uri = uri_new (cases[i].uri);

      g_test_message ("%s", cases[i].uri);
      g_assert_cmpint (eka_origin_is_private (uri), ==, cases[i].is_private);
    }
}

static void
test_http (void)
{
  static const gchar *const yes[] = { "http://h/", "HTTPS://h", "http://[::1]" };
  static const gchar *const no[] = { "wss://h/", "ftp://h/", "https:///x",
                                     "http:x", "file:///etc/passwd" };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (yes); i++)
    {
      g_autoptr (GUri) uri = uri_new (yes[i]);

      g_assert_true (eka_origin_is_http (uri));
    }
  for (i = 0; i < G_N_ELEMENTS (no); i++)
    {
      g_autoptr (GUri) uri = uri_new (no[i]);

      g_assert_false (eka_origin_is_http (uri));
    }
}

static void
test_equal (void)
{
  static const struct
  {
    const gchar *a;
    const gchar *b;
    gboolean equal;
  } cases[] = {
    { "https://api.example/a", "https://API.Example:443/b?c#d", TRUE },
    { "http://h/", "http://h:80", TRUE },
    { "https://[::1]/", "https://[::1]:443/", TRUE },
    { "https://api.example/", "https://user@api.example/", TRUE },
    { "https://api.example/", "http://api.example/", FALSE },
    { "https://api.example/", "http://api.example:443/", FALSE },
    { "https://api.example/", "https://api.example:8443/", FALSE },
    { "https://api.example/", "https://api.example./", FALSE },
    { "https://api.example/", "https://api.example.evil/", FALSE },
    { "https://api.example/", "https://api.example@evil/", FALSE },
    { "https://api.example/", "https://api.example\\@evil/", FALSE },
    { "https://api.example/", "wss://api.example/", FALSE },
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GUri) a = uri_new (cases[i].a);
      g_autoptr (GUri) b = uri_new (cases[i].b);

      g_test_message ("%s %s", cases[i].a, cases[i].b);
      g_assert_cmpint (eka_origin_equal (a, b), ==, cases[i].equal);
      g_assert_cmpint (eka_origin_equal (b, a), ==, cases[i].equal);
    }
}

static void
test_listed (void)
{
  static const struct
  {
    const gchar *uri;
    const gchar *entry;
    gboolean listed;
  } cases[] = {
    { "https://up.example/", "up.example", TRUE },
    { "https://up.example/", "UP.Example", TRUE },
    { "https://up.example:8443/", "up.example", TRUE },
    { "https://up.example:8443/", "up.example:8443", TRUE },
    { "https://up.example/", "up.example:443", TRUE },
    { "http://up.example/", "up.example:80", TRUE },
    { "https://[2001:db8::1]/", "2001:db8::1", TRUE },
    { "https://[2001:db8::1]/", "[2001:db8::1]", TRUE },
    { "https://[2001:db8::1]:99/", "[2001:db8::1]:99", TRUE },
    { "https://[2001:db8::1]:99/", "[2001:db8::1]:98", FALSE },
    { "https://up.example:8443/", "up.example:443", FALSE },
    { "https://a.up.example/", "up.example", FALSE },
    { "https://up.example/", "a.up.example", FALSE },
    { "https://up.example/", "", FALSE },
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      const gchar *hosts[] = { "other.example", cases[i].entry, NULL };
      g_autoptr (GUri) uri = uri_new (cases[i].uri);

      g_test_message ("%s %s", cases[i].uri, cases[i].entry);
      g_assert_cmpint (eka_origin_is_listed (uri, hosts), ==, cases[i].listed);
      g_assert_false (eka_origin_is_listed (uri, NULL));
    }
}

static void
test_string_shows_no_secret (void)
{
  static const gchar *const cases[][2] = {
    { "https://user:pw@h:8443/path?sig=secret#f", "https://h:8443" },
    { "https://h/x", "https://h" },
    { "http://[::1]:80/x", "http://[::1]:80" },
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GUri) uri = uri_new (cases[i][0]);
      g_autofree gchar *text = eka_origin_to_string (uri);

      g_assert_cmpstr (text, ==, cases[i][1]);
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, func) g_test_add_func ("/scribe/origin/" name, func)
  ADD ("private is https or this machine", test_private);
  ADD ("only http with a host is http", test_http);
  ADD ("equal means scheme, host and port", test_equal);
  ADD ("a list takes hosts with and without a port", test_listed);
  ADD ("the string shows no secret", test_string_shows_no_secret);
  return g_test_run ();
}
