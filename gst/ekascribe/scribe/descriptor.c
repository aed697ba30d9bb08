/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "scribe/descriptor.h"

#include <string.h>

#include "scribe/error.h"
#include "scribe/json.h"
#include "scribe/protocol.h"
#include "scribe/secret.h"

/* What this version writes, and the newest that it reads. Members that it does
 * not know are left aside: a later version may add some and stay with the
 * number. */
#define FORMAT 1

/* Many times what a session ever says of itself. */
#define MAX_SIZE (1024 * 1024)

/* More than is written beside and behind the patient's details. */
#define MAX_REST 64

static const gchar *const upload_types[] = { "chunked", "stream", "single",
                                             NULL };
static const gchar *const session_modes[] = { "dictation", "consultation",
                                              NULL };
static const gchar *const chunk_errors[] = { "abort", "skip", NULL };
static const gchar *const discoveries[] = { "auto", "require", "off", NULL };

/* --- print -------------------------------------------------------------- */

typedef struct
{
  GString *text;
  const gchar *indent;
} Writer;

/* @value: JSON text */
static void
add (Writer      *out,
     const gchar *name,
     const gchar *value)
{
  if (out->text->str[out->text->len - 1] != '{')
    g_string_append_c (out->text, ',');
  g_string_append_c (out->text, '\n');
  g_string_append (out->text, out->indent);
  g_string_append_c (out->text, '"');
  g_string_append (out->text, name);
  g_string_append (out->text, "\": ");
  g_string_append (out->text, value);
}

static gchar *
quote (const gchar *string)
{
  g_autoptr (JsonNode) node = json_node_new (JSON_NODE_VALUE);

  json_node_set_string (node, string);
  return eka_json_to_text (node);
}

static void
add_string (Writer      *out,
            const gchar *name,
            const gchar *string)
{
  g_autofree gchar *value = NULL;

  if (string == NULL)
    return;
  value = quote (string);
  add (out, name, value);
}

static void
add_strings (Writer      *out,
             const gchar *name,
             gchar      **strings)
{
  g_autoptr (GString) value = g_string_new ("[");

  if (strings == NULL)
    return;
  for (; *strings != NULL; strings++)
    {
      g_autofree gchar *quoted = quote (*strings);

      g_string_append_printf (value, "%s%s", value->len > 1 ? ", " : "",
                              quoted);
    }
  g_string_append_c (value, ']');
  add (out, name, value->str);
}

/* A text that does not move from now on leaves no copy behind. */
static void
reserve (GString *text,
         gsize    size)
{
  const gsize length = text->len;

  g_string_set_size (text, length + size);
  g_string_truncate (text, length);
}

/* An object goes out as it was given: reading it would round the long numbers
 * that identify patients. */
static void
add_settings (Writer            *out,
              const EkaSettings *settings)
{
  g_autofree gchar *part = g_strdup_printf ("%u", settings->part);

  add (out, "settings", "{");
  out->indent = "    ";
  add_string (out, "base_url", settings->base_url);
  add_string (out, "discovery", discoveries[settings->discovery]);
  add_string (out, "upload_type", upload_types[settings->upload_type]);
  add_string (out, "on_chunk_error", chunk_errors[settings->on_chunk_error]);
  add_string (out, "session_mode", settings->session_mode);
  add_string (out, "model", settings->model);
  add_strings (out, "templates", settings->templates);
  add_strings (out, "language_hint", settings->language_hint);
  add_string (out, "transcript_language", settings->transcript_language);
  add (out, "part", part);
  add_string (out, "first_id", settings->first_id);
  add_string (out, "previous_id", settings->previous_id);
  add_string (out, "result_template", settings->result_template);
  if (settings->additional_data != NULL)
    add (out, "additional_data", settings->additional_data);
  if (settings->patient_details != NULL)
    {
      reserve (out->text, strlen (settings->patient_details) + MAX_REST);
      add (out, "patient_details", settings->patient_details);
    }
  g_string_append (out->text, "\n  }");
}

/**
 * eka_descriptor_print:
 * @descriptor: a session, with settings that passed eka_settings_check()
 *
 * Writes it as a JSON object for people and programs. The same descriptor gives
 * the same bytes.
 *
 * Returns: (transfer full): the text, which is wiped with its last reference
 */
GBytes *
eka_descriptor_print (const EkaDescriptor *descriptor)
{
  const EkaSettings *settings = descriptor->settings;
  GString *all = g_string_new (NULL);
  Writer writer = { all, "  " };
  Writer *out = &writer;
  gsize size;
  gchar *text;

  g_string_append_c (all, '{');
  add (out, "format", G_STRINGIFY (FORMAT));
  add_string (out, "software", "gst-ekascribe " VERSION);
  add_string (out, "session_id", descriptor->session_id);
  add_string (out, "replaced_id", descriptor->replaced_id);
  add (out, "created", descriptor->created ? "true" : "false");
  add (out, "ended", descriptor->ended ? "true" : "false");
  if (descriptor->failed)
    add (out, "failed", "true");
  add_string (out, "started_at", descriptor->started_at);
  add_string (out, "language", descriptor->language);
  add_settings (out, settings);
  g_string_append (all, "\n}\n");
  size = all->len;
  text = g_string_free (all, FALSE);
  return g_bytes_new_with_free_func (text, size, eka_secret_free, text);
}

/* --- raw text ----------------------------------------------------------- */

static const gchar *
skip_blanks (const gchar *at)
{
  return at + strspn (at, " \t\r\n");
}

static const gchar *
skip_string (const gchar *at)
{
  for (at++; *at != '"'; at++)
    if (*at == '\\')
      at++;
  return at + 1;
}

static const gchar *
skip_value (const gchar *at)
{
  guint depth = 0;

  do
    {
      if (*at == '"')
        at = skip_string (at);
      else if (*at == '{' || *at == '[')
        depth++, at++;
      else if (*at == '}' || *at == ']')
        depth--, at++;
      else if (depth == 0)
        return at + strcspn (at, ",]} \t\r\n");
      else
        at++;
    }
  while (depth > 0);
  return at;
}

/* The last member @name of an object, letter by letter.
 * @text: a JSON object that was parsed before
 *
 * Returns: (transfer full) (nullable): its text */
static gchar *
find_raw (const gchar *text,
          const gchar *name)
{
  const gchar *at = skip_blanks (text);
  const gchar *found = NULL;
  const gsize length = strlen (name);

  do
    {
      const gchar *key = skip_blanks (at + 1);
      const gchar *end;

      if (*key != '"')
        break; /* it is empty */
      end = skip_string (key);
      at = skip_blanks (skip_blanks (end) + 1); /* behind the colon */
      if ((gsize) (end - key) == length + 2 &&
          strncmp (key + 1, name, length) == 0)
        found = at;
      at = skip_blanks (skip_value (at));
    }
  while (*at == ',');
  return found != NULL ? g_strndup (found, skip_value (found) - found) : NULL;
}

/* --- parse -------------------------------------------------------------- */

/* What is read, and what is wrong with it. */
typedef struct
{
  JsonObject *object;
  gchar *text;  /* of @object */
  gchar *wrong; /* name of the first member that can't be */
} Reader;

static void
note_wrong (Reader      *reader,
            const gchar *name)
{
  if (reader->wrong == NULL)
    reader->wrong = g_strdup (name);
}

static JsonNode *
get (Reader      *reader,
     const gchar *name)
{
  JsonNode *node = json_object_get_member (reader->object, name);

  return node == NULL || JSON_NODE_HOLDS_NULL (node) ? NULL : node;
}

static gchar *
read_string (Reader      *reader,
             const gchar *name)
{
  if (get (reader, name) == NULL)
    return NULL;
  if (eka_json_get_string (reader->object, name) == NULL)
    note_wrong (reader, name);
  return g_strdup (eka_json_get_string (reader->object, name));
}

/* An id that the service gave, or was given. */
static gchar *
read_id (Reader      *reader,
         const gchar *name)
{
  gchar *id = read_string (reader, name);

  if (id != NULL && (*id == '\0' || !eka_protocol_is_session_id (id)))
    note_wrong (reader, name);
  return id;
}

static gchar **
read_strings (Reader      *reader,
              const gchar *name)
{
  JsonNode *node = get (reader, name);
  gchar **strings;

  if (node == NULL)
    return NULL;
  strings = eka_json_get_strv (reader->object, name);
  if (strings == NULL || g_strv_length (strings) !=
                             json_array_get_length (json_node_get_array (node)))
    note_wrong (reader, name);
  return strings;
}

static gboolean
read_boolean (Reader      *reader,
              const gchar *name)
{
  JsonNode *node = get (reader, name);

  if (node != NULL && json_node_get_value_type (node) != G_TYPE_BOOLEAN)
    note_wrong (reader, name);
  return eka_json_get_boolean (reader->object, name);
}

static guint
read_count (Reader      *reader,
            const gchar *name)
{
  if (get (reader, name) == NULL)
    return 0;
  if (eka_json_get_count (reader->object, name) < 0)
    note_wrong (reader, name);
  return MAX (eka_json_get_count (reader->object, name), 0);
}

/* @words: what it may be; the first one is the default */
static guint
read_word (Reader            *reader,
           const gchar       *name,
           const gchar *const words[])
{
  g_autofree gchar *word = read_string (reader, name);
  guint i;

  for (i = 0; word != NULL && words[i] != NULL; i++)
    if (g_str_equal (words[i], word))
      return i;
  if (word != NULL)
    note_wrong (reader, name);
  return 0;
}

static gchar *
read_object (Reader      *reader,
             const gchar *name)
{
  JsonNode *node = get (reader, name);
  gchar *text;

  if (node == NULL)
    return NULL;
  text = find_raw (reader->text, name);
  if (!JSON_NODE_HOLDS_OBJECT (node) || text == NULL || *text != '{')
    note_wrong (reader, name);
  return text;
}

static void
read_settings (Reader      *reader,
               EkaSettings *settings)
{
  settings->base_url = read_string (reader, "base_url");
  settings->discovery = read_word (reader, "discovery", discoveries);
  settings->upload_type = read_word (reader, "upload_type", upload_types);
  settings->on_chunk_error = read_word (reader, "on_chunk_error",
                                        chunk_errors);
  g_free (settings->session_mode);
  settings->session_mode =
      g_strdup (session_modes[read_word (reader, "session_mode",
                                         session_modes)]);
  settings->model = read_string (reader, "model");
  settings->templates = read_strings (reader, "templates");
  settings->language_hint = read_strings (reader, "language_hint");
  settings->transcript_language = read_string (reader, "transcript_language");
  settings->part = read_count (reader, "part");
  settings->first_id = read_id (reader, "first_id");
  settings->previous_id = read_id (reader, "previous_id");
  settings->result_template = read_string (reader, "result_template");
  settings->additional_data = read_object (reader, "additional_data");
  settings->patient_details = read_object (reader, "patient_details");
}

static void
read_all (Reader        *reader,
          EkaDescriptor *descriptor)
{
  Reader inner = { .object = eka_json_get_object (reader->object, "settings") };

  descriptor->session_id = read_id (reader, "session_id");
  descriptor->replaced_id = read_id (reader, "replaced_id");
  descriptor->created = read_boolean (reader, "created");
  descriptor->ended = read_boolean (reader, "ended");
  descriptor->failed = read_boolean (reader, "failed");
  descriptor->started_at = read_string (reader, "started_at");
  descriptor->language = read_string (reader, "language");
  if (descriptor->session_id == NULL)
    note_wrong (reader, "session_id");
  if (inner.object == NULL)
    {
      note_wrong (reader, "settings");
      return;
    }
  inner.text = find_raw (reader->text, "settings");
  if (inner.text == NULL)
    {
      note_wrong (reader, "settings");
      return;
    }
  read_settings (&inner, descriptor->settings);
  if (inner.wrong != NULL)
    note_wrong (reader, inner.wrong);
  g_free (inner.wrong);
  eka_secret_free (inner.text);
}

static gboolean G_GNUC_PRINTF (3, 4)
fail (GError       **error,
      EkaScribeError code,
      const gchar   *format,
      ...)
{
  va_list args;

  va_start (args, format);
  if (error != NULL)
    *error = g_error_new_valist (EKA_SCRIBE_ERROR, code, format, args);
  va_end (args);
  return FALSE;
}

/* Whether the format is ours, or an older one. */
static gboolean
check_format (JsonObject *object,
              GError    **error)
{
  gint format = eka_json_get_count (object, "format");

  if (format < 1)
    return fail (error, EKA_SCRIBE_ERROR_DAMAGED,
                 "The description of the session has no format");
  if (format > FORMAT)
    return fail (error, EKA_SCRIBE_ERROR_NEWER,
                 "The description of the session was written by a later "
                 "version (its format is %d, and this version reads up to %d)",
                 format, FORMAT);
  return TRUE;
}

/* That the settings could have been made here. Whether the service may be
 * trusted is for others to say, so plain HTTP passes. */
static gboolean
check_settings (EkaSettings *settings,
                GError     **error)
{
  g_autoptr (GError) local = NULL;

  settings->allow_http = TRUE;
  eka_settings_check (settings, &local);
  settings->allow_http = FALSE;
  if (local == NULL)
    return TRUE;
  return fail (error, EKA_SCRIBE_ERROR_DAMAGED,
               "The description of the session makes no sense: %s",
               local->message);
}

static gboolean
read_text (EkaDescriptor *descriptor,
           gchar         *text,
           GError       **error)
{
  g_autoptr (GError) local = NULL;
  g_autoptr (JsonObject) object = eka_json_parse_object (text, -1, &local);
  Reader reader = { object, text, NULL };
  g_autofree gchar *wrong = NULL;

  if (object == NULL)
    return fail (error, EKA_SCRIBE_ERROR_DAMAGED,
                 "The description of the session is %s", local->message);
  if (!check_format (object, error))
    return FALSE;
  read_all (&reader, descriptor);
  wrong = reader.wrong;
  if (wrong != NULL)
    return fail (error, EKA_SCRIBE_ERROR_DAMAGED,
                 "The description of the session makes no sense: %s", wrong);
  return check_settings (descriptor->settings, error);
}

/**
 * eka_descriptor_parse:
 * @bytes: what eka_descriptor_print() made, not trusted
 * @error: return location; %EKA_SCRIBE_ERROR_NEWER where a later version wrote
 *   it, else %EKA_SCRIBE_ERROR_DAMAGED. It quotes nothing that may tell of a
 *   patient
 *
 * Its settings pass eka_settings_check(), but that base_url may be http. They
 * have no token and no session_id.
 *
 * Returns: (transfer full) (nullable): the session
 */
EkaDescriptor *
eka_descriptor_parse (GBytes  *bytes,
                      GError **error)
{
  g_autoptr (EkaDescriptor) descriptor = g_new0 (EkaDescriptor, 1);
  gsize size;
  const gchar *data = g_bytes_get_data (bytes, &size);
  gchar *text;
  gboolean done;

  descriptor->settings = eka_settings_new ();
  if (size > MAX_SIZE)
    {
      fail (error, EKA_SCRIBE_ERROR_DAMAGED,
            "The description of the session is too large");
      return NULL;
    }
  if (size > 0 && memchr (data, '\0', size) != NULL)
    {
      fail (error, EKA_SCRIBE_ERROR_DAMAGED,
            "The description of the session is no text");
      return NULL;
    }
  text = g_strndup (size > 0 ? data : "", size);
  done = read_text (descriptor, text, error);
  eka_secret_free (text);
  return done ? g_steal_pointer (&descriptor) : NULL;
}

/**
 * eka_descriptor_free:
 * @descriptor: (transfer full): a session
 *
 * Wipes what tells of a patient.
 */
void
eka_descriptor_free (EkaDescriptor *descriptor)
{
  eka_settings_free (descriptor->settings);
  g_free (descriptor->session_id);
  g_free (descriptor->replaced_id);
  g_free (descriptor->started_at);
  g_free (descriptor->language);
  g_free (descriptor);
}
