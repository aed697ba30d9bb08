/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What applications do, at random and in a hurry, to services of every mood:
 * nothing hangs, nothing is critical, nothing leaks. */
#include "fixture.h"

#include "scribe/error.h"

#define OPERATIONS 1000

/* A state change that takes this long has waited for the network. */
#define LONG (5 * G_TIME_SPAN_SECOND)

typedef struct
{
  const gchar *name;
  gboolean stalls; /* @call is never answered; else it gets no connection */
  gint call;       /* EkaCall, or -1: all goes well */
} Mood;

static const Mood moods[] = {
  { "well", FALSE, -1 },
  { "dead", FALSE, EKA_CALL_DISCOVER },
  { "no-discovery-yet", TRUE, EKA_CALL_DISCOVER },
  { "no-session-yet", TRUE, EKA_CALL_CREATE },
  { "swallows-nothing", TRUE, EKA_CALL_UPLOAD },
  { "never-ends", TRUE, EKA_CALL_END },
  { "never-done", TRUE, EKA_CALL_GET },
};

static void
refill (Fixture    *f,
        const Mood *mood)
{
  if (mood->call < 0)
    return;
  if (mood->stalls)
    eka_liar_push_stall (f->liar, mood->call);
  else
    eka_liar_push_error (f->liar, mood->call,
                         g_error_new_literal (EKA_SCRIBE_ERROR,
                                              EKA_SCRIBE_ERROR_NETWORK,
                                              "no route to host"));
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

/* An EOS that is sent to a source waits for its streaming thread, as it does
 * behind a full queue: it goes only to a service that lets that run. */
static void
operate (Fixture    *f,
         const Mood *mood)
{
  static const GstState states[] = { GST_STATE_NULL, GST_STATE_READY,
                                     GST_STATE_PAUSED, GST_STATE_PLAYING,
                                     GST_STATE_PLAYING };
  gint choice = g_test_rand_int_range (0, G_N_ELEMENTS (states) + 2);

  if (choice < (gint) G_N_ELEMENTS (states))
    gst_element_set_state (f->pipeline, states[choice]);
  else if (state_of (f) != GST_STATE_PLAYING)
    return;
  else if (choice == G_N_ELEMENTS (states) && mood->call < 0)
    gst_element_send_event (f->pipeline, gst_event_new_eos ());
  else
    gst_element_seek_simple (f->pipeline, GST_FORMAT_TIME,
                             GST_SEEK_FLAG_FLUSH, 0);
}

static void
test_operations (Fixture      *f,
                 gconstpointer data)
{
  const Mood *mood = data;
  gint64 worst = 0;
  guint i;

  /* The liar's answers are for all runs: as many as may be asked for. */
  for (i = 0; i < OPERATIONS; i++)
    refill (f, mood);
  fixture_launch (f, "audiotestsrc ! " PCM " ! opusenc ! ekascribesink name=s "
                     "max-chunk-duration=1000000000 max-size-bytes=100000 "
                     "timeout=1");
  for (i = 0; i < OPERATIONS; i++) {
    gint64 began = g_get_monotonic_time ();

    operate (f, mood);
    worst = MAX (worst, g_get_monotonic_time () - began);
    g_assert_cmpint (worst, <, LONG);
    take_messages (f);
  }
  g_test_message ("longest operation: %.1f ms", worst / 1e3);
  gst_element_set_state (f->pipeline, GST_STATE_NULL);
}

int
main (int    argc,
      char **argv)
{
  guint i;

  g_test_init (&argc, &argv, NULL);
  gst_init (&argc, &argv);
  GST_ELEMENT_REGISTER (ekascribesink, NULL);

  for (i = 0; i < G_N_ELEMENTS (moods); i++) {
    g_autofree gchar *path =
        g_strdup_printf ("/operations/%s", moods[i].name);

    g_test_add (path, Fixture, &moods[i], fixture_set_up, test_operations,
                fixture_tear_down);
  }
  return g_test_run ();
}
