/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What applications do, at random and in a hurry, to services of every mood:
 * nothing hangs, nothing is critical, nothing leaks, and no state change waits
 * for the network. */
#include "fixture.h"

#include "scribe/error.h"
#include "scribe/worker.h"

/* Of each mood; fewer where a checker makes each of them a hundred times as
 * long. The environment tells, as it does for the other tests. */
#define OPERATIONS 2000
#define CHECKED_OPERATIONS 100

/* What a state change may take. A machine that has other work may take a thread
 * off its processor for as long; where that happened the wall clock is not held
 * against us, but the count is printed. */
#define LONG (100 * G_TIME_SPAN_MILLISECOND)
#define TOO_LONG (20 * G_TIME_SPAN_SECOND)

/* An answer that takes its time, and comes. */
#define SLOWLY 30

typedef enum
{
  WELL,
  DEAD,   /* no connection for `call` */
  STALLS, /* `call` is never answered */
  SLOW,   /* every call is answered late */
  HELD,   /* a stream takes one message */
  OPEN,   /* a stream is never closed */
  LOSES,  /* every session is gone at its second upload */
} Manner;

typedef struct
{
  const gchar *name;
  Manner manner;
  EkaCall call;
  const gchar *upload_type; /* NULL: chunked */
} Mood;

static const Mood moods[] = {
  { "well", WELL, 0 },
  { "dead", DEAD, EKA_CALL_DISCOVER },
  { "no-discovery-yet", STALLS, EKA_CALL_DISCOVER },
  { "no-session-yet", STALLS, EKA_CALL_CREATE },
  { "swallows-nothing", STALLS, EKA_CALL_UPLOAD },
  { "never-ends", STALLS, EKA_CALL_END },
  { "never-done", STALLS, EKA_CALL_GET },
  { "slow", SLOW, 0 },
  { "loses-sessions", LOSES, EKA_CALL_UPLOAD },
  { "streams", WELL, 0, "stream" },
  { "no-stream", DEAD, EKA_CALL_STREAM, "stream" },
  { "no-stream-yet", STALLS, EKA_CALL_STREAM, "stream" },
  { "breaks-streams", LOSES, EKA_CALL_STREAM, "stream" },
  { "swallows-streams", HELD, 0, "stream" },
  { "never-closes", OPEN, 0, "stream" },
  { "streams-slowly", SLOW, 0, "stream" },
};

static guint operations = OPERATIONS;

static void
refill (Fixture    *f,
        const Mood *mood,
        guint       n)
{
  if (mood->manner == STALLS)
    eka_liar_push_stall (f->liar, mood->call);
  else if (mood->manner == DEAD)
    eka_liar_push_error (f->liar, mood->call,
                         g_error_new_literal (EKA_SCRIBE_ERROR,
                                              EKA_SCRIBE_ERROR_NETWORK,
                                              "no route to host"));
  else if (mood->manner == LOSES && n % 2 == 1)
    eka_liar_push (f->liar, mood->call, 410, "{\"status\":\"expired\"}");
}

/* Takes what is there, and sometimes lets the pipeline get further. */
static void
take_messages (Fixture *f)
{
  GstClockTime patience = g_test_rand_int_range (0, 5) * GST_MSECOND;
  GstMessage *message;

  while ((message = gst_bus_timed_pop (f->bus, patience)) != NULL) {
    gst_message_unref (message);
    patience /= 2;
  }
}

static GstState
state_of (Fixture *f)
{
  GstState state = GST_STATE_NULL;

  gst_element_get_state (f->pipeline, &state, NULL, 0);
  return state;
}

/* The pad goes, with whatever it has and while audio comes; another one comes
 * when nothing flows, or goes again at once. */
static void
change_pad (Fixture *f)
{
  g_autoptr (GstElement) encoder = gst_bin_get_by_name (
      GST_BIN (f->pipeline), "encoder");
  g_autoptr (GstPad) source = gst_element_get_static_pad (encoder, "src");
  g_autoptr (GstPad) pad = gst_pad_get_peer (source);

  if (pad != NULL) {
    gst_pad_unlink (source, pad);
    gst_element_release_request_pad (f->sink, pad);
    return;
  }
  pad = gst_element_request_pad_simple (f->sink, "audio_%u");
  g_assert_nonnull (pad);
  if (state_of (f) <= GST_STATE_READY)
    g_assert_cmpint (gst_pad_link (source, pad), ==, GST_PAD_LINK_OK);
  else
    gst_element_release_request_pad (f->sink, pad);
}

/* An EOS that is sent to a source waits for its streaming thread, as it does
 * behind a full queue: it goes only to a service that lets that run. */
static gboolean
operate (Fixture    *f,
         const Mood *mood)
{
  static const GstState states[] = { GST_STATE_NULL, GST_STATE_READY,
                                     GST_STATE_PAUSED, GST_STATE_PLAYING,
                                     GST_STATE_PLAYING };
  gint choice = g_test_rand_int_range (0, G_N_ELEMENTS (states) + 4);

  if (choice < (gint) G_N_ELEMENTS (states)) {
    gst_element_set_state (f->pipeline, states[choice]);
    return TRUE;
  }
  choice -= G_N_ELEMENTS (states);
  if (choice == 0)
    change_pad (f);
  else if (choice == 1)
    g_signal_emit_by_name (f->sink, "discard");
  else if (state_of (f) != GST_STATE_PLAYING)
    return FALSE;
  else if (choice == 2 && mood->manner == WELL)
    gst_element_send_event (f->pipeline, gst_event_new_eos ());
  else
    gst_element_seek_simple (f->pipeline, GST_FORMAT_TIME,
                             GST_SEEK_FLAG_FLUSH, 0);
  return FALSE;
}

static void
test_operations (Fixture      *f,
                 gconstpointer data)
{
  const Mood *mood = data;
  gint64 worst = 0;
  guint late = 0;
  guint i;

  f->liar->delay = mood->manner == SLOW ? SLOWLY : 0;
  f->liar->held = mood->manner == HELD;
  f->liar->no_close = mood->manner == OPEN;
  /* The liar's answers are for all runs: as many as may be asked for. */
  for (i = 0; i < operations; i++)
    refill (f, mood, i);
  fixture_launch (f, "audiotestsrc ! " PCM " ! opusenc name=encoder ! "
                     "ekascribesink name=s max-chunk-duration=1000000000 "
                     "max-size-bytes=100000 timeout=1");
  if (mood->upload_type != NULL)
    gst_util_set_object_arg (G_OBJECT (f->sink), "upload-type",
                             mood->upload_type);
  for (i = 0; i < operations; i++) {
    gint64 began = g_get_monotonic_time ();
    gboolean is_state = operate (f, mood);
    gint64 took = g_get_monotonic_time () - began;

    g_assert_cmpint (took, <, TOO_LONG);
    if (is_state) {
      worst = MAX (worst, took);
      late += took > LONG;
    }
    take_messages (f);
  }
  g_test_message ("longest state change: %.1f ms; over 100 ms: %u of %u",
                  worst / 1e3, late, operations);
  gst_element_set_state (f->pipeline, GST_STATE_NULL);
  /* Natively a few may be the machine's, which does other work; where the element
   * waits for something that does not come, it is one in a few dozen. */
  if (operations == OPERATIONS)
    g_assert_cmpuint (late, <=, operations / 100);
}

int
main (int    argc,
      char **argv)
{
  guint i;

  fixture_init (&argc, &argv);
  if (g_getenv ("EKASCRIBE_TEST_CHECKED") != NULL)
    operations = CHECKED_OPERATIONS;

  for (i = 0; i < G_N_ELEMENTS (moods); i++) {
    g_autofree gchar *path =
        g_strdup_printf ("/operations/%s", moods[i].name);

    g_test_add (path, Fixture, &moods[i], fixture_set_up, test_operations,
                fixture_tear_down);
  }
  return g_test_run ();
}
