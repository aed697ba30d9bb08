/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "distort.h"

#define SOMEBODY_ELSES "ses_00000000000000000000"

/* A value of another type; a null becomes an object. */
static JsonNode *
make_wrong (JsonNode *node)
{
  JsonNode *wrong = NULL;

  if (JSON_NODE_HOLDS_OBJECT (node))
    {
      wrong = json_node_new (JSON_NODE_ARRAY);
      json_node_take_array (wrong, json_array_new ());
    }
  else if (!JSON_NODE_HOLDS_VALUE (node))
    {
      wrong = json_node_new (JSON_NODE_OBJECT);
      json_node_take_object (wrong, json_object_new ());
    }
  else if (json_node_get_value_type (node) == G_TYPE_STRING)
    wrong = json_node_init_int (json_node_alloc (), 17);
  else
    wrong = json_node_init_string (json_node_alloc (), "true");
  return wrong;
}

static void
make_all_wrong (JsonObject *answer)
{
  g_autoptr (GList) names = json_object_get_members (answer);
  GList *name;

  for (name = names; name != NULL; name = name->next)
    json_object_set_member (
        answer, name->data,
        make_wrong (json_object_get_member (answer, name->data)));
}

static void
shorten_list (JsonObject *answer)
{
  JsonArray *files;
  guint length;

  if (!json_object_has_member (answer, "audio_files"))
    return;
  files = json_object_get_array_member (answer, "audio_files");
  length = json_array_get_length (files);
  if (length > 0)
    json_array_remove_element (files, --length);
  json_object_set_int_member (answer, "audio_files_received", length);
}

static void
raise_count (JsonObject *answer)
{
  const gchar *name = "audio_files_received";

  if (json_object_has_member (answer, name))
    json_object_set_int_member (
        answer, name, json_object_get_int_member (answer, name) + 1);
}

static void
rename_file (JsonObject *answer)
{
  const gchar *name = "original_filename";
  g_autofree gchar *other = NULL;

  if (!json_object_has_member (answer, name))
    return;
  other = g_strconcat ("other_",
                       json_object_get_string_member (answer, name), NULL);
  json_object_set_string_member (answer, name, other);
}

/**
 * sandbox_distort:
 * @answer: as it is right
 * @kind: what shall be wrong with it; kinds that leave it valid JSON
 *
 * Changes @answer where it has what @kind is about, so that refusals stay as
 * they are.
 */
void
sandbox_distort (JsonObject *answer, SandboxFaultKind kind)
{
  switch (kind)
    {
    case SANDBOX_FAULT_WRONG_JSON:
      make_all_wrong (answer);
      break;
    case SANDBOX_FAULT_SHORT_LIST:
      shorten_list (answer);
      break;
    case SANDBOX_FAULT_NO_LIST:
      json_object_remove_member (answer, "audio_files");
      json_object_remove_member (answer, "audio_files_received");
      break;
    case SANDBOX_FAULT_WRONG_COUNT:
      raise_count (answer);
      break;
    case SANDBOX_FAULT_OTHER_SESSION:
      if (json_object_has_member (answer, "session_id"))
        json_object_set_string_member (answer, "session_id", SOMEBODY_ELSES);
      break;
    case SANDBOX_FAULT_NO_UPLOAD_URL:
      json_object_remove_member (answer, "upload_url");
      break;
    case SANDBOX_FAULT_WRONG_NAME:
      rename_file (answer);
      break;
    default:
      g_assert_not_reached ();
    }
}
