/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "fixture.h"

#include <glib/gstdio.h>

#include "outbox/disk.h"
#include "scribe/discovery.h"
#include "scribe/worker.h"

#define PATIENCE (60 * GST_SECOND)

/* GLib leaves its first table of quarks behind when it grows (gquark.c says why
 * it must); GStreamer has enough of them. It was allocated while the program
 * was being loaded, which only a whole stack shows. */
__attribute__ ((visibility ("default"))) const char *
__asan_default_options (void);
__attribute__ ((visibility ("default"))) const char *
__lsan_default_suppressions (void);

const char *
__asan_default_options (void)
{
  return "fast_unwind_on_malloc=0";
}

const char *
__lsan_default_suppressions (void)
{
  return "leak:ld-linux\n";
}

/* Where audio goes that nobody said a place for: not to who runs the tests. */
static gchar *outbox;

static void
remove_folder (const gchar *folder)
{
  GDir *dir = g_dir_open (folder, 0, NULL);
  const gchar *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL) {
    g_autofree gchar *path = g_build_filename (folder, name, NULL);

    if (g_file_test (path, G_FILE_TEST_IS_DIR) &&
        !g_file_test (path, G_FILE_TEST_IS_SYMLINK))
      remove_folder (path);
    else
      g_unlink (path);
  }
  g_clear_pointer (&dir, g_dir_close);
  g_rmdir (folder);
}

static void
remove_outbox (void)
{
  remove_folder (outbox);
  g_clear_pointer (&outbox, g_free);
}

/* For main(): the element is linked in, and no plugin of that name is to be
 * found, or GType would know two of them. */
void
fixture_init (int    *argc,
              char ***argv)
{
  g_setenv ("GST_PLUGIN_PATH", "", TRUE);
  g_setenv ("GST_PLUGIN_PATH_1_0", "", TRUE);
  outbox = g_dir_make_tmp ("ekascribe-outbox-XXXXXX", NULL);
  g_assert_nonnull (outbox);
  g_setenv ("EKASCRIBE_OUTBOX", outbox, TRUE);
  atexit (remove_outbox);
  g_test_init (argc, argv, NULL);
  gst_init (argc, argv);
  GST_ELEMENT_REGISTER (ekascribesink, NULL);
}

static EkaTransport *
give_service (EkaWorker *worker,
              gpointer   user_data)
{
  Fixture *f = user_data;

  return EKA_TRANSPORT (
      g_object_ref (f->service != NULL ? (gpointer) f->service : f->liar));
}

void
fixture_set_up (Fixture      *f,
                gconstpointer data)
{
  eka_discovery_cache_clear ();
  f->liar = eka_liar_new ();
  f->messages = g_ptr_array_new_with_free_func (
      (GDestroyNotify) gst_message_unref);
  f->folder = g_dir_make_tmp ("ekascribe-XXXXXX", NULL);
  g_assert_nonnull (f->folder);
}

/* Everything that was given to the disk so far is done. */
void
fixture_wait_for_disk (void)
{
  g_autoptr (EkaDisk) disk = eka_disk_acquire ();

  g_assert_true (eka_disk_wait (
      disk, g_get_monotonic_time () + PATIENCE / GST_USECOND));
}

/* Returns: (transfer none): where audio goes that no place was said for */
const gchar *
fixture_get_outbox (void)
{
  return outbox;
}

void
fixture_tear_down (Fixture      *f,
                   gconstpointer data)
{
  if (f->pipeline != NULL)
    gst_element_set_state (f->pipeline, GST_STATE_NULL);
  gst_clear_object (&f->sink);
  gst_clear_object (&f->bus);
  gst_clear_object (&f->pipeline);
  g_ptr_array_unref (f->messages);
  /* Everything that ran for the element ends with it. */
  g_assert_true (eka_worker_wait_gone (G_TIME_SPAN_MINUTE));
  g_assert_finalize_object (f->liar);
  if (f->service != NULL)
    g_assert_finalize_object (f->service);
  fixture_wait_for_disk ();
  remove_folder (f->folder);
  g_free (f->folder);
  remove_folder (outbox);
}

/* Has @sink use the service of the fixture. */
void
fixture_adopt (Fixture    *f,
               GstElement *sink)
{
  if (f->service != NULL)
    g_object_set (sink, "base-url", "https://scribe.test/v1", NULL);
  g_object_set (sink, "access-token", "secret-token", "poll-interval",
                (guint64) 10 * GST_MSECOND, NULL);
  if (g_getenv ("EKASCRIBE_TEST_UPLOAD_TYPE") != NULL)
    gst_util_set_object_arg (G_OBJECT (sink), "upload-type",
                             g_getenv ("EKASCRIBE_TEST_UPLOAD_TYPE"));
  gst_ekascribe_sink_set_transport_func (GST_EKASCRIBE_SINK (sink),
                                         give_service, f);
}

/* Makes the pipeline; the sink gets the liar, a token and short times. */
void
fixture_launch (Fixture     *f,
                const gchar *line)
{
  g_autoptr (GError) error = NULL;

  f->pipeline = gst_parse_launch (line, &error);
  g_assert_no_error (error);
  if (!GST_IS_PIPELINE (f->pipeline)) {
    GstElement *element = f->pipeline;

    f->pipeline = gst_pipeline_new (NULL);
    gst_bin_add (GST_BIN (f->pipeline), element);
  }
  f->sink = gst_bin_get_by_name (GST_BIN (f->pipeline), "s");
  g_assert_nonnull (f->sink);
  fixture_adopt (f, f->sink);
  f->bus = gst_pipeline_get_bus (GST_PIPELINE (f->pipeline));
}

void
fixture_play (Fixture *f)
{
  gst_element_set_state (f->pipeline, GST_STATE_PLAYING);
}

static gboolean
is_awaited (GstMessage    *message,
            GstMessageType types,
            const gchar   *name,
            const gchar   *state)
{
  const GstStructure *structure = gst_message_get_structure (message);

  if (name == NULL)
    return (GST_MESSAGE_TYPE (message) & types) != 0;
  if (structure == NULL || !gst_structure_has_name (structure, name))
    return FALSE;
  return state == NULL ||
         g_strcmp0 (gst_structure_get_string (structure, "state"), state) == 0;
}

/* @message comes from the sink, or warns from within it. */
static gboolean
is_ours (Fixture    *f,
         GstMessage *message)
{
  GstObject *source = GST_MESSAGE_SRC (message);

  return source == GST_OBJECT (f->sink) ||
         (GST_MESSAGE_TYPE (message) == GST_MESSAGE_WARNING &&
          source != NULL &&
          gst_object_has_as_ancestor (source, GST_OBJECT (f->sink)));
}

static GstMessage *
wait_for (Fixture       *f,
          GstMessageType types,
          const gchar   *name,
          const gchar   *state)
{
  gint64 end = g_get_monotonic_time () + PATIENCE / GST_USECOND;
  GstMessage *message;

  while (g_get_monotonic_time () < end) {
    message = gst_bus_timed_pop (f->bus, PATIENCE);
    if (message == NULL)
      break;
    if (is_ours (f, message))
      g_ptr_array_add (f->messages, gst_message_ref (message));
    if (is_awaited (message, types, name, state))
      return message;
    gst_message_unref (message);
  }
  g_error ("the message that was waited for did not come");
}

/* Returns: (transfer full) */
GstMessage *
fixture_wait (Fixture       *f,
              GstMessageType types)
{
  return wait_for (f, types, NULL, NULL);
}

/* Returns: (transfer full): the element message @name; in @state, if given */
GstMessage *
fixture_wait_name (Fixture     *f,
                   const gchar *name,
                   const gchar *state)
{
  return wait_for (f, 0, name, state);
}

/* Plays @line to its end. Returns: (transfer full): EOS or ERROR */
GstMessage *
fixture_run (Fixture     *f,
             const gchar *line)
{
  fixture_launch (f, line);
  fixture_play (f);
  return fixture_wait (f, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
}

const GstStructure *
fixture_find (Fixture     *f,
              const gchar *name)
{
  return fixture_find_nth (f, name, 0);
}

/* The same for all but the first @nth messages. */
const GstStructure *
fixture_find_nth (Fixture     *f,
                  const gchar *name,
                  guint        nth)
{
  guint i;

  for (i = 0; i < f->messages->len; i++) {
    const GstStructure *structure =
        gst_message_get_structure (g_ptr_array_index (f->messages, i));

    if (structure != NULL && gst_structure_has_name (structure, name) &&
        nth-- == 0)
      return structure;
  }
  return NULL;
}

guint
fixture_count_type (Fixture       *f,
                    GstMessageType type)
{
  guint i, n = 0;

  for (i = 0; i < f->messages->len; i++)
    n += GST_MESSAGE_TYPE (g_ptr_array_index (f->messages, i)) == type;
  return n;
}

guint64
fixture_get_stat (Fixture     *f,
                  const gchar *name)
{
  g_autoptr (GstStructure) stats = NULL;
  guint64 number = 0;

  g_object_get (f->sink, "stats", &stats, NULL);
  gst_structure_get_uint64 (stats, name, &number);
  return number;
}

static gboolean
tick (gpointer user_data)
{
  return G_SOURCE_CONTINUE;
}

void
fixture_wait_for_stat (Fixture     *f,
                       const gchar *name,
                       guint64      least)
{
  gint64 end = g_get_monotonic_time () + PATIENCE / GST_USECOND;
  guint ticker = g_timeout_add (2, tick, NULL);

  while (fixture_get_stat (f, name) < least) {
    g_assert_cmpint (g_get_monotonic_time (), <, end);
    g_main_context_iteration (NULL, TRUE);
  }
  g_source_remove (ticker);
}

guint
fixture_count (Fixture     *f,
               const gchar *name)
{
  guint i, n = 0;

  for (i = 0; i < f->messages->len; i++) {
    const GstStructure *structure =
        gst_message_get_structure (g_ptr_array_index (f->messages, i));

    n += structure != NULL && gst_structure_has_name (structure, name);
  }
  return n;
}

/* For a service that has done its work. Returns: (transfer none) */
GBytes *
fixture_get_upload (Fixture     *f,
                    guint        nth,
                    const gchar *media_type)
{
  EkaRequest *request = eka_liar_nth (f->liar, EKA_CALL_UPLOAD, nth);

  g_assert_nonnull (request);
  g_assert_cmpstr (request->content_type, ==, media_type);
  return request->body;
}

/* Returns: (transfer full): what Create was told */
gchar *
fixture_get_create (Fixture *f,
                    guint    nth)
{
  EkaRequest *request = eka_liar_nth (f->liar, EKA_CALL_CREATE, nth);
  gsize size;
  const gchar *text;

  g_assert_nonnull (request);
  text = g_bytes_get_data (request->body, &size);
  return g_strndup (text, size);
}

guint
fixture_count_calls (Fixture *f,
                     EkaCall  call)
{
  return eka_liar_count (f->liar, call);
}

/* Returns: how many uploads are of @media_type */
guint
fixture_count_uploads (Fixture     *f,
                       const gchar *media_type)
{
  const guint n = fixture_count_calls (f, EKA_CALL_UPLOAD);
  guint i, found = 0;

  for (i = 0; i < n; i++)
    found += g_str_equal (
        eka_liar_nth (f->liar, EKA_CALL_UPLOAD, i)->content_type, media_type);
  return found;
}

void
fixture_assert_error (GstMessage  *message,
                      GQuark       domain,
                      gint         code,
                      const gchar *text)
{
  g_autoptr (GError) error = NULL;
  g_autofree gchar *debug = NULL;

  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_WARNING)
    gst_message_parse_warning (message, &error, &debug);
  else
    gst_message_parse_error (message, &error, &debug);
  g_assert_error (error, domain, code);
  if (strstr (error->message, text) == NULL)
    g_error ("\"%s\" does not say \"%s\"", error->message, text);
  g_assert_null (strstr (debug, "secret-token"));
}

/* Of the stream, and of all sessions. */
void
fixture_await_end (Fixture *f)
{
  g_autoptr (GstMessage) end =
      fixture_wait (f, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);

  g_assert_cmpint (GST_MESSAGE_TYPE (end), ==, GST_MESSAGE_EOS);
}

/* Returns: (transfer none) (nullable) */
const gchar *
fixture_get_detail (GstMessage  *message,
                    const gchar *name)
{
  const GstStructure *details = NULL;

  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_WARNING)
    gst_message_parse_warning_details (message, &details);
  else
    gst_message_parse_error_details (message, &details);
  g_assert_nonnull (details);
  return gst_structure_get_string (details, name);
}

/* Requests a pad for a sink that stands alone. Returns: (transfer full) */
GstPad *
fixture_get_source (Fixture *f)
{
  GstPad *pad = gst_element_request_pad_simple (f->sink, "audio_%u");

  g_assert_nonnull (pad);
  return pad;
}

/* Begins a stream of @caps by hand. Returns: (transfer full): the pad */
GstPad *
fixture_start_push (Fixture     *f,
                    const gchar *caps)
{
  GstPad *pad = fixture_get_source (f);
  g_autoptr (GstCaps) parsed = gst_caps_from_string (caps);
  GstSegment segment;

  fixture_play (f);
  gst_segment_init (&segment, GST_FORMAT_TIME);
  g_assert_true (
      gst_pad_send_event (pad, gst_event_new_stream_start ("test")));
  g_assert_true (gst_pad_send_event (pad, gst_event_new_caps (parsed)));
  g_assert_true (gst_pad_send_event (pad, gst_event_new_segment (&segment)));
  return pad;
}

static gboolean
answer_latency (GstPad    *pad,
                GstObject *parent,
                GstQuery  *query)
{
  if (GST_QUERY_TYPE (query) != GST_QUERY_LATENCY)
    return gst_pad_query_default (pad, parent, query);
  gst_query_set_latency (query, TRUE, 0, GST_CLOCK_TIME_NONE);
  return TRUE;
}

/* What @source gives can't wait, it says. */
void
fixture_make_live (GstPad *source)
{
  gst_pad_set_query_function (source, answer_latency);
}

GstFlowReturn
fixture_push_pcm (GstPad      *pad,
                  GstClockTime pts,
                  GstClockTime duration)
{
  gsize size = gst_util_uint64_scale (duration, 16000, GST_SECOND) * 2;
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, size, NULL);

  gst_buffer_memset (buffer, 0, 1, size);
  GST_BUFFER_PTS (buffer) = pts;
  GST_BUFFER_DURATION (buffer) = duration;
  return gst_pad_chain (pad, buffer);
}

/* 20 ms of silence (RFC 6716, section 3.1: configuration 31). */
GstFlowReturn
fixture_push_opus (GstPad      *pad,
                   GstClockTime pts,
                   guint        channels)
{
  const guint8 packet[] = { channels == 2 ? 0xfc : 0xf8, 0xff, 0xfe };
  GstBuffer *buffer = gst_buffer_new_memdup (packet, sizeof packet);

  GST_BUFFER_PTS (buffer) = pts;
  GST_BUFFER_DURATION (buffer) = 20 * GST_MSECOND;
  return gst_pad_chain (pad, buffer);
}

static gboolean
wait_at_gate (gpointer user_data)
{
  Fixture *f = user_data;

  g_mutex_lock (&f->lock);
  while (f->closed)
    g_cond_wait (&f->opened, &f->lock);
  g_mutex_unlock (&f->lock);
  return G_SOURCE_REMOVE;
}

/* The worker does nothing more until the gate is opened. */
void
fixture_close_gate (Fixture   *f,
                    EkaWorker *worker)
{
  f->closed = TRUE;
  eka_worker_invoke (worker, wait_at_gate, f, NULL);
}

void
fixture_open_gate (Fixture *f)
{
  g_mutex_lock (&f->lock);
  f->closed = FALSE;
  g_cond_signal (&f->opened);
  g_mutex_unlock (&f->lock);
}

/* Of silence. */
void
fixture_push_seconds (GstPad *pad,
                      guint   from,
                      guint   to)
{
  guint i;

  for (i = from; i < to; i++)
    g_assert_cmpint (fixture_push_pcm (pad, i * GST_SECOND, GST_SECOND), ==,
                     GST_FLOW_OK);
}

/* Ends a recording, and lets go of its pad.
 * @pad: (transfer full)
 * @how: what may come of it: EOS, an error or either */
void
fixture_finish (Fixture       *f,
                GstPad        *pad,
                GstMessageType how)
{
  g_autoptr (GstMessage) end = NULL;

  g_assert_true (gst_pad_send_event (pad, gst_event_new_eos ()));
  end = fixture_wait (f, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  g_assert_cmpint (GST_MESSAGE_TYPE (end) & how, !=, 0);
  gst_element_release_request_pad (f->sink, pad);
  gst_object_unref (pad);
}
