/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "mix/stamps.h"

#define MSECOND G_GINT64_CONSTANT (1000000)

/* 500 ms at EKA_MIX_RATE */
#define PART_SAMPLES 8000

/* Of so many even jitter of 200 ms leaves none within 40 ms of the least only
 * once in 10^12. */
#define RECENT_STAMPS 128
#define RECENT_SAMPLES 32000

/* With fewer parts the least error is all there is; with more, one that nothing
 * near it confirms is a mistake of somebody's. */
#define FLOOR_PARTS 8

/* Stamps that were rounded to a millisecond or to ticks of RTP, or come from a
 * jitter buffer, are still exact. */
#define EXACT_SPREAD (5 * MSECOND)
#define EXACT_STAMPS 4

static const EkaStampsPart *
peek_part (const EkaStamps *self,
           guint            i)
{
  return &self->parts[(self->first + i) % EKA_STAMPS_PARTS];
}

static EkaStampsPart *
open_part (EkaStamps *self)
{
  EkaStampsPart *part;

  if (self->n_parts == EKA_STAMPS_PARTS)
    self->first = (self->first + 1) % EKA_STAMPS_PARTS;
  else
    self->n_parts++;
  part = &self->parts[(self->first + self->n_parts - 1) % EKA_STAMPS_PARTS];
  part->least = G_MAXINT64;
  part->most = G_MININT64;
  part->n = 0;
  part->n_samples = 0;
  return part;
}

/**
 * eka_stamps_clear:
 * @self: the errors
 *
 * Forgets all errors. A structure of zeros is clear.
 */
void
eka_stamps_clear (EkaStamps *self)
{
  self->first = 0;
  self->n_parts = 0;
}

/**
 * eka_stamps_add:
 * @self: the errors
 * @error: time stamp minus the place that the count of samples gives it, in ns
 * @n_samples: samples that the time stamp stands for
 *
 * Takes one more error; the oldest half second goes when there are 16 seconds.
 */
void
eka_stamps_add (EkaStamps *self,
                gint64     error,
                guint      n_samples)
{
  EkaStampsPart *part;

  if (self->n_parts == 0 ||
      peek_part (self, self->n_parts - 1)->n_samples >= PART_SAMPLES)
    part = open_part (self);
  else
    part = &self->parts[(self->first + self->n_parts - 1) % EKA_STAMPS_PARTS];
  part->least = MIN (part->least, error);
  part->most = MAX (part->most, error);
  part->n++;
  part->n_samples += n_samples;
}

/**
 * eka_stamps_join:
 * @self: the errors
 * @other: errors that come after them
 * @offset: what is added to each of @other, in ns
 *
 * Appends what another one has collected.
 */
void
eka_stamps_join (EkaStamps       *self,
                 const EkaStamps *other,
                 gint64           offset)
{
  guint i;

  for (i = 0; i < other->n_parts; i++)
    {
      EkaStampsPart *part = open_part (self);

      *part = *peek_part (other, i);
      part->least += offset;
      part->most += offset;
    }
}

/**
 * eka_stamps_get_n:
 * @self: the errors
 *
 * Returns: how many there are
 */
guint
eka_stamps_get_n (const EkaStamps *self)
{
  guint n = 0, i;

  for (i = 0; i < self->n_parts; i++)
    n += peek_part (self, i)->n;
  return n;
}

/**
 * eka_stamps_get_least:
 * @self: the errors
 *
 * Returns: the smallest one in ns; 0 where there is none
 */
gint64
eka_stamps_get_least (const EkaStamps *self)
{
  gint64 least = G_MAXINT64;
  guint i;

  for (i = 0; i < self->n_parts; i++)
    least = MIN (least, peek_part (self, i)->least);
  return self->n_parts > 0 ? least : 0;
}

/**
 * eka_stamps_get_most:
 * @self: the errors
 *
 * Returns: the greatest one in ns; 0 where there is none
 */
gint64
eka_stamps_get_most (const EkaStamps *self)
{
  gint64 most = G_MININT64;
  guint i;

  for (i = 0; i < self->n_parts; i++)
    most = MAX (most, peek_part (self, i)->most);
  return self->n_parts > 0 ? most : 0;
}

/**
 * eka_stamps_get_floor:
 * @self: the errors
 *
 * Where the stream truly lies: the least error of all, but for that of the half
 * second that has the very least, for a single stamp that is too early must not
 * move a stream.
 *
 * Returns: an error in ns; 0 where there is none
 */
gint64
eka_stamps_get_floor (const EkaStamps *self)
{
  gint64 least = G_MAXINT64, second = G_MAXINT64;
  guint i;

  if (self->n_parts < FLOOR_PARTS)
    return eka_stamps_get_least (self);
  for (i = 0; i < self->n_parts; i++)
    {
      const gint64 value = peek_part (self, i)->least;

      if (value < least)
        {
          second = least;
          least = value;
        }
      else
        second = MIN (second, value);
    }
  return second;
}

/* How many of the last parts are enough to tell that a stream has moved; 0: all
 * are too few. */
static guint
count_recent (const EkaStamps *self)
{
  guint64 n_samples = 0;
  guint n = 0, i;

  for (i = self->n_parts; i > 0; i--)
    {
      const EkaStampsPart *part = peek_part (self, i - 1);

      n += part->n;
      n_samples += part->n_samples;
      if (n >= RECENT_STAMPS && n_samples >= RECENT_SAMPLES)
        return self->n_parts - i + 1;
    }
  return self->n_parts == EKA_STAMPS_PARTS ? EKA_STAMPS_PARTS : 0;
}

/**
 * eka_stamps_get_recent:
 * @self: the errors
 * @floor: (out): the least of the last errors, in ns
 *
 * Where the stream lies of late: by as many errors as it takes to be sure, of two
 * seconds or more.
 *
 * Returns: whether there are enough
 */
gboolean
eka_stamps_get_recent (const EkaStamps *self,
                       gint64          *floor)
{
  const guint n = count_recent (self);
  guint i;

  *floor = G_MAXINT64;
  for (i = self->n_parts - n; i < self->n_parts; i++)
    *floor = MIN (*floor, peek_part (self, i)->least);
  return n > 0;
}

/**
 * eka_stamps_keep_recent:
 * @self: the errors
 *
 * Forgets all but those that eka_stamps_get_recent() looked at.
 */
void
eka_stamps_keep_recent (EkaStamps *self)
{
  const guint n = count_recent (self);

  self->first = (self->first + self->n_parts - n) % EKA_STAMPS_PARTS;
  self->n_parts = n;
}

/**
 * eka_stamps_is_exact:
 * @self: the errors
 *
 * Returns: whether the stamps don't scatter, so that a single one can be believed
 */
gboolean
eka_stamps_is_exact (const EkaStamps *self)
{
  return eka_stamps_get_n (self) >= EXACT_STAMPS &&
         eka_stamps_get_most (self) - eka_stamps_get_least (self) <=
             EXACT_SPREAD;
}
