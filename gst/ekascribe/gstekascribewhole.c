/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "gstekascribewhole.h"

#include "scribe/error.h"

/* From so much on the beginning tells how large the whole will be. */
#define SAMPLE (10 * GST_SECOND)

/* An estimate may be wrong by that much: 1 / TOLERANCE. */
#define TOLERANCE 20

#define ADVICE "Set upload-type=chunked, which has no such limit."

static gboolean
fail (GError     **error,
      const gchar *reason)
{
  g_set_error (error, EKA_SCRIBE_ERROR, EKA_SCRIBE_ERROR_SETTINGS,
               "upload-type=single does not fit this recording: %s " ADVICE,
               reason);
  return FALSE;
}

static gboolean
fail_size (const GstEkascribeWhole *self,
           GError                 **error)
{
  g_autofree gchar *reason = g_strdup_printf (
      "one file has at most %.0f MB, which is reached after %.0f s.",
      self->max_bytes / 1e6, self->elapsed / (gdouble) GST_SECOND);

  return fail (error, reason);
}

static gboolean
fail_estimate (const GstEkascribeWhole *self,
               guint64                  bytes,
               GError                 **error)
{
  g_autofree gchar *reason = g_strdup_printf (
      "one file has at most %.0f MB, and all %.0f s would have about %.0f MB.",
      self->max_bytes / 1e6, self->total / (gdouble) GST_SECOND, bytes / 1e6);

  return fail (error, reason);
}

static gboolean
fail_duration (const GstEkascribeWhole *self,
               GError                 **error)
{
  g_autofree gchar *reason = g_strdup_printf (
      "a session of this model takes at most %.0f s of audio.",
      self->max_duration / (gdouble) GST_SECOND);

  return fail (error, reason);
}

/**
 * gst_ekascribe_whole_check:
 * @self: a recording
 * @error: return location; %EKA_SCRIBE_ERROR_SETTINGS, with what to do
 *
 * Returns: %FALSE where the recording does not fit, or will not
 */
gboolean
gst_ekascribe_whole_check (const GstEkascribeWhole *self,
                           GError                 **error)
{
  const gboolean known = GST_CLOCK_TIME_IS_VALID (self->total);
  const GstClockTime length = MAX (self->elapsed, known ? self->total : 0);
  guint64 estimate;

  if (self->bytes > self->max_bytes)
    return fail_size (self, error);
  if (self->max_duration != 0 && length > self->max_duration)
    return fail_duration (self, error);
  if (!known || self->elapsed < SAMPLE || self->total < self->elapsed)
    return TRUE;
  estimate = gst_util_uint64_scale (self->bytes, self->total, self->elapsed);
  return estimate <= self->max_bytes + self->max_bytes / TOLERANCE ||
         fail_estimate (self, estimate, error);
}

/**
 * gst_ekascribe_whole_query_rest:
 * @pad: a sink pad
 * @segment: that @buffer is in
 * @buffer: what comes now
 *
 * Returns: how much audio comes yet, by what upstream knows, from @buffer on;
 *   %GST_CLOCK_TIME_NONE where it does not
 */
GstClockTime
gst_ekascribe_whole_query_rest (GstPad           *pad,
                                const GstSegment *segment,
                                GstBuffer        *buffer)
{
  gint64 total;
  guint64 position, end;

  if (!gst_pad_peer_query_duration (pad, GST_FORMAT_TIME, &total) || total <= 0)
    return GST_CLOCK_TIME_NONE;
  position = gst_segment_to_stream_time (segment, segment->format,
                                         GST_BUFFER_PTS (buffer));
  end = gst_segment_to_stream_time (segment, segment->format, segment->stop);
  if (segment->format != GST_FORMAT_TIME || !GST_CLOCK_TIME_IS_VALID (position))
    return GST_CLOCK_TIME_NONE;
  end = MIN (end, (guint64) total);
  return end - MIN (position, end);
}
