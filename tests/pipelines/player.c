/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "harness.h"

#include <string.h>

/**
 * player_new:
 * @format: a launch line
 *
 * Returns: (transfer full): its pipeline, in NULL
 */
Player *
player_new (const gchar *format,
            ...)
{
  Player *self = g_new0 (Player, 1);
  g_autoptr (GError) error = NULL;
  g_autofree gchar *line = NULL;
  va_list args;

  va_start (args, format);
  line = g_strdup_vprintf (format, args);
  va_end (args);
  self->pipeline = gst_parse_launch (line, &error);
  g_assert_no_error (error);
  self->scribe = gst_bin_get_by_name (GST_BIN (self->pipeline), "scribe");
  self->messages =
      g_ptr_array_new_with_free_func ((GDestroyNotify) gst_message_unref);
  return self;
}

/**
 * player_free:
 * @player: (transfer full): a player; its pipeline goes to NULL
 */
void
player_free (Player *player)
{
  gst_element_set_state (player->pipeline, GST_STATE_NULL);
  g_clear_object (&player->scribe);
  gst_object_unref (player->pipeline);
  g_ptr_array_unref (player->messages);
  g_free (player);
}

/**
 * player_set:
 * @player: a player
 * @state: where its pipeline is to go
 */
void
player_set (Player  *player,
            GstState state)
{
  gst_element_set_state (player->pipeline, state);
}

/* The next message, which is kept. */
static GstMessage *
player_pop (Player *self,
            gint64  end_time)
{
  g_autoptr (GstBus) bus = gst_element_get_bus (self->pipeline);
  gint64 left = end_time - g_get_monotonic_time ();
  GstMessage *message =
      gst_bus_timed_pop (bus, (GstClockTime) MAX (left, 0) * GST_USECOND);

  if (message != NULL)
    g_ptr_array_add (self->messages, message);
  return message;
}

static void
player_shout (Player      *self,
              const gchar *what)
{
  guint i;

  for (i = 0; i < self->messages->len; i++)
    {
      GstMessage *message = g_ptr_array_index (self->messages, i);
      const GstStructure *structure = gst_message_get_structure (message);
      g_autofree gchar *text =
          structure != NULL ? gst_structure_to_string (structure) : NULL;

      g_printerr ("%s %s\n", GST_MESSAGE_TYPE_NAME (message), text);
    }
  g_error ("no %s came", what);
}

/**
 * player_wait:
 * @player: a player
 * @types: messages of interest
 *
 * Returns: (transfer none): the next message of one of @types
 */
GstMessage *
player_wait (Player        *player,
             GstMessageType types)
{
  gint64 end_time = g_get_monotonic_time () +
                    HARNESS_PATIENCE * G_TIME_SPAN_SECOND;
  GstMessage *message;

  while ((message = player_pop (player, end_time)) != NULL)
    if (GST_MESSAGE_TYPE (message) & types)
      return message;
  player_shout (player, gst_message_type_get_name (types));
  return NULL;
}

/**
 * player_await:
 * @player: a player
 * @name: of the structure of an element message
 * @state: (nullable): what its field `state` must hold
 *
 * Returns: (transfer none): the next such message's structure
 */
const GstStructure *
player_await (Player      *player,
              const gchar *name,
              const gchar *state)
{
  for (;;)
    {
      GstMessage *message =
          player_wait (player, GST_MESSAGE_ELEMENT | GST_MESSAGE_ERROR);
      const GstStructure *structure = gst_message_get_structure (message);

      if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR)
        player_shout (player, name);
      if (gst_structure_has_name (structure, name) &&
          (state == NULL ||
           g_strcmp0 (gst_structure_get_string (structure, "state"), state) ==
               0))
        return structure;
    }
}

/**
 * player_run:
 * @player: a player; it is set to PLAYING
 *
 * Returns: (transfer none): the ERROR or EOS that ends it
 */
GstMessage *
player_run (Player *player)
{
  player_set (player, GST_STATE_PLAYING);
  return player_wait (player, GST_MESSAGE_ERROR | GST_MESSAGE_EOS);
}

static gboolean
fits (GstMessage    *message,
      GstMessageType types,
      const gchar   *name)
{
  return (GST_MESSAGE_TYPE (message) & types) &&
         (name == NULL || gst_message_has_name (message, name));
}

/* Takes in what is on the bus already. */
static void
player_drain (Player *self)
{
  while (player_pop (self, 0) != NULL)
    continue;
}

/**
 * player_count:
 * @player: a player
 * @types: messages of interest
 * @name: (nullable): what their structure must be called
 *
 * Returns: how many came so far
 */
guint
player_count (Player        *player,
              GstMessageType types,
              const gchar   *name)
{
  guint i, n = 0;

  player_drain (player);
  for (i = 0; i < player->messages->len; i++)
    n += fits (g_ptr_array_index (player->messages, i), types, name);
  return n;
}

/**
 * player_find:
 * @player: a player
 * @types: messages of interest
 *
 * Returns: (transfer none) (nullable): the first one that came so far
 */
GstMessage *
player_find (Player        *player,
             GstMessageType types)
{
  guint i;

  player_drain (player);
  for (i = 0; i < player->messages->len; i++)
    if (fits (g_ptr_array_index (player->messages, i), types, NULL))
      return g_ptr_array_index (player->messages, i);
  return NULL;
}

/**
 * player_last:
 * @player: a player
 * @name: of the structure of an element message
 *
 * Returns: (transfer none) (nullable): the last one that came so far
 */
const GstStructure *
player_last (Player      *player,
             const gchar *name)
{
  guint i;

  player_drain (player);
  for (i = player->messages->len; i > 0; i--)
    if (fits (g_ptr_array_index (player->messages, i - 1), GST_MESSAGE_ELEMENT,
              name))
      return gst_message_get_structure (
          g_ptr_array_index (player->messages, i - 1));
  return NULL;
}

/**
 * harness_assert_fault:
 * @message: an ERROR or WARNING
 * @expected: what it must say
 */
void
harness_assert_fault (GstMessage  *message,
                      const Fault *expected)
{
  const GstStructure *details = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree gchar *debug = NULL;
  guint status = 0;

  g_assert_nonnull (message);
  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR)
    {
      gst_message_parse_error (message, &error, &debug);
      gst_message_parse_error_details (message, &details);
    }
  else
    {
      g_assert_cmpint (GST_MESSAGE_TYPE (message), ==, GST_MESSAGE_WARNING);
      gst_message_parse_warning (message, &error, &debug);
      gst_message_parse_warning_details (message, &details);
    }
  g_test_message ("%s | %s", error->message, debug);
  g_assert_cmpstr (g_quark_to_string (error->domain), ==,
                   g_quark_to_string (expected->domain));
  if (expected->text != NULL && strstr (error->message, expected->text) == NULL)
    g_error ("“%s” does not hold “%s”", error->message, expected->text);
  g_assert_cmpint (error->code, ==, expected->code);
  g_assert_nonnull (details);
  gst_structure_get_uint (details, "http-status-code", &status);
  g_assert_cmpuint (status, ==, expected->status);
  g_assert_cmpstr (gst_structure_get_string (details, "error-code"), ==,
                   expected->error_code);
  g_assert_cmpstr (gst_structure_get_string (details, "request"), ==,
                   expected->request);
  g_assert_cmpstr (gst_structure_get_string (details, "property"), ==,
                   expected->property);
}
