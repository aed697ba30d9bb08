/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "cursor.h"

/**
 * sandbox_cursor_left:
 * @self: a cursor
 *
 * Returns: bytes that were not read
 */
gsize
sandbox_cursor_left (const SandboxCursor *self)
{
  return self->size - self->at;
}

/**
 * sandbox_cursor_skip:
 * @self: a cursor
 * @count: bytes
 *
 * Returns: whether there were as many
 */
gboolean
sandbox_cursor_skip (SandboxCursor *self, gsize count)
{
  if (count > sandbox_cursor_left (self))
    return FALSE;
  self->at += count;
  return TRUE;
}

/**
 * sandbox_cursor_number:
 * @self: a cursor
 * @bytes: up to 8
 * @value: (out): the number; as it was where %FALSE is returned
 *
 * Returns: whether there were as many bytes
 */
gboolean
sandbox_cursor_number (SandboxCursor *self, guint bytes, guint64 *value)
{
  guint i;

  if (bytes > sandbox_cursor_left (self))
    return FALSE;
  *value = 0;
  for (i = 0; i < bytes; i++)
    *value = *value << 8 | self->data[self->at++];
  return TRUE;
}

/**
 * sandbox_cursor_32:
 * @self: a cursor with 4 bytes left
 *
 * Returns: the number in them
 */
guint32
sandbox_cursor_32 (SandboxCursor *self)
{
  guint64 value = 0;

  sandbox_cursor_number (self, 4, &value);
  return (guint32)value;
}

/**
 * sandbox_cursor_64:
 * @self: a cursor with 8 bytes left
 *
 * Returns: the number in them
 */
guint64
sandbox_cursor_64 (SandboxCursor *self)
{
  guint64 value = 0;

  sandbox_cursor_number (self, 8, &value);
  return value;
}
