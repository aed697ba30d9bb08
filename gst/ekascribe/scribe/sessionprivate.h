/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "outbox/feed.h"
#include "scribe/client.h"
#include "scribe/retry.h"
#include "scribe/session.h"

G_BEGIN_DECLS

/* Between session.c (states, calls from outside, events) and the files that know
 * what is sent in which state and what its answer means: lifecycle.c (which of
 * them has its turn), opening.c (discovery, Create), uploading.c (Upload),
 * streaming.c (a WebSocket in its place), fallback.c (back to Upload), refusal.c (chunks that the service does not take), doubt.c (what a lost answer
 * left open), settle.c (whether a single file was stored), resuming.c (sessions that were
 * begun before), waking.c (waiting for the disk), auditing.c (the
 * service's list), ending.c (End, cancelling),
 * polling.c (results), preview.c (the transcript so far), loss.c (a session that is gone) and outcome.c (what
 * becomes of a call). Everything but `refs`, `chunks_added`, `stats` and what is
 * constant is touched on the worker thread only.
 *
 * What holds in which state:
 *   up to DISCOVERING     discovery and upload_url are NULL
 *   READY and CREATING    settings have passed discovery's check
 *   RECORDING and later   session_id is the service's
 *   PAUSED                as in RECORDING, and paused is set
 *   AUDITING and later    nothing in the outbox waits
 *   final                 no call, no timer; DONE was said */
typedef struct _EkaStreaming EkaStreaming;
typedef struct _EkaWaker EkaWaker;

struct _EkaSession
{
  gatomicrefcount refs;
  EkaWorker *worker;
  EkaClock *clock;
  EkaOutbox *outbox;
  EkaWaker *waker;
  EkaFeed *feed;       /* the audio is streamed from here; NULL: it goes up in
                        * chunks */
  EkaStreaming *streaming; /* the stream that is open, or NULL */
  EkaSettings *settings;
  EkaClient *client;
  GCancellable *cancellable;
  EkaSessionFunc func;
  gpointer user_data;
  GDestroyNotify notify;
  EkaRecodeFunc recode;
  gpointer recode_data;
  GDestroyNotify recode_notify;

  EkaSessionState state;
  gchar *base_url;
  gchar *session_id;
  gchar *previous_id;  /* of the one that was lost last, or NULL */
  gchar *upload_url;
  gchar *language;
  gchar *started_when; /* the same as started_at, for people, or NULL */
  EkaDiscovery *discovery;
  gboolean host_root;  /* discovery was not at the API root */
  gint chunks_added;   /* atomic */
  gchar *transcript;   /* the last partial one */
  EkaAudit audit;

  gboolean started;    /* there is audio */
  gboolean created;    /* the service has said that the session is there */
  gboolean ended;      /* it has accepted End */
  gboolean failed;     /* it has said that nothing will come of it */
  gboolean found_ended; /* ... before we came to it */
  gboolean resumed;    /* the session was begun before, and may have audio */
  gboolean streamed;   /* it got its audio in a stream, and no files */
  gboolean broken_off; /* previous_id is a stream that broke: to be cancelled */
  gboolean paused;     /* no audio comes for now, whatever the state */
  gboolean linked;     /* it is known what sessions came before, if any */
  gboolean finished;   /* there is no more audio for this session */
  gboolean ongoing;    /* but for another one of the same recording */
  gboolean aborted;    /* nobody listens any more */
  gboolean discarding; /* nobody wants it: only the service is to hear of it */
  gboolean calling;    /* a call is under way, or a chunk is being recoded */
  gboolean unanswered; /* a call of this state may have been heard, though its
                        * answer was lost */
  const gchar *forgone; /* why the audio can't be streamed, or NULL; atomic */
  gboolean full;       /* FULL was said */
  guint timer;         /* the next try, or the next poll */
  gint64 timer_due;
  gboolean pause_asked; /* the timer waits because the server asked for it */
  guint result_timer;
  guint full_timer;
  gint64 started_at;   /* when there was audio first */
  gint64 deadline;     /* of retries, once the recording is over */
  gint64 create_began; /* when Create was first sent under this id */
  gint64 poll_began;
  gint64 ended_at;     /* when End was accepted */

  EkaRetry retry;
  EkaRetry losses;     /* of sessions in a row, none of which lived long */
  guint malformed;     /* answers in a row that were no protocol */
  guint absent;        /* answers in a row that the session is not there */
  guint looks;         /* at the service's list, in a row, that failed */
  gint64 trouble_since; /* that looks failed for trouble of the service; or -1 */
  gboolean look_later; /* the last one did: the next chunk goes first */
  guint stream_refusals; /* answers 500 to Create */
  guint taken_ids;     /* ids in a row that somebody else has */
  guint late_losses;   /* of sessions whose results were waited for */
  guint attempts;      /* of the chunk at the head */
  guint disk_looks;    /* for it, in a row, while the disk did not give it out */
  gboolean heard;      /* the service may have it, though it did not say so */
  gboolean unsettled;  /* it is a single file, and may have been stored: the
                        * service is asked before anything is sent */
  gboolean unlisted;   /* the service does not tell what it has, and there was
                        * no end to lost answers: a single file is repeated */
  guint refusals;      /* answers in a row that the call is not taken */
  gsize refused_size;  /* a chunk of so many bytes is too large; 0: not known */
  gboolean recoding;   /* chunks go up as WAV, whatever they come as */
  gint warned;         /* cause of the last warning, or -1 */
  GError *refusal;     /* why the session can't go on, though it records */
  GError *doubt;       /* what was answered to a call that is in doubt */
  EkaCall doubted;     /* which call that is */

  gchar *broken;       /* a session that is to be taken back, or NULL */
  EkaRetry broken_retry;
  guint broken_timer;

  GCancellable *preview; /* of the call for it that is under way, or NULL */
  guint preview_timer;
  EkaRetry preview_retry;

  EkaResult *provisional; /* the last one, that is not good */
  gint64 provisional_since;

  GMutex lock;         /* guards stats; nothing is called with it held */
  EkaSessionStats stats;
};

void eka_session_step      (EkaSession      *self);
void eka_session_describe  (EkaSession      *self);
void eka_session_set_state (EkaSession      *self,
                            EkaSessionState  state);
void eka_session_emit      (EkaSession      *self,
                            EkaSessionEvent *event);
void eka_session_tell      (EkaSession      *self,
                            EkaScribeError   code,
                            EkaCall          call,
                            const gchar     *format,
                            ...) G_GNUC_PRINTF (4, 5);
void eka_session_warn      (EkaSession      *self,
                            const GError    *error,
                            gboolean         fatal);
void eka_session_schedule  (EkaSession      *self,
                            gint64           delay);
void eka_session_watch_age (EkaSession      *self,
                            gint64           lifetime);
void eka_session_say_full  (EkaSession      *self,
                            GPtrArray       *rest);
void eka_session_renew_id  (EkaSession      *self,
                            gboolean         replaces);
void eka_session_drop_timer  (EkaSession    *self,
                              guint         *timer);
void eka_session_drop_timers (EkaSession    *self);
void eka_session_close     (EkaSession      *self,
                            EkaSessionState  state,
                            EkaResult       *result,
                            GError          *error);
void eka_session_fail      (EkaSession      *self,
                            EkaResult       *result,
                            GError          *error);
gboolean eka_session_is_final (EkaSession   *self);
gboolean eka_session_is_recording (EkaSession *self);
gboolean eka_session_captures (EkaSession   *self);
gboolean eka_session_is_over  (EkaSession   *self);

void eka_lifecycle_next    (EkaSession      *self);

void eka_opening_discover  (EkaSession      *self);
void eka_opening_create    (EkaSession      *self);
void eka_opening_restore   (EkaSession      *self,
                            EkaReply        *reply,
                            EkaResult       *result);
void eka_resuming_look     (EkaSession      *self);
void eka_resuming_take_up  (EkaSession      *self,
                            EkaReply        *reply,
                            EkaResult       *result);
gboolean eka_resuming_may_be_ours (EkaSession *self,
                            EkaResult       *result);

void eka_waking_begin      (EkaSession      *self);
void eka_waking_wait       (EkaSession      *self);
void eka_waking_stop       (EkaSession      *self);
void eka_waking_end        (EkaSession      *self);

void eka_opening_note_taken (EkaSession     *self,
                            EkaReply        *reply,
                            GError          *error);

void eka_uploading_next    (EkaSession      *self);
void eka_uploading_acknowledge (EkaSession  *self,
                            EkaReply        *reply);

void eka_streaming_next    (EkaSession      *self);
void eka_streaming_drop    (EkaSession      *self);

void eka_fallback_begin    (EkaSession      *self,
                            GError          *error);
void eka_fallback_to_chunks (EkaSession     *self);

void eka_refusal_handle    (EkaSession      *self,
                            EkaReply        *reply,
                            GError          *error);
gboolean eka_refusal_prepare (EkaSession    *self,
                            EkaChunk        *chunk,
                            gboolean         last);

void eka_doubt_settle      (EkaSession      *self,
                            EkaCall          call,
                            GError          *error);

gboolean eka_settle_begin  (EkaSession      *self,
                            EkaReply        *reply,
                            GError          *error);
void eka_settle_look       (EkaSession      *self);
void eka_settle_doubt_list (EkaSession      *self);

void eka_auditing_look     (EkaSession      *self);
gboolean eka_auditing_has_no_list (EkaSession *self,
                            const GError    *error);
gint64 eka_auditing_parse_number (const gchar *name);
gboolean eka_auditing_lists (EkaResult      *result,
                            guint            number);

void eka_ending_end        (EkaSession      *self);
void eka_ending_accept     (EkaSession      *self,
                            gint             received);
void eka_ending_take_up    (EkaSession      *self,
                            EkaResult       *result);
void eka_ending_cancel     (EkaSession      *self);
void eka_ending_discard    (EkaSession      *self,
                            gint64           patience);
void eka_ending_cancel_id  (EkaSession      *self,
                            const gchar     *session_id);
void eka_ending_cancel_broken (EkaSession   *self,
                            const gchar     *session_id);

void     eka_polling_get      (EkaSession     *self);
void     eka_polling_note_transcript (EkaSession *self,
                               EkaResult      *result);
gboolean eka_polling_is_ours  (EkaSession     *self,
                               EkaResult      *result);
EkaResult *eka_polling_read   (EkaSession     *self,
                               EkaReply       *reply);
GError  *eka_polling_find_expired (EkaSession *self,
                               EkaResult      *result);
gboolean eka_polling_is_open  (EkaReply       *reply,
                               EkaResult      *result);
gboolean eka_polling_is_good  (EkaResult      *result);
gboolean eka_polling_is_failed (EkaResult     *result);

void     eka_preview_begin    (EkaSession     *self);
void     eka_preview_stop     (EkaSession     *self);

/* A session that is not there may be a mistake of the service's, or of one of
 * its many machines: so often it has to say so. 410 is clear at once. */
#define EKA_LOSS_MAX_ABSENT 2

void     eka_loss_note        (EkaSession     *self,
                               EkaReply       *reply,
                               GError         *error);
void     eka_loss_forget_session (EkaSession  *self);
void     eka_loss_start_anew  (EkaSession     *self,
                               GError         *error);

G_END_DECLS
