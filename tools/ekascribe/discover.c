/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "commands.h"
#include "print.h"
#include "scribe/discovery.h"
#include "scribe/json.h"
#include "service.h"
#include "status.h"
#include "table.h"

#define PATIENCE (10 * G_TIME_SPAN_SECOND)

/* @list: (nullable): %NULL: not told */
static void
add_list (Table       *table,
          const gchar *name,
          gchar      **list)
{
  g_autofree gchar *text = list != NULL ? g_strjoinv (", ", list)
                                        : g_strdup ("not told");

  table_add (table, name, text, NULL);
}

static void
add_model (Table          *table,
           const EkaModel *model)
{
  g_autofree gchar *languages =
      model->languages != NULL ? g_strjoinv (", ", model->languages)
                               : g_strdup ("languages not told");
  g_autofree gchar *text = NULL;

  if (model->max_session_duration > 0)
    text = g_strdup_printf ("%s: up to %.0f s; %s", model->id,
                            model->max_session_duration / 1e9, languages);
  else
    text = g_strdup_printf ("%s: %s", model->id, languages);
  table_add (table, "Model", text, NULL);
}

static void
print_discovery (Service            *service,
                 const EkaDiscovery *discovery)
{
  g_autoptr (Table) table = table_new (2);
  guint i;

  table_add (table, "API root", service->base_url, NULL);
  if (discovery->base_url != NULL &&
      !g_str_equal (discovery->base_url, service->base_url))
    table_add (table, "Not trusted", discovery->base_url, NULL);
  add_list (table, "Versions", discovery->versions);
  add_list (table, "Uploads", discovery->upload_methods);
  add_list (table, "Audio", discovery->audio_formats);
  if (discovery->max_chunk_duration > 0)
    {
      g_autofree gchar *chunk = g_strdup_printf (
          "up to %.0f s", discovery->max_chunk_duration / 1e9);

      table_add (table, "Chunks", chunk, NULL);
    }
  for (i = 0; i < discovery->models->len; i++)
    add_model (table, g_ptr_array_index (discovery->models, i));
  add_list (table, "Languages", discovery->languages);
  table_add (table, "Detection", discovery->auto_detection ? "yes" : "no",
             NULL);
  table_print (table);
}

/* As the service wrote it. */
static Status
print_document (Service *service,
                GBytes  *body)
{
  g_autoptr (JsonObject) object = eka_json_parse_bytes (body, NULL);
  g_autoptr (JsonNode) node = json_node_new (JSON_NODE_OBJECT);
  g_autofree gchar *text = NULL;

  json_node_set_object (node, object);
  text = eka_client_redact_secrets (service->client, eka_json_to_text (node));
  print_text (text);
  print_text ("\n");
  return STATUS_DONE;
}

/**
 * discover_run:
 * @options: the options
 *
 * `ekascribe discover`: what the service says of itself.
 *
 * Returns: the exit code
 */
int
discover_run (Options *options)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (Service) service = service_new (options, &error);
  g_autoptr (EkaDiscovery) discovery = NULL;
  g_autoptr (EkaReply) reply = NULL;

  if (service == NULL)
    return status_tell (error, NULL);
  reply = service_discover (
      service, options->retry_time >= 0 ? options->retry_time : PATIENCE,
      &error);
  if (reply == NULL)
    return status_tell (error, NULL);
  if (options->json)
    return print_document (service, reply->body);
  discovery = eka_discovery_new_from_json (reply->body, NULL);
  print_discovery (service, discovery);
  return STATUS_DONE;
}
