/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Writes what comes out of a pipeline for cuts.c: caps and a zero, and each
 * buffer behind its level (RFC 6464; 255: none) and its length (32 bits,
 * network byte order). */
#include <gst/app/gstappsink.h>
#include <gst/audio/audio.h>
#include <gst/gst.h>

#define NO_LEVEL 255

static void
add_caps (GByteArray *file,
          GstCaps    *caps)
{
  g_autofree gchar *text = gst_caps_to_string (caps);

  g_byte_array_append (file, (const guint8 *) text, strlen (text) + 1);
}

static void
add_buffer (GByteArray *file,
            GstBuffer  *buffer)
{
  const GstAudioLevelMeta *meta = gst_buffer_get_audio_level_meta (buffer);
  guint8 head[5] = { meta != NULL ? meta->level : NO_LEVEL };
  GstMapInfo map;

  if (!gst_buffer_map (buffer, &map, GST_MAP_READ))
    g_error ("a buffer can't be read");
  GST_WRITE_UINT32_BE (head + 1, map.size);
  g_byte_array_append (file, head, sizeof head);
  g_byte_array_append (file, map.data, map.size);
  gst_buffer_unmap (buffer, &map);
}

/* Encoders tell caps with all that belongs in them by their first buffer;
 * headers come before, for those who don't read caps. */
static gboolean
pull_all (GstAppSink *sink,
          GByteArray *file)
{
  GstSample *sample;

  while ((sample = gst_app_sink_pull_sample (sink)) != NULL) {
    GstBuffer *buffer = gst_sample_get_buffer (sample);

    if (!GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_HEADER)) {
      if (file->len == 0)
        add_caps (file, gst_sample_get_caps (sample));
      add_buffer (file, buffer);
    }
    gst_sample_unref (sample);
  }
  return gst_app_sink_is_eos (sink) && file->len > 0;
}

int
main (int argc, char **argv)
{
  g_autoptr (GByteArray) file = g_byte_array_new ();
  g_autoptr (GstElement) pipeline = NULL;
  g_autoptr (GstElement) sink = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree gchar *line = NULL;
  gboolean good;

  gst_init (&argc, &argv);
  if (argc != 3) {
    g_printerr ("Usage: %s PIPELINE FILE\n", argv[0]);
    return 2;
  }
  line = g_strconcat (argv[1], " ! appsink name=sink sync=false", NULL);
  pipeline = gst_parse_launch (line, &error);
  if (error != NULL) {
    g_printerr ("%s\n", error->message);
    return 1;
  }
  sink = gst_bin_get_by_name (GST_BIN (pipeline), "sink");
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  good = pull_all (GST_APP_SINK (sink), file);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  if (!good) {
    g_printerr ("%s: no packets\n", line);
    return 1;
  }
  if (!g_file_set_contents (argv[2], (gchar *) file->data, file->len, &error)) {
    g_printerr ("%s\n", error->message);
    return 1;
  }
  return 0;
}
