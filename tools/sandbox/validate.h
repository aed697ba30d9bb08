/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "options.h"
#include "reply.h"

G_BEGIN_DECLS

/**
 * SandboxTemplate:
 * @id: what `templates` takes
 * @name: for people
 * @description: for people
 */
typedef struct
{
  const gchar *id;
  const gchar *name;
  const gchar *description;
} SandboxTemplate;

/**
 * SandboxRequest:
 * @session_id: (nullable): the client's
 * @session_mode: `dictation` or `consultation`
 * @templates: known ids, at most two, perhaps none
 * @model: one of the models
 * @language_hint: perhaps empty
 * @transcript_language: (nullable)
 * @upload_type: `chunked`, `single` or `stream`
 * @communication_protocol: `http`; of a stream `websocket`
 * @additional_data: (nullable)
 * @patient_details: (nullable)
 *
 * A body of Create Session that was found to be valid, defaults filled in.
 */
typedef struct
{
  gchar *session_id;
  gchar *session_mode;
  gchar **templates;
  const SandboxModel *model;
  gchar **language_hint;
  gchar *transcript_language;
  gchar *upload_type;
  gchar *communication_protocol;
  JsonObject *additional_data;
  JsonObject *patient_details;
} SandboxRequest;

const SandboxTemplate *sandbox_templates        (gsize                *count);

JsonObject            *sandbox_validate_json    (GBytes               *body,
                                                 SandboxRefusal      **refusal);
SandboxRequest        *sandbox_validate_create  (const SandboxOptions *options,
                                                 JsonObject           *body,
                                                 SandboxRefusal      **refusal);
gboolean               sandbox_validate_end     (JsonObject           *body,
                                                 gint64               *sent,
                                                 SandboxRefusal      **refusal);
gboolean               sandbox_validate_patch   (JsonObject           *body,
                                                 SandboxRefusal      **refusal);
void                   sandbox_request_free     (SandboxRequest       *request);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SandboxRequest, sandbox_request_free)

G_END_DECLS
