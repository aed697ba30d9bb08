/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "gstekascriberesampler.h"

#include <gst/audio/audio.h>

/* audioresample counts samples, and begins anew, with a flag, where the time stamps
 * of what comes are 31 ms off that: so clocks that drift and packets that are late
 * seem to jump. It gets stamps that are counted, and those that come out are put
 * right by what the true ones are later than that. */
typedef struct
{
  GstAudioInfo info;
  GstClockTime first; /* PTS that is counted from */
  guint64 n_samples;  /* since then */
  gint64 error;       /* what the true PTS is later than counted, in ns */
  gboolean anew;      /* what comes with DISCONT is counted from elsewhere */
} Stamps;

static void
note_caps (Stamps   *self,
           GstEvent *event)
{
  GstCaps *caps;

  if (GST_EVENT_TYPE (event) != GST_EVENT_CAPS)
    return;
  gst_event_parse_caps (event, &caps);
  if (!gst_audio_info_from_caps (&self->info, caps))
    gst_audio_info_init (&self->info);
  self->first = GST_CLOCK_TIME_NONE;
}

static GstPadProbeReturn
note_stamp (GstPad          *pad,
            GstPadProbeInfo *info,
            gpointer         user_data)
{
  Stamps *self = user_data;
  GstBuffer *buffer = info->data;
  gsize n_samples;

  if (info->type & GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM) {
    note_caps (self, GST_PAD_PROBE_INFO_EVENT (info));
    return GST_PAD_PROBE_OK;
  }
  if (GST_AUDIO_INFO_BPF (&self->info) == 0)
    return GST_PAD_PROBE_OK;
  n_samples = gst_buffer_get_size (buffer) / GST_AUDIO_INFO_BPF (&self->info);
  if (GST_BUFFER_IS_DISCONT (buffer) ||
      !GST_CLOCK_TIME_IS_VALID (self->first)) {
    self->first = GST_BUFFER_PTS (buffer);
    self->n_samples = 0;
    self->anew = TRUE;
  } else if (GST_BUFFER_PTS_IS_VALID (buffer)) {
    const GstClockTime counted =
        self->first + gst_util_uint64_scale (self->n_samples, GST_SECOND,
                                             GST_AUDIO_INFO_RATE (&self->info));

    self->error = GST_CLOCK_DIFF (counted, GST_BUFFER_PTS (buffer));
    info->data = buffer = gst_buffer_make_writable (buffer);
    GST_BUFFER_PTS (buffer) = counted;
  }
  self->n_samples += n_samples;
  return GST_PAD_PROBE_OK;
}

static GstPadProbeReturn
correct_stamp (GstPad          *pad,
               GstPadProbeInfo *info,
               gpointer         user_data)
{
  Stamps *self = user_data;
  GstBuffer *buffer = info->data;

  /* What was still inside belongs to what came before. */
  if (self->anew && GST_BUFFER_IS_DISCONT (buffer)) {
    self->error = 0;
    self->anew = FALSE;
  }
  if (self->error == 0 || !GST_BUFFER_PTS_IS_VALID (buffer) ||
      (self->error < 0 &&
       GST_BUFFER_PTS (buffer) < (GstClockTime) -self->error))
    return GST_PAD_PROBE_OK;
  info->data = buffer = gst_buffer_make_writable (buffer);
  GST_BUFFER_PTS (buffer) += self->error;
  return GST_PAD_PROBE_OK;
}

/**
 * gst_ekascribe_resampler_watch:
 * @resampler: an audioresample with interleaved samples that has not begun
 * @rate: that comes out of it, in Hz
 *
 * Lets time stamps through, which a mix needs that knows about clocks.
 */
void
gst_ekascribe_resampler_watch (GstElement *resampler,
                               guint       rate)
{
  Stamps *stamps = g_new0 (Stamps, 1);
  g_autoptr (GstPad) sink = gst_element_get_static_pad (resampler, "sink");
  g_autoptr (GstPad) src = gst_element_get_static_pad (resampler, "src");

  gst_audio_info_init (&stamps->info);
  stamps->first = GST_CLOCK_TIME_NONE;
  g_object_set_data_full (G_OBJECT (resampler), "ekascribe-stamps", stamps,
                          g_free);
  gst_pad_add_probe (
      sink, GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM,
      note_stamp, stamps, NULL);
  gst_pad_add_probe (src, GST_PAD_PROBE_TYPE_BUFFER, correct_stamp, stamps,
                     NULL);
}
