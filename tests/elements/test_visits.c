/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "leftovers.h"
#include "packets.h"
#include "talker.h"

#include <glib/gstdio.h>
#include <string.h>

/* --- sessions that are replaced or continued ------------------------------ */

/* Parts of a recording are told what their own recording was. */
static void
test_roll_over (Fixture      *f,
                gconstpointer data)
{
  g_autofree gchar *location =
      g_build_filename (f->folder, "%s.txt", NULL);
  GstPad *pad;
  guint i;

  for (i = 0; i < 10; i++)
    eka_liar_push (f->liar, EKA_CALL_DISCOVER, 200,
                   "{\"models\":[{\"id\":\"lite\","
                   "\"max_session_duration_seconds\":3}]}");
  fixture_launch (f, "ekascribesink name=s max-chunk-duration=1000000000 "
                     FIRST_VISIT);
  g_object_set (f->sink, "transcript-location", location, NULL);
  pad = fixture_start_push (f, PCM);
  gst_message_unref (fixture_wait_name (f, "ekascribe-session", "ready"));
  for (i = 0; i < 5; i++)
    fixture_push_pcm (pad, i * GST_SECOND, GST_SECOND);
  g_assert_true (steer_to (f, SECOND_VISIT));
  for (; i < 10; i++)
    fixture_push_pcm (pad, i * GST_SECOND, GST_SECOND);
  inputs_end (f, pad);
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_CREATE), ==, 4);
  for (i = 0; i < 4; i++) {
    g_autofree gchar *body = fixture_get_create (f, i);
    const gboolean first = strstr (body, "Asha") != NULL;

    visits_assert_says (body, first ? "soap" : "referral");
    visits_assert_says (body, first ? "Asha" : "Ravi");
    visits_assert_silent (body, first ? "Ravi" : "Asha");
    visits_assert_silent (body, first ? "second" : "ses_of_the_first");
    if (strstr (body, "previous_session_id") != NULL)
      visits_assert_says (body, first ? "\"first_session_id\":\"ses_of_the_first_visit"
                               : "\"first_session_id\":\"ses_of_the_second_"
                                 "visit");
  }
  g_assert_cmpuint (fixture_count (f, "ekascribe-result"), ==, 4);
  gst_element_set_state (f->pipeline, GST_STATE_NULL);
  gst_element_release_request_pad (f->sink, pad);
  gst_object_unref (pad);
}

/* It is made again with what it was made with. */
static void
test_lost_session (Fixture      *f,
                   gconstpointer data)
{
  g_autofree gchar *again = NULL;
  GstPad *pad;
  guint i;

  fixture_launch (f, "ekascribesink name=s max-chunk-duration=1000000000 "
                     FIRST_VISIT);
  pad = fixture_start_push (f, PCM);
  for (i = 0; i < 3; i++)
    fixture_push_pcm (pad, i * GST_SECOND, GST_SECOND);
  g_assert_true (steer_to (f, "{\"patient-details\":{\"name\":\"Ravi\"},"
                              "\"templates\":\"referral\"}"));
  fixture_push_pcm (pad, i++ * GST_SECOND, GST_SECOND);
  gst_message_unref (fixture_wait_name (f, "ekascribe-result", NULL));
  f->liar->any_get = TRUE;
  eka_liar_push (f->liar, EKA_CALL_UPLOAD, 404,
                 "{\"error\":{\"code\":\"session_not_found\"}}");
  eka_liar_push (f->liar, EKA_CALL_GET, 404, "{}");
  for (; i < 8; i++)
    fixture_push_pcm (pad, i * GST_SECOND, GST_SECOND);
  inputs_end (f, pad);
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_CREATE), ==, 3);
  again = fixture_get_create (f, 2);
  visits_assert_says (again, "Ravi");
  visits_assert_says (again, "referral");
  visits_assert_not_first (again);
  gst_element_set_state (f->pipeline, GST_STATE_NULL);
  gst_element_release_request_pad (f->sink, pad);
  gst_object_unref (pad);
}

/* --- on disk -------------------------------------------------------------- */

/* @name: of a patient. Returns: (transfer full): the only one that tells of it */
static EkaLeftover *
find_leftover (const gchar *name)
{
  const guint n = leftovers_count (fixture_get_outbox ());
  EkaLeftover *found = NULL;
  guint i;

  for (i = 0; i < n; i++) {
    g_autoptr (EkaLeftover) leftover =
        leftovers_get (fixture_get_outbox (), i);
    g_autofree gchar *folder =
        g_build_filename (fixture_get_outbox (), leftover->name, NULL);

    if (!leftovers_mention (folder, name))
      continue;
    g_assert_null (found);
    found = g_steal_pointer (&leftover);
  }
  g_assert_nonnull (found);
  return found;
}

/* What is on disk of a visit is what was said between two times, in ms, as far
 * as it is there: @least is. */
static void
assert_left (Talker      *t,
             const gchar *name,
             guint        from,
             guint        to,
             guint        least)
{
  g_autoptr (EkaLeftover) leftover = find_leftover (name);
  g_autoptr (GByteArray) audio = g_byte_array_new ();

  leftovers_read (leftover, audio);
  g_assert_cmpuint (audio->len, >=, least * 32);
  g_assert_cmpuint (audio->len, <=, (to - from) * 32);
  g_assert_cmpint (memcmp (audio->data, t->audio->data + from * 32,
                           audio->len),
                   ==, 0);
}

/* Each folder tells of its own patient, and holds its own audio. */
static void
test_outbox (Fixture      *f,
             gconstpointer data)
{
  Talker t;

  f->service = fake_service_new (1);
  g_atomic_int_set (&f->service->down, TRUE);
  talker_start (&t, f,
                "ekascribesink name=s max-chunk-duration=1000000000 "
                "outbox-policy=always patient-details={\"name\":\"Asha\"}");
  talker_hush (&t, 1500);
  g_assert_true (
      steer_to (f, "{\"patient-details\":{\"name\":\"Ravi\"}}"));
  talker_hush (&t, 2500);
  g_assert_true (steer (f, "end-session"));
  talker_hush (&t, 1000);
  g_assert_true (
      steer_to (f, "{\"patient-details\":{\"name\":\"Mina\"}}"));
  talker_hush (&t, 700);
  gst_element_set_state (f->pipeline, GST_STATE_NULL);
  fixture_wait_for_disk ();

  g_assert_cmpuint (leftovers_count (fixture_get_outbox ()), ==, 3);
  assert_left (&t, "Asha", 0, 1500, 1500);
  assert_left (&t, "Ravi", 1500, 4000, 2500);
  assert_left (&t, "Mina", 5000, 5700, 700);
  talker_stop (&t);
}

/* Returns: whether it was there */
static gboolean
copy_file (const gchar *from,
           const gchar *to)
{
  g_autoptr (GError) error = NULL;
  g_autofree gchar *bytes = NULL;
  gsize size;

  if (!g_file_get_contents (from, &bytes, &size, &error)) {
    g_assert_error (error, G_FILE_ERROR, G_FILE_ERROR_NOENT);
    return FALSE;
  }
  g_file_set_contents (to, bytes, size, &error);
  g_assert_no_error (error);
  return TRUE;
}

/* The disk's thread may be about to put files in the place of others: what it
 * writes for that is not there yet.
 *
 * @names: gets the name of all that was copied
 * Returns: whether nothing of it went meanwhile */
static gboolean
copy_folder (const gchar *from,
             const gchar *to,
             GString     *names)
{
  g_autoptr (GDir) folder = g_dir_open (from, 0, NULL);
  gboolean whole = TRUE;
  const gchar *name;

  g_assert_nonnull (folder);
  g_assert_cmpint (g_mkdir (to, 0700), ==, 0);
  while (whole && (name = g_dir_read_name (folder)) != NULL) {
    g_autofree gchar *old = g_build_filename (from, name, NULL);
    g_autofree gchar *new = g_build_filename (to, name, NULL);

    if (g_str_has_suffix (name, ".tmp"))
      continue;
    g_string_append_printf (names, "%s\n", name);
    if (g_file_test (old, G_FILE_TEST_IS_DIR))
      whole = copy_folder (old, new, names);
    else
      whole = copy_file (old, new);
  }
  return whole;
}

/* Copies what is on disk, as a crash would leave it: that is all of one moment, so
 * it is done again where it was not the same twice.
 *
 * Returns: (transfer full): where it is */
static gchar *
copy_outbox (Fixture *f)
{
  g_autoptr (GString) before = NULL;
  guint i;

  for (i = 0; i < 100; i++) {
    g_autofree gchar *name = g_strdup_printf ("copy%u", i);
    g_autofree gchar *copy = g_build_filename (f->folder, name, NULL);
    g_autoptr (GString) names = g_string_new (NULL);

    fixture_wait_for_disk ();
    if (copy_folder (fixture_get_outbox (), copy, names) && before != NULL &&
        g_string_equal (before, names))
      return g_steal_pointer (&copy);
    if (before != NULL)
      g_string_free (before, TRUE);
    before = g_steal_pointer (&names);
  }
  g_assert_not_reached ();
}

/* The process dies while the second visit goes on: what is in its journal is its
 * own, and what of the first one is on disk stays with that. */
static void
test_journal (Fixture      *f,
              gconstpointer data)
{
  g_autofree gchar *copy = NULL;
  Talker t;
  guint i, seen = 0;

  f->service = fake_service_new (1);
  g_atomic_int_set (&f->service->down, TRUE);
  talker_start (&t, f,
                "ekascribesink name=s outbox-policy=always "
                "patient-details={\"name\":\"Asha\"}");
  talker_hush (&t, 1500);
  g_assert_true (
      steer_to (f, "{\"patient-details\":{\"name\":\"Ravi\"}}"));
  talker_hush (&t, 2500);
  copy = copy_outbox (f);
  g_assert_cmpuint (leftovers_count (copy), ==, 2);
  for (i = 0; i < 2; i++) {
    g_autoptr (EkaLeftover) leftover = leftovers_get (copy, i);
    g_autofree gchar *folder = g_build_filename (copy, leftover->name, NULL);
    g_autoptr (GByteArray) audio = g_byte_array_new ();
    const gboolean first = leftovers_mention (folder, "Asha");

    seen |= first ? 1 : 2;
    g_assert_cmpint (leftovers_mention (folder, "Ravi"), ==, !first);
    leftovers_read (leftover, audio);
    if (first)
      g_assert_cmpuint (audio->len, ==, 1500 * 32);
    g_assert_cmpuint (audio->len, <=, 2500 * 32);
    g_assert_cmpint (memcmp (audio->data,
                             t.audio->data + (first ? 0 : 1500 * 32),
                             audio->len),
                     ==, 0);
  }
  g_assert_cmpuint (seen, ==, 3);
  talker_stop (&t);
}

int
main (int    argc,
      char **argv)
{
  fixture_init (&argc, &argv);

  add_test ("/visits/roll-over", test_roll_over);
  add_test ("/visits/lost-session", test_lost_session);
  add_test ("/visits/outbox", test_outbox);
  add_test ("/visits/journal", test_journal);
  return g_test_run ();
}
