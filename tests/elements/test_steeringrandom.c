/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "talker.h"

#include <stdlib.h>
#include <string.h>

#include "scribe/worker.h"

#define ELEMENT "ekascribesink name=s model=endless "

static void
flush (Talker *t)
{
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_pad_send_event (t->pad, gst_event_new_flush_start ());
  gst_pad_send_event (t->pad, gst_event_new_flush_stop (FALSE));
  gst_pad_send_event (t->pad, gst_event_new_segment (&segment));
}

/* Returns: whether audio may have been thrown away */
static gboolean
act_at_random (Talker *t)
{
  static const gchar *const actions[] = { "pause", "resume", "end-session",
                                          "new-session" };
  const guint choice = g_test_rand_int_range (0, 24);
  gboolean discarded = choice == 20;

  if (choice < 16)
    steer (t->f, actions[choice % 4]);
  else if (choice < 18)
    gst_element_set_state (t->f->pipeline, GST_STATE_PAUSED);
  else if (choice == 19)
    flush (t);
  else if (discarded)
    g_signal_emit_by_name (t->f->sink, "discard");
  if (g_test_rand_bit ())
    steer (t->f, actions[g_test_rand_int_range (0, 4)]);
  gst_element_set_state (t->f->pipeline, GST_STATE_PLAYING);
  g_assert_cmpint (talker_try (t, 20 * g_test_rand_int_range (0, 20),
                               g_test_rand_bit ()),
                   ==, GST_FLOW_OK);
  return discarded;
}

/* Looks for the blocks of a session in what was pushed, from @at on.
 *
 * Returns: what comes behind the last one */
static guint
follow (Talker     *t,
        GByteArray *audio,
        guint       at)
{
  const guint block = 640;
  guint done;

  g_assert_cmpuint (audio->len % block, ==, 0);
  for (done = 0; done < audio->len; done += block) {
    while (at < t->audio->len &&
           memcmp (t->audio->data + at, audio->data + done, block) != 0)
      at += block;
    g_assert_cmpuint (at, <, t->audio->len);
    at += block;
  }
  return at;
}

/* Every sample is in one session at most, in its order, and none is lost. */
static void
check_all (Talker  *t,
           gboolean complete)
{
  guint at = 0, recorded = 0, i;

  for (i = 0; i < visits_count (t->f); i++) {
    g_autoptr (GByteArray) audio = visits_get_audio (t->f, i);

    at = follow (t, audio, at);
    recorded += audio->len / 32;
  }
  if (!complete)
    return;
  g_assert_cmpuint (recorded * GST_MSECOND, ==,
                    fixture_get_stat (t->f, "audio-duration"));
  g_assert_cmpuint (fixture_get_stat (t->f, "audio-duration") +
                        fixture_get_stat (t->f, "time-paused") +
                        fixture_get_stat (t->f, "time-ignored"),
                    ==, t->audio->len / 32 * GST_MSECOND);
}

static void
play_at_random (Fixture     *f,
                const gchar *line,
                guint32      seed)
{
  const gboolean to_the_end = g_test_rand_int_range (0, 4) != 0;
  gboolean complete = to_the_end;
  Talker t;
  guint i;

  f->service = fake_service_new (seed);
  talker_start (&t, f, line);
  for (i = 0; i < 30; i++)
    complete = !act_at_random (&t) && complete;
  if (to_the_end)
    talker_end (&t);
  if (to_the_end)
    check_all (&t, complete);
  talker_stop (&t);
  g_ptr_array_set_size (f->messages, 0);
  gst_clear_object (&f->sink);
  gst_clear_object (&f->bus);
  gst_clear_object (&f->pipeline);
  g_assert_true (eka_worker_wait_gone (10 * G_TIME_SPAN_SECOND));
  g_assert_finalize_object (f->service);
  f->service = NULL;
}

/* In a suite of its own there is time for thousands. */
static void
test_random (Fixture      *f,
             gconstpointer data)
{
  static const gchar *const lines[] = {
    ELEMENT,
    ELEMENT "auto-start=true",
    ELEMENT "start-on-speech=100000000 end-after-silence=200000000",
    ELEMENT "auto-start=true end-after-silence=300000000",
    ELEMENT "auto-start=true outbox-policy=always",
  };
  const gchar *many = g_getenv ("EKASCRIBE_TEST_ROUNDS");
  const guint rounds = many != NULL ? atoi (many) : 8;
  guint i;

  for (i = 0; i < rounds; i++)
    play_at_random (f, lines[i % G_N_ELEMENTS (lines)], i);
}

int
main (int    argc,
      char **argv)
{
  fixture_init (&argc, &argv);

  add_test ("/steering/at-random", test_random);
  return g_test_run ();
}
