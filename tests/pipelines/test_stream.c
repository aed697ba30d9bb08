/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "fixtures.h"
#include "proxy.h"

#include <string.h>

/* Streams in whole pipelines. Whatever becomes of one, what the service has in
 * the end is what was recorded. */

#define BREAKS 20

#define SCRIBE                                                                 \
  "ekascribesink name=scribe model=pro upload-type=stream "                   \
  "poll-interval=50000000 max-chunk-duration=2000000000 "

#define LIVE                                                                   \
  "audiotestsrc is-live=true samplesperbuffer=320 ! "                         \
  "audio/x-raw,format=S16LE,rate=16000,channels=1 ! "

static gchar *work;
static gchar *speech;

/* --- what the service has ----------------------------------------------------- */

/* Returns: (transfer full): the folder of a session */
static gchar *
find_folder (Sandbox     *sandbox,
             const gchar *session_id)
{
  return g_build_filename (sandbox->folder, session_id, NULL);
}

static JsonObject *
read_session (Sandbox     *sandbox,
              const gchar *session_id)
{
  g_autofree gchar *folder = find_folder (sandbox, session_id);
  g_autofree gchar *text = harness_read (folder, "session.json");
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) node = json_from_string (text, &error);

  g_assert_no_error (error);
  return json_object_ref (json_node_get_object (node));
}

/* The session that was broken off was cancelled, not ended. */
static void
assert_cancelled (Sandbox     *sandbox,
                  const gchar *session_id)
{
  g_autoptr (JsonObject) all = read_session (sandbox, session_id);
  g_autofree gchar *text = NULL;
  g_autoptr (JsonNode) node = json_node_new (JSON_NODE_OBJECT);

  json_node_set_object (node, all);
  text = json_to_string (node, FALSE);
  g_assert_nonnull (strstr (text, "session_cancelled"));
}

static GBytes *
read_audio (Sandbox     *sandbox,
            const gchar *session_id,
            gboolean     streamed)
{
  g_autofree gchar *folder = find_folder (sandbox, session_id);

  return streamed ? fixture_wav_data (folder, "audio.wav")
                  : fixture_join (folder);
}

/* @player has come to its end; what it played was @sent. @streamed: in one go;
 * else in chunks, after the session before was given up */
static void
assert_committed (Sandbox *sandbox,
                  Player  *player,
                  GBytes  *sent,
                  gboolean streamed)
{
  g_autoptr (GBytes) received = NULL;
  const gchar *session_id;

  g_assert_cmpuint (player_count (player, GST_MESSAGE_ELEMENT,
                                  "ekascribe-result"), ==, 1);
  session_id = gst_structure_get_string (
      player_last (player, "ekascribe-result"), "session-id");
  received = read_audio (sandbox, session_id, streamed);
  g_assert_true (g_bytes_equal (received, sent));
}

/* No session but the one with the results was left as it was. */
static void
assert_tidy (Sandbox *sandbox,
             Player  *player)
{
  const gchar *session_id = gst_structure_get_string (
      player_last (player, "ekascribe-result"), "session-id");
  g_auto (GStrv) sessions = sandbox_list (sandbox);
  guint i;

  for (i = 0; sessions[i] != NULL; i++)
    if (!g_str_equal (sessions[i], session_id))
      assert_cancelled (sandbox, sessions[i]);
  g_assert_cmpuint (g_strv_length (sessions), <=, 2);
}

static void
assert_eos (Player *player)
{
  g_assert_cmpint (GST_MESSAGE_TYPE (player_wait (
                       player, GST_MESSAGE_EOS | GST_MESSAGE_ERROR)),
                   ==, GST_MESSAGE_EOS);
}

static void
assert_arrived (Sandbox *sandbox,
                Player  *player,
                GBytes  *sent,
                gboolean streamed)
{
  assert_eos (player);
  assert_committed (sandbox, player, sent, streamed);
}

/* --- all is well ---------------------------------------------------------------- */

static void
test_form (gconstpointer form)
{
  g_autoptr (Sandbox) sandbox = sandbox_new ("--upload-methods stream");
  g_autoptr (GBytes) sent = fixture_wav_data (work, "speech.wav");
  g_autoptr (Player) player =
      player_new ("filesrc location=%s ! wavparse ! " SCRIBE
                  "stream-format=%s base-url=%s", speech,
                  (const gchar *) form, sandbox->url);
  const GstStructure *partial;

  player_set (player, GST_STATE_PLAYING);
  assert_arrived (sandbox, player, sent, TRUE);
  partial = player_last (player, "ekascribe-transcript");
  g_assert_nonnull (partial);
  g_assert_cmpuint (player_count (player, GST_MESSAGE_WARNING, NULL), ==, 0);
}

/* A certificate for 127.0.0.1 that no system trusts, and its key. */
static gchar *
make_certificate (void)
{
  g_autofree gchar *command = g_strdup_printf (
      "cd %s && openssl req -x509 -newkey ec -pkeyopt "
      "ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=127.0.0.1 "
      "-addext subjectAltName=IP:127.0.0.1 -keyout key.pem -out cert.pem "
      "2>openssl.log && cat key.pem cert.pem >both.pem", work);

  harness_run (command);
  return g_build_filename (work, "both.pem", NULL);
}

/* Ten minutes. */
static void
test_tls (void)
{
  g_autofree gchar *both = make_certificate ();
  g_autofree gchar *certificate = g_build_filename (work, "cert.pem", NULL);
  g_autofree gchar *options = g_strdup_printf (
      "--upload-methods stream --tls-certificate %s", both);
  g_autoptr (Sandbox) sandbox = sandbox_new (options);
  g_autoptr (GBytes) sent = NULL;
  g_autoptr (GTlsDatabase) database =
      g_tls_file_database_new (certificate, NULL);
  g_autoptr (Player) player =
      player_new ("filesrc location=%s/noise.wav ! wavparse ! " SCRIBE
                  "base-url=%s", work, sandbox->url);

  fixture_make ("audiotestsrc wave=white-noise num-buffers=6000 "
                "samplesperbuffer=1600 ! audio/x-raw,format=S16LE,rate=16000,"
                "channels=1 ! wavenc ! filesink location=%s/noise.wav", work);
  sent = fixture_wav_data (work, "noise.wav");
  g_assert_cmpuint (g_bytes_get_size (sent), ==, 600 * 32000);
  g_object_set (player->scribe, "tls-database", database, NULL);
  player_set (player, GST_STATE_PLAYING);
  assert_arrived (sandbox, player, sent, TRUE);
}

static void
test_ctrl_c_with_e (void)
{
  g_autoptr (Sandbox) sandbox = sandbox_new ("--upload-methods stream");
  g_autoptr (Launch) launch = launch_start (
      NULL, "-e " LIVE "tee name=t t. ! queue ! " SCRIBE "base-url=%s "
      "t. ! queue ! wavenc ! filesink location=%s/beside.wav", sandbox->url,
      work);
  g_autofree gchar *session = NULL;
  g_autoptr (GBytes) received = NULL;
  g_autoptr (GBytes) beside = NULL;

  launch_wait_for (launch, "ekascribe-transcript");
  launch_signal (launch, SIGINT);
  launch_wait (launch);
  g_assert_cmpint (launch->exit_code, ==, 0);
  launch_assert_says (launch, "status=(string)completed");
  session = sandbox_only (sandbox);
  received = fixture_wav_data (session, "audio.wav");
  beside = fixture_wav_data (work, "beside.wav");
  g_assert_true (g_bytes_equal (received, beside));
}

static void
test_ctrl_c (void)
{
  g_autoptr (Sandbox) sandbox = sandbox_new ("--upload-methods stream");
  g_autoptr (Launch) launch = launch_start (
      NULL, LIVE SCRIBE "base-url=%s", sandbox->url);

  launch_wait_for (launch, "ekascribe-transcript");
  launch_signal (launch, SIGINT);
  launch_wait (launch);
  g_assert_cmpint (launch->exit_code, ==, 1);
  launch_assert_says (launch, "ekascribe outbox send ");
  g_assert_null (strstr (launch->out->str, "ekascribe-result"));
}

/* --- faults ----------------------------------------------------------------------- */

typedef struct
{
  const gchar *fault;
  gboolean streamed; /* all the same */
  gboolean gone;     /* the service has lost the session */
} StreamFault;

static const StreamFault faults[] = {
  { "stream:1:401", FALSE },
  { "stream:1:403", FALSE },
  { "stream:1:404", FALSE },
  { "stream:1:500", FALSE },
  { "stream:1:html=403", FALSE },
  { "stream:1:html", FALSE },
  { "stream:1:reset", FALSE },
  { "stream:1:stall", FALSE },
  { "stream:1:reset@0", FALSE },
  { "stream:1:reset@40", FALSE },
  { "stream:1:eof@40", FALSE },
  { "stream:1:close@40", FALSE },
  { "stream:1:close@0=1000", FALSE },
  { "stream:1:close@40=1011", FALSE },
  { "stream:1:close@40=1005", FALSE },
  { "stream:1:stall@40", FALSE },
  { "stream:1:no-close", TRUE },
  { "stream:1:oversized@40", FALSE },
  { "stream:1:fragments@40", FALSE },
  { "stream:1:garbage@40", TRUE },
  { "stream:1:garbage-frames@40", FALSE },
  { "create:1:500", TRUE },
  { "create:1-3:500", FALSE },
  { "create:1:400", FALSE },
  { "create:1:lost", TRUE },
  { "create:1:no-upload-url", TRUE },
  { "stream:1:forget", FALSE, TRUE },
  { "stream:1:expire", FALSE, TRUE },
  { "end:1:lost", TRUE },
  { "end:1:500", TRUE },
  { "end:1:forget", FALSE, TRUE },
  { "get:1:expire", FALSE, TRUE },
  { "patch:all:500", TRUE },
};

static void
test_fault (gconstpointer data)
{
  const StreamFault *fault = data;
  /* What has results does not expire. */
  const gboolean works = g_str_has_prefix (fault->fault, "get:");
  g_autofree gchar *options = g_strdup_printf (
      "--upload-methods chunked,stream --processing-time %d --fault %s",
      works ? 2 : 0, fault->fault);
  g_autoptr (Sandbox) sandbox = sandbox_new (options);
  g_autoptr (GBytes) sent = fixture_wav_data (work, "speech.wav");
  g_autoptr (Player) player =
      player_new ("filesrc location=%s ! wavparse ! " SCRIBE
                  "timeout=1 base-url=%s", speech, sandbox->url);

  player_set (player, GST_STATE_PLAYING);
  assert_arrived (sandbox, player, sent, fault->streamed);
  if (!fault->gone)
    assert_tidy (sandbox, player);
}

/* The connection breaks at a moment that nobody has chosen; on its way up or
 * down. */
static void
test_broken_at (gconstpointer data)
{
  g_autoptr (GBytes) sent = fixture_wav_data (work, "speech.wav");
  gsize size = g_bytes_get_size (sent);
  gboolean up = g_test_rand_int_range (0, 8) > 0;
  guint64 at = g_test_rand_int_range (2500, up ? (gint) size : 6000);
  guint16 port = harness_free_port ();
  g_autoptr (Proxy) proxy = proxy_new (port);
  g_autofree gchar *options = g_strdup_printf (
      "--port %u --public-url http://127.0.0.1:%u/voice/v1 "
      "--upload-methods chunked,stream", port, proxy_get_port (proxy));
  g_autoptr (Sandbox) sandbox = sandbox_new (options);
  g_autoptr (Player) player =
      player_new ("filesrc location=%s ! wavparse ! " SCRIBE
                  "timeout=2 base-url=http://127.0.0.1:%u/voice/v1", speech,
                  proxy_get_port (proxy));
  gboolean streamed;

  proxy_cut_after (proxy, up ? PROXY_UP : PROXY_DOWN, at);
  player_set (player, GST_STATE_PLAYING);
  assert_eos (player);
  streamed = player_count (player, GST_MESSAGE_ELEMENT, "ekascribe-chunk") == 0;
  g_test_message ("%s at byte %" G_GUINT64_FORMAT ": %s", up ? "up" : "down",
                  at, streamed ? "streamed" : "in chunks");
  assert_committed (sandbox, player, sent, streamed);
  assert_tidy (sandbox, player);
}

/* --- live --------------------------------------------------------------------------- */

/* A service that does not read keeps nobody waiting. */
static void
test_stalled_live (void)
{
  g_autoptr (Sandbox) sandbox = sandbox_new (
      "--upload-methods chunked,stream --fault stream:1:stall@3");
  g_autoptr (Player) player = player_new (
      LIVE "tee name=t t. ! queue ! " SCRIBE "timeout=1 base-url=%s t. ! queue ! "
      "wavenc ! filesink location=%s/live.wav", sandbox->url, work);
  g_autoptr (GBytes) beside = NULL;

  player_set (player, GST_STATE_PLAYING);
  player_wait (player, GST_MESSAGE_WARNING);
  player_await (player, "ekascribe-chunk", NULL);
  gst_element_send_event (player->pipeline, gst_event_new_eos ());
  assert_eos (player);
  player_set (player, GST_STATE_NULL);
  beside = fixture_wav_data (work, "live.wav");
  g_assert_cmpuint (g_bytes_get_size (beside), >, 2 * 32000);
  assert_committed (sandbox, player, beside, FALSE);
}

int
main (int    argc,
      char **argv)
{
  int result;
  guint i;

  harness_init (&argc, &argv);
  work = harness_folder_new ();
  speech = fixture_speech (work, 1);
  g_test_add_data_func ("/stream/pcm", "pcm", test_form);
  g_test_add_data_func ("/stream/json", "json", test_form);
  g_test_add_func ("/stream/tls", test_tls);
  g_test_add_func ("/stream/ctrl-c-with-e", test_ctrl_c_with_e);
  g_test_add_func ("/stream/ctrl-c", test_ctrl_c);
  for (i = 0; i < G_N_ELEMENTS (faults); i++)
    {
      g_autofree gchar *path =
          g_strdup_printf ("/stream/fault/%s", faults[i].fault);

      g_test_add_data_func (path, &faults[i], test_fault);
    }
  for (i = 0; i < BREAKS; i++)
    {
      g_autofree gchar *path = g_strdup_printf ("/stream/broken/%u", i);

      g_test_add_data_func (path, NULL, test_broken_at);
    }
  g_test_add_func ("/stream/stalled-live", test_stalled_live);
  result = g_test_run ();
  harness_folder_remove (work);
  g_free (speech);
  g_free (work);
  return result;
}
