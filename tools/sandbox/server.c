/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "server.h"

#include "faulty.h"
#include "listen.h"
#include "log.h"
#include "login.h"
#include "streamcall.h"
#include "upload.h"

#include <string.h>

#define API_ROOT "/voice/v1"
#define WELL_KNOWN "/.well-known/medscribealliance"
#define LOGIN_ROOT "/connect-auth/v1/account/"
#define MAX_JSON_SIZE 1000000
#define MAX_PARTS 8

/* `*` stands for any part of the path. */
typedef struct
{
  const gchar *method;
  const gchar *path;
  SandboxCall call;
  SandboxWhere where;
} Route;

static const Route ROUTES[] = {
  { "GET", ".well-known/medscribealliance", sandbox_call_discover,
    SANDBOX_DISCOVERY },
  { "GET", "templates", sandbox_call_list_templates, SANDBOX_NOWHERE },
  { "POST", "sessions", sandbox_call_create, SANDBOX_CREATE },
  { "GET", "sessions/*", sandbox_call_get, SANDBOX_GET },
  { "PATCH", "sessions/*", sandbox_call_patch, SANDBOX_PATCH },
  { "POST", "sessions/*/audio/*", sandbox_call_upload, SANDBOX_UPLOAD },
  { "POST", "sessions/*/end", sandbox_call_end, SANDBOX_END },
  { "GET", "stream/sessions/*/audio", sandbox_call_stream, SANDBOX_STREAM },
  { "POST", "connect-auth/v1/account/login", sandbox_call_login,
    SANDBOX_LOGIN },
  { "POST", "connect-auth/v1/account/refresh-token", sandbox_call_refresh,
    SANDBOX_REFRESH },
};

static gboolean
matches (const gchar *pattern, gchar **path)
{
  g_auto (GStrv) parts = g_strsplit (pattern, "/", -1);
  gsize i;

  for (i = 0; parts[i] != NULL && path[i] != NULL; i++)
    if (*path[i] == '\0' ||
        (!g_str_equal (parts[i], "*") && !g_str_equal (parts[i], path[i])))
      return FALSE;
  return parts[i] == NULL && path[i] == NULL;
}

/* The parts below the API root; below the host's, of what is there; %NULL: it
 * lies elsewhere. */
static gchar **
split_path (const gchar *path)
{
  if (g_str_equal (path, WELL_KNOWN) || g_str_has_prefix (path, LOGIN_ROOT))
    return g_strsplit (path + 1, "/", MAX_PARTS);
  if (!g_str_has_prefix (path, API_ROOT "/") ||
      g_str_has_prefix (path + strlen (API_ROOT), LOGIN_ROOT))
    return NULL;
  return g_strsplit (path + strlen (API_ROOT "/"), "/", MAX_PARTS);
}

/* The route of a path and method; without one, @allowed lists the methods
 * that the path has. */
static const Route *
find_route (const gchar *method, gchar **path, GString *allowed)
{
  gsize i;

  for (i = 0; path != NULL && i < G_N_ELEMENTS (ROUTES); i++)
    {
      if (!matches (ROUTES[i].path, path))
        continue;
      if (g_str_equal (ROUTES[i].method, method))
        return &ROUTES[i];
      g_string_append_printf (allowed, "%s%s", allowed->len ? ", " : "",
                              ROUTES[i].method);
    }
  return NULL;
}

static gboolean
brings_token (SoupServerMessage *message)
{
  SoupMessageHeaders *headers =
      soup_server_message_get_request_headers (message);

  return soup_message_headers_get_one (headers, "Authorization") != NULL ||
         soup_message_headers_get_one (headers, "X-API-Key") != NULL;
}

/* Discovery and login are open to callers without a token; so is a stream,
 * whose URL is the credential, but not to those with a wrong one. */
static SandboxRefusal *
check_token (SandboxServer *self, SoupServerMessage *message, const Route *route)
{
  if (route->where == SANDBOX_DISCOVERY || route->where == SANDBOX_LOGIN ||
      route->where == SANDBOX_REFRESH)
    return NULL;
  if (route->where == SANDBOX_STREAM && !brings_token (message))
    return NULL;
  return sandbox_tokens_check (self->tokens, message);
}

static void
follow (SandboxServer *self,
        SoupServerMessage *message,
        const Route *route,
        const gchar *const *path,
        GHashTable *query)
{
  SandboxRefusal *refusal = check_token (self, message, route);

  if (refusal != NULL)
    sandbox_reply_refusal (message, refusal);
  else
    sandbox_faulty_call (self, message, route->call, path, query);
}

static void
on_request (SoupServer *soup,
            SoupServerMessage *message,
            const char *path,
            GHashTable *query,
            gpointer user_data)
{
  SandboxServer *self = user_data;
  g_auto (GStrv) parts = split_path (path);
  g_autoptr (GString) allowed = g_string_new (NULL);
  const Route *route =
      find_route (soup_server_message_get_method (message), parts, allowed);

  if (route != NULL)
    follow (self, message, route, (const gchar *const *)parts, query);
  else if (allowed->len > 0)
    {
      soup_message_headers_replace (
          soup_server_message_get_response_headers (message), "Allow",
          allowed->str);
      sandbox_reply_refusal (
          message, sandbox_refusal_new (405, "method_not_allowed", NULL,
                                        "Only %s", allowed->str));
    }
  else
    sandbox_reply_refusal (
        message, sandbox_refusal_new (404, "not_found", NULL, "No such path"));
}

/* --- bodies ------------------------------------------------------------- */

typedef struct
{
  goffset limit;
  goffset size;
} Bound;

/* What comes beyond the limit is read, so that the client sees the answer
 * rather than a reset connection, and dropped. */
static void
refuse_size (SoupServerMessage *message)
{
  SoupMessageBody *body = soup_server_message_get_request_body (message);

  soup_message_body_set_accumulate (body, FALSE);
  soup_message_body_truncate (body);
  if (soup_server_message_get_status (message) == SOUP_STATUS_NONE)
    sandbox_reply_refusal (message,
                           sandbox_refusal_new (413, "chunk_too_large", NULL,
                                                "The body is too large"));
}

static void
on_got_chunk (SoupServerMessage *message, GBytes *chunk, gpointer user_data)
{
  Bound *bound = user_data;

  bound->size += (goffset)g_bytes_get_size (chunk);
  if (bound->size > bound->limit)
    refuse_size (message);
}

/* Calls are counted as they come, not as their bodies end. */
static void
meet (SandboxServer *self, SoupServerMessage *message, const gchar *path)
{
  g_auto (GStrv) parts = split_path (path);
  g_autoptr (GString) allowed = g_string_new (NULL);
  const Route *route =
      find_route (soup_server_message_get_method (message), parts, allowed);
  g_autoptr (SandboxRefusal) refusal = NULL;

  if (route == NULL || route->where == SANDBOX_NOWHERE)
    return;
  refusal = check_token (self, message, route);
  if (refusal == NULL)
    sandbox_faulty_meet (self, message, route->where);
}

static void
on_headers (SoupServer *soup,
            SoupServerMessage *message,
            const char *path,
            GHashTable *query,
            gpointer user_data)
{
  SoupMessageHeaders *headers =
      soup_server_message_get_request_headers (message);
  Bound *bound = g_new0 (Bound, 1);

  bound->limit =
      strstr (path, "/audio/") != NULL ? SANDBOX_MAX_CHUNK_SIZE : MAX_JSON_SIZE;
  g_object_set_data_full (G_OBJECT (message), "sandbox-bound", bound, g_free);
  g_signal_connect (message, "got-chunk", G_CALLBACK (on_got_chunk), bound);
  if (soup_message_headers_get_encoding (headers) ==
          SOUP_ENCODING_CONTENT_LENGTH &&
      soup_message_headers_get_content_length (headers) > bound->limit)
    refuse_size (message);
  meet (user_data, message, path);
}

/* --- the server --------------------------------------------------------- */

static gboolean
listen_at (SandboxServer *self, GError **error)
{
  const SandboxOptions *options = self->options;
  g_autoptr (GTlsCertificate) certificate = NULL;
  guint16 port;

  if (options->tls_certificate != NULL)
    {
      certificate =
          g_tls_certificate_new_from_file (options->tls_certificate, error);
      if (certificate == NULL)
        return FALSE;
    }
  self->service =
      sandbox_listen (self->soup, options->address, (guint16)options->port,
                      certificate, &port, error);
  if (self->service == NULL)
    return FALSE;
  self->local_url = g_strdup_printf (
      strchr (options->address, ':') ? "%s://[%s]:%u%s" : "%s://%s:%u%s",
      certificate ? "https" : "http", options->address, port, API_ROOT);
  return TRUE;
}

/* Paths are appended to it. */
static gchar *
strip_slashes (const gchar *url)
{
  gsize length = strlen (url);

  while (length > 0 && url[length - 1] == '/')
    length--;
  return g_strndup (url, length);
}

/**
 * sandbox_server_new:
 * @options: what the command line asked for; they outlive the server
 * @store: of the sessions; it outlives the server
 * @error: why it can't listen
 *
 * Returns: (transfer full) (nullable): a server that listens
 */
SandboxServer *
sandbox_server_new (const SandboxOptions *options,
                    SandboxStore *store,
                    GError **error)
{
  g_autoptr (SandboxServer) self = g_new0 (SandboxServer, 1);

  self->options = options;
  self->store = store;
  self->tokens = sandbox_tokens_new (options);
  store->chunks_changed = sandbox_upload_settle;
  self->soup = soup_server_new ("server-header", "ekascribe-sandbox", NULL);
  soup_server_add_early_handler (self->soup, NULL, on_headers, self, NULL);
  soup_server_add_handler (self->soup, NULL, on_request, self, NULL);
  if (!options->quiet)
    sandbox_log_connect (self->soup);
  if (!listen_at (self, error))
    return NULL;
  self->base_url = strip_slashes (options->public_url ? options->public_url
                                                      : self->local_url);
  return g_steal_pointer (&self);
}

/**
 * sandbox_server_free:
 * @self: (transfer full): to be closed; its connections too
 */
void
sandbox_server_free (SandboxServer *self)
{
  self->store->chunks_changed = NULL;
  if (self->service != NULL)
    {
      g_socket_service_stop (self->service);
      g_socket_listener_close (G_SOCKET_LISTENER (self->service));
    }
  g_clear_object (&self->service);
  if (self->soup != NULL)
    soup_server_disconnect (self->soup);
  g_clear_object (&self->soup);
  sandbox_tokens_free (self->tokens);
  g_free (self->base_url);
  g_free (self->local_url);
  g_free (self);
}
