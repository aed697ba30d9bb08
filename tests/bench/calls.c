/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Plays calls live, each in a pipeline of its own, with one leg or several, and prints
 * what that cost from a while after the start until the last packet, one `name value`
 * a line: times in ns, memory in KiB. A push is what a leg's streaming thread spends
 * outside of its source. */
#include <stdlib.h>
#include <string.h>

#include "source.h"

typedef struct
{
  const BenchPackets *packets;
  const gchar *sink;
  gint calls;
  gint legs;
  gint count; /* packets of a leg */
  gint warm;  /* packets before anything is measured */
} Plan;

/* Legs that have sent all, and what went wrong first. */
static GMutex lock;
static GCond cond;
static guint sent;
static gchar *fault;

static GstBusSyncReply
on_message (GstBus     *bus,
            GstMessage *message,
            gpointer    user_data)
{
  g_autoptr (GError) error = NULL;

  g_mutex_lock (&lock);
  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_APPLICATION) {
    sent++;
  } else if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR) {
    gst_message_parse_error (message, &error, NULL);
    if (fault == NULL)
      fault = g_strdup (error->message);
  }
  g_cond_broadcast (&cond);
  g_mutex_unlock (&lock);
  gst_message_unref (message);
  return GST_BUS_DROP;
}

/* Legs go to one sink, which has a pad for each; or, where it has one pad only, to one
 * of its kind each. */
static GstElement *
make_call (const Plan *plan,
           GPtrArray  *sources)
{
  GstElement *pipeline = gst_pipeline_new (NULL);
  GstElement *sink = NULL;
  g_autoptr (GstBus) bus = gst_element_get_bus (pipeline);
  gint i;

  gst_bus_set_sync_handler (bus, on_message, NULL, NULL);
  for (i = 0; i < plan->legs; i++) {
    GstElement *source = bench_source_new (plan->packets, plan->count, 0, TRUE);

    gst_bin_add (GST_BIN (pipeline), source);
    if (sink == NULL || !gst_element_link (source, sink)) {
      sink = bench_sink_new (plan->sink);
      gst_bin_add (GST_BIN (pipeline), sink);
      if (!gst_element_link (source, sink))
        g_error ("%s does not take that", plan->sink);
    }
    g_ptr_array_add (sources, gst_object_ref (source));
  }
  return pipeline;
}

/* Returns: whether all went well */
static gboolean
wait_for_sources (guint n)
{
  gboolean good;

  g_mutex_lock (&lock);
  while (sent < n && fault == NULL)
    g_cond_wait (&cond, &lock);
  good = fault == NULL;
  if (!good)
    g_printerr ("%s\n", fault);
  g_mutex_unlock (&lock);
  return good;
}

static int
compare_costs (gconstpointer a,
               gconstpointer b)
{
  const guint32 x = *(const guint32 *) a;
  const guint32 y = *(const guint32 *) b;

  return (x > y) - (x < y);
}

static guint32
get_share (GArray  *sorted,
           gdouble  share)
{
  return g_array_index (sorted, guint32,
                        (guint) (share * (sorted->len - 1)));
}

static void
print_costs (const Plan *plan,
             GPtrArray  *sources,
             const gchar *name,
             const guint32 *(*get) (BenchSource *self, guint *n))
{
  g_autoptr (GArray) all = g_array_new (FALSE, FALSE, sizeof (guint32));
  guint i;

  for (i = 0; i < sources->len; i++) {
    guint n;
    const guint32 *costs = get (g_ptr_array_index (sources, i), &n);

    g_array_append_vals (all, costs + plan->warm, n - plan->warm);
  }
  qsort (all->data, all->len, sizeof (guint32), compare_costs);
  g_print ("%s_median %u\n", name, get_share (all, .5));
  g_print ("%s_most %u\n", name, get_share (all, .999));
  g_print ("%s_max %u\n", name, get_share (all, 1));
}

static gboolean
run (const Plan *plan)
{
  g_autoptr (GPtrArray) calls = g_ptr_array_new_with_free_func (gst_object_unref);
  g_autoptr (GPtrArray) sources = g_ptr_array_new_with_free_func (gst_object_unref);
  gint64 began, start_cpu, cpu, worker_cpu;
  gboolean good;
  gint i;

  for (i = 0; i < plan->calls; i++)
    g_ptr_array_add (calls, make_call (plan, sources));
  start_cpu = bench_cpu ();
  for (i = 0; i < plan->calls; i++)
    gst_element_set_state (g_ptr_array_index (calls, i), GST_STATE_PLAYING);
  g_usleep (plan->warm * GST_TIME_AS_USECONDS (BENCH_PACKET_DURATION));
  g_print ("start_cpu %" G_GINT64_FORMAT "\n", bench_cpu () - start_cpu);
  began = g_get_monotonic_time ();
  cpu = bench_cpu ();
  good = wait_for_sources (sources->len);
  g_print ("cpu_share %.6f\n", (bench_cpu () - cpu) / 1000. /
                                   (g_get_monotonic_time () - began));
  g_print ("threads %u\n", bench_threads ());
  g_print ("workers %u\n", bench_workers (&worker_cpu));
  g_print ("memory %u\n", bench_memory ());
  for (i = 0; i < plan->calls; i++)
    gst_element_set_state (g_ptr_array_index (calls, i), GST_STATE_NULL);
  print_costs (plan, sources, "packet", bench_source_get_costs);
  print_costs (plan, sources, "push", bench_source_get_pushes);
  return good;
}

int
main (int argc, char **argv)
{
  g_autofree gchar *path = NULL, *sink = NULL;
  Plan plan = { .calls = 1, .legs = 1, .count = 500, .warm = 100 };
  const GOptionEntry entries[] = {
    { "packets", 'p', 0, G_OPTION_ARG_FILENAME, &path, "What is played",
      "FILE" },
    { "sink", 's', 0, G_OPTION_ARG_STRING, &sink, "Where it goes", "LINE" },
    { "calls", 'c', 0, G_OPTION_ARG_INT, &plan.calls, "How many", "N" },
    { "legs", 'l', 0, G_OPTION_ARG_INT, &plan.legs, "Of each call", "N" },
    { "count", 'n', 0, G_OPTION_ARG_INT, &plan.count, "Packets of a leg", "N" },
    { "warm", 'w', 0, G_OPTION_ARG_INT, &plan.warm,
      "Packets of it before it counts", "N" },
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
  plan.packets = &packets;
  plan.sink = sink;
  good = run (&plan);
  g_free (fault);
  bench_packets_clear (&packets);
  return good ? 0 : 1;
}
