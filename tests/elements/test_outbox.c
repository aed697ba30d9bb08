/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "feeder.h"
#include "leftovers.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#include "scribe/descriptor.h"
#include "scribe/error.h"

/* What goes to disk while it is recorded. */

#define SECONDS_3                                                             \
  "audiotestsrc num-buffers=30 samplesperbuffer=1600 ! " PCM " ! "
#define ELEMENT "ekascribesink name=s max-chunk-duration=1000000000 "
#define FIRST "ses_of_the_first_one"

/* --- when ----------------------------------------------------------------- */

static gboolean
has_chunks (EkaLeftover *leftover)
{
  return leftover->index != NULL && leftover->index->entries->len > 0;
}

static gboolean
has_journal (EkaLeftover *leftover)
{
  return leftover->journal != NULL &&
         g_bytes_get_size (leftover->journal) > 20000;
}

static gboolean
is_only_journal (EkaLeftover *leftover)
{
  return leftover->journal != NULL && leftover->index != NULL &&
         leftover->index->entries->len == 0;
}

/* Nothing is left on disk. */
static void
assert_clean (void)
{
  fixture_wait_for_disk ();
  g_assert_cmpuint (leftovers_count (fixture_get_outbox ()), ==, 0);
}

static void
test_goes_when_it_is_safe (Fixture      *f,
                           gconstpointer data)
{
  const gchar *policy = data;
  g_autofree gchar *line =
      g_strdup_printf (SECONDS_3 ELEMENT "outbox-policy=%s", policy);
  g_autoptr (GstMessage) end = fixture_run (f, line);

  g_assert_cmpint (GST_MESSAGE_TYPE (end), ==, GST_MESSAGE_EOS);
  g_assert_cmpuint (fixture_count_type (f, GST_MESSAGE_WARNING), ==, 0);
  assert_clean ();
}

/* Nothing is written where nothing has failed. */
static void
test_waits_for_a_failure (Fixture      *f,
                          gconstpointer data)
{
  Feeder feeder;

  eka_liar_push_stall (f->liar, EKA_CALL_UPLOAD);
  feeder_start (&feeder, f, ELEMENT, FALSE);
  g_assert_cmpint (feeder_push (&feeder, 5000), ==, GST_FLOW_OK);
  fixture_wait_for_stat (f, "chunks", 4);
  fixture_wait_for_disk ();
  g_assert_cmpuint (fixture_get_stat (f, "bytes-stored"), ==, 0);
  g_assert_cmpuint (fixture_get_stat (f, "time-unsaved"), >=, 4 * GST_SECOND);
  assert_clean ();
  gst_element_set_state (f->pipeline, GST_STATE_NULL);
  feeder_stop (&feeder);
}

static void
test_never_writes (Fixture      *f,
                   gconstpointer data)
{
  Feeder feeder;

  eka_liar_push_stall (f->liar, EKA_CALL_UPLOAD);
  feeder_start (&feeder, f, ELEMENT "outbox-policy=never", TRUE);
  g_assert_cmpint (feeder_push (&feeder, 3000), ==, GST_FLOW_OK);
  gst_element_set_state (f->pipeline, GST_STATE_NULL);
  feeder_stop (&feeder);
  assert_clean ();
}

/* More than memory holds goes to disk, and nobody waits. */
static void
test_memory_is_full (Fixture      *f,
                     gconstpointer data)
{
  g_autoptr (EkaLeftover) leftover = NULL;
  g_autoptr (GByteArray) saved = g_byte_array_new ();
  Feeder feeder;

  eka_liar_push_stall (f->liar, EKA_CALL_UPLOAD);
  feeder_start (&feeder, f, ELEMENT "max-size-bytes=200000", FALSE);
  g_assert_cmpint (feeder_push (&feeder, 20000), ==, GST_FLOW_OK);
  g_assert_cmpuint (fixture_get_stat (f, "bytes-kept"), <=, 200000);
  g_assert_cmpuint (fixture_get_stat (f, "bytes-stored"), >=, 300000);
  g_assert_cmpuint (fixture_get_stat (f, "time-lost"), ==, 0);
  gst_element_set_state (f->pipeline, GST_STATE_READY);
  leftover = leftovers_get_only (fixture_get_outbox ());
  leftovers_read (leftover, saved);
  g_assert_cmpmem (saved->data, saved->len, feeder.audio->data,
                   feeder.audio->len);
  feeder_stop (&feeder);
}

/* --- always --------------------------------------------------------------- */

static void
assert_private (const gchar *path,
                guint        mode)
{
  struct stat status;

  g_assert_cmpint (stat (path, &status), ==, 0);
  g_assert_cmpuint (status.st_mode & 0777, ==, mode);
}

/* A live pipeline writes as it goes: what is cut, and what is not. */
static void
test_live_is_always (Fixture      *f,
                     gconstpointer data)
{
  const gchar *options = data;
  g_autofree gchar *line = g_strdup_printf (ELEMENT "%s", options);
  g_autofree gchar *index = NULL;
  g_autoptr (EkaLeftover) early = NULL;
  g_autoptr (EkaLeftover) late = NULL;
  const gboolean live = strstr (options, "always") == NULL;
  Feeder feeder;

  eka_liar_push_stall (f->liar, EKA_CALL_UPLOAD);
  feeder_start (&feeder, f, line, live);
  g_assert_cmpint (feeder_push (&feeder, 800), ==, GST_FLOW_OK);
  early = leftovers_await (fixture_get_outbox (), has_journal);
  g_assert_cmpint (early->state, ==, EKA_LEFTOVER_IN_USE);
  g_assert_cmpint (feeder_push (&feeder, 3400), ==, GST_FLOW_OK);
  late = leftovers_await (fixture_get_outbox (), has_chunks);
  g_assert_cmpstr (late->name, ==, early->name);
  fixture_wait_for_stat (f, "bytes-stored", 3 * 32000);
  assert_private (late->path, 0700);
  index = g_build_filename (late->path, EKA_INDEX_NAME, NULL);
  assert_private (index, 0600);
  g_assert_false (leftovers_mention (late->path, "secret-token"));
  gst_element_set_state (f->pipeline, GST_STATE_NULL);
  feeder_stop (&feeder);
}

/* Until it is known how much a session takes, which is told. */
static void
wait_until_settled (Fixture *f)
{
  g_autoptr (GstMessage) warning = fixture_wait (f, GST_MESSAGE_WARNING);

  fixture_assert_error (warning, GST_RESOURCE_ERROR,
                        GST_RESOURCE_ERROR_SETTINGS, "at most 3 s");
}

static void
push_short_sessions (Fixture *f)
{
  guint i;

  for (i = 0; i < 10; i++)
    eka_liar_push (f->liar, EKA_CALL_DISCOVER, 200,
                   "{\"models\":[{\"id\":\"lite\","
                   "\"max_session_duration_seconds\":3}]}");
}

/* A copy of the folder, as a crash leaves it, holds all that was pushed a second
 * ago, once, also where it took several sessions (@data). */
static void
test_crash (Fixture      *f,
            gconstpointer data)
{
  g_autofree gchar *copy = g_build_filename (f->folder, "copy", NULL);
  g_autofree gchar *command = g_strdup_printf (
      "cp -r '%s' '%s'", fixture_get_outbox (), copy);
  g_autoptr (GByteArray) saved = g_byte_array_new ();
  g_autoptr (GError) error = NULL;
  gint64 deadline;
  Feeder feeder;
  guint i;

  if (data != NULL)
    push_short_sessions (f);
  for (i = 0; i < 10; i++)
    eka_liar_push_stall (f->liar, EKA_CALL_CREATE);
  feeder_start (&feeder, f, ELEMENT, TRUE);
  g_assert_cmpint (feeder_push (&feeder, 2500), ==, GST_FLOW_OK);
  if (data != NULL)
    wait_until_settled (f);
  g_assert_cmpint (feeder_push (&feeder, 6000), ==, GST_FLOW_OK);
  deadline = g_get_monotonic_time () + G_TIME_SPAN_SECOND;
  while (g_get_monotonic_time () < deadline)
    g_usleep (deadline - g_get_monotonic_time ());
  fixture_wait_for_disk ();
  g_assert_true (g_spawn_command_line_sync (command, NULL, NULL, NULL, &error));
  g_assert_cmpuint (leftovers_count (copy), ==, data != NULL ? 3 : 1);
  for (i = 0; i < leftovers_count (copy); i++) {
    g_autoptr (EkaLeftover) leftover = leftovers_get (copy, i);

    g_assert_cmpint (leftover->state, ==, EKA_LEFTOVER_READY);
    leftovers_read (leftover, saved);
  }
  /* Sessions of the same second are in any order. */
  g_assert_cmpuint (saved->len, ==, feeder.audio->len);
  if (data == NULL)
    g_assert_cmpmem (saved->data, saved->len, feeder.audio->data,
                     feeder.audio->len);
  gst_element_set_state (f->pipeline, GST_STATE_NULL);
  feeder_stop (&feeder);
}

/* Another recording in the same run begins a journal of its own. */
static void
test_again (Fixture      *f,
            gconstpointer data)
{
  g_autoptr (GstMessage) first = NULL;
  g_autoptr (EkaLeftover) leftover = NULL;
  g_autoptr (GByteArray) saved = g_byte_array_new ();
  GstSegment segment;
  Feeder feeder;

  feeder_start (&feeder, f, ELEMENT, TRUE);
  g_assert_cmpint (feeder_push (&feeder, 1500), ==, GST_FLOW_OK);
  feeder_end (&feeder);
  first = fixture_wait (f, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  g_assert_cmpint (GST_MESSAGE_TYPE (first), ==, GST_MESSAGE_EOS);
  assert_clean ();
  gst_pad_push_event (feeder.source, gst_event_new_flush_start ());
  gst_pad_push_event (feeder.source, gst_event_new_flush_stop (TRUE));
  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_pad_push_event (feeder.source, gst_event_new_segment (&segment));
  g_byte_array_set_size (feeder.audio, 0);
  eka_liar_push_stall (f->liar, EKA_CALL_UPLOAD);
  g_assert_cmpint (feeder_push (&feeder, 2500), ==, GST_FLOW_OK);
  gst_element_set_state (f->pipeline, GST_STATE_READY);
  leftover = leftovers_get_only (fixture_get_outbox ());
  leftovers_read (leftover, saved);
  g_assert_cmpmem (saved->data, saved->len, feeder.audio->data,
                   feeder.audio->len);
  feeder_stop (&feeder);
}

/* What is being cut when a session is full is on disk after that session's results
 * have come, until the next session has it. */
static void
test_between_sessions (Fixture      *f,
                       gconstpointer data)
{
  const gboolean discards = data != NULL;
  g_autoptr (GstMessage) completed = NULL;
  g_autoptr (GstMessage) end = NULL;
  g_autoptr (EkaLeftover) leftover = NULL;
  g_autoptr (EkaDescriptor) descriptor = NULL;
  g_autoptr (GByteArray) left = g_byte_array_new ();
  Feeder feeder;
  guint size;

  eka_liar_push (f->liar, EKA_CALL_CREATE, 201,
                 "{\"session_id\":\"" FIRST "\",\"status\":\"created\","
                 "\"created_at\":\"2026-06-06T14:21:07Z\","
                 "\"expires_at\":\"2026-06-06T14:21:11Z\","
                 "\"upload_url\":\"https://api.eka.care/sessions/" FIRST
                 "/audio\"}");
  feeder_start (&feeder, f, ELEMENT "session-id=" FIRST, TRUE);
  g_assert_cmpint (feeder_push (&feeder, 1500), ==, GST_FLOW_OK);
  size = feeder.audio->len;
  completed = fixture_wait_name (f, "ekascribe-session", "completed");
  fixture_wait_for_disk ();
  leftover = leftovers_await (fixture_get_outbox (), is_only_journal);
  descriptor = eka_descriptor_parse (leftover->description, NULL);
  g_assert_nonnull (descriptor);
  g_assert_false (descriptor->created);
  g_assert_cmpstr (descriptor->session_id, !=, FIRST);
  g_assert_cmpstr (descriptor->settings->previous_id, ==, FIRST);
  leftovers_read (leftover, left);
  g_assert_cmpuint (left->len, >, 0);
  g_assert_cmpmem (left->data, left->len,
                   feeder.audio->data + size - left->len, left->len);
  if (discards) {
    g_signal_emit_by_name (f->sink, "discard");
    assert_clean ();
  } else {
    g_assert_cmpint (feeder_push (&feeder, 1500), ==, GST_FLOW_OK);
    feeder_end (&feeder);
    end = fixture_wait (f, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
    g_assert_cmpint (GST_MESSAGE_TYPE (end), ==, GST_MESSAGE_EOS);
    assert_clean ();
  }
  gst_element_set_state (f->pipeline, GST_STATE_NULL);
  feeder_stop (&feeder);
}

/* --- a recording of several sessions -------------------------------------- */

/* All that was recorded is on the service or on disk, once. */
static void
test_sessions_share_nothing (Fixture      *f,
                             gconstpointer data)
{
  const gchar *policy = data;
  g_autofree gchar *line =
      g_strdup_printf (ELEMENT "outbox-policy=%s", policy);
  g_autoptr (GByteArray) saved = g_byte_array_new ();
  Feeder feeder;
  guint i;

  push_short_sessions (f);
  for (i = 0; i < 10; i++)
    eka_liar_push_stall (f->liar, EKA_CALL_CREATE);
  feeder_start (&feeder, f, line, FALSE);
  g_assert_cmpint (feeder_push (&feeder, 10500), ==, GST_FLOW_OK);
  gst_element_set_state (f->pipeline, GST_STATE_READY);
  g_assert_cmpuint (leftovers_count (fixture_get_outbox ()), >=, 4);
  for (i = 0; i < leftovers_count (fixture_get_outbox ()); i++) {
    g_autoptr (EkaLeftover) leftover =
        leftovers_get (fixture_get_outbox (), i);

    g_assert_null (leftover->journal);
    g_assert_nonnull (leftover->description);
  }
  g_assert_cmpuint (fixture_count_type (f, GST_MESSAGE_ERROR), <=, i);
  for (i = 0; saved->len < feeder.audio->len; i++) {
    g_autoptr (EkaLeftover) leftover =
        leftovers_get (fixture_get_outbox (), i);

    leftovers_read (leftover, saved);
  }
  g_assert_cmpuint (saved->len, ==, feeder.audio->len);
  g_assert_cmpuint (i, ==, leftovers_count (fixture_get_outbox ()));
  feeder_stop (&feeder);
}

/* --- where ---------------------------------------------------------------- */

static void
test_location (Fixture      *f,
               gconstpointer data)
{
  g_autofree gchar *location = g_build_filename (f->folder, "a", "b", NULL);
  g_autofree gchar *line = g_strdup_printf (
      ELEMENT "outbox-policy=always outbox-location=%s", location);
  g_autofree gchar *command = NULL;
  g_autoptr (EkaLeftover) leftover = NULL;
  g_autoptr (GstMessage) error = NULL;
  Feeder feeder;

  eka_liar_push_stall (f->liar, EKA_CALL_UPLOAD);
  feeder_start (&feeder, f, line, FALSE);
  g_assert_cmpint (feeder_push (&feeder, 1500), ==, GST_FLOW_OK);
  gst_element_set_state (f->pipeline, GST_STATE_READY);
  leftover = leftovers_get_only (location);
  g_assert_cmpuint (leftovers_count (fixture_get_outbox ()), ==, 0);
  error = fixture_wait (f, GST_MESSAGE_ERROR);
  command = g_strdup_printf ("ekascribe outbox send %s --outbox '%s'",
                             leftover->name, location);
  fixture_assert_error (error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_WRITE,
                        command);
  feeder_stop (&feeder);
}

/* Who asks for the disk is told that there is none, before anything is sent. */
static void
test_unusable (Fixture      *f,
               gconstpointer data)
{
  g_autofree gchar *path = g_build_filename (f->folder, "file", NULL);
  g_autofree gchar *line =
      g_strdup_printf (ELEMENT "outbox-location=%s %s", path,
                       (const gchar *) data);
  g_autoptr (GstMessage) error = NULL;

  g_assert_true (g_file_set_contents (path, "no folder", -1, NULL));
  fixture_launch (f, line);
  g_assert_cmpint (gst_element_set_state (f->sink, GST_STATE_PAUSED), ==,
                   GST_STATE_CHANGE_FAILURE);
  error = fixture_wait (f, GST_MESSAGE_ERROR);
  fixture_assert_error (error, GST_RESOURCE_ERROR,
                        GST_RESOURCE_ERROR_OPEN_WRITE, "outbox-location");
  g_assert_cmpstr (fixture_get_detail (error, "property"), ==,
                   "outbox-location");
  g_assert_cmpuint (f->liar->log->len, ==, 0);
}

/* Nobody has asked for the disk: one warning, and the run goes on. */
static void
test_unusable_by_default (Fixture      *f,
                          gconstpointer data)
{
  g_autofree gchar *path = g_build_filename (f->folder, "file", NULL);
  g_autofree gchar *line = g_strdup_printf (SECONDS_3 ELEMENT "%s",
                                            (const gchar *) data);
  g_autoptr (GstMessage) warning = NULL;
  g_autoptr (GstMessage) end = NULL;

  g_assert_true (g_file_set_contents (path, "no folder", -1, NULL));
  g_setenv ("EKASCRIBE_OUTBOX", path, TRUE);
  fixture_launch (f, line);
  fixture_play (f);
  g_setenv ("EKASCRIBE_OUTBOX", fixture_get_outbox (), TRUE);
  if (data == NULL || strstr (data, "never") == NULL) {
    warning = fixture_wait (f, GST_MESSAGE_WARNING | GST_MESSAGE_EOS);
    fixture_assert_error (warning, GST_RESOURCE_ERROR,
                          GST_RESOURCE_ERROR_OPEN_WRITE, "kept in memory");
  }
  end = fixture_wait (f, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  g_assert_cmpint (GST_MESSAGE_TYPE (end), ==, GST_MESSAGE_EOS);
  g_assert_cmpuint (fixture_count_type (f, GST_MESSAGE_WARNING), ==,
                    warning != NULL);
}

/* --- faults --------------------------------------------------------------- */

/* A disk without room is told once; the recording goes on. */
static void
test_full (Fixture      *f,
           gconstpointer data)
{
  g_autoptr (GstMessage) warning = NULL;
  g_autoptr (GstMessage) end = NULL;
  Feeder feeder;

  feeder_start (&feeder, f, ELEMENT "outbox-max-bytes=50000", TRUE);
  g_assert_cmpint (feeder_push (&feeder, 5000), ==, GST_FLOW_OK);
  warning = fixture_wait (f, GST_MESSAGE_WARNING | GST_MESSAGE_ERROR);
  g_assert_cmpint (GST_MESSAGE_TYPE (warning), ==, GST_MESSAGE_WARNING);
  fixture_assert_error (warning, GST_RESOURCE_ERROR,
                        GST_RESOURCE_ERROR_NO_SPACE_LEFT, "kept in memory");
  feeder_end (&feeder);
  end = fixture_wait (f, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  g_assert_cmpint (GST_MESSAGE_TYPE (end), ==, GST_MESSAGE_EOS);
  g_assert_cmpuint (fixture_count_type (f, GST_MESSAGE_WARNING), ==, 1);
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_UPLOAD), ==, 5);
  gst_element_set_state (f->pipeline, GST_STATE_NULL);
  feeder_stop (&feeder);
  assert_clean ();
}

static void
remove_all (const gchar *location)
{
  g_autofree gchar *command =
      g_strdup_printf ("sh -c \"rm -rf '%s'/*\"", location);
  g_autoptr (GError) error = NULL;

  g_assert_true (g_spawn_command_line_sync (command, NULL, NULL, NULL, &error));
}

/* Somebody removes the folder under a recording: that is told, and the audio
 * goes its way. */
static void
test_removed (Fixture      *f,
              gconstpointer data)
{
  g_autoptr (EkaLeftover) leftover = NULL;
  g_autoptr (GstMessage) warning = NULL;
  g_autoptr (GstMessage) end = NULL;
  Feeder feeder;

  eka_liar_push_error (f->liar, EKA_CALL_CREATE,
                       g_error_new (EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_NETWORK,
                                    "Cut off"));
  feeder_start (&feeder, f, ELEMENT, TRUE);
  g_assert_cmpint (feeder_push (&feeder, 1500), ==, GST_FLOW_OK);
  leftover = leftovers_await (fixture_get_outbox (), has_chunks);
  remove_all (fixture_get_outbox ());
  g_assert_cmpint (feeder_push (&feeder, 3000), ==, GST_FLOW_OK);
  do {
    g_clear_pointer (&warning, gst_message_unref);
    warning = fixture_wait (f, GST_MESSAGE_WARNING | GST_MESSAGE_ERROR);
    g_assert_cmpint (GST_MESSAGE_TYPE (warning), ==, GST_MESSAGE_WARNING);
  } while (fixture_get_detail (warning, "session-id") != NULL);
  fixture_assert_error (warning, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_WRITE,
                        "kept in memory");
  feeder_end (&feeder);
  end = fixture_wait (f, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  g_assert_cmpint (GST_MESSAGE_TYPE (end), ==, GST_MESSAGE_EOS);
  gst_element_set_state (f->pipeline, GST_STATE_NULL);
  feeder_stop (&feeder);
}

int
main (int    argc,
      char **argv)
{
  fixture_init (&argc, &argv);
  g_test_add ("/outbox/goes-when-it-is-safe/always", Fixture, "always",
              fixture_set_up, test_goes_when_it_is_safe, fixture_tear_down);
  g_test_add ("/outbox/goes-when-it-is-safe/on-failure", Fixture,
              "on-failure max-size-bytes=40000", fixture_set_up,
              test_goes_when_it_is_safe, fixture_tear_down);
  add_test ("/outbox/waits-for-a-failure", test_waits_for_a_failure);
  add_test ("/outbox/never-writes", test_never_writes);
  add_test ("/outbox/memory-is-full", test_memory_is_full);
  g_test_add ("/outbox/live-is-always", Fixture, "", fixture_set_up,
              test_live_is_always, fixture_tear_down);
  g_test_add ("/outbox/always-is-always", Fixture, "outbox-policy=always",
              fixture_set_up, test_live_is_always, fixture_tear_down);
  add_test ("/outbox/crash/one-session", test_crash);
  g_test_add ("/outbox/crash/several-sessions", Fixture, "several",
              fixture_set_up, test_crash, fixture_tear_down);
  add_test ("/outbox/again", test_again);
  add_test ("/outbox/between-sessions/goes-on", test_between_sessions);
  g_test_add ("/outbox/between-sessions/discarded", Fixture, "discard",
              fixture_set_up, test_between_sessions, fixture_tear_down);
  g_test_add ("/outbox/sessions-share-nothing/always", Fixture, "always",
              fixture_set_up, test_sessions_share_nothing, fixture_tear_down);
  g_test_add ("/outbox/sessions-share-nothing/on-failure", Fixture,
              "on-failure", fixture_set_up, test_sessions_share_nothing,
              fixture_tear_down);
  add_test ("/outbox/location", test_location);
  g_test_add ("/outbox/unusable/auto", Fixture, "", fixture_set_up,
              test_unusable, fixture_tear_down);
  g_test_add ("/outbox/unusable/never-but-resume", Fixture,
              "outbox-policy=never outbox-resume=true", fixture_set_up,
              test_unusable, fixture_tear_down);
  g_test_add ("/outbox/unusable-by-default/auto", Fixture, "", fixture_set_up,
              test_unusable_by_default, fixture_tear_down);
  g_test_add ("/outbox/unusable-by-default/never", Fixture,
              "outbox-policy=never", fixture_set_up, test_unusable_by_default,
              fixture_tear_down);
  add_test ("/outbox/full", test_full);
  add_test ("/outbox/removed", test_removed);
  return g_test_run ();
}
