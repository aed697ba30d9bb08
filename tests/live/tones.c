/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "tones.h"

#include <math.h>
#include <string.h>

/* Of one of the two frequencies: both together are loud, and don't clip. */
#define AMPLITUDE 9000.0
/* Sound is looked for in pieces of this length, in ms. */
#define PIECE 2
/* Mean square of a piece in which something is heard: -36 dBFS. */
#define MIN_POWER (32768.0 * 32768.0 * 2.5e-4)
/* A tone is not over at a hole of two lost packets; in ms. */
#define MAX_HOLE 45
/* What is taken for a tone is looked at in pieces of so many ms. */
#define BLOCK 20
/* What is shorter is a click; in ms. */
#define MIN_LENGTH 20

static const gdouble ROWS[] = { 697, 770, 852, 941 };
static const gdouble COLUMNS[] = { 1209, 1336, 1477, 1633 };
static const gchar DIGITS[] = "123A456B789C*0#D";

/**
 * tones_render:
 * @samples: (array length=n_samples): where to add to, at %TONES_RATE
 * @n_samples: how many there are
 * @digits: what is dialled
 * @first: where the first digit begins, in ms
 * @period: from one digit to the next, in ms
 * @length: of each, in ms
 */
void
tones_render (gint16      *samples,
              guint        n_samples,
              const gchar *digits,
              guint        first,
              guint        period,
              guint        length)
{
  guint i, j;

  for (i = 0; digits[i] != '\0'; i++)
    {
      const gchar *place = strchr (DIGITS, digits[i]);
      guint at = (first + i * period) * TONES_MS;
      gdouble row, column;

      g_assert_nonnull (place);
      g_assert_cmpuint (at + length * TONES_MS, <=, n_samples);
      row = 2 * G_PI * ROWS[(place - DIGITS) / 4] / TONES_RATE;
      column = 2 * G_PI * COLUMNS[(place - DIGITS) % 4] / TONES_RATE;
      for (j = 0; j < length * TONES_MS; j++)
        samples[at + j] += AMPLITUDE * (sin (row * j) + sin (column * j));
    }
}

/* ITU-T G.711, µ-law: sign, exponent and mantissa of the magnitude plus 33. */
static guint8
encode_mu_law (gint sample)
{
  gint magnitude = MIN (ABS (sample) / 4 + 33, 8191);
  gint exponent = g_bit_storage (magnitude) - 6;
  gint mantissa = (magnitude >> (exponent + 1)) & 15;

  return ~((sample < 0 ? 0x80 : 0) | exponent << 4 | mantissa);
}

static guint8
encode_a_law (gint sample)
{
  gint magnitude = MIN ((sample < 0 ? ~sample : sample) / 8, 4095);
  gint exponent = MAX ((gint) g_bit_storage (magnitude) - 5, 0);
  gint mantissa = (magnitude >> MAX (exponent, 1)) & 15;

  return ((sample < 0 ? 0 : 0x80) | exponent << 4 | mantissa) ^ 0x55;
}

/**
 * tones_encode:
 * @sample: a sample
 * @a_law: A-law; else µ-law
 *
 * Returns: it in G.711
 */
guint8
tones_encode (gint16   sample,
              gboolean a_law)
{
  return a_law ? encode_a_law (sample) : encode_mu_law (sample);
}

/**
 * tones_decode:
 * @code: a sample in G.711
 * @a_law: A-law; else µ-law
 *
 * Returns: the sample
 */
gint16
tones_decode (guint8   code,
              gboolean a_law)
{
  guint8 bits = a_law ? code ^ 0x55 : ~code;
  gint exponent = bits >> 4 & 7;
  gint mantissa = bits & 15;
  gint magnitude;

  if (!a_law)
    magnitude = (((mantissa << 1 | 33) << exponent) - 33) * 4;
  else if (exponent == 0)
    magnitude = (mantissa << 1 | 1) * 8;
  else
    magnitude = ((mantissa << 1 | 33) << (exponent - 1)) * 8;
  return (bits & 0x80) == (a_law ? 0 : 0x80) ? -magnitude : magnitude;
}

static void
append_le (GByteArray *file,
           guint32     value,
           guint       size)
{
  guint8 bytes[4] = { value, value >> 8, value >> 16, value >> 24 };

  g_byte_array_append (file, bytes, size);
}

/**
 * tones_save:
 * @path: a WAV file that is to be
 * @samples: (array length=n_samples): its samples, at %TONES_RATE
 * @n_samples: how many
 */
void
tones_save (const gchar  *path,
            const gint16 *samples,
            guint         n_samples)
{
  g_autoptr (GByteArray) file = g_byte_array_new ();
  g_autoptr (GError) error = NULL;
  guint i;

  g_byte_array_append (file, (const guint8 *) "RIFF", 4);
  append_le (file, 36 + n_samples * 2, 4);
  g_byte_array_append (file, (const guint8 *) "WAVEfmt ", 8);
  append_le (file, 16, 4);
  append_le (file, 1, 2);
  append_le (file, 1, 2);
  append_le (file, TONES_RATE, 4);
  append_le (file, TONES_RATE * 2, 4);
  append_le (file, 2, 2);
  append_le (file, 16, 2);
  g_byte_array_append (file, (const guint8 *) "data", 4);
  append_le (file, n_samples * 2, 4);
  for (i = 0; i < n_samples; i++)
    append_le (file, (guint16) samples[i], 2);
  g_file_set_contents (path, (const gchar *) file->data, file->len, &error);
  g_assert_no_error (error);
}

static gdouble
power (const gint16 *samples,
       gsize         n_samples)
{
  gdouble sum = 0;
  gsize i;

  for (i = 0; i < n_samples; i++)
    sum += (gdouble) samples[i] * samples[i];
  return sum / n_samples;
}

/* Goertzel's: how much of one frequency there is, in blocks that are short enough
 * for one that is off by 1.5 %, which a telephone may be. */
static gdouble
measure (const gint16 *samples,
         gsize         n_samples,
         gdouble       frequency,
         guint         rate)
{
  gdouble factor = 2 * cos (2 * G_PI * frequency / rate);
  gsize block = MIN (rate * BLOCK / 1000, n_samples);
  gdouble sum = 0;
  gsize at, i;

  for (at = 0; at + block <= n_samples; at += block)
    {
      gdouble s1 = 0, s2 = 0;

      for (i = 0; i < block; i++)
        {
          gdouble s = samples[at + i] + factor * s1 - s2;

          s2 = s1;
          s1 = s;
        }
      sum += (s1 * s1 + s2 * s2 - factor * s1 * s2) * 2 / block;
    }
  return sum / at;
}

static guint
find_strongest (const gint16  *samples,
                gsize          n_samples,
                guint          rate,
                const gdouble *frequencies,
                gdouble       *sum)
{
  gdouble best = -1;
  guint i, place = 0;

  for (i = 0; i < 4; i++)
    {
      gdouble value = measure (samples, n_samples, frequencies[i], rate);

      if (value > best)
        {
          best = value;
          place = i;
        }
    }
  *sum += best;
  return place;
}

/* Half of the energy is little to ask for: holes spread the spectrum. */
static gchar
classify (const gint16 *samples,
          gsize         n_samples,
          guint         rate)
{
  gdouble sum = 0;
  guint row = find_strongest (samples, n_samples, rate, ROWS, &sum);
  guint column = find_strongest (samples, n_samples, rate, COLUMNS, &sum);

  if (sum < power (samples, n_samples) / 2)
    return '?';
  return DIGITS[row * 4 + column];
}

static void
close_tone (GArray       *tones,
            const gint16 *samples,
            guint         rate,
            gsize         first,
            gsize         end)
{
  Tone tone = { .start = first * 1000.0 / rate, .end = end * 1000.0 / rate };

  if (tone.end - tone.start < MIN_LENGTH)
    return;
  tone.digit = classify (samples + first, end - first, rate);
  g_array_append_val (tones, tone);
}

/**
 * tones_find:
 * @samples: (array length=n_samples): samples of one channel
 * @n_samples: how many
 * @rate: how many in a second
 *
 * Returns: (transfer full) (element-type Tone): what is heard, with starts and ends
 *   to 2 ms
 */
GArray *
tones_find (const gint16 *samples,
            gsize         n_samples,
            guint         rate)
{
  GArray *tones = g_array_new (FALSE, FALSE, sizeof (Tone));
  gsize piece = rate * PIECE / 1000;
  gsize first = 0, end = 0, at;

  for (at = 0; at + piece <= n_samples; at += piece)
    {
      if (power (samples + at, piece) < MIN_POWER)
        continue;
      if (end > 0 && at - end > (gsize) rate * MAX_HOLE / 1000)
        {
          close_tone (tones, samples, rate, first, end);
          end = 0;
        }
      if (end == 0)
        first = at;
      end = at + piece;
    }
  if (end > 0)
    close_tone (tones, samples, rate, first, end);
  return tones;
}

/**
 * tones_digits:
 * @tones: (element-type Tone): tones
 *
 * Returns: (transfer full): their digits
 */
gchar *
tones_digits (const GArray *tones)
{
  GString *digits = g_string_new (NULL);
  guint i;

  for (i = 0; i < tones->len; i++)
    g_string_append_c (digits, g_array_index (tones, Tone, i).digit);
  return g_string_free (digits, FALSE);
}

static gint
compare_starts (gconstpointer a,
                gconstpointer b)
{
  const Tone *first = a, *second = b;

  return (first->start > second->start) - (first->start < second->start);
}

/**
 * tones_merge:
 * @first: (element-type Tone): tones of one leg
 * @second: (element-type Tone): tones of another one
 *
 * Returns: (transfer full) (element-type Tone): those of both, in order
 */
GArray *
tones_merge (const GArray *first,
             const GArray *second)
{
  GArray *all = g_array_new (FALSE, FALSE, sizeof (Tone));

  g_array_append_vals (all, first->data, first->len);
  g_array_append_vals (all, second->data, second->len);
  g_array_sort (all, compare_starts);
  return all;
}

static const Tone *
tone_at (const GArray *tones,
         guint         index)
{
  return &g_array_index (tones, Tone, index);
}

/**
 * tones_assert_same:
 * @expected: (element-type Tone): what was sent
 * @found: (element-type Tone): what came
 * @tolerance: in ms, from first tone to last
 *
 * The same digits in the same order, each in its place; one delay is the same for
 * all of them.
 */
void
tones_assert_same (const GArray *expected,
                   const GArray *found,
                   gdouble       tolerance)
{
  static const Tone none = { '-', 0, 0 };
  g_autofree gchar *sent_digits = tones_digits (expected);
  g_autofree gchar *found_digits = tones_digits (found);
  gdouble least = G_MAXDOUBLE, most = -G_MAXDOUBLE;
  guint i;

  for (i = 0; i < MAX (expected->len, found->len); i++)
    {
      const Tone *left = i < expected->len ? tone_at (expected, i) : &none;
      const Tone *came = i < found->len ? tone_at (found, i) : &none;
      gdouble delay = came->start - left->start;

      g_test_message ("%c at %.0f ms came as %c at %.0f to %.0f ms: %.0f ms later",
                      left->digit, left->start, came->digit, came->start,
                      came->end, delay);
      least = MIN (least, delay);
      most = MAX (most, delay);
    }
  g_assert_cmpstr (sent_digits, ==, found_digits);
  g_assert_cmpfloat (most - least, <=, tolerance);
}
