/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Sessions that the service does not create: what is said for them is kept. */
#include "leftovers.h"
#include "talker.h"

#include <string.h>

#define ELEMENT                                                               \
  "ekascribesink name=s model=endless max-chunk-duration=1000000000 "

/* It says what is wrong, and with what. */
static void
assert_refusal (GstMessage *message)
{
  fixture_assert_error (message, GST_RESOURCE_ERROR,
                        GST_RESOURCE_ERROR_SETTINGS, "HTTP 400");
  g_assert_cmpstr (fixture_get_detail (message, "property"), ==, "templates");
  g_assert_cmpstr (fixture_get_detail (message, "error-code"), ==,
                   "invalid_template");
}

static void
assert_text (GstMessage  *message,
             const gchar *text)
{
  g_autoptr (GError) error = NULL;

  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR)
    gst_message_parse_error (message, &error, NULL);
  else
    gst_message_parse_warning (message, &error, NULL);
  if (strstr (error->message, text) == NULL)
    g_error ("“%s” is not in: %s", text, error->message);
}

/* The only folder that is there, which is that of @message where it names one, holds
 * what was said from @from to @to, in ms. */
static void
assert_kept (Talker     *t,
             GstMessage *message,
             guint       from,
             guint       to)
{
  g_autoptr (EkaLeftover) leftover = NULL;
  g_autoptr (GByteArray) audio = g_byte_array_new ();
  g_autofree gchar *name = NULL;

  fixture_wait_for_disk ();
  leftover = leftovers_get_only (fixture_get_outbox ());
  if (fixture_get_detail (message, "outbox-folder") != NULL) {
    name = g_path_get_basename (fixture_get_detail (message, "outbox-folder"));
    g_assert_cmpstr (leftover->name, ==, name);
  }
  leftovers_read (leftover, audio);
  g_assert_cmpuint (audio->len, ==, (to - from) * 32);
  g_assert_cmpint (memcmp (audio->data, t->audio->data + from * 32,
                           audio->len),
                   ==, 0);
}

/* The first visit is a good one; the second is refused, and that was told. Where its
 * folder is not there yet, the outbox is named.
 * Returns: (transfer full): the warning */
static GstMessage *
begin (Fixture     *f,
       Talker      *t,
       const gchar *line)
{
  GstMessage *warning;

  f->service = fake_service_new (1);
  f->service->no_template = "wrong";
  talker_start (t, f, line);
  talker_hush (t, 1200);
  g_assert_true (steer (f, "end-session"));
  gst_message_unref (fixture_wait_name (f, "ekascribe-result", NULL));
  g_assert_true (steer_to (f, "{\"templates\":\"wrong\"}"));
  talker_hush (t, 1500);
  warning = fixture_wait (f, GST_MESSAGE_WARNING | GST_MESSAGE_ERROR);
  g_assert_cmpint (GST_MESSAGE_TYPE (warning), ==, GST_MESSAGE_WARNING);
  assert_refusal (warning);
  return warning;
}

/* The next visit is told from it, and goes well. */
static void
test_next_session (Fixture      *f,
                   gconstpointer policy)
{
  g_autofree gchar *line =
      g_strconcat (ELEMENT "outbox-policy=", policy, NULL);
  g_autoptr (GstMessage) first = NULL;
  g_autoptr (GstMessage) second = NULL;
  Talker t;

  first = begin (f, &t, line);
  assert_text (first, fixture_get_outbox ());
  talker_hush (&t, 3000);
  g_assert_true (steer_to (f, "{}"));
  second = fixture_wait (f, GST_MESSAGE_WARNING | GST_MESSAGE_ERROR);
  g_assert_cmpint (GST_MESSAGE_TYPE (second), ==, GST_MESSAGE_WARNING);
  assert_refusal (second);
  g_assert_nonnull (fixture_get_detail (second, "outbox-folder"));
  assert_text (second, "ekascribe outbox send");
  assert_kept (&t, second, 1200, 5700);
  talker_hush (&t, 1000);
  g_assert_true (steer (f, "end-session"));
  gst_message_unref (fixture_wait_name (f, "ekascribe-result", NULL));
  visits_assert_audio (&t, 2, 5700, 6700);
  g_assert_cmpuint (fixture_get_stat (f, "chunks-dropped"), ==, 0);
  g_assert_cmpuint (fixture_get_stat (f, "time-lost"), ==, 0);
  talker_stop (&t);
}

/* Nobody is told that he has ruled the disk out where it can't be used. */
static void
test_unusable (Fixture      *f,
               gconstpointer data)
{
  g_autofree gchar *path = g_build_filename (f->folder, "file", NULL);
  g_autoptr (GstMessage) unusable = NULL;
  g_autoptr (GstMessage) first = NULL;
  g_autoptr (GError) error = NULL;
  Talker t;

  g_assert_true (g_file_set_contents (path, "no folder", -1, NULL));
  f->service = fake_service_new (1);
  f->service->no_template = "wrong";
  g_setenv ("EKASCRIBE_OUTBOX", path, TRUE);
  talker_start (&t, f, ELEMENT);
  g_setenv ("EKASCRIBE_OUTBOX", fixture_get_outbox (), TRUE);
  unusable = fixture_wait (f, GST_MESSAGE_WARNING | GST_MESSAGE_ERROR);
  assert_text (unusable, "kept in memory");
  talker_hush (&t, 1200);
  g_assert_true (steer (f, "end-session"));
  gst_message_unref (fixture_wait_name (f, "ekascribe-result", NULL));
  g_assert_true (steer_to (f, "{\"templates\":\"wrong\"}"));
  talker_hush (&t, 1500);
  first = fixture_wait (f, GST_MESSAGE_WARNING | GST_MESSAGE_ERROR);
  assert_refusal (first);
  assert_text (first, "is lost");
  gst_message_parse_warning (first, &error, NULL);
  g_assert_null (strstr (error->message, "never"));
  talker_stop (&t);
}

/* Where the disk does not take it, nobody says that it does. The refusal comes when
 * a chunk is there. */
static void
test_disk_full (Fixture      *f,
                gconstpointer data)
{
  g_autoptr (GstMessage) down = NULL;
  g_autoptr (GstMessage) refusal = NULL;
  Talker t;

  f->service = fake_service_new (1);
  f->service->no_template = "wrong";
  g_atomic_int_set (&f->service->down, TRUE);
  talker_start (&t, f,
                ELEMENT "templates=wrong outbox-policy=on-failure "
                        "outbox-max-bytes=20000");
  talker_hush (&t, 1500);
  down = fixture_wait (f, GST_MESSAGE_WARNING | GST_MESSAGE_ERROR);
  fixture_wait_for_stat (f, "chunks", 1);
  g_atomic_int_set (&f->service->down, FALSE);
  refusal = fixture_wait (f, GST_MESSAGE_WARNING | GST_MESSAGE_ERROR);
  assert_refusal (refusal);
  assert_text (refusal, "kept in memory");
  talker_stop (&t);
}

/* No room will come then, neither at the service nor on the disk: who waits for some
 * is not left to wait for ever. */
static void
test_no_room (Fixture      *f,
              gconstpointer data)
{
  g_autoptr (GstMessage) warning = NULL;
  Talker t;

  f->service = fake_service_new (1);
  f->service->no_template = "wrong";
  talker_start (&t, f,
                ELEMENT "outbox-policy=on-failure outbox-max-bytes=20000 "
                        "max-size-bytes=200000");
  talker_hush (&t, 1200);
  g_assert_true (steer (f, "end-session"));
  gst_message_unref (fixture_wait_name (f, "ekascribe-result", NULL));
  g_assert_true (steer_to (f, "{\"templates\":\"wrong\"}"));
  talker_hush (&t, 500);
  warning = fixture_wait (f, GST_MESSAGE_WARNING | GST_MESSAGE_ERROR);
  assert_refusal (warning);
  g_assert_cmpint (talker_try (&t, 15000, FALSE), ==, GST_FLOW_ERROR);
  talker_stop (&t);
}

/* At the end of all there is an ERROR instead. */
static void
test_end (Fixture      *f,
          gconstpointer policy)
{
  g_autofree gchar *line =
      g_strconcat (ELEMENT "outbox-policy=", policy, NULL);
  g_autoptr (GstMessage) first = NULL;
  g_autoptr (GstMessage) second = NULL;
  Talker t;

  first = begin (f, &t, line);
  talker_hush (&t, 700);
  g_assert_true (gst_pad_send_event (t.pad, gst_event_new_eos ()));
  second = fixture_wait (f, GST_MESSAGE_EOS | GST_MESSAGE_WARNING |
                                GST_MESSAGE_ERROR);
  g_assert_cmpint (GST_MESSAGE_TYPE (second), ==, GST_MESSAGE_ERROR);
  assert_refusal (second);
  assert_kept (&t, second, 1200, 3400);
  talker_stop (&t);
}

/* Whoever goes down in the middle leaves it all. */
static void
test_stop (Fixture      *f,
           gconstpointer policy)
{
  g_autofree gchar *line =
      g_strconcat (ELEMENT "outbox-policy=", policy, NULL);
  g_autoptr (GstMessage) first = NULL;
  Talker t;

  first = begin (f, &t, line);
  talker_hush (&t, 1300);
  gst_element_set_state (f->pipeline, GST_STATE_NULL);
  assert_kept (&t, first, 1200, 4000);
  talker_stop (&t);
}

/* Without a disk it is lost, and somebody hears so, twice. */
static void
test_never (Fixture      *f,
            gconstpointer data)
{
  g_autoptr (GstMessage) first = NULL;
  g_autoptr (GstMessage) second = NULL;
  Talker t;

  first = begin (f, &t, ELEMENT "outbox-policy=never");
  assert_text (first, "outbox-policy is never");
  g_assert_null (fixture_get_detail (first, "outbox-folder"));
  talker_hush (&t, 3000);
  g_assert_true (steer (f, "end-session"));
  second = fixture_wait (f, GST_MESSAGE_WARNING | GST_MESSAGE_ERROR);
  g_assert_cmpint (GST_MESSAGE_TYPE (second), ==, GST_MESSAGE_WARNING);
  assert_refusal (second);
  assert_text (second, "4.5 s of audio");
  g_assert_cmpuint (fixture_get_stat (f, "time-lost"), ==, 4500 * GST_MSECOND);
  talker_stop (&t);
}

/* The first one of a run stops it; what came until then is not lost, the last packet
 * included. */
static void
test_first (Fixture      *f,
            gconstpointer policy)
{
  g_autofree gchar *line = g_strconcat (
      "ekascribesink name=s model=endless templates=wrong outbox-policy=", policy,
      NULL);
  g_autoptr (GstMessage) error = NULL;
  g_autoptr (GstMessage) again = NULL;
  GstFlowReturn ret = GST_FLOW_OK;
  Talker t;

  f->service = fake_service_new (1);
  f->service->no_template = "wrong";
  talker_start (&t, f, line);
  ret = talker_try (&t, 5000, FALSE);
  error = fixture_wait (f, GST_MESSAGE_WARNING | GST_MESSAGE_ERROR);
  g_assert_cmpint (GST_MESSAGE_TYPE (error), ==, GST_MESSAGE_ERROR);
  assert_refusal (error);
  while (ret == GST_FLOW_OK && t.audio->len < 60 * 32000)
    ret = talker_try (&t, 20, FALSE);
  g_assert_cmpint (ret, ==, GST_FLOW_ERROR);
  gst_element_set_state (f->pipeline, GST_STATE_READY);
  /* Told once, and again only to name the folder. */
  again = gst_bus_pop_filtered (f->bus, GST_MESSAGE_ERROR);
  if (fixture_get_detail (error, "outbox-folder") != NULL)
    g_assert_null (again);
  else
    g_assert_nonnull (fixture_get_detail (again, "outbox-folder"));
  assert_kept (&t, error, 0, t.audio->len / 32);
  talker_stop (&t);
}

/* Nobody wants it: nothing is left, and the end comes. */
static void
test_discard (Fixture      *f,
              gconstpointer policy)
{
  g_autofree gchar *line =
      g_strconcat (ELEMENT "outbox-policy=", policy, NULL);
  g_autoptr (GstMessage) end = NULL;
  Talker t;

  gst_message_unref (begin (f, &t, line));
  talker_hush (&t, 1500);
  g_signal_emit_by_name (f->sink, "discard");
  talker_hush (&t, 1500);
  g_assert_true (gst_pad_send_event (t.pad, gst_event_new_eos ()));
  end = fixture_wait (f, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  g_assert_cmpint (GST_MESSAGE_TYPE (end), ==, GST_MESSAGE_EOS);
  talker_stop (&t);
  fixture_wait_for_disk ();
  g_assert_cmpuint (leftovers_count (fixture_get_outbox ()), ==, 0);
}

static void
add_both (const gchar *name,
          void       (*func) (Fixture *,
                              gconstpointer))
{
  static const gchar *const policies[] = { "always", "on-failure" };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (policies); i++) {
    g_autofree gchar *path =
        g_strconcat ("/refused/", name, "/", policies[i], NULL);

    g_test_add (path, Fixture, policies[i], fixture_set_up, func,
                fixture_tear_down);
  }
}

int
main (int    argc,
      char **argv)
{
  fixture_init (&argc, &argv);

  add_both ("next-session", test_next_session);
  add_both ("end", test_end);
  add_both ("stop", test_stop);
  add_test ("/refused/never", test_never);
  add_both ("first", test_first);
  add_test ("/refused/unusable", test_unusable);
  add_test ("/refused/disk-full", test_disk_full);
  add_test ("/refused/no-room", test_no_room);
  add_both ("discard", test_discard);
  return g_test_run ();
}
