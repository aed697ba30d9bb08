/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "fixture.h"

#include <string.h>

#define RATE 16000

static GBytes *
make_chunk (gsize frames)
{
  g_autoptr (GArray) samples = make_tone (RATE, 1, frames, 440.0, 0.25);

  return make_wav (RATE, 1, samples);
}

static Answer *
upload (Box *box, const gchar *name, const gchar *type, GBytes *body)
{
  g_autofree gchar *path
      = g_strconcat ("sessions/" SESSION "/audio/", name, NULL);

  return box_send (box, "POST", path, type, body);
}

static void
check_upload (Box         *box,
              const gchar *name,
              const gchar *type,
              GBytes      *body,
              guint        status,
              const gchar *code)
{
  g_autoptr (Answer) answer = upload (box, name, type, body);

  g_test_message ("%s as %s", name, type ? type : "nothing");
  answer_check (answer, status, code);
}

static void
test_names (void)
{
  static const gchar *const wrong[]
      = { "audio.wav",    "audio_0",       "audio_.wav",  "audio_x.wav",
          "au.dio_0.wav", "audio_0.w-v",   "_0.wav%20",   "a%2F_0.wav",
          "audio-0.wav",  "audio_0.wav\n", "audio_-1.wav",
          "audio_9999999999.wav" };
  g_autoptr (Box) box = box_start (NULL);
  g_autoptr (GBytes) chunk = make_chunk (800);
  gsize i;

  box_create (box, NULL);
  for (i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      g_autoptr (Answer) answer = upload (box, wrong[i], "audio/wav", chunk);

      g_test_message ("%s", wrong[i]);
      g_assert_cmpuint (answer->status, >=, 400);
      g_assert_cmpuint (answer->status, <, 500);
    }
  box_upload (box, "a-B_9_0.wav", "audio/wav", chunk);
  box_upload (box, "x_01.wav", "audio/wav", chunk);
}

static void
test_content_types (void)
{
  static const struct
  {
    const gchar *name;
    const gchar *type;
    guint status;
  } cases[] = {
    { "a_0.wav", "audio/wav", 200 },
    { "a_0.wav", NULL, 200 },
    { "a_0.wav", "audio/x-wav", 400 },
    { "a_0.wav", "Audio/Wav", 400 },
    { "a_0.wav", "audio/ogg", 400 },
    { "a_0.ogg", "audio/ogg", 200 },
    { "a_0.ogg", "audio/ogg;codecs=opus", 200 },
    { "a_0.ogg", "audio/ogg; codecs=opus", 400 },
    { "a_0.webm", "audio/webm;codecs=opus", 200 },
    { "a_0.webm", "audio/webm", 400 },
    { "a_0.webm", NULL, 200 },
    { "a_0.mp4", "audio/mp4", 200 },
    { "a_0.m4a", "audio/m4a", 200 },
    { "a_0.mp3", "audio/mp3", 200 },
    { "a_0.mp3", "audio/mpeg", 400 },
    { "a_0.mp3", NULL, 200 },
    { "a_0.flac", NULL, 400 },
    { "a_0.wav", "application/octet-stream", 400 },
  };
  g_autoptr (Box) box = box_start (NULL);
  g_autoptr (GBytes) chunk = make_chunk (800);
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree gchar *id = g_strdup_printf ("ses_type_%012" G_GSIZE_FORMAT,
                                              i);
      g_autofree gchar *json
          = g_strdup_printf ("{" MINIMAL ",\"session_id\":\"%s\"}", id);
      g_autofree gchar *path
          = g_strconcat ("sessions/", id, "/audio/", cases[i].name, NULL);
      g_autoptr (Answer) created = box_post (box, "sessions", json);
      g_autoptr (Answer) answer
          = box_send (box, "POST", path, cases[i].type, chunk);

      g_test_message ("%s as %s", cases[i].name, cases[i].type);
      answer_check (created, 201, NULL);
      answer_check (answer, cases[i].status,
                    cases[i].status == 400 ? "invalid_audio_format" : NULL);
    }
}

static void
test_formats_option (void)
{
  g_autoptr (Box) box = box_start ("--audio-formats=audio/wav", NULL);
  g_autoptr (GBytes) chunk = make_chunk (800);

  box_create (box, NULL);
  check_upload (box, "a_0.ogg", "audio/ogg", chunk, 400,
                "invalid_audio_format");
  check_upload (box, "a_0.wav", "audio/wav", chunk, 200, NULL);
}

static void
test_one_format (void)
{
  g_autoptr (Box) box = box_start (NULL);
  g_autoptr (GBytes) chunk = make_chunk (800);

  box_create (box, NULL);
  box_upload (box, "a_0.wav", "audio/wav", chunk);
  check_upload (box, "a_1.ogg", "audio/ogg", chunk, 400,
                "invalid_audio_format");
}

/* The first bytes under a number win; whoever repeats a lost answer's upload
 * is told that all is well. */
static void
test_repeat (void)
{
  g_autoptr (Box) box = box_start (NULL);
  g_autoptr (GBytes) first = make_chunk (800);
  g_autoptr (GBytes) second = make_chunk (1600);
  g_autoptr (GBytes) kept = NULL;
  g_autoptr (Answer) answer = NULL;

  box_create (box, NULL);
  box_upload (box, "a_0.wav", "audio/wav", first);
  box_upload (box, "b_0.wav", "audio/wav", second);
  kept = read_kept (box, "0.wav");
  g_assert_true (g_bytes_equal (kept, first));
  answer = box_get (box, "sessions/" SESSION);
  g_assert_cmpint (answer_int (answer, "audio_files_received"), ==, 1);
}

static void
test_order (void)
{
  g_autoptr (Box) box = box_start (NULL);
  g_autoptr (GBytes) chunk = make_chunk (800);
  g_autoptr (Answer) answer = NULL;

  box_create (box, NULL);
  box_upload (box, "a_10.wav", "audio/wav", chunk);
  box_upload (box, "a_2.wav", "audio/wav", chunk);
  box_upload (box, "a_0.wav", "audio/wav", chunk);
  answer = box_get (box, "sessions/" SESSION);
  g_assert_cmpint (answer_int (answer, "audio_files_received"), ==, 3);
  g_assert_cmpstr (answer_string (answer, "audio_files.0"), ==, "0.wav");
  g_assert_cmpstr (answer_string (answer, "audio_files.1"), ==, "2.wav");
  g_assert_cmpstr (answer_string (answer, "audio_files.2"), ==, "10.wav");
}

static void
test_size (void)
{
  g_autoptr (Box) box = box_start (NULL);
  g_autofree gchar *zeros = g_malloc0 (10000001);
  g_autoptr (GBytes) largest = g_bytes_new_static (zeros, 10000000);
  g_autoptr (GBytes) larger = g_bytes_new_static (zeros, 10000001);
  g_autoptr (Answer) answer = NULL;

  box_create (box, NULL);
  check_upload (box, "a_0.wav", "audio/wav", larger, 413, "chunk_too_large");
  check_upload (box, "a_0.wav", "audio/wav", largest, 200, NULL);
  answer = box_get (box, "sessions/" SESSION);
  g_assert_cmpint (answer_int (answer, "audio_files_received"), ==, 1);
}

static void
test_after_end (void)
{
  g_autoptr (Box) box = box_start ("--processing-time=60", NULL);
  g_autoptr (GBytes) chunk = make_chunk (800);
  g_autoptr (Answer) again = NULL;

  box_create (box, NULL);
  box_upload (box, "a_0.wav", "audio/wav", chunk);
  box_end (box, 1);
  check_upload (box, "a_1.wav", "audio/wav", chunk, 400, "session_ended");
  check_upload (box, "a_0.wav", "audio/wav", chunk, 400, "session_ended");
  again = box_post (box, "sessions/" SESSION "/end",
                    "{\"audio_files_sent\":1}");
  answer_check (again, 400, "session_ended");
}

static void
test_after_results (void)
{
  g_autoptr (Box) box = box_start (NULL);
  g_autoptr (GBytes) chunk = make_chunk (800);
  g_autoptr (Answer) done = NULL;

  box_create (box, NULL);
  box_upload (box, "a_0.wav", "audio/wav", chunk);
  box_end (box, 1);
  done = box_wait (box);
  answer_check (done, 200, NULL);
  check_upload (box, "a_1.wav", "audio/wav", chunk, 400, "session_completed");
}

/* Exactly the model's seconds pass; a sample more does not, whether chunks
 * were measured already or not. What is refused leaves nothing behind. */
static void
test_duration (void)
{
  g_autoptr (Box) box = box_start ("--models=tiny:3", NULL);
  g_autoptr (GBytes) second = make_chunk (RATE);
  g_autoptr (GBytes) more = make_chunk (RATE + 1);
  g_autoptr (Answer) answer = NULL;

  box_create (box, NULL);
  box_upload (box, "a_0.wav", "audio/wav", second);
  box_upload (box, "a_1.wav", "audio/wav", second);
  check_upload (box, "a_2.wav", "audio/wav", more, 400,
                "session_duration_exceeded");
  box_upload (box, "a_2.wav", "audio/wav", second);
  check_upload (box, "a_3.wav", "audio/wav", second, 400,
                "session_duration_exceeded");
  box_end (box, 3);
  answer = box_wait (box);
  answer_check (answer, 200, NULL);
  g_assert_cmpstr (answer_string (answer, "status"), ==, "completed");
  g_assert_cmpint (answer_int (answer, "audio_files_received"), ==, 3);
}

static void
on_sent (GObject *source, GAsyncResult *result, gpointer user_data)
{
  gboolean *done = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = soup_session_send_and_read_finish (
      SOUP_SESSION (source), result, &error);

  g_assert_true (bytes == NULL || bytes != NULL);
  *done = TRUE;
}

/* Clients that vanish while their upload is looked at. */
static void
test_vanished_client (void)
{
  g_autoptr (Box) box = box_start ("--models=tiny:30", NULL);
  g_autoptr (GBytes) chunk = make_chunk (RATE * 19);
  g_autofree gchar *url = g_strconcat (
      box->base_url, "/sessions/" SESSION "/audio/a_1.wav", NULL);
  guint i;

  box_create (box, NULL);
  box_upload (box, "a_0.wav", "audio/wav", chunk);
  for (i = 0; i < 20; i++)
    {
      g_autoptr (SoupMessage) message = soup_message_new ("POST", url);
      g_autoptr (GCancellable) cancellable = g_cancellable_new ();
      gboolean done = FALSE;

      soup_message_set_request_body_from_bytes (message, "audio/wav", chunk);
      soup_session_send_and_read_async (box->soup, message,
                                        G_PRIORITY_DEFAULT, cancellable,
                                        on_sent, &done);
      g_signal_connect_swapped (message, "wrote-body",
                                G_CALLBACK (g_cancellable_cancel),
                                cancellable);
      while (!done)
        g_main_context_iteration (NULL, TRUE);
    }
  check_upload (box, "a_1.wav", "audio/wav", chunk, 400,
                "session_duration_exceeded");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sandbox/upload/names", test_names);
  g_test_add_func ("/sandbox/upload/content-type-letter-by-letter",
                   test_content_types);
  g_test_add_func ("/sandbox/upload/formats-follow-option",
                   test_formats_option);
  g_test_add_func ("/sandbox/upload/one-format-a-session", test_one_format);
  g_test_add_func ("/sandbox/upload/first-bytes-win", test_repeat);
  g_test_add_func ("/sandbox/upload/listed-by-number", test_order);
  g_test_add_func ("/sandbox/upload/ten-million-bytes", test_size);
  g_test_add_func ("/sandbox/upload/refused-after-end", test_after_end);
  g_test_add_func ("/sandbox/upload/refused-after-results", test_after_results);
  g_test_add_func ("/sandbox/upload/no-longer-than-the-model-takes",
                   test_duration);
  g_test_add_func ("/sandbox/upload/outlives-vanished-clients",
                   test_vanished_client);
  return g_test_run ();
}
