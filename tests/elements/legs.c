/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "legs.h"

#include <string.h>

#include "chunk/container.h"

#define BUFFER_MS 20
#define SAMPLES_PER_MS 16

/* Generous for valgrind on a busy machine. */
#define PATIENCE (60 * G_TIME_SPAN_SECOND)

static gboolean
answer_live (GstPad    *pad,
             GstObject *parent,
             GstQuery  *query)
{
  if (GST_QUERY_TYPE (query) != GST_QUERY_LATENCY)
    return gst_pad_query_default (pad, parent, query);
  gst_query_set_latency (query, TRUE,
                         ((Leg *) gst_pad_get_element_private (pad))->latency,
                         GST_CLOCK_TIME_NONE);
  return TRUE;
}

static Leg *
make_leg (Fixture     *f,
          const gchar *name,
          gint16       value,
          gboolean     live,
          GstClockTime latency)
{
  Leg *self = g_new0 (Leg, 1);

  self->f = f;
  g_mutex_init (&self->lock);
  g_cond_init (&self->cond);
  self->begun = GST_CLOCK_TIME_NONE;
  self->value = value;
  self->latency = latency;
  self->pad = gst_element_request_pad_simple (
      f->sink, name != NULL ? name : "audio_%u");
  g_assert_nonnull (self->pad);
  self->source = gst_object_ref_sink (gst_pad_new ("src", GST_PAD_SRC));
  gst_pad_set_element_private (self->source, self);
  if (live)
    gst_pad_set_query_function (self->source, answer_live);
  gst_pad_set_active (self->source, TRUE);
  g_assert_cmpint (gst_pad_link (self->source, self->pad), ==,
                   GST_PAD_LINK_OK);
  return self;
}

/* Requests a pad and links a source to it. Where @live, it says that it can't
 * wait. */
Leg *
leg_new (Fixture     *f,
         const gchar *name,
         gint16       value,
         gboolean     live)
{
  return make_leg (f, name, value, live, 0);
}

/* One that is live, and says that it will be late. */
Leg *
leg_new_slow (Fixture     *f,
              gint16       value,
              GstClockTime latency)
{
  return make_leg (f, NULL, value, TRUE, latency);
}

static void
push_segment (Leg *self)
{
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_pad_push_event (self->source, gst_event_new_segment (&segment));
}

void
leg_begin (Leg         *self,
           const gchar *caps,
           GstClockTime start)
{
  g_autoptr (GstCaps) parsed = gst_caps_from_string (caps);

  self->time = start;
  gst_pad_push_event (self->source, gst_event_new_stream_start ("leg"));
  gst_pad_push_event (self->source, gst_event_new_caps (parsed));
  push_segment (self);
}

static void
tell_begun (Leg *self)
{
  g_mutex_lock (&self->lock);
  self->begun = self->time;
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->lock);
}

static GstFlowReturn
push_buffer (Leg *self)
{
  const guint n = BUFFER_MS * SAMPLES_PER_MS;
  g_autofree gint16 *samples = g_new (gint16, n);
  GstBuffer *buffer;
  guint i;

  for (i = 0; i < n; i++)
    samples[i] = GINT16_TO_LE (self->value);
  buffer = gst_buffer_new_memdup (samples, n * sizeof *samples);
  GST_BUFFER_PTS (buffer) = self->time;
  GST_BUFFER_DURATION (buffer) = BUFFER_MS * GST_MSECOND;
  tell_begun (self);
  self->time += BUFFER_MS * GST_MSECOND + self->drift;
  return gst_pad_push (self->source, buffer);
}

/* Samples at 16 kHz, mono. Returns: what became of the last buffer */
GstFlowReturn
leg_push (Leg  *self,
          guint milliseconds)
{
  GstFlowReturn ret = GST_FLOW_OK;
  guint i;

  for (i = 0; i < milliseconds / BUFFER_MS && ret == GST_FLOW_OK; i++)
    ret = push_buffer (self);
  return ret;
}

static gpointer
run (gpointer data)
{
  Leg *self = data;

  self->flow = leg_push (self, self->milliseconds);
  if (self->ends && self->flow == GST_FLOW_OK)
    leg_end (self);
  return NULL;
}

/* The same on a thread of its own. */
void
leg_start (Leg     *self,
           guint    milliseconds,
           gboolean ends)
{
  self->milliseconds = milliseconds;
  self->ends = ends;
  self->thread = g_thread_new ("leg", run, self);
}

static gboolean
is_inside (Leg *self)
{
  if (!GST_PAD_STREAM_TRYLOCK (self->pad))
    return TRUE;
  GST_PAD_STREAM_UNLOCK (self->pad);
  return FALSE;
}

/* Until its thread is in the element with the buffer that begins at @milliseconds
 * and, as the caller knows, has to wait there. */
void
leg_await (Leg  *self,
           guint milliseconds)
{
  const GstClockTime time = milliseconds * GST_MSECOND;
  const gint64 deadline = g_get_monotonic_time () + PATIENCE;

  g_mutex_lock (&self->lock);
  while (self->begun != time) {
    if (!g_cond_wait_until (&self->cond, &self->lock, deadline))
      g_error ("it waits with what begins at %" GST_TIME_FORMAT,
               GST_TIME_ARGS (self->begun));
  }
  g_mutex_unlock (&self->lock);
  while (!is_inside (self)) {
    g_assert_cmpint (g_get_monotonic_time (), <, deadline);
    g_thread_yield ();
  }
}

void
leg_join (Leg *self)
{
  g_thread_join (g_steal_pointer (&self->thread));
}

void
leg_end (Leg *self)
{
  g_assert_true (gst_pad_push_event (self->source, gst_event_new_eos ()));
}

/* Its time begins anew. */
void
leg_flush (Leg *self)
{
  self->time = 0;
  gst_pad_push_event (self->source, gst_event_new_flush_start ());
  gst_pad_push_event (self->source, gst_event_new_flush_stop (TRUE));
  push_segment (self);
}

void
leg_release (Leg *self)
{
  if (self->pad == NULL)
    return;
  gst_element_release_request_pad (self->f->sink, self->pad);
  g_clear_object (&self->pad);
}

void
leg_free (Leg *self)
{
  if (self->thread != NULL)
    leg_join (self);
  gst_pad_set_active (self->source, FALSE);
  leg_release (self);
  gst_object_unref (self->source);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->cond);
  g_free (self);
}

/* Returns: (transfer full) (element-type gint16): what all uploads hold that are WAV
 * of @channels, in order */
GArray *
legs_collect (Fixture *f,
              guint    channels)
{
  GArray *samples = g_array_new (FALSE, FALSE, sizeof (gint16));
  const guint n = fixture_count_calls (f, EKA_CALL_UPLOAD);
  guint i;

  for (i = 0; i < n; i++) {
    EkaRequest *request = eka_liar_nth (f->liar, EKA_CALL_UPLOAD, i);
    g_auto (EkaFile) file = { 0 };

    if (!g_str_equal (request->content_type, "audio/wav"))
      continue;
    eka_file_init (&file);
    g_assert_true (
        eka_container_read (EKA_CONTAINER_WAV, &file, request->body));
    if (file.codec.channels == channels)
      g_array_append_vals (samples, file.data->data,
                           file.data->len / sizeof (gint16));
  }
  return samples;
}

/* How often @value is heard. */
guint
legs_count (GArray *samples,
            guint   channels,
            guint   channel,
            gint16  value)
{
  guint i, n = 0;

  for (i = channel; i < samples->len; i += channels)
    n += GINT16_FROM_LE (g_array_index (samples, gint16, i)) == value;
  return n;
}
