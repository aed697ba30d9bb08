/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "chunk/chunk.h"
#include "scribe/discovery.h"
#include "scribe/settings.h"
#include "scribe/transport.h"

G_BEGIN_DECLS

/**
 * EkaCreated:
 * @session_id: (nullable): the id that the service gave
 * @upload_url: (nullable): where audio goes
 * @created_at: (nullable): ISO 8601
 * @expires_at: (nullable): ISO 8601
 *
 * What Create Session answers.
 */
typedef struct
{
  gchar *session_id;
  gchar *upload_url;
  gchar *created_at;
  gchar *expires_at;
} EkaCreated;

void        eka_created_clear          (EkaCreated         *created);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (EkaCreated, eka_created_clear)

EkaRequest *eka_protocol_discover      (const gchar        *base_url,
                                        gboolean            host_root);
EkaRequest *eka_protocol_create        (const gchar        *base_url,
                                        const EkaSettings  *settings,
                                        const EkaDiscovery *discovery,
                                        const gchar        *session_id,
                                        const gchar        *replaced_id,
                                        const gchar        *language);
gboolean    eka_protocol_is_session_id (const gchar        *id);
gboolean    eka_protocol_parse_create  (EkaReply           *reply,
                                        EkaCreated         *created,
                                        GError            **error);
EkaRequest *eka_protocol_upload        (const gchar        *base_url,
                                        const gchar        *session_id,
                                        const gchar        *upload_url,
                                        EkaChunk           *chunk,
                                        const gchar        *media_type,
                                        const gchar        *name,
                                        GError            **error);
gchar      *eka_protocol_chunk_name    (guint               number,
                                        const gchar        *extension);
gboolean    eka_protocol_parse_upload  (EkaReply           *reply,
                                        const gchar        *session_id,
                                        const gchar        *name,
                                        GError            **error);
EkaRequest *eka_protocol_stream        (const gchar        *base_url,
                                        const gchar        *upload_url,
                                        GError            **error);
EkaRequest *eka_protocol_end           (const gchar        *base_url,
                                        const gchar        *session_id,
                                        guint               sent);
gint        eka_protocol_parse_end     (EkaReply           *reply);
EkaRequest *eka_protocol_get           (const gchar        *base_url,
                                        const gchar        *session_id,
                                        const gchar        *template_id);
EkaRequest *eka_protocol_templates     (const gchar        *base_url);
EkaRequest *eka_protocol_cancel        (const gchar        *base_url,
                                        const gchar        *session_id);
gint64      eka_protocol_fresh_for     (EkaReply           *reply);

G_END_DECLS
