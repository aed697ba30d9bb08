/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "upload.h"

#include "process.h"

#include <string.h>

#define MAX_DIGITS 9
#define SINGLE_NAME "audio_0."

/* The first of an extension is what a missing Content-Type stands for. */
static const struct
{
  const gchar *extension;
  const gchar *media_type;
} FORMATS[] = {
  { "webm", "audio/webm;codecs=opus" },
  { "wav", "audio/wav" },
  { "ogg", "audio/ogg" },
  { "ogg", "audio/ogg;codecs=opus" },
  { "mp4", "audio/mp4" },
  { "m4a", "audio/m4a" },
  { "mp3", "audio/mp3" },
};

/* Letters, digits, _ and -; then _, a number, a dot, letters and digits. */
static gboolean
parse_name (const gchar *name, gint *number, const gchar **extension)
{
  static GRegex *regex;
  const gchar *dot = strrchr (name, '.');
  const gchar *digits = dot;

  if (regex == NULL)
    regex = g_regex_new ("^[a-zA-Z0-9_-]+_[0-9]+\\.[a-zA-Z0-9]+\\z",
                         G_REGEX_OPTIMIZE, 0, NULL);
  if (!g_regex_match (regex, name, 0, NULL))
    return FALSE;
  while (digits[-1] != '_')
    digits--;
  if (dot - digits > MAX_DIGITS)
    return FALSE;
  *number = (gint)g_ascii_strtoll (digits, NULL, 10);
  *extension = dot + 1;
  return TRUE;
}

static const gchar *
infer_type (const gchar *extension)
{
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (FORMATS); i++)
    if (g_str_equal (FORMATS[i].extension, extension))
      return FORMATS[i].media_type;
  return NULL;
}

static gboolean
fits (const gchar *extension, const gchar *media_type)
{
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (FORMATS); i++)
    if (g_str_equal (FORMATS[i].extension, extension) &&
        g_str_equal (FORMATS[i].media_type, media_type))
      return TRUE;
  return FALSE;
}

static SandboxRefusal *
check_format (const SandboxOptions *options,
              SandboxSession *session,
              const gchar *extension,
              const gchar *media_type)
{
  SandboxChunk *first =
      session->chunks->len ? g_ptr_array_index (session->chunks, 0) : NULL;

  if (media_type == NULL ||
      !g_strv_contains ((const gchar *const *)options->audio_formats,
                        media_type))
    return sandbox_refusal_new (400, "invalid_audio_format", "Content-Type",
                                "Audio format '%s' is not supported",
                                media_type ? media_type : extension);
  if (!fits (extension, media_type))
    return sandbox_refusal_new (400, "invalid_audio_format", "Content-Type",
                                "Audio format '%s' is none of .%s files",
                                media_type, extension);
  if (first != NULL && !g_str_equal (strrchr (first->name, '.') + 1, extension))
    return sandbox_refusal_new (400, "invalid_audio_format", NULL,
                                "The session's files are like %s, not .%s",
                                first->name, extension);
  return NULL;
}

static SandboxRefusal *
check_state (SandboxSession *session)
{
  if (session->state == SANDBOX_INITIALIZED)
    return NULL;
  if (session->state == SANDBOX_EXPIRED)
    return sandbox_refusal_new (410, "session_expired", NULL,
                                "The session has expired");
  if (session->state == SANDBOX_PROCESSING)
    return sandbox_refusal_new (400, "session_ended", NULL,
                                "The session was already ended");
  return sandbox_refusal_new (400, "session_completed", NULL,
                              "The session was already processed");
}

/* --- answers ------------------------------------------------------------ */

static void
accept_upload (SoupServerMessage *message,
               SandboxSession *session,
               const gchar *name)
{
  g_autoptr (JsonBuilder) body = json_builder_new ();

  json_builder_begin_object (body);
  json_builder_set_member_name (body, "session_id");
  json_builder_add_string_value (body, session->id);
  json_builder_set_member_name (body, "success");
  json_builder_add_boolean_value (body, TRUE);
  json_builder_set_member_name (body, "original_filename");
  json_builder_add_string_value (body, name);
  json_builder_end_object (body);
  sandbox_reply_json (message, 200, body);
}

static void
accept_waiting (SandboxSession *session, SandboxChunk *chunk)
{
  guint i;

  for (i = 0; i < chunk->waiting->len; i++)
    {
      SoupServerMessage *message = g_ptr_array_index (chunk->waiting, i);
      /* The name is this upload's: a repeated one may have another. */
      g_autofree gchar *name = g_path_get_basename (
          g_uri_get_path (soup_server_message_get_uri (message)));

      accept_upload (message, session, name);
      sandbox_reply_resume (message);
    }
  g_ptr_array_set_size (chunk->waiting, 0);
}

static void
refuse_waiting (SandboxSession *session,
                SandboxChunk *chunk,
                guint status,
                const gchar *code,
                const gchar *text)
{
  guint i;

  for (i = 0; i < chunk->waiting->len; i++)
    {
      SoupServerMessage *message = g_ptr_array_index (chunk->waiting, i);

      sandbox_reply_refusal (
          message, sandbox_refusal_new (status, code, NULL, "%s", text));
      sandbox_reply_resume (message);
    }
  g_ptr_array_set_size (chunk->waiting, 0);
  sandbox_session_remove_chunk (session, chunk);
}

/* --- the longest recording ---------------------------------------------- */

static gboolean
is_measured (const SandboxChunk *chunk)
{
  return chunk->state != SANDBOX_CHUNK_STORING &&
         chunk->state != SANDBOX_CHUNK_DECODING;
}

/* The longest that the session's audio can be, were @chunk a part of it. It is
 * exact once all chunks but doubtful ones are measured. */
static gdouble
get_longest (SandboxSession *session, SandboxChunk *chunk)
{
  gdouble sum = 0.0;
  guint i;

  for (i = 0; i < session->chunks->len; i++)
    {
      SandboxChunk *other = g_ptr_array_index (session->chunks, i);

      if (other != chunk && other->doubtful)
        continue;
      sum += is_measured (other) ? other->duration
                                 : session->store->options->max_chunk_duration;
    }
  return sum;
}

static gboolean
is_too_long (SandboxSession *session, SandboxChunk *chunk)
{
  /* `single`: the one file's own limit is the model's. */
  return g_str_equal (session->request->upload_type, "chunked") &&
         get_longest (session, chunk) > session->request->model->max_duration;
}

static gboolean
is_settled (SandboxSession *session, SandboxChunk *chunk)
{
  guint i;

  for (i = 0; i < session->chunks->len; i++)
    {
      SandboxChunk *other = g_ptr_array_index (session->chunks, i);

      if ((other == chunk || !other->doubtful) && !is_measured (other))
        return FALSE;
    }
  return TRUE;
}

/* Returns whether the chunk is still in the session's list. */
static gboolean
settle_chunk (SandboxSession *session, SandboxChunk *chunk)
{
  if (chunk->lost)
    {
      refuse_waiting (session, chunk, 500, "internal_error",
                      chunk->error->message);
      return FALSE;
    }
  if (chunk->state == SANDBOX_CHUNK_STORING)
    return TRUE;
  if (chunk->doubtful && is_too_long (session, chunk))
    {
      if (!is_settled (session, chunk))
        return TRUE;
      refuse_waiting (session, chunk, 400, "session_duration_exceeded",
                      "The model takes no longer recordings");
      return FALSE;
    }
  chunk->doubtful = FALSE;
  accept_waiting (session, chunk);
  return TRUE;
}

/**
 * sandbox_upload_settle:
 * @session: whose chunks have changed
 *
 * Answers the uploads that wait, as far as is known what to say: success once
 * the chunk is on disk; where the recording may become longer than its model
 * takes, once the chunk was decoded.
 */
void
sandbox_upload_settle (SandboxSession *session)
{
  guint i = 0;

  while (i < session->chunks->len)
    if (settle_chunk (session, g_ptr_array_index (session->chunks, i)))
      i++;
}

/**
 * sandbox_upload_refuse_pending:
 * @session: about to be ended
 *
 * Uploads that End overtakes are lost, as with the service.
 */
void
sandbox_upload_refuse_pending (SandboxSession *session)
{
  guint i = 0;

  while (i < session->chunks->len)
    {
      SandboxChunk *chunk = g_ptr_array_index (session->chunks, i);

      if (chunk->state == SANDBOX_CHUNK_STORING || chunk->doubtful)
        refuse_waiting (session, chunk, 400, "session_ended",
                        "The session was ended during the upload");
      else
        i++;
    }
}

/* --- the call ----------------------------------------------------------- */

static SandboxRefusal *
check_upload (SandboxServer *server,
              SandboxSession *session,
              SoupServerMessage *message,
              const gchar *name,
              gint *number,
              const gchar **extension,
              const gchar **media_type)
{
  SandboxRefusal *refusal = check_state (session);

  if (refusal != NULL)
    return refusal;
  if (session->stream != NULL)
    return sandbox_refusal_new (400, "invalid_request", NULL,
                                "The session takes a stream, not files");
  if (!parse_name (name, number, extension))
    return sandbox_refusal_new (400, "invalid_request", "file_name",
                                "The name is not like audio_0.webm");
  *media_type = soup_message_headers_get_one (
      soup_server_message_get_request_headers (message), "Content-Type");
  if (*media_type == NULL)
    *media_type = infer_type (*extension);
  refusal = check_format (server->options, session, *extension, *media_type);
  if (refusal != NULL)
    return refusal;
  if (g_str_equal (session->request->upload_type, "single") &&
      !g_str_has_prefix (name, SINGLE_NAME))
    return sandbox_refusal_new (400, "single_file_only", "file_name",
                                "The session takes a single file, "
                                "audio_0.%s",
                                *extension);
  return NULL;
}

/**
 * sandbox_call_upload:
 *
 * `POST /sessions/ID/audio/NAME`, see #SandboxCall.
 */
void
sandbox_call_upload (SandboxServer *server,
                     SoupServerMessage *message,
                     const gchar *const *path,
                     GHashTable *query)
{
  SandboxSession *session = sandbox_store_find (server->store, path[1]);
  SoupMessageBody *body = soup_server_message_get_request_body (message);
  const gchar *extension = NULL;
  const gchar *media_type = NULL;
  gint number = 0;
  SandboxRefusal *refusal;
  SandboxChunk *chunk = NULL;
  g_autoptr (GBytes) file = NULL;

  refusal = session ? check_upload (server, session, message, path[3], &number,
                                    &extension, &media_type)
                    : sandbox_refusal_new (404, "session_not_found", NULL,
                                           "Session does not exist");
  if (refusal != NULL)
    {
      sandbox_reply_refusal (message, refusal);
      return;
    }
  if (!server->options->append_duplicates)
    chunk = sandbox_session_find_chunk (session, number);
  /* The first bytes under a number win. */
  if (chunk != NULL && chunk->state != SANDBOX_CHUNK_STORING &&
      !chunk->doubtful)
    {
      accept_upload (message, session, path[3]);
      return;
    }
  soup_server_message_pause (message);
  if (chunk != NULL)
    {
      g_ptr_array_add (chunk->waiting, g_object_ref (message));
      return;
    }
  chunk = sandbox_session_add_chunk (session, number, extension, path[3],
                                     media_type);
  chunk->doubtful = is_too_long (session, chunk);
  g_ptr_array_add (chunk->waiting, g_object_ref (message));
  file = soup_message_body_flatten (body);
  sandbox_process_chunk (session, chunk, file);
}
