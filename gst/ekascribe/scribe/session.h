/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "outbox/feed.h"
#include "outbox/outbox.h"
#include "scribe/descriptor.h"
#include "scribe/discovery.h"
#include "scribe/error.h"
#include "scribe/result.h"
#include "scribe/settings.h"
#include "scribe/transport.h"
#include "scribe/worker.h"

G_BEGIN_DECLS

/**
 * EkaSessionState:
 * @EKA_SESSION_IDLE: nothing asked yet
 * @EKA_SESSION_DISCOVERING: the service is asked what it can do
 * @EKA_SESSION_READY: waits for the first audio
 * @EKA_SESSION_CREATING: the session is being created
 * @EKA_SESSION_RECORDING: chunks go up as they come
 * @EKA_SESSION_PAUSED: no audio comes for now; chunks of before go up
 * @EKA_SESSION_DRAINING: the recording has ended, the last chunks go up
 * @EKA_SESSION_AUDITING: the service's list is held against what was sent
 * @EKA_SESSION_ENDING: End is under way
 * @EKA_SESSION_PROCESSING: the service works
 * @EKA_SESSION_COMPLETED: final: all results are there
 * @EKA_SESSION_PARTIAL: final: some results are there
 * @EKA_SESSION_FAILED: final: no results, or audio not delivered
 * @EKA_SESSION_EXPIRED: final: the service gave the session up
 * @EKA_SESSION_DISCARDED: final: there was no audio, or nobody wants it
 */
typedef enum
{
  EKA_SESSION_IDLE,
  EKA_SESSION_DISCOVERING,
  EKA_SESSION_READY,
  EKA_SESSION_CREATING,
  EKA_SESSION_RECORDING,
  EKA_SESSION_PAUSED,
  EKA_SESSION_DRAINING,
  EKA_SESSION_AUDITING,
  EKA_SESSION_ENDING,
  EKA_SESSION_PROCESSING,
  EKA_SESSION_COMPLETED,
  EKA_SESSION_PARTIAL,
  EKA_SESSION_FAILED,
  EKA_SESSION_EXPIRED,
  EKA_SESSION_DISCARDED,
} EkaSessionState;

const gchar *eka_session_state_to_string (EkaSessionState state);

/**
 * EkaSessionEventType:
 * @EKA_SESSION_EVENT_STATE: `state` was entered
 * @EKA_SESSION_EVENT_DISCOVERED: it is settled what the service can do:
 *   `discovery`, or %NULL where it has no discovery and the defaults hold.
 *   Comes once, before %EKA_SESSION_READY; while the network is down it does
 *   not come, and a warning tells that in its place
 * @EKA_SESSION_EVENT_CHUNK: `chunk` is on the service under `number` and
 *   `name` after `attempts`. Comes again for a chunk that is sent again
 * @EKA_SESSION_EVENT_FULL: no more audio shall come to this session, for it
 *   expires soon, or takes no more. Comes once without `rest`. `rest` set:
 *   chunks that the service did not take; they are the listener's now, for
 *   another session. That may come again, for what was put since, and for older
 *   chunks where a session that replaces this one takes less: running times
 *   tell their place. A session that takes a single file never says it
 * @EKA_SESSION_EVENT_TRANSCRIPT: `text` in `language`: a partial transcript
 *   that differs from the last
 * @EKA_SESSION_EVENT_STREAM_MESSAGE: `text` that the service sent in a stream
 *   and that is no transcript
 * @EKA_SESSION_EVENT_FALLBACK: the session takes chunks, and no stream any more;
 *   a warning follows that says why
 * @EKA_SESSION_EVENT_WARNING: `error` happened and the recording goes on. Once
 *   a cause. Where `fatal` is set nothing can be delivered unless somebody
 *   mends the cause and %EKA_SESSION_EVENT_RECOVERED comes: otherwise the
 *   session ends with %EKA_SESSION_EVENT_DONE and that error when the recording
 *   ends
 * @EKA_SESSION_EVENT_RECOVERED: what the last warning told of is over
 * @EKA_SESSION_EVENT_DONE: the last event. `error` set: what went wrong;
 *   `result` set: what the service answered, in a failure too; neither: End was
 *   accepted and nobody waits for results, or there was no audio
 */
typedef enum
{
  EKA_SESSION_EVENT_STATE,
  EKA_SESSION_EVENT_DISCOVERED,
  EKA_SESSION_EVENT_CHUNK,
  EKA_SESSION_EVENT_FULL,
  EKA_SESSION_EVENT_TRANSCRIPT,
  EKA_SESSION_EVENT_STREAM_MESSAGE,
  EKA_SESSION_EVENT_FALLBACK,
  EKA_SESSION_EVENT_WARNING,
  EKA_SESSION_EVENT_RECOVERED,
  EKA_SESSION_EVENT_DONE,
} EkaSessionEventType;

/**
 * EkaAudit:
 * @EKA_AUDIT_NONE: the service's list was not looked at
 * @EKA_AUDIT_COMPLETE: it shows all that was sent
 * @EKA_AUDIT_SHORT: it lacks some that was acknowledged, twice
 * @EKA_AUDIT_ABSENT: the service has none
 */
typedef enum
{
  EKA_AUDIT_NONE,
  EKA_AUDIT_COMPLETE,
  EKA_AUDIT_SHORT,
  EKA_AUDIT_ABSENT,
} EkaAudit;

/**
 * EkaSessionEvent:
 *
 * What a session says; see #EkaSessionEventType for the members that are set.
 * `session_id`, `state` and `audit` always are, `previous_id` where the session
 * on the service was lost and replaced by another. Borrowed for the call.
 */
typedef struct
{
  EkaSessionEventType type;
  const gchar *session_id;
  const gchar *previous_id;
  EkaSessionState state;
  EkaAudit audit;

  EkaDiscovery *discovery;
  EkaChunk *chunk;
  guint number;
  const gchar *name;
  guint attempts;
  const gchar *text;
  const gchar *language;
  const GError *error;
  gboolean fatal;
  GPtrArray *rest;
  EkaResult *result;
} EkaSessionEvent;

/**
 * EkaSessionFunc:
 *
 * Called on the worker thread. It may call any function of the session.
 */
typedef void (*EkaSessionFunc) (const EkaSessionEvent *event,
                                gpointer               user_data);

/**
 * EkaSessionStats:
 * @chunks_uploaded: chunks that the server acknowledged
 * @bytes_uploaded: their sum
 * @retries: calls that had to be repeated, of any kind
 * @replaced: how often the session was lost on the service
 * @lost: audio in ns that was acknowledged by a session that is gone, and was
 *   not kept
 * @stream_binaries: binary messages that the service sent in a stream
 * @round_trip: of the last upload, in µs
 */
typedef struct
{
  guint chunks_uploaded;
  guint64 bytes_uploaded;
  guint retries;
  guint replaced;
  guint64 lost;
  guint stream_binaries;
  gint64 round_trip;
} EkaSessionStats;

/**
 * EkaRecodeFunc:
 * @chunk: (transfer none): one whose format the service refused; they come in
 *   order, each once
 * @last: no chunk follows
 * @user_data: of eka_session_set_recode_func()
 * @error: return location
 *
 * Makes WAV of a chunk. May take its time: it is called on a thread of its own.
 *
 * Returns: (transfer full): the same audio as `audio/wav`, or %NULL
 */
typedef EkaChunk *(*EkaRecodeFunc) (EkaChunk *chunk,
                                    gboolean  last,
                                    gpointer  user_data,
                                    GError  **error);

/**
 * EkaSession:
 *
 * One session of the service from discovery to its results. Where the service
 * loses it on the way, all audio that is kept goes to another session there,
 * under another id. The calls are thread safe and return at once; the work is
 * done on the worker thread. Reference counted; it keeps itself alive until its
 * last event.
 */
typedef struct _EkaSession EkaSession;

EkaSession *eka_session_new           (EkaWorker       *worker,
                                       EkaTransport    *transport,
                                       EkaOutbox       *outbox,
                                       EkaSettings     *settings,
                                       EkaSessionFunc   func,
                                       gpointer         user_data,
                                       GDestroyNotify   notify);
void        eka_session_set_recode_func
                                      (EkaSession      *session,
                                       EkaRecodeFunc    func,
                                       gpointer         user_data,
                                       GDestroyNotify   notify);
void        eka_session_set_feed      (EkaSession      *session,
                                       EkaFeed         *feed);
void        eka_session_resume        (EkaSession      *session,
                                       const EkaDescriptor *descriptor);
EkaSession *eka_session_ref           (EkaSession      *session);
void        eka_session_unref         (EkaSession      *session);
gchar      *eka_session_make_id       (void);
gchar      *eka_session_dup_id        (EkaSession      *session);
void        eka_session_open          (EkaSession      *session);
void        eka_session_set_additional_data
                                      (EkaSession      *session,
                                       const gchar     *text);
void        eka_session_start         (EkaSession      *session,
                                       const gchar     *language);
void        eka_session_link          (EkaSession      *session,
                                       const gchar     *first_id,
                                       const gchar     *previous_id);
void        eka_session_chunk_added   (EkaSession      *session);
void        eka_session_audio_added   (EkaSession      *session);
void        eka_session_forgo_stream  (EkaSession      *session,
                                       const gchar     *why);
void        eka_session_pause         (EkaSession      *session,
                                       gboolean         paused);
void        eka_session_make_room     (EkaSession      *session);
void        eka_session_retry         (EkaSession      *session);
void        eka_session_fill          (EkaSession      *session);
void        eka_session_finish        (EkaSession      *session);
void        eka_session_discard       (EkaSession      *session);
void        eka_session_abort         (EkaSession      *session);
void        eka_session_get_stats     (EkaSession      *session,
                                       EkaSessionStats *stats);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EkaSession, eka_session_unref)

G_END_DECLS
