/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "streamfault.h"

#include "frame.h"

#include <string.h>

#define OVERSIZE (2 * 1024 * 1024)
#define FRAGMENT_SIZE 16384

/* A transcript that no buffer for transcripts is made for. */
static void
send_oversized (SandboxWebsocket *websocket)
{
  g_autofree gchar *words = g_strnfill (OVERSIZE, 'a');
  g_autofree gchar *text =
      g_strdup_printf ("{\"type\":\"transcript\",\"transcript\":\"%s\","
                       "\"final\":false}",
                       words);

  sandbox_websocket_text (websocket, text);
}

static void
send_fragment (SandboxWebsocket *websocket, guint8 opcode)
{
  g_autofree gchar *words = g_strnfill (FRAGMENT_SIZE, 'a');

  sandbox_websocket_send (
      websocket, sandbox_frame_build (opcode, FALSE, words, FRAGMENT_SIZE));
}

/* All are messages as WebSocket has them. */
static void
send_garbage (SandboxWebsocket *websocket)
{
  static const gchar *const texts[] = {
    "",
    "no JSON at all",
    "{\"type\":\"transcript\",\"transcript\":\"cut in ha",
    "{'type':'transcript',final:false}",
    "[1,2,3]",
    "null",
    "{\"type\":17,\"transcript\":{\"a\":[]},\"final\":\"perhaps\"}",
    "{\"event\":\"stop\"}",
  };
  static const guint8 junk[] = { 0x00, 0xff, 0x13, 0x37, 0x00, 0x80, 0xc0 };
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (texts); i++)
    sandbox_websocket_text (websocket, texts[i]);
  sandbox_websocket_send (
      websocket,
      sandbox_frame_build (SANDBOX_OPCODE_BINARY, TRUE, junk, sizeof junk));
}

static void
send_raw (SandboxWebsocket *websocket, const void *bytes, gsize size)
{
  sandbox_websocket_send (websocket, g_bytes_new (bytes, size));
}

/**
 * sandbox_streamfault_strike:
 * @fault: of a stream
 * @websocket: its connection
 *
 * Does what @fault says is to happen now.
 */
void
sandbox_streamfault_strike (const SandboxFault *fault,
                            SandboxWebsocket *websocket)
{
  /* Reserved bits and an unknown kind; then whatever that would be. */
  static const guint8 junk[] = { 0xf7, 0x06, 0xde, 0xad, 0xbe, 0xef, 0xff, 0xff,
                                 0xff, 0xff, 0x00, 0x01, 0x02, 0x03, 0x04 };
  /* `hello`, masked, as only clients may. */
  static const guint8 masked[] = { 0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d,
                                   0x5f, 0x9f, 0x4d, 0x51, 0x58 };
  static const guint8 bad_text[] = { 'a', 0xc3, 0x28, 0xff };

  switch (fault->kind)
    {
    case SANDBOX_FAULT_RESET:
      sandbox_websocket_reset (websocket);
      break;
    case SANDBOX_FAULT_STALL:
      sandbox_websocket_stall (websocket);
      break;
    case SANDBOX_FAULT_EOF:
      sandbox_websocket_cut (websocket);
      break;
    case SANDBOX_FAULT_CLOSE:
      sandbox_websocket_close (websocket, fault->close_code,
                               "Failed on request (--fault)");
      break;
    case SANDBOX_FAULT_OVERSIZED:
      send_oversized (websocket);
      break;
    case SANDBOX_FAULT_FRAGMENTS:
      send_fragment (websocket, SANDBOX_OPCODE_TEXT);
      break;
    case SANDBOX_FAULT_GARBAGE:
      send_garbage (websocket);
      break;
    case SANDBOX_FAULT_GARBAGE_FRAMES:
      send_raw (websocket, junk, sizeof junk);
      break;
    case SANDBOX_FAULT_BAD_UTF8:
      sandbox_websocket_send (websocket,
                              sandbox_frame_build (SANDBOX_OPCODE_TEXT, TRUE,
                                                   bad_text, sizeof bad_text));
      break;
    case SANDBOX_FAULT_MASKED:
      send_raw (websocket, masked, sizeof masked);
      break;
    default:
      break;
    }
}

/**
 * sandbox_streamfault_continue:
 * @fault: that has struck
 * @websocket: its connection, which has sent all there was
 *
 * Sends more, where @fault has no end.
 */
void
sandbox_streamfault_continue (const SandboxFault *fault,
                              SandboxWebsocket *websocket)
{
  if (fault->kind == SANDBOX_FAULT_FRAGMENTS)
    send_fragment (websocket, SANDBOX_OPCODE_CONTINUATION);
}
