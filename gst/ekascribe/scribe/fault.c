/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "scribe/fault.h"

#include <string.h>

#include <libsoup/soup.h>

#include "scribe/error.h"
#include "scribe/json.h"

/* How much of an answer is looked at that is not JSON, in bytes. */
#define MAX_TEXT (64 * 1024)

typedef struct
{
  gchar *code;
  gchar *message;
  gchar *details;
} Fault;

static void
fault_clear (Fault *fault)
{
  g_free (fault->code);
  g_free (fault->message);
  g_free (fault->details);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Fault, fault_clear)

/* FastAPI's list of validation errors: where and what, but never `input`, which
 * repeats what was sent, patient details included. */
static gchar *
describe_validation (JsonArray *list)
{
  g_autoptr (GString) text = g_string_new (NULL);
  guint i, j;

  for (i = 0; i < json_array_get_length (list) && i < 5; i++)
    {
      JsonNode *node = json_array_get_element (list, i);
      JsonObject *entry;
      JsonArray *where;

      if (!JSON_NODE_HOLDS_OBJECT (node))
        continue;
      entry = json_node_get_object (node);
      if (text->len > 0)
        g_string_append (text, "; ");
      where = eka_json_get_array (entry, "loc");
      for (j = 0; where != NULL && j < json_array_get_length (where); j++)
        {
          JsonNode *part = json_array_get_element (where, j);

          if (json_node_get_value_type (part) == G_TYPE_STRING)
            g_string_append_printf (text, "%s%s", j > 0 ? "." : "",
                                    json_node_get_string (part));
        }
      if (eka_json_get_string (entry, "msg") != NULL)
        g_string_append_printf (text, ": %s",
                                eka_json_get_string (entry, "msg"));
    }
  return text->len > 0 ? g_strdup (text->str) : NULL;
}

static JsonNode *
without_input (JsonNode *node)
{
  JsonNode *copy;
  guint i;

  if (JSON_NODE_HOLDS_OBJECT (node))
    {
      JsonObject *object = json_object_new ();
      JsonObjectIter iter;
      const gchar *name;
      JsonNode *member;

      json_object_iter_init_ordered (&iter, json_node_get_object (node));
      while (json_object_iter_next_ordered (&iter, &name, &member))
        if (strcmp (name, "input") != 0)
          json_object_set_member (object, name, without_input (member));
      copy = json_node_new (JSON_NODE_OBJECT);
      json_node_take_object (copy, object);
      return copy;
    }
  if (JSON_NODE_HOLDS_ARRAY (node))
    {
      JsonArray *from = json_node_get_array (node);
      JsonArray *array = json_array_new ();

      for (i = 0; i < json_array_get_length (from); i++)
        json_array_add_element (array, without_input (
                                           json_array_get_element (from, i)));
      copy = json_node_new (JSON_NODE_ARRAY);
      json_node_take_array (copy, array);
      return copy;
    }
  return json_node_copy (node);
}

/* The same list may come as details; `input` stays out there as well. */
static gchar *
get_details (JsonObject *from)
{
  g_autoptr (JsonNode) copy = NULL;

  if (eka_json_get_object (from, "details") == NULL &&
      eka_json_get_array (from, "details") == NULL)
    return eka_json_get_text (from, "details");
  copy = without_input (json_object_get_member (from, "details"));
  return eka_json_to_text (copy);
}

/* The first of the objects that has @member as a string. */
static gchar *
first_string (JsonObject *const *objects,
              const gchar       *member)
{
  for (; *objects != NULL; objects++)
    if (eka_json_get_string (*objects, member) != NULL)
      return g_strdup (eka_json_get_string (*objects, member));
  return NULL;
}

/* `error` is an object in the seeds, a sentence elsewhere; FastAPI puts either
 * into `detail`; the code beside it may be a number. */
static void
parse_json (Fault      *fault,
            JsonObject *root)
{
  JsonObject *outer = eka_json_get_object (root, "error") == NULL &&
                              eka_json_get_object (root, "detail") != NULL
                          ? eka_json_get_object (root, "detail")
                          : root;
  JsonObject *error = eka_json_get_object (outer, "error");
  JsonObject *const from[] = { error != NULL ? error : outer, outer, NULL };
  JsonArray *validation = eka_json_get_array (outer, "detail");

  fault->code = first_string (from, "code");
  if (fault->code == NULL && eka_json_get_number (from[0], "code", -1) >= 0)
    fault->code = eka_json_get_text (from[0], "code");
  fault->details = get_details (from[0]);

  fault->message = first_string (from, "message");
  if (fault->message == NULL)
    fault->message = first_string (from, "error");
  if (fault->message == NULL)
    fault->message = first_string (from, "detail");
  if (fault->message == NULL && validation != NULL)
    fault->message = describe_validation (validation);
}

/* The text between `<name>` and `</name>`, attributes allowed. By hand: what a
 * gateway sends must not make a regular expression think for long. */
static gchar *
cut_element (const gchar *text,
             const gchar *name)
{
  gsize length = strlen (name);
  const gchar *at, *end;

  for (at = strchr (text, '<'); at != NULL; at = strchr (at + 1, '<'))
    {
      if (g_ascii_strncasecmp (at + 1, name, length) != 0 ||
          (at[1 + length] != '>' && !g_ascii_isspace (at[1 + length])))
        continue;
      at = strchr (at, '>');
      end = at != NULL ? strchr (at, '<') : NULL;
      if (end == NULL || end[1] != '/')
        return NULL;
      return g_strstrip (g_strndup (at + 1, end - at - 1));
    }
  return NULL;
}

/* What a storage service or a gateway says in markup. */
static void
parse_markup (Fault       *fault,
              const gchar *text)
{
  fault->code = cut_element (text, "Code");
  fault->message = cut_element (text, "Message");
  if (fault->message == NULL)
    {
      g_autofree gchar *title = cut_element (text, "title");

      fault->message = g_strdup_printf (
          "the answer is a web page%s%s%s, not the service's; a gateway or a "
          "login page may stand in between", title != NULL ? " “" : "",
          title != NULL ? title : "", title != NULL ? "”" : "");
    }
}

/* Line breaks and terminal commands have no place in a message. */
static void
flatten (gchar *text)
{
  for (; text != NULL && *text != '\0'; text++)
    if (g_ascii_iscntrl (*text))
      *text = ' ';
}

static void
fault_parse (Fault  *fault,
             GBytes *body)
{
  g_autoptr (JsonObject) root = eka_json_parse_bytes (body, NULL);
  gsize size = MIN (g_bytes_get_size (body), MAX_TEXT);

  if (root != NULL)
    parse_json (fault, root);
  else if (size > 0)
    {
      g_autofree gchar *text =
          g_utf8_make_valid (g_bytes_get_data (body, NULL), size);

      g_strstrip (text);
      if (*text == '<')
        parse_markup (fault, text);
      else if (g_ascii_isalpha (*text))
        fault->message = g_steal_pointer (&text);
    }
  flatten (fault->code);
  flatten (fault->message);
}

/* libsoup has no words for what is younger than RFC 2616 and its drafts. */
static const gchar *
get_phrase (guint status)
{
  const gchar *phrase;

  if (status == 425)
    return "Too Early";
  if (status == 429)
    return "Too Many Requests";
  phrase = soup_status_get_phrase (status);
  return g_str_equal (phrase, "Unknown Error") ? NULL : phrase;
}

static EkaScribeError
classify (guint   status,
          EkaCall call)
{
  if (status == 408 || status == 425 || status == 429 || status >= 500)
    return EKA_SCRIBE_ERROR_UNAVAILABLE;
  if (status == 401 || status == 403)
    return EKA_SCRIBE_ERROR_NOT_AUTHORIZED;
  if ((status == 404 || status == 410) && call != EKA_CALL_CREATE &&
      call != EKA_CALL_DISCOVER && call != EKA_CALL_TEMPLATES)
    return EKA_SCRIBE_ERROR_GONE;
  if (status >= 400)
    return EKA_SCRIBE_ERROR_REFUSED;
  return EKA_SCRIBE_ERROR_PROTOCOL;
}

/* What Create asks for, as the wire and people call it, and the properties that say
 * it. One that is a part of another comes after it; "model" comes last: validators
 * call much else a model. */
static const struct
{
  const gchar *word;
  const gchar *property;
} subjects[] = {
  { "template", "templates" },
  { "transcript_language", "transcript-language" },
  { "language", "language-hint" },
  { "session_id", "session-id" },
  { "session_mode", "session-mode" },
  { "upload_type", "upload-type" },
  { "communication_protocol", "upload-type" },
  { "patient", "patient-details" },
  { "additional_data", "additional-data" },
  { "model", "model" },
};

/* Returns: (transfer none) (nullable): the property that a refusal of Create is
 * about, if it says so */
static const gchar *
find_property (const Fault *fault)
{
  const gchar *const texts[] = { fault->code, fault->details, fault->message };
  guint i, j;

  for (i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autofree gchar *text =
          texts[i] != NULL ? g_ascii_strdown (texts[i], -1) : NULL;

      for (j = 0; text != NULL && j < G_N_ELEMENTS (subjects); j++)
        if (strstr (text, subjects[j].word) != NULL)
          return subjects[j].property;
    }
  return NULL;
}

/**
 * eka_fault_from_reply:
 * @reply: an answer that is no success
 * @call: the call it answers
 *
 * Reads every error envelope that servers of the protocol and the gateways
 * before them are known to send: `{"error":{"code","message","details"}}`,
 * `{"error":"text"}`, `{"detail":"text"}` or a list, `{"message":"text"}`, XML,
 * HTML, plain text, nothing. The texts are not cut, so that secrets which they
 * echo can still be found whole: eka_client_redact() does both.
 *
 * Returns: (transfer full): an %EKA_SCRIBE_ERROR with status, code, details and
 *   call; where Create was refused also with the property that the answer is about
 */
GError *
eka_fault_from_reply (EkaReply *reply,
                      EkaCall   call)
{
  g_auto (Fault) fault = { 0 };
  g_autoptr (GString) text = g_string_new (NULL);
  const gchar *phrase = get_phrase (reply->status);
  const gchar *property = NULL;
  EkaScribeErrorInfo *info;
  GError *error;

  fault_parse (&fault, reply->body);
  if (call == EKA_CALL_CREATE &&
      classify (reply->status, call) == EKA_SCRIBE_ERROR_REFUSED)
    property = find_property (&fault);
  if (property != NULL)
    g_string_append_printf (
        text, "The service does not take the value of %s. ", property);
  g_string_append_printf (text, "The service answered %s with HTTP %u",
                          eka_call_to_string (call), reply->status);
  if (phrase != NULL)
    g_string_append_printf (text, " (%s)", phrase);
  if (fault.code != NULL)
    g_string_append_printf (text, " %s", fault.code);
  if (fault.message != NULL)
    g_string_append_printf (text, ": %s", fault.message);

  error = g_error_new_literal (EKA_SCRIBE_ERROR,
                               classify (reply->status, call), text->str);
  info = eka_scribe_error_edit_info (error);
  info->property = property;
  info->http_status = reply->status;
  info->code = g_steal_pointer (&fault.code);
  info->details = g_steal_pointer (&fault.details);
  info->request = g_strdup (eka_call_to_string (call));
  return error;
}

/**
 * eka_fault_protocol:
 * @reply: an answer whose status is a success but whose body is not
 * @call: the call it answers
 * @what: what is wrong with it, such as `“success” is not true`
 *
 * Returns: (transfer full): %EKA_SCRIBE_ERROR_PROTOCOL
 */
GError *
eka_fault_protocol (EkaReply    *reply,
                    EkaCall      call,
                    const gchar *what)
{
  g_auto (Fault) fault = { 0 };
  EkaScribeErrorInfo *info;
  GError *error;

  fault_parse (&fault, reply->body);
  error = g_error_new (EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_PROTOCOL,
                       "The service answered %s with HTTP %u, but %s%s%s",
                       eka_call_to_string (call), reply->status, what,
                       fault.message != NULL ? ": " : "",
                       fault.message != NULL ? fault.message : "");
  info = eka_scribe_error_edit_info (error);
  info->http_status = reply->status;
  info->code = g_steal_pointer (&fault.code);
  info->details = g_steal_pointer (&fault.details);
  info->request = g_strdup (eka_call_to_string (call));
  return error;
}
