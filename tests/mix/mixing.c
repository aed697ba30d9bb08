/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "mixing.h"

/* A packet of 20 ms */
#define PACKET 320

/* Noise of -4000 to 4000 that no two voices share, never 0: each sample can be
 * told from its neighbours, and from silence. */
gint16
mixing_noise (guint   voice,
              guint64 nth)
{
  guint64 x = (nth + 1) * G_GUINT64_CONSTANT (0x9e3779b97f4a7c15) +
              voice * G_GUINT64_CONSTANT (0xd1b54a32d192ed03);

  x = (x ^ (x >> 31)) * G_GUINT64_CONSTANT (0xbf58476d1ce4e5b9);
  x ^= x >> 29;
  return (gint16) (x % 4000 + 1) * (x >> 63 ? 1 : -1);
}

/* Pushes one buffer: samples @from on of @voice. */
void
mixing_push (Mixing  *self,
             guint    leg,
             guint64  time,
             guint    voice,
             guint64  from,
             guint    n,
             gboolean discont)
{
  g_autofree gint16 *samples = g_new (gint16, n);
  guint i;

  for (i = 0; i < n; i++)
    samples[i] = mixing_noise (voice, from + i);
  eka_mix_push (self->mix, leg, time, samples, n, discont);
}

/* Pushes packets of 20 ms with exact time stamps. */
void
mixing_play (Mixing *self,
             guint   leg,
             guint64 time,
             guint   voice,
             guint64 from,
             guint64 n)
{
  guint64 i;

  for (i = 0; i < n; i += PACKET)
    mixing_push (self, leg, time + i * EKA_MIX_SAMPLE, voice, from + i,
                 MIN (PACKET, n - i), FALSE);
}

/* Takes what is ready; nothing may be missing between two blocks. */
void
mixing_take (Mixing  *self,
             gboolean all)
{
  guint64 time;
  gsize before = self->samples->len;

  while (eka_mix_take (self->mix, all, self->samples, &time))
    {
      const gsize added = self->samples->len - before;

      g_assert_cmpuint (added, >, 0);
      g_assert_cmpuint (added, <=, 2 * self->channels * EKA_MIX_RATE);
      g_assert_cmpuint (added % (2 * self->channels), ==, 0);
      if (before == 0)
        self->time = time;
      g_assert_cmpuint (time, ==,
                        self->time + before / (2 * self->channels) *
                                         EKA_MIX_SAMPLE);
      before = self->samples->len;
    }
}

/* Returns: where the output ends, in ns */
guint64
mixing_get_end (const Mixing *self)
{
  return self->time +
         self->samples->len / (2 * self->channels) * EKA_MIX_SAMPLE;
}

static gint16
read_sample (const Mixing *self,
             guint         channel,
             guint64       i)
{
  const gint16 *samples = (const gint16 *) self->samples->data;

  g_assert_cmpuint ((i + 1) * 2 * self->channels, <=, self->samples->len);
  return samples[i * self->channels + channel];
}

/* That a voice is there, bit by bit, from @time on */
void
mixing_check (const Mixing *self,
              guint         channel,
              guint64       time,
              guint         voice,
              guint64       from,
              guint64       n)
{
  guint64 i;

  g_assert_cmpuint (time, >=, self->time);
  for (i = 0; i < n; i++)
    {
      const guint64 at = (time - self->time) / EKA_MIX_SAMPLE + i;

      if (read_sample (self, channel, at) != mixing_noise (voice, from + i))
        g_error ("sample %" G_GUINT64_FORMAT " is another", from + i);
    }
}

/* That there is silence, from @time on */
void
mixing_silent (const Mixing *self,
               guint         channel,
               guint64       time,
               guint64       duration)
{
  guint64 i;

  for (i = 0; i < duration / EKA_MIX_SAMPLE; i++)
    g_assert_cmpint (
        read_sample (self, channel, (time - self->time) / EKA_MIX_SAMPLE + i),
        ==, 0);
}

/* Returns: running time of the first sample from @from on that is as loud as
 * @level; -1: none is */
gint64
mixing_find (const Mixing *self,
             guint         channel,
             gint16        level,
             guint64       from)
{
  const guint64 n = self->samples->len / (2 * self->channels);
  guint64 i = (MAX (from, self->time) - self->time) / EKA_MIX_SAMPLE;

  for (; i < n; i++)
    {
      if (read_sample (self, channel, i) >= level)
        return (gint64) (self->time + i * EKA_MIX_SAMPLE);
    }
  return -1;
}

void
mixing_init (Mixing *self,
             guint   channels)
{
  self->mix = eka_mix_new (channels);
  self->channels = channels;
  self->samples = g_byte_array_new ();
  self->time = 0;
}

void
mixing_clear (Mixing *self)
{
  g_clear_pointer (&self->mix, eka_mix_free);
  g_clear_pointer (&self->samples, g_byte_array_unref);
}
