/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What pads are called, by us and by the application. */
#include "legs.h"

#include <string.h>

#define ELEMENT "ekascribesink name=s"
#define STEREO ELEMENT " mix=stereo"

#define A 1000
#define B 300

static gchar *
get_body (Fixture *f,
          guint    nth)
{
  EkaRequest *request = eka_liar_nth (f->liar, EKA_CALL_CREATE, nth);
  const gchar *bytes;
  gsize size;

  g_assert_nonnull (request);
  bytes = g_bytes_get_data (request->body, &size);
  return g_strndup (bytes, size);
}

static void
run_labelled (Fixture     *f,
              const gchar *line)
{
  g_autoptr (Leg) a = NULL;
  g_autoptr (Leg) b = NULL;

  fixture_launch (f, line);
  a = leg_new (f, NULL, A, FALSE);
  b = leg_new (f, NULL, B, FALSE);
  gst_child_proxy_set (GST_CHILD_PROXY (f->sink), "audio_0::label",
                       "the \"doctor\"", "audio_1::label", "patient", NULL);
  fixture_play (f);
  leg_begin (a, PCM, 0);
  leg_begin (b, PCM, 0);
  leg_push (a, 1000);
  leg_push (b, 1000);
  leg_end (a);
  leg_end (b);
  fixture_await_end (f);
}

static void
assert_body (Fixture     *f,
             const gchar *text)
{
  g_autofree gchar *body = get_body (f, 0);

  if (strstr (body, text) == NULL)
    g_error ("%s does not say %s", body, text);
}

static void
test_labels (Fixture      *f,
             gconstpointer data)
{
  run_labelled (f, ELEMENT);
  assert_body (f, "\"legs\":[{\"pad\":\"audio_0\",\"label\":\"the "
                  "\\\"doctor\\\"\"},{\"pad\":\"audio_1\",\"label\":"
                  "\"patient\"}]");
}

static void
test_labels_of_channels (Fixture      *f,
                         gconstpointer data)
{
  run_labelled (f, STEREO " additional-data=\"{\\\"room\\\":4}\"");
  assert_body (f, "\"additional_data\":{\"room\":4,\"legs\":[{\"pad\":"
                  "\"audio_0\",\"label\":\"the \\\"doctor\\\"\",\"channel\":"
                  "\"left\"},{\"pad\":\"audio_1\",\"label\":\"patient\","
                  "\"channel\":\"right\"}]}");
}

/* What the application says itself stays, and it hears of it. */
static void
test_labels_clash (Fixture      *f,
                   gconstpointer data)
{
  run_labelled (f, ELEMENT " additional-data=\"{\\\"legs\\\":4}\"");
  assert_body (f, "\"additional_data\":{\"legs\":4}");
  g_assert_cmpuint (fixture_count_type (f, GST_MESSAGE_WARNING), ==, 1);
}

/* So it does of what new-session is given. */
static void
test_labels_clash_in_new_session (Fixture      *f,
                                  gconstpointer data)
{
  g_autoptr (Leg) leg = NULL;
  g_autofree gchar *body = NULL;
  gboolean done = FALSE;

  fixture_launch (f, ELEMENT);
  leg = leg_new (f, NULL, A, FALSE);
  gst_child_proxy_set (GST_CHILD_PROXY (f->sink), "audio_0::label", "doctor",
                       NULL);
  fixture_play (f);
  leg_begin (leg, PCM, 0);
  leg_push (leg, 1000);
  g_signal_emit_by_name (f->sink, "new-session",
                         "{\"additional-data\":{\"legs\":4}}", &done);
  g_assert_true (done);
  leg_push (leg, 1000);
  leg_end (leg);
  fixture_await_end (f);
  body = get_body (f, 1);
  g_assert_nonnull (strstr (body, "\"additional_data\":{\"legs\":4}"));
  g_assert_cmpuint (fixture_count_type (f, GST_MESSAGE_WARNING), ==, 1);
}

/* Also where the label comes after that: at once, or when the session has begun. */
static void
test_labels_clash_later (Fixture      *f,
                         gconstpointer data)
{
  const guint between = GPOINTER_TO_UINT (data);
  g_autoptr (Leg) leg = NULL;
  g_autofree gchar *body = NULL;
  gboolean done = FALSE;

  fixture_launch (f, ELEMENT);
  leg = leg_new (f, NULL, A, FALSE);
  fixture_play (f);
  leg_begin (leg, PCM, 0);
  leg_push (leg, 1000);
  g_signal_emit_by_name (f->sink, "new-session",
                         "{\"additional-data\":{\"legs\":4}}", &done);
  g_assert_true (done);
  leg_push (leg, between);
  gst_child_proxy_set (GST_CHILD_PROXY (f->sink), "audio_0::label", "doctor",
                       NULL);
  leg_push (leg, 1000);
  leg_end (leg);
  fixture_await_end (f);
  body = get_body (f, 1);
  g_assert_nonnull (strstr (body, "\"additional_data\":{\"legs\":4}"));
  g_assert_cmpuint (fixture_count_type (f, GST_MESSAGE_WARNING), ==, 1);
}

static void
set_label (Fixture     *f,
           const gchar *pad,
           const gchar *label)
{
  g_autofree gchar *name = g_strdup_printf ("%s::label", pad);

  gst_child_proxy_set (GST_CHILD_PROXY (f->sink), name, label, NULL);
}

static void
begin_session (Fixture *f)
{
  gboolean done = FALSE;

  g_signal_emit_by_name (f->sink, "new-session", "{}", &done);
  g_assert_true (done);
}

/* Whoever comes on the name and the channel of one that has gone is who is told of in
 * the next session; not one that has gone, with audio or without. */
static void
test_labels_of_the_next_session (Fixture      *f,
                                 gconstpointer data)
{
  g_autoptr (Leg) a = NULL;
  g_autoptr (Leg) b = NULL;
  g_autoptr (Leg) c = NULL;
  g_autoptr (GstPad) idle = NULL;
  g_autoptr (GArray) samples = NULL;
  g_autofree gchar *body = NULL;

  fixture_launch (f, STEREO);
  a = leg_new (f, "audio_0", A, FALSE);
  b = leg_new (f, "audio_1", B, FALSE);
  idle = gst_element_request_pad_simple (f->sink, "audio_2");
  set_label (f, "audio_0", "doctor");
  set_label (f, "audio_1", "patient");
  set_label (f, "audio_2", "nobody");
  fixture_play (f);
  leg_begin (a, PCM, 0);
  leg_begin (b, PCM, 0);
  leg_push (a, 1000);
  leg_push (b, 1000);
  gst_message_unref (fixture_wait_name (f, "ekascribe-session", "recording"));
  leg_release (a);
  c = leg_new (f, "audio_0", 7, FALSE);
  set_label (f, "audio_0", "nurse");
  leg_begin (c, PCM, GST_SECOND);
  leg_push (b, 1000);
  leg_push (c, 1000);
  gst_element_release_request_pad (f->sink, idle);
  begin_session (f);
  leg_push (b, 1000);
  leg_push (c, 1000);
  leg_end (b);
  leg_end (c);
  fixture_await_end (f);
  assert_body (f, "{\"pad\":\"audio_0\",\"label\":\"doctor\","
                  "\"channel\":\"left\"}");
  body = get_body (f, 1);
  if (strstr (body, "\"legs\":[{\"pad\":\"audio_1\",\"label\":\"patient\","
                    "\"channel\":\"right\"},{\"pad\":\"audio_0\",\"label\":"
                    "\"nurse\",\"channel\":\"left\"}]") == NULL)
    g_error ("%s", body);
  samples = legs_collect (f, 2);
  g_assert_cmpuint (legs_count (samples, 2, 0, A), ==, 16000);
  g_assert_cmpuint (legs_count (samples, 2, 0, 7), ==, 2 * 16000);
  g_assert_cmpuint (legs_count (samples, 2, 1, B), ==, 3 * 16000);
}

static void
test_no_stereo_stream (Fixture      *f,
                       gconstpointer data)
{
  g_autoptr (GstMessage) error = NULL;

  fixture_launch (f, STEREO " upload-type=stream");
  g_assert_cmpint (gst_element_set_state (f->pipeline, GST_STATE_PLAYING), ==,
                   GST_STATE_CHANGE_FAILURE);
  error = fixture_wait (f, GST_MESSAGE_ERROR);
  fixture_assert_error (error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS,
                        "a stream is mono");
  g_assert_cmpstr (fixture_get_detail (error, "property"), ==, "mix");
}

/* Of several, the error says which. */
static void
test_error_names_the_pad (Fixture      *f,
                          gconstpointer data)
{
  g_autoptr (GstMessage) error = NULL;
  g_autoptr (Leg) a = NULL;
  g_autoptr (Leg) b = NULL;

  fixture_launch (f, ELEMENT);
  a = leg_new (f, NULL, A, FALSE);
  b = leg_new (f, NULL, B, FALSE);
  fixture_play (f);
  leg_begin (a, PCM, 0);
  leg_begin (b, "audio/x-lpc,rate=8000,channels=1", 0);
  error = fixture_wait (f, GST_MESSAGE_ERROR);
  fixture_assert_error (error, GST_CORE_ERROR, GST_CORE_ERROR_MISSING_PLUGIN,
                        "audio_1: No decoder");
}

static void
test_bad_data_names_the_pad (Fixture      *f,
                             gconstpointer data)
{
  g_autoptr (GstMessage) error = NULL;
  g_autoptr (GError) what = NULL;
  g_autoptr (Leg) a = NULL;
  g_autoptr (Leg) b = NULL;

  fixture_launch (f, ELEMENT);
  a = leg_new (f, NULL, A, FALSE);
  b = leg_new (f, NULL, B, FALSE);
  fixture_play (f);
  leg_begin (a, PCM, 0);
  leg_begin (b, "audio/x-flac,framed=true,rate=16000,channels=1", 0);
  leg_push (b, 1000);
  leg_end (b);
  error = fixture_wait (f, GST_MESSAGE_ERROR);
  gst_message_parse_error (error, &what, NULL);
  g_assert_true (g_str_has_prefix (what->message, "audio_1: "));
}

static void
test_no_caps_names_the_pad (Fixture      *f,
                            gconstpointer data)
{
  g_autoptr (GstMessage) error = NULL;
  g_autoptr (Leg) a = NULL;
  g_autoptr (Leg) b = NULL;
  GstSegment segment;

  fixture_launch (f, ELEMENT);
  a = leg_new (f, NULL, A, FALSE);
  b = leg_new (f, NULL, B, FALSE);
  fixture_play (f);
  leg_begin (a, PCM, 0);
  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_pad_push_event (b->source, gst_event_new_stream_start ("b"));
  gst_pad_push_event (b->source, gst_event_new_segment (&segment));
  leg_push (b, 20);
  error = fixture_wait (f, GST_MESSAGE_ERROR);
  fixture_assert_error (error, GST_STREAM_ERROR,
                        GST_STREAM_ERROR_TYPE_NOT_FOUND, "audio_1: The data");
}

/* Names that are asked for, and those that are left. */
static void
test_names (Fixture      *f,
            gconstpointer data)
{
  static const gchar *const names[] = { "audio_1", NULL, NULL, "audio_7" };
  static const gchar *const got[] = { "audio_1", "audio_0", "audio_2",
                                      "audio_7" };
  GstPad *pads[G_N_ELEMENTS (names)];
  GObject *child;
  guint i;

  fixture_launch (f, ELEMENT);
  for (i = 0; i < G_N_ELEMENTS (names); i++) {
    pads[i] = gst_element_request_pad_simple (
        f->sink, names[i] != NULL ? names[i] : "audio_%u");
    g_assert_cmpstr (GST_OBJECT_NAME (pads[i]), ==, got[i]);
    child = gst_child_proxy_get_child_by_name (GST_CHILD_PROXY (f->sink),
                                               got[i]);
    g_assert_true (child == G_OBJECT (pads[i]));
    g_object_unref (child);
  }
  /* the packet sink is a child, too */
  g_assert_cmpuint (
      gst_child_proxy_get_children_count (GST_CHILD_PROXY (f->sink)), ==, 5);
  for (i = 0; i < G_N_ELEMENTS (names); i++) {
    gst_element_release_request_pad (f->sink, pads[i]);
    gst_object_unref (pads[i]);
  }
  g_assert_cmpuint (
      gst_child_proxy_get_children_count (GST_CHILD_PROXY (f->sink)), ==, 1);
}

int
main (int    argc,
      char **argv)
{
  fixture_init (&argc, &argv);
  add_test ("/names/labels", test_labels);
  add_test ("/names/labels-of-channels", test_labels_of_channels);
  add_test ("/names/labels-clash", test_labels_clash);
  add_test ("/names/labels-clash-in-new-session",
            test_labels_clash_in_new_session);
  g_test_add ("/names/labels-clash-at-once", Fixture, GUINT_TO_POINTER (0),
              fixture_set_up, test_labels_clash_later, fixture_tear_down);
  g_test_add ("/names/labels-clash-later", Fixture, GUINT_TO_POINTER (1000),
              fixture_set_up, test_labels_clash_later, fixture_tear_down);
  add_test ("/names/labels-of-the-next-session",
            test_labels_of_the_next_session);
  add_test ("/names/no-stereo-stream", test_no_stereo_stream);
  add_test ("/names/error-names-the-pad", test_error_names_the_pad);
  add_test ("/names/bad-data-names-the-pad", test_bad_data_names_the_pad);
  add_test ("/names/no-caps-names-the-pad", test_no_caps_names_the_pad);
  add_test ("/names/names", test_names);
  return g_test_run ();
}
