/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "harness.h"
#include "rogue.h"

#include <gst/app/gstappsrc.h>
#include <string.h>

/* An uplink that stands still, and what may wait for it. */

#define BOUND 100000
#define CHUNK_BYTES (16000 * 2 + 44)

#define SOUND                                                                  \
  "audiotestsrc num-buffers=1000 samplesperbuffer=160 ! "                     \
  "audio/x-raw,format=S16LE,rate=16000,channels=1 ! "                         \
  "ekascribesink name=scribe max-chunk-duration=1000000000 "                \
  "outbox-policy=never base-url=%s "

static guint64
get_number (Player      *player,
            const gchar *name)
{
  g_autoptr (GstStructure) stats = NULL;
  guint64 number = 0;

  g_object_get (player->scribe, "stats", &stats, NULL);
  g_assert_true (gst_structure_get_uint64 (stats, name, &number));
  return number;
}

/* Until no further chunk fits. */
static void
wait_until_full (Player *player)
{
  g_autoptr (GstBus) bus = gst_element_get_bus (player->pipeline);
  gint64 end_time = g_get_monotonic_time () +
                    HARNESS_PATIENCE * G_TIME_SPAN_SECOND;

  while (get_number (player, "bytes-waiting") + CHUNK_BYTES <= BOUND)
    {
      g_assert_cmpint (g_get_monotonic_time (), <, end_time);
      gst_clear_message (&(GstMessage *){
          gst_bus_timed_pop (bus, 5 * GST_MSECOND) });
    }
}

static void
test_a_file_waits_and_then_goes_on (void)
{
  g_autoptr (Rogue) rogue = rogue_new ();
  g_autoptr (Player) player = NULL;
  g_autofree gchar *stored = NULL;

  rogue_break (rogue, ROGUE_UPLOAD, 1, 0, ROGUE_HANG);
  player = player_new (SOUND "max-size-bytes=%d", rogue_url (rogue), BOUND);
  player_set (player, GST_STATE_PLAYING);
  rogue_wait (rogue, ROGUE_UPLOAD, 1);
  wait_until_full (player);
  g_assert_cmpuint (get_number (player, "bytes-waiting"), <=, BOUND);
  g_assert_cmpuint (get_number (player, "bytes-in"), <=,
                    BOUND + 3 * CHUNK_BYTES);
  g_assert_cmpuint (player_count (player, GST_MESSAGE_ERROR, NULL), ==, 0);

  rogue_release (rogue);
  g_assert_cmpint (GST_MESSAGE_TYPE (player_wait (
                       player, GST_MESSAGE_EOS | GST_MESSAGE_ERROR)),
                   ==, GST_MESSAGE_EOS);
  stored = rogue_stored (rogue);
  g_assert_cmpstr (stored, ==,
                   "audio_0.wav audio_1.wav audio_2.wav audio_3.wav "
                   "audio_4.wav audio_5.wav audio_6.wav audio_7.wav "
                   "audio_8.wav audio_9.wav ");
  g_assert_cmpuint (get_number (player, "bytes-waiting"), ==, 0);
}

static void
test_null_interrupts_the_wait (void)
{
  g_autoptr (Rogue) rogue = rogue_new ();
  g_autoptr (Player) player = NULL;
  gint64 began;

  rogue_break (rogue, ROGUE_UPLOAD, 1, 0, ROGUE_HANG);
  player = player_new (SOUND "max-size-bytes=%d", rogue_url (rogue), BOUND);
  player_set (player, GST_STATE_PLAYING);
  rogue_wait (rogue, ROGUE_UPLOAD, 1);
  wait_until_full (player);
  began = g_get_monotonic_time ();
  player_set (player, GST_STATE_NULL);
  g_assert_cmpint (g_get_monotonic_time () - began, <,
                   harness_prompt ());
}

/* Of what arrived, in ns. */
static guint64
sum_chunks (Player *player)
{
  guint64 sum = 0;
  guint i;

  for (i = 0; i < player->messages->len; i++)
    {
      GstMessage *message = g_ptr_array_index (player->messages, i);
      guint64 duration;

      if (gst_message_has_name (message, "ekascribe-chunk") &&
          gst_structure_get_uint64 (gst_message_get_structure (message),
                                    "duration", &duration))
        sum += duration;
    }
  return sum;
}

/* Also what stood before the full outbox when the seek came. */
static void
test_a_seek_loses_nothing_that_was_taken (void)
{
  g_autoptr (Rogue) rogue = rogue_new ();
  g_autoptr (Player) player = NULL;
  guint64 before;

  rogue_break (rogue, ROGUE_UPLOAD, 1, 0, ROGUE_HANG);
  player = player_new (SOUND "max-size-bytes=%d", rogue_url (rogue), BOUND);
  player_set (player, GST_STATE_PLAYING);
  rogue_wait (rogue, ROGUE_UPLOAD, 1);
  wait_until_full (player);
  before = get_number (player, "audio-duration");
  g_assert_cmpuint (before, >=, 3 * GST_SECOND);
  g_assert_true (gst_element_seek_simple (player->pipeline, GST_FORMAT_TIME,
                                          GST_SEEK_FLAG_FLUSH,
                                          8 * GST_SECOND));
  rogue_release (rogue);
  g_assert_cmpint (GST_MESSAGE_TYPE (player_wait (
                       player, GST_MESSAGE_EOS | GST_MESSAGE_ERROR)),
                   ==, GST_MESSAGE_EOS);
  g_assert_cmpuint (get_number (player, "audio-duration"), >, before);
  g_assert_cmpuint (sum_chunks (player), ==,
                    get_number (player, "audio-duration"));
}

static void
push_second (GstAppSrc *source,
             guint      index)
{
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, 32000, NULL);

  gst_buffer_memset (buffer, 0, 1, 32000);
  GST_BUFFER_PTS (buffer) = index * GST_SECOND;
  GST_BUFFER_DURATION (buffer) = GST_SECOND;
  gst_app_src_push_buffer (source, buffer);
}

/* Whoever speaks can't wait: the newest audio counts more than the oldest. */
static void
test_a_live_source_drops_the_oldest (void)
{
  const Fault fault = { GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NO_SPACE_LEFT,
                        .text = "is dropped, 1.0 s so far" };
  g_autoptr (Rogue) rogue = rogue_new ();
  g_autoptr (Player) player = NULL;
  g_autoptr (GstElement) source = NULL;
  g_autofree gchar *stored = NULL;
  GstClockTime lost;
  guint i;

  rogue_break (rogue, ROGUE_UPLOAD, 1, 0, ROGUE_HANG);
  player = player_new (
      "appsrc name=src is-live=true format=time max-bytes=0 "
      "caps=audio/x-raw,format=S16LE,rate=16000,channels=1,"
      "layout=interleaved ! ekascribesink name=scribe base-url=%s "
      "max-chunk-duration=1000000000 max-size-bytes=%d",
      rogue_url (rogue), BOUND);
  source = gst_bin_get_by_name (GST_BIN (player->pipeline), "src");
  player_set (player, GST_STATE_PLAYING);
  for (i = 0; i < 20; i++)
    push_second (GST_APP_SRC (source), i);
  harness_assert_fault (player_wait (player, GST_MESSAGE_WARNING), &fault);
  gst_app_src_end_of_stream (GST_APP_SRC (source));
  rogue_wait (rogue, ROGUE_UPLOAD, 1);
  rogue_release (rogue);
  g_assert_cmpint (GST_MESSAGE_TYPE (player_wait (
                       player, GST_MESSAGE_EOS | GST_MESSAGE_ERROR)),
                   ==, GST_MESSAGE_EOS);
  lost = get_number (player, "time-lost");
  g_assert_cmpuint (lost, >, 0);
  g_assert_cmpuint (sum_chunks (player) + lost, ==, 20 * GST_SECOND);
  g_assert_cmpuint (get_number (player, "bytes-kept"), ==, 0);
}

int
main (int    argc,
      char **argv)
{
  harness_init (&argc, &argv);
  g_test_add_func ("/bounds/a-file-waits-and-then-goes-on",
                   test_a_file_waits_and_then_goes_on);
  g_test_add_func ("/bounds/null-interrupts-the-wait",
                   test_null_interrupts_the_wait);
  g_test_add_func ("/bounds/a-seek-loses-nothing-that-was-taken",
                   test_a_seek_loses_nothing_that_was_taken);
  g_test_add_func ("/bounds/a-live-source-drops-the-oldest",
                   test_a_live_source_drops_the_oldest);
  return g_test_run ();
}
