/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <gst/app/gstappsrc.h>
#include <gst/audio/audio.h>

#include "packets.h"

#define RATE 48000
#define FRAME (RATE / 50)

/* In frames of 20 ms: where nobody speaks */
#define PAUSE 650
#define PAUSE_END 680

#define ENCODER                                                               \
  "opusenc bitrate-type=cbr audio-type=generic bandwidth=fullband "           \
  "bitrate=64000 ! ekascribesink name=s"

#define SOURCE                                                                \
  "appsrc name=source format=time caps=\"audio/x-raw,format=S16LE,"           \
  "layout=interleaved,rate=48000,channels=1\" ! "

/* Noise; @silent: but for the pause. @level: a meta tells of that. */
static void
push_noise (GstAppSrc *source,
            gboolean   silent,
            gboolean   level)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (1);
  guint i, j;

  for (i = 0; i < 25 * 50; i++) {
    const gboolean pause = i >= PAUSE && i < PAUSE_END;
    GstBuffer *buffer = gst_buffer_new_allocate (NULL, 2 * FRAME, NULL);
    GstMapInfo map;

    gst_buffer_map (buffer, &map, GST_MAP_WRITE);
    for (j = 0; j < FRAME; j++)
      GST_WRITE_UINT16_LE (map.data + 2 * j,
                           pause && silent ?
                               g_rand_int_range (rand, -3, 3) :
                               g_rand_int_range (rand, -8000, 8000));
    gst_buffer_unmap (buffer, &map);
    GST_BUFFER_PTS (buffer) = i * 20 * GST_MSECOND;
    GST_BUFFER_DURATION (buffer) = 20 * GST_MSECOND;
    if (level)
      gst_buffer_add_audio_level_meta (buffer, pause ? 90 : 20, !pause);
    g_assert_cmpint (gst_app_src_push_buffer (source, buffer), ==, GST_FLOW_OK);
  }
  gst_app_src_end_of_stream (source);
}

/* Returns: where the first cut is, in frames */
static guint
find_cut (Fixture     *f,
          const gchar *line,
          gboolean     silent,
          gboolean     level)
{
  g_autoptr (GstElement) source = NULL;
  g_autoptr (GstMessage) end = NULL;

  fixture_launch (f, line);
  source = gst_bin_get_by_name (GST_BIN (f->pipeline), "source");
  g_object_set (source, "max-bytes", (guint64) 0, NULL);
  fixture_play (f);
  push_noise (GST_APP_SRC (source), silent, level);
  end = fixture_wait (f, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  g_assert_cmpint (GST_MESSAGE_TYPE (end), ==, GST_MESSAGE_EOS);
  g_assert_cmpuint (fixture_count (f, "ekascribe-chunk"), ==, 2);
  return inputs_get_time (f, 1, "running-time") / (20 * GST_MSECOND);
}

/* What level found is believed. */
static void
test_element (Fixture      *f,
              gconstpointer data)
{
  guint cut =
      find_cut (f, SOURCE "level audio-level-meta=true ! " ENCODER, TRUE,
                FALSE);

  g_assert_cmpuint (cut, >=, PAUSE);
  g_assert_cmpuint (cut, <=, PAUSE_END);
}

/* All of it is noise, of which CBR tells nothing: somebody else knows where the
 * pause is. */
static void
test_meta_alone (Fixture      *f,
                 gconstpointer data)
{
  guint cut = find_cut (f, SOURCE ENCODER, FALSE, TRUE);

  g_assert_cmpuint (cut, >=, PAUSE);
  g_assert_cmpuint (cut, <=, PAUSE_END);
}

/* Nobody tells of a pause, and there is none: the chunk is as long as it may be.
 */
static void
test_no_meta (Fixture      *f,
              gconstpointer data)
{
  g_assert_cmpuint (find_cut (f, SOURCE ENCODER, FALSE, FALSE), >, 950);
}

/* A decoder stands in between: what is known of its input is lost, but the
 * samples tell. */
static void
test_decoded (Fixture      *f,
              gconstpointer data)
{
  guint cut = find_cut (
      f, SOURCE "level audio-level-meta=true ! ekascribesink name=s", TRUE,
      FALSE);

  g_assert_cmpuint (cut, >=, PAUSE);
  g_assert_cmpuint (cut, <=, PAUSE_END);
}

int
main (int    argc,
      char **argv)
{
  fixture_init (&argc, &argv);
  add_test ("/levels/level-element", test_element);
  add_test ("/levels/meta-alone", test_meta_alone);
  add_test ("/levels/no-meta", test_no_meta);
  add_test ("/levels/samples", test_decoded);
  return g_test_run ();
}
