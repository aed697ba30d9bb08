/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "stream.h"

#include "frame.h"
#include "validate.h"

#include <string.h>
#include <unistd.h>

#define SAMPLE_SIZE 2
#define SECOND (SANDBOX_STREAM_RATE * SAMPLE_SIZE)
#define ENCODING "audio/x-l16"
/* What is heard at a time: less costs more (files are opened for each piece),
 * and a resampler loses a piece that is shorter than its filter. */
#define MIN_PIECE (SECOND / 4)
#define MAX_PIECE (SECOND * 10)

/* From the kernel: GLib's UUIDs come from a generator that can be guessed. */
static gchar *
make_random (const gchar *prefix, gsize bytes)
{
  guint8 noise[32];
  GString *text = g_string_new (prefix);
  gsize i;

  g_assert (bytes <= sizeof noise && getentropy (noise, bytes) == 0);
  for (i = 0; i < bytes; i++)
    g_string_append_printf (text, "%02x", noise[i]);
  return g_string_free (text, FALSE);
}

/**
 * sandbox_stream_new:
 * @max_duration: seconds of audio that it takes
 *
 * Returns: (transfer full): a stream that nothing was sent on
 */
SandboxStream *
sandbox_stream_new (gdouble max_duration)
{
  SandboxStream *self = g_new0 (SandboxStream, 1);

  self->id = make_random ("str_", 14);
  self->token = make_random ("", 32);
  self->pending = g_byte_array_new ();
  self->limit = (guint64)(max_duration * SANDBOX_STREAM_RATE) * SAMPLE_SIZE;
  return self;
}

/**
 * sandbox_stream_free:
 * @self: (transfer full): to be freed; its connection is over
 */
void
sandbox_stream_free (SandboxStream *self)
{
  g_free (self->id);
  explicit_bzero (self->token, strlen (self->token));
  g_free (self->token);
  g_byte_array_unref (self->pending);
  g_free (self);
}

/**
 * sandbox_stream_make_url:
 * @self: a stream
 * @base_url: API root, of http or https
 *
 * Returns: (transfer full): where it is sent to; a credential
 */
gchar *
sandbox_stream_make_url (SandboxStream *self, const gchar *base_url)
{
  gboolean http = g_ascii_strncasecmp (base_url, "http", 4) == 0;

  return g_strconcat (http ? "ws" : "", base_url + (http ? 4 : 0),
                      "/stream/sessions/", self->id,
                      "/audio?token=", self->token, NULL);
}

/**
 * sandbox_stream_admits:
 * @self: a stream
 * @token: (nullable): of its URL
 *
 * Returns: whether it is the right one
 */
gboolean
sandbox_stream_admits (SandboxStream *self, const gchar *token)
{
  g_autofree gchar *ours = NULL;
  g_autofree gchar *theirs = NULL;

  if (token == NULL)
    return FALSE;
  /* Digests: how long it takes says nothing of the token. */
  ours = g_compute_checksum_for_string (G_CHECKSUM_SHA256, self->token, -1);
  theirs = g_compute_checksum_for_string (G_CHECKSUM_SHA256, token, -1);
  return g_str_equal (ours, theirs);
}

/**
 * sandbox_stream_begin:
 * @self: a stream that carried no audio
 * @link: whom to tell; static
 * @link_data: for @link
 *
 * A connection is open. What an earlier one said without sending audio is
 * forgotten.
 */
void
sandbox_stream_begin (SandboxStream *self,
                      const SandboxStreamLink *link,
                      gpointer link_data)
{
  self->form = SANDBOX_STREAM_NEW;
  self->stalled = FALSE;
  self->link = link;
  self->link_data = link_data;
}

/* --- what comes ----------------------------------------------------------- */

G_GNUC_PRINTF (3, 4)
static gboolean
refuse (GError **error, guint code, const gchar *format, ...)
{
  g_autofree gchar *reason = NULL;
  va_list args;

  va_start (args, format);
  reason = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error_literal (error, SANDBOX_CLOSE_ERROR, (gint)code, reason);
  return FALSE;
}

static gboolean
refuse_unsupported (GError **error, const gchar *reason)
{
  return refuse (error, SOUP_WEBSOCKET_CLOSE_UNSUPPORTED_DATA, "%s", reason);
}

static gboolean
refuse_bad (GError **error, const gchar *reason)
{
  return refuse (error, SOUP_WEBSOCKET_CLOSE_BAD_DATA, "%s", reason);
}

static gboolean
refuse_policy (GError **error, const gchar *reason)
{
  return refuse (error, SOUP_WEBSOCKET_CLOSE_POLICY_VIOLATION, "%s", reason);
}

static gboolean
take_audio (SandboxStream *self, gconstpointer data, gsize size, GError **error)
{
  if (size % SAMPLE_SIZE != 0)
    return refuse_bad (error, "the audio ends within a sample");
  if (self->taken + size > self->limit)
    {
      self->too_long = TRUE;
      return refuse_policy (error, "the model takes no longer recordings");
    }
  if (size > 0)
    g_byte_array_append (self->pending, data, (guint)size);
  self->taken += size;
  return TRUE;
}

/* g_base64_decode() passes over what is none. */
static gboolean
is_base64 (const gchar *text)
{
  gsize length = strlen (text);
  gsize i;

  if (length % 4 != 0)
    return FALSE;
  while (length > 0 && text[length - 1] == '=' && strlen (text) - length < 2)
    length--;
  for (i = 0; i < length; i++)
    if (!g_ascii_isalnum (text[i]) && text[i] != '+' && text[i] != '/')
      return FALSE;
  return TRUE;
}

static JsonObject *
get_object (JsonObject *object, const gchar *name)
{
  JsonNode *node = json_object_get_member (object, name);

  return node != NULL && JSON_NODE_HOLDS_OBJECT (node)
             ? json_node_get_object (node)
             : NULL;
}

static const gchar *
get_string (JsonObject *object, const gchar *name)
{
  JsonNode *node = json_object_get_member (object, name);

  return node != NULL && JSON_NODE_HOLDS_VALUE (node) &&
                 json_node_get_value_type (node) == G_TYPE_STRING
             ? json_node_get_string (node)
             : NULL;
}

/* A number of another type than JSON's integers is another number. */
static gboolean
is_int (JsonObject *object, const gchar *name, gint64 value)
{
  JsonNode *node = json_object_get_member (object, name);

  return node != NULL && JSON_NODE_HOLDS_VALUE (node) &&
         json_node_get_value_type (node) == G_TYPE_INT64 &&
         json_node_get_int (node) == value;
}

static gboolean
take_start (SandboxStream *self, JsonObject *message, GError **error)
{
  JsonObject *start = get_object (message, "start");
  JsonObject *format = get_object (start ? start : message, "mediaFormat");

  if (format == NULL)
    format = get_object (message, "mediaFormat");
  if (self->form == SANDBOX_STREAM_JSON)
    return refuse_policy (error, "the stream has started before");
  if (format == NULL)
    return refuse_policy (error, "start has no mediaFormat");
  if (g_strcmp0 (get_string (format, "encoding"), ENCODING) != 0)
    return refuse_unsupported (error, "the encoding is not " ENCODING);
  if (!is_int (format, "sampleRate", SANDBOX_STREAM_RATE))
    return refuse_unsupported (error, "sampleRate is not 16000");
  if (json_object_has_member (format, "channels") &&
      !is_int (format, "channels", 1))
    return refuse_unsupported (error, "channels is not 1");
  self->form = SANDBOX_STREAM_JSON;
  return TRUE;
}

static gboolean
take_media (SandboxStream *self, JsonObject *message, GError **error)
{
  JsonObject *media = get_object (message, "media");
  const gchar *payload = media ? get_string (media, "payload") : NULL;
  g_autofree guchar *samples = NULL;
  gsize size = 0;

  if (self->form != SANDBOX_STREAM_JSON)
    return refuse_policy (error, "media comes before start");
  if (payload == NULL)
    return refuse_policy (error, "media has no payload");
  if (!is_base64 (payload))
    return refuse_bad (error, "the payload is not base64");
  samples = g_base64_decode (payload, &size);
  return take_audio (self, samples, size, error);
}

static gboolean
take_text (SandboxStream *self, const gchar *text, gsize size, GError **error)
{
  g_autoptr (GBytes) bytes = g_bytes_new_static (text, size);
  SandboxRefusal *refusal = NULL;
  g_autoptr (JsonObject) message = sandbox_validate_json (bytes, &refusal);
  const gchar *event;

  if (message == NULL)
    {
      sandbox_refusal_free (refusal);
      return refuse_bad (error, "the text is not a JSON object");
    }
  event = get_string (message, "event");
  if (g_strcmp0 (event, "stop") == 0)
    {
      self->stopped = TRUE;
      return TRUE;
    }
  if (self->form == SANDBOX_STREAM_BINARY)
    return refuse_unsupported (error, "text other than stop, after binary");
  if (g_strcmp0 (event, "start") == 0)
    return take_start (self, message, error);
  if (g_strcmp0 (event, "media") == 0)
    return take_media (self, message, error);
  return refuse_policy (error, event ? "the event is unknown"
                                     : "the text has no event");
}

/**
 * sandbox_stream_take:
 * @self: a stream
 * @text: the message is one of text
 * @data: (array length=size): the message
 * @size: bytes
 * @error: a #SANDBOX_CLOSE_ERROR
 *
 * Takes a message, strictly. The form is that of the first one.
 *
 * Returns: whether it is one
 */
gboolean
sandbox_stream_take (SandboxStream *self,
                     gboolean text,
                     gconstpointer data,
                     gsize size,
                     GError **error)
{
  if (self->stopped)
    return refuse_policy (error, "a message comes after stop");
  if (text)
    return take_text (self, data, size, error);
  if (self->form == SANDBOX_STREAM_JSON)
    return refuse_unsupported (error, "a binary message comes after start");
  self->form = SANDBOX_STREAM_BINARY;
  return take_audio (self, data, size, error);
}

/**
 * sandbox_stream_next:
 * @self: a stream
 * @all: no more can come: what is there is heard, however little
 *
 * Returns: (transfer full) (nullable): the next samples to be heard, no longer
 *   pending; %NULL: there are none, or too few
 */
GBytes *
sandbox_stream_next (SandboxStream *self, gboolean all)
{
  guint size = MIN (self->pending->len, MAX_PIECE);
  GBytes *piece;

  if (size < MIN_PIECE && (!all || size == 0))
    return NULL;
  piece = g_bytes_new (self->pending->data, size);
  g_byte_array_remove_range (self->pending, 0, size);
  return piece;
}
