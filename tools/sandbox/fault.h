/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * SandboxWhere:
 * @SANDBOX_NOWHERE: calls that have no faults
 *
 * The calls that faults are for; each is counted by itself.
 */
typedef enum
{
  SANDBOX_DISCOVERY,
  SANDBOX_CREATE,
  SANDBOX_UPLOAD,
  SANDBOX_END,
  SANDBOX_GET,
  SANDBOX_PATCH,
  SANDBOX_LOGIN,
  SANDBOX_REFRESH,
  SANDBOX_STREAM,
  SANDBOX_NOWHERE,
} SandboxWhere;

#define SANDBOX_N_WHERES SANDBOX_NOWHERE

/**
 * SandboxFaultKind:
 * @SANDBOX_FAULT_STATUS: an error is answered, and nothing done
 *
 * The others are named as on the command line; docs/sandbox.md has them all.
 */
typedef enum
{
  SANDBOX_FAULT_RESET,
  SANDBOX_FAULT_LOST,
  SANDBOX_FAULT_STATUS,
  SANDBOX_FAULT_STALL,
  SANDBOX_FAULT_SLOW,
  SANDBOX_FAULT_HALF_JSON,
  SANDBOX_FAULT_WRONG_JSON,
  SANDBOX_FAULT_TRUNCATED,
  SANDBOX_FAULT_EARLY,
  SANDBOX_FAULT_SHORT_LIST,
  SANDBOX_FAULT_NO_LIST,
  SANDBOX_FAULT_WRONG_COUNT,
  SANDBOX_FAULT_OTHER_SESSION,
  SANDBOX_FAULT_NO_UPLOAD_URL,
  SANDBOX_FAULT_SUCCESS_FALSE,
  SANDBOX_FAULT_WRONG_NAME,
  SANDBOX_FAULT_FORGET,
  SANDBOX_FAULT_END_SESSION,
  SANDBOX_FAULT_EXPIRE,
  SANDBOX_FAULT_TOKEN_EXPIRED,
  SANDBOX_FAULT_HTML,
  SANDBOX_FAULT_NO_CLOSE,
  SANDBOX_FAULT_CLOSE,
  SANDBOX_FAULT_EOF,
  SANDBOX_FAULT_OVERSIZED,
  SANDBOX_FAULT_FRAGMENTS,
  SANDBOX_FAULT_GARBAGE,
  SANDBOX_FAULT_GARBAGE_FRAMES,
  SANDBOX_FAULT_BAD_UTF8,
  SANDBOX_FAULT_MASKED,
} SandboxFaultKind;

/**
 * SandboxFault:
 * @text: as it was given
 * @where: which call
 * @which: (element-type SandboxRange): which of its calls
 * @kind: what happens to them
 * @status: HTTP status; 0 where @kind has none
 * @code: (nullable): `error.code` of @status
 * @retry_after: (nullable): seconds as they were given, or `date`
 * @seconds: that a slow answer takes
 * @in_stream: the handshake is answered as it should be; the fault comes later
 * @message: of the stream, from 1, after which it comes; 0: before the first
 * @close_code: of a close frame
 */
typedef struct
{
  gchar *text;
  SandboxWhere where;
  GArray *which;
  SandboxFaultKind kind;
  guint status;
  gchar *code;
  gchar *retry_after;
  gdouble seconds;
  gboolean in_stream;
  guint message;
  guint16 close_code;
} SandboxFault;

SandboxFault       *sandbox_fault_parse (const gchar     *text,
                                         GError         **error);
void                sandbox_fault_free  (SandboxFault    *fault);
const SandboxFault *sandbox_fault_find  (const GPtrArray *faults,
                                         SandboxWhere     where,
                                         guint            nth);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SandboxFault, sandbox_fault_free)

G_END_DECLS
