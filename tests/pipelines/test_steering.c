/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "harness.h"

#include <string.h>

/* An application that records one patient after the other. */

#define SCRIBE "ekascribesink name=scribe poll-interval=50000000 model=pro "
#define MICROPHONE                                                             \
  "audiotestsrc is-live=true name=source samplesperbuffer=320 volume=0.1 ! "  \
  "audio/x-raw,format=S16LE,rate=16000,channels=1 ! "
#define FIRST "ses_of_the_first_visit"
#define SECOND "ses_of_the_second_visit"

static gboolean
steer (Player      *player,
       const gchar *action)
{
  gboolean done = FALSE;

  g_signal_emit_by_name (player->scribe, action, &done);
  return done;
}

static gboolean
steer_to (Player      *player,
          const gchar *json)
{
  gboolean done = FALSE;

  g_signal_emit_by_name (player->scribe, "new-session", json, &done);
  return done;
}

static guint64
get_stat (Player      *player,
          const gchar *name)
{
  g_autoptr (GstStructure) stats = NULL;
  guint64 number = 0;

  g_object_get (player->scribe, "stats", &stats, NULL);
  g_assert_true (gst_structure_get_uint64 (stats, name, &number));
  return number;
}

static gboolean
tick (gpointer user_data)
{
  return G_SOURCE_CONTINUE;
}

static void
wait_for_stat (Player      *player,
               const gchar *name,
               guint64      least)
{
  const gint64 end =
      g_get_monotonic_time () + HARNESS_PATIENCE * G_TIME_SPAN_SECOND;
  const guint ticker = g_timeout_add (5, tick, NULL);

  while (get_stat (player, name) < least)
    {
      g_assert_cmpint (g_get_monotonic_time (), <, end);
      g_main_context_iteration (NULL, TRUE);
    }
  g_source_remove (ticker);
}

static void
end_stream (Player *player)
{
  g_autoptr (GError) error = NULL;
  GstMessage *end;

  gst_element_send_event (player->pipeline, gst_event_new_eos ());
  end = player_wait (player, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  if (GST_MESSAGE_TYPE (end) == GST_MESSAGE_ERROR)
    gst_message_parse_error (end, &error, NULL);
  g_assert_no_error (error);
}

/* Returns: (transfer full): what the sandbox keeps of a session */
static gchar *
describe (Sandbox     *sandbox,
          const gchar *id)
{
  g_autofree gchar *folder = g_build_filename (sandbox->folder, id, NULL);

  return harness_read (folder, "session.json");
}

/* Two visits and a pause, in a pipeline that never stops. */
static void
test_two_visits (void)
{
  g_autoptr (Sandbox) sandbox = sandbox_new (NULL);
  g_autofree gchar *work = harness_folder_new ();
  g_autoptr (Player) player = player_new (
      MICROPHONE SCRIBE "base-url=%s session-id=" FIRST " "
      "transcript-location=%s/note.txt patient-details={\"name\":\"Asha\"} "
      "templates=soap_template",
      sandbox->url, work);
  g_autofree gchar *first = NULL;
  g_autofree gchar *second = NULL;
  g_autofree gchar *note = NULL;
  g_auto (GStrv) list = NULL;

  player_set (player, GST_STATE_PLAYING);
  wait_for_stat (player, "audio-duration", 300 * GST_MSECOND);
  g_assert_true (steer (player, "pause"));
  player_await (player, "ekascribe-session", "paused");
  wait_for_stat (player, "time-paused", 100 * GST_MSECOND);
  g_assert_true (steer (player, "resume"));
  g_assert_true (steer (player, "end-session"));
  player_await (player, "ekascribe-result", NULL);
  wait_for_stat (player, "time-ignored", 100 * GST_MSECOND);
  g_assert_true (
      steer_to (player, "{\"session-id\":\"" SECOND "\","
                        "\"patient-details\":{\"name\":\"Ravi\"}}"));
  wait_for_stat (player, "audio-duration", 600 * GST_MSECOND);
  end_stream (player);

  list = sandbox_list (sandbox);
  g_assert_cmpuint (g_strv_length (list), ==, 2);
  first = describe (sandbox, FIRST);
  second = describe (sandbox, SECOND);
  g_assert_nonnull (strstr (first, "Asha"));
  g_assert_nonnull (strstr (first, "soap_template"));
  g_assert_null (strstr (first, "Ravi"));
  g_assert_nonnull (strstr (second, "Ravi"));
  g_assert_null (strstr (second, "Asha"));
  g_assert_null (strstr (second, "soap_template"));
  g_assert_null (strstr (second, FIRST));
  g_assert_cmpuint (
      player_count (player, GST_MESSAGE_ELEMENT, "ekascribe-result"), ==, 2);
  note = harness_read (work, "note-2.txt");
  g_assert_nonnull (strstr (note, "sandbox"));
  player_set (player, GST_STATE_NULL);
  harness_folder_remove (work);
}

/* In a room where nobody touches anything. */
static void
test_unattended_room (void)
{
  g_autoptr (Sandbox) sandbox = sandbox_new (NULL);
  g_autoptr (Player) player = player_new (
      "audiotestsrc wave=ticks volume=0.5 tick-interval=4000000000 "
      "sine-periods-per-tick=660 freq=440 num-buffers=750 "
      "samplesperbuffer=320 ! "
      "audio/x-raw,format=S16LE,rate=16000,channels=1 ! opusenc ! " SCRIBE
      "base-url=%s start-on-speech=500000000 "
      "end-after-silence=1000000000 patient-details={\"name\":\"Asha\"}",
      sandbox->url);
  g_auto (GStrv) list = NULL;
  guint i, named = 0;

  g_assert_cmpint (GST_MESSAGE_TYPE (player_run (player)), ==,
                   GST_MESSAGE_EOS);
  list = sandbox_list (sandbox);
  g_assert_cmpuint (g_strv_length (list), >=, 2);
  for (i = 0; list[i] != NULL; i++)
    {
      g_autofree gchar *text = describe (sandbox, list[i]);

      named += strstr (text, "Asha") != NULL;
    }
  g_assert_cmpuint (named, ==, 1);
}

int
main (int    argc,
      char **argv)
{
  harness_init (&argc, &argv);

  g_test_add_func ("/steering/two-visits", test_two_visits);
  g_test_add_func ("/steering/unattended-room", test_unattended_room);
  return g_test_run ();
}
