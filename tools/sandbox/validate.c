/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "validate.h"

#include "scribe/jsontext.h"

#include <string.h>

#define MAX_TEMPLATES 2

static const SandboxTemplate TEMPLATES[] = {
  { "eka_emr_template", "EMR", "Structured record for an EMR" },
  { "clinical_notes_template", "Clinical notes", "Notes of a consultation" },
  { "soap_template", "SOAP", "Subjective, objective, assessment, plan" },
  { "discharge_summary_template", "Discharge summary",
    "Course of a stay and what follows" },
  { "transcript_template", "Transcript", "The text with little structure" },
};

/**
 * sandbox_templates:
 * @count: (out): how many
 *
 * Returns: (array length=count) (transfer none): the templates on offer
 */
const SandboxTemplate *
sandbox_templates (gsize *count)
{
  *count = G_N_ELEMENTS (TEMPLATES);
  return TEMPLATES;
}

/**
 * sandbox_validate_json:
 * @body: of a request
 * @refusal: (out) (transfer full): why %NULL is returned
 *
 * Returns: (transfer full) (nullable): the object that @body holds
 */
JsonObject *
sandbox_validate_json (GBytes *body, SandboxRefusal **refusal)
{
  g_autoptr (JsonParser) parser = json_parser_new_immutable ();
  g_autofree gchar *normal = NULL;
  JsonNode *root;
  guint line;
  guint column;
  gsize size;
  const gchar *text = g_bytes_get_data (body, &size);

  /* json-glib alone takes JavaScript for JSON, and nesting of any depth. */
  if (size > 0)
    normal = eka_jsontext_normalize (text, size, &line, &column);
  if (normal == NULL || !json_parser_load_from_data (parser, normal, -1, NULL))
    {
      *refusal = sandbox_refusal_new (400, "invalid_request", NULL,
                                      "The body is not JSON");
      return NULL;
    }
  root = json_parser_get_root (parser);
  if (root == NULL || !JSON_NODE_HOLDS_OBJECT (root))
    {
      *refusal = sandbox_refusal_new (422, "validation_error", NULL,
                                      "The body is not a JSON object");
      return NULL;
    }
  return json_object_ref (json_node_get_object (root));
}

static SandboxRefusal *
refuse_type (const gchar *field, const gchar *wanted)
{
  return sandbox_refusal_new (422, "validation_error", field, "%s must be %s",
                              field, wanted);
}

/* A member that is null counts as absent, as in the service's models. */
static JsonNode *
get_member (JsonObject *body, const gchar *field)
{
  JsonNode *node = json_object_get_member (body, field);

  return node == NULL || JSON_NODE_HOLDS_NULL (node) ? NULL : node;
}

static gboolean
take_string (JsonObject *body,
             const gchar *field,
             gchar **value,
             SandboxRefusal **refusal)
{
  JsonNode *node = get_member (body, field);

  if (node == NULL)
    return TRUE;
  if (!JSON_NODE_HOLDS_VALUE (node) ||
      json_node_get_value_type (node) != G_TYPE_STRING)
    {
      *refusal = refuse_type (field, "a string");
      return FALSE;
    }
  *value = json_node_dup_string (node);
  return TRUE;
}

static gboolean
take_list (JsonObject *body,
           const gchar *field,
           gchar ***value,
           SandboxRefusal **refusal)
{
  g_autoptr (GStrvBuilder) list = g_strv_builder_new ();
  JsonNode *node = get_member (body, field);
  JsonArray *array;
  guint i;

  if (node != NULL && !JSON_NODE_HOLDS_ARRAY (node))
    {
      *refusal = refuse_type (field, "a list of strings");
      return FALSE;
    }
  array = node ? json_node_get_array (node) : NULL;
  for (i = 0; array != NULL && i < json_array_get_length (array); i++)
    {
      JsonNode *item = json_array_get_element (array, i);

      if (!JSON_NODE_HOLDS_VALUE (item) ||
          json_node_get_value_type (item) != G_TYPE_STRING)
        {
          *refusal = refuse_type (field, "a list of strings");
          return FALSE;
        }
      g_strv_builder_add (list, json_node_get_string (item));
    }
  *value = g_strv_builder_end (list);
  return TRUE;
}

static gboolean
take_object (JsonObject *body,
             const gchar *field,
             JsonObject **value,
             SandboxRefusal **refusal)
{
  JsonNode *node = get_member (body, field);

  if (node == NULL)
    return TRUE;
  if (!JSON_NODE_HOLDS_OBJECT (node))
    {
      *refusal = refuse_type (field, "an object");
      return FALSE;
    }
  *value = json_object_ref (json_node_get_object (node));
  return TRUE;
}

static SandboxRefusal *
check_enum (const gchar *field, const gchar *value, const gchar *const *known)
{
  g_autofree gchar *list = NULL;

  if (g_strv_contains (known, value))
    return NULL;
  list = g_strjoinv (", ", (gchar **)known);
  return sandbox_refusal_new (422, "validation_error", field,
                              "%s “%s” is none of %s", field, value, list);
}

static SandboxRefusal *
check_upload (const SandboxOptions *options, const SandboxRequest *request)
{
  static const gchar *const types[] = { "chunked", "single", "stream", NULL };
  static const gchar *const protocols[] = { "websocket", "http", "rpc", NULL };
  SandboxRefusal *refusal;
  const gchar *needed;

  if (request->upload_type == NULL || request->communication_protocol == NULL)
    {
      const gchar *field =
          request->upload_type ? "communication_protocol" : "upload_type";

      return sandbox_refusal_new (400, "missing_required_field", field,
                                  "%s is required", field);
    }
  refusal = check_enum ("upload_type", request->upload_type, types);
  if (refusal == NULL)
    refusal = check_enum ("communication_protocol",
                          request->communication_protocol, protocols);
  if (refusal != NULL)
    return refusal;
  if (!g_strv_contains ((const gchar *const *)options->upload_methods,
                        request->upload_type))
    return sandbox_refusal_new (400, "invalid_request", "upload_type",
                                "upload_type “%s” is not offered here",
                                request->upload_type);
  needed = g_str_equal (request->upload_type, "stream") ? "websocket" : "http";
  if (!g_str_equal (request->communication_protocol, needed))
    return sandbox_refusal_new (400, "invalid_request",
                                "communication_protocol",
                                "%s uploads need communication_protocol %s",
                                request->upload_type, needed);
  return NULL;
}

static SandboxRefusal *
check_session_id (const gchar *id)
{
  gsize i;
  gsize length = id ? strlen (id) : 0;

  if (id == NULL)
    return NULL;
  if (length < 16 || length > 32)
    return sandbox_refusal_new (422, "validation_error", "session_id",
                                "session_id must have 16 to 32 characters");
  for (i = 0; i < length; i++)
    if (!g_ascii_isalnum (id[i]) && id[i] != '_' && id[i] != '-')
      return sandbox_refusal_new (422, "validation_error", "session_id",
                                  "session_id may hold letters, digits, _ "
                                  "and -");
  return NULL;
}

static SandboxRefusal *
check_templates (gchar **templates)
{
  gsize i;
  gsize k;

  if (g_strv_length (templates) > MAX_TEMPLATES)
    return sandbox_refusal_new (422, "validation_error", "templates",
                                "templates must hold at most %d ids",
                                MAX_TEMPLATES);
  for (i = 0; templates[i] != NULL; i++)
    {
      for (k = 0; k < G_N_ELEMENTS (TEMPLATES); k++)
        if (g_str_equal (templates[i], TEMPLATES[k].id))
          break;
      if (k == G_N_ELEMENTS (TEMPLATES))
        return sandbox_refusal_new (400, "invalid_template", "templates",
                                    "Template “%s” is not known", templates[i]);
    }
  return NULL;
}

static SandboxRefusal *
check_languages (const SandboxOptions *options, const SandboxRequest *request)
{
  gchar **known = g_str_equal (request->model->id, "lite")
                      ? options->lite_languages
                      : options->languages;
  gsize count = g_strv_length (request->language_hint);
  gsize i;

  for (i = 0; i < count; i++)
    {
      if (count == 1 && options->auto_detection &&
          g_str_equal (request->language_hint[i], "auto_detect"))
        continue;
      if (!g_strv_contains ((const gchar *const *)known,
                            request->language_hint[i]))
        return sandbox_refusal_new (
            422, "language_unsupported", "language_hint",
            "Model %s does not know language “%s”", request->model->id,
            request->language_hint[i]);
    }
  if (request->transcript_language != NULL &&
      !g_strv_contains ((const gchar *const *)known,
                        request->transcript_language))
    return sandbox_refusal_new (
        422, "language_unsupported", "transcript_language",
        "Model %s does not know language “%s”", request->model->id,
        request->transcript_language);
  return NULL;
}

static SandboxRefusal *
check_create (const SandboxOptions *options,
              SandboxRequest *request,
              const gchar *model)
{
  static const gchar *const modes[] = { "consultation", "dictation", NULL };
  SandboxRefusal *refusal = check_upload (options, request);

  if (refusal == NULL)
    refusal = check_session_id (request->session_id);
  if (refusal == NULL)
    refusal = check_enum ("session_mode", request->session_mode, modes);
  if (refusal != NULL)
    return refusal;
  request->model = sandbox_options_find_model (options, model);
  if (request->model == NULL)
    return sandbox_refusal_new (422, "validation_error", "model",
                                "model “%s” is not known", model);
  refusal = check_templates (request->templates);
  return refusal ? refusal : check_languages (options, request);
}

/**
 * sandbox_validate_create:
 * @options: what the sandbox takes
 * @body: of Create Session
 * @refusal: (out) (transfer full): why %NULL is returned
 *
 * Unknown members are ignored.
 *
 * Returns: (transfer full) (nullable): the request
 */
SandboxRequest *
sandbox_validate_create (const SandboxOptions *options,
                         JsonObject *body,
                         SandboxRefusal **refusal)
{
  g_autoptr (SandboxRequest) request = g_new0 (SandboxRequest, 1);
  g_autofree gchar *model = NULL;

  if (!take_string (body, "session_id", &request->session_id, refusal) ||
      !take_string (body, "session_mode", &request->session_mode, refusal) ||
      !take_list (body, "templates", &request->templates, refusal) ||
      !take_string (body, "model", &model, refusal) ||
      !take_list (body, "language_hint", &request->language_hint, refusal) ||
      !take_string (body, "transcript_language", &request->transcript_language,
                    refusal) ||
      !take_string (body, "upload_type", &request->upload_type, refusal) ||
      !take_string (body, "communication_protocol",
                    &request->communication_protocol, refusal) ||
      !take_object (body, "additional_data", &request->additional_data,
                    refusal) ||
      !take_object (body, "patient_details", &request->patient_details,
                    refusal))
    return NULL;
  if (request->session_mode == NULL)
    request->session_mode = g_strdup ("dictation");
  *refusal = check_create (options, request, model);
  return *refusal ? NULL : g_steal_pointer (&request);
}

/**
 * sandbox_validate_end:
 * @body: of End Session
 * @sent: (out): `audio_files_sent`
 * @refusal: (out) (transfer full): why %FALSE is returned
 *
 * Returns: whether @body is valid
 */
gboolean
sandbox_validate_end (JsonObject *body, gint64 *sent, SandboxRefusal **refusal)
{
  JsonNode *node = get_member (body, "audio_files_sent");

  if (node == NULL)
    {
      *refusal = sandbox_refusal_new (400, "missing_required_field",
                                      "audio_files_sent",
                                      "audio_files_sent is required");
      return FALSE;
    }
  if (!JSON_NODE_HOLDS_VALUE (node) ||
      json_node_get_value_type (node) != G_TYPE_INT64 ||
      json_node_get_int (node) < 0)
    {
      *refusal = refuse_type ("audio_files_sent", "an integer, 0 or more");
      return FALSE;
    }
  *sent = json_node_get_int (node);
  return TRUE;
}

/**
 * sandbox_validate_patch:
 * @body: of a PATCH of a session
 * @refusal: (out) (transfer full): why %FALSE is returned
 *
 * Returns: whether @body asks for the one change there is: to cancel
 */
gboolean
sandbox_validate_patch (JsonObject *body, SandboxRefusal **refusal)
{
  static const gchar *const known[] = { "cancelled", NULL };
  g_autofree gchar *user = NULL;
  g_autofree gchar *processing = NULL;

  if (!take_string (body, "user_status", &user, refusal) ||
      !take_string (body, "processing_status", &processing, refusal))
    return FALSE;
  if (user == NULL)
    {
      *refusal = sandbox_refusal_new (400, "missing_required_field",
                                      "user_status", "user_status is required");
      return FALSE;
    }
  *refusal = check_enum ("user_status", user, known);
  if (*refusal == NULL && processing != NULL)
    *refusal = check_enum ("processing_status", processing, known);
  return *refusal == NULL;
}

/**
 * sandbox_request_free:
 * @request: (transfer full): to be freed
 */
void
sandbox_request_free (SandboxRequest *request)
{
  g_free (request->session_id);
  g_free (request->session_mode);
  g_strfreev (request->templates);
  g_strfreev (request->language_hint);
  g_free (request->transcript_language);
  g_free (request->upload_type);
  g_free (request->communication_protocol);
  g_clear_pointer (&request->additional_data, json_object_unref);
  g_clear_pointer (&request->patient_details, json_object_unref);
  g_free (request);
}
