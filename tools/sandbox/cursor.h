/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * SandboxCursor:
 * @data: what is read
 * @size: its bytes
 * @at: how many of them were read
 *
 * Reads big-endian numbers, and never behind the end.
 */
typedef struct
{
  const guint8 *data;
  gsize size;
  gsize at;
} SandboxCursor;

gsize    sandbox_cursor_left   (const SandboxCursor *cursor);
gboolean sandbox_cursor_skip   (SandboxCursor       *cursor,
                                gsize                count);
gboolean sandbox_cursor_number (SandboxCursor       *cursor,
                                guint                bytes,
                                guint64             *value);
guint32  sandbox_cursor_32     (SandboxCursor       *cursor);
guint64  sandbox_cursor_64     (SandboxCursor       *cursor);

G_END_DECLS
