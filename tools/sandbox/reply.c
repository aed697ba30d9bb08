/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "reply.h"

#include <string.h>

#define INTERCEPTION_KEY "sandbox-interception"
#define TAKEN_KEY "sandbox-taken"

typedef struct
{
  SandboxInterceptor func;
  gpointer user_data;
} Interception;

/**
 * sandbox_refusal_new:
 * @status: HTTP status
 * @code: a static string, `error.code`
 * @field: (nullable): the member of the request that is wrong
 * @format: of the sentence for people
 * @...: its values
 *
 * Returns: (transfer full): the refusal
 */
SandboxRefusal *
sandbox_refusal_new (guint status,
                     const gchar *code,
                     const gchar *field,
                     const gchar *format,
                     ...)
{
  SandboxRefusal *refusal = g_new0 (SandboxRefusal, 1);
  va_list args;

  refusal->status = status;
  refusal->code = code;
  refusal->field = g_strdup (field);
  va_start (args, format);
  refusal->message = g_strdup_vprintf (format, args);
  va_end (args);
  return refusal;
}

/**
 * sandbox_refusal_free:
 * @refusal: (transfer full): to be freed
 */
void
sandbox_refusal_free (SandboxRefusal *refusal)
{
  g_free (refusal->message);
  g_free (refusal->field);
  g_free (refusal);
}

/**
 * sandbox_json_to_text:
 * @node: any JSON
 * @pretty: indented, for people
 *
 * Returns: (transfer full): JSON text
 */
gchar *
sandbox_json_to_text (JsonNode *node, gboolean pretty)
{
  g_autoptr (JsonGenerator) generator = json_generator_new ();

  json_generator_set_pretty (generator, pretty);
  json_generator_set_root (generator, node);
  return json_generator_to_data (generator, NULL);
}

/**
 * sandbox_iso_time:
 * @time: a moment
 *
 * Returns: (transfer full): ISO 8601 in UTC, to the second, as the service
 *   writes it
 */
gchar *
sandbox_iso_time (GDateTime *time)
{
  g_autoptr (GDateTime) utc = g_date_time_to_utc (time);

  return g_date_time_format (utc, "%Y-%m-%dT%H:%M:%SZ");
}

/**
 * sandbox_reply_json:
 * @message: to be answered
 * @status: HTTP status
 * @body: a builder that is complete
 *
 * Sets the answer; does not unpause @message.
 */
void
sandbox_reply_json (SoupServerMessage *message, guint status, JsonBuilder *body)
{
  g_autoptr (JsonNode) root = json_builder_get_root (body);
  Interception *interception =
      g_object_get_data (G_OBJECT (message), INTERCEPTION_KEY);

  if (interception == NULL ||
      !interception->func (message, status, root, interception->user_data))
    sandbox_reply_text (message, status, "application/json",
                        sandbox_json_to_text (root, FALSE));
}

/**
 * sandbox_reply_text:
 * @message: to be answered
 * @status: HTTP status
 * @media_type: of @text
 * @text: (transfer full): the body
 *
 * As sandbox_reply_json(), with any body; nobody intercepts it.
 */
void
sandbox_reply_text (SoupServerMessage *message,
                    guint status,
                    const gchar *media_type,
                    gchar *text)
{
  const gchar *phrase = NULL;

  /* libsoup does not know these. */
  if (status == 426)
    phrase = "Upgrade Required";
  else if (status == 429)
    phrase = "Too Many Requests";
  soup_server_message_set_status (message, status, phrase);
  /* SoupServer (3.2.3) keeps no connection that it has not accepted itself, and
   * does not say so: a client that sent its next call on it would be reset. */
  soup_message_headers_replace (
      soup_server_message_get_response_headers (message), "Connection", "close");
  soup_server_message_set_response (message, media_type, SOUP_MEMORY_TAKE, text,
                                    strlen (text));
}

/**
 * sandbox_reply_through:
 * @message: that is not answered yet
 * @func: sees the answer before it is set
 * @user_data: for @func; it outlives @message
 */
void
sandbox_reply_through (SoupServerMessage *message,
                       SandboxInterceptor func,
                       gpointer user_data)
{
  Interception *interception = g_new (Interception, 1);

  interception->func = func;
  interception->user_data = user_data;
  g_object_set_data_full (G_OBJECT (message), INTERCEPTION_KEY, interception,
                          g_free);
}

/**
 * sandbox_reply_taken:
 * @message: whose connection the server has no longer
 *
 * Lets sandbox_reply_resume() know.
 */
void
sandbox_reply_taken (SoupServerMessage *message)
{
  g_object_set_data (G_OBJECT (message), TAKEN_KEY, GINT_TO_POINTER (TRUE));
}

/**
 * sandbox_reply_resume:
 * @message: that was paused, and is answered
 *
 * Sends the answer, unless the connection was taken.
 */
void
sandbox_reply_resume (SoupServerMessage *message)
{
  if (g_object_get_data (G_OBJECT (message), TAKEN_KEY) == NULL)
    soup_server_message_unpause (message);
}

/**
 * sandbox_reply_refusal:
 * @message: to be answered
 * @refusal: (transfer full): why it is refused
 *
 * Sets the answer to the service's error envelope; does not unpause @message.
 */
void
sandbox_reply_refusal (SoupServerMessage *message, SandboxRefusal *refusal)
{
  g_autoptr (JsonBuilder) body = json_builder_new ();

  json_builder_begin_object (body);
  json_builder_set_member_name (body, "error");
  json_builder_begin_object (body);
  json_builder_set_member_name (body, "code");
  json_builder_add_string_value (body, refusal->code);
  json_builder_set_member_name (body, "message");
  json_builder_add_string_value (body, refusal->message);
  json_builder_set_member_name (body, "details");
  json_builder_begin_object (body);
  if (refusal->field != NULL)
    {
      json_builder_set_member_name (body, "field");
      json_builder_add_string_value (body, refusal->field);
    }
  json_builder_end_object (body);
  json_builder_end_object (body);
  json_builder_end_object (body);
  if (refusal->status == SOUP_STATUS_UNAUTHORIZED)
    soup_message_headers_replace (
        soup_server_message_get_response_headers (message), "WWW-Authenticate",
        "Bearer");
  sandbox_reply_json (message, refusal->status, body);
  sandbox_refusal_free (refusal);
}
