/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "fixtures.h"

#include <string.h>
#include <sys/wait.h>

/* A service that shares no code with us, and that forgives nothing: standin.py.
 * What it heard is what was recorded, byte for byte. */

#define PYTHON "/usr/bin/python3"

/* Exit code of what looks for the library, as of the shell without Python. */
#define NO_LIBRARY 77
#define NO_PROGRAM 127

#define RATE 16000
#define MINUTES 10
/* So that the last frame is no full one. */
#define REST 777

/* The WebSocket has a port of its own. */
#define SCRIBE                                                                 \
  "ekascribesink name=scribe poll-interval=50000000 trusted-hosts=127.0.0.1 "

#define HEARD "Heard by the stand-in"

/**
 * Standin:
 * @process: (nullable): %NULL once it is stopped
 * @url: its base URL
 * @folder: where it keeps all that came
 */
typedef struct
{
  GSubprocess *process;
  gchar *url;
  gchar *folder;
} Standin;

static Standin *
standin_new (void)
{
  Standin *self = g_new0 (Standin, 1);
  g_autofree gchar *command = NULL;

  self->folder = harness_folder_new ();
  command = g_strdup_printf (PYTHON " '" STANDIN_PATH "' --folder %s "
                             "--token " HARNESS_TOKEN, self->folder);
  self->process = harness_serve (command, &self->url);
  return self;
}

/* Only then has it told all that was wrong. */
static void
standin_stop (Standin *self)
{
  g_clear_pointer (&self->process, harness_stop);
}

static void
standin_free (Standin *self)
{
  standin_stop (self);
  harness_folder_remove (self->folder);
  g_free (self->folder);
  g_free (self->url);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Standin, standin_free)

/* The folder of its only session. */
static gchar *
standin_only (Standin *self)
{
  g_autoptr (GDir) dir = g_dir_open (self->folder, 0, NULL);
  gchar *only = NULL;
  const gchar *name;

  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree gchar *path = g_build_filename (self->folder, name, NULL);

      if (!g_file_test (path, G_FILE_TEST_IS_DIR))
        continue;
      g_assert_null (only);
      only = g_steal_pointer (&path);
    }
  g_assert_nonnull (only);
  return only;
}

static JsonObject *
read_object (const gchar *folder,
             const gchar *name)
{
  g_autofree gchar *text = harness_read (folder, name);
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) node = json_from_string (text, &error);

  g_assert_no_error (error);
  return json_object_ref (json_node_get_object (node));
}

/* What only those know who were told: a part of the WebSocket's path. */
static gchar *
read_secret (const gchar *session)
{
  g_autoptr (JsonObject) handshake = read_object (session, "handshake.json");
  const gchar *path = json_object_get_string_member (handshake, "path");
  const gchar *prefix = "/voice/v1/stream/sessions/";

  g_assert_true (g_str_has_prefix (path, prefix));
  path += strlen (prefix);
  g_assert_cmpuint (strcspn (path, "/"), ==, 32);
  return g_strndup (path, 32);
}

static guint
count (const gchar *text,
       const gchar *part)
{
  guint n = 0;

  for (text = strstr (text, part); text != NULL; text = strstr (text + 1, part))
    n++;
  return n;
}

/* --- audio -------------------------------------------------------------- */

static void
put_le32 (guint8 *at,
          guint32 value)
{
  guint i;

  for (i = 0; i < 4; i++)
    at[i] = value >> (8 * i) & 0xff;
}

/* Noise: no frame of it is like another one, so that none can be lost, doubled
 * or swapped unseen. Not as loud as can be, as Opus would clip it. */
static GBytes *
make_noise (guint n_samples)
{
  GRand *rand = g_rand_new_with_seed (20261128);
  guint8 *data = g_malloc (2 * n_samples);
  guint i;

  for (i = 0; i < n_samples; i++)
    {
      guint16 sample = (guint16) g_rand_int_range (rand, -8192, 8192);

      data[2 * i] = sample & 0xff;
      data[2 * i + 1] = sample >> 8;
    }
  g_rand_free (rand);
  return g_bytes_new_take (data, 2 * n_samples);
}

/* Returns: its path */
static gchar *
write_wav (const gchar *folder,
           GBytes      *samples)
{
  static const guint8 header[44] =
      "RIFF....WAVEfmt \x10\0\0\0\1\0\1\0\x80\x3e\0\0\0\x7d\0\0\2\0\x10\0data";
  gchar *path = g_build_filename (folder, "noise.wav", NULL);
  gsize size = g_bytes_get_size (samples);
  g_autoptr (GByteArray) file = g_byte_array_new ();
  g_autoptr (GError) error = NULL;

  g_byte_array_append (file, header, sizeof header);
  g_byte_array_append (file, g_bytes_get_data (samples, NULL), size);
  put_le32 (file->data + 4, size + sizeof header - 8);
  put_le32 (file->data + 40, size);
  g_file_set_contents (path, (const gchar *) file->data, file->len, &error);
  g_assert_no_error (error);
  return path;
}

/* In place of a dump of 19 MB. */
static void
assert_same_samples (GBytes *received,
                     GBytes *expected)
{
  gsize size, n;
  const guint8 *a = g_bytes_get_data (received, &size);
  const guint8 *b = g_bytes_get_data (expected, &n);
  gsize at = 0;

  while (at < MIN (size, n) && a[at] == b[at])
    at++;
  if (at < MAX (size, n))
    g_error ("%" G_GSIZE_FORMAT " bytes came in place of %" G_GSIZE_FORMAT
             "; they differ from byte %" G_GSIZE_FORMAT " on", size, n, at);
}

/* --- what a session left ------------------------------------------------ */

static gchar *
name_transcript (GBytes *expected)
{
  return g_strdup_printf (HEARD ": %" G_GSIZE_FORMAT " samples",
                          g_bytes_get_size (expected) / 2);
}

/* Ends the stand-in, and looks at what it has. */
static void
check_standin (Standin *standin,
               GBytes  *expected)
{
  g_autofree gchar *violations = NULL;
  g_autofree gchar *requests = NULL;
  g_autofree gchar *session = NULL;
  g_autoptr (GBytes) received = NULL;

  standin_stop (standin);
  violations = harness_read (standin->folder, "violations.txt");
  g_assert_cmpstr (violations, ==, "");
  session = standin_only (standin);
  requests = harness_read (standin->folder, "requests.txt");
  g_assert_cmpuint (count (requests, "/sessions 201\n"), ==, 1);
  g_assert_cmpuint (count (requests, "/end "), ==, 1);
  g_assert_cmpuint (count (requests, "/end 202\n"), ==, 1);
  g_assert_cmpuint (count (requests, "PATCH "), ==, 0);
  received = fixture_file (session, "stream.pcm");
  assert_same_samples (received, expected);
}

/* All that was told, to find @word in none of it. */
static void
check_messages (Player      *player,
                const gchar *word)
{
  guint i;

  /* Takes in what is left. */
  g_assert_cmpuint (player_count (player, GST_MESSAGE_WARNING, NULL), ==, 0);
  for (i = 0; i < player->messages->len; i++)
    {
      const GstStructure *structure = gst_message_get_structure (
          g_ptr_array_index (player->messages, i));
      g_autofree gchar *text =
          structure != NULL ? gst_structure_to_string (structure) : NULL;

      if (text != NULL && strstr (text, word) != NULL)
        g_error ("a message holds the address of the stream: %s", text);
    }
}

/* @source: what plays; @form: a value of stream-format */
static void
check_stream (const gchar *source,
              const gchar *form,
              GBytes      *expected)
{
  g_autoptr (Standin) standin = standin_new ();
  g_autofree gchar *transcript = name_transcript (expected);
  g_autofree gchar *session = NULL;
  g_autofree gchar *secret = NULL;
  g_autoptr (Player) player = NULL;
  const GstStructure *result;

  player = player_new ("%s ! " SCRIBE "base-url=%s upload-type=stream "
                       "stream-format=%s access-token=" HARNESS_TOKEN, source,
                       standin->url, form);
  g_assert_cmpint (GST_MESSAGE_TYPE (player_run (player)), ==,
                   GST_MESSAGE_EOS);
  session = standin_only (standin);
  secret = read_secret (session);
  check_messages (player, secret);
  g_assert_cmpuint (player_count (player, GST_MESSAGE_ELEMENT,
                                  "ekascribe-result"), ==, 1);
  result = player_last (player, "ekascribe-result");
  g_assert_cmpstr (gst_structure_get_string (result, "status"), ==,
                   "completed");
  g_assert_cmpstr (gst_structure_get_string (result, "transcript"), ==,
                   transcript);
  player_set (player, GST_STATE_NULL);
  check_standin (standin, expected);
}

/* --- the tests ---------------------------------------------------------- */

static void
test_ten_minutes_arrive_byte_for_byte (gconstpointer form)
{
  g_autofree gchar *work = harness_folder_new ();
  g_autoptr (GBytes) noise = make_noise (MINUTES * 60 * RATE + REST);
  g_autofree gchar *path = write_wav (work, noise);
  g_autofree gchar *source =
      g_strdup_printf ("filesrc location=%s ! wavparse", path);

  check_stream (source, form, noise);
  harness_folder_remove (work);
}

static void
test_opus_arrives_as_gstreamer_decodes_it (void)
{
  g_autofree gchar *work = harness_folder_new ();
  g_autoptr (GBytes) noise = make_noise (MINUTES * 60 * RATE + REST);
  g_autofree gchar *path = write_wav (work, noise);
  g_autofree gchar *command = g_strdup_printf (
      "opusenc --quiet --comp 0 --bitrate 32 %s %s/noise.opus", path, work);
  g_autofree gchar *source = g_strdup_printf (
      "filesrc location=%s/noise.opus ! oggdemux ! opusparse", work);
  g_autoptr (GBytes) decoded = NULL;

  harness_run (command);
  fixture_make ("%s ! opusdec ! audioconvert ! audioresample ! "
                "audio/x-raw,format=S16LE,rate=16000,channels=1 ! "
                "filesink location=%s/decoded.pcm", source, work);
  decoded = fixture_file (work, "decoded.pcm");
  g_assert_cmpuint (g_bytes_get_size (decoded), >, 2 * MINUTES * 60 * RATE);
  check_stream (source, "pcm", decoded);
  harness_folder_remove (work);
}

static void
test_logs_and_messages_hold_no_address (void)
{
  g_autoptr (Standin) standin = standin_new ();
  g_autofree gchar *work = harness_folder_new ();
  g_autoptr (GBytes) noise = make_noise (3 * RATE + REST);
  g_autofree gchar *path = write_wav (work, noise);
  g_autofree gchar *log = g_build_filename (work, "log", NULL);
  const gchar *const environment[] = {
    "EKASCRIBE_ACCESS_TOKEN", HARNESS_TOKEN, "GST_DEBUG", "*:9",
    "GST_DEBUG_FILE", log, "GST_DEBUG_NO_COLOR", "1",
    "G_MESSAGES_DEBUG", "all", NULL
  };
  g_autofree gchar *session = NULL;
  g_autofree gchar *secret = NULL;
  g_autofree gchar *text = NULL;
  g_autoptr (Launch) launch = NULL;

  launch = launch_run (environment,
                       "filesrc location=%s ! wavparse ! " SCRIBE "base-url=%s "
                       "upload-type=stream", path, standin->url);
  g_assert_cmpint (launch->exit_code, ==, 0);
  launch_assert_says (launch, "ekascribe-result, ");
  launch_assert_says (launch, "Heard\\ by\\ the\\ stand-in:\\ 48777\\ samples");
  session = standin_only (standin);
  secret = read_secret (session);
  text = harness_read (work, "log");
  g_assert_nonnull (strstr (text, "ekascribe"));
  g_assert_null (strstr (text, secret));
  g_assert_null (strstr (text, HARNESS_TOKEN));
  g_assert_null (strstr (launch->out->str, secret));
  g_assert_null (strstr (launch->err->str, secret));
  check_standin (standin, noise);
  harness_folder_remove (work);
}

/* What streams fall back to. */
static void
test_chunks_are_taken_too (void)
{
  g_autoptr (Standin) standin = standin_new ();
  g_autofree gchar *violations = NULL;
  g_autofree gchar *requests = NULL;
  g_autofree gchar *session = NULL;
  g_autoptr (JsonObject) create = NULL;
  g_autoptr (Player) player = NULL;
  const GstStructure *result;

  player = player_new ("audiotestsrc num-buffers=100 samplesperbuffer=480 ! "
                       "audio/x-raw,rate=48000,channels=1 ! opusenc ! " SCRIBE
                       "base-url=%s access-token=" HARNESS_TOKEN, standin->url);
  g_assert_cmpint (GST_MESSAGE_TYPE (player_run (player)), ==,
                   GST_MESSAGE_EOS);
  result = player_last (player, "ekascribe-result");
  g_assert_nonnull (result);
  g_assert_cmpstr (gst_structure_get_string (result, "status"), ==,
                   "completed");
  player_set (player, GST_STATE_NULL);
  standin_stop (standin);
  violations = harness_read (standin->folder, "violations.txt");
  g_assert_cmpstr (violations, ==, "");
  requests = harness_read (standin->folder, "requests.txt");
  g_assert_cmpuint (count (requests, "/audio/"), ==, 1);
  g_assert_cmpuint (count (requests, "/end 202\n"), ==, 1);
  session = standin_only (standin);
  create = read_object (session, "create.json");
  g_assert_cmpstr (json_object_get_string_member (create, "upload_type"), ==,
                   "chunked");
}

/* Fails where anything but the library is missing. */
static gboolean
has_library (void)
{
  g_autoptr (GError) error = NULL;
  gint status;

  g_spawn_command_line_sync (
      "/bin/sh -c '" PYTHON " -c \"import importlib.util, sys; "
      "sys.exit(importlib.util.find_spec(\\\"websockets\\\") is None and "
      G_STRINGIFY (NO_LIBRARY) ")\"'", NULL, NULL, &status, &error);
  g_assert_no_error (error);
  g_assert_true (WIFEXITED (status));
  if (WEXITSTATUS (status) == NO_LIBRARY || WEXITSTATUS (status) == NO_PROGRAM)
    return FALSE;
  g_assert_cmpint (WEXITSTATUS (status), ==, 0);
  return TRUE;
}

int
main (int    argc,
      char **argv)
{
  harness_init (&argc, &argv);
  if (!has_library ())
    {
      g_print ("1..0 # SKIP python3-websockets is not installed\n");
      return 0;
    }
  g_test_add_data_func ("/standin/ten-minutes-arrive-byte-for-byte/pcm", "pcm",
                        test_ten_minutes_arrive_byte_for_byte);
  g_test_add_data_func ("/standin/ten-minutes-arrive-byte-for-byte/json",
                        "json", test_ten_minutes_arrive_byte_for_byte);
  g_test_add_func ("/standin/opus-arrives-as-gstreamer-decodes-it",
                   test_opus_arrives_as_gstreamer_decodes_it);
  g_test_add_func ("/standin/logs-and-messages-hold-no-address",
                   test_logs_and_messages_hold_no_address);
  g_test_add_func ("/standin/chunks-are-taken-too", test_chunks_are_taken_too);
  return g_test_run ();
}
