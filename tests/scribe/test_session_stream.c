/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Sessions that are streamed, and what becomes of a stream that breaks. */
#include <string.h>

#include "chunk/wav.h"
#include "scribe/envelope.h"
#include "scribe/error.h"
#include "scribe/json.h"
#include "scribe/sessionprivate.h"
#include "sessionfixture.h"

#define SECOND G_TIME_SPAN_SECOND
#define FRAME 3200

/* One session, and all that was said so far. */
typedef struct
{
  Fixture f;
  EkaFeed *feed;
  GByteArray *audio;
  gsize cut; /* of it, that chunks have */
} Streamer;

static void
set_up (Streamer     *s,
        gconstpointer data)
{
  fixture_set_up (&s->f, data);
  s->f.settings->upload_type = EKA_UPLOAD_STREAM;
  s->feed = eka_feed_new ();
  s->audio = g_byte_array_new ();
}

static void
tear_down (Streamer     *s,
           gconstpointer data)
{
  fixture_tear_down (&s->f, data);
  eka_feed_unref (s->feed);
  g_byte_array_unref (s->audio);
}

static void
open_session (Streamer *s)
{
  Fixture *f = &s->f;

  fixture_make (f);
  eka_session_set_feed (f->session, s->feed);
  eka_session_open (f->session);
  fixture_spin (f);
}

static void
start (Streamer *s)
{
  open_session (s);
  eka_session_start (s->f.session, NULL);
  fixture_spin (&s->f);
}

/* @ms: of audio, at 32 bytes each */
static void
say_something (Streamer *s,
               guint     ms)
{
  guint i;

  for (i = 0; i < ms; i++)
    {
      guint8 sound[32];
      guint j;

      for (j = 0; j < sizeof sound; j++)
        sound[j] = g_test_rand_int ();
      g_byte_array_append (s->audio, sound, sizeof sound);
      if (eka_feed_push (s->feed, sound, sizeof sound))
        eka_session_audio_added (s->f.session);
    }
  fixture_spin (&s->f);
}

/* What was said since the last cut becomes a chunk. */
static void
cut (Streamer *s)
{
  Fixture *f = &s->f;
  const gsize size = s->audio->len - s->cut;
  EkaCodec codec;
  GBytes *wav;
  EkaChunk *chunk;

  eka_codec_init_pcm (&codec, 16000, 1);
  wav = eka_wav_write (&codec, s->audio->data + s->cut, size);
  chunk = eka_chunk_new (f->next_index++, wav, "audio/wav", "wav", 0,
                         size * G_GUINT64_CONSTANT (31250), size / 2);
  s->cut = s->audio->len;
  eka_outbox_put (f->outbox, chunk);
  eka_feed_cut (s->feed, chunk);
  eka_session_chunk_added (f->session);
  eka_chunk_unref (chunk);
  g_bytes_unref (wav);
  fixture_spin (f);
}

/* The last chunk, the end, and all that follows. */
static void
finish (Streamer *s)
{
  if (s->cut < s->audio->len)
    cut (s);
  eka_session_finish (s->f.session);
  fixture_run (&s->f);
}

static void
assert_streamed (Streamer *s)
{
  EkaLiarSocket *socket = s->f.liar->socket;

  g_assert_cmpmem (socket->pcm->data, socket->pcm->len, s->audio->data,
                   s->audio->len);
  g_assert_true (socket->stopped);
}

/* Everything that was said is in the uploads to the session that was ended, and
 * nothing else; @broken was not ended, and is cancelled. */
static void
assert_uploaded (Streamer    *s,
                 const gchar *broken)
{
  Fixture *f = &s->f;
  g_autoptr (GByteArray) uploaded = g_byte_array_new ();
  g_autofree gchar *broken_path = g_strdup_printf ("/sessions/%s", broken);
  guint i, cancels = 0;

  for (i = 0; i < f->liar->log->len; i++)
    {
      EkaRequest *request = g_ptr_array_index (f->liar->log, i);
      gboolean of_broken =
          broken != NULL && strstr (request->uri, broken_path) != NULL;
      gsize size;
      const guint8 *data;

      if (request->call == EKA_CALL_PATCH)
        cancels++;
      g_assert_true (!of_broken || request->call == EKA_CALL_PATCH ||
                     request->call == EKA_CALL_GET);
      if (request->call != EKA_CALL_UPLOAD)
        continue;
      data = g_bytes_get_data (request->body, &size);
      g_byte_array_append (uploaded, data + EKA_WAV_HEADER_SIZE,
                           (guint) (size - EKA_WAV_HEADER_SIZE));
    }
  g_assert_cmpmem (uploaded->data, uploaded->len, s->audio->data,
                   s->audio->len);
  g_assert_cmpuint (cancels, ==, broken != NULL ? 1 : 0);
  g_assert_cmpuint (eka_liar_count (f->liar, EKA_CALL_END), ==, 1);
  g_assert_cmpint (f->state, ==, EKA_SESSION_COMPLETED);
  g_assert_no_error (f->error);
}

static JsonObject *
body_of (Fixture *f,
         EkaCall  call,
         guint    nth)
{
  JsonObject *object =
      eka_json_parse_bytes (eka_liar_nth (f->liar, call, nth)->body, NULL);

  g_assert_nonnull (object);
  return object;
}

static void
assert_created_as (Fixture     *f,
                   guint        nth,
                   const gchar *type,
                   const gchar *protocol)
{
  g_autoptr (JsonObject) body = body_of (f, EKA_CALL_CREATE, nth);

  g_assert_cmpstr (eka_json_get_string (body, "upload_type"), ==, type);
  g_assert_cmpstr (eka_json_get_string (body, "communication_protocol"), ==,
                   protocol);
}

/* --- all is well ------------------------------------------------------------ */

static void
test_audio_is_streamed_as_it_comes (Streamer     *s,
                                    gconstpointer data)
{
  Fixture *f = &s->f;
  g_autoptr (JsonObject) end = NULL;
  g_autofree gchar *url = NULL;

  start (s);
  assert_created_as (f, 0, "stream", "websocket");
  url = g_strdup_printf ("wss://scribe.test/stream/%s/audio?key=k%%2F1",
                         f->session_id);
  g_assert_cmpstr (eka_liar_nth (f->liar, EKA_CALL_STREAM, 0)->uri, ==, url);
  say_something (s, 99);
  g_assert_cmpuint (f->liar->socket->pcm->len, ==, 0);
  say_something (s, 1);
  g_assert_cmpuint (f->liar->socket->pcm->len, ==, FRAME);
  say_something (s, 1234);
  g_assert_cmpuint (f->liar->socket->pcm->len, ==, 13 * FRAME);
  finish (s);
  assert_streamed (s);
  g_assert_cmpuint (f->liar->socket->texts->len, ==, 1);
  end = body_of (f, EKA_CALL_END, 0);
  g_assert_cmpint (json_object_get_int_member (end, "audio_files_sent"), ==, 0);
  g_assert_cmpint (f->state, ==, EKA_SESSION_COMPLETED);
  g_assert_cmpuint (eka_liar_count (f->liar, EKA_CALL_UPLOAD), ==, 0);
  g_assert_cmpuint (fixture_count (f, "warning"), ==, 0);
  g_assert_null (f->warning);
}

static void
test_json (Streamer     *s,
           gconstpointer data)
{
  Fixture *f = &s->f;
  g_autoptr (GByteArray) heard = g_byte_array_new ();
  GPtrArray *texts;
  guint i;

  f->settings->stream_format = EKA_STREAM_JSON;
  start (s);
  say_something (s, 1050);
  finish (s);
  texts = f->liar->socket->texts;
  g_assert_cmpuint (texts->len, ==, 13);
  g_assert_cmpuint (f->liar->socket->pcm->len, ==, 0);
  g_assert_cmpstr (texts->pdata[0], ==,
                   "{\"event\":\"start\",\"start\":{\"mediaFormat\":{"
                   "\"encoding\":\"audio/x-l16\",\"sampleRate\":16000}}}");
  for (i = 1; i < 12; i++)
    {
      g_autoptr (JsonObject) text =
          eka_json_parse_object (texts->pdata[i], -1, NULL);
      g_autofree guchar *samples = NULL;
      gsize size;

      g_assert_cmpstr (eka_json_get_string (text, "event"), ==, "media");
      samples = g_base64_decode (
          eka_json_get_string (eka_json_get_object (text, "media"), "payload"),
          &size);
      g_byte_array_append (heard, samples, (guint) size);
    }
  g_assert_cmpmem (heard->data, heard->len, s->audio->data, s->audio->len);
  g_assert_cmpstr (texts->pdata[12], ==, "{\"event\":\"stop\"}");
}

/* No network at the start: the first sample still comes first. */
static void
test_what_came_before_the_stream (Streamer     *s,
                                  gconstpointer data)
{
  Fixture *f = &s->f;

  eka_liar_push_error (f->liar, EKA_CALL_CREATE,
                       g_error_new_literal (EKA_SCRIBE_ERROR,
                                            EKA_SCRIBE_ERROR_NETWORK, "no"));
  start (s);
  say_something (s, 20000);
  cut (s);
  say_something (s, 20000);
  cut (s);
  say_something (s, 3333);
  g_assert_null (f->liar->socket);
  finish (s);
  assert_streamed (s);
  g_assert_cmpint (f->state, ==, EKA_SESSION_COMPLETED);
}

/* A peer that takes its time, while audio is being cut. */
static void
test_a_slow_stream (Streamer     *s,
                    gconstpointer data)
{
  Fixture *f = &s->f;
  guint i;

  start (s);
  f->liar->socket->held = TRUE;
  say_something (s, 20050);
  g_assert_cmpuint (f->liar->socket->sent, ==, 1);
  cut (s);
  say_something (s, 20050);
  cut (s);
  for (i = 0; i < 300; i++)
    {
      f->liar->socket->allowed++;
      eka_socket_tell_ready (EKA_SOCKET (f->liar->socket));
      fixture_spin (f);
      g_assert_cmpuint (f->liar->socket->sent, ==, i + 2);
    }
  f->liar->socket->held = FALSE;
  eka_socket_tell_ready (EKA_SOCKET (f->liar->socket));
  fixture_spin (f);
  finish (s);
  assert_streamed (s);
}

static void
test_no_audio (Streamer     *s,
               gconstpointer data)
{
  Fixture *f = &s->f;

  start (s);
  finish (s);
  g_assert_cmpint (f->state, ==, EKA_SESSION_DISCARDED);
  g_assert_cmpuint (eka_liar_count (f->liar, EKA_CALL_END), ==, 0);
  g_assert_cmpuint (eka_liar_count (f->liar, EKA_CALL_PATCH), ==, 1);
}

/* --- what the service says -------------------------------------------------- */

static void
hear (Fixture     *f,
      const gchar *text,
      gboolean     is_text)
{
  g_autoptr (GBytes) bytes = g_bytes_new (text, strlen (text));

  eka_socket_tell_message (EKA_SOCKET (f->liar->socket), bytes, is_text);
}

static void
test_messages_of_the_service (Streamer     *s,
                              gconstpointer data)
{
  Fixture *f = &s->f;
  EkaSessionStats stats;

  start (s);
  say_something (s, 500);
  hear (f, "{\"type\":\"transcript\",\"transcript\":\"a cough\"}", TRUE);
  hear (f, "{\"transcript\":\"a cough\"}", TRUE);
  hear (f, "{\"data\":{\"text\":\"a fever\",\"language\":\"en\"}}", TRUE);
  hear (f, "{\"error\":{\"code\":\"x\"},\"text\":\"no\"}", TRUE);
  hear (f, "hello", TRUE);
  hear (f, "you are secret-token at wss://scribe.test/stream/ses_0/audio", TRUE);
  hear (f, "", TRUE);
  hear (f, "\001\002", FALSE);
  g_assert_cmpuint (fixture_count (f, "transcript "), ==, 2);
  g_assert_cmpuint (fixture_count (f, "transcript a cough"), ==, 1);
  g_assert_cmpuint (fixture_count (f, "message "), ==, 4);
  g_assert_cmpuint (fixture_count (f, "message you are … at "), ==, 1);
  g_assert_cmpuint (fixture_count (f, "message hello"), ==, 1);
  eka_session_get_stats (f->session, &stats);
  g_assert_cmpuint (stats.stream_binaries, ==, 1);
  finish (s);
  assert_streamed (s);
}

/* --- what breaks ------------------------------------------------------------ */

/* @ms: of audio before and after the stream breaks with @code */
static void
break_stream (Streamer *s,
              guint     before,
              guint     code,
              guint     after)
{
  Fixture *f = &s->f;
  g_autofree gchar *broken = NULL;

  start (s);
  broken = g_strdup (f->session_id);
  say_something (s, before);
  eka_socket_tell_closed (EKA_SOCKET (f->liar->socket), code, NULL);
  fixture_spin (f);
  g_assert_cmpstr (f->previous_id, ==, broken);
  g_assert_cmpstr (f->session_id, !=, broken);
  g_assert_cmpuint (fixture_count (f, "fallback"), ==, 1);
  g_assert_cmpuint (fixture_count (f, "warning"), ==, 1);
  g_assert_nonnull (strstr (f->warning->message, broken));
  say_something (s, after);
  finish (s);
  assert_uploaded (s, broken);
  assert_created_as (f, 1, "chunked", "http");
}

static void
test_closed (Streamer     *s,
             gconstpointer data)
{
  break_stream (s, 12345, GPOINTER_TO_UINT (data), 2000);
}

static void
test_broken_at_once (Streamer     *s,
                     gconstpointer data)
{
  break_stream (s, 0, 1006, 300);
}

/* The end was told, and then the stream broke: what of it was heard? */
static void
test_closed_badly_at_the_end (Streamer     *s,
                              gconstpointer data)
{
  Fixture *f = &s->f;
  g_autofree gchar *broken = NULL;

  f->liar->no_close = TRUE;
  start (s);
  broken = g_strdup (f->session_id);
  say_something (s, 1000);
  cut (s);
  eka_session_finish (f->session);
  fixture_spin (f);
  g_assert_true (f->liar->socket->stopped);
  eka_socket_tell_closed (EKA_SOCKET (f->liar->socket),
                          GPOINTER_TO_UINT (data), NULL);
  fixture_run (f);
  assert_uploaded (s, broken);
}

static void
test_refused_handshake (Streamer     *s,
                        gconstpointer data)
{
  Fixture *f = &s->f;
  g_autofree gchar *broken = NULL;
  guint status = GPOINTER_TO_UINT (data);

  if (status != 0)
    eka_liar_push (f->liar, EKA_CALL_STREAM, status, "<html>no</html>");
  else
    eka_liar_push_error (f->liar, EKA_CALL_STREAM,
                         g_error_new_literal (EKA_SCRIBE_ERROR,
                                              EKA_SCRIBE_ERROR_NETWORK, "no"));
  start (s);
  broken = g_strdup (f->previous_id);
  g_assert_nonnull (broken);
  if (status != 0)
    {
      g_assert_cmpuint (eka_scribe_error_get_info (f->warning)->http_status,
                        ==, status);
      g_assert_cmpstr (eka_scribe_error_get_info (f->warning)->request, ==,
                       "stream");
    }
  say_something (s, 777);
  finish (s);
  assert_uploaded (s, broken);
  g_assert_null (f->liar->socket);
}

/* What comes with the URL shows in no word. */
static void
test_a_bad_url (Streamer     *s,
                gconstpointer data)
{
  Fixture *f = &s->f;
  g_autofree gchar *broken = NULL;
  g_autofree gchar *body =
      g_strdup_printf ("{\"session_id\":\"ses_0123456789abcdef\","
                       "\"status\":\"created\",\"upload_url\":\"%s\"}",
                       (const gchar *) data);

  eka_liar_push (f->liar, EKA_CALL_CREATE, 201, body);
  start (s);
  broken = g_strdup (f->previous_id);
  g_assert_cmpstr (broken, ==, "ses_0123456789abcdef");
  g_assert_null (strstr (f->warning->message, "s3cret"));
  g_assert_cmpint (f->state, ==, EKA_SESSION_RECORDING);
  say_something (s, 777);
  finish (s);
  assert_uploaded (s, broken);
  g_assert_cmpuint (eka_liar_count (f->liar, EKA_CALL_STREAM), ==, 0);
}

/* --- silence ---------------------------------------------------------------- */

static void
test_a_silent_peer (Streamer     *s,
                    gconstpointer data)
{
  Fixture *f = &s->f;
  g_autofree gchar *broken = NULL;
  guint i;

  start (s);
  broken = g_strdup (f->session_id);
  g_assert_cmpuint (f->liar->socket->ping_interval, ==, 10);
  for (i = 0; i < 10; i++)
    {
      say_something (s, 100);
      eka_clock_advance (f->clock, 9 * SECOND);
      eka_socket_tell_pong (EKA_SOCKET (f->liar->socket));
    }
  g_assert_cmpuint (fixture_count (f, "fallback"), ==, 0);
  eka_clock_advance (f->clock, 30 * SECOND - 1);
  g_assert_cmpuint (fixture_count (f, "fallback"), ==, 0);
  eka_clock_advance (f->clock, 1);
  g_assert_cmpuint (fixture_count (f, "fallback"), ==, 1);
  finish (s);
  assert_uploaded (s, broken);
}

/* A service that talks and does not read keeps nobody waiting. */
static void
test_a_peer_that_only_talks (Streamer     *s,
                             gconstpointer data)
{
  Fixture *f = &s->f;
  g_autofree gchar *broken = NULL;
  guint i;

  start (s);
  broken = g_strdup (f->session_id);
  f->liar->socket->held = TRUE;
  say_something (s, 1000);
  for (i = 0; i < 5; i++)
    {
      eka_clock_advance (f->clock, 5 * SECOND);
      hear (f, "{\"transcript\":\"I am busy\"}", TRUE);
      eka_socket_tell_pong (EKA_SOCKET (f->liar->socket));
      fixture_spin (f);
    }
  g_assert_cmpuint (fixture_count (f, "fallback"), ==, 0);
  eka_clock_advance (f->clock, 5 * SECOND);
  fixture_spin (f);
  g_assert_cmpuint (fixture_count (f, "fallback"), ==, 1);
  finish (s);
  assert_uploaded (s, broken);
}

/* The service has closed before it was told of the end. */
static void
test_closed_before_the_end (Streamer     *s,
                            gconstpointer data)
{
  Fixture *f = &s->f;
  g_autofree gchar *broken = NULL;

  start (s);
  broken = g_strdup (f->session_id);
  say_something (s, 1000);
  cut (s);
  f->liar->socket->deaf = TRUE;
  eka_session_finish (f->session);
  fixture_spin (f);
  eka_socket_tell_closed (EKA_SOCKET (f->liar->socket), 1000, NULL);
  fixture_run (f);
  assert_uploaded (s, broken);
}

/* Ten seconds without a close, and pongs that show that all was read. */
static void
test_no_close (Streamer     *s,
               gconstpointer data)
{
  Fixture *f = &s->f;
  gint64 began;

  f->liar->no_close = TRUE;
  start (s);
  say_something (s, 1000);
  cut (s);
  eka_session_finish (f->session);
  fixture_spin (f);
  began = eka_clock_now (f->clock);
  g_assert_cmpuint (f->liar->socket->ping_interval, ==, 1);
  eka_socket_tell_pong (EKA_SOCKET (f->liar->socket));
  eka_socket_tell_pong (EKA_SOCKET (f->liar->socket));
  fixture_run (f);
  g_assert_cmpint (eka_clock_now (f->clock) - began, >=, 10 * SECOND);
  g_assert_cmpint (eka_clock_now (f->clock) - began, <, 11 * SECOND);
  assert_streamed (s);
  g_assert_cmpint (f->state, ==, EKA_SESSION_COMPLETED);
  g_assert_cmpuint (fixture_count (f, "fallback"), ==, 0);
}

/* One pong may be the answer to a ping of before. */
static void
test_no_close_and_no_sign_of_life (Streamer     *s,
                                   gconstpointer data)
{
  Fixture *f = &s->f;
  g_autofree gchar *broken = NULL;

  f->liar->no_close = TRUE;
  start (s);
  broken = g_strdup (f->session_id);
  say_something (s, 1000);
  cut (s);
  eka_session_finish (f->session);
  fixture_spin (f);
  eka_socket_tell_pong (EKA_SOCKET (f->liar->socket));
  fixture_run (f);
  assert_uploaded (s, broken);
}

/* --- services without streams ----------------------------------------------- */

#define NO_STREAM                                                             \
  "{\"protocol\":\"medscribealliance\",\"capabilities\":{"                    \
  "\"upload_methods\":[\"chunked\"]}}"

static void
test_discovery_without_streams (Streamer     *s,
                                gconstpointer data)
{
  Fixture *f = &s->f;

  eka_liar_push (f->liar, EKA_CALL_DISCOVER, 200, NO_STREAM);
  start (s);
  g_assert_cmpuint (fixture_count (f, "fallback"), ==, 1);
  g_assert_cmpstr (eka_scribe_error_get_info (f->warning)->property, ==,
                   "upload-type");
  say_something (s, 1000);
  finish (s);
  assert_uploaded (s, NULL);
  assert_created_as (f, 0, "chunked", "http");
  g_assert_null (f->previous_id);
}

static void
test_discovery_without_streams_nor_fallback (Streamer     *s,
                                             gconstpointer data)
{
  Fixture *f = &s->f;

  f->settings->stream_fallback = FALSE;
  eka_liar_push (f->liar, EKA_CALL_DISCOVER, 200, NO_STREAM);
  open_session (s);
  g_assert_cmpuint (f->done, ==, 1);
  g_assert_error (f->error, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_SETTINGS);
  g_assert_cmpstr (eka_scribe_error_get_info (f->error)->property, ==,
                   "upload-type");
}

/* The same id will do: nothing was made under it. */
static void
test_create_refuses_a_stream (Streamer     *s,
                              gconstpointer data)
{
  Fixture *f = &s->f;
  g_autofree gchar *id = NULL;

  eka_liar_push (f->liar, EKA_CALL_CREATE, GPOINTER_TO_UINT (data),
                 "{\"error\":{\"code\":\"invalid_request\"}}");
  open_session (s);
  id = eka_session_dup_id (f->session);
  eka_session_start (f->session, NULL);
  fixture_spin (f);
  g_assert_cmpstr (f->session_id, ==, id);
  say_something (s, 1000);
  finish (s);
  assert_uploaded (s, NULL);
  assert_created_as (f, 0, "stream", "websocket");
  assert_created_as (f, 1, "chunked", "http");
}

/* A server that fails over it has made half a session. */
static void
test_create_fails_over_a_stream (Streamer     *s,
                                 gconstpointer data)
{
  Fixture *f = &s->f;
  g_autofree gchar *broken = NULL;
  guint i;

  for (i = 0; i < 3; i++)
    eka_liar_push (f->liar, EKA_CALL_CREATE, 500, "oops");
  open_session (s);
  broken = eka_session_dup_id (f->session);
  eka_session_start (f->session, NULL);
  fixture_spin (f);
  say_something (s, 1000);
  finish (s);
  g_assert_cmpstr (f->previous_id, ==, broken);
  assert_uploaded (s, broken);
}

/* --- no fallback ------------------------------------------------------------ */

static void
test_no_fallback (Streamer     *s,
                  gconstpointer data)
{
  Fixture *f = &s->f;

  f->settings->stream_fallback = FALSE;
  start (s);
  say_something (s, 1000);
  cut (s);
  eka_socket_tell_closed (EKA_SOCKET (f->liar->socket), 1011, NULL);
  fixture_spin (f);
  g_assert_cmpuint (fixture_count (f, "fatal"), ==, 1);
  g_assert_cmpuint (f->done, ==, 0);
  say_something (s, 1000);
  finish (s);
  g_assert_cmpint (f->state, ==, EKA_SESSION_FAILED);
  g_assert_cmpstr (eka_scribe_error_get_info (f->error)->property, ==,
                   "stream-fallback");
  g_assert_nonnull (strstr (f->error->message, "2.0 s of audio"));
  g_assert_cmpuint (eka_liar_count (f->liar, EKA_CALL_END), ==, 0);
  g_assert_cmpuint (eka_liar_count (f->liar, EKA_CALL_UPLOAD), ==, 0);
  g_assert_cmpuint (eka_liar_count (f->liar, EKA_CALL_PATCH), ==, 1);
}

/* --- the rest of a session's life ------------------------------------------- */

/* All was streamed, and then the service has forgotten it. */
static void
test_lost_after_the_end (Streamer     *s,
                         gconstpointer data)
{
  Fixture *f = &s->f;

  start (s);
  say_something (s, 1000);
  eka_liar_push (f->liar, EKA_CALL_GET, 410, "{\"status\":\"expired\"}");
  finish (s);
  g_assert_cmpuint (eka_liar_count (f->liar, EKA_CALL_END), ==, 2);
  g_assert_cmpuint (eka_liar_count (f->liar, EKA_CALL_UPLOAD), ==, 1);
  g_assert_cmpint (f->state, ==, EKA_SESSION_COMPLETED);
  assert_created_as (f, 1, "chunked", "http");
}

static void
test_lost_after_the_end_without_fallback (Streamer     *s,
                                          gconstpointer data)
{
  Fixture *f = &s->f;

  f->settings->stream_fallback = FALSE;
  start (s);
  say_something (s, 1000);
  eka_liar_push (f->liar, EKA_CALL_GET, 410, "{\"status\":\"expired\"}");
  finish (s);
  g_assert_cmpuint (eka_liar_count (f->liar, EKA_CALL_CREATE), ==, 1);
  g_assert_cmpint (f->state, ==, EKA_SESSION_EXPIRED);
}

/* What was not streamed is not forgotten. */
static void
test_audio_beside_the_stream (Streamer     *s,
                              gconstpointer data)
{
  Fixture *f = &s->f;
  g_autofree gchar *broken = NULL;
  EkaFeed *feed = s->feed;

  start (s);
  broken = g_strdup (f->session_id);
  s->feed = eka_feed_new ();
  say_something (s, 1000);
  finish (s);
  assert_uploaded (s, broken);
  eka_feed_unref (feed);
}

static void
test_discarded (Streamer     *s,
                gconstpointer data)
{
  Fixture *f = &s->f;

  start (s);
  say_something (s, 1000);
  eka_session_discard (f->session);
  fixture_run (f);
  g_assert_cmpint (f->state, ==, EKA_SESSION_DISCARDED);
  g_assert_false (f->liar->socket->stopped);
  g_assert_cmpuint (G_OBJECT (f->liar->socket)->ref_count, ==, 1);
  g_assert_cmpuint (eka_liar_count (f->liar, EKA_CALL_PATCH), ==, 1);
}

/* What has audio is left as it is; what has none is taken back. */
static void
test_aborted (Streamer     *s,
              gconstpointer data)
{
  Fixture *f = &s->f;
  guint ms = GPOINTER_TO_UINT (data);

  start (s);
  say_something (s, ms);
  eka_session_abort (f->session);
  fixture_spin (f);
  g_assert_cmpuint (f->freed, ==, 1);
  g_assert_cmpuint (G_OBJECT (f->liar->socket)->ref_count, ==, 1);
  g_assert_cmpuint (eka_liar_count (f->liar, EKA_CALL_PATCH), ==,
                    ms == 0 ? 1 : 0);
}

/* A broken session is taken back until the service has an answer. */
static void
test_cancel_is_repeated (Streamer     *s,
                         gconstpointer data)
{
  Fixture *f = &s->f;
  guint i;

  for (i = 0; i < 3; i++)
    eka_liar_push (f->liar, EKA_CALL_PATCH, 503, "");
  start (s);
  say_something (s, 1000);
  eka_socket_tell_closed (EKA_SOCKET (f->liar->socket), 0, NULL);
  fixture_spin (f);
  for (i = 0; i < 20; i++)
    {
      eka_clock_advance (f->clock, 30 * SECOND);
      fixture_spin (f);
    }
  g_assert_cmpuint (eka_liar_count (f->liar, EKA_CALL_PATCH), ==, 4);
  finish (s);
  g_assert_cmpint (f->state, ==, EKA_SESSION_COMPLETED);
}

static void
test_forgone (Streamer     *s,
              gconstpointer data)
{
  Fixture *f = &s->f;

  open_session (s);
  eka_session_forgo_stream (f->session, "No");
  eka_session_start (f->session, NULL);
  fixture_spin (f);
  g_assert_cmpuint (fixture_count (f, "fallback"), ==, 1);
  assert_created_as (f, 0, "chunked", "http");
  say_something (s, 1000);
  finish (s);
  assert_uploaded (s, NULL);
}

/* While it is being created. */
static void
test_forgone_late (Streamer     *s,
                   gconstpointer data)
{
  Fixture *f = &s->f;
  g_autofree gchar *broken = NULL;

  open_session (s);
  broken = eka_session_dup_id (f->session);
  eka_session_start (f->session, NULL);
  while (eka_liar_count (f->liar, EKA_CALL_CREATE) == 0)
    g_main_context_iteration (NULL, FALSE);
  eka_session_forgo_stream (f->session, "No");
  say_something (s, 1000);
  finish (s);
  assert_uploaded (s, broken);
}

#define add(path, data, func)                                                 \
  g_test_add (path, Streamer, data, set_up, func, tear_down)

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add ("/session-stream/as-it-comes", NULL, test_audio_is_streamed_as_it_comes);
  add ("/session-stream/json", NULL, test_json);
  add ("/session-stream/late", NULL, test_what_came_before_the_stream);
  add ("/session-stream/slow", NULL, test_a_slow_stream);
  add ("/session-stream/no-audio", NULL, test_no_audio);
  add ("/session-stream/messages", NULL, test_messages_of_the_service);
  add ("/session-stream/closed/0", GUINT_TO_POINTER (0), test_closed);
  add ("/session-stream/closed/1000", GUINT_TO_POINTER (1000), test_closed);
  add ("/session-stream/closed/1001", GUINT_TO_POINTER (1001), test_closed);
  add ("/session-stream/closed/1009", GUINT_TO_POINTER (1009), test_closed);
  add ("/session-stream/closed/1011", GUINT_TO_POINTER (1011), test_closed);
  add ("/session-stream/broken-at-once", NULL, test_broken_at_once);
  add ("/session-stream/at-the-end/0", GUINT_TO_POINTER (0),
       test_closed_badly_at_the_end);
  add ("/session-stream/at-the-end/1005", GUINT_TO_POINTER (1005),
       test_closed_badly_at_the_end);
  add ("/session-stream/handshake/network", GUINT_TO_POINTER (0),
       test_refused_handshake);
  add ("/session-stream/handshake/200", GUINT_TO_POINTER (200),
       test_refused_handshake);
  add ("/session-stream/handshake/403", GUINT_TO_POINTER (403),
       test_refused_handshake);
  add ("/session-stream/handshake/404", GUINT_TO_POINTER (404),
       test_refused_handshake);
  add ("/session-stream/handshake/502", GUINT_TO_POINTER (502),
       test_refused_handshake);
  add ("/session-stream/url/clear-text", "ws://scribe.test/s3cret",
       test_a_bad_url);
  add ("/session-stream/url/http", "https://scribe.test/s3cret",
       test_a_bad_url);
  add ("/session-stream/url/elsewhere", "wss://other.test/s3cret",
       test_a_bad_url);
  add ("/session-stream/url/none", "s3cret", test_a_bad_url);
  add ("/session-stream/silence", NULL, test_a_silent_peer);
  add ("/session-stream/only-talks", NULL, test_a_peer_that_only_talks);
  add ("/session-stream/closed-before-the-end", NULL,
       test_closed_before_the_end);
  add ("/session-stream/no-close", NULL, test_no_close);
  add ("/session-stream/no-close-no-life", NULL,
       test_no_close_and_no_sign_of_life);
  add ("/session-stream/not-discovered", NULL, test_discovery_without_streams);
  add ("/session-stream/not-discovered-no-fallback", NULL,
       test_discovery_without_streams_nor_fallback);
  add ("/session-stream/create/400", GUINT_TO_POINTER (400),
       test_create_refuses_a_stream);
  add ("/session-stream/create/422", GUINT_TO_POINTER (422),
       test_create_refuses_a_stream);
  add ("/session-stream/create/500", NULL, test_create_fails_over_a_stream);
  add ("/session-stream/no-fallback", NULL, test_no_fallback);
  add ("/session-stream/lost-late", NULL, test_lost_after_the_end);
  add ("/session-stream/lost-late-no-fallback", NULL,
       test_lost_after_the_end_without_fallback);
  add ("/session-stream/audio-beside", NULL, test_audio_beside_the_stream);
  add ("/session-stream/discarded", NULL, test_discarded);
  add ("/session-stream/aborted", GUINT_TO_POINTER (1000), test_aborted);
  add ("/session-stream/aborted-empty", GUINT_TO_POINTER (0), test_aborted);
  add ("/session-stream/cancel-repeated", NULL, test_cancel_is_repeated);
  add ("/session-stream/forgone", NULL, test_forgone);
  add ("/session-stream/forgone-late", NULL, test_forgone_late);
  return g_test_run ();
}
