/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "peer.h"

#include <glib/gstdio.h>
#include <string.h>

#define PATH "sessions/" SESSION
#define RATE 16000
#define OFFER "--upload-methods=chunked,stream"
#define TEMPLATES "\"templates\":[\"soap_template\"]"
#define CANCEL "{\"user_status\":\"cancelled\"}"

/* Bursts of a tone, half a second long: speech to the listener. */
static GArray *
make_speech (guint seconds)
{
  GArray *samples = make_tone (RATE, 1, (gsize)seconds * RATE, 440.0, 0.25);
  guint i;

  for (i = 0; i < samples->len; i++)
    if (i / (RATE / 2) % 2 == 1)
      g_array_index (samples, gint16, i) = 0;
  return samples;
}

static gsize
get_size (const GArray *samples)
{
  return samples->len * sizeof (gint16);
}

static Answer *
end (Box *box, gint sent)
{
  g_autofree gchar *json = g_strdup_printf ("{\"audio_files_sent\":%d}", sent);

  return box_post (box, PATH "/end", json);
}

static void
check_end (Box *box, gint sent, guint status, const gchar *code)
{
  g_autoptr (Answer) answer = end (box, sent);

  answer_check (answer, status, code);
}

static void
check_get (Box *box, guint status, const gchar *state, const gchar *code)
{
  g_autoptr (Answer) answer = box_get (box, PATH);

  answer_check (answer, status, code);
  g_assert_cmpstr (answer_string (answer, "status"), ==, state);
}

typedef struct
{
  Box *box;
  const gchar *file;
  gsize size;
} Kept;

static gboolean
is_kept (gpointer user_data)
{
  Kept *kept = user_data;
  g_autofree gchar *path = g_build_filename (kept->box->directory, SESSION,
                                             kept->file, NULL);
  g_autofree gchar *data = NULL;
  gsize size = 0;

  return g_file_get_contents (path, &data, &size, NULL) && size >= kept->size;
}

/* Waits until all of @samples are kept, and compares. */
static void
check_kept (Box *box, const gchar *file, const GArray *samples)
{
  Kept kept = { box, file, get_size (samples) + 44 };
  g_autoptr (GBytes) wav = NULL;
  g_autoptr (GArray) found = NULL;
  gint rate;
  gint channels;

  peer_wait (is_kept, &kept);
  wav = read_kept (box, file);
  found = read_wav (wav, &rate, &channels);
  g_assert_cmpint (rate, ==, RATE);
  g_assert_cmpint (channels, ==, 1);
  g_assert_cmpmem (found->data, get_size (found), samples->data,
                   get_size (samples));
}

static void
send_pieces (Peer *peer, const GArray *samples, gsize size, gboolean json)
{
  gsize at;

  for (at = 0; at < get_size (samples); at += size)
    {
      gsize length = MIN (size, get_size (samples) - at);

      if (json)
        peer_media (peer, samples->data + at, length);
      else
        peer_binary (peer, samples->data + at, length);
    }
}

/* --- create --------------------------------------------------------------- */

static void
test_create (void)
{
  g_autoptr (Box) box = box_start (OFFER, NULL);
  g_autoptr (Answer) discovery = box_get (box, ".well-known/medscribealliance");
  g_autofree gchar *url = stream_create (box, NULL);
  g_autofree gchar *host = g_strdup_printf (
      "ws%s/stream/sessions/str_", box->base_url + strlen ("http"));
  g_autoptr (Answer) got = box_get (box, PATH);
  g_autoptr (Answer) other = box_post (
      box, "sessions",
      "{\"upload_type\":\"stream\",\"communication_protocol\":\"websocket\"}");

  g_assert_cmpstr (answer_string (discovery, "capabilities.upload_methods.1"),
                   ==, "stream");
  g_assert_true (g_str_has_prefix (url, host));
  g_assert_nonnull (strstr (url, "/audio?token="));
  g_assert_cmpuint (strlen (strstr (url, "?token=")), ==, 7 + 64);
  g_assert_null (strstr (url, SESSION));
  g_assert_cmpstr (answer_string (got, "upload_url"), ==, url);
  g_assert_cmpstr (
      answer_string (got, "additional_data._protocol.communication_protocol"),
      ==, "websocket");
  g_assert_cmpstr (answer_string (other, "upload_url"), !=, url);
}

static void
test_create_refused (void)
{
  static const struct
  {
    const gchar *type;
    const gchar *protocol;
  } cases[] = {
    { "stream", "http" },      { "stream", "rpc" },
    { "chunked", "websocket" }, { "single", "websocket" },
  };
  g_autoptr (Box) box
      = box_start ("--upload-methods=chunked,single,stream", NULL);
  g_autoptr (Box) without = box_start (NULL, NULL);
  g_autoptr (Answer) answer = NULL;
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree gchar *json = g_strdup_printf (
          "{\"upload_type\":\"%s\",\"communication_protocol\":\"%s\"}",
          cases[i].type, cases[i].protocol);
      g_autoptr (Answer) refused = box_post (box, "sessions", json);

      answer_check (refused, 400, "invalid_request");
      g_assert_cmpstr (answer_string (refused, "error.details.field"), ==,
                       "communication_protocol");
    }
  answer = box_post (
      without, "sessions",
      "{\"upload_type\":\"stream\",\"communication_protocol\":\"websocket\"}");
  answer_check (answer, 400, "invalid_request");
}

static void
test_public_url (void)
{
  g_autoptr (Box) box
      = box_start (OFFER, "--public-url=https://scribe.example:8443/v1", NULL);
  g_autofree gchar *url = stream_create (box, NULL);

  g_assert_true (g_str_has_prefix (
      url, "wss://scribe.example:8443/v1/stream/sessions/str_"));
}

static void
test_tls (void)
{
  g_autofree gchar *directory = g_dir_make_tmp (NULL, NULL);
  g_autofree gchar *file = make_certificate (directory);
  g_autoptr (Box) box = box_start (OFFER, "--tls-certificate", file, NULL);
  g_autoptr (GArray) samples = make_speech (30);
  g_autofree gchar *url = stream_create (box, NULL);
  g_autoptr (Peer) peer = peer_open (url);

  g_assert_true (g_str_has_prefix (url, "wss://127.0.0.1:"));
  send_pieces (peer, samples, 32000, FALSE);
  peer_text (peer, PEER_STOP);
  peer_check_closed (peer, 1000);
  check_kept (box, "audio.wav", samples);
  g_unlink (file);
  g_rmdir (directory);
}

/* Files and streams don't mix. */
static void
test_uploads (void)
{
  g_autoptr (Box) box = box_start (OFFER, NULL);
  g_autoptr (GArray) samples = make_speech (1);
  g_autoptr (GBytes) wav = make_wav (RATE, 1, samples);
  g_autofree gchar *url = stream_create (box, NULL);
  g_autoptr (Answer) answer = box_send (box, "POST", PATH "/audio/a_0.wav",
                                        "audio/wav", wav);

  answer_check (answer, 400, "invalid_request");
}

/* --- handshakes ----------------------------------------------------------- */

static gchar *
replace (const gchar *text, const gchar *old, const gchar *new)
{
  g_auto (GStrv) parts = g_strsplit (text, old, -1);

  g_assert_cmpuint (g_strv_length (parts), ==, 2);
  return g_strjoinv (new, parts);
}

static void
test_handshake_refused (void)
{
  g_autoptr (Box) box = box_start (OFFER, NULL);
  g_autofree gchar *url = stream_create (box, NULL);
  g_autofree gchar *unknown = replace (url, "/str_", "/str_0");
  g_autofree gchar *wrong = g_strconcat (url, "0", NULL);
  g_autofree gchar *bare = g_strndup (url, strcspn (url, "?"));
  g_autofree gchar *plain = replace (url, "ws://", "http://");
  g_autofree gchar *path = g_strdup (strstr (plain, "/voice"));
  g_autofree gchar *chunked = g_strdup_printf (
      "ws%s/stream/sessions/ses_chunked000000000/audio?token=1",
      box->base_url + strlen ("http"));
  g_autoptr (Answer) created = box_post (
      box, "sessions",
      "{" MINIMAL ",\"session_id\":\"ses_chunked000000000\"}");
  g_autoptr (Answer) answer = box_get (box, path);

  answer_check (created, 201, NULL);
  peer_check_refused (unknown, 404);
  peer_check_refused (wrong, 403);
  peer_check_refused (bare, 403);
  peer_check_refused (chunked, 404);
  answer_check (answer, 426, "upgrade_required");
  g_assert_cmpstr (soup_message_headers_get_one (answer->headers, "Upgrade"),
                   ==, "websocket");
}

/* The URL is the credential; a wrong one besides is none the less wrong. */
static void
test_handshake_token (void)
{
  g_autoptr (Box) box = box_start (OFFER, "--token=secret", NULL);
  g_autofree gchar *url = NULL;
  g_autoptr (Peer) wrong = NULL;
  g_autoptr (Peer) right = NULL;

  box->token = "Bearer secret";
  url = stream_create (box, NULL);
  wrong = peer_try (url, "Bearer guess");
  g_assert_cmpuint (wrong->status, ==, 401);
  right = peer_try (url, "Bearer secret");
  g_assert_cmpuint (right->status, ==, 101);
  g_clear_pointer (&right, peer_free);
}

static void
test_handshake_no_token (void)
{
  g_autoptr (Box) box = box_start (OFFER, "--token=secret", NULL);
  g_autofree gchar *url = NULL;
  g_autoptr (Peer) peer = NULL;

  box->token = "Bearer secret";
  url = stream_create (box, NULL);
  peer = peer_open (url);
}

/* While one is open, and once audio came; but not when none did. */
static void
test_second_connection (void)
{
  g_autoptr (Box) box = box_start (OFFER, NULL);
  g_autoptr (GArray) samples = make_speech (1);
  g_autofree gchar *url = stream_create (box, NULL);
  g_autoptr (Peer) first = peer_open (url);
  g_autoptr (Peer) second = NULL;

  peer_text (first, PEER_START);
  peer_check_refused (url, 409);
  soup_websocket_connection_close (first->connection, 1000, NULL);
  peer_check_closed (first, 1000);
  second = peer_open (url);
  peer_binary (second, samples->data, get_size (samples));
  soup_websocket_connection_close (second->connection, 1000, NULL);
  peer_check_closed (second, 1000);
  peer_check_refused (url, 409);
  check_kept (box, "audio.wav", samples);
  check_get (box, 202, "initialized", NULL);
  check_end (box, 0, 400, "stream_not_finished");
}

static void
test_handshake_late (void)
{
  g_autoptr (Box) box = box_start (OFFER, NULL);
  g_autofree gchar *url = stream_create (box, NULL);
  g_autoptr (Peer) peer = peer_open (url);
  g_autoptr (Answer) answer = NULL;

  peer_text (peer, PEER_STOP);
  peer_check_closed (peer, 1000);
  peer_check_refused (url, 409);
  check_end (box, 0, 202, NULL);
  answer = box_wait (box);
  answer_check (answer, 200, NULL);
  peer_check_refused (url, 400);
}

/* --- audio ---------------------------------------------------------------- */

static void
check_audio (gsize size, gboolean json)
{
  g_autoptr (Box) box = box_start (OFFER, NULL);
  g_autoptr (GArray) samples = make_speech (7);
  g_autofree gchar *url = stream_create (box, NULL);
  g_autoptr (Peer) peer = peer_open (url);
  g_autoptr (Answer) answer = NULL;

  g_array_set_size (samples, samples->len - 13);
  if (json)
    peer_text (peer, PEER_START);
  send_pieces (peer, samples, size, json);
  peer_text (peer, PEER_STOP);
  peer_check_closed (peer, 1000);
  check_kept (box, "audio.wav", samples);
  check_end (box, 0, 202, NULL);
  answer = box_wait (box);
  answer_check (answer, 200, NULL);
  g_assert_cmpstr (answer_string (answer, "status"), ==, "completed");
  check_kept (box, "joined.wav", samples);
  check_kept (box, "recording.wav", samples);
}

static void
test_binary (void)
{
  check_audio (640, FALSE);
  check_audio (3200, FALSE);
  check_audio (100002, FALSE);
}

static void
test_json (void)
{
  check_audio (3202, TRUE);
  check_audio (94, TRUE);
}

/* `mediaFormat` beside `event`, more members, empty audio. */
static void
test_json_variants (void)
{
  g_autoptr (Box) box = box_start (OFFER, NULL);
  g_autoptr (GArray) samples = make_speech (1);
  g_autofree gchar *url = stream_create (box, NULL);
  g_autoptr (Peer) peer = peer_open (url);

  peer_text (peer, "{\"event\":\"start\",\"sequenceNumber\":1,\"mediaFormat\":"
                   "{\"sampleRate\":16000,\"channels\":1,"
                   "\"encoding\":\"audio/x-l16\"}}");
  peer_media (peer, "", 0);
  peer_media (peer, samples->data, 1000);
  peer_media (peer, samples->data + 1000, get_size (samples) - 1000);
  peer_text (peer, "{\"event\":\"stop\",\"stop\":{\"reason\":\"done\"}}");
  peer_check_closed (peer, 1000);
  check_kept (box, "audio.wav", samples);
}

static void
test_end (void)
{
  g_autoptr (Box) box = box_start (OFFER, NULL);
  g_autoptr (GArray) samples = make_speech (1);
  g_autofree gchar *url = stream_create (box, NULL);
  g_autoptr (Peer) peer = NULL;
  g_autoptr (Answer) answer = NULL;

  check_end (box, 0, 400, "stream_not_finished");
  peer = peer_open (url);
  peer_binary (peer, samples->data, get_size (samples));
  check_kept (box, "audio.wav", samples);
  check_end (box, 0, 400, "stream_not_finished");
  peer_text (peer, PEER_STOP);
  peer_check_closed (peer, 1000);
  check_end (box, 1, 422, "validation_error");
  check_end (box, -1, 422, "validation_error");
  answer = end (box, 0);
  answer_check (answer, 202, NULL);
  g_assert_cmpint (answer_int (answer, "audio_files_received"), ==, 0);
  g_assert_cmpuint (json_array_get_length (json_node_get_array (
                        answer_find (answer, "audio_files"))),
                    ==, 0);
  check_end (box, 0, 400, "session_ended");
}

/* Nothing but `stop`. */
static void
test_silence (void)
{
  g_autoptr (Box) box = box_start (OFFER, NULL);
  g_autofree gchar *url = stream_create (box, NULL);
  g_autoptr (Peer) peer = peer_open (url);
  g_autoptr (Answer) answer = NULL;

  peer_text (peer, PEER_STOP);
  peer_check_closed (peer, 1000);
  check_end (box, 0, 202, NULL);
  answer = box_wait (box);
  answer_check (answer, 200, NULL);
  g_assert_cmpstr (answer_string (answer, "transcript"), ==, "");
}

/* --- results -------------------------------------------------------------- */

static gchar *
get_result (Answer *answer, gchar **data)
{
  answer_check (answer, 200, NULL);
  g_assert_cmpstr (answer_string (answer, "status"), ==, "completed");
  *data = json_to_string (
      answer_find (answer, "templates.0.soap_template.data"), FALSE);
  return g_strdup (answer_string (answer, "transcript"));
}

static void
test_like_chunked (void)
{
  g_autoptr (Box) chunked = box_start (NULL, NULL);
  g_autoptr (Box) streamed = box_start (OFFER, NULL);
  g_autoptr (GArray) samples = make_speech (10);
  g_autoptr (GBytes) wav = make_wav (RATE, 1, samples);
  g_autofree gchar *url = stream_create (streamed, TEMPLATES);
  g_autoptr (Peer) peer = peer_open (url);
  g_autoptr (Answer) a = NULL;
  g_autoptr (Answer) b = NULL;
  g_autofree gchar *text_a = NULL;
  g_autofree gchar *text_b = NULL;
  g_autofree gchar *data_a = NULL;
  g_autofree gchar *data_b = NULL;

  box_create (chunked, TEMPLATES);
  box_upload (chunked, "a_0.wav", "audio/wav", wav);
  box_end (chunked, 1);
  send_pieces (peer, samples, 1998, FALSE);
  peer_text (peer, PEER_STOP);
  peer_check_closed (peer, 1000);
  box_end (streamed, 0);
  a = box_wait (chunked);
  b = box_wait (streamed);
  text_a = get_result (a, &data_a);
  text_b = get_result (b, &data_b);
  g_assert_nonnull (strstr (text_a, "Speech from"));
  g_assert_cmpstr (text_a, ==, text_b);
  g_assert_cmpstr (data_a, ==, data_b);
}

static void
test_partial_transcripts (void)
{
  g_autoptr (Box) box = box_start (OFFER, NULL);
  g_autoptr (GArray) samples = make_speech (4);
  g_autofree gchar *url = stream_create (box, NULL);
  g_autoptr (Peer) peer = peer_open (url);
  g_autoptr (Answer) answer = NULL;
  guint i;

  for (i = 0; i < 3; i++)
    {
      g_autoptr (JsonNode) node = NULL;
      JsonObject *object;

      send_pieces (peer, samples, 3200, FALSE);
      peer_wait_texts (peer, i + 1);
      node = json_from_string (g_ptr_array_index (peer->texts, i), NULL);
      g_assert_nonnull (node);
      object = json_node_get_object (node);
      g_assert_cmpstr (json_object_get_string_member (object, "type"), ==,
                       "transcript");
      g_assert_false (json_object_get_boolean_member (object, "final"));
      g_assert_nonnull (strstr (
          json_object_get_string_member (object, "transcript"), "Speech from"));
    }
  answer = box_get (box, PATH);
  answer_check (answer, 202, NULL);
  g_assert_nonnull (strstr (answer_string (answer, "transcript"),
                            "Speech from"));
}

/* --- what is refused ------------------------------------------------------ */

/* Texts, one a line; `B` and `b` are binary messages of 4 and 3 bytes. */
static const struct
{
  const gchar *messages;
  gushort code;
} REFUSED[] = {
  { "b", 1007 },
  { "B\nb", 1007 },
  { "B\n" PEER_START, 1003 },
  { "B\n{\"event\":\"media\",\"media\":{\"payload\":\"AAAA\"}}", 1003 },
  { PEER_START "\nB", 1003 },
  { PEER_START "\n" PEER_START, 1008 },
  { "{\"event\":\"media\",\"media\":{\"payload\":\"AAA=\"}}", 1008 },
  { PEER_START "\n{\"event\":\"media\",\"media\":{\"payload\":\"AA==\"}}",
    1007 },
  { PEER_START "\n{\"event\":\"media\",\"media\":{\"payload\":\"AA?=\"}}",
    1007 },
  { PEER_START "\n{\"event\":\"media\",\"media\":{\"payload\":\"AAA\"}}",
    1007 },
  { PEER_START "\n{\"event\":\"media\",\"media\":{\"payload\":\"A===\"}}",
    1007 },
  { PEER_START "\n{\"event\":\"media\",\"media\":{\"payload\":12}}", 1008 },
  { PEER_START "\n{\"event\":\"media\",\"media\":[]}", 1008 },
  { PEER_START "\n{\"event\":\"media\"}", 1008 },
  { "{\"event\":\"start\"}", 1008 },
  { "{\"event\":\"start\",\"mediaFormat\":{\"encoding\":\"audio/x-mulaw\","
    "\"sampleRate\":16000}}", 1003 },
  { "{\"event\":\"start\",\"mediaFormat\":{\"encoding\":\"audio/x-l16\","
    "\"sampleRate\":8000}}", 1003 },
  { "{\"event\":\"start\",\"mediaFormat\":{\"encoding\":\"audio/x-l16\","
    "\"sampleRate\":\"16000\"}}", 1003 },
  { "{\"event\":\"start\",\"mediaFormat\":{\"encoding\":\"audio/x-l16\","
    "\"sampleRate\":16000,\"channels\":2}}", 1003 },
  { "{\"event\":\"pause\"}", 1008 },
  { "{\"event\":7}", 1008 },
  { "{}", 1008 },
  { "[]", 1007 },
  { "stop", 1007 },
  { "{\"event\":\"stop\"", 1007 },
};

static void
send_line (Peer *peer, const gchar *line)
{
  if (g_ascii_strcasecmp (line, "b") == 0)
    peer_binary (peer, "\1\2\3\4", *line == 'b' ? 3 : 4);
  else
    peer_text (peer, line);
}

static void
test_refused (void)
{
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (REFUSED); i++)
    {
      g_autoptr (Box) box = box_start (OFFER, NULL);
      g_autofree gchar *url = stream_create (box, NULL);
      g_autoptr (Peer) peer = peer_open (url);
      g_auto (GStrv) lines = g_strsplit (REFUSED[i].messages, "\n", -1);
      gsize k;

      g_test_message ("%s", REFUSED[i].messages);
      for (k = 0; lines[k] != NULL; k++)
        send_line (peer, lines[k]);
      peer_check_closed (peer, REFUSED[i].code);
      g_assert_nonnull (
          soup_websocket_connection_get_close_data (peer->connection));
      check_get (box, 200, "failed", "stream_invalid");
      check_end (box, 0, 400, "session_ended");
      peer_check_refused (url, 400);
    }
}

/* The close frame has gone out by then. */
static void
test_after_stop (void)
{
  g_autoptr (Box) box = box_start (OFFER, NULL);
  g_autofree gchar *url = stream_create (box, NULL);
  g_autoptr (Peer) peer = peer_open (url);

  peer_binary (peer, "\1\2", 2);
  peer_text (peer, PEER_STOP);
  peer_binary (peer, "\3\4", 2);
  peer_check_closed (peer, 1000);
  check_get (box, 200, "failed", "stream_invalid");
}

static void
test_too_long (void)
{
  g_autoptr (Box) box = box_start (OFFER, "--models=tiny:2", NULL);
  g_autoptr (GArray) samples = make_speech (2);
  g_autofree gchar *url = stream_create (box, NULL);
  g_autoptr (Peer) peer = peer_open (url);

  send_pieces (peer, samples, 3200, FALSE);
  peer_binary (peer, "\1\2", 2);
  peer_check_closed (peer, 1008);
  check_get (box, 200, "failed", "session_duration_exceeded");
  check_kept (box, "audio.wav", samples);
}

/* --- what the session does ------------------------------------------------ */

static void
test_cancel (void)
{
  g_autoptr (Box) box = box_start (OFFER, NULL);
  g_autoptr (GArray) samples = make_speech (1);
  g_autofree gchar *url = stream_create (box, NULL);
  g_autoptr (Peer) peer = peer_open (url);
  g_autoptr (GBytes) cancel = g_bytes_new_static (CANCEL, strlen (CANCEL));
  g_autoptr (Answer) answer = NULL;

  peer_binary (peer, samples->data, get_size (samples));
  check_kept (box, "audio.wav", samples);
  answer = box_send (box, "PATCH", PATH, "application/json", cancel);
  answer_check (answer, 200, "session_cancelled");
  peer_check_closed (peer, 1008);
  g_assert_cmpstr (
      soup_websocket_connection_get_close_data (peer->connection), ==,
      "session_cancelled");
  peer_check_refused (url, 400);
}

static void
test_cancel_broken (void)
{
  g_autoptr (Box) box = box_start (OFFER, NULL);
  g_autofree gchar *url = stream_create (box, NULL);
  g_autoptr (Peer) peer = peer_open (url);
  g_autoptr (GBytes) cancel = g_bytes_new_static (CANCEL, strlen (CANCEL));
  g_autoptr (Answer) answer = NULL;

  peer_binary (peer, "\1\2", 2);
  soup_websocket_connection_close (peer->connection, 1001, "gone");
  peer_check_closed (peer, 1001);
  answer = box_send (box, "PATCH", PATH, "application/json", cancel);
  answer_check (answer, 200, "session_cancelled");
}

static void
test_expire (void)
{
  g_autoptr (Box) box = box_start (OFFER, "--session-lifetime=2", NULL);
  g_autofree gchar *url = stream_create (box, NULL);
  g_autoptr (Peer) peer = peer_open (url);

  peer_binary (peer, "\1\2", 2);
  peer_check_closed (peer, 1008);
  g_assert_cmpstr (
      soup_websocket_connection_get_close_data (peer->connection), ==,
      "session_expired");
  check_get (box, 410, "expired", NULL);
  peer_check_refused (url, 410);
}

/* --- quantity ------------------------------------------------------------- */

/* VmHWM, in kB. */
static gulong
get_peak (Box *box)
{
  g_autofree gchar *path = g_strdup_printf (
      "/proc/%s/status", g_subprocess_get_identifier (box->process));
  g_autofree gchar *text = NULL;
  const gchar *line;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  line = strstr (text, "VmHWM:");
  g_assert_nonnull (line);
  return strtoul (line + strlen ("VmHWM:"), NULL, 10);
}

/* Ten minutes, as fast as they can be sent. */
static void
test_long (void)
{
  gboolean checked = g_getenv ("EKASCRIBE_TEST_CHECKED") != NULL;
  g_autoptr (Box) box = box_start (OFFER, NULL);
  g_autoptr (GArray) samples = make_speech (checked ? 30 : 600);
  g_autofree gchar *url = stream_create (box, NULL);
  g_autoptr (Peer) peer = peer_open (url);
  g_autoptr (Answer) answer = NULL;
  gulong before = get_peak (box);

  send_pieces (peer, samples, 3200, FALSE);
  peer_text (peer, PEER_STOP);
  peer_check_closed (peer, 1000);
  check_end (box, 0, 202, NULL);
  answer = box_wait (box);
  answer_check (answer, 200, NULL);
  check_kept (box, "audio.wav", samples);
  g_test_message ("%lu kB, then %lu kB", before, get_peak (box));
  if (!checked)
    g_assert_cmpuint (get_peak (box) - before, <, 12000);
}

#define MANY 100

static void
test_many (void)
{
  g_autoptr (Box) box = box_start (OFFER, NULL);
  g_autoptr (GArray) samples = make_speech (2);
  g_autoptr (GPtrArray) peers
      = g_ptr_array_new_with_free_func ((GDestroyNotify)peer_free);
  guint i;
  gsize at;

  for (i = 0; i < MANY; i++)
    {
      g_autoptr (Answer) answer
          = box_post (box, "sessions",
                      "{\"upload_type\":\"stream\","
                      "\"communication_protocol\":\"websocket\"}");

      answer_check (answer, 201, NULL);
      g_ptr_array_add (peers, peer_open (answer_string (answer, "upload_url")));
    }
  for (at = 0; at < get_size (samples); at += 3200)
    for (i = 0; i < MANY; i++)
      peer_binary (g_ptr_array_index (peers, i), samples->data + at, 3200);
  for (i = 0; i < MANY; i++)
    peer_text (g_ptr_array_index (peers, i), PEER_STOP);
  for (i = 0; i < MANY; i++)
    peer_check_closed (g_ptr_array_index (peers, i), 1000);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/stream/create", test_create);
  g_test_add_func ("/stream/create-refused", test_create_refused);
  g_test_add_func ("/stream/public-url", test_public_url);
  g_test_add_func ("/stream/tls", test_tls);
  g_test_add_func ("/stream/uploads", test_uploads);
  g_test_add_func ("/stream/handshake-refused", test_handshake_refused);
  g_test_add_func ("/stream/handshake-token", test_handshake_token);
  g_test_add_func ("/stream/handshake-no-token", test_handshake_no_token);
  g_test_add_func ("/stream/handshake-late", test_handshake_late);
  g_test_add_func ("/stream/second-connection", test_second_connection);
  g_test_add_func ("/stream/binary", test_binary);
  g_test_add_func ("/stream/json", test_json);
  g_test_add_func ("/stream/json-variants", test_json_variants);
  g_test_add_func ("/stream/end", test_end);
  g_test_add_func ("/stream/silence", test_silence);
  g_test_add_func ("/stream/like-chunked", test_like_chunked);
  g_test_add_func ("/stream/partial-transcripts", test_partial_transcripts);
  g_test_add_func ("/stream/refused", test_refused);
  g_test_add_func ("/stream/after-stop", test_after_stop);
  g_test_add_func ("/stream/too-long", test_too_long);
  g_test_add_func ("/stream/cancel", test_cancel);
  g_test_add_func ("/stream/cancel-broken", test_cancel_broken);
  g_test_add_func ("/stream/expire", test_expire);
  g_test_add_func ("/stream/long", test_long);
  g_test_add_func ("/stream/many", test_many);
  return g_test_run ();
}
