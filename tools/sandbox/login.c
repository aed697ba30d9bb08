/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "login.h"

#include <math.h>

/* The body, where the sandbox has a client and the body both @members. */
static JsonObject *
read_body (SandboxServer *server,
           SoupServerMessage *message,
           const gchar *const *members)
{
  g_autoptr (GBytes) bytes = soup_message_body_flatten (
      soup_server_message_get_request_body (message));
  g_autoptr (JsonObject) object = NULL;
  SandboxRefusal *refusal = NULL;
  gsize i;

  if (server->options->client_id == NULL)
    refusal = sandbox_refusal_new (404, "not_found", NULL, "No login here");
  else
    object = sandbox_validate_json (bytes, &refusal);
  for (i = 0; refusal == NULL && members[i] != NULL; i++)
    {
      JsonNode *node = json_object_get_member (object, members[i]);

      if (node == NULL || JSON_NODE_HOLDS_NULL (node))
        refusal = sandbox_refusal_new (400, "missing_required_field",
                                       members[i], "%s is missing", members[i]);
      else if (json_node_get_value_type (node) != G_TYPE_STRING)
        refusal = sandbox_refusal_new (422, "validation_error", members[i],
                                       "%s is not a string", members[i]);
    }
  if (refusal == NULL)
    return g_steal_pointer (&object);
  sandbox_reply_refusal (message, refusal);
  return NULL;
}

static void
reply_grant (SandboxServer *server,
             SoupServerMessage *message,
             const SandboxGrant *grant)
{
  g_autoptr (JsonBuilder) body = NULL;

  if (grant == NULL)
    {
      sandbox_reply_refusal (
          message, sandbox_refusal_new (401, "authentication_failed", NULL,
                                        "Wrong credentials"));
      return;
    }
  body = json_builder_new ();
  json_builder_begin_object (body);
  json_builder_set_member_name (body, "access_token");
  json_builder_add_string_value (body, grant->access_token);
  json_builder_set_member_name (body, "expires_in");
  json_builder_add_int_value (body,
                              (gint64)ceil (server->options->token_lifetime));
  json_builder_set_member_name (body, "refresh_token");
  json_builder_add_string_value (body, grant->refresh_token);
  json_builder_end_object (body);
  sandbox_reply_json (message, 200, body);
}

/**
 * sandbox_call_login:
 *
 * `POST /connect-auth/v1/account/login`, see #SandboxCall.
 */
void
sandbox_call_login (SandboxServer *server,
                    SoupServerMessage *message,
                    const gchar *const *path,
                    GHashTable *query)
{
  static const gchar *const members[] = { "client_id", "client_secret", NULL };
  g_autoptr (JsonObject) object = read_body (server, message, members);
  g_autoptr (SandboxGrant) grant = NULL;

  if (object == NULL)
    return;
  grant = sandbox_tokens_login (
      server->tokens, json_object_get_string_member (object, members[0]),
      json_object_get_string_member (object, members[1]));
  reply_grant (server, message, grant);
}

/**
 * sandbox_call_refresh:
 *
 * `POST /connect-auth/v1/account/refresh-token`, see #SandboxCall.
 */
void
sandbox_call_refresh (SandboxServer *server,
                      SoupServerMessage *message,
                      const gchar *const *path,
                      GHashTable *query)
{
  static const gchar *const members[] = { "refresh_token", "access_token",
                                          NULL };
  g_autoptr (JsonObject) object = read_body (server, message, members);
  g_autoptr (SandboxGrant) grant = NULL;

  if (object == NULL)
    return;
  grant = sandbox_tokens_refresh (
      server->tokens, json_object_get_string_member (object, members[0]),
      json_object_get_string_member (object, members[1]));
  reply_grant (server, message, grant);
}
