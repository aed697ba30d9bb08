/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <json-glib/json-glib.h>
#include <libsoup/soup.h>

G_BEGIN_DECLS

/**
 * SandboxRefusal:
 * @status: HTTP status
 * @code: (type utf8): `error.code`
 * @message: `error.message`
 * @field: (nullable): goes into `error.details`
 *
 * Why a call is refused, in the words of the service's error envelope.
 */
typedef struct
{
  guint status;
  const gchar *code;
  gchar *message;
  gchar *field;
} SandboxRefusal;

/**
 * SandboxInterceptor:
 * @message: that is about to be answered
 * @status: HTTP status
 * @root: the body; it may be changed
 * @user_data: as given
 *
 * Returns: the answer was given, or the connection taken; else the answer is
 *   @status and @root
 */
typedef gboolean (*SandboxInterceptor) (SoupServerMessage *message,
                                        guint              status,
                                        JsonNode          *root,
                                        gpointer           user_data);

SandboxRefusal *sandbox_refusal_new   (guint              status,
                                       const gchar       *code,
                                       const gchar       *field,
                                       const gchar       *format,
                                       ...) G_GNUC_PRINTF (4, 5);
void            sandbox_refusal_free  (SandboxRefusal    *refusal);

void            sandbox_reply_json    (SoupServerMessage *message,
                                       guint              status,
                                       JsonBuilder       *body);
void            sandbox_reply_refusal (SoupServerMessage *message,
                                       SandboxRefusal    *refusal);
void            sandbox_reply_text    (SoupServerMessage *message,
                                       guint              status,
                                       const gchar       *media_type,
                                       gchar             *text);
void            sandbox_reply_through (SoupServerMessage *message,
                                       SandboxInterceptor func,
                                       gpointer           user_data);
void            sandbox_reply_taken   (SoupServerMessage *message);
void            sandbox_reply_resume  (SoupServerMessage *message);
gchar          *sandbox_json_to_text  (JsonNode          *node,
                                       gboolean           pretty);
gchar          *sandbox_iso_time      (GDateTime         *time);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SandboxRefusal, sandbox_refusal_free)

G_END_DECLS
