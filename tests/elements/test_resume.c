/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "feeder.h"
#include "leftovers.h"

#include <string.h>

#include "outbox/spool.h"

/* What an interrupted recording has left is sent by the next one. */

#define ELEMENT "ekascribesink name=s max-chunk-duration=1000000000 "
#define RESUME ELEMENT "outbox-resume=true "

static void
next_pipeline (Fixture *f)
{
  gst_element_set_state (f->pipeline, GST_STATE_NULL);
  gst_clear_object (&f->sink);
  gst_clear_object (&f->bus);
  gst_clear_object (&f->pipeline);
}

/* Leaves a recording of 2.5 s behind, and what was pushed in @audio. */
static void
interrupt (Fixture    *f,
           GByteArray *audio)
{
  Feeder feeder;

  f->service = fake_service_new (1);
  f->service->calm = TRUE;
  g_atomic_int_set (&f->service->down, TRUE);
  feeder_start (&feeder, f, ELEMENT, TRUE);
  g_assert_cmpint (feeder_push (&feeder, 2500), ==, GST_FLOW_OK);
  gst_element_set_state (f->pipeline, GST_STATE_READY);
  g_byte_array_append (audio, feeder.audio->data, feeder.audio->len);
  feeder_stop (&feeder);
  next_pipeline (f);
  g_assert_cmpuint (leftovers_count (fixture_get_outbox ()), ==, 1);
}

static void
append_session (FakeSession *session,
                GByteArray  *audio)
{
  guint i;

  for (i = 0; i < g_hash_table_size (session->files); i++) {
    GBytes *file =
        g_hash_table_lookup (session->files, GUINT_TO_POINTER (i));
    gsize size;
    const guint8 *bytes;

    g_assert_nonnull (file);
    bytes = g_bytes_get_data (file, &size);
    g_byte_array_append (audio, bytes + 44, size - 44);
  }
}

/* Returns: (nullable): the session with that audio and no other */
static FakeSession *
find_session (Fixture    *f,
              GByteArray *audio)
{
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, f->service->sessions);
  while (g_hash_table_iter_next (&iter, NULL, &value)) {
    g_autoptr (GByteArray) has = g_byte_array_new ();
    FakeSession *session = value;

    append_session (session, has);
    if (has->len == audio->len &&
        memcmp (has->data, audio->data, has->len) == 0)
      return session;
  }
  return NULL;
}

static const GstStructure *
find_last_session (Fixture *f)
{
  const guint n = fixture_count (f, "ekascribe-session");
  guint i;

  for (i = n; i > 0; i--) {
    const GstStructure *structure =
        fixture_find_nth (f, "ekascribe-session", i - 1);
    guint part = 99;

    g_assert_true (gst_structure_get_uint (structure, "part", &part));
    if (part == 0)
      return structure;
  }
  return NULL;
}

static void
wait_until_sent (Fixture *f)
{
  const GstStructure *last;

  do {
    g_autoptr (GstMessage) message =
        fixture_wait_name (f, "ekascribe-session", NULL);

    last = find_last_session (f);
  } while (last == NULL || g_str_equal (gst_structure_get_string (last, "state"),
                                        "draining"));
  g_assert_cmpstr (gst_structure_get_string (last, "state"), ==, "completed");
}

static void
test_sends (Fixture      *f,
            gconstpointer data)
{
  g_autoptr (GByteArray) audio = g_byte_array_new ();
  FakeSession *session;
  Feeder feeder;

  interrupt (f, audio);
  g_atomic_int_set (&f->service->down, FALSE);
  feeder_start (&feeder, f, RESUME, FALSE);
  g_assert_cmpint (feeder_push (&feeder, 1500), ==, GST_FLOW_OK);
  wait_until_sent (f);
  session = find_session (f, audio);
  g_assert_nonnull (session);
  g_assert_true (session->ended);
  fixture_wait_for_disk ();
  g_assert_cmpuint (leftovers_count (fixture_get_outbox ()), ==, 0);
  gst_element_set_state (f->pipeline, GST_STATE_NULL);
  feeder_stop (&feeder);
}

static void
move_to_another_service (void)
{
  g_autoptr (EkaLeftover) leftover = leftovers_get_only (fixture_get_outbox ());
  g_autofree gchar *path =
      g_build_filename (leftover->path, EKA_SPOOL_DESCRIPTION_NAME, NULL);
  g_autofree gchar *text = NULL;
  gchar *host;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  host = strstr (text, "scribe.test");
  g_assert_nonnull (host);
  memcpy (host, "others", strlen ("others"));
  g_assert_true (g_file_set_contents (path, text, -1, NULL));
}

/* Without being asked to, nothing of others is touched. */
static void
test_does_not_send (Fixture      *f,
                    gconstpointer data)
{
  const gchar *options = data;
  g_autofree gchar *line = g_strdup_printf (ELEMENT "%s", options);
  g_autoptr (GByteArray) audio = g_byte_array_new ();
  g_autoptr (GstMessage) end = NULL;
  Feeder feeder;

  interrupt (f, audio);
  g_atomic_int_set (&f->service->down, FALSE);
  if (strstr (options, "resume") != NULL)
    move_to_another_service ();
  feeder_start (&feeder, f, line, FALSE);
  g_assert_cmpint (feeder_push (&feeder, 1500), ==, GST_FLOW_OK);
  feeder_end (&feeder);
  end = fixture_wait (f, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  g_assert_cmpint (GST_MESSAGE_TYPE (end), ==, GST_MESSAGE_EOS);
  gst_element_set_state (f->pipeline, GST_STATE_NULL);
  g_assert_cmpuint (g_hash_table_size (f->service->sessions), ==, 1);
  g_assert_cmpuint (leftovers_count (fixture_get_outbox ()), ==, 1);
  feeder_stop (&feeder);
}

/* Whether a folder that others may have holds @audio. */
static gboolean
is_left (GByteArray *audio)
{
  guint i;

  for (i = 0; i < leftovers_count (fixture_get_outbox ()); i++) {
    g_autoptr (EkaLeftover) leftover =
        leftovers_get (fixture_get_outbox (), i);
    g_autoptr (GByteArray) has = g_byte_array_new ();

    g_assert_cmpint (leftover->state, ==, EKA_LEFTOVER_READY);
    leftovers_read (leftover, has);
    if (has->len == audio->len &&
        memcmp (has->data, audio->data, has->len) == 0)
      return TRUE;
  }
  return FALSE;
}

/* NULL interrupts it, at once and without loss. */
static void
test_is_interrupted (Fixture      *f,
                     gconstpointer data)
{
  g_autoptr (GByteArray) audio = g_byte_array_new ();
  const GstStructure *told;
  Feeder feeder;

  interrupt (f, audio);
  g_atomic_int_set (&f->service->down, FALSE);
  feeder_start (&feeder, f, RESUME, FALSE);
  g_assert_cmpint (feeder_push (&feeder, 1500), ==, GST_FLOW_OK);
  do {
    g_autoptr (GstMessage) message =
        fixture_wait_name (f, "ekascribe-session", NULL);

    told = find_last_session (f);
  } while (told == NULL);
  g_atomic_int_set (&f->service->down, TRUE);
  gst_element_set_state (f->pipeline, GST_STATE_NULL);
  feeder_stop (&feeder);
  g_assert_true (eka_worker_wait_gone (G_TIME_SPAN_MINUTE));
  fixture_wait_for_disk ();
  g_assert_true (find_session (f, audio) != NULL || is_left (audio));
}

int
main (int    argc,
      char **argv)
{
  fixture_init (&argc, &argv);
  add_test ("/resume/sends", test_sends);
  g_test_add ("/resume/not-asked-for", Fixture, "", fixture_set_up,
              test_does_not_send, fixture_tear_down);
  g_test_add ("/resume/another-service", Fixture, "outbox-resume=true",
              fixture_set_up, test_does_not_send, fixture_tear_down);
  add_test ("/resume/is-interrupted", test_is_interrupted);
  return g_test_run ();
}
