/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "gstekascribemessages.h"

/* What a message of the bus is made of. */
typedef struct
{
  GQuark domain;
  gint code;
  const gchar *advice;
} Verdict;

static gboolean
is_opening (const EkaScribeErrorInfo *info)
{
  return info->request == NULL || g_str_equal (info->request, "discovery") ||
         g_str_equal (info->request, "create");
}

static Verdict
resource (gint         code,
          const gchar *advice)
{
  Verdict verdict = { GST_RESOURCE_ERROR, code, advice };

  return verdict;
}

static Verdict
judge_refusal (const EkaScribeErrorInfo *info)
{
  if (is_opening (info))
    return resource (GST_RESOURCE_ERROR_SETTINGS,
                     info->property == NULL
                         ? "Correct the property that the service names."
                         : NULL);
  return resource (GST_RESOURCE_ERROR_WRITE, NULL);
}

static Verdict
judge_scribe_error (gint                      code,
                    const EkaScribeErrorInfo *info)
{
  Verdict failed = { GST_STREAM_ERROR, GST_STREAM_ERROR_FAILED, NULL };

  switch ((EkaScribeError) code) {
    case EKA_SCRIBE_ERROR_SETTINGS:
      return resource (GST_RESOURCE_ERROR_SETTINGS, NULL);
    case EKA_SCRIBE_ERROR_NETWORK:
    case EKA_SCRIBE_ERROR_UNAVAILABLE:
      return resource (is_opening (info) ? GST_RESOURCE_ERROR_OPEN_WRITE :
                                           GST_RESOURCE_ERROR_WRITE,
                       "Check the network and base-url.");
    case EKA_SCRIBE_ERROR_TLS:
      return resource (GST_RESOURCE_ERROR_OPEN_WRITE,
                       "Check the clock and base-url, or give the "
                       "certificates to trust as tls-database.");
    case EKA_SCRIBE_ERROR_REDIRECTED:
      return resource (GST_RESOURCE_ERROR_NOT_AUTHORIZED,
                       "Set base-url to the address it points to, if you "
                       "trust that one.");
    case EKA_SCRIBE_ERROR_UNTRUSTED:
    case EKA_SCRIBE_ERROR_NOT_AUTHORIZED:
      return resource (GST_RESOURCE_ERROR_NOT_AUTHORIZED, NULL);
    case EKA_SCRIBE_ERROR_REFUSED:
      return judge_refusal (info);
    case EKA_SCRIBE_ERROR_GONE:
      return resource (GST_RESOURCE_ERROR_NOT_FOUND, NULL);
    case EKA_SCRIBE_ERROR_TOO_LARGE:
    case EKA_SCRIBE_ERROR_TIMEOUT:
      return resource (GST_RESOURCE_ERROR_READ, NULL);
    case EKA_SCRIBE_ERROR_PROTOCOL:
      return resource (GST_RESOURCE_ERROR_FAILED,
                       "Check that base-url is the API root of a "
                       "MedScribeAlliance service.");
    case EKA_SCRIBE_ERROR_LOST:
      return resource (info->request == NULL ?
                           GST_RESOURCE_ERROR_NO_SPACE_LEFT :
                           GST_RESOURCE_ERROR_WRITE,
                       NULL);
    case EKA_SCRIBE_ERROR_DISK:
      return resource (GST_RESOURCE_ERROR_OPEN_WRITE, NULL);
    case EKA_SCRIBE_ERROR_NEWER:
    case EKA_SCRIBE_ERROR_DAMAGED:
      return resource (GST_RESOURCE_ERROR_READ, NULL);
    case EKA_SCRIBE_ERROR_FAILED:
      break;
  }
  return failed;
}

/* The one place where an error of the layers below becomes one of GStreamer. */
static Verdict
judge_error (const GError *error)
{
  const EkaScribeErrorInfo *info = eka_scribe_error_get_info (error);

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE))
    return resource (GST_RESOURCE_ERROR_NO_SPACE_LEFT, NULL);
  if (info == NULL)
    return resource (GST_RESOURCE_ERROR_WRITE, NULL);
  return judge_scribe_error (error->code, info);
}

static void
set_string (GstStructure *structure,
            const gchar  *name,
            const gchar  *value)
{
  if (value != NULL)
    gst_structure_set (structure, name, G_TYPE_STRING, value, NULL);
}

static GstStructure *
describe_error (const GError *error,
                const gchar  *session_id)
{
  const EkaScribeErrorInfo *info = eka_scribe_error_get_info (error);
  GstStructure *details = gst_structure_new_empty ("details");

  set_string (details, "session-id", session_id);
  if (info == NULL)
    return details;
  if (info->http_status != 0)
    gst_structure_set (details, "http-status-code", G_TYPE_UINT,
                       info->http_status, NULL);
  set_string (details, "error-code", info->code);
  set_string (details, "error-details", info->details);
  set_string (details, "request", info->request);
  set_string (details, "property", info->property);
  set_string (details, "outbox-folder", info->folder);
  return details;
}

static gchar *
status_line (const GError *error,
             const gchar  *session_id)
{
  const EkaScribeErrorInfo *info = eka_scribe_error_get_info (error);
  GString *line = g_string_new (NULL);

  if (info != NULL && info->request != NULL)
    g_string_append_printf (line, "%s: ", info->request);
  if (info != NULL && info->http_status != 0)
    g_string_append_printf (line, "HTTP %u ", info->http_status);
  if (info != NULL && info->code != NULL)
    g_string_append_printf (line, "%s ", info->code);
  if (info != NULL && info->property != NULL)
    g_string_append_printf (line, "property %s ", info->property);
  g_string_append_printf (line, "(%s %d)", g_quark_to_string (error->domain),
                          error->code);
  if (session_id != NULL)
    g_string_append_printf (line, ", session %s", session_id);
  return g_string_free (line, FALSE);
}

static void
post (GstElement    *element,
      GstMessageType type,
      const GError  *error,
      const gchar   *session_id)
{
  Verdict verdict = judge_error (error);
  gchar *text;

  text = verdict.advice != NULL ?
             g_strdup_printf ("%s%s %s", error->message,
                              g_str_has_suffix (error->message, ".") ? "" : ".",
                              verdict.advice) :
             g_strdup (error->message);
  gst_element_message_full_with_details (
      element, type, verdict.domain, verdict.code, text,
      status_line (error, session_id), __FILE__, G_STRFUNC, __LINE__,
      describe_error (error, session_id));
}

/**
 * gst_ekascribe_post_error:
 * @element: who posts
 * @error: what went wrong, of any domain
 * @session_id: (nullable): the session it happened to
 *
 * Posts @error as an ERROR: this recording is over. Its details are
 * `http-status-code` (uint), `error-code`, `error-details` (JSON text),
 * `request`, `property`, `outbox-folder` and `session-id`, as far as they are
 * known.
 */
void
gst_ekascribe_post_error (GstElement   *element,
                          const GError *error,
                          const gchar  *session_id)
{
  post (element, GST_MESSAGE_ERROR, error, session_id);
}

/**
 * gst_ekascribe_post_warning:
 * @element: who posts
 * @error: what went wrong, of any domain
 * @session_id: (nullable): the session it happened to
 *
 * Posts @error as a WARNING: the recording goes on. Details as with
 * gst_ekascribe_post_error().
 */
void
gst_ekascribe_post_warning (GstElement   *element,
                            const GError *error,
                            const gchar  *session_id)
{
  post (element, GST_MESSAGE_WARNING, error, session_id);
}

static void
post_structure (GstElement   *element,
                GstStructure *structure)
{
  gst_element_post_message (
      element, gst_message_new_element (GST_OBJECT (element), structure));
}

/**
 * gst_ekascribe_post_session:
 * @element: who posts
 * @session_id: (nullable): the session
 * @previous_id: (nullable): the one whose audio it has got, since the service
 *   lost that
 * @state: what it entered
 * @part: number of the session in this run, from 1
 * @running_time: of its first audio, or %GST_CLOCK_TIME_NONE
 *
 * Posts `ekascribe-session`.
 */
void
gst_ekascribe_post_session (GstElement     *element,
                            const gchar    *session_id,
                            const gchar    *previous_id,
                            EkaSessionState state,
                            guint           part,
                            GstClockTime    running_time)
{
  post_structure (element,
                  gst_structure_new ("ekascribe-session", "session-id",
                                     G_TYPE_STRING, session_id, "state",
                                     G_TYPE_STRING,
                                     eka_session_state_to_string (state),
                                     "part", G_TYPE_UINT, part, "running-time",
                                     GST_TYPE_CLOCK_TIME, running_time,
                                     "previous-session-id", G_TYPE_STRING,
                                     previous_id, NULL));
}

/* @utc: in ns since 1970; people and GstDateTime count microseconds */
static void
set_utc (GstStructure *structure,
         guint64       utc)
{
  g_autoptr (GstDateTime) time =
      gst_date_time_new_from_unix_epoch_utc_usecs ((gint64) (utc / 1000));

  if (time != NULL)
    gst_structure_set (structure, "utc", GST_TYPE_DATE_TIME, time, NULL);
}

/**
 * gst_ekascribe_post_chunk:
 * @element: who posts
 * @session_id: the session
 * @number: of the chunk in the session, from 0
 * @chunk: what is safe on the server, with its bytes
 * @name: its name there
 * @attempts: how often it was sent
 *
 * Posts `ekascribe-chunk`.
 */
void
gst_ekascribe_post_chunk (GstElement     *element,
                          const gchar    *session_id,
                          guint           number,
                          const EkaChunk *chunk,
                          const gchar    *name,
                          guint           attempts)
{
  guint64 size = g_bytes_get_size (chunk->bytes);
  GstStructure *structure = gst_structure_new (
      "ekascribe-chunk", "session-id", G_TYPE_STRING, session_id, "index",
      G_TYPE_UINT, number, "name", G_TYPE_STRING, name, "running-time",
      GST_TYPE_CLOCK_TIME, chunk->running_time, "duration",
      GST_TYPE_CLOCK_TIME, chunk->duration, "size", G_TYPE_UINT64, size,
      "attempts", G_TYPE_UINT, attempts, "state", G_TYPE_STRING, "uploaded",
      NULL);

  if (chunk->utc != 0)
    set_utc (structure, chunk->utc);
  post_structure (element, structure);
}

/**
 * gst_ekascribe_post_transcript:
 * @element: who posts
 * @session_id: the session
 * @part: its number in this run, from 1
 * @text: what was said
 * @final: whether this is the last word
 * @language: (nullable): language of @text
 *
 * Posts `ekascribe-transcript`.
 */
void
gst_ekascribe_post_transcript (GstElement  *element,
                               const gchar *session_id,
                               guint        part,
                               const gchar *text,
                               gboolean     final,
                               const gchar *language)
{
  post_structure (element,
                  gst_structure_new ("ekascribe-transcript", "session-id",
                                     G_TYPE_STRING, session_id, "text",
                                     G_TYPE_STRING, text, "final",
                                     G_TYPE_BOOLEAN, final, "language",
                                     G_TYPE_STRING, language, "part",
                                     G_TYPE_UINT, part, NULL));
}

/**
 * gst_ekascribe_post_stream_message:
 * @element: who posts
 * @session_id: the session
 * @part: its number in this run, from 1
 * @text: what the service sent in a stream, and is no transcript
 *
 * Posts `ekascribe-stream-message`.
 */
void
gst_ekascribe_post_stream_message (GstElement  *element,
                                   const gchar *session_id,
                                   guint        part,
                                   const gchar *text)
{
  post_structure (element,
                  gst_structure_new ("ekascribe-stream-message", "session-id",
                                     G_TYPE_STRING, session_id, "part",
                                     G_TYPE_UINT, part, "text", G_TYPE_STRING,
                                     text, NULL));
}

/**
 * gst_ekascribe_post_combined:
 * @element: who posts
 * @session_id: the first session of the recording
 * @parts: how many sessions it took
 * @text: what was said in all of them
 * @language: (nullable): language of @text
 *
 * Posts `ekascribe-transcript` for a recording of several sessions: `part` is 0.
 */
void
gst_ekascribe_post_combined (GstElement  *element,
                             const gchar *session_id,
                             guint        parts,
                             const gchar *text,
                             const gchar *language)
{
  post_structure (
      element,
      gst_structure_new ("ekascribe-transcript", "session-id", G_TYPE_STRING,
                         session_id, "text", G_TYPE_STRING, text, "final",
                         G_TYPE_BOOLEAN, TRUE, "language", G_TYPE_STRING,
                         language, "part", G_TYPE_UINT, 0, "parts",
                         G_TYPE_UINT, parts, NULL));
}

static void
post_document (GstElement        *element,
               const gchar       *session_id,
               const EkaDocument *document)
{
  post_structure (
      element,
      gst_structure_new (
          "ekascribe-template", "session-id", G_TYPE_STRING, session_id,
          "template-id", G_TYPE_STRING, document->template_id, "document-id",
          G_TYPE_STRING, document->document_id, "document-type", G_TYPE_STRING,
          document->document_type, "status", G_TYPE_STRING, document->status,
          "data", G_TYPE_STRING, document->data, "publish", G_TYPE_STRING,
          document->publish, "presigned-url", G_TYPE_STRING,
          document->presigned_url, "error-code", G_TYPE_STRING,
          document->error_code, "error-message", G_TYPE_STRING,
          document->error_message, NULL));
}

static const gchar *
name_audit (EkaAudit audit)
{
  switch (audit) {
    case EKA_AUDIT_COMPLETE:
      return "complete";
    case EKA_AUDIT_SHORT:
      return "short";
    case EKA_AUDIT_ABSENT:
      return "absent";
    case EKA_AUDIT_NONE:
      break;
  }
  return NULL;
}

/**
 * gst_ekascribe_post_result:
 * @element: who posts
 * @session_id: the session
 * @part: number of the session in this run, from 1
 * @audit: what the service's list said of the audio
 * @result: what the service answered last
 *
 * Posts the final `ekascribe-transcript` (where there is one), an
 * `ekascribe-template` for each document and, last, `ekascribe-result`.
 */
void
gst_ekascribe_post_result (GstElement      *element,
                           const gchar     *session_id,
                           guint            part,
                           EkaAudit         audit,
                           const EkaResult *result)
{
  guint i;

  if (result->transcript != NULL)
    gst_ekascribe_post_transcript (element, session_id, part,
                                   result->transcript, TRUE,
                                   result->language_detected);
  for (i = 0; result->documents != NULL && i < result->documents->len; i++)
    post_document (element, session_id,
                   g_ptr_array_index (result->documents, i));
  post_structure (
      element,
      gst_structure_new (
          "ekascribe-result", "session-id", G_TYPE_STRING, session_id, "part",
          G_TYPE_UINT, part, "status", G_TYPE_STRING, result->status,
          "transcript", G_TYPE_STRING, result->transcript, "model-used",
          G_TYPE_STRING, result->model_used, "language-detected",
          G_TYPE_STRING, result->language_detected, "completed-at",
          G_TYPE_STRING, result->completed_at, "audio-files-received",
          G_TYPE_INT, result->audio_files_received, "audio-files-processed",
          G_TYPE_INT, result->audio_files_processed, "processing-errors",
          G_TYPE_STRING, result->processing_errors, "json", G_TYPE_STRING,
          result->json, "audio-list", G_TYPE_STRING, name_audit (audit),
          NULL));
}

/**
 * gst_ekascribe_post_loss:
 * @element: who posts
 * @fatal: ERROR, not WARNING
 * @code: kind of the error
 * @request: (nullable): the call that it stands for
 * @session_id: (nullable): the session
 * @text: what was lost, for people
 *
 * Posts what the element itself found out about the audio of a session.
 */
void
gst_ekascribe_post_loss (GstElement    *element,
                         gboolean       fatal,
                         EkaScribeError code,
                         const gchar   *request,
                         const gchar   *session_id,
                         const gchar   *text)
{
  g_autoptr (GError) error = g_error_new_literal (EKA_SCRIBE_ERROR, code, text);

  eka_scribe_error_edit_info (error)->request = g_strdup (request);
  if (fatal)
    gst_ekascribe_post_error (element, error, session_id);
  else
    gst_ekascribe_post_warning (element, error, session_id);
}
