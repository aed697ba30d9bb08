/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "source.h"

#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

/* @costs[n]: CPU time of the streaming thread from the making of packet n to
 * that of the next one, in ns; @pushes[n]: wall time that packet n was downstream.
 * Written in full before the run, so that the memory of a run does not grow by it. */
struct _BenchSource
{
  GstPushSrc parent;

  const BenchPackets *packets;
  guint count;
  gdouble pace; /* packets per second; 0: no limit */
  guint next;
  gint64 began;
  gint64 last_cpu;
  gint64 pushed; /* when the packet before was, in ns */
  guint32 *costs;
  guint32 *pushes;
  guint memory[BENCH_MEMORY_SAMPLES];
};

G_DEFINE_FINAL_TYPE (BenchSource, bench_source, GST_TYPE_PUSH_SRC)

static GstStaticPadTemplate src_template =
    GST_STATIC_PAD_TEMPLATE ("src", GST_PAD_SRC, GST_PAD_ALWAYS,
                             GST_STATIC_CAPS_ANY);

/**
 * bench_packets_load:
 * @self: (out caller-allocates): packets
 * @path: file that bench_prepare wrote: caps, a zero, and for each packet its
 *   length in 16 bits in network order and its bytes
 * @error: return location
 *
 * Returns: whether there are packets
 */
gboolean
bench_packets_load (BenchPackets *self,
                    const gchar  *path,
                    GError      **error)
{
  const guint8 *data;
  gsize size, i;

  self->file = g_mapped_file_new (path, FALSE, error);
  if (self->file == NULL)
    return FALSE;
  self->packets = g_ptr_array_new_with_free_func (
      (GDestroyNotify) g_bytes_unref);
  data = (const guint8 *) g_mapped_file_get_contents (self->file);
  size = g_mapped_file_get_length (self->file);
  self->caps = gst_caps_from_string ((const gchar *) data);
  for (i = strlen ((const gchar *) data) + 1; i + 2 < size; i += 2 + GST_READ_UINT16_BE (data + i))
    g_ptr_array_add (self->packets,
                     g_bytes_new_static (data + i + 2,
                                         GST_READ_UINT16_BE (data + i)));
  return TRUE;
}

/**
 * bench_packets_clear:
 * @self: packets that no source plays any more
 */
void
bench_packets_clear (BenchPackets *self)
{
  g_clear_pointer (&self->packets, g_ptr_array_unref);
  gst_clear_caps (&self->caps);
  g_clear_pointer (&self->file, g_mapped_file_unref);
}

/**
 * bench_sink_new:
 * @line: one element, or several of which the first has an open sink pad
 *
 * One element is taken as it is. In a bin GStreamer would look for an open pad,
 * and find that of the sink within ekascribesink, past the element's own.
 *
 * Returns: (transfer floating): where buffers go
 */
GstElement *
bench_sink_new (const gchar *line)
{
  g_autoptr (GError) error = NULL;
  GstElement *sink =
      strstr (line, " ! ") != NULL
          ? gst_parse_bin_from_description (line, TRUE, &error)
          : gst_parse_launch (line, &error);

  if (sink == NULL || error != NULL)
    g_error ("%s", error->message);
  return sink;
}

/**
 * bench_memory:
 *
 * Returns: memory of the process that is in RAM, in KiB
 */
guint
bench_memory (void)
{
  g_autofree gchar *text = NULL;
  const gchar *resident;

  if (!g_file_get_contents ("/proc/self/statm", &text, NULL, NULL))
    return 0;
  resident = strchr (text, ' ');
  return g_ascii_strtoull (resident, NULL, 10) * (sysconf (_SC_PAGESIZE) / 1024);
}

/**
 * bench_cpu:
 *
 * Returns: CPU time that the process has taken, in ns
 */
gint64
bench_cpu (void)
{
  struct rusage usage;

  getrusage (RUSAGE_SELF, &usage);
  return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) *
             G_GINT64_CONSTANT (1000000000) +
         (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) *
             G_GINT64_CONSTANT (1000);
}

/**
 * bench_threads:
 *
 * Returns: threads of the process
 */
guint
bench_threads (void)
{
  g_autoptr (GDir) dir = g_dir_open ("/proc/self/task", 0, NULL);
  guint n = 0;

  while (dir != NULL && g_dir_read_name (dir) != NULL)
    n++;
  return n;
}

/**
 * bench_workers:
 * @cpu: (out): CPU time of the element's network threads that run, in ns
 *
 * Returns: how many there are
 */
guint
bench_workers (gint64 *cpu)
{
  g_autoptr (GDir) dir = g_dir_open ("/proc/self/task", 0, NULL);
  const gchar *id;
  guint n = 0;

  *cpu = 0;
  while (dir != NULL && (id = g_dir_read_name (dir)) != NULL) {
    g_autofree gchar *base = g_build_filename ("/proc/self/task", id, NULL);
    g_autofree gchar *name_path = g_build_filename (base, "comm", NULL);
    g_autofree gchar *time_path = g_build_filename (base, "schedstat", NULL);
    g_autofree gchar *name = NULL, *time = NULL;

    if (!g_file_get_contents (name_path, &name, NULL, NULL) ||
        !g_file_get_contents (time_path, &time, NULL, NULL) ||
        g_strcmp0 (g_strchomp (name), "ekascribe") != 0)
      continue;
    *cpu += g_ascii_strtoll (time, NULL, 10);
    n++;
  }
  return n;
}

static gint64
read_clock (clockid_t clock)
{
  struct timespec now;

  clock_gettime (clock, &now);
  return now.tv_sec * G_GINT64_CONSTANT (1000000000) + now.tv_nsec;
}

static gint64
thread_cpu (void)
{
  return read_clock (CLOCK_THREAD_CPUTIME_ID);
}

static void
keep_pace (BenchSource *self)
{
  gint64 now = g_get_monotonic_time ();
  gint64 due;

  if (self->next == 0)
    self->began = now;
  due = self->began + (gint64) (self->next / self->pace * G_USEC_PER_SEC);
  if (due > now)
    g_usleep (due - now);
}

static void
sample_memory (BenchSource *self)
{
  const guint step = MAX (self->count / (BENCH_MEMORY_SAMPLES - 1), 1);

  if (self->next % step == 0 && self->next / step < BENCH_MEMORY_SAMPLES)
    self->memory[self->next / step] = bench_memory ();
}

static GstFlowReturn
bench_source_create (GstPushSrc *source,
                     GstBuffer **buffer)
{
  BenchSource *self = BENCH_SOURCE (source);
  GBytes *packet;

  if (self->next > 0) {
    self->costs[self->next - 1] = thread_cpu () - self->last_cpu;
    self->pushes[self->next - 1] =
        (guint32) MIN (read_clock (CLOCK_MONOTONIC) - self->pushed, G_MAXUINT32);
  }
  sample_memory (self);
  if (self->next == self->count) {
    gst_element_post_message (
        GST_ELEMENT (self),
        gst_message_new_application (GST_OBJECT (self),
                                     gst_structure_new_empty ("bench-sent")));
    return GST_FLOW_EOS;
  }
  if (self->pace > 0)
    keep_pace (self);

  self->last_cpu = thread_cpu ();
  packet = g_ptr_array_index (self->packets->packets,
                              self->next % self->packets->packets->len);
  *buffer = gst_buffer_new_wrapped_full (
      GST_MEMORY_FLAG_READONLY, (gpointer) g_bytes_get_data (packet, NULL),
      g_bytes_get_size (packet), 0, g_bytes_get_size (packet), NULL, NULL);
  GST_BUFFER_PTS (*buffer) = self->next * BENCH_PACKET_DURATION;
  GST_BUFFER_DURATION (*buffer) = BENCH_PACKET_DURATION;
  self->next++;
  return GST_FLOW_OK;
}

/* Behind the wait for its time. */
static GstPadProbeReturn
on_push (GstPad          *pad,
         GstPadProbeInfo *info,
         gpointer         user_data)
{
  ((BenchSource *) user_data)->pushed = read_clock (CLOCK_MONOTONIC);
  return GST_PAD_PROBE_OK;
}

static GstCaps *
bench_source_get_caps (GstBaseSrc *source,
                       GstCaps    *filter)
{
  return gst_caps_ref (BENCH_SOURCE (source)->packets->caps);
}

static void
bench_source_get_times (GstBaseSrc   *source,
                        GstBuffer    *buffer,
                        GstClockTime *start,
                        GstClockTime *end)
{
  *start = gst_base_src_is_live (source) ? GST_BUFFER_PTS (buffer) :
                                           GST_CLOCK_TIME_NONE;
  *end = GST_CLOCK_TIME_NONE;
}

/**
 * bench_source_new:
 * @packets: what is played; must outlive the source
 * @count: how many packets
 * @pace: how many a second at most; 0: as fast as possible
 * @live: as a live source, by the clock of the pipeline
 *
 * A source that tells what each packet cost its thread. It posts `bench-sent`
 * before EOS.
 *
 * Returns: (transfer floating): a source
 */
GstElement *
bench_source_new (const BenchPackets *packets,
                  guint               count,
                  gdouble             pace,
                  gboolean            live)
{
  BenchSource *self = g_object_new (BENCH_TYPE_SOURCE, NULL);

  self->packets = packets;
  self->count = count;
  self->pace = pace;
  self->costs = g_new (guint32, count);
  memset (self->costs, 0xff, count * sizeof (guint32));
  self->pushes = g_new (guint32, count);
  memset (self->pushes, 0xff, count * sizeof (guint32));
  gst_base_src_set_live (GST_BASE_SRC (self), live);
  return GST_ELEMENT (self);
}

/**
 * bench_source_get_costs:
 * @self: a source that has sent all
 * @n_costs: (out): how many packets
 *
 * Returns: (array length=n_costs) (transfer none): CPU time of the streaming
 *   thread for each packet, in ns
 */
const guint32 *
bench_source_get_costs (BenchSource *self,
                        guint       *n_costs)
{
  *n_costs = self->count;
  return self->costs;
}

/**
 * bench_source_get_pushes:
 * @self: a source that has sent all
 * @n_pushes: (out): how many packets
 *
 * Returns: (array length=n_pushes) (transfer none): wall time for which each packet
 *   kept the streaming thread, in ns
 */
const guint32 *
bench_source_get_pushes (BenchSource *self,
                         guint       *n_pushes)
{
  *n_pushes = self->count;
  return self->pushes;
}

/**
 * bench_source_get_memory:
 * @self: a source that has sent all
 *
 * Returns: (array fixed-size=61) (transfer none): bench_memory() at the start
 *   and after each 60th of the packets
 */
const guint *
bench_source_get_memory (BenchSource *self)
{
  return self->memory;
}

static void
bench_source_finalize (GObject *object)
{
  g_free (BENCH_SOURCE (object)->costs);
  g_free (BENCH_SOURCE (object)->pushes);
  G_OBJECT_CLASS (bench_source_parent_class)->finalize (object);
}

static void
bench_source_class_init (BenchSourceClass *klass)
{
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = bench_source_finalize;
  GST_BASE_SRC_CLASS (klass)->get_caps = bench_source_get_caps;
  GST_BASE_SRC_CLASS (klass)->get_times = bench_source_get_times;
  GST_PUSH_SRC_CLASS (klass)->create = bench_source_create;
  gst_element_class_add_static_pad_template (element_class, &src_template);
  gst_element_class_set_static_metadata (element_class, "Bench source",
                                         "Source/Audio",
                                         "Plays prepared packets",
                                         "gst-ekascribe");
}

static void
bench_source_init (BenchSource *self)
{
  gst_base_src_set_format (GST_BASE_SRC (self), GST_FORMAT_TIME);
  gst_pad_add_probe (GST_BASE_SRC_PAD (self), GST_PAD_PROBE_TYPE_BUFFER, on_push,
                     self, NULL);
}
