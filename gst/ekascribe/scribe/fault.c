/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "scribe/fault.h"

#include <string.h>

#include <libsoup/soup.h>

#include "scribe/error.h"
#include "scribe/json.h"

/* Longest text of a server's that goes into a message, in characters. */
#define MAX_TEXT 300

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

/* `error` is an object in the seeds, a sentence elsewhere; the code beside it
 * may be a number. */
static void
parse_json (Fault      *fault,
            JsonObject *root)
{
  JsonObject *error = eka_json_get_object (root, "error");
  JsonObject *from = error != NULL ? error : root;
  JsonArray *validation = eka_json_get_array (root, "detail");

  fault->code = g_strdup (eka_json_get_string (from, "code"));
  if (fault->code == NULL)
    fault->code = eka_json_get_text (from, "code");
  fault->message = g_strdup (eka_json_get_string (from, "message"));
  fault->details = eka_json_get_text (from, "details");

  if (fault->message == NULL)
    fault->message = g_strdup (eka_json_get_string (root, "error"));
  if (fault->message == NULL)
    fault->message = g_strdup (eka_json_get_string (root, "detail"));
  if (fault->message == NULL && validation != NULL)
    fault->message = describe_validation (validation);
  if (fault->message == NULL)
    fault->message = g_strdup (eka_json_get_string (
        eka_json_get_object (root, "detail"), "message"));
}

/* The text between `<name>` and `</name>`, attributes allowed. */
static gchar *
cut_element (const gchar *text,
             const gchar *name)
{
  g_autofree gchar *pattern = g_strdup_printf (
      "<%s(?:\\s[^>]*)?>\\s*([^<]*?)\\s*</%s>", name, name);
  g_autoptr (GRegex) regex = g_regex_new (pattern, G_REGEX_CASELESS, 0, NULL);
  g_autoptr (GMatchInfo) match = NULL;

  if (!g_regex_match (regex, text, 0, &match))
    return NULL;
  return g_match_info_fetch (match, 1);
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

static void
shorten (gchar **text)
{
  gchar *cut;

  if (*text == NULL || g_utf8_strlen (*text, -1) <= MAX_TEXT)
    return;
  cut = g_utf8_substring (*text, 0, MAX_TEXT);
  g_free (*text);
  *text = g_strconcat (cut, "…", NULL);
  g_free (cut);
}

static void
fault_parse (Fault  *fault,
             GBytes *body)
{
  g_autoptr (JsonObject) root = eka_json_parse_bytes (body, NULL);

  if (root != NULL)
    parse_json (fault, root);
  else if (g_bytes_get_size (body) > 0)
    {
      gsize size = MIN (g_bytes_get_size (body), 64 * 1024);
      g_autofree gchar *text =
          g_utf8_make_valid (g_bytes_get_data (body, NULL), size);

      g_strstrip (text);
      if (*text == '<')
        parse_markup (fault, text);
    }
  shorten (&fault->code);
  shorten (&fault->message);
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
      call != EKA_CALL_DISCOVER)
    return EKA_SCRIBE_ERROR_GONE;
  if (status >= 400)
    return EKA_SCRIBE_ERROR_REFUSED;
  return EKA_SCRIBE_ERROR_PROTOCOL;
}

/**
 * eka_fault_from_reply:
 * @reply: an answer that is no success
 * @call: the call it answers
 *
 * Reads every error envelope that servers of the protocol and the gateways
 * before them are known to send: `{"error":{"code","message","details"}}`,
 * `{"error":"text"}`, `{"detail":"text"}` or a list, `{"message":"text"}`, XML,
 * HTML, nothing.
 *
 * Returns: (transfer full): an %EKA_SCRIBE_ERROR with status, code, details and
 *   call
 */
GError *
eka_fault_from_reply (EkaReply *reply,
                      EkaCall   call)
{
  g_auto (Fault) fault = { 0 };
  g_autoptr (GString) text = g_string_new (NULL);
  EkaScribeErrorInfo *info;
  GError *error;

  fault_parse (&fault, reply->body);
  g_string_printf (text, "The service answered %s with HTTP %u (%s)",
                   eka_call_to_string (call), reply->status,
                   soup_status_get_phrase (reply->status));
  if (fault.code != NULL)
    g_string_append_printf (text, " %s", fault.code);
  if (fault.message != NULL)
    g_string_append_printf (text, ": %s", fault.message);

  error = g_error_new_literal (EKA_SCRIBE_ERROR,
                               classify (reply->status, call), text->str);
  info = eka_scribe_error_edit_info (error);
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
