/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Plays packets live into a sink and tells, a line for each, when it arrived at
 * the sink's pad (monotonic, in ns) and how many samples at 16 kHz have arrived
 * with it. */
#include <time.h>

#include "source.h"

#define SAMPLES (16000 * BENCH_PACKET_DURATION / GST_SECOND)

/* Written by the streaming thread only, and read when it has ended. */
typedef struct
{
  gint64 *times;
  guint n;
  guint count;
} Arrivals;

static GstPadProbeReturn
on_buffer (GstPad          *pad,
           GstPadProbeInfo *info,
           gpointer         user_data)
{
  Arrivals *arrivals = user_data;
  struct timespec now;

  clock_gettime (CLOCK_MONOTONIC, &now);
  if (arrivals->n < arrivals->count)
    arrivals->times[arrivals->n++] =
        now.tv_sec * G_GINT64_CONSTANT (1000000000) + now.tv_nsec;
  return GST_PAD_PROBE_OK;
}

static GstElement *
make_pipeline (GstElement  *source,
               const gchar *sink,
               Arrivals    *arrivals)
{
  GstElement *pipeline = gst_pipeline_new (NULL);
  GstElement *end = bench_sink_new (sink);
  g_autoptr (GstPad) output = gst_element_get_static_pad (source, "src");
  g_autoptr (GstPad) pad = NULL;

  gst_bin_add_many (GST_BIN (pipeline), source, end, NULL);
  if (!gst_element_link (source, end))
    g_error ("%s does not take that", sink);
  pad = gst_pad_get_peer (output);
  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER, on_buffer, arrivals, NULL);
  return pipeline;
}

static gboolean
play (GstElement *pipeline)
{
  g_autoptr (GstBus) bus = gst_element_get_bus (pipeline);
  g_autoptr (GstMessage) message = NULL;
  g_autoptr (GError) error = NULL;

  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  message = gst_bus_timed_pop_filtered (bus, GST_CLOCK_TIME_NONE,
                                        GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_EOS)
    return TRUE;
  gst_message_parse_error (message, &error, NULL);
  g_printerr ("%s\n", error->message);
  return FALSE;
}

int
main (int argc, char **argv)
{
  g_autofree gchar *path = NULL, *sink = NULL;
  gint count = 500;
  const GOptionEntry entries[] = {
    { "packets", 'p', 0, G_OPTION_ARG_FILENAME, &path, "What is played",
      "FILE" },
    { "sink", 's', 0, G_OPTION_ARG_STRING, &sink, "Where it goes", "LINE" },
    { "count", 'n', 0, G_OPTION_ARG_INT, &count, "How many packets", "N" },
    { NULL }
  };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GstElement) pipeline = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree gint64 *times = NULL;
  BenchPackets packets = { 0 };
  Arrivals arrivals = { 0 };
  gboolean good;
  guint i;

  g_option_context_add_main_entries (context, entries, NULL);
  g_option_context_add_group (context, gst_init_get_option_group ());
  if (!g_option_context_parse (context, &argc, &argv, &error) ||
      !bench_packets_load (&packets, path, &error)) {
    g_printerr ("%s\n", error->message);
    return 2;
  }
  arrivals.times = times = g_new0 (gint64, count);
  arrivals.count = count;
  pipeline = make_pipeline (bench_source_new (&packets, count, 0, TRUE), sink,
                            &arrivals);
  good = play (pipeline);
  for (i = 0; i < arrivals.n; i++)
    g_print ("%" G_GINT64_FORMAT " %" G_GUINT64_FORMAT "\n", times[i],
             (guint64) (i + 1) * SAMPLES);
  g_clear_object (&pipeline);
  bench_packets_clear (&packets);
  return good ? 0 : 1;
}
