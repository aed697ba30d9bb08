/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* A live recording in a process of its own, that may be killed at any moment:
 * it tells on stdout of each packet, before the element gets it. */
#include "recorder.h"

#include <gst/app/gstappsrc.h>
#include <gst/gst.h>
#include <stdlib.h>
#include <unistd.h>

#include "oggreader.h"

#define RATE 48000

typedef struct
{
  OggFile *file;
  GstElement *pipeline;
  GstElement *source;
  double speed;
  GstClockTime time; /* of the next packet */
  guint told;
} Recorder;

/* One write of few bytes to a pipe is all or nothing. */
static void
tell (RecorderEvent event,
      guint         number)
{
  RecorderNote note = { event, number, g_get_monotonic_time () };

  if (write (STDOUT_FILENO, &note, sizeof note) != sizeof note)
    exit (EXIT_FAILURE);
}

/* On the streaming thread, before the element's chain function: what it was called
 * for before has returned. */
static GstPadProbeReturn
count (GstPad          *pad,
       GstPadProbeInfo *info,
       gpointer         user_data)
{
  Recorder *self = user_data;

  if ((info->type & GST_PAD_PROBE_TYPE_BUFFER) != 0)
    tell (RECORDER_PACKET, self->told++);
  else if (GST_EVENT_TYPE (info->data) == GST_EVENT_EOS)
    tell (RECORDER_END, self->told);
  return GST_PAD_PROBE_OK;
}

static GstCaps *
make_caps (OggFile *file)
{
  return gst_caps_new_simple (
      "audio/x-opus", "channel-mapping-family", G_TYPE_INT, 0, "channels",
      G_TYPE_INT, (gint) file->codec.channels, "rate", G_TYPE_INT, RATE, NULL);
}

static void
push (Recorder *self,
      guint     number)
{
  GBytes *packet = g_ptr_array_index (self->file->packets, number);
  GstBuffer *buffer = gst_buffer_new_wrapped_bytes (packet);
  guint samples = eka_opus_packet_samples (g_bytes_get_data (packet, NULL),
                                           g_bytes_get_size (packet));

  GST_BUFFER_PTS (buffer) = self->time;
  GST_BUFFER_DURATION (buffer) =
      gst_util_uint64_scale (samples, GST_SECOND, RATE);
  self->time += GST_BUFFER_DURATION (buffer);
  gst_app_src_push_buffer (GST_APP_SRC (self->source), buffer);
}

/* Each packet when its time has come. */
static gpointer
play (gpointer data)
{
  Recorder *self = data;
  const gint64 start = g_get_monotonic_time ();
  guint i;

  for (i = 0; i < self->file->packets->len; i++)
    {
      const gint64 due =
          start + (gint64) (self->time / 1000 / self->speed);
      const gint64 now = g_get_monotonic_time ();

      if (due > now)
        g_usleep (due - now);
      push (self, i);
    }
  gst_app_src_end_of_stream (GST_APP_SRC (self->source));
  return NULL;
}

static void
set_up (Recorder    *self,
        const gchar *description)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GstPad) pad = NULL;
  g_autoptr (GstCaps) caps = make_caps (self->file);

  self->pipeline = gst_parse_launch (description, &error);
  g_assert_no_error (error);
  self->source = gst_bin_get_by_name (GST_BIN (self->pipeline), "source");
  g_object_set (self->source, "caps", caps, "format", GST_FORMAT_TIME,
                "is-live", TRUE, "max-bytes", G_GUINT64_CONSTANT (0), NULL);
  pad = gst_element_get_static_pad (self->source, "src");
  gst_pad_add_probe (pad,
                     GST_PAD_PROBE_TYPE_BUFFER |
                         GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM,
                     count, self, NULL);
}

/* What is told on the bus.
 *
 * Returns: whether it ended with EOS */
static gboolean
watch (Recorder *self)
{
  g_autoptr (GstBus) bus = gst_element_get_bus (self->pipeline);

  for (;;)
    {
      g_autoptr (GstMessage) message = gst_bus_timed_pop_filtered (
          bus, GST_CLOCK_TIME_NONE,
          GST_MESSAGE_EOS | GST_MESSAGE_ERROR | GST_MESSAGE_WARNING |
              GST_MESSAGE_ELEMENT);
      g_autoptr (GError) error = NULL;
      if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_EOS)
        return TRUE;
      if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR)
        {
          gst_message_parse_error (message, &error, NULL);
          g_printerr ("%s\n", error->message);
          return FALSE;
        }
      if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_WARNING)
        tell (RECORDER_WARNING, 0);
      else if (gst_message_has_name (message, "ekascribe-chunk"))
        tell (RECORDER_CHUNK, 0);
    }
}

/* Arguments: an Ogg Opus file, how much faster than life it is played, and a
 * pipeline from `appsrc name=source` straight to `ekascribesink`. */
int
main (int    argc,
      char **argv)
{
  Recorder self = { 0 };
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GThread) player = NULL;
  gchar *data;
  gsize size;
  gboolean ended;

  gst_init (&argc, &argv);
  g_assert_cmpint (argc, ==, 4);
  g_assert_true (g_file_get_contents (argv[1], &data, &size, NULL));
  bytes = g_bytes_new_take (data, size);
  self.file = ogg_file_new (bytes);
  self.speed = g_ascii_strtod (argv[2], NULL);
  set_up (&self, argv[3]);
  gst_element_set_state (self.pipeline, GST_STATE_PLAYING);
  player = g_thread_new ("player", play, &self);
  ended = watch (&self);
  gst_element_set_state (self.pipeline, GST_STATE_NULL);
  g_thread_join (g_steal_pointer (&player));
  gst_object_unref (self.source);
  gst_object_unref (self.pipeline);
  ogg_file_free (self.file);
  tell (RECORDER_DONE, ended);
  return ended ? EXIT_SUCCESS : EXIT_FAILURE;
}
