/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "listener.h"

#include <math.h>

/* 20 ms, as speech coders cut it. */
#define FRAME (SANDBOX_LISTENER_RATE / 50)
/* Louder for 60 ms begins a segment (a click does not), quieter for 300 ms
 * ends it (the gaps within words and between them do not). */
#define MIN_LOUD 3
#define MIN_QUIET 15

struct _SandboxListener
{
  gdouble sum; /* of squares in the frame under way */
  gsize fill;
  guint64 frames;
  guint loud;  /* frames in a row, outside a segment */
  guint quiet; /* frames in a row, inside a segment */
  gboolean inside;
  guint64 first;
  gdouble energy;       /* of the segment, without the quiet run at its end */
  gdouble quiet_energy; /* of that run */
  gdouble loud_energy;  /* of the run that may begin a segment */
  GArray *segments;
};

/**
 * sandbox_listener_new:
 *
 * Returns: (transfer full): a listener that has heard nothing
 */
SandboxListener *
sandbox_listener_new (void)
{
  SandboxListener *self = g_new0 (SandboxListener, 1);

  self->segments = g_array_new (FALSE, FALSE, sizeof (SandboxSegment));
  return self;
}

/**
 * sandbox_listener_free:
 * @self: (transfer full): to be freed
 */
void
sandbox_listener_free (SandboxListener *self)
{
  g_array_unref (self->segments);
  g_free (self);
}

static gdouble
to_decibels (gdouble sum, guint64 samples)
{
  return 10.0 *
         log10 (MAX (sum / (gdouble)samples, 1e-3) / (32768.0 * 32768.0));
}

static void
close_segment (SandboxListener *self)
{
  guint64 end = self->frames - self->quiet;
  SandboxSegment segment = {
    (gdouble)self->first * FRAME / SANDBOX_LISTENER_RATE,
    (gdouble)end * FRAME / SANDBOX_LISTENER_RATE,
    to_decibels (self->energy, (end - self->first) * FRAME)
  };

  g_array_append_val (self->segments, segment);
  self->inside = FALSE;
  self->quiet = 0;
  self->loud = 0;
  self->loud_energy = 0.0;
}

static void
hear_outside (SandboxListener *self, gboolean loud, gdouble sum)
{
  self->loud = loud ? self->loud + 1 : 0;
  self->loud_energy = loud ? self->loud_energy + sum : 0.0;
  if (self->loud < MIN_LOUD)
    return;
  self->inside = TRUE;
  self->first = self->frames - self->loud;
  self->energy = self->loud_energy;
  self->quiet = 0;
  self->quiet_energy = 0.0;
}

static void
hear_inside (SandboxListener *self, gboolean loud, gdouble sum)
{
  self->quiet_energy += sum;
  self->quiet++;
  if (loud)
    {
      self->energy += self->quiet_energy;
      self->quiet_energy = 0.0;
      self->quiet = 0;
    }
  else if (self->quiet >= MIN_QUIET)
    close_segment (self);
}

static void
hear_frame (SandboxListener *self, gdouble sum)
{
  gboolean loud = to_decibels (sum, FRAME) > SANDBOX_SPEECH_LEVEL;

  self->frames++;
  if (self->inside)
    hear_inside (self, loud, sum);
  else
    hear_outside (self, loud, sum);
}

/**
 * sandbox_listener_feed:
 * @self: a listener
 * @samples: (array length=count): the next ones, mono, 16 kHz
 * @count: how many
 *
 * How the audio is divided among calls makes no difference.
 */
void
sandbox_listener_feed (SandboxListener *self,
                       const gint16 *samples,
                       gsize count)
{
  gsize i;

  for (i = 0; i < count; i++)
    {
      self->sum += (gdouble)samples[i] * samples[i];
      if (++self->fill < FRAME)
        continue;
      hear_frame (self, self->sum);
      self->sum = 0.0;
      self->fill = 0;
    }
}

/**
 * sandbox_listener_finish:
 * @self: a listener
 *
 * Takes the audio as over: a segment that lasts until its end counts.
 */
void
sandbox_listener_finish (SandboxListener *self)
{
  if (self->inside)
    close_segment (self);
}

/**
 * sandbox_listener_segments:
 * @self: a listener
 *
 * Returns: (element-type SandboxSegment) (transfer none): segments that are
 *   over
 */
const GArray *
sandbox_listener_segments (SandboxListener *self)
{
  return self->segments;
}
