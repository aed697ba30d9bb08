/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "fault.h"

G_BEGIN_DECLS

typedef enum
{
  SANDBOX_FINAL_COMPLETED,
  SANDBOX_FINAL_PARTIAL,
  SANDBOX_FINAL_FAILED,
  SANDBOX_FINAL_EXPIRED,
} SandboxFinal;

/**
 * SandboxModel:
 * @id: what `model` takes
 * @max_duration: longest recording in seconds
 */
typedef struct
{
  gchar *id;
  gdouble max_duration;
} SandboxModel;

/**
 * SandboxOptions:
 * @address: to listen on
 * @port: 0: any free one
 * @token: (nullable): the only one that is let in; %NULL: everybody is
 * @client_id: (nullable): who can log in
 * @client_secret: (nullable): proves it; there if @client_id is
 * @token_lifetime: seconds that a token lasts that the login gave
 * @public_url: (nullable): the API root as clients see it
 * @tls_certificate: (nullable): PEM file with certificate and key
 * @directory: (nullable): where sessions are kept; %NULL: a temporary folder
 * @upload_methods: of discovery, and what create takes
 * @audio_formats: of discovery, and what upload takes
 * @languages: codes that hints may name
 * @lite_languages: those of the model `lite`
 * @models: (element-type SandboxModel): the first is the default
 * @auto_detection: `auto_detect` is a language hint
 * @discovery: the discovery document is served
 * @max_chunk_duration: seconds
 * @session_lifetime: seconds from create to expiry
 * @processing_time: seconds that a session is at least processed
 * @final: how sessions end
 * @transcriber: (nullable): command and arguments; the WAV file is added
 * @faults: (element-type SandboxFault): what goes wrong on request
 * @append_duplicates: a file that is sent again is one more file
 * @webhook: (nullable): URL that is told what becomes of sessions
 * @webhook_secret: (nullable): signs what it is told
 * @quiet: no log
 *
 * What the command line asked for. Read-only once parsed.
 */
typedef struct
{
  gchar *address;
  gint port;
  gchar *token;
  gchar *client_id;
  gchar *client_secret;
  gdouble token_lifetime;
  gchar *public_url;
  gchar *tls_certificate;
  gchar *directory;
  gchar **upload_methods;
  gchar **audio_formats;
  gchar **languages;
  gchar **lite_languages;
  GPtrArray *models;
  gboolean auto_detection;
  gboolean discovery;
  gdouble max_chunk_duration;
  gdouble session_lifetime;
  gdouble processing_time;
  SandboxFinal final;
  gchar **transcriber;
  GPtrArray *faults;
  gboolean append_duplicates;
  gchar *webhook;
  gchar *webhook_secret;
  gboolean quiet;
} SandboxOptions;

SandboxOptions     *sandbox_options_parse      (int                   *argc,
                                                char                ***argv,
                                                GError               **error);
void                sandbox_options_free       (SandboxOptions        *options);
const SandboxModel *sandbox_options_find_model (const SandboxOptions  *options,
                                                const gchar           *id);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SandboxOptions, sandbox_options_free)

G_END_DECLS
