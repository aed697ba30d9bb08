/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "gstekascriberesampler.h"

#include <gst/audio/audio.h>

/* In frames. A resampler holds back half of its filter: 32 frames, or as many of the
 * slower side where it slows down, which are 384 at 192 kHz. */
#define SILENCE 512
#define MAX_SILENCES 16

/* What is known of the frames that follow each other without a jump. All of it
 * belongs to the streaming thread of the resampler.
 *
 * closed: nothing came since the last jump; what comes out is of no use.
 * open: @first is the time stamp of the first frame, or none.
 * ending: open, and what goes in is silence, which is not counted. */
typedef struct
{
  GstPad *sink;
  GstAudioInfo info;
  guint rate; /* that comes out */
  enum
  {
    CLOSED,
    OPEN,
    ENDING,
  } state;
  GstClockTime first;
  guint64 taken; /* frames, at the rate of @info */
  guint64 given; /* frames, at @rate */
  gint64 error;  /* what the last time stamp was later than counted, in ns */
} Watch;

/* Where the rates are the same, all goes by untouched. */
static gboolean
is_resampling (const Watch *self)
{
  return GST_AUDIO_INFO_BPF (&self->info) != 0 &&
         GST_AUDIO_INFO_RATE (&self->info) != (gint) self->rate;
}

static guint64
count_frames (const Watch *self,
              GstBuffer   *buffer)
{
  return gst_buffer_get_size (buffer) / GST_AUDIO_INFO_BPF (&self->info);
}

/* What is still to come out of what was taken. */
static guint64
count_left (const Watch *self)
{
  const guint64 due = gst_util_uint64_scale_round (
      self->taken, self->rate, GST_AUDIO_INFO_RATE (&self->info));

  return due > self->given ? due - self->given : 0;
}

static GstClockTime
count_time (const Watch *self)
{
  return self->first +
         gst_util_uint64_scale (self->taken, GST_SECOND,
                                GST_AUDIO_INFO_RATE (&self->info));
}

static GstFlowReturn
push_silence (const Watch   *self,
              GstBufferFlags flags)
{
  const gsize size = SILENCE * GST_AUDIO_INFO_BPF (&self->info);
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, size, NULL);

  gst_buffer_memset (buffer, 0, 0, size);
  GST_BUFFER_FLAG_SET (buffer, flags);
  return gst_pad_chain (self->sink, buffer);
}

/* The resampler gives the end out once it has heard what follows: silence. Left to
 * itself, it leaves out a frame or several at the end of what it makes faster. With
 * a jump to no time it has nothing more to give out, whatever comes next. */
static void
end_frames (Watch *self)
{
  guint i;

  if (self->state != OPEN)
    return;
  self->state = ENDING;
  for (i = 0; i < MAX_SILENCES && count_left (self) > 0; i++) {
    if (push_silence (self, 0) != GST_FLOW_OK)
      break;
  }
  push_silence (self, GST_BUFFER_FLAG_DISCONT);
  self->state = CLOSED;
}

static void
begin_frames (Watch     *self,
              GstBuffer *buffer)
{
  self->state = OPEN;
  self->first = GST_BUFFER_PTS (buffer);
  self->taken = 0;
  self->given = 0;
  self->error = 0;
}

static void
take_caps (Watch    *self,
           GstEvent *event)
{
  GstAudioInfo info;
  GstCaps *caps;

  gst_event_parse_caps (event, &caps);
  if (!gst_audio_info_from_caps (&info, caps))
    gst_audio_info_init (&info);
  if (gst_audio_info_is_equal (&info, &self->info))
    return;
  end_frames (self);
  self->info = info;
}

/* With each of these the resampler begins anew. */
static void
take_event (Watch    *self,
            GstEvent *event)
{
  switch (GST_EVENT_TYPE (event)) {
    case GST_EVENT_CAPS:
      take_caps (self, event);
      break;
    case GST_EVENT_STREAM_START:
    case GST_EVENT_SEGMENT:
    case GST_EVENT_EOS:
      end_frames (self);
      break;
    case GST_EVENT_FLUSH_STOP:
      self->state = CLOSED;
      break;
    default:
      break;
  }
}

/* Returns: (transfer full): @buffer as the resampler is to see it */
static GstBuffer *
take_buffer (Watch     *self,
             GstBuffer *buffer)
{
  const gboolean timed = GST_BUFFER_PTS_IS_VALID (buffer);
  gboolean jump = GST_BUFFER_IS_DISCONT (buffer);

  buffer = gst_buffer_make_writable (buffer);
  /* Without a first time stamp the resampler gives none out. */
  if (self->state == OPEN && timed && !GST_CLOCK_TIME_IS_VALID (self->first)) {
    GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DISCONT);
    jump = TRUE;
  }
  if (jump)
    end_frames (self);
  if (self->state == CLOSED)
    begin_frames (self, buffer);
  /* Of what is marked as silent it loses count. */
  GST_BUFFER_FLAG_UNSET (buffer, GST_BUFFER_FLAG_GAP);
  if (timed) {
    const GstClockTime counted = count_time (self);

    self->error = GST_CLOCK_DIFF (counted, GST_BUFFER_PTS (buffer));
    GST_BUFFER_PTS (buffer) = counted;
  }
  self->taken += count_frames (self, buffer);
  return buffer;
}

static GstPadProbeReturn
watch_input (GstPad          *pad,
             GstPadProbeInfo *info,
             gpointer         user_data)
{
  Watch *self = user_data;

  if (!(info->type & GST_PAD_PROBE_TYPE_BUFFER))
    take_event (self, GST_PAD_PROBE_INFO_EVENT (info));
  else if (is_resampling (self) && self->state != ENDING)
    info->data = take_buffer (self, info->data);
  return GST_PAD_PROBE_OK;
}

/* Where the first time stamp is late, what is counted before it may be before 0. */
static GstClockTime
correct (GstClockTime time,
         gint64       error)
{
  if (error < 0 && time < (GstClockTime) -error)
    return 0;
  return time + error;
}

static GstPadProbeReturn
watch_output (GstPad          *pad,
              GstPadProbeInfo *info,
              gpointer         user_data)
{
  Watch *self = user_data;
  GstBuffer *buffer = info->data;
  guint64 n, left;

  if (!is_resampling (self))
    return GST_PAD_PROBE_OK;
  n = count_frames (self, buffer);
  left = self->state == ENDING ? count_left (self) : n;
  if (self->state == CLOSED || left == 0)
    return GST_PAD_PROBE_DROP;
  info->data = buffer = gst_buffer_make_writable (buffer);
  if (n > left) {
    n = left;
    gst_buffer_set_size (buffer, n * GST_AUDIO_INFO_BPF (&self->info));
    GST_BUFFER_DURATION (buffer) =
        gst_util_uint64_scale_round (n, GST_SECOND, self->rate);
  }
  self->given += n;
  if (GST_BUFFER_PTS_IS_VALID (buffer))
    GST_BUFFER_PTS (buffer) = correct (GST_BUFFER_PTS (buffer), self->error);
  return GST_PAD_PROBE_OK;
}

/**
 * gst_ekascribe_resampler_watch:
 * @resampler: an audioresample with interleaved samples that has not begun
 * @rate: that comes out of it, in Hz
 *
 * Makes it lose nothing: neither a frame where the time jumps or the audio ends, nor
 * what the time stamps tell. As many frames come out as go in, at the other rate,
 * rounded.
 *
 * audioresample counts frames, and begins anew, with a flag, where the time stamps of
 * what comes are 31 ms off that: so clocks that drift and packets that are late would
 * seem to jump. It gets time stamps that are counted, and those that come out are put
 * right by what the true ones are later than that: a mix that knows about clocks
 * needs them.
 */
void
gst_ekascribe_resampler_watch (GstElement *resampler,
                               guint       rate)
{
  g_autoptr (GstPad) sink = gst_element_get_static_pad (resampler, "sink");
  g_autoptr (GstPad) src = gst_element_get_static_pad (resampler, "src");
  Watch *self = g_new0 (Watch, 1);

  self->sink = sink;
  self->rate = rate;
  gst_audio_info_init (&self->info);
  g_object_set_data_full (G_OBJECT (resampler), "ekascribe-watch", self,
                          g_free);
  gst_pad_add_probe (
      sink,
      GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM |
          GST_PAD_PROBE_TYPE_EVENT_FLUSH,
      watch_input, self, NULL);
  gst_pad_add_probe (src, GST_PAD_PROBE_TYPE_BUFFER, watch_output, self, NULL);
}
