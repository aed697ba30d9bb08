/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "render.h"

#include <string.h>

#include "scribe/json.h"

/* Deeper than any document; what is deeper is shown as JSON. */
#define MAX_DEPTH 16

static void
add_node (GString  *out,
          JsonNode *node,
          guint     depth);

static void
indent (GString *out,
        guint    depth)
{
  for (; depth > 0; depth--)
    g_string_append (out, "  ");
}

static gboolean
is_empty (JsonNode *node)
{
  return (JSON_NODE_HOLDS_OBJECT (node) &&
          json_object_get_size (json_node_get_object (node)) == 0) ||
         (JSON_NODE_HOLDS_ARRAY (node) &&
          json_array_get_length (json_node_get_array (node)) == 0);
}

static gboolean
is_tree (JsonNode *node,
         guint     depth)
{
  return depth < MAX_DEPTH && !is_empty (node) &&
         (JSON_NODE_HOLDS_OBJECT (node) || JSON_NODE_HOLDS_ARRAY (node));
}

/* In one line where it is one, else below and further in. */
static void
add_value (GString  *out,
           JsonNode *node,
           guint     depth)
{
  g_autofree gchar *json = NULL;
  g_auto (GStrv) lines = NULL;
  guint i;

  if (JSON_NODE_HOLDS_NULL (node) || is_empty (node))
    {
      g_string_append (out, "-\n");
      return;
    }
  if (json_node_get_value_type (node) != G_TYPE_STRING)
    {
      json = eka_json_to_text (node);
      g_string_append_printf (out, "%s\n", json);
      return;
    }
  lines = g_strsplit (json_node_get_string (node), "\n", -1);
  for (i = 0; lines[i] != NULL; i++)
    {
      if (i > 0)
        indent (out, depth);
      g_string_append_printf (out, "%s\n", lines[i]);
    }
  if (i == 0)
    g_string_append (out, "\n");
}

static void
add_member (GString     *out,
            const gchar *name,
            JsonNode    *node,
            guint        depth)
{
  gboolean tree = is_tree (node, depth);

  indent (out, depth);
  g_string_append_printf (out, "%s:%s", name, tree ? "\n" : " ");
  if (tree)
    add_node (out, node, depth + 1);
  else
    add_value (out, node, depth + 1);
}

static void
add_object (GString    *out,
            JsonObject *object,
            guint       depth)
{
  JsonObjectIter iter;
  const gchar *name;
  JsonNode *node;

  json_object_iter_init_ordered (&iter, object);
  while (json_object_iter_next_ordered (&iter, &name, &node))
    add_member (out, name, node, depth);
}

static void
add_array (GString   *out,
           JsonArray *array,
           guint      depth)
{
  guint i;

  for (i = 0; i < json_array_get_length (array); i++)
    {
      JsonNode *node = json_array_get_element (array, i);

      indent (out, depth);
      g_string_append (out, "- ");
      if (is_tree (node, depth))
        {
          gsize at = out->len;

          /* Its first line stands behind the dash. */
          add_node (out, node, depth + 1);
          g_string_erase (out, at, 2 * (depth + 1));
        }
      else
        add_value (out, node, depth + 1);
    }
}

static void
add_node (GString  *out,
          JsonNode *node,
          guint     depth)
{
  if (!is_tree (node, depth))
    {
      indent (out, depth);
      add_value (out, node, depth);
    }
  else if (JSON_NODE_HOLDS_OBJECT (node))
    add_object (out, json_node_get_object (node), depth);
  else
    add_array (out, json_node_get_array (node), depth);
}

/**
 * render_json:
 * @json: JSON text of an object
 *
 * Returns: (transfer full): it for people: a line for each member, what is in
 *   others further in; @json itself where it is no object
 */
gchar *
render_json (const gchar *json)
{
  g_autoptr (JsonObject) object = eka_json_parse_object (json, -1, NULL);
  g_autoptr (GString) out = g_string_new (NULL);

  if (object == NULL)
    return g_strconcat (json, "\n", NULL);
  add_object (out, object, 0);
  return g_strdup (out->str);
}

/* `data` may be anything, an object most of the time. */
static void
add_data (GString     *out,
          const gchar *data)
{
  g_autofree gchar *wrapped = g_strconcat ("{\"data\":", data, "}", NULL);
  g_autoptr (JsonObject) object = eka_json_parse_object (wrapped, -1, NULL);

  if (object != NULL)
    add_node (out, json_object_get_member (object, "data"), 0);
  else
    g_string_append_printf (out, "%s\n", data);
}

static void
add_document (GString           *out,
              const EkaDocument *document)
{
  g_string_append_printf (out, "\n== %s", document->template_id);
  if (!g_str_equal (document->status, "success"))
    g_string_append_printf (out, " (%s)", document->status);
  g_string_append (out, " ==\n");
  if (document->data != NULL)
    add_data (out, document->data);
  if (document->error_code != NULL || document->error_message != NULL)
    g_string_append_printf (
        out, "%s%s%s\n",
        document->error_message != NULL ? document->error_message : "",
        document->error_message != NULL && document->error_code != NULL ? " "
                                                                        : "",
        document->error_code != NULL ? document->error_code : "");
}

/**
 * render_result:
 * @result: an answer to Get Session
 *
 * Returns: (transfer full): transcript and documents, for people
 */
gchar *
render_result (EkaResult *result)
{
  g_autoptr (GString) out = g_string_new (NULL);
  guint i;

  g_string_append (out, "== transcript");
  if (result->language_detected != NULL)
    g_string_append_printf (out, " (%s)", result->language_detected);
  g_string_append_printf (out, " ==\n%s\n",
                          result->transcript != NULL ? result->transcript : "");
  for (i = 0; i < result->documents->len; i++)
    add_document (out, g_ptr_array_index (result->documents, i));
  return g_strdup (out->str);
}
