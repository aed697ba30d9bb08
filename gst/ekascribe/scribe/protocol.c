/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "scribe/protocol.h"

#include <string.h>

#include "scribe/error.h"
#include "scribe/fault.h"
#include "scribe/json.h"

#define WELL_KNOWN "/.well-known/medscribealliance"
#define JSON_TYPE "application/json"

/* Longest session id that is taken from a service; the documents allow 32. */
#define MAX_SESSION_ID 128

/* @text: (transfer full): a JSON object */
static void
set_text_body (EkaRequest *request,
               gchar      *text)
{
  g_autoptr (GBytes) body = g_bytes_new_take (text, strlen (text));

  eka_request_set_body (request, JSON_TYPE, body);
}

static gchar *
object_to_text (JsonObject *object)
{
  g_autoptr (JsonNode) node = json_node_new (JSON_NODE_OBJECT);

  json_node_set_object (node, object);
  return eka_json_to_text (node);
}

static gchar *
session_uri (const gchar *base_url,
             const gchar *session_id,
             const gchar *rest)
{
  g_autofree gchar *id = g_uri_escape_string (session_id, NULL, FALSE);

  return g_strconcat (base_url, "/sessions/", id, rest, NULL);
}

/**
 * eka_protocol_discover:
 * @base_url: API root
 * @host_root: ask at the root of the host, where the public specification puts
 *   the document, in place of the API root
 *
 * Returns: (transfer full) (nullable): the request, or %NULL where the API root
 *   is the root of the host
 */
EkaRequest *
eka_protocol_discover (const gchar *base_url,
                       gboolean     host_root)
{
  g_autofree gchar *uri = NULL;

  if (host_root)
    {
      const gchar *host = strstr (base_url, "://");
      const gchar *path = host != NULL ? strchr (host + 3, '/') : NULL;

      if (path == NULL)
        return NULL;
      uri = g_strdup_printf ("%.*s%s", (int) (path - base_url), base_url,
                             WELL_KNOWN);
    }
  else
    uri = g_strconcat (base_url, WELL_KNOWN, NULL);
  return eka_request_new (EKA_CALL_DISCOVER, "GET", uri);
}

static void
set_strv (JsonObject  *object,
          const gchar *member,
          gchar      **strv)
{
  JsonArray *array;

  if (strv == NULL || *strv == NULL)
    return;
  array = json_array_new ();
  for (; *strv != NULL; strv++)
    json_array_add_string_element (array, *strv);
  json_object_set_array_member (object, member, array);
}

static void
set_string (JsonObject  *object,
            const gchar *member,
            const gchar *value)
{
  if (value != NULL && *value != '\0')
    json_object_set_string_member (object, member, value);
}

/* Adds a member to the object that @body is. @text (nullable) has passed
 * eka_settings_check(), and goes out as it was given: parsing would round the
 * long numbers that identify patients. */
static void
append_object (GString     *body,
               const gchar *member,
               const gchar *text)
{
  if (text == NULL)
    return;
  g_string_truncate (body, body->len - 1);
  g_string_append_printf (body, ",\"%s\":%s}", member, text);
}

static gboolean
has_member (JsonObject  *object,
            const gchar *member)
{
  return object != NULL && json_object_has_member (object, member);
}

/* Adds to @object what links a session to those before it, but for members that
 * the application's own data has already. */
static void
set_links (JsonObject        *object,
           const EkaSettings *settings,
           const gchar       *replaced_id)
{
  g_autoptr (JsonObject) own = NULL;

  if (settings->additional_data != NULL)
    own = eka_json_parse_object (settings->additional_data, -1, NULL);
  if (settings->part > 1 && !has_member (own, "part"))
    json_object_set_int_member (object, "part", settings->part);
  if (settings->part > 1 && !has_member (own, "previous_session_id"))
    set_string (object, "previous_session_id", settings->previous_id);
  if (settings->part > 1 && !has_member (own, "first_session_id"))
    set_string (object, "first_session_id", settings->first_id);
  if (!has_member (own, "replaced_session_id"))
    set_string (object, "replaced_session_id", replaced_id);
}

/* The application's data as it was given, with the links at its end. */
static void
append_additional_data (GString           *body,
                        const EkaSettings *settings,
                        const gchar       *replaced_id)
{
  g_autoptr (JsonObject) links = json_object_new ();
  g_autoptr (GString) data = NULL;
  g_autofree gchar *text = NULL;
  const gchar *own = settings->additional_data;
  gsize end;

  set_links (links, settings, replaced_id);
  if (json_object_get_size (links) == 0)
    {
      append_object (body, "additional_data", own);
      return;
    }
  text = object_to_text (links);
  if (own == NULL)
    {
      append_object (body, "additional_data", text);
      return;
    }
  data = g_string_new (own);
  end = strrchr (data->str, '}') - data->str;
  g_string_truncate (data, end);
  g_strchomp (data->str);
  g_string_set_size (data, strlen (data->str));
  g_string_append_printf (data, "%s%s",
                          data->str[data->len - 1] == '{' ? "" : ",", text + 1);
  append_object (body, "additional_data", data->str);
}

static gboolean
takes_language (const EkaDiscovery *discovery,
                const EkaSettings  *settings,
                const gchar        *language)
{
  const EkaModel *model = eka_discovery_find_model (discovery,
                                                    settings->model);

  return language != NULL && discovery != NULL &&
         discovery->languages != NULL &&
         g_strv_contains ((const gchar *const *) discovery->languages,
                          language) &&
         (model == NULL || model->languages == NULL ||
          g_strv_contains ((const gchar *const *) model->languages, language));
}

/* The settings' hint, else the language of the stream, else detection; the last
 * two only where they are sure to be taken. */
static void
set_language_hint (JsonObject         *object,
                   const EkaSettings  *settings,
                   const EkaDiscovery *discovery,
                   const gchar        *language)
{
  gchar *one[] = { NULL, NULL };

  if (settings->language_hint != NULL && *settings->language_hint != NULL)
    {
      set_strv (object, "language_hint", settings->language_hint);
      return;
    }
  if (takes_language (discovery, settings, language))
    one[0] = (gchar *) language;
  else if (discovery != NULL && discovery->auto_detection)
    one[0] = (gchar *) "auto_detect";
  set_strv (object, "language_hint", one);
}

/**
 * eka_protocol_create:
 * @base_url: API root
 * @settings: settings that passed their checks
 * @discovery: (nullable): what the service can do
 * @session_id: the id to ask for
 * @replaced_id: (nullable): id of the session that was lost, and whose audio
 *   goes to this one
 * @language: (nullable): ISO 639-1 code of the stream, where it is known
 *
 * Create Session. Model and mode are always sent: the defaults of servers
 * differ.
 *
 * Returns: (transfer full): the request
 */
EkaRequest *
eka_protocol_create (const gchar        *base_url,
                     const EkaSettings  *settings,
                     const EkaDiscovery *discovery,
                     const gchar        *session_id,
                     const gchar        *replaced_id,
                     const gchar        *language)
{
  g_autofree gchar *uri = g_strconcat (base_url, "/sessions", NULL);
  g_autoptr (JsonObject) object = json_object_new ();
  EkaRequest *request = eka_request_new (EKA_CALL_CREATE, "POST", uri);
  const gchar *model = settings->model;
  g_autofree gchar *text = NULL;
  GString *body;

  if (model == NULL)
    {
      const EkaModel *listed = eka_discovery_find_model (discovery, NULL);

      model = listed != NULL ? listed->id : "lite";
    }

  set_string (object, "session_id", session_id);
  set_string (object, "session_mode", settings->session_mode);
  set_strv (object, "templates", settings->templates);
  set_string (object, "model", model);
  set_language_hint (object, settings, discovery, language);
  set_string (object, "transcript_language", settings->transcript_language);
  set_string (object, "upload_type",
              eka_upload_type_to_string (settings->upload_type));
  set_string (object, "communication_protocol",
              settings->upload_type == EKA_UPLOAD_STREAM ? "websocket"
                                                         : "http");
  text = object_to_text (object);
  body = g_string_new (text);
  append_additional_data (body, settings, replaced_id);
  append_object (body, "patient_details", settings->patient_details);
  set_text_body (request, g_string_free (body, FALSE));
  return request;
}

/**
 * eka_protocol_is_session_id:
 * @id: what somebody says that it is
 *
 * Holds it against what becomes a part of paths, on the service and on this
 * machine's disk.
 *
 * Returns: whether it may be one
 */
gboolean
eka_protocol_is_session_id (const gchar *id)
{
  gsize length = strspn (id, "abcdefghijklmnopqrstuvwxyz"
                             "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.:~");

  return id[length] == '\0' && length <= MAX_SESSION_ID && *id != '.';
}

/**
 * eka_created_clear:
 * @created: an answer
 */
void
eka_created_clear (EkaCreated *created)
{
  g_clear_pointer (&created->session_id, g_free);
  g_clear_pointer (&created->upload_url, g_free);
  g_clear_pointer (&created->created_at, g_free);
  g_clear_pointer (&created->expires_at, g_free);
}

static gboolean
fail_create (GError     **error,
             EkaReply    *reply,
             const gchar *what)
{
  g_propagate_error (error, eka_fault_protocol (reply, EKA_CALL_CREATE, what));
  return FALSE;
}

/**
 * eka_protocol_parse_create:
 * @reply: an answer with a status of 2xx
 * @created: (out caller-allocates): what it says; full of zeros before
 * @error: return location; %EKA_SCRIBE_ERROR_PROTOCOL
 *
 * Returns: %FALSE where the answer is no session
 */
gboolean
eka_protocol_parse_create (EkaReply   *reply,
                           EkaCreated *created,
                           GError    **error)
{
  g_autoptr (GError) local = NULL;
  g_autoptr (JsonObject) root = eka_json_parse_bytes (reply->body, &local);
  g_autofree gchar *what = NULL;
  const gchar *id, *url;

  if (root == NULL)
    {
      what = g_strdup_printf ("the answer is %s", local->message);
      return fail_create (error, reply, what);
    }
  if (eka_json_get_object (root, "upload_url") != NULL)
    return fail_create (error, reply,
                        "its upload_url is a form for a storage service, which "
                        "is not supported");
  id = eka_json_get_string (root, "session_id");
  url = eka_json_get_string (root, "upload_url");
  if (id != NULL && *id == '\0')
    id = NULL;
  if (id == NULL && url == NULL)
    return fail_create (error, reply, "the answer names no session");
  if (id != NULL && !eka_protocol_is_session_id (id))
    return fail_create (error, reply,
                        "its session_id can be no part of a path");
  created->session_id = g_strdup (id);
  created->upload_url = g_strdup (url);
  created->created_at = g_strdup (eka_json_get_string (root, "created_at"));
  created->expires_at = g_strdup (eka_json_get_string (root, "expires_at"));
  return TRUE;
}

/**
 * eka_protocol_chunk_name:
 * @number: of a chunk in its session
 * @extension: of its format
 *
 * Returns: (transfer full): its name on the server, such as `audio_0.ogg`
 */
gchar *
eka_protocol_chunk_name (guint        number,
                         const gchar *extension)
{
  return g_strdup_printf ("audio_%u.%s", number, extension);
}

/**
 * eka_protocol_upload:
 * @base_url: API root
 * @session_id: the session
 * @upload_url: (nullable): as Create Session gave it; it may carry a query.
 *   %NULL: the place that Upload Audio documents
 * @chunk: what to send
 * @media_type: its Content-Type
 * @name: its name
 * @error: return location; %EKA_SCRIBE_ERROR_PROTOCOL
 *
 * Returns: (transfer full): the request, or %NULL where @upload_url is no URL
 */
EkaRequest *
eka_protocol_upload (const gchar *base_url,
                     const gchar *session_id,
                     const gchar *upload_url,
                     EkaChunk    *chunk,
                     const gchar *media_type,
                     const gchar *name,
                     GError     **error)
{
  g_autofree gchar *fallback = session_uri (base_url, session_id, "/audio");
  g_autofree gchar *absolute = NULL;
  g_autofree gchar *uri = NULL;
  EkaRequest *request;
  gsize path;

  absolute = g_uri_resolve_relative (fallback,
                                     upload_url != NULL ? upload_url : fallback,
                                     G_URI_FLAGS_ENCODED, NULL);
  if (absolute == NULL || (!g_str_has_prefix (absolute, "https://") &&
                           !g_str_has_prefix (absolute, "http://")))
    {
      g_set_error_literal (error, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_PROTOCOL,
                           "The upload_url of the service is not an http URL");
      if (error != NULL)
        eka_scribe_error_edit_info (*error)->request =
            g_strdup (eka_call_to_string (EKA_CALL_UPLOAD));
      return NULL;
    }

  /* The name goes behind the path, before a query; a fragment is dropped. */
  absolute[strcspn (absolute, "#")] = '\0';
  path = strcspn (absolute, "?");
  uri = g_strdup_printf ("%.*s%s%s%s", (int) path, absolute,
                         path > 0 && absolute[path - 1] == '/' ? "" : "/",
                         name, absolute + path);
  request = eka_request_new (EKA_CALL_UPLOAD, "POST", uri);
  eka_request_set_body (request, media_type, chunk->bytes);
  return request;
}

/**
 * eka_protocol_parse_upload:
 * @reply: an answer with a status of 2xx
 * @session_id: the session
 * @name: the name that was sent
 * @error: return location; %EKA_SCRIBE_ERROR_PROTOCOL
 *
 * A chunk is acknowledged by whole JSON, `success` that is true, its own name,
 * and no other session's id; nothing less will do.
 *
 * Returns: whether the chunk is acknowledged
 */
gboolean
eka_protocol_parse_upload (EkaReply    *reply,
                           const gchar *session_id,
                           const gchar *name,
                           GError     **error)
{
  g_autoptr (GError) local = NULL;
  g_autoptr (JsonObject) root = eka_json_parse_bytes (reply->body, &local);
  const gchar *id = eka_json_get_string (root, "session_id");
  g_autofree gchar *what = NULL;

  if (root == NULL)
    what = g_strdup_printf ("the answer is %s", local->message);
  else if (!eka_json_get_boolean (root, "success"))
    what = g_strdup ("“success” is not true");
  else if (g_strcmp0 (eka_json_get_string (root, "original_filename"),
                      name) != 0)
    what = g_strdup_printf ("“original_filename” is not %s", name);
  else if (id != NULL && !g_str_equal (id, session_id))
    what = g_strdup ("it names another session");
  if (what == NULL)
    return TRUE;
  g_propagate_error (error, eka_fault_protocol (reply, EKA_CALL_UPLOAD, what));
  return FALSE;
}

static EkaRequest *
refuse_stream (GError     **error,
               const gchar *why)
{
  g_set_error (error, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_PROTOCOL,
               "The upload_url of the service %s", why);
  if (error != NULL)
    eka_scribe_error_edit_info (*error)->request =
        g_strdup (eka_call_to_string (EKA_CALL_STREAM));
  return NULL;
}

/**
 * eka_protocol_stream:
 * @base_url: API root
 * @upload_url: (nullable): as Create Session gave it; taken as it is
 * @error: return location; %EKA_SCRIBE_ERROR_PROTOCOL, without the URL, which
 *   is a credential
 *
 * Returns: (transfer full): the request for a WebSocket, or %NULL where
 *   @upload_url is none, or in clear text beside an API that is not
 */
EkaRequest *
eka_protocol_stream (const gchar *base_url,
                     const gchar *upload_url,
                     GError     **error)
{
  if (upload_url == NULL)
    return refuse_stream (error, "is missing");
  if (g_ascii_strncasecmp (upload_url, "wss://", 6) != 0 &&
      g_ascii_strncasecmp (upload_url, "ws://", 5) != 0)
    return refuse_stream (error, "is no address of a WebSocket");
  if (g_ascii_strncasecmp (upload_url, "ws://", 5) == 0 &&
      g_ascii_strncasecmp (base_url, "https://", 8) == 0)
    return refuse_stream (error, "is not encrypted (ws), though its API is "
                                 "(https)");
  return eka_request_new (EKA_CALL_STREAM, "GET", upload_url);
}

/**
 * eka_protocol_end:
 * @base_url: API root
 * @session_id: the session
 * @sent: how many chunks were sent
 *
 * Returns: (transfer full): End Session
 */
EkaRequest *
eka_protocol_end (const gchar *base_url,
                  const gchar *session_id,
                  guint        sent)
{
  g_autofree gchar *uri = session_uri (base_url, session_id, "/end");
  g_autoptr (JsonObject) object = json_object_new ();
  EkaRequest *request = eka_request_new (EKA_CALL_END, "POST", uri);

  json_object_set_int_member (object, "audio_files_sent", sent);
  set_text_body (request, object_to_text (object));
  return request;
}

/**
 * eka_protocol_parse_end:
 * @reply: an answer with a status of 2xx
 *
 * Returns: how many files the service says that it received, or -1 where it
 *   does not say
 */
gint
eka_protocol_parse_end (EkaReply *reply)
{
  g_autoptr (JsonObject) root = eka_json_parse_bytes (reply->body, NULL);

  return eka_json_get_count (root, "audio_files_received");
}

/**
 * eka_protocol_get:
 * @base_url: API root
 * @session_id: the session
 * @template_id: (nullable): asks for the documents of this template only
 *
 * Returns: (transfer full): Get Session
 */
EkaRequest *
eka_protocol_get (const gchar *base_url,
                  const gchar *session_id,
                  const gchar *template_id)
{
  g_autofree gchar *query = NULL;
  g_autofree gchar *uri = NULL;

  if (template_id != NULL && *template_id != '\0')
    {
      g_autofree gchar *id = g_uri_escape_string (template_id, NULL, FALSE);

      query = g_strconcat ("?template_id=", id, NULL);
    }
  uri = session_uri (base_url, session_id, query != NULL ? query : "");
  return eka_request_new (EKA_CALL_GET, "GET", uri);
}

/**
 * eka_protocol_templates:
 * @base_url: API root
 *
 * Returns: (transfer full): asks which templates there are
 */
EkaRequest *
eka_protocol_templates (const gchar *base_url)
{
  g_autofree gchar *uri = g_strconcat (base_url, "/templates", NULL);

  return eka_request_new (EKA_CALL_TEMPLATES, "GET", uri);
}

/**
 * eka_protocol_cancel:
 * @base_url: API root
 * @session_id: the session
 *
 * Not in the service's documents; open servers take it before End.
 *
 * Returns: (transfer full): a request that gives the session up
 */
EkaRequest *
eka_protocol_cancel (const gchar *base_url,
                     const gchar *session_id)
{
  g_autofree gchar *uri = session_uri (base_url, session_id, "");
  g_autoptr (JsonObject) object = json_object_new ();
  EkaRequest *request = eka_request_new (EKA_CALL_PATCH, "PATCH", uri);

  json_object_set_string_member (object, "user_status", "cancelled");
  json_object_set_string_member (object, "processing_status", "cancelled");
  set_text_body (request, object_to_text (object));
  return request;
}

/**
 * eka_protocol_fresh_for:
 * @reply: an answer
 *
 * Returns: µs for which it may be used again (RFC 9111: `max-age` less `Age`,
 *   unless `no-store` or `no-cache`); 0: not at all
 */
gint64
eka_protocol_fresh_for (EkaReply *reply)
{
  g_auto (GStrv) parts = NULL;
  gint64 fresh = 0;
  guint i;

  if (reply->cache_control == NULL)
    return 0;
  parts = g_strsplit (reply->cache_control, ",", -1);
  for (i = 0; parts[i] != NULL; i++)
    {
      const gchar *part = g_strstrip (parts[i]);

      if (g_ascii_strcasecmp (part, "no-store") == 0 ||
          g_ascii_strncasecmp (part, "no-cache", 8) == 0)
        return 0;
      if (g_ascii_strncasecmp (part, "max-age=", 8) == 0)
        fresh = g_ascii_strtoll (part + 8 + (part[8] == '"'), NULL, 10);
    }
  /* Nobody means more than a day; the product must not overflow either. */
  fresh = CLAMP (fresh, 0, 24 * 60 * 60) - MAX (reply->age, 0);
  return MAX (fresh, 0) * G_TIME_SPAN_SECOND;
}
