/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "feeder.h"

#define BUFFER_MS 100
#define BYTES_PER_MS 32

/* Makes the pipeline, which is one element, and plays it. */
void
feeder_start (Feeder      *self,
              Fixture     *f,
              const gchar *line,
              gboolean     live)
{
  g_autoptr (GstCaps) caps = gst_caps_from_string (PCM);
  GstSegment segment;

  fixture_launch (f, line);
  self->f = f;
  self->audio = g_byte_array_new ();
  self->pad = fixture_get_source (f);
  self->source = gst_pad_new ("src", GST_PAD_SRC);
  if (live)
    fixture_make_live (self->source);
  gst_pad_set_active (self->source, TRUE);
  g_assert_cmpint (gst_pad_link (self->source, self->pad), ==,
                   GST_PAD_LINK_OK);
  fixture_play (f);
  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_pad_push_event (self->source, gst_event_new_stream_start ("test"));
  gst_pad_push_event (self->source, gst_event_new_caps (caps));
  gst_pad_push_event (self->source, gst_event_new_segment (&segment));
}

static GstFlowReturn
push_buffer (Feeder *self)
{
  const gsize size = BUFFER_MS * BYTES_PER_MS;
  const GstClockTime pts = self->audio->len / BYTES_PER_MS * GST_MSECOND;
  g_autofree guint16 *samples = g_malloc (size);
  GstBuffer *buffer;
  gsize i;

  for (i = 0; i < size / 2; i++)
    samples[i] =
        GUINT16_TO_LE ((guint16) ((self->audio->len / 2 + i) * 40503u >> 8));
  g_byte_array_append (self->audio, (const guint8 *) samples, size);
  buffer = gst_buffer_new_memdup (samples, size);
  GST_BUFFER_PTS (buffer) = pts;
  GST_BUFFER_DURATION (buffer) = BUFFER_MS * GST_MSECOND;
  return gst_pad_push (self->source, buffer);
}

/* Returns: what became of the last buffer */
GstFlowReturn
feeder_push (Feeder *self,
             guint   milliseconds)
{
  GstFlowReturn ret = GST_FLOW_OK;
  guint i;

  for (i = 0; i < milliseconds / BUFFER_MS && ret == GST_FLOW_OK; i++)
    ret = push_buffer (self);
  return ret;
}

void
feeder_end (Feeder *self)
{
  g_assert_true (gst_pad_push_event (self->source, gst_event_new_eos ()));
}

/* The pipeline is in READY or NULL. */
void
feeder_stop (Feeder *self)
{
  gst_pad_set_active (self->source, FALSE);
  gst_pad_unlink (self->source, self->pad);
  gst_element_release_request_pad (self->f->sink, self->pad);
  g_clear_object (&self->pad);
  g_clear_object (&self->source);
  g_clear_pointer (&self->audio, g_byte_array_unref);
}
