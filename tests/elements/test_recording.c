/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "fixture.h"

#include <string.h>

/* 45 s of something that no two chunks have in common. */
#define SOURCE                                                                \
  "audiotestsrc wave=red-noise num-buffers=450 samplesperbuffer=1600 ! " PCM " "

static void
test_pcm (Fixture      *f,
          gconstpointer data)
{
  g_autoptr (GstMessage) end = NULL;
  const GstStructure *result;
  guint i;

  end = fixture_run (f, SOURCE "! ekascribesink name=s templates=soap");
  g_assert_cmpint (GST_MESSAGE_TYPE (end), ==, GST_MESSAGE_EOS);
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_UPLOAD), ==, 3);
  g_assert_cmpuint (fixture_count (f, "ekascribe-chunk"), ==, 3);
  for (i = 0; i < 3; i++)
    g_assert_cmpuint (
        g_bytes_get_size (fixture_get_upload (f, i, "audio/wav")), ==,
        44 + (i < 2 ? 20 : 5) * 32000);
  result = fixture_find (f, "ekascribe-result");
  g_assert_nonnull (result);
  g_assert_cmpstr (gst_structure_get_string (result, "status"), ==,
                   "completed");
  g_assert_cmpuint (fixture_count (f, "ekascribe-template"), ==, 1);
}

static void
test_opus (Fixture      *f,
           gconstpointer data)
{
  g_autoptr (GstMessage) end = NULL;
  guint i;

  end = fixture_run (f, SOURCE "! opusenc ! ekascribesink name=s");
  g_assert_cmpint (GST_MESSAGE_TYPE (end), ==, GST_MESSAGE_EOS);
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_UPLOAD), ==, 3);
  for (i = 0; i < 3; i++)
    g_assert_true (memcmp (g_bytes_get_data (
                               fixture_get_upload (
                                   f, i, "audio/ogg;codecs=opus"),
                               NULL),
                           "OggS", 4) == 0);
  g_assert_nonnull (fixture_find (f, "ekascribe-result"));
}

static void
write_file (const gchar *line)
{
  g_autoptr (GstElement) pipeline = gst_parse_launch (line, NULL);
  g_autoptr (GstBus) bus = gst_element_get_bus (pipeline);
  g_autoptr (GstMessage) end = NULL;

  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  end = gst_bus_timed_pop_filtered (bus, 20 * GST_SECOND,
                                    GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  g_assert_nonnull (end);
  g_assert_cmpint (GST_MESSAGE_TYPE (end), ==, GST_MESSAGE_EOS);
  gst_element_set_state (pipeline, GST_STATE_NULL);
}

/* A demuxer sends OpusHead and OpusTags as buffers. */
static void
test_ogg_headers_are_no_audio (Fixture      *f,
                               gconstpointer data)
{
  g_autofree gchar *file = g_build_filename (f->folder, "a.ogg", NULL);
  g_autofree gchar *write =
      g_strdup_printf (SOURCE "! opusenc ! oggmux ! filesink location=%s",
                       file);
  g_autofree gchar *read = g_strdup_printf (
      "filesrc location=%s ! oggdemux ! ekascribesink name=s", file);
  g_autoptr (GstMessage) end = NULL;
  g_autoptr (GstStructure) stats = NULL;
  guint64 damaged = 1;
  guint i;

  write_file (write);
  end = fixture_run (f, read);
  g_assert_cmpint (GST_MESSAGE_TYPE (end), ==, GST_MESSAGE_EOS);
  g_assert_nonnull (fixture_get_upload (f, 2, "audio/ogg;codecs=opus"));
  for (i = 0; i < f->messages->len; i++)
    g_assert_cmpint (GST_MESSAGE_TYPE (g_ptr_array_index (f->messages, i)), !=,
                     GST_MESSAGE_WARNING);
  g_object_get (f->sink, "stats", &stats, NULL);
  g_assert_true (
      gst_structure_get_uint64 (stats, "packets-damaged", &damaged));
  g_assert_cmpuint (damaged, ==, 0);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  gst_init (&argc, &argv);
  GST_ELEMENT_REGISTER (ekascribesink, NULL);

  add_test ("/recording/pcm-goes-up-as-wav", test_pcm);
  add_test ("/recording/opus-goes-up-untouched", test_opus);
  add_test ("/recording/ogg-headers-are-no-audio",
            test_ogg_headers_are_no_audio);
  return g_test_run ();
}
