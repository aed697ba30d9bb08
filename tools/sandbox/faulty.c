/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "faulty.h"

#include "distort.h"
#include "log.h"
#include "process.h"
#include "results.h"
#include "upload.h"
#include "wire.h"

#include <string.h>

#define FAULT_KEY "sandbox-fault"
#define PAUSE 5 /* ms */

#define GATEWAY_PAGE                                                           \
  "<html>\r\n<head><title>%u %s</title></head>\r\n<body>\r\n"                 \
  "<center><h1>%u %s</h1></center>\r\n</body>\r\n</html>\r\n"

/* --- in place of the work ------------------------------------------------ */

static void
set_retry_after (SoupServerMessage *message, const gchar *value)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autoptr (GDateTime) then = g_date_time_add_seconds (now, 1.0);
  g_autofree gchar *date = soup_date_time_to_string (then, SOUP_DATE_HTTP);

  if (value != NULL)
    soup_message_headers_replace (
        soup_server_message_get_response_headers (message), "Retry-After",
        g_str_equal (value, "date") ? date : value);
}

/* The documents' 410 of Get Session, which has no envelope. */
static void
reply_gone (SandboxServer *server,
            SoupServerMessage *message,
            const gchar *id)
{
  SandboxSession *session = sandbox_store_find (server->store, id);
  g_autoptr (JsonBuilder) body = json_builder_new ();
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autofree gchar *time = sandbox_iso_time (now);
  guint status;

  if (session != NULL && session->state == SANDBOX_EXPIRED)
    {
      g_object_unref (body);
      body = sandbox_results_get (session, NULL, &status);
    }
  else
    {
      json_builder_begin_object (body);
      json_builder_set_member_name (body, "session_id");
      json_builder_add_string_value (body, id);
      json_builder_set_member_name (body, "status");
      json_builder_add_string_value (body, "expired");
      json_builder_set_member_name (body, "message");
      json_builder_add_string_value (
          body, "Session expired before processing was initiated");
      json_builder_set_member_name (body, "expired_at");
      json_builder_add_string_value (body, time);
      json_builder_end_object (body);
    }
  sandbox_reply_json (message, 410, body);
}

static void
reply_html (SoupServerMessage *message, guint status)
{
  const gchar *phrase = soup_status_get_phrase (status);

  sandbox_reply_text (
      message, status, "text/html",
      g_strdup_printf (GATEWAY_PAGE, status, phrase, status, phrase));
}

static void
reply_status (SandboxServer *server,
              SoupServerMessage *message,
              const SandboxFault *fault,
              const gchar *const *path)
{
  set_retry_after (message, fault->retry_after);
  if (fault->status == 502)
    reply_html (message, 502);
  else if (fault->status == 410 && fault->where == SANDBOX_GET)
    reply_gone (server, message, path[1]);
  else
    sandbox_reply_refusal (
        message, sandbox_refusal_new (fault->status, fault->code, NULL,
                                      "Failed on request (--fault)"));
}

static void
reply_failure (SoupServerMessage *message, const gchar *id, const gchar *name)
{
  g_autoptr (JsonBuilder) body = json_builder_new ();

  json_builder_begin_object (body);
  json_builder_set_member_name (body, "session_id");
  json_builder_add_string_value (body, id);
  json_builder_set_member_name (body, "success");
  json_builder_add_boolean_value (body, FALSE);
  json_builder_set_member_name (body, "original_filename");
  json_builder_add_string_value (body, name);
  json_builder_end_object (body);
  sandbox_reply_json (message, 200, body);
}

static void
refuse_expired_token (SandboxServer *server, SoupServerMessage *message)
{
  sandbox_tokens_expire (server->tokens);
  sandbox_reply_refusal (message,
                         sandbox_refusal_new (401, "token_expired", NULL,
                                              "The token has expired"));
}

/* --- before the work ----------------------------------------------------- */

/* Of the call, by its path; %NULL: it has none. */
static SandboxSession *
find_session (SandboxServer *server,
              const SandboxFault *fault,
              const gchar *const *path)
{
  if (fault->where == SANDBOX_STREAM)
    return sandbox_store_find_stream (server->store, path[2]);
  return sandbox_store_find (server->store, path[1]);
}

static void
end_session (SandboxSession *session)
{
  if (session == NULL || session->state != SANDBOX_INITIALIZED)
    return;
  sandbox_upload_refuse_pending (session);
  sandbox_process_end (session,
                       (gint64)sandbox_session_count_stored (session));
}

static void
expire_session (SandboxSession *session)
{
  if (session != NULL)
    sandbox_store_expire (session->store, session->id);
}

/* A call that waits until nothing is at work for the sessions forgotten. */
typedef struct
{
  SandboxServer *server; /* gone once the store is cancelled */
  SandboxStore *store;
  SoupServerMessage *message;
  SandboxCall call;
  gchar **path;
} Restart;

static void
restart_free (gpointer data)
{
  Restart *self = data;

  self->store->jobs--;
  g_object_unref (self->message);
  g_strfreev (self->path);
  g_free (self);
}

static gboolean
on_pause (gpointer user_data)
{
  Restart *self = user_data;
  const gchar *text =
      g_uri_get_query (soup_server_message_get_uri (self->message));
  g_autoptr (GHashTable) query = NULL;

  if (g_cancellable_is_cancelled (self->store->cancellable))
    return G_SOURCE_REMOVE;
  if (!sandbox_store_put_away (self->store))
    return G_SOURCE_CONTINUE;
  query = text ? soup_form_decode (text) : NULL;
  self->call (self->server, self->message,
              (const gchar *const *)self->path, query);
  if (soup_server_message_get_status (self->message) != SOUP_STATUS_NONE)
    sandbox_reply_resume (self->message);
  return G_SOURCE_REMOVE;
}

static void
restart (SandboxServer *server,
         SoupServerMessage *message,
         SandboxCall call,
         const gchar *const *path)
{
  Restart *self = g_new0 (Restart, 1);

  self->server = server;
  self->store = server->store;
  self->message = g_object_ref (message);
  self->call = call;
  self->path = g_strdupv ((gchar **)path);
  self->store->jobs++;
  soup_server_message_pause (message);
  sandbox_store_forget (self->store);
  g_timeout_add_full (G_PRIORITY_DEFAULT, PAUSE, on_pause, self, restart_free);
}

/* --- after the work ------------------------------------------------------ */

static gboolean
spoil (SoupServerMessage *message,
       guint status,
       JsonNode *root,
       const SandboxFault *fault,
       SandboxStore *store)
{
  g_autofree gchar *text = NULL;

  switch (fault->kind)
    {
    case SANDBOX_FAULT_LOST:
      sandbox_wire_close (message);
      return TRUE;
    case SANDBOX_FAULT_SLOW:
      text = sandbox_json_to_text (root, FALSE);
      sandbox_wire_dribble (message, store, status, text, fault->seconds);
      return TRUE;
    case SANDBOX_FAULT_TRUNCATED:
      text = sandbox_json_to_text (root, FALSE);
      sandbox_wire_truncate (message, store, status, text);
      return TRUE;
    case SANDBOX_FAULT_HALF_JSON:
      text = sandbox_json_to_text (root, FALSE);
      sandbox_reply_text (message, status, "application/json",
                          g_strndup (text, strlen (text) / 2));
      return TRUE;
    default:
      sandbox_distort (json_node_get_object (root), fault->kind);
      return FALSE;
    }
}

static gboolean
on_answer (SoupServerMessage *message,
           guint status,
           JsonNode *root,
           gpointer user_data)
{
  SandboxServer *server = user_data;

  return spoil (message, status, root,
                g_object_get_data (G_OBJECT (message), FAULT_KEY),
                server->store);
}

/* --- calls ---------------------------------------------------------------- */

/**
 * sandbox_faulty_meet:
 * @server: the server
 * @message: a call that is let in, before its body is read
 * @where: which call
 *
 * Counts the call, and decides what becomes of it. An early answer is given
 * here.
 */
void
sandbox_faulty_meet (SandboxServer *server,
                     SoupServerMessage *message,
                     SandboxWhere where)
{
  const SandboxFault *fault = sandbox_fault_find (
      server->options->faults, where, ++server->counts[where]);

  if (fault == NULL)
    return;
  g_object_set_data (G_OBJECT (message), FAULT_KEY, (gpointer)fault);
  if (fault->kind != SANDBOX_FAULT_EARLY)
    return;
  sandbox_log_fault (message, fault->text);
  sandbox_wire_interrupt (
      message, server->store, 503,
      "{\"error\":{\"code\":\"service_unavailable\","
      "\"message\":\"Failed on request (--fault)\",\"details\":{}}}");
}

/**
 * sandbox_faulty_find:
 * @message: a call that sandbox_faulty_meet() has met
 *
 * Returns: (nullable) (transfer none): its fault
 */
const SandboxFault *
sandbox_faulty_find (SoupServerMessage *message)
{
  return g_object_get_data (G_OBJECT (message), FAULT_KEY);
}

/**
 * sandbox_faulty_call:
 * @server: the server
 * @message: a call that is let in
 * @call: does what the protocol says
 * @path: the path's parts below the API root
 * @query: (nullable): the URL's
 *
 * Does it, with the fault that sandbox_faulty_meet() found, if any.
 */
void
sandbox_faulty_call (SandboxServer *server,
                     SoupServerMessage *message,
                     SandboxCall call,
                     const gchar *const *path,
                     GHashTable *query)
{
  const SandboxFault *fault = sandbox_faulty_find (message);

  if (fault != NULL)
    sandbox_log_fault (message, fault->text);
  if (fault == NULL || fault->in_stream)
    {
      call (server, message, path, query);
      return;
    }
  switch (fault->kind)
    {
    case SANDBOX_FAULT_RESET:
      sandbox_wire_reset (message);
      return;
    case SANDBOX_FAULT_STALL:
      sandbox_wire_stall (message, server->store);
      return;
    case SANDBOX_FAULT_STATUS:
      reply_status (server, message, fault, path);
      return;
    case SANDBOX_FAULT_HTML:
      reply_html (message, fault->status);
      return;
    case SANDBOX_FAULT_SUCCESS_FALSE:
      reply_failure (message, path[1], path[3]);
      return;
    case SANDBOX_FAULT_TOKEN_EXPIRED:
      refuse_expired_token (server, message);
      return;
    case SANDBOX_FAULT_FORGET:
      restart (server, message, call, path);
      return;
    case SANDBOX_FAULT_END_SESSION:
      end_session (find_session (server, fault, path));
      break;
    case SANDBOX_FAULT_EXPIRE:
      expire_session (find_session (server, fault, path));
      break;
    default:
      sandbox_reply_through (message, on_answer, server);
      break;
    }
  call (server, message, path, query);
}
