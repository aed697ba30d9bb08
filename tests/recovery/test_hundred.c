/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* A hundred recordings in one process through one outage of half an hour: one
 * login, one network thread, few tries, and every sample of all of them is
 * delivered. */
#include "fakeservice.h"
#include "fixture.h"

#include <string.h>

#include "chunk/wav.h"
#include "scribe/discovery.h"
#include "scribe/worker.h"

#define ELEMENTS 100

/* Each of the three times: before the outage, in it, and after it. */
#define SECONDS 4
#define SAMPLE_RATE 16000
#define SAMPLES (3 * SECONDS * SAMPLE_RATE)

/* How much faster the clock runs, and in the outage. */
#define RATE 20
#define OUTAGE_RATE 600
#define OUTAGE (30 * G_TIME_SPAN_MINUTE)

/* Tries in half an hour; see test_outage.c. Where the machine has other work the
 * fast clock leaves no time for all of them. */
#define FEWEST_TRIES 5
#define MOST_TRIES 170

/* All threads of the process while nothing but the outage goes on: this one, the
 * network's, and what GLib and GStreamer keep for later. */
#define MOST_THREADS 20

#define PATIENCE (60 * GST_SECOND)

typedef struct
{
  GstElement *pipeline;
  GstElement *sink;
  GstBus *bus;
  GstPad *pad;
  guint number;   /* of the recording, from 0 */
  guint pushed;   /* samples */
  guint chunks;   /* messages of each kind */
  guint warnings;
  guint recoveries;
  guint results;
  gboolean ended;
} Recording;

typedef struct
{
  FakeService *service;
  EkaWorker *worker;
  GMutex lock; /* guards @over */
  GCond cond;
  gboolean over;
  Recording recordings[ELEMENTS];
} Ward;

static EkaTransport *
make_transport (EkaWorker *worker,
                gpointer   user_data)
{
  return g_object_ref (user_data);
}

/* --- one recording -------------------------------------------------------- */

/* Counts up, and begins elsewhere in each recording. */
static gint16
get_sample (guint number,
            guint position)
{
  return (gint16) (guint16) (number * 601 + position);
}

static void
push_second (Recording *recording)
{
  gint16 *samples = g_new (gint16, SAMPLE_RATE);
  GstBuffer *buffer;
  guint i;

  for (i = 0; i < SAMPLE_RATE; i++)
    samples[i] = GINT16_TO_LE (
        get_sample (recording->number, recording->pushed + i));
  buffer = gst_buffer_new_wrapped (samples, SAMPLE_RATE * 2);
  GST_BUFFER_PTS (buffer) =
      recording->pushed / SAMPLE_RATE * GST_SECOND;
  GST_BUFFER_DURATION (buffer) = GST_SECOND;
  recording->pushed += SAMPLE_RATE;
  g_assert_cmpint (gst_pad_chain (recording->pad, buffer), ==, GST_FLOW_OK);
}

static void
begin (Recording   *recording,
       FakeService *service)
{
  g_autoptr (GstCaps) caps = gst_caps_from_string (PCM);
  GstSegment segment;

  recording->pipeline = gst_pipeline_new (NULL);
  recording->bus = gst_element_get_bus (recording->pipeline);
  recording->sink = gst_element_factory_make ("ekascribesink", NULL);
  g_object_set (recording->sink, "base-url", "https://scribe.test/voice/v1",
                "client-id", "clinic", "client-secret", "s3cret",
                "max-chunk-duration", (guint64) GST_SECOND, NULL);
  gst_ekascribe_sink_set_transport_func (
      GST_EKASCRIBE_SINK (recording->sink), make_transport, service);
  gst_bin_add (GST_BIN (recording->pipeline), recording->sink);
  recording->pad = gst_element_request_pad_simple (recording->sink,
                                                   "audio_%u");
  gst_element_set_state (recording->pipeline, GST_STATE_PLAYING);
  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_pad_send_event (recording->pad, gst_event_new_stream_start ("ward"));
  gst_pad_send_event (recording->pad, gst_event_new_caps (caps));
  gst_pad_send_event (recording->pad, gst_event_new_segment (&segment));
}

static void
note_message (Recording  *recording,
              GstMessage *message)
{
  const GstStructure *structure = gst_message_get_structure (message);
  g_autoptr (GError) error = NULL;

  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR)
    gst_message_parse_error (message, &error, NULL);
  g_assert_no_error (error);
  recording->warnings += GST_MESSAGE_TYPE (message) == GST_MESSAGE_WARNING;
  recording->recoveries += GST_MESSAGE_TYPE (message) == GST_MESSAGE_INFO;
  recording->ended =
      recording->ended || GST_MESSAGE_TYPE (message) == GST_MESSAGE_EOS;
  if (structure == NULL)
    return;
  recording->chunks += gst_structure_has_name (structure, "ekascribe-chunk");
  recording->results += gst_structure_has_name (structure, "ekascribe-result");
}

/* Until @count, a member of @recording, is @n. */
static void
await (Recording   *recording,
       const guint *count,
       guint        n)
{
  while (*count < n) {
    g_autoptr (GstMessage) message =
        gst_bus_timed_pop (recording->bus, PATIENCE);

    g_assert_nonnull (message);
    note_message (recording, message);
  }
}

static guint64
get_stat (Recording   *recording,
          const gchar *name)
{
  g_autoptr (GstStructure) stats = NULL;
  guint64 number = 0;

  g_object_get (recording->sink, "stats", &stats, NULL);
  g_assert_true (gst_structure_get_uint64 (stats, name, &number));
  return number;
}

static void
await_end (Recording *recording)
{
  while (!recording->ended) {
    g_autoptr (GstMessage) message =
        gst_bus_timed_pop (recording->bus, PATIENCE);

    g_assert_nonnull (message);
    note_message (recording, message);
  }
  g_assert_cmpuint (recording->warnings, ==, 1);
  g_assert_cmpuint (recording->recoveries, ==, 1);
  g_assert_cmpuint (recording->results, ==, 1);
  g_assert_cmpuint (get_stat (recording, "time-lost"), ==, 0);
  g_assert_cmpuint (get_stat (recording, "sessions-replaced"), ==, 0);
  g_assert_cmpuint (get_stat (recording, "bytes-kept"), ==, 0);
}

static void
finish (Recording *recording)
{
  gst_element_set_state (recording->pipeline, GST_STATE_NULL);
  gst_object_unref (recording->pad);
  gst_object_unref (recording->bus);
  gst_object_unref (recording->pipeline);
}

/* --- the outage ----------------------------------------------------------- */

static gboolean
hurry (gpointer user_data)
{
  eka_clock_set_rate (user_data, RATE);
  return G_SOURCE_REMOVE;
}

static void
end_outage (gpointer user_data)
{
  Ward *ward = user_data;

  eka_clock_set_rate (eka_worker_get_clock (ward->worker), RATE);
  g_mutex_lock (&ward->lock);
  ward->over = TRUE;
  g_cond_signal (&ward->cond);
  g_mutex_unlock (&ward->lock);
}

static gboolean
pass_time (gpointer user_data)
{
  Ward *ward = user_data;
  EkaClock *clock = eka_worker_get_clock (ward->worker);

  eka_clock_set_rate (clock, OUTAGE_RATE);
  eka_clock_schedule (clock, OUTAGE, end_outage, ward);
  return G_SOURCE_REMOVE;
}

/* Returns: how many threads the process has
 * @workers: (out): how many of those are the network's */
static guint
count_threads (guint *workers)
{
  GDir *tasks = g_dir_open ("/proc/self/task", 0, NULL);
  const gchar *task;
  guint n = 0;

  *workers = 0;
  while ((task = g_dir_read_name (tasks)) != NULL) {
    g_autofree gchar *path = g_strdup_printf ("/proc/self/task/%s/comm", task);
    g_autofree gchar *name = NULL;

    if (!g_file_get_contents (path, &name, NULL, NULL))
      continue;
    n++;
    *workers += g_str_equal (g_strchomp (name), "ekascribe");
  }
  g_dir_close (tasks);
  return n;
}

/* Half an hour, in which threads are counted again and again. */
static void
sit_out (Ward *ward)
{
  const guint before = ward->service->n_calls;
  gint64 end = g_get_monotonic_time () + PATIENCE / GST_USECOND;
  guint threads = 0, workers, tries, samples = 0;
  gboolean over = FALSE;

  eka_worker_invoke (ward->worker, pass_time, ward, NULL);
  while (!over) {
    threads = count_threads (&workers);
    samples++;
    g_assert_cmpuint (workers, ==, 1);
    g_assert_cmpint (g_get_monotonic_time (), <, end);
    g_mutex_lock (&ward->lock);
    if (!ward->over)
      g_cond_wait_until (&ward->cond, &ward->lock,
                         g_get_monotonic_time () + G_TIME_SPAN_MILLISECOND * 20);
    over = ward->over;
    g_mutex_unlock (&ward->lock);
  }
  tries = ward->service->n_calls - before;
  g_test_message ("%u tries of %u recordings; %u threads at the end, one of "
                  "them the network's, %u times", tries, ELEMENTS, threads,
                  samples);
  g_assert_cmpuint (tries, >=, ELEMENTS * FEWEST_TRIES);
  g_assert_cmpuint (tries, <=, ELEMENTS * MOST_TRIES);
  g_assert_cmpuint (threads, <=, MOST_THREADS);
}

/* --- what has arrived ----------------------------------------------------- */

/* Returns: (transfer full): all samples of @session */
static GArray *
join (FakeSession *session)
{
  GArray *samples = g_array_new (FALSE, FALSE, sizeof (gint16));
  guint n = g_hash_table_size (session->files);
  guint i;

  for (i = 0; i < n; i++) {
    GBytes *file = g_hash_table_lookup (session->files, GUINT_TO_POINTER (i));
    gsize size;
    const gchar *data;

    g_assert_nonnull (file);
    data = g_bytes_get_data (file, &size);
    g_assert_cmpuint (size, >, EKA_WAV_HEADER_SIZE);
    g_array_append_vals (samples, data + EKA_WAV_HEADER_SIZE,
                         (size - EKA_WAV_HEADER_SIZE) / 2);
  }
  return samples;
}

static void
check_delivery (Ward *ward)
{
  gboolean seen[ELEMENTS] = { FALSE };
  GHashTableIter iter;
  gpointer value;

  g_assert_cmpuint (g_hash_table_size (ward->service->sessions), ==, ELEMENTS);
  g_hash_table_iter_init (&iter, ward->service->sessions);
  while (g_hash_table_iter_next (&iter, NULL, &value)) {
    FakeSession *session = value;
    g_autoptr (GArray) samples = join (session);
    guint number, i;

    g_assert_true (session->ended);
    g_assert_cmpuint (samples->len, ==, SAMPLES);
    number = GUINT16_FROM_LE (g_array_index (samples, guint16, 0)) / 601;
    g_assert_cmpuint (number, <, ELEMENTS);
    g_assert_false (seen[number]);
    seen[number] = TRUE;
    for (i = 0; i < samples->len; i++)
      if (GINT16_FROM_LE (g_array_index (samples, gint16, i)) !=
          get_sample (number, i))
        g_error ("recording %u: sample %u is another one", number, i);
  }
}

/* --- the test ------------------------------------------------------------- */

static void
push_everywhere (Ward *ward)
{
  guint i, k;

  for (k = 0; k < SECONDS; k++)
    for (i = 0; i < ELEMENTS; i++)
      push_second (&ward->recordings[i]);
}

static void
test_a_hundred (void)
{
  Ward *ward = g_new0 (Ward, 1);
  guint i;

  eka_discovery_cache_clear ();
  ward->service = fake_service_new (g_test_rand_int ());
  ward->service->discovery = "{\"models\":[{\"id\":\"lite\"}]}";
  ward->worker = eka_worker_acquire ();
  eka_worker_invoke (ward->worker, hurry, eka_worker_get_clock (ward->worker),
                     NULL);
  for (i = 0; i < ELEMENTS; i++) {
    ward->recordings[i].number = i;
    begin (&ward->recordings[i], ward->service);
  }
  push_everywhere (ward);
  /* The last second is not cut yet. */
  for (i = 0; i < ELEMENTS; i++)
    await (&ward->recordings[i], &ward->recordings[i].chunks, SECONDS - 1);

  g_atomic_int_set (&ward->service->down, TRUE);
  push_everywhere (ward);
  for (i = 0; i < ELEMENTS; i++)
    await (&ward->recordings[i], &ward->recordings[i].warnings, 1);
  sit_out (ward);
  g_atomic_int_set (&ward->service->down, FALSE);

  push_everywhere (ward);
  for (i = 0; i < ELEMENTS; i++)
    gst_pad_send_event (ward->recordings[i].pad, gst_event_new_eos ());
  for (i = 0; i < ELEMENTS; i++)
    await_end (&ward->recordings[i]);
  check_delivery (ward);
  g_assert_cmpuint (ward->service->n_of[EKA_CALL_LOGIN], ==, 1);
  g_assert_cmpuint (ward->service->n_of[EKA_CALL_REFRESH], ==, 0);

  for (i = 0; i < ELEMENTS; i++)
    finish (&ward->recordings[i]);
  g_clear_pointer (&ward->worker, eka_worker_release);
  g_assert_true (eka_worker_wait_gone (G_TIME_SPAN_MINUTE));
  g_assert_finalize_object (ward->service);
  g_free (ward);
}

int
main (int    argc,
      char **argv)
{
  fixture_init (&argc, &argv);
  g_test_add_func ("/hundred/one-outage-one-login-one-thread", test_a_hundred);
  return g_test_run ();
}
