/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "chunk/quiet.h"

#define MSECOND G_GUINT64_CONSTANT (1000000)

/* A measure that some packets lack is no measure: so many percent of the time
 * must have it. */
#define COVERAGE 95

/* More of a pause makes no better cut. */
#define LONG_PAUSE (1000 * MSECOND)

/* Floor and ceiling of what is heard: so many percent of the time is below. */
#define FLOOR_PERCENT 2
#define CEILING_PERCENT 90
/* Where that is all silence: the ceiling of a few words */
#define PEAK_PERCENT 99

#define N_BINS 256

/* How one measure tells a pause. */
typedef struct
{
  guint64 smoothing; /* ns that are averaged; 0: none */
  gdouble contrast;  /* least distance of floor and ceiling; 0: a flag */
  gboolean relative; /* it is a share of the ceiling */
  gdouble margin;    /* share of that distance up to which it is quiet */
  guint64 min_pause; /* shorter ones are none, in ns */
} Measure;

static const Measure voice_measure = { 0, 0, FALSE, 0.5, 100 * MSECOND };
/* Between words there may be no more than a packet or two. */
static const Measure brief_measure = { 0, 0, FALSE, 0.5, 20 * MSECOND };
/* dB; less smoothing and a lower margin than below, for it is exact */
static const Measure loudness_measure = {
  50 * MSECOND, 6, FALSE, 0.25, 100 * MSECOND
};
static const Measure effort_measure = {
  100 * MSECOND, 0.08, TRUE, 0.4, 100 * MSECOND
};

/* The packets with one number each that grows with loudness, and the time at
 * which each begins: @times has one more. */
typedef struct
{
  guint n;
  gfloat *values;
  guint64 *times;
} Curve;

static void
curve_clear (Curve *self)
{
  g_clear_pointer (&self->values, g_free);
  g_clear_pointer (&self->times, g_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Curve, curve_clear)

static void
curve_init (Curve               *self,
            const EkaCodec      *codec,
            const EkaPacketInfo *packets,
            guint                n)
{
  guint64 samples = 0;
  guint i;

  self->n = n;
  self->values = g_new0 (gfloat, n);
  self->times = g_new (guint64, n + 1);
  for (i = 0; i < n; i++)
    {
      self->times[i] = eka_codec_time_from_samples (codec, samples);
      samples += packets[i].samples;
    }
  self->times[n] = eka_codec_time_from_samples (codec, samples);
}

static gdouble
get_length (const Curve *self,
            guint        i)
{
  return (gdouble) (self->times[i + 1] - self->times[i]);
}

typedef gboolean (*ReadFunc) (const EkaPacketInfo *packet,
                              gfloat              *value);

static gboolean
read_voice (const EkaPacketInfo *packet,
            gfloat              *value)
{
  *value = packet->voice != EKA_VOICE_NONE;
  return packet->voice != EKA_VOICE_UNKNOWN;
}

static gboolean
read_loudness (const EkaPacketInfo *packet,
            gfloat              *value)
{
  *value = packet->loudness;
  return packet->loudness != 0;
}

static gboolean
read_effort (const EkaPacketInfo *packet,
             gfloat              *value)
{
  *value = packet->effort;
  return packet->effort != 0;
}

/* What is not known counts as loud. */
static gboolean
read_values (Curve               *self,
             const EkaPacketInfo *packets,
             ReadFunc             read)
{
  gdouble known = 0;
  gfloat most = 0;
  guint i;

  for (i = 0; i < self->n; i++)
    {
      if (!read (&packets[i], &self->values[i]))
        {
          self->values[i] = -1;
          continue;
        }
      known += get_length (self, i);
      most = MAX (most, self->values[i]);
    }
  for (i = 0; i < self->n; i++)
    {
      if (self->values[i] < 0)
        self->values[i] = most;
    }
  return known * 100 >= (gdouble) self->times[self->n] * COVERAGE;
}

/* Replaces each value by the mean over @width around it. */
static void
smooth (Curve  *self,
        guint64 width)
{
  g_autofree gfloat *smoothed = g_new (gfloat, self->n);
  gdouble sum = 0, length = 0;
  guint from = 0, to = 0, i;

  for (i = 0; i < self->n; i++)
    {
      const guint64 middle = (self->times[i] + self->times[i + 1]) / 2;

      while (to < self->n && (to <= i || self->times[to] < middle + width / 2))
        {
          sum += self->values[to] * get_length (self, to);
          length += get_length (self, to++);
        }
      while (from < i && self->times[from + 1] + width / 2 <= middle)
        {
          sum -= self->values[from] * get_length (self, from);
          length -= get_length (self, from++);
        }
      smoothed[i] = length > 0 ? (gfloat) (sum / length) : self->values[i];
    }
  g_free (self->values);
  self->values = g_steal_pointer (&smoothed);
}

/* The value below which the curve is for @percent of its time, to one part in
 * 256 of its range. */
static gdouble
find_percentile (const Curve *self,
                 guint        percent,
                 gfloat       least,
                 gfloat       most)
{
  gdouble bins[N_BINS] = { 0 };
  const gdouble step = (most - least) / (N_BINS - 1);
  gdouble left = (gdouble) self->times[self->n] * percent / 100;
  guint i;

  if (step <= 0)
    return least;
  for (i = 0; i < self->n; i++)
    bins[(guint) ((self->values[i] - least) / step)] += get_length (self, i);
  for (i = 0; i + 1 < N_BINS && left > bins[i]; i++)
    left -= bins[i];
  return least + i * step;
}

/* Returns: whether there are pauses; @threshold: what is up to it is quiet */
static gboolean
find_threshold (const Curve   *self,
                const Measure *measure,
                gdouble       *threshold)
{
  static const guint percents[] = { CEILING_PERCENT, PEAK_PERCENT };
  gfloat least = self->values[0], most = self->values[0];
  gdouble floor_value;
  guint i;

  *threshold = measure->margin;
  if (measure->contrast == 0)
    return TRUE;
  for (i = 1; i < self->n; i++)
    {
      least = MIN (least, self->values[i]);
      most = MAX (most, self->values[i]);
    }
  floor_value = find_percentile (self, FLOOR_PERCENT, least, most);
  for (i = 0; i < G_N_ELEMENTS (percents); i++)
    {
      const gdouble ceiling =
          find_percentile (self, percents[i], least, most);
      const gdouble contrast = ceiling - floor_value;

      *threshold = floor_value + contrast * measure->margin;
      if (contrast >= measure->contrast * (measure->relative ? ceiling : 1))
        return TRUE;
    }
  return FALSE;
}

/* The boundary that is nearest to the middle of a pause, within the window; a
 * very long one has its middle near its end. */
static guint
find_middle (const Curve *self,
             guint        from,
             guint        to,
             guint        earliest,
             guint        latest)
{
  const guint64 length = MIN (self->times[to] - self->times[from], LONG_PAUSE);
  const guint64 middle = self->times[to] - length / 2;
  guint i = CLAMP (from, earliest, latest);

  while (i < MIN (to, latest) &&
         self->times[i + 1] + self->times[i] <= 2 * middle)
    i++;
  return i;
}

/* How far a pause lies below the threshold, on average: a soft sound in a word
 * does so less than a pause. */
static gdouble
get_depth (const Curve *self,
           gdouble      threshold,
           guint        from,
           guint        to)
{
  gdouble sum = 0;
  guint i;

  for (i = from; i < to; i++)
    sum += (threshold - self->values[i]) * get_length (self, i);
  return sum / (gdouble) (self->times[to] - self->times[from]);
}

/* A pause is the better the longer it is, and the later: one at the end of the
 * window is worth one of twice the length at its beginning. */
static gdouble
score (const Curve *self,
       guint64      pause,
       guint        place,
       guint        earliest,
       guint        latest)
{
  const gdouble window =
      (gdouble) (self->times[latest] - self->times[earliest]) + 1;
  const gdouble late = (gdouble) (self->times[place] - self->times[earliest]);

  return (gdouble) MIN (pause, LONG_PAUSE) / LONG_PAUSE * (1 + late / window);
}

static guint
find_pause (const Curve   *self,
            const Measure *measure,
            gdouble        threshold,
            guint          earliest,
            guint          latest)
{
  gdouble best_points = 0;
  guint best = 0, from, to;

  for (from = 0; from < self->n && from < latest; from = to + 1)
    {
      guint64 pause;
      gdouble points;
      guint place;

      for (to = from; to < self->n && self->values[to] <= threshold; to++)
        ;
      pause = self->times[to] - self->times[from];
      if (to <= earliest || pause < measure->min_pause || pause == 0)
        continue;
      place = find_middle (self, from, to, earliest, latest);
      points = score (self, pause, place, earliest, latest) *
               get_depth (self, threshold, from, to);
      /* a flag knows no depth: what is brief may lie within a word */
      if (measure->contrast == 0)
        points *= (gdouble) MIN (pause, LONG_PAUSE) / LONG_PAUSE;
      /* a cut at either end of a pause would lie at what is said */
      if (place > from && place < to && points > best_points)
        {
          best_points = points;
          best = place;
        }
    }
  return best;
}

/**
 * eka_quiet_find:
 * @codec: codec of the packets
 * @packets: (array length=n_packets): packets of one stretch
 * @n_packets: how many
 * @earliest: first boundary where a cut may fall, by the packets before it
 * @latest: last one, at most @n_packets
 *
 * Looks for the best pause: a long one, late in the window. What the codec's own
 * detector heard is trusted first, then a level, then what the encoder spent.
 *
 * Returns: packets before the middle of the pause, or 0 where there is none
 */
guint
eka_quiet_find (const EkaCodec      *codec,
                const EkaPacketInfo *packets,
                guint                n_packets,
                guint                earliest,
                guint                latest)
{
  static const struct
  {
    ReadFunc read;
    const Measure *measure;
  } ways[] = {
    { read_voice, &voice_measure },
    { read_loudness, &loudness_measure },
    { read_voice, &brief_measure },
    { read_effort, &effort_measure },
  };
  g_auto (Curve) curve = { 0, };
  guint i;

  if (n_packets == 0 || earliest > latest || latest > n_packets)
    return 0;
  curve_init (&curve, codec, packets, n_packets);
  for (i = 0; i < G_N_ELEMENTS (ways); i++)
    {
      const Measure *measure = ways[i].measure;
      gdouble threshold;
      guint found;

      if (!read_values (&curve, packets, ways[i].read))
        continue;
      if (measure->smoothing > 0)
        smooth (&curve, measure->smoothing);
      if (!find_threshold (&curve, measure, &threshold))
        continue;
      found = find_pause (&curve, measure, threshold, earliest, latest);
      if (found > 0)
        return found;
    }
  return 0;
}
