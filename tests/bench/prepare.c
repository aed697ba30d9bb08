/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Writes packets of 20 ms, of Opus at 32 kbit/s or of PCM, for the sources of the
 * bench: caps, a zero, and each packet behind its length (16 bits, network byte
 * order). */
#include <gst/app/gstappsink.h>
#include <gst/gst.h>

#define LINE                                                                   \
  "audiotestsrc num-buffers=%u samplesperbuffer=320 wave=pink-noise "          \
  "! " PCM " ! %s ! appsink name=sink sync=false"

#define PCM                                                                    \
  "audio/x-raw, format=(string)S16LE, rate=(int)16000, channels=(int)1, "      \
  "layout=(string)interleaved"

/* Without `streamheader`, as from RTP. */
#define OPUS                                                                   \
  "audio/x-opus, channel-mapping-family=(int)0, channels=(int)1, "             \
  "rate=(int)48000"

#define ENCODER "opusenc bitrate=32000 bitrate-type=vbr complexity=2"

static void
add_packet (GByteArray *file,
            GstSample  *sample)
{
  GstBuffer *buffer = gst_sample_get_buffer (sample);
  guint8 length[2];
  GstMapInfo map;

  if (!gst_buffer_map (buffer, &map, GST_MAP_READ))
    g_error ("a buffer can't be read");
  GST_WRITE_UINT16_BE (length, map.size);
  g_byte_array_append (file, length, sizeof length);
  g_byte_array_append (file, map.data, map.size);
  gst_buffer_unmap (buffer, &map);
}

int
main (int argc, char **argv)
{
  g_autoptr (GByteArray) file = g_byte_array_new ();
  g_autoptr (GstElement) pipeline = NULL;
  g_autoptr (GstElement) sink = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree gchar *line = NULL;
  GstSample *sample;
  gboolean pcm;

  gst_init (&argc, &argv);
  if (argc != 4) {
    g_printerr ("Usage: %s PACKETS FILE opus|pcm\n", argv[0]);
    return 2;
  }
  pcm = g_str_equal (argv[3], "pcm");
  g_byte_array_append (file, (const guint8 *) (pcm ? PCM : OPUS),
                       pcm ? sizeof PCM : sizeof OPUS);
  line = g_strdup_printf (LINE, (guint) g_ascii_strtoull (argv[1], NULL, 10),
                          pcm ? "identity" : ENCODER);
  pipeline = gst_parse_launch (line, &error);
  if (error != NULL) {
    g_printerr ("%s\n", error->message);
    return 1;
  }
  sink = gst_bin_get_by_name (GST_BIN (pipeline), "sink");
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  while ((sample = gst_app_sink_pull_sample (GST_APP_SINK (sink))) != NULL) {
    add_packet (file, sample);
    gst_sample_unref (sample);
  }
  gst_element_set_state (pipeline, GST_STATE_NULL);
  if (!g_file_set_contents (argv[2], (gchar *) file->data, file->len, &error)) {
    g_printerr ("%s\n", error->message);
    return 1;
  }
  return file->len > 0 ? 0 : 1;
}
