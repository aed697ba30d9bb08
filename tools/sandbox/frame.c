/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "frame.h"

#include <libsoup/soup.h>
#include <string.h>

#define LAST 0x80
#define RESERVED 0x70
#define OPCODE 0x0f
#define CONTROL 0x08
#define MASKED 0x80
#define LENGTH 0x7f
#define LENGTH_16 126
#define LENGTH_64 127
#define MASK_SIZE 4
#define MAX_CONTROL 125
#define MAX_REASON (MAX_CONTROL - 2)

G_DEFINE_QUARK (sandbox-close-error-quark, sandbox_close_error)

static gsize
refuse (GError **error, guint code, const gchar *reason)
{
  g_set_error_literal (error, SANDBOX_CLOSE_ERROR, (gint)code, reason);
  return 0;
}

static gsize
refuse_protocol (GError **error, const gchar *reason)
{
  return refuse (error, SOUP_WEBSOCKET_CLOSE_PROTOCOL_ERROR, reason);
}

static gboolean
is_known (guint8 opcode)
{
  return opcode <= SANDBOX_OPCODE_BINARY ||
         (opcode >= SANDBOX_OPCODE_CLOSE && opcode <= SANDBOX_OPCODE_PONG);
}

/* What a client's frame must be, by its first two bytes. */
static gboolean
check_head (const guint8 *bytes, GError **error)
{
  guint8 opcode = bytes[0] & OPCODE;

  if ((bytes[0] & RESERVED) != 0)
    return refuse_protocol (error, "a reserved bit is set");
  if (!is_known (opcode))
    return refuse_protocol (error, "an unknown kind of frame");
  if ((bytes[1] & MASKED) == 0)
    return refuse_protocol (error, "a client's frame is not masked");
  if ((opcode & CONTROL) != 0 &&
      ((bytes[0] & LAST) == 0 || (bytes[1] & LENGTH) > MAX_CONTROL))
    return refuse_protocol (error, "a control frame is long or in fragments");
  return TRUE;
}

static guint64
get_be (const guint8 *at, guint bytes)
{
  guint64 value = 0;
  guint i;

  for (i = 0; i < bytes; i++)
    value = value << 8 | at[i];
  return value;
}

/* Bytes of the length after the first two of the frame. */
static guint
count_extended (const guint8 *bytes)
{
  switch (bytes[1] & LENGTH)
    {
    case LENGTH_16:
      return 2;
    case LENGTH_64:
      return 8;
    default:
      return 0;
    }
}

static gboolean
is_shortest (guint64 length, guint extended)
{
  return extended == 0 || length > (extended == 2 ? MAX_CONTROL : G_MAXUINT16);
}

/**
 * sandbox_frame_parse:
 * @bytes: (array length=size): as a client sent them; the payload is unmasked
 *   there once it is complete
 * @size: how many came so far
 * @limit: longest payload
 * @frame: (out): the frame
 * @error: a #SANDBOX_CLOSE_ERROR
 *
 * Returns: the frame's length; 0: it is not complete yet, or @error is set
 */
gsize
sandbox_frame_parse (
    guint8 *bytes, gsize size, gsize limit, SandboxFrame *frame, GError **error)
{
  guint extended;
  guint64 length;
  gsize head;
  guint8 *data;
  gsize i;

  if (size < 2 || !check_head (bytes, error))
    return 0;
  extended = count_extended (bytes);
  if (size < 2 + extended)
    return 0;
  length = extended ? get_be (bytes + 2, extended) : bytes[1] & LENGTH;
  if (!is_shortest (length, extended))
    return refuse_protocol (error, "a length is not written the shortest way");
  if (length > limit)
    return refuse (error, SOUP_WEBSOCKET_CLOSE_TOO_BIG, "a frame is too big");
  head = 2 + extended + MASK_SIZE;
  if (size < head + length)
    return 0;
  data = bytes + head;
  for (i = 0; i < length; i++)
    data[i] ^= bytes[head - MASK_SIZE + i % MASK_SIZE];
  frame->opcode = bytes[0] & OPCODE;
  frame->last = (bytes[0] & LAST) != 0;
  frame->data = data;
  frame->size = (gsize)length;
  return head + (gsize)length;
}

/**
 * sandbox_frame_close_code:
 * @frame: a close frame
 * @error: a #SANDBOX_CLOSE_ERROR: what it says can't be said
 *
 * Returns: its code; 1005 where it has none; 0 with @error set
 */
guint16
sandbox_frame_close_code (const SandboxFrame *frame, GError **error)
{
  guint16 code;

  if (frame->size == 0)
    return SOUP_WEBSOCKET_CLOSE_NO_STATUS;
  code = frame->size >= 2 ? (guint16)get_be (frame->data, 2) : 0;
  if (code < 1000 || code >= 5000 || code == 1004 ||
      code == SOUP_WEBSOCKET_CLOSE_NO_STATUS ||
      code == SOUP_WEBSOCKET_CLOSE_ABNORMAL || (code > 1014 && code < 3000))
    return (guint16)refuse_protocol (error, "a close frame has no valid code");
  if (!g_utf8_validate ((const gchar *)frame->data + 2, (gssize)frame->size - 2,
                        NULL))
    return (guint16)refuse (error, SOUP_WEBSOCKET_CLOSE_BAD_DATA,
                            "a close frame's reason is not UTF-8");
  return code;
}

/**
 * sandbox_frame_build:
 * @opcode: what it is
 * @last: of its message
 * @data: (array length=size): the payload
 * @size: bytes
 *
 * Returns: (transfer full): a server's frame
 */
GBytes *
sandbox_frame_build (guint8 opcode,
                     gboolean last,
                     gconstpointer data,
                     gsize size)
{
  GByteArray *frame = g_byte_array_sized_new ((guint)size + 10);
  guint8 head[10] = { opcode | (last ? LAST : 0) };
  guint64 be = GUINT64_TO_BE ((guint64)size);
  guint bytes = 0;

  if (size > G_MAXUINT16)
    bytes = 8;
  else if (size > MAX_CONTROL)
    bytes = 2;
  head[1] = bytes == 0 ? (guint8)size : bytes == 2 ? LENGTH_16 : LENGTH_64;
  memcpy (head + 2, (const guint8 *)&be + 8 - bytes, bytes);
  g_byte_array_append (frame, head, 2 + bytes);
  if (size > 0)
    g_byte_array_append (frame, data, (guint)size);
  return g_byte_array_free_to_bytes (frame);
}

/**
 * sandbox_frame_build_close:
 * @code: why; 1005: the frame has no code
 * @reason: (nullable): for people; what does not fit is cut off
 *
 * Returns: (transfer full): a close frame
 */
GBytes *
sandbox_frame_build_close (guint16 code, const gchar *reason)
{
  guint8 payload[MAX_CONTROL] = { (guint8)(code >> 8), (guint8)code };
  gsize length = reason ? strlen (reason) : 0;

  if (code == SOUP_WEBSOCKET_CLOSE_NO_STATUS)
    return sandbox_frame_build (SANDBOX_OPCODE_CLOSE, TRUE, NULL, 0);
  if (length > MAX_REASON)
    length = (gsize)(g_utf8_find_prev_char (reason, reason + MAX_REASON + 1) -
                     reason);
  if (length > 0)
    memcpy (payload + 2, reason, length);
  return sandbox_frame_build (SANDBOX_OPCODE_CLOSE, TRUE, payload, length + 2);
}
