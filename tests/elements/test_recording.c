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

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  gst_init (&argc, &argv);
  GST_ELEMENT_REGISTER (ekascribesink, NULL);

  add_test ("/recording/pcm-goes-up-as-wav", test_pcm);
  add_test ("/recording/opus-goes-up-untouched", test_opus);
  return g_test_run ();
}
