/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "mix/leg.h"

#include "mix/runs.h"
#include "mix/stamps.h"
#include "mix/stretch.h"

#define MSECOND G_GINT64_CONSTANT (1000000)
#define SECOND (1000 * MSECOND)
/* In samples */
#define SAMPLES(ns) ((ns) / EKA_MIX_SAMPLE)

/* A stamp that is wrong by more is no jitter: something else has begun. */
#define BREAK (1 * SECOND)

/* A hole by one stamp: of a stream that is exact so far, with and without a flag
 * (rounding is less); of one that scatters, beyond all it did so far. */
#define FLAGGED_HOLE (2 * MSECOND)
#define EXACT_HOLE (10 * MSECOND)
#define ROUGH_HOLE (40 * MSECOND)

/* So far a stream may be from its place, before it is moved there slowly, and so
 * far it is moved. */
#define DRIFT (3 * MSECOND)
#define DRIFT_REST (MSECOND / 4)

/* One sample in so many is put in, or taken away: 0.3 % and 1.5 % */
#define STRETCH_EVERY 320
#define SHRINK_EVERY 67

/* What is collected until its place is known: little where stamps are exact;
 * where they scatter, as much as it takes to have seen one without delay. */
#define EXACT_SAMPLES 8000
#define ROUGH_SAMPLES 32000
#define ROUGH_STAMPS 100
#define MOST_SAMPLES 64000

/* Beyond that no clock was ever right, and sums could overflow. */
#define MOST_TIME (G_MAXINT64 / 4)

/*
 * The line is where the next sample falls by the count of those that came (while it
 * settles: the first of those that have no place), in ns; an error is a time stamp
 * minus the line. The floor of the errors is where the stream truly lies. @end is where the next sample goes, in samples: it follows the
 * line, and is moved slowly towards line plus floor.
 *
 * A leg is
 * - new: !known, !settling; nothing, or silence only, has come since its clock was
 *   started;
 * - settling: @pending holds what has come since something that only more stamps
 *   can explain; @fresh are its errors;
 * - running: known, !settling.
 * All samples before @taken are out; @placed: @begin and @end are valid.
 */
struct _EkaLeg
{
  gboolean known;
  gboolean settling;
  gboolean placed;
  gboolean ended;
  gboolean flagged; /* the last one was a discontinuity */

  gint64 shift; /* ns to add to its time stamps */
  gint64 line;
  gint64 begin;
  gint64 end;
  gint64 taken;

  EkaStamps stamps;
  EkaStamps fresh;
  GArray *pending;

  gboolean moving; /* towards its place */
  guint carry;     /* samples since the last that was put in or taken away */
  GArray *stretched;

  EkaRuns *runs;
  EkaLegStats stats;
};

/* Where it is believed that samples that settle belong. */
typedef struct
{
  gint64 place;  /* of the first sample */
  gint64 adjust; /* ns to add to the shift */
  gint64 hole;   /* ns since the last sample, of a clock that goes on */
  gboolean goes_on;
} Spot;

static gint64
to_place (gint64 time)
{
  const gint64 shifted = time + EKA_MIX_SAMPLE / 2;

  return shifted / EKA_MIX_SAMPLE - (shifted % EKA_MIX_SAMPLE < 0);
}

/**
 * eka_leg_new:
 *
 * Returns: (transfer full): a leg that nothing has come on
 */
EkaLeg *
eka_leg_new (void)
{
  EkaLeg *self = g_new0 (EkaLeg, 1);

  self->taken = G_MININT64;
  self->pending = g_array_new (FALSE, FALSE, sizeof (gint16));
  self->stretched = g_array_new (FALSE, FALSE, sizeof (gint16));
  self->runs = eka_runs_new ();
  return self;
}

/**
 * eka_leg_free:
 * @self: (transfer full): the leg
 *
 * Frees the leg and what waits in it.
 */
void
eka_leg_free (EkaLeg *self)
{
  g_array_unref (self->pending);
  g_array_unref (self->stretched);
  eka_runs_free (self->runs);
  g_free (self);
}

/* Place of the next sample by the stream's own count and the floor of its stamps. */
static gint64
get_true_place (const EkaLeg *self)
{
  return to_place (self->line + eka_stamps_get_floor (&self->stamps));
}

/* By how many samples a block is to become longer (or shorter, < 0) */
static gint
choose_change (EkaLeg *self,
               guint   n_samples)
{
  const gint64 error = self->line + eka_stamps_get_floor (&self->stamps) -
                       self->end * EKA_MIX_SAMPLE;
  const gint64 wanted = ABS (error) / EKA_MIX_SAMPLE;
  const guint every = error > 0 ? STRETCH_EVERY : SHRINK_EVERY;
  const guint length = n_samples + self->carry;
  gint64 change = length / every;

  if (ABS (error) > DRIFT)
    self->moving = TRUE;
  else if (ABS (error) < DRIFT_REST)
    self->moving = FALSE;
  if (!self->moving)
    return 0;
  self->carry = MIN (length, STRETCH_EVERY);
  change = MIN (change, wanted);
  if (change == 0 || n_samples < 4)
    return 0;
  change = MIN (change, n_samples / 4);
  self->carry = length % every;
  return (gint) (error > 0 ? change : -change);
}

/* Puts samples at the end, or where the others are, if that is later. @line is
 * still before them. */
static void
append (EkaLeg       *self,
        const gint16 *samples,
        guint         n_samples)
{
  const gint64 place = get_true_place (self);
  gint change;

  if (n_samples == 0)
    return;
  if (self->taken > place)
    self->stats.late += MIN (self->taken - place, n_samples) * EKA_MIX_SAMPLE;
  self->end = MAX (self->end, self->taken);
  change = choose_change (self, n_samples);
  self->line += n_samples * EKA_MIX_SAMPLE;
  if (change != 0)
    {
      g_array_set_size (self->stretched, n_samples + change);
      eka_stretch (samples, n_samples, (gint16 *) self->stretched->data,
                   n_samples + change);
      samples = (const gint16 *) self->stretched->data;
      n_samples += change;
      self->stats.skew += ABS (change) * EKA_MIX_SAMPLE;
    }
  eka_runs_add (self->runs, self->end, samples, n_samples);
  self->end += n_samples;
}

/* Whether a place can be meant: not long before what is there already, not long
 * after all others. */
static gboolean
is_credible (const EkaLeg     *self,
             const EkaLegView *view,
             gint64            place)
{
  gint64 foremost = MAX (view->foremost, view->position);
  gint64 earliest = G_MININT64;

  if (self->known)
    earliest = get_true_place (self) - SAMPLES (BREAK);
  else if (self->placed)
    earliest = self->end - SAMPLES (BREAK);
  else if (view->position > G_MININT64)
    earliest = view->position - SAMPLES (BREAK);
  else if (view->foremost > G_MININT64)
    earliest = view->foremost - view->reach;
  if (place < earliest)
    return FALSE;
  if (self->placed)
    foremost = MAX (foremost, self->end);
  return foremost == G_MININT64 || place <= foremost + view->reach;
}

/* Where audio goes whose time can't be known: what is recorded now belongs to now, and
 * a file to the beginning, however far another one has come. */
static gint64
choose_place (const EkaLeg     *self,
              const EkaLegView *view)
{
  const gint64 now = MAX (view->foremost, view->position);

  if (self->placed && self->end >= view->position)
    return self->end;
  if (!self->placed && view->begin > G_MININT64)
    return view->begin;
  if (now == G_MININT64)
    return 0;
  return self->placed ? MAX (now, self->end) : now;
}

static void
find_spot (const EkaLeg     *self,
           const EkaLegView *view,
           Spot             *spot)
{
  const gint64 shifts[] = { self->shift, 0, view->shift };
  const gint64 time = self->line + eka_stamps_get_floor (&self->fresh);
  guint i;

  spot->hole = 0;
  spot->goes_on = self->known && eka_stamps_get_n (&self->fresh) == 0;
  if (spot->goes_on)
    return;
  for (i = 0; eka_stamps_get_n (&self->fresh) > 0 && i < G_N_ELEMENTS (shifts);
       i++)
    {
      spot->adjust = shifts[i] - self->shift;
      spot->place = to_place (time + spot->adjust);
      if (!is_credible (self, view, spot->place))
        continue;
      if (self->known && spot->adjust == 0)
        {
          spot->goes_on = TRUE;
          spot->hole = eka_stamps_get_floor (&self->fresh) -
                       eka_stamps_get_floor (&self->stamps);
        }
      return;
    }
  spot->place = choose_place (self, view);
  spot->adjust = eka_stamps_get_n (&self->fresh) > 0
                     ? spot->place * EKA_MIX_SAMPLE - time
                     : 0;
}

/* The clock goes on, after a hole or after none. */
static void
go_on (EkaLeg     *self,
       const Spot *spot)
{
  const gint64 least_hole =
      eka_stamps_is_exact (&self->stamps) ? FLAGGED_HOLE : 2 * FLAGGED_HOLE;
  gint64 hole = 0;

  if (spot->hole > least_hole)
    {
      hole = spot->hole;
      self->line += hole;
      self->end = MAX (self->end, get_true_place (self));
    }
  eka_stamps_join (&self->stamps, &self->fresh, -hole);
}

/* The clock is another one. */
static void
begin_clock (EkaLeg     *self,
             const Spot *spot)
{
  self->shift += spot->adjust;
  if (eka_stamps_get_n (&self->fresh) == 0)
    self->line = spot->place * EKA_MIX_SAMPLE;
  eka_stamps_clear (&self->stamps);
  eka_stamps_join (&self->stamps, &self->fresh, spot->adjust);
  self->end = self->placed ? MAX (self->end, spot->place) : spot->place;
  if (!self->placed)
    self->begin = self->end;
  self->placed = TRUE;
  self->known = TRUE;
  self->moving = FALSE;
}

/**
 * eka_leg_settle:
 * @self: the leg
 * @view: what it has to know of the others
 *
 * Gives what was collected its place by what is known so far. Does nothing if the
 * leg doesn't settle.
 */
void
eka_leg_settle (EkaLeg           *self,
                const EkaLegView *view)
{
  Spot spot;

  self->taken = MAX (self->taken, view->position);
  if (!self->settling)
    return;
  find_spot (self, view, &spot);
  if (spot.goes_on)
    go_on (self, &spot);
  else
    begin_clock (self, &spot);
  self->settling = FALSE;
  append (self, (const gint16 *) self->pending->data, self->pending->len);
  g_array_set_size (self->pending, 0);
  eka_stamps_clear (&self->fresh);
}

/* Time stamp of the next sample minus the line */
static gint64
get_error (const EkaLeg *self,
           guint64       running_time)
{
  return (gint64) running_time + self->shift - self->line -
         (gint64) self->pending->len * EKA_MIX_SAMPLE;
}

/* Whether one stamp of a running leg is no jitter. */
static gboolean
is_break (const EkaLeg *self,
          gint64        error,
          gboolean      flagged)
{
  const gint64 off = error - eka_stamps_get_floor (&self->stamps);
  const gint64 spread = eka_stamps_get_most (&self->stamps) -
                        eka_stamps_get_least (&self->stamps);

  if (ABS (off) > BREAK)
    return TRUE;
  if (flagged)
    return off > FLAGGED_HOLE;
  if (eka_stamps_is_exact (&self->stamps))
    return off > EXACT_HOLE;
  return off > spread + ROUGH_HOLE;
}

/* Whether a stamp doesn't belong to those that are being collected. */
static gboolean
is_other (const EkaLeg *self,
          gint64        error,
          gboolean      flagged)
{
  if (eka_stamps_get_n (&self->fresh) == 0)
    return FALSE;
  return flagged ||
         error - eka_stamps_get_least (&self->fresh) > BREAK ||
         eka_stamps_get_most (&self->fresh) - error > BREAK;
}

/* Whether the clock is again what it was before something was collected: nothing
 * has happened, but that somebody was wrong. */
static gboolean
is_back (const EkaLeg *self,
         gint64        error,
         gboolean      flagged)
{
  return self->known && !flagged && !is_break (self, error, FALSE) &&
         error - eka_stamps_get_floor (&self->stamps) > -ROUGH_HOLE;
}

/* Whether what was collected is enough. */
static gboolean
is_clear (const EkaLeg *self)
{
  const guint n_samples = self->pending->len;
  gint64 off;

  if (self->known)
    {
      off = eka_stamps_get_floor (&self->fresh) -
            eka_stamps_get_floor (&self->stamps);
      /* delay, and the delay is over: no hole */
      if (ABS (off) <= EXACT_HOLE / 2)
        return TRUE;
    }
  if (n_samples >= EXACT_SAMPLES && eka_stamps_is_exact (&self->fresh))
    return TRUE;
  if (n_samples >= ROUGH_SAMPLES &&
      eka_stamps_get_n (&self->fresh) >= ROUGH_STAMPS)
    return TRUE;
  return n_samples >= MOST_SAMPLES;
}

/* Two seconds of stamps say that the leg is ahead of where it is put: something
 * was lost that nobody told of. */
static void
fill_hole (EkaLeg *self)
{
  gint64 floor;

  if (!eka_stamps_get_recent (&self->stamps, &floor) ||
      self->line + floor - self->end * EKA_MIX_SAMPLE <= ROUGH_HOLE)
    return;
  eka_stamps_keep_recent (&self->stamps);
  self->end = MAX (self->end, get_true_place (self));
}

static void
collect (EkaLeg           *self,
         const EkaLegView *view,
         const gint16     *samples,
         guint             n_samples,
         gboolean          enough)
{
  g_array_append_vals (self->pending, samples, n_samples);
  if (enough || is_clear (self))
    eka_leg_settle (self, view);
}

/* Samples that have no time go where they would without a stamp. */
static void
push_unstamped (EkaLeg           *self,
                const EkaLegView *view,
                const gint16     *samples,
                guint             n_samples)
{
  if (!self->known && !self->settling)
    {
      self->settling = TRUE;
      collect (self, view, samples, n_samples, TRUE);
    }
  else if (self->settling)
    collect (self, view, samples, n_samples, FALSE);
  else
    append (self, samples, n_samples);
}

/**
 * eka_leg_push:
 * @self: the leg
 * @view: what it has to know of the others
 * @running_time: of the first sample in ns; %EKA_MIX_NO_TIME: after the last ones
 * @samples: (array length=n_samples): samples in the machine's byte order
 * @n_samples: how many
 * @discont: whether something may be missing in front of them
 *
 * Takes samples. They follow the last ones, and are moved slowly to where their
 * time stamps say they belong; a hole becomes silence. What can't be told by one
 * time stamp is collected: the first 500 ms of a leg, up to 4 s where stamps
 * scatter. A time stamp that can't be right (more than a second before what was
 * there, more than the view's reach after all others) means another clock: the
 * samples go on where they are. A leg that has ended begins anew.
 */
void
eka_leg_push (EkaLeg           *self,
              const EkaLegView *view,
              guint64           running_time,
              const gint16     *samples,
              guint             n_samples,
              gboolean          discont)
{
  /* a flag on all of them means nothing */
  const gboolean flagged = discont && !self->flagged;
  gint64 error;

  if (n_samples == 0)
    return;
  if (self->ended)
    eka_leg_restart (self, view);
  self->taken = MAX (self->taken, view->position);
  self->flagged = discont;
  if (running_time > (guint64) MOST_TIME)
    {
      push_unstamped (self, view, samples, n_samples);
      return;
    }
  error = get_error (self, running_time);
  if (self->settling && is_other (self, error, flagged))
    {
      if (is_back (self, error, flagged))
        eka_stamps_clear (&self->fresh);
      eka_leg_settle (self, view);
      error = get_error (self, running_time);
    }
  if (!self->settling && (!self->known || is_break (self, error, flagged)))
    {
      if (!self->known)
        self->line = (gint64) running_time + self->shift;
      self->settling = TRUE;
      error = get_error (self, running_time);
    }
  if (self->settling)
    {
      const gboolean enough =
          flagged && self->known && eka_stamps_is_exact (&self->stamps);

      eka_stamps_add (&self->fresh, error, n_samples);
      collect (self, view, samples, n_samples, enough);
      return;
    }
  eka_stamps_add (&self->stamps, error, n_samples);
  fill_hole (self);
  append (self, samples, n_samples);
}

/* Silence of a running leg, in ns */
static gint64
measure_gap (const EkaLeg     *self,
             const EkaLegView *view,
             gint64            time,
             gint64            duration)
{
  const gint64 off =
      time - self->line - eka_stamps_get_floor (&self->stamps);
  const gint64 place = get_true_place (self);
  gint64 gap = duration;

  if (off > BREAK || (off >= -BREAK && eka_stamps_is_exact (&self->stamps)))
    gap = off + duration;
  if (gap > 0 && !is_credible (self, view, place + SAMPLES (gap)))
    gap = duration;
  if (gap > 0 && !is_credible (self, view, place + SAMPLES (gap)))
    gap = 0;
  return MAX (gap, 0);
}

static void
append_silence (EkaLeg *self,
                gint64  until)
{
  self->end = MAX (self->end, self->taken);
  if (until <= self->end)
    return;
  eka_runs_add (self->runs, self->end, NULL, (guint64) (until - self->end));
  self->end = until;
}

/**
 * eka_leg_gap:
 * @self: the leg
 * @view: what it has to know of the others
 * @running_time: where silence begins, in ns
 * @duration: how long it is, in ns; %EKA_MIX_NO_TIME: not known
 *
 * Takes the news that nothing comes for a while: the leg has come so far. Audio that
 * is late takes the place of silence.
 */
void
eka_leg_gap (EkaLeg           *self,
             const EkaLegView *view,
             guint64           running_time,
             guint64           duration)
{
  const gint64 length = duration > (guint64) MOST_TIME ? 0 : (gint64) duration;
  gint64 time, from, until;

  if (running_time > (guint64) MOST_TIME)
    return;
  if (self->ended)
    eka_leg_restart (self, view);
  eka_leg_settle (self, view);
  time = (gint64) running_time + self->shift;
  if (self->known)
    {
      self->line += measure_gap (self, view, time, length);
      append_silence (self, get_true_place (self));
      return;
    }
  from = to_place (time);
  until = to_place (time + length);
  if (!is_credible (self, view, from) || !is_credible (self, view, until))
    return;
  if (!self->placed)
    {
      self->begin = from;
      self->end = from;
      self->placed = TRUE;
    }
  append_silence (self, until);
}

/**
 * eka_leg_end:
 * @self: the leg
 * @view: what it has to know of the others
 *
 * Says that no more comes.
 */
void
eka_leg_end (EkaLeg           *self,
             const EkaLegView *view)
{
  eka_leg_settle (self, view);
  self->ended = TRUE;
}

/**
 * eka_leg_restart:
 * @self: the leg
 * @view: what it has to know of the others
 *
 * Starts the leg's clock anew, as after a flush: what has come stays, the next time
 * stamp says where it goes on. Takes an end back.
 */
void
eka_leg_restart (EkaLeg           *self,
                 const EkaLegView *view)
{
  eka_leg_settle (self, view);
  self->ended = FALSE;
  self->known = FALSE;
  self->flagged = FALSE;
  self->shift = 0;
  eka_stamps_clear (&self->stamps);
}

/**
 * eka_leg_is_ended:
 * @self: the leg
 *
 * Returns: whether no more comes
 */
gboolean
eka_leg_is_ended (const EkaLeg *self)
{
  return self->ended;
}

/**
 * eka_leg_is_settling:
 * @self: the leg
 *
 * Returns: whether it holds samples that have no place yet
 */
gboolean
eka_leg_is_settling (const EkaLeg *self)
{
  return self->settling;
}

/**
 * eka_leg_get_begin:
 * @self: the leg
 * @place: (out): place of the first thing that came, in samples
 *
 * Returns: whether anything has come and has its place
 */
gboolean
eka_leg_get_begin (const EkaLeg *self,
                   gint64       *place)
{
  *place = self->begin;
  return self->placed;
}

/**
 * eka_leg_get_end:
 * @self: the leg
 * @place: (out): place after all that has one, in samples
 *
 * Returns: whether anything has come and has its place
 */
gboolean
eka_leg_get_end (const EkaLeg *self,
                 gint64       *place)
{
  *place = self->end;
  return self->placed;
}

/**
 * eka_leg_get_head:
 * @self: the leg
 * @view: what it has to know of the others
 * @place: (out): place up to which it has come, in samples
 *
 * As eka_leg_get_end(), but with what has no place yet, as far as can be told.
 *
 * Returns: whether anything has come
 */
gboolean
eka_leg_get_head (const EkaLeg     *self,
                  const EkaLegView *view,
                  gint64           *place)
{
  Spot spot;

  *place = self->end;
  if (!self->settling)
    return self->placed;
  find_spot (self, view, &spot);
  *place = MAX (self->placed ? self->end : G_MININT64, view->position);
  if (!spot.goes_on || spot.hole > 0)
    *place = MAX (*place, spot.place);
  *place += self->pending->len;
  return TRUE;
}

/**
 * eka_leg_get_shift:
 * @self: the leg
 *
 * Returns: ns that are added to its time stamps, for its clock was found wrong
 */
gint64
eka_leg_get_shift (const EkaLeg *self)
{
  return self->shift;
}

/**
 * eka_leg_get_n_held:
 * @self: the leg
 *
 * Returns: samples that wait in it
 */
guint64
eka_leg_get_n_held (const EkaLeg *self)
{
  return eka_runs_get_n_held (self->runs) + self->pending->len;
}

/**
 * eka_leg_find_audio:
 * @self: the leg
 * @place: (out): place of the first sample that waits
 *
 * Returns: whether there is one that has its place
 */
gboolean
eka_leg_find_audio (const EkaLeg *self,
                    gint64       *place)
{
  return eka_runs_find_audio (self->runs, place);
}

/**
 * eka_leg_take:
 * @self: the leg
 * @place: where the block begins, in samples; not before the end of the last one,
 *   nor after the first audio that waits
 * @sum: (array length=n_samples): what the leg's samples are added to
 * @n_samples: length of the block
 *
 * Adds to a block what the leg has there. What comes later for that block is late,
 * and goes after it.
 */
void
eka_leg_take (EkaLeg *self,
              gint64  place,
              gint32 *sum,
              guint   n_samples)
{
  const guint n = eka_runs_take (self->runs, place, sum, n_samples);
  gint64 missed = n_samples - n;

  self->taken = place + n_samples;
  if (!self->placed)
    return;
  /* it hadn't begun, or is over: nothing is missed */
  if (self->begin > place)
    missed -= MIN (self->begin - place, n_samples);
  if (self->ended && self->taken > self->end)
    missed -= MIN (self->taken - self->end, n_samples);
  if (missed > 0)
    self->stats.filled += missed * EKA_MIX_SAMPLE;
}

/**
 * eka_leg_get_stats:
 * @self: the leg
 * @stats: (out caller-allocates): what became of its audio so far
 *
 * Tells what the leg had to do to its audio.
 */
void
eka_leg_get_stats (const EkaLeg *self,
                   EkaLegStats  *stats)
{
  *stats = self->stats;
}
