/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef enum
{
  ROGUE_DISCOVER,
  ROGUE_CREATE,
  ROGUE_UPLOAD,
  ROGUE_END,
  ROGUE_GET,
  ROGUE_PATCH,
  ROGUE_OTHER,
  ROGUE_N_CALLS,
} RogueCall;

/**
 * RogueFault:
 * @ROGUE_RESET: the connection is reset in place of an answer
 * @ROGUE_CLOSE: it is closed in place of an answer
 * @ROGUE_CLOSE_AFTER: the usual answer comes, with no word of what follows:
 *   the connection is closed
 * @ROGUE_HANG: no answer comes before rogue_release()
 */
typedef enum
{
  ROGUE_RESET,
  ROGUE_CLOSE,
  ROGUE_CLOSE_AFTER,
  ROGUE_HANG,
} RogueFault;

/**
 * RogueRequest:
 * @call: which call of the protocol
 * @method: HTTP method
 * @uri: path and query
 * @authorization: (nullable): header `Authorization`
 * @api_key: (nullable): header `X-API-Key`
 * @content_type: (nullable): header `Content-Type`
 * @headers: all headers, a line each
 * @body: what came
 * @connection: number of the connection, from 1
 * @time: monotonic, in µs
 */
typedef struct
{
  RogueCall call;
  gchar *method;
  gchar *uri;
  gchar *authorization;
  gchar *api_key;
  gchar *content_type;
  gchar *headers;
  GBytes *body;
  guint connection;
  gint64 time;
} RogueRequest;

/**
 * Rogue:
 *
 * A service on loopback, in a thread of its own, that does what the protocol
 * says until it is told to do something else. The functions are thread safe.
 */
typedef struct _Rogue Rogue;

Rogue              *rogue_new         (void);
void                rogue_free        (Rogue       *rogue);
const gchar        *rogue_url         (Rogue       *rogue);
void                rogue_reply       (Rogue       *rogue,
                                       RogueCall    call,
                                       guint        nth,
                                       guint        count,
                                       guint        status,
                                       const gchar *headers,
                                       const gchar *body);
void                rogue_raw         (Rogue       *rogue,
                                       RogueCall    call,
                                       guint        nth,
                                       guint        count,
                                       const gchar *bytes);
void                rogue_break       (Rogue       *rogue,
                                       RogueCall    call,
                                       guint        nth,
                                       guint        count,
                                       RogueFault   fault);
void                rogue_set_token   (Rogue       *rogue,
                                       const gchar *token);
void                rogue_release     (Rogue       *rogue);
void                rogue_wait        (Rogue       *rogue,
                                       RogueCall    call,
                                       guint        n);
guint               rogue_count       (Rogue       *rogue,
                                       RogueCall    call);
guint               rogue_connections (Rogue       *rogue);
const RogueRequest *rogue_get         (Rogue       *rogue,
                                       RogueCall    call,
                                       guint        nth);
gchar              *rogue_stored      (Rogue       *rogue);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Rogue, rogue_free)

G_END_DECLS
