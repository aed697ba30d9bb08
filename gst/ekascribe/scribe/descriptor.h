/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "scribe/settings.h"

G_BEGIN_DECLS

/**
 * EkaDescriptor:
 * @settings: all that the session was made with but what is secret, or belongs
 *   to the program: no token, no headers
 * @session_id: on the service, or what it will be
 * @replaced_id: (nullable): of the one that was lost before it
 * @created: the service has said that the session is there
 * @ended: it has accepted End
 * @failed: it has said for good that nothing will come of the session
 * @started_at: (nullable): when the first audio came, ISO 8601 in UTC
 * @language: (nullable): hint of the stream, ISO 639-1
 * What `session.json` in an outbox says of a session.
 */
typedef struct
{
  EkaSettings *settings;
  gchar *session_id;
  gchar *replaced_id;
  gboolean created;
  gboolean ended;
  gboolean failed;
  gchar *started_at;
  gchar *language;
} EkaDescriptor;

GBytes        *eka_descriptor_print (const EkaDescriptor *descriptor);
EkaDescriptor *eka_descriptor_parse (GBytes              *bytes,
                                     GError             **error);
void           eka_descriptor_free  (EkaDescriptor       *descriptor);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EkaDescriptor, eka_descriptor_free)

G_END_DECLS
