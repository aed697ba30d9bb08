/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "discovery.h"

static void
add_string (JsonBuilder *body, const gchar *name, const gchar *value)
{
  json_builder_set_member_name (body, name);
  json_builder_add_string_value (body, value);
}

static void
add_list (JsonBuilder *body, const gchar *name, gchar **values)
{
  gsize i;

  json_builder_set_member_name (body, name);
  json_builder_begin_array (body);
  for (i = 0; values[i] != NULL; i++)
    json_builder_add_string_value (body, values[i]);
  json_builder_end_array (body);
}

static void
add_flag (JsonBuilder *body, const gchar *name, gboolean value)
{
  json_builder_set_member_name (body, name);
  json_builder_add_boolean_value (body, value);
}

/* Whole seconds are written as integers, as the service does. */
static void
add_seconds (JsonBuilder *body, const gchar *name, gdouble value)
{
  json_builder_set_member_name (body, name);
  if (value == (gdouble)(gint64)value)
    json_builder_add_int_value (body, (gint64)value);
  else
    json_builder_add_double_value (body, value);
}

static void
add_service (JsonBuilder *body, const gchar *base_url)
{
  g_autofree gchar *templates = g_strconcat (base_url, "/templates", NULL);
  g_autofree gchar *name = g_strconcat ("ekascribe-sandbox ", VERSION, NULL);

  json_builder_set_member_name (body, "service");
  json_builder_begin_object (body);
  add_string (body, "name", name);
  json_builder_end_object (body);
  json_builder_set_member_name (body, "endpoints");
  json_builder_begin_object (body);
  add_string (body, "base_url", base_url);
  add_string (body, "templates_url", templates);
  json_builder_end_object (body);
  json_builder_set_member_name (body, "authentication");
  json_builder_begin_object (body);
  json_builder_set_member_name (body, "supported_methods");
  json_builder_begin_array (body);
  json_builder_add_string_value (body, "api_key");
  json_builder_end_array (body);
  json_builder_end_object (body);
}

static void
add_capabilities (JsonBuilder *body, const SandboxOptions *options)
{
  json_builder_set_member_name (body, "capabilities");
  json_builder_begin_object (body);
  add_list (body, "audio_formats", options->audio_formats);
  add_seconds (body, "max_chunk_duration_seconds", options->max_chunk_duration);
  add_list (body, "upload_methods", options->upload_methods);
  add_flag (body, "webhook_delivery", options->webhook != NULL);
  json_builder_end_object (body);
}

static void
add_model (JsonBuilder *body,
           const SandboxOptions *options,
           const SandboxModel *model)
{
  gboolean lite = g_str_equal (model->id, "lite");

  json_builder_begin_object (body);
  add_string (body, "id", model->id);
  add_string (body, "display_name", model->id);
  add_list (body, "languages",
            lite ? options->lite_languages : options->languages);
  add_seconds (body, "max_session_duration_seconds", model->max_duration);
  json_builder_set_member_name (body, "features");
  json_builder_begin_object (body);
  add_flag (body, "realtime_transcription", FALSE);
  add_flag (body, "speaker_diarization", FALSE);
  add_flag (body, "custom_templates", FALSE);
  json_builder_end_object (body);
  json_builder_end_object (body);
}

/**
 * sandbox_discovery_build:
 * @options: what the sandbox takes
 * @base_url: API root
 *
 * Returns: (transfer full): the discovery document of protocol 0.1
 */
JsonBuilder *
sandbox_discovery_build (const SandboxOptions *options, const gchar *base_url)
{
  JsonBuilder *body = json_builder_new ();
  guint i;

  json_builder_begin_object (body);
  add_string (body, "protocol", "medscribealliance");
  add_string (body, "protocol_version", "0.1");
  json_builder_set_member_name (body, "supported_versions");
  json_builder_begin_array (body);
  json_builder_add_string_value (body, "0.1");
  json_builder_end_array (body);
  add_service (body, base_url);
  add_capabilities (body, options);
  json_builder_set_member_name (body, "models");
  json_builder_begin_array (body);
  for (i = 0; i < options->models->len; i++)
    add_model (body, options, g_ptr_array_index (options->models, i));
  json_builder_end_array (body);
  json_builder_set_member_name (body, "languages");
  json_builder_begin_object (body);
  add_list (body, "supported", options->languages);
  add_flag (body, "auto_detection", options->auto_detection);
  json_builder_end_object (body);
  json_builder_end_object (body);
  return body;
}
