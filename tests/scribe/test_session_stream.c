/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Sessions that are streamed, and all is well. */
#include <string.h>

#include "scribe/envelope.h"
#include "scribe/sessionprivate.h"
#include "streamer.h"

/* --- all is well ------------------------------------------------------------ */

static void
test_audio_is_streamed_as_it_comes (Streamer     *s,
                                    gconstpointer data)
{
  Fixture *f = &s->f;
  g_autoptr (JsonObject) end = NULL;
  g_autofree gchar *url = NULL;

  streamer_start (s);
  streamer_assert_created_as (f, 0, "stream", "websocket");
  url = g_strdup_printf ("wss://scribe.test/stream/%s/audio?key=k%%2F1",
                         f->session_id);
  g_assert_cmpstr (eka_liar_nth (f->liar, EKA_CALL_STREAM, 0)->uri, ==, url);
  streamer_say_something (s, 99);
  g_assert_cmpuint (f->liar->socket->pcm->len, ==, 0);
  streamer_say_something (s, 1);
  g_assert_cmpuint (f->liar->socket->pcm->len, ==, FRAME);
  streamer_say_something (s, 1234);
  g_assert_cmpuint (f->liar->socket->pcm->len, ==, 13 * FRAME);
  streamer_finish (s);
  streamer_assert_streamed (s);
  g_assert_cmpuint (f->liar->socket->texts->len, ==, 1);
  end = streamer_body_of (f, EKA_CALL_END, 0);
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
  streamer_start (s);
  streamer_say_something (s, 1050);
  streamer_finish (s);
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
  streamer_start (s);
  streamer_say_something (s, 20000);
  streamer_cut (s);
  streamer_say_something (s, 20000);
  streamer_cut (s);
  streamer_say_something (s, 3333);
  g_assert_null (f->liar->socket);
  streamer_finish (s);
  streamer_assert_streamed (s);
  g_assert_cmpint (f->state, ==, EKA_SESSION_COMPLETED);
}

/* A peer that takes its time, while audio is being cut. */
static void
test_a_slow_stream (Streamer     *s,
                    gconstpointer data)
{
  Fixture *f = &s->f;
  guint i;

  streamer_start (s);
  f->liar->socket->held = TRUE;
  streamer_say_something (s, 20050);
  g_assert_cmpuint (f->liar->socket->sent, ==, 1);
  streamer_cut (s);
  streamer_say_something (s, 20050);
  streamer_cut (s);
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
  streamer_finish (s);
  streamer_assert_streamed (s);
}

static void
test_no_audio (Streamer     *s,
               gconstpointer data)
{
  Fixture *f = &s->f;

  streamer_start (s);
  streamer_finish (s);
  g_assert_cmpint (f->state, ==, EKA_SESSION_DISCARDED);
  g_assert_cmpuint (eka_liar_count (f->liar, EKA_CALL_END), ==, 0);
  g_assert_cmpuint (eka_liar_count (f->liar, EKA_CALL_PATCH), ==, 1);
}

static void
test_messages_of_the_service (Streamer     *s,
                              gconstpointer data)
{
  Fixture *f = &s->f;
  EkaSessionStats stats;

  streamer_start (s);
  streamer_say_something (s, 500);
  streamer_hear (f, "{\"type\":\"transcript\",\"transcript\":\"a cough\"}", TRUE);
  streamer_hear (f, "{\"transcript\":\"a cough\"}", TRUE);
  streamer_hear (f, "{\"data\":{\"text\":\"a fever\",\"language\":\"en\"}}", TRUE);
  streamer_hear (f, "{\"error\":{\"code\":\"x\"},\"text\":\"no\"}", TRUE);
  streamer_hear (f, "hello", TRUE);
  streamer_hear (f, "you are secret-token at wss://scribe.test/stream/ses_0/audio", TRUE);
  streamer_hear (f, "", TRUE);
  streamer_hear (f, "\001\002", FALSE);
  g_assert_cmpuint (fixture_count (f, "transcript "), ==, 2);
  g_assert_cmpuint (fixture_count (f, "transcript a cough"), ==, 1);
  g_assert_cmpuint (fixture_count (f, "message "), ==, 4);
  g_assert_cmpuint (fixture_count (f, "message you are … at "), ==, 1);
  g_assert_cmpuint (fixture_count (f, "message hello"), ==, 1);
  eka_session_get_stats (f->session, &stats);
  g_assert_cmpuint (stats.stream_binaries, ==, 1);
  streamer_finish (s);
  streamer_assert_streamed (s);
}

/* Ten seconds without a close, and pongs that show that all was read: we close,
 * and wait for an answer, but not for ever. */
static void
test_no_close (Streamer     *s,
               gconstpointer data)
{
  const gboolean rude = GPOINTER_TO_INT (data);
  Fixture *f = &s->f;
  gint64 began;

  f->liar->no_close = TRUE;
  streamer_start (s);
  streamer_say_something (s, 1000);
  streamer_cut (s);
  eka_session_finish (f->session);
  fixture_spin (f);
  began = eka_clock_now (f->clock);
  g_assert_cmpuint (f->liar->socket->ping_interval, ==, 1);
  f->liar->socket->rude = rude;
  eka_socket_tell_pong (EKA_SOCKET (f->liar->socket));
  eka_socket_tell_pong (EKA_SOCKET (f->liar->socket));
  fixture_run (f);
  g_assert_cmpint (eka_clock_now (f->clock) - began, >=,
                   (rude ? 15 : 10) * SECOND);
  g_assert_cmpint (eka_clock_now (f->clock) - began, <,
                   (rude ? 16 : 11) * SECOND);
  g_assert_cmpuint (f->liar->socket->goodbyes, ==, 1);
  streamer_assert_streamed (s);
  g_assert_cmpint (f->state, ==, EKA_SESSION_COMPLETED);
  g_assert_cmpuint (fixture_count (f, "fallback"), ==, 0);
}

static void
test_discarded (Streamer     *s,
                gconstpointer data)
{
  Fixture *f = &s->f;

  streamer_start (s);
  streamer_say_something (s, 1000);
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

  streamer_start (s);
  streamer_say_something (s, ms);
  eka_session_abort (f->session);
  fixture_spin (f);
  g_assert_cmpuint (f->freed, ==, 1);
  g_assert_cmpuint (G_OBJECT (f->liar->socket)->ref_count, ==, 1);
  g_assert_cmpuint (eka_liar_count (f->liar, EKA_CALL_PATCH), ==,
                    ms == 0 ? 1 : 0);
}

/* One that tells nothing by itself is asked for the transcript so far. */
static void
test_the_transcript_is_asked_for (Streamer     *s,
                                  gconstpointer data)
{
  Fixture *f = &s->f;

  f->settings->preview_interval = 5 * SECOND;
  f->liar->any_get = TRUE;
  eka_liar_push (f->liar, EKA_CALL_GET, 202,
                 "{\"status\":\"initialized\",\"transcript\":\"one\"}");
  streamer_start (s);
  streamer_say_something (s, 1000);
  eka_clock_advance (f->clock, 5 * SECOND);
  fixture_spin (f);
  g_assert_cmpuint (eka_liar_count (f->liar, EKA_CALL_GET), ==, 1);
  g_assert_cmpuint (fixture_count (f, "transcript one"), ==, 1);
  eka_session_abort (f->session);
}

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
  add ("/session-stream/no-close", GINT_TO_POINTER (FALSE), test_no_close);
  add ("/session-stream/no-close-no-answer", GINT_TO_POINTER (TRUE),
       test_no_close);
  add ("/session-stream/discarded", NULL, test_discarded);
  add ("/session-stream/aborted", GUINT_TO_POINTER (1000), test_aborted);
  add ("/session-stream/aborted-empty", GUINT_TO_POINTER (0), test_aborted);
  add ("/session-stream/the-transcript-is-asked-for", NULL,
       test_the_transcript_is_asked_for);
  return g_test_run ();
}
