/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "fault.h"

#include <string.h>

#define DEFAULT_SLOW 2.0
#define DEFAULT_RETRY_AFTER "1"

#define DEFAULT_HTML_STATUS 502
#define DEFAULT_CLOSE_CODE 1001

#define AT(where) (1u << SANDBOX_##where)
#define ANYWHERE ((1u << SANDBOX_N_WHERES) - 1)
#define JSON_CALLS (ANYWHERE & ~AT (STREAM))
#define SESSION_CALLS (AT (UPLOAD) | AT (END) | AT (GET) | AT (PATCH))
#define API_CALLS (AT (CREATE) | SESSION_CALLS)

static const gchar *const WHERES[] = { "discovery", "create",  "upload",
                                       "end",       "get",     "patch",
                                       "login",     "refresh", "stream" };

/* Whether @MESSAGE follows the name: the message of a stream after which the
 * fault comes. */
typedef enum
{
  NO_MESSAGE,
  PERHAPS_MESSAGE,
  NEEDS_MESSAGE,
} MessageRule;

typedef struct
{
  const gchar *name;
  SandboxFaultKind kind;
  guint at;
  const gchar *lack; /* of the calls elsewhere */
  MessageRule message;
} Kind;

static const Kind KINDS[] = {
  { "reset", SANDBOX_FAULT_RESET, ANYWHERE, NULL, PERHAPS_MESSAGE },
  { "lost", SANDBOX_FAULT_LOST, JSON_CALLS, "is not answered with JSON" },
  { "stall", SANDBOX_FAULT_STALL, ANYWHERE, NULL, PERHAPS_MESSAGE },
  { "slow", SANDBOX_FAULT_SLOW, JSON_CALLS, "is not answered with JSON" },
  { "half-json", SANDBOX_FAULT_HALF_JSON, JSON_CALLS,
    "is not answered with JSON" },
  { "wrong-json", SANDBOX_FAULT_WRONG_JSON, JSON_CALLS,
    "is not answered with JSON" },
  { "truncated", SANDBOX_FAULT_TRUNCATED, JSON_CALLS,
    "is not answered with JSON" },
  { "early", SANDBOX_FAULT_EARLY,
    JSON_CALLS & ~(AT (DISCOVERY) | AT (GET)), "has no body" },
  { "short-list", SANDBOX_FAULT_SHORT_LIST, AT (END) | AT (GET),
    "is not answered with audio_files" },
  { "no-list", SANDBOX_FAULT_NO_LIST, AT (END) | AT (GET),
    "is not answered with audio_files" },
  { "wrong-count", SANDBOX_FAULT_WRONG_COUNT, AT (END) | AT (GET),
    "is not answered with audio_files_received" },
  { "other-session", SANDBOX_FAULT_OTHER_SESSION, API_CALLS,
    "is not answered with a session_id" },
  { "no-upload-url", SANDBOX_FAULT_NO_UPLOAD_URL, AT (CREATE) | AT (GET),
    "is not answered with an upload_url" },
  { "success-false", SANDBOX_FAULT_SUCCESS_FALSE, AT (UPLOAD),
    "is not answered with success" },
  { "wrong-name", SANDBOX_FAULT_WRONG_NAME, AT (UPLOAD),
    "is not answered with an original_filename" },
  { "forget", SANDBOX_FAULT_FORGET, AT (DISCOVERY) | API_CALLS | AT (STREAM),
    "is of no session" },
  { "end-session", SANDBOX_FAULT_END_SESSION, SESSION_CALLS | AT (STREAM),
    "is of no session that could be ended before" },
  { "expire", SANDBOX_FAULT_EXPIRE, SESSION_CALLS | AT (STREAM),
    "is of no session that could have expired" },
  { "token-expired", SANDBOX_FAULT_TOKEN_EXPIRED, API_CALLS,
    "takes no token" },
  { "html", SANDBOX_FAULT_HTML, ANYWHERE, NULL },
  { "no-close", SANDBOX_FAULT_NO_CLOSE, AT (STREAM), "is no stream" },
  { "close", SANDBOX_FAULT_CLOSE, AT (STREAM), "is no stream", NEEDS_MESSAGE },
  { "eof", SANDBOX_FAULT_EOF, AT (STREAM), "is no stream", NEEDS_MESSAGE },
  { "oversized", SANDBOX_FAULT_OVERSIZED, AT (STREAM), "is no stream",
    NEEDS_MESSAGE },
  { "fragments", SANDBOX_FAULT_FRAGMENTS, AT (STREAM), "is no stream",
    NEEDS_MESSAGE },
  { "garbage", SANDBOX_FAULT_GARBAGE, AT (STREAM), "is no stream",
    NEEDS_MESSAGE },
  { "garbage-frames", SANDBOX_FAULT_GARBAGE_FRAMES, AT (STREAM),
    "is no stream", NEEDS_MESSAGE },
  { "bad-utf8", SANDBOX_FAULT_BAD_UTF8, AT (STREAM), "is no stream",
    NEEDS_MESSAGE },
  { "masked", SANDBOX_FAULT_MASKED, AT (STREAM), "is no stream",
    NEEDS_MESSAGE },
};

static const struct
{
  guint status;
  const gchar *code;
} STATUSES[] = {
  { 400, "invalid_request" },     { 401, "authentication_failed" },
  { 403, "forbidden" },           { 404, "not_found" },
  { 409, "conflict" },            { 410, "session_expired" },
  { 413, "chunk_too_large" },     { 422, "validation_error" },
  { 429, "rate_limit_exceeded" }, { 500, "internal_error" },
  { 502, NULL },                  { 503, "service_unavailable" },
};

/* The last is G_MAXUINT where there is none. */
typedef struct
{
  guint first;
  guint last;
} SandboxRange;

G_GNUC_PRINTF (3, 4)
static gboolean
refuse (GError **error, const SandboxFault *fault, const gchar *format, ...)
{
  g_autofree gchar *reason = NULL;
  va_list args;

  va_start (args, format);
  reason = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
               "--fault %s: %s", fault->text, reason);
  return FALSE;
}

/* Digits alone, from 1 on. */
static gboolean
parse_nth (const gchar *text, gsize length, guint *nth)
{
  g_autofree gchar *digits = g_strndup (text, length);
  guint64 value;

  if (!g_ascii_string_to_unsigned (digits, 10, 1, G_MAXUINT - 1, &value, NULL))
    return FALSE;
  *nth = (guint)value;
  return TRUE;
}

/* `N`, `N-M` or `N-`. */
static gboolean
parse_range (const gchar *text, SandboxRange *range)
{
  const gchar *dash = strchr (text, '-');

  if (!parse_nth (text, dash ? (gsize)(dash - text) : strlen (text),
                  &range->first))
    return FALSE;
  range->last = range->first;
  if (dash == NULL)
    return TRUE;
  range->last = G_MAXUINT;
  return dash[1] == '\0' || (parse_nth (dash + 1, strlen (dash + 1),
                                        &range->last) &&
                             range->last >= range->first);
}

static gboolean
parse_which (SandboxFault *fault, const gchar *text, GError **error)
{
  g_auto (GStrv) list = g_strsplit (text, ",", -1);
  SandboxRange range = { 1, G_MAXUINT };
  gsize i;

  if (g_str_equal (text, "all"))
    {
      g_array_append_val (fault->which, range);
      return TRUE;
    }
  for (i = 0; list[i] != NULL; i++)
    {
      if (!parse_range (list[i], &range))
        return refuse (error, fault,
                       "“%s” is not N, N-M, N- (from 1 on) or all", list[i]);
      g_array_append_val (fault->which, range);
    }
  return i > 0 || refuse (error, fault, "names no call");
}

static gboolean
parse_where (SandboxFault *fault, const gchar *text, GError **error)
{
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (WHERES); i++)
    if (g_str_equal (WHERES[i], text))
      {
        fault->where = (SandboxWhere)i;
        return TRUE;
      }
  return refuse (error, fault,
                 "“%s” is not discovery, create, upload, end, get, patch, "
                 "login, refresh or stream",
                 text);
}

static const gchar *
default_code (SandboxWhere where, guint status, const gchar *code)
{
  if (status == 404 && (SESSION_CALLS & (1u << where)) != 0)
    return "session_not_found";
  if (status == 409 && where == SANDBOX_CREATE)
    return "txn_already_initialized";
  return code;
}

static gboolean
parse_retry_after (SandboxFault *fault, const gchar *value, GError **error)
{
  if (value == NULL)
    {
      if (fault->status == 429)
        fault->retry_after = g_strdup (DEFAULT_RETRY_AFTER);
      return TRUE;
    }
  if (fault->status != 429 && fault->status != 503)
    return refuse (error, fault, "%u takes no seconds", fault->status);
  /* Services were seen to send negative ones. */
  if (!g_str_equal (value, "date") &&
      !g_ascii_string_to_signed (value, 10, G_MININT64, G_MAXINT64, NULL, NULL))
    return refuse (error, fault, "“%s” is neither whole seconds nor date",
                   value);
  fault->retry_after = g_strdup (value);
  return TRUE;
}

static gboolean
parse_status (SandboxFault *fault,
              const gchar *name,
              const gchar *code,
              const gchar *value,
              GError **error)
{
  guint64 status;
  gsize i;

  if (!g_ascii_string_to_unsigned (name, 10, 400, 599, &status, NULL))
    return refuse (error, fault, "“%s” is no fault", name);
  for (i = 0; i < G_N_ELEMENTS (STATUSES); i++)
    if (STATUSES[i].status == status)
      break;
  if (i == G_N_ELEMENTS (STATUSES))
    return refuse (error, fault, "“%s” is not among the statuses", name);
  fault->kind = SANDBOX_FAULT_STATUS;
  fault->status = (guint)status;
  if (code != NULL && STATUSES[i].code == NULL)
    return refuse (error, fault, "%s is HTML, which has no code", name);
  if (code != NULL && *code == '\0')
    return refuse (error, fault, "the code is empty");
  fault->code = g_strdup (
      code ? code
           : default_code (fault->where, fault->status, STATUSES[i].code));
  return parse_retry_after (fault, value, error);
}

static gboolean
parse_slow (SandboxFault *fault, const gchar *value, GError **error)
{
  gchar *end = NULL;

  fault->seconds = DEFAULT_SLOW;
  if (value == NULL)
    return TRUE;
  fault->seconds = g_ascii_strtod (value, &end);
  if (end == value || *end != '\0' ||
      !(fault->seconds > 0.0 && fault->seconds <= 3600.0))
    return refuse (error, fault, "“%s” is not seconds, up to 3600", value);
  return TRUE;
}

static gboolean
parse_number (SandboxFault *fault,
              const gchar *value,
              guint min,
              guint max,
              guint *number,
              GError **error)
{
  guint64 parsed;

  if (!g_ascii_string_to_unsigned (value, 10, min, max, &parsed, NULL))
    return refuse (error, fault, "“%s” is not a number from %u to %u", value,
                   min, max);
  *number = (guint)parsed;
  return TRUE;
}

static gboolean
parse_close (SandboxFault *fault, const gchar *value, GError **error)
{
  guint code = DEFAULT_CLOSE_CODE;

  if (value != NULL && !parse_number (fault, value, 1000, 4999, &code, error))
    return FALSE;
  fault->close_code = (guint16)code;
  return TRUE;
}

static gboolean
parse_html (SandboxFault *fault, const gchar *value, GError **error)
{
  fault->status = DEFAULT_HTML_STATUS;
  return value == NULL ||
         parse_number (fault, value, 400, 599, &fault->status, error);
}

static gboolean
parse_value (SandboxFault *fault,
             const gchar *name,
             const gchar *value,
             GError **error)
{
  switch (fault->kind)
    {
    case SANDBOX_FAULT_SLOW:
      return parse_slow (fault, value, error);
    case SANDBOX_FAULT_CLOSE:
      return parse_close (fault, value, error);
    case SANDBOX_FAULT_HTML:
      return parse_html (fault, value, error);
    default:
      return value == NULL || refuse (error, fault, "%s takes no seconds", name);
    }
}

static gboolean
parse_message (SandboxFault *fault,
               const Kind *kind,
               const gchar *message,
               GError **error)
{
  fault->in_stream = message != NULL || fault->kind == SANDBOX_FAULT_NO_CLOSE;
  if (message == NULL)
    return kind->message != NEEDS_MESSAGE ||
           refuse (error, fault, "%s needs @ and a message's number",
                   kind->name);
  if (kind->message == NO_MESSAGE)
    return refuse (error, fault, "%s takes no message", kind->name);
  if (fault->where != SANDBOX_STREAM)
    return refuse (error, fault, "impossible: %s is no stream",
                   WHERES[fault->where]);
  return parse_number (fault, message, 0, G_MAXINT, &fault->message, error);
}

/* NAME, NAME@MESSAGE, STATUS, STATUS/CODE, each perhaps with =VALUE. */
static gboolean
parse_what (SandboxFault *fault, const gchar *text, GError **error)
{
  g_auto (GStrv) parts = g_strsplit (text, "=", 2);
  const gchar *value = *parts != NULL ? parts[1] : NULL;
  g_auto (GStrv) names = g_strsplit (*parts != NULL ? *parts : "", "/", 2);
  const gchar *code = *names != NULL ? names[1] : NULL;
  g_auto (GStrv) at = g_strsplit (*names != NULL ? *names : "", "@", 2);
  const gchar *name = *at != NULL ? *at : "";
  const gchar *message = *at != NULL ? at[1] : NULL;
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (KINDS); i++)
    if (g_str_equal (KINDS[i].name, name))
      break;
  if (i == G_N_ELEMENTS (KINDS))
    return parse_status (fault, *names != NULL ? *names : "", code, value,
                         error);
  fault->kind = KINDS[i].kind;
  if (code != NULL)
    return refuse (error, fault, "%s takes no code", name);
  if ((KINDS[i].at & (1u << fault->where)) == 0)
    return refuse (error, fault, "impossible: %s %s", WHERES[fault->where],
                   KINDS[i].lack);
  return parse_message (fault, &KINDS[i], message, error) &&
         parse_value (fault, name, value, error);
}

/**
 * sandbox_fault_parse:
 * @text: `WHERE:WHICH:WHAT`
 * @error: a #GOptionError that says what is wrong, or why that fault can't be
 *
 * Returns: (transfer full) (nullable): the fault
 */
SandboxFault *
sandbox_fault_parse (const gchar *text, GError **error)
{
  g_autoptr (SandboxFault) fault = g_new0 (SandboxFault, 1);
  g_auto (GStrv) parts = g_strsplit (text, ":", 3);

  fault->text = g_strdup (text);
  fault->which = g_array_new (FALSE, FALSE, sizeof (SandboxRange));
  if (g_strv_length (parts) != 3)
    {
      refuse (error, fault, "is not WHERE:WHICH:WHAT");
      return NULL;
    }
  if (!parse_where (fault, parts[0], error) ||
      !parse_which (fault, parts[1], error) ||
      !parse_what (fault, parts[2], error))
    return NULL;
  return g_steal_pointer (&fault);
}

/**
 * sandbox_fault_free:
 * @fault: (transfer full): to be freed
 */
void
sandbox_fault_free (SandboxFault *fault)
{
  g_free (fault->text);
  g_array_unref (fault->which);
  g_free (fault->code);
  g_free (fault->retry_after);
  g_free (fault);
}

static gboolean
covers (const SandboxFault *fault, guint nth)
{
  guint i;

  for (i = 0; i < fault->which->len; i++)
    {
      const SandboxRange *range =
          &g_array_index (fault->which, SandboxRange, i);

      if (nth >= range->first && nth <= range->last)
        return TRUE;
    }
  return FALSE;
}

/**
 * sandbox_fault_find:
 * @faults: (element-type SandboxFault): in the order that they were given
 * @where: the call
 * @nth: its number, from 1
 *
 * Returns: (transfer none) (nullable): the first fault that is for that call
 */
const SandboxFault *
sandbox_fault_find (const GPtrArray *faults, SandboxWhere where, guint nth)
{
  guint i;

  for (i = 0; i < faults->len; i++)
    {
      const SandboxFault *fault = g_ptr_array_index (faults, i);

      if (fault->where == where && covers (fault, nth))
        return fault;
    }
  return NULL;
}
