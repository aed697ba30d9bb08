/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* A day of audio, as fast as it goes, through an uplink on which a third of all
 * calls go wrong: all of it arrives, packet for packet, in linked sessions, and
 * memory stays within its bound. */
#include "../checked.h"
#include "fakeservice.h"
#include "fixture.h"
#include "oggreader.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "scribe/discovery.h"
#include "scribe/json.h"
#include "scribe/worker.h"

/* Pauses of minutes take milliseconds. */
#define RATE 200

#define HOUR (3600 * GST_SECOND)

/* Longest wait for a message. */
#define PATIENCE (120 * GST_SECOND)

/* 20 ms of wideband speech (RFC 6716, section 3.1: configuration 9), which
 * nobody decodes: its number, and as much noise as 24 kbit/s have on the
 * average. */
#define TOC (9 << 3)
#define PACKET (20 * GST_MSECOND)
#define PACKET_SAMPLES (20 * 48)
#define MIN_SIZE 40
#define MAX_SIZE 80

#define MEBIBYTE (1024 * 1024)

/* What is on disk comes back to memory to be sent: a chunk of 20 s of each of two
 * sessions, of which one drains while the next one records, in bytes. */
#define COMING_BACK (2 * 1000 * MAX_SIZE)

/* What else may come and go: code that is touched for the first time, messages,
 * stacks of threads, requests under way, and what malloc() keeps back. */
#define SLACK (8 * MEBIBYTE)

#define DISCOVERY                                                             \
  "{\"protocol\":\"medscribealliance\",\"protocol_version\":\"0.1\","         \
  "\"supported_versions\":[\"0.1\"],\"capabilities\":{"                       \
  "\"audio_formats\":[\"audio/ogg;codecs=opus\"],"                            \
  "\"max_chunk_duration_seconds\":20,\"upload_methods\":[\"chunked\"]},"      \
  "\"models\":["                                                              \
  "{\"id\":\"pro\",\"max_session_duration_seconds\":3600},"                   \
  "{\"id\":\"lite\",\"max_session_duration_seconds\":600}]}"

typedef struct
{
  const gchar *name;
  const gchar *model;
  GstClockTime length;
  GstClockTime session; /* longest, of the model */
  gboolean told;        /* that it is short */
  guint64 bound;        /* of memory, in bytes */
  gboolean own_ids;     /* the service gives its sessions ids of its own */
  GstClockTime outage;  /* how much audio comes before there is a network */
} Day;

static const Day days[] = {
  { "a-day-of-the-model-pro", "pro", 24 * 3600 * GST_SECOND,
    3600 * GST_SECOND, FALSE, 8 * MEBIBYTE, FALSE, 0 },
  { "two-hours-of-the-model-lite", "lite", 2 * 3600 * GST_SECOND,
    600 * GST_SECOND, TRUE, MEBIBYTE, FALSE, 0 },
  { "two-hours-and-no-network-for-the-first-sessions", "lite",
    2 * 3600 * GST_SECOND, 600 * GST_SECOND, TRUE, 8 * MEBIBYTE, TRUE,
    2400 * GST_SECOND },
};

/* What the service keeps of a file: packets are counted. */
typedef struct
{
  guint32 first;    /* packet */
  guint32 packets;
  guint32 pre_roll; /* packets of those */
} Digest;

typedef struct
{
  FakeService *service;
  GstElement *pipeline;
  GstElement *sink;
  GstBus *bus;
  GstPad *pad;    /* of the sink */
  GstPad *source; /* that pushes */
  GHashTable *parts;  /* of part number: session id */
  gchar *combined;    /* transcript of all */
  guint n_combined;
  guint n_parts;      /* that it tells */
  guint n_limits;     /* warnings that sessions are short */
  gboolean ended;
  guint64 most_kept;
  guint64 most_memory;
  gchar *folder;
} Recorder;

static EkaTransport *
make_transport (EkaWorker *worker,
                gpointer   user_data)
{
  return g_object_ref (user_data);
}

static gboolean
hurry (gpointer user_data)
{
  eka_clock_set_rate (user_data, RATE);
  return G_SOURCE_REMOVE;
}

/* --- the audio ------------------------------------------------------------ */

/* Returns: bytes of the packet @number, which @data takes */
static gsize
make_packet (guint8  *data,
             guint32  number)
{
  guint32 noise = number * 2654435761u + 1;
  gsize size = MIN_SIZE + (noise >> 16) % (MAX_SIZE - MIN_SIZE + 1);
  gsize i;

  data[0] = TOC;
  for (i = 0; i < 4; i++)
    data[1 + i] = number >> (24 - 8 * i);
  for (i = 5; i < size; i++) {
    noise = noise * 1664525u + 1013904223u;
    data[i] = noise >> 24;
  }
  return size;
}

/* On the worker thread: reads @bytes back, and asserts that it is Ogg Opus with
 * packets as they were made, one after the other. */
static GBytes *
digest (GBytes *bytes)
{
  g_autoptr (OggFile) file = ogg_file_new (bytes);
  Digest result = { 0 };
  guint8 expected[MAX_SIZE];
  guint i;

  g_assert_cmpuint (file->packets->len, >, 0);
  g_assert_cmpuint (file->trim_end, ==, 0);
  g_assert_cmpuint (file->codec.pre_skip % PACKET_SAMPLES, ==, 0);
  result.packets = file->packets->len;
  result.pre_roll = file->codec.pre_skip / PACKET_SAMPLES;
  for (i = 0; i < file->packets->len; i++) {
    gsize size;
    const guint8 *data =
        g_bytes_get_data (g_ptr_array_index (file->packets, i), &size);

    g_assert_cmpuint (size, >=, MIN_SIZE);
    if (i == 0)
      result.first = (guint32) data[1] << 24 | data[2] << 16 | data[3] << 8 |
                     data[4];
    g_assert_cmpmem (data, size, expected,
                     make_packet (expected, result.first + i));
  }
  return g_bytes_new (&result, sizeof result);
}

static GstFlowReturn
push_packet (Recorder *f,
             guint32   number)
{
  guint8 data[MAX_SIZE];
  gsize size = make_packet (data, number);
  GstBuffer *buffer = gst_buffer_new_memdup (data, size);

  GST_BUFFER_PTS (buffer) = number * PACKET;
  GST_BUFFER_DURATION (buffer) = PACKET;
  return gst_pad_push (f->source, buffer);
}

/* --- memory --------------------------------------------------------------- */

/* Bytes of the process that are in memory. */
static guint64
measure_memory (void)
{
  FILE *file = fopen ("/proc/self/statm", "r");
  unsigned long total, resident = 0;

  g_assert_nonnull (file);
  g_assert_cmpint (fscanf (file, "%lu %lu", &total, &resident), ==, 2);
  fclose (file);
  return (guint64) resident * sysconf (_SC_PAGESIZE);
}

static void
note_memory (Recorder *f)
{
  g_autoptr (GstStructure) stats = NULL;
  guint64 kept = 0;

  g_object_get (f->sink, "stats", &stats, NULL);
  g_assert_true (gst_structure_get_uint64 (stats, "bytes-kept", &kept));
  f->most_kept = MAX (f->most_kept, kept);
  f->most_memory = MAX (f->most_memory, measure_memory ());
}

/* --- the messages --------------------------------------------------------- */

static void
note_result (Recorder           *f,
             const GstStructure *structure)
{
  const gchar *id = gst_structure_get_string (structure, "session-id");
  guint part = 0;

  g_assert_true (gst_structure_get_uint (structure, "part", &part));
  g_assert_cmpstr (gst_structure_get_string (structure, "status"), ==,
                   "completed");
  g_assert_true (g_hash_table_insert (f->parts, GUINT_TO_POINTER (part),
                                      g_strdup (id)));
}

static void
note_transcript (Recorder           *f,
                 const GstStructure *structure)
{
  guint part = 1;

  gst_structure_get_uint (structure, "part", &part);
  if (part != 0)
    return;
  g_assert_cmpuint (f->n_combined++, ==, 0);
  f->combined = g_strdup (gst_structure_get_string (structure, "text"));
  g_assert_true (gst_structure_get_uint (structure, "parts", &f->n_parts));
}

static void
note_message (Recorder   *f,
              GstMessage *message)
{
  const GstStructure *structure = gst_message_get_structure (message);
  g_autoptr (GError) error = NULL;

  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR)
    gst_message_parse_error (message, &error, NULL);
  g_assert_no_error (error);
  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_WARNING)
    gst_message_parse_warning (message, &error, NULL);
  f->n_limits += g_error_matches (error, GST_RESOURCE_ERROR,
                                  GST_RESOURCE_ERROR_SETTINGS);
  f->ended = f->ended || GST_MESSAGE_TYPE (message) == GST_MESSAGE_EOS;
  if (structure == NULL)
    return;
  if (gst_structure_has_name (structure, "ekascribe-result"))
    note_result (f, structure);
  else if (gst_structure_has_name (structure, "ekascribe-transcript"))
    note_transcript (f, structure);
}

/* As an application does: what is on the bus is memory, too. */
static void
take_messages (Recorder *f)
{
  GstMessage *message;

  while ((message = gst_bus_pop (f->bus)) != NULL) {
    note_message (f, message);
    gst_message_unref (message);
  }
}

static void
push_all (Recorder  *f,
          const Day *day)
{
  const guint packets = day->length / PACKET;
  guint i;

  for (i = 0; i < packets; i++) {
    GstFlowReturn ret;

    if (i == day->outage / PACKET)
      g_atomic_int_set (&f->service->down, FALSE);
    ret = push_packet (f, i);

    if (i % 200 == 0 || ret != GST_FLOW_OK) {
      note_memory (f);
      take_messages (f);
    }
    g_assert_cmpint (ret, ==, GST_FLOW_OK);
  }
}

static void
await_end (Recorder *f)
{
  while (!f->ended) {
    g_autoptr (GstMessage) message = gst_bus_timed_pop (f->bus, PATIENCE);

    g_assert_nonnull (message);
    note_message (f, message);
    note_memory (f);
  }
}

/* --- what has arrived ----------------------------------------------------- */

static const gchar *
get_id (Recorder *f,
        guint     part)
{
  return g_hash_table_lookup (f->parts, GUINT_TO_POINTER (part));
}

/* Whether @id names the session of @part, or one that it was put in the place
 * of. */
static gboolean
is_id_of (Recorder    *f,
          guint        part,
          const gchar *id)
{
  g_autofree gchar *now = g_strdup (get_id (f, part));

  while (now != NULL && g_strcmp0 (now, id) != 0) {
    FakeSession *session = fake_service_find (f->service, now);
    g_autoptr (JsonObject) request =
        session == NULL ?
            NULL :
            eka_json_parse_object (session->request, -1, NULL);
    JsonObject *data =
        request != NULL ? eka_json_get_object (request, "additional_data") :
                          NULL;

    g_free (now);
    now = data == NULL ?
              NULL :
              g_strdup (eka_json_get_string (data, "replaced_session_id"));
  }
  return now != NULL;
}

static void
check_links (Recorder    *f,
             FakeSession *session,
             guint        part)
{
  g_autoptr (JsonObject) request =
      eka_json_parse_object (session->request, -1, NULL);
  JsonObject *data = eka_json_get_object (request, "additional_data");
  const gchar *first, *previous;

  if (part == 1) {
    g_assert_false (data != NULL && json_object_has_member (data, "part"));
    return;
  }
  first = eka_json_get_string (data, "first_session_id");
  previous = eka_json_get_string (data, "previous_session_id");
  g_assert_cmpint (eka_json_get_count (data, "part"), ==, part);
  if (!is_id_of (f, 1, first))
    g_error ("part %u is said to have begun with %s, not %s", part, first,
             get_id (f, 1));
  if (!is_id_of (f, part - 1, previous))
    g_error ("part %u is said to follow %s, not %s", part, previous,
             get_id (f, part - 1));
}

/* @at: the packet that comes next in the recording
 *
 * Returns: the packet that follows the last one of @part */
static guint
check_part (Recorder *f,
            guint     part,
            guint     at)
{
  FakeSession *session = fake_service_find (f->service, get_id (f, part));
  guint begin = at;
  guint n, i;

  g_assert_nonnull (session);
  g_assert_true (session->ended);
  check_links (f, session, part);
  n = g_hash_table_size (session->files);
  for (i = 0; i < n; i++) {
    GBytes *bytes = g_hash_table_lookup (session->files, GUINT_TO_POINTER (i));
    const Digest *file;

    g_assert_nonnull (bytes);
    file = g_bytes_get_data (bytes, NULL);
    g_assert_cmpuint (file->pre_roll == 0, ==, at == 0);
    g_assert_cmpuint (file->packets, >, file->pre_roll);
    g_assert_cmpuint (file->first + file->pre_roll, ==, at);
    at += file->packets - file->pre_roll;
  }
  g_assert_cmpuint (at, >, begin);
  return at;
}

static void
check_file (Recorder    *f,
            const gchar *name,
            const gchar *expected)
{
  g_autofree gchar *path = g_build_filename (f->folder, name, NULL);
  g_autofree gchar *text = NULL;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  g_assert_cmpstr (text, ==, expected);
  g_assert_cmpint (g_unlink (path), ==, 0);
}

/* All in the order of the recording, in the message and on disk; no file but
 * these. */
static void
check_transcripts (Recorder *f,
                   guint     parts)
{
  g_autoptr (GString) whole = g_string_new (NULL);
  guint part;

  for (part = 1; part <= parts; part++) {
    g_autofree gchar *name = g_strdup_printf ("day-part%u.txt", part);
    g_autofree gchar *said = g_strdup_printf ("said in %s", get_id (f, part));

    check_file (f, name, said);
    g_string_append_printf (whole, "%s%s", part > 1 ? "\n" : "", said);
  }
  g_assert_cmpuint (f->n_combined, ==, 1);
  g_assert_cmpuint (f->n_parts, ==, parts);
  g_assert_cmpstr (f->combined, ==, whole->str);
  check_file (f, "day.txt", whole->str);
  g_assert_cmpint (g_rmdir (f->folder), ==, 0);
}

/* --- the test ------------------------------------------------------------- */

static void
set_up (Recorder  *f,
        const Day *day,
        guint32    seed)
{
  /* Lies about the reason of a refusal would be believed, and so would three
   * web pages in a row: a gateway. The others pass. */
  static const FakeFault faults[] = {
    FAKE_FAULT_RESET_BEFORE, FAKE_FAULT_RESET_AFTER, FAKE_FAULT_STATUS_AFTER,
    FAKE_FAULT_BUSY,         FAKE_FAULT_GARBAGE,     FAKE_FAULT_SHORT_LIST,
    FAKE_FAULT_WRONG_COUNT,  FAKE_FAULT_OTHER_ID,    FAKE_FAULT_NO_URL,
    FAKE_FAULT_DOUBT,        FAKE_FAULT_DROP,
  };
  guint i;

  eka_discovery_cache_clear ();
  g_test_message ("seed of the service: %u", seed);
  f->service = fake_service_new (seed);
  f->service->rate = 1.0 / 3;
  f->service->discovery = DISCOVERY;
  f->service->digest = digest;
  f->service->drops_once = TRUE;
  f->service->lucid = TRUE;
  f->service->own_ids = day->own_ids;
  f->service->down = TRUE;
  for (i = 0; i < G_N_ELEMENTS (faults); i++)
    f->service->faults[faults[i]] = 1;
  f->parts = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  f->folder = g_dir_make_tmp ("ekascribe-day-XXXXXX", NULL);
}

static void
launch (Recorder  *f,
        const Day *day)
{
  g_autofree gchar *location = g_build_filename (f->folder, "day.txt", NULL);
  g_autoptr (GstCaps) caps = gst_caps_from_string (
      "audio/x-opus, channel-mapping-family=(int)0, channels=(int)1");
  GstSegment segment;

  f->pipeline = gst_pipeline_new (NULL);
  f->bus = gst_element_get_bus (f->pipeline);
  f->sink = gst_element_factory_make ("ekascribesink", NULL);
  gst_ekascribe_sink_set_transport_func (GST_EKASCRIBE_SINK (f->sink),
                                         make_transport, f->service);
  /* Nobody may run out of patience while this machine has other work: its
   * seconds are minutes here. */
  g_object_set (f->sink, "base-url", "https://scribe.test/voice/v1", "model",
                day->model, "access-token", "t", "transcript-location",
                location, "max-size-bytes", day->bound, "retry-time",
                24 * 3600 * GST_SECOND, "result-timeout", (guint64) 0,
                "result-settle-time", 180 * GST_SECOND, NULL);
  gst_bin_add (GST_BIN (f->pipeline), f->sink);
  f->pad = gst_element_request_pad_simple (f->sink, "audio_%u");
  f->source = gst_pad_new ("src", GST_PAD_SRC);
  gst_pad_set_active (f->source, TRUE);
  g_assert_cmpint (gst_pad_link (f->source, f->pad), ==, GST_PAD_LINK_OK);
  gst_element_set_state (f->pipeline, GST_STATE_PLAYING);
  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_pad_push_event (f->source, gst_event_new_stream_start ("day"));
  gst_pad_push_event (f->source, gst_event_new_caps (caps));
  gst_pad_push_event (f->source, gst_event_new_segment (&segment));
}

static void
tear_down (Recorder *f)
{
  gst_element_set_state (f->pipeline, GST_STATE_NULL);
  gst_pad_set_active (f->source, FALSE);
  gst_object_unref (f->source);
  gst_object_unref (f->pad);
  gst_object_unref (f->bus);
  gst_object_unref (f->pipeline);
  g_hash_table_unref (f->parts);
  g_free (f->combined);
  g_free (f->folder);
}

static void
check_all (Recorder  *f,
           const Day *day,
           guint64    memory)
{
  const guint parts = g_hash_table_size (f->parts);
  guint at = 0, part;

  g_test_message ("%u calls, %u of them went wrong; %u sessions, %u parts; at "
                  "most %.1f MiB of audio kept, and %.1f MiB more in memory "
                  "than before",
                  f->service->n_calls, f->service->n_faults,
                  g_hash_table_size (f->service->sessions), parts,
                  f->most_kept / 1048576.0,
                  (f->most_memory - memory) / 1048576.0);
  /* More like a third of them; but chance may be kind in some hundred calls. */
  g_assert_cmpuint (f->service->n_faults, >=, f->service->n_calls / 6);
  g_assert_cmpuint (parts, >=, day->length / day->session);
  for (part = 1; part <= parts; part++)
    at = check_part (f, part, at);
  g_assert_cmpuint (at, ==, day->length / PACKET);
  check_transcripts (f, parts);
  g_assert_cmpuint (f->n_limits, ==, day->told ? 1 : 0);

  /* It was full, and not fuller. */
  g_assert_cmpuint (f->most_kept, <=, day->bound + COMING_BACK);
  g_assert_cmpuint (f->most_kept, >, day->bound / 2);
#ifndef __SANITIZE_ADDRESS__
  /* That sanitizer keeps what was freed, to find who still uses it. */
  g_assert_cmpuint (f->most_memory, <=, memory + day->bound + SLACK);
#endif
}

static void
test_a_day (gconstpointer data)
{
  const Day *whole = data;
  Day shortened = *whole;
  const Day *day = &shortened;
  EkaWorker *worker = eka_worker_acquire ();
  guint64 memory;
  Recorder f = { 0 };

  shortened.length = MIN (whole->length, checked_count (24, 4) * HOUR);
  set_up (&f, day, g_test_rand_int ());
  eka_worker_invoke (worker, hurry, eka_worker_get_clock (worker), NULL);
  memory = measure_memory ();
  launch (&f, day);
  push_all (&f, day);
  g_assert_true (gst_pad_push_event (f.source, gst_event_new_eos ()));
  await_end (&f);
  check_all (&f, day, memory);
  tear_down (&f);
  eka_worker_release (worker);
  g_assert_true (eka_worker_wait_gone (G_TIME_SPAN_MINUTE));
  g_assert_finalize_object (f.service);
}

int
main (int    argc,
      char **argv)
{
  guint i;

  fixture_init (&argc, &argv);
  for (i = 0; i < G_N_ELEMENTS (days); i++) {
    g_autofree gchar *path = g_strdup_printf ("/day/%s", days[i].name);

    g_test_add_data_func (path, &days[i], test_a_day);
  }
  return g_test_run ();
}
