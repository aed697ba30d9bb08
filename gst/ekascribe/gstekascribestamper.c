/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "gstekascribestamper.h"

#include <gst/audio/audio.h>

/* A clock is compared to the wall's this often: it drifts, and somebody may set
 * that one. */
#define CLOCK_INTERVAL (10 * GST_SECOND)

/* From 1900, where NTP counts from, to 1970; RFC 868 */
#define NTP_TO_UNIX (G_GUINT64_CONSTANT (2208988800) * GST_SECOND)

/**
 * gst_ekascribe_stamper_reset:
 * @self: a stamper
 *
 * Forgets all, before the first buffer.
 */
void
gst_ekascribe_stamper_reset (GstEkascribeStamper *self)
{
  *self = (GstEkascribeStamper) {
    .granule = GST_BUFFER_OFFSET_NONE,
    .utc_checked = GST_CLOCK_TIME_NONE,
    .base_time = GST_CLOCK_TIME_NONE,
  };
}

/* Between two times. */
static guint
count_samples (const EkaCodec *codec,
               GstClockTime    from,
               GstClockTime    to)
{
  guint64 samples;

  if (!GST_CLOCK_TIME_IS_VALID (from) || !GST_CLOCK_TIME_IS_VALID (to) ||
      from >= to)
    return 0;
  samples = gst_util_uint64_scale_round (
      to - from, eka_codec_sample_rate (codec), GST_SECOND);
  return (guint) MIN (samples, G_MAXINT);
}

static guint
read_clip (const EkaCodec *codec,
           GstFormat       format,
           guint64         value)
{
  if (format == GST_FORMAT_TIME)
    return count_samples (codec, 0, value);
  return format == GST_FORMAT_DEFAULT ? (guint) MIN (value, G_MAXINT) : 0;
}

/* Ogg tells the end of Vorbis by its last position alone. */
static void
clip_vorbis (GstEkascribeStamper *self,
             GstBuffer           *buffer,
             guint                samples,
             EkaPacket           *packet)
{
  const guint64 end = GST_BUFFER_OFFSET_END (buffer);

  if (end != GST_BUFFER_OFFSET_NONE && self->granule != GST_BUFFER_OFFSET_NONE &&
      end >= self->granule && end < self->granule + samples)
    packet->trim_end =
        MAX (packet->trim_end, (guint) (self->granule + samples - end));
  self->granule = end;
}

/* Hides what a demuxer or parser has marked, and what lies outside of the
 * segment: converters have cut that off PCM. MP4 tells the priming so. */
static void
clip (GstEkascribeStamper *self,
      const EkaCodec      *codec,
      const GstSegment    *segment,
      GstBuffer           *buffer,
      guint                samples,
      EkaPacket           *packet)
{
  const GstAudioClippingMeta *meta = gst_buffer_get_audio_clipping_meta (buffer);
  const GstClockTime start = GST_BUFFER_PTS (buffer);

  if (codec->type == EKA_CODEC_PCM)
    return;
  if (codec->type == EKA_CODEC_VORBIS)
    clip_vorbis (self, buffer, samples, packet);
  if (meta != NULL) {
    packet->skip = read_clip (codec, meta->format, meta->start);
    packet->trim_end =
        MAX (packet->trim_end, read_clip (codec, meta->format, meta->end));
  }
  if (segment->format != GST_FORMAT_TIME || !GST_CLOCK_TIME_IS_VALID (start))
    return;
  packet->skip =
      MAX (packet->skip, count_samples (codec, start, segment->start));
  packet->trim_end = MAX (
      packet->trim_end,
      count_samples (codec, segment->stop,
                     start + eka_codec_time_from_samples (codec, samples)));
}

/* Whoever made the buffer may know what the wall clock said. */
static void
read_reference (GstEkascribeStamper *self,
                GstBuffer           *buffer,
                GstClockTime         running_time)
{
  static GstStaticCaps unix_time = GST_STATIC_CAPS ("timestamp/x-unix");
  static GstStaticCaps ntp_time = GST_STATIC_CAPS ("timestamp/x-ntp");
  g_autoptr (GstCaps) unix_caps = NULL;
  g_autoptr (GstCaps) ntp_caps = NULL;
  GstReferenceTimestampMeta *meta;
  GstClockTime utc;

  if (gst_buffer_get_meta (buffer, GST_REFERENCE_TIMESTAMP_META_API_TYPE) ==
      NULL)
    return;
  unix_caps = gst_static_caps_get (&unix_time);
  ntp_caps = gst_static_caps_get (&ntp_time);
  meta = gst_buffer_get_reference_timestamp_meta (buffer, unix_caps);
  if (meta != NULL) {
    utc = meta->timestamp;
  } else {
    meta = gst_buffer_get_reference_timestamp_meta (buffer, ntp_caps);
    if (meta == NULL || meta->timestamp < NTP_TO_UNIX)
      return;
    utc = meta->timestamp - NTP_TO_UNIX;
  }
  self->utc_known = TRUE;
  self->utc_offset = (gint64) (utc - running_time);
  self->utc_checked = running_time;
  self->base_time = GST_CLOCK_TIME_NONE;
}

static void
tell_utc (const GstEkascribeStamper *self,
          EkaPacket                 *packet)
{
  if (self->utc_known && (gint64) packet->running_time + self->utc_offset > 0)
    packet->utc = packet->running_time + self->utc_offset;
}

/**
 * gst_ekascribe_stamper_needs_clock:
 * @self: a stamper
 * @element: in whose clock running time is counted
 * @running_time: of a packet
 *
 * Returns: whether it is long since it was told what the wall clock says, or a
 *   pause was in between, in which running time stands still
 */
gboolean
gst_ekascribe_stamper_needs_clock (GstEkascribeStamper *self,
                                   GstElement          *element,
                                   GstClockTime         running_time)
{
  /* What the source has told holds until it tells more. */
  if (self->utc_known && !GST_CLOCK_TIME_IS_VALID (self->base_time))
    return FALSE;
  return !GST_CLOCK_TIME_IS_VALID (self->utc_checked) ||
         ABS (GST_CLOCK_DIFF (self->utc_checked, running_time)) >
             (GstClockTimeDiff) CLOCK_INTERVAL ||
         (GST_CLOCK_TIME_IS_VALID (self->base_time) &&
          gst_element_get_base_time (element) != self->base_time);
}

/**
 * gst_ekascribe_stamper_read_clock:
 * @self: a stamper
 * @element: a live element, in whose clock running time is counted
 * @packet: (inout): a packet that has come, with a running time; gets its UTC
 *
 * Holds the pipeline's clock against the wall's.
 */
void
gst_ekascribe_stamper_read_clock (GstEkascribeStamper *self,
                                  GstElement          *element,
                                  EkaPacket           *packet)
{
  const GstClockTime now = gst_element_get_current_running_time (element);

  if (!GST_CLOCK_TIME_IS_VALID (now))
    return;
  self->utc_checked = packet->running_time;
  self->base_time = gst_element_get_base_time (element);
  self->utc_known = TRUE;
  self->utc_offset = g_get_real_time () * 1000 - (gint64) now;
  tell_utc (self, packet);
}

/**
 * gst_ekascribe_stamper_ignore_clock:
 * @self: a stamper
 * @running_time: of a packet
 *
 * Where running time passes faster than time does, no clock tells when it was.
 */
void
gst_ekascribe_stamper_ignore_clock (GstEkascribeStamper *self,
                                    GstClockTime         running_time)
{
  self->utc_checked = running_time;
}

static guint8
read_loudness (GstBuffer *buffer)
{
  const GstAudioLevelMeta *meta = gst_buffer_get_audio_level_meta (buffer);

  return meta != NULL && meta->level <= 127 ? 128 - meta->level : 0;
}

/**
 * gst_ekascribe_stamper_stamp:
 * @self: a stamper
 * @codec: of the packet
 * @segment: that @buffer is in
 * @buffer: what the packet came in
 * @samples: that the packet lasts
 * @packet: (inout): gets its times, what is not heard of it, and its loudness
 */
void
gst_ekascribe_stamper_stamp (GstEkascribeStamper *self,
                             const EkaCodec      *codec,
                             const GstSegment    *segment,
                             GstBuffer           *buffer,
                             guint                samples,
                             EkaPacket           *packet)
{
  const GstClockTime start = GST_BUFFER_PTS (buffer);

  packet->running_time = GST_CLOCK_TIME_NONE;
  packet->loudness = read_loudness (buffer);
  clip (self, codec, segment, buffer, samples, packet);
  if (segment->format != GST_FORMAT_TIME || !GST_CLOCK_TIME_IS_VALID (start))
    return;
  packet->running_time = gst_segment_to_running_time (
      segment, GST_FORMAT_TIME, MAX (start, segment->start));
  if (!GST_CLOCK_TIME_IS_VALID (packet->running_time))
    return;
  read_reference (self, buffer, packet->running_time);
  tell_utc (self, packet);
}
