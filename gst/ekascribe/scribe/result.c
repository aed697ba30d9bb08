/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "scribe/result.h"

#include "scribe/error.h"
#include "scribe/json.h"

typedef struct
{
  EkaResult result;
  gatomicrefcount refs;
} Result;

static void
document_free (gpointer data)
{
  EkaDocument *document = data;

  g_free (document->template_id);
  g_free (document->status);
  g_free (document->document_id);
  g_free (document->document_type);
  g_free (document->data);
  g_free (document->publish);
  g_free (document->presigned_url);
  g_free (document->error_code);
  g_free (document->error_message);
  g_free (document);
}

/* Codes are words in the documents and numbers elsewhere. */
static void
parse_error (JsonObject *object,
             gchar     **code,
             gchar     **message)
{
  JsonObject *error = eka_json_get_object (object, "error");

  *code = g_strdup (eka_json_get_string (error, "code"));
  if (*code == NULL && eka_json_get_number (error, "code", -1) >= 0)
    *code = eka_json_get_text (error, "code");
  *message = g_strdup (error != NULL ? eka_json_get_string (error, "message")
                                     : eka_json_get_string (object, "error"));
}

static EkaDocument *
document_new (const gchar *template_id,
              JsonObject  *entry)
{
  EkaDocument *document = g_new0 (EkaDocument, 1);
  const gchar *status = eka_json_get_string (entry, "status");

  document->template_id = g_strdup (template_id);
  parse_error (entry, &document->error_code, &document->error_message);
  if (status == NULL)
    status = document->error_code != NULL || document->error_message != NULL
                 ? "failed"
                 : "success";
  document->status = g_strdup (status);
  document->document_id = g_strdup (eka_json_get_string (entry,
                                                         "document_id"));
  document->document_type = g_strdup (eka_json_get_string (entry,
                                                           "document_type"));
  document->data = eka_json_get_text (entry, "data");
  document->publish = eka_json_get_text (entry, "publish");
  document->presigned_url = g_strdup (eka_json_get_string (entry,
                                                           "presigned_url"));
  return document;
}

/* One member `template_id: entry`; an entry may be a list of documents. */
static void
add_documents (GPtrArray   *documents,
               const gchar *template_id,
               JsonNode    *node)
{
  if (JSON_NODE_HOLDS_OBJECT (node))
    g_ptr_array_add (documents,
                     document_new (template_id, json_node_get_object (node)));
  else if (JSON_NODE_HOLDS_ARRAY (node))
    {
      JsonArray *array = json_node_get_array (node);
      guint i;

      for (i = 0; i < json_array_get_length (array); i++)
        if (JSON_NODE_HOLDS_OBJECT (json_array_get_element (array, i)))
          g_ptr_array_add (documents,
                           document_new (template_id,
                                         json_array_get_object_element (array,
                                                                        i)));
    }
}

static void
add_map (GPtrArray  *documents,
         JsonObject *map)
{
  g_autoptr (GList) members = json_object_get_members (map);
  GList *member;

  for (member = members; member != NULL; member = member->next)
    add_documents (documents, member->data,
                   json_object_get_member (map, member->data));
}

/* A list of single-key objects (Get Session), or a map (the answer 410, and
 * other servers); entries that name their template in a member are taken
 * too. */
static GPtrArray *
parse_templates (JsonObject *root)
{
  GPtrArray *documents = g_ptr_array_new_with_free_func (document_free);
  JsonObject *map = eka_json_get_object (root, "templates");
  JsonArray *list = eka_json_get_array (root, "templates");
  guint i;

  if (map != NULL)
    add_map (documents, map);
  for (i = 0; list != NULL && i < json_array_get_length (list); i++)
    if (JSON_NODE_HOLDS_OBJECT (json_array_get_element (list, i)))
      {
        JsonObject *entry = json_array_get_object_element (list, i);
        const gchar *id = eka_json_get_string (entry, "template_id");

        if (id != NULL)
          g_ptr_array_add (documents, document_new (id, entry));
        else
          add_map (documents, entry);
      }
  return documents;
}

/* Members are copied one by one: the parsed tree is immutable. */
static gchar *
to_text_without_upload_url (JsonObject *root)
{
  g_autoptr (JsonObject) copy = json_object_new ();
  g_autoptr (GList) members = json_object_get_members (root);
  g_autoptr (JsonNode) node = json_node_new (JSON_NODE_OBJECT);
  GList *member;

  for (member = members; member != NULL; member = member->next)
    if (g_strcmp0 (member->data, "upload_url") != 0)
      json_object_set_member (copy, member->data,
                              json_object_dup_member (root, member->data));
  json_node_set_object (node, copy);
  return eka_json_to_text (node);
}

/**
 * eka_result_new_from_json:
 * @json: the body of an answer to Get Session, of any status that carries a
 *   session: 200, 202, 206, 410
 * @error: return location; %EKA_SCRIBE_ERROR_PROTOCOL
 *
 * Unknown members are ignored, members of a wrong type count as absent. An
 * object with neither `session_id` nor `status` is something else's answer.
 *
 * Returns: (transfer full): what it says
 */
EkaResult *
eka_result_new_from_json (GBytes  *json,
                          GError **error)
{
  g_autoptr (JsonObject) root = eka_json_parse_bytes (json, error);
  JsonArray *files;
  EkaResult *result;
  Result *self;

  if (root == NULL)
    return NULL;
  if (eka_json_get_string (root, "session_id") == NULL &&
      eka_json_get_string (root, "status") == NULL)
    {
      g_set_error_literal (error, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_PROTOCOL,
                           "not a session");
      return NULL;
    }

  self = g_new0 (Result, 1);
  g_atomic_ref_count_init (&self->refs);
  result = &self->result;

  result->session_id = g_strdup (eka_json_get_string (root, "session_id"));
  result->status = g_strdup (eka_json_get_string (root, "status"));
  result->upload_url = g_strdup (eka_json_get_string (root, "upload_url"));
  result->transcript = g_strdup (eka_json_get_string (root, "transcript"));
  result->model_used = g_strdup (eka_json_get_string (root, "model_used"));
  result->language_detected =
      g_strdup (eka_json_get_string (root, "language_detected"));
  result->created_at = g_strdup (eka_json_get_string (root, "created_at"));
  result->expires_at = g_strdup (eka_json_get_string (root, "expires_at"));
  result->completed_at = g_strdup (eka_json_get_string (root, "completed_at"));
  result->message = g_strdup (eka_json_get_string (root, "message"));
  result->audio_files = eka_json_get_strv (root, "audio_files");
  result->audio_files_received = eka_json_get_count (root,
                                                     "audio_files_received");
  files = eka_json_get_array (root, "audio_files");
  if (result->audio_files_received < 0 && files != NULL)
    result->audio_files_received = json_array_get_length (files);
  result->audio_files_processed = eka_json_get_count (root,
                                                      "audio_files_processed");
  result->processing_errors = eka_json_get_text (root, "processing_errors");
  parse_error (root, &result->error_code, &result->error_message);
  result->documents = parse_templates (root);
  result->json = to_text_without_upload_url (root);
  return result;
}

/**
 * eka_result_ref:
 * @result: an answer
 *
 * Returns: (transfer full): @result
 */
EkaResult *
eka_result_ref (EkaResult *result)
{
  g_atomic_ref_count_inc (&((Result *) result)->refs);
  return result;
}

/**
 * eka_result_unref:
 * @result: (transfer full): an answer
 */
void
eka_result_unref (EkaResult *result)
{
  Result *self = (Result *) result;

  if (!g_atomic_ref_count_dec (&self->refs))
    return;
  g_free (result->session_id);
  g_free (result->status);
  g_free (result->upload_url);
  g_free (result->transcript);
  g_free (result->model_used);
  g_free (result->language_detected);
  g_free (result->created_at);
  g_free (result->expires_at);
  g_free (result->completed_at);
  g_free (result->message);
  g_strfreev (result->audio_files);
  g_free (result->processing_errors);
  g_free (result->error_code);
  g_free (result->error_message);
  g_ptr_array_unref (result->documents);
  g_free (result->json);
  g_free (self);
}

static const gchar *const busy[] = { "processing",  "initialized", "created",
                                     "in-progress", "queued",      "pending",
                                     NULL };
static const gchar *const failed[] = { "failed", "failure", "cancelled",
                                       "error", NULL };
static const gchar *const good[] = { "completed", "partial", "expired", NULL };

static gboolean
is_one_of (EkaResult          *result,
           const gchar *const *list)
{
  return result->status != NULL && g_strv_contains (list, result->status);
}

/**
 * eka_result_judge:
 * @result: an answer
 * @http_status: its status: 200, 202, 206 or 410
 *
 * The HTTP status is the signal; among 200 the member `status` is. A session
 * that has expired is gone, whatever the HTTP status.
 *
 * Returns: what it means
 */
EkaVerdict
eka_result_judge (EkaResult *result,
                  guint      http_status)
{
  if (http_status == 410 || g_strcmp0 (result->status, "expired") == 0)
    return EKA_VERDICT_EXPIRED;
  if (http_status == 202 || (http_status == 200 && is_one_of (result, busy)))
    return EKA_VERDICT_BUSY;
  if (is_one_of (result, failed))
    return EKA_VERDICT_FAILED;
  if (http_status == 206 || g_strcmp0 (result->status, "partial") == 0)
    return EKA_VERDICT_PARTIAL;
  return EKA_VERDICT_COMPLETED;
}

/**
 * eka_result_is_known:
 * @result: an answer
 *
 * Returns: whether its status is one that sessions have
 */
gboolean
eka_result_is_known (EkaResult *result)
{
  return is_one_of (result, busy) || is_one_of (result, failed) ||
         is_one_of (result, good);
}
