/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Journals: a byte that says whether checksums are put right first, without which
 * little would get past them, then the journal.
 */
#include "input.h"

#include "outbox/journal.h"

#include <string.h>
#include <zlib.h>

/* See record.c. */
#define AT_SIZE 8
#define AT_DATA_CRC 44
#define AT_HEADER_CRC 48
#define HEADER_SIZE 52

static void
put_32 (guint8 *p,
        gsize   value)
{
  const guint32 number = GUINT32_TO_BE ((guint32) value);

  memcpy (p, &number, sizeof number);
}

static void
sign (guint8 *data,
      gsize   size)
{
  static const guint8 magic[] = { 0xec, 'k', 'j', 0x9d };
  gsize at = 0;

  while (size - at >= HEADER_SIZE)
    {
      guint8 *p = data + at;
      const gsize rest = size - at - HEADER_SIZE;
      guint32 length;

      if (memcmp (p, magic, sizeof magic) != 0)
        {
          at++;
          continue;
        }
      memcpy (&length, p + AT_SIZE, sizeof length);
      length = GUINT32_FROM_BE (length);
      if (length <= rest)
        put_32 (p + AT_DATA_CRC, crc32_z (0, p + HEADER_SIZE, length));
      put_32 (p + AT_HEADER_CRC, crc32_z (0, p, AT_HEADER_CRC));
      at += HEADER_SIZE + MIN (length, rest);
    }
}

static void
check_chunk (const EkaChunk *chunk)
{
  g_auto (EkaFile) file = { 0, };
  EkaContainer container;

  g_assert_cmpuint (chunk->samples, >, 0);
  /* it may be under any name */
  if (!eka_container_from_media_type (chunk->media_type, &container) ||
      !g_str_equal (eka_container_get_extension (container),
                    chunk->extension))
    return;
  eka_file_init (&file);
  g_assert_true (eka_container_read (container, &file, chunk->bytes));
  g_assert_cmpuint (eka_file_count_samples (&file) - file.skip - file.trim_end,
                    ==, chunk->samples);
}

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  Input input = { data, size };
  const gboolean signs = input_take_byte (&input) % 2 == 1;
  g_autofree guint8 *copy = g_memdup2 (input.data, input.size);
  g_autoptr (GBytes) journal = NULL;
  g_autoptr (GPtrArray) chunks = NULL;
  g_autoptr (GPtrArray) again = NULL;
  g_autoptr (GError) error = NULL;
  EkaJournalDamage damage, same;
  guint i;

  if (signs)
    sign (copy, input.size);
  journal = g_bytes_new (copy, input.size);
  chunks = eka_journal_rebuild (journal, &damage, &error);
  again = eka_journal_rebuild (journal, &same, NULL);
  g_assert_true ((chunks == NULL) == (error != NULL));
  g_assert_cmpuint (damage.bytes, <=, input.size);
  g_assert_cmpuint (damage.bytes, ==, same.bytes);
  g_assert_cmpuint (damage.packets, ==, same.packets);
  if (chunks == NULL)
    return 0;
  g_assert_cmpuint (chunks->len, ==, again->len);
  for (i = 0; i < chunks->len; i++)
    {
      const EkaChunk *chunk = chunks->pdata[i], *other = again->pdata[i];

      check_chunk (chunk);
      g_assert_true (g_bytes_equal (chunk->bytes, other->bytes));
    }
  return 0;
}
