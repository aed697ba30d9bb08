/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "mix/runs.h"

#include <string.h>

/* What a queue may keep when it is empty: a second or two */
#define KEPT_SAMPLES 32000

typedef struct
{
  gint64 place;
  guint64 n;
  gboolean audio;
} Run;

/* The samples of all runs of audio stand one after the other from @first on; they
 * move to the front when as many have gone as are left. */
struct _EkaRuns
{
  GArray *runs;
  gint16 *samples;
  gsize first;
  gsize n_samples;
  gsize n_allocated;
};

/**
 * eka_runs_new:
 *
 * Returns: (transfer full): an empty queue
 */
EkaRuns *
eka_runs_new (void)
{
  EkaRuns *self = g_new0 (EkaRuns, 1);

  self->runs = g_array_new (FALSE, FALSE, sizeof (Run));
  return self;
}

/**
 * eka_runs_free:
 * @self: (transfer full): the queue
 *
 * Frees the queue and what waits in it.
 */
void
eka_runs_free (EkaRuns *self)
{
  g_array_unref (self->runs);
  g_free (self->samples);
  g_free (self);
}

static void
store (EkaRuns      *self,
       const gint16 *samples,
       gsize         n)
{
  if (self->first >= self->n_samples && self->first > 0)
    {
      memmove (self->samples, self->samples + self->first,
               self->n_samples * sizeof *self->samples);
      self->first = 0;
    }
  if (self->first + self->n_samples + n > self->n_allocated)
    {
      self->n_allocated =
          MAX (2 * self->n_allocated, self->first + self->n_samples + n);
      self->samples =
          g_renew (gint16, self->samples, self->n_allocated);
    }
  memcpy (self->samples + self->first + self->n_samples, samples,
          n * sizeof *samples);
  self->n_samples += n;
}

/* Lets the first samples go. */
static void
drop (EkaRuns *self,
      gsize    n)
{
  self->first += n;
  self->n_samples -= n;
  if (self->n_samples > 0)
    return;
  self->first = 0;
  if (self->n_allocated <= KEPT_SAMPLES)
    return;
  g_clear_pointer (&self->samples, g_free);
  self->n_allocated = 0;
}

/**
 * eka_runs_add:
 * @self: the queue
 * @place: where the run begins, in samples; not before the end of the last one
 * @samples: (nullable) (array length=n_samples): the audio; %NULL: silence
 * @n_samples: how long it is
 *
 * Puts a run at the end of the queue.
 */
void
eka_runs_add (EkaRuns      *self,
              gint64        place,
              const gint16 *samples,
              guint64       n_samples)
{
  const Run run = { place, n_samples, samples != NULL };
  Run *last = NULL;

  if (n_samples == 0)
    return;
  if (samples != NULL)
    store (self, samples, n_samples);
  if (self->runs->len > 0)
    last = &g_array_index (self->runs, Run, self->runs->len - 1);
  if (last != NULL && last->audio == run.audio &&
      last->place + (gint64) last->n == place)
    last->n += n_samples;
  else
    g_array_append_val (self->runs, run);
}

/**
 * eka_runs_find_audio:
 * @self: the queue
 * @place: (out): where the first audio is, in samples
 *
 * Returns: whether there is any
 */
gboolean
eka_runs_find_audio (const EkaRuns *self,
                     gint64        *place)
{
  guint i;

  for (i = 0; i < self->runs->len; i++)
    {
      const Run *run = &g_array_index (self->runs, Run, i);

      *place = run->place;
      if (run->audio)
        return TRUE;
    }
  return FALSE;
}

/**
 * eka_runs_get_n_held:
 * @self: the queue
 *
 * Returns: samples of audio that wait
 */
guint64
eka_runs_get_n_held (const EkaRuns *self)
{
  return self->n_samples;
}

/* Adds what of the first run falls before @end. Returns: how many samples */
static guint
take_first (EkaRuns *self,
            gint64   place,
            gint32  *sum,
            gint64   end)
{
  Run *run = &g_array_index (self->runs, Run, 0);
  const guint64 n = MIN (run->n, (guint64) (end - run->place));
  /* a place that the line jumped over is told, if it is silent, and no more */
  const gint64 from = MAX (run->place, place);
  const gint64 until = run->place + (gint64) n;
  gint64 i;

  if (run->audio)
    {
      const gint16 *samples = self->samples + self->first;

      for (i = from; i < until; i++)
        sum[i - place] += samples[i - run->place];
      drop (self, n);
    }
  run->place += (gint64) n;
  run->n -= n;
  return until > from ? (guint) (until - from) : 0;
}

/**
 * eka_runs_take:
 * @self: the queue
 * @place: where to begin, in samples; what lies before is lost
 * @sum: (array length=n_samples): what the samples are added to
 * @n_samples: how many places
 *
 * Takes all that has its place in a block out of the queue.
 *
 * Returns: the places that are no hole
 */
guint
eka_runs_take (EkaRuns *self,
               gint64   place,
               gint32  *sum,
               guint    n_samples)
{
  const gint64 end = place + n_samples;
  guint n = 0;

  while (self->runs->len > 0)
    {
      const Run *run = &g_array_index (self->runs, Run, 0);

      if (run->place >= end)
        break;
      n += take_first (self, place, sum, end);
      if (run->n > 0)
        break;
      g_array_remove_index (self->runs, 0);
    }
  return n;
}
