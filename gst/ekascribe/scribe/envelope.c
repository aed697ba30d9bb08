/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "scribe/envelope.h"

#include "scribe/json.h"

/**
 * eka_envelope_media:
 * @samples: little endian samples of 16 bits
 *
 * Returns: (transfer full): one message with @samples
 */
gchar *
eka_envelope_media (GBytes *samples)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (samples, &size);
  g_autofree gchar *payload = g_base64_encode (data, size);

  return g_strconcat ("{\"event\":\"media\",\"media\":{\"payload\":\"", payload,
                      "\"}}", NULL);
}

/* The names that services give it. */
static const gchar *
find_text (JsonObject *object)
{
  static const gchar *const names[] = { "transcript", "text", "partial",
                                        "partial_transcript" };
  const gchar *text = NULL;
  guint i;

  for (i = 0; i < G_N_ELEMENTS (names) && text == NULL; i++)
    text = eka_json_get_string (object, names[i]);
  return text;
}

/**
 * eka_envelope_parse_transcript:
 * @message: a text that the service sent
 * @text: (out) (transfer full): what was heard
 * @language: (out) (transfer full) (nullable): in which language
 *
 * Nothing that services send is documented: a transcript is a JSON object with
 * a text in a member of a usual name, itself or in its member `data`, unless
 * that is the text of an error.
 *
 * Returns: whether @message is one
 */
gboolean
eka_envelope_parse_transcript (GBytes *message,
                               gchar **text,
                               gchar **language)
{
  g_autoptr (JsonObject) root = eka_json_parse_bytes (message, NULL);
  JsonObject *holder = root;
  const gchar *found;

  *text = NULL;
  *language = NULL;
  if (root == NULL || json_object_has_member (root, "error"))
    return FALSE;
  found = find_text (holder);
  if (found == NULL)
    {
      holder = eka_json_get_object (root, "data");
      found = holder != NULL ? find_text (holder) : NULL;
    }
  if (found == NULL)
    return FALSE;
  *text = g_strdup (found);
  *language = g_strdup (eka_json_get_string (holder, "language"));
  return TRUE;
}
