/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "outbox/record.h"

#include <string.h>
#include <zlib.h>

/* A record is a header and its bytes, all numbers in network byte order:
 *
 *    0  magic              4 bytes
 *    4  type               1
 *    5  flags              1
 *    6  loudness           1
 *    7  0                  1
 *    8  size of the bytes  4
 *   12  number             8
 *   20  running time       8
 *   28  utc                8
 *   36  skip               4
 *   40  trim_end           4
 *   44  CRC of the bytes   4
 *   48  CRC of all above   4
 *   52  the bytes
 *
 * The header has a CRC of its own, so that a size can be trusted before what it
 * measures is read: no record is looked at twice, and damage in the bytes of one
 * does not hide the next. */
#define AT_TYPE 4
#define AT_FLAGS 5
#define AT_LOUDNESS 6
#define AT_SIZE 8
#define AT_NUMBER 12
#define AT_RUNNING_TIME 20
#define AT_UTC 28
#define AT_SKIP 36
#define AT_TRIM_END 40
#define AT_DATA_CRC 44
#define AT_HEADER_CRC 48
#define HEADER_SIZE 52

#define FLAG_DISCONT 1

/* No text, and not valid UTF-8 */
#define MAGIC_SIZE 4
static const guint8 magic[MAGIC_SIZE] = { 0xec, 'k', 'j', 0x9d };

static void
put_32 (guint8 *p,
        guint32 value)
{
  value = GUINT32_TO_BE (value);
  memcpy (p, &value, sizeof value);
}

static void
put_64 (guint8 *p,
        guint64 value)
{
  value = GUINT64_TO_BE (value);
  memcpy (p, &value, sizeof value);
}

static guint32
get_32 (const guint8 *p)
{
  guint32 value;

  memcpy (&value, p, sizeof value);
  return GUINT32_FROM_BE (value);
}

static guint64
get_64 (const guint8 *p)
{
  guint64 value;

  memcpy (&value, p, sizeof value);
  return GUINT64_FROM_BE (value);
}

static guint32
get_crc (const guint8 *data,
         gsize         size)
{
  return (guint32) crc32_z (0, size > 0 ? data : magic, size);
}

/**
 * eka_record_append:
 * @out: takes the record at its end
 * @record: a record
 */
void
eka_record_append (GByteArray      *out,
                   const EkaRecord *record)
{
  const guint start = out->len;
  guint8 *p;

  g_return_if_fail ((guint64) start + HEADER_SIZE + record->size <= G_MAXUINT);

  g_byte_array_set_size (out, start + HEADER_SIZE + (guint) record->size);
  p = out->data + start;
  memcpy (p, magic, MAGIC_SIZE);
  p[AT_TYPE] = record->type;
  p[AT_FLAGS] = record->discont ? FLAG_DISCONT : 0;
  p[AT_LOUDNESS] = record->loudness;
  p[AT_LOUDNESS + 1] = 0;
  put_32 (p + AT_SIZE, (guint32) record->size);
  put_64 (p + AT_NUMBER, record->number);
  put_64 (p + AT_RUNNING_TIME, record->running_time);
  put_64 (p + AT_UTC, record->utc);
  put_32 (p + AT_SKIP, record->skip);
  put_32 (p + AT_TRIM_END, record->trim_end);
  put_32 (p + AT_DATA_CRC, get_crc (record->data, record->size));
  put_32 (p + AT_HEADER_CRC, get_crc (p, AT_HEADER_CRC));
  if (record->size > 0)
    memcpy (p + HEADER_SIZE, record->data, record->size);
}

static gboolean
is_header (const guint8 *p,
           gsize         size)
{
  return size >= HEADER_SIZE && memcmp (p, magic, MAGIC_SIZE) == 0 &&
         get_32 (p + AT_HEADER_CRC) == get_crc (p, AT_HEADER_CRC);
}

/* Returns: where the magic is next, or the end */
static gsize
find_magic (const EkaRecordReader *self,
            gsize                  offset)
{
  while (offset < self->size)
    {
      const guint8 *found =
          memchr (self->data + offset, magic[0], self->size - offset);

      if (found == NULL)
        return self->size;
      offset = found - self->data;
      if (self->size - offset >= MAGIC_SIZE &&
          memcmp (found, magic, MAGIC_SIZE) == 0)
        return offset;
      offset++;
    }
  return self->size;
}

/* Is what no record follows one that was not written to its end? Where power
 * failed, a file may have grown by zeros already. */
static gboolean
is_torn (const guint8 *p,
         gsize         size)
{
  while (size > 0 && p[size - 1] == 0)
    size--;
  if (size == 0)
    return TRUE;
  if (size < HEADER_SIZE)
    return memcmp (p, magic, MIN (size, MAGIC_SIZE)) == 0;
  return is_header (p, size) && get_32 (p + AT_SIZE) > size - HEADER_SIZE;
}

static void
get_record (const guint8 *p,
            EkaRecord    *record)
{
  *record = (EkaRecord) {
    .type = p[AT_TYPE],
    .number = get_64 (p + AT_NUMBER),
    .running_time = get_64 (p + AT_RUNNING_TIME),
    .utc = get_64 (p + AT_UTC),
    .skip = get_32 (p + AT_SKIP),
    .trim_end = get_32 (p + AT_TRIM_END),
    .loudness = p[AT_LOUDNESS],
    .discont = (p[AT_FLAGS] & FLAG_DISCONT) != 0,
    .data = p + HEADER_SIZE,
    .size = get_32 (p + AT_SIZE),
  };
}

/**
 * eka_record_read:
 * @reader: a reader
 * @record: (out caller-allocates): the next record that is whole
 *
 * Passes over all that is none. An end that is only torn is not counted as lost.
 *
 * Returns: %FALSE at the end
 */
gboolean
eka_record_read (EkaRecordReader *reader,
                 EkaRecord       *record)
{
  const gsize start = reader->offset;

  while (reader->offset < reader->size)
    {
      const gsize at = reader->offset, rest = reader->size - at;
      const guint8 *p = reader->data + at;

      if (!is_header (p, rest) || get_32 (p + AT_SIZE) > rest - HEADER_SIZE)
        {
          reader->offset = find_magic (reader, at + 1);
          continue;
        }
      get_record (p, record);
      reader->offset = at + HEADER_SIZE + record->size;
      if (get_32 (p + AT_DATA_CRC) != get_crc (record->data, record->size))
        continue;
      reader->lost += at - start;
      return TRUE;
    }
  if (!is_torn (reader->data + start, reader->size - start))
    {
      reader->lost += reader->size - start;
      reader->ends_broken = TRUE;
    }
  return FALSE;
}
