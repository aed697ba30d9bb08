/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* upload-type=stream: what comes in on the pad is what the service hears, once,
 * whatever becomes of the stream. */
#include "fixture.h"

#include <string.h>

#include "scribe/session.h"

#define ELEMENT                                                               \
  "ekascribesink name=s upload-type=stream max-chunk-duration=1000000000 "

/* Enough for the pending part of 100 ms that a cut leaves behind. */
#define SECOND_SIZE 32000

/* --- what was heard --------------------------------------------------------- */

/* Samples that no other second has. */
static void
push_seconds (GstPad     *pad,
              GByteArray *audio,
              guint       from,
              guint       to)
{
  guint i, j;

  for (i = from; i < to; i++) {
    GstBuffer *buffer;
    guint16 *samples = g_new (guint16, SECOND_SIZE / 2);

    for (j = 0; j < SECOND_SIZE / 2; j++)
      samples[j] = GUINT16_TO_LE ((guint16) g_test_rand_int ());
    g_byte_array_append (audio, (guint8 *) samples, SECOND_SIZE);
    buffer = gst_buffer_new_wrapped (samples, SECOND_SIZE);
    GST_BUFFER_PTS (buffer) = i * GST_SECOND;
    GST_BUFFER_DURATION (buffer) = GST_SECOND;
    g_assert_cmpint (gst_pad_chain (pad, buffer), ==, GST_FLOW_OK);
  }
}

static void
assert_same (GByteArray *heard,
             GByteArray *audio)
{
  guint i = 0;

  g_assert_cmpuint (heard->len, ==, audio->len);
  while (i < heard->len && heard->data[i] == audio->data[i])
    i++;
  g_assert_cmpuint (i, ==, audio->len);
}

/* All streams that came to their end, one behind the other. */
static GByteArray *
join_streams (Fixture *f)
{
  GByteArray *heard = g_byte_array_new ();
  guint i;

  for (i = 0; i < f->liar->sockets->len; i++) {
    EkaLiarSocket *socket = g_ptr_array_index (f->liar->sockets, i);

    if (socket->stopped)
      g_byte_array_append (heard, socket->pcm->data, socket->pcm->len);
  }
  return heard;
}

static GByteArray *
join_uploads (Fixture *f)
{
  GByteArray *heard = g_byte_array_new ();
  guint i;

  for (i = 0; i < fixture_count_calls (f, EKA_CALL_UPLOAD); i++) {
    gsize size;
    const guint8 *data =
        g_bytes_get_data (fixture_get_upload (f, i, "audio/wav"), &size);

    g_byte_array_append (heard, data + 44, (guint) size - 44);
  }
  return heard;
}

static GstPad *
start (Fixture     *f,
       const gchar *line,
       const gchar *caps)
{
  fixture_launch (f, line);
  fixture_play (f);
  return fixture_start_push (f, caps);
}

/* Closes the last stream with @code, on the network thread. */
typedef struct
{
  Fixture *f;
  guint code;
  gboolean done;
} Break;

static gboolean
break_on_worker (gpointer user_data)
{
  Break *job = user_data;

  eka_socket_tell_closed (EKA_SOCKET (job->f->liar->socket), job->code, NULL);
  g_atomic_int_set (&job->done, TRUE);
  return G_SOURCE_REMOVE;
}

static void
break_stream (Fixture *f,
              guint    code)
{
  EkaWorker *worker = eka_worker_acquire ();
  Break job = { f, code, FALSE };

  eka_worker_invoke (worker, break_on_worker, &job, NULL);
  while (!g_atomic_int_get (&job.done))
    g_thread_yield ();
  eka_worker_release (worker);
}

/* --- all is well ------------------------------------------------------------ */

static void
test_pcm (Fixture      *f,
          gconstpointer data)
{
  g_autoptr (GByteArray) audio = g_byte_array_new ();
  g_autoptr (GByteArray) heard = NULL;
  GstPad *pad = start (f, ELEMENT, PCM);

  push_seconds (pad, audio, 0, 10);
  fixture_wait_for_stat (f, "bytes-streamed", 10 * SECOND_SIZE);
  g_assert_cmpuint (fixture_get_stat (f, "bytes-waiting"), ==, 0);
  fixture_finish (f, pad, GST_MESSAGE_EOS);
  heard = join_streams (f);
  assert_same (heard, audio);
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_UPLOAD), ==, 0);
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_END), ==, 1);
  g_assert_cmpuint (fixture_count (f, "ekascribe-result"), ==, 1);
  g_assert_cmpuint (fixture_count (f, "ekascribe-chunk"), ==, 0);
  g_assert_cmpuint (fixture_count_type (f, GST_MESSAGE_WARNING), ==, 0);
}

/* Other formats are made into what goes out. */
static void
test_converted (Fixture      *f,
                gconstpointer line)
{
  g_autoptr (GstMessage) end = fixture_run (f, line);
  g_autoptr (GByteArray) heard = join_streams (f);

  g_assert_cmpint (GST_MESSAGE_TYPE (end), ==, GST_MESSAGE_EOS);
  g_assert_cmpuint (heard->len, >, 2 * SECOND_SIZE * 98 / 100);
  g_assert_cmpuint (heard->len, <=, 2 * SECOND_SIZE);
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_UPLOAD), ==, 0);
}

/* A part of a sample is no reason to lose the rest. */
static void
test_odd_sizes (Fixture      *f,
                gconstpointer data)
{
  g_autoptr (GByteArray) audio = g_byte_array_new ();
  g_autoptr (GByteArray) heard = NULL;
  GstPad *pad = start (f, ELEMENT, PCM);
  guint i, j;

  for (i = 0; i < 60; i++) {
    guint size = i % 10 == 3 ? 3201 : 3200;
    guint8 *samples = g_malloc (size);
    GstBuffer *buffer;

    for (j = 0; j < size; j++)
      samples[j] = (guint8) g_test_rand_int ();
    g_byte_array_append (audio, samples, 3200);
    buffer = gst_buffer_new_wrapped (samples, size);
    GST_BUFFER_PTS (buffer) = i * 100 * GST_MSECOND;
    GST_BUFFER_DURATION (buffer) = 100 * GST_MSECOND;
    g_assert_cmpint (gst_pad_chain (pad, buffer), ==, GST_FLOW_OK);
  }
  fixture_finish (f, pad, GST_MESSAGE_EOS);
  heard = join_streams (f);
  assert_same (heard, audio);
  g_assert_cmpuint (fixture_get_stat (f, "packets"), ==, 60);
  g_assert_cmpuint (fixture_get_stat (f, "packets-damaged"), ==, 6);
}

/* --- what the service says -------------------------------------------------- */

static gboolean
talk_on_worker (gpointer user_data)
{
  Break *job = user_data;
  static const gchar *const texts[] = { "{\"transcript\":\"a cough\"}",
                                        "hello" };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (texts); i++) {
    g_autoptr (GBytes) bytes = g_bytes_new_static (texts[i], strlen (texts[i]));

    eka_socket_tell_message (EKA_SOCKET (job->f->liar->socket), bytes, TRUE);
    eka_socket_tell_message (EKA_SOCKET (job->f->liar->socket), bytes, FALSE);
  }
  g_atomic_int_set (&job->done, TRUE);
  return G_SOURCE_REMOVE;
}

static void
test_messages (Fixture      *f,
               gconstpointer data)
{
  g_autoptr (GByteArray) audio = g_byte_array_new ();
  EkaWorker *worker = eka_worker_acquire ();
  GstPad *pad = start (f, ELEMENT, PCM);
  Break job = { f };
  const GstStructure *structure;
  gboolean final = TRUE;

  push_seconds (pad, audio, 0, 1);
  fixture_wait_for_stat (f, "bytes-streamed", SECOND_SIZE);
  eka_worker_invoke (worker, talk_on_worker, &job, NULL);
  eka_worker_release (worker);
  fixture_wait_for_stat (f, "stream-binaries", 2);
  fixture_finish (f, pad, GST_MESSAGE_EOS);
  structure = fixture_find (f, "ekascribe-transcript");
  g_assert_cmpstr (gst_structure_get_string (structure, "text"), ==,
                   "a cough");
  g_assert_true (gst_structure_get_boolean (structure, "final", &final));
  g_assert_false (final);
  structure = fixture_find (f, "ekascribe-stream-message");
  g_assert_cmpstr (gst_structure_get_string (structure, "text"), ==, "hello");
  g_assert_nonnull (gst_structure_get_string (structure, "session-id"));
}

/* --- what breaks ------------------------------------------------------------ */

static void
test_broken (Fixture      *f,
             gconstpointer data)
{
  g_autoptr (GByteArray) audio = g_byte_array_new ();
  g_autoptr (GByteArray) heard = NULL;
  g_autoptr (GstMessage) warning = NULL;
  const GstStructure *result;
  GstPad *pad = start (f, ELEMENT, PCM);

  push_seconds (pad, audio, 0, 5);
  fixture_wait_for_stat (f, "bytes-streamed", 5 * SECOND_SIZE);
  break_stream (f, GPOINTER_TO_UINT (data));
  warning = fixture_wait (f, GST_MESSAGE_WARNING);
  push_seconds (pad, audio, 5, 10);
  fixture_finish (f, pad, GST_MESSAGE_EOS);
  heard = join_uploads (f);
  assert_same (heard, audio);
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_END), ==, 1);
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_PATCH), ==, 1);
  g_assert_cmpuint (fixture_get_stat (f, "sessions-replaced"), ==, 1);
  result = fixture_find (f, "ekascribe-result");
  g_assert_cmpstr (gst_structure_get_string (result, "session-id"), ==,
                   f->liar->session_id);
}

static void
test_no_fallback (Fixture      *f,
                  gconstpointer data)
{
  g_autoptr (GByteArray) audio = g_byte_array_new ();
  g_autoptr (GstMessage) warning = NULL;
  GstPad *pad = start (f, ELEMENT "stream-fallback=false", PCM);

  push_seconds (pad, audio, 0, 5);
  fixture_wait_for_stat (f, "bytes-streamed", 5 * SECOND_SIZE);
  break_stream (f, 1006);
  warning = fixture_wait (f, GST_MESSAGE_WARNING);
  g_assert_cmpstr (fixture_get_detail (warning, "property"), ==,
                   "stream-fallback");
  push_seconds (pad, audio, 5, 6);
  fixture_finish (f, pad, GST_MESSAGE_ERROR);
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_UPLOAD), ==, 0);
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_END), ==, 0);
}

/* --- several sessions --------------------------------------------------------- */

static void
push_short_sessions (Fixture *f)
{
  guint i;

  for (i = 0; i < 10; i++)
    eka_liar_push (f->liar, EKA_CALL_DISCOVER, 200,
                   "{\"capabilities\":{\"upload_methods\":[\"chunked\","
                   "\"stream\"]},\"models\":[{\"id\":\"lite\","
                   "\"max_session_duration_seconds\":3}]}");
}

/* What one session streams is what its chunks hold: not a sample more. */
static void
test_rolled_over (Fixture      *f,
                  gconstpointer data)
{
  g_autoptr (GByteArray) audio = g_byte_array_new ();
  g_autoptr (GByteArray) heard = NULL;
  GstPad *pad;
  guint i;

  push_short_sessions (f);
  pad = start (f, ELEMENT, PCM);
  push_seconds (pad, audio, 0, 1);
  fixture_wait_for_stat (f, "bytes-streamed", SECOND_SIZE);
  push_seconds (pad, audio, 1, 10);
  fixture_finish (f, pad, GST_MESSAGE_EOS);
  heard = join_streams (f);
  assert_same (heard, audio);
  g_assert_cmpuint (f->liar->sockets->len, ==, 4);
  for (i = 0; i < 4; i++) {
    EkaLiarSocket *socket = g_ptr_array_index (f->liar->sockets, i);

    g_assert_cmpuint (socket->pcm->len, ==, (i < 3 ? 3 : 1) * SECOND_SIZE);
  }
  g_assert_cmpuint (fixture_count (f, "ekascribe-result"), ==, 4);
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_END), ==, 4);
}

/* A session that expires soon makes room for another one, between two packets. */
static void
test_grown_old (Fixture      *f,
                gconstpointer data)
{
  g_autoptr (GByteArray) audio = g_byte_array_new ();
  g_autoptr (GByteArray) heard = NULL;
  gint64 end = g_get_monotonic_time () + G_TIME_SPAN_MINUTE;
  GstPad *pad;
  guint i;

  eka_liar_push (f->liar, EKA_CALL_CREATE, 201,
                 "{\"session_id\":\"ses_of_two_seconds\",\"status\":"
                 "\"created\",\"created_at\":\"2026-06-06T14:21:07Z\","
                 "\"expires_at\":\"2026-06-06T14:21:09Z\",\"upload_url\":"
                 "\"wss://api.eka.care/stream\"}");
  pad = start (f, ELEMENT, PCM);
  for (i = 0; fixture_count_calls (f, EKA_CALL_CREATE) < 2; i++) {
    g_assert_cmpint (g_get_monotonic_time (), <, end);
    /* Long before memory is full, or the session for the model. */
    g_assert_cmpuint (i, <, 1900);
    push_seconds (pad, audio, i, i + 1);
    fixture_wait_for_stat (f, "bytes-streamed", (i + 1) * SECOND_SIZE);
    /* It is by the clock on the wall that a session grows old. */
    g_usleep (5000);
  }
  fixture_finish (f, pad, GST_MESSAGE_EOS);
  heard = join_streams (f);
  assert_same (heard, audio);
  g_assert_cmpuint (f->liar->sockets->len, ==, 2);
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_UPLOAD), ==, 0);
}

/* The first session breaks at its very end, while the second one streams: its
 * audio goes up in chunks, and so does what comes after. */
static void
test_rolled_over_and_broken (Fixture      *f,
                             gconstpointer data)
{
  g_autoptr (GByteArray) audio = g_byte_array_new ();
  g_autoptr (GByteArray) streamed = NULL;
  g_autoptr (GByteArray) uploaded = NULL;
  EkaLiarSocket *second;
  GstPad *pad;

  push_short_sessions (f);
  f->liar->no_close = TRUE;
  pad = start (f, ELEMENT, PCM);
  push_seconds (pad, audio, 0, 1);
  fixture_wait_for_stat (f, "bytes-streamed", SECOND_SIZE);
  push_seconds (pad, audio, 1, 3);
  fixture_wait_for_stat (f, "bytes-streamed", 3 * SECOND_SIZE);
  f->liar->no_close = FALSE;
  push_seconds (pad, audio, 3, 4);
  /* The end of the first one was told, but not answered: it is the first that
   * breaks, unless the second one is there already. */
  while (!((EkaLiarSocket *) g_ptr_array_index (f->liar->sockets, 0))->stopped)
    g_thread_yield ();
  {
    EkaWorker *worker = eka_worker_acquire ();
    Fixture copy = *f;
    EkaLiar liar = *f->liar;
    Break job = { &copy, 1006, FALSE };

    liar.socket = g_ptr_array_index (f->liar->sockets, 0);
    copy.liar = &liar;
    eka_worker_invoke (worker, break_on_worker, &job, NULL);
    while (!g_atomic_int_get (&job.done))
      g_thread_yield ();
    eka_worker_release (worker);
  }
  push_seconds (pad, audio, 4, 9);
  fixture_finish (f, pad, GST_MESSAGE_EOS);
  second = g_ptr_array_index (f->liar->sockets, 1);
  g_assert_cmpuint (f->liar->sockets->len, ==, 2);
  g_assert_cmpmem (second->pcm->data, second->pcm->len,
                   audio->data + 3 * SECOND_SIZE, 3 * SECOND_SIZE);
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_UPLOAD), ==, 6);
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_END), ==, 3);
  g_assert_cmpuint (fixture_get_stat (f, "time-lost"), ==, 0);
}

/* Nothing of a stream is let go before its results are there: to make room the
 * recording goes on in another session. */
static void
test_full_memory (Fixture      *f,
                  gconstpointer data)
{
  g_autoptr (GByteArray) audio = g_byte_array_new ();
  g_autoptr (GByteArray) heard = NULL;
  GstPad *pad = start (f, ELEMENT "max-size-bytes=100000", PCM);

  push_seconds (pad, audio, 0, 20);
  fixture_finish (f, pad, GST_MESSAGE_EOS);
  heard = join_streams (f);
  assert_same (heard, audio);
  g_assert_cmpuint (f->liar->sockets->len, >, 3);
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_UPLOAD), ==, 0);
  g_assert_cmpuint (fixture_get_stat (f, "time-lost"), ==, 0);
}

/* Live, and nobody reads: what is dropped from memory is dropped from the stream,
 * which is given up. */
static void
test_live_and_never_read (Fixture      *f,
                          gconstpointer data)
{
  g_autoptr (GByteArray) audio = g_byte_array_new ();
  g_autoptr (GstPad) live = gst_pad_new ("src", GST_PAD_SRC);
  GstPad *pad;
  guint64 kept;

  f->liar->held = TRUE;
  pad = start (f, ELEMENT "max-size-bytes=100000", PCM);
  gst_object_ref_sink (live);
  fixture_make_live (live);
  gst_pad_set_active (live, TRUE);
  g_assert_cmpint (gst_pad_link_full (live, pad, GST_PAD_LINK_CHECK_NOTHING),
                   ==, GST_PAD_LINK_OK);
  push_seconds (pad, audio, 0, 30);
  kept = fixture_get_stat (f, "bytes-kept");
  g_assert_cmpuint (kept, <=, 200000 + SECOND_SIZE);
  g_assert_cmpuint (fixture_get_stat (f, "time-lost"), >, 0);
  gst_pad_unlink (live, pad);
  gst_pad_set_active (live, FALSE);
  /* All of the first session may be lost, which is an error. */
  fixture_finish (f, pad, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_UPLOAD), ==,
                    30 - fixture_get_stat (f, "time-lost") / GST_SECOND);
}

/* --- services without streams ------------------------------------------------- */

#define NO_STREAM "{\"capabilities\":{\"upload_methods\":[\"chunked\"]}}"

static void
test_not_offered (Fixture      *f,
                  gconstpointer data)
{
  g_autoptr (GstMessage) end = NULL;

  eka_liar_push (f->liar, EKA_CALL_DISCOVER, 200, NO_STREAM);
  end = fixture_run (f, "audiotestsrc num-buffers=100 samplesperbuffer=960 ! "
                        "audio/x-raw,rate=48000,channels=1 ! opusenc ! "
                        "ekascribesink name=s upload-type=stream");
  g_assert_cmpint (GST_MESSAGE_TYPE (end), ==, GST_MESSAGE_EOS);
  g_assert_cmpuint (f->liar->sockets->len, ==, 0);
  g_assert_cmpuint (fixture_count_type (f, GST_MESSAGE_WARNING), ==, 1);
  /* What needs no decoding is not decoded. */
  fixture_get_upload (f, 0, "audio/ogg;codecs=opus");
}

static void
test_not_offered_and_no_fallback (Fixture      *f,
                                  gconstpointer data)
{
  g_autoptr (GstMessage) end = NULL;

  eka_liar_push (f->liar, EKA_CALL_DISCOVER, 200, NO_STREAM);
  end = fixture_run (f, "audiotestsrc num-buffers=100 ! ekascribesink name=s "
                        "upload-type=stream stream-fallback=false");
  g_assert_cmpint (GST_MESSAGE_TYPE (end), ==, GST_MESSAGE_ERROR);
  g_assert_cmpstr (fixture_get_detail (end, "property"), ==, "upload-type");
}

/* Opus that was held back, for it was not known whether it is to be decoded, on
 * a pad that goes: it is kept as it is. */
static void
test_held_back_and_released (Fixture      *f,
                             gconstpointer data)
{
  EkaWorker *worker = eka_worker_acquire ();
  g_autoptr (GstMessage) end = NULL;
  GstPad *pad;
  guint i;

  fixture_close_gate (f, worker);
  pad = start (f, ELEMENT, OPUS);
  for (i = 0; i < 100; i++)
    g_assert_cmpint (fixture_push_opus (pad, i * 20 * GST_MSECOND, 1), ==,
                     GST_FLOW_OK);
  gst_element_release_request_pad (f->sink, pad);
  gst_object_unref (pad);
  fixture_open_gate (f);
  end = fixture_wait (f, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  g_assert_cmpint (GST_MESSAGE_TYPE (end), ==, GST_MESSAGE_EOS);
  fixture_get_upload (f, 0, "audio/ogg;codecs=opus");
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_END), ==, 1);
  g_assert_cmpuint (fixture_get_stat (f, "audio-duration"), ==,
                    2 * GST_SECOND);
  eka_worker_release (worker);
}

/* --- states ------------------------------------------------------------------- */

static void
test_discard (Fixture      *f,
              gconstpointer data)
{
  g_autoptr (GByteArray) audio = g_byte_array_new ();
  GstPad *pad = start (f, ELEMENT, PCM);

  push_seconds (pad, audio, 0, 3);
  fixture_wait_for_stat (f, "bytes-streamed", 3 * SECOND_SIZE);
  g_signal_emit_by_name (f->sink, "discard");
  push_seconds (pad, audio, 3, 6);
  fixture_finish (f, pad, GST_MESSAGE_EOS);
  g_assert_false (f->liar->socket->stopped);
  g_assert_cmpuint (f->liar->socket->pcm->len, ==, 3 * SECOND_SIZE);
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_PATCH), ==, 1);
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_END), ==, 0);
}

/* Two recordings, with a flush in between that drops nothing. */
static void
test_again (Fixture      *f,
            gconstpointer data)
{
  g_autoptr (GByteArray) audio = g_byte_array_new ();
  g_autoptr (GByteArray) heard = NULL;
  g_autoptr (GstMessage) end = NULL;
  GstPad *pad = start (f, ELEMENT, PCM);
  GstSegment segment;

  push_seconds (pad, audio, 0, 3);
  gst_pad_send_event (pad, gst_event_new_flush_start ());
  gst_pad_send_event (pad, gst_event_new_flush_stop (TRUE));
  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_pad_send_event (pad, gst_event_new_segment (&segment));
  push_seconds (pad, audio, 0, 3);
  g_assert_true (gst_pad_send_event (pad, gst_event_new_eos ()));
  end = fixture_wait (f, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  gst_pad_send_event (pad, gst_event_new_flush_start ());
  gst_pad_send_event (pad, gst_event_new_flush_stop (TRUE));
  gst_pad_send_event (pad, gst_event_new_segment (&segment));
  push_seconds (pad, audio, 0, 2);
  fixture_finish (f, pad, GST_MESSAGE_EOS);
  heard = join_streams (f);
  assert_same (heard, audio);
  g_assert_cmpuint (f->liar->sockets->len, ==, 2);
}

static void
test_stopped_in_the_middle (Fixture      *f,
                            gconstpointer data)
{
  g_autoptr (GByteArray) audio = g_byte_array_new ();
  g_autoptr (GstMessage) warning = NULL;
  GstPad *pad = start (f, ELEMENT, PCM);

  push_seconds (pad, audio, 0, 3);
  fixture_wait_for_stat (f, "bytes-streamed", 3 * SECOND_SIZE);
  gst_element_set_state (f->pipeline, GST_STATE_READY);
  warning = fixture_wait (f, GST_MESSAGE_ERROR);
  fixture_assert_error (warning, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_WRITE,
                        "3.0 s of audio were not delivered");
  gst_element_release_request_pad (f->sink, pad);
  gst_object_unref (pad);
  gst_element_set_state (f->pipeline, GST_STATE_NULL);
  g_assert_false (f->liar->socket->stopped);
  g_assert_cmpuint (fixture_count_calls (f, EKA_CALL_END), ==, 0);
}

#define CONVERTED "audiotestsrc num-buffers=100 samplesperbuffer=960 ! "       \
  "audio/x-raw,rate=48000,channels=2 ! "

int
main (int    argc,
      char **argv)
{
  fixture_init (&argc, &argv);
  add_test ("/stream/pcm", test_pcm);
  g_test_add ("/stream/converted/raw", Fixture, CONVERTED ELEMENT,
              fixture_set_up, test_converted, fixture_tear_down);
  g_test_add ("/stream/converted/opus", Fixture, CONVERTED "opusenc ! " ELEMENT,
              fixture_set_up, test_converted, fixture_tear_down);
  g_test_add ("/stream/converted/alaw", Fixture,
              "audiotestsrc num-buffers=100 samplesperbuffer=160 ! "
              "audio/x-raw,rate=8000,channels=1 ! alawenc ! " ELEMENT,
              fixture_set_up, test_converted, fixture_tear_down);
  add_test ("/stream/odd-sizes", test_odd_sizes);
  add_test ("/stream/messages", test_messages);
  g_test_add ("/stream/broken/1006", Fixture, GUINT_TO_POINTER (1006),
              fixture_set_up, test_broken, fixture_tear_down);
  g_test_add ("/stream/broken/1000", Fixture, GUINT_TO_POINTER (1000),
              fixture_set_up, test_broken, fixture_tear_down);
  add_test ("/stream/no-fallback", test_no_fallback);
  add_test ("/stream/rolled-over", test_rolled_over);
  add_test ("/stream/grown-old", test_grown_old);
  add_test ("/stream/rolled-over-and-broken", test_rolled_over_and_broken);
  add_test ("/stream/full-memory", test_full_memory);
  add_test ("/stream/live-and-never-read", test_live_and_never_read);
  add_test ("/stream/not-offered", test_not_offered);
  add_test ("/stream/not-offered-no-fallback",
            test_not_offered_and_no_fallback);
  add_test ("/stream/held-back-and-released", test_held_back_and_released);
  add_test ("/stream/discard", test_discard);
  add_test ("/stream/again", test_again);
  add_test ("/stream/stopped", test_stopped_in_the_middle);
  return g_test_run ();
}
