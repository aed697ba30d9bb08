/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "gstekascribetimeline.h"

/* What is missing for longer is no hole to be filled: the recording begins
 * anew. */
#define MAX_HOLE GST_SECOND

/* Times that somebody made up on arrival come early and late by this much, and
 * clocks drift: no audio is missing then. What is marked needs no such doubt. */
#define MAX_JITTER (40 * GST_MSECOND)

/* Times are rounded, in Matroska to a millisecond. */
#define ROUNDING (2 * GST_MSECOND)

/**
 * gst_ekascribe_timeline_reset:
 * @self: a timeline
 *
 * Forgets all, before the first packet.
 */
void
gst_ekascribe_timeline_reset (GstEkascribeTimeline *self)
{
  self->next = GST_CLOCK_TIME_NONE;
  self->written = GST_CLOCK_TIME_NONE;
  self->broken = FALSE;
}

/**
 * gst_ekascribe_timeline_is_jump:
 * @self: a timeline
 * @running_time: of the packet that comes, or %GST_CLOCK_TIME_NONE
 *
 * Returns: whether it is over a second off, back or forth
 */
gboolean
gst_ekascribe_timeline_is_jump (GstEkascribeTimeline *self,
                                GstClockTime          running_time)
{
  if (!GST_CLOCK_TIME_IS_VALID (self->next) ||
      !GST_CLOCK_TIME_IS_VALID (running_time))
    return FALSE;
  return ABS (GST_CLOCK_DIFF (self->next, running_time)) >
         (GstClockTimeDiff) MAX_HOLE;
}

/**
 * gst_ekascribe_timeline_get_hole:
 * @self: a timeline
 * @running_time: of the packet that comes, which is no jump
 *
 * Where a break was marked, all is missing that the packet is late. Elsewhere it
 * may have been late only on its way: what counts then is how far all audio so
 * far is behind, so that nothing is filled twice.
 *
 * Returns: how much audio is missing before the packet, in ns
 */
GstClockTime
gst_ekascribe_timeline_get_hole (GstEkascribeTimeline *self,
                                 GstClockTime          running_time)
{
  const GstClockTime from = self->broken ? self->next : self->written;
  const GstClockTime least = self->broken ? ROUNDING : MAX_JITTER;

  if (!GST_CLOCK_TIME_IS_VALID (from) ||
      !GST_CLOCK_TIME_IS_VALID (running_time) || running_time < from + least)
    return 0;
  return MIN (running_time - from, MAX_HOLE);
}

/**
 * gst_ekascribe_timeline_jump:
 * @self: a timeline
 *
 * Says that the next packet begins something new: no hole is before it.
 */
void
gst_ekascribe_timeline_jump (GstEkascribeTimeline *self)
{
  self->next = GST_CLOCK_TIME_NONE;
  self->written = GST_CLOCK_TIME_NONE;
}

/**
 * gst_ekascribe_timeline_add:
 * @self: a timeline
 * @running_time: of a packet that was taken, or %GST_CLOCK_TIME_NONE: behind the
 *   one before
 * @duration: of it, in ns
 */
void
gst_ekascribe_timeline_add (GstEkascribeTimeline *self,
                            GstClockTime          running_time,
                            GstClockTime          duration)
{
  if (GST_CLOCK_TIME_IS_VALID (running_time))
    self->next = running_time;
  if (!GST_CLOCK_TIME_IS_VALID (self->written))
    self->written = self->next;
  self->broken = FALSE;
  if (GST_CLOCK_TIME_IS_VALID (self->next))
    self->next += duration;
  if (GST_CLOCK_TIME_IS_VALID (self->written))
    self->written += duration;
}
