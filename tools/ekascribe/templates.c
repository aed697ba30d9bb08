/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "commands.h"
#include "print.h"
#include "scribe/json.h"
#include "scribe/protocol.h"
#include "service.h"
#include "status.h"
#include "table.h"

#define PATIENCE (10 * G_TIME_SPAN_SECOND)

/* The templates of an answer, under one of the names that servers give it. */
static JsonArray *
find_list (JsonObject *root)
{
  static const gchar *const names[] = { "templates", "data", "items" };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (names); i++)
    if (eka_json_get_array (root, names[i]) != NULL)
      return eka_json_get_array (root, names[i]);
  return NULL;
}

static const gchar *
get_text (JsonObject  *entry,
          const gchar *name,
          const gchar *other)
{
  const gchar *text = eka_json_get_string (entry, name);

  if (text == NULL)
    text = eka_json_get_string (entry, other);
  return text != NULL ? text : "";
}

static void
print_list (JsonArray *list)
{
  g_autoptr (Table) table = table_new (3);
  guint i;

  for (i = 0; i < json_array_get_length (list); i++)
    {
      JsonNode *node = json_array_get_element (list, i);
      JsonObject *entry;

      if (JSON_NODE_HOLDS_OBJECT (node))
        {
          entry = json_node_get_object (node);
          table_add (table, get_text (entry, "id", "template_id"),
                     get_text (entry, "name", "title"),
                     get_text (entry, "description", "desc"), NULL);
        }
      else if (json_node_get_value_type (node) == G_TYPE_STRING)
        table_add (table, json_node_get_string (node), "", "", NULL);
    }
  table_print (table);
}

static Status
tell_templates (Service    *service,
                JsonObject *root,
                gboolean    json)
{
  JsonArray *list = find_list (root);
  g_autoptr (JsonNode) node = NULL;
  g_autofree gchar *text = NULL;

  if (!json && list != NULL)
    {
      print_list (list);
      return STATUS_DONE;
    }
  if (!json)
    {
      print_problem ("The service's list of templates is of an unknown form; "
                     "--json shows it.");
      return STATUS_FAILED;
    }
  node = json_node_new (JSON_NODE_OBJECT);
  json_node_set_object (node, root);
  text = eka_client_redact_secrets (service->client, eka_json_to_text (node));
  print_text (text);
  print_text ("\n");
  return STATUS_DONE;
}

/**
 * templates_run:
 * @options: the options
 *
 * `ekascribe templates`: which templates the service has.
 *
 * Returns: the exit code
 */
int
templates_run (Options *options)
{
  gint64 patience = options->retry_time >= 0 ? options->retry_time : PATIENCE;
  g_autoptr (GError) error = NULL;
  g_autoptr (Service) service = service_new (options, &error);
  g_autoptr (EkaReply) reply = NULL;
  g_autoptr (JsonObject) root = NULL;

  if (service == NULL || !service_find (service, patience, &error))
    return status_tell (error, NULL);
  reply = service_get (service, eka_protocol_templates (service->base_url),
                       patience, &error);
  if (reply == NULL)
    return status_tell (error, NULL);
  if (reply->status == 200)
    root = eka_json_parse_bytes (reply->body, NULL);
  if (root == NULL)
    {
      error = service_fault (service, reply, EKA_CALL_TEMPLATES);
      return status_tell (error, NULL);
    }
  return tell_templates (service, root, options->json);
}
