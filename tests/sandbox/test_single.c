/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "fixture.h"

#include <string.h>

#define RATE 16000
#define PATH "sessions/" SESSION
#define CREATE                                                                \
  "{\"upload_type\":\"single\",\"communication_protocol\":\"http\","          \
  "\"session_id\":\"" SESSION "\",\"templates\":[\"soap_template\"]}"
#define BOTH "--upload-methods=chunked,single"

static GBytes *
make_recording (gsize seconds)
{
  g_autoptr (GArray) samples
      = make_tone (RATE, 1, RATE * seconds, 440.0, 0.25);

  return make_wav (RATE, 1, samples);
}

static void
create (Box *box, const gchar *json, guint status, const gchar *code)
{
  g_autoptr (Answer) answer = box_post (box, "sessions", json);

  answer_check (answer, status, code);
}

static void
upload (Box         *box,
        const gchar *name,
        const gchar *type,
        GBytes      *file,
        guint        status,
        const gchar *code)
{
  g_autofree gchar *path = g_strconcat (PATH "/audio/", name, NULL);
  g_autoptr (Answer) answer = box_send (box, "POST", path, type, file);

  answer_check (answer, status, code);
}

static void
check_files (Answer *answer, guint count, const gchar *name)
{
  guint i;

  g_assert_cmpint (answer_int (answer, "audio_files_received"), ==, count);
  g_assert_cmpuint (json_array_get_length (json_node_get_array (
                        answer_find (answer, "audio_files"))),
                    ==, count);
  for (i = 0; i < count; i++)
    {
      g_autofree gchar *path = g_strdup_printf ("audio_files.%u", i);

      g_assert_cmpstr (answer_string (answer, path), ==, name);
    }
}

static void
check_listed (Box *box, guint count)
{
  g_autoptr (Answer) answer = box_get (box, PATH);

  answer_check (answer, 202, NULL);
  check_files (answer, count, "0.wav");
}

static void
check_end (Box         *box,
           gint         sent,
           const gchar *state,
           guint        count,
           gint         milliseconds)
{
  g_autoptr (Answer) answer = NULL;

  box_end (box, sent);
  answer = box_wait (box);
  g_assert_cmpstr (answer_string (answer, "status"), ==, state);
  check_files (answer, count, "0.wav");
  g_assert_cmpint (
      answer_int (answer, "templates.0.soap_template.data.audio_ms"), ==,
      milliseconds);
}

static void
test_offered (void)
{
  g_autoptr (Box) without = box_start (NULL);
  g_autoptr (Box) with = box_start (BOTH, NULL);
  g_autoptr (Answer) answer
      = box_get (with, ".well-known/medscribealliance");

  create (without, CREATE, 400, "invalid_request");
  create (with, CREATE, 201, NULL);
  g_assert_cmpstr (answer_string (answer, "capabilities.upload_methods.1"), ==,
                   "single");
}

/* Longer than any chunk, of every format; listed before End. */
static void
test_whole (void)
{
  g_autoptr (Box) box = box_start (BOTH, NULL);
  g_autoptr (GBytes) recording = make_recording (45);

  create (box, CREATE, 201, NULL);
  check_listed (box, 0);
  upload (box, "audio_0.wav", "audio/wav", recording, 200, NULL);
  check_listed (box, 1);
  check_end (box, 1, "completed", 1, 45000);
}

static void
test_formats (void)
{
  static const struct
  {
    const gchar *extension;
    const gchar *media_type;
    const gchar *arguments;
  } cases[] = {
    { "ogg", "audio/ogg;codecs=opus", "-c:a libopus" },
    { "ogg", "audio/ogg", "-c:a libvorbis" },
    { "webm", "audio/webm;codecs=opus", "-c:a libopus" },
    { "m4a", "audio/m4a", "-c:a aac" },
    { "mp4", "audio/mp4", "-c:a aac" },
    { "mp3", "audio/mp3", "-c:a libmp3lame" },
  };
  g_autoptr (GBytes) recording = make_recording (30);
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (Box) box = box_start (BOTH, NULL);
      g_autoptr (GBytes) file
          = make_encoded (cases[i].extension, recording, cases[i].arguments);
      g_autofree gchar *name
          = g_strconcat ("audio_0.", cases[i].extension, NULL);
      g_autoptr (Answer) answer = NULL;

      g_test_message ("%s", cases[i].media_type);
      create (box, CREATE, 201, NULL);
      upload (box, name, cases[i].media_type, file, 200, NULL);
      box_end (box, 1);
      answer = box_wait (box);
      g_assert_cmpstr (answer_string (answer, "status"), ==, "completed");
      g_assert_cmpint (
          answer_int (answer, "templates.0.soap_template.data.audio_ms"), ==,
          30000);
    }
}

static void
test_other_names (void)
{
  g_autoptr (Box) box = box_start (BOTH, NULL);
  g_autoptr (GBytes) recording = make_recording (1);

  create (box, CREATE, 201, NULL);
  upload (box, "audio_1.wav", "audio/wav", recording, 400,
          "single_file_only");
  upload (box, "part_0.wav", "audio/wav", recording, 400, "single_file_only");
  check_listed (box, 0);
  upload (box, "audio_0.wav", "audio/wav", recording, 200, NULL);
  upload (box, "audio_1.wav", "audio/wav", recording, 400,
          "single_file_only");
  upload (box, "audio_0.ogg", "audio/ogg", recording, 400,
          "invalid_audio_format");
  check_end (box, 1, "completed", 1, 1000);
}

static void
test_size (void)
{
  g_autoptr (Box) box = box_start (BOTH, NULL);
  g_autofree gchar *zeros = g_malloc0 (10000001);
  g_autoptr (GBytes) larger = g_bytes_new_static (zeros, 10000001);
  g_autoptr (GArray) samples
      = make_tone (RATE, 1, (10000000 - 44) / 2, 0.0, 0.0);
  g_autoptr (GBytes) largest = make_wav (RATE, 1, samples);

  g_assert_cmpuint (g_bytes_get_size (largest), ==, 10000000);
  create (box, CREATE, 201, NULL);
  upload (box, "audio_0.wav", "audio/wav", larger, 413, "chunk_too_large");
  check_listed (box, 0);
  upload (box, "audio_0.wav", "audio/wav", largest, 200, NULL);
  check_end (box, 1, "completed", 1, 312499);
}

/* Told of success, and heard once. */
static void
test_repeat (void)
{
  g_autoptr (Box) box = box_start (BOTH, NULL);
  g_autoptr (GBytes) recording = make_recording (25);

  create (box, CREATE, 201, NULL);
  upload (box, "audio_0.wav", "audio/wav", recording, 200, NULL);
  upload (box, "audio_0.wav", "audio/wav", recording, 200, NULL);
  check_listed (box, 1);
  check_end (box, 1, "completed", 1, 25000);
}

/* There twice, and heard twice: the only thing that a client can do is not to
 * repeat it. */
static void
test_append (void)
{
  g_autoptr (Box) box = box_start (BOTH, "--append-duplicates", NULL);
  g_autoptr (GBytes) recording = make_recording (25);
  g_autoptr (GBytes) kept = NULL;

  create (box, CREATE, 201, NULL);
  upload (box, "audio_0.wav", "audio/wav", recording, 200, NULL);
  check_listed (box, 1);
  upload (box, "audio_0.wav", "audio/wav", recording, 200, NULL);
  check_listed (box, 2);
  kept = read_kept (box, "0-1.wav");
  g_assert_true (g_bytes_equal (kept, recording));
  check_end (box, 1, "partial", 2, 50000);
}

/* Of chunks, too: a copy comes where it belongs, if what follows was not heard
 * before, and what is missing is still told. */
static void
test_append_chunks (void)
{
  g_autoptr (Box) box = box_start ("--append-duplicates", NULL);
  g_autoptr (GBytes) chunk = make_recording (1);
  g_autoptr (Answer) answer = NULL;

  box_create (box, "\"templates\":[\"soap_template\"]");
  box_upload (box, "audio_0.wav", "audio/wav", chunk);
  box_upload (box, "audio_0.wav", "audio/wav", chunk);
  box_upload (box, "audio_1.wav", "audio/wav", chunk);
  box_upload (box, "audio_3.wav", "audio/wav", chunk);
  box_upload (box, "audio_1.wav", "audio/wav", chunk);
  box_end (box, 4);
  answer = box_wait (box);
  answer_check (answer, 206, NULL);
  g_assert_cmpint (answer_int (answer, "audio_files_received"), ==, 5);
  g_assert_cmpstr (answer_string (answer, "processing_errors.0.code"), ==,
                   "audio_files_missing");
  g_assert_nonnull (strstr (
      answer_string (answer, "processing_errors.0.message"), "missing: 2"));
  g_assert_cmpint (
      answer_int (answer, "templates.0.soap_template.data.audio_ms"), ==,
      5000);
}

/* Sends and expects no answer. */
static void
upload_in_vain (Box *box, GBytes *file)
{
  g_autofree gchar *url
      = g_strconcat (box->base_url, "/" PATH "/audio/audio_0.wav", NULL);
  g_autoptr (SoupMessage) message = soup_message_new ("POST", url);
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) answer = NULL;

  soup_message_set_request_body_from_bytes (message, "audio/wav", file);
  answer = soup_session_send_and_read (box->soup, message, NULL, &error);
  g_assert_nonnull (error);
}

/* What a client can't tell apart: only a GET can. */
static void
test_no_answer (void)
{
  g_autoptr (GBytes) recording = make_recording (25);
  g_autoptr (Box) after
      = box_start (BOTH, "--append-duplicates", "--fault=upload:1:lost", NULL);
  g_autoptr (Box) before
      = box_start (BOTH, "--append-duplicates", "--fault=upload:1:reset", NULL);

  create (after, CREATE, 201, NULL);
  upload_in_vain (after, recording);
  check_listed (after, 1);
  check_end (after, 1, "completed", 1, 25000);
  create (before, CREATE, 201, NULL);
  upload_in_vain (before, recording);
  check_listed (before, 0);
  upload (before, "audio_0.wav", "audio/wav", recording, 200, NULL);
  check_listed (before, 1);
  check_end (before, 1, "completed", 1, 25000);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sandbox/single/only-where-offered", test_offered);
  g_test_add_func ("/sandbox/single/longer-than-a-chunk", test_whole);
  g_test_add_func ("/sandbox/single/every-format", test_formats);
  g_test_add_func ("/sandbox/single/no-other-name", test_other_names);
  g_test_add_func ("/sandbox/single/ten-million-bytes", test_size);
  g_test_add_func ("/sandbox/single/repeated", test_repeat);
  g_test_add_func ("/sandbox/single/appended", test_append);
  g_test_add_func ("/sandbox/single/appended-chunks", test_append_chunks);
  g_test_add_func ("/sandbox/single/answers-that-do-not-come",
                   test_no_answer);
  return g_test_run ();
}
