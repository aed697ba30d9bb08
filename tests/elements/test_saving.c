/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "feeder.h"
#include "leftovers.h"

#include <string.h>

#include "scribe/descriptor.h"
#include "scribe/error.h"

/* What becomes of audio that is not delivered when a run ends. */

#define ID "ses_of_one_that_fails"
#define ELEMENT "ekascribesink name=s max-chunk-duration=1000000000 "

static gboolean
is_slow (void)
{
  const gchar *preloaded = g_getenv ("LD_PRELOAD");

  return preloaded != NULL && strstr (preloaded, "vgpreload") != NULL;
}

/* The ERROR names the folder of @leftover and what to do about it. */
static void
assert_names (GstMessage        *message,
              const EkaLeftover *leftover)
{
  g_autofree gchar *command =
      g_strdup_printf ("ekascribe outbox send %s", leftover->name);

  fixture_assert_error (message, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_WRITE,
                        leftover->path);
  fixture_assert_error (message, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_WRITE,
                        command);
  g_assert_cmpstr (fixture_get_detail (message, "outbox-folder"), ==,
                   leftover->path);
}

static void
assert_saved (EkaLeftover *leftover,
              Feeder      *feeder)
{
  g_autoptr (GByteArray) saved = g_byte_array_new ();
  g_autoptr (EkaDescriptor) descriptor = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (leftover->state, ==, EKA_LEFTOVER_READY);
  g_assert_null (leftover->journal);
  leftovers_read (leftover, saved);
  g_assert_cmpmem (saved->data, saved->len, feeder->audio->data,
                   feeder->audio->len);
  descriptor = eka_descriptor_parse (leftover->description, &error);
  g_assert_no_error (error);
  g_assert_false (leftovers_mention (leftover->path, "secret-token"));
}

/* @data: call that stalls, and options */
typedef struct
{
  EkaCall call;
  const gchar *options;
  gboolean live;
} Stop;

static void
test_stop (Fixture      *f,
           gconstpointer data)
{
  const Stop *stop = data;
  g_autofree gchar *line = g_strdup_printf (ELEMENT "%s", stop->options);
  g_autoptr (EkaLeftover) leftover = NULL;
  g_autoptr (GstMessage) error = NULL;
  Feeder feeder;

  eka_liar_push (f->liar, EKA_CALL_DISCOVER, 200,
                 "{\"protocol\":\"medscribealliance\","
                 "\"supported_versions\":[\"0.1\"],\"capabilities\":{\"audio_formats\":[\"audio/wav\"],"
                 "\"upload_methods\":[\"chunked\",\"single\"]}}");
  eka_liar_push_stall (f->liar, stop->call);
  feeder_start (&feeder, f, line, stop->live);
  g_assert_cmpint (feeder_push (&feeder, 2500), ==, GST_FLOW_OK);
  g_assert_cmpint (gst_element_set_state (f->pipeline, GST_STATE_READY), ==,
                   GST_STATE_CHANGE_SUCCESS);
  leftover = leftovers_get_only (fixture_get_outbox ());
  assert_saved (leftover, &feeder);
  error = fixture_wait (f, GST_MESSAGE_ERROR);
  fixture_assert_error (error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_WRITE,
                        "2.5 s of audio were not delivered");
  assert_names (error, leftover);
  g_assert_cmpuint (fixture_count_type (f, GST_MESSAGE_WARNING), ==, 0);
  feeder_stop (&feeder);
}

static void
test_stop_without_disk (Fixture      *f,
                        gconstpointer data)
{
  g_autoptr (GstMessage) error = NULL;
  Feeder feeder;

  eka_liar_push_stall (f->liar, EKA_CALL_UPLOAD);
  feeder_start (&feeder, f, ELEMENT "outbox-policy=never", TRUE);
  g_assert_cmpint (feeder_push (&feeder, 2500), ==, GST_FLOW_OK);
  gst_element_set_state (f->pipeline, GST_STATE_READY);
  error = fixture_wait (f, GST_MESSAGE_ERROR);
  fixture_assert_error (error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_WRITE,
                        "2.5 s of audio were not delivered and are lost");
  g_assert_null (fixture_get_detail (error, "outbox-folder"));
  feeder_stop (&feeder);
}

/* The disk has no room, either. */
static void
test_stop_with_a_full_disk (Fixture      *f,
                            gconstpointer data)
{
  g_autoptr (GstMessage) error = NULL;
  Feeder feeder;

  eka_liar_push_stall (f->liar, EKA_CALL_UPLOAD);
  feeder_start (&feeder, f, ELEMENT "outbox-max-bytes=1000", FALSE);
  g_assert_cmpint (feeder_push (&feeder, 2500), ==, GST_FLOW_OK);
  gst_element_set_state (f->pipeline, GST_STATE_READY);
  error = fixture_wait (f, GST_MESSAGE_ERROR);
  fixture_assert_error (error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_WRITE,
                        "2.5 s of audio were not delivered and are lost");
  g_assert_null (fixture_get_detail (error, "outbox-folder"));
  feeder_stop (&feeder);
}

/* What waits to hear whether the service takes Opus is saved, too. */
static void
test_stop_with_held_audio (Fixture      *f,
                           gconstpointer data)
{
  g_autoptr (EkaLeftover) leftover = NULL;
  g_autoptr (GstMessage) error = NULL;
  const EkaIndexEntry *entry;
  GstPad *pad;
  guint i;

  eka_liar_push_stall (f->liar, EKA_CALL_DISCOVER);
  fixture_launch (f, ELEMENT);
  pad = fixture_start_push (f, OPUS);
  for (i = 0; i < 40; i++)
    g_assert_cmpint (fixture_push_opus (pad, i * 20 * GST_MSECOND, 1), ==,
                     GST_FLOW_OK);
  gst_element_set_state (f->pipeline, GST_STATE_READY);
  leftover = leftovers_get_only (fixture_get_outbox ());
  g_assert_cmpuint (leftover->index->entries->len, ==, 1);
  entry = g_ptr_array_index (leftover->index->entries, 0);
  g_assert_cmpuint (entry->chunk->duration, ==, 800 * GST_MSECOND);
  error = fixture_wait (f, GST_MESSAGE_ERROR);
  assert_names (error, leftover);
  gst_element_release_request_pad (f->sink, pad);
  gst_object_unref (pad);
}

/* A run that has nothing to be saved ends at once, without a word. The machine may be
 * busy each time but one; what the element waits for, it waits for each time. */
static void
test_stop_with_nothing (Fixture      *f,
                        gconstpointer data)
{
  gint64 shortest = G_MAXINT64;
  guint i;

  fixture_launch (f, ELEMENT);
  for (i = 0; i < 7; i++) {
    gint64 began;

    gst_element_set_state (f->pipeline, GST_STATE_PAUSED);
    began = g_get_monotonic_time ();
    gst_element_set_state (f->pipeline, GST_STATE_READY);
    shortest = MIN (shortest, g_get_monotonic_time () - began);
  }
  g_assert_cmpint (shortest, <,
                   (is_slow () ? 5000 : 100) * G_TIME_SPAN_MILLISECOND);
  for (;;) {
    g_autoptr (GstMessage) message = gst_bus_pop (f->bus);

    if (message == NULL)
      break;
    g_assert_false (GST_MESSAGE_TYPE (message) &
                    (GST_MESSAGE_WARNING | GST_MESSAGE_ERROR));
  }
  fixture_wait_for_disk ();
  g_assert_cmpuint (leftovers_count (fixture_get_outbox ()), ==, 0);
}

/* The service has it all, but may still fail: nothing is told, and what is on disk
 * stays. */
static void
test_stop_while_it_works (Fixture      *f,
                          gconstpointer data)
{
  g_autoptr (GstMessage) processing = NULL;
  g_autoptr (EkaLeftover) leftover = NULL;
  Feeder feeder;

  eka_liar_push_stall (f->liar, EKA_CALL_GET);
  feeder_start (&feeder, f, ELEMENT, TRUE);
  g_assert_cmpint (feeder_push (&feeder, 1500), ==, GST_FLOW_OK);
  feeder_end (&feeder);
  processing = fixture_wait_name (f, "ekascribe-session", "processing");
  gst_element_set_state (f->pipeline, GST_STATE_READY);
  g_assert_cmpuint (fixture_count_type (f, GST_MESSAGE_ERROR), ==, 0);
  fixture_wait_for_disk ();
  leftover = leftovers_get_only (fixture_get_outbox ());
  assert_saved (leftover, &feeder);
  feeder_stop (&feeder);
}

static void
test_stop_when_discarded (Fixture      *f,
                          gconstpointer data)
{
  Feeder feeder;

  eka_liar_push_stall (f->liar, EKA_CALL_UPLOAD);
  feeder_start (&feeder, f, ELEMENT, TRUE);
  g_assert_cmpint (feeder_push (&feeder, 1500), ==, GST_FLOW_OK);
  g_signal_emit_by_name (f->sink, "discard");
  gst_element_set_state (f->pipeline, GST_STATE_READY);
  fixture_wait_for_disk ();
  g_assert_cmpuint (leftovers_count (fixture_get_outbox ()), ==, 0);
  feeder_stop (&feeder);
}

/* --- after the end -------------------------------------------------------- */

/* @data: whether the pipeline is live */
static void
test_fails_at_the_end (Fixture      *f,
                       gconstpointer data)
{
  g_autoptr (EkaLeftover) leftover = NULL;
  g_autoptr (GstMessage) error = NULL;
  g_autofree gchar *text = NULL;
  g_autoptr (GError) parsed = NULL;
  Feeder feeder;
  guint i;

  for (i = 0; i < 20; i++)
    eka_liar_push_error (f->liar, EKA_CALL_UPLOAD,
                         g_error_new (EKA_SCRIBE_ERROR,
                                      EKA_SCRIBE_ERROR_NETWORK, "Cut off"));
  feeder_start (&feeder, f, ELEMENT "retry-time=0", data != NULL);
  g_assert_cmpint (feeder_push (&feeder, 2500), ==, GST_FLOW_OK);
  feeder_end (&feeder);
  error = fixture_wait (f, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  g_assert_cmpint (GST_MESSAGE_TYPE (error), ==, GST_MESSAGE_ERROR);
  gst_message_parse_error (error, &parsed, NULL);
  gst_element_set_state (f->pipeline, GST_STATE_READY);
  leftover = leftovers_get_only (fixture_get_outbox ());
  assert_saved (leftover, &feeder);
  text = g_strdup_printf ("The audio is kept in %s. Send it with: ekascribe "
                          "outbox send %s", leftover->path, leftover->name);
  g_assert_nonnull (strstr (parsed->message, text));
  g_assert_cmpstr (fixture_get_detail (error, "outbox-folder"), ==,
                   leftover->path);
  g_assert_cmpuint (fixture_count_type (f, GST_MESSAGE_ERROR), ==, 1);
  feeder_stop (&feeder);
}

/* What the service could not make sense of is kept. */
static void
test_fails_on_the_service (Fixture      *f,
                           gconstpointer data)
{
  g_autoptr (EkaLeftover) leftover = NULL;
  g_autoptr (GstMessage) error = NULL;
  Feeder feeder;

  eka_liar_push (f->liar, EKA_CALL_GET, 200,
                 "{\"session_id\":\"" ID "\",\"status\":\"failed\","
                 "\"audio_files_processed\":0}");
  feeder_start (&feeder, f, ELEMENT "result-settle-time=0 session-id=" ID,
                TRUE);
  g_assert_cmpint (feeder_push (&feeder, 1500), ==, GST_FLOW_OK);
  feeder_end (&feeder);
  error = fixture_wait (f, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  g_assert_cmpint (GST_MESSAGE_TYPE (error), ==, GST_MESSAGE_ERROR);
  gst_element_set_state (f->pipeline, GST_STATE_READY);
  leftover = leftovers_get_only (fixture_get_outbox ());
  assert_saved (leftover, &feeder);
  feeder_stop (&feeder);
}

/* @live: the pipeline is; @options: of the element; @body: what End says */
typedef struct
{
  gboolean live;
  const gchar *options;
  const gchar *body;
} Answer;

static void
assert_warned (Fixture     *f,
               const gchar *text)
{
  gboolean found = FALSE;
  guint i;

  for (i = 0; i < f->messages->len; i++) {
    g_autoptr (GError) error = NULL;
    GstMessage *message = g_ptr_array_index (f->messages, i);

    if (GST_MESSAGE_TYPE (message) != GST_MESSAGE_WARNING)
      continue;
    gst_message_parse_warning (message, &error, NULL);
    found = found || strstr (error->message, text) != NULL;
  }
  g_assert_true (found);
}

/* The session is over, but what the service says is no proof that it has it all.
 */
static void
test_is_not_proven (Fixture      *f,
                    gconstpointer data)
{
  const Answer *answer = data;
  g_autofree gchar *line = g_strdup_printf (
      ELEMENT "session-id=" ID " result-settle-time=0 %s", answer->options);
  g_autoptr (EkaLeftover) leftover = NULL;
  g_autoptr (GstMessage) end = NULL;
  Feeder feeder;

  eka_liar_push (f->liar, EKA_CALL_END, 202, answer->body);
  feeder_start (&feeder, f, line, answer->live);
  g_assert_cmpint (feeder_push (&feeder, 2500), ==, GST_FLOW_OK);
  feeder_end (&feeder);
  end = fixture_wait (f, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  g_assert_cmpint (GST_MESSAGE_TYPE (end), ==, GST_MESSAGE_EOS);
  assert_warned (f, "does not prove");
  leftover = leftovers_get_only (fixture_get_outbox ());
  assert_saved (leftover, &feeder);
  assert_warned (f, leftover->path);
  gst_element_set_state (f->pipeline, GST_STATE_READY);
  g_assert_cmpuint (leftovers_count (fixture_get_outbox ()), ==, 1);
  feeder_stop (&feeder);
}

static EkaDescriptor *
parse (const EkaLeftover *leftover)
{
  g_autoptr (GError) error = NULL;
  EkaDescriptor *descriptor =
      eka_descriptor_parse (leftover->description, &error);

  g_assert_no_error (error);
  return descriptor;
}

/* A session that the service knows is gone on with where its audio is kept; else
 * it is cancelled.
 * @data: (nullable): options */
static void
test_stop_before_the_first_chunk (Fixture      *f,
                                  gconstpointer data)
{
  g_autofree gchar *line =
      g_strconcat ("ekascribesink name=s ", (const gchar *) data, NULL);
  g_autoptr (EkaLeftover) leftover = NULL;
  g_autoptr (EkaDescriptor) descriptor = NULL;
  g_autoptr (GstMessage) recording = NULL;
  g_autoptr (GstMessage) error = NULL;
  Feeder feeder;

  feeder_start (&feeder, f, line, TRUE);
  g_assert_cmpint (feeder_push (&feeder, 1500), ==, GST_FLOW_OK);
  recording = fixture_wait_name (f, "ekascribe-session", "recording");
  gst_element_set_state (f->pipeline, GST_STATE_READY);
  error = fixture_wait (f, GST_MESSAGE_ERROR);
  if (strstr (line, "never") != NULL) {
    g_assert_cmpuint (leftovers_count (fixture_get_outbox ()), ==, 0);
    while (fixture_count_calls (f, EKA_CALL_PATCH) == 0)
      g_usleep (1000);
  } else {
    leftover = leftovers_get_only (fixture_get_outbox ());
    assert_saved (leftover, &feeder);
    assert_names (error, leftover);
    descriptor = parse (leftover);
    g_assert_true (descriptor->created);
    g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_PATCH), ==, 0);
  }
  feeder_stop (&feeder);
}

/* Holds up the thread that posts an ERROR until the pipeline is down. */
typedef struct
{
  GMutex lock;
  GCond cond;
  gboolean posted;
  gboolean down;
} HoldUp;

static GstBusSyncReply
hold_up (GstBus     *bus,
         GstMessage *message,
         gpointer    user_data)
{
  HoldUp *hold = user_data;

  if (GST_MESSAGE_TYPE (message) != GST_MESSAGE_ERROR)
    return GST_BUS_PASS;
  g_mutex_lock (&hold->lock);
  if (!hold->down) {
    hold->posted = TRUE;
    g_cond_broadcast (&hold->cond);
    while (!hold->down)
      g_cond_wait (&hold->cond, &hold->lock);
  }
  g_mutex_unlock (&hold->lock);
  return GST_BUS_PASS;
}

/* A failure is told once, whoever comes first. */
static void
test_stop_while_a_failure_is_told (Fixture      *f,
                                   gconstpointer data)
{
  g_autoptr (EkaLeftover) leftover = NULL;
  g_autoptr (EkaDescriptor) descriptor = NULL;
  g_autoptr (GstMessage) error = NULL;
  HoldUp hold = { .posted = FALSE };
  Feeder feeder;

  g_mutex_init (&hold.lock);
  g_cond_init (&hold.cond);
  eka_liar_push (f->liar, EKA_CALL_GET, 200,
                 "{\"session_id\":\"" ID "\",\"status\":\"failed\","
                 "\"audio_files_processed\":0}");
  feeder_start (&feeder, f, ELEMENT "result-settle-time=0 session-id=" ID,
                TRUE);
  gst_bus_set_sync_handler (f->bus, hold_up, &hold, NULL);
  g_assert_cmpint (feeder_push (&feeder, 1500), ==, GST_FLOW_OK);
  feeder_end (&feeder);
  g_mutex_lock (&hold.lock);
  while (!hold.posted)
    g_cond_wait (&hold.cond, &hold.lock);
  g_mutex_unlock (&hold.lock);
  gst_element_set_state (f->pipeline, GST_STATE_READY);
  g_mutex_lock (&hold.lock);
  hold.down = TRUE;
  g_cond_broadcast (&hold.cond);
  g_mutex_unlock (&hold.lock);
  error = fixture_wait (f, GST_MESSAGE_ERROR);
  leftover = leftovers_get_only (fixture_get_outbox ());
  assert_saved (leftover, &feeder);
  g_assert_cmpstr (fixture_get_detail (error, "outbox-folder"), ==,
                   leftover->path);
  descriptor = parse (leftover);
  g_assert_true (descriptor->ended);
  g_assert_true (descriptor->failed);
  g_assert_cmpuint (fixture_count_type (f, GST_MESSAGE_ERROR), ==, 1);
  gst_bus_set_sync_handler (f->bus, NULL, NULL, NULL);
  feeder_stop (&feeder);
  g_cond_clear (&hold.cond);
  g_mutex_clear (&hold.lock);
}

static const Stop stops[] = {
  { EKA_CALL_UPLOAD, "", TRUE },
  { EKA_CALL_UPLOAD, "", FALSE },
  { EKA_CALL_UPLOAD, "outbox-policy=always", FALSE },
  { EKA_CALL_UPLOAD, "outbox-policy=on-failure", TRUE },
  { EKA_CALL_CREATE, "", TRUE },
  { EKA_CALL_CREATE, "", FALSE },
  { EKA_CALL_UPLOAD, "upload-type=single outbox-policy=always", FALSE },
};

#define FEWER                                                                 \
  "{\"session_id\":\"" ID "\",\"status\":\"processing\","                    \
  "\"audio_files_received\":1}"

static const Answer answers[] = {
  { TRUE, "wait-for-results=false", FEWER },
  { FALSE, "wait-for-results=false", FEWER },
};

int
main (int    argc,
      char **argv)
{
  guint i;

  fixture_init (&argc, &argv);
  for (i = 0; i < G_N_ELEMENTS (stops); i++) {
    g_autofree gchar *path = g_strdup_printf ("/saving/stop/%u", i);

    g_test_add (path, Fixture, &stops[i], fixture_set_up, test_stop,
                fixture_tear_down);
  }
  for (i = 0; i < G_N_ELEMENTS (answers); i++) {
    g_autofree gchar *path = g_strdup_printf ("/saving/is-not-proven/%u", i);

    g_test_add (path, Fixture, &answers[i], fixture_set_up, test_is_not_proven,
                fixture_tear_down);
  }
  add_test ("/saving/stop/without-disk", test_stop_without_disk);
  add_test ("/saving/stop/with-a-full-disk", test_stop_with_a_full_disk);
  add_test ("/saving/stop/with-held-audio", test_stop_with_held_audio);
  add_test ("/saving/stop/with-nothing", test_stop_with_nothing);
  add_test ("/saving/stop/while-the-service-works", test_stop_while_it_works);
  add_test ("/saving/stop/when-discarded", test_stop_when_discarded);
  add_test ("/saving/fails-at-the-end/file", test_fails_at_the_end);
  g_test_add ("/saving/fails-at-the-end/live", Fixture, "live", fixture_set_up,
              test_fails_at_the_end, fixture_tear_down);
  g_test_add ("/saving/stop/before-the-first-chunk/kept", Fixture, "",
              fixture_set_up, test_stop_before_the_first_chunk,
              fixture_tear_down);
  g_test_add ("/saving/stop/before-the-first-chunk/never", Fixture,
              "outbox-policy=never", fixture_set_up,
              test_stop_before_the_first_chunk, fixture_tear_down);
  add_test ("/saving/stop/while-a-failure-is-told",
            test_stop_while_a_failure_is_told);
  add_test ("/saving/fails-on-the-service", test_fails_on_the_service);
  return g_test_run ();
}
