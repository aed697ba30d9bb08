/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "rig.h"

#include <string.h>

/* A site with a page for each need; @held are the messages that wait. */
typedef struct
{
  Rig *rig;
  GPtrArray *held;
  guint n_held;
} Site;

static const gchar *
show (SoupMessageHeaders *headers,
      const gchar        *name)
{
  const gchar *value = soup_message_headers_get_one (headers, name);

  return value != NULL ? value : "-";
}

/* Says what came: what the tests compare letter by letter. */
static void
serve_echo (SoupServerMessage *msg)
{
  SoupMessageHeaders *in = soup_server_message_get_request_headers (msg);
  SoupMessageBody *body = soup_server_message_get_request_body (msg);
  g_autofree gchar *text = g_strdup_printf (
    "%s|%s|%s|%s|%s|%s|%s|%.*s", soup_server_message_get_method (msg),
    show (in, "Content-Type"), show (in, "Authorization"), show (in, "User-Agent"),
    show (in, "X-Extra"), show (in, "Accept-Encoding"), show (in, "Cookie"),
    (gint) body->length, body->data != NULL ? body->data : "");

  soup_server_message_set_status (msg, 200, NULL);
  soup_server_message_set_response (msg, "text/plain", SOUP_MEMORY_COPY, text,
                                    strlen (text));
}

static void
serve_headers (SoupServerMessage *msg)
{
  SoupMessageHeaders *out = soup_server_message_get_response_headers (msg);

  soup_server_message_set_status (msg, 429, NULL);
  soup_message_headers_replace (out, "Retry-After",
                                "Fri, 31 Dec 1999 23:59:59 GMT");
  soup_message_headers_append (out, "Cache-Control", "private");
  soup_message_headers_append (out, "Cache-Control", "max-age=60");
  soup_message_headers_replace (out, "Age", "7");
  soup_message_headers_replace (out, "Set-Cookie", "a=b; Path=/");
  soup_message_headers_replace (out, "Date", "Thu, 01 Jan 1970 00:01:40 GMT");
}

static void
serve_redirect (SoupServerMessage *msg,
                const gchar       *path,
                GHashTable        *query)
{
  const gchar *to = query != NULL ? g_hash_table_lookup (query, "to") : NULL;

  soup_server_message_set_status (msg, g_ascii_strtoull (path, NULL, 10), NULL);
  if (to != NULL)
    soup_message_headers_replace (
      soup_server_message_get_response_headers (msg), "Location", to);
}

/* As servers do: 401 and 407 with a challenge. */
static void
serve_status (SoupServerMessage *msg,
              const gchar       *path)
{
  guint status = g_ascii_strtoull (path, NULL, 10);
  SoupMessageHeaders *out = soup_server_message_get_response_headers (msg);

  soup_server_message_set_status (msg, status, NULL);
  soup_server_message_set_response (msg, "application/json", SOUP_MEMORY_COPY,
                                    path, strlen (path));
  if (status == 401)
    soup_message_headers_replace (out, "WWW-Authenticate", "Bearer");
  if (status == 407)
    soup_message_headers_replace (out, "Proxy-Authenticate", "Basic");
}

static void
serve_chain (SoupServerMessage *msg,
             const gchar       *path)
{
  guint rest = g_ascii_strtoull (path, NULL, 10);
  g_autofree gchar *next = g_strdup_printf ("/chain/%u", rest - 1);

  if (rest == 0)
    {
      serve_echo (msg);
      return;
    }
  soup_server_message_set_redirect (msg, 307, next);
}

static void
serve (SoupServer        *server,
       SoupServerMessage *msg,
       const char        *path,
       GHashTable        *query,
       gpointer           user_data)
{
  Site *site = user_data;

  rig_add (site->rig, &site->rig->n_requests);
  if (g_str_has_prefix (path, "/hold"))
    {
      g_object_ref (msg);
      soup_server_message_pause (msg);
      g_ptr_array_add (site->held, msg);
      rig_add (site->rig, &site->n_held);
    }
  else if (g_str_has_prefix (path, "/redirect/"))
    serve_redirect (msg, path + 10, query);
  else if (g_str_has_prefix (path, "/status/"))
    serve_status (msg, path + 8);
  else if (g_str_has_prefix (path, "/chain/"))
    serve_chain (msg, path + 7);
  else if (g_str_equal (path, "/headers"))
    serve_headers (msg);
  else if (g_str_equal (path, "/missing"))
    soup_server_message_set_status (msg, 404, NULL);
  else
    serve_echo (msg);
}

static gboolean
release_held (gpointer user_data)
{
  Site *site = user_data;
  guint i;

  for (i = 0; i < site->held->len; i++)
    {
      SoupServerMessage *msg = site->held->pdata[i];

      serve_echo (msg);
      soup_server_message_unpause (msg);
    }
  g_ptr_array_set_size (site->held, 0);
  return G_SOURCE_REMOVE;
}

static void
site_release (Site *site)
{
  g_main_context_invoke (site->rig->context, release_held, site);
}

static Site *
site_new (void)
{
  Site *site = g_new0 (Site, 1);

  site->held = g_ptr_array_new_with_free_func (g_object_unref);
  site->rig = rig_new_soup (serve, site, NULL);
  return site;
}

static void
site_free (Site *site)
{
  rig_free (site->rig);
  g_ptr_array_unref (site->held);
  g_free (site);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Site, site_free)

static RigCall *
call_with_credential (Site        *site,
                      const gchar *method,
                      const gchar *path)
{
  EkaRequest *request = rig_request (site->rig, method, path,
                                     g_str_equal (method, "GET") ? NULL :
                                                                   "sound");

  eka_request_set_credential (request, "Authorization",
                              g_strdup ("Bearer secret"));
  return rig_wait (rig_start (site->rig, request));
}

static void
test_request_arrives_letter_by_letter (void)
{
  g_autoptr (Site) site = site_new ();
  const gchar *const extra[] = { "X-Extra", "a, b", "Authorization", "no",
                                 NULL };
  g_autoptr (RigCall) plain = rig_call (site->rig, "GET", "/x", NULL);
  g_autoptr (RigCall) post = NULL;
  g_autoptr (RigCall) put = NULL;

  rig_assert_body (plain, 200, "GET|-|-|gst-ekascribe/" VERSION "|-|-|-|");
  rig_set_http (site->rig, &(EkaHttpOptions){ .timeout = 20,
                                              .user_agent = "Ward 7/1",
                                              .extra_headers = extra });
  post = call_with_credential (site, "POST", "/x");
  rig_assert_body (post, 200, "POST|audio/ogg;codecs=opus|Bearer secret|"
                              "Ward 7/1|a, b|-|-|sound");
  put = rig_call (site->rig, "PUT", "/x", "sound");
  rig_assert_body (put, 200, "PUT|audio/ogg;codecs=opus|no|Ward 7/1|a, b|-|-|"
                             "sound");
}

static void
test_post_without_body (void)
{
  g_autoptr (Site) site = site_new ();
  g_autoptr (RigCall) call = rig_call (site->rig, "POST", "/x", NULL);

  rig_assert_body (call, 200, "POST|-|-|gst-ekascribe/" VERSION "|-|-|-|");
}

static void
test_any_status_is_an_answer (void)
{
  g_autoptr (Site) site = site_new ();
  g_autoptr (RigCall) missing = rig_call (site->rig, "GET", "/missing", NULL);
  g_autoptr (RigCall) busy = rig_call (site->rig, "POST", "/headers", "x");
  g_autoptr (RigCall) after = rig_call (site->rig, "GET", "/x", NULL);

  rig_assert_body (missing, 404, "");
  g_assert_null (missing->reply->retry_after);
  g_assert_null (missing->reply->cache_control);
  g_assert_cmpint (missing->reply->date, >, 1000000000);
  g_assert_cmpint (missing->reply->age, ==, 0);
  rig_assert_body (busy, 429, "");
  g_assert_cmpstr (busy->reply->retry_after, ==,
                   "Fri, 31 Dec 1999 23:59:59 GMT");
  g_assert_cmpstr (busy->reply->cache_control, ==, "private, max-age=60");
  g_assert_cmpint (busy->reply->date, ==, 100);
  g_assert_cmpint (busy->reply->age, ==, 7);
  g_assert_cmpint (busy->reply->round_trip, >, 0);
  g_assert_cmpint (busy->reply->round_trip, <, RIG_WAIT);
  /* No cookie comes back. */
  rig_assert_body (after, 200, "GET|-|-|gst-ekascribe/" VERSION "|-|-|-|");
}

static void
free_calls (GPtrArray *calls)
{
  guint i;

  for (i = 0; i < calls->len; i++)
    rig_wait (calls->pdata[i]);
  g_ptr_array_unref (calls);
}

static GPtrArray *
hold (Site        *site,
      const gchar *method,
      guint        n)
{
  GPtrArray *calls =
    g_ptr_array_new_with_free_func ((GDestroyNotify) rig_call_free);
  guint i;

  for (i = 0; i < n; i++)
    g_ptr_array_add (calls,
                     rig_start (site->rig,
                                rig_request (site->rig, method, "/hold",
                                             g_str_equal (method, "GET") ?
                                               NULL : "sound")));
  return calls;
}

static void
test_upload_passes_held_polls (void)
{
  g_autoptr (Site) site = site_new ();
  GPtrArray *polls = hold (site, "GET", 40);
  g_autoptr (RigCall) upload = NULL;

  rig_wait_count (site->rig, &site->n_held, 40);
  upload = rig_call (site->rig, "POST", "/x", "sound");
  rig_assert_body (upload, 200, NULL);
  g_assert_cmpuint (rig_count (site->rig, &site->n_held), ==, 40);
  site_release (site);
  free_calls (polls);
}

static void
test_uploads_have_sixteen_slots (void)
{
  g_autoptr (Site) site = site_new ();
  GPtrArray *uploads = hold (site, "POST", 20);
  RigCall *waiting = uploads->pdata[17];
  g_autoptr (RigCall) poll = NULL;

  rig_wait_count (site->rig, &site->n_held, 16);
  poll = rig_call (site->rig, "GET", "/x", NULL);
  rig_assert_body (poll, 200, NULL);
  g_assert_cmpuint (rig_count (site->rig, &site->n_held), ==, 16);

  g_cancellable_cancel (waiting->cancellable);
  rig_assert_error (rig_wait (waiting), G_IO_ERROR, G_IO_ERROR_CANCELLED, "");

  /* Each that ends lets one more in. */
  site_release (site);
  rig_wait_count (site->rig, &site->n_held, 19);
  site_release (site);
  free_calls (uploads);
  g_assert_cmpuint (rig_count (site->rig, &site->n_held), ==, 19);
}

static void
test_cancelled_upload_frees_its_slot (void)
{
  g_autoptr (Site) site = site_new ();
  GPtrArray *uploads = hold (site, "POST", 16);
  g_autoptr (RigCall) next = NULL;
  RigCall *first = uploads->pdata[0];

  rig_wait_count (site->rig, &site->n_held, 16);
  next = rig_start (site->rig,
                    rig_request (site->rig, "POST", "/x", "sound"));
  g_cancellable_cancel (first->cancellable);
  rig_assert_error (rig_wait (first), G_IO_ERROR, G_IO_ERROR_CANCELLED, "");
  rig_assert_body (rig_wait (next), 200, NULL);
  site_release (site);
  free_calls (uploads);
}

static void
test_cancelled_before_it_starts (void)
{
  g_autoptr (Site) site = site_new ();
  GCancellable *cancellable = g_cancellable_new ();
  EkaRequest *request = rig_request (site->rig, "POST", "/x", "sound");
  g_autoptr (RigCall) call = NULL;
  g_autoptr (RigCall) after = NULL;

  g_cancellable_cancel (cancellable);
  call = rig_start_full (site->rig, request, cancellable);
  rig_assert_error (rig_wait (call), G_IO_ERROR, G_IO_ERROR_CANCELLED, "");
  after = rig_call (site->rig, "POST", "/x", "sound");
  rig_assert_body (after, 200, NULL);
  g_assert_cmpuint (rig_count (site->rig, &site->rig->n_requests), ==, 1);
}

static void
test_cancelled_while_the_server_is_silent (void)
{
  g_autoptr (Site) site = site_new ();
  GPtrArray *calls = hold (site, "GET", 3);
  guint i;

  rig_wait_count (site->rig, &site->n_held, 3);
  for (i = 0; i < calls->len; i++)
    {
      RigCall *call = calls->pdata[i];

      g_cancellable_cancel (call->cancellable);
      rig_assert_error (rig_wait (call), G_IO_ERROR, G_IO_ERROR_CANCELLED, "");
    }
  site_release (site);
  free_calls (calls);
}

static void
test_bodies_come_with_every_status (void)
{
  g_autoptr (Site) site = site_new ();
  static const guint statuses[] = { 200, 201, 202, 206, 400, 401, 403, 404,
                                    407, 408, 409, 410, 413, 422, 425, 429,
                                    500, 501, 502, 503, 504, 599 };
  static const gchar *const methods[] = { "GET", "POST", "PATCH" };
  guint i, j;

  for (i = 0; i < G_N_ELEMENTS (statuses); i++)
    for (j = 0; j < G_N_ELEMENTS (methods); j++)
      {
        g_autofree gchar *body = g_strdup_printf ("%u", statuses[i]);
        g_autofree gchar *path = g_strconcat ("/status/", body, NULL);
        g_autoptr (RigCall) call = call_with_credential (site, methods[j],
                                                         path);

        rig_assert_body (call, statuses[i], body);
      }
}

static void
test_redirects_that_are_followed (void)
{
  g_autoptr (Site) site = site_new ();
  static const guint statuses[] = { 301, 302, 303, 307, 308 };
  g_autofree gchar *absolute = g_strdup_printf ("/redirect/308?to=%s/x",
                                                site->rig->base);
  g_autoptr (RigCall) other = call_with_credential (site, "POST", absolute);
  g_autoptr (RigCall) chain = call_with_credential (site, "POST", "/chain/3");
  guint i;

  for (i = 0; i < G_N_ELEMENTS (statuses); i++)
    {
      g_autofree gchar *path = g_strdup_printf ("/redirect/%u?to=/x",
                                                statuses[i]);
      g_autoptr (RigCall) call = call_with_credential (site, "GET", path);

      rig_assert_body (call, 200, "GET|-|Bearer secret|gst-ekascribe/" VERSION
                                  "|-|-|-|");
    }
  rig_assert_body (other, 200, "POST|audio/ogg;codecs=opus|Bearer secret|"
                               "gst-ekascribe/" VERSION "|-|-|-|sound");
  rig_assert_body (chain, 200, "POST|audio/ogg;codecs=opus|Bearer secret|"
                               "gst-ekascribe/" VERSION "|-|-|-|sound");
}

static void
assert_refused (Site        *site,
                const gchar *method,
                const gchar *path,
                guint        status,
                guint        requests,
                const gchar *pattern)
{
  guint before = rig_count (site->rig, &site->rig->n_requests);
  g_autoptr (RigCall) call = call_with_credential (site, method, path);

  rig_assert_error (call, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_REDIRECTED,
                    pattern);
  g_assert_cmpuint (eka_scribe_error_get_info (call->error)->http_status, ==,
                    status);
  g_assert_cmpuint (rig_count (site->rig, &site->rig->n_requests) - before, ==,
                    requests);
}

static void
test_redirects_that_are_refused (void)
{
  g_autoptr (Site) site = site_new ();

  assert_refused (site, "POST", "/redirect/302?to=/x", 302, 1,
                  "^127\\.0\\.0\\.1:[0-9]+ redirects to http://127\\.0\\.0\\.1"
                  ":[0-9]+ \\(HTTP 302\\), which is not followed$");
  assert_refused (site, "POST", "/redirect/303?to=/x", 303, 1, "redirects");
  assert_refused (site, "GET", "/redirect/307", 307, 1,
                  "redirects to no valid address \\(HTTP 307\\)");
  assert_refused (site, "GET", "/redirect/307?to=http://", 307, 1,
                  "redirects to no valid address");
  assert_refused (site, "GET", "/redirect/307?to=mailto:a@b", 307, 1,
                  "redirects to no valid address");
  assert_refused (site, "POST", "/chain/4", 307, 4,
                  "redirects more than 3 times, at last to http://127");
  assert_refused (site, "GET", "/chain/60", 307, 4,
                  "redirects more than 3 times");
}

/* Another origin: nothing at all may arrive there, and the message names it
 * without what may be secret.
 */
static void
test_redirects_to_another_origin_are_refused (void)
{
  g_autoptr (Site) site = site_new ();
  g_autoptr (Site) other = site_new ();
  g_autofree gchar *port = g_strdup_printf (
    "/redirect/307?to=http://user:word@127.0.0.1:%u/x%%3Ftoken=1",
    other->rig->port);
  g_autofree gchar *host = g_strdup_printf (
    "/redirect/307?to=http://localhost:%u/x", site->rig->port);
  g_autofree gchar *scheme = g_strdup_printf (
    "/redirect/307?to=https://127.0.0.1:%u/x", site->rig->port);
  g_autofree gchar *pattern = g_strdup_printf (
    "^127\\.0\\.0\\.1:[0-9]+ redirects to http://127\\.0\\.0\\.1:%u \\(HTTP "
    "307\\), which is not followed$", other->rig->port);

  assert_refused (site, "POST", port, 307, 1, pattern);
  assert_refused (site, "GET", port, 307, 1, pattern);
  assert_refused (site, "POST", host, 307, 1, "http://localhost:[0-9]+ ");
  assert_refused (site, "POST", scheme, 307, 1, "https://127.0.0.1:[0-9]+ ");
  g_assert_cmpuint (rig_count (other->rig, &other->rig->n_requests), ==, 0);
}

static gboolean
drop_http (gpointer user_data)
{
  Rig *rig = user_data;

  g_clear_object (&rig->http);
  return G_SOURCE_REMOVE;
}

static void
test_transport_may_go_while_calls_are_under_way (void)
{
  g_autoptr (Site) site = site_new ();
  GPtrArray *calls = hold (site, "GET", 2);
  RigCall *call = calls->pdata[0];

  rig_wait_count (site->rig, &site->n_held, 2);
  eka_worker_invoke (site->rig->worker, drop_http, site->rig, NULL);
  g_cancellable_cancel (call->cancellable);
  rig_assert_error (rig_wait (call), G_IO_ERROR, G_IO_ERROR_CANCELLED, "");
  site_release (site);
  rig_assert_body (rig_wait (calls->pdata[1]), 200, NULL);
  free_calls (calls);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/http/request-arrives-letter-by-letter",
                   test_request_arrives_letter_by_letter);
  g_test_add_func ("/http/post-without-body", test_post_without_body);
  g_test_add_func ("/http/any-status-is-an-answer",
                   test_any_status_is_an_answer);
  g_test_add_func ("/http/bodies-come-with-every-status",
                   test_bodies_come_with_every_status);
  g_test_add_func ("/http/slots/upload-passes-held-polls",
                   test_upload_passes_held_polls);
  g_test_add_func ("/http/slots/uploads-have-sixteen",
                   test_uploads_have_sixteen_slots);
  g_test_add_func ("/http/slots/cancelled-upload-frees-its-own",
                   test_cancelled_upload_frees_its_slot);
  g_test_add_func ("/http/cancelled/before-it-starts",
                   test_cancelled_before_it_starts);
  g_test_add_func ("/http/cancelled/while-the-server-is-silent",
                   test_cancelled_while_the_server_is_silent);
  g_test_add_func ("/http/redirects/followed",
                   test_redirects_that_are_followed);
  g_test_add_func ("/http/redirects/refused", test_redirects_that_are_refused);
  g_test_add_func ("/http/redirects/another-origin-is-refused",
                   test_redirects_to_another_origin_are_refused);
  g_test_add_func ("/http/transport-may-go-while-calls-are-under-way",
                   test_transport_may_go_while_calls_are_under_way);
  return g_test_run ();
}
