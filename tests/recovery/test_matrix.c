/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Every fault of every call, alone and in pairs, over real HTTP: what the
 * service has committed in the end is the recording, packet for packet, whether
 * the outbox is in memory or on disk. What no client can survive is listed by
 * name, with the reason. */
#include "arrived.h"
#include "fixtures.h"
#include "matrixcells.h"

#include <string.h>

/* Of a sample after a cut in the middle of a word, at 16 kbit/s, in LSB. */
#define MAX_ERROR 300

/* Most of a case is waiting. */
#define AT_ONCE 8

/* Of the disk, in µs, unless something hangs. */
#define DISK_PATIENCE G_TIME_SPAN_MINUTE

#define CLIENT "clinic:s3cret-of-the-clinic"

/* Seconds. What swallows a request is to be found out soon; where the answer
 * itself is final, a busy machine must not be taken for one that swallows. */
#define IMPATIENT 1
#define PATIENT 30

/* For a file that is over in no time. */
#define PIPELINE                                                               \
  "filesrc location=%s/speech.ogg ! oggdemux ! ekascribesink name=scribe "     \
  "base-url=%s client-id=clinic client-secret=s3cret-of-the-clinic "           \
  "model=pro max-chunk-duration=2000000000 timeout=%d poll-interval=50000000 "  \
  "result-settle-time=0 retry-time=20000000000 " OUTBOX

#define OUTBOX "outbox-policy=%s outbox-location=%s max-size-bytes=%u"

/* Memory holds two chunks of the recording, or three, where the rest has a place;
 * else all of it. */
#define LITTLE 13000
#define MUCH 64000000

static const gchar *const policies[] = { "always", "on-failure", "never" };

typedef struct
{
  const MatrixCase *what;
  const gchar *policy;
  gchar *outbox;
  gboolean survived;
  guint64 lost;   /* samples */
  gchar *verdict; /* for people */
} Run;

static gchar *work;
static OggFile *recording;

/* --- what has arrived ----------------------------------------------------- */

/* Holds the chunks in @folder against the recording.
 *
 * Returns: samples that are not there, or G_MAXUINT64 where others are */
static guint64
compare_folder (const gchar *folder)
{
  guint64 samples = 0;

  if (arrived_count (folder, recording, &samples) == ARRIVED_WRONG ||
      samples > recording->samples)
    return G_MAXUINT64;
  return recording->samples - samples;
}

/* As WAV: sample for sample, but for what the seams of Opus cost.
 *
 * Returns: as above, in samples of the recording */
static guint64
compare_wav (const gchar *folder)
{
  g_autoptr (GBytes) expected = fixture_wav_data (work, "expected.wav");
  g_autoptr (GBytes) found = fixture_wav_data (folder, "recording.wav");
  const gint16 *a = g_bytes_get_data (expected, NULL);
  const gint16 *b = g_bytes_get_data (found, NULL);
  gsize size = g_bytes_get_size (expected) / sizeof (gint16);
  gsize i;

  if (g_bytes_get_size (found) != g_bytes_get_size (expected))
    return recording->samples;
  for (i = 0; i < size; i++)
    if (ABS (a[i] - b[i]) > MAX_ERROR)
      return G_MAXUINT64;
  return 0;
}

static JsonObject *
describe (const gchar *folder,
          JsonParser  *parser)
{
  g_autofree gchar *path = g_build_filename (folder, "session.json", NULL);

  if (!json_parser_load_from_file (parser, path, NULL))
    return NULL;
  return json_object_get_object_member (
      json_node_get_object (json_parser_get_root (parser)), "session");
}

/* --- one case ------------------------------------------------------------- */

static void
judge (Run         *run,
       gboolean     survived,
       guint64      lost,
       const gchar *verdict)
{
  run->survived = survived;
  run->lost = lost;
  run->verdict = g_strdup (verdict);
}

/* Results came: they must be those of the whole recording. */
static void
judge_results (Run     *run,
               Sandbox *sandbox,
               Player  *player)
{
  const GstStructure *result = player_last (player, "ekascribe-result");
  g_autofree gchar *folder = NULL;
  guint64 lost;

  if (result == NULL)
    {
      judge (run, FALSE, recording->samples, "EOS without results");
      return;
    }
  folder = g_build_filename (sandbox->folder,
                             gst_structure_get_string (result, "session-id"),
                             NULL);
  lost = fixture_chunks (folder, "wav") > 0 ? compare_wav (folder)
                                            : compare_folder (folder);
  judge (run, lost == 0, MIN (lost, recording->samples),
         lost == 0 ? "delivered" : "other audio arrived");
}

static gint
choose_timeout (const Run *run)
{
  return run->what->impossible != NULL ? PATIENT : IMPATIENT;
}

static guint
choose_bound (const Run *run)
{
  return g_str_equal (run->policy, "never") ? MUCH : LITTLE;
}

static void
record (Run     *run,
        Sandbox *sandbox)
{
  g_autoptr (Player) player =
      player_new (PIPELINE, work, sandbox->url, choose_timeout (run),
                  run->policy, run->outbox, choose_bound (run));
  GstMessage *end = player_run (player);
  g_autoptr (GError) error = NULL;

  if (GST_MESSAGE_TYPE (end) == GST_MESSAGE_EOS)
    {
      judge_results (run, sandbox, player);
      return;
    }
  gst_message_parse_error (end, &error, NULL);
  judge (run, FALSE, recording->samples, error->message);
}

/* What PATCH is for: the session is to be cancelled, and nothing be left. */
static void
discard (Run     *run,
         Sandbox *sandbox)
{
  g_autoptr (Player) player =
      player_new ("audiotestsrc is-live=true ! opusenc ! ekascribesink "
                  "name=scribe base-url=%s client-id=clinic "
                  "client-secret=s3cret-of-the-clinic model=pro timeout=%d "
                  "max-chunk-duration=1000000000 retry-time=20000000000 "
                  OUTBOX, sandbox->url, choose_timeout (run), run->policy,
                  run->outbox, choose_bound (run));
  g_autoptr (JsonParser) parser = json_parser_new ();
  g_autofree gchar *folder = NULL;
  JsonObject *session;
  const gchar *status = NULL;

  player_set (player, GST_STATE_PLAYING);
  player_await (player, "ekascribe-chunk", NULL);
  g_signal_emit_by_name (player->scribe, "discard");
  player_await (player, "ekascribe-session", "discarded");
  gst_element_send_event (player->pipeline, gst_event_new_eos ());
  player_wait (player, GST_MESSAGE_EOS);
  folder = sandbox_only (sandbox);
  session = describe (folder, parser);
  if (session != NULL)
    status = json_object_get_string_member (session, "status");
  judge (run, g_strcmp0 (status, "failed") == 0, 0,
         g_strcmp0 (status, "failed") == 0 ? "cancelled" : "not cancelled");
}

/* Returns: (transfer full) (nullable): what is in the outbox */
static gchar *
find_left (const gchar *outbox)
{
  g_autoptr (GDir) dir = g_dir_open (outbox, 0, NULL);

  return dir != NULL ? g_strdup (g_dir_read_name (dir)) : NULL;
}

/* What is safe, or not wanted, is on disk no more, as soon as the thread that
 * writes there has come to it. */
static void
judge_outbox (Run *run)
{
  const gint64 end = g_get_monotonic_time () + DISK_PATIENCE;
  g_autofree gchar *left = find_left (run->outbox);

  while (left != NULL && run->survived && g_get_monotonic_time () < end)
    {
      g_usleep (10 * G_TIME_SPAN_MILLISECOND);
      g_free (left);
      left = find_left (run->outbox);
    }
  if (left == NULL || !run->survived)
    return;
  run->survived = FALSE;
  g_free (run->verdict);
  run->verdict = g_strdup_printf ("%s is left on disk", left);
}

static void
run_case (gpointer data,
          gpointer user_data)
{
  Run *run = data;
  const MatrixCase *what = run->what;
  g_autofree gchar *second = what->second != NULL
                                 ? g_strdup_printf ("--fault %s", what->second)
                                 : g_strdup ("");
  /* Results of fewer chunks than were sent make the outbox stay where it is; here
   * the question is what becomes of a session that is at work. */
  const gboolean works = g_str_equal (what->first, "get:2:short-list");
  g_autofree gchar *options = g_strdup_printf (
      "--client " CLIENT " --processing-time %d --fault %s %s", works ? 2 : 0,
      what->first, second);
  g_autoptr (Sandbox) sandbox = sandbox_new (options);

  if (what->discards)
    discard (run, sandbox);
  else
    record (run, sandbox);
  judge_outbox (run);
}

/* --- all of them ---------------------------------------------------------- */

static gboolean
is_right (const Run *run)
{
  return run->what->impossible != NULL ? !run->survived : run->survived;
}

static void
run_all (GPtrArray   *cases,
         const gchar *title,
         const gchar *policy)
{
  g_autoptr (GArray) runs = g_array_new (FALSE, TRUE, sizeof (Run));
  GThreadPool *pool =
      g_thread_pool_new (run_case, NULL, AT_ONCE, FALSE, NULL);
  guint possible = 0, survived = 0, wrong = 0;
  guint64 lost = 0;
  guint i;

  for (i = 0; i < cases->len; i++)
    {
      Run run = { g_ptr_array_index (cases, i), policy };

      run.outbox = g_strdup_printf ("%s/outbox-%s-%s-%u", work, title, policy, i);
      g_array_append_val (runs, run);
    }
  for (i = 0; i < runs->len; i++)
    g_thread_pool_push (pool, &g_array_index (runs, Run, i), NULL);
  g_thread_pool_free (pool, FALSE, TRUE);
  for (i = 0; i < runs->len; i++)
    {
      Run *run = &g_array_index (runs, Run, i);
      const MatrixCase *what = run->what;

      if (what->impossible == NULL)
        {
          possible++;
          survived += run->survived;
          lost += run->lost;
        }
      if (what->impossible != NULL || !is_right (run))
        g_test_message ("%s %s%s%s: %s (%s)",
                        is_right (run) ? "impossible" : "WRONG",
                        what->first, what->second != NULL ? " + " : "",
                        what->second != NULL ? what->second : "",
                        run->verdict,
                        what->impossible != NULL ? what->impossible
                                                 : "should have survived");
      wrong += !is_right (run);
      g_free (run->verdict);
      g_free (run->outbox);
    }
  g_test_message ("%s, %s: %u cases, %u survived, %" G_GUINT64_FORMAT
                  " samples lost (%u impossible ones beside)",
                  title, policy, possible, survived, lost,
                  runs->len - possible);
  g_assert_cmpuint (wrong, ==, 0);
  g_assert_cmpuint (lost, ==, 0);
}

static void
test_every_fault_alone (gconstpointer policy)
{
  g_autoptr (GPtrArray) cases = matrix_cells ();

  run_all (cases, "alone", policy);
}

static void
test_faults_that_meet (gconstpointer policy)
{
  g_autoptr (GPtrArray) cases = matrix_pairs ();

  g_assert_cmpuint (cases->len, >=, 40);
  run_all (cases, "pairs", policy);
}

int
main (int    argc,
      char **argv)
{
  g_autofree gchar *speech = NULL;
  g_autoptr (GBytes) bytes = NULL;
  int result;
  guint i;

  harness_init (&argc, &argv);
  work = harness_folder_new ();
  speech = fixture_speech (work, 1);
  fixture_make ("filesrc location=%s ! wavparse ! audioconvert ! opusenc "
                "bitrate=16000 ! oggmux ! filesink location=%s/speech.ogg",
                speech, work);
  fixture_make ("filesrc location=%s/speech.ogg ! oggdemux ! opusdec ! "
                "audio/x-raw,rate=48000 ! "
                "audioconvert ! audioresample ! audio/x-raw,format=S16LE,"
                "rate=16000,channels=1 ! wavenc ! "
                "filesink location=%s/expected.wav", work, work);
  bytes = fixture_file (work, "speech.ogg");
  recording = ogg_file_new (bytes);
  for (i = 0; i < G_N_ELEMENTS (policies); i++)
    {
      g_autofree gchar *alone =
          g_strconcat ("/matrix/every-fault-alone/", policies[i], NULL);
      g_autofree gchar *pairs =
          g_strconcat ("/matrix/faults-that-meet/", policies[i], NULL);

      g_test_add_data_func (alone, policies[i], test_every_fault_alone);
      g_test_add_data_func (pairs, policies[i], test_faults_that_meet);
    }
  result = g_test_run ();
  ogg_file_free (recording);
  harness_folder_remove (work);
  g_free (work);
  return result;
}
