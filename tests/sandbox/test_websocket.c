/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "peer.h"
#include "rawpeer.h"

#include <string.h>

#define PATH "sessions/" SESSION
#define OFFER "--upload-methods=stream"
#define STOP PEER_STOP, strlen (PEER_STOP)

static void
check_kept (Box *box, const gchar *samples)
{
  g_autoptr (GBytes) wav = read_kept (box, "audio.wav");
  g_autoptr (GArray) found = NULL;
  gint rate;
  gint channels;

  found = read_wav (wav, &rate, &channels);
  g_assert_cmpmem (found->data, found->len * 2, samples, strlen (samples));
}

static void
finish (Box *box)
{
  g_autoptr (Answer) answer = NULL;

  box_end (box, 0);
  answer = box_wait (box);
  answer_check (answer, 200, NULL);
  g_assert_cmpstr (answer_string (answer, "status"), ==, "completed");
}

/* --- what is allowed ------------------------------------------------------ */

/* Control frames come between the fragments of others. */
static void
test_fragments (void)
{
  g_autoptr (Box) box = box_start (OFFER, NULL);
  g_autofree gchar *url = stream_create (box, NULL);
  g_autoptr (RawPeer) peer = rawpeer_open (url);

  rawpeer_send (peer, RAW_BINARY, "a", 1);
  rawpeer_send (peer, RAW_LAST | RAW_PING, "there?", 6);
  rawpeer_send (peer, RAW_CONTINUATION, NULL, 0);
  rawpeer_send (peer, RAW_LAST | RAW_PONG, "unasked", 7);
  rawpeer_send (peer, RAW_LAST | RAW_CONTINUATION, "bcd", 3);
  rawpeer_check (peer, RAW_LAST | RAW_PONG, "there?");
  rawpeer_send (peer, RAW_LAST | RAW_BINARY, NULL, 0);
  rawpeer_send (peer, RAW_TEXT, PEER_STOP, 5);
  rawpeer_send (peer, RAW_LAST | RAW_CONTINUATION, PEER_STOP + 5,
                strlen (PEER_STOP) - 5);
  rawpeer_check_closed (peer, 1000);
  rawpeer_send (peer, RAW_LAST | RAW_CLOSE, "\x03\xe8", 2);
  finish (box);
  check_kept (box, "abcd");
}

/* TCP may cut anywhere. */
static void
test_bytes (void)
{
  static const guint8 frames[]
      = { 0x82, 0x84, 1, 2, 3, 4, 'a' ^ 1, 'b' ^ 2, 'c' ^ 3, 'd' ^ 4,
          0x89, 0x80, 0, 0, 0, 0 };
  g_autoptr (Box) box = box_start (OFFER, NULL);
  g_autofree gchar *url = stream_create (box, NULL);
  g_autoptr (RawPeer) peer = rawpeer_open (url);
  gsize i;

  for (i = 0; i < sizeof frames; i++)
    rawpeer_write (peer, frames + i, 1);
  rawpeer_check (peer, RAW_LAST | RAW_PONG, "");
  rawpeer_send (peer, RAW_LAST | RAW_TEXT, STOP);
  rawpeer_check_closed (peer, 1000);
  finish (box);
  check_kept (box, "abcd");
}

static void
check_echo (const gchar *payload, gsize size, guint16 code)
{
  g_autoptr (Box) box = box_start (OFFER, NULL);
  g_autofree gchar *url = stream_create (box, NULL);
  g_autoptr (RawPeer) peer = rawpeer_open (url);
  guint8 first;
  g_autoptr (GError) error = NULL;
  g_autoptr (Answer) answer = NULL;

  rawpeer_send (peer, RAW_LAST | RAW_CLOSE, payload, size);
  rawpeer_check_closed (peer, code);
  g_assert_null (rawpeer_read (peer, &first, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_PARTIAL_INPUT);
  answer = box_get (box, PATH);
  answer_check (answer, 202, NULL);
}

static void
test_close (void)
{
  check_echo ("\x03\xe8", 2, 1000);
  check_echo ("\x03\xe9gone", 6, 1001);
  check_echo ("\x0b\xb8", 2, 3000);
  check_echo (NULL, 0, 1005);
}

/* A client that pings and does not read has to wait. */
static void
test_ping_flood (void)
{
  g_autoptr (Box) box = box_start (OFFER, NULL);
  g_autofree gchar *url = stream_create (box, NULL);
  g_autoptr (RawPeer) peer = rawpeer_open (url);
  gchar words[125];
  guint i;

  memset (words, 'p', sizeof words);
  for (i = 0; i < 500; i++)
    rawpeer_send (peer, RAW_LAST | RAW_PING, words, sizeof words);
  for (i = 0; i < 500; i++)
    {
      guint8 first;
      g_autoptr (GBytes) payload = rawpeer_read (peer, &first, NULL);

      g_assert_nonnull (payload);
      g_assert_cmphex (first, ==, RAW_LAST | RAW_PONG);
      g_assert_cmpuint (g_bytes_get_size (payload), ==, sizeof words);
    }
  rawpeer_send (peer, RAW_LAST | RAW_TEXT, STOP);
  rawpeer_check_closed (peer, 1000);
}

/* --- what is not ---------------------------------------------------------- */

#define MASK "\0\0\0\0"

static const struct
{
  const gchar *name;
  const gchar *bytes;
  gsize size;
  guint16 code;
} REFUSED[] = {
#define CASE(name, bytes, code) { name, bytes, sizeof bytes - 1, code }
  CASE ("unmasked", "\x82\x02hi", 1002),
  CASE ("reserved bit", "\xc2\x82" MASK "hi", 1002),
  CASE ("unknown data", "\x83\x82" MASK "hi", 1002),
  CASE ("unknown control", "\x8b\x82" MASK "hi", 1002),
  CASE ("fragment of a ping", "\x09\x82" MASK "hi", 1002),
  CASE ("long ping", "\x89\xfe\x00\x7e", 1002),
  CASE ("continuation of nothing", "\x80\x82" MASK "hi", 1002),
  CASE ("message in a message", "\x02\x82" MASK "hi\x82\x82" MASK "ho", 1002),
  CASE ("long length, 16", "\x82\xfe\x00\x02" MASK "hi", 1002),
  CASE ("long length, 64", "\x82\xff\0\0\0\0\0\0\x00\x02" MASK "hi", 1002),
  CASE ("too big", "\x82\xff\0\0\0\0\0\x98\x96\x81", 1009),
  CASE ("enormous", "\x82\xff\xff\xff\xff\xff\xff\xff\xff\xff", 1009),
  CASE ("not UTF-8", "\x81\x82" MASK "\xc3\x28", 1007),
  CASE ("half a code", "\x88\x81" MASK "\x03", 1002),
  CASE ("no code", "\x88\x82" MASK "\x00\x01", 1002),
  CASE ("reserved code", "\x88\x82" MASK "\x03\xed", 1002),
  CASE ("unassigned code", "\x88\x82" MASK "\x07\xd0", 1002),
  CASE ("reason not UTF-8", "\x88\x83" MASK "\x03\xe8\xff", 1007),
#undef CASE
};

/* The peer gets the close frame, though it was in the middle of sending. */
static void
test_refused (void)
{
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (REFUSED); i++)
    {
      g_autoptr (Box) box = box_start (OFFER, NULL);
      g_autofree gchar *url = stream_create (box, NULL);
      g_autoptr (RawPeer) peer = rawpeer_open (url);
      g_autofree gchar *more = g_strnfill (100000, 'x');
      g_autoptr (Answer) answer = NULL;

      g_test_message ("%s", REFUSED[i].name);
      rawpeer_write (peer, REFUSED[i].bytes, REFUSED[i].size);
      rawpeer_write (peer, more, 100000);
      rawpeer_check_closed (peer, REFUSED[i].code);
      answer = box_get (box, PATH);
      answer_check (answer, 200, "stream_invalid");
      g_assert_cmpstr (answer_string (answer, "status"), ==, "failed");
    }
}

/* Fragments add up. */
static void
test_too_big (void)
{
  g_autoptr (Box) box = box_start (OFFER, NULL);
  g_autofree gchar *url = stream_create (box, NULL);
  g_autoptr (RawPeer) peer = rawpeer_open (url);
  g_autofree gchar *more = g_strnfill (50000, 'x');
  guint i;

  rawpeer_send (peer, RAW_BINARY, more, 50000);
  for (i = 1; i < 200; i++)
    rawpeer_send (peer, RAW_CONTINUATION, more, 50000);
  rawpeer_send (peer, RAW_LAST | RAW_PING, NULL, 0);
  rawpeer_check (peer, RAW_LAST | RAW_PONG, "");
  rawpeer_send (peer, RAW_CONTINUATION, more, 1);
  rawpeer_check_closed (peer, 1009);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/websocket/fragments", test_fragments);
  g_test_add_func ("/websocket/bytes", test_bytes);
  g_test_add_func ("/websocket/close", test_close);
  g_test_add_func ("/websocket/ping-flood", test_ping_flood);
  g_test_add_func ("/websocket/refused", test_refused);
  g_test_add_func ("/websocket/too-big", test_too_big);
  return g_test_run ();
}
