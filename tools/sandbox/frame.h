/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * SANDBOX_CLOSE_ERROR:
 *
 * Why a WebSocket can't go on: the code is that of the close frame (RFC 6455,
 * 7.4), the message its reason.
 */
#define SANDBOX_CLOSE_ERROR (sandbox_close_error_quark ())

#define SANDBOX_OPCODE_CONTINUATION 0x0
#define SANDBOX_OPCODE_TEXT 0x1
#define SANDBOX_OPCODE_BINARY 0x2
#define SANDBOX_OPCODE_CLOSE 0x8
#define SANDBOX_OPCODE_PING 0x9
#define SANDBOX_OPCODE_PONG 0xA

/**
 * SandboxFrame:
 * @opcode: what it is
 * @last: of its message (FIN)
 * @data: the payload, unmasked; where it was parsed
 * @size: bytes of @data
 */
typedef struct
{
  guint8 opcode;
  gboolean last;
  const guint8 *data;
  gsize size;
} SandboxFrame;

GQuark  sandbox_close_error_quark  (void);
gsize   sandbox_frame_parse        (guint8              *bytes,
                                    gsize                size,
                                    gsize                limit,
                                    SandboxFrame        *frame,
                                    GError             **error);
guint16 sandbox_frame_close_code   (const SandboxFrame  *frame,
                                    GError             **error);
GBytes *sandbox_frame_build        (guint8               opcode,
                                    gboolean             last,
                                    gconstpointer        data,
                                    gsize                size);
GBytes *sandbox_frame_build_close  (guint16              code,
                                    const gchar         *reason);

G_END_DECLS
