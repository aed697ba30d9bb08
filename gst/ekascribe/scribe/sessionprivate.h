/* gst-ekascribe
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "scribe/client.h"
#include "scribe/retry.h"
#include "scribe/session.h"

G_BEGIN_DECLS

/* Between session.c (states, calls from outside, events), lifecycle.c and
 * polling.c (what is sent in which state, and what its answer means) and
 * outcome.c (what becomes of a call). Everything but `refs`,
 * `chunks_added`, `stats` and what is constant is touched on the worker thread
 * only.
 *
 * What holds in which state:
 *   up to DISCOVERING     discovery and upload_url are NULL
 *   READY and CREATING    settings have passed discovery's check
 *   RECORDING and later   session_id is the service's
 *   ENDING and later      the outbox is empty
 *   final                 no call, no timer; DONE was said */
struct _EkaSession
{
  gatomicrefcount refs;
  EkaWorker *worker;
  EkaClock *clock;
  EkaOutbox *outbox;
  EkaSettings *settings;
  EkaClient *client;
  GCancellable *cancellable;
  EkaSessionFunc func;
  gpointer user_data;
  GDestroyNotify notify;

  EkaSessionState state;
  gchar *base_url;
  gchar *session_id;
  gchar *upload_url;
  gchar *language;
  EkaDiscovery *discovery;
  gboolean host_root;  /* discovery was not at the API root */
  gint chunks_added;   /* atomic */
  guint chunks_sent;   /* acknowledged */
  gchar *transcript;   /* the last partial one */

  gboolean started;    /* there is audio */
  gboolean finished;   /* there is no more audio */
  gboolean aborted;    /* nobody listens any more */
  gboolean calling;    /* a call is under way */
  gboolean unanswered; /* a call of this state may have been heard, though its
                        * answer was lost */
  guint timer;         /* the next try, or the next poll */
  gint64 timer_due;
  gboolean pause_asked; /* the timer waits because the server asked for it */
  guint result_timer;
  gint64 deadline;     /* of retries, once finished */
  gint64 poll_began;

  EkaRetry retry;
  guint malformed;     /* answers in a row that were no protocol */
  guint attempts;      /* of the chunk at the head */
  gint warned;         /* cause of the last warning, or -1 */
  GError *refusal;     /* why the session can't go on, though it records */

  GMutex lock;         /* guards stats; nothing is called with it held */
  EkaSessionStats stats;
};

void eka_session_step      (EkaSession      *self);
void eka_session_set_state (EkaSession      *self,
                            EkaSessionState  state);
void eka_session_emit      (EkaSession      *self,
                            EkaSessionEvent *event);
void eka_session_warn      (EkaSession      *self,
                            const GError    *error,
                            gboolean         fatal);
void eka_session_schedule  (EkaSession      *self,
                            gint64           delay);
void eka_session_close     (EkaSession      *self,
                            EkaSessionState  state,
                            EkaResult       *result,
                            GError          *error);
void eka_session_fail      (EkaSession      *self,
                            EkaResult       *result,
                            GError          *error);
gboolean eka_session_is_final (EkaSession   *self);

void eka_lifecycle_next    (EkaSession      *self);
void eka_lifecycle_cancel  (EkaSession      *self);

void     eka_polling_get     (EkaSession      *self);
gboolean eka_polling_is_ours (EkaSession      *self,
                              EkaResult       *result);

G_END_DECLS
