/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <string.h>

#include "outbox/outbox.h"

#define SECOND G_GUINT64_CONSTANT (1000000000)

/* A chunk of @size zeros. */
static inline EkaChunk *
new_chunk (guint   index,
           gsize   size,
           guint64 duration)
{
  g_autofree guint8 *data = g_malloc0 (size);
  g_autoptr (GBytes) bytes = g_bytes_new (data, size);

  return eka_chunk_new (index, bytes, "audio/wav", "wav", 0, duration, 1);
}

/* A chunk of one second. */
static inline void
put_new (EkaOutbox *outbox,
         guint      index,
         gsize      size)
{
  g_autoptr (EkaChunk) chunk = new_chunk (index, size, SECOND);

  eka_outbox_put (outbox, chunk);
}

/* Sends @n chunks, with success. */
static inline void
send (EkaOutbox *outbox,
      guint      n)
{
  while (n-- > 0)
    {
      guint number;
      g_autoptr (EkaChunk) chunk = eka_outbox_try (outbox, &number);

      g_assert_nonnull (chunk);
      eka_outbox_acknowledge (outbox, number);
    }
}

/* The service lists all of them. */
static inline void
settle_all (EkaOutbox *outbox)
{
  guint n = eka_outbox_count_sent (outbox);
  g_autofree gboolean *listed = g_new (gboolean, n + 1);
  guint i;

  for (i = 0; i < n; i++)
    listed[i] = TRUE;
  g_assert_cmpuint (eka_outbox_settle (outbox, listed, n), ==, 0);
}
