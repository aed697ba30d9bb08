/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "gstekascribelabels.h"

#include <string.h>

#include "scribe/json.h"

#define MEMBER "legs"

static const gchar *const channels[] = { "left", "right" };

static gchar *
print_leg (const gchar *pad,
           const gchar *label,
           gint         channel)
{
  g_autoptr (JsonObject) object = json_object_new ();
  g_autoptr (JsonNode) node = json_node_new (JSON_NODE_OBJECT);

  json_object_set_string_member (object, "pad", pad);
  json_object_set_string_member (object, "label", label);
  if (channel >= 0 && channel < (gint) G_N_ELEMENTS (channels))
    json_object_set_string_member (object, "channel", channels[channel]);
  json_node_set_object (node, object);
  return eka_json_to_text (node);
}

/**
 * gst_ekascribe_labels_append:
 * @legs: (transfer full) (nullable): a JSON array, or %NULL: it is empty
 * @pad: name of a pad
 * @label: (nullable): who is heard on it; empty or %NULL: nobody says
 * @channel: of the mix: 0 is left, 1 is right; -1: it has one
 *
 * Returns: (transfer full) (nullable): @legs with that pad, if it has a label
 */
gchar *
gst_ekascribe_labels_append (gchar       *legs,
                             const gchar *pad,
                             const gchar *label,
                             gint         channel)
{
  g_autofree gchar *old = legs;
  g_autofree gchar *leg = NULL;

  if (label == NULL || *label == '\0')
    return g_steal_pointer (&old);
  leg = print_leg (pad, label, channel);
  if (old == NULL)
    return g_strdup_printf ("[%s]", leg);
  old[strlen (old) - 1] = '\0';
  return g_strdup_printf ("%s,%s]", old, leg);
}

/**
 * gst_ekascribe_labels_clash:
 * @additional_data: (nullable): a JSON object of the application's
 *
 * Returns: whether it has such a member of its own, which stays
 */
gboolean
gst_ekascribe_labels_clash (const gchar *additional_data)
{
  g_autoptr (JsonObject) own = NULL;

  if (additional_data != NULL)
    own = eka_json_parse_object (additional_data, -1, NULL);
  return own != NULL && json_object_has_member (own, MEMBER);
}

/**
 * gst_ekascribe_labels_warn:
 * @element: who posts
 * @user_data: not used
 *
 * Warns that what the application says itself stays.
 */
void
gst_ekascribe_labels_warn (GstElement *element,
                                    gpointer    user_data)
{
  GST_ELEMENT_WARNING (element, RESOURCE, SETTINGS,
                       ("additional-data has a member \"legs\" of its own: "
                        "what the label of pads says is left out."),
                       (NULL));
}

/**
 * gst_ekascribe_labels_join:
 * @additional_data: (nullable): a JSON object of the application's
 * @legs: (nullable): what gst_ekascribe_labels_append() made
 *
 * Text is added to text: parsing would round long numbers.
 *
 * Returns: (transfer full) (nullable): both in one object
 */
gchar *
gst_ekascribe_labels_join (const gchar *additional_data,
                           const gchar *legs)
{
  const gchar *end;
  g_autofree gchar *head = NULL;

  if (legs == NULL || gst_ekascribe_labels_clash (additional_data))
    return g_strdup (additional_data);
  if (additional_data == NULL)
    return g_strdup_printf ("{\"" MEMBER "\":%s}", legs);
  end = strrchr (additional_data, '}');
  if (end == NULL)
    return g_strdup (additional_data);
  head = g_strchomp (g_strndup (additional_data, end - additional_data));
  return g_strdup_printf ("%s%s\"" MEMBER "\":%s}", head,
                          g_str_has_suffix (head, "{") ? "" : ",", legs);
}
