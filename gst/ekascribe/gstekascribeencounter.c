/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#define _GNU_SOURCE
#include "gstekascribeencounter.h"

#include <string.h>

#include "gstekascribeconfig.h"

#include "scribe/error.h"
#include "scribe/json.h"

/* What belongs to one session, and to no other: who it is about. */

/* So long a name of a key is told; longer ones are none, but may be something
 * about a patient. */
#define MAX_KEY 32

static gboolean G_GNUC_PRINTF (3, 4)
refuse (GError     **error,
        const gchar *property,
        const gchar *format,
        ...)
{
  va_list args;

  va_start (args, format);
  *error = g_error_new_valist (EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_SETTINGS,
                               format, args);
  va_end (args);
  eka_scribe_error_edit_info (*error)->property = property;
  return FALSE;
}

static void
wipe (gchar **text)
{
  if (*text != NULL)
    explicit_bzero (*text, strlen (*text));
  g_clear_pointer (text, g_free);
}

/**
 * gst_ekascribe_encounter_forget_patient:
 * @settings: of a session
 *
 * Takes out what tells of a patient, and what names one session.
 */
void
gst_ekascribe_encounter_forget_patient (EkaSettings *settings)
{
  wipe (&settings->patient_details);
  wipe (&settings->additional_data);
  g_clear_pointer (&settings->session_id, g_free);
}

/**
 * gst_ekascribe_encounter_make_blank:
 * @base: what holds for all sessions of a run, and more
 *
 * Returns: (transfer full): settings in which all that belongs to one session
 *   is empty
 */
EkaSettings *
gst_ekascribe_encounter_make_blank (const EkaSettings *base)
{
  EkaSettings *settings = eka_settings_copy (base);

  gst_ekascribe_encounter_forget_patient (settings);
  g_clear_pointer (&settings->templates, g_strfreev);
  g_clear_pointer (&settings->language_hint, g_strfreev);
  return settings;
}

/**
 * gst_ekascribe_encounter_refuse_id:
 *
 * Returns: (transfer full): why a session id can't be had twice
 */
GError *
gst_ekascribe_encounter_refuse_id (void)
{
  GError *error = NULL;

  refuse (&error, "session-id",
          "new-session: session-id names a session of this element already; "
          "give another one, or none");
  return error;
}

/**
 * gst_ekascribe_encounter_refuse_offer:
 * @property: what the service rules out, a static string
 *
 * Returns: (transfer full): that it does
 */
GError *
gst_ekascribe_encounter_refuse_offer (const gchar *property)
{
  GError *error = NULL;

  refuse (&error, property,
          "new-session: the service does not offer what %s asks for", property);
  return error;
}

static gboolean
take_object (JsonNode    *node,
             const gchar *key,
             gchar      **text,
             GError     **error)
{
  if (!JSON_NODE_HOLDS_OBJECT (node))
    return refuse (error, key, "new-session: %s must be a JSON object", key);
  *text = eka_json_to_text (node);
  return TRUE;
}

static gboolean
is_string (JsonNode *node)
{
  return JSON_NODE_HOLDS_VALUE (node) &&
         json_node_get_value_type (node) == G_TYPE_STRING;
}

static gboolean
take_string (JsonNode    *node,
             const gchar *key,
             gchar      **text,
             GError     **error)
{
  if (!is_string (node))
    return refuse (error, key, "new-session: %s must be a string", key);
  *text = json_node_dup_string (node);
  return TRUE;
}

static gboolean
take_array (JsonArray *array,
            gchar   ***list)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  guint i;

  for (i = 0; i < json_array_get_length (array); i++) {
    JsonNode *node = json_array_get_element (array, i);

    if (!is_string (node))
      return FALSE;
    g_strv_builder_add (builder, json_node_get_string (node));
  }
  if (i > 0)
    *list = g_strv_builder_end (builder);
  return TRUE;
}

static gboolean
take_list (JsonNode    *node,
           const gchar *key,
           gchar     ***list,
           GError     **error)
{
  gboolean good = is_string (node);

  if (good)
    *list = gst_ekascribe_config_split (json_node_get_string (node));
  else if (JSON_NODE_HOLDS_ARRAY (node))
    good = take_array (json_node_get_array (node), list);
  if (!good)
    return refuse (error, key,
                   "new-session: %s must be an array of strings, or a string "
                   "with commas", key);
  return TRUE;
}

/* A key that is none may be a name, where somebody has put it into the wrong
 * place: only what looks like a key is told. */
static gboolean
refuse_key (const gchar *key,
            GError     **error)
{
  const gsize length = strlen (key);
  gsize i;

  for (i = 0; i < length; i++)
    if (!g_ascii_islower (key[i]) && key[i] != '-' && key[i] != '_')
      break;
  if (length == 0 || length > MAX_KEY || i < length)
    key = NULL;
  return refuse (error, "new-session",
                 "new-session does not know the key %s%s%s; it takes "
                 "patient-details, additional-data, templates, session-id and "
                 "language-hint",
                 key != NULL ? "“" : "", key != NULL ? key : "that it was given",
                 key != NULL ? "”" : "");
}

static gboolean
take_templates (EkaSettings *settings,
                JsonNode    *node,
                GError     **error)
{
  gchar **templates = NULL;

  if (!take_list (node, "templates", &templates, error))
    return FALSE;
  eka_settings_set_templates (settings, templates);
  return TRUE;
}

static gboolean
take_member (EkaSettings *settings,
             const gchar *key,
             JsonNode    *node,
             GError     **error)
{
  const gboolean absent = JSON_NODE_HOLDS_NULL (node);

  if (strcmp (key, "patient-details") == 0)
    return absent || take_object (node, "patient-details",
                                  &settings->patient_details, error);
  if (strcmp (key, "additional-data") == 0)
    return absent || take_object (node, "additional-data",
                                  &settings->additional_data, error);
  if (strcmp (key, "session-id") == 0)
    return absent ||
           take_string (node, "session-id", &settings->session_id, error);
  if (strcmp (key, "templates") == 0)
    return absent || take_templates (settings, node, error);
  if (strcmp (key, "language-hint") == 0)
    return absent ||
           take_list (node, "language-hint", &settings->language_hint, error);
  return refuse_key (key, error);
}

/**
 * gst_ekascribe_encounter_parse:
 * @json: (nullable): what new-session was given
 * @base: settings of the run, which passed their check
 * @error: return location; %EKA_SCRIBE_ERROR_SETTINGS. It names the key at fault,
 *   and quotes nothing of @json that may tell of a patient
 *
 * Returns: (transfer full) (nullable): settings of the next session, in which
 *   all is empty that @json doesn't give
 */
EkaSettings *
gst_ekascribe_encounter_parse (const gchar       *json,
                               const EkaSettings *base,
                               GError           **error)
{
  g_autoptr (EkaSettings) settings = gst_ekascribe_encounter_make_blank (base);
  g_autoptr (JsonObject) object = NULL;
  g_autoptr (GError) cause = NULL;
  JsonObjectIter iter;
  const gchar *key;
  JsonNode *node;

  object = eka_json_parse_object (json != NULL ? json : "", -1, &cause);
  if (object == NULL) {
    refuse (error, "new-session",
            "new-session takes a JSON object, but what it was given is %s",
            cause->message);
    return NULL;
  }
  json_object_iter_init (&iter, object);
  while (json_object_iter_next (&iter, &key, &node))
    if (!take_member (settings, key, node, error))
      return NULL;
  if (!eka_settings_check (settings, error)) {
    g_prefix_error (error, "new-session: ");
    return NULL;
  }
  return g_steal_pointer (&settings);
}
