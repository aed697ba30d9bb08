/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* What becomes of a stream that breaks, or can not be had. */
#include <string.h>

#include "scribe/error.h"
#include "scribe/sessionprivate.h"
#include "streamer.h"

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

  streamer_start (s);
  broken = g_strdup (f->session_id);
  streamer_say_something (s, before);
  eka_socket_tell_closed (EKA_SOCKET (f->liar->socket), code, NULL);
  fixture_spin (f);
  g_assert_cmpstr (f->previous_id, ==, broken);
  g_assert_cmpstr (f->session_id, !=, broken);
  g_assert_cmpuint (fixture_count (f, "fallback"), ==, 1);
  g_assert_cmpuint (fixture_count (f, "warning"), ==, 1);
  g_assert_nonnull (strstr (f->warning->message, broken));
  streamer_say_something (s, after);
  streamer_finish (s);
  streamer_assert_uploaded (s, broken);
  streamer_assert_created_as (f, 1, "chunked", "http");
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
  streamer_start (s);
  broken = g_strdup (f->session_id);
  streamer_say_something (s, 1000);
  streamer_cut (s);
  eka_session_finish (f->session);
  fixture_spin (f);
  g_assert_true (f->liar->socket->stopped);
  eka_socket_tell_closed (EKA_SOCKET (f->liar->socket),
                          GPOINTER_TO_UINT (data), NULL);
  fixture_run (f);
  streamer_assert_uploaded (s, broken);
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
  streamer_start (s);
  broken = g_strdup (f->previous_id);
  g_assert_nonnull (broken);
  if (status != 0)
    {
      g_assert_cmpuint (eka_scribe_error_get_info (f->warning)->http_status,
                        ==, status);
      g_assert_cmpstr (eka_scribe_error_get_info (f->warning)->request, ==,
                       "stream");
    }
  streamer_say_something (s, 777);
  streamer_finish (s);
  streamer_assert_uploaded (s, broken);
  g_assert_null (f->liar->socket);
}

/* Another port at the same host needs no trust of its own. */
static void
test_another_port (Streamer     *s,
                   gconstpointer data)
{
  Fixture *f = &s->f;

  eka_liar_push (f->liar, EKA_CALL_CREATE, 201,
                 "{\"session_id\":\"ses_0123456789abcdef\",\"status\":"
                 "\"created\",\"upload_url\":\"wss://SCRIBE.test:444/x\"}");
  streamer_start (s);
  streamer_say_something (s, 1000);
  streamer_finish (s);
  streamer_assert_streamed (s);
  g_assert_cmpint (f->state, ==, EKA_SESSION_COMPLETED);
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
  streamer_start (s);
  broken = g_strdup (f->previous_id);
  g_assert_cmpstr (broken, ==, "ses_0123456789abcdef");
  g_assert_null (strstr (f->warning->message, "s3cret"));
  g_assert_cmpint (f->state, ==, EKA_SESSION_RECORDING);
  streamer_say_something (s, 777);
  streamer_finish (s);
  streamer_assert_uploaded (s, broken);
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

  streamer_start (s);
  broken = g_strdup (f->session_id);
  g_assert_cmpuint (f->liar->socket->ping_interval, ==, 10);
  for (i = 0; i < 10; i++)
    {
      streamer_say_something (s, 100);
      eka_clock_advance (f->clock, 9 * SECOND);
      eka_socket_tell_pong (EKA_SOCKET (f->liar->socket));
    }
  g_assert_cmpuint (fixture_count (f, "fallback"), ==, 0);
  eka_clock_advance (f->clock, 30 * SECOND - 1);
  g_assert_cmpuint (fixture_count (f, "fallback"), ==, 0);
  eka_clock_advance (f->clock, 1);
  g_assert_cmpuint (fixture_count (f, "fallback"), ==, 1);
  streamer_finish (s);
  streamer_assert_uploaded (s, broken);
}

/* A service that talks and does not read keeps nobody waiting. */
static void
test_a_peer_that_only_talks (Streamer     *s,
                             gconstpointer data)
{
  Fixture *f = &s->f;
  g_autofree gchar *broken = NULL;
  guint i;

  streamer_start (s);
  broken = g_strdup (f->session_id);
  f->liar->socket->held = TRUE;
  streamer_say_something (s, 1000);
  for (i = 0; i < 5; i++)
    {
      eka_clock_advance (f->clock, 5 * SECOND);
      streamer_hear (f, "{\"transcript\":\"I am busy\"}", TRUE);
      eka_socket_tell_pong (EKA_SOCKET (f->liar->socket));
      fixture_spin (f);
    }
  g_assert_cmpuint (fixture_count (f, "fallback"), ==, 0);
  eka_clock_advance (f->clock, 5 * SECOND);
  fixture_spin (f);
  g_assert_cmpuint (fixture_count (f, "fallback"), ==, 1);
  streamer_finish (s);
  streamer_assert_uploaded (s, broken);
}

/* The service has closed before it was told of the end. */
static void
test_closed_before_the_end (Streamer     *s,
                            gconstpointer data)
{
  Fixture *f = &s->f;
  g_autofree gchar *broken = NULL;

  streamer_start (s);
  broken = g_strdup (f->session_id);
  streamer_say_something (s, 1000);
  streamer_cut (s);
  f->liar->socket->deaf = TRUE;
  eka_session_finish (f->session);
  fixture_spin (f);
  eka_socket_tell_closed (EKA_SOCKET (f->liar->socket), 1000, NULL);
  fixture_run (f);
  streamer_assert_uploaded (s, broken);
}

/* One pong may be the answer to a ping of before. */
static void
test_no_close_and_no_sign_of_life (Streamer     *s,
                                   gconstpointer data)
{
  Fixture *f = &s->f;
  g_autofree gchar *broken = NULL;

  f->liar->no_close = TRUE;
  streamer_start (s);
  broken = g_strdup (f->session_id);
  streamer_say_something (s, 1000);
  streamer_cut (s);
  eka_session_finish (f->session);
  fixture_spin (f);
  eka_socket_tell_pong (EKA_SOCKET (f->liar->socket));
  fixture_run (f);
  streamer_assert_uploaded (s, broken);
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
  streamer_start (s);
  g_assert_cmpuint (fixture_count (f, "fallback"), ==, 1);
  g_assert_cmpstr (eka_scribe_error_get_info (f->warning)->property, ==,
                   "upload-type");
  streamer_say_something (s, 1000);
  streamer_finish (s);
  streamer_assert_uploaded (s, NULL);
  streamer_assert_created_as (f, 0, "chunked", "http");
  g_assert_null (f->previous_id);
}

static void
test_discovery_without_streams_nor_fallback (Streamer     *s,
                                             gconstpointer data)
{
  Fixture *f = &s->f;

  f->settings->stream_fallback = FALSE;
  eka_liar_push (f->liar, EKA_CALL_DISCOVER, 200, NO_STREAM);
  streamer_open (s);
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
  streamer_open (s);
  id = eka_session_dup_id (f->session);
  eka_session_start (f->session, NULL);
  fixture_spin (f);
  g_assert_cmpstr (f->session_id, ==, id);
  streamer_say_something (s, 1000);
  streamer_finish (s);
  streamer_assert_uploaded (s, NULL);
  streamer_assert_created_as (f, 0, "stream", "websocket");
  streamer_assert_created_as (f, 1, "chunked", "http");
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
  streamer_open (s);
  broken = eka_session_dup_id (f->session);
  eka_session_start (f->session, NULL);
  fixture_spin (f);
  streamer_say_something (s, 1000);
  streamer_finish (s);
  g_assert_cmpstr (f->previous_id, ==, broken);
  streamer_assert_uploaded (s, broken);
}

/* --- no fallback ------------------------------------------------------------ */

static void
test_no_fallback (Streamer     *s,
                  gconstpointer data)
{
  Fixture *f = &s->f;

  f->settings->stream_fallback = FALSE;
  streamer_start (s);
  streamer_say_something (s, 1000);
  streamer_cut (s);
  eka_socket_tell_closed (EKA_SOCKET (f->liar->socket), 1011, NULL);
  fixture_spin (f);
  g_assert_cmpuint (fixture_count (f, "fatal"), ==, 1);
  g_assert_cmpuint (f->done, ==, 0);
  streamer_say_something (s, 1000);
  streamer_finish (s);
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

  streamer_start (s);
  streamer_say_something (s, 1000);
  eka_liar_push (f->liar, EKA_CALL_GET, 410, "{\"status\":\"expired\"}");
  streamer_finish (s);
  g_assert_cmpuint (eka_liar_count (f->liar, EKA_CALL_END), ==, 2);
  g_assert_cmpuint (eka_liar_count (f->liar, EKA_CALL_UPLOAD), ==, 1);
  g_assert_cmpint (f->state, ==, EKA_SESSION_COMPLETED);
  streamer_assert_created_as (f, 1, "chunked", "http");
}

static void
test_lost_after_the_end_without_fallback (Streamer     *s,
                                          gconstpointer data)
{
  Fixture *f = &s->f;

  f->settings->stream_fallback = FALSE;
  streamer_start (s);
  streamer_say_something (s, 1000);
  eka_liar_push (f->liar, EKA_CALL_GET, 410, "{\"status\":\"expired\"}");
  streamer_finish (s);
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

  streamer_start (s);
  broken = g_strdup (f->session_id);
  s->feed = eka_feed_new ();
  streamer_say_something (s, 1000);
  streamer_finish (s);
  streamer_assert_uploaded (s, broken);
  eka_feed_unref (feed);
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
  streamer_start (s);
  streamer_say_something (s, 1000);
  eka_socket_tell_closed (EKA_SOCKET (f->liar->socket), 0, NULL);
  fixture_spin (f);
  for (i = 0; i < 20; i++)
    {
      eka_clock_advance (f->clock, 30 * SECOND);
      fixture_spin (f);
    }
  g_assert_cmpuint (eka_liar_count (f->liar, EKA_CALL_PATCH), ==, 4);
  streamer_finish (s);
  g_assert_cmpint (f->state, ==, EKA_SESSION_COMPLETED);
}

static void
test_forgone (Streamer     *s,
              gconstpointer data)
{
  Fixture *f = &s->f;

  streamer_open (s);
  eka_session_forgo_stream (f->session, "No");
  eka_session_start (f->session, NULL);
  fixture_spin (f);
  g_assert_cmpuint (fixture_count (f, "fallback"), ==, 1);
  streamer_assert_created_as (f, 0, "chunked", "http");
  streamer_say_something (s, 1000);
  streamer_finish (s);
  streamer_assert_uploaded (s, NULL);
}

/* While it is being created. */
static void
test_forgone_late (Streamer     *s,
                   gconstpointer data)
{
  Fixture *f = &s->f;
  g_autofree gchar *broken = NULL;

  streamer_open (s);
  broken = eka_session_dup_id (f->session);
  eka_session_start (f->session, NULL);
  while (eka_liar_count (f->liar, EKA_CALL_CREATE) == 0)
    g_main_context_iteration (NULL, FALSE);
  eka_session_forgo_stream (f->session, "No");
  streamer_say_something (s, 1000);
  streamer_finish (s);
  streamer_assert_uploaded (s, broken);
}



int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add ("/session-fallback/closed/0", GUINT_TO_POINTER (0), test_closed);
  add ("/session-fallback/closed/1000", GUINT_TO_POINTER (1000), test_closed);
  add ("/session-fallback/closed/1001", GUINT_TO_POINTER (1001), test_closed);
  add ("/session-fallback/closed/1009", GUINT_TO_POINTER (1009), test_closed);
  add ("/session-fallback/closed/1011", GUINT_TO_POINTER (1011), test_closed);
  add ("/session-fallback/broken-at-once", NULL, test_broken_at_once);
  add ("/session-fallback/at-the-end/0", GUINT_TO_POINTER (0),
       test_closed_badly_at_the_end);
  add ("/session-fallback/at-the-end/1005", GUINT_TO_POINTER (1005),
       test_closed_badly_at_the_end);
  add ("/session-fallback/handshake/network", GUINT_TO_POINTER (0),
       test_refused_handshake);
  add ("/session-fallback/handshake/200", GUINT_TO_POINTER (200),
       test_refused_handshake);
  add ("/session-fallback/handshake/403", GUINT_TO_POINTER (403),
       test_refused_handshake);
  add ("/session-fallback/handshake/404", GUINT_TO_POINTER (404),
       test_refused_handshake);
  add ("/session-fallback/handshake/502", GUINT_TO_POINTER (502),
       test_refused_handshake);
  add ("/session-fallback/url/another-port", NULL, test_another_port);
  add ("/session-fallback/url/clear-text", "ws://scribe.test/s3cret",
       test_a_bad_url);
  add ("/session-fallback/url/http", "https://scribe.test/s3cret",
       test_a_bad_url);
  add ("/session-fallback/url/elsewhere", "wss://other.test/s3cret",
       test_a_bad_url);
  add ("/session-fallback/url/none", "s3cret", test_a_bad_url);
  add ("/session-fallback/silence", NULL, test_a_silent_peer);
  add ("/session-fallback/only-talks", NULL, test_a_peer_that_only_talks);
  add ("/session-fallback/closed-before-the-end", NULL,
       test_closed_before_the_end);
  add ("/session-fallback/no-close-no-life", NULL,
       test_no_close_and_no_sign_of_life);
  add ("/session-fallback/not-discovered", NULL, test_discovery_without_streams);
  add ("/session-fallback/not-discovered-no-fallback", NULL,
       test_discovery_without_streams_nor_fallback);
  add ("/session-fallback/create/400", GUINT_TO_POINTER (400),
       test_create_refuses_a_stream);
  add ("/session-fallback/create/422", GUINT_TO_POINTER (422),
       test_create_refuses_a_stream);
  add ("/session-fallback/create/500", NULL, test_create_fails_over_a_stream);
  add ("/session-fallback/no-fallback", NULL, test_no_fallback);
  add ("/session-fallback/lost-late", NULL, test_lost_after_the_end);
  add ("/session-fallback/lost-late-no-fallback", NULL,
       test_lost_after_the_end_without_fallback);
  add ("/session-fallback/audio-beside", NULL, test_audio_beside_the_stream);
  add ("/session-fallback/cancel-repeated", NULL, test_cancel_is_repeated);
  add ("/session-fallback/forgone", NULL, test_forgone);
  add ("/session-fallback/forgone-late", NULL, test_forgone_late);
  return g_test_run ();
}
