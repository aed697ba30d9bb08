/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Plays packets live into many sinks of one process and prints what that cost,
 * one `name value` a line: times in ns, memory in KiB. Half of the recordings may
 * end early, so that their results are waited for while the others upload. */
#include <string.h>

#include "source.h"

/* Guards all of Numbers. */
static GMutex lock;
static GCond cond;

typedef struct
{
  guint sent;
  guint chunks;
  GstClockTimeDiff delay_sum;
  GstClockTimeDiff delay_max;
  gchar *error;
} Numbers;

static Numbers numbers;

/* How long after the last sample of a chunk was due it was safe. */
static GstClockTimeDiff
get_delay (GstElement         *pipeline,
           const GstStructure *structure)
{
  g_autoptr (GstClock) clock = gst_element_get_clock (pipeline);
  GstClockTime start = 0, duration = 0, now;

  gst_structure_get_clock_time (structure, "running-time", &start);
  gst_structure_get_clock_time (structure, "duration", &duration);
  now = gst_clock_get_time (clock) - gst_element_get_base_time (pipeline);
  return GST_CLOCK_DIFF (start + duration, now);
}

static void
note_chunk (GstElement         *pipeline,
            const GstStructure *structure)
{
  const GstClockTimeDiff delay = get_delay (pipeline, structure);

  numbers.chunks++;
  numbers.delay_sum += delay;
  numbers.delay_max = MAX (numbers.delay_max, delay);
}

static GstBusSyncReply
on_message (GstBus     *bus,
            GstMessage *message,
            gpointer    user_data)
{
  const GstStructure *structure = gst_message_get_structure (message);
  GError *error = NULL;

  g_mutex_lock (&lock);
  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_APPLICATION) {
    numbers.sent++;
  } else if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR) {
    gst_message_parse_error (message, &error, NULL);
    if (numbers.error == NULL)
      numbers.error = g_strdup (error->message);
    g_error_free (error);
  } else if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ELEMENT &&
             gst_structure_has_name (structure, "ekascribe-chunk")) {
    note_chunk (user_data, structure);
  }
  g_cond_broadcast (&cond);
  g_mutex_unlock (&lock);
  gst_message_unref (message);
  return GST_BUS_DROP;
}

static GstElement *
make_pipeline (const BenchPackets *packets,
               guint               count,
               const gchar        *sink)
{
  GstElement *pipeline = gst_pipeline_new (NULL);
  GstElement *source = bench_source_new (packets, count, 0, TRUE);
  GstElement *end = bench_sink_new (sink);
  g_autoptr (GstBus) bus = gst_element_get_bus (pipeline);

  gst_bin_add_many (GST_BIN (pipeline), source, end, NULL);
  if (!gst_element_link (source, end))
    g_error ("%s does not take that", sink);
  gst_bus_set_sync_handler (bus, on_message, pipeline, NULL);
  return pipeline;
}

/* Returns: bytes of audio that the outboxes of @pipelines keep */
static guint64
count_kept (GPtrArray *pipelines)
{
  guint64 sum = 0;
  guint i;

  for (i = 0; i < pipelines->len; i++) {
    g_autoptr (GstElement) sink = gst_bin_get_by_name (
        GST_BIN (g_ptr_array_index (pipelines, i)), "eka");
    g_autoptr (GstStructure) stats = NULL;
    guint64 kept = 0;

    if (sink != NULL)
      g_object_get (sink, "stats", &stats, NULL);
    if (stats != NULL && gst_structure_get_uint64 (stats, "bytes-kept", &kept))
      sum += kept;
  }
  return sum;
}

static void
print_second (GPtrArray *pipelines,
              guint      second)
{
  g_print ("memory_%u %u\n", second, bench_memory ());
  g_print ("kept_%u %" G_GUINT64_FORMAT "\n", second,
           count_kept (pipelines) / 1024);
}

/* @samples: whether each second's memory is told */
static gboolean
wait_for_sources (GPtrArray *pipelines,
                  gboolean   samples)
{
  gint64 due = g_get_monotonic_time ();
  gboolean good;
  guint second = 0;

  g_mutex_lock (&lock);
  while (numbers.sent < pipelines->len && numbers.error == NULL) {
    if (!samples) {
      g_cond_wait (&cond, &lock);
      continue;
    }
    if (g_cond_wait_until (&cond, &lock, due))
      continue;
    g_mutex_unlock (&lock);
    print_second (pipelines, second++);
    g_mutex_lock (&lock);
    due += G_USEC_PER_SEC;
  }
  good = numbers.error == NULL;
  g_mutex_unlock (&lock);
  return good;
}

static void
print_numbers (guint  elements,
               gint64 wall,
               gint64 cpu)
{
  gint64 worker_cpu;
  const guint workers = bench_workers (&worker_cpu);

  g_mutex_lock (&lock);
  g_print ("cpu_share %.4f\n", cpu / (gdouble) wall);
  g_print ("worker_share %.4f\n", worker_cpu / (gdouble) wall);
  g_print ("threads %u\nworkers %u\n", bench_threads (), workers);
  g_print ("memory %u\n", bench_memory ());
  g_print ("chunks %u\n", numbers.chunks);
  g_print ("delay_mean %.0f\n", numbers.chunks == 0 ? 0. :
           numbers.delay_sum / (gdouble) numbers.chunks);
  g_print ("delay_max %" G_GINT64_FORMAT "\n", numbers.delay_max);
  if (numbers.error != NULL)
    g_printerr ("%s\n", numbers.error);
  g_mutex_unlock (&lock);
}

static gboolean
run (const BenchPackets *packets,
     const gchar        *sink,
     guint               elements,
     guint               early,
     guint               count,
     gboolean            samples)
{
  g_autoptr (GPtrArray) pipelines = g_ptr_array_new_with_free_func (
      gst_object_unref);
  gint64 wall, cpu;
  gboolean good;
  guint i;

  for (i = 0; i < elements; i++)
    g_ptr_array_add (pipelines, make_pipeline (packets, i % 2 ? early : count,
                                               sink));
  cpu = bench_cpu ();
  wall = g_get_monotonic_time ();
  for (i = 0; i < elements; i++)
    gst_element_set_state (g_ptr_array_index (pipelines, i),
                           GST_STATE_PLAYING);
  good = wait_for_sources (pipelines, samples);
  print_numbers (elements, (g_get_monotonic_time () - wall) * 1000,
                 bench_cpu () - cpu);
  for (i = 0; i < elements; i++)
    gst_element_set_state (g_ptr_array_index (pipelines, i), GST_STATE_NULL);
  return good;
}

int
main (int argc, char **argv)
{
  g_autofree gchar *path = NULL, *sink = NULL;
  gboolean samples = FALSE;
  gint elements = 100, early = 150, count = 450;
  const GOptionEntry entries[] = {
    { "packets", 'p', 0, G_OPTION_ARG_FILENAME, &path, "What is played",
      "FILE" },
    { "sink", 's', 0, G_OPTION_ARG_STRING, &sink, "Where it goes", "LINE" },
    { "elements", 'e', 0, G_OPTION_ARG_INT, &elements, "How many", "N" },
    { "early", 0, 0, G_OPTION_ARG_INT, &early, "Packets of one half", "N" },
    { "count", 'n', 0, G_OPTION_ARG_INT, &count, "Packets of the other", "N" },
    { "samples", 0, 0, G_OPTION_ARG_NONE, &samples,
      "Tell the memory of each second", NULL },
    { NULL }
  };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GError) error = NULL;
  BenchPackets packets = { 0 };
  gboolean good;

  g_option_context_add_main_entries (context, entries, NULL);
  g_option_context_add_group (context, gst_init_get_option_group ());
  if (!g_option_context_parse (context, &argc, &argv, &error) ||
      !bench_packets_load (&packets, path, &error)) {
    g_printerr ("%s\n", error->message);
    return 2;
  }
  good = run (&packets, sink, elements, early, count, samples);
  g_free (numbers.error);
  bench_packets_clear (&packets);
  /* Who asks for samples looks on while something fails. */
  return good || samples ? 0 : 1;
}
