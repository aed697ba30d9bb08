/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "scribe/envelope.h"
#include "scribe/fault.h"
#include "scribe/outcome.h"
#include "scribe/protocol.h"
#include "scribe/sessionprivate.h"

/* 100 ms of S16LE at 16 kHz, mono: smaller frames cost more, larger ones come
 * later. */
#define FRAME_SIZE 3200

/* So long the service has to close the stream once it was told of its end; and
 * to answer when we close it. */
#define CLOSE_TIME (10 * G_TIME_SPAN_SECOND)
#define GOODBYE_TIME (5 * G_TIME_SPAN_SECOND)

/* Shorter pings, and a shorter patience, than these would be of no use: libsoup
 * counts in seconds. */
#define MIN_PING 1
#define MIN_SILENCE (3 * G_TIME_SPAN_SECOND)

/* An open stream. It is gone as soon as it is of no use any more. */
struct _EkaStreaming
{
  EkaSession *session; /* whose it is; kept alive by @watch */
  EkaSocket *socket;
  GBytes *next;        /* the audio that goes out next, if there is any */
  gboolean waiting;    /* there is no room for it */
  gboolean begun;      /* the form of the stream was told, where that is to be */
  gboolean stopped;    /* its end was told */
  gboolean closing;    /* we close it, for the service does not */
  guint watch;         /* timer */
  guint interval;      /* of pings, in s */
  gint64 opened_at;
  gint64 heard_at;     /* the last sign of life */
  gint64 waits_since;
  guint pongs;
  guint enough_pongs;  /* so many show that the service has read all */
};

static const EkaSocketListener listener;

/* Drops the stream of @self, if one is open, without a word to the service. */
void
eka_streaming_drop (EkaSession *self)
{
  EkaStreaming *stream = g_steal_pointer (&self->streaming);

  if (stream == NULL)
    return;
  eka_socket_set_listener (stream->socket, NULL, NULL);
  g_object_unref (stream->socket);
  eka_session_drop_timer (self, &stream->watch);
  g_clear_pointer (&stream->next, g_bytes_unref);
  g_free (stream);
}

/* --- signs of life -------------------------------------------------------- */

static gint64
get_patience (EkaSession *self)
{
  return MAX (self->settings->stream_timeout, MIN_SILENCE);
}

static GError *
make_error (EkaScribeError code,
            const gchar   *format,
            ...) G_GNUC_PRINTF (2, 3);

static GError *
make_error (EkaScribeError code,
            const gchar   *format,
            ...)
{
  va_list args;
  GError *error;

  va_start (args, format);
  error = g_error_new_valist (EKA_SCRIBE_ERROR, code, format, args);
  va_end (args);
  eka_scribe_error_edit_info (error)->request =
      g_strdup (eka_call_to_string (EKA_CALL_STREAM));
  return error;
}

/* All audio was streamed, and the service knows that. */
static void
conclude (EkaSession *self)
{
  eka_streaming_drop (self);
  eka_outcome_note_success (self);
  eka_session_set_state (self, EKA_SESSION_ENDING);
}

static void
schedule_watch (EkaStreaming *stream,
                gint64        delay);

/* The time to close is over. A service that only does not close has answered
 * pings that came behind the end of the stream: it has all audio, which it keeps
 * for good when the stream is closed. */
static void
judge_end (EkaStreaming *stream)
{
  EkaSession *self = stream->session;

  if (stream->closing)
    conclude (self);
  else if (stream->pongs >= stream->enough_pongs)
    {
      stream->closing = TRUE;
      schedule_watch (stream, GOODBYE_TIME);
      eka_socket_close (stream->socket);
    }
  else
    eka_fallback_begin (
        self, make_error (EKA_SCRIBE_ERROR_NETWORK,
                          "The service neither closed the stream nor showed "
                          "that it has read its end"));
}

/* A peer that is heard and does not read is of no use either. */
static void
judge_silence (EkaStreaming *stream)
{
  EkaSession *self = stream->session;
  gint64 now = eka_clock_now (self->clock);
  gint64 silence = now - stream->heard_at;
  gint64 stall = stream->waiting ? now - stream->waits_since : 0;
  gint64 longest = MAX (silence, stall);

  if (longest < get_patience (self))
    schedule_watch (stream, get_patience (self) - longest);
  else
    eka_fallback_begin (
        self, make_error (EKA_SCRIBE_ERROR_NETWORK,
                          silence >= stall
                              ? "The service gave no sign of life for %.0f s of "
                                "the stream (timeout)"
                              : "The service read nothing of the stream for "
                                "%.0f s (timeout)", longest / 1e6));
}

static void
on_watch (gpointer user_data)
{
  EkaStreaming *stream = user_data;
  g_autoptr (EkaSession) self = stream->session;

  stream->watch = 0;
  if (stream->stopped)
    judge_end (stream);
  else
    judge_silence (stream);
  eka_session_step (self);
}

static void
schedule_watch (EkaStreaming *stream,
                gint64        delay)
{
  eka_session_drop_timer (stream->session, &stream->watch);
  stream->watch = eka_clock_schedule (stream->session->clock, delay, on_watch,
                                      stream);
  eka_session_ref (stream->session);
}

static void
note_life (EkaStreaming *stream)
{
  stream->heard_at = eka_clock_now (stream->session->clock);
}

/* --- what goes out -------------------------------------------------------- */

/* A ping that was sent before may be answered late: only one more pong than
 * there were pings can be for what comes behind the end. */
static void
send_stop (EkaStreaming *stream)
{
  EkaSession *self = stream->session;
  gint64 open = eka_clock_now (self->clock) - stream->opened_at;
  guint pings = open / (stream->interval * G_TIME_SPAN_SECOND) + 1;

  stream->stopped = eka_socket_send_text (stream->socket, EKA_ENVELOPE_STOP);
  if (!stream->stopped)
    return;
  stream->enough_pongs = MAX (pings, stream->pongs) + 1;
  eka_socket_set_ping_interval (stream->socket, MIN_PING);
  schedule_watch (stream, CLOSE_TIME);
}

static void
send_audio (EkaStreaming *stream)
{
  g_autoptr (GBytes) frame = g_steal_pointer (&stream->next);
  g_autofree gchar *text = NULL;

  if (stream->session->settings->stream_format == EKA_STREAM_PCM)
    {
      eka_socket_send_binary (stream->socket, frame);
      return;
    }
  text = eka_envelope_media (frame);
  eka_socket_send_text (stream->socket, text);
}

/* Whether there is a message to send. Where there is none, the feed tells when
 * there is. */
static gboolean
has_next (EkaStreaming *stream)
{
  EkaSession *self = stream->session;

  if (stream->stopped)
    return FALSE;
  if (stream->begun && stream->next == NULL)
    stream->next = eka_feed_read (self->feed, FRAME_SIZE, self->finished);
  return !stream->begun || stream->next != NULL || self->finished;
}

static void
send_next (EkaStreaming *stream)
{
  if (!stream->begun)
    eka_socket_send_text (stream->socket, EKA_ENVELOPE_START);
  else if (stream->next != NULL)
    send_audio (stream);
  else
    send_stop (stream);
  stream->begun = TRUE;
}

static void
wait_for_room (EkaStreaming *stream)
{
  stream->waiting = TRUE;
  stream->waits_since = eka_clock_now (stream->session->clock);
  eka_socket_await (stream->socket);
}

/* Sends the next message, if there is one. In real time the one after it comes
 * later than this one leaves: nobody waits for that. */
static void
pump (EkaStreaming *stream)
{
  if (stream->waiting || !has_next (stream))
    return;
  if (eka_socket_is_ready (stream->socket))
    send_next (stream);
  if (has_next (stream))
    wait_for_room (stream);
}

static void
on_ready (gpointer user_data)
{
  EkaStreaming *stream = user_data;
  g_autoptr (EkaSession) self = eka_session_ref (stream->session);

  stream->waiting = FALSE;
  eka_session_step (self);
}

/* --- what comes in -------------------------------------------------------- */

static void
take_transcript (EkaSession  *self,
                 const gchar *text,
                 const gchar *language)
{
  EkaSessionEvent event = { .type = EKA_SESSION_EVENT_TRANSCRIPT,
                            .text = text,
                            .language = language };

  if (*text == '\0' || g_strcmp0 (text, self->transcript) == 0)
    return;
  g_free (self->transcript);
  self->transcript = g_strdup (text);
  eka_session_emit (self, &event);
}

static void
take_text (EkaSession *self,
           GBytes     *message)
{
  EkaSessionEvent event = { .type = EKA_SESSION_EVENT_STREAM_MESSAGE };
  g_autofree gchar *transcript = NULL;
  g_autofree gchar *language = NULL;
  g_autofree gchar *raw = NULL;
  gsize size;
  const gchar *data = g_bytes_get_data (message, &size);

  if (eka_envelope_parse_transcript (message, &transcript, &language))
    {
      take_transcript (self, transcript, language);
      return;
    }
  raw = eka_client_redact_secrets (self->client, g_strndup (data, size));
  event.text = raw;
  eka_session_emit (self, &event);
}

static void
on_message (GBytes  *message,
            gboolean text,
            gpointer user_data)
{
  EkaStreaming *stream = user_data;
  g_autoptr (EkaSession) self = eka_session_ref (stream->session);

  note_life (stream);
  if (text)
    {
      take_text (self, message);
      return;
    }
  g_mutex_lock (&self->lock);
  self->stats.stream_binaries++;
  g_mutex_unlock (&self->lock);
}

static void
on_pong (gpointer user_data)
{
  EkaStreaming *stream = user_data;

  stream->pongs++;
  note_life (stream);
}

static GError *
make_closed_error (guint         code,
                   const GError *cause)
{
  if (code == 0 || code == 1006)
    return make_error (EKA_SCRIBE_ERROR_NETWORK, "The stream broke%s%s",
                       cause != NULL ? ": " : "",
                       cause != NULL ? cause->message : "");
  return make_error (EKA_SCRIBE_ERROR_PROTOCOL,
                     "The service closed the stream with the code %u of "
                     "WebSocket%s%s%s", code, cause != NULL ? " (" : "",
                     cause != NULL ? cause->message : "",
                     cause != NULL ? ")" : "");
}

static void
on_closed (guint         code,
           const GError *error,
           gpointer      user_data)
{
  EkaStreaming *stream = user_data;
  g_autoptr (EkaSession) self = eka_session_ref (stream->session);

  if (stream->closing || (stream->stopped && code == 1000 && error == NULL))
    conclude (self);
  else
    eka_fallback_begin (self, make_closed_error (code, error));
  eka_session_step (self);
}

static const EkaSocketListener listener = {
  .ready = on_ready,
  .message = on_message,
  .pong = on_pong,
  .closed = on_closed,
};

/* --- the handshake -------------------------------------------------------- */

static void
begin (EkaSession *self,
       EkaSocket  *socket)
{
  EkaStreaming *stream = g_new0 (EkaStreaming, 1);

  eka_outcome_note_success (self);
  self->streaming = stream;
  stream->session = self;
  stream->socket = g_object_ref (socket);
  stream->begun = self->settings->stream_format == EKA_STREAM_PCM;
  stream->opened_at = stream->heard_at = eka_clock_now (self->clock);
  stream->interval =
      MAX (get_patience (self) / G_TIME_SPAN_SECOND / 3, MIN_PING);
  eka_socket_set_listener (socket, &listener, stream);
  eka_socket_set_ping_interval (socket, stream->interval);
  schedule_watch (stream, get_patience (self));
}

static void
connect_done (EkaSession *self,
              EkaReply   *reply,
              GError     *error)
{
  GError *fault;

  if (reply != NULL && reply->socket != NULL)
    {
      begin (self, reply->socket);
      return;
    }
  if (reply == NULL)
    fault = g_error_copy (error);
  else if (eka_outcome_is_success (reply))
    fault = eka_fault_protocol (reply, EKA_CALL_STREAM,
                                "the answer is no WebSocket");
  else
    fault = eka_client_fault (self->client, reply, EKA_CALL_STREAM);
  eka_fallback_begin (self, fault);
}

static void
connect_stream (EkaSession *self)
{
  GError *error = NULL;
  EkaRequest *request =
      eka_protocol_stream (self->base_url, self->upload_url, &error);

  eka_client_hide (self->client, self->upload_url);
  if (request != NULL)
    eka_outcome_send (self, request, connect_done);
  else
    eka_fallback_begin (self, error);
}

/* There was no audio; or none for the stream. */
static void
take_nothing (EkaSession *self)
{
  EkaOutboxStats left;

  eka_outbox_get_stats (self->outbox, &left);
  if (left.held == 0 && left.dropped_chunks == 0)
    eka_ending_discard (self, 0);
  else
    eka_fallback_begin (self, make_error (EKA_SCRIBE_ERROR_FAILED,
                                          "There is audio that was not "
                                          "streamed"));
}

/* Takes audio to the service as it comes, and tells of its end. */
void
eka_streaming_next (EkaSession *self)
{
  if (self->finished && eka_feed_count_read (self->feed) == 0 &&
      eka_feed_get_waiting (self->feed) == 0)
    take_nothing (self);
  else if (self->streaming != NULL)
    pump (self->streaming);
  else
    connect_stream (self);
}
