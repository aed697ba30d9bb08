/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "gstekascribemixtally.h"

/**
 * gst_ekascribe_mix_tally_init:
 * @self: memory full of zeros
 */
void
gst_ekascribe_mix_tally_init (GstEkascribeMixTally *self)
{
  g_mutex_init (&self->lock);
}

/**
 * gst_ekascribe_mix_tally_clear:
 * @self: sums that nobody needs any more
 */
void
gst_ekascribe_mix_tally_clear (GstEkascribeMixTally *self)
{
  g_mutex_clear (&self->lock);
}

/**
 * gst_ekascribe_mix_tally_reset:
 * @self: sums, while nothing is mixed
 *
 * Begins anew, for another run.
 */
void
gst_ekascribe_mix_tally_reset (GstEkascribeMixTally *self)
{
  const EkaMixStats none = { 0 };

  g_mutex_lock (&self->lock);
  self->past = none;
  g_mutex_unlock (&self->lock);
}

static void
add_mixer_locked (GstEkascribeMixTally *self,
                  EkaMixStats          *sum)
{
  EkaMixStats stats;

  if (self->mixer == NULL)
    return;
  gst_ekascribe_mixer_get_stats (self->mixer, &stats);
  sum->filled += stats.filled;
  sum->late += stats.late;
  sum->skew += stats.skew;
  sum->clipped += stats.clipped;
}

/**
 * gst_ekascribe_mix_tally_begin:
 * @self: sums, while nothing is mixed
 * @mixer: (transfer none): what is there until gst_ekascribe_mix_tally_end()
 */
void
gst_ekascribe_mix_tally_begin (GstEkascribeMixTally *self,
                               GstEkascribeMixer    *mixer)
{
  g_mutex_lock (&self->lock);
  self->mixer = mixer;
  g_mutex_unlock (&self->lock);
}

/**
 * gst_ekascribe_mix_tally_end:
 * @self: sums
 *
 * Says that the mixer, if there is one, mixes no more and is about to go.
 */
void
gst_ekascribe_mix_tally_end (GstEkascribeMixTally *self)
{
  g_mutex_lock (&self->lock);
  add_mixer_locked (self, &self->past);
  self->mixer = NULL;
  g_mutex_unlock (&self->lock);
}

/**
 * gst_ekascribe_mix_tally_sum:
 * @self: sums
 * @sum: (out caller-allocates): over all mixes of the run
 */
void
gst_ekascribe_mix_tally_sum (GstEkascribeMixTally *self,
                             EkaMixStats          *sum)
{
  g_mutex_lock (&self->lock);
  *sum = self->past;
  add_mixer_locked (self, sum);
  g_mutex_unlock (&self->lock);
}
