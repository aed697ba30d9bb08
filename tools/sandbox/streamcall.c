/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "streamcall.h"

#include "faulty.h"
#include "process.h"
#include "streamfault.h"

#include <string.h>

/* Audio that waits to be heard; while there is more, the client waits. */
#define MAX_PENDING 1000000 /* bytes */
/* Clients bound what they take: libsoup at 128 KiB, unless told otherwise. */
#define MAX_PARTIAL 60000 /* bytes */

/* One connection, from its handshake to its end. */
typedef struct
{
  SandboxSession *session;
  SandboxWebsocket *websocket;
  const SandboxFault *fault; /* %NULL: all goes well */
  guint64 messages;
  gboolean struck;
} Link;

/* --- faults --------------------------------------------------------------- */

/* The fault comes once @messages is reached. */
static void
strike (Link *self)
{
  if (self->fault == NULL || self->struck ||
      self->fault->kind == SANDBOX_FAULT_NO_CLOSE ||
      self->messages != self->fault->message)
    return;
  self->struck = TRUE;
  sandbox_streamfault_strike (self->fault, self->websocket);
  if (self->fault->kind != SANDBOX_FAULT_STALL)
    return;
  self->session->stream->stalled = TRUE;
  sandbox_process_resume (self->session);
}

/* After `stop`. */
static gboolean
closes (Link *self)
{
  return self->fault == NULL ||
         (self->fault->kind != SANDBOX_FAULT_NO_CLOSE &&
          !(self->struck && self->fault->kind == SANDBOX_FAULT_FRAGMENTS));
}

/* --- what comes ----------------------------------------------------------- */

static void
fail (Link *self, const GError *error)
{
  SandboxSession *session = self->session;

  sandbox_websocket_close (self->websocket, (guint16)error->code,
                           error->message);
  if (session->state != SANDBOX_INITIALIZED)
    return;
  sandbox_session_add_problem (
      session,
      session->stream->too_long ? "session_duration_exceeded"
                                : "stream_invalid",
      NULL, "The stream was refused: %s", error->message);
  g_clear_handle_id (&session->timer, g_source_remove);
  sandbox_session_set_state (session, SANDBOX_FAILED);
  sandbox_store_save (session);
}

static void
on_message (gpointer user_data, gboolean text, gconstpointer data, gsize size)
{
  Link *self = user_data;
  SandboxStream *stream = self->session->stream;
  g_autoptr (GError) error = NULL;

  /* What was on its way when the fault closed the stream came too late. */
  if (self->session->state != SANDBOX_INITIALIZED ||
      (self->struck && self->fault->kind == SANDBOX_FAULT_CLOSE))
    return;
  self->messages++;
  if (!sandbox_stream_take (stream, text, data, size, &error))
    {
      fail (self, error);
      return;
    }
  sandbox_process_resume (self->session);
  if (stream->pending->len > MAX_PENDING)
    sandbox_websocket_hold (self->websocket);
  strike (self);
  if (stream->stopped && closes (self))
    sandbox_websocket_close (self->websocket, SOUP_WEBSOCKET_CLOSE_NORMAL,
                             NULL);
}

static void
on_broken (gpointer user_data, const GError *error)
{
  fail (user_data, error);
}

static void
on_drained (gpointer user_data)
{
  Link *self = user_data;

  if (self->struck)
    sandbox_streamfault_continue (self->fault, self->websocket);
  else
    strike (self);
}

static void
on_closed (gpointer user_data)
{
  Link *self = user_data;

  self->session->stream->link = NULL;
  sandbox_process_resume (self->session);
  g_free (self);
}

static const SandboxWebsocketEvents EVENTS = { on_message, on_broken,
                                               on_drained, on_closed };

/* --- what the session does ------------------------------------------------ */

/* The end of it, where it is long, from the beginning of a line. */
static const gchar *
shorten (const gchar *transcript)
{
  gsize length = strlen (transcript);
  const gchar *line;

  if (length <= MAX_PARTIAL)
    return transcript;
  line = strchr (transcript + length - MAX_PARTIAL, '\n');
  return line ? line + 1 : transcript + length;
}

static gchar *
make_partial (const gchar *transcript)
{
  g_autoptr (JsonBuilder) body = json_builder_new ();
  g_autoptr (JsonNode) root = NULL;

  json_builder_begin_object (body);
  json_builder_set_member_name (body, "type");
  json_builder_add_string_value (body, "transcript");
  json_builder_set_member_name (body, "transcript");
  json_builder_add_string_value (body, shorten (transcript));
  json_builder_set_member_name (body, "final");
  json_builder_add_boolean_value (body, FALSE);
  json_builder_end_object (body);
  root = json_builder_get_root (body);
  return sandbox_json_to_text (root, FALSE);
}

/* A client that does not read misses transcripts: they don't pile up here. Nor
 * may one get between the fragments of another message. */
static void
on_heard (gpointer user_data, const gchar *transcript)
{
  Link *self = user_data;
  SandboxSession *session = self->session;
  g_autofree gchar *text = NULL;

  if (transcript != NULL && session->state == SANDBOX_INITIALIZED &&
      sandbox_websocket_is_clear (self->websocket) &&
      !(self->struck && self->fault->kind == SANDBOX_FAULT_FRAGMENTS))
    {
      text = make_partial (transcript);
      sandbox_websocket_text (self->websocket, text);
    }
  if (session->stream->pending->len <= MAX_PENDING / 2)
    sandbox_websocket_resume (self->websocket);
}

static void
on_over (gpointer user_data)
{
  Link *self = user_data;
  SandboxSession *session = self->session;
  const gchar *reason = NULL;
  guint16 code = SOUP_WEBSOCKET_CLOSE_POLICY_VIOLATION;

  if (session->problems->len > 0)
    reason = ((SandboxProblem *)g_ptr_array_index (session->problems, 0))->code;
  else if (session->state == SANDBOX_EXPIRED)
    reason = "session_expired";
  else if (session->state == SANDBOX_PROCESSING)
    reason = "session_ended";
  else
    code = SOUP_WEBSOCKET_CLOSE_GOING_AWAY;
  if (g_strcmp0 (reason, "internal_error") == 0)
    code = SOUP_WEBSOCKET_CLOSE_SERVER_ERROR;
  /* After `stop` it is closed, or has been told not to. */
  if (!session->stream->stopped)
    sandbox_websocket_close (self->websocket, code, reason);
  sandbox_process_resume (session);
}

static const SandboxStreamLink LINK = { on_heard, on_over };

/* --- the handshake -------------------------------------------------------- */

static SandboxRefusal *
check_upgrade (SoupServerMessage *message)
{
  g_autoptr (GError) error = NULL;

  if (soup_websocket_server_check_handshake (message, NULL, NULL, NULL, &error))
    return NULL;
  if (!g_error_matches (error, SOUP_WEBSOCKET_ERROR,
                        SOUP_WEBSOCKET_ERROR_NOT_WEBSOCKET))
    return sandbox_refusal_new (400, "invalid_request", NULL, "%s",
                                error->message);
  soup_message_headers_replace (
      soup_server_message_get_response_headers (message), "Upgrade",
      "websocket");
  return sandbox_refusal_new (426, "upgrade_required", NULL,
                              "Audio comes over a WebSocket");
}

static SandboxRefusal *
check_session (SandboxSession *session)
{
  SandboxStream *stream = session->stream;

  if (session->state == SANDBOX_EXPIRED)
    return sandbox_refusal_new (410, "session_expired", NULL,
                                "The session has expired");
  if (session->state == SANDBOX_PROCESSING)
    return sandbox_refusal_new (400, "session_ended", NULL,
                                "The session was already ended");
  if (session->state != SANDBOX_INITIALIZED)
    return sandbox_refusal_new (400, "session_completed", NULL,
                                "The session was already processed");
  if (stream->link != NULL)
    return sandbox_refusal_new (409, "conflict", NULL,
                                "The stream is being sent");
  if (stream->taken > 0 || stream->stopped)
    return sandbox_refusal_new (409, "conflict", NULL,
                                "A stream can't be continued");
  return NULL;
}

static SandboxRefusal *
check_handshake (SandboxSession *session,
                 SoupServerMessage *message,
                 GHashTable *query)
{
  SandboxRefusal *refusal;

  if (session == NULL)
    return sandbox_refusal_new (404, "session_not_found", NULL,
                                "Stream does not exist");
  if (!sandbox_stream_admits (
          session->stream, query ? g_hash_table_lookup (query, "token") : NULL))
    return sandbox_refusal_new (403, "forbidden", NULL,
                                "The URL is not the one that was given");
  refusal = check_upgrade (message);
  return refusal ? refusal : check_session (session);
}

/**
 * sandbox_call_stream:
 *
 * `GET /stream/sessions/STREAM_ID/audio`, see #SandboxCall: a WebSocket.
 */
void
sandbox_call_stream (SandboxServer *server,
                     SoupServerMessage *message,
                     const gchar *const *path,
                     GHashTable *query)
{
  SandboxSession *session = sandbox_store_find_stream (server->store, path[2]);
  SandboxRefusal *refusal = check_handshake (session, message, query);
  const SandboxFault *fault = sandbox_faulty_find (message);
  Link *link;

  if (refusal != NULL)
    {
      sandbox_reply_refusal (message, refusal);
      return;
    }
  link = g_new0 (Link, 1);
  link->session = session;
  link->fault = fault != NULL && fault->in_stream ? fault : NULL;
  link->websocket =
      sandbox_websocket_accept (message, server->store, &EVENTS, link);
  sandbox_stream_begin (session->stream, &LINK, link);
}
