/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "chunk/aaceffort.h"

/* What the fields allow for: eight short windows with 15 each, or 63 */
#define MAX_BANDS (8 * 15)

/* ISO/IEC 14496-3 table 4.109 */
#define EIGHT_SHORT 2
#define N_GROUPING 7

/* Codebooks of a section, ISO/IEC 14496-3 section 4.6.3 */
#define BOOK_ZERO 0
#define BOOK_RESERVED 12
#define BOOK_NOISE 13
#define BOOK_INTENSITY 14

/* Where noise begins below global_gain, ISO/IEC 14496-3 section 4.6.13 */
#define NOISE_OFFSET (90 + 256)

#define MAX_CODE 19
#define MAX_LEVEL 255

/* ics_info(), ISO/IEC 14496-3 table 4.6 */
typedef struct
{
  gboolean is_short;
  guint groups;
  guint bands; /* of each group */
} Window;

static void
read_window (Window  *self,
             EkaBits *bits)
{
  guint grouping, i;

  bits->place++; /* reserved */
  self->is_short = eka_bits_get (bits, 2) == EIGHT_SHORT;
  bits->place++; /* shape */
  self->groups = 1;
  if (!self->is_short)
    {
      self->bands = eka_bits_get (bits, 6);
      bits->place++; /* prediction: LC has none */
      return;
    }
  self->bands = eka_bits_get (bits, 4);
  grouping = eka_bits_get (bits, N_GROUPING);
  for (i = 0; i < N_GROUPING; i++)
    self->groups += (grouping >> i & 1) == 0;
}

/* section_data(), ISO/IEC 14496-3 table 4.52: the codebook of each band */
static gboolean
read_sections (guint8       *books,
               const Window *window,
               EkaBits      *bits)
{
  const guint width = window->is_short ? 3 : 5;
  const guint escape = (1 << width) - 1;
  guint group;

  for (group = 0; group < window->groups; group++)
    {
      guint band = 0;

      while (band < window->bands)
        {
          const guint8 book = eka_bits_get (bits, 4);
          guint length = 0, part;

          do
            length += part = eka_bits_get (bits, width);
          while (part == escape && length <= window->bands);
          if (book == BOOK_RESERVED || length > window->bands - band ||
              eka_bits_is_behind (bits))
            return FALSE;
          for (; length > 0; length--)
            books[group * window->bands + band++] = book;
        }
    }
  return TRUE;
}

/* The code of scale factors, ISO/IEC 14496-3 table 4.A.1. Words of one length
 * are consecutive numbers. */
static gint
read_difference (EkaBits *bits)
{
  static const guint8 counts[MAX_CODE + 1] = { 0, 1, 0, 1, 3, 2, 4, 3, 5, 4,
                                               6, 6, 6, 5, 8, 4, 7, 3, 7, 46 };
  static const gint8 differences[] = {
    0,   -1,  1,   -2,  2,   -3,  3,   -4,  4,   -5,  5,   6,   -6,  7,   -7,
    8,   -8,  9,   -9,  10,  -10, -11, 11,  12,  -12, 13,  -13, 14,  -14, 16,
    15,  17,  18,  -15, -17, -16, 19,  -18, -19, 20,  -20, 21,  -21, 22,  -22,
    23,  -23, -25, 25,  -27, -24, -26, 24,  -28, 27,  29,  -30, -29, 26,  -31,
    -34, -33, -32, -36, 28,  -35, -38, -37, 30,  -39, -41, -57, -59, -58, -60,
    38,  39,  40,  41,  42,  57,  37,  31,  32,  33,  34,  35,  36,  44,  51,
    52,  53,  54,  55,  56,  50,  45,  46,  47,  48,  49,  58,  -54, -52, -51,
    -50, -55, 43,  60,  59,  -56, -53, -45, -44, -42, -40, -43, -49, -48, -46,
    -47
  };
  const guint word = eka_bits_peek (bits, MAX_CODE);
  guint length, first = 0, passed = 0;

  for (length = 1; length < MAX_CODE; length++)
    {
      const guint code = word >> (MAX_CODE - length);

      first <<= 1;
      if (code - first < counts[length])
        {
          bits->place += length;
          return differences[passed + code - first];
        }
      first += counts[length];
      passed += counts[length];
    }
  bits->place += MAX_CODE;
  return differences[passed + word - (first << 1)];
}

/* The loudest that a band can be, of all bands, in steps of 1.5 dB: its scale
 * factor, and the largest number of its codebook to the power of 4/3. */
static gboolean
find_level (const guint8 *books,
            guint         n,
            gint          gain,
            EkaBits      *bits,
            gint         *level)
{
  static const guint8 largest[] = { 0, 0, 0, 5, 5, 11, 11, 15, 15, 19, 19, 27 };
  gint noise = gain - NOISE_OFFSET;
  gboolean first = TRUE;
  guint i;

  *level = 0;
  for (i = 0; i < n; i++)
    {
      const guint8 book = books[i];

      if (book == BOOK_ZERO)
        continue;
      if (book >= BOOK_INTENSITY)
        {
          read_difference (bits);
          continue;
        }
      if (book == BOOK_NOISE)
        {
          noise += first ? (gint) eka_bits_get (bits, 9)
                         : read_difference (bits);
          first = FALSE;
          *level = MAX (*level, noise);
          continue;
        }
      gain += read_difference (bits);
      if (gain < 0 || gain > 255)
        return FALSE;
      *level = MAX (*level, gain + largest[book]);
    }
  return !eka_bits_is_behind (bits);
}

/* The fourth root of an amplitude in steps of 1.5 dB: a curve in which both a
 * loud voice and the noise of a room leave their mark. */
static guint
shape (guint level)
{
  /* 64 times the powers of 2 to sixteenths */
  static const guint8 steps[] = { 64, 67, 70, 73,  76,  79,  83,  87,
                                  91, 95, 99, 103, 108, 112, 117, 123 };

  return (guint) steps[level % 16] << level / 16 >> 4;
}

/**
 * eka_aaceffort_measure:
 * @bits: a raw data block, behind the id of its first element that is sound
 * @pair: it is a channel pair
 *
 * Reads the first channel up to its spectrum, which takes a decoder's time.
 * What comes before tells how loud each band can be. Global gain alone does
 * not: to some encoders it is the gain of the lowest band.
 *
 * Returns: a number that grows with the loudest band; 0: unknown
 */
guint
eka_aaceffort_measure (EkaBits *bits,
                       gboolean pair)
{
  guint8 books[MAX_BANDS];
  gboolean common = FALSE;
  Window window;
  gint gain, level;

  bits->place += 4; /* tag */
  if (pair)
    common = eka_bits_get (bits, 1) == 1;
  if (common)
    read_window (&window, bits);
  /* which bands are middle and side, where not all or none are */
  if (common && eka_bits_get (bits, 2) == 1)
    bits->place += (gsize) window.groups * window.bands;
  gain = (gint) eka_bits_get (bits, 8);
  if (!common)
    read_window (&window, bits);
  if (!read_sections (books, &window, bits) ||
      !find_level (books, window.groups * window.bands, gain, bits, &level))
    return 0;
  return shape (MIN (level, MAX_LEVEL));
}
