/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "results.h"

static void
add_string (JsonBuilder *body, const gchar *name, const gchar *value)
{
  json_builder_set_member_name (body, name);
  if (value != NULL)
    json_builder_add_string_value (body, value);
  else
    json_builder_add_null_value (body);
}

static void
add_int (JsonBuilder *body, const gchar *name, gint64 value)
{
  json_builder_set_member_name (body, name);
  json_builder_add_int_value (body, value);
}

static void
add_time (JsonBuilder *body, const gchar *name, GDateTime *time)
{
  g_autofree gchar *text = sandbox_iso_time (time);

  add_string (body, name, text);
}

static void
add_object (JsonBuilder *body, const gchar *name, JsonObject *object)
{
  JsonNode *node;

  json_builder_set_member_name (body, name);
  if (object == NULL)
    {
      json_builder_add_null_value (body);
      return;
    }
  node = json_node_new (JSON_NODE_OBJECT);
  json_node_set_object (node, object);
  json_builder_add_value (body, node);
}

static void
add_files (JsonBuilder *body, SandboxSession *session)
{
  guint i;

  add_int (body, "audio_files_received",
           sandbox_session_count_stored (session));
  json_builder_set_member_name (body, "audio_files");
  json_builder_begin_array (body);
  for (i = 0; i < session->chunks->len; i++)
    {
      SandboxChunk *chunk = g_ptr_array_index (session->chunks, i);

      if (chunk->state != SANDBOX_CHUNK_STORING && !chunk->doubtful)
        json_builder_add_string_value (body, chunk->name);
    }
  json_builder_end_array (body);
}

static void
add_additional_data (JsonBuilder *body, const SandboxRequest *request)
{
  JsonObject *object = request->additional_data;
  g_autoptr (GList) names = object ? json_object_get_members (object) : NULL;
  GList *name;
  gsize i;

  json_builder_set_member_name (body, "additional_data");
  json_builder_begin_object (body);
  for (name = names; name != NULL; name = name->next)
    {
      json_builder_set_member_name (body, name->data);
      json_builder_add_value (
          body, json_node_copy (json_object_get_member (object, name->data)));
    }
  json_builder_set_member_name (body, "_protocol");
  json_builder_begin_object (body);
  add_string (body, "version", "0.1");
  add_string (body, "upload_type", request->upload_type);
  add_string (body, "communication_protocol", request->communication_protocol);
  json_builder_set_member_name (body, "requested_templates");
  json_builder_begin_array (body);
  for (i = 0; request->templates[i] != NULL; i++)
    json_builder_add_string_value (body, request->templates[i]);
  json_builder_end_array (body);
  json_builder_end_object (body);
  json_builder_end_object (body);
}

static void
add_document (JsonBuilder *body, SandboxSession *session, gsize index)
{
  const gchar *template_id = session->request->templates[index];
  gboolean failed = session->failed_template &&
                    session->request->templates[index + 1] == NULL;

  json_builder_begin_object (body);
  json_builder_set_member_name (body, template_id);
  json_builder_begin_object (body);
  add_string (body, "status", failed ? "failed" : "success");
  add_string (body, "document_id",
              failed ? NULL : session->document_ids[index]);
  add_string (body, "document_type", template_id);
  json_builder_set_member_name (body, "data");
  if (failed)
    json_builder_add_null_value (body);
  else
    json_builder_add_value (body, json_node_copy (session->measurements));
  json_builder_set_member_name (body, "publish");
  json_builder_begin_object (body);
  json_builder_end_object (body);
  if (failed)
    {
      json_builder_set_member_name (body, "error");
      json_builder_begin_object (body);
      add_string (body, "code", "template_failed");
      add_string (body, "message", "Failed on request (--final partial)");
      json_builder_end_object (body);
    }
  json_builder_end_object (body);
  json_builder_end_object (body);
}

static void
add_documents (JsonBuilder *body,
               SandboxSession *session,
               const gchar *template_id)
{
  gchar **templates = session->request->templates;
  gsize i;

  json_builder_set_member_name (body, "templates");
  json_builder_begin_array (body);
  for (i = 0; session->document_ids != NULL && templates[i] != NULL; i++)
    if (template_id == NULL || g_str_equal (templates[i], template_id))
      add_document (body, session, i);
  json_builder_end_array (body);
}

static void
add_problem (JsonBuilder *body, const SandboxProblem *problem)
{
  json_builder_begin_object (body);
  add_string (body, "code", problem->code);
  add_string (body, "message", problem->message);
  json_builder_set_member_name (body, "details");
  json_builder_begin_object (body);
  if (problem->audio_file != NULL)
    add_string (body, "audio_file", problem->audio_file);
  json_builder_end_object (body);
  json_builder_end_object (body);
}

static void
add_problems (JsonBuilder *body, SandboxSession *session)
{
  guint i;

  if (session->state == SANDBOX_FAILED)
    {
      json_builder_set_member_name (body, "error");
      add_problem (body, g_ptr_array_index (session->problems, 0));
    }
  json_builder_set_member_name (body, "processing_errors");
  json_builder_begin_array (body);
  for (i = 0; i < session->problems->len; i++)
    add_problem (body, g_ptr_array_index (session->problems, i));
  json_builder_end_array (body);
}

static guint
count_processed (SandboxSession *session)
{
  guint count = 0;
  guint i;

  for (i = 0; i < session->chunks->len; i++)
    if (((SandboxChunk *)g_ptr_array_index (session->chunks, i))->state ==
        SANDBOX_CHUNK_HEARD)
      count++;
  return count;
}

/* Nothing here detects languages: the hint, where it is one. */
static const gchar *
get_language (const SandboxRequest *request)
{
  const gchar *hint = request->language_hint[0];

  return g_strcmp0 (hint, "auto_detect") == 0 ? NULL : hint;
}

static void
add_result (JsonBuilder *body,
            SandboxSession *session,
            const gchar *template_id)
{
  gboolean failed = session->state == SANDBOX_FAILED;

  add_time (body, "completed_at", session->finished);
  add_string (body, "model_used", session->request->model->id);
  add_string (body, "language_detected", get_language (session->request));
  add_string (body, "transcript", failed ? NULL : session->transcript);
  add_documents (body, session, template_id);
  if (session->state == SANDBOX_COMPLETED)
    return;
  add_int (body, "audio_files_processed", count_processed (session));
  add_problems (body, session);
}

static void
add_expired (JsonBuilder *body, SandboxSession *session)
{
  add_time (body, "expired_at", session->finished);
  add_string (body, "message",
              "Session expired before processing was initiated");
  json_builder_set_member_name (body, "templates");
  json_builder_begin_object (body);
  json_builder_end_object (body);
  add_string (body, "transcript", "");
}

/**
 * sandbox_results_created:
 * @session: a new one
 *
 * Returns: (transfer full): the answer to Create Session
 */
JsonBuilder *
sandbox_results_created (SandboxSession *session)
{
  JsonBuilder *body = json_builder_new ();

  json_builder_begin_object (body);
  add_string (body, "session_id", session->id);
  add_string (body, "status", "created");
  add_time (body, "created_at", session->created);
  add_time (body, "expires_at", session->expires);
  add_string (body, "upload_url", session->upload_url);
  add_object (body, "patient_details", session->request->patient_details);
  json_builder_end_object (body);
  return body;
}

/**
 * sandbox_results_ended:
 * @session: one that is processed
 *
 * Returns: (transfer full): the answer to End Session
 */
JsonBuilder *
sandbox_results_ended (SandboxSession *session)
{
  JsonBuilder *body = json_builder_new ();

  json_builder_begin_object (body);
  add_string (body, "session_id", session->id);
  add_string (body, "status", "processing");
  add_string (body, "message", "Session ended. Processing started.");
  add_files (body, session);
  json_builder_end_object (body);
  return body;
}

/**
 * sandbox_results_get:
 * @session: any
 * @template_id: (nullable): the only template to be shown
 * @status: (out): HTTP status of the session's state
 *
 * Returns: (transfer full): the answer to Get Session
 */
JsonBuilder *
sandbox_results_get (SandboxSession *session,
                     const gchar *template_id,
                     guint *status)
{
  static const guint statuses[] = { 202, 202, 200, 206, 200, 410 };
  JsonBuilder *body = json_builder_new ();

  *status = statuses[session->state];
  json_builder_begin_object (body);
  add_string (body, "session_id", session->id);
  add_string (body, "status", sandbox_session_state_name (session));
  add_time (body, "created_at", session->created);
  add_time (body, "expires_at", session->expires);
  add_string (body, "upload_url", session->upload_url);
  add_files (body, session);
  add_additional_data (body, session->request);
  add_object (body, "patient_details", session->request->patient_details);
  if (session->state == SANDBOX_EXPIRED)
    add_expired (body, session);
  else if (session->finished != NULL)
    add_result (body, session, template_id);
  else
    add_string (body, "transcript", session->transcript);
  json_builder_end_object (body);
  return body;
}

static void
add_chunk (JsonBuilder *body, const SandboxChunk *chunk)
{
  json_builder_begin_object (body);
  add_string (body, "file", chunk->name);
  add_string (body, "original_filename", chunk->original_name);
  add_string (body, "content_type", chunk->media_type);
  add_int (body, "bytes", (gint64)chunk->size);
  add_int (body, "duration_ms", (gint64)(chunk->duration * 1000.0 + 0.5));
  add_int (body, "preroll_ms", (gint64)(chunk->preroll * 1000.0 + 0.5));
  add_string (body, "error", chunk->error ? chunk->error->message : NULL);
  json_builder_end_object (body);
}

static void
add_stream (JsonBuilder *body, const SandboxStream *stream)
{
  static const gchar *const forms[] = { NULL, "binary", "json" };

  json_builder_set_member_name (body, "stream");
  json_builder_begin_object (body);
  add_string (body, "form", forms[stream->form]);
  add_int (body, "bytes", (gint64)stream->taken);
  json_builder_set_member_name (body, "stopped");
  json_builder_add_boolean_value (body, stream->stopped);
  json_builder_end_object (body);
}

/**
 * sandbox_results_describe:
 * @session: any
 *
 * Returns: (transfer full): JSON text for `session.json`: the answer to Get
 *   Session, and what is known of each chunk
 */
gchar *
sandbox_results_describe (SandboxSession *session)
{
  g_autoptr (JsonBuilder) body = json_builder_new ();
  g_autoptr (JsonBuilder) answer = NULL;
  g_autoptr (JsonNode) root = NULL;
  const SandboxRequest *request = session->request;
  guint status;
  guint i;

  answer = sandbox_results_get (session, NULL, &status);
  json_builder_begin_object (body);
  json_builder_set_member_name (body, "session");
  json_builder_add_value (body, json_builder_get_root (answer));
  add_string (body, "session_mode", request->session_mode);
  add_string (body, "model", request->model->id);
  json_builder_set_member_name (body, "language_hint");
  json_builder_begin_array (body);
  for (i = 0; request->language_hint[i] != NULL; i++)
    json_builder_add_string_value (body, request->language_hint[i]);
  json_builder_end_array (body);
  add_string (body, "transcript_language", request->transcript_language);
  add_int (body, "audio_files_sent", session->sent);
  json_builder_set_member_name (body, "chunks");
  json_builder_begin_array (body);
  for (i = 0; i < session->chunks->len; i++)
    add_chunk (body, g_ptr_array_index (session->chunks, i));
  json_builder_end_array (body);
  if (session->stream != NULL)
    add_stream (body, session->stream);
  json_builder_end_object (body);
  root = json_builder_get_root (body);
  return sandbox_json_to_text (root, TRUE);
}
