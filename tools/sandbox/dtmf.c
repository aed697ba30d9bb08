/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "dtmf.h"

#include <math.h>
#include <string.h>

/* 25.6 ms separate the frequencies of ITU-T Q.23; a step of half of that lets
 * a tone of 40 ms, the shortest that Q.24 wants heard, fill two blocks. */
#define BLOCK 205
#define STEP 103
#define MIN_BLOCKS 2
/* A digit is over after this many blocks without it: shorter drop-outs are
 * bridged (Q.24: 10 ms), pauses between equal digits (40 ms) are not. */
#define MAX_GAPS 1
/* Mean square of samples below which nothing is looked for: -36 dBFS. */
#define MIN_POWER (32768.0 * 32768.0 * 2.5e-4)
/* Share of a block's energy that the two tones must hold; speech seldom
 * reaches it, and never for several blocks at the same pair. */
#define MIN_SHARE 0.80
/* The weaker tone to the stronger one: 9 dB either way. */
#define MAX_TWIST 8.0

struct _SandboxDtmf
{
  gint16 block[BLOCK];
  gsize fill;
  guint64 position; /* of the block's first sample */
  gchar digit;      /* heard now, or 0 */
  guint blocks;
  guint gaps;
  guint64 first;
  guint64 last;
  GArray *digits;
};

static const gdouble ROWS[] = { 697, 770, 852, 941 };
static const gdouble COLUMNS[] = { 1209, 1336, 1477, 1633 };
/* A tone that is off by 1.5 % counts (Q.24); half of that costs no more than a tenth
 * of its energy. */
static const gdouble DEVIATIONS[] = { 0.9875, 1.0, 1.0125 };
static const gchar DIGITS[4][5] = { "123A", "456B", "789C", "*0#D" };

/**
 * sandbox_dtmf_new:
 *
 * Returns: (transfer full): a detector that has heard nothing
 */
SandboxDtmf *
sandbox_dtmf_new (void)
{
  SandboxDtmf *self = g_new0 (SandboxDtmf, 1);

  self->digits = g_array_new (FALSE, FALSE, sizeof (SandboxDigit));
  return self;
}

/**
 * sandbox_dtmf_free:
 * @self: (transfer full): to be freed
 */
void
sandbox_dtmf_free (SandboxDtmf *self)
{
  g_array_unref (self->digits);
  g_free (self);
}

/* Energy at one frequency (Goertzel), so that a pure tone's equals the sum of
 * its squared samples. */
static gdouble
measure (const gint16 *block, gdouble frequency)
{
  gdouble factor = 2.0 * cos (2.0 * G_PI * frequency / SANDBOX_DTMF_RATE);
  gdouble s1 = 0.0;
  gdouble s2 = 0.0;
  gsize i;

  for (i = 0; i < BLOCK; i++)
    {
      gdouble s = block[i] + factor * s1 - s2;

      s2 = s1;
      s1 = s;
    }
  return (s1 * s1 + s2 * s2 - factor * s1 * s2) * 2.0 / BLOCK;
}

static gsize
find_strongest (const gint16 *block, const gdouble *tones, gdouble *energy)
{
  gsize best = 0;
  gsize i;

  *energy = -1.0;
  for (i = 0; i < 4 * G_N_ELEMENTS (DEVIATIONS); i++)
    {
      gdouble value = measure (block, tones[i / G_N_ELEMENTS (DEVIATIONS)] *
                                          DEVIATIONS[i % G_N_ELEMENTS (DEVIATIONS)]);

      if (value > *energy)
        {
          *energy = value;
          best = i / G_N_ELEMENTS (DEVIATIONS);
        }
    }
  return best;
}

static gchar
classify (const gint16 *block)
{
  gdouble total = 0.0;
  gdouble row;
  gdouble column;
  gsize r;
  gsize c;
  gsize i;

  for (i = 0; i < BLOCK; i++)
    total += (gdouble)block[i] * block[i];
  if (total < MIN_POWER * BLOCK)
    return 0;
  r = find_strongest (block, ROWS, &row);
  c = find_strongest (block, COLUMNS, &column);
  if (row + column < MIN_SHARE * total || row > MAX_TWIST * column ||
      column > MAX_TWIST * row)
    return 0;
  return DIGITS[r][c];
}

static void
close_digit (SandboxDtmf *self)
{
  SandboxDigit digit = { self->digit, (gdouble)self->first / SANDBOX_DTMF_RATE,
                         (gdouble)self->last / SANDBOX_DTMF_RATE };

  if (self->digit != 0 && self->blocks >= MIN_BLOCKS)
    g_array_append_val (self->digits, digit);
  self->digit = 0;
  self->blocks = 0;
  self->gaps = 0;
}

static void
hear_block (SandboxDtmf *self)
{
  gchar digit = classify (self->block);

  if (digit != self->digit && (digit != 0 || ++self->gaps > MAX_GAPS))
    close_digit (self);
  if (digit == 0)
    return;
  if (self->blocks == 0)
    self->first = self->position;
  self->digit = digit;
  self->gaps = 0;
  self->blocks++;
  self->last = self->position + BLOCK;
}

/**
 * sandbox_dtmf_feed:
 * @self: a detector
 * @samples: (array length=count): the next ones, mono, 8 kHz
 * @count: how many
 *
 * How the audio is divided among calls makes no difference.
 */
void
sandbox_dtmf_feed (SandboxDtmf *self, const gint16 *samples, gsize count)
{
  while (count > 0)
    {
      gsize taken = MIN (count, BLOCK - self->fill);

      memcpy (self->block + self->fill, samples, taken * sizeof *samples);
      self->fill += taken;
      samples += taken;
      count -= taken;
      if (self->fill < BLOCK)
        return;
      hear_block (self);
      memmove (self->block, self->block + STEP,
               (BLOCK - STEP) * sizeof *samples);
      self->fill = BLOCK - STEP;
      self->position += STEP;
    }
}

/**
 * sandbox_dtmf_finish:
 * @self: a detector
 *
 * Takes the audio as over: a digit that lasts until its end counts.
 */
void
sandbox_dtmf_finish (SandboxDtmf *self)
{
  close_digit (self);
}

/**
 * sandbox_dtmf_digits:
 * @self: a detector
 *
 * Returns: (element-type SandboxDigit) (transfer none): digits that are over
 */
const GArray *
sandbox_dtmf_digits (SandboxDtmf *self)
{
  return self->digits;
}
