/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "wsserver.h"

#include <string.h>
#include <sys/socket.h>

#define GUID "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
#define MEDIA "{\"event\":\"media\""
#define STOP "{\"event\":\"stop\"}"

/* What a message of JSON has around its base64. */
#define MEDIA_SIZE (sizeof "{\"event\":\"media\",\"media\":{\"payload\":\"\"}}" - 1)

#define TEXT 1
#define BINARY 2
#define CLOSE 8
#define PING 9
#define PONG 10

struct _BenchWs
{
  gint fd;
  guint64 audio;  /* bytes of PCM */
  FILE *arrivals; /* NULL: not asked for */
};

static gchar *
get_key (const gchar *head)
{
  g_auto (GStrv) lines = g_strsplit (head, "\r\n", -1);
  gchar **line;

  for (line = lines; *line != NULL; line++)
    if (g_ascii_strncasecmp (*line, "Sec-WebSocket-Key:", 18) == 0)
      return g_strstrip (g_strdup (*line + 18));
  return NULL;
}

static gchar *
answer_key (const gchar *key)
{
  g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA1);
  guint8 digest[20];
  gsize size = sizeof digest;

  g_checksum_update (sum, (const guchar *) key, -1);
  g_checksum_update (sum, (const guchar *) GUID, -1);
  g_checksum_get_digest (sum, digest, &size);
  return g_base64_encode (digest, size);
}

/**
 * bench_ws_accept:
 * @fd: a connection on which nothing but @head came
 * @head: the handshake
 * @arrivals: (nullable): gets a line for each message: when it was whole, in
 *   ns, and how many bytes of audio have come with it
 *
 * Returns: (transfer full) (nullable): the stream; %NULL: that was no handshake
 */
BenchWs *
bench_ws_accept (gint         fd,
                 const gchar *head,
                 FILE        *arrivals)
{
  g_autofree gchar *key = get_key (head);
  g_autofree gchar *accept = key != NULL ? answer_key (key) : NULL;
  g_autofree gchar *text = NULL;
  BenchWs *self;

  if (accept == NULL)
    return NULL;
  text = g_strdup_printf ("HTTP/1.1 101 Switching Protocols\r\n"
                          "Upgrade: websocket\r\nConnection: Upgrade\r\n"
                          "Sec-WebSocket-Accept: %s\r\n\r\n", accept);
  if (send (fd, text, strlen (text), MSG_NOSIGNAL) < 0)
    return NULL;
  self = g_new0 (BenchWs, 1);
  self->fd = fd;
  self->arrivals = arrivals;
  return self;
}

/* @size: at most 125 */
static void
send_frame (BenchWs      *self,
            guint         opcode,
            const guint8 *data,
            gsize         size)
{
  guint8 frame[127] = { 0x80 | opcode, size };

  memcpy (frame + 2, data, size);
  if (send (self->fd, frame, size + 2, MSG_NOSIGNAL) < 0)
    g_printerr ("a frame was not taken\n");
}

static void
unmask (guint8       *data,
        gsize         size,
        const guint8 *mask)
{
  gsize i;

  for (i = 0; i < size; i++)
    data[i] ^= mask[i % 4];
}

static void
note_audio (BenchWs *self,
            gsize    size,
            gint64   now)
{
  self->audio += size;
  if (self->arrivals != NULL)
    fprintf (self->arrivals, "%" G_GINT64_FORMAT " %" G_GUINT64_FORMAT "\n",
             now, self->audio);
}

/* Only as much of a text is read as tells what it is. */
static void
take_text (BenchWs      *self,
           guint8       *data,
           gsize         size,
           const guint8 *mask,
           gint64        now)
{
  static const guint8 normal[2] = { 1000 >> 8, 1000 & 0xff };

  unmask (data, MIN (size, sizeof MEDIA - 1), mask);
  if (size > MEDIA_SIZE && memcmp (data, MEDIA, sizeof MEDIA - 1) == 0)
    note_audio (self, (size - MEDIA_SIZE) / 4 * 3, now);
  else if (size == sizeof STOP - 1 && memcmp (data, STOP, size - 2) == 0)
    send_frame (self, CLOSE, normal, sizeof normal);
}

static void
take_frame (BenchWs      *self,
            guint         opcode,
            guint8       *data,
            gsize         size,
            const guint8 *mask,
            gint64        now)
{
  if (opcode == BINARY)
    note_audio (self, size, now);
  else if (opcode == TEXT)
    take_text (self, data, size, mask, now);
  else if (opcode == PING && size <= 125) {
    unmask (data, size, mask);
    send_frame (self, PONG, data, size);
  }
}

/**
 * bench_ws_take:
 * @self: a stream
 * @input: what came; what made whole frames is removed
 * @now: monotonic time, in ns
 *
 * Clients mask, and nobody here makes fragments or messages of 64 KiB: a
 * header has 6 or 8 bytes.
 *
 * Returns: %FALSE where that is no WebSocket
 */
gboolean
bench_ws_take (BenchWs    *self,
               GByteArray *input,
               gint64      now)
{
  gsize done = 0;

  while (input->len - done >= 6) {
    guint8 *at = input->data + done;
    gsize size = at[1] & 0x7f;
    gsize head = 6;

    if ((at[1] & 0x80) == 0 || size == 127)
      return FALSE;
    if (size == 126) {
      size = at[2] << 8 | at[3];
      head = 8;
    }
    if (input->len - done < head + size)
      break;
    take_frame (self, at[0] & 0xf, at + head, size, at + head - 4, now);
    done += head + size;
  }
  if (done > 0)
    g_byte_array_remove_range (input, 0, done);
  return TRUE;
}

/**
 * bench_ws_free:
 * @self: (transfer full): a stream
 *
 * Returns: how many bytes of audio it has had
 */
guint64
bench_ws_free (BenchWs *self)
{
  const guint64 audio = self->audio;

  g_free (self);
  return audio;
}
