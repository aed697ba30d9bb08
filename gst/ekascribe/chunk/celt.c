/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "chunk/celt.h"

#include <math.h>
#include <string.h>

/* Decoding ends behind the coarse energies of the bands: what a frame has up to
 * there is some 60 symbols of a range coder. RFC 6716, sections 4.1 and 4.3. */

/* The first Opus configuration without a SILK layer */
#define FIRST_CONFIG 16

#define TOP (1U << 31)
#define LEAST_RANGE (1U << 23)

/* Of the Laplace distribution, whose whole is 1 << 15: the least share of a
 * value, and how many at each side have that at least */
#define MODEL_BITS 15
#define LEAST_SHARE 1
#define N_LEAST 16

/* Of energies that predict those of the next frame */
#define LEAST_ENERGY (-9.f)
#define SILENT_ENERGY (-28.f)

/* What the bands add up to where samples from -1 to 1 have a power of 1; found
 * by measuring */
#define FULL_SCALE ((gdouble) (1U << 31))

/* RFC 6716 section 4.1.1 */
typedef struct
{
  const guint8 *data;
  gsize size;
  gsize offset;
  guint32 range;
  guint32 value;
  guint32 unit; /* range of one part of what eka_range_find() was told */
  guint whole;
  guint last;   /* byte */
  gint bits;    /* that were read, bit by bit, and of the raw ones */
} Range;

static guint
read_byte (Range *self)
{
  return self->offset < self->size ? self->data[self->offset++] : 0;
}

/* RFC 6716 section 4.1.2.1 */
static void
normalize (Range *self)
{
  while (self->range <= LEAST_RANGE)
    {
      const guint byte = read_byte (self);
      const guint symbol = (self->last << 7 | byte >> 1) & 0xff;

      self->last = byte;
      self->range <<= 8;
      self->value = (self->value << 8 | (symbol ^ 0xff)) & (TOP - 1);
      self->bits += 8;
    }
}

static void
range_init (Range        *self,
            const guint8 *data,
            gsize         size)
{
  *self = (Range) { .data = data, .size = size, .range = 128, .bits = 9 };
  self->last = read_byte (self);
  self->value = 127 - (self->last >> 1);
  normalize (self);
}

/* RFC 6716 section 4.1.2. Returns: where in @whole the next symbol lies */
static guint
range_find (Range *self,
            guint  whole)
{
  self->whole = whole;
  self->unit = self->range / whole;
  return whole - MIN (self->value / self->unit + 1, whole);
}

/* The symbol reaches from @from to before @to. */
static void
range_take (Range *self,
            guint  from,
            guint  to)
{
  const guint32 above = self->unit * (self->whole - to);

  self->value -= above;
  self->range =
      from > 0 ? self->unit * (to - from) : self->range - above;
  normalize (self);
}

/* One that is set once in 2 to the power of @log times */
static gboolean
range_read_flag (Range *self,
                 guint  log)
{
  const guint whole = 1U << log;
  const gboolean set = range_find (self, whole) == whole - 1;

  range_take (self, set ? whole - 1 : 0, set ? whole : whole - 1);
  return set;
}

/* What is left of the frame, in bits: RFC 6716 section 4.1.6.1 */
static gint
range_count_left (const Range *self)
{
  return (gint) self->size * 8 -
         (self->bits - (gint) g_bit_storage (self->range));
}

/* Zero, and then on both sides values that are the less likely the larger they
 * are, by @decay; RFC 6716 section 4.3.2.1.
 * @zero: the share of zero */
static gint
read_laplace (Range *range,
              guint  zero,
              guint  decay)
{
  const guint found = range_find (range, 1U << MODEL_BITS);
  guint from = zero, share, value = 1;

  if (found < zero)
    {
      range_take (range, 0, zero);
      return 0;
    }
  share = ((1U << MODEL_BITS) - 2 * N_LEAST * LEAST_SHARE - zero) *
              ((1U << (MODEL_BITS - 1)) - decay) >> MODEL_BITS;
  share += LEAST_SHARE;
  while (share > LEAST_SHARE && found >= from + 2 * share)
    {
      from += 2 * share;
      share = ((2 * share - 2 * LEAST_SHARE) * decay >> MODEL_BITS) +
              LEAST_SHARE;
      value++;
    }
  if (share <= LEAST_SHARE)
    {
      const guint steps = (found - from) / (2 * LEAST_SHARE);

      value += steps;
      from += 2 * steps * LEAST_SHARE;
    }
  /* the negative one comes first */
  if (found < from + share)
    {
      range_take (range, from, MIN (from + share, 1U << MODEL_BITS));
      return -(gint) value;
    }
  from += share;
  range_take (range, from, MIN (from + share, 1U << MODEL_BITS));
  return (gint) value;
}

/* Share of zero and decay of each band, for frames of 2.5, 5, 10 and 20 ms,
 * told by the frame before or not; RFC 6716, e_prob_model of the reference
 * decoder */
static const guint8 models[4][2][EKA_CELT_N_BANDS][2] = {
  { { { 72, 127 }, { 65, 129 }, { 66, 128 }, { 65, 128 }, { 64, 128 },
      { 62, 128 }, { 64, 128 }, { 64, 128 }, { 92, 78 },  { 92, 79 },
      { 92, 78 },  { 90, 79 },  { 116, 41 }, { 115, 40 }, { 114, 40 },
      { 132, 26 }, { 132, 26 }, { 145, 17 }, { 161, 12 }, { 176, 10 },
      { 177, 11 } },
    { { 24, 179 }, { 48, 138 }, { 54, 135 }, { 54, 132 }, { 53, 134 },
      { 56, 133 }, { 55, 132 }, { 55, 132 }, { 61, 114 }, { 70, 96 },
      { 74, 88 },  { 75, 88 },  { 87, 74 },  { 89, 66 },  { 91, 67 },
      { 100, 59 }, { 108, 50 }, { 120, 40 }, { 122, 37 }, { 97, 43 },
      { 78, 50 } } },
  { { { 83, 78 },  { 84, 81 },  { 88, 75 },  { 86, 74 },  { 87, 71 },
      { 90, 73 },  { 93, 74 },  { 93, 74 },  { 109, 40 }, { 114, 36 },
      { 117, 34 }, { 117, 34 }, { 143, 17 }, { 145, 18 }, { 146, 19 },
      { 162, 12 }, { 165, 10 }, { 178, 7 },  { 189, 6 },  { 190, 8 },
      { 177, 9 } },
    { { 23, 178 }, { 54, 115 }, { 63, 102 }, { 66, 98 },  { 69, 99 },
      { 74, 89 },  { 71, 91 },  { 73, 91 },  { 78, 89 },  { 86, 80 },
      { 92, 66 },  { 93, 64 },  { 102, 59 }, { 103, 60 }, { 104, 60 },
      { 117, 52 }, { 123, 44 }, { 138, 35 }, { 133, 31 }, { 97, 38 },
      { 77, 45 } } },
  { { { 61, 90 },  { 93, 60 },  { 105, 42 }, { 107, 41 }, { 110, 45 },
      { 116, 38 }, { 113, 38 }, { 112, 38 }, { 124, 26 }, { 132, 27 },
      { 136, 19 }, { 140, 20 }, { 155, 14 }, { 159, 16 }, { 158, 18 },
      { 170, 13 }, { 177, 10 }, { 187, 8 },  { 192, 6 },  { 175, 9 },
      { 159, 10 } },
    { { 21, 178 }, { 59, 110 }, { 71, 86 },  { 75, 85 },  { 84, 83 },
      { 91, 66 },  { 88, 73 },  { 87, 72 },  { 92, 75 },  { 98, 72 },
      { 105, 58 }, { 107, 54 }, { 115, 52 }, { 114, 55 }, { 112, 56 },
      { 129, 51 }, { 132, 40 }, { 150, 33 }, { 140, 29 }, { 98, 35 },
      { 77, 42 } } },
  { { { 42, 121 }, { 96, 66 },  { 108, 43 }, { 111, 40 }, { 117, 44 },
      { 123, 32 }, { 120, 36 }, { 119, 33 }, { 127, 33 }, { 134, 34 },
      { 139, 21 }, { 147, 23 }, { 152, 20 }, { 158, 25 }, { 154, 26 },
      { 166, 21 }, { 173, 16 }, { 184, 13 }, { 184, 10 }, { 150, 13 },
      { 139, 15 } },
    { { 22, 178 }, { 63, 114 }, { 74, 82 },  { 84, 83 },  { 92, 82 },
      { 103, 62 }, { 96, 72 },  { 96, 67 },  { 101, 73 }, { 107, 72 },
      { 113, 55 }, { 118, 52 }, { 125, 52 }, { 118, 52 }, { 117, 55 },
      { 135, 49 }, { 137, 39 }, { 157, 32 }, { 145, 29 }, { 97, 33 },
      { 77, 40 } } },
};

/* Sixteenths of the binary logarithm that is usual in each band */
static const guint8 means[EKA_CELT_N_BANDS] = { 103, 100, 92, 85, 81, 77, 72,
                                                70,  78,  75, 73, 71, 78, 74,
                                                69,  72,  70, 74, 76, 71, 60 };

/* The change of one band against what was foreseen; where the frame has no room
 * for it, in fewer bits */
static gint
read_change (Range        *range,
             const guint8 *model)
{
  const gint left = range_count_left (range);
  guint found;

  if (left >= 15)
    return read_laplace (range, (guint) model[0] << 7, (guint) model[1] << 6);
  if (left < 1)
    return -1;
  if (left < 2)
    return range_read_flag (range, 1) ? -1 : 0;
  found = range_find (range, 4);
  range_take (range, found < 2 ? 0 : found, MAX (found + 1, 2));
  return found < 2 ? 0 : found == 2 ? -1 : 1;
}

/* RFC 6716 section 4.3.2.1; all in 1 << 15 */
static void
read_energies (EkaCelt *self,
               Range   *range,
               guint    log_size,
               guint    channels,
               guint    n_bands)
{
  static const guint16 by_time[] = { 29440, 26112, 21248, 16384 };
  static const guint16 by_band[] = { 30147, 22282, 12124, 6554 };
  const gboolean intra =
      range_count_left (range) >= 3 && range_read_flag (range, 3);
  const gfloat alpha = intra ? 0 : by_time[log_size] / 32768.f;
  const gfloat beta = (intra ? 4915 : by_band[log_size]) / 32768.f;
  gfloat before[2] = { 0, 0 };
  guint band, channel;

  for (band = 0; band < n_bands; band++)
    {
      for (channel = 0; channel < channels; channel++)
        {
          const gint change =
              read_change (range, models[log_size][intra][band]);
          gfloat *energy = &self->energies[channel][band];

          *energy = alpha * MAX (*energy, LEAST_ENERGY) + before[channel] +
                    (gfloat) change;
          before[channel] += (1 - beta) * (gfloat) change;
        }
    }
}

/* RFC 6716 section 4.3.7.1: octave, and what lies as bare bits at the end of
 * the frame: period and gain */
static void
skip_post_filter (Range *range)
{
  guint octave, found;

  if (range_count_left (range) < 16 || !range_read_flag (range, 1))
    return;
  octave = range_find (range, 6);
  range_take (range, octave, octave + 1);
  range->bits += 4 + (gint) octave + 3;
  if (range_count_left (range) < 2)
    return;
  found = range_find (range, 4);
  range_take (range, found < 2 ? 0 : found, MAX (found + 1, 2));
}

static gdouble
add_up (const EkaCelt *self,
        guint          channels,
        guint          n_bands)
{
  gdouble sum = 0;
  guint channel, band;

  for (channel = 0; channel < channels; channel++)
    {
      for (band = 0; band < n_bands; band++)
        sum += exp2 (2 * (self->energies[channel][band] + means[band] / 16.));
    }
  return sum / channels;
}

static void
set_all (EkaCelt *self,
         gfloat   energy)
{
  guint channel, band;

  for (channel = 0; channel < 2; channel++)
    {
      for (band = 0; band < EKA_CELT_N_BANDS; band++)
        self->energies[channel][band] = energy;
    }
}

/**
 * eka_celt_measure_frame:
 * @celt: what the frame before left, updated
 * @toc: first byte of the packet; without a SILK layer
 * @data: (array length=size): a frame of it
 * @size: length of @data
 *
 * Reads how loud each band is, to 6 dB: what makes that finer lies behind the
 * allocation of bits, and is lost in the sum of the bands.
 *
 * Returns: the power of the frame, as that of samples from -1 to 1 whose treble
 *   is raised (RFC 6716 section 4.3.7.2); negative where it tells nothing
 */
gdouble
eka_celt_measure_frame (EkaCelt      *celt,
                        guint8        toc,
                        const guint8 *data,
                        gsize         size)
{
  /* of narrowband, wideband, super-wideband and fullband */
  static const guint8 n_bands[] = { 13, 17, 19, 21 };
  const guint config = toc >> 3;
  const guint log_size = config & 3;
  const guint channels = (toc & 4) != 0 ? 2 : 1;
  guint bands;
  Range range;

  /* RFC 6716 section 3.2.1: one that was not sent */
  if (config < FIRST_CONFIG || size < 2)
    return -1;
  bands = n_bands[(config - FIRST_CONFIG) >> 2];
  range_init (&range, data, size);
  if (range_read_flag (&range, 15))
    {
      set_all (celt, SILENT_ENERGY);
      return 0;
    }
  skip_post_filter (&range);
  /* is it transient? */
  if (log_size > 0 && range_count_left (&range) >= 3)
    range_read_flag (&range, 3);
  read_energies (celt, &range, log_size, channels, bands);
  if (channels == 1)
    memcpy (celt->energies[1], celt->energies[0], sizeof celt->energies[0]);
  return add_up (celt, channels, bands) / FULL_SCALE;
}
