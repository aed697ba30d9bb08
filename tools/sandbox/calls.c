/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "calls.h"

#include "discovery.h"
#include "process.h"
#include "results.h"
#include "upload.h"

static SandboxSession *
find_session (SandboxServer *server,
              SoupServerMessage *message,
              const gchar *id)
{
  SandboxSession *session = sandbox_store_find (server->store, id);

  if (session == NULL)
    sandbox_reply_refusal (message,
                           sandbox_refusal_new (404, "session_not_found", NULL,
                                                "Session does not exist"));
  return session;
}

static JsonObject *
read_object (SoupServerMessage *message)
{
  SoupMessageBody *body = soup_server_message_get_request_body (message);
  g_autoptr (GBytes) bytes = soup_message_body_flatten (body);
  SandboxRefusal *refusal = NULL;
  JsonObject *object = sandbox_validate_json (bytes, &refusal);

  if (object == NULL)
    sandbox_reply_refusal (message, refusal);
  return object;
}

/**
 * sandbox_call_discover:
 *
 * `GET /.well-known/medscribealliance`, see #SandboxCall.
 */
void
sandbox_call_discover (SandboxServer *server,
                       SoupServerMessage *message,
                       const gchar *const *path,
                       GHashTable *query)
{
  g_autoptr (JsonBuilder) body = NULL;

  if (!server->options->discovery)
    {
      sandbox_reply_refusal (
          message,
          sandbox_refusal_new (404, "not_found", NULL, "No discovery here"));
      return;
    }
  body = sandbox_discovery_build (server->options, server->base_url);
  soup_message_headers_replace (
      soup_server_message_get_response_headers (message), "Cache-Control",
      "max-age=10800");
  sandbox_reply_json (message, 200, body);
}

/**
 * sandbox_call_list_templates:
 *
 * `GET /templates`, see #SandboxCall.
 */
void
sandbox_call_list_templates (SandboxServer *server,
                             SoupServerMessage *message,
                             const gchar *const *path,
                             GHashTable *query)
{
  g_autoptr (JsonBuilder) body = json_builder_new ();
  gsize count;
  const SandboxTemplate *templates = sandbox_templates (&count);
  gsize i;

  json_builder_begin_object (body);
  json_builder_set_member_name (body, "templates");
  json_builder_begin_array (body);
  for (i = 0; i < count; i++)
    {
      json_builder_begin_object (body);
      json_builder_set_member_name (body, "id");
      json_builder_add_string_value (body, templates[i].id);
      json_builder_set_member_name (body, "name");
      json_builder_add_string_value (body, templates[i].name);
      json_builder_set_member_name (body, "description");
      json_builder_add_string_value (body, templates[i].description);
      json_builder_end_object (body);
    }
  json_builder_end_array (body);
  json_builder_end_object (body);
  sandbox_reply_json (message, 200, body);
}

static SandboxRefusal *
refuse_taken (void)
{
  return sandbox_refusal_new (409, "txn_already_initialized", "session_id",
                              "A session of this id was created before");
}

/**
 * sandbox_call_create:
 *
 * `POST /sessions`, see #SandboxCall.
 */
void
sandbox_call_create (SandboxServer *server,
                     SoupServerMessage *message,
                     const gchar *const *path,
                     GHashTable *query)
{
  g_autoptr (JsonObject) object = read_object (message);
  g_autoptr (SandboxRequest) request = NULL;
  g_autoptr (JsonBuilder) body = NULL;
  g_autoptr (GError) error = NULL;
  SandboxRefusal *refusal = NULL;
  SandboxSession *session;

  if (object == NULL)
    return;
  request = sandbox_validate_create (server->options, object, &refusal);
  if (request != NULL && request->session_id != NULL &&
      sandbox_store_find (server->store, request->session_id) != NULL)
    refusal = refuse_taken ();
  if (refusal != NULL)
    {
      sandbox_reply_refusal (message, refusal);
      return;
    }
  session = sandbox_store_create (server->store, g_steal_pointer (&request),
                                  server->base_url, &error);
  if (session == NULL)
    {
      sandbox_reply_refusal (
          message, g_error_matches (error, G_IO_ERROR, G_IO_ERROR_EXISTS)
                       ? refuse_taken ()
                       : sandbox_refusal_new (500, "internal_error", NULL, "%s",
                                              error->message));
      return;
    }
  body = sandbox_results_created (session);
  sandbox_reply_json (message, 201, body);
}

/**
 * sandbox_call_get:
 *
 * `GET /sessions/ID`, see #SandboxCall.
 */
void
sandbox_call_get (SandboxServer *server,
                  SoupServerMessage *message,
                  const gchar *const *path,
                  GHashTable *query)
{
  SandboxSession *session = find_session (server, message, path[1]);
  g_autoptr (JsonBuilder) body = NULL;
  guint status;

  if (session == NULL)
    return;
  body = sandbox_results_get (
      session, query ? g_hash_table_lookup (query, "template_id") : NULL,
      &status);
  sandbox_reply_json (message, status, body);
}

static SandboxRefusal *
check_open (SandboxSession *session)
{
  if (session->state == SANDBOX_EXPIRED)
    return sandbox_refusal_new (410, "session_expired", NULL,
                                "The session has expired");
  if (session->state != SANDBOX_INITIALIZED)
    return sandbox_refusal_new (400, "session_ended", NULL,
                                "The session was already ended");
  return NULL;
}

/**
 * sandbox_call_patch:
 *
 * `PATCH /sessions/ID`, see #SandboxCall: cancels.
 */
void
sandbox_call_patch (SandboxServer *server,
                    SoupServerMessage *message,
                    const gchar *const *path,
                    GHashTable *query)
{
  SandboxSession *session = find_session (server, message, path[1]);
  g_autoptr (JsonObject) object = NULL;
  g_autoptr (JsonBuilder) body = NULL;
  SandboxRefusal *refusal = NULL;
  guint status;

  if (session == NULL || (object = read_object (message)) == NULL)
    return;
  if (!sandbox_validate_patch (object, &refusal) ||
      (refusal = check_open (session)) != NULL)
    {
      sandbox_reply_refusal (message, refusal);
      return;
    }
  g_clear_handle_id (&session->timer, g_source_remove);
  sandbox_upload_refuse_pending (session);
  sandbox_session_add_problem (session, "session_cancelled", NULL,
                               "The session was cancelled");
  sandbox_session_set_state (session, SANDBOX_FAILED);
  sandbox_store_save (session);
  body = sandbox_results_get (session, NULL, &status);
  sandbox_reply_json (message, 200, body);
}

/* A stream's audio is complete once it was said so, and is no files. */
static SandboxRefusal *
check_stream (SandboxSession *session, gint64 sent)
{
  if (session->stream == NULL)
    return NULL;
  if (!session->stream->stopped)
    return sandbox_refusal_new (400, "stream_not_finished", NULL,
                                "The stream was not stopped");
  if (sent != 0)
    return sandbox_refusal_new (422, "validation_error", "audio_files_sent",
                                "audio_files_sent must be 0 after a stream");
  return NULL;
}

/**
 * sandbox_call_end:
 *
 * `POST /sessions/ID/end`, see #SandboxCall.
 */
void
sandbox_call_end (SandboxServer *server,
                  SoupServerMessage *message,
                  const gchar *const *path,
                  GHashTable *query)
{
  SandboxSession *session = find_session (server, message, path[1]);
  g_autoptr (JsonObject) object = NULL;
  g_autoptr (JsonBuilder) body = NULL;
  SandboxRefusal *refusal = NULL;
  gint64 sent = 0;

  if (session == NULL || (object = read_object (message)) == NULL)
    return;
  if (!sandbox_validate_end (object, &sent, &refusal) ||
      (refusal = check_open (session)) != NULL ||
      (refusal = check_stream (session, sent)) != NULL)
    {
      sandbox_reply_refusal (message, refusal);
      return;
    }
  sandbox_upload_refuse_pending (session);
  sandbox_process_end (session, sent);
  body = sandbox_results_ended (session);
  sandbox_reply_json (message, 202, body);
}
