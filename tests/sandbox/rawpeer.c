/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "rawpeer.h"

#include <string.h>

#define PATIENCE 60 /* s */

/* The pair of RFC 6455, 1.3. */
#define KEY "dGhlIHNhbXBsZSBub25jZQ=="
#define ACCEPT "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

static void
check_answer (RawPeer *self)
{
  gboolean accepted = FALSE;
  gboolean first = TRUE;

  while (TRUE)
    {
      g_autoptr (GError) error = NULL;
      g_autofree gchar *line
          = g_data_input_stream_read_line (self->in, NULL, NULL, &error);

      g_assert_no_error (error);
      g_assert_nonnull (line);
      if (first)
        g_assert_cmpstr (line, ==, "HTTP/1.1 101 Switching Protocols");
      first = FALSE;
      if (*line == '\0')
        break;
      accepted |= g_str_equal (line, "Sec-WebSocket-Accept: " ACCEPT);
    }
  g_assert_true (accepted);
}

RawPeer *
rawpeer_open (const gchar *url)
{
  RawPeer *self = g_new0 (RawPeer, 1);
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (GUri) uri = g_uri_parse (url, G_URI_FLAGS_NONE, &error);
  g_autofree gchar *request = NULL;

  g_assert_no_error (error);
  g_socket_client_set_timeout (client, PATIENCE);
  self->connection = g_socket_client_connect_to_host (
      client, g_uri_get_host (uri), (guint16)g_uri_get_port (uri), NULL,
      &error);
  g_assert_no_error (error);
  self->in = g_data_input_stream_new (
      g_io_stream_get_input_stream (G_IO_STREAM (self->connection)));
  g_data_input_stream_set_newline_type (self->in,
                                        G_DATA_STREAM_NEWLINE_TYPE_CR_LF);
  request = g_strdup_printf (
      "GET %s?%s HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
      "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
      "Sec-WebSocket-Key: " KEY "\r\n\r\n",
      g_uri_get_path (uri), g_uri_get_query (uri));
  rawpeer_write (self, request, strlen (request));
  check_answer (self);
  return self;
}

void
rawpeer_free (RawPeer *self)
{
  g_object_unref (self->in);
  g_object_unref (self->connection);
  g_free (self);
}

void
rawpeer_write (RawPeer *self, gconstpointer bytes, gsize size)
{
  g_autoptr (GError) error = NULL;

  g_output_stream_write_all (
      g_io_stream_get_output_stream (G_IO_STREAM (self->connection)), bytes,
      size, NULL, NULL, &error);
  g_assert_no_error (error);
}

/* @first: the frame's first byte. */
void
rawpeer_send (RawPeer *self, guint8 first, gconstpointer data, gsize size)
{
  static const guint8 mask[] = { 0x11, 0x22, 0x33, 0x44 };
  g_autoptr (GByteArray) frame = g_byte_array_new ();
  guint8 head[4] = { first, 0, (guint8)(size >> 8), (guint8)size };
  gsize i;

  g_assert_cmpuint (size, <=, G_MAXUINT16);
  head[1] = 0x80 | (size > 125 ? 126 : (guint8)size);
  g_byte_array_append (frame, head, size > 125 ? 4 : 2);
  g_byte_array_append (frame, mask, sizeof mask);
  for (i = 0; i < size; i++)
    {
      guint8 byte = ((const guint8 *)data)[i] ^ mask[i % 4];

      g_byte_array_append (frame, &byte, 1);
    }
  rawpeer_write (self, frame->data, frame->len);
}

static gboolean
read_exactly (RawPeer *self, gpointer bytes, gsize size, GError **error)
{
  gsize got = 0;

  if (!g_input_stream_read_all (G_INPUT_STREAM (self->in), bytes, size, &got,
                                NULL, error))
    return FALSE;
  if (got < size)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_PARTIAL_INPUT, "EOF");
  return got == size;
}

/* The next frame's payload; %NULL: there is none, and @error is set. */
GBytes *
rawpeer_read (RawPeer *self, guint8 *first, GError **error)
{
  guint8 head[2];
  guint8 length[8] = { 0 };
  guint64 size = 0;
  gsize count;
  gsize i;
  g_autofree guint8 *payload = NULL;

  if (!read_exactly (self, head, 2, error))
    return NULL;
  g_assert_cmpuint (head[1] & 0x80, ==, 0);
  count = head[1] == 126 ? 2 : head[1] == 127 ? 8 : 0;
  if (!read_exactly (self, length, count, error))
    return NULL;
  for (i = 0; i < count; i++)
    size = size << 8 | length[i];
  if (count == 0)
    size = head[1];
  payload = g_malloc (size + 1);
  if (!read_exactly (self, payload, size, error))
    return NULL;
  *first = head[0];
  return g_bytes_new_take (g_steal_pointer (&payload), size);
}

void
rawpeer_check (RawPeer *self, guint8 first, const gchar *text)
{
  guint8 found = 0;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) payload = rawpeer_read (self, &found, &error);

  g_assert_no_error (error);
  g_assert_cmphex (found, ==, first);
  g_assert_cmpmem (g_bytes_get_data (payload, NULL),
                   g_bytes_get_size (payload), text, strlen (text));
}

/* The next frame is a close frame of @code (1005: without one). */
void
rawpeer_check_closed (RawPeer *self, guint16 code)
{
  guint8 first = 0;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) payload = rawpeer_read (self, &first, &error);
  const guint8 *data;
  gsize size;

  g_assert_no_error (error);
  g_assert_cmphex (first, ==, RAW_LAST | RAW_CLOSE);
  data = g_bytes_get_data (payload, &size);
  g_test_message ("%.*s", size < 2 ? 0 : (gint)size - 2,
                  size < 2 ? "" : (const gchar *)data + 2);
  g_assert_cmpuint (size < 2 ? 1005 : data[0] << 8 | data[1], ==, code);
}
