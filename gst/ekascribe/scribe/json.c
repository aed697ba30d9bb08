/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "scribe/json.h"

#include <math.h>
#include <string.h>

#include "scribe/error.h"
#include "scribe/jsontext.h"

/**
 * eka_json_parse_object:
 * @text: JSON text, not trusted
 * @length: its length in bytes, or -1
 * @error: return location; %EKA_SCRIBE_ERROR_PROTOCOL. Its message quotes
 *   nothing of @text
 *
 * Returns: (transfer full): the object that @text is
 */
JsonObject *
eka_json_parse_object (const gchar *text,
                       gssize       length,
                       GError     **error)
{
  g_autoptr (JsonParser) parser = NULL;
  g_autofree gchar *normal = NULL;
  guint line, column;
  JsonNode *root;

  if (length < 0)
    length = strlen (text);
  normal = eka_jsontext_normalize (text, length, &line, &column);
  if (normal == NULL && line == 0)
    g_set_error_literal (error, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_PROTOCOL,
                         "not JSON: bad UTF-8");
  else if (normal == NULL && length == 0)
    g_set_error_literal (error, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_PROTOCOL,
                         "not JSON: empty");
  else if (normal == NULL)
    g_set_error (error, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_PROTOCOL,
                 "not JSON: syntax error, or nested too deep, in line %u, "
                 "column %u", line, column);
  if (normal == NULL)
    return NULL;

  parser = json_parser_new_immutable ();
  if (!json_parser_load_from_data (parser, normal, -1, NULL))
    {
      g_set_error_literal (error, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_PROTOCOL,
                           "not JSON: syntax error");
      return NULL;
    }

  root = json_parser_get_root (parser);
  if (root == NULL || !JSON_NODE_HOLDS_OBJECT (root))
    {
      g_set_error_literal (error, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_PROTOCOL,
                           "not a JSON object");
      return NULL;
    }
  return json_node_dup_object (root);
}

/**
 * eka_json_parse_bytes:
 * @bytes: JSON text, not trusted
 * @error: return location; %EKA_SCRIBE_ERROR_PROTOCOL
 *
 * Returns: (transfer full): the object that @bytes hold
 */
JsonObject *
eka_json_parse_bytes (GBytes  *bytes,
                      GError **error)
{
  gsize size;
  const gchar *data = g_bytes_get_data (bytes, &size);

  return eka_json_parse_object (data != NULL ? data : "", size, error);
}

static JsonNode *
get_member (JsonObject  *object,
            const gchar *member)
{
  JsonNode *node;

  if (object == NULL || !json_object_has_member (object, member))
    return NULL;
  node = json_object_get_member (object, member);
  return JSON_NODE_HOLDS_NULL (node) ? NULL : node;
}

/**
 * eka_json_get_string:
 * @object: (nullable): an object
 * @member: name of a member
 *
 * Returns: (nullable) (transfer none): the string, or %NULL where there is none
 */
const gchar *
eka_json_get_string (JsonObject  *object,
                     const gchar *member)
{
  JsonNode *node = get_member (object, member);

  if (node == NULL || json_node_get_value_type (node) != G_TYPE_STRING)
    return NULL;
  return json_node_get_string (node);
}

/**
 * eka_json_get_number:
 * @object: (nullable): an object
 * @member: name of a member
 * @fallback: what counts where the member is no number
 *
 * Returns: the number
 */
gdouble
eka_json_get_number (JsonObject  *object,
                     const gchar *member,
                     gdouble      fallback)
{
  JsonNode *node = get_member (object, member);

  if (node == NULL || (json_node_get_value_type (node) != G_TYPE_INT64 &&
                       json_node_get_value_type (node) != G_TYPE_DOUBLE))
    return fallback;
  return json_node_get_double (node);
}

/**
 * eka_json_get_count:
 * @object: (nullable): an object
 * @member: name of a member
 *
 * Returns: the whole number from 0 up, or -1 where the member is none
 */
gint
eka_json_get_count (JsonObject  *object,
                    const gchar *member)
{
  gdouble number = eka_json_get_number (object, member, -1);

  if (!(number >= 0) || number > G_MAXINT || floor (number) != number)
    return -1;
  return (gint) number;
}

/**
 * eka_json_get_boolean:
 * @object: (nullable): an object
 * @member: name of a member
 *
 * Returns: %TRUE where the member is there and true
 */
gboolean
eka_json_get_boolean (JsonObject  *object,
                      const gchar *member)
{
  JsonNode *node = get_member (object, member);

  return node != NULL && json_node_get_value_type (node) == G_TYPE_BOOLEAN &&
         json_node_get_boolean (node);
}

/**
 * eka_json_get_object:
 * @object: (nullable): an object
 * @member: name of a member
 *
 * Returns: (nullable) (transfer none): the object, or %NULL
 */
JsonObject *
eka_json_get_object (JsonObject  *object,
                     const gchar *member)
{
  JsonNode *node = get_member (object, member);

  if (node == NULL || !JSON_NODE_HOLDS_OBJECT (node))
    return NULL;
  return json_node_get_object (node);
}

/**
 * eka_json_get_array:
 * @object: (nullable): an object
 * @member: name of a member
 *
 * Returns: (nullable) (transfer none): the array, or %NULL
 */
JsonArray *
eka_json_get_array (JsonObject  *object,
                    const gchar *member)
{
  JsonNode *node = get_member (object, member);

  if (node == NULL || !JSON_NODE_HOLDS_ARRAY (node))
    return NULL;
  return json_node_get_array (node);
}

/**
 * eka_json_get_strv:
 * @object: (nullable): an object
 * @member: name of a member
 *
 * Returns: (nullable) (transfer full): the strings of an array, what is not a
 *   string left out, or %NULL where there is no array
 */
gchar **
eka_json_get_strv (JsonObject  *object,
                   const gchar *member)
{
  JsonArray *array = eka_json_get_array (object, member);
  g_autoptr (GStrvBuilder) builder = NULL;
  guint i;

  if (array == NULL)
    return NULL;
  builder = g_strv_builder_new ();
  for (i = 0; i < json_array_get_length (array); i++)
    {
      JsonNode *node = json_array_get_element (array, i);

      if (json_node_get_value_type (node) == G_TYPE_STRING)
        g_strv_builder_add (builder, json_node_get_string (node));
    }
  return g_strv_builder_end (builder);
}

/**
 * eka_json_get_text:
 * @object: (nullable): an object
 * @member: name of a member
 *
 * Returns: (nullable) (transfer full): whatever the member holds as JSON text,
 *   or %NULL where it is absent or null
 */
gchar *
eka_json_get_text (JsonObject  *object,
                   const gchar *member)
{
  JsonNode *node = get_member (object, member);

  return node != NULL ? eka_json_to_text (node) : NULL;
}

/**
 * eka_json_to_text:
 * @node: a node
 *
 * Returns: (transfer full): it as JSON text on one line
 */
gchar *
eka_json_to_text (JsonNode *node)
{
  return eka_jsontext_write (node);
}
