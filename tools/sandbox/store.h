/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "session.h"

G_BEGIN_DECLS

typedef void (*SandboxChunkFunc) (SandboxSession *session);
typedef void (*SandboxStateFunc) (SandboxSession *session,
                                  gpointer        user_data);

/**
 * SandboxStore:
 * @options: what the command line asked for
 * @directory: of all sessions
 * @sessions: by id; they stay until the end
 * @streams: those of type `stream`, by the id of the stream
 * @forgotten: (element-type SandboxSession): not found any more; they stay,
 *   too
 * @put_away: how many of @forgotten have another folder
 * @cancellable: cancelled when the sandbox stops
 * @jobs: what workers and subprocesses are at; 0 before sessions are freed
 * @chunks_changed: (nullable): called when chunks of a session were stored,
 *   decoded or refused
 * @state_changed: (nullable): called when a session was created, or has entered
 *   another state; not for those that were forgotten
 * @state_changed_data: for @state_changed
 *
 * Belongs to the main thread, as all sessions do.
 */
struct _SandboxStore
{
  const SandboxOptions *options;
  gchar *directory;
  gboolean temporary;
  GHashTable *sessions;
  GHashTable *streams;
  GPtrArray *forgotten;
  guint put_away;
  GCancellable *cancellable;
  guint jobs;
  SandboxChunkFunc chunks_changed;
  SandboxStateFunc state_changed;
  gpointer state_changed_data;
};

SandboxStore   *sandbox_store_new    (const SandboxOptions *options,
                                      GError              **error);
void            sandbox_store_free   (SandboxStore         *store);
SandboxSession *sandbox_store_find   (SandboxStore         *store,
                                      const gchar          *id);
SandboxSession *sandbox_store_find_stream (SandboxStore    *store,
                                      const gchar          *stream_id);
SandboxSession *sandbox_store_create (SandboxStore         *store,
                                      SandboxRequest       *request,
                                      const gchar          *base_url,
                                      GError              **error);
void            sandbox_store_save   (SandboxSession       *session);
void            sandbox_store_tell   (SandboxSession       *session);
void            sandbox_store_expire (SandboxStore         *store,
                                      const gchar          *id);
void            sandbox_store_forget (SandboxStore         *store);
gboolean        sandbox_store_put_away (SandboxStore       *store);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SandboxStore, sandbox_store_free)

G_END_DECLS
