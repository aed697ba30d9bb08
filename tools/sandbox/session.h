/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "recording.h"
#include "stream.h"
#include "validate.h"

G_BEGIN_DECLS

/**
 * SandboxState:
 * @SANDBOX_INITIALIZED: takes audio
 * @SANDBOX_PROCESSING: ended; results are being made
 * @SANDBOX_COMPLETED: has results
 * @SANDBOX_PARTIAL: has results, and something is amiss
 * @SANDBOX_FAILED: has none; cancelled sessions too
 * @SANDBOX_EXPIRED: was not ended in time
 */
typedef enum
{
  SANDBOX_INITIALIZED,
  SANDBOX_PROCESSING,
  SANDBOX_COMPLETED,
  SANDBOX_PARTIAL,
  SANDBOX_FAILED,
  SANDBOX_EXPIRED,
} SandboxState;

/**
 * SandboxChunkState:
 * @SANDBOX_CHUNK_STORING: on its way to disk; @waiting are unanswered
 * @SANDBOX_CHUNK_DECODING: on disk
 * @SANDBOX_CHUNK_DECODED: @duration is known; @audio perhaps still there
 * @SANDBOX_CHUNK_HEARD: part of the recording
 * @SANDBOX_CHUNK_BROKEN: @error says why; its session will fail
 */
typedef enum
{
  SANDBOX_CHUNK_STORING,
  SANDBOX_CHUNK_DECODING,
  SANDBOX_CHUNK_DECODED,
  SANDBOX_CHUNK_HEARD,
  SANDBOX_CHUNK_BROKEN,
} SandboxChunkState;

/**
 * SandboxChunk:
 * @number: of its name
 * @name: as stored: `NUMBER.EXTENSION`
 * @original_name: as uploaded
 * @media_type: as uploaded, or inferred
 * @path: on disk
 * @size: bytes
 * @state: see there
 * @doubtful: the model's longest recording may be exceeded by this chunk;
 *   answered and heard only once that is known
 * @lost: it could not be stored; @error says why
 * @removed: refused after all; no longer in the session's list
 * @duration: seconds that count, without pre-roll
 * @preroll: seconds
 * @audio: (nullable): decoded
 * @error: (nullable): why it is broken
 * @waiting: (element-type SoupServerMessage): uploads without an answer
 */
typedef struct
{
  gint number;
  gchar *name;
  gchar *original_name;
  gchar *media_type;
  gchar *path;
  gsize size;
  SandboxChunkState state;
  gboolean doubtful;
  gboolean lost;
  gboolean removed;
  gdouble duration;
  gdouble preroll;
  SandboxAudio *audio;
  GError *error;
  GPtrArray *waiting;
} SandboxChunk;

/**
 * SandboxProblem:
 * @code: (type utf8)
 * @message: for people
 * @audio_file: (nullable): the chunk meant
 */
typedef struct
{
  const gchar *code;
  gchar *message;
  gchar *audio_file;
} SandboxProblem;

typedef struct _SandboxStore SandboxStore;

/**
 * SandboxSession:
 * @store: that keeps it
 * @id: of the session
 * @directory: its own
 * @upload_url: without the file's name; that of @stream is a credential
 * @request: as created
 * @state: changed by sandbox_session_set_state() only
 * @created: when
 * @expires: when, if it is not ended
 * @finished: (nullable): when it was completed, failed or expired
 * @timer: source that expires or finishes it, or 0
 * @deadline: monotonic time before which it has no results
 * @sent: `audio_files_sent` of End, or -1
 * @chunks: (element-type SandboxChunk): received, by number; one that was
 *   appended though it was there follows those that are heard by then
 * @all_chunks: (element-type SandboxChunk): owns them, removed ones too
 * @heard: count of the first @chunks that are heard or broken
 * @stream: (nullable): of upload type `stream`, which has no chunks
 * @busy: a worker has @recording
 * @recording: what was heard
 * @transcript: perhaps empty
 * @measurements: (nullable): of the whole recording
 * @document_ids: (nullable): one a template
 * @failed_template: a template has failed
 * @problems: (element-type SandboxProblem): what is amiss
 */
typedef struct
{
  SandboxStore *store;
  gchar *id;
  gchar *directory;
  gchar *upload_url;
  SandboxRequest *request;
  SandboxState state;
  GDateTime *created;
  GDateTime *expires;
  GDateTime *finished;
  guint timer;
  gint64 deadline;
  gint64 sent;
  GPtrArray *chunks;
  GPtrArray *all_chunks;
  guint heard;
  SandboxStream *stream;
  gboolean busy;
  SandboxRecording *recording;
  gchar *transcript;
  JsonNode *measurements;
  gchar **document_ids;
  gboolean failed_template;
  GPtrArray *problems;
} SandboxSession;

SandboxSession *sandbox_session_new          (SandboxStore     *store,
                                              const gchar      *directory,
                                              const gchar      *base_url,
                                              SandboxRequest   *request,
                                              gdouble           lifetime);
void            sandbox_session_free         (SandboxSession   *session);
void            sandbox_session_set_state    (SandboxSession   *session,
                                              SandboxState      state);
const gchar    *sandbox_session_state_name   (SandboxSession   *session);
SandboxChunk   *sandbox_session_find_chunk   (SandboxSession   *session,
                                              gint              number);
gint            sandbox_session_max_heard    (SandboxSession   *session);
SandboxChunk   *sandbox_session_add_chunk    (SandboxSession   *session,
                                              gint              number,
                                              const gchar      *extension,
                                              const gchar      *original_name,
                                              const gchar      *media_type);
void            sandbox_session_remove_chunk (SandboxSession   *session,
                                              SandboxChunk     *chunk);
guint           sandbox_session_count_stored (SandboxSession   *session);
guint           sandbox_session_count_heard  (SandboxSession   *session);
void            sandbox_session_add_problem  (SandboxSession   *session,
                                              const gchar      *code,
                                              const gchar      *audio_file,
                                              const gchar      *format,
                                              ...) G_GNUC_PRINTF (4, 5);

G_END_DECLS
