/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <glib.h>
#include <string.h>

G_BEGIN_DECLS

/**
 * EkaBits:
 * @data: bytes, the highest bit first
 * @size: length of @data in bits
 * @place: bits that were read; more than @size where it was read too far
 *
 * Reads numbers of any length. What lies behind the end is 0, so that only the
 * end of a reading must be checked.
 */
typedef struct
{
  const guint8 *data;
  gsize size;
  gsize place;
} EkaBits;

/* At most 25 bits, without moving on */
static inline guint
eka_bits_peek (const EkaBits *self,
               guint          n)
{
  const gsize end = (self->size + 7) / 8;
  const gsize first = self->place / 8;
  guint32 word = 0;
  gsize i;

  if (n == 0)
    return 0;
  if (first + 4 <= end)
    {
      memcpy (&word, self->data + first, 4);
      return GUINT32_FROM_BE (word) << self->place % 8 >> (32 - n);
    }
  for (i = first; i < first + 4; i++)
    word = word << 8 | (i < end ? self->data[i] : 0);
  return word << self->place % 8 >> (32 - n);
}

/* At most 25 bits */
static inline guint
eka_bits_get (EkaBits *self,
              guint    n)
{
  const guint value = eka_bits_peek (self, n);

  self->place += n;
  return value;
}

static inline gboolean
eka_bits_is_behind (const EkaBits *self)
{
  return self->place > self->size;
}

G_END_DECLS
