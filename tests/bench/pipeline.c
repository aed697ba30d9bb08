/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Plays packets into a sink and prints what that cost, one `name value` a line:
 * times in ns, memory in KiB. */
#include <stdlib.h>
#include <sys/resource.h>

#include "source.h"

typedef struct
{
  gint64 wall;
  gint64 cpu;
} Usage;

static gint64
from_timeval (const struct timeval *time)
{
  return time->tv_sec * G_GINT64_CONSTANT (1000000000) +
         time->tv_usec * G_GINT64_CONSTANT (1000);
}

static Usage
get_usage (void)
{
  struct rusage usage;
  Usage now;

  getrusage (RUSAGE_SELF, &usage);
  now.cpu = from_timeval (&usage.ru_utime) + from_timeval (&usage.ru_stime);
  now.wall = g_get_monotonic_time () * 1000;
  return now;
}

static int
compare_costs (gconstpointer a,
               gconstpointer b)
{
  const guint32 x = *(const guint32 *) a;
  const guint32 y = *(const guint32 *) b;

  return (x > y) - (x < y);
}

/* The first packet makes the session and is told apart. */
static void
print_costs (BenchSource *source)
{
  g_autofree guint32 *sorted = NULL;
  const guint32 *costs;
  guint64 sum = 0;
  guint n, i;

  costs = bench_source_get_costs (source, &n);
  for (i = 0; i < n; i++)
    sum += costs[i];
  sorted = g_memdup2 (costs + 1, (n - 1) * sizeof *sorted);
  qsort (sorted, n - 1, sizeof *sorted, compare_costs);
  g_print ("streaming_cpu %" G_GUINT64_FORMAT "\n", sum);
  g_print ("packet_mean %.1f\n", sum / (gdouble) n);
  g_print ("packet_median %u\n", sorted[(n - 1) / 2]);
  g_print ("packet_first %u\n", costs[0]);
  g_print ("packet_max %u\n", sorted[n - 2]);
}

static void
print_memory (BenchSource *source)
{
  const guint *memory = bench_source_get_memory (source);
  const gint early = memory[BENCH_MEMORY_SAMPLES / 12];
  const gint late = memory[BENCH_MEMORY_SAMPLES - 1];
  guint highest = 0, i;

  for (i = 0; i < BENCH_MEMORY_SAMPLES; i++)
    highest = MAX (highest, memory[i]);
  /* A twelfth is five minutes of the hour: everything has been used once. */
  g_print ("memory_early %d\nmemory_late %d\n", early, late);
  g_print ("memory_growth %d\n", late - early);
  g_print ("memory_highest %u\n", highest);
}

/* CPU time of the threads of this process, by what they do; those that have
 * ended are missing. */
static void
print_threads (void)
{
  g_autoptr (GDir) dir = g_dir_open ("/proc/self/task", 0, NULL);
  gint64 worker = 0, others = 0;
  const gchar *id;

  while (dir != NULL && (id = g_dir_read_name (dir)) != NULL) {
    g_autofree gchar *name_path = g_build_filename ("/proc/self/task", id,
                                                    "comm", NULL);
    g_autofree gchar *time_path = g_build_filename ("/proc/self/task", id,
                                                    "schedstat", NULL);
    g_autofree gchar *name = NULL, *time = NULL;

    if (!g_file_get_contents (name_path, &name, NULL, NULL) ||
        !g_file_get_contents (time_path, &time, NULL, NULL))
      continue;
    if (g_str_has_prefix (name, "ekascribe"))
      worker += g_ascii_strtoll (time, NULL, 10);
    else if (!g_str_has_prefix (name, "benchsource"))
      others += g_ascii_strtoll (time, NULL, 10);
  }
  g_print ("worker_cpu %" G_GINT64_FORMAT "\n", worker);
  g_print ("others_cpu %" G_GINT64_FORMAT "\n", others);
}

/* Returns: whether the run came to its end */
static gboolean
wait_for_end (GstElement *pipeline,
              gboolean    stop_when_sent)
{
  g_autoptr (GstBus) bus = gst_element_get_bus (pipeline);
  g_autoptr (GstMessage) message = gst_bus_timed_pop_filtered (
      bus, GST_CLOCK_TIME_NONE,
      GST_MESSAGE_EOS | GST_MESSAGE_ERROR |
          (stop_when_sent ? GST_MESSAGE_APPLICATION : 0));
  g_autoptr (GError) error = NULL;

  if (GST_MESSAGE_TYPE (message) != GST_MESSAGE_ERROR)
    return TRUE;
  gst_message_parse_error (message, &error, NULL);
  g_printerr ("%s\n", error->message);
  return FALSE;
}

static GstElement *
make_pipeline (GstElement  *source,
               const gchar *sink)
{
  GstElement *pipeline = gst_pipeline_new (NULL);
  GstElement *end = bench_sink_new (sink);

  gst_bin_add_many (GST_BIN (pipeline), source, end, NULL);
  if (!gst_element_link (source, end))
    g_error ("%s does not take that", sink);
  return pipeline;
}

int
main (int argc, char **argv)
{
  g_autofree gchar *path = NULL, *sink = NULL;
  gboolean stop_when_sent = FALSE, good;
  gint count = 180000;
  gdouble pace = 0;
  const GOptionEntry entries[] = {
    { "packets", 'p', 0, G_OPTION_ARG_FILENAME, &path, "What is played",
      "FILE" },
    { "sink", 's', 0, G_OPTION_ARG_STRING, &sink, "Where it goes", "LINE" },
    { "count", 'n', 0, G_OPTION_ARG_INT, &count, "How many packets", "N" },
    { "pace", 'r', 0, G_OPTION_ARG_DOUBLE, &pace, "Packets a second", "N" },
    { "stop-when-sent", 0, 0, G_OPTION_ARG_NONE, &stop_when_sent,
      "Do not wait for EOS", NULL },
    { NULL }
  };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GstElement) pipeline = NULL;
  g_autoptr (GError) error = NULL;
  BenchPackets packets = { 0 };
  BenchSource *source;
  Usage before, after;

  g_option_context_add_main_entries (context, entries, NULL);
  g_option_context_add_group (context, gst_init_get_option_group ());
  if (!g_option_context_parse (context, &argc, &argv, &error) ||
      !bench_packets_load (&packets, path, &error)) {
    g_printerr ("%s\n", error->message);
    return 2;
  }
  source = BENCH_SOURCE (bench_source_new (&packets, count, pace, FALSE));
  pipeline = make_pipeline (GST_ELEMENT (source), sink);

  before = get_usage ();
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  good = wait_for_end (pipeline, stop_when_sent);
  after = get_usage ();
  print_threads ();
  gst_element_set_state (pipeline, GST_STATE_NULL);

  g_print ("run_cpu %" G_GINT64_FORMAT "\n", after.cpu - before.cpu);
  g_print ("run_wall %" G_GINT64_FORMAT "\n", after.wall - before.wall);
  print_costs (source);
  print_memory (source);
  g_clear_object (&pipeline);
  bench_packets_clear (&packets);
  return good ? 0 : 1;
}
