/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "scribe/detour.h"

static void
take_result (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  GAsyncResult **got = user_data;

  *got = g_object_ref (result);
}

/* Both ways of asking give the same. */
static void
assert_way (const gchar *proxy,
            const gchar *uri,
            const gchar *way)
{
  g_autoptr (GProxyResolver) simple = g_simple_proxy_resolver_new (proxy, NULL);
  g_autoptr (GProxyResolver) detour = eka_detour_new (simple);
  g_autoptr (GAsyncResult) result = NULL;
  g_auto (GStrv) now = g_proxy_resolver_lookup (detour, uri, NULL, NULL);
  g_auto (GStrv) later = NULL;
  const gchar *const expected[] = { way, NULL };

  g_proxy_resolver_lookup_async (detour, uri, NULL, take_result, &result);
  while (result == NULL)
    g_main_context_iteration (NULL, TRUE);
  later = g_proxy_resolver_lookup_finish (detour, result, NULL);
  g_assert_true (g_proxy_resolver_is_supported (detour));
  g_assert_true (g_strv_equal ((const gchar *const *) now, expected));
  g_assert_true (g_strv_equal ((const gchar *const *) later, expected));
}

static void
test_what_leaves_takes_the_proxy (void)
{
  assert_way ("http://proxy.test:3128", "https://api.test/voice",
              "http://proxy.test:3128");
  assert_way ("http://127.0.0.1:3128", "https://api.test/voice",
              "http://127.0.0.1:3128");
  assert_way ("http://proxy.test:3128", "http://localhost.api.test/",
              "http://proxy.test:3128");
}

static void
test_what_stays_takes_no_proxy_elsewhere (void)
{
  assert_way ("http://proxy.test:3128", "http://127.0.0.1:8080/v1",
              "direct://");
  assert_way ("http://10.0.0.1:3128", "http://localhost/v1", "direct://");
  assert_way ("socks5://proxy.test", "https://[::1]:8443/v1", "direct://");
  assert_way ("direct://", "http://127.0.0.1:8080/v1", "direct://");
}

/* A debugging proxy, say. */
static void
test_what_stays_takes_a_proxy_here (void)
{
  assert_way ("http://name:word@localhost:3128", "http://127.0.0.1:8080/v1",
              "http://name:word@localhost:3128");
}

static void
test_a_failure_is_passed_on (void)
{
  g_autoptr (GProxyResolver) simple = g_simple_proxy_resolver_new (NULL, NULL);
  g_autoptr (GProxyResolver) detour = eka_detour_new (simple);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  g_cancellable_cancel (cancellable);
  g_proxy_resolver_lookup_async (detour, "http://127.0.0.1/", cancellable,
                                 take_result, &result);
  while (result == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_assert_null (g_proxy_resolver_lookup_finish (detour, result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/detour/what-leaves-takes-the-proxy",
                   test_what_leaves_takes_the_proxy);
  g_test_add_func ("/detour/what-stays-takes-no-proxy-elsewhere",
                   test_what_stays_takes_no_proxy_elsewhere);
  g_test_add_func ("/detour/what-stays-takes-a-proxy-here",
                   test_what_stays_takes_a_proxy_here);
  g_test_add_func ("/detour/a-failure-is-passed-on",
                   test_a_failure_is_passed_on);
  return g_test_run ();
}
